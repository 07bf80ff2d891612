/* Tokens in use: one renewal for all who wait, what is stored, and what is said when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "atlassian/oauth.h"
#include "atlassian/token.h"

#define ASKERS 20
#define HOUR   (3600 * 1000)

struct world {
	char dir[64];
	struct loop *loop;
	struct http_server *server;
	struct settings *settings;
	struct vault *store;
	struct group group;
	struct http_request *held; /* where is_holding */
	bool is_holding;
	int fails_with; /* 0: it gives tokens */
	unsigned given; /* "access-N", "refresh-N" were given last */
	unsigned asked;
};

struct asker {
	struct world *world;
	struct token *token;
	unsigned used;
	bool renews, ok, is_over;
	struct err err;
	char got[128];
};

/* ---- the authorization server ---------------------------------------------------------------- */

static void
answer(struct world *world, struct http_request *request)
{
	struct slice body;
	char want[64], text[256];
	int status = world->fails_with;

	snprintf(want, sizeof(want), "\"refresh_token\":\"refresh-%u\"", world->given);
	body = buf_view(&request->body);
	if (status == 0 && memmem(body.p, body.n, want, strlen(want)) == NULL)
		status = 403;
	if (status == 0)
		snprintf(text, sizeof(text),
		    "{\"access_token\":\"access-%u\",\"refresh_token\":\"refresh-%u\","
		    "\"expires_in\":3600}",
		    world->given + 1, world->given + 1);
	else
		snprintf(text, sizeof(text),
		    "{\"error\":\"%s\",\"error_description\":\"so it is\"}",
		    status < 500 ? "invalid_grant" : "server_error");
	world->given += status == 0;
	body = slice_of(text);
	http_respond(
	    request, status == 0 ? 200 : status, SLICE_NONE, S("application/json"), &body, 1);
}

static void
on_head(void *owner, struct http_request *request)
{
	(void)owner;
	(void)request;
}

static void
on_request(void *owner, struct http_request *request)
{
	struct world *world = owner;

	world->asked++;
	if (world->is_holding)
		world->held = request;
	else
		answer(world, request);
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct world *world = owner;

	if (world->held == request)
		world->held = NULL;
}

/* ---- the world ------------------------------------------------------------------------------- */

static const struct config_site *
site(const struct world *world, size_t i)
{
	return &world->settings->config->atlassian.sites[i];
}

static int
setup(void **state)
{
	static const struct http_handler handler = { on_head, on_request, on_gone };
	struct world *world = MEM_NEW(struct world);
	struct address at = { .ip = { 127, 0, 0, 1 } };
	struct err err;
	char text[2048], url[ADDRESS_TEXT];

	snprintf(world->dir, sizeof(world->dir), "/tmp/bascule-token-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	world->loop = loop_new(NULL, NULL, &err);
	assert_true(http_server_new(
	    world->loop, &at, &http_limits_default, &handler, world, &world->server, &err));
	address_print(http_server_address(world->server), url);
	snprintf(text, sizeof(text),
	    "state: %s\n"
	    "atlassian:\n"
	    "  sites:\n"
	    "    - jira: http://%s/cloud\n"
	    "      confluence: http://%s/cloud/wiki\n"
	    "      deployment: cloud\n"
	    "      auth: {type: oauth, client_id: c, client_secret: s, server: \"http://%s\",\n"
	    "        api: \"http://%s\"}\n"
	    "    - name: given\n"
	    "      jira: http://%s/given\n"
	    "      auth: {type: oauth, client_id: d, client_secret: s, token: of-the-file}\n",
	    world->dir, url, url, url, url, url);
	world->settings = MEM_NEW(struct settings);
	world->settings->refs = 1;
	if (!config_parse(slice_of(text), "test", "/", NULL, NULL, &world->settings->config, &err))
		fail_msg("%s", err.text);
	world->store = vault_new(slice_of(world->dir), SLICE_NONE);
	*state = world;
	return 0;
}

static void
folder_remove(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

static int
teardown(void **state)
{
	struct world *world = *state;
	char path[128];

	while (world->group.running > 0)
		(void)loop_turn(world->loop, -1);
	http_server_free(&world->server);
	while (loop_tasks(world->loop) > 0 || world->settings->refs > 1)
		(void)loop_turn(world->loop, 10);
	assert_int_equal(loop_memory(world->loop)->used_bytes, 0);
	vault_free(&world->store);
	settings_unref(&world->settings);
	loop_free(&world->loop);
	snprintf(path, sizeof(path), "%s/credentials", world->dir);
	folder_remove(path);
	folder_remove(world->dir);
	mem_free(world);
	arena_drain();
	return 0;
}

/* "access-0" and "refresh-0", good for so long. */
static void
log_in(struct world *world, int64_t good_ms)
{
	char name[CREDENTIAL_NAME + 1];
	struct grant grant;
	struct buf text;
	struct err err;

	oauth_record(site(world, 0), name);
	grant_init(&grant);
	assert_true(grant_set(&grant, &grant.access, S("access-0"), &err) &&
	    grant_set(&grant, &grant.refresh, S("refresh-0"), &err));
	grant.expires_ms = (uint64_t)((int64_t)loop_unix_ms(world->loop) + good_ms);
	buf_init(&text, NULL, MIB);
	grant_print(&grant, &text);
	assert_true(vault_write(world->store, slice_of(name), buf_view(&text), &err));
	buf_fini(&text);
	grant_fini(&grant);
}

static void
assert_stored(struct world *world, const char *word)
{
	char name[CREDENTIAL_NAME + 1];
	struct buf text;
	struct err err;
	bool is_there;

	oauth_record(site(world, 0), name);
	buf_init(&text, NULL, MIB);
	assert_true(vault_read(world->store, slice_of(name), &text, &is_there, &err));
	assert_true(is_there && memmem(text.p, text.n, word, strlen(word)) != NULL);
	buf_fini(&text);
}

static void
ask_run(void *arg)
{
	struct asker *asker = arg;
	struct buf out;

	buf_init(&out, NULL, MIB);
	asker->ok = asker->renews ? token_renew_wait(asker->token, asker->used, &asker->err)
				  : token_put_wait(asker->token, &out, &asker->used, &asker->err);
	snprintf(asker->got, sizeof(asker->got), "%.*s", SLICE_FMT(buf_view(&out)));
	buf_fini(&out);
	asker->is_over = true;
}

static void
ask_begin(struct asker *asker, struct world *world, struct token *token)
{
	struct err err;

	asker->world = world;
	asker->token = token;
	asker->is_over = false;
	assert_true(group_spawn(world->loop, &world->group, "ask", ask_run, asker, &err));
}

static void
ask_end(struct asker *asker)
{
	while (!asker->is_over)
		(void)loop_turn(asker->world->loop, -1);
}

static void
assert_token(struct asker *asker, struct world *world, struct token *token, const char *word)
{
	char header[64];

	*asker = (struct asker){ .renews = false };
	ask_begin(asker, world, token);
	ask_end(asker);
	if (!asker->ok)
		fail_msg("%s", asker->err.text);
	snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", word);
	assert_string_equal(asker->got, header);
}

static void
assert_refused(struct world *world, struct token *token, const char *why)
{
	struct asker asker = { .renews = false };

	ask_begin(&asker, world, token);
	ask_end(&asker);
	assert_false(asker.ok);
	if (asker.err.kind != ERR_REFUSED || strstr(asker.err.text, why) == NULL)
		fail_msg("%d: %s", asker.err.kind, asker.err.text);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void
all_wait_for_one_renewal(void **state)
{
	struct world *world = *state;
	/* Jira and Confluence have one login. */
	struct token *tokens[] = { token_new(world->loop, world->settings, site(world, 0)),
		token_new(world->loop, world->settings, site(world, 1)) };
	struct asker askers[ASKERS];

	memset(askers, 0, sizeof(askers));
	log_in(world, -1000);
	for (unsigned i = 0; i < ASKERS; i++)
		ask_begin(&askers[i], world, tokens[i % 2]);
	for (unsigned i = 0; i < ASKERS; i++) {
		ask_end(&askers[i]);
		assert_true(askers[i].ok);
		assert_string_equal(askers[i].got, "Authorization: Bearer access-1\r\n");
	}
	assert_int_equal(world->asked, 1);
	assert_stored(world, "refresh-1");
	token_free(&tokens[0]);
	token_free(&tokens[1]);
}

static void
it_is_renewed_before_it_ends(void **state)
{
	struct world *world = *state;
	struct token *token = token_new(world->loop, world->settings, site(world, 0));
	struct asker asker;

	log_in(world, HOUR);
	assert_token(&asker, world, token, "access-0");
	assert_int_equal(world->asked, 0);
	token_free(&token);
	token = token_new(world->loop, world->settings, site(world, 0));
	log_in(world, 299 * 1000);
	assert_token(&asker, world, token, "access-1");
	assert_token(&asker, world, token, "access-1");
	assert_int_equal(world->asked, 1);
	token_free(&token);
}

static void
a_refused_token_is_renewed_once(void **state)
{
	struct world *world = *state;
	struct token *token = token_new(world->loop, world->settings, site(world, 0));
	struct asker asker,
	    askers[3] = { { .renews = true }, { .renews = true }, { .renews = true } };

	log_in(world, HOUR);
	assert_token(&asker, world, token, "access-0");
	for (unsigned i = 0; i < COUNT(askers); i++) {
		askers[i].used = asker.used;
		ask_begin(&askers[i], world, token);
	}
	for (unsigned i = 0; i < COUNT(askers); i++) {
		ask_end(&askers[i]);
		assert_true(askers[i].ok);
	}
	assert_int_equal(world->asked, 1);
	assert_token(&asker, world, token, "access-1");
	/* Refused again, and new: it is not the token. */
	asker.renews = true;
	ask_begin(&asker, world, token);
	ask_end(&asker);
	assert_false(asker.ok);
	assert_int_equal(asker.err.kind, ERR_NONE);
	assert_int_equal(world->asked, 1);
	token_free(&token);
}

static void
a_login_that_is_over_says_what_to_do(void **state)
{
	struct world *world = *state;
	struct token *token = token_new(world->loop, world->settings, site(world, 0));
	struct asker asker;

	assert_refused(world, token, "bascule login jira");
	log_in(world, -1000);
	world->given = 7;
	assert_refused(world, token, "invalid_grant: so it is");
	assert_refused(world, token, "bascule login jira");
	assert_int_equal(world->asked, 1); /* the same is not asked twice */
	/* Somebody logs in again: no restart. */
	log_in(world, HOUR);
	assert_token(&asker, world, token, "access-0");
	token_free(&token);
}

static void
a_good_token_outlives_a_bad_server(void **state)
{
	struct world *world = *state;
	struct token *token = token_new(world->loop, world->settings, site(world, 0));
	struct asker asker;

	log_in(world, 200 * 1000);
	world->fails_with = 503;
	assert_token(&asker, world, token, "access-0");
	assert_token(&asker, world, token, "access-0");
	assert_int_equal(world->asked, 1);
	token_free(&token);
}

static void
who_is_cut_does_not_cut_the_renewal(void **state)
{
	struct world *world = *state;
	struct token *token = token_new(world->loop, world->settings, site(world, 0));
	struct asker asker = { .renews = false }, later;

	log_in(world, -1000);
	world->is_holding = true;
	ask_begin(&asker, world, token);
	while (world->held == NULL)
		(void)loop_turn(world->loop, -1);
	group_cancel(&world->group, ERR_CANCELLED);
	ask_end(&asker);
	assert_int_equal(asker.err.kind, ERR_CANCELLED);
	assert_non_null(world->held);
	answer(world, world->held);
	world->is_holding = false;
	assert_token(&later, world, token, "access-1");
	assert_int_equal(world->asked, 1);
	assert_stored(world, "refresh-1");
	token_free(&token);
}

static void
it_may_be_freed_while_it_is_renewed(void **state)
{
	struct world *world = *state;
	struct token *token = token_new(world->loop, world->settings, site(world, 0));
	struct asker asker = { .renews = false };

	log_in(world, -1000);
	world->is_holding = true;
	ask_begin(&asker, world, token);
	while (world->held == NULL)
		(void)loop_turn(world->loop, -1);
	group_cancel(&world->group, ERR_CANCELLED);
	ask_end(&asker);
	token_free(&token); /* the rest is teardown's: nothing may be left */
}

static void
a_given_token_counts_until_somebody_logs_in(void **state)
{
	struct world *world = *state;
	struct token *token = token_new(world->loop, world->settings, site(world, 2));
	struct asker asker;

	assert_token(&asker, world, token, "of-the-file");
	asker.renews = true;
	ask_begin(&asker, world, token);
	ask_end(&asker);
	assert_false(asker.ok);
	assert_non_null(strstr(asker.err.text, "bascule login jira_given"));
	token_free(&token);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = { CASE(all_wait_for_one_renewal),
		CASE(it_is_renewed_before_it_ends), CASE(a_refused_token_is_renewed_once),
		CASE(a_login_that_is_over_says_what_to_do),
		CASE(a_good_token_outlives_a_bad_server), CASE(who_is_cut_does_not_cut_the_renewal),
		CASE(it_may_be_freed_while_it_is_renewed),
		CASE(a_given_token_counts_until_somebody_logs_in) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

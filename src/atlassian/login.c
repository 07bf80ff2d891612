/*
 * Logging in: authorization code with PKCE (RFC 7636), from the address that a person opens to the
 * grant in the store.  What was begun is stored too, so that the second half may be done by another
 * process: `bascule login NAME --code ADDRESS`.
 *
 * How the person gets there and the answer comes back is the command's business (cli/login.c).
 */
#include <stdio.h>

#include "atlassian/oauth.h"
#include "atlassian/pkce.h"
#include "atlassian/tool.h"

#define PENDING_MS   (10 * 60 * 1000)
#define RANDOM_BYTES 32
#define LOCK_MS	     (30 * 1000)
#define LOCK_TURN_MS 20
#define RECORD_MAX   CREDENTIAL_BYTES
#define SCOPE_CLOUD \
	"read:jira-work write:jira-work read:jira-user " \
	"read:confluence-content.all read:confluence-content.summary " \
	"read:confluence-content.permission read:confluence-space.summary " \
	"read:confluence-user search:confluence write:confluence-content"
#define SCOPE_DATA_CENTER "WRITE"

struct oauth_login {
	struct loop *loop;
	const struct config_site *site;
	struct vault *store;
	char record[CREDENTIAL_NAME + 1], pending[CREDENTIAL_NAME + 1];
	struct buf verifier, state, url;
	struct slice redirect_uri;
};

/* ---- files, on a helper thread --------------------------------------------------------------- */

enum errand_kind { ERRAND_READ, ERRAND_WRITE, ERRAND_REMOVE };

struct errand {
	const struct vault *store;
	enum errand_kind kind;
	const char *name;
	struct buf text;
	bool ok, is_there;
	struct err err;
};

static void
errand_run(void *arg)
{
	struct errand *errand = arg;
	struct slice name = slice_of(errand->name);

	switch (errand->kind) {
	case ERRAND_READ:
		errand->ok =
		    vault_read(errand->store, name, &errand->text, &errand->is_there, &errand->err);
		break;
	case ERRAND_WRITE:
		errand->ok =
		    vault_write(errand->store, name, buf_view(&errand->text), &errand->err);
		break;
	case ERRAND_REMOVE:
		errand->ok = vault_remove(errand->store, name, &errand->is_there, &errand->err);
		break;
	}
	mem_drain();
}

static void
errand_begin(
    struct errand *errand, const struct oauth_login *login, enum errand_kind kind, const char *name)
{
	*errand = (struct errand){ .store = login->store, .kind = kind, .name = name };
	buf_init(&errand->text, NULL, RECORD_MAX);
}

MUST_CHECK static bool
errand_wait(struct errand *errand, struct loop *loop, struct err *err)
{
	helper_run_wait(loop, "credentials", errand_run, errand);
	if (!errand->ok)
		*err = errand->err;
	return errand->ok;
}

static void
errand_end(struct errand *errand)
{
	if (errand->text.n > 0)
		explicit_bzero(errand->text.p, errand->text.n);
	buf_fini(&errand->text);
}

MUST_CHECK static bool
lock_wait(struct oauth_login *login, int *fd, struct err *err)
{
	uint64_t until_ms = loop_now_ms(login->loop) + LOCK_MS;

	for (;;) {
		if (!vault_lock(login->store, slice_of(login->record), fd, err))
			return false;
		if (*fd >= 0)
			return true;
		if (loop_now_ms(login->loop) >= until_ms)
			return err_set(err, ERR_UNAVAILABLE,
			    "another process has been renewing the login for too long");
		if (!task_sleep_wait(login->loop, LOCK_TURN_MS, err))
			return false;
	}
}

/* ---- the address to open --------------------------------------------------------------------- */

static void
put_random(struct oauth_login *login, struct buf *out)
{
	unsigned char bytes[RANDOM_BYTES];

	loop_random(login->loop, bytes, sizeof(bytes));
	pkce_base64url(bytes, sizeof(bytes), out);
	explicit_bzero(bytes, sizeof(bytes));
}

static void
put_pair(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "&%s=", name);
	oauth_put_encoded(out, value);
}

/* Without offline_access Cloud gives no refresh token. */
static void
put_scope(const struct config_site *site, struct buf *out)
{
	static const struct slice offline = { "offline_access", 14 };
	bool is_cloud = config_site_is_cloud(site);
	struct slice scope = site->scope;
	struct buf all;

	if (scope.n == 0)
		scope = is_cloud ? S(SCOPE_CLOUD) : S(SCOPE_DATA_CENTER);
	buf_init(&all, NULL, 16 * KIB);
	buf_put(&all, scope);
	if (is_cloud && memmem(scope.p, scope.n, offline.p, offline.n) == NULL) {
		buf_puts(&all, " ");
		buf_put(&all, offline);
	}
	put_pair(out, "scope", buf_view(&all));
	buf_fini(&all);
}

static void
url_make(struct oauth_login *login)
{
	const struct config_site *site = login->site;
	struct buf *out = &login->url, challenge;

	buf_init(&challenge, NULL, KIB);
	pkce_challenge(buf_view(&login->verifier), &challenge);
	oauth_server(site, out);
	buf_puts(out, "/authorize?");
	if (config_site_is_cloud(site))
		buf_puts(out, "audience=api.atlassian.com&prompt=consent&");
	buf_puts(out, "response_type=code");
	put_pair(out, "client_id", site->client_id);
	put_pair(out, "redirect_uri", login->redirect_uri);
	put_scope(site, out);
	put_pair(out, "state", buf_view(&login->state));
	put_pair(out, "code_challenge", buf_view(&challenge));
	buf_puts(out, "&code_challenge_method=S256");
	buf_putc(out, '\0');
	buf_fini(&challenge);
}

/* ---- what was begun -------------------------------------------------------------------------- */

MUST_CHECK static bool
pending_write_wait(struct oauth_login *login, struct err *err)
{
	struct errand errand;
	bool ok;

	errand_begin(&errand, login, ERRAND_WRITE, login->pending);
	buf_printf(&errand.text, "{\"until_ms\":%llu,\"verifier\":\"%.*s\",\"state\":\"%.*s\"}",
	    (unsigned long long)loop_unix_ms(login->loop) + PENDING_MS,
	    SLICE_FMT(buf_view(&login->verifier)), SLICE_FMT(buf_view(&login->state)));
	ok = errand_wait(&errand, login->loop, err);
	errand_end(&errand);
	return ok;
}

MUST_CHECK static bool
pending_read_wait(struct oauth_login *login, struct err *err)
{
	struct errand errand;
	yyjson_doc *doc;
	yyjson_val *root;
	bool ok;

	errand_begin(&errand, login, ERRAND_READ, login->pending);
	ok = errand_wait(&errand, login->loop, err);
	if (ok) {
		doc = yyjson_read(errand.text.p, errand.text.n, YYJSON_READ_NOFLAG);
		root = yyjson_doc_get_root(doc);
		buf_put(&login->verifier, json_slice(yyjson_obj_get(root, "verifier")));
		buf_put(&login->state, json_slice(yyjson_obj_get(root, "state")));
		ok = login->verifier.n == PKCE_VERIFIER && login->state.n == PKCE_VERIFIER &&
		    yyjson_get_uint(yyjson_obj_get(root, "until_ms")) > loop_unix_ms(login->loop);
		yyjson_doc_free(doc);
		if (!ok)
			err_set(err, ERR_REFUSED,
			    "no login was begun in the last 10 minutes: run `bascule login %.*s` "
			    "first",
			    SLICE_FMT(login->site->provider));
	}
	errand_end(&errand);
	return ok;
}

/* ---- the login ------------------------------------------------------------------------------- */

static struct oauth_login *
login_make(struct loop *loop, const struct config *config, const struct config_site *site)
{
	struct oauth_login *login = MEM_NEW(struct oauth_login);

	login->loop = loop;
	login->site = site;
	login->store = vault_new(config->state, secret_reveal(config->seal_key));
	login->redirect_uri = site->redirect_uri.n > 0 ? site->redirect_uri : S(LOGIN_REDIRECT_URI);
	oauth_record(site, login->record);
	snprintf(login->pending, sizeof(login->pending), "begun-%.100s", login->record);
	buf_init(&login->verifier, NULL, KIB);
	buf_init(&login->state, NULL, KIB);
	buf_init(&login->url, NULL, 32 * KIB);
	return login;
}

bool
login_begin_wait(struct loop *loop, const struct config *config, const struct config_site *site,
    struct oauth_login **out, struct err *err)
{
	struct oauth_login *login = login_make(loop, config, site);

	put_random(login, &login->verifier);
	put_random(login, &login->state);
	url_make(login);
	*out = login;
	if (buf_check(&login->url, err) && pending_write_wait(login, err))
		return true;
	login_free(out);
	return false;
}

bool
login_resume_wait(struct loop *loop, const struct config *config, const struct config_site *site,
    struct oauth_login **out, struct err *err)
{
	struct oauth_login *login = login_make(loop, config, site);

	*out = login;
	if (pending_read_wait(login, err))
		return true;
	login_free(out);
	return false;
}

void
login_free(struct oauth_login **at)
{
	struct oauth_login *login = *at;

	*at = NULL;
	if (login == NULL)
		return;
	if (login->verifier.n > 0)
		explicit_bzero(login->verifier.p, login->verifier.n);
	buf_fini(&login->verifier);
	buf_fini(&login->state);
	buf_fini(&login->url);
	vault_free(&login->store);
	mem_free(login);
}

const char *
login_url(const struct oauth_login *login)
{
	return login->url.p;
}

struct slice
login_redirect_uri(const struct oauth_login *login)
{
	return login->redirect_uri;
}

MUST_CHECK static bool
grant_store_wait(struct oauth_login *login, const struct grant *grant, struct err *err)
{
	struct errand errand, gone;
	int lock = -1;
	bool ok;

	errand_begin(&errand, login, ERRAND_WRITE, login->record);
	errand_begin(&gone, login, ERRAND_REMOVE, login->pending);
	grant_print(grant, &errand.text);
	ok = buf_check(&errand.text, err) && lock_wait(login, &lock, err) &&
	    errand_wait(&errand, login->loop, err) && errand_wait(&gone, login->loop, err);
	vault_unlock(&lock);
	errand_end(&gone);
	errand_end(&errand);
	return ok;
}

bool
login_finish_wait(
    struct oauth_login *login, struct slice address, struct login_state *state, struct err *err)
{
	struct oauth_code code = { .verifier = buf_view(&login->verifier),
		.redirect_uri = login->redirect_uri };
	const struct config_site *site = login->site;
	struct grant grant;
	struct arena arena;
	bool ok;

	grant_init(&grant);
	arena_init(&arena, NULL, 64 * KIB);
	ok = oauth_answer(address, buf_view(&login->state), &arena, &code.code, err) &&
	    oauth_exchange_wait(login->loop, site, &code, &grant, err) &&
	    (!config_site_is_cloud(site) || site->gateway == GATEWAY_NEVER ||
		oauth_cloud_wait(login->loop, site, &grant, err)) &&
	    grant_store_wait(login, &grant, err);
	if (ok) {
		*state = (struct login_state){ .is_there = true,
			.can_renew = grant.refresh.n > 0,
			.expires_ms = grant.expires_ms };
		snprintf(
		    state->cloud_id, sizeof(state->cloud_id), "%.*s", SLICE_FMT(grant.cloud_id));
	}
	arena_fini(&arena);
	grant_fini(&grant);
	return ok;
}

bool
login_is_shared(const struct config_site *a, const struct config_site *b)
{
	char one[CREDENTIAL_NAME + 1], other[CREDENTIAL_NAME + 1];

	oauth_record(a, one);
	oauth_record(b, other);
	return strcmp(one, other) == 0;
}

bool
login_state_wait(struct loop *loop, const struct config *config, const struct config_site *site,
    struct login_state *state, struct err *err)
{
	struct oauth_login *login = login_make(loop, config, site);
	struct errand errand;
	struct grant grant;
	bool ok;

	*state = (struct login_state){ .is_there = false };
	errand_begin(&errand, login, ERRAND_READ, login->record);
	ok = errand_wait(&errand, loop, err);
	if (ok && errand.is_there) {
		ok = grant_parse(buf_view(&errand.text), &grant, err);
		if (ok) {
			*state = (struct login_state){ .is_there = true,
				.can_renew = grant.refresh.n > 0,
				.expires_ms = grant.expires_ms };
			snprintf(state->cloud_id, sizeof(state->cloud_id), "%.*s",
			    SLICE_FMT(grant.cloud_id));
			grant_fini(&grant);
		}
	}
	errand_end(&errand);
	login_free(&login);
	return ok;
}

/* What cannot be read is nothing that could be revoked. */
static void
revoke_wait(struct oauth_login *login, struct logout *out)
{
	struct errand errand;
	struct grant grant;

	errand_begin(&errand, login, ERRAND_READ, login->record);
	if (errand_wait(&errand, login->loop, &out->why) && errand.is_there &&
	    grant_parse(buf_view(&errand.text), &grant, &out->why)) {
		out->was_revoked = oauth_revoke_wait(login->loop, login->site, &grant, &out->why);
		grant_fini(&grant);
	}
	errand_end(&errand);
}

bool
logout_wait(struct loop *loop, const struct config *config, const struct config_site *site,
    struct logout *out, struct err *err)
{
	struct oauth_login *login = login_make(loop, config, site);
	struct errand errand, begun;
	int lock = -1;
	bool ok;

	*out = (struct logout){ .was_there = false };

	errand_begin(&errand, login, ERRAND_REMOVE, login->record);
	errand_begin(&begun, login, ERRAND_REMOVE, login->pending);
	ok = lock_wait(login, &lock, err);
	if (ok)
		revoke_wait(login, out);
	ok = ok && errand_wait(&errand, loop, err) && errand_wait(&begun, loop, err);
	out->was_there = errand.is_there;
	vault_unlock(&lock);
	errand_end(&begun);
	errand_end(&errand);
	login_free(&login);
	return ok;
}

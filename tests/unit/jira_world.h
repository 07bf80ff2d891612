/*
 * A Jira of replies that a test wrote down: tools run as they are, in a task, and every request
 * they make is noted.  site_rest_wait() of this file stands in for the real one.
 */
#ifndef TESTS_JIRA_WORLD_H
#define TESTS_JIRA_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/jira.h"

/* A test of the other product says so before it includes this. */
#ifndef WORLD_PRODUCT
#define WORLD_PRODUCT PRODUCT_JIRA
#define WORLD_NAME    "jira"
#endif

#define REPLIES_MAX 12
#define NOTES_BYTES (64 * KIB)

/* A request ("GET /rest/api/2/field", to its end or its '?') and what comes back. */
struct canned {
	const char *request;
	int status;		    /* 0: 200 */
	const char *body, *headers; /* NULL: none */
};

struct world_case {
	const char *name, *tool, *args;
	bool is_cloud;
	const char *filter, *internal_only; /* NULL: none */
	struct canned replies[REPLIES_MAX];
	const char *requests; /* all of them, "METHOD path[ body]\n" each, in their order */
	const char *result;   /* the JSON; NULL: it fails */
	const char *failure;  /* part of the error's text */
	enum errkind kind;
	const char *told;      /* the result as a text, in the place of result */
	const char *more;      /* the content blocks behind the text; NULL: not looked at */
	const char *spool;     /* the folder of files; NULL: none */
	bool is_strangers;     /* with a credential that came with the request */
	uint64_t inline_bytes; /* 0: 1 KiB */
};

static const struct world_case *world_now;
static struct buf world_notes;
static uint64_t world_ms = 1000000;

/* A body that is not in memory, in small pieces; its line ends as '~'. */
static void
world_note_body(const struct site_request *request)
{
	uint64_t at = 0;
	char piece[7];
	size_t n;

	buf_putc(&world_notes, ' ');
	while (at < request->body_bytes) {
		n = request->body_bytes - at;
		n = request->body_read(
		    request->body_owner, at, piece, n < sizeof(piece) ? n : sizeof(piece));
		assert_true(n > 0);
		for (size_t i = 0; i < n; i++)
			buf_puts(&world_notes,
			    piece[i] == '\r'	   ? ""
				: piece[i] == '\n' ? "~"
						   : (const char[]){ piece[i], '\0' });
		at += n;
	}
}

bool
site_rest_wait(struct access *access, const struct site_request *request, struct arena *arena,
    struct rest_reply *reply, struct err *err)
{
	const struct canned *canned = world_now->replies;
	char asked[1024];
	int n;

	(void)access, (void)arena;
	n = snprintf(asked, sizeof(asked), "%.*s %.*s", SLICE_FMT(request->method),
	    SLICE_FMT(request->path));
	buf_printf(&world_notes, "%s%s%.*s", asked, request->body.n > 0 ? " " : "",
	    SLICE_FMT(request->body));
	if (request->body_read != NULL)
		world_note_body(request);
	buf_putc(&world_notes, '\n');
	for (size_t i = 0; i < REPLIES_MAX && canned[i].request != NULL; i++) {
		size_t length = strlen(canned[i].request);

		if ((size_t)n < length || memcmp(asked, canned[i].request, length) != 0 ||
		    (asked[length] != '\0' && asked[length] != '?'))
			continue;
		*reply = (struct rest_reply){ .status = canned[i].status ? canned[i].status : 200,
			.headers = slice_of(canned[i].headers != NULL ? canned[i].headers : ""),
			.body = slice_of(canned[i].body != NULL ? canned[i].body : "") };
		return true;
	}
	return err_set(err, ERR_UNAVAILABLE, "no reply for %s", asked);
}

/* ---- one call -------------------------------------------------------------------------------- */

struct world {
	struct config_site config;
	struct config_atlassian all;
	struct site site;
	struct access access;
	struct arena arena;
	struct work work;
	struct err err;
	bool ok;
};

static uint64_t
world_clock(void *seam)
{
	(void)seam;
	return world_ms;
}

static void
world_random(void *seam, void *to, size_t n)
{
	(void)seam;
	memset(to, 7, n);
}

static void
world_close(void *seam)
{
	(void)seam;
}

/* Nothing comes from outside: time is what passes. */
static void
world_turn(void *seam, int64_t timeout_ms)
{
	(void)seam;
	if (timeout_ms > 0)
		world_ms += (uint64_t)timeout_ms;
}

static const struct seam_ops world_seam = {
	.now_ms = world_clock,
	.unix_ms = world_clock,
	.random = world_random,
	.turn = world_turn,
	.close = world_close,
};

static const struct tool *
world_tool(const char *name)
{
	for (size_t s = 0; tool_sets[s] != NULL; s++) {
		for (size_t i = 0; i < tool_sets[s]->n; i++) {
			if (tool_sets[s]->product == WORLD_PRODUCT &&
			    strcmp(tool_sets[s]->tools[i].name, name) == 0)
				return &tool_sets[s]->tools[i];
		}
	}
	fail_msg("no tool %s", name);
	return NULL;
}

static void
world_run(void *arg)
{
	struct world *world = arg;

	world->ok = work_take_args(&world->work, slice_of(world_now->args), &world->err) &&
	    dry_finish(&world->work, world->work.tool->run(&world->work));
}

/* "A,B" into slices. */
static size_t
world_list(const char *text, struct slice *out, size_t most)
{
	struct slice rest = slice_of(text);
	size_t n = 0;

	while (rest.p != NULL && n < most)
		out[n++] = slice_cut(rest, ',', &rest);
	return n;
}

static void
world_check(const struct world *world, const struct world_case *one)
{
	char *json = NULL;
	size_t n = 0;

	if (world->work.out != NULL)
		json = yyjson_mut_val_write(world->work.out, 0, &n);
	if (!slice_eq(buf_view(&world_notes), slice_of(one->requests)))
		fail_msg("%s: requests:\n%.*s", one->name, SLICE_FMT(buf_view(&world_notes)));
	if (one->told != NULL) {
		if (!world->ok || !slice_eq(buf_view(&world->work.told), slice_of(one->told)))
			fail_msg("%s: %s told:\n%.*s", one->name, world->err.text,
			    SLICE_FMT(buf_view(&world->work.told)));
		free(json);
		return;
	}
	if (one->result != NULL && !world->ok)
		fail_msg("%s: failed: %s", one->name, world->err.text);
	if (one->result == NULL && world->ok)
		fail_msg("%s: did not fail: %s", one->name, json);
	if (one->result != NULL && strcmp(json != NULL ? json : "", one->result) != 0)
		fail_msg("%s: result:\n%s", one->name, json);
	if (one->result == NULL && strstr(world->err.text, one->failure) == NULL &&
	    (world->work.said.p == NULL ||
		memmem(world->work.said.p, world->work.said.n, one->failure,
		    strlen(one->failure)) == NULL))
		fail_msg(
		    "%s: said: %s\n%.*s", one->name, world->err.text, SLICE_FMT(world->work.said));
	if (one->result == NULL)
		assert_int_equal(world->err.kind, one->kind);
	if (one->more != NULL && !slice_eq(buf_view(&world->work.more), slice_of(one->more)))
		fail_msg("%s: more:\n%.*s", one->name, SLICE_FMT(buf_view(&world->work.more)));
	free(json);
}

static void
world_play(const struct world_case *one)
{
	struct world *world = calloc(1, sizeof(*world));
	struct loop *loop = loop_new_on(&world_seam, NULL, NULL);
	struct slice filter[8], internal[8];
	struct group group = { 0 };
	struct err err;

	world_now = one;
	buf_clear(&world_notes);
	world->config = (struct config_site){ .product = WORLD_PRODUCT,
		.name = S(""),
		.provider = S(WORLD_NAME),
		.url = S("https://" WORLD_NAME ".example"),
		.filter = filter,
		.filter_n = world_list(one->filter, filter, 8),
		.internal_only = internal,
		.internal_only_n = world_list(one->internal_only, internal, 8) };
	world->site.config = &world->config;
	world->site.all = &world->all;
	world->site.provider.name = S(WORLD_NAME);
	world->access.site = &world->site;
	world->access.is_operators = !one->is_strangers;
	world->all.spool = one->spool != NULL ? slice_of(one->spool) : SLICE_NONE;
	world->all.inline_bytes = one->inline_bytes > 0 ? one->inline_bytes : KIB;
	world->all.result_bytes = MIB;
	world->all.upload_bytes = 100;
	arena_init(&world->arena, NULL, 64 * MIB);
	arena_init(&world->access.arena, NULL, MIB);
	world->work = (struct work){ .loop = loop,
		.arena = &world->arena,
		.site = &world->site,
		.access = &world->access,
		.is_cloud = one->is_cloud,
		.tool = world_tool(one->tool),
		.err = &world->err };
	world->work.alc = json_alc(&world->arena);
	buf_init(&world->work.more, NULL, MIB);
	buf_init(&world->work.told, NULL, MIB);
	world->work.doc = yyjson_mut_doc_new(&world->work.alc);
	assert_true(group_spawn(loop, &group, "tool", world_run, world, &err));
	while (group.running > 0)
		assert_true(loop_turn(loop, -1));
	world_check(world, one);
	yyjson_doc_free(world->access.fields.doc);
	yyjson_doc_free(world->access.users.doc);
	arena_fini(&world->arena);
	arena_fini(&world->access.arena);
	buf_fini(&world->work.more);
	buf_fini(&world->work.told);
	loop_free(&loop);
	free(world);
}

static void
world_play_all(const struct world_case *cases, size_t n)
{
	buf_init(&world_notes, NULL, NOTES_BYTES);
	for (size_t i = 0; i < n; i++)
		world_play(&cases[i]);
	buf_fini(&world_notes);
}

#endif

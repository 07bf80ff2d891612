/*
 * One request to a site, with the replies and failures a test wrote down: what is repeated and
 * when, what never is, and what is said of a write whose answer is lost.  The source itself is a
 * part of this program, so that its calls go to the doubles below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/site.h"
#include "gateway/hub.h"

static bool fake_rest_wait(struct rest_pool *pool, const struct rest_request *request,
    struct arena *arena, struct rest_reply *reply, bool *was_sent, struct err *err);

/* The counters are not looked at. */
#define rest_wait		      fake_rest_wait
#define series_add(series, by)	      ((void)(series), (void)(by))
#define series_observe_ms(series, ms) ((void)(series), (void)(ms))
#include "atlassian/site_rest.c"

#define TURNS_MAX 6
#define START_MS  1000000

struct step {
	int status; /* 0: it fails */
	const char *headers;
	enum errkind why;
	bool was_lost; /* sent, and nothing came back */
};

struct rest_case {
	const char *name;
	bool is_write, retries_writes;
	struct step answers[TURNS_MAX]; /* one a turn */
	unsigned turns;			/* that are wanted */
	int status;			/* of the last; 0: it fails */
	enum errkind why;
	uint64_t least_ms, most_ms; /* how long it took */
};

static const struct rest_case *now;
static unsigned turns;
static uint64_t ms;
static char fields[512];

static bool
fake_rest_wait(struct rest_pool *pool, const struct rest_request *request, struct arena *arena,
    struct rest_reply *reply, bool *was_sent, struct err *err)
{
	const struct step *answer = &now->answers[turns++];

	(void)pool, (void)arena;
	assert_in_range(turns, 1, TURNS_MAX);
	snprintf(fields, sizeof(fields), "%.*s", SLICE_FMT(request->headers));
	*was_sent = answer->status != 0 || answer->was_lost;
	if (answer->status == 0)
		return err_set(err, answer->why, "lost");
	*reply = (struct rest_reply){ .status = answer->status,
		.headers = slice_of(answer->headers != NULL ? answer->headers : ""),
		.body = S("{}") };
	return true;
}

static uint64_t
clock_now(void *seam)
{
	(void)seam;
	return ms;
}

static void
no_random(void *seam, void *to, size_t n)
{
	(void)seam;
	memset(to, 7, n);
}

static void
turn(void *seam, int64_t timeout_ms)
{
	(void)seam;
	ms += timeout_ms > 0 ? (uint64_t)timeout_ms : 0;
}

static void
no_close(void *seam)
{
	(void)seam;
}

static const struct seam_ops seam = {
	.now_ms = clock_now,
	.unix_ms = clock_now,
	.random = no_random,
	.turn = turn,
	.close = no_close,
};

/* clang-format off */
static const struct rest_case cases[] = {
	{ "done", false, false, { { 200, NULL, 0, 0 } }, 1, 200, 0, 0, 0 },
	{ "refused is an answer", false, false, { { 404, NULL, 0, 0 } }, 1, 404, 0, 0, 0 },
	{ "500 is one too", false, false, { { 500, NULL, 0, 0 } }, 1, 500, 0, 0, 0 },
	{ "429: after what is asked for",
	  false, false, { { 429, "Retry-After: 7\r\n", 0, 0 }, { 200, NULL, 0, 0 } }, 2,
	    200, 0, 7000, 7000 },
	{ "429: after a minute at most",
	  false, false, { { 429, "Retry-After: 4000000000\r\n", 0, 0 }, { 200, NULL, 0,
	    0 } }, 2, 200, 0, 60000, 60000 },
	{ "429: a date is no number: as configured",
	  false, false, { { 429, "Retry-After: Fri, 31 Dec\r\n", 0, 0 }, { 200, NULL, 0,
	    0 } }, 2, 200, 0, 500, 1000 },
	{ "503, 502, 504: longer each time, then told", false, false,
	  { { 503, NULL, 0, 0 }, { 502, NULL, 0, 0 }, { 504, NULL, 0, 0 }, { 503, NULL, 0,
	    0 } }, 4, 503, 0, 3500, 7000 },
	{ "a read that is lost",
	  false, false, { { 0, NULL, ERR_UNAVAILABLE, true }, { 200, NULL, 0, 0 } }, 2, 200,
	    0, 500, 1000 },
	{ "a read that takes too long is not begun again",
	  false, false, { { 0, NULL, ERR_DEADLINE, true } }, 1, 0, ERR_DEADLINE, 0, 0 },
	{ "a reply that is too large",
	  false, false, { { 0, NULL, ERR_LIMIT, true } }, 1, 0, ERR_LIMIT, 0, 0 },
	{ "a write is not repeated after 429",
	  true, false, { { 429, "Retry-After: 1\r\n", 0, 0 } }, 1, 429, 0, 0, 0 },
	{ "nor after 503", true, false, { { 503, NULL, 0, 0 } }, 1, 503, 0, 0, 0 },
	{ "nor when it is lost: its outcome is not known",
	  true, false, { { 0, NULL, ERR_UNAVAILABLE, true } }, 1, 0, ERR_OUTCOME_UNKNOWN, 0, 0 },
	{ "nor when it takes too long",
	  true, false, { { 0, NULL, ERR_DEADLINE, true } }, 1, 0, ERR_OUTCOME_UNKNOWN, 0, 0 },
	{ "a write that was not sent did nothing",
	  true, false, { { 0, NULL, ERR_UNAVAILABLE, false }, { 201, NULL, 0, 0 } }, 2, 201,
	    0, 500, 1000 },
	{ "it never was: not unknown",
	  true, false, { { 0, NULL, ERR_REFUSED, false } }, 1, 0, ERR_REFUSED, 0, 0 },
	{ "writes too where that is configured",
	  true, true, { { 503, NULL, 0, 0 }, { 201, NULL, 0, 0 } }, 2, 201, 0, 500, 1000 },
};
/* clang-format on */

struct world {
	struct hub hub;
	struct config_site config;
	struct site site;
	struct access access;
	struct arena arena;
	struct rest_reply reply;
	struct err err;
	bool ok;
};

static void
ask(void *arg)
{
	struct world *world = arg;
	struct site_request request = {
		.method = world->access.headers.n > 0 && now->is_write ? S("POST") : S("GET"),
		.path = S("/x"),
		.body = now->is_write ? S("{}") : SLICE_NONE,
		.is_write = now->is_write
	};

	world->ok =
	    site_rest_wait(&world->access, &request, &world->arena, &world->reply, &world->err);
}

static void
play(const struct rest_case *one)
{
	struct world world = { .config = { .provider = S("toy"),
				   .retry_total = 3,
				   .retry_backoff_ms = 1000,
				   .retry_writes = one->retries_writes } };
	struct group group = { 0 };
	struct err err;

	now = one;
	turns = 0;
	ms = START_MS;
	world.hub.loop = loop_new_on(&seam, NULL, NULL);
	world.site.config = &world.config;
	world.site.provider.hub = &world.hub;
	world.site.provider.name = S("toy");
	world.site.gate = gate_new(world.hub.loop, &world.config);
	world.access.site = &world.site;
	world.access.is_ours = true;
	world.access.headers = S("Authorization: x\r\n");
	arena_init(&world.arena, NULL, MIB);
	assert_true(group_spawn(world.hub.loop, &group, "ask", ask, &world, &err));
	while (group.running > 0)
		assert_true(loop_turn(world.hub.loop, -1));
	if (turns != one->turns || world.ok != (one->status != 0) ||
	    (world.ok ? world.reply.status != one->status : world.err.kind != one->why) ||
	    ms - START_MS < one->least_ms || ms - START_MS > one->most_ms + 5)
		fail_msg("%s: %u turns, %llu ms, status %d, %s", one->name, turns,
		    (unsigned long long)(ms - START_MS), world.reply.status,
		    world.ok ? "ok" : world.err.text);
	assert_string_equal(fields,
	    one->is_write
		? "Authorization: x\r\nAccept: application/json\r\nUser-Agent: bascule/" BASCULE_VERSION
		  "\r\nContent-Type: application/json\r\n"
		: "Authorization: x\r\nAccept: application/json\r\nUser-Agent: bascule/" BASCULE_VERSION
		  "\r\n");
	if (!world.ok)
		assert_non_null(strstr(world.err.text, "toy: "));
	gate_free(&world.site.gate);
	arena_fini(&world.arena);
	loop_free(&world.hub.loop);
}

static void
repeats_what_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		play(&cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_what_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The gate of a site, on a loop whose clock passes only while it waits: places, their order, who
 * leaves the queue, the rate, and the breaker from closed to open to half-open and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/site.h"

#define VISITORS_MAX 8
#define START_MS     1000000
#define LOST	     (-2) /* for a status: no reply came */

struct world {
	struct config_site config;
	struct loop *loop;
	struct gate *gate;
	struct group group;
	uint64_t ms;
	unsigned inside, most;
	char order[VISITORS_MAX + 1]; /* names of those who came in */
};

/* One who comes at a time, stays for a while, and leaves with a status. */
struct visitor {
	struct world *world;
	struct task *task;
	char name;
	uint64_t at_ms, stays_ms; /* after the start; long */
	int status;
	bool ok;
	uint64_t in_ms; /* when it came in, or was refused */
	struct err err;
};

static uint64_t
clock_now(void *seam)
{
	return ((struct world *)seam)->ms;
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
	if (timeout_ms > 0)
		((struct world *)seam)->ms += (uint64_t)timeout_ms;
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

static void
world_init(struct world *world)
{
	world->config.provider = S("jira");
	world->ms = START_MS;
	world->loop = loop_new_on(&seam, world, NULL);
	world->gate = gate_new(world->loop, &world->config);
}

static void
world_fini(struct world *world)
{
	gate_free(&world->gate);
	assert_null(world->gate);
	loop_free(&world->loop);
}

static void
visit(void *arg)
{
	struct visitor *visitor = arg;
	struct world *world = visitor->world;
	struct err err;

	visitor->task = task_self(world->loop);
	if (visitor->at_ms > 0)
		assert_true(task_sleep_wait(world->loop, visitor->at_ms, &err));
	visitor->ok = gate_enter_wait(world->gate, &visitor->err);
	visitor->in_ms = loop_now_ms(world->loop) - START_MS;
	if (!visitor->ok)
		return;
	world->order[strlen(world->order)] = visitor->name;
	world->inside++;
	world->most = world->inside > world->most ? world->inside : world->most;
	(void)!task_sleep_wait(world->loop, visitor->stays_ms, &err);
	world->inside--;
	gate_leave(world->gate, visitor->status == LOST ? 0 : visitor->status);
}

static void
begin(struct world *world, struct visitor *visitors, size_t n)
{
	struct err err;

	for (size_t i = 0; i < n; i++) {
		visitors[i].world = world;
		visitors[i].name = (char)('a' + i);
		if (visitors[i].status == 0)
			visitors[i].status = 200;
		assert_true(
		    group_spawn(world->loop, &world->group, "visitor", visit, &visitors[i], &err));
	}
}

static void
finish(struct world *world)
{
	while (world->group.running > 0)
		assert_true(loop_turn(world->loop, -1));
}

static void
play(struct world *world, struct visitor *visitors, size_t n)
{
	begin(world, visitors, n);
	finish(world);
}

/* One alone, at once. */
static bool
one(struct world *world, int status, struct err *err)
{
	struct visitor visitor = { .status = status };

	memset(world->order, 0, sizeof(world->order));
	play(world, &visitor, 1);
	*err = visitor.err;
	return visitor.ok;
}

/* ---- how many at once ------------------------------------------------------------------------ */

static void
has_no_cap_by_itself(void **state)
{
	struct world world = { 0 };
	struct visitor visitors[VISITORS_MAX] = { 0 };

	(void)state;
	world_init(&world);
	for (size_t i = 0; i < VISITORS_MAX; i++)
		visitors[i].stays_ms = 10;
	play(&world, visitors, VISITORS_MAX);
	assert_int_equal(world.most, VISITORS_MAX);
	assert_int_equal(visitors[VISITORS_MAX - 1].in_ms, 0);
	world_fini(&world);
}

static void
lets_in_as_many_as_may_in_their_order(void **state)
{
	struct world world = { .config.concurrent = 2 };
	struct visitor visitors[5] = { { .stays_ms = 100 }, { .stays_ms = 30 }, { .stays_ms = 100 },
		{ .stays_ms = 100 }, { .at_ms = 40, .stays_ms = 10 } };

	(void)state;
	world_init(&world);
	play(&world, visitors, COUNT(visitors));
	assert_int_equal(world.most, 2);
	assert_string_equal(world.order, "abcde");
	assert_int_equal(visitors[1].in_ms, 0);
	assert_int_equal(visitors[2].in_ms, 30);
	assert_int_equal(visitors[3].in_ms, 100);
	assert_int_equal(visitors[4].in_ms, 130);
	world_fini(&world);
}

/* None overtakes those who wait, not even at the moment at which a place is free. */
static void
lets_nobody_overtake(void **state)
{
	struct world world = { .config.concurrent = 1 };
	struct visitor visitors[3] = { { .stays_ms = 50 }, { .at_ms = 10, .stays_ms = 50 },
		{ .at_ms = 50, .stays_ms = 50 } };

	(void)state;
	world_init(&world);
	play(&world, visitors, COUNT(visitors));
	assert_string_equal(world.order, "abc");
	assert_int_equal(visitors[2].in_ms, 100);
	world_fini(&world);
}

/* first, middle and last of a queue: the others come in as if it had not been there. */
static void
forgets_a_waiter_that_is_cut(void **state)
{
	static const char *const orders[] = { "acd", "abd", "abc" };

	(void)state;
	for (size_t gone = 1; gone <= 3; gone++) {
		struct world world = { .config.concurrent = 1 };
		struct visitor visitors[4] = { { .stays_ms = 50 }, { .stays_ms = 50 },
			{ .stays_ms = 50 }, { .stays_ms = 50 } };
		struct err err;

		world_init(&world);
		begin(&world, visitors, COUNT(visitors));
		while (visitors[3].task == NULL)
			assert_true(loop_turn(world.loop, 0));
		task_cancel(visitors[gone].task, ERR_CANCELLED);
		finish(&world);
		assert_false(visitors[gone].ok);
		assert_int_equal(visitors[gone].err.kind, ERR_CANCELLED);
		assert_int_equal(visitors[gone].in_ms, 0);
		assert_string_equal(world.order, orders[gone - 1]);
		assert_int_equal(world.most, 1);
		/* The queue is whole: one more finds its way in. */
		assert_true(one(&world, 200, &err));
		world_fini(&world);
	}
}

/* A place that was given to one who is cut before it runs goes to the next. */
static void
passes_on_the_place_of_one_who_is_cut(void **state)
{
	struct world world = { .config.concurrent = 1 };
	struct visitor visitors[3] = { { .stays_ms = 50 }, { .stays_ms = 50 }, { .stays_ms = 50 } };

	(void)state;
	world_init(&world);
	begin(&world, visitors, COUNT(visitors));
	while (visitors[2].task == NULL)
		assert_true(loop_turn(world.loop, 0));
	/* All three are cut: the one inside leaves first, and with it lets the second in. */
	task_cancel(visitors[0].task, ERR_CANCELLED);
	task_cancel(visitors[1].task, ERR_CANCELLED);
	finish(&world);
	assert_false(visitors[1].ok);
	assert_true(visitors[2].ok);
	assert_int_equal(visitors[2].in_ms, 0);
	assert_string_equal(world.order, "ac");
	world_fini(&world);
}

/* ---- how many a second ----------------------------------------------------------------------- */

static void
spreads_over_time(void **state)
{
	struct world world = { .config.per_second = 2 };
	struct visitor visitors[6] = { 0 };

	(void)state;
	world_init(&world);
	play(&world, visitors, COUNT(visitors));
	/* One second's worth at once, then one every half second, in the order they came. */
	assert_int_equal(visitors[0].in_ms, 0);
	assert_int_equal(visitors[1].in_ms, 0);
	for (size_t i = 2; i < COUNT(visitors); i++)
		assert_in_range(visitors[i].in_ms, 500 * (i - 1), 500 * (i - 1) + 2 * i);
	world_fini(&world);
}

static void
saves_at_most_a_second(void **state)
{
	struct world world = { .config.per_second = 3 };
	struct visitor visitors[5] = { { .at_ms = 60000 }, { .at_ms = 60001 }, { .at_ms = 60002 },
		{ .at_ms = 60003 }, { .at_ms = 60004 } };

	(void)state;
	world_init(&world);
	play(&world, visitors, COUNT(visitors));
	assert_int_equal(visitors[2].in_ms, 60002);
	assert_in_range(visitors[3].in_ms, 60333, 60340);
	assert_in_range(visitors[4].in_ms, 60666, 60675);
	world_fini(&world);
}

/* One who is cut while it waits for the rate gives its place back. */
static void
gives_the_place_back_when_cut_by_the_rate(void **state)
{
	struct world world = { .config.per_second = 1, .config.concurrent = 1 };
	struct visitor visitors[3] = { 0 };

	(void)state;
	world_init(&world);
	begin(&world, visitors, COUNT(visitors));
	while (visitors[2].task == NULL || visitors[0].in_ms > 0 || !visitors[0].ok)
		assert_true(loop_turn(world.loop, 0));
	assert_true(loop_turn(world.loop, 0));
	assert_true(loop_turn(world.loop, 0));
	task_cancel(visitors[1].task, ERR_CANCELLED);
	finish(&world);
	assert_false(visitors[1].ok);
	assert_true(visitors[2].ok);
	assert_in_range(visitors[2].in_ms, 1000, 1003);
	world_fini(&world);
}

/* ---- the breaker ----------------------------------------------------------------------------- */

#define BREAKER .config = { .breaker_threshold = 3, .breaker_cooldown_ms = 5000 }

static void
opens_after_failures_in_a_row(void **state)
{
	static const int seen[] = { 429, 503, 404, LOST, 429, 500, 429, 503, LOST };
	struct world world = { BREAKER };
	struct err err;
	uint64_t until;

	(void)state;
	world_init(&world);
	/* Any other status starts the count again. */
	for (size_t i = 0; i < COUNT(seen); i++) {
		assert_false(gate_is_open(world.gate, &until));
		assert_true(one(&world, seen[i], &err));
	}
	assert_true(gate_is_open(world.gate, &until));
	assert_int_equal(until, world.ms + 5000);
	assert_false(one(&world, 200, &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_string_equal(err.text, "jira: not asked after 3 failures in a row; next try in 5 s");
	world_fini(&world);
}

static void
lets_one_try_and_closes(void **state)
{
	struct world world = { BREAKER };
	struct visitor visitors[3] = { { .at_ms = 5000, .stays_ms = 100 },
		{ .at_ms = 5050, .stays_ms = 10 }, { .at_ms = 5200, .stays_ms = 10 } };
	struct err err;
	uint64_t until;

	(void)state;
	world_init(&world);
	for (size_t i = 0; i < 3; i++)
		assert_true(one(&world, 503, &err));
	play(&world, visitors, COUNT(visitors));
	assert_true(visitors[0].ok);
	/* While one tries, no other does. */
	assert_false(visitors[1].ok);
	assert_int_equal(visitors[1].err.kind, ERR_UNAVAILABLE);
	assert_true(visitors[2].ok);
	assert_false(gate_is_open(world.gate, &until));
	assert_true(one(&world, 503, &err));
	assert_false(gate_is_open(world.gate, &until));
	world_fini(&world);
}

static void
opens_again_when_the_try_fails(void **state)
{
	struct world world = { BREAKER };
	struct visitor try[3] = { { .at_ms = 6000, .status = 429 }, { .at_ms = 10999 },
		{ .at_ms = 11000 } };
	struct err err;
	uint64_t until;

	(void)state;
	world_init(&world);
	for (size_t i = 0; i < 3; i++)
		assert_true(one(&world, 503, &err));
	play(&world, try, COUNT(try));
	assert_true(try[0].ok);
	assert_false(try[1].ok);
	assert_string_equal(
	    try[1].err.text, "jira: not asked after 4 failures in a row; next try in 1 s");
	assert_true(try[2].ok);
	assert_false(gate_is_open(world.gate, &until));
	world_fini(&world);
}

/* Those who went away count for nothing; the next one tries. */
static void
learns_nothing_from_the_unjudged(void **state)
{
	struct world world = { BREAKER };
	struct visitor try = { .at_ms = 5000, .status = GATE_UNJUDGED };
	struct err err;
	uint64_t until;

	(void)state;
	world_init(&world);
	for (size_t i = 0; i < 5; i++)
		assert_true(one(&world, GATE_UNJUDGED, &err));
	assert_false(gate_is_open(world.gate, &until));
	assert_true(one(&world, 503, &err));
	assert_true(one(&world, 503, &err));
	assert_true(one(&world, GATE_UNJUDGED, &err));
	assert_true(one(&world, 503, &err));
	assert_true(gate_is_open(world.gate, &until));
	play(&world, &try, 1);
	assert_true(try.ok);
	assert_true(one(&world, 503, &err));
	assert_true(gate_is_open(world.gate, &until));
	world_fini(&world);
}

/* Refused by the breaker: the place is free again. */
static void
keeps_no_place_of_the_refused(void **state)
{
	struct world world = {
		.config = { .concurrent = 1, .breaker_threshold = 1, .breaker_cooldown_ms = 5000 }
	};
	struct visitor visitors[4] = { { .stays_ms = 10, .status = 503 }, { .stays_ms = 10 },
		{ .stays_ms = 10 }, { .at_ms = 5010 } };

	(void)state;
	world_init(&world);
	play(&world, visitors, COUNT(visitors));
	assert_string_equal(world.order, "ad");
	assert_false(visitors[1].ok);
	assert_false(visitors[2].ok);
	assert_int_equal(visitors[2].in_ms, 10);
	world_fini(&world);
}

static void
never_opens_without_a_threshold(void **state)
{
	struct world world = { 0 };
	struct err err;
	uint64_t until;

	(void)state;
	world_init(&world);
	for (size_t i = 0; i < 20; i++)
		assert_true(one(&world, 503, &err));
	assert_false(gate_is_open(world.gate, &until));
	world_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_no_cap_by_itself),
		cmocka_unit_test(lets_in_as_many_as_may_in_their_order),
		cmocka_unit_test(lets_nobody_overtake),
		cmocka_unit_test(forgets_a_waiter_that_is_cut),
		cmocka_unit_test(passes_on_the_place_of_one_who_is_cut),
		cmocka_unit_test(spreads_over_time),
		cmocka_unit_test(saves_at_most_a_second),
		cmocka_unit_test(gives_the_place_back_when_cut_by_the_rate),
		cmocka_unit_test(opens_after_failures_in_a_row),
		cmocka_unit_test(lets_one_try_and_closes),
		cmocka_unit_test(opens_again_when_the_try_fails),
		cmocka_unit_test(learns_nothing_from_the_unjudged),
		cmocka_unit_test(keeps_no_place_of_the_refused),
		cmocka_unit_test(never_opens_without_a_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

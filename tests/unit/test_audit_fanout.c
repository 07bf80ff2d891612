/*
 * The queues of the sinks: order, their bounds, what is dropped and how that is told; a sink that
 * fails or hangs is nobody else's trouble.
 */
#include "audit_world.h"

#define ONE "{sinks: [{jsonl: a.jsonl, queue: 10}]}"
#define TWO "{sinks: [{jsonl: a.jsonl, queue: 10}, {csv: b.csv}]}"

static void
put(struct world *world, struct fanout *fanout, uint64_t from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct audit_record record = world_record(AUDIT_EXCHANGE, from + i);
		struct audit_entry *entry = audit_entry_new(&record, loop_now_ms(world->loop));

		fanout_put(fanout, entry);
		audit_entry_unref(&entry);
	}
}

static struct fanout *
begun(struct world *world)
{
	struct fanout *fanout = fanout_new(world->loop, world->dir);

	fanout_set(fanout, &world->config->audit);
	return fanout;
}

static struct audit_health
health(const struct fanout *fanout, size_t i)
{
	struct audit_health out;

	assert_true(i < fanout_n(fanout));
	fanout_health(fanout, i, &out);
	return out;
}

static void
assert_seen(unsigned sink, const struct seen *wanted, size_t n)
{
	static struct seen seen[SEEN_MOST];

	assert_int_equal(fake_seen(sink, seen), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(seen[i].kind, wanted[i].kind);
		assert_int_equal(seen[i].number, wanted[i].number);
		assert_int_equal(seen[i].count, wanted[i].count);
	}
}

/* ---- order ----------------------------------------------------------------------------------- */

#define MANY 3000

static void
in_order(struct world *world)
{
	static struct seen seen[SEEN_MOST];
	struct fanout *fanout = begun(world);

	assert_string_equal(health(fanout, 0).name, "jsonl");
	assert_string_equal(health(fanout, 1).name, "csv");
	put(world, fanout, 1, 7);
	UNTIL(world, fake_seen(0, NULL) == 7);
	/* More than a batch, into the one with room for it. */
	put(world, fanout, 8, MANY);
	fanout_free_wait(&fanout);
	assert_int_equal(fake_seen(1, seen), MANY + 7);
	for (size_t i = 0; i < MANY + 7; i++)
		assert_int_equal(seen[i].number, i + 1);
	assert_int_equal(fake_now(0).closed, 1);
	assert_int_equal(fake_now(1).closed, 1);
}

static void
records_come_in_order_and_all_of_them_by_the_end(void **state)
{
	world_run(TWO, in_order);
}

/* ---- the bound ------------------------------------------------------------------------------- */

static void
full_queue(struct world *world)
{
	const struct seen wanted[] = { { AUDIT_EXCHANGE, 1, 0 }, { AUDIT_DROPPED, 0, 5 },
		{ AUDIT_EXCHANGE, 2, 0 }, { AUDIT_EXCHANGE, 3, 0 }, { AUDIT_EXCHANGE, 4, 0 },
		{ AUDIT_EXCHANGE, 5, 0 }, { AUDIT_EXCHANGE, 6, 0 }, { AUDIT_EXCHANGE, 7, 0 },
		{ AUDIT_EXCHANGE, 8, 0 }, { AUDIT_EXCHANGE, 9, 0 }, { AUDIT_EXCHANGE, 10, 0 },
		{ AUDIT_EXCHANGE, 16, 0 } };
	struct fanout *fanout = begun(world);

	fake_hold(0, true);
	put(world, fanout, 1, 1);
	UNTIL(world, fake_now(0).is_in);
	/* The one that is being written has its place until it was. */
	put(world, fanout, 2, 14);
	assert_int_equal(health(fanout, 0).queued, 10);
	assert_int_equal(health(fanout, 0).dropped, 5);
	fake_hold(0, false);
	UNTIL(world, health(fanout, 0).queued == 0);
	assert_int_equal(health(fanout, 0).written, 10);
	put(world, fanout, 16, 1);
	UNTIL(world, fake_seen(0, NULL) == COUNT(wanted));
	assert_seen(0, wanted, COUNT(wanted));
	assert_int_equal(health(fanout, 0).dropped, 5);
	fanout_free_wait(&fanout);
	assert_int_equal(fake_seen(0, NULL), COUNT(wanted));
}

static void
what_does_not_fit_is_counted_and_told_before_what_follows(void **state)
{
	world_run(ONE, full_queue);
}

/* ---- trouble --------------------------------------------------------------------------------- */

static void
one_hangs(struct world *world)
{
	struct fanout *fanout = begun(world);

	fake_hold(0, true);
	put(world, fanout, 1, 1);
	UNTIL(world, fake_now(0).is_in);
	for (unsigned i = 0; i < 100; i++) {
		put(world, fanout, 2 + i, 1);
		UNTIL(world, fake_seen(1, NULL) == 2 + i);
	}
	assert_int_equal(fake_seen(0, NULL), 0);
	assert_int_equal(health(fanout, 0).dropped, 91);
	assert_int_equal(health(fanout, 1).dropped, 0);
	assert_int_equal(health(fanout, 1).written, 101);
	fake_hold(0, false);
	fanout_free_wait(&fanout);
	/* The first, the count, and nine that had found a place. */
	assert_int_equal(fake_seen(0, NULL), 11);
}

static void
a_sink_that_hangs_holds_up_no_other(void **state)
{
	world_run(TWO, one_hangs);
}

static void
one_fails(struct world *world)
{
	const struct seen wanted[] = { { AUDIT_EXCHANGE, 1, 0 }, { AUDIT_EXCHANGE, 2, 0 },
		{ AUDIT_EXCHANGE, 3, 0 }, { AUDIT_EXCHANGE, 4, 0 }, { AUDIT_EXCHANGE, 5, 0 } };
	struct fanout *fanout = begun(world);

	fake_fail(0, 1, 2);
	put(world, fanout, 1, 5);
	UNTIL(world, health(fanout, 0).is_failing);
	assert_string_equal(health(fanout, 0).error, "the sink is full");
	assert_int_equal(health(fanout, 0).written, 2);
	assert_int_equal(health(fanout, 0).queued, 3);
	UNTIL(world, !health(fanout, 0).is_failing);
	assert_int_equal(fake_now(0).opened, 1);
	assert_seen(0, wanted, COUNT(wanted));
	fanout_free_wait(&fanout);
}

static void
what_was_taken_does_not_come_again_after_a_failure(void **state)
{
	world_run(ONE, one_fails);
}

/* What cannot be written is said to be lost, and waited for no longer. */
static void
fails_at_the_end(struct world *world)
{
	struct fanout *fanout = begun(world);

	fake_fail(0, 1000, 0);
	put(world, fanout, 1, 5);
	UNTIL(world, health(fanout, 0).is_failing);
	fanout_free_wait(&fanout);
	assert_int_equal(fake_seen(0, NULL), 0);
	assert_int_equal(fake_now(0).closed, 1);
}

static void
a_sink_that_fails_does_not_stop_the_end(void **state)
{
	world_run(ONE, fails_at_the_end);
}

/* ---- another configuration ------------------------------------------------------------------- */

static void
changed(struct world *world)
{
	struct config *other = world_config(world, "{sinks: [{csv: b.csv}, {jsonl: c.jsonl}]}");
	struct fanout *fanout = begun(world);

	fake_hold(0, true);
	fake_hold(1, true);
	put(world, fanout, 1, 3);
	UNTIL(world, fake_now(0).is_in && fake_now(1).is_in);
	fanout_set(fanout, &other->audit);
	/* The one that goes still has what was for it, and gets no more. */
	put(world, fanout, 4, 2);
	config_free(&other);
	fake_hold(0, false);
	fake_hold(1, false);
	UNTIL(world, fanout_n(fanout) == 2 && fake_seen(0, NULL) == 5 && fake_now(0).opened == 2);
	/* One that comes while another begins may be the same. */
	UNTIL(world, (fanout_reopen(fanout), fake_now(0).reopened > 0 && fake_now(1).reopened > 0));
	fanout_free_wait(&fanout);
	assert_int_equal(fake_seen(0, NULL), 5);
	assert_int_equal(fake_seen(1, NULL), 5);
	assert_int_equal(fake_now(0).opened, 2);
	assert_int_equal(fake_now(0).closed, 2);
	assert_int_equal(fake_now(1).opened, 1);
}

static void
sinks_that_stay_the_same_stay(void **state)
{
	world_run(TWO, changed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_in_order_and_all_of_them_by_the_end),
		cmocka_unit_test(what_does_not_fit_is_counted_and_told_before_what_follows),
		cmocka_unit_test(a_sink_that_hangs_holds_up_no_other),
		cmocka_unit_test(what_was_taken_does_not_come_again_after_a_failure),
		cmocka_unit_test(a_sink_that_fails_does_not_stop_the_end),
		cmocka_unit_test(sinks_that_stay_the_same_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

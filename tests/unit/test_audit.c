/*
 * The trail on the loop: its queue and what is dropped of it, who waits for the disk, a disk that
 * is full and has room again, what is turned away, and how it begins and ends.
 */
#include <dirent.h>

#include "audit_world.h"

#define ASYNC  "{mode: async}"
#define STRICT "{mode: strict}"
#define SINK   "{mode: strict, sinks: [{sqlite: audit.db}, {jsonl: a.jsonl}]}"
#define QUEUE  8192

/* ---- what the store has ---------------------------------------------------------------------- */

#define READ_MOST 20000

static struct audit_record *
records_read(const struct world *world, size_t *n)
{
	struct audit_record *all = mem_new(READ_MOST * sizeof(*all));
	struct audit_reader *reader;
	char path[SLOT_PATH + 16];
	struct err err = { 0 };
	uint64_t after = 0;
	bool is_end = false;

	snprintf(path, sizeof(path), "%s/state/0/audit.db", world->dir);
	if (!audit_reader_open(path, &reader, &err))
		fail_msg("%s", err.text);
	for (*n = 0; !is_end; *n += !is_end) {
		assert_true(*n < READ_MOST);
		if (!audit_reader_next(reader, after, &all[*n], &is_end, &err))
			fail_msg("%s", err.text);
		after = all[*n].seq;
		all[*n].arguments = all[*n].result = SLICE_NONE;
	}
	audit_reader_close(&reader);
	return all;
}

static size_t
count(const struct world *world, enum audit_kind kind, uint64_t number)
{
	struct audit_record *all;
	size_t n, found = 0;

	all = records_read(world, &n);
	for (size_t i = 0; i < n; i++)
		found += all[i].kind == kind && (number == 0 || all[i].number == number);
	mem_free(all);
	return found;
}

static void
assert_fine(const struct world *world)
{
	struct audit_report report;
	char path[SLOT_PATH + 16];
	struct err err = { 0 };

	snprintf(path, sizeof(path), "%s/state/0/audit.db", world->dir);
	if (!audit_verify(path, &world->config->audit, &report, &err))
		fail_msg("%s", err.text);
	if (report.is_broken)
		fail_msg("%s", report.reason);
	assert_true(report.is_signed);
	assert_true(report.has_anchor);
}

static struct audit *
begun(struct world *world)
{
	struct err err = { 0 };
	struct audit *audit = audit_new_wait(world->loop, world->config, &world->slot, &err);

	if (audit == NULL)
		fail_msg("%s", err.text);
	return audit;
}

static void
put(struct audit *audit, enum audit_kind kind, uint64_t number)
{
	struct audit_record record = world_record(kind, number);

	audit_put(audit, &record);
}

static bool
outcome(struct audit *audit, uint64_t number, struct err *err)
{
	struct audit_record record = world_record(AUDIT_EXCHANGE, number);

	return audit_outcome_wait(audit, &record, err);
}

static bool
intent(struct audit *audit, uint64_t number, struct err *err)
{
	struct audit_record record = world_record(AUDIT_INTENT, number);

	return audit_intent_wait(audit, &record, err);
}

/* As on a full disk: no file of this process grows beyond it. */
static void
disk(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* ---- the queue ------------------------------------------------------------------------------- */

static void
full_queue(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_record *all;
	struct audit_health health;
	size_t n;

	/* Nothing is written while this task does not wait; the start is in the queue too. */
	for (unsigned i = 1; i <= QUEUE + 9; i++)
		put(audit, AUDIT_EXCHANGE, i);
	audit_health(audit, 0, &health);
	assert_int_equal(health.queued, QUEUE);
	assert_int_equal(health.dropped, 10);
	audit_free_wait(&audit);
	all = records_read(world, &n);
	/* The start, what fitted, and how many did not: the end was one too many. */
	assert_int_equal(n, QUEUE + 1);
	assert_int_equal(all[0].kind, AUDIT_START);
	assert_int_equal(all[n - 2].number, QUEUE - 1);
	assert_int_equal(all[n - 1].kind, AUDIT_DROPPED);
	assert_int_equal(all[n - 1].count, 11);
	mem_free(all);
}

static void
what_does_not_fit_the_queue_is_counted(void **state)
{
	world_run(ASYNC, full_queue);
}

static void
in_order(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_record *all;
	size_t n;

	for (unsigned i = 1; i <= 2000; i++)
		put(audit, AUDIT_EXCHANGE, i);
	audit_free_wait(&audit);
	all = records_read(world, &n);
	assert_int_equal(n, 2002);
	assert_int_equal(all[0].kind, AUDIT_START);
	for (unsigned i = 1; i <= 2000; i++)
		assert_int_equal(all[i].number, i);
	assert_int_equal(all[2001].kind, AUDIT_STOP);
	mem_free(all);
	assert_fine(world);
}

static void
records_stand_in_the_order_in_which_they_came(void **state)
{
	world_run(ASYNC, in_order);
}

/* Nothing is written while this task does not wait. */
static void
intents(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_record *all;
	struct audit_health health;
	struct err err = { 0 };
	size_t n;

	for (unsigned i = 1; i <= 3; i++)
		assert_true(intent(audit, i, &err));
	/* Its place may be taken by a later one: then both are queued, and one is written. */
	assert_true(intent(audit, 1 + 1024, &err));
	for (unsigned i = 3; i >= 1; i--)
		assert_true(outcome(audit, i, &err));
	audit_health(audit, 0, &health);
	assert_int_equal(health.queued, 1 + 4 + 1);
	audit_free_wait(&audit);
	all = records_read(world, &n);
	assert_int_equal(n, 6);
	for (size_t i = 1; i < n - 1; i++)
		assert_int_equal(
		    all[i].kind, all[i].number == 1025 ? AUDIT_INTENT : AUDIT_EXCHANGE);
	assert_int_equal(all[n - 1].kind, AUDIT_STOP);
	mem_free(all);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 1), 1);
}

static void
what_ends_before_its_intent_is_written_is_one_record(void **state)
{
	world_run(ASYNC, intents);
}

/* ---- waiting for the disk -------------------------------------------------------------------- */

static void
strict(struct world *world)
{
	struct audit *audit = begun(world);
	struct err err = { 0 };

	assert_true(audit_is_strict(audit));
	assert_int_equal(count(world, AUDIT_START, 0), 1);
	for (unsigned i = 1; i <= 5; i++) {
		assert_true(intent(audit, i, &err));
		assert_int_equal(count(world, AUDIT_INTENT, i), 1);
		assert_int_equal(count(world, AUDIT_EXCHANGE, i), 0);
		assert_true(outcome(audit, i, &err));
		assert_int_equal(count(world, AUDIT_EXCHANGE, i), 1);
		/* Also that there were as many is known beside the key. */
		assert_fine(world);
	}
	audit_free_wait(&audit);
	assert_int_equal(count(world, AUDIT_STOP, 0), 1);
}

static void
strict_returns_when_it_is_on_the_disk(void **state)
{
	world_run(STRICT, strict);
}

static void
full_disk(struct world *world)
{
	struct audit *audit = begun(world);
	struct err err = { 0 };
	unsigned i = 1;

	while (outcome(audit, i, &err))
		if (i++ == 20)
			disk(4 * KIB);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "audit.mode is strict"));
	assert_false(audit_may_call(audit, &err));
	/* At once: it is known. */
	assert_false(intent(audit, 1000, &err));
	disk(RLIM_INFINITY);
	UNTIL(world, audit_may_call(audit, &err));
	assert_true(outcome(audit, 1001, &err));
	audit_free_wait(&audit);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 20), 1);
	/* Its client heard that it was not kept. */
	assert_int_equal(count(world, AUDIT_EXCHANGE, i), 0);
	assert_int_equal(count(world, AUDIT_INTENT, 1000), 0);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 1001), 1);
	assert_fine(world);
}

static void
a_full_disk_stops_who_is_strict_until_there_is_room(void **state)
{
	world_run(STRICT, full_disk);
}

static void
full_disk_async(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_health health;
	struct audit_record *all;
	struct err err = { 0 };
	size_t n;

	put(audit, AUDIT_EXCHANGE, 1);
	UNTIL(world, (audit_health(audit, 0, &health), health.written == 2));
	disk(4 * KIB);
	for (unsigned i = 2; i <= 100; i++)
		put(audit, AUDIT_EXCHANGE, i);
	UNTIL(world, (audit_health(audit, 0, &health), health.is_failing));
	assert_true(outcome(audit, 101, &err));
	assert_true(audit_may_call(audit, &err));
	assert_true(health.error[0] != '\0');
	disk(RLIM_INFINITY);
	UNTIL(world, (audit_health(audit, 0, &health), !health.is_failing && health.queued == 0));
	audit_free_wait(&audit);
	all = records_read(world, &n);
	assert_int_equal(n, 103);
	for (unsigned i = 1; i <= 101; i++)
		assert_int_equal(all[i].number, i);
	mem_free(all);
	assert_fine(world);
}

static void
a_full_disk_stops_nobody_else_and_nothing_is_lost(void **state)
{
	world_run(ASYNC, full_disk_async);
}

/* The answer waits for the store, and for no sink. */
static void
sink_hangs(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_health health;
	struct err err = { 0 };

	fake_hold(0, true);
	for (unsigned i = 1; i <= 50; i++)
		assert_true(outcome(audit, i, &err));
	UNTIL(world, fake_now(0).is_in);
	audit_health(audit, 1, &health);
	assert_string_equal(health.name, "jsonl");
	assert_int_equal(health.queued, 51);
	assert_int_equal(health.written, 0);
	fake_hold(0, false);
	audit_free_wait(&audit);
	/* The start, fifty, and the end. */
	assert_int_equal(fake_seen(0, NULL), 52);
}

static void
a_sink_that_hangs_holds_up_no_answer(void **state)
{
	world_run(SINK, sink_hangs);
}

/* No store, no start: who is strict is not begun. */
static void
no_store(struct world *world)
{
	char path[128];
	struct err err = { 0 };
	FILE *file;

	snprintf(path, sizeof(path), "%s/state", world->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_null(audit_new_wait(world->loop, world->config, &world->slot, &err));
	assert_non_null(strstr(err.text, "audit.mode is strict"));
}

static void
strict_does_not_begin_without_a_store(void **state)
{
	world_run(STRICT, no_store);
}

/* ---- what is turned away --------------------------------------------------------------------- */

static void
turned_away(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_record *all;
	uint64_t total = 0;
	char address[46];
	size_t n, records = 0, without = 0;

	for (unsigned i = 0; i < 5000; i++)
		audit_refused(audit, "key", "http", "192.0.2.7");
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(address, sizeof(address), "198.51.%u.%u", i / 250, i % 250);
		audit_refused(audit, i % 2 == 0 ? "key" : "host", "http", address);
	}
	audit_free_wait(&audit);
	all = records_read(world, &n);
	for (size_t i = 0; i < n; i++) {
		if (all[i].kind != AUDIT_REFUSED)
			continue;
		records++;
		without += all[i].address[0] == '\0';
		total += all[i].count;
		assert_int_equal(all[i].outcome, LEDGER_REFUSED);
		assert_string_equal(all[i].verdict, "deny");
		assert_string_equal(all[i].transport, "http");
		assert_int_equal(strncmp(all[i].rule, "front.", 6), 0);
		if (strcmp(all[i].address, "192.0.2.7") == 0)
			assert_string_equal(all[i].rule, "front.key");
	}
	assert_int_equal(total, 10000);
	assert_true(records < 150);
	assert_true(without >= 2);
	mem_free(all);
	assert_fine(world);
}

static void
a_flood_of_refusals_is_counted_in_few_records(void **state)
{
	world_run(ASYNC, turned_away);
}

/* Each window has its record; after one without any the next refusal is a record at once. */
static void
turned_away_again(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_health health;

	audit_refused(audit, "key", "http", "192.0.2.7");
	audit_refused(audit, "key", "http", "192.0.2.7");
	audit_refused(audit, "key", "http", "192.0.2.7");
	UNTIL(world, (audit_health(audit, 0, &health), health.written == 2));
	UNTIL(world, (audit_health(audit, 0, &health), health.written == 3));
	audit_free_wait(&audit);
	assert_int_equal(count(world, AUDIT_REFUSED, 0), 2);
}

static void
a_count_is_written_while_it_runs(void **state)
{
	world_run(ASYNC, turned_away_again);
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* What is too old goes at the start, and what is left can be followed. */
static void
kept(struct world *world)
{
	struct audit *audit = begun(world);
	struct config *other = world_config(world, "{mode: strict, keep: 1ms}");
	struct config *before = world->config;
	struct audit_record *all;
	struct err err;
	size_t n;

	for (unsigned i = 1; i <= 30; i++)
		put(audit, AUDIT_EXCHANGE, i);
	audit_free_wait(&audit);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 0), 30);
	assert_true(task_sleep_wait(world->loop, 5, &err));
	world->config = other;
	audit = begun(world);
	UNTIL(world, count(world, AUDIT_CUT, 0) == 1);
	audit_free_wait(&audit);
	all = records_read(world, &n);
	for (size_t i = 0; i < n; i++)
		assert_true(all[i].kind != AUDIT_EXCHANGE);
	mem_free(all);
	assert_fine(world);
	world->config = before;
	config_free(&other);
}

static void
what_is_too_old_goes_at_the_start(void **state)
{
	world_run(STRICT, kept);
}

/* An instance that was killed between intent and outcome. */
static void
open_calls(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_record *all;
	struct err err = { 0 };
	size_t n;

	assert_true(intent(audit, 1, &err));
	assert_true(intent(audit, 2, &err));
	assert_true(outcome(audit, 2, &err));
	audit_free_wait(&audit);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 1), 0);
	audit = begun(world);
	audit_free_wait(&audit);
	all = records_read(world, &n);
	for (size_t i = 0; i < n; i++)
		if (all[i].kind == AUDIT_EXCHANGE && all[i].number == 1)
			assert_int_equal(all[i].outcome, LEDGER_UNKNOWN);
	mem_free(all);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 1), 1);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 2), 1);
	assert_fine(world);
}

static void
what_was_left_open_is_unknown_at_the_next_start(void **state)
{
	world_run(STRICT, open_calls);
}

/* How many records the anchor knows; 0: there is none yet. */
static uint64_t
anchor_seq(const struct world *world)
{
	unsigned long long seq = 0;
	char path[512];
	struct dirent *entry;
	DIR *dir;
	FILE *file;

	snprintf(path, sizeof(path), "%s/keys", world->dir);
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		if (!slice_ends(slice_of(entry->d_name), S(".anchor")))
			continue;
		snprintf(path, sizeof(path), "%s/keys/%s", world->dir, entry->d_name);
		file = fopen(path, "r");
		assert_non_null(file);
		assert_int_equal(fscanf(file, "%*s %llu", &seq), 1);
		fclose(file);
	}
	closedir(dir);
	return seq;
}

/* mode async: what the anchor beside the key knows is seconds old, and not the whole session. */
static void
anchored(struct world *world)
{
	struct audit *audit = begun(world);
	struct audit_health health;

	put(audit, AUDIT_EXCHANGE, 1);
	UNTIL(world, (audit_health(audit, 0, &health), health.written > 0));
	assert_true(anchor_seq(world) >= 1);
	/* What comes within the second follows, without anything more to write. */
	put(audit, AUDIT_EXCHANGE, 2);
	UNTIL(world, anchor_seq(world) == 3);
	assert_int_equal(count(world, AUDIT_EXCHANGE, 0), 2);
	assert_fine(world);
	audit_free_wait(&audit);
}

static void
the_anchor_is_there_with_the_first_batch(void **state)
{
	world_run(ASYNC, anchored);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_the_queue_is_counted),
		cmocka_unit_test(records_stand_in_the_order_in_which_they_came),
		cmocka_unit_test(what_ends_before_its_intent_is_written_is_one_record),
		cmocka_unit_test(strict_returns_when_it_is_on_the_disk),
		cmocka_unit_test(a_full_disk_stops_who_is_strict_until_there_is_room),
		cmocka_unit_test(a_full_disk_stops_nobody_else_and_nothing_is_lost),
		cmocka_unit_test(a_sink_that_hangs_holds_up_no_answer),
		cmocka_unit_test(strict_does_not_begin_without_a_store),
		cmocka_unit_test(a_flood_of_refusals_is_counted_in_few_records),
		cmocka_unit_test(a_count_is_written_while_it_runs),
		cmocka_unit_test(what_is_too_old_goes_at_the_start),
		cmocka_unit_test(what_was_left_open_is_unknown_at_the_next_start),
		cmocka_unit_test(the_anchor_is_there_with_the_first_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The supervisor with jobs that do what the test says: the queue and its caps, rates, the end of
 * runs, what they tell and ask, what is kept, and a second life.
 *
 * Each case runs in a task; cmocka's own assertions jump, which must not happen on a task's stack,
 * so a case notes the first line that does not hold.
 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/supervisor.h"
#include "agents_double.h"

#define CHECK(x) ((x) || first_failed != 0 ? (void)0 : (void)(first_failed = __LINE__))

static int first_failed;
static char dir[64];

struct world {
	struct loop *loop;
	struct group group;
	struct config *config;
	struct settings *settings;
	struct agents *agents;
	unsigned n;
	void (*fn)(struct world *world);
};

static void
turn_wait(struct world *world)
{
	struct err err;

	for (int i = 0; i < 5; i++)
		CHECK(task_yield_wait(world->loop, &err));
}

static void
open_wait(struct world *world)
{
	char slot[96];
	struct err err = { 0 };

	snprintf(slot, sizeof(slot), "%s/0", dir);
	mkdir(slot, 0700);
	CHECK(agents_open_wait(world->loop, world->config, slot, &world->agents, &err));
	if (world->agents == NULL)
		fprintf(stderr, "%s\n", err.text);
	else
		agents_settle(world->agents, world->settings);
}

/* As the tool makes it. */
static struct run *
start(struct world *world, const char *task, const char *caller, const char *repo)
{
	struct agents *agents = world->agents;
	struct run *run = run_new(agents, RUN_QUEUED);

	run->place = ++agents->place;
	run->is_ours = true;
	snprintf(run->id, sizeof(run->id), "r-%016x", ++world->n);
	run_index(run);
	run->instance = slice_of(agents->instance);
	run->caller = run_keep(run, slice_of(caller), KIB);
	run->runner = S("double");
	run->workflow = S("default");
	run->task = run_keep(run, slice_of(task), KIB);
	run->whole = run->task;
	run->repo = run_keep(run, slice_of(repo), KIB);
	run->queued_ms = loop_unix_ms(world->loop);
	run->settings = settings_ref(world->settings);
	run->config = &world->config->agents.runners[0];
	run_put(run);
	queue_pump(agents);
	return run;
}

static void
story(void *arg)
{
	struct world *world = arg;

	open_wait(world);
	if (world->agents != NULL)
		world->fn(world);
	agents_close_wait(&world->agents);
	loop_stop(world->loop);
}

static int
gone(const char *path, const struct stat *is, int type, struct FTW *ftw)
{
	(void)is, (void)type, (void)ftw;
	return remove(path);
}

static void
tell(void (*fn)(struct world *world))
{
	static const char text[] = "upstreams: [{name: x, command: [/bin/true]}]\n";
	static struct config_runner runner = { .name = { "double", 6 } };
	struct world world = { .fn = fn };
	struct keeper *keeper;
	struct err err = { 0 };

	snprintf(dir, sizeof(dir), "/tmp/test_agents.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_true(config_parse((struct slice){ text, sizeof(text) - 1 }, "test", dir, NULL, NULL,
	    &world.config, &err));
	world.config->agents.is_on = true;
	world.config->agents.runners = &runner;
	world.config->agents.runners_n = 1;
	world.config->agents.running = 3;
	world.config->agents.per_caller = 2;
	world.config->agents.per_repo = 1;
	world.config->agents.queue = 5;
	world.config->agents.rate = (struct config_rate){ .n = 2, .window_ms = 3600000 };
	world.config->agents.output_inline_bytes = 8;
	world.config->agents.retain_runs = 4;
	world.config->agents.retain_age_ms = 0;
	world.config->agents.metrics = true;
	world.config->state = slice_of(dir);
	world.settings = MEM_NEW(struct settings);
	world.settings->refs = 1;
	world.settings->config = world.config;
	keeper = keeper_fork(&err);
	assert_non_null(keeper);
	world.loop = loop_new(&keeper, NULL, &err);
	first_failed = 0;
	assert_true(group_spawn(world.loop, &world.group, "story", story, &world, &err));
	loop_run(world.loop);
	loop_free(&world.loop);
	settings_unref(&world.settings);
	assert_int_equal(nftw(dir, gone, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(first_failed, 0);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void
caps_story(struct world *world)
{
	struct run *a1 = start(world, "a1", "a", ""), *a2 = start(world, "a2", "a", "");
	struct run *a3 = start(world, "a3", "a", ""), *b1 = start(world, "b1", "b", "/r");
	struct run *c1 = start(world, "c1", "c", "/r"), *c2 = start(world, "c2", "c", "");

	CHECK(a1->state == RUN_RUNNING && a2->state == RUN_RUNNING);
	/* Held back by its caller, and not in the way of others. */
	CHECK(a3->state == RUN_QUEUED && b1->state == RUN_RUNNING);
	CHECK(c1->state == RUN_QUEUED && run_queue_position(c1) == 2);
	CHECK(world->agents->count[RUN_RUNNING] == 3 && world->agents->count[RUN_QUEUED] == 3);
	turn_wait(world);
	double_end(double_find("a1"), RUN_COMPLETED, "a text that is too long");
	turn_wait(world);
	CHECK(a1->state == RUN_COMPLETED && slice_eq(a1->text, S("a text t")) && a1->is_truncated);
	CHECK(a3->state == RUN_RUNNING && c2->state == RUN_QUEUED);
	double_end(double_find("a2"), RUN_FAILED, "");
	turn_wait(world);
	/* c1 waits for its repository; the one behind it goes first. */
	CHECK(c1->state == RUN_QUEUED && c2->state == RUN_RUNNING);
	double_end(double_find("b1"), RUN_TIMEOUT, "");
	turn_wait(world);
	CHECK(c1->state == RUN_RUNNING && b1->state == RUN_TIMEOUT);
	run_cancel(c1, "test");
	turn_wait(world);
	CHECK(c1->state == RUN_CANCELLED);
}

static void
a_cap_holds_back_its_own(void **state)
{
	(void)state;
	tell(caps_story);
}

static void
room_story(struct world *world)
{
	struct caller a = { .principal = S("a") }, b = { .principal = S("b"), .tenant = S("t") };
	struct err err = { 0 };
	struct run *last = NULL;

	for (int i = 0; i < 8; i++) {
		CHECK(queue_has_room(world->agents, &err));
		last = start(world, "x", i < 3 ? "abc" : "d", "");
	}
	CHECK(world->agents->count[RUN_QUEUED] == 5);
	CHECK(!queue_has_room(world->agents, &err) && err.kind == ERR_LIMIT);
	run_cancel(last, "test");
	CHECK(queue_has_room(world->agents, &err));
	CHECK(rate_take(world->agents, &a, &err) && rate_take(world->agents, &a, &err));
	CHECK(!rate_take(world->agents, &a, &err) && err.kind == ERR_LIMIT);
	CHECK(rate_take(world->agents, &b, &err));
}

static void
a_full_queue_and_a_rate_say_so(void **state)
{
	(void)state;
	tell(room_story);
}

static void
budget_story(struct world *world)
{
	struct config_agents *limits = &world->config->agents;
	struct run *a1, *a2, *a3, *b1;
	struct err err = { 0 };

	limits->cost = (struct config_rate){ .text = S("2.00/d"), .n = 2000000 };
	limits->tokens = (struct config_rate){ .text = S("1000/d"), .n = 1000 };
	a1 = start(world, "a1", "a", "");
	a2 = start(world, "a2", "a", "");
	a3 = start(world, "a3", "a", "");
	b1 = start(world, "b1", "b", "");
	turn_wait(world);
	double_use(double_find("a1"), 1999999, 10);
	double_end(double_find("a1"), RUN_FAILED, "");
	turn_wait(world);
	/* A millionth is left: one more starts. */
	CHECK(a1->state == RUN_FAILED && a3->state == RUN_RUNNING);
	CHECK(budget_has_room(world->agents, S("a"), SLICE_NONE, &err));
	a1 = start(world, "a4", "a", "");
	double_use(double_find("a2"), 510000, UINT64_MAX);
	double_end(double_find("a2"), RUN_COMPLETED, "ok");
	turn_wait(world);
	CHECK(a2->state == RUN_COMPLETED && a3->state == RUN_RUNNING);
	CHECK(!budget_has_room(world->agents, S("a"), SLICE_NONE, &err) && err.kind == ERR_LIMIT);
	CHECK(strstr(err.text, "2.00/d is used up (2.50 USD today)") != NULL);
	/* What waited is not started any more, what runs goes on; others have their own. */
	CHECK(a1->state == RUN_FAILED && slice_starts(a1->why, S("agents.limits.cost")));
	CHECK(budget_has_room(world->agents, S("a"), S("t"), &err));
	CHECK(b1->state == RUN_RUNNING);
	limits->cost.n = 0;
	CHECK(!budget_has_room(world->agents, S("a"), SLICE_NONE, &err));
	CHECK(strstr(err.text, "agents.limits.tokens") != NULL);
	limits->tokens.n = 0;
	CHECK(budget_has_room(world->agents, S("a"), SLICE_NONE, &err));
}

static void
a_caller_has_a_budget_a_day(void **state)
{
	(void)state;
	tell(budget_story);
}

static void
events_story(struct world *world)
{
	struct run *run = start(world, "talks", "a", "");
	struct job *job;
	char line[2000];

	turn_wait(world);
	job = double_find("talks");
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	for (int i = 0; i < 1000; i++)
		double_tell(job, i % 2 == 0 ? line : "  short \xc3\xa4 ");
	CHECK(run->events_n <= RUN_EVENTS_MAX && run->events_bytes <= RUN_EVENTS_BYTES);
	CHECK(run->events_ever == 1000);
	CHECK(run->events != NULL && run->events->n <= RUN_EVENT_BYTES);
	/* Nobody waits: the answer is no, for this time. */
	double_ask(job, 7, "write a file");
	CHECK(double_answer(job) == 2 && run->asks == NULL);
	CHECK(run->events_ever == 1001);
	/* Somebody who will look at his task: it waits. */
	run->is_task = run->can_task_answer = true;
	double_ask(job, 8, "write another");
	CHECK(double_answer(job) == 2 && permission_is_open(run));
	permissions_answer(run,
	    S("{\"p9\":{},\"p1\":{\"action\":\"accept\",\"content\":{\"decision\":\"choice1\"}}}"));
	CHECK(double_answer(job) == 0 && !permission_is_open(run));
	for (unsigned i = 0; i < RUN_ASKS_MAX + 1; i++)
		double_ask(job, 20 + i, "again");
	CHECK(run->asks_n == RUN_ASKS_MAX && double_answer(job) == 2);
	double_end(job, RUN_COMPLETED, "ok");
	turn_wait(world);
	CHECK(run->state == RUN_COMPLETED && run->asks == NULL);
}

static void
what_it_tells_is_bounded_and_what_it_asks_is_answered(void **state)
{
	(void)state;
	tell(events_story);
}

static void
keep_story(struct world *world)
{
	struct run *run;
	struct err err = { 0 };
	char first[RUN_ID_BYTES], name[16];

	for (int i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		run = start(world, name, "a", "");
		if (i == 0)
			memcpy(first, run->id, sizeof(first));
		if (i == 6)
			snprintf(run->key, sizeof(run->key), "k:%064d", 6);
		turn_wait(world);
		double_end(double_find(name), RUN_COMPLETED, name);
		turn_wait(world);
	}
	CHECK(world->agents->count[RUN_COMPLETED] == 4);
	CHECK(run_by_id(world->agents, slice_of(first)) == NULL);
	run = run_find(world->agents, S("r-000000000000000"), &err);
	CHECK(run == NULL && err.kind == ERR_PARAMS);
	run = run_find(world->agents, S("0000000000000007"), &err);
	CHECK(run != NULL && slice_eq(run->text, S("k6")));
	/* It ends while something runs: that is lost for who comes after a crash. */
	run = start(world, "works", "a", "");
	turn_wait(world);
	CHECK(record_sync_wait(world->agents->record, &err));
}

static void
runs_are_kept_as_long_as_they_should(void **state)
{
	(void)state;
	tell(keep_story);
}

static void
again_story(struct world *world)
{
	struct run_row row = { .id = S("r-00000000000000aa"),
		.instance = S("1-00000000"),
		.state = RUN_RUNNING,
		.caller = S("a"),
		.runner = S("double"),
		.workflow = S("w"),
		.task = S("t"),
		.folder = S("/nowhere/r-00000000000000aa"),
		.exit_code = -1,
		.queued_ms = 1,
		.started_ms = 2 };
	struct run_row over = row;
	struct run *run;
	struct err err = { 0 };

	over.id = S("r-00000000000000bb");
	over.state = RUN_COMPLETED;
	over.text = S("kept");
	over.key = S("k:0000");
	over.folder = SLICE_NONE;
	over.ended_ms = 3;
	record_put(world->agents->record, &row);
	record_put(world->agents->record, &over);
	CHECK(record_sync_wait(world->agents->record, &err));
	agents_close_wait(&world->agents);
	double_reaped = 0;
	open_wait(world);
	/* Where runs lie, whatever the row says. */
	CHECK(double_reaped == 1 && strncmp(double_reaped_last, "/nowhere", 8) != 0);
	CHECK(strstr(double_reaped_last, "/runs/r-00000000000000aa") != NULL);
	run = run_by_id(world->agents, row.id);
	CHECK(run != NULL && run->state == RUN_LOST && run->why.n > 0 && run->ended_ms > 3);
	run = run_by_id(world->agents, over.id);
	CHECK(run != NULL && run->state == RUN_COMPLETED && slice_eq(run->text, S("kept")));
	CHECK(run_by_key(world->agents, "k:0000") == run);
	agents_close_wait(&world->agents);
	double_reaped = 0;
	open_wait(world);
	CHECK(double_reaped == 0 && run_by_id(world->agents, row.id)->state == RUN_LOST);
}

static void
a_second_life_knows_the_first(void **state)
{
	(void)state;
	tell(again_story);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cap_holds_back_its_own),
		cmocka_unit_test(a_full_queue_and_a_rate_say_so),
		cmocka_unit_test(a_caller_has_a_budget_a_day),
		cmocka_unit_test(what_it_tells_is_bounded_and_what_it_asks_is_answered),
		cmocka_unit_test(runs_are_kept_as_long_as_they_should),
		cmocka_unit_test(a_second_life_knows_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

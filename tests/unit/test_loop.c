/*
 * Turns: what is done in which one, what the seam is told to wait, and work on helper threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "run/seam_uv.h"

/* A seam that notes what it was asked and lets the test act as an event. */
struct notes {
	uint64_t now_ms;
	int64_t waited_ms;
	void (*event)(void);
	unsigned closed;
};

static struct notes notes;
static struct loop *loop;
static char story[256];
static struct deferred works[8];

static uint64_t
note_now(void *seam)
{
	return ((struct notes *)seam)->now_ms;
}

static void
note_turn(void *seam, int64_t timeout_ms)
{
	struct notes *own = seam;
	void (*event)(void) = own->event;

	own->waited_ms = timeout_ms;
	own->event = NULL;
	if (event != NULL)
		event();
}

static void
note_random(void *seam, void *to, size_t n)
{
	memset(to, 0x5a, n);
}

static void
note_close(void *seam)
{
	((struct notes *)seam)->closed++;
}

static const struct seam_ops note_ops = {
	.now_ms = note_now,
	.unix_ms = note_now,
	.turn = note_turn,
	.random = note_random,
	.close = note_close,
};

static int
setup(void **state)
{
	notes = (struct notes){ .now_ms = 5000 };
	story[0] = '\0';
	memset(works, 0, sizeof(works));
	loop = loop_new_on(&note_ops, &notes, NULL);
	return 0;
}

static int
teardown(void **state)
{
	loop_free(&loop);
	assert_null(loop);
	assert_int_equal(notes.closed, 1);
	return 0;
}

static void
tell(char what)
{
	size_t n = strlen(story);

	assert_true(n + 1 < sizeof(story));
	story[n] = what;
	story[n + 1] = '\0';
}

static void
work(struct deferred *self)
{
	tell((char)('a' + (self - works)));
}

static void
event(void)
{
	tell('E');
	loop_defer(loop, &works[1], work);
}

static void
timer_fired(struct timer *timer)
{
	tell('T');
	loop_defer(loop, &works[2], work);
}

static void
events_then_timers_then_work(void **state)
{
	struct timer timer = { 0 };

	loop_defer(loop, &works[0], work);
	timer_start(loop, &timer, 5000, timer_fired);
	notes.event = event;
	assert_true(loop_turn(loop, -1));
	assert_string_equal(story, "ETabc");
}

static void
work_is_queued_once_in_the_order_of_queueing(void **state)
{
	loop_defer(loop, &works[3], work);
	loop_defer(loop, &works[0], work);
	loop_defer(loop, &works[3], work);
	loop_turn(loop, -1);
	assert_string_equal(story, "da");
	loop_turn(loop, -1);
	assert_string_equal(story, "da");
}

static void
work_again(struct deferred *self)
{
	work(self);
	loop_defer(loop, self, work_again);
	loop_defer(loop, &works[5], work);
}

static void
what_work_queues_waits_for_the_next_turn_which_does_not_wait(void **state)
{
	loop_defer(loop, &works[0], work_again);
	loop_defer(loop, &works[1], work);
	loop_turn(loop, -1);
	assert_string_equal(story, "ab");
	loop_turn(loop, -1);
	assert_int_equal(notes.waited_ms, 0);
	assert_string_equal(story, "abaf"); /* f was waiting when it was queued again */
	deferred_stop(loop, &works[0]);
	loop_turn(loop, -1);
	assert_int_equal(notes.waited_ms, -1);
}

static void
stop_others(struct deferred *self)
{
	work(self);
	deferred_stop(loop, &works[1]);
	deferred_stop(loop, &works[3]);
	deferred_stop(loop, self);
}

static void
work_may_stop_work_of_the_same_turn(void **state)
{
	unsigned i;

	loop_defer(loop, &works[0], stop_others);
	for (i = 1; i < 5; i++)
		loop_defer(loop, &works[i], work);
	loop_turn(loop, -1);
	assert_string_equal(story, "ace");
	assert_false(works[1].is_queued);
	/* What was stopped can be queued again. */
	loop_defer(loop, &works[1], work);
	loop_turn(loop, -1);
	assert_string_equal(story, "aceb");
}

static void
a_turn_waits_for_the_nearer_of_timer_and_caller(void **state)
{
	static const struct {
		int64_t asked_ms;
		uint64_t timer_ms; /* 0: none */
		int64_t waited_ms;
	} cases[] = {
		{ -1, 0, -1 },
		{ 0, 0, 0 },
		{ 70, 0, 70 },
		{ -1, 5100, 100 },
		{ 70, 5100, 70 },
		{ 170, 5100, 100 },
		{ 0, 5100, 0 },
		{ -1, 4000, 0 },
		{ -1, 5000, 0 },
		{ 10, UINT64_MAX, 10 },
		{ -1, UINT64_MAX, INT64_MAX },
	};
	struct timer timer = { 0 };
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		if (cases[i].timer_ms != 0)
			timer_start(loop, &timer, cases[i].timer_ms, timer_fired);
		loop_turn(loop, cases[i].asked_ms);
		assert_int_equal(notes.waited_ms, cases[i].waited_ms);
		timer_stop(loop, &timer);
		deferred_stop(loop, &works[2]);
	}
}

static void
nothing_left_is_told(void **state)
{
	struct timer timer = { 0 };

	assert_false(loop_turn(loop, -1));
	timer_start(loop, &timer, 6000, timer_fired);
	assert_true(loop_turn(loop, -1));
	timer_stop(loop, &timer);
	assert_false(loop_turn(loop, -1));
	notes.event = event; /* which queues work */
	assert_true(loop_turn(loop, -1));
	assert_false(loop_turn(loop, -1));
}

static void
stop(struct deferred *self)
{
	tell('S');
	loop_stop(loop);
}

static void
run_ends_after_the_turn_of_stop(void **state)
{
	loop_defer(loop, &works[0], stop);
	loop_defer(loop, &works[1], work);
	loop_run(loop);
	assert_string_equal(story, "Sb");
	assert_int_equal(loop_seed(loop), 0x5a5a5a5a5a5a5a5a);
	assert_int_equal(loop_memory(loop)->limit_bytes, 0);
}

/* ---- helpers: on the real machine ---------------------------------------------------------- */

#define JOBS 200

struct job {
	unsigned number;
	pthread_t thread;
	char name[16];
};

static struct job jobs[JOBS];
static unsigned worked, finished; /* worked: of one helper only, so without a lock */

static void
job_work(void *arg)
{
	struct job *job = arg;

	assert_int_equal(job->number, worked);
	worked++;
	job->thread = pthread_self();
	pthread_getname_np(job->thread, job->name, sizeof(job->name));
}

static void
job_done(void *arg)
{
	struct job *job = arg;

	assert_int_equal(job->number, finished);
	finished++;
	if (finished == JOBS)
		loop_stop(loop);
}

static void
helper_sleep(void *arg)
{
	struct job *job = arg;

	job->thread = pthread_self();
}

static void
helper_slept(void *arg)
{
	finished++;
}

static void
offload_many(struct loop *on)
{
	const struct seam_ops *ops;
	void *seam;
	unsigned i;

	worked = finished = 0;
	/* The same way as helper_run_wait() takes, without a task. */
	ops = loop_seam(on, &seam);
	for (i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){ .number = i };
		ops->offload(seam, "a-name-that-is-too-long", job_work, job_done, &jobs[i]);
	}
}

static void
a_helper_works_in_order_on_its_own_thread(void **state)
{
	struct err err;

	loop = loop_new(NULL, NULL, &err);
	assert_non_null(loop);
	offload_many(loop);
	loop_run(loop);
	assert_int_equal(worked, JOBS);
	assert_false(pthread_equal(jobs[0].thread, pthread_self()));
	assert_true(pthread_equal(jobs[0].thread, jobs[JOBS - 1].thread));
	assert_string_equal(jobs[0].name, "a-name-that-is-");
	loop_free(&loop);
}

static void
what_a_helper_was_given_is_finished_at_close(void **state)
{
	struct err err;

	loop = loop_new(NULL, NULL, &err);
	offload_many(loop);
	loop_free(&loop);
	assert_int_equal(finished, JOBS);
}

static void
helper_main(void *arg)
{
	struct job here[2] = { { 0 } };
	struct err err;

	helper_run_wait(loop, "one", helper_sleep, &here[0]);
	helper_slept(NULL);
	/* Also when the task was cut. */
	task_cancel(task_self(loop), ERR_CANCELLED);
	assert_false(task_park_wait(loop, &err));
	helper_run_wait(loop, "two", helper_sleep, &here[1]);
	helper_slept(NULL);
	assert_false(pthread_equal(here[0].thread, here[1].thread));
	assert_false(task_park_wait(loop, &err));
	loop_stop(loop);
}

static void
a_task_waits_for_a_helper_also_when_cut(void **state)
{
	struct group group = { 0 };
	struct err err;

	finished = 0;
	loop = loop_new(NULL, NULL, &err);
	assert_true(group_spawn(loop, &group, "helped", helper_main, NULL, &err));
	loop_run(loop);
	assert_int_equal(finished, 2);
	loop_free(&loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_then_timers_then_work, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    work_is_queued_once_in_the_order_of_queueing, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_work_queues_waits_for_the_next_turn_which_does_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    work_may_stop_work_of_the_same_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_turn_waits_for_the_nearer_of_timer_and_caller, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_left_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(run_ends_after_the_turn_of_stop, setup, teardown),
		cmocka_unit_test(a_helper_works_in_order_on_its_own_thread),
		cmocka_unit_test(what_a_helper_was_given_is_finished_at_close),
		cmocka_unit_test(a_task_waits_for_a_helper_also_when_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

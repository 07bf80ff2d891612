/*
 * Tasks: parking and waking in every order, cuts, deadlines and the stopped clock, groups in
 * groups, limits, and stacks that end where they should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stream_double.h"

static struct machine machine;
static struct loop *loop;
static struct group group;
static struct task *task; /* of the test */
static struct err why;	  /* how its last wait ended */
static char story[256];
static unsigned count;

static int
setup(void **state)
{
	loop = machine_loop(&machine);
	group = (struct group){ 0 };
	task = NULL;
	why = (struct err){ 0 };
	story[0] = '\0';
	count = 0;
	return 0;
}

static int
teardown(void **state)
{
	assert_int_equal(group.running, 0);
	assert_null(group.first);
	assert_int_equal(loop_tasks(loop), 0);
	machine_end(&machine, &loop);
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
spawn(void (*fn)(void *arg), void *arg)
{
	struct err err;

	assert_true(group_spawn(loop, &group, "test", fn, arg, &err));
}

static void
turn_at(uint64_t ms)
{
	machine.now_ms = ms;
	loop_turn(loop, 0);
}

/* Enough turns for everything here that needs no clock. */
static void
turn_on(void)
{
	unsigned i;

	for (i = 0; i < 50; i++)
		loop_turn(loop, 0);
}

/* ---- parking ------------------------------------------------------------------------------- */

static void
park_once(void *arg)
{
	task = task_self(loop);
	tell('p');
	tell(task_park_wait(loop, &why) ? 'w' : 'c');
}

static void
a_task_starts_at_the_end_of_the_turn_and_parks(void **state)
{
	assert_null(task_self(loop));
	spawn(park_once, NULL);
	assert_int_equal(loop_tasks(loop), 1);
	assert_string_equal(story, "");
	loop_turn(loop, 0);
	assert_string_equal(story, "p");
	assert_string_equal(task_name(task), "test");
	assert_null(task_self(loop));
	loop_turn(loop, 0);
	assert_string_equal(story, "p");
	task_wake(task);
	task_wake(task);
	assert_string_equal(story, "p");
	loop_turn(loop, 0);
	assert_string_equal(story, "pw");
	assert_int_equal(loop_tasks(loop), 0);
}

static void
wake_self_and_park(void *arg)
{
	task = task_self(loop);
	task_wake(task);
	assert_true(task_park_wait(loop, &why));
	tell('1');
	/* Two wakes are one. */
	task_wake(task);
	task_wake(task);
	assert_true(task_park_wait(loop, &why));
	tell('2');
	assert_true(task_park_wait(loop, &why));
	tell('3');
}

static void
a_wake_before_the_park_is_not_lost(void **state)
{
	spawn(wake_self_and_park, NULL);
	loop_turn(loop, 0);
	assert_string_equal(story, "12");
	task_wake(task);
	loop_turn(loop, 0);
	assert_string_equal(story, "123");
}

static void
yield_three_times(void *arg)
{
	char name = *(const char *)arg;
	unsigned i;

	for (i = 0; i < 3; i++) {
		tell(name);
		assert_true(task_yield_wait(loop, &why));
	}
}

static void
yields_take_turns(void **state)
{
	unsigned i;

	spawn(yield_three_times, "a");
	spawn(yield_three_times, "b");
	for (i = 1; i <= 3; i++) {
		loop_turn(loop, 0);
		assert_int_equal(strlen(story), 2 * i);
	}
	loop_turn(loop, 0);
	assert_string_equal(story, "ababab");
}

static void
wake_while_yielding(void *arg)
{
	task = task_self(loop);
	assert_true(task_yield_wait(loop, &why));
	tell('y');
	assert_true(task_park_wait(loop, &why)); /* woken before: does not park */
	tell('p');
}

static void
a_wake_during_a_yield_is_kept_for_the_park(void **state)
{
	spawn(wake_while_yielding, NULL);
	loop_turn(loop, 0);
	task_wake(task);
	loop_turn(loop, 0);
	assert_string_equal(story, "yp");
}

static void
sleeper(void *arg)
{
	task = task_self(loop);
	tell(task_sleep_wait(loop, *(const unsigned *)arg, &why) ? 's' : 'c');
}

static void
sleep_is_not_shortened_by_wakes(void **state)
{
	unsigned ms = 100;

	spawn(sleeper, &ms);
	turn_at(1000);
	task_wake(task);
	turn_at(1050);
	task_wake(task);
	turn_at(1099);
	assert_string_equal(story, "");
	turn_at(1100);
	assert_string_equal(story, "s");
}

static void
park_until(void *arg)
{
	bool timed_out;

	task = task_self(loop);
	assert_true(task_park_until_wait(loop, 1100, &timed_out, &why));
	tell(timed_out ? 't' : 'w');
	assert_true(task_park_until_wait(loop, 1200, &timed_out, &why));
	tell(timed_out ? 't' : 'w');
	assert_true(task_park_until_wait(loop, 0, &timed_out, &why));
	tell(timed_out ? 't' : 'w');
	assert_false(task_park_until_wait(loop, 1300, &timed_out, &why));
	assert_false(timed_out);
	tell('c');
}

static void
a_park_with_a_time_tells_which_came(void **state)
{
	spawn(park_until, NULL);
	turn_at(1000);
	turn_at(1100);
	turn_at(1101);
	assert_string_equal(story, "t");
	task_wake(task);
	turn_at(1150);
	assert_string_equal(story, "tw");
	turn_at(1200);
	turn_at(1201);
	assert_string_equal(story, "twt");
	task_cancel(task, ERR_CANCELLED);
	turn_at(1250);
	assert_string_equal(story, "twtc");
	turn_at(2000);
}

/* ---- cuts ---------------------------------------------------------------------------------- */

static void
wait_in_every_way(void *arg)
{
	struct group own = { 0 };
	struct err err = { 0 };
	bool timed_out;

	task = task_self(loop);
	tell(task_park_wait(loop, &why) ? 'w' : 'c');
	assert_false(task_park_wait(loop, &err));
	assert_int_equal(err.kind, why.kind);
	assert_false(task_sleep_wait(loop, 1, &err));
	assert_false(task_yield_wait(loop, &err));
	assert_false(task_park_until_wait(loop, 1, &timed_out, &err));
	assert_false(group_wait(loop, &own, &err));
	assert_int_equal(err.kind, why.kind);
	assert_true(strlen(err.text) > 0);
	tell('e');
}

static void
a_cut_is_sticky_and_the_first_reason_counts(void **state)
{
	spawn(wait_in_every_way, NULL);
	loop_turn(loop, 0);
	assert_int_equal(task_cut(task), ERR_NONE);
	task_cancel(task, ERR_DEADLINE);
	task_cancel(task, ERR_CANCELLED);
	assert_int_equal(task_cut(task), ERR_DEADLINE);
	loop_turn(loop, 0);
	assert_string_equal(story, "ce");
	assert_int_equal(why.kind, ERR_DEADLINE);
}

static void
a_task_that_is_cut_before_its_start_still_runs(void **state)
{
	spawn(wait_in_every_way, NULL);
	group_cancel(&group, ERR_CANCELLED);
	loop_turn(loop, 0);
	assert_string_equal(story, "ce");
	assert_int_equal(why.kind, ERR_CANCELLED);
}

static void
with_deadline(void *arg)
{
	task = task_self(loop);
	task_deadline(task, 1100);
	tell('p');
	while (task_park_wait(loop, &why))
		tell('w');
	tell('c');
}

static void
a_deadline_cuts(void **state)
{
	spawn(with_deadline, NULL);
	turn_at(1000);
	turn_at(1099);
	task_wake(task);
	turn_at(1099);
	assert_string_equal(story, "pw");
	turn_at(1100);
	assert_string_equal(story, "pwc");
	assert_int_equal(why.kind, ERR_DEADLINE);
}

static void
deadlines_replace_each_other(void **state)
{
	spawn(with_deadline, NULL);
	turn_at(1000);
	task_deadline(task, 1500);
	turn_at(1499);
	task_deadline(task, 0);
	turn_at(9000);
	assert_string_equal(story, "p");
	task_deadline(task, 9100);
	turn_at(9100);
	assert_string_equal(story, "pc");
}

static void
the_stopped_clock_does_not_count(void **state)
{
	spawn(with_deadline, NULL);
	turn_at(1000);
	turn_at(1040); /* 60 ms are left */
	task_clock_stop(task);
	task_clock_stop(task);
	turn_at(5000);
	task_clock_start(task);
	turn_at(6000);
	task_clock_start(task);
	turn_at(6059);
	assert_string_equal(story, "p");
	/* A deadline that is set while the clock stands counts from its start. */
	task_clock_stop(task);
	task_deadline(task, 6069);
	turn_at(7000);
	task_clock_start(task);
	turn_at(7009);
	assert_string_equal(story, "p");
	turn_at(7010);
	assert_string_equal(story, "pc");
	assert_int_equal(why.kind, ERR_DEADLINE);
}

static void
a_clock_that_never_starts_again_ends_with_the_task(void **state)
{
	spawn(with_deadline, NULL);
	turn_at(1000);
	task_clock_stop(task);
	turn_at(99000);
	assert_string_equal(story, "p");
	task_cancel(task, ERR_CANCELLED);
	turn_at(99000);
	assert_string_equal(story, "pc");
}

/* ---- groups -------------------------------------------------------------------------------- */

static void
child(void *arg)
{
	count++;
	if (!task_sleep_wait(loop, *(const unsigned *)arg, &why))
		tell('x');
	count--;
}

static void
parent(void *arg)
{
	static const unsigned ms[] = { 10, 30, 20 };
	struct group children = { 0 };
	struct err err = { 0 };
	size_t i;
	bool ok;

	task = task_self(loop);
	for (i = 0; i < COUNT(ms); i++)
		assert_true(group_spawn(loop, &children, "child", child, (void *)&ms[i], &err));
	ok = group_wait(loop, &children, &err);
	assert_int_equal(count, 0);
	assert_int_equal(children.running, 0);
	assert_null(children.first);
	tell(ok ? 'w' : err.kind == ERR_DEADLINE ? 'd' : 'c');
}

static void
a_parent_waits_for_all(void **state)
{
	spawn(parent, NULL);
	turn_at(1000);
	turn_at(1000);
	assert_int_equal(count, 3);
	assert_int_equal(loop_tasks(loop), 4);
	turn_at(1010);
	task_wake(task);
	turn_at(1020);
	turn_at(1029);
	assert_string_equal(story, "");
	turn_at(1030);
	turn_at(1030);
	assert_string_equal(story, "w");
}

static void
a_cut_parent_cuts_and_still_waits(void **state)
{
	spawn(parent, NULL);
	turn_at(1000);
	turn_at(1010);
	task_cancel(task, ERR_DEADLINE);
	turn_on();
	assert_string_equal(story, "xxxd");
	assert_int_equal(why.kind, ERR_DEADLINE);
}

static void
grandparent(void *arg)
{
	struct group children = { 0 };
	struct err err;

	assert_true(group_spawn(loop, &children, "parent", parent, NULL, &err));
	assert_true(group_spawn(loop, &children, "parent", parent, NULL, &err));
	assert_false(group_wait(loop, &children, &err));
	tell('g');
}

static void
groups_in_groups_end_from_below(void **state)
{
	spawn(grandparent, NULL);
	turn_at(1000);
	turn_at(1000);
	turn_at(1000);
	assert_int_equal(count, 6);
	group_cancel(&group, ERR_CANCELLED);
	turn_on();
	assert_int_equal(strlen(story), 9);
	assert_string_equal(story + 6, "ccg");
}

static void
stubborn(void *arg)
{
	unsigned i;

	count++;
	for (i = 0; i < 5; i++) {
		if (task_yield_wait(loop, &why) && task_sleep_wait(loop, 1000, &why))
			tell('?');
	}
	count--;
}

static void
drainer(void *arg)
{
	struct group children = { 0 };
	struct err err;
	unsigned i;

	task = task_self(loop);
	for (i = 0; i < 20; i++)
		assert_true(group_spawn(loop, &children, "stubborn", stubborn, NULL, &err));
	assert_true(task_yield_wait(loop, &err));
	assert_true(task_yield_wait(loop, &err));
	assert_int_equal(count, 20);
	task_cancel(task, ERR_CANCELLED);
	group_cancel(&children, ERR_CANCELLED);
	group_drain(loop, &children);
	assert_int_equal(count, 0);
	assert_int_equal(children.running, 0);
	tell('d');
}

static void
a_drain_is_not_cut(void **state)
{
	spawn(drainer, NULL);
	turn_on();
	assert_string_equal(story, "d");
}

static void
empty_groups(void *arg)
{
	struct group none = { 0 };

	assert_true(group_wait(loop, &none, &why));
	group_drain(loop, &none);
	group_cancel(&none, ERR_CANCELLED);
	tell('e');
}

static void
an_empty_group_is_not_waited_for(void **state)
{
	spawn(empty_groups, NULL);
	loop_turn(loop, 0);
	assert_string_equal(story, "e");
}

/* ---- many ---------------------------------------------------------------------------------- */

static void
one_of_many(void *arg)
{
	count++;
}

static void
ten_thousand_one_after_another(void **state)
{
	unsigned i;

	for (i = 0; i < 10000; i++) {
		spawn(one_of_many, NULL);
		loop_turn(loop, 0);
	}
	assert_int_equal(count, 10000);
}

static void
the_ceiling_is_told(void **state)
{
	struct err err = { 0 };
	unsigned i;

	loop_set_tasks_max(loop, 300);
	for (i = 0; i < 300; i++)
		spawn(one_of_many, NULL);
	assert_false(group_spawn(loop, &group, "one more", one_of_many, NULL, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.text, "300"));
	loop_turn(loop, 0);
	assert_int_equal(count, 300);
	spawn(one_of_many, NULL);
	loop_turn(loop, 0);
	assert_int_equal(count, 301);
}

static void
a_long_name_is_cut(void **state)
{
	struct err err;

	assert_true(group_spawn(loop, &group, "a name that is longer than what there is room for",
	    park_once, NULL, &err));
	loop_turn(loop, 0);
	assert_int_equal(strlen(task_name(task)), TASK_NAME - 1);
	task_wake(task);
	loop_turn(loop, 0);
}

/* ---- stacks -------------------------------------------------------------------------------- */

static volatile unsigned depth_wanted;

static __attribute__((noinline)) unsigned
dig(unsigned depth)
{
	volatile char hole[256];
	unsigned below;

	hole[0] = (char)depth;
	hole[255] = 1;
	below = depth == depth_wanted ? 0 : dig(depth + 1);
	__asm__ volatile("" : : "r"(hole) : "memory"); /* the hole is needed until here */
	return below + (unsigned)hole[255];
}

static void
digger(void *arg)
{
	count = dig(0);
}

/* Runs fn as a task in a process of its own; returns how that ended. */
static int
in_a_fork(void (*fn)(void *arg))
{
	struct rlimit no_core = { 0, 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		spawn(fn, NULL);
		loop_turn(loop, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
a_stack_that_is_too_deep_hits_the_guard(void **state)
{
	depth_wanted = 40;
	assert_int_equal(in_a_fork(digger), 0);
	depth_wanted = 100000;
	assert_int_not_equal(in_a_fork(digger), 0);
}

static void
park_in_the_loop(struct deferred *self)
{
	struct err err;

	if (task_park_wait(loop, &err))
		tell('?');
}

static void
leave_a_task(void *arg)
{
	struct group own = { 0 };
	struct err err;

	if (!group_spawn(loop, &own, "left", park_once, NULL, &err))
		_exit(0);
}

static void
what_must_not_be_ends_the_process(void **state)
{
	struct deferred deferred = { 0 };
	struct rlimit no_core = { 0, 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) { /* the ground floor cannot park */
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		loop_defer(loop, &deferred, park_in_the_loop);
		loop_turn(loop, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_not_equal(status, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) { /* a loop does not end before its tasks */
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		spawn(leave_a_task, NULL);
		loop_turn(loop, 0);
		loop_free(&loop);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_not_equal(status, 0);
}

static void
paint_shows_how_deep_it_was(void **state)
{
	size_t before;

	task_stack_paint(true);
	depth_wanted = 4;
	spawn(digger, NULL);
	loop_turn(loop, 0);
	before = task_stack_high_water();
	assert_in_range(before, 4 * 256, 16 * KIB);
	depth_wanted = 40;
	spawn(digger, NULL);
	loop_turn(loop, 0);
	assert_in_range(task_stack_high_water(), before + 36 * 256, TASK_STACK_BYTES);
	task_stack_paint(false);
}

/* Floating point and callee-saved registers live across a park. */
static void
compute(void *arg)
{
	double a = *(double *)arg, b = a * 3, c = b + a, d = c * b;
	unsigned i;

	for (i = 0; i < 50; i++) {
		assert_true(task_yield_wait(loop, &why));
		a += 1;
		b += a;
		c -= b;
		d += c;
	}
	*(double *)arg = a + b + c + d;
}

static void
registers_survive(void **state)
{
	double in[8], expected, a, b, c, d;
	unsigned i, k;

	for (i = 0; i < COUNT(in); i++) {
		in[i] = i + 0.5;
		spawn(compute, &in[i]);
	}
	for (k = 0; k <= 50; k++)
		loop_turn(loop, 0);
	for (i = 0; i < COUNT(in); i++) {
		a = i + 0.5, b = a * 3, c = b + a, d = c * b;
		for (k = 0; k < 50; k++) {
			a += 1;
			b += a;
			c -= b;
			d += c;
		}
		expected = a + b + c + d;
		assert_true(in[i] == expected);
	}
}

/* More than a task's stack has, so that it would hit the guard there. */
__attribute__((noinline)) static unsigned
deep_sum(volatile char *from, unsigned left)
{
	volatile char block[1000];

	block[0] = (char)left;
	block[999] = from != NULL ? from[0] : 0;
	return left == 0 ? (unsigned char)block[999] : 1 + deep_sum(block, left - 1);
}

static void
deep(void *arg)
{
	assert_null(task_self(loop));
	tell('d');
	*(unsigned *)arg = deep_sum(NULL, 3 * TASK_STACK_BYTES / 1000);
	if (task != NULL)
		task_wake(task); /* it does not begin in the middle */
}

static void
call_deep(void *arg)
{
	unsigned *sum = arg;

	task = task_self(loop);
	tell('a');
	loop_call_deep(loop, deep, sum);
	assert_ptr_equal(task_self(loop), task);
	tell('b');
	loop_call_deep(loop, deep, sum);
	assert_true(task_park_wait(loop, &why));
	tell('c');
	task = NULL;
}

static void
what_is_deep_runs_on_the_stack_of_the_loop(void **state)
{
	unsigned sum = 0;

	spawn(call_deep, &sum);
	loop_turn(loop, 0);
	assert_string_equal(story, "adbdc");
	assert_true(sum >= 3 * TASK_STACK_BYTES / 1000);
	/* Without a task it is a call. */
	story[0] = '\0';
	loop_call_deep(loop, deep, &sum);
	assert_string_equal(story, "d");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_task_starts_at_the_end_of_the_turn_and_parks),
		CASE(a_wake_before_the_park_is_not_lost),
		CASE(yields_take_turns),
		CASE(a_wake_during_a_yield_is_kept_for_the_park),
		CASE(sleep_is_not_shortened_by_wakes),
		CASE(a_park_with_a_time_tells_which_came),
		CASE(a_cut_is_sticky_and_the_first_reason_counts),
		CASE(a_task_that_is_cut_before_its_start_still_runs),
		CASE(a_deadline_cuts),
		CASE(deadlines_replace_each_other),
		CASE(the_stopped_clock_does_not_count),
		CASE(a_clock_that_never_starts_again_ends_with_the_task),
		CASE(a_parent_waits_for_all),
		CASE(a_cut_parent_cuts_and_still_waits),
		CASE(groups_in_groups_end_from_below),
		CASE(a_drain_is_not_cut),
		CASE(an_empty_group_is_not_waited_for),
		CASE(ten_thousand_one_after_another),
		CASE(the_ceiling_is_told),
		CASE(a_long_name_is_cut),
		CASE(a_stack_that_is_too_deep_hits_the_guard),
		CASE(what_must_not_be_ends_the_process),
		CASE(paint_shows_how_deep_it_was),
		CASE(registers_survive),
		CASE(what_is_deep_runs_on_the_stack_of_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

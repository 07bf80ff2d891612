/*
 * Timers: order, moving, stopping from anywhere, and that no timer can hold a turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_double.h"

#define MANY 2000

struct shot {
	struct timer timer;
	uint64_t due_ms;
	unsigned fired;
};

static struct machine machine;
static struct loop *loop;
static struct shot shots[MANY];
static unsigned fired;
static uint64_t last_ms;

static int
setup(void **state)
{
	loop = machine_loop(&machine);
	memset(shots, 0, sizeof(shots));
	fired = 0;
	last_ms = 0;
	return 0;
}

static int
teardown(void **state)
{
	machine_end(&machine, &loop);
	return 0;
}

static uint64_t
random_of(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

static void
on_fire(struct timer *timer)
{
	struct shot *shot = CONTAINER(timer, struct shot, timer);

	assert_int_equal(timer->place, 0);
	assert_true(shot->due_ms <= loop_now_ms(loop));
	assert_true(shot->due_ms >= last_ms);
	last_ms = shot->due_ms;
	shot->fired++;
	fired++;
}

static void
start(struct shot *shot, uint64_t at_ms)
{
	shot->due_ms = at_ms;
	timer_start(loop, &shot->timer, at_ms, on_fire);
}

static void
turn_at(uint64_t ms)
{
	machine.now_ms = ms;
	loop_turn(loop, 0);
}

static void
fires_when_due_and_once(void **state)
{
	start(&shots[0], 1010);
	turn_at(1009);
	assert_int_equal(fired, 0);
	turn_at(1010);
	assert_int_equal(fired, 1);
	turn_at(5000);
	assert_int_equal(fired, 1);
	/* One whose time is past already comes in this turn. */
	last_ms = 0;
	start(&shots[0], 3);
	turn_at(5000);
	assert_int_equal(fired, 2);
}

/* Every order of due times, moved and stopped at random, against the plain truth. */
static void
any_mix_comes_in_order(void **state)
{
	uint64_t seed = 12345;
	unsigned i, expected = 0;

	for (i = 0; i < MANY; i++)
		start(&shots[i], 2000 + random_of(&seed, 500));
	for (i = 0; i < MANY; i++) {
		switch (random_of(&seed, 4)) {
		case 0:
			timer_stop(loop, &shots[i].timer);
			shots[i].due_ms = 0;
			break;
		case 1:
			start(&shots[i], 2000 + random_of(&seed, 500));
			break;
		}
	}
	for (i = 2000; i < 2500; i += 7)
		turn_at(i);
	turn_at(2500);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(shots[i].fired, shots[i].due_ms != 0);
		assert_int_equal(shots[i].timer.place, 0);
		expected += shots[i].due_ms != 0;
	}
	assert_int_equal(fired, expected);
}

static void
stopping_twice_or_never_started_is_nothing(void **state)
{
	timer_stop(loop, &shots[0].timer);
	start(&shots[0], 1001);
	timer_stop(loop, &shots[0].timer);
	timer_stop(loop, &shots[0].timer);
	turn_at(2000);
	assert_int_equal(fired, 0);
}

static void
stop_the_next(struct timer *timer)
{
	struct shot *shot = CONTAINER(timer, struct shot, timer);

	fired++;
	timer_stop(loop, &shot[1].timer);
}

static void
one_may_stop_another_that_is_due(void **state)
{
	timer_start(loop, &shots[0].timer, 1001, stop_the_next);
	start(&shots[1], 1002);
	start(&shots[2], 1003);
	turn_at(2000);
	assert_int_equal(fired, 2);
	assert_int_equal(shots[1].fired, 0);
	assert_int_equal(shots[2].fired, 1);
}

static void
start_again(struct timer *timer)
{
	fired++;
	timer_start(loop, timer, 0, start_again);
}

static void
a_restart_waits_for_the_next_turn_and_starves_nobody(void **state)
{
	timer_start(loop, &shots[0].timer, 0, start_again);
	start(&shots[1], 1000);
	turn_at(1000);
	assert_int_equal(fired, 2);
	assert_int_equal(shots[1].fired, 1);
	turn_at(1001);
	assert_int_equal(fired, 3);
	timer_stop(loop, &shots[0].timer);
}

static void
the_far_future_is_no_trouble(void **state)
{
	start(&shots[0], UINT64_MAX);
	start(&shots[1], UINT64_MAX - 1);
	loop_turn(loop, -1);
	turn_at(1u << 31);
	assert_int_equal(fired, 0);
	timer_stop(loop, &shots[0].timer);
	timer_stop(loop, &shots[1].timer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fires_when_due_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(any_mix_comes_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    stopping_twice_or_never_started_is_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(one_may_stop_another_that_is_due, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_restart_waits_for_the_next_turn_and_starves_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(the_far_future_is_no_trouble, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

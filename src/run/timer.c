/*
 * timer: due times in a binary heap of pointers; the timers themselves lie in what they belong to.
 *
 * Each timer knows its place (1-based), so that stopping and moving one costs a walk along one
 * branch. A timer that is started while timers fire is due in the next turn at the earliest: no
 * function can keep a turn going by restarting its timer.
 */
#include <string.h>

#include "run/loop_private.h"

#define ROOM_FIRST 64

static void
put(struct timers *timers, size_t place, struct timer *timer)
{
	timers->heap[place] = timer;
	timer->place = place;
}

static void
move_up(struct timers *timers, size_t place, struct timer *timer)
{
	while (place > 1 && timers->heap[place / 2]->at_ms > timer->at_ms) {
		put(timers, place, timers->heap[place / 2]);
		place /= 2;
	}
	put(timers, place, timer);
}

static void
move_down(struct timers *timers, size_t place, struct timer *timer)
{
	size_t child;

	while ((child = place * 2) <= timers->n) {
		if (child < timers->n &&
		    timers->heap[child + 1]->at_ms < timers->heap[child]->at_ms)
			child++;
		if (timers->heap[child]->at_ms >= timer->at_ms)
			break;
		put(timers, place, timers->heap[child]);
		place = child;
	}
	put(timers, place, timer);
}

/* Gives timer the place where its due time belongs, from place, which is free or its own. */
static void
settle(struct timers *timers, size_t place, struct timer *timer)
{
	if (place > 1 && timers->heap[place / 2]->at_ms > timer->at_ms)
		move_up(timers, place, timer);
	else
		move_down(timers, place, timer);
}

static void
make_room(struct timers *timers)
{
	struct timer **larger;
	size_t room = timers->room == 0 ? ROOM_FIRST : timers->room * 2;

	if (timers->n + 1 < timers->room)
		return;
	larger = mem_new(room * sizeof(*larger));
	if (timers->n > 0)
		memcpy(larger, timers->heap, (timers->n + 1) * sizeof(*larger));
	mem_free(timers->heap);
	timers->heap = larger;
	timers->room = room;
}

void
timer_start(struct loop *loop, struct timer *timer, uint64_t at_ms, void (*fn)(struct timer *))
{
	struct timers *timers = &loop->timers;
	size_t place = timer->place;

	if (timers->is_firing && at_ms <= loop_now_ms(loop))
		at_ms = loop_now_ms(loop) + 1;
	timer->at_ms = at_ms;
	timer->fn = fn;
	if (place == 0) {
		make_room(timers);
		place = ++timers->n;
	}
	must_slow(place <= timers->n);
	settle(timers, place, timer);
}

void
timer_stop(struct loop *loop, struct timer *timer)
{
	struct timers *timers = &loop->timers;
	struct timer *last;
	size_t place = timer->place;

	if (place == 0)
		return;
	must(place <= timers->n && timers->heap[place] == timer);
	timer->place = 0;
	last = timers->heap[timers->n--];
	if (last != timer)
		settle(timers, place, last);
}

int64_t
timers_wait_ms(const struct loop *loop, uint64_t now_ms)
{
	const struct timers *timers = &loop->timers;
	uint64_t at_ms;

	if (timers->n == 0)
		return -1;
	at_ms = timers->heap[1]->at_ms;
	if (at_ms <= now_ms)
		return 0;
	return at_ms - now_ms < INT64_MAX ? (int64_t)(at_ms - now_ms) : INT64_MAX;
}

void
timers_fire(struct loop *loop, uint64_t now_ms)
{
	struct timers *timers = &loop->timers;
	struct timer *timer;

	timers->is_firing = true;
	while (timers->n > 0 && timers->heap[1]->at_ms <= now_ms) {
		timer = timers->heap[1];
		timer_stop(loop, timer);
		timer->fn(timer);
	}
	timers->is_firing = false;
}

void
timers_fini(struct loop *loop)
{
	mem_free(loop->timers.heap);
	loop->timers.heap = NULL;
	loop->timers.n = loop->timers.room = 0;
}

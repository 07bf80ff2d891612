/*
 * The inside of the loop, shared by loop.c (turns, deferred work), timer.c (the heap) and task.c
 * (tasks and their stacks).  Everything here is of one thread.
 *
 * Invariants: a task is resumed by its place in the queue and from nowhere else; while a task runs,
 * tasks.current is it and the loop itself stands still in loop_turn().
 */
#ifndef RUN_LOOP_PRIVATE_H
#define RUN_LOOP_PRIVATE_H

#include "run/run.h"
#include "run/task_switch.h"

/* Timers by due time; heap[1] is the first. */
struct timers {
	struct timer **heap;
	size_t n, room;
	bool is_firing;
};

struct tasks {
	struct task *current;
	struct task *first; /* all that have not ended, newest first; for the debugger too */
	unsigned n, max;
	struct task *pool; /* ended ones, whose stacks wait for the next */
	unsigned pooled;
	struct task_context context; /* where the loop stands while a task runs */
	void (*errand)(void *arg);   /* to be done there for that task, which goes on then */
	void *errand_arg;
	struct task_notes notes; /* what sanitizers know of the loop's own stack */
};

/* The longest turn of this minute and of the one before. */
struct lag {
	uint64_t minute, now_us, before_us;
};

struct loop {
	const struct seam_ops *ops;
	void *seam;
	struct log *log;
	struct metrics *metrics;
	struct lag lag;
	struct memory memory;
	uint64_t seed;
	struct deferred queue; /* heads of rings: what waits for the end of a turn ... */
	struct deferred batch; /* ... and what of it is being done now */
	struct timers timers;
	struct tasks tasks;
	bool is_stopping;
	struct service *service; /* its sockets; NULL: none */
	struct loop *older;	 /* of this thread */
};

/* Milliseconds until the first timer, -1 when there is none. */
int64_t timers_wait_ms(const struct loop *loop, uint64_t now_ms);
void timers_fire(struct loop *loop, uint64_t now_ms);
void timers_fini(struct loop *loop);

/* A turn worked for so long before it looked for events again; told by the seam. */
void loop_worked(struct loop *loop, uint64_t us);

/* The socket at an address that was handed over, which is the caller's now; -1: there is none.
 * service may be NULL. */
int service_socket(struct service *service, const struct address *at);

void tasks_init(struct loop *loop);
void tasks_fini(struct loop *loop);

#endif

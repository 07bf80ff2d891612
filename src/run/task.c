/*
 * task: stackful coroutines, their groups, deadlines and cancellation.
 *
 * A task and its stack are one mapping: a guard page, 64 KiB, and at the upper end struct task.
 * Ended ones are kept for the next.  A task runs when its turn comes in the loop's queue and until
 * it parks or returns; waking only queues it.  A cut is sticky, the first reason counts, and nobody
 * is killed: the wait in progress returns false.  Switching itself and what tools want to know of
 * it is in task_switch.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/loop_private.h"

#define TASKS_MAX_DEFAULT 4000u
#define POOLED_MAX	  64u
#define PAINT		  0xb4b4b4b4b4b4b4b4u

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

struct task {
	struct deferred run;	     /* queued: it goes on when its turn comes */
	struct task_context context; /* where it stands while it does not run */
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
	const char *waits_for; /* for the debugger */
	enum errkind cut;
	bool is_parked, is_woken, is_nap_over, has_ended;
	struct group *group;
	struct task *next, *prev;	  /* of the group */
	struct task *all_next, *all_prev; /* of the loop; all_next of the pool too */
	struct timer deadline, nap;
	uint64_t left_ms; /* of the deadline, while the clock stands */
	bool has_deadline;
	unsigned clock_stops;
	char name[TASK_NAME];
	char *map; /* the guard page, then the stack */
	size_t map_bytes, guard_bytes;
	struct task_notes notes;
};

/* Of all loops: the painting is for tests, which want one number at the end. */
static bool is_painting;
static size_t high_water;

/* ---- stacks -------------------------------------------------------------------------------- */

static char *
stack_bottom(const struct task *task)
{
	return task->map + task->guard_bytes;
}

static size_t
stack_bytes(const struct task *task)
{
	return (size_t)((const char *)task - stack_bottom(task));
}

/* Word by word and not instrumented: the stack is full of red zones. */
__attribute__((no_sanitize("address", "thread"))) static void
paint(struct task *task)
{
	volatile uint64_t *at = (uint64_t *)(void *)stack_bottom(task);
	volatile uint64_t *end = at + stack_bytes(task) / sizeof(*at);

	task_notes_hush(true);
	while (at < end)
		*at++ = PAINT;
	task_notes_hush(false);
}

__attribute__((no_sanitize("address", "thread"))) static void
measure(const struct task *task)
{
	volatile uint64_t *at = (uint64_t *)(void *)stack_bottom(task);
	volatile uint64_t *end = at + stack_bytes(task) / sizeof(*at);
	size_t deep;

	task_notes_hush(true);
	while (at < end && *at == PAINT)
		at++;
	task_notes_hush(false);
	deep = (size_t)(end - at) * sizeof(*at);
	if (deep > high_water)
		high_water = deep;
}

/*
 * A guard region costs no mapping of its own where the kernel has them (Linux 6.13); else the page
 * is protected, which splits the mapping in two.
 */
static bool
guard(char *map, size_t n)
{
	return madvise(map, n, MADV_GUARD_INSTALL) == 0 || mprotect(map, n, PROT_NONE) == 0;
}

static struct task *
task_map(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t n = page + ((TASK_STACK_BYTES + page - 1) & ~(page - 1));
	char *map = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	struct task *task;

	if (map == MAP_FAILED)
		return NULL;
	if (!guard(map, page)) {
		munmap(map, n);
		return NULL;
	}
	/* Where huge pages are given to everybody, stacks would grow to them. No harm if it fails.
	 */
	madvise(map, n, MADV_NOHUGEPAGE);
	task = (struct task *)(void *)(map + ((n - sizeof(struct task)) & ~(size_t)63));
	task->map = map;
	task->map_bytes = n;
	task->guard_bytes = page;
	task_notes_stack_new(&task->notes, stack_bottom(task), stack_bytes(task));
	return task;
}

static void
task_unmap(struct task *task)
{
	task_notes_stack_free(&task->notes);
	munmap(task->map, task->map_bytes);
}

static struct task *
task_take(struct tasks *tasks)
{
	struct task *task = tasks->pool, old;

	if (task == NULL)
		return task_map();
	tasks->pool = task->all_next;
	tasks->pooled--;
	old = *task;
	*task = (struct task){ .map = old.map,
		.map_bytes = old.map_bytes,
		.guard_bytes = old.guard_bytes,
		.notes = old.notes };
	return task;
}

static void
task_give(struct tasks *tasks, struct task *task)
{
	if (tasks->pooled >= POOLED_MAX) {
		task_unmap(task);
		return;
	}
	task->all_next = tasks->pool;
	tasks->pool = task;
	tasks->pooled++;
}

void
task_stack_paint(bool on)
{
	is_painting = on;
}

size_t
task_stack_high_water(void)
{
	return high_water;
}

/* ---- switching ----------------------------------------------------------------------------- */

/* From the task to the loop, until task_go() comes back. */
static void
task_leave(struct task *task)
{
	struct tasks *tasks = &task->loop->tasks;

	task_notes_leave(&task->notes, &tasks->notes, task->has_ended);
	task_context_switch(&task->context, &tasks->context);
	task_notes_enter(&task->notes, &tasks->notes);
}

static void
task_main(void *arg)
{
	struct task *task = arg;

	task_notes_enter(&task->notes, &task->loop->tasks.notes);
	task->fn(task->arg);
	task->has_ended = true;
	task_leave(task);
	must(!"an ended task was resumed");
}

/* On the loop's stack: takes an ended task out of everything. */
static void
task_bury(struct task *task)
{
	struct tasks *tasks = &task->loop->tasks;
	struct group *group = task->group;

	timer_stop(task->loop, &task->deadline);
	deferred_stop(task->loop, &task->run);
	task_notes_end(&task->notes);
	if (is_painting)
		measure(task);
	if (task->prev != NULL)
		task->prev->next = task->next;
	else
		group->first = task->next;
	if (task->next != NULL)
		task->next->prev = task->prev;
	if (task->all_prev != NULL)
		task->all_prev->all_next = task->all_next;
	else
		tasks->first = task->all_next;
	if (task->all_next != NULL)
		task->all_next->all_prev = task->all_prev;
	tasks->n--;
	group->running--;
	if (group->running == 0 && group->waiter != NULL)
		task_wake(group->waiter);
	task_give(tasks, task);
}

/* On the loop's stack, which the task has left for it. */
static bool
errand_done(struct tasks *tasks)
{
	void (*errand)(void *arg) = tasks->errand;

	if (errand == NULL)
		return false;
	tasks->errand = NULL;
	errand(tasks->errand_arg);
	return true;
}

/* The queue has come to the task: runs it until it parks or ends. */
static void
task_go(struct deferred *run)
{
	struct task *task = CONTAINER(run, struct task, run);
	struct tasks *tasks = &task->loop->tasks;

	must(tasks->current == NULL);
	do {
		tasks->current = task;
		task->is_parked = false;
		task_notes_leave(&tasks->notes, &task->notes, 0);
		task_context_switch(&tasks->context, &task->context);
		task_notes_enter(&tasks->notes, NULL);
		tasks->current = NULL;
	} while (errand_done(tasks));
	if (task->has_ended)
		task_bury(task);
}

void
loop_call_deep(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct tasks *tasks = &loop->tasks;

	if (tasks->current == NULL) {
		fn(arg);
		return;
	}
	tasks->errand = fn;
	tasks->errand_arg = arg;
	task_leave(tasks->current);
}

/* Until woken; a wake that came before counts. Cuts wake too, but are not looked at here. */
static void
task_park(struct task *task, const char *waits_for)
{
	if (!task->is_woken) {
		task->waits_for = waits_for;
		task->is_parked = true;
		task_leave(task);
	}
	task->is_woken = false;
}

void
task_wake(struct task *task)
{
	task->is_woken = true;
	if (task->is_parked)
		loop_defer(task->loop, &task->run, task_go);
}

/* ---- cuts and deadlines -------------------------------------------------------------------- */

static bool
check_cut(const struct task *task, struct err *err)
{
	if (task->cut == ERR_NONE)
		return true;
	return err_set(err, task->cut,
	    task->cut == ERR_DEADLINE	     ? "the time for it is over"
		: task->cut == ERR_CANCELLED ? "it was cancelled"
					     : "it was cut short");
}

void
task_cancel(struct task *task, enum errkind why)
{
	must(why != ERR_NONE);
	if (task->cut != ERR_NONE)
		return;
	task->cut = why;
	task_wake(task);
}

enum errkind
task_cut(const struct task *task)
{
	return task->cut;
}

static void
deadline_passed(struct timer *timer)
{
	task_cancel(CONTAINER(timer, struct task, deadline), ERR_DEADLINE);
}

void
task_deadline(struct task *task, uint64_t at_ms)
{
	uint64_t now_ms = loop_now_ms(task->loop);

	timer_stop(task->loop, &task->deadline);
	task->has_deadline = at_ms != 0;
	task->left_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	if (task->has_deadline && task->clock_stops == 0)
		timer_start(task->loop, &task->deadline, at_ms, deadline_passed);
}

void
task_clock_stop(struct task *task)
{
	uint64_t now_ms = loop_now_ms(task->loop);

	if (task->clock_stops++ > 0 || !task->has_deadline)
		return;
	task->left_ms = task->deadline.at_ms > now_ms ? task->deadline.at_ms - now_ms : 0;
	timer_stop(task->loop, &task->deadline);
}

void
task_clock_start(struct task *task)
{
	must(task->clock_stops > 0);
	if (--task->clock_stops == 0 && task->has_deadline)
		timer_start(task->loop, &task->deadline, loop_now_ms(task->loop) + task->left_ms,
		    deadline_passed);
}

/* ---- waits --------------------------------------------------------------------------------- */

static struct task *
self_of(struct loop *loop)
{
	must(loop->tasks.current != NULL);
	return loop->tasks.current;
}

struct task *
task_self(struct loop *loop)
{
	return loop->tasks.current;
}

const char *
task_name(const struct task *task)
{
	return task->name;
}

bool
task_park_wait(struct loop *loop, struct err *err)
{
	struct task *self = self_of(loop);

	if (self->cut == ERR_NONE)
		task_park(self, "a wake");
	return check_cut(self, err);
}

static void
nap_over(struct timer *timer)
{
	struct task *task = CONTAINER(timer, struct task, nap);

	task->is_nap_over = true;
	task_wake(task);
}

bool
task_park_until_wait(struct loop *loop, uint64_t at_ms, bool *timed_out, struct err *err)
{
	struct task *self = self_of(loop);

	*timed_out = false;
	if (self->cut == ERR_NONE) {
		self->is_nap_over = false;
		timer_start(loop, &self->nap, at_ms, nap_over);
		task_park(self, "a wake or a time");
		timer_stop(loop, &self->nap);
		*timed_out = self->is_nap_over;
	}
	return check_cut(self, err);
}

bool
task_sleep_wait(struct loop *loop, uint64_t ms, struct err *err)
{
	uint64_t at_ms = loop_now_ms(loop) + ms;
	bool is_over = false;

	while (!is_over) {
		if (!task_park_until_wait(loop, at_ms, &is_over, err))
			return false;
	}
	return true;
}

bool
task_yield_wait(struct loop *loop, struct err *err)
{
	struct task *self = self_of(loop);

	if (self->cut == ERR_NONE) {
		self->waits_for = "the next turn";
		loop_defer(loop, &self->run, task_go);
		task_leave(self);
	}
	return check_cut(self, err);
}

struct helper_wait {
	void (*work)(void *arg);
	void *arg;
	struct task *task;
	bool is_done;
};

static void
helper_work(void *arg)
{
	struct helper_wait *wait = arg;

	wait->work(wait->arg);
}

static void
helper_done(void *arg)
{
	struct helper_wait *wait = arg;

	wait->is_done = true;
	task_wake(wait->task);
}

void
helper_run_wait(struct loop *loop, const char *helper, void (*work)(void *arg), void *arg)
{
	struct helper_wait wait = { .work = work, .arg = arg, .task = self_of(loop) };

	loop->ops->offload(loop->seam, helper, helper_work, helper_done, &wait);
	while (!wait.is_done)
		task_park(wait.task, "a helper thread");
}

/* ---- groups -------------------------------------------------------------------------------- */

static void
enlist(struct loop *loop, struct group *group, struct task *task)
{
	task->next = group->first;
	if (task->next != NULL)
		task->next->prev = task;
	group->first = task;
	group->running++;
	task->all_next = loop->tasks.first;
	if (task->all_next != NULL)
		task->all_next->all_prev = task;
	loop->tasks.first = task;
	loop->tasks.n++;
}

bool
group_spawn(struct loop *loop, struct group *group, const char *name, void (*fn)(void *arg),
    void *arg, struct err *err)
{
	struct tasks *tasks = &loop->tasks;
	struct task *task;

	if (tasks->n >= tasks->max)
		return err_set(err, ERR_LIMIT,
		    "%s: too many things at once: %u tasks are running; "
		    "try again later",
		    name, tasks->n);
	task = task_take(tasks);
	if (task == NULL)
		return err_set(err, ERR_LIMIT,
		    "%s: no memory for the stack of a task beside %u others", name, tasks->n);
	task->loop = loop;
	task->group = group;
	task->fn = fn;
	task->arg = arg;
	task->waits_for = "its start";
	task->is_parked = true;
	strncpy(task->name, name, sizeof(task->name) - 1);
	enlist(loop, group, task);
	task_notes_begin(&task->notes);
	if (is_painting)
		paint(task);
	task_context_init(&task->context, stack_bottom(task), stack_bytes(task), task_main, task);
	loop_defer(loop, &task->run, task_go);
	return true;
}

void
group_cancel(struct group *group, enum errkind why)
{
	struct task *task;

	for (task = group->first; task != NULL; task = task->next)
		task_cancel(task, why);
}

bool
group_wait(struct loop *loop, struct group *group, struct err *err)
{
	struct task *self = self_of(loop);

	must(group->waiter == NULL);
	group->waiter = self;
	while (group->running > 0) {
		if (self->cut != ERR_NONE)
			group_cancel(group, self->cut);
		task_park(self, "its group");
	}
	group->waiter = NULL;
	return check_cut(self, err);
}

void
group_drain(struct loop *loop, struct group *group)
{
	struct task *self = self_of(loop);

	must(group->waiter == NULL);
	group->waiter = self;
	while (group->running > 0)
		task_park(self, "its group to drain");
	group->waiter = NULL;
}

/* ---- the loop's ---------------------------------------------------------------------------- */

void
loop_set_tasks_max(struct loop *loop, unsigned max)
{
	loop->tasks.max = max;
}

unsigned
loop_tasks(const struct loop *loop)
{
	return loop->tasks.n;
}

void
tasks_init(struct loop *loop)
{
	loop->tasks.max = TASKS_MAX_DEFAULT;
}

void
tasks_fini(struct loop *loop)
{
	struct tasks *tasks = &loop->tasks;
	struct task *task;

	while ((task = tasks->pool) != NULL) {
		tasks->pool = task->all_next;
		task_unmap(task);
	}
	tasks->pooled = 0;
}

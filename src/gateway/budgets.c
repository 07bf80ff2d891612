/*
 * What was used of today's budgets (guard.rate) in a file of the process's state directory: read
 * before anything passes, written every few seconds where it has changed, and at the end.  A file
 * that cannot be read is told, and the day begins anew.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/hub.h"

#define HELPER	   "budgets"
#define FILE_NAME  "budgets"
#define FILE_BYTES (8 * MIB)
#define WRITE_MS   5000

struct budgets {
	struct hub *hub;
	char dir[SLOT_PATH];
	struct group group;
	struct task *task; /* NULL: it has ended */
	bool is_ending, is_failing;
	uint64_t written; /* hash of what is in the file; 0: not known */
	/* Of the helper thread while a job runs. */
	struct buf text;
	bool is_there, ok;
	struct err err;
};

/* ---- on the helper thread -------------------------------------------------------------------- */

static void
job_read(void *arg)
{
	struct budgets *budgets = arg;

	budgets->err = (struct err){ 0 };
	budgets->ok = store_file_read(
	    budgets->dir, FILE_NAME, &budgets->text, &budgets->is_there, &budgets->err);
}

static void
job_write(void *arg)
{
	struct budgets *budgets = arg;

	budgets->err = (struct err){ 0 };
	budgets->ok =
	    store_file_write(budgets->dir, FILE_NAME, buf_view(&budgets->text), &budgets->err);
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static void
load_wait(struct budgets *budgets)
{
	struct hub *hub = budgets->hub;
	struct err err = { 0 };

	helper_run_wait(hub->loop, HELPER, job_read, budgets);
	if (!budgets->ok)
		err = budgets->err;
	else if (!budgets->is_there ||
	    guard_budgets_load(hub->now->guard, buf_view(&budgets->text), loop_now_ms(hub->loop),
		(int64_t)(loop_unix_ms(hub->loop) / 1000), &err))
		return;
	log_event(loop_log(hub->loop), LOG_WARN, "budgets_lost",
	    "budgets of today begin anew: %s%s%s%s", budgets->ok ? budgets->dir : "",
	    budgets->ok ? "/" FILE_NAME : "", budgets->ok ? ": " : "", err.text);
}

/* Where there is something new. */
static void
save_wait(struct budgets *budgets)
{
	struct hub *hub = budgets->hub;
	uint64_t hash;

	buf_clear(&budgets->text);
	guard_budgets_put(hub->now->guard, &budgets->text);
	hash = hash_bytes(buf_view(&budgets->text), loop_seed(hub->loop));
	if (budgets->text.n == 0 || hash == budgets->written)
		return;
	helper_run_wait(hub->loop, HELPER, job_write, budgets);
	budgets->written = budgets->ok ? hash : 0;
	if (!budgets->ok && !budgets->is_failing)
		log_event(loop_log(hub->loop), LOG_WARN, "budgets_failing",
		    "budgets: %s; it is tried again", budgets->err.text);
	budgets->is_failing = !budgets->ok;
}

static void
saver_main(void *arg)
{
	struct budgets *budgets = arg;
	struct loop *loop = budgets->hub->loop;
	struct err err;
	bool timed_out;

	budgets->task = task_self(loop);
	while (!budgets->is_ending) {
		must(task_park_until_wait(loop, loop_now_ms(loop) + WRITE_MS, &timed_out, &err));
		save_wait(budgets);
	}
	budgets->task = NULL;
}

bool
hub_keep_budgets_wait(struct hub *hub, const char *dir, struct err *err)
{
	struct budgets *budgets = MEM_NEW(struct budgets);

	must(hub->budgets == NULL);
	budgets->hub = hub;
	snprintf(budgets->dir, sizeof(budgets->dir), "%s", dir);
	buf_init(&budgets->text, NULL, FILE_BYTES);
	load_wait(budgets);
	hub->budgets = budgets;
	if (group_spawn(hub->loop, &budgets->group, "budgets", saver_main, budgets, err))
		return true;
	budgets_free_wait(&hub->budgets);
	return false;
}

void
budgets_free_wait(struct budgets **at)
{
	struct budgets *budgets = *at;

	*at = NULL;
	if (budgets == NULL)
		return;
	budgets->is_ending = true;
	if (budgets->task != NULL)
		task_wake(budgets->task);
	group_drain(budgets->hub->loop, &budgets->group);
	buf_fini(&budgets->text);
	mem_free(budgets);
}

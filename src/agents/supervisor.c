/*
 * The supervisor's life: it opens with what an earlier process left, and closes when the last run
 * has ended.  And what the control socket, health and metrics ask of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/supervisor.h"

#define SWEEP_MS    60000
#define PROBE_GRACE 1000
#define LIST_MOST   1000

/* ---- what isolates here ---------------------------------------------------------------------- */

/*
 * A program that does nothing is started as runs are, so that maf_status can say what will be in
 * force before the first run; a run that has started says it better.
 */
struct probe {
	struct agents *agents;
	struct task *task;
	bool is_over;
};

static void
probe_ended(void *owner, int status)
{
	struct probe *probe = owner;

	(void)status;
	probe->is_over = true;
	task_wake(probe->task);
}

static void
probe_story(void *arg)
{
	static const char *const argv[] = { "/bin/true", NULL },
				 *const env[] = { "PATH=/bin", NULL };
	static const char *const read[] = { ISOLATION_SYSTEM, NULL };
	struct child_isolation isolation = { .read = read, .network = ISOLATION_NONE };
	struct child_spec spec = { .argv = argv, .env = env, .isolation = &isolation };
	struct agents *agents = arg;
	struct probe probe = { .agents = agents, .task = task_self(agents->loop) };
	struct child *child;
	struct buf words;
	struct err err;

	if (!child_open_wait(agents->loop, &spec, &child, &err)) {
		log_event(agents->log, LOG_DEBUG, "isolation_unknown", "%s", err.text);
		return;
	}
	child->on_exit = probe_ended;
	child->owner = &probe;
	buf_init(&words, NULL, sizeof(agents->isolation) - 1);
	isolation_print(&child->isolation, &words);
	if (agents->isolation[0] == '\0')
		snprintf(agents->isolation, sizeof(agents->isolation), "%.*s",
		    SLICE_FMT(buf_view(&words)));
	buf_fini(&words);
	child_stop(child, PROBE_GRACE);
	while (!probe.is_over && task_park_wait(agents->loop, &err))
		continue;
	child_close(&child);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
sweep(struct timer *timer)
{
	struct agents *agents = CONTAINER(timer, struct agents, sweep);

	runs_sweep(agents);
	timer_start(agents->loop, &agents->sweep, loop_now_ms(agents->loop) + SWEEP_MS, sweep);
}

/* How many gateways stand above; what makes no sense is taken for too many. */
static unsigned
depth_read(void)
{
	const char *text = getenv(AGENTS_DEPTH);
	uint64_t depth = 0;

	if (text == NULL || text[0] == '\0')
		return 0;
	return slice_to_u64(slice_of(text), AGENTS_DEPTH_MAX, &depth) ? (unsigned)depth
								      : AGENTS_DEPTH_MAX;
}

static struct agents *
agents_new(struct loop *loop, const struct config *config, const char *slot_dir)
{
	struct agents *agents = MEM_NEW(struct agents);

	agents->loop = loop;
	agents->log = loop_log(loop);
	agents->instance = log_instance(agents->log);
	agents->started_ms = loop_now_ms(loop);
	agents->depth = depth_read();
	agents->retain_runs = config->agents.retain_runs;
	agents->retain_age_ms = config->agents.retain_age_ms;
	snprintf(agents->slot_dir, sizeof(agents->slot_dir), "%s", slot_dir);
	snprintf(agents->runs_dir, sizeof(agents->runs_dir), "%s/runs", agents->slot_dir);
	for (unsigned s = 0; s < RUN_STATES_N; s++)
		agents->in_state[s].next = agents->in_state[s].prev = &agents->in_state[s];
	return agents;
}

static void
agents_free(struct agents **at)
{
	struct agents *agents = *at;

	*at = NULL;
	timer_stop(agents->loop, &agents->sweep);
	for (unsigned s = 0; s < RUN_STATES_N; s++) {
		while (agents->in_state[s].next != &agents->in_state[s]) {
			struct run *run = agents->in_state[s].next;

			run_free(&run);
		}
	}
	allowances_free(agents);
	if (agents->settings != NULL)
		settings_unref(&agents->settings);
	mem_free(agents);
}

bool
agents_open_wait(struct loop *loop, const struct config *config, const char *slot_dir,
    struct agents **out, struct err *err)
{
	struct agents *agents;

	*out = NULL;
	if (strlen(slot_dir) >= SLOT_PATH - 64)
		return err_set(err, ERR_CONFIG, "%.80s...: the path is too long", slot_dir);
	agents = agents_new(loop, config, slot_dir);
	if (!record_open_wait(loop, slot_dir, &agents->record, err) ||
	    !agents_adopt_wait(agents, config, err)) {
		if (agents->record != NULL)
			record_close_wait(&agents->record);
		agents_free(&agents);
		return err_prefix(err, "agents");
	}
	runs_sweep(agents);
	timer_start(loop, &agents->sweep, loop_now_ms(loop) + SWEEP_MS, sweep);
	if (!group_spawn(loop, &agents->group, "probe", probe_story, agents, err)) {
		timer_stop(loop, &agents->sweep);
		record_close_wait(&agents->record);
		agents_free(&agents);
		return false;
	}
	*out = agents;
	return true;
}

void
agents_be_patient(struct agents *agents)
{
	agents->is_patient = true;
}

void
agents_close_wait(struct agents **at)
{
	struct agents *agents = *at;
	struct err err = { 0 };

	if (agents == NULL)
		return;
	*at = NULL;
	agents->is_closing = true;
	agents->provider = NULL;
	while (agents->in_state[RUN_QUEUED].next != &agents->in_state[RUN_QUEUED])
		run_cancel(agents->in_state[RUN_QUEUED].next, "its gateway was stopped");
	for (struct run *r = agents->in_state[RUN_RUNNING].next;
	     r != &agents->in_state[RUN_RUNNING]; r = r->next)
		run_cancel(r, "its gateway was stopped");
	/* Whoever waits here may be cut: then what runs is cut too, and still waited for. */
	(void)!group_wait(agents->loop, &agents->group, &err);
	timer_stop(agents->loop, &agents->sweep); /* it writes into the record */
	record_close_wait(&agents->record);
	agents_free(&agents);
}

unsigned
agents_running(const struct agents *agents)
{
	return agents->count[RUN_RUNNING];
}

unsigned
agents_queued(const struct agents *agents)
{
	return agents->count[RUN_QUEUED];
}

/* ---- for the control socket ------------------------------------------------------------------ */

void
agents_print_list(struct agents *agents, struct buf *out)
{
	size_t n;
	struct run **all = runs_sorted(agents, &n);

	buf_puts(out, "{\"instance_id\":");
	buf_json_string(out, slice_of(agents->instance));
	buf_puts(out, ",\"runs\":[");
	for (size_t i = 0; i < n && i < LIST_MOST; i++) {
		buf_puts(out, i > 0 ? "," : "");
		run_row_put(all[i], out);
	}
	buf_puts(out, "]}");
	mem_free(all);
}

bool
agents_print_run(struct agents *agents, struct slice id, struct buf *out, struct err *err)
{
	struct run *run = run_find(agents, id, err);

	if (run != NULL)
		run_state_put(run, out);
	return run != NULL;
}

bool
agents_cancel(struct agents *agents, struct slice id, struct err *err)
{
	struct run *run = run_find(agents, id, err);

	if (run == NULL)
		return false;
	if (run_is_over(run))
		return err_set(err, ERR_PARAMS, "run %s is over already: %s", run->id,
		    run_state_word(run->state));
	run_cancel(run, "it was cancelled by the operator");
	return true;
}

bool
agents_read_output_wait(struct agents *agents, struct slice id, uint64_t from, size_t max,
    struct buf *out, uint64_t *total, bool *is_over, struct err *err)
{
	struct run *run = run_find(agents, id, err);
	bool ok;

	if (run == NULL)
		return false;
	run->holds++;
	/* What was over before the file was read, is all in it. */
	*is_over = run_is_over(run);
	ok = run_output_wait(run, false, from, max, out, total, err);
	run->holds--;
	return ok;
}

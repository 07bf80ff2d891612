/*
 * From the queue to the end.  Runs start in their order, but one that a cap of its caller or its
 * repository holds back does not hold back those behind it.  Each has a task of its own, and what
 * it ends with is taken over here.
 */
#include <stdio.h>
#include <string.h>

#include "agents/supervisor.h"

#define DIFF_BYTES (256 * KIB) /* of what a worktree's run has changed, in memory */
#define WORD_BYTES KIB	       /* of short texts */

/* ---- limits ---------------------------------------------------------------------------------- */

const struct config_agents *
agents_limits(const struct agents *agents)
{
	return &agents->settings->config->agents;
}

void
agents_settle(struct agents *agents, struct settings *settings)
{
	if (agents->settings == settings)
		return;
	if (agents->settings != NULL)
		settings_unref(&agents->settings);
	agents->settings = settings_ref(settings);
	agents->retain_runs = agents_limits(agents)->retain_runs;
	agents->retain_age_ms = agents_limits(agents)->retain_age_ms;
	queue_pump(agents);
}

/* How many of those that run have that, by which a cap counts? */
static unsigned
same_caller(const struct run *run)
{
	const struct run *head = &run->agents->in_state[RUN_RUNNING];
	unsigned n = 0;

	for (const struct run *r = head->next; r != head; r = r->next)
		n += slice_eq(r->caller, run->caller) && slice_eq(r->tenant, run->tenant);
	return n;
}

static unsigned
same_repo(const struct run *run)
{
	const struct run *head = &run->agents->in_state[RUN_RUNNING];
	unsigned n = 0;

	for (const struct run *r = head->next; r != head && run->repo.n > 0; r = r->next)
		n += slice_eq(r->repo, run->repo);
	return n;
}

static bool
may_start(const struct run *run)
{
	const struct config_agents *limits = agents_limits(run->agents);

	return (limits->per_repo == 0 || same_repo(run) < limits->per_repo) &&
	    (limits->per_caller == 0 || same_caller(run) < limits->per_caller);
}

bool
queue_has_room(struct agents *agents, struct err *err)
{
	const struct config_agents *limits = agents_limits(agents);

	if (agents->is_closing)
		return err_set(err, ERR_UNAVAILABLE, "bascule is stopping: no runs are started");
	if (agents->count[RUN_QUEUED] < limits->queue ||
	    (limits->queue == 0 && agents->count[RUN_RUNNING] < limits->running))
		return true;
	return err_set(err, ERR_LIMIT,
	    "the queue is full (agents.limits.queue: %llu wait, %u run): try again later",
	    (unsigned long long)limits->queue, agents->count[RUN_RUNNING]);
}

/* ---- the same call again --------------------------------------------------------------------- */

struct run *
run_by_key(struct agents *agents, const char *key)
{
	uint64_t now = loop_now_ms(agents->loop);

	for (unsigned s = 0; s < RUN_STATES_N; s++) {
		struct run *head = &agents->in_state[s];

		for (struct run *r = head->next; r != head; r = r->next) {
			if (strcmp(r->key, key) == 0 &&
			    (r->key_until_ms == 0 || now < r->key_until_ms))
				return r;
		}
	}
	return NULL;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
task_tell(struct run *run)
{
	struct provider *provider = run->agents->provider;
	struct mcp_task task;
	struct buf text, id;

	if (!run->is_task || provider == NULL)
		return;
	buf_init(&id, NULL, 64);
	buf_init(&text, loop_memory(run->agents->loop), SIZE_MAX / 2);
	buf_json_string(&id, slice_of(run->id));
	run_task_of(run, buf_view(&id), &task);
	buf_putc(&text, '{');
	run_task_put(run, &task, MCP_NEWEST, &text);
	buf_putc(&text, '}');
	if (!text.overflow)
		provider_tell_task(provider, buf_view(&id), buf_view(&text));
	buf_fini(&text);
	buf_fini(&id);
}

void
run_changed(struct run *run)
{
	for (struct watcher *w = run->watchers; w != NULL; w = w->next)
		task_wake(w->task);
	task_tell(run);
}

uint64_t
run_worked_ms(const struct run *run)
{
	return run->started_ms > 0 ? loop_now_ms(run->agents->loop) - run->begun_at_ms : 0;
}

static void
say_ended(const struct run *run)
{
	log_event(run->agents->log, run->state == RUN_COMPLETED ? LOG_INFO : LOG_WARN, "run_ended",
	    "run %s (%.*s) %s after %llu ms%s%.*s", run->id, SLICE_FMT(run->runner),
	    run_state_word(run->state), (unsigned long long)run_worked_ms(run),
	    run->why.n > 0 ? ": " : "", SLICE_FMT(run->why));
}

/* All that is to be known of it is there. */
static void
run_end(struct run *run, enum run_state state)
{
	run->ended_ms = loop_unix_ms(run->agents->loop);
	permissions_drop(run);
	run_move(run, state);
	run_put(run);
	arena_fini(&run->call);
	run->whole = SLICE_NONE;
	run->values_n = 0;
	if (run->settings != NULL)
		settings_unref(&run->settings);
	run->config = NULL;
	budget_spend(run);
	count_run(run);
	say_ended(run);
	run_changed(run);
	runs_sweep(run->agents);
}

static void
run_fail(struct run *run, enum run_state state, const char *why)
{
	run->why = run_keep(run, slice_of(why), WORD_BYTES);
	run_end(run, state);
}

/* What the job leaves, before it is freed. */
static void
outcome_take(struct run *run, const struct job_outcome *outcome)
{
	const struct config_agents *limits = &run->settings->config->agents;
	size_t tail = outcome->tail.n > RUN_TAIL_SHOWN ? outcome->tail.n - RUN_TAIL_SHOWN : 0;

	run->text = run_keep(run, outcome->text, limits->output_inline_bytes);
	run->is_truncated |= outcome->is_truncated || run->text.n < outcome->text.n;
	run->diff = run_keep(run, outcome->diff, DIFF_BYTES);
	run->is_truncated |= run->diff.n < outcome->diff.n;
	run->session = run_keep(run, outcome->session, WORD_BYTES);
	run->isolation = run_keep(run, slice_of(job_isolation(run->job)), WORD_BYTES);
	if (outcome->state != RUN_COMPLETED) {
		run->why = run_keep(run, slice_of(outcome->why.text), WORD_BYTES);
		run->tail =
		    run_keep(run, (struct slice){ outcome->tail.p + tail, outcome->tail.n - tail },
			RUN_TAIL_SHOWN);
	}
	run->exit_code = outcome->exit_code;
	run->usage = outcome->usage;
	run->output_bytes = outcome->output_bytes;
}

static void
run_story(void *arg)
{
	struct run *run = arg;
	struct agents *agents = run->agents;
	struct job_outcome outcome = { .exit_code = -1 };

	job_run_wait(run->job, &outcome);
	must(run_state_is_over(outcome.state));
	outcome_take(run, &outcome);
	/* Of others the output is the text. */
	if (run->text.n < outcome.text.n && run->config->parse != PARSE_LINES &&
	    run->config->parse != PARSE_EXIT)
		run_text_keep_wait(run, outcome.text);
	if (run->isolation.n > 0)
		snprintf(agents->isolation, sizeof(agents->isolation), "%.*s",
		    SLICE_FMT(run->isolation));
	job_free(&run->job);
	run_end(run, outcome.state);
	queue_pump(agents);
}

/* ---- the start ------------------------------------------------------------------------------- */

static void
on_progress(void *owner, struct slice text)
{
	run_event_add(owner, text);
}

static void
on_started(void *owner)
{
	struct run *run = owner;

	run->isolation = run_keep(run, slice_of(job_isolation(run->job)), WORD_BYTES);
	run_put(run);
}

static const struct job_events job_events = {
	.progress = on_progress,
	.permission = permission_asked,
	.started = on_started,
};

static struct job *
job_of(struct run *run)
{
	const struct config_agents *config = &run->settings->config->agents;

	return job_new(&(struct job_spec){
	    .loop = run->agents->loop,
	    .runner = run->config,
	    .id = slice_of(run->id),
	    .instance = run->instance,
	    .task = run->whole,
	    .cwd = run->cwd,
	    .values = run->values,
	    .values_n = run->values_n,
	    .runs_dir = run->agents->runs_dir,
	    .keep_bytes = config->output_keep_bytes,
	    .tail_bytes = config->output_tail_bytes,
	    .depth = run->agents->depth,
	    .memory = loop_memory(run->agents->loop),
	    .events = &job_events,
	    .owner = run,
	});
}

static void
run_start(struct run *run)
{
	struct agents *agents = run->agents;
	struct err err = { 0 };

	run->started_ms = loop_unix_ms(agents->loop);
	run->begun_at_ms = loop_now_ms(agents->loop);
	run_move(run, RUN_RUNNING);
	run->job = job_of(run);
	run->output = run_keep(run, slice_of(job_output_path(run->job)), 4 * KIB);
	if (!group_spawn(agents->loop, &agents->group, run->id, run_story, run, &err)) {
		job_free(&run->job);
		run_fail(run, RUN_FAILED, err.text);
		return;
	}
	log_event(agents->log, LOG_INFO, "run_started", "run %s (%.*s) started, %u run, %u wait",
	    run->id, SLICE_FMT(run->runner), agents->count[RUN_RUNNING], agents->count[RUN_QUEUED]);
	run_put(run);
	run_changed(run);
}

void
queue_pump(struct agents *agents)
{
	struct run *head = &agents->in_state[RUN_QUEUED], *next;
	struct err err = { 0 };

	for (struct run *r = head->next; r != head && !agents->is_closing; r = next) {
		if (agents->count[RUN_RUNNING] >= agents_limits(agents)->running)
			return;
		next = r->next;
		if (!budget_has_room(agents, r->caller, r->tenant, &err))
			run_fail(r, RUN_FAILED, err.text);
		else if (may_start(r))
			run_start(r);
	}
}

void
run_cancel(struct run *run, const char *why)
{
	if (run_is_over(run) || run->is_cancelling)
		return;
	run->is_cancelling = true;
	run_event_add(run, slice_of(why));
	if (run->state == RUN_QUEUED) {
		run_fail(run, RUN_CANCELLED, why);
		return;
	}
	job_cancel(run->job);
}

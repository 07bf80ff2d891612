/*
 * The table of runs: each is in the list of its state, which one function changes, and is found by
 * its id.  What is over is kept as long as agents.retain says, and as there is room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/supervisor.h"

#define EVENTS_PUT_MS	1000 /* so often what a run tells goes to the disk */
#define RUN_ARENA_BYTES (16 * MIB)

bool
run_is_over(const struct run *run)
{
	return run_state_is_over(run->state);
}

bool
run_is_of(const struct run *run, const struct caller *caller)
{
	return slice_eq(run->caller, caller->principal) && slice_eq(run->tenant, caller->tenant);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void
list_add(struct run *run)
{
	struct agents *agents = run->agents;
	struct run *head = &agents->in_state[run->state];

	run->next = head;
	run->prev = head->prev;
	run->prev->next = head->prev = run;
	agents->count[run->state]++;
}

static void
list_take(struct run *run)
{
	run->prev->next = run->next;
	run->next->prev = run->prev;
	run->agents->count[run->state]--;
}

void
run_move(struct run *run, enum run_state to)
{
	must(!run_is_over(run));
	list_take(run);
	run->state = to;
	list_add(run);
	if (run_is_over(run))
		run_account(run);
	count_state(run->agents);
}

void
run_account(struct run *run)
{
	run->kept = run->arena.used_bytes + sizeof(*run);
	run->agents->kept_bytes += run->kept;
}

struct run *
run_new(struct agents *agents, enum run_state state)
{
	struct run *run = MEM_NEW(struct run);

	run->agents = agents;
	run->state = state;
	run->exit_code = -1;
	run->events_end = &run->events;
	arena_init(&run->arena, loop_memory(agents->loop), RUN_ARENA_BYTES);
	arena_init(&run->call, loop_memory(agents->loop), RUN_ARENA_BYTES);
	list_add(run);
	count_state(agents);
	return run;
}

static unsigned
bucket_of(const struct agents *agents, struct slice id)
{
	return (unsigned)(hash_bytes(id, loop_seed(agents->loop)) % RUNS_BUCKETS);
}

static void
unindex(struct run *run)
{
	struct run **at = &run->agents->buckets[bucket_of(run->agents, slice_of(run->id))];

	while (*at != NULL && *at != run)
		at = &(*at)->chain;
	if (*at != NULL)
		*at = run->chain;
}

void
run_free(struct run **at)
{
	struct run *run = *at;

	*at = NULL;
	must(run->holds == 0 && run->job == NULL);
	permissions_drop(run);
	run->agents->kept_bytes -= run->kept;
	list_take(run);
	unindex(run);
	while (run->events != NULL) {
		struct run_event *gone = run->events;

		run->events = gone->next;
		mem_free(gone);
	}
	if (run->settings != NULL)
		settings_unref(&run->settings);
	arena_fini(&run->call);
	arena_fini(&run->arena);
	mem_free(run);
}

void
run_index(struct run *run)
{
	struct run **bucket = &run->agents->buckets[bucket_of(run->agents, slice_of(run->id))];

	run->chain = *bucket;
	*bucket = run;
}

size_t
utf8_cut(struct slice text, size_t n)
{
	if (n >= text.n)
		return text.n;
	while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

struct slice
run_keep(struct run *run, struct slice text, size_t most)
{
	struct err err;

	if (text.p == NULL)
		return SLICE_NONE;
	text.n = utf8_cut(text, most);
	/* No memory for it is no reason to lose the run. */
	if (!arena_reserve(&run->arena, text.n, &err)) {
		run->is_truncated = true;
		return S("");
	}
	return text.n > 0 ? slice_dup(&run->arena, text) : S("");
}

/* ---- finding --------------------------------------------------------------------------------- */

struct run *
run_by_id(const struct agents *agents, struct slice id)
{
	struct run *run = agents->buckets[bucket_of(agents, id)];

	while (run != NULL && !slice_eq(slice_of(run->id), id))
		run = run->chain;
	return run;
}

struct run *
run_find(const struct agents *agents, struct slice id, struct err *err)
{
	struct run *found = run_by_id(agents, id);
	unsigned n = 0;

	if (found != NULL)
		return found;
	for (unsigned s = 0; s < RUN_STATES_N && id.n > 0; s++) {
		const struct run *head = &agents->in_state[s];

		for (struct run *r = head->next; r != head; r = r->next) {
			if (!slice_starts(slice_of(r->id), id) &&
			    !slice_starts(slice_of(r->id + 2), id))
				continue;
			found = r;
			n++;
		}
	}
	if (n == 1)
		return found;
	err_set(err, ERR_PARAMS,
	    n == 0 ? "no such run: \"%.*s\"" : "several runs begin with \"%.*s\"",
	    (int)(id.n > 40 ? 40 : id.n), id.p != NULL ? id.p : "");
	return NULL;
}

unsigned
run_queue_position(const struct run *run)
{
	const struct run *head = &run->agents->in_state[RUN_QUEUED];
	unsigned n = 1;

	for (const struct run *r = head->next; r != head && r != run; r = r->next)
		n++;
	return n;
}

/* Newest first. */
static int
compare(const void *one, const void *other)
{
	const struct run *a = *(struct run *const *)one, *b = *(struct run *const *)other;

	if (a->queued_ms != b->queued_ms)
		return a->queued_ms > b->queued_ms ? -1 : 1;
	if (a->place != b->place)
		return a->place > b->place ? -1 : 1;
	return strcmp(b->id, a->id);
}

struct run **
runs_sorted(struct agents *agents, size_t *n)
{
	struct run **all;
	size_t most = 0;

	for (unsigned s = 0; s < RUN_STATES_N; s++)
		most += agents->count[s];
	all = mem_new((most + 1) * sizeof(*all));
	*n = 0;
	for (unsigned s = 0; s < RUN_STATES_N; s++) {
		struct run *head = &agents->in_state[s];

		for (struct run *r = head->next; r != head; r = r->next)
			all[(*n)++] = r;
	}
	qsort(all, *n, sizeof(*all), compare);
	return all;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void
event_drop(struct run *run)
{
	struct run_event *gone = run->events;

	run->events = gone->next;
	if (run->events == NULL)
		run->events_end = &run->events;
	run->events_n--;
	run->events_bytes -= gone->n;
	mem_free(gone);
}

static void
event_keep(struct run *run, struct slice text, uint64_t unix_ms, uint64_t number)
{
	struct run_event *event = mem_new(sizeof(*event) + text.n);

	event->unix_ms = unix_ms;
	event->number = number;
	event->n = text.n;
	memcpy(event->text, text.p, text.n);
	*run->events_end = event;
	run->events_end = &event->next;
	run->events_n++;
	run->events_bytes += text.n;
	while (run->events_n > RUN_EVENTS_MAX || run->events_bytes > RUN_EVENTS_BYTES)
		event_drop(run);
}

void
run_event_add(struct run *run, struct slice text)
{
	text = slice_trim(text);
	text.n = utf8_cut(text, RUN_EVENT_BYTES);
	if (text.n == 0)
		return;
	event_keep(run, text, loop_unix_ms(run->agents->loop), ++run->events_ever);
	for (struct watcher *w = run->watchers; w != NULL; w = w->next) {
		if (w->has_news)
			continue;
		w->has_news = true;
		task_wake(w->task);
	}
	if (run->state == RUN_RUNNING &&
	    loop_now_ms(run->agents->loop) - run->put_ms >= EVENTS_PUT_MS)
		run_put(run);
}

/* "MS NUMBER BYTES TEXT\n" of each, oldest first. */
static void
events_put(const struct run *run, struct buf *out)
{
	unsigned skip = run->events_n > RUN_EVENTS_SHOWN ? run->events_n - RUN_EVENTS_SHOWN : 0;

	for (const struct run_event *e = run->events; e != NULL; e = e->next) {
		if (skip > 0) {
			skip--;
			continue;
		}
		buf_printf(out, "%llu %llu %zu ", (unsigned long long)e->unix_ms,
		    (unsigned long long)e->number, e->n);
		buf_put(out, (struct slice){ e->text, e->n });
		buf_putc(out, '\n');
	}
}

void
run_events_take(struct run *run, struct slice text)
{
	struct slice rest;
	uint64_t unix_ms, number, n;

	while (text.n > 0) {
		if (!slice_to_u64(slice_cut(text, ' ', &rest), UINT64_MAX, &unix_ms) ||
		    !slice_to_u64(slice_cut(rest, ' ', &rest), UINT64_MAX, &number) ||
		    !slice_to_u64(slice_cut(rest, ' ', &text), RUN_EVENT_BYTES, &n) ||
		    text.n < n + 1)
			return;
		event_keep(run, (struct slice){ text.p, n }, unix_ms, number);
		run->events_ever = number;
		text.p += n + 1;
		text.n -= n + 1;
	}
}

/* ---- the record ------------------------------------------------------------------------------ */

void
run_put(struct run *run)
{
	struct run_row row = {
		.id = slice_of(run->id),
		.instance = run->instance,
		.state = run->state,
		.caller = run->caller,
		.tenant = run->tenant,
		.key = run->key[0] != '\0' ? slice_of(run->key) : SLICE_NONE,
		.runner = run->runner,
		.workflow = run->workflow,
		.task = run->task,
		.why = run->why,
		.text = run->text,
		.diff = run->diff,
		.session = run->session,
		.isolation = run->isolation,
		.output = run->output,
		.exit_code = run->exit_code,
		.is_truncated = run->is_truncated,
		.queued_ms = run->queued_ms,
		.started_ms = run->started_ms,
		.ended_ms = run->ended_ms,
		.output_bytes = run->output_bytes,
		.tokens_in = run->usage.tokens_in,
		.tokens_out = run->usage.tokens_out,
		.cost_microusd = run->usage.cost_microusd,
	};

	struct buf events;

	if (!run->is_ours || run->agents->record == NULL)
		return;
	buf_init(&events, NULL, 2 * RUN_EVENTS_BYTES);
	events_put(run, &events);
	row.events = buf_view(&events);
	if (run->job != NULL && job_folder(run->job)[0] != '\0')
		row.folder = slice_of(job_folder(run->job));
	if (run->job != NULL && job_repo(run->job)[0] != '\0')
		row.repo = slice_of(job_repo(run->job));
	record_put(run->agents->record, &row);
	buf_fini(&events);
	run->put_ms = loop_now_ms(run->agents->loop);
	run->changes++;
}

/* ---- retention ------------------------------------------------------------------------------- */

/* The one that ended first and that nobody waits for; NULL: none. */
static struct run *
oldest(struct agents *agents, size_t *n)
{
	struct run *first = NULL;

	*n = 0;
	for (unsigned s = 0; s < RUN_STATES_N; s++) {
		struct run *head = &agents->in_state[s];

		if (!run_state_is_over((enum run_state)s))
			continue;
		*n += agents->count[s];
		for (struct run *r = head->next; r != head; r = r->next) {
			if (r->holds == 0 && (first == NULL || r->ended_ms < first->ended_ms))
				first = r;
		}
	}
	return first;
}

void
runs_sweep(struct agents *agents)
{
	uint64_t now = loop_unix_ms(agents->loop);
	struct run *run;
	size_t n;

	while ((run = oldest(agents, &n)) != NULL) {
		bool is_old =
		    agents->retain_age_ms > 0 && run->ended_ms + agents->retain_age_ms < now;

		if (!is_old && n <= agents->retain_runs && agents->kept_bytes <= RUNS_BYTES)
			break;
		if (run->is_ours) {
			run_files_remove(run);
			record_drop(agents->record, slice_of(run->id));
		}
		run_free(&run);
	}
}

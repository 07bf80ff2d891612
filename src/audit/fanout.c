/*
 * The sinks beside the store: each has a queue, a task that empties it, and a thread that the task
 * works on.  One that fails or is slow fills its own queue only; what does not fit is counted, and
 * the count is the first thing it is told when it writes again.
 */
#include <stdio.h>
#include <string.h>

#include "audit/queue.h"
#include "audit/sink.h"

#define BATCH	       256
#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS  60000
#define QUEUE_DEFAULT  10000
#define CONFIG_CEILING (256 * KIB)

struct outlet {
	struct outlet *next;
	struct fanout *fanout;
	struct arena arena;	   /* of config */
	struct config_sink config; /* a copy: the sink may outlive what it was read from */
	const struct audit_sink_ops *ops;
	char helper[16];	    /* name of its thread */
	char name[16];		    /* its kind */
	struct audit_sink *sink;    /* of the thread while a job runs; NULL: not open */
	struct audit_entry **items; /* a ring */
	size_t first, n, room, most;
	struct task *task;
	bool is_ending, must_reopen, is_reopening;
	uint64_t written, dropped, untold; /* untold: dropped, and not said yet */
	uint64_t retry_ms;		   /* 0: it works */
	char error[240];
	/* One job at a time. */
	struct audit_record report;
	const struct audit_record *batch[BATCH + 1];
	size_t batch_n, done;
	bool has_report, ok;
	struct err err;
};

struct fanout {
	struct loop *loop;
	char *dir;
	struct outlet *outlets;
	unsigned outlets_ever;
	struct group group;
};

/* ---- entries --------------------------------------------------------------------------------- */

static char *
body_copy(char *at, struct slice *body)
{
	if (body->p == NULL)
		return at;
	memcpy(at, body->p, body->n);
	body->p = at;
	return at + body->n;
}

struct audit_entry *
audit_entry_new(const struct audit_record *record, uint64_t now_ms)
{
	size_t bodies = record->arguments.n + record->result.n;
	struct audit_entry *entry = mem_resize(NULL, 0, sizeof(*entry) + bodies);
	char *at = entry->bodies;

	entry->next = NULL;
	entry->refs = 1;
	entry->queued_ms = now_ms;
	entry->waiter = NULL;
	entry->record = *record;
	at = body_copy(at, &entry->record.arguments);
	body_copy(at, &entry->record.result);
	return entry;
}

void
audit_entry_unref(struct audit_entry **at)
{
	struct audit_entry *entry = *at;

	*at = NULL;
	if (entry != NULL && --entry->refs == 0)
		mem_free(entry);
}

/* ---- on its thread --------------------------------------------------------------------------- */

static void
job_run(void *arg)
{
	struct outlet *outlet = arg;

	outlet->done = 0;
	outlet->err = (struct err){ 0 };
	outlet->ok = outlet->sink != NULL ||
	    outlet->ops->open(&outlet->config, outlet->fanout->dir, &outlet->sink, &outlet->err);
	if (outlet->ok && outlet->is_reopening && outlet->ops->reopen != NULL)
		outlet->ok = outlet->ops->reopen(outlet->sink, &outlet->err);
	outlet->ok = outlet->ok &&
	    outlet->ops->write(
		outlet->sink, outlet->batch, outlet->batch_n, &outlet->done, &outlet->err) &&
	    (outlet->ops->flush == NULL || outlet->ops->flush(outlet->sink, &outlet->err));
}

static void
job_close(void *arg)
{
	struct outlet *outlet = arg;

	if (outlet->sink != NULL)
		outlet->ops->close(outlet->sink);
	outlet->sink = NULL;
}

/* ---- one sink -------------------------------------------------------------------------------- */

static void
pop(struct outlet *outlet, size_t n)
{
	while (n-- > 0) {
		audit_entry_unref(&outlet->items[outlet->first]);
		outlet->first = (outlet->first + 1) % outlet->room;
		outlet->n--;
	}
}

static void
batch_make(struct outlet *outlet)
{
	outlet->batch_n = 0;
	/* One that is wanted while this batch is on its way is another. */
	outlet->is_reopening = outlet->must_reopen;
	outlet->must_reopen = false;
	outlet->has_report = outlet->untold > 0;
	if (outlet->has_report) {
		outlet->report = (struct audit_record){ .kind = AUDIT_DROPPED,
			.time_ms = loop_unix_ms(outlet->fanout->loop),
			.count = outlet->untold };
		outlet->batch[outlet->batch_n++] = &outlet->report;
	}
	for (size_t i = 0; i < outlet->n && i < BATCH; i++)
		outlet->batch[outlet->batch_n++] =
		    &outlet->items[(outlet->first + i) % outlet->room]->record;
}

static void
job_done(struct outlet *outlet, uint64_t told)
{
	struct log *log = loop_log(outlet->fanout->loop);
	size_t done = outlet->done;

	must(done <= outlet->batch_n);
	if (outlet->has_report && done > 0) {
		outlet->untold -= told;
		done--;
	}
	pop(outlet, done);
	outlet->written += done;
	if (outlet->ok) {
		if (outlet->retry_ms > 0)
			log_event(log, LOG_INFO, "audit_recovered",
			    "audit: %.*s: %.*s is written again", SLICE_FMT(outlet->config.kind),
			    SLICE_FMT(outlet->config.target));
		outlet->retry_ms = 0;
		return;
	}
	outlet->must_reopen |= outlet->is_reopening;
	if (outlet->retry_ms == 0)
		log_event(log, LOG_WARN, "audit_failing", "audit: %.*s: %s; it is tried again",
		    SLICE_FMT(outlet->config.kind), outlet->err.text);
	snprintf(outlet->error, sizeof(outlet->error), "%s", outlet->err.text);
	outlet->retry_ms = outlet->retry_ms == 0   ? RETRY_FIRST_MS
	    : outlet->retry_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS
						   : outlet->retry_ms * 2;
}

/* Something to do is there: true; it ends: false. */
static bool
work_wait(struct outlet *outlet, struct loop *loop)
{
	uint64_t at_ms = loop_now_ms(loop) + outlet->retry_ms;
	struct err err;
	bool timed_out = false;

	while (!outlet->is_ending && outlet->retry_ms > 0 && !timed_out)
		must(task_park_until_wait(loop, at_ms, &timed_out, &err));
	while (!outlet->is_ending && outlet->n == 0 && outlet->untold == 0 && !outlet->must_reopen)
		must(task_park_wait(loop, &err));
	return outlet->n > 0 || outlet->untold > 0 || !outlet->is_ending;
}

static void
outlet_free(struct outlet *outlet)
{
	struct outlet **at = &outlet->fanout->outlets;

	while (*at != outlet)
		at = &(*at)->next;
	*at = outlet->next;
	pop(outlet, outlet->n);
	mem_free(outlet->items);
	arena_fini(&outlet->arena);
	mem_free(outlet);
}

static void
outlet_main(void *arg)
{
	struct outlet *outlet = arg;
	struct loop *loop = outlet->fanout->loop;
	bool has_failed = false;

	outlet->task = task_self(loop);
	while (work_wait(outlet, loop) && !(outlet->is_ending && has_failed)) {
		uint64_t told = outlet->untold;

		batch_make(outlet);
		helper_run_wait(loop, outlet->helper, job_run, outlet);
		job_done(outlet, told);
		has_failed = !outlet->ok;
	}
	if (outlet->n > 0)
		log_event(loop_log(loop), LOG_ERROR, "audit_lost",
		    "audit: %.*s: %zu records were not written: %s", SLICE_FMT(outlet->config.kind),
		    outlet->n, outlet->error);
	helper_run_wait(loop, outlet->helper, job_close, outlet);
	outlet_free(outlet);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void
config_copy(struct arena *arena, const struct config_sink *from, struct config_sink *to)
{
	struct config_pair *headers = ARENA_ARRAY(arena, struct config_pair, from->headers_n + 1);

	*to = *from;
	to->kind = slice_dup(arena, from->kind);
	to->target = slice_dup(arena, from->target);
	to->csv_null = slice_dup(arena, from->csv_null);
	to->ca = slice_dup(arena, from->ca);
	for (size_t i = 0; i < from->headers_n; i++) {
		headers[i] = from->headers[i];
		headers[i].name = slice_dup(arena, from->headers[i].name);
		headers[i].value.hidden = slice_dup(arena, from->headers[i].value.hidden);
	}
	to->headers = headers;
}

/* What a copy takes. */
static size_t
config_bytes(const struct config_sink *config)
{
	size_t n = config->kind.n + config->target.n + config->csv_null.n + config->ca.n + KIB;

	for (size_t i = 0; i < config->headers_n; i++)
		n += config->headers[i].name.n + config->headers[i].value.hidden.n +
		    sizeof(struct config_pair) + 32;
	return n;
}

static void
outlet_add(struct fanout *fanout, const struct config_sink *config)
{
	struct outlet *outlet = MEM_NEW(struct outlet);
	struct err err;

	arena_init(&outlet->arena, NULL, CONFIG_CEILING);
	outlet->fanout = fanout;
	outlet->ops = audit_sink_find(config->kind);
	outlet->most = config->queue > 0 ? config->queue : QUEUE_DEFAULT;
	outlet->next = fanout->outlets;
	fanout->outlets = outlet;
	snprintf(outlet->helper, sizeof(outlet->helper), "audit-%u", ++fanout->outlets_ever);
	snprintf(outlet->name, sizeof(outlet->name), "%.*s", SLICE_FMT(config->kind));
	must(outlet->ops != NULL);
	if (arena_reserve(&outlet->arena, config_bytes(config), &err)) {
		config_copy(&outlet->arena, config, &outlet->config);
		if (group_spawn(
			fanout->loop, &fanout->group, "audit-sink", outlet_main, outlet, &err))
			return;
	}
	log_event(loop_log(fanout->loop), LOG_ERROR, "audit_lost",
	    "audit: %.*s cannot be written: %s", SLICE_FMT(config->kind), err.text);
	outlet_free(outlet);
}

struct fanout *
fanout_new(struct loop *loop, const char *dir)
{
	struct fanout *fanout = MEM_NEW(struct fanout);
	size_t n = strlen(dir);

	fanout->loop = loop;
	fanout->dir = mem_new(n + 1);
	memcpy(fanout->dir, dir, n);
	return fanout;
}

static void
outlet_end(struct outlet *outlet)
{
	outlet->is_ending = true;
	if (outlet->task != NULL)
		task_wake(outlet->task);
}

static bool
is_in(const struct config_audit *config, const struct outlet *outlet)
{
	for (size_t i = 0; i < config->sinks_n; i++)
		if (strcmp(config->sinks[i].digest, outlet->config.digest) == 0)
			return true;
	return false;
}

static bool
has_outlet(const struct fanout *fanout, const struct config_sink *config)
{
	for (const struct outlet *o = fanout->outlets; o != NULL; o = o->next)
		if (!o->is_ending && strcmp(o->config.digest, config->digest) == 0)
			return true;
	return false;
}

void
fanout_set(struct fanout *fanout, const struct config_audit *config)
{
	for (struct outlet *o = fanout->outlets; o != NULL; o = o->next)
		if (!is_in(config, o))
			outlet_end(o);
	for (size_t i = 0; i < config->sinks_n; i++)
		if (!has_outlet(fanout, &config->sinks[i]))
			outlet_add(fanout, &config->sinks[i]);
}

static void
outlet_put(struct outlet *outlet, struct audit_entry *entry)
{
	size_t room = outlet->room;

	if (outlet->n >= outlet->most) {
		outlet->dropped++;
		outlet->untold++;
		return;
	}
	if (outlet->n == room) {
		struct audit_entry **items;

		room = room == 0 ? 64 : 2 * room;
		items = mem_new(room * sizeof(*items));
		for (size_t i = 0; i < outlet->n; i++)
			items[i] = outlet->items[(outlet->first + i) % outlet->room];
		mem_free(outlet->items);
		outlet->items = items;
		outlet->first = 0;
		outlet->room = room;
	}
	entry->refs++;
	outlet->items[(outlet->first + outlet->n++) % room] = entry;
	if (outlet->n == 1 && outlet->task != NULL)
		task_wake(outlet->task);
}

void
fanout_put(struct fanout *fanout, struct audit_entry *entry)
{
	for (struct outlet *o = fanout->outlets; o != NULL; o = o->next)
		if (!o->is_ending)
			outlet_put(o, entry);
}

void
fanout_reopen(struct fanout *fanout)
{
	for (struct outlet *o = fanout->outlets; o != NULL; o = o->next) {
		o->must_reopen = true;
		if (o->task != NULL)
			task_wake(o->task);
	}
}

void
fanout_free_wait(struct fanout **at)
{
	struct fanout *fanout = *at;

	*at = NULL;
	if (fanout == NULL)
		return;
	for (struct outlet *o = fanout->outlets; o != NULL; o = o->next)
		outlet_end(o);
	group_drain(fanout->loop, &fanout->group);
	mem_free(fanout->dir);
	mem_free(fanout);
}

/* ---- looking at them ------------------------------------------------------------------------- */

size_t
fanout_n(const struct fanout *fanout)
{
	size_t n = 0;

	for (const struct outlet *o = fanout->outlets; o != NULL; o = o->next)
		n++;
	return n;
}

void
fanout_health(const struct fanout *fanout, size_t i, struct audit_health *out)
{
	const struct outlet *outlet = fanout->outlets;

	/* The newest stands first. */
	for (size_t back = fanout_n(fanout) - 1 - i; back > 0; back--)
		outlet = outlet->next;
	*out = (struct audit_health){ .name = outlet->name,
		.queued = outlet->n,
		.written = outlet->written,
		.dropped = outlet->dropped,
		.is_failing = outlet->retry_ms > 0 };
	if (outlet->n > 0)
		out->lag_ms =
		    loop_now_ms(outlet->fanout->loop) - outlet->items[outlet->first]->queued_ms;
	snprintf(out->error, sizeof(out->error), "%s", outlet->error);
}

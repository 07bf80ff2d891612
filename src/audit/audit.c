/*
 * The trail, on the loop's thread: a queue of records, a task that hands batches of them to the
 * thread that writes the store, and those who wait for that (mode strict).
 *
 * One batch is on its way at a time; what comes meanwhile is the next one, so that many wait for
 * one write to the disk.  A batch that could not be written stays, and is tried again with a pause;
 * who waited for a record of it is told at once, and that record is taken out, because what it says
 * is not what its client will hear.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit/queue.h"

#define HELPER	       "audit"
#define QUEUE_MOST     8192
#define QUEUE_BYTES    (16 * MIB)
#define BATCH	       512
#define BATCH_MS       50   /* async: how long a record waits for others */
#define SYNC_MS	       1000 /* async: how long the disk and the anchor may be behind */
#define CUT_MS	       600000
#define STORE_NAME     256
#define RETRY_FIRST_MS 250
#define RETRY_MOST_MS  5000
#define INTENTS	       1024 /* of mode async, found again while they are queued; a power of 2 */

struct audit {
	struct loop *loop;
	char instance[AUDIT_INSTANCE];
	char state[SLOT_PATH];
	char store_name[STORE_NAME];
	char *secret; /* of the key; NULL: none is configured */
	size_t secret_n;
	bool has_store, is_strict, is_ending, must_set;
	uint64_t keep_ms, keep_bytes;
	struct fanout *fanout;
	struct refusals *refusals;
	struct group group;
	struct task *writer;

	struct audit_entry *first, **end; /* what is queued ... */
	size_t n, bytes;
	struct audit_entry *intents[INTENTS]; /* queued, by the exchange's number; or NULL */
	struct audit_entry *batch[BATCH];     /* ... and what is on its way; NULL: taken out */
	size_t batch_n;
	bool is_urgent; /* somebody waits */
	uint64_t written, dropped, untold;
	uint64_t retry_ms; /* 0: it works */
	uint64_t sync_at_ms, cut_at_ms;
	uint64_t firm_ms; /* when the disk and the anchor had all, last */
	char error[240];

	/* Of the helper thread while a job runs. */
	struct store_settings settings;
	struct slot *slot; /* the process's */
	int lock;	   /* of a store that lies elsewhere; -1: not there */
	struct audit_key key;
	struct store *store;
	bool is_set; /* mode and keep are as the configuration says */
	struct audit_record *records[BATCH];
	uint64_t now_ms;
	bool must_sync, must_cut, is_behind, ok;
	unsigned lost;
	uint64_t missing, removed;
	struct err err;
};

/* ---- on the helper thread -------------------------------------------------------------------- */

/* The stores of instances that are gone, whose lock is free. */
static void
others_conclude(struct audit *audit)
{
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		struct store_settings settings = audit->settings;
		struct store *store = NULL;
		struct slot slot;
		struct err err;
		unsigned lost = 0;

		if (i == audit->slot->number || !slot_try(audit->state, i, false, &slot, &err) ||
		    slot.fd < 0)
			continue;
		if ((size_t)snprintf(settings.path, sizeof(settings.path), "%s/%s", slot.dir,
			audit->store_name) < sizeof(settings.path) &&
		    access(settings.path, F_OK) == 0 &&
		    store_open(&settings, &audit->key, audit->now_ms, &store, &lost, &err)) {
			audit->lost += lost;
			/* What was written stays; only its anchor is behind then. */
			(void)!(lost > 0 && store_sync(store, audit->now_ms, &err));
		}
		store_close(&store);
		slot_close(&slot);
	}
}

/* Two processes that write one chain would break it. */
MUST_CHECK static bool
store_lock_take(struct audit *audit, struct err *err)
{
	if (audit->store_name[0] != '/' || audit->lock >= 0)
		return true;
	if (!store_lock(audit->store_name, &audit->lock, err))
		return false;
	return audit->lock >= 0 ||
	    err_set(err, ERR_CONFIG,
		"%s: another instance writes it: give audit.sinks a name without a path, so that each has "
		"its own",
		audit->store_name);
}

MUST_CHECK static bool
store_begin(struct audit *audit, struct err *err)
{
	struct store_settings *settings = &audit->settings;
	struct slice secret = { audit->secret, audit->secret_n };
	bool is_absolute = audit->store_name[0] == '/';
	unsigned lost;

	if (audit->slot->fd < 0 && !slot_open(audit->state, audit->instance, audit->slot, err))
		return false;
	if (audit->key.pkey == NULL &&
	    !audit_key_open(secret, settings->key_dir, true, &audit->key, err))
		return false;
	if ((size_t)snprintf(settings->path, sizeof(settings->path), "%s%s%s",
		is_absolute ? "" : audit->slot->dir, is_absolute ? "" : "/",
		audit->store_name) >= sizeof(settings->path))
		return err_set(err, ERR_CONFIG, "%.80s...: the path is too long", settings->path);
	if (!store_lock_take(audit, err) ||
	    !store_open(settings, &audit->key, audit->now_ms, &audit->store, &lost, err))
		return false;
	audit->lost += lost;
	audit->missing = store_missing(audit->store);
	if (!is_absolute)
		others_conclude(audit);
	return true;
}

static void
job_run(void *arg)
{
	struct audit *audit = arg;
	struct err *err = &audit->err;

	*err = (struct err){ 0 };
	audit->lost = 0;
	audit->missing = audit->removed = 0;
	audit->ok = audit->store != NULL || store_begin(audit, err);
	if (audit->ok && !audit->is_set)
		audit->ok = audit->is_set = store_set(audit->store, &audit->settings, err);
	audit->ok = audit->ok &&
	    (audit->must_sync ? store_write_firm : store_write)(
		audit->store, audit->records, audit->batch_n, audit->now_ms, err) &&
	    (!audit->must_cut || store_cut(audit->store, audit->now_ms, &audit->removed, err));
	audit->is_behind = audit->ok && store_is_behind(audit->store);
}

static void
job_close(void *arg)
{
	struct audit *audit = arg;

	audit->ok = audit->store == NULL || store_sync(audit->store, audit->now_ms, &audit->err);
	store_close(&audit->store);
	audit_key_close(&audit->key);
	if (audit->lock >= 0)
		close(audit->lock);
	audit->lock = -1;
}

/* ---- the queue ------------------------------------------------------------------------------- */

static size_t
bytes_of(const struct audit_entry *entry)
{
	return sizeof(*entry) + entry->record.arguments.n + entry->record.result.n;
}

static struct audit_entry *
queue_add(struct audit *audit, const struct audit_record *record)
{
	struct audit_entry *entry = audit_entry_new(record, loop_now_ms(audit->loop));

	memcpy(entry->record.instance, audit->instance, sizeof(entry->record.instance));
	*audit->end = entry;
	audit->end = &entry->next;
	audit->bytes += bytes_of(entry);
	audit->n++;
	return entry;
}

/* How many were lost stands where they are missing: behind all that came before, and before what
 * comes next. */
static void
dropped_tell(struct audit *audit)
{
	struct audit_record record = {
		.kind = AUDIT_DROPPED, .time_ms = loop_unix_ms(audit->loop), .count = audit->untold
	};

	if (audit->untold == 0)
		return;
	audit->untold = 0;
	(void)queue_add(audit, &record);
}

/* NULL: it is full. */
static struct audit_entry *
queue_put(struct audit *audit, const struct audit_record *record)
{
	struct audit_entry *entry;

	if (audit->n >= QUEUE_MOST || audit->bytes >= QUEUE_BYTES) {
		audit->dropped++;
		audit->untold++;
		return NULL;
	}
	dropped_tell(audit);
	entry = queue_add(audit, record);
	/* The first one sets the clock; a full batch need not wait for it. */
	if (audit->writer != NULL && (audit->n == 1 || audit->n == BATCH))
		task_wake(audit->writer);
	return entry;
}

static struct audit_entry **
intent_place(struct audit *audit, uint64_t number)
{
	return &audit->intents[number & (INTENTS - 1)];
}

/* The exchange ended before its intent was written: the record takes its place in the queue. */
static bool
intent_replace(struct audit *audit, const struct audit_record *record)
{
	struct audit_entry **place = intent_place(audit, record->number), *entry = *place;

	if (record->kind != AUDIT_EXCHANGE || entry == NULL ||
	    entry->record.number != record->number || record->arguments.n + record->result.n > 0)
		return false;
	*place = NULL;
	entry->record = *record;
	memcpy(entry->record.instance, audit->instance, sizeof(entry->record.instance));
	return true;
}

static struct audit_entry *
queue_take(struct audit *audit)
{
	struct audit_entry *entry = audit->first, **place;

	place = intent_place(audit, entry->record.number);
	if (*place == entry)
		*place = NULL;

	audit->first = entry->next;
	if (audit->first == NULL)
		audit->end = &audit->first;
	entry->next = NULL;
	audit->bytes -= bytes_of(entry);
	audit->n--;
	return entry;
}

void
audit_put(struct audit *audit, const struct audit_record *record)
{
	if (audit != NULL && !intent_replace(audit, record))
		(void)queue_put(audit, record);
}

void
audit_refused(struct audit *audit, const char *reason, const char *transport, const char *address)
{
	if (audit != NULL)
		refusals_put(audit->refusals, reason, transport, address);
}

/* ---- waiting for the disk -------------------------------------------------------------------- */

static void
waiter_tell(struct audit_entry *entry, bool ok, const struct err *err)
{
	struct audit_waiter *waiter = entry->waiter;

	if (waiter == NULL)
		return;
	entry->waiter = NULL;
	waiter->is_over = true;
	waiter->ok = ok;
	if (!ok)
		waiter->err = *err;
	task_wake(waiter->task);
}

static bool
failing(const struct audit *audit, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE,
	    "the audit trail cannot be written, and audit.mode is strict: %s", audit->error);
}

bool
audit_may_call(const struct audit *audit, struct err *err)
{
	if (audit == NULL || !audit->is_strict || audit->retry_ms == 0)
		return true;
	return failing(audit, err);
}

/* What waits for an entry in the place of a task that was cut. */
struct stand_in {
	struct loop *loop;
	struct audit_waiter *waiter;
};

static void
stand_in_run(void *arg)
{
	struct stand_in *stand_in = arg;
	struct err err;

	stand_in->waiter->task = task_self(stand_in->loop);
	while (!stand_in->waiter->is_over)
		must(task_park_wait(stand_in->loop, &err));
}

/* Once more, by a task that nobody cuts. */
MUST_CHECK static bool
wait_uncut(struct audit *audit, struct audit_waiter *waiter, struct err *err)
{
	struct stand_in stand_in = { audit->loop, waiter };
	struct group group = { 0 };

	if (!group_spawn(audit->loop, &group, "audit-wait", stand_in_run, &stand_in, err))
		return false;
	group_drain(audit->loop, &group);
	return true;
}

MUST_CHECK static bool
entry_wait(struct audit *audit, const struct audit_record *record, bool may_be_cut, struct err *err)
{
	struct audit_waiter waiter = { .task = task_self(audit->loop) };
	struct audit_entry *entry;
	bool ok = true;

	if (!audit_may_call(audit, err))
		return false;
	entry = queue_put(audit, record);
	if (entry == NULL)
		return err_set(err, ERR_UNAVAILABLE,
		    "the audit trail is not written fast enough, and audit.mode is strict");
	entry->waiter = &waiter;
	entry->refs++;
	audit->is_urgent = true;
	/* NULL: it has not begun, and will see it then. */
	if (audit->writer != NULL)
		task_wake(audit->writer);
	while (ok && !waiter.is_over)
		ok = task_park_wait(audit->loop, err);
	if (!waiter.is_over && !may_be_cut)
		ok = wait_uncut(audit, &waiter, err);
	entry->waiter = NULL;
	audit_entry_unref(&entry);
	if (!ok || !waiter.is_over)
		return false;
	return waiter.ok || failing(audit, err);
}

bool
audit_intent_wait(struct audit *audit, const struct audit_record *record, struct err *err)
{
	struct audit_entry *entry;

	if (audit == NULL || !audit->has_store)
		return true;
	if (audit->is_strict)
		return entry_wait(audit, record, true, err);
	entry = queue_put(audit, record);
	if (entry != NULL)
		*intent_place(audit, record->number) = entry;
	return true;
}

bool
audit_outcome_wait(struct audit *audit, const struct audit_record *record, struct err *err)
{
	if (audit != NULL && audit->is_strict && audit->has_store)
		return entry_wait(audit, record, false, err);
	audit_put(audit, record);
	return true;
}

/* ---- one batch ------------------------------------------------------------------------------- */

/* What failed stays in front. */
static void
batch_make(struct audit *audit)
{
	if (audit->n + audit->batch_n < BATCH)
		dropped_tell(audit);
	while (audit->n > 0 && audit->batch_n < BATCH)
		audit->batch[audit->batch_n++] = queue_take(audit);
	for (size_t i = 0; i < audit->batch_n; i++)
		audit->records[i] = audit->batch[i] != NULL ? &audit->batch[i]->record : NULL;
	audit->is_urgent = false;
}

static void
batch_written(struct audit *audit)
{
	for (size_t i = 0; i < audit->batch_n; i++) {
		struct audit_entry *entry = audit->batch[i];

		if (entry == NULL)
			continue;
		waiter_tell(entry, true, NULL);
		audit->written++;
		if (entry->record.kind != AUDIT_INTENT)
			fanout_put(audit->fanout, entry);
		audit_entry_unref(&audit->batch[i]);
	}
	audit->batch_n = 0;
}

/* Who waits is told, and what he waited for is not written later. */
static void
batch_failed(struct audit *audit)
{
	size_t kept = 0;

	for (size_t i = 0; i < audit->batch_n; i++) {
		struct audit_entry *entry = audit->batch[i];

		if (entry != NULL && entry->waiter != NULL) {
			waiter_tell(entry, false, &audit->err);
			audit_entry_unref(&entry);
		}
		if (entry != NULL)
			audit->batch[kept++] = entry;
	}
	audit->batch_n = kept;
	for (struct audit_entry **at = &audit->first; *at != NULL;) {
		struct audit_entry *entry = *at;

		if (entry->waiter == NULL) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		audit->bytes -= bytes_of(entry);
		audit->n--;
		waiter_tell(entry, false, &audit->err);
		audit_entry_unref(&entry);
	}
	audit->end = &audit->first;
	while (*audit->end != NULL)
		audit->end = &(*audit->end)->next;
}

static void
log_job(struct audit *audit)
{
	struct log *log = loop_log(audit->loop);

	if (audit->lost > 0)
		log_event(log, LOG_WARN, "audit_unknown",
		    "audit: %u calls were in progress when an instance before ended: their outcome is "
		    "unknown",
		    audit->lost);
	if (audit->missing > 0)
		log_event(log, LOG_ERROR, "audit_missing",
		    "audit: the last %" PRIu64
		    " records of %s are not there any more: look at it with "
		    "\"bascule audit verify\"",
		    audit->missing, audit->settings.path);
	if (audit->removed > 0)
		log_event(log, LOG_INFO, "audit_cut",
		    "audit: %" PRIu64
		    " records are older than audit.keep, or too many, and were removed",
		    audit->removed);
	if (audit->ok && audit->retry_ms > 0)
		log_event(log, LOG_INFO, "audit_recovered", "audit: the store is written again");
	if (!audit->ok && audit->retry_ms == 0)
		log_event(log, LOG_ERROR, "audit_failing", "audit: %s; it is tried again%s",
		    audit->err.text,
		    audit->is_strict ? ", and calls are refused until then (audit.mode: strict)"
				     : "");
}

static void
job_done(struct audit *audit)
{
	uint64_t now_ms = loop_now_ms(audit->loop);

	log_job(audit);
	if (audit->ok) {
		audit->retry_ms = 0;
		batch_written(audit);
		if (audit->must_sync)
			audit->firm_ms = now_ms;
		if (!audit->is_behind)
			audit->sync_at_ms = 0;
		else if (audit->sync_at_ms == 0)
			audit->sync_at_ms = now_ms + SYNC_MS;
		/* There may be more of what is too old. */
		if (audit->must_cut)
			audit->cut_at_ms =
			    audit->removed >= STORE_CUT_RECORDS ? now_ms : now_ms + CUT_MS;
		return;
	}
	snprintf(audit->error, sizeof(audit->error), "%s", audit->err.text);
	audit->retry_ms = audit->retry_ms == 0	  ? RETRY_FIRST_MS
	    : audit->retry_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS
						  : audit->retry_ms * 2;
	batch_failed(audit);
}

/* Batch and settings go to the thread. */
static void
job_wait(struct audit *audit)
{
	uint64_t now_ms = loop_now_ms(audit->loop);

	batch_make(audit);
	audit->settings.is_strict = audit->is_strict;
	audit->settings.keep_ms = audit->keep_ms;
	audit->settings.keep_bytes = audit->keep_bytes;
	audit->is_set &= !audit->must_set;
	audit->must_set = false;
	audit->now_ms = loop_unix_ms(audit->loop);
	/* The first one for a while is firm at once, those that follow soon together. */
	audit->must_sync = (audit->sync_at_ms != 0 && audit->sync_at_ms <= now_ms) ||
	    (!audit->is_strict && audit->firm_ms + SYNC_MS <= now_ms);
	audit->must_cut = audit->cut_at_ms <= now_ms;
	helper_run_wait(audit->loop, HELPER, job_run, audit);
}

/* ---- the writer's task ----------------------------------------------------------------------- */

/* When the next batch is due; 0: now, UINT64_MAX: when something comes. */
static uint64_t
due_ms(const struct audit *audit, uint64_t failed_ms)
{
	uint64_t at_ms = UINT64_MAX;

	if (audit->retry_ms > 0)
		return failed_ms + audit->retry_ms;
	if (audit->is_urgent || audit->must_set || audit->n >= BATCH ||
	    (audit->is_ending && (audit->n > 0 || audit->untold > 0)))
		return 0;
	if (audit->n > 0)
		at_ms = audit->first->queued_ms + BATCH_MS;
	if (audit->sync_at_ms != 0 && audit->sync_at_ms < at_ms)
		at_ms = audit->sync_at_ms;
	if (audit->store != NULL && audit->cut_at_ms < at_ms)
		at_ms = audit->cut_at_ms;
	return at_ms;
}

/* False: it ends, and nothing is left, or nothing can be done about it. */
static bool
work_wait(struct audit *audit, uint64_t failed_ms)
{
	struct err err;

	for (;;) {
		uint64_t at_ms = due_ms(audit, failed_ms);
		bool timed_out;

		if (audit->is_ending && (audit->retry_ms > 0 || audit->n + audit->untold == 0))
			return false;
		if (at_ms <= loop_now_ms(audit->loop))
			return true;
		if (at_ms == UINT64_MAX)
			must(task_park_wait(audit->loop, &err));
		else
			must(task_park_until_wait(audit->loop, at_ms, &timed_out, &err));
	}
}

/* Without a store records go to the sinks as they are. */
static void
pass_on(struct audit *audit)
{
	audit->ok = true;
	batch_make(audit);
	batch_written(audit);
}

static void
writer_main(void *arg)
{
	struct audit *audit = arg;
	struct loop *loop = audit->loop;
	uint64_t failed_ms = 0;

	audit->writer = task_self(loop);
	while (work_wait(audit, failed_ms)) {
		if (!audit->has_store) {
			pass_on(audit);
			continue;
		}
		job_wait(audit);
		job_done(audit);
		failed_ms = loop_now_ms(loop);
	}
	if (audit->batch_n + audit->n + audit->untold > 0)
		log_event(loop_log(loop), LOG_ERROR, "audit_lost",
		    "audit: %zu records were not written: %s",
		    audit->batch_n + audit->n + (size_t)audit->untold, audit->error);
	audit->writer = NULL;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static void
settings_take(struct audit *audit, const struct config_audit *config)
{
	audit->is_strict = config->mode == CONFIG_STRICT;
	audit->keep_ms = config->keep_ms;
	audit->keep_bytes = config->keep_bytes;
	audit->must_set = audit->has_store;
}

static void
instance_make(struct audit *audit)
{
	const char *log = log_instance(loop_log(audit->loop));
	unsigned char bytes[4];
	char hex[2 * sizeof(bytes) + 1] = "";

	loop_random(audit->loop, bytes, sizeof(bytes));
	hex_put(bytes, sizeof(bytes), hex);
	/* The name that the log has for it. */
	if (log[0] != '\0')
		snprintf(audit->instance, sizeof(audit->instance), "%s", log);
	else
		snprintf(audit->instance, sizeof(audit->instance), "%ld-%s", (long)getpid(), hex);
	memcpy(audit->settings.instance, audit->instance, sizeof(audit->instance));
	loop_random(audit->loop, audit->settings.seed, sizeof(audit->settings.seed));
}

static void
mark_put(struct audit *audit, enum audit_kind kind)
{
	struct audit_record record = { .kind = kind, .time_ms = loop_unix_ms(audit->loop) };

	audit_put(audit, &record);
}

static void
audit_free(struct audit **at)
{
	struct audit *audit = *at;

	*at = NULL;
	for (size_t i = 0; i < audit->batch_n; i++)
		audit_entry_unref(&audit->batch[i]);
	while (audit->n > 0) {
		struct audit_entry *entry = queue_take(audit);

		audit_entry_unref(&entry);
	}
	if (audit->secret != NULL)
		explicit_bzero(audit->secret, audit->secret_n);
	mem_free(audit->secret);
	mem_free(audit);
}

bool
audit_is_wanted(const struct config *config)
{
	return config->audit.has_store || config->audit.sinks_n > 0;
}

/* strict: the first write shows whether there can be any. */
MUST_CHECK static bool
begin_wait(struct audit *audit, struct err *err)
{
	if (!audit->is_strict || !audit->has_store)
		return true;
	job_wait(audit);
	if (!audit->ok) {
		*err = audit->err;
		return err_prefix(err, "audit.mode is strict");
	}
	job_done(audit);
	return true;
}

MUST_CHECK static bool
paths_fit(const struct config *config, struct err *err)
{
	static const char number[] = "/999/";

	if (config->state.n + sizeof(number) <= SLOT_PATH && config->audit.store.n < STORE_NAME &&
	    config->state.n + sizeof(number) + config->audit.store.n < KEY_PATH_BYTES - 16 &&
	    config->audit.key_dir.n < KEY_PATH_BYTES - 64)
		return true;
	return err_set(err, ERR_CONFIG,
	    "audit: a path is too long (state, audit.sinks, or where its key is kept)");
}

struct audit *
audit_new_wait(struct loop *loop, const struct config *config, struct slot *slot, struct err *err)
{
	struct slice secret = secret_reveal(config->audit.key);
	struct audit *audit;

	if (!paths_fit(config, err))
		return NULL;
	audit = MEM_NEW(struct audit);
	audit->loop = loop;
	audit->end = &audit->first;
	audit->slot = slot;
	audit->lock = -1;
	audit->cut_at_ms = loop_now_ms(loop);
	audit->has_store = config->audit.has_store;
	snprintf(audit->state, sizeof(audit->state), "%.*s", SLICE_FMT(config->state));
	snprintf(
	    audit->store_name, sizeof(audit->store_name), "%.*s", SLICE_FMT(config->audit.store));
	snprintf(audit->settings.key_dir, sizeof(audit->settings.key_dir), "%.*s",
	    SLICE_FMT(config->audit.key_dir));
	if (secret.n > 0) {
		audit->secret = mem_new(secret.n);
		memcpy(audit->secret, secret.p, secret.n);
		audit->secret_n = secret.n;
	}
	settings_take(audit, &config->audit);
	instance_make(audit);
	audit->fanout = fanout_new(loop, audit->state);
	audit->refusals = refusals_new(audit, loop);
	fanout_set(audit->fanout, &config->audit);
	mark_put(audit, AUDIT_START);
	if (!begin_wait(audit, err) ||
	    !group_spawn(loop, &audit->group, "audit", writer_main, audit, err)) {
		helper_run_wait(loop, HELPER, job_close, audit);
		fanout_free_wait(&audit->fanout);
		refusals_free(&audit->refusals);
		audit_free(&audit);
		return NULL;
	}
	return audit;
}

void
audit_free_wait(struct audit **at)
{
	struct audit *audit = *at;

	*at = NULL;
	if (audit == NULL)
		return;
	refusals_free(&audit->refusals);
	mark_put(audit, AUDIT_STOP);
	audit->is_ending = true;
	if (audit->writer != NULL)
		task_wake(audit->writer);
	group_drain(audit->loop, &audit->group);
	fanout_free_wait(&audit->fanout);
	audit->now_ms = loop_unix_ms(audit->loop);
	helper_run_wait(audit->loop, HELPER, job_close, audit);
	audit_free(&audit);
}

void
audit_reload(struct audit *audit, const struct config *config)
{
	if (audit == NULL)
		return;
	settings_take(audit, &config->audit);
	fanout_set(audit->fanout, &config->audit);
	fanout_reopen(audit->fanout);
	if (audit->writer != NULL)
		task_wake(audit->writer);
}

/* ---- looking at it --------------------------------------------------------------------------- */

const char *
audit_instance(const struct audit *audit)
{
	return audit->instance;
}

bool
audit_is_strict(const struct audit *audit)
{
	return audit != NULL && audit->is_strict;
}

size_t
audit_health_n(const struct audit *audit)
{
	return audit == NULL ? 0 : (audit->has_store ? 1 : 0) + fanout_n(audit->fanout);
}

void
audit_health(const struct audit *audit, size_t i, struct audit_health *out)
{
	const struct audit_entry *oldest = audit->batch_n > 0 ? audit->batch[0] : audit->first;

	if (!audit->has_store || i > 0) {
		fanout_health(audit->fanout, audit->has_store ? i - 1 : i, out);
		return;
	}
	*out = (struct audit_health){ .name = "sqlite",
		.queued = audit->n + audit->batch_n,
		.written = audit->written,
		.dropped = audit->dropped,
		.is_failing = audit->retry_ms > 0 };
	if (oldest != NULL)
		out->lag_ms = loop_now_ms(audit->loop) - oldest->queued_ms;
	snprintf(out->error, sizeof(out->error), "%s", audit->error);
}

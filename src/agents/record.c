/*
 * The record, on the loop's thread: a queue of what is to be written, and a task that hands batches
 * of it to the thread that owns the file.
 *
 * Of a run only the newest row waits, in the place of the first: what is between them nobody will
 * ever ask for.  A batch that could not be written stays and is tried again with a pause; the first
 * failure and the recovery are said, and no run waits for either.  Whoever waits for the disk is
 * told of a failure at once.
 */
#include <stdio.h>
#include <string.h>

#include "agents/record_store.h"

#define HELPER	       "runs"
#define QUEUE_MOST     10000
#define QUEUE_BYTES    (64 * MIB)
#define FIELD_BYTES    (32 * MIB)
#define BUCKETS	       1024u
#define BATCH	       256
#define BATCH_BYTES    (16 * MIB)
#define RETRY_FIRST_MS 250
#define RETRY_MOST_MS  5000
#define PAGE_ROWS      64
#define PAGE_BYTES     (4 * MIB)

/* What waits to be written; the texts of its row stand behind it. */
struct change {
	struct run_change change;
	struct change *next, *prev; /* oldest first */
	struct change *chain;	    /* of its bucket */
	uint64_t number;	    /* grows along the queue */
	size_t bytes;
};

/* On the stack of the task that waits. */
struct waiter {
	struct waiter *next;
	struct task *task;
	uint64_t number; /* up to this one all must be written */
	bool is_over, ok;
	struct err err;
};

struct record {
	struct loop *loop;
	struct group group;
	struct task *writer; /* NULL: it has not begun, or has ended */
	struct change ends;  /* list head */
	struct change *buckets[BUCKETS];
	size_t n, bytes;
	uint64_t number, written; /* the last one given; all up to this are on the disk */
	struct waiter *waiters;
	struct change *batch[BATCH]; /* on its way */
	size_t batch_n;
	uint64_t retry_ms;	 /* 0: it works */
	uint64_t dropped;	 /* since it fails */
	bool is_ending, is_last; /* it ends; and what fails now was tried once more */
	char error[240];

	/* Of the helper thread while a job runs. */
	struct run_store store;
	const struct run_change *changes[BATCH]; /* of the batch */
	uint64_t unix_ms;
	bool ok;
	struct err err;
};

/* ---- states ---------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	bool is_over;
} states[RUN_STATES_N] = {
#define X(state, word, is_over) { word, is_over },
	RUN_STATES(X)
#undef X
};

const char *
run_state_word(enum run_state state)
{
	return states[state].word;
}

bool
run_state_of(struct slice word, enum run_state *out)
{
	for (size_t i = 0; i < RUN_STATES_N; i++)
		if (slice_eq(word, slice_of(states[i].word))) {
			*out = (enum run_state)i;
			return true;
		}
	return false;
}

bool
run_state_is_over(enum run_state state)
{
	return states[state].is_over;
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* All texts of a row, to be copied together. */
#define ROW_TEXTS 17
static void
row_texts(struct run_row *row, struct slice *texts[ROW_TEXTS])
{
	struct slice *const all[ROW_TEXTS] = { &row->id, &row->instance, &row->caller, &row->tenant,
		&row->key, &row->runner, &row->workflow, &row->task, &row->why, &row->text,
		&row->diff, &row->session, &row->isolation, &row->events, &row->folder, &row->repo,
		&row->output };

	memcpy(texts, all, sizeof(all));
}

static struct change *
change_new(const struct run_row *row, bool drop)
{
	struct run_row copy = *row;
	struct slice *texts[ROW_TEXTS];
	struct change *change;
	size_t bytes = 0;
	char *to;

	row_texts(&copy, texts);
	for (size_t i = 0; i < ROW_TEXTS; i++) {
		if (texts[i]->n > FIELD_BYTES) {
			texts[i]->n = FIELD_BYTES;
			copy.is_truncated = true;
		}
		bytes += texts[i]->n;
	}
	change = mem_new(sizeof(*change) + bytes + 1);
	to = (char *)(change + 1);
	for (size_t i = 0; i < ROW_TEXTS; i++) {
		if (texts[i]->p == NULL)
			continue;
		memcpy(to, texts[i]->p, texts[i]->n);
		texts[i]->p = to;
		to += texts[i]->n;
	}
	change->change = (struct run_change){ copy, drop };
	change->bytes = sizeof(*change) + bytes;
	return change;
}

static struct change **
place(struct record *record, struct slice id)
{
	uint64_t hash = hash_bytes(id, loop_seed(record->loop));
	struct change **at = &record->buckets[hash % BUCKETS];

	while (*at != NULL && !slice_eq((*at)->change.row.id, id))
		at = &(*at)->chain;
	return at;
}

static void
queue_add(struct record *record, struct change *change, struct change *before)
{
	struct change **at = place(record, change->change.row.id);

	must(*at == NULL);
	*at = change;
	change->next = before;
	change->prev = before->prev;
	change->prev->next = change->next->prev = change;
	record->n++;
	record->bytes += change->bytes;
}

static void
queue_remove(struct record *record, struct change *change)
{
	struct change **at = place(record, change->change.row.id);

	must(*at == change);
	*at = change->chain;
	change->chain = NULL;
	change->prev->next = change->next;
	change->next->prev = change->prev;
	record->n--;
	record->bytes -= change->bytes;
}

/* Only what fails for long comes to this; what is told when it works again. */
static void
queue_bound(struct record *record)
{
	while (record->n > 1 && (record->n > QUEUE_MOST || record->bytes > QUEUE_BYTES)) {
		struct change *oldest = record->ends.next;

		queue_remove(record, oldest);
		mem_free(oldest);
		record->dropped++;
	}
}

static void
queue_put(struct record *record, const struct run_row *row, bool drop)
{
	struct change *change = change_new(row, drop);
	struct change *older = *place(record, row->id), *before = &record->ends;

	if (older != NULL) {
		before = older->next;
		change->number = older->number;
		queue_remove(record, older);
		mem_free(older);
	} else {
		change->number = ++record->number;
	}
	queue_add(record, change, before);
	queue_bound(record);
	if (record->writer != NULL && record->retry_ms == 0)
		task_wake(record->writer);
}

void
record_put(struct record *record, const struct run_row *row)
{
	queue_put(record, row, false);
}

void
record_drop(struct record *record, struct slice id)
{
	struct run_row row = { .id = id };

	queue_put(record, &row, true);
}

/* ---- waiting for the disk -------------------------------------------------------------------- */

static void
waiter_remove(struct record *record, const struct waiter *waiter)
{
	struct waiter **at = &record->waiters;

	while (*at != NULL && *at != waiter)
		at = &(*at)->next;
	if (*at != NULL)
		*at = waiter->next;
}

/* err NULL: what is written by now. */
static void
waiters_tell(struct record *record, const struct err *err)
{
	for (struct waiter **at = &record->waiters; *at != NULL;) {
		struct waiter *waiter = *at;

		if (err == NULL && waiter->number > record->written) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		waiter->is_over = true;
		waiter->ok = err == NULL;
		if (err != NULL)
			waiter->err = *err;
		task_wake(waiter->task);
	}
}

bool
record_sync_wait(struct record *record, struct err *err)
{
	struct waiter waiter = { .task = task_self(record->loop), .number = record->number };
	bool ok = true;

	if (record->retry_ms > 0)
		return err_set(err, ERR_IO, "%s", record->error);
	if (record->written >= waiter.number)
		return true;
	waiter.next = record->waiters;
	record->waiters = &waiter;
	while (ok && !waiter.is_over)
		ok = task_park_wait(record->loop, err);
	waiter_remove(record, &waiter);
	if (!waiter.is_over)
		return false;
	if (!waiter.ok)
		*err = waiter.err;
	return waiter.ok;
}

/* ---- one batch ------------------------------------------------------------------------------- */

static void
job_run(void *arg)
{
	struct record *record = arg;
	struct run_store *store = &record->store;

	record->err = (struct err){ 0 };
	store->aside[0] = '\0';
	record->ok = store->is_open || run_store_open(store, record->unix_ms, &record->err);
	if (!record->ok || record->batch_n == 0)
		return;
	record->ok = run_store_write(
	    store, (const struct run_change *const *)record->batch, record->batch_n, &record->err);
	/* What is the matter may be with this descriptor alone. */
	if (!record->ok)
		run_store_close(store);
}

static void
job_close(void *arg)
{
	struct record *record = arg;

	run_store_close(&record->store);
}

/* What failed stays in front. */
static void
batch_make(struct record *record)
{
	size_t bytes = 0;

	for (size_t i = 0; i < record->batch_n; i++)
		bytes += record->batch[i]->bytes;
	while (record->n > 0 && record->batch_n < BATCH && bytes < BATCH_BYTES) {
		struct change *change = record->ends.next;

		queue_remove(record, change);
		bytes += change->bytes;
		record->batch[record->batch_n++] = change;
	}
	for (size_t i = 0; i < record->batch_n; i++)
		record->changes[i] = &record->batch[i]->change;
}

static void
batch_written(struct record *record)
{
	for (size_t i = 0; i < record->batch_n; i++) {
		record->written = record->batch[i]->number;
		mem_free(record->batch[i]);
	}
	record->batch_n = 0;
	if (record->n == 0)
		record->written = record->number;
	waiters_tell(record, NULL);
}

static void
log_job(const struct record *record)
{
	struct log *log = loop_log(record->loop);

	if (record->store.aside[0] != '\0')
		log_event(log, LOG_ERROR, "runs_broken",
		    "%s was damaged, or no record of runs: it is %s now, and a new one was begun",
		    record->store.path, record->store.aside);
	if (!record->ok && record->retry_ms == 0)
		log_event(log, LOG_ERROR, "runs_failing",
		    "the record of runs cannot be written, and is tried again; runs go on: %s",
		    record->err.text);
	if (record->ok && record->retry_ms > 0)
		log_event(log, LOG_INFO, "runs_recovered", "the record of runs is written again");
	if (record->ok && record->dropped > 0)
		log_event(log, LOG_ERROR, "runs_dropped",
		    "%llu changes of runs are not in the record: there was no room to keep them",
		    (unsigned long long)record->dropped);
}

static void
job_done(struct record *record)
{
	log_job(record);
	if (record->ok) {
		record->retry_ms = record->dropped = 0;
		batch_written(record);
		return;
	}
	snprintf(record->error, sizeof(record->error), "%s", record->err.text);
	record->err.kind = ERR_IO;
	record->retry_ms = record->retry_ms == 0   ? RETRY_FIRST_MS
	    : record->retry_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS
						   : record->retry_ms * 2;
	waiters_tell(record, &record->err);
}

static void
job_wait(struct record *record)
{
	batch_make(record);
	record->unix_ms = loop_unix_ms(record->loop);
	helper_run_wait(record->loop, HELPER, job_run, record);
}

/* ---- the writer's task ----------------------------------------------------------------------- */

/* False: it ends, and nothing is left, or nothing could be done about it once more. */
static bool
work_wait(struct record *record, uint64_t failed_ms)
{
	uint64_t at_ms = failed_ms + record->retry_ms;
	struct err err;
	bool timed_out;

	for (;;) {
		bool has_work = record->n + record->batch_n > 0 || record->retry_ms > 0;

		if (record->is_ending) {
			has_work &= !record->is_last;
			record->is_last = record->retry_ms > 0;
			return has_work;
		}
		if (record->retry_ms > 0 && at_ms > loop_now_ms(record->loop))
			must(task_park_until_wait(record->loop, at_ms, &timed_out, &err));
		else if (has_work)
			return true;
		else
			must(task_park_wait(record->loop, &err));
	}
}

static void
writer_main(void *arg)
{
	struct record *record = arg;
	uint64_t failed_ms = loop_now_ms(record->loop);

	record->writer = task_self(record->loop);
	while (work_wait(record, failed_ms)) {
		job_wait(record);
		job_done(record);
		failed_ms = loop_now_ms(record->loop);
	}
	if (record->batch_n + record->n > 0)
		log_event(loop_log(record->loop), LOG_ERROR, "runs_unwritten",
		    "%zu changes of runs are not in the record: %s", record->batch_n + record->n,
		    record->error);
	record->writer = NULL;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static void
record_free(struct record **at)
{
	struct record *record = *at;

	*at = NULL;
	must(record->waiters == NULL);
	for (size_t i = 0; i < record->batch_n; i++)
		mem_free(record->batch[i]);
	while (record->n > 0) {
		struct change *change = record->ends.next;

		queue_remove(record, change);
		mem_free(change);
	}
	mem_free(record);
}

bool
record_open_wait(struct loop *loop, const char *slot_dir, struct record **out, struct err *err)
{
	struct record *record = MEM_NEW(struct record);
	bool ok;

	*out = NULL;
	record->loop = loop;
	record->ends.next = record->ends.prev = &record->ends;
	ok = run_store_path(slot_dir, record->store.path, err);
	if (ok) {
		job_wait(record);
		/* What may pass is tried again; what a newer program wrote does not. */
		ok = record->ok || record->err.kind != ERR_CONFIG;
		if (ok)
			job_done(record);
		else
			*err = record->err;
	}
	ok = ok && group_spawn(loop, &record->group, "runs", writer_main, record, err);
	if (!ok) {
		helper_run_wait(loop, HELPER, job_close, record);
		record_free(&record);
		return false;
	}
	*out = record;
	return true;
}

void
record_close_wait(struct record **at)
{
	struct record *record = *at;

	*at = NULL;
	if (record == NULL)
		return;
	record->is_ending = true;
	if (record->writer != NULL)
		task_wake(record->writer);
	group_drain(record->loop, &record->group);
	helper_run_wait(record->loop, HELPER, job_close, record);
	record_free(&record);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* So many rows that are handed over together. */
struct page {
	char path[RUN_STORE_PATH];
	size_t max;
	struct run_reader reader;
	struct arena arena;
	struct run_row rows[PAGE_ROWS];
	size_t n;
	bool is_open, is_end, ok;
	struct err err;
};

static void
page_read(void *arg)
{
	struct page *page = arg;

	page->n = 0;
	page->ok =
	    page->is_open || run_reader_open(&page->reader, page->path, page->max, &page->err);
	page->is_open = page->ok;
	while (page->ok && page->n < PAGE_ROWS && page->arena.used_bytes < PAGE_BYTES) {
		page->ok = run_reader_next(
		    &page->reader, &page->arena, &page->rows[page->n], &page->is_end, &page->err);
		if (!page->ok || page->is_end)
			break;
		page->n++;
	}
	if (!page->ok || page->is_end)
		run_reader_close(&page->reader);
}

bool
record_each_wait(struct loop *loop, const char *slot_dir, size_t max,
    void (*each)(void *owner, const struct run_row *row), void *owner, struct err *err)
{
	struct page *page = MEM_NEW(struct page);
	bool ok;

	page->max = max;
	ok = run_store_path(slot_dir, page->path, err);
	while (ok && !page->is_end) {
		arena_init(&page->arena, NULL, SIZE_MAX / 4);
		helper_run_wait(loop, HELPER, page_read, page);
		for (size_t i = 0; i < page->n; i++)
			each(owner, &page->rows[i]);
		arena_fini(&page->arena);
		ok = page->ok;
		if (!ok)
			*err = page->err;
	}
	mem_free(page);
	return ok;
}

/*
 * record: runs, their events and results, durable in SQLite (state/<instance>/agents.db).
 *
 * A thread of its own owns the database; what the loop gives it is copied and written in batches.
 * Everything that is still listed is also in the run table in memory, so that reading never waits;
 * what stands here is for after a restart.  Private to agents/.
 */
#ifndef AGENTS_RECORD_H
#define AGENTS_RECORD_H

#include "base/base.h"
#include "run/run.h"
#include "store/store.h"

/* clang-format off */
#define RUN_STATES(X)								\
	X(QUEUED,	"queued",	false)	/* waits for a place */		\
	X(RUNNING,	"running",	false)					\
	X(COMPLETED,	"completed",	true)					\
	X(FAILED,	"failed",	true)					\
	X(CANCELLED,	"cancelled",	true)					\
	X(TIMEOUT,	"timeout",	true)					\
	X(LOST,		"lost",		true)	/* its gateway ended before it did */
/* clang-format on */
enum run_state {
#define X(state, word, is_over) RUN_##state,
	RUN_STATES(X)
#undef X
	    RUN_STATES_N
};
const char *run_state_word(enum run_state state);
bool run_state_of(struct slice word, enum run_state *out);
bool run_state_is_over(enum run_state state);

/* One run as it is written down.  Slices are copied by record_put and are the reader's arena's in
 * record_each. Times in ms since 1970; 0: did not happen. */
struct run_row {
	struct slice id;       /* "r-" and 16 hex */
	struct slice instance; /* of the gateway that ran it */
	enum run_state state;
	struct slice caller, tenant;
	struct slice key; /* idempotency or request key, as dedup compares it; SLICE_NONE: none */
	struct slice runner, workflow;
	struct slice task;	/* its first 4 KiB */
	struct slice why;	/* of what did not complete */
	struct slice text;	/* the result, inline part */
	struct slice diff;	/* worktree: what was changed; may be cut */
	struct slice session;	/* the program's own name of the conversation */
	struct slice isolation; /* words in force */
	struct slice events;	/* what it told last, as run_put() writes them */
	struct slice folder;	/* to be removed: absolute path; SLICE_NONE: nothing */
	struct slice repo;	/* worktree: of which repository; SLICE_NONE: no worktree */
	struct slice output;	/* file that holds the whole output; SLICE_NONE: nothing was kept */
	int exit_code;		/* -1: none; 128+n: by signal n */
	bool is_truncated;
	uint64_t queued_ms, started_ms, ended_ms;
	uint64_t output_bytes, tokens_in, tokens_out, cost_microusd;
};

struct record;
/*
 * Opens the store of this instance's slot.  In a task.  What may pass (a full disk) is tried again
 * and fails nothing here; a damaged file is moved aside.  ERR_CONFIG names the file: a newer
 * bascule wrote it, or its path is too long.
 */
MUST_CHECK bool
record_open_wait(struct loop *loop, const char *slot_dir, struct record **out, struct err *err);
/* Writes what is still queued. */
void record_close_wait(struct record **record);
/* Inserts or replaces a run; never waits.  Of a run only the newest row waits; when over 10,000 or
 * 64 MiB of them do, because the disk fails, the oldest give way, and that is logged. */
void record_put(struct record *record, const struct run_row *row);
/* The run is forgotten (retain). */
void record_drop(struct record *record, struct slice id);
/* What was put before is on the disk when it returns true.  ERR_IO, at once, while that fails. */
MUST_CHECK bool record_sync_wait(struct record *record, struct err *err);

/*
 * The runs of a slot's store, oldest first, on a helper thread; each() is called on the loop after
 * it. At most max, the newest.
 */
MUST_CHECK bool record_each_wait(struct loop *loop, const char *slot_dir, size_t max,
    void (*each)(void *owner, const struct run_row *row), void *owner, struct err *err);

#endif

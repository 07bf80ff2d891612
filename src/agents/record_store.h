/*
 * record_store: the file behind the record, state/<instance>/agents.db.  For the helper thread
 * "runs" alone; everything here may block.  Private to record.
 */
#ifndef AGENTS_RECORD_STORE_H
#define AGENTS_RECORD_STORE_H

#include "agents/record.h"
#include "sqlite/sqlite.h"

#define RUN_STORE_NAME	 "agents.db"
#define RUN_STORE_FORMAT 1
#define RUN_STORE_PATH	 (SLOT_PATH + 64)

struct run_store {
	char path[RUN_STORE_PATH];
	char aside[RUN_STORE_PATH]; /* where a file went that was none of ours; "": none did */
	struct sqlite sqlite;
	sqlite3_stmt *put, *drop;
	bool is_open;
	bool is_broken; /* what is in the file cannot be used: the next opening moves it aside */
};

/* What is written, in its order: a run, or (drop) that there is none of this id. */
struct run_change {
	struct run_row row; /* borrowed */
	bool drop;
};

/* False: it is too long. */
MUST_CHECK bool run_store_path(const char *slot_dir, char path[RUN_STORE_PATH], struct err *err);
/*
 * Opens or makes it; path is set.  A file that is no store is moved aside and a new one made.
 * ERR_CONFIG: a newer program has written it, and it stays as it is.  ERR_UNAVAILABLE: anything
 * that may pass.
 */
MUST_CHECK bool run_store_open(struct run_store *store, uint64_t unix_ms, struct err *err);
void run_store_close(struct run_store *store);
/* All of them, on the disk, or none. */
MUST_CHECK bool run_store_write(
    struct run_store *store, const struct run_change *const *changes, size_t n, struct err *err);

/* ---- reading --------------------------------------------------------------------------------- */

struct run_reader {
	struct sqlite sqlite;
	sqlite3_stmt *select; /* NULL: there is nothing to read */
};
/* The newest max, oldest first, as they are now. No file: none.  path lives as long. */
MUST_CHECK bool
run_reader_open(struct run_reader *reader, const char *path, size_t max, struct err *err);
/* The next one, its texts in the arena.  *is_end: there is none. */
MUST_CHECK bool run_reader_next(struct run_reader *reader, struct arena *arena, struct run_row *out,
    bool *is_end, struct err *err);
void run_reader_close(struct run_reader *reader);

#endif

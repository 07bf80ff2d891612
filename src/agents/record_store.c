/*
 * The file behind the record: one table, a row a run, written whole batches at a time and on the
 * disk when a batch is done.
 *
 * The format stands in user_version.  A newer one is left alone; what is no store at all (damaged,
 * or somebody else's file) is moved aside, so that a broken disk costs what it has eaten and not
 * the service.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agents/record_store.h"

#define KIND	       "record of runs"
#define APPLICATION_ID 1112818254 /* "BTRN" */
#define SQL_BYTES      (16 * KIB)
#define VACUUM_PAGES   "2000"

/* ---- columns --------------------------------------------------------------------------------- */

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_STATE, COLUMN_INT, COLUMN_BOOL };

struct column {
	const char *name;
	enum column_kind kind;
	size_t offset;
};

#define COLUMN(name, kind, member) \
	{ \
		name, COLUMN_##kind, offsetof(struct run_row, member) \
	}
/* clang-format off */
static const struct column columns[] = {
	COLUMN("id",		TEXT,	id),
	COLUMN("instance",	TEXT,	instance),
	COLUMN("state",		STATE,	state),
	COLUMN("caller",	TEXT,	caller),
	COLUMN("tenant",	TEXT,	tenant),
	COLUMN("request_key",	TEXT,	key),
	COLUMN("runner",	TEXT,	runner),
	COLUMN("workflow",	TEXT,	workflow),
	COLUMN("task",		TEXT,	task),
	COLUMN("why",		TEXT,	why),
	COLUMN("text",		TEXT,	text),
	COLUMN("diff",		TEXT,	diff),
	COLUMN("session",	TEXT,	session),
	COLUMN("isolation",	TEXT,	isolation),
	COLUMN("events",	TEXT,	events),
	COLUMN("folder",	TEXT,	folder),
	COLUMN("repo",		TEXT,	repo),
	COLUMN("output",	TEXT,	output),
	COLUMN("exit_code",	INT,	exit_code),
	COLUMN("is_truncated",	BOOL,	is_truncated),
	COLUMN("queued_ms",	NUMBER,	queued_ms),
	COLUMN("started_ms",	NUMBER,	started_ms),
	COLUMN("ended_ms",	NUMBER,	ended_ms),
	COLUMN("output_bytes",	NUMBER,	output_bytes),
	COLUMN("tokens_in",	NUMBER,	tokens_in),
	COLUMN("tokens_out",	NUMBER,	tokens_out),
	COLUMN("cost_microusd",	NUMBER,	cost_microusd),
};
/* clang-format on */

static const void *
field(const struct run_row *row, const struct column *column)
{
	return (const char *)row + column->offset;
}

/* What is absent stays NULL, which is something else than an empty text. */
static void
column_bind(struct sqlite *sqlite, sqlite3_stmt *put, size_t i, const struct run_row *row)
{
	const struct column *column = &columns[i];
	const void *at = field(row, column);
	int place = (int)i + 1;

	switch (column->kind) {
	case COLUMN_TEXT:
		if (((const struct slice *)at)->p != NULL)
			sqlite_bind(sqlite, put, place, *(const struct slice *)at);
		break;
	case COLUMN_STATE:
		sqlite_bind(sqlite, put, place, slice_of(run_state_word(row->state)));
		break;
	case COLUMN_NUMBER:
		sqlite->sqlite3_bind_int64(put, place, (sqlite3_int64) * (const uint64_t *)at);
		break;
	case COLUMN_INT:
		sqlite->sqlite3_bind_int64(put, place, *(const int *)at);
		break;
	case COLUMN_BOOL:
		sqlite->sqlite3_bind_int64(put, place, *(const bool *)at);
		break;
	}
}

MUST_CHECK static bool
text_read(struct sqlite *sqlite, sqlite3_stmt *select, int place, struct arena *arena,
    struct slice *out, struct err *err)
{
	struct slice text;

	*out = SLICE_NONE;
	if (sqlite->sqlite3_column_type(select, place) == SQLITE_NULL)
		return true;
	text = sqlite_column(sqlite, select, place);
	if (!arena_reserve(arena, text.n + 1, err))
		return false;
	*out = slice_dup(arena, text);
	return true;
}

/* A state that is no word of ours is of a run about which nobody knows how it ended. */
static enum run_state
state_read(struct sqlite *sqlite, sqlite3_stmt *select, int place)
{
	enum run_state state;

	return run_state_of(sqlite_column(sqlite, select, place), &state) ? state : RUN_LOST;
}

MUST_CHECK static bool
column_read(struct sqlite *sqlite, sqlite3_stmt *select, size_t i, struct arena *arena,
    struct run_row *row, struct err *err)
{
	const struct column *column = &columns[i];
	void *at = (char *)row + column->offset;
	int place = (int)i;

	switch (column->kind) {
	case COLUMN_TEXT:
		return text_read(sqlite, select, place, arena, at, err);
	case COLUMN_STATE:
		row->state = state_read(sqlite, select, place);
		break;
	case COLUMN_NUMBER:
		*(uint64_t *)at = (uint64_t)sqlite->sqlite3_column_int64(select, place);
		break;
	case COLUMN_INT:
		*(int *)at = (int)sqlite->sqlite3_column_int64(select, place);
		break;
	case COLUMN_BOOL:
		*(bool *)at = sqlite->sqlite3_column_int64(select, place) != 0;
		break;
	}
	return true;
}

/* "before NAME after, before NAME after ..." */
static void
put_columns(struct buf *sql, const char *before, const char *after)
{
	for (size_t i = 0; i < COUNT(columns); i++)
		buf_printf(sql, "%s%s%s%s", i > 0 ? ", " : "", before, columns[i].name, after);
}

/* ---- statements ------------------------------------------------------------------------------ */

static void
put_schema(struct buf *sql)
{
	buf_printf(sql,
	    "BEGIN IMMEDIATE; PRAGMA user_version=%d; PRAGMA application_id=%d; CREATE TABLE runs(",
	    RUN_STORE_FORMAT, APPLICATION_ID);
	for (size_t i = 0; i < COUNT(columns); i++)
		buf_printf(sql, "%s%s %s%s", i > 0 ? ", " : "", columns[i].name,
		    columns[i].kind == COLUMN_TEXT || columns[i].kind == COLUMN_STATE ? "TEXT"
										      : "INTEGER",
		    i == 0 ? " NOT NULL UNIQUE" : "");
	buf_puts(sql, "); CREATE INDEX runs_queued ON runs(queued_ms); COMMIT");
	buf_putc(sql, '\0');
}

/* A newer row of a run takes the place that the older one has in the table. */
static void
put_insert(struct buf *sql)
{
	buf_puts(sql, "INSERT INTO runs(");
	put_columns(sql, "", "");
	buf_puts(sql, ") VALUES(");
	for (size_t i = 0; i < COUNT(columns); i++)
		buf_puts(sql, i > 0 ? ",?" : "?");
	buf_puts(sql, ") ON CONFLICT(id) DO UPDATE SET ");
	for (size_t i = 0; i < COUNT(columns); i++)
		buf_printf(
		    sql, "%s%s=excluded.%s", i > 0 ? ", " : "", columns[i].name, columns[i].name);
	buf_putc(sql, '\0');
}

/* By the index, so that the texts of many runs are never sorted in memory. */
static void
put_select(struct buf *sql)
{
	buf_puts(sql, "SELECT ");
	put_columns(sql, "", "");
	buf_puts(sql,
	    " FROM runs ORDER BY queued_ms, rowid"
	    " LIMIT -1 OFFSET max(0, (SELECT count(*) FROM runs) - ?)");
	buf_putc(sql, '\0');
}

MUST_CHECK static bool
prepare(struct sqlite *sqlite, void (*put)(struct buf *sql), sqlite3_stmt **out, struct err *err)
{
	struct buf sql;
	bool ok;

	buf_init(&sql, NULL, SQL_BYTES);
	put(&sql);
	ok = buf_check(&sql, err) && sqlite_prepare(sqlite, sql.p, out, err);
	buf_fini(&sql);
	return ok;
}

/* ---- opening --------------------------------------------------------------------------------- */

bool
run_store_path(const char *slot_dir, char path[RUN_STORE_PATH], struct err *err)
{
	/* Room for what a file that is moved aside is called. */
	return (size_t)snprintf(path, RUN_STORE_PATH, "%s/%s", slot_dir, RUN_STORE_NAME) <
	    RUN_STORE_PATH - 48 ||
	    err_set(err, ERR_CONFIG, "%.80s...: the path is too long", slot_dir);
}

/* *format 0: there is nothing in it yet. */
MUST_CHECK static bool
format_read(struct sqlite *sqlite, uint64_t *format, struct err *err)
{
	uint64_t tables;

	if (!sqlite_number(sqlite, "PRAGMA user_version", format, err) ||
	    !sqlite_number(sqlite, "SELECT count(*) FROM sqlite_master", &tables, err))
		return false;
	if (*format == 0 && tables > 0)
		return err_set(err, ERR_CONFIG, "%s: is no %s", sqlite->path, KIND);
	return true;
}

static bool
too_new(const struct sqlite *sqlite, uint64_t format, struct err *err)
{
	return err_set(err, ERR_CONFIG,
	    "%s: a newer bascule wrote it (format %" PRIu64
	    ", this one knows %d): start that one, or move the file away",
	    sqlite->path, format, RUN_STORE_FORMAT);
}

MUST_CHECK static bool
tables_make(struct sqlite *sqlite, struct err *err)
{
	struct buf sql;
	bool ok;

	buf_init(&sql, NULL, SQL_BYTES);
	put_schema(&sql);
	ok = buf_check(&sql, err) && sqlite_run(sqlite, sql.p, err);
	if (!ok)
		sqlite->sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
	buf_fini(&sql);
	return ok;
}

/* *format: as far as it was read. */
MUST_CHECK static bool
open_once(struct run_store *store, uint64_t *format, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;

	*format = 0;
	if (!sqlite_file_make(store->path, err) ||
	    !sqlite_open(sqlite, store->path, KIND, false, err))
		return false;
	store->is_open = true;
	if (!format_read(sqlite, format, err))
		return false;
	if (*format > RUN_STORE_FORMAT)
		return too_new(sqlite, *format, err);
	return (*format > 0 || sqlite_run(sqlite, "PRAGMA auto_vacuum=INCREMENTAL", err)) &&
	    sqlite_run(sqlite, "PRAGMA journal_mode=WAL", err) &&
	    sqlite_run(sqlite, "PRAGMA journal_size_limit=16777216", err) &&
	    sqlite_run(sqlite, "PRAGMA synchronous=FULL", err) &&
	    (*format > 0 || tables_make(sqlite, err)) &&
	    prepare(sqlite, put_insert, &store->put, err) &&
	    sqlite_prepare(sqlite, "DELETE FROM runs WHERE id=?", &store->drop, err);
}

/* With what SQLite has beside it: a log that stays would be played into the new file. */
MUST_CHECK static bool
move_aside(struct run_store *store, uint64_t unix_ms, struct err *err)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char from[RUN_STORE_PATH + 8], to[RUN_STORE_PATH + 8];

	if ((size_t)snprintf(store->aside, sizeof(store->aside), "%s.broken-%" PRIu64, store->path,
		unix_ms) >= sizeof(store->aside))
		return err_set(err, ERR_UNAVAILABLE, "%s: the path is too long", store->path);
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(from, sizeof(from), "%s%s", store->path, ends[i]);
		snprintf(to, sizeof(to), "%s%s", store->aside, ends[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			return err_set(err, ERR_UNAVAILABLE, "%s: cannot be moved: %m", from);
	}
	store->is_broken = false;
	return true;
}

bool
run_store_open(struct run_store *store, uint64_t unix_ms, struct err *err)
{
	uint64_t format = 0;

	store->aside[0] = '\0';
	if (!store->is_broken) {
		if (open_once(store, &format, err))
			return true;
		run_store_close(store);
		if (err->kind != ERR_CONFIG || format > RUN_STORE_FORMAT)
			return false;
	}
	if (!move_aside(store, unix_ms, err))
		return false;
	if (open_once(store, &format, err))
		return true;
	run_store_close(store);
	return false;
}

void
run_store_close(struct run_store *store)
{
	if (!store->is_open)
		return;
	store->is_open = false;
	sqlite_finish(&store->sqlite, &store->put);
	sqlite_finish(&store->sqlite, &store->drop);
	sqlite_close(&store->sqlite);
}

/* ---- writing --------------------------------------------------------------------------------- */

MUST_CHECK static bool
change_write(struct run_store *store, const struct run_change *change, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	sqlite3_stmt *statement = change->drop ? store->drop : store->put;

	sqlite->sqlite3_clear_bindings(statement);
	if (change->drop)
		sqlite_bind(sqlite, statement, 1, change->row.id);
	else
		for (size_t i = 0; i < COUNT(columns); i++)
			column_bind(sqlite, statement, i, &change->row);
	return sqlite_do(sqlite, statement, "cannot be written", err);
}

bool
run_store_write(
    struct run_store *store, const struct run_change *const *changes, size_t n, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	bool ok = sqlite_run(sqlite, "BEGIN IMMEDIATE", err), has_dropped = false;

	for (size_t i = 0; ok && i < n; i++) {
		has_dropped |= changes[i]->drop;
		ok = change_write(store, changes[i], err);
	}
	ok = ok && sqlite_run(sqlite, "COMMIT", err);
	if (!ok) {
		store->is_broken = err->kind == ERR_CONFIG;
		sqlite->sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
	} else if (has_dropped) {
		/* The file may stay larger than it need be. */
		sqlite->sqlite3_exec(
		    sqlite->db, "PRAGMA incremental_vacuum(" VACUUM_PAGES ")", NULL, NULL, NULL);
	}
	return ok;
}

/* ---- reading --------------------------------------------------------------------------------- */

bool
run_reader_open(struct run_reader *reader, const char *path, size_t max, struct err *err)
{
	struct sqlite *sqlite = &reader->sqlite;
	uint64_t format;
	bool ok;

	*reader = (struct run_reader){ 0 };
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	if (!sqlite_open(sqlite, path, KIND, true, err))
		return false;
	ok = format_read(sqlite, &format, err);
	if (ok && format > RUN_STORE_FORMAT)
		ok = too_new(sqlite, format, err);
	ok = ok && (format == 0 || prepare(sqlite, put_select, &reader->select, err));
	if (!ok)
		run_reader_close(reader);
	else if (reader->select != NULL)
		sqlite->sqlite3_bind_int64(
		    reader->select, 1, (sqlite3_int64)(max < INT64_MAX ? max : INT64_MAX));
	return ok;
}

bool
run_reader_next(struct run_reader *reader, struct arena *arena, struct run_row *out, bool *is_end,
    struct err *err)
{
	struct sqlite *sqlite = &reader->sqlite;
	int code = SQLITE_DONE;

	*out = (struct run_row){ 0 };
	if (reader->select != NULL)
		code = sqlite->sqlite3_step(reader->select);
	*is_end = code == SQLITE_DONE;
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return sqlite_fail(sqlite, "cannot be read", err);
	for (size_t i = 0; !*is_end && i < COUNT(columns); i++)
		if (!column_read(sqlite, reader->select, i, arena, out, err))
			return false;
	return true;
}

void
run_reader_close(struct run_reader *reader)
{
	if (reader->sqlite.db == NULL)
		return;
	sqlite_finish(&reader->sqlite, &reader->select);
	sqlite_close(&reader->sqlite);
}

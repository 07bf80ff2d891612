/*
 * sqlite: SQLite, loaded when the first database is opened (by the thread that uses it), and the
 * few ways in which its users speak to it.  A database belongs to one thread; all functions may
 * block.
 */
#ifndef SQLITE_SQLITE_H
#define SQLITE_SQLITE_H

#include <sqlite3.h>

#include "base/base.h"

#define LIBSQLITE "libsqlite3.so.0"

#define SQLITE_FUNCTIONS(X) \
	X(sqlite3_bind_blob) \
	X(sqlite3_bind_int64) \
	X(sqlite3_bind_text) \
	X(sqlite3_busy_timeout) \
	X(sqlite3_changes) \
	X(sqlite3_clear_bindings) \
	X(sqlite3_close) \
	X(sqlite3_column_blob) \
	X(sqlite3_column_bytes) \
	X(sqlite3_column_int64) \
	X(sqlite3_column_text) \
	X(sqlite3_column_type) \
	X(sqlite3_errmsg) \
	X(sqlite3_exec) \
	X(sqlite3_extended_errcode) \
	X(sqlite3_finalize) \
	X(sqlite3_free) \
	X(sqlite3_open_v2) \
	X(sqlite3_prepare_v2) \
	X(sqlite3_reset) \
	X(sqlite3_step) \
	X(sqlite3_system_errno)

struct sqlite {
#define X(name) __typeof__(name) *name;
	SQLITE_FUNCTIONS(X)
#undef X
	sqlite3 *db;
	const char *path; /* for errors, as the next; borrowed */
	const char *kind; /* what the file should be: "store of the audit" */
};

/* Makes the file if it is not there: SQLite itself would make it for others to read, and what lies
 * beside it gets the same mode.  ERR_UNAVAILABLE. */
MUST_CHECK bool sqlite_file_make(const char *path, struct err *err);
/*
 * ERR_UNAVAILABLE: the library is not there.  path and kind stay the caller's and must live as
 * long. is_reader: nothing is made or changed.
 */
MUST_CHECK bool sqlite_open(
    struct sqlite *sqlite, const char *path, const char *kind, bool is_reader, struct err *err);
void sqlite_close(struct sqlite *sqlite);
/* "PATH: doing: what SQLite says", and what the system says where that is the cause. */
bool sqlite_fail(const struct sqlite *sqlite, const char *doing, struct err *err);
MUST_CHECK bool sqlite_run(struct sqlite *sqlite, const char *sql, struct err *err);
/* False: the file has not the tables that the statement wants, "PATH: is no KIND: ...". */
MUST_CHECK bool
sqlite_prepare(struct sqlite *sqlite, const char *sql, sqlite3_stmt **out, struct err *err);
void sqlite_finish(struct sqlite *sqlite, sqlite3_stmt **statement); /* NULL: nothing */
/* One step, then reset; false: err. */
MUST_CHECK bool
sqlite_do(struct sqlite *sqlite, sqlite3_stmt *statement, const char *doing, struct err *err);
void sqlite_bind(struct sqlite *sqlite, sqlite3_stmt *statement, int at, struct slice text);
void sqlite_bind_bytes(struct sqlite *sqlite, sqlite3_stmt *statement, int at, struct slice bytes);
/* The one number that a statement gives; 0: no row. */
MUST_CHECK bool
sqlite_number(struct sqlite *sqlite, const char *sql, uint64_t *out, struct err *err);
/* Text or blob of a column, until the next step. */
struct slice sqlite_column(struct sqlite *sqlite, sqlite3_stmt *statement, int at);

#endif

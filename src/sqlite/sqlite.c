/*
 * SQLite by one table of functions: linking it would cost every start its relocation, and only the
 * threads of those who keep something need it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sqlite/sqlite.h"

#define BUSY_MS 5000

MUST_CHECK static bool
functions_load(struct sqlite *sqlite, struct err *err)
{
	static const struct symbol functions[] = {
#define X(name) { #name, offsetof(struct sqlite, name) },
		SQLITE_FUNCTIONS(X)
#undef X
	};
	void *handle = dlopen(LIBSQLITE, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (handle == NULL)
		return err_set(err, ERR_UNAVAILABLE, "%s cannot be loaded: install it", LIBSQLITE);
	return symbols_find(handle, LIBSQLITE, functions, COUNT(functions), sqlite, err);
}

bool
sqlite_fail(const struct sqlite *sqlite, const char *doing, struct err *err)
{
	int number = sqlite->db != NULL ? sqlite->sqlite3_system_errno(sqlite->db) : 0;
	int code =
	    sqlite->db != NULL ? sqlite->sqlite3_extended_errcode(sqlite->db) & 0xff : SQLITE_NOMEM;
	bool is_other = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
	enum errkind kind = is_other ? ERR_CONFIG : ERR_UNAVAILABLE;
	const char *because =
	    number != 0 && code != SQLITE_CORRUPT ? strerrordesc_np(number) : NULL;

	return err_set(err, kind, "%s: %s: %s%s%s%s", sqlite->path, doing,
	    sqlite->db != NULL ? sqlite->sqlite3_errmsg(sqlite->db) : "out of memory",
	    because != NULL ? " (" : "", because != NULL ? because : "",
	    because != NULL ? ")" : "");
}

bool
sqlite_file_make(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(err, ERR_UNAVAILABLE, "%s: %m", path);
	close(fd);
	return true;
}

bool
sqlite_open(
    struct sqlite *sqlite, const char *path, const char *kind, bool is_reader, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX |
	    (is_reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	*sqlite = (struct sqlite){ .path = path, .kind = kind };
	if (!functions_load(sqlite, err))
		return false;
	if (sqlite->sqlite3_open_v2(path, &sqlite->db, flags, NULL) != SQLITE_OK) {
		sqlite_fail(sqlite, "cannot be opened", err);
		sqlite_close(sqlite);
		return false;
	}
	sqlite->sqlite3_busy_timeout(sqlite->db, BUSY_MS);
	return true;
}

void
sqlite_close(struct sqlite *sqlite)
{
	if (sqlite->db != NULL)
		must(sqlite->sqlite3_close(sqlite->db) == SQLITE_OK);
	sqlite->db = NULL;
}

bool
sqlite_run(struct sqlite *sqlite, const char *sql, struct err *err)
{
	char doing[64];

	if (sqlite->sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	snprintf(doing, sizeof(doing), "%.60s", sql);
	return sqlite_fail(sqlite, doing, err);
}

bool
sqlite_prepare(struct sqlite *sqlite, const char *sql, sqlite3_stmt **out, struct err *err)
{
	char doing[64];

	if (sqlite->sqlite3_prepare_v2(sqlite->db, sql, -1, out, NULL) == SQLITE_OK)
		return true;
	snprintf(doing, sizeof(doing), "is no %.56s", sqlite->kind);
	return sqlite_fail(sqlite, doing, err);
}

void
sqlite_finish(struct sqlite *sqlite, sqlite3_stmt **statement)
{
	if (*statement != NULL)
		sqlite->sqlite3_finalize(*statement);
	*statement = NULL;
}

bool
sqlite_do(struct sqlite *sqlite, sqlite3_stmt *statement, const char *doing, struct err *err)
{
	int code = sqlite->sqlite3_step(statement);
	bool ok = code == SQLITE_DONE || code == SQLITE_ROW || sqlite_fail(sqlite, doing, err);

	sqlite->sqlite3_reset(statement);
	return ok;
}

void
sqlite_bind(struct sqlite *sqlite, sqlite3_stmt *statement, int at, struct slice text)
{
	sqlite->sqlite3_bind_text(
	    statement, at, text.p != NULL ? text.p : "", (int)text.n, SQLITE_STATIC);
}

void
sqlite_bind_bytes(struct sqlite *sqlite, sqlite3_stmt *statement, int at, struct slice bytes)
{
	sqlite->sqlite3_bind_blob(
	    statement, at, bytes.p != NULL ? bytes.p : "", (int)bytes.n, SQLITE_STATIC);
}

struct slice
sqlite_column(struct sqlite *sqlite, sqlite3_stmt *statement, int at)
{
	const char *p = sqlite->sqlite3_column_blob(statement, at);
	int n = sqlite->sqlite3_column_bytes(statement, at);

	return p != NULL ? (struct slice){ p, (size_t)n } : S("");
}

bool
sqlite_number(struct sqlite *sqlite, const char *sql, uint64_t *out, struct err *err)
{
	sqlite3_stmt *select = NULL;
	int code;

	*out = 0;
	if (!sqlite_prepare(sqlite, sql, &select, err))
		return false;
	code = sqlite->sqlite3_step(select);
	if (code == SQLITE_ROW)
		*out = (uint64_t)sqlite->sqlite3_column_int64(select, 0);
	else if (code != SQLITE_DONE)
		sqlite_fail(sqlite, "cannot be read", err);
	sqlite_finish(sqlite, &select);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

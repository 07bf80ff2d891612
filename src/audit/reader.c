/*
 * Records of stores, for commands: of one in the order of its chain, and where the stores are.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"

#define SQL_BYTES (16 * KIB)

struct audit_reader {
	char path[KEY_PATH_BYTES];
	struct sqlite sqlite;
	sqlite3_stmt *select; /* NULL: it has no tables yet, its gateway has just begun */
	uint64_t last;	      /* that the statement told; it stands behind it */
	bool is_open;	      /* the statement has begun */
};

/* As soon as there is something to select from. */
MUST_CHECK static bool
select_prepare(struct audit_reader *reader, struct err *err)
{
	struct buf sql;
	uint64_t tables, format;
	bool ok = true;

	if (reader->select != NULL)
		return true;
	if (!sqlite_number(&reader->sqlite, "SELECT count(*) FROM sqlite_master", &tables, err) ||
	    !sqlite_number(&reader->sqlite, "PRAGMA user_version", &format, err))
		return false;
	buf_init(&sql, NULL, SQL_BYTES);
	row_select(&sql, format, "WHERE seq > ? ORDER BY seq");
	if (tables > 0)
		ok = sqlite_prepare(&reader->sqlite, sql.p, &reader->select, err);
	buf_fini(&sql);
	return ok;
}

bool
audit_reader_open(const char *path, struct audit_reader **out, struct err *err)
{
	struct audit_reader *reader;

	if (access(path, R_OK) != 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	reader = MEM_NEW(struct audit_reader);
	snprintf(reader->path, sizeof(reader->path), "%s", path);
	if (!sqlite_open(&reader->sqlite, reader->path, STORE_KIND, true, err) ||
	    !select_prepare(reader, err))
		audit_reader_close(&reader);
	*out = reader;
	return reader != NULL;
}

void
audit_reader_close(struct audit_reader **at)
{
	struct audit_reader *reader = *at;

	*at = NULL;
	if (reader == NULL)
		return;
	sqlite_finish(&reader->sqlite, &reader->select);
	sqlite_close(&reader->sqlite);
	mem_free(reader);
}

bool
audit_reader_next(struct audit_reader *reader, uint64_t after, struct audit_record *out,
    bool *is_end, struct err *err)
{
	struct sqlite *sqlite = &reader->sqlite;
	int code;

	*is_end = true;
	if (!select_prepare(reader, err))
		return false;
	if (reader->select == NULL)
		return true;
	if (!reader->is_open || after != reader->last) {
		sqlite->sqlite3_reset(reader->select);
		sqlite->sqlite3_bind_int64(reader->select, 1, (sqlite3_int64)after);
		reader->is_open = true;
	}
	code = sqlite->sqlite3_step(reader->select);
	*is_end = code != SQLITE_ROW;
	if (code == SQLITE_ROW) {
		reader->last = (uint64_t)sqlite->sqlite3_column_int64(reader->select, 0);
		return row_read(sqlite, reader->select, out, err);
	}
	/* The next look sees what was written since. */
	reader->is_open = false;
	if (code != SQLITE_DONE)
		sqlite_fail(sqlite, "cannot be read", err);
	sqlite->sqlite3_reset(reader->select);
	return code == SQLITE_DONE;
}

/* ---- where they are -------------------------------------------------------------------------- */

#define ANCHOR_BYTES	(KIB + KEY_PATH_BYTES)
#define ANCHOR_ID(name) ((struct slice){ (name) + 6, CHAIN_ID - 1 })

/* "audit-ID.anchor" */
static bool
is_anchor(const char *name)
{
	return strlen(name) == 6 + (CHAIN_ID - 1) + 7 &&
	    slice_starts(slice_of(name), S("audit-")) && slice_ends(slice_of(name), S(".anchor"));
}

static void
anchor_look(const char *dir, const char *name,
    void (*gone)(void *ctx, const char *path, uint64_t records), void *ctx)
{
	char path[KEY_PATH_BYTES], id[CHAIN_ID] = "", *text;
	struct seal_row row;
	struct slice store;
	size_t n;
	FILE *file;

	memcpy(id, ANCHOR_ID(name).p, CHAIN_ID - 1);
	if (!anchor_path(dir, id, path) || (file = fopen(path, "re")) == NULL)
		return;
	text = mem_new(ANCHOR_BYTES);
	n = fread(text, 1, ANCHOR_BYTES, file);
	fclose(file);
	if (anchor_read((struct slice){ text, n }, id, &row)) {
		slice_cut((struct slice){ text, n }, '\n', &store);
		store = slice_cut(store, '\n', &(struct slice){ 0 });
		snprintf(path, sizeof(path), "%.*s", SLICE_FMT(store));
		if (store.n > 0 && store.n < sizeof(path) && access(path, F_OK) != 0 &&
		    errno == ENOENT)
			gone(ctx, path, row.seq);
	}
	mem_free(text);
}

void
audit_stores_gone(const struct config_audit *config,
    void (*gone)(void *ctx, const char *path, uint64_t records), void *ctx)
{
	char dir[KEY_PATH_BYTES];
	struct dirent *entry;
	DIR *all;

	snprintf(dir, sizeof(dir), "%.*s", SLICE_FMT(config->key_dir));
	all = opendir(dir);
	while (all != NULL && (entry = readdir(all)) != NULL)
		if (is_anchor(entry->d_name))
			anchor_look(dir, entry->d_name, gone, ctx);
	if (all != NULL)
		closedir(all);
}

static int
number_order(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

void
audit_stores(
    const char *state, const char *name, void (*found)(void *ctx, const char *path), void *ctx)
{
	unsigned *numbers = mem_new(SLOTS_MAX * sizeof(*numbers));
	DIR *dir = opendir(state);
	struct dirent *entry;
	size_t n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		uint64_t number;

		if (n < SLOTS_MAX && slice_to_u64(slice_of(entry->d_name), SLOTS_MAX - 1, &number))
			numbers[n++] = (unsigned)number;
	}
	if (dir != NULL)
		closedir(dir);
	qsort(numbers, n, sizeof(*numbers), number_order);
	for (size_t i = 0; i < n; i++) {
		char path[KEY_PATH_BYTES];

		if ((size_t)snprintf(path, sizeof(path), "%s/%u/%s", state, numbers[i], name) <
			sizeof(path) &&
		    access(path, F_OK) == 0)
			found(ctx, path);
	}
	mem_free(numbers);
}

/*
 * The store, for the one who writes it: records in batches, each a transaction that ends with a new
 * head.  What fails is undone, here as in the file, and may be tried again.
 *
 * The anchor only ever knows what is on the disk for sure, so that a machine that lost its power is
 * not taken for one whose trail was cut.  Where the store knows less than its anchor or its head,
 * the chain goes on behind what they know: the gap stays, for everybody to see.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"

#define CHECKPOINT_RECORDS 1000
#define CHECKPOINT_MS	   60000
#define LOST_RECORDS	   256
#define SQL_BYTES	   (16 * KIB)

const char audit_library[] = LIBSQLITE;

struct store {
	struct store_settings settings;
	const struct audit_key *key;
	struct sqlite sqlite;
	struct chain chain;
	sqlite3_stmt *insert, *pend, *unpend;
	char anchor[KEY_PATH_BYTES]; /* "": none */
	bool is_firm;		     /* this write goes to the disk, whatever the mode */
	uint64_t pending_n;
	uint64_t missing;
	uint64_t checkpoint_seq, checkpoint_ms, anchor_seq;
};

/* ---- seals ----------------------------------------------------------------------------------- */

static struct seal_row
seal_now(const struct store *store, const char *kind, uint64_t now_ms)
{
	struct seal_row row = { .seq = store->chain.seq, .time_ms = now_ms };

	snprintf(row.kind, sizeof(row.kind), "%s", kind);
	memcpy(row.hash, store->chain.hash, sizeof(row.hash));
	seal_row_sign(&row, store->chain.id, store->key);
	return row;
}

MUST_CHECK static bool
seal_put(struct store *store, const char *sql, const struct seal_row *row, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	sqlite3_stmt *put = NULL;
	bool ok;

	if (!sqlite_prepare(sqlite, sql, &put, err))
		return false;
	sqlite_bind(sqlite, put, 1, slice_of(row->kind));
	sqlite->sqlite3_bind_int64(put, 2, (sqlite3_int64)row->seq);
	sqlite->sqlite3_bind_int64(put, 3, (sqlite3_int64)row->time_ms);
	sqlite_bind_bytes(
	    sqlite, put, 4, (struct slice){ (const char *)row->hash, sizeof(row->hash) });
	sqlite_bind(sqlite, put, 5, slice_of(row->key));
	sqlite_bind_bytes(
	    sqlite, put, 6, (struct slice){ (const char *)row->signature, KEY_SIGNATURE });
	ok = sqlite_do(sqlite, put, "cannot be written", err);
	sqlite_finish(sqlite, &put);
	return ok;
}

#define SEAL_ADD "INSERT OR REPLACE INTO seal(" SEAL_COLUMNS ") VALUES(?,?,?,?,?,?)"
/* The one of its kind. */
#define SEAL_MOVE "UPDATE seal SET seq=?2, time=?3, hash=?4, key=?5, signature=?6 WHERE kind=?1"

/* The anchor's file in one piece, by a new one that takes its place. */
static void
anchor_write(struct store *store, const struct seal_row *head)
{
	char path[KEY_PATH_BYTES + 8];
	struct buf text;
	int fd;
	bool ok;

	if (store->anchor[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%s.new", store->anchor);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	buf_init(&text, NULL, KIB + KEY_PATH_BYTES);
	anchor_put(head, store->chain.id, store->settings.path, &text);
	ok = write(fd, text.p, text.n) == (ssize_t)text.n;
	close(fd);
	buf_fini(&text);
	if (ok && rename(path, store->anchor) == 0)
		store->anchor_seq = head->seq;
	else
		unlink(path);
}

/* ---- opening --------------------------------------------------------------------------------- */

MUST_CHECK static bool
synchronous_set(struct store *store, struct err *err)
{
	return sqlite_run(&store->sqlite,
	    store->settings.is_strict ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
	    err);
}

/* An empty file becomes a store. */
MUST_CHECK static bool
store_make(struct store *store, uint64_t now_ms, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	struct seal_row head, start;
	char id[CHAIN_ID] = "";
	struct buf sql;
	bool ok;

	hex_put(store->settings.seed, sizeof(store->settings.seed), id);
	id[CHAIN_ID - 1] = '\0';
	chain_fini(&store->chain);
	chain_init(&store->chain, id);
	head = seal_now(store, "head", now_ms);
	start = seal_now(store, "start", now_ms);
	buf_init(&sql, NULL, SQL_BYTES);
	buf_printf(&sql,
	    "BEGIN IMMEDIATE; PRAGMA user_version=%d; PRAGMA application_id=1112818500;",
	    STORE_FORMAT);
	row_schema(&sql);
	ok = sqlite_run(sqlite, sql.p, err);
	buf_clear(&sql);
	buf_printf(&sql, "INSERT INTO meta VALUES('chain','%s')", id);
	buf_putc(&sql, '\0');
	ok = ok && sqlite_run(sqlite, sql.p, err) && seal_put(store, SEAL_ADD, &head, err) &&
	    seal_put(store, SEAL_ADD, &start, err) && sqlite_run(sqlite, "COMMIT", err);
	if (!ok)
		sqlite->sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
	buf_fini(&sql);
	return ok;
}

static void
chain_at(struct chain *chain, uint64_t seq, const unsigned char hash[AUDIT_DIGEST])
{
	chain->seq = seq;
	memcpy(chain->hash, hash, AUDIT_DIGEST);
}

/* The anchor, where it is ours and can be believed. */
static bool
anchor_find(struct store *store, struct seal_row *out)
{
	char text[KIB];
	ssize_t n;
	int fd;

	if (!anchor_path(store->settings.key_dir, store->chain.id, store->anchor)) {
		store->anchor[0] = '\0';
		return false;
	}
	fd = open(store->anchor, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 && anchor_read((struct slice){ text, (size_t)n }, store->chain.id, out) &&
	    store->key->pkey != NULL && strcmp(out->key, store->key->id) == 0 &&
	    seal_row_fits(out, store->chain.id, store->key);
}

/* Where the chain goes on: behind all that any of rows, head and anchor knows. */
MUST_CHECK static bool
end_find(struct store *store, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	struct seal_row head, anchor;
	char id[CHAIN_ID];
	uint64_t last;
	bool is_there;

	if (!store_id_read(sqlite, id, &is_there, err))
		return false;
	if (!is_there)
		return err_set(err, ERR_CONFIG, "%s: is no %s", sqlite->path, sqlite->kind);
	chain_fini(&store->chain);
	chain_init(&store->chain, id);
	if (!seal_row_read(sqlite, "head", &head, &is_there, err) ||
	    !sqlite_number(sqlite, "SELECT max(seq) FROM chain", &last, err))
		return false;
	if (is_there)
		chain_at(&store->chain, head.seq, head.hash);
	if (last > store->chain.seq)
		store->chain.seq = last;
	if (is_there && last < head.seq)
		store->missing = head.seq - last;
	if (anchor_find(store, &anchor) && anchor.seq > store->chain.seq) {
		store->missing = anchor.seq - last;
		chain_at(&store->chain, anchor.seq, anchor.hash);
	}
	return true;
}

MUST_CHECK static bool
statements_prepare(struct store *store, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	struct buf sql;
	bool ok;

	buf_init(&sql, NULL, SQL_BYTES);
	row_insert(&sql);
	ok = sqlite_prepare(sqlite, sql.p, &store->insert, err) &&
	    sqlite_prepare(sqlite, "INSERT OR REPLACE INTO pending(number, seq) VALUES(?,?)",
		&store->pend, err) &&
	    sqlite_prepare(sqlite, "DELETE FROM pending WHERE number=?", &store->unpend, err) &&
	    sqlite_number(sqlite, "SELECT count(*) FROM pending", &store->pending_n, err);
	buf_fini(&sql);
	return ok;
}

/* A store of an older format gets the columns that came since; its records stay as they are. */
MUST_CHECK static bool
migrate(struct store *store, uint64_t format, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	struct buf sql;
	bool ok;

	if (format == STORE_FORMAT)
		return true;
	buf_init(&sql, NULL, SQL_BYTES);
	row_migrate(&sql, format);
	ok = sqlite_run(sqlite, sql.p, err);
	if (!ok)
		sqlite->sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
	buf_fini(&sql);
	return ok;
}

/* Records of calls that were left open; *n of them, LOST_RECORDS at most. */
MUST_CHECK static bool
lost_read(struct store *store, struct audit_record *records, size_t *n, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	sqlite3_stmt *select = NULL;
	struct buf sql;
	bool ok;
	int code = SQLITE_DONE;

	*n = 0;
	buf_init(&sql, NULL, SQL_BYTES);
	row_select(
	    &sql, STORE_FORMAT, "WHERE seq IN (SELECT seq FROM pending) ORDER BY seq LIMIT 256");
	ok = sqlite_prepare(sqlite, sql.p, &select, err);
	buf_fini(&sql);
	while (ok && *n < LOST_RECORDS && (code = sqlite->sqlite3_step(select)) == SQLITE_ROW) {
		ok = row_read(sqlite, select, &records[*n], err);
		/* What it was about stays; its body is the intent's, and goes with the statement.
		 */
		records[*n].arguments = records[*n].result = SLICE_NONE;
		*n += ok;
	}
	if (ok && code != SQLITE_DONE && code != SQLITE_ROW)
		ok = sqlite_fail(sqlite, "cannot be read", err);
	sqlite_finish(sqlite, &select);
	return ok;
}

/* What an instance before left open has an outcome now: nobody knows which. */
MUST_CHECK static bool
lost_conclude(struct store *store, uint64_t now_ms, unsigned *lost, struct err *err)
{
	struct audit_record *records = mem_new(LOST_RECORDS * sizeof(*records));
	struct audit_record **all = mem_new(LOST_RECORDS * sizeof(*all));
	size_t n = 1;
	bool ok = true;

	while (ok && n > 0 && store->pending_n > 0) {
		ok = lost_read(store, records, &n, err);
		for (size_t i = 0; ok && i < n; i++) {
			all[i] = &records[i];
			records[i].kind = AUDIT_EXCHANGE;
			records[i].outcome = LEDGER_UNKNOWN;
			records[i].outcome_ms = now_ms;
		}
		ok = ok && store_write(store, all, n, now_ms, err);
		*lost += ok ? (unsigned)n : 0;
	}
	/* Places that no record has were put there by somebody else. */
	if (ok && store->pending_n > 0) {
		ok = sqlite_run(&store->sqlite, "DELETE FROM pending", err);
		store->pending_n = 0;
	}
	mem_free(records);
	mem_free(all);
	return ok;
}

bool
store_open(const struct store_settings *settings, const struct audit_key *key, uint64_t now_ms,
    struct store **out, unsigned *lost, struct err *err)
{
	struct store *store = MEM_NEW(struct store);
	struct sqlite *sqlite = &store->sqlite;
	uint64_t format;
	bool ok;

	store->settings = *settings;
	store->key = key;
	store->checkpoint_ms = now_ms;
	chain_init(&store->chain, (char[CHAIN_ID]){ 0 });
	*lost = 0;
	ok = sqlite_file_make(store->settings.path, err) &&
	    sqlite_open(sqlite, store->settings.path, STORE_KIND, false, err) &&
	    sqlite_run(sqlite,
		"PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA cache_size=-512;"
		"PRAGMA journal_size_limit=4194304; PRAGMA temp_store=MEMORY",
		err) &&
	    synchronous_set(store, err) &&
	    sqlite_number(sqlite, "PRAGMA user_version", &format, err);
	if (ok && format > STORE_FORMAT)
		ok = err_set(
		    err, ERR_CONFIG, "%s: was made by a newer version of bascule", sqlite->path);
	ok = ok && (format != 0 ? migrate(store, format, err) : store_make(store, now_ms, err)) &&
	    end_find(store, err) && statements_prepare(store, err) &&
	    lost_conclude(store, now_ms, lost, err);
	if (ok)
		*out = store;
	else
		store_close(&store);
	return ok;
}

bool
store_set(struct store *store, const struct store_settings *settings, struct err *err)
{
	store->settings.is_strict = settings->is_strict;
	store->settings.keep_ms = settings->keep_ms;
	store->settings.keep_bytes = settings->keep_bytes;
	return synchronous_set(store, err);
}

uint64_t
store_missing(const struct store *store)
{
	return store->missing;
}

void
store_close(struct store **at)
{
	struct store *store = *at;
	struct sqlite *sqlite;

	*at = NULL;
	if (store == NULL)
		return;
	sqlite = &store->sqlite;
	sqlite_finish(sqlite, &store->insert);
	sqlite_finish(sqlite, &store->pend);
	sqlite_finish(sqlite, &store->unpend);
	sqlite_close(sqlite);
	chain_fini(&store->chain);
	mem_free(store);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* An intent waits for its exchange's record, or that is it. */
MUST_CHECK static bool
pending_keep(struct store *store, const struct audit_record *record, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	sqlite3_stmt *statement = record->kind == AUDIT_INTENT ? store->pend : store->unpend;

	if (record->kind != AUDIT_INTENT &&
	    (record->kind != AUDIT_EXCHANGE || store->pending_n == 0))
		return true;
	sqlite->sqlite3_bind_int64(statement, 1, (sqlite3_int64)record->number);
	if (record->kind == AUDIT_INTENT)
		sqlite->sqlite3_bind_int64(statement, 2, (sqlite3_int64)record->seq);
	if (!sqlite_do(sqlite, statement, "cannot be written", err))
		return false;
	if (record->kind == AUDIT_INTENT)
		store->pending_n++;
	else if (sqlite->sqlite3_changes(sqlite->db) > 0)
		store->pending_n--;
	return true;
}

MUST_CHECK static bool
record_write(struct store *store, struct audit_record *record, struct err *err)
{
	if (record->instance[0] == '\0')
		memcpy(record->instance, store->settings.instance, sizeof(record->instance));
	chain_add(&store->chain, record);
	row_bind(&store->sqlite, store->insert, record);
	return sqlite_do(&store->sqlite, store->insert, "cannot be written", err) &&
	    pending_keep(store, record, err);
}

MUST_CHECK static bool
head_write(struct store *store, const struct seal_row *head, struct err *err)
{
	struct seal_row checkpoint;

	if (!seal_put(store, SEAL_MOVE, head, err))
		return false;
	if (store->chain.seq < store->checkpoint_seq + CHECKPOINT_RECORDS &&
	    head->time_ms < store->checkpoint_ms + CHECKPOINT_MS)
		return true;
	checkpoint = seal_now(store, "checkpoint", head->time_ms);
	return seal_put(store, SEAL_ADD, &checkpoint, err);
}

/* Intents whose exchange ended within the same batch say nothing that its record does not. */
static bool
is_needless(struct audit_record *const *records, size_t n, size_t i)
{
	if (records[i] == NULL)
		return true;
	if (records[i]->kind != AUDIT_INTENT)
		return false;
	for (size_t k = i + 1; k < n; k++)
		if (records[k] != NULL && records[k]->kind == AUDIT_EXCHANGE &&
		    records[k]->number == records[i]->number)
			return true;
	return false;
}

bool
store_write(struct store *store, struct audit_record *const *records, size_t n, uint64_t now_ms,
    struct err *err)
{
	struct chain *chain = &store->chain;
	uint64_t seq = chain->seq, pending_n = store->pending_n;
	unsigned char hash[AUDIT_DIGEST];
	struct seal_row head;
	bool ok;

	memcpy(hash, chain->hash, sizeof(hash));
	ok = sqlite_run(&store->sqlite, "BEGIN IMMEDIATE", err);
	for (size_t i = 0; ok && i < n; i++)
		ok = is_needless(records, n, i) || record_write(store, records[i], err);
	head = seal_now(store, "head", now_ms);
	ok = ok && head_write(store, &head, err) && sqlite_run(&store->sqlite, "COMMIT", err);
	if (!ok) {
		store->sqlite.sqlite3_exec(store->sqlite.db, "ROLLBACK", NULL, NULL, NULL);
		chain_at(chain, seq, hash);
		store->pending_n = pending_n;
		return false;
	}
	if (chain->seq >= store->checkpoint_seq + CHECKPOINT_RECORDS ||
	    now_ms >= store->checkpoint_ms + CHECKPOINT_MS) {
		store->checkpoint_seq = chain->seq;
		store->checkpoint_ms = now_ms;
	}
	if (store->settings.is_strict || store->is_firm)
		anchor_write(store, &head);
	return true;
}

bool
store_write_firm(struct store *store, struct audit_record *const *records, size_t n,
    uint64_t now_ms, struct err *err)
{
	struct err other;
	bool ok = sqlite_run(&store->sqlite, "PRAGMA synchronous=FULL", err);

	store->is_firm = true;
	ok = ok && store_write(store, records, n, now_ms, err);
	store->is_firm = false;
	/* Where there is no anchor, or it cannot be written, there is nothing to be behind. */
	if (ok)
		store->anchor_seq = store->chain.seq;
	return synchronous_set(store, ok ? err : &other) && ok;
}

bool
store_is_behind(const struct store *store)
{
	return store->anchor_seq != store->chain.seq;
}

bool
store_sync(struct store *store, uint64_t now_ms, struct err *err)
{
	struct seal_row checkpoint = seal_now(store, "checkpoint", now_ms), head;

	head = seal_now(store, "head", now_ms);
	if (!seal_put(store, SEAL_ADD, &checkpoint, err) ||
	    !sqlite_run(&store->sqlite, "PRAGMA wal_checkpoint(PASSIVE)", err))
		return false;
	store->checkpoint_seq = store->chain.seq;
	store->checkpoint_ms = now_ms;
	anchor_write(store, &head);
	/* Where there is no anchor there is nothing to be behind. */
	store->anchor_seq = store->chain.seq;
	return true;
}

/* ---- what is too old ------------------------------------------------------------------------- */

MUST_CHECK static bool
is_too_large(struct store *store, bool *out, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	uint64_t pages, unused, bytes;

	*out = false;
	if (store->settings.keep_bytes == 0)
		return true;
	if (!sqlite_number(sqlite, "PRAGMA page_count", &pages, err) ||
	    !sqlite_number(sqlite, "PRAGMA freelist_count", &unused, err) ||
	    !sqlite_number(sqlite, "PRAGMA page_size", &bytes, err))
		return false;
	*out = (pages - unused) * bytes > store->settings.keep_bytes;
	return true;
}

/* The last record that goes, as a seal: seq 0, none. */
MUST_CHECK static bool
cut_find(struct store *store, uint64_t until_ms, struct seal_row *last, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	sqlite3_stmt *select = NULL;
	int code;

	if (!sqlite_prepare(sqlite,
		"SELECT seq, time, hash FROM chain WHERE seq < ?1 AND seq < "
		"coalesce((SELECT min(seq) FROM pending), ?1) ORDER BY seq LIMIT ?2",
		&select, err))
		return false;
	sqlite->sqlite3_bind_int64(select, 1, (sqlite3_int64)store->chain.seq);
	sqlite->sqlite3_bind_int64(select, 2, STORE_CUT_RECORDS);
	while ((code = sqlite->sqlite3_step(select)) == SQLITE_ROW) {
		struct slice hash = sqlite_column(sqlite, select, 2);

		if ((uint64_t)sqlite->sqlite3_column_int64(select, 1) >= until_ms ||
		    hash.n != AUDIT_DIGEST)
			break;
		last->seq = (uint64_t)sqlite->sqlite3_column_int64(select, 0);
		memcpy(last->hash, hash.p, hash.n);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		sqlite_fail(sqlite, "cannot be read", err);
	sqlite_finish(sqlite, &select);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

MUST_CHECK static bool
cut_do(struct store *store, struct seal_row *last, uint64_t *removed, struct err *err)
{
	struct sqlite *sqlite = &store->sqlite;
	char sql[256];

	seal_row_sign(last, store->chain.id, store->key);
	snprintf(sql, sizeof(sql),
	    "DELETE FROM seal WHERE kind='checkpoint' AND seq<=%" PRIu64 ";"
	    "DELETE FROM chain WHERE seq<=%" PRIu64,
	    last->seq, last->seq);
	if (!sqlite_run(sqlite, "BEGIN IMMEDIATE", err))
		return false;
	if (sqlite_run(sqlite, sql, err)) {
		*removed = (uint64_t)sqlite->sqlite3_changes(sqlite->db);
		if (seal_put(store, SEAL_MOVE, last, err) && sqlite_run(sqlite, "COMMIT", err))
			return true;
	}
	*removed = 0;
	sqlite->sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

bool
store_cut(struct store *store, uint64_t now_ms, uint64_t *removed, struct err *err)
{
	uint64_t keep_ms = store->settings.keep_ms;
	struct seal_row last = { .kind = "start", .time_ms = now_ms };
	struct audit_record record = { .kind = AUDIT_CUT, .time_ms = now_ms };
	uint64_t until_ms = keep_ms > 0 && keep_ms < now_ms ? now_ms - keep_ms : 0;
	bool is_large;

	*removed = 0;
	if (!is_too_large(store, &is_large, err) ||
	    !cut_find(store, is_large ? UINT64_MAX : until_ms, &last, err))
		return false;
	if (last.seq == 0)
		return true;
	if (!cut_do(store, &last, removed, err))
		return false;
	record.count = *removed;
	return sqlite_run(&store->sqlite, "PRAGMA incremental_vacuum(2000)", err) &&
	    store_write(store, (struct audit_record *[]){ &record }, 1, now_ms, err);
}

/*
 * Does a store hold what was written, all of it, in that order?  The chain is computed again from
 * the rows; its seals say that who had the key saw it so; the anchor says how long it was.
 *
 * The anchor is read before the store, and the store in one transaction, so that a gateway that
 * goes on writing is not taken for a fault.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"

#define SQL_BYTES (16 * KIB)

struct verify {
	struct sqlite sqlite;
	struct audit_key key;
	struct audit_report *report;
	struct seal_row start, head, anchor;
	bool has_head;
	char key_dir[KEY_PATH_BYTES];
};

/* Only the first fault is told. */
static bool PRINTF(3, 4) broken(struct verify *verify, uint64_t at, const char *fmt, ...)
{
	struct audit_report *report = verify->report;
	va_list args;

	if (report->is_broken)
		return false;
	report->is_broken = true;
	report->at = at;
	va_start(args, fmt);
	vsnprintf(report->reason, sizeof(report->reason), fmt, args);
	va_end(args);
	return false;
}

/* ---- seals ----------------------------------------------------------------------------------- */

/* A seal by our key must fit; one by another key, or by none, cannot be told from a forged one. */
static bool
seal_check(struct verify *verify, const struct seal_row *row)
{
	if (verify->key.pkey == NULL)
		return true;
	if (row->key[0] == '\0')
		return broken(verify, row->seq, "its %s is not signed", row->kind);
	if (strcmp(row->key, verify->key.id) != 0)
		return broken(verify, row->seq,
		    "its %s is signed with the key %s, and ours is %s: it was replaced, or the key was",
		    row->kind, row->key, verify->key.id);
	if (!seal_row_fits(row, verify->report->chain, &verify->key))
		return broken(verify, row->seq, "the signature of its %s is wrong", row->kind);
	verify->report->seals++;
	return true;
}

MUST_CHECK static bool
ends_read(struct verify *verify, struct err *err)
{
	struct sqlite *sqlite = &verify->sqlite;
	bool is_there;

	if (!store_id_read(sqlite, verify->report->chain, &is_there, err))
		return false;
	if (!is_there)
		return err_set(err, ERR_CONFIG, "%s: is no %s", sqlite->path, sqlite->kind);
	if (!seal_row_read(sqlite, "start", &verify->start, &is_there, err))
		return false;
	if (!is_there)
		return err_set(
		    err, ERR_CONFIG, "%s: does not say where its chain starts", sqlite->path);
	return seal_row_read(sqlite, "head", &verify->head, &verify->has_head, err);
}

/* What an anchor of this chain says; before the store is read. */
static void
anchor_load(struct verify *verify)
{
	char path[KEY_PATH_BYTES], text[KIB];
	ssize_t n;
	int fd;

	if (!anchor_path(verify->key_dir, verify->report->chain, path))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text));
	close(fd);
	verify->report->has_anchor = n > 0 &&
	    anchor_read(
		(struct slice){ text, (size_t)n }, verify->report->chain, &verify->anchor) &&
	    (verify->key.pkey == NULL || strcmp(verify->anchor.key, verify->key.id) != 0 ||
		seal_row_fits(&verify->anchor, verify->report->chain, &verify->key));
}

/* ---- the rows -------------------------------------------------------------------------------- */

/* The seal at the place where the chain is now must say the same. */
static bool
place_check(struct verify *verify, const struct chain *chain, const struct seal_row *row)
{
	return memcmp(row->hash, chain->hash, AUDIT_DIGEST) == 0 ||
	    broken(verify, row->seq, "record %" PRIu64 " and those before are not what its %s saw",
		row->seq, row->kind);
}

static bool
row_check(struct verify *verify, struct chain *chain, sqlite3_stmt *select)
{
	struct sqlite *sqlite = &verify->sqlite;
	uint64_t expected = chain->seq + 1;
	uint64_t seq = (uint64_t)sqlite->sqlite3_column_int64(select, 0);
	struct slice hash;

	if (seq > expected)
		return seq == expected + 1
		    ? broken(verify, expected, "record %" PRIu64 " is missing", expected)
		    : broken(verify, expected, "records %" PRIu64 " to %" PRIu64 " are missing",
			  expected, seq - 1);
	if (seq < expected)
		return broken(verify, seq, "record %" PRIu64 " was added", seq);
	hash = row_chain(sqlite, select, chain);
	if (hash.n != AUDIT_DIGEST || memcmp(hash.p, chain->hash, AUDIT_DIGEST) != 0)
		return broken(verify, seq,
		    "record %" PRIu64 " was changed, or is not the one that was written there",
		    seq);
	if (verify->has_head && seq > verify->head.seq)
		return broken(verify, seq, "record %" PRIu64 " was added behind the end", seq);
	if (verify->report->has_anchor && seq == verify->anchor.seq)
		return place_check(verify, chain, &verify->anchor);
	return true;
}

/* The checkpoint behind the one before, or an end: seq UINT64_MAX. */
static bool
checkpoint_next(struct verify *verify, sqlite3_stmt *select, struct seal_row *next)
{
	struct sqlite *sqlite = &verify->sqlite;

	if (sqlite->sqlite3_step(select) == SQLITE_ROW) {
		if (seal_row_of(sqlite, select, next))
			return true;
		return broken(verify, next->seq, "a checkpoint is none that bascule writes");
	}
	next->seq = UINT64_MAX;
	return true;
}

/* Checkpoints of a key of before cannot be checked; the head covers what they do. */
static bool
checkpoint_check(struct verify *verify, const struct chain *chain, const struct seal_row *row)
{
	if (row->seq != chain->seq)
		return broken(verify, row->seq, "a checkpoint stands where no record is");
	return place_check(verify, chain, row) &&
	    (verify->key.pkey == NULL || strcmp(row->key, verify->key.id) != 0 ||
		seal_check(verify, row));
}

static bool
rows_check(struct verify *verify, struct chain *chain, sqlite3_stmt *select,
    sqlite3_stmt *checkpoints, struct err *err)
{
	struct audit_report *report = verify->report;
	struct sqlite *sqlite = &verify->sqlite;
	struct seal_row next = { .seq = 0 };
	int code;

	while (next.seq <= chain->seq)
		if (!checkpoint_next(verify, checkpoints, &next))
			return true;
	while ((code = sqlite->sqlite3_step(select)) == SQLITE_ROW) {
		if (!row_check(verify, chain, select))
			return true;
		report->first = report->records++ == 0 ? chain->seq : report->first;
		report->last = chain->seq;
		if (next.seq <= chain->seq &&
		    (!checkpoint_check(verify, chain, &next) ||
			!checkpoint_next(verify, checkpoints, &next)))
			return true;
	}
	if (code == SQLITE_DONE && next.seq != UINT64_MAX && next.seq > chain->seq)
		broken(verify, chain->seq + 1,
		    "its tail is cut: a checkpoint knows %" PRIu64 " records, %" PRIu64
		    " are there",
		    next.seq, chain->seq);
	return code == SQLITE_DONE || sqlite_fail(sqlite, "cannot be read", err);
}

/* ---- the ends -------------------------------------------------------------------------------- */

static void
ends_check(struct verify *verify, const struct chain *chain)
{
	if (verify->report->is_broken)
		return;
	if (!verify->has_head) {
		broken(verify, chain->seq, "its head is missing");
		return;
	}
	if (verify->head.seq > chain->seq) {
		broken(verify, chain->seq + 1,
		    "its tail is cut: the head knows %" PRIu64 " records, %" PRIu64 " are there",
		    verify->head.seq, chain->seq);
		return;
	}
	if (!place_check(verify, chain, &verify->head) || !seal_check(verify, &verify->head) ||
	    !seal_check(verify, &verify->start))
		return;
	verify->report->is_signed = verify->key.pkey != NULL;
	if (verify->report->has_anchor && verify->anchor.seq > chain->seq)
		broken(verify, chain->seq + 1,
		    "its tail is cut, or an old copy was put in its place: the anchor in %s knows %" PRIu64
		    " records, %" PRIu64 " are there",
		    verify->key_dir, verify->anchor.seq, chain->seq);
}

MUST_CHECK static bool
chain_follow(struct verify *verify, struct err *err)
{
	struct sqlite *sqlite = &verify->sqlite;
	sqlite3_stmt *select = NULL, *checkpoints = NULL;
	struct chain chain;
	uint64_t format;
	struct buf sql;
	bool ok;

	if (!sqlite_number(sqlite, "PRAGMA user_version", &format, err))
		return false;
	chain_init(&chain, verify->report->chain);
	if (verify->start.seq == 0 && memcmp(verify->start.hash, chain.hash, AUDIT_DIGEST) != 0)
		broken(verify, 1, "its start is not that of this chain");
	chain.seq = verify->start.seq;
	memcpy(chain.hash, verify->start.hash, AUDIT_DIGEST);
	buf_init(&sql, NULL, SQL_BYTES);
	row_select(&sql, format, "ORDER BY seq");
	ok = sqlite_prepare(sqlite, sql.p, &select, err) &&
	    sqlite_prepare(sqlite,
		"SELECT " SEAL_COLUMNS " FROM seal WHERE kind='checkpoint' ORDER BY seq",
		&checkpoints, err) &&
	    (verify->report->is_broken || rows_check(verify, &chain, select, checkpoints, err));
	if (ok)
		ends_check(verify, &chain);
	sqlite_finish(sqlite, &select);
	sqlite_finish(sqlite, &checkpoints);
	buf_fini(&sql);
	chain_fini(&chain);
	return ok;
}

/* key is there already. */
MUST_CHECK static bool
store_verify(struct verify *verify, const char *path, struct err *err)
{
	bool ok = sqlite_open(&verify->sqlite, path, STORE_KIND, true, err);

	if (!ok)
		return false;
	ok = store_id_read(&verify->sqlite, verify->report->chain, &(bool){ false }, err);
	anchor_load(verify);
	ok = ok && sqlite_run(&verify->sqlite, "BEGIN", err) && ends_read(verify, err) &&
	    chain_follow(verify, err);
	sqlite_close(&verify->sqlite);
	return ok;
}

bool
audit_verify(const char *path, const struct config_audit *config, struct audit_report *report,
    struct err *err)
{
	struct verify *verify;
	bool ok;

	*report = (struct audit_report){ .at = 0 };
	if (access(path, R_OK) != 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	verify = MEM_NEW(struct verify);
	verify->report = report;
	snprintf(verify->key_dir, sizeof(verify->key_dir), "%.*s", SLICE_FMT(config->key_dir));
	if (!audit_key_open(
		secret_reveal(config->key), verify->key_dir, false, &verify->key, err)) {
		mem_free(verify);
		return false;
	}
	memcpy(report->key, verify->key.id, sizeof(report->key));
	ok = store_verify(verify, path, err);
	audit_key_close(&verify->key);
	mem_free(verify);
	/* What cannot be read as a store any more is broken; that it cannot be opened is not. */
	if (!ok && err->kind == ERR_CONFIG) {
		report->is_broken = true;
		report->at = report->last + 1;
		snprintf(report->reason, sizeof(report->reason), "%s", err->text);
		return true;
	}
	return ok;
}

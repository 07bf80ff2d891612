/*
 * Private to audit: the chain of a store, its signatures, and the store itself.  Everything here is
 * of the thread that writes, or of a command that reads; nothing of it knows the loop.
 *
 * hash(n) = SHA-256(hash(n-1), n, and every field of record n that is not NULL: its name, type, and
 * value); hash(0) = SHA-256 of the chain's id.  A seal is a signature (Ed25519) of one place in the
 * chain: `head` of its end, with every write; `checkpoint` of places on the way; `start` of the
 * place before the first record that is kept.  The anchor is a copy of the head beside the key.
 */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include "audit/audit.h"
#include "sqlite/sqlite.h"

/* ---- the key (key.c) ------------------------------------------------------------------------- */

#define KEY_ID	       17 /* hex of the public key's hash, and NUL */
#define KEY_SIGNATURE  64
#define KEY_PATH_BYTES 512

struct audit_key {
	void *pkey; /* EVP_PKEY; NULL: nothing is signed, or can be checked */
	char id[KEY_ID];
};
/*
 * From secret, or where that is empty from the file `audit.key` in dir, which is made if `make` and
 * it is not there.  dir empty, no such file: true, and pkey is NULL.
 */
MUST_CHECK bool audit_key_open(
    struct slice secret, const char *dir, bool make, struct audit_key *out, struct err *err);
void audit_key_close(struct audit_key *key);
void
audit_key_sign(const struct audit_key *key, struct slice text, unsigned char out[KEY_SIGNATURE]);
bool audit_key_fits(
    const struct audit_key *key, struct slice text, const unsigned char signature[KEY_SIGNATURE]);

/* ---- the chain (chain.c) --------------------------------------------------------------------- */

#define CHAIN_ID 33 /* 32 hex and NUL */

struct chain {
	char id[CHAIN_ID];
	uint64_t seq;			  /* of the last record */
	unsigned char hash[AUDIT_DIGEST]; /* up to it */
	struct buf bytes;		  /* what the next hash is made of */
};
void chain_init(struct chain *chain, const char id[CHAIN_ID]); /* before the first record */
void chain_fini(struct chain *chain);
/* The next record: begin, its fields in the order of the table, end. */
void chain_begin(struct chain *chain, uint64_t seq);
void chain_put_int(struct chain *chain, const char *name, int64_t value);
/* type 't': text, 'b': bytes, 'f': a number that no record has. */
void chain_put_bytes(struct chain *chain, const char *name, char type, struct slice value);
void chain_end(struct chain *chain);
/* All of a record; sets its seq and hash. */
void chain_add(struct chain *chain, struct audit_record *record);

/* One row of the table `seal`, or the anchor. */
struct seal_row {
	char kind[12]; /* "head", "checkpoint", "start" */
	uint64_t seq, time_ms;
	unsigned char hash[AUDIT_DIGEST];
	char key[KEY_ID]; /* "": not signed */
	unsigned char signature[KEY_SIGNATURE];
};
void seal_row_sign(struct seal_row *row, const char *chain_id, const struct audit_key *key);
bool seal_row_fits(const struct seal_row *row, const char *chain_id, const struct audit_key *key);
/* A line of text and the store's path behind it, and back; false: it is none. */
void
anchor_put(const struct seal_row *row, const char *chain_id, const char *store, struct buf *out);
MUST_CHECK bool anchor_read(struct slice text, const char *chain_id, struct seal_row *row);
/* "DIR/audit-ID.anchor"; false: too long, or there is no directory. */
bool anchor_path(const char *dir, const char *chain_id, char path[KEY_PATH_BYTES]);

/* ---- rows of the store (row.c) --------------------------------------------------------------- */

#define STORE_FORMAT 2
#define STORE_KIND   "store of the audit"

/*
 * "SELECT seq, ... FROM chain" and what `where` says; columns that a store of that format has not
 * are NULL.
 */
void row_select(struct buf *sql, uint64_t format, const char *where);
/* The statements that make a store of an older format one of this. */
void row_migrate(struct buf *sql, uint64_t format);
/* The statements that make an empty store. */
void row_schema(struct buf *sql);
void row_insert(struct buf *sql);
void row_bind(struct sqlite *sqlite, sqlite3_stmt *insert, const struct audit_record *record);
/* The row that a statement of row_select() stands on; bodies live until its next step. */
MUST_CHECK bool
row_read(struct sqlite *sqlite, sqlite3_stmt *select, struct audit_record *out, struct err *err);
/* The same row as the next link of a chain; the hash that stands in it, SLICE_NONE: none. */
struct slice row_chain(struct sqlite *sqlite, sqlite3_stmt *select, struct chain *chain);
/* NULL: there is no such seal; seq 0 of kind "checkpoint": any. */
MUST_CHECK bool seal_row_read(
    struct sqlite *sqlite, const char *kind, struct seal_row *out, bool *is_there, struct err *err);
bool seal_row_of(struct sqlite *sqlite, sqlite3_stmt *select, struct seal_row *out);
#define SEAL_COLUMNS "kind, seq, time, hash, key, signature"
MUST_CHECK bool
store_id_read(struct sqlite *sqlite, char id[CHAIN_ID], bool *is_there, struct err *err);

/* ---- the store (writer.c) -------------------------------------------------------------------- */

struct store_settings {
	char path[KEY_PATH_BYTES];
	char instance[AUDIT_INSTANCE];
	char key_dir[KEY_PATH_BYTES]; /* of the anchor; "": none */
	unsigned char seed[16];	      /* random: the id of a chain that begins */
	bool is_strict;
	uint64_t keep_ms, keep_bytes;
};

struct store;
/*
 * Opens or makes it; calls that an instance before left open get their outcome, unknown: *lost of
 * them.  key is borrowed.
 */
MUST_CHECK bool store_open(const struct store_settings *settings, const struct audit_key *key,
    uint64_t now_ms, struct store **out, unsigned *lost, struct err *err);
/* mode and keep, from now on. */
MUST_CHECK bool
store_set(struct store *store, const struct store_settings *settings, struct err *err);
/*
 * All of them, or none: then err, and the store is as it was.  seq and hash are filled in.  NULL
 * stands for a record that is not wanted any more.
 */
MUST_CHECK bool store_write(struct store *store, struct audit_record *const *records, size_t n,
    uint64_t now_ms, struct err *err);
/*
 * The same (n may be 0), and what was written until then is on the disk when it returns, and the
 * anchor knows of it, in mode async too: one write to the disk more.
 */
MUST_CHECK bool store_write_firm(struct store *store, struct audit_record *const *records, size_t n,
    uint64_t now_ms, struct err *err);
/* How many records its anchor knew that were not there when it was opened. */
uint64_t store_missing(const struct store *store);
/* Has it written what its anchor does not know of yet? */
bool store_is_behind(const struct store *store);
/* To the disk, a checkpoint, and the anchor. */
MUST_CHECK bool store_sync(struct store *store, uint64_t now_ms, struct err *err);
/* What is too old, or too much, goes, so many at once at most; *removed records. */
#define STORE_CUT_RECORDS 1000
MUST_CHECK bool store_cut(struct store *store, uint64_t now_ms, uint64_t *removed, struct err *err);
void store_close(struct store **store); /* NULL: nothing */

/* ---- verify (verify.c) ----------------------------------------------------------------------- */

#endif

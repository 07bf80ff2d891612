/*
 * store: the ledger, the record of exchanges.  Every exchange writes an intent before anything is
 * sent for it, `sent` when its bytes were handed to a provider, and one outcome.  An intent without
 * outcome is an unknown outcome, said out loud.  Held in memory, bounded: the newest are kept.
 *
 * And credentials: small secrets in the state directory, encrypted, one file each.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/base.h"

#define LEDGER_OUTCOMES(X) \
	X(OPEN, "open") /* no outcome yet */ \
	X(DONE, "done") \
	X(FAILED, "failed") \
	X(REFUSED, "refused") \
	X(CANCELLED, "cancelled") \
	X(DEADLINE, "deadline") \
	X(UNAVAILABLE, "unavailable") \
	X(UNKNOWN, "unknown")

enum ledger_outcome {
#define X(name, text) LEDGER_##name,
	LEDGER_OUTCOMES(X)
#undef X
	    LEDGER_OUTCOMES_N
};

/* One record; names cut to fit. Times in ms since 1970, 0: did not happen. */
struct ledger_record {
	uint64_t number; /* of the exchange, from 1 */
	uint64_t intent_ms, sent_ms, outcome_ms;
	enum ledger_outcome outcome;
	int error_code; /* JSON-RPC, 0: none */
	unsigned sends; /* how often bytes of it were handed over */
	char method[32], server[33], name[129], caller[33], tenant[33];
	char client[65]; /* clientInfo.name as sent */
	/* What decided: "allow", "deny", "ask"; the id of the rule, "default" where none did. */
	char verdict[8], rule[65];
};

struct ledger;
struct ledger *ledger_new(size_t records_max);
void ledger_free(struct ledger **ledger);
/* Numbers must grow. */
void ledger_intent(struct ledger *ledger, uint64_t number, uint64_t now_ms, struct slice method,
    struct slice caller, struct slice tenant, struct slice client);
void ledger_route(struct ledger *ledger, uint64_t number, struct slice server, struct slice name);
/* The last one stands: verdict as in the record. */
void ledger_judge(struct ledger *ledger, uint64_t number, struct slice verdict, struct slice rule);
void ledger_sent(struct ledger *ledger, uint64_t number, uint64_t now_ms);
/* Copies what fits, NUL-ended, never the first half of a UTF-8 character. */
void ledger_text_cut(char *to, size_t size, struct slice from);
/* The first outcome counts; a second one is a fault of the program (must). */
void ledger_outcome(struct ledger *ledger, uint64_t number, uint64_t now_ms,
    enum ledger_outcome outcome, int error_code);
const struct ledger_record *ledger_find(const struct ledger *ledger, uint64_t number);
const char *ledger_outcome_name(enum ledger_outcome outcome);
/* How many of each outcome since the start. */
uint64_t ledger_count(const struct ledger *ledger, enum ledger_outcome outcome);

/* ---- directories of processes (slot.c) ------------------------------------------------------- */

/*
 * state/0, state/1 ...: each belongs to the process that holds its lock; what it left there is for
 * the next one.  All functions work on files and may block.
 */
#define SLOTS_MAX 1000
#define SLOT_PATH 400
struct slot {
	int fd; /* that holds the lock; -1: it is not ours */
	unsigned number;
	char dir[SLOT_PATH];
};
/* The first that is free, made if need be; the name of the instance is written into its lock. */
MUST_CHECK bool
slot_open(const char *state, const char *instance, struct slot *out, struct err *err);
/* That one, where it is free; out->fd is -1 where somebody has it or (make false) there is none. */
MUST_CHECK bool
slot_try(const char *state, unsigned number, bool make, struct slot *out, struct err *err);
/* The lock of one file, `PATH.lock`; *fd -1: somebody has it. */
MUST_CHECK bool store_lock(const char *path, int *fd, struct err *err);
void slot_close(struct slot *slot); /* one that is not ours: nothing */
/* The directory and what is missing above it, for this user only. */
MUST_CHECK bool store_dirs_make(const char *dir, struct err *err);

/* ---- small files (file.c) ------------------------------------------------------------------- */

/*
 * NAME in a directory of ours, at most out's ceiling.  *is_there false: there is none.  ERR_CONFIG:
 * it cannot be read, or others may change it.  Blocks, like the one below.
 */
MUST_CHECK bool store_file_read(
    const char *dir, const char *name, struct buf *out, bool *is_there, struct err *err);
/* Whole or not at all, and on the disk when it returns; who writes it holds a lock.  ERR_IO. */
MUST_CHECK bool
store_file_write(const char *dir, const char *name, struct slice bytes, struct err *err);

/* ---- credentials (vault.c) ------------------------------------------------------------- */

/*
 * Records in <state>/credentials, each in a file of its own: NAME.sealed, AES-256-GCM, bound to its
 * name.  What is there may be used only while nobody else can read it.  All functions but _new and
 * _free work on files and may block: in a task, call them by helper_run_wait().
 */
#define CREDENTIAL_NAME	 120 /* letters, digits, '.', '-', '_'; not a '.' first */
#define CREDENTIAL_BYTES (64 * KIB)

struct vault;
/*
 * Nothing is touched yet.  key: the secret that the records' key is made from; SLICE_NONE: a random
 * key in <state>/credentials/key, made with the first record.  Copies both.
 */
struct vault *vault_new(struct slice state, struct slice key);
void vault_free(struct vault **vault);
/*
 * Adds the record to out.  *is_there false: there is none.  ERR_CONFIG names the file: others may
 * read it, it is not ours, damaged, or was made with another key; no other record is touched.
 */
MUST_CHECK bool vault_read(
    const struct vault *vault, struct slice name, struct buf *out, bool *is_there, struct err *err);
/* Whole or not at all, and on the disk when it returns.  The caller holds the lock. */
MUST_CHECK bool
vault_write(const struct vault *vault, struct slice name, struct slice record, struct err *err);
MUST_CHECK bool
vault_remove(const struct vault *vault, struct slice name, bool *was_there, struct err *err);
/*
 * A lock between processes, and between all that lock within one.  It does not wait: *fd is -1
 * where somebody else has it.  Made with the directory, and left there.
 */
MUST_CHECK bool vault_lock(const struct vault *vault, struct slice name, int *fd, struct err *err);
void vault_unlock(int *fd); /* *fd -1: nothing */

#endif

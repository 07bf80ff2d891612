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
	char method[32], server[33], name[64], caller[33], tenant[33];
};

struct ledger;
struct ledger *ledger_new(size_t records_max);
void ledger_free(struct ledger **ledger);
/* Numbers must grow. */
void ledger_intent(struct ledger *ledger, uint64_t number, uint64_t now_ms, struct slice method,
    struct slice caller, struct slice tenant);
void ledger_route(struct ledger *ledger, uint64_t number, struct slice server, struct slice name);
void ledger_sent(struct ledger *ledger, uint64_t number, uint64_t now_ms);
/* The first outcome counts; a second one is a fault of the program (must). */
void ledger_outcome(struct ledger *ledger, uint64_t number, uint64_t now_ms,
    enum ledger_outcome outcome, int error_code);
const struct ledger_record *ledger_find(const struct ledger *ledger, uint64_t number);
const char *ledger_outcome_name(enum ledger_outcome outcome);
/* How many of each outcome since the start. */
uint64_t ledger_count(const struct ledger *ledger, enum ledger_outcome outcome);

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

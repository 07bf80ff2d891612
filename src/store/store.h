/*
 * store: the ledger, the record of exchanges.  Every exchange writes an intent before anything is
 * sent for it, `sent` when its bytes were handed to a provider, and one outcome.  An intent without
 * outcome is an unknown outcome, said out loud.  Held in memory, bounded: the newest are kept.
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

#endif

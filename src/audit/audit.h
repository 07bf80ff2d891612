/*
 * audit: the trail.  One record an exchange, and one for each thing that a reader must know to
 * trust the rest: a start, an end, records that were lost.  The loop's thread only copies a record
 * into a queue; a helper thread writes batches of them to the store (SQLite: chained by hashes,
 * signed), and from there they go on to the other sinks, each on a thread and with an error of its
 * own.
 *
 * mode async: nothing waits; what does not fit the queue is counted, and the count is a record.
 * mode strict: audit_intent_wait() before a call that is not read-only is sent,
 * audit_outcome_wait() before any call is answered; both return once it is on the disk.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "config/config.h"
#include "run/run.h"
#include "store/store.h"

extern const char audit_library[]; /* loaded when a store is opened */

/* ---- the record ------------------------------------------------------------------------------ */

#define AUDIT_KINDS(X) \
	X(EXCHANGE, "exchange") /* a request and what became of it */ \
	X(INTENT, "intent")   /* it is about to be sent; only in the store, sinks do not get it */ \
	X(START, "start")     /* of an instance */ \
	X(STOP, "stop")	      /* its orderly end */ \
	X(DROPPED, "dropped") /* count records were lost before this one */ \
	X(CUT, "cut") /* count records were removed, because they are older than audit.keep */ \
	X(REFUSED, "refused") /* count requests were turned away before they were exchanges */

enum audit_kind {
#define X(name, text) AUDIT_##name,
	AUDIT_KINDS(X)
#undef X
	    AUDIT_KINDS_N
};
const char *audit_kind_name(enum audit_kind kind);

#define AUDIT_INSTANCE 80 /* "{pid}-{8 hex}"; of a replica "{name}-{8 hex}" */
#define AUDIT_DIGEST   32 /* SHA-256; all zero: there is nothing of that kind */
#define AUDIT_BODY_MAX (1024 * KIB)

/* Texts are cut to fit, on a UTF-8 boundary, and NUL-ended; empty: not known, or none. */
struct audit_record {
	enum audit_kind kind;
	uint64_t seq;			  /* place in the instance's chain, from 1; 0: in none */
	unsigned char hash[AUDIT_DIGEST]; /* of the chain up to it; zero: in none */
	char instance[AUDIT_INSTANCE];
	uint64_t number; /* of the exchange, from 1 */
	uint64_t count;	 /* DROPPED, CUT: records; REFUSED: requests */
	/* ms since 1970: it came; first bytes were handed to a provider; its outcome was known.  0:
	 * did not happen. */
	uint64_t time_ms, sent_ms, outcome_ms;
	uint64_t duration_ms;
	unsigned sends; /* how often bytes of it were handed over */
	enum ledger_outcome outcome;
	int error_code;	     /* JSON-RPC, 0: none */
	char request_id[65]; /* raw JSON, as the client wrote it */
	char caller[33], tenant[33];
	char client[65];   /* clientInfo.name, not to be trusted */
	char transport[8]; /* "stdio", "http", "sse" */
	char address[46];  /* REFUSED: of the machine that it came from */
	char session[17];  /* tag of the session: hex of a hash, not its id */
	char revision[12];
	char method[33], server[33], site[33];
	char tool[129]; /* or prompt, URI, task: as its server calls it */
	char verdict[8], rule[65];
	char notes[200]; /* what the guard saw and let pass or changed: "rule=action*count rule=..."
			  */
	uint64_t request_bytes, result_bytes; /* of params; of result or error */
	unsigned char arguments_sha256[AUDIT_DIGEST], result_sha256[AUDIT_DIGEST];
	/* JSON, redacted, possibly cut; SLICE_NONE: not kept. */
	struct slice arguments, result;
};

/*
 * THE table of fields: columns of the store, keys of JSONL, the header of CSV, in this order.  The
 * names are a contract.
 */
enum audit_type {
	AUDIT_U64,
	AUDIT_TIME, /* uint64_t ms since 1970; RFC 3339 with milliseconds in texts */
	AUDIT_UNSIGNED,
	AUDIT_INT,
	AUDIT_KIND,
	AUDIT_OUTCOME, /* enum, its name in texts */
	AUDIT_TEXT,    /* char array */
	AUDIT_BYTES,   /* AUDIT_DIGEST bytes, hex in texts */
	AUDIT_BODY     /* slice */
};

struct audit_field {
	const char *name;
	enum audit_type type;
	size_t offset, size;
	const char *help;
	unsigned since; /* STORE_FORMAT that first has its column */
};
const struct audit_field *audit_fields(size_t *n);
/* False: 0, empty or zero, which texts leave out. */
bool audit_field_is_set(const struct audit_record *record, const struct audit_field *field);
/* seq and hash: they follow from the rest and the records before. */
bool audit_field_is_link(const struct audit_field *field);
/* As text, without quotes or escapes. */
void audit_field_put(
    const struct audit_record *record, const struct audit_field *field, struct buf *out);

/* ---- writing --------------------------------------------------------------------------------- */

struct audit;
/*
 * Opens or makes its store in the slot, and says of what an instance before left open that its
 * outcome is unknown.  From a task.  config is copied; the slot is the process's and outlives it:
 * where it could not be taken yet (fd -1), that is tried here, and again.
 * NULL, err: mode strict, and there is no store; in mode async what fails is logged and tried
 * again.
 */
struct audit *
audit_new_wait(struct loop *loop, const struct config *config, struct slot *slot, struct err *err);
/* Writes what is queued, a stop, and the last checkpoint.  NULL: nothing. */
void audit_free_wait(struct audit **audit);
/* Is there anything to write to? */
bool audit_is_wanted(const struct config *config);
/* mode, keep, bodies and sinks as the new configuration has them; queued records go where they
 * would have gone.  Key and store stay until a restart. */
void audit_reload(struct audit *audit, const struct config *config);
const char *audit_instance(const struct audit *audit); /* "{pid}-{8 hex}" */
bool audit_is_strict(const struct audit *audit);

/*
 * Copies the record; never waits.  Instance, seq and hash are filled in here.  All may be called
 * with audit NULL: nothing is kept, and nothing is waited for.
 */
void audit_put(struct audit *audit, const struct audit_record *record);
/*
 * The intent (kind AUDIT_INTENT) of a call that is not read-only.  async: as audit_put().  strict:
 * returns when it is on the disk; false: ERR_UNAVAILABLE says why the trail cannot be written, or
 * the task was cut; the call must not be sent.
 */
MUST_CHECK bool
audit_intent_wait(struct audit *audit, const struct audit_record *record, struct err *err);
/*
 * The record of a call that is about to be answered.  strict: returns when it is on the disk, also
 * in a task that was cut; false: ERR_UNAVAILABLE, it was not kept, and the answer must not go out.
 */
MUST_CHECK bool
audit_outcome_wait(struct audit *audit, const struct audit_record *record, struct err *err);
/*
 * A request that was turned away before there was an exchange: never waits.  reason: a word of the
 * program's; address of its client, "": not known.  The first one is a record at once, those of the
 * same reason and address within a second are one with a count; more than a record a second, and
 * 128 at once, there never are: who comes with many addresses is counted without them.
 */
void
audit_refused(struct audit *audit, const char *reason, const char *transport, const char *address);
/* strict: may a call begin?  False: ERR_UNAVAILABLE, why the trail cannot be written now. */
MUST_CHECK bool audit_may_call(const struct audit *audit, struct err *err);

/* For health and metrics: of the store, of sink i, in the order of the configuration. */
struct audit_health {
	const char *name;		   /* "sqlite", "jsonl" ... */
	uint64_t queued, written, dropped; /* records */
	uint64_t lag_ms;		   /* how long the oldest queued one has waited */
	bool is_failing;
	char error[240]; /* the last one; "": none so far */
};
size_t audit_health_n(const struct audit *audit);
void audit_health(const struct audit *audit, size_t i, struct audit_health *out);

/* ---- reading --------------------------------------------------------------------------------- */

/*
 * The records of one store, in the order of their chain; it may be in use by a gateway.  Blocks:
 * for commands.  What cannot be read as a record is ERR_CONFIG; a store that its gateway is about
 * to make is one without records so far.
 */
struct audit_reader;
MUST_CHECK bool audit_reader_open(const char *path, struct audit_reader **out, struct err *err);
void audit_reader_close(struct audit_reader **reader);
/* The next one behind seq `after`; *is_end: there is none now.  Bodies live until the next call. */
MUST_CHECK bool audit_reader_next(struct audit_reader *reader, uint64_t after,
    struct audit_record *out, bool *is_end, struct err *err);
/*
 * Follows the chain of one store.  True: report says what was found; false: err, it could not be
 * looked at at all.  Blocks: for commands.
 */
struct audit_report {
	bool is_broken;
	char reason[240]; /* is_broken: what is wrong, for people */
	uint64_t at;	  /* is_broken: number of the first record that is not as it was written */
	uint64_t first, last, records; /* that are there; 0: none */
	uint64_t seals;		       /* signatures that were checked */
	bool is_signed;		       /* its head, with the key that was given */
	bool has_anchor;	       /* what the anchor knows was compared */
	char chain[33], key[17];
};
MUST_CHECK bool audit_verify(const char *path, const struct config_audit *config,
    struct audit_report *report, struct err *err);
/* Stores that an anchor beside the key knows by their paths, and that are not there. */
void audit_stores_gone(const struct config_audit *config,
    void (*gone)(void *ctx, const char *path, uint64_t records), void *ctx);
/* Paths of the stores below a state directory, "state/0/audit.db" ...; calls found for each. */
void audit_stores(
    const char *state, const char *name, void (*found)(void *ctx, const char *path), void *ctx);

/* ---- forms ----------------------------------------------------------------------------------- */

/* What does not change from record to record. */
struct audit_form {
	struct slice host;			   /* of this machine; SLICE_NONE: not known */
	unsigned facility;			   /* of syslog, 0 to 23 */
	long pid;				   /* 0: not said */
	char csv_delimiter, csv_quote, csv_escape; /* csv_escape '\0': quotes are doubled */
	enum config_csv_quoting csv_quoting;
	struct slice csv_null; /* where there is no value */
};
/* CSV as RFC 4180 has it, facility local0. */
void audit_form_init(struct audit_form *form);
/*
 * Records as lines: "jsonl", "csv", "text", "cef", "syslog".  The first adds what stands before all
 * of them; false: no such form.
 */
MUST_CHECK bool
audit_lines_begin(struct slice kind, const struct audit_form *form, struct buf *out);
/* Text as it stands in them, and a moment. */
void audit_put_shown(struct buf *out, struct slice text);
void audit_put_time(struct buf *out, uint64_t unix_ms);
void audit_line_put(struct slice kind, const struct audit_form *form,
    const struct audit_record *record, struct buf *out);

#endif

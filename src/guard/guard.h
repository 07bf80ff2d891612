/*
 * guard: everything that crosses the gateway passes guard_message(), in both directions.  It sees
 * plain values, never an exchange.
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "auth/auth.h"

enum guard_kind {
	GUARD_REQUEST,
	GUARD_RESULT,
	GUARD_ASK,
	GUARD_ANSWER,
	GUARD_TELL,
	GUARD_DEFINITION
};
enum guard_direction { GUARD_TO_PROVIDER, GUARD_TO_CLIENT };

struct guard_subject {
	const struct caller *caller; /* NULL for definitions */
	struct slice client;	     /* clientInfo.name as sent, not trusted */
	struct slice server;	     /* configured name; SLICE_NONE before routing */
	struct slice method;
	struct slice name; /* original name of the tool, prompt or URI */
	struct slice text; /* params, result, question ... as JSON */
};

enum guard_action { GUARD_ALLOW, GUARD_DENY };

struct guard_verdict {
	enum guard_action action;
	struct slice rule; /* id of the rule that decided; "default" where none did */
};

struct guard_verdict guard_message(
    const struct guard_subject *subject, enum guard_kind kind, enum guard_direction direction);

/* ---- scanners (scan.c) ----------------------------------------------------------------------- */

/*
 * Find secrets, personal data and injected instructions in a text, in time linear in its length.
 * A scanner holds what it works with: one a thread.  Offsets are bytes of the text as given; JSON
 * is to be unescaped first, or escapes hide what they stand for.
 */
enum scan_kind { SCAN_SECRET, SCAN_PII, SCAN_INJECTION, SCAN_KINDS_N };
#define SCAN_BIT(kind) (1u << SCAN_##kind)
#define SCAN_ALL       (SCAN_BIT(SECRET) | SCAN_BIT(PII) | SCAN_BIT(INJECTION))
const char *scan_kind_name(enum scan_kind kind); /* secret, pii, injection */

struct scan_finding {
	enum scan_kind kind;
	const char *rule; /* id of the rule; lives as long as the program */
	size_t at, n;
	unsigned score; /* 1 to 100; secrets and pii: 100 where a check digit is right */
};

/* Most findings of one text; more set is_cut, and then nothing may be redacted by them. */
#define SCAN_FINDINGS_MAX 1000
struct scan_findings {
	struct scan_finding *items; /* in the order of the text */
	size_t n, cap;
	bool is_cut;
};
void scan_findings_fini(struct scan_findings *findings);

#define SCAN_KEY_BYTES 32
struct scan_options {
	unsigned kinds;			   /* SCAN_BITs */
	const char *cache;		   /* folder for what is dear to compile; NULL: none */
	bool is_plain;			   /* PCRE2 although Vectorscan can be had */
	unsigned char key[SCAN_KEY_BYTES]; /* of placeholders; random, or shared by replicas */
};

struct scanner;
struct scanner *scan_new(const struct scan_options *options, struct err *err); /* NULL: err */
void scan_free(struct scanner **scanner);
const char *scan_engine(const struct scanner *scanner); /* "vectorscan" or "pcre2" */
/* Replaces what findings held.  False: ERR_LIMIT or ERR_INTERNAL; the text is not to pass. */
MUST_CHECK bool scan_text(
    struct scanner *scanner, struct slice text, struct scan_findings *findings, struct err *err);
/*
 * The text with each finding of these kinds as `[RULE:XXXXXXXX]`, where the X are a keyed hash:
 * equal secrets have equal placeholders, and nobody without the key can try guesses.  False:
 * ERR_LIMIT, the findings were cut or out is full.
 */
MUST_CHECK bool scan_redact(const struct scanner *scanner, struct slice text,
    const struct scan_findings *findings, unsigned kinds, struct buf *out, struct err *err);

/*
 * A text that comes in pieces, held only in part (128 KiB).  What stands across pieces is found if
 * it is not longer than SCAN_OVERLAP_BYTES; offsets are those of the whole.  The findings of each
 * feed follow those of the one before; `last` ends the text, after which the next one begins.
 */
#define SCAN_OVERLAP_BYTES (8 * KIB)
struct scan_stream;
struct scan_stream *scan_stream_new(struct scanner *scanner); /* borrowed */
void scan_stream_free(struct scan_stream **stream);
MUST_CHECK bool scan_feed(struct scan_stream *stream, struct slice piece, bool last,
    struct scan_findings *findings, struct err *err);

/* The rules, for documentation: calls row once for each, in order. */
void scan_rules(
    void (*row)(void *ctx, enum scan_kind kind, const char *rule, const char *how), void *ctx);

#endif

/*
 * guard: everything that crosses the gateway passes guard_message(), in both directions.  It sees
 * plain values, never an exchange; what looks at them is a table of stages (guard.c).
 *
 * A guard is what the configuration says, compiled: it lives as long as the gateway it belongs to.
 * What must outlive a reload (buckets, labels, approvals) hands itself on from guard to guard.
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "auth/auth.h"

extern const char guard_library[]; /* loaded when texts are scanned; "": none is */

enum guard_kind {
	GUARD_REQUEST,
	GUARD_RESULT,
	GUARD_ASK,
	GUARD_ANSWER,
	GUARD_TELL,
	GUARD_DEFINITION
};
enum guard_direction { GUARD_TO_PROVIDER, GUARD_TO_CLIENT };

/* What a message is about. */
enum guard_target { GUARD_OTHER, GUARD_TOOL, GUARD_PROMPT, GUARD_RESOURCE };

/* Everything is borrowed. */
struct guard_subject {
	const struct caller *caller; /* NULL for definitions */
	struct slice client;	     /* clientInfo.name as sent, not trusted */
	struct slice revision;	     /* that the client speaks */
	bool is_stdio;		     /* the client came by a pipe */
	uint64_t window; /* the same for all messages of one session, or of one caller without */
	struct slice server; /* configured name; SLICE_NONE before routing */
	struct slice method;
	enum guard_target target;
	struct slice name; /* original name of the tool, prompt or URI */
	/* What a tool says of itself, with the defaults of MCP where it says nothing. */
	bool is_read_only, is_destructive, is_idempotent, is_open_world;
	struct slice text;	/* params, result, question, definition ... as JSON */
	bool is_error;		/* of a result: text is the error in its place */
	struct slice arguments; /* of a request for a tool or prompt; SLICE_NONE: there are none */
	/* Of the same: its definition, as its provider offers it now; SLICE_NONE: not known. */
	struct slice definition;
	uint64_t now_ms; /* of the loop */
	int64_t unix_s;
};

/* GUARD_ASK_FIRST: it may go on once the client's user has said so. */
enum guard_action { GUARD_ALLOW, GUARD_DENY, GUARD_ASK_FIRST };

#define GUARD_NOTES 16
/* What was seen and let pass, or changed. */
struct guard_note {
	struct slice rule;   /* lives as long as the guard */
	struct slice action; /* "log", "redact", "change", "answer", "failed" */
	unsigned count;
};

struct guard_hold;
struct guard_verdict {
	enum guard_action action;
	/* Of what decided; "default" where nothing did.  Live as long as the guard, but that the
	 * reason may be in words, which live as long as the verdict. */
	struct slice rule, reason;
	struct buf words;
	struct err err; /* GUARD_DENY: what to say, where it is not that the rule refused it */
	/*
	 * Goes on in place of subject->arguments (of a request that has them) or subject->text;
	 * what looks at the message next sees this.  Empty: it goes on as it is.
	 */
	struct buf text;
	struct buf
	    answer; /* of a request: the result, nobody else is asked; empty: there is none */
	struct guard_note notes[GUARD_NOTES];
	unsigned notes_n;
	uint64_t retry_ms; /* with err: in so long it may be tried again; 0: not known */
	/* What the exchange occupies until guard_done(); NULL: nothing.  Whoever takes it sets it
	 * NULL here. */
	struct guard_hold *hold;
};
void guard_verdict_fini(struct guard_verdict *verdict);

/* At the end of an exchange, however it ends, and after any reload; *hold NULL: nothing. */
void guard_done(struct guard_hold **hold);
/* What an exchange occupies besides, for one guard_done(); takes more, which may be NULL. */
void guard_hold_join(struct guard_hold **hold, struct guard_hold **more);

struct guard;
/*
 * Compiles what config says; that is borrowed for as long as the guard lives.  before: the guard
 * it replaces, or NULL.  loop NULL: nothing will pass it, it only finds out whether this is
 * possible.  ERR_CONFIG says which key and what to try.
 */
MUST_CHECK bool guard_new(struct loop *loop, const struct config *config, struct guard *before,
    struct guard **out, struct err *err);
void guard_free(struct guard **guard); /* NULL: nothing */
/* The same as long as that rule says the same; of what is no rule of guard.rules, as long as the
 * guard lives. */
uint64_t guard_rule_print(const struct guard *guard, struct slice rule);
struct loop *guard_loop(const struct guard *guard);

/*
 * Looks at a definition ahead of guard_message(), which is quick about it then: for a task that can
 * let the loop turn between one and the next.  False: there is nothing to be quicker about.
 */
bool guard_look_ahead(struct guard *guard, const struct guard_subject *subject);
/* ---- what callers see (rules_look.c) --------------------------------------------------------- */

/* Can there be anything that some caller may not call, whatever the arguments and the hour? */
bool guard_hides(const struct guard *guard);
/* May such a call be allowed to such a caller?  False: *rule denies it, and it need not be shown.
 */
bool guard_shows(struct guard *guard, const struct guard_subject *subject, struct slice *rule);
/* Callers are shown the same if their classes are the same bytes; of who only that is looked at:
 * caller, client, revision. */
size_t guard_class_bytes(const struct guard *guard);
void guard_class(const struct guard *guard, const struct guard_subject *who, unsigned char *out);
uint64_t guard_number(const struct guard *guard); /* another for each of those of one gateway */

/* Never waits.  The verdict is to be freed by guard_verdict_fini(), whatever it says. */
void guard_message(struct guard *guard, const struct guard_subject *subject, enum guard_kind kind,
    enum guard_direction direction, struct guard_verdict *verdict);
/* In a task: may wait for a helper thread that looks at a large text.  False: the task was cut. */
MUST_CHECK bool
guard_message_wait(struct guard *guard, const struct guard_subject *subject, enum guard_kind kind,
    enum guard_direction direction, struct guard_verdict *verdict, struct err *err);

/* ---- rules alone, for commands (rules_look.c) ------------------------------------------------ */

/* What may not be known of a request of the past. */
#define GUARD_LACKS_ARGUMENTS 1u
#define GUARD_LACKS_HINTS     2u /* what the tool said of itself */

/* What guard.rules say of a request, and nothing else of the guard. */
struct guard_opinion {
	enum guard_action action;
	struct slice rule, reason; /* live as long as the guard; "default": none decides */
	unsigned may_be;	   /* bits, 1u << action: more than one where lacks decides */
	struct slice unsure; /* the first rule that asks for what is not known; or SLICE_NONE */
};
/* lacks: GUARD_LACKS bits. */
void guard_judge(struct guard *guard, const struct guard_subject *subject, unsigned lacks,
    struct guard_opinion *out);

/* UNSURE: it cannot be told; counts for deny, ask and log, and against allow. */
enum rule_answer { RULE_NO, RULE_YES, RULE_UNSURE };

/* One thing that a rule asks. */
struct guard_part {
	const char *name;	   /* as in `match`: "server", "annotations", "time", "args" */
	const struct slice *globs; /* of names; else NULL */
	size_t globs_n;
	struct slice text;		/* of names: what the request has there */
	const struct config_test *test; /* of args; else NULL */
	enum rule_answer answer;
};
struct guard_reading {
	const struct config_rule *rule;
	bool matches;
	const struct guard_part *parts; /* in the order of docs/rules.md */
	size_t parts_n;
};
typedef void guard_read_fn(void *ctx, const struct guard_reading *reading);
/* Tells of each rule in turn, up to the one that decides; readings live for that call only. */
void guard_explain(
    struct guard *guard, const struct guard_subject *subject, guard_read_fn *told, void *ctx);

/* ---- budgets (budgets.c) --------------------------------------------------------------------- */

/* What was used of today's budgets, for guard_budgets_load() of another process; nothing: nothing.
 */
void guard_budgets_put(const struct guard *guard, struct buf *out);
/* Before anything has passed.  ERR_CONFIG: it is damaged; some of it may count. */
MUST_CHECK bool guard_budgets_load(
    struct guard *guard, struct slice text, uint64_t now_ms, int64_t unix_s, struct err *err);

/* ---- pins (pins.c) --------------------------------------------------------------------------- */

/*
 * What servers offered when a person approved it (bascule.lock), or what they offer now: an entry a
 * server, tool, prompt and resource template, each a JSON object in one spelling and its SHA-256.
 */
enum pin_kind { PIN_SERVER, PIN_TOOL, PIN_PROMPT, PIN_TEMPLATE, PIN_KINDS };
const char *pin_kind_name(enum pin_kind kind); /* server, tool, prompt, template */

struct pin {
	enum pin_kind kind;
	struct slice server, name; /* name empty: of a server */
	struct slice text;	   /* the object, as json_canonical() has it */
	unsigned char digest[SHA256_BYTES];
	unsigned line; /* in the file; 0: from none */
};

struct pins;
struct pins *pins_new(void);
void pins_free(struct pins **pins); /* NULL: nothing */
/* Adds one; object: as a server sent it.  False: ERR_LIMIT, it is too deep or too much. */
MUST_CHECK bool pins_add(struct pins *pins, enum pin_kind kind, struct slice server,
    struct slice name, struct slice object, struct err *err);
/* What a server is, as the object of its entry: what is not known is SLICE_NONE. */
struct pin_server {
	const struct slice *written; /* command and arguments, or the url, as configured */
	size_t written_n;
	bool is_url;
	struct slice program, script; /* "sha256:..." of the files that are executed */
	struct slice info;	      /* raw serverInfo */
	struct slice instructions;
};
MUST_CHECK bool pins_add_server(
    struct pins *pins, struct slice server, const struct pin_server *what, struct err *err);
/* Adds an entry of others; it is copied. */
MUST_CHECK bool pins_copy(struct pins *pins, const struct pin *pin, struct err *err);
/* After the last: puts them in order.  False: ERR_CONFIG, two are of the same. */
MUST_CHECK bool pins_finish(struct pins *pins, struct err *err);
/* By server, kind and name. */
const struct pin *pins_all(const struct pins *pins, size_t *n);
/* NULL: not there. */
const struct pin *
pins_find(const struct pins *pins, enum pin_kind kind, struct slice server, struct slice name);
/* As the text of a file, and back (pins_print.c, pins_read.c).  name: of the file, in errors, which
 * tell the line; ERR_CONFIG. */
#define PINS_FILE_BYTES (64 * MIB)
void pins_print(const struct pins *pins, struct buf *out);
MUST_CHECK bool pins_read(struct pins *pins, struct slice text, const char *name, struct err *err);
/* The lines of one member; key: raw, between its quotes. */
void pins_put_member(struct buf *out, struct slice key, struct slice value);
/* Appends JSON with every character that nobody sees as an escape. */
void pins_put_visible(struct buf *out, struct slice json);

/* How they differ (pins_compare.c), in the order of entries and members. */
enum pin_risk { PIN_LOW, PIN_MEDIUM, PIN_HIGH };
const char *pin_risk_name(enum pin_risk risk); /* low, medium, high */
struct pin_change {
	enum pin_risk risk;
	const struct pin *before, *after; /* NULL: it is new; it is gone */
	struct slice member;		  /* of both, that differs; SLICE_NONE: one is NULL */
	struct slice old, new;		  /* its values; SLICE_NONE: not there */
	char what[200];			  /* "description changed", "takes more: bcc" */
};
typedef void pins_change_fn(void *ctx, const struct pin_change *change);
void pins_compare(
    const struct pins *before, const struct pins *after, pins_change_fn *change, void *ctx);

/*
 * Does a guard compare with a lock file (pins_look.c); and does it refuse what differs?  Then a
 * server is shown to it before it is started, and once it has said who it is (is_greeted): false,
 * ERR_REFUSED: it is not to be used.  what->written is filled here; instructions do not count.
 */
bool guard_has_pins(const struct guard *guard);
bool guard_is_strict(const struct guard *guard);
MUST_CHECK bool guard_server(struct guard *guard, struct slice server, struct pin_server *what,
    bool is_greeted, struct err *err);

/* ---- names (likeness.c, unpinned.c) ---------------------------------------------------------- */

/* A tool with its definition; or, with an empty name, a server with its instructions as a JSON
 * string. */
struct likeness_item {
	struct slice server, name, text;
};
enum likeness_kind {
	LIKENESS_ODD,	  /* its name is not 1 to 64 of A-Z a-z 0-9 _ . - */
	LIKENESS_ALIKE,	  /* its name could be taken for that of other */
	LIKENESS_MENTION, /* its text names other, which another server has */
};
struct likeness {
	enum likeness_kind kind;
	const struct likeness_item *item, *other; /* other NULL: ODD */
};
typedef void likeness_fn(void *ctx, const struct likeness *likeness);
/* At most 100 of them. */
void likeness_find(const struct likeness_item *items, size_t n, likeness_fn *found, void *ctx);
/* Logs them, each once; what was looked at just before costs a hash of it. */
void guard_names(struct guard *guard, const struct likeness_item *items, size_t n);
/* Does a command execute a package in whatever version there is?  package: which. */
bool command_is_unpinned(const struct slice *words, size_t n, struct slice *package);
/* ---- cases of plugins (lua_test.c) ----------------------------------------------------------- */

/* row is called for each case, in order; detail: what was expected and what came, where it fails.
 */
struct plugin_report {
	void *ctx;
	void (*row)(void *ctx, struct slice name, bool holds, struct slice detail);
};
/* The cases that a script brings with it.  False: ERR_CONFIG, it cannot be read or has none. */
MUST_CHECK bool guard_plugin_test(const struct config_plugin *config,
    const struct plugin_report *report, unsigned *failed, struct err *err);

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
 * equal secrets have equal placeholders, and nobody without the key can try guesses; where an
 * instruction stood, only that.  False:
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

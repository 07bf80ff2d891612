/*
 * base: what every other folder stands on.  It knows nobody.
 *
 * Slices, errors, memory with ceilings (accounts, arenas, buffers), JSON (a strict span scanner for
 * the hot path, yyjson for documents), and logging to stderr.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK		     __attribute__((warn_unused_result))
#define PRINTF(fmt, first)	     __attribute__((format(printf, fmt, first)))
#define NORETURN		     __attribute__((noreturn))
#define COUNT(array)		     (sizeof(array) / sizeof((array)[0]))
#define CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define KIB ((size_t)1024)
#define MIB (KIB * 1024)

/* No callback works on more than this many bytes before it lets the loop turn (design: 5 ms). */
#define SLICE_OF_WORK_BYTES (256 * KIB)

/*
 * Three strengths of assertion, none of them ever about anything that came from outside:
 * must(x): impossible, always on.  must_slow(x): too dear for release builds.  todo(x): should be
 * handled one day; counted by the checks.
 */
#define must(x) ((x) ? (void)0 : must_failed(__FILE__, __LINE__, __func__, #x))
#ifdef BASCULE_SLOW_CHECKS
#define must_slow(x) must(x)
#else
#define must_slow(x) ((void)0)
#endif
#define todo(x) must(x)
NORETURN void must_failed(const char *file, int line, const char *func, const char *what);

/* ---- slices -------------------------------------------------------------------------------- */

/* Borrowed bytes, not NUL-ended.  {NULL, 0} means "absent", a non-NULL p with n 0 "empty". */
struct slice {
	const char *p;
	size_t n;
};

#define S(lit)	   ((struct slice){ (lit), sizeof(lit) - 1 })
#define SLICE_NONE ((struct slice){ NULL, 0 })
/* For "%.*s". Longer texts than INT_MAX are cut. */
#define SLICE_FMT(s) ((s).n > 0x7fffffff ? 0x7fffffff : (int)(s).n), ((s).p != NULL ? (s).p : "")

struct arena;
struct buf;
struct err;

struct slice slice_of(const char *cstr); /* NULL gives SLICE_NONE */

/* Most that differ do so in length; to compare with a literal costs no call. */
static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (b.n == 0 || memcmp(a.p, b.p, b.n) == 0);
}

bool slice_eq_nocase_long(struct slice a, struct slice b); /* of one length, not empty */

/* ASCII only. Names mostly differ in length or the first letter, or not at all. */
static inline bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n || a.n == 0)
		return a.n == b.n;
	return ((a.p[0] ^ b.p[0]) & ~0x20) == 0 &&
	    (memcmp(a.p, b.p, a.n) == 0 || slice_eq_nocase_long(a, b));
}

bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
struct slice slice_trim(struct slice s); /* spaces and tabs at both ends */
/* Cuts s at the first c: returns what stands before it, *rest what follows (SLICE_NONE: no c). */
struct slice slice_cut(struct slice s, char c, struct slice *rest);
/* Decimal digits only, no sign, no blank; false when empty, malformed or > max. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out);
/* "name:443", "192.0.2.1:443", "[2001:db8::1]:443": the host (without brackets) and the port.
 * False: it is none of these, or the name has bytes that no name of a host has. */
bool slice_to_host_port(struct slice s, struct slice *host, uint16_t *port);
int slice_compare(
    struct slice a, struct slice b); /* as memcmp(); of two that begin alike the shorter */
bool slice_has(struct slice s, struct slice part); /* a part of no bytes: never */
struct slice slice_dup(struct arena *arena, struct slice s);
struct slice slice_keep(struct slice s); /* in memory of its own, for mem_free() of its p */
const char *slice_cstr(struct arena *arena, struct slice s); /* NUL-ended copy */
/* Glob with * and ?, no classes; linear in n(pattern) * n(text) at worst. */
bool slice_glob(struct slice pattern, struct slice text);
/* Does one of them fit?  What is absent fits none. */
bool slice_globs(const struct slice *globs, size_t n, struct slice text);
/* The same, or n is 0: it does not matter. */
bool slice_fits(const struct slice *globs, size_t n, struct slice text);
bool slice_is_utf8(struct slice s); /* whole sequences, as RFC 3629 has them */
/* Case-insensitive edit distance (for "did you mean"), capped at 255; inputs over 64 bytes: 255. */
unsigned slice_distance(struct slice a, struct slice b);

/* ---- errors -------------------------------------------------------------------------------- */

/*
 * One row a kind: name in `data.kind`, JSON-RPC code for legacy clients and for modern ones, HTTP
 * status where the error is found before parsing, exit status of a command.
 */
/* clang-format off */
#define ERR_KINDS(X)								\
	/* kind			data.kind	  legacy  modern  http exit */	\
	X(NONE,			"none",		       0,      0,  200, 0)	\
	X(USAGE,		"usage",	  -32602, -32602,  400, 2)	\
	X(CONFIG,		"config",	  -32603, -32603,  500, 3)	\
	X(PARSE,		"parse",	  -32700, -32700,  400, 1)	\
	X(REQUEST,		"request",	  -32600, -32600,  400, 1)	\
	X(METHOD,		"method",	  -32601, -32601,  404, 1)	\
	X(PARAMS,		"params",	  -32602, -32602,  400, 2)	\
	X(INTERNAL,		"internal",	  -32603, -32603,  500, 1)	\
	X(REFUSED,		"refused",	  -32001, -31001,  403, 1)	\
	X(STRANGER,		"unauthorized",	  -32001, -31001,  401, 1)	\
	X(UNKNOWN_SERVER,	"unknown_server", -32002, -31002,  404, 2)	\
	X(RESOURCE,		"resource_not_found",-32002, -32602, 404, 2)	\
	X(UNAVAILABLE,		"unavailable",	  -32003, -31003,  503, 4)	\
	X(DEADLINE,		"deadline",	  -32004, -31004,  504, 4)	\
	X(LIMIT,		"limit",	  -32005, -31005,  413, 1)	\
	X(OUTCOME_UNKNOWN,	"outcome_unknown",-32006, -31006,  502, 4)	\
	X(CANCELLED,		"cancelled",	  -32603, -32603,  499, 1)	\
	X(IO,			"io",		  -32003, -31003,  502, 4)		\
	X(HEADER,		"header_mismatch", -32020, -32020,  400, 1)		\
	X(CAPABILITY,		"missing_capability",-32021, -32021, 400, 1)		\
	X(VERSION,		"unsupported_version",-32022, -32022, 400, 1)
/* clang-format on */

enum errkind {
#define X(kind, name, legacy, modern, http, exit) ERR_##kind,
	ERR_KINDS(X)
#undef X
	    ERR_KINDS_N
};

struct err {
	enum errkind kind;
	unsigned line, col; /* 1-based, 0: no position; bytes, not characters */
	char text[240];
};

struct err_info {
	const char *name; /* data.kind */
	int legacy_code, modern_code, http_status, exit_status;
};

/* Fills *err (text cut at 239 bytes, always on a UTF-8 boundary, control characters become spaces)
 * and returns false. */
bool err_set(struct err *err, enum errkind kind, const char *fmt, ...) PRINTF(3, 4);
/* As err_set, with a position. */
bool err_set_at(struct err *err, enum errkind kind, unsigned line, unsigned col, const char *fmt,
    ...) PRINTF(5, 6);
/* Puts "who: " before the text, for errors on their way up; returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);
const struct err_info *err_info(enum errkind kind);

/* ---- memory -------------------------------------------------------------------------------- */

/*
 * An account that bounds many arenas and buffers together (limits.memory).  One a loop; not for
 * threads.  limit 0: unbounded.
 */
struct memory {
	size_t used_bytes, limit_bytes, peak_bytes;
};

/*
 * Memory that is freed as a whole.  Every size that comes from input is announced by
 * arena_reserve(), which checks the arena's ceiling and the account; after it arena_alloc() of that
 * many bytes cannot fail.  Sizes that the program itself fixes (up to ARENA_SMALL) need no reserve.
 * In sanitizer builds every arena_alloc() is a malloc() of its own, so that overruns are seen.
 * Each thread keeps some chunks of the default size for reuse.
 */
#define ARENA_CHUNK (4 * KIB)
#define ARENA_SMALL (4 * KIB)

struct arena_chunk;
struct arena {
	struct memory *memory;	    /* may be NULL */
	struct arena_chunk *chunks; /* newest first */
	char *at, *end;		    /* free part of the newest chunk */
	size_t used_bytes, ceiling_bytes;
	size_t reserved_bytes; /* announced and not yet taken */
};

void arena_init(struct arena *arena, struct memory *memory, size_t ceiling_bytes);
void arena_fini(struct arena *arena);		       /* may be used again after it */
void arena_take(struct arena *to, struct arena *from); /* moves; from is empty after it */
MUST_CHECK bool arena_reserve(struct arena *arena, size_t n, struct err *err); /* ERR_LIMIT */
void *arena_alloc(struct arena *arena, size_t n); /* zeroed, aligned to 16; never NULL */
char *arena_bytes(struct arena *arena, size_t n); /* not zeroed, not aligned; never NULL */
struct slice arena_printf(struct arena *arena, const char *fmt, ...) PRINTF(2, 3); /* <= 4 KiB */
#define ARENA_NEW(arena, type)	    ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, n) ((type *)arena_alloc((arena), (n) * sizeof(type)))
/* Frees the chunks that this thread keeps for reuse (at exit, so that leak checkers are content).
 */
void arena_drain(void);

/* malloc for what lives longer than an arena. Never NULL (the process ends when out of memory). */
void *mem_new(size_t n); /* zeroed */
void mem_free(void *p);
/* Other size, keeps the first `used` bytes; p NULL: new. Not zeroed. For buffers. */
void *mem_resize(void *p, size_t used, size_t n);
void mem_drain(void); /* done by arena_drain() */
/* Once, at the start: large blocks go back to the system as soon as they are freed. */
void mem_setup(void);
/* Gives back what lies free, also between blocks.  Walks the heap: for a quiet moment. */
void mem_trim(void);
#define MEM_NEW(type) ((type *)mem_new(sizeof(type)))

/*
 * Growing bytes with a ceiling.  Writers need no checks: a put that would pass the ceiling (or the
 * account) sets `overflow` and drops the bytes; buf_check() tells once at the end.
 */
struct buf {
	char *p;
	size_t n, cap, ceiling_bytes;
	struct memory *memory;
	bool overflow;
};

void buf_init(struct buf *buf, struct memory *memory, size_t ceiling_bytes);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory, clears overflow */
/* Room for n more bytes at buf->p + buf->n (for read(2)); false: ERR_LIMIT, buf unchanged. */
MUST_CHECK bool buf_reserve(struct buf *buf, size_t n, struct err *err);
void buf_put(struct buf *buf, struct slice s);
void buf_putc(struct buf *buf, char c);
void buf_puts(struct buf *buf, const char *cstr);
void buf_put_u64(struct buf *buf, uint64_t v);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3);
void buf_cut(struct buf *buf, size_t n); /* drops the first n bytes */
struct slice buf_view(const struct buf *buf);
void buf_take(struct buf *to, struct buf *from); /* moves; from is empty after it */
MUST_CHECK bool buf_check(const struct buf *buf, struct err *err); /* ERR_LIMIT on overflow */

/* Bytes that several hold at once: a large message that is answered while it is still written. */
struct bytes {
	unsigned refs;
	struct buf buf;
};
struct bytes *bytes_new(struct buf *buf); /* takes buf */
struct bytes *bytes_ref(struct bytes *bytes);
void bytes_unref(struct bytes **bytes); /* *bytes NULL: nothing */

/* ---- JSON ---------------------------------------------------------------------------------- */

/*
 * The span scanner validates a whole text strictly (RFC 8259: UTF-8, escapes, number grammar, one
 * value, nothing after it but white space) and remembers where the members of the outer levels
 * stand, so that a message can be routed and spliced without being re-printed.  It refuses
 * duplicate keys at every depth (compared after unescaping), depth over JSON_DEPTH, NUL (raw or
 * \u0000) in keys, and lone surrogates, unless JSON_MEND is set: then a lone \uD800-\uDFFF escape
 * is overwritten in place by \uFFFD (same length) and counted.
 *
 * Work is done in steps of a byte budget, so that a caller can let the loop turn between them.
 * Linear in the length, also for hostile texts; key hashes are seeded.  The text must stay where it
 * is until the last use of a span.
 */
#define JSON_DEPTH     128
#define JSON_KEY_BYTES (64 * KIB) /* longer keys (as written) are refused */
#define JSON_MEND      1u
#define JSON_ONE_LINE  2u /* CR and LF between tokens are overwritten by spaces */

enum json_type {
	JSON_NONE,
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

enum json_step { JSON_MORE, JSON_DONE, JSON_BAD };

/*
 * A member of an object at capture depth 1 (the outer object), 2, or below.  Order: as closed, i.e.
 * parents' members may follow their children's.
 */
struct json_member {
	struct slice key;    /* raw, between the quotes; escapes as written */
	struct slice value;  /* the whole value token, without white space around it */
	struct slice parent; /* key of the object that holds it; SLICE_NONE at depth 1 */
	unsigned depth;	     /* 1: member of the outer object */
};

struct json_scan; /* private; lives in the arena */

/*
 * Starts a scan of text[0..n).  capture_depth: members of objects down to this depth are remembered
 * (0: none; objects inside arrays are never captured).  seed: random, per process.
 */
struct json_scan *json_scan_new(struct arena *arena, char *text, size_t n, unsigned capture_depth,
    unsigned flags, uint64_t seed);
/*
 * Works through at least one byte and about budget bytes; also a long string, number or run of
 * white space is done in such steps.  JSON_BAD fills err (ERR_PARSE with line and col; ERR_LIMIT
 * for depth or memory); nothing of the scan may be used after it.
 */
enum json_step json_scan_step(struct json_scan *scan, size_t budget, struct err *err);
enum json_type json_scan_type(const struct json_scan *scan); /* of the outer value, when done */
unsigned json_scan_mended(const struct json_scan *scan);
/* Captured members, valid when done. */
const struct json_member *json_scan_members(const struct json_scan *scan, size_t *n);
/*
 * Value of a captured member: key at depth 1 (parent SLICE_NONE) or below parent at depth 2.  Both
 * are plain; keys of the text are unescaped for the comparison, so none can hide behind \u0061.
 */
struct slice json_scan_get(const struct json_scan *scan, struct slice parent, struct slice key);
/* Several below one parent in a single pass: values[i] is that of keys[i], or SLICE_NONE. */
void json_scan_get_all(const struct json_scan *scan, struct slice parent, const struct slice *keys,
    size_t n, struct slice *values);
/* All steps at once, for texts that are known to be small (configuration, tests, tools). */
MUST_CHECK bool json_scan_all(struct json_scan *scan, struct err *err);

/* The following work on texts that a scan has accepted; cost is linear in the text they pass over.
 */
enum json_type json_type(struct slice value);
/* Value of key (plain; those of the text are unescaped for the comparison) in an object. */
bool json_find(struct slice object, struct slice key, struct slice *value);
/*
 * Appends a valid value in one spelling: two that mean the same are the same bytes.  Members in the
 * order of their names, no white space, one way of escapes; numbers as they are written.  skip:
 * members of the outermost object that are left out; NULL: none.  False: deeper than 32, or no room
 * in the arena, which is scratch; out may have a part of it then.
 */
typedef bool json_skip(struct slice key);
MUST_CHECK bool
json_canonical(struct arena *arena, struct slice value, json_skip *skip, struct buf *out);

/* Walks the elements of an array or the members of an object (key: raw, between the quotes). */
struct json_iter {
	const char *at, *end;
	bool in_object;
};
void json_iter_init(struct json_iter *iter, struct slice container);
bool json_iter_next(struct json_iter *iter, struct slice *key, struct slice *value);
size_t json_count(struct slice container); /* elements or members */

/* Unescapes a string token (with its quotes) into the arena; tokens without escapes are borrowed.
 */
MUST_CHECK bool
json_string(struct arena *arena, struct slice token, struct slice *out, struct err *err);
/* Integer token without fraction or exponent, within int64; false: none of that. */
bool json_int(struct slice token, int64_t *out);
bool json_bool(struct slice token, bool *out);

/* Writers.  buf_json_string adds quotes and escapes; invalid UTF-8 becomes U+FFFD. */
void buf_json_string(struct buf *buf, struct slice s);
/* Re-prints an accepted text with two spaces of indent, for people (yyjson). */
MUST_CHECK bool json_pretty(struct buf *out, struct slice text, struct err *err);

/* ---- base64 -------------------------------------------------------------------------------- */

void buf_base64(struct buf *buf, struct slice bytes); /* with padding, in one line */
/* False: it is none, and out holds a part.  What does not fit sets out->overflow. */
MUST_CHECK bool base64_read(struct slice text, struct buf *out);

/* ---- hashing ------------------------------------------------------------------------------- */

uint64_t hash_bytes(struct slice s, uint64_t seed); /* for tables; keyed, not cryptographic */
void sha256_hex(const struct slice *parts, size_t n, char out[65]); /* of the concatenation */
#define SHA256_BYTES 32
void sha256_bytes(struct slice s, unsigned char out[SHA256_BYTES]);
/* Reads fd to its end.  False: errno; EFBIG: it has more than max bytes. */
MUST_CHECK bool sha256_fd(int fd, uint64_t max, unsigned char out[SHA256_BYTES]);
void hex_put(const unsigned char *bytes, size_t n, char *to); /* 2 * n digits, no NUL */

/* Of a digit in either case; -1: it is none. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- names of hosts in certificates (certificate.c) ------------------------------------------ */

#define CERTIFICATE_NAME_BYTES 253

/* Into the form in which names are compared; its length, not NUL-ended.  0: it is no name of a host
 * (an address, say), or a pattern where none may stand. */
size_t
certificate_name_fold(struct slice name, bool may_be_wildcard, char to[CERTIFICATE_NAME_BYTES]);
/* Calls fn with each DNS name of the certificate (OpenSSL's X509), folded; "*.example.com" is one.
 * The name is gone when fn returns. */
struct x509_st;
void certificate_names_each(
    const struct x509_st *certificate, void (*fn)(void *ctx, struct slice name), void *ctx);

/* ---- libraries that are loaded -------------------------------------------------------------- */

/* A function of a library, and where its address belongs in the table of who uses it. */
struct symbol {
	const char *name;
	size_t offset;
};
/*
 * Looks them all up in what dlopen() gave.  ERR_UNAVAILABLE names the library (as the caller calls
 * it) and the function that it does not have; the table is filled in part then.
 */
MUST_CHECK bool symbols_find(void *handle, const char *library, const struct symbol *symbols,
    size_t n, void *table, struct err *err);

/* ---- metrics ------------------------------------------------------------------------------- */

/*
 * THE table of metrics; the names are a contract.  A row: id, kind, name, labels (NULL: none), most
 * series, help.  What passes the most goes into one series whose labels say "other".
 */
/* clang-format off */
#define METRICS(X)										\
	X(REQUESTS, COUNTER, "bascule_requests_total", "method", "status", NULL, 512,			\
	    "Requests of clients that have ended, by method and outcome.")			\
	X(DURATION, HISTOGRAM, "bascule_request_duration_seconds", NULL, NULL, NULL, 1,		\
	    "From a request's arrival to its answer, for requests that went through the gateway.")	\
	X(CALL_DURATION, HISTOGRAM, "bascule_call_duration_seconds", "server", "tool", NULL, 256,	\
	    "From a tool call's leaving for its server, or for a native tool, to the answer; original names.") \
	X(BYTES, COUNTER, "bascule_bytes_total", "peer", "direction", NULL, 8,				\
	    "Bytes of requests and of their answers: peer client, server; direction in, out.")	\
	X(QUEUES, GAUGE, "bascule_queue_length", "queue", NULL, NULL, 80,				\
	    "What waits or is in progress: requests, parked, traces, audit.SINK.")		\
	X(STREAMS, GAUGE, "bascule_sse_connections", NULL, NULL, NULL, 1,				\
	    "Event streams to clients that are open.")						\
	X(SESSIONS, GAUGE, "bascule_sessions", NULL, NULL, NULL, 1,					\
	    "Sessions of clients.")								\
	X(UPSTREAM_UP, GAUGE, "bascule_upstream_up", "server", NULL, NULL, 1024,			\
	    "1: the server can be called; 0: it is starting, idle or down.")			\
	X(UPSTREAM_RESTARTS, COUNTER, "bascule_upstream_restarts_total", "server", NULL, NULL, 1024,	\
	    "How often the server was connected again.")					\
	X(UPSTREAM_CALLS, GAUGE, "bascule_upstream_calls", "server", NULL, NULL, 1024,		\
	    "Requests that wait for the server's answer.")						\
	X(SITE_REQUESTS, COUNTER, "bascule_site_requests_total", "site", "product", "outcome", 1024, \
	    "REST requests to Atlassian sites, by outcome: done, refused (4xx), failed (5xx, none).") \
	X(SITE_DURATION, HISTOGRAM, "bascule_site_request_duration_seconds", "site", "product", NULL, 256, \
	    "How long a site took to answer a REST request.") \
	X(EGRESS, COUNTER, "bascule_egress_total", "child", "outcome", NULL, 512,			\
	    "What isolated programs asked their proxies for, by outcome: open, refused, failed.")	\
	X(FORWARDS, COUNTER, "bascule_replica_forwards_total", "outcome", NULL, NULL, 16,		\
	    "Requests that belonged to another replica, by outcome: done, gone, unknown, broken, left, refused.") \
	X(VERDICTS, COUNTER, "bascule_verdicts_total", "rule", "action", NULL, 2048,			\
	    "What the guard said of requests and of what it did not let pass, by rule and action.") \
	X(FINDINGS, COUNTER, "bascule_findings_total", "rule", "action", NULL, 512,			\
	    "What scanners and rules found in what crosses, each place counted, by what was done.")	\
	X(SPANS, COUNTER, "bascule_spans_total", "outcome", NULL, NULL, 4,				\
	    "Spans of traces, by outcome: sent, rejected by the collector, dropped (queue full, or lost at the end).") \
	X(AUDIT_RECORDS, COUNTER, "bascule_audit_records_total", "sink", NULL, NULL, 64,			\
	    "Records of the audit that were written; `sqlite` is the store.")			\
	X(AUDIT_DROPPED, COUNTER, "bascule_audit_dropped_total", "sink", NULL, NULL, 64,			\
	    "Records that were lost because they could not be written fast enough.")		\
	X(AUDIT_LAG, GAUGE, "bascule_audit_lag_seconds", "sink", NULL, NULL, 64,			\
	    "How long the oldest record that is not written yet has waited.")			\
	X(AUDIT_UP, GAUGE, "bascule_audit_up", "sink", NULL, NULL, 64,					\
	    "1: records can be written; 0: they cannot, and it is tried again.")			\
	X(LOOP_LAG, GAUGE, "bascule_loop_lag_seconds", NULL, NULL, NULL, 1,				\
	    "The longest time in the last one to two minutes that the loop worked without a look at its events.") \
	X(MAF_REQUESTS, COUNTER, "maf_requests_total", "instance", "tool", "outcome", 256,		\
	    "Calls of the agents' tools, by outcome: done, failed, refused, limit, cancelled.")		\
	X(MAF_UPTIME, GAUGE, "maf_uptime_seconds", "instance", NULL, NULL, 4,				\
	    "For how long this instance has supervised agent runs.")					\
	X(MAF_RUNNING, GAUGE, "maf_runs_running", NULL, NULL, NULL, 1,					\
	    "Agent runs that work.")									\
	X(MAF_QUEUED, GAUGE, "maf_queue_depth", NULL, NULL, NULL, 1,					\
	    "Agent runs that wait for a place.")							\
	X(MAF_SECONDS, HISTOGRAM, "maf_run_seconds", NULL, NULL, NULL, 1,				\
	    "From the start of an agent run to its end.")						\
	X(MAF_COST, COUNTER, "maf_cost_usd_total", NULL, NULL, NULL, 1,					\
	    "What agent runs have cost, as their programs say.")					\
	X(MAF_TOKENS, COUNTER, "maf_tokens_total", "dir", NULL, NULL, 4,				\
	    "Tokens that agent runs have used, as their programs say: in, out.")			\
	X(MAF_OUTPUT, COUNTER, "maf_output_bytes_total", NULL, NULL, NULL, 1,				\
	    "Bytes that agent runs have written to stdout and stderr.")					\
	X(CPU, COUNTER, "process_cpu_seconds_total", NULL, NULL, NULL, 1,				\
	    "User and system time of the gateway, without the servers it started.")		\
	X(RESIDENT, GAUGE, "process_resident_memory_bytes", NULL, NULL, NULL, 1,			\
	    "Resident memory.")									\
	X(OPEN_FDS, GAUGE, "process_open_fds", NULL, NULL, NULL, 1,					\
	    "Open descriptors.")								\
	X(START_TIME, GAUGE, "process_start_time_seconds", NULL, NULL, NULL, 1,			\
	    "When the process was started, in seconds since 1970.")

enum metric {
#define X(id, kind, name, label, label2, label3, most, help) METRIC_##id,
	METRICS(X)
#undef X
	METRICS_N
};
/* clang-format on */

/*
 * What is counted, one registry a loop.  A series is found by its labels once and then counted
 * through its pointer, so that counting costs an addition; it lives until metrics_clear().
 */
struct metrics;
struct series;
struct metrics *metrics_new(void);
void metrics_free(struct metrics **metrics);
/* The series with these labels (SLICE_NONE where the row has none), made when it is not there. */
#define METRIC_LABELS 3
struct series *metrics_series_of(
    struct metrics *metrics, enum metric metric, const struct slice labels[METRIC_LABELS]);
struct series *metrics_series(
    struct metrics *metrics, enum metric metric, struct slice label, struct slice label2);
/* n places for pointers to series of this metric, NULL at first; n is the same at every call. */
struct series **metrics_slots(struct metrics *metrics, enum metric metric, size_t n);
void metrics_clear(struct metrics *metrics, enum metric metric); /* not where slots are used */
void series_add(struct series *series, double by);
void series_set(struct series *series, double value);
void series_observe_ms(struct series *series, uint64_t ms); /* of a histogram */
/* Prometheus text, 0.0.4. */
void metrics_print(const struct metrics *metrics, struct buf *out);
void metrics_print_markdown(struct buf *out); /* the table of rows, for docs/metrics.md */

/* ---- logging ------------------------------------------------------------------------------- */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };
enum log_format { LOG_TEXT, LOG_JSON };

/*
 * To a descriptor (stderr), as `[YYYY-MM-DD HH:MM:SS] [LEVEL] [instance] message` (UTC), or one
 * JSON object a line: time, level, instance, event, message.  Control characters in messages are
 * escaped. DEBUG and INFO lines wait in a buffer until log_flush() (the loop calls it every turn);
 * WARN and ERROR are written at once.  A line is cut at 2 KiB.  Not for helper threads.
 */
struct log;
struct log *log_new(int fd, enum log_level level, enum log_format format, const char *instance);
void log_free(struct log **log);
void log_set(struct log *log, enum log_level level, enum log_format format);
const char *log_instance(const struct log *log); /* "" without a log */
/* name: of at most 64 bytes, in place of what stands before the last "-", the process id. */
void log_set_instance(struct log *log, const char *name);
bool log_wants(const struct log *log, enum log_level level);
/* event: a short id such as "upstream_lost", a row of docs/log.md. log NULL: nothing happens. */
void log_event(struct log *log, enum log_level level, const char *event, const char *fmt, ...)
    PRINTF(4, 5);
void log_flush(struct log *log);

/* The 1st, 2nd, 4th, 8th ... time: what happens again and again must not fill the log. */
static inline bool
log_is_due(uint64_t times)
{
	return (times & (times - 1)) == 0;
}
/* The clock of the lines, milliseconds since 1970; for simulation.  NULL: the real one. */
void log_clock(struct log *log, uint64_t (*unix_ms)(void *), void *ctx);

#endif

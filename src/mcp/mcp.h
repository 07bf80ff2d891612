/*
 * mcp: the protocol.  One model for all revisions: an exchange is self-contained, fronts (towards
 * clients) and backs (towards upstreams) translate.  What each revision knows is a table
 * (revision.c), not code.  The core above never asks which revision it is speaking.
 */
#ifndef MCP_MCP_H
#define MCP_MCP_H

#include "auth/auth.h"
#include "config/config.h"
#include "net/net.h"
#include "store/store.h"

/* ---- revisions and methods (revision.c) ------------------------------------------------------ */

enum mcp_revision {
	MCP_2024_11_05,
	MCP_2025_03_26,
	MCP_2025_06_18,
	MCP_2025_11_25,
	MCP_2026_07_28,
	MCP_REVISIONS_N
};
#define MCP_NEWEST	  MCP_2026_07_28
#define MCP_NEWEST_LEGACY MCP_2025_11_25 /* the last with a handshake and sessions */

const char *mcp_revision_name(enum mcp_revision revision);
bool mcp_revision_find(struct slice name, enum mcp_revision *out);
/* The same, of those that initialize can agree on. */
bool mcp_revision_find_legacy(struct slice name, enum mcp_revision *out);
/* Modern: no handshake, no sessions, every request says what its client is. */
bool mcp_revision_is_modern(enum mcp_revision revision);

/* What its own names in _meta begin with (2025-11-25 and later, basic/index). */
#define MCP_META "io.modelcontextprotocol/"

/* Who may send what. */
#define MCP_FROM_CLIENT 1u
#define MCP_FROM_SERVER 2u
#define MCP_FROM_BOTH	(MCP_FROM_CLIENT | MCP_FROM_SERVER)

/* clang-format off */
#define MCP_METHODS(X) \
	/* id                    method                                  request from   since */ \
	X(INITIALIZE,           "initialize",                           1, CLIENT, 2024_11_05) \
	X(DISCOVER,             "server/discover",                      1, CLIENT, 2026_07_28) \
	X(INITIALIZED,          "notifications/initialized",            0, CLIENT, 2024_11_05) \
	X(PING,                 "ping",                                 1, BOTH,   2024_11_05) \
	X(TOOLS_CALL,           "tools/call",                           1, CLIENT, 2024_11_05) \
	X(TOOLS_LIST,           "tools/list",                           1, CLIENT, 2024_11_05) \
	X(RESOURCES_LIST,       "resources/list",                       1, CLIENT, 2024_11_05) \
	X(TEMPLATES_LIST,       "resources/templates/list",             1, CLIENT, 2024_11_05) \
	X(RESOURCES_READ,       "resources/read",                       1, CLIENT, 2024_11_05) \
	X(SUBSCRIBE,            "resources/subscribe",                  1, CLIENT, 2024_11_05) \
	X(UNSUBSCRIBE,          "resources/unsubscribe",                1, CLIENT, 2024_11_05) \
	X(LISTEN,               "subscriptions/listen",                 1, CLIENT, 2026_07_28) \
	X(PROMPTS_LIST,         "prompts/list",                         1, CLIENT, 2024_11_05) \
	X(PROMPTS_GET,          "prompts/get",                          1, CLIENT, 2024_11_05) \
	X(COMPLETE,             "completion/complete",                  1, CLIENT, 2024_11_05) \
	X(SET_LEVEL,            "logging/setLevel",                     1, CLIENT, 2024_11_05) \
	X(SAMPLING_CREATE,      "sampling/createMessage",               1, SERVER, 2024_11_05) \
	X(ROOTS_LIST,           "roots/list",                           1, SERVER, 2024_11_05) \
	X(ELICITATION_CREATE,   "elicitation/create",                   1, SERVER, 2025_06_18) \
	X(TASKS_GET,            "tasks/get",                            1, BOTH,   2025_11_25) \
	X(TASKS_RESULT,         "tasks/result",                         1, BOTH,   2025_11_25) \
	X(TASKS_LIST,           "tasks/list",                           1, BOTH,   2025_11_25) \
	X(TASKS_CANCEL,         "tasks/cancel",                         1, BOTH,   2025_11_25) \
	X(TASKS_UPDATE,         "tasks/update",                         1, CLIENT, 2026_07_28) \
	X(CANCELLED,            "notifications/cancelled",              0, BOTH,   2024_11_05) \
	X(PROGRESS,             "notifications/progress",               0, BOTH,   2024_11_05) \
	X(LOG_MESSAGE,          "notifications/message",                0, SERVER, 2024_11_05) \
	X(TOOLS_CHANGED,        "notifications/tools/list_changed",     0, SERVER, 2024_11_05) \
	X(RESOURCES_CHANGED,    "notifications/resources/list_changed", 0, SERVER, 2024_11_05) \
	X(PROMPTS_CHANGED,      "notifications/prompts/list_changed",   0, SERVER, 2024_11_05) \
	X(RESOURCE_UPDATED,     "notifications/resources/updated",      0, SERVER, 2024_11_05) \
	X(ROOTS_CHANGED,        "notifications/roots/list_changed",     0, CLIENT, 2024_11_05) \
	X(ELICITATION_COMPLETE, "notifications/elicitation/complete",   0, SERVER, 2025_11_25) \
	X(TASK_STATUS,          "notifications/tasks/status",           0, BOTH,   2025_11_25) \
	X(TASK_TOLD,            "notifications/tasks",                  0, SERVER, 2026_07_28) \
	X(ACKNOWLEDGED,         "notifications/subscriptions/acknowledged",0, SERVER, 2026_07_28)
/* Those that a later revision has removed, and the last that has them. */
#define MCP_REMOVED(X) \
	X(INITIALIZE,           2025_11_25) \
	X(INITIALIZED,          2025_11_25) \
	X(PING,                 2025_11_25) \
	X(SUBSCRIBE,            2025_11_25) \
	X(UNSUBSCRIBE,          2025_11_25) \
	X(SET_LEVEL,            2025_11_25) \
	X(TASKS_RESULT,         2025_11_25) \
	X(TASKS_LIST,           2025_11_25) \
	X(ROOTS_CHANGED,        2025_11_25) \
	X(ELICITATION_COMPLETE, 2025_11_25) \
	X(TASK_STATUS,          2025_11_25)

enum mcp_method {
#define X(id, name, request, from, since) MCP_##id,
	MCP_METHODS(X)
#undef X
	MCP_METHODS_N,
	MCP_UNKNOWN = MCP_METHODS_N
};
/* clang-format on */

struct mcp_method_row {
	const char *name;
	size_t name_n;
	bool is_request;
	unsigned from;
	enum mcp_revision since;
};
const struct mcp_method_row *mcp_method_row(enum mcp_method method);
/* Is it part of that revision? */
/* Requests that need no credential under `auth: tenants`: the handshake, and lists. */
bool mcp_method_is_open(enum mcp_method method);
bool mcp_method_known(enum mcp_method method, enum mcp_revision revision);
enum mcp_method mcp_method_find(struct slice name);
/* Levels of a log (RFC 5424), 0 ("debug") to 7; token: a raw JSON value; -1: none of them. */
int mcp_log_level_find(struct slice token);
const char *mcp_log_level_name(int level);

/* ---- messages (message.c) -------------------------------------------------------------------- */

enum message_kind {
	MESSAGE_REQUEST,
	MESSAGE_NOTIFICATION,
	MESSAGE_RESULT,
	MESSAGE_ERROR,
	MESSAGE_BATCH, /* an array: always with an error, for whoever does not take it apart */
};

/*
 * One scanned JSON-RPC message.  Slices point into text, which stands on one line.  Members of the
 * envelope and of params or result are reachable without another pass.
 */
struct message {
	enum message_kind kind;
	struct slice text;
	struct slice id; /* raw token: string or integer; absent for notifications */
	enum mcp_method method;
	struct slice method_name; /* unescaped; SLICE_NONE: none, or it made no sense */
	struct slice params;	  /* raw; SLICE_NONE when absent */
	struct slice body;	  /* result or error, raw */
	struct slice name, arguments, meta, cursor, request_id, progress_token; /* of params, raw */
	struct slice request_state, input_responses;				/* the same */
	/* Of params._meta, raw, under "io.modelcontextprotocol/": what a modern request says. */
	struct {
		struct slice version, client_info, capabilities, log_level;
	} modern;
	/* The same, plain names (SEP-414): raw, as they came. */
	struct slice traceparent, tracestate;
	bool meta_has_more; /* params._meta says something beside modern and the progress token */
	unsigned mended;    /* lone surrogates overwritten */
	/* Lives as long as the text: members of result without another pass (json_scan_get). */
	const struct json_scan *scan;
};

/*
 * Reads messages, also large ones: a text over SLICE_OF_WORK_BYTES is scanned in slices, one a
 * turn, while the source is held back.  One at a time; the owner must not feed while is_busy.
 *
 * What was read lives in `arena` and `text`, which the callee may move away (arena_take, buf_take)
 * together with the message; else both are reused for the next one.
 */
struct intake {
	struct loop *loop;
	struct arena arena;
	struct buf text;  /* of a large message, or one that came in a buffer */
	struct slice raw; /* the whole text, also of what was no message */
	struct json_scan *scan;
	unsigned flags; /* JSON_MEND for what upstreams send */
	struct deferred step;
	bool is_busy;
	/*
	 * err->kind ERR_NONE: message is good.  Else message is NULL (it was no JSON, or large and
	 * over a limit), or holds at least id and method_name of a faulty one, as far as they made
	 * sense.
	 */
	void (*done)(void *owner, struct message *message, const struct err *err);
	void *owner;
};

void intake_init(struct intake *intake, struct loop *loop, unsigned flags);
void intake_fini(struct intake *intake);
/* Copies text; small ones are done before this returns. */
void intake_feed(struct intake *intake, const char *text, size_t n);
/* The same without a copy. */
void intake_take(struct intake *intake, struct buf *text);

/* Replaces spans of a text by other bytes: parts for writev. Edits in any order, not overlapping.
 */
struct edit {
	struct slice at; /* span of the text, maybe empty (insertion) */
	struct slice with;
};
#define EDITS_MAX    8
#define SPLICE_PARTS (2 * EDITS_MAX + 1)
size_t message_splice(
    struct slice text, struct edit *edits, size_t edits_n, struct slice parts[SPLICE_PARTS]);

/* ---- trace context (trace.c; W3C, level 1) --------------------------------------------------- */

#define TRACE_ID_BYTES	  16
#define SPAN_ID_BYTES	  8
#define TRACEPARENT_BYTES 55
#define TRACESTATE_MAX	  512
#define TRACE_SAMPLED	  0x01u

/* Which trace, which span of it. */
struct traceparent {
	unsigned char trace_id[TRACE_ID_BYTES], span_id[SPAN_ID_BYTES];
	unsigned char flags;
};
/* False: it is none, and out is not to be looked at. */
bool traceparent_read(struct slice text, struct traceparent *out);
void traceparent_print(const struct traceparent *parent, char out[TRACEPARENT_BYTES + 1]);
bool tracestate_is_good(struct slice text);

/* Of an exchange, in its arena. */
struct trace {
	bool has_parent;	   /* the client sent one: */
	struct traceparent parent; /* its span */
	struct slice state;	   /* tracestate as it came, checked; SLICE_NONE: none */
	struct traceparent own;	   /* the span that stands for the exchange; where nothing is
				      traced here, the client's */
	uint64_t began_ns;	   /* since 1970 */
};

/* What a call upstream says of the trace: own is its own span, or the exchange's. */
struct call_trace {
	const struct trace *trace;
	struct traceparent own;
	struct edit edits[2]; /* of the request's text */
	size_t edits_n;
};
/* The members of _meta, and the header lines. */
void trace_put_meta(struct buf *out, const struct trace *trace, const struct traceparent *parent);
void
trace_put_headers(struct buf *out, const struct trace *trace, const struct traceparent *parent);

/* ---- sessions and exchanges ------------------------------------------------------------------ */

struct exchange;
struct session;

struct client_capabilities {
	bool elicitation, elicitation_url, sampling, sampling_tools, roots, tasks;
	bool task_results; /* a call may be answered by a task (2026-07-28, the tasks extension) */
};

/* A question to the client: an upstream's request, or one of our own. */
struct question {
	enum mcp_method method;
	struct slice params; /* raw JSON object */
	struct slice token;  /* span of params: the progress token in its _meta, or SLICE_NONE */
	struct slice server; /* who asks; for people */
	enum mcp_revision revision; /* that the asker speaks with us */
	struct slice reason;	    /* why it was withdrawn: raw JSON string, or SLICE_NONE */
	/* The client reports on it (ground floor); may be NULL. */
	void (*progress)(const struct question *question, const struct message *message);
	void *asker;
};

/* What came back: the bare result, or an error object. In the exchange's arena. */
struct answer {
	bool is_error;
	struct slice body;
};

/* A notification of a provider: about an exchange while it runs, or by itself. */
struct tell {
	enum mcp_method method;
	struct slice params; /* raw, or SLICE_NONE */
	struct slice meta;   /* of params, or SLICE_NONE */
	struct slice token;  /* progress: span of params that holds the upstream's token */
	struct slice server; /* who tells; SLICE_NONE: bascule */
	struct edit named;   /* span of params, and what the client knows it by: a URI, a token */
};
/* Other params, in which the spans are found again; false: they cannot be, or are not the same. */
MUST_CHECK bool tell_change(struct tell *tell, struct slice params);
/* The same of a question's. */
struct question;
MUST_CHECK bool question_change(struct question *question, struct slice params);

/* resultType (2026-07-28); legacy results are complete. */
enum reply_type { REPLY_COMPLETE, REPLY_INPUT_REQUIRED, REPLY_TASK };

/* The end of an exchange: one of result, error (raw JSON) or err. */
struct reply {
	enum reply_type type; /* of result */
	struct slice result;
	struct slice error;  /* as an upstream sent it */
	struct err err;	     /* kind ERR_NONE: not used */
	struct slice server; /* for err: data.server; of REPLY_INPUT_REQUIRED: who asks */
	struct slice rule;   /* for ERR_REFUSED: data.rule */
	struct slice uri;    /* for ERR_RESOURCE: data.uri */
	uint64_t call_id;    /* for ERR_OUTCOME_UNKNOWN: data.call_id */
	/* For err: more members of data, raw, such as "requiredCapabilities":{...} of
	 * ERR_CAPABILITY; SLICE_NONE: none. */
	struct slice more;
	const struct json_scan *scan; /* of the message that result is in, or NULL */
	bool is_own;		      /* from a session of the client's own, in its revision */
	bool has_odd_output;	      /* tools/list: some outputSchema describes no object */
	enum mcp_revision revision;   /* of error: what the upstream speaks that sent it */
	/*
	 * Results that may be cached (2026-07-28, caching): for how long, and whether by this
	 * caller only.  They go in place of what the result itself may say.
	 */
	uint64_t ttl_ms;
	bool is_private;
};

/*
 * A front's half of an exchange.  ask_wait: brings a question to the client and waits for its
 * answer (the exchange's clock stands still meanwhile: that is done by exchange_ask_wait).  tell:
 * never waits. finish: encodes and writes; the exchange's owner frees it after that by
 * exchange_free().
 *
 * subscriptions/listen lasts until its front says gate->cancel or bascule stops: it is told
 * ACKNOWLEDGED (params: the part of the filter that is kept) and then what it listens to; finish
 * comes with an empty result.  subscriptionId is the front's to add.
 */
struct front_ops {
	const char *name;
	bool (*ask_wait)(struct exchange *exchange, const struct question *question,
	    struct answer *answer, struct err *err);
	void (*tell)(struct exchange *exchange, const struct tell *tell);
	void (*finish)(struct exchange *exchange, const struct reply *reply);
	/*
	 * tools/call, once it is known which tool it is and before anything is sent, where its
	 * definition (raw) names headers (x-mcp-header): do those of the request say what its
	 * arguments say?  NULL: there are no headers.
	 */
	bool (*check_headers)(struct exchange *exchange, struct slice definition, struct err *err);
};

/*
 * One client request and everything done for it.  Value part: what travels with it.  Freed when it
 * has finished and its last byte was handed to the front.
 */
struct exchange {
	struct loop *loop;
	struct arena arena; /* the request's bytes too, unless they are in text */
	struct bytes *text;
	struct arena answer_arena; /* what exchange_keep() was given */
	struct bytes *answer_text;
	struct message request;
	/* Of request, as they go on: what may not pass is gone.  In the arena, if they differ. */
	struct slice arguments;
	uint64_t number; /* Request #n, one counter a process */
	uint64_t started_ms;
	struct caller caller;
	struct credentials *credentials; /* the caller's, our copy; NULL: none */
	struct slice client;		 /* clientInfo.name */
	enum mcp_revision revision;
	struct client_capabilities can;
	/* The same for requests of one client: for attribution.  Of a request without a session
	 * the gate sets it in begin, from caller, is_stdio and capabilities. */
	const void *family;
	struct session *session; /* NULL: the request stands alone */
	bool is_stdio;		 /* of one without a session: it came by a pipe */
	/*
	 * Raw objects: what the client says of itself; SLICE_NONE: nothing.  log_level: the logs of
	 * this request that are wanted, from that level of RFC 5424's on; -1: none.  Modern: as the
	 * request says; of a session the gate sets them in begin.
	 */
	struct slice capabilities, client_info;
	int log_level;
	/*
	 * Modern: the provider's own requestState, as its result had it (raw JSON string), of a
	 * request that answers its questions; SLICE_NONE: none.  It goes in place of
	 * request.request_state.  state_server: whose it is, unescaped; the gate sends it nowhere
	 * else.
	 */
	struct slice state, state_server;
	struct trace *trace; /* NULL: it is part of none */
	const struct front_ops *front;
	void *front_data; /* the front's part */
	const struct mcp_gate *gate;
	struct task *task;  /* set while the pipeline runs */
	unsigned asking;    /* questions that wait for the client */
	bool is_away;	    /* modern: it was asked, and has not come back yet */
	bool is_cancelled;  /* the client said so: no answer is wanted */
	bool is_gone;	    /* and it did not say so, but left */
	void *gateway_data; /* the pipeline's part */
};

/* What crosses besides requests and results; guard_kind for those who may not include guard. */
enum mcp_pass { PASS_ASK, PASS_ANSWER };

/* A request that its front refused before it was an exchange. */
struct mcp_refusal {
	const char *reason;	    /* one word: "key", "host", "origin", "limit" ... */
	const char *transport;	    /* "stdio", "http" */
	char address[ADDRESS_TEXT]; /* of who sent it, without port; "": not known */
};

/*
 * What the gateway gives to the fronts: filled once at start.  begin: a request is there; the gate
 * owns the exchange from then on, calls front->finish once and frees it.
 */
struct mcp_gate {
	void *owner;
	void (*begin)(void *owner, struct exchange *exchange);
	void (*cancel)(void *owner, struct exchange *exchange);
	/* A session with session_data() is over; that is the gate's to free, and to set to NULL. */
	void (*ended)(void *owner, struct session *session);
	/* A notification of the client that is about none of its requests. */
	void (*notice)(void *owner, struct session *session, const struct message *message);
	/*
	 * May it be told? The guard, and the log level that was asked for.  What is changed is in
	 * room, and tell has it.
	 */
	bool (*may_tell)(
	    void *owner, struct exchange *exchange, struct tell *tell, struct buf *room);
	/*
	 * The guard's point for asks and answers, in a task; *text becomes what goes on, in the
	 * exchange's arena if it is another.  False: err says which rule.
	 */
	bool (*pass_wait)(void *owner, struct exchange *exchange, enum mcp_pass what,
	    struct slice server, struct slice *text, struct err *err);
	/* What no exchange was made of, for the audit; NULL: nobody wants to know. */
	void (*refused)(void *owner, const struct mcp_refusal *refusal);
};

/* Takes the arena, the text and the message of an intake. */
struct exchange *exchange_new(struct intake *intake, const struct message *request);
/* Takes what it brings of a trace: its own words, else those of its transport's headers, which may
 * be SLICE_NONE. */
void exchange_trace(struct exchange *exchange, struct slice traceparent, struct slice tracestate);
/* The answer's bytes live as long as the exchange; takes both, frees what it kept before. */
void exchange_keep(struct exchange *exchange, struct arena *arena, struct buf *text);
/* The same of bytes that others hold too. */
void exchange_share(struct exchange *exchange, struct bytes *bytes);
/* The same for a result that is made here: takes the text; false: ERR_LIMIT, it was cut. */
MUST_CHECK bool exchange_result(struct exchange *exchange, struct buf *text, struct reply *reply);
void exchange_free(struct exchange **exchange);

/* ---- earlier revisions (older.c) ------------------------------------------------------------- */

/*
 * Adds the result to out, content that the revision does not know replaced by text, and of
 * tools/list each outputSchema left out that it cannot have; false: there is none, and nothing was
 * added.  Linear in the result; one over 4 MiB is left as it is.
 */
bool result_fit(
    enum mcp_method method, struct slice result, enum mcp_revision revision, struct buf *out);
/* The same for an exchange's result, unless it is_own; false: ERR_LIMIT in reply->err. */
MUST_CHECK bool reply_fit(struct exchange *exchange, struct reply *reply);
/* Does an outputSchema (raw) describe an object, as all must until 2025-11-25? */
bool schema_is_of_object(struct slice schema);
/* The code of a raw error object; false: it has none. */
#define MCP_CODE_URL_ELICITATION (-32042) /* 2025-11-25 */
bool mcp_error_code(struct slice error, int64_t *code);
/* reply->error, sent by an upstream of reply->revision, as the client's revision has it
 * (error_fit.c). */
void error_fit(struct exchange *exchange, struct reply *reply);
/* Titled choices of elicitation in the form that the revision knows; new params are in the arena.
 */
void question_fit(struct arena *arena, struct question *question, enum mcp_revision revision);
/* What must go from a request to a server of that revision, as an edit; false: nothing. */
bool request_fit(const struct message *request, enum mcp_revision revision, struct edit *edit);

/*
 * The narrow waist.  Brings a question to the client that sent the exchange and waits for the
 * answer; time meanwhile does not count against the deadline.  A client that cannot be asked gets
 * an answer made for it (decline), never a hang.  What the guard changes is changed in question.
 * ERR_DEADLINE after limits.ask; ERR_CANCELLED, ERR_REFUSED.
 */
MUST_CHECK bool exchange_ask_wait(
    struct exchange *exchange, struct question *question, struct answer *answer, struct err *err);
/* Everything that flows back during a call. Never waits; dropped when the client cannot take it. */
void exchange_tell(struct exchange *exchange, const struct tell *tell);

bool question_is_possible(const struct question *question, enum mcp_revision revision,
    const struct client_capabilities *can);
/* An answer made for a client that cannot be asked: what it lacks is said, nobody hangs. */
struct answer question_declined(enum mcp_method method);

/* What the gate and the backs may do with a session; it is there until gate->ended returns. */
void *session_data(const struct session *session);
void session_set_data(struct session *session, void *data);
bool session_is_stdio(const struct session *session);
/* Who began it, and what that said of itself; borrowed. */
const struct caller *
session_caller(const struct session *session, struct slice *client, enum mcp_revision *revision);
/* A question that belongs to none of its requests; the answer is in the arena. As
 * exchange_ask_wait. */
MUST_CHECK bool session_ask_wait(struct session *session, const struct question *question,
    struct arena *arena, struct answer *answer, struct err *err);
/* A notification that belongs to none of its requests. Never waits. */
void session_tell(struct session *session, const struct tell *tell);

/* ---- tasks (task_text.c) --------------------------------------------------------------------- */

#define MCP_TASKS_EXTENSION MCP_META "tasks" /* 2026-07-28 */

enum mcp_task_status {
	TASK_IS_WORKING,
	TASK_IS_ASKING, /* "input_required" */
	TASK_IS_COMPLETED,
	TASK_IS_FAILED,
	TASK_IS_CANCELLED,
	TASK_STATUSES_N
};

/*
 * A task as its server tells it, whatever the revision; raw values, spans of what was read.  id is
 * a string of at most MCP_TASK_ID_MAX bytes as it is written; SLICE_NONE: it was not said, or was
 * no such thing.  The last three are of 2026-07-28 alone.
 */
#define MCP_TASK_ID_MAX KIB
struct mcp_task {
	enum mcp_task_status status;
	struct slice id, message, created, updated, ttl;
	uint64_t poll_ms; /* how often to ask for it; bounded, whatever was said */
	struct slice requests, result, error;
};
/* The object, or (scan given) the result of the message that was scanned. False: ERR_UNAVAILABLE.
 */
MUST_CHECK bool mcp_task_read(
    struct slice object, const struct json_scan *scan, struct mcp_task *task, struct err *err);
/* Does it go on no more? */
bool mcp_task_is_over(const struct mcp_task *task);
/*
 * Its members but for the last three in the words of a revision, between which braces they ever
 * stand; now_ms: for times that were not told, since 1970.
 */
void mcp_task_put(
    struct buf *out, const struct mcp_task *task, enum mcp_revision revision, uint64_t now_ms);
/* May the exchange be answered by a task, as its revision knows them? */
bool exchange_takes_task(const struct exchange *exchange);

/* ---- headers that say what a call's arguments say (mirror.c; 2026-07-28, Streamable HTTP) ---- */

/* Does a tool's definition (raw) name headers? A quick look. */
bool mirror_is_named(struct slice definition);
/*
 * Does it name them by the rules: tokens, each once, of strings, integers and booleans that are
 * reached through `properties` alone?  NULL: it does; else what is wrong.
 */
const char *mirror_fault(struct slice definition);
/*
 * Each header that it names: the name after Mcp-Param-, and the raw value in the arguments;
 * SLICE_NONE: it is absent, null, or of a type that has no header.
 */
typedef void mirror_each(void *owner, struct slice header, struct slice value);
void mirror_walk(struct slice definition, struct slice arguments, mirror_each *each, void *owner);
/* A text as a header's value: as it is, or =?base64?...?= where it could be misread. */
void buf_mirror(struct buf *out, struct slice text);
/* Back; into the arena where it was coded. False: ERR_PARAMS. */
MUST_CHECK bool
mirror_read(struct arena *arena, struct slice value, struct slice *text, struct err *err);

/* JSON-RPC texts that fronts and the gateway share (encode.c). */
/*
 * A provider's notification as its client gets it: `token` for the provider's own, the server's
 * name in _meta and before the logger's.  scratch holds what is not in tell.
 */
#define NOTICE_PARTS (SPLICE_PARTS + 4)
size_t encode_notice(const struct tell *tell, struct slice token, struct buf *scratch,
    struct slice parts[NOTICE_PARTS]);
void encode_error(struct buf *out, struct slice id, const struct reply *reply);
/* The same with the codes of that revision. */
void encode_error_in(
    enum mcp_revision revision, struct buf *out, struct slice id, const struct reply *reply);
/* The whole message in parts; scratch holds what is not in the reply itself. Returns their number.
 */
#define REPLY_PARTS 6
size_t encode_reply(const struct exchange *exchange, const struct reply *reply, struct buf *scratch,
    struct slice parts[REPLY_PARTS]);

/* ---- fronts ---------------------------------------------------------------------------------- */

struct front_limits {
	size_t message_bytes;
	uint64_t ask_ms, session_idle_ms;
	unsigned sessions, in_flight;
	unsigned parked;   /* modern requests that were answered by a question and wait for more */
	bool is_stateless; /* legacy requests are served without sessions */
};

/* All sessions of one process and what sends to them; one a loop. */
struct fronts;
struct fronts *
fronts_new(struct loop *loop, const struct mcp_gate *gate, const struct front_limits *limits);
void fronts_free(struct fronts **fronts); /* closes listeners, ends sessions */
void fronts_set_limits(struct fronts *fronts, const struct front_limits *limits);
/* What seals the states that modern clients carry (seal_key), once, at the start; without it, and
 * empty: a random one. */
void fronts_set_seal_key(struct fronts *fronts, struct secret key);
/* This one's name among the replicas, which may be the host's; "": none are configured. */
MUST_CHECK bool
mcp_replica_name(const struct config *config, char name[REPLICA_NAME_BYTES + 1], struct err *err);
/*
 * Those that stand beside this one behind one balancer (replicas), once, at the start, after the
 * seal key and before the first front_http_open().  ERR_CONFIG: this one has no name among them.
 */
MUST_CHECK bool
fronts_set_replicas(struct fronts *fronts, const struct config *config, struct err *err);
/* Requests that were handed to another and are not answered; without streams that last. */
unsigned fronts_forwards(const struct fronts *fronts);
/*
 * What requests over HTTP must bring (auth.keys), copied; before it, and where nothing is
 * configured, they need nothing.  Sessions whose caller is no longer known end.
 */
void fronts_set_auth(struct fronts *fronts, const struct config *config);
unsigned fronts_sessions(const struct fronts *fronts);
unsigned fronts_streams(const struct fronts *fronts); /* event streams that are open */
unsigned fronts_parked(const struct fronts *fronts);  /* requests whose clients were asked */
bool fronts_are_draining(const struct fronts *fronts);
/* Do other machines reach any of them? */
bool fronts_are_open(const struct fronts *fronts);

/*
 * A page that HTTP fronts serve beside MCP, for GET and HEAD, from a layer above (health, metrics).
 * show: writes the body and gives the HTTP status.  is_trusted: the client is on this machine and
 * speaks for itself, or has brought a key.
 */
struct front_page {
	struct slice path, type;
	bool needs_trust; /* where keys are configured */
	int (*show)(void *owner, bool is_trusted, struct buf *out);
};
/* pages are borrowed. */
void fronts_set_pages(struct fronts *fronts, const struct front_page *pages, size_t n, void *owner);
/* A request has ended, as it was answered to the client: for the metrics. */
void mcp_tally(struct loop *loop, enum mcp_method method, enum ledger_outcome outcome);

/*
 * TLS for what connects from now on, over TCP; NULL: none.  Before the first front_http_open(), and
 * again when its files were replaced.
 */
void fronts_set_tls(struct fronts *fronts, struct tls_trust *trust);
/* Streamable HTTP on one address. hosts: allowed Host and Origin names beside the loopback names.
 */
MUST_CHECK bool front_http_open(struct fronts *fronts, const struct address *at,
    const struct slice *hosts, size_t hosts_n, struct address *bound, struct err *err);
/* stdin and stdout; on_end when stdin ends and the last request was answered. */
MUST_CHECK bool
front_stdio_open(struct fronts *fronts, void (*on_end)(void *owner), void *owner, struct err *err);
/* The same over any two streams (tests, simulation); takes them. */
void front_stdio_open_on(struct fronts *fronts, struct stream *in, struct stream *out,
    void (*on_end)(void *owner), void *owner);
/* Over HTTP, what comes without a session is answered 503; the gate turns new requests away. */
void fronts_drain(struct fronts *fronts);

/* ---- backs ----------------------------------------------------------------------------------- */

struct back;

/* What an upstream session tells its owner, from the ground floor (but ask_wait). */
struct back_events {
	void (*list_changed)(void *owner, enum mcp_method what);
	/* A notification that belongs to no call. */
	void (*notice)(void *owner, const struct tell *tell);
	/* A question that belongs to no call; NULL: nobody can be asked. */
	bool (*ask_wait)(void *owner, struct question *question, struct arena *arena,
	    struct answer *answer, struct err *err);
	void (*lost)(void *owner, const struct err *why); /* once; the back is of no further use */
};

/* What a back leaves to the next one of the same upstream; the owner keeps it, zero at first. */
struct back_memory {
	enum config_transport transport; /* that was answered last; TRANSPORT_AUTO: none */
	enum config_protocol era;	 /* the same; PROTOCOL_AUTO: none */
	bool has_doubted;		 /* a session was given up on suspicion */
	uint64_t doubted_ms;		 /* then */
	char words[2 * KIB];		 /* the end of what a child wrote to its stderr */
	size_t words_n;
};
/* Puts the last lines of that behind a reason, with | between them. */
void back_words_add(struct err *err, struct slice words);

struct back_spec {
	struct slice server; /* configured name, for texts */
	const struct config_upstream *upstream;
	const char *const *env; /* of a child, complete */
	size_t message_bytes;
	uint64_t ask_ms;
	struct slice capabilities;  /* raw object, declared to the upstream */
	struct slice client_info;   /* raw object; SLICE_NONE: bascule's own */
	enum mcp_revision revision; /* asked for; of a modern upstream always the newest */
	bool is_own;		    /* of one client: what belongs to no call is that client's */
	struct back_memory *memory; /* may be NULL */
};

/* clang-format off */
#define CALL_STATES(X)							\
	X(NEW,		"not sent")					\
	X(SENT,		"sent to the upstream")				\
	X(DONE,		"answered")					\
	X(LOST,		"upstream gone without an answer")		\
	X(ABANDONED,	"given up; a late answer is dropped")

enum call_state {
#define X(state, text) CALL_##state,
	CALL_STATES(X)
#undef X
	CALL_STATES_N
};
/* clang-format on */

/*
 * One request to an upstream, made for an exchange (or for none: initialize, lists).  Filled by the
 * caller down to `edits_n`; the rest is the back's.
 */
struct call {
	struct exchange *exchange; /* NULL: nobody to ask or tell */
	struct slice text;	   /* a whole JSON-RPC request; */
	struct slice id;	   /* span of its id, which is replaced */
	struct slice token;	   /* span of params._meta.progressToken, or SLICE_NONE */
	struct bytes *keep;	   /* that hold text, so that it need not be copied; may be NULL */
	struct edit edits[4];	   /* further changes: the tool's name */
	size_t edits_n;
	bool may_repeat;      /* read-only or idempotent */
	bool wants_task;      /* asks for a task (2025-11-25) */
	struct slice task_id; /* raw: what is asked about that task belongs to this call */
	bool is_errand;	      /* about the exchange's task, and not its own request */
	/* Raw, of the tool that is called, if it names headers (x-mcp-header); else SLICE_NONE. */
	struct slice definition;
	struct call_trace *trace;	    /* NULL: it says nothing of one */
	void (*on_sent)(struct call *call); /* bytes were handed over; may be NULL */
	void *owner;

	uint64_t number; /* id and progress token upstream; 0 before */
	char number_text[24];
	enum call_state state;
	struct arena arena; /* the bytes of the response are here or in text */
	struct buf answer;
	struct message response; /* spans into them: MESSAGE_RESULT or MESSAGE_ERROR */
	/* Of the connection it went over, which may be gone when its answer is looked at. */
	enum mcp_revision revision;
	enum reply_type type;	  /* of a result */
	struct err why;		  /* LOST */
	bool was_sent;		  /* may have been acted upon; taken back when surely not */
	struct call *next, *prev; /* in the back's list, oldest first */
	struct call *chain;	  /* in its table by number */
	struct task *task;
	struct group asks;	    /* questions of the upstream about this call */
	void *transport;	    /* HTTP: the request in progress */
	struct modern_part *modern; /* what a modern upstream is told besides; or NULL */
};

/*
 * Starts the transport and finds out what the upstream speaks, by server/discover or initialize
 * (upstream->protocol); ERR_UNAVAILABLE with the reason, and *out is NULL.  After it the upstream's
 * revision, capabilities and instructions are known; nothing but pings may go either way until
 * back_begin().
 */
MUST_CHECK bool back_open_wait(struct loop *loop, const struct back_spec *spec,
    const struct back_events *events, void *owner, struct back **out, struct err *err);
/* Tells the upstream that it is initialised; a modern one, what is to be heard of it. */
void back_begin_wait(struct back *back);
/*
 * Sends and waits for the response.  What a modern upstream asks meanwhile (input_required) is put
 * to a legacy client, and answered, here; to a modern one it is the response.  True: call->response
 * is a result or an error of the upstream. False: ERR_CANCELLED, ERR_DEADLINE (the upstream was
 * told), ERR_UNAVAILABLE (not done; with was_sent: done, and its answer cannot be read),
 * ERR_OUTCOME_UNKNOWN (sent, no answer), ERR_LIMIT (answer too large).
 */
MUST_CHECK bool back_call_wait(struct back *back, struct call *call, struct err *err);
/*
 * The response to a call that was answered by a task, when there is one: an upstream is asked in
 * the way that it knows, what it asks is put to the exchange's client, and how it goes is told as
 * progress.  id: raw; poll_ms: of mcp_task.  Each request has the upstream's timeout; the task
 * takes the time that it takes, a day at most.  Otherwise as back_call_wait; the upstream's task
 * goes on when this fails.
 */
MUST_CHECK bool back_task_wait(struct back *back, struct exchange *exchange, struct slice id,
    uint64_t poll_ms, struct call *call, struct err *err);
/*
 * What is to change in the text of a call that says something of a trace, for this upstream: params
 * and meta are spans of the text, or SLICE_NONE; out holds what is put in, as long as the call.
 * Over Streamable HTTP, where a header says it, the text changes only where it says it too.
 */
void back_trace(const struct back *back, struct call *call, struct slice params, struct slice meta,
    struct buf *out);
void call_init(struct call *call);
void call_fini(struct call *call);
/*
 * Ends it: calls in progress have up to grace_ms when only the session was lost, then they are
 * lost; an HTTP session is deleted (waiting a second for that at most), a
 * child's stdin closed and, after a grace of grace_ms, the child ended.  Also when the waiting task
 * is cut: then at once.
 */
void back_close_wait(struct back **back, unsigned grace_ms);

/* False: it is lost (the owner is told in this turn of the loop) or being closed. */
bool back_is_usable(const struct back *back);
enum mcp_revision back_revision(const struct back *back);
/* Does it keep a session, in the revision that was asked for? False: each request stands alone. */
bool back_is_session(const struct back *back);
struct slice back_instructions(const struct back *back); /* unescaped, or SLICE_NONE */
/* What keeps its program apart; false: nothing was asked for, or it is no program of ours. */
bool back_isolation(const struct back *back, struct isolation_report *report);
struct slice back_server_info(const struct back *back); /* raw JSON object */
/* For how long it said that holds, and for whom (server/discover); false: it did not say. */
bool back_greeting_ttl(const struct back *back, uint64_t *ttl_ms, bool *is_private);
/* Asks a modern upstream once more what it is and can; false: what it said before stands. */
MUST_CHECK bool back_greet_again_wait(struct back *back, struct err *err);
struct slice back_capabilities(const struct back *back); /* raw JSON object, of the upstream */
/* Sends a notification, raw params or SLICE_NONE. */
void back_notify(struct back *back, enum mcp_method method, struct slice params);
unsigned back_in_flight(const struct back *back);
/* Last lines of a child's stderr; SLICE_NONE for HTTP. */
struct slice back_stderr(const struct back *back);
/* Upstream's messages that made no sense (rubbish, unknown ids), since it was opened. */
uint64_t back_faults(const struct back *back);

/* ---- programs that are kept apart (isolation.c) ---------------------------------------------- */

/* What no configuration can know of one start.  Zero: nothing. */
struct isolation_more {
	struct slice cwd; /* absolute: "{cwd}" in its lists; SLICE_NONE: it stands for nothing */
	bool is_cwd_read_only; /* "{cwd}" in the list of what may be written is passed over */
	const struct slice *read, *write, *hide; /* absolute paths, to be added */
	size_t read_n, write_n, hide_n;
	uint64_t cpu_percent;
};
/*
 * What the keeper is asked for by this configuration; all of it is in the arena.  *out NULL: its
 * isolation is off.  more may be NULL.  ERR_LIMIT.
 */
MUST_CHECK bool isolation_make(struct arena *arena, const struct config_isolation *config,
    const struct isolation_more *more, const struct child_isolation **out, struct err *err);

#endif

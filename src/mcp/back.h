/*
 * Private to mcp: what all backs share.  Calls in progress, the handshake, what to do with each
 * message of an upstream, and whose call an upstream's request belongs to.  A transport adds how
 * bytes travel.
 */
#ifndef MCP_BACK_H
#define MCP_BACK_H

#include "mcp/mcp.h"

struct back_ops {
	bool has_streams; /* what comes on no call's stream is about none */
	bool (*open_wait)(struct back *back, struct err *err);
	/* Sends the request of a call; sets was_sent, or calls back_call_lost(). */
	void (*send_call)(
	    struct back *back, struct call *call, const struct slice *parts, size_t n);
	/* Sends a notification, or a response to a request that came on the stream of `call`. */
	void (*send)(struct back *back, const struct slice *parts, size_t n);
	/* The call is over: releases what the transport holds for it. May come twice. */
	void (*end_call)(struct back *back, struct call *call);
	/* Until the notifications sent so far were taken; NULL: they keep their order. */
	void (*settle_wait)(struct back *back, uint64_t until_ms);
	void (*ready)(struct back *back);			  /* handshake done; may be NULL */
	void (*close_wait)(struct back *back, unsigned grace_ms); /* frees the transport */
	struct slice (*stderr_view)(const struct back *back);	  /* may be NULL */
};

#define BACK_BUCKETS 256

struct upstream_ask;
struct back_listen;

/* What a call brings to a modern upstream besides its text (back_modern.c). */
struct modern_part {
	struct arena arena;   /* lives as long as the call */
	struct buf text;      /* what the edits put in, made anew for each request */
	struct edit edits[3]; /* beside those of id and name */
	size_t edits_n;
	struct buf headers; /* over HTTP: lines that repeat what the body says */
	/* The client's answers and the upstream's state, raw; SLICE_NONE: as the request has them.
	 */
	struct slice responses, state;
	bool with_tasks; /* the upstream does what it is asked only as a task */
};

struct back {
	const struct back_ops *ops;
	struct loop *loop;
	struct back_spec spec;
	const struct back_events *events;
	void *owner;
	void *transport;
	unsigned refs; /* of its owner and of who waits for a call over it */
	struct arena arena;
	enum mcp_revision revision;
	bool is_ready, is_lost, is_closing;
	bool is_modern;	  /* or is asked whether it is: no handshake, every request stands alone */
	bool is_isolated; /* stdio, with a sandbox: what is in force */
	struct isolation_report isolation;
	bool is_broken; /* stdio: the program could not be run at all */
	bool is_misfit; /* the upstream does not speak this transport, but perhaps another */
	struct err why;
	struct arena greeting; /* holds these */
	struct slice server_info, instructions, capabilities;
	bool has_ttl, is_private; /* what it said of them (server/discover) */
	uint64_t ttl_ms;
	struct call calls; /* list head, oldest first */
	struct call *table[BACK_BUCKETS];
	unsigned in_flight;
	uint64_t next_number, faults;
	struct upstream_ask *asks;
	struct group own_asks;	    /* that belong to no call */
	struct task *closer;	    /* waits for the calls in progress */
	struct buf declares;	    /* modern: the capabilities of who has no exchange */
	struct back_listen *listen; /* modern: what is heard of it; NULL: nothing yet */
	uint64_t probe;	      /* number of a question that was given up; its answer is no fault */
	struct deferred lost; /* tells the owner, once, from the ground floor */
};

extern const struct back_ops back_stdio_ops, back_http_ops, back_sse_ops;

/*
 * One message of the upstream.  by: the call on whose stream it came, NULL: none.  intake: whose
 * arena and text the message lives in.  message NULL: what came was no message (err says why).
 */
void back_message(struct back *back, struct intake *intake, struct message *message,
    const struct err *err, struct call *by);
/* What came made no sense and may be somebody's answer: head and tail of it, to tell whose. */
void
back_unreadable(struct back *back, struct slice head, struct slice tail, const struct err *why);
/* The transport is gone: every call is lost, the owner is told. */
void back_lost(struct back *back, const struct err *why);
/* No more calls, the owner is told; those in progress go on as long as their transport does. */
void back_session_lost(struct back *back, const struct err *why);
/* The request of a call as it goes upstream, with our id, token and name in it. */
size_t back_call_parts(const struct call *call, struct slice parts[SPLICE_PARTS]);
void back_call_lost(struct back *back, struct call *call, const struct err *why);
void back_unref(struct back *back);
/* One request and its response, whatever the upstream's revision. */
MUST_CHECK bool back_call_once_wait(struct back *back, struct call *call, struct err *err);
void back_fault(struct back *back, const char *event, const struct err *err);

/* ---- modern upstreams ------------------------------------------------------------------------ */

/* back_modern.c: requests that stand alone. */

/* The names under io.modelcontextprotocol/ in _meta. */
#define META_VERSION	  "io.modelcontextprotocol/protocolVersion"
#define META_CLIENT	  "io.modelcontextprotocol/clientInfo"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"
#define META_LEVEL	  "io.modelcontextprotocol/logLevel"
#define META_SERVER	  "io.modelcontextprotocol/serverInfo"
#define META_SUBSCRIPTION "io.modelcontextprotocol/subscriptionId"

void modern_part_init(struct modern_part *part);
void modern_part_fini(struct modern_part *part);
/* Is it the client's own request, and not one that is made on its behalf? */
static inline bool
modern_is_request(const struct call *call)
{
	return call->exchange != NULL && !call->is_errand;
}
/* The result of a task, in place of the response in which it stood, for a client of that revision.
 */
void modern_outcome_fit(struct call *call, enum mcp_revision revision);
/* What the next request of the call has to say about its client, into call->modern. */
MUST_CHECK bool modern_prepare(struct back *back, struct call *call, struct err *err);
/* A member of an object whose bytes are ours, whose key is written plainly, becomes blanks. */
void modern_blank(struct slice object, struct slice value, struct slice key);
/* back_call_wait() of a modern upstream. */
MUST_CHECK bool modern_call_wait(struct back *back, struct call *call, struct err *err);

enum greeting {
	GREETED,
	GREETED_OTHERWISE, /* it does not speak this era, but perhaps the other */
	GREETED_LATE,	   /* no answer in the time that a question may take; the same */
	GREETED_NEVER,	   /* it cannot be spoken to at all */
};
/* server/discover in place of a handshake; err unless GREETED. */
enum greeting modern_discover_wait(struct back *back, struct err *err);
/* Keeps what a server says about itself in its first answer. */
MUST_CHECK bool
back_greeting_keep(struct back *back, struct slice result, struct slice info, struct err *err);

/* back_rounds.c: questions in a result, asked of a client that knows them as requests. */

struct rounds;
struct rounds *rounds_new(struct back *back, struct call *call);
void rounds_free(struct rounds **rounds);
/*
 * After a response: asks what it asks; *again: the request is to be sent once more, and
 * call->modern has what goes with it.  False: the call cannot go on.
 */
MUST_CHECK bool rounds_next_wait(struct rounds *rounds, bool *again, struct err *err);

/*
 * Puts questions (an object as inputRequests is) to the client of the rounds' call; related: the
 * id by which that client knows the task they are about, raw, or SLICE_NONE; *answers: the object
 * for inputResponses, good until the next time.
 */
MUST_CHECK bool rounds_ask_wait(struct rounds *rounds, struct slice requests, struct slice related,
    struct slice *answers, struct err *err);

/* back_listen.c: subscriptions/listen. */

void back_listen_begin(struct back *back); /* its lists, as far as it tells of their changes */
void back_listen_end(struct back *back);   /* waits for the tasks, which end at once */
unsigned back_listen_calls(const struct back *back);
/*
 * The resources whose changes are wanted from now on, all of them, in place of those before.  Until
 * the upstream has acknowledged them; *granted: how many of the last `fresh` of them it did. False:
 * ERR_UNAVAILABLE, or the task was cut.  A stream that breaks is opened again.
 */
MUST_CHECK bool back_listen_wait(struct back *back, const struct slice *uris, size_t n,
    size_t fresh, size_t *granted, struct err *err);
/*
 * resources/subscribe and unsubscribe of a legacy client, uri raw; or a task's id (is_task): the
 * stream is made to tell of it, or not any more.  True: call->response is {} or an error as such a
 * client knows them.
 */
MUST_CHECK bool back_listen_change_wait(struct back *back, struct call *call, struct slice uri,
    bool is_task, bool wants, struct err *err);
/*
 * A notification of a stream; true: it was about the stream itself, or is of none that is open,
 * and was dealt with.
 */
bool back_listen_takes(struct back *back, const struct message *message, struct call *by);

/* ---- what the upstream asks and tells of its own accord (back_asks.c) ------------------------ */

/* Answers a request of the upstream, unless the connection is going. */
void back_respond(struct back *back, struct slice id, const struct answer *answer);
/* Puts a question to the client it belongs to; by as in back_message(). Takes what intake holds. */
void back_ask_begin(
    struct back *back, struct intake *intake, const struct message *message, struct call *by);
/* notifications/cancelled for a question. */
void back_ask_withdrawn(struct back *back, const struct message *message);
/* To the client whose call it is about; what is about no call is the owner's to place. */
void back_notice(struct back *back, const struct message *message, struct call *by);

#endif

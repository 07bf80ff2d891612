/*
 * Private to mcp: what all fronts share.  Sessions, the calls in progress of each, the questions
 * that wait for a client, and the messages that every front treats alike.  A front adds how bytes
 * travel.
 */
#ifndef MCP_FRONT_H
#define MCP_FRONT_H

#include "mcp/replicas.h"

struct fronts;
struct front_http;
struct front_stdio;
struct modern_call;
struct park;
struct event_stream;
struct replay;

/* A question that was sent and waits for its answer; on the stack of the waiting task. */
struct ask {
	struct ask *next, *prev;
	uint64_t id;
	const struct question *question;
	struct arena *arena; /* of the answer */
	struct task *task;
	bool is_answered;
	struct answer answer;
};

/* HTTP: what http_request.user points to, in the struct that it belongs to. */
enum user_kind {
	USER_HEAD,
	USER_CALL,
	USER_ROUND,
	USER_STREAM,
	USER_SSE,
	USER_BATCH,
	USER_READING,
	USER_FORWARD
};

/* The front's half of an exchange; in the exchange's arena. */
struct front_call {
	enum user_kind kind;
	struct session *session;
	struct exchange *exchange;
	struct front_call *next, *prev;
	/* Streamable HTTP: who waits for a document, or the stream that was opened instead. */
	struct http_request *http;
	struct event_stream *stream;
	struct timer quiet;	   /* opens the stream */
	struct front_batch *batch; /* collects its answer; NULL: none does */
	bool may_stream, may_json;
	bool is_last; /* the session ends with it */
};

/* How messages that belong to no call reach a session's client; false: there is no way now. */
struct session_ops {
	bool is_stdio;
	bool (*send)(struct session *session, const struct slice *parts, size_t n);
	/* As part of a call; false: the client cannot be reached there. */
	bool (*send_call)(struct front_call *call, const struct slice *parts, size_t n);
	/* The client does not read what it was sent: what it can do without is left out. */
	bool (*is_behind)(const struct front_call *call);
	/* Is a connection open that belongs to the session? Then it is in use. */
	bool (*is_heard)(const struct session *session);
	void (*close)(struct session *session); /* ends its transport's part */
};

struct session {
	struct session *next, *prev; /* least recently used first */
	struct session *chain;	     /* in the table of ids */
	struct fronts *fronts;
	const struct session_ops *ops;
	void *transport;
	char id[SESSION_ID_BYTES]; /* "" over stdio */
	bool is_beginning;	   /* initialize is an exchange in progress */
	bool has_begun;		   /* it was answered */
	bool is_ready;		   /* notifications/initialized came */
	bool is_ended;		   /* freed when the last call is gone */
	enum mcp_revision revision;
	struct client_capabilities can;
	struct caller caller;	 /* its own memory */
	struct slice client;	 /* the same */
	void *data;		 /* the gate's */
	struct front_call calls; /* list head */
	struct ask asks;	 /* list head */
	unsigned asks_n;
	uint64_t next_ask, used_ms;
	struct event_stream *streams; /* Streamable HTTP; newest first */
	struct replay *replay;	      /* what they said */
};

#define SESSION_BUCKETS	 1024
#define SESSION_ASKS_MAX 64
#define STREAM_QUIET_MS	 15000
#define BEHIND_BYTES	 MIB /* unread by a client: no more progress is told */

struct fronts {
	struct loop *loop;
	const struct mcp_gate *gate;
	struct front_limits limits;
	struct session sessions; /* list head */
	struct session *table[SESSION_BUCKETS];
	unsigned sessions_n;
	uint64_t next_number; /* Request #n */
	uint64_t evicted;     /* sessions that gave way to others */
	uint64_t trimmed;     /* next_number when memory was last given back */
	struct timer reaper;
	struct front_http *https;
	struct tls_trust *tls; /* of those over TCP; NULL: none */
	struct front_stdio *stdio;
	struct modern_call *calls;	       /* of clients without sessions; newest first */
	struct park *park;		       /* those whose clients were asked */
	struct seal *seal;		       /* of the states that modern clients carry */
	char tag[9];			       /* of this process, in these states */
	struct replicas *replicas;	       /* beside this one; NULL: there are none */
	struct auth *auth;		       /* NULL: nothing is asked */
	unsigned char salt[TENANT_SALT_BYTES]; /* of the names of tenants */
	bool has_salt;
	/* Of the request that is being read, for the exchanges it begins; NULL: none. */
	const struct credentials *arriving;
	struct slice traceparent, tracestate; /* the same: its headers; SLICE_NONE: none */
	const struct address *peer;	      /* the same: who sent it; NULL: nobody over HTTP */
	uint64_t strangers;		      /* requests without the key they need */
	const struct front_page *pages;
	size_t pages_n;
	void *pages_owner;
	struct head *waiting; /* until the issuer of tokens was asked */
	unsigned waiting_n;
	bool is_draining;
};

/* This one's name among the replicas; "": there are none. */
const char *fronts_replica(const struct fronts *fronts);

/* NULL: as many sessions as limits.sessions are in use. with_id: draws an id and enters it. */
struct session *
session_new(struct fronts *fronts, const struct session_ops *ops, void *transport, bool with_id);
/* Binds it to who sent the initialize; a new one is anonymous. */
void session_bind(struct session *session, const struct caller *caller);
struct session *session_find(struct fronts *fronts, struct slice id, const struct caller *caller);
void session_touch(struct session *session);
/* Its calls are cancelled, its questions answered by ERR_CANCELLED; freed when all are gone. */
void session_end(struct session *session);

/*
 * Requests that need no exchange (ping, unknown methods, faults): true, and the reply is in out;
 * nothing there: no reply is due.  False: an exchange is due; for initialize the session has taken
 * its params.
 */
bool front_answer_now(
    struct session *session, const struct message *message, const struct err *err, struct buf *out);
/* What a client declares (raw). */
struct client_capabilities front_capabilities(struct slice capabilities);
/* clientInfo.name, for logs and rules: not trusted, cut; false: there is none. */
bool front_client_name(struct arena *arena, struct slice info, struct slice *name);
/* The id under which a message is answered; SLICE_NONE: it is no request, or none could be told. */
struct slice front_id_of(const struct message *message);
/* Notifications and answers to our questions. */
void front_notice(struct session *session, const struct message *message);
/* Makes the exchange of a request; the caller fills its part and calls front_begin(). */
struct front_call *front_call_new(struct session *session, struct intake *intake,
    const struct message *message, const struct front_ops *ops);
void front_begin(struct front_call *call);
/* Before a reply is written: notes what it means to the session. */
void front_replied(struct front_call *call, const struct reply *reply);
/* The exchange has been answered: takes the call out of its session. */
void front_call_end(struct front_call *call);

/* ---- batches (front_batch.c) ----------------------------------------------------------------- */

/* Takes batches, and this one: false leaves err as it was when the session takes none. */
MUST_CHECK bool
front_batch_is_fit(const struct session *session, struct slice text, struct err *err);
typedef void front_batch_each(
    void *owner, struct intake *intake, struct message *message, const struct err *err);
/* Each member as a message of its own, all of them before it returns. */
void
front_batch_read(struct session *session, struct slice text, front_batch_each *each, void *owner);

/* Answers that become one array; done: all are there, none if answers is empty. */
struct front_batch {
	enum user_kind kind;
	struct loop *loop;
	unsigned unanswered; /* one more while it is read */
	struct buf answers;
	void (*done)(struct front_batch *batch);
	void *owner;
	struct http_request *http; /* NULL: not over HTTP, or the client has gone */
};
struct front_batch *
front_batch_new(struct session *session, void (*done)(struct front_batch *batch), void *owner);
void front_batch_put(struct front_batch *batch, const struct slice *parts, size_t n);
/* One answer less is missing; frees it with the last. */
void front_batch_left(struct front_batch *batch);

/* The halves of front_ops that are the same for all legacy fronts. */
bool front_ask_wait(struct exchange *exchange, const struct question *question,
    struct answer *answer, struct err *err);
void front_tell(struct exchange *exchange, const struct tell *tell);

/*
 * Tells the gate of a request that is answered by that status and error, and becomes no exchange
 * (front_refusal.c).  peer NULL: not known.
 */
void front_refused(struct fronts *fronts, int status, enum errkind kind, const struct address *peer,
    bool is_stdio);

/* The issuer of tokens was asked: owner are the fronts (front_oauth.c). */
void front_oauth_answered(void *owner);
void front_http_close_all(struct fronts *fronts);
unsigned front_http_streams(const struct fronts *fronts);
bool front_http_is_open(const struct fronts *fronts);
void front_stdio_close(struct fronts *fronts);

#endif

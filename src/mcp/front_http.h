/*
 * Private to the HTTP fronts: what the head of a request decides (front_head.c), event streams that
 * a client can take up again (front_replay.c), and the transport of 2024-11-05 (front_sse.c) as
 * front_http.c sees it.
 */
#ifndef MCP_FRONT_HTTP_H
#define MCP_FRONT_HTTP_H

#include "mcp/front.h"

#define SESSION_HEADER "Mcp-Session-Id"

/* A large body that is being read; small ones use the front's own intake. */
struct http_reading {
	enum user_kind kind;
	struct intake intake;
	struct front_http *front;
	struct http_request *http; /* NULL: the client has gone */
	void *head;		   /* what its user was */
	struct http_reading *next, *prev;
	struct deferred gone;
};

struct front_http {
	struct front_http *next;
	struct fronts *fronts;
	struct http_server *server;
	struct slice *hosts;
	size_t hosts_n;
	bool is_loopback, is_unix;
	struct intake intake;
	struct http_request *reading; /* whose body the intake reads */
	struct buf scratch;
	struct http_reading readings; /* list head */
};

/* ---- heads of requests (front_head.c) -------------------------------------------------------- */

/* What is served where. */
struct place {
	struct slice path, methods; /* as Allow says it */
	bool always_streams;	    /* answers to a POST */
	const struct session_ops *ops;
};

/* What the head of a request says: who sends, and the fields that matter here. */
struct head {
	enum user_kind kind;
	struct auth_why why;
	bool has_key;			/* the caller was asked who he is, and said so */
	struct caller caller;		/* in the request's arena */
	struct credentials credentials; /* the same; what it brought for Atlassian */
	const struct place *place;	/* NULL: nothing is there */
	struct slice host, origin, accept, type, version, session, last_event;
	struct slice traceparent, tracestate; /* of a trace, unread */
	bool takes_json, takes_stream;	      /* in the answer to a POST */
	bool is_late;	/* its version is none of those with sessions: the body decides */
	bool is_modern; /* it is one without */
	bool is_post, is_get;
	bool is_metadata;      /* of the issuer of tokens is asked for */
	bool opens_sse;	       /* GET of /sse without a session: the older transport */
	bool is_forwarded;     /* another replica has handed it here, and says who sends */
	struct replica *owner; /* of its session; NULL: nobody else */
	/* It is held until the issuer of tokens was asked (front_oauth.c). */
	bool waits, has_waited;
	struct head *next, *prev;
	struct front_http *front;
	struct http_request *http;
};

/*
 * Status and text of a refusal, from the head alone; 0: go on.  What was read is kept in the
 * request's arena.
 */
int head_check(
    struct front_http *front, struct http_request *http, struct slice *extra, struct err *err);
#define HEAD_WAITS (-1) /* of head_check(): it is looked at again later */
/* Checks the head, and answers where it is refused; true: go on. */
bool head_look(struct front_http *front, struct http_request *http);
/* As head_check() found it; until something else becomes the user of the request. */
const struct head *head_of(const struct http_request *http);
/*
 * Answers with 401 what a stranger asks for that takes a credential (`auth: tenants`); false: it
 * may go on.
 */
bool head_turn_away(struct front_http *front, struct http_request *http, const struct head *head,
    const struct message *message);
/* What is said about such a version to who needs a session. */
bool head_version_error(const struct head *head, struct err *err);
/* NULL: unknown, another's, or of another transport. */
struct session *head_session(const struct front_http *front, const struct head *head);
const struct front_page *front_page_find(const struct fronts *fronts, struct slice path);
void
front_page_show(struct front_http *front, const struct front_page *page, struct http_request *http);
/* Answers with a JSON-RPC error; id SLICE_NONE: null. */
void front_http_error(struct front_http *front, struct http_request *http, int status,
    struct slice extra, struct slice id, const struct err *err);

extern const struct session_ops http_session_ops;

/* ---- tokens (front_oauth.c) ------------------------------------------------------------------ */

/* Is that the place of the metadata for clients (RFC 9728)? */
bool front_oauth_is_metadata(const struct front_http *front, struct slice path);
void front_oauth_show(struct front_http *front, struct http_request *http);
/* The header line of a 401 or 403; error NULL: nothing was brought. */
struct slice front_oauth_challenge(
    const struct front_http *front, const struct http_request *http, const char *error);
/* Holds a request until the issuer was asked; false: too many wait already. */
bool head_hold(struct front_http *front, struct http_request *http, struct head *head);
/* It waits no more; also where it did not. */
void head_let_go(struct head *head);

/* ---- clients without sessions (front_http_modern.c) ------------------------------------------ */

/* Takes it, if it is of a revision without sessions; false: it is not. */
bool http_modern_take(struct front_http *front, struct http_request *http, struct intake *intake,
    const struct head *head, const struct message *message, const struct err *fault);
void http_modern_gone(enum user_kind *kind);

/* ---- event streams of Streamable HTTP (front_replay.c) --------------------------------------- */

/*
 * One event stream of a session: of a GET, or of a POST from its first event on.  It outlives its
 * socket, and for a while its last event: a client that comes back with the id of the last event it
 * has seen gets what followed.
 */
struct event_stream {
	enum user_kind kind;
	struct event_stream *next; /* of the session; newest first */
	struct session *session;
	struct http_request *http; /* NULL: the client is away */
	bool of_post;		   /* ends with its last answer */
	bool has_ended;		   /* all was said; here only for what is kept of it */
	unsigned number;
	uint64_t last;	     /* number of its newest event */
	uint64_t lost;	     /* of the newest that is not kept */
	unsigned kept;	     /* events in the buffer */
	unsigned unanswered; /* requests of the POST */
	uint64_t away_ms;    /* since when there is no http */
	struct timer quiet;  /* keeps the connection alive */
};

/* Begins the response; fields: more header lines. NULL: the client has gone meanwhile. */
struct event_stream *event_stream_open(
    struct session *session, struct http_request *http, bool of_post, struct slice fields);
void event_stream_say(struct event_stream *stream, const struct slice *parts, size_t n);
/* All was said. */
void event_stream_end(struct event_stream *stream);
/* Its connection has gone. */
void event_stream_gone(struct event_stream *stream);
/* Is somebody there, or so briefly away that a question may wait for him? */
bool event_stream_reaches(const struct event_stream *stream);
/* The one for messages that belong to no call; NULL: there is none. */
struct event_stream *event_stream_of(const struct session *session);
bool event_streams_are_heard(const struct session *session);
/*
 * Answers a GET that names the last event its client has seen: what followed on that stream, and
 * what is still to come.  False: nothing is known of it; *is_lost: and its answers are lost with
 * it, so that a new stream would be of no help.
 */
MUST_CHECK bool event_stream_resume(
    struct session *session, struct http_request *http, struct slice last_id, bool *is_lost);
/* The session ends. */
void event_streams_close(struct session *session);

extern const char event_stream_fields[]; /* header lines of every stream */

/* One event, without an id. */
void event_put(struct http_request *http, const struct slice *parts, size_t n);

/* ---- HTTP+SSE of 2024-11-05 (front_sse.c) ---------------------------------------------------- */

extern const struct session_ops sse_session_ops;

/* GET /sse. NULL: no more sessions; the request is still to be answered. */
struct session *
sse_open(struct fronts *fronts, struct http_request *http, const struct caller *caller);
void sse_gone(enum user_kind *kind);
/* A message as an event of the session's stream. */
void sse_say(struct session *session, struct slice text);
void sse_call_begin(struct session *session, struct intake *intake, const struct message *message);

#endif

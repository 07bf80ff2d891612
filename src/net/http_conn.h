/*
 * The server's connections, shared by http_server.c (listening, the owner's side), http_conn.c
 * (reading, states, time) and http_reply.c (writing).
 */
#ifndef NET_HTTP_CONN_H
#define NET_HTTP_CONN_H

#include "net/http_parse.h"
#include "net/tls.h"

/*
 * A connection is in one state; conn_settle() moves it on when its callback has nothing more to do.
 * IDLE -> HEAD (-> HELD) -> BODY -> WAIT -> DRAIN -> IDLE, or from anywhere by way of DRAIN to
 * LINGER and the end.
 */
enum conn_state {
	CONN_IDLE, /* no byte of a request */
	CONN_HEAD,
	CONN_HELD, /* the owner looks at the head for longer than its callback */
	CONN_BODY,
	CONN_WAIT,   /* the owner has the request; also while a stream goes out */
	CONN_DRAIN,  /* the response has ended, its bytes may still wait */
	CONN_LINGER, /* our side is shut; what comes is thrown away for a while */
};

struct http_conn;

/* A request: lives from its first byte to the end of its response. */
struct request {
	struct http_request pub;
	struct http_conn *conn;
	struct http_head head;
	struct arena arena;
};

struct http_conn {
	struct http_conn *next, *prev;
	struct http_server *server;
	struct stream *stream;
	struct outbox outbox;
	struct http_parser parser;
	struct request *request; /* NULL: none, or its response has ended */
	struct buf held;	 /* bytes of later requests */
	struct deferred again;	 /* goes on with held */
	struct timer timer;
	uint64_t due_ms;      /* when the state has lasted too long; 0: never */
	uint64_t due_written; /* outbox.written_bytes when due_ms was set */
	size_t in_hand;	      /* bytes after the head that came with it */
	size_t lingered_bytes;
	size_t paced_bytes;	    /* of the body, since due_ms was set */
	uint8_t state;		    /* enum conn_state */
	uint8_t due_state;	    /* that due_ms is for, or DUE_STALE */
	bool in_input;		    /* conn_feed() is below us on the stack */
	bool is_told;		    /* the owner knows the request */
	bool expects;		    /* 100-continue, when it is held */
	bool is_stream, is_chunked; /* of the response */
	bool has_no_body;	    /* answer to HEAD */
	bool closes;		    /* after this response */
	bool lingers;		    /* the client may still be sending */
	bool peer_ended;
	bool is_tls;
	struct address peer;
};

struct http_server {
	struct loop *loop;
	struct listener listener;
	struct http_limits limits;
	struct http_handler handler;
	void (*refused)(
	    void *owner, int status, const struct address *peer); /* NULL: nobody asks */
	void *owner;
	struct http_conn *conns;
	unsigned conns_n;
	bool is_stopping, in_gone;
	struct tls_peer tls;   /* its clients; no trust: plain */
	uint64_t tls_failures; /* connections that broke in TLS */
	uint64_t date_s;       /* that date is of */
	char date[40];	       /* "Date: ...\r\n" */
	size_t date_n;
};

void http_conn_new(struct http_server *server, struct stream *stream, const struct address *peer);
/* Tells the owner that its request is gone, if it has one. */
void http_conn_gone(struct http_conn *conn);
/* Closes and frees it; tells the owner when a request is open. */
void http_conn_drop(struct http_conn *conn);
/* Moves on after the response ended, and chooses what to wait for. False: the connection is gone.
 */
bool http_conn_settle(struct http_conn *conn);
/* The response has ended: the request goes. */
void http_conn_answered(struct http_conn *conn);
/* Answers for the server itself, then closes. The owner is told that the request is gone. */
void http_conn_refuse(struct http_conn *conn, int status, const char *why);

static inline struct request *
request_of(struct http_request *pub)
{
	return CONTAINER(pub, struct request, pub);
}

#endif

/*
 * The client's connections, shared by http_client.c (pools, fetches, requests) and http_link.c
 * (connecting, reading responses, time).
 */
#ifndef NET_HTTP_LINK_H
#define NET_HTTP_LINK_H

#include "net/http_parse.h"
#include "net/tls.h"

#define HTTP_RESPONSE_HEAD_BYTES (64 * KIB)
#define HTTP_RESPONSE_FIELDS	 200

enum link_state { LINK_CONNECTING, LINK_BUSY, LINK_IDLE };

struct link {
	struct link *next, *prev; /* in the pool's busy or idle */
	struct http_pool *pool;
	struct loop *loop;
	struct stream *stream;
	struct outbox outbox;
	struct http_parser parser;
	struct fetch *fetch;
	struct buf held; /* came, and the fetch is paused */
	size_t held_at;	 /* of held: done already */
	struct deferred again;
	struct timer timer;
	uint64_t due_ms;	/* 0: never */
	uint64_t written_start; /* outbox.written_bytes when the fetch began */
	uint64_t connect_until_ms;
	unsigned tries; /* addresses tried */
	unsigned depth; /* our functions below on the stack that hold it */
	uint8_t state;	/* enum link_state */
	bool is_dead;
	bool is_reused;
	struct address address;
};

struct fetch {
	struct fetch *next, *prev; /* in the pool */
	struct http_pool *pool;
	struct link *link; /* NULL: it ended, or could not begin */
	struct fetch_handler handler;
	void *owner;
	struct http_head head; /* of the response */
	struct buf out;	       /* the request, until it is handed to the stream */
	struct bytes *keep;    /* of a large body, which then follows `out` */
	struct slice *kept;    /* its parts */
	size_t kept_n;
	uint64_t idle_ms;
	uint64_t got_bytes;
	size_t max_bytes;
	unsigned interims;
	bool is_head_request, has_head, has_answer, is_paused, is_ending;
	bool was_sent, was_stale;
	struct deferred failing;
	struct err why;
};

/* How streams to an origin are made. */
struct transport {
	const char *scheme;
	struct stream *(*connect)(
	    struct http_pool *pool, const struct address *to, struct err *err);
	/* Why a stream failed, or what keeps it from being connected; NULL: errno says it. */
	const char *(*why)(const struct stream *stream);
};

/* For "%s://%.*s". */
#define ORIGIN_FMT(pool) (pool)->transport->scheme, SLICE_FMT((pool)->url.authority)

struct http_pool {
	struct loop *loop;
	const struct transport *transport;
	struct buf text; /* the URL, which url points into */
	struct url url;
	struct link *busy, *idle;
	unsigned idle_n, keep;
	uint64_t connect_ms;
	struct fetch *fetches;
	struct address addresses[RESOLVE_MAX];
	unsigned addresses_n, first; /* first: the one that worked last */
	bool is_stale;		     /* resolve again */
	bool is_fixed;		     /* the address was given, and is not resolved */
	struct tls_peer tls;	     /* of https */
	struct buf tls_text;	     /* paths that tls_files points into */
	struct tls_files tls_files;
};

/* A new connection for a fetch whose request is in fetch->out. False: fetch->why says why. */
MUST_CHECK bool http_link_open(struct fetch *fetch);
/* An idle connection begins a fetch; the caller sends. */
void http_link_reuse(struct link *link, struct fetch *fetch);
/* Parts a link from its fetch; what is known through the link is kept. */
struct fetch *http_link_detach(struct link *link);
/* Off the pool and closed; its memory goes when nobody below on the stack holds it. */
void http_link_kill(struct link *link);
void http_link_pause(struct link *link);
void http_link_resume(struct link *link);
/* Tells the owner and frees the fetch, which has no link any more. */
void http_fetch_end(struct fetch *fetch, const struct err *err);

#endif

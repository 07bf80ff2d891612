/*
 * net: bytes of the outside world.  Names to addresses, line framing, Server-Sent Events, an
 * HTTP/1.1 server and client (llhttp, never lenient).  Ground floor: state machines that call
 * upwards; only what ends in _wait may park.  Knows nothing of MCP.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <openssl/opensslv.h>

#include "run/run.h"

/* Libraries that are loaded when they are first needed. */
#define NET_TEXT_OF(x) #x
#define NET_SONAME(n)  "libssl.so." NET_TEXT_OF(n)
#define LIBSSL	       NET_SONAME(OPENSSL_SHLIB_VERSION)
#define LIBCURL	       "libcurl.so.4"

/* ---- names and URLs ------------------------------------------------------------------------- */

struct url {
	bool is_tls;	   /* https */
	struct slice host; /* without brackets */
	uint16_t port;
	struct slice authority; /* host[:port] as for the Host header */
	struct slice path;	/* with query; "/" at least */
};

/* http:// and https://; no user info, no fragment. Slices point into text. ERR_CONFIG. */
MUST_CHECK bool url_parse(struct slice text, struct url *out, struct err *err);
/* `localhost`, `127.0.0.1` or `::1`: names that every machine has for itself. */
bool url_host_is_loopback(struct slice host);

/*
 * What a server calls by this reference (whole or relative, RFC 3986), seen from the URL it came
 * from: path and query, without dots, into out.  ERR_REFUSED: another origin, or no reference.
 */
MUST_CHECK bool
url_refer(const struct url *base, struct slice reference, struct buf *out, struct err *err);

#define RESOLVE_MAX 8
/*
 * Addresses of host (a name, or a literal), at most RESOLVE_MAX; getaddrinfo on the helper thread
 * "dns".  ERR_UNAVAILABLE names the host and the resolver's reason.
 */
MUST_CHECK bool net_resolve_wait(struct loop *loop, struct slice host, uint16_t port,
    struct address out[RESOLVE_MAX], unsigned *n, struct err *err);

/*
 * The same on the ground floor and on a helper thread of that name: done is called once, later.
 * Addresses are valid during the call; n 0: err says why.  Forgotten, it calls nobody any more.
 */
struct net_lookup;
struct net_lookup *
net_lookup_start(struct loop *loop, const char *helper, struct slice host, uint16_t port,
    void (*done)(void *owner, const struct address *found, unsigned n, const struct err *err),
    void *owner);
void net_lookup_forget(struct net_lookup **lookup);

/* ---- outbox: ordered bytes on their way out -------------------------------------------------- */

struct outbox_segment; /* private */

/*
 * Writes to a stream in order, at most SLICE_OF_WORK_BYTES at a time.  What the stream does not
 * take at once waits in memory: copied, or by reference where it lies in the bytes named by
 * outbox_keep().  When more than ceiling_bytes wait already and more is to be sent (a slow reader),
 * or the stream fails, the outbox fails: on_fail is called once, from a turn of the loop, with
 * ERR_LIMIT or ERR_IO; puts after it are dropped.  The owner's on_ready calls outbox_ready() when
 * writable; interest in reading goes through outbox_want(), for the outbox owns the interest of its
 * stream.
 */
struct outbox {
	struct loop *loop;
	struct stream *stream;
	struct outbox_segment *first, *last;
	struct bytes *keep; /* of the next send or queue */
	size_t pending_bytes;
	size_t ceiling_bytes;	/* may be changed at any time */
	uint64_t written_bytes; /* that the stream took, ever */
	unsigned wants;		/* the owner's interest */
	bool is_blocked;	/* waits for WRITABLE */
	bool has_failed;
	bool ends; /* shutdown after the last byte */
	struct err why;
	struct deferred flush;
	void (*on_fail)(void *owner, const struct err *err);
	void (*on_drained)(void *owner); /* may be NULL; pending went from some to none */
	void *owner;
};

void
outbox_init(struct outbox *outbox, struct loop *loop, struct stream *stream, size_t ceiling_bytes);
void outbox_fini(struct outbox *outbox); /* the stream stays open, it is the owner's */
/* At once, as far as the stream takes it. */
void outbox_send(struct outbox *outbox, const struct slice *parts, size_t n);
/* At the end of this turn, together with whatever else was queued: one write for many lines. */
void outbox_queue(struct outbox *outbox, const struct slice *parts, size_t n);
/* What of the next send or queue lies in these bytes is not copied; NULL: nothing does. */
void outbox_keep(struct outbox *outbox, struct bytes *keep);
void outbox_ready(struct outbox *outbox);
void outbox_end(struct outbox *outbox);			  /* shutdown when drained */
void outbox_want(struct outbox *outbox, unsigned events); /* STREAM_READABLE or 0 */
size_t outbox_pending(const struct outbox *outbox);

/* ---- lines ----------------------------------------------------------------------------------- */

/*
 * Cuts a stream of bytes into LF-ended lines (a CR before it is cut too).  A line over max_bytes is
 * dropped as it comes and reported by on_long with its first and last KiB, so that the caller can
 * say whose it was.  on_line gets bytes that it may change; they are valid during the call only,
 * and without the LF.  on_line may ask for a pause: line_pause() holds the rest back until
 * line_resume(). It must not end the reader; line_pause() is for that too.
 */
#define LINE_SAMPLE 1024
struct line_reader {
	struct buf line;
	size_t max_bytes;
	bool is_dropping, is_paused, in_feed, has_ended;
	size_t dropped_bytes;
	char head[LINE_SAMPLE], tail[LINE_SAMPLE];
	size_t head_n, tail_n;
	struct buf held; /* came while paused */
	size_t held_at;	 /* of held: handed out already */
	void (*on_line)(void *owner, char *line, size_t n);
	void (*on_long)(void *owner, struct slice head, struct slice tail, size_t n);
	void *owner;
};

void line_reader_init(struct line_reader *reader, struct memory *memory, size_t max_bytes);
void line_reader_fini(struct line_reader *reader);
void line_feed(struct line_reader *reader, char *bytes, size_t n);
/* End of stream: a last line without LF is a line. While paused it waits for line_resume(). */
void line_end(struct line_reader *reader);
/* From on_line: moves the line into `to` without a copy when it stands alone in its buffer (long
 * lines do); false: it does not, copy it. */
bool line_take(struct line_reader *reader, const char *line, size_t n, struct buf *to);
void line_pause(struct line_reader *reader);
void line_resume(struct line_reader *reader);

/* ---- Server-Sent Events ---------------------------------------------------------------------- */

struct sse_event {
	struct slice type; /* "message" when absent */
	char *data;	   /* may be changed by the callee */
	size_t data_n;
	struct slice id; /* last event id in force */
	bool has_data;	 /* false: no or empty data, only id or retry count; no message */
};

/* Parser of the WHATWG event stream format: CR, LF, CRLF, BOM, multi-line data, retry, half events.
 */
struct sse_reader {
	struct buf line, data;
	char type[64];
	size_t type_n;
	struct buf last_id;
	size_t max_bytes;  /* of one event */
	uint64_t retry_ms; /* last `retry`, if has_retry */
	uint8_t state;
	bool has_data, has_any, has_retry, was_cr, is_paused, in_feed;
	struct buf held; /* came while paused */
	size_t held_at;	 /* of held: handed out already */
	void (*on_event)(void *owner, const struct sse_event *event);
	void *owner;
};

void sse_reader_init(struct sse_reader *reader, struct memory *memory, size_t max_bytes);
void sse_reader_fini(struct sse_reader *reader);
/* ERR_LIMIT when one event passes max_bytes: the stream is of no further use. */
MUST_CHECK bool sse_feed(struct sse_reader *reader, const char *bytes, size_t n, struct err *err);
/* From on_event: moves the data into `to` without a copy. */
void sse_take(struct sse_reader *reader, const struct sse_event *event, struct buf *to);
void sse_pause(struct sse_reader *reader);
MUST_CHECK bool sse_resume(struct sse_reader *reader, struct err *err);

/* Parts of one event for writev: "data: " text "\n\n", with event: and id: lines when not NONE.
 * text must not hold LF or CR (a message on one line does not). Returns the number of parts (<= 8).
 */
#define SSE_PARTS 8
size_t
sse_parts(struct slice parts[SSE_PARTS], struct slice type, struct slice id, struct slice text);

/* ---- HTTP/1.1 server ------------------------------------------------------------------------- */

struct http_limits {
	size_t head_bytes;    /* request line and header fields; 32 KiB */
	unsigned headers;     /* count; 100 */
	size_t body_bytes;    /* 64 MiB */
	unsigned connections; /* at once; 10,000: more are closed when accepted */
	uint64_t head_ms;     /* from first byte to end of head; 10 s */
	uint64_t body_ms;     /* until 8 KiB more of the body, or its end; 30 s */
	uint64_t idle_ms;     /* kept alive without a request; 75 s */
	uint64_t write_ms;    /* pending bytes without any progress; 30 s */
	size_t outbox_bytes; /* unread output a stream may pile up; 8 MiB (a reply may be larger) */
};
extern const struct http_limits http_limits_default;

struct http_server;
struct http_request;

/*
 * Files for TLS, all PEM, absolute paths; SLICE_NONE: not set.  For https upstreams `ca` replaces
 * the system's certificate authorities, and cert (with its chain) and key are shown to servers that
 * ask.  For a server of ours cert and key are its own, and with `ca` each client has to have a
 * certificate by one of those; clients that ask for a name in the certificate of a further pair
 * see that one.
 */
struct tls_pair {
	struct slice cert, key;
};
#define TLS_MORE_MAX 64
struct tls_files {
	struct slice ca, cert, key;
	const struct tls_pair *more; /* of a server: at most TLS_MORE_MAX; may be NULL */
	size_t more_n;
	bool is_any_name; /* of a pool: a certificate by `ca` is believed whatever name it has */
};
/* What they hold, in memory; counted. */
struct tls_trust;
/* For a server: TLS 1.2 and later, HTTP/1.1.  ERR_CONFIG names the file and the reason. */
MUST_CHECK bool tls_serve_load_wait(
    struct loop *loop, const struct tls_files *files, struct tls_trust **out, struct err *err);
struct tls_trust *tls_trust_share(struct tls_trust *trust); /* one more holder; NULL: NULL */
void tls_trust_unref(struct tls_trust **trust);		    /* *trust NULL: nothing */

/*
 * The owner's side.  `head`: the head is complete, the body is not read: answer now with
 * http_respond() to refuse (401, 403, 405, 413, 415, 421 ...), or return.  `request`: the whole
 * body is there.  `gone`: the connection ended before the response did; the request is invalid
 * after it. A request lives from `head` until its response was written or `gone` was called.  A
 * client that shuts its writing side down before it has its response is gone too.
 */
struct http_handler {
	void (*head)(void *owner, struct http_request *request);
	void (*request)(void *owner, struct http_request *request);
	void (*gone)(void *owner, struct http_request *request);
	/* Of a stream the client has taken all; may be NULL.  It must not end the stream. */
	void (*drained)(void *owner, struct http_request *request);
};

struct http_header {
	struct slice name, value; /* value without blanks around it */
};

/* One request as the owner sees it. Slices are valid until the response has ended. */
struct http_request {
	struct slice method, path, query; /* path undecoded; query without '?' */
	struct http_header *headers;
	unsigned headers_n;
	struct buf body; /* the owner may buf_take() it */
	const struct address *peer;
	void *user;	     /* the owner's */
	struct arena *arena; /* of this request */
	struct bytes *keep;  /* parts of responses that lie in these are not copied */
};

MUST_CHECK bool
http_server_new(struct loop *loop, const struct address *at, const struct http_limits *limits,
    const struct http_handler *handler, void *owner, struct http_server **out, struct err *err);
/* Tells the owner, as it happens, of what the server refuses by itself: connections over the limit
 * (503), and what is no request (400, 408, 413 ...). */
void http_server_watch(struct http_server *server,
    void (*refused)(void *owner, int status, const struct address *peer));
/* TLS for the connections that come from now on, the others keep what they have; NULL: none. */
void http_server_set_tls(struct http_server *server, struct tls_trust *trust);
const struct address *http_server_address(const struct http_server *server);
void http_server_stop(struct http_server *server); /* accepts no more; idle connections close */
/* Closes all; calls gone for open requests. Not from within a function of the handler. */
void http_server_free(struct http_server **server);
unsigned http_server_connections(const struct http_server *server);
unsigned http_server_streams(const struct http_server *server); /* responses that are streams */

/* Its answer is a stream that lasts, and what was read is not looked at again: method, path, query
 * and headers are gone, and all that lies in its arena. */
void http_request_forget(struct http_request *request);

/*
 * From `head`: more has to be found out before the body may come, which is not read meanwhile;
 * http_respond() or http_request_go() from elsewhere ends it.  Go: `request` follows in a later
 * turn.
 */
void http_request_hold(struct http_request *request);
void http_request_go(struct http_request *request);

/* Value of the first header field of that name (case-insensitive); SLICE_NONE when absent. */
struct slice http_request_header(const struct http_request *request, struct slice name);
unsigned http_request_header_count(const struct http_request *request, struct slice name);
/* Both in one pass: the first value, and how many there are. */
struct slice
http_request_header_counted(const struct http_request *request, struct slice name, unsigned *n);

/*
 * The whole response.  extra: complete header lines "Name: value\r\n..." or SLICE_NONE.  With n 0
 * and type SLICE_NONE there is no body (Content-Length: 0; 202, 204, 405 ...).  Parts are copied
 * when the socket does not take them at once.  Ends the request.
 */
void http_respond(struct http_request *request, int status, struct slice extra, struct slice type,
    const struct slice *parts, size_t n);
/* Head of a stream, sent at once; chunked for HTTP/1.1, until close for 1.0. */
void
http_stream_begin(struct http_request *request, int status, struct slice extra, struct slice type);
void http_stream_put(struct http_request *request, const struct slice *parts, size_t n);
void http_stream_end(struct http_request *request); /* ends the request */
/* Bytes of a stream that the client has not taken yet. */
size_t http_stream_pending(const struct http_request *request);
const char *http_status_text(int status);

/* ---- HTTP/1.1 client ------------------------------------------------------------------------- */

struct http_pool; /* kept connections to one origin */
struct fetch;	  /* one request in progress */

/*
 * What a fetch tells its owner, on the ground floor.  `head` once; `data` any number of times
 * (bytes valid during the call, may be changed by the callee); `done` last, always once unless
 * aborted: err NULL when the response ended well.  The fetch is freed after `done`.
 */
struct fetch_handler {
	void (*head)(void *owner, struct fetch *fetch, int status);
	void (*data)(void *owner, struct fetch *fetch, char *bytes, size_t n);
	void (*done)(void *owner, struct fetch *fetch, const struct err *err);
};

struct fetch_request {
	struct slice method, path;
	struct slice headers;	  /* "Name: value\r\n..."; Host and Content-Length are ours */
	const struct slice *body; /* parts; copied when the socket does not take them at once */
	size_t body_parts;
	struct bytes *keep; /* parts that lie in these are not copied; may be NULL */
	uint64_t idle_ms;   /* without any byte of the response; 0: for ever */
	size_t max_bytes;   /* of the response body; 0: no limit (streams) */
};

/* keep: idle connections kept. connect_ms bounds connecting, and the TLS handshake with it. */
MUST_CHECK bool http_pool_new(struct loop *loop, struct slice url, unsigned keep,
    uint64_t connect_ms, struct http_pool **out, struct err *err);
void http_pool_free(struct http_pool **pool);  /* aborts what is in progress without callbacks */
void http_pool_forget(struct http_pool *pool); /* idle connections, and where the host is */
/* Files of http_pool_set_tls() that have changed count from the next http_pool_resolve_wait() on;
 * a request that was begun before it and has no connection yet fails, unsent. */
void http_pool_renew(struct http_pool *pool);
/* Before the first http_pool_resolve_wait(); copied. Without it: the system's authorities. */
void http_pool_set_tls(struct http_pool *pool, const struct tls_files *files);
/* Connects there, whatever the host of the URL: to a unix socket. Before the first use. */
void http_pool_set_address(struct http_pool *pool, const struct address *address);
/* Resolves the host if that was not done (or the last connection failed), and loads what https
 * needs, once. Call before fetch_start. */
MUST_CHECK bool http_pool_resolve_wait(struct http_pool *pool, struct err *err);
/* Sends on an idle connection, or a new one. Never fails here: `done` tells. */
struct fetch *fetch_start(struct http_pool *pool, const struct fetch_request *request,
    const struct fetch_handler *handler, void *owner);
/* Closes it without further callbacks (the connection too, unless the response had ended). */
void fetch_abort(struct fetch **fetch);
/* Holds the reading back, and goes on: for owners that are busy with what they got. */
void fetch_pause(struct fetch *fetch);
void fetch_resume(struct fetch *fetch);
/* First value of a response header, from `head` on; valid until done. */
struct slice fetch_header(const struct fetch *fetch, struct slice name);
/* False: no byte of it has left, so that it may be repeated without harm. */
bool fetch_was_sent(const struct fetch *fetch);
/* It failed on a kept connection before any byte of the response: the usual race with a server that
 * closes idle connections. */
bool fetch_was_stale(const struct fetch *fetch);

/* ---- egress: the way out for a child without a network (egress.c) ---------------------------- */

/*
 * An HTTP proxy for one isolated child, on the listening socket that its network namespace handed
 * out: CONNECT to the listed destinations, and nothing else.  Names are resolved here, on a helper
 * thread that nobody else waits for; an address that is not public is connected to only if it is
 * listed itself.  Every refusal is answered in words, logged (egress_refused) and counted.
 */
struct egress_settings {
	struct slice whose; /* for the log and the metric */
	/* "name:443", "*.name:443" (what is below it), "192.0.2.1:443", "[2001:db8::1]:443" */
	const struct slice *allow;
	size_t allow_n;
	/* May be NULL: told of each refusal too; must not close the proxy. */
	void (*refused)(void *owner, struct slice destination, const char *why);
	void *owner;
};
struct egress;
/* Copies what it needs; *fd is taken over in any case, and -1 then. ERR_CONFIG: a bad entry. */
MUST_CHECK bool egress_open(struct loop *loop, const struct egress_settings *settings, int *fd,
    struct egress **out, struct err *err);
void egress_close(struct egress **egress); /* cuts what is open; *egress NULL: nothing */
/* The environment with the variables that name the proxy, and without others of their names. */
MUST_CHECK bool
egress_env(struct arena *arena, const char *const *env, const char *const **out, struct err *err);

/* ---- REST over libcurl (rest.c) -------------------------------------------------------------- */

/*
 * Requests to services that are not on the hot path: proxies, HTTP/2, gzip, keys with a password.
 * libcurl is loaded at the first request of the process, runs on the loop and connects only to
 * addresses that net_resolve_wait() gave and `may_connect` accepted; redirects are not followed.
 */
struct rest_settings {
	struct slice
	    url; /* base: https://host[:port][/path]; what requests name is put behind it */
	bool is_unverified;	   /* any certificate will do */
	struct tls_files tls;	   /* as of http_pool_set_tls() */
	struct slice key_password; /* of tls.key; SLICE_NONE: it has none */
	struct slice proxy;	   /* URL: http, https, socks5, socks5h; SLICE_NONE: direct */
	unsigned connections;	   /* requests at once, at most; more of them wait; 0: 16 */
	uint64_t connect_ms;	   /* bounds connecting, the proxy's part and TLS; 0: 5 minutes */
	/* May it connect there?  With a proxy it is asked about the proxy.  NULL: anywhere. */
	bool (*may_connect)(void *owner, const struct address *address);
	void *owner;
};

struct rest_pool; /* kept connections to one origin */
/* ERR_CONFIG: the URL.  Copies what it needs. */
MUST_CHECK bool rest_pool_new(struct loop *loop, const struct rest_settings *settings,
    struct rest_pool **out, struct err *err);
/* Requests in progress end with ERR_CANCELLED first; from a task or not. */
void rest_pool_free(struct rest_pool **pool);

struct rest_request {
	struct slice method;
	struct slice path; /* behind the base, with query, encoded */
	struct slice
	    headers; /* "Name: value\r\n..."; Host, Content-Length, Accept-Encoding are ours */
	struct slice body;   /* SLICE_NONE: none */
	uint64_t timeout_ms; /* of the whole; 0: none */
	size_t max_bytes;    /* of the body, unpacked; more: ERR_LIMIT */
	/*
	 * A body that is not in memory, in place of `body`; NULL: that one.  Called on the loop,
	 * for at most n bytes from `at` on (also again, when it is sent again); 0: it cannot, and
	 * the request fails.  body_bytes: of the whole.
	 */
	size_t (*body_read)(void *owner, uint64_t at, char *to, size_t n);
	void *body_owner;
	uint64_t body_bytes;
};

struct rest_reply {
	int status;
	struct slice headers; /* "Name: value\r\n..." as received, of the final response */
	struct slice body;    /* unpacked */
};

/*
 * One request; the reply is in the arena.  False: no whole response: ERR_UNAVAILABLE (names the
 * host and why), ERR_DEADLINE (timeout_ms), ERR_LIMIT, ERR_CANCELLED, ERR_REFUSED (may_connect),
 * ERR_REQUEST (what cannot be sent), ERR_CONFIG (tls.ca); *was_sent then says whether the service
 * may have seen it.  Any HTTP status is a reply, but for a 407 of the proxy.
 */
MUST_CHECK bool rest_wait(struct rest_pool *pool, const struct rest_request *request,
    struct arena *arena, struct rest_reply *reply, bool *was_sent, struct err *err);
/* Value of a header field in rest_reply.headers, the first of that name; SLICE_NONE: absent. */
struct slice rest_header(const struct rest_reply *reply, struct slice name);

/* ---- posts from a thread that may wait (post.c) ---------------------------------------------- */

/*
 * For helper threads of their own, never the loop: each call blocks, timeout_ms at most.  One
 * thread a poster.  What is given is copied.
 */
struct poster_settings {
	struct slice url;     /* http or https, whole */
	struct slice headers; /* "Name: value\r\n..." */
	struct slice ca;      /* PEM file; SLICE_NONE: the system's authorities */
	uint64_t timeout_ms;  /* of a request, connecting included */
};
struct poster;
/* Loads libcurl at the first one of the process: ERR_UNAVAILABLE where it is missing. */
MUST_CHECK bool
poster_new(const struct poster_settings *settings, struct poster **out, struct err *err);
void poster_free(struct poster **poster); /* *poster NULL: nothing */
/*
 * Any status is an answer; reply gets the body as far as it has room.  False: ERR_UNAVAILABLE or
 * ERR_DEADLINE with the URL and why; it may have arrived all the same.
 */
MUST_CHECK bool poster_post(
    struct poster *poster, struct slice body, struct buf *reply, int *status, struct err *err);

/* ---- batches to a collector (otlp.c) --------------------------------------------------------- */

/* OTLP/HTTP in JSON.  For helper threads, as a poster is. */
struct otlp_signal {
	const char *what; /* for people: "spans" */
	struct slice path, rejected;
	const char *resource, *scope, *items; /* members of a batch */
};
extern const struct otlp_signal otlp_logs, otlp_traces;

struct otlp_target {
	struct slice url; /* http or https; one without a path gets the signal's */
	struct slice ca;  /* PEM file; SLICE_NONE: the system's authorities */
	uint64_t timeout_ms;
};
struct otlp;
/* What is given is copied. */
struct otlp *otlp_new(const struct otlp_signal *signal, const struct otlp_target *target);
/* One more header of every request; before the first. */
void otlp_header(struct otlp *otlp, struct slice name, struct slice value);
void otlp_free(struct otlp **otlp); /* *otlp NULL: nothing */

struct otlp_answer {
	bool is_final;	 /* what was sent is not to be sent again, taken or not */
	size_t rejected; /* of it, what was not taken */
};
/* Blocks.  body holds n items.  False: not all of it was taken, and err says why. */
MUST_CHECK bool otlp_post(
    struct otlp *otlp, struct slice body, size_t n, struct otlp_answer *answer, struct err *err);
/* A batch: the head, items with commas between, the tail.  instance, host: may be empty. */
void otlp_put_head(struct buf *out, const struct otlp_signal *signal, struct slice instance,
    struct slice host, const char *scope);
void otlp_put_tail(struct buf *out);

#endif

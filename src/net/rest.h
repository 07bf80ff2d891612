/*
 * REST, inside: pools and calls (rest.c), where a pool may connect (rest_dial.c), and the engine
 * that carries one call: libcurl (rest_curl.c, loaded by rest_lib.c, its errors in rest_why.c).
 *
 * A call lives on the stack of the task that waits for it.  The engine has it from start() until
 * rest_call_end() or cancel(); after either it knows nothing of it.
 */
#ifndef NET_REST_H
#define NET_REST_H

#include "net/net.h"

#define REST_HEAD_BYTES (128 * KIB) /* of a response's header fields */

struct rest_call;
struct rest_engine;

/* ---- where to connect (rest_dial.c) ---------------------------------------------------------- */

struct rest_proxy_kind {
	struct slice scheme; /* with "://" */
	uint16_t port;	     /* where the URL names none */
	bool is_tls;
	bool wants_address; /* we resolve the origin too (socks5) */
	bool is_http;
};

/* The names of a pool and the addresses they have by now. */
struct rest_dial {
	const struct rest_proxy_kind *proxy; /* NULL: direct */
	struct slice host;		     /* whom we connect to: the origin or the proxy */
	uint16_t port;
	struct address addresses[RESOLVE_MAX]; /* that may be connected to */
	unsigned addresses_n;
	struct address origin[RESOLVE_MAX]; /* behind a socks5 proxy */
	unsigned origin_n;
	unsigned generation; /* changes with the addresses; 0: none yet */
	uint64_t resolved_ms;
	bool is_stale; /* a connection failed since */
};

/* ERR_CONFIG: the proxy's URL, without telling what may be its password. */
MUST_CHECK bool
rest_dial_init(struct rest_dial *dial, const struct url *url, struct slice proxy, struct err *err);
bool rest_dial_is_due(const struct rest_dial *dial, uint64_t now_ms);
/* Resolves and asks may_connect.  ERR_UNAVAILABLE, ERR_REFUSED: no address is allowed. */
MUST_CHECK bool rest_dial_wait(struct rest_pool *pool, struct err *err);

/* ---- calls and pools (rest.c) ---------------------------------------------------------------- */

enum rest_stage { REST_WAITING, REST_QUEUED, REST_HAS_SLOT, REST_RUNNING, REST_DONE };

struct rest_call {
	struct rest_call *next, *prev; /* all of the pool, oldest first */
	struct rest_pool *pool;
	const struct rest_request *request;
	struct task *task;
	uint64_t end_ms; /* 0: none */
	void *engine;	 /* the engine's own of this call */
	int status;
	struct buf headers, body; /* of the final response, filled by the engine */
	struct err why;
	uint8_t stage; /* enum rest_stage */
	bool has_failed;
	bool was_sent; /* set by the engine, at the latest in cancel() or before rest_call_end() */
};

struct rest_pool {
	struct loop *loop;
	unsigned refs; /* its owner, and each call */
	bool is_closed;
	struct buf text; /* what the slices of settings point into */
	struct rest_settings settings;
	struct url url;	   /* of settings.url */
	struct slice base; /* path of it, without a slash at the end */
	struct rest_dial dial;
	const struct rest_engine *engine;
	void *engine_data; /* of engine->open_wait() */
	struct rest_call *first, *last;
	unsigned active;    /* calls with a slot */
	bool is_preparing;  /* one call loads and resolves, the others wait for it */
	struct err prepare; /* how that ended */
};

/* For error texts: "https://host:port". */
#define REST_FMT(pool) (pool)->url.is_tls ? "https" : "http", SLICE_FMT((pool)->url.authority)

/*
 * Carries calls.  One production row, libcurl; tests that have no sockets bring another.  start()
 * must not end the call itself: that happens in a later turn.
 */
struct rest_engine {
	/* Loads what the pool needs; may be called again after it failed. */
	bool (*open_wait)(struct rest_pool *pool, struct err *err);
	void (*close)(struct rest_pool *pool); /* no call is running; may not have been opened */
	void (*start)(struct rest_call *call);
	void (*cancel)(struct rest_call *call);
};

extern const struct rest_engine rest_curl;
/* What pools made from now on use; NULL: libcurl.  For tests. */
void rest_use_engine(const struct rest_engine *engine);

/* Of the request. */
static inline uint64_t
rest_body_bytes(const struct rest_request *request)
{
	return request->body_read != NULL ? request->body_bytes : request->body.n;
}

/* From the engine, once a call: err NULL when the response is whole. */
void rest_call_end(struct rest_call *call, const struct err *err);
/* A piece of the body; false: more than the call wants, end it with ERR_LIMIT. */
MUST_CHECK bool rest_call_body(struct rest_call *call, struct slice bytes);
bool rest_call_too_large(const struct rest_call *call, struct err *err); /* false */

#endif

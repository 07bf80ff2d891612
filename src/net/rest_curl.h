/*
 * libcurl, as rest_curl.c uses it: its functions, loaded when the first pool is used and not linked
 * (rest_lib.c); the multi handle (rest_curl.c); one transfer (rest_transfer.c); the words of its
 * errors (rest_why.c).
 */
#ifndef NET_REST_CURL_H
#define NET_REST_CURL_H

#define CURL_DISABLE_TYPECHECK /* its macros would call the functions by name */
#include <curl/curl.h>

#include "net/rest.h"
#include "net/tls.h"

/* ---- libcurl --------------------------------------------------------------------------------- */

/* Every function of libcurl that is used; called as rest_lib.curl_easy_init(...). */
#define REST_FUNCTIONS(X) \
	X(curl_easy_cleanup) \
	X(curl_easy_getinfo) \
	X(curl_easy_init) \
	X(curl_easy_perform) \
	X(curl_easy_setopt) \
	X(curl_easy_strerror) \
	X(curl_global_init) \
	X(curl_multi_add_handle) \
	X(curl_multi_assign) \
	X(curl_multi_cleanup) \
	X(curl_multi_info_read) \
	X(curl_multi_init) \
	X(curl_multi_remove_handle) \
	X(curl_multi_setopt) \
	X(curl_multi_socket_action) \
	X(curl_version_info)

struct rest_lib {
#define X(name) __typeof__(name) *name;
	REST_FUNCTIONS(X)
#undef X
};
extern struct rest_lib rest_lib; /* filled before the first rest_lib_load_wait() returns true */

/* On the helper thread "tls", once a process.  ERR_UNAVAILABLE names the package that is missing;
 * a load that failed is tried again by the next call. */
MUST_CHECK bool rest_lib_load_wait(struct loop *loop, struct err *err);
/* The same where one may block: on a helper thread. */
MUST_CHECK bool rest_lib_load(struct err *err);

/* ---- the multi handle of a pool (rest_curl.c) ------------------------------------------------ */

struct rest_watch;
struct rest_transfer;

#define REST_RESOLVE_TEXT 1024 /* host:port: and RESOLVE_MAX addresses */

struct rest_multi {
	struct rest_pool *pool;
	CURLM *multi;
	struct timer timer;
	struct deferred broken;		      /* ends transfers whose sockets cannot be watched */
	struct rest_watch *watches, *resting; /* of sockets in use, and kept ones */
	struct rest_transfer *running, *idle;
	bool is_http2;	      /* an answer came so */
	struct tls_peer peer; /* trust, and the name for words about certificates */
	struct buf base;      /* "https://host:port/path" */
	struct curl_slist resolve[2];
	char resolve_text[2][REST_RESOLVE_TEXT];
	unsigned built, loaded; /* generation of addresses in resolve[], and known to libcurl */
};

/* Closes a socket of libcurl's; on_ready of its watch is not called any more. */
int rest_watch_close(struct rest_multi *own, curl_socket_t fd);

/* ---- transfers (rest_transfer.c) ------------------------------------------------------------- */

/* One easy handle, used again and again by the calls of a pool. */
struct rest_transfer {
	struct rest_transfer *next, *prev; /* of the running or the idle ones */
	struct rest_multi *owner;
	CURL *easy;
	struct rest_call *call;	    /* NULL: idle */
	struct buf url, head;	    /* NUL-ended, for libcurl */
	struct curl_slist *headers; /* into head */
	uint64_t body_at;	    /* of the request's body: read by libcurl */
	bool is_begun;		    /* libcurl has it */
	bool is_repeatable;	    /* the method is idempotent */
	bool has_new_addresses;	    /* brings them to libcurl */
	bool in_head, has_body;	    /* of the response */
	bool is_too_large;
	bool is_broken;		     /* its socket cannot be watched */
	char error[CURL_ERROR_SIZE]; /* libcurl's words */
	char why[TLS_WHY];	     /* ours of a certificate */
	struct err broken;
};

/* NULL: libcurl does not know an option that is needed. */
struct rest_transfer *rest_transfer_new(struct rest_multi *own);
void rest_transfer_free(struct rest_transfer *transfer);
/* Tells libcurl what the call asks for; not CURLE_OK: it must not be begun. */
CURLcode rest_transfer_set(struct rest_transfer *transfer, struct rest_call *call);
/* Forgets it, after libcurl has let go of the handle. */
void rest_transfer_clear(struct rest_transfer *transfer);

/* ---- words (rest_why.c) ---------------------------------------------------------------------- */

/* What to tell of a transfer that ended with this code. */
void rest_why(struct rest_transfer *transfer, CURLcode code, struct err *err);

#endif

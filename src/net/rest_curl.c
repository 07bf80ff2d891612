/*
 * The engine that carries REST calls by libcurl, on the loop.
 *
 * Each pool has a multi handle of its own (its connections, its addresses, its sessions are nobody
 * else's) and a list of easy handles that are used again.  libcurl says which of its sockets it
 * waits for and until when; the loop watches them.  A callback of libcurl only notes; calls end in
 * transfers_end(), outside of it.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "net/rest_curl.h"

#define UNASKED_BYTES (64 * KIB)

/*
 * A socket of libcurl.  Between two requests libcurl waits for nothing on it; the watch stays,
 * still readable, so that the next request costs no system call for it.  It goes when the socket is
 * closed, or when the service closes it or speaks unasked.
 */
struct rest_watch {
	struct rest_watch *next, *prev;
	struct rest_multi *owner;
	struct stream *stream;
	curl_socket_t fd;
	bool is_kept; /* a connection was made of it: rest_watch_close() will be told */
	bool is_resting;
};

/* ---- what ended ------------------------------------------------------------------------------ */

static void
transfer_move(
    struct rest_transfer *transfer, struct rest_transfer **from, struct rest_transfer **to)
{
	if (transfer->prev != NULL)
		transfer->prev->next = transfer->next;
	else if (*from == transfer)
		*from = transfer->next;
	if (transfer->next != NULL)
		transfer->next->prev = transfer->prev;
	transfer->prev = NULL;
	transfer->next = *to;
	if (transfer->next != NULL)
		transfer->next->prev = transfer;
	*to = transfer;
}

/* libcurl lets go of it; it waits for the next call. */
static void
transfer_release(struct rest_transfer *transfer)
{
	struct rest_multi *own = transfer->owner;

	if (transfer->is_begun)
		must(rest_lib.curl_multi_remove_handle(own->multi, transfer->easy) == CURLM_OK);
	transfer->is_begun = false;
	transfer->call->engine = NULL;
	rest_transfer_clear(transfer);
	transfer_move(transfer, &own->running, &own->idle);
}

/* An answer came; it may be the proxy's own. */
MUST_CHECK static bool
answer_take(struct rest_transfer *transfer, struct err *err)
{
	struct rest_call *call = transfer->call;
	struct rest_pool *pool = call->pool;
	long status = 0, version = 0;

	rest_lib.curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	rest_lib.curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
	transfer->owner->is_http2 = transfer->owner->is_http2 || version >= CURL_HTTP_VERSION_2_0;
	call->status = (int)status;
	if (transfer->has_new_addresses && transfer->owner->built == pool->dial.generation)
		transfer->owner->loaded = transfer->owner->built;
	if (status != 407 || pool->dial.proxy == NULL || pool->url.is_tls)
		return true;
	call->was_sent = false;
	return err_set(err, ERR_UNAVAILABLE,
	    "%s://%.*s: the proxy %.*s:%u said 407 (it wants a user and password)", REST_FMT(pool),
	    SLICE_FMT(pool->dial.host), pool->dial.port);
}

static void
transfer_end(struct rest_transfer *transfer, CURLcode code)
{
	struct rest_call *call = transfer->call;
	struct err err;
	bool ok = false;

	if (transfer->is_broken)
		err = transfer->broken;
	else if (code != CURLE_OK)
		rest_why(transfer, code, &err);
	else
		ok = answer_take(transfer, &err);
	if (!ok && !call->was_sent)
		call->pool->dial.is_stale = true;
	transfer_release(transfer);
	rest_call_end(call, ok ? NULL : &err);
}

static void
transfers_end(struct rest_multi *own)
{
	CURLMsg *message;
	int left;

	while ((message = rest_lib.curl_multi_info_read(own->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		struct rest_transfer *transfer = NULL;

		rest_lib.curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		if (message->msg == CURLMSG_DONE)
			transfer_end(transfer, code);
	}
}

static void
broken_end(struct deferred *deferred)
{
	struct rest_multi *own = CONTAINER(deferred, struct rest_multi, broken);
	struct rest_transfer *transfer = own->running, *next;

	for (; transfer != NULL; transfer = next) {
		next = transfer->next;
		if (transfer->is_broken)
			transfer_end(transfer, CURLE_OK);
	}
}

/* ---- sockets and time ------------------------------------------------------------------------ */

static void
act(struct rest_multi *own, curl_socket_t fd, int events)
{
	int running;

	(void)rest_lib.curl_multi_socket_action(own->multi, fd, events, &running);
	transfers_end(own);
}

static struct rest_watch **
watch_list(const struct rest_watch *watch)
{
	return watch->is_resting ? &watch->owner->resting : &watch->owner->watches;
}

static void
watch_remove(struct rest_watch *watch)
{
	if (watch->prev != NULL)
		watch->prev->next = watch->next;
	else
		*watch_list(watch) = watch->next;
	if (watch->next != NULL)
		watch->next->prev = watch->prev;
}

static void
watch_add(struct rest_watch *watch, bool is_resting)
{
	struct rest_watch **list;

	watch->is_resting = is_resting;
	list = watch_list(watch);
	watch->prev = NULL;
	watch->next = *list;
	if (watch->next != NULL)
		watch->next->prev = watch;
	*list = watch;
}

static void
watch_free(struct rest_watch *watch)
{
	watch_remove(watch);
	stream_close(&watch->stream);
	mem_free(watch);
}

/*
 * What a service says while nothing was asked (408 before it closes, say) is not the answer to the
 * next request, for which libcurl 7 would take it: such a connection ends.  Under HTTP/2 it may be
 * a frame of the connection, which libcurl reads later.
 */
static void
watch_wake(struct rest_watch *watch)
{
	struct rest_multi *own = watch->owner;
	curl_socket_t fd = watch->fd;
	char bytes[KIB];
	ssize_t n = 1;

	watch_free(watch);
	if (own->is_http2)
		return;
	for (size_t heard = 0; n > 0 && heard < UNASKED_BYTES; heard += (size_t)n)
		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_RDWR);
}

static void
on_ready(void *owner, unsigned events)
{
	struct rest_watch *watch = owner;

	if (watch->is_resting)
		watch_wake(watch);
	else
		act(watch->owner, watch->fd,
		    (events & STREAM_READABLE ? CURL_CSELECT_IN : 0) |
			(events & STREAM_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static struct rest_watch *
watch_new(struct rest_multi *own, curl_socket_t fd, struct err *err)
{
	struct stream *stream = loop_watch(own->pool->loop, fd, err);
	struct rest_watch *watch;

	if (stream == NULL)
		return NULL;
	watch = MEM_NEW(struct rest_watch);
	watch->owner = own;
	watch->stream = stream;
	watch->fd = fd;
	watch_add(watch, false);
	stream->on_ready = on_ready;
	stream->owner = watch;
	return watch;
}

static struct rest_watch *
watch_find(struct rest_watch *list, curl_socket_t fd)
{
	while (list != NULL && list->fd != fd)
		list = list->next;
	return list;
}

/* The one that rests, else a new one. */
static struct rest_watch *
watch_take(struct rest_multi *own, curl_socket_t fd, struct err *err)
{
	struct rest_watch *watch = watch_find(own->resting, fd);

	if (watch == NULL)
		return watch_new(own, fd, err);
	watch_remove(watch);
	watch_add(watch, false);
	return watch;
}

/* libcurl closes a socket that did not get as far as a connection without saying so. */
static bool
watch_is_kept(const struct rest_watch *watch, CURL *easy)
{
	struct rest_transfer *transfer = NULL;
	curl_socket_t fd = CURL_SOCKET_BAD;

	rest_lib.curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	if (transfer == NULL || transfer->call == NULL || !transfer->call->was_sent)
		return false;
	rest_lib.curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
	return fd == watch->fd;
}

static void
watch_rest(struct rest_watch *watch, CURL *easy)
{
	watch->is_kept = watch->is_kept || watch_is_kept(watch, easy);
	if (!watch->is_kept) {
		watch_free(watch);
		return;
	}
	stream_want(watch->stream, STREAM_READABLE);
	watch_remove(watch);
	watch_add(watch, true);
}

/* The one place where sockets are closed: none is watched that is gone. */
int
rest_watch_close(struct rest_multi *own, curl_socket_t fd)
{
	struct rest_watch *watch = watch_find(own->resting, fd);

	if (watch == NULL)
		watch = watch_find(own->watches, fd);
	if (watch != NULL)
		watch_free(watch);
	return close(fd);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *of_socket)
{
	struct rest_multi *own = owner;
	struct rest_watch *watch = of_socket;
	struct rest_transfer *transfer = NULL;
	struct err err;

	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL)
			watch_rest(watch, easy);
		(void)rest_lib.curl_multi_assign(own->multi, fd, NULL);
		return 0;
	}
	if (watch == NULL) {
		watch = watch_take(own, fd, &err);
		if (watch == NULL) {
			rest_lib.curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
			transfer->is_broken = true;
			transfer->broken = err;
			loop_defer(own->pool->loop, &own->broken, broken_end);
			return 0;
		}
		(void)rest_lib.curl_multi_assign(own->multi, fd, watch);
	}
	stream_want(watch->stream,
	    (what & CURL_POLL_IN ? STREAM_READABLE : 0) |
		(what & CURL_POLL_OUT ? STREAM_WRITABLE : 0));
	return 0;
}

static void
on_time(struct timer *timer)
{
	act(CONTAINER(timer, struct rest_multi, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int
on_timer(CURLM *multi, long timeout_ms, void *owner)
{
	struct rest_multi *own = owner;
	struct loop *loop = own->pool->loop;

	(void)multi;
	if (timeout_ms < 0)
		timer_stop(loop, &own->timer);
	else
		timer_start(loop, &own->timer, loop_now_ms(loop) + (uint64_t)timeout_ms, on_time);
	return 0;
}

/* ---- the engine ------------------------------------------------------------------------------ */

static struct rest_transfer *
transfer_take(struct rest_multi *own)
{
	struct rest_transfer *transfer = own->idle;

	if (transfer == NULL)
		transfer = rest_transfer_new(own);
	if (transfer != NULL)
		transfer_move(transfer, &own->idle, &own->running);
	return transfer;
}

static void
engine_start(struct rest_call *call)
{
	struct rest_multi *own = call->pool->engine_data;
	struct rest_transfer *transfer = transfer_take(own);
	CURLcode code;

	must(transfer != NULL);
	call->engine = transfer;
	code = rest_transfer_set(transfer, call);
	if (code == CURLE_OK) {
		must(rest_lib.curl_multi_add_handle(own->multi, transfer->easy) == CURLM_OK);
		transfer->is_begun = true;
		return;
	}
	transfer->is_broken = true;
	err_set(&transfer->broken, ERR_REQUEST, "%s://%.*s: libcurl does not take the request: %s",
	    REST_FMT(call->pool), rest_lib.curl_easy_strerror(code));
	loop_defer(call->pool->loop, &own->broken, broken_end);
}

static void
engine_cancel(struct rest_call *call)
{
	transfer_release(call->engine);
}

static void
engine_close(struct rest_pool *pool)
{
	struct rest_multi *own = pool->engine_data;
	struct rest_transfer *transfer;

	if (own == NULL)
		return;
	pool->engine_data = NULL;
	must(own->running == NULL);
	while ((transfer = own->idle) != NULL) {
		own->idle = transfer->next;
		rest_transfer_free(transfer);
	}
	rest_lib.curl_multi_cleanup(own->multi);
	while (own->watches != NULL)
		watch_free(own->watches);
	while (own->resting != NULL)
		watch_free(own->resting);
	timer_stop(pool->loop, &own->timer);
	deferred_stop(pool->loop, &own->broken);
	tls_peer_fini(&own->peer);
	buf_fini(&own->base);
	mem_free(own);
}

static struct rest_multi *
multi_new(struct rest_pool *pool)
{
	struct rest_multi *own = MEM_NEW(struct rest_multi);

	own->pool = pool;
	own->multi = rest_lib.curl_multi_init();
	must(own->multi != NULL);
	rest_lib.curl_multi_setopt(own->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	rest_lib.curl_multi_setopt(own->multi, CURLMOPT_SOCKETDATA, own);
	rest_lib.curl_multi_setopt(own->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	rest_lib.curl_multi_setopt(own->multi, CURLMOPT_TIMERDATA, own);
	rest_lib.curl_multi_setopt(
	    own->multi, CURLMOPT_MAXCONNECTS, (long)pool->settings.connections);
	tls_peer_init(&own->peer, pool->url.host);
	buf_init(&own->base, NULL, SIZE_MAX);
	buf_puts(&own->base, pool->url.is_tls ? "https://" : "http://");
	buf_put(&own->base, pool->url.authority);
	buf_put(&own->base, pool->base);
	return own;
}

static bool
verifies(const struct rest_pool *pool)
{
	return (pool->url.is_tls && !pool->settings.is_unverified) ||
	    (pool->dial.proxy != NULL && pool->dial.proxy->is_tls);
}

static bool
engine_open_wait(struct rest_pool *pool, struct err *err)
{
	struct tls_files authorities = { .ca = pool->settings.tls.ca };
	struct tls_trust *trust = NULL;
	struct rest_multi *own;
	struct rest_transfer *first;

	if (!rest_lib_load_wait(pool->loop, err))
		return false;
	if (verifies(pool)) {
		trust = tls_trust_ref(&authorities, TLS_CLIENT);
		if (!tls_trust_load_wait(pool->loop, trust, err)) {
			tls_trust_unref(&trust);
			return false;
		}
	}
	own = multi_new(pool);
	own->peer.trust = trust;
	pool->engine_data = own;
	first = rest_transfer_new(own);
	if (first == NULL) {
		engine_close(pool);
		return err_set(err, ERR_UNAVAILABLE, "libcurl lacks an option that is needed");
	}
	transfer_move(first, &own->running, &own->idle);
	return true;
}

const struct rest_engine rest_curl = {
	.open_wait = engine_open_wait,
	.close = engine_close,
	.start = engine_start,
	.cancel = engine_cancel,
};

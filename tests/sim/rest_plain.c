/*
 * A REST engine over http_pool: one fetch a call, its header fields and body handed on as they are.
 *
 * Slots, queues, names, deadlines and cuts are those of rest.c, the same as above libcurl.
 */
#include <string.h>

#include "net/http_link.h"
#include "rest_plain.h"

struct plain_call {
	struct rest_call *call;
	struct fetch *fetch;
	struct buf path;
};

static void
plain_free(struct plain_call *plain)
{
	plain->call->engine = NULL;
	buf_fini(&plain->path);
	mem_free(plain);
}

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	struct rest_call *call = ((struct plain_call *)owner)->call;
	unsigned n;
	const struct http_header *fields = http_head_fields(&fetch->head, &n);

	call->status = status;
	call->was_sent = true;
	for (unsigned i = 0; i < n; i++) {
		buf_put(&call->headers, fields[i].name);
		buf_put(&call->headers, S(": "));
		buf_put(&call->headers, fields[i].value);
		buf_put(&call->headers, S("\r\n"));
	}
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct plain_call *plain = owner;
	struct rest_call *call = plain->call;
	struct err err;

	(void)fetch;
	if (rest_call_body(call, (struct slice){ bytes, n }))
		return;
	(void)rest_call_too_large(call, &err);
	fetch_abort(&plain->fetch);
	plain_free(plain);
	rest_call_end(call, &err);
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct plain_call *plain = owner;
	struct rest_call *call = plain->call;
	struct err why;

	call->was_sent = call->was_sent || fetch_was_sent(fetch);
	if (err != NULL) {
		why = *err;
		why.kind = ERR_UNAVAILABLE;
	}
	plain_free(plain);
	rest_call_end(call, err != NULL ? &why : NULL);
}

static const struct fetch_handler handler = { on_head, on_data, on_done };

static void
plain_start(struct rest_call *call)
{
	struct plain_call *plain = MEM_NEW(struct plain_call);
	struct fetch_request fetch = { .method = call->request->method,
		.headers = call->request->headers,
		.body = &call->request->body,
		.body_parts = call->request->body.n > 0 };

	plain->call = call;
	call->engine = plain;
	buf_init(&plain->path, NULL, SIZE_MAX);
	buf_put(&plain->path, call->pool->base);
	buf_put(&plain->path, call->request->path);
	fetch.path = buf_view(&plain->path);
	plain->fetch = fetch_start(call->pool->engine_data, &fetch, &handler, plain);
}

static void
plain_cancel(struct rest_call *call)
{
	struct plain_call *plain = call->engine;

	call->was_sent = call->was_sent || fetch_was_sent(plain->fetch);
	fetch_abort(&plain->fetch);
	plain_free(plain);
}

static bool
plain_open_wait(struct rest_pool *pool, struct err *err)
{
	struct http_pool *own;

	if (pool->url.is_tls || pool->dial.proxy != NULL)
		return err_set(err, ERR_CONFIG, "there is plain http here, and no proxy");
	if (!http_pool_new(pool->loop, pool->settings.url, pool->settings.connections,
		pool->settings.connect_ms, &own, err))
		return false;
	if (!http_pool_resolve_wait(own, err)) {
		http_pool_free(&own);
		return false;
	}
	pool->engine_data = own;
	return true;
}

static void
plain_close(struct rest_pool *pool)
{
	struct http_pool *own = pool->engine_data;

	pool->engine_data = NULL;
	http_pool_free(&own);
}

const struct rest_engine rest_plain = {
	.open_wait = plain_open_wait,
	.close = plain_close,
	.start = plain_start,
	.cancel = plain_cancel,
};

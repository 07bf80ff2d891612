/*
 * REST calls as tasks see them: pools, the limit of connections, waits, replies.
 *
 * A call takes a slot of its pool (or queues for one), sees to it that the engine is loaded and the
 * host is resolved (one call of a pool does, the others wait for it), and has the engine carry it.
 * Whatever ends it, the engine has let go of it before rest_wait() returns: nothing of a library is
 * on the stack while a task waits, and nothing keeps a pointer into it afterwards.
 */
#include <string.h>

#include "net/http_parse.h"
#include "net/rest.h"

#define CONNECTIONS_DEFAULT 16
#define HEADERS_MAX	    (64 * KIB) /* of a request */

static const struct rest_engine *engine_of_tests;

void
rest_use_engine(const struct rest_engine *engine)
{
	engine_of_tests = engine;
}

/* ---- pools ----------------------------------------------------------------------------------- */

static void
text_move(struct slice *slice, const char **at)
{
	if (slice->p != NULL)
		slice->p = *at;
	*at += slice->n;
}

/* Copies what the settings point to. */
static void
settings_keep(struct rest_pool *pool)
{
	struct rest_settings *settings = &pool->settings;
	struct slice *all[] = { &settings->url, &settings->tls.ca, &settings->tls.cert,
		&settings->tls.key, &settings->key_password, &settings->proxy };
	const char *at;

	buf_init(&pool->text, NULL, SIZE_MAX);
	for (size_t i = 0; i < COUNT(all); i++)
		buf_put(&pool->text, *all[i]);
	at = pool->text.p;
	for (size_t i = 0; i < COUNT(all); i++)
		text_move(all[i], &at);
}

static void
pool_unref(struct rest_pool *pool)
{
	if (--pool->refs > 0)
		return;
	must(pool->first == NULL);
	if (pool->text.n > 0)
		explicit_bzero(pool->text.p, pool->text.n);
	buf_fini(&pool->text);
	mem_free(pool);
}

bool
rest_pool_new(struct loop *loop, const struct rest_settings *settings, struct rest_pool **out,
    struct err *err)
{
	struct rest_pool *pool = MEM_NEW(struct rest_pool);

	*out = NULL;
	pool->loop = loop;
	pool->refs = 1;
	pool->settings = *settings;
	pool->engine = engine_of_tests != NULL ? engine_of_tests : &rest_curl;
	if (pool->settings.connections == 0)
		pool->settings.connections = CONNECTIONS_DEFAULT;
	settings_keep(pool);
	if (!url_parse(pool->settings.url, &pool->url, err) ||
	    !rest_dial_init(&pool->dial, &pool->url, pool->settings.proxy, err)) {
		pool_unref(pool);
		return false;
	}
	pool->base = pool->url.path;
	if (memchr(pool->base.p, '?', pool->base.n) != NULL) {
		err_set(err, ERR_CONFIG, "\"%.*s\": a query (\"?\") cannot stand in a base URL",
		    SLICE_FMT(pool->settings.url));
		pool_unref(pool);
		return false;
	}
	while (pool->base.n > 0 && pool->base.p[pool->base.n - 1] == '/')
		pool->base.n--;
	*out = pool;
	return true;
}

MUST_CHECK static bool
closed(const struct rest_call *call, struct err *err)
{
	return err_set(err, ERR_CANCELLED,
	    "%s://%.*s: its connections were closed while a "
	    "request was in progress",
	    REST_FMT(call->pool));
}

void
rest_pool_free(struct rest_pool **out)
{
	struct rest_pool *pool = *out;

	*out = NULL;
	if (pool == NULL)
		return;
	pool->is_closed = true;
	for (struct rest_call *call = pool->first; call != NULL; call = call->next) {
		if (call->stage == REST_RUNNING) {
			pool->engine->cancel(call);
			call->stage = REST_DONE;
			call->has_failed = !closed(call, &call->why);
		}
		task_wake(call->task);
	}
	pool->engine->close(pool);
	pool_unref(pool);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void
call_init(struct rest_call *call, struct rest_pool *pool, const struct rest_request *request)
{
	struct memory *memory = loop_memory(pool->loop);

	*call = (struct rest_call){ .pool = pool, .request = request };
	call->task = task_self(pool->loop);
	if (request->timeout_ms != 0)
		call->end_ms = loop_now_ms(pool->loop) + request->timeout_ms;
	buf_init(&call->headers, memory, REST_HEAD_BYTES);
	buf_init(&call->body, memory, request->max_bytes);
	pool->refs++;
	call->prev = pool->last;
	if (pool->last != NULL)
		pool->last->next = call;
	else
		pool->first = call;
	pool->last = call;
}

/* The oldest that waits for a slot gets one that is free. */
static void
slots_give(struct rest_pool *pool)
{
	struct rest_call *call = pool->first;

	for (; call != NULL && pool->active < pool->settings.connections; call = call->next) {
		if (call->stage != REST_QUEUED)
			continue;
		call->stage = REST_HAS_SLOT;
		pool->active++;
		task_wake(call->task);
	}
}

static void
call_fini(struct rest_call *call)
{
	struct rest_pool *pool = call->pool;

	must(call->stage != REST_RUNNING);
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		pool->first = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	else
		pool->last = call->prev;
	if (call->stage >= REST_HAS_SLOT) {
		pool->active--;
		if (!pool->is_closed)
			slots_give(pool);
	}
	buf_fini(&call->headers);
	buf_fini(&call->body);
	pool_unref(pool);
}

/* Until woken.  False: cut, out of time, or the pool is gone. */
MUST_CHECK static bool
call_park_wait(struct rest_call *call, struct err *err)
{
	struct loop *loop = call->pool->loop;
	bool timed_out = false, ok;

	if (call->end_ms == 0)
		ok = task_park_wait(loop, err);
	else
		ok = task_park_until_wait(loop, call->end_ms, &timed_out, err);
	if (!ok)
		return err_prefix(err, "%s://%.*s", REST_FMT(call->pool));
	if (call->stage == REST_DONE)
		return true;
	if (call->pool->is_closed)
		return closed(call, err);
	if (!timed_out)
		return true;
	return err_set(err, ERR_DEADLINE, "%s://%.*s: no whole answer within %llu ms%s",
	    REST_FMT(call->pool), (unsigned long long)call->request->timeout_ms,
	    call->stage == REST_QUEUED ? " (all its connections are busy)" : "");
}

MUST_CHECK static bool
slot_wait(struct rest_call *call, struct err *err)
{
	call->stage = REST_QUEUED;
	slots_give(call->pool);
	while (call->stage == REST_QUEUED)
		if (!call_park_wait(call, err))
			return false;
	return true;
}

/* ---- getting ready --------------------------------------------------------------------------- */

MUST_CHECK static bool
prepare_wait(struct rest_pool *pool, struct err *err)
{
	if (pool->engine_data == NULL) {
		if (!pool->engine->open_wait(pool, err))
			return err_prefix(err, "%s://%.*s", REST_FMT(pool));
		if (pool->is_closed)
			return true;
	}
	return !rest_dial_is_due(&pool->dial, loop_now_ms(pool->loop)) || rest_dial_wait(pool, err);
}

static void
prepare_as_first_wait(struct rest_pool *pool)
{
	pool->is_preparing = true;
	pool->prepare.kind = ERR_NONE;
	if (!prepare_wait(pool, &pool->prepare))
		must(pool->prepare.kind != ERR_NONE);
	pool->is_preparing = false;
	if (pool->is_closed)
		pool->engine->close(pool);
	for (struct rest_call *call = pool->first; call != NULL; call = call->next)
		task_wake(call->task);
}

MUST_CHECK static bool
ready_wait(struct rest_call *call, struct err *err)
{
	struct rest_pool *pool = call->pool;

	if (pool->engine_data != NULL && !rest_dial_is_due(&pool->dial, loop_now_ms(pool->loop)))
		return true;
	if (!pool->is_preparing) {
		prepare_as_first_wait(pool);
	} else {
		while (pool->is_preparing)
			if (!call_park_wait(call, err))
				return false;
	}
	if (pool->is_closed)
		return closed(call, err);
	if (pool->prepare.kind != ERR_NONE) {
		*err = pool->prepare;
		return false;
	}
	return true;
}

/* ---- the exchange ---------------------------------------------------------------------------- */

void
rest_call_end(struct rest_call *call, const struct err *err)
{
	must(call->stage == REST_RUNNING);
	call->stage = REST_DONE;
	call->has_failed = err != NULL;
	if (err != NULL)
		call->why = *err;
	task_wake(call->task);
}

bool
rest_call_too_large(const struct rest_call *call, struct err *err)
{
	return err_set(err, ERR_LIMIT, "%s://%.*s: the answer is larger than %zu bytes",
	    REST_FMT(call->pool), call->request->max_bytes);
}

bool
rest_call_body(struct rest_call *call, struct slice bytes)
{
	buf_put(&call->body, bytes);
	return !call->body.overflow;
}

MUST_CHECK static bool
exchange_wait(struct rest_call *call, struct err *err)
{
	enum errkind cut = task_cut(call->task);

	/* Nothing is begun for a task that was cut while it waited for a helper. */
	if (cut != ERR_NONE)
		return call_park_wait(call, err);
	if (call->end_ms != 0 && loop_now_ms(call->pool->loop) >= call->end_ms)
		return err_set(err, ERR_DEADLINE,
		    "%s://%.*s: no connection was begun within %llu ms", REST_FMT(call->pool),
		    (unsigned long long)call->request->timeout_ms);
	call->stage = REST_RUNNING;
	call->pool->engine->start(call);
	while (call->stage == REST_RUNNING)
		if (!call_park_wait(call, err))
			return false;
	if (call->has_failed)
		*err = call->why;
	return !call->has_failed;
}

MUST_CHECK static bool
reply_take(struct rest_call *call, struct arena *arena, struct rest_reply *reply, struct err *err)
{
	struct slice headers = buf_view(&call->headers), body = buf_view(&call->body);

	if (!buf_check(&call->headers, err) || !arena_reserve(arena, headers.n + body.n, err))
		return err_prefix(err, "%s://%.*s", REST_FMT(call->pool));
	reply->status = call->status;
	reply->headers = slice_dup(arena, headers);
	reply->body = slice_dup(arena, body);
	return true;
}

MUST_CHECK static bool
request_check(const struct rest_pool *pool, const struct rest_request *request, struct err *err)
{
	if (request->headers.n <= HEADERS_MAX &&
	    http_request_is_sound(request->method, request->path, request->headers))
		return true;
	return err_set(err, ERR_REQUEST,
	    "%s://%.*s: method, path or header fields of the request hold a forbidden character",
	    REST_FMT(pool));
}

bool
rest_wait(struct rest_pool *pool, const struct rest_request *request, struct arena *arena,
    struct rest_reply *reply, bool *was_sent, struct err *err)
{
	struct rest_call call;
	bool ok;

	*was_sent = false;
	*reply = (struct rest_reply){ .status = 0 };
	if (!request_check(pool, request, err))
		return false;
	call_init(&call, pool, request);
	ok = slot_wait(&call, err) && ready_wait(&call, err) && exchange_wait(&call, err) &&
	    reply_take(&call, arena, reply, err);
	if (call.stage == REST_RUNNING) {
		pool->engine->cancel(&call);
		call.stage = REST_DONE;
	}
	*was_sent = call.was_sent;
	call_fini(&call);
	return ok;
}

struct slice
rest_header(const struct rest_reply *reply, struct slice name)
{
	struct slice rest = reply->headers;

	while (rest.n > 0) {
		struct slice line = slice_cut(rest, '\n', &rest), value;
		struct slice found = slice_cut(line, ':', &value);

		if (value.p == NULL || !slice_eq_nocase(found, name))
			continue;
		if (value.n > 0 && value.p[value.n - 1] == '\r')
			value.n--;
		return slice_trim(value);
	}
	return SLICE_NONE;
}

/*
 * What both HTTP backs are made of: requests to the upstream and how their answers are read.
 *
 * Bodies are read in slices when large; the connection is held back meanwhile.  A reply may be
 * ended from within any of its callbacks, so it is freed at the end of the turn.
 */
#include "mcp/back_web.h"

#include <string.h>

#define POOL_KEEP    64
#define NOTES_MAX    1024 /* notifications and responses under way */
#define NOTE_IDLE_MS 30000
#define TAILS_MAX    32 /* responses left to end by themselves after their call is done */

/* ---- life ------------------------------------------------------------------------------------ */

static void
reply_free_now(struct deferred *deferred)
{
	struct web_reply *reply = CONTAINER(deferred, struct web_reply, free);
	struct web *web = reply->web;

	reply->prev->next = reply->next;
	reply->next->prev = reply->prev;
	if (reply->kind == WEB_NOTE)
		web->notes--;
	if (reply->is_tail)
		web->tails--;
	if (web->closer != NULL)
		task_wake(web->closer);
	intake_fini(&reply->intake);
	sse_reader_fini(&reply->sse);
	buf_fini(&reply->body);
	buf_fini(&reply->last_id);
	mem_free(reply);
}

/* Not at once: its own intake or reader may be on the stack. */
void
web_reply_free(struct web_reply *reply)
{
	struct loop *loop = reply->web->back->loop;

	if (reply->call != NULL) {
		reply->call->transport = NULL;
		reply->call = NULL;
	}
	if (reply->fetch != NULL)
		fetch_abort(&reply->fetch);
	timer_stop(loop, &reply->again);
	loop_defer(loop, &reply->free, reply_free_now);
}

void
web_call_lost(struct web_reply *reply, const struct err *why)
{
	if (reply->call != NULL)
		back_call_lost(reply->web->back, reply->call, why);
}

struct slice
web_reply_text(const struct web_reply *reply)
{
	return slice_trim(buf_view(reply->body.n > 0 ? &reply->body : &reply->intake.text));
}

void
web_status_lost(struct web_reply *reply)
{
	struct slice text = web_reply_text(reply);
	bool is_refused = reply->status < 500 || reply->status == 503;
	struct err err = { 0 };

	if (text.n > 100)
		text.n = 100;
	err_set(&err, is_refused ? ERR_UNAVAILABLE : ERR_IO, "answered HTTP %d%s%.*s",
	    reply->status, text.n > 0 ? ": " : "", SLICE_FMT(text));
	/* The call itself was taken, only its stream was not gone on with. */
	if (reply->is_again)
		err.kind = ERR_IO;
	else if (reply->call != NULL && reply->call->state == CALL_SENT && is_refused)
		reply->call->was_sent = false;
	web_call_lost(reply, &err);
}

bool
web_status_misfits(int status)
{
	return status / 100 == 4 && status != 401 && status != 403 && status != 407 &&
	    status != 408 && status != 429;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
message_done(void *owner, struct message *message, const struct err *err)
{
	struct web_reply *reply = owner;
	bool ok;

	if (reply->free.is_queued)
		return;
	reply->web->ops->message(reply, message, err);
	if (!reply->is_sse) {
		reply->web->ops->ended(reply);
		return;
	}
	if (reply->in_read || reply->free.is_queued)
		return;
	/* A large event is done: go on with what waits behind it. */
	if (reply->fetch != NULL)
		fetch_resume(reply->fetch);
	reply->in_read = true;
	ok = sse_resume(&reply->sse, &reply->why);
	reply->in_read = false;
	if (!ok || (reply->has_ended && !reply->intake.is_busy))
		reply->web->ops->ended(reply);
}

/* Only whole events count: one that was cut off comes again. */
static void
id_keep(struct web_reply *reply, struct slice id)
{
	if (id.n == 0 || slice_eq(id, buf_view(&reply->last_id)))
		return;
	buf_clear(&reply->last_id);
	if (id.n <= WEB_ID_BYTES)
		buf_put(&reply->last_id, id);
	reply->failures = 0;
}

static void
on_event(void *owner, const struct sse_event *event)
{
	struct web_reply *reply = owner;
	struct buf taken;

	if (reply->free.is_queued)
		return;
	id_keep(reply, event->id);
	if (!event->has_data || event->data_n == 0 || !reply->web->ops->event(reply, event))
		return;
	if (event->data_n > SLICE_OF_WORK_BYTES) {
		buf_init(&taken, loop_memory(reply->web->back->loop), SIZE_MAX);
		sse_take(&reply->sse, event, &taken);
		intake_take(&reply->intake, &taken);
	} else {
		intake_feed(&reply->intake, event->data, event->data_n);
	}
	if (reply->intake.is_busy) {
		sse_pause(&reply->sse);
		if (reply->fetch != NULL)
			fetch_pause(reply->fetch);
	}
}

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	struct web_reply *reply = owner;
	struct slice rest, type = slice_cut(fetch_header(fetch, S("Content-Type")), ';', &rest);

	reply->status = status;
	type = slice_trim(type);
	reply->is_sse = status / 100 == 2 && slice_eq_nocase(type, S("text/event-stream"));
	reply->is_json = slice_eq_nocase(type, S("application/json"));
	reply->was_open |= reply->is_sse;
	if (reply->web->ops->head != NULL)
		reply->web->ops->head(reply);
}

/* A JSON answer, or the beginning of an error's text. */
static bool
body_put(struct web_reply *reply, struct slice bytes, struct err *err)
{
	size_t max = reply->web->back->spec.message_bytes;

	if (reply->kind == WEB_NOTE && reply->status / 100 == 2)
		return true;
	if (reply->kind != WEB_CALL || !reply->is_json) {
		max = reply->body.n < KIB ? KIB - reply->body.n : 0;
		bytes.n = bytes.n < max ? bytes.n : max;
	} else if (bytes.n > max - reply->body.n) {
		return err_set(
		    err, ERR_LIMIT, "its answer is over limits.message (%zu bytes)", max);
	}
	if (!buf_reserve(&reply->body, bytes.n, err))
		return false;
	buf_put(&reply->body, bytes);
	return true;
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct web_reply *reply = owner;
	bool ok;

	reply->in_read = true;
	if (reply->is_sse)
		ok = sse_feed(&reply->sse, bytes, n, &reply->why);
	else
		ok = body_put(reply, (struct slice){ bytes, n }, &reply->why);
	reply->in_read = false;
	if (!ok && !reply->free.is_queued)
		reply->web->ops->ended(reply);
}

static void send_again(struct web_reply *reply);

/* The fetch failed; false: the request was sent once more. */
static bool
fetch_failed(struct web_reply *reply, const struct fetch *fetch, const struct err *err)
{
	struct call *call = reply->call;
	bool was_sent = fetch_was_sent(fetch);

	reply->why = *err;
	if (call != NULL && !was_sent && !reply->is_again)
		call->was_sent = false;
	if (call != NULL && !reply->is_again && !reply->is_repeated && fetch_was_stale(fetch) &&
	    (call->may_repeat || !was_sent)) {
		send_again(reply);
		return false;
	}
	if (reply->status == 0 && !was_sent)
		reply->web->ops->unreached(reply, err);
	return true;
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct web_reply *reply = owner;

	reply->fetch = NULL;
	reply->has_ended = true;
	if (err != NULL && !fetch_failed(reply, fetch, err))
		return;
	if (err == NULL && reply->is_json && reply->call != NULL && reply->body.n > 0) {
		intake_take(&reply->intake, &reply->body);
		return; /* message_done ends the reply */
	}
	if (!reply->intake.is_busy)
		reply->web->ops->ended(reply);
}

static const struct fetch_handler fetch_events = {
	.head = on_head,
	.data = on_data,
	.done = on_done,
};

/* ---- sending --------------------------------------------------------------------------------- */

static void
readers_init(struct web_reply *reply)
{
	struct back *back = reply->web->back;

	buf_init(&reply->body, loop_memory(back->loop), back->spec.message_bytes);
	sse_reader_init(&reply->sse, loop_memory(back->loop), back->spec.message_bytes);
	reply->sse.on_event = on_event;
	reply->sse.owner = reply;
	intake_init(&reply->intake, back->loop, JSON_MEND);
	reply->intake.done = message_done;
	reply->intake.owner = reply;
}

struct web_reply *
web_reply_new(struct web *web, enum web_kind kind)
{
	struct web_reply *reply = MEM_NEW(struct web_reply);

	reply->web = web;
	reply->kind = kind;
	reply->next = &web->replies;
	reply->prev = web->replies.prev;
	reply->prev->next = reply->next->prev = reply;
	buf_init(&reply->last_id, loop_memory(web->back->loop), WEB_ID_BYTES);
	readers_init(reply);
	return reply;
}

void
web_reply_send(struct web_reply *reply, struct slice method, struct slice path,
    struct slice headers, const struct slice *parts, size_t n)
{
	struct fetch_request request = { .method = method,
		.keep = reply->call != NULL ? reply->call->keep : NULL,
		.path = path,
		.headers = headers,
		.body = parts,
		.body_parts = n,
		.idle_ms = reply->kind == WEB_NOTE ? NOTE_IDLE_MS : 0 };

	reply->fetch = fetch_start(reply->web->pool, &request, &fetch_events, reply);
}

static void
again_now(struct timer *timer)
{
	struct web_reply *reply = CONTAINER(timer, struct web_reply, again);
	bool has_retry = reply->sse.has_retry;
	uint64_t retry_ms = reply->sse.retry_ms;

	intake_fini(&reply->intake);
	sse_reader_fini(&reply->sse);
	buf_fini(&reply->body);
	readers_init(reply);
	reply->sse.has_retry = has_retry;
	reply->sse.retry_ms = retry_ms;
	reply->status = 0;
	reply->is_sse = reply->is_json = reply->has_ended = false;
	reply->why = (struct err){ 0 };
	reply->again_send(reply);
}

void
web_reply_again(struct web_reply *reply, uint64_t wait_ms, void (*send)(struct web_reply *reply))
{
	struct loop *loop = reply->web->back->loop;

	if (reply->fetch != NULL)
		fetch_abort(&reply->fetch);
	reply->is_again = true;
	reply->again_send = send;
	reply->tries++;
	timer_start(loop, &reply->again, loop_now_ms(loop) + wait_ms, again_now);
}

static void
post(struct web_reply *reply, const struct slice *parts, size_t n)
{
	const struct web_ops *ops = reply->web->ops;

	web_reply_send(reply, S("POST"), ops->post_path(reply->web),
	    ops->post_headers(reply->web, reply->call), parts, n);
}

void
web_send_call(struct web *web, struct call *call, const struct slice *parts, size_t n)
{
	struct web_reply *reply = web_reply_new(web, WEB_CALL);

	reply->call = call;
	call->transport = reply;
	call->was_sent = true; /* taken back when the connection could not be made */
	post(reply, parts, n);
}

/* The kept connection was closed by the server before it read anything: once more, on a new one. */
static void
send_again(struct web_reply *reply)
{
	struct slice parts[SPLICE_PARTS];
	size_t n = back_call_parts(reply->call, parts);

	reply->is_repeated = true;
	reply->has_ended = false;
	reply->why = (struct err){ 0 };
	reply->call->was_sent = true;
	http_pool_forget(reply->web->pool);
	post(reply, parts, n);
}

void
web_send_note(struct web *web, const struct slice *parts, size_t n)
{
	struct err err;

	if (web->notes >= NOTES_MAX) {
		err_set(&err, ERR_LIMIT,
		    "does not take notifications and answers: %d are under way, one was dropped",
		    NOTES_MAX);
		back_fault(web->back, "upstream_slow", &err);
		return;
	}
	web->notes++;
	post(web_reply_new(web, WEB_NOTE), parts, n);
}

void
web_end_call(struct call *call)
{
	struct web_reply *reply = call->transport;

	if (reply == NULL)
		return;
	/* The response has come and only the end of this one is missing: the connection is kept. */
	if (call->state == CALL_DONE && (reply->fetch != NULL || reply->intake.is_busy) &&
	    reply->web->tails < TAILS_MAX) {
		reply->is_tail = true;
		reply->web->tails++;
		call->transport = NULL;
		reply->call = NULL;
		return;
	}
	web_reply_free(reply);
}

void
web_headers_put(const struct web *web, struct buf *out)
{
	const struct config_upstream *upstream = web->back->spec.upstream;

	for (size_t i = 0; i < upstream->headers_n; i++) {
		buf_put(out, upstream->headers[i].name);
		buf_puts(out, ": ");
		buf_put(out, secret_reveal(upstream->headers[i].value));
		buf_puts(out, "\r\n");
	}
}

/* ---- open and close -------------------------------------------------------------------------- */

bool
web_open_wait(struct web *web, struct back *back, const struct web_ops *ops, struct err *err)
{
	const struct config_upstream *upstream = back->spec.upstream;

	web->ops = ops;
	web->back = back;
	web->replies.next = web->replies.prev = &web->replies;
	if (!url_parse(upstream->url, &web->url, err) ||
	    !http_pool_new(back->loop, upstream->url, POOL_KEEP, upstream->connect_timeout_ms,
		&web->pool, err))
		return false;
	http_pool_set_tls(web->pool,
	    &(struct tls_files){ upstream->tls_ca, upstream->tls_cert, upstream->tls_key });
	return http_pool_resolve_wait(web->pool, err);
}

void
web_drop(struct web *web)
{
	struct web_reply *next;

	for (struct web_reply *r = web->replies.next; r != &web->replies; r = next) {
		next = r->next;
		if (r->kind != WEB_NOTE && !r->free.is_queued)
			web_reply_free(r);
	}
}

static bool
has_replies(const struct web *web)
{
	return web->replies.next != &web->replies;
}

static bool
has_notes(const struct web *web)
{
	return web->notes > 0;
}

static void
while_wait(struct web *web, bool (*is)(const struct web *web), uint64_t until_ms)
{
	struct loop *loop = web->back->loop;
	bool timed_out = false;
	struct err err;

	web->closer = task_self(loop);
	while (!timed_out && is(web)) {
		if (!task_park_until_wait(loop, until_ms, &timed_out, &err))
			break;
	}
	web->closer = NULL;
}

void
web_idle_wait(struct web *web, uint64_t until_ms)
{
	while_wait(web, has_replies, until_ms);
}

void
web_notes_wait(struct web *web, uint64_t until_ms)
{
	while_wait(web, has_notes, until_ms);
}

void
web_fini(struct web *web)
{
	while (web->replies.next != &web->replies) {
		struct web_reply *reply = web->replies.next;

		web_reply_free(reply);
		deferred_stop(web->back->loop, &reply->free);
		reply_free_now(&reply->free);
	}
	http_pool_free(&web->pool);
}

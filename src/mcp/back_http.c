/*
 * The Streamable HTTP back (2025-03-26 and later): every message is a POST; its answer is one JSON
 * document or an event stream that ends with the response.  A GET stream brings what belongs to no
 * call; servers without it answer 405.
 *
 * Bodies are read in slices when large; the connection is held back meanwhile.  A failed connection
 * or a 404 for the session means the upstream session is lost; a call that never left may be
 * repeated.
 */
#include "mcp/back.h"

#include <stdio.h>
#include <string.h>

#define POOL_KEEP	    64
#define NOTES_MAX	    1024 /* notifications and responses under way */
#define STREAM_RETRY_MS	    1000
#define STREAM_RETRY_MAX_MS 30000
#define DELETE_WAIT_MS	    1000
#define NOTE_IDLE_MS	    30000
#define TAILS_MAX	    32 /* streams left to end by themselves after their response */

enum reply_kind { REPLY_CALL, REPLY_NOTE, REPLY_STREAM };

/* One HTTP exchange with the upstream. */
struct http_reply {
	struct back_http *http;
	struct call *call; /* REPLY_CALL; NULL once the call is over */
	enum reply_kind kind;
	struct fetch *fetch; /* NULL when done */
	struct http_reply *next, *prev;
	int status;
	bool is_sse, is_json, has_ended, is_repeated, in_read, is_tail;
	struct buf body; /* JSON answers, and the beginning of error texts */
	struct sse_reader sse;
	struct intake intake;
	struct deferred free;
	struct err why; /* how the fetch ended */
};

struct back_http {
	struct back *back;
	struct http_pool *pool;
	struct slice path;
	struct buf headers;	   /* as headers_for() made them last */
	const char *headers_fixed; /* what they were made for; NULL: to be made anew */
	struct buf session;	   /* Mcp-Session-Id of the upstream */
	struct http_reply replies; /* list head */
	unsigned notes, tails;
	struct timer stream_retry;
	uint64_t stream_wait_ms;
	struct task *closer;
};

static void reply_free(struct http_reply *reply);

/* ---- headers --------------------------------------------------------------------------------- */

/* The header lines of a request: made once, and anew when session or revision become known. */
static struct slice
headers_for(struct back_http *http, const char *fixed)
{
	const struct config_upstream *upstream = http->back->spec.upstream;
	struct buf *out = &http->headers;

	if (http->headers_fixed == fixed)
		return buf_view(out);
	http->headers_fixed = http->back->is_ready ? fixed : NULL;
	buf_clear(out);
	buf_puts(out, fixed);
	if (http->back->is_ready || http->session.n > 0)
		buf_printf(
		    out, "MCP-Protocol-Version: %s\r\n", mcp_revision_name(http->back->revision));
	if (http->session.n > 0)
		buf_printf(out, "Mcp-Session-Id: %.*s\r\n", SLICE_FMT(buf_view(&http->session)));
	for (size_t i = 0; i < upstream->headers_n; i++) {
		buf_put(out, upstream->headers[i].name);
		buf_puts(out, ": ");
		buf_put(out, secret_reveal(upstream->headers[i].value));
		buf_puts(out, "\r\n");
	}
	return buf_view(out);
}

static const char post_headers[] =
    "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
static const char delete_headers[] = "";
static const char get_headers[] = "Accept: text/event-stream\r\n";

/* The session id that came with the answer to initialize: visible ASCII only (0x21-0x7E). */
static void
session_take(struct back_http *http, struct slice id)
{
	for (size_t i = 0; i < id.n; i++) {
		if (id.p[i] < 0x21 || id.p[i] > 0x7e)
			return;
	}
	if (id.n == 0 || id.n > KIB || http->session.n > 0)
		return;
	buf_put(&http->session, id);
}

/* ---- the end of one HTTP exchange ------------------------------------------------------------ */

/* Is another call waiting for its answer, on a connection of its own? */
static bool
has_other_calls(const struct back *back, const struct call *but)
{
	for (const struct call *c = back->calls.next; c != &back->calls; c = c->next) {
		if (c != but && c->state == CALL_SENT)
			return true;
	}
	return false;
}

/* The call that waits for this reply will get no answer from it. */
static void
call_lost(struct http_reply *reply, const struct err *why)
{
	if (reply->call != NULL)
		back_call_lost(reply->http->back, reply->call, why);
}

static void
status_lost(struct http_reply *reply)
{
	struct back_http *http = reply->http;
	struct slice text = buf_view(reply->body.n > 0 ? &reply->body : &reply->intake.text);
	bool is_refused = reply->status < 500 || reply->status == 503;
	struct err err = { 0 };

	if (reply->kind != REPLY_STREAM && reply->status == 404 && http->session.n > 0) {
		err_set(&err, ERR_IO, "has forgotten the session (HTTP 404)");
		back_session_lost(http->back, &err);
	}
	if (text.n > 100)
		text.n = 100;
	err_set(&err, is_refused ? ERR_UNAVAILABLE : ERR_IO, "answered HTTP %d%s%.*s",
	    reply->status, text.n > 0 ? ": " : "", SLICE_FMT(text));
	if (reply->call != NULL && reply->call->state == CALL_SENT && is_refused)
		reply->call->was_sent = false;
	call_lost(reply, &err);
}

static void stream_again(struct back_http *http);

/* Everything of the response was read. */
static void
reply_ended(struct http_reply *reply)
{
	struct err err = { 0 };

	if (reply->why.kind != ERR_NONE)
		call_lost(reply, &reply->why);
	else if (reply->status / 100 != 2)
		status_lost(reply);
	else if (reply->call != NULL && reply->call->state == CALL_SENT) {
		err_set(&err, ERR_IO,
		    reply->is_sse ? "ended its event stream without the response"
				  : "answered HTTP %d without a response",
		    reply->status);
		call_lost(reply, &err);
	}
	/* A server that answers GET with 4xx has no such stream. */
	if (reply->kind == REPLY_STREAM && reply->status / 100 != 4)
		stream_again(reply->http);
	reply_free(reply);
}

static void
reply_free_now(struct deferred *deferred)
{
	struct http_reply *reply = CONTAINER(deferred, struct http_reply, free);
	struct back_http *http = reply->http;

	reply->prev->next = reply->next;
	reply->next->prev = reply->prev;
	if (reply->kind == REPLY_NOTE)
		http->notes--;
	if (reply->is_tail)
		http->tails--;
	if (http->closer != NULL)
		task_wake(http->closer);
	intake_fini(&reply->intake);
	sse_reader_fini(&reply->sse);
	buf_fini(&reply->body);
	mem_free(reply);
}

/* Not at once: its own intake or reader may be on the stack. */
static void
reply_free(struct http_reply *reply)
{
	if (reply->call != NULL) {
		reply->call->transport = NULL;
		reply->call = NULL;
	}
	if (reply->fetch != NULL)
		fetch_abort(&reply->fetch);
	loop_defer(reply->http->back->loop, &reply->free, reply_free_now);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
message_done(void *owner, struct message *message, const struct err *err)
{
	struct http_reply *reply = owner;
	bool ok;

	if (reply->free.is_queued)
		return;
	/* An error status with a JSON-RPC error in its body: the body counts. */
	if (err->kind != ERR_NONE && reply->status / 100 != 2)
		status_lost(reply);
	else
		back_message(reply->http->back, &reply->intake, message, err, reply->call);
	if (!reply->is_sse) {
		reply_ended(reply);
		return;
	}
	if (reply->in_read)
		return;
	/* A large event is done: go on with what waits behind it. */
	if (reply->fetch != NULL)
		fetch_resume(reply->fetch);
	reply->in_read = true;
	ok = sse_resume(&reply->sse, &reply->why);
	reply->in_read = false;
	if (!ok || (reply->has_ended && !reply->intake.is_busy))
		reply_ended(reply);
}

static void
on_event(void *owner, const struct sse_event *event)
{
	struct http_reply *reply = owner;
	struct buf taken;

	/* Nothing belongs on the answer to a notification. */
	if (!event->has_data || event->data_n == 0 || reply->kind == REPLY_NOTE)
		return;
	if (event->type.p != NULL && !slice_eq(event->type, S("message")))
		return;
	if (event->data_n > SLICE_OF_WORK_BYTES) {
		buf_init(&taken, loop_memory(reply->http->back->loop), SIZE_MAX);
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
	struct http_reply *reply = owner;
	struct slice rest, type = slice_cut(fetch_header(fetch, S("content-type")), ';', &rest);

	reply->status = status;
	type = slice_trim(type);
	reply->is_sse = status / 100 == 2 && slice_eq_nocase(type, S("text/event-stream"));
	reply->is_json = slice_eq_nocase(type, S("application/json"));
	if (reply->call != NULL && reply->call->exchange == NULL && !reply->http->back->is_ready)
		session_take(reply->http, fetch_header(fetch, S("mcp-session-id")));
	if (reply->kind == REPLY_STREAM && reply->is_sse)
		reply->http->stream_wait_ms = STREAM_RETRY_MS;
}

/* A JSON answer, or the beginning of an error's text. */
static bool
body_put(struct http_reply *reply, struct slice bytes, struct err *err)
{
	size_t max = reply->http->back->spec.message_bytes;

	if (reply->kind != REPLY_CALL || (!reply->is_json && reply->body.n >= KIB))
		return true;
	if (bytes.n > max - reply->body.n)
		return err_set(
		    err, ERR_LIMIT, "its answer is over limits.message (%zu bytes)", max);
	if (!buf_reserve(&reply->body, bytes.n, err))
		return false;
	buf_put(&reply->body, bytes);
	return true;
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct http_reply *reply = owner;
	bool ok;

	reply->in_read = true;
	if (reply->is_sse)
		ok = sse_feed(&reply->sse, bytes, n, &reply->why);
	else
		ok = body_put(reply, (struct slice){ bytes, n }, &reply->why);
	reply->in_read = false;
	if (!ok)
		reply_ended(reply);
}

static void send_again(struct http_reply *reply);

/* The fetch failed; false: the request was sent once more. */
static bool
fetch_failed(struct http_reply *reply, const struct fetch *fetch, const struct err *err)
{
	struct back *back = reply->http->back;
	struct call *call = reply->call;
	bool was_sent = fetch_was_sent(fetch);

	reply->why = *err;
	if (call != NULL && !was_sent)
		call->was_sent = false;
	if (call != NULL && !reply->is_repeated && fetch_was_stale(fetch) &&
	    (call->may_repeat || !was_sent)) {
		send_again(reply);
		return false;
	}
	/* Nobody is there; but calls whose connections stand may still get their answers. */
	if (reply->status == 0 && !was_sent && !has_other_calls(back, call))
		back_session_lost(back, err);
	return true;
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct http_reply *reply = owner;

	reply->fetch = NULL;
	reply->has_ended = true;
	if (err != NULL && !fetch_failed(reply, fetch, err))
		return;
	if (err == NULL && reply->is_json && reply->call != NULL && reply->body.n > 0 &&
	    !(reply->status == 404 && reply->http->session.n > 0)) {
		intake_take(&reply->intake, &reply->body);
		return; /* message_done ends the reply */
	}
	if (!reply->intake.is_busy)
		reply_ended(reply);
}

static const struct fetch_handler fetch_events = {
	.head = on_head,
	.data = on_data,
	.done = on_done,
};

/* ---- sending --------------------------------------------------------------------------------- */

static struct http_reply *
reply_new(struct back_http *http, enum reply_kind kind)
{
	struct http_reply *reply = MEM_NEW(struct http_reply);
	struct back *back = http->back;

	reply->http = http;
	reply->kind = kind;
	reply->next = &http->replies;
	reply->prev = http->replies.prev;
	reply->prev->next = reply->next->prev = reply;
	buf_init(&reply->body, loop_memory(back->loop), back->spec.message_bytes);
	sse_reader_init(&reply->sse, loop_memory(back->loop), back->spec.message_bytes);
	reply->sse.on_event = on_event;
	reply->sse.owner = reply;
	intake_init(&reply->intake, back->loop, JSON_MEND);
	reply->intake.done = message_done;
	reply->intake.owner = reply;
	return reply;
}

static void
reply_send(struct http_reply *reply, struct slice method, struct slice headers,
    const struct slice *parts, size_t n)
{
	struct fetch_request request = { .method = method,
		.keep = reply->call != NULL ? reply->call->keep : NULL,
		.path = reply->http->path,
		.headers = headers,
		.body = parts,
		.body_parts = n,
		.idle_ms = reply->kind == REPLY_NOTE ? NOTE_IDLE_MS : 0 };

	reply->fetch = fetch_start(reply->http->pool, &request, &fetch_events, reply);
}

static void
http_send_call(struct back *back, struct call *call, const struct slice *parts, size_t n)
{
	struct back_http *http = back->transport;
	struct http_reply *reply = reply_new(http, REPLY_CALL);

	reply->call = call;
	call->transport = reply;
	call->was_sent = true; /* taken back when the connection could not be made */
	reply_send(reply, S("POST"), headers_for(http, post_headers), parts, n);
}

/* The kept connection was closed by the server before it read anything: once more, on a new one. */
static void
send_again(struct http_reply *reply)
{
	struct back_http *http = reply->http;
	struct call *call = reply->call;
	struct slice parts[SPLICE_PARTS];
	size_t n = back_call_parts(call, parts);

	reply->is_repeated = true;
	reply->has_ended = false;
	reply->why = (struct err){ 0 };
	call->was_sent = true;
	http_pool_forget(http->pool);
	reply_send(reply, S("POST"), headers_for(http, post_headers), parts, n);
}

static void
http_send(struct back *back, const struct slice *parts, size_t n)
{
	struct back_http *http = back->transport;

	struct err err;

	if (http->notes >= NOTES_MAX) {
		err_set(&err, ERR_LIMIT,
		    "does not take notifications and answers: %d are under way, one was dropped",
		    NOTES_MAX);
		back_fault(back, "upstream_slow", &err);
		return;
	}
	http->notes++;
	reply_send(
	    reply_new(http, REPLY_NOTE), S("POST"), headers_for(http, post_headers), parts, n);
}

static void
http_end_call(struct back *back, struct call *call)
{
	struct http_reply *reply = call->transport;

	if (reply == NULL)
		return;
	/* The response has come and only the end of its stream is missing: the connection is kept.
	 */
	if (call->state == CALL_DONE && reply->is_sse && reply->http->tails < TAILS_MAX) {
		reply->is_tail = true;
		reply->http->tails++;
		call->transport = NULL;
		reply->call = NULL;
		return;
	}
	reply_free(reply);
}

/* ---- the GET stream -------------------------------------------------------------------------- */

static void
stream_start(struct timer *timer)
{
	struct back_http *http = CONTAINER(timer, struct back_http, stream_retry);

	if (http->back->is_lost || http->back->is_closing)
		return;
	http->stream_wait_ms = http->stream_wait_ms * 2 > STREAM_RETRY_MAX_MS
	    ? STREAM_RETRY_MAX_MS
	    : http->stream_wait_ms * 2;
	reply_send(
	    reply_new(http, REPLY_STREAM), S("GET"), headers_for(http, get_headers), NULL, 0);
}

static void
stream_again(struct back_http *http)
{
	struct loop *loop = http->back->loop;

	timer_start(
	    loop, &http->stream_retry, loop_now_ms(loop) + http->stream_wait_ms, stream_start);
}

static void
http_ready(struct back *back)
{
	struct back_http *http = back->transport;

	http->stream_wait_ms = STREAM_RETRY_MS;
	timer_start(back->loop, &http->stream_retry, loop_now_ms(back->loop), stream_start);
}

/* ---- open and close -------------------------------------------------------------------------- */

static bool
http_open_wait(struct back *back, struct err *err)
{
	const struct config_upstream *upstream = back->spec.upstream;
	struct back_http *http = MEM_NEW(struct back_http);
	struct url url;

	http->back = back;
	back->transport = http;
	http->replies.next = http->replies.prev = &http->replies;
	buf_init(&http->headers, loop_memory(back->loop), 128 * KIB);
	buf_init(&http->session, NULL, 4 * KIB);
	if (!url_parse(upstream->url, &url, err))
		return false;
	http->path = url.path;
	if (!http_pool_new(back->loop, upstream->url, POOL_KEEP, upstream->connect_timeout_ms,
		&http->pool, err))
		return false;
	http_pool_set_tls(http->pool,
	    &(struct tls_files){ upstream->tls_ca, upstream->tls_cert, upstream->tls_key });
	return http_pool_resolve_wait(http->pool, err);
}

/* DELETE of the session, as the specification asks (SHOULD); waited for a moment. */
static void
session_delete_wait(struct back_http *http)
{
	struct loop *loop = http->back->loop;
	uint64_t until = loop_now_ms(loop) + DELETE_WAIT_MS;
	struct http_reply *reply;
	bool timed_out = false;
	struct err err;

	if (http->session.n == 0 || http->back->is_lost || task_self(loop) == NULL ||
	    task_cut(task_self(loop)) != ERR_NONE)
		return;
	http->notes++;
	reply = reply_new(http, REPLY_NOTE);
	reply_send(reply, S("DELETE"), headers_for(http, delete_headers), NULL, 0);
	http->closer = task_self(loop);
	while (!timed_out && http->replies.next != &http->replies) {
		if (!task_park_until_wait(loop, until, &timed_out, &err))
			break;
	}
	http->closer = NULL;
}

static void
http_close_wait(struct back *back, unsigned grace_ms)
{
	struct back_http *http = back->transport;
	struct http_reply *next;

	if (http == NULL)
		return;
	timer_stop(back->loop, &http->stream_retry);
	for (struct http_reply *r = http->replies.next; r != &http->replies; r = next) {
		next = r->next;
		if (r->kind != REPLY_NOTE && !r->free.is_queued)
			reply_free(r);
	}
	if (http->pool != NULL && grace_ms > 0)
		session_delete_wait(http);
	while (http->replies.next != &http->replies) {
		struct http_reply *reply = http->replies.next;

		reply_free(reply);
		deferred_stop(back->loop, &reply->free);
		reply_free_now(&reply->free);
	}
	http_pool_free(&http->pool);
	buf_fini(&http->headers);
	buf_fini(&http->session);
	back->transport = NULL;
	mem_free(http);
}

const struct back_ops back_http_ops = {
	.has_streams = true,
	.open_wait = http_open_wait,
	.send_call = http_send_call,
	.send = http_send,
	.end_call = http_end_call,
	.ready = http_ready,
	.close_wait = http_close_wait,
};

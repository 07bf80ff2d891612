/*
 * The Streamable HTTP back (2025-03-26 and later): every message is a POST; its answer is one JSON
 * document or an event stream that ends with the response.  A GET stream brings what belongs to no
 * call; servers without it answer 405.
 *
 * A stream that ends early is gone on with by GET and Last-Event-ID, after exactly the time that
 * the server asked for; one whose events had no ids leaves the outcome of its call unknown.  A
 * session that the server has forgotten is lost: a 404 or 410, and what looks like it (a 400, a
 * success with nothing in it), but on such a mere suspicion not twice within a minute.
 */
#include "mcp/back_web.h"

#include <stdio.h>
#include <string.h>

#define RETRY_MS	    1000    /* where the server names no other */
#define RETRY_MAX_MS	    3600000 /* it may name this at most */
#define STREAM_RETRY_MAX_MS 30000
#define DELETE_WAIT_MS	    1000
#define RESUMES_MAX	    1000 /* of one call */
#define FAILURES_MAX	    5	 /* of these, one after the other */
#define DOUBT_MS	    60000

struct back_http {
	struct web web;		   /* first: a web of ours is one of these */
	struct buf headers;	   /* as headers_for() made them last */
	const char *headers_fixed; /* what they were made for; NULL: to be made anew */
	size_t headers_n;	   /* of them what is the same for every request */
	struct buf session;	   /* Mcp-Session-Id of the upstream */
	struct web_reply *stream;  /* the GET stream; NULL: there is none */
	uint64_t stream_wait_ms;
};

static struct back_http *
http_of(const struct web_reply *reply)
{
	return CONTAINER(reply->web, struct back_http, web);
}

/* ---- headers --------------------------------------------------------------------------------- */

static const char post_headers[] =
    "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
static const char delete_headers[] = "";
static const char get_headers[] = "Accept: text/event-stream\r\n";

/* The header lines of a request: made once, and anew when session or revision become known. */
static struct slice
headers_for(struct back_http *http, const char *fixed)
{
	const struct back *back = http->web.back;
	struct buf *out = &http->headers;

	if (http->headers_fixed == fixed) {
		out->n = http->headers_n;
		out->overflow = false;
		return buf_view(out);
	}
	http->headers_fixed = back->is_ready ? fixed : NULL;
	buf_clear(out);
	buf_puts(out, fixed);
	if (back->is_ready || back->is_modern || http->session.n > 0)
		buf_printf(out, "MCP-Protocol-Version: %s\r\n", mcp_revision_name(back->revision));
	if (http->session.n > 0)
		buf_printf(out, "Mcp-Session-Id: %.*s\r\n", SLICE_FMT(buf_view(&http->session)));
	web_headers_put(&http->web, out);
	http->headers_n = out->n;
	return buf_view(out);
}

static struct slice
http_post_headers(struct web *web, const struct call *call)
{
	struct back_http *http = CONTAINER(web, struct back_http, web);
	struct slice headers = headers_for(http, post_headers);

	if (call == NULL || (call->modern == NULL && call->trace == NULL))
		return headers;
	if (call->modern != NULL)
		buf_put(&http->headers, buf_view(&call->modern->headers));
	if (call->trace != NULL)
		trace_put_headers(&http->headers, call->trace->trace, &call->trace->own);
	return buf_view(&http->headers);
}

static struct slice
http_post_path(const struct web *web)
{
	return web->url.path;
}

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

static void
http_head(struct web_reply *reply)
{
	struct back_http *http = http_of(reply);
	struct back *back = http->web.back;

	if (reply->call != NULL && !back->is_ready) {
		if (!back->is_modern)
			session_take(http, fetch_header(reply->fetch, S("mcp-session-id")));
		back->is_misfit = web_status_misfits(reply->status);
	}
	if (reply->kind == WEB_STREAM && reply->is_sse)
		http->stream_wait_ms = RETRY_MS;
}

/* ---- a session that is lost ------------------------------------------------------------------ */

/*
 * May the session be given up on a mere suspicion?  Not when that was just done: what is still the
 * same after a new handshake is the server's way, and no sign of a lost session.
 */
static bool
may_doubt(struct back_http *http)
{
	struct back_memory *memory = http->web.back->spec.memory;
	uint64_t now = loop_now_ms(http->web.back->loop);

	if (memory == NULL)
		return true;
	if (memory->has_doubted && now - memory->doubted_ms < DOUBT_MS)
		return false;
	memory->has_doubted = true;
	memory->doubted_ms = now;
	return true;
}

static bool
says_session(struct slice text)
{
	static const struct slice words[] = { S("session"), S("not initialized") };

	for (size_t i = 0; i < text.n; i++) {
		for (size_t k = 0; k < COUNT(words); k++) {
			if (text.n - i >= words[k].n &&
			    slice_eq_nocase((struct slice){ text.p + i, words[k].n }, words[k]))
				return true;
		}
	}
	return false;
}

/* The JSON-RPC error that came with a status is about this very call. */
static bool
is_ours(const struct web_reply *reply, const struct message *error)
{
	return error != NULL && reply->call != NULL && error->id.p != NULL &&
	    slice_eq(error->id, slice_of(reply->call->number_text));
}

/* An implementation's own code, as servers give for sessions they do not know. */
static bool
has_session_code(const struct message *error)
{
	struct slice token;
	int64_t code;

	return json_find(error->body, S("code"), &token) && json_int(token, &code) &&
	    (code == -32000 || code == -32001);
}

/*
 * Of a modern server, whose errors are JSON-RPC: does it speak of sessions, or say nothing that a
 * modern one would?  Then it is of another era since it was asked.
 */
static bool
is_era_gone(struct web_reply *reply, const struct message *error)
{
	struct slice text = web_reply_text(reply);
	bool says;

	if (reply->status != 400 && reply->status != 404 && reply->status != 405)
		return false;
	says = error == NULL ||
	    ((has_session_code(error) || !is_ours(reply, error)) &&
		says_session((struct slice){ text.p, text.n < KIB ? text.n : KIB }));
	return says && may_doubt(http_of(reply));
}

/*
 * Does this status say that the server does not know the session (any more)?  error: the JSON-RPC
 * error that came with it, NULL: none.
 */
static bool
is_session_gone(struct web_reply *reply, const struct message *error)
{
	struct slice text = web_reply_text(reply);
	bool ours = is_ours(reply, error), says;

	if (reply->web->back->is_modern && reply->web->back->is_ready)
		return is_era_gone(reply, error);
	if (http_of(reply)->session.n == 0 || !reply->web->back->is_ready)
		return false;
	says = says_session((struct slice){ text.p, text.n < KIB ? text.n : KIB });
	if (reply->status == 404 || reply->status == 410)
		return !ours || says;
	if (reply->status != 400)
		return false;
	if (error == NULL)
		says |= text.n == 0;
	else if (has_session_code(error))
		says |= !ours;
	else
		says &= !ours;
	return says && may_doubt(http_of(reply));
}

static void
session_gone(struct web_reply *reply)
{
	struct err err = { 0 };

	err_set(&err, ERR_IO,
	    reply->web->back->is_modern ? "does not speak as before (HTTP %d)"
					: "has forgotten the session (HTTP %d)",
	    reply->status);
	back_session_lost(reply->web->back, &err);
}

/* An object with no member but _meta. */
static bool
is_bare(const struct message *message)
{
	struct slice inner = slice_trim((struct slice){ message->body.p + 1, message->body.n - 2 });
	struct slice meta;

	if (inner.n == 0 || !slice_starts(inner, S("\"_meta\"")))
		return inner.n == 0;
	meta = json_scan_get(message->scan, S("result"), S("_meta"));
	return meta.p != NULL && meta.p + meta.n == inner.p + inner.n;
}

/* A tool's result with nothing in it: a stale session answers like this. */
static bool
is_empty_success(struct web_reply *reply, const struct message *message)
{
	const struct call *call = reply->call;

	return call != NULL && call->exchange != NULL && message->kind == MESSAGE_RESULT &&
	    call->exchange->request.method == MCP_TOOLS_CALL &&
	    json_type(message->body) == JSON_OBJECT && is_bare(message) &&
	    slice_eq(message->id, slice_of(call->number_text)) && http_of(reply)->session.n > 0 &&
	    may_doubt(http_of(reply));
}

static void
empty_success(struct web_reply *reply)
{
	struct err err = { 0 };

	err_set(&err, ERR_IO, "answered with an empty success (HTTP %d): its session is stale",
	    reply->status);
	back_session_lost(reply->web->back, &err);
	web_call_lost(reply, &err);
}

/* ---- going on with a stream ------------------------------------------------------------------ */

static uint64_t
retry_ms(const struct web_reply *reply, uint64_t otherwise_ms)
{
	if (!reply->sse.has_retry)
		return otherwise_ms;
	return reply->sse.retry_ms < RETRY_MAX_MS ? reply->sse.retry_ms : RETRY_MAX_MS;
}

static void
get_send(struct web_reply *reply)
{
	struct back_http *http = http_of(reply);
	struct back *back = http->web.back;
	struct buf headers;

	if (reply->kind == WEB_STREAM && (back->is_lost || back->is_closing)) {
		http->stream = NULL;
		web_reply_free(reply);
		return;
	}
	buf_init(&headers, NULL, SIZE_MAX);
	buf_put(&headers, headers_for(http, get_headers));
	if (reply->last_id.n > 0)
		buf_printf(
		    &headers, "Last-Event-ID: %.*s\r\n", SLICE_FMT(buf_view(&reply->last_id)));
	web_reply_send(reply, S("GET"), http->web.url.path, buf_view(&headers), NULL, 0);
	buf_fini(&headers);
}

/* The response to a call may still be had: by asking for the rest of its stream. */
static bool
call_resumes(struct web_reply *reply)
{
	bool has_failed = reply->is_again && !reply->is_sse;

	if (reply->last_id.n == 0 || reply->why.kind == ERR_LIMIT || !reply->web->back->is_ready ||
	    reply->web->back->is_modern || reply->tries >= RESUMES_MAX)
		return false;
	/* An answer to the GET that is neither a stream nor a fault of the moment is final. */
	if (has_failed && (reply->status != 0 && reply->status < 500))
		return false;
	if (has_failed && ++reply->failures >= FAILURES_MAX)
		return false;
	web_reply_again(reply, retry_ms(reply, RETRY_MS), get_send);
	return true;
}

/* Not before the previous one has ended, later the more often it does. */
static void
stream_ended(struct web_reply *reply)
{
	struct back_http *http = http_of(reply);
	uint64_t wait = http->stream_wait_ms;
	bool is_refused = reply->status / 100 == 4 && reply->status != 408 && reply->status != 429;

	if (is_refused && reply->was_open && is_session_gone(reply, NULL))
		session_gone(reply);
	/* A server that answers GET with 4xx has no such stream, or no such event. */
	if (is_refused && reply->last_id.n == 0) {
		http->stream = NULL;
		web_reply_free(reply);
		return;
	}
	if (is_refused)
		buf_clear(&reply->last_id);
	http->stream_wait_ms = wait * 2 > STREAM_RETRY_MAX_MS ? STREAM_RETRY_MAX_MS : wait * 2;
	web_reply_again(reply, retry_ms(reply, wait), get_send);
}

/* ---- replies --------------------------------------------------------------------------------- */

static bool
http_event(struct web_reply *reply, const struct sse_event *event)
{
	/* Nothing belongs on the answer to a notification. */
	return reply->kind != WEB_NOTE && slice_eq(event->type, S("message"));
}

static void
http_message(struct web_reply *reply, struct message *message, const struct err *err)
{
	if (reply->status / 100 == 2) {
		if (err->kind == ERR_NONE && is_empty_success(reply, message))
			empty_success(reply);
		else
			back_message(reply->web->back, &reply->intake, message, err, reply->call);
		return;
	}
	/* An error status with a JSON-RPC error in its body: the body counts. */
	if (err->kind == ERR_NONE && message->kind != MESSAGE_ERROR)
		message = NULL;
	if (is_session_gone(reply, message))
		session_gone(reply);
	else if (err->kind == ERR_NONE && message != NULL) {
		back_message(reply->web->back, &reply->intake, message, err, reply->call);
		return;
	}
	web_status_lost(reply);
}

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

/* Nobody is there; but calls whose connections stand may still get their answers. */
static void
http_unreached(struct web_reply *reply, const struct err *err)
{
	bool may_come_back = reply->call != NULL && reply->is_again;

	if (!may_come_back && !has_other_calls(reply->web->back, reply->call))
		back_session_lost(reply->web->back, err);
}

/* The reply has ended and its call has no answer. */
static void
call_unanswered(struct web_reply *reply)
{
	struct err err = { 0 };

	if (reply->why.kind != ERR_NONE) {
		if (reply->is_again && reply->status == 0) {
			/* The call itself was taken. */
			reply->why.kind = ERR_IO;
			back_session_lost(reply->web->back, &reply->why);
		}
		web_call_lost(reply, &reply->why);
	} else if (reply->status / 100 != 2) {
		if (is_session_gone(reply, NULL))
			session_gone(reply);
		web_status_lost(reply);
	} else if (!reply->is_sse && !reply->is_again && web_reply_text(reply).n == 0 &&
	    http_of(reply)->session.n > 0 && reply->web->back->is_ready &&
	    may_doubt(http_of(reply))) {
		empty_success(reply);
	} else {
		err_set(&err, ERR_IO,
		    reply->is_sse ? "ended its event stream without the response"
				  : "answered HTTP %d without a response",
		    reply->status);
		web_call_lost(reply, &err);
	}
}

static void
http_ended(struct web_reply *reply)
{
	if (reply->kind == WEB_STREAM) {
		stream_ended(reply);
		return;
	}
	if (reply->call != NULL && reply->call->state == CALL_SENT) {
		if (call_resumes(reply))
			return;
		call_unanswered(reply);
	} else if (reply->kind == WEB_NOTE && reply->why.kind == ERR_NONE &&
	    reply->status / 100 == 4 && is_session_gone(reply, NULL)) {
		session_gone(reply);
	}
	web_reply_free(reply);
}

static const struct web_ops web_ops = {
	.post_headers = http_post_headers,
	.post_path = http_post_path,
	.head = http_head,
	.event = http_event,
	.message = http_message,
	.unreached = http_unreached,
	.ended = http_ended,
};

/* ---- back_ops -------------------------------------------------------------------------------- */

static void
http_send_call(struct back *back, struct call *call, const struct slice *parts, size_t n)
{
	web_send_call(back->transport, call, parts, n);
}

static void
http_send(struct back *back, const struct slice *parts, size_t n)
{
	web_send_note(back->transport, parts, n);
}

static void
http_end_call(struct back *back, struct call *call)
{
	web_end_call(call);
}

static void
http_ready(struct back *back)
{
	struct back_http *http = back->transport;

	http->stream_wait_ms = RETRY_MS;
	http->stream = web_reply_new(&http->web, WEB_STREAM);
	get_send(http->stream);
}

static bool
http_open_wait(struct back *back, struct err *err)
{
	struct back_http *http = MEM_NEW(struct back_http);

	back->transport = http;
	buf_init(&http->headers, loop_memory(back->loop), 128 * KIB);
	buf_init(&http->session, NULL, 4 * KIB);
	return web_open_wait(&http->web, back, &web_ops, err);
}

/* DELETE of the session, as the specification asks (SHOULD); waited for a moment. */
static void
session_delete_wait(struct back_http *http)
{
	struct loop *loop = http->web.back->loop;

	if (http->session.n == 0 || http->web.back->is_lost || task_self(loop) == NULL ||
	    task_cut(task_self(loop)) != ERR_NONE)
		return;
	http->web.notes++;
	web_reply_send(web_reply_new(&http->web, WEB_NOTE), S("DELETE"), http->web.url.path,
	    headers_for(http, delete_headers), NULL, 0);
	web_idle_wait(&http->web, loop_now_ms(loop) + DELETE_WAIT_MS);
}

static void
http_close_wait(struct back *back, unsigned grace_ms)
{
	struct back_http *http = back->transport;

	if (http == NULL)
		return;
	web_drop(&http->web);
	if (http->web.pool != NULL && grace_ms > 0)
		session_delete_wait(http);
	web_fini(&http->web);
	buf_fini(&http->headers);
	buf_fini(&http->session);
	back->transport = NULL;
	mem_free(http);
}

static void
http_settle_wait(struct back *back, uint64_t until_ms)
{
	struct back_http *http = back->transport;

	web_notes_wait(&http->web, until_ms);
}

const struct back_ops back_http_ops = {
	.has_streams = true,
	.open_wait = http_open_wait,
	.send_call = http_send_call,
	.send = http_send,
	.end_call = http_end_call,
	.settle_wait = http_settle_wait,
	.ready = http_ready,
	.close_wait = http_close_wait,
};

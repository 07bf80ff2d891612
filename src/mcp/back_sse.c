/*
 * The HTTP+SSE back (2024-11-05): one GET stream brings everything that the server says, first the
 * address to which messages are sent by POST.  The answer to a POST says only that it was taken.
 *
 * The stream is the session: with its end everything is lost but calls that had not been sent yet.
 */
#include "mcp/back_web.h"

#include <stdio.h>
#include <string.h>

struct back_sse {
	struct web web; /* first: a web of ours is one of these */
	struct buf headers;
	struct buf endpoint; /* path and query for POST; empty until it was told */
	struct task *opener; /* waits for it */
	bool has_ended;
	struct err why; /* that it has */
};

static struct back_sse *
sse_of(const struct web_reply *reply)
{
	return CONTAINER(reply->web, struct back_sse, web);
}

static struct slice
sse_post_headers(struct web *web, const struct call *call)
{
	return buf_view(&CONTAINER(web, struct back_sse, web)->headers);
}

static struct slice
sse_post_path(const struct web *web)
{
	return buf_view(&CONTAINER(web, struct back_sse, web)->endpoint);
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* Calls whose request still waits for its connection were surely not sent. */
static void
unsent_mark(struct back_sse *sse)
{
	for (struct web_reply *r = sse->web.replies.next; r != &sse->web.replies; r = r->next) {
		if (r->call != NULL && r->fetch != NULL && !fetch_was_sent(r->fetch))
			r->call->was_sent = false;
	}
}

static void
stream_lost(struct web_reply *reply, const struct err *why)
{
	struct back_sse *sse = sse_of(reply);

	if (!sse->has_ended) {
		sse->has_ended = true;
		sse->why = *why;
		unsent_mark(sse);
		if (sse->opener != NULL)
			task_wake(sse->opener);
		back_lost(sse->web.back, why);
	}
	web_reply_free(reply);
}

static void
stream_ended(struct web_reply *reply)
{
	struct back_sse *sse = sse_of(reply);
	struct slice text = web_reply_text(reply);
	struct err err = { 0 };

	if (reply->why.kind != ERR_NONE)
		err = reply->why;
	else if (reply->status / 100 != 2)
		err_set(&err, ERR_UNAVAILABLE, "answered GET with HTTP %d%s%.*s", reply->status,
		    text.n > 0 ? ": " : "", (int)(text.n > 100 ? 100 : text.n), text.p);
	else if (!reply->is_sse)
		err_set(&err, ERR_UNAVAILABLE, "answered GET with no event stream");
	else
		err_set(&err, ERR_IO, "ended its event stream%s",
		    sse->endpoint.n == 0 ? " without naming an endpoint" : "");
	sse->web.back->is_misfit = sse->endpoint.n == 0 && reply->status != 0 &&
	    (reply->status / 100 == 2 || web_status_misfits(reply->status));
	stream_lost(reply, &err);
}

static void
endpoint_take(struct web_reply *reply, const struct sse_event *event)
{
	struct back_sse *sse = sse_of(reply);
	struct slice text = slice_trim((struct slice){ event->data, event->data_n });
	struct err err = { 0 };

	/* One is enough: who sends another later wants to move a session that stands. */
	if (sse->endpoint.n > 0)
		return;
	if (!url_refer(&sse->web.url, text, &sse->endpoint, &err)) {
		buf_clear(&sse->endpoint);
		err_prefix(&err, "names an endpoint that is refused");
		err.kind = ERR_UNAVAILABLE;
		stream_lost(reply, &err);
		return;
	}
	if (sse->opener != NULL)
		task_wake(sse->opener);
}

static bool
sse_event(struct web_reply *reply, const struct sse_event *event)
{
	if (reply->kind != WEB_STREAM)
		return false;
	if (slice_eq(event->type, S("endpoint"))) {
		endpoint_take(reply, event);
		return false;
	}
	return slice_eq(event->type, S("message"));
}

/* ---- replies --------------------------------------------------------------------------------- */

/* What a POST is answered with is no message. */
static void
sse_message(struct web_reply *reply, struct message *message, const struct err *err)
{
	if (reply->kind == WEB_STREAM)
		back_message(reply->web->back, &reply->intake, message, err, NULL);
}

/* The stream tells what has become of the server. */
static void
sse_unreached(struct web_reply *reply, const struct err *err)
{
	(void)reply;
	(void)err;
}

static void
post_ended(struct web_reply *reply)
{
	struct err err = { 0 };

	if (reply->why.kind != ERR_NONE) {
		web_call_lost(reply, &reply->why);
	} else if (reply->status / 100 != 2) {
		if (reply->status == 404 || reply->status == 410) {
			err_set(&err, ERR_IO, "has forgotten the session (HTTP %d)", reply->status);
			back_session_lost(reply->web->back, &err);
		}
		web_status_lost(reply);
	}
	/* Else it was taken, and its call waits for the stream. */
	web_reply_free(reply);
}

static void
sse_ended(struct web_reply *reply)
{
	if (reply->kind == WEB_STREAM)
		stream_ended(reply);
	else
		post_ended(reply);
}

static const struct web_ops web_ops = {
	.post_headers = sse_post_headers,
	.post_path = sse_post_path,
	.event = sse_event,
	.message = sse_message,
	.unreached = sse_unreached,
	.ended = sse_ended,
};

/* ---- back_ops -------------------------------------------------------------------------------- */

static void
sse_send_call(struct back *back, struct call *call, const struct slice *parts, size_t n)
{
	web_send_call(back->transport, call, parts, n);
}

static void
sse_send(struct back *back, const struct slice *parts, size_t n)
{
	web_send_note(back->transport, parts, n);
}

static void
sse_end_call(struct back *back, struct call *call)
{
	web_end_call(call);
}

/* Up to the event that names the endpoint. */
static bool
endpoint_wait(struct back_sse *sse, struct err *err)
{
	struct loop *loop = sse->web.back->loop;
	bool ok = true;

	sse->opener = task_self(loop);
	while (ok && sse->endpoint.n == 0 && !sse->has_ended)
		ok = task_park_wait(loop, err);
	sse->opener = NULL;
	if (ok && sse->has_ended) {
		*err = sse->why;
		return false;
	}
	return ok;
}

static bool
sse_open_wait(struct back *back, struct err *err)
{
	struct back_sse *sse = MEM_NEW(struct back_sse);

	back->transport = sse;
	buf_init(&sse->headers, loop_memory(back->loop), 128 * KIB);
	buf_init(&sse->endpoint, NULL, 16 * KIB);
	if (!web_open_wait(&sse->web, back, &web_ops, err))
		return false;
	buf_puts(&sse->headers, "Accept: text/event-stream\r\n");
	web_headers_put(&sse->web, &sse->headers);
	web_reply_send(web_reply_new(&sse->web, WEB_STREAM), S("GET"), sse->web.url.path,
	    buf_view(&sse->headers), NULL, 0);
	buf_clear(&sse->headers);
	buf_puts(&sse->headers, "Content-Type: application/json\r\nAccept: */*\r\n");
	web_headers_put(&sse->web, &sse->headers);
	return endpoint_wait(sse, err);
}

static void
sse_close_wait(struct back *back, unsigned grace_ms)
{
	struct back_sse *sse = back->transport;

	(void)grace_ms;
	if (sse == NULL)
		return;
	sse->has_ended = true;
	web_fini(&sse->web);
	buf_fini(&sse->headers);
	buf_fini(&sse->endpoint);
	back->transport = NULL;
	mem_free(sse);
}

const struct back_ops back_sse_ops = {
	.open_wait = sse_open_wait,
	.send_call = sse_send_call,
	.send = sse_send,
	.end_call = sse_end_call,
	.close_wait = sse_close_wait,
};

/*
 * The front of 2024-11-05, HTTP+SSE: GET /sse opens a session and its only stream, whose first
 * event says where to POST messages; each POST is accepted with 202, and everything that the
 * gateway has to say comes on the stream.  The stream is the session: when it closes, calls are
 * cancelled and there is nothing to come back to.
 */
#include <stdio.h>
#include <string.h>

#include "mcp/front_http.h"

struct sse_client {
	enum user_kind kind;
	struct session *session;
	struct http_request *http;
	struct timer quiet;
};

static void
client_quiet(struct timer *timer)
{
	struct sse_client *client = CONTAINER(timer, struct sse_client, quiet);
	struct loop *loop = client->session->fronts->loop;

	timer_start(loop, timer, loop_now_ms(loop) + STREAM_QUIET_MS, client_quiet);
	http_stream_put(client->http, &S(":\n\n"), 1);
}

static bool
session_send(struct session *session, const struct slice *parts, size_t n)
{
	struct sse_client *client = session->transport;

	if (client == NULL)
		return false;
	event_put(client->http, parts, n);
	return true;
}

static bool
session_send_call(struct front_call *call, const struct slice *parts, size_t n)
{
	return session_send(call->session, parts, n);
}

static bool
session_is_behind(const struct front_call *call)
{
	const struct sse_client *client = call->session->transport;

	return client != NULL && http_stream_pending(client->http) > BEHIND_BYTES;
}

static bool
session_is_heard(const struct session *session)
{
	return session->transport != NULL;
}

static void
session_close(struct session *session)
{
	struct sse_client *client = session->transport;
	struct http_request *http;

	session->transport = NULL;
	if (client == NULL)
		return;
	http = client->http;
	timer_stop(session->fronts->loop, &client->quiet);
	mem_free(client);
	if (http == NULL)
		return;
	http->user = NULL;
	http_stream_end(http);
}

const struct session_ops sse_session_ops = {
	.send = session_send,
	.send_call = session_send_call,
	.is_behind = session_is_behind,
	.is_heard = session_is_heard,
	.close = session_close,
};

static void
call_finish(struct exchange *exchange, const struct reply *reply)
{
	struct front_call *call = exchange->front_data;
	struct sse_client *client = call->session->transport;
	struct slice parts[REPLY_PARTS];
	struct buf scratch;
	size_t n;

	buf_init(&scratch, NULL, MIB);
	front_replied(call, reply);
	/* A cancelled request is not answered (basic/utilities/cancellation). */
	if (client != NULL && !exchange->is_cancelled) {
		n = encode_reply(exchange, reply, &scratch, parts);
		client->http->keep = exchange->answer_text;
		event_put(client->http, parts, n);
		if (call->session->transport != NULL)
			client->http->keep = NULL;
	}
	buf_fini(&scratch);
	front_call_end(call);
}

static const struct front_ops sse_front_ops = {
	.name = "sse",
	.ask_wait = front_ask_wait,
	.tell = front_tell,
	.finish = call_finish,
};

void
sse_say(struct session *session, struct slice text)
{
	(void)session_send(session, &text, 1);
}

void
sse_call_begin(struct session *session, struct intake *intake, const struct message *message)
{
	front_begin(front_call_new(session, intake, message, &sse_front_ops));
}

struct session *
sse_open(struct fronts *fronts, struct http_request *http, const struct caller *caller)
{
	struct session *session = session_new(fronts, &sse_session_ops, NULL, true);
	struct sse_client *client;
	char text[64 + SESSION_ID_BYTES];
	int n;

	if (session == NULL)
		return NULL;
	session_bind(session, caller);
	client = MEM_NEW(struct sse_client);
	client->kind = USER_SSE;
	client->session = session;
	client->http = http;
	session->transport = client;
	http->user = &client->kind;
	timer_start(fronts->loop, &client->quiet, loop_now_ms(fronts->loop) + STREAM_QUIET_MS,
	    client_quiet);
	http_stream_begin(http, 200, slice_of(event_stream_fields), S("text/event-stream"));
	n = snprintf(
	    text, sizeof(text), "event: endpoint\ndata: /messages?sessionId=%s\n\n", session->id);
	if (session->transport != NULL)
		http_stream_put(http, &(struct slice){ text, (size_t)n }, 1);
	return session;
}

void
sse_gone(enum user_kind *kind)
{
	struct sse_client *client = CONTAINER(kind, struct sse_client, kind);

	client->http = NULL;
	session_end(client->session);
}

/*
 * The HTTP fronts: Streamable HTTP (2025-03-26 and later), POST, GET and DELETE of /mcp.
 *
 * A POST with a request is answered as JSON when the answer is the first thing to say; a question
 * or a progress notification before that, or STREAM_QUIET_MS of silence, opens an event stream.  A
 * client that disconnects has not cancelled: its call goes on, and a stream that had begun can be
 * taken up again (front_replay.c).  GET opens the stream for what belongs to no call.  /sse and
 * /messages are the older transport (front_sse.c).  What is refused before the body is read is
 * decided in head_check(), from one screen.
 */
#include "mcp/front_forward.h"

#include <string.h>

/* ---- heads ----------------------------------------------------------------------------------- */

bool
head_look(struct front_http *front, struct http_request *http)
{
	struct slice extra = SLICE_NONE;
	struct err err = { 0 };
	int status = head_check(front, http, &extra, &err);

	if (status != 0 && status != HEAD_WAITS)
		front_http_error(front, http, status, extra, SLICE_NONE, &err);
	return status == 0;
}

static void
on_head(void *owner, struct http_request *http)
{
	(void)head_look(owner, http);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool
session_send(struct session *session, const struct slice *parts, size_t n)
{
	struct event_stream *stream = event_stream_of(session);

	if (stream != NULL)
		event_stream_say(stream, parts, n);
	return stream != NULL;
}

/* The header lines of an answer to a call: with initialize comes the session's id. */
static struct slice
call_fields(const struct front_call *call, const char *first)
{
	const struct session *session = call->session;

	if (call->exchange->request.method != MCP_INITIALIZE || session->id[0] == '\0')
		return slice_of(first);
	return arena_printf(call->http->arena, "%s" SESSION_HEADER ": %s\r\n", first, session->id);
}

static void
call_stream_open(struct front_call *call)
{
	struct http_request *http = call->http;
	struct slice fields = call_fields(call, event_stream_fields);

	timer_stop(call->exchange->loop, &call->quiet);
	call->http = NULL;
	call->stream = event_stream_open(call->session, http, true, fields);
	call->stream->unanswered = 1;
}

static void
call_quiet(struct timer *timer)
{
	struct front_call *call = CONTAINER(timer, struct front_call, quiet);

	if (call->http != NULL && call->may_stream)
		call_stream_open(call);
}

/* Where a call's messages go; NULL: its client cannot be reached. */
static struct event_stream *
call_stream(struct front_call *call)
{
	if (call->stream == NULL && call->http != NULL && call->may_stream)
		call_stream_open(call);
	if (call->stream != NULL && event_stream_reaches(call->stream))
		return call->stream;
	return event_stream_of(call->session);
}

static bool
session_send_call(struct front_call *call, const struct slice *parts, size_t n)
{
	struct event_stream *stream = call_stream(call);

	if (stream != NULL)
		event_stream_say(stream, parts, n);
	return stream != NULL;
}

static bool
session_is_behind(const struct front_call *call)
{
	const struct event_stream *stream = call->stream;

	if (stream == NULL && call->http != NULL && call->may_stream)
		return false;
	if (stream == NULL)
		stream = event_stream_of(call->session);
	return stream != NULL && stream->http != NULL &&
	    http_stream_pending(stream->http) > BEHIND_BYTES;
}

const struct session_ops http_session_ops = {
	.send = session_send,
	.send_call = session_send_call,
	.is_behind = session_is_behind,
	.is_heard = event_streams_are_heard,
	.close = event_streams_close,
};

/* The answer as an event; a cancelled request has none, its stream just ends. */
static void
stream_answer(struct front_call *call, const struct slice *parts, size_t n)
{
	struct event_stream *stream = call->stream;
	struct http_request *http = stream->http;

	if (http != NULL)
		http->keep = call->exchange->answer_text;
	if (n > 0)
		event_stream_say(stream, parts, n);
	if (http != NULL)
		http->keep = NULL;
	call->stream = NULL;
	if (--stream->unanswered == 0)
		event_stream_end(stream);
}

/* The session has ended, and with it what could be said in it. */
static void
answer_ended(struct http_request *http)
{
	http->user = NULL;
	http_stream_begin(http, 200, slice_of(event_stream_fields), S("text/event-stream"));
	http_stream_end(http);
}

static void
document_answer(
    struct front_call *call, const struct reply *reply, const struct slice *parts, size_t n)
{
	struct http_request *http = call->http;
	bool is_stranger = reply->err.kind == ERR_STRANGER;

	http->user = NULL;
	http->keep = call->exchange->answer_text;
	http_respond(http, is_stranger ? 401 : 200,
	    is_stranger			   ? S("WWW-Authenticate: Bearer\r\n")
		: call->session->has_begun ? call_fields(call, "")
					   : SLICE_NONE,
	    S("application/json"), parts, n);
}

static void
batch_answer(struct front_batch *batch, const struct slice *parts, size_t n)
{
	front_batch_put(batch, parts, n);
	front_batch_left(batch);
}

static void
call_finish(struct exchange *exchange, const struct reply *reply)
{
	struct front_call *call = exchange->front_data;
	struct session *session = call->session;
	bool is_initialize = exchange->request.method == MCP_INITIALIZE;
	struct slice parts[REPLY_PARTS];
	struct buf scratch;
	size_t n;

	timer_stop(exchange->loop, &call->quiet);
	buf_init(&scratch, NULL, MIB);
	n = encode_reply(exchange, reply, &scratch, parts);
	front_replied(call, reply);
	if (call->stream == NULL && call->http != NULL && !session->is_ended &&
	    reply->err.kind != ERR_STRANGER &&
	    (!call->may_json || (exchange->is_cancelled && call->may_stream)))
		call_stream_open(call);
	/* Nobody would know the id of the session. */
	if (is_initialize && (!session->has_begun || (call->http == NULL && call->stream == NULL)))
		call->is_last = true;
	if (call->batch != NULL)
		batch_answer(call->batch, parts, exchange->is_cancelled ? 0 : n);
	else if (call->stream != NULL)
		stream_answer(call, parts, exchange->is_cancelled ? 0 : n);
	else if (call->http == NULL)
		log_event(loop_log(exchange->loop), LOG_INFO, "client_gone",
		    "Request #%llu: the client left before its answer",
		    (unsigned long long)exchange->number);
	else if (session->is_ended && call->may_stream)
		answer_ended(call->http);
	else
		document_answer(call, reply, parts, n);
	buf_fini(&scratch);
	if (call->is_last)
		session_end(session);
	front_call_end(call);
}

static const struct front_ops http_front_ops = {
	.name = "http",
	.ask_wait = front_ask_wait,
	.tell = front_tell,
	.finish = call_finish,
};

/* ---- reading --------------------------------------------------------------------------------- */

static void
call_begin(struct session *session, struct intake *intake, struct http_request *http,
    const struct head *head, const struct message *message, bool is_last)
{
	struct front_call *call = front_call_new(session, intake, message, &http_front_ops);
	struct loop *loop = session->fronts->loop;

	call->http = http;
	call->may_stream = head->takes_stream;
	call->may_json = head->takes_json;
	call->is_last = is_last;
	call->kind = USER_CALL;
	http->user = &call->kind;
	timer_start(loop, &call->quiet, loop_now_ms(loop) + STREAM_QUIET_MS, call_quiet);
	front_begin(call);
}

/* What stands in scratch, as JSON, or as the only event for a client that takes nothing else. */
static void
respond_now(struct front_http *front, struct http_request *http, const struct head *head)
{
	struct slice text = buf_view(&front->scratch);

	if (head->takes_json) {
		http_respond(http, 200, SLICE_NONE, S("application/json"), &text, 1);
		return;
	}
	http_stream_begin(http, 200, slice_of(event_stream_fields), S("text/event-stream"));
	event_put(http, &text, 1);
	http_stream_end(http);
}

static void
respond_gone(struct front_http *front, struct http_request *http, struct slice id)
{
	struct err gone = { 0 };

	err_set(&gone, ERR_REQUEST, "unknown or ended session: initialize again");
	front_http_error(front, http, 404, SLICE_NONE, id, &gone);
}

/* A request of a session that is there; is_last: the session ends with its answer. */
static void
request_read(struct front_http *front, struct http_request *http, struct intake *intake,
    const struct head *head, struct session *session, const struct message *message, bool is_last)
{
	struct err none = { 0 };

	buf_clear(&front->scratch);
	if (!front_answer_now(session, message, &none, &front->scratch)) {
		call_begin(session, intake, http, head, message, is_last);
		return;
	}
	if (is_last || (!session->has_begun && !session->is_beginning))
		session_end(session);
	respond_now(front, http, head);
}

/*
 * A session for one message: of an initialize it is the first, and stays when that finishes well;
 * without sessions (listen.stateless) it is all there is.
 */
static struct session *
session_for(struct front_http *front, struct http_request *http, const struct head *head,
    const struct message *message)
{
	bool is_stateless = front->fronts->limits.is_stateless;
	struct session *session =
	    session_new(front->fronts, &http_session_ops, front, !is_stateless);
	struct err err = { 0 };

	if (session == NULL) {
		err_set(&err, ERR_LIMIT, "limits.sessions (%u) reached, all in use",
		    front->fronts->limits.sessions);
		front_http_error(front, http, 200, SLICE_NONE, front_id_of(message), &err);
		return NULL;
	}
	session_bind(session, &head->caller);
	if (!is_stateless || message->method == MCP_INITIALIZE)
		return session;
	session->has_begun = true;
	/* 2025-06-18, basic/transports: without the header it is this one. */
	if (head->version.p == NULL || !mcp_revision_find_legacy(head->version, &session->revision))
		session->revision = MCP_2025_03_26;
	return session;
}

/* A message without a session: initialize, or told what is missing. */
static void
message_without_session(struct front_http *front, struct http_request *http, struct intake *intake,
    const struct head *head, const struct message *message)
{
	bool is_stateless = front->fronts->limits.is_stateless;
	struct session *session;
	struct err err = { 0 };

	if (is_stateless && message->kind != MESSAGE_REQUEST) {
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
		return;
	}
	if (message->kind == MESSAGE_REQUEST &&
	    (is_stateless || message->method == MCP_INITIALIZE)) {
		session = session_for(front, http, head, message);
		if (session != NULL)
			request_read(front, http, intake, head, session, message, is_stateless);
		return;
	}
	if (message->kind == MESSAGE_REQUEST &&
	    (message->method == MCP_UNKNOWN ||
		!mcp_method_known(message->method, MCP_NEWEST_LEGACY)))
		err_set(
		    &err, ERR_METHOD, "unknown method \"%.*s\"", SLICE_FMT(message->method_name));
	else
		err_set(&err, ERR_REQUEST, SESSION_HEADER " is missing: initialize first");
	front_http_error(front, http, 400, SLICE_NONE, front_id_of(message), &err);
}

/* What was POSTed to /messages is answered on the session's stream. */
static void
sse_message(struct front_http *front, struct intake *intake, struct session *session,
    const struct message *message, const struct err *err)
{
	if (err->kind == ERR_NONE && message->kind != MESSAGE_REQUEST) {
		front_notice(session, message);
		return;
	}
	buf_clear(&front->scratch);
	if (!front_answer_now(session, message, err, &front->scratch))
		sse_call_begin(session, intake, message);
	else if (front->scratch.n > 0)
		sse_say(session, buf_view(&front->scratch));
}

/* ---- batches --------------------------------------------------------------------------------- */

static void
batch_done(struct front_batch *batch)
{
	struct http_request *http = batch->http;

	if (http == NULL)
		return;
	http->user = NULL;
	if (batch->answers.n == 0)
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
	else
		http_respond(http, 200, SLICE_NONE, S("application/json"),
		    &(struct slice){ batch->answers.p, batch->answers.n }, 1);
}

/* What reads a batch: answers go to `batch`, or one by one to a stream that the first opens. */
struct batch_reader {
	struct front_http *front;
	struct session *session;
	struct http_request *http;
	struct front_batch *batch;
	struct event_stream *stream;
};

static struct event_stream *
batch_stream(struct batch_reader *reader)
{
	if (reader->stream == NULL) {
		reader->stream = event_stream_open(
		    reader->session, reader->http, true, slice_of(event_stream_fields));
		reader->stream->unanswered = 1;
	}
	return reader->stream;
}

static void
batch_each(void *owner, struct intake *intake, struct message *message, const struct err *err)
{
	struct batch_reader *reader = owner;
	struct buf *scratch = &reader->front->scratch;
	struct front_call *call;
	struct slice text;

	if (err->kind == ERR_NONE && message->kind != MESSAGE_REQUEST) {
		front_notice(reader->session, message);
		return;
	}
	buf_clear(scratch);
	if (!front_answer_now(reader->session, message, err, scratch)) {
		call = front_call_new(reader->session, intake, message, &http_front_ops);
		call->batch = reader->batch;
		if (reader->batch != NULL)
			reader->batch->unanswered++;
		else
			(call->stream = batch_stream(reader))->unanswered++;
		front_begin(call);
		return;
	}
	text = buf_view(scratch);
	if (text.n > 0 && reader->batch != NULL)
		front_batch_put(reader->batch, &text, 1);
	else if (text.n > 0)
		event_stream_say(batch_stream(reader), &text, 1);
}

/* Clients that take a stream get one, for what else their requests bring. */
static void
batch_read(struct front_http *front, struct http_request *http, const struct head *head,
    struct session *session, struct slice text)
{
	struct batch_reader reader = { .front = front, .session = session, .http = http };

	if (!head->takes_stream) {
		reader.batch = front_batch_new(session, batch_done, front);
		reader.batch->http = http;
		reader.batch->kind = USER_BATCH;
		http->user = &reader.batch->kind;
	}
	front_batch_read(session, text, batch_each, &reader);
	if (reader.batch != NULL)
		front_batch_left(reader.batch);
	else if (reader.stream == NULL)
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
	else if (--reader.stream->unanswered == 0)
		event_stream_end(reader.stream);
}

static void
sse_batch_each(void *owner, struct intake *intake, struct message *message, const struct err *err)
{
	struct batch_reader *reader = owner;

	sse_message(reader->front, intake, reader->session, message, err);
}

/* False: none is taken here, as err says. */
static bool
message_is_batch(struct front_http *front, struct http_request *http, const struct head *head,
    struct session *session, const struct message *message, struct err *err)
{
	struct batch_reader reader = { .front = front, .session = session };

	if (message == NULL || message->kind != MESSAGE_BATCH ||
	    !front_batch_is_fit(session, message->text, err))
		return false;
	session_touch(session);
	if (session->ops == &sse_session_ops) {
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
		front_batch_read(session, message->text, sse_batch_each, &reader);
	} else {
		batch_read(front, http, head, session, message->text);
	}
	return true;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void
message_take(struct front_http *front, struct http_request *http, struct intake *intake,
    struct message *message, const struct err *fault)
{
	const struct head *head = head_of(http);
	struct slice id = front_id_of(message);
	struct session *session = NULL;
	struct err err = *fault;
	bool is_sse = head->place->ops == &sse_session_ops;

	if (head->session.p != NULL)
		session = head_session(front, head);
	if (message_is_batch(front, http, head, session, message, &err) ||
	    http_modern_take(front, http, intake, head, message, &err))
		return;
	if (head->is_late && (message == NULL || message->method != MCP_INITIALIZE)) {
		(void)head_version_error(head, &err);
		front_http_error(front, http, 400, SLICE_NONE, id, &err);
		return;
	}
	if (err.kind != ERR_NONE && !(is_sse && id.p != NULL)) {
		front_http_error(front, http, id.p != NULL ? 200 : err_info(err.kind)->http_status,
		    SLICE_NONE, id, &err);
		return;
	}
	/* What nobody knows goes nowhere without a session, and is told so. */
	if ((head->session.p != NULL || message->method != MCP_UNKNOWN) &&
	    head_turn_away(front, http, head, message))
		return;
	if (head->session.p == NULL) {
		message_without_session(front, http, intake, head, message);
		return;
	}
	/* It was looked up again: it may have ended while a large body came in. */
	if (session == NULL) {
		respond_gone(front, http, id);
		return;
	}
	session_touch(session);
	if (is_sse) {
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
		sse_message(front, intake, session, message, &err);
	} else if (message->kind != MESSAGE_REQUEST) {
		front_notice(session, message);
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
	} else {
		request_read(front, http, intake, head, session, message, false);
	}
}

/* Of two that came nobody knows which is meant. */
static struct slice
only_header(const struct http_request *http, struct slice name, struct slice value)
{
	return value.p != NULL && http_request_header_count(http, name) > 1 ? SLICE_NONE : value;
}

/* Exchanges that begin meanwhile take a copy of what the request brought. */
static void
message_read(struct front_http *front, struct http_request *http, struct intake *intake,
    struct message *message, const struct err *fault)
{
	struct credentials *arriving = auth_has_sites(front->fronts->auth)
	    ? credentials_dup(&head_of(http)->credentials)
	    : NULL;

	struct address peer = *http->peer;

	front->fronts->arriving = arriving;
	front->fronts->peer = &peer;
	front->fronts->traceparent =
	    only_header(http, S("traceparent"), head_of(http)->traceparent);
	front->fronts->tracestate = only_header(http, S("tracestate"), head_of(http)->tracestate);
	message_take(front, http, intake, message, fault);
	front->fronts->traceparent = front->fronts->tracestate = SLICE_NONE;
	front->fronts->arriving = NULL;
	front->fronts->peer = NULL;
	credentials_free(&arriving);
}

static void
small_done(void *owner, struct message *message, const struct err *err)
{
	struct front_http *front = owner;

	message_read(front, front->reading, &front->intake, message, err);
}

static void
reading_free(struct http_reading *reading)
{
	deferred_stop(reading->front->fronts->loop, &reading->gone);
	intake_fini(&reading->intake);
	reading->prev->next = reading->next;
	reading->next->prev = reading->prev;
	mem_free(reading);
}

static void
reading_end(struct deferred *deferred)
{
	reading_free(CONTAINER(deferred, struct http_reading, gone));
}

static void
large_done(void *owner, struct message *message, const struct err *err)
{
	struct http_reading *reading = owner;
	struct http_request *http = reading->http;

	if (http != NULL) {
		http->user = reading->head;
		message_read(reading->front, http, &reading->intake, message, err);
	}
	/* Not now: this is called by its intake. */
	loop_defer(reading->front->fronts->loop, &reading->gone, reading_end);
}

static void
body_read(struct front_http *front, struct http_request *http)
{
	struct http_reading *reading;

	if (http->body.n <= SLICE_OF_WORK_BYTES) {
		front->reading = http;
		intake_take(&front->intake, &http->body);
		return;
	}
	reading = MEM_NEW(struct http_reading);
	reading->front = front;
	reading->http = http;
	reading->next = &front->readings;
	reading->prev = front->readings.prev;
	reading->prev->next = reading->next->prev = reading;
	reading->kind = USER_READING;
	reading->head = http->user;
	http->user = &reading->kind;
	intake_init(&reading->intake, front->fronts->loop, 0);
	reading->intake.done = large_done;
	reading->intake.owner = reading;
	intake_take(&reading->intake, &http->body);
}

/* GET without a session: the older transport. */
static void
get_sse(struct front_http *front, struct http_request *http)
{
	struct err err = { 0 };

	if (sse_open(front->fronts, http, &head_of(http)->caller) != NULL)
		return;
	err_set(&err, ERR_LIMIT, "limits.sessions (%u) reached, all in use",
	    front->fronts->limits.sessions);
	front_http_error(front, http, 503, S("Retry-After: 5\r\n"), SLICE_NONE, &err);
}

/*
 * GET of a session.  A stream of a GET that is not known any more is begun anew: clients give up
 * listening when they are refused, and would miss more than what was lost.  That of a POST is
 * refused, for its answer would never come.
 */
static void
get_stream(struct front_http *front, struct http_request *http, struct session *session,
    struct slice last_event)
{
	struct event_stream *stream;
	bool is_lost = false;
	struct err err = { 0 };

	if (last_event.n > 0 && event_stream_resume(session, http, last_event, &is_lost))
		return;
	if (!is_lost) {
		stream = event_stream_open(session, http, false, slice_of(event_stream_fields));
		if (stream->http != NULL)
			http_request_forget(http);
		return;
	}
	err_set(&err, ERR_REQUEST,
	    "nothing is kept after event \"%.*s\": its answer was sent, or is lost",
	    (int)(last_event.n > 64 ? 64 : last_event.n), last_event.p);
	front_http_error(front, http, 400, SLICE_NONE, SLICE_NONE, &err);
}

static void
on_request(void *owner, struct http_request *http)
{
	struct front_http *front = owner;
	const struct front_page *page = front_page_find(front->fronts, http->path);
	const struct head *head = head_of(http);
	struct session *session;

	if (page != NULL) {
		front_page_show(front, page, http);
		return;
	}
	if (head->is_metadata) {
		front_oauth_show(front, http);
		return;
	}
	if (head->owner != NULL) {
		front_forward_session(front, http, head);
		return;
	}
	if (slice_eq(http->method, S("POST"))) {
		body_read(front, http);
		return;
	}
	if (head->opens_sse) {
		get_sse(front, http);
		return;
	}
	session = head_session(front, head);
	if (session == NULL) {
		respond_gone(front, http, SLICE_NONE);
		return;
	}
	session_touch(session);
	if (head->is_get) {
		get_stream(front, http, session, head->last_event);
		return;
	}
	session_end(session);
	http_respond(http, 204, SLICE_NONE, SLICE_NONE, NULL, 0);
}

static void
on_gone(void *owner, struct http_request *http)
{
	enum user_kind *kind = http->user;

	if (kind == NULL)
		return;
	switch (*kind) {
	case USER_HEAD:
		head_let_go(CONTAINER(kind, struct head, kind));
		break;
	case USER_CALL:
		CONTAINER(kind, struct front_call, kind)->http = NULL;
		break;
	case USER_ROUND:
		http_modern_gone(kind);
		break;
	case USER_STREAM:
		event_stream_gone(CONTAINER(kind, struct event_stream, kind));
		break;
	case USER_BATCH:
		CONTAINER(kind, struct front_batch, kind)->http = NULL;
		break;
	case USER_SSE:
		sse_gone(kind);
		break;
	case USER_READING:
		CONTAINER(kind, struct http_reading, kind)->http = NULL;
		break;
	case USER_FORWARD:
		front_forward_gone(kind);
		break;
	}
}

static void
on_drained(void *owner, struct http_request *http)
{
	enum user_kind *kind = http->user;

	(void)owner;
	if (kind != NULL && *kind == USER_FORWARD)
		front_forward_drained(kind);
}

/* What is no HTTP, or more of it than is taken. */
static void
on_refused(void *owner, int status, const struct address *peer)
{
	struct front_http *front = owner;

	front_refused(front->fronts, status, ERR_REQUEST, peer, false);
}

static const struct http_handler handler = {
	.head = on_head,
	.request = on_request,
	.gone = on_gone,
	.drained = on_drained,
};

/* ---- open and close -------------------------------------------------------------------------- */

static void
front_free(struct front_http *front)
{
	http_server_free(&front->server);
	while (front->readings.next != &front->readings)
		reading_free(front->readings.next);
	intake_fini(&front->intake);
	buf_fini(&front->scratch);
	for (size_t i = 0; i < front->hosts_n; i++)
		mem_free((void *)front->hosts[i].p);
	mem_free(front->hosts);
	mem_free(front);
}

static void
hosts_copy(struct front_http *front, const struct slice *hosts, size_t n)
{
	front->hosts = mem_new((n + 1) * sizeof(*hosts));
	front->hosts_n = n;
	for (size_t i = 0; i < n; i++)
		front->hosts[i] = slice_keep(hosts[i]);
}

bool
front_http_open(struct fronts *fronts, const struct address *at, const struct slice *hosts,
    size_t hosts_n, struct address *bound, struct err *err)
{
	struct front_http *front = MEM_NEW(struct front_http);
	struct http_limits limits = http_limits_default;

	front->fronts = fronts;
	front->is_loopback = address_is_loopback(at);
	front->is_unix = at->is_unix;
	front->readings.next = front->readings.prev = &front->readings;
	hosts_copy(front, hosts, hosts_n);
	intake_init(&front->intake, fronts->loop, 0);
	front->intake.done = small_done;
	front->intake.owner = front;
	buf_init(&front->scratch, NULL, MIB);
	limits.body_bytes = fronts->limits.message_bytes;
	if (!http_server_new(fronts->loop, at, &limits, &handler, front, &front->server, err)) {
		front_free(front);
		return false;
	}
	http_server_watch(front->server, on_refused);
	if (!at->is_unix)
		http_server_set_tls(front->server, fronts->tls);
	*bound = *http_server_address(front->server);
	front->next = fronts->https;
	fronts->https = front;
	return true;
}

void
fronts_set_tls(struct fronts *fronts, struct tls_trust *trust)
{
	struct tls_trust *before = fronts->tls;

	fronts->tls = tls_trust_share(trust);
	tls_trust_unref(&before);
	for (struct front_http *front = fronts->https; front != NULL; front = front->next)
		if (!front->is_unix)
			http_server_set_tls(front->server, trust);
	replicas_renew(fronts->replicas);
}

void
front_http_close_all(struct fronts *fronts)
{
	fronts_set_tls(fronts, NULL);
	while (fronts->https != NULL) {
		struct front_http *front = fronts->https;

		fronts->https = front->next;
		front_free(front);
	}
}

unsigned
front_http_streams(const struct fronts *fronts)
{
	unsigned n = 0;

	for (const struct front_http *front = fronts->https; front != NULL; front = front->next)
		n += http_server_streams(front->server);
	return n;
}

bool
front_http_is_open(const struct fronts *fronts)
{
	const struct front_http *front = fronts->https;

	while (front != NULL && front->is_loopback)
		front = front->next;
	return front != NULL;
}

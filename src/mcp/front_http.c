/*
 * The Streamable HTTP front (2025-03-26 and later): POST, GET and DELETE of /mcp.
 *
 * A POST with a request is answered as JSON when the answer is the first thing to say; a question
 * or a progress notification before that, or STREAM_QUIET_MS of silence, opens an event stream.  A
 * client that disconnects has not cancelled: its call goes on.  GET opens the stream for what
 * belongs to no call.  What is refused before the body is read is decided in head_check(), from one
 * screen.
 */
#include "mcp/front.h"

#include <stdio.h>
#include <string.h>

#define SESSION_HEADER "Mcp-Session-Id"
#define STREAMS_MAX    4 /* GET streams of a session */

/* A GET stream of a session. */
struct http_stream {
	enum user_kind kind;
	struct http_stream *next;
	struct session *session;
	struct http_request *http;
	struct timer quiet;
};

/* A large body that is being read; small ones use the front's own intake. */
struct http_reading {
	enum user_kind kind;
	struct intake intake;
	struct front_http *front;
	struct http_request *http; /* NULL: the client has gone */
	struct http_reading *next, *prev;
	struct deferred gone;
};

struct front_http {
	struct front_http *next;
	struct fronts *fronts;
	struct http_server *server;
	struct slice *hosts;
	size_t hosts_n;
	bool is_loopback, is_unix;
	struct intake intake;
	struct http_request *reading; /* whose body the intake reads */
	struct buf scratch;
	struct http_reading readings; /* list head */
};

static const char stream_headers[] =
    "Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n";

/* ---- what is refused before the body --------------------------------------------------------- */

/* Answers with a JSON-RPC error that has no id. */
static void
respond_error(struct front_http *front, struct http_request *http, int status, struct slice extra,
    struct slice id, const struct err *err)
{
	struct reply reply = { .err = *err };

	buf_clear(&front->scratch);
	encode_error(&front->scratch, id, &reply);
	http_respond(http, status, extra, S("application/json"),
	    &(struct slice){ front->scratch.p, front->scratch.n }, 1);
}

/* "host:port", "[::1]:port" or "host": the host without brackets; false: it is none of these. */
static bool
authority_host(struct slice authority, struct slice *host)
{
	struct slice rest;
	uint64_t port;

	if (authority.n > 0 && authority.p[0] == '[') {
		authority.p++;
		authority.n--;
		*host = slice_cut(authority, ']', &rest);
		if (rest.n > 0 && rest.p[0] != ':')
			return false;
		if (rest.n > 0)
			slice_cut(rest, ':', &rest);
		else
			rest = SLICE_NONE;
	} else {
		*host = slice_cut(authority, ':', &rest);
	}
	return rest.p == NULL || slice_to_u64(rest, UINT16_MAX, &port);
}

static bool
host_is_allowed(const struct front_http *front, struct slice authority)
{
	static const struct slice loopback[] = { S("localhost"), S("127.0.0.1"), S("::1") };
	struct slice host;
	struct address literal;
	char text[ADDRESS_TEXT];
	struct buf buf;
	bool is_literal;
	struct err err;

	if (!authority_host(authority, &host))
		return false;
	for (size_t i = 0; i < COUNT(loopback); i++) {
		if (slice_eq_nocase(host, loopback[i]))
			return true;
	}
	for (size_t i = 0; i < front->hosts_n; i++) {
		if (slice_eq_nocase(host, front->hosts[i]) ||
		    slice_eq_nocase(authority, front->hosts[i]))
			return true;
	}
	if (front->is_loopback || host.n == 0 || host.n >= sizeof(text) - 8)
		return false;
	/* A literal address cannot be the name of a DNS rebinding attack. */
	buf_init(&buf, NULL, ADDRESS_TEXT);
	buf_printf(
	    &buf, memchr(host.p, ':', host.n) != NULL ? "[%.*s]:1" : "%.*s:1", SLICE_FMT(host));
	is_literal = address_parse(buf_view(&buf), &literal, &err);
	buf_fini(&buf);
	return is_literal;
}

static bool
origin_is_allowed(const struct front_http *front, struct slice origin)
{
	struct slice rest = SLICE_NONE;

	slice_cut(origin, ':', &rest);
	if (!slice_starts(rest, S("//")))
		return false;
	rest.p += 2;
	rest.n -= 2;
	return host_is_allowed(front, rest);
}

static bool
accepts(struct slice accept, struct slice type)
{
	struct slice rest = accept, item, parameters;

	while (rest.p != NULL) {
		item = slice_cut(rest, ',', &rest);
		item = slice_trim(slice_cut(item, ';', &parameters));
		if (slice_eq_nocase(item, type) || slice_eq(item, S("*/*")))
			return true;
		if (slice_ends(item, S("/*")) &&
		    slice_starts(type, (struct slice){ item.p, item.n - 1 }))
			return true;
	}
	return false;
}

/* The header fields that matter here: one pass over them all, for every request takes it twice. */
struct head {
	struct slice host, origin, accept, type, version, session;
	bool takes_json, takes_stream; /* in the answer to a POST */
};

static void
head_read(const struct http_request *http, struct head *head)
{
	const struct {
		struct slice name;
		struct slice *to;
	} fields[] = {
		{ S("host"), &head->host },
		{ S("accept"), &head->accept },
		{ S("content-type"), &head->type },
		{ S("mcp-session-id"), &head->session },
		{ S("mcp-protocol-version"), &head->version },
		{ S("origin"), &head->origin },
	};

	*head = (struct head){ 0 };
	for (unsigned i = 0; i < http->headers_n; i++) {
		for (size_t k = 0; k < COUNT(fields); k++) {
			if (fields[k].to->p == NULL &&
			    slice_eq_nocase(http->headers[i].name, fields[k].name)) {
				*fields[k].to = http->headers[i].value;
				break;
			}
		}
	}
	/* What nearly all clients send; no field, or any type, asks for JSON. */
	if (slice_eq(head->accept, S("application/json, text/event-stream"))) {
		head->takes_json = head->takes_stream = true;
	} else if (head->accept.p == NULL || slice_eq(head->accept, S("*/*"))) {
		head->takes_json = true;
	} else {
		head->takes_json = accepts(head->accept, S("application/json"));
		head->takes_stream = accepts(head->accept, S("text/event-stream"));
	}
}

/*
 * Status and text of a refusal, from the head alone; 0: go on.
 * long: one refusal after another, in the order in which clients meet them.
 */
static int
head_check(
    struct front_http *front, struct http_request *http, struct slice *extra, struct err *err)
{
	struct head head;
	struct slice parameters;
	struct caller caller = auth_anonymous();
	enum mcp_revision revision;
	bool is_post = slice_eq(http->method, S("POST"));
	bool is_get = slice_eq(http->method, S("GET"));

	head_read(http, &head);
#define REFUSE(status, kind, ...) (err_set(err, kind, __VA_ARGS__), status)
	if (!front->is_unix && !host_is_allowed(front, head.host))
		return REFUSE(421, ERR_REQUEST, "Host \"%.*s\" is not served here (listen.hosts)",
		    SLICE_FMT(head.host));
	if (head.origin.p != NULL && !origin_is_allowed(front, head.origin))
		return REFUSE(403, ERR_REQUEST, "Origin \"%.*s\" is not allowed (listen.hosts)",
		    SLICE_FMT(head.origin));
	if (!slice_eq(http->path, S("/mcp")))
		return REFUSE(404, ERR_REQUEST, "nothing at \"%.*s\": the endpoint is /mcp",
		    SLICE_FMT(http->path));
	if (!is_post && !is_get && !slice_eq(http->method, S("DELETE"))) {
		*extra = S("Allow: POST, GET, DELETE\r\n");
		return REFUSE(
		    405, ERR_REQUEST, "method %.*s is not allowed", SLICE_FMT(http->method));
	}
	if (front->fronts->is_draining && is_post && head.session.p == NULL) {
		*extra = S("Retry-After: 5\r\n");
		return REFUSE(503, ERR_UNAVAILABLE, "bascule is stopping");
	}
	if (is_post &&
	    !slice_eq_nocase(
		slice_trim(slice_cut(head.type, ';', &parameters)), S("application/json")))
		return REFUSE(415, ERR_REQUEST, "Content-Type must be application/json");
	if (is_get ? !accepts(head.accept, S("text/event-stream"))
		   : is_post && !head.takes_json && !head.takes_stream)
		return REFUSE(406, ERR_REQUEST, "Accept must name %stext/event-stream",
		    is_get ? "" : "application/json and ");
	if (head.version.p != NULL && !mcp_revision_find(head.version, &revision))
		return REFUSE(400, ERR_REQUEST,
		    "MCP-Protocol-Version \"%.*s\" is not supported (%s is)",
		    (int)(head.version.n > 64 ? 64 : head.version.n), head.version.p,
		    mcp_revision_name(MCP_NEWEST));
	if (head.session.p != NULL && session_find(front->fronts, head.session, &caller) == NULL)
		return REFUSE(404, ERR_REQUEST, "unknown or ended session: initialize again");
	if (head.session.p == NULL && !is_post)
		return REFUSE(400, ERR_REQUEST, SESSION_HEADER " is missing");
#undef REFUSE
	return 0;
}

static void
on_head(void *owner, struct http_request *http)
{
	struct front_http *front = owner;
	struct slice extra = SLICE_NONE;
	struct err err = { 0 };
	int status = head_check(front, http, &extra, &err);

	if (status != 0)
		respond_error(front, http, status, extra, SLICE_NONE, &err);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void
event_put(struct http_request *http, const struct slice *parts, size_t n)
{
	struct slice event[SPLICE_PARTS + REPLY_PARTS];

	must(n + 2 <= COUNT(event));
	event[0] = S("event: message\ndata: ");
	memcpy(event + 1, parts, n * sizeof(*parts));
	event[n + 1] = S("\n\n");
	http_stream_put(http, event, n + 2);
}

static void
stream_quiet(struct timer *timer)
{
	struct http_stream *stream = CONTAINER(timer, struct http_stream, quiet);
	struct loop *loop = stream->session->fronts->loop;

	timer_start(loop, timer, loop_now_ms(loop) + STREAM_QUIET_MS, stream_quiet);
	http_stream_put(stream->http, &S(":\n\n"), 1);
}

/* Takes it out of its session; the request is the caller's. */
static void
stream_free(struct http_stream *stream)
{
	struct http_stream **at = &stream->session->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	timer_stop(stream->session->fronts->loop, &stream->quiet);
	mem_free(stream);
}

static void
stream_end(struct http_stream *stream)
{
	struct http_request *http = stream->http;

	stream_free(stream);
	http->user = NULL;
	http_stream_end(http);
}

/* Room for one more; the oldest gives way, it is often one whose client has gone unseen. */
static void
streams_bound(struct session *session)
{
	struct http_stream *oldest = session->streams;
	unsigned n = 1;

	if (oldest == NULL)
		return;
	for (; oldest->next != NULL; oldest = oldest->next)
		n++;
	if (n >= STREAMS_MAX)
		stream_end(oldest);
}

static void
stream_open(struct session *session, struct http_request *http)
{
	struct loop *loop = session->fronts->loop;
	struct http_stream *stream = MEM_NEW(struct http_stream);

	streams_bound(session);
	stream->session = session;
	stream->http = http;
	stream->next = session->streams;
	session->streams = stream;
	stream->kind = USER_STREAM;
	http->user = &stream->kind;
	http_stream_begin(http, 200, slice_of(stream_headers), S("text/event-stream"));
	timer_start(loop, &stream->quiet, loop_now_ms(loop) + STREAM_QUIET_MS, stream_quiet);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
session_send(struct session *session, const struct slice *parts, size_t n)
{
	if (session->streams != NULL)
		event_put(session->streams->http, parts, n);
}

/* The header lines of an answer to a call: with initialize comes the session's id. */
static struct slice
call_headers(const struct front_call *call, const char *first)
{
	const struct session *session = call->session;

	if (call->exchange->request.method != MCP_INITIALIZE || session->is_ended)
		return slice_of(first);
	return arena_printf(call->http->arena, "%s" SESSION_HEADER ": %s\r\n", first, session->id);
}

static void
call_stream_begin(struct front_call *call)
{
	call->is_stream = true;
	http_stream_begin(
	    call->http, 200, call_headers(call, stream_headers), S("text/event-stream"));
}

static void
call_quiet(struct timer *timer)
{
	struct front_call *call = CONTAINER(timer, struct front_call, quiet);
	struct loop *loop = call->exchange->loop;

	if (call->http == NULL || !call->may_stream)
		return;
	timer_start(loop, timer, loop_now_ms(loop) + STREAM_QUIET_MS, call_quiet);
	if (call->is_stream) {
		http_stream_put(call->http, &S(":\n\n"), 1);
		return;
	}
	call_stream_begin(call);
}

/* Opens the stream of a call when that was not done yet; false: the client takes none. */
static bool
call_stream(struct front_call *call)
{
	if (call->http == NULL || !call->may_stream)
		return false;
	if (!call->is_stream)
		call_stream_begin(call);
	return call->http != NULL;
}

static bool
session_send_call(struct front_call *call, const struct slice *parts, size_t n)
{
	if (call_stream(call)) {
		event_put(call->http, parts, n);
		return true;
	}
	if (call->session->streams == NULL)
		return false;
	event_put(call->session->streams->http, parts, n);
	return true;
}

static bool
session_is_behind(const struct front_call *call)
{
	const struct http_stream *stream = call->session->streams;

	if (call->http != NULL && call->may_stream)
		return call->is_stream && http_stream_pending(call->http) > BEHIND_BYTES;
	return stream != NULL && http_stream_pending(stream->http) > BEHIND_BYTES;
}

static void
session_close(struct session *session)
{
	while (session->streams != NULL)
		stream_end(session->streams);
}

static const struct session_ops http_session_ops = {
	.send = session_send,
	.send_call = session_send_call,
	.is_behind = session_is_behind,
	.close = session_close,
};

static void
call_finish(struct exchange *exchange, const struct reply *reply)
{
	struct front_call *call = exchange->front_data;
	struct http_request *http = call->http;
	struct slice parts[REPLY_PARTS];
	struct buf scratch;
	bool is_initialize = exchange->request.method == MCP_INITIALIZE;
	bool is_cancelled = exchange->is_cancelled; /* by the client, not with its session */
	size_t n;

	timer_stop(exchange->loop, &call->quiet);
	buf_init(&scratch, NULL, MIB);
	if (http != NULL)
		http->keep = exchange->answer_text;
	n = encode_reply(exchange, reply, &scratch, parts);
	front_replied(call, reply);
	if (!call->session->has_begun || (http == NULL && is_initialize))
		session_end(call->session);
	if (http == NULL) {
		log_event(loop_log(exchange->loop), LOG_INFO, "client_gone",
		    "Request #%llu: the client left before its answer",
		    (unsigned long long)exchange->number);
	} else if (call->is_stream || !call->may_json || (is_cancelled && call->may_stream)) {
		http->user = NULL;
		if (!call->is_stream)
			call_stream_begin(call);
		/* A cancelled request is not answered: its stream just ends. */
		if (!is_cancelled)
			event_put(http, parts, n);
		http_stream_end(http);
	} else {
		http->user = NULL;
		http_respond(http, 200, call_headers(call, ""), S("application/json"), parts, n);
	}
	buf_fini(&scratch);
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
    const struct head *head, const struct message *message)
{
	struct front_call *call = front_call_new(session, intake, message, &http_front_ops);
	struct loop *loop = session->fronts->loop;

	call->http = http;
	call->may_stream = head->takes_stream;
	call->may_json = head->takes_json;
	call->kind = USER_CALL;
	http->user = &call->kind;
	timer_start(loop, &call->quiet, loop_now_ms(loop) + STREAM_QUIET_MS, call_quiet);
	front_begin(call);
}

/* What stands in scratch, as JSON, or as the only event for a client that takes nothing else. */
static void
respond_now(struct front_http *front, struct http_request *http, const struct head *head,
    struct slice extra)
{
	struct slice text = buf_view(&front->scratch);

	if (head->takes_json) {
		http_respond(http, 200, extra, S("application/json"), &text, 1);
		return;
	}
	http_stream_begin(http, 200, extra, S("text/event-stream"));
	event_put(http, &text, 1);
	http_stream_end(http);
}

/* The session is there first; it ends when initialize does not finish well. */
static void
initialize_begin(struct front_http *front, struct http_request *http, struct intake *intake,
    const struct head *head, const struct message *message)
{
	struct session *session = session_new(front->fronts, &http_session_ops, front, true);
	struct err err = { 0 };

	if (session == NULL) {
		err_set(&err, ERR_LIMIT, "limits.sessions (%u) reached, all in use",
		    front->fronts->limits.sessions);
		respond_error(front, http, 200, SLICE_NONE, message->id, &err);
		return;
	}
	buf_clear(&front->scratch);
	if (front_answer_now(session, message, &err, &front->scratch)) {
		session_end(session);
		respond_now(front, http, head, SLICE_NONE);
		return;
	}
	call_begin(session, intake, http, head, message);
}

/* A message without a session: initialize, or told what is missing. */
static void
message_without_session(struct front_http *front, struct http_request *http, struct intake *intake,
    const struct head *head, const struct message *message)
{
	struct err err = { 0 };

	if (message->kind == MESSAGE_REQUEST && message->method == MCP_INITIALIZE) {
		initialize_begin(front, http, intake, head, message);
		return;
	}
	if (message->kind == MESSAGE_REQUEST && message->method == MCP_UNKNOWN)
		err_set(
		    &err, ERR_METHOD, "unknown method \"%.*s\"", SLICE_FMT(message->method_name));
	else
		err_set(&err, ERR_REQUEST, SESSION_HEADER " is missing: initialize first");
	respond_error(front, http, 400, SLICE_NONE, front_id_of(message), &err);
}

static void
message_read(struct front_http *front, struct http_request *http, struct intake *intake,
    struct message *message, const struct err *err)
{
	struct caller caller = auth_anonymous();
	struct session *session;
	struct head head;

	head_read(http, &head);
	if (err->kind != ERR_NONE) {
		struct slice id = front_id_of(message);

		respond_error(front, http, id.p != NULL ? 200 : err_info(err->kind)->http_status,
		    SLICE_NONE, id, err);
		return;
	}
	if (head.session.p == NULL) {
		message_without_session(front, http, intake, &head, message);
		return;
	}
	/* Looked up again: it may have ended while a large body came in. */
	session = session_find(front->fronts, head.session, &caller);
	if (session == NULL) {
		struct err gone = { 0 };

		err_set(&gone, ERR_REQUEST, "unknown or ended session: initialize again");
		respond_error(front, http, 404, SLICE_NONE, front_id_of(message), &gone);
		return;
	}
	session_touch(session);
	if (message->kind != MESSAGE_REQUEST) {
		front_notice(session, message);
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
		return;
	}
	buf_clear(&front->scratch);
	if (front_answer_now(session, message, err, &front->scratch))
		respond_now(front, http, &head, SLICE_NONE);
	else
		call_begin(session, intake, http, &head, message);
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
		http->user = NULL;
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
	http->user = &reading->kind;
	intake_init(&reading->intake, front->fronts->loop, 0);
	reading->intake.done = large_done;
	reading->intake.owner = reading;
	intake_take(&reading->intake, &http->body);
}

static void
on_request(void *owner, struct http_request *http)
{
	struct front_http *front = owner;
	struct slice id;
	struct caller caller = auth_anonymous();
	struct session *session;

	if (slice_eq(http->method, S("POST"))) {
		body_read(front, http);
		return;
	}
	id = http_request_header(http, S("mcp-session-id"));
	session = session_find(front->fronts, id, &caller);
	if (session == NULL) {
		struct err gone = { 0 };

		err_set(&gone, ERR_REQUEST, "unknown or ended session: initialize again");
		respond_error(front, http, 404, SLICE_NONE, SLICE_NONE, &gone);
		return;
	}
	session_touch(session);
	if (slice_eq(http->method, S("GET"))) {
		stream_open(session, http);
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
	case USER_CALL:
		CONTAINER(kind, struct front_call, kind)->http = NULL;
		break;
	case USER_STREAM:
		stream_free(CONTAINER(kind, struct http_stream, kind));
		break;
	case USER_READING:
		CONTAINER(kind, struct http_reading, kind)->http = NULL;
		break;
	}
}

static const struct http_handler handler = {
	.head = on_head,
	.request = on_request,
	.gone = on_gone,
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
	for (size_t i = 0; i < n; i++) {
		char *copy = mem_new(hosts[i].n + 1);

		memcpy(copy, hosts[i].p, hosts[i].n);
		front->hosts[i] = (struct slice){ copy, hosts[i].n };
	}
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
	*bound = *http_server_address(front->server);
	front->next = fronts->https;
	fronts->https = front;
	return true;
}

void
front_http_close_all(struct fronts *fronts)
{
	while (fronts->https != NULL) {
		struct front_http *front = fronts->https;

		fronts->https = front->next;
		front_free(front);
	}
}

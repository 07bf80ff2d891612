/*
 * A connection of the HTTP server: reading, states, time.
 *
 * One read a callback, into the buffer everyone shares; an idle connection owns no buffer.  A
 * request is read only after the response before it has left; what came too early is held, a
 * bounded amount, beyond which reading stops.  The connection is freed in http_conn_drop() only,
 * never while conn_feed() of it is on the stack: owners' callbacks may answer at any time but not
 * destroy.
 */
#include <errno.h>
#include <string.h>

#include "net/http_conn.h"

#define HELD_MAX	 (16 * KIB) /* of later requests; more is not read */
#define REQUESTS_AT_ONCE 32	    /* in one callback */
#define LINGER_MS	 2000
#define LINGER_BYTES	 MIB
#define BODY_STEP_BYTES	 (64 * KIB)
#define BODY_PACE_BYTES	 (8 * KIB) /* in its time, or the end: who trickles holds no buffers */
#define DUE_STALE	 0xff	   /* no state: due_ms is to be set again */

_Static_assert(sizeof(struct http_conn) < 1024, "an idle connection is small");

/* ---- time ----------------------------------------------------------------------------------- */

static void on_timer(struct timer *timer);

static uint64_t
state_ms(const struct http_conn *conn)
{
	const struct http_limits *limits = &conn->server->limits;

	switch (conn->state) {
	case CONN_IDLE:
		return limits->idle_ms;
	case CONN_HEAD:
		return limits->head_ms;
	case CONN_BODY:
		return limits->body_ms;
	case CONN_LINGER:
		return LINGER_MS;
	default:
		return outbox_pending(&conn->outbox) > 0 ? limits->write_ms : 0;
	}
}

/*
 * The timer is left alone when it fires too early: it then looks at due_ms and starts again.  So
 * requests that follow each other do not touch the loop's heap of timers.
 */
static void
due_restart(struct http_conn *conn)
{
	uint64_t ms = state_ms(conn);

	conn->due_state = conn->state;
	conn->due_written = conn->outbox.written_bytes;
	conn->due_ms = ms == 0 ? 0 : loop_now_ms(conn->server->loop) + ms;
	if (conn->due_ms != 0 && (conn->timer.place == 0 || conn->timer.at_ms > conn->due_ms))
		timer_start(conn->server->loop, &conn->timer, conn->due_ms, on_timer);
}

/* The time of a state runs from its beginning, or from the last progress of the output. */
static void
due_update(struct http_conn *conn)
{
	bool has_time = state_ms(conn) != 0;

	if (conn->due_state != conn->state || has_time != (conn->due_ms != 0) ||
	    (conn->state >= CONN_WAIT && conn->due_written != conn->outbox.written_bytes))
		due_restart(conn);
}

static void
on_timer(struct timer *timer)
{
	struct http_conn *conn = CONTAINER(timer, struct http_conn, timer);

	if (conn->due_ms == 0)
		return;
	if (loop_now_ms(conn->server->loop) < conn->due_ms) {
		timer_start(conn->server->loop, &conn->timer, conn->due_ms, on_timer);
		return;
	}
	conn->due_ms = 0;
	if (conn->state == CONN_HEAD)
		http_conn_refuse(conn, 408, "the head of the request did not come in time");
	else if (conn->state == CONN_BODY)
		http_conn_refuse(conn, 408, "the body of the request did not come in time");
	else
		http_conn_drop(conn);
}

/* ---- life ----------------------------------------------------------------------------------- */

static void
request_free(struct http_conn *conn)
{
	struct request *request = conn->request;

	if (request == NULL)
		return;
	conn->request = NULL;
	buf_fini(&request->pub.body);
	arena_fini(&request->arena);
	http_head_fini(&request->head);
	mem_free(request);
}

void
http_request_forget(struct http_request *pub)
{
	struct request *request = request_of(pub);

	pub->method = pub->path = pub->query = SLICE_NONE;
	pub->headers = NULL;
	pub->headers_n = 0;
	arena_fini(&request->arena);
	http_head_fini(&request->head);
}

void
http_conn_gone(struct http_conn *conn)
{
	struct http_server *server = conn->server;
	bool was_in_gone = server->in_gone;

	if (!conn->is_told)
		return;
	conn->is_told = false;
	server->in_gone = true;
	server->handler.gone(server->owner, &conn->request->pub);
	server->in_gone = was_in_gone;
}

void
http_conn_drop(struct http_conn *conn)
{
	struct http_server *server = conn->server;

	must(!conn->in_input);
	http_conn_gone(conn);
	request_free(conn);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		server->conns = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	server->conns_n--;
	timer_stop(server->loop, &conn->timer);
	deferred_stop(server->loop, &conn->again);
	outbox_fini(&conn->outbox);
	stream_close(&conn->stream);
	buf_fini(&conn->held);
	mem_free(conn);
}

static void
on_fail(void *owner, const struct err *err)
{
	struct http_conn *conn = owner;
	char peer[ADDRESS_TEXT];

	if (err->kind == ERR_LIMIT) {
		address_print(&conn->peer, peer);
		log_event(loop_log(conn->server->loop), LOG_WARN, "client_slow",
		    "%s does not read what it is sent and is disconnected: %s", peer, err->text);
	}
	http_conn_drop(conn);
}

static void
linger_start(struct http_conn *conn)
{
	conn->state = CONN_LINGER;
	buf_fini(&conn->held);
	stream_shutdown(conn->stream);
}

static void on_again(struct deferred *deferred);

bool
http_conn_settle(struct http_conn *conn)
{
	bool is_full = conn->held.n >= HELD_MAX &&
	    (conn->state == CONN_WAIT || conn->state == CONN_DRAIN || conn->state == CONN_HELD);

	/* With output failed the outbox tells soon, and that is the end. */
	if (conn->state == CONN_DRAIN && outbox_pending(&conn->outbox) == 0 &&
	    !conn->outbox.has_failed) {
		if (!conn->closes && conn->server->is_stopping)
			conn->closes = true;
		if (!conn->closes) {
			conn->state = CONN_IDLE;
		} else if (!conn->peer_ended && (conn->lingers || conn->held.n > 0)) {
			linger_start(conn);
		} else {
			http_conn_drop(conn);
			return false;
		}
	}
	if (conn->state == CONN_IDLE && conn->held.n > 0)
		loop_defer(conn->server->loop, &conn->again, on_again);
	outbox_want(&conn->outbox, conn->peer_ended || is_full ? 0 : STREAM_READABLE);
	due_update(conn);
	return true;
}

void
http_conn_answered(struct http_conn *conn)
{
	conn->is_told = false;
	conn->is_stream = false;
	conn->state = CONN_DRAIN;
	if (conn->in_input && conn->in_hand > 0)
		return; /* conn_feed() has to skip the body first */
	request_free(conn);
	if (!conn->in_input)
		(void)http_conn_settle(conn);
}

/* ---- the head ------------------------------------------------------------------------------- */

static void
request_begin(struct http_conn *conn)
{
	struct memory *memory = loop_memory(conn->server->loop);
	const struct http_limits *limits = &conn->server->limits;
	struct request *request = MEM_NEW(struct request);

	request->conn = conn;
	http_head_init(&request->head, memory, limits->head_bytes, limits->headers);
	arena_init(&request->arena, memory, 4 * limits->body_bytes + MIB);
	buf_init(&request->pub.body, memory, limits->body_bytes);
	request->pub.peer = &conn->peer;
	request->pub.arena = &request->arena;
	conn->request = request;
	conn->closes = conn->lingers = conn->has_no_body = conn->is_chunked = false;
	conn->due_state = DUE_STALE;
	conn->state = CONN_HEAD;
	http_parser_init(&conn->parser, HTTP_REQUEST, &request->head);
}

/* The authority of an absolute target must say what Host says, so that nobody is led astray. */
static const char *
target_split(struct http_conn *conn, struct slice target)
{
	struct http_request *pub = &conn->request->pub;
	struct url url;
	struct err err;

	for (size_t i = 0; i < target.n; i++)
		if ((unsigned char)target.p[i] <= ' ' || (unsigned char)target.p[i] >= 0x7f ||
		    target.p[i] == '#')
			return "the request target holds a forbidden character";
	if (target.n == 0)
		return "the request target is missing";
	if (target.p[0] != '/' &&
	    !(slice_eq(target, S("*")) && slice_eq(pub->method, S("OPTIONS")))) {
		struct slice host = http_request_header(pub, S("Host"));

		if (!url_parse(target, &url, &err))
			return "the request target is neither a path nor a URL";
		if (!slice_eq_nocase(url.authority, host))
			return "the host of the request target is not that of the Host field";
		target = url.path;
	}
	pub->path = slice_cut(target, '?', &pub->query);
	return NULL;
}

/* Everything that the server itself asks of a head. False: it was answered. */
static bool
head_check(struct http_conn *conn, bool *expects)
{
	struct http_request *pub = &conn->request->pub;
	struct slice expect;
	const char *why;
	unsigned hosts;

	pub->method = slice_of(llhttp_method_name((llhttp_method_t)conn->parser.llhttp.method));
	pub->headers = http_head_fields(&conn->request->head, &pub->headers_n);
	conn->has_no_body = conn->parser.llhttp.method == HTTP_HEAD;
	conn->closes = !conn->parser.keeps_alive;
	if (conn->parser.llhttp.method == HTTP_CONNECT) {
		http_conn_refuse(conn, 501, "CONNECT is not served here");
		return false;
	}
	hosts = http_request_header_count(pub, S("Host"));
	if (hosts > 1 || (hosts == 0 && http_parser_minor(&conn->parser) > 0)) {
		http_conn_refuse(conn, 400, "exactly one Host field is needed");
		return false;
	}
	why = target_split(conn, http_head_target(&conn->request->head));
	if (why != NULL) {
		http_conn_refuse(conn, 400, why);
		return false;
	}
	if (conn->parser.left > conn->server->limits.body_bytes) {
		http_conn_refuse(conn, 413, "the body is longer than allowed here");
		return false;
	}
	expect = http_request_header(pub, S("Expect"));
	*expects = expect.p != NULL && http_parser_minor(&conn->parser) > 0;
	if (*expects &&
	    (!slice_eq_nocase(expect, S("100-continue")) ||
		http_request_header_count(pub, S("Expect")) > 1)) {
		http_conn_refuse(conn, 417, "the only expectation met here is 100-continue");
		return false;
	}
	return true;
}

static void
body_begin(struct http_conn *conn, bool expects)
{
	struct slice interim = S("HTTP/1.1 100 Continue\r\n\r\n");

	conn->state = CONN_BODY;
	conn->paced_bytes = 0;
	if (expects && conn->parser.framing != HTTP_FRAMING_NONE)
		outbox_send(&conn->outbox, &interim, 1);
}

/* in_hand: bytes that came after the head. */
static void
head_done(struct http_conn *conn, size_t in_hand)
{
	struct http_server *server = conn->server;
	bool expects = false;

	if (!head_check(conn, &expects))
		return;
	conn->in_hand = in_hand;
	conn->is_told = true;
	server->handler.head(server->owner, &conn->request->pub);
	if (conn->state == CONN_HELD) {
		conn->in_hand = 0;
		conn->expects = expects && in_hand == 0;
	}
	if (conn->state != CONN_HEAD)
		return;
	conn->in_hand = 0;
	body_begin(conn, expects && in_hand == 0);
}

void
http_request_hold(struct http_request *pub)
{
	struct http_conn *conn = request_of(pub)->conn;

	must(conn->state == CONN_HEAD && conn->in_input);
	conn->state = CONN_HELD;
}

void
http_request_go(struct http_request *pub)
{
	struct http_conn *conn = request_of(pub)->conn;

	must(conn->state == CONN_HELD && !conn->in_input);
	body_begin(conn, conn->expects && conn->held.n == 0);
	loop_defer(conn->server->loop, &conn->again, on_again);
	due_update(conn);
}

/* ---- the body ------------------------------------------------------------------------------- */

static void
body_done(struct http_conn *conn)
{
	conn->state = CONN_WAIT;
	conn->server->handler.request(conn->server->owner, &conn->request->pub);
}

/* Room for the next n bytes: all of a small body at once, a big one by doubling. */
MUST_CHECK static bool
body_reserve(struct http_conn *conn, size_t n, uint64_t left)
{
	struct buf *body = &conn->request->pub.body;
	size_t want = n > BODY_STEP_BYTES ? n : BODY_STEP_BYTES;
	struct err err;

	if (n <= body->cap - body->n)
		return true;
	if (want < body->n)
		want = body->n;
	if (conn->parser.framing == HTTP_FRAMING_LENGTH && want > left)
		want = (size_t)left;
	if (conn->parser.framing == HTTP_FRAMING_CHUNKED)
		want = n;
	if (n > body->ceiling_bytes - body->n) {
		http_conn_refuse(conn, 413, "the body is longer than allowed here");
		return false;
	}
	if (buf_reserve(body, want, &err) || buf_reserve(body, n, &err))
		return true;
	http_conn_refuse(conn, 503, "out of memory, try again later");
	return false;
}

static void
body_add(struct http_conn *conn, const char *bytes, size_t n)
{
	if (body_reserve(conn, n, conn->parser.left + n))
		buf_put(&conn->request->pub.body, (struct slice){ bytes, n });
}

/* Progress that is worth it: the time starts again. */
static void
body_paced(struct http_conn *conn, size_t n)
{
	conn->paced_bytes += n;
	if (conn->paced_bytes < BODY_PACE_BYTES)
		return;
	conn->paced_bytes = 0;
	conn->due_state = DUE_STALE;
}

/* A long body: read to where it belongs, without a copy. */
static void
body_read(struct http_conn *conn)
{
	struct buf *body = &conn->request->pub.body;
	size_t budget = SLICE_OF_WORK_BYTES;

	conn->in_input = true;
	while (budget > 0 && conn->state == CONN_BODY) {
		uint64_t left = conn->parser.left;
		size_t room;
		ssize_t n;

		if (!body_reserve(
			conn, left < BODY_STEP_BYTES ? (size_t)left : BODY_STEP_BYTES, left))
			break;
		room = body->cap - body->n < left ? body->cap - body->n : (size_t)left;
		if (room > budget)
			room = budget;
		n = stream_read(conn->stream, body->p + body->n, room);
		if (n == -EAGAIN)
			break;
		if (n <= 0) {
			conn->in_input = false;
			http_conn_drop(conn);
			return;
		}
		body->n += (size_t)n;
		budget -= (size_t)n;
		body_paced(conn, (size_t)n);
		http_parser_passed(&conn->parser, (size_t)n);
		if ((size_t)n == left)
			body_done(conn);
		else if ((size_t)n < room)
			break;
	}
	conn->in_input = false;
	(void)http_conn_settle(conn);
}

/* ---- input ---------------------------------------------------------------------------------- */

static void
step_take(struct http_conn *conn, enum http_step step, size_t left)
{
	switch (step) {
	case STEP_HEAD:
		head_done(conn, left);
		break;
	case STEP_DATA:
		body_add(conn, conn->parser.data, conn->parser.data_n);
		body_paced(conn, conn->parser.data_n);
		break;
	case STEP_DONE:
		body_done(conn);
		break;
	case STEP_BAD:
		http_conn_refuse(conn, conn->parser.status, conn->parser.why);
		break;
	case STEP_MORE:
		break;
	}
}

/* A request that was answered at its head: its body, which came with it, is passed over. */
static void
body_skip(struct http_conn *conn, char **bytes, size_t *n)
{
	if (!conn->closes && conn->parser.framing == HTTP_FRAMING_LENGTH) {
		*bytes += conn->parser.left;
		*n -= (size_t)conn->parser.left;
	}
	conn->in_hand = 0;
	request_free(conn);
}

/* Works through bytes as far as requests may be read; returns how many were used. */
static size_t
conn_feed(struct http_conn *conn, char *bytes, size_t n)
{
	char *start = bytes;
	unsigned requests = 0;

	conn->in_input = true;
	for (;;) {
		enum http_step step;

		if (conn->state == CONN_DRAIN && !conn->closes && !conn->server->is_stopping &&
		    outbox_pending(&conn->outbox) == 0 && !conn->outbox.has_failed)
			conn->state = CONN_IDLE;
		if (conn->state == CONN_IDLE) {
			if (n == 0 || requests++ == REQUESTS_AT_ONCE)
				break;
			request_begin(conn);
		}
		if (conn->state != CONN_HEAD && conn->state != CONN_BODY)
			break;
		step = http_parser_step(&conn->parser, &bytes, &n);
		if (step == STEP_MORE)
			break;
		step_take(conn, step, n);
		if (conn->in_hand > 0)
			body_skip(conn, &bytes, &n);
	}
	conn->in_input = false;
	return (size_t)(bytes - start);
}

static void
on_again(struct deferred *deferred)
{
	struct http_conn *conn = CONTAINER(deferred, struct http_conn, again);

	buf_cut(&conn->held, conn_feed(conn, conn->held.p, conn->held.n));
	if (conn->held.n == 0)
		buf_fini(&conn->held);
	(void)http_conn_settle(conn);
}

/* The 1st, 2nd, 4th, 8th ...: who tries must not fill the log. */
static void
tls_failed(struct http_conn *conn)
{
	struct http_server *server = conn->server;
	const char *why = tls_stream_why(conn->stream);
	char peer[ADDRESS_TEXT];

	server->tls_failures++;
	if (!log_is_due(server->tls_failures) || why == NULL)
		return;
	address_print(&conn->peer, peer);
	log_event(loop_log(server->loop), LOG_WARN, "client_tls", "%s: %s (%llu so far)", peer, why,
	    (unsigned long long)server->tls_failures);
}

/* The client's end, or an error of the connection. */
static void
conn_ended(struct http_conn *conn, ssize_t why)
{
	if (why == -EPROTO && conn->is_tls && conn->state == CONN_IDLE)
		tls_failed(conn);
	if (why == 0 && conn->state == CONN_DRAIN) {
		conn->peer_ended = conn->closes = true;
		(void)http_conn_settle(conn);
		return;
	}
	http_conn_drop(conn);
}

static void
conn_readable(struct http_conn *conn)
{
	char *buffer = http_read_buffer();
	size_t room = HTTP_READ_BYTES, used = 0;
	bool holds = conn->state == CONN_WAIT || conn->state == CONN_DRAIN ||
	    conn->state == CONN_HELD || conn->held.n > 0;
	ssize_t n;

	if (conn->state == CONN_BODY && conn->parser.framing == HTTP_FRAMING_LENGTH && !holds) {
		body_read(conn);
		return;
	}
	if (holds)
		room = conn->held.n < HELD_MAX ? HELD_MAX - conn->held.n : 0;
	if (room == 0)
		return;
	n = stream_read(conn->stream, buffer, room);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		conn_ended(conn, n);
		return;
	}
	if (conn->state == CONN_LINGER) {
		conn->lingered_bytes += (size_t)n;
		if (conn->lingered_bytes > LINGER_BYTES)
			http_conn_drop(conn);
		return;
	}
	if (!holds)
		used = conn_feed(conn, buffer, (size_t)n);
	buf_put(&conn->held, (struct slice){ buffer + used, (size_t)n - used });
	if (conn->held.overflow) {
		http_conn_drop(conn);
		return;
	}
	(void)http_conn_settle(conn);
}

static void
tell_drained(struct http_conn *conn)
{
	const struct http_handler *handler = &conn->server->handler;

	if (handler->drained != NULL && conn->is_told && conn->is_stream &&
	    outbox_pending(&conn->outbox) == 0)
		handler->drained(conn->server->owner, &conn->request->pub);
}

static void
on_ready(void *owner, unsigned events)
{
	struct http_conn *conn = owner;

	if (events & STREAM_WRITABLE) {
		outbox_ready(&conn->outbox);
		if (!http_conn_settle(conn))
			return;
		tell_drained(conn);
	}
	if (events & STREAM_READABLE)
		conn_readable(conn);
}

void
http_conn_new(struct http_server *server, struct stream *stream, const struct address *peer)
{
	struct http_conn *conn = MEM_NEW(struct http_conn);

	conn->server = server;
	conn->stream = stream;
	conn->peer = *peer;
	conn->is_tls = server->tls.trust != NULL;
	buf_init(&conn->held, loop_memory(server->loop), SIZE_MAX);
	outbox_init(&conn->outbox, server->loop, stream, server->limits.outbox_bytes);
	conn->outbox.owner = conn;
	conn->outbox.on_fail = on_fail;
	stream->on_ready = on_ready;
	stream->owner = conn;
	conn->next = server->conns;
	if (conn->next != NULL)
		conn->next->prev = conn;
	server->conns = conn;
	server->conns_n++;
	conn->due_state = DUE_STALE;
	(void)http_conn_settle(conn);
}

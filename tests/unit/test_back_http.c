/*
 * Both HTTP backs against an upstream that the test plays: what an answer, its absence or a broken
 * stream means for the call and for the session, and which transport is chosen.
 */
#include "back_world.h"

static void
answers_by_status(void **state)
{
	static const struct {
		const char *status, *headers, *body;
		bool ok, was_sent;
		enum errkind kind;
		const char *says;
	} rows[] = {
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}", true, true,
		    ERR_NONE, "" },
		{ "400 Bad", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":1}}", true,
		    true, ERR_NONE, "" },
		{ "400 Bad", JSON, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1}}", true,
		    true, ERR_NONE, "" },
		{ "401 No", JSON, "{\"why\":\"token\"}", false, false, ERR_UNAVAILABLE,
		    "HTTP 401: {\"why\":\"token\"}" },
		{ "403 No", "", "go away", false, false, ERR_UNAVAILABLE, "HTTP 403: go away" },
		{ "503 Later", "", "", false, false, ERR_UNAVAILABLE, "HTTP 503" },
		{ "500 Oh", "", "", false, true, ERR_OUTCOME_UNKNOWN, "HTTP 500" },
		{ "502 Oh", "", "", false, true, ERR_OUTCOME_UNKNOWN, "HTTP 502" },
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}", false, true,
		    ERR_OUTCOME_UNKNOWN, "without a response" },
		/* An answer came that nobody can read: it was done. */
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{", false, true,
		    ERR_UNAVAILABLE, "no valid message" },
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":5}", false, true,
		    ERR_UNAVAILABLE, "no JSON object" },
		{ "200 OK", "Content-Type: text/event-stream\r\n", "", false, true,
		    ERR_OUTCOME_UNKNOWN, "event stream without" },
		{ "200 OK", "Content-Type: text/event-stream\r\n",
		    "id: 1\ndata:\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n", true,
		    true, ERR_NONE, "" },
		/* What is no answer does not end the call, however broken. */
		{ "200 OK", "Content-Type: text/event-stream\r\n",
		    "data: {\"method\":\"notifications/message\"}\n\n"
		    "data: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n"
		    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n",
		    true, true, ERR_NONE, "" },
		{ "200 OK", "Content-Type: text/event-stream\r\n", "data: rubbish\n\n", false, true,
		    ERR_UNAVAILABLE, "no valid message" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;

		http_open(&world);
		task = call_begin(&world, 0);
		respond(&world, peer_that_heard(&world, "\"id\":2"), rows[i].status,
		    rows[i].headers, slice_of(rows[i].body));
		assert_true(task->is_over);
		if (task->ok != rows[i].ok)
			fail_msg("row %zu: %s", i, task->err.text);
		assert_int_equal(task->call.was_sent, rows[i].was_sent);
		if (!rows[i].ok)
			assert_failed(task, rows[i].kind, rows[i].says);
		assert_int_equal(world.lost, 0);
		world_fini(&world);
	}
}

/* Large notification, small notification and the response come at once, and the stream ends. */
static void
small_events_after_a_large_one(void **state)
{
	struct world world;
	struct caller_task *task;
	struct buf body;

	(void)state;
	buf_init(&body, NULL, SIZE_MAX);
	buf_puts(&body, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"x\":\"");
	for (size_t i = 0; i < 2 * SLICE_OF_WORK_BYTES; i++)
		buf_putc(&body, 'x');
	buf_puts(&body,
	    "\"}\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"
	    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n");
	http_open(&world);
	task = call_begin(&world, 0);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "200 OK",
	    "Content-Type: text/event-stream\r\n", buf_view(&body));
	assert_true(task->is_over);
	assert_true(task->ok);
	buf_fini(&body);
	world_fini(&world);
}

/* The session is forgotten: the call that hears it was not done, the other still gets its answer.
 */
static void
a_lost_session_loses_no_answer(void **state)
{
	struct world world;
	struct caller_task *a, *b, *c;

	(void)state;
	http_open(&world);
	a = call_begin(&world, 0);
	b = call_begin(&world, 1);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "404 Not Found", "", S(""));
	assert_failed(a, ERR_UNAVAILABLE, "HTTP 404");
	assert_false(a->call.was_sent);
	assert_int_equal(world.lost, 1);
	assert_false(back_is_usable(world.back));
	assert_false(b->is_over);
	c = call_begin(&world, 2);
	assert_failed(c, ERR_UNAVAILABLE, "forgotten the session");
	spawn(&world, close_run, &world);
	assert_false(world.is_closed);
	respond(&world, peer_that_heard(&world, "\"id\":3"), "200 OK", JSON,
	    S("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}"));
	assert_true(b->is_over && b->ok);
	assert_true(world.is_closed);
	world_fini(&world);
}

/* ... but not for ever. */
static void
a_lost_session_waits_its_grace(void **state)
{
	struct world world;
	struct caller_task *a, *b;

	(void)state;
	http_open(&world);
	a = call_begin(&world, 0);
	b = call_begin(&world, 1);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "404 Not Found", "", S(""));
	assert_true(a->is_over);
	spawn(&world, close_run, &world);
	machine_sleep(&world.machine, world.loop, 999);
	turns(&world);
	assert_false(b->is_over);
	machine_sleep(&world.machine, world.loop, 1);
	turns(&world);
	assert_failed(b, ERR_OUTCOME_UNKNOWN, "closed by bascule");
	world_fini(&world);
}

/* A connection that is refused says nothing about calls whose connections stand. */
static void
a_refused_connection(void **state)
{
	struct world world;
	struct caller_task *a, *b;

	(void)state;
	http_open(&world);
	while (world.calls[0].world == NULL || newest(&world)->heard.n == 0)
		call_begin(&world, 0);
	a = &world.calls[0];
	world.machine.connect_error = ECONNREFUSED;
	/* Idle connections first, then new ones. */
	for (unsigned i = 1; i < CALLS_MAX; i++) {
		b = call_begin(&world, i);
		if (b->is_over)
			break;
	}
	assert_failed(b, ERR_UNAVAILABLE, "refused");
	assert_false(b->call.was_sent);
	assert_false(a->is_over);
	assert_int_equal(world.lost, 0);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "200 OK", JSON,
	    S("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}"));
	assert_true(a->is_over && a->ok);
	world_fini(&world);
}

/* A status, a body; whether the session counts as lost, and whether that is mere suspicion. */
static void
lost_sessions(void **state)
{
#define ERROR_OF(id, code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}"
	static const struct {
		const char *status, *headers, *body;
		bool is_lost, is_doubt, has_answer;
	} rows[] = {
		{ "404 Not Found", "", "", true, false, false },
		{ "410 Gone", "", "gone", true, false, false },
		{ "404 Not Found", JSON, ERROR_OF("null", "-32001", "Session not found"), true,
		    false, false },
		{ "404 Not Found", JSON,
		    ERROR_OF("\"server-error\"", "-32600", "Session not found"), true, false,
		    false },
		{ "404 Not Found", JSON, ERROR_OF("2", "-32001", "Session not found"), true, false,
		    false },
		{ "404 Not Found", JSON, ERROR_OF("2", "-32601", "no such method"), false, false,
		    true },
		{ "404 Not Found", JSON, "{\"detail\":\"Not Found\"}", true, false, false },
		{ "400 Bad", "", "", true, true, false },
		{ "400 Bad", "", "No valid session ID provided", true, true, false },
		{ "400 Bad", "", "that is no request", false, false, false },
		{ "400 Bad", JSON, ERROR_OF("null", "-32000", "Bad Request: No valid session ID"),
		    true, true, false },
		{ "400 Bad", JSON,
		    ERROR_OF("null", "-32000", "Bad Request: Server not initialized"), true, true,
		    false },
		{ "400 Bad", JSON, ERROR_OF("2", "-32000", "Bad Request: No valid session ID"),
		    true, true, false },
		{ "400 Bad", JSON, ERROR_OF("2", "-32602", "session_name is missing"), false, false,
		    true },
		{ "400 Bad", JSON, ERROR_OF("2", "-32000", "no such page"), false, false, true },
		{ "202 Accepted", "", "", true, true, false },
		{ "200 OK", JSON, "", true, true, false },
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}", true, true,
		    false },
		{ "200 OK", JSON,
		    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\": { \"_meta\": {\"a\":[1]} } }", true,
		    true, false },
		{ "200 OK", "Content-Type: text/event-stream\r\n",
		    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n", true, true, false },
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[]}}",
		    false, false, true },
		{ "200 OK", JSON,
		    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"_meta\":{},\"x\":1}}", false,
		    false, true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		bool was_doubted = i % 2 != 0;
		struct world world;
		struct caller_task *task;

		http_open(&world);
		world.exchange.request.method = MCP_TOOLS_CALL;
		world.memory.has_doubted = was_doubted;
		world.memory.doubted_ms = loop_now_ms(world.loop);
		task = call_begin(&world, 0);
		respond(&world, peer_that_heard(&world, "\"id\":2"), rows[i / 2].status,
		    rows[i / 2].headers, slice_of(rows[i / 2].body));
		assert_true(task->is_over);
		if (world.lost != (rows[i / 2].is_lost && !(was_doubted && rows[i / 2].is_doubt)))
			fail_msg("row %zu (%d): lost %u: %s", i / 2, was_doubted, world.lost,
			    world.err.text);
		if (rows[i / 2].has_answer)
			assert_true(task->ok);
		else if (world.lost > 0)
			assert_false(task->ok);
		world_fini(&world);
	}
}

/* ---- streams that end early ------------------------------------------------------------------ */

#define STREAM "Content-Type: text/event-stream\r\n"

static struct peer *
resumed(struct world *world, uint64_t after_ms, const char *id)
{
	char line[64];

	for (unsigned i = 0; i < world->machine.peers_n; i++)
		buf_clear(&world->machine.peers[i]->heard);
	if (after_ms > 0) {
		machine_sleep(&world->machine, world->loop, (unsigned)after_ms - 1);
		turns(world);
		for (unsigned i = 0; i < world->machine.peers_n; i++)
			assert_false(has_heard(world->machine.peers[i], "GET /mcp"));
		machine_sleep(&world->machine, world->loop, 1);
	}
	turns(world);
	snprintf(line, sizeof(line), "Last-Event-ID: %s\r\n", id);
	assert_true(has_heard(peer_that_heard(world, "GET /mcp"), line));
	assert_true(has_heard(peer_that_heard(world, "GET /mcp"), "Mcp-Session-Id: s1"));
	return peer_that_heard(world, "GET /mcp");
}

static void
a_stream_is_gone_on_with(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	http_open(&world);
	task = call_begin(&world, 0);
	/* A half event is none: what it would have said comes again. */
	respond(&world, peer_that_heard(&world, "\"id\":2"), "200 OK", STREAM,
	    S("id: a\ndata:\n\nretry: 700\n\nid: b\ndata: {\"jsonrpc\""));
	assert_false(task->is_over);
	/* An event without id leaves the last one in force, a fault of the moment counts. */
	respond(&world, resumed(&world, 700, "a"), "200 OK", STREAM, S(": nothing\n\n"));
	respond(&world, resumed(&world, 700, "a"), "502 Bad Gateway", "", S(""));
	respond(&world, resumed(&world, 700, "a"), "200 OK", STREAM,
	    S("id: c\nretry: 1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"));
	respond(&world, resumed(&world, 1, "c"), "200 OK", STREAM,
	    S("data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n"));
	assert_true(task->is_over && task->ok);
	assert_int_equal(world.lost, 0);
	world_fini(&world);
}

/* Without an id, with one that is too long, and where the server does not know it. */
static void
a_stream_that_cannot_be_gone_on_with(void **state)
{
	static const struct {
		bool has_id, is_long;
		const char *status, *headers;
		unsigned times;
		bool is_lost;
	} rows[] = {
		{ false, false, "", "", 0, false },
		{ true, true, "", "", 0, false },
		{ true, false, "405 No", "", 1, false },
		{ true, false, "200 OK", JSON, 1, false },
		{ true, false, "404 Not Found", "", 1, true },
		{ true, false, "503 Later", "", 5, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;
		struct buf text;

		buf_init(&text, NULL, SIZE_MAX);
		buf_puts(&text, rows[i].has_id ? "id: a" : "");
		for (unsigned k = 0; k < (rows[i].is_long ? 2000 : 0); k++)
			buf_putc(&text, 'a');
		buf_puts(&text, "\ndata:\n\n");
		http_open(&world);
		task = call_begin(&world, 0);
		respond(
		    &world, peer_that_heard(&world, "\"id\":2"), "200 OK", STREAM, buf_view(&text));
		for (unsigned k = 0; k < rows[i].times; k++) {
			assert_false(task->is_over);
			respond(&world, resumed(&world, 1000, "a"), rows[i].status, rows[i].headers,
			    S(""));
		}
		assert_failed(task, ERR_OUTCOME_UNKNOWN, "");
		assert_int_equal(world.lost, rows[i].is_lost);
		buf_fini(&text);
		world_fini(&world);
	}
}

/* The call ends while its stream waits to be gone on with. */
static void
a_call_that_ends_between_streams(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	http_open(&world);
	task = call_begin(&world, 0);
	respond(
	    &world, peer_that_heard(&world, "\"id\":2"), "200 OK", STREAM, S("id: a\ndata:\n\n"));
	group_cancel(&world.group, ERR_CANCELLED);
	turns(&world);
	assert_true(task->is_over);
	for (unsigned i = 0; i < world.machine.peers_n; i++)
		assert_false(has_heard(world.machine.peers[i], "GET /mcp"));
	machine_sleep(&world.machine, world.loop, 2000);
	turns(&world);
	for (unsigned i = 0; i < world.machine.peers_n; i++)
		assert_false(has_heard(world.machine.peers[i], "GET /mcp"));
	world_fini(&world);
}

/* ---- HTTP+SSE -------------------------------------------------------------------------------- */

static void
sse_says(struct world *world, struct peer *stream, const char *text)
{
	char size[32];

	snprintf(size, sizeof(size), "%zx\r\n", strlen(text));
	peer_says(stream, slice_of(size));
	peer_says(stream, slice_of(text));
	peer_says(stream, S("\r\n"));
	turns(world);
}

static struct peer *
sse_stream(struct world *world, const char *endpoint)
{
	struct peer *stream;
	char text[128];

	world_init(world);
	world->upstream.url = S("http://127.0.0.1:9/sse");
	world->upstream.transport = TRANSPORT_SSE;
	spawn(world, open_run, world);
	stream = peer_that_heard(world, "GET /sse");
	peer_says(stream,
	    S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	      "Content-Type: text/event-stream\r\n\r\n"));
	snprintf(text, sizeof(text), "event: endpoint\ndata: %s\n\n", endpoint);
	sse_says(world, stream, text);
	return stream;
}

static struct peer *
sse_open(struct world *world)
{
	struct peer *stream = sse_stream(world, "messages?s=1");

	respond(world, peer_that_heard(world, "\"initialize\""), "202 Accepted", "", S(""));
	assert_true(has_heard(peer_that_heard(world, "\"initialize\""), "POST /messages?s=1"));
	sse_says(world, stream, "event: message\ndata: " INITIALIZED "\n\n");
	assert_true(world->is_open);
	respond(
	    world, peer_that_heard(world, "notifications/initialized"), "202 Accepted", "", S(""));
	for (unsigned i = 0; i < world->machine.peers_n; i++)
		buf_clear(&world->machine.peers[i]->heard);
	return stream;
}

static void
sse_answers(void **state)
{
	static const struct {
		const char *status, *body, *event;
		bool ok, was_sent;
		enum errkind kind;
		const char *says;
		bool is_lost;
	} rows[] = {
		{ "202 Accepted", "Accepted",
		    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n", true, true, ERR_NONE,
		    "", false },
		/* It need not wait for the answer to the POST. */
		{ NULL, "",
		    "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n", true,
		    true, ERR_NONE, "", false },
		/* A body is none of the protocol. */
		{ "200 OK", "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"no\":1}}",
		    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n", true, true, ERR_NONE,
		    "", false },
		{ "403 No", "go away", NULL, false, false, ERR_UNAVAILABLE, "HTTP 403: go away",
		    false },
		{ "404 Not Found", "", NULL, false, false, ERR_UNAVAILABLE, "HTTP 404", true },
		{ "500 Oh", "", NULL, false, true, ERR_OUTCOME_UNKNOWN, "HTTP 500", false },
		/* Another endpoint later, another event, what is no message: none of it counts. */
		{ "202 Accepted", "",
		    "event: endpoint\ndata: http://elsewhere/\n\nevent: ping\ndata: x\n\n"
		    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n",
		    true, true, ERR_NONE, "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct peer *stream = sse_open(&world);
		struct caller_task *task = call_begin(&world, 0);
		struct peer *post = peer_that_heard(&world, "\"id\":2");

		assert_true(has_heard(post, "POST /messages?s=1 "));
		if (rows[i].status != NULL)
			respond(&world, post, rows[i].status, JSON, slice_of(rows[i].body));
		assert_true(rows[i].event == NULL || !task->is_over);
		if (rows[i].event != NULL)
			sse_says(&world, stream, rows[i].event);
		if (!task->is_over || task->ok != rows[i].ok)
			fail_msg("row %zu: %s", i, task->err.text);
		assert_int_equal(task->call.was_sent, rows[i].was_sent);
		if (!rows[i].ok)
			assert_failed(task, rows[i].kind, rows[i].says);
		assert_int_equal(world.lost, rows[i].is_lost);
		world_fini(&world);
	}
}

/* The end of the stream ends everything that was sent; what was not, is surely not done. */
static void
sse_stream_ends(void **state)
{
	struct world world;
	struct peer *stream = sse_open(&world);
	struct caller_task *a = call_begin(&world, 0), *b, *c;

	(void)state;
	respond(&world, peer_that_heard(&world, "\"id\":2"), "202 Accepted", "", S(""));
	b = call_begin(&world, 1);
	assert_false(a->is_over || b->is_over);
	peer_says(stream, S("0\r\n\r\n"));
	turns(&world);
	assert_failed(a, ERR_OUTCOME_UNKNOWN, "ended its event stream");
	assert_failed(b, ERR_OUTCOME_UNKNOWN, "ended its event stream");
	assert_int_equal(world.lost, 1);
	c = call_begin(&world, 2);
	assert_failed(c, ERR_UNAVAILABLE, "ended its event stream");
	world_fini(&world);
}

static void
sse_endpoints_elsewhere(void **state)
{
	static const char *const rows[] = { "http://127.0.0.1:10/m", "//evil/m",
		"https://127.0.0.1:9/m", "/a b" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;

		sse_stream(&world, rows[i]);
		assert_false(world.is_open);
		if (strstr(world.err.text, "endpoint that is refused") == NULL)
			fail_msg("%s: %s", rows[i], world.err.text);
		assert_int_equal(world.err.kind, ERR_UNAVAILABLE);
		world_fini(&world);
	}
}

/* POST initialize is answered so; is the server then asked by GET, and what is remembered? */
static void
transports_by_status(void **state)
{
	static const struct {
		enum config_transport configured;
		const char *status, *headers, *body;
		bool is_asked;
	} rows[] = {
		{ TRANSPORT_AUTO, "400 Bad", JSON, "{\"error\":1}", true },
		{ TRANSPORT_AUTO, "400 Bad", JSON, ERROR_OF("1", "-32600", "no"), true },
		{ TRANSPORT_AUTO, "404 No", "", "", true },
		{ TRANSPORT_AUTO, "405 No", "", "", true },
		{ TRANSPORT_AUTO, "406 No", "", "", true },
		{ TRANSPORT_AUTO, "401 Who", "", "", false },
		{ TRANSPORT_AUTO, "403 No", "", "", false },
		{ TRANSPORT_AUTO, "429 Later", "", "", false },
		{ TRANSPORT_AUTO, "500 Oh", "", "", false },
		{ TRANSPORT_HTTP, "405 No", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		bool is_asked = false;

		world_init(&world);
		world.upstream.url = S("http://127.0.0.1:9/mcp");
		world.upstream.transport = rows[i].configured;
		spawn(&world, open_run, &world);
		respond(&world, peer_that_heard(&world, "\"initialize\""), rows[i].status,
		    rows[i].headers, slice_of(rows[i].body));
		for (unsigned k = 0; k < world.machine.peers_n; k++)
			is_asked |= has_heard(world.machine.peers[k], "GET /mcp");
		if (is_asked != rows[i].is_asked)
			fail_msg("row %zu: %s", i, world.err.text);
		if (is_asked) {
			respond(&world, peer_that_heard(&world, "GET /mcp"), "404 Not Found", "",
			    S(""));
			if (strstr(world.err.text, "speaks neither Streamable HTTP") == NULL)
				fail_msg("row %zu: %s", i, world.err.text);
		}
		assert_false(world.is_open);
		assert_int_equal(world.memory.transport, TRANSPORT_AUTO);
		world_fini(&world);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_by_status),
		cmocka_unit_test(small_events_after_a_large_one),
		cmocka_unit_test(a_lost_session_loses_no_answer),
		cmocka_unit_test(a_lost_session_waits_its_grace),
		cmocka_unit_test(a_refused_connection),
		cmocka_unit_test(lost_sessions),
		cmocka_unit_test(a_stream_is_gone_on_with),
		cmocka_unit_test(a_stream_that_cannot_be_gone_on_with),
		cmocka_unit_test(a_call_that_ends_between_streams),
		cmocka_unit_test(sse_answers),
		cmocka_unit_test(sse_stream_ends),
		cmocka_unit_test(sse_endpoints_elsewhere),
		cmocka_unit_test(transports_by_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

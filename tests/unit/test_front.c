/*
 * The fronts before a gate that the test plays: sessions and their bounds, what is answered at once
 * and with which id, streams, questions, and clients that leave, do not read, or answer what nobody
 * asked.
 */
#include "front_double.h"

/* ---- stdio ----------------------------------------------------------------------------------- */

static void
on_end(void *owner)
{
	((struct world *)owner)->ended++;
}

static void
stdio_init(struct world *world)
{
	world_init(world);
	world->in = peer_new(&world->machine, world->loop);
	world->out = peer_new(&world->machine, world->loop);
	front_stdio_open_on(world->fronts, &world->in->stream, &world->out->stream, on_end, world);
}

/* Says a line and compares what is answered to it. */
static void
says(struct world *world, const char *line, const char *answer)
{
	buf_clear(&world->out->heard);
	peer_says(world->in, slice_of(line));
	peer_says(world->in, S("\n"));
	turns(world);
	buf_putc(&world->out->heard, '\0');
	if (strcmp(world->out->heard.p, answer) != 0)
		fail_msg("%s: %s", line, world->out->heard.p);
	buf_clear(&world->out->heard);
}

static void
stdio_at_once(void **state)
{
	struct world world;

	(void)state;
	stdio_init(&world);
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32600,\"message\":"
	    "\"\\\"tools/list\\\" came before initialize was answered\",\"data\":{\"kind\":\"request\"}}}\n");
	says(&world, INITIALIZE("\"i\"", "{}"),
	    "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"result\":" INITIALIZED "}\n");
	says(&world, INITIALIZE("3", "{}"),
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32600,\"message\":"
	    "\"this session was initialised before\",\"data\":{\"kind\":\"request\"}}}\n");
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"notifications/progress\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32601,\"message\":"
	    "\"\\\"notifications/progress\\\" is not a request that clients send\","
	    "\"data\":{\"kind\":\"method\"}}}\n");
	/* Never answered: notifications, good or not, and blank lines. */
	says(&world, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "");
	says(&world, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":5}", "");
	says(&world, "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\"}", "");
	says(&world, "  \r", "");
	/* A faulty answer of the client: its id is one of ours, not one of its requests'. */
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
	    "\"a message needs \\\"method\\\", \\\"result\\\" or \\\"error\\\", one of them\","
	    "\"data\":{\"kind\":\"request\"}}}\n");
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}", "");
	world_fini(&world);
}

/* What comes while initialize is in progress waits for its answer, but for a ping. */
static void
stdio_initialize_in_progress(void **state)
{
	struct reply failed = { .err = { 0 } };
	struct world world;

	(void)state;
	stdio_init(&world);
	world.holds_initialize = true;
	says(&world, INITIALIZE("0", "{}"), "");
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
	says(&world, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "");
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}", "");
	assert_int_equal(world.begun_n, 1);
	world.in->says_end = true;
	turns(&world);
	finish(world.begun[0], (struct reply){ .result = S(INITIALIZED) });
	world.begun_n = 0;
	turns(&world);
	assert_int_equal(world.begun_n, 1);
	assert_int_equal(world.begun[0]->request.method, MCP_TOOLS_LIST);
	assert_int_equal(world.ended, 0);
	finish(world.begun[--world.begun_n], (struct reply){ .result = S("{}") });
	turns(&world);
	assert_int_equal(world.ended, 1);
	world_fini(&world);
	/* One that fails may be tried again. */
	stdio_init(&world);
	world.holds_initialize = true;
	says(&world, INITIALIZE("0", "{}"), "");
	err_set(&failed.err, ERR_LIMIT, "busy");
	finish(world.begun[--world.begun_n], failed);
	turns(&world);
	assert_true(has_heard(world.out, "\"id\":0,\"error\""));
	world.holds_initialize = false;
	says(&world, INITIALIZE("1", "{}"),
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" INITIALIZED "}\n");
	world_fini(&world);
}

static void
stdio_calls_and_cancels(void **state)
{
	struct world world;

	(void)state;
	stdio_init(&world);
	peer_says(world.in, S(INITIALIZE("0", "{}") "\n"));
	turns(&world);
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", "");
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"tools/list\"}", "");
	assert_int_equal(world.begun_n, 2);
	/* 1 and "1" are two; a second 1 is refused. */
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,\"message\":"
	    "\"id 1 is that of a request in progress\",\"data\":{\"kind\":\"request\"}}}\n");
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	    "\"params\":{\"requestId\":\"1\"}}",
	    "");
	assert_int_equal(world.cancelled, 1);
	assert_false(world.begun[0]->is_cancelled);
	finish(world.begun[1], (struct reply){ .result = S("{}") });
	finish(world.begun[0], (struct reply){ .result = S("{\"a\":1}") });
	world.begun_n = 0;
	turns(&world);
	assert_true(slice_eq(
	    peer_heard(world.out), S("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1}}\n")));
	says(&world, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}", "");
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	    "\"params\":{\"requestId\":1}}",
	    "");
	world_fini(&world);
}

static void
stdio_batches(void **state)
{
	struct world world;

	(void)state;
	stdio_init(&world);
	says(&world, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
	    "\"batches are not part of this protocol revision: send one message at a time\","
	    "\"data\":{\"kind\":\"request\"}}}\n");
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
	    "\"protocolVersion\":\"2025-03-26\",\"capabilities\":{}}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":" INITIALIZED "}\n");
	says(&world, "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}]", "");
	says(&world,
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"},"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]",
	    "");
	world.in->says_end = true;
	turns(&world);
	assert_int_equal(world.ended, 0);
	finish(world.begun[--world.begun_n], (struct reply){ .result = S("{\"a\":1}") });
	turns(&world);
	assert_true(slice_eq(peer_heard(world.out),
	    S("[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}},"
	      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1}}]\n")));
	assert_int_equal(world.ended, 1);
	world_fini(&world);
}

/* While a large message is read, no more is taken from the client than one read. */
static void
stdio_holds_back(void **state)
{
	struct world world;
	struct buf text;

	(void)state;
	stdio_init(&world);
	buf_init(&text, NULL, SIZE_MAX);
	buf_puts(&text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":\"");
	for (size_t i = 0; i < 4 * SLICE_OF_WORK_BYTES; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\"}}\n");
	for (size_t i = 0; i < 4 * SLICE_OF_WORK_BYTES; i++)
		buf_putc(&text, '\n');
	buf_puts(&text, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
	peer_says(world.in, buf_view(&text));
	while (world.in->says_at < 4 * SLICE_OF_WORK_BYTES)
		(void)loop_turn(world.loop, 0);
	while (world.out->heard.n == 0) {
		assert_true(world.in->says_at < 4 * SLICE_OF_WORK_BYTES + 128 * KIB);
		(void)loop_turn(world.loop, 0);
	}
	turns(&world);
	assert_true(has_heard(world.out, "\"id\":2"));
	buf_fini(&text);
	world_fini(&world);
}

static void
stdio_ends(void **state)
{
	struct world world;

	(void)state;
	/* With a call in progress: after its answer. */
	stdio_init(&world);
	peer_says(world.in, S(INITIALIZE("0", "{}") "\n"));
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":" INITIALIZED "}\n");
	world.in->says_end = true;
	turns(&world);
	assert_int_equal(world.ended, 0);
	finish(world.begun[--world.begun_n], (struct reply){ .result = S("{}") });
	turns(&world);
	assert_int_equal(world.ended, 1);
	assert_true(has_heard(world.out, "\"id\":1,\"result\""));
	world_fini(&world);
	/* The last answer finds nobody: that is the end too. */
	stdio_init(&world);
	world.out->write_room = 0;
	peer_says(world.in, S("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"));
	world.in->says_end = true;
	turns(&world);
	assert_int_equal(world.ended, 0);
	world.out->write_error = EPIPE;
	turns(&world);
	assert_int_equal(world.ended, 1);
	world_fini(&world);
}

static void
stdio_progress(void **state)
{
	static const char params[] = "{\"progress\":1,\"progressToken\":18}";
	struct tell tell = { .method = MCP_PROGRESS, .params = S("") };
	struct world world;

	(void)state;
	tell.params = (struct slice){ params, sizeof(params) - 1 };
	tell.token = (struct slice){ params + sizeof(params) - 4, 2 };
	stdio_init(&world);
	peer_says(world.in, S(INITIALIZE("0", "{}") "\n"));
	peer_says(world.in,
	    S("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
	      "\"_meta\":{\"progressToken\":\"mine\"}}}\n"
	      "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\"}\n"));
	turns(&world);
	buf_clear(&world.out->heard);
	exchange_tell(world.begun[0], &tell);
	exchange_tell(world.begun[1], &tell);
	turns(&world);
	assert_true(slice_eq(peer_heard(world.out),
	    S("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
	      "{\"progress\":1,\"progressToken\":\"mine\"}}\n")));
	/* A client that does not read misses progress, not its answer. */
	world.out->write_room = 0;
	for (int i = 0; i < 100000; i++)
		exchange_tell(world.begun[0], &tell);
	assert_true(loop_memory(world.loop)->peak_bytes < 4 * MIB);
	world.out->write_room = SIZE_MAX;
	finish(world.begun[0], (struct reply){ .result = S("{}") });
	world.begun[0] = world.begun[--world.begun_n];
	turns(&world);
	assert_true(has_heard(world.out, "\"id\":1,\"result\":{}"));
	world_fini(&world);
}

/* ---- questions ------------------------------------------------------------------------------- */

static void
stdio_questions(void **state)
{
	struct world world;
	struct asker asker, many[SESSION_ASKS_MAX + 1];

	(void)state;
	stdio_init(&world);
	peer_says(world.in, S(INITIALIZE("0", "{\"elicitation\":{}}") "\n"));
	peer_says(world.in, S("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}\n"));
	turns(&world);
	buf_clear(&world.out->heard);
	ask(&world, &asker);
	assert_true(slice_eq(peer_heard(world.out),
	    S("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"elicitation/create\","
	      "\"params\":{\"message\":\"?\"}}\n")));
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}", "");
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{}}", "");
	assert_false(asker.is_over);
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"action\":\"accept\"}}", "");
	assert_true(asker.is_over && asker.ok && !asker.answer.is_error);
	assert_true(slice_eq(asker.answer.body, S("{\"action\":\"accept\"}")));
	/* Nobody answers: withdrawn after limits.ask. */
	ask(&world, &asker);
	machine_sleep(&world.machine, world.loop, 5000);
	turns(&world);
	assert_true(asker.is_over && !asker.ok);
	assert_int_equal(asker.err.kind, ERR_DEADLINE);
	assert_true(has_heard(world.out, "notifications/cancelled\",\"params\":{\"requestId\":2}"));
	/* As many as a session may have open. */
	for (size_t i = 0; i <= SESSION_ASKS_MAX; i++)
		ask(&world, &many[i]);
	assert_true(many[SESSION_ASKS_MAX].is_over);
	assert_int_equal(many[SESSION_ASKS_MAX].err.kind, ERR_LIMIT);
	assert_false(many[SESSION_ASKS_MAX - 1].is_over);
	/* stdin ends: nobody will answer. */
	world.in->says_end = true;
	turns(&world);
	for (size_t i = 0; i < SESSION_ASKS_MAX; i++) {
		assert_true(many[i].is_over && many[i].ok);
		assert_true(slice_eq(many[i].answer.body, S("{\"action\":\"cancel\"}")));
	}
	world_fini(&world);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void
http_refusals(void **state)
{
	static const struct {
		const char *method, *fields, *body, *status, *says;
	} rows[] = {
		{ "PUT", JSON, "{}", "405", "Allow: POST, GET, DELETE" },
		{ "POST", "Content-Type: text/plain\r\n", "{}", "415", "application/json" },
		{ "POST", JSON "Accept: text/html\r\n", "{}", "406", "text/event-stream" },
		{ "GET", "Accept: application/json\r\n", "", "406", "text/event-stream" },
		{ "GET", "Accept: text/event-stream\r\n", "", "400", "Mcp-Session-Id is missing" },
		{ "DELETE", "", "", "400", "Mcp-Session-Id is missing" },
		{ "DELETE", "Mcp-Session-Id: no\r\n", "", "404", "initialize again" },
		{ "POST", JSON "Mcp-Session-Id: no\r\n", "{}", "404", "initialize again" },
		{ "POST", JSON "MCP-Protocol-Version: 1999-01-01\r\n", "{}", "400",
		    "(2025-11-25 is)" },
		{ "POST", JSON "Origin: http://evil.example\r\n", "{}", "403", "listen.hosts" },
		{ "POST", JSON "Origin: null\r\n", "{}", "403", "listen.hosts" },
		{ "POST", JSON, "{", "400", "-32700" },
		{ "POST", JSON, "[]", "400", "batches" },
		{ "POST", JSON, "", "400", "-32700" },
		{ "POST", JSON, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}", "400",
		    "\"id\":4" },
		{ "POST", JSON, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}", "400",
		    "\"id\":null" },
		{ "POST", JSON, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"server/discover\"}",
		    "400", "-32601" },
		/* A request that was read is answered 200, whatever its fault. */
		{ "POST", JSON, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\",\"params\":5}",
		    "200", "\"id\":4,\"error\"" },
		{ "POST", JSON, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{},\"error\":{}}", "400",
		    "\"id\":null" },
	};
	struct world world;
	char status[16];

	(void)state;
	http_init(&world);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer *peer = http(&world, rows[i].method, rows[i].fields, rows[i].body);

		snprintf(status, sizeof(status), "HTTP/1.1 %s", rows[i].status);
		if (!slice_starts(peer_heard(peer), slice_of(status)) ||
		    !has_heard(peer, rows[i].says))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(peer_heard(peer)));
	}
	assert_int_equal(fronts_sessions(world.fronts), 0);
	world_fini(&world);
}

static void
http_session(void **state)
{
	struct world world;
	char session[80], fields[256];
	struct peer *peer;

	(void)state;
	http_init(&world);
	session_begin(&world, session);
	snprintf(fields, sizeof(fields), BOTH "%s", session);
	peer = http(&world, "POST", fields,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	assert_true(has_heard(peer, "HTTP/1.1 202"));
	peer = http(
	    &world, "POST", fields, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	assert_true(has_heard(peer, "Content-Type: application/json"));
	assert_true(has_heard(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}"));
	snprintf(fields, sizeof(fields), JSON "Accept: text/event-stream\r\n%s", session);
	peer = http(
	    &world, "POST", fields, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	assert_true(has_heard(peer, "Content-Type: text/event-stream"));
	assert_true(has_heard(peer, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\""));
	snprintf(fields, sizeof(fields), "%s", session);
	assert_true(has_heard(http(&world, "DELETE", fields, ""), "HTTP/1.1 204"));
	assert_true(has_heard(http(&world, "DELETE", fields, ""), "HTTP/1.1 404"));
	assert_int_equal(fronts_sessions(world.fronts), 0);
	world_fini(&world);
}

/* initialize that fails, or whose client leaves, leaves no session. */
static void
http_initialize_in_progress(void **state)
{
	struct reply failed = { .err = { 0 } };
	struct world world;
	struct peer *peer;

	(void)state;
	http_init(&world);
	world.holds_initialize = true;
	peer = http(&world, "POST", BOTH, INITIALIZE("0", "{}"));
	assert_int_equal(fronts_sessions(world.fronts), 1);
	err_set(&failed.err, ERR_LIMIT, "busy");
	finish(world.begun[--world.begun_n], failed);
	turns(&world);
	assert_true(has_heard(peer, "\"id\":0,\"error\""));
	assert_false(has_heard(peer, "Mcp-Session-Id"));
	assert_int_equal(fronts_sessions(world.fronts), 0);
	peer = http(&world, "POST", BOTH, INITIALIZE("0", "{}"));
	peer->says_end = true;
	turns(&world);
	finish(world.begun[--world.begun_n], (struct reply){ .result = S(INITIALIZED) });
	turns(&world);
	assert_int_equal(fronts_sessions(world.fronts), 0);
	/* Long in coming: the stream that is opened for it carries the id. */
	peer = http(&world, "POST", BOTH, INITIALIZE("0", "{}"));
	machine_sleep(&world.machine, world.loop, STREAM_QUIET_MS);
	turns(&world);
	assert_true(has_heard(peer, "Mcp-Session-Id: "));
	finish(world.begun[--world.begun_n], (struct reply){ .result = S(INITIALIZED) });
	turns(&world);
	assert_true(has_heard(peer, "data: {\"jsonrpc\":\"2.0\",\"id\":0,\"result\":" INITIALIZED));
	assert_int_equal(fronts_sessions(world.fronts), 1);
	world_fini(&world);
}

/* A client that asks for stream after stream has the newest few. */
static void
http_streams_are_bounded(void **state)
{
	struct world world;
	char session[80], fields[256];
	struct peer *peers[6];

	(void)state;
	http_init(&world);
	session_begin(&world, session);
	snprintf(fields, sizeof(fields), BOTH "%s", session);
	http(&world, "POST", fields,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	for (size_t i = 0; i < COUNT(peers); i++)
		peers[i] = http(&world, "GET", fields, "");
	/* An ended stream has its last chunk. */
	for (size_t i = 0; i < COUNT(peers); i++)
		assert_int_equal(has_heard(peers[i], "0\r\n\r\n"), i < 2);
	tell_all(world.fronts, MCP_TOOLS_CHANGED);
	turns(&world);
	for (size_t i = 0; i < COUNT(peers); i++)
		assert_int_equal(has_heard(peers[i], "list_changed"), i == 5);
	/* The session ends, and its streams with it. */
	http(&world, "DELETE", fields, "");
	for (size_t i = 0; i < COUNT(peers); i++)
		assert_true(has_heard(peers[i], "0\r\n\r\n"));
	world_fini(&world);
}

static void
http_sessions_are_bounded(void **state)
{
	struct world world;
	char sessions[5][80], fields[256];
	struct peer *stream;

	(void)state;
	http_init(&world);
	for (size_t i = 0; i < 3; i++)
		session_begin(&world, sessions[i]);
	/* The first is in use; so the second gives way. */
	snprintf(fields, sizeof(fields), BOTH "%s", sessions[0]);
	stream = http(&world, "GET", fields, "");
	session_begin(&world, sessions[3]);
	assert_int_equal(fronts_sessions(world.fronts), 3);
	snprintf(fields, sizeof(fields), BOTH "%s", sessions[1]);
	assert_true(has_heard(http(&world, "POST", fields, "{}"), "HTTP/1.1 404"));
	/* Long after: idle ones are gone, the one with a stream is not. */
	for (int i = 0; i < 10; i++)
		machine_sleep(&world.machine, world.loop, 30000);
	assert_int_equal(fronts_sessions(world.fronts), 1);
	/* Its stream ends: it has its idle time from about now. */
	stream->says_end = true;
	turns(&world);
	machine_sleep(&world.machine, world.loop, 30000);
	assert_int_equal(fronts_sessions(world.fronts), 1);
	for (int i = 0; i < 4; i++)
		machine_sleep(&world.machine, world.loop, 30000);
	assert_int_equal(fronts_sessions(world.fronts), 0);
	world_fini(&world);
}

/* Leaving is not cancelling; ending the session is. */
static void
http_clients_that_leave(void **state)
{
	struct world world;
	char session[80], fields[256];
	struct peer *peer;

	(void)state;
	http_init(&world);
	world.answers_at_once = false;
	session_begin(&world, session);
	snprintf(fields, sizeof(fields), BOTH "%s", session);
	peer = http(
	    &world, "POST", fields, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	peer->says_end = true;
	turns(&world);
	assert_true(peer->is_closed);
	assert_int_equal(world.cancelled, 0);
	assert_int_equal(world.begun_n, 1);
	finish(world.begun[--world.begun_n], (struct reply){ .result = S("{}") });
	peer = http(
	    &world, "POST", fields, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}");
	http(&world, "DELETE", fields, "");
	assert_int_equal(world.cancelled, 1);
	finish(world.begun[--world.begun_n], (struct reply){ .result = S("{}") });
	turns(&world);
	assert_true(has_heard(peer, "0\r\n\r\n"));
	assert_false(has_heard(peer, "\"result\""));
	world_fini(&world);
}

/* A question goes out on the stream of its call, which begins with it. */
static void
http_questions(void **state)
{
	struct world world;
	struct asker asker;
	char session[80], fields[256];
	struct peer *peer;

	(void)state;
	http_init(&world);
	world.answers_at_once = false;
	session_begin(&world, session);
	snprintf(fields, sizeof(fields), BOTH "%s", session);
	peer = http(
	    &world, "POST", fields, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}");
	assert_int_equal(peer->heard.n, 0);
	ask(&world, &asker);
	assert_true(has_heard(peer, "text/event-stream"));
	assert_true(has_heard(peer, "elicitation/create"));
	http(&world, "POST", fields, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-1}}");
	assert_true(asker.is_over && asker.ok && asker.answer.is_error);
	/* The client has gone for long, and there is no other stream: it cannot be asked. */
	peer->says_end = true;
	turns(&world);
	machine_sleep(&world.machine, world.loop, 60000);
	ask(&world, &asker);
	assert_true(asker.is_over && !asker.ok);
	assert_int_equal(asker.err.kind, ERR_CANCELLED);
	world_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stdio_at_once),
		cmocka_unit_test(stdio_initialize_in_progress),
		cmocka_unit_test(stdio_calls_and_cancels),
		cmocka_unit_test(stdio_batches),
		cmocka_unit_test(stdio_holds_back),
		cmocka_unit_test(stdio_ends),
		cmocka_unit_test(stdio_progress),
		cmocka_unit_test(stdio_questions),
		cmocka_unit_test(http_refusals),
		cmocka_unit_test(http_session),
		cmocka_unit_test(http_initialize_in_progress),
		cmocka_unit_test(http_streams_are_bounded),
		cmocka_unit_test(http_sessions_are_bounded),
		cmocka_unit_test(http_clients_that_leave),
		cmocka_unit_test(http_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Clients without sessions (2026-07-28): what is refused and with which status, headers against the
 * body, replies as this revision has them, streams, leaving, questions and states, over HTTP and
 * beside a session on one pipe.
 */
#include "front_double.h"
#include "mcp/front_modern.h"

#define VERSION "\"" MCP_META "protocolVersion\":\"2026-07-28\""
#define CAN	"\"" MCP_META "clientCapabilities\":{\"elicitation\":{}}"
#define META	"\"_meta\":{" VERSION "," CAN "}"
#define REQUEST(id, method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":{" params "}}"
#define CALL(id, more) \
	REQUEST(id, "tools/call", "\"name\":\"t\",\"arguments\":{\"a\":1}," META more)
#define HEADERS(method) BOTH "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: " method "\r\n"
#define CALL_HEADERS	HEADERS("tools/call") "Mcp-Name: t\r\n"

static void
expect(const struct peer *peer, const char *what)
{
	if (!has_heard(peer, what))
		fail_msg("\"%s\" is not in: %.*s", what, (int)peer->heard.n, peer->heard.p);
}

static void
modern_init(struct world *world)
{
	http_init(world);
	world->answers_at_once = false;
}

/* The gate's answer to the request that waits longest. */
static void
answer(struct world *world, struct reply reply)
{
	struct exchange *exchange = world->begun[0];

	world->begun_n--;
	memmove(world->begun, world->begun + 1, world->begun_n * sizeof(struct exchange *));
	finish(exchange, reply);
	turns(world);
}

static void
leave(struct world *world, struct peer *peer)
{
	peer->says_end = true;
	turns(world);
	assert_true(peer->is_closed);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void
refusals(void **state)
{
	static const struct {
		const char *fields, *body, *status, *says;
	} rows[] = {
		/* versions */
		{ BOTH "MCP-Protocol-Version: 2099-01-01\r\nMcp-Method: tools/list\r\n",
		    REQUEST("1", "tools/list",
			"\"_meta\":{\"" MCP_META "protocolVersion\":\"2099-01-01\"," CAN "}"),
		    "400", "-32022" },
		{ BOTH "MCP-Protocol-Version: 2099-01-01\r\nMcp-Method: tools/list\r\n",
		    REQUEST("1", "tools/list",
			"\"_meta\":{\"" MCP_META "protocolVersion\":\"2099-01-01\"," CAN "}"),
		    "400", "\"supported\":[\"2026-07-28\"],\"requested\":\"2099-01-01\"" },
		{ BOTH "MCP-Protocol-Version: 2025-11-25\r\nMcp-Method: tools/list\r\n",
		    REQUEST("1", "tools/list",
			"\"_meta\":{\"" MCP_META "protocolVersion\":\"2025-11-25\"," CAN "}"),
		    "400", "-32022" },
		{ HEADERS("tools/list"),
		    REQUEST("1", "tools/list", "\"_meta\":{\"" MCP_META "protocolVersion\":7}"),
		    "400", "-32602" },
		/* the header alone says what it is */
		{ HEADERS("tools/list"), REQUEST("1", "tools/list", "\"_meta\":{}"), "400",
		    "-32602" },
		{ HEADERS("tools/list"), "{", "400", "-32700" },
		{ HEADERS("tools/list"), "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":5}", "400",
		    "-32600" },
		/* _meta */
		{ HEADERS("tools/list"), REQUEST("1", "tools/list", "\"_meta\":{" VERSION "}"),
		    "400", "clientCapabilities" },
		{ HEADERS("tools/list"),
		    REQUEST("1", "tools/list",
			"\"_meta\":{" VERSION ",\"" MCP_META "clientCapabilities\":[]}"),
		    "400", "-32602" },
		{ HEADERS("tools/list"),
		    REQUEST("1", "tools/list",
			"\"_meta\":{" VERSION "," CAN ",\"" MCP_META "clientInfo\":1}"),
		    "400", "clientInfo" },
		{ HEADERS("tools/list"),
		    REQUEST("1", "tools/list",
			"\"_meta\":{" VERSION "," CAN ",\"" MCP_META "logLevel\":\"loud\"}"),
		    "400", "logLevel" },
		/* methods */
		{ HEADERS("ping"), REQUEST("1", "ping", META), "404", "-32601" },
		{ HEADERS("initialize"), REQUEST("1", "initialize", META), "404", "-32601" },
		{ HEADERS("roots/list"), REQUEST("1", "roots/list", META), "404", "-32601" },
		{ HEADERS("logging/setLevel"), REQUEST("1", "logging/setLevel", META), "404",
		    "not part of revision 2026-07-28" },
		/* headers */
		{ BOTH "Mcp-Method: tools/list\r\n", REQUEST("1", "tools/list", META), "400",
		    "-32020" },
		{ BOTH "MCP-Protocol-Version: 2025-11-25\r\nMcp-Method: tools/list\r\n",
		    REQUEST("1", "tools/list", META), "400", "-32020" },
		{ BOTH "MCP-Protocol-Version: 2026-07-28\r\n", REQUEST("1", "tools/list", META),
		    "400", "Mcp-Method is missing" },
		{ HEADERS("Tools/list"), REQUEST("1", "tools/list", META), "400", "-32020" },
		{ HEADERS("tools/list") "Mcp-Method: tools/list\r\n",
		    REQUEST("1", "tools/list", META), "400", "came twice" },
		{ HEADERS("tools/call"), CALL("1", ""), "400", "Mcp-Name is missing" },
		{ HEADERS("tools/call") "Mcp-Name: T\r\n", CALL("1", ""), "400", "-32020" },
		{ HEADERS("tools/call") "Mcp-Name: =?base64?dQ==?=\r\n", CALL("1", ""), "400",
		    "-32020" },
		{ HEADERS("tools/call") "Mcp-Name: =?base64?d!!=?=\r\n", CALL("1", ""), "400",
		    "-32020" },
		{ HEADERS("tools/call") "Mcp-Name: t\r\n",
		    REQUEST("1", "tools/call", "\"name\":7," META), "400", "-32020" },
		{ HEADERS("resources/read") "Mcp-Name: t\r\n",
		    REQUEST("1", "resources/read", "\"uri\":\"x:y\"," META), "400", "-32020" },
	};
	struct world world;
	char status[16];

	(void)state;
	modern_init(&world);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer *peer = http(&world, "POST", rows[i].fields, rows[i].body);

		snprintf(status, sizeof(status), "HTTP/1.1 %s", rows[i].status);
		if (!slice_starts(peer_heard(peer), slice_of(status)) ||
		    !has_heard(peer, rows[i].says))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(peer_heard(peer)));
	}
	assert_int_equal(world.begun_n, 0);
	assert_int_equal(fronts_sessions(world.fronts), 0);
	world_fini(&world);
}

/* What a session would have. */
static void
other_methods(void **state)
{
	static const char *const methods[] = { "GET", "DELETE" };
	struct world world;

	(void)state;
	modern_init(&world);
	for (size_t i = 0; i < COUNT(methods); i++) {
		struct peer *peer = http(&world, methods[i],
		    "Accept: text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n", "");

		expect(peer, "HTTP/1.1 405");
		expect(peer, "Allow: POST\r\n");
	}
	world_fini(&world);
}

/* Notifications mean nothing here; a session id is ignored; a coded name is read. */
static void
what_is_taken(void **state)
{
	struct world world;
	struct peer *peer;

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", HEADERS("notifications/cancelled"),
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}");
	expect(peer, "HTTP/1.1 202");
	peer = http(&world, "POST",
	    HEADERS("tools/call") "Mcp-Name: =?base64?dA==?=\r\nMcp-Session-Id: no\r\n",
	    CALL("\"i\"", ""));
	assert_int_equal(world.begun_n, 1);
	assert_null(world.begun[0]->session);
	assert_int_equal(world.begun[0]->revision, MCP_2026_07_28);
	assert_true(world.begun[0]->can.elicitation);
	assert_false(world.begun[0]->can.sampling);
	assert_false(world.begun[0]->is_stdio);
	assert_int_equal(world.begun[0]->log_level, -1);
	assert_true(slice_eq(world.begun[0]->capabilities, S("{\"elicitation\":{}}")));
	answer(&world, (struct reply){ .result = S("{}") });
	expect(peer, "HTTP/1.1 200");
	expect(peer, "Content-Type: application/json");
	expect(peer, "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"result\":{\"resultType\":\"complete\",");
	world_fini(&world);
}

/* ---- replies --------------------------------------------------------------------------------- */

#define SERVED	      "\"_meta\":{" SERVER_INFO "}"
#define REPLY(result) "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":" result "}"

static void
replies(void **state)
{
	static const struct {
		enum mcp_method method;
		struct reply reply;
		const char *text;
	} rows[] = {
		{ MCP_TOOLS_CALL, { .result = S("{}") },
		    REPLY("{\"resultType\":\"complete\"," SERVED "}") },
		{ MCP_TOOLS_CALL, { .result = S("{ \"content\" : [1.0] }") },
		    REPLY("{\"resultType\":\"complete\"," SERVED ", \"content\" : [1.0] }") },
		/* what is there already is not said twice */
		{ MCP_TOOLS_CALL, { .result = S("{\"resultType\":\"complete\",\"_meta\":{}}") },
		    REPLY("{\"resultType\":\"complete\",\"_meta\":{" SERVER_INFO "}}") },
		{ MCP_TOOLS_CALL, { .result = S("{\"resultType\":\"odd\",\"_meta\":{\"a\":1}}") },
		    REPLY("{\"resultType\":\"complete\",\"_meta\":{" SERVER_INFO ",\"a\":1}}") },
		{ MCP_TOOLS_CALL,
		    { .result = S("{\"_meta\":{\"" MCP_META "serverInfo\":{\"name\":\"u\"}}}") },
		    REPLY("{\"resultType\":\"complete\",\"_meta\":{\"" MCP_META
			  "serverInfo\":{\"name\":\"u\"}}}") },
		{ MCP_TOOLS_CALL, { .type = REPLY_TASK, .result = S("{\"taskId\":\"x\"}") },
		    REPLY("{\"resultType\":\"task\"," SERVED ",\"taskId\":\"x\"}") },
		{ MCP_TOOLS_LIST, { .result = S("{\"tools\":[]}"), .ttl_ms = 5000 },
		    REPLY(
			"{\"resultType\":\"complete\",\"ttlMs\":5000,\"cacheScope\":\"public\"," SERVED
			",\"tools\":[]}") },
		{ MCP_DISCOVER, { .result = S("{\"a\":1}"), .is_private = true },
		    REPLY(
			"{\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"," SERVED
			",\"a\":1}") },
		{ MCP_RESOURCES_READ,
		    { .result = S("{\"cacheScope\":\"public\",\"contents\":[],\"ttlMs\":9}"),
			.ttl_ms = 3,
			.is_private = true },
		    REPLY("{\"resultType\":\"complete\"," SERVED
			  ",\"cacheScope\":\"private\",\"contents\":[],\"ttlMs\":3}") },
		/* a call's result is not cached, whatever it says */
		{ MCP_TOOLS_CALL, { .result = S("{\"ttlMs\":9}"), .ttl_ms = 3 },
		    REPLY("{\"resultType\":\"complete\"," SERVED ",\"ttlMs\":9}") },
		{ MCP_LISTEN, { .result = S("{}") },
		    REPLY("{\"resultType\":\"complete\",\"_meta\":{\"" MCP_META
			  "subscriptionId\":7," SERVER_INFO "}}") },
		{ MCP_TOOLS_CALL, { .error = S("{\"code\":-5}") },
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-5}}" },
		{ MCP_TOOLS_CALL, { .err = { .kind = ERR_UNAVAILABLE, .text = "no" } },
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-31003,\"message\":\"no\","
		    "\"data\":{\"kind\":\"unavailable\"}}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct exchange exchange = { .revision = MCP_2026_07_28 };
		struct slice parts[MODERN_PARTS];
		struct buf scratch, out;
		size_t n;

		exchange.request.method = rows[i].method;
		buf_init(&scratch, NULL, MIB);
		buf_init(&out, NULL, MIB);
		n = encode_modern(&exchange, S("7"), &rows[i].reply, SLICE_NONE, &scratch, parts);
		assert_true(n <= MODERN_PARTS);
		for (size_t k = 0; k < n; k++)
			buf_put(&out, parts[k]);
		if (!slice_eq(buf_view(&out), slice_of(rows[i].text)))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(buf_view(&out)));
		buf_fini(&out);
		buf_fini(&scratch);
	}
}

/* What the gate says of an error is HTTP's status too. */
static void
statuses(void **state)
{
	static const struct {
		struct reply reply;
		const char *status;
	} rows[] = {
		{ { .err = { .kind = ERR_METHOD } }, "404" },
		{ { .err = { .kind = ERR_PARAMS } }, "200" },
		{ { .err = { .kind = ERR_CAPABILITY } }, "400" },
		{ { .err = { .kind = ERR_HEADER } }, "400" },
		{ { .err = { .kind = ERR_STRANGER } }, "401" },
		{ { .err = { .kind = ERR_UNAVAILABLE } }, "200" },
		{ { .error = S("{\"code\":-32601,\"message\":\"\"}") }, "404" },
		{ { .error = S("{\"code\":-32602,\"message\":\"\"}") }, "200" },
		{ { .error = S("{}") }, "200" },
	};
	struct world world;
	char status[16];

	(void)state;
	modern_init(&world);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer *peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));

		answer(&world, rows[i].reply);
		snprintf(status, sizeof(status), "HTTP/1.1 %s", rows[i].status);
		if (!slice_starts(peer_heard(peer), slice_of(status)))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(peer_heard(peer)));
	}
	world_fini(&world);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void
tell(struct world *world, enum mcp_method method, const char *params)
{
	struct tell tell = { .method = method, .params = slice_of(params) };

	json_find(tell.params, S("progressToken"), &tell.token);
	exchange_tell(world->begun[world->begun_n - 1], &tell);
	turns(world);
}

/* Before its answer a call says what it was asked to say, and no more. */
static void
streams(void **state)
{
	struct world world;
	struct peer *peer;

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));
	tell(&world, MCP_PROGRESS, "{\"progress\":1,\"progressToken\":\"up\"}");
	tell(&world, MCP_LOG_MESSAGE, "{\"level\":\"error\",\"data\":1}");
	tell(&world, MCP_ROOTS_CHANGED, "{}");
	assert_int_equal(peer->heard.n, 0);
	answer(&world, (struct reply){ .result = S("{}") });
	expect(peer, "Content-Type: application/json");
	peer = http(&world, "POST", CALL_HEADERS,
	    REQUEST("2", "tools/call",
		"\"name\":\"t\",\"_meta\":{" VERSION "," CAN
		",\"progressToken\":\"mine\",\"" MCP_META "logLevel\":\"notice\"}"));
	tell(&world, MCP_PROGRESS, "{\"progress\":1,\"progressToken\":\"up\"}");
	expect(peer, "X-Accel-Buffering: no");
	expect(peer, "\"progressToken\":\"mine\"");
	tell(&world, MCP_LOG_MESSAGE, "{\"level\":\"info\",\"data\":1}");
	assert_false(has_heard(peer, "notifications/message"));
	tell(&world, MCP_LOG_MESSAGE, "{\"level\":\"notice\",\"data\":2}");
	expect(peer, "{\"level\":\"notice\",\"data\":2}");
	answer(&world, (struct reply){ .err = { .kind = ERR_METHOD } });
	expect(peer, "\"id\":2,\"error\"");
	world_fini(&world);
}

/* A long silence opens the stream, and keeps it open. */
static void
silence(void **state)
{
	struct world world;
	struct peer *peer;

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));
	machine_sleep(&world.machine, world.loop, STREAM_QUIET_MS);
	turns(&world);
	expect(peer, "text/event-stream");
	machine_sleep(&world.machine, world.loop, STREAM_QUIET_MS);
	turns(&world);
	expect(peer, ":\n\n");
	answer(&world, (struct reply){ .result = S("{}") });
	expect(peer, "\"id\":1,\"result\"");
	world_fini(&world);
}

static void
leaving_cancels(void **state)
{
	struct world world;
	struct peer *peer;

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));
	leave(&world, peer);
	assert_int_equal(world.cancelled, 1);
	answer(&world, (struct reply){ .err = { .kind = ERR_CANCELLED } });
	world_fini(&world);
}

/* One stream, its own id on all that comes by it. */
static void
listening(void **state)
{
	struct world world;
	struct peer *peer;

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", HEADERS("subscriptions/listen"),
	    REQUEST("\"s1\"", "subscriptions/listen", "\"notifications\":{}," META));
	tell(&world, MCP_ACKNOWLEDGED, "{\"notifications\":{}}");
	expect(peer, "text/event-stream");
	expect(peer,
	    "\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{\"_meta\":{\"" MCP_META
	    "subscriptionId\":\"s1\"},\"notifications\":{}}");
	exchange_tell(world.begun[0], &(struct tell){ .method = MCP_TOOLS_CHANGED });
	turns(&world);
	expect(peer,
	    "\"method\":\"notifications/tools/list_changed\",\"params\":{\"_meta\":{\"" MCP_META
	    "subscriptionId\":\"s1\"}}");
	tell(&world, MCP_PROGRESS, "{\"progress\":1,\"progressToken\":1}");
	assert_false(has_heard(peer, "notifications/progress"));
	answer(&world, (struct reply){ .result = S("{}") });
	expect(peer,
	    "\"id\":\"s1\",\"result\":{\"resultType\":\"complete\",\"_meta\":{\"" MCP_META
	    "subscriptionId\":\"s1\",");
	world_fini(&world);
}

/* ---- headers of arguments -------------------------------------------------------------------- */

static void
params_in_headers(void **state)
{
	static const char definition[] =
	    "{\"inputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"a\":{\"type\":\"integer\",\"x-mcp-header\":\"A\"},"
	    "\"s\":{\"type\":\"string\",\"x-mcp-header\":\"Place\"},"
	    "\"b\":{\"type\":\"boolean\",\"x-mcp-header\":\"B\"},"
	    "\"o\":{\"type\":\"object\",\"properties\":{"
	    "\"d\":{\"type\":\"string\",\"x-mcp-header\":\"Deep\"}}}}}}";
	static const struct {
		const char *arguments, *fields;
		bool ok;
	} rows[] = {
		{ "{}", "", true },
		{ "{\"a\":42}", "Mcp-Param-A: 42\r\n", true },
		{ "{\"a\":42}", "mcp-param-a: 42.0\r\n", true },
		{ "{\"a\":42.00}", "Mcp-Param-A: 42\r\n", true },
		{ "{\"a\":42}", "Mcp-Param-A: 420\r\n", false },
		{ "{\"a\":42}", "", false },
		{ "{\"a\":null}", "", true },
		{ "{\"a\":null}", "Mcp-Param-A: null\r\n", false },
		{ "{}", "Mcp-Param-A: 42\r\n", false },
		{ "{}", "Mcp-Param-Other: 42\r\n", true },
		{ "{\"a\":1}", "Mcp-Param-A: 1\r\nMcp-Param-A: 1\r\n", false },
		{ "{\"s\":\"x\\u00e4\"}", "Mcp-Param-Place: =?base64?eMOk?=\r\n", true },
		{ "{\"s\":\"x\\u00e4\"}", "Mcp-Param-Place: x\r\n", false },
		{ "{\"s\":\"a b\"}", "Mcp-Param-Place: a b\r\n", true },
		{ "{\"s\":\"=?base64?eMOk?=\"}", "Mcp-Param-Place: =?base64?eMOk?=\r\n", false },
		{ "{\"b\":true}", "Mcp-Param-B: true\r\n", true },
		{ "{\"b\":true}", "Mcp-Param-B: True\r\n", false },
		{ "{\"o\":{\"d\":\"x\"}}", "Mcp-Param-Deep: x\r\n", true },
		{ "{\"o\":{\"d\":\"x\"}}", "", false },
	};
	struct world world;

	(void)state;
	modern_init(&world);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char fields[400], body[600];
		struct err err = { 0 };
		struct exchange *exchange;

		snprintf(fields, sizeof(fields), CALL_HEADERS "%s", rows[i].fields);
		snprintf(body, sizeof(body),
		    REQUEST("1", "tools/call", "\"name\":\"t\",\"arguments\":%s," META),
		    rows[i].arguments);
		(void)http(&world, "POST", fields, body);
		exchange = world.begun[0];
		if (exchange->front->check_headers(exchange, slice_of(definition), &err) !=
		    rows[i].ok)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(err.kind, rows[i].ok ? ERR_NONE : ERR_HEADER);
		answer(&world, (struct reply){ .result = S("{}") });
	}
	world_fini(&world);
}

/* ---- questions ------------------------------------------------------------------------------- */

/* The state of the newest answer, as the client writes it back. */
static void
state_of(const struct peer *peer, char *out, size_t n)
{
	const char *at = memmem(peer->heard.p, peer->heard.n, "\"requestState\":\"", 16);
	const char *end;

	assert_non_null(at);
	end = memchr(at + 16, '"', (size_t)(peer->heard.p + peer->heard.n - at - 16));
	assert_non_null(end);
	snprintf(out, n, ",\"requestState\":\"%.*s\"", (int)(end - at - 16), at + 16);
}

/* A question that no other follows. */
static void
ask_alone(struct world *world, struct asker *asker)
{
	ask(world, asker);
	machine_sleep(&world->machine, world->loop, 20);
	turns(world);
}

static struct peer *
retry(struct world *world, const char *id, const char *arguments, const char *state)
{
	char body[1200];

	snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"tools/call\",\"params\":{\"name\":\"t\","
	    "\"arguments\":%s," META "%s,"
	    "\"inputResponses\":{\"q1\":{\"action\":\"accept\"}}}}",
	    id, arguments, state);
	return http(world, "POST", CALL_HEADERS, body);
}

static void
a_question(void **state)
{
	struct world world;
	struct asker asker;
	struct peer *peer;
	char sealed[300], forged[300];

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));
	ask_alone(&world, &asker);
	expect(peer, "HTTP/1.1 200");
	expect(peer, "Content-Type: application/json");
	expect(peer,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"input_required\","
	    "\"inputRequests\":{\"q1\":{\"method\":\"elicitation/create\",\"params\":"
	    "{\"message\":\"?\"}}},\"requestState\":\"p");
	assert_int_equal(park_count(world.fronts->park), 1);
	/* The connection may go: that is no cancellation now. */
	leave(&world, peer);
	assert_int_equal(world.cancelled, 0);
	state_of(peer, sealed, sizeof(sealed));
	/* Other arguments, another text, and none that was ever given. */
	expect(retry(&world, "2", "{\"a\":2}", sealed), "-32602");
	memcpy(forged, sealed, sizeof(forged));
	forged[60] = forged[60] == 'A' ? 'B' : 'A';
	expect(retry(&world, "3", "{\"a\":1}", forged), "-32602");
	memcpy(forged, sealed, sizeof(forged));
	forged[19] = forged[19] == '0' ? '1' : '0';
	expect(retry(&world, "4", "{\"a\":1}", forged), "before a restart");
	expect(retry(&world, "5", "{\"a\":1}", ",\"requestState\":\"no\""), "-32602");
	expect(retry(&world, "6", "{\"a\":1}", ",\"requestState\":9"), "-32602");
	assert_false(asker.is_over);
	peer = retry(&world, "\"seven\"", "{ \"a\" : 1 }", sealed);
	assert_true(asker.is_over && asker.ok);
	assert_true(slice_eq(asker.answer.body, S("{\"action\":\"accept\"}")));
	assert_int_equal(peer->heard.n, 0);
	/* Once. */
	expect(retry(&world, "8", "{\"a\":1}", sealed), "used already");
	answer(&world, (struct reply){ .result = S("{\"content\":[]}") });
	expect(peer, "\"id\":\"seven\",\"result\":{\"resultType\":\"complete\"");
	assert_int_equal(park_count(world.fronts->park), 0);
	world_fini(&world);
}

/* Members in another order and other spelling are the same arguments; other numbers are not. */
static void
same_arguments(void **state)
{
	static const struct {
		const char *first, *second;
		bool is_same;
	} rows[] = {
		{ "{\"a\":1,\"b\":[{\"x\":1,\"y\":2}]}", "{\"b\":[{\"y\":2,\"x\":1}],\"a\":1}",
		    true },
		{ "{\"k\\u0061\":\"\\u0041\"}", "{\"ka\":\"A\"}", true },
		{ "{\"a\":[1,2]}", "{\"a\":[2,1]}", false },
		{ "{\"a\":1.0}", "{\"a\":1}", false },
		{ "{\"a\":1}", "{\"a\":\"1\"}", false },
		{ "{\"a\":{}}", "{\"a\":[]}", false },
		{ "{}", "{\"_meta\":{}}", false },
	};
	char text[300];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state_binding bindings[2];
		struct caller caller = { .principal = S("p") };
		struct machine machine;
		struct loop *loop = machine_loop(&machine);
		struct err err;

		for (unsigned k = 0; k < 2; k++) {
			struct message request = { .method_name = S("tools/call") };

			snprintf(text, sizeof(text),
			    "{\"name\":\"t\",\"_meta\":{\"n\":%u},\"requestState\":\"%u\","
			    "\"arguments\":%s}",
			    k, k, k == 0 ? rows[i].first : rows[i].second);
			request.params = slice_of(text);
			assert_true(state_bind(loop, &caller, &request, &bindings[k], &err));
		}
		if (slice_eq(slice_of(bindings[0].digest), slice_of(bindings[1].digest)) !=
		    rows[i].is_same)
			fail_msg("row %zu", i);
		machine_end(&machine, &loop);
	}
}

/* It opens for whom and for what it was made. */
static void
whose_it_is(void **state)
{
	static const struct {
		const char *principal, *tenant, *method, *params;
		enum state_kind kind;
		bool opens;
	} rows[] = {
		{ "p", "t", "tools/call", "{\"name\":\"a\"}", STATE_PASSED, true },
		{ "p", "t", "tools/call", "{\"name\":\"a\"}", STATE_PARKED, false },
		{ "q", "t", "tools/call", "{\"name\":\"a\"}", STATE_PASSED, false },
		{ "p", "u", "tools/call", "{\"name\":\"a\"}", STATE_PASSED, false },
		{ "pt", "", "tools/call", "{\"name\":\"a\"}", STATE_PASSED, false },
		{ "p", "t", "prompts/get", "{\"name\":\"a\"}", STATE_PASSED, false },
		{ "p", "t", "tools/call", "{\"name\":\"b\"}", STATE_PASSED, false },
	};
	struct world worlds[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		modern_init(&worlds[i]);
		fronts_set_seal_key(
		    worlds[i].fronts, (struct secret){ S("0123456789abcdef0123456789abcdef") });
	}
	worlds[1].fronts->tag[0] = worlds[0].fronts->tag[0] == '0' ? '1' : '0';
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message made = { .method_name = S("tools/call"),
			.params = S("{\"name\":\"a\"}") };
		struct message request = { .method_name = slice_of(rows[i].method),
			.params = slice_of(rows[i].params) };
		struct caller maker = { .principal = S("p"), .tenant = S("t") };
		struct caller caller = { .principal = slice_of(rows[i].principal),
			.tenant = slice_of(rows[i].tenant) };
		struct state_binding binding;
		enum state_kind kind;
		struct slice plain;
		struct arena arena;
		struct buf text;
		struct err err = { 0 };

		buf_init(&text, NULL, KIB);
		arena_init(&arena, NULL, MIB);
		assert_true(state_bind(worlds[0].loop, &maker, &made, &binding, &err));
		state_seal(worlds[0].fronts, STATE_PASSED, &binding, 0, S("secret"), &text);
		if (rows[i].kind == STATE_PARKED)
			text.p[1] = (char)STATE_PARKED;
		request.request_state = buf_view(&text);
		/* Another instance with the same key opens it as well. */
		for (unsigned k = 0; k < 2; k++) {
			if (state_open(worlds[k].fronts, &caller, &request, &arena, &kind, &plain,
				&err) != rows[i].opens)
				fail_msg("row %zu, instance %u: %s", i, k, err.text);
			assert_true(!rows[i].opens || slice_eq(plain, S("secret")));
		}
		arena_fini(&arena);
		buf_fini(&text);
	}
	for (unsigned i = 0; i < 2; i++)
		world_fini(&worlds[i]);
}

/* Nobody comes back. */
static void
expiry(void **state)
{
	struct world world;
	struct asker asker;
	struct peer *peer;
	char sealed[300];

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));
	ask_alone(&world, &asker);
	state_of(peer, sealed, sizeof(sealed));
	machine_sleep(&world.machine, world.loop, world.limits.ask_ms);
	turns(&world);
	assert_true(asker.is_over && !asker.ok);
	assert_int_equal(asker.err.kind, ERR_DEADLINE);
	assert_int_equal(world.cancelled, 1);
	answer(&world, (struct reply){ .err = { .kind = ERR_CANCELLED } });
	assert_int_equal(park_count(world.fronts->park), 0);
	expect(retry(&world, "2", "{\"a\":1}", sealed), "nobody came back");
	world_fini(&world);
}

/* It ends while the client is away, and is fetched. */
static void
kept(void **state)
{
	struct world world;
	struct asker asker;
	struct peer *peer;
	char sealed[300];

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));
	ask_alone(&world, &asker);
	state_of(peer, sealed, sizeof(sealed));
	group_cancel(&world.group, ERR_CANCELLED);
	turns(&world);
	answer(&world, (struct reply){ .result = S("{\"done\":1}") });
	assert_int_equal(park_count(world.fronts->park), 1);
	peer = retry(&world, "2", "{\"a\":1}", sealed);
	expect(peer, "\"id\":2,\"result\":{\"resultType\":\"complete\"");
	expect(peer, "\"done\":1}");
	assert_int_equal(park_count(world.fronts->park), 0);
	world_fini(&world);
}

/* An upstream's own state goes out sealed, with its name, and comes back as it was. */
static void
passing(void **state)
{
	struct world world;
	struct peer *peer;
	char sealed[400];

	(void)state;
	modern_init(&world);
	peer = http(&world, "POST", CALL_HEADERS, CALL("1", ""));
	answer(&world,
	    (struct reply){ .type = REPLY_INPUT_REQUIRED,
		.server = S("up"),
		.result = S("{\"resultType\":\"input_required\",\"requestState\":\"s\\u0041\","
			    "\"inputRequests\":{}}") });
	expect(peer, "\"resultType\":\"input_required\",\"requestState\":\"u");
	assert_false(has_heard(peer, "s\\u0041"));
	state_of(peer, sealed, sizeof(sealed));
	/* As often as it likes, for the same call. */
	for (unsigned i = 0; i < 2; i++) {
		(void)retry(&world, "2", "{\"a\":1}", sealed);
		assert_int_equal(world.begun_n, 1);
		assert_true(slice_eq(world.begun[0]->state, S("\"s\\u0041\"")));
		assert_true(slice_eq(world.begun[0]->state_server, S("up")));
		answer(&world, (struct reply){ .result = S("{}") });
	}
	expect(retry(&world, "3", "{\"a\":3}", sealed), "-32602");
	world.machine.now_ms += world.limits.ask_ms;
	expect(retry(&world, "4", "{\"a\":1}", sealed), "-32602");
	assert_int_equal(world.begun_n, 0);
	/* Without a state it passes as it is. */
	peer = http(&world, "POST", CALL_HEADERS, CALL("5", ""));
	answer(&world,
	    (struct reply){ .type = REPLY_INPUT_REQUIRED,
		.server = S("up"),
		.result = S("{\"resultType\":\"input_required\",\"inputRequests\":{}}") });
	assert_false(has_heard(peer, "requestState"));
	world_fini(&world);
}

/* ---- one pipe, both eras --------------------------------------------------------------------- */

static void
says(struct world *world, const char *line)
{
	peer_says(world->in, slice_of(line));
	peer_says(world->in, S("\n"));
	turns(world);
}

static void
on_end(void *owner)
{
	(*(unsigned *)owner)++;
}

static void
one_pipe(void **state)
{
	struct world world;
	unsigned ended = 0;

	(void)state;
	world_init(&world);
	world.in = peer_new(&world.machine, world.loop);
	world.out = peer_new(&world.machine, world.loop);
	front_stdio_open_on(world.fronts, &world.in->stream, &world.out->stream, on_end, &ended);
	says(&world, CALL("1", ""));
	assert_int_equal(world.begun_n, 1);
	assert_true(world.begun[0]->is_stdio);
	/* A session begins meanwhile, and asks under the same id. */
	says(&world, INITIALIZE("0", "{}"));
	assert_true(has_heard(world.out, "\"id\":0,\"result\""));
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	assert_int_equal(world.begun_n, 2);
	assert_non_null(world.begun[1]->session);
	says(&world, CALL("1", ""));
	assert_true(has_heard(world.out, "is that of a request in progress"));
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}");
	assert_true(world.begun[0]->is_cancelled);
	assert_false(world.begun[1]->is_cancelled);
	answer(&world, (struct reply){ .err = { .kind = ERR_CANCELLED } });
	assert_false(has_heard(world.out, "resultType"));
	answer(&world, (struct reply){ .result = S("{\"tools\":[]}") });
	assert_true(has_heard(world.out, "\"id\":1,\"result\":{\"tools\":[]}"));
	/* The end waits for what is open. */
	says(&world, CALL("2", ""));
	world.in->says_end = true;
	turns(&world);
	assert_int_equal(ended, 0);
	answer(&world, (struct reply){ .result = S("{}") });
	assert_true(has_heard(world.out, "\"id\":2,\"result\":{\"resultType\":\"complete\""));
	assert_int_equal(ended, 1);
	world_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(other_methods),
		cmocka_unit_test(what_is_taken),
		cmocka_unit_test(replies),
		cmocka_unit_test(statuses),
		cmocka_unit_test(streams),
		cmocka_unit_test(silence),
		cmocka_unit_test(leaving_cancels),
		cmocka_unit_test(listening),
		cmocka_unit_test(params_in_headers),
		cmocka_unit_test(a_question),
		cmocka_unit_test(same_arguments),
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(expiry),
		cmocka_unit_test(kept),
		cmocka_unit_test(passing),
		cmocka_unit_test(one_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

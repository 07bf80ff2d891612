/*
 * Backs of modern upstreams against one that the test plays: how the era is found out, what each
 * request says, questions in results, subscriptions, and what a bad server may send.
 */
#include "back_world.h"

#define DISCOVERED(more) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\"," \
	"\"supportedVersions\":[\"2025-11-25\",\"2026-07-28\"],\"capabilities\":{" more "}," \
	"\"instructions\":\"be kind\",\"ttlMs\":0,\"cacheScope\":\"private\",\"_meta\":{" \
	"\"io.modelcontextprotocol/serverInfo\":{\"name\":\"m\",\"version\":\"2\"}}}}"
#define LISTENS		"\"tools\":{\"listChanged\":true},\"resources\":{\"subscribe\":true}"
#define RESULT(n, body) "{\"jsonrpc\":\"2.0\",\"id\":" #n ",\"result\":{" body "}}"
#define STREAM		"Content-Type: text/event-stream\r\n"

/* ---- a client that answers ------------------------------------------------------------------- */

struct talk {
	unsigned asked, told, changed;
	struct slice answer;
	bool is_error;
	enum errkind fails;
	struct buf heard; /* methods and params of questions and notifications */
};

static struct talk talk;

static bool
talk_ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	talk.asked++;
	buf_printf(&talk.heard, "%s%.*s;", mcp_method_row(question->method)->name,
	    SLICE_FMT(question->params));
	/* All of a round are asked before any is answered. */
	if (!task_yield_wait(exchange->loop, err))
		return false;
	if (talk.fails != ERR_NONE)
		return err_set(err, talk.fails, "no");
	*answer = (struct answer){ talk.is_error, talk.answer };
	return true;
}

static void
talk_tell(struct exchange *exchange, const struct tell *what)
{
	talk.told++;
	buf_printf(
	    &talk.heard, "%s%.*s;", mcp_method_row(what->method)->name, SLICE_FMT(what->params));
}

static void
talk_changed(void *owner, enum mcp_method what)
{
	talk.changed++;
}

static const struct front_ops talk_front = {
	.name = "talk", .ask_wait = talk_ask_wait, .tell = talk_tell
};
static const struct back_events talk_events = { .list_changed = talk_changed, .lost = on_lost };

/* ---- the world ------------------------------------------------------------------------------- */

static void
modern_open_run(void *arg)
{
	struct world *world = arg;
	struct back_spec spec = { .server = S("up"),
		.upstream = &world->upstream,
		.message_bytes = 64 * MIB,
		.ask_ms = 600000,
		.capabilities =
		    S("{\"elicitation\":{},\"roots\":{\"listChanged\":true},\"tasks\":{}}"),
		.revision = MCP_NEWEST_LEGACY,
		.memory = &world->memory };

	world->is_open =
	    back_open_wait(world->loop, &spec, &talk_events, world, &world->back, &world->err);
	if (world->is_open)
		back_begin_wait(world->back);
}

static void
modern_init(struct world *world, bool is_http)
{
	world_init(world);
	memset(&talk, 0, sizeof(talk));
	buf_init(&talk.heard, NULL, MIB);
	talk.answer = S("{\"action\":\"accept\",\"content\":{\"a\":1}}");
	world->upstream.protocol = PROTOCOL_AUTO;
	world->exchange.front = &talk_front;
	world->exchange.log_level = -1;
	world->exchange.request.method = MCP_TOOLS_CALL;
	world->argv[0] = S("/bin/up");
	if (is_http) {
		world->upstream.url = S("http://127.0.0.1:9/mcp");
	} else {
		world->upstream.command = world->argv;
		world->upstream.command_n = 1;
	}
	spawn(world, modern_open_run, world);
}

static void
modern_fini(struct world *world)
{
	world_fini(world);
	buf_fini(&talk.heard);
}

static void
says(struct world *world, const char *line)
{
	peer_says(world->out, slice_of(line));
	peer_says(world->out, S("\n"));
	turns(world);
}

static void
heard_clear(struct world *world)
{
	for (unsigned i = 0; i < world->machine.peers_n; i++)
		buf_clear(&world->machine.peers[i]->heard);
}

static void
stdio_modern(struct world *world)
{
	modern_init(world, false);
	says(world, DISCOVERED("\"tools\":{}"));
	assert_true(world->is_open);
	buf_clear(&world->in->heard);
}

static void
http_modern(struct world *world)
{
	modern_init(world, true);
	respond(world, peer_that_heard(world, "server/discover"), "200 OK", JSON,
	    S(DISCOVERED("\"tools\":{}")));
	assert_true(world->is_open);
	heard_clear(world);
}

/* A call of that text; its id stands where call_begin's does. */
static struct caller_task *
call_of(struct world *world, unsigned place, struct slice text)
{
	struct caller_task *task = &world->calls[place];

	task->world = world;
	call_init(&task->call);
	task->call.exchange = &world->exchange;
	task->call.text = text;
	task->call.id = (struct slice){ text.p + sizeof("{\"jsonrpc\":\"2.0\",\"id\":") - 1, 1 };
	spawn(world, call_run, task);
	return task;
}

#define CALL_TEXT(params) \
	S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tools/call\",\"params\":{" params "}}")
#define PLAIN_CALL CALL_TEXT("\"name\":\"t\"")

/* ---- the era --------------------------------------------------------------------------------- */

static void
eras_over_http(void **state)
{
	static const struct {
		const char *status, *headers, *body;
		bool is_open, asks_legacy;
		const char *says;
	} rows[] = {
		{ "200 OK", JSON, DISCOVERED(""), true, false, "" },
		{ "200 OK", STREAM, "data: " DISCOVERED("") "\n\n", true, false, "" },
		/* What answers that is no modern server. */
		{ "404 Not Found", "", "", false, true, "" },
		{ "405 No", "", "", false, true, "" },
		{ "400 Bad", "Content-Type: text/plain\r\n", "unsupported: 2025-11-25", false, true,
		    "" },
		{ "400 Bad", JSON,
		    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"x\"}}",
		    false, true, "" },
		{ "200 OK", JSON,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"x\"}}",
		    false, true, "" },
		{ "200 OK", JSON, RESULT(1, ""), false, true, "" },
		{ "200 OK", JSON, RESULT(1, "\"supportedVersions\":[\"2025-11-25\",5]"), false,
		    true, "" },
		{ "200 OK", JSON, "rubbish", false, true, "" },
		{ "500 Oh", "", "", false, true, "" },
		/* Nobody is let in: another era would not be either. */
		{ "401 No", "", "", false, false, "HTTP 401" },
		{ "403 No", "", "", false, false, "HTTP 403" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;

		modern_init(&world, true);
		respond(&world, peer_that_heard(&world, "server/discover"), rows[i].status,
		    rows[i].headers, slice_of(rows[i].body));
		if (world.is_open != rows[i].is_open)
			fail_msg("row %zu: %s", i, world.err.text);
		if (rows[i].says[0] != '\0' && strstr(world.err.text, rows[i].says) == NULL)
			fail_msg("row %zu: %s", i, world.err.text);
		if (rows[i].is_open)
			assert_int_equal(world.memory.era, PROTOCOL_MODERN);
		if (rows[i].asks_legacy) {
			respond(&world, peer_that_heard(&world, "\"initialize\""), "200 OK", JSON,
			    S("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"protocolVersion\":"
			      "\"2025-06-18\",\"capabilities\":{}}}"));
			assert_true(world.is_open);
			assert_int_equal(back_revision(world.back), MCP_2025_06_18);
			assert_int_equal(world.memory.era, PROTOCOL_LEGACY);
			respond(&world, peer_that_heard(&world, "notifications/initialized"),
			    "202 Accepted", "", S(""));
		}
		modern_fini(&world);
	}
}

static void
what_discover_tells(void **state)
{
	struct world world;

	(void)state;
	stdio_modern(&world);
	assert_int_equal(back_revision(world.back), MCP_2026_07_28);
	assert_true(slice_eq(back_instructions(world.back), S("be kind")));
	assert_true(
	    slice_eq(back_server_info(world.back), S("{\"name\":\"m\",\"version\":\"2\"}")));
	assert_true(slice_eq(back_capabilities(world.back), S("{\"tools\":{}}")));
	modern_fini(&world);
}

/* A server that refuses the version and names it all the same is asked once more, and not again. */
static void
a_version_that_is_refused(void **state)
{
#define REFUSED(n, versions) \
	"{\"jsonrpc\":\"2.0\",\"id\":" #n ",\"error\":{\"code\":-32022,\"message\":\"x\"," \
	"\"data\":{\"supported\":[" versions "],\"requested\":\"2026-07-28\"}}}"
#define GREETING(n) RESULT(n, "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{}")
	static const struct {
		const char *first, *second, *greeting;
	} rows[] = {
		{ REFUSED(1, "\"2026-07-28\""),
		    RESULT(2, "\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{}"), NULL },
		{ REFUSED(1, "\"2026-07-28\""), REFUSED(2, "\"2026-07-28\""), GREETING(3) },
		{ REFUSED(1, "\"2099-01-01\",5"), NULL, GREETING(2) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;

		modern_init(&world, false);
		heard_clear(&world);
		says(&world, rows[i].first);
		assert_int_equal(has_heard(world.in, "server/discover"), rows[i].second != NULL);
		if (rows[i].second != NULL)
			says(&world, rows[i].second);
		assert_int_equal(has_heard(world.in, "\"initialize\""), rows[i].greeting != NULL);
		if (rows[i].greeting != NULL)
			says(&world, rows[i].greeting);
		assert_true(world.is_open);
		modern_fini(&world);
	}
#undef GREETING
#undef REFUSED
}

/* A child that ends itself at the first message it does not know is started anew for the other. */
static void
a_child_that_dies_of_the_question(void **state)
{
	struct world world;
	struct peer *first;

	(void)state;
	modern_init(&world, false);
	first = world.in;
	assert_true(has_heard(first, "server/discover"));
	world.out->says_end = true;
	child_exits(&world, 1 << 8);
	turns(&world);
	machine_sleep(&world.machine, world.loop, 500);
	turns(&world);
	assert_ptr_not_equal(world.in, first);
	assert_true(has_heard(world.in, "\"initialize\""));
	assert_false(has_heard(world.in, "server/discover"));
	says(&world, INITIALIZED);
	/* Its numbers go on. */
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"protocolVersion\":"
	    "\"2025-11-25\",\"capabilities\":{}}}");
	assert_true(world.is_open);
	modern_fini(&world);
}

/* One that is silent gets initialize after a while; its late answer is no fault. */
static void
a_silent_child(void **state)
{
	struct world world;

	(void)state;
	modern_init(&world, false);
	assert_false(has_heard(world.in, "\"initialize\""));
	machine_sleep(&world.machine, world.loop, 1700);
	turns(&world);
	assert_true(has_heard(world.in, "\"initialize\""));
	says(&world, DISCOVERED(""));
	/* It was only slow, and speaks nothing else: it is asked again. */
	says(
	    &world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32022,\"message\":\"x\"}}");
	assert_false(world.is_open);
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"supportedVersions\":"
	    "[\"2026-07-28\"],\"capabilities\":{}}}");
	assert_true(world.is_open);
	assert_int_equal(back_faults(world.back), 0);
	modern_fini(&world);
}

/* What was legacy the last time is asked that first, and the other when it has changed. */
static void
an_era_that_changes(void **state)
{
	struct world world;

	(void)state;
	modern_init(&world, false);
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602}}");
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"protocolVersion\":"
	    "\"2025-11-25\",\"capabilities\":{}}}");
	assert_true(world.is_open);
	spawn(&world, close_run, &world);
	spawn(&world, modern_open_run, &world);
	assert_true(has_heard(world.in, "\"initialize\""));
	assert_false(has_heard(world.in, "server/discover"));
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32022}}");
	assert_true(has_heard(world.in, "server/discover"));
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"supportedVersions\":"
	    "[\"2026-07-28\"],\"capabilities\":{}}}");
	assert_int_equal(back_revision(world.back), MCP_2026_07_28);
	assert_int_equal(world.memory.era, PROTOCOL_MODERN);
	modern_fini(&world);
}

static void
one_era_alone(void **state)
{
	struct world world;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		world_init(&world);
		world.upstream.protocol = i == 0 ? PROTOCOL_MODERN : PROTOCOL_LEGACY;
		world.argv[0] = S("/bin/up");
		world.upstream.command = world.argv;
		world.upstream.command_n = 1;
		spawn(&world, modern_open_run, &world);
		says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601}}");
		if (world.is_open || world.err.kind != ERR_UNAVAILABLE)
			fail_msg("row %u: %s", i, world.err.text);
		assert_int_equal(has_heard(world.in, "server/discover"), i == 0);
		assert_int_equal(has_heard(world.in, "\"initialize\""), i == 1);
		world_fini(&world);
	}
}

/* ---- a request ------------------------------------------------------------------------------- */

#define VERSION	 "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\""
#define CLIENT	 "\"io.modelcontextprotocol/clientInfo\":"
#define CAN(can) "\"io.modelcontextprotocol/clientCapabilities\":{" can "}"
#define OWN	 CLIENT "{\"name\":\"bascule\",\"version\":\"" BASCULE_VERSION "\"}"
#define FORMS	 "\"elicitation\":{\"form\":{}}"

static void
what_a_request_says(void **state)
{
	static const struct {
		struct slice text;
		const char *heard;
	} rows[] = {
		{ S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tools/call\"}"),
		    "{\"jsonrpc\":\"2.0\",\"id\":2,\"params\":{\"_meta\":{" VERSION "," OWN
		    "," CAN(FORMS) "}},\"method\":\"tools/call\"}" },
		{ CALL_TEXT(""), "\"params\":{\"_meta\":{" VERSION "," OWN "," CAN(FORMS) "}}}" },
		{ CALL_TEXT("\"name\":\"t\",\"arguments\":{\"x\":1.0}"),
		    "\"params\":{\"_meta\":{" VERSION "," OWN
		    "," CAN(FORMS) "},\"name\":\"t\",\"arguments\":{\"x\":1.0}}}" },
		/* The client's own names go on, those of the protocol are ours. */
		{ CALL_TEXT("\"_meta\":{\"traceparent\":\"00-1\",\"progressToken\":7," CAN(
		      "\"roots\":{}") ",\"a\\u0062\":1},\"name\":\"t\""),
		    "\"params\":{\"_meta\":{" VERSION "," OWN
		    "," CAN(FORMS) ",\"traceparent\":\"00-1\"},\"name\":\"t\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;

		stdio_modern(&world);
		task = call_of(&world, 0, rows[i].text);
		if (!has_heard(world.in, rows[i].heard))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(buf_view(&world.in->heard)));
		says(&world, RESULT(2, ""));
		assert_true(task->is_over && task->ok);
		modern_fini(&world);
	}
}

static void
what_the_client_can(void **state)
{
	static const struct {
		enum mcp_revision revision;
		struct client_capabilities can;
		const char *declared, *told; /* declared NULL: only `can` is known */
	} rows[] = {
		{ MCP_2024_11_05, { .elicitation = true, .sampling = true, .roots = true }, NULL,
		    CAN("\"sampling\":{},\"roots\":{}") },
		{ MCP_2025_06_18,
		    { .elicitation = true,
			.elicitation_url = true,
			.sampling = true,
			.sampling_tools = true },
		    "{\"elicitation\":{\"url\":{}}}", CAN(FORMS ",\"sampling\":{}") },
		{ MCP_2025_11_25,
		    { .elicitation = true,
			.elicitation_url = true,
			.sampling_tools = true,
			.sampling = true,
			.tasks = true },
		    NULL,
		    CAN("\"elicitation\":{\"form\":{},\"url\":{}},\"sampling\":{\"tools\":{}}") },
		{ MCP_2025_11_25, { .roots = true },
		    "{\"roots\":{\"listChanged\":true},\"tasks\":{\"list\":{}},\"experimental\":{}}",
		    CAN("\"experimental\":{},\"roots\":{}") },
		/* An extension whose methods are not carried is not declared. */
		{ MCP_2026_07_28, { .roots = false },
		    "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{},"
		    "\"io.modelcontextprotocol/ui\":{\"mimeTypes\":[\"text/html\"]},\"x.y/z\":{}}}",
		    CAN("\"extensions\":{\"io.modelcontextprotocol/ui\":"
			"{\"mimeTypes\":[\"text/html\"]}}") },
		{ MCP_2026_07_28, { .roots = false },
		    "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}", CAN("") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;

		stdio_modern(&world);
		world.exchange.revision = rows[i].revision;
		world.exchange.can = rows[i].can;
		world.exchange.capabilities = slice_of(rows[i].declared);
		world.exchange.client_info = S("{\"name\":\"c\"}");
		world.exchange.log_level = 3;
		call_of(&world, 0, PLAIN_CALL);
		if (!has_heard(world.in, rows[i].told))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(buf_view(&world.in->heard)));
		assert_true(has_heard(world.in, CLIENT "{\"name\":\"c\"}"));
		assert_true(
		    has_heard(world.in, "\"io.modelcontextprotocol/logLevel\":\"warning\""));
		says(&world, RESULT(2, ""));
		modern_fini(&world);
	}
}

static void
headers(void **state)
{
	static const char definition[] =
	    "{\"name\":\"t\",\"inputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},"
	    "\"n\":{\"type\":\"integer\",\"x-mcp-header\":\"N\"}}}}";
	struct world world;
	struct caller_task *task = &world.calls[0];
	struct slice text =
	    CALL_TEXT("\"name\":\"shown\",\"arguments\":{\"region\":\"gr\\u00fcn\",\"n\":3}");
	struct peer *peer;

	(void)state;
	http_modern(&world);
	task->world = &world;
	call_init(&task->call);
	task->call.exchange = &world.exchange;
	task->call.text = text;
	task->call.id = (struct slice){ text.p + sizeof("{\"jsonrpc\":\"2.0\",\"id\":") - 1, 1 };
	task->call.edits[0].at =
	    (struct slice){ (const char *)memmem(text.p, text.n, "\"shown\"", 7), 7 };
	task->call.edits[0].with = S("\"own\"");
	task->call.edits_n = 1;
	task->call.definition = S(definition);
	spawn(&world, call_run, task);
	peer = peer_that_heard(&world, "\"id\":2");
	assert_true(has_heard(peer, "\r\nMCP-Protocol-Version: 2026-07-28\r\n"));
	assert_true(has_heard(peer, "\r\nMcp-Method: tools/call\r\n"));
	assert_true(has_heard(peer, "\r\nMcp-Name: own\r\n"));
	assert_true(has_heard(peer, "\r\nMcp-Param-Region: =?base64?Z3LDvG4=?=\r\n"));
	assert_true(has_heard(peer, "\r\nMcp-Param-N: 3\r\n"));
	assert_false(has_heard(peer, "Mcp-Session-Id"));
	respond(&world, peer, "200 OK", JSON, S(RESULT(2, "")));
	assert_true(task->ok);
	modern_fini(&world);
}

/* Over HTTP the end of the connection says it; on stdio a notification does. */
static void
cancelling(void **state)
{
	struct world world;
	struct caller_task *task;
	struct peer *peer;

	(void)state;
	http_modern(&world);
	task = call_of(&world, 0, PLAIN_CALL);
	peer = peer_that_heard(&world, "\"id\":2");
	assert_false(peer->is_closed);
	group_cancel(&world.group, ERR_CANCELLED);
	turns(&world);
	assert_true(task->is_over);
	assert_true(peer->is_closed);
	for (unsigned i = 0; i < world.machine.peers_n; i++)
		assert_false(has_heard(world.machine.peers[i], "notifications/cancelled"));
	modern_fini(&world);

	stdio_modern(&world);
	task = call_of(&world, 0, PLAIN_CALL);
	group_cancel(&world.group, ERR_CANCELLED);
	turns(&world);
	assert_true(task->is_over);
	assert_true(has_heard(world.in, "notifications/cancelled\",\"params\":{\"requestId\":2"));
	modern_fini(&world);
}

static void
results_for_legacy_clients(void **state)
{
	static const struct {
		const char *result, *seen;
	} rows[] = {
		{ "\"resultType\":\"complete\",\"content\":[]", "{\"content\":[]}" },
		{ "\"content\":[],\"resultType\" : \"complete\" ", "{\"content\":[]}" },
		{ "\"content\":[],\"structuredContent\":5", "{\"content\":[]}" },
		{ "\"structuredContent\":{\"a\":1}", "{\"structuredContent\":{\"a\":1}}" },
		{ "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{},\"k\":1}",
		    "{\"_meta\":{                                        \"k\":1}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;
		struct buf line;

		buf_init(&line, NULL, KIB);
		buf_printf(&line, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{%s}}", rows[i].result);
		buf_putc(&line, '\0');
		stdio_modern(&world);
		task = call_of(&world, 0, PLAIN_CALL);
		says(&world, line.p);
		assert_true(task->is_over && task->ok);
		if (!slice_eq(task->call.response.body, slice_of(rows[i].seen)))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(task->call.response.body));
		buf_fini(&line);
		modern_fini(&world);
	}
}

/* ---- questions in results -------------------------------------------------------------------- */

#define ASKS(entries, more) \
	"\"resultType\":\"input_required\",\"content\":null,\"inputRequests\":{" entries "}" more
#define FORM(text) \
	"{\"method\":\"elicitation/create\",\"params\":{\"message\":\"" text \
	"\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}}}"
#define PAGE \
	"{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\",\"url\":\"http://p/\"}}"

static void
two_questions_and_another_round(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_modern(&world);
	task = call_of(&world, 0, CALL_TEXT("\"name\":\"t\",\"_meta\":{\"k\":1}"));
	says(&world,
	    RESULT(2,
		ASKS("\"q1\":" FORM("one") ",\"q\\u0032\":" FORM("two"),
		    ",\"requestState\":\"s\\u0031\"")));
	assert_int_equal(talk.asked, 2);
	assert_true(has_heard(world.in,
	    "\"id\":3,\"method\":\"tools/call\",\"params\":{\"inputResponses\":{"
	    "\"q1\":{\"action\":\"accept\",\"content\":{\"a\":1}},"
	    "\"q\\u0032\":{\"action\":\"accept\",\"content\":{\"a\":1}}},"
	    "\"requestState\":\"s\\u0031\",\"name\":\"t\",\"_meta\":{"));
	buf_clear(&world.in->heard);
	/* No state this time, and none goes back. */
	says(&world, RESULT(3, ASKS("\"x\":" FORM("three"), "")));
	assert_int_equal(talk.asked, 3);
	assert_true(has_heard(world.in, "\"id\":4,"));
	assert_true(has_heard(world.in, "\"inputResponses\":{\"x\":{"));
	assert_false(has_heard(world.in, "requestState"));
	says(&world, RESULT(4, "\"resultType\":\"complete\",\"content\":[]"));
	assert_true(task->is_over && task->ok);
	modern_fini(&world);
}

/* A modern client gets the questions as they are; its own answers pass. */
static void
a_modern_client_is_not_asked(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_modern(&world);
	world.exchange.revision = MCP_2026_07_28;
	world.exchange.capabilities = S("{\"elicitation\":{}}");
	task = call_of(&world, 0, PLAIN_CALL);
	says(&world, RESULT(2, ASKS("\"q1\":" FORM("one"), "")));
	assert_true(task->is_over && task->ok);
	assert_int_equal(task->call.type, REPLY_INPUT_REQUIRED);
	assert_int_equal(talk.asked, 0);
	world.exchange.state = S("\"theirs\"");
	task = call_of(&world, 1,
	    CALL_TEXT("\"inputResponses\":{\"q1\":{}},\"requestState\":\"sealed\",\"name\":\"t\""));
	assert_true(has_heard(world.in,
	    "\"inputResponses\":{\"q1\":{}},\"requestState\":\"theirs\",\"name\":\"t\"}"));
	says(&world, RESULT(3, ""));
	assert_true(task->is_over && task->ok);
	assert_int_equal(task->call.type, REPLY_COMPLETE);
	modern_fini(&world);
}

static void
answers_that_do_not_come(void **state)
{
	static const struct {
		const char *question;
		bool is_error;
		enum errkind fails;
		const char *goes_on; /* NULL: it ends */
		enum errkind kind;
		const char *says;
	} rows[] = {
		{ FORM("x"), false, ERR_DEADLINE, "{\"action\":\"cancel\"}", ERR_NONE, "" },
		{ FORM("x"), false, ERR_REFUSED, "{\"action\":\"decline\"}", ERR_NONE, "" },
		{ FORM("x"), true, ERR_NONE, "{\"action\":\"cancel\"}", ERR_NONE, "" },
		{ FORM("x"), false, ERR_CANCELLED, NULL, ERR_CANCELLED, "no" },
		{ "{\"method\":\"roots/list\"}", true, ERR_NONE, NULL, ERR_REQUEST, "an error" },
		{ "{\"method\":\"roots/list\"}", false, ERR_DEADLINE, NULL, ERR_DEADLINE, "no" },
		/* Not declared: nobody is asked. */
		{ "{\"method\":\"sampling/createMessage\",\"params\":{}}", false, ERR_NONE, NULL,
		    ERR_REQUEST, "does not offer sampling" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;
		struct buf line;

		buf_init(&line, NULL, 4 * KIB);
		buf_printf(&line,
		    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"resultType\":"
		    "\"input_required\",\"inputRequests\":{\"q\":%s}}}",
		    rows[i].question);
		buf_putc(&line, '\0');
		stdio_modern(&world);
		world.exchange.can.roots = true;
		talk.is_error = rows[i].is_error;
		talk.fails = rows[i].fails;
		if (talk.is_error)
			talk.answer = S("{\"code\":-1,\"message\":\"an error\"}");
		task = call_of(&world, 0, PLAIN_CALL);
		says(&world, line.p);
		buf_fini(&line);
		if (rows[i].goes_on != NULL) {
			assert_false(task->is_over);
			assert_true(has_heard(world.in, rows[i].goes_on));
			says(&world, RESULT(3, ""));
			assert_true(task->is_over && task->ok);
		} else {
			assert_failed(task, rows[i].kind, rows[i].says);
		}
		modern_fini(&world);
	}
}

/* The client is asked once about a page; the upstream is asked until it is content. */
static void
a_page(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_modern(&world);
	world.exchange.can.elicitation_url = true;
	talk.answer = S("{\"action\":\"accept\"}");
	task = call_of(&world, 0, PLAIN_CALL);
	says(&world, RESULT(2, ASKS("\"p\":" PAGE, "")));
	assert_int_equal(talk.asked, 1);
	assert_non_null(memmem(talk.heard.p, talk.heard.n, "{\"elicitationId\":\"", 18));
	says(&world, RESULT(3, ASKS("\"p\":" PAGE, "")));
	assert_int_equal(talk.asked, 1);
	assert_false(has_heard(world.in, "\"id\":4"));
	machine_sleep(&world.machine, world.loop, 100);
	turns(&world);
	assert_true(has_heard(world.in, "\"id\":4"));
	assert_true(has_heard(world.in, "\"inputResponses\":{\"p\":{\"action\":\"accept\"}}"));
	assert_int_equal(talk.told, 0);
	says(&world, RESULT(4, "\"resultType\":\"complete\""));
	assert_true(task->is_over && task->ok);
	assert_int_equal(talk.told, 1);
	assert_non_null(
	    memmem(talk.heard.p, talk.heard.n, "notifications/elicitation/complete", 34));
	modern_fini(&world);
}

/* ---- bad servers ----------------------------------------------------------------------------- */

static void
results_that_make_no_sense(void **state)
{
	static const struct {
		const char *result, *says;
	} rows[] = {
		{ "\"resultType\":\"later\"", "type \"later\"" },
		{ "\"resultType\":5", "type 5" },
		{ "\"resultType\":\"task\",\"taskId\":\"t\"", "a task whose status" },
		{ "\"resultType\":\"input_required\"", "without inputRequests" },
		{ "\"resultType\":\"input_required\",\"inputRequests\":[]",
		    "without inputRequests" },
		{ "\"resultType\":\"input_required\",\"requestState\":5", "no string" },
		{ ASKS("\"q\":5", ""), "without a method" },
		{ ASKS("\"q\":{\"method\":\"tools/call\"}", ""), "no question" },
		{ ASKS("\"q\":{\"method\":\"roots/list\",\"params\":5}", ""), "no object" },
		{ ASKS("\"q\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\"}}",
		      ""),
		    "without its url" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;
		struct buf line;

		buf_init(&line, NULL, 4 * KIB);
		buf_printf(&line, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{%s}}", rows[i].result);
		buf_putc(&line, '\0');
		stdio_modern(&world);
		task = call_of(&world, 0, PLAIN_CALL);
		says(&world, line.p);
		buf_fini(&line);
		assert_failed(task, ERR_UNAVAILABLE, rows[i].says);
		assert_int_equal(talk.asked, 0);
		modern_fini(&world);
	}
}

/* A modern client gets no question that it did not declare, whatever a server sends. */
static void
a_question_that_was_not_declared(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_modern(&world);
	world.exchange.revision = MCP_2026_07_28;
	task = call_of(&world, 0, PLAIN_CALL);
	says(&world, RESULT(2, ASKS("\"q\":" FORM("x") ",\"p\":" PAGE, "")));
	assert_failed(
	    task, ERR_UNAVAILABLE, "elicitation/create, which the client did not declare");
	modern_fini(&world);
}

static void
a_state_without_end(void **state)
{
	struct world world;
	struct caller_task *task;
	struct buf line;

	(void)state;
	buf_init(&line, NULL, 4 * MIB);
	buf_puts(&line,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"resultType\":\"input_required\","
	    "\"requestState\":\"");
	for (size_t i = 0; i < MIB; i++)
		buf_putc(&line, 'x');
	buf_puts(&line, "\"}}");
	buf_putc(&line, '\0');
	stdio_modern(&world);
	task = call_of(&world, 0, PLAIN_CALL);
	says(&world, line.p);
	buf_fini(&line);
	assert_failed(task, ERR_UNAVAILABLE, "requestState of 1048578 bytes");
	modern_fini(&world);
}

/* It asks for ever, or puts off for ever. */
static void
questions_without_end(void **state)
{
	struct world world;
	struct caller_task *task;
	char line[400];

	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		unsigned n = 2;

		stdio_modern(&world);
		task = call_of(&world, 0, PLAIN_CALL);
		for (; !task->is_over && n < 2000; n++) {
			snprintf(line, sizeof(line),
			    "{\"jsonrpc\":\"2.0\",\"id\":%u,\"result\":{\"resultType\":\"input_required\",%s}}",
			    n,
			    kind == 0 ? "\"inputRequests\":{\"q\":" FORM("x") "}"
				      : "\"requestState\":\"s\"");
			says(&world, line);
			if (kind == 1) {
				machine_sleep(&world.machine, world.loop, 5000);
				turns(&world);
			}
			buf_clear(&world.in->heard);
		}
		assert_failed(task, ERR_UNAVAILABLE,
		    kind == 0 ? "still asks after 16 rounds" : "put the call off 1000 times");
		assert_int_equal(talk.asked, kind == 0 ? 16 : 0);
		modern_fini(&world);
	}
}

#define HEADERS_REFUSED(n) \
	"{\"jsonrpc\":\"2.0\",\"id\":" #n \
	",\"error\":{\"code\":-32020,\"message\":\"Mcp-Param-Region is missing\"}}"

/* The list is read again, once; a server that is never content gets no third request. */
static void
headers_that_are_refused(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	http_modern(&world);
	world.exchange.request.name = S("\"t\"");
	task = call_of(&world, 0, CALL_TEXT("\"name\":\"t\",\"arguments\":{\"region\":\"eu\"}"));
	respond(
	    &world, peer_that_heard(&world, "\"id\":2"), "400 Bad", JSON, S(HEADERS_REFUSED(2)));
	assert_int_equal(talk.changed, 1);
	respond(&world, peer_that_heard(&world, "tools/list"), "200 OK", JSON,
	    S(RESULT(3,
		"\"tools\":[{\"name\":\"t\",\"inputSchema\":{\"type\":\"object\","
		"\"properties\":{\"region\":{\"type\":\"string\",\"x-mcp-header\":"
		"\"Region\"}}}}]")));
	assert_true(has_heard(peer_that_heard(&world, "\"id\":4"), "Mcp-Param-Region: eu\r\n"));
	respond(
	    &world, peer_that_heard(&world, "\"id\":4"), "400 Bad", JSON, S(HEADERS_REFUSED(4)));
	assert_failed(task, ERR_UNAVAILABLE, "does not take the headers");
	modern_fini(&world);
}

/* After an update it is of another era: the connection is made anew, the call was not done. */
static void
a_version_that_is_gone(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_modern(&world);
	task = call_of(&world, 0, PLAIN_CALL);
	says(
	    &world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32022,\"message\":\"x\"}}");
	assert_failed(task, ERR_UNAVAILABLE, "any more");
	assert_false(task->call.was_sent);
	assert_int_equal(world.lost, 1);
	modern_fini(&world);
}

/* The same over HTTP, where a legacy server misses a session. */
static void
an_era_that_is_gone(void **state)
{
	static const struct {
		const char *status, *headers, *body;
		bool is_gone;
	} rows[] = {
		{ "400 Bad", JSON,
		    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":"
		    "\"No valid session ID\"}}",
		    true },
		{ "400 Bad", "Content-Type: text/plain\r\n", "what?", true },
		{ "404 Not Found", "", "", true },
		{ "404 Not Found", JSON,
		    "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32601,\"message\":\"no\"}}",
		    false },
		{ "400 Bad", JSON,
		    "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32602,\"message\":"
		    "\"no such session\"}}",
		    false },
		{ "503 Later", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;

		http_modern(&world);
		task = call_of(&world, 0, PLAIN_CALL);
		respond(&world, peer_that_heard(&world, "\"id\":2"), rows[i].status,
		    rows[i].headers, slice_of(rows[i].body));
		assert_true(task->is_over);
		if ((world.lost > 0) != rows[i].is_gone)
			fail_msg("row %zu: %s", i, task->err.text);
		assert_false(rows[i].is_gone && (task->ok || task->call.was_sent));
		modern_fini(&world);
	}
}

/* A modern server may not ask; it is not answered either. */
static void
a_server_that_sends_requests(void **state)
{
	struct world world;

	(void)state;
	stdio_modern(&world);
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"elicitation/create\",\"params\":{}}");
	assert_int_equal(world.in->heard.n, 0);
	assert_int_equal(back_faults(world.back), 2);
	modern_fini(&world);
}

/* ---- subscriptions --------------------------------------------------------------------------- */

#define SUBSCRIPTION(id) "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":" #id "}"
#define ACK(id, what) \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{" SUBSCRIPTION( \
	    id) ",\"notifications\":{" what "}}}"
#define CHANGED(id) \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\",\"params\":{" SUBSCRIPTION( \
	    id) "}}"

struct listening {
	struct world *world;
	struct slice uris[2];
	size_t n, fresh, granted;
	bool ok, is_over;
	struct err err;
};

static void
listening_run(void *arg)
{
	struct listening *l = arg;

	l->ok = back_listen_wait(l->world->back, l->uris, l->n, l->fresh, &l->granted, &l->err);
	l->is_over = true;
}

static void
one_stream_for_all(void **state)
{
	struct world world;
	struct listening l = {
		.world = &world, .uris = { S("a://1"), S("a://2") }, .n = 2, .fresh = 2
	};

	(void)state;
	modern_init(&world, false);
	says(&world, DISCOVERED(LISTENS));
	turns(&world);
	assert_true(has_heard(world.in, "\"id\":2,\"method\":\"subscriptions/listen\""));
	assert_true(has_heard(world.in, "\"notifications\":{\"toolsListChanged\":true}}}"));
	says(&world, ACK(2, "\"toolsListChanged\":true"));
	says(&world, CHANGED(2));
	assert_int_equal(talk.changed, 1);
	/* Of no stream that is open, whatever its type. */
	says(&world, CHANGED(9));
	says(&world, CHANGED("2"));
	assert_int_equal(talk.changed, 1);
	assert_int_equal(back_faults(world.back), 2);
	/* More is wanted: a new stream, and the old one ends once it is acknowledged. */
	buf_clear(&world.in->heard);
	spawn(&world, listening_run, &l);
	assert_true(has_heard(world.in, "\"id\":3,\"method\":\"subscriptions/listen\""));
	assert_true(has_heard(world.in, "\"resourceSubscriptions\":[\"a://1\",\"a://2\"]"));
	says(&world, CHANGED(2));
	assert_int_equal(talk.changed, 2);
	assert_false(has_heard(world.in, "notifications/cancelled"));
	assert_int_equal(back_in_flight(world.back), 0);
	says(&world, ACK(3, "\"toolsListChanged\":true,\"resourceSubscriptions\":[\"a:\\/\\/2\"]"));
	assert_true(l.is_over && l.ok);
	assert_int_equal(l.granted, 1);
	assert_true(has_heard(world.in, "notifications/cancelled\",\"params\":{\"requestId\":2"));
	modern_fini(&world);
}

/* A stream that ends is opened again later, and what it may have missed is read. */
static void
a_stream_that_ends(void **state)
{
	struct world world;

	(void)state;
	modern_init(&world, false);
	says(&world, DISCOVERED(LISTENS));
	turns(&world);
	says(&world, ACK(2, "\"toolsListChanged\":true"));
	says(&world, RESULT(2, "\"resultType\":\"complete\""));
	buf_clear(&world.in->heard);
	machine_sleep(&world.machine, world.loop, 999);
	turns(&world);
	assert_int_equal(world.in->heard.n, 0);
	machine_sleep(&world.machine, world.loop, 1001);
	turns(&world);
	assert_true(has_heard(world.in, "\"id\":3,\"method\":\"subscriptions/listen\""));
	assert_int_equal(talk.changed, 0);
	says(&world, ACK(3, "\"toolsListChanged\":true"));
	assert_int_equal(talk.changed, 1);
	modern_fini(&world);
}

/* One that refuses is left alone until something else is wanted. */
static void
a_stream_that_is_refused(void **state)
{
	struct world world;
	struct listening l = { .world = &world, .uris = { S("a://1") }, .n = 1, .fresh = 1 };

	(void)state;
	modern_init(&world, false);
	says(&world, DISCOVERED(LISTENS));
	turns(&world);
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32601,\"message\":\"no\"}}");
	buf_clear(&world.in->heard);
	machine_sleep(&world.machine, world.loop, 600000);
	turns(&world);
	assert_int_equal(world.in->heard.n, 0);
	spawn(&world, listening_run, &l);
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32601,\"message\":\"no\"}}");
	assert_true(l.is_over);
	assert_false(l.ok);
	assert_int_equal(l.err.kind, ERR_UNAVAILABLE);
	modern_fini(&world);
}

/* A legacy client's subscription becomes part of what the stream is asked for, and leaves it. */
static void
subscribing(void **state)
{
	static const struct {
		const char *granted, *body;
		enum message_kind kind;
	} rows[] = {
		{ "\"resourceSubscriptions\":[\"a://1\"]", "{}", MESSAGE_RESULT },
		{ "\"toolsListChanged\":true", "-32602", MESSAGE_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;
		struct buf line;

		modern_init(&world, false);
		says(&world, DISCOVERED("\"resources\":{\"subscribe\":true}"));
		buf_clear(&world.in->heard);
		task = call_of(&world, 0,
		    S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"resources/subscribe\",\"params\":{"
		      "\"uri\":\"a:\\/\\/1\"}}"));
		assert_false(task->is_over);
		assert_true(has_heard(
		    world.in, "\"notifications\":{\"resourceSubscriptions\":[\"a://1\"]}}}"));
		assert_false(has_heard(world.in, "resources/subscribe"));
		buf_init(&line, NULL, KIB);
		buf_printf(&line, ACK(2, "%s"), rows[i].granted);
		buf_putc(&line, '\0');
		says(&world, line.p);
		buf_fini(&line);
		assert_true(task->is_over && task->ok);
		assert_int_equal(task->call.response.kind, rows[i].kind);
		assert_non_null(memmem(task->call.response.body.p, task->call.response.body.n,
		    rows[i].body, strlen(rows[i].body)));
		/* With nothing left to tell, nothing is listened to. */
		assert_int_equal(has_heard(world.in, "notifications/cancelled"), i == 1);
		buf_clear(&world.in->heard);
		task = call_of(&world, 1,
		    S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"resources/unsubscribe\","
		      "\"params\":{\"uri\":\"a://1\"}}"));
		assert_true(task->is_over && task->ok);
		assert_int_equal(has_heard(world.in, "notifications/cancelled"), i == 0);
		assert_false(has_heard(world.in, "subscriptions/listen"));
		modern_fini(&world);
	}
}

/* What an upstream without sessions knows otherwise is answered here. */
static void
what_it_is_not_asked(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_modern(&world);
	task = call_of(&world, 0, S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}"));
	assert_true(task->is_over && task->ok);
	task = call_of(&world, 1,
	    S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"logging/setLevel\",\"params\":{"
	      "\"level\":\"info\"}}"));
	assert_true(task->is_over && task->ok);
	back_notify(world.back, MCP_ROOTS_CHANGED, SLICE_NONE);
	turns(&world);
	assert_int_equal(world.in->heard.n, 0);
	modern_fini(&world);
}

/* A tool that breaks the rules for headers is not offered over HTTP; the others are. */
static void
tools_that_cannot_be_called(void **state)
{
#define BAD  "{\"name\":\"b\",\"inputSchema\":{\"x-mcp-header\":\"B\"}}"
#define GOOD "{\"name\":\"g\"}"
	static const struct {
		const char *tools, *left;
	} rows[] = {
		{ BAD, "" },
		{ GOOD "," BAD, GOOD },
		{ BAD "," GOOD, GOOD },
		{ BAD " , " GOOD " , " BAD, GOOD },
		{ BAD "," BAD "," GOOD, GOOD },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;
		struct slice tools, key, one;
		struct json_iter iter;
		struct buf body, left;

		buf_init(&body, NULL, 4 * KIB);
		buf_init(&left, NULL, 4 * KIB);
		buf_printf(&body, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[%s]}}",
		    rows[i].tools);
		http_modern(&world);
		task = call_of(
		    &world, 0, S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tools/list\"}"));
		respond(
		    &world, peer_that_heard(&world, "\"id\":2"), "200 OK", JSON, buf_view(&body));
		assert_true(task->is_over && task->ok);
		assert_true(json_find(task->call.response.body, S("tools"), &tools));
		json_iter_init(&iter, tools);
		while (json_iter_next(&iter, &key, &one))
			buf_put(&left, one);
		assert_true(slice_eq(buf_view(&left), slice_of(rows[i].left)));
		for (size_t k = 1; k + 1 < tools.n; k++)
			assert_true(left.n == 0 || tools.p[k] != ',');
		buf_fini(&body);
		buf_fini(&left);
		modern_fini(&world);
	}
}

/* Over HTTP a message about a subscription comes on its stream, or is dropped. */
static void
listening_over_http(void **state)
{
	struct world world;
	struct peer *stream;
	char text[512];

	(void)state;
	modern_init(&world, true);
	respond(&world, peer_that_heard(&world, "server/discover"), "200 OK", JSON,
	    S(DISCOVERED(LISTENS)));
	stream = peer_that_heard(&world, "\"id\":2,\"method\":\"subscriptions/listen\"");
	assert_true(has_heard(stream, "Mcp-Method: subscriptions/listen\r\n"));
	peer_says(stream,
	    S("HTTP/1.1 200 OK\r\nConnection: close\r\n" STREAM "\r\n"
	      "data: " ACK(2, "\"toolsListChanged\":true") "\n\n: quiet\n\n"));
	snprintf(text, sizeof(text), "data: %s\n\ndata: %s\n\n", CHANGED(2), CHANGED(7));
	peer_says(stream, slice_of(text));
	turns(&world);
	assert_int_equal(talk.changed, 1);
	assert_int_equal(back_faults(world.back), 1);
	assert_int_equal(back_in_flight(world.back), 0);
	/* It breaks: it is asked for anew, and the lists count as changed. */
	stream->says_end = true;
	turns(&world);
	heard_clear(&world);
	machine_sleep(&world.machine, world.loop, 1000);
	turns(&world);
	stream = peer_that_heard(&world, "\"id\":3,\"method\":\"subscriptions/listen\"");
	peer_says(stream,
	    S("HTTP/1.1 200 OK\r\nConnection: close\r\n" STREAM "\r\n"
	      "data: " ACK(3, "\"toolsListChanged\":true") "\n\n"));
	turns(&world);
	assert_int_equal(talk.changed, 2);
	assert_int_equal(world.lost, 0);
	modern_fini(&world);
}

/* The back is closed while somebody waits for an acknowledgement. */
static void
closed_while_somebody_waits(void **state)
{
	struct world world;
	struct listening l = { .world = &world, .uris = { S("a://1") }, .n = 1, .fresh = 1 };

	(void)state;
	modern_init(&world, false);
	says(&world, DISCOVERED(LISTENS));
	turns(&world);
	spawn(&world, listening_run, &l);
	assert_false(l.is_over);
	spawn(&world, close_run, &world);
	turns(&world);
	assert_true(l.is_over);
	assert_false(l.ok);
	modern_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eras_over_http),
		cmocka_unit_test(what_discover_tells),
		cmocka_unit_test(a_child_that_dies_of_the_question),
		cmocka_unit_test(a_silent_child),
		cmocka_unit_test(a_version_that_is_refused),
		cmocka_unit_test(an_era_that_changes),
		cmocka_unit_test(one_era_alone),
		cmocka_unit_test(what_a_request_says),
		cmocka_unit_test(what_the_client_can),
		cmocka_unit_test(headers),
		cmocka_unit_test(cancelling),
		cmocka_unit_test(results_for_legacy_clients),
		cmocka_unit_test(two_questions_and_another_round),
		cmocka_unit_test(a_modern_client_is_not_asked),
		cmocka_unit_test(answers_that_do_not_come),
		cmocka_unit_test(a_page),
		cmocka_unit_test(results_that_make_no_sense),
		cmocka_unit_test(a_question_that_was_not_declared),
		cmocka_unit_test(a_state_without_end),
		cmocka_unit_test(questions_without_end),
		cmocka_unit_test(headers_that_are_refused),
		cmocka_unit_test(a_version_that_is_gone),
		cmocka_unit_test(an_era_that_is_gone),
		cmocka_unit_test(a_server_that_sends_requests),
		cmocka_unit_test(one_stream_for_all),
		cmocka_unit_test(a_stream_that_ends),
		cmocka_unit_test(a_stream_that_is_refused),
		cmocka_unit_test(subscribing),
		cmocka_unit_test(what_it_is_not_asked),
		cmocka_unit_test(tools_that_cannot_be_called),
		cmocka_unit_test(listening_over_http),
		cmocka_unit_test(closed_while_somebody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * HTTP fronts, the rest: event streams that are taken up again, the older transport with /sse and
 * /messages, requests without sessions.
 */
#include "front_double.h"

#define CALL(id) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{" \
	"\"_meta\":{\"progressToken\":\"t\"}}}"
#define INITIALIZED_NOTE "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"

static void
expect(const struct peer *peer, const char *what)
{
	if (!has_heard(peer, what))
		fail_msg("\"%s\" is not in: %.*s", what, (int)peer->heard.n, peer->heard.p);
}

static void
progress(struct world *world, unsigned call)
{
	static const char params[] = "{\"progress\":1,\"progressToken\":18}";
	struct tell tell = { .method = MCP_PROGRESS,
		.params = { params, sizeof(params) - 1 },
		.token = { params + sizeof(params) - 4, 2 } };

	exchange_tell(world->begun[call], &tell);
	turns(world);
}

static void
answer(struct world *world, const char *result)
{
	struct exchange *exchange = world->begun[0];

	world->begun_n--;
	memmove(world->begun, world->begun + 1, world->begun_n * sizeof(struct exchange *));
	finish(exchange, (struct reply){ .result = slice_of(result) });
	turns(world);
}

static void
leave(struct world *world, struct peer *peer)
{
	peer->says_end = true;
	turns(world);
	assert_true(peer->is_closed);
}

struct resumable {
	struct world world;
	char session[80], fields[256], text[400];
};

static void
resumable_init(struct resumable *test, const char *revision)
{
	http_init(&test->world);
	test->world.answers_at_once = false;
	session_begin_at(&test->world, revision, test->session);
	snprintf(test->fields, sizeof(test->fields), BOTH "%s", test->session);
	http(&test->world, "POST", test->fields, INITIALIZED_NOTE);
}

static struct peer *
resume(struct resumable *test, const char *last)
{
	snprintf(test->text, sizeof(test->text), "%sLast-Event-ID: %s\r\n", test->fields, last);
	return http(&test->world, "GET", test->text, "");
}

/* ---- coming back ----------------------------------------------------------------------------- */

static void
resume_a_call(void **state)
{
	struct resumable test;
	struct peer *first, *again;

	(void)state;
	resumable_init(&test, "2025-11-25");
	first = http(&test.world, "POST", test.fields, CALL("1"));
	progress(&test.world, 0);
	/* Primed, then numbered. */
	expect(first, "id: p1-0\ndata: \n\n");
	expect(first,
	    "id: p1-1\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"");
	leave(&test.world, first);
	assert_int_equal(test.world.cancelled, 0);
	progress(&test.world, 0);
	again = resume(&test, "p1-1");
	assert_false(has_heard(again, "id: p1-1\n"));
	expect(again, "id: p1-2\n");
	/* Live from there, up to and including the answer. */
	progress(&test.world, 0);
	expect(again, "id: p1-3\n");
	answer(&test.world, "{\"a\":1}");
	expect(again,
	    "id: p1-4\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1}}\n\n");
	expect(again, "0\r\n\r\n");
	/* Written, and maybe never read: it can be had again. */
	again = resume(&test, "p1-3");
	expect(again, "\"result\":{\"a\":1}");
	expect(again, "0\r\n\r\n");
	again = resume(&test, "p1-0");
	expect(again, "id: p1-1\n");
	expect(again, "id: p1-4\n");
	/* Nothing follows the last. */
	expect(resume(&test, "p1-4"), "HTTP/1.1 400");
	world_fini(&test.world);
}

static void
resume_only_its_own(void **state)
{
	struct resumable test;
	struct peer *one, *two, *again;
	char other[80];

	(void)state;
	resumable_init(&test, "2025-06-18");
	one = http(&test.world, "POST", test.fields, CALL("1"));
	two = http(&test.world, "POST", test.fields, CALL("2"));
	progress(&test.world, 0);
	progress(&test.world, 1);
	assert_false(has_heard(one, "id: p1-0")); /* an empty event confuses older clients */
	expect(one, "id: p1-1\n");
	expect(two, "id: p2-1\n");
	leave(&test.world, one);
	leave(&test.world, two);
	answer(&test.world, "{\"of\":1}");
	answer(&test.world, "{\"of\":2}");
	again = resume(&test, "p2-1");
	expect(again, "{\"of\":2}");
	assert_false(has_heard(again, "{\"of\":1}"));
	/* Another session's is not to be had. */
	session_begin(&test.world, other);
	snprintf(test.fields, sizeof(test.fields), BOTH "%s", other);
	expect(resume(&test, "p1-0"), "HTTP/1.1 400");
	world_fini(&test.world);
}

static void
resume_what_makes_no_sense(void **state)
{
	static const char *const ids[] = { "p1-99", "p2-1", "p1", "p1-", "p-1", "x1-1", "1",
		"p1-1x", "p99999999999999999999-1", "p1-99999999999999999999999", "-" };
	struct resumable test;

	(void)state;
	resumable_init(&test, "2025-06-18");
	http(&test.world, "POST", test.fields, CALL("1"));
	progress(&test.world, 0);
	for (size_t i = 0; i < COUNT(ids); i++)
		expect(resume(&test, ids[i]), "HTTP/1.1 400");
	/* A stream of a GET that is not known is begun anew. */
	expect(resume(&test, "g7-3"), "HTTP/1.1 200");
	world_fini(&test.world);
}

static void
resume_a_get(void **state)
{
	struct resumable test;
	struct peer *peer;

	(void)state;
	resumable_init(&test, "2025-06-18");
	peer = http(&test.world, "GET", test.fields, "");
	tell_all(test.world.fronts, MCP_TOOLS_CHANGED);
	turns(&test.world);
	expect(peer, "id: g1-1\n");
	leave(&test.world, peer);
	tell_all(test.world.fronts, MCP_TOOLS_CHANGED);
	peer = resume(&test, "g1-1");
	assert_false(has_heard(peer, "id: g1-1\n"));
	expect(peer, "id: g1-2\n");
	/* The old connection hangs; the new one takes over. */
	peer = resume(&test, "g1-2");
	tell_all(test.world.fronts, MCP_TOOLS_CHANGED);
	turns(&test.world);
	expect(peer, "id: g1-3\n");
	assert_false(has_heard(peer, "id: g1-2\n"));
	/* Away for too long: it is as if it had never been. */
	leave(&test.world, peer);
	for (int i = 0; i < 7; i++)
		machine_sleep(&test.world.machine, test.world.loop, 60000);
	world_fini(&test.world);
}

/* A question waits a minute for a client that has left. */
static void
resume_a_question(void **state)
{
	struct resumable test;
	struct asker asker;
	struct peer *peer;

	(void)state;
	resumable_init(&test, "2025-11-25");
	peer = http(&test.world, "POST", test.fields, CALL("1"));
	progress(&test.world, 0);
	leave(&test.world, peer);
	ask(&test.world, &asker);
	assert_false(asker.is_over);
	peer = resume(&test, "p1-1");
	expect(peer, "elicitation/create");
	http(&test.world, "POST", test.fields,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"action\":\"accept\"}}");
	assert_true(asker.is_over && asker.ok);
	world_fini(&test.world);
}

/* What is kept has a bound, in events, bytes, and time. */
static void
resume_is_bounded(void **state)
{
	struct resumable test;
	struct peer *peer;
	size_t before;
	char *large = mem_new(2 * MIB);

	(void)state;
	resumable_init(&test, "2025-11-25");
	before = loop_memory(test.world.loop)->used_bytes;
	peer = http(&test.world, "POST", test.fields, CALL("1"));
	progress(&test.world, 0);
	leave(&test.world, peer);
	for (int i = 0; i < 3000; i++)
		progress(&test.world, 0);
	assert_true(loop_memory(test.world.loop)->used_bytes < before + 2 * MIB);
	peer = resume(&test, "p1-1");
	assert_false(has_heard(peer, "id: p1-2\n"));
	assert_false(has_heard(peer, "id: p1-2001\n"));
	expect(peer, "id: p1-2002\n");
	expect(peer, "id: p1-3001\n");
	leave(&test.world, peer);
	/* Larger than the buffer: not kept at all, and said so. */
	snprintf(large, 16, "{\"x\":\"");
	memset(large + 6, 'x', 2 * MIB - 10);
	memcpy(large + 2 * MIB - 4, "\"}", 3);
	answer(&test.world, large);
	expect(resume(&test, "p1-3001"), "HTTP/1.1 400");
	assert_true(loop_memory(test.world.loop)->used_bytes < before + 3 * MIB);
	mem_free(large);
	/* Some minutes later nothing is left. */
	for (int i = 0; i < 7; i++)
		machine_sleep(&test.world.machine, test.world.loop, 60000);
	assert_int_equal(fronts_sessions(test.world.fronts), 0);
	assert_true(loop_memory(test.world.loop)->used_bytes <= before);
	world_fini(&test.world);
}

/* A client that does not read is disconnected, and may come back for what is kept. */
static void
resume_after_not_reading(void **state)
{
	struct resumable test;
	struct peer *peer;

	(void)state;
	resumable_init(&test, "2025-11-25");
	peer = http(&test.world, "POST", test.fields, CALL("1"));
	peer->write_room = 0;
	progress(&test.world, 0);
	/* Progress is left out for it; answers and questions are not, up to the connection's bound.
	 */
	for (int i = 0; i < 100000 && !peer->is_closed; i++)
		progress(&test.world, 0);
	assert_true(loop_memory(test.world.loop)->peak_bytes < 16 * MIB);
	for (int i = 0; i < 4; i++)
		machine_sleep(&test.world.machine, test.world.loop, 30000);
	turns(&test.world);
	assert_true(peer->is_closed);
	assert_int_equal(test.world.cancelled, 0);
	answer(&test.world, "{\"late\":1}");
	expect(resume(&test, "p1-0"), "{\"late\":1}");
	world_fini(&test.world);
}

/* The session ends, with a stream, one that is away, and one that has ended. */
static void
resume_no_more(void **state)
{
	struct resumable test;
	struct peer *peer;

	(void)state;
	resumable_init(&test, "2025-11-25");
	http(&test.world, "GET", test.fields, "");
	http(&test.world, "POST", test.fields, CALL("1"));
	progress(&test.world, 0);
	answer(&test.world, "{}");
	peer = http(&test.world, "POST", test.fields, CALL("2"));
	progress(&test.world, 0);
	leave(&test.world, peer);
	expect(http(&test.world, "DELETE", test.fields, ""), "HTTP/1.1 204");
	assert_int_equal(test.world.cancelled, 1);
	expect(resume(&test, "p2-1"), "HTTP/1.1 404");
	world_fini(&test.world);
}

/* ---- /sse and /messages ---------------------------------------------------------------------- */

static struct peer *
sse_begin(struct world *world, char path[96])
{
	struct peer *peer = http_at(world, "GET", "/sse", "Accept: text/event-stream\r\n", "");
	const char *at = memmem(peer->heard.p, peer->heard.n, "/messages?sessionId=", 20);

	expect(peer, "HTTP/1.1 200");
	expect(peer, "event: endpoint\ndata: /messages?sessionId=");
	snprintf(path, 96, "%.*s", 20 + 32, at);
	return peer;
}

static void
sse_session(void **state)
{
	struct world world;
	struct peer *stream;
	char path[96], header[160];

	(void)state;
	http_init(&world);
	stream = sse_begin(&world, path);
	assert_false(has_heard(http_at(&world, "POST", path, JSON,
				   "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/list\"}"),
	    "result"));
	expect(stream, "came before initialize was answered");
	expect(http_at(&world, "POST", path, JSON, INITIALIZE("1", "{\"elicitation\":{}}")),
	    "HTTP/1.1 202");
	expect(
	    stream, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" INITIALIZED);
	expect(http_at(&world, "POST", path, JSON, INITIALIZED_NOTE), "HTTP/1.1 202");
	expect(http_at(&world, "POST", path, JSON, CALL("2")), "HTTP/1.1 202");
	expect(stream, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}");
	tell_all(world.fronts, MCP_TOOLS_CHANGED);
	turns(&world);
	expect(stream, "list_changed");
	assert_false(has_heard(stream, "\nid: "));
	/* Faults: with an id on the stream, without one in the response. */
	expect(http_at(&world, "POST", path, JSON,
		   "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\",\"params\":5}"),
	    "HTTP/1.1 202");
	expect(stream, "\"id\":3,\"error\"");
	expect(http_at(&world, "POST", path, JSON, "{"), "HTTP/1.1 400");
	expect(http_at(&world, "POST", path, "Content-Type: text/plain\r\n", "{}"), "HTTP/1.1 415");
	expect(http_at(&world, "GET", path, "", ""), "Allow: POST\r\n");
	expect(http_at(&world, "POST", "/messages", JSON, "{}"), "HTTP/1.1 400");
	expect(http_at(&world, "POST", "/messages?sessionId=", JSON, "{}"), "HTTP/1.1 404");
	expect(http_at(&world, "POST", "/messages?x=1&sessionId=no", JSON, "{}"), "HTTP/1.1 404");
	/* Its id is good for nothing else. */
	snprintf(header, sizeof(header), BOTH "Mcp-Session-Id: %.32s\r\n", path + 20);
	expect(http(&world, "POST", header, CALL("4")), "HTTP/1.1 404");
	expect(http(&world, "DELETE", header, ""), "HTTP/1.1 404");
	expect(http_at(&world, "GET", "/sse", header, ""), "HTTP/1.1 404");
	session_begin(&world, header);
	snprintf(path, sizeof(path), "/messages?sessionId=%.32s", header + 16);
	expect(http_at(&world, "POST", path, JSON, CALL("4")), "HTTP/1.1 404");
	world_fini(&world);
}

/* The stream is the session. */
static void
sse_ends(void **state)
{
	struct world world;
	struct peer *stream;
	struct asker asker;
	char path[96];

	(void)state;
	http_init(&world);
	world.answers_at_once = false;
	stream = sse_begin(&world, path);
	http_at(&world, "POST", path, JSON, INITIALIZE("0", "{\"elicitation\":{}}"));
	http_at(&world, "POST", path, JSON, CALL("1"));
	ask(&world, &asker);
	expect(stream, "elicitation/create");
	http_at(&world, "POST", path, JSON,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"action\":\"accept\"}}");
	assert_true(asker.is_over && asker.ok);
	/* Kept alive, and in use however long nothing is said. */
	for (int i = 0; i < 10; i++)
		machine_sleep(&world.machine, world.loop, 30000);
	expect(stream, ":\n\n");
	assert_int_equal(fronts_sessions(world.fronts), 1);
	leave(&world, stream);
	assert_int_equal(world.cancelled, 1);
	assert_int_equal(fronts_sessions(world.fronts), 0);
	expect(http_at(&world, "POST", path, JSON, CALL("2")), "HTTP/1.1 404");
	answer(&world, "{}");
	/* As many as there may be sessions; none of them gives way. */
	for (int i = 0; i < 3; i++)
		sse_begin(&world, path);
	expect(http_at(&world, "GET", "/sse", "", ""), "HTTP/1.1 503");
	world_fini(&world);
}

static void
sse_posts_stream(void **state)
{
	static const char *const accepts[] = { "", "Accept: */*\r\n",
		"Accept: application/json\r\n", "Accept: application/json, text/event-stream\r\n" };
	struct world world;
	struct peer *peer;
	char fields[256], more[300];

	(void)state;
	http_init(&world);
	for (size_t i = 0; i < COUNT(accepts); i++) {
		snprintf(fields, sizeof(fields), JSON "%s", accepts[i]);
		peer = http_at(&world, "POST", "/sse", fields, INITIALIZE("0", "{}"));
		expect(peer, "Content-Type: text/event-stream");
		expect(peer, "Mcp-Session-Id: ");
		expect(peer, "data: {\"jsonrpc\":\"2.0\",\"id\":0,\"result\":" INITIALIZED "}\n\n");
		expect(peer, "0\r\n\r\n");
	}
	session_begin(&world, fields);
	memmove(fields + sizeof(JSON) - 1, fields, strlen(fields) + 1);
	memcpy(fields, JSON, sizeof(JSON) - 1);
	expect(http_at(&world, "POST", "/sse", fields,
		   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"),
	    "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	expect(http_at(&world, "POST", "/sse", fields, CALL("2")),
	    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}");
	/* With a session it is that session's GET. */
	snprintf(more, sizeof(more), "%sAccept: text/event-stream\r\n", fields);
	peer = http_at(&world, "GET", "/sse", more, "");
	expect(peer, "HTTP/1.1 200");
	assert_false(has_heard(peer, "endpoint"));
	world_fini(&world);
}

/* ---- without sessions ------------------------------------------------------------------------ */

static void
stateless(void **state)
{
	struct world world;
	struct peer *peer;

	(void)state;
	http_init(&world);
	world.limits.is_stateless = true;
	fronts_set_limits(world.fronts, &world.limits);
	peer = http(&world, "POST", BOTH, INITIALIZE("0", "{\"elicitation\":{}}"));
	expect(peer, "\"id\":0,\"result\":" INITIALIZED);
	assert_false(has_heard(peer, "Mcp-Session-Id"));
	assert_int_equal(fronts_sessions(world.fronts), 0);
	expect(http(&world, "POST", BOTH, INITIALIZED_NOTE), "HTTP/1.1 202");
	world.answers_at_once = false;
	/* An id from before, or invented, means nothing. */
	peer = http(&world, "POST",
	    BOTH "Mcp-Session-Id: old\r\nMCP-Protocol-Version: 2025-06-18\r\n", CALL("1"));
	assert_int_equal(world.begun[0]->revision, MCP_2025_06_18);
	assert_false(world.begun[0]->can.elicitation);
	progress(&world, 0);
	expect(peer, "notifications/progress");
	assert_false(has_heard(peer, "\nid: "));
	answer(&world, "{\"a\":1}");
	expect(peer, "{\"a\":1}");
	expect(peer, "0\r\n\r\n");
	peer = http(&world, "POST", JSON, CALL("2"));
	assert_int_equal(world.begun[0]->revision, MCP_2025_03_26);
	leave(&world, peer);
	answer(&world, "{}");
	assert_int_equal(fronts_sessions(world.fronts), 0);
	expect(http(&world, "POST", JSON, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}"),
	    "\"id\":3,\"result\":{}");
	expect(
	    http(&world, "POST", JSON, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"roots/list\"}"),
	    "-32601");
	assert_int_equal(fronts_sessions(world.fronts), 0);
	peer = http(&world, "GET", "Accept: text/event-stream\r\n", "");
	expect(peer, "HTTP/1.1 405");
	expect(peer, "Allow: POST\r\n");
	expect(http(&world, "DELETE", "Mcp-Session-Id: x\r\n", ""), "HTTP/1.1 405");
	/* The older transport has its stream, which is all the state there is. */
	expect(http_at(&world, "GET", "/sse", "", ""), "event: endpoint");
	world_fini(&world);
}

/* ---- batches --------------------------------------------------------------------------------- */

#define LIST(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/list\"}"
#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}"
#define NOTE	 "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}"

struct batching {
	struct world world;
	char session[80], json[200], both[200];
};

static void
batching_init(struct batching *test, const char *revision)
{
	http_init(&test->world);
	session_begin_at(&test->world, revision, test->session);
	snprintf(test->json, sizeof(test->json), JSON "%s", test->session);
	snprintf(test->both, sizeof(test->both), BOTH "%s", test->session);
	http(&test->world, "POST", test->both, INITIALIZED_NOTE);
}

static void
batch_documents(void **state)
{
	static const struct {
		const char *body, *status, *says;
	} rows[] = {
		{ "[" PING("1") "," LIST("2") "]", "200",
		    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},"
		    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}]" },
		{ "[" NOTE "," NOTE "]", "202", "Content-Length: 0" },
		{ " \t\r\n[ {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}} ] ", "202", "" },
		{ "[" NOTE "," PING("1") "]", "200",
		    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]" },
		{ "[]", "400", "an empty batch" },
		/* Each has its own fault. */
		{ "[1,[],\"x\"," PING("1") "]", "200", "\"id\":1,\"result\":{}}]" },
		{ "[[" PING("1") "]]", "200", "a message is a JSON object" },
		{ "[{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":5}]", "200",
		    "[{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602" },
		{ "[" INITIALIZE("5", "{}") "]", "200", "must not be part of a batch" },
		{ "[" PING("1") ",", "400", "-32700" },
		{ "[" PING("1") "]]", "400", "-32700" },
	};
	struct batching test;
	char status[20];

	(void)state;
	batching_init(&test, "2025-03-26");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer *peer = http(&test.world, "POST", test.json, rows[i].body);

		snprintf(status, sizeof(status), "HTTP/1.1 %s", rows[i].status);
		if (!slice_starts(peer_heard(peer), slice_of(status)) ||
		    !has_heard(peer, rows[i].says))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(peer_heard(peer)));
	}
	world_fini(&test.world);
	/* Other revisions have none, nor has who has no session. */
	batching_init(&test, "2025-06-18");
	expect(http(&test.world, "POST", test.json, "[" PING("1") "]"), "HTTP/1.1 400");
	expect(http(&test.world, "POST", JSON, "[" PING("1") "]"), "HTTP/1.1 400");
	world_fini(&test.world);
}

static void
batch_bounds(void **state)
{
	struct batching test;
	struct buf text;

	(void)state;
	batching_init(&test, "2025-03-26");
	buf_init(&text, NULL, SIZE_MAX);
	for (int i = 0; i < 101; i++)
		buf_printf(&text, "%c" PING("%d"), i == 0 ? '[' : ',', i);
	buf_puts(&text, "]");
	buf_putc(&text, '\0');
	expect(http(&test.world, "POST", test.json, text.p), "more than 100 messages");
	buf_clear(&text);
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "%c" PING("%d"), i == 0 ? '[' : ',', i);
	buf_puts(&text, "]");
	buf_putc(&text, '\0');
	expect(http(&test.world, "POST", test.json, text.p), "\"id\":99,\"result\":{}}]");
	buf_clear(&text);
	buf_puts(&text, "[\"");
	for (size_t i = 0; i < SLICE_OF_WORK_BYTES; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\"]");
	buf_putc(&text, '\0');
	expect(http(&test.world, "POST", test.json, text.p), "is over 256 KiB");
	buf_fini(&text);
	world_fini(&test.world);
}

/* Calls take their time; a client that takes a stream has one for all of them. */
static void
batch_in_progress(void **state)
{
	struct batching test;
	struct peer *peer;

	(void)state;
	batching_init(&test, "2025-03-26");
	test.world.answers_at_once = false;
	peer = http(&test.world, "POST", test.json, "[" CALL("1") "," PING("2") "," CALL("1") "]");
	assert_int_equal(test.world.begun_n, 1); /* one id twice */
	assert_int_equal(peer->heard.n, 0);
	answer(&test.world, "{\"a\":1}");
	expect(peer,
	    "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}},{\"jsonrpc\":\"2.0\",\"id\":1,\"error\"");
	expect(peer, ",{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1}}]");
	peer = http(&test.world, "POST", test.both, "[" CALL("3") "," PING("4") "," CALL("5") "]");
	expect(peer, "text/event-stream");
	expect(peer, "data: {\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}\n\n");
	progress(&test.world, 1);
	expect(peer, "notifications/progress");
	answer(&test.world, "{\"of\":3}");
	assert_false(has_heard(peer, "0\r\n\r\n"));
	answer(&test.world, "{\"of\":5}");
	expect(peer, "data: {\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"of\":5}}\n\n");
	expect(peer, "0\r\n\r\n");
	/* All of them cancelled: nothing is left to say. */
	peer = http(&test.world, "POST", test.json, "[" CALL("6") "]");
	http(&test.world, "POST", test.json,
	    "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
	    "\"requestId\":6}}]");
	assert_int_equal(test.world.cancelled, 1);
	answer(&test.world, "{}");
	expect(peer, "HTTP/1.1 202");
	/* The client leaves; the session ends meanwhile, with a stream and without. */
	peer = http(&test.world, "POST", test.json, "[" CALL("7") "]");
	leave(&test.world, peer);
	http(&test.world, "POST", test.json, "[" CALL("8") "]");
	http(&test.world, "POST", test.both, "[" CALL("9") "]");
	http(&test.world, "DELETE", test.json, "");
	while (test.world.begun_n > 0)
		answer(&test.world, "{}");
	world_fini(&test.world);
}

static void
batch_over_sse(void **state)
{
	struct world world;
	struct peer *stream;
	char path[96];

	(void)state;
	http_init(&world);
	stream = sse_begin(&world, path);
	expect(http_at(&world, "POST", path, JSON, "[" PING("1") "]"), "HTTP/1.1 400");
	http_at(&world, "POST", path, JSON,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
	    "\"protocolVersion\":\"2025-03-26\",\"capabilities\":{}}}");
	expect(
	    http_at(&world, "POST", path, JSON, "[" PING("1") "," LIST("2") ",5]"), "HTTP/1.1 202");
	expect(stream, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n");
	expect(stream, "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}\n\n");
	expect(stream, "data: {\"jsonrpc\":\"2.0\",\"id\":null,\"error\"");
	world_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resume_a_call),
		cmocka_unit_test(resume_only_its_own),
		cmocka_unit_test(resume_what_makes_no_sense),
		cmocka_unit_test(resume_a_get),
		cmocka_unit_test(resume_a_question),
		cmocka_unit_test(resume_is_bounded),
		cmocka_unit_test(resume_after_not_reading),
		cmocka_unit_test(resume_no_more),
		cmocka_unit_test(sse_session),
		cmocka_unit_test(sse_ends),
		cmocka_unit_test(sse_posts_stream),
		cmocka_unit_test(stateless),
		cmocka_unit_test(batch_documents),
		cmocka_unit_test(batch_bounds),
		cmocka_unit_test(batch_in_progress),
		cmocka_unit_test(batch_over_sse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Spans: which traces are recorded, and a span as a collector reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin/traces.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

/* ---- the sampler ----------------------------------------------------------------------------- */

static void
samples(void **state)
{
	static const uint64_t parts[] = { 0, 1, 250000, 500000, 999999, 1000000 };
	unsigned counts[COUNT(parts)] = { 0 };
	unsigned char id[TRACE_ID_BYTES] = { 0 };
	uint64_t v = 1;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		v = v * 6364136223846793005u + 1442695040888963407u;
		for (size_t k = 0; k < 7; k++)
			id[TRACE_ID_BYTES - 7 + k] = (unsigned char)(v >> (56 - 8 * k));
		for (size_t k = 0; k < COUNT(parts); k++)
			counts[k] += trace_is_sampled(id, parts[k]);
		/* Who records a smaller part records nothing that a larger one leaves out. */
		assert_true(!trace_is_sampled(id, 250000) || trace_is_sampled(id, 500000));
	}
	assert_int_equal(counts[0], 0);
	assert_in_range(counts[1], 0, 5);
	assert_in_range(counts[2], 24000, 26000);
	assert_in_range(counts[3], 49000, 51000);
	assert_int_equal(counts[5], 100000);
	memset(id, 0xff, sizeof(id));
	assert_false(trace_is_sampled(id, 999999));
	assert_true(trace_is_sampled(id, 1000000));
}

/* ---- the text -------------------------------------------------------------------------------- */

struct made {
	struct exchange exchange;
	struct trace trace;
	struct span span;
	struct span_printer *printer;
	struct buf packed, out;
};

static void
made_init(struct made *made)
{
	memset(made, 0, sizeof(*made));
	made->printer = span_printer_new();
	buf_init(&made->packed, NULL, 64 * KIB);
	buf_init(&made->out, NULL, 64 * KIB);
	assert_true(traceparent_read(S("00-" TRACE "-" SPAN "-01"), &made->trace.own));
	made->exchange.trace = &made->trace;
	made->exchange.number = 42;
	made->exchange.request.method = MCP_TOOLS_CALL;
	made->exchange.request.id = S("7");
	made->span = (struct span){ .kind = SPAN_SERVER,
		.exchange = &made->exchange,
		.own = &made->trace.own,
		.began_ns = 1700000000123456789,
		.revision = MCP_2025_06_18,
		.outcome = "done" };
}

static void
made_fini(struct made *made)
{
	span_printer_free(&made->printer);
	buf_fini(&made->packed);
	buf_fini(&made->out);
}

/* Printed twice, so that it comes once from the kept text of its shape. */
static void
print(struct made *made, uint64_t now_ns)
{
	size_t one, two;

	buf_clear(&made->packed);
	buf_clear(&made->out);
	span_pack(&made->packed, &made->span, now_ns);
	span_pack(&made->packed, &made->span, now_ns);
	assert_in_range(made->packed.n, 1, 2 * SPAN_BYTES);
	one = span_print(made->printer, &made->out, made->packed.p);
	assert_int_equal(2 * one, made->packed.n);
	two = made->out.n;
	assert_int_equal(span_print(made->printer, &made->out, made->packed.p + one), one);
	assert_int_equal(made->out.n, 2 * two);
	assert_memory_equal(made->out.p, made->out.p + two, two);
	buf_cut(&made->out, two);
}

/* It is JSON by our own scanner, strictly. */
static struct slice
text_of(struct made *made, uint64_t now_ns)
{
	struct json_scan *scan;
	struct arena arena;
	struct buf copy;
	struct err err;

	print(made, now_ns);
	assert_true(buf_check(&made->out, &err));
	arena_init(&arena, NULL, MIB);
	buf_init(&copy, NULL, MIB);
	buf_put(&copy, buf_view(&made->out));
	scan = json_scan_new(&arena, copy.p, copy.n, 0, 0, 0);
	assert_non_null(scan);
	if (!json_scan_all(scan, &err))
		fail_msg("%s: %.*s", err.text, SLICE_FMT(buf_view(&made->out)));
	buf_fini(&copy);
	arena_fini(&arena);
	return buf_view(&made->out);
}

static void
expect(struct made *made, uint64_t now_ns, const char *wanted)
{
	struct slice text = text_of(made, now_ns);

	if (!slice_eq(text, slice_of(wanted)))
		fail_msg("%.*s\n%s", SLICE_FMT(text), wanted);
}

#define ATTRIBUTE(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

#define NUMBER(key, value) "{\"key\":\"" key "\",\"value\":{\"intValue\":\"" value "\"}}"

static void
plain(void **state)
{
	struct made made;

	(void)state;
	made_init(&made);
	expect(&made, 1700000000223456789,
	    "{\"name\":\"tools/call\",\"kind\":2,\"attributes\":[" ATTRIBUTE(
		"mcp.method.name", "tools/call") "," ATTRIBUTE("mcp.protocol.version",
		"2025-06-18") "," ATTRIBUTE("network.transport",
		"tcp") "," ATTRIBUTE("network.protocol.name",
		"http") "," ATTRIBUTE("bascule.outcome", "done") "," ATTRIBUTE("jsonrpc.request.id",
		"7") "," NUMBER("bascule.request",
		"42") "],\"traceId\":\"" TRACE "\",\"spanId\":\"" SPAN "\",\"flags\":257,"
		      "\"startTimeUnixNano\":\"1700000000123456789\","
		      "\"endTimeUnixNano\":\"1700000000223456789\"}");
	made_fini(&made);
}

static void
full(void **state)
{
	static const unsigned char parent[SPAN_ID_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 0xfe };
	struct made made;

	(void)state;
	made_init(&made);
	made.trace.state = S("a=\"1\"");
	made.exchange.request.id = S("\"x\\n\"");
	made.span.parent = parent;
	made.span.is_pipe = true;
	made.span.server = S("files");
	made.span.name = S("read \"it\"");
	made.span.rule = S("no-reads");
	made.span.outcome = "refused";
	made.span.error = "refused";
	made.span.code = -32001;
	made.span.has_failed = true;
	memcpy(made.span.session, "0123456789abcdef", 17);
	/* A clock that was set back makes no span of less than no time. */
	expect(&made, 5,
	    "{\"name\":\"tools/call read \\\"it\\\"\",\"kind\":2,\"status\":{\"code\":2},"
	    "\"attributes\":[" ATTRIBUTE("mcp.method.name", "tools/call") "," ATTRIBUTE(
		"mcp.protocol.version", "2025-06-18") "," ATTRIBUTE("network.transport",
		"pipe") "," ATTRIBUTE("gen_ai.operation.name",
		"execute_tool") "," ATTRIBUTE("gen_ai.tool.name",
		"read \\\"it\\\"") "," ATTRIBUTE("bascule.server",
		"files") "," ATTRIBUTE("bascule.outcome", "refused") "," ATTRIBUTE("bascule.rule",
		"no-reads") "," ATTRIBUTE("error.type",
		"refused") "," ATTRIBUTE("rpc.response.status_code",
		"-32001") "," ATTRIBUTE("jsonrpc.request.id",
		"x\\n") "," ATTRIBUTE("mcp.session.id",
		"0123456789abcdef") "," NUMBER("bascule.request",
		"42") "],\"traceId\":\"" TRACE "\",\"spanId\":\"" SPAN "\",\"parentSpanId\":"
		      "\"01020304050607fe\",\"traceState\":\"a=\\\"1\\\"\",\"flags\":769,"
		      "\"startTimeUnixNano\":\"1700000000123456789\","
		      "\"endTimeUnixNano\":\"1700000000123456789\"}");
	made_fini(&made);
}

static void
of_a_server(void **state)
{
	struct made made;
	struct slice text;

	(void)state;
	made_init(&made);
	made.span.kind = SPAN_CLIENT;
	made.span.parent = made.trace.own.span_id;
	made.span.outcome = NULL;
	made.exchange.request.method = MCP_PROMPTS_GET;
	made.span.name = S("greet");
	made.span.has_failed = true;
	made.span.code = -32602;
	text = text_of(&made, UINT64_MAX);
	assert_non_null(memmem(text.p, text.n, "\"kind\":3,", 9));
	assert_non_null(memmem(text.p, text.n, "\"flags\":257", 11));
	assert_non_null(memmem(text.p, text.n, "\"name\":\"prompts/get greet\"", 26));
	assert_non_null(memmem(text.p, text.n, ATTRIBUTE("gen_ai.prompt.name", "greet"),
	    sizeof(ATTRIBUTE("gen_ai.prompt.name", "greet")) - 1));
	assert_non_null(memmem(text.p, text.n, ATTRIBUTE("error.type", "-32602"),
	    sizeof(ATTRIBUTE("error.type", "-32602")) - 1));
	assert_null(memmem(text.p, text.n, "jsonrpc.request.id", 18));
	made_fini(&made);
}

static void
of_rest(void **state)
{
	static const unsigned char parent[SPAN_ID_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct made made;

	(void)state;
	made_init(&made);
	made.span = (struct span){ .kind = SPAN_REST,
		.exchange = &made.exchange,
		.own = &made.trace.own,
		.parent = parent,
		.began_ns = 1700000000123456789,
		.server = S("jira"),
		.name = S("GET"),
		.address = S("jira.example.com"),
		.port = 443,
		.status = 503,
		.resends = 1,
		.has_failed = true };
	expect(&made, 5,
	    "{\"name\":\"GET\",\"kind\":3,\"status\":{\"code\":2},\"attributes\":[" ATTRIBUTE(
		"http.request.method", "GET") "," ATTRIBUTE("server.address",
		"jira.example.com") "," NUMBER("server.port",
		"443") "," NUMBER("http.response.status_code",
		"503") "," NUMBER("http.request.resend_count", "1") "," ATTRIBUTE("bascule.server",
		"jira") "," ATTRIBUTE("error.type", "503") "," NUMBER("bascule.request",
		"42") "],\"traceId\":\"" TRACE "\",\"spanId\":\"" SPAN
		      "\",\"parentSpanId\":\"0102030405060708\",\"flags\":257,"
		      "\"startTimeUnixNano\":\"1700000000123456789\","
		      "\"endTimeUnixNano\":\"1700000000123456789\"}");
	made_fini(&made);
}

/* What a client writes is bounded, and any bytes are a text. */
static void
odd(void **state)
{
	struct made made;
	char name[1000];
	struct slice text;

	(void)state;
	made_init(&made);
	memset(name, '\x01', sizeof(name));
	made.span.name = (struct slice){ name, sizeof(name) };
	text = text_of(&made, 0);
	assert_in_range(text.n, 1, 4000);
	memset(name, '\xf0', sizeof(name));
	(void)text_of(&made, 0);
	made.exchange.request.method = MCP_UNKNOWN;
	made.exchange.request.method_name = S("secret");
	made.span.name = SLICE_NONE;
	text = text_of(&made, 0);
	assert_null(memmem(text.p, text.n, "secret", 6));
	assert_non_null(memmem(text.p, text.n, "\"name\":\"_OTHER\"", 15));
	made_fini(&made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples),
		cmocka_unit_test(plain),
		cmocka_unit_test(full),
		cmocka_unit_test(of_a_server),
		cmocka_unit_test(of_rest),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * One message: what is accepted and where its parts are, what is refused with which kind, id and
 * text, small texts at once, large ones in slices, and splicing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mcp/mcp.h"
#include "stream_double.h"

/* ---- what an intake told --------------------------------------------------------------------- */

struct told {
	struct machine machine;
	struct loop *loop;
	struct intake intake;
	unsigned times;
	bool is_message;
	struct message message;
	struct err err;
};

static void
done(void *owner, struct message *message, const struct err *err)
{
	struct told *told = owner;

	told->times++;
	told->is_message = message != NULL;
	told->message = message != NULL ? *message : (struct message){ .kind = MESSAGE_REQUEST };
	told->err = *err;
}

static void
told_init(struct told *told)
{
	memset(told, 0, sizeof(*told));
	told->loop = machine_loop(&told->machine);
	intake_init(&told->intake, told->loop, 0);
	told->intake.done = done;
	told->intake.owner = told;
}

static void
told_fini(struct told *told)
{
	intake_fini(&told->intake);
	assert_int_equal(loop_memory(told->loop)->used_bytes, 0);
	machine_end(&told->machine, &told->loop);
}

static void
feed(struct told *told, struct slice text)
{
	told->times = 0;
	intake_feed(&told->intake, text.p, text.n);
}

/* Until the slices of a large one are done. */
static void
turn_on(struct told *told)
{
	for (unsigned turns = 0; told->intake.is_busy; turns++) {
		assert_true(turns < 100);
		(void)loop_turn(told->loop, 0);
	}
}

static void
assert_slice(struct slice is, const char *wanted)
{
	if (wanted == NULL) {
		assert_null(is.p);
		return;
	}
	assert_non_null(is.p);
	assert_int_equal(is.n, strlen(wanted));
	assert_memory_equal(is.p, wanted, is.n);
}

/* ---- accepted -------------------------------------------------------------------------------- */

static void
kinds_and_parts(void **state)
{
	static const struct {
		const char *text;
		enum message_kind kind;
		enum mcp_method method;
		const char *id, *params, *body, *name, *token;
	} rows[] = {
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", MESSAGE_REQUEST, MCP_PING,
		    "1", NULL, NULL, NULL, NULL },
		{ " {\"id\" : \"a\\u0062\",\"method\":\"pi\\u006eg\",\"jsonrpc\":\"2.0\"} ",
		    MESSAGE_REQUEST, MCP_PING, "\"a\\u0062\"", NULL, NULL, NULL, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":-92233720368547758080,\"method\":\"no/such\"}",
		    MESSAGE_REQUEST, MCP_UNKNOWN, "-92233720368547758080", NULL, NULL, NULL, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\",\"params\":{}}",
		    MESSAGE_NOTIFICATION, MCP_INITIALIZED, NULL, "{}", NULL, NULL, NULL },
		{ "{\"params\":{\"_meta\":{\"progressToken\":\"p\"},\"name\":\"t\"},"
		  "\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\"}",
		    MESSAGE_REQUEST, MCP_TOOLS_CALL, "7",
		    "{\"_meta\":{\"progressToken\":\"p\"},\"name\":\"t\"}", NULL, "\"t\"",
		    "\"p\"" },
		/* The token of a request stands in _meta; in params it is just a member. */
		{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
		  "\"params\":{\"progressToken\":5}}",
		    MESSAGE_REQUEST, MCP_TOOLS_CALL, "7", "{\"progressToken\":5}", NULL, NULL,
		    NULL },
		/* That of a notification in params, and in _meta it is just a member. */
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
		  "{\"progressToken\":5,\"_meta\":{\"progressToken\":6}}}",
		    MESSAGE_NOTIFICATION, MCP_PROGRESS, NULL,
		    "{\"progressToken\":5,\"_meta\":{\"progressToken\":6}}", NULL, NULL, "5" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"Name\":1}}", MESSAGE_RESULT,
		    MCP_UNKNOWN, "3", NULL, "{\"Name\":1}", NULL, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":1}}", MESSAGE_ERROR,
		    MCP_UNKNOWN, "3", NULL, "{\"code\":1}", NULL, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}", MESSAGE_ERROR, MCP_UNKNOWN,
		    NULL, NULL, "{}", NULL, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"error\":{}}", MESSAGE_ERROR, MCP_UNKNOWN, NULL, NULL,
		    "{}", NULL, NULL },
		/* Below params and in results names are nobody's. */
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":{\"NAME\":1},"
		  "\"ID\":2,\"_Meta2\":3}}",
		    MESSAGE_REQUEST, MCP_PING, "1", "{\"x\":{\"NAME\":1},\"ID\":2,\"_Meta2\":3}",
		    NULL, NULL, NULL },
	};
	struct told told;

	(void)state;
	told_init(&told);
	for (size_t i = 0; i < COUNT(rows); i++) {
		feed(&told, slice_of(rows[i].text));
		assert_int_equal(told.times, 1);
		assert_string_equal(told.err.text, "");
		assert_int_equal(told.err.kind, ERR_NONE);
		assert_int_equal(told.message.kind, rows[i].kind);
		assert_int_equal(told.message.method, rows[i].method);
		assert_slice(told.message.text, rows[i].text);
		assert_slice(told.message.id, rows[i].id);
		assert_slice(told.message.params, rows[i].params);
		assert_slice(told.message.body, rows[i].body);
		assert_slice(told.message.name, rows[i].name);
		assert_slice(told.message.progress_token, rows[i].token);
	}
	told_fini(&told);
}

static void
members_of_params(void **state)
{
	struct told told;

	(void)state;
	told_init(&told);
	feed(&told,
	    S("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\","
	      "\"arguments\":{\"name\":\"b\"},\"cursor\":\"c\",\"requestId\":9,\"_meta\":{}}}"));
	assert_int_equal(told.err.kind, ERR_NONE);
	assert_slice(told.message.name, "\"a\"");
	assert_slice(told.message.arguments, "{\"name\":\"b\"}");
	assert_slice(told.message.cursor, "\"c\"");
	assert_slice(told.message.request_id, "9");
	assert_slice(told.message.meta, "{}");
	feed(&told,
	    S("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[1],\"nextCursor\":\"n\"}}"));
	assert_slice(json_scan_get(told.message.scan, S("result"), S("tools")), "[1]");
	assert_slice(json_scan_get(told.message.scan, S("result"), S("nextCursor")), "\"n\"");
	told_fini(&told);
}

static void
one_line_it_stands_on(void **state)
{
	struct told told;

	(void)state;
	told_init(&told);
	feed(&told, S("\r\n{\"jsonrpc\":\"2.0\",\n\"id\":1,\r\n\"method\":\"ping\"}\n"));
	assert_int_equal(told.err.kind, ERR_NONE);
	assert_null(memchr(told.message.text.p, '\n', told.message.text.n));
	assert_null(memchr(told.message.text.p, '\r', told.message.text.n));
	told_fini(&told);
}

/* ---- refused --------------------------------------------------------------------------------- */

#define CALL "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\","

static void
faults(void **state)
{
	static const struct {
		const char *text;
		enum errkind kind;
		const char *says, *id, *method;
	} rows[] = {
		{ "", ERR_PARSE, "", NULL, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":4", ERR_PARSE, "", NULL, NULL },
		{ "[{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}]", ERR_REQUEST, "batches",
		    NULL, NULL },
		{ "5", ERR_REQUEST, "a JSON object", NULL, NULL },
		{ "{\"id\":4,\"method\":\"ping\"}", ERR_REQUEST, "\"jsonrpc\" must be", "4",
		    "ping" },
		{ "{\"jsonrpc\":2.0,\"id\":4,\"method\":\"ping\"}", ERR_REQUEST,
		    "\"jsonrpc\" must be", "4", "ping" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", ERR_REQUEST,
		    "\"id\" must be", NULL, "ping" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", ERR_REQUEST,
		    "\"id\" must be", NULL, "ping" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1e2,\"method\":\"ping\"}", ERR_REQUEST,
		    "\"id\" must be", NULL, "ping" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":[4],\"method\":\"ping\"}", ERR_REQUEST,
		    "\"id\" must be", NULL, "ping" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":5}", ERR_REQUEST, "\"method\" must be",
		    "4", NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":4}", ERR_REQUEST, "one of them", "4", NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":1,\"error\":{}}", ERR_REQUEST,
		    "one of them", "4", NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":\"x\"}", ERR_REQUEST,
		    "\"error\" must be", "4", NULL },
		{ "{\"jsonrpc\":\"2.0\",\"result\":1}", ERR_REQUEST, "needs \"id\"", NULL, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\",\"result\":{}}", ERR_REQUEST,
		    "not both", "4", "ping" },
		{ CALL "\"params\":[]}", ERR_PARAMS, "\"params\" must be", "4", "tools/call" },
		{ CALL "\"params\":null}", ERR_PARAMS, "\"params\" must be", "4", "tools/call" },
		{ CALL "\"params\":{\"_meta\":1}}", ERR_PARAMS, "_meta\" must be", "4",
		    "tools/call" },
		{ CALL "\"params\":{\"_meta\":{\"progressToken\":1.5}}}", ERR_PARAMS,
		    "progressToken", "4", "tools/call" },
		{ CALL "\"params\":{\"_meta\":{\"progressToken\":null}}}", ERR_PARAMS,
		    "progressToken", "4", "tools/call" },
		{ CALL "\"params\":{\"_meta\":{\"progress\\u0054oken\":1}}}", ERR_PARAMS, "escapes",
		    "4", "tools/call" },
		{ CALL "\"params\":{\"_meta\":{\"io.modelcontextprotocol\\/protocolVersion\":1}}}",
		    ERR_PARAMS, "escapes", "4", "tools/call" },
		/* Receivers disagree about these, so nobody gets to see them. */
		{ "{\"jsonrpc\":\"2.0\",\"Id\":5,\"id\":4,\"method\":\"ping\"}", ERR_REQUEST,
		    "\"Id\" differs from \"id\" only in case", "4", "ping" },
		{ CALL "\"Params\":{}}", ERR_REQUEST, "\"Params\" differs from \"params\"", "4",
		    "tools/call" },
		{ "{\"jsonrpc\":\"2.0\",\"i\\u0064\":4,\"method\":\"ping\"}", ERR_REQUEST,
		    "\"id\" is written with escapes", NULL, "ping" },
		{ CALL "\"params\":{\"Name\":\"x\"}}", ERR_REQUEST,
		    "\"Name\" differs from \"name\"", "4", "tools/call" },
		{ CALL "\"params\":{\"n\\u0061me\":\"x\"}}", ERR_REQUEST, "escapes", "4",
		    "tools/call" },
		{ CALL "\"params\":{\"\\u004eame\":\"x\"}}", ERR_REQUEST, "escapes", "4",
		    "tools/call" },
		{ CALL "\"p\\u0061rams\":{\"name\":\"x\"}}", ERR_REQUEST, "escapes", "4",
		    "tools/call" },
		{ CALL "\"params\":{\"name\":\"x\",\"name\":\"y\"}}", ERR_PARSE, "twice", NULL,
		    NULL },
		{ CALL "\"params\":{\"name\":\"\\ud800\"}}", ERR_PARSE, "", NULL, NULL },
	};
	struct told told;

	(void)state;
	told_init(&told);
	for (size_t i = 0; i < COUNT(rows); i++) {
		feed(&told, slice_of(rows[i].text));
		assert_int_equal(told.times, 1);
		if (told.err.kind != rows[i].kind || strstr(told.err.text, rows[i].says) == NULL)
			fail_msg("%s: kind %d, \"%s\"", rows[i].text, told.err.kind, told.err.text);
		assert_int_equal(told.is_message, rows[i].kind != ERR_PARSE);
		assert_slice(told.message.id, rows[i].id);
		assert_slice(told.message.method_name, rows[i].method);
	}
	told_fini(&told);
}

/* A text with a string of n bytes put in the place of %s. */
static struct buf
with_long(const char *before, size_t n, const char *after)
{
	struct buf text;

	buf_init(&text, NULL, SIZE_MAX);
	buf_puts(&text, before);
	for (size_t i = 0; i < n; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, after);
	return text;
}

static void
long_ids_methods_and_tokens(void **state)
{
	static const struct {
		const char *before, *after;
		enum errkind kind;
	} rows[] = {
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":\"", "\"}", ERR_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"", "\"}", ERR_REQUEST },
		{ CALL "\"params\":{\"_meta\":{\"progressToken\":\"", "\"}}}", ERR_PARAMS },
	};
	struct told told;

	(void)state;
	told_init(&told);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t n = 253; n <= 256; n++) {
			struct buf text = with_long(rows[i].before, n, rows[i].after);

			feed(&told, buf_view(&text));
			assert_int_equal(told.err.kind, n <= 254 ? ERR_NONE : rows[i].kind);
			/* An id is echoed: one that is too long is nobody's. */
			assert_true(told.message.id.n <= 256);
			buf_fini(&text);
		}
	}
	told_fini(&told);
}

static void
too_many_members(void **state)
{
	struct told told;
	struct buf text;

	(void)state;
	told_init(&told);
	for (int over = 0; over < 2; over++) {
		buf_init(&text, NULL, SIZE_MAX);
		buf_puts(&text, CALL "\"params\":{\"a\":1");
		for (int i = 0; i < 65531 + over; i++)
			buf_printf(&text, ",\"%d\":1", i);
		buf_puts(&text, "}}");
		feed(&told, buf_view(&text));
		turn_on(&told);
		assert_int_equal(told.err.kind, over ? ERR_LIMIT : ERR_NONE);
		buf_fini(&text);
	}
	told_fini(&told);
}

/* ---- large ones ------------------------------------------------------------------------------ */

/* Over a limit of the scan: whose it is is told all the same, wherever it stands. */
static void
too_deep(void **state)
{
	static const struct {
		const char *before, *behind, *id, *method;
	} rows[] = {
		{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":", "}", "7",
		    "tools/call" },
		{ "{\"method\":\"tools/call\",\"params\":",
		    ",\"jsonrpc\":\"2.0\", \"id\" : \"a\\\"b\" }", "\"a\\\"b\"", "tools/call" },
		{ "{\"id\":7,\"result\":", "}", "7", NULL },
		{ "{\"method\":\"x\",\"params\":{\"id\":1,\"a\":", "}}", NULL, "x" },
		{ "{\"method\":\"x\",\"id\":1,\"params\":", ",\"id\":2}", NULL, "x" },
		{ "{\"method\":\"x\",\"params\":", ",\"id\":1.5}", NULL, "x" },
		{ "{\"method\":\"x\",\"params\":", ",\"id\":01}", NULL, "x" },
		{ "{\"method\":\"x\",\"params\":", ",\"id\":1", NULL, "x" },
		{ "{\"method\":\"x\",\"params\":", ",\"id\":\"\\x\"}", NULL, "x" },
		{ "{\"method\":\"x\",\"id\":{},\"params\":", "}", NULL, "x" },
		{ "{\"method\":7,\"id\":8,\"params\":", "}", "8", NULL },
		{ "{\"method\":\"x\",\"params\":", ",\"id\":", NULL, "x" },
		{ "{\"method\":\"x\",\"params\":", ",\"id\":\"7", NULL, "x" },
	};
	struct told told;
	struct buf text;

	(void)state;
	told_init(&told);
	buf_init(&text, NULL, SIZE_MAX);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&text);
		buf_puts(&text, rows[i].before);
		for (size_t k = 0; k <= JSON_DEPTH; k++)
			buf_puts(&text, k % 2 == 0 ? "{\"id\":" : "[\"]{\\\"\",");
		buf_putc(&text, '1');
		for (size_t k = JSON_DEPTH + 1; k > 0; k--)
			buf_putc(&text, k % 2 == 1 ? '}' : ']');
		buf_puts(&text, rows[i].behind);
		feed(&told, buf_view(&text));
		assert_int_equal(told.times, 1);
		assert_int_equal(told.err.kind, ERR_LIMIT);
		assert_true(told.is_message);
		assert_slice(told.message.id, rows[i].id);
		assert_slice(told.message.method_name, rows[i].method);
	}
	buf_fini(&text);
	told_fini(&told);
}

static void
large_in_slices(void **state)
{
	struct buf text = with_long(CALL "\"params\":{\"name\":\"big\",\"arguments\":{\"x\":\"",
	    3 * SLICE_OF_WORK_BYTES, "\"}}}");
	struct told told;
	struct buf copy;

	(void)state;
	told_init(&told);
	feed(&told, buf_view(&text));
	assert_int_equal(told.times, 0);
	assert_true(told.intake.is_busy);
	turn_on(&told);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.err.kind, ERR_NONE);
	assert_slice(told.message.name, "\"big\"");
	assert_int_equal(told.message.text.n, text.n);
	/* A small one after it does not drag the large text along. */
	feed(&told, S("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.intake.text.cap, 0);
	/* The same without a copy; cut off in the middle it leaves nothing behind. */
	buf_init(&copy, loop_memory(told.loop), SIZE_MAX);
	buf_put(&copy, buf_view(&text));
	intake_take(&told.intake, &copy);
	assert_null(copy.p);
	(void)loop_turn(told.loop, 0);
	buf_fini(&text);
	told_fini(&told);
}

static void
large_and_broken(void **state)
{
	struct buf text =
	    with_long(CALL "\"params\":{\"x\":\"", 2 * SLICE_OF_WORK_BYTES, "\"}} trailing");
	struct told told;

	(void)state;
	told_init(&told);
	feed(&told, buf_view(&text));
	turn_on(&told);
	assert_int_equal(told.times, 1);
	assert_false(told.is_message);
	assert_int_equal(told.err.kind, ERR_PARSE);
	buf_fini(&text);
	told_fini(&told);
}

static void
over_the_account(void **state)
{
	struct buf text = with_long("\"", SLICE_OF_WORK_BYTES, "\"");
	struct told told;

	(void)state;
	told_init(&told);
	loop_memory(told.loop)->limit_bytes = 64 * KIB;
	feed(&told, buf_view(&text));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.err.kind, ERR_LIMIT);
	text.n = 100 * KIB;
	feed(&told, buf_view(&text));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.err.kind, ERR_LIMIT);
	buf_fini(&text);
	told_fini(&told);
}

static void
mending_is_counted(void **state)
{
	struct told told;

	(void)state;
	told_init(&told);
	told.intake.flags |= JSON_MEND;
	feed(&told,
	    S("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"\\ud800\\udc00\\udfff\"}}"));
	assert_int_equal(told.err.kind, ERR_NONE);
	assert_int_equal(told.message.mended, 1);
	assert_slice(told.message.body, "{\"x\":\"\\ud800\\udc00\\ufffd\"}");
	told_fini(&told);
}

/* ---- splicing -------------------------------------------------------------------------------- */

static struct slice
span(struct slice text, size_t from, size_t n)
{
	return (struct slice){ text.p + from, n };
}

static void
splices(void **state)
{
	struct slice text = S("0123456789");
	struct {
		struct edit edits[3];
		size_t n;
		const char *wanted;
	} rows[] = {
		{ .n = 0, .wanted = "0123456789" },
		{ { { span(text, 3, 2), S("ab") } }, 1, "012ab56789" },
		{ { { span(text, 0, 1), S("") } }, 1, "123456789" },
		{ { { span(text, 9, 1), S("end") } }, 1, "012345678end" },
		{ { { span(text, 10, 0), S("+") } }, 1, "0123456789+" },
		{ { { span(text, 0, 0), S("+") } }, 1, "+0123456789" },
		{ { { span(text, 0, 10), S("x") } }, 1, "x" },
		{ { { span(text, 0, 10), S("") } }, 1, "" },
		/* In any order, also side by side. */
		{ { { span(text, 6, 2), S("b") }, { span(text, 1, 2), S("a") } }, 2, "0a345b89" },
		{ { { span(text, 4, 2), S("c") }, { span(text, 2, 2), S("b") },
		      { span(text, 0, 2), S("a") } },
		    3, "abc6789" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice parts[SPLICE_PARTS];
		size_t n = message_splice(text, rows[i].edits, rows[i].n, parts);
		struct buf whole;

		assert_true(n <= SPLICE_PARTS);
		buf_init(&whole, NULL, KIB);
		for (size_t k = 0; k < n; k++) {
			assert_true(parts[k].n > 0);
			buf_put(&whole, parts[k]);
		}
		buf_putc(&whole, '\0');
		assert_string_equal(whole.p, rows[i].wanted);
		buf_fini(&whole);
	}
}

static void
a_spliced_request_is_one(void **state)
{
	struct slice parts[SPLICE_PARTS];
	struct edit edits[3];
	struct told told;
	struct buf text;
	size_t n;

	(void)state;
	told_init(&told);
	feed(&told,
	    S("{\"params\":{\"name\":\"old\",\"_meta\":{\"progressToken\":\"t\"},\"x\":1e400},"
	      "\"method\":\"tools/call\",\"id\":\"abc\",\"jsonrpc\":\"2.0\",\"more\":[ ]}"));
	assert_int_equal(told.err.kind, ERR_NONE);
	edits[0] = (struct edit){ told.message.id, S("77") };
	edits[1] = (struct edit){ told.message.progress_token, S("77") };
	edits[2] = (struct edit){ told.message.name, S("\"new\"") };
	n = message_splice(told.message.text, edits, 3, parts);
	buf_init(&text, NULL, KIB);
	for (size_t i = 0; i < n; i++)
		buf_put(&text, parts[i]);
	feed(&told, buf_view(&text));
	assert_int_equal(told.err.kind, ERR_NONE);
	assert_slice(told.message.text,
	    "{\"params\":{\"name\":\"new\",\"_meta\":{\"progressToken\":77},\"x\":1e400},"
	    "\"method\":\"tools/call\",\"id\":77,\"jsonrpc\":\"2.0\",\"more\":[ ]}");
	buf_fini(&text);
	told_fini(&told);
}

/* What a modern request says of itself, as it stands there. */
static void
modern_meta(void **state)
{
	struct told told;

	(void)state;
	told_init(&told);
	feed(&told,
	    S("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\",\"params\":{\"_meta\":{\"a\":1,"
	      "\"io.modelcontextprotocol/protocolVersion\":\"v\","
	      "\"io.modelcontextprotocol/clientInfo\":{},\"io.modelcontextprotocol/logLevel\":3,"
	      "\"io.modelcontextprotocol/clientCapabilities\":[],"
	      "\"io.modelcontextprotocol/x\":2,\"progressToken\":5}}}"));
	assert_int_equal(told.err.kind, ERR_NONE);
	assert_slice(told.message.modern.version, "\"v\"");
	assert_slice(told.message.modern.client_info, "{}");
	assert_slice(told.message.modern.capabilities, "[]");
	assert_slice(told.message.modern.log_level, "3");
	assert_true(told.message.meta_has_more);
	assert_slice(told.message.progress_token, "5");
	feed(&told,
	    S("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\",\"params\":{\"_meta\":{"
	      "\"io.modelcontextprotocol/protocolVersion\":\"v\",\"progressToken\":5}}}"));
	assert_false(told.message.meta_has_more);
	told_fini(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_parts),
		cmocka_unit_test(members_of_params),
		cmocka_unit_test(modern_meta),
		cmocka_unit_test(one_line_it_stands_on),
		cmocka_unit_test(faults),
		cmocka_unit_test(long_ids_methods_and_tokens),
		cmocka_unit_test(too_many_members),
		cmocka_unit_test(too_deep),
		cmocka_unit_test(large_in_slices),
		cmocka_unit_test(large_and_broken),
		cmocka_unit_test(over_the_account),
		cmocka_unit_test(mending_is_counted),
		cmocka_unit_test(splices),
		cmocka_unit_test(a_spliced_request_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

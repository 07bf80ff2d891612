/*
 * JSON-RPC texts that are made here: every kind of error, and replies in parts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcp/mcp.h"

static void
assert_text(const struct buf *is, const char *wanted)
{
	assert_int_equal(is->n, strlen(wanted));
	assert_memory_equal(is->p, wanted, is->n);
}

static void
assert_json(const struct buf *buf)
{
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, SIZE_MAX);
	assert_true(json_scan_all(json_scan_new(&arena, buf->p, buf->n, 0, 0, 1), &err));
	arena_fini(&arena);
}

static void
errors_of_every_kind(void **state)
{
	struct buf out;

	(void)state;
	for (enum errkind kind = ERR_NONE + 1; kind < ERR_KINDS_N; kind++) {
		struct reply reply = {
			.err = { .kind = kind }, .server = S("files"), .call_id = 18
		};
		struct slice value, data;
		int64_t code = 0;

		err_set(&reply.err, kind, "so \"it\" went\\");
		buf_init(&out, NULL, KIB);
		encode_error(&out, S("\"a\""), &reply);
		assert_json(&out);
		assert_true(json_find(buf_view(&out), S("id"), &value));
		assert_true(slice_eq(value, S("\"a\"")));
		assert_true(json_find(buf_view(&out), S("error"), &value));
		assert_true(json_find(value, S("code"), &data) && json_int(data, &code));
		assert_int_equal(code, err_info(kind)->legacy_code);
		buf_clear(&out);
		reply.more = S("\"requested\":\"x\"");
		encode_error_in(MCP_2026_07_28, &out, S("\"a\""), &reply);
		assert_json(&out);
		assert_true(json_find(buf_view(&out), S("error"), &value));
		assert_true(json_find(value, S("code"), &data) && json_int(data, &code));
		assert_int_equal(code, err_info(kind)->modern_code);
		assert_true(json_find(value, S("data"), &data));
		assert_true(json_find(data, S("requested"), &data));
		buf_clear(&out);
		reply.more = SLICE_NONE;
		encode_error(&out, S("\"a\""), &reply);
		assert_true(json_find(buf_view(&out), S("error"), &value));
		assert_true(json_find(value, S("message"), &data));
		assert_true(slice_eq(data, S("\"so \\\"it\\\" went\\\\\"")));
		assert_true(json_find(value, S("data"), &data));
		assert_true(json_find(data, S("server"), &value));
		assert_int_equal(
		    json_find(data, S("call_id"), &value), kind == ERR_OUTCOME_UNKNOWN);
		buf_fini(&out);
	}
}

static void
an_error_to_the_letter(void **state)
{
	struct reply reply = { .rule = S("no-deletes"), .server = S("x\"y") };
	struct buf out;

	(void)state;
	err_set(&reply.err, ERR_REFUSED, "refused by rule no-deletes");
	buf_init(&out, NULL, KIB);
	encode_error(&out, SLICE_NONE, &reply);
	assert_text(&out,
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32001,"
	    "\"message\":\"refused by rule no-deletes\",\"data\":{\"kind\":\"refused\","
	    "\"server\":\"x\\\"y\",\"rule\":\"no-deletes\"}}}");
	buf_fini(&out);
}

/* What upstreams put into error texts must not break the frame: no raw newline, valid UTF-8. */
static void
rubbish_in_texts(void **state)
{
	struct reply reply = { .err = { 0 } };
	struct buf out;

	(void)state;
	err_set(&reply.err, ERR_UNAVAILABLE, "printed \"\xff\xfe\r\n\t\x01\xe2\x82\" on stdout");
	buf_init(&out, NULL, KIB);
	encode_error(&out, S("1"), &reply);
	assert_json(&out);
	assert_null(memchr(out.p, '\n', out.n));
	assert_null(memchr(out.p, '\r', out.n));
	buf_fini(&out);
}

static void
replies_in_parts(void **state)
{
	struct exchange exchange = { .request = { .id = S("7") } };
	struct {
		struct reply reply;
		const char *wanted;
	} rows[] = {
		{ { .result = S("{\"content\":[]}") },
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}" },
		{ { .error = S("{\"code\":5}") },
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":5}}" },
		{ { .err = { .kind = ERR_PARAMS, .text = "unknown tool" } },
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602,"
		    "\"message\":\"unknown tool\",\"data\":{\"kind\":\"params\"}}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice parts[REPLY_PARTS];
		struct buf scratch, whole;
		size_t n;

		buf_init(&scratch, NULL, KIB);
		buf_init(&whole, NULL, KIB);
		n = encode_reply(&exchange, &rows[i].reply, &scratch, parts);
		assert_true(n <= REPLY_PARTS);
		for (size_t k = 0; k < n; k++)
			buf_put(&whole, parts[k]);
		assert_text(&whole, rows[i].wanted);
		buf_fini(&scratch);
		buf_fini(&whole);
	}
}

/* Another token, the server's name, the logger's, the client's name of a URI; else byte for byte.
 */
static void
notices(void **state)
{
	static const char progress[] = "{\"progressToken\":17,\"progress\":1.0}";
	static const char updated[] = "{\"uri\":\"a:\", \"_meta\":{}}";
	static const char both[] = "{\"_meta\":{\"x\":1.0},\"uri\":\"a:\",\"progressToken\":17}";
	const struct {
		struct tell tell;
		const char *wanted; /* after "method" */
	} rows[] = {
		{ { .method = MCP_TOOLS_CHANGED }, "notifications/tools/list_changed\"}" },
		{ { .method = MCP_TOOLS_CHANGED, .server = S("one") },
		    "notifications/tools/list_changed\",\"params\":{\"_meta\":{"
		    "\"bascule/server\":\"one\"}}}" },
		{ { .method = MCP_PROGRESS,
		      .params = slice_of(progress),
		      .token = { progress + 17, 2 } },
		    "notifications/progress\",\"params\":{\"progressToken\":\"mine\",\"progress\":1.0}}" },
		{ { .method = MCP_LOG_MESSAGE,
		      .params = S("{\"logger\":\"db\",\"data\":1.0}"),
		      .server = S("one") },
		    "notifications/message\",\"params\":{\"_meta\":{\"bascule/server\":\"one\"},"
		    "\"logger\":\"one/db\",\"data\":1.0}}" },
		{ { .method = MCP_LOG_MESSAGE, .params = S("[1]"), .server = S("one") },
		    "notifications/message\",\"params\":{\"_meta\":{\"bascule/server\":\"one\"}}}" },
		{ { .method = MCP_RESOURCE_UPDATED,
		      .params = slice_of(updated),
		      .meta = { updated + 21, 2 },
		      .named = { { updated + 7, 4 }, S("\"one+a:\"") },
		      .server = S("one") },
		    "notifications/resources/updated\",\"params\":{\"uri\":\"one+a:\", \"_meta\":{"
		    "\"bascule/server\":\"one\"}}}" },
		{ { .method = MCP_PROGRESS,
		      .params = slice_of(both),
		      .meta = { both + 9, 9 },
		      .token = { both + sizeof(both) - 4, 2 },
		      .named = { { both + 25, 4 }, S("\"b:\"") },
		      .server = S("one") },
		    "notifications/progress\",\"params\":{\"_meta\":{\"bascule/server\":\"one\","
		    "\"x\":1.0},\"uri\":\"b:\",\"progressToken\":\"mine\"}}" },
		/* A server that says whose it is, is believed. */
		{ { .method = MCP_TASK_STATUS,
		      .params = S("{\"_meta\":{\"bascule/server\":\"deep\"}}"),
		      .meta = S("{\"bascule/server\":\"deep\"}"),
		      .server = S("one") },
		    "notifications/tasks/status\",\"params\":{\"_meta\":{\"bascule/server\":\"deep\"}}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice parts[NOTICE_PARTS];
		struct buf scratch, whole, wanted;
		size_t n;

		buf_init(&scratch, NULL, KIB);
		buf_init(&whole, NULL, KIB);
		buf_init(&wanted, NULL, KIB);
		n = encode_notice(&rows[i].tell, S("\"mine\""), &scratch, parts);
		assert_true(n <= NOTICE_PARTS);
		for (size_t k = 0; k < n; k++)
			buf_put(&whole, parts[k]);
		buf_printf(&wanted, "{\"jsonrpc\":\"2.0\",\"method\":\"%s%c", rows[i].wanted, 0);
		wanted.n--;
		assert_text(&whole, wanted.p);
		buf_fini(&wanted);
		buf_fini(&scratch);
		buf_fini(&whole);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_every_kind),
		cmocka_unit_test(an_error_to_the_letter),
		cmocka_unit_test(rubbish_in_texts),
		cmocka_unit_test(replies_in_parts),
		cmocka_unit_test(notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

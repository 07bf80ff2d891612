/*
 * Trace context: which traceparent and tracestate are believed, and what becomes of the text of a
 * request that says them to a server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcp/back.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN   "00f067aa0ba902b7"
#define PARENT "00-" TRACE "-" SPAN "-01"
#define ZEROS  "00000000000000000000000000000000"

static void
parents(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
		unsigned flags;
	} rows[] = {
		{ PARENT, true, 1 },
		{ "00-" TRACE "-" SPAN "-00", true, 0 },
		{ "00-" TRACE "-" SPAN "-ff", true, 0xff },
		/* Of a later version only the beginning is known. */
		{ "01-" TRACE "-" SPAN "-01", true, 1 },
		{ "fe-" TRACE "-" SPAN "-01-and-so-on", true, 1 },
		{ "01-" TRACE "-" SPAN "-01.", false, 0 },
		{ "01-" TRACE "-" SPAN "-01x", false, 0 },
		{ "ff-" TRACE "-" SPAN "-01", false, 0 },
		{ "00-" TRACE "-" SPAN "-01-", false, 0 },
		{ "00-" TRACE "-" SPAN "-01-x", false, 0 },
		{ "00-" TRACE "-" SPAN "-1", false, 0 },
		{ "00-" TRACE "-" SPAN "-", false, 0 },
		{ "00-" TRACE "-" SPAN, false, 0 },
		{ "00-" ZEROS "-" SPAN "-01", false, 0 },
		{ "00-" TRACE "-0000000000000000-01", false, 0 },
		{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false, 0 },
		{ "00-" TRACE "-00F067AA0BA902B7-01", false, 0 },
		{ "00-" TRACE "-" SPAN "-0A", false, 0 },
		{ "0-" TRACE "-" SPAN "-001", false, 0 },
		{ "0g-" TRACE "-" SPAN "-01", false, 0 },
		{ "00_" TRACE "-" SPAN "-01", false, 0 },
		{ "00-" TRACE "_" SPAN "-01", false, 0 },
		{ "00-" TRACE "-" SPAN "_01", false, 0 },
		{ " " PARENT, false, 0 },
		{ PARENT " ", false, 0 },
		{ "", false, 0 },
	};
	char text[TRACEPARENT_BYTES + 1];
	struct traceparent read;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool is_good = traceparent_read(slice_of(rows[i].text), &read);

		if (is_good != rows[i].is_good || (is_good && read.flags != rows[i].flags))
			fail_msg("row %zu: %s", i, rows[i].text);
		if (!is_good)
			continue;
		traceparent_print(&read, text);
		assert_int_equal(strlen(text), TRACEPARENT_BYTES);
		assert_memory_equal(text, "00", 2);
		assert_memory_equal(text + 2, rows[i].text + 2, TRACEPARENT_BYTES - 2);
	}
	assert_false(traceparent_read(SLICE_NONE, &read));
}

static void
states(void **state)
{
	char many[TRACESTATE_MAX + 2];

	(void)state;
	assert_true(tracestate_is_good(S("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")));
	assert_true(tracestate_is_good(S("a=1 , b=2")));
	assert_true(tracestate_is_good(S("a=1,,b=2,")));
	assert_false(tracestate_is_good(S("")));
	assert_false(tracestate_is_good(S(" , ")));
	assert_false(tracestate_is_good(S("a")));
	assert_false(tracestate_is_good(S("=1")));
	assert_false(tracestate_is_good(S("a=")));
	assert_false(tracestate_is_good(S("a=1\r\nX: y")));
	assert_false(tracestate_is_good(S("a=\x80")));
	memset(many, 'a', sizeof(many));
	many[1] = '=';
	assert_true(tracestate_is_good((struct slice){ many, TRACESTATE_MAX }));
	assert_false(tracestate_is_good((struct slice){ many, TRACESTATE_MAX + 1 }));
	for (size_t i = 0; i < 33; i++)
		memcpy(many + 4 * i, "a=1,", 4);
	assert_true(tracestate_is_good((struct slice){ many, 4 * 32 - 1 }));
	assert_false(tracestate_is_good((struct slice){ many, 4 * 33 - 1 }));
}

/* ---- the text of a request ------------------------------------------------------------------- */

static struct slice
spliced(struct call *call, struct buf *out)
{
	struct slice parts[SPLICE_PARTS];
	size_t n = back_call_parts(call, parts);

	buf_clear(out);
	for (size_t i = 0; i < n; i++)
		buf_put(out, parts[i]);
	return buf_view(out);
}

/* What a server gets; text: a request with the id 1; what follows `cut` is taken out of it. */
static void
expect(const struct back_ops *ops, const char *text, const char *cut, struct slice tracestate,
    const char *wanted)
{
	struct back back = { .ops = ops };
	struct trace trace = { .state = tracestate };
	struct call_trace to = { .trace = &trace };
	struct slice params = SLICE_NONE, meta = SLICE_NONE;
	struct call call = { .text = slice_of(text), .trace = &to, .number_text = "7" };
	struct buf out, room;

	buf_init(&out, NULL, KIB);
	buf_init(&room, NULL, KIB);
	assert_true(traceparent_read(S(PARENT), &to.own));
	assert_true(json_find(call.text, S("id"), &call.id));
	if (json_find(call.text, S("params"), &params))
		(void)json_find(params, S("_meta"), &meta);
	if (cut != NULL) {
		const char *at = strstr(text, cut);

		call.edits[call.edits_n++] = (struct edit){ { at, strlen(cut) }, S("") };
	}
	back_trace(&back, &call, params, meta, &room);
	if (!slice_eq(spliced(&call, &out), slice_of(wanted)))
		fail_msg("%.*s\n%s", SLICE_FMT(buf_view(&out)), wanted);
	buf_fini(&out);
	buf_fini(&room);
}

#define SAID "\"traceparent\":\"" PARENT "\""

static void
edits(void **state)
{
	const struct back_ops *pipe = &back_stdio_ops, *http = &back_http_ops;

	(void)state;
	expect(pipe, "{\"id\":1,\"params\":{\"name\":\"a\"}}", NULL, SLICE_NONE,
	    "{\"id\":7,\"params\":{\"_meta\":{" SAID "},\"name\":\"a\"}}");
	expect(pipe, "{\"id\":1,\"params\":{ }}", NULL, SLICE_NONE,
	    "{\"id\":7,\"params\":{\"_meta\":{" SAID "} }}");
	expect(pipe, "{\"id\":1,\"method\":\"m\"}", NULL, SLICE_NONE,
	    "{\"id\":7,\"params\":{\"_meta\":{" SAID "}},\"method\":\"m\"}");
	expect(pipe, "{\"params\":{\"_meta\":{}},\"id\":1}", NULL, S("a=1"),
	    "{\"params\":{\"_meta\":{" SAID ",\"tracestate\":\"a=1\"}},\"id\":7}");
	expect(pipe, "{\"params\":{\"_meta\":{\"x\":2}},\"id\":1}", NULL, SLICE_NONE,
	    "{\"params\":{\"_meta\":{" SAID ",\"x\":2}},\"id\":7}");
	/* Where it stands already, whatever it says; its tracestate goes with one that is none. */
	expect(pipe, "{\"params\":{\"_meta\":{\"traceparent\":5,\"tracestate\":[1]}},\"id\":1}",
	    NULL, SLICE_NONE, "{\"params\":{\"_meta\":{" SAID ",\"tracestate\":\"\"}},\"id\":7}");
	expect(http,
	    "{\"params\":{\"_meta\":{\"traceparent\":\"x\",\"tracestate\":\"a=1\"}},\"id\":1}",
	    NULL, S("a=1"), "{\"params\":{\"_meta\":{" SAID ",\"tracestate\":\"a=1\"}},\"id\":7}");
	/* A header says it. */
	expect(http, "{\"id\":1,\"params\":{}}", NULL, SLICE_NONE, "{\"id\":7,\"params\":{}}");
	expect(http, "{\"id\":1,\"params\":{\"_meta\":{}}}", NULL, SLICE_NONE,
	    "{\"id\":7,\"params\":{\"_meta\":{}}}");
	/* Beside other changes. */
	expect(pipe, "{\"id\":1,\"params\":{\"a\":1,\"b\":2}}", ",\"b\":2", SLICE_NONE,
	    "{\"id\":7,\"params\":{\"_meta\":{" SAID "},\"a\":1}}");
	expect(pipe, "{\"id\":1,\"params\":{\"b\":2}}", "\"b\":2", SLICE_NONE,
	    "{\"id\":7,\"params\":{}}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parents),
		cmocka_unit_test(states),
		cmocka_unit_test(edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

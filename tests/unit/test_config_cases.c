/*
 * The file of `bascule policy test`: what is read, what its values become as JSON, and what is
 * wrong, with its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "config/config.h"

static void
test_reads(void **state)
{
	static const char text[] =
	    "\xef\xbb\xbftests:\n"
	    "  - name: first\n"
	    "    call: {server: s, tool: t, caller: c, tenant: e, client: l, revision: '2025-11-25',\n"
	    "      method: m, time: 2026-11-22T03:34:14Z,\n"
	    "      annotations: {readOnlyHint: true, openWorldHint: false},\n"
	    "      args: {a: 1, b: '1', c: true, d: 'true', e: null, f: [x, {g: -2.5e3}], h: '${HOME}',\n"
	    "        i: 007, j: \"q\\\"\"}}\n"
	    "    expect: ask\n"
	    "    rule: r\n"
	    "  - {call: {resource: db://x, args: }, expect: allow}\n"
	    "  - {call: {method: tasks/list, time: 2026-11-22}, expect: deny}\n";
	struct config_cases cases;
	struct err err = { 0 };
	const struct config_case *one;

	(void)state;
	if (!config_cases_parse(S(text), "cases.yaml", &cases, &err))
		fail_msg("%s", err.text);
	assert_int_equal(cases.n, 3);
	assert_string_equal(cases.name, "cases.yaml");
	one = &cases.all[0];
	assert_true(slice_eq(one->name, S("first")) && slice_eq(one->server, S("s")));
	assert_true(slice_eq(one->tool, S("t")) && slice_eq(one->caller, S("c")));
	assert_true(slice_eq(one->tenant, S("e")) && slice_eq(one->client, S("l")));
	assert_true(slice_eq(one->revision, S("2025-11-25")) && slice_eq(one->method, S("m")));
	assert_true(one->has_time && one->unix_s == 1795318454);
	assert_int_equal(one->read_only, TRUTH_TRUE);
	assert_int_equal(one->open_world, TRUTH_FALSE);
	assert_int_equal(one->destructive, TRUTH_UNSET);
	assert_int_equal(one->expect, CONFIG_ASK);
	assert_true(slice_eq(one->rule, S("r")));
	assert_int_equal(one->line, 2);
	assert_true(slice_eq(one->arguments,
	    S("{\"a\":1,\"b\":\"1\",\"c\":true,\"d\":\"true\",\"e\":null,\"f\":[\"x\",{\"g\":-2.5e3}],"
	      "\"h\":\"${HOME}\",\"i\":\"007\",\"j\":\"q\\\"\"}")));
	one = &cases.all[1];
	assert_true(slice_eq(one->resource, S("db://x")) && one->arguments.p == NULL);
	assert_true(one->tool.p == NULL && one->caller.p == NULL && one->rule.p == NULL);
	assert_int_equal(one->expect, CONFIG_ALLOW);
	assert_true(cases.all[2].has_time && cases.all[2].unix_s % 86400 == 0);
	config_cases_fini(&cases);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "no map with a list" },
		{ "- a\n", "no map with a list" },
		{ "tests: {}\n", "x:1:8: \"tests\" must be a list" },
		{ "tests: [7]\n", "x:1:9: tests[0] must be a map" },
		{ "tests:\n- {call: 7, expect: deny}\n", "x:2:10: tests[0].call must be a map" },
		{ "tests:\n- {call: {tool: [x]}, expect: deny}\n",
		    "x:2:17: tests[0].call.tool must be a text" },
		{ "tests:\n- {call: {tool: ''}, expect: deny}\n",
		    "x:2:17: tests[0].call.tool must be a text" },
		{ "tests:\n- {call: {tool: x}, expect: [deny]}\n",
		    "x:2:29: tests[0].expect must be allow, deny or ask" },
		{ "tests:\n- {call: {tool: x, annotations: {openWorldHint: 1}}, expect: deny}\n",
		    "tests[0].call.annotations.openWorldHint must be true or false" },
		{ "tests:\n- {call: {tool: x}, expect: deny, exepct: ask}\n",
		    "x:2:35: unknown key \"exepct\" in tests[0] (did you mean \"expect\"?)" },
		{ "tests:\n- &a {call: {tool: x, args: {b: *a}}, expect: deny}\n",
		    "stands inside what it names" },
		{ "tests: [{call: {tool: x}, expect: deny}]\n---\ntests: []\n",
		    "a second document" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config_cases read;
		struct err err = { 0 };

		if (config_cases_parse(slice_of(cases[i].text), "x", &read, &err))
			fail_msg("%s", cases[i].text);
		if (err.kind != ERR_CONFIG || strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void
test_bounds(void **state)
{
	struct config_cases read;
	struct err err = { 0 };
	struct buf text;

	(void)state;
	buf_init(&text, NULL, 8 * MIB);
	buf_puts(&text, "tests:\n");
	for (unsigned i = 0; i < 10001; i++)
		buf_puts(&text, "- {call: {tool: x}, expect: deny}\n");
	assert_false(config_cases_parse(buf_view(&text), "x", &read, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	buf_clear(&text);
	buf_puts(&text, "tests: [{expect: deny, call: {tool: x, args: {a: ");
	for (unsigned i = 0; i < 100; i++)
		buf_putc(&text, '[');
	assert_false(config_cases_parse(buf_view(&text), "x", &read, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	buf_clear(&text);
	/* Aliases of aliases. */
	buf_puts(&text,
	    "tests: [{expect: deny, call: {tool: x, args: {a: &a [b, b, b, b, b, b, b, b], ");
	for (char c = 'b'; c < 'k'; c++)
		buf_printf(&text, "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c], ", c, c, c - 1,
		    c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
	buf_puts(&text, "z: z}}}]\n");
	assert_false(config_cases_parse(buf_view(&text), "x", &read, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	buf_fini(&text);
}

static void
test_moments(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_s; /* -1: none */
	} cases[] = { { "1970-01-01", 0 }, { "1970-01-02", 86400 }, { "1970-01-01T00:01", 60 },
		{ "1970-01-01T00:01Z", 60 }, { "1970-01-01T00:00:07", 7 },
		{ "1970-01-01T00:00:07Z", 7 }, { "1970-01-01 00:00:07", 7 }, { "", -1 },
		{ "1970", -1 }, { "1970-01-01T00:00:07+02:00", -1 }, { "1970-13-01", -1 },
		{ "soon", -1 }, { "2026-11-22T03:34:14Z2026-11-22T03:34:14Z", -1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t unix_s = -1;
		bool is = config_moment(slice_of(cases[i].text), &unix_s);

		if (is != (cases[i].unix_s >= 0) || (is && unix_s != cases[i].unix_s))
			fail_msg("%s", cases[i].text);
	}
	assert_false(config_moment(SLICE_NONE, &(int64_t){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * JQL: what a caller writes can narrow a query and never escape from it, whatever it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/jql.h"

static const struct slice projects[] = { { "DEMO", 4 }, { "OPS\"", 4 } };

static void
quotes(void **state)
{
	static const struct {
		const char *value, *quoted;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b", "\"a\\\"b\"" },
		{ "a\\", "\"a\\\\\"" },
		{ "a\nb\tc\rd", "\"a\\nb\\tc\\rd\"" },
		{ "a\x01"
		  "b",
		    "\"a b\"" },
		{ "\" OR project = X", "\"\\\" OR project = X\"" },
		{ "\xc3\xa4", "\"\xc3\xa4\"" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, NULL, KIB);
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&out);
		jql_quote(&out, slice_of(cases[i].value));
		assert_true(slice_eq(buf_view(&out), slice_of(cases[i].quoted)));
	}
	buf_fini(&out);
}

static void
composes(void **state)
{
	static const struct {
		const char *jql, *open, *filtered; /* NULL: refused; without and with a filter */
	} cases[] = {
		{ "", "", "project in (\"DEMO\", \"OPS\\\"\")" },
		{ "status = Open", "status = Open",
		    "(status = Open) AND project in (\"DEMO\", \"OPS\\\"\")" },
		{ "a = 1 OR b = 2 order  by rank desc", "a = 1 OR b = 2 order  by rank desc",
		    "(a = 1 OR b = 2) AND project in (\"DEMO\", \"OPS\\\"\") order  by rank desc" },
		{ "ORDER BY updated", "ORDER BY updated",
		    "project in (\"DEMO\", \"OPS\\\"\") ORDER BY updated" },
		{ "summary ~ \"order by x\"", "summary ~ \"order by x\"",
		    "(summary ~ \"order by x\") AND project in (\"DEMO\", \"OPS\\\"\")" },
		{ "summary ~ 'a) OR (b'", "summary ~ 'a) OR (b'",
		    "(summary ~ 'a) OR (b') AND project in (\"DEMO\", \"OPS\\\"\")" },
		{ "project = IS", "project = \"IS\"",
		    "(project = \"IS\") AND project in (\"DEMO\", \"OPS\\\"\")" },
		{ "project not in (AND, demo) AND x is EMPTY",
		    "project not in (\"AND\", demo) AND x is EMPTY",
		    "(project not in (\"AND\", demo) AND x is EMPTY) AND project in (\"DEMO\", \"OPS\\\"\")" },
		/* Ways out. */
		{ "project = X) OR (project = Y", NULL, NULL },
		{ "a = 1)", NULL, NULL },
		{ "((a = 1)", NULL, NULL },
		{ "a = \"x", NULL, NULL },
		{ "a = 'x", NULL, NULL },
		{ "a = \"x\\\"", NULL, NULL },
		{ "a = x\\", NULL, NULL },
		{ "a = x\\ ", NULL, NULL },
		{ "a = 1 ORDER BY x\\ ", NULL, NULL },
		{ "a = \\\"x) OR (b = \\\"", NULL, NULL },
		{ "a = 1 ORDER BY x) OR (y = 1", NULL, NULL },
	};
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, NULL, 4 * KIB);
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int is_filtered = 0; is_filtered < 2; is_filtered++) {
			const char *want = is_filtered ? cases[i].filtered : cases[i].open;
			bool ok;

			buf_clear(&out);
			ok = jql_compose(&out, slice_of(cases[i].jql), projects,
			    is_filtered ? COUNT(projects) : 0, &err);
			assert_int_equal(ok, want != NULL);
			if (want == NULL)
				assert_int_equal(err.kind, ERR_PARAMS);
			else if (!slice_eq(buf_view(&out), slice_of(want)))
				fail_msg("%s: %.*s", cases[i].jql, SLICE_FMT(buf_view(&out)));
		}
	}
	buf_fini(&out);
}

static void
bounds(void **state)
{
	static char longest[JQL_MAX_BYTES + 1];
	struct jql_parts parts;
	struct err err;

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_true(jql_split((struct slice){ longest, JQL_MAX_BYTES }, &parts, &err));
	assert_false(jql_split((struct slice){ longest, JQL_MAX_BYTES + 1 }, &parts, &err));
	assert_false(jql_split((struct slice){ "a\0b", 3 }, &parts, &err));
	assert_true(jql_split(S("a ORDER BY b ORDER BY c"), &parts, &err));
	assert_true(slice_eq(parts.order, S("ORDER BY b ORDER BY c")));
	assert_true(jql_split(S("reorder by"), &parts, &err));
	assert_null(parts.order.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes),
		cmocka_unit_test(composes),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Reading in accepted texts; and in rubbish, where only staying inside counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void
finds(void **state)
{
	struct slice object =
	    S("{ \"a\" : [1, {\"b\":2}] ,\"s\":\"}\\\"{\",\"c\\u0064\":null,\"\":-1.5,\"b\":{}}");
	struct slice v;

	(void)state;
	assert_true(json_find(object, S("a"), &v) && slice_eq(v, S("[1, {\"b\":2}]")));
	assert_true(json_find(object, S("s"), &v) && slice_eq(v, S("\"}\\\"{\"")));
	assert_true(json_find(object, S("cd"), &v) && slice_eq(v, S("null")));
	assert_true(json_find(object, S(""), &v) && slice_eq(v, S("-1.5")));
	assert_true(json_find(object, S("b"), &v) && slice_eq(v, S("{}")));
	assert_false(json_find(object, S("c\\u0064"), &v));
	assert_null(v.p);
	assert_false(json_find(object, S("x"), &v));
	assert_false(json_find(S("[\"a\",1]"), S("a"), &v));
	assert_false(json_find(SLICE_NONE, S("a"), &v));
}

static void
iterates(void **state)
{
	static const char *const values[] = { "1", "\"a,b\"", "[2,[]]", "{\"x\":{}}", "true" };
	struct json_iter iter;
	struct slice key, v;
	size_t i = 0;

	(void)state;
	json_iter_init(&iter, S("[1 , \"a,b\",[2,[]],{\"x\":{}},\n true ]"));
	for (; json_iter_next(&iter, &key, &v); i++) {
		assert_true(slice_eq(v, slice_of(values[i])));
		assert_null(key.p);
	}
	assert_int_equal(i, COUNT(values));
	assert_false(json_iter_next(&iter, NULL, &v));
	json_iter_init(&iter, S("{\"\":1,\"k\\\"\" : 2}"));
	assert_true(json_iter_next(&iter, &key, &v) && key.p != NULL && key.n == 0);
	assert_true(json_iter_next(&iter, &key, &v) && slice_eq(key, S("k\\\"")));
	assert_true(slice_eq(v, S("2")));
	assert_false(json_iter_next(&iter, &key, &v));
	json_iter_init(&iter, S("{ }"));
	assert_false(json_iter_next(&iter, &key, &v));
	json_iter_init(&iter, S("[]"));
	assert_false(json_iter_next(&iter, &key, &v));
	json_iter_init(&iter, S("17"));
	assert_false(json_iter_next(&iter, &key, &v));
}

/* Every prefix of a text, in a block of just its size. */
static void
stays_inside(void **state)
{
	static const char text[] =
	    "{\"a\\u0041\":[1,\"x\\\\\",{\"b\":tru}],\"c\":\"\\ud83d\\ude00\"";
	struct arena arena;
	struct err err;
	size_t n;

	(void)state;
	arena_init(&arena, NULL, MIB);
	for (n = 1; n < sizeof(text); n++) {
		char *exact = malloc(n);
		struct json_iter iter;
		struct slice key, v, out;

		assert_non_null(exact);
		memcpy(exact, text, n);
		json_iter_init(&iter, (struct slice){ exact, n });
		while (json_iter_next(&iter, &key, &v))
			assert_true(v.p + v.n <= exact + n && v.n > 0);
		(void)json_find((struct slice){ exact, n }, S("c"), &v);
		exact[0] = exact[n - 1] = '"';
		if (json_string(&arena, (struct slice){ exact, n }, &out, &err))
			assert_true(out.n <= n);
		free(exact);
	}
	arena_fini(&arena);
	arena_drain();
}

static void
scalars(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t v;
	} ints[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "-7", true, -7 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "1.0", false, 0 },
		{ "1e2", false, 0 },
		{ "01", false, 0 },
		{ "-", false, 0 },
		{ "", false, 0 },
		{ "\"1\"", false, 0 },
	};
	int64_t v;
	size_t i;
	bool b;

	(void)state;
	for (i = 0; i < COUNT(ints); i++) {
		v = 0;
		assert_int_equal(json_int(slice_of(ints[i].text), &v), ints[i].ok);
		assert_true(v == ints[i].v);
	}
	assert_false(json_int(SLICE_NONE, &v));
	assert_true(json_bool(S("true"), &b) && b);
	assert_true(json_bool(S("false"), &b) && !b);
	assert_false(json_bool(S("null"), &b));
	assert_int_equal(json_type(S("-1")), JSON_NUMBER);
	assert_int_equal(json_type(SLICE_NONE), JSON_NONE);
	assert_int_equal(json_type(S("x")), JSON_NONE);
}

static void
strings(void **state)
{
	static const struct {
		const char *token, *plain;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"abc\"", "abc" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"a\\u0041b\\u00e9\\u4e2dz\"", "aAb\xc3\xa9\xe4\xb8\xadz" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\ud800x\"", "\xef\xbf\xbdx" },
	};
	struct slice token = S("\"no escapes\""), out;
	struct arena arena;
	struct err err;
	size_t i;

	(void)state;
	arena_init(&arena, NULL, 100);
	for (i = 0; i < COUNT(cases); i++) {
		assert_true(json_string(&arena, slice_of(cases[i].token), &out, &err));
		assert_true(slice_eq(out, slice_of(cases[i].plain)));
	}
	assert_true(json_string(&arena, token, &out, &err) && out.p == token.p + 1);
	assert_true(json_string(&arena, S("\"a\\u0000b\""), &out, &err) && out.n == 3);
	assert_false(json_string(&arena, S("1"), &out, &err));
	assert_false(json_string(&arena, S("\""), &out, &err));
	assert_false(json_string(&arena, SLICE_NONE, &out, &err));
	assert_int_equal(err.kind, ERR_PARSE);
	assert_false(json_string(&arena,
	    S("\"\\n 90 bytes are more than what is left of the ceiling now, "
	      "which was a hundred at the start\""),
	    &out, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	arena_fini(&arena);
	arena_drain();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(iterates),
		cmocka_unit_test(stays_inside),
		cmocka_unit_test(scalars),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

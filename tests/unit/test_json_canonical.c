/*
 * JSON in one spelling: what means the same is the same, and nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static bool
is_skipped(struct slice key)
{
	return slice_eq(key, S("skip"));
}

static bool
spell(const char *text, json_skip *skip, struct buf *out)
{
	struct arena arena;
	bool ok;

	arena_init(&arena, NULL, MIB);
	ok = json_canonical(&arena, slice_of(text), skip, out);
	arena_fini(&arena);
	return ok;
}

static void
test_cases(void **state)
{
	static const struct {
		const char *text, *is;
	} cases[] = {
		{ "{\"b\" : 1, \"a\":[ 1 , {} ,[ ]],\"aa\":null}",
		    "{\"a\":[1,{},[]],\"aa\":null,\"b\":1}" },
		/* Names in the order of their bytes, however they are written. */
		{ "{\"z\":1,\"\\u0041\":2,\"\":3}", "{\"\":3,\"A\":2,\"z\":1}" },
		{ "\"\\u00e9\\/\\n\"", "\"\xc3\xa9/\\n\"" },
		/* Numbers as they are, the order of lists too. */
		{ "[1.0,1,1e0,-0]", "[1.0,1,1e0,-0]" },
		{ "[2,1]", "[2,1]" },
		{ "true", "true" },
		{ "{}", "{}" },
		/* Of the outermost object only. */
		{ "{\"skip\":1,\"a\":{\"skip\":2}}", "{\"a\":{\"skip\":2}}" },
		{ "{\"skip\":1}", "{}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, NULL, KIB);
		assert_true(spell(cases[i].text, is_skipped, &out));
		if (!slice_eq(buf_view(&out), slice_of(cases[i].is)))
			fail_msg("%s is %.*s", cases[i].text, SLICE_FMT(buf_view(&out)));
		buf_fini(&out);
	}
}

/* Thirty-two levels, and no more. */
static void
test_depth(void **state)
{
	char text[80];
	struct buf out;

	(void)state;
	for (unsigned depth = 31; depth < 35; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[2 * depth] = '\0';
		buf_init(&out, NULL, KIB);
		assert_int_equal(spell(text, NULL, &out), depth <= 32);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

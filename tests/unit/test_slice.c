/*
 * Slices: the edges of empty and absent, hostile patterns, limits of numbers.
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
compares(void **state)
{
	(void)state;
	assert_true(slice_eq(SLICE_NONE, S("")));
	assert_true(slice_eq(S("ab"), S("ab")));
	assert_false(slice_eq(S("ab"), S("abc")));
	assert_true(slice_eq_nocase(S("Content-LENGTH"), S("content-length")));
	assert_false(slice_eq_nocase(S("@"), S("`")));
	assert_false(slice_eq_nocase(S("["), S("{")));
	assert_true(slice_starts(S("abc"), S("ab")) && slice_starts(S(""), SLICE_NONE));
	assert_false(slice_starts(S("a"), S("ab")));
	assert_true(slice_ends(S("abc"), S("bc")) && slice_ends(S("abc"), S("")));
	assert_false(slice_ends(S("c"), S("bc")));
	assert_null(slice_of(NULL).p);
	assert_true(slice_of("").p != NULL && slice_of("").n == 0);
}

static void
cuts(void **state)
{
	struct slice rest, head;

	(void)state;
	head = slice_cut(S("a=b=c"), '=', &rest);
	assert_true(slice_eq(head, S("a")) && slice_eq(rest, S("b=c")));
	head = slice_cut(S("a="), '=', &rest);
	assert_true(slice_eq(head, S("a")) && rest.p != NULL && rest.n == 0);
	head = slice_cut(S("a"), '=', &rest);
	assert_true(slice_eq(head, S("a")) && rest.p == NULL);
	head = slice_cut(SLICE_NONE, '=', &rest);
	assert_true(head.n == 0 && rest.p == NULL);
	assert_true(slice_eq(slice_trim(S(" \ta b\t ")), S("a b")));
	assert_int_equal(slice_trim(S(" \t ")).n, 0);
	assert_int_equal(slice_trim(SLICE_NONE).n, 0);
}

static void
numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t v;
	} cases[] = {
		{ "0", 0, true, 0 },
		{ "007", 7, true, 7 },
		{ "8", 7, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "", 9, false, 0 },
		{ "+1", 9, false, 0 },
		{ "-1", 9, false, 0 },
		{ " 1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "0x1", 9, false, 0 },
		{ "/", 9, false, 0 },
		{ ":", 99, false, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		uint64_t v = 4711;

		assert_int_equal(
		    slice_to_u64(slice_of(cases[i].text), cases[i].max, &v), cases[i].ok);
		assert_true(v == (cases[i].ok ? cases[i].v : 4711));
	}
}

static void
globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool ok;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "**", "abc", true },
		{ "?", "", false },
		{ "a?c", "abc", true },
		{ "a*c", "ac", true },
		{ "a*c", "abcd", false },
		{ "*.txt", "a.txt.txt", true },
		{ "a*b*c", "axbxbxc", true },
		{ "[a]", "a", false },
		{ "[a]", "[a]", true },
		{ "*a*", "bbb", false },
		{ "jira_*", "jira_", true },
		{ "a", "A", false },
	};
	static char pattern[2000], text[4000];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    slice_glob(slice_of(cases[i].pattern), slice_of(cases[i].text)), cases[i].ok);
	/* Exponential for a careless matcher. */
	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	assert_false(slice_glob(
	    (struct slice){ pattern, sizeof(pattern) }, (struct slice){ text, sizeof(text) }));
}

static void
distances(void **state)
{
	char far[65];

	(void)state;
	memset(far, 'a', sizeof(far));
	assert_int_equal(slice_distance(S("search"), S("serach")), 2);
	assert_int_equal(slice_distance(S("Search"), S("sEARCH")), 0);
	assert_int_equal(slice_distance(S(""), S("abc")), 3);
	assert_int_equal(slice_distance(S("kitten"), S("sitting")), 3);
	assert_int_equal(slice_distance((struct slice){ far, 64 }, S("")), 64);
	assert_int_equal(slice_distance((struct slice){ far, 65 }, S("")), 255);
	assert_int_equal(slice_distance(SLICE_NONE, SLICE_NONE), 0);
}

static void
copies(void **state)
{
	struct arena arena;
	struct slice copy;

	(void)state;
	arena_init(&arena, NULL, 1 * MIB);
	assert_null(slice_dup(&arena, SLICE_NONE).p);
	copy = slice_dup(&arena, S(""));
	assert_true(copy.p != NULL && copy.n == 0);
	assert_true(slice_eq(slice_dup(&arena, S("abc")), S("abc")));
	assert_string_equal(slice_cstr(&arena, S("abc")), "abc");
	assert_string_equal(slice_cstr(&arena, SLICE_NONE), "");
	arena_fini(&arena);
	arena_drain();
}

static void
utf8(void **state)
{
	static const char *const good[] = { "", "a", "\xc3\xa9", "\xe2\x82\xac x",
		"\xf0\x9f\x90\x9b" };
	static const char *const bad[] = { "\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80",
		"\xf5\x80\x80\x80", "\x80", "\xe2\x82" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(slice_is_utf8(slice_of(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(slice_is_utf8(slice_of(bad[i])));
	assert_true(slice_is_utf8(SLICE_NONE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(cuts),
		cmocka_unit_test(numbers),
		cmocka_unit_test(globs),
		cmocka_unit_test(distances),
		cmocka_unit_test(copies),
		cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The unified diff of two texts: what `diff -u` and Python's difflib print for them, and the bounds
 * of its work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/text_diff.h"

#define HEAD "--- old\n+++ new\n"

static struct arena arena;
static struct buf out;

static int
setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 64 * MIB);
	buf_init(&out, NULL, 64 * MIB);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_fini(&out);
	arena_fini(&arena);
	return 0;
}

struct diff_case {
	const char *name, *a, *b, *want;
};

/* clang-format off */
static const struct diff_case cases[] = {
	{ "nothing at all", "", "", "" },
	{ "the same", "a\nb\n", "a\nb\n", "" },
	{ "the same but for the end of the last line", "a\nb", "a\nb\n", "" },
	{ "from nothing", "", "a\n", HEAD "@@ -0,0 +1 @@\n+a\n" },
	{ "to nothing", "a\nb\n", "", HEAD "@@ -1,2 +0,0 @@\n-a\n-b\n" },
	{ "one line", "a\n", "b\n", HEAD "@@ -1 +1 @@\n-a\n+b\n" },
	{ "no line ends", "a", "b", HEAD "@@ -1 +1 @@\n-a\n+b\n" },
	{ "a blank line", "\n", "\n\n", HEAD "@@ -1 +1,2 @@\n \n+\n" },
	{ "three of context", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	  HEAD "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
	{ "in the first line", "1\n2\n3\n4\n5\n", "x\n2\n3\n4\n5\n", HEAD "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n" },
	{ "in the last line", "1\n2\n3\n4\n5\n", "1\n2\n3\n4\nx\n", HEAD "@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+x\n" },
	{ "added in the middle", "1\n2\n3\n4\n", "1\n2\nx\ny\n3\n4\n", HEAD "@@ -1,4 +1,6 @@\n 1\n 2\n+x\n+y\n 3\n 4\n" },
	{ "added at the end", "1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", HEAD "@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n" },
	{ "gone from the middle", "1\n2\n3\n", "1\n3\n", HEAD "@@ -1,3 +1,2 @@\n 1\n-2\n 3\n" },
	{ "six the same between two changes: one hunk", "a\n1\n2\n3\n4\n5\n6\nb\n", "x\n1\n2\n3\n4\n5\n6\ny\n",
	  HEAD "@@ -1,8 +1,8 @@\n-a\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+y\n" },
	{ "seven the same: two hunks", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n",
	  HEAD "@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+y\n" },
	{ "lines of the second hunk are counted behind those of the first", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\nx\n",
	  HEAD "@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -6,4 +7,4 @@\n 6\n 7\n 8\n-9\n+x\n" },
	{ "what both have stays: the longest common part", "a\nb\nc\nd\n", "b\nx\nd\ne\n",
	  HEAD "@@ -1,4 +1,4 @@\n-a\n b\n-c\n+x\n d\n+e\n" },
	{ "a carriage return is a part of its line", "a\r\n", "a\n", HEAD "@@ -1 +1 @@\n-a\r\n+a\n" },
};
/* clang-format on */

static void
prints_as_diff_u_does(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&out);
		assert_true(text_diff(
		    slice_of(cases[i].a), slice_of(cases[i].b), "old", "new", &arena, &out, &err));
		if (!slice_eq(buf_view(&out), slice_of(cases[i].want)))
			fail_msg("%s:\n%.*s", cases[i].name, SLICE_FMT(buf_view(&out)));
	}
}

/* n lines, each its number, one of them another. */
static void
put_lines(struct buf *text, size_t n, size_t odd, const char *other)
{
	for (size_t i = 0; i < n; i++) {
		if (i == odd)
			buf_printf(text, "%s\n", other);
		else
			buf_printf(text, "%zu\n", i);
	}
}

static void
compares_two_hundred_thousand_lines(void **state)
{
	struct buf a, b;
	struct err err;

	(void)state;
	buf_init(&a, NULL, 4 * MIB);
	buf_init(&b, NULL, 4 * MIB);
	put_lines(&a, 200000, SIZE_MAX, NULL);
	put_lines(&b, 200000, 100000, "x");
	assert_true(text_diff(buf_view(&a), buf_view(&b), "old", "new", &arena, &out, &err));
	assert_true(slice_eq(buf_view(&out),
	    S(HEAD "@@ -99998,7 +99998,7 @@\n 99997\n 99998\n 99999\n-100000\n+x\n 100001\n"
		   " 100002\n 100003\n")));
	/* One more is too many, on either side. */
	buf_puts(&b, "y\n");
	assert_false(text_diff(buf_view(&a), buf_view(&b), "old", "new", &arena, &out, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(text_diff(buf_view(&b), buf_view(&a), "old", "new", &arena, &out, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	buf_fini(&a);
	buf_fini(&b);
}

/* 3,000 by 3,000 lines are more than are compared: all gone, then all new, between common ends. */
static void
shows_the_middle_whole_where_it_is_too_long(void **state)
{
	struct slice rest, line;
	struct buf a, b;
	struct err err;
	size_t n = 0;

	(void)state;
	buf_init(&a, NULL, MIB);
	buf_init(&b, NULL, MIB);
	buf_puts(&a, "same\n");
	buf_puts(&b, "same\n");
	for (size_t i = 0; i < 3000; i++) {
		if (i == 1500)
			buf_puts(&a, "both\n"), buf_puts(&b, "both\n");
		else
			buf_printf(&a, "a%zu\n", i), buf_printf(&b, "b%zu\n", i);
	}
	buf_puts(&a, "end\n");
	buf_puts(&b, "end\n");
	assert_true(text_diff(buf_view(&a), buf_view(&b), "old", "new", &arena, &out, &err));
	rest = buf_view(&out);
	assert_true(slice_starts(rest, S(HEAD "@@ -1,3002 +1,3002 @@\n same\n-a0\n")));
	while (rest.p != NULL) {
		line = slice_cut(rest, '\n', &rest);
		n++;
		if (n >= 5 && n < 3005)
			assert_int_equal(line.p[0], '-');
		else if (n >= 3005 && n < 6005)
			assert_int_equal(line.p[0], '+');
	}
	assert_int_equal(n, 6006); /* of them one behind the last end */
	buf_fini(&a);
	buf_fini(&b);
}

static void
says_when_the_arena_is_full(void **state)
{
	struct arena small;
	struct buf a;
	struct err err;

	(void)state;
	arena_init(&small, NULL, 64 * KIB);
	buf_init(&a, NULL, MIB);
	put_lines(&a, 10000, SIZE_MAX, NULL);
	assert_false(text_diff(buf_view(&a), S("x\n"), "old", "new", &small, &out, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	buf_fini(&a);
	arena_fini(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(prints_as_diff_u_does, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    compares_two_hundred_thousand_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    shows_the_middle_whole_where_it_is_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(says_when_the_arena_is_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

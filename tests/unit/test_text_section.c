/*
 * Sections of a page: where they begin and end, what an edit leaves alone, what the errors say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/text_section.h"

static const char page[] =
    "<p>intro</p>\n<h1 class=\"x\">One</h1>\n<p>a</p><h2>Sub</h2><p>b</p>\n"
    "<h2>T&auml;g&nbsp; <em>two</em></h2><ac:structured-macro ac:name=\"toc\" /><h1>Last</h1> z"
    "<ac:layout><ac:layout-section ac:type=\"single\"><ac:layout-cell><h2>In cell</h2><p>c</p>"
    "</ac:layout-cell></ac:layout-section></ac:layout><h3>Twice</h3>1<h4>twice</h4>2";

struct page {
	struct arena arena;
	struct buf out;
	struct err err;
};

static void
page_init(struct page *one)
{
	memset(one, 0, sizeof(*one));
	arena_init(&one->arena, NULL, MIB);
	buf_init(&one->out, NULL, MIB);
}

static void
page_fini(struct page *one)
{
	buf_fini(&one->out);
	arena_fini(&one->arena);
}

static void
finds(void **state)
{
	static const struct {
		const char *heading;
		unsigned level;
		bool is_first;
		const char *head, *body; /* NULL: none */
	} cases[] = {
		{ "one", 0, false, "<h1 class=\"x\">One</h1>",
		    "\n<p>a</p><h2>Sub</h2><p>b</p>\n<h2>T&auml;g&nbsp; <em>two</em></h2>"
		    "<ac:structured-macro ac:name=\"toc\" />" },
		{ " SUB ", 2, false, "<h2>Sub</h2>", "<p>b</p>\n" },
		{ "T\u00e4g  two", 0, false, "<h2>T&auml;g&nbsp; <em>two</em></h2>",
		    "<ac:structured-macro ac:name=\"toc\" />" },
		{ "In cell", 0, false, "<h2>In cell</h2>", "<p>c</p>" },
		{ "twice", 0, true, "<h3>Twice</h3>", "1<h4>twice</h4>2" },
		{ "twice", 4, false, "<h4>twice</h4>", "2" },
		{ "twice", 0, false, NULL, NULL },
		{ "one", 2, false, NULL, NULL },
		{ "", 0, false, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct section_query query = { slice_of(cases[i].heading), cases[i].level,
			cases[i].is_first };
		struct section section;
		struct page one;
		bool ok;

		page_init(&one);
		ok = section_find(&one.arena, S(page), &query, &section, &one.err);
		if (ok != (cases[i].head != NULL))
			fail_msg("%s: %s", cases[i].heading, one.err.text);
		if (ok) {
			assert_int_equal(section.body - section.at, strlen(cases[i].head));
			assert_memory_equal(
			    page + section.at, cases[i].head, strlen(cases[i].head));
			assert_int_equal(section.end - section.body, strlen(cases[i].body));
			assert_memory_equal(
			    page + section.body, cases[i].body, strlen(cases[i].body));
		}
		page_fini(&one);
	}
}

static void
changes_nothing_else(void **state)
{
	static const struct {
		enum section_edit edit;
		const char *before, *after; /* what stands around the new bytes */
	} cases[] = {
		{ SECTION_REPLACE, "<h2>Sub</h2>", "<h2>T&auml;g" },
		{ SECTION_REPLACE_ALL, "<p>a</p>", "<h2>T&auml;g" },
		{ SECTION_APPEND, "<p>b</p>\n", "<h2>T&auml;g" },
		{ SECTION_PREPEND, "<h2>Sub</h2>", "<p>b</p>\n" },
	};
	struct section_query query = { .heading = S("sub") };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *before = strstr(page, cases[i].before), *after;
		struct slice with = S("<p>new</p>");
		struct page one;
		size_t n;

		page_init(&one);
		if (!section_change(
			&one.arena, S(page), &query, cases[i].edit, with, &one.out, &one.err))
			fail_msg("%s", one.err.text);
		n = (size_t)(before - page) + strlen(cases[i].before);
		after = strstr(page + n, cases[i].after);
		assert_int_equal(one.out.n, n + with.n + strlen(after));
		assert_memory_equal(one.out.p, page, n);
		assert_memory_equal(one.out.p + n, with.p, with.n);
		assert_memory_equal(one.out.p + n + with.n, after, strlen(after));
		page_fini(&one);
	}
}

static void
says_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *heading, *with, *part;
	} cases[] = {
		{ page, "nope", "",
		    "no heading \"nope\"; there are 7: \"One\" (h1), \"Sub\" (h2), \"T\u00e4g two\" (h2)" },
		{ page, "twice", "",
		    "2 headings \"twice\"; say the level, or that the first is meant" },
		{ "<p>a</p>", "a", "", "the page has no headings" },
		{ "<p>a", "a", "", "</p> is missing" },
		{ page, "sub", "<p>a", "the new text: storage format, line 1, column 5" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct section_query query = { .heading = slice_of(cases[i].heading) };
		struct page one;

		page_init(&one);
		assert_false(section_change(&one.arena, slice_of(cases[i].text), &query,
		    SECTION_REPLACE, slice_of(cases[i].with), &one.out, &one.err));
		assert_int_equal(one.err.kind, ERR_PARAMS);
		if (strstr(one.err.text, cases[i].part) == NULL)
			fail_msg("%s", one.err.text);
		assert_int_equal(one.out.n, 0);
		page_fini(&one);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(changes_nothing_else),
		cmocka_unit_test(says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

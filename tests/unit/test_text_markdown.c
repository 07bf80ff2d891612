/*
 * What single pieces of Markdown mean, as ADF: the rules of the house beside CommonMark.  Whole
 * documents are in tests/golden/text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/text.h"

#define HEAD		  "{\"version\":1,\"type\":\"doc\",\"content\":["
#define TEXT(text)	  "{\"type\":\"text\",\"text\":\"" text "\"}"
#define LINE(...)	  "{\"type\":\"paragraph\",\"content\":[" __VA_ARGS__ "]}"
#define MARKED(text, ...) "{\"type\":\"text\",\"text\":\"" text "\",\"marks\":[" __VA_ARGS__ "]}"

struct case_row {
	const char *markdown, *content;
};

/* clang-format off */
static const struct case_row cases[] = {
	{ "", "" },
	{ "a\nb", LINE(TEXT("a b")) },
	{ "a\\\nb", LINE(TEXT("a") ",{\"type\":\"hardBreak\"}," TEXT("b")) },
	{ "a<br>b", LINE(TEXT("a") ",{\"type\":\"hardBreak\"}," TEXT("b")) },
	{ "&lt;&#65;&copy;&nosuch;", LINE(TEXT("<A\xc2\xa9&nosuch;")) },
	{ "<u>x</u>", LINE(MARKED("x", "{\"type\":\"underline\"}")) },
	{ "a</u>b<i", LINE(TEXT("a</u>b<i")) },
	{ "<span style=\"color: #ff0000\">x</span>",
	  LINE(MARKED("x", "{\"type\":\"textColor\",\"attrs\":{\"color\":\"#ff0000\"}}")) },
	{ "<span class=\"x\">y</span>", LINE(TEXT("<span class=\\\"x\\\">y</span>")) },
	{ "<script>alert(1)</script>", LINE(TEXT("<script>alert(1)</script>")) },
	{ "***x***", LINE(MARKED("x", "{\"type\":\"strong\"},{\"type\":\"em\"}")) },
	{ "**`x`**", LINE(MARKED("x", "{\"type\":\"code\"}")) },
	{ "{status:Done|color=green}",
	  LINE("{\"type\":\"status\",\"attrs\":{\"text\":\"Done\",\"color\":\"green\"}}") },
	{ "\\{status:Done}", LINE(TEXT("{status:Done}")) },
	{ "{status:}", LINE(TEXT("{status:}")) },
	{ "{date:2026-01-31}", LINE("{\"type\":\"date\",\"attrs\":{\"timestamp\":\"1769817600000\"}}") },
	{ "{date:1970-01-01}", LINE("{\"type\":\"date\",\"attrs\":{\"timestamp\":\"0\"}}") },
	{ "{date:1969-12-31}", LINE("{\"type\":\"date\",\"attrs\":{\"timestamp\":\"-86400000\"}}") },
	{ "{date:tomorrow}", LINE(TEXT("{date:tomorrow}")) },
	{ "@[A *b*](accountid:1:2)",
	  LINE("{\"type\":\"mention\",\"attrs\":{\"id\":\"1:2\",\"text\":\"@A b\"}}") },
	{ "[~accountid:zz]", LINE("{\"type\":\"mention\",\"attrs\":{\"id\":\"zz\"}}") },
	{ "<https://a.b>", LINE("{\"type\":\"inlineCard\",\"attrs\":{\"url\":\"https://a.b\"}}") },
	{ "https://a.b", LINE(MARKED("https://a.b",
	  "{\"type\":\"link\",\"attrs\":{\"href\":\"https://a.b\"}}")) },
	{ "[](u)", LINE(MARKED("u", "{\"type\":\"link\",\"attrs\":{\"href\":\"u\"}}")) },
	{ "![a](http://b)", "{\"type\":\"mediaSingle\",\"attrs\":{\"layout\":\"center\"},\"content\":["
	  "{\"type\":\"media\",\"attrs\":{\"type\":\"external\",\"url\":\"http://b\",\"alt\":\"a\"}}]}" },
	{ ":::note\nx\n:::", "{\"type\":\"panel\",\"attrs\":{\"panelType\":\"note\"},\"content\":["
	  LINE(TEXT("x")) "]}" },
	{ "a\n:::nothing\n:::", LINE(TEXT("a :::nothing")) "," LINE(TEXT(":::")) },
	{ "```\n:::note\n```", "{\"type\":\"codeBlock\",\"content\":[" TEXT(":::note") "]}" },
	{ "    :::note", "{\"type\":\"codeBlock\",\"content\":[" TEXT(":::note") "]}" },
	{ "{expand:T}\nx\n{expand}", "{\"type\":\"expand\",\"attrs\":{\"title\":\"T\"},\"content\":["
	  LINE(TEXT("x")) "]}" },
	{ "- :::note\n  x\n  :::\n- y", "{\"type\":\"bulletList\",\"content\":["
	  "{\"type\":\"listItem\",\"content\":[" LINE(TEXT("x")) "]},"
	  "{\"type\":\"listItem\",\"content\":[" LINE(TEXT("y")) "]}]}" },
	{ "3. x", "{\"type\":\"orderedList\",\"attrs\":{\"order\":3},\"content\":["
	  "{\"type\":\"listItem\",\"content\":[" LINE(TEXT("x")) "]}]}" },
	{ "- - x", "{\"type\":\"bulletList\",\"content\":[{\"type\":\"listItem\",\"content\":["
	  "{\"type\":\"paragraph\",\"content\":[]},"
	  "{\"type\":\"bulletList\",\"content\":[{\"type\":\"listItem\",\"content\":["
	  LINE(TEXT("x")) "]}]}]}]}" },
	{ "- [x] a\n  - [ ] b", "{\"type\":\"taskList\",\"attrs\":{\"localId\":\"1\"},\"content\":["
	  "{\"type\":\"taskItem\",\"attrs\":{\"localId\":\"2\",\"state\":\"DONE\"},\"content\":["
	  TEXT("a") "]},{\"type\":\"taskList\",\"attrs\":{\"localId\":\"3\"},\"content\":["
	  "{\"type\":\"taskItem\",\"attrs\":{\"localId\":\"4\",\"state\":\"TO" "DO\"},\"content\":["
	  TEXT("b") "]}]}]}" },
	{ "> # h", "{\"type\":\"blockquote\",\"content\":["
	  LINE(MARKED("h", "{\"type\":\"strong\"}")) "]}" },
	{ "```raw:adf\n{\"type\":\"x\", \"y\":1}\n```", "{\"type\":\"x\", \"y\":1}" },
	{ "```raw:adf\n{\"type\":}\n```", "{\"type\":\"codeBlock\",\"attrs\":{\"language\":\"raw:adf\"},"
	  "\"content\":[" TEXT("{\\\"type\\\":}") "]}" },
	{ "```raw:storage\n<a/>\n```", "{\"type\":\"codeBlock\",\"attrs\":"
	  "{\"language\":\"raw:storage\"},\"content\":[" TEXT("<a/>") "]}" },
	{ "x `{raw:adf}{\"type\":\"y\"}`", LINE(TEXT("x ") ",{\"type\":\"y\"}") },
	{ "```\n\ta\n  \tb\n```", "{\"type\":\"codeBlock\",\"content\":[" TEXT("\\ta\\n  \\tb") "]}" },
	{ "- ```\n  \ta\n  ```", "{\"type\":\"bulletList\",\"content\":[{\"type\":\"listItem\","
	  "\"content\":[{\"type\":\"codeBlock\",\"content\":[" TEXT("\\ta") "]}]}]}" },
};
/* clang-format on */

static void
expect_content(const char *markdown, const char *content)
{
	struct arena arena;
	struct slice got;
	struct buf out;
	struct err err = { 0 };

	arena_init(&arena, NULL, MIB);
	buf_init(&out, NULL, MIB);
	if (!text_convert(&arena, TEXT_MARKDOWN, slice_of(markdown), TEXT_ADF, &out, &err))
		fail_msg("%s: %s", markdown, err.text);
	got = buf_view(&out);
	assert_true(slice_starts(got, S(HEAD)));
	assert_true(slice_ends(got, S("]}")));
	got.p += sizeof(HEAD) - 1;
	got.n -= sizeof(HEAD) - 1 + 2;
	if (!slice_eq(got, slice_of(content)))
		fail_msg("%s\n gives %.*s\nwanted %s", markdown, SLICE_FMT(got), content);
	arena_fini(&arena);
	buf_fini(&out);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect_content(cases[i].markdown, cases[i].content);
}

/* What is too deep or too long is refused, whatever it is made of. */
static void
test_limits(void **state)
{
	static const char *const pieces[] = { "> ", "- ", "1. ", ":::note\n" };
	struct arena arena;
	struct buf text;
	struct doc *doc;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		buf_init(&text, NULL, MIB);
		for (size_t n = 0; n < 100; n++)
			buf_puts(&text, pieces[i]);
		buf_puts(&text, "x");
		arena_init(&arena, NULL, MIB);
		assert_false(text_read(&arena, TEXT_MARKDOWN, buf_view(&text), &doc, &err));
		assert_int_equal(err.kind, ERR_LIMIT);
		arena_fini(&arena);
		arena_init(&arena, NULL, 2 * KIB);
		assert_false(text_read(&arena, TEXT_MARKDOWN, buf_view(&text), &doc, &err));
		assert_int_equal(err.kind, ERR_LIMIT);
		arena_fini(&arena);
		buf_fini(&text);
	}
}

static void
expect_text(enum text_format from, struct slice text, enum text_format to, struct slice wanted)
{
	struct arena arena;
	struct buf out;
	struct err err = { 0 };

	arena_init(&arena, NULL, MIB);
	buf_init(&out, NULL, MIB);
	if (!text_convert(&arena, from, text, to, &out, &err))
		fail_msg("%.*s: %s", SLICE_FMT(text), err.text);
	if (!slice_eq(buf_view(&out), wanted))
		fail_msg("%.*s\n gives %.*s", SLICE_FMT(text), SLICE_FMT(buf_view(&out)));
	arena_fini(&arena);
	buf_fini(&out);
}

/* An attachment that is shown has no address; its name goes to Markdown and comes back. */
static void
test_attached_images(void **state)
{
	static const struct slice
	    storage = S("<p><ac:image><ri:attachment ri:filename=\"a b.png\"/></ac:image></p>"),
	    markdown = S("![](attachment:a%20b.png)\n");

	(void)state;
	expect_text(TEXT_STORAGE, storage, TEXT_MARKDOWN, markdown);
	expect_text(TEXT_MARKDOWN, markdown, TEXT_STORAGE, storage);
	expect_text(TEXT_WIKI, S("!a b.png!"), TEXT_MARKDOWN, markdown);
}

/* Lists without a number of their own begin with 1. */
static void
test_numbers(void **state)
{
	(void)state;
	expect_text(TEXT_WIKI, S("# a\n# b"), TEXT_MARKDOWN, S("1. a\n2. b\n"));
	expect_text(
	    TEXT_STORAGE, S("<ol><li>a</li><li>b</li></ol>"), TEXT_MARKDOWN, S("1. a\n2. b\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_attached_images),
		cmocka_unit_test(test_numbers),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_drain();
	return failed;
}

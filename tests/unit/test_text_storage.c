/*
 * The storage format: what each element becomes, what is written for it, that nothing unknown loses
 * a byte, where errors are, and that hostile texts cost no more than their length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/text.h"
#include "doc_dump.h"

struct text {
	struct arena arena;
	struct doc_maker maker;
	struct err err;
	struct buf out;
	bool ok;
};

static void
text_init(struct text *text, struct slice input)
{
	memset(text, 0, sizeof(*text));
	arena_init(&text->arena, NULL, 512 * MIB);
	buf_init(&text->out, NULL, 64 * MIB);
	doc_maker_init(&text->maker, &text->arena, &text->err);
	text->ok = storage_read(&text->maker, input) && doc_finish(&text->maker);
}

static void
text_fini(struct text *text)
{
	buf_fini(&text->out);
	arena_fini(&text->arena);
}

static const char *
text_cstr(struct text *text)
{
	buf_putc(&text->out, '\0');
	return text->out.p;
}

static void
check_dump(const char *input, const char *dump)
{
	struct text text;

	text_init(&text, slice_of(input));
	if (!text.ok)
		fail_msg("%s: %s", input, text.err.text);
	doc_dump(&text.out, text.maker.root, false);
	assert_string_equal(text_cstr(&text), dump);
	text_fini(&text);
}

/* NULL: as it was. */
static void
check_written(const char *input, const char *written)
{
	struct text text;

	text_init(&text, slice_of(input));
	if (!text.ok)
		fail_msg("%s: %s", input, text.err.text);
	storage_write(text.maker.root, &text.out);
	assert_string_equal(text_cstr(&text), written != NULL ? written : input);
	text_fini(&text);
}

static void
reads_blocks(void **state)
{
	static const struct {
		const char *input, *dump;
	} cases[] = {
		{ "", "(root)" },
		{ " \n ", "(root)" },
		{ "a", "(root (p (text \"a\")))" },
		{ "<p>a</p>\n<p/>", "(root (p (text \"a\")) (p))" },
		{ "<h1>a</h1><h6>b</h6>", "(root (h1 (text \"a\")) (h6 (text \"b\")))" },
		{ "a<hr/>b", "(root (p (text \"a\")) (rule) (p (text \"b\")))" },
		{ "<ul><li>a<ul><li><p>b</p></li></ul></li><li/></ul>",
		    "(root (ul (item (p (text \"a\")) (ul (item (p (text \"b\"))))) (item)))" },
		{ "<ul><li>a</li><ul><li>b</li></ul></ul>",
		    "(root (ul (item (p (text \"a\")) (ul (item (p (text \"b\")))))))" },
		{ "<ol start=\"3\"><li>a</li></ol>",
		    "(root (ol start=3 (item (p (text \"a\")))))" },
		{ "<blockquote><p>a</p></blockquote>", "(root (quote (p (text \"a\"))))" },
		{ "<pre>a\n <b>b</b></pre>", "(root (code \"a\n b\"))" },
		{ "<p>a<hr/>b</p>", "(root (p (text \"a\")) (rule) (p (text \"b\")))" },
		{ "<div>a<div>b</div>c</div>",
		    "(root (p (text \"a\")) (p (text \"b\")) (p (text \"c\")))" },
		{ "<table><colgroup><col/></colgroup><thead><tr><th>a</th></tr></thead><tbody><tr>"
		  "<td colspan=\"2\" rowspan=\"3\" style=\"text-align: center;\">b<ul><li>c</li></ul>"
		  "</td></tr></tbody></table>",
		    "(root (table (row (cell header (p (text \"a\")))) (row (cell columns=2 rows=3 "
		    "align=2 (p (text \"b\")) (ul (item (p (text \"c\"))))))))" },
		{ "<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete"
		  "</ac:task-status><ac:task-body>a <b>b</b><ac:task-list><ac:task><ac:task-body>c"
		  "</ac:task-body></ac:task></ac:task-list></ac:task-body></ac:task></ac:task-list>",
		    "(root (tasks (task done id=7 (text \"a \") (text:b \"b\") (tasks (task (text "
		    "\"c\"))))))" },
		{ "<ac:layout><ac:layout-section ac:type=\"single\"><ac:layout-cell><p>a</p>"
		  "</ac:layout-cell></ac:layout-section></ac:layout>",
		    "(root (raw name=layout) (p (text \"a\")) (raw name=layout))" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_dump(cases[i].input, cases[i].dump);
}

static void
reads_inlines(void **state)
{
	static const struct {
		const char *input, *dump;
	} cases[] = {
		{ "<p> a \n b </p>", "(root (p (text \"a b\")))" },
		{ "<p>a <b> b</b> c</p>", "(root (p (text \"a \") (text:b \"b\") (text \" c\")))" },
		{ "<p>a<br/> b</p>", "(root (p (text \"a\") (br) (text \"b\")))" },
		{ "<strong><em>a</em></strong><u><s>b</s></u>",
		    "(root (p (text:be \"a\") (text:su \"b\")))" },
		{ "<sub>a</sub><sup>b</sup><code> c  d</code>",
		    "(root (p (text:d \"a\") (text:^ \"b\") (text:c \" c  d\")))" },
		{ "&nbsp;&Ouml;&#65;&amp;&lt;", "(root (p (text \"\u00a0\u00d6A&<\")))" },
		{ "<span style=\"color: red;\">a</span>", "(root (p (text color=red \"a\")))" },
		{ "<span class=\"x\">a</span>", "(root (p (text \"a\")))" },
		{ "<a href=\"https://x/?a&amp;b\">a<b>b</b></a>",
		    "(root (p (text href=https://x/?a&b \"a\") (text:b href=https://x/?a&b \"b\")))" },
		{ "<a href=\"h\" data-card-appearance=\"inline\">h</a>",
		    "(root (p (card href=h \"h\")))" },
		{ "<ac:link><ri:page ri:content-title=\"&Uuml;ber #1\" ri:space-key=\"DS\"/></ac:link>",
		    "(root (p (text href=page:DS/Über%20%231 \"Über #1\")))" },
		{ "<ac:link ac:anchor=\"top\"><ac:plain-text-link-body><![CDATA[a<b]]>"
		  "</ac:plain-text-link-body></ac:link>",
		    "(root (p (text href=#top \"a<b\")))" },
		{ "<ac:link><ri:attachment ri:filename=\"a b.pdf\"/><ac:link-body>x<em>y</em>"
		  "</ac:link-body></ac:link>",
		    "(root (p (text href=attachment:a%20b.pdf \"x\") (text:e "
		    "href=attachment:a%20b.pdf \"y\")))" },
		{ "<ac:link><ri:user ri:account-id=\"5:6\"/></ac:link>",
		    "(root (p (mention name=account-id id=5:6)))" },
		{ "<ac:link><ri:user ri:username=\"jo\"/><ac:plain-text-link-body><![CDATA[Jo]]>"
		  "</ac:plain-text-link-body></ac:link>",
		    "(root (p (mention name=username id=jo \"Jo\")))" },
		{ "<ac:link><ri:blog-post ri:content-title=\"T\" ri:posting-day=\"2026/01/31\"/></ac:link>",
		    "(root (p (macro inline name=link \"T\")))" },
		{ "<p><ac:image ac:alt=\"x\" ac:width=\"30\"><ri:attachment ri:filename=\"a.png\"/>"
		  "</ac:image></p>",
		    "(root (p (image columns=30 id=a.png \"x\")))" },
		{ "<ac:image><ri:url ri:value=\"https://x/a.png\"/></ac:image>",
		    "(root (p (image href=https://x/a.png)))" },
		{ "<time datetime=\"2026-01-31\"/>", "(root (p (date \"2026-01-31\")))" },
		{ "<ac:emoticon ac:name=\"smile\"/>", "(root (p (emoji name=:smile:)))" },
		{ "a<ac:inline-comment-marker ac:ref=\"1\">b <b>c</b></ac:inline-comment-marker>",
		    "(root (p (text \"a\") (macro inline name=inline-comment-marker \"b c\" (text \"b "
		    "\") (text:b \"c\"))))" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_dump(cases[i].input, cases[i].dump);
}

static void
reads_macros(void **state)
{
#define MACRO(name, inside) \
	"<ac:structured-macro ac:name=\"" name "\">" inside "</ac:structured-macro>"
#define PARAMETER(name, value) "<ac:parameter ac:name=\"" name "\">" value "</ac:parameter>"
#define RICH(inside)	       "<ac:rich-text-body>" inside "</ac:rich-text-body>"
#define PLAIN(inside)	       "<ac:plain-text-body><![CDATA[" inside "]]></ac:plain-text-body>"
	static const struct {
		const char *input, *dump;
	} cases[] = {
		{ MACRO("code", PARAMETER("language", "c") PARAMETER("title", "T") PLAIN("a\n<b>")),
		    "(root (code title=T language=c \"a\n<b>\"))" },
		{ MACRO("code", PLAIN("a]]]]><![CDATA[>b")), "(root (code \"a]]>b\"))" },
		{ MACRO("noformat", PLAIN("a")), "(root (code \"a\"))" },
		{ MACRO("tip", PARAMETER("title", "T") RICH("<p>a</p>")),
		    "(root (panel name=success title=T (p (text \"a\"))))" },
		{ MACRO("panel", RICH("a")), "(root (panel name=note (p (text \"a\"))))" },
		{ MACRO("expand", PARAMETER("title", "T") RICH("a")),
		    "(root (expand title=T (p (text \"a\"))))" },
		{ "<p>" MACRO("status", PARAMETER("colour", "Grey") PARAMETER("title", "T")) "</p>",
		    "(root (p (status color=neutral \"T\")))" },
		{ MACRO("toc", ""), "(root (macro name=toc))" },
		{ "<p>a " MACRO("jira", PARAMETER("key", "A-1")) " b</p>",
		    "(root (p (text \"a \") (macro inline name=jira \"key=A-1\") (text \" b\")))" },
		{ MACRO("excerpt", RICH("<p>a</p>")),
		    "(root (macro name=excerpt (p (text \"a\"))))" },
		{ "<x y=\"1\">z</x>", "(root (raw name=x))" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_dump(cases[i].input, cases[i].dump);
}

/* Read and written again: the same, or what is said. */
static void
writes(void **state)
{
	static const struct {
		const char *input, *written;
	} cases[] = {
		{ "<p>a &amp; b &lt;c&gt; &quot;</p>", NULL },
		{ "<h3>a</h3><hr/><p>a<br/>b</p>", NULL },
		{ "<ol start=\"3\"><li><p>a</p><ul><li><p>b</p></li></ul></li></ol>", NULL },
		{ "<ul><li>a</li></ul>", "<ul><li><p>a</p></li></ul>" },
		{ "<table><tbody><tr><th colspan=\"2\"><p>a</p></th></tr><tr><td style=\"text-align: "
		  "right;\"><p>b</p></td><td/></tr></tbody></table>",
		    "<table><tbody><tr><th colspan=\"2\"><p>a</p></th></tr><tr><td style=\"text-align: "
		    "right;\"><p>b</p></td><td></td></tr></tbody></table>" },
		{ "<p><span style=\"color: rgb(1,2,3);\"><strong><em>a</em></strong></span></p>",
		    NULL },
		{ "<p><a href=\"h?a&amp;b\">a<strong>b</strong></a></p>", NULL },
		{ "<p><ac:link ac:anchor=\"x y\"><ri:page ri:space-key=\"DS\" "
		  "ri:content-title=\"A/B %\"/><ac:link-body>a<em>b</em></ac:link-body></ac:link></p>",
		    NULL },
		{ "<p><ac:link><ri:user ri:userkey=\"ff\"/></ac:link></p>", NULL },
		{ "<p><ac:image ac:alt=\"&quot;\" ac:width=\"30\" ac:height=\"40\"><ri:attachment "
		  "ri:filename=\"a.png\"/></ac:image></p>",
		    NULL },
		{ "<p><ac:image ac:border=\"true\" ac:alt=\"x\"><ri:url ri:value=\"u\"/></ac:image></p>",
		    NULL },
		{ MACRO("code", PARAMETER("language", "c") PLAIN("a]]]]><![CDATA[>b\n")), NULL },
		{ MACRO("code", PARAMETER("linenumbers", "true") PLAIN("a")), NULL },
		{ MACRO("tip", PARAMETER("title", "T &amp;") RICH("<p>a</p>")), NULL },
		{ MACRO("warning", RICH("<p>a</p>")), NULL },
		{ MACRO("expand", PARAMETER("title", "T") RICH("<p>a</p>")), NULL },
		{ "<p>" MACRO(
		      "status", PARAMETER("colour", "Green") PARAMETER("title", "T")) "</p>",
		    NULL },
		{ "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>incomplete"
		  "</ac:task-status><ac:task-body>a</ac:task-body></ac:task></ac:task-list>",
		    NULL },
		{ "<p><time datetime=\"2026-01-31\"/></p>", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_written(cases[i].input, cases[i].written);
}

static void
says_where_it_is_malformed(void **state)
{
	static const struct {
		const char *input;
		unsigned line, col;
		const char *part;
	} cases[] = {
		{ "<p>a", 1, 5, "</p> is missing here (opened in line 1, column 1)" },
		{ "<p>\n <b>a</p>", 2, 6, "</b> is missing" },
		{ "a & b", 1, 4, "not well-formed" },
		{ "a\n&foo;", 2, 1, "undefined entity" },
		{ "</p>", 1, 1, "line 1, column 1" },
		{ "</storage><storage>", 1, 11, "junk" },
		{ "<a b=c/>", 1, 6, "not well-formed" },
		{ "<!DOCTYPE a [<!ENTITY b \"c\">]>&b;", 1, 3, "not well-formed" },
		{ "<p>\xff</p>", 1, 4, "not well-formed" },
		{ "<![CDATA[", 1, 10, "unclosed CDATA" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text text;

		text_init(&text, slice_of(cases[i].input));
		assert_false(text.ok);
		assert_int_equal(text.err.kind, ERR_PARAMS);
		if (strstr(text.err.text, cases[i].part) == NULL ||
		    text.err.line != cases[i].line || text.err.col != cases[i].col)
			fail_msg("%s: %u:%u %s", cases[i].input, text.err.line, text.err.col,
			    text.err.text);
		text_fini(&text);
	}
}

/* Thirty macros and elements that nobody knows: each keeps every byte, wherever it stands. */
static void
unknown_parts_keep_their_bytes(void **state)
{
	static const char *const parts[] = {
		"<ac:structured-macro ac:name=\"toc\" ac:schema-version=\"1\" ac:macro-id=\"1-2\"/>",
		"<ac:structured-macro  ac:name='toc' ></ac:structured-macro >",
		MACRO("jira", PARAMETER("jqlQuery", "a &lt; b AND c = &quot;d&quot;")),
		MACRO("excerpt", RICH("<p>a<br/>b</p>\n")),
		MACRO("drawio", PLAIN("<mxfile>]]]]><![CDATA[></mxfile>")),
		MACRO("section", RICH(MACRO("column", PARAMETER("width", "50%") RICH("<p>a</p>")))),
		MACRO("children",
		    PARAMETER("page", "<ac:link><ri:page ri:content-title=\"T\"/></ac:link>")),
		MACRO("profile", PARAMETER("user", "<ri:user ri:userkey=\"f\" />")),
		MACRO("html", PLAIN("\r\n<script>1 && 2</script>\t")),
		MACRO("&Uuml;mlaut", ""),
		"<ac:adf-extension><ac:adf-node type=\"panel\"><ac:adf-attribute key=\"panel-type\">note"
		"</ac:adf-attribute></ac:adf-node><ac:adf-fallback><p>a</p></ac:adf-fallback></ac:adf-extension>",
		"<ac:image ac:border=\"true\" ac:thumbnail=\"true\"><ri:attachment ri:filename=\"a.png\"/></ac:image>",
		"<ac:image ac:alt=\"a\"><ri:attachment ri:filename=\"a.png\"><ri:page ri:content-title=\"T\"/>"
		"</ri:attachment></ac:image>",
		"<ac:image><ri:url ri:value=\"u\"/><ac:caption><p>a</p></ac:caption></ac:image>",
		"<ac:link><ri:blog-post ri:content-title=\"T\" ri:posting-day=\"2026/01/31\"/></ac:link>",
		"<ac:link ac:card-appearance=\"inline\"><ri:page ri:content-title=\"T\"/>"
		"<ac:link-body>a</ac:link-body></ac:link>",
		"<ac:link><ri:page ri:content-title=\"T\"/><ac:link-body><ac:image><ri:url ri:value=\"u\"/>"
		"</ac:image></ac:link-body></ac:link>",
		"<ac:link><ri:shortcut ri:key=\"jira\" ri:parameter=\"A-1\"/></ac:link>",
		"<ac:emoticon ac:name=\"tick\"/>",
		"<ac:inline-comment-marker ac:ref=\"1-2\">a &amp; b</ac:inline-comment-marker>",
		"<ac:placeholder ac:type=\"mention\">who &eacute;</ac:placeholder>",
		"<ac:unknown><p>a</p></ac:unknown>",
		"<at:var at:name=\"x\" />",
		"<x:y z=\"1\"  w='2'>a<b>c</b></x:y>",
		"<!-- a & b <c> -->",
		"<?php echo 1 ?>",
		"<small>a</small>",
		"<a name=\"top\"></a>",
		"<a href=\"h\"><img src=\"s\"/></a>",
		"<time datetime=\"2026-01-31T10:00\" />",
		"<iframe src=\"https://x\">\n</iframe>",
	};
	static const char *const places[][2] = { { "", "" }, { "<p>a ", " b</p>" },
		{ "<ul><li>", "</li></ul>" },
		{ "<table><tbody><tr><td>", "</td></tr></tbody></table>" },
		{ "<blockquote>a", "</blockquote>" }, { "<h1>", "</h1>" },
		{ "<ac:layout><ac:layout-section ac:type=\"single\"><ac:layout-cell>",
		    "</ac:layout-cell></ac:layout-section></ac:layout>" },
		{ "<ac:task-list><ac:task><ac:task-body>",
		    "</ac:task-body></ac:task></ac:task-list>" } };

	(void)state;
	for (size_t i = 0; i < COUNT(parts) * COUNT(places); i++) {
		struct buf input;
		struct text text;
		const char *const *place = places[i % COUNT(places)];
		const char *part = parts[i / COUNT(places)];

		buf_init(&input, NULL, MIB);
		buf_printf(&input, "%s%s%s", place[0], part, place[1]);
		text_init(&text, buf_view(&input));
		if (!text.ok)
			fail_msg("%s: %s", part, text.err.text);
		storage_write(text.maker.root, &text.out);
		if (strstr(text_cstr(&text), part) == NULL)
			fail_msg("%s is now %s", part, text.out.p);
		text_fini(&text);
		buf_fini(&input);
	}
}

/* A megabyte of each: refused or read, in time linear in its length. */
static void
hostile(void **state)
{
	static const char *const parts[] = { "<b>", "<p>", "<ul><li>", "<br/>", "&nbsp;", "\n",
		" \n a", "<p/>", "<a href=\"x\">y</a>", "<!---->", "]]>", "<![CDATA[",
		"<table><tr><td>", "</p>", "&", "<ac:layout/>",
		"<ac:structured-macro ac:name=\"a\"/>", "a<b> </b>", "<x y=\"" };

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct buf input;
		struct text text;

		buf_init(&input, NULL, 2 * MIB);
		while (input.n < MIB)
			buf_puts(&input, parts[i]);
		text_init(&text, buf_view(&input));
		if (text.ok)
			storage_write(text.maker.root, &text.out);
		else
			assert_true(text.err.kind == ERR_PARAMS || text.err.kind == ERR_LIMIT);
		text_fini(&text);
		buf_fini(&input);
	}
}

static void
depth_is_bounded(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 120; n++) {
		struct buf input;
		struct text text;

		buf_init(&input, NULL, MIB);
		for (unsigned i = 0; i < n; i++)
			buf_puts(&input, "<blockquote>");
		for (unsigned i = 0; i < n; i++)
			buf_puts(&input, "</blockquote>");
		text_init(&text, buf_view(&input));
		assert_int_equal(text.ok, n <= DOC_DEPTH);
		assert_true(text.ok || text.err.kind == ERR_LIMIT);
		text_fini(&text);
		buf_fini(&input);
	}
}

/* Trees of other formats: what XML cannot hold, bytes of others, links that are no addresses. */
static void
writes_what_others_made(void **state)
{
	struct text text;
	struct doc *line, *doc;

	(void)state;
	text_init(&text, S(""));
	line = doc_add(&text.maker, text.maker.root, DOC_PARAGRAPH);
	doc_add_text(
	    &text.maker, line, S("a\x01\xff\xef\xbf\xbf\xc3\xa4"), 0, S("x\"<>"), S("red\""));
	doc = doc_add(&text.maker, line, DOC_MENTION);
	doc->id = S("0123456789abcdef0123456789ABCDEF");
	doc = doc_add(&text.maker, line, DOC_RAW);
	doc->is_inline = true;
	doc->format = TEXT_ADF;
	doc->raw = S("{\"a\":1}");
	doc = doc_add(&text.maker, text.maker.root, DOC_RAW);
	doc->format = TEXT_ADF;
	doc->raw = S("{\"b\":\"]]>\"}");
	storage_write(text.maker.root, &text.out);
	assert_string_equal(text_cstr(&text),
	    "<p><a href=\"x&quot;&lt;&gt;\"><span style=\"color: red&quot;;\">a\ufffd\ufffd\ufffd\ufffd\ufffd"
	    "\u00e4</span></a><ac:link><ri:user ri:userkey=\"0123456789abcdef0123456789ABCDEF\"/></ac:link>"
	    "<code>{&quot;a&quot;:1}</code></p><ac:structured-macro ac:name=\"code\"><ac:parameter "
	    "ac:name=\"language\">json</ac:parameter><ac:plain-text-body><![CDATA[{\"b\":\"]]]]><![CDATA[>\"}"
	    "]]></ac:plain-text-body></ac:structured-macro>");
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_blocks),
		cmocka_unit_test(reads_inlines),
		cmocka_unit_test(reads_macros),
		cmocka_unit_test(writes),
		cmocka_unit_test(says_where_it_is_malformed),
		cmocka_unit_test(unknown_parts_keep_their_bytes),
		cmocka_unit_test(hostile),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(writes_what_others_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

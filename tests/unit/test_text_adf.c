/*
 * ADF: what Atlassian's editors make is read, shown as Markdown and written back; and whatever is
 * made here, from Markdown, wiki markup or storage format, keeps to the schema of Atlassian: which
 * node may stand in which, what a node must have, which marks go together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

#include "atlassian/text.h"

/* ---- the schema ------------------------------------------------------------------------------ */

enum node {
	N_DOC,
	N_PARAGRAPH,
	N_HEADING,
	N_BULLETS,
	N_NUMBERS,
	N_ITEM,
	N_CODE,
	N_QUOTE,
	N_RULE,
	N_TABLE,
	N_ROW,
	N_CELL,
	N_HEADER,
	N_PANEL,
	N_EXPAND,
	N_NESTED,
	N_TASKS,
	N_TASK,
	N_DECISIONS,
	N_DECISION,
	N_SINGLE,
	N_GROUP,
	N_MEDIA,
	N_CAPTION,
	N_BLOCK_CARD,
	N_EMBED_CARD,
	N_EXTENSION,
	N_BODIED,
	N_LAYOUT,
	N_COLUMN,
	/* inlines */
	N_TEXT,
	N_BREAK,
	N_MENTION,
	N_EMOJI,
	N_DATE,
	N_STATUS,
	N_CARD,
	N_INLINE_EXTENSION,
	N_MEDIA_INLINE,
	N_PLACEHOLDER,
	NODES
};
_Static_assert(NODES <= 64, "a set of them is a word");

#define ONE(n)	((uint64_t)1 << (n))
#define FROM(n) (~(uint64_t)0 << (n))
#define INLINES (FROM(N_TEXT) & ~FROM(NODES))
#define MEDIA	(ONE(N_SINGLE) | ONE(N_GROUP))
#define LISTS	(ONE(N_BULLETS) | ONE(N_NUMBERS))
#define IN_PANEL \
	(ONE(N_PARAGRAPH) | ONE(N_HEADING) | LISTS | ONE(N_BLOCK_CARD) | MEDIA | ONE(N_CODE) | \
	    ONE(N_TASKS) | ONE(N_RULE) | ONE(N_DECISIONS) | ONE(N_EXTENSION))
#define IN_NESTED \
	(ONE(N_PARAGRAPH) | ONE(N_HEADING) | MEDIA | ONE(N_CODE) | LISTS | ONE(N_TASKS) | \
	    ONE(N_DECISIONS) | ONE(N_RULE) | ONE(N_PANEL) | ONE(N_QUOTE) | ONE(N_EXTENSION))
#define IN_CELL (IN_PANEL | ONE(N_PANEL) | ONE(N_QUOTE) | ONE(N_EMBED_CARD) | ONE(N_NESTED))
#define IN_EXPAND \
	(IN_PANEL | ONE(N_PANEL) | ONE(N_QUOTE) | ONE(N_TABLE) | ONE(N_EMBED_CARD) | ONE(N_NESTED))
#define AT_THE_TOP \
	(IN_PANEL | ONE(N_PANEL) | ONE(N_QUOTE) | ONE(N_TABLE) | ONE(N_EXPAND) | \
	    ONE(N_EMBED_CARD) | ONE(N_BODIED))

/* What must be among the attrs: a name, and 's' text (not empty), 't' text, 'i' number; more of
 * them with a blank in between.  An end with '?' need not be there. */
/* clang-format off */
static const struct rule {
	const char *type;
	uint64_t children;
	bool needs_child;
	const char *attrs;
	const char *words; /* what the first of them may be */
} rules[NODES] = {
	[N_DOC] = { "doc", AT_THE_TOP | ONE(N_LAYOUT), false, "" },
	[N_PARAGRAPH] = { "paragraph", INLINES, false, "" },
	[N_HEADING] = { "heading", INLINES, false, "level:i", "1 2 3 4 5 6" },
	[N_BULLETS] = { "bulletList", ONE(N_ITEM), true, "" },
	[N_NUMBERS] = { "orderedList", ONE(N_ITEM), true, "order:i?" },
	[N_ITEM] = { "listItem",
	    ONE(N_PARAGRAPH) | LISTS | ONE(N_SINGLE)
		| ONE(N_CODE) | ONE(N_TASKS) | ONE(N_EXTENSION), true, "" },
	[N_CODE] = { "codeBlock", ONE(N_TEXT), false, "language:t?" },
	[N_QUOTE] = { "blockquote",
	    ONE(N_PARAGRAPH) | LISTS | ONE(N_CODE) | MEDIA | ONE(N_EXTENSION), true, "" },
	[N_RULE] = { "rule", 0, false, "" },
	[N_TABLE] = { "table", ONE(N_ROW), true, "" },
	[N_ROW] = { "tableRow", ONE(N_CELL) | ONE(N_HEADER), false, "" },
	[N_CELL] = { "tableCell", IN_CELL, true, "colspan:i? rowspan:i?" },
	[N_HEADER] = { "tableHeader", IN_CELL, true, "colspan:i? rowspan:i?" },
	[N_PANEL] = { "panel", IN_PANEL, true, "panelType:s", "info note tip warning error success custom" },
	[N_EXPAND] = { "expand", IN_EXPAND, true, "title:t?" },
	[N_NESTED] = { "nestedExpand", IN_NESTED, true, "title:t?" },
	[N_TASKS] = { "taskList", ONE(N_TASK) | ONE(N_TASKS), true, "localId:t" },
	[N_TASK] = { "taskItem", INLINES, false, "state:s localId:t", "TO" "DO DONE" },
	[N_DECISIONS] = { "decisionList", ONE(N_DECISION), true, "localId:t" },
	[N_DECISION] = { "decisionItem", INLINES, false, "state:s localId:t" },
	[N_SINGLE] = { "mediaSingle", ONE(N_MEDIA) | ONE(N_CAPTION), true, "layout:s?", "wide full-width center wrap-right wrap-left align-end align-start" },
	[N_GROUP] = { "mediaGroup", ONE(N_MEDIA), true, "" },
	[N_MEDIA] = { "media", 0, false, "type:s", "file link external" },
	[N_CAPTION] = { "caption", INLINES, false, "" },
	[N_BLOCK_CARD] = { "blockCard", 0, false, "url:s?" },
	[N_EMBED_CARD] = { "embedCard", 0, false, "url:s layout:s" },
	[N_EXTENSION] = { "extension", 0, false, "extensionKey:s extensionType:s" },
	[N_BODIED] = { "bodiedExtension", IN_EXPAND, true, "extensionKey:s extensionType:s" },
	[N_LAYOUT] = { "layoutSection", ONE(N_COLUMN), true, "" },
	[N_COLUMN] = { "layoutColumn", AT_THE_TOP, true, "width:i" },
	[N_TEXT] = { "text", 0, false, "" },
	[N_BREAK] = { "hardBreak", 0, false, "" },
	[N_MENTION] = { "mention", 0, false, "id:s text:t?" },
	[N_EMOJI] = { "emoji", 0, false, "shortName:s" },
	[N_DATE] = { "date", 0, false, "timestamp:s" },
	[N_STATUS] = { "status", 0, false, "color:s text:s", "neutral purple blue red yellow green" },
	[N_CARD] = { "inlineCard", 0, false, "url:s?" },
	[N_INLINE_EXTENSION] = { "inlineExtension", 0, false, "extensionKey:s extensionType:s" },
	[N_MEDIA_INLINE] = { "mediaInline", 0, false, "id:s collection:t" },
	[N_PLACEHOLDER] = { "placeholder", 0, false, "text:t" },
};
static const struct {
	const char *type, *attrs, *words;
	bool with_code;
} marks[] = {
	{ "strong", "", NULL, false }, { "em", "", NULL, false }, { "strike", "", NULL, false },
	{ "underline", "", NULL, false }, { "code", "", NULL, true },
	{ "subsup", "type:s", "sub sup", false }, { "link", "href:s", NULL, true },
	{ "textColor", "color:s", NULL, false }, { "backgroundColor", "color:s", NULL, false },
	{ "annotation", "id:s annotationType:s", NULL, true },
};
/* clang-format on */

struct checking {
	char what[200]; /* the first fault; empty: none */
};

static bool
wrong(struct checking *checking, const char *fmt, const char *a, const char *b)
{
	if (checking->what[0] == '\0')
		snprintf(checking->what, sizeof(checking->what), fmt, a, b);
	return false;
}

static bool
is_one_of(const char *word, const char *words)
{
	size_t n = strlen(word);

	for (const char *at = words; n > 0 && (at = strstr(at, word)) != NULL; at++)
		if ((at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

static bool
check_attr(struct checking *checking, const char *type, const char *spec, size_t n,
    yyjson_val *attrs, const char *words)
{
	char name[40], kind, text[24];
	size_t k = strcspn(spec, ":");
	yyjson_val *value;

	assert_true(k < n && k < sizeof(name));
	memcpy(name, spec, k);
	name[k] = '\0';
	kind = spec[k + 1];
	value = yyjson_obj_get(attrs, name);
	if (value == NULL)
		return (k + 2 < n && spec[k + 2] == '?') ||
		    wrong(checking, "%s has no %s", type, name);
	if (kind == 'i' ? !yyjson_is_num(value) : !yyjson_is_str(value))
		return wrong(checking, "%s: %s is of another type", type, name);
	if (kind == 's' && yyjson_get_len(value) == 0)
		return wrong(checking, "%s: %s is empty", type, name);
	if (yyjson_is_str(value))
		snprintf(text, sizeof(text), "%.20s", yyjson_get_str(value));
	else
		snprintf(text, sizeof(text), "%d", (int)yyjson_get_num(value));
	return words == NULL || is_one_of(text, words) ||
	    wrong(checking, "%s: no such value of %s", type, name);
}

static bool
check_attrs(struct checking *checking, const char *type, const char *specs, const char *words,
    yyjson_val *attrs)
{
	for (const char *at = specs; *at != '\0';) {
		size_t n = strcspn(at, " ");

		if (!check_attr(checking, type, at, n, attrs, at == specs ? words : NULL))
			return false;
		at += n + (at[n] == ' ');
	}
	return true;
}

static bool
check_mark(struct checking *checking, yyjson_val *mark, bool *with_code, bool *is_code)
{
	const char *type = yyjson_get_str(yyjson_obj_get(mark, "type"));

	for (size_t i = 0; type != NULL && i < COUNT(marks); i++) {
		if (strcmp(marks[i].type, type) != 0)
			continue;
		*with_code = *with_code && marks[i].with_code;
		*is_code = *is_code || strcmp(type, "code") == 0;
		return check_attrs(
		    checking, type, marks[i].attrs, marks[i].words, yyjson_obj_get(mark, "attrs"));
	}
	return wrong(checking, "%s is no mark%s", type != NULL ? type : "nothing", "");
}

/* A text has something in it; code stands alone but for links. */
static bool
check_text(struct checking *checking, yyjson_val *node, enum node parent)
{
	yyjson_val *list = yyjson_obj_get(node, "marks"), *mark;
	bool with_code = true, is_code = false;
	size_t i, max;

	if (yyjson_get_len(yyjson_obj_get(node, "text")) == 0)
		return wrong(checking, "a text is empty in %s%s", rules[parent].type, "");
	if (parent == N_CODE && yyjson_arr_size(list) > 0)
		return wrong(checking, "a text in %s has marks%s", "codeBlock", "");
	yyjson_arr_foreach(list, i, max, mark)
	{
		if (!check_mark(checking, mark, &with_code, &is_code))
			return false;
	}
	return !is_code || with_code ||
	    wrong(checking, "code is combined with other marks%s%s", "", "");
}

static bool
check_media(struct checking *checking, yyjson_val *attrs)
{
	bool is_external = yyjson_equals_str(yyjson_obj_get(attrs, "type"), "external");

	return check_attrs(
	    checking, "media", is_external ? "url:s" : "id:s collection:t", NULL, attrs);
}

static bool check_node(struct checking *checking, yyjson_val *node, enum node parent);

static bool
check_children(struct checking *checking, yyjson_val *node, enum node kind)
{
	yyjson_val *content = yyjson_obj_get(node, "content"), *child;
	size_t i, max;

	if (rules[kind].children == 0)
		return content == NULL || wrong(checking, "%s has content%s", rules[kind].type, "");
	if (rules[kind].needs_child && yyjson_arr_size(content) == 0)
		return wrong(checking, "%s is empty%s", rules[kind].type, "");
	yyjson_arr_foreach(content, i, max, child)
	{
		if (!check_node(checking, child, kind))
			return false;
	}
	/* A list begins with what belongs to itself. */
	child = yyjson_arr_get_first(content);
	if (kind == N_TASKS && !yyjson_equals_str(yyjson_obj_get(child, "type"), "taskItem"))
		return wrong(checking, "%s begins with another list%s", "taskList", "");
	if (kind == N_ITEM &&
	    (yyjson_equals_str(yyjson_obj_get(child, "type"), "bulletList") ||
		yyjson_equals_str(yyjson_obj_get(child, "type"), "orderedList")))
		return wrong(checking, "%s begins with another list%s", "listItem", "");
	return true;
}

static bool
check_node(struct checking *checking, yyjson_val *node, enum node parent)
{
	const char *type = yyjson_get_str(yyjson_obj_get(node, "type"));
	yyjson_val *attrs = yyjson_obj_get(node, "attrs");
	enum node kind = 0;

	while (kind < NODES && (type == NULL || strcmp(rules[kind].type, type) != 0))
		kind++;
	if (kind == NODES)
		return wrong(checking, "%s is no node%s", type != NULL ? type : "nothing", "");
	if (parent != NODES && (rules[parent].children & ONE(kind)) == 0)
		return wrong(checking, "%s may not stand in %s", type, rules[parent].type);
	if (parent == NODES && kind != N_DOC)
		return wrong(checking, "%s is no document%s", type, "");
	if (kind == N_DOC && yyjson_get_int(yyjson_obj_get(node, "version")) != 1)
		return wrong(checking, "%s has no version 1%s", type, "");
	if (kind == N_TEXT)
		return check_text(checking, node, parent);
	return check_attrs(checking, type, rules[kind].attrs, rules[kind].words, attrs) &&
	    (kind != N_MEDIA || check_media(checking, attrs)) &&
	    check_children(checking, node, kind);
}

/* Into what: what is wrong; "" where nothing is. */
static void
check_schema(struct slice adf, struct checking *checking)
{
	yyjson_doc *doc = yyjson_read(adf.p, adf.n, YYJSON_READ_NOFLAG);

	checking->what[0] = '\0';
	if (doc == NULL)
		wrong(checking, "it is no JSON%s%s", "", "");
	else
		(void)check_node(checking, yyjson_doc_get_root(doc), NODES);
	yyjson_doc_free(doc);
}

/* ---- the checker itself ---------------------------------------------------------------------- */

#define DOC(content)  "{\"type\":\"doc\",\"version\":1,\"content\":[" content "]}"
#define P(content)    "{\"type\":\"paragraph\",\"content\":[" content "]}"
#define T(text)	      "{\"type\":\"text\",\"text\":\"" text "\"}"
#define M(text, mark) "{\"type\":\"text\",\"text\":\"" text "\",\"marks\":[" mark "]}"

static void
finds_faults(void **state)
{
	static const struct {
		const char *adf, *what;
	} rows[] = {
		{ DOC(P(T("a"))), "" },
		{ "[]", "nothing is no node" },
		{ "{", "it is no JSON" },
		{ P(""), "paragraph is no document" },
		{ "{\"type\":\"doc\",\"content\":[]}", "doc has no version 1" },
		{ DOC(T("a")), "text may not stand in doc" },
		{ DOC(P(T(""))), "a text is empty in paragraph" },
		{ DOC("{\"type\":\"heading\",\"attrs\":{\"level\":7}}"),
		    "heading: no such value of level" },
		{ DOC("{\"type\":\"heading\"}"), "heading has no level" },
		{ DOC("{\"type\":\"bulletList\",\"content\":[]}"), "bulletList is empty" },
		{ DOC("{\"type\":\"bulletList\",\"content\":[" P("") "]}"),
		    "paragraph may not stand in bulletList" },
		{ DOC("{\"type\":\"panel\",\"attrs\":{\"panelType\":\"blue\"},\"content\":[" P(
		      "") "]}"),
		    "panel: no such value of panelType" },
		{ DOC("{\"type\":\"codeBlock\",\"content\":[" M("a", "{\"type\":\"strong\"}") "]}"),
		    "a text in codeBlock has marks" },
		{ DOC(P(M("a", "{\"type\":\"strong\"},{\"type\":\"code\"}"))),
		    "code is combined with other marks" },
		{ DOC(P(M("a", "{\"type\":\"link\"}"))), "link has no href" },
		{ DOC(P(M("a", "{\"type\":\"bold\"}"))), "bold is no mark" },
		{ DOC(P("{\"type\":\"mention\",\"attrs\":{\"text\":\"@a\"}}")),
		    "mention has no id" },
		{ DOC(P("{\"type\":\"date\",\"attrs\":{\"timestamp\":7}}")),
		    "date: timestamp is of another type" },
		{ DOC("{\"type\":\"mediaSingle\",\"content\":[{\"type\":\"media\",\"attrs\":{\"type\":\"file\",\"id\":\"x\"}}]}"),
		    "media has no collection" },
	};
	struct checking checking;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_schema(slice_of(rows[i].adf), &checking);
		assert_string_equal(checking.what, rows[i].what);
	}
}

/* ---- what is made ---------------------------------------------------------------------------- */

static void
convert(enum text_format from, const char *text, enum text_format to, struct buf *out)
{
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, 64 * MIB);
	buf_init(out, NULL, 4 * MIB);
	if (!text_convert(&arena, from, slice_of(text), to, out, &err))
		fail_msg("%s: %s", text, err.text);
	arena_fini(&arena);
}

static void
keeps_to_the_schema(void **state)
{
	static const struct {
		enum text_format from;
		const char *text;
	} rows[] = {
		{ TEXT_MARKDOWN, "" },
		{ TEXT_MARKDOWN, "# One\n\n###### Six\n\n####### none\n\n#\n" },
		{ TEXT_MARKDOWN,
		    "a **b *c* `d`** ~~e~~ <u>f</u> [g **h** `i`](https://x) <https://y>\n" },
		{ TEXT_MARKDOWN, "***`all of them`***\n\n[`code`](https://x)\n\n**``**\n" },
		{ TEXT_MARKDOWN,
		    "a\\\nb  \nc\n\n---\n\n> q\n>\n> - l\n>\n> > deeper\n>\n> # head\n>\n> | a |\n> |---|\n> | b |\n" },
		{ TEXT_MARKDOWN,
		    "- a\n  - b\n    1. c\n\n      d\n- \n- # head\n- > quote\n- | t |\n  |---|\n  | u |\n- ---\n" },
		{ TEXT_MARKDOWN, "7. a\n8. b\n\n   ```c\n   x\n   ```\n\n-\n" },
		{ TEXT_MARKDOWN,
		    "- [ ] todo\n- [x] done **now**\n  - [ ] below\n    - plain\n- [ ] \n- plain\n" },
		{ TEXT_MARKDOWN, "- [x] a\n\n  second paragraph\n\n  ```\n  code\n  ```\n" },
		{ TEXT_MARKDOWN, "| a | b |\n|---|:-:|\n| **c** | |\n| `d` | <br> |\n" },
		{ TEXT_MARKDOWN, "```\n```\n\n```python\n\nprint(1)\n```\n\n    indented\n" },
		{ TEXT_MARKDOWN,
		    "> [!NOTE]\n> text\n\n> [!WARNING]\n> - a\n>\n> ```\n> b\n> ```\n>\n> > c\n>\n> | a |\n> |---|\n" },
		{ TEXT_MARKDOWN,
		    "<details><summary>More</summary>\n\ntext\n\n> [!TIP]\n> x\n\n<details><summary>In</summary>\n\ny\n\n</details>\n\n</details>\n" },
		{ TEXT_MARKDOWN,
		    "- a\n\n  <details><summary>M</summary>\n\n  x\n\n  </details>\n\n> <details><summary>M</summary>\n>\n> x\n>\n> </details>\n" },
		{ TEXT_MARKDOWN,
		    "![alt](https://x/y.png) text ![](https://x/z.png)\n\n# ![a](https://x/h.png)\n\n| ![a](https://x/i.png) |\n|---|\n" },
		{ TEXT_MARKDOWN,
		    "<div>html</div>\n\na <span>b</span> <!-- c --> &amp; &nbsp; \\* \n" },
		{ TEXT_WIKI,
		    "h1. A\n\n* a\n** b\n*# c\n\n# d\n\n|| a || b ||\n| c | {panel:title=T}x{panel} |\n\n{code:c}\nx\n{code}\n\n{quote}\nq\n----\n{quote}\n" },
		{ TEXT_WIKI,
		    "{panel:title=T|bgColor=#fff}\nh2. in\n* l\n{panel}\n{info:title=I}x{info}\n!a.png|width=10!\n[~accountid:5b10]\n{color:red}r{color} ^s^ ~u~ +i+ -d- ??c??\n" },
		{ TEXT_WIKI,
		    "{noformat}\n{noformat}\n{unknown:a=b}x{unknown}\n* {code}\nx\n{code}\n" },
		{ TEXT_STORAGE,
		    "<ac:task-list><ac:task><ac:task-status>complete</ac:task-status><ac:task-body>a <strong>b</strong></ac:task-body></ac:task></ac:task-list>" },
		{ TEXT_STORAGE,
		    "<ac:structured-macro ac:name=\"expand\"><ac:parameter ac:name=\"title\">T</ac:parameter><ac:rich-text-body><table><tbody><tr><th>a</th><td><ac:structured-macro ac:name=\"expand\"><ac:rich-text-body><p>x</p></ac:rich-text-body></ac:structured-macro></td></tr></tbody></table></ac:rich-text-body></ac:structured-macro>" },
		{ TEXT_STORAGE,
		    "<ac:structured-macro ac:name=\"info\"><ac:rich-text-body><table><tbody><tr><td>t</td></tr></tbody></table><blockquote><p>q</p></blockquote></ac:rich-text-body></ac:structured-macro>" },
		{ TEXT_STORAGE,
		    "<p><time datetime=\"2026-06-01\"/> <ac:structured-macro ac:name=\"status\"><ac:parameter ac:name=\"title\">OK</ac:parameter><ac:parameter ac:name=\"colour\">Green</ac:parameter></ac:structured-macro> <ac:link><ri:user ri:account-id=\"a:1\"/></ac:link> <ac:image><ri:attachment ri:filename=\"a.png\"/></ac:image></p>" },
		{ TEXT_STORAGE,
		    "<table><tbody><tr><td colspan=\"2\"><p/></td><td rowspan=\"2\"/></tr><tr/></tbody></table><ul><li/><li><ul><li>x</li></ul></li></ul><h1/><blockquote/>" },
	};
	struct checking checking;
	struct buf adf;
	bool ok = true;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		convert(rows[i].from, rows[i].text, TEXT_ADF, &adf);
		check_schema(buf_view(&adf), &checking);
		if (checking.what[0] != '\0') {
			print_error(
			    "row %zu: %s\n%.*s\n", i, checking.what, SLICE_FMT(buf_view(&adf)));
			ok = false;
		}
		buf_fini(&adf);
	}
	assert_true(ok);
}

/* ---- what editors make ----------------------------------------------------------------------- */

static const struct {
	const char *name, *adf, *markdown;
} golden[] = {
#include "text_adf_golden.h"
};

static void
reads_what_editors_make(void **state)
{
	struct checking checking;
	struct buf out;
	bool ok = true;

	(void)state;
	for (size_t i = 0; i < COUNT(golden); i++) {
		check_schema(slice_of(golden[i].adf), &checking);
		if (checking.what[0] != '\0')
			fail_msg("%s: %s", golden[i].name, checking.what);
		convert(TEXT_ADF, golden[i].adf, TEXT_MARKDOWN, &out);
		if (!slice_eq(buf_view(&out), slice_of(golden[i].markdown))) {
			print_error("%s:\n%.*s\n", golden[i].name, SLICE_FMT(buf_view(&out)));
			ok = false;
		}
		buf_fini(&out);
	}
	assert_true(ok);
}

/* Read and written again it says the same, and keeps to the schema. */
static void
writes_it_back(void **state)
{
	struct checking checking;
	struct arena arena;
	struct doc *doc;
	struct buf out, markdown;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(golden); i++) {
		arena_init(&arena, NULL, 64 * MIB);
		buf_init(&out, NULL, 4 * MIB);
		assert_true(text_read(&arena, TEXT_ADF, slice_of(golden[i].adf), &doc, &err));
		assert_true(text_write(doc, TEXT_ADF, &out, &err));
		check_schema(buf_view(&out), &checking);
		if (checking.what[0] != '\0')
			fail_msg("%s: %s\n%.*s", golden[i].name, checking.what,
			    SLICE_FMT(buf_view(&out)));
		buf_putc(&out, '\0');
		convert(TEXT_ADF, out.p, TEXT_MARKDOWN, &markdown);
		if (!slice_eq(buf_view(&markdown), slice_of(golden[i].markdown)))
			fail_msg("%s: %s", golden[i].name, out.p);
		buf_fini(&markdown);
		buf_fini(&out);
		arena_fini(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_faults),
		cmocka_unit_test(keeps_to_the_schema),
		cmocka_unit_test(reads_what_editors_make),
		cmocka_unit_test(writes_it_back),
	};
	int failed = cmocka_run_group_tests_name("text_adf", tests, NULL, NULL);

	arena_drain();
	return failed;
}

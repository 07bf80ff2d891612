/*
 * The Atlassian Document Format as a tree.  The text is scanned strictly once; then every node is a
 * slice of it, so that what the tree has no word for is kept with its very bytes.  A list or table
 * with a part that does not belong there is kept as a whole.  Marks that are not known leave their
 * text plain.
 */
#include <stdio.h>

#include "atlassian/text.h"

struct node {
	struct slice all; /* with its braces */
	struct slice type, attrs, content, marks, text;
};

struct reader {
	struct doc_maker *maker;
};

/* What a type may be in: blocks or a line.  A row without `read` is kept raw. */
struct type_row {
	const char *name;
	bool is_inline;
	/* false: this one is kept raw after all; nothing was made */
	bool (*read)(struct reader *r, const struct node *node, struct doc *parent);
};

static const struct type_row *row_of(struct slice type);
static void read_content(struct reader *r, struct slice content, struct doc *parent);

/* ---- values ---------------------------------------------------------------------------------- */

static struct slice
plain(struct reader *r, struct slice token)
{
	struct slice out;

	if (json_type(token) != JSON_STRING || r->maker->has_failed)
		return SLICE_NONE;
	if (json_string(r->maker->arena, token, &out, r->maker->err))
		return out;
	r->maker->has_failed = true;
	return SLICE_NONE;
}

static struct slice
string_of(struct reader *r, struct slice object, struct slice key)
{
	struct slice value;

	return json_find(object, key, &value) ? plain(r, value) : SLICE_NONE;
}

static unsigned
number_of(struct slice object, struct slice key, unsigned otherwise, unsigned max)
{
	struct slice value;
	int64_t number;

	if (!json_find(object, key, &value) || !json_int(value, &number) || number < 0)
		return otherwise;
	return number > max ? max : (unsigned)number;
}

static void
node_of(struct reader *r, struct slice value, struct node *node)
{
	struct slice key, member;
	struct json_iter iter;

	*node = (struct node){ .all = value };
	if (json_type(value) != JSON_OBJECT)
		return;
	json_iter_init(&iter, value);
	while (json_iter_next(&iter, &key, &member)) {
		if (slice_eq(key, S("type")))
			node->type = plain(r, member);
		else if (slice_eq(key, S("attrs")))
			node->attrs = member;
		else if (slice_eq(key, S("content")))
			node->content = member;
		else if (slice_eq(key, S("marks")))
			node->marks = member;
		else if (slice_eq(key, S("text")))
			node->text = member;
	}
}

/* Every element of content is of the one type or the other. */
static bool
content_is(struct reader *r, struct slice content, const char *one, const char *other)
{
	struct slice key, value;
	struct json_iter iter;
	struct node node;

	json_iter_init(&iter, content);
	while (json_iter_next(&iter, &key, &value)) {
		node_of(r, value, &node);
		if (!slice_eq(node.type, slice_of(one)) && !slice_eq(node.type, slice_of(other)))
			return false;
	}
	return true;
}

/* ---- inlines --------------------------------------------------------------------------------- */

struct style {
	unsigned marks;
	struct slice href, color;
};

struct mark_row {
	const char *name;
	unsigned mark;
};

/* clang-format off */
static const struct mark_row mark_rows[] = {
	{ "strong", MARK_STRONG },	{ "em", MARK_EM },		{ "strike", MARK_STRIKE },
	{ "code", MARK_CODE },		{ "underline", MARK_UNDERLINE },
};
/* clang-format on */

static void
apply_mark(struct reader *r, const struct node *mark, struct style *style)
{
	for (size_t i = 0; i < COUNT(mark_rows); i++) {
		if (slice_eq(mark->type, slice_of(mark_rows[i].name)))
			style->marks |= mark_rows[i].mark;
	}
	if (slice_eq(mark->type, S("subsup")))
		style->marks |=
		    slice_eq(string_of(r, mark->attrs, S("type")), S("sub")) ? MARK_SUB : MARK_SUP;
	else if (slice_eq(mark->type, S("link")))
		style->href = string_of(r, mark->attrs, S("href"));
	else if (slice_eq(mark->type, S("textColor")))
		style->color = string_of(r, mark->attrs, S("color"));
}

static bool
read_text(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice key, value, text = plain(r, node->text);
	struct style style = { 0 };
	struct json_iter iter;
	struct node mark;

	json_iter_init(&iter, node->marks);
	while (json_iter_next(&iter, &key, &value)) {
		node_of(r, value, &mark);
		apply_mark(r, &mark, &style);
	}
	doc_add_text(r->maker, parent, text, style.marks, style.href, style.color);
	return true;
}

static bool
read_break(struct reader *r, const struct node *node, struct doc *parent)
{
	(void)node;
	(void)doc_add(r->maker, parent, DOC_BREAK);
	return true;
}

static bool
read_mention(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice id = string_of(r, node->attrs, S("id"));
	struct slice name = string_of(r, node->attrs, S("text"));
	struct doc *doc = id.n > 0 ? doc_add(r->maker, parent, DOC_MENTION) : NULL;

	if (doc == NULL)
		return false;
	if (slice_starts(name, S("@")))
		name = (struct slice){ name.p + 1, name.n - 1 };
	doc->id = id;
	doc->text = name;
	return true;
}

static bool
read_emoji(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice name = string_of(r, node->attrs, S("shortName"));
	struct doc *doc = name.n > 0 ? doc_add(r->maker, parent, DOC_EMOJI) : NULL;

	if (doc == NULL)
		return false;
	doc->name = name;
	doc->id = string_of(r, node->attrs, S("id"));
	doc->text = string_of(r, node->attrs, S("text"));
	return true;
}

/* Civil from days since 1970. */
static bool
print_date(struct reader *r, int64_t ms, struct slice *out)
{
	int64_t days = ms / 86400000 - (ms % 86400000 < 0), of_era, era, year, of_year, month;
	char text[32];
	int n;

	if (ms < -62135596800000 || ms > 253402300799999)
		return false;
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	year += era * 400 + (month >= 10);
	n = snprintf(text, sizeof(text), "%04d-%02d-%02d", (int)year,
	    (int)(month < 10 ? month + 3 : month - 9), (int)(of_year - (153 * month + 2) / 5 + 1));
	*out = doc_dup(r->maker, (struct slice){ text, (size_t)n });
	return true;
}

static bool
read_date(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice value, text;
	struct doc *doc;
	int64_t ms;

	if (!json_find(node->attrs, S("timestamp"), &value))
		return false;
	if (json_type(value) == JSON_STRING)
		value = plain(r, value);
	if (!json_int(value, &ms) || !print_date(r, ms, &text))
		return false;
	doc = doc_add(r->maker, parent, DOC_DATE);
	if (doc != NULL)
		doc->text = text;
	return true;
}

static bool
read_status(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice text = string_of(r, node->attrs, S("text"));
	struct doc *doc = text.n > 0 ? doc_add(r->maker, parent, DOC_STATUS) : NULL;

	if (doc == NULL)
		return false;
	doc->text = text;
	doc->color = string_of(r, node->attrs, S("color"));
	return true;
}

static bool
read_card(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice url = string_of(r, node->attrs, S("url"));
	struct doc *doc = url.n > 0 ? doc_add(r->maker, parent, DOC_CARD) : NULL;

	if (doc == NULL)
		return false;
	doc->href = url;
	return true;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static bool
read_simple(struct reader *r, const struct node *node, struct doc *parent, enum doc_kind kind)
{
	struct doc *doc = doc_add(r->maker, parent, kind);

	if (doc != NULL)
		read_content(r, node->content, doc);
	return true;
}

static bool
read_paragraph(struct reader *r, const struct node *node, struct doc *parent)
{
	return read_simple(r, node, parent, DOC_PARAGRAPH);
}

static bool
read_quote(struct reader *r, const struct node *node, struct doc *parent)
{
	return read_simple(r, node, parent, DOC_QUOTE);
}

static bool
read_item(struct reader *r, const struct node *node, struct doc *parent)
{
	return read_simple(r, node, parent, DOC_ITEM);
}

static bool
read_rule(struct reader *r, const struct node *node, struct doc *parent)
{
	(void)node;
	(void)doc_add(r->maker, parent, DOC_RULE);
	return true;
}

static bool
read_heading(struct reader *r, const struct node *node, struct doc *parent)
{
	struct doc *doc = doc_add(r->maker, parent, DOC_HEADING);

	if (doc == NULL)
		return true;
	doc->level = number_of(node->attrs, S("level"), 1, 6);
	doc->level += doc->level == 0;
	read_content(r, node->content, doc);
	return true;
}

static bool
read_list(struct reader *r, const struct node *node, struct doc *parent)
{
	bool is_ordered = slice_eq(node->type, S("orderedList"));
	struct doc *doc;

	if (!content_is(r, node->content, "listItem", NULL))
		return false;
	doc = doc_add(r->maker, parent, is_ordered ? DOC_NUMBERS : DOC_BULLETS);
	if (doc == NULL)
		return true;
	if (is_ordered)
		doc->start = number_of(node->attrs, S("order"), 1, 999999999);
	read_content(r, node->content, doc);
	return true;
}

static bool
read_task(struct reader *r, const struct node *node, struct doc *parent)
{
	struct doc *doc = doc_add(r->maker, parent, DOC_TASK);

	if (doc == NULL)
		return true;
	doc->is_done = slice_eq(string_of(r, node->attrs, S("state")), S("DONE"));
	doc->id = string_of(r, node->attrs, S("localId"));
	read_content(r, node->content, doc);
	return true;
}

/* A list in a list belongs to the task before it. */
static bool
read_tasks(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice key, value;
	struct json_iter iter;
	struct node child;
	struct doc *doc;

	if (!content_is(r, node->content, "taskItem", "taskList"))
		return false;
	doc = doc_add(r->maker, parent, DOC_TASKS);
	if (doc == NULL)
		return true;
	doc->id = string_of(r, node->attrs, S("localId"));
	json_iter_init(&iter, node->content);
	while (json_iter_next(&iter, &key, &value) && !r->maker->has_failed) {
		node_of(r, value, &child);
		if (slice_eq(child.type, S("taskItem"))) {
			read_task(r, &child, doc);
			continue;
		}
		if (doc->last == NULL && doc_add(r->maker, doc, DOC_TASK) == NULL)
			return true;
		if (!read_tasks(r, &child, doc->last)) {
			struct doc *raw = doc_add(r->maker, doc->last, DOC_RAW);

			if (raw == NULL)
				return true;
			raw->raw = doc_dup(r->maker, child.all);
			raw->format = TEXT_ADF;
			raw->is_inline = true;
		}
	}
	return true;
}

/* Code that says which format it is in was raw once. */
static bool
raw_language(struct slice language, enum text_format *out)
{
	if (!slice_starts(language, S("raw:")))
		return false;
	language = (struct slice){ language.p + 4, language.n - 4 };
	return text_format_find(language, out) && (*out == TEXT_WIKI || *out == TEXT_STORAGE);
}

static bool
read_code(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice key, value, text, language;
	struct json_iter iter;
	enum text_format format;
	struct node child;
	struct doc *doc;
	struct buf all;

	if (!content_is(r, node->content, "text", NULL))
		return false;
	doc = doc_add(r->maker, parent, DOC_CODE);
	if (doc == NULL)
		return true;
	buf_init(&all, NULL, node->all.n + 1);
	json_iter_init(&iter, node->content);
	while (json_iter_next(&iter, &key, &value)) {
		node_of(r, value, &child);
		text = plain(r, child.text);
		buf_put(&all, text);
	}
	text = doc_dup(r->maker, all.n > 0 ? buf_view(&all) : S(""));
	buf_fini(&all);
	language = string_of(r, node->attrs, S("language"));
	if (raw_language(language, &format)) {
		doc->kind = DOC_RAW;
		doc->raw = text;
		doc->format = format;
	} else {
		doc->text = text;
		doc->language = language;
	}
	return true;
}

static bool
read_panel(struct reader *r, const struct node *node, struct doc *parent)
{
	static const char *const known[] = { "info", "note", "warning", "success", "error" };
	struct slice type = string_of(r, node->attrs, S("panelType"));
	struct doc *doc = doc_add(r->maker, parent, DOC_PANEL);

	if (doc == NULL)
		return true;
	doc->name = slice_of(slice_eq(type, S("tip")) ? "success" : "info");
	for (size_t i = 0; i < COUNT(known); i++) {
		if (slice_eq(type, slice_of(known[i])))
			doc->name = slice_of(known[i]);
	}
	read_content(r, node->content, doc);
	return true;
}

static bool
read_expand(struct reader *r, const struct node *node, struct doc *parent)
{
	struct doc *doc = doc_add(r->maker, parent, DOC_EXPAND);

	if (doc == NULL)
		return true;
	doc->title = string_of(r, node->attrs, S("title"));
	read_content(r, node->content, doc);
	return true;
}

static bool
read_cell(struct reader *r, const struct node *node, struct doc *parent)
{
	struct doc *doc = doc_add(r->maker, parent, DOC_CELL);

	if (doc == NULL)
		return true;
	doc->is_header = slice_eq(node->type, S("tableHeader"));
	doc->columns = number_of(node->attrs, S("colspan"), 1, 1000);
	doc->rows = number_of(node->attrs, S("rowspan"), 1, 1000);
	read_content(r, node->content, doc);
	return true;
}

static bool
read_row(struct reader *r, const struct node *node, struct doc *parent)
{
	return read_simple(r, node, parent, DOC_ROW);
}

static bool
is_whole_table(struct reader *r, struct slice content)
{
	struct slice key, value;
	struct json_iter iter;
	struct node row;

	json_iter_init(&iter, content);
	while (json_iter_next(&iter, &key, &value)) {
		node_of(r, value, &row);
		if (!slice_eq(row.type, S("tableRow")) ||
		    !content_is(r, row.content, "tableCell", "tableHeader"))
			return false;
	}
	return true;
}

static bool
read_table(struct reader *r, const struct node *node, struct doc *parent)
{
	return is_whole_table(r, node->content) && read_simple(r, node, parent, DOC_TABLE);
}

/* An image that stands elsewhere; attachments are kept raw, for their ids and sizes. */
static bool
read_media(struct reader *r, const struct node *node, struct doc *parent)
{
	struct slice key, value, next, url;
	struct json_iter iter;
	struct node media;
	struct doc *doc;

	json_iter_init(&iter, node->content);
	if (!json_iter_next(&iter, &key, &value) || json_iter_next(&iter, &key, &next))
		return false;
	node_of(r, value, &media);
	url = string_of(r, media.attrs, S("url"));
	if (!slice_eq(media.type, S("media")) || url.n == 0 || media.marks.n > 0 ||
	    !slice_eq(string_of(r, media.attrs, S("type")), S("external")))
		return false;
	doc = doc_add(r->maker, parent, DOC_PARAGRAPH);
	doc = doc == NULL ? NULL : doc_add(r->maker, doc, DOC_IMAGE);
	if (doc == NULL)
		return true;
	doc->href = url;
	doc->text = string_of(r, media.attrs, S("alt"));
	return true;
}

static bool
read_block_card(struct reader *r, const struct node *node, struct doc *parent)
{
	struct doc *doc;

	if (string_of(r, node->attrs, S("url")).n == 0)
		return false;
	doc = doc_add(r->maker, parent, DOC_PARAGRAPH);
	return doc == NULL || read_card(r, node, doc);
}

/* ---- the types ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct type_row types[] = {
	{ "text",		true,	read_text },
	{ "hardBreak",		true,	read_break },
	{ "mention",		true,	read_mention },
	{ "emoji",		true,	read_emoji },
	{ "date",		true,	read_date },
	{ "status",		true,	read_status },
	{ "inlineCard",		true,	read_card },
	{ "inlineExtension",	true,	NULL },
	{ "mediaInline",	true,	NULL },
	{ "placeholder",	true,	NULL },
	{ "paragraph",		false,	read_paragraph },
	{ "heading",		false,	read_heading },
	{ "bulletList",		false,	read_list },
	{ "orderedList",	false,	read_list },
	{ "listItem",		false,	read_item },
	{ "taskList",		false,	read_tasks },
	{ "decisionList",	false,	NULL },
	{ "codeBlock",		false,	read_code },
	{ "blockquote",		false,	read_quote },
	{ "rule",		false,	read_rule },
	{ "panel",		false,	read_panel },
	{ "expand",		false,	read_expand },
	{ "nestedExpand",	false,	read_expand },
	{ "table",		false,	read_table },
	{ "tableRow",		false,	read_row },
	{ "tableCell",		false,	read_cell },
	{ "tableHeader",	false,	read_cell },
	{ "mediaSingle",	false,	read_media },
	{ "mediaGroup",		false,	NULL },
	{ "blockCard",		false,	read_block_card },
	{ "embedCard",		false,	NULL },
	{ "layoutSection",	false,	NULL },
	{ "extension",		false,	NULL },
	{ "bodiedExtension",	false,	NULL },
};
/* clang-format on */

static const struct type_row *
row_of(struct slice type)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (slice_eq(type, slice_of(types[i].name)))
			return &types[i];
	}
	return NULL;
}

static void
keep(struct reader *r, const struct node *node, struct doc *parent, bool is_inline)
{
	struct slice name = string_of(r, node->attrs, S("extensionKey"));
	struct doc *doc = doc_add(r->maker, parent, DOC_RAW);

	if (doc == NULL)
		return;
	doc->raw = doc_dup(r->maker, node->all);
	doc->format = TEXT_ADF;
	doc->name = name.n > 0 ? name : node->type;
	doc->is_inline = is_inline;
}

static bool
holds_inlines(enum doc_kind kind)
{
	return kind == DOC_PARAGRAPH || kind == DOC_HEADING || kind == DOC_TASK;
}

/* A list item or a row where only blocks belong. */
static bool
is_misplaced(const struct doc *parent, struct slice type)
{
	static const struct {
		const char *type;
		enum doc_kind a, b;
	} places[] = {
		{ "listItem", DOC_BULLETS, DOC_NUMBERS },
		{ "tableRow", DOC_TABLE, DOC_TABLE },
		{ "tableCell", DOC_ROW, DOC_ROW },
		{ "tableHeader", DOC_ROW, DOC_ROW },
	};

	for (size_t i = 0; i < COUNT(places); i++) {
		if (slice_eq(type, slice_of(places[i].type)))
			return parent->kind != places[i].a && parent->kind != places[i].b;
	}
	return false;
}

static void
read_content(struct reader *r, struct slice content, struct doc *parent)
{
	bool in_line = holds_inlines(parent->kind);
	struct doc *line = in_line ? parent : NULL;
	const struct type_row *row;
	struct slice key, value;
	struct json_iter iter;
	struct node node;

	json_iter_init(&iter, content);
	while (json_iter_next(&iter, &key, &value) && !r->maker->has_failed) {
		node_of(r, value, &node);
		row = row_of(node.type);
		/* Inlines among blocks: in a paragraph of their own. */
		if (row != NULL && row->is_inline && line == NULL)
			line = doc_add(r->maker, parent, DOC_PARAGRAPH);
		else if (!in_line && (row == NULL || !row->is_inline))
			line = NULL;
		if (r->maker->has_failed)
			return;
		if (row == NULL || row->read == NULL || (in_line && !row->is_inline) ||
		    is_misplaced(parent, node.type) ||
		    !row->read(r, &node, line != NULL ? line : parent))
			keep(r, &node, line != NULL ? line : parent, line != NULL);
	}
}

static bool
fail(struct reader *r, const char *what)
{
	r->maker->has_failed = true;
	return err_set(r->maker->err, ERR_PARAMS, "not an ADF document: %s", what);
}

bool
adf_read(struct doc_maker *maker, struct slice text)
{
	struct reader r = { .maker = maker };
	struct json_scan *scan;
	struct node node;

	text = doc_dup(maker, text.p != NULL ? text : S(""));
	if (maker->has_failed)
		return false;
	/* The copy is ours: the scan may write into it, but is not told to. */
	scan = json_scan_new(maker->arena, (char *)(uintptr_t)text.p, text.n, 0, 0, 0);
	if (!json_scan_all(scan, maker->err)) {
		maker->has_failed = true;
		if (maker->err->kind != ERR_LIMIT)
			maker->err->kind = ERR_PARAMS;
		return false;
	}
	while (text.n > 0 && memchr(" \t\r\n", text.p[0], 4) != NULL)
		text = (struct slice){ text.p + 1, text.n - 1 };
	node_of(&r, text, &node);
	if (!slice_eq(node.type, S("doc")))
		return fail(&r, "its type is not doc");
	if (node.content.n > 0 && json_type(node.content) != JSON_ARRAY)
		return fail(&r, "its content is not an array");
	read_content(&r, node.content, maker->root);
	return !maker->has_failed;
}

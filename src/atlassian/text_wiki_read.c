/*
 * Jira's wiki markup to a tree: blocks.  Every text is wiki markup; what is no markup is text.  A
 * line's end in a paragraph is a break.  Macros that hold blocks ({quote}, {panel}, ...) may stand
 * anywhere in a paragraph and end it.  Linear; nesting beyond what the tree allows stays text.
 */
#include "atlassian/text_wiki.h"

#define LEVELS	    20 /* of lists within lists */
#define BOX_DEPTH   20 /* of the tree: deeper, {quote} and {panel} stay text */
#define TABLE_DEPTH 56
#define LEAF_DEPTH  61 /* of what holds a paragraph */

static const struct wiki_style plain;

static void blocks(struct wiki_reader *reader, struct doc *home, size_t at, size_t end);

/* ---- lines ----------------------------------------------------------------------------------- */

/* Asked again and again for places in one line, so it is looked for once. */
static size_t
line_end(const struct wiki_reader *reader, size_t at, size_t end)
{
	struct wiki_line *line = reader->line;
	const char *p;

	if (at >= end)
		return end;
	if (at < line->from || at > line->to) {
		p = memchr(reader->text.p + at, '\n', reader->text.n - at);
		line->from = at;
		line->to = p != NULL ? (size_t)(p - reader->text.p) : reader->text.n;
	}
	return line->to < end ? line->to : end;
}

static size_t
skip_blanks(const struct wiki_reader *reader, size_t at, size_t end)
{
	while (at < end && (reader->text.p[at] == ' ' || reader->text.p[at] == '\t'))
		at++;
	return at;
}

static size_t
trim_end(const struct wiki_reader *reader, size_t at, size_t end)
{
	while (end > at && strchr(" \t\n", reader->text.p[end - 1]) != NULL &&
	    reader->text.p[end - 1] != '\0')
		end--;
	return end;
}

static bool
starts(const struct wiki_reader *reader, size_t at, size_t end, struct slice with)
{
	return slice_starts((struct slice){ reader->text.p + at, end - at }, with);
}

/* h1. to h6.: the level, else 0. */
static unsigned
heading_level(const struct wiki_reader *reader, size_t at, size_t end)
{
	const char *p = reader->text.p + at;

	if (end - at < 3 || p[0] != 'h' || p[1] < '1' || p[1] > '6' || p[2] != '.')
		return 0;
	return end - at == 3 || p[3] == ' ' || p[3] == '\t' ? (unsigned)(p[1] - '0') : 0;
}

/* Four dashes or more, and nothing else. */
static bool
is_rule(const struct wiki_reader *reader, size_t at, size_t end)
{
	size_t n = 0;

	end = trim_end(reader, at, end);
	while (at + n < end && reader->text.p[at + n] == '-')
		n++;
	return n >= 4 && at + n == end;
}

/* Length of the signs (*, #, -) of a list's line; 0: it is none. */
static size_t
list_signs(const struct wiki_reader *reader, size_t at, size_t end)
{
	const char *p = reader->text.p;
	size_t n = 0;
	bool has_more = false;

	for (; at + n < end && strchr("*#-", p[at + n]) != NULL && p[at + n] != '\0'; n++)
		has_more = has_more || p[at + n] != '-';
	if (n == 0 || at + n >= end || (p[at + n] != ' ' && p[at + n] != '\t') ||
	    (n > 1 && !has_more))
		return 0;
	return n;
}

/* ---- macros that hold blocks ----------------------------------------------------------------- */

static const struct {
	const char *color;
	struct slice name;
} panel_colors[] = { { "#deebff", S("info") }, { "#eae6ff", S("note") },
	{ "#e3fcef", S("success") }, { "#fffae6", S("warning") }, { "#ffebe6", S("error") } };

static bool
is_box(const struct wiki_reader *reader, const struct wiki_tag *tag, const struct doc *home,
    size_t end)
{
	bool is_verbatim = tag->macro == WIKI_CODE || tag->macro == WIKI_NOFORMAT;

	if (tag->match == WIKI_NO_MATCH || tag->is_closing || tag->macro == WIKI_COLOR ||
	    home == NULL || reader->tags[tag->match].end > end)
		return false;
	return home->depth <= (is_verbatim ? LEAF_DEPTH : BOX_DEPTH);
}

/* First such macro that begins in text[at..line_end); NULL: none. */
static const struct wiki_tag *
box_in(const struct wiki_reader *reader, const struct doc *home, size_t at, size_t line, size_t end)
{
	for (size_t i = wiki_tag_from(reader, at); i < reader->tags_n; i++) {
		if (reader->tags[i].at >= line)
			return NULL;
		if (is_box(reader, &reader->tags[i], home, end))
			return &reader->tags[i];
	}
	return NULL;
}

static struct slice
param(const struct wiki_reader *reader, const struct wiki_tag *tag, struct slice key)
{
	struct slice params = wiki_tag_params(reader, tag);

	while (params.n > 0) {
		struct slice value, rest, one = slice_cut(params, '|', &rest);
		struct slice name = slice_cut(one, '=', &value);

		if (value.p == NULL && key.n == 0)
			return slice_trim(one);
		if (value.p != NULL && slice_eq_nocase(slice_trim(name), key))
			return slice_trim(value);
		params = rest;
	}
	return SLICE_NONE;
}

/* Whether the parameters are these alone; SLICE_NONE: the one without a name. */
static bool
says_more(const struct wiki_reader *reader, const struct wiki_tag *tag, struct slice second)
{
	struct slice params = wiki_tag_params(reader, tag);

	while (params.n > 0) {
		struct slice value, rest, one = slice_cut(params, '|', &rest);
		struct slice name = slice_trim(slice_cut(one, '=', &value));

		if (value.p != NULL && !slice_eq_nocase(name, S("title")) &&
		    !slice_eq_nocase(name, second))
			return true;
		params = rest;
	}
	return false;
}

static void
keep(struct wiki_reader *reader, struct doc *doc, size_t at, size_t end)
{
	doc->raw = doc_dup(reader->maker, (struct slice){ reader->text.p + at, end - at });
	doc->format = TEXT_WIKI;
}

static struct slice
title(struct wiki_reader *reader, const struct wiki_tag *tag)
{
	struct slice value = param(reader, tag, S("title"));

	return value.n > 0 ? doc_dup(reader->maker, wiki_unescaped(reader, value)) : SLICE_NONE;
}

static void
code(struct wiki_reader *reader, struct doc *doc, const struct wiki_tag *tag, size_t at, size_t end)
{
	size_t text = skip_blanks(reader, at, end);

	if (text < end && reader->text.p[text] == '\n')
		at = text + 1;
	if (end > at && reader->text.p[end - 1] == '\n')
		end--;
	doc->text = doc_dup(reader->maker, (struct slice){ reader->text.p + at, end - at });
	doc->title = title(reader, tag);
	if (tag->macro != WIKI_CODE)
		return;
	doc->language = doc_dup(reader->maker, param(reader, tag, SLICE_NONE));
	if (doc->language.n == 0)
		doc->language = doc_dup(reader->maker, param(reader, tag, S("language")));
}

static struct slice
panel_name(const struct wiki_reader *reader, const struct wiki_tag *tag)
{
	struct slice color = param(reader, tag, S("bgColor"));

	switch (tag->macro) {
	case WIKI_INFO:
		return S("info");
	case WIKI_TIP:
		return S("success");
	case WIKI_WARNING:
		return S("warning");
	default:
		break;
	}
	for (size_t i = 0; i < COUNT(panel_colors); i++) {
		if (slice_eq_nocase(color, slice_of(panel_colors[i].color)))
			return panel_colors[i].name;
	}
	return S("note");
}

/* Where to go on. */
static size_t
box(struct wiki_reader *reader, struct doc *home, const struct wiki_tag *tag)
{
	static const enum doc_kind kinds[WIKI_MACROS_N] = { [WIKI_CODE] = DOC_CODE,
		[WIKI_NOFORMAT] = DOC_CODE,
		[WIKI_QUOTE] = DOC_QUOTE,
		[WIKI_PANEL] = DOC_PANEL,
		[WIKI_INFO] = DOC_PANEL,
		[WIKI_NOTE] = DOC_PANEL,
		[WIKI_TIP] = DOC_PANEL,
		[WIKI_WARNING] = DOC_PANEL,
		[WIKI_EXPAND] = DOC_EXPAND };
	const struct wiki_tag *close = &reader->tags[tag->match];
	struct doc *doc = doc_add(reader->maker, home, kinds[tag->macro]);
	struct slice second = tag->macro == WIKI_CODE ? S("language") : S("bgColor");

	if (doc == NULL)
		return close->end;
	if (doc->kind == DOC_CODE) {
		code(reader, doc, tag, tag->end, close->at);
	} else if (doc->kind != DOC_QUOTE) {
		doc->title = title(reader, tag);
		if (doc->title.n == 0)
			doc->title = doc_dup(reader->maker, param(reader, tag, SLICE_NONE));
		if (doc->kind == DOC_PANEL)
			doc->name = panel_name(reader, tag);
	}
	if (doc->kind != DOC_CODE)
		blocks(reader, doc, tag->end, close->at);
	if (says_more(reader, tag, second))
		keep(reader, doc, tag->at, close->end);
	return close->end;
}

/* ---- paragraphs, items, cells ---------------------------------------------------------------- */

static void
paragraph(struct wiki_reader *reader, struct doc *home, size_t at, size_t end)
{
	at = skip_blanks(reader, at, end);
	end = trim_end(reader, at, end);
	if (at < end)
		wiki_inlines(reader, doc_add(reader->maker, home, DOC_PARAGRAPH), at, end, &plain);
}

/* What an item or a cell holds. */
static void
content(struct wiki_reader *reader, struct doc *home, size_t at, size_t end, bool has_lines)
{
	if (home == NULL)
		return;
	if (has_lines || box_in(reader, home, at, end, end) != NULL)
		blocks(reader, home, at, end);
	else
		paragraph(reader, home, at, end);
}

/* Whether the line begins something of its own. */
static bool
is_block_line(const struct wiki_reader *reader, const struct doc *home, size_t at, size_t end)
{
	size_t line = line_end(reader, at, end);
	const struct wiki_tag *tag;

	at = skip_blanks(reader, at, line);
	if (at == line || reader->text.p[at] == '|' || heading_level(reader, at, line) > 0 ||
	    starts(reader, at, line, S("bq. ")) || is_rule(reader, at, line) ||
	    list_signs(reader, at, line) > 0)
		return true;
	tag = reader->text.p[at] == '{' ? wiki_tag_at(reader, at) : NULL;
	return tag != NULL && is_box(reader, tag, home, end);
}

/* End of a line together with the macros that begin in it. */
static size_t
line_end_over_boxes(const struct wiki_reader *reader, const struct doc *home, size_t at, size_t end)
{
	size_t line = line_end(reader, at, end);
	const struct wiki_tag *tag;

	while ((tag = box_in(reader, home, at, line, end)) != NULL) {
		at = reader->tags[tag->match].end;
		if (at > line)
			line = line_end(reader, at, end);
	}
	return line;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct list {
	struct {
		enum doc_kind kind;
		struct doc *list, *item;
	} levels[LEVELS];
	size_t n, most;
};

/* A new item at the level that the signs say. */
static struct doc *
list_item(
    struct wiki_reader *reader, struct list *list, struct doc *home, const char *signs, size_t n)
{
	size_t i = 0;

	if (n > list->most)
		n = list->most;
	while (i < n && i < list->n &&
	    list->levels[i].kind == (signs[i] == '#' ? DOC_NUMBERS : DOC_BULLETS))
		i++;
	list->n = i;
	if (i == n)
		list->levels[n - 1].item =
		    doc_add(reader->maker, list->levels[n - 1].list, DOC_ITEM);
	for (; i < n; i++) {
		enum doc_kind kind = signs[i] == '#' ? DOC_NUMBERS : DOC_BULLETS;

		list->levels[i].kind = kind;
		list->levels[i].list =
		    doc_add(reader->maker, i == 0 ? home : list->levels[i - 1].item, kind);
		list->levels[i].item = doc_add(reader->maker, list->levels[i].list, DOC_ITEM);
	}
	list->n = n;
	return list->levels[n - 1].item;
}

/* Returns where to go on. */
static size_t
lists(struct wiki_reader *reader, struct doc *home, size_t at, size_t end)
{
	struct list list = { .most = (LEAF_DEPTH - home->depth) / 2 };

	if (list.most > LEVELS)
		list.most = LEVELS;
	while (at < end && !reader->maker->has_failed) {
		size_t line = line_end(reader, at, end);
		size_t signs_at = skip_blanks(reader, at, line);
		size_t n = list_signs(reader, signs_at, line);
		struct doc *item;

		if (n == 0 || is_rule(reader, signs_at, line))
			break;
		item = list_item(reader, &list, home, reader->text.p + signs_at, n);
		at = signs_at + n;
		line = line_end_over_boxes(reader, item, at, end);
		while (line + 1 < end && !is_block_line(reader, item, line + 1, end))
			line = line_end_over_boxes(reader, item, line + 1, end);
		content(reader, item, at, line, false);
		at = line + 1;
	}
	return at;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool
ends_with_bar(const struct wiki_reader *reader, size_t at, size_t end)
{
	end = trim_end(reader, at, end);
	return end > at && reader->text.p[end - 1] == '|' &&
	    (end == at + 1 || reader->text.p[end - 2] != '\\');
}

/* A row without a bar at its end goes on to the line that has one, unless another block comes. */
static size_t
row_end(const struct wiki_reader *reader, const struct doc *home, size_t at, size_t end)
{
	size_t line = line_end_over_boxes(reader, home, at, end), next = line;

	if (ends_with_bar(reader, at, line))
		return line;
	while (next + 1 < end) {
		size_t from = next + 1;

		next = line_end_over_boxes(reader, home, from, end);
		from = skip_blanks(reader, from, next);
		if (from == next || reader->text.p[from] == '|')
			return line;
		if (ends_with_bar(reader, from, next))
			return next;
	}
	return line;
}

/* The | that ends a cell, or end. */
static size_t
cell_end(const struct wiki_reader *reader, const struct doc *home, size_t at, size_t end)
{
	size_t start = at;

	while (at < end && reader->text.p[at] != '|') {
		const struct wiki_tag *tag =
		    reader->text.p[at] == '{' ? wiki_tag_at(reader, at) : NULL;
		size_t next = wiki_skip(reader, start, at, end);

		if (tag != NULL && is_box(reader, tag, home, end))
			next = reader->tags[tag->match].end;
		at = next > at ? next : at + 1;
	}
	return at;
}

static void
row(struct wiki_reader *reader, struct doc *table, size_t at, size_t end)
{
	struct doc *doc = doc_add(reader->maker, table, DOC_ROW);

	end = trim_end(reader, at, end);
	while (at < end && doc != NULL) {
		bool is_header = at + 1 < end && reader->text.p[at + 1] == '|';
		size_t from = at + 1 + is_header, to;
		struct doc *cell;

		if (from >= end)
			return;
		cell = doc_add(reader->maker, doc, DOC_CELL);
		if (cell == NULL)
			return;
		cell->is_header = is_header;
		to = cell_end(reader, cell, from, end);
		content(
		    reader, cell, from, to, memchr(reader->text.p + from, '\n', to - from) != NULL);
		at = to;
	}
}

static size_t
table(struct wiki_reader *reader, struct doc *home, size_t at, size_t end)
{
	struct doc *doc = doc_add(reader->maker, home, DOC_TABLE);

	while (at < end && !reader->maker->has_failed) {
		size_t line = line_end(reader, at, end);
		size_t from = skip_blanks(reader, at, line);

		if (from == line || reader->text.p[from] != '|')
			break;
		line = row_end(reader, home, from, end);
		row(reader, doc, from, line);
		at = line + 1;
	}
	return at;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* A block that begins at the start of a line; returns where to go on, or at if there is none. */
static size_t
block(struct wiki_reader *reader, struct doc *home, size_t at, size_t end)
{
	size_t line = line_end(reader, at, end);
	unsigned level = heading_level(reader, at, line);
	struct doc *doc;

	if (level > 0) {
		doc = doc_add(reader->maker, home, DOC_HEADING);
		if (doc == NULL)
			return line;
		doc->level = level;
		at = skip_blanks(reader, at + 3, line);
		wiki_inlines(reader, doc, at, trim_end(reader, at, line), &plain);
		return line;
	}
	if (starts(reader, at, line, S("bq. "))) {
		paragraph(reader, doc_add(reader->maker, home, DOC_QUOTE), at + 4, line);
		return line;
	}
	if (is_rule(reader, at, line)) {
		(void)doc_add(reader->maker, home, DOC_RULE);
		return line;
	}
	if (list_signs(reader, at, line) > 0 && home->depth + 2 <= LEAF_DEPTH)
		return lists(reader, home, at, end);
	if (reader->text.p[at] == '|' && home->depth <= TABLE_DEPTH)
		return table(reader, home, at, end);
	return at;
}

static void
blocks(struct wiki_reader *reader, struct doc *home, size_t at, size_t end)
{
	size_t start = at; /* of the paragraph that is gathered: text[start..at) */

	while (at < end && !reader->maker->has_failed) {
		size_t line = line_end(reader, at, end), next;
		size_t from = skip_blanks(reader, at, line);
		const struct wiki_tag *tag;

		if (is_block_line(reader, home, at, end)) {
			paragraph(reader, home, start, at);
			start = at;
			next = from < line ? block(reader, home, from, end) : line + 1;
			if (next > from) {
				at = start = next;
				continue;
			}
		}
		tag = box_in(reader, home, from, line, end);
		if (tag != NULL) {
			paragraph(reader, home, start, tag->at);
			at = start = box(reader, home, tag);
			continue;
		}
		at = line + 1;
	}
	paragraph(reader, home, start, end);
}

/* Without carriage returns. */
static bool
take_text(struct wiki_reader *reader, struct slice text)
{
	char *to;
	size_t n = 0;

	if (text.n == 0)
		text = S("");
	reader->text = text;
	if (!arena_reserve(&reader->work, 2 * (text.n + 16), reader->maker->err))
		return false;
	reader->roles = arena_alloc(&reader->work, text.n + 1);
	if (memchr(text.p, '\r', text.n) == NULL)
		return true;
	to = arena_bytes(&reader->work, text.n);
	for (size_t i = 0; i < text.n; i++) {
		bool is_end = text.p[i] == '\r';

		if (is_end && i + 1 < text.n && text.p[i + 1] == '\n')
			continue;
		to[n++] = is_end ? '\n' : text.p[i];
	}
	reader->text = (struct slice){ to, n };
	return true;
}

bool
wiki_read(struct doc_maker *maker, struct slice text)
{
	struct wiki_line line = { .from = 1 };
	struct wiki_reader reader = { .maker = maker, .line = &line };

	if (maker->has_failed)
		return false;
	arena_init(&reader.work, maker->arena->memory, maker->arena->ceiling_bytes);
	buf_init(&reader.scratch, maker->arena->memory, maker->arena->ceiling_bytes);
	if (!take_text(&reader, text) || !wiki_tags(&reader))
		maker->has_failed = true;
	else
		blocks(&reader, maker->root, 0, reader.text.n);
	if (!maker->has_failed && !buf_check(&reader.scratch, maker->err))
		maker->has_failed = true;
	buf_fini(&reader.scratch);
	arena_fini(&reader.work);
	return !maker->has_failed;
}

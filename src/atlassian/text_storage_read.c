/*
 * Confluence's storage format to a tree.  Block elements become blocks; text between them gets a
 * paragraph of its own; a block inside a paragraph ends it.  White space is as in HTML: dropped at
 * the ends of a line, one space where it holds a line's end.  What the tree cannot say is kept with
 * its own bytes: macros as DOC_MACRO, elements as DOC_RAW, and in raw of a node that says most of
 * it (an image with a border).  Layouts are pieces of DOC_RAW around what they hold, so that pages
 * made of them stay readable.
 */
#include "atlassian/text_storage.h"

static void
element(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style);

/* ---- lines ---------------------------------------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct doc *
storage_block(struct reader *reader, struct flow *flow, enum doc_kind kind)
{
	if (!flow->is_inline_only)
		flow->line = NULL;
	flow->space = SLICE_NONE;
	return doc_add(reader->maker, flow->home, kind);
}

/* The line for the next inline; white space that waited is written when it is between two. */
static struct doc *
line_open(struct reader *reader, struct flow *flow)
{
	struct doc *line = flow->line;

	if (line == NULL)
		line = flow->line = doc_add(reader->maker, flow->home, DOC_PARAGRAPH);
	else if (flow->space.n > 0 && line->last != NULL && line->last->kind != DOC_BREAK &&
	    !doc_is_block(line->last))
		doc_add_text(reader->maker, line, flow->space, flow->space_style.marks,
		    flow->space_style.href, flow->space_style.color);
	flow->space = SLICE_NONE;
	return line;
}

struct doc *
storage_inline(struct reader *reader, struct flow *flow, enum doc_kind kind)
{
	struct doc *doc = doc_add(reader->maker, line_open(reader, flow), kind);

	if (doc != NULL && (kind == DOC_MACRO || kind == DOC_RAW))
		doc->is_inline = true;
	return doc;
}

static void
space_wait(struct flow *flow, struct slice space, const struct style *style)
{
	if (space.n == 0 || flow->space.n > 0)
		return;
	flow->space = memchr(space.p, '\n', space.n) != NULL ? S(" ") : space;
	flow->space_style = *style;
}

/* Runs of white space with a line's end in them become one space. */
static struct slice
one_line(struct reader *reader, struct slice s)
{
	struct buf *out = &reader->scratch;
	size_t at = 0;

	if (memchr(s.p, '\n', s.n) == NULL)
		return s;
	buf_clear(out);
	while (at < s.n) {
		size_t n = 0;

		while (at + n < s.n && is_space(s.p[at + n]))
			n++;
		if (n == 0)
			buf_putc(out, s.p[at++]);
		else if (memchr(s.p + at, '\n', n) != NULL)
			buf_putc(out, ' ');
		else
			buf_put(out, (struct slice){ s.p + at, n });
		at += n;
	}
	return buf_view(out);
}

void
storage_text(struct reader *reader, struct slice s, struct flow *flow, const struct style *style)
{
	size_t start = 0, end = s.n;

	if ((style->marks & MARK_CODE) == 0) {
		while (start < end && is_space(s.p[start]))
			start++;
		while (end > start && is_space(s.p[end - 1]))
			end--;
	}
	space_wait(flow, (struct slice){ s.p, start }, style);
	if (start == end)
		return;
	doc_add_text(reader->maker, line_open(reader, flow),
	    one_line(reader, (struct slice){ s.p + start, end - start }), style->marks, style->href,
	    style->color);
	space_wait(flow, (struct slice){ s.p + end, s.n - end }, style);
}

/* ---- what is kept as it is ------------------------------------------------------------------- */

static struct slice
bytes_of(const struct reader *reader, const struct xml *xml)
{
	return (struct slice){ reader->text.p + xml->at, xml->end - xml->at };
}

void
storage_keep(const struct reader *reader, struct doc *doc, const struct xml *xml)
{
	if (doc == NULL)
		return;
	doc->raw = bytes_of(reader, xml);
	doc->format = TEXT_STORAGE;
}

void
storage_raw(struct reader *reader, const struct xml *xml, struct flow *flow, bool is_block)
{
	struct doc *doc = is_block && !flow->is_inline_only ? storage_block(reader, flow, DOC_RAW)
							    : storage_inline(reader, flow, DOC_RAW);

	storage_keep(reader, doc, xml);
	if (doc != NULL && xml->kind == XML_ELEMENT)
		doc->name = doc_dup(reader->maker, xml->name);
	else if (doc != NULL)
		doc->name = S("comment");
}

/* All text below, as a copy. */
struct slice
storage_plain(struct reader *reader, const struct xml *xml)
{
	buf_clear(&reader->scratch);
	if (xml != NULL)
		xml_put_plain(xml, &reader->scratch);
	return doc_dup(reader->maker, buf_view(&reader->scratch));
}

struct slice
storage_attr(struct reader *reader, const struct xml *xml, struct slice name)
{
	return doc_dup(reader->maker, xml_attr(xml, name));
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void
paragraph(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	const struct doc *last = flow->home != NULL ? flow->home->last : NULL;
	bool was_in_p = flow->is_in_p;

	if (flow->is_inline_only) {
		if (flow->line != NULL && flow->line->last != NULL)
			(void)storage_inline(reader, flow, DOC_BREAK);
		storage_children(reader, xml, flow, style);
		return;
	}
	flow->line = NULL;
	flow->space = SLICE_NONE;
	flow->is_in_p = true;
	storage_children(reader, xml, flow, style);
	flow->is_in_p = was_in_p;
	if (flow->home != NULL && flow->home->last == last)
		(void)storage_block(reader, flow, DOC_PARAGRAPH);
	flow->line = NULL;
	flow->space = SLICE_NONE;
}

static void
heading(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned level)
{
	struct doc *doc = storage_block(reader, flow, DOC_HEADING);
	bool was_in_p = flow->is_in_p;

	if (doc == NULL)
		return;
	doc->level = level;
	flow->line = doc;
	flow->is_in_p = true;
	storage_children(reader, xml, flow, style);
	flow->is_in_p = was_in_p;
	flow->line = NULL;
	flow->space = SLICE_NONE;
}

static void
container(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned kind)
{
	struct flow inside = { .home = storage_block(reader, flow, kind) };

	storage_children(reader, xml, &inside, style);
}

/* div and the like: nothing of its own, but it begins and ends lines. */
static void
division(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned arg)
{
	flow->line = NULL;
	storage_children(reader, xml, flow, style);
	flow->line = NULL;
	flow->space = SLICE_NONE;
}

static void
nothing(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned kind)
{
	(void)storage_block(reader, flow, kind);
}

static void
list(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned kind)
{
	struct doc *doc = storage_block(reader, flow, kind);
	uint64_t start = 0;

	if (doc == NULL)
		return;
	if (kind == DOC_NUMBERS && slice_to_u64(xml_attr(xml, S("start")), 1000000000, &start))
		doc->start = (unsigned)start;
	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		bool is_item = xml_is(at, S("li"));
		struct flow inside = { .home = doc->last };

		if (at->kind == XML_TEXT && xml_is_blank(at->text))
			continue;
		if (is_item || inside.home == NULL)
			inside.home = doc_add(reader->maker, doc, DOC_ITEM);
		if (is_item)
			storage_children(reader, at, &inside, style);
		else if (at->kind == XML_TEXT)
			storage_text(reader, at->text, &inside, style);
		else
			element(reader, at, &inside, style);
	}
}

static void
preformatted(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	struct doc *doc = storage_block(reader, flow, DOC_CODE);

	if (doc == NULL)
		return;
	doc->text = storage_plain(reader, xml);
	storage_keep(reader, doc, xml);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static enum doc_align
align_of(const struct xml *xml)
{
	static const struct slice words[] = { S(""), S("left"), S("center"), S("right") };
	struct slice value = xml_attr(xml, S("align")), rest;
	struct slice style = xml_attr(xml, S("style"));

	while (value.n == 0 && style.n > 0) {
		struct slice one = slice_trim(slice_cut(style, ';', &rest));
		struct slice key = slice_trim(slice_cut(one, ':', &one));

		if (slice_eq_nocase(key, S("text-align")))
			value = slice_trim(one);
		style = rest;
	}
	for (unsigned i = ALIGN_LEFT; i < COUNT(words); i++) {
		if (slice_eq_nocase(value, words[i]))
			return (enum doc_align)i;
	}
	return ALIGN_NONE;
}

static unsigned
span_of(const struct xml *xml, struct slice name)
{
	uint64_t n = 0;

	return slice_to_u64(xml_attr(xml, name), 1000, &n) ? (unsigned)n : 0;
}

static void
cell(struct reader *reader, const struct xml *xml, struct doc *row, const struct style *style)
{
	struct flow inside = { .home = doc_add(reader->maker, row, DOC_CELL) };
	const struct xml *only = xml->first;

	if (inside.home == NULL)
		return;
	inside.home->is_header = slice_eq(xml->name, S("th"));
	inside.home->columns = span_of(xml, S("colspan"));
	inside.home->rows = span_of(xml, S("rowspan"));
	inside.home->align = align_of(xml);
	if (inside.home->align == ALIGN_NONE && xml_is(only, S("p")))
		inside.home->align = align_of(only);
	storage_children(reader, xml, &inside, style);
}

/* Depth is bounded by XML_DEPTH.  What is no row is kept behind the table. */
static void
rows(struct reader *reader, const struct xml *xml, struct doc *table, struct flow *flow,
    const struct style *style)
{
	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		struct doc *row;

		if (at->kind == XML_TEXT && xml_is_blank(at->text))
			continue;
		if (xml_is(at, S("thead")) || xml_is(at, S("tbody")) || xml_is(at, S("tfoot"))) {
			rows(reader, at, table, flow, style);
			continue;
		}
		if (xml_is(at, S("colgroup")))
			continue;
		if (!xml_is(at, S("tr"))) {
			storage_raw(reader, at, flow, true);
			continue;
		}
		row = doc_add(reader->maker, table, DOC_ROW);
		for (const struct xml *one = at->first; one != NULL; one = one->next) {
			if (xml_is(one, S("td")) || xml_is(one, S("th")))
				cell(reader, one, row, style);
			else if (one->kind != XML_TEXT || !xml_is_blank(one->text))
				storage_raw(reader, one, flow, true);
		}
	}
}

static void
table(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned arg)
{
	rows(reader, xml, storage_block(reader, flow, DOC_TABLE), flow, style);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void
task(struct reader *reader, const struct xml *xml, struct doc *tasks, const struct style *style)
{
	struct flow inside = { .is_inline_only = true };
	struct doc *doc = doc_add(reader->maker, tasks, DOC_TASK);

	if (doc == NULL)
		return;
	inside.home = inside.line = doc;
	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		if (xml_is(at, S("ac:task-id")))
			doc->id = storage_plain(reader, at);
		else if (xml_is(at, S("ac:task-uuid")))
			doc->name = storage_plain(reader, at);
		else if (xml_is(at, S("ac:task-status")))
			doc->is_done = slice_eq(storage_plain(reader, at), S("complete"));
		else if (xml_is(at, S("ac:task-body")))
			storage_children(reader, at, &inside, style);
		else if (at->kind != XML_TEXT || !xml_is_blank(at->text))
			storage_raw(reader, at, &inside, false);
	}
}

/* A list within a list belongs to the task before it. */
static void
tasks(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned arg)
{
	struct doc *doc = storage_block(reader, flow, DOC_TASKS);

	for (const struct xml *at = xml->first; at != NULL && doc != NULL; at = at->next) {
		struct flow inside = {
			.home = doc->last, .line = doc->last, .is_inline_only = true
		};

		if (xml_is(at, S("ac:task"))) {
			task(reader, at, doc, style);
			continue;
		}
		if (at->kind == XML_TEXT && xml_is_blank(at->text))
			continue;
		if (inside.home == NULL)
			inside.home = inside.line = doc_add(reader->maker, doc, DOC_TASK);
		if (xml_is(at, S("ac:task-list")))
			tasks(reader, at, &inside, style, arg);
		else
			storage_raw(reader, at, &inside, false);
	}
}

/* ---- layouts --------------------------------------------------------------------------------- */

/* A tag of a layout, joined to the one just before it. */
static void
layout_tag(struct reader *reader, struct flow *flow, size_t from, size_t to)
{
	struct doc *last = flow->home != NULL ? flow->home->last : NULL;
	struct slice tag = { reader->text.p + from, to - from };

	if (tag.n == 0)
		return;
	if (last != NULL && last->kind == DOC_RAW && slice_eq(last->name, S("layout"))) {
		const char *end = last->raw.p + last->raw.n;

		if (xml_is_blank((struct slice){ end, (size_t)(tag.p - end) })) {
			last->raw.n = (size_t)(tag.p + tag.n - last->raw.p);
			return;
		}
	}
	last = storage_block(reader, flow, DOC_RAW);
	if (last == NULL)
		return;
	last->raw = tag;
	last->format = TEXT_STORAGE;
	last->name = S("layout");
}

static void
layout(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned arg)
{
	flow->line = NULL;
	layout_tag(reader, flow, xml->at, xml->open_end);
	storage_children(reader, xml, flow, style);
	flow->line = NULL;
	flow->space = SLICE_NONE;
	layout_tag(reader, flow, xml->close_at, xml->end);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct element elements[] = {
	{ S("p"), paragraph, 0, false },
	{ S("h1"), heading, 1, true },
	{ S("h2"), heading, 2, true },
	{ S("h3"), heading, 3, true },
	{ S("h4"), heading, 4, true },
	{ S("h5"), heading, 5, true },
	{ S("h6"), heading, 6, true },
	{ S("ul"), list, DOC_BULLETS, true },
	{ S("ol"), list, DOC_NUMBERS, true },
	{ S("ac:task-list"), tasks, 0, false },
	{ S("pre"), preformatted, 0, true },
	{ S("blockquote"), container, DOC_QUOTE, true },
	{ S("hr"), nothing, DOC_RULE, true },
	{ S("table"), table, 0, true },
	{ S("div"), division, 0, true },
	{ S("ac:layout"), layout, 0, true },
	{ S("ac:layout-section"), layout, 0, true },
	{ S("ac:layout-cell"), layout, 0, true },
	{ S("br"), storage_line_break, 0, false },
	{ S("strong"), storage_marked, MARK_STRONG, false },
	{ S("b"), storage_marked, MARK_STRONG, false },
	{ S("em"), storage_marked, MARK_EM, false },
	{ S("i"), storage_marked, MARK_EM, false },
	{ S("cite"), storage_marked, MARK_EM, false },
	{ S("u"), storage_marked, MARK_UNDERLINE, false },
	{ S("ins"), storage_marked, MARK_UNDERLINE, false },
	{ S("s"), storage_marked, MARK_STRIKE, false },
	{ S("del"), storage_marked, MARK_STRIKE, false },
	{ S("strike"), storage_marked, MARK_STRIKE, false },
	{ S("sub"), storage_marked, MARK_SUB, false },
	{ S("sup"), storage_marked, MARK_SUP, false },
	{ S("code"), storage_marked, MARK_CODE, false },
	{ S("tt"), storage_marked, MARK_CODE, false },
	{ S("kbd"), storage_marked, MARK_CODE, false },
	{ S("samp"), storage_marked, MARK_CODE, false },
	{ S("span"), storage_span, 0, false },
	{ S("a"), storage_anchor, 0, false },
	{ S("time"), storage_date, 0, false },
	{ S("ac:link"), storage_ac_link, 0, false },
	{ S("ac:image"), storage_image, 0, false },
	{ S("ac:emoticon"), storage_emoticon, 0, false },
	{ S("ac:structured-macro"), storage_macro, 0, false },
	{ S("ac:macro"), storage_macro, 0, false },
	{ S("ac:adf-extension"), storage_extension, 0, false },
	{ S("ac:inline-comment-marker"), storage_wrapped, 0, false },
	{ S("ac:placeholder"), storage_wrapped, 1, false },
};

static void
element(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style)
{
	const struct element *row = elements, *end = elements + COUNT(elements);

	while (row < end && !(xml->kind == XML_ELEMENT && slice_eq(xml->name, row->name)))
		row++;
	if (row == end || (row->is_block && flow->is_inline_only))
		storage_raw(reader, xml, flow, flow->line == NULL && !flow->is_in_p);
	else
		row->read(reader, xml, flow, style, row->arg);
}

void
storage_children(
    struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style)
{
	if (reader->maker->has_failed)
		return;
	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		if (at->kind == XML_TEXT)
			storage_text(reader, at->text, flow, style);
		else
			element(reader, at, flow, style);
	}
}

bool
storage_read(struct doc_maker *maker, struct slice input)
{
	struct reader reader = { .maker = maker };
	struct flow flow = { .home = maker->root };
	struct arena work;
	struct xml *xml = NULL;

	if (maker->has_failed)
		return false;
	arena_init(&work, maker->arena->memory, maker->arena->ceiling_bytes);
	buf_init(&reader.scratch, maker->arena->memory, maker->arena->ceiling_bytes);
	reader.text = doc_dup(maker, input);
	if (!maker->has_failed && !xml_read(&work, input, &xml, maker->err))
		maker->has_failed = true;
	if (!maker->has_failed)
		storage_children(&reader, xml, &flow, &(struct style){ 0 });
	if (!maker->has_failed && !buf_check(&reader.scratch, maker->err))
		maker->has_failed = true;
	buf_fini(&reader.scratch);
	arena_fini(&work);
	return !maker->has_failed;
}

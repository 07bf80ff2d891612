/*
 * A tree as a document of the Atlassian Document Format, version 1, that its schema accepts: what a
 * place does not allow is written as the nearest thing that it does (a heading in a quote is a bold
 * paragraph, a table in a list a paragraph a row).  Raw nodes of ADF go out byte for byte where
 * they are one JSON object with a type; what is raw in another format becomes code that says so.
 */
#include <stdio.h>

#include "atlassian/text.h"

enum place { IN_DOC, IN_ITEM, IN_QUOTE, IN_PANEL, IN_EXPAND, IN_NESTED, IN_CELL, PLACES_N };

struct writer {
	struct buf *out;
	unsigned tasks;	  /* ids given */
	unsigned is_bold; /* above 0: every text is */
};

#define BIT(kind) (1u << (kind))
#define SIMPLE	  (BIT(DOC_PARAGRAPH) | BIT(DOC_BULLETS) | BIT(DOC_NUMBERS) | BIT(DOC_CODE))
#define RICH	  (SIMPLE | BIT(DOC_HEADING) | BIT(DOC_RULE) | BIT(DOC_TASKS))

/* What the schema allows where. */
static const unsigned allowed[PLACES_N] = {
	[IN_DOC] = RICH | BIT(DOC_QUOTE) | BIT(DOC_PANEL) | BIT(DOC_TABLE) | BIT(DOC_EXPAND),
	[IN_ITEM] = SIMPLE,
	[IN_QUOTE] = SIMPLE,
	[IN_PANEL] = RICH,
	[IN_EXPAND] = RICH | BIT(DOC_QUOTE) | BIT(DOC_PANEL) | BIT(DOC_TABLE) | BIT(DOC_EXPAND),
	[IN_NESTED] = RICH | BIT(DOC_QUOTE) | BIT(DOC_PANEL),
	[IN_CELL] = RICH | BIT(DOC_QUOTE) | BIT(DOC_PANEL) | BIT(DOC_EXPAND),
};

static void put_blocks(struct writer *w, const struct doc *first, enum place place);
static void put_inline(struct writer *w, const struct doc *doc);

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Begins a node: {"type":"...". */
static void
node_open(struct writer *w, const char *type)
{
	if (w->out->n > 0 && w->out->p[w->out->n - 1] == '}')
		buf_putc(w->out, ',');
	buf_puts(w->out, "{\"type\":\"");
	buf_puts(w->out, type);
	buf_putc(w->out, '"');
}

static void
node_close(struct writer *w)
{
	buf_putc(w->out, '}');
}

static void
content_open(struct writer *w)
{
	buf_puts(w->out, ",\"content\":[");
}

static void
content_close(struct writer *w)
{
	buf_puts(w->out, "]}");
}

/* ,"name":"value" or, after '{', without the comma. */
static void
put_string(struct writer *w, const char *name, struct slice value)
{
	if (w->out->n > 0 && w->out->p[w->out->n - 1] != '{')
		buf_putc(w->out, ',');
	buf_putc(w->out, '"');
	buf_puts(w->out, name);
	buf_puts(w->out, "\":");
	buf_json_string(w->out, value.p != NULL ? value : S(""));
}

static void
put_number(struct writer *w, const char *name, unsigned value)
{
	if (w->out->n > 0 && w->out->p[w->out->n - 1] != '{')
		buf_putc(w->out, ',');
	buf_printf(w->out, "\"%s\":%u", name, value);
}

static void
attrs_open(struct writer *w)
{
	buf_puts(w->out, ",\"attrs\":{");
}

/* A node with one attribute. */
static void
put_small(struct writer *w, const char *type, const char *name, struct slice value)
{
	node_open(w, type);
	attrs_open(w);
	put_string(w, name, value);
	buf_puts(w->out, "}}");
}

static void
put_at(struct buf *out, size_t at, struct slice s)
{
	struct err err;

	if (out->overflow || !buf_reserve(out, s.n, &err)) {
		out->overflow = true;
		return;
	}
	memmove(out->p + at + s.n, out->p + at, out->n - at);
	memcpy(out->p + at, s.p, s.n);
	out->n += s.n;
}

/* ---- text ------------------------------------------------------------------------------------ */

struct mark_row {
	unsigned mark;
	const char *json;
};

/* clang-format off */
static const struct mark_row mark_rows[] = {
	{ MARK_STRONG,		"{\"type\":\"strong\"}" },
	{ MARK_EM,		"{\"type\":\"em\"}" },
	{ MARK_STRIKE,		"{\"type\":\"strike\"}" },
	{ MARK_UNDERLINE,	"{\"type\":\"underline\"}" },
	{ MARK_SUB,		"{\"type\":\"subsup\",\"attrs\":{\"type\":\"sub\"}}" },
	{ MARK_SUP,		"{\"type\":\"subsup\",\"attrs\":{\"type\":\"sup\"}}" },
};

static const struct { const char *name, *hex; } colors[] = {
	{ "black", "#000000" }, { "silver", "#c0c0c0" }, { "gray", "#808080" },
	{ "grey", "#808080" },	{ "white", "#ffffff" },	 { "maroon", "#800000" },
	{ "red", "#ff0000" },	{ "purple", "#800080" }, { "fuchsia", "#ff00ff" },
	{ "magenta", "#ff00ff" }, { "green", "#008000" }, { "lime", "#00ff00" },
	{ "olive", "#808000" }, { "yellow", "#ffff00" }, { "navy", "#000080" },
	{ "blue", "#0000ff" },	{ "teal", "#008080" },	 { "aqua", "#00ffff" },
	{ "cyan", "#00ffff" },	{ "orange", "#ffa500" }, { "pink", "#ffc0cb" },
	{ "brown", "#a52a2a" }, { "violet", "#ee82ee" }, { "gold", "#ffd700" },
	{ "indigo", "#4b0082" }, { "darkred", "#8b0000" }, { "darkgreen", "#006400" },
	{ "darkblue", "#00008b" }, { "lightgrey", "#d3d3d3" }, { "lightgray", "#d3d3d3" },
};
/* clang-format on */

static bool
is_hex(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		char c = s.p[i] | 0x20;

		if ((s.p[i] < '0' || s.p[i] > '9') && (c < 'a' || c > 'f'))
			return false;
	}
	return s.n > 0 && s.p[0] == '#';
}

/* The six digits that the schema wants; false: no such colour. */
static bool
color_hex(struct slice color, char out[8])
{
	for (size_t i = 0; i < COUNT(colors); i++) {
		if (slice_eq_nocase(color, slice_of(colors[i].name))) {
			memcpy(out, colors[i].hex, 8);
			return true;
		}
	}
	if (!is_hex(color) || (color.n != 7 && color.n != 4))
		return false;
	out[0] = '#';
	for (size_t i = 0; i < 6; i++)
		out[i + 1] = color.p[1 + (color.n == 7 ? i : i / 2)];
	out[7] = '\0';
	return true;
}

static void
put_marks(struct writer *w, unsigned marks, struct slice href, struct slice color)
{
	size_t start = w->out->n;
	char hex[8];

	/* A text is not both below and above. */
	if ((marks & MARK_SUB) != 0)
		marks &= ~MARK_SUP;
	for (size_t i = 0; i < COUNT(mark_rows); i++) {
		if ((marks & mark_rows[i].mark) == 0)
			continue;
		buf_puts(w->out, w->out->n == start ? ",\"marks\":[" : ",");
		buf_puts(w->out, mark_rows[i].json);
	}
	if (color_hex(color, hex)) {
		buf_puts(w->out, w->out->n == start ? ",\"marks\":[" : ",");
		buf_printf(w->out, "{\"type\":\"textColor\",\"attrs\":{\"color\":\"%s\"}}", hex);
	}
	if (href.n > 0) {
		buf_puts(w->out, w->out->n == start ? ",\"marks\":[" : ",");
		buf_puts(w->out, "{\"type\":\"link\",\"attrs\":{");
		put_string(w, "href", href);
		buf_puts(w->out, "}}");
	}
	if (w->out->n != start)
		buf_putc(w->out, ']');
}

static void
put_text(struct writer *w, struct slice text, unsigned marks, struct slice href, struct slice color)
{
	if (text.n == 0)
		return;
	node_open(w, "text");
	put_string(w, "text", text);
	if ((marks & MARK_CODE) != 0) { /* goes with nothing but a link */
		buf_puts(w->out, ",\"marks\":[{\"type\":\"code\"}");
		if (href.n > 0) {
			buf_puts(w->out, ",{\"type\":\"link\",\"attrs\":{");
			put_string(w, "href", href);
			buf_puts(w->out, "}}");
		}
		buf_putc(w->out, ']');
	} else {
		put_marks(w, marks | (w->is_bold > 0 ? MARK_STRONG : 0), href, color);
	}
	node_close(w);
}

static void
put_plain(struct writer *w, struct slice text)
{
	put_text(w, text, 0, SLICE_NONE, SLICE_NONE);
}

/* ---- raw ------------------------------------------------------------------------------------- */

/* One JSON object with a type: what may stand in a document. */
static bool
is_node(struct slice raw)
{
	struct slice type;
	struct json_scan *scan;
	struct arena arena;
	struct err err;
	bool ok = false;

	arena_init(&arena, NULL, raw.n * 2 + 64 * KIB);
	if (raw.n > 0 && arena_reserve(&arena, raw.n, &err)) {
		char *copy = arena_bytes(&arena, raw.n);

		memcpy(copy, raw.p, raw.n);
		scan = json_scan_new(&arena, copy, raw.n, 1, 0, 0);
		ok = json_scan_all(scan, &err) && json_scan_type(scan) == JSON_OBJECT;
		type = ok ? json_scan_get(scan, SLICE_NONE, S("type")) : SLICE_NONE;
		ok = ok && json_type(type) == JSON_STRING && raw.p[0] == '{' &&
		    raw.p[raw.n - 1] == '}';
	}
	arena_fini(&arena);
	return ok;
}

static bool
put_node(struct writer *w, const struct doc *doc)
{
	if (doc->format != TEXT_ADF || !is_node(doc->raw))
		return false;
	if (w->out->n > 0 && w->out->p[w->out->n - 1] == '}')
		buf_putc(w->out, ',');
	buf_put(w->out, doc->raw);
	return true;
}

static void
put_raw_inline(struct writer *w, const struct doc *doc)
{
	struct buf text;

	if (put_node(w, doc))
		return;
	buf_init(&text, NULL, doc->raw.n + 64);
	buf_printf(&text, "{raw:%s}", text_format_name(doc->format));
	buf_put(&text, doc->raw);
	put_text(w, buf_view(&text), MARK_CODE, SLICE_NONE, SLICE_NONE);
	buf_fini(&text);
}

static void
put_code_block(struct writer *w, struct slice language, struct slice text)
{
	node_open(w, "codeBlock");
	if (language.n > 0) {
		attrs_open(w);
		put_string(w, "language", language);
		node_close(w);
	}
	content_open(w);
	if (text.n > 0) {
		node_open(w, "text");
		put_string(w, "text", text);
		node_close(w);
	}
	content_close(w);
}

static void
put_raw_block(struct writer *w, const struct doc *doc)
{
	char language[32];
	int n;

	if (put_node(w, doc))
		return;
	n = snprintf(language, sizeof(language), "raw:%s", text_format_name(doc->format));
	put_code_block(w, (struct slice){ language, (size_t)n }, doc->raw);
}

/* ---- inlines --------------------------------------------------------------------------------- */

static bool
date_part(struct slice text, size_t at, size_t n, uint64_t max, int64_t *out)
{
	uint64_t value;

	if (!slice_to_u64((struct slice){ text.p + at, n }, max, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

/* Milliseconds since 1970 of midnight, UTC. */
static bool
date_ms(struct slice text, int64_t *out)
{
	int64_t year, month, day, era, of_era, of_year;

	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-' ||
	    !date_part(text, 0, 4, 9999, &year) || !date_part(text, 5, 2, 12, &month) ||
	    !date_part(text, 8, 2, 31, &day) || month == 0 || day == 0)
		return false;
	/* Days from civil: years begin in March. */
	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
	*out = (era * 146097 + of_era - 719468) * 86400000;
	return true;
}

static void
put_date(struct writer *w, const struct doc *doc)
{
	int64_t ms;
	char text[24];
	int n;

	if (!date_ms(doc->text, &ms)) {
		put_plain(w, doc->text);
		return;
	}
	n = snprintf(text, sizeof(text), "%lld", (long long)ms);
	put_small(w, "date", "timestamp", (struct slice){ text, (size_t)n });
}

static void
put_mention(struct writer *w, const struct doc *doc)
{
	node_open(w, "mention");
	attrs_open(w);
	put_string(w, "id", doc->id);
	if (doc->text.n > 0) {
		struct buf name;

		buf_init(&name, NULL, doc->text.n + 1);
		buf_putc(&name, '@');
		buf_put(&name, doc->text);
		put_string(w, "text", buf_view(&name));
		buf_fini(&name);
	}
	buf_puts(w->out, "}}");
}

static void
put_emoji(struct writer *w, const struct doc *doc)
{
	if (doc->name.n == 0) {
		put_plain(w, doc->text);
		return;
	}
	node_open(w, "emoji");
	attrs_open(w);
	put_string(w, "shortName", doc->name);
	if (doc->id.n > 0)
		put_string(w, "id", doc->id);
	if (doc->text.n > 0)
		put_string(w, "text", doc->text);
	buf_puts(w->out, "}}");
}

static void
put_status(struct writer *w, const struct doc *doc)
{
	static const char *const known[] = { "neutral", "purple", "blue", "red", "yellow",
		"green" };
	struct slice color = S("neutral");

	for (size_t i = 0; i < COUNT(known); i++) {
		if (slice_eq_nocase(doc->color, slice_of(known[i])))
			color = slice_of(known[i]);
	}
	if (slice_eq_nocase(doc->color, S("grey")) || slice_eq_nocase(doc->color, S("gray")))
		color = S("neutral");
	if (doc->text.n == 0)
		return;
	node_open(w, "status");
	attrs_open(w);
	put_string(w, "text", doc->text);
	put_string(w, "color", color);
	buf_puts(w->out, "}}");
}

/* Where an image cannot stand: its name, as a link where there is an address. */
static void
put_image_name(struct writer *w, const struct doc *doc)
{
	struct slice name = doc->text.n > 0 ? doc->text : doc->id.n > 0 ? doc->id : doc->href;

	put_text(w, name, 0, doc->href, SLICE_NONE);
}

static void
put_break(struct writer *w, const struct doc *doc)
{
	(void)doc;
	node_open(w, "hardBreak");
	node_close(w);
}

static void
put_text_node(struct writer *w, const struct doc *doc)
{
	put_text(w, doc->text, doc->marks, doc->href, doc->color);
}

static void
put_card(struct writer *w, const struct doc *doc)
{
	put_small(w, "inlineCard", "url", doc->href);
}

static void
put_inline_macro(struct writer *w, const struct doc *doc)
{
	if (doc->raw.n > 0)
		put_raw_inline(w, doc);
	else if (doc->text.n > 0)
		put_plain(w, doc->text);
	else
		put_text(w, doc->name, MARK_CODE, SLICE_NONE, SLICE_NONE);
}

/* All inlines below a block, in one line. */
static void
put_flat(struct writer *w, const struct doc *doc)
{
	size_t start;

	if (doc->kind == DOC_CODE) {
		put_text(w, doc->text, MARK_CODE, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (!doc_is_block(doc) || doc->kind == DOC_RAW || doc->kind == DOC_MACRO) {
		put_inline(w, doc);
		return;
	}
	put_plain(w, doc->title);
	for (const struct doc *at = doc->first; at != NULL; at = at->next) {
		start = w->out->n;
		put_flat(w, at);
		if (w->out->n != start && at->next != NULL && doc_is_block(at))
			put_plain(w, at->kind == DOC_CELL ? S(" | ") : S(" "));
	}
}

static void
put_inline(struct writer *w, const struct doc *doc)
{
	/* clang-format off */
	static void (*const puts[DOC_KINDS_N])(struct writer *, const struct doc *) = {
		[DOC_TEXT] = put_text_node,	[DOC_BREAK] = put_break,
		[DOC_IMAGE] = put_image_name,	[DOC_MENTION] = put_mention,
		[DOC_EMOJI] = put_emoji,	[DOC_DATE] = put_date,
		[DOC_STATUS] = put_status,	[DOC_CARD] = put_card,
		[DOC_MACRO] = put_inline_macro,	[DOC_RAW] = put_raw_inline,
	};
	/* clang-format on */

	if (puts[doc->kind] != NULL)
		puts[doc->kind](w, doc);
	else
		put_flat(w, doc);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* What must not be empty holds a paragraph at least. */
static void
put_children(struct writer *w, const struct doc *doc, enum place place)
{
	size_t start;

	content_open(w);
	start = w->out->n;
	put_blocks(w, doc->first, place);
	if (w->out->n == start)
		buf_puts(w->out, "{\"type\":\"paragraph\",\"content\":[]}");
	content_close(w);
}

static void
put_media(struct writer *w, const struct doc *doc)
{
	node_open(w, "mediaSingle");
	buf_puts(w->out, ",\"attrs\":{\"layout\":\"center\"}");
	content_open(w);
	node_open(w, "media");
	attrs_open(w);
	put_string(w, "type", S("external"));
	put_string(w, "url", doc->href);
	if (doc->text.n > 0)
		put_string(w, "alt", doc->text);
	buf_puts(w->out, "}}");
	content_close(w);
}

/* Inlines from first up to the next block, which is returned; images stand between paragraphs. */
static const struct doc *
put_paragraph(struct writer *w, const struct doc *first)
{
	const struct doc *at = first;
	bool is_open = false, is_any = false;

	for (; at != NULL && !doc_is_block(at); at = at->next) {
		bool is_media = at->kind == DOC_IMAGE && at->href.n > 0;

		if (is_open == is_media) {
			if (is_open)
				content_close(w);
			else
				node_open(w, "paragraph"), content_open(w);
			is_open = !is_open;
		}
		if (is_media)
			put_media(w, at);
		else
			put_inline(w, at);
		is_any = true;
	}
	if (!is_any) {
		node_open(w, "paragraph");
		content_open(w);
		is_open = true;
	}
	if (is_open)
		content_close(w);
	return at;
}

static void
put_inlines(struct writer *w, const struct doc *doc)
{
	content_open(w);
	for (const struct doc *at = doc->first; at != NULL; at = at->next)
		put_inline(w, at);
	content_close(w);
}

static void
put_plain_paragraph(struct writer *w, struct slice text, unsigned marks)
{
	node_open(w, "paragraph");
	content_open(w);
	put_text(w, text, marks, SLICE_NONE, SLICE_NONE);
	content_close(w);
}

static void
put_paragraph_block(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	put_paragraph(w, doc->first);
}

static void
put_heading(struct writer *w, const struct doc *doc, enum place place)
{
	unsigned level = doc->level < 1 ? 1 : doc->level > 6 ? 6 : doc->level;

	(void)place;
	node_open(w, "heading");
	attrs_open(w);
	put_number(w, "level", level);
	node_close(w);
	put_inlines(w, doc);
}

static void
put_item(struct writer *w, const struct doc *item)
{
	size_t start;

	node_open(w, "listItem");
	content_open(w);
	start = w->out->n;
	put_blocks(w, item->first, IN_ITEM);
	/* A list in a list needs something before it. */
	if (!w->out->overflow) {
		struct slice got = { w->out->p + start, w->out->n - start };

		if (got.n == 0)
			buf_puts(w->out, "{\"type\":\"paragraph\",\"content\":[]}");
		else if (slice_starts(got, S("{\"type\":\"bulletList")) ||
		    slice_starts(got, S("{\"type\":\"orderedList")))
			put_at(w->out, start, S("{\"type\":\"paragraph\",\"content\":[]},"));
	}
	content_close(w);
}

static void
put_list(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	if (doc->first == NULL)
		return;
	node_open(w, doc->kind == DOC_NUMBERS ? "orderedList" : "bulletList");
	if (doc->kind == DOC_NUMBERS && doc->start != 1) {
		attrs_open(w);
		put_number(w, "order", doc->start);
		node_close(w);
	}
	content_open(w);
	for (const struct doc *item = doc->first; item != NULL; item = item->next)
		put_item(w, item);
	content_close(w);
}

static void
put_local_id(struct writer *w, struct slice id)
{
	char text[16];
	int n;

	n = snprintf(text, sizeof(text), "%u", ++w->tasks);
	put_string(w, "localId", id.n > 0 ? id : (struct slice){ text, (size_t)n });
}

static void
put_tasks(struct writer *w, const struct doc *doc, enum place place)
{
	const struct doc *at;

	if (doc->first == NULL)
		return;
	node_open(w, "taskList");
	attrs_open(w);
	put_local_id(w, doc->id);
	node_close(w);
	content_open(w);
	for (const struct doc *task = doc->first; task != NULL; task = task->next) {
		node_open(w, "taskItem");
		attrs_open(w);
		put_local_id(w, task->id);
		put_string(w, "state",
		    task->is_done ? S("DONE")
				  : S("TO"
				      "DO"));
		node_close(w);
		content_open(w);
		for (at = task->first; at != NULL; at = at->next) {
			if (at->kind != DOC_TASKS)
				put_inline(w, at);
		}
		content_close(w);
		for (at = task->first; at != NULL; at = at->next) {
			if (at->kind == DOC_TASKS)
				put_tasks(w, at, place);
		}
	}
	content_close(w);
}

static void
put_code(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	put_code_block(w, doc->language, doc->text);
}

static void
put_rule(struct writer *w, const struct doc *doc, enum place place)
{
	(void)doc;
	(void)place;
	node_open(w, "rule");
	node_close(w);
}

static void
put_quote(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	node_open(w, "blockquote");
	put_children(w, doc, IN_QUOTE);
}

static void
put_cell(struct writer *w, const struct doc *cell)
{
	node_open(w, cell->is_header ? "tableHeader" : "tableCell");
	if (cell->columns > 1 || cell->rows > 1) {
		attrs_open(w);
		if (cell->columns > 1)
			put_number(w, "colspan", cell->columns);
		if (cell->rows > 1)
			put_number(w, "rowspan", cell->rows);
		node_close(w);
	}
	put_children(w, cell, IN_CELL);
}

static void
put_table(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	if (doc->first == NULL)
		return;
	node_open(w, "table");
	content_open(w);
	for (const struct doc *row = doc->first; row != NULL; row = row->next) {
		node_open(w, "tableRow");
		content_open(w);
		for (const struct doc *cell = row->first; cell != NULL; cell = cell->next)
			put_cell(w, cell);
		content_close(w);
	}
	content_close(w);
}

static void
put_title(struct writer *w, struct slice title)
{
	if (title.n > 0)
		put_plain_paragraph(w, title, MARK_STRONG);
}

static void
put_panel(struct writer *w, const struct doc *doc, enum place place)
{
	static const char *const known[] = { "info", "note", "warning", "success", "error" };
	const char *type = known[0];
	size_t start;

	(void)place;
	for (size_t i = 0; i < COUNT(known); i++) {
		if (slice_eq(doc->name, slice_of(known[i])))
			type = known[i];
	}
	node_open(w, "panel");
	attrs_open(w);
	put_string(w, "panelType", slice_of(type));
	node_close(w);
	content_open(w);
	start = w->out->n;
	put_title(w, doc->title);
	put_blocks(w, doc->first, IN_PANEL);
	if (w->out->n == start)
		put_plain_paragraph(w, SLICE_NONE, 0);
	content_close(w);
}

static void
put_expand(struct writer *w, const struct doc *doc, enum place place)
{
	bool is_nested = place != IN_DOC;

	node_open(w, is_nested ? "nestedExpand" : "expand");
	attrs_open(w);
	put_string(w, "title", doc->title);
	node_close(w);
	put_children(w, doc, is_nested ? IN_NESTED : IN_EXPAND);
}

static void
put_macro(struct writer *w, const struct doc *doc, enum place place)
{
	if (doc->raw.n > 0)
		put_raw_block(w, doc);
	else if (doc->first != NULL)
		put_blocks(w, doc->first, place);
	else
		put_plain_paragraph(w, doc->text.n > 0 ? doc->text : doc->name, 0);
}

static void
put_raw(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	put_raw_block(w, doc);
}

/* ---- where a block may not stand ------------------------------------------------------------- */

static void
put_bold(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	w->is_bold++;
	put_paragraph(w, doc->first);
	w->is_bold--;
}

static void
put_line(struct writer *w, const struct doc *doc, enum place place)
{
	(void)doc;
	(void)place;
	put_plain_paragraph(w, S("---"), 0);
}

static void
put_inside(struct writer *w, const struct doc *doc, enum place place)
{
	put_title(w, doc->title);
	put_blocks(w, doc->first, place);
}

static void
put_rows(struct writer *w, const struct doc *doc, enum place place)
{
	(void)place;
	for (const struct doc *row = doc->first; row != NULL; row = row->next) {
		node_open(w, "paragraph");
		content_open(w);
		put_flat(w, row);
		content_close(w);
	}
}

static void
put_boxes(struct writer *w, const struct doc *doc, enum place place)
{
	const struct doc *at;

	if (doc->first == NULL)
		return;
	node_open(w, "bulletList");
	content_open(w);
	for (const struct doc *task = doc->first; task != NULL; task = task->next) {
		node_open(w, "listItem");
		content_open(w);
		node_open(w, "paragraph");
		content_open(w);
		put_plain(w, task->is_done ? S("[x] ") : S("[ ] "));
		for (at = task->first; at != NULL; at = at->next) {
			if (at->kind != DOC_TASKS)
				put_inline(w, at);
		}
		content_close(w);
		for (at = task->first; at != NULL; at = at->next) {
			if (at->kind == DOC_TASKS)
				put_boxes(w, at, place);
		}
		content_close(w);
	}
	content_close(w);
}

typedef void (*put_fn)(struct writer *w, const struct doc *doc, enum place place);

struct block_row {
	put_fn put, degrade; /* where it may stand, and elsewhere */
};

/* clang-format off */
static const struct block_row block_rows[DOC_KINDS_N] = {
	[DOC_ROOT] =	  { put_inside,		put_inside },
	[DOC_PARAGRAPH] = { put_paragraph_block, put_paragraph_block },
	[DOC_HEADING] =	  { put_heading,	put_bold },
	[DOC_BULLETS] =	  { put_list,		put_list },
	[DOC_NUMBERS] =	  { put_list,		put_list },
	[DOC_ITEM] =	  { put_inside,		put_inside },
	[DOC_TASKS] =	  { put_tasks,		put_boxes },
	[DOC_TASK] =	  { put_inside,		put_inside },
	[DOC_CODE] =	  { put_code,		put_code },
	[DOC_QUOTE] =	  { put_quote,		put_inside },
	[DOC_RULE] =	  { put_rule,		put_line },
	[DOC_TABLE] =	  { put_table,		put_rows },
	[DOC_ROW] =	  { put_inside,		put_inside },
	[DOC_CELL] =	  { put_inside,		put_inside },
	[DOC_PANEL] =	  { put_panel,		put_inside },
	[DOC_EXPAND] =	  { put_expand,		put_inside },
	[DOC_MACRO] =	  { put_macro,		put_macro },
	[DOC_RAW] =	  { put_raw,		put_raw },
};
/* clang-format on */

static void
put_blocks(struct writer *w, const struct doc *first, enum place place)
{
	const struct doc *at = first;

	while (at != NULL) {
		if (!doc_is_block(at)) {
			at = put_paragraph(w, at);
			continue;
		}
		if ((allowed[place] & BIT(at->kind)) != 0)
			block_rows[at->kind].put(w, at, place);
		else
			block_rows[at->kind].degrade(w, at, place);
		at = at->next;
	}
}

void
adf_write(const struct doc *doc, struct buf *out)
{
	struct writer w = { .out = out };

	buf_puts(out, "{\"version\":1,\"type\":\"doc\",\"content\":[");
	put_blocks(&w, doc->first, IN_DOC);
	buf_puts(out, "]}");
}

/*
 * A tree as Markdown that reads back as the same tree: blocks, with the prefix that quotes and
 * lists put before every line.  A table that has merged cells or blocks in its cells, or that is
 * not one row of heads above the rest, is written between lines of colons.  Empty paragraphs are
 * left out: Markdown has none.
 */
#include <stdio.h>

#include "atlassian/text.h"
#include "atlassian/text_markdown.h"

#define LAST_NUMBER 999999999u

static void put_blocks(struct markdown_writer *w, const struct doc *first);

/* ---- lines ----------------------------------------------------------------------------------- */

void
markdown_repeat(struct buf *out, char c, size_t n)
{
	while (n-- > 0)
		buf_putc(out, c);
}

size_t
markdown_longest(struct slice text, char c)
{
	size_t longest = 0, n = 0;

	for (size_t i = 0; i < text.n; i++) {
		n = text.p[i] == c ? n + 1 : 0;
		longest = n > longest ? n : longest;
	}
	return longest;
}

void
markdown_new_line(struct markdown_writer *writer)
{
	buf_putc(writer->out, '\n');
	buf_put(writer->out, buf_view(&writer->prefix));
}

static void
new_blank_line(struct markdown_writer *w)
{
	struct slice prefix = buf_view(&w->prefix);

	while (prefix.n > 0 && prefix.p[prefix.n - 1] == ' ')
		prefix.n--;
	buf_putc(w->out, '\n');
	buf_put(w->out, prefix);
}

/* To where the next block begins; a blank line before it unless it is_tight. */
static void
begin(struct markdown_writer *w, bool is_tight)
{
	if (w->is_fresh) {
		w->is_fresh = false;
		return;
	}
	if (!is_tight)
		new_blank_line(w);
	markdown_new_line(w);
}

/* Blocks behind a marker on their first line and `indent` on the others; false: nothing was. */
static bool
put_behind(
    struct markdown_writer *w, struct slice marker, struct slice indent, const struct doc *first)
{
	size_t n = w->prefix.n;
	bool is_any;

	buf_put(w->out, marker);
	buf_put(&w->prefix, indent);
	w->is_fresh = true;
	put_blocks(w, first);
	is_any = !w->is_fresh;
	if (!is_any && w->out->n > 0 && w->out->p[w->out->n - 1] == ' ')
		w->out->n--;
	w->is_fresh = false;
	w->prefix.n = n;
	return is_any;
}

static bool
is_empty(const struct doc *paragraph)
{
	for (const struct doc *at = paragraph->first; at != NULL; at = at->next) {
		if (at->kind != DOC_TEXT || at->text.n > 0)
			return false;
	}
	return true;
}

/* ---- code ------------------------------------------------------------------------------------ */

static bool
is_word_character(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c != '\0' && memchr("_+#.:-/", c, 7) != NULL);
}

static void
put_language(struct markdown_writer *w, struct slice language)
{
	for (size_t i = 0; i < language.n; i++) {
		unsigned char c = (unsigned char)language.p[i];

		if (is_word_character((char)c) || c >= 0x80)
			buf_putc(w->out, (char)c);
		else
			buf_printf(w->out, "&#%u;", c);
	}
}

static size_t
line_end(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
		n++;
	return n;
}

static void
put_fenced(struct markdown_writer *w, struct slice language, struct slice name, struct slice text)
{
	size_t ticks = markdown_longest(text, '`') + 1, n;

	ticks = ticks < 3 ? 3 : ticks;
	begin(w, false);
	markdown_repeat(w->out, '`', ticks);
	put_language(w, language);
	if (name.n > 0) {
		buf_putc(w->out, ' ');
		put_language(w, name);
	}
	while (text.n > 0) {
		n = line_end(text);
		if (n == 0)
			new_blank_line(w);
		else
			markdown_new_line(w);
		buf_put(w->out, (struct slice){ text.p, n });
		if (n == text.n)
			break;
		n += n + 1 < text.n && text.p[n] == '\r' && text.p[n + 1] == '\n';
		text = (struct slice){ text.p + n + 1, text.n - n - 1 };
		if (text.n == 0) /* the last line is empty */
			new_blank_line(w);
	}
	markdown_new_line(w);
	markdown_repeat(w->out, '`', ticks);
}

static void
put_code(struct markdown_writer *w, const struct doc *doc)
{
	put_fenced(w, doc->language, SLICE_NONE, doc->text);
}

/* What has carriage returns in it is one line, so that none is lost. */
static void
put_raw(struct markdown_writer *w, const struct doc *doc)
{
	bool has_returns = memchr(doc->raw.p, '\r', doc->raw.n) != NULL;
	struct buf language, line;

	buf_init(&language, NULL, 64);
	buf_init(&line, w->out->memory, doc->raw.n * 2 + 1);
	buf_printf(
	    &language, has_returns ? "raw-lines:%s" : "raw:%s", text_format_name(doc->format));
	if (has_returns)
		markdown_fold_lines(&line, doc->raw);
	w->out->overflow |= line.overflow;
	put_fenced(w, buf_view(&language), doc->name, has_returns ? buf_view(&line) : doc->raw);
	buf_fini(&language);
	buf_fini(&line);
}

static void
put_macro(struct markdown_writer *w, const struct doc *doc)
{
	if (doc->raw.n > 0) {
		put_raw(w, doc);
	} else if (doc->first != NULL) {
		put_blocks(w, doc->first);
	} else if (doc->text.n > 0 || doc->name.n > 0) {
		struct doc text = { .kind = DOC_TEXT, .text = doc->text };

		if (text.text.n == 0)
			text.text = doc->name;
		begin(w, false);
		markdown_put_spans(w, &text, SPAN_PARAGRAPH);
	}
}

/* ---- lists ----------------------------------------------------------------------------------- */

static bool is_tight(const struct doc *list);

/* A line, and at most one list that may follow it without a blank line. */
static bool
is_tight_item(const struct doc *item)
{
	const struct doc *first = item->first, *list;

	if (first == NULL || first->kind != DOC_PARAGRAPH || is_empty(first))
		return first == NULL;
	list = first->next;
	if (list == NULL)
		return true;
	return list->next == NULL && (list->kind == DOC_BULLETS || list->kind == DOC_NUMBERS) &&
	    (list->kind == DOC_BULLETS || list->start == 1) && list->first != NULL &&
	    list->first->first != NULL && is_tight(list);
}

static bool
is_tight(const struct doc *list)
{
	for (const struct doc *item = list->first; item != NULL; item = item->next) {
		if (!is_tight_item(item))
			return false;
	}
	return true;
}

static void
put_list(struct markdown_writer *w, const struct doc *list)
{
	bool tight = is_tight(list), turned = w->is_turned;
	unsigned number = list->start > LAST_NUMBER ? LAST_NUMBER : list->start;
	char marker[16], indent[17] = "                ";
	int n;

	for (const struct doc *item = list->first; item != NULL; item = item->next) {
		if (list->kind == DOC_NUMBERS)
			n = snprintf(marker, sizeof(marker), "%u%c ", number, turned ? ')' : '.');
		else
			n = snprintf(marker, sizeof(marker), "%c ", turned ? '*' : '-');
		number += number < LAST_NUMBER;
		begin(w, tight && item != list->first);
		if (put_behind(w, (struct slice){ marker, (size_t)n },
			(struct slice){ indent, (size_t)n }, item->first))
			continue;
		/* md4c 0.4.8 would end outer lists at the blank line behind an empty item. */
		buf_puts(w->out, " &#32;");
	}
}

static void
put_task_lines(struct markdown_writer *w, const struct doc *tasks, char bullet, bool is_nested)
{
	for (const struct doc *task = tasks->first; task != NULL; task = task->next) {
		const struct doc *at;
		size_t n = w->prefix.n;
		char nested = '-';

		begin(w, is_nested || task != tasks->first);
		buf_putc(w->out, bullet);
		buf_puts(w->out, task->is_done ? " [x] " : " [ ] ");
		buf_puts(&w->prefix, "  ");
		at = markdown_put_spans(w, task->first, SPAN_PARAGRAPH);
		for (; at != NULL; at = at->next) {
			if (at->kind != DOC_TASKS)
				continue;
			put_task_lines(w, at, nested, true);
			nested = nested == '-' ? '*' : '-';
		}
		w->prefix.n = n;
	}
}

static void
put_tasks(struct markdown_writer *w, const struct doc *tasks)
{
	put_task_lines(w, tasks, w->is_turned ? '*' : '-', false);
}

/* ---- lines of colons ------------------------------------------------------------------------- */

/* In one line; a title is not Markdown. */
static void
put_title(struct markdown_writer *w, struct slice title)
{
	title = slice_trim(title);
	if (title.n > 0)
		buf_putc(w->out, ' ');
	for (size_t i = 0; i < title.n; i++)
		buf_putc(w->out, title.p[i] == '\n' || title.p[i] == '\r' ? ' ' : title.p[i]);
}

/* A tag alone in its line begins a block of HTML, which only a blank line ends. */
static bool
starts_with_tag(const struct doc *paragraph)
{
	return paragraph->first != NULL && paragraph->first->kind == DOC_BREAK;
}

/* The blocks and the line that closes them. */
static void
put_body(struct markdown_writer *w, const struct doc *doc)
{
	const struct doc *last = doc->last;

	if (doc->first != NULL) {
		markdown_new_line(w);
		w->is_fresh = true;
		put_blocks(w, doc->first);
		if (!w->is_fresh && doc_is_block(last) &&
		    (last->kind != DOC_PARAGRAPH || starts_with_tag(last)))
			new_blank_line(w);
	}
	if (!w->is_fresh)
		markdown_new_line(w);
	w->is_fresh = false;
	buf_puts(w->out, ":::");
}

static void
put_panel(struct markdown_writer *w, const struct doc *panel)
{
	begin(w, false);
	buf_puts(w->out, ":::");
	buf_put(w->out, panel->name.n > 0 ? panel->name : S("info"));
	put_title(w, panel->title);
	put_body(w, panel);
}

static void
put_expand(struct markdown_writer *w, const struct doc *expand)
{
	begin(w, false);
	buf_puts(w->out, ":::expand");
	put_title(w, expand->title);
	put_body(w, expand);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const char *const aligns[] = { "", " left", " center", " right" };

/* Inlines of one line: no break at an end, no two in a row. */
static bool
is_cell_line(const struct doc *first)
{
	const struct doc *before = NULL;

	for (const struct doc *at = first; at != NULL && !doc_is_block(at); at = at->next) {
		if (at->kind == DOC_BREAK &&
		    (before == NULL || before->kind == DOC_BREAK || at->next == NULL))
			return false;
		before = at;
	}
	return true;
}

static bool
is_simple_cell(const struct doc *cell)
{
	if (cell->columns > 1 || cell->rows > 1)
		return false;
	if (cell->first != NULL && !doc_is_block(cell->first)) {
		const struct doc *at = cell->first;

		while (at != NULL && !doc_is_block(at))
			at = at->next;
		return at == NULL && is_cell_line(cell->first);
	}
	for (const struct doc *at = cell->first; at != NULL; at = at->next) {
		if (at->kind != DOC_PARAGRAPH || !is_cell_line(at->first))
			return false;
	}
	return true;
}

static bool
is_blank_cell(const struct doc *cell)
{
	for (const struct doc *at = cell->first; at != NULL; at = at->next) {
		if (at->kind != DOC_PARAGRAPH || !is_empty(at))
			return false;
	}
	return true;
}

/* Cells of row beside those of the first one. */
static bool
is_simple_row(const struct doc *row, const struct doc *first, bool is_head, bool *is_blank)
{
	const struct doc *cell = row->first, *top = first->first;

	for (; cell != NULL && top != NULL; cell = cell->next, top = top->next) {
		if (!is_simple_cell(cell) || cell->is_header != is_head ||
		    cell->align != top->align)
			return false;
		*is_blank &= is_blank_cell(cell);
	}
	return cell == NULL && top == NULL;
}

/* Whether bars can say it: heads in the first row (or none at all), simple cells. */
static bool
is_simple(const struct doc *table)
{
	const struct doc *first = table->first;
	bool has_head, is_blank = true;

	if (first == NULL || first->first == NULL)
		return false;
	has_head = first->first->is_header;
	if (!is_simple_row(first, first, has_head, &is_blank) || (has_head && is_blank))
		return false;
	for (const struct doc *row = first->next; row != NULL; row = row->next) {
		if (!is_simple_row(row, first, false, &is_blank))
			return false;
	}
	return has_head || !is_blank;
}

static void
put_cell_line(struct markdown_writer *w, const struct doc *cell)
{
	bool is_any = false;

	if (cell->first != NULL && !doc_is_block(cell->first)) {
		markdown_put_spans(w, cell->first, SPAN_CELL);
		return;
	}
	for (const struct doc *at = cell->first; at != NULL; at = at->next) {
		if (is_empty(at))
			continue;
		if (is_any)
			buf_puts(w->out, "<br><br>");
		is_any = true;
		markdown_put_spans(w, at->first, SPAN_CELL);
	}
}

static void
put_row_line(struct markdown_writer *w, const struct doc *row, bool is_blank)
{
	for (const struct doc *cell = row->first; cell != NULL; cell = cell->next) {
		buf_puts(w->out, "| ");
		if (!is_blank)
			put_cell_line(w, cell);
		buf_putc(w->out, ' ');
	}
	buf_putc(w->out, '|');
}

static void
put_bars(struct markdown_writer *w, const struct doc *table)
{
	static const char *const rules[] = { "| --- ", "| :-- ", "| :-: ", "| --: " };
	const struct doc *row = table->first;
	bool has_head = row->first->is_header;

	begin(w, false);
	put_row_line(w, row, !has_head);
	markdown_new_line(w);
	for (const struct doc *cell = row->first; cell != NULL; cell = cell->next)
		buf_puts(w->out, rules[cell->align]);
	buf_putc(w->out, '|');
	for (row = has_head ? row->next : row; row != NULL; row = row->next) {
		markdown_new_line(w);
		put_row_line(w, row, false);
	}
}

static void
put_fenced_cell(struct markdown_writer *w, const struct doc *cell)
{
	markdown_new_line(w);
	buf_puts(w->out, ":::cell");
	if (cell->is_header)
		buf_puts(w->out, " header");
	if (cell->columns > 1)
		buf_printf(w->out, " columns=%u", cell->columns);
	if (cell->rows > 1)
		buf_printf(w->out, " rows=%u", cell->rows);
	buf_puts(w->out, aligns[cell->align]);
	put_body(w, cell);
}

static void
put_table(struct markdown_writer *w, const struct doc *table)
{
	if (is_simple(table)) {
		put_bars(w, table);
		return;
	}
	begin(w, false);
	buf_puts(w->out, ":::table");
	for (const struct doc *row = table->first; row != NULL; row = row->next) {
		markdown_new_line(w);
		buf_puts(w->out, ":::row");
		for (const struct doc *cell = row->first; cell != NULL; cell = cell->next)
			put_fenced_cell(w, cell);
		markdown_new_line(w);
		buf_puts(w->out, ":::");
	}
	markdown_new_line(w);
	buf_puts(w->out, ":::");
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void
put_paragraph(struct markdown_writer *w, const struct doc *doc)
{
	begin(w, false);
	markdown_put_spans(w, doc->first, SPAN_PARAGRAPH);
}

static void
put_heading(struct markdown_writer *w, const struct doc *doc)
{
	begin(w, false);
	markdown_repeat(w->out, '#', doc->level < 1 ? 1 : doc->level > 6 ? 6 : doc->level);
	if (is_empty(doc))
		return;
	buf_putc(w->out, ' ');
	markdown_put_spans(w, doc->first, SPAN_HEADING);
}

static void
put_quote(struct markdown_writer *w, const struct doc *doc)
{
	begin(w, false);
	(void)put_behind(w, S("> "), S("> "), doc->first);
}

/* "- ---" would be a rule instead of a list. */
static void
put_rule(struct markdown_writer *w, const struct doc *doc)
{
	bool is_first = w->is_fresh;

	(void)doc;
	begin(w, false);
	buf_puts(w->out, is_first ? "___" : "---");
}

static void
put_inside(struct markdown_writer *w, const struct doc *doc)
{
	put_blocks(w, doc->first);
}

/* Lists of one family that follow each other take turns with their markers. */
static enum doc_kind
list_family(const struct doc *doc)
{
	if (doc->kind == DOC_TASKS)
		return DOC_BULLETS;
	return doc->kind == DOC_BULLETS || doc->kind == DOC_NUMBERS ? doc->kind : DOC_ROOT;
}

/* Markdown cannot say it. */
static bool
is_nothing(const struct doc *doc)
{
	if (doc->kind == DOC_PARAGRAPH)
		return is_empty(doc);
	return doc->first == NULL && (list_family(doc) != DOC_ROOT || doc->kind == DOC_TABLE);
}

static void
put_blocks(struct markdown_writer *w, const struct doc *first)
{
	/* clang-format off */
	static void (*const puts[DOC_KINDS_N])(struct markdown_writer *, const struct doc *) = {
		[DOC_ROOT] = put_inside,	[DOC_PARAGRAPH] = put_paragraph,
		[DOC_HEADING] = put_heading,	[DOC_BULLETS] = put_list,
		[DOC_NUMBERS] = put_list,	[DOC_ITEM] = put_inside,
		[DOC_TASKS] = put_tasks,	[DOC_TASK] = put_inside,
		[DOC_CODE] = put_code,		[DOC_QUOTE] = put_quote,
		[DOC_RULE] = put_rule,		[DOC_TABLE] = put_table,
		[DOC_ROW] = put_inside,		[DOC_CELL] = put_inside,
		[DOC_PANEL] = put_panel,	[DOC_EXPAND] = put_expand,
		[DOC_MACRO] = put_macro,	[DOC_RAW] = put_raw,
	};
	/* clang-format on */
	const struct doc *at = first;
	enum doc_kind last = DOC_ROOT; /* DOC_BULLETS or DOC_NUMBERS: a list stands right before */
	bool is_turned = false;

	while (at != NULL) {
		if (!doc_is_block(at)) {
			begin(w, false);
			at = markdown_put_spans(w, at, SPAN_PARAGRAPH);
			last = DOC_ROOT;
			continue;
		}
		if (!is_nothing(at)) {
			is_turned = list_family(at) == last && last != DOC_ROOT && !is_turned;
			w->is_turned = is_turned;
			last = list_family(at);
			puts[at->kind](w, at);
		}
		at = at->next;
	}
}

void
markdown_write(const struct doc *doc, struct buf *out)
{
	struct markdown_writer writer = { .out = out, .is_fresh = true };

	buf_init(&writer.prefix, out->memory, 64 * KIB);
	put_blocks(&writer, doc->first);
	if (!writer.is_fresh)
		buf_putc(out, '\n');
	buf_fini(&writer.prefix);
}

/*
 * What can be said of a list or a table of Markdown only when it has been read as a whole.
 */
#include "atlassian/text_markdown.h"

static bool
is_task_list(const struct doc *list)
{
	return list->kind == DOC_TASKS;
}

/* One paragraph at most, and lists of tasks behind it. */
static bool
is_task(const struct doc *item)
{
	const struct doc *at = item->first;

	if (item->level == 0)
		return false;
	if (at != NULL && at->kind == DOC_PARAGRAPH)
		at = at->next;
	while (at != NULL && is_task_list(at))
		at = at->next;
	return at == NULL;
}

/* The inlines of the first paragraph take its place. */
static void
unwrap(struct doc *item)
{
	struct doc *paragraph = item->first;

	item->kind = DOC_TASK;
	item->level = 0;
	if (paragraph == NULL || paragraph->kind != DOC_PARAGRAPH)
		return;
	for (struct doc *at = paragraph->first; at != NULL; at = at->next)
		at->parent = item;
	if (paragraph->last == NULL) {
		item->first = paragraph->next;
	} else {
		item->first = paragraph->first;
		paragraph->last->next = paragraph->next;
	}
	if (paragraph->next == NULL)
		item->last = paragraph->last;
}

/* "[x] " before what the item says. */
static void
put_box(struct doc_maker *maker, struct doc *item)
{
	struct doc *old_first, *old_last, *parent = item;

	item->level = 0;
	if (item->first != NULL && item->first->kind == DOC_PARAGRAPH)
		parent = item->first;
	old_first = parent->first;
	old_last = parent->last;
	parent->first = parent->last = NULL;
	if (parent == item) {
		struct doc *paragraph = doc_add(maker, item, DOC_PARAGRAPH);

		if (paragraph == NULL)
			return;
		doc_add_text(maker, paragraph, item->is_done ? S("[x] ") : S("[ ] "), 0, SLICE_NONE,
		    SLICE_NONE);
	} else {
		doc_add_text(maker, parent, item->is_done ? S("[x] ") : S("[ ] "), 0, SLICE_NONE,
		    SLICE_NONE);
	}
	item->is_done = false;
	if (maker->has_failed || old_first == NULL)
		return;
	parent->last->next = old_first;
	parent->last = old_last;
}

/* An item of one space was written for an empty one (see put_list() of the writer). */
static void
empty_items(struct doc *list)
{
	for (struct doc *item = list->first; item != NULL; item = item->next) {
		const struct doc *line = item->first;

		if (line != NULL && line->next == NULL && line->kind == DOC_PARAGRAPH &&
		    line->first != NULL && line->first->next == NULL &&
		    line->first->kind == DOC_TEXT && line->first->marks == 0 &&
		    slice_eq(line->first->text, S(" ")))
			item->first = item->last = NULL;
	}
}

void
markdown_tasks(struct doc_maker *maker, struct doc *list)
{
	struct doc *item = list->first;

	empty_items(list);
	while (list->kind == DOC_BULLETS && item != NULL && is_task(item))
		item = item->next;
	if (list->kind == DOC_BULLETS && list->first != NULL && item == NULL) {
		list->kind = DOC_TASKS;
		for (item = list->first; item != NULL; item = item->next)
			unwrap(item);
		return;
	}
	for (item = list->first; item != NULL && !maker->has_failed; item = item->next) {
		if (item->level != 0)
			put_box(maker, item);
	}
}

void
markdown_table(struct doc *table)
{
	struct doc *row = table->first;

	if (row == NULL || row->next == NULL)
		return;
	for (const struct doc *cell = row->first; cell != NULL; cell = cell->next) {
		if (!cell->is_header || cell->first != NULL)
			return;
	}
	table->first = row->next;
}

bool
markdown_is_url(struct slice s)
{
	static const char *const starts[] = { "data:", "mailto:", "/" };
	const char *colon = s.n > 0 ? memchr(s.p, ':', s.n < 32 ? s.n : 32) : NULL;

	for (size_t i = 0; i < COUNT(starts); i++) {
		if (slice_starts(s, slice_of(starts[i])))
			return true;
	}
	return colon != NULL &&
	    slice_starts((struct slice){ colon, s.n - (size_t)(colon - s.p) }, S("://"));
}

void
markdown_cell(struct doc *cell, struct slice options)
{
	struct slice word, value, rest;
	uint64_t number;

	for (; options.n > 0; options = slice_trim(rest)) {
		word = slice_cut(options, ' ', &rest);
		cell->is_header |= slice_eq(word, S("header"));
		if (slice_eq(word, S("left")))
			cell->align = ALIGN_LEFT;
		else if (slice_eq(word, S("center")))
			cell->align = ALIGN_CENTER;
		else if (slice_eq(word, S("right")))
			cell->align = ALIGN_RIGHT;
		word = slice_cut(word, '=', &value);
		if (!slice_to_u64(value, 1000, &number) || number < 2)
			continue;
		if (slice_eq(word, S("columns")))
			cell->columns = (unsigned)number;
		else if (slice_eq(word, S("rows")))
			cell->rows = (unsigned)number;
	}
}

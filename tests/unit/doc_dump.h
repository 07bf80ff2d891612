/*
 * A tree as text, for comparing: (p "text") with marks, attributes and raw bytes where there are
 * any.  Shared by the tests of the text formats.
 */
#ifndef TESTS_UNIT_DOC_DUMP_H
#define TESTS_UNIT_DOC_DUMP_H

#include "atlassian/text.h"

static inline void
doc_dump_slice(struct buf *out, const char *name, struct slice s)
{
	if (s.n > 0)
		buf_printf(out, " %s=%.*s", name, SLICE_FMT(s));
}

static inline void
doc_dump(struct buf *out, const struct doc *doc, bool has_raw)
{
	static const char *const names[DOC_KINDS_N] = { "root", "p", "h", "ul", "ol", "item",
		"tasks", "task", "code", "quote", "rule", "table", "row", "cell", "panel", "expand",
		"text", "br", "image", "mention", "emoji", "date", "status", "card", "macro",
		"raw" };
	static const char letters[] = "bescud^"; /* of MARK_STRONG, ... */

	buf_printf(out, "(%s", names[doc->kind]);
	if (doc->marks != 0) {
		buf_putc(out, ':');
		for (unsigned i = 0; i < sizeof(letters) - 1; i++) {
			if ((doc->marks & 1u << i) != 0)
				buf_putc(out, letters[i]);
		}
	}
	if (doc->level > 0)
		buf_printf(out, "%u", doc->level);
	if (doc->start > 1)
		buf_printf(out, " start=%u", doc->start);
	if (doc->columns > 1)
		buf_printf(out, " columns=%u", doc->columns);
	if (doc->rows > 1)
		buf_printf(out, " rows=%u", doc->rows);
	if (doc->align != ALIGN_NONE)
		buf_printf(out, " align=%d", (int)doc->align);
	buf_puts(out, doc->is_done ? " done" : "");
	buf_puts(out, doc->is_header ? " header" : "");
	buf_puts(out, doc->is_inline ? " inline" : "");
	doc_dump_slice(out, "href", doc->href);
	doc_dump_slice(out, "name", doc->name);
	doc_dump_slice(out, "title", doc->title);
	doc_dump_slice(out, "id", doc->id);
	doc_dump_slice(out, "language", doc->language);
	doc_dump_slice(out, "color", doc->color);
	if (doc->text.n > 0)
		buf_printf(out, " \"%.*s\"", SLICE_FMT(doc->text));
	if (has_raw)
		doc_dump_slice(out, "raw", doc->raw);
	for (const struct doc *at = doc->first; at != NULL; at = at->next) {
		buf_putc(out, ' ');
		doc_dump(out, at, has_raw);
	}
	buf_putc(out, ')');
}

#endif

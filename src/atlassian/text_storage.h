/*
 * The parts of the reader of storage format: text_storage_read.c (lines, blocks, the table of
 * elements), text_storage_inline.c, text_storage_macro.c.  Private to them.
 */
#ifndef ATLASSIAN_TEXT_STORAGE_H
#define ATLASSIAN_TEXT_STORAGE_H

#include "atlassian/text.h"
#include "atlassian/text_xml.h"

struct style {
	unsigned marks;
	struct slice href, color;
};

/* Where what comes next belongs. */
struct flow {
	struct doc *home;   /* of blocks */
	struct doc *line;   /* of inlines; NULL: the next one opens a paragraph */
	struct slice space; /* white space seen at the end of the line */
	struct style space_style;
	bool is_inline_only; /* blocks cannot be here */
	bool is_in_p;
};

struct reader {
	struct doc_maker *maker;
	struct slice text; /* the whole, in the arena of the tree */
	struct buf scratch;
};

typedef void (*element_fn)(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);

struct element {
	struct slice name;
	element_fn read;
	unsigned arg;
	bool is_block;
};

/* Everything below xml. */
void storage_children(
    struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style);
void
storage_text(struct reader *reader, struct slice s, struct flow *flow, const struct style *style);
/* A new block, or inline, where the flow is; NULL after a failure. */
struct doc *storage_block(struct reader *reader, struct flow *flow, enum doc_kind kind);
struct doc *storage_inline(struct reader *reader, struct flow *flow, enum doc_kind kind);
/* Keeps the bytes of xml in a node that was made for it, or in a DOC_RAW. */
void storage_keep(const struct reader *reader, struct doc *doc, const struct xml *xml);
void storage_raw(struct reader *reader, const struct xml *xml, struct flow *flow, bool is_block);
struct slice storage_plain(struct reader *reader, const struct xml *xml); /* all text below */
struct slice storage_attr(struct reader *reader, const struct xml *xml, struct slice name);

/* Rows of the table of elements. */
void storage_marked(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_line_break(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_span(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_anchor(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_date(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_emoticon(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_image(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_ac_link(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_wrapped(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_macro(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);
void storage_extension(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg);

#endif

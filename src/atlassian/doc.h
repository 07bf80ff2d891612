/*
 * A document between formats: a tree of blocks and inlines.  Readers (text_markdown_read.c, ...)
 * make it, writers print it.  What a reader does not understand becomes DOC_RAW and is written back
 * byte for byte in its own format, and named or quoted in every other; nothing is dropped silently.
 * Everything lives in the arena it was made in.
 */
#ifndef ATLASSIAN_DOC_H
#define ATLASSIAN_DOC_H

#include "base/base.h"

enum doc_kind {
	DOC_ROOT,
	/* blocks */
	DOC_PARAGRAPH,
	DOC_HEADING, /* level */
	DOC_BULLETS, /* of DOC_ITEM */
	DOC_NUMBERS, /* of DOC_ITEM; start, 1 when new */
	DOC_ITEM,    /* of blocks */
	DOC_TASKS,   /* of DOC_TASK */
	DOC_TASK,    /* of inlines and nested DOC_TASKS; is_done; id */
	DOC_CODE,    /* text, language */
	DOC_QUOTE,
	DOC_RULE,
	DOC_TABLE,  /* of DOC_ROW */
	DOC_ROW,    /* of DOC_CELL */
	DOC_CELL,   /* of blocks; is_header, columns, rows, align */
	DOC_PANEL,  /* name: info note warning success error; title */
	DOC_EXPAND, /* title */
	/* inlines */
	DOC_TEXT,  /* text; marks, href, color */
	DOC_BREAK, /* hard line break */
	DOC_IMAGE, /* columns, rows: width and height in pixels; href or, an attachment's name, id;
		      text: alternative */
	DOC_MENTION, /* id; text: the name, without @ */
	DOC_EMOJI,   /* name: ":smile:"; text: the character */
	DOC_DATE,    /* text: YYYY-MM-DD */
	DOC_STATUS,  /* text; color */
	DOC_CARD,    /* href: a link shown as a card */
	/* either: is_inline */
	DOC_MACRO, /* name, text: what it shows, raw: itself, format: of raw; children: its body */
	DOC_RAW,   /* raw, format; name: what it was, for people */
	DOC_KINDS_N
};

#define MARK_STRONG    1u
#define MARK_EM	       2u
#define MARK_STRIKE    4u
#define MARK_CODE      8u
#define MARK_UNDERLINE 16u
#define MARK_SUB       32u
#define MARK_SUP       64u

enum doc_align { ALIGN_NONE, ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT };

enum text_format { TEXT_MARKDOWN, TEXT_ADF, TEXT_WIKI, TEXT_STORAGE, TEXT_FORMATS_N };

struct doc {
	enum doc_kind kind;
	struct doc *parent, *first, *last, *next;
	unsigned depth;
	struct slice text, href, name, title, id, language, color, raw;
	enum text_format format; /* of raw */
	unsigned marks;
	unsigned level, start, columns, rows; /* columns, rows: 0 and 1 are the same */
	enum doc_align align;
	bool is_done, is_header, is_inline;
};

#define DOC_DEPTH 64 /* deeper: ERR_LIMIT */

/* Readers hold one of these while they work; every node is paid for through it. */
struct doc_maker {
	struct arena *arena;
	struct doc *root;
	struct err *err; /* the first failure; nothing is made after it */
	bool has_failed;
};
void doc_maker_init(struct doc_maker *maker, struct arena *arena, struct err *err);
/* A new last child.  NULL after a failure (ERR_LIMIT: memory or depth). */
struct doc *doc_add(struct doc_maker *maker, struct doc *parent, enum doc_kind kind);
/* Text with marks, copied; pieces of one style are joined by doc_finish(). */
void doc_add_text(struct doc_maker *maker, struct doc *parent, struct slice text, unsigned marks,
    struct slice href, struct slice color);
/* Once, when all is made. */
MUST_CHECK bool doc_finish(struct doc_maker *maker);
struct slice doc_dup(struct doc_maker *maker, struct slice s); /* SLICE_NONE after a failure */
bool doc_is_block(const struct doc *doc);

#endif

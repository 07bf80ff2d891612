/*
 * The parts of the reader of Jira's wiki markup: text_wiki_tags.c finds the {macros} and which
 * belong together, text_wiki_read.c makes blocks, text_wiki_inline.c what is within a line.
 * Positions are bytes of text.  Private to them.
 */
#ifndef ATLASSIAN_TEXT_WIKI_H
#define ATLASSIAN_TEXT_WIKI_H

#include "atlassian/text.h"

enum wiki_macro {
	WIKI_MONO, /* {{text}}, as a whole */
	WIKI_CODE,
	WIKI_NOFORMAT,
	WIKI_QUOTE,
	WIKI_PANEL,
	WIKI_INFO,
	WIKI_NOTE,
	WIKI_TIP,
	WIKI_WARNING,
	WIKI_EXPAND,
	WIKI_COLOR,
	WIKI_OTHER,
	WIKI_MACROS_N
};

#define WIKI_NO_MATCH SIZE_MAX

/* {name} or {name:parameters} */
struct wiki_tag {
	size_t at, end;
	size_t match; /* index of the tag that closes this one, or that it closes */
	unsigned name_n;
	enum wiki_macro macro;
	bool is_closing;
};

/* The line that was looked for last: text[from..to). */
struct wiki_line {
	size_t from, to;
};

struct wiki_reader {
	struct doc_maker *maker;
	struct slice text; /* lines end with \n alone */
	struct arena work;
	const struct wiki_tag *tags; /* as they stand in the text */
	size_t tags_n;
	unsigned char *roles; /* of each byte: what a delimiter there does */
	struct buf scratch;
	struct wiki_line *line;
};

struct wiki_style {
	unsigned marks;
	struct slice href, color;
};

/* Fills tags; false: memory, told to the maker. */
MUST_CHECK bool wiki_tags(struct wiki_reader *reader);
size_t
wiki_tag_from(const struct wiki_reader *reader, size_t at); /* first that stands there or later */
const struct wiki_tag *wiki_tag_at(const struct wiki_reader *reader, size_t at); /* NULL: none */
struct slice wiki_tag_name(const struct wiki_reader *reader, const struct wiki_tag *tag);
struct slice wiki_tag_params(const struct wiki_reader *reader, const struct wiki_tag *tag);

/* Adds the inlines of text[at..end) to parent. */
void wiki_inlines(struct wiki_reader *reader, struct doc *parent, size_t at, size_t end,
    const struct wiki_style *style);
/* End of what stands at a place of text[start..end) as one piece without delimiters; at: nothing.
 */
size_t wiki_skip(const struct wiki_reader *reader, size_t start, size_t at, size_t end);
/* A part of text in which only escapes and entities mean something, in scratch. */
struct slice wiki_unescaped(struct wiki_reader *reader, struct slice s);

#endif

/*
 * Text between Markdown (CommonMark with tables, task lists and strike-through), the Atlassian
 * Document Format, Jira's wiki markup and Confluence's storage format.  Through a tree (doc.h): one
 * reader and one writer a format.  Pure functions of their input, linear in its length, bounded by
 * the arena and DOC_DEPTH.
 *
 * What Markdown has no word for is written so that reading it back gives the same:
 *
 *	panel		:::info Title\n...\n:::		(info note warning success error)
 *	expand		:::expand Title\n...\n:::	also {expand:Title}\n...\n{expand}
 *	table of blocks, merged cells, heads elsewhere
 *			:::table :::row :::cell header columns=2 rows=3 center ... ::: ::: :::
 *	table without heads	a first row of empty cells
 *	paragraphs in a cell	<br><br> between them
 *	mention		@[Name](accountid:ID) or, without a name, [~accountid:ID]
 *	status		{status:In progress|color=green}
 *	date		{date:2026-01-31}
 *	emoji		its character; without one {emoji::name:|id=ID}
 *	card		<https://...>  alone in its paragraph or not: a bare link
 *	attachment	![alt](name)
 *	sub, sup, u	<sub>..</sub> <sup>..</sup> <u>..</u>
 *	color		<span style="color: #rrggbb">..</span>
 *	break		a backslash at the end of the line; in tables and headings <br>
 *	what is not understood	a fenced block ```raw:storage (raw:adf, raw:wiki) with its bytes;
 *			within a line: `{raw:storage}<ac:...>`; where bytes are line ends that
 *			Markdown would change, raw-lines: instead of raw:, with \n \r and \\
 *
 * A line of colons alone closes the innermost that is open in its list or quote; any number of
 * colons from three is the same.
 */
#ifndef ATLASSIAN_TEXT_H
#define ATLASSIAN_TEXT_H

#include "atlassian/doc.h"

/* ERR_PARAMS: where the text is not of that format (line, col); Markdown and wiki always are. */
MUST_CHECK bool text_read(struct arena *arena, enum text_format format, struct slice text,
    struct doc **out, struct err *err);
/* ERR_LIMIT: out is full. */
MUST_CHECK bool
text_write(const struct doc *doc, enum text_format format, struct buf *out, struct err *err);
/* From one to the other; the same format: byte for byte, after it was checked. */
MUST_CHECK bool text_convert(struct arena *arena, enum text_format from, struct slice text,
    enum text_format to, struct buf *out, struct err *err);

/* "markdown", "adf", "wiki", "storage". */
const char *text_format_name(enum text_format format);
bool text_format_find(struct slice name, enum text_format *out);

/* One row a format (text.c); each reader and writer in a file of its own. */
bool markdown_read(struct doc_maker *maker, struct slice text);
bool adf_read(struct doc_maker *maker, struct slice text);
bool wiki_read(struct doc_maker *maker, struct slice text);
bool storage_read(struct doc_maker *maker, struct slice text);
void markdown_write(const struct doc *doc, struct buf *out);
void adf_write(const struct doc *doc, struct buf *out);
void wiki_write(const struct doc *doc, struct buf *out);
void storage_write(const struct doc *doc, struct buf *out);

#endif

/*
 * Sections of a page in storage format, by their headings, so that one of them can be changed and
 * every other byte stays as it is.  A section is a heading and what follows it among its siblings,
 * up to the next heading of its level or a higher one.
 */
#ifndef ATLASSIAN_TEXT_SECTION_H
#define ATLASSIAN_TEXT_SECTION_H

#include "base/base.h"

struct section_query {
	struct slice
	    heading;	/* its text, without markup; case and white space at the ends are nothing */
	unsigned level; /* 1-6; 0: any */
	bool is_first;	/* several of that name: the first; else they are an error */
};

/* Bytes of the text: heading text[at..body), what belongs to it text[body..end). */
struct section {
	size_t at, body, end;
	unsigned level;
};

enum section_edit {
	SECTION_REPLACE,     /* what follows the heading */
	SECTION_REPLACE_ALL, /* the heading too */
	SECTION_APPEND,	     /* at the end of the section */
	SECTION_PREPEND,     /* right after the heading */
};

/*
 * ERR_PARAMS: not well-formed, no such heading (says which there are), or several.  The arena holds
 * what is needed meanwhile, about as much as the text has elements.
 */
MUST_CHECK bool section_find(struct arena *arena, struct slice text,
    const struct section_query *query, struct section *out, struct err *err);
/*
 * The text with the section changed; all bytes outside of it are as they were.  ERR_PARAMS: also if
 * the new bytes are not well-formed; ERR_LIMIT: out is full.
 */
MUST_CHECK bool
section_change(struct arena *arena, struct slice text, const struct section_query *query,
    enum section_edit edit, struct slice with, struct buf *out, struct err *err);

#endif

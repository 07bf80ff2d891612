/*
 * Confluence's storage format as a tree of XML with byte positions, and text escaped for it.  The
 * text is a piece of XHTML without a root; prefixes (ac:, ri:, at:) are parts of names.  Nothing is
 * fetched, nothing can be declared: the only entities are those of XHTML 1.0.  Private to text_*.c.
 */
#ifndef ATLASSIAN_TEXT_XML_H
#define ATLASSIAN_TEXT_XML_H

#include "base/base.h"

#define XML_DEPTH 96 /* deeper: ERR_LIMIT */

struct xml_attr {
	struct slice name, value;
};

enum xml_kind { XML_ROOT, XML_ELEMENT, XML_TEXT, XML_OTHER /* comment, processing instruction */ };

struct xml {
	enum xml_kind kind;
	unsigned depth, attrs_n;
	struct xml *parent, *first, *last, *next;
	struct slice name; /* of an element: a part of the input */
	struct slice text; /* of a text: decoded */
	const struct xml_attr *attrs;
	/* Bytes of the input: <at ...>open_end ... close_at</...>end; an empty one: all but at
	 * equal. */
	size_t at, open_end, close_at, end;
};

/*
 * The tree lives in the arena and borrows from text.  ERR_PARAMS: not well-formed, with line and
 * column; ERR_LIMIT: memory or depth.
 */
MUST_CHECK bool xml_read(struct arena *arena, struct slice text, struct xml **out, struct err *err);

struct slice xml_attr(const struct xml *xml, struct slice name);       /* SLICE_NONE: none */
const struct xml *xml_child(const struct xml *xml, struct slice name); /* first of that name */
bool xml_is(const struct xml *xml, struct slice name);		       /* NULL: no */
bool xml_is_blank(struct slice s);				       /* only white space */
void xml_put_plain(const struct xml *xml, struct buf *out);	       /* all text below */
/* Text as content or as an attribute's value between "; what XML cannot hold becomes U+FFFD. */
void xml_put_text(struct buf *out, struct slice s);
void xml_put_cdata(struct buf *out, struct slice s); /* split at ]]> */

#endif

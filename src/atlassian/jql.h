/*
 * Private to atlassian: queries of Jira (JQL) that are put together from parts.  Pure functions.
 *
 * A value gets into a query through jql_quote() alone; a query of the caller through jql_compose(),
 * which lets it be narrowed and never escape: its quotes must be closed and its parentheses must
 * match, it stands between parentheses of ours, and its ORDER BY goes to the end.
 */
#ifndef ATLASSIAN_JQL_H
#define ATLASSIAN_JQL_H

#include "base/base.h"

#define JQL_MAX_BYTES (16 * KIB) /* of a query, as it came and as it is sent */

/* As a string of JQL, in quotes.  Control characters that JQL has no escape for become blanks. */
void jql_quote(struct buf *out, struct slice value);

/* A query cut in two: what selects, and its ORDER BY (SLICE_NONE: none). */
struct jql_parts {
	struct slice where, order;
};
/* ERR_PARAMS: a quote is not closed, parentheses do not match, too long. */
MUST_CHECK bool jql_split(struct slice jql, struct jql_parts *parts, struct err *err);

/*
 * `(where) AND project in (...) ORDER BY ...`; projects_n 0: as it is.  Words that JQL has reserved
 * are quoted where they stand for a project (`project = IS`).
 */
MUST_CHECK bool jql_compose(struct buf *out, struct slice jql, const struct slice *projects,
    size_t projects_n, struct err *err);

#endif

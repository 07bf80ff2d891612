/*
 * Private to atlassian: the tools of mcp-jira-confluence (`compat`, or the toolset "classic").
 *
 * They have their own names and parameters and answer in Markdown.  What they do is done by the
 * tools of this house: a classic tool runs one or two of them as parts of its work, under the same
 * filters and credentials, and writes their results down as text.
 */
#ifndef ATLASSIAN_CLASSIC_H
#define ATLASSIAN_CLASSIC_H

#include "atlassian/tools.h"

/* ---- parts (work_tool.c) --------------------------------------------------------------------- */

/*
 * Runs the tool of that name (behind "jira_", "confluence_"; of the same product) as a part of this
 * work: arguments as the tool takes them; NULL: none.  *out: its result, in the work's arena.
 */
MUST_CHECK bool
work_tool_wait(struct work *work, const char *name, yyjson_mut_val *arguments, yyjson_val **out);
/* What is made, for reading, in the work's arena; NULL: work->err. */
yyjson_val *work_read(struct work *work, yyjson_mut_val *made);
/* The arguments that were given, under the same names. */
yyjson_mut_val *work_given(struct work *work);

/* ---- texts ----------------------------------------------------------------------------------- */

/* A string in a result by its path; absent or empty: otherwise, which may be NULL. */
struct slice text_at(yyjson_val *value, const char *path, const char *otherwise);
/* Without blanks and line ends around it. */
struct slice text_trim(struct slice text);
/* "2026-06-03T09:00:00.000+0000" as "2026-06-03 09:00", or the day alone; others as they are. */
void text_moment(struct buf *out, struct slice moment);
void text_day(struct buf *out, struct slice moment);
/* At most so many characters of it; "..." behind what was cut. */
void text_short(struct buf *out, struct slice text, size_t most);
/* Characters, not bytes. */
size_t text_length(struct slice text);
/* A resource as a block behind the text: its content, Markdown. */
void work_attach_text(struct work *work, struct slice content, const char *uri);

/* What was told is its own resource too, as those clients have it; always true. */
bool classic_told(struct work *work, const char *uri);

/* ---- searches (jira_classic_scrum.c) --------------------------------------------------------- */

/* Id of the field of story points; SLICE_NONE: the site has none. */
MUST_CHECK bool classic_points_field_wait(struct work *work, struct slice *id);
/* Story points of an issue; 0: none. */
double classic_points_of(struct work *work, yyjson_val *issue, struct slice field);
/* fields: comma list; points: one more of them, or SLICE_NONE.  *total: -1: not told. */
MUST_CHECK bool classic_issues_wait(struct work *work, struct slice jql, const char *fields,
    struct slice points, int most, yyjson_val **issues, int64_t *total);

extern const struct tool_set jira_classic_tools, jira_classic_scrum_tools,
    jira_classic_advice_tools, confluence_classic_tools;

#endif

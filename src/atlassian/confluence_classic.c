/*
 * The tools for pages of mcp-jira-confluence: names, parameters and texts are its, what they do is
 * done by get_page, create_page, update_page, add_comment, search.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "atlassian/classic.h"
#include "atlassian/confluence.h"

#define QUESTION_MAX   4096
#define QUERY_MAX      900 /* twice in a CQL of 4 KiB, each byte escaped */
#define SUMMARY_CHARS  1000
#define VERSIONS_SHOWN 25
#define COMMENTS_SHOWN 25

/* "page_id", or "title" and "space_key". */
static bool
page_wait(struct work *work, yyjson_val **page)
{
	yyjson_mut_val *arguments = out_obj(work);
	struct slice id = slice_trim(arg_slice(work, "page_id")), title = arg_slice(work, "title"),
		     space = arg_slice(work, "space_key");
	yyjson_val *reply;

	if (id.n == 0 && (title.n == 0 || space.n == 0))
		return work_fail(work, ERR_PARAMS,
		    "page_id is required, or title and space_key: which page is meant");
	if (id.n > 0) {
		out_slice(work, arguments, "page_id", id);
	} else {
		out_slice(work, arguments, "title", title);
		out_slice(work, arguments, "space_key", space);
	}
	if (!work_tool_wait(work, "get_page", arguments, &reply))
		return false;
	*page = yyjson_obj_get(reply, "metadata");
	return true;
}

static const char *
page_uri(struct work *work, struct slice space, struct slice id)
{
	return space.n > 0 ? work_printf(work, "confluence://space/%.*s/page/%.*s",
				 SLICE_FMT(space), SLICE_FMT(id))
			   : work_printf(work, "confluence://page/%.*s", SLICE_FMT(id));
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool
put_comments_wait(struct work *work, yyjson_val *page)
{
	yyjson_mut_val *arguments = out_obj(work);
	struct buf *out = &work->told;
	yyjson_val *comments, *one;
	size_t i, max, n = 0;

	out_slice(work, arguments, "page_id", text_at(page, "id", ""));
	if (!work_tool_wait(work, "get_comments", arguments, &comments))
		return false;
	yyjson_arr_foreach(comments, i, max, one)
	{
		if (n++ == COMMENTS_SHOWN)
			break;
		buf_puts(out, i == 0 ? "\n\n**Comments:**\n" : "");
		buf_printf(out, "- **%.*s** on %.*s: %.*s\n",
		    SLICE_FMT(text_at(one, "author", "Unknown")),
		    SLICE_FMT(text_at(one, "created", "")),
		    SLICE_FMT(text_trim(text_at(one, "body", ""))));
	}
	return true;
}

static bool
put_history_wait(struct work *work, yyjson_val *page)
{
	const char *id = work_cstr(work, text_at(page, "id", "")), *author;
	struct buf *out = &work->told;
	yyjson_val *reply, *one;
	size_t i, max;

	if (id == NULL)
		return false;
	if (work->is_cloud
		? !work_get_wait(work, &reply, "/api/v2/pages/{page}/versions", "page", id, "limit",
		      work_number(work, VERSIONS_SHOWN), NULL)
		: !work_get_wait(work, &reply, "/rest/api/content/{page}/version", "page", id,
		      "expand", "by", "limit", work_number(work, VERSIONS_SHOWN), NULL))
		return false;
	yyjson_arr_foreach(yyjson_obj_get(reply, "results"), i, max, one)
	{
		author = work_cstr(work, text_at(one, "by/displayName", NULL));
		if (author == NULL)
			author = person_name(work, work_cstr(work, text_at(one, "authorId", NULL)));
		buf_puts(out, i == 0 ? "\n\n**History:**\n" : "");
		buf_printf(out, "- Version %lld by %s on %.*s\n",
		    (long long)yyjson_get_sint(yyjson_obj_get(one, "number")),
		    author != NULL ? author : "Unknown",
		    SLICE_FMT(text_at(one, "when", work->is_cloud ? NULL : "Unknown")));
	}
	return true;
}

static bool
get_page(struct work *work)
{
	struct buf *out = &work->told;
	yyjson_val *page;

	if (!page_wait(work, &page))
		return false;
	buf_printf(out, "**Title:** %.*s\n**Space:** %.*s\n**Version:** %lld\n\n%.*s",
	    SLICE_FMT(text_at(page, "title", "")),
	    SLICE_FMT(text_at(page, "space/name", "Unknown Space")),
	    (long long)yyjson_get_sint(yyjson_obj_get(page, "version")),
	    SLICE_FMT(text_trim(text_at(page, "content/value", ""))));
	return (!arg_bool(work, "include_comments") || put_comments_wait(work, page)) &&
	    (!arg_bool(work, "include_history") || put_history_wait(work, page));
}

static bool
ask_page(struct work *work)
{
	struct slice kind = arg_slice(work, "context_type"), text;
	struct buf *out = &work->told;
	yyjson_val *page;

	if (!page_wait(work, &page))
		return false;
	text = text_trim(text_at(page, "content/value", ""));
	buf_printf(out, "**Question:** %.*s\n\n**Page:** %.*s\n**Space:** %.*s\n\n",
	    SLICE_FMT(arg_slice(work, "question")), SLICE_FMT(text_at(page, "title", "")),
	    SLICE_FMT(text_at(page, "space/name", "Unknown Space")));
	buf_printf(out,
	    "**Answer based on page content:**\n\n"
	    "Here is the relevant content from the Confluence page to help answer your "
	    "question:\n\n**Context (%.*s):**\n",
	    SLICE_FMT(kind));
	text_short(out, text, slice_eq(kind, S("summary")) ? SUMMARY_CHARS : SIZE_MAX);
	if (!slice_eq(kind, S("details")))
		buf_printf(out,
		    "\n\nPlease note: This is a %.*s view. For complete details, use "
		    "context_type='details'.",
		    SLICE_FMT(kind));
	return true;
}

/* ---- searching ------------------------------------------------------------------------------- */

/* Words that only CQL has, as that server looks for them. */
static bool
looks_like_cql(const char *query)
{
	static const char *const words[] = { " and ", " or ", " not ", "=", "~", "in (", "not in (",
		"order by", "space.key", "lastmodified", "created" };

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcasestr(query, words[i]) != NULL)
			return true;
	}
	return false;
}

static size_t
words_in(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0';) {
		size_t blanks = strspn(p, " \t\r\n"), word = strcspn(p + blanks, " \t\r\n");

		n += word > 0;
		p += blanks + word;
	}
	return n;
}

/* NULL: work->err. */
static const char *
cql_make(struct work *work)
{
	struct slice query = slice_trim(arg_slice(work, "query"));
	const char *text = work_cstr(work, query), *space = arg_str(work, "space_key"), *cql,
		   *quoted;

	if (text == NULL)
		return NULL;
	quoted = cql_quote(work, query);
	if (looks_like_cql(text))
		cql = strcasestr(text, "type") != NULL
		    ? text
		    : work_printf(work, "type = page AND (%s)", text);
	else if (words_in(text) <= 4 && strpbrk(text, "\"'") == NULL)
		cql =
		    work_printf(work, "type = page AND (title ~ %s OR text ~ %s)", quoted, quoted);
	else
		cql = work_printf(work, "type = page AND text ~ %s", quoted);
	if (space == NULL || *space == '\0' || strcasestr(cql, "space.key") != NULL)
		return cql;
	if (!space_check(work, space))
		return NULL;
	return work_printf(work, "%s AND space.key = %s", cql, cql_quote(work, slice_of(space)));
}

static bool
search(struct work *work)
{
	const char *cql = cql_make(work);
	yyjson_mut_val *arguments = out_obj(work);
	int64_t most = arg_int(work, "max_results");
	struct buf *out = &work->told;
	yyjson_val *found, *one;
	size_t i, max;

	if (cql == NULL)
		return false;
	out_str(work, arguments, "query", cql);
	out_int(work, arguments, "limit", most > 50 ? 50 : most < 1 ? 1 : most);
	if (!work_tool_wait(work, "search", arguments, &found))
		return false;
	if (yyjson_arr_size(found) == 0) {
		buf_printf(out,
		    "No Confluence pages found matching the query.\n\n**Enhanced CQL used:** `%s`",
		    cql);
		return true;
	}
	buf_printf(out, "**Enhanced CQL Query:** `%s`\n\n**Found %zu page(s):**\n\n", cql,
	    yyjson_arr_size(found));
	yyjson_arr_foreach(found, i, max, one)
	{
		buf_printf(out, "- **%.*s** (ID: %.*s)\n  Space: %.*s | Last Modified: %.*s\n\n",
		    SLICE_FMT(text_at(one, "title", "")), SLICE_FMT(text_at(one, "id", "")),
		    SLICE_FMT(text_at(one, "space/name", "Unknown Space")),
		    SLICE_FMT(text_at(one, "updated", "Unknown")));
	}
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What begins and ends as a tag does is storage format, all else Markdown. */
static const char *
format_of(struct slice text)
{
	struct slice inner = text_trim(text);

	return inner.n > 1 && inner.p[0] == '<' && inner.p[inner.n - 1] == '>' ? "storage"
									       : "markdown";
}

static bool
create_page(struct work *work)
{
	yyjson_mut_val *arguments = work_given(work);
	yyjson_val *made;
	const char *text;

	out_str(work, arguments, "content_format", format_of(arg_slice(work, "content")));
	if (!work_tool_wait(work, "create_page", arguments, &made))
		return false;
	text =
	    work_printf(work, "Created Confluence page: %.*s", SLICE_FMT(arg_slice(work, "title")));
	buf_puts(&work->told, text);
	work_attach_text(work, slice_of(text),
	    page_uri(work, arg_slice(work, "space_key"), text_at(made, "page/id", "")));
	return true;
}

static bool
update_page(struct work *work)
{
	yyjson_mut_val *arguments = work_given(work);
	yyjson_val *made;
	const char *text;

	/* The version that the caller saw is the one that is there, or nothing is written. */
	yyjson_mut_obj_remove_key(arguments, "version");
	if (arg_has(work, "version"))
		out_int(work, arguments, "expected_version", arg_int(work, "version"));
	out_str(work, arguments, "content_format", format_of(arg_slice(work, "content")));
	if (!work_tool_wait(work, "update_page", arguments, &made))
		return false;
	text = work_printf(work, "Updated Confluence page: %.*s to version %lld",
	    SLICE_FMT(arg_slice(work, "title")),
	    (long long)yyjson_get_sint(json_at(made, "page/version")));
	buf_puts(&work->told, text);
	work_attach_text(work, slice_of(text),
	    page_uri(work, text_at(made, "page/space/key", NULL), text_at(made, "page/id", "")));
	return true;
}

/* A comment in storage format, as that server takes it, becomes Markdown, which ours takes. */
static bool
comment_page(struct work *work)
{
	struct slice comment = arg_slice(work, "comment"), text = comment;
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *arguments = out_obj(work);
	struct page page;
	yyjson_val *made;

	if (id == NULL || !page_get_wait(work, id, 0, WITHOUT_BODY, &page))
		return false;
	if (strcmp(format_of(comment), "storage") == 0 &&
	    !work_text(work, comment, TEXT_STORAGE, TEXT_MARKDOWN, &text))
		return false;
	out_str(work, arguments, "page_id", id);
	out_slice(work, arguments, "body", text);
	if (!work_tool_wait(work, "add_comment", arguments, &made))
		return false;
	buf_puts(&work->told, "Added comment to Confluence page");
	work_attach_text(work, slice_of(work_printf(work, "Comment added to page: %s", page.title)),
	    page_uri(work, slice_of(page.space_key), slice_of(id)));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define WHICH_ARGS \
	{ .name = "page_id", .type = ARG_PAGE, .help = "Id of the page" }, \
	    { .name = "title", \
		    .type = ARG_STR, \
		    .max = 1020, \
		    .help = "Its title, with space_key" }, \
	{ \
		.name = "space_key", .type = ARG_SPACE, .help = "Key of its space" \
	}

static const struct tool rows[] = {
	{ .name = "create-confluence-page",
	    .title = "Create Confluence Page",
	    .help = "Create a new Confluence page.",
	    .toolset = "classic",
	    .flags = WRITES | CLASSIC,
	    .run = create_page,
	    ARGS({ .name = "space_key",
		     .type = ARG_SPACE,
		     .flags = REQUIRED,
		     .max = 255,
		     .help = "Key of the space" },
		{ .name = "title",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .max = 1020,
		    .help = "Title" },
		{ .name = "content",
		    .type = ARG_TEXT,
		    .flags = REQUIRED,
		    .help = "Markdown, or storage format (<...>)" },
		{ .name = "parent_id", .type = ARG_PAGE, .help = "Id of the page above it" }) },
	{ .name = "update-confluence-page",
	    .title = "Update Confluence Page",
	    .help = "Write a Confluence page anew; with version only if it is still at that.",
	    .toolset = "classic",
	    .flags = WRITES | DESTROYS | CLASSIC,
	    .run = update_page,
	    ARGS(PAGE_ID,
		{ .name = "title",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .max = 1020,
		    .help = "Title" },
		{ .name = "content",
		    .type = ARG_TEXT,
		    .flags = REQUIRED,
		    .help = "Markdown, or storage format (<...>)" },
		{ .name = "version",
		    .type = ARG_INT,
		    .min = 1,
		    .max = INT32_MAX,
		    .help = "The version that you have read; absent: any" }) },
	{ .name = "comment-confluence-page",
	    .title = "Comment Confluence Page",
	    .help = "Add a comment to a Confluence page.",
	    .toolset = "classic",
	    .flags = WRITES | CLASSIC,
	    .run = comment_page,
	    ARGS(PAGE_ID,
		{ .name = "comment",
		    .type = ARG_TEXT,
		    .flags = REQUIRED,
		    .help = "Markdown, or storage format (<...>)" }) },
	{ .name = "get-confluence-page",
	    .title = "Get Confluence Page",
	    .help = "One Confluence page, by its id or by title and space.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = get_page,
	    ARGS(WHICH_ARGS,
		{ .name = "include_comments",
		    .type = ARG_BOOL,
		    .fallback = "false",
		    .help = "Its comments too" },
		{ .name = "include_history",
		    .type = ARG_BOOL,
		    .fallback = "false",
		    .help = "Its versions too" }) },
	{ .name = "search-confluence",
	    .title = "Search Confluence",
	    .help = "Find Confluence pages by words or by CQL.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = search,
	    ARGS({ .name = "query",
		     .type = ARG_STR,
		     .flags = REQUIRED,
		     .max = QUERY_MAX,
		     .help = "Words, or CQL" },
		{ .name = "space_key", .type = ARG_SPACE, .help = "Only in this space" },
		{ .name = "max_results",
		    .type = ARG_INT,
		    .fallback = "10",
		    .help = "Most pages, up to 50" }) },
	{ .name = "ask-confluence-page",
	    .title = "Ask Confluence Page",
	    .help = "The text of a Confluence page beside a question about it.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = ask_page,
	    ARGS(WHICH_ARGS,
		{ .name = "question",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .max = QUESTION_MAX,
		    .help = "The question" },
		{ .name = "context_type",
		    .type = ARG_STR,
		    .fallback = "\"summary\"",
		    .one_of = "summary|details|specific",
		    .help = "summary: the beginning of the page, else all of it" }) },
};
const struct tool_set confluence_classic_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

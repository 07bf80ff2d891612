/*
 * Comments.  Those of service projects go through the service desk's API when they are said to be
 * public or internal; in a project that allows internal ones only, nothing else is let through.
 */
#include "atlassian/jira.h"

#define BODY_MAX     1000000
#define COMMENTS_MAX 1000
#define PAGE	     100

/* ---- results --------------------------------------------------------------------------------- */

/* The service desk has its own form of a date. */
static yyjson_mut_val *
created(struct work *work, yyjson_val *comment)
{
	yyjson_val *when = yyjson_obj_get(comment, "created");

	if (yyjson_is_obj(when))
		when = yyjson_obj_get(when, "iso8601");
	return yyjson_is_str(when) ? yyjson_val_mut_copy(work->doc, when) : NULL;
}

LOCAL_SHAPE(said_shape, { "id", SHAPE_STR }, { "body", SHAPE_TEXT, .help = "Markdown" },
    { "created", SHAPE_FN, "", .fn = created }, { "updated", SHAPE_STR },
    { "author", SHAPE_FN, .fn = jira_person }, { "public", SHAPE_BOOL });

static bool
comment_show(struct work *work, yyjson_val *reply, struct slice key, const char *what)
{
	work->out = shape_make(work, &said_shape, reply);
	work->summary = slice_of(work_printf(work, "comment %.*s %s on %.*s",
	    SLICE_FMT(json_slice(yyjson_obj_get(reply, "id"))), what, SLICE_FMT(key)));
	return true;
}

/* ---- requests -------------------------------------------------------------------------------- */

bool
jira_visibility_put(struct work *work, const char *arg, yyjson_mut_val *comment)
{
	yyjson_val *visibility = arg_json(work, arg);

	if (visibility == NULL)
		return true;
	if (!yyjson_is_str(yyjson_obj_get(visibility, "type")) ||
	    !yyjson_is_str(yyjson_obj_get(visibility, "value")))
		return work_fail(work, ERR_PARAMS,
		    "%s must be {\"type\": \"group\" or \"role\", \"value\": its name}", arg);
	out_copy(work, comment, "visibility", visibility);
	return true;
}

static bool
body_make(struct work *work, yyjson_mut_val **out)
{
	yyjson_mut_val *text;

	*out = out_obj(work);
	if (!jira_text(work, arg_slice(work, "body"), &text))
		return false;
	out_val(work, *out, "body", text);
	return jira_visibility_put(work, "visibility", *out);
}

/* Both deployments take wiki markup here. */
static bool
desk_add_wait(struct work *work, struct slice key, bool is_public)
{
	struct slice text = arg_slice(work, "body");
	yyjson_mut_val *body = out_obj(work);
	yyjson_val *reply;

	if (!work->site->config->no_markup &&
	    !work_text(work, text, TEXT_MARKDOWN, TEXT_WIKI, &text))
		return false;
	out_slice(work, body, "body", text);
	out_bool(work, body, "public", is_public);
	return work_send_wait(work, "POST", body, &reply,
		   "/rest/servicedeskapi/request/{key}/comment", "key", work_cstr(work, key),
		   NULL) &&
	    comment_show(work, reply, key, is_public ? "added, public," : "added, internal,");
}

static bool
is_empty(struct work *work, struct slice text)
{
	return slice_trim(text).n == 0 && !work_fail(work, ERR_PARAMS, "body is empty");
}

/* ---- tools ----------------------------------------------------------------------------------- */

static bool
add_comment(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key;
	bool has_public = arg_has(work, "public"), is_public = arg_bool(work, "public");
	yyjson_mut_val *body;
	yyjson_val *reply;

	if (is_empty(work, arg_slice(work, "body")) || !jira_guard_wait(work, asked, &key))
		return false;
	if (jira_is_internal_only(work, key) && (!has_public || is_public))
		return work_fail(work, ERR_REFUSED,
		    "comments in %.*s must be internal: set public to false",
		    SLICE_FMT(jira_project_of(key)));
	if (has_public && arg_json(work, "visibility") != NULL)
		return work_fail(work, ERR_PARAMS, "public and visibility exclude each other");
	if (has_public)
		return desk_add_wait(work, key, is_public);
	return body_make(work, &body) &&
	    work_send_wait(work, "POST", body, &reply, "{api}/issue/{key}/comment", "key",
		work_cstr(work, key), NULL) &&
	    comment_show(work, reply, key, "added");
}

/* The platform's API keeps a comment as public or internal as it is: so it must be internal. */
static bool
internal_check_wait(struct work *work, struct slice key)
{
	yyjson_val *reply;

	if (!jira_is_internal_only(work, key))
		return true;
	if (!work_get_wait(work, &reply, "/rest/servicedeskapi/request/{key}/comment/{comment_id}",
		"key", work_cstr(work, key), NULL))
		return err_prefix(work->err, "whether the comment is internal could not be seen");
	return yyjson_is_false(yyjson_obj_get(reply, "public")) ||
	    work_fail(work, ERR_REFUSED,
		"comments in %.*s must be internal, and this one is public",
		SLICE_FMT(jira_project_of(key)));
}

static bool
edit_comment(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key;
	yyjson_mut_val *body;
	yyjson_val *reply;

	return !is_empty(work, arg_slice(work, "body")) && jira_guard_wait(work, asked, &key) &&
	    internal_check_wait(work, key) && body_make(work, &body) &&
	    work_send_wait(work, "PUT", body, &reply, "{api}/issue/{key}/comment/{comment_id}",
		"key", work_cstr(work, key), NULL) &&
	    comment_show(work, reply, key, "edited");
}

LOCAL_SHAPE(comments_shape, { "issue_key", SHAPE_STR }, { "total", SHAPE_INT },
    { "comments", SHAPE_LIST, .of = &jira_comment_shape },
    { "next_start_at", SHAPE_INT, .help = "start_at of the rest" });

static bool
get_comments(struct work *work)
{
	bool is_newest = slice_eq(arg_slice(work, "order"), S("newest"));
	int64_t start = arg_int(work, "start_at"), total;
	yyjson_mut_val *list = out_arr(work);
	struct pages pages;
	struct slice key;

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key))
		return false;
	pages_init(&pages, work, PAGE_START_AT,
	    work_path(work, "{api}/issue/{key}/comment", "key", work_cstr(work, key), "orderBy",
		is_newest ? "-created" : "created", NULL),
	    "comments", start, arg_int(work, "limit"), PAGE);
	if (!pages_show_wait(&pages, &jira_comment_shape, list))
		return false;
	total = pages.total >= 0 ? pages.total : start + pages.seen;
	work->out = out_obj(work);
	out_slice(work, work->out, "issue_key", key);
	out_int(work, work->out, "total", total);
	out_val(work, work->out, "comments", list);
	if (start + pages.seen < total)
		out_int(work, work->out, "next_start_at", start + pages.seen);
	work->summary = slice_of(work_printf(work, "%lld of %lld comments on %.*s",
	    (long long)pages.seen, (long long)total, SLICE_FMT(key)));
	return true;
}

static bool
delete_comment(struct work *work)
{
	struct slice key;

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key) ||
	    !work_send_wait(work, "DELETE", NULL, NULL, "{api}/issue/{key}/comment/{comment_id}",
		"key", work_cstr(work, key), NULL))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "message",
	    work_printf(work, "Comment %s of %.*s has been deleted", arg_str(work, "comment_id"),
		SLICE_FMT(key)));
	return true;
}

#define VISIBILITY_ARG \
	{ \
		"visibility", ARG_OBJECT, 0, \
		    "Who sees it: {\"type\": \"group\" or \"role\", \"value\": name}" \
	}

static const struct tool tools[] = {
	{ .name = "add_comment",
	    .title = "Add Comment",
	    .help = "Comment on an issue, in Markdown.",
	    .toolset = "jira_comments",
	    .flags = WRITES,
	    .run = add_comment,
	    .shape = &said_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "body", ARG_TEXT, REQUIRED, "Text in Markdown", NULL, 0, BODY_MAX },
		VISIBILITY_ARG,
		{ "public", ARG_BOOL, 0,
		    "Service projects only: true: customers see it; false: internal" }) },
	{ .name = "edit_comment",
	    .title = "Edit Comment",
	    .help = "Replace the text of a comment.",
	    .toolset = "jira_comments",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = edit_comment,
	    .shape = &said_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "comment_id", ARG_ID, REQUIRED, "Id of the comment", NULL, 0, 40 },
		{ "body", ARG_TEXT, REQUIRED, "The new text in Markdown", NULL, 0, BODY_MAX },
		VISIBILITY_ARG) },
	{ .name = "get_comments",
	    .title = "Get Comments",
	    .help = "The comments on an issue.",
	    .toolset = "jira_comments",
	    .flags = READS | IDEMPOTENT,
	    .run = get_comments,
	    .shape = &comments_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "order", ARG_STR, 0, "Which come first", "\"oldest\"",
		    .one_of = "oldest|newest" },
		{ "start_at", ARG_INT, 0, "Comments left out at the start", "0", 0, INT32_MAX },
		{ "limit", ARG_INT, 0, "Most results", "50", 1, COMMENTS_MAX }) },
	{ .name = "delete_comment",
	    .title = "Delete Comment",
	    .help = "Delete a comment. It cannot be undone.",
	    .toolset = "jira_comments",
	    .flags = WRITES | DESTROYS,
	    .run = delete_comment,
	    .shape = &jira_message_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "comment_id", ARG_ID, REQUIRED, "Id of the comment", NULL, 0, 40 }) },
};
const struct tool_set jira_comment_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

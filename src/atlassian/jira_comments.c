/*
 * Comments.  Those of service projects go through the service desk's API when they are said to be
 * public or internal; in a project that allows internal ones only, nothing else is let through.
 */
#include "atlassian/jira.h"

#define BODY_MAX 1000000

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

static yyjson_mut_val *
author(struct work *work, yyjson_val *comment)
{
	yyjson_val *name = json_at(comment, "author/displayName");

	if (!yyjson_is_str(name))
		name = json_at(comment, "author/name");
	return yyjson_is_str(name) ? yyjson_val_mut_copy(work->doc, name) : NULL;
}

LOCAL_SHAPE(said_shape, { "id", SHAPE_STR }, { "body", SHAPE_TEXT, .help = "Markdown" },
    { "created", SHAPE_FN, "", .fn = created }, { "updated", SHAPE_STR },
    { "author", SHAPE_FN, "", .fn = author }, { "public", SHAPE_BOOL });

static bool
comment_show(struct work *work, yyjson_val *reply, struct slice key, const char *what)
{
	work->out = shape_make(work, &said_shape, reply);
	work->summary = slice_of(work_printf(work, "comment %.*s %s on %.*s",
	    SLICE_FMT(json_slice(yyjson_obj_get(reply, "id"))), what, SLICE_FMT(key)));
	return true;
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool
body_make(struct work *work, yyjson_mut_val **out)
{
	yyjson_val *visibility = arg_json(work, "visibility");
	yyjson_mut_val *text;

	*out = out_obj(work);
	if (!jira_text(work, arg_slice(work, "body"), &text))
		return false;
	out_val(work, *out, "body", text);
	if (visibility == NULL)
		return true;
	if (!yyjson_is_str(yyjson_obj_get(visibility, "type")) ||
	    !yyjson_is_str(yyjson_obj_get(visibility, "value")))
		return work_fail(work, ERR_PARAMS,
		    "visibility must be {\"type\": \"group\" or \"role\", \"value\": its name}");
	out_copy(work, *out, "visibility", visibility);
	return true;
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
};
const struct tool_set jira_comment_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

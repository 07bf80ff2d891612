/*
 * Links: between issues, to an epic, and to places elsewhere.  Both ends of a link must be in
 * projects that the site shows; a comment beside a link goes where comments may be public.
 */
#include "atlassian/jira.h"

#define URL_MAX	 2000
#define TEXT_MAX 1000000

/* ---- get_link_types -------------------------------------------------------------------------- */

LOCAL_SHAPE(type_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "inward", SHAPE_STR },
    { "outward", SHAPE_STR }, { "self", SHAPE_STR });
LOCAL_SHAPE(types_shape, { "result", SHAPE_LIST, .of = &type_shape });

static bool
get_link_types(struct work *work)
{
	struct slice word = slice_trim(arg_slice(work, "name_filter"));
	yyjson_val *reply, *type;
	size_t i, max;

	if (!work_get_wait(work, &reply, "{api}/issueLinkType", NULL))
		return false;
	work->out = out_arr(work);
	yyjson_arr_foreach(yyjson_obj_get(reply, "issueLinkTypes"), i, max, type)
	{
		if (word.n == 0 || jira_holds(json_slice(yyjson_obj_get(type, "name")), word))
			yyjson_mut_arr_append(work->out, shape_make(work, &type_shape, type));
	}
	return true;
}

/* ---- create_issue_link ----------------------------------------------------------------------- */

LOCAL_SHAPE(linked_shape, { "success", SHAPE_BOOL }, { "message", SHAPE_STR },
    { "link_type", SHAPE_STR }, { "inward_issue", SHAPE_STR }, { "outward_issue", SHAPE_STR });

static bool
comment_put(struct work *work, struct slice inward, struct slice outward, yyjson_mut_val *body)
{
	yyjson_mut_val *comment = out_obj(work), *text;
	bool is_internal =
	    jira_is_internal_only(work, inward) || jira_is_internal_only(work, outward);

	if (slice_trim(arg_slice(work, "comment")).n == 0)
		return true;
	if (is_internal)
		return work_fail(work, ERR_REFUSED,
		    "comments in %.*s must be internal, which a link's cannot be: add it by add_comment with public=false",
		    SLICE_FMT(
			jira_project_of(jira_is_internal_only(work, inward) ? inward : outward)));
	if (!jira_text(work, arg_slice(work, "comment"), &text))
		return false;
	out_val(work, comment, "body", text);
	out_val(work, body, "comment", comment);
	return jira_visibility_put(work, "comment_visibility", comment);
}

static yyjson_mut_val *
end_of(struct work *work, struct slice key)
{
	yyjson_mut_val *issue = out_obj(work);

	out_slice(work, issue, "key", key);
	return issue;
}

static bool
create_issue_link(struct work *work)
{
	struct slice inward, outward, name = slice_trim(arg_slice(work, "link_type"));
	yyjson_mut_val *body = out_obj(work), *type = out_obj(work);

	if (name.n == 0)
		return work_fail(work, ERR_PARAMS, "link_type is empty");
	if (!jira_guard_wait(work, arg_slice(work, "inward_issue_key"), &inward) ||
	    !jira_guard_wait(work, arg_slice(work, "outward_issue_key"), &outward))
		return false;
	out_slice(work, type, "name", name);
	out_val(work, body, "type", type);
	out_val(work, body, "inwardIssue", end_of(work, inward));
	out_val(work, body, "outwardIssue", end_of(work, outward));
	if (!comment_put(work, inward, outward, body) ||
	    !work_send_wait(work, "POST", body, NULL, "{api}/issueLink", NULL))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message",
	    work_printf(
		work, "Link created between %.*s and %.*s", SLICE_FMT(inward), SLICE_FMT(outward)));
	out_slice(work, work->out, "link_type", name);
	out_slice(work, work->out, "inward_issue", inward);
	out_slice(work, work->out, "outward_issue", outward);
	return true;
}

/* ---- remove_issue_link ----------------------------------------------------------------------- */

LOCAL_SHAPE(
    removed_shape, { "success", SHAPE_BOOL }, { "message", SHAPE_STR }, { "link_id", SHAPE_STR });

/* With a filter: whose link is it? */
static bool
link_check_wait(struct work *work)
{
	static const char *const ends[] = { "inwardIssue", "outwardIssue" };
	yyjson_val *link;

	if (work->site->config->filter_n == 0)
		return true;
	if (!work_get_wait(work, &link, "{api}/issueLink/{link_id}", NULL))
		return false;
	for (size_t i = 0; i < COUNT(ends); i++) {
		if (!jira_may_see_issue(work, yyjson_obj_get(link, ends[i])))
			return work_fail(work, ERR_REFUSED,
			    "%.*s: link %s is of an issue in a project that this site does not show",
			    SLICE_FMT(work->site->provider.name), arg_str(work, "link_id"));
	}
	return true;
}

static bool
remove_issue_link(struct work *work)
{
	const char *id = arg_str(work, "link_id");

	if (!link_check_wait(work) ||
	    !work_send_wait(work, "DELETE", NULL, NULL, "{api}/issueLink/{link_id}", NULL))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(
	    work, work->out, "message", work_printf(work, "Link with ID %s has been removed", id));
	out_str(work, work->out, "link_id", id);
	return true;
}

/* ---- create_remote_issue_link ---------------------------------------------------------------- */

LOCAL_SHAPE(remote_shape, { "success", SHAPE_BOOL }, { "message", SHAPE_STR },
    { "issue_key", SHAPE_STR }, { "link_title", SHAPE_STR }, { "link_url", SHAPE_STR },
    { "relationship", SHAPE_STR }, { "id", SHAPE_STR });

static yyjson_mut_val *
remote_make(struct work *work)
{
	yyjson_mut_val *body = out_obj(work), *object = out_obj(work), *icon = out_obj(work);
	struct slice relationship = arg_slice(work, "relationship"),
		     summary = arg_slice(work, "summary"), url = arg_slice(work, "icon_url");

	out_slice(work, object, "url", arg_slice(work, "url"));
	out_slice(work, object, "title", arg_slice(work, "title"));
	if (summary.n > 0)
		out_slice(work, object, "summary", summary);
	if (url.n > 0) {
		out_slice(work, icon, "url16x16", url);
		out_slice(work, icon, "title", arg_slice(work, "title"));
		out_val(work, object, "icon", icon);
	}
	out_val(work, body, "object", object);
	if (relationship.n > 0)
		out_slice(work, body, "relationship", relationship);
	return body;
}

static bool
create_remote_issue_link(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key,
		     relationship = arg_slice(work, "relationship");
	yyjson_val *reply, *id;

	if (slice_trim(arg_slice(work, "title")).n == 0)
		return work_fail(work, ERR_PARAMS, "title is empty");
	if (!jira_guard_wait(work, asked, &key) ||
	    !work_send_wait(work, "POST", remote_make(work), &reply, "{api}/issue/{key}/remotelink",
		"key", work_cstr(work, key), NULL))
		return false;
	id = yyjson_obj_get(reply, "id");
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message",
	    work_printf(work, "Remote link created for issue %.*s", SLICE_FMT(key)));
	out_slice(work, work->out, "issue_key", key);
	out_slice(work, work->out, "link_title", arg_slice(work, "title"));
	out_slice(work, work->out, "link_url", arg_slice(work, "url"));
	out_slice(work, work->out, "relationship", relationship.p != NULL ? relationship : S(""));
	if (yyjson_is_int(id))
		out_str(work, work->out, "id", work_number(work, yyjson_get_sint(id)));
	return true;
}

/* ---- link_to_epic ---------------------------------------------------------------------------- */

/* Data Center: an epic has a name of its own, whatever its type is called there. */
static bool
label_wait(struct work *work, const char **out)
{
	struct jira_field field;

	*out = NULL;
	if (work->is_cloud)
		return true;
	if (!jira_fields_wait(work, false))
		return false;
	if (jira_field_custom(work, S("com.pyxis.greenhopper.jira:gh-epic-label"), &field))
		*out = work_cstr(work, field.id);
	return true;
}

static bool
is_epic(yyjson_val *fields, const char *label)
{
	yyjson_val *type = yyjson_obj_get(fields, "issuetype"),
		   *level = yyjson_obj_get(type, "hierarchyLevel");

	if (yyjson_is_int(level))
		return yyjson_get_sint(level) == 1;
	return slice_eq_nocase(json_slice(yyjson_obj_get(type, "name")), S("Epic")) ||
	    (label != NULL && json_slice(yyjson_obj_get(fields, label)).n > 0);
}

static bool
epic_wait(struct work *work, struct slice asked, struct slice *key)
{
	yyjson_val *epic;
	const char *label;

	if (!jira_key_check(work, asked) || !label_wait(work, &label) ||
	    !work_get_wait(work, &epic, "{api}/issue/{key}", "key", work_cstr(work, asked),
		"fields", jira_csv_add(work, label, "issuetype"), NULL) ||
	    !jira_reply_check(work, epic, asked))
		return false;
	*key = json_slice(yyjson_obj_get(epic, "key"));
	return is_epic(yyjson_obj_get(epic, "fields"), label) ||
	    work_fail(work, ERR_PARAMS, "epic_key: %.*s is not an epic", SLICE_FMT(asked));
}

static bool
link_to_epic(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key, epic;
	struct jira_change change = { .fields = out_obj(work), .place = { .issue = asked } };
	yyjson_mut_val *body = out_obj(work);
	struct issue_view view;
	yyjson_val value = { 0 };

	if (!jira_guard_wait(work, asked, &key) ||
	    !epic_wait(work, arg_slice(work, "epic_key"), &epic))
		return false;
	yyjson_set_strn(&value, epic.p, epic.n);
	if (!jira_change_put_wait(work, &change, S("epic_key"), &value) ||
	    !issue_view_wait(work, &view, NULL, 0, NULL))
		return false;
	out_val(work, body, "fields", change.fields);
	return work_send_wait(work, "PUT", body, NULL, "{api}/issue/{key}", "key",
		   work_cstr(work, key), NULL) &&
	    issue_written_wait(work, key, &view,
		work_printf(work, "Issue %.*s has been linked to epic %.*s.", SLICE_FMT(key),
		    SLICE_FMT(epic)));
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct tool tools[] = {
	{ .name = "get_link_types",
	    .title = "Get Link Types",
	    .help = "The types that links between issues can have.",
	    .toolset = "jira_links",
	    .flags = READS | IDEMPOTENT,
	    .run = get_link_types,
	    .shape = &types_shape,
	    ARGS({ "name_filter", ARG_STR, 0, "Only types whose name holds this", NULL, 0, 200 }) },
	{ .name = "link_to_epic",
	    .title = "Link to Epic",
	    .help = "Put an issue into an epic.",
	    .toolset = "jira_links",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = link_to_epic,
	    .shape = &jira_written_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "epic_key", ARG_KEY, REQUIRED, "Key of the epic" }) },
	{ .name = "create_issue_link",
	    .title = "Create Issue Link",
	    .help = "Link two issues. With type Blocks the inward issue blocks the outward one.",
	    .toolset = "jira_links",
	    .flags = WRITES,
	    .run = create_issue_link,
	    .shape = &linked_shape,
	    ARGS({ "link_type", ARG_STR, REQUIRED, "Name of the type, such as Blocks", NULL, 0,
		     255 },
		{ "inward_issue_key", ARG_KEY, REQUIRED, "Issue the link comes from" },
		{ "outward_issue_key", ARG_KEY, REQUIRED, "Issue it leads to" },
		{ "comment", ARG_TEXT, 0, "Comment in Markdown", NULL, 0, TEXT_MAX },
		{ "comment_visibility", ARG_OBJECT, 0,
		    "Who sees it: {\"type\": \"group\" or \"role\", \"value\": name}" }) },
	{ .name = "create_remote_issue_link",
	    .title = "Create Remote Issue Link",
	    .help = "Link an issue to a web page.",
	    .toolset = "jira_links",
	    .flags = WRITES,
	    .run = create_remote_issue_link,
	    .shape = &remote_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "url", ARG_URL, REQUIRED, "Address of the page, http or https", NULL, 0,
		    URL_MAX },
		{ "title", ARG_STR, REQUIRED, "Text of the link", NULL, 0, 255 },
		{ "summary", ARG_STR, 0, "What the page is about", NULL, 0, 4096 },
		{ "relationship", ARG_STR, 0, "Such as causes", NULL, 0, 255 },
		{ "icon_url", ARG_URL, 0, "Address of an icon of 16x16", NULL, 0, URL_MAX }) },
	{ .name = "remove_issue_link",
	    .title = "Remove Issue Link",
	    .help = "Remove a link between issues.",
	    .toolset = "jira_links",
	    .flags = WRITES | DESTROYS,
	    .run = remove_issue_link,
	    .shape = &removed_shape,
	    ARGS({ "link_id", ARG_ID, REQUIRED, "Id of the link, of issuelinks of an issue", NULL,
		0, 40 }) },
};
const struct tool_set jira_link_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

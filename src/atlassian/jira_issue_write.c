/*
 * Making, changing, assigning and deleting an issue.  Where a write takes several requests, what
 * was done before one failed is in the error: "DEMO-5 was created, but ...".
 */
#include "atlassian/files.h"
#include "atlassian/jira.h"

#define TEXT_BYTES_MAX 1000000
#define SUMMARY_BYTES  1020 /* 255 characters */

/* ---- steps ----------------------------------------------------------------------------------- */

static bool
assign_wait(struct work *work, struct slice key, yyjson_mut_val *user)
{
	if (yyjson_mut_is_null(user))
		user = jira_user_ref(work, SLICE_NONE);
	return work_send_wait(work, "PUT", user, NULL, "{api}/issue/{key}/assignee", "key",
	    work_cstr(work, key), NULL);
}

static bool
components_put(struct work *work, struct jira_change *change)
{
	struct slice *names;
	size_t n = arg_list(work, "components", &names);

	if (n > 0)
		out_val(work, change->fields, "components", jira_names(work, names, n));
	return true;
}

/* ---- create_issue ---------------------------------------------------------------------------- */

/* Data Center wants an epic to have a name; without one its summary is that. */
static bool
epic_name_put_wait(struct work *work, struct jira_change *change)
{
	struct jira_field field;
	const char *id;

	if (work->is_cloud ||
	    !slice_eq_nocase(slice_trim(arg_slice(work, "issue_type")), S("Epic")))
		return true;
	if (!jira_fields_wait(work, false))
		return false;
	if (!jira_field_custom(work, S("com.pyxis.greenhopper.jira:gh-epic-label"), &field))
		return true;
	id = work_cstr(work, field.id);
	if (id != NULL && yyjson_mut_obj_get(change->fields, id) == NULL)
		out_slice(work, change->fields, id, arg_slice(work, "summary"));
	return true;
}

static bool
create_fields_wait(struct work *work, struct jira_change *change)
{
	struct slice text = arg_slice(work, "description");
	yyjson_mut_val *project = out_obj(work), *type = out_obj(work), *description;

	out_slice(work, project, "key", change->place.project);
	out_slice(work, type, "name", slice_trim(arg_slice(work, "issue_type")));
	if (!jira_change_object_wait(work, change, arg_json(work, "additional_fields")))
		return false;
	out_val(work, change->fields, "project", project);
	out_slice(work, change->fields, "summary", arg_slice(work, "summary"));
	if (yyjson_mut_obj_get(change->fields, "issuetype") == NULL)
		out_val(work, change->fields, "issuetype", type);
	if (text.n > 0) {
		if (!jira_text(work, text, &description))
			return false;
		out_val(work, change->fields, "description", description);
	}
	return components_put(work, change) && epic_name_put_wait(work, change);
}

/* Whom it will be assigned to: known before anything is made.  *out NULL: nobody was named. */
static bool
assignee_wait(struct work *work, const struct jira_change *change, yyjson_mut_val **out)
{
	struct slice assignee = slice_trim(arg_slice(work, "assignee"));
	yyjson_val text = { 0 }, *who = change->assignee;

	*out = NULL;
	if (assignee.n > 0) {
		yyjson_set_strn(&text, assignee.p, assignee.n);
		who = &text;
	}
	return who == NULL || jira_user_value_wait(work, who, &change->place, out);
}

/* What a new issue cannot be given at once. */
static bool
create_rest_wait(
    struct work *work, const struct jira_change *change, yyjson_mut_val *assignee, struct slice key)
{
	if (assignee != NULL && !assign_wait(work, key, assignee))
		return work_fail_after(
		    work, "%.*s was created, but it could not be assigned", SLICE_FMT(key));
	if (change->status != NULL &&
	    !jira_transition_wait(work, key, json_slice(change->status), NULL, NULL))
		return work_fail_after(
		    work, "%.*s was created, but its status could not be changed", SLICE_FMT(key));
	return true;
}

static bool
create_issue(struct work *work)
{
	struct slice project = slice_trim(arg_slice(work, "project_key")), key;
	struct jira_change change = {
		.fields = out_obj(work), .place = { .project = project }, .keeps_assignee = true
	};
	yyjson_mut_val *body = out_obj(work), *assignee;
	struct issue_view view;
	yyjson_val *reply;

	if (!jira_project_check(work, project) || !create_fields_wait(work, &change) ||
	    !assignee_wait(work, &change, &assignee) ||
	    !issue_view_wait(work, &view, NULL, 0, NULL))
		return false;
	out_val(work, body, "fields", change.fields);
	if (!work_send_wait(work, "POST", body, &reply, "{api}/issue", NULL))
		return false;
	key = json_slice(yyjson_obj_get(reply, "key"));
	if (key.n == 0)
		return work_fail(work, ERR_UNAVAILABLE,
		    "Jira took the issue and did not say its key; search before you try again");
	return create_rest_wait(work, &change, assignee, key) &&
	    issue_written_wait(work, key, &view,
		work_printf(work, "Issue %.*s created successfully", SLICE_FMT(key)));
}

/* ---- update_issue ---------------------------------------------------------------------------- */

static bool
update_fields_wait(struct work *work, struct jira_change *change)
{
	return jira_change_object_wait(work, change, arg_json(work, "fields")) &&
	    jira_change_object_wait(work, change, arg_json(work, "additional_fields")) &&
	    components_put(work, change);
}

/* Fields, then the status, then attachments: each failure says what was done before it. */
static bool
update_steps_wait(struct work *work, struct slice key, struct jira_change *change,
    struct work_files *files, yyjson_mut_val **attached)
{
	bool has_fields = yyjson_mut_obj_size(change->fields) > 0;
	yyjson_mut_val *body = out_obj(work);

	*attached = NULL;
	out_val(work, body, "fields", change->fields);
	if (has_fields &&
	    !work_send_wait(
		work, "PUT", body, NULL, "{api}/issue/{key}", "key", work_cstr(work, key), NULL))
		return false;
	if (change->status != NULL &&
	    !jira_transition_wait(work, key, json_slice(change->status), NULL, NULL))
		return has_fields
		    ? work_fail_after(work, "the fields of %.*s were updated, but not its status",
			  SLICE_FMT(key))
		    : false;
	if (files->n > 0 && !jira_attach_wait(work, key, files, attached))
		return has_fields || change->status != NULL
		    ? work_fail_after(
			  work, "%.*s was updated, but nothing was attached", SLICE_FMT(key))
		    : false;
	return true;
}

static bool
update_wait(struct work *work, struct work_files *files)
{
	struct slice asked = arg_slice(work, "issue_key"), key, *shown;
	struct jira_change change = { .fields = out_obj(work), .place = { .issue = asked } };
	size_t shown_n = arg_list(work, "return_fields", &shown);
	yyjson_mut_val *attached;
	struct issue_view view;

	if (!jira_guard_wait(work, asked, &key) || !update_fields_wait(work, &change) ||
	    !issue_view_wait(work, &view, shown, shown_n, NULL))
		return false;
	if (yyjson_mut_obj_size(change.fields) == 0 && change.status == NULL && files->n == 0)
		return work_fail(work, ERR_PARAMS, "fields is empty: there is nothing to change");
	if (!update_steps_wait(work, key, &change, files, &attached) ||
	    !issue_written_wait(work, key, &view, "Issue updated successfully"))
		return false;
	out_val(work, work->out, "attachment_results", attached);
	return true;
}

static bool
update_issue(struct work *work)
{
	struct work_files files;
	bool ok;

	if (!work_files_open(work, "attachments", &files))
		return false;
	ok = update_wait(work, &files);
	work_files_close(&files);
	return ok;
}

/* ---- assign_issue, delete_issue -------------------------------------------------------------- */

static bool
assign_issue(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key, text = arg_slice(work, "assignee");
	struct jira_place place = { .issue = asked };
	yyjson_val plain = { 0 }, *assignee = &plain;
	struct slice fields[] = { S("summary"), S("status"), S("assignee"), S("reporter"),
		S("priority"), S("issuetype"), S("labels"), S("created"), S("updated") };
	yyjson_mut_val *user;
	struct issue_view view;

	text = slice_trim(text);
	if (text.n > 0 && text.p[0] == '{') {
		if (!json_read(work, text, &assignee, "assignee", work->err))
			return false;
	} else if (text.n > 0) {
		yyjson_set_strn(&plain, text.p, text.n);
	} else {
		yyjson_set_null(&plain);
	}
	return jira_guard_wait(work, asked, &key) &&
	    issue_view_wait(work, &view, fields, COUNT(fields), NULL) &&
	    jira_user_value_wait(work, assignee, &place, &user) && assign_wait(work, key, user) &&
	    issue_written_wait(work, key, &view,
		work_printf(work, "Issue %.*s %s successfully", SLICE_FMT(key),
		    text.n > 0 ? "assigned" : "unassigned"));
}

static bool
delete_issue(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key;

	if (!jira_guard_wait(work, asked, &key) ||
	    !work_send_wait(work, "DELETE", NULL, NULL, "{api}/issue/{key}", "key",
		work_cstr(work, key), "deleteSubtasks", "true", NULL))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "message",
	    work_printf(work, "Issue %.*s has been deleted successfully.", SLICE_FMT(key)));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct tool tools[] = {
	{ .name = "create_issue",
	    .title = "Create Issue",
	    .help =
		"Create an issue. Fields are named by id or name; options, users, versions and components by what people see.",
	    .toolset = "jira_issues",
	    .flags = WRITES,
	    .run = create_issue,
	    .shape = &jira_written_shape,
	    ARGS({ "project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ", NULL, 0, 80 },
		{ "summary", ARG_STR, REQUIRED, "Summary", NULL, 0, SUMMARY_BYTES },
		{ "issue_type", ARG_STR, REQUIRED,
		    "Name of the type: Task, Bug, Story, Epic, Sub-task", NULL, 0, 200 },
		{ "assignee", ARG_STR, 0, "E-mail, name, or accountid:ID", NULL, 0, 255 },
		{ "description", ARG_TEXT, 0, "Text in Markdown", NULL, 0, TEXT_BYTES_MAX },
		{ "components", ARG_CSV, 0, "Names of components" },
		{ "additional_fields", ARG_OBJECT, 0,
		    "More fields: {\"priority\": \"High\", \"labels\": [\"a\"], \"parent\": \"PROJ-1\", \"epic_key\": \"PROJ-2\", \"Story Points\": 3}" }) },
	{ .name = "update_issue",
	    .title = "Update Issue",
	    .help =
		"Change fields of an issue; null empties one. A status is reached by its transition.",
	    .toolset = "jira_issues",
	    .flags = WRITES | DESTROYS,
	    .run = update_issue,
	    .shape = &jira_written_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "fields", ARG_OBJECT, REQUIRED,
		    "{\"summary\": \"New\", \"assignee\": \"amy@example.com\", \"description\": Markdown, \"status\": \"Done\"}" },
		{ "additional_fields", ARG_OBJECT, 0, "More fields, custom ones by id or name" },
		{ "components", ARG_CSV, 0, "Names of components" },
		{ "attachments", ARG_ARRAY, OR_NAMES, WORK_FILES_HELP },
		{ "return_fields", ARG_CSV, 0, "Fields of the issue to return afterwards",
		    "\"*all\"" }) },
	{ .name = "assign_issue",
	    .title = "Assign Issue",
	    .help = "Assign an issue to a user, or to nobody.",
	    .toolset = "jira_issues",
	    .flags = WRITES | IDEMPOTENT,
	    .run = assign_issue,
	    .shape = &jira_written_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "assignee", ARG_STR, 0, "E-mail, name, or accountid:ID; empty: nobody", NULL, 0,
		    4096 }) },
	{ .name = "delete_issue",
	    .title = "Delete Issue",
	    .help = "Delete an issue with its subtasks. It cannot be undone.",
	    .toolset = "jira_issues",
	    .flags = WRITES | DESTROYS,
	    .run = delete_issue,
	    .shape = &jira_message_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" }) },
};
const struct tool_set jira_write_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

/*
 * From an issue as Jira gives it to the result of a tool.  The fixed part is a shape; custom
 * fields, the epic and comments that are cut to a number are added behind it.  A member is there
 * when Jira gave it, and Jira gives what was asked for.
 */
#include "atlassian/jira.h"

#define FIELDS_MAX 200 /* asked for at once */
#define DEPTH_MAX  8   /* of values in a custom field */

/* ---- shapes ---------------------------------------------------------------------------------- */

/* The user name, or, where there is none (Cloud), the name for people. */
static yyjson_mut_val *
user_name(struct work *work, yyjson_val *user)
{
	yyjson_val *name = yyjson_obj_get(user, "name");

	if (!yyjson_is_str(name))
		name = yyjson_obj_get(user, "displayName");
	return yyjson_is_str(name) ? yyjson_val_mut_copy(work->doc, name) : NULL;
}

SHAPE(jira_user_shape, { "account_id", SHAPE_STR, "accountId" },
    { "display_name", SHAPE_STR, "displayName" }, { "name", SHAPE_FN, "", .fn = user_name },
    { "email", SHAPE_STR, "emailAddress" }, { "avatar_url", SHAPE_STR, "avatarUrls/48x48" },
    { "key", SHAPE_STR, "key" });

yyjson_mut_val *
jira_person(struct work *work, yyjson_val *user)
{
	yyjson_val *name = yyjson_obj_get(user, "displayName");

	if (!yyjson_is_str(name))
		name = yyjson_obj_get(user, "name");
	return yyjson_is_str(name) ? yyjson_val_mut_copy(work->doc, name) : NULL;
}

LOCAL_SHAPE(status_shape, { "name", SHAPE_STR }, { "category", SHAPE_STR, "statusCategory/name" },
    { "color", SHAPE_STR, "statusCategory/colorName" });
LOCAL_SHAPE(named_shape, { "name", SHAPE_STR });
LOCAL_SHAPE(project_shape, { "key", SHAPE_STR }, { "name", SHAPE_STR },
    { "category", SHAPE_STR, "projectCategory/name" },
    { "avatar_url", SHAPE_STR, "avatarUrls/48x48" });
LOCAL_SHAPE(resolution_shape, { "name", SHAPE_STR }, { "id", SHAPE_STR });
LOCAL_SHAPE(timetracking_shape, { "original_estimate", SHAPE_STR, "originalEstimate" },
    { "remaining_estimate", SHAPE_STR, "remainingEstimate" },
    { "time_spent", SHAPE_STR, "timeSpent" });

LOCAL_SHAPE(linked_type_shape, { "name", SHAPE_STR },
    { "hierarchyLevel", SHAPE_INT, .help = "1: an epic, -1: a sub-task" });
LOCAL_SHAPE(linked_fields_shape, { "summary", SHAPE_STR },
    { "status", SHAPE_OBJECT, .of = &status_shape },
    { "priority", SHAPE_OBJECT, .of = &named_shape },
    { "issuetype", SHAPE_OBJECT, .of = &linked_type_shape });
LOCAL_SHAPE(linked_shape, { "id", SHAPE_STR }, { "key", SHAPE_STR },
    { "fields", SHAPE_OBJECT, .of = &linked_fields_shape });
LOCAL_SHAPE(link_type_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "inward", SHAPE_STR },
    { "outward", SHAPE_STR });
LOCAL_SHAPE(link_shape, { "id", SHAPE_STR }, { "type", SHAPE_OBJECT, .of = &link_type_shape },
    { "inward_issue", SHAPE_OBJECT, "inwardIssue", &linked_shape },
    { "outward_issue", SHAPE_OBJECT, "outwardIssue", &linked_shape });

SHAPE(jira_comment_shape, { "id", SHAPE_STR }, { "body", SHAPE_TEXT },
    { "author", SHAPE_OBJECT, .of = &jira_user_shape }, { "created", SHAPE_STR },
    { "updated", SHAPE_STR },
    { "public", SHAPE_BOOL, "jsdPublic", .help = "JSM: customers see it" });
LOCAL_SHAPE(attachment_shape, { "id", SHAPE_STR }, { "filename", SHAPE_STR }, { "size", SHAPE_INT },
    { "url", SHAPE_STR, "content" }, { "content_type", SHAPE_STR, "mimeType" },
    { "author", SHAPE_OBJECT, .of = &jira_user_shape }, { "created", SHAPE_STR });

LOCAL_SHAPE(change_shape, { "field", SHAPE_STR }, { "fieldtype", SHAPE_STR },
    { "from_string", SHAPE_STR, "fromString" }, { "to_string", SHAPE_STR, "toString" },
    { "from_id", SHAPE_STR, "from" }, { "to_id", SHAPE_STR, "to" });
SHAPE(jira_changelog_shape, { "id", SHAPE_STR }, { "author", SHAPE_OBJECT, .of = &jira_user_shape },
    { "created", SHAPE_STR }, { "items", SHAPE_LIST, .of = &change_shape });

SHAPE(jira_worklog_shape, { "id", SHAPE_STR }, { "comment", SHAPE_TEXT }, { "created", SHAPE_STR },
    { "updated", SHAPE_STR }, { "started", SHAPE_STR }, { "timeSpent", SHAPE_STR },
    { "timeSpentSeconds", SHAPE_INT }, { "author", SHAPE_FN, .fn = jira_person });
LOCAL_SHAPE(worklogs_shape, { "startAt", SHAPE_INT }, { "maxResults", SHAPE_INT },
    { "total", SHAPE_INT }, { "worklogs", SHAPE_LIST, .of = &jira_worklog_shape });

SHAPE(jira_transition_shape, { "id", SHAPE_INT }, { "name", SHAPE_STR },
    { "to_status", SHAPE_STR, "to/name" });
SHAPE(jira_remote_link_shape, { "id", SHAPE_STR }, { "url", SHAPE_STR, "object/url" },
    { "title", SHAPE_STR, "object/title" }, { "summary", SHAPE_STR, "object/summary" },
    { "relationship", SHAPE_STR }, { "icon_url", SHAPE_STR, "object/icon/url16x16" },
    { "application", SHAPE_STR, "application/name" });

static const struct shape_field issue_fields[] = {
	{ "id", SHAPE_STR },
	{ "key", SHAPE_STR },
	{ "browse_url", SHAPE_STR, "-", .help = "for people" },
	{ "url", SHAPE_STR, "-", .help = "of the REST API" },
	{ "summary", SHAPE_STR, "fields/summary" },
	{ "description", SHAPE_TEXT, "fields/description", .help = "Markdown" },
	{ "environment", SHAPE_TEXT, "fields/environment", .help = "Markdown" },
	{ "status", SHAPE_OBJECT, "fields/status", &status_shape },
	{ "issue_type", SHAPE_OBJECT, "fields/issuetype", &named_shape },
	{ "priority", SHAPE_OBJECT, "fields/priority", &named_shape },
	{ "project", SHAPE_OBJECT, "fields/project", &project_shape },
	{ "resolution", SHAPE_OBJECT, "fields/resolution", &resolution_shape },
	{ "duedate", SHAPE_STR, "fields/duedate" },
	{ "resolutiondate", SHAPE_STR, "fields/resolutiondate" },
	{ "parent", SHAPE_OBJECT, "fields/parent", &linked_shape },
	{ "subtasks", SHAPE_LIST, "fields/subtasks", &linked_shape },
	{ "security", SHAPE_COPY, "fields/security" },
	{ "worklog", SHAPE_OBJECT, "fields/worklog", &worklogs_shape },
	{ "assignee", SHAPE_OBJECT, "fields/assignee", &jira_user_shape },
	{ "reporter", SHAPE_OBJECT, "fields/reporter", &jira_user_shape },
	{ "creator", SHAPE_OBJECT, "fields/creator", &jira_user_shape },
	{ "labels", SHAPE_LIST, "fields/labels" },
	{ "components", SHAPE_NAMES, "fields/components" },
	{ "fix_versions", SHAPE_NAMES, "fields/fixVersions" },
	{ "versions", SHAPE_NAMES, "fields/versions" },
	{ "epic_key", SHAPE_STR, "-" },
	{ "epic_name", SHAPE_STR, "-" },
	{ "timetracking", SHAPE_OBJECT, "fields/timetracking", &timetracking_shape },
	{ "created", SHAPE_STR, "fields/created" },
	{ "updated", SHAPE_STR, "fields/updated" },
	{ "comments", SHAPE_LIST, "-", &jira_comment_shape },
	{ "comments_total", SHAPE_INT, "-", .help = "where comments were cut" },
	{ "comments_next", SHAPE_INT, "-", .help = "comment_start of the rest" },
	{ "attachments", SHAPE_LIST, "fields/attachment", &attachment_shape },
	{ "issuelinks", SHAPE_LIST, "fields/issuelinks", &link_shape },
	{ "changelogs", SHAPE_LIST, "changelog/histories", &jira_changelog_shape },
	{ "transitions", SHAPE_LIST, "transitions", &jira_transition_shape },
	{ "properties", SHAPE_COPY, "properties" },
	{ "rendered_fields", SHAPE_COPY, "renderedFields" },
	{ "editmeta", SHAPE_COPY },
	{ "operations", SHAPE_COPY },
};
const struct shape jira_issue_shape = { issue_fields, COUNT(issue_fields), true };

/* The same in the schemas of lists and writes, which are many: what stands in every issue. */
static const struct shape_field brief_fields[] = {
	{ "id", SHAPE_STR },
	{ "key", SHAPE_STR },
	{ "browse_url", SHAPE_STR },
	{ "summary", SHAPE_STR },
	{ "description", SHAPE_STR },
	{ "status", SHAPE_OBJECT, .of = &status_shape },
	{ "issue_type", SHAPE_OBJECT, .of = &named_shape },
	{ "priority", SHAPE_OBJECT, .of = &named_shape },
	{ "assignee", SHAPE_COPY },
	{ "reporter", SHAPE_COPY },
	{ "labels", SHAPE_LIST },
	{ "created", SHAPE_STR },
	{ "updated", SHAPE_STR },
};
const struct shape jira_issue_brief_shape = { brief_fields, COUNT(brief_fields), true };

SHAPE(jira_issue_list_shape, { "total", SHAPE_INT, .help = "-1: not known" },
    { "start_at", SHAPE_INT }, { "max_results", SHAPE_INT },
    { "issues", SHAPE_LIST, .of = &jira_issue_brief_shape },
    { "next_page_token", SHAPE_STR, .help = "of the next page; absent: the last one" },
    { "next_start_at", SHAPE_INT, .help = "start_at of the next page" });
static const struct shape_field written_fields[] = {
	{ "message", SHAPE_STR },
	{ "issue", SHAPE_OBJECT, .of = &jira_issue_brief_shape },
};
const struct shape jira_written_shape = { written_fields, COUNT(written_fields), true };
SHAPE(jira_message_shape, { "message", SHAPE_STR });

/* ---- what is asked for ----------------------------------------------------------------------- */

static const char *
jira_csv_join(struct work *work, const struct slice *list, size_t n)
{
	const char *text = NULL;
	struct buf out;

	if (n == 0)
		return NULL;
	buf_init(&out, NULL, 16 * KIB);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(&out, ',');
		buf_put(&out, list[i]);
	}
	if (buf_check(&out, work->err))
		text = work_cstr(work, out.n > 0 ? buf_view(&out) : S(""));
	buf_fini(&out);
	return text;
}

const char *
jira_csv_add(struct work *work, const char *list, const char *word)
{
	struct slice rest = slice_of(list), one;

	if (list == NULL || *list == '\0')
		return word;
	while (rest.p != NULL) {
		one = slice_trim(slice_cut(rest, ',', &rest));
		if (slice_eq(one, slice_of(word)))
			return list;
	}
	return work_printf(work, "%s,%s", list, word);
}

/* Words of the result that are no fields of Jira. */
static bool
takes_virtual(struct issue_view *view, struct slice name)
{
	if (slice_eq_nocase(name, S("epic_key")) || slice_eq_nocase(name, S("epic_name")) ||
	    slice_eq_nocase(name, S("epic_link"))) {
		view->wants_epic = true;
		return true;
	}
	if (slice_eq_nocase(name, S("url")) || slice_eq_nocase(name, S("browse_url"))) {
		view->wants_url = true;
		return true;
	}
	return slice_eq_nocase(name, S("key")) || slice_eq_nocase(name, S("id"));
}

/* Cloud keeps the epic as the parent; Data Center in two custom fields. */
static bool
epic_fields_wait(struct work *work, struct slice *ids, size_t *n)
{
	struct jira_field field;

	if (work->is_cloud) {
		ids[(*n)++] = S("parent");
		return true;
	}
	if (!jira_fields_wait(work, false))
		return false;
	if (jira_field_custom(work, S("com.pyxis.greenhopper.jira:gh-epic-link"), &field))
		ids[(*n)++] = field.id;
	if (jira_field_custom(work, S("com.pyxis.greenhopper.jira:gh-epic-label"), &field))
		ids[(*n)++] = field.id;
	return true;
}

bool
issue_view_wait(struct work *work, struct issue_view *view, const struct slice *fields, size_t n,
    const char *expand)
{
	struct slice *ids, *list;
	bool has_custom = false;
	size_t to = 0;

	*view = (struct issue_view){ .expand = expand, .comment_limit = COMMENTS_ALL };
	if (n > FIELDS_MAX)
		return work_fail(work, ERR_PARAMS, "fields: at most %d", FIELDS_MAX);
	if (!arena_reserve(work->arena, (n + 4) * sizeof(*list), work->err))
		return false;
	list = ARENA_ARRAY(work->arena, struct slice, n + 4);
	for (size_t i = 0; i < n; i++) {
		if (!takes_virtual(view, fields[i]))
			list[to++] = fields[i];
	}
	if (view->wants_epic && !epic_fields_wait(work, list, &to))
		return false;
	/* Nothing but virtual ones: Jira would give everything. */
	if (n > 0 && to == 0)
		list[to++] = S("summary");
	if (!jira_field_ids_wait(work, list, to, &ids))
		return false;
	for (size_t i = 0; i < to; i++) {
		view->is_all = view->is_all || slice_eq(ids[i], S("*all"));
		has_custom = has_custom || slice_starts(ids[i], S("customfield_"));
	}
	view->fields = ids;
	view->fields_n = to;
	view->query = jira_csv_join(work, ids, to);
	if (view->is_all || n == 0 || has_custom)
		view->expand = jira_csv_add(work, expand, "names");
	view->wants_epic = view->wants_epic || view->is_all || n == 0;
	view->wants_url = view->wants_url || view->is_all || n == 0;
	return to == 0 || view->query != NULL;
}

static bool
has_arg(const struct work *work, const char *name)
{
	for (size_t i = 0; i < work->tool->args_n; i++) {
		if (strcmp(work->tool->args[i].name, name) == 0)
			return true;
	}
	return false;
}

bool
issue_view_args_wait(struct work *work, struct issue_view *view)
{
	bool by_name = has_arg(work, "use_display_names") && arg_bool(work, "use_display_names");
	const char *expand = has_arg(work, "expand") ? arg_str(work, "expand") : NULL;
	struct slice *fields;
	size_t n = arg_list(work, "fields", &fields);

	if (!issue_view_wait(
		work, view, fields, n, by_name ? jira_csv_add(work, expand, "names") : expand))
		return false;
	view->by_name = by_name;
	return true;
}

/* ---- custom fields --------------------------------------------------------------------------- */

static yyjson_mut_val *custom_value(struct work *work, yyjson_val *value, unsigned depth);

/* Its name alone would not tell when it is and whether it runs. */
static bool
is_sprint(yyjson_val *value)
{
	return yyjson_is_int(yyjson_obj_get(value, "id")) &&
	    yyjson_is_str(yyjson_obj_get(value, "state")) &&
	    (yyjson_obj_get(value, "boardId") != NULL ||
		yyjson_obj_get(value, "originBoardId") != NULL);
}

static yyjson_mut_val *
custom_object(struct work *work, yyjson_val *value)
{
	static const char *const said_by[] = { "value", "name" };

	if (yyjson_equals_str(yyjson_obj_get(value, "type"), "doc"))
		return shape_text(work, value);
	if (is_sprint(value))
		return yyjson_val_mut_copy(work->doc, value);
	for (size_t i = 0; i < COUNT(said_by); i++) {
		yyjson_val *word = yyjson_obj_get(value, said_by[i]);

		if (yyjson_is_str(word) || yyjson_is_num(word))
			return yyjson_val_mut_copy(work->doc, word);
	}
	if (yyjson_is_str(yyjson_obj_get(value, "displayName")))
		return shape_make(work, &jira_user_shape, value);
	return yyjson_val_mut_copy(work->doc, value);
}

static yyjson_mut_val *
custom_value(struct work *work, yyjson_val *value, unsigned depth)
{
	yyjson_mut_val *list;
	yyjson_val *item;
	size_t i, max;

	if (yyjson_is_obj(value))
		return custom_object(work, value);
	if (!yyjson_is_arr(value) || depth >= DEPTH_MAX)
		return yyjson_val_mut_copy(work->doc, value);
	list = out_arr(work);
	yyjson_arr_foreach(value, i, max, item)
	{
		yyjson_mut_arr_append(list, custom_value(work, item, depth + 1));
	}
	return list;
}

/* Of a custom field: as the reply says, or as the list that is kept says. */
static struct slice
custom_name(struct work *work, const struct issue_view *view, struct slice id)
{
	struct slice name = json_slice(yyjson_obj_getn(view->names, id.p, id.n));
	struct jira_field field;

	return name.p == NULL && jira_field_find(work, id, &field) ? field.name : name;
}

/* customfield_1 {value[, child][, name]}, or "Story Points" {value, field_id}. */
static void
custom_add(struct work *work, const struct issue_view *view, yyjson_mut_val *out, yyjson_val *id,
    yyjson_val *value)
{
	struct slice name = custom_name(work, view, json_slice(id));
	struct slice key = view->by_name && name.n > 0 ? name : json_slice(id);
	yyjson_mut_val *one = out_obj(work);

	out_val(work, one, "value", custom_value(work, value, 0));
	if (yyjson_is_obj(value) && yyjson_is_obj(yyjson_obj_get(value, "child")))
		out_val(work, one, "child", custom_value(work, yyjson_obj_get(value, "child"), 0));
	if (!view->by_name)
		out_slice(work, one, "name", name);
	else if (name.n > 0)
		out_slice(work, one, "field_id", json_slice(id));
	if (yyjson_mut_obj_getn(out, key.p, key.n) != NULL)
		key = slice_of(
		    work_printf(work, "%.*s (%.*s)", SLICE_FMT(name), SLICE_FMT(json_slice(id))));
	out_val(work, out, work_cstr(work, key), one);
}

/* A field without a value is told only where it was asked for by itself. */
static void
customs_add(
    struct work *work, const struct issue_view *view, yyjson_mut_val *out, yyjson_val *fields)
{
	bool wants_empty = !view->is_all && view->fields_n > 0;
	yyjson_val *key, *value;
	size_t i, max;

	yyjson_obj_foreach(fields, i, max, key, value)
	{
		if (!slice_starts(json_slice(key), S("customfield_")))
			continue;
		if (wants_empty || !yyjson_is_null(value))
			custom_add(work, view, out, key, value);
	}
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void
comments_add(
    struct work *work, const struct issue_view *view, yyjson_mut_val *out, yyjson_val *field)
{
	yyjson_val *all = yyjson_obj_get(field, "comments"), *comment;
	int64_t n = (int64_t)yyjson_arr_size(all), total = n, end;
	yyjson_mut_val *list;
	size_t i, max;

	if (!yyjson_is_arr(all) || view->comment_limit == 0)
		return;
	if (yyjson_is_int(yyjson_obj_get(field, "total")))
		total = yyjson_get_sint(yyjson_obj_get(field, "total"));
	end = view->comment_limit > n - view->comment_start
	    ? n
	    : view->comment_start + view->comment_limit;
	list = out_arr(work);
	yyjson_arr_foreach(all, i, max, comment)
	{
		if ((int64_t)i >= view->comment_start && (int64_t)i < end)
			yyjson_mut_arr_append(list, shape_make(work, &jira_comment_shape, comment));
	}
	out_val(work, out, "comments", list);
	if (end >= total && view->comment_start == 0)
		return;
	out_int(work, out, "comments_total", total);
	if (end < n)
		out_int(work, out, "comments_next", end);
}

/* Epics are custom fields of Data Center, and of old Cloud projects. */
static void
epic_named(
    struct work *work, const struct issue_view *view, yyjson_mut_val *out, yyjson_val *fields)
{
	static const struct {
		const char *name, *key;
	} said_by[] = { { "Epic Link", "epic_key" }, { "Epic Name", "epic_name" } };
	yyjson_val *key, *value;
	size_t i, max;

	yyjson_obj_foreach(fields, i, max, key, value)
	{
		if (!yyjson_is_str(value) || !slice_starts(json_slice(key), S("customfield_")))
			continue;
		for (size_t k = 0; k < COUNT(said_by); k++) {
			if (slice_eq_nocase(custom_name(work, view, json_slice(key)),
				slice_of(said_by[k].name)))
				out_slice(work, out, said_by[k].key, json_slice(value));
		}
	}
}

static bool
is_epic(yyjson_val *type)
{
	return yyjson_get_sint(yyjson_obj_get(type, "hierarchyLevel")) == 1 ||
	    slice_eq_nocase(json_slice(yyjson_obj_get(type, "name")), S("Epic"));
}

static void
epic_add(struct work *work, const struct issue_view *view, yyjson_mut_val *out, yyjson_val *fields)
{
	yyjson_val *parent = yyjson_obj_get(fields, "parent");
	yyjson_val *type = json_at(parent, "fields/issuetype");

	epic_named(work, view, out, fields);
	/* On Cloud an epic is called what its summary says. */
	if (work->is_cloud && is_epic(yyjson_obj_get(fields, "issuetype")) &&
	    yyjson_mut_obj_get(out, "epic_name") == NULL)
		out_slice(work, out, "epic_name", json_slice(yyjson_obj_get(fields, "summary")));
	if (!is_epic(type))
		return;
	if (yyjson_mut_obj_get(out, "epic_key") == NULL)
		out_slice(work, out, "epic_key", json_slice(yyjson_obj_get(parent, "key")));
	if (yyjson_mut_obj_get(out, "epic_name") == NULL)
		out_slice(work, out, "epic_name", json_slice(json_at(parent, "fields/summary")));
}

yyjson_mut_val *
issue_make(struct work *work, const struct issue_view *view, yyjson_val *issue)
{
	yyjson_val *fields = yyjson_obj_get(issue, "fields");
	const char *key = yyjson_get_str(yyjson_obj_get(issue, "key"));
	yyjson_mut_val *out = shape_make(work, &jira_issue_shape, issue), *nobody;

	if (out == NULL)
		return NULL;
	if (key != NULL)
		out_str(work, out, "browse_url", site_browse_url(work, "/browse/%s", key));
	if (view->wants_url)
		out_slice(work, out, "url", json_slice(yyjson_obj_get(issue, "self")));
	if (yyjson_is_null(yyjson_obj_get(fields, "assignee"))) {
		nobody = out_obj(work);
		out_str(work, nobody, "display_name", "Unassigned");
		out_val(work, out, "assignee", nobody);
	}
	comments_add(work, view, out, yyjson_obj_get(fields, "comment"));
	if (view->wants_epic)
		epic_add(work, view, out, fields);
	customs_add(work, view, out, fields);
	return out;
}

/* ---- reading one ----------------------------------------------------------------------------- */

MUST_CHECK static bool
issue_read_wait(
    struct work *work, struct slice key, const struct issue_view *view, yyjson_mut_val **out)
{
	struct issue_view shown = *view;
	yyjson_val *issue;

	if (!work_get_wait(work, &issue, "{api}/issue/{key}", "key", work_cstr(work, key), "fields",
		view->query, "expand", view->expand, NULL) ||
	    !jira_reply_check(work, issue, key))
		return false;
	shown.names = yyjson_obj_get(issue, "names");
	*out = issue_make(work, &shown, issue);
	return *out != NULL || work_fail(work, ERR_LIMIT, "the issue is too large");
}

bool
issue_written_wait(
    struct work *work, struct slice key, const struct issue_view *view, const char *message)
{
	yyjson_mut_val *issue = NULL;
	struct err *kept = work->err, err = { 0 };

	work->out = out_obj(work);
	work->err = &err;
	if (!issue_read_wait(work, key, view, &issue)) {
		work->said = SLICE_NONE;
		issue = out_obj(work);
		out_slice(work, issue, "key", key);
		out_str(work, issue, "browse_url",
		    site_browse_url(work, "/browse/%s", work_cstr(work, key)));
		message = work_printf(work, "%s; it could not be read back: %s", message, err.text);
	}
	work->err = kept;
	out_str(work, work->out, "message", message);
	out_val(work, work->out, "issue", issue);
	work->summary = slice_of(message);
	return true;
}

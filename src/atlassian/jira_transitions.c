/*
 * Transitions: where the workflow of an issue lets it go, and going there.  Clients name a
 * transition by its id or name, or the status that it leads to.
 */
#include "atlassian/jira.h"

#define SHOWN_MAX 12 /* in an error's text */

/* ---- finding one ----------------------------------------------------------------------------- */

/* What may be meant, the surest first. */
static const char *const said_by[] = { "id", "name", "to/name" };

static yyjson_val *
find(yyjson_val *transitions, struct slice wanted)
{
	yyjson_val *one;
	size_t i, max;

	for (size_t k = 0; k < COUNT(said_by); k++) {
		yyjson_arr_foreach(transitions, i, max, one)
		{
			if (slice_eq_nocase(json_slice(json_at(one, said_by[k])), wanted))
				return one;
		}
	}
	return NULL;
}

static bool
name_them(struct work *work, struct slice key, struct slice wanted, yyjson_val *transitions)
{
	struct buf names;
	yyjson_val *one;
	size_t i, max;

	buf_init(&names, NULL, KIB);
	yyjson_arr_foreach(transitions, i, max, one)
	{
		if (i < SHOWN_MAX)
			buf_printf(&names, "%s%.*s (%.*s, to %.*s)", i > 0 ? ", " : "",
			    SLICE_FMT(json_slice(yyjson_obj_get(one, "name"))),
			    SLICE_FMT(json_slice(yyjson_obj_get(one, "id"))),
			    SLICE_FMT(json_slice(json_at(one, "to/name"))));
	}
	work_fail(work, ERR_PARAMS, "%.*s has no transition \"%.*s\" now; it has: %.*s",
	    SLICE_FMT(key), SLICE_FMT(wanted), (int)names.n, names.n > 0 ? names.p : "none");
	buf_fini(&names);
	return false;
}

bool
jira_transition_wait(struct work *work, struct slice key, struct slice to, yyjson_mut_val *fields,
    yyjson_mut_val *comment)
{
	const char *path =
	    work_path(work, "{api}/issue/{key}/transitions", "key", work_cstr(work, key), NULL);
	yyjson_mut_val *body = out_obj(work), *one = out_obj(work), *list, *add, *update;
	yyjson_val *reply, *found;

	if (path == NULL || !work_get_wait(work, &reply, path, NULL))
		return false;
	found = find(yyjson_obj_get(reply, "transitions"), slice_trim(to));
	if (found == NULL)
		return name_them(work, key, to, yyjson_obj_get(reply, "transitions"));
	out_copy(work, one, "id", yyjson_obj_get(found, "id"));
	out_val(work, body, "transition", one);
	if (fields != NULL && yyjson_mut_obj_size(fields) > 0)
		out_val(work, body, "fields", fields);
	if (comment != NULL) {
		add = out_obj(work);
		one = out_obj(work);
		list = out_arr(work);
		update = out_obj(work);
		out_val(work, one, "body", comment);
		out_val(work, add, "add", one);
		yyjson_mut_arr_append(list, add);
		out_val(work, update, "comment", list);
		out_val(work, body, "update", update);
	}
	return work_send_wait(work, "POST", body, NULL, path, NULL);
}

/* ---- tools ----------------------------------------------------------------------------------- */

LOCAL_SHAPE(transitions_shape, { "result", SHAPE_LIST, .of = &jira_transition_shape });

static bool
get_transitions(struct work *work)
{
	struct slice key = arg_slice(work, "issue_key");
	yyjson_val *reply;

	if (!jira_guard_wait(work, key, NULL) ||
	    !work_get_wait(work, &reply, "{api}/issue/{issue_key}/transitions", NULL))
		return false;
	work->out = shape_list(work, &jira_transition_shape, yyjson_obj_get(reply, "transitions"));
	return true;
}

static bool
comment_take(struct work *work, struct slice key, yyjson_mut_val **out)
{
	struct slice text = arg_slice(work, "comment");

	*out = NULL;
	if (text.n == 0)
		return true;
	if (jira_is_internal_only(work, key))
		return work_fail(work, ERR_REFUSED,
		    "comments in %.*s must be internal, which a transition's cannot be: add it by add_comment with public=false",
		    SLICE_FMT(jira_project_of(key)));
	return jira_text(work, text, out);
}

static bool
transition_issue(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key;
	struct jira_change change = { .fields = out_obj(work), .place = { .issue = asked } };
	yyjson_mut_val *comment;
	struct issue_view view;
	static const struct slice shown[] = { { "summary", 7 }, { "status", 6 }, { "issuetype", 9 },
		{ "priority", 8 }, { "assignee", 8 }, { "reporter", 8 }, { "resolution", 10 },
		{ "labels", 6 }, { "description", 11 }, { "created", 7 }, { "updated", 7 } };

	if (!jira_guard_wait(work, asked, &key) || !comment_take(work, key, &comment) ||
	    !jira_change_object_wait(work, &change, arg_json(work, "fields")) ||
	    !issue_view_wait(work, &view, shown, COUNT(shown), NULL))
		return false;
	if (change.status != NULL)
		return work_fail(work, ERR_PARAMS,
		    "fields: the status is what a transition changes; name it in transition_id");
	if (!jira_transition_wait(
		work, key, arg_slice(work, "transition_id"), change.fields, comment))
		return false;
	return issue_written_wait(work, key, &view,
	    work_printf(work, "Issue %.*s transitioned successfully", SLICE_FMT(key)));
}

static const struct tool tools[] = {
	{ .name = "get_transitions",
	    .title = "Get Transitions",
	    .help =
		"The transitions that an issue can take now: id, name, and the status each leads to.",
	    .toolset = "jira_transitions",
	    .flags = READS | IDEMPOTENT,
	    .run = get_transitions,
	    .shape = &transitions_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" }) },
	{ .name = "transition_issue",
	    .title = "Transition Issue",
	    .help =
		"Move an issue to another status, with fields and a comment if its screen has them.",
	    .toolset = "jira_transitions",
	    .flags = WRITES | DESTROYS,
	    .run = transition_issue,
	    .shape = &jira_written_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "transition_id", ARG_STR, REQUIRED,
		    "Id or name of the transition, or the status it leads to", NULL, 0, 255 },
		{ "fields", ARG_OBJECT, 0, "Fields to set on the way: {\"resolution\": \"Done\"}" },
		{ "comment", ARG_TEXT, 0, "Comment in Markdown", NULL, 0, 1000000 }) },
};
const struct tool_set jira_transition_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

/*
 * Tools of Jira that its Python servers do not have: votes, components.
 */
#include "atlassian/jira.h"

#define NAME_BYTES 255
#define TEXT_BYTES 100000

/* ---- votes ----------------------------------------------------------------------------------- */

LOCAL_SHAPE(votes_shape, { "issue_key", SHAPE_STR }, { "votes", SHAPE_INT },
    { "has_voted", SHAPE_BOOL, "hasVoted" },
    { "voters", SHAPE_LIST, .of = &jira_user_shape, .help = "where you may see them" });

static bool
get_votes(struct work *work)
{
	struct slice key;
	yyjson_val *reply;

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key) ||
	    !work_get_wait(
		work, &reply, "{api}/issue/{key}/votes", "key", work_cstr(work, key), NULL))
		return false;
	work->out = shape_make(work, &votes_shape, reply);
	out_slice(work, work->out, "issue_key", key);
	work->summary = slice_of(work_printf(work, "%lld votes for %.*s",
	    (long long)yyjson_get_sint(yyjson_obj_get(reply, "votes")), SLICE_FMT(key)));
	return true;
}

static bool
vote_wait(struct work *work, const char *verb, const char *said)
{
	struct slice key;

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key) ||
	    !work_send_wait(work, verb, NULL, NULL, "{api}/issue/{key}/votes", "key",
		work_cstr(work, key), NULL))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "message", work_printf(work, "%s %.*s", said, SLICE_FMT(key)));
	return true;
}

static bool
add_vote(struct work *work)
{
	return vote_wait(work, "POST", "You vote for");
}

static bool
remove_vote(struct work *work)
{
	return vote_wait(work, "DELETE", "You no longer vote for");
}

/* ---- components ------------------------------------------------------------------------------ */

LOCAL_SHAPE(component_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR },
    { "description", SHAPE_STR }, { "lead", SHAPE_FN, .fn = jira_person },
    { "assignee_type", SHAPE_STR, "assigneeType" }, { "project", SHAPE_STR });

static bool
create_component(struct work *work)
{
	struct slice lead = slice_trim(arg_slice(work, "lead")), id = SLICE_NONE;
	yyjson_mut_val *body = out_obj(work);
	struct jira_place place = { 0 };
	const char *project;
	yyjson_val *reply;

	if (!jira_project_arg(work, "project_key", &project))
		return false;
	place.project = slice_of(project);
	if (slice_trim(arg_slice(work, "name")).n == 0)
		return work_fail(work, ERR_PARAMS, "name is empty");
	if (lead.n > 0 && !jira_user_wait(work, lead, &place, &id))
		return false;
	out_slice(work, body, "name", slice_trim(arg_slice(work, "name")));
	out_str(work, body, "project", project);
	out_str(work, body, "description", arg_str(work, "description"));
	if (id.n > 0)
		out_slice(work, body, work->is_cloud ? "leadAccountId" : "leadUserName", id);
	out_str(work, body, "assigneeType", arg_str(work, "assignee_type"));
	if (!work_send_wait(work, "POST", body, &reply, "{api}/component", NULL))
		return false;
	work->out = shape_make(work, &component_shape, reply);
	work->summary = slice_of(
	    work_printf(work, "component %s created in %s", arg_str(work, "name"), project));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define ISSUE_ARG \
	{ \
		"issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" \
	}

static const struct tool tools[] = {
	{ .name = "get_votes",
	    .title = "Get Votes",
	    .help = "How many votes an issue has, and whose.",
	    .toolset = "jira_extra",
	    .flags = READS | IDEMPOTENT,
	    .run = get_votes,
	    .shape = &votes_shape,
	    ARGS(ISSUE_ARG) },
	{ .name = "add_vote",
	    .title = "Add Vote",
	    .help = "Vote for an issue.",
	    .toolset = "jira_extra",
	    .flags = WRITES | IDEMPOTENT,
	    .run = add_vote,
	    .shape = &jira_message_shape,
	    ARGS(ISSUE_ARG) },
	{ .name = "remove_vote",
	    .title = "Remove Vote",
	    .help = "Take your vote for an issue back.",
	    .toolset = "jira_extra",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = remove_vote,
	    .shape = &jira_message_shape,
	    ARGS(ISSUE_ARG) },
	{ .name = "create_component",
	    .title = "Create Component",
	    .help = "Create a component of a project.",
	    .toolset = "jira_extra",
	    .flags = WRITES,
	    .run = create_component,
	    .shape = &component_shape,
	    ARGS({ "project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ" },
		{ "name", ARG_STR, REQUIRED, "Name", NULL, 0, NAME_BYTES },
		{ "description", ARG_STR, 0, "Description", NULL, 0, TEXT_BYTES },
		{ "lead", ARG_STR, 0, "E-mail, name, or accountid:ID", NULL, 0, NAME_BYTES },
		{ "assignee_type", ARG_STR, 0, "Who gets its issues",
		    .one_of = "PROJECT_DEFAULT|COMPONENT_LEAD|PROJECT_LEAD|UNASSIGNED" }) },
};
const struct tool_set jira_extra_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

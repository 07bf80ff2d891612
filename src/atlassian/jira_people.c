/*
 * People: who somebody is, who can be assigned, who watches an issue.  A person is named by
 * whatever a client has (account id, e-mail, user name, key, display name), or is "me".
 */
#include "atlassian/jira.h"

#define NAME_BYTES 255
#define USERS_MAX  1000

/* ---- who is meant ---------------------------------------------------------------------------- */

static bool
is_me(struct slice who)
{
	return slice_eq_nocase(who, S("me")) || slice_eq_nocase(who, S("currentUser()"));
}

static bool
myself_wait(struct work *work, yyjson_val **out)
{
	return work_get_wait(work, out, "{api}/myself", NULL);
}

/* What the site takes as the person: an account id on Cloud, a user name elsewhere. */
static bool
person_wait(struct work *work, struct slice who, const struct jira_place *place, struct slice *out)
{
	yyjson_val *user;

	who = slice_trim(who);
	if (!is_me(who))
		return jira_user_wait(work, who, place, out);
	if (!myself_wait(work, &user))
		return false;
	*out = json_slice(yyjson_obj_get(user, work->is_cloud ? "accountId" : "name"));
	return out->n > 0 || work_fail(work, ERR_UNAVAILABLE, "Jira does not say who you are");
}

static const char *
id_member(const struct work *work)
{
	return work->is_cloud ? "accountId" : "username";
}

/* ---- get_user_profile ------------------------------------------------------------------------ */

LOCAL_SHAPE(
    profile_shape, { "success", SHAPE_BOOL }, { "user", SHAPE_OBJECT, .of = &jira_user_shape });

static bool
profile_wait(struct work *work, struct slice who, yyjson_val **out)
{
	struct slice id;

	if (is_me(who))
		return myself_wait(work, out);
	return person_wait(work, who, NULL, &id) &&
	    work_get_wait(work, out, "{api}/user", id_member(work), work_cstr(work, id), NULL);
}

static bool
get_user_profile(struct work *work)
{
	static const char *const extra[][2] = { { "active", "active" },
		{ "time_zone", "timeZone" } };
	struct slice who = slice_trim(arg_slice(work, "user_identifier"));
	yyjson_mut_val *person;
	yyjson_val *user;

	if (!profile_wait(work, who, &user))
		return false;
	person = shape_make(work, &jira_user_shape, user);
	for (size_t i = 0; i < COUNT(extra); i++)
		out_copy(work, person, extra[i][0], yyjson_obj_get(user, extra[i][1]));
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_val(work, work->out, "user", person);
	work->summary = work_dup(work, json_slice(yyjson_obj_get(user, "displayName")));
	return true;
}

/* ---- search_assignable_users ----------------------------------------------------------------- */

LOCAL_SHAPE(assignable_shape, { "success", SHAPE_BOOL }, { "count", SHAPE_INT },
    { "users", SHAPE_LIST, .of = &jira_user_shape });

static bool
search_assignable_users(struct work *work)
{
	struct slice project = slice_trim(arg_slice(work, "project_key")),
		     issue = arg_slice(work, "issue_key");
	bool is_issue = issue.n > 0;
	yyjson_val *users;

	if (is_issue == (project.n > 0))
		return work_fail(
		    work, ERR_PARAMS, "exactly one of project_key and issue_key must be given");
	if (is_issue ? !jira_guard_wait(work, issue, &issue) : !jira_project_check(work, project))
		return false;
	if (!work_get_wait(work, &users, "{api}/user/assignable/search",
		work->is_cloud ? "query" : "username", arg_str(work, "query"), "maxResults",
		work_number(work, arg_int(work, "limit")), is_issue ? "issueKey" : "project",
		work_cstr(work, is_issue ? issue : project), NULL))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_int(work, work->out, "count", (int64_t)yyjson_arr_size(users));
	out_val(work, work->out, "users", shape_list(work, &jira_user_shape, users));
	work->summary = slice_of(work_printf(work, "%zu users", yyjson_arr_size(users)));
	return true;
}

/* ---- watchers -------------------------------------------------------------------------------- */

static bool
get_issue_watchers(struct work *work)
{
	struct slice key;
	yyjson_val *reply;

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key) ||
	    !work_get_wait(
		work, &reply, "{api}/issue/{key}/watchers", "key", work_cstr(work, key), NULL))
		return false;
	work->out = shape_make(work, &jira_watchers_shape, reply);
	out_slice(work, work->out, "issue_key", key);
	work->summary = slice_of(work_printf(work, "%lld watch %.*s",
	    (long long)yyjson_get_sint(yyjson_obj_get(reply, "watchCount")), SLICE_FMT(key)));
	return true;
}

LOCAL_SHAPE(watched_shape, { "success", SHAPE_BOOL }, { "message", SHAPE_STR },
    { "issue_key", SHAPE_STR }, { "user", SHAPE_STR });

static bool
watched(struct work *work, struct slice key, struct slice who, const char *what)
{
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message",
	    work_printf(work, "User '%.*s' %s %.*s", SLICE_FMT(who), what, SLICE_FMT(key)));
	out_slice(work, work->out, "issue_key", key);
	out_slice(work, work->out, "user", who);
	return true;
}

static bool
add_watcher(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key, id,
		     who = slice_trim(arg_slice(work, "user_identifier"));
	struct jira_place place = { .issue = asked };
	yyjson_mut_val *body;

	if (!jira_guard_wait(work, asked, &key) || !person_wait(work, who, &place, &id))
		return false;
	body = yyjson_mut_strncpy(work->doc, id.p, id.n);
	return work_send_wait(work, "POST", body, NULL, "{api}/issue/{key}/watchers", "key",
		   work_cstr(work, key), NULL) &&
	    watched(work, key, who, "added as watcher to");
}

/* account_id is taken as it is, username may be any identifier. */
static bool
leaver_wait(struct work *work, const struct jira_place *place, struct slice *who, struct slice *id)
{
	struct slice account = slice_trim(arg_slice(work, "account_id")),
		     name = slice_trim(arg_slice(work, "username"));
	bool by_account = account.n > 0 && work->is_cloud;

	if (account.n == 0 && name.n == 0)
		return work_fail(work, ERR_PARAMS, "one of username and account_id must be given");
	if (!by_account && name.n == 0)
		return work_fail(work, ERR_PARAMS,
		    "account_id: account ids are for Cloud; give username on Data Center");
	*who = by_account ? account : name;
	if (!by_account)
		return person_wait(work, name, place, id);
	*id = account;
	return !slice_starts(account, S("accountid:")) || jira_user_wait(work, account, place, id);
}

static bool
remove_watcher(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key, who, id;
	struct jira_place place = { .issue = asked };

	return jira_guard_wait(work, asked, &key) && leaver_wait(work, &place, &who, &id) &&
	    work_send_wait(work, "DELETE", NULL, NULL, "{api}/issue/{key}/watchers", "key",
		work_cstr(work, key), id_member(work), work_cstr(work, id), NULL) &&
	    watched(work, key, who, "removed from watching");
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define ISSUE_ARG \
	{ \
		"issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" \
	}

static const struct tool tools[] = {
	{ .name = "get_user_profile",
	    .title = "Get User Profile",
	    .help = "A user, by e-mail, name, key or account id; \"me\" is you.",
	    .toolset = "jira_users",
	    .flags = READS | IDEMPOTENT,
	    .run = get_user_profile,
	    .shape = &profile_shape,
	    ARGS({ "user_identifier", ARG_STR, REQUIRED, "E-mail, name, key, accountid:ID, or me",
		NULL, 0, NAME_BYTES }) },
	{ .name = "search_assignable_users",
	    .title = "Search Assignable Users",
	    .help = "Users who can be assigned in a project or to an issue; give one of both.",
	    .toolset = "jira_users",
	    .flags = READS | IDEMPOTENT,
	    .run = search_assignable_users,
	    .shape = &assignable_shape,
	    ARGS({ "query", ARG_STR, REQUIRED, "Part of a name or e-mail", NULL, 0, NAME_BYTES },
		{ "project_key", ARG_PROJECT, 0, "Project key, such as PROJ", NULL, 0, 80 },
		{ "issue_key", ARG_KEY, 0, "Issue key, such as PROJ-123" },
		{ "limit", ARG_INT, 0, "Most results", "20", 1, USERS_MAX }) },
	{ .name = "get_issue_watchers",
	    .title = "Get Issue Watchers",
	    .help = "Who watches an issue.",
	    .toolset = "jira_watchers",
	    .flags = READS | IDEMPOTENT,
	    .run = get_issue_watchers,
	    .shape = &jira_watchers_shape,
	    ARGS(ISSUE_ARG) },
	{ .name = "add_watcher",
	    .title = "Add Issue Watcher",
	    .help = "Make a user watch an issue.",
	    .toolset = "jira_watchers",
	    .flags = WRITES | IDEMPOTENT,
	    .run = add_watcher,
	    .shape = &watched_shape,
	    ARGS(ISSUE_ARG,
		{ "user_identifier", ARG_STR, REQUIRED, "E-mail, name, accountid:ID, or me", NULL,
		    0, NAME_BYTES }) },
	{ .name = "remove_watcher",
	    .title = "Remove Issue Watcher",
	    .help = "Make a user stop watching an issue.",
	    .toolset = "jira_watchers",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = remove_watcher,
	    .shape = &watched_shape,
	    ARGS(ISSUE_ARG, { "username", ARG_STR, 0, "Name, e-mail, or me", NULL, 0, NAME_BYTES },
		{ "account_id", ARG_STR, 0, "Account id, on Cloud", NULL, 0, NAME_BYTES }) },
};
const struct tool_set jira_people_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

/*
 * Boards and sprints (the agile API, the same on both deployments).  A board belongs to the
 * projects that it shows, a sprint to its board: where the site has a filter they are looked up
 * before anything else is asked.  The issues of a sprint are searched by JQL, as the filter and the
 * paging of every other search then hold for them too, and texts come in the current form.
 */
#include "atlassian/jira.h"

#define PAGE_MAX   50
#define BOARDS_MAX 1000 /* walked through to fill a page of one site's filter */
#define MOVE_MAX   50	/* issues that Jira moves in one request */
#define KEYS_MAX   200
#define SITE_PAGES "50"

LOCAL_SHAPE(board_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "type", SHAPE_STR },
    { "project_key", SHAPE_STR, "location/projectKey" });
LOCAL_SHAPE(boards_shape, { "result", SHAPE_LIST, .of = &board_shape });
LOCAL_SHAPE(sprint_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "state", SHAPE_STR },
    { "goal", SHAPE_STR }, { "start_date", SHAPE_STR, "startDate" },
    { "end_date", SHAPE_STR, "endDate" }, { "complete_date", SHAPE_STR, "completeDate" },
    { "board_id", SHAPE_STR, "originBoardId" });
LOCAL_SHAPE(sprints_shape, { "result", SHAPE_LIST, .of = &sprint_shape });

/* ---- scope ----------------------------------------------------------------------------------- */

static bool
board_check_wait(struct work *work, const char *board)
{
	yyjson_val *reply, *project;
	size_t i, max;

	if (work->site->config->filter_n == 0)
		return true;
	if (!work_get_wait(work, &reply, "/rest/agile/1.0/board/{board}/project", "board", board,
		"maxResults", SITE_PAGES, NULL))
		return false;
	yyjson_arr_foreach(yyjson_obj_get(reply, "values"), i, max, project)
	{
		if (jira_may_see(work, json_slice(yyjson_obj_get(project, "key"))))
			return true;
	}
	return work_fail(work, ERR_REFUSED, "%.*s does not show board %s: it is of another project",
	    SLICE_FMT(work->site->provider.name), board);
}

static bool
sprint_check_wait(struct work *work, const char *sprint)
{
	yyjson_val *reply, *board;

	if (work->site->config->filter_n == 0)
		return true;
	if (!work_get_wait(work, &reply, "/rest/agile/1.0/sprint/{sprint}", "sprint", sprint, NULL))
		return false;
	board = yyjson_obj_get(reply, "originBoardId");
	if (!yyjson_is_int(board))
		return work_fail(work, ERR_REFUSED, "the board of sprint %s is not known", sprint);
	return board_check_wait(work, work_number(work, yyjson_get_sint(board)));
}

/* ---- boards ---------------------------------------------------------------------------------- */

static bool
is_there(yyjson_mut_val *list, yyjson_mut_val *made)
{
	const char *id = yyjson_mut_get_str(yyjson_mut_obj_get(made, "id"));
	yyjson_mut_val *one;
	size_t i, max;

	yyjson_mut_arr_foreach(list, i, max, one)
	{
		if (id != NULL && yyjson_mut_equals_str(yyjson_mut_obj_get(one, "id"), id))
			return true;
	}
	return false;
}

/* All boards of one project (NULL: of all), until the page is full. */
static bool
boards_add_wait(struct work *work, const char *project, yyjson_mut_val *all, int64_t most)
{
	const char *name = arg_str(work, "board_name"), *type = arg_str(work, "board_type");
	struct pages pages;
	yyjson_val *items, *board;
	yyjson_mut_val *made;
	size_t i, max;

	pages_init(&pages, work, PAGE_START_AT,
	    work_path(work, "/rest/agile/1.0/board", "name",
		name != NULL && *name != '\0' ? name : NULL, "projectKeyOrId", project, "type",
		type != NULL && *type != '\0' ? type : NULL, NULL),
	    "values", 0, BOARDS_MAX, PAGE_MAX);
	if (pages.path == NULL)
		return false;
	do {
		if (!pages_next_wait(&pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, board)
		{
			made = shape_make(work, &board_shape, board);
			if (made != NULL && !is_there(all, made))
				yyjson_mut_arr_append(all, made);
		}
	} while (items != NULL && !pages.is_over && (int64_t)yyjson_mut_arr_size(all) < most);
	return true;
}

static void
cut(struct work *work, yyjson_mut_val *all, int64_t start, int64_t limit, const char *what)
{
	int64_t n = (int64_t)yyjson_mut_arr_size(all);

	if (start > 0)
		yyjson_mut_arr_remove_range(all, 0, (size_t)(start < n ? start : n));
	n = (int64_t)yyjson_mut_arr_size(all);
	if (n > limit) {
		yyjson_mut_arr_remove_range(all, (size_t)limit, (size_t)(n - limit));
		work->summary = slice_of(work_printf(work, "%lld %s; more with start_at %lld",
		    (long long)limit, what, (long long)start + (long long)limit));
	}
	work->out = all;
}

static bool
boards_filtered_wait(struct work *work, yyjson_mut_val *all, int64_t most)
{
	const struct config_site *config = work->site->config;

	for (size_t i = 0; i < config->filter_n && (int64_t)yyjson_mut_arr_size(all) < most; i++) {
		if (!boards_add_wait(work, work_cstr(work, config->filter[i]), all, most))
			return false;
	}
	return true;
}

static bool
get_agile_boards(struct work *work)
{
	struct slice project = slice_trim(arg_slice(work, "project_key"));
	int64_t start = arg_int(work, "start_at"), limit = arg_int(work, "limit");
	yyjson_mut_val *all = out_arr(work);
	bool is_filtered = work->site->config->filter_n > 0 && project.n == 0;

	if (start > BOARDS_MAX)
		return work_fail(work, ERR_PARAMS, "start_at: at most %d", BOARDS_MAX);
	if (project.n > 0 && !jira_project_check(work, project))
		return false;
	/* One more than is shown tells whether there are more. */
	if (is_filtered ? !boards_filtered_wait(work, all, start + limit + 1)
			: !boards_add_wait(work, project.n > 0 ? work_cstr(work, project) : NULL,
			      all, start + limit + 1))
		return false;
	cut(work, all, start, limit, "boards");
	return true;
}

static bool
get_sprints_from_board(struct work *work)
{
	const char *board = arg_str(work, "board_id"), *state = arg_str(work, "state");
	int64_t start = arg_int(work, "start_at"), limit = arg_int(work, "limit");
	struct pages pages;
	yyjson_val *items;

	if (!board_check_wait(work, board))
		return false;
	pages_init(&pages, work, PAGE_START_AT,
	    work_path(work, "/rest/agile/1.0/board/{board}/sprint", "board", board, "state",
		state != NULL && *state != '\0' ? state : NULL, NULL),
	    "values", start, limit, PAGE_MAX);
	if (pages.path == NULL || !pages_next_wait(&pages, &items))
		return false;
	work->out = shape_list(work, &sprint_shape, items);
	if (work->out == NULL)
		work->out = out_arr(work);
	if (yyjson_is_false(yyjson_obj_get(pages.page, "isLast")))
		work->summary = slice_of(work_printf(work, "%zu sprints; more with start_at %lld",
		    yyjson_mut_arr_size(work->out), (long long)start + (long long)pages.seen));
	return true;
}

/* ---- issues ---------------------------------------------------------------------------------- */

static bool
get_board_issues(struct work *work)
{
	struct issue_page page = { .total = -1,
		.start = arg_int(work, "start_at"),
		.limit = arg_int(work, "limit"),
		.issues = out_arr(work) };
	struct issue_view view;
	struct pages pages;
	yyjson_val *items, *issue;
	const char *jql;
	size_t i, max;

	if (!jira_jql(work, arg_slice(work, "jql"), NULL, 0, &jql) ||
	    !board_check_wait(work, arg_str(work, "board_id")) ||
	    !issue_view_args_wait(work, &view))
		return false;
	pages_init(&pages, work, PAGE_START_AT,
	    work_path(work, "/rest/agile/1.0/board/{board_id}/issue", "jql",
		*jql != '\0' ? jql : NULL, "fields", view.query, "expand", view.expand, NULL),
	    "issues", page.start, page.limit, PAGE_MAX);
	if (pages.path == NULL || !pages_next_wait(&pages, &items))
		return false;
	view.names = yyjson_obj_get(pages.page, "names");
	yyjson_arr_foreach(items, i, max, issue)
	{
		if (jira_may_see_issue(work, issue))
			yyjson_mut_arr_append(page.issues, issue_make(work, &view, issue));
	}
	page.total = pages.total;
	page.seen = pages.seen;
	issue_page_make(work, &page);
	return true;
}

static bool
get_sprint_issues(struct work *work)
{
	struct jira_search search = { .start = arg_int(work, "start_at"),
		.limit = arg_int(work, "limit"),
		.page_token = arg_str(work, "page_token") };
	struct slice sprint = slice_trim(arg_slice(work, "sprint_id"));
	struct issue_view view;
	uint64_t id;

	if (!slice_to_u64(sprint, INT64_MAX, &id))
		return work_fail(work, ERR_PARAMS, "sprint_id must be a number");
	if (search.page_token != NULL && *search.page_token == '\0')
		search.page_token = NULL;
	if (!jira_jql(work, slice_of(work_printf(work, "sprint = %llu", (unsigned long long)id)),
		NULL, 0, &search.jql) ||
	    !issue_view_args_wait(work, &view))
		return false;
	search.view = &view;
	return jira_search_wait(work, &search);
}

/* ---- writes ---------------------------------------------------------------------------------- */

static bool
sprint_show(struct work *work, yyjson_val *reply, const char *what)
{
	work->out = shape_make(work, &sprint_shape, reply);
	work->summary = slice_of(work_printf(work, "sprint %s \"%.*s\" %s",
	    work_number(work, yyjson_get_sint(yyjson_obj_get(reply, "id"))),
	    SLICE_FMT(json_slice(yyjson_obj_get(reply, "name"))), what));
	return true;
}

static bool
create_sprint(struct work *work)
{
	struct slice board = slice_trim(arg_slice(work, "board_id"));
	yyjson_mut_val *body = out_obj(work);
	yyjson_val *reply;
	uint64_t id;

	if (!slice_to_u64(board, INT64_MAX, &id))
		return work_fail(work, ERR_PARAMS, "board_id must be a number");
	if (!board_check_wait(work, work_number(work, (int64_t)id)))
		return false;
	out_slice(work, body, "name", arg_slice(work, "name"));
	out_int(work, body, "originBoardId", (int64_t)id);
	out_slice(work, body, "startDate", arg_slice(work, "start_date"));
	out_slice(work, body, "endDate", arg_slice(work, "end_date"));
	if (arg_slice(work, "goal").n > 0)
		out_slice(work, body, "goal", arg_slice(work, "goal"));
	if (!work_send_wait(work, "POST", body, &reply, "/rest/agile/1.0/sprint", NULL))
		return false;
	return sprint_show(work, reply, "created");
}

static bool
update_sprint(struct work *work)
{
	static const struct {
		const char *arg, *member;
	} members[] = { { "name", "name" }, { "state", "state" }, { "start_date", "startDate" },
		{ "end_date", "endDate" }, { "goal", "goal" } };
	yyjson_mut_val *body = out_obj(work);
	yyjson_val *reply;

	for (size_t i = 0; i < COUNT(members); i++) {
		if (arg_has(work, members[i].arg))
			out_slice(work, body, members[i].member, arg_slice(work, members[i].arg));
	}
	if (yyjson_mut_obj_size(body) == 0)
		return work_fail(
		    work, ERR_PARAMS, "nothing to change: give name, state, a date or goal");
	if (!sprint_check_wait(work, arg_str(work, "sprint_id")) ||
	    !work_send_wait(work, "POST", body, &reply, "/rest/agile/1.0/sprint/{sprint_id}", NULL))
		return false;
	return sprint_show(work, reply, "updated");
}

/* Fifty at a time; what was moved before one failed is told. */
static bool
move_wait(struct work *work, const struct slice *keys, size_t n, const char *path)
{
	if (path == NULL)
		return false;
	for (size_t from = 0; from < n; from += MOVE_MAX) {
		yyjson_mut_val *body = out_obj(work), *issues = out_arr(work);

		for (size_t i = from; i < n && i < from + MOVE_MAX; i++)
			yyjson_mut_arr_append(
			    issues, yyjson_mut_strncpy(work->doc, keys[i].p, keys[i].n));
		out_val(work, body, "issues", issues);
		if (!work_send_wait(work, "POST", body, NULL, path, NULL))
			return from == 0
			    ? false
			    : work_fail_after(work, "%zu of %zu issues were moved", from, n);
		work_progress(work, (int64_t)(n - from < MOVE_MAX ? n : from + MOVE_MAX),
		    (int64_t)n, "issues moved");
	}
	return true;
}

/* Keys as Jira has them now; each is looked at where the site has a filter. */
static bool
keys_take_wait(struct work *work, struct slice **keys, size_t *n)
{
	*n = arg_list(work, "issue_keys", keys);
	if (*n == 0)
		return work_fail(work, ERR_PARAMS, "issue_keys is empty");
	if (*n > KEYS_MAX)
		return work_fail(work, ERR_PARAMS, "issue_keys: at most %d", KEYS_MAX);
	if (!jira_keys_check(work, *keys, *n))
		return false;
	for (size_t i = 0; i < *n; i++) {
		if (!jira_guard_wait(work, (*keys)[i], NULL))
			return false;
	}
	return true;
}

LOCAL_SHAPE(moved_shape, { "message", SHAPE_STR }, { "issue_keys", SHAPE_LIST },
    { "sprint_id", SHAPE_STR });

static bool
say_moved(struct work *work, const struct slice *keys, size_t n, const char *where)
{
	yyjson_mut_val *list = out_arr(work);

	for (size_t i = 0; i < n; i++)
		yyjson_mut_arr_append(list, yyjson_mut_strncpy(work->doc, keys[i].p, keys[i].n));
	work->out = out_obj(work);
	out_str(work, work->out, "message",
	    work_printf(work, "%zu issue%s moved to %s", n, n == 1 ? "" : "s", where));
	out_val(work, work->out, "issue_keys", list);
	return true;
}

static bool
add_issues_to_sprint(struct work *work)
{
	const char *sprint = arg_str(work, "sprint_id");
	struct slice *keys;
	size_t n;

	if (!sprint_check_wait(work, sprint) || !keys_take_wait(work, &keys, &n) ||
	    !move_wait(
		work, keys, n, work_path(work, "/rest/agile/1.0/sprint/{sprint_id}/issue", NULL)) ||
	    !say_moved(work, keys, n, work_printf(work, "sprint %s", sprint)))
		return false;
	out_str(work, work->out, "sprint_id", sprint);
	return true;
}

static bool
move_issues_to_backlog(struct work *work)
{
	struct slice *keys;
	size_t n;

	return keys_take_wait(work, &keys, &n) &&
	    move_wait(work, keys, n, "/rest/agile/1.0/backlog/issue") &&
	    say_moved(work, keys, n, "the backlog");
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define PAGE_ARGS \
	{ "start_at", ARG_INT, 0, "Results left out at the start", "0", 0, INT32_MAX }, \
	{ \
		"limit", ARG_INT, 0, "Most results", "10", 1, PAGE_MAX \
	}
#define BOARD_ARG \
	{ \
		"board_id", ARG_ID, REQUIRED, "Id of the board", NULL, 0, 20 \
	}
#define SPRINT_ARG \
	{ \
		"sprint_id", ARG_ID, REQUIRED, "Id of the sprint", NULL, 0, 20 \
	}
#define READ_FIELDS_ARG \
	{ \
		"fields", ARG_CSV, 0, JIRA_FIELDS_HELP, JIRA_READ_FIELDS \
	}

static const struct tool tools[] = {
	{ .name = "get_agile_boards",
	    .title = "Get Agile Boards",
	    .help = "Boards, by part of their name, project or type.",
	    .toolset = "jira_agile",
	    .flags = READS | IDEMPOTENT,
	    .run = get_agile_boards,
	    .shape = &boards_shape,
	    ARGS({ "board_name", ARG_STR, 0, "Part of the name", NULL, 0, 255 },
		{ "project_key", ARG_PROJECT, 0, "Project key, such as PROJ", NULL, 0, 80 },
		{ "board_type", ARG_STR, 0, "scrum or kanban", NULL, 0, 20 }, PAGE_ARGS) },
	{ .name = "get_board_issues",
	    .title = "Get Board Issues",
	    .help = "The issues of a board that a JQL query selects.",
	    .toolset = "jira_agile",
	    .flags = READS | IDEMPOTENT,
	    .run = get_board_issues,
	    .shape = &jira_issue_list_shape,
	    ARGS(BOARD_ARG,
		{ "jql", ARG_STR, REQUIRED, "A JQL query; empty: all", NULL, 0, JQL_MAX_BYTES },
		READ_FIELDS_ARG, PAGE_ARGS,
		{ "expand", ARG_STR, 0, "REST expansions", "\"version\"", 0, 400 }) },
	{ .name = "get_sprints_from_board",
	    .title = "Get Sprints from Board",
	    .help = "The sprints of a board.",
	    .toolset = "jira_agile",
	    .flags = READS | IDEMPOTENT,
	    .run = get_sprints_from_board,
	    .shape = &sprints_shape,
	    ARGS(BOARD_ARG,
		{ "state", ARG_STR, 0, "active, future, closed, or several with commas", NULL, 0,
		    40 },
		PAGE_ARGS) },
	{ .name = "get_sprint_issues",
	    .title = "Get Sprint Issues",
	    .help = "The issues of a sprint.",
	    .toolset = "jira_agile",
	    .flags = READS | IDEMPOTENT,
	    .run = get_sprint_issues,
	    .shape = &jira_issue_list_shape,
	    ARGS(SPRINT_ARG, READ_FIELDS_ARG, PAGE_ARGS,
		{ "page_token", ARG_STR, 0, "Cloud: next_page_token of the page before", NULL, 0,
		    4096 }) },
	{ .name = "create_sprint",
	    .title = "Create Sprint",
	    .help = "Create a sprint on a board.",
	    .toolset = "jira_agile",
	    .flags = WRITES,
	    .run = create_sprint,
	    .shape = &sprint_shape,
	    ARGS(BOARD_ARG, { "name", ARG_STR, REQUIRED, "Name", NULL, 0, 255 },
		{ "start_date", ARG_TIME, REQUIRED, "Such as 2030-01-01T09:00:00.000Z", NULL, 0,
		    40 },
		{ "end_date", ARG_TIME, REQUIRED, "Such as 2030-01-15T17:00:00.000Z", NULL, 0, 40 },
		{ "goal", ARG_STR, 0, "Goal of the sprint", NULL, 0, 4096 }) },
	{ .name = "update_sprint",
	    .title = "Update Sprint",
	    .help = "Change a sprint; only what is given changes.",
	    .toolset = "jira_agile",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = update_sprint,
	    .shape = &sprint_shape,
	    ARGS(SPRINT_ARG, { "name", ARG_STR, 0, "Name", NULL, 0, 255 },
		{ .name = "state",
		    .type = ARG_STR,
		    .help = "The next state of the sprint",
		    .one_of = "future|active|closed" },
		{ "start_date", ARG_TIME, 0, "Such as 2030-01-01T09:00:00.000Z", NULL, 0, 40 },
		{ "end_date", ARG_TIME, 0, "Such as 2030-01-15T17:00:00.000Z", NULL, 0, 40 },
		{ "goal", ARG_STR, 0, "Goal of the sprint", NULL, 0, 4096 }) },
	{ .name = "add_issues_to_sprint",
	    .title = "Add Issues to Sprint",
	    .help = "Move issues into a sprint.",
	    .toolset = "jira_agile",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = add_issues_to_sprint,
	    .shape = &moved_shape,
	    ARGS(SPRINT_ARG,
		{ "issue_keys", ARG_CSV, REQUIRED, "Keys of the issues", .of = ARG_KEY }) },
	{ .name = "move_issues_to_backlog",
	    .title = "Move Issues to Backlog",
	    .help = "Take issues out of their sprints.",
	    .toolset = "jira_agile",
	    .flags = WRITES | IDEMPOTENT,
	    .run = move_issues_to_backlog,
	    .shape = &moved_shape,
	    ARGS({ "issue_keys", ARG_CSV, REQUIRED, "Keys of the issues", .of = ARG_KEY }) },
};
const struct tool_set jira_agile_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

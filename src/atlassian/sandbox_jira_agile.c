/*
 * The sandbox's Jira: boards and sprints.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

static void
put_board(struct visit *visit, const struct board *board)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_number(out, "id", board->id);
	put_format(out, "self", "%s/rest/agile/1.0/board/%u", visit->world->jira_url, board->id);
	put_cstr(out, "name", board->name);
	put_cstr(out, "type", board->type);
	if (visit->world->is_cloud) {
		put_open(out, "location", '{');
		put_number(out, "projectId", board->project->id);
		put_cstr(out, "projectKey", board->project->key);
		put_cstr(out, "projectName", board->project->name);
		put_format(
		    out, "displayName", "%s (%s)", board->project->name, board->project->key);
		put_cstr(out, "projectTypeKey", board->project->kind);
		put_cstr(out, "name", board->name);
		put_close(out, '}');
	}
	put_close(out, '}');
}

static bool
board_fits(struct visit *visit, const struct board *board)
{
	struct slice name = visit_query(visit, "name"), type = visit_query(visit, "type"),
		     project = visit_query(visit, "projectKeyOrId");

	return (name.n == 0 || text_contains(slice_of(board->name), name)) &&
	    (type.n == 0 || visit_lists(visit, "type", board->type)) &&
	    (project.n == 0 || project_find(visit->world, project) == board->project);
}

static void
boards_get(struct visit *visit)
{
	struct slice project = visit_query(visit, "projectKeyOrId");
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 50, 50), n = 0;
	const struct board *board;

	if (project.n > 0 && project_find(visit->world, project) == NULL) {
		visit_fail(visit, 400, "No project could be found with key or id '%.*s'.",
		    SLICE_FMT(project));
		return;
	}
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "values", '[');
	LIST_EACH(board, &visit->world->boards)
	{
		if (!board_fits(visit, board))
			continue;
		if (n >= start && n - start < most)
			put_board(visit, board);
		n++;
	}
	put_close(&visit->out, ']');
	put_paging(visit, start, most, n);
	put_close(&visit->out, '}');
}

static struct board *
board_find(struct visit *visit, struct slice id)
{
	struct board *board;
	uint64_t number;

	if (slice_to_u64(id, UINT32_MAX, &number))
		LIST_EACH(board, &visit->world->boards)
	if (board->id == number)
		return board;
	visit_fail(visit, 404,
	    "The requested board cannot be viewed because it either does not "
	    "exist or you do not have permission to view it.");
	return NULL;
}

static void
board_get(struct visit *visit)
{
	const struct board *board = board_find(visit, visit->args[0]);

	if (board != NULL)
		put_board(visit, board);
}

static void
board_projects(struct visit *visit)
{
	const struct board *board = board_find(visit, visit->args[0]);

	if (board == NULL)
		return;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "values", '[');
	put_project(visit, NULL, board->project);
	put_close(&visit->out, ']');
	put_paging(visit, 0, 1, 1);
	put_close(&visit->out, '}');
}

static void
sprints_get(struct visit *visit)
{
	const struct board *board = board_find(visit, visit->args[0]);
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 50, 50), n = 0;
	const struct sprint *sprint;

	if (board == NULL)
		return;
	if (strcmp(board->type, "scrum") != 0) {
		visit_fail(visit, 400, "The board does not support sprints");
		return;
	}
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "values", '[');
	LIST_EACH(sprint, &board->sprints)
	{
		if (visit_query(visit, "state").n > 0 &&
		    !visit_lists(visit, "state", sprint->state))
			continue;
		if (n >= start && n - start < most)
			put_sprint(visit, NULL, sprint);
		n++;
	}
	put_close(&visit->out, ']');
	put_paging(visit, start, most, n);
	put_close(&visit->out, '}');
}

/* ---- issues of a board, of a sprint ---------------------------------------------------------- */

struct filter {
	const struct board *board;   /* NULL: any */
	const struct sprint *sprint; /* NULL: any */
	bool is_backlog;	     /* in no sprint that goes on */
};

static bool
fits(const struct filter *filter, const struct issue *issue)
{
	if (filter->board != NULL && issue->project != filter->board->project)
		return false;
	if (filter->sprint != NULL && issue->sprint != filter->sprint)
		return false;
	return !filter->is_backlog || issue->sprint == NULL ||
	    strcmp(issue->sprint->state, "future") == 0;
}

static void
put_filtered(struct visit *visit, const struct filter *filter)
{
	const struct query_caller caller = { visit->world, visit->user, visit->now_ms };
	struct slice jql = visit_query(visit, "jql");
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 50, 1000), found_n, n = 0;
	const struct issue **found;
	struct err err;

	if (!jql_find(visit->arena, &caller, jql.n > 0 ? jql : S("order by rank"), &found, &found_n,
		&err)) {
		visit_fail(visit, 400, "%s", err.text);
		return;
	}
	visit_fields(visit, FIELDS_NAVIGABLE);
	put_open(&visit->out, NULL, '{');
	put_cstr(&visit->out, "expand", "schema,names");
	put_number(&visit->out, "startAt", start);
	put_number(&visit->out, "maxResults", most);
	put_open(&visit->out, "issues", '[');
	for (unsigned i = 0; i < found_n; i++) {
		if (!fits(filter, found[i]))
			continue;
		if (n >= start && n - start < most)
			put_issue(visit, NULL, found[i]);
		n++;
	}
	put_close(&visit->out, ']');
	put_names(visit);
	put_number(&visit->out, "total", n);
	put_close(&visit->out, '}');
}

static void
board_issues(struct visit *visit)
{
	const struct filter filter = { .board = board_find(visit, visit->args[0]) };

	if (filter.board != NULL)
		put_filtered(visit, &filter);
}

static void
board_backlog(struct visit *visit)
{
	const struct filter filter = { .board = board_find(visit, visit->args[0]),
		.is_backlog = true };

	if (filter.board != NULL)
		put_filtered(visit, &filter);
}

static struct sprint *
visit_sprint(struct visit *visit)
{
	struct sprint *sprint = NULL;
	uint64_t id;

	if (slice_to_u64(visit->args[0], UINT32_MAX, &id))
		sprint = sprint_find(visit->world, id);
	if (sprint == NULL)
		visit_fail(visit, 404, "Sprint does not exist.");
	return sprint;
}

static void
sprint_issues(struct visit *visit)
{
	const struct filter filter = { .sprint = visit_sprint(visit) };

	if (filter.sprint != NULL)
		put_filtered(visit, &filter);
}

static void
sprint_get(struct visit *visit)
{
	const struct sprint *sprint = visit_sprint(visit);

	if (sprint != NULL)
		put_sprint(visit, NULL, sprint);
}

/* ---- writing --------------------------------------------------------------------------------- */

static const char *
state_of(struct slice name)
{
	static const char *const states[] = { "future", "active", "closed" };

	for (size_t i = 0; i < COUNT(states); i++)
		if (slice_eq_nocase(name, slice_of(states[i])))
			return states[i];
	return NULL;
}

static bool
sprint_check(struct visit *visit)
{
	static const char *const dates[] = { "startDate", "endDate" };
	struct slice state = json_text(visit->body, "state");
	uint64_t ms;

	for (size_t i = 0; i < COUNT(dates); i++) {
		struct slice text = json_text(visit->body, dates[i]);
		const struct query_value date = { .text = { text.p, text.n > 19 ? 19 : text.n } };

		if (text.p == NULL || (text.n >= 10 && query_time(&date, 0, &ms)))
			continue;
		visit_fail_field(visit, dates[i], "Invalid date: %.*s", SLICE_FMT(text));
		return false;
	}
	if (state.p == NULL || state_of(state) != NULL)
		return true;
	visit_fail_field(visit, "state", "Invalid state: %.*s", SLICE_FMT(state));
	return false;
}

static void
sprint_set(struct visit *visit, struct sprint *sprint)
{
	static const struct {
		const char *key;
		size_t at;
	} texts[] = { { "name", offsetof(struct sprint, name) },
		{ "goal", offsetof(struct sprint, goal) },
		{ "startDate", offsetof(struct sprint, start) },
		{ "endDate", offsetof(struct sprint, end) } };
	struct slice state = json_text(visit->body, "state");

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct slice text = json_text(visit->body, texts[i].key);

		if (text.p != NULL)
			sandbox_set(visit->sandbox,
			    (struct slice *)(void *)((char *)sprint + texts[i].at), text);
	}
	if (state.p != NULL)
		sprint->state = state_of(state);
}

#define SPRINTS_MAX 1000

static void
sprint_post(struct visit *visit)
{
	struct slice name = json_text(visit->body, "name");
	struct board *board;
	struct sprint *sprint;

	if (slice_trim(name).n == 0) {
		visit_fail_field(visit, "name", "You must specify a name.");
		return;
	}
	board = board_find(visit, json_id(visit, yyjson_obj_get(visit->body, "originBoardId")));
	if (board == NULL || !sprint_check(visit))
		return;
	if (visit->world->sprints.n >= SPRINTS_MAX) {
		visit_fail(visit, 507, "The sandbox has as many sprints as it may.");
		return;
	}
	sprint = SANDBOX_NEW(visit->sandbox, struct sprint);
	sprint->id = visit->world->sprints.n + 1;
	sprint->board = board;
	sprint->state = "future";
	sprint_set(visit, sprint);
	list_add(visit->sandbox, &visit->world->sprints, sprint);
	list_add(visit->sandbox, &board->sprints, sprint);
	visit->status = 201;
	put_sprint(visit, NULL, sprint);
}

static void
sprint_update(struct visit *visit)
{
	struct sprint *sprint = visit_sprint(visit);

	if (sprint == NULL || !sprint_check(visit))
		return;
	sprint_set(visit, sprint);
	put_sprint(visit, NULL, sprint);
}

#define MOVE_MOST 50

/* All of them, or none. */
static void
move_to(struct visit *visit, struct sprint *sprint)
{
	yyjson_val *issues = yyjson_obj_get(visit->body, "issues"), *value;
	struct issue *issue;
	size_t i, n;

	if (!yyjson_is_arr(issues) || yyjson_arr_size(issues) > MOVE_MOST) {
		visit_fail(visit, 400, "issues must be a list of at most 50 keys or ids");
		return;
	}
	yyjson_arr_foreach(issues, i, n, value)
	{
		if (issue_find(visit->world, json_id(visit, value)) != NULL)
			continue;
		visit_fail(visit, visit->world->is_cloud ? 400 : 404,
		    "Issue does not exist or you do not have permission to see it.");
		return;
	}
	yyjson_arr_foreach(issues, i, n, value)
	{
		issue = issue_find(visit->world, json_id(visit, value));
		visit->change_id = 0;
		issue_set_sprint(visit, issue, sprint);
		issue->updated_ms = visit->now_ms;
	}
	visit_no_content(visit);
}

static void
sprint_add(struct visit *visit)
{
	struct sprint *sprint = visit_sprint(visit);

	if (sprint == NULL)
		return;
	if (strcmp(sprint->state, "closed") == 0)
		visit_fail(visit, 400, "Issues can be moved only to open or active sprints.");
	else
		move_to(visit, sprint);
}

static void
backlog_add(struct visit *visit)
{
	move_to(visit, NULL);
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/agile/1.0/board",			ON_BOTH, boards_get },
	{ "GET",	"/rest/agile/1.0/board/{boardId}",		ON_BOTH, board_get },
	{ "GET",	"/rest/agile/1.0/board/{boardId}/issue",	ON_BOTH, board_issues },
	{ "GET",	"/rest/agile/1.0/board/{boardId}/backlog",	ON_BOTH, board_backlog },
	{ "GET",	"/rest/agile/1.0/board/{boardId}/project",	ON_BOTH, board_projects },
	{ "GET",	"/rest/agile/1.0/board/{boardId}/sprint",	ON_BOTH, sprints_get },
	{ "POST",	"/rest/agile/1.0/sprint",			ON_BOTH, sprint_post },
	{ "GET",	"/rest/agile/1.0/sprint/{sprintId}",		ON_BOTH, sprint_get },
	{ "POST",	"/rest/agile/1.0/sprint/{sprintId}",		ON_BOTH, sprint_update },
	{ "PUT",	"/rest/agile/1.0/sprint/{sprintId}",		ON_BOTH, sprint_update },
	{ "GET",	"/rest/agile/1.0/sprint/{sprintId}/issue",	ON_BOTH, sprint_issues },
	{ "POST",	"/rest/agile/1.0/sprint/{sprintId}/issue",	ON_BOTH, sprint_add },
	{ "POST",	"/rest/agile/1.0/backlog/issue",		ON_BOTH, backlog_add },
};
/* clang-format on */
const struct routes sandbox_jira_agile_routes = { rows, COUNT(rows) };

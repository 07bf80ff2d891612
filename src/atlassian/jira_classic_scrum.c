/*
 * The tools for teams of mcp-jira-confluence: boards, sprints, the summary for a daily standup; and
 * the searches that its heuristics share with them.
 */
#include <string.h>

#include "atlassian/classic.h"
#include "atlassian/jira.h"

#define SPRINT_ISSUES_MAX 1000
#define PEOPLE_MAX	  200

static bool
is_one_of(struct slice text, const char *words)
{
	struct slice rest = slice_of(words);

	while (rest.p != NULL) {
		if (slice_eq_nocase(text, slice_cut(rest, '|', &rest)))
			return true;
	}
	return false;
}

static bool
is_done(struct slice status)
{
	return is_one_of(status, "done|closed|resolved");
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* Id of the field of story points; SLICE_NONE: the site has none. */
bool
classic_points_field_wait(struct work *work, struct slice *id)
{
	static const char *const names[] = { "Story Points", "Story point estimate" };
	struct jira_field field;

	*id = SLICE_NONE;
	if (!jira_fields_wait(work, false))
		return false;
	for (size_t i = 0; i < COUNT(names) && id->p == NULL; i++) {
		if (jira_field_find(work, slice_of(names[i]), &field))
			*id = field.id;
	}
	return true;
}

/* Story points of an issue; 0: none. */
double
classic_points_of(struct work *work, yyjson_val *issue, struct slice field)
{
	const char *id = field.n > 0 ? work_cstr(work, field) : NULL;
	yyjson_val *value = id != NULL ? yyjson_obj_get(issue, id) : NULL;

	if (yyjson_is_obj(value))
		value = yyjson_obj_get(value, "value");
	return yyjson_is_num(value) ? yyjson_get_num(value) : 0;
}

/* fields: comma list; points: one more of them, or SLICE_NONE.  *total: -1: not told. */
bool
classic_issues_wait(struct work *work, struct slice jql, const char *fields, struct slice points,
    int most, yyjson_val **issues, int64_t *total)
{
	yyjson_mut_val *arguments = out_obj(work);
	yyjson_val *found;

	out_slice(work, arguments, "jql", jql);
	out_str(work, arguments, "fields",
	    points.n > 0 ? work_printf(work, "%s,%.*s", fields, SLICE_FMT(points)) : fields);
	out_int(work, arguments, "limit", most);
	if (!work_tool_wait(work, "search", arguments, &found))
		return false;
	*issues = yyjson_obj_get(found, "issues");
	*total = yyjson_get_sint(yyjson_obj_get(found, "total"));
	if (*total < 0)
		*total = (int64_t)yyjson_arr_size(*issues);
	return true;
}

/* ---- boards and sprints ---------------------------------------------------------------------- */

static bool
get_boards(struct work *work)
{
	yyjson_mut_val *arguments = work_given(work);
	struct buf *out = &work->told;
	yyjson_val *boards, *one;
	size_t i, max;

	out_int(work, arguments, "limit", 50);
	if (!work_tool_wait(work, "get_agile_boards", arguments, &boards))
		return false;
	if (yyjson_arr_size(boards) == 0) {
		buf_puts(out, "No agile boards found.");
		if (arg_has(work, "project_key"))
			buf_printf(out, " for project %s", arg_str(work, "project_key"));
		return true;
	}
	buf_printf(out, "**Found %zu agile board(s):**\n\n", yyjson_arr_size(boards));
	yyjson_arr_foreach(boards, i, max, one)
	{
		buf_printf(out, "**%.*s** (ID: %.*s)\n  - Type: %.*s\n  - Project: %.*s\n\n",
		    SLICE_FMT(text_at(one, "name", "Unnamed Board")),
		    SLICE_FMT(text_at(one, "id", "Unknown")),
		    SLICE_FMT(text_at(one, "type", "Unknown")),
		    SLICE_FMT(text_at(one, "project_key", "Unknown Project")));
	}
	return classic_told(work, "jira://agile-boards");
}

static bool
sprints_wait(struct work *work, const char *state, yyjson_val **sprints)
{
	yyjson_mut_val *arguments = out_obj(work);

	out_slice(work, arguments, "board_id", arg_slice(work, "board_id"));
	if (strcmp(state, "all") != 0)
		out_str(work, arguments, "state", state);
	out_int(work, arguments, "limit", 50);
	return work_tool_wait(work, "get_sprints_from_board", arguments, sprints);
}

static bool
get_sprints(struct work *work)
{
	const char *board = arg_str(work, "board_id"), *state = arg_str(work, "state");
	struct buf *out = &work->told;
	yyjson_val *sprints, *one;
	size_t i, max;

	if (!sprints_wait(work, state, &sprints))
		return false;
	if (yyjson_arr_size(sprints) == 0) {
		buf_printf(out, "No %s sprints found for board %s.", state, board);
		return true;
	}
	buf_printf(
	    out, "**%c%s Sprints for Board %s:**\n\n", state[0] - 'a' + 'A', state + 1, board);
	yyjson_arr_foreach(sprints, i, max, one)
	{
		buf_printf(out, "**%.*s** (ID: %.*s)\n  - State: %.*s\n  - Start: ",
		    SLICE_FMT(text_at(one, "name", "Unnamed Sprint")),
		    SLICE_FMT(text_at(one, "id", "Unknown")),
		    SLICE_FMT(text_at(one, "state", "Unknown")));
		text_day(out, text_at(one, "start_date", "Not set"));
		buf_puts(out, "\n  - End: ");
		text_day(out, text_at(one, "end_date", "Not set"));
		buf_printf(
		    out, "\n  - Goal: %.*s\n\n", SLICE_FMT(text_at(one, "goal", "No goal set")));
	}
	return classic_told(work, work_printf(work, "jira://board/%s/sprints", board));
}

/* ---- the standup ----------------------------------------------------------------------------- */

enum stage { STAGE_TODO, STAGE_RUNNING, STAGE_DONE, STAGES_N };

/* A status or a person, and how often it was met. */
struct tally {
	struct slice name;
	unsigned n, stages[STAGES_N];
};
struct tallies {
	struct tally *all;
	size_t n;
};

struct standup {
	struct work *work;
	yyjson_val *issues;
	struct tallies statuses, people;
	double points, points_done;
	unsigned done;
};

static enum stage
stage_of(struct slice status)
{
	return is_done(status)					 ? STAGE_DONE
	    : is_one_of(status, "in progress|in review|testing") ? STAGE_RUNNING
								 : STAGE_TODO;
}

/* In the order in which they were met; NULL: too many. */
static struct tally *
tally_of(struct tallies *tallies, struct slice name)
{
	for (size_t i = 0; i < tallies->n; i++) {
		if (slice_eq(tallies->all[i].name, name))
			return &tallies->all[i];
	}
	if (tallies->n == PEOPLE_MAX)
		return NULL;
	tallies->all[tallies->n] = (struct tally){ .name = name };
	return &tallies->all[tallies->n++];
}

static void
tally_add(struct tallies *tallies, struct slice name, enum stage stage)
{
	struct tally *tally = tally_of(tallies, name);

	if (tally == NULL)
		return;
	tally->n++;
	tally->stages[stage]++;
}

static bool
standup_count(struct standup *standup, struct slice points_field)
{
	struct work *work = standup->work;
	yyjson_val *one;
	size_t i, max;

	if (!arena_reserve(work->arena, (size_t)2 * PEOPLE_MAX * sizeof(struct tally), work->err))
		return false;
	standup->statuses.all = ARENA_ARRAY(work->arena, struct tally, PEOPLE_MAX);
	standup->people.all = ARENA_ARRAY(work->arena, struct tally, PEOPLE_MAX);
	yyjson_arr_foreach(standup->issues, i, max, one)
	{
		struct slice status = text_at(one, "status/name", "Unknown");
		double points = classic_points_of(work, one, points_field);
		enum stage stage = stage_of(status);

		tally_add(&standup->statuses, status, stage);
		tally_add(
		    &standup->people, text_at(one, "assignee/display_name", "Unassigned"), stage);
		standup->points += points;
		standup->points_done += stage == STAGE_DONE ? points : 0;
		standup->done += stage == STAGE_DONE;
	}
	return true;
}

static void
put_percent(struct buf *out, double part, double whole)
{
	if (whole > 0)
		buf_printf(out, "(%.1f%% complete)\n", part / whole * 100);
	else
		buf_puts(out, "(0% complete)\n");
}

static void
put_person(const struct standup *standup, const struct tally *person)
{
	struct buf *out = &standup->work->told;
	unsigned active = person->n - person->stages[STAGE_DONE], shown = 0;
	yyjson_val *one;
	size_t i, max;

	buf_printf(out, "**%.*s:**\n  - Total: %u | In Progress: %u | Completed: %u | To Do: %u\n",
	    SLICE_FMT(person->name), person->n, person->stages[STAGE_RUNNING],
	    person->stages[STAGE_DONE], person->stages[STAGE_TODO]);
	yyjson_arr_foreach(standup->issues, i, max, one)
	{
		struct slice status = text_at(one, "status/name", "Unknown");

		if (shown == 3 || is_done(status) ||
		    !slice_eq(text_at(one, "assignee/display_name", "Unassigned"), person->name))
			continue;
		buf_puts(out, shown++ == 0 ? "  - Active Issues: " : ", ");
		buf_printf(
		    out, "%.*s (%.*s)", SLICE_FMT(text_at(one, "key", "")), SLICE_FMT(status));
	}
	if (active > shown)
		buf_printf(out, " and %u more", active - shown);
	buf_puts(out, active > 0 ? "\n\n" : "\n");
}

static bool
is_blocker(yyjson_val *issue)
{
	return is_one_of(text_at(issue, "priority/name", ""), "highest|high|blocker") &&
	    !is_done(text_at(issue, "status/name", ""));
}

static bool
is_running(yyjson_val *issue)
{
	return stage_of(text_at(issue, "status/name", "")) == STAGE_RUNNING;
}

/* A section of issues of one kind. */
static void
put_section(const struct standup *standup, const char *head, bool (*is_of)(yyjson_val *issue),
    unsigned most, size_t characters, bool has_status)
{
	struct buf *out = &standup->work->told;
	unsigned n = 0, shown = 0;
	yyjson_val *one;
	size_t i, max;

	yyjson_arr_foreach(standup->issues, i, max, one) n += is_of(one);
	if (n == 0)
		return;
	buf_printf(out, "## %s (%u)\n", head, n);
	yyjson_arr_foreach(standup->issues, i, max, one)
	{
		if (!is_of(one) || shown++ >= most)
			continue;
		buf_printf(out, "- **%.*s**: ", SLICE_FMT(text_at(one, "key", "")));
		text_short(out, text_at(one, "summary", ""), characters);
		buf_printf(out, "\n  - Assignee: %.*s | Priority: %.*s",
		    SLICE_FMT(text_at(one, "assignee/display_name", "Unassigned")),
		    SLICE_FMT(text_at(one, "priority/name", "Unknown")));
		if (has_status)
			buf_printf(out, " | Status: %.*s",
			    SLICE_FMT(text_at(one, "status/name", "Unknown")));
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
}

static void
put_standup(const struct standup *standup, yyjson_val *sprint)
{
	struct buf *out = &standup->work->told;
	size_t n = yyjson_arr_size(standup->issues);

	buf_printf(out, "# Daily Standup Summary\n\n**Sprint:** %.*s\n**Period:** %.*s to %.*s\n\n",
	    SLICE_FMT(text_at(sprint, "name", "Unknown")),
	    SLICE_FMT(text_at(sprint, "start_date", "Unknown")),
	    SLICE_FMT(text_at(sprint, "end_date", "Unknown")));
	buf_printf(out, "## 📊 Sprint Progress\n- **Issues:** %u/%zu ", standup->done, n);
	put_percent(out, standup->done, (double)n);
	buf_printf(out, "- **Story Points:** %g/%g ", standup->points_done, standup->points);
	put_percent(out, standup->points_done, standup->points);
	buf_putc(out, '\n');
	buf_puts(out, standup->statuses.n > 0 ? "## 📋 Status Breakdown\n" : "");
	for (size_t i = 0; i < standup->statuses.n; i++)
		buf_printf(out, "- **%.*s:** %u issues\n", SLICE_FMT(standup->statuses.all[i].name),
		    standup->statuses.all[i].n);
	buf_puts(out, standup->statuses.n > 0 ? "\n## 👥 Team Status\n" : "");
	for (size_t i = 0; i < standup->people.n; i++) {
		if (!slice_eq(standup->people.all[i].name, S("Unassigned")))
			put_person(standup, &standup->people.all[i]);
	}
	put_section(standup, "🚫 Potential Blockers", is_blocker, 5, 80, true);
	put_section(standup, "🔄 Currently In Progress", is_running, 10, 60, false);
}

static bool
get_standup(struct work *work)
{
	struct standup standup = { .work = work };
	const char *board = arg_str(work, "board_id"), *jql;
	yyjson_val *sprints, *sprint;
	struct slice points;
	int64_t total;

	if (!sprints_wait(work, "active", &sprints))
		return false;
	sprint = yyjson_arr_get_first(sprints);
	if (sprint == NULL) {
		buf_printf(&work->told,
		    "No active sprint found for board %s. Please check if there's an active sprint "
		    "or try a different board.",
		    board);
		return true;
	}
	jql = work_printf(
	    work, "sprint = %.*s ORDER BY Rank ASC", SLICE_FMT(text_at(sprint, "id", "0")));
	if (!classic_points_field_wait(work, &points) ||
	    !classic_issues_wait(work, slice_of(jql), "summary,status,assignee,priority", points,
		SPRINT_ISSUES_MAX, &standup.issues, &total) ||
	    !standup_count(&standup, points))
		return false;
	put_standup(&standup, sprint);
	return classic_told(work, work_printf(work, "jira://board/%s/daily-standup", board));
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define BOARD_ARG \
	{ \
		"board_id", ARG_ID, REQUIRED, "Id of the board" \
	}

static const struct tool tools[] = {
	{ .name = "get-agile-boards",
	    .title = "Get Agile Boards",
	    .help = "Agile boards, of one project or of all.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = get_boards,
	    ARGS({ "project_key", ARG_PROJECT, 0, "Project key, such as PROJ" }) },
	{ .name = "get-board-sprints",
	    .title = "Get Board Sprints",
	    .help = "Sprints of an agile board.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = get_sprints,
	    ARGS(BOARD_ARG,
		{ "state", ARG_STR, 0, "Which sprints", "\"active\"", 0, 0,
		    "active|closed|future|all" }) },
	{ .name = "get-daily-standup-summary",
	    .title = "Get Daily Standup Summary",
	    .help =
		"The active sprint of a board: progress, who does what, what may be in the way.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = get_standup,
	    ARGS(BOARD_ARG) },
};
const struct tool_set jira_classic_scrum_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

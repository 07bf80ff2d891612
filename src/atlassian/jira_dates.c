/*
 * When an issue was in which status: its history as stays, one after the other, and what they sum
 * up to.  The changes come with the issue; Cloud cuts them there, and the rest is read page by
 * page.
 */
#include <ctype.h>
#include <stdlib.h>

#include "atlassian/jira_times.h"

#define VISITS_MAX     5000
#define PAGE_MAX       100
#define DAY_S	       86400
#define YEAR_FIRST     1970
#define YEAR_LAST      2199
#define ZONE_HOURS_MAX 18

/* ---- times ----------------------------------------------------------------------------------- */

static bool
take_mark(struct slice *text, char mark)
{
	if (text->n == 0 || text->p[0] != mark)
		return false;
	*text = (struct slice){ text->p + 1, text->n - 1 };
	return true;
}

/* Two or four digits, and the mark behind them (0: none is wanted). */
static bool
take_digits(struct slice *text, size_t digits, char mark, int64_t most, int64_t *out)
{
	uint64_t number;

	if (text->n < digits + (mark != 0) || (mark != 0 && text->p[digits] != mark))
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)text->p[i]))
			return false;
	}
	if (!slice_to_u64((struct slice){ text->p, digits }, (uint64_t)most, &number))
		return false;
	*out = (int64_t)number;
	digits += mark != 0;
	*text = (struct slice){ text->p + digits, text->n - digits };
	return true;
}

/* Days since 1970-01-01. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;

	return y * 365 + y / 4 - y / 100 + y / 400 +
	    (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468;
}

static bool
take_date(struct slice *text, int64_t *days)
{
	static const int64_t lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t year, month, day;

	if (!take_digits(text, 4, '-', YEAR_LAST, &year) ||
	    !take_digits(text, 2, '-', 12, &month) || !take_digits(text, 2, 0, 31, &day) ||
	    year < YEAR_FIRST || month < 1 || day < 1 || day > lengths[month - 1] ||
	    (month == 2 && day == 29 && days_of(year, 3, 1) - days_of(year, 2, 1) == 28))
		return false;
	*days = days_of(year, month, day);
	return true;
}

/* "Z", "+02", "+0200", "+02:00"; nothing is UTC. */
static bool
take_zone(struct slice text, int32_t *offset)
{
	int64_t hour, minute = 0;
	bool is_west;

	*offset = 0;
	if (text.n == 0 || slice_eq(text, S("Z")))
		return true;
	is_west = take_mark(&text, '-');
	if ((!is_west && !take_mark(&text, '+')) ||
	    !take_digits(&text, 2, 0, ZONE_HOURS_MAX, &hour))
		return false;
	take_mark(&text, ':');
	if (text.n > 0 && !take_digits(&text, 2, 0, 59, &minute))
		return false;
	*offset = (int32_t)(hour * 3600 + minute * 60) * (is_west ? -1 : 1);
	return text.n == 0;
}

/* "10:00", "10:00:00", "10:00:00.000" */
static bool
take_clock(struct slice *text, int64_t *ms)
{
	int64_t hour, minute, second = 0, unit = 100;

	if (!take_digits(text, 2, ':', 23, &hour) || !take_digits(text, 2, 0, 59, &minute))
		return false;
	if (take_mark(text, ':') && !take_digits(text, 2, 0, 60, &second))
		return false;
	*ms = (hour * 3600 + minute * 60 + second) * 1000;
	if (!take_mark(text, '.'))
		return true;
	for (; text->n > 0 && isdigit((unsigned char)text->p[0]); unit /= 10) {
		*ms += (text->p[0] - '0') * unit;
		*text = (struct slice){ text->p + 1, text->n - 1 };
	}
	return true;
}

bool
jira_time_read(struct slice text, struct jira_time *out)
{
	struct slice rest = text;
	int64_t days, ms = 0;

	*out = (struct jira_time){ .text = text };
	if (!take_date(&rest, &days))
		return false;
	if (rest.n > 0 &&
	    ((!take_mark(&rest, 'T') && !take_mark(&rest, ' ')) || !take_clock(&rest, &ms) ||
		!take_zone(rest, &out->offset_s)))
		return false;
	out->ms = (days * DAY_S - out->offset_s) * 1000 + ms;
	out->is_set = true;
	return true;
}

int64_t
jira_minutes(const struct jira_time *a, const struct jira_time *b)
{
	return (b->ms - a->ms) / 60000;
}

const char *
jira_minutes_text(struct work *work, int64_t minutes)
{
	long long days = minutes / (24 * 60), hours = minutes / 60 % 24, rest = minutes % 60;

	if (minutes <= 0)
		return "0m";
	if (days > 0)
		return work_printf(work, "%lldd %lldh %lldm", days, hours, rest);
	return hours > 0 ? work_printf(work, "%lldh %lldm", hours, rest)
			 : work_printf(work, "%lldm", rest);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* One change of the status. */
struct step {
	struct jira_time when;
	struct slice from, to, by;
	size_t place; /* as it came */
};

struct steps {
	struct step *all;
	size_t n;
};

static int
step_compare(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	if (x->when.ms != y->when.ms)
		return x->when.ms < y->when.ms ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void
steps_add(struct steps *steps, yyjson_val *histories)
{
	yyjson_val *history, *item;
	size_t i, k, max, items_n;
	struct jira_time when;

	yyjson_arr_foreach(histories, i, max, history)
	{
		if (!jira_time_read(json_slice(yyjson_obj_get(history, "created")), &when))
			continue;
		yyjson_arr_foreach(yyjson_obj_get(history, "items"), k, items_n, item)
		{
			if (steps->n == VISITS_MAX ||
			    !slice_eq_nocase(
				json_slice(yyjson_obj_get(item, "field")), S("status")))
				continue;
			steps->all[steps->n] = (struct step){ .when = when,
				.from = json_slice(yyjson_obj_get(item, "fromString")),
				.to = json_slice(yyjson_obj_get(item, "toString")),
				.by = json_slice(json_at(history, "author/displayName")),
				.place = steps->n };
			steps->n++;
		}
	}
}

/* The whole list where the issue came with a part of it. */
static bool
steps_read_wait(struct work *work, const char *key, yyjson_val *changelog, struct steps *steps)
{
	yyjson_val *histories = yyjson_obj_get(changelog, "histories"), *items;
	int64_t total = yyjson_get_sint(yyjson_obj_get(changelog, "total"));
	struct pages pages;

	if (!arena_reserve(work->arena, VISITS_MAX * sizeof(*steps->all), work->err))
		return false;
	*steps = (struct steps){ ARENA_ARRAY(work->arena, struct step, VISITS_MAX), 0 };
	if (!work->is_cloud || total <= (int64_t)yyjson_arr_size(histories)) {
		steps_add(steps, histories);
	} else {
		pages_init(&pages, work, PAGE_START_AT,
		    work_path(work, "/rest/api/3/issue/{key}/changelog", "key", key, NULL),
		    "values", 0, VISITS_MAX, PAGE_MAX);
		if (pages.path == NULL)
			return false;
		do {
			if (!pages_next_wait(&pages, &items))
				return false;
			steps_add(steps, items);
		} while (items != NULL && !pages.is_over);
	}
	qsort(steps->all, steps->n, sizeof(*steps->all), step_compare);
	return true;
}

/* ---- stays ----------------------------------------------------------------------------------- */

static bool
visits_make(struct work *work, const struct steps *steps, struct jira_history *out)
{
	struct jira_visit *visit;

	if (!arena_reserve(work->arena, (steps->n + 1) * sizeof(*visit), work->err))
		return false;
	out->visits = visit = ARENA_ARRAY(work->arena, struct jira_visit, steps->n + 1);
	if (out->created.is_set && steps->n > 0 && steps->all[0].from.n > 0)
		*visit++ = (struct jira_visit){ .status = steps->all[0].from,
			.entered = out->created,
			.exited = steps->all[0].when };
	for (size_t i = 0; i < steps->n; i++) {
		if (steps->all[i].to.n == 0)
			continue;
		*visit = (struct jira_visit){ .status = steps->all[i].to,
			.by = steps->all[i].by,
			.entered = steps->all[i].when };
		if (i + 1 < steps->n)
			visit->exited = steps->all[i + 1].when;
		visit++;
	}
	out->visits_n = (size_t)(visit - out->visits);
	return true;
}

static struct jira_stay *
stay_of(struct jira_history *history, struct slice status)
{
	struct jira_stay *stay = history->stays, *end = stay + history->stays_n;

	for (; stay < end; stay++) {
		if (slice_eq(stay->status, status))
			return stay;
	}
	history->stays_n++;
	*stay = (struct jira_stay){ .status = status };
	return stay;
}

void
jira_stays_sort(struct jira_stay *stays, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct jira_stay one = stays[i];
		size_t at = i;

		for (; at > 0 && stays[at - 1].minutes < one.minutes; at--)
			stays[at] = stays[at - 1];
		stays[at] = one;
	}
}

static bool
stays_make(struct work *work, struct jira_history *history)
{
	if (!arena_reserve(
		work->arena, (history->visits_n + 1) * sizeof(*history->stays), work->err))
		return false;
	history->stays = ARENA_ARRAY(work->arena, struct jira_stay, history->visits_n + 1);
	for (size_t i = 0; i < history->visits_n; i++) {
		const struct jira_visit *visit = &history->visits[i];
		struct jira_stay *stay = stay_of(history, visit->status);

		stay->visits++;
		if (visit->exited.is_set)
			stay->minutes += jira_minutes(&visit->entered, &visit->exited);
	}
	jira_stays_sort(history->stays, history->stays_n);
	return true;
}

bool
jira_history_wait(struct work *work, struct slice key, bool with_changes, struct jira_history *out)
{
	static const struct {
		const char *path;
		size_t at;
	} times[] = { { "fields/created", offsetof(struct jira_history, created) },
		{ "fields/updated", offsetof(struct jira_history, updated) },
		{ "fields/resolutiondate", offsetof(struct jira_history, resolved) },
		{ "fields/duedate", offsetof(struct jira_history, due) } };
	const char *text = work_cstr(work, key);
	struct steps steps;
	yyjson_val *issue;

	*out = (struct jira_history){ .key = key };
	if (text == NULL || !jira_key_check(work, key) ||
	    !work_get_wait(work, &issue, "{api}/issue/{key}", "key", text, "fields",
		"status,created,updated,duedate,resolutiondate", "expand",
		with_changes ? "changelog" : NULL, NULL) ||
	    !jira_reply_check(work, issue, key))
		return false;
	out->key = json_slice(yyjson_obj_get(issue, "key"));
	out->status = json_slice(json_at(issue, "fields/status/name"));
	for (size_t i = 0; i < COUNT(times); i++)
		jira_time_read(json_slice(json_at(issue, times[i].path)),
		    (struct jira_time *)(void *)((char *)out + times[i].at));
	return !with_changes ||
	    (steps_read_wait(work, text, yyjson_obj_get(issue, "changelog"), &steps) &&
		visits_make(work, &steps, out) && stays_make(work, out));
}

/* ---- results --------------------------------------------------------------------------------- */

yyjson_mut_val *
jira_visits_make(struct work *work, const struct jira_history *history, bool with_durations)
{
	yyjson_mut_val *list = out_arr(work);

	for (size_t i = 0; i < history->visits_n; i++) {
		const struct jira_visit *visit = &history->visits[i];
		yyjson_mut_val *one = out_obj(work);
		int64_t minutes;

		out_slice(work, one, "status", visit->status);
		out_slice(work, one, "entered_at", visit->entered.text);
		if (visit->exited.is_set)
			out_slice(work, one, "exited_at", visit->exited.text);
		if (visit->exited.is_set && with_durations) {
			minutes = jira_minutes(&visit->entered, &visit->exited);
			out_int(work, one, "duration_minutes", minutes);
			out_str(work, one, "duration_formatted", jira_minutes_text(work, minutes));
		}
		out_slice(work, one, "transitioned_by", visit->by);
		yyjson_mut_arr_append(list, one);
	}
	return list;
}

static yyjson_mut_val *
stays_show(struct work *work, const struct jira_history *history)
{
	yyjson_mut_val *list = out_arr(work);

	for (size_t i = 0; i < history->stays_n; i++) {
		const struct jira_stay *stay = &history->stays[i];
		yyjson_mut_val *one = out_obj(work);

		out_slice(work, one, "status", stay->status);
		out_int(work, one, "total_duration_minutes", stay->minutes);
		out_str(
		    work, one, "total_duration_formatted", jira_minutes_text(work, stay->minutes));
		out_int(work, one, "visit_count", stay->visits);
		yyjson_mut_arr_append(list, one);
	}
	return list;
}

static bool
get_issue_dates(struct work *work)
{
	bool with_changes = arg_bool(work, "include_status_changes"),
	     with_summary = arg_bool(work, "include_status_summary");
	struct jira_history history;

	if (!jira_history_wait(
		work, arg_slice(work, "issue_key"), with_changes || with_summary, &history))
		return false;
	work->out = out_obj(work);
	out_slice(work, work->out, "issue_key", history.key);
	out_slice(work, work->out, "created", history.created.text);
	out_slice(work, work->out, "updated", history.updated.text);
	out_slice(work, work->out, "due_date", history.due.text);
	out_slice(work, work->out, "resolution_date", history.resolved.text);
	out_slice(work, work->out, "current_status", history.status);
	if (with_changes)
		out_val(work, work->out, "status_changes", jira_visits_make(work, &history, true));
	if (with_summary)
		out_val(work, work->out, "status_summary", stays_show(work, &history));
	work->summary = slice_of(
	    work_printf(work, "%.*s: %.*s, %zu changes of its status", SLICE_FMT(history.key),
		SLICE_FMT(history.status), history.visits_n > 0 ? history.visits_n - 1 : 0));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(change_shape, { "status", SHAPE_STR }, { "entered_at", SHAPE_STR },
    { "exited_at", SHAPE_STR }, { "duration_minutes", SHAPE_INT },
    { "duration_formatted", SHAPE_STR }, { "transitioned_by", SHAPE_STR });
LOCAL_SHAPE(stay_shape, { "status", SHAPE_STR }, { "total_duration_minutes", SHAPE_INT },
    { "total_duration_formatted", SHAPE_STR }, { "visit_count", SHAPE_INT });
LOCAL_SHAPE(dates_shape, { "issue_key", SHAPE_STR }, { "created", SHAPE_STR },
    { "updated", SHAPE_STR }, { "due_date", SHAPE_STR }, { "resolution_date", SHAPE_STR },
    { "current_status", SHAPE_STR }, { "status_changes", SHAPE_LIST, .of = &change_shape },
    { "status_summary", SHAPE_LIST, .of = &stay_shape });

static const struct tool tools[] = {
	{ .name = "get_issue_dates",
	    .title = "Get Issue Dates",
	    .help = "When an issue was made, changed, due and resolved, and when it was in which "
		    "status.",
	    .toolset = "jira_metrics",
	    .flags = READS | IDEMPOTENT,
	    .run = get_issue_dates,
	    .shape = &dates_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "include_status_changes", ARG_BOOL, 0, "Each stay in a status", "true" },
		{ "include_status_summary", ARG_BOOL, 0, "The time in each status", "true" }) },
};
const struct tool_set jira_date_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

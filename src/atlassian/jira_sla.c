/*
 * How long an issue took: figures from its history, on the calendar's clock or in working hours.
 * Jira Service Management keeps figures of its own; the metric "service_levels" shows those.
 */
#include "atlassian/jira_times.h"

#define DAY_MS	      86400000
#define START_DEFAULT (9 * 60)
#define END_DEFAULT   (17 * 60)
#define DAYS_DEFAULT  0x3eu /* Monday to Friday */

struct sla {
	struct work *work;
	struct jira_history history;
	struct jira_hours hours;
	bool by_hours;
	struct jira_time now;
	yyjson_val *statuses; /* all of the site; NULL: not asked for yet */
};

/* ---- working hours --------------------------------------------------------------------------- */

/* Monday is 1, as in ISO 8601; 1970-01-01 was a Thursday. */
static unsigned
weekday_of(int64_t day)
{
	return (unsigned)(((day + 3) % 7 + 7) % 7) + 1;
}

static bool
is_working_day(const struct jira_hours *hours, int64_t day)
{
	return hours->days >> weekday_of(day) & 1;
}

/* Of one day, between two moments of it in ms. */
static int64_t
minutes_within(const struct jira_hours *hours, int64_t day, int64_t from, int64_t to)
{
	int64_t start = (int64_t)hours->start_min * 60000, end = (int64_t)hours->end_min * 60000;

	if (!is_working_day(hours, day))
		return 0;
	start = start > from ? start : from;
	end = end < to ? end : to;
	return end > start ? (end - start) / 60000 : 0;
}

int64_t
jira_working_minutes(
    const struct jira_hours *hours, const struct jira_time *from, const struct jira_time *to)
{
	int64_t start = from->ms + (int64_t)zone_offset(hours->zone, from->ms / 1000) * 1000,
		end = to->ms + (int64_t)zone_offset(hours->zone, to->ms / 1000) * 1000, minutes,
		first, last, days, working = 0;

	if (to->ms <= from->ms || end <= start || hours->end_min <= hours->start_min)
		return 0;
	first = start / DAY_MS - (start % DAY_MS < 0);
	last = end / DAY_MS - (end % DAY_MS < 0);
	if (first == last)
		return minutes_within(hours, first, start - first * DAY_MS, end - first * DAY_MS);
	minutes = minutes_within(hours, first, start - first * DAY_MS, DAY_MS) +
	    minutes_within(hours, last, 0, end - last * DAY_MS);
	/* Whole days between: weeks, and what is left of one. */
	days = last - first - 1;
	for (int64_t day = 0; day < 7; day++)
		working += is_working_day(hours, first + 1 + day) * (days / 7 + (day < days % 7));
	return minutes + working * (hours->end_min - hours->start_min);
}

/* "09:30" */
static unsigned
clock_of(struct slice text, unsigned otherwise)
{
	struct slice minute_text, hour_text = slice_cut(text, ':', &minute_text);
	uint64_t hour, minute;

	return slice_to_u64(hour_text, 24, &hour) && slice_to_u64(minute_text, 59, &minute)
	    ? (unsigned)(hour * 60 + minute)
	    : otherwise;
}

static bool
hours_take(struct sla *sla)
{
	const struct config_site *config = sla->work->site->config;
	struct zone *zone;
	uint64_t day;

	sla->by_hours = arg_has(sla->work, "working_hours_only")
	    ? arg_bool(sla->work, "working_hours_only")
	    : config->sla_working_hours;
	if (!sla->by_hours)
		return true;
	sla->hours = (struct jira_hours){ .start_min = clock_of(config->sla_start, START_DEFAULT),
		.end_min = clock_of(config->sla_end, END_DEFAULT),
		.days = config->sla_days_n == 0 ? DAYS_DEFAULT : 0 };
	for (size_t i = 0; i < config->sla_days_n; i++) {
		if (slice_to_u64(config->sla_days[i], 7, &day))
			sla->hours.days |= 1u << day;
	}
	if (!zone_open(sla->work->arena,
		config->sla_timezone.n > 0 ? config->sla_timezone : S("UTC"), &zone,
		sla->work->err))
		return err_prefix(sla->work->err, "sla.timezone of %.*s",
		    SLICE_FMT(sla->work->site->provider.name));
	sla->hours.zone = zone;
	return true;
}

/* ---- one figure ------------------------------------------------------------------------------ */

static int64_t
minutes_of(const struct sla *sla, const struct jira_time *from, const struct jira_time *to)
{
	int64_t minutes =
	    sla->by_hours ? jira_working_minutes(&sla->hours, from, to) : jira_minutes(from, to);

	return minutes > 0 ? minutes : 0;
}

static void
put_minutes(struct work *work, yyjson_mut_val *out, int64_t minutes)
{
	out_int(work, out, "value_minutes", minutes);
	out_str(work, out, "formatted", jira_minutes_text(work, minutes));
}

static yyjson_mut_val *
not_calculated(struct work *work, const char *reason)
{
	yyjson_mut_val *out = out_obj(work);

	out_bool(work, out, "calculated", false);
	out_str(work, out, "reason", reason);
	return out;
}

static yyjson_mut_val *
calculated(const struct sla *sla, const struct jira_time *from, const struct jira_time *to)
{
	yyjson_mut_val *out = out_obj(sla->work);

	out_bool(sla->work, out, "calculated", true);
	put_minutes(sla->work, out, minutes_of(sla, from, to));
	return out;
}

static bool
cycle_time(struct sla *sla, yyjson_mut_val **out)
{
	const struct jira_history *history = &sla->history;

	if (!history->created.is_set || !history->resolved.is_set)
		*out = not_calculated(
		    sla->work, history->created.is_set ? "Issue not resolved" : "No created date");
	else
		*out = calculated(sla, &history->created, &history->resolved);
	return true;
}

static bool
lead_time(struct sla *sla, yyjson_mut_val **out)
{
	const struct jira_history *history = &sla->history;
	bool is_resolved = history->resolved.is_set;

	*out = out_obj(sla->work);
	put_minutes(sla->work, *out,
	    history->created.is_set
		? minutes_of(sla, &history->created, is_resolved ? &history->resolved : &sla->now)
		: 0);
	out_bool(sla->work, *out, "is_resolved", is_resolved);
	return true;
}

/* Stays that are over, as on the calendar's clock. */
static void
stays_by_hours(const struct sla *sla, struct jira_stay *stays)
{
	const struct jira_history *history = &sla->history;

	for (size_t i = 0; i < history->stays_n; i++) {
		stays[i].minutes = 0;
		for (size_t k = 0; k < history->visits_n; k++) {
			const struct jira_visit *visit = &history->visits[k];

			if (visit->exited.is_set && slice_eq(visit->status, stays[i].status))
				stays[i].minutes +=
				    minutes_of(sla, &visit->entered, &visit->exited);
		}
	}
	jira_stays_sort(stays, history->stays_n);
}

static bool
time_in_status(struct sla *sla, yyjson_mut_val **out)
{
	struct work *work = sla->work;
	struct jira_stay *stays = sla->history.stays;
	yyjson_mut_val *list = out_arr(work), *one;
	int64_t total = 0;

	if (sla->by_hours)
		stays_by_hours(sla, stays);
	for (size_t i = 0; i < sla->history.stays_n; i++)
		total += stays[i].minutes;
	for (size_t i = 0; i < sla->history.stays_n; i++) {
		/* Hundredths of a percent, rounded. */
		int64_t part = total > 0 ? (stays[i].minutes * 20000 + total) / (2 * total) : 0;

		one = out_obj(work);
		out_slice(work, one, "status", stays[i].status);
		put_minutes(work, one, stays[i].minutes);
		out_val(work, one, "percentage", yyjson_mut_real(work->doc, (double)part / 100));
		out_int(work, one, "visit_count", stays[i].visits);
		yyjson_mut_arr_append(list, one);
	}
	*out = out_obj(work);
	out_val(work, *out, "statuses", list);
	out_int(work, *out, "total_minutes", total);
	return true;
}

/* The end of the due day, on the clock that the resolution was written with. */
static bool
due_date_compliance(struct sla *sla, yyjson_mut_val **out)
{
	const struct jira_history *history = &sla->history;
	struct work *work = sla->work;
	struct jira_time due = history->due;
	int64_t margin;

	*out = out_obj(work);
	if (!due.is_set || !history->resolved.is_set) {
		out_str(work, *out, "status", due.is_set ? "not_resolved" : "no_due_date");
		return true;
	}
	due.ms += DAY_MS - 1000 - (int64_t)history->resolved.offset_s * 1000;
	margin = jira_minutes(&history->resolved, &due);
	out_str(work, *out, "status", margin >= 0 ? "met" : "missed");
	out_int(work, *out, "margin_minutes", margin);
	out_str(work, *out, "formatted_margin",
	    work_printf(work, "%s %s", jira_minutes_text(work, margin >= 0 ? margin : -margin),
		margin >= 0 ? "early" : "late"));
	return true;
}

static bool
is_in_progress(const struct sla *sla, struct slice name)
{
	yyjson_val *status;
	size_t i, max;

	yyjson_arr_foreach(sla->statuses, i, max, status)
	{
		if (slice_eq_nocase(json_slice(yyjson_obj_get(status, "name")), name))
			return yyjson_equals_str(
			    json_at(status, "statusCategory/key"), "indeterminate");
	}
	return slice_eq_nocase(name, S("in progress")) ||
	    slice_eq_nocase(name, S("in development")) || slice_eq_nocase(name, S("working"));
}

static bool
resolution_time(struct sla *sla, yyjson_mut_val **out)
{
	const struct jira_history *history = &sla->history;

	if (!history->resolved.is_set) {
		*out = not_calculated(sla->work, "Issue not resolved");
		return true;
	}
	if (!work_get_wait(sla->work, &sla->statuses, "{api}/status", NULL))
		return false;
	for (size_t i = 0; i < history->visits_n; i++) {
		if (!is_in_progress(sla, history->visits[i].status))
			continue;
		*out = calculated(sla, &history->visits[i].entered, &history->resolved);
		return true;
	}
	*out = not_calculated(sla->work, "No 'In Progress' status found");
	return true;
}

/* The first change of the status answers. */
static bool
first_response_time(struct sla *sla, yyjson_mut_val **out)
{
	const struct jira_history *history = &sla->history;

	if (!history->created.is_set || history->visits_n < 2) {
		*out = not_calculated(sla->work, NULL);
		return true;
	}
	*out = calculated(sla, &history->created, &history->visits[1].entered);
	out_str(sla->work, *out, "response_type", "transition");
	return true;
}

/* ---- those of service projects --------------------------------------------------------------- */

LOCAL_SHAPE(cycle_shape, { "breached", SHAPE_BOOL }, { "paused", SHAPE_BOOL },
    { "within_calendar_hours", SHAPE_BOOL, "withinCalendarHours" },
    { "start", SHAPE_STR, "startTime/iso8601" }, { "stop", SHAPE_STR, "stopTime/iso8601" },
    { "breach", SHAPE_STR, "breachTime/iso8601" }, { "goal", SHAPE_STR, "goalDuration/friendly" },
    { "elapsed", SHAPE_STR, "elapsedTime/friendly" },
    { "remaining", SHAPE_STR, "remainingTime/friendly" });
LOCAL_SHAPE(level_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR },
    { "ongoing", SHAPE_OBJECT, "ongoingCycle", &cycle_shape },
    { "completed", SHAPE_LIST, "completedCycles", &cycle_shape });

/* What is no request has none. */
static bool
service_levels(struct sla *sla, yyjson_mut_val **out)
{
	yyjson_val *reply;

	if (!work_try_wait(sla->work, &reply, "/rest/servicedeskapi/request/{key}/sla", "key",
		work_cstr(sla->work, sla->history.key), NULL))
		return false;
	*out = shape_list(sla->work, &level_shape, yyjson_obj_get(reply, "values"));
	if (*out == NULL)
		*out = out_arr(sla->work);
	return true;
}

/* ---- the tool -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*make)(struct sla *sla, yyjson_mut_val **out);
	bool is_default;
} metrics[] = {
	{ "cycle_time", cycle_time, true },
	{ "lead_time", lead_time, false },
	{ "time_in_status", time_in_status, true },
	{ "due_date_compliance", due_date_compliance, false },
	{ "resolution_time", resolution_time, false },
	{ "first_response_time", first_response_time, false },
	{ "service_levels", service_levels, false },
};

static bool
is_wanted(const struct slice *names, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(names[i], slice_of(metrics[at].name)))
			return true;
	}
	return n == 0 && metrics[at].is_default;
}

static bool
metrics_check(struct work *work, const struct slice *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_known = false;

		for (size_t k = 0; k < COUNT(metrics); k++)
			is_known = is_known || slice_eq(names[i], slice_of(metrics[k].name));
		if (!is_known)
			return work_fail(work, ERR_PARAMS,
			    "metrics: \"%.*s\" is none of cycle_time, lead_time, time_in_status, "
			    "due_date_compliance, resolution_time, first_response_time, "
			    "service_levels",
			    (int)(names[i].n > 40 ? 40 : names[i].n), names[i].p);
	}
	return true;
}

static void
put_dates(struct work *work, const struct jira_history *history)
{
	yyjson_mut_val *out = out_obj(work);

	out_slice(work, out, "created", history->created.text);
	out_slice(work, out, "updated", history->updated.text);
	out_slice(work, out, "due_date", history->due.text);
	out_slice(work, out, "resolution_date", history->resolved.text);
	out_slice(work, out, "current_status", history->status);
	out_val(work, out, "status_changes", jira_visits_make(work, history, false));
	out_val(work, work->out, "raw_dates", out);
}

static bool
get_issue_sla(struct work *work)
{
	const struct config_site *config = work->site->config;
	struct sla sla = { .work = work };
	yyjson_mut_val *all = out_obj(work), *one;
	struct slice *names;
	size_t n = arg_list(work, "metrics", &names);

	if (n == 0) {
		names = config->sla_metrics;
		n = config->sla_metrics_n;
	}
	if (!metrics_check(work, names, n) || !hours_take(&sla) ||
	    !jira_history_wait(work, arg_slice(work, "issue_key"), true, &sla.history))
		return false;
	sla.now = (struct jira_time){ .ms = (int64_t)loop_unix_ms(work->loop), .is_set = true };
	for (size_t i = 0; i < COUNT(metrics); i++) {
		if (!is_wanted(names, n, i))
			continue;
		if (!metrics[i].make(&sla, &one))
			return false;
		out_val(work, all, metrics[i].name, one);
	}
	work->out = out_obj(work);
	out_slice(work, work->out, "issue_key", sla.history.key);
	out_val(work, work->out, "metrics", all);
	out_bool(work, work->out, "working_hours", sla.by_hours);
	if (arg_bool(work, "include_raw_dates"))
		put_dates(work, &sla.history);
	work->summary =
	    slice_of(work_printf(work, "%.*s: %zu figures%s", SLICE_FMT(sla.history.key),
		yyjson_mut_obj_size(all), sla.by_hours ? ", in working hours" : ""));
	return true;
}

LOCAL_SHAPE(sla_shape, { "issue_key", SHAPE_STR },
    { "metrics", SHAPE_COPY, .help = "a member for each metric" }, { "working_hours", SHAPE_BOOL },
    { "raw_dates", SHAPE_COPY });

static const struct tool tools[] = {
	{ .name = "get_issue_sla",
	    .title = "Get Issue SLA",
	    .help = "How long an issue took, by several measures.",
	    .toolset = "jira_metrics",
	    .flags = READS | IDEMPOTENT,
	    .run = get_issue_sla,
	    .shape = &sla_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "metrics", ARG_CSV, 0,
		    "cycle_time, lead_time, time_in_status, due_date_compliance, resolution_time, "
		    "first_response_time, service_levels (of JSM)" },
		{ "working_hours_only", ARG_BOOL, 0, "Count working hours; as the site is set" },
		{ "include_raw_dates", ARG_BOOL, 0, "The dates behind the figures too",
		    "false" }) },
};
const struct tool_set jira_sla_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

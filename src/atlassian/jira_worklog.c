/*
 * Worklogs: time spent on issues.  Durations and moments are checked before anything is sent, and
 * sent as Jira wants them: what a day is (eight hours, or what the site says) stays Jira's to know.
 */
#include <ctype.h>

#include "atlassian/jira.h"

#define TEXT_MAX     1000000
#define DURATION_MAX 60
#define WORKLOGS_MAX 5000
#define PAGE	     100

/* ---- durations ------------------------------------------------------------------------------- */

static size_t
digits(struct slice s)
{
	size_t n = 0;

	while (n < s.n && isdigit((unsigned char)s.p[n]))
		n++;
	return n;
}

static struct slice
skip(struct slice s, size_t n)
{
	return (struct slice){ s.p + n, s.n - n };
}

/* "1.5h" at the start of *rest, without the blanks before it; false: there is none. */
static bool
next_part(struct slice *rest, struct slice *part)
{
	size_t n;

	*rest = slice_trim(*rest);
	n = digits(*rest);
	if (n > 0 && n < rest->n && rest->p[n] == '.')
		n += 1 + digits(skip(*rest, n + 1));
	if (n == 0 || n == rest->n || strchr("wdhmWDHM", rest->p[n]) == NULL)
		return false;
	*part = (struct slice){ rest->p, n + 1 };
	*rest = skip(*rest, n + 1);
	return true;
}

/* "1h30m" as "1h 30m". */
static bool
duration_take(struct work *work, const char *name, struct slice text, const char **out)
{
	struct slice rest = slice_trim(text), part;
	struct buf made;

	*out = NULL;
	buf_init(&made, NULL, KIB);
	while (next_part(&rest, &part)) {
		if (made.n > 0)
			buf_putc(&made, ' ');
		buf_put(&made, part);
	}
	if (made.n > 0 && rest.n == 0 && buf_check(&made, work->err))
		*out = work_cstr(work, buf_view(&made));
	else
		work_fail(work, ERR_PARAMS,
		    "%s: \"%.*s\" is no duration: give weeks, days, hours or minutes, such as 1h 30m",
		    name, SLICE_FMT(text));
	buf_fini(&made);
	return *out != NULL;
}

/* "1h 30m"; "90s" and "90" are seconds. */
static bool
spent_put(struct work *work, yyjson_mut_val *body)
{
	struct slice text = slice_trim(arg_slice(work, "time_spent"));
	size_t n = digits(text);
	const char *spent;
	uint64_t seconds;

	if (n > 0 && (n == text.n || (n + 1 == text.n && text.p[n] == 's'))) {
		if (!slice_to_u64((struct slice){ text.p, n }, INT32_MAX, &seconds) || seconds == 0)
			return work_fail(work, ERR_PARAMS,
			    "time_spent: \"%.*s\" is no number of seconds", SLICE_FMT(text));
		out_int(work, body, "timeSpentSeconds", (int64_t)seconds);
		return true;
	}
	if (!duration_take(work, "time_spent", text, &spent))
		return false;
	out_str(work, body, "timeSpent", spent);
	return true;
}

/* ---- moments --------------------------------------------------------------------------------- */

struct moment {
	unsigned year, month, day, hour, minute, second, ms;
	unsigned zone_hour, zone_minute;
	char sign;
};

/* n digits, whose value is at least min and at most max. */
static bool
number(struct slice *s, size_t n, unsigned min, unsigned max, unsigned *out)
{
	uint64_t value;

	if (s->n < n || digits(*s) < n || !slice_to_u64((struct slice){ s->p, n }, max, &value) ||
	    value < min)
		return false;
	*s = skip(*s, n);
	*out = (unsigned)value;
	return true;
}

static bool
mark(struct slice *s, const char *any)
{
	if (s->n == 0 || strchr(any, s->p[0]) == NULL)
		return false;
	*s = skip(*s, 1);
	return true;
}

/* Of a fraction only milliseconds count. */
static bool
fraction(struct slice *s, unsigned *ms)
{
	size_t n = digits(*s);
	unsigned unit = 100;

	for (size_t i = 0; i < n; i++, unit /= 10)
		*ms += unit * (unsigned)(s->p[i] - '0');
	*s = skip(*s, n);
	return n > 0;
}

static bool
clock_read(struct slice *s, struct moment *m)
{
	if (!number(s, 2, 0, 23, &m->hour) || !mark(s, ":") || !number(s, 2, 0, 59, &m->minute))
		return false;
	if (!mark(s, ":"))
		return true;
	return number(s, 2, 0, 59, &m->second) && (!mark(s, ".,") || fraction(s, &m->ms));
}

static bool
zone_read(struct slice *s, struct moment *m)
{
	*s = slice_trim(*s);
	if (s->n == 0 || mark(s, "Zz"))
		return true;
	m->sign = s->p[0];
	if (!mark(s, "+-") || !number(s, 2, 0, 14, &m->zone_hour))
		return false;
	mark(s, ":");
	return s->n == 0 || number(s, 2, 0, 59, &m->zone_minute);
}

static bool
moment_read(struct slice s, struct moment *m)
{
	*m = (struct moment){ .sign = '+' };
	if (!number(&s, 4, 1970, 9999, &m->year) || !mark(&s, "-") ||
	    !number(&s, 2, 1, 12, &m->month) || !mark(&s, "-") || !number(&s, 2, 1, 31, &m->day))
		return false;
	if (s.n > 0 && (!mark(&s, "Tt ") || !clock_read(&s, m)))
		return false;
	return zone_read(&s, m) && s.n == 0;
}

/* Jira takes one form only; without a zone it is UTC. */
static bool
started_put(struct work *work, yyjson_mut_val *body)
{
	struct slice text = slice_trim(arg_slice(work, "started"));
	struct moment m;

	if (text.n == 0)
		return true;
	if (!moment_read(text, &m))
		return work_fail(work, ERR_PARAMS,
		    "started: \"%.*s\" is no time such as 2030-01-31T09:00:00.000+0000",
		    SLICE_FMT(text));
	out_str(work, body, "started",
	    work_printf(work, "%04u-%02u-%02uT%02u:%02u:%02u.%03u%c%02u%02u", m.year, m.month,
		m.day, m.hour, m.minute, m.second, m.ms, m.sign, m.zone_hour, m.zone_minute));
	return true;
}

/* ---- get_worklog ----------------------------------------------------------------------------- */

LOCAL_SHAPE(entry_shape, { "id", SHAPE_STR }, { "comment", SHAPE_TEXT }, { "created", SHAPE_STR },
    { "updated", SHAPE_STR }, { "started", SHAPE_STR }, { "time_spent", SHAPE_STR, "timeSpent" },
    { "time_spent_seconds", SHAPE_INT, "timeSpentSeconds" },
    { "author", SHAPE_FN, .fn = jira_person });
LOCAL_SHAPE(entries_shape, { "worklogs", SHAPE_LIST, .of = &entry_shape }, { "total", SHAPE_INT },
    { "next_start_at", SHAPE_INT, .help = "start_at of the rest" });

static bool
get_worklog(struct work *work)
{
	int64_t start = arg_int(work, "start_at"), total;
	yyjson_mut_val *list = out_arr(work);
	struct pages pages;
	struct slice key;

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key))
		return false;
	pages_init(&pages, work, PAGE_START_AT,
	    work_path(work, "{api}/issue/{key}/worklog", "key", work_cstr(work, key), NULL),
	    "worklogs", start, arg_int(work, "limit"), PAGE);
	if (!pages_show_wait(&pages, &entry_shape, list))
		return false;
	total = pages.total >= 0 ? pages.total : start + pages.seen;
	work->out = out_obj(work);
	out_val(work, work->out, "worklogs", list);
	out_int(work, work->out, "total", total);
	if (start + pages.seen < total)
		out_int(work, work->out, "next_start_at", start + pages.seen);
	work->summary = slice_of(work_printf(work, "%lld of %lld worklogs of %.*s",
	    (long long)pages.seen, (long long)total, SLICE_FMT(key)));
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static const struct shape_field written_fields[] = {
	{ "message", SHAPE_STR },
	{ "worklog", SHAPE_OBJECT, .of = &entry_shape },
};
static const struct shape written_shape = { written_fields, COUNT(written_fields), true };

static bool
written(struct work *work, yyjson_val *reply, const char *message)
{
	work->out = out_obj(work);
	out_str(work, work->out, "message", message);
	out_val(work, work->out, "worklog", shape_make(work, &entry_shape, reply));
	return true;
}

/* Absent or empty: NULL. */
static bool
estimate_take(struct work *work, const char *name, const char **out)
{
	struct slice text = slice_trim(arg_slice(work, name));

	*out = NULL;
	return text.n == 0 || duration_take(work, name, text, out);
}

static bool
comment_put(struct work *work, yyjson_mut_val *body)
{
	struct slice text = arg_slice(work, "comment");
	yyjson_mut_val *made;

	if (text.p == NULL)
		return true;
	if (!jira_text(work, text, &made))
		return false;
	out_val(work, body, "comment", made);
	return true;
}

static bool
original_wait(struct work *work, struct slice key, const char *estimate)
{
	yyjson_mut_val *body = out_obj(work), *fields = out_obj(work), *tracking = out_obj(work);

	if (estimate == NULL)
		return true;
	out_str(work, tracking, "originalEstimate", estimate);
	out_val(work, fields, "timetracking", tracking);
	out_val(work, body, "fields", fields);
	return work_send_wait(
	    work, "PUT", body, NULL, "{api}/issue/{key}", "key", work_cstr(work, key), NULL);
}

static bool
add_worklog(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key;
	yyjson_mut_val *body = out_obj(work), *worklog;
	const char *original, *remaining;
	yyjson_val *reply;

	if (!spent_put(work, body) || !started_put(work, body) ||
	    !estimate_take(work, "original_estimate", &original) ||
	    !estimate_take(work, "remaining_estimate", &remaining) ||
	    !jira_guard_wait(work, asked, &key) || !comment_put(work, body) ||
	    !original_wait(work, key, original))
		return false;
	if (!work_send_wait(work, "POST", body, &reply, "{api}/issue/{key}/worklog", "key",
		work_cstr(work, key), "adjustEstimate", remaining != NULL ? "new" : NULL,
		"newEstimate", remaining, NULL))
		return original == NULL
		    ? false
		    : work_fail_after(work,
			  "the original estimate of %.*s was set, and no worklog was added",
			  SLICE_FMT(key));
	written(work, reply, "Worklog added successfully");
	worklog = yyjson_mut_obj_get(work->out, "worklog");
	out_bool(work, worklog, "original_estimate_updated", original != NULL);
	out_bool(work, worklog, "remaining_estimate_updated", remaining != NULL);
	return true;
}

static bool
edit_worklog(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key;
	yyjson_mut_val *body = out_obj(work);
	const char *remaining;
	yyjson_val *reply;

	if ((arg_slice(work, "time_spent").n > 0 && !spent_put(work, body)) ||
	    !started_put(work, body) || !estimate_take(work, "remaining_estimate", &remaining))
		return false;
	if (yyjson_mut_obj_size(body) == 0 && arg_slice(work, "comment").p == NULL)
		return work_fail(
		    work, ERR_PARAMS, "one of time_spent, started and comment must be given");
	return jira_guard_wait(work, asked, &key) && comment_put(work, body) &&
	    work_send_wait(work, "PUT", body, &reply, "{api}/issue/{key}/worklog/{worklog_id}",
		"key", work_cstr(work, key), "adjustEstimate", remaining != NULL ? "new" : NULL,
		"newEstimate", remaining, NULL) &&
	    written(work, reply, "Worklog updated successfully");
}

static bool
delete_worklog(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key"), key;
	const char *remaining;

	if (!estimate_take(work, "remaining_estimate", &remaining) ||
	    !jira_guard_wait(work, asked, &key) ||
	    !work_send_wait(work, "DELETE", NULL, NULL, "{api}/issue/{key}/worklog/{worklog_id}",
		"key", work_cstr(work, key), "adjustEstimate", remaining != NULL ? "new" : NULL,
		"newEstimate", remaining, NULL))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "message",
	    work_printf(work, "Worklog %s of %.*s has been deleted", arg_str(work, "worklog_id"),
		SLICE_FMT(key)));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* clang-format off */
#define ISSUE_ARG \
	{ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" }
#define WORKLOG_ARG \
	{ "worklog_id", ARG_ID, REQUIRED, "Id of the worklog", NULL, 0, 40 }
#define STARTED_ARG(otherwise) \
	{ "started", ARG_TIME, 0, "Such as 2030-01-31T09:00:00.000+0000; " otherwise, NULL, 0, 40 }
#define REMAINING_ARG \
	{ "remaining_estimate", ARG_STR, 0, "New remaining estimate; else Jira adjusts it", NULL, 0, DURATION_MAX }
/* clang-format on */

static const struct tool tools[] = {
	{ .name = "get_worklog",
	    .title = "Get Worklog",
	    .help = "The worklogs of an issue: who spent how much time, and when.",
	    .toolset = "jira_worklog",
	    .flags = READS | IDEMPOTENT,
	    .run = get_worklog,
	    .shape = &entries_shape,
	    ARGS(ISSUE_ARG, { "start_at", ARG_INT, 0, "Worklogs left out", "0", 0, INT32_MAX },
		{ "limit", ARG_INT, 0, "Most results", "1000", 1, WORKLOGS_MAX }) },
	{ .name = "add_worklog",
	    .title = "Add Worklog",
	    .help = "Log time spent on an issue.",
	    .toolset = "jira_worklog",
	    .flags = WRITES | DESTROYS,
	    .run = add_worklog,
	    .shape = &written_shape,
	    ARGS(ISSUE_ARG,
		{ "time_spent", ARG_STR, REQUIRED, "Such as 1h 30m, 2d, 45m", NULL, 0,
		    DURATION_MAX },
		{ "comment", ARG_TEXT, 0, "Text in Markdown", NULL, 0, TEXT_MAX },
		STARTED_ARG("now when absent"),
		{ "original_estimate", ARG_STR, 0, "New original estimate of the issue", NULL, 0,
		    DURATION_MAX },
		REMAINING_ARG) },
	{ .name = "edit_worklog",
	    .title = "Edit Worklog",
	    .help = "Change a worklog; only what is given changes.",
	    .toolset = "jira_worklog",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = edit_worklog,
	    .shape = &written_shape,
	    ARGS(ISSUE_ARG, WORKLOG_ARG,
		{ "time_spent", ARG_STR, 0, "Such as 1h 30m", NULL, 0, DURATION_MAX },
		{ "comment", ARG_TEXT, 0, "Text in Markdown", NULL, 0, TEXT_MAX },
		STARTED_ARG("unchanged when absent"), REMAINING_ARG) },
	{ .name = "delete_worklog",
	    .title = "Delete Worklog",
	    .help = "Delete a worklog.",
	    .toolset = "jira_worklog",
	    .flags = WRITES | DESTROYS,
	    .run = delete_worklog,
	    .shape = &jira_message_shape,
	    ARGS(ISSUE_ARG, WORKLOG_ARG, REMAINING_ARG) },
};
const struct tool_set jira_worklog_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

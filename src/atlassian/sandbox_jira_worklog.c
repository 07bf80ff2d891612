/*
 * The sandbox's Jira: worklogs, and what they do to the remaining estimate of their issue.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

/* ---- finding --------------------------------------------------------------------------------- */

static struct worklog *
visit_worklog(struct visit *visit, struct issue **issue)
{
	struct worklog *worklog;
	uint64_t id;

	*issue = visit_issue(visit, 0);
	if (*issue == NULL)
		return NULL;
	if (slice_to_u64(visit->args[1], UINT32_MAX, &id))
		LIST_EACH(worklog, &(*issue)->worklogs)
	if (worklog->id == id)
		return worklog;
	visit_fail(visit, 404, "Cannot find worklog with id: '%.*s'.", SLICE_FMT(visit->args[1]));
	return NULL;
}

static void
worklogs_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 5000, 5000);
	struct buf *out = &visit->out;

	if (issue == NULL)
		return;
	put_open(out, NULL, '{');
	put_number(out, "startAt", start);
	put_number(out, "maxResults", most);
	put_number(out, "total", issue->worklogs.n);
	put_open(out, "worklogs", '[');
	for (unsigned i = start; i < issue->worklogs.n && i - start < most; i++)
		put_worklog(visit, issue, issue->worklogs.p[i]);
	put_close(out, ']');
	put_close(out, '}');
}

static void
worklog_get(struct visit *visit)
{
	struct issue *issue;
	const struct worklog *worklog = visit_worklog(visit, &issue);

	if (worklog != NULL)
		put_worklog(visit, issue, worklog);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What adjustEstimate asks for; before, after: seconds of the worklog.  False: it has answered. */
static bool
estimate_adjust(struct visit *visit, struct issue *issue, unsigned before, unsigned after)
{
	struct slice how = visit_query(visit, "adjustEstimate"),
		     given = visit_query(visit, "newEstimate");
	unsigned seconds = 0;

	if (slice_eq(how, S("leave")))
		return true;
	if (slice_eq(how, S("new"))) {
		if (!duration_read(given, &seconds)) {
			visit_fail_field(visit, "newEstimate", "Invalid new estimate entered.");
			return false;
		}
		issue->remaining_s = seconds;
		return true;
	}
	if (how.n > 0 && !slice_eq(how, S("auto"))) {
		visit_fail_field(
		    visit, "adjustEstimate", "'%.*s' is not supported.", SLICE_FMT(how));
		return false;
	}
	issue->remaining_s += before;
	issue->remaining_s -= after < issue->remaining_s ? after : issue->remaining_s;
	return true;
}

/* False: it has answered.  0: the body says nothing of it. */
static bool
spent_read(struct visit *visit, unsigned *seconds)
{
	yyjson_val *number = yyjson_obj_get(visit->body, "timeSpentSeconds");
	struct slice spent = json_text(visit->body, "timeSpent");

	*seconds = yyjson_is_uint(number) ? (unsigned)yyjson_get_uint(number) : 0;
	if (*seconds > 0 || spent.p == NULL || duration_read(spent, seconds))
		return true;
	visit_fail_field(visit, "timeLogged", "Invalid time duration entered.");
	return false;
}

/* "2026-01-31T09:00:00.000+0000" and nothing else, as on the real one. */
static bool
started_check(struct visit *visit, struct slice started)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddd+dddd";
	bool is_good = started.p == NULL || started.n == sizeof(form) - 1;

	for (size_t i = 0; is_good && i < started.n; i++)
		is_good = form[i] == 'd'
		    ? started.p[i] >= '0' && started.p[i] <= '9'
		    : started.p[i] == form[i] || (form[i] == '+' && started.p[i] == '-');
	if (!is_good)
		visit_fail_field(
		    visit, "started", "Failed to parse date '%.*s'.", SLICE_FMT(started));
	return is_good;
}

static void
worklog_post(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct slice started = json_text(visit->body, "started");
	struct worklog *worklog;
	unsigned seconds;

	if (issue == NULL || !spent_read(visit, &seconds) || !started_check(visit, started))
		return;
	if (seconds == 0) {
		visit_fail_field(visit, "worklog", "Worklog must not be null.");
		return;
	}
	if (!estimate_adjust(visit, issue, 0, seconds))
		return;
	worklog = SANDBOX_NEW(visit->sandbox, struct worklog);
	worklog->id = visit->world->next_id++;
	worklog->author = visit->user;
	worklog->created_ms = worklog->updated_ms = issue->updated_ms = visit->now_ms;
	worklog->seconds = seconds;
	rich_set(visit, &worklog->comment, yyjson_obj_get(visit->body, "comment"));
	if (started.p == NULL) {
		put_time(&visit->out, NULL, visit->now_ms, "+0000");
		started = visit_dup(visit, (struct slice){ visit->out.p + 1, visit->out.n - 2 });
		buf_clear(&visit->out);
	}
	worklog->started = sandbox_dup(visit->sandbox, started);
	list_add(visit->sandbox, &issue->worklogs, worklog);
	visit->status = 201;
	put_worklog(visit, issue, worklog);
}

static void
worklog_put(struct visit *visit)
{
	struct slice started = json_text(visit->body, "started");
	yyjson_val *comment = yyjson_obj_get(visit->body, "comment");
	struct issue *issue;
	struct worklog *worklog = visit_worklog(visit, &issue);
	unsigned seconds;

	if (worklog == NULL || !spent_read(visit, &seconds) || !started_check(visit, started))
		return;
	if (seconds == 0)
		seconds = worklog->seconds;
	if (!estimate_adjust(visit, issue, worklog->seconds, seconds))
		return;
	worklog->seconds = seconds;
	worklog->updated_ms = issue->updated_ms = visit->now_ms;
	if (comment != NULL)
		rich_set(visit, &worklog->comment, comment);
	if (started.p != NULL)
		sandbox_set(visit->sandbox, &worklog->started, started);
	put_worklog(visit, issue, worklog);
}

static void
worklog_delete(struct visit *visit)
{
	struct issue *issue;
	struct worklog *worklog = visit_worklog(visit, &issue);

	if (worklog == NULL || !estimate_adjust(visit, issue, worklog->seconds, 0))
		return;
	list_remove(&issue->worklogs, worklog);
	issue->updated_ms = visit->now_ms;
	visit_no_content(visit);
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/worklog",		ON_BOTH, worklogs_get },
	{ "POST",	"/rest/api/V/issue/{issueIdOrKey}/worklog",		ON_BOTH, worklog_post },
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/worklog/{id}",	ON_BOTH, worklog_get },
	{ "PUT",	"/rest/api/V/issue/{issueIdOrKey}/worklog/{id}",	ON_BOTH, worklog_put },
	{ "DELETE",	"/rest/api/V/issue/{issueIdOrKey}/worklog/{id}",	ON_BOTH, worklog_delete },
};
/* clang-format on */
const struct routes sandbox_jira_worklog_routes = { rows, COUNT(rows) };

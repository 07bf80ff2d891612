/*
 * Tasks in the words of both revisions that know them: 2025-11-25 (basic/utilities/tasks) and the
 * extension of 2026-07-28.  The members of a task have other names, a task that has ended holds its
 * outcome in the one and not in the other, and what tools/call says first is wrapped in the one.
 * Names are a table; nothing a server says of time is believed further than its bounds.
 */
#include <string.h>
#include <time.h>

#include "mcp/mcp.h"

#define POLL_MS	    1000 /* where the server does not say */
#define POLL_MIN_MS 200
#define POLL_MAX_MS 30000

static const struct slice statuses[TASK_STATUSES_N] = {
	[TASK_IS_WORKING] = S("\"working\""),
	[TASK_IS_ASKING] = S("\"input_required\""),
	[TASK_IS_COMPLETED] = S("\"completed\""),
	[TASK_IS_FAILED] = S("\"failed\""),
	[TASK_IS_CANCELLED] = S("\"cancelled\""),
};

/* Of 2025-11-25, and of 2026-07-28. */
enum era { OLD, NEW, ERAS_N };
static const struct slice ttl_names[ERAS_N] = { S("ttl"), S("ttlMs") };
static const struct slice poll_names[ERAS_N] = { S("pollInterval"), S("pollIntervalMs") };

static struct slice
member(struct slice object, const struct json_scan *scan, struct slice key)
{
	struct slice value;

	if (scan != NULL)
		return json_scan_get(scan, S("result"), key);
	return json_find(object, key, &value) ? value : SLICE_NONE;
}

static struct slice
typed(struct slice value, enum json_type type)
{
	return value.p != NULL && json_type(value) == type ? value : SLICE_NONE;
}

static struct slice
either(struct slice object, const struct json_scan *scan, const struct slice names[ERAS_N])
{
	struct slice value = member(object, scan, names[NEW]);

	return value.p != NULL ? value : member(object, scan, names[OLD]);
}

static uint64_t
poll_bounded(struct slice value)
{
	int64_t ms;

	if (typed(value, JSON_NUMBER).p == NULL)
		return POLL_MS;
	/* What is no whole number, or too large for one, is no less bounded. */
	if (!json_int(value, &ms))
		return POLL_MS;
	return ms < POLL_MIN_MS ? POLL_MIN_MS : ms > POLL_MAX_MS ? POLL_MAX_MS : (uint64_t)ms;
}

static bool
status_read(struct slice value, enum mcp_task_status *status, struct err *err)
{
	for (unsigned i = 0; i < TASK_STATUSES_N; i++) {
		if (value.p != NULL && slice_eq(value, statuses[i])) {
			*status = (enum mcp_task_status)i;
			return true;
		}
	}
	return err_set(err, ERR_UNAVAILABLE, "tells of a task whose status is %.*s",
	    (int)(value.n > 40 ? 40 : value.n), value.p != NULL ? value.p : "");
}

bool
mcp_task_read(
    struct slice object, const struct json_scan *scan, struct mcp_task *task, struct err *err)
{
	struct slice ttl = either(object, scan, ttl_names);

	memset(task, 0, sizeof(*task));
	task->id = typed(member(object, scan, S("taskId")), JSON_STRING);
	if (task->id.n <= 2 || task->id.n > MCP_TASK_ID_MAX)
		return err_set(
		    err, ERR_UNAVAILABLE, "tells of a task without an id that can be used");
	if (!status_read(member(object, scan, S("status")), &task->status, err))
		return false;
	task->message = typed(member(object, scan, S("statusMessage")), JSON_STRING);
	task->created = typed(member(object, scan, S("createdAt")), JSON_STRING);
	task->updated = typed(member(object, scan, S("lastUpdatedAt")), JSON_STRING);
	task->ttl = typed(ttl, JSON_NUMBER);
	task->poll_ms = poll_bounded(either(object, scan, poll_names));
	task->requests = typed(member(object, scan, S("inputRequests")), JSON_OBJECT);
	task->result = typed(member(object, scan, S("result")), JSON_OBJECT);
	task->error = typed(member(object, scan, S("error")), JSON_OBJECT);
	return true;
}

bool
mcp_task_is_over(const struct mcp_task *task)
{
	return task->status >= TASK_IS_COMPLETED;
}

static void
put_time(struct buf *out, const char *name, struct slice told, uint64_t now_ms)
{
	time_t second = (time_t)(now_ms / 1000);
	struct tm tm;

	buf_printf(out, ",\"%s\":", name);
	if (told.p != NULL || gmtime_r(&second, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		buf_put(out, told.p != NULL ? told : S("\"\""));
		return;
	}
	buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02dZ\"", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
mcp_task_put(
    struct buf *out, const struct mcp_task *task, enum mcp_revision revision, uint64_t now_ms)
{
	enum era era = mcp_revision_is_modern(revision) ? NEW : OLD;

	buf_puts(out, "\"taskId\":");
	buf_put(out, task->id);
	buf_puts(out, ",\"status\":");
	buf_put(out, statuses[task->status]);
	if (task->message.p != NULL) {
		buf_puts(out, ",\"statusMessage\":");
		buf_put(out, task->message);
	}
	put_time(out, "createdAt", task->created, now_ms);
	put_time(out, "lastUpdatedAt", task->updated, now_ms);
	buf_printf(out, ",\"%.*s\":", SLICE_FMT(ttl_names[era]));
	buf_put(out, task->ttl.p != NULL ? task->ttl : S("null"));
	buf_printf(
	    out, ",\"%.*s\":%llu", SLICE_FMT(poll_names[era]), (unsigned long long)task->poll_ms);
}

bool
exchange_takes_task(const struct exchange *exchange)
{
	if (exchange->request.method != MCP_TOOLS_CALL)
		return false;
	if (mcp_revision_is_modern(exchange->revision))
		return exchange->can.task_results;
	/* Without a session there is nothing in which it could ask for the outcome. */
	return mcp_method_known(MCP_TASKS_RESULT, exchange->revision) &&
	    exchange->session != NULL && exchange->request.scan != NULL &&
	    json_type(json_scan_get(exchange->request.scan, S("params"), S("task"))) == JSON_OBJECT;
}

/*
 * Many issues at once: making them, their histories, and moving one to another project, which Jira
 * does by its bulk service.
 */
#include <time.h>

#include "atlassian/jira.h"

#define CREATE_MAX     500
#define CREATE_AT_ONCE 50 /* Jira takes no more in one request */
#define CHANGELOGS_MAX 200
#define MOVE_POLLS     30
#define MOVE_POLL_MS   1000
#define AT_ONCE	       8 /* reads side by side */

/* ---- batch_create_issues --------------------------------------------------------------------- */

struct batch {
	yyjson_mut_val **updates; /* {"fields":...} of each issue */
	size_t n;
	struct slice *keys; /* of what was made */
	size_t keys_n;
	yyjson_mut_val *errors;
};

/* The names of create_issue's arguments, and of the REST API. */
static yyjson_val *
member(yyjson_val *object, const char *name, const char *other)
{
	yyjson_val *value = yyjson_obj_get(object, name);

	return value != NULL ? value : yyjson_obj_get(object, other);
}

static struct slice
member_text(yyjson_val *object, const char *name, const char *other, const char *within)
{
	yyjson_val *value = member(object, name, other);

	return slice_trim(json_slice(yyjson_is_obj(value) ? yyjson_obj_get(value, within) : value));
}

static bool
is_consumed(struct slice key)
{
	static const char *const names[] = { "project_key", "project", "issue_type", "issuetype",
		"additional_fields" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (slice_eq(key, slice_of(names[i])))
			return true;
	}
	return false;
}

static bool
update_wait(struct work *work, yyjson_val *issue, size_t at, yyjson_mut_val **out)
{
	struct slice project = member_text(issue, "project_key", "project", "key"),
		     type = member_text(issue, "issue_type", "issuetype", "name"),
		     summary = json_slice(yyjson_obj_get(issue, "summary"));
	struct jira_change change = { .fields = out_obj(work), .place = { .project = project } };
	yyjson_mut_val *named;
	yyjson_val *key, *value;
	size_t i, max;

	if (project.n == 0 || type.n == 0 || summary.n == 0)
		return work_fail(
		    work, ERR_PARAMS, "issue %zu needs project_key, summary and issue_type", at);
	if (!jira_project_check(work, project))
		return false;
	yyjson_obj_foreach(issue, i, max, key, value)
	{
		if (!is_consumed(json_slice(key)) &&
		    !jira_change_put_wait(work, &change, json_slice(key), value))
			return err_prefix(work->err, "issue %zu", at);
	}
	if (!jira_change_object_wait(work, &change, yyjson_obj_get(issue, "additional_fields")))
		return err_prefix(work->err, "issue %zu", at);
	if (change.status != NULL)
		return work_fail(work, ERR_PARAMS,
		    "issue %zu: a new issue has the first status of its workflow", at);
	named = out_obj(work);
	out_slice(work, named, "key", project);
	out_val(work, change.fields, "project", named);
	named = out_obj(work);
	out_slice(work, named, "name", type);
	out_val(work, change.fields, "issuetype", named);
	*out = out_obj(work);
	out_val(work, *out, "fields", change.fields);
	return true;
}

static bool
batch_take_wait(struct work *work, struct batch *batch)
{
	yyjson_val *issues = arg_json(work, "issues"), *issue;
	size_t n = yyjson_arr_size(issues), i, max;

	if (n == 0 || n > CREATE_MAX)
		return work_fail(work, ERR_PARAMS, "issues must have 1 to %d objects", CREATE_MAX);
	if (!arena_reserve(
		work->arena, n * (sizeof(*batch->updates) + sizeof(*batch->keys)) + 64, work->err))
		return false;
	batch->updates = ARENA_ARRAY(work->arena, yyjson_mut_val *, n);
	batch->keys = ARENA_ARRAY(work->arena, struct slice, n);
	batch->errors = out_arr(work);
	yyjson_arr_foreach(issues, i, max, issue)
	{
		if (!update_wait(work, issue, i + 1, &batch->updates[i]))
			return false;
	}
	batch->n = n;
	return true;
}

/* {"issue": 2, "error": ...}: the fields that Jira complains of, in one line. */
static void
error_add(struct work *work, struct batch *batch, yyjson_val *error, size_t from)
{
	yyjson_val *said = yyjson_obj_get(error, "elementErrors"), *key, *value;
	int64_t at = yyjson_get_sint(yyjson_obj_get(error, "failedElementNumber"));
	yyjson_mut_val *one = out_obj(work);
	struct buf text;
	size_t i, max;

	buf_init(&text, NULL, 2 * KIB);
	yyjson_arr_foreach(yyjson_obj_get(said, "errorMessages"), i, max, value)
	{
		buf_printf(&text, "%s%.*s", text.n > 0 ? "; " : "", SLICE_FMT(json_slice(value)));
	}
	yyjson_obj_foreach(yyjson_obj_get(said, "errors"), i, max, key, value)
	{
		buf_printf(&text, "%s%.*s: %.*s", text.n > 0 ? "; " : "",
		    SLICE_FMT(json_slice(key)), SLICE_FMT(json_slice(value)));
	}
	out_int(work, one, "issue", (int64_t)from + at + 1);
	out_slice(work, one, "error", text.n > 0 ? buf_view(&text) : S("refused"));
	yyjson_mut_arr_append(batch->errors, one);
	buf_fini(&text);
}

/* Jira took none of these: each has that as its outcome, and those behind them get their turn. */
static bool
refuse_all(struct work *work, struct batch *batch, size_t from)
{
	struct slice said = work->said.p != NULL ? work->said : slice_of(work->err->text);

	if (work->err->kind != ERR_REQUEST || batch->n <= CREATE_AT_ONCE)
		return false;
	for (size_t i = from; i < batch->n && i < from + CREATE_AT_ONCE; i++) {
		yyjson_mut_val *one = out_obj(work);

		out_int(work, one, "issue", (int64_t)i + 1);
		out_slice(work, one, "error", said);
		yyjson_mut_arr_append(batch->errors, one);
	}
	*work->err = (struct err){ 0 };
	work->said = SLICE_NONE;
	return true;
}

static bool
batch_send_wait(struct work *work, struct batch *batch, size_t from)
{
	yyjson_mut_val *body = out_obj(work), *list = out_arr(work);
	yyjson_val *reply = NULL, *one;
	size_t i, max;

	for (i = from; i < batch->n && i < from + CREATE_AT_ONCE; i++)
		yyjson_mut_arr_append(list, batch->updates[i]);
	out_val(work, body, "issueUpdates", list);
	if (!work_send_wait(work, "POST", body, unless_dry(work, &reply), "{api}/issue/bulk", NULL))
		return refuse_all(work, batch, from) ? true
		    : batch->keys_n == 0
		    ? false
		    : work_fail_after(work, "%zu issues were created, the last %.*s", batch->keys_n,
			  SLICE_FMT(batch->keys[batch->keys_n - 1]));
	yyjson_arr_foreach(yyjson_obj_get(reply, "issues"), i, max, one)
	{
		struct slice key = json_slice(yyjson_obj_get(one, "key"));

		if (key.n > 0 && batch->keys_n < batch->n)
			batch->keys[batch->keys_n++] = key;
	}
	yyjson_arr_foreach(yyjson_obj_get(reply, "errors"), i, max, one)
	{
		error_add(work, batch, one, from);
	}
	work_progress(work,
	    (int64_t)(from + CREATE_AT_ONCE < batch->n ? from + CREATE_AT_ONCE : batch->n),
	    (int64_t)batch->n, "issues sent");
	return true;
}

/* Some at a time; one that cannot be read is shown by its key. */
static bool
batch_read_wait(struct work *work, const struct batch *batch, yyjson_mut_val *list)
{
	struct issue_view view;

	if (!issue_view_wait(work, &view, NULL, 0, NULL))
		return false;
	for (size_t from = 0; from < batch->keys_n; from += AT_ONCE) {
		size_t n = batch->keys_n - from < AT_ONCE ? batch->keys_n - from : AT_ONCE;
		struct jira_part *parts = jira_parts(work, n);

		for (size_t i = 0; parts != NULL && i < n; i++)
			parts[i].path = work_path(work, "{api}/issue/{key}", "key",
			    work_cstr(work, batch->keys[from + i]), "expand", view.expand, NULL);
		if (parts == NULL || !jira_parts_wait(work, parts, n))
			return false;
		for (size_t i = 0; i < n; i++) {
			yyjson_mut_val *made;

			view.names = yyjson_obj_get(parts[i].reply, "names");
			made = parts[i].is_ok ? issue_make(work, &view, parts[i].reply)
					      : out_obj(work);
			if (!parts[i].is_ok)
				out_slice(work, made, "key", batch->keys[from + i]);
			yyjson_mut_arr_append(list, made);
		}
	}
	return true;
}

static bool
batch_create_issues(struct work *work)
{
	bool is_check = arg_bool(work, "validate_only");
	yyjson_mut_val *list = out_arr(work);
	struct batch batch = { 0 };
	const char *message;

	if (!batch_take_wait(work, &batch))
		return false;
	for (size_t from = 0; !is_check && from < batch.n; from += CREATE_AT_ONCE) {
		if (!batch_send_wait(work, &batch, from))
			return false;
	}
	if (!batch_read_wait(work, &batch, list))
		return work_fail_after(work, "%zu issues were created", batch.keys_n);
	message = is_check ? "Issues validated successfully"
	    : batch.keys_n == batch.n
	    ? "Issues created successfully"
	    : work_printf(work, "%zu of %zu issues were created", batch.keys_n, batch.n);
	work->out = out_obj(work);
	out_str(work, work->out, "message", message);
	out_val(work, work->out, "issues", list);
	if (yyjson_mut_arr_size(batch.errors) > 0)
		out_val(work, work->out, "errors", batch.errors);
	return true;
}

/* ---- batch_get_changelogs -------------------------------------------------------------------- */

/* The bulk service says when in milliseconds since 1970. */
static yyjson_mut_val *
when(struct work *work, yyjson_val *history)
{
	yyjson_val *created = yyjson_obj_get(history, "created");
	char text[40];
	struct tm tm;
	time_t at;

	if (!yyjson_is_int(created))
		return yyjson_is_str(created) ? yyjson_val_mut_copy(work->doc, created) : NULL;
	at = (time_t)(yyjson_get_sint(created) / 1000);
	if (gmtime_r(&at, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return NULL;
	return yyjson_mut_strcpy(work->doc,
	    work_printf(work, "%s.%03d+0000", text, (int)(yyjson_get_sint(created) % 1000)));
}

static yyjson_mut_val *
change_make(struct work *work, yyjson_val *history)
{
	yyjson_mut_val *made = shape_make(work, &jira_changelog_shape, history);

	if (made != NULL)
		out_val(work, made, "created", when(work, history));
	return made;
}

LOCAL_SHAPE(issue_changes_shape, { "issue_id", SHAPE_STR }, { "issue_key", SHAPE_STR },
    { "changelogs", SHAPE_LIST, .of = &jira_changelog_shape },
    { "changelogs_total", SHAPE_INT, .help = "where they were cut" });
LOCAL_SHAPE(changes_shape, { "result", SHAPE_LIST, .of = &issue_changes_shape });

/* The entry of an issue in the result; pages may cut an issue's history. */
static yyjson_mut_val *
entry_of(struct work *work, struct slice id)
{
	yyjson_mut_val *one;
	size_t i, max;

	yyjson_mut_arr_foreach(work->out, i, max, one)
	{
		yyjson_mut_val *said = yyjson_mut_obj_get(one, "issue_id");

		if (yyjson_mut_equals_strn(said, id.p, id.n))
			return one;
	}
	one = out_obj(work);
	out_slice(work, one, "issue_id", id);
	out_val(work, one, "changelogs", out_arr(work));
	yyjson_mut_arr_append(work->out, one);
	return one;
}

static void
changes_add(struct work *work, struct slice id, yyjson_val *histories, int64_t limit)
{
	yyjson_mut_val *entry = entry_of(work, id), *list = yyjson_mut_obj_get(entry, "changelogs");
	int64_t total = yyjson_mut_get_sint(yyjson_mut_obj_get(entry, "changelogs_total"));
	yyjson_val *history;
	size_t i, max;

	if (total == 0)
		total = (int64_t)yyjson_mut_arr_size(list);
	total += (int64_t)yyjson_arr_size(histories);
	yyjson_arr_foreach(histories, i, max, history)
	{
		if (limit < 0 || (int64_t)yyjson_mut_arr_size(list) < limit)
			yyjson_mut_arr_append(list, change_make(work, history));
	}
	if (total > (int64_t)yyjson_mut_arr_size(list))
		out_int(work, entry, "changelogs_total", total);
}

static yyjson_mut_val *
strings(struct work *work, const struct slice *list, size_t n)
{
	yyjson_mut_val *out = out_arr(work);

	for (size_t i = 0; i < n; i++)
		yyjson_mut_arr_append(out, yyjson_mut_strncpy(work->doc, list[i].p, list[i].n));
	return out;
}

static bool
cloud_changes_wait(struct work *work, const struct slice *keys, size_t n, int64_t limit)
{
	struct slice *names, *ids;
	size_t names_n = arg_list(work, "fields", &names), i, max;
	yyjson_mut_val *body = out_obj(work);
	struct pages pages;
	yyjson_val *items, *one;

	if (!jira_field_ids_wait(work, names, names_n, &ids))
		return false;
	if (names_n > 0)
		out_val(work, body, "fieldIds", strings(work, ids, names_n));
	out_val(work, body, "issueIdsOrKeys", strings(work, keys, n));
	pages_init(&pages, work, PAGE_TOKEN, "/rest/api/3/changelog/bulkfetch", "issueChangeLogs",
	    0, INT32_MAX, 1000);
	pages.body = body;
	do {
		if (!pages_next_wait(&pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, one)
		{
			changes_add(work, json_slice(yyjson_obj_get(one, "issueId")),
			    yyjson_obj_get(one, "changeHistories"), limit);
		}
		work_progress(
		    work, (int64_t)yyjson_mut_arr_size(work->out), (int64_t)n, "histories read");
	} while (items != NULL && !pages.is_over);
	return true;
}

static bool
is_about(yyjson_val *history, const struct slice *ids, size_t n)
{
	yyjson_val *item;
	size_t i, max;

	yyjson_arr_foreach(yyjson_obj_get(history, "items"), i, max, item)
	{
		for (size_t k = 0; k < n; k++) {
			if (slice_eq_nocase(json_slice(yyjson_obj_get(item, "field")), ids[k]) ||
			    slice_eq_nocase(json_slice(yyjson_obj_get(item, "fieldId")), ids[k]))
				return true;
		}
	}
	return n == 0;
}

/* Data Center has no bulk service: the histories of the issues, side by side. */
static bool
dc_changes_add(struct work *work, yyjson_val *issue, int64_t limit)
{
	struct slice *names, id = json_slice(yyjson_obj_get(issue, "id"));
	size_t n = arg_list(work, "fields", &names), i, max;
	yyjson_mut_val *entry = entry_of(work, id), *list = yyjson_mut_obj_get(entry, "changelogs");
	yyjson_val *history;
	int64_t total = 0;

	out_slice(work, entry, "issue_key", json_slice(yyjson_obj_get(issue, "key")));
	yyjson_arr_foreach(json_at(issue, "changelog/histories"), i, max, history)
	{
		if (!is_about(history, names, n))
			continue;
		if (limit < 0 || total < limit)
			yyjson_mut_arr_append(list, change_make(work, history));
		total++;
	}
	if (limit >= 0 && total > limit)
		out_int(work, entry, "changelogs_total", total);
	return true;
}

static bool
dc_changes_wait(struct work *work, const struct slice *keys, size_t n, int64_t limit)
{
	for (size_t from = 0; from < n; from += AT_ONCE) {
		size_t some = n - from < AT_ONCE ? n - from : AT_ONCE;
		struct jira_part *parts = jira_parts(work, some);

		for (size_t i = 0; parts != NULL && i < some; i++) {
			parts[i].path = work_path(work, "{api}/issue/{key}", "key",
			    work_cstr(work, keys[from + i]), "fields", "summary", "expand",
			    "changelog", NULL);
			if (parts[i].path == NULL)
				return false;
		}
		if (parts == NULL || !jira_parts_wait(work, parts, some))
			return false;
		for (size_t i = 0; i < some; i++) {
			if (!parts[i].is_ok) {
				*work->err = parts[i].err;
				work->said = parts[i].work.said;
				return err_prefix(work->err, "%.*s", SLICE_FMT(keys[from + i]));
			}
			if (!jira_reply_check(work, parts[i].reply, keys[from + i]) ||
			    !dc_changes_add(work, parts[i].reply, limit))
				return false;
		}
		work_progress(work, (int64_t)(from + some), (int64_t)n, "histories read");
	}
	return true;
}

/* Ids say nothing of their project, and keys may be old: with a filter each is looked at. */
static bool
scope_check_wait(struct work *work, const struct slice *keys, size_t n)
{
	yyjson_val *issue;

	for (size_t i = 0; i < n && work->site->config->filter_n > 0; i++) {
		if (jira_project_of(keys[i]).n > 0 && !jira_key_check(work, keys[i]))
			return false;
		if (!work_get_wait(work, &issue, "{api}/issue/{key}", "key",
			work_cstr(work, keys[i]), "fields", "project", NULL) ||
		    !jira_reply_check(work, issue, keys[i]))
			return false;
	}
	return true;
}

static bool
batch_get_changelogs(struct work *work)
{
	struct slice *keys;
	size_t n = arg_list(work, "issue_ids_or_keys", &keys);
	int64_t limit = arg_int(work, "limit");

	if (n == 0 || n > CHANGELOGS_MAX)
		return work_fail(
		    work, ERR_PARAMS, "issue_ids_or_keys: 1 to %d of them", CHANGELOGS_MAX);
	work->out = out_arr(work);
	if (!work->is_cloud)
		return dc_changes_wait(work, keys, n, limit);
	return scope_check_wait(work, keys, n) && cloud_changes_wait(work, keys, n, limit);
}

/* ---- move_issue ------------------------------------------------------------------------------ */

/* The id of the type of that name in the target; *id NULL: it has none. */
static bool
target_type_wait(struct work *work, const char *project, struct slice type, const char **id)
{
	yyjson_val *reply, *types, *one;
	size_t i, max;

	*id = NULL;
	if (!work_get_wait(work, &reply, "{api}/issue/createmeta/{project}/issuetypes", "project",
		project, "maxResults", "200", NULL))
		return false;
	types = yyjson_obj_get(reply, "issueTypes");
	if (!yyjson_is_arr(types))
		types = yyjson_obj_get(reply, "values");
	yyjson_arr_foreach(types, i, max, one)
	{
		if (slice_eq_nocase(json_slice(yyjson_obj_get(one, "name")), type))
			*id = yyjson_get_str(yyjson_obj_get(one, "id"));
	}
	return *id != NULL ||
	    work_fail(work, ERR_REQUEST, "%s has no issue type %.*s, which the issue has", project,
		SLICE_FMT(type));
}

static yyjson_mut_val *
move_body(struct work *work, const char *project, const char *type, struct slice key)
{
	static const char *const inferred[] = { "inferClassificationDefaults", "inferFieldDefaults",
		"inferStatusDefaults", "inferSubtaskTypeDefault" };
	yyjson_mut_val *body = out_obj(work), *mapping = out_obj(work), *one = out_obj(work);

	for (size_t i = 0; i < COUNT(inferred); i++)
		out_bool(work, one, inferred[i], true);
	out_val(work, one, "issueIdsOrKeys", strings(work, &key, 1));
	out_val(work, mapping, work_printf(work, "%s,%s", project, type), one);
	out_bool(work, body, "sendBulkNotification", false);
	out_val(work, body, "targetToSourcesMapping", mapping);
	return body;
}

/* Why Jira did not move it, from the task's report. */
static bool
say_failed(struct work *work, yyjson_val *task, struct slice key)
{
	yyjson_val *failed = yyjson_obj_get(task, "failedAccessibleIssues"), *id, *said;
	struct buf text;
	size_t i, max;

	buf_init(&text, NULL, KIB);
	yyjson_obj_foreach(failed, i, max, id, said)
	{
		buf_printf(&text, ": %.*s", SLICE_FMT(json_slice(yyjson_arr_get_first(said))));
	}
	work_fail(work, ERR_REQUEST, "%.*s was not moved (%.*s)%.*s", SLICE_FMT(key),
	    SLICE_FMT(json_slice(yyjson_obj_get(task, "status"))), (int)text.n,
	    text.n > 0 ? text.p : "");
	buf_fini(&text);
	return false;
}

static bool
task_wait(struct work *work, const char *task, struct slice key)
{
	static const char *const ended[] = { "FAILED", "CANCELLED", "DEAD", "CANCEL_REQUESTED" };
	yyjson_val *reply, *status;

	for (unsigned i = 0; i < MOVE_POLLS; i++) {
		if (!work_get_wait(
			work, &reply, "/rest/api/3/bulk/queue/{task}", "task", task, NULL))
			return work_fail_after(
			    work, "the move of %.*s was begun (task %s)", SLICE_FMT(key), task);
		status = yyjson_obj_get(reply, "status");
		if (yyjson_equals_str(status, "COMPLETE"))
			return yyjson_obj_size(yyjson_obj_get(reply, "failedAccessibleIssues")) ==
			    0 ||
			    say_failed(work, reply, key);
		for (size_t k = 0; k < COUNT(ended); k++) {
			if (yyjson_equals_str(status, ended[k]))
				return say_failed(work, reply, key);
		}
		work_progress(work, yyjson_get_sint(yyjson_obj_get(reply, "progressPercent")), 100,
		    "per cent moved");
		if (!task_sleep_wait(work->loop, MOVE_POLL_MS, work->err))
			return work_fail_after(
			    work, "the move of %.*s was begun (task %s)", SLICE_FMT(key), task);
	}
	return work_fail(work, ERR_REQUEST,
	    "Jira is still moving %.*s (task %s); look at it again later", SLICE_FMT(key), task);
}

static bool
move_issue(struct work *work)
{
	struct slice key = arg_slice(work, "issue_key"),
		     project = slice_trim(arg_slice(work, "target_project_key"));
	const char *target = work_cstr(work, project), *type, *task;
	yyjson_val *issue, *reply;
	struct issue_view view;

	if (target == NULL || !jira_key_check(work, key) || !jira_project_check(work, project) ||
	    !work_get_wait(work, &issue, "{api}/issue/{issue_key}", "fields", "issuetype", NULL) ||
	    !jira_reply_check(work, issue, key) ||
	    !target_type_wait(
		work, target, json_slice(json_at(issue, "fields/issuetype/name")), &type) ||
	    !issue_view_wait(work, &view, NULL, 0, NULL) ||
	    !work_send_wait(work, "POST", move_body(work, target, type, key), &reply,
		"/rest/api/3/bulk/issues/move", NULL))
		return false;
	task = yyjson_get_str(yyjson_obj_get(reply, "taskId"));
	if (task == NULL)
		return work_fail(work, ERR_UNAVAILABLE, "Jira began the move and named no task");
	return task_wait(work, task, key) &&
	    issue_written_wait(work, json_slice(yyjson_obj_get(issue, "id")), &view,
		work_printf(work, "Issue moved successfully from %.*s to project %s",
		    SLICE_FMT(key), target));
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(
    batch_error_shape, { "issue", SHAPE_INT, .help = "its place, from 1" }, { "error", SHAPE_STR });
LOCAL_SHAPE(batch_shape, { "message", SHAPE_STR },
    { "issues", SHAPE_LIST, .of = &jira_issue_brief_shape },
    { "errors", SHAPE_LIST, .of = &batch_error_shape });

static const struct tool tools[] = {
	{ .name = "batch_create_issues",
	    .title = "Batch Create Issues",
	    .help = "Create several issues. What Jira refuses is listed beside what was made.",
	    .toolset = "jira_issues",
	    .flags = WRITES,
	    .run = batch_create_issues,
	    .shape = &batch_shape,
	    ARGS(
		{ "issues", ARG_ARRAY, REQUIRED,
		    "[{\"project_key\": \"PROJ\", \"summary\": \"...\", \"issue_type\": \"Task\", and description, assignee, components or any field}]" },
		{ "validate_only", ARG_BOOL, 0, "Only check what can be checked without creating",
		    "false" }) },
	{ .name = "batch_get_changelogs",
	    .title = "Batch Get Changelogs",
	    .help = "Who changed what and when, for several issues.",
	    .toolset = "jira_issues",
	    .flags = READS | IDEMPOTENT,
	    .run = batch_get_changelogs,
	    .shape = &changes_shape,
	    ARGS({ "issue_ids_or_keys", ARG_CSV, REQUIRED, "Keys or ids of issues" },
		{ "fields", ARG_CSV, 0, "Only changes of these fields" },
		{ "limit", ARG_INT, 0, "Most changes of each issue; -1: all", "-1", -1,
		    INT32_MAX }) },
	{ .name = "move_issue",
	    .title = "Move Issue to Project",
	    .help = "Move an issue to another project, with its type; it gets a new key.",
	    .toolset = "jira_issues",
	    .flags = WRITES | DESTROYS | CLOUD_ONLY,
	    .run = move_issue,
	    .shape = &jira_written_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "target_project_key", ARG_PROJECT, REQUIRED, "Key of the project to move to",
		    NULL, 0, 80 }) },
};
const struct tool_set jira_bulk_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

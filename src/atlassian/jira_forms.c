/*
 * Forms on issues (Cloud only): an interface of its own, at the API gateway, that knows an issue by
 * its key.  Answers go by the kind of their question.
 */
#include "atlassian/jira_times.h"

#define ANSWERS_MAX 200
#define ID_MAX	    64

static bool
forms_wait(
    struct work *work, const char *method, const char *path, yyjson_mut_val *body, yyjson_val **out)
{
	struct site_request request = { .method = slice_of(method),
		.path = slice_of(path),
		.is_for_forms = true,
		.is_write = body != NULL };

	return path != NULL && work_json_wait(work, &request, body, out, false);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
put_common(struct work *work, yyjson_mut_val *out, yyjson_val *form, struct slice key)
{
	yyjson_val *id = yyjson_obj_get(form, "id"), *status = json_at(form, "state/status");
	yyjson_mut_val *state = out_obj(work);

	out_copy(work, out, "id", id);
	out_copy(work, out, "form_id", id);
	out_slice(work, state, "status",
	    yyjson_is_str(status)				    ? json_slice(status)
		: yyjson_is_true(yyjson_obj_get(form, "submitted")) ? S("s")
								    : S("o"));
	out_val(work, out, "state", state);
	out_slice(work, out, "issue_key", key);
	out_slice(work, out, "updated", json_slice(yyjson_obj_get(form, "updated")));
}

static bool
get_issue_proforma_forms(struct work *work)
{
	static const char *const marks[] = { "internal", "submitted", "lock" };
	struct slice key;
	yyjson_mut_val *list = out_arr(work), *one;
	yyjson_val *reply, *form;
	size_t i, max;

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key) ||
	    !forms_wait(work, "GET",
		work_path(work, "/issue/{key}/form", "key", work_cstr(work, key), NULL), NULL,
		&reply))
		return false;
	if (yyjson_is_obj(reply))
		reply = yyjson_obj_get(reply, "forms");
	yyjson_arr_foreach(reply, i, max, form)
	{
		one = out_obj(work);
		put_common(work, one, form, key);
		out_slice(work, one, "name", json_slice(yyjson_obj_get(form, "name")));
		for (size_t k = 0; k < COUNT(marks); k++) {
			if (yyjson_is_bool(yyjson_obj_get(form, marks[k])))
				out_copy(work, one, marks[k], yyjson_obj_get(form, marks[k]));
		}
		yyjson_mut_arr_append(list, one);
	}
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_val(work, work->out, "forms", list);
	out_int(work, work->out, "count", (int64_t)yyjson_mut_arr_size(list));
	work->summary = slice_of(
	    work_printf(work, "%.*s has %zu forms", SLICE_FMT(key), yyjson_mut_arr_size(list)));
	return true;
}

/* The questions, with the answers that were given. */
static yyjson_mut_val *
questions(struct work *work, yyjson_val *form)
{
	yyjson_val *answers = json_at(form, "state/answers"), *id, *question;
	yyjson_mut_val *list = out_arr(work), *one;
	size_t i, max;

	yyjson_obj_foreach(json_at(form, "design/questions"), i, max, id, question)
	{
		one = out_obj(work);
		out_slice(work, one, "id", json_slice(id));
		out_slice(work, one, "name", json_slice(yyjson_obj_get(question, "label")));
		out_slice(work, one, "type", json_slice(yyjson_obj_get(question, "type")));
		out_bool(work, one, "required", yyjson_is_true(json_at(question, "validation/rq")));
		out_copy(work, one, "choices", yyjson_obj_get(question, "choices"));
		out_copy(work, one, "value",
		    yyjson_obj_getn(answers, yyjson_get_str(id), yyjson_get_len(id)));
		yyjson_mut_arr_append(list, one);
	}
	return list;
}

static bool
get_proforma_form_details(struct work *work)
{
	struct slice key, name;
	yyjson_mut_val *out;
	yyjson_val *form;
	const char *id = arg_str(work, "form_id");

	if (!jira_guard_wait(work, arg_slice(work, "issue_key"), &key) ||
	    !forms_wait(work, "GET",
		work_path(work, "/issue/{key}/form/{form}", "key", work_cstr(work, key), "form", id,
		    NULL),
		NULL, &form))
		return false;
	out = out_obj(work);
	put_common(work, out, form, key);
	name = json_slice(json_at(form, "design/settings/name"));
	out_slice(work, out, "name", name);
	out_val(work, out, "fields", questions(work, form));
	out_copy(work, out, "design", yyjson_obj_get(form, "design"));
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_val(work, work->out, "form", out);
	work->summary =
	    slice_of(work_printf(work, "form \"%.*s\" of %.*s", SLICE_FMT(name), SLICE_FMT(key)));
	return true;
}

/* ---- answering ------------------------------------------------------------------------------- */

/* Where an answer of a kind stands, and whether it is a list. */
static const struct {
	const char *type, *member;
	bool is_list, is_date;
} kinds[] = {
	{ "TEXT", "text", false, false },
	{ "NUMBER", "number", false, false },
	{ "DATE", "date", false, true },
	{ "DATETIME", "date", false, true },
	{ "TIME", "time", false, false },
	{ "SELECT", "choices", true, false },
	{ "MULTI_SELECT", "choices", true, false },
	{ "CHECKBOX", "choices", true, false },
	{ "USER", "users", true, false },
	{ "MULTI_USER", "users", true, false },
};

/* A day is milliseconds since 1970 there. */
static bool
value_make(struct work *work, size_t at, size_t kind, yyjson_val *value, yyjson_mut_val **out)
{
	yyjson_mut_val *list;
	struct jira_time time;

	*out = value != NULL ? yyjson_val_mut_copy(work->doc, value) : yyjson_mut_null(work->doc);
	if (kinds[kind].is_date && yyjson_is_str(value)) {
		if (!jira_time_read(json_slice(value), &time))
			return work_fail(work, ERR_PARAMS,
			    "answers[%zu].value: a date such as 2030-01-31 or "
			    "2030-01-31T09:00:00Z, or milliseconds since 1970",
			    at);
		*out = yyjson_mut_sint(work->doc, time.ms);
	}
	if (!kinds[kind].is_list || yyjson_is_arr(value))
		return true;
	list = out_arr(work);
	if (value != NULL && !yyjson_is_null(value) && !yyjson_equals_str(value, ""))
		yyjson_mut_arr_append(list, *out);
	*out = list;
	return true;
}

static bool
answer_make(struct work *work, size_t at, yyjson_val *answer, yyjson_mut_val *all)
{
	yyjson_val *id = yyjson_obj_get(answer, "questionId");
	struct slice type = json_slice(yyjson_obj_get(answer, "type")), name = json_slice(id);
	yyjson_mut_val *value, *one = out_obj(work);
	size_t kind = 0;

	if (yyjson_is_uint(id))
		name = slice_of(work_number(work, (int64_t)(yyjson_get_uint(id) & INT64_MAX)));
	if (name.n == 0 || name.n > ID_MAX)
		return work_fail(work, ERR_PARAMS,
		    "answers[%zu] must be {\"questionId\": \"1\", \"type\": \"TEXT\", \"value\": "
		    "...}",
		    at);
	while (type.p != NULL && kind < COUNT(kinds) &&
	    !slice_eq_nocase(type, slice_of(kinds[kind].type)))
		kind++;
	if (kind == COUNT(kinds))
		return work_fail(work, ERR_PARAMS,
		    "answers[%zu].type must be one of TEXT, NUMBER, DATE, DATETIME, TIME, SELECT, "
		    "MULTI_SELECT, CHECKBOX, USER, MULTI_USER",
		    at);
	if (!value_make(work, at, kind, yyjson_obj_get(answer, "value"), &value))
		return false;
	out_val(work, one, kinds[kind].member, value);
	out_val(work, all, work_cstr(work, name), one);
	return true;
}

static bool
answers_make(struct work *work, yyjson_mut_val **body, size_t *n)
{
	yyjson_val *answers = arg_json(work, "answers"), *answer;
	yyjson_mut_val *all = out_obj(work);
	size_t i, max;

	*body = NULL;
	*n = yyjson_arr_size(answers);
	if (*n == 0 || *n > ANSWERS_MAX)
		return work_fail(work, ERR_PARAMS, "answers: 1 to %d of them", ANSWERS_MAX);
	yyjson_arr_foreach(answers, i, max, answer)
	{
		if (!answer_make(work, i, answer, all))
			return false;
	}
	*body = out_obj(work);
	out_val(work, *body, "answers", all);
	return true;
}

static bool
update_proforma_form_answers(struct work *work)
{
	yyjson_mut_val *body;
	yyjson_val *reply;
	struct slice key;
	const char *id = arg_str(work, "form_id");
	size_t n;

	if (!answers_make(work, &body, &n) ||
	    !jira_guard_wait(work, arg_slice(work, "issue_key"), &key) ||
	    !forms_wait(work, "PUT",
		work_path(work, "/issue/{key}/form/{form}", "key", work_cstr(work, key), "form", id,
		    NULL),
		body, &reply))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message",
	    work_printf(work, "%zu answers of form %s on %.*s were saved", n, id, SLICE_FMT(key)));
	out_slice(work, work->out, "issue_key", key);
	out_str(work, work->out, "form_id", id);
	out_int(work, work->out, "updated_fields", (int64_t)n);
	out_copy(work, work->out, "result", yyjson_obj_get(reply, "state"));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(forms_shape, { "success", SHAPE_BOOL },
    { "forms", SHAPE_COPY, .help = "form_id, name, state, submitted, ..." },
    { "count", SHAPE_INT });
LOCAL_SHAPE(form_shape, { "success", SHAPE_BOOL },
    { "form", SHAPE_COPY, .help = "form_id, name, state, fields, design" });
LOCAL_SHAPE(answered_shape, { "success", SHAPE_BOOL }, { "message", SHAPE_STR },
    { "issue_key", SHAPE_STR }, { "form_id", SHAPE_STR }, { "updated_fields", SHAPE_INT },
    { "result", SHAPE_COPY });

#define KEY_ARG \
	{ \
		"issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" \
	}
#define FORM_ARG \
	{ \
		"form_id", ARG_NAME_ID, REQUIRED, "Id from get_issue_proforma_forms" \
	}

static const struct tool tools[] = {
	{ .name = "get_issue_proforma_forms",
	    .title = "Get Issue Forms",
	    .help = "The forms on an issue.",
	    .toolset = "jira_forms",
	    .flags = READS | IDEMPOTENT | CLOUD_ONLY,
	    .run = get_issue_proforma_forms,
	    .shape = &forms_shape,
	    ARGS(KEY_ARG) },
	{ .name = "get_proforma_form_details",
	    .title = "Get Form Details",
	    .help = "A form on an issue: its questions and what was answered.",
	    .toolset = "jira_forms",
	    .flags = READS | IDEMPOTENT | CLOUD_ONLY,
	    .run = get_proforma_form_details,
	    .shape = &form_shape,
	    ARGS(KEY_ARG, FORM_ARG) },
	{ .name = "update_proforma_form_answers",
	    .title = "Update Form Answers",
	    .help = "Answer questions of a form.",
	    .toolset = "jira_forms",
	    .flags = WRITES | DESTROYS | IDEMPOTENT | CLOUD_ONLY,
	    .run = update_proforma_form_answers,
	    .shape = &answered_shape,
	    ARGS(KEY_ARG, FORM_ARG,
		{ "answers", ARG_ARRAY, REQUIRED,
		    "[{\"questionId\": \"1\", \"type\": \"TEXT\", \"value\": \"...\"}]; type also "
		    "NUMBER, DATE, DATETIME, TIME, SELECT, MULTI_SELECT, CHECKBOX, USER, "
		    "MULTI_USER" }) },
};
const struct tool_set jira_form_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

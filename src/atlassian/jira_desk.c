/*
 * Service desks, read: which project has one, its queues and what is in them, its request types and
 * their fields.  The same interface on both deployments.
 */
#include "atlassian/jira_desk.h"

#define PAGE_MAX   50
#define DESKS_MAX  5000
#define ISSUES_MAX 1000

LOCAL_SHAPE(desk_shape, { "id", SHAPE_STR }, { "project_key", SHAPE_STR, "projectKey" },
    { "project_name", SHAPE_STR, "projectName" }, { "project_id", SHAPE_STR, "projectId" },
    { "name", SHAPE_STR });
LOCAL_SHAPE(queue_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR },
    { "issue_count", SHAPE_INT, "issueCount" }, { "jql", SHAPE_STR }, { "fields", SHAPE_LIST });
LOCAL_SHAPE(type_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "description", SHAPE_STR },
    { "help_text", SHAPE_STR, "helpText" }, { "issue_type_id", SHAPE_STR, "issueTypeId" },
    { "group_ids", SHAPE_LIST, "groupIds" });

/* ---- scope ----------------------------------------------------------------------------------- */

bool
jira_desk_wait(struct work *work, const char **desk, struct slice *project)
{
	yyjson_val *reply;
	struct slice key;

	work->headers = S("X-ExperimentalApi: opt-in\r\n");
	if (project != NULL)
		*project = SLICE_NONE;
	if (!jira_id_arg(work, "service_desk_id", "get_service_desk_for_project knows it", desk))
		return false;
	if (work->site->config->filter_n == 0 && project == NULL)
		return true;
	if (!work_get_wait(
		work, &reply, "/rest/servicedeskapi/servicedesk/{desk}", "desk", *desk, NULL))
		return false;
	key = json_slice(yyjson_obj_get(reply, "projectKey"));
	if (project != NULL)
		*project = key;
	return jira_project_check(work, key);
}

bool
jira_request_type_arg(struct work *work, const char **type)
{
	return jira_id_arg(work, "request_type_id", "get_request_types lists them", type);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* What a result says of the page it is. */
static void
put_page(struct work *work, yyjson_val *page, int64_t size)
{
	yyjson_val *is_last = yyjson_obj_get(page, "isLastPage");

	out_int(work, work->out, "start", arg_int(work, "start_at"));
	out_int(work, work->out, "limit", arg_int(work, "limit"));
	out_int(work, work->out, "size", size);
	out_bool(work, work->out, "is_last_page", !yyjson_is_false(is_last));
}

static bool
list_wait(struct work *work, const char *desk, const char *path, const char *count,
    const struct shape *shape, const char *member)
{
	yyjson_mut_val *list;
	yyjson_val *reply;

	if (!work_get_wait(work, &reply, path, "desk", desk, "start",
		work_number(work, arg_int(work, "start_at")), "limit",
		work_number(work, arg_int(work, "limit")), "includeCount", count, NULL))
		return false;
	list = shape_list(work, shape, yyjson_obj_get(reply, "values"));
	if (list == NULL)
		return work_fail(work, ERR_UNAVAILABLE, "%.*s answered without a list \"values\"",
		    SLICE_FMT(work->site->provider.name));
	work->out = out_obj(work);
	out_str(work, work->out, "service_desk_id", desk);
	put_page(work, reply, (int64_t)yyjson_mut_arr_size(list));
	out_val(work, work->out, member, list);
	work->summary = slice_of(work_printf(work, "%zu %s%s", yyjson_mut_arr_size(list), member,
	    yyjson_is_false(yyjson_obj_get(reply, "isLastPage")) ? "; there are more" : ""));
	return true;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static bool
get_service_desk_for_project(struct work *work)
{
	const char *project;
	yyjson_val *items, *desk;
	struct pages pages;
	size_t i, max;

	if (!jira_project_arg(work, "project_key", &project))
		return false;
	work->headers = S("X-ExperimentalApi: opt-in\r\n");
	work->out = out_obj(work);
	out_str(work, work->out, "project_key", project);
	pages_init(&pages, work, PAGE_START, "/rest/servicedeskapi/servicedesk", "values", 0,
	    DESKS_MAX, PAGE_MAX);
	do {
		if (!pages_next_wait(&pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, desk)
		{
			if (!slice_eq_nocase(
				json_slice(yyjson_obj_get(desk, "projectKey")), slice_of(project)))
				continue;
			out_val(
			    work, work->out, "service_desk", shape_make(work, &desk_shape, desk));
			work->summary = slice_of(work_printf(work, "%s has service desk %.*s",
			    project, SLICE_FMT(json_slice(yyjson_obj_get(desk, "id")))));
			return true;
		}
	} while (items != NULL && !pages.is_over);
	work->summary = slice_of(work_printf(work, "%s has no service desk", project));
	return true;
}

static bool
get_service_desk_queues(struct work *work)
{
	const char *desk;

	return jira_desk_wait(work, &desk, NULL) &&
	    list_wait(work, desk, "/rest/servicedeskapi/servicedesk/{desk}/queue", "true",
		&queue_shape, "queues");
}

static bool
get_request_types(struct work *work)
{
	const char *desk;

	return jira_desk_wait(work, &desk, NULL) &&
	    list_wait(work, desk, "/rest/servicedeskapi/servicedesk/{desk}/requesttype", NULL,
		&type_shape, "request_types");
}

static bool
queue_issues_wait(struct work *work, const char *desk, const char *queue)
{
	struct issue_view view = { .comment_limit = 0 };
	yyjson_mut_val *issues = out_arr(work);
	struct pages pages;
	yyjson_val *items, *issue;
	size_t i, max;

	pages_init(&pages, work, PAGE_START,
	    work_path(work, "/rest/servicedeskapi/servicedesk/{desk}/queue/{queue}/issue", "desk",
		desk, "queue", queue, NULL),
	    "values", arg_int(work, "start_at"), arg_int(work, "limit"), PAGE_MAX);
	if (pages.path == NULL)
		return false;
	do {
		if (!pages_next_wait(&pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, issue)
		{
			if (jira_may_see_issue(work, issue))
				yyjson_mut_arr_append(issues, issue_make(work, &view, issue));
		}
	} while (items != NULL && !pages.is_over);
	put_page(work, pages.page, (int64_t)yyjson_mut_arr_size(issues));
	out_val(work, work->out, "issues", issues);
	work->summary = slice_of(work_printf(work, "%zu issues%s", yyjson_mut_arr_size(issues),
	    yyjson_is_false(yyjson_obj_get(pages.page, "isLastPage")) ? "; there are more" : ""));
	return true;
}

static bool
get_queue_issues(struct work *work)
{
	const char *desk, *queue;
	yyjson_val *reply;

	if (!jira_id_arg(work, "queue_id", "get_service_desk_queues lists them", &queue) ||
	    !jira_desk_wait(work, &desk, NULL) ||
	    !work_get_wait(work, &reply, "/rest/servicedeskapi/servicedesk/{desk}/queue/{queue}",
		"desk", desk, "queue", queue, "includeCount", "true", NULL))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "service_desk_id", desk);
	out_str(work, work->out, "queue_id", queue);
	out_val(work, work->out, "queue", shape_make(work, &queue_shape, reply));
	return queue_issues_wait(work, desk, queue);
}

/* ---- fields of a request type ---------------------------------------------------------------- */

static yyjson_mut_val *
supports_multiple(struct work *work, yyjson_val *field)
{
	return yyjson_mut_bool(
	    work->doc, yyjson_equals_str(json_at(field, "jiraSchema/type"), "array"));
}

/* An empty list says nothing. */
static yyjson_mut_val *
filled(struct work *work, yyjson_val *list)
{
	return yyjson_arr_size(list) > 0 ? yyjson_val_mut_copy(work->doc, list) : NULL;
}

LOCAL_SHAPE(field_shape, { "field_id", SHAPE_STR, "fieldId" }, { "name", SHAPE_STR },
    { "required", SHAPE_BOOL }, { "supports_multiple", SHAPE_FN, "", .fn = supports_multiple },
    { "description", SHAPE_STR }, { "visible", SHAPE_BOOL },
    { "jira_schema", SHAPE_COPY, "jiraSchema" },
    { "valid_values", SHAPE_FN, "validValues", .fn = filled },
    { "default_values", SHAPE_FN, "defaultValues", .fn = filled });
LOCAL_SHAPE(fields_shape, { "service_desk_id", SHAPE_STR, "-" },
    { "request_type_id", SHAPE_STR, "-" },
    { "fields", SHAPE_LIST, "requestTypeFields", &field_shape },
    { "can_raise_on_behalf_of", SHAPE_BOOL, "canRaiseOnBehalfOf" },
    { "can_add_request_participants", SHAPE_BOOL, "canAddRequestParticipants" });

static bool
get_request_type_fields(struct work *work)
{
	const char *desk, *type;
	yyjson_val *reply;

	if (!jira_request_type_arg(work, &type) || !jira_desk_wait(work, &desk, NULL) ||
	    !work_get_wait(work, &reply,
		"/rest/servicedeskapi/servicedesk/{desk}/requesttype/{type}/field", "desk", desk,
		"type", type, NULL))
		return false;
	work->out = shape_make(work, &fields_shape, reply);
	out_str(work, work->out, "service_desk_id", desk);
	out_str(work, work->out, "request_type_id", type);
	work->summary = slice_of(work_printf(
	    work, "%zu fields", yyjson_arr_size(yyjson_obj_get(reply, "requestTypeFields"))));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define PAGE_FIELDS \
	{ "start", SHAPE_INT }, { "limit", SHAPE_INT }, { "size", SHAPE_INT }, \
	{ \
		"is_last_page", SHAPE_BOOL \
	}
LOCAL_SHAPE(found_shape, { "project_key", SHAPE_STR },
    { "service_desk", SHAPE_OBJECT, .of = &desk_shape, .help = "absent: it has none" });
LOCAL_SHAPE(queues_shape, { "service_desk_id", SHAPE_STR }, PAGE_FIELDS,
    { "queues", SHAPE_LIST, .of = &queue_shape });
LOCAL_SHAPE(types_shape, { "service_desk_id", SHAPE_STR }, PAGE_FIELDS,
    { "request_types", SHAPE_LIST, .of = &type_shape });
LOCAL_SHAPE(queue_issues_shape, { "service_desk_id", SHAPE_STR }, { "queue_id", SHAPE_STR },
    { "queue", SHAPE_OBJECT, .of = &queue_shape }, PAGE_FIELDS,
    { "issues", SHAPE_LIST, .of = &jira_issue_brief_shape });

#define DESK_ARG \
	{ \
		"service_desk_id", ARG_ID, REQUIRED, "Id from get_service_desk_for_project" \
	}
#define START_ARG \
	{ \
		"start_at", ARG_INT, 0, "Results left out at the start", "0", 0, INT32_MAX \
	}
#define LIMIT_ARG(most) \
	{ \
		"limit", ARG_INT, 0, "Most results", "50", 1, (most) \
	}

static const struct tool tools[] = {
	{ .name = "get_service_desk_for_project",
	    .title = "Get Service Desk For Project",
	    .help = "The service desk of a project, if it has one.",
	    .toolset = "jira_service_desk",
	    .flags = READS | IDEMPOTENT,
	    .run = get_service_desk_for_project,
	    .shape = &found_shape,
	    ARGS({ "project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ" }) },
	{ .name = "get_service_desk_queues",
	    .title = "Get Service Desk Queues",
	    .help = "The queues of a service desk, and how many issues are in each.",
	    .toolset = "jira_service_desk",
	    .flags = READS | IDEMPOTENT,
	    .run = get_service_desk_queues,
	    .shape = &queues_shape,
	    ARGS(DESK_ARG, START_ARG, LIMIT_ARG(PAGE_MAX)) },
	{ .name = "get_queue_issues",
	    .title = "Get Queue Issues",
	    .help = "The issues in a queue.",
	    .toolset = "jira_service_desk",
	    .flags = READS | IDEMPOTENT,
	    .run = get_queue_issues,
	    .shape = &queue_issues_shape,
	    ARGS(DESK_ARG, { "queue_id", ARG_ID, REQUIRED, "Id from get_service_desk_queues" },
		START_ARG, LIMIT_ARG(ISSUES_MAX)) },
	{ .name = "get_request_types",
	    .title = "Get Request Types",
	    .help = "What customers may ask a service desk for.",
	    .toolset = "jira_service_desk",
	    .flags = READS | IDEMPOTENT,
	    .run = get_request_types,
	    .shape = &types_shape,
	    ARGS(DESK_ARG, START_ARG, LIMIT_ARG(PAGE_MAX)) },
	{ .name = "get_request_type_fields",
	    .title = "Get Request Type Fields",
	    .help = "The fields of a request type: which must be given, and the values they take.",
	    .toolset = "jira_service_desk",
	    .flags = READS | IDEMPOTENT,
	    .run = get_request_type_fields,
	    .shape = &fields_shape,
	    ARGS(DESK_ARG, { "request_type_id", ARG_ID, REQUIRED, "Id from get_request_types" }) },
};
const struct tool_set jira_desk_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

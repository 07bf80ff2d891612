/*
 * The sandbox's Jira Service Management: a desk for each service project, its queues (searches by
 * JQL), its request types and their fields, requests that customers make, and how long they took.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

#define QUEUE_IDS	 40u
#define TYPE_IDS	 20u
#define HOUR_MS		 3600000ull
#define UPLOADS_MAX	 20
#define TEMPORARY_MAX	 100
#define PARTICIPANTS_MAX 100
#define JQL_BYTES	 256

static const struct {
	const char *name, *jql; /* behind "project = KEY" */
} queues[] = {
	{ "All open", "AND resolution = EMPTY ORDER BY created" },
	{ "Incidents", "AND issuetype = Incident ORDER BY priority DESC, created" },
	{ "Waiting for support", "AND status = \"Waiting for support\" ORDER BY created" },
};

/* Fields of a request type, and which must be there. */
struct asked {
	const char *field, *name, *description;
	bool is_required;
};
static const struct asked help_fields[] = {
	{ "summary", "What do you need?", "In a few words.", true },
	{ "description", "Details", "What happened, and what should have?", false },
};
static const struct asked outage_fields[] = {
	{ "summary", "What is down?", "", true },
	{ "description", "Since when, and for whom?", "", true },
	{ "customfield_10030", "Team", "Who should look at it", false },
	{ "customfield_10031", "Environments", "Where it is seen", false },
};
static const struct {
	const char *name, *description, *help, *type; /* type: of issues */
	const struct asked *fields;
	size_t n;
} types[] = {
	{ "Get help", "Ask for anything.", "We answer within a day.", "10005", help_fields,
	    COUNT(help_fields) },
	{ "Report an outage", "Something is down.", "For emergencies call the desk too.", "10006",
	    outage_fields, COUNT(outage_fields) },
};

static const struct {
	const char *name;
	uint64_t goal_ms;
	unsigned change; /* which change of the status ends it; 0: the resolution */
} levels[] = {
	{ "Time to first response", 4 * HOUR_MS, 1 },
	{ "Time to resolution", 24 * HOUR_MS, 0 },
};

/* ---- what there is --------------------------------------------------------------------------- */

/* Desks are numbered from 1 in the order of their projects. */
static struct project *
desk_find(struct visit *visit, struct slice id)
{
	struct project *project;
	uint64_t number;

	if (slice_to_u64(id, UINT32_MAX, &number) && number > 0)
		LIST_EACH(project, &visit->world->projects)
	if (strcmp(project->kind, "service_desk") == 0 && --number == 0)
		return project;
	visit_fail(visit, 404, "The Service Desk does not exist for id: %.*s", SLICE_FMT(id));
	return NULL;
}

static bool
queue_find(struct visit *visit, struct slice id, unsigned *at)
{
	uint64_t number;

	if (slice_to_u64(id, UINT32_MAX, &number) && number >= QUEUE_IDS &&
	    number < QUEUE_IDS + COUNT(queues)) {
		*at = (unsigned)number - QUEUE_IDS;
		return true;
	}
	visit_fail(visit, 404, "The queue does not exist for id: %.*s", SLICE_FMT(id));
	return false;
}

static bool
type_at(struct visit *visit, struct slice id, unsigned *at)
{
	uint64_t number;

	if (slice_to_u64(id, UINT32_MAX, &number) && number >= TYPE_IDS &&
	    number < TYPE_IDS + COUNT(types)) {
		*at = (unsigned)number - TYPE_IDS;
		return true;
	}
	visit_fail(visit, 404, "The request type does not exist for id: %.*s", SLICE_FMT(id));
	return false;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
put_self(struct visit *visit, const char *fmt, unsigned desk, unsigned id)
{
	char path[128];

	snprintf(path, sizeof(path), fmt, desk, id);
	put_open(&visit->out, "_links", '{');
	put_format(&visit->out, "self", "%s/rest/servicedeskapi/servicedesk/%s",
	    visit->world->jira_url, path);
	put_close(&visit->out, '}');
}

/* The frame of a page; its values stand before it. */
static void
put_frame(struct visit *visit, unsigned start, unsigned limit, unsigned total)
{
	unsigned left = total > start ? total - start : 0, size = left < limit ? left : limit;
	struct buf *out = &visit->out;

	put_number(out, "size", size);
	put_number(out, "start", start);
	put_number(out, "limit", limit);
	put_bool(out, "isLastPage", left <= limit);
	put_open(out, "_links", '{');
	put_format(out, "base", "%s", visit->world->jira_url);
	put_format(out, "context", "%s", visit->world->jira_path);
	if (left > limit)
		put_format(out, "next", "%s%.*s?start=%u&limit=%u", visit->sandbox_url,
		    SLICE_FMT(visit->request->path), start + size, limit);
	put_close(out, '}');
}

static unsigned
desk_number(struct visit *visit, const struct project *wanted)
{
	const struct project *project;
	unsigned n = 0;

	LIST_EACH(project, &visit->world->projects)
	{
		n += strcmp(project->kind, "service_desk") == 0;
		if (project == wanted)
			break;
	}
	return n;
}

static void
put_desk(struct visit *visit, const struct project *project)
{
	unsigned id = desk_number(visit, project);
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", id);
	put_id(out, "projectId", project->id);
	put_cstr(out, "projectName", project->name);
	put_cstr(out, "projectKey", project->key);
	if (visit->world->is_cloud)
		put_cstr(out, "projectTypeKey", project->kind);
	put_self(visit, "%u", id, 0);
	put_close(out, '}');
}

static void
desks_get(struct visit *visit)
{
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX),
		 limit = visit_number(visit, "limit", 50, 100), n = 0;
	const struct project *project;

	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "values", '[');
	LIST_EACH(project, &visit->world->projects)
	{
		if (strcmp(project->kind, "service_desk") != 0)
			continue;
		if (n >= start && n - start < limit)
			put_desk(visit, project);
		n++;
	}
	put_close(&visit->out, ']');
	put_frame(visit, start, limit, n);
	put_close(&visit->out, '}');
}

static void
desk_get(struct visit *visit)
{
	const struct project *project = desk_find(visit, visit->args[0]);

	if (project != NULL)
		put_desk(visit, project);
}

/* ---- queues ---------------------------------------------------------------------------------- */

static bool
queue_issues(struct visit *visit, const struct project *project, unsigned at,
    const struct issue ***found, unsigned *n)
{
	const struct query_caller caller = { visit->world, visit->user, visit->now_ms };
	char jql[JQL_BYTES];
	struct err err;

	snprintf(jql, sizeof(jql), "project = %s %s", project->key, queues[at].jql);
	if (jql_find(visit->arena, &caller, slice_of(jql), found, n, &err))
		return true;
	visit_fail(visit, 500, "%s", err.text);
	return false;
}

static void
put_queue(struct visit *visit, const struct project *project, unsigned at)
{
	const struct issue **found;
	struct buf *out = &visit->out;
	unsigned n = 0;

	if (visit_flag(visit, "includeCount") && !queue_issues(visit, project, at, &found, &n))
		return;
	put_open(out, NULL, '{');
	put_id(out, "id", QUEUE_IDS + at);
	put_cstr(out, "name", queues[at].name);
	put_format(out, "jql", "project = %s %s", project->key, queues[at].jql);
	put_raw(
	    out, "fields", S("[\"issuetype\",\"issuekey\",\"summary\",\"created\",\"reporter\"]"));
	if (visit_flag(visit, "includeCount"))
		put_number(out, "issueCount", n);
	put_self(visit, "%u/queue/%u", desk_number(visit, project), QUEUE_IDS + at);
	put_close(out, '}');
}

static void
queues_get(struct visit *visit)
{
	const struct project *project = desk_find(visit, visit->args[0]);
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX),
		 limit = visit_number(visit, "limit", 50, 50);

	if (project == NULL)
		return;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "values", '[');
	for (unsigned i = start; i < COUNT(queues) && i - start < limit; i++)
		put_queue(visit, project, i);
	put_close(&visit->out, ']');
	put_frame(visit, start, limit, COUNT(queues));
	put_close(&visit->out, '}');
}

static void
queue_get(struct visit *visit)
{
	const struct project *project = desk_find(visit, visit->args[0]);
	unsigned at;

	if (project != NULL && queue_find(visit, visit->args[1], &at))
		put_queue(visit, project, at);
}

static void
queue_issues_get(struct visit *visit)
{
	const struct project *project = desk_find(visit, visit->args[0]);
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX),
		 limit = visit_number(visit, "limit", 50, 50), at, n;
	const struct issue **found;

	if (project == NULL || !queue_find(visit, visit->args[1], &at) ||
	    !queue_issues(visit, project, at, &found, &n))
		return;
	visit_fields(visit, FIELDS_NAVIGABLE);
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "values", '[');
	for (unsigned i = start; i < n && i - start < limit; i++)
		put_issue(visit, NULL, found[i]);
	put_close(&visit->out, ']');
	put_frame(visit, start, limit, n);
	put_close(&visit->out, '}');
}

/* ---- request types --------------------------------------------------------------------------- */

static void
put_type(struct visit *visit, unsigned desk, unsigned at)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", TYPE_IDS + at);
	put_cstr(out, "name", types[at].name);
	put_cstr(out, "description", types[at].description);
	put_cstr(out, "helpText", types[at].help);
	put_cstr(out, "issueTypeId", types[at].type);
	put_id(out, "serviceDeskId", desk);
	put_raw(out, "groupIds", S("[\"10\"]"));
	put_self(visit, "%u/requesttype/%u", desk, TYPE_IDS + at);
	put_close(out, '}');
}

static void
types_get(struct visit *visit)
{
	const struct project *project = desk_find(visit, visit->args[0]);
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX),
		 limit = visit_number(visit, "limit", 50, 100);

	if (project == NULL)
		return;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "values", '[');
	for (unsigned i = start; i < COUNT(types) && i - start < limit; i++)
		put_type(visit, desk_number(visit, project), i);
	put_close(&visit->out, ']');
	put_frame(visit, start, limit, COUNT(types));
	put_close(&visit->out, '}');
}

static void
put_asked(struct visit *visit, const struct asked *asked)
{
	const struct field *field = field_find(slice_of(asked->field));
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_cstr(out, "fieldId", asked->field);
	put_cstr(out, "name", asked->name);
	put_cstr(out, "description", asked->description);
	put_bool(out, "required", asked->is_required);
	put_raw(out, "defaultValues", S("[]"));
	put_open(out, "validValues", '[');
	for (unsigned i = 0; field->options != NULL && field->options[i] != NULL; i++) {
		put_open(out, NULL, '{');
		put_id(out, "value", option_id(field, i));
		put_cstr(out, "label", field->options[i]);
		put_raw(out, "children", S("[]"));
		put_close(out, '}');
	}
	put_close(out, ']');
	put_schema(visit, "jiraSchema", field);
	put_bool(out, "visible", true);
	put_close(out, '}');
}

static void
type_fields_get(struct visit *visit)
{
	const struct project *project = desk_find(visit, visit->args[0]);
	struct buf *out = &visit->out;
	unsigned at;

	if (project == NULL || !type_at(visit, visit->args[1], &at))
		return;
	put_open(out, NULL, '{');
	put_open(out, "requestTypeFields", '[');
	for (size_t i = 0; i < types[at].n; i++)
		put_asked(visit, &types[at].fields[i]);
	put_close(out, ']');
	put_bool(out, "canRaiseOnBehalfOf", !visit->user->is_customer);
	put_bool(out, "canAddRequestParticipants", true);
	put_close(out, '}');
}

/* ---- requests -------------------------------------------------------------------------------- */

static void
put_instant(struct visit *visit, const char *key, uint64_t ms)
{
	put_open(&visit->out, key, '{');
	put_time(&visit->out, "iso8601", ms, "+0000");
	put_time(&visit->out, "jira", ms, "+0000");
	put_number(&visit->out, "epochMillis", (int64_t)ms);
	put_close(&visit->out, '}');
}

static void
put_request(struct visit *visit, const struct issue *issue, unsigned type)
{
	unsigned desk = desk_number(visit, issue->project);
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "issueId", issue->id);
	put_text(out, "issueKey", issue->key);
	put_id(out, "requestTypeId", TYPE_IDS + type);
	put_id(out, "serviceDeskId", desk);
	put_instant(visit, "createdDate", issue->created_ms);
	put_user(visit, "reporter", issue->reporter);
	put_open(out, "currentStatus", '{');
	put_cstr(out, "status", issue->status->name);
	put_close(out, '}');
	put_open(out, "_links", '{');
	put_format(
	    out, "self", "%s/rest/servicedeskapi/request/%u", visit->world->jira_url, issue->id);
	put_format(out, "web", "%s/servicedesk/customer/portal/%u/%.*s", visit->world->jira_url,
	    desk, SLICE_FMT(issue->key));
	put_close(out, '}');
	put_close(out, '}');
}

/* False: it has answered. */
static bool
required_check(struct visit *visit, unsigned type, yyjson_val *values)
{
	for (size_t i = 0; i < types[type].n; i++) {
		const struct asked *asked = &types[type].fields[i];
		yyjson_val *value = yyjson_obj_get(values, asked->field);

		if (!asked->is_required || (value != NULL && !yyjson_is_null(value)))
			continue;
		visit_fail(visit, 400, "%s is required.", asked->name);
		return false;
	}
	return true;
}

/* NULL: it has answered. */
static struct issue *
request_make(struct visit *visit, const struct project *project, unsigned type, yyjson_val *values)
{
	yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *fields = yyjson_is_obj(values) ? yyjson_val_mut_copy(doc, values)
						       : yyjson_mut_obj(doc),
		       *in = yyjson_mut_obj(doc), *is = yyjson_mut_obj(doc);
	struct issue *issue;
	yyjson_doc *made;

	yyjson_mut_obj_add_str(doc, in, "key", project->key);
	yyjson_mut_obj_add_str(doc, is, "id", types[type].type);
	yyjson_mut_obj_put(fields, yyjson_mut_str(doc, "project"), in);
	yyjson_mut_obj_put(fields, yyjson_mut_str(doc, "issuetype"), is);
	yyjson_mut_doc_set_root(doc, fields);
	made = yyjson_mut_doc_imut_copy(doc, NULL);
	issue = issue_create(visit, yyjson_doc_get_root(made));
	yyjson_doc_free(made);
	yyjson_mut_doc_free(doc);
	return issue;
}

static void
request_post(struct visit *visit)
{
	yyjson_val *values = yyjson_obj_get(visit->body, "requestFieldValues"), *who;
	struct slice behalf = json_text(visit->body, "raiseOnBehalfOf");
	const struct user *customer = user_find(behalf);
	struct project *project =
	    desk_find(visit, json_id(visit, yyjson_obj_get(visit->body, "serviceDeskId")));
	struct issue *issue;
	unsigned type;
	size_t i, max;

	if (project == NULL ||
	    !type_at(visit, json_id(visit, yyjson_obj_get(visit->body, "requestTypeId")), &type) ||
	    !required_check(visit, type, values))
		return;
	if (behalf.n > 0 && customer == NULL) {
		visit_fail(
		    visit, 400, "The customer account '%.*s' does not exist.", SLICE_FMT(behalf));
		return;
	}
	yyjson_arr_foreach(yyjson_obj_get(visit->body, "requestParticipants"), i, max, who)
	{
		if (user_find(json_id(visit, who)) != NULL && i < PARTICIPANTS_MAX)
			continue;
		visit_fail(visit, 400, "A participant does not exist.");
		return;
	}
	issue = request_make(visit, project, type, values);
	if (issue == NULL)
		return;
	if (customer != NULL)
		issue->reporter = customer;
	visit->status = 201;
	put_request(visit, issue, type);
}

/* ---- attachments ----------------------------------------------------------------------------- */

/* Until they are attached they belong to nobody. */
static void
temporary_post(struct visit *visit)
{
	struct list *kept = &visit->world->temporary;
	struct upload uploads[UPLOADS_MAX];
	struct attachment *attachment;
	unsigned n;

	if (desk_find(visit, visit->args[0]) == NULL ||
	    !visit_uploads(visit, uploads, UPLOADS_MAX, &n))
		return;
	if (kept->n + n > TEMPORARY_MAX) {
		visit_fail(visit, 507, "The sandbox has as many temporary files as it may.");
		return;
	}
	visit->status = 201;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "temporaryAttachments", '[');
	for (unsigned i = 0; i < n; i++) {
		attachment = SANDBOX_NEW(visit->sandbox, struct attachment);
		attachment->id = visit->world->next_id++;
		attachment->author = visit->user;
		attachment->created_ms = visit->now_ms;
		attachment->name = sandbox_dup(visit->sandbox, uploads[i].filename);
		attachment->type = sandbox_dup(visit->sandbox, uploads[i].type);
		attachment->data = sandbox_dup(visit->sandbox, uploads[i].data);
		list_add(visit->sandbox, kept, attachment);
		put_open(&visit->out, NULL, '{');
		put_format(&visit->out, "temporaryAttachmentId", "temp%u", attachment->id);
		put_text(&visit->out, "fileName", attachment->name);
		put_close(&visit->out, '}');
	}
	put_close(&visit->out, ']');
	put_close(&visit->out, '}');
}

static struct attachment *
temporary_find(struct visit *visit, struct slice id)
{
	struct attachment *attachment;
	uint64_t number;

	if (slice_starts(id, S("temp")) &&
	    slice_to_u64((struct slice){ id.p + 4, id.n - 4 }, UINT32_MAX, &number))
		LIST_EACH(attachment, &visit->world->temporary)
	if (attachment->id == number)
		return attachment;
	visit_fail(visit, 400, "There is no temporary attachment '%.*s'.", SLICE_FMT(id));
	return NULL;
}

static void
request_attach(struct visit *visit)
{
	yyjson_val *ids = yyjson_obj_get(visit->body, "temporaryAttachmentIds"), *id;
	struct issue *issue = visit_issue(visit, 0);
	struct attachment *attachment;
	size_t i, max;

	if (issue == NULL)
		return;
	yyjson_arr_foreach(ids, i, max, id)
	{
		attachment = temporary_find(visit, json_id(visit, id));
		if (attachment == NULL)
			return;
		list_remove(&visit->world->temporary, attachment);
		list_add(visit->sandbox, &issue->attachments, attachment);
	}
	visit->status = 201;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "attachments", '{');
	put_number(&visit->out, "size", (int64_t)yyjson_arr_size(ids));
	put_close(&visit->out, '}');
	put_close(&visit->out, '}');
}

/* ---- service levels -------------------------------------------------------------------------- */

static void
put_span(struct visit *visit, const char *key, int64_t ms)
{
	put_open(&visit->out, key, '{');
	put_number(&visit->out, "millis", ms);
	put_format(&visit->out, "friendly", "%s%lldh %lldm", ms < 0 ? "-" : "",
	    (long long)(ms < 0 ? -ms : ms) / (long long)HOUR_MS,
	    (long long)(ms < 0 ? -ms : ms) % (long long)HOUR_MS / 60000);
	put_close(&visit->out, '}');
}

/* When it was reached; 0: not yet. */
static uint64_t
level_end(const struct issue *issue, size_t level)
{
	const struct change *change;

	if (levels[level].change == 0)
		return issue->resolved_ms;
	LIST_EACH(change, &issue->changes)
	if (slice_eq(change->field, S("status")))
		return change->when_ms;
	return 0;
}

static void
put_cycle(struct visit *visit, const char *key, const struct issue *issue, size_t level)
{
	uint64_t end = level_end(issue, level), until = end != 0 ? end : visit->now_ms;
	int64_t elapsed = (int64_t)until - (int64_t)issue->created_ms,
		left = (int64_t)levels[level].goal_ms - elapsed;
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_instant(visit, "startTime", issue->created_ms);
	if (end != 0)
		put_instant(visit, "stopTime", end);
	put_instant(visit, "breachTime", issue->created_ms + levels[level].goal_ms);
	put_bool(out, "breached", left < 0);
	if (end == 0) {
		put_bool(out, "paused", false);
		put_bool(out, "withinCalendarHours", true);
	}
	put_span(visit, "goalDuration", (int64_t)levels[level].goal_ms);
	put_span(visit, "elapsedTime", elapsed);
	put_span(visit, "remainingTime", left);
	put_close(out, '}');
}

static void
request_sla(struct visit *visit)
{
	const struct issue *issue = visit_issue(visit, 0);
	struct buf *out = &visit->out;

	if (issue == NULL)
		return;
	if (strcmp(issue->project->kind, "service_desk") != 0) {
		visit_fail(visit, 404, "The customer request does not exist.");
		return;
	}
	put_open(out, NULL, '{');
	put_open(out, "values", '[');
	for (size_t i = 0; i < COUNT(levels); i++) {
		bool is_over = level_end(issue, i) != 0;

		put_open(out, NULL, '{');
		put_id(out, "id", (unsigned)i + 1);
		put_cstr(out, "name", levels[i].name);
		put_open(out, "completedCycles", '[');
		if (is_over)
			put_cycle(visit, NULL, issue, i);
		put_close(out, ']');
		if (!is_over)
			put_cycle(visit, "ongoingCycle", issue, i);
		put_close(out, '}');
	}
	put_close(out, ']');
	put_frame(visit, 0, 50, COUNT(levels));
	put_close(out, '}');
}

/* clang-format off */
#define DESK "/rest/servicedeskapi/servicedesk"
static const struct route rows[] = {
	{ "GET",	DESK,							ON_BOTH, desks_get },
	{ "GET",	DESK "/{serviceDeskId}",				ON_BOTH, desk_get },
	{ "GET",	DESK "/{serviceDeskId}/queue",				ON_BOTH, queues_get },
	{ "GET",	DESK "/{serviceDeskId}/queue/{queueId}",		ON_BOTH, queue_get },
	{ "GET",	DESK "/{serviceDeskId}/queue/{queueId}/issue",		ON_BOTH, queue_issues_get },
	{ "GET",	DESK "/{serviceDeskId}/requesttype",			ON_BOTH, types_get },
	{ "GET",	DESK "/{serviceDeskId}/requesttype/{requestTypeId}/field", ON_BOTH, type_fields_get },
	{ "POST",	DESK "/{serviceDeskId}/attachTemporaryFile",		ON_BOTH | NO_BODY, temporary_post },
	{ "POST",	"/rest/servicedeskapi/request",				ON_BOTH, request_post },
	{ "POST",	"/rest/servicedeskapi/request/{issueIdOrKey}/attachment", ON_BOTH, request_attach },
	{ "GET",	"/rest/servicedeskapi/request/{issueIdOrKey}/sla",	ON_BOTH, request_sla },
};
/* clang-format on */
const struct routes sandbox_jira_desk_routes = { rows, COUNT(rows) };

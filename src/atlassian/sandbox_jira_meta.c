/*
 * The sandbox's Jira: what it says about itself, people, and the schemes: fields, types, statuses.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

static void
server_info(struct visit *visit)
{
	struct buf *out = &visit->out;
	bool is_cloud = visit->world->is_cloud;

	put_open(out, NULL, '{');
	put_cstr(out, "baseUrl", visit->world->jira_url);
	put_cstr(out, "version", is_cloud ? "1001.0.0-SNAPSHOT" : "10.3.5");
	put_raw(out, "versionNumbers", is_cloud ? S("[1001,0,0]") : S("[10,3,5]"));
	put_cstr(out, "deploymentType", is_cloud ? "Cloud" : "Server");
	put_number(out, "buildNumber", is_cloud ? 100290 : 10030005);
	put_time(out, "serverTime", visit->now_ms, "+0000");
	put_cstr(out, "serverTitle", visit->world->title);
	put_close(out, '}');
}

static void
myself_get(struct visit *visit)
{
	put_user(visit, NULL, visit->user);
}

static void
fields_get(struct visit *visit)
{
	put_open(&visit->out, NULL, '[');
	for (size_t i = 0; i < sandbox_fields_n; i++)
		put_field(visit, &sandbox_fields[i]);
	put_close(&visit->out, ']');
}

#define OPTION_IDS 10100 /* those of one field follow each other */

unsigned
option_id(const struct field *field, unsigned at)
{
	return OPTION_IDS + (unsigned)(field - sandbox_fields) * 20 + at;
}

/* ---- people ---------------------------------------------------------------------------------- */

static void
user_get(struct visit *visit)
{
	static const char *const names[] = { "accountId", "username", "key" };
	const struct user *user = NULL;
	struct slice id = SLICE_NONE;

	for (size_t i = 0; i < COUNT(names) && id.p == NULL; i++)
		id = visit_query(visit, names[i]);
	user = user_find(id);
	if (user != NULL)
		put_user(visit, NULL, user);
	else if (visit->world->is_cloud)
		visit_fail(visit, 404,
		    "Specified user does not exist or you do not have required "
		    "permissions");
	else
		visit_fail(visit, 404, "The user named '%.*s' does not exist", SLICE_FMT(id));
}

static bool
user_fits(const struct user *user, struct slice query)
{
	return text_contains(slice_of(user->display), query) ||
	    text_contains(slice_of(user->email), query) ||
	    text_contains(slice_of(user->name), query) || slice_eq(query, S("."));
}

/* Cloud asks by query, Data Center by username. */
static void
put_users(struct visit *visit, bool with_customers)
{
	struct slice query = visit_query(visit, "query");
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 50, 1000), n = 0;

	if (query.p == NULL)
		query = visit_query(visit, "username");
	put_open(&visit->out, NULL, '[');
	for (size_t i = 0; i < sandbox_users_n; i++) {
		const struct user *user = &sandbox_users[i];

		if ((user->is_customer && !with_customers) || !user_fits(user, query))
			continue;
		if (n >= start && n - start < most)
			put_user(visit, NULL, user);
		n++;
	}
	put_close(&visit->out, ']');
}

static void
users_search(struct visit *visit)
{
	put_users(visit, true);
}

static void
users_assignable(struct visit *visit)
{
	struct slice project = visit_query(visit, "project"),
		     issue = visit_query(visit, "issueKey");

	if (project.n > 0 && project_find(visit->world, project) == NULL)
		visit_fail(
		    visit, 404, "No project could be found with key '%.*s'.", SLICE_FMT(project));
	else if (issue.n > 0 && issue_find(visit->world, issue) == NULL)
		visit_fail(visit, 404, "Issue Does Not Exist");
	else if (project.n == 0 && issue.n == 0)
		visit_fail(visit, 400, "Must specify a project or an issue");
	else
		put_users(visit, false);
}

static void
permissions_get(struct visit *visit)
{
	static const char *const keys[] = { "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES",
		"ADD_COMMENTS", "TRANSITION_ISSUES", "DELETE_ISSUES" };
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_open(out, "permissions", '{');
	for (size_t i = 0; i < COUNT(keys); i++) {
		put_open(out, keys[i], '{');
		put_cstr(out, "key", keys[i]);
		put_cstr(out, "type", "PROJECT");
		put_bool(out, "havePermission", !visit->user->is_customer);
		put_close(out, '}');
	}
	put_close(out, '}');
	put_close(out, '}');
}

/* ---- projects -------------------------------------------------------------------------------- */

static void
put_project_whole(struct visit *visit, const struct project *project)
{
	struct buf *out = &visit->out;
	const struct component *component;
	const struct issue_type *type;
	const struct version *version;

	put_open(out, NULL, '{');
	put_format(out, "self", "%s/rest/api/%d/project/%u", visit->world->jira_url,
	    visit->is_v3 ? 3 : 2, project->id);
	put_id(out, "id", project->id);
	put_cstr(out, "key", project->key);
	put_cstr(out, "description", project->description);
	put_user(visit, "lead", project->lead);
	put_open(out, "components", '[');
	LIST_EACH(component, &project->components)
	put_component(visit, project, component);
	put_close(out, ']');
	put_open(out, "issueTypes", '[');
	LIST_EACH(type, &project->types)
	put_issue_type(visit, NULL, type);
	put_close(out, ']');
	put_cstr(out, "assigneeType", "UNASSIGNED");
	put_open(out, "versions", '[');
	LIST_EACH(version, &project->versions)
	put_version(visit, project, version);
	put_close(out, ']');
	put_cstr(out, "name", project->name);
	put_raw(out, "roles", S("{}"));
	put_cstr(out, "projectTypeKey", project->kind);
	put_close(out, '}');
}

/* As lists have it. */
static void
put_project_row(struct visit *visit, const struct project *project)
{
	struct buf *out = &visit->out;

	put_project(visit, NULL, project);
	out->n--; /* open again */
	if (visit_lists(visit, "expand", "description"))
		put_cstr(out, "description", project->description);
	if (visit_lists(visit, "expand", "lead"))
		put_user(visit, "lead", project->lead);
	put_close(out, '}');
}

static void
projects_get(struct visit *visit)
{
	const struct project *project;

	put_open(&visit->out, NULL, '[');
	LIST_EACH(project, &visit->world->projects)
	put_project_row(visit, project);
	put_close(&visit->out, ']');
}

static bool
project_fits(const struct project *project, struct slice query)
{
	return text_contains(slice_of(project->key), query) ||
	    text_contains(slice_of(project->name), query);
}

static void
projects_search(struct visit *visit)
{
	struct slice query = visit_query(visit, "query");
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 50, 100), n = 0;
	const struct project *project;
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_format(out, "self", "%s%.*s", visit->sandbox_url, SLICE_FMT(visit->request->path));
	put_open(out, "values", '[');
	LIST_EACH(project, &visit->world->projects)
	{
		if (!project_fits(project, query))
			continue;
		if (n >= start && n - start < most)
			put_project_row(visit, project);
		n++;
	}
	put_close(out, ']');
	put_paging(visit, start, most, n);
	put_close(out, '}');
}

static void
projects_picker(struct visit *visit)
{
	struct slice query = visit_query(visit, "query");
	unsigned most = visit_number(visit, "maxResults", 50, 100), n = 0;
	const struct project *project;
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_open(out, "projects", '[');
	LIST_EACH(project, &visit->world->projects)
	{
		if (!project_fits(project, query) || n++ >= most)
			continue;
		put_open(out, NULL, '{');
		put_id(out, "id", project->id);
		put_cstr(out, "key", project->key);
		put_cstr(out, "name", project->name);
		put_format(out, "html", "%s (%s)", project->name, project->key);
		put_close(out, '}');
	}
	put_close(out, ']');
	put_format(out, "header", "Showing %u of %u matching projects", n < most ? n : most, n);
	put_close(out, '}');
}

static void
project_get(struct visit *visit)
{
	const struct project *project = visit_project(visit, 0);

	if (project != NULL)
		put_project_whole(visit, project);
}

static void
versions_get(struct visit *visit)
{
	const struct project *project = visit_project(visit, 0);
	const struct version *version;

	if (project == NULL)
		return;
	put_open(&visit->out, NULL, '[');
	LIST_EACH(version, &project->versions)
	put_version(visit, project, version);
	put_close(&visit->out, ']');
}

static void
components_get(struct visit *visit)
{
	const struct project *project = visit_project(visit, 0);
	const struct component *component;

	if (project == NULL)
		return;
	put_open(&visit->out, NULL, '[');
	LIST_EACH(component, &project->components)
	put_component(visit, project, component);
	put_close(&visit->out, ']');
}

static void
project_statuses(struct visit *visit)
{
	const struct project *project = visit_project(visit, 0);
	const struct issue_type *type;

	if (project == NULL)
		return;
	put_open(&visit->out, NULL, '[');
	LIST_EACH(type, &project->types)
	{
		put_open(&visit->out, NULL, '{');
		put_cstr(&visit->out, "id", type->id);
		put_cstr(&visit->out, "name", type->name);
		put_bool(&visit->out, "subtask", type->is_subtask);
		put_open(&visit->out, "statuses", '[');
		for (size_t i = 0; i < project->workflow->n; i++)
			put_status(visit, NULL, project->workflow->transitions[i].to);
		put_close(&visit->out, ']');
		put_close(&visit->out, '}');
	}
	put_close(&visit->out, ']');
}

/* ---- versions -------------------------------------------------------------------------------- */

static void
version_set(struct visit *visit, struct version *version)
{
	static const struct {
		const char *key;
		size_t at;
	} texts[] = { { "name", offsetof(struct version, name) },
		{ "description", offsetof(struct version, description) },
		{ "startDate", offsetof(struct version, start_date) },
		{ "releaseDate", offsetof(struct version, release_date) } };
	yyjson_val *released = yyjson_obj_get(visit->body, "released"),
		   *archived = yyjson_obj_get(visit->body, "archived");

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct slice text = json_text(visit->body, texts[i].key);

		if (text.p != NULL)
			sandbox_set(visit->sandbox,
			    (struct slice *)(void *)((char *)version + texts[i].at), text);
	}
	if (yyjson_is_bool(released))
		version->is_released = yyjson_get_bool(released);
	if (yyjson_is_bool(archived))
		version->is_archived = yyjson_get_bool(archived);
}

static void
version_post(struct visit *visit)
{
	struct slice key = json_text(visit->body, "project"), name = json_text(visit->body, "name");
	struct project *project = project_find(visit->world,
	    key.p != NULL ? key : json_id(visit, yyjson_obj_get(visit->body, "projectId")));
	struct version *version;

	if (project == NULL) {
		visit_fail_field(
		    visit, "project", "Project must be specified to create a version.");
		return;
	}
	if (slice_trim(name).n == 0) {
		visit_fail_field(visit, "name", "You must specify a valid version name");
		return;
	}
	if (version_find(project, name) != NULL) {
		visit_fail_field(
		    visit, "name", "A version with this name already exists in this project.");
		return;
	}
	version = SANDBOX_NEW(visit->sandbox, struct version);
	version->id = visit->world->next_id++;
	version_set(visit, version);
	list_add(visit->sandbox, &project->versions, version);
	visit->status = 201;
	put_version(visit, project, version);
}

/* Of any project. */
static struct version *
visit_version(struct visit *visit, const struct project **owner)
{
	const struct project *project;
	struct version *version;
	uint64_t id;

	if (slice_to_u64(visit->args[0], UINT32_MAX, &id))
		LIST_EACH(project, &visit->world->projects)
	LIST_EACH(version, &project->versions)
	if (version->id == id) {
		*owner = project;
		return version;
	}
	visit_fail(visit, 404, "Could not find version for id '%.*s'", SLICE_FMT(visit->args[0]));
	return NULL;
}

static void
version_get(struct visit *visit)
{
	const struct project *project;
	const struct version *version = visit_version(visit, &project);

	if (version != NULL)
		put_version(visit, project, version);
}

static void
version_put(struct visit *visit)
{
	const struct project *project;
	struct version *version = visit_version(visit, &project);

	if (version == NULL)
		return;
	version_set(visit, version);
	put_version(visit, project, version);
}

/* ---- what an issue may have ------------------------------------------------------------------ */

/* Cloud and Data Center call the list differently. */
static void
createmeta_types(struct visit *visit)
{
	const struct project *project = visit_project(visit, 0);
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 50, 200);
	struct buf *out = &visit->out;

	if (project == NULL)
		return;
	put_open(out, NULL, '{');
	put_paging(visit, start, most, project->types.n);
	put_open(out, visit->world->is_cloud ? "issueTypes" : "values", '[');
	for (unsigned i = start; i < project->types.n && i - start < most; i++)
		put_issue_type(visit, NULL, project->types.p[i]);
	put_close(out, ']');
	put_close(out, '}');
}

static void
put_options(struct visit *visit, const struct field *field)
{
	struct buf *out = &visit->out;

	put_open(out, "allowedValues", '[');
	for (unsigned i = 0; field->options[i] != NULL; i++) {
		put_open(out, NULL, '{');
		put_format(out, "self", "%s/rest/api/%d/customFieldOption/%u",
		    visit->world->jira_url, visit->is_v3 ? 3 : 2, option_id(field, i));
		put_cstr(out, "value", field->options[i]);
		put_id(out, "id", option_id(field, i));
		put_close(out, '}');
	}
	put_close(out, ']');
}

static void
put_allowed(struct visit *visit, const struct project *project, const struct field *field)
{
	const struct component *component;
	const struct version *version;

	if (field->options != NULL) {
		put_options(visit, field);
	} else if (strcmp(field->id, "priority") == 0) {
		put_open(&visit->out, "allowedValues", '[');
		for (size_t i = 0; i < sandbox_priorities_n; i++)
			put_priority(visit, NULL, &sandbox_priorities[i]);
		put_close(&visit->out, ']');
	} else if (strcmp(field->id, "components") == 0) {
		put_open(&visit->out, "allowedValues", '[');
		LIST_EACH(component, &project->components)
		put_component(visit, project, component);
		put_close(&visit->out, ']');
	} else if (strcmp(field->id, "fixVersions") == 0 || strcmp(field->id, "versions") == 0) {
		put_open(&visit->out, "allowedValues", '[');
		LIST_EACH(version, &project->versions)
		put_version(visit, project, version);
		put_close(&visit->out, ']');
	}
}

static const char *const creatable[] = { "summary", "issuetype", "project", "priority", "assignee",
	"reporter", "description", "environment", "labels", "components", "fixVersions", "versions",
	"duedate", "parent" };

static bool
can_create(const struct field *field, const struct issue_type *type)
{
	if (field->custom != NULL)
		return strcmp(field->name, "Rank") != 0 &&
		    (field->on == NULL || strcmp(field->on, type->name) == 0);
	for (size_t i = 0; i < COUNT(creatable); i++)
		if (strcmp(creatable[i], field->id) == 0)
			return strcmp(field->id, "parent") != 0 || type->level < 1;
	return false;
}

static void
put_create_field(struct visit *visit, const struct project *project, const struct issue_type *type,
    const struct field *field)
{
	struct buf *out = &visit->out;
	const char *id = field->id;
	bool is_required = strcmp(id, "summary") == 0 || strcmp(id, "issuetype") == 0 ||
	    strcmp(id, "project") == 0 || (strcmp(id, "parent") == 0 && type->is_subtask) ||
	    strcmp(id, "customfield_10011") == 0;

	put_open(out, NULL, '{');
	put_bool(out, "required", is_required);
	put_schema(visit, "schema", field);
	put_cstr(out, "name", field->name);
	if (visit->world->is_cloud)
		put_cstr(out, "key", id);
	put_cstr(out, "fieldId", id);
	put_bool(out, "hasDefaultValue", strcmp(id, "priority") == 0);
	put_raw(out, "operations",
	    field->items != NULL ? S("[\"add\",\"set\",\"remove\"]") : S("[\"set\"]"));
	put_allowed(visit, project, field);
	put_close(out, '}');
}

static void
createmeta_fields(struct visit *visit)
{
	const struct project *project = visit_project(visit, 0);
	const struct issue_type *type = project != NULL ? type_find(project, visit->args[1]) : NULL;
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 50, 200), n = 0;
	struct buf *out = &visit->out;

	if (project == NULL)
		return;
	if (type == NULL) {
		visit_fail(visit, 404, "Issue type with id '%.*s' was not found.",
		    SLICE_FMT(visit->args[1]));
		return;
	}
	put_open(out, NULL, '{');
	put_open(out, visit->world->is_cloud ? "fields" : "values", '[');
	for (size_t i = 0; i < sandbox_fields_n; i++) {
		if (!can_create(&sandbox_fields[i], type))
			continue;
		if (n >= start && n - start < most)
			put_create_field(visit, project, type, &sandbox_fields[i]);
		n++;
	}
	put_close(out, ']');
	put_paging(visit, start, most, n);
	put_close(out, '}');
}

static void
editmeta_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct buf *out = &visit->out;

	if (issue == NULL)
		return;
	put_open(out, NULL, '{');
	put_open(out, "fields", '{');
	for (size_t i = 0; i < sandbox_fields_n; i++) {
		const struct field *field = &sandbox_fields[i];

		if (!can_create(field, issue->type) || strcmp(field->id, "project") == 0)
			continue;
		put_open(out, field->id, '{');
		put_bool(out, "required", strcmp(field->id, "summary") == 0);
		put_schema(visit, "schema", field);
		put_cstr(out, "name", field->name);
		put_cstr(out, visit->world->is_cloud ? "key" : "fieldId", field->id);
		put_raw(out, "operations", S("[\"set\"]"));
		put_allowed(visit, issue->project, field);
		put_close(out, '}');
	}
	put_close(out, '}');
	put_close(out, '}');
}

/* ---- custom fields of Cloud ------------------------------------------------------------------ */

static const struct field *
visit_custom(struct visit *visit)
{
	const struct field *field = field_find(visit->args[0]);

	if (field != NULL && field->custom != NULL)
		return field;
	visit_fail(visit, 404, "The custom field was not found.");
	return NULL;
}

#define CONTEXT_ID(field) (10200 + (unsigned)((field)-sandbox_fields))

static void
contexts_get(struct visit *visit)
{
	const struct field *field = visit_custom(visit);
	struct buf *out = &visit->out;

	if (field == NULL)
		return;
	put_open(out, NULL, '{');
	put_paging(visit, 0, visit_number(visit, "maxResults", 50, 100), 1);
	put_open(out, "values", '[');
	put_open(out, NULL, '{');
	put_id(out, "id", CONTEXT_ID(field));
	put_format(out, "name", "Default Configuration Scheme for %s", field->name);
	put_cstr(out, "description", "Default configuration scheme generated by Jira");
	put_bool(out, "isGlobalContext", true);
	put_bool(out, "isAnyIssueType", true);
	put_close(out, '}');
	put_close(out, ']');
	put_close(out, '}');
}

static void
options_get(struct visit *visit)
{
	const struct field *field = visit_custom(visit);
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 100, 1000), n = 0;
	struct buf *out = &visit->out;
	uint64_t context;

	if (field == NULL)
		return;
	if (!slice_to_u64(visit->args[1], UINT32_MAX, &context) || context != CONTEXT_ID(field)) {
		visit_fail(visit, 404, "The custom field context was not found.");
		return;
	}
	put_open(out, NULL, '{');
	put_open(out, "values", '[');
	for (; field->options != NULL && field->options[n] != NULL; n++) {
		if (n < start || n - start >= most)
			continue;
		put_open(out, NULL, '{');
		put_id(out, "id", option_id(field, n));
		put_cstr(out, "value", field->options[n]);
		put_bool(out, "disabled", false);
		put_close(out, '}');
	}
	put_close(out, ']');
	put_paging(visit, start, most, n);
	put_close(out, '}');
}

/* ---- schemes --------------------------------------------------------------------------------- */

static void
types_get(struct visit *visit)
{
	put_open(&visit->out, NULL, '[');
	for (size_t i = 0; i < sandbox_types_n; i++)
		put_issue_type(visit, NULL, &sandbox_types[i]);
	put_close(&visit->out, ']');
}

static void
priorities_get(struct visit *visit)
{
	put_open(&visit->out, NULL, '[');
	for (size_t i = 0; i < sandbox_priorities_n; i++)
		put_priority(visit, NULL, &sandbox_priorities[i]);
	put_close(&visit->out, ']');
}

static void
statuses_get(struct visit *visit)
{
	put_open(&visit->out, NULL, '[');
	for (size_t i = 0; i < sandbox_statuses_n; i++)
		put_status(visit, NULL, &sandbox_statuses[i]);
	put_close(&visit->out, ']');
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/V/serverInfo",				ON_BOTH | ANONYMOUS, server_info },
	{ "GET",	"/rest/api/V/myself",					ON_BOTH, myself_get },
	{ "GET",	"/rest/api/V/mypermissions",				ON_BOTH, permissions_get },
	{ "GET",	"/rest/api/V/user",					ON_BOTH, user_get },
	{ "GET",	"/rest/api/V/user/search",				ON_BOTH, users_search },
	{ "GET",	"/rest/api/V/user/permission/search",			ON_BOTH, users_search },
	{ "GET",	"/rest/api/V/user/assignable/search",			ON_BOTH, users_assignable },
	{ "GET",	"/rest/api/V/field",					ON_BOTH, fields_get },
	{ "GET",	"/rest/api/V/field/{fieldId}/context",			ON_CLOUD, contexts_get },
	{ "GET",	"/rest/api/V/field/{fieldId}/context/{contextId}/option", ON_CLOUD, options_get },
	{ "GET",	"/rest/api/V/issue/createmeta/{projectIdOrKey}/issuetypes", ON_BOTH, createmeta_types },
	{ "GET",	"/rest/api/V/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}", ON_BOTH, createmeta_fields },
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/editmeta",		ON_BOTH, editmeta_get },
	{ "GET",	"/rest/api/V/project",					ON_BOTH, projects_get },
	{ "GET",	"/rest/api/V/project/search",				ON_CLOUD, projects_search },
	{ "GET",	"/rest/api/V/projects/picker",				ON_DC, projects_picker },
	{ "GET",	"/rest/api/V/project/{projectIdOrKey}",			ON_BOTH, project_get },
	{ "GET",	"/rest/api/V/project/{projectIdOrKey}/versions",	ON_BOTH, versions_get },
	{ "GET",	"/rest/api/V/project/{projectIdOrKey}/components",	ON_BOTH, components_get },
	{ "GET",	"/rest/api/V/project/{projectIdOrKey}/statuses",	ON_BOTH, project_statuses },
	{ "POST",	"/rest/api/V/version",					ON_BOTH, version_post },
	{ "GET",	"/rest/api/V/version/{id}",				ON_BOTH, version_get },
	{ "PUT",	"/rest/api/V/version/{id}",				ON_BOTH, version_put },
	{ "GET",	"/rest/api/V/issuetype",				ON_BOTH, types_get },
	{ "GET",	"/rest/api/V/priority",					ON_BOTH, priorities_get },
	{ "GET",	"/rest/api/V/status",					ON_BOTH, statuses_get },
};
/* clang-format on */
const struct routes sandbox_jira_meta_routes = { rows, COUNT(rows) };

/*
 * Projects: which there are, and what an issue in one may be and have: types, fields of the create
 * screens, versions, components.  Projects that the site's filter does not show are left out of
 * lists, and refused by key without a request.
 */
#include "atlassian/jira.h"

#define PAGE_MAX     100
#define PROJECTS_MAX 5000
#define TYPES_MAX    200
#define FIELDS_MAX   1000 /* of one type */
#define MERGED_MAX   4000 /* of a project */
#define SLOTS	     8192 /* more than twice that, a power of two */
#define LEFT_OUT_MAX 50

_Static_assert(SLOTS > 2 * MERGED_MAX && (SLOTS & (SLOTS - 1)) == 0, "the table has room");

/* ---- arguments ------------------------------------------------------------------------------- */

bool
jira_project_arg(struct work *work, const char *name, const char **out)
{
	*out = arg_str(work, name);
	return *out != NULL && jira_project_check(work, slice_of(*out));
}

bool
jira_id_arg(struct work *work, const char *name, const char *where, const char **out)
{
	uint64_t number;

	*out = NULL;
	if (!slice_to_u64(arg_slice(work, name), INT64_MAX, &number))
		return work_fail(work, ERR_PARAMS, "%s must be a number: %s", name, where);
	*out = work_number(work, (int64_t)number);
	return true;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Every item of all pages, at most `most`, as Jira sent them. */
static bool
gather_wait(struct work *work, const char *path, const char *list, size_t most, yyjson_val ***out,
    size_t *n)
{
	struct pages pages;

	pages_init(&pages, work, PAGE_START_AT, path, list, 0, (int64_t)most, PAGE_MAX);
	return pages_gather_wait(&pages, out, n);
}

static bool
show(struct work *work, const struct shape *shape, yyjson_val **items, size_t n)
{
	work->out = out_arr(work);
	for (size_t i = 0; i < n; i++)
		yyjson_mut_arr_append(work->out, shape_make(work, shape, items[i]));
	return true;
}

/* ---- types and fields ------------------------------------------------------------------------ */

static yyjson_mut_val *
field_id(struct work *work, yyjson_val *field)
{
	yyjson_val *id = yyjson_obj_get(field, "fieldId");

	if (!yyjson_is_str(id))
		id = yyjson_obj_get(field, "key");
	return yyjson_is_str(id) ? yyjson_val_mut_copy(work->doc, id) : NULL;
}

LOCAL_SHAPE(type_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "description", SHAPE_STR },
    { "subtask", SHAPE_BOOL }, { "untranslated_name", SHAPE_STR, "untranslatedName" });
LOCAL_SHAPE(create_field_shape, { "field_id", SHAPE_FN, "", .fn = field_id }, { "name", SHAPE_STR },
    { "required", SHAPE_BOOL }, { "schema", SHAPE_COPY });

static bool
types_wait(struct work *work, const char *project, yyjson_val ***types, size_t *n)
{
	return gather_wait(work,
	    work_path(
		work, "{api}/issue/createmeta/{project}/issuetypes", "project", project, NULL),
	    work->is_cloud ? "issueTypes" : "values", TYPES_MAX, types, n);
}

static bool
get_project_issue_types(struct work *work)
{
	const char *project;
	yyjson_val **types;
	size_t n;

	return jira_project_arg(work, "project_key", &project) &&
	    types_wait(work, project, &types, &n) && show(work, &type_shape, types, n);
}

static const char *
fields_path(struct work *work, const char *project, const char *type)
{
	return work_path(work, "{api}/issue/createmeta/{project}/issuetypes/{type}", "project",
	    project, "type", type, NULL);
}

static bool
get_create_fields(struct work *work)
{
	const char *project, *type;
	yyjson_val **fields;
	size_t n;

	return jira_project_arg(work, "project_key", &project) &&
	    jira_id_arg(work, "issue_type_id", "get_project_issue_types lists them", &type) &&
	    gather_wait(work, fields_path(work, project, type),
		work->is_cloud ? "fields" : "values", FIELDS_MAX, &fields, &n) &&
	    show(work, &create_field_shape, fields, n);
}

/* ---- fields of all types --------------------------------------------------------------------- */

/* The fields of one type, read beside those of the others. */
struct type_fields {
	struct work work;
	struct err err;
	const char *path;
	struct slice name;
	yyjson_val **fields;
	size_t n;
	bool is_ok;
};

/* A field of the project: as the first type has it, and on which types it is. */
struct merged {
	struct slice id;
	yyjson_val *field;
	bool is_required;
	yyjson_mut_val *types;
	struct slice last_type;
};

struct merge {
	struct merged *all;
	size_t n;
	uint16_t *slots; /* place in `all` + 1; 0: free */
	uint64_t seed;
};

static void
type_run(void *arg)
{
	struct type_fields *type = arg;

	type->is_ok = gather_wait(&type->work, type->path,
	    type->work.is_cloud ? "fields" : "values", FIELDS_MAX, &type->fields, &type->n);
}

/* NULL: there are as many as there may be. */
static struct merged *
merged_find(struct work *work, struct merge *merge, struct slice id, yyjson_val *field)
{
	size_t at = (size_t)hash_bytes(id, merge->seed) & (SLOTS - 1);
	struct merged *one;

	for (; merge->slots[at] != 0; at = (at + 1) & (SLOTS - 1)) {
		one = &merge->all[merge->slots[at] - 1];
		if (slice_eq(one->id, id))
			return one;
	}
	if (merge->n == MERGED_MAX)
		return NULL;
	one = &merge->all[merge->n++];
	*one = (struct merged){ .id = id, .field = field, .types = out_arr(work) };
	merge->slots[at] = (uint16_t)merge->n;
	return one;
}

static void
merge_type(struct work *work, struct merge *merge, const struct type_fields *type)
{
	struct merged *one;

	for (size_t i = 0; i < type->n; i++) {
		struct slice id = json_slice(yyjson_obj_get(type->fields[i], "fieldId"));

		if (id.n == 0)
			id = json_slice(yyjson_obj_get(type->fields[i], "key"));
		one = id.n > 0 ? merged_find(work, merge, id, type->fields[i]) : NULL;
		if (one == NULL)
			continue;
		one->is_required |= yyjson_get_bool(yyjson_obj_get(type->fields[i], "required"));
		if (type->name.n > 0 && one->last_type.p != type->name.p) {
			one->last_type = type->name;
			yyjson_mut_arr_append(
			    one->types, yyjson_mut_strn(work->doc, type->name.p, type->name.n));
		}
	}
}

static void
merged_show(struct work *work, const struct merged *one)
{
	yyjson_mut_val *out = out_obj(work);

	out_slice(work, out, "field_id", one->id);
	out_slice(work, out, "name", json_slice(yyjson_obj_get(one->field, "name")));
	out_bool(work, out, "required", one->is_required);
	out_slice(work, out, "schema_type", json_slice(json_at(one->field, "schema/type")));
	out_bool(work, out, "custom", json_at(one->field, "schema/custom") != NULL);
	out_val(work, out, "issue_types", one->types);
	yyjson_mut_arr_append(work->out, out);
}

static bool
merge_show(struct work *work, const struct type_fields *types, size_t n)
{
	struct merge merge = { .n = 0 };

	if (!arena_reserve(work->arena,
		MERGED_MAX * sizeof(*merge.all) + SLOTS * sizeof(*merge.slots), work->err))
		return false;
	loop_random(work->loop, &merge.seed, sizeof(merge.seed));
	merge.all = ARENA_ARRAY(work->arena, struct merged, MERGED_MAX);
	merge.slots = ARENA_ARRAY(work->arena, uint16_t, SLOTS);
	for (size_t i = 0; i < n; i++)
		merge_type(work, &merge, &types[i]);
	work->out = out_arr(work);
	for (size_t i = 0; i < merge.n; i++)
		merged_show(work, &merge.all[i]);
	return true;
}

/* Side by side; what failed first is what the call says. */
static bool
types_fields_wait(struct work *work, const char *project, yyjson_val **all, size_t n,
    struct type_fields *types, void **each)
{
	size_t with_id = 0;

	for (size_t i = 0; i < n; i++) {
		const char *id = yyjson_get_str(yyjson_obj_get(all[i], "id"));

		if (id == NULL)
			continue;
		types[with_id].work = *work;
		types[with_id].work.err = &types[with_id].err;
		types[with_id].name = json_slice(yyjson_obj_get(all[i], "name"));
		types[with_id].path = fields_path(work, project, id);
		if (types[with_id].path == NULL)
			return false;
		each[with_id] = &types[with_id];
		with_id++;
	}
	if (!work_all_wait(work, type_run, each, with_id))
		return false;
	for (size_t i = 0; i < with_id; i++) {
		if (types[i].is_ok)
			continue;
		*work->err = types[i].err;
		work->said = types[i].work.said;
		return false;
	}
	return merge_show(work, types, with_id);
}

static bool
get_project_fields(struct work *work)
{
	struct type_fields *types;
	const char *project;
	yyjson_val **all;
	void **each;
	size_t n;

	if (!jira_project_arg(work, "project_key", &project) ||
	    !types_wait(work, project, &all, &n) ||
	    !arena_reserve(work->arena, (n + 2) * (sizeof(*types) + sizeof(*each)), work->err))
		return false;
	types = ARENA_ARRAY(work->arena, struct type_fields, n + 1);
	each = ARENA_ARRAY(work->arena, void *, n + 1);
	return types_fields_wait(work, project, all, n, types, each);
}

/* ---- versions, components -------------------------------------------------------------------- */

SHAPE(jira_version_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "description", SHAPE_STR },
    { "startDate", SHAPE_STR }, { "releaseDate", SHAPE_STR }, { "released", SHAPE_BOOL },
    { "archived", SHAPE_BOOL }, { "overdue", SHAPE_BOOL }, { "projectId", SHAPE_INT });
LOCAL_SHAPE(component_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR },
    { "description", SHAPE_STR }, { "lead", SHAPE_OBJECT, .of = &jira_user_shape },
    { "assigneeType", SHAPE_STR }, { "assignee", SHAPE_OBJECT, .of = &jira_user_shape },
    { "realAssigneeType", SHAPE_STR }, { "isAssigneeTypeValid", SHAPE_BOOL },
    { "project", SHAPE_STR }, { "projectId", SHAPE_INT }, { "archived", SHAPE_BOOL });

static bool
part_wait(struct work *work, const char *path, const struct shape *shape)
{
	const char *project;
	yyjson_val *reply;

	if (!jira_project_arg(work, "project_key", &project) ||
	    !work_get_wait(work, &reply, path, "project", project, NULL))
		return false;
	work->out = shape_list(work, shape, reply);
	return work->out != NULL ||
	    work_fail(work, ERR_UNAVAILABLE, "%.*s answered with no list",
		SLICE_FMT(work->site->provider.name));
}

static bool
get_project_versions(struct work *work)
{
	return part_wait(work, "{api}/project/{project}/versions", &jira_version_shape);
}

static bool
get_project_components(struct work *work)
{
	return part_wait(work, "{api}/project/{project}/components", &component_shape);
}

/* ---- projects -------------------------------------------------------------------------------- */

LOCAL_SHAPE(project_shape, { "id", SHAPE_STR }, { "key", SHAPE_STR }, { "name", SHAPE_STR },
    { "description", SHAPE_STR }, { "category", SHAPE_STR, "projectCategory/name" },
    { "projectTypeKey", SHAPE_STR }, { "archived", SHAPE_BOOL },
    { "avatar_url", SHAPE_STR, "avatarUrls/48x48" },
    { "lead", SHAPE_OBJECT, .of = &jira_user_shape });

static bool
is_shown(const struct work *work, yyjson_val *project)
{
	return jira_may_see(work, json_slice(yyjson_obj_get(project, "key")));
}

/* Cloud gives them page by page, Data Center all at once. */
static bool
get_all_projects(struct work *work)
{
	bool has_archived = arg_bool(work, "include_archived");
	yyjson_val **all, *reply, *one;
	size_t n = 0, i, max;

	work->out = out_arr(work);
	if (work->is_cloud) {
		if (!gather_wait(work,
			work_path(work, "/rest/api/3/project/search", "expand", "description",
			    "status", has_archived ? "live" : NULL, "status",
			    has_archived ? "archived" : NULL, NULL),
			"values", PROJECTS_MAX, &all, &n))
			return false;
		for (i = 0; i < n; i++) {
			if (is_shown(work, all[i]))
				yyjson_mut_arr_append(
				    work->out, shape_make(work, &project_shape, all[i]));
		}
		return true;
	}
	if (!work_get_wait(work, &reply, "/rest/api/2/project", "expand", "description",
		"includeArchived", has_archived ? "true" : NULL, NULL))
		return false;
	yyjson_arr_foreach(reply, i, max, one)
	{
		if (is_shown(work, one))
			yyjson_mut_arr_append(work->out, shape_make(work, &project_shape, one));
	}
	return true;
}

static bool
is_among(const struct slice *ids, size_t n, yyjson_val *project)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(ids[i], json_slice(yyjson_obj_get(project, "id"))))
			return true;
	}
	return false;
}

/* Asks for as many more as will be left out. */
static bool
search_projects(struct work *work)
{
	int64_t most = arg_int(work, "max_results"), shown = 0;
	const char *query = arg_str(work, "query");
	struct slice *ids;
	size_t n = arg_list(work, "current_project_ids", &ids), i, max;
	yyjson_val *reply, *one;
	const char *limit;

	if (n > LEFT_OUT_MAX)
		return work_fail(work, ERR_PARAMS, "current_project_ids: at most %d", LEFT_OUT_MAX);
	limit = work_number(work, work->site->config->filter_n > 0 ? PAGE_MAX : most + (int64_t)n);
	if (!work_get_wait(work, &reply,
		work->is_cloud ? "/rest/api/3/project/search" : "/rest/api/2/projects/picker",
		"query", query, "maxResults", limit, NULL))
		return false;
	work->out = out_arr(work);
	yyjson_arr_foreach(
	    yyjson_obj_get(reply, work->is_cloud ? "values" : "projects"), i, max, one)
	{
		if (shown < most && is_shown(work, one) && !is_among(ids, n, one) && ++shown > 0)
			yyjson_mut_arr_append(work->out, shape_make(work, &project_shape, one));
	}
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(types_shape, { "result", SHAPE_LIST, .of = &type_shape });
LOCAL_SHAPE(create_fields_shape, { "result", SHAPE_LIST, .of = &create_field_shape });
LOCAL_SHAPE(versions_shape, { "result", SHAPE_LIST, .of = &jira_version_shape });
LOCAL_SHAPE(components_shape, { "result", SHAPE_LIST, .of = &component_shape });
LOCAL_SHAPE(projects_shape, { "result", SHAPE_LIST, .of = &project_shape });
LOCAL_SHAPE(merged_shape, { "field_id", SHAPE_STR }, { "name", SHAPE_STR },
    { "required", SHAPE_BOOL }, { "schema_type", SHAPE_STR }, { "custom", SHAPE_BOOL },
    { "issue_types", SHAPE_LIST });
LOCAL_SHAPE(project_fields_shape, { "result", SHAPE_LIST, .of = &merged_shape });

#define PROJECT_ARG \
	{ \
		"project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ" \
	}

static const struct tool tools[] = {
	{ .name = "get_all_projects",
	    .title = "Get All Projects",
	    .help = "The projects that the user sees.",
	    .toolset = "jira_projects",
	    .flags = READS | IDEMPOTENT,
	    .run = get_all_projects,
	    .shape = &projects_shape,
	    ARGS({ "include_archived", ARG_BOOL, 0, "Archived ones too", "false" }) },
	{ .name = "search_projects",
	    .title = "Search Projects",
	    .help = "Find projects by the beginning of their name or key.",
	    .toolset = "jira_projects",
	    .flags = READS | IDEMPOTENT,
	    .run = search_projects,
	    .shape = &projects_shape,
	    ARGS({ "query", ARG_STR, REQUIRED, "Beginning of a name or key", NULL, 0, 400 },
		{ "max_results", ARG_INT, 0, "Most results", "20", 1, 50 },
		{ "current_project_ids", ARG_CSV, 0, "Ids of projects to leave out",
		    .of = ARG_ID }) },
	{ .name = "get_project_issue_types",
	    .title = "Get Project Issue Types",
	    .help = "The types that issues of a project may have.",
	    .toolset = "jira_projects",
	    .flags = READS | IDEMPOTENT,
	    .run = get_project_issue_types,
	    .shape = &types_shape,
	    ARGS(PROJECT_ARG) },
	{ .name = "get_create_fields",
	    .title = "Get Create Fields",
	    .help = "The fields that a new issue of a type may have, and which it must.",
	    .toolset = "jira_projects",
	    .flags = READS | IDEMPOTENT,
	    .run = get_create_fields,
	    .shape = &create_fields_shape,
	    ARGS(PROJECT_ARG,
		{ "issue_type_id", ARG_ID, REQUIRED, "Id from get_project_issue_types" }) },
	{ .name = "get_project_fields",
	    .title = "Get Project Fields",
	    .help = "All fields of a project's issues, and on which types each is.",
	    .toolset = "jira_projects",
	    .flags = READS | IDEMPOTENT,
	    .run = get_project_fields,
	    .shape = &project_fields_shape,
	    ARGS(PROJECT_ARG) },
	{ .name = "get_project_versions",
	    .title = "Get Project Versions",
	    .help = "The versions of a project.",
	    .toolset = "jira_projects",
	    .flags = READS | IDEMPOTENT,
	    .run = get_project_versions,
	    .shape = &versions_shape,
	    ARGS(PROJECT_ARG) },
	{ .name = "get_project_components",
	    .title = "Get Project Components",
	    .help = "The components of a project.",
	    .toolset = "jira_projects",
	    .flags = READS | IDEMPOTENT,
	    .run = get_project_components,
	    .shape = &components_shape,
	    ARGS(PROJECT_ARG) },
};
const struct tool_set jira_project_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

/*
 * Fields: their list, kept for each access for a while; ids for names and back; the options of a
 * field.  Nothing found here is held over a wait: the list may be a new one afterwards.
 */
#include "atlassian/jira.h"

#define KEPT_MS		 (10 * 60 * 1000)
#define OPTIONS_MAX	 2000
#define OPTIONS_PAGE	 100
#define FIELDS_SHOWN_MAX 500

/* ---- fields of every Jira -------------------------------------------------------------------- */

/* Names that clients use, and the id.  Results have names with underscores. */
static const struct {
	const char *name, *id;
} system_fields[] = {
	{ "summary", "summary" },
	{ "description", "description" },
	{ "environment", "environment" },
	{ "status", "status" },
	{ "issuetype", "issuetype" },
	{ "issue_type", "issuetype" },
	{ "issue type", "issuetype" },
	{ "type", "issuetype" },
	{ "priority", "priority" },
	{ "project", "project" },
	{ "resolution", "resolution" },
	{ "resolutiondate", "resolutiondate" },
	{ "duedate", "duedate" },
	{ "due_date", "duedate" },
	{ "due date", "duedate" },
	{ "created", "created" },
	{ "updated", "updated" },
	{ "parent", "parent" },
	{ "subtasks", "subtasks" },
	{ "security", "security" },
	{ "worklog", "worklog" },
	{ "worklogs", "worklog" },
	{ "assignee", "assignee" },
	{ "reporter", "reporter" },
	{ "creator", "creator" },
	{ "labels", "labels" },
	{ "components", "components" },
	{ "component", "components" },
	{ "fixversions", "fixVersions" },
	{ "fix_versions", "fixVersions" },
	{ "fix versions", "fixVersions" },
	{ "versions", "versions" },
	{ "affects versions", "versions" },
	{ "comment", "comment" },
	{ "comments", "comment" },
	{ "attachment", "attachment" },
	{ "attachments", "attachment" },
	{ "issuelinks", "issuelinks" },
	{ "timetracking", "timetracking" },
	{ "time tracking", "timetracking" },
	{ "timespent", "timespent" },
	{ "timeestimate", "timeestimate" },
	{ "timeoriginalestimate", "timeoriginalestimate" },
	{ "watches", "watches" },
	{ "votes", "votes" },
	{ "lastviewed", "lastViewed" },
	{ "workratio", "workratio" },
	{ "progress", "progress" },
	{ "aggregateprogress", "aggregateprogress" },
	{ "statuscategorychangedate", "statuscategorychangedate" },
};

struct slice
jira_system_field(struct slice name)
{
	for (size_t i = 0; i < COUNT(system_fields); i++) {
		if (slice_eq_nocase(name, slice_of(system_fields[i].name)))
			return slice_of(system_fields[i].id);
	}
	return SLICE_NONE;
}

/* ---- the list -------------------------------------------------------------------------------- */

/* A copy that lives on; NULL: no memory. */
static yyjson_doc *
keep(yyjson_val *value)
{
	yyjson_mut_doc *copy = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = copy != NULL ? yyjson_val_mut_copy(copy, value) : NULL;
	yyjson_doc *kept = root != NULL ? yyjson_mut_val_imut_copy(root, NULL) : NULL;

	yyjson_mut_doc_free(copy);
	return kept;
}

bool
jira_fields_wait(struct work *work, bool is_refresh)
{
	struct kept *kept = &work->access->fields;
	uint64_t now = loop_now_ms(work->loop);
	yyjson_val *list;
	yyjson_doc *doc;

	if (kept->doc != NULL && !is_refresh && now < kept->until_ms)
		return true;
	if (!work_get_wait(work, &list, "{api}/field", NULL))
		return false;
	if (!yyjson_is_arr(list))
		return work_fail(work, ERR_UNAVAILABLE, "%.*s answered with no list of fields",
		    SLICE_FMT(work->site->provider.name));
	doc = keep(list);
	if (doc == NULL)
		return work_fail(work, ERR_LIMIT, "no memory for the list of fields");
	kept = &work->access->fields;
	yyjson_doc_free(kept->doc);
	*kept = (struct kept){ doc, loop_now_ms(work->loop) + KEPT_MS };
	return true;
}

static yyjson_val *
fields_list(const struct work *work)
{
	return yyjson_doc_get_root(work->access->fields.doc);
}

static bool
field_take(struct work *work, yyjson_val *field, struct jira_field *out)
{
	*out = (struct jira_field){
		.id = work_dup(work, json_slice(yyjson_obj_get(field, "id"))),
		.name = work_dup(work, json_slice(yyjson_obj_get(field, "name"))),
		.type = work_dup(work, json_slice(json_at(field, "schema/type"))),
		.items = work_dup(work, json_slice(json_at(field, "schema/items"))),
		.custom = work_dup(work, json_slice(json_at(field, "schema/custom"))),
	};
	return out->id.p != NULL;
}

bool
jira_field_find(struct work *work, struct slice id_or_name, struct jira_field *out)
{
	static const char *const members[] = { "id", "key", "name" };
	yyjson_val *field;
	size_t i, max;

	for (size_t k = 0; k < COUNT(members); k++) {
		yyjson_arr_foreach(fields_list(work), i, max, field)
		{
			struct slice member = json_slice(yyjson_obj_get(field, members[k]));

			if (member.n > 0 && slice_eq_nocase(member, id_or_name))
				return field_take(work, field, out);
		}
	}
	return false;
}

bool
jira_field_custom(struct work *work, struct slice custom, struct jira_field *out)
{
	yyjson_val *field;
	size_t i, max;

	yyjson_arr_foreach(fields_list(work), i, max, field)
	{
		if (slice_eq(json_slice(json_at(field, "schema/custom")), custom))
			return field_take(work, field, out);
	}
	return false;
}

/* "customfield_10010", "*all", "-comment": sent as they are. */
static bool
is_id(struct slice name)
{
	return name.n == 0 || name.p[0] == '*' || name.p[0] == '-' ||
	    slice_starts(name, S("customfield_"));
}

bool
jira_field_ids_wait(struct work *work, const struct slice *names, size_t n, struct slice **ids)
{
	bool is_known = true;
	struct jira_field field;

	*ids = NULL;
	if (!arena_reserve(work->arena, (n + 1) * sizeof(**ids), work->err))
		return false;
	*ids = ARENA_ARRAY(work->arena, struct slice, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct slice id = jira_system_field(names[i]);

		(*ids)[i] = id.p != NULL ? id : names[i];
		is_known = is_known && (id.p != NULL || is_id(names[i]));
	}
	if (is_known)
		return true;
	if (!jira_fields_wait(work, false))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (jira_system_field(names[i]).p == NULL && !is_id(names[i]) &&
		    jira_field_find(work, names[i], &field))
			(*ids)[i] = field.id;
	}
	return true;
}

bool
jira_field_unknown(struct work *work, struct slice name)
{
	struct slice nearest = SLICE_NONE;
	unsigned best = 5;
	yyjson_val *field;
	size_t i, max;

	yyjson_arr_foreach(fields_list(work), i, max, field)
	{
		struct slice other = json_slice(yyjson_obj_get(field, "name"));
		unsigned far = slice_distance(other, name);

		if (far < best) {
			best = far;
			nearest = other;
		}
	}
	if (nearest.p != NULL)
		return work_fail(work, ERR_PARAMS,
		    "there is no field \"%.*s\" (did you mean \"%.*s\"?)", SLICE_FMT(name),
		    SLICE_FMT(nearest));
	return work_fail(work, ERR_PARAMS,
	    "there is no field \"%.*s\": search_fields finds fields by a word of their name",
	    SLICE_FMT(name));
}

/* ---- search_fields --------------------------------------------------------------------------- */

bool
jira_holds(struct slice text, struct slice word)
{
	for (size_t i = 0; i + word.n <= text.n; i++) {
		if (slice_eq_nocase((struct slice){ text.p + i, word.n }, word))
			return true;
	}
	return false;
}

/* Every word of the keyword stands in the name, in whatever order. */
static bool
holds_words(struct slice text, struct slice words)
{
	struct slice rest = words, word;

	while (rest.p != NULL) {
		word = slice_trim(slice_cut(rest, ' ', &rest));
		if (!jira_holds(text, word))
			return false;
	}
	return true;
}

/* How well a field fits, 0: best; RANK_NONE: not at all. */
enum { RANK_NONE = 6 };
static unsigned
rank(yyjson_val *field, struct slice keyword)
{
	struct slice name = json_slice(yyjson_obj_get(field, "name"));
	struct slice id = json_slice(yyjson_obj_get(field, "id"));

	if (keyword.n == 0 || slice_eq_nocase(name, keyword) || slice_eq_nocase(id, keyword))
		return 0;
	if (name.n > keyword.n && slice_eq_nocase((struct slice){ name.p, keyword.n }, keyword))
		return 1;
	if (jira_holds(name, keyword))
		return 2;
	if (holds_words(name, keyword))
		return 3;
	if (jira_holds(id, keyword))
		return 4;
	return slice_distance(name, keyword) <= 1 + keyword.n / 4 ? 5 : RANK_NONE;
}

static bool
search_fields(struct work *work)
{
	struct slice keyword = slice_trim(arg_slice(work, "keyword"));
	int64_t limit = arg_int(work, "limit"), n = 0, all = 0;
	yyjson_val *field;
	size_t i, max;

	if (!jira_fields_wait(work, arg_bool(work, "refresh")))
		return false;
	work->out = out_arr(work);
	for (unsigned want = 0; want < RANK_NONE; want++) {
		yyjson_arr_foreach(fields_list(work), i, max, field)
		{
			if (rank(field, keyword) != want)
				continue;
			if (all++ < limit && ++n > 0)
				yyjson_mut_arr_append(
				    work->out, yyjson_val_mut_copy(work->doc, field));
		}
	}
	if (all > n)
		work->summary =
		    slice_of(work_printf(work, "%lld of %lld fields; a larger limit shows more",
			(long long)n, (long long)all));
	return true;
}

/* ---- get_field_options ----------------------------------------------------------------------- */

struct options {
	struct slice contains;
	int64_t most, n, left_out;
	bool values_only;
	yyjson_mut_val *list;
};

static yyjson_mut_val *
slice_val(struct work *work, struct slice s)
{
	return yyjson_mut_strncpy(work->doc, s.p != NULL ? s.p : "", s.n);
}

static struct slice
option_value(yyjson_val *option)
{
	struct slice value = json_slice(yyjson_obj_get(option, "value"));

	return value.p != NULL ? value : json_slice(yyjson_obj_get(option, "name"));
}

static yyjson_mut_val *
option_make(struct work *work, yyjson_val *option)
{
	yyjson_mut_val *out = out_obj(work);

	out_copy(work, out, "id", yyjson_obj_get(option, "id"));
	out_slice(work, out, "value", option_value(option));
	if (yyjson_is_true(yyjson_obj_get(option, "disabled")))
		out_bool(work, out, "disabled", true);
	return out;
}

/* One option with its children (an array, or NULL), if the caller wants it. */
static void
option_add(struct work *work, struct options *options, yyjson_val *option, yyjson_val **children,
    size_t children_n)
{
	bool is_wanted =
	    options->contains.n == 0 || jira_holds(option_value(option), options->contains);
	yyjson_mut_val *out, *list;

	for (size_t i = 0; i < children_n && !is_wanted; i++)
		is_wanted = jira_holds(option_value(children[i]), options->contains);
	if (!is_wanted)
		return;
	if (options->n >= options->most) {
		options->left_out++;
		return;
	}
	options->n++;
	if (options->values_only && children_n == 0) {
		yyjson_mut_arr_append(options->list, slice_val(work, option_value(option)));
		return;
	}
	list = out_arr(work);
	for (size_t i = 0; i < children_n; i++)
		yyjson_mut_arr_append(list,
		    options->values_only ? slice_val(work, option_value(children[i]))
					 : option_make(work, children[i]));
	out = options->values_only ? out_obj(work) : option_make(work, option);
	if (options->values_only)
		out_slice(work, out, "value", option_value(option));
	if (children_n > 0)
		out_val(work, out, options->values_only ? "children" : "child_options", list);
	yyjson_mut_arr_append(options->list, out);
}

/* Options of createmeta hold their children; those of a context name their parent. */
static bool
options_add(struct work *work, struct options *options, yyjson_val **all, size_t n)
{
	yyjson_val **children, *child;
	size_t children_n, i, max;

	if (!arena_reserve(work->arena, (OPTIONS_MAX + 1) * sizeof(*children), work->err))
		return false;
	children = ARENA_ARRAY(work->arena, yyjson_val *, OPTIONS_MAX + 1);
	for (size_t k = 0; k < n; k++) {
		struct slice id = json_slice(yyjson_obj_get(all[k], "id"));

		if (yyjson_is_str(yyjson_obj_get(all[k], "optionId")))
			continue;
		children_n = 0;
		yyjson_arr_foreach(yyjson_obj_get(all[k], "children"), i, max, child)
		{
			if (children_n < OPTIONS_MAX)
				children[children_n++] = child;
		}
		for (size_t j = 0; j < n && children_n < OPTIONS_MAX; j++) {
			struct slice parent = json_slice(yyjson_obj_get(all[j], "optionId"));

			if (parent.n > 0 && slice_eq(parent, id))
				children[children_n++] = all[j];
		}
		option_add(work, options, all[k], children, children_n);
	}
	return true;
}

/* Every item of all pages, at most OPTIONS_MAX. */
static bool
gather_wait(struct work *work, const char *path, const char *list, yyjson_val ***out, size_t *n)
{
	struct pages pages;

	pages_init(&pages, work, PAGE_START_AT, path, list, 0, OPTIONS_MAX, OPTIONS_PAGE);
	return pages_gather_wait(&pages, out, n);
}

/* The context that the caller named, else the one for all projects, else the first. */
static bool
context_wait(struct work *work, struct slice field, const char **out)
{
	yyjson_val **all, *best = NULL;
	const char *path;
	size_t n;

	*out = arg_str(work, "context_id");
	if (*out != NULL && **out != '\0')
		return true;
	path = work_path(
	    work, "/rest/api/3/field/{field}/context", "field", work_cstr(work, field), NULL);
	if (!gather_wait(work, path, "values", &all, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (best == NULL ||
		    (yyjson_is_true(yyjson_obj_get(all[i], "isGlobalContext")) &&
			!yyjson_is_true(yyjson_obj_get(best, "isGlobalContext"))))
			best = all[i];
	}
	*out = yyjson_get_str(yyjson_obj_get(best, "id"));
	return *out != NULL ||
	    work_fail(work, ERR_RESOURCE, "the field %.*s has no context", SLICE_FMT(field));
}

static bool
context_options_wait(struct work *work, struct slice field, struct options *options)
{
	const char *context, *path;
	yyjson_val **all;
	size_t n;

	if (!context_wait(work, field, &context))
		return false;
	path = work_path(work, "/rest/api/3/field/{field}/context/{context}/option", "field",
	    work_cstr(work, field), "context", context, NULL);
	return gather_wait(work, path, "values", &all, &n) && options_add(work, options, all, n);
}

/* The id of an issue type by its name (or id). */
static bool
type_wait(struct work *work, const char *project, struct slice name, const char **out)
{
	const char *path = work_path(
	    work, "{api}/issue/createmeta/{project}/issuetypes", "project", project, NULL);
	const char *list = work->is_cloud ? "issueTypes" : "values";
	struct buf names;
	yyjson_val **all;
	size_t n;

	*out = NULL;
	if (!gather_wait(work, path, list, &all, &n))
		return false;
	buf_init(&names, NULL, KIB);
	for (size_t i = 0; i < n && *out == NULL; i++) {
		struct slice one = json_slice(yyjson_obj_get(all[i], "name"));

		buf_printf(&names, "%s%.*s", i > 0 ? ", " : "", SLICE_FMT(one));
		if (slice_eq_nocase(one, name) ||
		    slice_eq(json_slice(yyjson_obj_get(all[i], "id")), name))
			*out = yyjson_get_str(yyjson_obj_get(all[i], "id"));
	}
	if (*out == NULL)
		work_fail(work, ERR_PARAMS, "%s has no issue type \"%.*s\"; it has %.*s", project,
		    SLICE_FMT(name), (int)names.n, names.p != NULL ? names.p : "none");
	buf_fini(&names);
	return *out != NULL;
}

static bool
createmeta_options_wait(struct work *work, struct slice field, struct options *options)
{
	const char *project = arg_str(work, "project_key"), *type, *path;
	const char *list = work->is_cloud ? "fields" : "values";
	yyjson_val **all, **values, *value;
	size_t n, values_n = 0, i, max;

	if (!jira_project_check(work, slice_of(project)) ||
	    !type_wait(work, project, slice_trim(arg_slice(work, "issue_type")), &type))
		return false;
	path = work_path(work, "{api}/issue/createmeta/{project}/issuetypes/{type}", "project",
	    project, "type", type, NULL);
	if (!gather_wait(work, path, list, &all, &n) ||
	    !arena_reserve(work->arena, (OPTIONS_MAX + 1) * sizeof(*values), work->err))
		return false;
	values = ARENA_ARRAY(work->arena, yyjson_val *, OPTIONS_MAX + 1);
	for (size_t k = 0; k < n; k++) {
		if (!slice_eq(json_slice(yyjson_obj_get(all[k], "fieldId")), field))
			continue;
		yyjson_arr_foreach(yyjson_obj_get(all[k], "allowedValues"), i, max, value)
		{
			if (values_n < OPTIONS_MAX)
				values[values_n++] = value;
		}
		return options_add(work, options, values, values_n);
	}
	return work_fail(work, ERR_RESOURCE,
	    "%.*s is not on the create screen of this issue type in %s", SLICE_FMT(field), project);
}

static bool
get_field_options(struct work *work)
{
	struct slice given = slice_trim(arg_slice(work, "field_id")), *ids;
	bool has_both = arg_slice(work, "project_key").n > 0 && arg_slice(work, "issue_type").n > 0;
	struct options options = { .contains = arg_slice(work, "contains"),
		.values_only = arg_bool(work, "values_only"),
		.most = arg_int(work, "return_limit") };
	bool ok;

	if (options.most == 0)
		options.most = OPTIONS_MAX;
	work->out = options.list = out_arr(work);
	if (!jira_field_ids_wait(work, &given, 1, &ids))
		return false;
	if (!work->is_cloud && !has_both)
		return work_fail(work, ERR_PARAMS,
		    "project_key and issue_type are needed: Data Center knows the options of a field by them");
	ok = has_both ? createmeta_options_wait(work, ids[0], &options)
		      : context_options_wait(work, ids[0], &options);
	if (ok && options.left_out > 0)
		work->summary =
		    slice_of(work_printf(work, "%lld options, %lld more left out by return_limit",
			(long long)options.n, (long long)options.left_out));
	return ok;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct shape_field field_fields[] = {
	{ "id", SHAPE_STR },
	{ "key", SHAPE_STR },
	{ "name", SHAPE_STR },
	{ "custom", SHAPE_BOOL },
	{ "schema", SHAPE_COPY, .help = "type, items, custom" },
};
static const struct shape field_shape = { field_fields, COUNT(field_fields), true };

static const struct tool tools[] = {
	{ .name = "search_fields",
	    .title = "Search Fields",
	    .help = "Find fields, custom ones too, by a word of their name.",
	    .toolset = "jira_fields",
	    .flags = READS | IDEMPOTENT,
	    .run = search_fields,
	    .shape = &field_shape,
	    ARGS({ "keyword", ARG_STR, 0, "Part of the name; empty: the first fields", "\"\"", 0,
		     200 },
		{ "limit", ARG_INT, 0, "Most results", "10", 1, FIELDS_SHOWN_MAX },
		{ "refresh", ARG_BOOL, 0, "Ask Jira again instead of using the kept list",
		    "false" }) },
	{ .name = "get_field_options",
	    .title = "Get Field Options",
	    .help =
		"The values that a select, radio, checkbox or cascading field takes. With project_key and "
		"issue_type: those of that create screen (needed on Data Center); else of a field context.",
	    .toolset = "jira_fields",
	    .flags = READS | IDEMPOTENT,
	    .run = get_field_options,
	    ARGS({ "field_id", ARG_STR, REQUIRED, "Id (customfield_10010) or name of the field",
		     NULL, 0, 200 },
		{ "context_id", ARG_ID, 0,
		    "Field context, Cloud; the one for all projects when absent", NULL, 0, 40 },
		{ "project_key", ARG_PROJECT, 0, "Project key, such as PROJ", NULL, 0, 80 },
		{ "issue_type", ARG_STR, 0, "Name of an issue type, such as Bug", NULL, 0, 200 },
		{ "contains", ARG_STR, 0, "Only values that hold this text", NULL, 0, 200 },
		{ "return_limit", ARG_INT, 0, "Most results", NULL, 1, OPTIONS_MAX },
		{ "values_only", ARG_BOOL, 0, "Plain values instead of objects", "false" }) },
};
const struct tool_set jira_field_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

/*
 * What a project has to do with others: its epics below the issues of other projects, and links
 * that cross its border.  Both are made of one search.  Where the site has a filter, an issue of a
 * project that it does not show is not named here.
 */
#include "atlassian/jira.h"

#define ISSUES_MAX 500
#define AT_ONCE	   50 /* keys in one search */

/* A parent with its epics, or a project with its links. */
struct bundle {
	struct slice name; /* key of the parent, of the project; SLICE_NONE: no parent */
	yyjson_mut_val *items;
	int64_t n;
};

struct bundles {
	struct bundle *all;
	size_t n, most;
};

static bool
bundles_init(struct work *work, struct bundles *bundles, size_t most)
{
	if (!arena_reserve(work->arena, (most + 1) * sizeof(*bundles->all), work->err))
		return false;
	*bundles = (struct bundles){ ARENA_ARRAY(work->arena, struct bundle, most + 1), 0, most };
	return true;
}

/* By name, those without one last. */
static bool
is_before(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order;

	if (a.p == NULL || b.p == NULL)
		return a.p != NULL;
	order = memcmp(a.p, b.p, n);
	return order != 0 ? order < 0 : a.n < b.n;
}

/* Found or made in its place; NULL: there are as many as there may be. */
static struct bundle *
bundle_of(struct work *work, struct bundles *bundles, struct slice name, bool is_list)
{
	size_t low = 0, high = bundles->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct slice other = bundles->all[middle].name;

		if ((other.p == NULL) == (name.p == NULL) && slice_eq(other, name))
			return &bundles->all[middle];
		if (is_before(other, name))
			low = middle + 1;
		else
			high = middle;
	}
	if (bundles->n == bundles->most)
		return NULL;
	memmove(
	    &bundles->all[low + 1], &bundles->all[low], (bundles->n - low) * sizeof(*bundles->all));
	bundles->n++;
	bundles->all[low] =
	    (struct bundle){ .name = name, .items = is_list ? out_arr(work) : out_obj(work) };
	return &bundles->all[low];
}

/* ---- issues of a search, as results show them ------------------------------------------------ */

static struct slice
text_of(yyjson_mut_val *object, const char *key)
{
	yyjson_mut_val *value = yyjson_mut_obj_get(object, key);

	return yyjson_mut_is_str(value)
	    ? (struct slice){ yyjson_mut_get_str(value), yyjson_mut_get_len(value) }
	    : SLICE_NONE;
}

static bool
is_of(struct slice key, const char *project)
{
	return slice_eq_nocase(jira_project_of(key), slice_of(project));
}

/* The issues of the query, newest first, in *out; work->out is free again after it. */
static bool
issues_wait(struct work *work, const char *jql, const struct slice *fields, size_t n, int64_t most,
    yyjson_mut_val **out)
{
	struct jira_search search = { .jql = jql, .limit = most };
	struct issue_view view;

	if (!issue_view_wait(work, &view, fields, n, NULL))
		return false;
	search.view = &view;
	if (!jira_search_wait(work, &search))
		return false;
	*out = yyjson_mut_obj_remove_key(work->out, "issues");
	work->out = NULL;
	return true;
}

static bool
project_issues_wait(
    struct work *work, const char *project, const char *jql, int64_t most, yyjson_mut_val **out)
{
	static const struct slice fields[] = { S("summary"), S("status"), S("issuetype"),
		S("issuelinks"), S("parent") };
	struct slice key = slice_of(project);
	const char *whole;

	return jira_jql(work, slice_of(jql), &key, 1, &whole) &&
	    issues_wait(work, whole, fields, COUNT(fields), most, out);
}

/* ---- epics ----------------------------------------------------------------------------------- */

/* Names of links that say: this issue is below the other one. */
static bool
is_child_phrase(const struct work *work, struct slice phrase)
{
	static const struct slice known[] = { S("is child of"), S("is contained by"),
		S("split from") };
	const struct config_site *config = work->site->config;

	for (size_t i = 0; i < COUNT(known); i++) {
		if (slice_eq_nocase(phrase, known[i]))
			return true;
	}
	for (size_t i = 0; i < config->hierarchy_links_n; i++) {
		struct slice rest, role = slice_cut(config->hierarchy_links[i], ':', &rest);

		if (slice_eq_nocase(role, S("child")) && slice_eq_nocase(phrase, slice_trim(rest)))
			return true;
	}
	return false;
}

/* The other end, where the link's name in this direction says that it is above. */
static struct slice
link_parent(const struct work *work, yyjson_mut_val *link, const char *project)
{
	static const struct {
		const char *issue, *label;
	} ends[] = { { "inward_issue", "inward" }, { "outward_issue", "outward" } };
	yyjson_mut_val *type = yyjson_mut_obj_get(link, "type");

	for (size_t i = 0; i < COUNT(ends); i++) {
		struct slice key = text_of(yyjson_mut_obj_get(link, ends[i].issue), "key");

		if (key.n > 0 && !is_of(key, project) &&
		    (is_child_phrase(work, text_of(type, "name")) ||
			is_child_phrase(work, text_of(type, ends[i].label))))
			return key;
	}
	return SLICE_NONE;
}

/* SLICE_NONE: none in another project, or none that this site shows. */
static struct slice
parent_of(const struct work *work, yyjson_mut_val *epic, const char *project)
{
	struct slice key = text_of(yyjson_mut_obj_get(epic, "parent"), "key");
	yyjson_mut_val *link;
	size_t i, max;

	if (key.n > 0 && is_of(key, project))
		key = SLICE_NONE;
	yyjson_mut_arr_foreach(yyjson_mut_obj_get(epic, "issuelinks"), i, max, link)
	{
		if (key.n == 0)
			key = link_parent(work, link, project);
	}
	return key.n > 0 && jira_may_see(work, jira_project_of(key)) ? key : SLICE_NONE;
}

/* Summaries of the parents: {key: summary}. */
static bool
summaries_wait(struct work *work, const struct bundles *groups, yyjson_mut_val *to)
{
	static const struct slice fields[] = { S("summary") };
	yyjson_mut_val *issues, *issue;
	const char *jql;
	struct buf keys;
	size_t i, max;
	bool ok;

	for (size_t from = 0; from < groups->n; from += AT_ONCE) {
		buf_init(&keys, NULL, 16 * KIB);
		for (i = from; i < groups->n && i < from + AT_ONCE; i++) {
			if (groups->all[i].name.n > 0)
				buf_printf(&keys, "%s%.*s", keys.n > 0 ? "," : "key in (",
				    SLICE_FMT(groups->all[i].name));
		}
		ok = keys.n == 0;
		buf_putc(&keys, ')');
		issues = NULL;
		ok = ok ||
		    (buf_check(&keys, work->err) &&
			jira_jql(work, buf_view(&keys), NULL, 0, &jql) &&
			issues_wait(work, jql, fields, COUNT(fields), AT_ONCE, &issues));
		buf_fini(&keys);
		if (!ok)
			return false;
		yyjson_mut_arr_foreach(issues, i, max, issue)
		{
			out_slice(work, to, work_cstr(work, text_of(issue, "key")),
			    text_of(issue, "summary"));
		}
	}
	return true;
}

static void
put_group(struct work *work, yyjson_mut_val *groups, const struct bundle *group,
    yyjson_mut_val *summaries)
{
	yyjson_mut_val *one = out_obj(work), *parent = out_obj(work);

	if (group->name.n > 0) {
		out_slice(work, parent, "key", group->name);
		out_slice(
		    work, parent, "summary", text_of(summaries, work_cstr(work, group->name)));
		out_slice(work, parent, "project", jira_project_of(group->name));
		out_val(work, one, "parent", parent);
	} else {
		out_str(work, one, "group_name", "Unlinked");
	}
	out_val(work, one, "epics", group->items);
	yyjson_mut_arr_append(groups, one);
}

static bool
get_project_epic_hierarchy(struct work *work)
{
	yyjson_mut_val *epics, *epic, *one, *list, *summaries = out_obj(work);
	const char *project;
	struct bundles groups;
	struct bundle *group;
	size_t i, max;

	if (!jira_project_arg(work, "project_key", &project) ||
	    !project_issues_wait(work, project, "issuetype = Epic ORDER BY updated DESC",
		arg_int(work, "max_epics"), &epics) ||
	    !bundles_init(work, &groups, yyjson_mut_arr_size(epics)))
		return false;
	yyjson_mut_arr_foreach(epics, i, max, epic)
	{
		group = bundle_of(work, &groups, parent_of(work, epic, project), true);
		if (group == NULL)
			continue;
		one = out_obj(work);
		out_slice(work, one, "key", text_of(epic, "key"));
		out_slice(work, one, "summary", text_of(epic, "summary"));
		out_slice(work, one, "status", text_of(yyjson_mut_obj_get(epic, "status"), "name"));
		yyjson_mut_arr_append(group->items, one);
	}
	if (!summaries_wait(work, &groups, summaries))
		return false;
	list = out_arr(work);
	for (i = 0; i < groups.n; i++)
		put_group(work, list, &groups.all[i], summaries);
	work->out = out_obj(work);
	out_str(work, work->out, "project_key", project);
	out_int(work, work->out, "total_epics", (int64_t)yyjson_mut_arr_size(epics));
	out_val(work, work->out, "groups", list);
	work->summary = slice_of(work_printf(
	    work, "%zu epics of %s in %zu groups", yyjson_mut_arr_size(epics), project, groups.n));
	return true;
}

/* ---- links across the border ----------------------------------------------------------------- */

static bool
crossing_add(struct work *work, struct bundles *projects, struct slice source, struct slice target,
    struct slice type, const char *direction)
{
	struct bundle *project = bundle_of(work, projects, jira_project_of(target), false);
	const char *name = work_cstr(work, type.p != NULL ? type : S(""));
	yyjson_mut_val *list, *one = out_obj(work);

	if (project == NULL || name == NULL)
		return false;
	list = yyjson_mut_obj_get(project->items, name);
	if (list == NULL) {
		list = out_arr(work);
		out_val(work, project->items, name, list);
	}
	out_slice(work, one, "source", source);
	out_slice(work, one, "target", target);
	out_str(work, one, "direction", direction);
	yyjson_mut_arr_append(list, one);
	project->n++;
	return true;
}

/* Of one issue; returns how many. */
static int64_t
crossings_add(
    struct work *work, struct bundles *projects, yyjson_mut_val *issue, const char *project)
{
	static const struct {
		const char *member, *direction;
	} ends[] = { { "outward_issue", "outward" }, { "inward_issue", "inward" } };
	yyjson_mut_val *link;
	size_t i, max;
	int64_t n = 0;

	yyjson_mut_arr_foreach(yyjson_mut_obj_get(issue, "issuelinks"), i, max, link)
	{
		struct slice type = text_of(yyjson_mut_obj_get(link, "type"), "name");

		for (size_t k = 0; k < COUNT(ends); k++) {
			struct slice key = text_of(yyjson_mut_obj_get(link, ends[k].member), "key");

			if (jira_project_of(key).n > 0 && !is_of(key, project) &&
			    jira_may_see(work, jira_project_of(key)))
				n += crossing_add(work, projects, text_of(issue, "key"), key, type,
				    ends[k].direction);
		}
	}
	return n;
}

static bool
get_cross_project_dependencies(struct work *work)
{
	yyjson_mut_val *issues, *issue, *all = out_obj(work), *one;
	struct bundles projects;
	const char *project;
	int64_t links = 0;
	size_t i, max;

	if (!jira_project_arg(work, "project_key", &project) ||
	    !project_issues_wait(
		work, project, "ORDER BY updated DESC", arg_int(work, "max_issues"), &issues) ||
	    !bundles_init(work, &projects, ISSUES_MAX))
		return false;
	yyjson_mut_arr_foreach(issues, i, max, issue)
	{
		links += crossings_add(work, &projects, issue, project);
	}
	for (i = 0; i < projects.n; i++) {
		one = out_obj(work);
		out_int(work, one, "total_links", projects.all[i].n);
		out_val(work, one, "by_link_type", projects.all[i].items);
		out_val(work, all, work_cstr(work, projects.all[i].name), one);
	}
	work->out = out_obj(work);
	out_str(work, work->out, "project_key", project);
	out_int(work, work->out, "total_issues_scanned", (int64_t)yyjson_mut_arr_size(issues));
	out_int(work, work->out, "total_cross_project_links", links);
	out_val(work, work->out, "by_project", all);
	work->summary = slice_of(work_printf(
	    work, "%lld links of %s to %zu projects", (long long)links, project, projects.n));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(parent_shape, { "key", SHAPE_STR }, { "summary", SHAPE_STR }, { "project", SHAPE_STR });
LOCAL_SHAPE(epic_shape, { "key", SHAPE_STR }, { "summary", SHAPE_STR }, { "status", SHAPE_STR });
LOCAL_SHAPE(group_shape, { "parent", SHAPE_OBJECT, .of = &parent_shape },
    { "group_name", SHAPE_STR, .help = "of those without parent" },
    { "epics", SHAPE_LIST, .of = &epic_shape });
LOCAL_SHAPE(hierarchy_shape, { "project_key", SHAPE_STR }, { "total_epics", SHAPE_INT },
    { "groups", SHAPE_LIST, .of = &group_shape });
LOCAL_SHAPE(crossings_shape, { "project_key", SHAPE_STR }, { "total_issues_scanned", SHAPE_INT },
    { "total_cross_project_links", SHAPE_INT },
    { "by_project", SHAPE_COPY, .help = "{key: {total_links, by_link_type: {name: [...]}}}" });

#define PROJECT_ARG \
	{ \
		"project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ" \
	}

static const struct tool tools[] = {
	{ .name = "get_project_epic_hierarchy",
	    .title = "Get Project Epic Hierarchy",
	    .help = "The epics of a project below their parents in other projects.",
	    .toolset = "jira_project_analysis",
	    .flags = READS | IDEMPOTENT,
	    .run = get_project_epic_hierarchy,
	    .shape = &hierarchy_shape,
	    ARGS(PROJECT_ARG, { "max_epics", ARG_INT, 0, "Most epics", "200", 1, ISSUES_MAX }) },
	{ .name = "get_cross_project_dependencies",
	    .title = "Get Cross Project Dependencies",
	    .help = "Links between the issues of a project and those of others.",
	    .toolset = "jira_project_analysis",
	    .flags = READS | IDEMPOTENT,
	    .run = get_cross_project_dependencies,
	    .shape = &crossings_shape,
	    ARGS(PROJECT_ARG,
		{ "max_issues", ARG_INT, 0, "Most issues to look at", "200", 1, ISSUES_MAX }) },
};
const struct tool_set jira_analysis_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

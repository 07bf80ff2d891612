/*
 * Reading an issue.  One request by default: comments, names of custom fields, transitions and the
 * history come with it.  Only watchers, links to other sites and a long worklog need requests of
 * their own; they run beside the first.
 */
#include "atlassian/jira.h"

#define COMMENTS_MAX	    100
#define WORKLOGS_MAX	    1000
#define WORKLOGS_PAGE	    100
#define COMMENT_LIMIT_START 10

/* ---- sections -------------------------------------------------------------------------------- */

enum section {
	SECTION_REMOTE_LINKS = 1,
	SECTION_TRANSITIONS = 2,
	SECTION_WATCHERS = 4,
	SECTION_CHANGELOG = 8,
	SECTION_COMMENTS = 16,
	SECTION_WORKLOGS = 32,
	SECTION_ALL = 63,
};
static const struct {
	const char *name;
	unsigned sections;
} section_names[] = {
	{ "all", SECTION_ALL },
	{ "remote_links", SECTION_REMOTE_LINKS },
	{ "transitions", SECTION_TRANSITIONS },
	{ "watchers", SECTION_WATCHERS },
	{ "changelog", SECTION_CHANGELOG },
	{ "changelogs", SECTION_CHANGELOG },
	{ "comments", SECTION_COMMENTS },
	{ "comment", SECTION_COMMENTS },
	{ "worklogs", SECTION_WORKLOGS },
	{ "worklog", SECTION_WORKLOGS },
};

static bool
sections_take(struct work *work, unsigned *out)
{
	struct slice *names;
	size_t n = arg_list(work, "include", &names), k;

	*out = 0;
	for (size_t i = 0; i < n; i++) {
		for (k = 0; k < COUNT(section_names); k++) {
			if (slice_eq_nocase(names[i], slice_of(section_names[k].name)))
				break;
		}
		if (k == COUNT(section_names))
			return work_fail(work, ERR_PARAMS,
			    "include: \"%.*s\" is none of all, remote_links, transitions, watchers, changelog, comments, worklogs",
			    SLICE_FMT(names[i]));
		*out |= section_names[k].sections;
	}
	return true;
}

/* ---- what is asked for ----------------------------------------------------------------------- */

static bool
has_field(const struct issue_view *view, struct slice id)
{
	for (size_t i = 0; i < view->fields_n; i++) {
		if (slice_eq(view->fields[i], id))
			return true;
	}
	return view->is_all;
}

/* Comments: where they are named, and with the fields that are given when none are named. */
static bool
wants_comments(const struct work *work, const struct issue_view *view, unsigned sections)
{
	return sections & SECTION_COMMENTS || has_field(view, S("comment")) ||
	    (!arg_has(work, "fields") && arg_int(work, "comment_limit") > 0);
}

static void
view_complete(struct work *work, struct issue_view *view, unsigned sections)
{
	view->comment_start = arg_int(work, "comment_start");
	view->comment_limit = arg_int(work, "comment_limit");
	if (sections & SECTION_COMMENTS && view->comment_limit == 0)
		view->comment_limit = COMMENT_LIMIT_START;
	if (view->query != NULL && !view->is_all && wants_comments(work, view, sections))
		view->query = jira_csv_add(work, view->query, "comment");
	if (view->query != NULL && !view->is_all && sections & SECTION_WORKLOGS)
		view->query = jira_csv_add(work, view->query, "worklog");
	if (sections & SECTION_TRANSITIONS)
		view->expand = jira_csv_add(work, view->expand, "transitions");
	if (sections & SECTION_CHANGELOG)
		view->expand = jira_csv_add(work, view->expand, "changelog");
}

/* ---- sections that are more than a field ----------------------------------------------------- */

SHAPE(jira_watchers_shape, { "issue_key", SHAPE_STR }, { "watcher_count", SHAPE_INT, "watchCount" },
    { "is_watching", SHAPE_BOOL, "isWatching" },
    { "watchers", SHAPE_LIST, "watchers", &jira_user_shape });

/* What failed is named, the rest of the issue is there. */
static void
section_failed(struct work *work, const char *name, const struct err *err)
{
	yyjson_mut_val *errors = yyjson_mut_obj_get(work->out, "include_errors");

	if (errors == NULL) {
		errors = out_obj(work);
		out_val(work, work->out, "include_errors", errors);
	}
	out_str(work, errors, name, err->text);
}

/* The field holds the first twenty or so; all others by pages. */
static bool
worklogs_add_wait(struct work *work, const char *key, yyjson_val *field)
{
	yyjson_val *first = yyjson_obj_get(field, "worklogs");
	int64_t total = yyjson_get_sint(yyjson_obj_get(field, "total"));
	int64_t n = (int64_t)yyjson_arr_size(first);
	yyjson_mut_val *list = shape_list(work, &jira_worklog_shape, first);
	struct pages pages;

	if (list == NULL)
		list = out_arr(work);
	out_val(work, work->out, "worklogs", list);
	if (total <= n)
		return true;
	yyjson_mut_arr_clear(list);
	pages_init(&pages, work, PAGE_START_AT,
	    work_path(work, "{api}/issue/{key}/worklog", "key", key, NULL), "worklogs", 0,
	    WORKLOGS_MAX, WORKLOGS_PAGE);
	return pages_show_wait(&pages, &jira_worklog_shape, list);
}

static bool
sections_add_wait(struct work *work, unsigned sections, yyjson_val *issue)
{
	static const struct {
		unsigned section;
		const char *key;
	} always[] = { { SECTION_COMMENTS, "comments" }, { SECTION_CHANGELOG, "changelogs" },
		{ SECTION_TRANSITIONS, "transitions" } };
	const char *key = yyjson_get_str(yyjson_obj_get(issue, "key"));

	for (size_t i = 0; i < COUNT(always); i++) {
		if (sections & always[i].section &&
		    yyjson_mut_obj_get(work->out, always[i].key) == NULL)
			out_val(work, work->out, always[i].key, out_arr(work));
	}
	if (!(sections & SECTION_WORKLOGS))
		return true;
	yyjson_mut_obj_remove_key(work->out, "worklog");
	return worklogs_add_wait(work, key, json_at(issue, "fields/worklog"));
}

/* ---- the story ------------------------------------------------------------------------------- */

enum part { PART_ISSUE, PART_LINKS, PART_WATCHERS, PARTS_N };

static const char *
issue_path(struct work *work, const char *key, const struct issue_view *view)
{
	const char *properties = arg_str(work, "properties");

	return work_path(work, "{api}/issue/{key}", "key", key, "fields", view->query, "expand",
	    view->expand, "properties",
	    properties != NULL && *properties != '\0' ? properties : NULL, "updateHistory",
	    arg_bool(work, "update_history") ? "true" : NULL, NULL);
}

static bool
parts_ask_wait(struct work *work, struct jira_part *parts, const char *key,
    const struct issue_view *view, unsigned sections)
{
	static const struct {
		unsigned section;
		const char *path;
	} more[] = { { SECTION_REMOTE_LINKS, "{api}/issue/{key}/remotelink" },
		{ SECTION_WATCHERS, "{api}/issue/{key}/watchers" } };
	struct jira_part *asked = parts;
	size_t n = 1;

	parts[PART_ISSUE].path = issue_path(work, key, view);
	for (size_t i = 0; i < COUNT(more); i++) {
		if (sections & more[i].section)
			parts[n++].path = work_path(work, more[i].path, "key", key, NULL);
	}
	for (size_t i = 0; i < n; i++) {
		if (parts[i].path == NULL)
			return false;
	}
	return jira_parts_wait(work, asked, n);
}

/* Parts stand in the order in which they were asked for. */
static void
parts_add(struct work *work, const struct jira_part *part, unsigned sections, const char *key)
{
	yyjson_mut_val *watchers;

	if (sections & SECTION_REMOTE_LINKS) {
		out_val(work, work->out, "remote_links",
		    part->is_ok && yyjson_is_arr(part->reply)
			? shape_list(work, &jira_remote_link_shape, part->reply)
			: out_arr(work));
		if (!part->is_ok)
			section_failed(work, "remote_links", &part->err);
		part++;
	}
	if (sections & SECTION_WATCHERS) {
		watchers = part->is_ok ? shape_make(work, &jira_watchers_shape, part->reply)
				       : out_obj(work);
		out_str(work, watchers, "issue_key", key);
		out_val(work, work->out, "watchers", watchers);
		if (!part->is_ok)
			section_failed(work, "watchers", &part->err);
	}
}

static bool
get_issue(struct work *work)
{
	struct slice asked = arg_slice(work, "issue_key");
	const char *key = arg_str(work, "issue_key");
	struct jira_part *parts = jira_parts(work, PARTS_N);
	struct issue_view view;
	unsigned sections;

	if (parts == NULL || !jira_key_check(work, asked) || !sections_take(work, &sections) ||
	    !issue_view_args_wait(work, &view))
		return false;
	view_complete(work, &view, sections);
	if (!parts_ask_wait(work, parts, key, &view, sections))
		return false;
	if (!parts[PART_ISSUE].is_ok) {
		*work->err = parts[PART_ISSUE].err;
		work->said = parts[PART_ISSUE].work.said;
		if (parts[PART_ISSUE].work.status == 404)
			return work_fail(work, ERR_RESOURCE,
			    "%.*s has no issue %s, or you may not see it",
			    SLICE_FMT(work->site->provider.name), key);
		return false;
	}
	if (!jira_reply_check(work, parts[PART_ISSUE].reply, asked))
		return false;
	view.names = yyjson_obj_get(parts[PART_ISSUE].reply, "names");
	work->out = issue_make(work, &view, parts[PART_ISSUE].reply);
	parts_add(work, parts + 1, sections, key);
	return sections_add_wait(work, sections, parts[PART_ISSUE].reply);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct tool tools[] = {
	{ .name = "get_issue",
	    .title = "Get Issue",
	    .help =
		"One issue, with the fields you name; comments come with it. Use include for what else belongs to it.",
	    .toolset = "jira_issues",
	    .flags = READS | IDEMPOTENT,
	    .run = get_issue,
	    .shape = &jira_issue_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		{ "fields", ARG_CSV, 0, JIRA_FIELDS_HELP, JIRA_READ_FIELDS },
		{ "expand", ARG_STR, 0, "REST expansions, such as renderedFields,changelog", NULL,
		    0, 400 },
		{ "comment_limit", ARG_INT, 0, "Most comments, oldest first; 0: none", "10", 0,
		    COMMENTS_MAX },
		{ "comment_start", ARG_INT, 0, "Comments left out at the start", "0", 0,
		    INT32_MAX },
		{ "properties", ARG_STR, 0, "Entity properties to return, comma list", NULL, 0,
		    400 },
		{ "update_history", ARG_BOOL, 0, "Count as a view of the issue", "true" },
		{ "include", ARG_CSV, 0,
		    "all, or: remote_links, transitions, watchers, changelog, comments, worklogs" },
		{ "use_display_names", ARG_BOOL, 0,
		    "Custom fields under their names instead of ids", "false" }) },
};
const struct tool_set jira_issue_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

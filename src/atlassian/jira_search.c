/*
 * Searching by JQL.  The site's filter stands beside the caller's query, never inside it (jql.h),
 * and every issue of a reply is looked at once more.  Cloud pages by tokens: a start_at is reached
 * there by one request for ids alone.
 */
#include "atlassian/jira.h"

#define PAGE_MAX  100
#define LIMIT_MAX 1000
#define SKIP_MAX  5000 /* ids in one page of Cloud */

/* ---- queries --------------------------------------------------------------------------------- */

/* The filter and what the caller asks to see of it. */
static bool
projects_take(
    struct work *work, const struct slice *wanted, size_t wanted_n, struct slice **out, size_t *n)
{
	const struct config_site *config = work->site->config;
	size_t most = wanted_n > config->filter_n ? wanted_n : config->filter_n;

	*n = 0;
	if (!arena_reserve(work->arena, (most + 1) * sizeof(**out), work->err))
		return false;
	*out = ARENA_ARRAY(work->arena, struct slice, most + 1);
	for (size_t i = 0; i < wanted_n; i++) {
		if (wanted[i].n > 0 && jira_may_see(work, wanted[i]))
			(*out)[(*n)++] = wanted[i];
	}
	if (wanted_n > 0 && *n == 0)
		return jira_project_check(work, wanted[0]);
	if (wanted_n > 0)
		return true;
	for (size_t i = 0; i < config->filter_n; i++)
		(*out)[(*n)++] = config->filter[i];
	return true;
}

bool
jira_jql(struct work *work, struct slice jql, const struct slice *projects, size_t projects_n,
    const char **out)
{
	struct slice *all;
	struct buf text;
	size_t n;
	bool ok;

	*out = NULL;
	if (!projects_take(work, projects, projects_n, &all, &n))
		return false;
	buf_init(&text, NULL, 2 * JQL_MAX_BYTES);
	ok = jql_compose(&text, jql, all, n, work->err);
	if (ok)
		*out = work_cstr(work, text.n > 0 ? buf_view(&text) : S(""));
	buf_fini(&text);
	return ok && *out != NULL;
}

/* ---- results --------------------------------------------------------------------------------- */

static const char *
page_summary(struct work *work, const struct issue_page *page)
{
	size_t n = yyjson_mut_arr_size(page->issues);
	const char *s = n == 1 ? "" : "s";

	if (page->next_token != NULL)
		return work_printf(
		    work, "%zu issue%s; more with page_token %s", n, s, page->next_token);
	if (page->total > page->start + page->seen)
		return work_printf(work, "%zu issue%s of %lld; more with start_at %lld", n, s,
		    (long long)page->total, (long long)page->start + (long long)page->seen);
	if (page->total >= 0)
		return work_printf(work, "%zu issue%s of %lld", n, s, (long long)page->total);
	return work_printf(work, "%zu issue%s", n, s);
}

void
issue_page_make(struct work *work, const struct issue_page *page)
{
	work->out = out_obj(work);
	out_int(work, work->out, "total", page->total);
	out_int(work, work->out, "start_at", page->start);
	out_int(work, work->out, "max_results", page->limit);
	out_val(work, work->out, "issues", page->issues);
	out_str(work, work->out, "next_page_token", page->next_token);
	if (page->seen > 0 && page->total > page->start + page->seen)
		out_int(work, work->out, "next_start_at", page->start + page->seen);
	work->summary = slice_of(page_summary(work, page));
}

static void
issues_add(struct work *work, const struct issue_view *view, yyjson_val *items, yyjson_mut_val *to)
{
	yyjson_val *issue;
	yyjson_mut_val *made;
	size_t i, max;

	yyjson_arr_foreach(items, i, max, issue)
	{
		if (!jira_may_see_issue(work, issue))
			continue;
		made = issue_make(work, view, issue);
		if (made != NULL)
			yyjson_mut_arr_append(to, made);
	}
}

/* ---- pages ----------------------------------------------------------------------------------- */

static yyjson_mut_val *
cloud_body(struct work *work, const struct jira_search *search, bool is_skip)
{
	yyjson_mut_val *body = out_obj(work), *fields = out_arr(work);

	out_str(work, body, "jql", search->jql);
	for (size_t i = 0; i < search->view->fields_n; i++)
		yyjson_mut_arr_append(fields,
		    yyjson_mut_strncpy(
			work->doc, search->view->fields[i].p, search->view->fields[i].n));
	if (is_skip) {
		yyjson_mut_arr_clear(fields);
		yyjson_mut_arr_append(fields, yyjson_mut_str(work->doc, "id"));
	} else if (search->view->fields_n == 0) {
		yyjson_mut_arr_append(fields, yyjson_mut_str(work->doc, "*all"));
	}
	out_val(work, body, "fields", fields);
	if (!is_skip)
		out_str(work, body, "expand", search->view->expand);
	return body;
}

static void
cloud_pages(struct work *work, struct pages *pages, const struct jira_search *search, bool is_skip)
{
	pages_init(pages, work, PAGE_TOKEN, "/rest/api/3/search/jql", "issues", 0,
	    is_skip ? search->start : search->limit, is_skip ? SKIP_MAX : PAGE_MAX);
	pages->body = cloud_body(work, search, is_skip);
	pages->next_token = search->page_token;
}

/* The token of the page that begins at start; *is_over: there is none. */
static bool
skip_wait(struct work *work, struct jira_search *search, bool *is_over)
{
	struct pages pages;
	yyjson_val *items;

	*is_over = false;
	if (search->start == 0 || search->page_token != NULL)
		return true;
	if (search->start > SKIP_MAX)
		return work_fail(work, ERR_PARAMS,
		    "start_at: at most %d on Cloud; page_token goes on from where a search ended",
		    SKIP_MAX);
	cloud_pages(work, &pages, search, true);
	do {
		if (!pages_next_wait(&pages, &items))
			return false;
	} while (items != NULL && !pages.is_over);
	search->page_token = pages.next_token;
	*is_over = pages.next_token == NULL;
	return true;
}

static void
dc_pages(struct work *work, struct pages *pages, const struct jira_search *search)
{
	const char *path = work_path(work, "/rest/api/2/search", "jql", search->jql, "fields",
	    search->view->query != NULL ? search->view->query : "*all", "expand",
	    search->view->expand, NULL);

	pages_init(
	    pages, work, PAGE_START_AT, path, "issues", search->start, search->limit, PAGE_MAX);
}

bool
jira_search_wait(struct work *work, struct jira_search *search)
{
	struct issue_view view = *search->view;
	struct issue_page page = {
		.total = -1, .start = search->start, .limit = search->limit, .issues = out_arr(work)
	};
	struct pages pages;
	yyjson_val *items;
	bool is_over = false;

	if (search->page_token != NULL && !work->is_cloud)
		return work_fail(
		    work, ERR_PARAMS, "page_token is for Cloud; Data Center goes on with start_at");
	if (work->is_cloud && !skip_wait(work, search, &is_over))
		return false;
	if (work->is_cloud)
		cloud_pages(work, &pages, search, false);
	else
		dc_pages(work, &pages, search);
	if (pages.path == NULL)
		return false;
	while (!is_over) {
		if (!pages_next_wait(&pages, &items))
			return false;
		if (items == NULL)
			break;
		view.names = yyjson_obj_get(pages.page, "names");
		issues_add(work, &view, items, page.issues);
		is_over = pages.is_over;
	}
	page.seen = pages.seen;
	if (work->is_cloud)
		page.next_token = pages.next_token;
	else
		page.total = pages.total;
	issue_page_make(work, &page);
	return true;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static const char *
token_arg(const struct work *work)
{
	const char *token = arg_str(work, "page_token");

	return token == NULL || *token == '\0' ? NULL : token;
}

static bool
search(struct work *work)
{
	struct jira_search search = { .start = arg_int(work, "start_at"),
		.limit = arg_int(work, "limit"),
		.page_token = token_arg(work) };
	struct issue_view view;
	struct slice *projects;
	size_t n = arg_list(work, "projects_filter", &projects);

	if (!jira_jql(work, arg_slice(work, "jql"), projects, n, &search.jql) ||
	    !issue_view_args_wait(work, &view))
		return false;
	search.view = &view;
	return jira_search_wait(work, &search);
}

static bool
get_project_issues(struct work *work)
{
	struct jira_search search = { .start = arg_int(work, "start_at"),
		.limit = arg_int(work, "limit"),
		.page_token = token_arg(work) };
	struct slice project = slice_trim(arg_slice(work, "project_key"));
	struct issue_view view;

	if (project.n == 0)
		return work_fail(work, ERR_PARAMS, "project_key is empty");
	if (!jira_jql(work, SLICE_NONE, &project, 1, &search.jql) ||
	    !issue_view_args_wait(work, &view))
		return false;
	search.view = &view;
	return jira_search_wait(work, &search);
}

/* ---- validate_jql ---------------------------------------------------------------------------- */

LOCAL_SHAPE(
    valid_shape, { "valid", SHAPE_BOOL }, { "errors", SHAPE_LIST }, { "warnings", SHAPE_LIST });

static yyjson_mut_val *
strings(struct work *work, yyjson_val *list)
{
	yyjson_mut_val *out = shape_list(work, NULL, list);

	return out != NULL ? out : out_arr(work);
}

/* Cloud has an operation that parses; Data Center says what it thinks when it searches. */
static bool
parsed_wait(struct work *work, yyjson_mut_val **errors, yyjson_mut_val **warnings)
{
	yyjson_mut_val *body = out_obj(work), *queries = out_arr(work);
	struct slice jql = arg_slice(work, "jql");
	yyjson_val *reply, *one;

	yyjson_mut_arr_append(queries, yyjson_mut_strncpy(work->doc, jql.p, jql.n));
	out_val(work, body, "queries", queries);
	if (!work_send_wait(
		work, "POST", body, &reply, "/rest/api/3/jql/parse", "validation", "strict", NULL))
		return false;
	one = yyjson_arr_get_first(yyjson_obj_get(reply, "queries"));
	if (!yyjson_is_obj(one))
		return work_fail(work, ERR_UNAVAILABLE, "%.*s did not say what it read",
		    SLICE_FMT(work->site->provider.name));
	*errors = strings(work, yyjson_obj_get(one, "errors"));
	*warnings = strings(work, yyjson_obj_get(one, "warnings"));
	return true;
}

static bool
searched_wait(struct work *work, yyjson_mut_val **errors, yyjson_mut_val **warnings)
{
	const char *jql;
	yyjson_val *reply;

	*errors = out_arr(work);
	*warnings = out_arr(work);
	if (!jira_jql(work, arg_slice(work, "jql"), NULL, 0, &jql))
		return false;
	work->status = 0;
	if (work_get_wait(work, &reply, "/rest/api/2/search", "jql", jql, "maxResults", "0",
		"validateQuery", "true", NULL)) {
		*warnings = strings(work, yyjson_obj_get(reply, "warningMessages"));
		return true;
	}
	if (work_status(work) != 400)
		return false;
	yyjson_mut_arr_append(*errors, yyjson_mut_strncpy(work->doc, work->said.p, work->said.n));
	*work->err = (struct err){ 0 };
	work->said = SLICE_NONE;
	return true;
}

static bool
validate_jql(struct work *work)
{
	yyjson_mut_val *errors = NULL, *warnings = NULL;
	bool is_valid;

	if (!(work->is_cloud ? parsed_wait(work, &errors, &warnings)
			     : searched_wait(work, &errors, &warnings)))
		return false;
	is_valid = yyjson_mut_arr_size(errors) == 0;
	work->out = out_obj(work);
	out_bool(work, work->out, "valid", is_valid);
	out_val(work, work->out, "errors", errors);
	out_val(work, work->out, "warnings", warnings);
	work->summary = is_valid ? S("the query is valid") : S("the query is not valid");
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define PAGE_TOKEN_ARG \
	{ \
		"page_token", ARG_STR, 0, "Cloud: next_page_token of the page before", NULL, 0, \
		    4096 \
	}

static const struct tool tools[] = {
	{ .name = "search",
	    .title = "Search Issues",
	    .help =
		"Search issues by JQL, such as: project = PROJ AND status = \"In Progress\" ORDER BY updated.",
	    .toolset = "jira_issues",
	    .flags = READS | IDEMPOTENT,
	    .run = search,
	    .shape = &jira_issue_list_shape,
	    ARGS({ "jql", ARG_STR, REQUIRED, "A JQL query", NULL, 0, JQL_MAX_BYTES },
		{ "fields", ARG_CSV, 0, JIRA_FIELDS_HELP, JIRA_READ_FIELDS },
		{ "limit", ARG_INT, 0, "Most results", "10", 1, LIMIT_MAX },
		{ "start_at", ARG_INT, 0, "Results left out at the start", "0", 0, INT32_MAX },
		{ "projects_filter", ARG_CSV, 0,
		    "Keys of projects to search in; narrows what the site shows",
		    .of = ARG_PROJECT },
		{ "expand", ARG_STR, 0, "REST expansions, such as changelog,transitions", NULL, 0,
		    400 },
		PAGE_TOKEN_ARG,
		{ "use_display_names", ARG_BOOL, 0,
		    "Custom fields under their names instead of ids", "false" }) },
	{ .name = "get_project_issues",
	    .title = "Get Project Issues",
	    .help = "The issues of a project.",
	    .toolset = "jira_issues",
	    .flags = READS | IDEMPOTENT,
	    .run = get_project_issues,
	    .shape = &jira_issue_list_shape,
	    ARGS({ "project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ", NULL, 0, 80 },
		{ "limit", ARG_INT, 0, "Most results", "10", 1, LIMIT_MAX },
		{ "start_at", ARG_INT, 0, "Results left out at the start", "0", 0, INT32_MAX },
		{ "fields", ARG_CSV, 0, JIRA_FIELDS_HELP, JIRA_READ_FIELDS }, PAGE_TOKEN_ARG) },
	{ .name = "validate_jql",
	    .title = "Validate JQL",
	    .help = "Whether Jira understands a query, and if not, why.",
	    .toolset = "jira_issues",
	    .flags = READS | IDEMPOTENT,
	    .run = validate_jql,
	    .shape = &valid_shape,
	    ARGS({ "jql", ARG_STR, REQUIRED, "A JQL query", NULL, 0, JQL_MAX_BYTES }) },
};
const struct tool_set jira_search_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

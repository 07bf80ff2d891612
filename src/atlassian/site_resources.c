/*
 * Resources: issues, projects, pages and spaces as Markdown, by templates; and two lists of what
 * changed lately, which a client finds without knowing any name.  What is listed is the same for
 * all: who may see what is asked when it is read.
 */
#include <string.h>

#include "atlassian/confluence.h"
#include "atlassian/jira.h"
#include "atlassian/site_text.h"
#include "atlassian/text_address.h"

#define COMMENTS_MAX 100
#define LISTED_MAX   50
#define URI_PART_MAX 512

bool
site_has_tool(const struct site *site, const char *tool, const char *classic)
{
	for (size_t i = 0; i < site->rows_n; i++) {
		const struct tool *row = site->rows[i];
		const char *name = row->flags & CLASSIC ? classic : tool;

		if (name != NULL && strcmp(row->name, name) == 0)
			return true;
	}
	return false;
}

/* ---- Jira ------------------------------------------------------------------------------------ */

static void
put_row(struct buf *out, const char *name, struct slice value)
{
	if (value.n > 0)
		buf_printf(out, "**%s:** %.*s  \n", name, SLICE_FMT(value));
}

static void
put_comments(struct buf *out, yyjson_val *comments, const char *author)
{
	yyjson_val *one;
	size_t i, max;

	yyjson_arr_foreach(comments, i, max, one)
	{
		buf_puts(out, i == 0 ? "## Comments\n\n" : "");
		buf_printf(out, "**%.*s** - %.*s\n\n%.*s\n\n---\n\n",
		    SLICE_FMT(text_at(one, author, "Unknown")),
		    SLICE_FMT(text_at(one, "created", "")),
		    SLICE_FMT(text_trim(text_at(one, "body", ""))));
	}
}

static bool
issue_text(struct work *work)
{
	static const struct {
		const char *name, *path;
	} rows[] = { { "Type", "issue_type/name" }, { "Status", "status/name" },
		{ "Priority", "priority/name" }, { "Assignee", "assignee/display_name" },
		{ "Reporter", "reporter/display_name" }, { "Due", "duedate" },
		{ "Updated", "updated" }, { "URL", "browse_url" } };
	yyjson_mut_val *arguments = out_obj(work);
	struct buf *out = &work->told;
	yyjson_val *issue;
	struct slice text;

	out_slice(work, arguments, "issue_key", arg_slice(work, "key"));
	out_str(work, arguments, "fields",
	    "summary,description,status,assignee,reporter,priority,issuetype,duedate,updated,comment");
	out_int(work, arguments, "comment_limit", COMMENTS_MAX);
	out_bool(work, arguments, "update_history", false);
	if (!work_tool_wait(work, "get_issue", arguments, &issue))
		return false;
	buf_printf(out, "# %.*s: %.*s\n\n", SLICE_FMT(text_at(issue, "key", "")),
	    SLICE_FMT(text_at(issue, "summary", "")));
	for (size_t i = 0; i < COUNT(rows); i++)
		put_row(out, rows[i].name, text_at(issue, rows[i].path, NULL));
	buf_putc(out, '\n');
	text = text_trim(text_at(issue, "description", NULL));
	if (text.n > 0)
		buf_printf(out, "## Description\n\n%.*s\n\n", SLICE_FMT(text));
	put_comments(out, yyjson_obj_get(issue, "comments"), "author/display_name");
	return true;
}

/* When it was changed, as long as it may be seen. */
static bool
issue_state(struct work *work)
{
	struct slice key = arg_slice(work, "key");
	yyjson_val *issue;

	if (!jira_key_check(work, key) ||
	    !work_get_wait(work, &issue, "{api}/issue/{key}", "fields", "updated", NULL) ||
	    !jira_reply_check(work, issue, key))
		return false;
	buf_put(&work->told, text_at(issue, "fields/updated", "-"));
	return true;
}

/* Issues that a query finds, each with its URI. */
static bool
issues_text(struct work *work, const char *head, const char *jql)
{
	yyjson_mut_val *arguments = out_obj(work);
	struct buf *out = &work->told;
	yyjson_val *found, *one;
	size_t i, max;

	out_str(work, arguments, "jql", jql);
	out_str(work, arguments, "fields", "summary,status");
	out_int(work, arguments, "limit", LISTED_MAX);
	if (!work_tool_wait(work, "search", arguments, &found))
		return false;
	buf_printf(out, "# %s\n\n", head);
	yyjson_arr_foreach(yyjson_obj_get(found, "issues"), i, max, one)
	{
		struct slice key = text_at(one, "key", "");

		buf_printf(out, "- [%.*s](jira://issue/%.*s) %.*s (%.*s)\n", SLICE_FMT(key),
		    SLICE_FMT(key), SLICE_FMT(text_at(one, "summary", "")),
		    SLICE_FMT(text_at(one, "status/name", "?")));
	}
	if (yyjson_arr_size(yyjson_obj_get(found, "issues")) == 0)
		buf_puts(out, "None.\n");
	return true;
}

static bool
recent_issues_text(struct work *work)
{
	return issues_text(
	    work, "Issues updated in the last seven days", "updated >= -7d ORDER BY updated DESC");
}

static bool
my_issues_text(struct work *work)
{
	return issues_text(work, "Open issues that are assigned to you",
	    "assignee = currentUser() AND statusCategory != Done ORDER BY priority DESC, created "
	    "DESC");
}

static bool
project_text(struct work *work)
{
	struct slice key = slice_trim(arg_slice(work, "key"));
	const char *jql = NULL;
	struct buf out;

	buf_init(&out, NULL, KIB);
	buf_puts(&out, "project = ");
	jql_quote(&out, key);
	buf_puts(&out, " ORDER BY updated DESC");
	if (buf_check(&out, work->err))
		jql = work_cstr(work, buf_view(&out));
	buf_fini(&out);
	return jql != NULL && jira_project_check(work, key) &&
	    issues_text(
		work, work_printf(work, "Issues of %.*s, the latest first", SLICE_FMT(key)), jql);
}

static bool
projects_text(struct work *work)
{
	struct buf *out = &work->told;
	yyjson_val *projects, *one;
	size_t i, max;

	if (!work_tool_wait(work, "get_all_projects", NULL, &projects))
		return false;
	buf_puts(out, "# Projects\n\n");
	yyjson_arr_foreach(projects, i, max, one)
	{
		struct slice key = text_at(one, "key", "");

		buf_printf(out, "- [%.*s](jira://project/%.*s) %.*s\n", SLICE_FMT(key),
		    SLICE_FMT(key), SLICE_FMT(text_at(one, "name", "")));
	}
	return true;
}

/* ---- Confluence ------------------------------------------------------------------------------ */

/* A URI that names another space is not that page's. */
static bool
in_space(struct work *work, struct slice space)
{
	return work->tool->args_n == 1 || slice_eq_nocase(space, arg_slice(work, "space")) ||
	    work_fail(work, ERR_RESOURCE, "page %.*s is not in space %.*s",
		SLICE_FMT(arg_slice(work, "id")), SLICE_FMT(arg_slice(work, "space")));
}

static bool
page_text(struct work *work)
{
	yyjson_mut_val *arguments = out_obj(work);
	struct buf *out = &work->told;
	yyjson_val *reply, *page;
	struct slice space;

	out_slice(work, arguments, "page_id", arg_slice(work, "id"));
	if (!work_tool_wait(work, "get_page", arguments, &reply))
		return false;
	page = yyjson_obj_get(reply, "metadata");
	space = text_at(page, "space/key", "");
	if (!in_space(work, space))
		return false;
	buf_printf(out, "# %.*s\n\n", SLICE_FMT(text_at(page, "title", "")));
	put_row(out, "Space", text_at(page, "space/name", "Unknown Space"));
	buf_printf(out, "**Version:** %lld  \n",
	    (long long)yyjson_get_sint(yyjson_obj_get(page, "version")));
	put_row(out, "Updated", text_at(page, "updated", NULL));
	put_row(out, "URL", text_at(page, "url", NULL));
	buf_printf(out, "\n%.*s\n", SLICE_FMT(text_trim(text_at(page, "content/value", ""))));
	return true;
}

static bool
page_state(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "id"));
	struct page page;

	if (id == NULL || !page_get_wait(work, id, 0, WITHOUT_BODY, &page) ||
	    !in_space(work, slice_of(page.space_key)))
		return false;
	buf_printf(&work->told, "%lld", (long long)page.version);
	return true;
}

static bool
pages_text(struct work *work, yyjson_val *pages)
{
	struct buf *out = &work->told;
	yyjson_val *one;
	size_t i, max;

	yyjson_arr_foreach(pages, i, max, one)
	{
		int64_t depth = yyjson_get_sint(yyjson_obj_get(one, "depth"));

		for (int64_t k = 0; k < depth && k < 8; k++)
			buf_puts(out, "  ");
		buf_printf(out, "- [%.*s](confluence://page/%.*s)\n",
		    SLICE_FMT(text_at(one, "title", "")), SLICE_FMT(text_at(one, "id", "")));
	}
	if (yyjson_arr_size(pages) == 0)
		buf_puts(out, "None.\n");
	return true;
}

static bool
space_text(struct work *work)
{
	yyjson_mut_val *arguments = out_obj(work);
	yyjson_val *tree;

	out_slice(work, arguments, "space_key", arg_slice(work, "space"));
	if (!work_tool_wait(work, "get_space_page_tree", arguments, &tree))
		return false;
	buf_printf(&work->told, "# Pages of %.*s\n\n", SLICE_FMT(arg_slice(work, "space")));
	return pages_text(work, yyjson_obj_get(tree, "pages"));
}

static bool
recent_pages_text(struct work *work)
{
	yyjson_mut_val *arguments = out_obj(work);
	yyjson_val *found;

	out_str(work, arguments, "query",
	    "type = page AND lastmodified >= now(\"-7d\") ORDER BY lastmodified DESC");
	out_int(work, arguments, "limit", LISTED_MAX);
	if (!work_tool_wait(work, "search", arguments, &found))
		return false;
	buf_puts(&work->told, "# Pages changed in the last seven days\n\n");
	return pages_text(work, found);
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define ROW(n, t, h, fn, ...) \
	{ \
		.name = (n), .title = (t), .help = (h), .flags = READS | IDEMPOTENT, .run = (fn), \
		__VA_ARGS__ \
	}
#define SPACE \
	{ \
		"space", ARG_STR, REQUIRED, "Key of the space", NULL, 0, 255 \
	}
#define PAGE \
	{ \
		"id", ARG_ID, REQUIRED, "Id of the page", NULL, 0, 40 \
	}

static const struct resource resources[] = {
	{ PRODUCT_JIRA, "jira://issue/{key}", { "get_issue", "get-jira-issue" },
	    ROW("issue", "Jira issue", "An issue with its comments, as Markdown", issue_text,
		ARGS({ "key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" })),
	    issue_state },
	{ PRODUCT_JIRA, "jira://project/{key}", { "search", "get-my-assigned-issues" },
	    ROW("project", "Jira project", "Issues of a project, the latest first", project_text,
		ARGS({ "key", ARG_STR, REQUIRED, "Project key, such as PROJ", NULL, 0, 80 })) },
	{ PRODUCT_JIRA, "jira://projects", { "get_all_projects", "get-jira-issue" },
	    ROW("projects", "Jira projects", "All projects that you may see", projects_text) },
	{ PRODUCT_JIRA, "jira://issues/recent", { "search", "get-my-assigned-issues" },
	    ROW("recent issues", "Recent Jira issues", "Issues updated in the last seven days",
		recent_issues_text) },
	{ PRODUCT_JIRA, "jira://my-assigned-issues", { "search", "get-my-assigned-issues" },
	    ROW("my issues", "My Jira issues", "Open issues that are assigned to you",
		my_issues_text) },
	{ PRODUCT_CONFLUENCE, "confluence://page/{id}", { "get_page", "get-confluence-page" },
	    ROW("page", "Confluence page", "A page as Markdown", page_text, ARGS(PAGE)),
	    page_state },
	{ PRODUCT_CONFLUENCE, "confluence://space/{space}/page/{id}",
	    { "get_page", "get-confluence-page" },
	    ROW("page of a space", "Confluence page", "A page as Markdown", page_text,
		ARGS(PAGE, SPACE)),
	    page_state },
	{ PRODUCT_CONFLUENCE, "confluence://space/{space}",
	    { "get_space_page_tree", "search-confluence" },
	    ROW("space", "Confluence space", "The pages of a space, as a tree", space_text,
		ARGS(SPACE)) },
	{ PRODUCT_CONFLUENCE, "confluence://pages/recent", { "search", "search-confluence" },
	    ROW("recent pages", "Recent Confluence pages", "Pages changed in the last seven days",
		recent_pages_text) },
};

static bool
is_offered(const struct site *site, const struct resource *resource)
{
	return resource->product == site->config->product &&
	    site_has_tool(site, resource->needs.tool, resource->needs.classic);
}

void
resources_offer(const struct site *site, enum item_kind kind, struct buf *out)
{
	const char *mark = "[";

	for (size_t i = 0; i < COUNT(resources); i++) {
		const struct resource *one = &resources[i];
		bool is_template = one->row.args_n > 0;

		if (!is_offered(site, one) || is_template != (kind == ITEM_TEMPLATE))
			continue;
		buf_printf(out, "%s{\"%s\":\"%s\",\"name\":", mark,
		    is_template ? "uriTemplate" : "uri", one->uri);
		buf_json_string(out, slice_of(one->row.name));
		buf_puts(out, ",\"title\":");
		buf_json_string(out, slice_of(one->row.title));
		buf_puts(out, ",\"description\":");
		buf_json_string(out, slice_of(one->row.help));
		buf_puts(out, ",\"mimeType\":\"text/markdown\"}");
		mark = ",";
	}
	buf_puts(out, *mark == '[' ? "[]" : "]");
}

/* ---- finding --------------------------------------------------------------------------------- */

/* "{name}" in the template takes what stands in the URI up to the next '/'. */
static bool
parts_take(const char *template, struct slice uri, struct buf *arguments)
{
	const char *mark = "{";

	while (*template != '\0') {
		const char *end;
		size_t n = 0;
		struct buf plain;

		if (*template != '{') {
			if (uri.n == 0 || *uri.p != *template)
				return false;
			template ++;
			uri.p++;
			uri.n--;
			continue;
		}
		end = strchr(template, '}');
		while (n < uri.n && uri.p[n] != '/')
			n++;
		if (n == 0 || n > URI_PART_MAX)
			return false;
		buf_puts(arguments, mark);
		mark = ",";
		buf_json_string(
		    arguments, (struct slice){ template + 1, (size_t)(end - template) - 1 });
		buf_putc(arguments, ':');
		buf_init(&plain, NULL, URI_PART_MAX);
		address_put_plain(&plain, (struct slice){ uri.p, n });
		buf_json_string(arguments, buf_view(&plain));
		buf_fini(&plain);
		uri.p += n;
		uri.n -= n;
		template = end + 1;
	}
	buf_puts(arguments, *mark == '{' ? "{}" : "}");
	return uri.n == 0;
}

bool
resource_find(const struct site *site, struct slice uri, struct arena *arena,
    const struct resource **out, struct slice *arguments, struct err *err)
{
	struct buf text;
	bool is_found = false;

	buf_init(&text, NULL, 16 * KIB);
	for (size_t i = 0; i < COUNT(resources) && !is_found; i++) {
		buf_clear(&text);
		is_found =
		    is_offered(site, &resources[i]) && parts_take(resources[i].uri, uri, &text);
		*out = &resources[i];
	}
	is_found = is_found
	    ? buf_check(&text, err) && arena_reserve(arena, text.n, err)
	    : err_set(err, ERR_RESOURCE, "%.*s has no resource \"%.*s\"",
		  SLICE_FMT(site->provider.name), (int)(uri.n > 120 ? 120 : uri.n), uri.p);
	if (is_found)
		*arguments = slice_dup(arena, buf_view(&text));
	buf_fini(&text);
	return is_found;
}

static void
put_contents(const struct work *work, void *owner, struct buf *out)
{
	const struct slice *uri = owner;

	buf_puts(out, "{\"contents\":[{\"uri\":");
	buf_json_string(out, *uri);
	buf_puts(out, ",\"mimeType\":\"text/markdown\",\"text\":");
	buf_json_string(out, buf_view(&work->told));
	buf_puts(out, "}]");
}

bool
resource_read_wait(struct site *site, struct exchange *exchange, struct slice uri,
    struct reply *reply, struct err *err)
{
	const struct resource *resource;
	struct slice arguments;

	reply->uri = uri;
	reply->is_private = true;
	return resource_find(site, uri, &exchange->arena, &resource, &arguments, err) &&
	    work_text_wait(
		site, &resource->row, arguments, exchange, put_contents, &uri, reply, err);
}

/*
 * The tools for issues of mcp-jira-confluence: names, parameters and texts are its, what they do is
 * done by get_issue, create_issue, add_comment, transition_issue, search.  Texts of Jira come as
 * Markdown, whatever the site stores.
 */
#include <string.h>

#include "atlassian/classic.h"
#include "atlassian/jira.h"

#define TEXT_BYTES_MAX 1000000
#define COMMENTS_MAX   100 /* that come with an issue */
#define LINKS_MAX      200
#define ISSUE_FIELDS \
	"summary,description,status,assignee,reporter,priority,created,updated,issuetype,duedate"

static const char *
issue_uri(struct work *work)
{
	return work_printf(work, "jira://issue/%s", arg_str(work, "issue_key"));
}

static void
put_field(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "**%s**: %.*s\n", name, SLICE_FMT(value));
}

/* ---- an issue -------------------------------------------------------------------------------- */

/* The issue with its newest comments (none: 0), and links to other sites. */
static bool
issue_wait(struct work *work, int comments, bool has_links, yyjson_val **issue)
{
	yyjson_mut_val *arguments = out_obj(work);

	out_slice(work, arguments, "issue_key", arg_slice(work, "issue_key"));
	out_str(work, arguments, "fields", comments > 0 ? ISSUE_FIELDS ",comment" : ISSUE_FIELDS);
	out_int(work, arguments, "comment_limit", comments > 0 ? COMMENTS_MAX : 0);
	out_bool(work, arguments, "update_history", false);
	if (has_links)
		out_str(work, arguments, "include", "remote_links");
	return work_tool_wait(work, "get_issue", arguments, issue);
}

/* The last of them in the order of time; of many the issue has only the first. */
static bool
newest_wait(struct work *work, yyjson_val *issue, int most, yyjson_val ***out, size_t *n)
{
	yyjson_val *comments = yyjson_obj_get(issue, "comments"), *newest;
	yyjson_mut_val *arguments;
	bool is_reversed = yyjson_obj_get(issue, "comments_total") != NULL;

	if (is_reversed) {
		arguments = out_obj(work);
		out_slice(work, arguments, "issue_key", arg_slice(work, "issue_key"));
		out_str(work, arguments, "order", "newest");
		out_int(work, arguments, "limit", most);
		if (!work_tool_wait(work, "get_comments", arguments, &newest))
			return false;
		comments = yyjson_obj_get(newest, "comments");
	}
	*n = yyjson_arr_size(comments);
	*n = *n > (size_t)most ? (size_t)most : *n;
	if (!arena_reserve(work->arena, (*n + 1) * sizeof(**out), work->err))
		return false;
	*out = ARENA_ARRAY(work->arena, yyjson_val *, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = is_reversed
		    ? yyjson_arr_get(comments, *n - 1 - i)
		    : yyjson_arr_get(comments, yyjson_arr_size(comments) - *n + i);
	return true;
}

static bool
put_comments_wait(struct work *work, yyjson_val *issue, int most)
{
	int64_t total = (int64_t)yyjson_arr_size(yyjson_obj_get(issue, "comments"));
	yyjson_val **newest, *said = yyjson_obj_get(issue, "comments_total");
	struct buf *out = &work->told;
	size_t n;

	total = said != NULL ? yyjson_get_sint(said) : total;
	if (total == 0)
		return true;
	if (!newest_wait(work, issue, most, &newest, &n))
		return false;
	buf_printf(out, "## Comments (%lld)\n", (long long)total);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "### Comment %zu - %.*s (", i + 1,
		    SLICE_FMT(text_at(newest[i], "author/display_name", "Unknown")));
		text_moment(out, text_at(newest[i], "created", ""));
		buf_printf(out, ")\n%.*s\n\n", SLICE_FMT(text_at(newest[i], "body", "")));
	}
	if (total > most)
		buf_printf(out, "*... and %lld more comments*\n\n", (long long)total - most);
	return true;
}

static void
put_issue(struct buf *out, yyjson_val *issue)
{
	static const struct {
		const char *name, *path, *otherwise;
	} rows[] = { { "Status", "status/name", "Unknown" },
		{ "Priority", "priority/name", "Unknown" },
		{ "Type", "issue_type/name", "Unknown" },
		{ "Assignee", "assignee/display_name", "Unassigned" },
		{ "Reporter", "reporter/display_name", "Unknown" } };

	for (size_t i = 0; i < COUNT(rows); i++)
		put_field(out, rows[i].name, text_at(issue, rows[i].path, rows[i].otherwise));
	buf_puts(out, "**Created**: ");
	text_moment(out, text_at(issue, "created", "Unknown"));
	buf_puts(out, "\n**Updated**: ");
	text_moment(out, text_at(issue, "updated", "Unknown"));
	buf_putc(out, '\n');
	put_field(out, "Due Date", text_at(issue, "duedate", "No due date"));
	buf_putc(out, '\n');
}

static void
put_description(struct buf *out, yyjson_val *issue)
{
	struct slice text = text_at(issue, "description", NULL);

	if (text_trim(text).n > 0)
		buf_printf(out, "## Description\n%.*s\n\n", SLICE_FMT(text));
}

static bool
get_issue(struct work *work)
{
	int comments = arg_bool(work, "include_comments") ? 3 : 0;
	struct buf *out = &work->told;
	yyjson_val *issue;

	if (!issue_wait(work, comments, false, &issue))
		return false;
	buf_printf(out, "# Jira Issue: %.*s\n\n", SLICE_FMT(text_at(issue, "key", "")));
	put_field(out, "Title", text_at(issue, "summary", "No summary"));
	put_issue(out, issue);
	put_description(out, issue);
	if (comments > 0 && !put_comments_wait(work, issue, comments))
		return false;
	return classic_told(work, issue_uri(work));
}

/* ---- links ----------------------------------------------------------------------------------- */

struct link_found {
	struct slice title, url, summary;
	const char *source;
	bool is_git;
};

struct links {
	struct work *work;
	struct link_found *all;
	size_t n, of_git;
	bool wants_git;
};

/* How addresses begin, behind their scheme, and how many names a repository then has. */
static const struct {
	const char *host;   /* it, or what it ends in; NULL: any */
	const char *path;   /* how it begins */
	const char *within; /* stands in it too */
	unsigned names;
	bool is_git;
} places[] = {
	{ NULL, "/confluence/", NULL, 1, false },
	{ NULL, "/wiki/", NULL, 1, false },
	{ NULL, "/display/", NULL, 1, false },
	{ "github.com", "/", NULL, 2, true },
	{ "gitlab.com", "/", NULL, 2, true },
	{ "bitbucket.org", "/", NULL, 2, true },
	{ ".visualstudio.com", "/", "/_git/", 2, true },
	{ "dev.azure.com", "/", "/_git/", 2, true },
	{ NULL, "/gitlab/", NULL, 2, true },
	{ NULL, "/bitbucket/", NULL, 2, true },
	{ NULL, "/git/", NULL, 2, true },
};

/* Non-empty parts of a path. */
static unsigned
names_in(struct slice path)
{
	struct slice rest = path;
	unsigned n = 0;

	while (rest.p != NULL)
		n += slice_cut(rest, '/', &rest).n > 0;
	return n;
}

/* Whose is the address, without its scheme?  false: nobody's that is looked for. */
static bool
place_of(struct slice address, bool *is_git)
{
	const char *slash = address.n > 0 ? memchr(address.p, '/', address.n) : NULL;
	struct slice host, path, rest;

	if (slash == NULL)
		return false;
	host = (struct slice){ address.p, (size_t)(slash - address.p) };
	path = (struct slice){ slash, address.n - host.n };
	for (size_t i = 0; i < COUNT(places); i++) {
		struct slice end = slice_of(places[i].host), begin = slice_of(places[i].path);

		if (host.n < end.n || !slice_starts(path, begin) ||
		    (end.n > 0 && memcmp(host.p + host.n - end.n, end.p, end.n) != 0) ||
		    (end.n > 0 && end.p[0] != '.' && host.n != end.n) ||
		    (places[i].within != NULL && !slice_has(path, slice_of(places[i].within))))
			continue;
		rest = (struct slice){ path.p + begin.n, path.n - begin.n };
		if (names_in(rest) < places[i].names)
			continue;
		*is_git = places[i].is_git;
		return true;
	}
	return false;
}

static void
link_add(struct links *links, const struct link_found *link)
{
	if (links->n == LINKS_MAX || (link->is_git && !links->wants_git))
		return;
	for (size_t i = 0; i < links->n; i++) {
		if (links->all[i].source == link->source && slice_eq(links->all[i].url, link->url))
			return;
	}
	links->all[links->n++] = *link;
	links->of_git += link->is_git;
}

/* Where an address in a text ends. */
static size_t
address_end(struct slice text, size_t at)
{
	while (
	    at < text.n && (unsigned char)text.p[at] > ' ' && strchr(")>]|\"", text.p[at]) == NULL)
		at++;
	return at;
}

/* "git@host:owner/name" */
static bool
is_ssh(struct slice address)
{
	const char *colon = memchr(address.p, ':', address.n);

	return colon != NULL &&
	    names_in((struct slice){ colon + 1, address.n - (size_t)(colon + 1 - address.p) }) == 2;
}

static void
links_find(struct links *links, struct slice text, const char *source, struct slice summary)
{
	static const struct {
		struct slice mark;
		bool is_ssh;
	} marks[] = { { S("https://"), false }, { S("http://"), false }, { S("git@"), true } };

	for (size_t at = 0; at < text.n;) {
		struct slice rest = { text.p + at, text.n - at };
		size_t k = 0, end;

		while (k < COUNT(marks) && !slice_starts(rest, marks[k].mark))
			k++;
		if (k == COUNT(marks)) {
			at++;
			continue;
		}
		end = address_end(text, at);
		rest.n = end - at;
		struct link_found link = { .url = rest, .source = source, .summary = summary };
		struct slice address = { rest.p + marks[k].mark.n, rest.n - marks[k].mark.n };

		link.is_git = marks[k].is_ssh;
		if (marks[k].is_ssh ? is_ssh(address) : place_of(address, &link.is_git)) {
			link.title = link.is_git ? S("Git Repository") : S("Confluence Page");
			link_add(links, &link);
		}
		at = end;
	}
}

static void
links_find_remote(struct links *links, yyjson_val *issue)
{
	yyjson_val *one;
	size_t i, max;

	yyjson_arr_foreach(yyjson_obj_get(issue, "remote_links"), i, max, one)
	{
		struct slice url = text_at(one, "url", "");
		struct link_found link = {
			.url = url, .source = "Remote Link", .summary = text_at(one, "summary", "")
		};

		link.is_git = !slice_has(url, S("confluence")) && !slice_has(url, S("wiki"));
		if (link.is_git && !jira_holds(url, S("git")) && !jira_holds(url, S("bitbucket")))
			continue;
		link.title =
		    text_at(one, "title", link.is_git ? "Git Repository" : "Confluence Page");
		link_add(links, &link);
	}
}

/* Of remote links, the description and the comments. */
static bool
links_take(struct links *links, yyjson_val *issue)
{
	struct work *work = links->work;
	yyjson_val *one;
	size_t i, max;

	if (!arena_reserve(work->arena, LINKS_MAX * sizeof(*links->all), work->err))
		return false;
	links->all = ARENA_ARRAY(work->arena, struct link_found, LINKS_MAX);
	links_find_remote(links, issue);
	links_find(links, text_at(issue, "description", ""), "Description Link",
	    S("Found in issue description"));
	yyjson_arr_foreach(yyjson_obj_get(issue, "comments"), i, max, one)
	{
		const char *summary = work_printf(work, "Found in comment by %.*s",
		    SLICE_FMT(text_at(one, "author/display_name", "Unknown")));

		links_find(links, text_at(one, "body", ""), "Comment Link", slice_of(summary));
	}
	return true;
}

static void
put_links(struct buf *out, const struct links *links, bool is_git)
{
	size_t n = is_git ? links->of_git : links->n - links->of_git, number = 0;

	if (n == 0)
		return;
	buf_printf(out, "## %s Links (%zu)\n\n", is_git ? "Git Repository" : "Confluence", n);
	for (size_t i = 0; i < links->n; i++) {
		const struct link_found *link = &links->all[i];

		if (link->is_git != is_git)
			continue;
		buf_printf(out, "### %zu. %.*s\n", ++number, SLICE_FMT(link->title));
		buf_printf(
		    out, "**URL**: %.*s\n**Source**: %s\n", SLICE_FMT(link->url), link->source);
		if (link->summary.n > 0)
			buf_printf(out, "**Summary**: %.*s\n", SLICE_FMT(link->summary));
		buf_putc(out, '\n');
	}
}

static bool
extract_links(struct work *work)
{
	struct links links = { .work = work, .wants_git = arg_bool(work, "include_git_urls") };
	const char *key = arg_str(work, "issue_key");
	struct buf *out = &work->told;
	yyjson_val *issue;
	size_t wiki;

	if (!issue_wait(work, COMMENTS_MAX, true, &issue) || !links_take(&links, issue))
		return false;
	if (links.n == 0) {
		buf_printf(out, "No Confluence links%s found in Jira issue %s.",
		    links.wants_git ? " or Git repository URLs" : "", key);
		return true;
	}
	wiki = links.n - links.of_git;
	buf_printf(out, "# Links Found in %s\n\n*Found %zu link(s) total", key, links.n);
	if (wiki > 0 && links.of_git > 0)
		buf_printf(out, " (%zu Confluence, %zu Git)", wiki, links.of_git);
	else
		buf_puts(out, wiki > 0 ? " (all Confluence)" : " (all Git repositories)");
	buf_printf(out, "*\n\n# %s\n\n", key);
	put_links(out, &links, false);
	put_links(out, &links, true);
	return classic_told(work, issue_uri(work));
}

static bool
summarize_issue(struct work *work)
{
	struct buf *out = &work->told;
	yyjson_val *issue, *one;
	bool any = false;
	size_t i, max;

	if (!issue_wait(work, 5, true, &issue))
		return false;
	buf_printf(out, "# Jira Issue Summary: %.*s\n\n", SLICE_FMT(text_at(issue, "key", "")));
	put_field(out, "Title", text_at(issue, "summary", "No summary"));
	buf_putc(out, '\n');
	put_issue(out, issue);
	put_description(out, issue);
	yyjson_arr_foreach(yyjson_obj_get(issue, "remote_links"), i, max, one)
	{
		struct slice url = text_at(one, "url", ""), summary = text_at(one, "summary", "");

		if (!jira_holds(url, S("confluence")))
			continue;
		buf_puts(out, any ? "" : "## Confluence References\n");
		any = true;
		buf_printf(out, "- [%.*s](%.*s)%s%.*s\n",
		    SLICE_FMT(text_at(one, "title", "Confluence Page")), SLICE_FMT(url),
		    summary.n > 0 ? " - " : "", SLICE_FMT(summary));
	}
	buf_puts(out, any ? "\n" : "");
	return put_comments_wait(work, issue, 5) && classic_told(work, issue_uri(work));
}

/* ---- mine ------------------------------------------------------------------------------------ */

static bool
get_my_issues(struct work *work)
{
	int64_t most = arg_int(work, "max_results"), total;
	yyjson_mut_val *arguments = out_obj(work);
	struct buf *out = &work->told;
	yyjson_val *found, *issues, *one;
	size_t i, max;

	most = most > 100 ? 100 : most < 1 ? 25 : most;
	out_str(work, arguments, "jql",
	    arg_bool(work, "include_done")
		? "assignee = currentUser() ORDER BY priority DESC, created DESC"
		: "assignee = currentUser() AND statusCategory != Done "
		  "ORDER BY priority DESC, created DESC");
	out_str(work, arguments, "fields", "summary,status,priority,created,issuetype,duedate");
	out_int(work, arguments, "limit", most);
	if (!work_tool_wait(work, "search", arguments, &found))
		return false;
	issues = yyjson_obj_get(found, "issues");
	total = yyjson_get_sint(yyjson_obj_get(found, "total"));
	if (yyjson_arr_size(issues) == 0) {
		buf_puts(out, "No issues assigned to you were found.");
		return true;
	}
	/* Cloud does not count them. */
	buf_printf(out, "Found %zu ", yyjson_arr_size(issues));
	if (total >= 0)
		buf_printf(out, "out of %lld ", (long long)total);
	buf_puts(out,
	    total < 0 && yyjson_obj_get(found, "next_page_token") != NULL
		? "of more issues assigned to you:\n\n"
		: "issues assigned to you:\n\n");
	yyjson_arr_foreach(issues, i, max, one)
	{
		buf_printf(out, "**%.*s**: %.*s\n", SLICE_FMT(text_at(one, "key", "Unknown")),
		    SLICE_FMT(text_at(one, "summary", "No summary")));
		buf_printf(out,
		    "  - Status: %.*s\n  - Priority: %.*s\n  - Type: %.*s\n  - Created: ",
		    SLICE_FMT(text_at(one, "status/name", "Unknown")),
		    SLICE_FMT(text_at(one, "priority/name", "Unknown")),
		    SLICE_FMT(text_at(one, "issue_type/name", "Unknown")));
		text_moment(out, text_at(one, "created", "Unknown"));
		buf_printf(out, "\n  - Due Date: %.*s\n\n",
		    SLICE_FMT(text_at(one, "duedate", "No due date")));
	}
	return classic_told(work, "jira://my-assigned-issues");
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool
create_issue(struct work *work)
{
	yyjson_val *made;
	const char *key;

	if (!work_tool_wait(work, "create_issue", work_given(work), &made))
		return false;
	key = work_cstr(work, text_at(made, "issue/key", ""));
	if (key == NULL)
		return false;
	buf_printf(&work->told, "Created Jira issue %s", key);
	work_attach_text(work, slice_of(work_printf(work, "Created Jira issue: %s", key)),
	    work_printf(work, "jira://issue/%s", key));
	return true;
}

static bool
comment_issue(struct work *work)
{
	yyjson_mut_val *arguments = out_obj(work);
	const char *key = arg_str(work, "issue_key");
	yyjson_val *made;

	out_str(work, arguments, "issue_key", key);
	out_slice(work, arguments, "body", arg_slice(work, "comment"));
	if (!work_tool_wait(work, "add_comment", arguments, &made))
		return false;
	buf_printf(&work->told, "Added comment to Jira issue %s", key);
	work_attach_text(work, slice_of(work_printf(work, "Added comment to Jira issue: %s", key)),
	    issue_uri(work));
	return true;
}

static bool
transition_issue(struct work *work)
{
	struct slice name = slice_trim(arg_slice(work, "transition_name")),
		     id = slice_trim(arg_slice(work, "transition_id")), status;
	yyjson_mut_val *arguments = out_obj(work);
	const char *key = arg_str(work, "issue_key");
	yyjson_val *moved;

	if (name.n == 0 && id.n == 0)
		return work_fail(work, ERR_PARAMS,
		    "transition_name or transition_id is required: where %s shall go", key);
	out_str(work, arguments, "issue_key", key);
	out_slice(work, arguments, "transition_id", name.n > 0 ? name : id);
	if (!work_tool_wait(work, "transition_issue", arguments, &moved))
		return false;
	status = text_at(moved, "issue/status/name", "Unknown");
	if (name.n > 0)
		buf_printf(&work->told,
		    "✅ Successfully transitioned Jira issue %s\n**Transition:** %.*s\n"
		    "**New Status:** %.*s",
		    key, SLICE_FMT(name), SLICE_FMT(status));
	else
		buf_printf(&work->told, "✅ Transitioned Jira issue %s to status: %.*s", key,
		    SLICE_FMT(status));
	return classic_told(work, issue_uri(work));
}

static bool
get_transitions(struct work *work)
{
	yyjson_val *transitions, *one;
	struct buf *out = &work->told;
	const char *key = arg_str(work, "issue_key");
	size_t i, max;

	if (!work_tool_wait(work, "get_transitions", work_given(work), &transitions))
		return false;
	if (yyjson_arr_size(transitions) == 0) {
		buf_printf(out,
		    "No transitions available for issue %s. The issue may be in a final state.",
		    key);
		return true;
	}
	buf_printf(out, "# Available Transitions for %s\n\n", key);
	yyjson_arr_foreach(transitions, i, max, one)
	{
		buf_printf(out, "**%zu. %.*s**\n   - Target Status: %.*s\n", i + 1,
		    SLICE_FMT(text_at(one, "name", "Unknown")),
		    SLICE_FMT(text_at(one, "to_status", "Unknown")));
		buf_printf(out, "   - Transition ID: %lld\n\n",
		    (long long)yyjson_get_sint(yyjson_obj_get(one, "id")));
	}
	buf_printf(out,
	    "**Usage:** Use `transition-jira-issue` with `transition_name` parameter.\n"
	    "**Example:** transition_name: \"%.*s\"",
	    SLICE_FMT(text_at(yyjson_arr_get_first(transitions), "name", "In Progress")));
	return classic_told(work, issue_uri(work));
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define KEY_ARG \
	{ \
		"issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" \
	}

static const struct tool tools[] = {
	{ .name = "create-jira-issue",
	    .title = "Create Jira Issue",
	    .help = "Create a new Jira issue.",
	    .toolset = "classic",
	    .flags = WRITES | CLASSIC,
	    .run = create_issue,
	    ARGS({ "project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ" },
		{ "summary", ARG_STR, REQUIRED, "Summary", NULL, 0, 1020 },
		{ "issue_type", ARG_STR, REQUIRED, "Name of the type", NULL, 0, 255 },
		{ "description", ARG_TEXT, 0, "Text in Markdown", NULL, 0, TEXT_BYTES_MAX },
		{ "assignee", ARG_STR, 0, "E-mail, name, or accountid:ID", NULL, 0, 255 }) },
	{ .name = "comment-jira-issue",
	    .title = "Comment Jira Issue",
	    .help = "Add a comment to a Jira issue.",
	    .toolset = "classic",
	    .flags = WRITES | CLASSIC,
	    .run = comment_issue,
	    ARGS(KEY_ARG,
		{ "comment", ARG_TEXT, REQUIRED, "Text in Markdown", NULL, 0, TEXT_BYTES_MAX }) },
	{ .name = "transition-jira-issue",
	    .title = "Transition Jira Issue",
	    .help =
		"Move a Jira issue to another status, by the name of the transition or of the status, or by the transition's id.",
	    .toolset = "classic",
	    .flags = WRITES | DESTROYS | CLASSIC,
	    .run = transition_issue,
	    ARGS(KEY_ARG,
		{ "transition_name", ARG_STR, 0, "Name of the transition or target status", NULL, 0,
		    255 },
		{ "transition_id", ARG_ID, 0, "Id of the transition, in its place", NULL, 0,
		    255 }) },
	{ .name = "get-jira-transitions",
	    .title = "Get Jira Transitions",
	    .help = "The transitions that a Jira issue can take now.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = get_transitions,
	    ARGS(KEY_ARG) },
	{ .name = "get-jira-issue",
	    .title = "Get Jira Issue",
	    .help = "One Jira issue by its key.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = get_issue,
	    ARGS(KEY_ARG,
		{ "include_comments", ARG_BOOL, 0, "The last three comments too", "false" }) },
	{ .name = "get-my-assigned-issues",
	    .title = "Get My Assigned Issues",
	    .help = "Issues that are assigned to you, the most urgent and newest first.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = get_my_issues,
	    ARGS({ "max_results", ARG_INT, 0, "Most issues, up to 100", "25" },
		{ "include_done", ARG_BOOL, 0, "Done and closed ones too", "false" }) },
	{ .name = "summarize-jira-issue",
	    .title = "Summarize Jira Issue",
	    .help = "A Jira issue with its last comments and the Confluence pages it refers to.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = summarize_issue,
	    ARGS(KEY_ARG) },
	{ .name = "extract-confluence-links",
	    .title = "Extract Confluence Links",
	    .help =
		"Links to Confluence pages and Git repositories in a Jira issue: in its links, its description, its comments.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = extract_links,
	    ARGS(KEY_ARG, { "include_git_urls", ARG_BOOL, 0, "Git repositories too", "true" }) },
};
const struct tool_set jira_classic_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

/*
 * The sandbox's Jira: issues, searches, comments, transitions.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

#define PAGE_MOST 100 /* of search/jql; the older search: 1000 */

/* ---- issues ---------------------------------------------------------------------------------- */

static void
issue_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);

	if (issue == NULL)
		return;
	visit_fields(visit, FIELDS_ALL);
	put_issue(visit, NULL, issue);
}

static void
issue_post(struct visit *visit)
{
	struct issue *issue;

	if (!yyjson_is_obj(yyjson_obj_get(visit->body, "fields"))) {
		visit_fail(visit, 400, "Field 'fields' is required");
		return;
	}
	issue = issue_create(visit, yyjson_obj_get(visit->body, "fields"));
	if (issue == NULL)
		return;
	if (!issue_update(visit, issue, yyjson_obj_get(visit->body, "update"))) {
		issue_drop(visit->world, issue);
		return;
	}
	visit->status = 201;
	put_created(visit, NULL, issue);
}

/* As far as they are right: the others are named by their place. */
static void
issue_post_bulk(struct visit *visit)
{
	yyjson_val *updates = yyjson_obj_get(visit->body, "issueUpdates"), *update;
	struct issue *made[50];
	struct slice failed[50];
	unsigned made_n = 0;
	size_t i, n;

	if (!yyjson_is_arr(updates) || yyjson_arr_size(updates) > COUNT(made)) {
		visit_fail(visit, 400, "issueUpdates must be a list of 1 to 50 issues");
		return;
	}
	yyjson_arr_foreach(updates, i, n, update)
	{
		failed[i] = SLICE_NONE;
		made[made_n] = issue_create(visit, yyjson_obj_get(update, "fields"));
		if (made[made_n] != NULL)
			made_n++;
		else
			failed[i] = visit_dup(visit, buf_view(&visit->out));
		buf_clear(&visit->out);
	}
	visit->status = made_n > 0 || n == 0 ? 201 : 400;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "issues", '[');
	for (unsigned j = 0; j < made_n; j++)
		put_created(visit, NULL, made[j]);
	put_close(&visit->out, ']');
	put_open(&visit->out, "errors", '[');
	for (i = 0; i < n; i++) {
		if (failed[i].p == NULL)
			continue;
		put_open(&visit->out, NULL, '{');
		put_number(&visit->out, "status", 400);
		put_raw(&visit->out, "elementErrors", failed[i]);
		put_number(&visit->out, "failedElementNumber", (int64_t)i);
		put_close(&visit->out, '}');
	}
	put_close(&visit->out, ']');
	put_close(&visit->out, '}');
}

static void
issue_put(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);

	if (issue == NULL)
		return;
	if (!issue_apply(visit, issue, yyjson_obj_get(visit->body, "fields")) ||
	    !issue_update(visit, issue, yyjson_obj_get(visit->body, "update")))
		return;
	issue->updated_ms = visit->now_ms;
	if (visit_flag(visit, "returnIssue")) {
		visit_fields(visit, FIELDS_ALL);
		put_issue(visit, NULL, issue);
		return;
	}
	visit_no_content(visit);
}

static void
issue_delete(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);

	if (issue == NULL)
		return;
	for (unsigned i = issue->children.n; i-- > 0;) {
		struct issue *child = issue->children.p[i];

		if (!child->type->is_subtask)
			continue;
		if (!visit_flag(visit, "deleteSubtasks")) {
			visit_fail(visit, 400,
			    "The issue '%.*s' has subtasks. You must specify the 'deleteSubtasks' "
			    "parameter to delete this issue and all its subtasks.",
			    SLICE_FMT(issue->key));
			return;
		}
		issue_drop(visit->world, child);
	}
	issue_drop(visit->world, issue);
	visit_no_content(visit);
}

static void
assignee_put(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	yyjson_mut_doc *doc;
	yyjson_mut_val *root;
	yyjson_doc *fields;

	if (issue == NULL)
		return;
	/* The same check and the same history as a field. */
	doc = yyjson_mut_doc_new(NULL);
	root = yyjson_mut_obj(doc);
	yyjson_mut_doc_set_root(doc, root);
	yyjson_mut_obj_add_val(doc, root, "assignee",
	    visit->body != NULL ? yyjson_val_mut_copy(doc, visit->body) : yyjson_mut_null(doc));
	fields = yyjson_mut_doc_imut_copy(doc, NULL);
	yyjson_mut_doc_free(doc);
	if (issue_apply(visit, issue, yyjson_doc_get_root(fields))) {
		issue->updated_ms = visit->now_ms;
		visit_no_content(visit);
	}
	yyjson_doc_free(fields);
}

/* ---- transitions ----------------------------------------------------------------------------- */

static void
transitions_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);

	if (issue == NULL)
		return;
	put_open(&visit->out, NULL, '{');
	put_cstr(&visit->out, "expand", "transitions");
	put_transitions(visit, issue);
	put_close(&visit->out, '}');
}

static const struct transition *
transition_find(const struct issue *issue, struct slice id)
{
	const struct workflow *flow = issue->project->workflow;

	for (size_t i = 0; i < flow->n; i++)
		if (slice_eq(id, slice_of(flow->transitions[i].id)) &&
		    flow->transitions[i].to != issue->status)
			return &flow->transitions[i];
	return NULL;
}

static const char *
resolution_of(yyjson_val *fields)
{
	static const char *const resolutions[] = { "Done", "Won't Do", "Duplicate",
		"Cannot Reproduce" };
	struct slice name = json_text(yyjson_obj_get(fields, "resolution"), "name");

	for (size_t i = 0; i < COUNT(resolutions); i++)
		if (slice_eq_nocase(name, slice_of(resolutions[i])))
			return resolutions[i];
	return name.p == NULL ? resolutions[0] : NULL;
}

/* What is on the way of a transition besides the resolution is set like any other field. */
static bool
apply_others(struct visit *visit, struct issue *issue, yyjson_val *fields)
{
	yyjson_mut_doc *doc;
	yyjson_doc *others;
	bool ok;

	if (!yyjson_is_obj(fields))
		return true;
	doc = yyjson_mut_doc_new(NULL);
	yyjson_mut_doc_set_root(doc, yyjson_val_mut_copy(doc, fields));
	yyjson_mut_obj_remove_key(yyjson_mut_doc_get_root(doc), "resolution");
	others = yyjson_mut_doc_imut_copy(doc, NULL);
	yyjson_mut_doc_free(doc);
	ok = issue_apply(visit, issue, yyjson_doc_get_root(others));
	yyjson_doc_free(others);
	return ok;
}

static void
transitions_post(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	yyjson_val *fields = yyjson_obj_get(visit->body, "fields");
	const struct transition *transition;
	struct slice id;

	if (issue == NULL)
		return;
	id = json_id(visit, yyjson_obj_get(yyjson_obj_get(visit->body, "transition"), "id"));
	if (id.p == NULL) {
		visit_fail(visit, 400, "Missing 'transition' identifier");
		return;
	}
	transition = transition_find(issue, id);
	if (transition == NULL) {
		visit_fail(
		    visit, 400, "Transition id '%.*s' is not valid for this issue.", SLICE_FMT(id));
		return;
	}
	if (resolution_of(fields) == NULL) {
		visit_fail_field(visit, "resolution", "Resolution name is not valid");
		return;
	}
	if (!apply_others(visit, issue, fields) ||
	    !issue_update(visit, issue, yyjson_obj_get(visit->body, "update")))
		return;
	issue_move_to(visit, issue, transition, resolution_of(fields));
	visit_no_content(visit);
}

/* ---- comments -------------------------------------------------------------------------------- */

static void
comments_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(
		     visit, "maxResults", visit->world->is_cloud ? 100 : 1048576, 1048576);
	bool is_newest = slice_starts(visit_query(visit, "orderBy"), S("-created"));
	struct buf *out = &visit->out;

	if (issue == NULL)
		return;
	put_open(out, NULL, '{');
	put_number(out, "startAt", start);
	put_number(out, "maxResults", most);
	put_number(out, "total", issue->comments.n);
	put_open(out, "comments", '[');
	for (unsigned i = start; i < issue->comments.n && i - start < most; i++)
		put_comment(visit, NULL, issue,
		    issue->comments.p[is_newest ? issue->comments.n - 1 - i : i]);
	put_close(out, ']');
	put_close(out, '}');
}

static struct comment *
visit_comment(struct visit *visit, const struct issue *issue)
{
	struct comment *comment;
	uint64_t id;

	if (slice_to_u64(visit->args[1], UINT32_MAX, &id))
		LIST_EACH(comment, &issue->comments)
	if (comment->id == id)
		return comment;
	visit_fail(
	    visit, 404, "Can not find a comment for the id: %.*s.", SLICE_FMT(visit->args[1]));
	return NULL;
}

static void
comment_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct comment *comment = issue != NULL ? visit_comment(visit, issue) : NULL;

	if (comment != NULL)
		put_comment(visit, NULL, issue, comment);
}

static void
comment_post(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct comment *comment = issue != NULL ? comment_add(visit, issue, visit->body) : NULL;

	if (comment == NULL)
		return;
	visit->status = 201;
	put_comment(visit, NULL, issue, comment);
}

static void
comment_put(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct comment *comment = issue != NULL ? visit_comment(visit, issue) : NULL;

	if (comment == NULL || !comment_check(visit, visit->body))
		return;
	comment_set(visit, comment, visit->body);
	comment->editor = visit->user;
	comment->updated_ms = issue->updated_ms = visit->now_ms;
	put_comment(visit, NULL, issue, comment);
}

static void
comment_delete(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct comment *comment = issue != NULL ? visit_comment(visit, issue) : NULL;

	if (comment == NULL)
		return;
	list_remove(&issue->comments, comment);
	visit_no_content(visit);
}

/* ---- searches -------------------------------------------------------------------------------- */

/* False: it has answered. */
static bool
find(struct visit *visit, struct slice jql, const struct issue ***found, unsigned *n)
{
	const struct query_caller caller = { visit->world, visit->user, visit->now_ms };
	struct err err;

	if (jql_find(visit->arena, &caller, jql, found, n, &err))
		return true;
	visit_fail(visit, 400, "%s", err.text);
	return false;
}

static unsigned
body_number(const struct visit *visit, const char *key, unsigned otherwise, unsigned most)
{
	yyjson_val *value = yyjson_obj_get(visit->body, key);

	if (!yyjson_is_uint(value))
		return otherwise;
	return yyjson_get_uint(value) > most ? most : (unsigned)yyjson_get_uint(value);
}

static void
put_search(struct visit *visit, struct slice jql, unsigned start, unsigned most)
{
	struct buf *out = &visit->out;
	const struct issue **found;
	unsigned n;

	if (!find(visit, jql, &found, &n))
		return;
	visit_fields(visit, FIELDS_NAVIGABLE);
	put_open(out, NULL, '{');
	put_cstr(out, "expand", "schema,names");
	put_number(out, "startAt", start);
	put_number(out, "maxResults", most);
	put_number(out, "total", n);
	put_open(out, "issues", '[');
	for (unsigned i = start; i < n && i - start < most; i++)
		put_issue(visit, NULL, found[i]);
	put_close(out, ']');
	put_names(visit);
	put_close(out, '}');
}

static void
search_get(struct visit *visit)
{
	put_search(visit, visit_query(visit, "jql"), visit_number(visit, "startAt", 0, UINT32_MAX),
	    visit_number(visit, "maxResults", 50, 1000));
}

static void
search_post(struct visit *visit)
{
	put_search(visit, json_text(visit->body, "jql"),
	    body_number(visit, "startAt", 0, UINT32_MAX),
	    body_number(visit, "maxResults", 50, 1000));
}

static void
search_gone(struct visit *visit)
{
	visit_fail(visit, 410,
	    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A "
	    "full migration guideline is available at "
	    "https://developer.atlassian.com/changelog/#CHANGE-2046");
}

#define PARSED_MOST 100

/* Each query, and what is wrong with it. */
static void
jql_parse(struct visit *visit)
{
	const struct query_caller caller = { visit->world, visit->user, visit->now_ms };
	yyjson_val *queries = yyjson_obj_get(visit->body, "queries"), *one;
	struct buf *out = &visit->out;
	const struct issue **found;
	struct err err;
	size_t i, max;
	unsigned n;

	if (yyjson_arr_size(queries) == 0 || yyjson_arr_size(queries) > PARSED_MOST) {
		visit_fail(visit, 400, "queries must hold between 1 and %d queries", PARSED_MOST);
		return;
	}
	put_open(out, NULL, '{');
	put_open(out, "queries", '[');
	yyjson_arr_foreach(queries, i, max, one)
	{
		struct slice jql = { yyjson_get_str(one), yyjson_get_len(one) };

		put_open(out, NULL, '{');
		put_text(out, "query", jql);
		if (!jql_find(visit->arena, &caller, jql, &found, &n, &err)) {
			put_open(out, "errors", '[');
			put_text(out, NULL, slice_of(err.text));
			put_close(out, ']');
		}
		put_close(out, '}');
	}
	put_close(out, ']');
	put_close(out, '}');
}

/* The token says where the next page begins; a query without any bound is refused. */
static void
put_jql(struct visit *visit, struct slice jql, struct slice token, unsigned most)
{
	struct buf *out = &visit->out;
	const struct issue **found;
	uint64_t start = 0;
	unsigned n, i;

	if (token.n > 0 &&
	    !(slice_starts(token, S("page-")) &&
		slice_to_u64((struct slice){ token.p + 5, token.n - 5 }, UINT32_MAX, &start))) {
		visit_fail(visit, 400, "The provided next page token is invalid.");
		return;
	}
	if (slice_trim(jql).n == 0 ||
	    (slice_trim(jql).n > 5 &&
		slice_eq_nocase((struct slice){ slice_trim(jql).p, 5 }, S("order")))) {
		visit_fail(visit, 400,
		    "Unbounded JQL queries are not allowed here. Please add a "
		    "search restriction to your query.");
		return;
	}
	if (!find(visit, jql, &found, &n))
		return;
	visit_fields(visit, 0);
	put_open(out, NULL, '{');
	put_open(out, "issues", '[');
	for (i = (unsigned)start; i < n && i - (unsigned)start < most; i++)
		put_issue(visit, NULL, found[i]);
	put_close(out, ']');
	put_names(visit);
	if (i < n)
		put_format(out, "nextPageToken", "page-%u", i);
	put_bool(out, "isLast", i >= n);
	put_names(visit);
	put_close(out, '}');
}

static void
jql_get(struct visit *visit)
{
	put_jql(visit, visit_query(visit, "jql"), visit_query(visit, "nextPageToken"),
	    visit_number(visit, "maxResults", 50, PAGE_MOST));
}

static void
jql_post(struct visit *visit)
{
	put_jql(visit, json_text(visit->body, "jql"), json_text(visit->body, "nextPageToken"),
	    body_number(visit, "maxResults", 50, PAGE_MOST));
}

static void
count_post(struct visit *visit)
{
	const struct issue **found;
	unsigned n;

	if (!find(visit, json_text(visit->body, "jql"), &found, &n))
		return;
	put_open(&visit->out, NULL, '{');
	put_number(&visit->out, "count", n);
	put_close(&visit->out, '}');
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}",			ON_BOTH, issue_get },
	{ "POST",	"/rest/api/V/issue",					ON_BOTH, issue_post },
	{ "POST",	"/rest/api/V/issue/bulk",				ON_BOTH, issue_post_bulk },
	{ "PUT",	"/rest/api/V/issue/{issueIdOrKey}",			ON_BOTH, issue_put },
	{ "DELETE",	"/rest/api/V/issue/{issueIdOrKey}",			ON_BOTH, issue_delete },
	{ "PUT",	"/rest/api/V/issue/{issueIdOrKey}/assignee",		ON_BOTH, assignee_put },
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/transitions",		ON_BOTH, transitions_get },
	{ "POST",	"/rest/api/V/issue/{issueIdOrKey}/transitions",		ON_BOTH, transitions_post },
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/comment",		ON_BOTH, comments_get },
	{ "POST",	"/rest/api/V/issue/{issueIdOrKey}/comment",		ON_BOTH, comment_post },
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/comment/{id}",	ON_BOTH, comment_get },
	{ "PUT",	"/rest/api/V/issue/{issueIdOrKey}/comment/{id}",	ON_BOTH, comment_put },
	{ "DELETE",	"/rest/api/V/issue/{issueIdOrKey}/comment/{id}",	ON_BOTH, comment_delete },
	{ "GET",	"/rest/api/V/search",					ON_DC, search_get },
	{ "POST",	"/rest/api/V/search",					ON_DC, search_post },
	{ "GET",	"/rest/api/V/search",					ON_CLOUD, search_gone },
	{ "POST",	"/rest/api/V/search",					ON_CLOUD, search_gone },
	{ "GET",	"/rest/api/V/search/jql",				ON_CLOUD, jql_get },
	{ "POST",	"/rest/api/V/search/jql",				ON_CLOUD, jql_post },
	{ "POST",	"/rest/api/V/search/approximate-count",			ON_CLOUD, count_post },
	{ "POST",	"/rest/api/V/jql/parse",				ON_CLOUD, jql_parse },
};
/* clang-format on */
const struct routes sandbox_jira_issue_routes = { rows, COUNT(rows) };

/*
 * The sandbox's Jira: what hangs on issues: watchers, links, attachments, histories; and
 * moving them to another project.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

#define UPLOADS_MAX 16

/* ---- watchers -------------------------------------------------------------------------------- */

static void
watchers_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct buf *out = &visit->out;
	const struct user *user;

	if (issue == NULL)
		return;
	put_open(out, NULL, '{');
	put_format(out, "self", "%s/rest/api/%d/issue/%.*s/watchers", visit->world->jira_url,
	    visit->is_v3 ? 3 : 2, SLICE_FMT(issue->key));
	put_bool(out, "isWatching", list_has(&issue->watchers, visit->user));
	put_number(out, "watchCount", issue->watchers.n);
	put_open(out, "watchers", '[');
	LIST_EACH(user, &issue->watchers)
	put_user(visit, NULL, user);
	put_close(out, ']');
	put_close(out, '}');
}

static void
watcher_post(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	const struct user *user = visit->user;

	if (issue == NULL)
		return;
	if (yyjson_is_str(visit->body))
		user = user_find(
		    (struct slice){ yyjson_get_str(visit->body), yyjson_get_len(visit->body) });
	if (user == NULL) {
		visit_fail(visit, visit->world->is_cloud ? 404 : 400,
		    "The user \"%s\" does not exist.",
		    visit->body != NULL ? yyjson_get_str(visit->body) : "");
		return;
	}
	if (!list_has(&issue->watchers, user))
		list_add(visit->sandbox, &issue->watchers, (void *)(uintptr_t)user);
	visit_no_content(visit);
}

static void
watcher_delete(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct slice id = visit_query(visit, visit->world->is_cloud ? "accountId" : "username");
	const struct user *user = user_find(id);

	if (issue == NULL)
		return;
	if (user == NULL) {
		visit_fail(visit, id.p == NULL ? 400 : 404, "The user does not exist.");
		return;
	}
	list_remove(&issue->watchers, user);
	visit_no_content(visit);
}

/* ---- links ----------------------------------------------------------------------------------- */

static void
put_link_type(struct visit *visit, const char *key, const struct link_type *type)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_cstr(out, "id", type->id);
	put_cstr(out, "name", type->name);
	put_cstr(out, "inward", type->inward);
	put_cstr(out, "outward", type->outward);
	put_format(out, "self", "%s/rest/api/%d/issueLinkType/%s", visit->world->jira_url,
	    visit->is_v3 ? 3 : 2, type->id);
	put_close(out, '}');
}

static void
link_types_get(struct visit *visit)
{
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "issueLinkTypes", '[');
	for (size_t i = 0; i < sandbox_link_types_n; i++)
		put_link_type(visit, NULL, &sandbox_link_types[i]);
	put_close(&visit->out, ']');
	put_close(&visit->out, '}');
}

static const struct link_type *
link_type_find(struct visit *visit, yyjson_val *value)
{
	struct slice name = json_text(value, "name"),
		     id = json_id(visit, yyjson_obj_get(value, "id"));

	for (size_t i = 0; i < sandbox_link_types_n; i++)
		if (slice_eq_nocase(name, slice_of(sandbox_link_types[i].name)) ||
		    slice_eq(id, slice_of(sandbox_link_types[i].id)))
			return &sandbox_link_types[i];
	return NULL;
}

static struct issue *
linked(struct visit *visit, const char *key)
{
	yyjson_val *value = yyjson_obj_get(visit->body, key);
	struct slice name = json_text(value, "key");
	struct issue *issue = issue_find(
	    visit->world, name.p != NULL ? name : json_id(visit, yyjson_obj_get(value, "id")));

	if (issue == NULL)
		visit_fail(visit, 404, "Issue Does Not Exist");
	return issue;
}

static void
link_post(struct visit *visit)
{
	const struct link_type *type = link_type_find(visit, yyjson_obj_get(visit->body, "type"));
	struct issue *inward, *outward;
	struct link *link;

	if (type == NULL) {
		visit_fail(visit, 404, "No issue link type with name '%.*s' found.",
		    SLICE_FMT(json_text(yyjson_obj_get(visit->body, "type"), "name")));
		return;
	}
	inward = linked(visit, "inwardIssue");
	outward = inward != NULL ? linked(visit, "outwardIssue") : NULL;
	if (outward == NULL)
		return;
	if (inward == outward) {
		visit_fail(visit, 400, "You cannot link an issue to itself.");
		return;
	}
	link = SANDBOX_NEW(visit->sandbox, struct link);
	link->id = visit->world->next_id++;
	link->type = type;
	link->inward = inward;
	link->outward = outward;
	list_add(visit->sandbox, &visit->world->links, link);
	list_add(visit->sandbox, &inward->links, link);
	list_add(visit->sandbox, &outward->links, link);
	inward->updated_ms = outward->updated_ms = visit->now_ms;
	visit->status = 201;
}

static struct link *
visit_link(struct visit *visit)
{
	struct link *link;
	uint64_t id;

	if (slice_to_u64(visit->args[0], UINT32_MAX, &id))
		LIST_EACH(link, &visit->world->links)
	if (link->id == id)
		return link;
	visit_fail(visit, 404, "No issue link with id '%.*s' exists.", SLICE_FMT(visit->args[0]));
	return NULL;
}

static void
link_get(struct visit *visit)
{
	const struct link *link = visit_link(visit);

	if (link != NULL)
		put_link(visit, link, NULL);
}

static void
link_delete(struct visit *visit)
{
	struct link *link = visit_link(visit);

	if (link == NULL)
		return;
	list_remove(&link->inward->links, link);
	list_remove(&link->outward->links, link);
	list_remove(&visit->world->links, link);
	sandbox_release(visit->sandbox, link);
	visit_no_content(visit);
}

static void
put_remote_link(struct visit *visit, const struct issue *issue, const struct remote_link *link)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_number(out, "id", link->id);
	put_format(out, "self", "%s/rest/api/%d/issue/%.*s/remotelink/%u", visit->world->jira_url,
	    visit->is_v3 ? 3 : 2, SLICE_FMT(issue->key), link->id);
	if (link->global_id.p != NULL)
		put_text(out, "globalId", link->global_id);
	put_raw(out, "application", S("{}"));
	if (link->relationship.p != NULL)
		put_text(out, "relationship", link->relationship);
	put_raw(out, "object", link->object);
	put_close(out, '}');
}

static void
remote_links_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	const struct remote_link *link;

	if (issue == NULL)
		return;
	put_open(&visit->out, NULL, '[');
	LIST_EACH(link, &issue->remote_links)
	put_remote_link(visit, issue, link);
	put_close(&visit->out, ']');
}

static void
remote_link_post(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	yyjson_val *object = yyjson_obj_get(visit->body, "object");
	struct remote_link *link;

	if (issue == NULL)
		return;
	if (json_text(object, "url").n == 0 || json_text(object, "title").n == 0) {
		visit_fail_field(visit, json_text(object, "url").n == 0 ? "url" : "title",
		    "'%s' is required.", json_text(object, "url").n == 0 ? "url" : "title");
		return;
	}
	link = SANDBOX_NEW(visit->sandbox, struct remote_link);
	link->id = visit->world->next_id++;
	link->object = sandbox_dup(visit->sandbox, json_raw(visit, object));
	link->global_id = sandbox_dup(visit->sandbox, json_text(visit->body, "globalId"));
	link->relationship = sandbox_dup(visit->sandbox, json_text(visit->body, "relationship"));
	list_add(visit->sandbox, &issue->remote_links, link);
	issue->updated_ms = visit->now_ms;
	visit->status = 201;
	put_open(&visit->out, NULL, '{');
	put_number(&visit->out, "id", link->id);
	put_format(&visit->out, "self", "%s/rest/api/%d/issue/%.*s/remotelink/%u",
	    visit->world->jira_url, visit->is_v3 ? 3 : 2, SLICE_FMT(issue->key), link->id);
	put_close(&visit->out, '}');
}

/* ---- attachments ----------------------------------------------------------------------------- */

static void
attachments_post(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	struct upload uploads[UPLOADS_MAX];
	unsigned n;

	if (issue == NULL || !visit_uploads(visit, uploads, UPLOADS_MAX, &n))
		return;
	put_open(&visit->out, NULL, '[');
	for (unsigned i = 0; i < n; i++) {
		struct attachment *attachment;

		if (uploads[i].filename.n == 0)
			continue;
		attachment = SANDBOX_NEW(visit->sandbox, struct attachment);
		attachment->id = visit->world->next_id++;
		attachment->author = visit->user;
		attachment->created_ms = issue->updated_ms = visit->now_ms;
		attachment->name = sandbox_dup(visit->sandbox, uploads[i].filename);
		attachment->type = sandbox_dup(visit->sandbox,
		    uploads[i].type.n > 0 ? uploads[i].type : S("application/octet-stream"));
		attachment->data = sandbox_dup(visit->sandbox, uploads[i].data);
		list_add(visit->sandbox, &issue->attachments, attachment);
		put_attachment(visit, attachment);
	}
	put_close(&visit->out, ']');
}

/* Attachments are few, and rarely asked for. */
static struct attachment *
visit_attachment(struct visit *visit, struct issue **owner)
{
	struct attachment *attachment;
	struct issue *issue;
	uint64_t id;

	if (slice_to_u64(visit->args[0], UINT32_MAX, &id))
		LIST_EACH(issue, &visit->world->issues)
		{
			if (issue == NULL)
				continue;
			LIST_EACH(attachment, &issue->attachments)
			if (attachment->id == id) {
				*owner = issue;
				return attachment;
			}
		}
	visit_fail(
	    visit, 404, "The attachment with id '%.*s' does not exist", SLICE_FMT(visit->args[0]));
	return NULL;
}

static void
attachment_get(struct visit *visit)
{
	struct issue *issue;
	const struct attachment *attachment = visit_attachment(visit, &issue);

	if (attachment != NULL)
		put_attachment(visit, attachment);
}

static void
attachment_data(struct visit *visit)
{
	struct issue *issue;
	const struct attachment *attachment = visit_attachment(visit, &issue);

	if (attachment == NULL)
		return;
	visit->type = attachment->type;
	buf_put(&visit->out, attachment->data);
}

static void
attachment_delete(struct visit *visit)
{
	struct issue *issue;
	struct attachment *attachment = visit_attachment(visit, &issue);

	if (attachment == NULL)
		return;
	list_remove(&issue->attachments, attachment);
	sandbox_set(visit->sandbox, &attachment->data, SLICE_NONE);
	visit_no_content(visit);
}

/* ---- histories ------------------------------------------------------------------------------- */

static void
changelog_get(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);
	unsigned start = visit_number(visit, "startAt", 0, UINT32_MAX),
		 most = visit_number(visit, "maxResults", 100, 100), total;
	struct buf *out = &visit->out;

	if (issue == NULL)
		return;
	put_open(out, NULL, '{');
	total = put_histories(visit, "values", issue, start, most, NULL);
	put_number(out, "startAt", start);
	put_number(out, "maxResults", most);
	put_number(out, "total", total);
	put_bool(out, "isLast", total <= start || total - start <= most);
	put_close(out, '}');
}

#define BULK_MOST 1000

static void
changelog_bulk(struct visit *visit)
{
	yyjson_val *issues = yyjson_obj_get(visit->body, "issueIdsOrKeys"), *value;
	struct buf *out = &visit->out;
	const struct issue *issue;
	size_t i, n;

	if (!yyjson_is_arr(issues) || yyjson_arr_size(issues) == 0 ||
	    yyjson_arr_size(issues) > BULK_MOST) {
		visit_fail(visit, 400, "issueIdsOrKeys must hold between 1 and 1000 issues");
		return;
	}
	visit->has_number_times = true;
	put_open(out, NULL, '{');
	put_open(out, "issueChangeLogs", '[');
	yyjson_arr_foreach(issues, i, n, value)
	{
		issue = issue_find(visit->world, json_id(visit, value));
		if (issue == NULL)
			continue;
		put_open(out, NULL, '{');
		put_id(out, "issueId", issue->id);
		put_histories(visit, "changeHistories", issue, 0, BULK_MOST,
		    yyjson_obj_get(visit->body, "fieldIds"));
		put_close(out, '}');
	}
	put_close(out, ']');
	put_close(out, '}');
}

/* ---- to another project ---------------------------------------------------------------------- */

struct move {
	unsigned id;
	struct list issues; /* struct issue; never freed, so that their ids can be said */
	unsigned failed;
};

/* The old key still leads to it, as on the real one. */
static void
move_one(struct visit *visit, struct issue *issue, struct project *project,
    const struct issue_type *type)
{
	struct slice old = visit_dup(visit, issue->key);

	list_add(visit->sandbox, &project->numbers, issue);
	issue->number = project->numbers.n;
	issue->project = project;
	issue->components.n = issue->fix_versions.n = issue->versions.n = 0;
	sandbox_set(visit->sandbox, &issue->key,
	    arena_printf(visit->arena, "%s-%u", project->key, issue->number));
	issue->type = type;
	issue->status = project->workflow->transitions[0].to;
	issue->updated_ms = visit->now_ms;
	issue_change(visit, issue, "Key", SLICE_NONE, old, SLICE_NONE, issue->key);
}

/* "KEY,issue type id": what is moved there. */
static bool
move_some(struct visit *visit, struct move *move, struct slice target, yyjson_val *sources)
{
	struct slice type_id, key = slice_cut(target, ',', &type_id);
	struct project *project = project_find(visit->world, key);
	const struct issue_type *type =
	    project != NULL ? type_find(project, slice_cut(type_id, ',', &type_id)) : NULL;
	yyjson_val *value;
	struct issue *issue;
	size_t i, n;

	if (type == NULL) {
		visit_fail(visit, 400, "The target '%.*s' is no project and issue type",
		    SLICE_FMT(target));
		return false;
	}
	yyjson_arr_foreach(yyjson_obj_get(sources, "issueIdsOrKeys"), i, n, value)
	{
		issue = issue_find(visit->world, json_id(visit, value));
		if (issue == NULL) {
			move->failed++;
			continue;
		}
		list_add(visit->sandbox, &move->issues, issue);
		if (issue->project != project)
			move_one(visit, issue, project, type);
	}
	return true;
}

static void
move_post(struct visit *visit)
{
	yyjson_val *targets = yyjson_obj_get(visit->body, "targetToSourcesMapping"), *key, *value;
	struct move *move;
	size_t i, n;

	if (yyjson_obj_size(targets) == 0) {
		visit_fail(visit, 400, "targetToSourcesMapping is required");
		return;
	}
	move = SANDBOX_NEW(visit->sandbox, struct move);
	move->id = visit->world->next_id++;
	yyjson_obj_foreach(targets, i, n, key, value)
	{
		if (!move_some(visit, move,
			(struct slice){ yyjson_get_str(key), yyjson_get_len(key) }, value))
			return;
	}
	list_add(visit->sandbox, &visit->world->moves, move);
	visit->status = 201;
	put_open(&visit->out, NULL, '{');
	put_id(&visit->out, "taskId", move->id);
	put_close(&visit->out, '}');
}

static void
put_move(struct visit *visit, const struct move *move)
{
	struct buf *out = &visit->out;
	const struct issue *issue;

	put_open(out, NULL, '{');
	put_id(out, "taskId", move->id);
	put_cstr(out, "status", "COMPLETE");
	put_number(out, "progressPercent", 100);
	put_user(visit, "submittedBy", visit->user);
	put_number(out, "totalIssueCount", move->issues.n + move->failed);
	put_number(out, "invalidOrInaccessibleIssueCount", move->failed);
	put_open(out, "processedAccessibleIssues", '[');
	LIST_EACH(issue, &move->issues)
	put_number(out, NULL, issue->id);
	put_close(out, ']');
	put_raw(out, "failedAccessibleIssues", S("{}"));
	put_close(out, '}');
}

static void
move_get(struct visit *visit)
{
	const struct move *move;
	uint64_t id;

	if (slice_to_u64(visit->args[0], UINT32_MAX, &id))
		LIST_EACH(move, &visit->world->moves)
	if (move->id == id) {
		put_move(visit, move);
		return;
	}
	visit_fail(visit, 404, "The task '%.*s' was not found", SLICE_FMT(visit->args[0]));
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/watchers",		ON_BOTH, watchers_get },
	{ "POST",	"/rest/api/V/issue/{issueIdOrKey}/watchers",		ON_BOTH, watcher_post },
	{ "DELETE",	"/rest/api/V/issue/{issueIdOrKey}/watchers",		ON_BOTH, watcher_delete },
	{ "GET",	"/rest/api/V/issueLinkType",				ON_BOTH, link_types_get },
	{ "POST",	"/rest/api/V/issueLink",				ON_BOTH, link_post },
	{ "GET",	"/rest/api/V/issueLink/{linkId}",			ON_BOTH, link_get },
	{ "DELETE",	"/rest/api/V/issueLink/{linkId}",			ON_BOTH, link_delete },
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/remotelink",		ON_BOTH, remote_links_get },
	{ "POST",	"/rest/api/V/issue/{issueIdOrKey}/remotelink",		ON_BOTH, remote_link_post },
	{ "POST",	"/rest/api/V/issue/{issueIdOrKey}/attachments",		ON_BOTH | NO_BODY, attachments_post },
	{ "GET",	"/rest/api/V/attachment/{id}",				ON_BOTH, attachment_get },
	{ "DELETE",	"/rest/api/V/attachment/{id}",				ON_BOTH, attachment_delete },
	{ "GET",	"/rest/api/V/attachment/content/{id}",			ON_CLOUD, attachment_data },
	{ "GET",	"/secure/attachment/{id}/{filename}",			ON_BOTH, attachment_data },
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/changelog",		ON_CLOUD, changelog_get },
	{ "POST",	"/rest/api/V/changelog/bulkfetch",			ON_CLOUD, changelog_bulk },
	{ "POST",	"/rest/api/V/bulk/issues/move",				ON_CLOUD, move_post },
	{ "GET",	"/rest/api/V/bulk/queue/{taskId}",			ON_CLOUD, move_get },
};
/* clang-format on */
const struct routes sandbox_jira_part_routes = { rows, COUNT(rows) };

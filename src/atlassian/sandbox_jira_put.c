/*
 * How the sandbox's Jira prints things: people, projects, issues with the fields asked for,
 * comments, links, histories.  Cloud and Data Center differ in how people are named and, in version
 * 3, in texts that are ADF.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

/* ---- small things ---------------------------------------------------------------------------- */

#define API(visit) ((visit)->is_v3 ? 3 : 2)
#define ZONE	   "+0000"

void
put_user(struct visit *visit, const char *key, const struct user *user)
{
	struct buf *out = &visit->out;
	const char *url = visit->world->jira_url;

	if (user == NULL) {
		put_null(out, key);
		return;
	}
	put_open(out, key, '{');
	if (visit->world->is_cloud) {
		put_format(out, "self", "%s/rest/api/%d/user?accountId=%s", url, API(visit),
		    user->account_id);
		put_cstr(out, "accountId", user->account_id);
		put_cstr(out, "accountType", user->is_customer ? "customer" : "atlassian");
	} else {
		put_format(out, "self", "%s/rest/api/2/user?username=%s", url, user->name);
		put_cstr(out, "name", user->name);
		put_cstr(out, "key", user->key);
	}
	put_cstr(out, "emailAddress", user->email);
	put_open(out, "avatarUrls", '{');
	put_format(out, "48x48", "%s/secure/useravatar?avatarId=10122", url);
	put_format(out, "16x16", "%s/secure/useravatar?size=xsmall&avatarId=10122", url);
	put_close(out, '}');
	put_cstr(out, "displayName", user->display);
	put_bool(out, "active", true);
	put_cstr(out, "timeZone", "Etc/UTC");
	put_close(out, '}');
}

static void
put_rich(struct visit *visit, const char *key, const struct rich *rich)
{
	if (visit->is_v3)
		put_raw(&visit->out, key, rich->adf);
	else
		put_text(&visit->out, key, rich->wiki);
}

void
put_status(struct visit *visit, const char *key, const struct status *status)
{
	static const struct {
		const char *key, *name, *color;
		int id;
	} categories[] = { { "new", "To Do", "blue-gray", 2 },
		{ "indeterminate", "In Progress", "yellow", 4 }, { "done", "Done", "green", 3 } };
	struct buf *out = &visit->out;
	size_t i = 0;

	while (i + 1 < COUNT(categories) && strcmp(categories[i].key, status->category) != 0)
		i++;
	put_open(out, key, '{');
	put_format(out, "self", "%s/rest/api/%d/status/%s", visit->world->jira_url, API(visit),
	    status->id);
	put_cstr(out, "description", "");
	put_format(out, "iconUrl", "%s/images/icons/statuses/generic.png", visit->world->jira_url);
	put_cstr(out, "name", status->name);
	put_cstr(out, "id", status->id);
	put_open(out, "statusCategory", '{');
	put_format(out, "self", "%s/rest/api/%d/statuscategory/%d", visit->world->jira_url,
	    API(visit), categories[i].id);
	put_number(out, "id", categories[i].id);
	put_cstr(out, "key", categories[i].key);
	put_cstr(out, "colorName", categories[i].color);
	put_cstr(out, "name", categories[i].name);
	put_close(out, '}');
	put_close(out, '}');
}

void
put_issue_type(struct visit *visit, const char *key, const struct issue_type *type)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_format(out, "self", "%s/rest/api/%d/issuetype/%s", visit->world->jira_url, API(visit),
	    type->id);
	put_cstr(out, "id", type->id);
	put_cstr(out, "description", type->description);
	put_format(
	    out, "iconUrl", "%s/images/icons/issuetypes/generic.png", visit->world->jira_url);
	put_cstr(out, "name", type->name);
	put_bool(out, "subtask", type->is_subtask);
	if (visit->world->is_cloud)
		put_number(out, "hierarchyLevel", type->level);
	put_close(out, '}');
}

void
put_priority(struct visit *visit, const char *key, const struct priority *priority)
{
	struct buf *out = &visit->out;

	if (priority == NULL) {
		put_null(out, key);
		return;
	}
	put_open(out, key, '{');
	put_format(out, "self", "%s/rest/api/%d/priority/%s", visit->world->jira_url, API(visit),
	    priority->id);
	put_format(
	    out, "iconUrl", "%s/images/icons/priorities/generic.svg", visit->world->jira_url);
	put_cstr(out, "name", priority->name);
	put_cstr(out, "id", priority->id);
	put_close(out, '}');
}

void
put_project(struct visit *visit, const char *key, const struct project *project)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_format(out, "self", "%s/rest/api/%d/project/%u", visit->world->jira_url, API(visit),
	    project->id);
	put_id(out, "id", project->id);
	put_cstr(out, "key", project->key);
	put_cstr(out, "name", project->name);
	put_cstr(out, "projectTypeKey", project->kind);
	if (visit->world->is_cloud)
		put_bool(out, "simplified", false);
	put_open(out, "avatarUrls", '{');
	put_format(out, "48x48", "%s/secure/projectavatar?pid=%u&avatarId=10011",
	    visit->world->jira_url, project->id);
	put_close(out, '}');
	put_close(out, '}');
}

void
put_version(struct visit *visit, const struct project *project, const struct version *version)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_format(out, "self", "%s/rest/api/%d/version/%u", visit->world->jira_url, API(visit),
	    version->id);
	put_id(out, "id", version->id);
	if (version->description.p != NULL)
		put_text(out, "description", version->description);
	put_text(out, "name", version->name);
	put_bool(out, "archived", version->is_archived);
	put_bool(out, "released", version->is_released);
	if (version->start_date.p != NULL)
		put_text(out, "startDate", version->start_date);
	if (version->release_date.p != NULL)
		put_text(out, "releaseDate", version->release_date);
	put_number(out, "projectId", project->id);
	put_close(out, '}');
}

void
put_component(struct visit *visit, const struct project *project, const struct component *component)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_format(out, "self", "%s/rest/api/%d/component/%u", visit->world->jira_url, API(visit),
	    component->id);
	put_id(out, "id", component->id);
	put_cstr(out, "name", component->name);
	put_cstr(out, "description", component->description);
	put_cstr(out, "project", project->key);
	put_number(out, "projectId", project->id);
	put_close(out, '}');
}

void
put_comment(
    struct visit *visit, const char *key, const struct issue *issue, const struct comment *comment)
{
	struct buf *out = &visit->out, html;

	put_open(out, key, '{');
	put_format(out, "self", "%s/rest/api/%d/issue/%u/comment/%u", visit->world->jira_url,
	    API(visit), issue->id, comment->id);
	put_id(out, "id", comment->id);
	put_user(visit, "author", comment->author);
	put_rich(visit, "body", &comment->body);
	if ((visit->expand & EXPAND_RENDERED) != 0 ||
	    visit_lists(visit, "expand", "renderedBody")) {
		buf_init(&html, NULL, 64 * MIB);
		html_of_text(&html, comment->body.wiki);
		put_text(out, "renderedBody", buf_view(&html));
		buf_fini(&html);
	}
	put_user(visit, "updateAuthor", comment->editor);
	put_time(out, "created", comment->created_ms, ZONE);
	put_time(out, "updated", comment->updated_ms, ZONE);
	if (comment->visibility.p != NULL)
		put_raw(out, "visibility", comment->visibility);
	if (visit->world->is_cloud)
		put_bool(out, "jsdPublic", true);
	put_close(out, '}');
}

static void
put_duration(struct buf *out, const char *key, unsigned seconds)
{
	unsigned hours = seconds / 3600, minutes = seconds / 60 % 60;

	if (hours != 0 && minutes != 0)
		put_format(out, key, "%uh %um", hours, minutes);
	else if (hours != 0)
		put_format(out, key, "%uh", hours);
	else
		put_format(out, key, "%um", minutes);
}

void
put_worklog(struct visit *visit, const struct issue *issue, const struct worklog *worklog)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_format(out, "self", "%s/rest/api/%d/issue/%u/worklog/%u", visit->world->jira_url,
	    API(visit), issue->id, worklog->id);
	put_user(visit, "author", worklog->author);
	put_user(visit, "updateAuthor", worklog->author);
	put_rich(visit, "comment", &worklog->comment);
	put_time(out, "created", worklog->created_ms, ZONE);
	put_time(out, "updated", worklog->updated_ms, ZONE);
	put_text(out, "started", worklog->started);
	put_duration(out, "timeSpent", worklog->seconds);
	put_number(out, "timeSpentSeconds", worklog->seconds);
	put_id(out, "id", worklog->id);
	put_id(out, "issueId", issue->id);
	put_close(out, '}');
}

void
put_attachment(struct visit *visit, const struct attachment *attachment)
{
	struct buf *out = &visit->out;
	const char *url = visit->world->jira_url;

	put_open(out, NULL, '{');
	put_format(out, "self", "%s/rest/api/%d/attachment/%u", url, API(visit), attachment->id);
	put_id(out, "id", attachment->id);
	put_text(out, "filename", attachment->name);
	put_user(visit, "author", attachment->author);
	put_time(out, "created", attachment->created_ms, ZONE);
	put_number(out, "size", (int64_t)attachment->data.n);
	put_text(out, "mimeType", attachment->type);
	if (visit->world->is_cloud)
		put_format(out, "content", "%s/rest/api/%d/attachment/content/%u", url, API(visit),
		    attachment->id);
	else
		put_format(out, "content", "%s/secure/attachment/%u/%.*s", url, attachment->id,
		    SLICE_FMT(attachment->name));
	put_close(out, '}');
}

static void
put_issue_brief(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_id(out, "id", issue->id);
	put_text(out, "key", issue->key);
	put_format(
	    out, "self", "%s/rest/api/%d/issue/%u", visit->world->jira_url, API(visit), issue->id);
	put_open(out, "fields", '{');
	put_text(out, "summary", issue->summary);
	put_status(visit, "status", issue->status);
	put_priority(visit, "priority", issue->priority);
	put_issue_type(visit, "issuetype", issue->type);
	put_close(out, '}');
	put_close(out, '}');
}

static void
put_link_type(struct visit *visit, const struct link_type *type)
{
	struct buf *out = &visit->out;

	put_open(out, "type", '{');
	put_cstr(out, "id", type->id);
	put_cstr(out, "name", type->name);
	put_cstr(out, "inward", type->inward);
	put_cstr(out, "outward", type->outward);
	put_format(out, "self", "%s/rest/api/%d/issueLinkType/%s", visit->world->jira_url,
	    API(visit), type->id);
	put_close(out, '}');
}

void
put_link(struct visit *visit, const struct link *link, const struct issue *from)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", link->id);
	put_format(out, "self", "%s/rest/api/%d/issueLink/%u", visit->world->jira_url, API(visit),
	    link->id);
	put_link_type(visit, link->type);
	if (from != link->inward)
		put_issue_brief(visit, "inwardIssue", link->inward);
	if (from != link->outward)
		put_issue_brief(visit, "outwardIssue", link->outward);
	put_close(out, '}');
}

void
put_sprint(struct visit *visit, const char *key, const struct sprint *sprint)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_number(out, "id", sprint->id);
	put_format(out, "self", "%s/rest/agile/1.0/sprint/%u", visit->world->jira_url, sprint->id);
	put_cstr(out, "state", sprint->state);
	put_text(out, "name", sprint->name);
	if (sprint->start.p != NULL)
		put_text(out, "startDate", sprint->start);
	if (sprint->end.p != NULL)
		put_text(out, "endDate", sprint->end);
	if (sprint->complete.p != NULL)
		put_text(out, "completeDate", sprint->complete);
	put_number(out, "originBoardId", sprint->board->id);
	if (sprint->goal.p != NULL)
		put_text(out, "goal", sprint->goal);
	put_close(out, '}');
}

void
put_field(struct visit *visit, const struct field *field)
{
	struct buf *out = &visit->out;
	bool is_custom = field->custom != NULL;

	put_open(out, NULL, '{');
	put_cstr(out, "id", field->id);
	if (visit->world->is_cloud)
		put_cstr(out, "key", field->id);
	put_cstr(out, "name", field->name);
	put_bool(out, "custom", is_custom);
	put_bool(out, "orderable", true);
	put_bool(out, "navigable", true);
	put_bool(out, "searchable", field->jql != NULL);
	put_open(out, "clauseNames", '[');
	if (is_custom)
		put_format(out, NULL, "cf[%s]", field->id + strlen("customfield_"));
	if (field->jql != NULL)
		put_cstr(out, NULL, field->jql);
	put_close(out, ']');
	put_schema(visit, "schema", field);
	put_close(out, '}');
}

void
put_schema(struct visit *visit, const char *key, const struct field *field)
{
	struct buf *out = &visit->out;
	uint64_t number;

	put_open(out, key, '{');
	put_cstr(out, "type", field->type);
	if (field->items != NULL)
		put_cstr(out, "items", field->items);
	if (field->custom != NULL) {
		put_cstr(out, "custom", field->custom);
		if (slice_to_u64(slice_of(field->id + strlen("customfield_")), UINT32_MAX, &number))
			put_number(out, "customId", (int64_t)number);
	} else {
		put_cstr(out, "system", field->id);
	}
	put_close(out, '}');
}

/* ---- issues ---------------------------------------------------------------------------------- */

static void
put_summary(struct visit *visit, const char *key, const struct issue *issue)
{
	put_text(&visit->out, key, issue->summary);
}

static void
put_type_of(struct visit *visit, const char *key, const struct issue *issue)
{
	put_issue_type(visit, key, issue->type);
}

static void
put_project_of(struct visit *visit, const char *key, const struct issue *issue)
{
	put_project(visit, key, issue->project);
}

static void
put_status_of(struct visit *visit, const char *key, const struct issue *issue)
{
	put_status(visit, key, issue->status);
}

static void
put_priority_of(struct visit *visit, const char *key, const struct issue *issue)
{
	put_priority(visit, key, issue->priority);
}

static void
put_resolution_of(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;

	if (issue->resolution == NULL) {
		put_null(out, key);
		return;
	}
	put_open(out, key, '{');
	put_format(
	    out, "self", "%s/rest/api/%d/resolution/10000", visit->world->jira_url, API(visit));
	put_cstr(out, "id", "10000");
	put_cstr(out, "description", "Work has been completed on this issue.");
	put_cstr(out, "name", issue->resolution);
	put_close(out, '}');
}

static void
put_assignee(struct visit *visit, const char *key, const struct issue *issue)
{
	put_user(visit, key, issue->assignee);
}

static void
put_reporter(struct visit *visit, const char *key, const struct issue *issue)
{
	put_user(visit, key, issue->reporter);
}

static void
put_creator(struct visit *visit, const char *key, const struct issue *issue)
{
	put_user(visit, key, issue->creator);
}

static void
put_description(struct visit *visit, const char *key, const struct issue *issue)
{
	put_rich(visit, key, &issue->description);
}

static void
put_environment(struct visit *visit, const char *key, const struct issue *issue)
{
	put_rich(visit, key, &issue->environment);
}

static void
put_labels(struct visit *visit, const char *key, const struct issue *issue)
{
	const struct slice *label;

	put_open(&visit->out, key, '[');
	LIST_EACH(label, &issue->labels)
	put_text(&visit->out, NULL, *label);
	put_close(&visit->out, ']');
}

static void
put_components(struct visit *visit, const char *key, const struct issue *issue)
{
	const struct component *component;

	put_open(&visit->out, key, '[');
	LIST_EACH(component, &issue->components)
	put_component(visit, issue->project, component);
	put_close(&visit->out, ']');
}

static void
put_version_list(
    struct visit *visit, const char *key, const struct issue *issue, const struct list *versions)
{
	const struct version *version;

	put_open(&visit->out, key, '[');
	LIST_EACH(version, versions)
	put_version(visit, issue->project, version);
	put_close(&visit->out, ']');
}

static void
put_fix_versions(struct visit *visit, const char *key, const struct issue *issue)
{
	put_version_list(visit, key, issue, &issue->fix_versions);
}

static void
put_versions(struct visit *visit, const char *key, const struct issue *issue)
{
	put_version_list(visit, key, issue, &issue->versions);
}

/* Data Center knows the parents of sub-tasks only; above them it has the epic link. */
static void
put_parent(struct visit *visit, const char *key, const struct issue *issue)
{
	if (issue->parent != NULL && (visit->world->is_cloud || issue->type->is_subtask))
		put_issue_brief(visit, key, issue->parent);
}

static void
put_subtasks(struct visit *visit, const char *key, const struct issue *issue)
{
	const struct issue *child;

	put_open(&visit->out, key, '[');
	LIST_EACH(child, &issue->children)
	if (child->type->is_subtask)
		put_issue_brief(visit, NULL, child);
	put_close(&visit->out, ']');
}

static void
put_links(struct visit *visit, const char *key, const struct issue *issue)
{
	const struct link *link;

	put_open(&visit->out, key, '[');
	LIST_EACH(link, &issue->links)
	put_link(visit, link, issue);
	put_close(&visit->out, ']');
}

static void
put_attachments(struct visit *visit, const char *key, const struct issue *issue)
{
	const struct attachment *attachment;

	put_open(&visit->out, key, '[');
	LIST_EACH(attachment, &issue->attachments)
	put_attachment(visit, attachment);
	put_close(&visit->out, ']');
}

#define EMBEDDED 20 /* worklogs in an issue; comments are all in it */

static void
put_comments(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;
	const struct comment *comment;

	put_open(out, key, '{');
	put_open(out, "comments", '[');
	LIST_EACH(comment, &issue->comments)
	put_comment(visit, NULL, issue, comment);
	put_close(out, ']');
	put_format(out, "self", "%s/rest/api/%d/issue/%u/comment", visit->world->jira_url,
	    API(visit), issue->id);
	put_number(out, "maxResults", issue->comments.n);
	put_number(out, "total", issue->comments.n);
	put_number(out, "startAt", 0);
	put_close(out, '}');
}

static void
put_worklogs(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_number(out, "startAt", 0);
	put_number(out, "maxResults", EMBEDDED);
	put_number(out, "total", issue->worklogs.n);
	put_open(out, "worklogs", '[');
	for (unsigned i = 0; i < issue->worklogs.n && i < EMBEDDED; i++)
		put_worklog(visit, issue, issue->worklogs.p[i]);
	put_close(out, ']');
	put_close(out, '}');
}

static void
put_timetracking(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;
	const struct worklog *worklog;
	unsigned spent = 0;

	LIST_EACH(worklog, &issue->worklogs)
	spent += worklog->seconds;
	put_open(out, key, '{');
	if (issue->estimate_s != 0) {
		put_duration(out, "originalEstimate", issue->estimate_s);
		put_number(out, "originalEstimateSeconds", issue->estimate_s);
		put_duration(out, "remainingEstimate", issue->remaining_s);
		put_number(out, "remainingEstimateSeconds", issue->remaining_s);
	}
	if (spent != 0) {
		put_duration(out, "timeSpent", spent);
		put_number(out, "timeSpentSeconds", spent);
	}
	put_close(out, '}');
}

static void
put_watches(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_format(out, "self", "%s/rest/api/%d/issue/%.*s/watchers", visit->world->jira_url,
	    API(visit), SLICE_FMT(issue->key));
	put_number(out, "watchCount", issue->watchers.n);
	put_bool(out, "isWatching", list_has(&issue->watchers, visit->user));
	put_close(out, '}');
}

static void
put_votes(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_format(out, "self", "%s/rest/api/%d/issue/%.*s/votes", visit->world->jira_url,
	    API(visit), SLICE_FMT(issue->key));
	put_number(out, "votes", issue->voters.n);
	put_bool(out, "hasVoted", list_has(&issue->voters, visit->user));
	put_close(out, '}');
}

static void
put_created_time(struct visit *visit, const char *key, const struct issue *issue)
{
	put_time(&visit->out, key, issue->created_ms, ZONE);
}

static void
put_updated_time(struct visit *visit, const char *key, const struct issue *issue)
{
	put_time(&visit->out, key, issue->updated_ms, ZONE);
}

static void
put_resolved_time(struct visit *visit, const char *key, const struct issue *issue)
{
	put_time(&visit->out, key, issue->resolved_ms, ZONE);
}

static void
put_due(struct visit *visit, const char *key, const struct issue *issue)
{
	put_text(&visit->out, key, issue->due);
}

static void
put_epic_link(struct visit *visit, const char *key, const struct issue *issue)
{
	if (issue->parent != NULL && !issue->type->is_subtask)
		put_text(&visit->out, key, issue->parent->key);
	else
		put_null(&visit->out, key);
}

static void
put_rank(struct visit *visit, const char *key, const struct issue *issue)
{
	put_format(&visit->out, key, "0|i%05u:", issue->id);
}

/* Data Center prints what its Java objects are called. */
static void
put_sprint_of(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;
	const struct sprint *sprint = issue->sprint;

	if (sprint == NULL) {
		put_null(out, key);
		return;
	}
	put_open(out, key, '[');
	if (visit->world->is_cloud) {
		put_open(out, NULL, '{');
		put_number(out, "id", sprint->id);
		put_text(out, "name", sprint->name);
		put_cstr(out, "state", sprint->state);
		put_number(out, "boardId", sprint->board->id);
		put_text(out, "goal", sprint->goal);
		if (sprint->start.p != NULL)
			put_text(out, "startDate", sprint->start);
		if (sprint->end.p != NULL)
			put_text(out, "endDate", sprint->end);
		put_close(out, '}');
	} else {
		put_format(out, NULL,
		    "com.atlassian.greenhopper.service.sprint.Sprint@%08x[id=%u,rapidViewId=%u,"
		    "state=%s,name=%.*s,startDate=%.*s,endDate=%.*s,completeDate=%.*s,sequence=%u]",
		    0x5f3a0000u + sprint->id, sprint->id, sprint->board->id,
		    strcmp(sprint->state, "active") == 0       ? "ACTIVE"
			: strcmp(sprint->state, "closed") == 0 ? "CLOSED"
							       : "FUTURE",
		    SLICE_FMT(sprint->name),
		    SLICE_FMT(sprint->start.p != NULL ? sprint->start : S("<null>")),
		    SLICE_FMT(sprint->end.p != NULL ? sprint->end : S("<null>")),
		    SLICE_FMT(sprint->complete.p != NULL ? sprint->complete : S("<null>")),
		    sprint->id);
	}
	put_close(out, ']');
}

static const struct {
	const char *id;
	void (*put)(struct visit *visit, const char *key, const struct issue *issue);
} printers[] = {
	{ "summary", put_summary },
	{ "issuetype", put_type_of },
	{ "project", put_project_of },
	{ "status", put_status_of },
	{ "priority", put_priority_of },
	{ "resolution", put_resolution_of },
	{ "assignee", put_assignee },
	{ "reporter", put_reporter },
	{ "creator", put_creator },
	{ "description", put_description },
	{ "environment", put_environment },
	{ "labels", put_labels },
	{ "components", put_components },
	{ "fixVersions", put_fix_versions },
	{ "versions", put_versions },
	{ "parent", put_parent },
	{ "subtasks", put_subtasks },
	{ "issuelinks", put_links },
	{ "attachment", put_attachments },
	{ "comment", put_comments },
	{ "worklog", put_worklogs },
	{ "timetracking", put_timetracking },
	{ "watches", put_watches },
	{ "votes", put_votes },
	{ "created", put_created_time },
	{ "updated", put_updated_time },
	{ "resolutiondate", put_resolved_time },
	{ "duedate", put_due },
	{ "customfield_10014", put_epic_link },
	{ "customfield_10019", put_rank },
	{ "customfield_10020", put_sprint_of },
};

/* The table follows sandbox_fields, but for custom fields that hold what was put in. */
static void
put_custom(struct visit *visit, const struct field *field, const struct issue *issue)
{
	const struct custom *custom;

	LIST_EACH(custom, &issue->customs)
	if (custom->field == field) {
		put_raw(&visit->out, field->id, custom->value);
		return;
	}
	put_null(&visit->out, field->id);
}

static void
put_fields(struct visit *visit, const struct issue *issue)
{
	size_t printer = 0;

	put_open(&visit->out, "fields", '{');
	for (size_t i = 0; i < sandbox_fields_n; i++) {
		const struct field *field = &sandbox_fields[i];
		bool is_wanted = (visit->fields & UINT64_C(1) << i) != 0;

		if (printer < COUNT(printers) && strcmp(printers[printer].id, field->id) == 0) {
			if (is_wanted)
				printers[printer].put(visit, field->id, issue);
			printer++;
		} else if (is_wanted) {
			put_custom(visit, field, issue);
		}
	}
	put_close(&visit->out, '}');
}

static void
put_rendered(struct visit *visit, const struct issue *issue)
{
	struct buf *out = &visit->out, html;
	const struct comment *comment;

	put_open(out, "renderedFields", '{');
	buf_init(&html, NULL, 64 * MIB);
	html_of_text(&html, issue->description.wiki);
	put_text(out, "description", buf_view(&html));
	put_open(out, "comment", '{');
	put_open(out, "comments", '[');
	LIST_EACH(comment, &issue->comments)
	{
		put_open(out, NULL, '{');
		put_id(out, "id", comment->id);
		buf_clear(&html);
		html_of_text(&html, comment->body.wiki);
		put_text(out, "body", buf_view(&html));
		put_close(out, '}');
	}
	put_close(out, ']');
	put_close(out, '}');
	buf_fini(&html);
	put_close(out, '}');
}

void
put_transitions(struct visit *visit, const struct issue *issue)
{
	const struct workflow *flow = issue->project->workflow;
	struct buf *out = &visit->out;

	put_open(out, "transitions", '[');
	for (size_t i = 0; i < flow->n; i++) {
		if (flow->transitions[i].to == issue->status)
			continue;
		put_open(out, NULL, '{');
		put_cstr(out, "id", flow->transitions[i].id);
		put_cstr(out, "name", flow->transitions[i].name);
		put_status(visit, "to", flow->transitions[i].to);
		put_bool(out, "hasScreen", false);
		put_bool(out, "isGlobal", true);
		put_bool(out, "isInitial", false);
		put_bool(out, "isConditional", false);
		if (visit_lists(visit, "expand", "transitions.fields"))
			put_raw(out, "fields", S("{}"));
		put_close(out, '}');
	}
	put_close(out, ']');
}

void
put_names(struct visit *visit)
{
	if ((visit->expand & EXPAND_NAMES) != 0) {
		put_open(&visit->out, "names", '{');
		for (size_t i = 0; i < sandbox_fields_n; i++)
			if ((visit->fields & UINT64_C(1) << i) != 0)
				put_cstr(&visit->out, sandbox_fields[i].id, sandbox_fields[i].name);
		put_close(&visit->out, '}');
	}
	if ((visit->expand & EXPAND_SCHEMA) != 0) {
		put_open(&visit->out, "schema", '{');
		for (size_t i = 0; i < sandbox_fields_n; i++)
			if ((visit->fields & UINT64_C(1) << i) != 0)
				put_schema(visit, sandbox_fields[i].id, &sandbox_fields[i]);
		put_close(&visit->out, '}');
	}
}

#define EXPANDED 100 /* histories in an issue */

/* An element of a list when it has no key: the list puts names and schema then. */
void
put_issue(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;
	bool is_whole = out->n == 0;
	unsigned total;

	put_open(out, key, '{');
	put_cstr(out, "expand", "renderedFields,names,schema,operations,editmeta,changelog");
	put_id(out, "id", issue->id);
	put_format(
	    out, "self", "%s/rest/api/%d/issue/%u", visit->world->jira_url, API(visit), issue->id);
	put_text(out, "key", issue->key);
	if (visit->fields != 0)
		put_fields(visit, issue);
	if ((visit->expand & EXPAND_RENDERED) != 0)
		put_rendered(visit, issue);
	if ((visit->expand & EXPAND_TRANSITIONS) != 0)
		put_transitions(visit, issue);
	if ((visit->expand & EXPAND_CHANGELOG) != 0) {
		put_open(out, "changelog", '{');
		total = put_histories(visit, "histories", issue, 0, EXPANDED, NULL);
		put_number(out, "startAt", 0);
		put_number(out, "maxResults", EXPANDED);
		put_number(out, "total", total);
		put_close(out, '}');
	}
	if (is_whole)
		put_names(visit);
	put_close(out, '}');
}

/*
 * The sandbox's Jira: votes, and new components.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

/* ---- votes ----------------------------------------------------------------------------------- */

static void
votes_get(struct visit *visit)
{
	const struct issue *issue = visit_issue(visit, 0);
	struct buf *out = &visit->out;
	const struct user *user;

	if (issue == NULL)
		return;
	put_open(out, NULL, '{');
	put_format(out, "self", "%s/rest/api/%d/issue/%.*s/votes", visit->world->jira_url,
	    visit->is_v3 ? 3 : 2, SLICE_FMT(issue->key));
	put_number(out, "votes", issue->voters.n);
	put_bool(out, "hasVoted", list_has(&issue->voters, visit->user));
	put_open(out, "voters", '[');
	LIST_EACH(user, &issue->voters)
	put_user(visit, NULL, user);
	put_close(out, ']');
	put_close(out, '}');
}

/* Nobody votes for what is his own. */
static void
vote_post(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);

	if (issue == NULL)
		return;
	if (issue->reporter == visit->user) {
		visit_fail(visit, 404, "You cannot vote for an issue you have reported.");
		return;
	}
	if (!list_has(&issue->voters, visit->user))
		list_add(visit->sandbox, &issue->voters, (void *)(uintptr_t)visit->user);
	visit_no_content(visit);
}

static void
vote_delete(struct visit *visit)
{
	struct issue *issue = visit_issue(visit, 0);

	if (issue == NULL)
		return;
	if (!list_remove(&issue->voters, visit->user))
		visit_fail(
		    visit, 404, "Cannot remove a vote for an issue that you have not voted for.");
	else
		visit_no_content(visit);
}

/* ---- components ------------------------------------------------------------------------------ */

static const char *
text_keep(struct visit *visit, struct slice text)
{
	char *kept = sandbox_alloc(visit->sandbox, text.n + 1);

	if (text.n > 0)
		memcpy(kept, text.p, text.n);
	return kept;
}

static void
component_post(struct visit *visit)
{
	struct slice name = slice_trim(json_text(visit->body, "name"));
	struct project *project = project_find(visit->world, json_text(visit->body, "project"));
	struct component *component;

	if (project == NULL) {
		visit_fail_field(visit, "project", "The project does not exist.");
		return;
	}
	if (name.n == 0 || name.n > 255) {
		visit_fail_field(visit, "name", "The component name has 1 to 255 characters.");
		return;
	}
	if (component_find(project, name) != NULL) {
		visit_fail_field(visit, "name",
		    "A component with the name %.*s already exists in this project.",
		    SLICE_FMT(name));
		return;
	}
	component = SANDBOX_NEW(visit->sandbox, struct component);
	component->id = visit->world->next_id++;
	component->name = text_keep(visit, name);
	component->description = text_keep(visit, json_text(visit->body, "description"));
	list_add(visit->sandbox, &project->components, component);
	visit->status = 201;
	put_component(visit, project, component);
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/V/issue/{issueIdOrKey}/votes",	ON_BOTH, votes_get },
	{ "POST",	"/rest/api/V/issue/{issueIdOrKey}/votes",	ON_BOTH, vote_post },
	{ "DELETE",	"/rest/api/V/issue/{issueIdOrKey}/votes",	ON_BOTH, vote_delete },
	{ "POST",	"/rest/api/V/component",			ON_BOTH, component_post },
};
/* clang-format on */
const struct routes sandbox_jira_extra_routes = { rows, COUNT(rows) };

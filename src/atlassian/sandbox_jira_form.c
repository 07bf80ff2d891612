/*
 * The sandbox's Jira, what stands beside it: forms on issues (Cloud only, at an address of their
 * own) and what development tools have told of an issue.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

struct form {
	const char *id, *name;
	struct issue *issue;
	struct slice answers; /* raw JSON */
	uint64_t updated_ms;
	bool is_submitted, is_locked;
};

/* What all forms here ask for. */
static const char questions[] =
    "{\"1\":{\"type\":\"ts\",\"label\":\"Room\",\"description\":\"\",\"validation\":{\"rq\":true}},"
    "\"2\":{\"type\":\"cd\",\"label\":\"Kind of reader\",\"description\":\"\",\"validation\":{},"
    "\"choices\":[{\"id\":\"1\",\"label\":\"Punched cards\"},{\"id\":\"2\",\"label\":\"Paper tape\"}]},"
    "\"3\":{\"type\":\"da\",\"label\":\"Needed until\",\"description\":\"\",\"validation\":{}}}";
static const char layout[] =
    "[{\"version\":1,\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\",\"content\":"
    "[{\"type\":\"text\",\"text\":\"What we need to know\"}]}]}]";

static void
form_add(struct world *world, struct issue *issue, const char *id, const char *name,
    const char *answers, bool is_submitted)
{
	struct form *form = SANDBOX_NEW(world->sandbox, struct form);

	form->id = id;
	form->name = name;
	form->issue = issue;
	form->answers = sandbox_dup(world->sandbox, slice_of(answers));
	form->updated_ms = issue->updated_ms;
	form->is_submitted = form->is_locked = is_submitted;
	list_add(world->sandbox, &world->forms, form);
}

void
world_fill_forms(struct world *world)
{
	struct issue *first = issue_find(world, S("OPS-1")), *third = issue_find(world, S("OPS-3"));

	if (!world->is_cloud || first == NULL || third == NULL)
		return;
	form_add(world, first, "1946b8b7-8f03-4dc0-ac2d-5fac0d960c6a", "Hardware request",
	    "{\"1\":{\"text\":\"12\"},\"2\":{\"choices\":[\"1\"]}}", false);
	form_add(world, third, "5b0c2f1e-1f2d-4c3a-9b8e-2a7d6c5e4f30", "Access request",
	    "{\"1\":{\"text\":\"Library\"}}", true);
}

/* ---- forms ----------------------------------------------------------------------------------- */

static void
put_form_row(struct visit *visit, const struct form *form)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_cstr(out, "id", form->id);
	put_open(out, "formTemplate", '{');
	put_cstr(out, "id", "c1a5d0f2-36f4-4a86-9a0e-4a7a2f5d1b11");
	put_close(out, '}');
	put_bool(out, "internal", false);
	put_bool(out, "submitted", form->is_submitted);
	put_bool(out, "lock", form->is_locked);
	put_cstr(out, "name", form->name);
	put_time(out, "updated", form->updated_ms, "Z");
	put_close(out, '}');
}

static void
put_form(struct visit *visit, const struct form *form)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_cstr(out, "id", form->id);
	put_time(out, "updated", form->updated_ms, "Z");
	put_open(out, "design", '{');
	put_raw(out, "conditions", S("{}"));
	put_raw(out, "layout", slice_of(layout));
	put_raw(out, "questions", slice_of(questions));
	put_raw(out, "sections", S("{}"));
	put_open(out, "settings", '{');
	put_cstr(out, "name", form->name);
	put_cstr(out, "language", "en");
	put_close(out, '}');
	put_close(out, '}');
	put_open(out, "state", '{');
	put_raw(out, "answers", form->answers);
	put_cstr(out, "status", form->is_submitted ? "s" : "o");
	put_cstr(out, "visibility", "e");
	put_close(out, '}');
	put_close(out, '}');
}

static void
forms_get(struct visit *visit)
{
	const struct issue *issue = visit_issue(visit, 0);
	const struct form *form;

	if (issue == NULL)
		return;
	put_open(&visit->out, NULL, '[');
	LIST_EACH(form, &visit->world->forms)
	if (form->issue == issue)
		put_form_row(visit, form);
	put_close(&visit->out, ']');
}

/* NULL: it has answered. */
static struct form *
visit_form(struct visit *visit)
{
	const struct issue *issue = visit_issue(visit, 0);
	struct form *form;

	if (issue == NULL)
		return NULL;
	LIST_EACH(form, &visit->world->forms)
	if (form->issue == issue && slice_eq_nocase(visit->args[1], slice_of(form->id)))
		return form;
	visit_fail(visit, 404, "The form was not found.");
	return NULL;
}

static void
form_get(struct visit *visit)
{
	const struct form *form = visit_form(visit);

	if (form != NULL)
		put_form(visit, form);
}

/* Answers that are not named stay. */
static struct slice
answers_merge(struct visit *visit, const struct form *form, yyjson_val *given)
{
	yyjson_doc *old = yyjson_read(form->answers.p, form->answers.n, 0);
	yyjson_mut_doc *doc = yyjson_doc_mut_copy(old, NULL);
	yyjson_mut_val *all = yyjson_mut_doc_get_root(doc);
	yyjson_val *key, *value;
	yyjson_doc *made;
	struct slice text;
	size_t i, max;

	yyjson_obj_foreach(given, i, max, key, value)
	{
		yyjson_mut_obj_put(
		    all, yyjson_val_mut_copy(doc, key), yyjson_val_mut_copy(doc, value));
	}
	made = yyjson_mut_doc_imut_copy(doc, NULL);
	text = json_raw(visit, yyjson_doc_get_root(made));
	yyjson_doc_free(made);
	yyjson_mut_doc_free(doc);
	yyjson_doc_free(old);
	return text;
}

static void
form_put(struct visit *visit)
{
	yyjson_val *answers = yyjson_obj_get(visit->body, "answers");
	struct form *form = visit_form(visit);

	if (form == NULL)
		return;
	if (!yyjson_is_obj(answers)) {
		visit_fail(visit, 400, "answers must be an object");
		return;
	}
	if (form->is_locked) {
		visit_fail(visit, 409, "The form is locked.");
		return;
	}
	sandbox_set(visit->sandbox, &form->answers, answers_merge(visit, form, answers));
	form->updated_ms = visit->now_ms;
	put_form(visit, form);
}

/* ---- development ----------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *issue, *name, *state, *branch, *author;
	unsigned number;
} pulls[] = {
	{ "DEMO-2", "DEMO-2: read cards", "MERGED", "DEMO-2-cards", "Ada Lovelace", 7 },
	{ "DEMO-4", "DEMO-4: no moth", "OPEN", "DEMO-4-moth", "Grace Hopper", 9 },
};
/* clang-format on */

#define REPOSITORY "https://github.example/sandbox/engine"
#define STASH	   "https://stash.example/projects/DEMO/repos/engine"
#define COMMIT	   "3f786850e387550fdab836ed7e6dc881de23001b"

/* By the number that dev-status asks with; those without any have no pull. */
static const struct issue *
visit_issue_number(struct visit *visit, size_t *pull)
{
	const struct issue *issue = issue_find(visit->world, visit_query(visit, "issueId"));

	for (*pull = 0; issue != NULL && *pull < COUNT(pulls); (*pull)++)
		if (slice_eq(issue->key, slice_of(pulls[*pull].issue)))
			break;
	if (issue == NULL)
		visit_fail(visit, 400, "Issue Does Not Exist");
	return issue;
}

static void
dev_summary(struct visit *visit)
{
	static const struct {
		const char *type, *system, *name;
	} sections[] = { { "pullrequest", "GitHub", "GitHub" }, { "branch", "GitHub", "GitHub" },
		{ "repository", "stash", "Bitbucket Server" } };
	struct buf *out = &visit->out;
	size_t pull;

	if (visit_issue_number(visit, &pull) == NULL)
		return;
	put_open(out, NULL, '{');
	put_raw(out, "errors", S("[]"));
	put_raw(out, "configErrors", S("[]"));
	put_open(out, "summary", '{');
	for (size_t i = 0; i < COUNT(sections); i++) {
		put_open(out, sections[i].type, '{');
		put_open(out, "overall", '{');
		put_number(out, "count", pull < COUNT(pulls));
		put_cstr(out, "dataType", sections[i].type);
		put_close(out, '}');
		put_open(out, "byInstanceType", '{');
		if (pull < COUNT(pulls)) {
			put_open(out, sections[i].system, '{');
			put_number(out, "count", 1);
			put_cstr(out, "name", sections[i].name);
			put_close(out, '}');
		}
		put_close(out, '}');
		put_close(out, '}');
	}
	put_close(out, '}');
	put_close(out, '}');
}

static void
put_branch_ref(struct visit *visit, const char *key, const char *branch)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_cstr(out, "branch", branch);
	put_open(out, "repository", '{');
	put_cstr(out, "name", "engine");
	put_cstr(out, "url", REPOSITORY);
	put_close(out, '}');
	put_close(out, '}');
}

static void
put_pull(struct visit *visit, size_t at)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_format(out, "id", "#%u", pulls[at].number);
	put_cstr(out, "name", pulls[at].name);
	put_cstr(out, "status", pulls[at].state);
	put_format(out, "url", "%s/pull/%u", REPOSITORY, pulls[at].number);
	put_branch_ref(visit, "source", pulls[at].branch);
	put_branch_ref(visit, "destination", "main");
	put_open(out, "author", '{');
	put_cstr(out, "name", pulls[at].author);
	put_close(out, '}');
	put_raw(out, "reviewers", S("[{\"name\":\"Linus Pauling\",\"approved\":true}]"));
	put_cstr(out, "lastUpdate", "2026-06-04T10:00:00.000+0000");
	put_close(out, '}');
}

static void
put_branch(struct visit *visit, size_t at)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_cstr(out, "name", pulls[at].branch);
	put_format(out, "url", "%s/tree/%s", REPOSITORY, pulls[at].branch);
	put_format(out, "createPullRequestUrl", "%s/compare/%s", REPOSITORY, pulls[at].branch);
	put_close(out, '}');
}

static void
put_repository(struct visit *visit, size_t at)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_cstr(out, "name", "engine");
	put_cstr(out, "url", STASH);
	put_cstr(out, "avatar", STASH "/avatar.png");
	put_open(out, "commits", '[');
	put_open(out, NULL, '{');
	put_cstr(out, "id", COMMIT);
	put_cstr(out, "displayId", "3f78685");
	put_cstr(out, "message", pulls[at].name);
	put_open(out, "author", '{');
	put_cstr(out, "name", pulls[at].author);
	put_close(out, '}');
	put_cstr(out, "authorTimestamp", "2026-06-04T09:00:00.000+0000");
	put_format(out, "url", "%s/commits/%s", STASH, COMMIT);
	put_close(out, '}');
	put_close(out, ']');
	put_close(out, '}');
}

/* A system that knows nothing answers with empty lists. */
static void
dev_detail(struct visit *visit)
{
	struct slice system = visit_query(visit, "applicationType"),
		     type = visit_query(visit, "dataType");
	bool is_github = slice_eq(system, S("GitHub")), is_stash = slice_eq(system, S("stash"));
	struct buf *out = &visit->out;
	size_t pull;

	if (visit_issue_number(visit, &pull) == NULL)
		return;
	put_open(out, NULL, '{');
	put_raw(out, "errors", S("[]"));
	put_open(out, "detail", '[');
	if (pull < COUNT(pulls) && (is_github || is_stash)) {
		put_open(out, NULL, '{');
		put_open(out, "branches", '[');
		if (is_github && slice_eq(type, S("branch")))
			put_branch(visit, pull);
		put_close(out, ']');
		put_open(out, "pullRequests", '[');
		if (is_github && (type.n == 0 || slice_eq(type, S("pullrequest"))))
			put_pull(visit, pull);
		put_close(out, ']');
		put_open(out, "repositories", '[');
		if (is_stash && (type.n == 0 || slice_eq(type, S("repository"))))
			put_repository(visit, pull);
		put_close(out, ']');
		put_open(out, "_instance", '{');
		put_cstr(out, "name", is_github ? "GitHub" : "Bitbucket Server");
		put_cstr(
		    out, "baseUrl", is_github ? "https://github.example" : "https://stash.example");
		put_close(out, '}');
		put_close(out, '}');
	}
	put_close(out, ']');
	put_close(out, '}');
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/issue/{issueIdOrKey}/form",			ON_CLOUD, forms_get },
	{ "GET",	"/issue/{issueIdOrKey}/form/{formId}",		ON_CLOUD, form_get },
	{ "PUT",	"/issue/{issueIdOrKey}/form/{formId}",		ON_CLOUD, form_put },
	{ "GET",	"/rest/dev-status/1.0/issue/summary",		ON_BOTH, dev_summary },
	{ "GET",	"/rest/dev-status/1.0/issue/detail",		ON_BOTH, dev_detail },
};
/* clang-format on */
const struct routes sandbox_jira_form_routes = { rows, COUNT(rows) };

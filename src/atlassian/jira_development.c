/*
 * Pull requests, branches and commits that development tools have told Jira of an issue: the
 * interface of Jira's own development panel.  Its summary says which systems know of what; only
 * these are asked, side by side.
 */
#include "atlassian/jira.h"

#define SYSTEMS_MAX 16
#define ISSUES_MAX  100
#define ASKED_MAX   (SYSTEMS_MAX * 3)

static const char *const data_types[] = { "pullrequest", "branch", "repository" };

/* ---- what is asked --------------------------------------------------------------------------- */

struct asked {
	const char *system, *type;
};

/* Systems are told in small letters, and asked for as they are called. */
static const char *
system_name(struct work *work, struct slice name)
{
	static const struct slice known[] = { S("GitHub"), S("GitLab") };

	for (size_t i = 0; i < COUNT(known); i++) {
		if (slice_eq_nocase(name, known[i]))
			name = known[i];
	}
	return work_cstr(work, name);
}

static size_t
asked_of_summary(struct work *work, yyjson_val *summary, const char *only, struct asked *out)
{
	yyjson_val *name, *system;
	size_t n = 0, i, max;

	for (size_t k = 0; k < COUNT(data_types); k++) {
		yyjson_val *systems =
		    json_at(yyjson_obj_get(summary, data_types[k]), "byInstanceType");

		if (only != NULL && strcmp(only, data_types[k]) != 0)
			continue;
		yyjson_obj_foreach(systems, i, max, name, system)
		{
			if (n == ASKED_MAX || i >= SYSTEMS_MAX ||
			    yyjson_get_sint(yyjson_obj_get(system, "count")) <= 0)
				continue;
			out[n].system = system_name(work, json_slice(name));
			out[n].type = data_types[k];
			n += out[n].system != NULL;
		}
	}
	return n;
}

/* By the caller's words; NULL for nothing. */
static const char *
word(const struct work *work, const char *name)
{
	const char *text = arg_str(work, name);

	return text == NULL || *text == '\0' ? NULL : text;
}

/* ---- what is shown --------------------------------------------------------------------------- */

struct lists {
	yyjson_mut_val *pulls, *branches, *commits, *repositories;
};

#define PULL_FIELDS \
	{ "id", SHAPE_STR }, { "name", SHAPE_STR }, { "status", SHAPE_STR }, { "url", SHAPE_STR }, \
	    { "source", SHAPE_STR, "source/branch" }, \
	    { "destination", SHAPE_STR, "destination/branch" }, \
	    { "author", SHAPE_STR, "author/name" }, { "reviewers", SHAPE_NAMES }, \
	{ \
		"lastUpdate", SHAPE_STR \
	}
LOCAL_SHAPE(pull_shape, PULL_FIELDS, { "repository", SHAPE_STR, "source/repository/name" },
    { "repositoryUrl", SHAPE_STR, "source/repository/url" }, { "instance", SHAPE_STR, "-" });
LOCAL_SHAPE(branch_shape, { "name", SHAPE_STR }, { "url", SHAPE_STR },
    { "createPullRequestUrl", SHAPE_STR }, { "repository", SHAPE_STR, "repository/name" },
    { "repositoryUrl", SHAPE_STR, "repository/url" }, { "instance", SHAPE_STR, "-" });
LOCAL_SHAPE(commit_shape, { "id", SHAPE_STR }, { "displayId", SHAPE_STR }, { "message", SHAPE_STR },
    { "author", SHAPE_STR, "author/name" }, { "authorTimestamp", SHAPE_STR }, { "url", SHAPE_STR },
    { "repository", SHAPE_STR, "-" }, { "repositoryUrl", SHAPE_STR, "-" });
LOCAL_SHAPE(repository_shape, { "name", SHAPE_STR }, { "url", SHAPE_STR }, { "avatar", SHAPE_STR });

static void
items_add(struct work *work, yyjson_mut_val *to, const struct shape *shape, yyjson_val *items,
    const char *member, struct slice value, yyjson_val *repository)
{
	yyjson_mut_val *one;
	yyjson_val *item;
	size_t i, max;

	yyjson_arr_foreach(items, i, max, item)
	{
		if (!yyjson_is_obj(item))
			continue;
		one = shape_make(work, shape, item);
		out_slice(work, one, member, value);
		out_slice(
		    work, one, "repositoryUrl", json_slice(yyjson_obj_get(repository, "url")));
		yyjson_mut_arr_append(to, one);
	}
}

static void
repository_add(struct work *work, struct lists *lists, yyjson_val *repository)
{
	struct slice name = json_slice(yyjson_obj_get(repository, "name")),
		     url = json_slice(yyjson_obj_get(repository, "url"));
	yyjson_mut_val *one;
	size_t i, max;

	items_add(work, lists->commits, &commit_shape, yyjson_obj_get(repository, "commits"),
	    "repository", name, repository);
	items_add(work, lists->pulls, &pull_shape, yyjson_obj_get(repository, "pullRequests"),
	    "repository", name, repository);
	items_add(work, lists->branches, &branch_shape, yyjson_obj_get(repository, "branches"),
	    "repository", name, repository);
	yyjson_mut_arr_foreach(lists->repositories, i, max, one)
	{
		if (yyjson_mut_equals_strn(yyjson_mut_obj_get(one, "name"), name.p, name.n) &&
		    (url.p == NULL ||
			yyjson_mut_equals_strn(yyjson_mut_obj_get(one, "url"), url.p, url.n)))
			return;
	}
	if (name.n > 0)
		yyjson_mut_arr_append(
		    lists->repositories, shape_make(work, &repository_shape, repository));
}

static void
detail_add(struct work *work, struct lists *lists, yyjson_val *reply)
{
	yyjson_val *detail, *repository;
	size_t i, k, max, repositories_n;

	yyjson_arr_foreach(yyjson_obj_get(reply, "detail"), i, max, detail)
	{
		struct slice instance = json_slice(json_at(detail, "_instance/name"));

		items_add(work, lists->pulls, &pull_shape, yyjson_obj_get(detail, "pullRequests"),
		    "instance", instance, NULL);
		items_add(work, lists->branches, &branch_shape, yyjson_obj_get(detail, "branches"),
		    "instance", instance, NULL);
		yyjson_arr_foreach(
		    yyjson_obj_get(detail, "repositories"), k, repositories_n, repository)
		{
			repository_add(work, lists, repository);
		}
	}
}

/* ---- one issue ------------------------------------------------------------------------------- */

/* What of the systems failed is told beside what did not. */
static bool
details_wait(
    struct work *work, const char *id, const struct asked *asked, size_t n, yyjson_mut_val *out)
{
	struct lists lists = { out_arr(work), out_arr(work), out_arr(work), out_arr(work) };
	struct jira_part *parts = jira_parts(work, n);

	if (parts == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		parts[i].path = work_path(work, "/rest/dev-status/1.0/issue/detail", "issueId", id,
		    "applicationType", asked[i].system, "dataType", asked[i].type, NULL);
		if (parts[i].path == NULL)
			return false;
	}
	if (n > 0 && !jira_parts_wait(work, parts, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].is_ok)
			detail_add(work, &lists, parts[i].reply);
		else
			out_str(work, out, "error",
			    work_printf(work, "%s, %s: %s", asked[i].system, asked[i].type,
				parts[i].err.text));
	}
	out_val(work, out, "pullRequests", lists.pulls);
	out_val(work, out, "branches", lists.branches);
	out_val(work, out, "commits", lists.commits);
	out_val(work, out, "repositories", lists.repositories);
	return true;
}

static bool
issue_wait(struct work *work, struct slice key, yyjson_mut_val **out)
{
	const char *system = word(work, "application_type"), *only = word(work, "data_type"), *id;
	struct asked *asked;
	yyjson_val *issue, *summary;
	size_t n = 0;

	if (!work_get_wait(work, &issue, "{api}/issue/{key}", "key", work_cstr(work, key), "fields",
		"id", NULL) ||
	    !jira_reply_check(work, issue, key) ||
	    !arena_reserve(work->arena, ASKED_MAX * sizeof(*asked), work->err))
		return false;
	asked = ARENA_ARRAY(work->arena, struct asked, ASKED_MAX);
	id = yyjson_get_str(yyjson_obj_get(issue, "id"));
	*out = out_obj(work);
	out_slice(work, *out, "issue_key", json_slice(yyjson_obj_get(issue, "key")));
	if (system != NULL) {
		for (size_t i = 0; i < COUNT(data_types); i++) {
			if (only == NULL || strcmp(only, data_types[i]) == 0)
				asked[n++] = (struct asked){ system, data_types[i] };
		}
	} else {
		if (!work_get_wait(
			work, &summary, "/rest/dev-status/1.0/issue/summary", "issueId", id, NULL))
			return false;
		n = asked_of_summary(work, yyjson_obj_get(summary, "summary"), only, asked);
	}
	return details_wait(work, id, asked, n, *out);
}

static bool
get_issue_development_info(struct work *work)
{
	struct slice key = arg_slice(work, "issue_key");

	if (!jira_key_check(work, key) || !issue_wait(work, key, &work->out))
		return false;
	work->summary =
	    slice_of(work_printf(work, "%.*s: %zu pull requests, %zu branches, %zu commits",
		SLICE_FMT(key), yyjson_mut_arr_size(yyjson_mut_obj_get(work->out, "pullRequests")),
		yyjson_mut_arr_size(yyjson_mut_obj_get(work->out, "branches")),
		yyjson_mut_arr_size(yyjson_mut_obj_get(work->out, "commits"))));
	return true;
}

/* ---- several --------------------------------------------------------------------------------- */

/* One issue read beside others. */
struct issue_part {
	struct work work;
	struct err err;
	struct slice key;
	yyjson_mut_val *out;
	bool is_ok;
};

static void
part_run(void *arg)
{
	struct issue_part *part = arg;

	part->is_ok = issue_wait(&part->work, part->key, &part->out);
}

static void
part_show(struct work *work, const struct issue_part *part)
{
	yyjson_mut_val *failed = out_obj(work);

	if (part->is_ok) {
		yyjson_mut_arr_append(work->out, part->out);
		return;
	}
	out_slice(work, failed, "issue_key", part->key);
	out_slice(work, failed, "error",
	    part->work.said.p != NULL ? part->work.said : slice_of(part->err.text));
	yyjson_mut_arr_append(work->out, failed);
}

static bool
get_issues_development_info(struct work *work)
{
	struct issue_part *parts;
	struct slice *keys;
	size_t n = arg_list(work, "issue_keys", &keys);
	void **each;

	if (n == 0 || n > ISSUES_MAX)
		return work_fail(work, ERR_PARAMS, "issue_keys: 1 to %d of them", ISSUES_MAX);
	if (!jira_keys_check(work, keys, n) ||
	    !arena_reserve(work->arena, (n + 1) * (sizeof(*parts) + sizeof(*each)), work->err))
		return false;
	parts = ARENA_ARRAY(work->arena, struct issue_part, n);
	each = ARENA_ARRAY(work->arena, void *, n);
	for (size_t i = 0; i < n; i++) {
		parts[i].work = *work;
		parts[i].work.err = &parts[i].err;
		parts[i].key = keys[i];
		each[i] = &parts[i];
	}
	if (!work_all_wait(work, part_run, each, n))
		return false;
	work->out = out_arr(work);
	for (size_t i = 0; i < n; i++)
		part_show(work, &parts[i]);
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(development_shape, { "issue_key", SHAPE_STR }, { "pullRequests", SHAPE_COPY },
    { "branches", SHAPE_COPY }, { "commits", SHAPE_COPY }, { "repositories", SHAPE_COPY },
    { "error", SHAPE_STR, .help = "what could not be read" });
LOCAL_SHAPE(developments_shape, { "result", SHAPE_LIST, .of = &development_shape });

#define KIND_ARGS \
	{ "application_type", ARG_STR, 0, "Only of: stash, bitbucket, GitHub, githube, GitLab", \
		NULL, 0, 80 }, \
	{ \
		.name = "data_type", .type = ARG_STR, .help = "Only these", \
		.one_of = "pullrequest|branch|repository" \
	}

static const struct tool tools[] = {
	{ .name = "get_issue_development_info",
	    .title = "Get Issue Development Info",
	    .help = "Pull requests, branches and commits of an issue.",
	    .toolset = "jira_development",
	    .flags = READS | IDEMPOTENT,
	    .run = get_issue_development_info,
	    .shape = &development_shape,
	    ARGS({ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" }, KIND_ARGS) },
	{ .name = "get_issues_development_info",
	    .title = "Get Issues Development Info",
	    .help = "The same for several issues.",
	    .toolset = "jira_development",
	    .flags = READS | IDEMPOTENT,
	    .run = get_issues_development_info,
	    .shape = &developments_shape,
	    ARGS({ "issue_keys", ARG_CSV, REQUIRED, "Keys of the issues", .of = ARG_KEY },
		KIND_ARGS) },
};
const struct tool_set jira_development_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

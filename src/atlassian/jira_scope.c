/*
 * Which projects a site shows.  The filter of the configuration holds on every way to the data: a
 * key of another project is refused before a request, a reply that turns out to be of another
 * project (an issue keeps its old keys when it moves) is refused after it, and writes ask first
 * where their issue is.  Without a filter nothing here costs a request.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "atlassian/jira.h"

#define PROJECTS_SHOWN 10 /* in an error's text */

struct slice
jira_project_of(struct slice key)
{
	size_t n = key.n;

	while (n > 0 && isdigit((unsigned char)key.p[n - 1]))
		n--;
	if (n == key.n || n < 2 || key.p[n - 1] != '-')
		return SLICE_NONE;
	return (struct slice){ key.p, n - 1 };
}

static bool
is_listed(const struct slice *list, size_t n, struct slice project)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq_nocase(list[i], project))
			return true;
	}
	return false;
}

bool
jira_may_see(const struct work *work, struct slice project)
{
	const struct config_site *config = work->site->config;

	return config->filter_n == 0 ||
	    (project.n > 0 && is_listed(config->filter, config->filter_n, project));
}

bool
jira_may_see_issue(const struct work *work, yyjson_val *issue)
{
	return jira_may_see(work, jira_project_of(json_slice(yyjson_obj_get(issue, "key"))));
}

bool
jira_project_check(struct work *work, struct slice project)
{
	const struct config_site *config = work->site->config;
	struct buf names;
	bool ok;

	if (jira_may_see(work, project))
		return true;
	buf_init(&names, NULL, KIB);
	for (size_t i = 0; i < config->filter_n && i < PROJECTS_SHOWN; i++)
		buf_printf(&names, "%s%.*s", i > 0 ? ", " : "", SLICE_FMT(config->filter[i]));
	if (config->filter_n > PROJECTS_SHOWN)
		buf_puts(&names, ", ...");
	ok = work_fail(work, ERR_REFUSED, "%.*s shows the projects %.*s; %.*s is none of them",
	    SLICE_FMT(work->site->provider.name), (int)names.n, names.p != NULL ? names.p : "",
	    SLICE_FMT(project));
	buf_fini(&names);
	return ok;
}

bool
jira_key_check(struct work *work, struct slice key)
{
	return jira_project_check(work, jira_project_of(key));
}

static struct slice
upper(struct work *work, struct slice key)
{
	char *text;

	if (!arena_reserve(work->arena, key.n + 1, work->err))
		return SLICE_NONE;
	text = arena_bytes(work->arena, key.n + 1);
	for (size_t i = 0; i < key.n; i++)
		text[i] = (char)toupper((unsigned char)key.p[i]);
	return (struct slice){ text, key.n };
}

bool
jira_keys_check(struct work *work, struct slice *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (jira_project_of(keys[i]).n == 0)
			return work_fail(work, ERR_PARAMS,
			    "\"%.*s\" is no issue key such as PROJ-123", SLICE_FMT(keys[i]));
		if (!jira_key_check(work, keys[i]))
			return false;
		keys[i] = upper(work, keys[i]);
		if (keys[i].p == NULL)
			return false;
	}
	return true;
}

bool
jira_reply_check(struct work *work, yyjson_val *issue, struct slice asked)
{
	if (!yyjson_is_str(yyjson_obj_get(issue, "key")))
		return work_fail(work, ERR_UNAVAILABLE, "%.*s answered with what is no issue",
		    SLICE_FMT(work->site->provider.name));
	if (jira_may_see_issue(work, issue))
		return true;
	return work_fail(work, ERR_REFUSED,
	    "%.*s: %.*s is now in a project that this site does not show",
	    SLICE_FMT(work->site->provider.name), SLICE_FMT(asked));
}

bool
jira_guard_wait(struct work *work, struct slice key, struct slice *now)
{
	const struct config_site *config = work->site->config;
	yyjson_val *issue;

	if (now != NULL)
		*now = key;
	if (!jira_key_check(work, key))
		return false;
	if (config->filter_n == 0 && config->internal_only_n == 0)
		return true;
	if (!work_get_wait(work, &issue, "{api}/issue/{key}", "key", work_cstr(work, key), "fields",
		"project", NULL) ||
	    !jira_reply_check(work, issue, key))
		return false;
	if (now != NULL && json_slice(yyjson_obj_get(issue, "key")).n > 0)
		*now = json_slice(yyjson_obj_get(issue, "key"));
	return true;
}

bool
jira_is_internal_only(const struct work *work, struct slice key)
{
	const struct config_site *config = work->site->config;

	return is_listed(config->internal_only, config->internal_only_n, jira_project_of(key));
}

/* ---- small things ---------------------------------------------------------------------------- */

struct slice
work_dup(struct work *work, struct slice s)
{
	if (s.p == NULL || !arena_reserve(work->arena, s.n + 1, work->err))
		return SLICE_NONE;
	return slice_dup(work->arena, s);
}

const char *
work_cstr(struct work *work, struct slice s)
{
	if (s.p == NULL || !arena_reserve(work->arena, s.n + 1, work->err))
		return NULL;
	return slice_cstr(work->arena, s);
}

bool
work_fail_after(struct work *work, const char *fmt, ...)
{
	char done[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(done, sizeof(done), fmt, ap);
	va_end(ap);
	if (work->said.p != NULL)
		work->said =
		    arena_printf(work->arena, "%s, but: %.*s", done, SLICE_FMT(work->said));
	return err_prefix(work->err, "%s, but", done);
}

struct jira_part *
jira_parts(struct work *work, size_t n)
{
	struct jira_part *parts;

	if (!arena_reserve(work->arena, n * sizeof(*parts) + 1, work->err))
		return NULL;
	parts = ARENA_ARRAY(work->arena, struct jira_part, n);
	for (size_t i = 0; i < n; i++) {
		parts[i].work = *work;
		parts[i].work.err = &parts[i].err;
	}
	return parts;
}

static void
part_run(void *arg)
{
	struct jira_part *part = arg;

	part->is_ok = work_get_wait(&part->work, &part->reply, part->path, NULL);
}

bool
jira_parts_wait(struct work *work, struct jira_part *parts, size_t n)
{
	void **each;

	if (!arena_reserve(work->arena, n * sizeof(*each) + 1, work->err))
		return false;
	each = ARENA_ARRAY(work->arena, void *, n);
	for (size_t i = 0; i < n; i++) {
		parts[i].err = (struct err){ 0 };
		each[i] = &parts[i];
	}
	return work_all_wait(work, part_run, each, n);
}

/*
 * Completion of what stands in the URIs of resources and in prompts: keys of issues from those that
 * were changed last, keys of projects, keys of spaces.  One request each, with the caller's own
 * credential; anything else has no completions.
 */
#include <string.h>

#include "atlassian/confluence.h"
#include "atlassian/jira.h"
#include "atlassian/site_text.h"

#define VALUES_MAX 20
#define ASKED_MAX  100

/* ---- finding values -------------------------------------------------------------------------- */

static void
put_value(struct buf *out, struct slice value)
{
	if (out->n > 0)
		buf_putc(out, ',');
	buf_json_string(out, value);
}

/* Of a list of objects those whose member begins like this. */
static void
put_values(struct work *work, yyjson_val *list, const char *member, struct slice begin)
{
	yyjson_val *one;
	unsigned n = 0;
	size_t i, max;

	yyjson_arr_foreach(list, i, max, one)
	{
		struct slice value = text_at(one, member, NULL),
			     head = { value.p, begin.n < value.n ? begin.n : value.n };

		if (value.n == 0 || !slice_eq_nocase(head, begin) || n++ >= VALUES_MAX)
			continue;
		put_value(&work->told, value);
	}
}

/* The latest issues; with "PROJ-..." those of that project. */
static bool
issue_keys(struct work *work)
{
	struct slice begin = slice_trim(arg_slice(work, "value")), project = jira_project_of(begin);
	const char *dash = begin.n > 0 ? memchr(begin.p, '-', begin.n) : NULL;
	yyjson_mut_val *arguments = out_obj(work);
	yyjson_val *found;

	if (project.n == 0 && dash != NULL)
		project = (struct slice){ begin.p, (size_t)(dash - begin.p) };
	out_str(work, arguments, "jql", "updated >= -52w ORDER BY updated DESC");
	if (project.n > 0)
		out_slice(work, arguments, "projects_filter", project);
	out_str(work, arguments, "fields", "summary");
	out_int(work, arguments, "limit", ASKED_MAX);
	if (!work_tool_wait(work, "search", arguments, &found))
		return false;
	put_values(work, yyjson_obj_get(found, "issues"), "key", begin);
	return true;
}

static bool
project_keys(struct work *work)
{
	yyjson_val *found;

	if (!work_tool_wait(work, "get_all_projects", NULL, &found))
		return false;
	put_values(work, found, "key", slice_trim(arg_slice(work, "value")));
	return true;
}

static bool
space_keys(struct work *work)
{
	struct slice begin = slice_trim(arg_slice(work, "value"));
	yyjson_val *reply, *one;
	unsigned n = 0;
	size_t i, max;

	if (!work_get_wait(work, &reply, work->is_cloud ? "/api/v2/spaces" : "/rest/api/space",
		"limit", work_number(work, ASKED_MAX), NULL))
		return false;
	yyjson_arr_foreach(yyjson_obj_get(reply, "results"), i, max, one)
	{
		struct slice key = text_at(one, "key", NULL),
			     head = { key.p, begin.n < key.n ? begin.n : key.n };
		const char *text = work_cstr(work, key);

		if (key.n == 0 || text == NULL || !slice_eq_nocase(head, begin) ||
		    !space_is_visible(work, text) || n++ >= VALUES_MAX)
			continue;
		put_value(&work->told, key);
	}
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define VALUE_ARG ARGS({ "value", ARG_STR, 0, "What was typed", NULL, 0, 255 })

/* Of which argument, in which template; NULL: in any prompt. */
static const struct completion {
	enum config_product product;
	const char *argument, *template;
	struct text_needs needs;
	struct tool row;
} completions[] = {
	{ PRODUCT_JIRA, "key", "jira://issue/{key}", { "search", "get-my-assigned-issues" },
	    { .name = "issue keys", .flags = READS, .run = issue_keys, VALUE_ARG } },
	{ PRODUCT_JIRA, "issue_key", NULL, { "search", "get-my-assigned-issues" },
	    { .name = "issue keys", .flags = READS, .run = issue_keys, VALUE_ARG } },
	{ PRODUCT_JIRA, "key", "jira://project/{key}", { "get_all_projects", "get-jira-issue" },
	    { .name = "project keys", .flags = READS, .run = project_keys, VALUE_ARG } },
	{ PRODUCT_CONFLUENCE, "space", "confluence://space/{space}",
	    { "search", "search-confluence" },
	    { .name = "space keys", .flags = READS, .run = space_keys, VALUE_ARG } },
	{ PRODUCT_CONFLUENCE, "space", "confluence://space/{space}/page/{id}",
	    { "search", "search-confluence" },
	    { .name = "space keys", .flags = READS, .run = space_keys, VALUE_ARG } },
	{ PRODUCT_CONFLUENCE, "space_key", NULL, { "search", "search-confluence" },
	    { .name = "space keys", .flags = READS, .run = space_keys, VALUE_ARG } },
};

static void
put_completion(const struct work *work, void *owner, struct buf *out)
{
	(void)owner;
	buf_puts(out, "{\"completion\":{\"values\":[");
	buf_put(out, buf_view(&work->told));
	buf_puts(out, "],\"hasMore\":false}");
}

/* A string below params, unescaped; SLICE_NONE: none. */
static struct slice
text_param(struct exchange *exchange, struct slice object, struct slice key)
{
	struct slice member, token, out;
	struct err err;

	if (json_type(exchange->request.params) != JSON_OBJECT ||
	    !json_find(exchange->request.params, object, &member) ||
	    json_type(member) != JSON_OBJECT || !json_find(member, key, &token) ||
	    json_type(token) != JSON_STRING || token.n > KIB ||
	    !arena_reserve(&exchange->arena, token.n, &err) ||
	    !json_string(&exchange->arena, token, &out, &err))
		return SLICE_NONE;
	return out;
}

/* As `server+uri` too: how a template is called where two sites have it. */
static bool
is_template(struct slice said, const char *template)
{
	struct slice name = slice_of(template);

	return said.n >= name.n && memcmp(said.p + said.n - name.n, name.p, name.n) == 0;
}

bool
complete_wait(struct site *site, struct exchange *exchange, struct reply *reply, struct err *err)
{
	struct slice argument = text_param(exchange, S("argument"), S("name")),
		     value = text_param(exchange, S("argument"), S("value")),
		     uri = text_param(exchange, S("ref"), S("uri"));
	struct buf arguments;
	size_t i = 0;
	bool ok;

	for (; i < COUNT(completions); i++) {
		const struct completion *one = &completions[i];

		if (one->product == site->config->product &&
		    slice_eq(argument, slice_of(one->argument)) &&
		    (one->template == NULL ? uri.n == 0 : is_template(uri, one->template)) &&
		    site_has_tool(site, one->needs.tool, one->needs.classic))
			break;
	}
	if (i == COUNT(completions)) {
		reply->result = S("{\"completion\":{\"values\":[],\"hasMore\":false}}");
		return true;
	}
	buf_init(&arguments, NULL, 8 * KIB);
	buf_puts(&arguments, "{\"value\":");
	buf_json_string(&arguments, value);
	buf_putc(&arguments, '}');
	ok = buf_check(&arguments, err) &&
	    work_text_wait(site, &completions[i].row, buf_view(&arguments), exchange,
		put_completion, NULL, reply, err);
	buf_fini(&arguments);
	return ok;
}

/*
 * All tools, what of them a site offers, and the definitions that clients see: everything is made
 * from the rows.
 */
#include "atlassian/classic.h"
#include "atlassian/confluence.h"

#define HELP_MAX (4 * KIB)

const struct tool_set *const tool_sets[] = {
	&jira_issue_tools,
	&jira_search_tools,
	&jira_field_tools,
	&jira_write_tools,
	&jira_bulk_tools,
	&jira_comment_tools,
	&jira_transition_tools,
	&jira_agile_tools,
	&jira_people_tools,
	&jira_worklog_tools,
	&jira_link_tools,
	&jira_attachment_tools,
	&jira_project_tools,
	&jira_version_tools,
	&jira_date_tools,
	&jira_sla_tools,
	&jira_desk_tools,
	&jira_request_tools,
	&jira_form_tools,
	&jira_development_tools,
	&jira_analysis_tools,
	&jira_extra_tools,
	&confluence_search_tools,
	&confluence_page_tools,
	&confluence_write_tools,
	&confluence_comment_tools,
	&confluence_restriction_tools,
	&confluence_label_tools,
	&confluence_people_tools,
	&confluence_permission_tools,
	&confluence_template_tools,
	&confluence_attachment_tools,
	&jira_classic_tools,
	&jira_classic_scrum_tools,
	&jira_classic_advice_tools,
	&confluence_classic_tools,
	&confluence_extra_tools,
	&confluence_blog_tools,
	&confluence_comment_edit_tools,
	NULL,
};

/* The toolsets that TOOLSETS=default means. */
static const char *const defaults[] = { "jira_issues", "jira_fields", "jira_comments",
	"jira_transitions", "confluence_pages", "confluence_comments" };

/* Those that are offered only where they are named: they, or a tool of theirs. */
static const char *const extras[] = { "jira_extra", "confluence_extra" };

/* ---- what a site offers ---------------------------------------------------------------------- */

static bool
is_of(const char *const *list, size_t n, const char *toolset)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], toolset) == 0)
			return true;
	}
	return false;
}

/* Only who asks for them has them: neither "all" nor no toolset at all does. */
static bool
wants_classic(const struct config_atlassian *all)
{
	for (size_t i = 0; i < all->toolsets_n; i++) {
		if (slice_eq(all->toolsets[i], S("classic")))
			return true;
	}
	return all->compat_classic;
}

/* Their names are not prefixed: the first site of each product has them. */
bool
site_is_classic(const struct config_site *site, const struct config_atlassian *all)
{
	const struct config_site *first = all->sites;

	while (first != site && first->product != site->product)
		first++;
	return first == site && wants_classic(all);
}

static bool
is_in_toolsets(const struct config_atlassian *all, const struct tool *tool)
{
	bool is_extra = is_of(extras, COUNT(extras), tool->toolset);

	for (size_t i = 0; i < all->toolsets_n; i++) {
		struct slice name = all->toolsets[i];

		if (slice_eq(name, slice_of(tool->toolset)) ||
		    (slice_eq(name, S("all")) && !is_extra) ||
		    (slice_eq(name, S("default")) &&
			is_of(defaults, COUNT(defaults), tool->toolset)))
			return true;
	}
	return all->toolsets_n == 0 && (!is_extra || all->enabled_tools_n > 0);
}

static bool
is_enabled(const struct config_atlassian *all, struct slice name)
{
	for (size_t i = 0; i < all->enabled_tools_n; i++) {
		if (slice_eq(all->enabled_tools[i], name))
			return true;
	}
	return all->enabled_tools_n == 0;
}

static bool
fits_deployment(enum config_deployment deployment, const struct tool *tool)
{
	return !((tool->flags & CLOUD_ONLY) && deployment == DEPLOYMENT_DATA_CENTER) &&
	    !((tool->flags & DC_ONLY) && deployment == DEPLOYMENT_CLOUD);
}

struct slice
tool_name(const struct config_site *site, const struct tool *tool, char out[TOOL_NAME_BYTES])
{
	struct buf name = { .p = out, .cap = TOOL_NAME_BYTES, .ceiling_bytes = TOOL_NAME_BYTES };

	if (!(tool->flags & CLASSIC)) {
		buf_put(&name, site->provider);
		buf_putc(&name, '_');
	}
	buf_puts(&name, tool->name);
	return buf_view(&name);
}

/* ---- definitions ----------------------------------------------------------------------------- */

static const char *
arg_schema_type(enum arg_type type)
{
	static const char *const types[] = {
		[ARG_STR] = "\"type\":\"string\"",
		[ARG_TEXT] = "\"type\":\"string\"",
		[ARG_KEY] = "\"type\":\"string\"",
		[ARG_PROJECT] = "\"type\":\"string\"",
		[ARG_SPACE] = "\"type\":\"string\"",
		[ARG_PAGE] = "\"type\":\"string\"",
		[ARG_ID] = "\"type\":\"string\"",
		[ARG_NAME_ID] = "\"type\":\"string\"",
		[ARG_DATE] = "\"type\":\"string\"",
		[ARG_TIME] = "\"type\":\"string\"",
		[ARG_URL] = "\"type\":\"string\"",
		[ARG_INT] = "\"type\":\"integer\"",
		[ARG_BOOL] = "\"type\":\"boolean\"",
		[ARG_CSV] = "\"type\":\"string\"",
		[ARG_OBJECT] = "\"type\":\"object\"",
		[ARG_ARRAY] = "\"type\":\"array\",\"items\":{}",
	};

	return types[type];
}

/* Arguments whose name says what the help says: it stands in the manual and not in the schema. */
static const struct {
	const char *name, *help;
} plain[] = {
	{ "board_id", "Id of the board" },
	{ "comment_id", "Id of the comment" },
	{ "dry_run", "Only show the requests" },
	{ "goal", "Goal of the sprint" },
	{ "issue_key", "Issue key, such as PROJ-123" },
	{ "issue_keys", "Keys of the issues" },
	{ "limit", "Most results" },
	{ "max_results", "Most results" },
	{ "name", "Name" },
	{ "project_key", "Project key, such as PROJ" },
	{ "return_limit", "Most results" },
	{ "space_key", "Key of the space" },
	{ "sprint_id", "Id of the sprint" },
	{ "start_at", "Results left out at the start" },
	{ "summary", "Summary" },
	{ "worklog_id", "Id of the worklog" },
};

static bool
is_said_by_name(const struct arg *arg)
{
	for (size_t i = 0; i < COUNT(plain); i++) {
		if (strcmp(plain[i].name, arg->name) == 0)
			return strcmp(plain[i].help, arg->help) == 0;
	}
	return false;
}

static void
put_enum(const char *one_of, struct buf *out)
{
	struct slice rest = slice_of(one_of);
	const char *mark = ",\"enum\":[";

	while (rest.p != NULL) {
		buf_puts(out, mark);
		buf_json_string(out, slice_cut(rest, '|', &rest));
		mark = ",";
	}
	buf_putc(out, ']');
}

static void
put_arg(const struct arg *arg, struct buf *out)
{
	buf_json_string(out, slice_of(arg->name));
	buf_putc(out, ':');
	buf_putc(out, '{');
	buf_puts(out, arg_schema_type(arg->type));
	if (!is_said_by_name(arg)) {
		buf_puts(out, ",\"description\":");
		buf_json_string(out, slice_of(arg->help));
	}
	if (arg->type == ARG_INT && (arg->min != 0 || arg->max != 0))
		buf_printf(out, ",\"minimum\":%ld", arg->min);
	/* What a JSON integer of a client may be at most is no limit that tells anything. */
	if (arg->type == ARG_INT && arg->max != 0 && arg->max < INT32_MAX)
		buf_printf(out, ",\"maximum\":%ld", arg->max);
	if (arg->one_of != NULL)
		put_enum(arg->one_of, out);
	if (arg->fallback != NULL)
		buf_printf(out, ",\"default\":%s", arg->fallback);
	buf_putc(out, '}');
}

/* That other arguments are refused is not said: the refusal names them. */
static void
put_input_schema(const struct tool *tool, struct buf *out)
{
	const char *mark = ",\"required\":[";

	buf_puts(out, "{\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < tool->args_n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_arg(&tool->args[i], out);
	}
	if (tool_common_arg(tool) != NULL) {
		buf_puts(out, tool->args_n > 0 ? "," : "");
		put_arg(tool_common_arg(tool), out);
	}
	buf_putc(out, '}');
	for (size_t i = 0; i < tool->args_n; i++) {
		if (!(tool->args[i].flags & REQUIRED))
			continue;
		buf_puts(out, mark);
		buf_json_string(out, slice_of(tool->args[i].name));
		mark = ",";
	}
	buf_puts(out, mark[1] == '\0' ? "]}" : "}");
}

/* Only what is not so by default (2025-03-26, ToolAnnotations), and what kind of call it is. */
static void
put_annotations(const struct tool *tool, struct buf *out)
{
	buf_puts(out, "{\"title\":");
	buf_json_string(out, slice_of(tool->title));
	buf_printf(out, ",\"readOnlyHint\":%s", tool->flags & READS ? "true" : "false");
	if (tool->flags & WRITES)
		buf_printf(
		    out, ",\"destructiveHint\":%s", tool->flags & DESTROYS ? "true" : "false");
	if (tool->flags & IDEMPOTENT)
		buf_puts(out, ",\"idempotentHint\":true");
	buf_putc(out, '}');
}

static void
put_definition(const struct config_site *site, const struct tool *tool, struct buf *out)
{
	char name[TOOL_NAME_BYTES];
	struct buf help;

	buf_puts(out, "{\"name\":");
	buf_json_string(out, tool_name(site, tool, name));
	buf_init(&help, NULL, HELP_MAX);
	buf_puts(&help, tool->help);
	if (site->name.n > 0)
		buf_printf(&help, " Site: %.*s.", SLICE_FMT(site->name));
	buf_puts(out, ",\"description\":");
	buf_json_string(out, buf_view(&help));
	buf_fini(&help);
	buf_puts(out, ",\"inputSchema\":");
	put_input_schema(tool, out);
	if (!(tool->flags & CLASSIC)) {
		buf_puts(out, ",\"outputSchema\":");
		shape_schema(tool->shape, out);
	}
	buf_puts(out, ",\"annotations\":");
	put_annotations(tool, out);
	buf_putc(out, '}');
}

void
tools_offer(const struct config_site *site, const struct config_atlassian *all,
    enum config_deployment deployment, const struct tool ***rows, size_t *rows_n, struct buf *out)
{
	char name[TOOL_NAME_BYTES];
	bool is_classic = site_is_classic(site, all);
	size_t n = 0;

	*rows = mem_new(TOOLS_MAX * sizeof(**rows));
	buf_putc(out, '[');
	for (size_t s = 0; tool_sets[s] != NULL; s++) {
		for (size_t i = 0; tool_sets[s]->product == site->product && i < tool_sets[s]->n;
		     i++) {
			const struct tool *tool = &tool_sets[s]->tools[i];

			if ((all->is_read_only && !(tool->flags & READS)) ||
			    !(tool->flags & CLASSIC ? is_classic : is_in_toolsets(all, tool)) ||
			    !fits_deployment(deployment, tool) ||
			    !is_enabled(all, tool_name(site, tool, name)))
				continue;
			must(n < TOOLS_MAX);
			buf_puts(out, n > 0 ? "," : "");
			put_definition(site, tool, out);
			(*rows)[n++] = tool;
		}
	}
	buf_putc(out, ']');
	*rows_n = n;
}

struct slice
site_toolset(const struct provider *provider, struct slice tool)
{
	const struct site *site = CONTAINER(provider, struct site, provider);
	char name[TOOL_NAME_BYTES];

	for (size_t i = 0; provider_is_site(provider) && i < site->rows_n; i++) {
		if (slice_eq(tool_name(site->config, site->rows[i], name), tool))
			return slice_of(site->rows[i]->toolset);
	}
	return SLICE_NONE;
}

static bool
lists_are_same(const struct slice *a, size_t a_n, const struct slice *b, size_t b_n)
{
	for (size_t i = 0; a_n == b_n && i < a_n; i++) {
		if (!slice_eq(a[i], b[i]))
			return false;
	}
	return a_n == b_n;
}

bool
tools_are_same(const struct config_atlassian *a, const struct config_atlassian *b)
{
	return a->is_read_only == b->is_read_only && a->compat_classic == b->compat_classic &&
	    a->watch_ms == b->watch_ms && a->json_in_text == b->json_in_text &&
	    a->result_bytes == b->result_bytes &&
	    lists_are_same(a->toolsets, a->toolsets_n, b->toolsets, b->toolsets_n) &&
	    lists_are_same(
		a->enabled_tools, a->enabled_tools_n, b->enabled_tools, b->enabled_tools_n);
}

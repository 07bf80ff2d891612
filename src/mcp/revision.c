/*
 * The dated revisions of MCP and what each of them knows: one table, method by revision.  Adding a
 * revision is a column here and a translator where its wire differs.
 */
#include <string.h>

#include "mcp/mcp.h"

static const struct slice revision_names[MCP_REVISIONS_N] = {
	[MCP_2024_11_05] = { "2024-11-05", 10 },
	[MCP_2025_03_26] = { "2025-03-26", 10 },
	[MCP_2025_06_18] = { "2025-06-18", 10 },
	[MCP_2025_11_25] = { "2025-11-25", 10 },
	[MCP_2026_07_28] = { "2026-07-28", 10 },
};

static const struct mcp_method_row method_rows[MCP_METHODS_N] = {
#define X(id, text, request, who, first) \
	[MCP_##id] = { .name = (text), \
		.name_n = sizeof(text) - 1, \
		.is_request = (request), \
		.from = MCP_FROM_##who, \
		.since = MCP_##first },
	MCP_METHODS(X)
#undef X
};

/* The first revision without it; 0: all have it. */
static const enum mcp_revision gone[MCP_METHODS_N] = {
#define X(id, last) [MCP_##id] = MCP_##last + 1,
	MCP_REMOVED(X)
#undef X
};

const char *
mcp_revision_name(enum mcp_revision revision)
{
	must(revision < MCP_REVISIONS_N);
	return revision_names[revision].p;
}

bool
mcp_revision_find(struct slice name, enum mcp_revision *out)
{
	for (unsigned i = 0; i < MCP_REVISIONS_N; i++) {
		if (slice_eq(name, revision_names[i])) {
			*out = (enum mcp_revision)i;
			return true;
		}
	}
	return false;
}

bool
mcp_revision_find_legacy(struct slice name, enum mcp_revision *out)
{
	enum mcp_revision found;

	if (!mcp_revision_find(name, &found) || mcp_revision_is_modern(found))
		return false;
	*out = found;
	return true;
}

bool
mcp_revision_is_modern(enum mcp_revision revision)
{
	return revision > MCP_NEWEST_LEGACY;
}

const struct mcp_method_row *
mcp_method_row(enum mcp_method method)
{
	must(method < MCP_METHODS_N);
	return &method_rows[method];
}

bool
mcp_method_known(enum mcp_method method, enum mcp_revision revision)
{
	return revision >= mcp_method_row(method)->since &&
	    (gone[method] == 0 || revision < gone[method]);
}

enum mcp_method
mcp_method_find(struct slice name)
{
	for (unsigned i = 0; i < MCP_METHODS_N; i++) {
		if (name.n == method_rows[i].name_n &&
		    memcmp(name.p, method_rows[i].name, name.n) == 0)
			return (enum mcp_method)i;
	}
	return MCP_UNKNOWN;
}

/* As the specification spells them. */
static const char *const log_levels[] = { "debug", "info", "notice", "warning", "error", "critical",
	"alert", "emergency" };

const char *
mcp_log_level_name(int level)
{
	must(level >= 0 && level < (int)COUNT(log_levels));
	return log_levels[level];
}

int
mcp_log_level_find(struct slice token)
{
	if (json_type(token) != JSON_STRING)
		return -1;
	token = (struct slice){ token.p + 1, token.n - 2 };
	for (size_t i = 0; i < COUNT(log_levels); i++) {
		if (slice_eq(token, slice_of(log_levels[i])))
			return (int)i;
	}
	return -1;
}

bool
mcp_method_is_open(enum mcp_method method)
{
	static const enum mcp_method open[] = { MCP_INITIALIZE, MCP_DISCOVER, MCP_PING,
		MCP_TOOLS_LIST, MCP_PROMPTS_LIST, MCP_RESOURCES_LIST, MCP_TEMPLATES_LIST };

	for (size_t i = 0; i < COUNT(open); i++)
		if (open[i] == method)
			return true;
	return false;
}

/*
 * `guard.rate`: how much may pass.  A limit is read by the table of options; here its rates become
 * numbers, and one that would let nothing pass, or never be reached, is an error and no surprise.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define ID_BYTES    32
#define CALLS_MOST  ((uint64_t)1000000000)
#define BYTES_MOST  ((uint64_t)64 * 1024 * MIB)
#define BUDGET_MOST ((uint64_t)1024 * 1024 * 1024 * MIB)

struct entry {
	struct config_load *load;
	const struct node *node;
	bool is_listed;
	unsigned at;
	char shown[32]; /* "guard.rate[3]" */
	struct config_limit_draft draft;
};

static const struct {
	const char *word;
	unsigned bit;
} pers[] = {
	{ "caller", LIMIT_PER_CALLER },
	{ "tenant", LIMIT_PER_TENANT },
	{ "server", LIMIT_PER_SERVER },
	{ "tool", LIMIT_PER_TOOL },
	{ "client", LIMIT_PER_CLIENT },
	{ "all", 0 },
};

/* ---- texts ----------------------------------------------------------------------------------- */

bool
config_check_limit_id(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool ok = value->n >= 1 && value->n <= ID_BYTES;

	for (size_t i = 0; ok && i < value->n; i++) {
		char c = value->p[i];

		ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '_' || c == '-';
	}
	return ok ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" is no id: 1 to %d letters, digits, \"_\" and \"-\"",
		config_show(*value).text, ID_BYTES);
}

bool
config_check_per(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	for (size_t i = 0; i < COUNT(pers); i++)
		if (slice_eq(*value, slice_of(pers[i].word)))
			return true;
	return CONFIG_FAIL_NODE(load, node, err,
	    "\"%s\" has no limits: write caller, tenant, server, tool, client or all",
	    config_show(*value).text);
}

/* ---- rates ----------------------------------------------------------------------------------- */

/* "60s", "10m"; "s", "m", "h" and "d" are one of them. */
static bool
window_read(struct slice text, uint64_t *ms, struct err *err)
{
	char one[4];

	if (text.n != 1 || memchr("smhd", text.p[0], 4) == NULL)
		return config_duration(text, ms, err);
	snprintf(one, sizeof(one), "1%c", text.p[0]);
	return config_duration(slice_of(one), ms, err);
}

bool
config_rate_read(struct slice text, bool is_bytes, struct config_rate *rate, struct err *err)
{
	struct slice window, count = slice_cut(text, '/', &window);

	rate->text = text;
	return window.p != NULL &&
	    (is_bytes ? config_size(count, &rate->n, err)
		      : slice_to_u64(count, UINT64_MAX, &rate->n)) &&
	    window_read(window, &rate->window_ms, err);
}

/* How a rate may be written. */
struct rate_form {
	const char *key, *example;
	bool is_bytes, is_daily;
	uint64_t most;
};

static bool
rate_read(struct entry *entry, const struct rate_form *form, const struct node *map,
    struct slice text, struct config_rate *rate, struct err *err)
{
	const struct node *node = map != NULL ? config_node_find(map, form->key) : NULL;
	struct err why = { 0 };

	if (text.p == NULL || node == NULL)
		return true;
	if (memchr(text.p, '/', text.n) == NULL)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s: \"%s\" says nothing of time: write such as %s", entry->shown,
		    config_show(text).text, form->example);
	if (!config_rate_read(text, form->is_bytes, rate, &why))
		return CONFIG_FAIL_NODE(entry->load, node, err, "%s: \"%s\" is no rate%s%s%s: %s",
		    entry->shown, config_show(text).text, why.text[0] != '\0' ? " (" : "", why.text,
		    why.text[0] != '\0' ? ")" : "", form->example);
	if (rate->n == 0)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s: 0 lets nothing pass: write a rule with \"action: deny\" for that",
		    entry->shown);
	if (form->is_daily && rate->window_ms != DAY_MS)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s: a budget is for a day: write such as %s", entry->shown, form->example);
	if (rate->n > form->most || rate->window_ms == 0 || rate->window_ms > DAY_MS)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s: \"%s\" is out of range: at most %llu%s, in 1ms to 1d", entry->shown,
		    config_show(text).text, (unsigned long long)form->most,
		    form->is_bytes ? " bytes" : "");
	return true;
}

static bool
rates_read(struct entry *entry, struct err *err)
{
	static const struct rate_form calls = { "calls", "100/60s", false, false, CALLS_MOST },
				      bytes = { "bytes", "10MiB/60s", true, false, BYTES_MOST },
				      daily = { "calls", "1000/d", false, true, BUDGET_MOST },
				      daily_bytes = { "bytes", "1GiB/d", true, true, BUDGET_MOST };
	struct config_limit_draft *draft = &entry->draft;
	struct config_limit *limit = &draft->limit;
	const struct node *budget = config_node_find(entry->node, "budget");

	return rate_read(entry, &calls, entry->node, draft->calls, &limit->calls, err) &&
	    rate_read(entry, &bytes, entry->node, draft->bytes, &limit->bytes, err) &&
	    rate_read(entry, &daily, budget, draft->budget_calls, &limit->budget_calls, err) &&
	    rate_read(entry, &daily_bytes, budget, draft->budget_bytes, &limit->budget_bytes, err);
}

/* ---- the whole of a limit -------------------------------------------------------------------- */

static bool
per_read(struct entry *entry, struct err *err)
{
	struct config_limit_draft *draft = &entry->draft;
	struct config_limit *limit = &draft->limit;
	bool is_all = false;

	if (draft->per_n == 0)
		limit->per = LIMIT_PER_CALLER;
	for (size_t i = 0; i < draft->per_n; i++)
		for (size_t k = 0; k < COUNT(pers); k++)
			if (slice_eq(draft->per[i], slice_of(pers[k].word))) {
				limit->per |= pers[k].bit;
				is_all |= pers[k].bit == 0;
			}
	if (is_all && draft->per_n > 1)
		return CONFIG_FAIL_NODE(entry->load, config_node_find(entry->node, "per"), err,
		    "%s.per: \"all\" is one limit for everything: leave out the others",
		    entry->shown);
	for (size_t k = 0; k < COUNT(pers); k++)
		if ((limit->per & pers[k].bit) != 0)
			limit->per_text = arena_printf(&entry->load->config->arena, "%.*s%s%s",
			    SLICE_FMT(limit->per_text), limit->per_text.n > 0 ? " and " : "",
			    pers[k].word);
	return true;
}

/* Would more than that pass in a day, if only `calls` held it back? */
static bool
is_reached(const struct config_limit *limit, uint64_t budget)
{
	return limit->calls.n == 0 ||
	    (double)limit->burst +
		(double)limit->calls.n * ((double)DAY_MS / (double)limit->calls.window_ms) >=
	    (double)budget;
}

static bool
limit_check(struct entry *entry, struct err *err)
{
	struct config_limit *limit = &entry->draft.limit;

	if (limit->calls.n + limit->bytes.n + limit->concurrent + limit->budget_calls.n +
		limit->budget_bytes.n ==
	    0)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s limits nothing: it needs \"calls\", \"bytes\", \"concurrent\" or \"budget\"",
		    entry->shown);
	if (limit->burst > 0 && limit->calls.n == 0)
		return CONFIG_FAIL_NODE(entry->load, config_node_find(entry->node, "burst"), err,
		    "%s.burst is how many of \"calls\" may come at once: it says none",
		    entry->shown);
	if (limit->burst == 0)
		limit->burst = limit->calls.n > 0 ? limit->calls.n : 1;
	if (limit->budget_calls.n > 0 && !is_reached(limit, limit->budget_calls.n))
		return CONFIG_FAIL_NODE(entry->load, config_node_find(entry->node, "budget"), err,
		    "%s.budget.calls is never used up: \"calls\" lets fewer pass in a day",
		    entry->shown);
	return true;
}

/* "rate", "rate.1", "rate.mail"; each once. */
static bool
name_make(struct entry *entry, struct err *err)
{
	const struct config_guard *guard = &entry->load->config->guard;
	struct arena *arena = &entry->load->config->arena;
	struct config_limit *limit = &entry->draft.limit;

	if (entry->draft.id.p != NULL)
		limit->rule = arena_printf(arena, "rate.%.*s", SLICE_FMT(entry->draft.id));
	else if (entry->is_listed)
		limit->rule = arena_printf(arena, "rate.%u", entry->at);
	else
		limit->rule = S("rate");
	for (size_t i = 0; i < guard->limits_n; i++)
		if (slice_eq(limit->rule, guard->limits[i].rule))
			return CONFIG_FAIL_NODE(entry->load, entry->node, err,
			    "%s: the name \"%s\" is taken by guard.rate[%zu]: give it another \"id\"",
			    entry->shown, config_show(limit->rule).text, i);
	return true;
}

static bool
entry_read(struct entry *entry, struct err *err)
{
	struct config_walk walk = { .load = entry->load, .base = &entry->draft };

	if (entry->node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s must be a map such as {calls: 100/60s, per: caller}", entry->shown);
	walk.rows = config_options(&walk.rows_n);
	entry->draft.limit.line = entry->node->line;
	entry->draft.limit.col = entry->node->col;
	return config_walk_map(&walk, S(CONFIG_LIMITS), entry->shown, entry->node, err) &&
	    rates_read(entry, err) && per_read(entry, err) && limit_check(entry, err) &&
	    name_make(entry, err);
}

bool
config_limits_read(struct config_load *load, const struct node *node, struct err *err)
{
	struct config_guard *guard = &load->config->guard;
	struct entry entry = { .load = load, .is_listed = node->kind == NODE_LIST };
	const struct node *at = entry.is_listed ? node->first : node;
	size_t n = entry.is_listed ? node->children : 1;

	if (config_node_is_null(node))
		return true;
	if (n > CONFIG_LIMITS_MAX)
		return CONFIG_FAIL_NODE(
		    load, node, err, "guard.rate: at most %d limits", CONFIG_LIMITS_MAX);
	if (!arena_reserve(&load->config->arena, sizeof(*guard->limits) * (n + 1), err))
		return false;
	guard->limits = arena_alloc(&load->config->arena, sizeof(*guard->limits) * (n + 1));
	for (; n > 0; n--, at = at->next, entry.at++) {
		entry.node = at;
		memset(&entry.draft, 0, sizeof(entry.draft));
		snprintf(entry.shown, sizeof(entry.shown),
		    entry.is_listed ? "guard.rate[%u]" : "guard.rate", entry.at);
		if (!entry_read(&entry, err))
			return false;
		guard->limits[guard->limits_n++] = entry.draft.limit;
	}
	return true;
}

/* ---- when all is read ------------------------------------------------------------------------ */

bool
config_servers_fit(const struct config *config, const struct slice *globs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < config->upstreams_n; k++)
			if (slice_glob(globs[i], config->upstreams[k].name))
				return true;
		for (size_t k = 0; k < config->atlassian.sites_n; k++)
			if (slice_glob(globs[i], config->atlassian.sites[k].provider))
				return true;
	}
	return n == 0;
}

bool
config_limits_check(const struct config_load *load, const struct config *config,
    const struct node *root, struct err *err)
{
	for (size_t i = 0; i < config->guard.limits_n; i++) {
		const struct config_limit *limit = &config->guard.limits[i];

		if (!config_servers_fit(config, limit->server, limit->server_n))
			return config_fail(root != NULL ? load : NULL, limit->line, limit->col, err,
			    "the limit \"%s\" never matches: no server is called \"%s\"",
			    config_show(limit->rule).text, config_show(limit->server[0]).text);
	}
	return true;
}

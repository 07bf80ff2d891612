/*
 * `agents.routes`: which words make a task which workflow, and who does it.  `default` stands
 * apart: it has no words, and is taken where nothing else is.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define PHRASE_BYTES 100
#define PHRASE_WORDS 8
#define WEIGHT_LEAST 0.01
#define WEIGHT_MOST  100.0

/* ---- single texts ---------------------------------------------------------------------------- */

/* Beside ASCII, any byte is taken for one of a letter. */
static bool
is_of_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (unsigned char)c >= 0x80;
}

bool
config_check_phrase(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	size_t words = 0;

	for (size_t i = 0; i < value->n; i++)
		words += is_of_word(value->p[i]) && (i == 0 || !is_of_word(value->p[i - 1]));
	if (words == 0)
		return CONFIG_FAIL_NODE(
		    load, node, err, "\"%s\" holds no word", config_show(node->text).text);
	if (value->n > PHRASE_BYTES || words > PHRASE_WORDS)
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" is too long for a phrase: at most %d words and %d bytes",
		    config_show(node->text).text, PHRASE_WORDS, PHRASE_BYTES);
	return true;
}

bool
config_check_agent(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return config_is_agent_name(*value) ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" is no name: 1 to 32 letters, digits, \"_\" and \"-\"",
		config_show(node->text).text);
}

/* Digits, and perhaps a dot and more digits; at most nine of each. */
static bool
decimal_read(struct slice text, double *out)
{
	struct slice fraction, whole = slice_cut(text, '.', &fraction);
	uint64_t n, part = 0;
	double unit = 1;

	if (whole.n > 9 || fraction.n > 9 || !slice_to_u64(whole, UINT32_MAX, &n) ||
	    (fraction.p != NULL && !slice_to_u64(fraction, UINT32_MAX, &part)))
		return false;
	for (size_t i = 0; i < fraction.n; i++)
		unit *= 10;
	*out = (double)n + (double)part / unit;
	return true;
}

/* ---- one route ------------------------------------------------------------------------------- */

struct entry {
	struct config_load *load;
	const struct node *node;
	char shown[80]; /* "agents.routes.bug_fix" */
	struct config_route_draft draft;
};

MUST_CHECK static bool
numbers_read(struct entry *entry, struct err *err)
{
	struct config_route *route = &entry->draft.route;
	const struct node *weight = config_node_find(entry->node, "weight");
	const struct node *confidence = config_node_find(entry->node, "confidence");

	if (!decimal_read(entry->draft.weight, &route->weight) || route->weight < WEIGHT_LEAST ||
	    route->weight > WEIGHT_MOST)
		return CONFIG_FAIL_NODE(entry->load, weight != NULL ? weight : entry->node, err,
		    "%s.weight must be a number between 0.01 and 100", entry->shown);
	if (!decimal_read(entry->draft.confidence, &route->confidence) || route->confidence > 1)
		return CONFIG_FAIL_NODE(entry->load, confidence != NULL ? confidence : entry->node,
		    err, "%s.confidence must be a number between 0 and 1", entry->shown);
	return true;
}

MUST_CHECK static bool
words_check(struct entry *entry, bool is_default, struct err *err)
{
	static const char *const keys[] = { "any", "not" };
	const struct config_route *route = &entry->draft.route;

	for (size_t i = 0; is_default && i < COUNT(keys); i++) {
		const struct node *node = config_node_find(entry->node, keys[i]);

		if (node != NULL)
			return CONFIG_FAIL_KEY(entry->load, node, err,
			    "agents.routes.default is taken where nothing fits: it has no \"%s\"",
			    keys[i]);
	}
	return is_default || route->any_n > 0 ||
	    CONFIG_FAIL_KEY(entry->load, entry->node, err,
		"%s needs \"any\": the words by which it is known", entry->shown);
}

MUST_CHECK static bool
route_read(struct entry *entry, bool is_default, struct err *err)
{
	struct config_walk walk = { .load = entry->load, .base = &entry->draft };
	const struct node *node = entry->node;

	if (!config_is_agent_name(node->key))
		return CONFIG_FAIL_KEY(entry->load, node, err,
		    "\"%s\" is no name of a route: 1 to 32 letters, digits, \"_\" and \"-\"",
		    config_show(node->key).text);
	snprintf(
	    entry->shown, sizeof(entry->shown), "agents.routes.%s", config_show(node->key).text);
	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s must be a map such as {any: [fix, bug], runner: NAME}", entry->shown);
	walk.rows = config_options(&walk.rows_n);
	entry->draft = (struct config_route_draft){ .weight = SLICE_NONE };
	config_value_defaults(
	    walk.rows, walk.rows_n, S(CONFIG_ROUTES), &entry->draft, &entry->load->config->arena);
	return config_walk_map(&walk, S(CONFIG_ROUTES), entry->shown, node, err) &&
	    config_dup(entry->load, node->key, &entry->draft.route.name, err) &&
	    numbers_read(entry, err) && words_check(entry, is_default, err);
}

bool
config_routes_read(struct config_load *load, const struct node *map, struct err *err)
{
	struct config_agents *agents = &load->config->agents;
	struct entry entry = { .load = load };
	struct arena *arena = &load->config->arena;

	if (config_node_is_null(map))
		return true;
	if (map->kind != NODE_MAP || map->children > CONFIG_ROUTES_MAX)
		return CONFIG_FAIL_NODE(load, map, err,
		    "agents.routes must be a map of names and at most %d routes",
		    CONFIG_ROUTES_MAX);
	if (!arena_reserve(arena, (map->children + 2) * sizeof(*agents->routes), err))
		return false;
	agents->routes = ARENA_ARRAY(arena, struct config_route, map->children + 1);
	for (const struct node *at = map->first; at != NULL; at = at->next) {
		bool is_default = slice_eq(at->key, S("default"));

		entry.node = at;
		if (!route_read(&entry, is_default, err))
			return false;
		if (is_default) {
			agents->fallback = ARENA_NEW(arena, struct config_route);
			*agents->fallback = entry.draft.route;
		} else {
			agents->routes[agents->routes_n++] = entry.draft.route;
		}
	}
	return true;
}

bool
config_routes_finish(struct config_load *load, const struct node *agents, struct err *err)
{
	const struct node *map = config_node_find(agents, "routes");

	for (const struct node *at = map != NULL ? map->first : NULL; at != NULL; at = at->next) {
		const struct node *node = config_node_find(at, "runner");
		struct slice name;

		if (node == NULL)
			continue;
		if (!config_expand(load, node, &name, err))
			return false;
		if (config_runner_find(load->config, name) == NULL)
			return config_runner_unknown(
			    load, config_node_find(agents, "runners"), node, err);
	}
	return true;
}

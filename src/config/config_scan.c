/*
 * `guard.scan.except`: where scanners do something else than everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define EXCEPTS_MAX 1000

MUST_CHECK static bool
entry_read(struct config_load *load, const char *shown, const struct node *node,
    struct config_scan_except *out, struct err *err)
{
	struct config_walk walk = { .load = load, .base = out };

	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s must be a map such as {server: files, secrets: off}", shown);
	walk.rows = config_options(&walk.rows_n);
	if (!config_walk_map(&walk, S(CONFIG_EXCEPTS), shown, node, err))
		return false;
	if (out->server_n + out->tool_n == 0)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s needs a \"server\" or a \"tool\": what holds everywhere stands in "
		    "guard.scan itself",
		    shown);
	if (out->secrets + out->pii + out->injection == 0)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s changes nothing: write \"secrets\", \"pii\" or \"injection\"", shown);
	return true;
}

bool
config_excepts_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config_scan *scan = &load->config->guard.scan;
	char shown[40];

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST || list->children > EXCEPTS_MAX)
		return CONFIG_FAIL_NODE(load, list, err,
		    "guard.scan.except must be a list of at most %d entries", EXCEPTS_MAX);
	scan->excepts =
	    arena_alloc(&load->config->arena, sizeof(*scan->excepts) * (list->children + 1));
	for (const struct node *node = list->first; node != NULL; node = node->next) {
		snprintf(shown, sizeof(shown), "guard.scan.except[%zu]", scan->excepts_n);
		if (!entry_read(load, shown, node, &scan->excepts[scan->excepts_n], err))
			return false;
		scan->excepts_n++;
	}
	return true;
}

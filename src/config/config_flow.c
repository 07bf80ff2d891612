/*
 * `guard.flow` and `guard.egress`: what has which label, the canaries, the hosts.  A label that
 * could never matter (a sink without anything untrusted, a server that is not there) is an error:
 * who wrote it believes to be safe.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define CANARY_LEAST 12
#define CANARY_MOST  256

static const char *const labels[LABELS_N] = {
	[LABEL_PRIVATE] = "private",
	[LABEL_UNTRUSTED] = "untrusted",
	[LABEL_SINK] = "sinks",
};

/* ---- labels ---------------------------------------------------------------------------------- */

/* Letters, digits, "-", "." and "_", perhaps "*." before them. */
bool
config_check_egress_host(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	struct slice host = *value;
	bool ok;

	if (slice_starts(host, S("*.")))
		host = (struct slice){ host.p + 2, host.n - 2 };
	ok = host.n > 0 && host.n <= 255;
	for (size_t i = 0; ok && i < host.n; i++) {
		char c = host.p[i];

		ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    memchr("-._[:]", c, 6) != NULL;
	}
	return ok ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" is no host: write a name such as example.com, or *.example.com",
		config_show(node->text).text);
}

static bool
mark_read(struct config_load *load, enum config_label label, const char *shown,
    const struct node *node, struct config_mark *out, struct err *err)
{
	struct config_mark_draft draft = { .id = SLICE_NONE };
	struct config_mark *mark = &draft.mark;
	struct config_walk walk = { .load = load, .base = &draft };
	char path[48];

	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s must be a map such as {server: web, tool: \"get*\"}", shown);
	snprintf(path, sizeof(path), "guard.flow.labels.%s[]", labels[label]);
	walk.rows = config_options(&walk.rows_n);
	if (!config_walk_map(&walk, slice_of(path), shown, node, err))
		return false;
	if (mark->server_n + mark->tool_n + mark->resource_n == 0)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s names nothing: for everything write {server: \"*\"}", shown);
	if (mark->tool_n > 0 && mark->resource_n > 0)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s names tools and resources: a call is never both, make two entries of it",
		    shown);
	mark->rule = draft.id.p != NULL
	    ? arena_printf(&load->config->arena, "flow.%.*s", SLICE_FMT(draft.id))
	    : S("flow.sinks");
	mark->action = draft.action;
	mark->line = node->line;
	mark->col = node->col;
	*out = *mark;
	return true;
}

static bool
marks_read(
    struct config_load *load, enum config_label label, const struct node *list, struct err *err)
{
	struct config_flow *flow = &load->config->guard.flow;
	struct config_mark *marks;
	char shown[48];

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST || list->children > CONFIG_MARKS_MAX)
		return CONFIG_FAIL_NODE(load, list, err,
		    "guard.flow.labels.%s must be a list of at most %d maps", labels[label],
		    CONFIG_MARKS_MAX);
	if (!arena_reserve(
		&load->config->arena, sizeof(struct config_mark) * (list->children + 1), err))
		return false;
	marks =
	    arena_alloc(&load->config->arena, sizeof(struct config_mark) * (list->children + 1));
	flow->marks[label] = marks;
	for (const struct node *at = list->first; at != NULL; at = at->next) {
		snprintf(shown, sizeof(shown), "guard.flow.labels.%s[%zu]", labels[label],
		    flow->marks_n[label]);
		if (!mark_read(load, label, shown, at, &marks[flow->marks_n[label]], err))
			return false;
		flow->marks_n[label]++;
	}
	return true;
}

/* ---- canaries -------------------------------------------------------------------------------- */

static bool
canary_read(struct config_load *load, const char *shown, const struct node *node,
    struct config_canary *canary, struct err *err)
{
	struct config_walk walk = { .load = load, .base = canary };
	struct slice text;

	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(load, node, err, "%s must be a map with \"text\"", shown);
	walk.rows = config_options(&walk.rows_n);
	if (!config_walk_map(&walk, S("guard.flow.canaries[]"), shown, node, err))
		return false;
	text = secret_reveal(canary->text);
	if (text.n < CANARY_LEAST || text.n > CANARY_MOST)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s.text must have %d to %d bytes; `openssl rand -hex 16` makes a good one",
		    shown, CANARY_LEAST, CANARY_MOST);
	canary->line = node->line;
	canary->col = node->col;
	return true;
}

static bool
canaries_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config_flow *flow = &load->config->guard.flow;
	size_t bytes = sizeof(struct config_canary) * (list->children + 1);
	char shown[40];

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST || list->children > CONFIG_CANARIES_MAX)
		return CONFIG_FAIL_NODE(load, list, err,
		    "guard.flow.canaries must be a list of at most %d maps", CONFIG_CANARIES_MAX);
	if (!arena_reserve(&load->config->arena, bytes, err))
		return false;
	flow->canaries = arena_alloc(&load->config->arena, bytes);
	for (const struct node *at = list->first; at != NULL; at = at->next) {
		snprintf(shown, sizeof(shown), "guard.flow.canaries[%zu]", flow->canaries_n);
		if (!canary_read(load, shown, at, &flow->canaries[flow->canaries_n], err))
			return false;
		flow->canaries_n++;
	}
	return true;
}

bool
config_flow_read(struct config_load *load, struct slice path, const struct node *node, bool *taken,
    struct err *err)
{
	if (slice_eq(path, S("guard.flow")) && slice_eq(node->key, S("canaries"))) {
		*taken = true;
		return canaries_read(load, node, err);
	}
	for (enum config_label i = 0; i < LABELS_N; i++)
		if (slice_eq(path, S("guard.flow.labels")) &&
		    slice_eq(node->key, slice_of(labels[i]))) {
			*taken = true;
			return marks_read(load, i, node, err);
		}
	return true;
}

/* ---- when all is read ------------------------------------------------------------------------ */

static bool
servers_check(const struct config_load *load, const struct config *config,
    const struct config_mark *mark, const char *what, struct err *err)
{
	return config_servers_fit(config, mark->server, mark->server_n) ||
	    config_fail(load, mark->line, mark->col, err,
		"guard.flow: %s never matches: no server is called \"%s\"", what,
		config_show(mark->server[0]).text);
}

bool
config_flow_check(const struct config_load *load, const struct config *config,
    const struct node *root, struct err *err)
{
	const struct config_flow *flow = &config->guard.flow;
	const struct config_egress *egress = &config->guard.egress;
	const struct config_mark *sink = flow->marks[LABEL_SINK];

	load = root != NULL ? load : NULL;
	for (enum config_label label = 0; label < LABELS_N; label++)
		for (size_t i = 0; i < flow->marks_n[label]; i++)
			if (!servers_check(
				load, config, &flow->marks[label][i], labels[label], err))
				return false;
	for (size_t i = 0; i < flow->canaries_n; i++) {
		const struct config_canary *canary = &flow->canaries[i];

		if (!config_servers_fit(config, canary->server, canary->server_n))
			return config_fail(load, canary->line, canary->col, err,
			    "guard.flow.canaries: no server is called \"%s\"",
			    config_show(canary->server[0]).text);
	}
	if (egress->hosts_n == 0 && egress->server_n + egress->tool_n > 0)
		return config_fail(
		    load, 0, 0, err, "guard.egress looks at nothing: name \"hosts\"");
	if (flow->marks_n[LABEL_SINK] == 0)
		return flow->marks_n[LABEL_PRIVATE] + flow->marks_n[LABEL_UNTRUSTED] == 0 ||
		    config_fail(load, 0, 0, err,
			"guard.flow.labels has no \"sinks\": nothing is ever asked or refused");
	if (flow->marks_n[LABEL_UNTRUSTED] == 0)
		return config_fail(load, sink->line, sink->col, err,
		    "guard.flow: sinks are never closed, nothing is labelled \"untrusted\"");
	if (flow->needs_both != 0 && flow->marks_n[LABEL_PRIVATE] == 0)
		return config_fail(load, sink->line, sink->col, err,
		    "guard.flow: sinks are never closed, \"when: both\" and nothing is labelled "
		    "\"private\"");
	return true;
}

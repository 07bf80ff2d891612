/*
 * The file of gatekit: `proxy:` with upstreams, `plugins:`, `logging:`.  Servers, timeouts, lists
 * of tools and filters are carried over; a plugin that has to be written anew is a comment with its
 * place in `guard.plugins`, and said aloud, because a filter that silently goes missing is worse
 * than one that was never there.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_import.h"

static struct slice
text_of(const struct node *map, const char *key)
{
	const struct node *node = map != NULL ? config_node_find(map, key) : NULL;

	return node != NULL && node->kind == NODE_TEXT && !config_node_is_null(node) ? node->text
										     : SLICE_NONE;
}

/* ---- the proxy ------------------------------------------------------------------------------- */

static void
timeouts_read(struct import *import, const struct node *proxy)
{
	static const struct {
		const char *key, *ours;
	} rows[] = { { "request_timeout", "timeout" },
		{ "connection_timeout", "connect_timeout" } };
	const struct node *timeouts = config_node_find(proxy, "timeouts");
	struct buf out;

	buf_init(&out, NULL, KIB);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t seconds = 60;
		struct slice text = text_of(timeouts, rows[i].key);

		if (text.p != NULL && (!slice_to_u64(text, 3600, &seconds) || seconds == 0)) {
			import_note_whole(import, "%s \"%s\" is no number from 1 to 3600: 60 taken",
			    rows[i].key, config_show(text).text);
			seconds = 60;
		}
		buf_printf(&out, "    %s: %us\n", rows[i].ours, (unsigned)seconds);
	}
	import->timeouts = slice_dup(&import->load.tree, buf_view(&out));
	buf_fini(&out);
}

static void
log_read(struct import *import, const struct node *root)
{
	static const struct {
		const char *theirs, *ours;
	} levels[] = { { "DEBUG", "debug" }, { "INFO", "info" }, { "WARNING", "warn" },
		{ "ERROR", "error" }, { "CRITICAL", "error" } };
	const struct node *logging = config_node_find(root, "logging");
	struct slice level = text_of(logging, "level");

	for (size_t i = 0; i < COUNT(levels); i++)
		if (level.p != NULL && slice_eq_nocase(level, slice_of(levels[i].theirs)))
			buf_printf(&import->head, "log: {level: %s}\n", levels[i].ours);
	if (text_of(logging, "file_path").p != NULL)
		import_note_whole(import,
		    "logging.file_path: the log goes to stderr only; redirect it where bascule is "
		    "started");
}

static void
proxy_read(struct import *import, const struct node *root, const struct node *proxy)
{
	struct slice reload = text_of(proxy, "hot_reload");

	buf_puts(&import->head, "listen: {stdio: true, http: []}\nnamespace: {prefix: always}\n");
	timeouts_read(import, proxy);
	log_read(import, root);
	if (reload.p != NULL && !slice_eq(reload, S("disabled")))
		import_note_whole(
		    import, "hot_reload: the file is read again on SIGHUP, not by itself");
}

/* ---- plugins --------------------------------------------------------------------------------- */

static const struct {
	const char *handler;
	const char *sink; /* its key under audit.sinks */
	const char *why;
} handlers[] = {
	{ "audit_jsonl", "jsonl", NULL },
	{ "audit_csv", "csv", NULL },
	{ "audit_human_readable", "text", NULL },
	{ "call_trace", NULL,
	    "every call is in the log; docs/plugins.md has a script that adds to results" },
	{ "token_usage", NULL,
	    "`bascule tools --tokens` says what the list of tools costs, request_bytes and result_bytes of "
	    "each record what a call moved, and docs/plugins.md has a script that counts" },
	{ "tool_manager", NULL, "it belongs to one server, not to _global" },
};

/* `{lua: NAME.lua, …}`: where a plugin of ours would stand that does the same. */
static void
unknown_note(
    struct import *import, const char *section, struct slice scope, const struct node *plugin)
{
	const struct node *config = config_node_find(plugin, "config");
	struct slice handler = text_of(plugin, "handler"), priority = text_of(config, "priority");
	struct slice server = import_server_of(import, scope);
	struct buf entry;

	buf_init(&entry, NULL, KIB);
	buf_printf(&entry, "{lua: %s.lua", config_show(handler).text);
	if (server.p != NULL)
		buf_printf(&entry, ", server: %s", config_show(server).text);
	if (priority.p != NULL)
		buf_printf(&entry, ", priority: %s", config_show(priority).text);
	if (slice_eq(text_of(config, "critical"), S("false")))
		buf_puts(&entry, ", critical: false");
	buf_putc(&entry, '}');
	import_note_whole(import,
	    "the %s plugin \"%s\" of %s is NOT in force: write it anew in Lua (docs/plugins.md), and "
	    "guard: {plugins: [%.*s]}",
	    section, config_show(handler).text,
	    slice_eq(scope, S("_global")) ? "every server" : config_show(scope).text,
	    SLICE_FMT(buf_view(&entry)));
	buf_fini(&entry);
}

static void
plugin_note(
    struct import *import, const char *section, struct slice scope, const struct node *plugin)
{
	const struct node *config = config_node_find(plugin, "config");
	struct slice handler = text_of(plugin, "handler");
	bool is_global = slice_eq(scope, S("_global"));
	struct config_shown where = config_show(is_global ? S("every server") : scope);
	struct config_shown name = config_show(handler);

	if (import_filter(import, handler, scope, config))
		return;
	for (size_t i = 0; i < COUNT(handlers); i++) {
		if (!slice_eq(handler, slice_of(handlers[i].handler)))
			continue;
		if (handlers[i].sink != NULL)
			import_audit(import, handlers[i].sink, name.text, config);
		else
			import_note_whole(import, "plugin %s of %s was left out: %s", name.text,
			    where.text, handlers[i].why);
		return;
	}
	unknown_note(import, section, scope, plugin);
}

static bool
is_off(const struct node *plugin)
{
	return slice_eq(text_of(config_node_find(plugin, "config"), "enabled"), S("false"));
}

static void
plugins_note(struct import *import, const struct node *root)
{
	const struct node *plugins = config_node_find(root, "plugins");
	const struct node *section =
	    plugins != NULL && plugins->kind == NODE_MAP ? plugins->first : NULL;

	for (; section != NULL; section = section->next) {
		for (const struct node *scope = section->first;
		     section->kind == NODE_MAP && scope != NULL; scope = scope->next) {
			bool is_global = slice_eq(scope->key, S("_global"));

			if (scope->kind != NODE_LIST ||
			    (slice_starts(scope->key, S("_")) && !is_global))
				continue;
			for (const struct node *at = scope->first; at != NULL; at = at->next)
				if (at->kind == NODE_MAP && !is_off(at) &&
				    (is_global ||
					!slice_eq(text_of(at, "handler"), S("tool_manager"))))
					plugin_note(
					    import, config_show(section->key).text, scope->key, at);
		}
	}
}

/* ---- tool_manager ---------------------------------------------------------------------------- */

static const struct node *
tool_manager(const struct node *root, struct slice server)
{
	const struct node *plugins = config_node_find(root, "plugins");
	const struct node *section =
	    plugins != NULL ? config_node_find(plugins, "middleware") : NULL;

	if (section == NULL || section->kind != NODE_MAP)
		return NULL;
	for (const struct node *scope = section->first; scope != NULL; scope = scope->next) {
		if (!slice_eq(scope->key, server) || scope->kind != NODE_LIST)
			continue;
		for (const struct node *at = scope->first; at != NULL; at = at->next)
			if (slice_eq(text_of(at, "handler"), S("tool_manager")) && !is_off(at))
				return config_node_find(config_node_find(at, "config"), "tools");
	}
	return NULL;
}

/* "NAME: VALUE" for each tool that has this key, as a map behind it. */
static void
tools_map_put(struct import *import, const struct node *tools, const char *theirs, const char *ours)
{
	const char *between = ": {";

	for (const struct node *at = tools->first; at != NULL; at = at->next) {
		struct slice name = at->kind == NODE_MAP ? text_of(at, "tool") : SLICE_NONE;
		struct slice value = at->kind == NODE_MAP ? text_of(at, theirs) : SLICE_NONE;

		if (name.p == NULL || value.p == NULL)
			continue;
		if (between[0] == ':')
			buf_printf(&import->line, ", %s", ours);
		buf_puts(&import->line, between);
		import_put_scalar(&import->line, name);
		buf_puts(&import->line, ": ");
		import_put_value(import, IMPORT_TEXT, slice_of(ours), value);
		between = ", ";
	}
	buf_puts(&import->line, between[0] == ',' ? "}" : "");
}

/* An implicit list of what is allowed, with other names and descriptions. */
static void
tools_put(struct import *import, const struct node *tools)
{
	const char *between = "allow: [";

	if (tools == NULL || tools->kind != NODE_LIST)
		return;
	buf_puts(&import->line, "    tools: {");
	for (const struct node *at = tools->first; at != NULL; at = at->next) {
		struct slice name = at->kind == NODE_MAP ? text_of(at, "tool") : SLICE_NONE;

		if (name.p == NULL)
			continue;
		buf_puts(&import->line, between);
		import_put_scalar(&import->line, name);
		between = ", ";
	}
	/* None is named: none is allowed. */
	buf_puts(&import->line, between[0] == ',' ? "]" : "deny: [\"*\"]");
	tools_map_put(import, tools, "display_name", "rename");
	tools_map_put(import, tools, "display_description", "describe");
	buf_putc(&import->line, '}');
	import_line_end(import);
}

/* ---- upstreams ------------------------------------------------------------------------------- */

static void
command_put(struct import *import, const struct node *command)
{
	const struct node *before = NULL;

	buf_puts(&import->line, "    command: [");
	for (const struct node *at = command->first; at != NULL; at = at->next) {
		if (at->kind != NODE_TEXT)
			continue;
		buf_puts(&import->line, before != NULL ? ", " : "");
		import_put_argument(import, before, at);
		before = at;
	}
	buf_putc(&import->line, ']');
	import_line_end(import);
}

/* There the caches of package managers could be written, and all of the home directory be read. */
static void
sandbox_put(struct import *import, const struct node *entry)
{
	const struct node *sandbox = config_node_find(entry, "sandbox"), *paths;
	const char *comma = "";

	if (sandbox == NULL || sandbox->kind != NODE_MAP ||
	    !slice_eq(text_of(sandbox, "enabled"), S("true")))
		return;
	import_note(
	    import, "its sandbox has no package caches: for npx or uvx list theirs in \"write\"");
	buf_puts(&import->line, "    sandbox: {network: ");
	buf_puts(&import->line, slice_eq(text_of(sandbox, "network"), S("true")) ? "host" : "none");
	paths = config_node_find(sandbox, "paths");
	if (paths != NULL && paths->kind == NODE_LIST && paths->first != NULL) {
		buf_puts(&import->line, ", write: [");
		for (const struct node *at = paths->first; at != NULL; at = at->next) {
			if (at->kind != NODE_TEXT)
				continue;
			buf_puts(&import->line, comma);
			import_put_value(import, IMPORT_TEXT, S("path"), at->text);
			comma = ", ";
		}
		buf_putc(&import->line, ']');
	}
	buf_putc(&import->line, '}');
	import_line_end(import);
}

static const struct {
	const char *key, *why; /* NULL: carried over, or nothing to say */
} upstream_keys[] = {
	{ "name", NULL },
	{ "enabled", NULL },
	{ "transport", NULL },
	{ "command", NULL },
	{ "url", NULL },
	{ "restart_on_failure", NULL },
	{ "max_restart_attempts", NULL },
	{ "server_identity", NULL },
	{ "tls_verify", "certificates are always verified" },
	{ "sandbox", NULL },
};

static void
rest_note(struct import *import, const struct node *entry)
{
	for (const struct node *at = entry->first; at != NULL; at = at->next) {
		size_t i = 0;

		while (
		    i < COUNT(upstream_keys) && !slice_eq(at->key, slice_of(upstream_keys[i].key)))
			i++;
		if (i < COUNT(upstream_keys) && upstream_keys[i].why == NULL)
			continue;
		if (at->kind == NODE_MAP && slice_eq(text_of(at, "enabled"), S("false")))
			continue;
		import_note(import, "\"%s\" was left out: %s", config_show(at->key).text,
		    i < COUNT(upstream_keys) ? upstream_keys[i].why
					     : "bascule has nothing like it");
	}
}

static void
entry_put(struct import *import, const struct node *root, const struct node *entry)
{
	const struct node *command = config_node_find(entry, "command");
	struct slice name = text_of(entry, "name"), url = text_of(entry, "url");

	if (!import_begin(import, name.p != NULL ? name : S("default")))
		return;
	import_server_name(import, name.p != NULL ? name : S("default"));
	if (command != NULL && command->kind != NODE_LIST) {
		import_leave_out(import, "its \"command\" is no list");
		return;
	}
	if (command == NULL && url.n == 0) {
		import_leave_out(import, "it has neither a \"command\" nor a \"url\"");
		return;
	}
	if (slice_eq(text_of(entry, "enabled"), S("false")))
		buf_puts(&import->entry, "    enabled: false\n");
	if (command != NULL && !slice_eq(text_of(entry, "transport"), S("http"))) {
		command_put(import, command);
	} else {
		buf_puts(&import->line, "    url: ");
		import_put_value(import, IMPORT_TEXT, S("url"), url);
		import_line_end(import);
	}
	sandbox_put(import, entry);
	tools_put(import, tool_manager(root, name));
	rest_note(import, entry);
	import_end(import);
}

bool
import_gatekit(struct import *import, const struct node *root)
{
	const struct node *proxy = config_node_find(root, "proxy"), *list;

	if (proxy == NULL || proxy->kind != NODE_MAP)
		return false;
	import->of = "gatekit";
	import->expands = false;
	proxy_read(import, root, proxy);
	list = config_node_find(proxy, "upstreams");
	if (list == NULL)
		list = config_node_find(proxy, "upstream");
	if (list != NULL && list->kind == NODE_MAP)
		entry_put(import, root, list);
	else if (list != NULL)
		for (const struct node *at = list->first; at != NULL; at = at->next)
			if (at->kind == NODE_MAP)
				entry_put(import, root, at);
	plugins_note(import, root);
	import_audit_end(import);
	import_filters_end(import);
	return true;
}

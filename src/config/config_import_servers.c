/*
 * The lists of servers of MCP clients: `mcpServers` (Claude, Cursor, Windsurf, Gemini, mcp-hub),
 * `servers` with `inputs` (VS Code), `context_servers` (Zed).  They differ in a few words, so one
 * table of members reads them all.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_import.h"

#define NAME_SHOWN 120
#define PATH_SHOWN 2000

/* ---- members of a server --------------------------------------------------------------------- */

typedef void put_fn(struct import *import, const struct node *node);

static bool
is_text(const struct node *node)
{
	return node != NULL && node->kind == NODE_TEXT && !config_node_is_null(node);
}

static bool
is_word(const struct node *node, struct slice word)
{
	return is_text(node) && slice_eq(node->text, word);
}

static void
put_env(struct import *import, const struct node *map)
{
	if (map->kind == NODE_MAP && map->first == NULL)
		return;
	if (map->kind != NODE_MAP) {
		import_note(import, "\"env\" is not an object and was left out");
		return;
	}
	buf_puts(&import->entry, "    env:\n");
	for (const struct node *at = map->first; at != NULL; at = at->next) {
		if (at->kind != NODE_TEXT) {
			import_note(import, "the value of \"%s\" is no text and was left out",
			    config_show(at->key).text);
			continue;
		}
		buf_puts(&import->line, "      ");
		import_put_scalar(&import->line, at->key);
		buf_puts(&import->line, ": ");
		if (config_node_is_null(at)) /* its own environment's */
			import_put_value(import, IMPORT_ENV, at->key,
			    arena_printf(&import->load.tree, "${%.*s}",
				(int)(at->key.n < NAME_SHOWN ? at->key.n : NAME_SHOWN), at->key.p));
		else
			import_put_value(import, IMPORT_ENV, at->key, at->text);
		import_line_end(import);
	}
}

static void
put_headers(struct import *import, const struct node *map)
{
	if (map->kind == NODE_MAP && map->first == NULL)
		return;
	if (map->kind != NODE_MAP) {
		import_note(
		    import, "\"%s\" is not an object and was left out", config_show(map->key).text);
		return;
	}
	buf_puts(&import->entry, "    headers:\n");
	for (const struct node *at = map->first; at != NULL; at = at->next) {
		if (!is_text(at)) {
			import_note(import, "the header \"%s\" is no text and was left out",
			    config_show(at->key).text);
			continue;
		}
		buf_puts(&import->line, "      ");
		import_put_scalar(&import->line, at->key);
		buf_puts(&import->line, ": ");
		import_put_value(import, IMPORT_HEADER, at->key, at->text);
		import_line_end(import);
	}
}

static void
put_cwd(struct import *import, const struct node *node)
{
	if (!is_text(node) || node->text.n == 0)
		return;
	buf_puts(&import->line, "    cwd: ");
	import_put_value(import, IMPORT_TEXT, node->key, node->text);
	import_line_end(import);
}

static bool
is_list_of_texts(const struct node *node)
{
	if (node->kind != NODE_LIST)
		return false;
	for (const struct node *at = node->first; at != NULL; at = at->next)
		if (at->kind != NODE_TEXT)
			return false;
	return true;
}

void
import_put_tools(struct import *import, const char *key, const struct node *list)
{
	if (!is_list_of_texts(list)) {
		import_note(import, "\"%s\" is no list of names and was left out",
		    config_show(list->key).text);
		return;
	}
	if (list->first == NULL && strcmp(key, "deny") == 0)
		return;
	buf_puts(&import->line, "    tools: {");
	if (list->first == NULL) { /* none is allowed */
		buf_puts(&import->line, "deny: [\"*\"]");
	} else {
		buf_printf(&import->line, "%s: ", key);
		import_put_list(import, list);
	}
	buf_putc(&import->line, '}');
	import_line_end(import);
}

static void
put_denied(struct import *import, const struct node *node)
{
	import_put_tools(import, "deny", node);
}

static void
put_allowed(struct import *import, const struct node *node)
{
	import_put_tools(import, "allow", node);
}

static void
put_nothing(struct import *import, const struct node *node)
{
	(void)import;
	(void)node;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define NO_QUESTIONS "every call is allowed unless a rule says otherwise"

static const struct {
	const char *key;
	put_fn *put;	 /* NULL: a note */
	const char *why; /* it was left out */
} members[] = {
	{ "command", put_nothing, NULL }, /* these by server_put() */
	{ "args", put_nothing, NULL },
	{ "url", put_nothing, NULL },
	{ "serverUrl", put_nothing, NULL },
	{ "httpUrl", put_nothing, NULL },
	{ "disabled", put_nothing, NULL },
	{ "enabled", put_nothing, NULL },
	{ "type", put_nothing, NULL },
	{ "transport", put_nothing, NULL },
	{ "transportType", put_nothing, NULL },
	{ "source", put_nothing, NULL },
	{ "description", put_nothing, NULL },
	{ "name", put_nothing, NULL },
	{ "cwd", put_cwd, NULL },
	{ "env", put_env, NULL },
	{ "headers", put_headers, NULL },
	{ "requestInit", NULL, "write its headers as \"headers\"" },
	{ "disabledTools", put_denied, NULL },
	{ "disabled_tools", put_denied, NULL },
	{ "excludeTools", put_denied, NULL },
	{ "includeTools", put_allowed, NULL },
	{ "enabledTools", put_allowed, NULL },
	{ "autoApprove", NULL, NO_QUESTIONS },
	{ "alwaysAllow", NULL, NO_QUESTIONS },
	{ "autoAllow", NULL, NO_QUESTIONS },
	{ "trust", NULL, NO_QUESTIONS },
	{ "timeout", NULL, "clients count it in different units: write \"timeout: 60s\"" },
	{ "initTimeout", NULL, "write \"connect_timeout: 10s\"" },
	{ "envFile", NULL,
	    "start bascule with --env-file and name its variables under \"env\", as NAME: "
	    "\"${NAME}\"" },
	{ "headersHelper", NULL, "no command is run for headers: write them as \"headers\"" },
	{ "oauth", NULL, "bascule does not log in here: send a token in \"headers\"" },
	{ "auth", NULL, "bascule does not log in here: send a token in \"headers\"" },
	{ "authProviderType", NULL, "bascule does not log in here: send a token in \"headers\"" },
	{ "sandbox", NULL, "the server would run without it" },
	{ "sandboxEnabled", NULL, "the server would run without it" },
	{ "dev", NULL, "nothing is watched: a reload (SIGHUP) starts what changed" },
	{ "custom_instructions", NULL, "the instructions of the server itself are passed on" },
	{ "tools", NULL, "write \"tools: {allow: [...]}\"" },
};

static void
member_put(struct import *import, const struct node *node)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		if (!slice_eq(node->key, slice_of(members[i].key)))
			continue;
		if (members[i].put != NULL)
			members[i].put(import, node);
		else
			import_note(
			    import, "\"%s\" was left out: %s", members[i].key, members[i].why);
		return;
	}
	import_note(import, "\"%s\" was left out: bascule has nothing like it",
	    config_show(node->key).text);
}

/* ---- command and url ------------------------------------------------------------------------- */

/* The home of the one who runs it: nobody expands "~" without a shell. */
static void
put_program(struct import *import, struct slice text)
{
	if (slice_starts(text, S("~/")) && import->expands && text.n < PATH_SHOWN)
		text = arena_printf(&import->load.tree, "${HOME}%.*s", (int)text.n - 1, text.p + 1);
	import_put_value(import, IMPORT_TEXT, S("command"), text);
}

static bool
is_header_option(struct slice text)
{
	return slice_eq(text, S("-H")) || slice_eq(text, S("--header"));
}

/* A secret is named after the option before it, or after what stands before its own "=" or ":". */
void
import_put_argument(struct import *import, const struct node *before, const struct node *node)
{
	struct slice rest, name = slice_cut(node->text, '=', &rest);
	bool is_named;

	if (rest.n > 0 && name.n <= NAME_SHOWN && import_is_secret(IMPORT_ARG, name, rest)) {
		struct slice made = import_var_of_secret(import, IMPORT_ARG, name, rest);

		import_note(import, "the secret of \"%s\" was not copied: set %.*s",
		    config_show(name).text, SLICE_FMT(made));
		import_put_scalar(&import->line,
		    arena_printf(
			&import->load.tree, "%.*s=${%.*s}", SLICE_FMT(name), SLICE_FMT(made)));
		return;
	}
	/* --header 'Name: value' */
	name = slice_cut(node->text, ':', &rest);
	if (before != NULL && is_header_option(before->text) && rest.p != NULL &&
	    name.n <= NAME_SHOWN && import_is_secret(IMPORT_HEADER, name, slice_trim(rest))) {
		struct slice made =
		    import_var_of_secret(import, IMPORT_HEADER, name, slice_trim(rest));

		import_note(import, "the secret of header \"%s\" was not copied: set %.*s",
		    config_show(name).text, SLICE_FMT(made));
		import_put_scalar(&import->line,
		    arena_printf(
			&import->load.tree, "%.*s:${%.*s}", SLICE_FMT(name), SLICE_FMT(made)));
		return;
	}
	/* Only an option names what follows it; anything else could be a secret itself. */
	is_named = before != NULL && slice_starts(before->text, S("-")) &&
	    memchr(before->text.p, '=', before->text.n) == NULL;
	import_put_value(import, is_named ? IMPORT_ARG : IMPORT_TEXT,
	    is_named ? before->text : S("argument"), node->text);
}

static void
put_arguments(struct import *import, const struct node *list)
{
	const struct node *before = NULL;

	if (list == NULL || config_node_is_null(list))
		return;
	if (list->kind != NODE_LIST) {
		import_note(import, "\"args\" is no list and was left out");
		return;
	}
	for (const struct node *at = list->first; at != NULL; at = at->next) {
		if (at->kind != NODE_TEXT) {
			import_note(import, "an argument that is no text was left out");
			continue;
		}
		buf_puts(&import->line, ", ");
		import_put_argument(import, before, at);
		before = at;
	}
}

/* "npx -y foo" in one text: where no arguments stand beside it, blanks are between them. */
static void
put_words(struct import *import, struct slice text)
{
	const char *between = "";

	while (text.p != NULL) {
		struct slice word = slice_cut(text, ' ', &text);

		if (word.n == 0)
			continue;
		buf_puts(&import->line, between);
		import_put_value(import, IMPORT_TEXT, S("argument"), word);
		between = ", ";
	}
	import_note(import, "the command was one text, and was taken apart at its blanks");
}

static void
put_command(struct import *import, const struct node *entry, const struct node *command)
{
	const struct node *args = config_node_find(entry, "args");
	bool has_args = args != NULL && args->first != NULL;

	buf_puts(&import->line, "    command: [");
	if (command->kind == NODE_LIST && is_list_of_texts(command) && command->first != NULL) {
		struct node rest = { .kind = NODE_LIST, .first = command->first->next };

		put_program(import, command->first->text);
		put_arguments(import, &rest);
	} else if (command->kind == NODE_TEXT && !has_args &&
	    memchr(command->text.p, ' ', command->text.n) != NULL &&
	    memchr(command->text.p, '/', command->text.n) == NULL) {
		put_words(import, command->text);
	} else if (command->kind == NODE_TEXT) {
		put_program(import, command->text);
	}
	put_arguments(import, args);
	buf_putc(&import->line, ']');
	import_line_end(import);
}

/* One pair of the query, its value perhaps a secret. */
static void
put_query(struct import *import, struct buf *out, struct slice pair)
{
	struct slice value, name = slice_cut(pair, '=', &value);

	if (value.p != NULL && import_is_secret(IMPORT_ARG, name, value)) {
		struct slice made = import_var_of_secret(import, IMPORT_ARG, name, value);

		buf_printf(out, "%.*s=${%.*s}", SLICE_FMT(name), SLICE_FMT(made));
		import_note(import, "the secret \"%s\" of the url was not copied: set %.*s",
		    config_show(name).text, SLICE_FMT(made));
	} else {
		import_convert(import, IMPORT_TEXT, S("url"), pair);
		buf_put(out, buf_view(&import->value));
	}
}

/* http://user:password@host */
static struct slice
without_user(struct import *import, struct buf *out, struct slice url)
{
	const char *start = memmem(url.p, url.n, "://", 3), *at;
	struct slice host;

	if (start == NULL)
		return url;
	start += 3;
	host = (struct slice){ start, url.n - (size_t)(start - url.p) };
	for (size_t i = 0; i < host.n; i++)
		if (strchr("/?#", host.p[i]) != NULL)
			host.n = i;
	at = memrchr(host.p, '@', host.n);
	if (at == NULL)
		return url;
	buf_put(out, (struct slice){ url.p, (size_t)(start - url.p) });
	import_note(
	    import, "user and password of the url were left out: send an Authorization header");
	return (struct slice){ at + 1, url.n - (size_t)(at + 1 - url.p) };
}

static void
put_url(struct import *import, const struct node *node)
{
	struct slice url = node->text, query, path;
	char between = '?';
	struct buf out;

	buf_init(&out, NULL, CONFIG_VALUE_BYTES);
	url = without_user(import, &out, url);
	path = slice_cut(url, '?', &query);
	import_convert(import, IMPORT_TEXT, S("url"), path);
	buf_put(&out, buf_view(&import->value));
	while (query.p != NULL) {
		struct slice pair = slice_cut(query, '&', &query);

		buf_putc(&out, between);
		put_query(import, &out, pair);
		between = '&';
	}
	buf_puts(&import->line, "    url: ");
	import_put_scalar(&import->line, buf_view(&out));
	import_line_end(import);
	buf_fini(&out);
}

/* ---- servers --------------------------------------------------------------------------------- */

static const struct node *
url_of(const struct node *entry)
{
	static const char *const keys[] = { "url", "serverUrl", "httpUrl" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct node *node = config_node_find(entry, keys[i]);

		if (is_text(node) && node->text.n > 0)
			return node;
	}
	return NULL;
}

static const struct node *
command_of(const struct node *entry)
{
	const struct node *node = config_node_find(entry, "command");

	if (node == NULL || config_node_is_null(node) || (node->kind == NODE_TEXT && !node->text.n))
		return NULL;
	return node;
}

/* Zed's older form: command: {path, args, env}. */
static const struct node *
inner(const struct node *entry)
{
	const struct node *command = config_node_find(entry, "command");

	return command != NULL && command->kind == NODE_MAP ? command : entry;
}

static void
entry_put(struct import *import, const struct node *entry)
{
	const struct node *inside = inner(entry), *url = url_of(entry);
	const struct node *command =
	    inside != entry ? config_node_find(inside, "path") : command_of(entry);
	bool is_off = is_word(config_node_find(entry, "disabled"), S("true")) ||
	    is_word(config_node_find(entry, "enabled"), S("false"));

	if (command == NULL && url == NULL) {
		import_leave_out(import, "it has neither a \"command\" nor a \"url\"");
		return;
	}
	if (is_off)
		buf_puts(&import->entry, "    enabled: false\n");
	if (command != NULL && url != NULL)
		import_note(import, "it has a command and a url: the %s was taken",
		    is_word(config_node_find(entry, "type"), S("stdio")) ? "command" : "url");
	if (url != NULL &&
	    (command == NULL || !is_word(config_node_find(entry, "type"), S("stdio")))) {
		put_url(import, url);
	} else {
		put_command(import, inside, command);
		if (inside != entry && config_node_find(inside, "env") != NULL)
			put_env(import, config_node_find(inside, "env"));
	}
	for (const struct node *at = entry->first; at != NULL; at = at->next)
		if (!config_node_is_null(at))
			member_put(import, at);
	import_end(import);
}

static void
servers_put(struct import *import, const struct node *map)
{
	for (const struct node *at = map->first; at != NULL; at = at->next) {
		if (!import_begin(import, at->key)) {
			import_note_whole(
			    import, "only the first %d servers were taken", CONFIG_UPSTREAMS_MAX);
			return;
		}
		if (at->kind == NODE_MAP)
			entry_put(import, at);
		else
			import_leave_out(import, "it is no object");
	}
}

/* Servers of single projects (~/.claude.json) belong to their folders. */
static void
projects_note(struct import *import, const struct node *root)
{
	const struct node *projects = config_node_find(root, "projects");

	if (projects == NULL || projects->kind != NODE_MAP)
		return;
	for (const struct node *at = projects->first; at != NULL; at = at->next) {
		const struct node *servers = config_node_find(at, "mcpServers");

		if (servers != NULL && servers->kind == NODE_MAP && servers->first != NULL)
			import_note_whole(import,
			    "the project \"%s\" has %zu servers of its own: they were left out",
			    config_show(at->key).text, servers->children);
	}
}

static void
native_note(struct import *import, const struct node *root)
{
	const struct node *native = config_node_find(root, "nativeMCPServers");

	if (native == NULL || native->kind != NODE_MAP)
		return;
	for (const struct node *at = native->first; at != NULL; at = at->next)
		import_note_whole(import,
		    "the native server \"%s\" runs inside the editor: it was left out",
		    config_show(at->key).text);
}

bool
import_servers(struct import *import, const struct node *root)
{
	static const struct {
		const char *key, *of;
	} forms[] = {
		{ "mcpServers", "a client's mcpServers" },
		{ "servers", "VS Code's servers" },
		{ "context_servers", "Zed's context_servers" },
	};
	const struct node *mcp = config_node_find(root, "mcp"), *map;

	if (mcp != NULL && mcp->kind == NODE_MAP && config_node_find(root, "mcpServers") == NULL)
		root = mcp; /* VS Code's settings.json */
	for (size_t i = 0; i < COUNT(forms); i++) {
		map = config_node_find(root, forms[i].key);
		if (map == NULL || map->kind != NODE_MAP)
			continue;
		import->of = forms[i].of;
		import->expands = true;
		import->inputs = config_node_find(root, "inputs");
		if (import->inputs != NULL && import->inputs->kind != NODE_LIST)
			import->inputs = NULL;
		servers_put(import, map);
		projects_note(import, root);
		native_note(import, root);
		return true;
	}
	return false;
}

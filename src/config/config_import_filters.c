/*
 * What gatekit's filters did becomes `guard.scan`: the entries of `_global` say what holds
 * everywhere, those of a server what is otherwise there.  Types that were switched off become rules
 * that do not count.  What has no counterpart is a comment; nothing becomes weaker in silence.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_import.h"

/* What one server has otherwise. */
struct import_except {
	struct slice server;
	const char *actions[IMPORT_FILTERS]; /* NULL: as everywhere */
	struct import_except *next;
};

/* How a server is called there and here. */
struct import_alias {
	struct slice theirs, ours;
	struct import_alias *next;
};

/* In the order of import->filters. */
static const struct {
	const char *handler, *scan, *types;
} filters[IMPORT_FILTERS] = {
	{ "basic_secrets_filter", "secrets", "secret_types" },
	{ "basic_pii_filter", "pii", "pii_types" },
	{ "basic_prompt_injection_defense", "injection", "detection_methods" },
};

/* Rules of ours that find what a type found; NULL: none can be told apart. */
static const struct {
	const char *type, *rules;
} types[] = {
	{ "email", "email*" },
	{ "phone", "phone*" },
	{ "credit_card", "card/*" },
	{ "ip_address", "ip*" },
	{ "national_id", "id/*" },
	{ "aws_access_keys", "aws-*" },
	{ "github_tokens", "github-*" },
	{ "google_api_keys", "gcp-api-key" },
	{ "jwt_tokens", "jwt*" },
	{ "openai_api_keys", "openai-*" },
	{ "slack_tokens", "slack-*" },
};

void
import_server_name(struct import *import, struct slice theirs)
{
	struct import_alias *alias = ARENA_NEW(&import->load.tree, struct import_alias);

	alias->theirs = theirs;
	alias->ours = import->server;
	alias->next = import->aliases;
	import->aliases = alias;
}

struct slice
import_server_of(const struct import *import, struct slice theirs)
{
	for (const struct import_alias *at = import->aliases; at != NULL; at = at->next)
		if (slice_eq(at->theirs, theirs))
			return at->ours;
	return SLICE_NONE;
}

static struct slice
text_of(const struct node *map, const char *key)
{
	const struct node *node =
	    map != NULL && map->kind == NODE_MAP ? config_node_find(map, key) : NULL;

	return node != NULL && node->kind == NODE_TEXT ? node->text : SLICE_NONE;
}

static const char *
action_of(const struct node *config)
{
	struct slice action = text_of(config, "action");

	return slice_eq(action, S("block"))	? "block"
	    : slice_eq(action, S("audit_only")) ? "log"
						: "redact";
}

static struct import_except *
except_of(struct import *import, struct slice server)
{
	struct import_except **at = &import->excepts;

	while (*at != NULL && !slice_eq((*at)->server, server))
		at = &(*at)->next;
	if (*at == NULL) {
		*at = ARENA_NEW(&import->load.tree, struct import_except);
		(*at)->server = server;
	}
	return *at;
}

/* `ignore` holds everywhere: what only one server left out is looked for there too. */
static void
type_off(struct import *import, const char *handler, struct slice type, bool is_global)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (!slice_eq(type, slice_of(types[i].type)))
			continue;
		if (!is_global) {
			import_note_whole(import,
			    "%s left out \"%s\" for one server: rules are ignored everywhere or nowhere, "
			    "it is looked for",
			    handler, types[i].type);
			return;
		}
		if (import->ignored.n > 0 &&
		    memmem(import->ignored.p, import->ignored.n, types[i].rules,
			strlen(types[i].rules)) != NULL)
			return;
		buf_puts(&import->ignored, import->ignored.n > 0 ? ", \"" : "\"");
		buf_puts(&import->ignored, types[i].rules);
		buf_putc(&import->ignored, '"');
		return;
	}
	import_note_whole(import,
	    "%s left out \"%s\", which cannot be told apart here: it is looked for", handler,
	    config_show(type).text);
}

static void
types_read(struct import *import, size_t filter, const struct node *config, bool is_global)
{
	const struct node *list =
	    config != NULL ? config_node_find(config, filters[filter].types) : NULL;

	if (list == NULL || list->kind != NODE_MAP)
		return;
	for (const struct node *at = list->first; at != NULL; at = at->next)
		if (slice_eq(text_of(at, "enabled"), S("false")))
			type_off(import, filters[filter].handler, at->key, is_global);
}

/* What there is no word for. */
static void
rest_note(struct import *import, const char *handler, const struct node *config)
{
	static const struct {
		const char *key, *harmless, *why; /* harmless: a value that says what is so */
	} keys[] = {
		{ "sensitivity", "standard", "findings are weighed, there are no degrees" },
		{ "scan_base64", "true", "what is encoded is always looked into, within bounds" },
		{ "entropy_detection", "", "it is a part of the rules" },
		{ "priority", "", "scanners stand behind the rules and before plugins" },
		{ "critical", "true", "a scanner that fails always refuses" },
	};

	for (size_t i = 0; config != NULL && i < COUNT(keys); i++)
		if (config_node_find(config, keys[i].key) != NULL &&
		    !slice_eq(text_of(config, keys[i].key), slice_of(keys[i].harmless)))
			import_note_whole(import, "\"%s\" of %s has no counterpart: %s",
			    keys[i].key, handler, keys[i].why);
}

bool
import_filter(
    struct import *import, struct slice handler, struct slice scope, const struct node *config)
{
	bool is_global = slice_eq(scope, S("_global"));
	struct slice server;
	size_t filter = 0;

	while (filter < IMPORT_FILTERS && !slice_eq(handler, slice_of(filters[filter].handler)))
		filter++;
	if (filter == IMPORT_FILTERS)
		return false;
	if (config != NULL && config->kind != NODE_MAP)
		config = NULL;
	server = is_global ? SLICE_NONE : import_server_of(import, scope);
	if (!is_global && server.p == NULL) {
		import_note_whole(import, "%s of \"%s\": there is no such server",
		    filters[filter].handler, config_show(scope).text);
		return true;
	}
	if (is_global)
		import->filters[filter] = action_of(config);
	else
		except_of(import, server)->actions[filter] = action_of(config);
	types_read(import, filter, config, is_global);
	rest_note(import, filters[filter].handler, config);
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
actions_put(struct buf *out, const char *const *actions)
{
	for (size_t i = 0; i < IMPORT_FILTERS; i++)
		if (actions[i] != NULL)
			buf_printf(out, ", %s: %s", filters[i].scan, actions[i]);
}

void
import_filters_end(struct import *import)
{
	struct buf *out = &import->head;
	bool has_any = import->excepts != NULL;

	for (size_t i = 0; i < IMPORT_FILTERS; i++)
		has_any = has_any || import->filters[i] != NULL;
	if (!has_any)
		return;
	buf_puts(out, "guard:\n  scan:\n");
	for (size_t i = 0; i < IMPORT_FILTERS; i++)
		if (import->filters[i] != NULL)
			buf_printf(out, "    %s: %s\n", filters[i].scan, import->filters[i]);
	if (import->ignored.n > 0)
		buf_printf(out, "    ignore: [%.*s]\n", SLICE_FMT(buf_view(&import->ignored)));
	if (import->excepts != NULL)
		buf_puts(out, "    except:\n");
	for (const struct import_except *at = import->excepts; at != NULL; at = at->next) {
		buf_puts(out, "      - {server: ");
		import_put_scalar(out, at->server);
		actions_put(out, at->actions);
		buf_puts(out, "}\n");
	}
}

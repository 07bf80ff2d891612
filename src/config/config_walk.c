/*
 * A map of the file against the table: every key is an option, a group of options, something its
 * caller takes, or an error that says which of these it should have been.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

/* Where an entry stands: "limits.message", or "serach" at the root. */
#define SHOWN_BYTES 128

static void
shown_make(char *to, const char *shown, struct slice key)
{
	if (shown[0] == '\0')
		snprintf(to, SHOWN_BYTES, "%s", config_show(key).text);
	else
		snprintf(to, SHOWN_BYTES, "%s.%s", shown, config_show(key).text);
}

static bool
unknown_fail(const struct config_walk *walk, struct slice path, const char *shown,
    const struct node *entry, struct err *err)
{
	struct slice near = config_option_nearest(walk->rows, walk->rows_n, path, entry->key);
	char where[SHOWN_BYTES] = "", meant[64] = "";

	if (shown[0] != '\0')
		snprintf(where, sizeof(where), " in %s", shown);
	if (near.p != NULL)
		snprintf(meant, sizeof(meant), " (did you mean \"%.*s\"?)", SLICE_FMT(near));
	return CONFIG_FAIL_KEY(walk->load, entry, err, "unknown key \"%s\"%s%s%s%s",
	    config_show(entry->key).text, where, meant, walk->hint != NULL ? "; " : "",
	    walk->hint != NULL ? walk->hint : "");
}

static bool
group_read(struct config_walk *walk, struct slice path, const char *shown, const struct node *entry,
    struct err *err)
{
	struct slice below = path.n == 0
	    ? entry->key
	    : arena_printf(&walk->load->tree, "%.*s.%.*s", SLICE_FMT(path), SLICE_FMT(entry->key));

	return config_walk_map(walk, below, shown, entry, err);
}

/* The dots and brackets of the table's paths mean nothing in a key of the file. */
static bool
entry_read(struct config_walk *walk, struct slice path, const char *shown, const struct node *entry,
    struct err *err)
{
	const struct config_option *option;
	char name[SHOWN_BYTES];
	bool taken = false, is_group;

	if (memchr(entry->key.p, '.', entry->key.n) != NULL ||
	    memchr(entry->key.p, '[', entry->key.n) != NULL ||
	    memchr(entry->key.p, '{', entry->key.n) != NULL)
		return unknown_fail(walk, path, shown, entry, err);
	shown_make(name, shown, entry->key);
	option = config_option_find(walk->rows, walk->rows_n, path, entry->key);
	is_group = config_option_is_group(walk->rows, walk->rows_n, path, entry->key);
	/* Some are a word or a map: `auth`. */
	if (option != NULL && !(is_group && entry->kind == NODE_MAP))
		return config_value_set(walk->load, option, name, entry, walk->base, err);
	if (is_group)
		return group_read(walk, path, name, entry, err);
	if (walk->other != NULL && !walk->other(walk, path, entry, &taken, err))
		return false;
	if (taken)
		return true;
	if (config_option_is_later(path, entry->key))
		return CONFIG_FAIL_KEY(
		    walk->load, entry, err, "this version does not have \"%s\" yet", name);
	return unknown_fail(walk, path, shown, entry, err);
}

bool
config_walk_map(struct config_walk *walk, struct slice path, const char *shown,
    const struct node *map, struct err *err)
{
	if (config_node_is_null(map))
		return true;
	if (map->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(walk->load, map, err,
		    "%s must be a map of options, not a %s", shown[0] != '\0' ? shown : "the file",
		    map->kind == NODE_LIST ? "list" : "text");
	for (const struct node *entry = map->first; entry != NULL; entry = entry->next)
		if (!entry_read(walk, path, shown, entry, err))
			return false;
	return true;
}

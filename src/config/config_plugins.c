/*
 * `guard.plugins`: scripts that look at what crosses.  They are read here, so that a configuration
 * is whole once it is loaded and a reload takes what the file says then; what they say is compiled
 * by the guard.  A script decides about everything: nobody else may be able to write to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_parts.h"

#define SCRIPT_BYTES   (256 * KIB)
#define SETTINGS_BYTES (256 * KIB)
#define NAME_BYTES     64
#define MEMORY_BYTES   (32 * MIB)
#define STEPS	       500000

struct entry {
	struct config_load *load;
	const struct node *node;
	char shown[32]; /* "guard.plugins[3]" */
	struct config_plugin plugin;
};

/* ---- the file -------------------------------------------------------------------------------- */

static bool
file_read(int fd, const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s: not a regular file", path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_CONFIG,
		    "%s: others may write to it (mode %o), and it decides what passes: chmod go-w",
		    path, (unsigned)(st.st_mode & 07777));
	while (n > 0) {
		if (out->n > SCRIPT_BYTES)
			return err_set(
			    err, ERR_CONFIG, "%s: longer than %zu KiB", path, SCRIPT_BYTES / KIB);
		if (!buf_reserve(out, 4 * KIB, err))
			return false;
		n = read(fd, out->p + out->n, 4 * KIB);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return err_set(err, ERR_CONFIG, "%s: %m", path);
		else
			out->n += (size_t)n;
	}
	return true;
}

static struct slice
last_part(struct slice path)
{
	const char *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;

	if (slash == NULL)
		return path;
	return (struct slice){ slash + 1, (size_t)(path.p + path.n - slash - 1) };
}

/* The source and the names that come from the path. */
static bool
script_read(struct arena *arena, struct slice path, struct config_plugin *out, struct err *err)
{
	struct slice file = last_part(path), stem = file;
	const char *cstr;
	struct buf text;
	int fd;
	bool ok;

	if (!arena_reserve(arena, 3 * (path.n + 1) + 64, err))
		return false;
	cstr = slice_cstr(arena, path);
	fd = open(cstr, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	buf_init(&text, NULL, SCRIPT_BYTES + 8 * KIB);
	ok = file_read(fd, cstr, &text, err) && arena_reserve(arena, text.n + 1, err);
	if (ok) {
		out->path = path;
		out->source = text.n > 0 ? slice_dup(arena, buf_view(&text)) : S("");
		out->file = (struct slice){ slice_cstr(arena, file), file.n };
		if (slice_ends(stem, S(".lua")))
			stem.n -= 4;
		if (out->name.p == NULL)
			out->name = slice_dup(arena, stem);
	}
	if (fd >= 0)
		close(fd);
	buf_fini(&text);
	return ok;
}

bool
config_plugin_read(
    struct arena *arena, const char *path, struct config_plugin *out, struct err *err)
{
	*out = (struct config_plugin){
		.priority = 50, .is_critical = true, .memory_bytes = MEMORY_BYTES, .steps = STEPS
	};
	if (!arena_reserve(arena, strlen(path) + 1, err))
		return false;
	return script_read(arena, slice_dup(arena, slice_of(path)), out, err);
}

/* ---- what is written for the script ---------------------------------------------------------- */

static bool
entry_other(struct config_walk *walk, struct slice path, const struct node *node, bool *taken,
    struct err *err)
{
	struct entry *entry = CONTAINER(walk->base, struct entry, plugin);
	struct buf out;
	bool ok;

	*taken = slice_eq(path, S(CONFIG_PLUGINS)) && slice_eq(node->key, S("config"));
	if (!*taken || config_node_is_null(node))
		return true;
	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(
		    walk->load, node, err, "%s.config must be a map", entry->shown);
	buf_init(&out, NULL, SETTINGS_BYTES);
	ok = config_json_put(walk->load, node, &out, err);
	if (ok && out.overflow)
		ok = CONFIG_FAIL_NODE(walk->load, node, err, "%s.config is longer than %zu KiB",
		    entry->shown, SETTINGS_BYTES / KIB);
	ok = ok && config_dup(walk->load, buf_view(&out), &entry->plugin.settings, err);
	buf_fini(&out);
	return ok;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool
name_is_good(struct slice name)
{
	bool ok = name.n >= 1 && name.n <= NAME_BYTES;

	for (size_t i = 0; ok && i < name.n; i++) {
		char c = name.p[i];

		ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    memchr("_-.", c, 3) != NULL;
	}
	return ok;
}

static bool
name_check(const struct entry *entry, struct err *err)
{
	const struct config_guard *guard = &entry->load->config->guard;
	const struct node *node = config_node_find(entry->node, "name");
	struct slice name = entry->plugin.name;

	if (!name_is_good(name))
		return CONFIG_FAIL_NODE(entry->load, node != NULL ? node : entry->node, err,
		    "%s: \"%s\" is no name: 1 to %d letters, digits, \"_\", \"-\" and \".\" (\"name\" sets it)",
		    entry->shown, config_show(name).text, NAME_BYTES);
	for (size_t i = 0; i < guard->plugins_n; i++)
		if (slice_eq(name, guard->plugins[i].name))
			return CONFIG_FAIL_NODE(entry->load, node != NULL ? node : entry->node, err,
			    "%s: the name \"%s\" is taken by another entry: give this one a \"name\"",
			    entry->shown, config_show(name).text);
	return true;
}

static bool
entry_read(struct entry *entry, struct err *err)
{
	struct config_load *load = entry->load;
	struct config_plugin *plugin = &entry->plugin;
	struct config_walk walk = { .load = load, .base = plugin, .other = entry_other };
	struct err why = { 0 };

	if (entry->node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(load, entry->node, err,
		    "%s must be a map such as {lua: rules.lua}", entry->shown);
	walk.rows = config_options(&walk.rows_n);
	config_value_defaults(
	    walk.rows, walk.rows_n, S(CONFIG_PLUGINS), plugin, &load->config->arena);
	if (!config_walk_map(&walk, S(CONFIG_PLUGINS), entry->shown, entry->node, err))
		return false;
	if (plugin->path.n == 0)
		return CONFIG_FAIL_NODE(load, entry->node, err,
		    "%s needs \"lua\", the file of the script", entry->shown);
	if (!script_read(&load->config->arena, plugin->path, plugin, &why))
		return CONFIG_FAIL_NODE(
		    load, config_node_find(entry->node, "lua"), err, "%s", why.text);
	return name_check(entry, err);
}

/* Behind those that come before it or are asked at the same time. */
static void
plugin_insert(struct config_guard *guard, const struct config_plugin *plugin)
{
	size_t at = guard->plugins_n++;

	for (; at > 0 && guard->plugins[at - 1].priority > plugin->priority; at--)
		guard->plugins[at] = guard->plugins[at - 1];
	guard->plugins[at] = *plugin;
}

bool
config_plugins_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config_guard *guard = &load->config->guard;
	struct entry entry = { .load = load };
	unsigned i = 0;

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST || list->children > CONFIG_PLUGINS_MAX)
		return CONFIG_FAIL_NODE(load, list, err,
		    "guard.plugins must be a list of at most %d entries such as {lua: rules.lua}",
		    CONFIG_PLUGINS_MAX);
	guard->plugins =
	    arena_alloc(&load->config->arena, sizeof(*guard->plugins) * (list->children + 1));
	for (const struct node *node = list->first; node != NULL; node = node->next) {
		entry.node = node;
		entry.plugin = (struct config_plugin){ .priority = 0 };
		snprintf(entry.shown, sizeof(entry.shown), "guard.plugins[%u]", i++);
		if (!entry_read(&entry, err))
			return false;
		plugin_insert(guard, &entry.plugin);
	}
	return true;
}

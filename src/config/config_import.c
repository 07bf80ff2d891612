/*
 * `bascule import`: which of the known forms a file has, and the whole of what is written from it.
 * Nothing is read but the text, nothing is run, and what is written is read once more as the
 * configuration it is meant to be.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_import.h"

#define ARENA_BYTES (64 * MIB)

static void
init(struct import *import, const char *name)
{
	const char *slash = strrchr(name, '/');

	snprintf(import->load.name, sizeof(import->load.name), "%s",
	    strlen(name) < sizeof(import->load.name) || slash == NULL ? name : slash + 1);
	arena_init(&import->load.tree, NULL, ARENA_BYTES);
	import->names = mem_new((CONFIG_UPSTREAMS_MAX + 1) * sizeof(*import->names));
	buf_init(&import->head, NULL, IMPORT_OUT_BYTES);
	buf_init(&import->ignored, NULL, KIB);
	buf_init(&import->servers, NULL, IMPORT_OUT_BYTES);
	buf_init(&import->tail, NULL, IMPORT_OUT_BYTES);
	buf_init(&import->sinks, NULL, 48 * KIB);
	buf_init(&import->notes, NULL, IMPORT_OUT_BYTES);
	buf_init(&import->entry, NULL, IMPORT_OUT_BYTES);
	buf_init(&import->line, NULL, IMPORT_OUT_BYTES);
	buf_init(&import->value, NULL, IMPORT_OUT_BYTES);
}

static void
fini(struct import *import)
{
	struct buf *bufs[] = { &import->head, &import->servers, &import->tail, &import->notes,
		&import->entry, &import->line, &import->value, &import->sinks, &import->ignored };

	for (size_t i = 0; i < COUNT(bufs); i++)
		buf_fini(bufs[i]);
	mem_free(import->names);
	arena_fini(&import->load.tree);
}

MUST_CHECK static bool
form_read(struct import *import, const struct node *root, struct err *err)
{
	const char *name = import->load.name;

	if (root == NULL)
		return err_set(err, ERR_CONFIG, "%s: empty", name);
	if (root->kind == NODE_MAP &&
	    (import_servers(import, root) || import_gatekit(import, root)))
		return true;
	if (root->kind == NODE_MAP && config_node_find(root, "upstreams") != NULL)
		return err_set(err, ERR_CONFIG,
		    "%s: is a configuration of bascule already: bascule check -c FILE", name);
	return err_set(err, ERR_CONFIG,
	    "%s: none of the known forms: a client's mcpServers, VS Code's servers, Zed's "
	    "context_servers, or gatekit's proxy",
	    name);
}

/* Variables that must be set: of secrets that were left where they are, and of the file's own. */
static void
put_variables(const struct import *import, struct buf *out)
{
	const char *between = "# Set before it starts (in the environment, or by --env-file): ";

	for (size_t i = 0; i < import->vars_n; i++) {
		if (slice_eq(import->vars[i].name, S("HOME")))
			continue;
		buf_puts(out, between);
		buf_put(out, import->vars[i].name);
		between = ", ";
	}
	buf_puts(out, between[0] == ',' ? "\n" : "");
}

static void
put_whole(const struct import *import, struct buf *out)
{
	buf_printf(out,
	    "# Made by `bascule import` from %s. \"# import:\" marks what needs your eye.\n"
	    "# Servers get PATH, HOME, LANG, TZ and what `env` names, nothing else of the "
	    "environment.\n",
	    import->of);
	put_variables(import, out);
	buf_put(out, buf_view(&import->head));
	buf_puts(out, "upstreams:\n");
	buf_put(out, buf_view(&import->servers));
	buf_put(out, buf_view(&import->tail));
}

static bool
parts_check(const struct import *import, struct err *err)
{
	const struct buf *bufs[] = { &import->head, &import->servers, &import->tail, &import->notes,
		&import->entry, &import->line, &import->value, &import->sinks, &import->ignored };

	for (size_t i = 0; i < COUNT(bufs); i++)
		if (!buf_check(bufs[i], err))
			return false;
	return true;
}

bool
config_import(struct slice text, const char *name, struct buf *out, struct config_import *report,
    struct err *err)
{
	struct import *import = MEM_NEW(struct import);
	struct slice first, rest;
	struct node *root;
	bool ok;

	init(import, name);
	ok = import_read(import, text.p != NULL ? text : S(""), &root, err) &&
	    form_read(import, root, err);
	first = slice_cut(buf_view(&import->notes), '\n', &rest);
	if (ok && import->servers_n == 0)
		ok = err_set(err, ERR_CONFIG, "%s: holds no server that can be carried over%s%.*s",
		    import->load.name, first.n > 0 ? ": " : "", SLICE_FMT(first));
	ok = ok && parts_check(import, err);
	if (ok) {
		put_whole(import, out);
		buf_put(&report->notes, buf_view(&import->notes));
		report->of = import->of;
		report->servers = (unsigned)import->servers_n;
		report->left_out = (unsigned)import->left_out_n;
		report->notes_n = (unsigned)import->notes_n;
		put_variables(import, &report->notes);
		ok = buf_check(out, err);
	}
	fini(import);
	mem_free(import);
	return ok;
}

/*
 * gatekit's audit files as `audit.sinks`: the file, the marks of its CSV, when it is rotated; and
 * whether bodies are kept, which here is said once for all.  What is written is read back as it
 * will be; a sink with a fault becomes a comment.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_import.h"

#define PATH_BYTES 4096
#define SCAN_BYTES (64 * KIB)

static struct slice
text_of(const struct node *map, const char *key)
{
	const struct node *node =
	    map != NULL && map->kind == NODE_MAP ? config_node_find(map, key) : NULL;

	return node != NULL && node->kind == NODE_TEXT && !config_node_is_null(node) ? node->text
										     : SLICE_NONE;
}

static bool
is_true(const struct node *config, const char *key)
{
	return slice_eq_nocase(text_of(config, key), S("true"));
}

/* ---- paths ----------------------------------------------------------------------------------- */

static size_t
name_length(struct slice text)
{
	size_t n = 0;

	while (n < text.n &&
	    (text.p[n] == '_' || (text.p[n] >= '0' && text.p[n] <= '9' && n > 0) ||
		((text.p[n] | 0x20) >= 'a' && (text.p[n] | 0x20) <= 'z')))
		n++;
	return n;
}

/* "~" and $NAME, which are expanded there, as ${HOME} and ${NAME}. */
static void
path_put(struct import *import, struct slice path)
{
	struct buf text;

	buf_init(&text, NULL, 4 * PATH_BYTES);
	if (path.n > 0 && path.p[0] == '~' && (path.n == 1 || path.p[1] == '/')) {
		buf_puts(&text, "${HOME}");
		path = (struct slice){ path.p + 1, path.n - 1 };
	}
	for (size_t i = 0; i < path.n; i++) {
		struct slice rest = { path.p + i + 1, path.n - i - 1 };
		size_t n = path.p[i] == '$' ? name_length(rest) : 0;

		if (n > 0)
			buf_printf(&text, "${%.*s}", (int)n, rest.p);
		else
			buf_putc(&text, path.p[i]);
		i += n;
	}
	import->expands = true;
	import_put_value(import, IMPORT_TEXT, S("output_file"), buf_view(&text));
	import->expands = false;
	buf_fini(&text);
}

/* ---- options --------------------------------------------------------------------------------- */

/* max_file_size_mb and backup_count; without older files it is never begun anew there. */
static void
rotation_put(struct import *import, const struct node *config)
{
	struct slice size = text_of(config, "max_file_size_mb");
	struct slice count = text_of(config, "backup_count");
	uint64_t mb = 10, keep = 5;

	if (size.p != NULL && !slice_to_u64(size, 1024 * 1024, &mb)) {
		import_note_whole(import, "max_file_size_mb \"%s\" is no whole number: 10 taken",
		    config_show(size).text);
		mb = 10;
	}
	if (count.p != NULL && !slice_to_u64(count, 1000, &keep)) {
		import_note_whole(import, "backup_count \"%s\" is no number up to 1000: 5 taken",
		    config_show(count).text);
		keep = 5;
	}
	if (mb == 0 || keep == 0)
		buf_puts(&import->line, ", rotate: 0B");
	else
		buf_printf(
		    &import->line, ", rotate: %uMiB, keep: %u", (unsigned)mb, (unsigned)keep);
}

static void
csv_put(struct import *import, const struct node *csv)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = { { "delimiter", "delimiter" }, { "quote_char", "quote" },
		{ "quote_style", "quoting" }, { "escape_char", "escape" },
		{ "null_value", "null" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = text_of(csv, rows[i].theirs);

		if (text.p == NULL || (text.n == 0 && strcmp(rows[i].ours, "null") != 0))
			continue;
		buf_printf(&import->line, ", %s: ", rows[i].ours);
		import_put_value(import, IMPORT_TEXT, S("csv_config"),
		    slice_eq(text, S("\t")) ? S("tab") : text);
	}
	if (slice_eq(text_of(csv, "quote_style"), S("none")) &&
	    text_of(csv, "escape_char").n == 0) {
		buf_puts(&import->line, ", escape: \"\\\\\"");
		import_note_whole(import,
		    "csv_config: quote_style none without escape_char: \"\\\" taken, a value may "
		    "hold the delimiter");
	}
}

/* Arguments and results are kept for all sinks or for none. */
static void
bodies_read(struct import *import, const struct node *config, const char *name)
{
	static const char *const keys[] = { "include_request_body", "include_response_body",
		"include_notification_body" };
	struct slice most = text_of(config, "max_body_size");
	uint64_t bytes = 10240;
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(keys); i++)
		n += is_true(config, keys[i]);
	if (n == 0)
		return;
	if (most.p != NULL && !slice_to_u64(most, UINT32_MAX, &bytes))
		bytes = 10240;
	if (bytes == 0 || bytes > MIB)
		bytes = MIB;
	if (bytes > import->body_bytes)
		import->body_bytes = bytes;
	if (n < COUNT(keys))
		import_note_whole(import,
		    "%s: bodies are kept of requests and results, redacted, in every sink that has "
		    "them: audit.bodies",
		    name);
}

/* ---- one sink -------------------------------------------------------------------------------- */

/* As the configuration that it becomes a part of. */
static bool
is_valid(struct import *import, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, NULL, SCAN_BYTES);
	buf_puts(&text, "upstreams: [{name: x, command: [x]}]\naudit:\n  sinks:\n");
	buf_put(&text, buf_view(&import->line));
	ok = buf_check(&text, err) && import_is_valid(import, buf_view(&text), "1", err);
	buf_fini(&text);
	return ok;
}

static bool
stands_already(const struct import *import, struct slice line)
{
	return import->sinks.n >= line.n &&
	    memmem(import->sinks.p, import->sinks.n, line.p, line.n) != NULL;
}

void
import_audit(
    struct import *import, const char *sink, const char *handler, const struct node *config)
{
	struct slice file = text_of(config, "output_file");
	struct err err = { 0 };

	if (file.n == 0 || file.n > PATH_BYTES) {
		import_note_whole(import, "%s was left out: it names no output_file", handler);
		return;
	}
	bodies_read(import, config, handler);
	buf_clear(&import->line);
	buf_printf(&import->line, "    - {%s: ", sink);
	path_put(import, file);
	if (strcmp(sink, "csv") == 0 && config != NULL)
		csv_put(import, config_node_find(config, "csv_config"));
	rotation_put(import, config);
	buf_puts(&import->line, "}\n");
	if (import->sinks_n + 1 >= CONFIG_SINKS_MAX) {
		import_note_whole(import, "%s to \"%s\" was left out: there are too many", handler,
		    config_show(file).text);
	} else if (!is_valid(import, &err)) {
		char *why = strstr(err.text, ": ");

		import_note_whole(import, "%s to \"%s\" was left out: %s", handler,
		    config_show(file).text, why != NULL ? why + 2 : err.text);
	} else if (!stands_already(import, buf_view(&import->line))) {
		buf_put(&import->sinks, buf_view(&import->line));
		import->sinks_n++;
	}
	buf_clear(&import->line);
}

void
import_audit_end(struct import *import)
{
	if (import->sinks_n == 0)
		return;
	buf_puts(&import->head, "audit:\n");
	if (import->body_bytes > 0)
		buf_printf(&import->head, "  bodies: true\n  body_max: %uB\n",
		    (unsigned)import->body_bytes);
	buf_puts(&import->head, "  sinks:\n    - {sqlite: audit.db}\n");
	buf_put(&import->head, buf_view(&import->sinks));
	import_note_whole(import,
	    "audit: records have bascule's fields (docs/audit-sinks.md); files are relative to this "
	    "one, and those of one server get the records of all");
}

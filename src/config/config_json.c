/*
 * Part of a YAML text as JSON: numbers, truths and nothing where they are written as JSON writes
 * them and not quoted, all else as texts.
 */
#include <string.h>

#include "config/config_parts.h"

static bool
is_word(struct slice text)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (slice_eq(text, slice_of(words[i])))
			return true;
	return false;
}

/* As JSON writes them. */
static bool
is_number(struct slice text)
{
	struct slice rest = text;
	struct arena arena;
	struct json_scan *scan;
	struct err err;
	bool ok = false;
	char copy[64];

	if (text.n == 0 || text.n >= sizeof(copy) || strchr("-0123456789", text.p[0]) == NULL)
		return false;
	memcpy(copy, rest.p, rest.n);
	arena_init(&arena, NULL, 64 * KIB);
	scan = json_scan_new(&arena, copy, rest.n, 0, 0, 0);
	ok = json_scan_all(scan, &err) && json_scan_type(scan) == JSON_NUMBER;
	arena_fini(&arena);
	return ok;
}

MUST_CHECK static bool
text_put(struct config_load *load, const struct node *node, struct buf *out, struct err *err)
{
	struct slice text = node->text;

	if (config_node_is_null(node))
		buf_puts(out, "null");
	else if (!node->is_quoted && (is_word(text) || is_number(text)))
		buf_put(out, text);
	else if (load != NULL && !config_expand(load, node, &text, err))
		return false;
	else
		buf_json_string(out, text);
	return true;
}

bool
config_json_put(struct config_load *load, const struct node *node, struct buf *out, struct err *err)
{
	if (node->kind == NODE_TEXT)
		return text_put(load, node, out, err);
	buf_putc(out, node->kind == NODE_MAP ? '{' : '[');
	for (const struct node *at = node->first; at != NULL; at = at->next) {
		if (at != node->first)
			buf_putc(out, ',');
		if (node->kind == NODE_MAP) {
			buf_json_string(out, at->key);
			buf_putc(out, ':');
		}
		if (!config_json_put(load, at, out, err))
			return false;
	}
	buf_putc(out, node->kind == NODE_MAP ? '}' : ']');
	return true;
}

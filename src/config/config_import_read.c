/*
 * The foreign file as a tree: JSON as editors write it (comments, trailing commas), or YAML.  Both
 * come out as the nodes of config_yaml.c, within the same bounds of depth and number.
 */
#include <string.h>
#include <yyjson.h>

#include "config/config_import.h"

struct reader {
	struct config_load *load;
	size_t nodes;
};

static bool
text_set(struct reader *reader, const char *p, size_t n, struct slice *out, struct err *err)
{
	if (memchr(p, '\0', n) != NULL)
		return err_set(err, ERR_CONFIG, "%s: a text holds a NUL", reader->load->name);
	if (n > CONFIG_VALUE_BYTES)
		return err_set(err, ERR_CONFIG, "%s: a text is longer than %zu KiB",
		    reader->load->name, CONFIG_VALUE_BYTES / KIB);
	if (!arena_reserve(&reader->load->tree, n + 1, err))
		return false;
	*out = n > 0 ? slice_dup(&reader->load->tree, (struct slice){ p, n }) : S("");
	return true;
}

/* Two servers of one name are both read; of two values for one option nobody knows which is meant.
 */
static bool
is_ambiguous(const struct node *map, const struct node *node)
{
	for (const struct node *at = map->first; at != NULL; at = at->next)
		if (slice_eq(at->key, node->key) &&
		    (at->kind != NODE_MAP || node->kind != NODE_MAP))
			return true;
	return false;
}

static struct node *
node_read(struct reader *reader, yyjson_val *val, unsigned depth, struct err *err);

static bool
map_read(struct reader *reader, struct node *map, yyjson_val *val, unsigned depth, struct err *err)
{
	yyjson_obj_iter iter = yyjson_obj_iter_with(val);
	yyjson_val *key;

	while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
		struct node *node = node_read(reader, yyjson_obj_iter_get_val(key), depth, err);

		if (node == NULL ||
		    !text_set(reader, yyjson_get_str(key), yyjson_get_len(key), &node->key, err))
			return false;
		if (is_ambiguous(map, node))
			return err_set(err, ERR_CONFIG, "%s: the key \"%s\" stands there twice",
			    reader->load->name, config_show(node->key).text);
		config_node_attach(map, node);
	}
	return true;
}

static bool
list_read(
    struct reader *reader, struct node *list, yyjson_val *val, unsigned depth, struct err *err)
{
	yyjson_arr_iter iter = yyjson_arr_iter_with(val);
	yyjson_val *item;

	while ((item = yyjson_arr_iter_next(&iter)) != NULL) {
		struct node *node = node_read(reader, item, depth, err);

		if (node == NULL)
			return false;
		config_node_attach(list, node);
	}
	return true;
}

static bool
scalar_read(struct reader *reader, struct node *node, yyjson_val *val, struct err *err)
{
	if (yyjson_is_str(val) || yyjson_is_raw(val)) {
		bool is_text = yyjson_is_str(val);

		node->is_quoted = is_text;
		return text_set(reader, is_text ? yyjson_get_str(val) : yyjson_get_raw(val),
		    yyjson_get_len(val), &node->text, err);
	}
	node->text = yyjson_is_true(val) ? S("true")
	    : yyjson_is_false(val)	 ? S("false")
					 : S("null");
	return true;
}

static struct node *
node_read(struct reader *reader, yyjson_val *val, unsigned depth, struct err *err)
{
	struct node *node = ARENA_NEW(&reader->load->tree, struct node);
	bool ok;

	if (++reader->nodes > CONFIG_NODES_MAX) {
		err_set(err, ERR_CONFIG, "%s: more than %d values", reader->load->name,
		    CONFIG_NODES_MAX);
		return NULL;
	}
	if (depth == CONFIG_DEPTH_MAX) {
		err_set(err, ERR_CONFIG, "%s: nested deeper than %d levels", reader->load->name,
		    CONFIG_DEPTH_MAX);
		return NULL;
	}
	node->kind = yyjson_is_obj(val) ? NODE_MAP : yyjson_is_arr(val) ? NODE_LIST : NODE_TEXT;
	node->nodes = 1;
	node->height = node->kind != NODE_TEXT;
	if (node->kind == NODE_MAP)
		ok = map_read(reader, node, val, depth + 1, err);
	else if (node->kind == NODE_LIST)
		ok = list_read(reader, node, val, depth + 1, err);
	else
		ok = scalar_read(reader, node, val, err);
	return ok ? node : NULL;
}

MUST_CHECK static bool
json_read(struct config_load *load, struct node **root, struct err *err)
{
	struct reader reader = { .load = load };
	yyjson_read_err fault;
	yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)load->text.p, load->text.n,
	    YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_COMMENTS |
		YYJSON_READ_ALLOW_TRAILING_COMMAS,
	    NULL, &fault);

	if (doc == NULL) {
		size_t line = 0, col = 0, chr = 0;

		yyjson_locate_pos(load->text.p, load->text.n, fault.pos, &line, &col, &chr);
		return config_fail(
		    load, (unsigned)line, (unsigned)col, err, "not JSON: %s", fault.msg);
	}
	*root = node_read(&reader, yyjson_doc_get_root(doc), 0, err);
	yyjson_doc_free(doc);
	return *root != NULL;
}

/* What stands behind blanks and comments. */
static char
first_char(struct slice text)
{
	const char *at = text.p, *end = text.p + text.n;

	while (at < end) {
		if (strchr(" \t\r\n", *at) != NULL && *at != '\0') {
			at++;
		} else if (end - at > 1 && at[0] == '/' && at[1] == '/') {
			while (at < end && *at != '\n')
				at++;
		} else if (end - at > 1 && at[0] == '/' && at[1] == '*') {
			at = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
			if (at == NULL)
				return '\0';
			at += 2;
		} else {
			return *at;
		}
	}
	return '\0';
}

bool
import_read(struct import *import, struct slice text, struct node **root, struct err *err)
{
	struct config_load *load = &import->load;
	char first;

	*root = NULL;
	if (slice_starts(text, S("\xef\xbb\xbf")))
		text = (struct slice){ text.p + 3, text.n - 3 };
	if (text.n > IMPORT_BYTES)
		return err_set(
		    err, ERR_CONFIG, "%s: larger than %zu KiB", load->name, IMPORT_BYTES / KIB);
	load->text = text;
	first = first_char(text);
	if (first == '{' || first == '[') {
		import->expands = true;
		return json_read(load, root, err);
	}
	return config_yaml_parse(load, root, err);
}

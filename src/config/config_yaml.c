/*
 * One YAML document becomes a tree of nodes with positions.  libyaml gives events; everything that
 * makes YAML dangerous or surprising is bounded or refused here: the number of nodes after
 * expansion of aliases, depth, an alias inside what it names, duplicate keys, keys that are no
 * plain text, merge keys, tags other than !!str, a second document, NUL in a text.
 *
 * An alias is a node of its own that shares the children of what it names, so that memory is linear
 * in the text; its size counts in full, so that walking the tree is bounded too.
 */
#include <string.h>
#include <yaml.h>

#include "config/config_parts.h"

#define ANCHORS_MAX 256
#define KEY_SLOTS   131072	    /* over twice the keys that 50,000 nodes can have */
#define KEY_SEED    0x6261736375ull /* the file is its owner's: no need for a random one */

struct anchor {
	struct slice name;
	const struct node *node;
};

struct key_slot {
	const struct node *map;
	struct slice key;
};

/* A list or a map that has not ended. */
struct level {
	struct node *node;
	struct slice key; /* read, its value is awaited; SLICE_NONE: none */
	unsigned key_line, key_col;
};

struct builder {
	struct config_load *load;
	yaml_parser_t parser;
	struct anchor *anchors;
	size_t anchors_n;
	struct key_slot *keys;
	struct level levels[CONFIG_DEPTH_MAX];
	unsigned depth;
	size_t nodes; /* so far, keys and expanded aliases counted */
	struct node *root;
};

static unsigned
mark_line(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static unsigned
mark_col(yaml_mark_t mark)
{
	return (unsigned)mark.column + 1;
}

#define FAIL_MARK(builder, mark, err, ...) \
	config_fail((builder)->load, mark_line(mark), mark_col(mark), (err), __VA_ARGS__)

static struct slice
slice_of_bytes(const yaml_char_t *p, size_t n)
{
	return (struct slice){ (const char *)p, n };
}

/* ---- errors of libyaml ----------------------------------------------------------------------- */

/* The reader knows only an offset in bytes; lines end with LF here. */
static bool
reader_fail(struct builder *builder, struct err *err)
{
	struct slice text = builder->load->text;
	size_t at = builder->parser.problem_offset, start = 0;
	unsigned line = 1;

	for (size_t i = 0; i < at && i < text.n; i++)
		if (text.p[i] == '\n') {
			line++;
			start = i + 1;
		}
	return config_fail(builder->load, line, (unsigned)(at - start) + 1, err, "not a text: %s",
	    builder->parser.problem);
}

/* Where in the text a mark is; right for lines of ASCII, never outside the text. */
static struct slice
text_from(struct slice text, yaml_mark_t mark)
{
	size_t at = 0;

	for (size_t line = 0; line < mark.line; line++) {
		const char *end = memchr(text.p + at, '\n', text.n - at);

		if (end == NULL)
			return SLICE_NONE;
		at = (size_t)(end - text.p) + 1;
	}
	at += mark.column < text.n - at ? mark.column : text.n - at;
	return (struct slice){ text.p + at, text.n - at };
}

static bool
yaml_fail(struct builder *builder, struct err *err)
{
	yaml_parser_t *parser = &builder->parser;
	struct slice rest;

	if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL)
		return err_set(err, ERR_LIMIT, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return reader_fail(builder, err);
	rest = text_from(builder->load->text, parser->problem_mark);
	if (slice_starts(rest, S("\t")))
		return FAIL_MARK(builder, parser->problem_mark, err,
		    "a tab cannot stand here: indent with spaces");
	if (slice_starts(rest, S("{")) && rest.p > builder->load->text.p && rest.p[-1] == '$')
		return FAIL_MARK(builder, parser->problem_mark, err,
		    "\"${\" must stand in quotes inside {…} and […]");
	if (parser->context != NULL)
		return FAIL_MARK(builder, parser->problem_mark, err, "not YAML: %s (%s of line %u)",
		    parser->problem, parser->context, mark_line(parser->context_mark));
	return FAIL_MARK(builder, parser->problem_mark, err, "not YAML: %s", parser->problem);
}

/* ---- building -------------------------------------------------------------------------------- */

static bool
count_nodes(struct builder *builder, yaml_mark_t mark, size_t n, struct err *err)
{
	builder->nodes += n;
	if (builder->nodes > CONFIG_NODES_MAX)
		return FAIL_MARK(builder, mark, err,
		    "more than %d values (what anchors repeat counts)", CONFIG_NODES_MAX);
	return true;
}

static bool
text_copy(struct builder *builder, yaml_mark_t mark, struct slice from, struct slice *out,
    struct err *err)
{
	if (memchr(from.p, '\0', from.n) != NULL)
		return FAIL_MARK(builder, mark, err, "a text must not hold a NUL");
	if (!arena_reserve(&builder->load->tree, from.n + 1, err))
		return false;
	*out = slice_dup(&builder->load->tree, from);
	return true;
}

/* Remembers that map has key; false: it had it before. */
static bool
key_is_new(struct builder *builder, const struct node *map, struct slice key)
{
	size_t i = (size_t)hash_bytes(key, KEY_SEED ^ (uintptr_t)map) % KEY_SLOTS;

	while (builder->keys[i].map != NULL) {
		if (builder->keys[i].map == map && slice_eq(builder->keys[i].key, key))
			return false;
		i = (i + 1) % KEY_SLOTS;
	}
	builder->keys[i] = (struct key_slot){ map, key };
	return true;
}

static bool
key_add(struct builder *builder, struct level *level, yaml_mark_t mark, struct slice key,
    struct err *err)
{
	if (slice_eq(key, S("<<")))
		return FAIL_MARK(builder, mark, err,
		    "merge keys (\"<<\") are not supported: "
		    "write the keys out, or use an alias for the whole value");
	if (key.n == 0)
		return FAIL_MARK(builder, mark, err, "a key is missing before \":\"");
	if (!text_copy(builder, mark, key, &level->key, err))
		return false;
	if (!key_is_new(builder, level->node, level->key))
		return FAIL_MARK(builder, mark, err, "duplicate key \"%s\"", config_show(key).text);
	level->key_line = mark_line(mark);
	level->key_col = mark_col(mark);
	return true;
}

static bool
awaits_key(const struct builder *builder)
{
	const struct level *level;

	if (builder->depth == 0)
		return false;
	level = &builder->levels[builder->depth - 1];
	return level->node->kind == NODE_MAP && level->key.p == NULL;
}

void
config_node_attach(struct node *parent, struct node *node)
{
	node->next = NULL;
	if (parent->last != NULL)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->children++;
	parent->nodes += node->nodes + (parent->kind == NODE_MAP);
	if (parent->height < node->height + 1)
		parent->height = node->height + 1;
}

/* Puts a finished node below the level that is open. */
static void
node_attach(struct builder *builder, struct node *node)
{
	struct level *level;

	if (builder->depth == 0) {
		builder->root = node;
		return;
	}
	level = &builder->levels[builder->depth - 1];
	node->key = level->key;
	node->key_line = level->key_line;
	node->key_col = level->key_col;
	level->key = SLICE_NONE;
	config_node_attach(level->node, node);
}

static struct node *
node_new(struct builder *builder, enum node_kind kind, yaml_mark_t mark)
{
	struct node *node = ARENA_NEW(&builder->load->tree, struct node);

	node->kind = kind;
	node->line = mark_line(mark);
	node->col = mark_col(mark);
	node->nodes = 1;
	node->height = kind != NODE_TEXT;
	return node;
}

static struct anchor *
anchor_find(struct builder *builder, const yaml_char_t *name)
{
	struct slice wanted = slice_of((const char *)name);

	for (size_t i = 0; i < builder->anchors_n; i++)
		if (slice_eq(builder->anchors[i].name, wanted))
			return &builder->anchors[i];
	return NULL;
}

/* A later anchor of the same name replaces the earlier one, as YAML says. */
static bool
anchor_add(struct builder *builder, const yaml_char_t *name, const struct node *node,
    yaml_mark_t mark, struct err *err)
{
	struct anchor *anchor;

	if (name == NULL)
		return true;
	anchor = anchor_find(builder, name);
	if (anchor == NULL) {
		if (builder->anchors_n == ANCHORS_MAX)
			return FAIL_MARK(builder, mark, err, "more than %d anchors", ANCHORS_MAX);
		anchor = &builder->anchors[builder->anchors_n];
		if (!text_copy(builder, mark, slice_of((const char *)name), &anchor->name, err))
			return false;
		builder->anchors_n++;
	}
	anchor->node = node;
	return true;
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool
check_tag(
    struct builder *builder, const yaml_event_t *event, const yaml_char_t *tag, struct err *err)
{
	if (tag == NULL)
		return true;
	if (event->type == YAML_SCALAR_EVENT && strcmp((const char *)tag, YAML_STR_TAG) == 0)
		return true;
	return FAIL_MARK(builder, event->start_mark, err,
	    "the tag \"%s\" is not supported: leave it out",
	    config_show(slice_of((const char *)tag)).text);
}

static bool
on_scalar(struct builder *builder, const yaml_event_t *event, struct err *err)
{
	struct slice text = slice_of_bytes(event->data.scalar.value, event->data.scalar.length);
	yaml_mark_t mark = event->start_mark;
	struct node *node;

	if (!check_tag(builder, event, event->data.scalar.tag, err) ||
	    !count_nodes(builder, mark, 1, err))
		return false;
	if (awaits_key(builder)) {
		if (event->data.scalar.anchor != NULL)
			return FAIL_MARK(builder, mark, err, "a key cannot have an anchor");
		return key_add(builder, &builder->levels[builder->depth - 1], mark, text, err);
	}
	node = node_new(builder, NODE_TEXT, mark);
	node->is_quoted =
	    event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag != NULL;
	if (!text_copy(builder, mark, text, &node->text, err) ||
	    !anchor_add(builder, event->data.scalar.anchor, node, mark, err))
		return false;
	node_attach(builder, node);
	return true;
}

static bool
on_start(struct builder *builder, const yaml_event_t *event, struct err *err)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag =
	    is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	const yaml_char_t *anchor =
	    is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	struct node *node;

	if (!check_tag(builder, event, tag, err) ||
	    !count_nodes(builder, event->start_mark, 1, err))
		return false;
	if (awaits_key(builder))
		return FAIL_MARK(builder, event->start_mark, err,
		    "a key must be a text; put ${…}, {…} and […] in quotes");
	if (builder->depth == CONFIG_DEPTH_MAX)
		return FAIL_MARK(builder, event->start_mark, err, "nested deeper than %d levels",
		    CONFIG_DEPTH_MAX);
	node = node_new(builder, is_map ? NODE_MAP : NODE_LIST, event->start_mark);
	if (!anchor_add(builder, anchor, node, event->start_mark, err))
		return false;
	builder->levels[builder->depth++] = (struct level){ .node = node };
	return true;
}

static void
on_end(struct builder *builder)
{
	struct node *node;

	must(builder->depth > 0);
	node = builder->levels[--builder->depth].node;
	node_attach(builder, node);
}

static bool
is_open(const struct builder *builder, const struct node *node)
{
	for (unsigned i = 0; i < builder->depth; i++)
		if (builder->levels[i].node == node)
			return true;
	return false;
}

static bool
on_alias(struct builder *builder, const yaml_event_t *event, struct err *err)
{
	const struct anchor *anchor = anchor_find(builder, event->data.alias.anchor);
	struct config_shown name = config_show(slice_of((const char *)event->data.alias.anchor));
	yaml_mark_t mark = event->start_mark;
	struct node *node;

	if (anchor == NULL)
		return FAIL_MARK(
		    builder, mark, err, "no anchor \"&%s\" before this alias", name.text);
	if (awaits_key(builder))
		return FAIL_MARK(builder, mark, err, "a key must be a text, not an alias");
	if (is_open(builder, anchor->node))
		return FAIL_MARK(
		    builder, mark, err, "\"*%s\" stands inside what it names", name.text);
	if (!count_nodes(builder, mark, anchor->node->nodes, err))
		return false;
	if (builder->depth + anchor->node->height > CONFIG_DEPTH_MAX)
		return FAIL_MARK(
		    builder, mark, err, "nested deeper than %d levels", CONFIG_DEPTH_MAX);
	node = node_new(builder, anchor->node->kind, mark);
	node->is_quoted = anchor->node->is_quoted;
	node->text = anchor->node->text;
	node->first = anchor->node->first;
	node->last = anchor->node->last;
	node->children = anchor->node->children;
	node->nodes = anchor->node->nodes;
	node->height = anchor->node->height;
	node_attach(builder, node);
	return true;
}

static bool
on_event(struct builder *builder, const yaml_event_t *event, struct err *err)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (builder->root != NULL)
			return FAIL_MARK(builder, event->start_mark, err,
			    "a second document begins here: only one is allowed");
		return true;
	case YAML_SCALAR_EVENT:
		return on_scalar(builder, event, err);
	case YAML_ALIAS_EVENT:
		return on_alias(builder, event, err);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return on_start(builder, event, err);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		on_end(builder);
		return true;
	default:
		return true;
	}
}

static bool
build(struct builder *builder, struct err *err)
{
	bool ok = true, done = false;

	while (ok && !done) {
		yaml_event_t event;

		if (!yaml_parser_parse(&builder->parser, &event))
			return yaml_fail(builder, err);
		done = event.type == YAML_STREAM_END_EVENT;
		ok = on_event(builder, &event, err);
		yaml_event_delete(&event);
	}
	return ok;
}

bool
config_yaml_parse(struct config_load *load, struct node **root, struct err *err)
{
	struct builder *builder = MEM_NEW(struct builder);
	bool ok = false;

	*root = NULL;
	builder->load = load;
	builder->anchors = mem_new(ANCHORS_MAX * sizeof(*builder->anchors));
	builder->keys = mem_new(KEY_SLOTS * sizeof(*builder->keys));
	if (load->text.n > CONFIG_FILE_BYTES) {
		err_set(err, ERR_CONFIG, "%s: larger than %zu MiB", load->name,
		    CONFIG_FILE_BYTES / MIB);
	} else if (!yaml_parser_initialize(&builder->parser)) {
		err_set(err, ERR_LIMIT, "out of memory");
	} else {
		yaml_parser_set_encoding(&builder->parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(
		    &builder->parser, (const unsigned char *)load->text.p, load->text.n);
		ok = build(builder, err);
		yaml_parser_delete(&builder->parser);
	}
	if (ok)
		*root = builder->root;
	mem_free(builder->keys);
	mem_free(builder->anchors);
	mem_free(builder);
	return ok;
}

struct node *
config_node_find(const struct node *map, const char *key)
{
	struct slice wanted = slice_of(key);

	if (map == NULL || map->kind != NODE_MAP)
		return NULL;
	for (struct node *node = map->first; node != NULL; node = node->next)
		if (slice_eq(node->key, wanted))
			return node;
	return NULL;
}

bool
config_node_is_null(const struct node *node)
{
	static const struct slice words[] = { S(""), S("~"), S("null"), S("Null"), S("NULL") };

	if (node->kind != NODE_TEXT || node->is_quoted)
		return false;
	for (size_t i = 0; i < COUNT(words); i++)
		if (slice_eq(node->text, words[i]))
			return true;
	return false;
}

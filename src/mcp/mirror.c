/*
 * Headers that repeat what a call's arguments say (2026-07-28, Streamable HTTP, "Mcp-Param"): which
 * of them a tool's inputSchema names, and how a value is written there.  They serve what stands
 * between client and server; nothing is ever decided by them alone.
 *
 * A schema is walked to MIRROR_DEPTH; what lies deeper names no header, for the check and for the
 * call alike.
 */
#include <openssl/evp.h>
#include <string.h>

#include "mcp/mcp.h"

#define MIRROR_DEPTH 24
#define MIRRORS_MAX  64	       /* of one tool */
#define VALUE_BYTES  (8 * KIB) /* of a header; a longer one would be refused on its way */
#define KEY_BYTES    256       /* of a property whose name is written with escapes */

#define ANNOTATION S("x-mcp-header")

static const struct slice coded_begin = { "=?base64?", 9 }, coded_end = { "?=", 2 };

bool
mirror_is_named(struct slice definition)
{
	return definition.p != NULL &&
	    memmem(definition.p, definition.n, "\"x-mcp-header\"", 14) != NULL;
}

/* ---- a walk over the schema ------------------------------------------------------------------ */

struct walk {
	mirror_each *each; /* NULL: the check */
	void *owner;
	struct slice names[MIRRORS_MAX];
	size_t names_n;
	const char *fault;
};

/* Keywords whose value is a map of schemas by name, and those whose value is data. */
static const struct slice maps[] = { S("patternProperties"), S("$defs"), S("definitions"),
	S("dependentSchemas") };
static const struct slice data[] = { S("enum"), S("const"), S("default"), S("examples") };

static bool
is_one_of(struct slice key, const struct slice *words, size_t n)
{
	while (n > 0 && !slice_eq(key, words[n - 1]))
		n--;
	return n > 0;
}

/* RFC 9110, 5.6.2. */
static bool
is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

		if (!is_alnum && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return s.n > 0 && s.n <= KEY_BYTES;
}

static void
fault(struct walk *walk, const char *text)
{
	if (walk->fault == NULL)
		walk->fault = text;
}

/* What a property names its header. is_plain: it is reached through `properties` alone. */
static void
annotation(
    struct walk *walk, struct slice schema, struct slice token, bool is_plain, struct slice value)
{
	static const struct slice types[] = { S("\"string\""), S("\"integer\""), S("\"boolean\"") };
	struct slice name = { token.p + 1, token.n - 2 }, type;
	enum json_type is = json_type(value);

	if (json_type(token) != JSON_STRING || !is_token(name)) {
		fault(walk, "x-mcp-header is no header name");
		return;
	}
	if (!is_plain)
		fault(walk, "x-mcp-header stands where no plain argument is");
	if (!json_find(schema, S("type"), &type) || !is_one_of(type, types, COUNT(types)))
		fault(walk, "x-mcp-header stands at what is no string, integer or boolean");
	for (size_t i = 0; i < walk->names_n; i++) {
		if (slice_eq_nocase(walk->names[i], name))
			fault(walk, "x-mcp-header names a header twice");
	}
	if (walk->names_n == MIRRORS_MAX)
		fault(walk, "x-mcp-header names more than 64 headers");
	else
		walk->names[walk->names_n++] = name;
	if (walk->each != NULL && is_plain)
		walk->each(walk->owner, name,
		    is == JSON_STRING || is == JSON_NUMBER || is == JSON_TRUE || is == JSON_FALSE
			? value
			: SLICE_NONE);
}

/* The value of a property; its name in the schema may be written with escapes. */
static struct slice
value_of(struct slice arguments, struct slice key)
{
	struct slice plain = key, value = SLICE_NONE;
	struct arena arena;
	struct err err;

	if (json_type(arguments) != JSON_OBJECT)
		return SLICE_NONE;
	arena_init(&arena, NULL, ARENA_SMALL);
	if (memchr(key.p, '\\', key.n) == NULL ||
	    (key.n <= KEY_BYTES &&
		json_string(&arena, (struct slice){ key.p - 1, key.n + 2 }, &plain, &err))) {
		if (!json_find(arguments, plain, &value))
			value = SLICE_NONE;
	}
	arena_fini(&arena);
	return value;
}

static void schema_walk(
    struct walk *walk, struct slice schema, bool is_plain, struct slice arguments, unsigned depth);

/* The values of a map or the elements of an array, each a schema. */
static void
each_walk(struct walk *walk, struct slice container, bool is_plain, struct slice arguments,
    unsigned depth)
{
	struct slice key, value;
	struct json_iter iter;

	if (json_type(container) != JSON_OBJECT && json_type(container) != JSON_ARRAY)
		return;
	json_iter_init(&iter, container);
	while (json_iter_next(&iter, &key, &value))
		schema_walk(
		    walk, value, is_plain, is_plain ? value_of(arguments, key) : SLICE_NONE, depth);
}

static void
schema_walk(
    struct walk *walk, struct slice schema, bool is_plain, struct slice arguments, unsigned depth)
{
	struct slice key, value;
	struct json_iter iter;

	if (json_type(schema) != JSON_OBJECT || depth == 0)
		return;
	json_iter_init(&iter, schema);
	while (json_iter_next(&iter, &key, &value)) {
		if (slice_eq(key, ANNOTATION))
			annotation(walk, schema, value, is_plain, arguments);
		else if (slice_eq(key, S("properties")) && json_type(value) == JSON_OBJECT)
			each_walk(walk, value, is_plain, arguments, depth - 1);
		else if (is_one_of(key, maps, COUNT(maps)) || json_type(value) == JSON_ARRAY) {
			if (!is_one_of(key, data, COUNT(data)))
				each_walk(walk, value, false, SLICE_NONE, depth - 1);
		} else if (!is_one_of(key, data, COUNT(data)))
			schema_walk(walk, value, false, SLICE_NONE, depth - 1);
	}
}

static void
definition_walk(struct walk *walk, struct slice definition, struct slice arguments)
{
	struct slice schema;

	if (mirror_is_named(definition) && json_find(definition, S("inputSchema"), &schema))
		schema_walk(walk, schema, true, arguments, MIRROR_DEPTH);
}

const char *
mirror_fault(struct slice definition)
{
	struct walk walk = { .each = NULL };

	definition_walk(&walk, definition, SLICE_NONE);
	return walk.fault;
}

void
mirror_walk(struct slice definition, struct slice arguments, mirror_each *each, void *owner)
{
	struct walk walk = { .each = each, .owner = owner };

	definition_walk(&walk, definition, arguments);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Visible ASCII with blanks and tabs inside, and not what looks coded. */
static bool
is_plain_value(struct slice text)
{
	if (slice_starts(text, coded_begin) && slice_ends(text, coded_end))
		return false;
	if (slice_trim(text).n != text.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if ((text.p[i] < ' ' || text.p[i] > '~') && text.p[i] != '\t')
			return false;
	}
	return true;
}

void
buf_mirror(struct buf *out, struct slice text)
{
	unsigned char coded[5];
	struct err err;

	if (is_plain_value(text)) {
		buf_put(out, text);
		return;
	}
	if (!buf_reserve(out, text.n * 2 + 16, &err)) {
		out->overflow = true;
		return;
	}
	buf_put(out, coded_begin);
	for (size_t at = 0; at < text.n; at += 3) {
		size_t left = text.n - at;
		int n = EVP_EncodeBlock(
		    coded, (const unsigned char *)text.p + at, left < 3 ? (int)left : 3);

		buf_put(out, (struct slice){ (const char *)coded, (size_t)n });
	}
	buf_put(out, coded_end);
}

bool
mirror_read(struct arena *arena, struct slice value, struct slice *text, struct err *err)
{
	struct slice coded = value;
	unsigned char *plain;
	size_t padding = 0;
	int n;

	*text = value;
	if (!slice_starts(value, coded_begin) || !slice_ends(value, coded_end))
		return true;
	if (value.n < coded_begin.n + coded_end.n || value.n > VALUE_BYTES)
		return err_set(err, ERR_PARAMS, "a coded header value that cannot be read");
	coded.p += coded_begin.n;
	coded.n -= coded_begin.n + coded_end.n;
	while (padding < coded.n && padding < 2 && coded.p[coded.n - 1 - padding] == '=')
		padding++;
	if (!arena_reserve(arena, coded.n + 4, err))
		return false;
	plain = (unsigned char *)arena_bytes(arena, coded.n + 4);
	n = coded.n % 4 == 0 && memchr(coded.p, ' ', coded.n) == NULL
	    ? EVP_DecodeBlock(plain, (const unsigned char *)coded.p, (int)coded.n)
	    : -1;
	if (n < (int)padding)
		return err_set(err, ERR_PARAMS, "a coded header value that is no base64");
	*text = (struct slice){ (const char *)plain, (size_t)n - padding };
	return true;
}

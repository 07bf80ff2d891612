/*
 * The arguments of a tool from words of the command line: one JSON object as it is, or KEY=VALUE,
 * where the tool's schema says whether a value is JSON (number, boolean, object ...) or plain text.
 */
#include <string.h>

#include "cli/cli.h"

#define VALUE_BYTES (16 * MIB)

MUST_CHECK static bool
scan_text(struct slice text, enum json_type *type, struct err *err)
{
	struct json_scan *scan;
	struct arena arena;
	char *copy;
	bool ok;

	arena_init(&arena, NULL, 4 * VALUE_BYTES);
	ok = arena_reserve(&arena, text.n, err);
	if (ok) {
		copy = arena_bytes(&arena, text.n);
		memcpy(copy, text.p, text.n);
		scan = json_scan_new(&arena, copy, text.n, 0, 0, 0);
		ok = json_scan_all(scan, err);
		if (ok)
			*type = json_scan_type(scan);
	}
	arena_fini(&arena);
	return ok;
}

static bool
type_is(struct slice token, const char *name)
{
	size_t n = strlen(name);

	return token.n == n + 2 && memcmp(token.p + 1, name, n) == 0;
}

/*
 * The `type` of a property, as a list of the types it may have.  Nothing said: text.  False: it is
 * no property of the schema.
 */
static bool
types_of(struct slice schema, struct slice key, struct slice *types)
{
	struct slice properties, property;

	*types = SLICE_NONE;
	if (json_type(schema) != JSON_OBJECT || !json_find(schema, S("properties"), &properties) ||
	    json_type(properties) != JSON_OBJECT || !json_find(properties, key, &property))
		return false;
	if (json_type(property) == JSON_OBJECT)
		json_find(property, S("type"), types);
	return true;
}

static bool
may_be(struct slice types, const char *name)
{
	struct slice key, token;
	struct json_iter iter;

	if (json_type(types) == JSON_STRING)
		return type_is(types, name);
	json_iter_init(&iter, types);
	while (json_iter_next(&iter, &key, &token))
		if (type_is(token, name))
			return true;
	return false;
}

MUST_CHECK static bool
value_put(
    struct slice types, struct slice key, struct slice value, struct buf *out, struct err *err)
{
	static const struct {
		const char *name, *wanted;
		unsigned accepts; /* bits of enum json_type */
	} rows[] = {
		{ "integer", "a number", 1u << JSON_NUMBER },
		{ "number", "a number", 1u << JSON_NUMBER },
		{ "boolean", "true or false", 1u << JSON_TRUE | 1u << JSON_FALSE },
		{ "object", "a JSON object", 1u << JSON_OBJECT },
		{ "array", "a JSON array", 1u << JSON_ARRAY },
		{ "null", "null", 1u << JSON_NULL },
	};
	enum json_type type = JSON_NONE;
	const char *wanted = NULL;
	unsigned accepts = 0;
	struct err fault;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (may_be(types, rows[i].name)) {
			accepts |= rows[i].accepts;
			wanted = rows[i].wanted;
		}
	if (accepts != 0 && scan_text(value, &type, &fault) && (accepts & 1u << type)) {
		buf_put(out, value);
		return true;
	}
	if (accepts == 0 || may_be(types, "string")) {
		buf_json_string(out, value);
		return true;
	}
	return err_set(err, ERR_PARAMS, "argument \"%.*s\" must be %s, not \"%.*s\"",
	    SLICE_FMT(key), wanted, value.n > 60 ? 60 : (int)value.n, value.p);
}

MUST_CHECK static bool
pair_put(struct slice word, struct slice schema, struct buf *out, struct err *err)
{
	struct slice value, key = slice_cut(word, '=', &value), types;

	if (value.p == NULL || key.n == 0)
		return err_set(err, ERR_USAGE,
		    "call: \"%.*s\" is neither KEY=VALUE nor a JSON object",
		    word.n > 80 ? 80 : (int)word.n, word.p);
	types_of(schema, key, &types);
	buf_json_string(out, key);
	buf_putc(out, ':');
	return value_put(types, key, value, out, err);
}

/* Same key twice?  A handful of words: quadratic is fine, and their number is bounded. */
static bool
is_repeated(const char *const *words, size_t i)
{
	size_t n = strcspn(words[i], "=");

	for (size_t k = 0; k < i; k++)
		if (strncmp(words[k], words[i], n + 1) == 0)
			return true;
	return false;
}

bool
call_arguments(
    const char *const *words, size_t n, struct slice schema, struct buf *out, struct err *err)
{
	enum json_type type = JSON_NONE;
	struct err fault;

	if (n == 1 && words[0][strspn(words[0], " \t\r\n")] == '{') {
		if (!scan_text(slice_of(words[0]), &type, &fault))
			return err_set(
			    err, ERR_USAGE, "call: the arguments are not JSON: %s", fault.text);
		if (type != JSON_OBJECT)
			return err_set(err, ERR_USAGE, "call: the arguments must be a JSON object");
		buf_put(out, slice_of(words[0]));
		return true;
	}
	buf_putc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (is_repeated(words, i))
			return err_set(err, ERR_USAGE, "call: argument \"%.*s\" was given twice",
			    (int)strcspn(words[i], "="), words[i]);
		if (i > 0)
			buf_putc(out, ',');
		if (!pair_put(slice_of(words[i]), schema, out, err))
			return false;
	}
	buf_putc(out, '}');
	return true;
}

/*
 * An entry put into a JSON text as editors have it (comments, trailing commas), by splicing: what
 * is not the entry keeps its bytes.  The text is validated first; after that, finding the end of a
 * value is counting brackets outside strings and comments.
 */
#include <string.h>
#include <yyjson.h>

#include "cli/install.h"

#define READ_FLAGS (YYJSON_READ_ALLOW_COMMENTS | YYJSON_READ_ALLOW_TRAILING_COMMAS)

static const struct slice mark = { "\xef\xbb\xbf", 3 };

/* ---- finding --------------------------------------------------------------------------------- */

/* Past blanks, commas and comments. */
static const char *
skip_between(const char *at, const char *end)
{
	while (at < end) {
		if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n' || *at == ',') {
			at++;
		} else if (end - at > 1 && at[0] == '/' && at[1] == '/') {
			const char *line = memchr(at, '\n', (size_t)(end - at));

			at = line != NULL ? line : end;
		} else if (end - at > 1 && at[0] == '/' && at[1] == '*') {
			const char *close = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);

			at = close != NULL ? close + 2 : end;
		} else {
			break;
		}
	}
	return at;
}

static const char *
skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

static const char *
skip_value(const char *at, const char *end)
{
	unsigned depth = 0;

	do {
		if (depth > 0 || *at == '/')
			at = skip_between(at, end);
		if (at >= end)
			return end;
		if (*at == '"') {
			at = skip_string(at, end);
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (*at == '}' || *at == ']') {
			depth--;
			at++;
		} else if (*at == ':') {
			at++;
		} else {
			while (at < end && strchr(" \t\r\n,:]}/", *at) == NULL)
				at++;
		}
	} while (depth > 0);
	return at;
}

/* A member: from its key to the end of its value. */
struct member {
	struct slice key, value; /* the key with its quotes */
};

/* The members of the object at *at, one after the other; *at begins behind its bracket. */
static bool
member_next(const char **at, const char *end, struct member *member)
{
	const char *p = skip_between(*at, end), *from = p;

	if (p >= end || *p != '"')
		return false;
	p = skip_string(p, end);
	member->key = (struct slice){ from, (size_t)(p - from) };
	p = skip_between(p, end); /* to the colon */
	from = skip_between(p < end ? p + 1 : end, end);
	p = from < end ? skip_value(from, end) : end;
	member->value = (struct slice){ from, (size_t)(p - from) };
	*at = p;
	return true;
}

/* Of a key without escapes. */
static bool
member_find(struct slice object, const char *key, struct member *member)
{
	const char *at = object.p + 1, *end = object.p + object.n;

	while (member_next(&at, end, member))
		if (member->key.n == strlen(key) + 2 &&
		    memcmp(member->key.p + 1, key, member->key.n - 2) == 0)
			return true;
	return false;
}

static bool
is_empty_object(struct slice object)
{
	const char *at = object.p + 1;

	return !member_next(&at, object.p + object.n, &(struct member){ 0 });
}

/* The outer object; false: err says what is wrong and where. */
MUST_CHECK static bool
root_find(struct slice text, struct slice *root, struct err *err)
{
	yyjson_read_err fault;
	struct slice json = text;
	yyjson_doc *doc;
	const char *at;

	if (slice_starts(json, mark))
		json = (struct slice){ json.p + 3, json.n - 3 };
	doc = yyjson_read_opts((char *)(uintptr_t)json.p, json.n, READ_FLAGS, NULL, &fault);
	if (doc == NULL) {
		size_t line = 0, col = 0, chr = 0;

		yyjson_locate_pos(json.p, json.n, fault.pos, &line, &col, &chr);
		return err_set_at(err, ERR_CONFIG, (unsigned)line, (unsigned)col,
		    "%zu:%zu: not JSON: %s", line, col, fault.msg);
	}
	yyjson_doc_free(doc);
	at = skip_between(json.p, json.p + json.n);
	if (at == json.p + json.n || *at != '{')
		return err_set(err, ERR_CONFIG, "the outer value is no object");
	*root = (struct slice){ at, (size_t)(skip_value(at, json.p + json.n) - at) };
	return true;
}

static bool
is_blank(struct slice text)
{
	for (size_t i = slice_starts(text, mark) ? 3 : 0; i < text.n; i++)
		if (strchr(" \t\r\n", text.p[i]) == NULL || text.p[i] == '\0')
			return false;
	return true;
}

/* ---- putting --------------------------------------------------------------------------------- */

/* How the file indents and ends its lines, from its first member. */
struct style {
	struct slice unit;
	const char *eol;
};

static struct style
style_of(struct slice text, struct slice root)
{
	struct style style = { S("  "), "\n" };
	const char *line = memchr(root.p, '\n', root.n);
	size_t n = 0, left;

	if (memmem(text.p, text.n, "\r\n", 2) != NULL)
		style.eol = "\r\n";
	if (line == NULL)
		return style;
	left = root.n - (size_t)(line + 1 - root.p);
	while (n < left && (line[1 + n] == ' ' || line[1 + n] == '\t'))
		n++;
	if (n > 0 && n <= 8 && n < left && (line[1 + n] == '"' || line[1 + n] == '/'))
		style.unit = (struct slice){ line + 1, n };
	return style;
}

static void
put_newline(struct buf *out, const struct style *style, unsigned depth)
{
	buf_puts(out, style->eol);
	for (unsigned i = 0; i < depth; i++)
		buf_put(out, style->unit);
}

static void
put_member(
    struct buf *out, const struct style *style, unsigned depth, const char *key, struct slice value)
{
	put_newline(out, style, depth);
	buf_json_string(out, slice_of(key));
	buf_puts(out, ": ");
	buf_put(out, value);
}

/* text[0..at) + what is in middle + the rest from `from` on. */
static void
put_spliced(
    struct buf *out, struct slice text, const char *at, struct slice middle, const char *from)
{
	buf_put(out, (struct slice){ text.p, (size_t)(at - text.p) });
	buf_put(out, middle);
	buf_put(out, (struct slice){ from, (size_t)(text.p + text.n - from) });
}

static bool
is_same_json(struct slice a, struct slice b)
{
	yyjson_doc *one = yyjson_read_opts((char *)(uintptr_t)a.p, a.n, READ_FLAGS, NULL, NULL);
	yyjson_doc *other = yyjson_read_opts((char *)(uintptr_t)b.p, b.n, READ_FLAGS, NULL, NULL);
	bool is_same = one != NULL && other != NULL &&
	    yyjson_equals(yyjson_doc_get_root(one), yyjson_doc_get_root(other));

	yyjson_doc_free(one);
	yyjson_doc_free(other);
	return is_same;
}

/* What stands between the brackets of a new first member and the rest. */
static void
put_first(struct buf *middle, const struct style *style, struct slice object, unsigned depth,
    const char *key, struct slice value)
{
	put_member(middle, style, depth, key, value);
	if (!is_empty_object(object))
		buf_putc(middle, ',');
	else if (memchr(object.p, '\n', object.n) == NULL)
		put_newline(middle, style, depth - 1);
}

bool
install_json_put(struct slice text, const struct install_entry *entry, struct buf *out,
    struct slice *old, struct err *err)
{
	struct slice root;
	struct member servers, found;
	struct style style;
	struct buf middle;

	*old = SLICE_NONE;
	if (is_blank(text)) {
		buf_printf(out, "{\n  \"%s\": {\n    \"%s\": ", entry->key, entry->name);
		buf_put(out, entry->value);
		buf_puts(out, "\n  }\n}\n");
		return buf_check(out, err);
	}
	if (!root_find(text, &root, err))
		return false;
	style = style_of(text, root);
	buf_init(&middle, NULL, MIB);
	if (!member_find(root, entry->key, &servers)) {
		struct buf value;

		buf_init(&value, NULL, MIB);
		buf_putc(&value, '{');
		put_member(&value, &style, 2, entry->name, entry->value);
		put_newline(&value, &style, 1);
		buf_putc(&value, '}');
		put_first(&middle, &style, root, 1, entry->key, buf_view(&value));
		buf_fini(&value);
		put_spliced(out, text, root.p + 1, buf_view(&middle), root.p + 1);
	} else if (servers.value.n == 0 || servers.value.p[0] != '{') {
		buf_fini(&middle);
		return err_set(err, ERR_CONFIG, "\"%s\" is no object", entry->key);
	} else if (member_find(servers.value, entry->name, &found)) {
		*old = found.value;
		if (is_same_json(found.value, entry->value))
			buf_put(out, text);
		else
			put_spliced(
			    out, text, found.value.p, entry->value, found.value.p + found.value.n);
	} else {
		put_first(&middle, &style, servers.value, 2, entry->name, entry->value);
		put_spliced(out, text, servers.value.p + 1, buf_view(&middle), servers.value.p + 1);
	}
	buf_fini(&middle);
	return buf_check(out, err);
}

/* ---- taking out ------------------------------------------------------------------------------ */

bool
install_json_remove(
    struct slice text, const struct install_entry *entry, struct buf *out, struct err *err)
{
	struct member servers, found, next;
	struct slice root;
	const char *from, *to, *end, *rest;

	if (is_blank(text)) {
		buf_put(out, text);
		return buf_check(out, err);
	}
	if (!root_find(text, &root, err))
		return false;
	if (!member_find(root, entry->key, &servers) || servers.value.n == 0 ||
	    servers.value.p[0] != '{' || !member_find(servers.value, entry->name, &found)) {
		buf_put(out, text);
		return buf_check(out, err);
	}
	end = servers.value.p + servers.value.n;
	for (from = found.key.p; strchr(" \t\r\n", from[-1]) != NULL;)
		from--;
	to = rest = found.value.p + found.value.n;
	while (rest < end && strchr(" \t\r\n", *rest) != NULL)
		rest++;
	if (*rest == ',')
		to = rest + 1;
	else if (!member_next(&rest, end, &next) && from[-1] == ',')
		from--; /* it was the last one */
	put_spliced(out, text, from, SLICE_NONE, to);
	return buf_check(out, err);
}

/*
 * Reading in texts that a scan has accepted: members, elements, scalars.  Nothing is checked a
 * second time; but whatever the bytes are, nothing here reads outside the slice it was given, and
 * every call ends.
 */
#include <string.h>

#include "base/base.h"
#include "base/json_text.h"

enum json_type
json_type(struct slice value)
{
	if (value.n == 0)
		return JSON_NONE;
	switch (value.p[0]) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default:
		return value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9') ? JSON_NUMBER
										     : JSON_NONE;
	}
}

/* at: an opening quote.  Returns what stands behind the closing one. */
static const char *
skip_string(const char *at, const char *end)
{
	for (at++; at < end;) {
		at = json_skip_plain(at, end, end);
		if (at == end)
			break;
		if (*at == '"')
			return at + 1;
		at += *at == '\\' && end - at > 1 ? 2 : 1;
	}
	return end;
}

static const char *
skip_container(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end) {
		switch (*at) {
		case '"':
			at = skip_string(at, end);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return at + 1;
			break;
		}
		at++;
	}
	return end;
}

static bool
ends_scalar(char c)
{
	return c == ',' || c == '}' || c == ']' || json_is_blank(c);
}

static const char *
skip_value(const char *at, const char *end)
{
	if (*at == '"')
		return skip_string(at, end);
	if (*at == '{' || *at == '[')
		return skip_container(at, end);
	while (at < end && !ends_scalar(*at))
		at++;
	return at;
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && json_is_blank(*at))
		at++;
	return at;
}

void
json_iter_init(struct json_iter *iter, struct slice container)
{
	enum json_type type = json_type(container);

	*iter = (struct json_iter){ .in_object = type == JSON_OBJECT };
	if (type != JSON_OBJECT && type != JSON_ARRAY)
		return;
	iter->at = container.p + 1;
	iter->end = container.p + container.n;
}

/* Ends the walk. */
static bool
iter_stop(struct json_iter *iter)
{
	iter->at = iter->end;
	return false;
}

bool
json_iter_next(struct json_iter *iter, struct slice *key, struct slice *value)
{
	const char *at = skip_blanks(iter->at, iter->end), *end = iter->end, *start;

	if (at < end && *at == ',')
		at = skip_blanks(at + 1, end);
	if (key != NULL)
		*key = SLICE_NONE;
	if (iter->in_object) {
		if (at >= end || *at != '"')
			return iter_stop(iter);
		start = at + 1;
		at = skip_string(at, end);
		if (key != NULL)
			*key = (struct slice){ start, (size_t)(at - start) - (at > start) };
		at = skip_blanks(at, end);
		if (at >= end || *at != ':')
			return iter_stop(iter);
		at = skip_blanks(at + 1, end);
	}
	if (at >= end || ends_scalar(*at))
		return iter_stop(iter);
	start = at;
	at = skip_value(at, end);
	*value = (struct slice){ start, (size_t)(at - start) };
	iter->at = at;
	return true;
}

size_t
json_count(struct slice container)
{
	struct json_iter iter;
	struct slice value;
	size_t n = 0;

	json_iter_init(&iter, container);
	while (json_iter_next(&iter, NULL, &value))
		n++;
	return n;
}

bool
json_find(struct slice object, struct slice key, struct slice *value)
{
	struct json_iter iter;
	struct slice name;

	if (json_type(object) != JSON_OBJECT)
		return false;
	json_iter_init(&iter, object);
	while (json_iter_next(&iter, &name, value))
		if (json_key_is(name, key))
			return true;
	*value = SLICE_NONE;
	return false;
}

bool
json_string(struct arena *arena, struct slice token, struct slice *out, struct err *err)
{
	const char *at, *end, *escape;
	size_t n;
	char *to;

	if (token.n < 2 || token.p[0] != '"' || token.p[token.n - 1] != '"')
		return err_set(err, ERR_PARSE, "not a JSON string");
	at = token.p + 1;
	end = token.p + token.n - 1;
	escape = memchr(at, '\\', (size_t)(end - at));
	if (escape == NULL) {
		*out = (struct slice){ at, (size_t)(end - at) };
		return true;
	}
	if (!arena_reserve(arena, token.n, err))
		return false;
	to = arena_bytes(arena, token.n); /* unescaped is never longer */
	out->p = to;
	for (;;) {
		n = (size_t)((escape != NULL ? escape : end) - at);
		memcpy(to, at, n);
		to += n;
		if (escape == NULL)
			break;
		at = escape;
		while (at < end && *at == '\\') {
			char decoded[4];

			n = json_decode(&at, end, decoded);
			memcpy(to, decoded, n);
			to += n;
		}
		escape = memchr(at, '\\', (size_t)(end - at));
	}
	out->n = (size_t)(to - out->p);
	return true;
}

bool
json_int(struct slice token, int64_t *out)
{
	bool negative = token.n > 0 && token.p[0] == '-';
	uint64_t v, max = (uint64_t)INT64_MAX + negative;
	struct slice digits = negative ? (struct slice){ token.p + 1, token.n - 1 } : token;

	if (!slice_to_u64(digits, max, &v) || (digits.n > 1 && digits.p[0] == '0'))
		return false;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool
json_bool(struct slice token, bool *out)
{
	*out = slice_eq(token, S("true"));
	return *out || slice_eq(token, S("false"));
}

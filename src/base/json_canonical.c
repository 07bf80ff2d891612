/*
 * JSON in one spelling: texts that mean the same become the same bytes.  Members in the order of
 * their names, no white space, strings escaped in one way; numbers as they are written, since 1.0
 * may mean something else than 1 to whoever wrote it.
 */
#include <stdlib.h>

#include "base/base.h"

#define DEPTH_MAX 32

struct member {
	struct slice key, value; /* key unescaped */
};

static int
member_compare(const void *a, const void *b)
{
	return slice_compare(((const struct member *)a)->key, ((const struct member *)b)->key);
}

/* The members in the order of their names. */
static bool
members_sorted(struct arena *arena, struct slice object, struct member **out, size_t *n)
{
	size_t i = 0, all = json_count(object);
	struct json_iter iter;
	struct slice key;
	struct err err;

	if (!arena_reserve(arena, (all + 1) * sizeof(**out), &err))
		return false;
	*out = ARENA_ARRAY(arena, struct member, all + 1);
	json_iter_init(&iter, object);
	while (i < all && json_iter_next(&iter, &key, &(*out)[i].value)) {
		if (!json_string(
			arena, (struct slice){ key.p - 1, key.n + 2 }, &(*out)[i].key, &err))
			return false;
		i++;
	}
	*n = i;
	qsort(*out, *n, sizeof(**out), member_compare);
	return true;
}

static bool
put(struct arena *arena, struct slice value, unsigned depth, json_skip *skip, struct buf *out)
{
	struct slice key, one, text;
	struct json_iter iter;
	struct member *members;
	const char *between = "";
	struct err err;
	size_t n;

	switch (json_type(value)) {
	case JSON_OBJECT:
		if (depth == DEPTH_MAX || !members_sorted(arena, value, &members, &n))
			return false;
		buf_putc(out, '{');
		for (size_t i = 0; i < n; i++) {
			if (depth == 0 && skip != NULL && skip(members[i].key))
				continue;
			buf_puts(out, between);
			between = ",";
			buf_json_string(out, members[i].key);
			buf_putc(out, ':');
			if (!put(arena, members[i].value, depth + 1, skip, out))
				return false;
		}
		buf_putc(out, '}');
		return true;
	case JSON_ARRAY:
		if (depth == DEPTH_MAX)
			return false;
		buf_putc(out, '[');
		json_iter_init(&iter, value);
		while (json_iter_next(&iter, &key, &one)) {
			buf_puts(out, between);
			between = ",";
			if (!put(arena, one, depth + 1, skip, out))
				return false;
		}
		buf_putc(out, ']');
		return true;
	case JSON_STRING:
		if (!json_string(arena, value, &text, &err))
			return false;
		buf_json_string(out, text);
		return true;
	default:
		buf_put(out, value);
		return true;
	}
}

bool
json_canonical(struct arena *arena, struct slice value, json_skip *skip, struct buf *out)
{
	return put(arena, value, 0, skip, out);
}

/*
 * Looking into the table of options: by path and key, the groups, and the nearest word for "did you
 * mean".  Beside it: the names that belong to the contract and not to this version, so that who
 * writes them is told so and not that they are unknown.
 */
#include "config/config_parts.h"

/* Of the contract, not of this version; also words that an option will take. */
static const char *const later[] = {
	"upstreams[].auth.type.oauth",
};

/* What stands behind path in a longer one; SLICE_NONE: it is not below it. */
static struct slice
below(const char *whole, struct slice path)
{
	struct slice rest = slice_of(whole);

	if (path.n == 0)
		return rest;
	if (!slice_starts(rest, path) || rest.n <= path.n || rest.p[path.n] != '.')
		return SLICE_NONE;
	return (struct slice){ rest.p + path.n + 1, rest.n - path.n - 1 };
}

const struct config_option *
config_option_find(const struct config_option *rows, size_t n, struct slice path, struct slice key)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(below(rows[i].path, path), key))
			return &rows[i];
	return NULL;
}

bool
config_option_is_group(
    const struct config_option *rows, size_t n, struct slice path, struct slice key)
{
	for (size_t i = 0; i < n; i++) {
		struct slice rest = below(rows[i].path, path);

		if (rest.n > key.n && slice_starts(rest, key) && rest.p[key.n] == '.')
			return true;
	}
	return false;
}

bool
config_option_is_later(struct slice path, struct slice key)
{
	for (size_t i = 0; i < COUNT(later); i++)
		if (slice_eq(below(later[i], path), key))
			return true;
	return false;
}

/* ---- the nearest word ------------------------------------------------------------------------ */

struct nearest {
	struct slice wanted, best;
	unsigned distance; /* the best must be below it */
};

static struct nearest
nearest_init(struct slice wanted)
{
	size_t far = (wanted.n + 2) / 3 + 1;

	return (struct nearest){ wanted, SLICE_NONE, far > 5 ? 5 : (unsigned)far };
}

static void
nearest_try(struct nearest *nearest, struct slice word)
{
	unsigned distance = slice_distance(nearest->wanted, word);

	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = word;
	}
}

/* The first part of a path: "limits" of "limits.message", "upstreams" of "upstreams[].name". */
static struct slice
first_part(struct slice path)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '.' || path.p[i] == '[' || path.p[i] == '{')
			path.n = i;
	return path;
}

struct slice
config_option_nearest(
    const struct config_option *rows, size_t n, struct slice path, struct slice key)
{
	struct nearest nearest = nearest_init(key);

	for (size_t i = 0; i < n; i++)
		nearest_try(&nearest, first_part(below(rows[i].path, path)));
	for (size_t i = 0; i < COUNT(later); i++)
		nearest_try(&nearest, first_part(below(later[i], path)));
	return nearest.best;
}

struct slice
config_word_nearest(const char *const *words, struct slice text)
{
	struct nearest nearest = nearest_init(text);

	for (; *words != NULL; words++)
		if (**words != '\0')
			nearest_try(&nearest, slice_of(*words));
	return nearest.best;
}

/*
 * Addresses for people: of the pages of a site, not of its API.
 */
#include <stdio.h>

#include "atlassian/tool.h"

/* The API gateway is a way to a site, and no place where people go. */
static bool
is_gateway(struct slice url)
{
	static const struct slice gateway = { "https://api.atlassian.com", 25 };

	return slice_starts(url, gateway);
}

struct slice
work_base(const struct work *work)
{
	const struct access *access = work->access;

	return access != NULL && access->url.n > 0 ? access->url : work->site->config->url;
}

const char *
site_browse_url(const struct work *work, const char *path_fmt, const char *key)
{
	struct slice base = work_base(work), path = slice_of(path_fmt), head;
	struct arena *arena = work->arena;
	struct err err;
	size_t n;
	char *out;

	if (base.n == 0 || is_gateway(base) || key == NULL)
		return NULL;
	n = base.n + path.n + strlen(key) + 1;
	if (!arena_reserve(arena, n, &err))
		return NULL;
	out = arena_bytes(arena, n);
	head = slice_cut(path, '%', &path);
	/* Behind the '%' stands an 's'. */
	path = path.n > 0 ? (struct slice){ path.p + 1, path.n - 1 } : S("");
	snprintf(out, n, "%.*s%.*s%s%.*s", SLICE_FMT(base), SLICE_FMT(head), key, SLICE_FMT(path));
	return out;
}

/*
 * isolation: what the keeper is asked for, out of what the configuration says of a program.
 *
 * One place for the programs of upstreams and of agents.  Whether all of it can be held is the
 * keeper's to find out.
 */
#include <stdio.h>

#include "mcp/mcp.h"

#define CWD "{cwd}"

static const struct isolation_more nothing_more;

/* A path of the configuration: "{cwd}" alone, or at its beginning, stands for that folder. */
static bool
is_of_cwd(struct slice path)
{
	return slice_starts(path, S(CWD)) &&
	    (path.n == sizeof(CWD) - 1 || path.p[sizeof(CWD) - 1] == '/');
}

static size_t
list_bytes(const struct slice *list, size_t n, struct slice cwd)
{
	size_t bytes = (n + 1) * sizeof(char *) + 16;

	for (size_t i = 0; i < n; i++)
		bytes += list[i].n + cwd.n + 1;
	return bytes;
}

static const char *
path_put(struct arena *arena, struct slice path, struct slice cwd)
{
	char *text;

	if (cwd.p == NULL || !is_of_cwd(path))
		return slice_cstr(arena, path);
	path.p += sizeof(CWD) - 1;
	path.n -= sizeof(CWD) - 1;
	text = arena_bytes(arena, cwd.n + path.n + 1);
	snprintf(text, cwd.n + path.n + 1, "%.*s%.*s", SLICE_FMT(cwd), SLICE_FMT(path));
	return text;
}

/* Of two lists one; without_cwd: but for what the first has of "{cwd}". */
static const char *const *
list_put(struct arena *arena, const struct slice *list, size_t n, const struct slice *more,
    size_t more_n, struct slice cwd, bool without_cwd)
{
	const char **out = ARENA_ARRAY(arena, const char *, n + more_n + 1);
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		if (!without_cwd || !is_of_cwd(list[i]))
			out[at++] = path_put(arena, list[i], cwd);
	for (size_t i = 0; i < more_n; i++)
		out[at++] = slice_cstr(arena, more[i]);
	return out;
}

bool
isolation_make(struct arena *arena, const struct config_isolation *config,
    const struct isolation_more *more, const struct child_isolation **out, struct err *err)
{
	static const enum isolation_network networks[] = { [NETWORK_NONE] = ISOLATION_NONE,
		[NETWORK_LOOPBACK] = ISOLATION_LOOPBACK,
		[NETWORK_HOST] = ISOLATION_HOST,
		[NETWORK_LISTED] = ISOLATION_EGRESS };
	struct child_isolation *isolation;
	struct slice cwd;

	*out = NULL;
	if (!config->is_on)
		return true;
	if (more == NULL)
		more = &nothing_more;
	cwd = more->cwd;
	if (!arena_reserve(arena,
		sizeof(*isolation) + list_bytes(config->read, config->read_n, cwd) +
		    list_bytes(config->write, config->write_n, cwd) +
		    list_bytes(config->hide, config->hide_n, cwd) +
		    list_bytes(more->read, more->read_n, cwd) +
		    list_bytes(more->hide, more->hide_n, cwd) +
		    list_bytes(more->write, more->write_n, cwd),
		err))
		return false;
	isolation = ARENA_NEW(arena, struct child_isolation);
	isolation->read =
	    list_put(arena, config->read, config->read_n, more->read, more->read_n, cwd, false);
	isolation->write = list_put(arena, config->write, config->write_n, more->write,
	    more->write_n, cwd, more->is_cwd_read_only);
	isolation->hide =
	    list_put(arena, config->hide, config->hide_n, more->hide, more->hide_n, cwd, false);
	isolation->network = networks[config->network];
	isolation->memory_bytes = config->memory_bytes;
	isolation->cpu_s = (config->cpu_ms + 999) / 1000;
	isolation->cpu_percent = more->cpu_percent;
	isolation->processes = config->processes;
	isolation->files = config->files;
	isolation->file_bytes = config->file_bytes;
	isolation->umask = 022;
	for (size_t i = 0; i < config->require_n; i++)
		isolation->require |= isolation_word(config->require[i]);
	*out = isolation;
	return true;
}

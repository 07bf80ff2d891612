/*
 * launch: the environment is an allow-list, and what is seen and written is named.
 *
 * The program may write where it works and in its own TMPDIR.  In a worktree it sees the git
 * directory of the repository, read-only.  The directory of this instance (records, control socket,
 * other runs) is hidden, should a shared folder contain it.
 */
#include "agents/launch.h"

#include <stdio.h>
#include <stdlib.h>

#include "mcp/mcp.h"

#define OURS	     5u /* variables that we set */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

struct variables {
	struct arena *arena;
	const char **all;
	size_t n, max;
};

/* A later value of the same name takes the place of an earlier one. */
MUST_CHECK static bool
variable_set(struct variables *variables, struct slice name, struct slice value, struct err *err)
{
	size_t bytes = name.n + value.n + 2, i = 0;
	char *text;

	if (name.n == 0 || memchr(name.p, '\0', name.n) != NULL ||
	    (value.n > 0 && memchr(value.p, '\0', value.n) != NULL))
		return err_set(err, ERR_PARAMS,
		    "variable \"%.*s\" of the environment: no name, or a NUL byte",
		    SLICE_FMT(name));
	if (!arena_reserve(variables->arena, bytes, err))
		return false;
	text = arena_bytes(variables->arena, bytes);
	snprintf(text, bytes, "%.*s=%.*s", SLICE_FMT(name), SLICE_FMT(value));
	while (i < variables->n && strncmp(variables->all[i], text, name.n + 1) != 0)
		i++;
	must(i < variables->max);
	variables->all[i] = text;
	variables->n = i < variables->n ? variables->n : i + 1;
	return true;
}

MUST_CHECK static bool
environment_make(
    struct arena *arena, const struct launch *launch, struct child_spec *out, struct err *err)
{
	const struct config_runner *runner = launch->runner;
	struct variables variables = { .arena = arena,
		.max = runner->env_allow_n + runner->env_n + OURS };
	char depth[16];
	bool ok = true;

	if (!arena_reserve(arena, (variables.max + 1) * sizeof(*variables.all) + 16, err))
		return false;
	variables.all = ARENA_ARRAY(arena, const char *, variables.max + 1);
	snprintf(depth, sizeof depth, "%u", launch->depth + 1);
	ok = variable_set(&variables, S("PATH"), S(DEFAULT_PATH), err);
	for (size_t i = 0; i < runner->env_allow_n && ok; i++) {
		const char *name, *value;

		ok = arena_reserve(arena, runner->env_allow[i].n + 1, err);
		if (!ok)
			break;
		name = slice_cstr(arena, runner->env_allow[i]);
		value = name[0] != '\0' ? getenv(name) : NULL;
		if (value != NULL)
			ok = variable_set(&variables, slice_of(name), slice_of(value), err);
	}
	for (size_t i = 0; i < runner->env_n && ok; i++)
		ok = variable_set(
		    &variables, runner->env[i].name, secret_reveal(runner->env[i].value), err);
	ok = ok && variable_set(&variables, S("TMPDIR"), slice_of(launch->folder->tmp), err) &&
	    variable_set(&variables, S(LAUNCH_ID), launch->id, err) &&
	    variable_set(&variables, S(LAUNCH_DEPTH), slice_of(depth), err);
	out->env = variables.all;
	return ok;
}

/* The directory that holds all that this instance keeps. */
static struct slice
instance_dir(const char *runs_dir)
{
	const char *slash = strrchr(runs_dir, '/');

	return slash == NULL || slash == runs_dir
	    ? slice_of(runs_dir)
	    : (struct slice){ runs_dir, (size_t)(slash - runs_dir) };
}

MUST_CHECK static bool
apart_make(
    struct arena *arena, const struct launch *launch, struct child_spec *out, struct err *err)
{
	const struct folder *folder = launch->folder;
	const bool is_read_only = folder->kind == FOLDER_SHARED_RO,
		   is_shared = is_read_only || folder->kind == FOLDER_SHARED;
	const struct slice dir = slice_of(is_shared ? folder->cwd : folder->work);
	struct slice read[] = { dir, slice_of(folder->place->common) };
	struct slice write[] = { slice_of(folder->tmp), dir };
	struct slice hide = instance_dir(launch->runs_dir);
	struct isolation_more more = { .cwd = slice_of(folder->cwd),
		.is_cwd_read_only = is_read_only,
		.read = read,
		.read_n = folder->kind == FOLDER_WORKTREE ? 2 : 1,
		.write = write,
		.write_n = is_read_only ? 1 : 2,
		.hide = &hide,
		.hide_n = 1,
		.cpu_percent = launch->runner->cpu_percent };

	return isolation_make(arena, &launch->runner->isolate, &more, &out->isolation, err);
}

bool
launch_spec(
    struct arena *arena, const struct launch *launch, struct child_spec *out, struct err *err)
{
	uint64_t kill_ms = launch->runner->grace_ms;

	*out = (struct child_spec){ .argv = launch->argv,
		.cwd = launch->folder->cwd,
		.kill_ms = kill_ms == 0	  ? 1
		    : kill_ms < INT32_MAX ? (unsigned)kill_ms
					  : INT32_MAX };
	if (!environment_make(arena, launch, out, err) || !apart_make(arena, launch, out, err))
		return false;
	return out->isolation == NULL || out->isolation->network != ISOLATION_EGRESS ||
	    egress_env(arena, out->env, &out->env, err);
}

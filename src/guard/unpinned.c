/*
 * Commands that execute whatever a registry has today: npx, uvx and their like, and containers,
 * where no version is named.
 */
#include <string.h>

#include "guard/guard.h"

static bool
is_among(struct slice word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(word, slice_of(words[i])))
			return true;
	return false;
}

/* What fetches and executes: the program, the word behind it, the mark before a version, and
 * the options of it that have a value of their own. */
static const struct runner {
	const char *program, *verb, *mark;
	const char *options[24];
	const char *from[2]; /* options that name the package, where it is not the first word */
} runners[] = {
	{ "npx", NULL, "@", { "--call", "-c", "--registry", "--cache" }, { "--package", "-p" } },
	{ "bunx", NULL, "@", { NULL }, { "--package", "-p" } },
	{ "bun", "x", "@", { NULL }, { "--package", "-p" } },
	{ "pnpm", "dlx", "@", { NULL }, { "--package" } },
	{ "pnpx", NULL, "@", { NULL }, { "--package" } },
	{ "yarn", "dlx", "@", { NULL }, { "--package", "-p" } },
	{ "uvx", NULL, "@=", { "--python", "--with", "--index", "--index-url", "-p" },
	    { "--from" } },
	{ "pipx", "run", "@=", { "--python", "--index-url", "--pip-args" }, { "--spec" } },
	{ "docker", "run", ":@",
	    { "-e", "--env", "-v", "--volume", "-p", "--publish", "--name", "--network", "--mount",
		"-u", "--user", "-w", "--workdir", "--env-file", "--entrypoint", "-l", "--label",
		"-m", "--memory", "--cpus", "--platform", "--pull", "--tmpfs", "--add-host" },
	    { NULL } },
	{ "podman", "run", ":@",
	    { "-e", "--env", "-v", "--volume", "-p", "--publish", "--name", "--network", "--mount",
		"-u", "--user", "-w", "--workdir", "--env-file", "--entrypoint", "-l", "--label",
		"-m", "--memory", "--cpus", "--platform", "--pull", "--tmpfs", "--add-host" },
	    { NULL } },
};

static bool
is_from(const struct runner *runner, struct slice option)
{
	for (size_t i = 0; i < COUNT(runner->from); i++)
		if (runner->from[i] != NULL && slice_eq(option, slice_of(runner->from[i])))
			return true;
	return false;
}

/* The package that is named; SLICE_NONE: none, or by a path. */
static struct slice
package_of(const struct runner *runner, const struct slice *words, size_t n)
{
	struct slice first = SLICE_NONE;
	size_t options_n = 0;

	while (options_n < COUNT(runner->options) && runner->options[options_n] != NULL)
		options_n++;
	for (size_t i = 0; i < n && first.p == NULL; i++) {
		struct slice value, option = slice_cut(words[i], '=', &value);

		if (is_from(runner, words[i]))
			return i + 1 < n ? words[i + 1] : SLICE_NONE;
		if (value.p != NULL && is_from(runner, option))
			return value;
		if (is_among(words[i], runner->options, options_n))
			i++;
		else if (words[i].n > 0 && words[i].p[0] != '-')
			first = words[i];
	}
	return first;
}

/* A version that stands for one release: it begins with a digit (or is a digest) and has no range.
 */
static bool
is_release(struct slice version)
{
	if (slice_starts(version, S("sha256:")))
		return true;
	while (version.n > 0 && (version.p[0] == '=' || version.p[0] == 'v')) {
		version.p++;
		version.n--;
	}
	if (version.n == 0 || version.p[0] < '0' || version.p[0] > '9')
		return false;
	return memchr(version.p, '*', version.n) == NULL &&
	    memchr(version.p, ' ', version.n) == NULL && !slice_ends(version, S(".x"));
}

static bool
has_release(const struct runner *runner, struct slice package)
{
	/* A scope begins with @; a registry may have a port before a slash. */
	const char *slash = memrchr(package.p, '/', package.n);
	size_t at = slash != NULL ? (size_t)(slash - package.p) + 1 : 1;

	for (; at < package.n; at++)
		if (strchr(runner->mark, package.p[at]) != NULL)
			return memchr("<>~!", package.p[at - 1], 4) == NULL &&
			    is_release((struct slice){ package.p + at + 1, package.n - at - 1 });
	return false;
}

bool
command_is_unpinned(const struct slice *words, size_t n, struct slice *package)
{
	struct slice program;
	const char *slash;
	bool is_known = false;

	if (n < 2 || words[0].n == 0)
		return false;
	program = words[0];
	slash = memrchr(program.p, '/', program.n);
	if (slash != NULL)
		program = (struct slice){ slash + 1, program.n - (size_t)(slash + 1 - program.p) };
	for (size_t i = 0; i < COUNT(runners); i++) {
		const struct runner *runner = &runners[i];
		size_t skip = runner->verb != NULL ? 2 : 1;

		if (!slice_eq(program, slice_of(runner->program)) ||
		    (runner->verb != NULL && !slice_eq(words[1], slice_of(runner->verb))))
			continue;
		*package = package_of(runner, words + skip, n - skip);
		if (package->p == NULL || package->n == 0 || package->p[0] == '.' ||
		    package->p[0] == '/' || package->p[0] == '$')
			continue;
		is_known = true;
		if (has_release(runner, *package))
			return false;
	}
	return is_known;
}

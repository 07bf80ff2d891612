/*
 * Which files a command executes: the program, found in PATH as the kernel's caller would find it,
 * and where that is an interpreter, the script it is given.  What is read here need not be what is
 * executed a moment later; who can write these files between the two is not stopped by a hash.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/gateway.h"

#define FILE_MAX_BYTES (1024 * MIB)

/* ---- one file -------------------------------------------------------------------------------- */

static struct program_file
identity(const struct stat *st)
{
	return (struct program_file){ .device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.changed_s = st->st_ctim.tv_sec,
		.changed_ns = st->st_ctim.tv_nsec,
		.modified_s = st->st_mtim.tv_sec,
		.modified_ns = st->st_mtim.tv_nsec };
}

static bool
is_same(const struct program_file *a, const struct program_file *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	    a->changed_s == b->changed_s && a->changed_ns == b->changed_ns &&
	    a->modified_s == b->modified_s && a->modified_ns == b->modified_ns;
}

/* False: no regular file, or not to be read. */
static bool
file_look(const char *path, struct program_file *file)
{
	/* A pipe would be waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct program_file now;
	unsigned char digest[SHA256_BYTES];
	struct stat st;
	bool ok;

	if (fd < 0)
		return false;
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (ok) {
		now = identity(&st);
		if (file->digest[0] != '\0' && is_same(&now, file)) {
			close(fd);
			return true;
		}
		ok = sha256_fd(fd, FILE_MAX_BYTES, digest);
	}
	close(fd);
	if (!ok)
		return false;
	*file = now;
	memcpy(file->digest, "sha256:", 7);
	hex_put(digest, SHA256_BYTES, file->digest + 7);
	return true;
}

/* ---- which ----------------------------------------------------------------------------------- */

/* The PATH that the command has. */
static struct slice
path_of(const struct config_upstream *upstream)
{
	for (size_t i = 0; i < upstream->env_n; i++)
		if (slice_eq(upstream->env[i].name, S("PATH")))
			return secret_reveal(upstream->env[i].value);
	return slice_of(getenv("PATH"));
}

/* Relative to where the command runs; false: too long. */
static bool
path_join(const struct config_upstream *upstream, struct slice folder, struct slice name, char *out)
{
	struct slice cwd = upstream->cwd.p != NULL ? upstream->cwd : S(".");
	bool is_absolute = folder.n > 0 && folder.p[0] == '/';
	int n;

	if (name.n > 0 && name.p[0] == '/')
		n = snprintf(out, PROGRAM_PATH, "%.*s", SLICE_FMT(name));
	else
		n = snprintf(out, PROGRAM_PATH, "%.*s%s%.*s%s%.*s", is_absolute ? 0 : (int)cwd.n,
		    cwd.p, is_absolute ? "" : "/", SLICE_FMT(folder), folder.n > 0 ? "/" : "",
		    SLICE_FMT(name));
	return n > 0 && n < PROGRAM_PATH && memchr(name.p, '\0', name.n) == NULL;
}

static bool
is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool
program_find(const struct config_upstream *upstream, char out[PROGRAM_PATH])
{
	struct slice name = upstream->command[0], rest = path_of(upstream);

	if (memchr(name.p, '/', name.n) != NULL)
		return path_join(upstream, SLICE_NONE, name, out);
	while (rest.p != NULL) {
		struct slice folder = slice_cut(rest, ':', &rest);

		if (path_join(upstream, folder, name, out) && is_executable(out))
			return true;
	}
	return false;
}

/* What executes files that it is given: its name, perhaps with a version behind it. */
static bool
is_interpreter(struct slice program)
{
	static const char *const known[] = { "ash", "bash", "bun", "dash", "deno", "dotnet", "env",
		"java", "ksh", "lua", "luajit", "node", "nodejs", "osascript", "perl", "php",
		"pwsh", "pypy", "python", "Rscript", "ruby", "sh", "ts-node", "tsx", "uv", "zsh" };
	const char *slash = memrchr(program.p, '/', program.n);

	if (slash != NULL) {
		program.n -= (size_t)(slash + 1 - program.p);
		program.p = slash + 1;
	}
	while (program.n > 0 && strchr("0123456789.-", program.p[program.n - 1]) != NULL)
		program.n--;
	for (size_t i = 0; i < COUNT(known); i++)
		if (slice_eq(program, slice_of(known[i])))
			return true;
	return false;
}

void
program_look(const struct config_upstream *upstream, struct program *program)
{
	struct program before = *program;
	char *path = mem_new(PROGRAM_PATH);
	bool is_found = false;

	program->program.digest[0] = program->script.digest[0] = '\0';
	if (upstream->command_n > 0 && program_find(upstream, path)) {
		if (file_look(path, &before.program))
			program->program = before.program;
		for (size_t i = 1;
		     i < upstream->command_n && !is_found && is_interpreter(upstream->command[0]);
		     i++) {
			struct slice word = upstream->command[i];

			is_found = word.n > 0 && word.p[0] != '-' &&
			    path_join(upstream, SLICE_NONE, word, path) &&
			    file_look(path, &before.script);
		}
		if (is_found)
			program->script = before.script;
	}
	mem_free(path);
}

/*
 * git: starting it, and finding repositories without it.
 *
 * Hooks, monitors of files and fetching what is missing are off, and neither the system's nor the
 * user's configuration is read: nothing that an agent could have prepared is executed, and what the
 * repository itself names (filters) runs in git's own isolation.
 */
#include "agents/git.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_MS	      5000 /* for git to take back what it has begun */
#define WORDS_MAX     48u
#define SAID_MAX      512u
#define GIT_MEMORY    (2048 * MIB)
#define GIT_PROCESSES 128u
#define FOR_EVER_MS   (24 * 3600 * 1000ull)

static const char *const git_words[] = { "git", "-c", "core.hooksPath=/dev/null", "-c",
	"core.fsmonitor=false", "-c", "safe.directory=*", "-c", "protocol.allow=never", "-c",
	"core.quotePath=false" };
static const char *const git_env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent",
	"LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
	"GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1" };

struct git {
	struct loop *loop;
	struct task *task;
	struct child *child;
	struct buf *out;
	char said[SAID_MAX + 1]; /* the beginning of its stderr */
	size_t said_n;
	bool out_ended, err_ended, has_exited;
	int status;
};

/* ---- its output ------------------------------------------------------------------------------ */

static void
said_put(struct git *git, const char *bytes, size_t n)
{
	size_t room = SAID_MAX - git->said_n;

	n = n < room ? n : room;
	memcpy(git->said + git->said_n, bytes, n);
	git->said_n += n;
	git->said[git->said_n] = '\0';
}

/* False: there is nothing (more) now. */
static bool
stream_take(struct git *git, struct stream *stream, bool *ended)
{
	static char bytes[64 * KIB];
	ssize_t n = stream_read(stream, bytes, sizeof bytes);

	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		*ended = true;
		stream_want(stream, 0);
		task_wake(git->task);
		return false;
	}
	if (stream == git->child->err)
		said_put(git, bytes, (size_t)n);
	else if (git->out->n + (size_t)n <= git->out->ceiling_bytes)
		buf_put(git->out, (struct slice){ bytes, (size_t)n });
	else if (!git->out->overflow) {
		buf_put(git->out, (struct slice){ bytes, git->out->ceiling_bytes - git->out->n });
		git->out->overflow = true;
		task_wake(git->task); /* nobody wants more of it */
	}
	return true;
}

static void
out_ready(void *owner, unsigned events)
{
	struct git *git = owner;

	stream_take(git, git->child->out, &git->out_ended);
}

static void
err_ready(void *owner, unsigned events)
{
	struct git *git = owner;

	stream_take(git, git->child->err, &git->err_ended);
}

static void
exited(void *owner, int status)
{
	struct git *git = owner;

	git->has_exited = true;
	git->status = status;
	task_wake(git->task);
}

/* ---- running it ------------------------------------------------------------------------------ */

static size_t
words_add(const char **to, size_t n, const char *const *from)
{
	for (; from != NULL && *from != NULL && n < WORDS_MAX; from++)
		to[n++] = *from;
	to[n] = NULL;
	return n;
}

MUST_CHECK static bool
open_wait(struct git *git, const struct git_run *run, struct err *err)
{
	static const char *const none[] = { NULL };
	const char *argv[WORDS_MAX + 1], *env[WORDS_MAX + 1], *read[WORDS_MAX + 1];
	struct child_isolation isolation = { .network = ISOLATION_NONE,
		.write = run->write != NULL ? run->write : none,
		.hide = none,
		.read = read,
		.memory_bytes = GIT_MEMORY,
		.processes = GIT_PROCESSES,
		.umask = 022 };
	struct child_spec spec = {
		.argv = argv, .env = env, .cwd = "/", .isolation = &isolation, .kill_ms = KILL_MS
	};

	memcpy(argv, git_words, sizeof git_words);
	words_add(argv, COUNT(git_words), run->args);
	memcpy(env, git_env, sizeof git_env);
	words_add(env, COUNT(git_env), run->env);
	read[0] = ISOLATION_SYSTEM;
	words_add(read, 1, run->read);
	if (!child_open_wait(git->loop, &spec, &git->child, err))
		return false;
	git->child->on_exit = exited;
	git->child->owner = git;
	git->child->out->on_ready = out_ready;
	git->child->out->owner = git;
	git->child->err->on_ready = err_ready;
	git->child->err->owner = git;
	stream_close(&git->child->in);
	stream_want(git->child->out, STREAM_READABLE);
	stream_want(git->child->err, STREAM_READABLE);
	return true;
}

/* Is it to end before it has?  *ok false: as a failure, of which err says why. */
static bool
is_to_end(const struct git *git, const struct git_run *run, bool is_cut, bool timed_out, bool *ok,
    struct err *err)
{
	if (is_cut || (run->is_cancelled != NULL && *run->is_cancelled))
		*ok = err_set(err, ERR_CANCELLED, "it was cancelled");
	else if (timed_out)
		*ok = err_set(err, ERR_DEADLINE, "git took longer than %llu s",
		    (unsigned long long)(run->timeout_ms / 1000));
	else
		return git->out->overflow;
	return true;
}

/* Until it is gone and its output is read; ended early where that is wanted. */
MUST_CHECK static bool
end_wait(struct git *git, const struct git_run *run, struct err *err)
{
	uint64_t until = loop_now_ms(git->loop) + run->timeout_ms;
	bool timed_out = false, is_cut = false, is_stopped = false, ok = true;
	struct err cut;

	while (!git->has_exited) {
		/* Before it parks too: who cancelled while it was started has woken that wait. */
		if (!is_stopped && is_to_end(git, run, is_cut, timed_out, &ok, err)) {
			is_stopped = true;
			child_stop(git->child, 0);
			until = loop_now_ms(git->loop) + FOR_EVER_MS;
		}
		if (is_cut)
			break;
		is_cut = !task_park_until_wait(git->loop, until, &timed_out, &cut);
	}
	while (!git->out_ended && stream_take(git, git->child->out, &git->out_ended))
		;
	while (!git->err_ended && stream_take(git, git->child->err, &git->err_ended))
		;
	return ok;
}

/* What git said, in one line, without "fatal: ". */
static void
complaint_set(struct git *git, struct err *err)
{
	struct slice said = { git->said, git->said_n }, line, rest;
	const char *fatal = strstr(git->said, "fatal: ");

	if (fatal != NULL)
		said = slice_of(fatal + 7);
	line = slice_cut(said, '\n', &rest);
	if (line.n > 0)
		err_set(err, ERR_IO, "git: %.*s", SLICE_FMT(line));
	else if (WIFSIGNALED(git->status))
		err_set(err, ERR_IO, "git was ended by signal %d", WTERMSIG(git->status));
	else
		err_set(err, ERR_IO, "git exited with status %d", WEXITSTATUS(git->status));
}

bool
git_run_wait(struct loop *loop, const struct git_run *run, struct buf *out, struct err *err)
{
	struct git *git = MEM_NEW(struct git);
	bool ok;

	git->loop = loop;
	git->task = task_self(loop);
	git->out = out;
	ok = open_wait(git, run, err);
	if (!ok)
		err_prefix(err, "the repository cannot be used without git");
	ok = ok && end_wait(git, run, err);
	child_close(&git->child);
	if (ok && !out->overflow && (!WIFEXITED(git->status) || WEXITSTATUS(git->status) != 0)) {
		complaint_set(git, err);
		ok = false;
	}
	mem_free(git);
	return ok;
}

/* ---- finding repositories -------------------------------------------------------------------- */

bool
git_line_read(int dir, const char *path, char *line, size_t max)
{
	int fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, line, max - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

/* A path that stands in a file of dir: absolute, or seen from there. */
static bool
led_to(struct git_place *place, const char *dir, const char *path, char *real)
{
	if (path[0] == '/')
		return realpath(path, real) != NULL;
	return snprintf(place->path, sizeof place->path, "%s/%s", dir, path) <
	    (int)sizeof place->path &&
	    realpath(place->path, real) != NULL;
}

static bool
is_git_dir(const char *path)
{
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	bool is;

	if (dir < 0)
		return false;
	is = fstatat(dir, "HEAD", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(dir, "objects", &st, 0) == 0 && S_ISDIR(st.st_mode) &&
	    fstatat(dir, "refs", &st, 0) == 0 && S_ISDIR(st.st_mode);
	close(dir);
	return is;
}

/* The git directories of place->top, by what is called .git there. */
static bool
checkout_read(struct git_place *place, int top, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return git_line_read(top, ".git", place->line, sizeof place->line) &&
		    strncmp(place->line, "gitdir: ", 8) == 0 &&
		    led_to(place, place->top, place->line + 8, place->own);
	return S_ISDIR(st->st_mode) && led_to(place, place->top, ".git", place->own) &&
	    is_git_dir(place->own);
}

/* Does place->top hold a repository? */
static bool
place_read(struct git_place *place)
{
	int top = open(place->top, O_PATH | O_DIRECTORY | O_CLOEXEC), own;
	struct stat st;
	bool is_there, has_common;

	if (top < 0)
		return false;
	if (fstatat(top, ".git", &st, 0) == 0) {
		is_there = checkout_read(place, top, &st);
	} else {
		is_there = is_git_dir(place->top); /* bare */
		memcpy(place->own, place->top, sizeof place->own);
	}
	close(top);
	if (!is_there)
		return false;
	memcpy(place->common, place->own, sizeof place->common);
	own = open(place->own, O_PATH | O_DIRECTORY | O_CLOEXEC);
	has_common = own >= 0 && git_line_read(own, "commondir", place->line, sizeof place->line);
	if (own >= 0)
		close(own);
	return !has_common ||
	    (led_to(place, place->own, place->line, place->common) && is_git_dir(place->common));
}

bool
git_place_find(const char *dir, struct git_place *out, struct err *err)
{
	struct stat st;
	char *slash;

	if (realpath(dir, out->dir) == NULL)
		return err_set(err, ERR_PARAMS, "%.150s: %s", dir, strerror(errno));
	if (stat(out->dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_PARAMS, "%.150s: it is no directory", dir);
	memcpy(out->top, out->dir, sizeof out->top);
	while (!place_read(out)) {
		slash = strrchr(out->top, '/');
		if (slash == NULL || out->top[1] == '\0')
			return err_set(err, ERR_PARAMS,
			    "%.100s is in no git repository, which a run in a worktree needs: name one "
			    "that is, or choose another folder for the runner",
			    dir);
		if (slash == out->top)
			slash++;
		*slash = '\0';
	}
	return true;
}

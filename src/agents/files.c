/*
 * Files: the output of runs, and the directories that callers name.  All of it on a helper thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/supervisor.h"

#define HELPER	   "agents"
#define PATH_BYTES PATH_MAX
#define TEXT_FILE  "text"

char *
run_path(struct slice path)
{
	char *copy = mem_new(path.n + 1);

	if (path.n > 0)
		memcpy(copy, path.p, path.n);
	return copy;
}

/* ---- ranges of the output -------------------------------------------------------------------- */

struct reading {
	const char *path;
	uint64_t from, total;
	size_t max, n;
	char *bytes;
	int error;
};

static void
read_run(void *arg)
{
	struct reading *reading = arg;
	int fd = open(reading->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0) {
		reading->error = errno;
		if (fd >= 0)
			close(fd);
		return;
	}
	reading->total = (uint64_t)st.st_size;
	do {
		n = pread(fd, reading->bytes + reading->n, reading->max - reading->n,
		    (off_t)(reading->from + reading->n));
		reading->n += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && reading->n < reading->max) || (n < 0 && errno == EINTR));
	if (n < 0)
		reading->error = errno;
	close(fd);
}

/* Of the text: beside the output. */
static char *
path_of(const struct run *run, bool is_text)
{
	size_t n = run->output.n;
	struct buf path;
	char *copy;

	if (!is_text)
		return run_path(run->output);
	while (n > 0 && run->output.p[n - 1] != '/')
		n--;
	buf_init(&path, NULL, PATH_BYTES);
	buf_put(&path, (struct slice){ run->output.p, n });
	buf_puts(&path, TEXT_FILE);
	copy = run_path(buf_view(&path));
	buf_fini(&path);
	return copy;
}

/* A text that is whole in memory has no file. */
static bool
text_range(const struct run *run, uint64_t from, size_t max, struct buf *out, uint64_t *total)
{
	struct slice rest = { run->text.p, run->text.n };

	*total = rest.n;
	from = from < rest.n ? from : rest.n;
	rest.n -= from;
	if (rest.n > 0)
		buf_put(out, (struct slice){ rest.p + from, rest.n < max ? rest.n : max });
	return true;
}

static bool
say_unread(struct run *run, int error, struct err *err)
{
	errno = error;
	return err_set(err, ERR_IO, "the output of run %s cannot be read: %m", run->id);
}

bool
run_output_wait(struct run *run, bool is_text, uint64_t from, size_t max, struct buf *out,
    uint64_t *total, struct err *err)
{
	struct loop *loop = run->agents->loop;
	struct reading reading = { .from = from > INT64_MAX / 2 ? INT64_MAX / 2 : from,
		.max = max };

	*total = 0;
	if (run->output.n == 0) {
		if (!run_is_over(run) || is_text)
			return text_range(run, from, max, out, total);
		return err_set(err, ERR_PARAMS, "run %s has no output", run->id);
	}
	if (is_text && (!run->is_truncated || !run_is_over(run)))
		return text_range(run, from, max, out, total);
	if (!buf_reserve(out, max, err))
		return false;
	reading.bytes = out->p + out->n;
	run->holds++;
	reading.path = path_of(run, is_text);
	helper_run_wait(loop, HELPER, read_run, &reading);
	run->holds--;
	mem_free((void *)reading.path);
	/* Of a program that prints its text that is in its output. */
	if (reading.error == ENOENT && is_text)
		return run_output_wait(run, false, from, max, out, total, err);
	if (reading.error == ENOENT && !run_is_over(run))
		return true;
	if (reading.error != 0)
		return say_unread(run, reading.error, err);
	out->n += reading.n;
	*total = reading.total;
	return true;
}

/* ---- a long text ----------------------------------------------------------------------------- */

struct keeping {
	const char *path;
	struct slice text;
	int error;
};

static void
keep_run(void *arg)
{
	struct keeping *keeping = arg;
	int fd = open(keeping->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t done = 0;

	keeping->error = fd < 0 ? errno : 0;
	while (fd >= 0 && done < keeping->text.n && keeping->error == 0) {
		ssize_t n = write(fd, keeping->text.p + done, keeping->text.n - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			keeping->error = errno;
	}
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && keeping->error != 0)
		(void)unlink(keeping->path);
}

void
run_text_keep_wait(struct run *run, struct slice text)
{
	struct keeping keeping = { .text = text };

	if (run->output.n == 0)
		return;
	keeping.path = path_of(run, true);
	helper_run_wait(run->agents->loop, HELPER, keep_run, &keeping);
	mem_free((void *)keeping.path);
	errno = keeping.error;
	if (keeping.error != 0)
		log_event(run->agents->log, LOG_WARN, "run_unrecorded",
		    "run %s: the whole of its result could not be kept: %m", run->id);
}

/* ---- what a forgotten run leaves ------------------------------------------------------------- */

struct erasing {
	struct loop *loop;
	struct slice folder; /* own memory */
	struct err err;
	bool ok;
};

static void
erase_run(void *arg)
{
	struct erasing *erasing = arg;

	erasing->ok = job_erase(erasing->folder, &erasing->err);
}

static void
erase_done(void *arg)
{
	struct erasing *erasing = arg;

	if (!erasing->ok)
		log_event(
		    loop_log(erasing->loop), LOG_WARN, "run_left_behind", "%s", erasing->err.text);
	mem_free((void *)erasing->folder.p);
	mem_free(erasing);
}

void
run_files_remove(struct run *run)
{
	struct erasing *erasing = MEM_NEW(struct erasing);
	struct buf path;

	buf_init(&path, NULL, 8 * KIB);
	buf_printf(&path, "%s/%s", run->agents->runs_dir, run->id);
	erasing->loop = run->agents->loop;
	erasing->folder = slice_keep(buf_view(&path));
	buf_fini(&path);
	loop_offload(erasing->loop, HELPER, erase_run, erase_done, erasing);
}

/* ---- directories ----------------------------------------------------------------------------- */

struct looking {
	const struct config_runner *runner;
	const char *cwd;
	char real[PATH_BYTES];
	struct err err;
	bool ok;
};

static bool
is_below(struct slice path, struct slice root)
{
	return slice_starts(path, root) &&
	    (path.n == root.n || root.p[root.n - 1] == '/' || path.p[root.n] == '/');
}

/* Links are followed on both sides: what counts is where one is in the end. */
static bool
is_allowed(const struct looking *looking, struct slice root)
{
	char *path = run_path(root), *real = root.n > 0 ? realpath(path, NULL) : NULL;
	bool is = real != NULL && is_below(slice_of(looking->real), slice_of(real));

	free(real);
	mem_free(path);
	return is;
}

static void
look_run(void *arg)
{
	struct looking *looking = arg;
	const struct config_runner *runner = looking->runner;
	bool is = false;
	struct stat st;

	if (realpath(looking->cwd, looking->real) == NULL || stat(looking->real, &st) != 0) {
		err_set(&looking->err, ERR_PARAMS, "cwd: %.150s: %m", looking->cwd);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		err_set(&looking->err, ERR_PARAMS, "cwd: %.150s is no directory", looking->cwd);
		return;
	}
	for (size_t i = 0; i < runner->roots_n && !is; i++)
		is = is_allowed(looking, runner->roots[i]);
	if (!is && runner->roots_n == 0)
		is = is_allowed(looking, runner->dir);
	looking->ok = is;
	if (!is)
		err_set(&looking->err, ERR_PARAMS, "cwd: %.100s is not below %s of runner %.*s",
		    looking->cwd, runner->roots_n > 0 ? "the roots" : "the dir",
		    SLICE_FMT(runner->name));
}

bool
cwd_check_wait(struct loop *loop, const struct config_runner *runner, struct slice cwd,
    struct arena *arena, struct slice *out, struct err *err)
{
	struct looking *looking;
	bool ok;

	if (cwd.n == 0 || cwd.n >= PATH_BYTES || cwd.p[0] != '/')
		return err_set(err, ERR_PARAMS, "cwd must be an absolute path");
	looking = MEM_NEW(struct looking);
	looking->runner = runner;
	looking->cwd = run_path(cwd);
	helper_run_wait(loop, HELPER, look_run, looking);
	ok = looking->ok;
	if (!ok)
		*err = looking->err;
	ok = ok && arena_reserve(arena, strlen(looking->real), err);
	if (ok)
		*out = slice_dup(arena, slice_of(looking->real));
	mem_free((void *)looking->cwd);
	mem_free(looking);
	return ok;
}

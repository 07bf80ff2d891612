/*
 * folder: tmp folders, git worktrees, and what is left of them.
 *
 * A worktree is made and read by git, which is itself kept apart (git.c) and may write only where
 * the repository lists its worktrees and in the run's own folder.  The program that runs in it sees
 * the repository's git directory read-only: it can look at history, and cannot commit, nor plant a
 * hook or a setting for the next git that a person runs.  What it changed is found with an index
 * and an object directory of our own, out of its reach.  Entry and folder are removed by our own
 * hands, for that also works where git does not (tree.c).
 */
#include "agents/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/tree.h"
#include "store/store.h"

#define LOOK_HELPER    "agents-look"
#define REMOVE_HELPER  "agents-remove"
#define MAKE_MS	       (10 * 60 * 1000u)
#define DIFF_MS	       (60 * 1000u)
#define INDEX_MAX      ((off_t)(1024 * MIB))
#define WORKTREES      "worktrees"
#define VARIABLE_BYTES (GIT_PATH + 64)

static char *
path_join(const char *dir, struct slice name)
{
	size_t bytes = strlen(dir) + name.n + 2;
	char *path = mem_new(bytes);

	snprintf(path, bytes, "%s/%.*s", dir, SLICE_FMT(name));
	return path;
}

static char *
path_dup(const char *path)
{
	return (char *)(uintptr_t)slice_keep(slice_of(path)).p;
}

void
folder_init(struct folder *folder, struct loop *loop, enum config_folder kind, const char *runs_dir,
    struct slice id)
{
	*folder = (struct folder){ .loop = loop, .kind = kind };
	folder->runs_dir = path_dup(runs_dir);
	folder->own = path_join(runs_dir, id);
	folder->work = path_join(folder->own, S("work"));
	folder->tmp = path_join(folder->own, S("tmp"));
	folder->git = path_join(folder->own, S("git"));
	folder->output = path_join(folder->own, S(FOLDER_OUTPUT));
	folder->cwd = mem_new(1);
	folder->place = MEM_NEW(struct git_place);
}

void
folder_fini(struct folder *folder)
{
	mem_free(folder->runs_dir);
	mem_free(folder->own);
	mem_free(folder->work);
	mem_free(folder->tmp);
	mem_free(folder->git);
	mem_free(folder->output);
	mem_free(folder->cwd);
	mem_free(folder->place);
	*folder = (struct folder){ 0 };
}

/* ---- looking --------------------------------------------------------------------------------- */

struct look {
	struct folder *folder;
	const char *dir;
	bool ok;
	struct err err;
};

static void
look_shared(struct look *look)
{
	struct git_place *place = look->folder->place;
	struct stat st;

	if (realpath(look->dir, place->dir) == NULL)
		err_set(&look->err, ERR_PARAMS, "%.150s: %s", look->dir, strerror(errno));
	else if (stat(place->dir, &st) < 0 || !S_ISDIR(st.st_mode))
		err_set(&look->err, ERR_PARAMS, "%.150s: it is no directory", look->dir);
	else if (access(place->dir, R_OK | X_OK) < 0)
		err_set(&look->err, ERR_PARAMS, "%.150s: %s", look->dir, strerror(errno));
	else
		look->ok = true;
}

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/*
 * What a caller named was found below the roots when the run was asked for, without links.  It must
 * still be that place, and its repository its own: who may write there could have made a link, or a
 * .git that leads to a repository elsewhere.
 */
static void
look_again(struct look *look)
{
	const struct git_place *place = look->folder->place;

	look->ok = false;
	if (strcmp(look->dir, place->dir) != 0)
		err_set(&look->err, ERR_PARAMS,
		    "%.150s: it leads somewhere else than when the run was asked for", look->dir);
	else if (look->folder->kind == FOLDER_WORKTREE &&
	    !(is_below(place->own, place->top) && is_below(place->common, place->top)))
		err_set(&look->err, ERR_PARAMS,
		    "%.100s: its repository lies elsewhere, at %.100s: name a folder of that one",
		    place->top, place->common);
	else
		look->ok = true;
}

static void
look_work(void *arg)
{
	struct look *look = arg;

	if (look->folder->kind == FOLDER_WORKTREE)
		look->ok = git_place_find(look->dir, look->folder->place, &look->err);
	else
		look_shared(look);
	if (look->ok && look->folder->is_callers)
		look_again(look);
}

/* Where in the checkout, "" its top; what lies in a bare repository is in no checkout. */
static struct slice
place_below(const struct git_place *place)
{
	const char *below = place->dir + strlen(place->top);

	return strcmp(place->own, place->top) == 0 ? S("") : slice_of(below + (*below == '/'));
}

bool
folder_look_wait(struct folder *folder, const char *dir, struct err *err)
{
	struct look look = { .folder = folder, .dir = dir };
	struct slice below = S("");

	if (folder->kind != FOLDER_TMP) {
		if (dir[0] != '/')
			return err_set(err, ERR_PARAMS,
			    "a folder is needed: name one in cwd, or set dir of the runner");
		helper_run_wait(folder->loop, LOOK_HELPER, look_work, &look);
		if (!look.ok) {
			*err = look.err;
			return false;
		}
	}
	if (folder->kind == FOLDER_WORKTREE)
		below = place_below(folder->place);
	mem_free(folder->cwd);
	if (folder->kind == FOLDER_SHARED || folder->kind == FOLDER_SHARED_RO)
		folder->cwd = path_dup(folder->place->dir);
	else
		folder->cwd = below.n > 0 ? path_join(folder->work, below) : path_dup(folder->work);
	return true;
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool
directory_make(struct folder *folder, const char *path)
{
	if (mkdir(path, 0700) == 0)
		return true;
	folder->has_failed = true;
	return err_set(&folder->err, ERR_IO, "%.150s: %s", path, strerror(errno));
}

static void
make_work(void *arg)
{
	struct folder *folder = arg;
	const struct git_place *place = folder->place;
	int dir;

	if (!store_dirs_make(folder->runs_dir, &folder->err)) {
		folder->has_failed = true;
		return;
	}
	/* One that is there already is another run's: it is not ours to remove. */
	if (!directory_make(folder, folder->own))
		return;
	folder->is_made = true;
	if (!directory_make(folder, folder->tmp))
		return;
	if (folder->kind == FOLDER_TMP)
		directory_make(folder, folder->work);
	if (folder->kind != FOLDER_WORKTREE || !directory_make(folder, folder->git))
		return;
	/* Here alone git will write. */
	dir = open(place->common, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || (mkdirat(dir, WORKTREES, 0777) < 0 && errno != EEXIST)) {
		folder->has_failed = true;
		err_set(&folder->err, ERR_IO,
		    "%.120s: no worktree can be made there: %s: give the gateway the right to write "
		    "in it, or choose another folder for the runner",
		    place->common, strerror(errno));
	}
	if (dir >= 0)
		close(dir);
}

/* The index as it was checked out, with what it knows of the files, so that little is read again.
 */
static bool
index_copy(int admin, const char *to)
{
	int in = openat(admin, "index", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int dir = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int out = openat(dir, "index", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	off_t left = INDEX_MAX;
	ssize_t n = in >= 0 && out >= 0 ? 1 : -1;

	while (n > 0 && left > 0) {
		n = copy_file_range(in, NULL, out, NULL, (size_t)left, 0);
		left -= n > 0 ? n : 0;
	}
	if (n < 0 && in >= 0 && out >= 0 && left == INDEX_MAX) { /* between file systems */
		static const size_t block = 64 * KIB;
		char *bytes = mem_new(block);

		while ((n = read(in, bytes, block)) > 0 && write(out, bytes, (size_t)n) == n)
			;
		mem_free(bytes);
	}
	if (n == 0)
		n = mkdirat(dir, "objects", 0700);
	for (unsigned i = 0; i < 3; i++)
		if ((const int[]){ in, out, dir }[i] >= 0)
			close((const int[]){ in, out, dir }[i]);
	return n == 0;
}

/* What git has made of the worktree: its entry, the commit, the index. */
static void
made_read(void *arg)
{
	struct folder *folder = arg;
	const struct git_place *place = folder->place;
	size_t common_n = strlen(place->common);
	int work = open(folder->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), admin = -1;
	char *line = folder->place->line;
	struct stat st;
	bool ok;

	ok = work >= 0 && git_line_read(work, ".git", line, GIT_PATH) &&
	    strncmp(line, "gitdir: ", 8) == 0 && strncmp(line + 8, place->common, common_n) == 0 &&
	    strncmp(line + 8 + common_n, "/" WORKTREES "/", sizeof WORKTREES + 1) == 0;
	if (ok) {
		snprintf(folder->admin, sizeof folder->admin, "%s", line + 8);
		admin = open(folder->admin, O_PATH | O_DIRECTORY | O_CLOEXEC);
		ok = admin >= 0 &&
		    git_line_read(admin, "HEAD", folder->base, sizeof folder->base) &&
		    folder->base[0] != '\0' && index_copy(admin, folder->git);
	}
	if (!ok)
		err_set(&folder->err, ERR_IO, "%.150s: the worktree cannot be read: %s",
		    folder->work, strerror(errno));
	else if (stat(folder->cwd, &st) < 0 || !S_ISDIR(st.st_mode))
		ok = err_set(&folder->err, ERR_PARAMS,
		    "%.150s is not in the commit that the worktree has: commit it, or name a folder "
		    "that is",
		    place->dir);
	folder->has_failed = !ok;
	if (work >= 0)
		close(work);
	if (admin >= 0)
		close(admin);
}

MUST_CHECK static bool
worktree_make_wait(struct folder *folder, const bool *is_cancelled, struct err *err)
{
	const struct git_place *place = folder->place;
	char *worktrees = path_join(place->common, S(WORKTREES));
	char *git_dir = mem_new(VARIABLE_BYTES);
	const char *args[] = { "worktree", "add", "--quiet", "--detach", folder->work, "HEAD",
		NULL };
	const char *env[] = { git_dir, NULL }, *read[] = { place->own, place->common, NULL },
		   *write[] = { worktrees, folder->own, NULL };
	struct git_run run = { .args = args,
		.env = env,
		.read = read,
		.write = write,
		.timeout_ms = MAKE_MS,
		.is_cancelled = is_cancelled };
	struct buf out;
	bool ok;

	buf_init(&out, NULL, KIB);
	snprintf(git_dir, VARIABLE_BYTES, "GIT_DIR=%s", place->own);
	ok = git_run_wait(folder->loop, &run, &out, err);
	if (!ok && strstr(err->text, "HEAD") != NULL)
		err_set(err, err->kind,
		    "%.120s has no commit that a worktree could begin with: commit something first",
		    place->top);
	else if (!ok)
		err_prefix(err, "a worktree of %.100s", place->top);
	buf_fini(&out);
	mem_free(git_dir);
	mem_free(worktrees);
	if (!ok)
		return false;
	helper_run_wait(folder->loop, LOOK_HELPER, made_read, folder);
	if (folder->has_failed)
		*err = folder->err;
	return !folder->has_failed;
}

bool
folder_make_wait(struct folder *folder, const bool *is_cancelled, struct err *err)
{
	helper_run_wait(folder->loop, LOOK_HELPER, make_work, folder);
	if (folder->has_failed) {
		*err = folder->err;
		return false;
	}
	return folder->kind != FOLDER_WORKTREE || worktree_make_wait(folder, is_cancelled, err);
}

/* ---- the diff -------------------------------------------------------------------------------- */

enum {
	VARIABLE_DIR,
	VARIABLE_COMMON,
	VARIABLE_WORK,
	VARIABLE_INDEX,
	VARIABLE_OBJECTS,
	VARIABLE_ALTERNATES,
	VARIABLES_N
};

static void
variables_put(const struct folder *folder, char *texts[VARIABLES_N])
{
	const struct git_place *place = folder->place;

	for (unsigned i = 0; i < VARIABLES_N; i++)
		texts[i] = mem_new(VARIABLE_BYTES);
	snprintf(texts[VARIABLE_DIR], VARIABLE_BYTES, "GIT_DIR=%s", folder->admin);
	snprintf(texts[VARIABLE_COMMON], VARIABLE_BYTES, "GIT_COMMON_DIR=%s", place->common);
	snprintf(texts[VARIABLE_WORK], VARIABLE_BYTES, "GIT_WORK_TREE=%s", folder->work);
	snprintf(texts[VARIABLE_INDEX], VARIABLE_BYTES, "GIT_INDEX_FILE=%s/index", folder->git);
	snprintf(texts[VARIABLE_OBJECTS], VARIABLE_BYTES, "GIT_OBJECT_DIRECTORY=%s/objects",
	    folder->git);
	snprintf(texts[VARIABLE_ALTERNATES], VARIABLE_BYTES,
	    "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s/objects", place->common);
}

/* Nothing that lies in the worktree (its .git too) says which repository is read, or how. */
bool
folder_diff_wait(struct folder *folder, struct buf *out, struct err *err)
{
	static const char *const add[] = { "-c", "core.bigFileThreshold=4m", "add", "-A", "-N",
		"--ignore-errors", ".", NULL };
	const char *diff[] = { "-c", "core.bigFileThreshold=4m", "diff", "--no-color",
		"--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--src-prefix=a/",
		"--dst-prefix=b/", folder->base, "--", NULL };
	const char *read[] = { folder->place->common, folder->work, NULL };
	const char *write[] = { folder->git, NULL };
	char *texts[VARIABLES_N + 1] = { NULL };
	struct git_run run = { .args = add,
		.env = (const char *const *)texts,
		.read = read,
		.write = write,
		.timeout_ms = DIFF_MS };
	struct buf said;
	bool ok;

	variables_put(folder, texts);
	buf_init(&said, NULL, 4 * KIB);
	/* What could not be added is not in the diff; git complains of it by its status only. */
	ok = git_run_wait(folder->loop, &run, &said, err) || err->kind == ERR_IO;
	buf_fini(&said);
	run.args = diff;
	ok = ok && git_run_wait(folder->loop, &run, out, err);
	for (unsigned i = 0; i < VARIABLES_N; i++)
		mem_free(texts[i]);
	return ok;
}

/* ---- removing -------------------------------------------------------------------------------- */

/* Is that entry of the repository for a worktree in the folder `own`? */
static bool
entry_is_ours(int worktrees, const char *name, const char *own, char *line)
{
	int entry = openat(worktrees, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	size_t n = strlen(own);
	bool is;

	if (entry < 0)
		return false;
	is = git_line_read(entry, "gitdir", line, GIT_PATH) && strncmp(line, own, n) == 0 &&
	    strcmp(line + n, "/work/.git") == 0;
	close(entry);
	return is;
}

/* As `git worktree remove` does it, which wants a worktree that nobody has touched. */
static bool
entry_forget(const char *common, const char *own, struct err *err)
{
	char *path = path_join(common, S(WORKTREES)), *line = mem_new(GIT_PATH), *entry_path;
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool ok = true;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || !entry_is_ours(dirfd(dir), entry->d_name, own, line))
			continue;
		entry_path = path_join(path, slice_of(entry->d_name));
		ok = tree_remove(entry_path, NULL, err);
		mem_free(entry_path);
		break;
	}
	if (dir != NULL)
		closedir(dir);
	/* `worktrees` itself stays, also where ours was the only one: another run may be about to
	 * use it.
	 */
	mem_free(line);
	mem_free(path);
	return ok;
}

/* The folder as the repository has it: without links. */
static char *
real_dup(const char *own)
{
	char *real = realpath(own, NULL), *copy = path_dup(real != NULL ? real : own);

	free(real);
	return copy;
}

static bool
remove_all(const char *own, const char *common, const char *keep, struct err *err)
{
	char *real = real_dup(own);
	bool ok = tree_remove(own, keep, err);

	if (common[0] != '\0')
		ok = entry_forget(common, real, err) && ok;
	mem_free(real);
	return ok;
}

static void
remove_work(void *arg)
{
	struct folder *folder = arg;
	const char *common = folder->kind == FOLDER_WORKTREE ? folder->place->common : "";

	folder->has_failed = !remove_all(folder->own, common, FOLDER_OUTPUT, &folder->err);
}

bool
folder_remove_wait(struct folder *folder, struct err *err)
{
	if (!folder->is_made)
		return true;
	helper_run_wait(folder->loop, REMOVE_HELPER, remove_work, folder);
	folder->is_made = folder->has_failed;
	if (folder->has_failed)
		*err = folder->err;
	return !folder->has_failed;
}

bool
folder_reap(const char *own, const char *repo, bool keep_output, struct err *err)
{
	struct git_place *place = MEM_NEW(struct git_place);
	const char *common = "";
	struct err none;
	bool ok;

	/* A repository that is not there any more has no entry of ours either. */
	if (repo[0] != '\0' && git_place_find(repo, place, &none))
		common = place->common;
	ok = remove_all(own, common, keep_output ? FOLDER_OUTPUT : NULL, err);
	mem_free(place);
	return ok;
}

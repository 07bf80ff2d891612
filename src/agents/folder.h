/*
 * folder: where a run works, made before it and removed after it.  Private to agents/.
 *
 * <runs_dir>/<id> is the run's own: `work` (empty, or a worktree), `tmp` (its TMPDIR), `git` (index
 * and objects for the diff) and `output`, which alone stays.  Shared folders are not touched.
 */
#ifndef AGENTS_FOLDER_H
#define AGENTS_FOLDER_H

#include "agents/git.h"
#include "base/base.h"
#include "config/config.h"
#include "run/run.h"

#define FOLDER_OUTPUT	  "output"
#define FOLDER_DIFF_BYTES (1 * MIB)

struct folder {
	struct loop *loop;
	enum config_folder kind;
	char *runs_dir, *own, *work, *tmp, *git, *output; /* paths, absolute */
	char *cwd;		 /* where the program is started; "" before folder_look_wait() */
	struct git_place *place; /* not of FOLDER_TMP */
	char admin[GIT_PATH];	 /* of the worktree, in place->common; "" before it is made */
	char base[65];		 /* the commit it began with */
	bool is_callers;	 /* the caller named where; before folder_look_wait() */
	bool is_made;		 /* something of it may be there */
	bool has_failed;	 /* on the helper; err says why */
	struct err err;
};

void folder_init(struct folder *folder, struct loop *loop, enum config_folder kind,
    const char *runs_dir, struct slice id);
void folder_fini(struct folder *folder);
/* Finds out where it will work, makes nothing.  dir "": nobody named one.  ERR_PARAMS. */
MUST_CHECK bool folder_look_wait(struct folder *folder, const char *dir, struct err *err);
/* ERR_CANCELLED, ERR_IO, ERR_UNAVAILABLE; what was made by then is for folder_remove_wait(). */
MUST_CHECK bool folder_make_wait(struct folder *folder, const bool *is_cancelled, struct err *err);
/* What differs from the commit that the worktree began with, as a patch; cut: out->overflow. */
MUST_CHECK bool folder_diff_wait(struct folder *folder, struct buf *out, struct err *err);
/* All but the output.  Not cut short. */
MUST_CHECK bool folder_remove_wait(struct folder *folder, struct err *err);

/* For helper threads: the same for what another process left.  repo: as folder->place->top.
 * keep_output: it stays, and with it the folder. */
MUST_CHECK bool folder_reap(const char *own, const char *repo, bool keep_output, struct err *err);

#endif

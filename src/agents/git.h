/*
 * git: the program git, run for the folders of runs.  Private to agents/.
 *
 * Each git is itself kept apart: what it works on may have been written by an agent.  It sees the
 * system and what is listed, has no network, and of its configuration only the repository's.
 */
#ifndef AGENTS_GIT_H
#define AGENTS_GIT_H

#include "base/base.h"
#include "run/run.h"

struct git_run {
	const char *const *args;		/* behind `git`; NULL-ended */
	const char *const *env;			/* more variables; NULL-ended, or NULL */
	const char *const *read, *const *write; /* what it sees; NULL-ended, or NULL */
	uint64_t timeout_ms;
	const bool *is_cancelled; /* may be NULL; whoever sets it wakes the task */
};
/*
 * True: it exited with 0, and what it printed is in out; or it printed more than fits, was ended
 * therefore, and out->overflow is set.  ERR_UNAVAILABLE: there is no git; ERR_CANCELLED,
 * ERR_DEADLINE; ERR_IO: what it complained of.
 */
MUST_CHECK bool
git_run_wait(struct loop *loop, const struct git_run *run, struct buf *out, struct err *err);

#define GIT_PATH 4096

/* Where a directory belongs to; absolute, without links.  Large: for the heap. */
struct git_place {
	char dir[GIT_PATH];    /* it itself */
	char top[GIT_PATH];    /* of its checkout; a bare repository: the repository */
	char own[GIT_PATH];    /* git directory of the checkout */
	char common[GIT_PATH]; /* git directory of the repository */
	char line[GIT_PATH], path[GIT_PATH]; /* for the look */
};
/* For helper threads.  ERR_PARAMS: there is no such directory, or it is in no repository. */
MUST_CHECK bool git_place_find(const char *dir, struct git_place *out, struct err *err);
/* The first line of a small file, without its end. */
bool git_line_read(int dir, const char *path, char *line, size_t max);

#endif

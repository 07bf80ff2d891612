/*
 * job: one run from its folder to its end.
 *
 * job_run_wait() is a straight line: the folder is made (tmp, git worktree, shared), the output
 * file opened, the program started through the keeper with its isolation, the dialogue fed, time
 * watched, the tree of processes ended, what was changed gathered, the folder removed.  Whatever
 * fails on the way, everything that was made is removed.  Nothing is shared between two jobs.
 * Private to agents/.
 */
#ifndef AGENTS_JOB_H
#define AGENTS_JOB_H

#include "agents/dialogue.h"
#include "agents/record.h"
#include "base/base.h"
#include "config/config.h"
#include "run/run.h"

struct job;

struct job_events {
	/* In its own file or not: what people may see while it works (unescaped UTF-8, a part). */
	void (*progress)(void *owner, struct slice text);
	/* As dialogue_events.permission; answered by job_answer(). */
	void (*permission)(void *owner, uint64_t number, struct slice title, struct slice detail,
	    const struct dialogue_choice *choices, size_t choices_n);
	/* The program runs: what isolates it is known (job_isolation). */
	void (*started)(void *owner);
};

/* A value that a placeholder {name} of the command or stdin takes; {name|default} where it has
 * none.  {task}, {cwd}, {run_id} are there always. */
struct job_value {
	struct slice name, value;
};

struct job_spec {
	struct loop *loop;
	const struct config_runner *runner; /* borrowed: its settings outlive the job */
	struct slice id, instance;
	struct slice task;
	struct slice
	    cwd; /* that the caller named, absolute and checked; SLICE_NONE: the runner's */
	const struct job_value *values;
	size_t values_n;
	const char *runs_dir; /* of this instance: <slot>/runs; the job's own is <runs_dir>/<id> */
	uint64_t keep_bytes, tail_bytes; /* agents.output */
	unsigned depth; /* how many gateways started each other already; the child gets depth + 1 */
	struct memory *memory;
	const struct job_events *events;
	void *owner;
};

/* How it ended.  Slices are the job's, until job_free(). */
struct job_outcome {
	enum run_state state; /* COMPLETED, FAILED, CANCELLED, TIMEOUT */
	struct err why;	      /* of what is not COMPLETED */
	int exit_code;	      /* -1: it never ran; 128+n: by signal n */
	struct slice text;    /* the final text, whole */
	struct slice diff;    /* worktree: git diff against where it began; cut at 1 MiB */
	struct slice tail;    /* the end of its stdout and stderr */
	struct dialogue_usage usage;
	struct slice session;
	uint64_t output_bytes;
	bool is_truncated; /* of output, the file holds head and end only */
};

/* Copies what spec holds but for runner, events, loop, memory. */
struct job *job_new(const struct job_spec *spec);
/* Not while job_run_wait() is under way. */
void job_free(struct job **job);
/* In a task of its own. Comes back only when the process tree is gone and the folder removed. */
void job_run_wait(struct job *job, struct job_outcome *out);
/* Ends it: TERM, after the runner's grace KILL of the whole tree (acp: its own cancel first). */
void job_cancel(struct job *job);
void job_answer(struct job *job, uint64_t number, size_t choice);
/* The file that gets its output (absolute; it stays), and how many bytes are in it now. */
const char *job_output_path(const struct job *job);
uint64_t job_output_bytes(const struct job *job);
/* Words in force; "" before it was started. */
const char *job_isolation(const struct job *job);
/* Its own folder, <runs_dir>/<id>, absolute: for job_reap() should this process die. */
const char *job_folder(const struct job *job);
/* worktree: of which repository, once it is known; else "" */
const char *job_repo(const struct job *job);
pid_t job_pid(const struct job *job); /* 0: not running */

/*
 * What a gateway that died left: the folder of a run, but for its output, and its worktree entry
 * are removed.  For helper threads; must hold the lock of that instance's slot.  False: err names
 * what stays.
 */
MUST_CHECK bool job_reap(struct slice folder, struct slice repo, struct err *err);
/* A run that is forgotten: its folder with the output.  For helper threads. */
MUST_CHECK bool job_erase(struct slice folder, struct err *err);
/* Is that directory in a git repository?  The top of the checkout, without links, in the arena;
 * false: no, err says it. */
MUST_CHECK bool job_repo_of_wait(
    struct loop *loop, struct arena *arena, struct slice dir, struct slice *top, struct err *err);

#endif

/*
 * process_tree: who descends from whom, read from /proc, and signals that cannot hit a stranger.
 *
 * Used by the keeper (its children and what they left behind) and by the gateway (what falls to it
 * when a keeper dies).  Works for a "root", the calling process, which is a subreaper: every
 * descendant has a chain of parents that ends in it.  Private to run/.
 */
#ifndef RUN_PROCESS_TREE_H
#define RUN_PROCESS_TREE_H

#include <sys/types.h>

#include "base/base.h"

struct process {
	pid_t pid, ppid, session;
	unsigned threads;
	uint64_t start_ticks; /* since boot: pid and start_ticks together name a process */
	void *owner;	      /* by processes_own(); NULL: not a descendant, or nobody's */
};

/* A look at all processes, sorted by pid.  Zero-initialise; may be filled again and again. */
struct processes {
	struct process *all;
	size_t n, cap;
};

enum process_sent {
	PROCESS_SENT,
	PROCESS_GONE,  /* gone, or no longer where it was seen: look again */
	PROCESS_DENIED /* another user's: it cannot be signalled */
};

/* One process as /proc shows it now; false: there is none (or /proc is not there). */
MUST_CHECK bool process_read(pid_t pid, struct process *out);
/* What it holds of memory that is its own or shared with its like (anonymous, tmpfs), in bytes; 0
 * where it is gone. */
uint64_t process_memory(pid_t pid);
/* Value of a variable in the environment that pid was executed with (first 256 KiB of it). */
bool process_env(pid_t pid, const char *name, char *value, size_t n);
/* Signals exactly the process that was seen, if it still descends from root as it did then. */
enum process_sent process_signal(const struct process *process, pid_t root, int signo);

/* Looks again, a few times, while the parent of one that was seen is missing: it ended meanwhile.
 */
MUST_CHECK bool processes_scan(struct processes *list, struct err *err);
void processes_fini(struct processes *list);
bool processes_has(const struct processes *list, const struct process *process);
/* The owner that it had in an earlier look; NULL: none, or it was not there. */
const void *processes_owner(const struct processes *list, const struct process *process);
/*
 * Gives every process an owner: a child of root the one that owner_of() names (NULL: nobody), any
 * other one the owner of its parent.
 */
void processes_own(struct processes *list, pid_t root,
    void *(*owner_of)(void *ctx, const struct process *child_of_root), void *ctx);

#endif

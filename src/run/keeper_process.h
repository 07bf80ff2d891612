/*
 * keeper_process: the keeper as the gateway sees it, a process to fork, execute, end, and survive.
 * Private to run/; knows neither loop nor messages.
 */
#ifndef RUN_KEEPER_PROCESS_H
#define RUN_KEEPER_PROCESS_H

#include <sys/types.h>

#include "base/base.h"
#include "run/run.h"

/* When a process began: clock ticks since boot, and within one tick the order of pids. */
struct birth {
	uint64_t ticks;
	pid_t pid;
};

struct keeper {
	pid_t pid;
	int socket; /* does not block */
	struct birth birth;
};

/* A new keeper by executing /proc/self/exe: for gateways that are no longer small. */
struct keeper *keeper_execute(struct err *err);

/* Ends a keeper that is dead or no good, at once, and reaps it; what lived below it falls to us. */
void keeper_bury(struct keeper **keeper);

/*
 * What falls to the gateway when a keeper has died: all its descendants.  One call looks, kills and
 * reaps once; true: somebody was left, call again a little later.  `current` (may be NULL) and what
 * descends from it is spared, and so is what was there before `since`, the birth of the first
 * keeper.
 */
bool keeper_fallen_sweep(const struct keeper *current, const struct birth *since);

#endif

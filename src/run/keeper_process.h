/*
 * keeper_process: the keeper as the gateway sees it, a process to fork, execute, end, and survive.
 * Private to run/; knows neither loop nor messages.
 */
#ifndef RUN_KEEPER_PROCESS_H
#define RUN_KEEPER_PROCESS_H

#include <sys/types.h>

#include "base/base.h"
#include "run/run.h"

struct keeper {
	pid_t pid;
	int socket;			/* does not block */
	uint64_t start_ticks;		/* when it began; 0: unknown */
};

/* A new keeper by executing /proc/self/exe: for gateways that are no longer small. */
struct keeper *keeper_execute(struct err *err);

/* Ends a keeper that is dead or no good, at once, and reaps it; what lived below it falls to us. */
void	keeper_bury(struct keeper **keeper);

/*
 * What falls to the gateway when a keeper has died: all its descendants.  One call looks, kills and
 * reaps once; true: somebody was left, call again a little later.  `current` (may be NULL) and what
 * descends from it is spared, and so is what was there before since_ticks, the start of the first
 * keeper.
 */
bool	keeper_fallen_sweep(const struct keeper *current, uint64_t since_ticks);

#endif

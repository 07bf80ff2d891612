/*
 * launch: what the keeper is asked for when a run's program is started: environment, isolation.
 * Private to agents/.
 */
#ifndef AGENTS_LAUNCH_H
#define AGENTS_LAUNCH_H

#include "agents/folder.h"

#define LAUNCH_DEPTH "BASCULE_DEPTH" /* how many gateways started each other */
#define LAUNCH_ID    "BASCULE_RUN_ID"

struct launch {
	const struct config_runner *runner;
	const struct folder *folder; /* made */
	const char *runs_dir;
	struct slice id;
	unsigned depth; /* of this gateway */
	const char *const *argv;
};
/* Everything of out is in the arena, or argv.  ERR_LIMIT. */
MUST_CHECK bool launch_spec(
    struct arena *arena, const struct launch *launch, struct child_spec *out, struct err *err);

#endif

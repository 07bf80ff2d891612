/*
 * agents: runs of agent programs as tools (docs/agents.md).
 *
 * struct agents is the supervisor: the runs of this process, their queue and their record.  It
 * lives as long as the process; the provider that offers the tools is made anew with each
 * configuration and speaks to it.
 */
#ifndef AGENTS_AGENTS_H
#define AGENTS_AGENTS_H

#include "gateway/gateway.h"

struct agents;

/* The provider of the `agents:` section; one of the natives of hub_new(). */
extern const struct provider_kind agents_kind;

/*
 * In a task, before hub_new(): opens the record in the instance's directory (slot_dir), takes over
 * the finished runs of it and of slots nobody holds, marks what was not over as lost and removes
 * what it left.  ERR_IO, ERR_CONFIG.
 */
MUST_CHECK bool agents_open_wait(struct loop *loop, const struct config *config,
    const char *slot_dir, struct agents **out, struct err *err);
/* Calls wait until their run is over, where they do not say for how long: for a command, whose runs
 * end with it. */
void agents_be_patient(struct agents *agents);
/* Ends every run (CANCELLED) and waits for it; the hub is gone already. */
void agents_close_wait(struct agents **agents);
/* The supervisor of a hub; given by hub_set_agents() right after hub_new(), before anything passes.
 */

/* ---- for the control socket, metrics and health (admin/) ------------------------------------- */

/* Raw JSON objects as maf_list, maf_status and maf_result give them, whoever the caller was.  id:
 * whole, or a unique beginning of one.  ERR_PARAMS: no such run, or several. */
void agents_print_list(struct agents *agents, struct buf *out);
MUST_CHECK bool
agents_print_run(struct agents *agents, struct slice id, struct buf *out, struct err *err);
MUST_CHECK bool agents_cancel(struct agents *agents, struct slice id, struct err *err);
/*
 * Output of a run from a byte on, at most max bytes, read on a helper thread.  *total: how much
 * there is now; *is_over: and there will be no more.
 */
MUST_CHECK bool agents_read_output_wait(struct agents *agents, struct slice id, uint64_t from,
    size_t max, struct buf *out, uint64_t *total, bool *is_over, struct err *err);
unsigned agents_running(const struct agents *agents);
unsigned agents_queued(const struct agents *agents);
/* What changes with time alone among the maf_* of docs/metrics.md: before metrics_print(). */
void agents_look(const struct agents *agents);

#endif

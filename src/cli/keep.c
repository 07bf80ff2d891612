/*
 * What a process keeps in its own directory of the state while it runs: the audit, what was used of
 * budgets, and the runs of agents with the socket by which they are looked after.  The directory is
 * taken before all of them and given back after them; without it the audit says what that means,
 * budgets are forgotten with the process, and there are no agents.
 */
#include "admin/admin.h"
#include "agents/agents.h"
#include "audit/audit.h"
#include "cli/cli.h"

#define HELPER "state"

struct opening {
	const char *state, *instance;
	struct slot *slot;
	bool ok;
	struct err err;
};

static void
open_run(void *arg)
{
	struct opening *opening = arg;

	opening->ok = slot_open(opening->state, opening->instance, opening->slot, &opening->err);
}

static bool
has_budgets(const struct config *config)
{
	for (size_t i = 0; i < config->guard.limits_n; i++)
		if (config->guard.limits[i].budget_calls.n +
			config->guard.limits[i].budget_bytes.n >
		    0)
			return true;
	return false;
}

/* Without it most things go on: what needs it says so. */
static void
slot_take_wait(struct keep *keep, struct loop *loop, const struct config *config, struct err *why)
{
	struct log *log = loop_log(loop);
	struct opening opening = { .slot = &keep->slot, .instance = log_instance(log) };
	struct arena arena;

	arena_init(&arena, NULL, 64 * KIB);
	opening.state = slice_cstr(&arena, config->state);
	helper_run_wait(loop, HELPER, open_run, &opening);
	arena_fini(&arena);
	if (!opening.ok && has_budgets(config))
		log_event(log, LOG_WARN, "budgets_lost",
		    "budgets of today begin anew, and are not kept: %s", opening.err.text);
	*why = opening.err;
}

static bool
agents_begin_wait(struct keep *keep, struct loop *loop, const struct config *config,
    const struct err *no_slot, struct err *err)
{
	if (!config->agents.is_on)
		return true;
	if (keep->slot.fd < 0)
		return err_set(err, no_slot->kind, "agents: %s", no_slot->text);
	return agents_open_wait(loop, config, keep->slot.dir, &keep->agents, err);
}

bool
keep_begin_wait(struct keep *keep, struct loop *loop, const struct config *config, struct err *err)
{
	struct err no_slot = { 0 };

	*keep = (struct keep){ .slot.fd = -1 };
	keep->has_budgets = has_budgets(config);
	if (keep->has_budgets || config->audit.has_store || config->agents.is_on)
		slot_take_wait(keep, loop, config, &no_slot);
	if (audit_is_wanted(config)) {
		keep->audit = audit_new_wait(loop, config, &keep->slot, err);
		if (keep->audit == NULL)
			return false;
	}
	return agents_begin_wait(keep, loop, config, &no_slot, err);
}

bool
keep_hub_wait(struct keep *keep, struct hub *hub, struct err *err)
{
	struct loop *loop = hub_loop(hub);
	struct err why = { 0 };

	hub_set_audit(hub, keep->audit);
	hub_set_agents(hub, keep->agents);
	/* Runs do not need it: who looks after them by `bascule agents` does. */
	if (keep->agents != NULL)
		keep->control = control_open(loop, keep->agents, keep->slot.dir, &why);
	if (keep->agents != NULL && keep->control == NULL)
		log_event(loop_log(loop), LOG_WARN, "control_failed", "%s", why.text);
	return !keep->has_budgets || keep->slot.fd < 0 ||
	    hub_keep_budgets_wait(hub, keep->slot.dir, err);
}

void
keep_end_wait(struct keep *keep)
{
	control_close_wait(&keep->control);
	agents_close_wait(&keep->agents);
	audit_free_wait(&keep->audit);
	slot_close(&keep->slot);
}

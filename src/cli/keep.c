/*
 * What a process keeps in its own directory of the state while it runs: the audit, and what was
 * used of budgets.  The directory is taken before both and given back after them; without it the
 * audit says what that means, and budgets are forgotten with the process.
 */
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

/* Without it things go on: what needs it says so. */
static void
slot_take_wait(struct keep *keep, struct loop *loop, const struct config *config)
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
}

bool
keep_begin_wait(struct keep *keep, struct loop *loop, const struct config *config, struct err *err)
{
	*keep = (struct keep){ .slot.fd = -1 };
	keep->has_budgets = has_budgets(config);
	if (keep->has_budgets || config->audit.has_store)
		slot_take_wait(keep, loop, config);
	if (!audit_is_wanted(config))
		return true;
	keep->audit = audit_new_wait(loop, config, &keep->slot, err);
	return keep->audit != NULL;
}

bool
keep_hub_wait(struct keep *keep, struct hub *hub, struct err *err)
{
	hub_set_audit(hub, keep->audit);
	return !keep->has_budgets || keep->slot.fd < 0 ||
	    hub_keep_budgets_wait(hub, keep->slot.dir, err);
}

void
keep_end_wait(struct keep *keep)
{
	audit_free_wait(&keep->audit);
	slot_close(&keep->slot);
}

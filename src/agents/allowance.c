/*
 * What one caller may: so many runs in a time (agents.limits.rate), and so much money and so many
 * tokens in a day (agents.limits.cost, .tokens), as the programs say what they used.
 *
 * A run's use is known when it is over, so what runs at that moment may go beyond: by as many runs
 * as agents.limits.per_caller lets a caller have.  Days are UTC's.
 */
#include "agents/supervisor.h"

#define DAY_MS	       86400000ull
#define ALLOWANCES_MAX 1024u

struct allowance {
	struct allowance *next;
	uint64_t hash; /* of caller and tenant */
	double taken;  /* starts that count still, as of at_ms (loop time) */
	uint64_t at_ms;
	uint64_t day; /* since 1970, of what follows */
	uint64_t cost_microusd, tokens;
};

static uint64_t
today(const struct agents *agents)
{
	return loop_unix_ms(agents->loop) / DAY_MS;
}

/* A clock that steps back over midnight does not begin a day anew. */
static bool
is_of_today(const struct agents *agents, uint64_t day)
{
	return day == today(agents) || day == today(agents) + 1;
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint64_t
hash_of(const struct agents *agents, struct slice caller, struct slice tenant)
{
	uint64_t seed = loop_seed(agents->loop);

	return hash_bytes(caller, seed) ^ hash_bytes(tenant, ~seed);
}

static struct allowance *
find(const struct agents *agents, struct slice caller, struct slice tenant)
{
	uint64_t hash = hash_of(agents, caller, tenant);
	struct allowance *found = agents->allowances;

	while (found != NULL && found->hash != hash)
		found = found->next;
	return found;
}

/* Those that are whole again say nothing. */
static void
trim(struct agents *agents)
{
	uint64_t now = loop_now_ms(agents->loop);
	uint64_t window = agents->settings != NULL ? agents_limits(agents)->rate.window_ms : 0;

	for (struct allowance **at = &agents->allowances; *at != NULL;) {
		struct allowance *a = *at;
		bool is_spent =
		    is_of_today(agents, a->day) && (a->cost_microusd > 0 || a->tokens > 0);

		if (is_spent || now - a->at_ms < window) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		agents->allowances_n--;
		mem_free(a);
	}
}

/* NULL: there are too many callers. */
static struct allowance *
allowance_of(struct agents *agents, struct slice caller, struct slice tenant)
{
	struct allowance *a = find(agents, caller, tenant);

	if (a != NULL)
		return a;
	if (agents->allowances_n >= ALLOWANCES_MAX)
		trim(agents);
	if (agents->allowances_n >= ALLOWANCES_MAX)
		return NULL;
	a = MEM_NEW(struct allowance);
	a->hash = hash_of(agents, caller, tenant);
	a->at_ms = loop_now_ms(agents->loop);
	a->next = agents->allowances;
	agents->allowances = a;
	agents->allowances_n++;
	return a;
}

void
allowances_free(struct agents *agents)
{
	while (agents->allowances != NULL) {
		struct allowance *gone = agents->allowances;

		agents->allowances = gone->next;
		mem_free(gone);
	}
	agents->allowances_n = 0;
}

/* ---- starts ---------------------------------------------------------------------------------- */

bool
rate_take(struct agents *agents, const struct caller *caller, struct err *err)
{
	const struct config_rate *limit = &agents_limits(agents)->rate;
	uint64_t now = loop_now_ms(agents->loop);
	struct allowance *a;
	double per_ms;

	if (limit->n == 0 || limit->window_ms == 0)
		return true;
	per_ms = (double)limit->n / (double)limit->window_ms;
	a = allowance_of(agents, caller->principal, caller->tenant);
	if (a == NULL)
		return err_set(err, ERR_LIMIT, "too many callers start runs: try again later");
	a->taken -= (double)(now - a->at_ms) * per_ms;
	a->at_ms = now;
	if (a->taken < 0.0)
		a->taken = 0.0;
	if (a->taken + 1.0 <= (double)limit->n) {
		a->taken += 1.0;
		return true;
	}
	return err_set(err, ERR_LIMIT,
	    "agents.limits.rate: %llu runs may be started in %llu s: try again in %.0f s",
	    (unsigned long long)limit->n, (unsigned long long)(limit->window_ms / 1000),
	    (a->taken + 1.0 - (double)limit->n) / per_ms / 1000.0 + 1.0);
}

/* ---- money and tokens ------------------------------------------------------------------------ */

bool
budget_has_room(
    const struct agents *agents, struct slice caller, struct slice tenant, struct err *err)
{
	const struct config_agents *limits = agents_limits(agents);
	const struct allowance *a = find(agents, caller, tenant);

	if (a == NULL || !is_of_today(agents, a->day))
		return true;
	if (limits->cost.n > 0 && a->cost_microusd >= limits->cost.n)
		return err_set(err, ERR_LIMIT,
		    "agents.limits.cost: %.*s is used up (%llu.%02llu USD today): runs start again "
		    "at 00:00 UTC",
		    SLICE_FMT(limits->cost.text), (unsigned long long)(a->cost_microusd / 1000000),
		    (unsigned long long)(a->cost_microusd % 1000000 / 10000));
	if (limits->tokens.n > 0 && a->tokens >= limits->tokens.n)
		return err_set(err, ERR_LIMIT,
		    "agents.limits.tokens: %.*s is used up (%llu today): runs start again at 00:00 "
		    "UTC",
		    SLICE_FMT(limits->tokens.text), (unsigned long long)a->tokens);
	return true;
}

void
budget_spend(const struct run *run)
{
	const struct dialogue_usage *used = &run->usage;
	uint64_t day = run->ended_ms / DAY_MS;
	struct allowance *a;

	if (!is_of_today(run->agents, day) ||
	    (used->cost_microusd == 0 && used->tokens_in == 0 && used->tokens_out == 0))
		return;
	a = allowance_of(run->agents, run->caller, run->tenant);
	if (a == NULL)
		return;
	if (!is_of_today(run->agents, a->day)) {
		a->day = day;
		a->cost_microusd = a->tokens = 0;
	}
	a->cost_microusd = add_saturated(a->cost_microusd, used->cost_microusd);
	a->tokens = add_saturated(a->tokens, add_saturated(used->tokens_in, used->tokens_out));
}

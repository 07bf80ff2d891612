/*
 * The gate of a site: how many requests at once, how many a second, and whether any at all (circuit
 * breaker: after so many 429, 503 or lost connections in a row none for a while, then one to try).
 */
#include "atlassian/site.h"

struct waiting {
	struct waiting *next;
	struct task *task;
	bool is_let_in;
};

struct gate {
	struct loop *loop;
	const struct config_site *config;
	unsigned inside;
	struct waiting *first, **end;
	double tokens;
	uint64_t filled_ms;
	uint64_t failures, open_until_ms;
	bool is_probing;
};

struct gate *
gate_new(struct loop *loop, const struct config_site *config)
{
	struct gate *gate = MEM_NEW(struct gate);

	gate->loop = loop;
	gate->config = config;
	gate->end = &gate->first;
	gate->tokens = (double)config->per_second;
	gate->filled_ms = loop_now_ms(loop);
	return gate;
}

void
gate_free(struct gate **gate)
{
	must(*gate == NULL || ((*gate)->inside == 0 && (*gate)->first == NULL));
	mem_free(*gate);
	*gate = NULL;
}

bool
gate_is_open(const struct gate *gate, uint64_t *until_ms)
{
	*until_ms = gate->open_until_ms;
	return gate->open_until_ms > loop_now_ms(gate->loop);
}

/* ---- the breaker ----------------------------------------------------------------------------- */

static bool
breaker_enter(struct gate *gate, struct err *err)
{
	uint64_t now = loop_now_ms(gate->loop);

	if (gate->config->breaker_threshold == 0 || gate->open_until_ms == 0)
		return true;
	if (now >= gate->open_until_ms && !gate->is_probing) {
		gate->is_probing = true;
		return true;
	}
	return err_set(err, ERR_UNAVAILABLE,
	    "%.*s: not asked after %llu failures in a row; next try in %llu s",
	    SLICE_FMT(gate->config->provider), (unsigned long long)gate->failures,
	    (unsigned long long)(now < gate->open_until_ms
		    ? (gate->open_until_ms - now + 999) / 1000
		    : 1));
}

static void
breaker_leave(struct gate *gate, int status)
{
	bool is_bad = status == 0 || status == 429 || status == 503;

	gate->is_probing = false;
	if (status == GATE_UNJUDGED)
		return;
	if (!is_bad) {
		gate->failures = 0;
		gate->open_until_ms = 0;
		return;
	}
	gate->failures++;
	if (gate->config->breaker_threshold > 0 &&
	    gate->failures >= gate->config->breaker_threshold)
		gate->open_until_ms = loop_now_ms(gate->loop) + gate->config->breaker_cooldown_ms;
}

/* ---- how many at once ------------------------------------------------------------------------ */

static void
leave_queue(struct gate *gate, struct waiting *waiting)
{
	struct waiting **at = &gate->first;

	while (*at != NULL && *at != waiting)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = waiting->next;
	if (gate->end == &waiting->next)
		gate->end = at;
}

static void
let_in(struct gate *gate)
{
	struct waiting *first = gate->first;

	if (first == NULL || gate->inside >= gate->config->concurrent)
		return;
	leave_queue(gate, first);
	first->is_let_in = true;
	gate->inside++;
	task_wake(first->task);
}

static bool
place_wait(struct gate *gate, struct err *err)
{
	struct waiting self = { .task = task_self(gate->loop) };

	if (gate->config->concurrent == 0 ||
	    (gate->inside < gate->config->concurrent && gate->first == NULL)) {
		gate->inside++;
		return true;
	}
	*gate->end = &self;
	gate->end = &self.next;
	while (!self.is_let_in) {
		if (task_park_wait(gate->loop, err))
			continue;
		if (self.is_let_in) {
			gate->inside--;
			let_in(gate);
		} else {
			leave_queue(gate, &self);
		}
		return false;
	}
	return true;
}

/*
 * A bucket that holds one second's worth.  Who comes when it is empty takes the next token before
 * it is there and waits for it: none overtakes.  Who is cut gives it back.
 */
static bool
token_wait(struct gate *gate, struct err *err)
{
	double rate = (double)gate->config->per_second;
	uint64_t now = loop_now_ms(gate->loop);

	if (gate->config->per_second == 0)
		return true;
	gate->tokens += rate * (double)(now - gate->filled_ms) / 1000;
	gate->tokens = gate->tokens > rate ? rate : gate->tokens;
	gate->filled_ms = now;
	gate->tokens -= 1;
	if (gate->tokens >= 0 ||
	    task_sleep_wait(gate->loop, (uint64_t)(-gate->tokens * 1000 / rate) + 1, err))
		return true;
	gate->tokens += 1;
	return false;
}

bool
gate_enter_wait(struct gate *gate, struct err *err)
{
	if (!place_wait(gate, err))
		return false;
	if (token_wait(gate, err) && breaker_enter(gate, err))
		return true;
	gate->inside--;
	let_in(gate);
	return false;
}

void
gate_leave(struct gate *gate, int status)
{
	gate->inside--;
	breaker_leave(gate, status);
	let_in(gate);
}

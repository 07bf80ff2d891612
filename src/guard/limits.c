/*
 * Token buckets, places and budgets.  A bucket of N in W milliseconds holds at most W times what
 * may come at once; each millisecond puts N in, each call takes W out: whole numbers, so that
 * nothing is lost or won by rounding, however the time is cut.  Bytes are taken when they have
 * passed, and may leave a debt, which is paid before the next request.  A day's budget begins at
 * 0:00 UTC.
 */
#include "guard/limits.h"

#include "guard/live.h"

#define DAY_S	     86400
#define DEBT_MOST    (INT64_MIN / 2)
#define UNKNOWN_MS   UINT64_MAX
#define TEXT_MOST(n) ((n) > INT64_MAX ? INT64_MAX : (int64_t)(n))

enum kind { CALLS, BYTES, PLACES, DAY_CALLS, DAY_BYTES, KINDS_N };

static const struct slice keys[KINDS_N] = {
	[CALLS] = S("calls"),
	[BYTES] = S("bytes"),
	[PLACES] = S("concurrent"),
	[DAY_CALLS] = S("budget.calls"),
	[DAY_BYTES] = S("budget.bytes"),
};

struct limit {
	const struct config_limit *config;
	struct config_rate rates[KINDS_N]; /* n 0: not limited */
	struct live_key base, others;
};

/* A counter that a request is looked up in. */
struct found {
	const struct limit *limit;
	enum kind kind;
	struct live_entry *entry;
};

struct limits {
	struct live *live;
	struct limit *all;
	size_t n;
	struct found *found; /* of the request that is looked at */
	size_t found_n;
};

struct guard_hold {
	struct guard_hold *next;
	struct live *live;
	size_t n;
	struct live_entry *places[];
};

/* ---- compiling ------------------------------------------------------------------------------- */

static struct limit
compile(const struct live *live, const struct config_limit *config)
{
	struct live_key base = live_key_add(live_key(live, config->rule), config->per_text);

	return (struct limit){ .config = config,
		.rates = { [CALLS] = config->calls,
		    [BYTES] = config->bytes,
		    [PLACES] = { .n = config->concurrent },
		    [DAY_CALLS] = config->budget_calls,
		    [DAY_BYTES] = config->budget_bytes },
		.base = live_key_add(base, S("one")),
		.others = live_key_add(base, S("others")) };
}

struct limits *
limits_new(const struct config_guard *config, uint64_t seed, const struct limits *before)
{
	struct limits *limits = MEM_NEW(struct limits);

	limits->live = before != NULL ? live_ref(before->live) : live_new(seed, LIVE_MOST);
	limits->n = config->limits_n;
	limits->all = mem_new(sizeof(*limits->all) * (limits->n + 1));
	limits->found = mem_new(sizeof(*limits->found) * (limits->n * KINDS_N + 1));
	for (size_t i = 0; i < limits->n; i++)
		limits->all[i] = compile(limits->live, &config->limits[i]);
	return limits;
}

void
limits_free(struct limits **at)
{
	struct limits *limits = *at;

	*at = NULL;
	if (limits == NULL)
		return;
	live_unref(&limits->live);
	mem_free(limits->all);
	mem_free(limits->found);
	mem_free(limits);
}

struct live *
limits_live(const struct limits *limits)
{
	return limits->live;
}

void
limits_reseed(struct limits *limits, uint64_t seed)
{
	live_reseed(limits->live, seed);
	for (size_t i = 0; i < limits->n; i++)
		limits->all[i] = compile(limits->live, limits->all[i].config);
}

/* ---- which limits are meant ------------------------------------------------------------------ */

static bool
is_meant(const struct config_limit *config, const struct guard_subject *subject)
{
	return slice_fits(config->server, config->server_n, subject->server) &&
	    slice_fits(config->tool, config->tool_n,
		subject->target == GUARD_TOOL ? subject->name : SLICE_NONE) &&
	    slice_fits(config->caller, config->caller_n, subject->caller->principal) &&
	    slice_fits(config->tenant, config->tenant_n, subject->caller->tenant);
}

static struct live_key
key_of(const struct limit *limit, const struct guard_subject *subject)
{
	static const struct slice targets[] = { [GUARD_OTHER] = S("other"),
		[GUARD_TOOL] = S("tool"),
		[GUARD_PROMPT] = S("prompt"),
		[GUARD_RESOURCE] = S("resource") };
	struct live_key key = limit->base;
	unsigned per = limit->config->per;

	if ((per & LIMIT_PER_CALLER) != 0)
		key = live_key_add(key, subject->caller->principal);
	if ((per & (LIMIT_PER_CALLER | LIMIT_PER_TENANT)) != 0)
		key = live_key_add(key, subject->caller->tenant);
	if ((per & (LIMIT_PER_SERVER | LIMIT_PER_TOOL)) != 0)
		key = live_key_add(key, subject->server);
	if ((per & LIMIT_PER_TOOL) != 0)
		key = live_key_add(live_key_add(key, targets[subject->target]), subject->name);
	if ((per & LIMIT_PER_CLIENT) != 0)
		key = live_key_add(key, subject->client);
	return key;
}

/* ---- one counter ----------------------------------------------------------------------------- */

static int64_t
capacity(const struct limit *limit, enum kind kind)
{
	const struct config_rate *rate = &limit->rates[kind];

	return (int64_t)((kind == CALLS ? limit->config->burst : rate->n) * rate->window_ms);
}

static void
refill(struct live_entry *entry, const struct config_rate *rate, int64_t most, uint64_t now_ms)
{
	uint64_t passed = now_ms > entry->at_ms ? now_ms - entry->at_ms : 0;
	int64_t more;

	entry->at_ms = now_ms;
	if (!entry->is_used || __builtin_mul_overflow(passed, rate->n, &more) ||
	    __builtin_add_overflow(entry->level, more, &entry->level) || entry->level > most)
		entry->level = most;
}

/* A clock that steps back over midnight does not give the budget anew; one that was set, does. */
static void
begin_day(struct live_entry *entry, const struct guard_subject *subject)
{
	uint64_t day = (uint64_t)(subject->unix_s > 0 ? subject->unix_s : 0) / DAY_S;

	if (entry->is_used && (day == entry->day || day + 1 == entry->day))
		return;
	entry->day = day;
	entry->level = 0;
}

/* Until the budget begins anew. */
static uint64_t
day_left_ms(const struct live_entry *entry, const struct guard_subject *subject)
{
	uint64_t now_s = (uint64_t)(subject->unix_s > 0 ? subject->unix_s : 0);

	return ((entry->day + 1) * DAY_S - now_s) * 1000;
}

static void
bring_up(const struct found *found, const struct guard_subject *subject)
{
	const struct limit *limit = found->limit;
	struct live_entry *entry = found->entry;

	if (found->kind == CALLS || found->kind == BYTES)
		refill(entry, &limit->rates[found->kind], capacity(limit, found->kind),
		    subject->now_ms);
	else if (found->kind != PLACES)
		begin_day(entry, subject);
	entry->is_used = true;
}

/* In so many milliseconds there is something left; 0: there is. */
static uint64_t
wait_ms(const struct found *found, const struct guard_subject *subject)
{
	const struct config_rate *rate = &found->limit->rates[found->kind];
	const struct live_entry *entry = found->entry;
	int64_t wanted;

	switch (found->kind) {
	case CALLS:
	case BYTES:
		wanted = found->kind == CALLS ? (int64_t)rate->window_ms : 1;
		return entry->level >= wanted
		    ? 0
		    : ((uint64_t)(wanted - entry->level) + rate->n - 1) / rate->n;
	case PLACES:
		return entry->level < TEXT_MOST(rate->n) ? 0 : UNKNOWN_MS;
	default:
		return entry->level < TEXT_MOST(rate->n) ? 0 : day_left_ms(entry, subject);
	}
}

static void
spend(struct live_entry *entry, int64_t n)
{
	if (__builtin_sub_overflow(entry->level, n, &entry->level) || entry->level < DEBT_MOST)
		entry->level = DEBT_MOST;
}

static void
count(const struct found *found, const struct guard_subject *subject)
{
	const struct limit *limit = found->limit;
	const struct config_rate *rate = &limit->rates[found->kind];
	struct live_entry *entry = found->entry;
	int64_t n =
	    found->kind == BYTES || found->kind == DAY_BYTES ? TEXT_MOST(subject->text.n) : 1;

	switch (found->kind) {
	case CALLS:
	case BYTES:
		if (__builtin_mul_overflow(n, (int64_t)rate->window_ms, &n))
			n = INT64_MAX;
		spend(entry, n);
		entry->fresh_ms = subject->now_ms + 1 +
		    (uint64_t)(capacity(limit, found->kind) - entry->level) / rate->n;
		break;
	case PLACES:
		entry->level++;
		entry->pins++;
		break;
	default:
		if (__builtin_add_overflow(entry->level, n, &entry->level))
			entry->level = INT64_MAX;
		entry->fresh_ms = subject->now_ms + day_left_ms(entry, subject);
	}
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Those that a message counts in, of these kinds; they stay until release(). */
static void
look_up(struct limits *limits, const struct guard_subject *subject, unsigned kinds)
{
	limits->found_n = 0;
	for (size_t i = 0; i < limits->n; i++) {
		const struct limit *limit = &limits->all[i];
		struct live_key key;

		if (!is_meant(limit->config, subject))
			continue;
		key = key_of(limit, subject);
		for (enum kind kind = 0; kind < KINDS_N; kind++) {
			struct found *found = &limits->found[limits->found_n];

			if ((kinds & 1u << kind) == 0 || limit->rates[kind].n == 0)
				continue;
			*found = (struct found){ limit, kind,
				live_get(limits->live, live_key_add(key, keys[kind]),
				    live_key_add(limit->others, keys[kind]), subject->now_ms) };
			found->entry->pins++;
			bring_up(found, subject);
			limits->found_n++;
		}
	}
}

static void
release(struct limits *limits)
{
	for (size_t i = 0; i < limits->found_n; i++)
		limits->found[i].entry->pins--;
	limits->found_n = 0;
}

/* The places among them, which guard_done() gives back. */
static struct guard_hold *
hold_new(const struct limits *limits)
{
	struct guard_hold *hold;
	size_t n = 0;

	for (size_t i = 0; i < limits->found_n; i++)
		n += limits->found[i].kind == PLACES;
	if (n == 0)
		return NULL;
	hold = mem_new(sizeof(*hold) + sizeof(hold->places[0]) * n);
	hold->live = live_ref(limits->live);
	for (size_t i = 0; i < limits->found_n; i++)
		if (limits->found[i].kind == PLACES)
			hold->places[hold->n++] = limits->found[i].entry;
	return hold;
}

bool
limits_take(struct limits *limits, const struct guard_subject *subject, struct guard_hold **hold,
    struct limit_reached *reached)
{
	uint64_t longest = 0;

	*hold = NULL;
	*reached = (struct limit_reached){ .limit = NULL };
	if (limits->n == 0)
		return true;
	look_up(limits, subject, ~0u);
	for (size_t i = 0; i < limits->found_n; i++) {
		const struct found *found = &limits->found[i];
		uint64_t ms = wait_ms(found, subject);

		longest = ms > longest ? ms : longest;
		if (ms > 0 && reached->limit == NULL)
			*reached = (struct limit_reached){ .limit = found->limit->config,
				.key = keys[found->kind],
				.value = found->limit->rates[found->kind].text };
	}
	if (reached->limit == NULL) {
		*hold = hold_new(limits);
		for (size_t i = 0; i < limits->found_n; i++)
			count(&limits->found[i], subject);
	}
	release(limits);
	reached->retry_ms = longest == UNKNOWN_MS ? 0 : longest;
	return reached->limit == NULL;
}

void
limits_pay(struct limits *limits, const struct guard_subject *subject)
{
	if (limits->n == 0)
		return;
	look_up(limits, subject, 1u << BYTES | 1u << DAY_BYTES);
	for (size_t i = 0; i < limits->found_n; i++)
		count(&limits->found[i], subject);
	release(limits);
}

/* ---- places ---------------------------------------------------------------------------------- */

void
guard_done(struct guard_hold **at)
{
	struct guard_hold *next;

	for (struct guard_hold *hold = *at; hold != NULL; hold = next) {
		next = hold->next;
		for (size_t i = 0; i < hold->n; i++) {
			hold->places[i]->level--;
			hold->places[i]->pins--;
		}
		live_unref(&hold->live);
		mem_free(hold);
	}
	*at = NULL;
}

void
guard_hold_join(struct guard_hold **hold, struct guard_hold **more)
{
	while (*hold != NULL)
		hold = &(*hold)->next;
	*hold = *more;
	*more = NULL;
}

/*
 * Limits: buckets never give more than they say, whatever the times of the calls; each has what is
 * its own; clocks may jump; the table is bounded and cannot be used to forget; reloads keep what
 * was used; and configurations that limit nothing are errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard/limits.h"
#include "guard/live.h"
#include "guard/stages.h"

#define HEAD "listen: {stdio: true}\nauth: none\nupstreams: [{name: one, command: x}]\nguard:\n"

static struct config *
config_of(const char *rate, struct err *err)
{
	static const char *const no_environ[] = { NULL };
	struct config *config = NULL;
	char yaml[1500];

	snprintf(yaml, sizeof(yaml), HEAD "  rate: %s\n", rate);
	if (!config_parse(slice_of(yaml), "t", "/", no_environ, NULL, &config, err))
		return NULL;
	if (!config_check(config, err))
		config_free(&config);
	return config;
}

/* What is asked, and of whom. */
struct world {
	struct config *config;
	struct limits *limits;
	struct caller caller;
	struct guard_subject subject;
	struct limit_reached reached;
};

static void
world_init(struct world *world, const char *rate)
{
	struct err err = { 0 };

	*world = (struct world){ .config = config_of(rate, &err),
		.caller = { S("ci"), SLICE_NONE, NULL } };
	if (world->config == NULL)
		fail_msg("%s: %s", rate, err.text);
	world->limits = limits_new(&world->config->guard, 42, NULL);
	world->subject = (struct guard_subject){ .caller = &world->caller,
		.client = S("tests"),
		.server = S("one"),
		.method = S("tools/call"),
		.target = GUARD_TOOL,
		.name = S("echo"),
		.text = S("{}"),
		.now_ms = 1000000,
		.unix_s = 1700000000 };
}

static void
world_fini(struct world *world)
{
	limits_free(&world->limits);
	config_free(&world->config);
}

static bool
may(struct world *world)
{
	struct guard_hold *hold;
	bool ok = limits_take(world->limits, &world->subject, &hold, &world->reached);

	guard_done(&hold);
	return ok;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void
test_calls(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "{calls: 3/60s}");
	for (int i = 0; i < 3; i++)
		assert_true(may(&w));
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate")));
	assert_true(slice_eq(w.reached.key, S("calls")));
	assert_true(slice_eq(w.reached.value, S("3/60s")));
	assert_int_equal(w.reached.retry_ms, 20000);
	/* To the millisecond, and what is refused costs nothing. */
	w.subject.now_ms += 19999;
	assert_false(may(&w));
	assert_int_equal(w.reached.retry_ms, 1);
	w.subject.now_ms += 1;
	assert_true(may(&w));
	assert_false(may(&w));
	/* After a long rest there are three, and no more. */
	w.subject.now_ms += 10ULL * 24 * 3600 * 1000;
	for (int i = 0; i < 3; i++)
		assert_true(may(&w));
	assert_false(may(&w));
	world_fini(&w);
}

static uint64_t
random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/*
 * In any window of any length: at most burst + what flows in.  And who asks as often as it can gets
 * all of that but for one.
 */
static void
test_never_more(void **state)
{
	enum { CALLS = 3000 };
	static uint64_t at[CALLS];
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		uint64_t n = 1 + random_next(&seed) % 50, window_ms = 1 + random_next(&seed) % 5000;
		uint64_t burst = 1 + random_next(&seed) % 60, start, passed;
		char rate[100];
		struct world w;
		size_t taken = 0;

		snprintf(rate, sizeof(rate), "{calls: %llu/%llums, burst: %llu}",
		    (unsigned long long)n, (unsigned long long)window_ms,
		    (unsigned long long)burst);
		world_init(&w, rate);
		start = w.subject.now_ms;
		for (unsigned i = 0; i < CALLS; i++) {
			if (may(&w))
				at[taken++] = w.subject.now_ms;
			else
				assert_true(w.reached.retry_ms > 0);
			/* Rests, crowds, and the very moment. */
			switch (random_next(&seed) % 4) {
			case 0:
				w.subject.now_ms += random_next(&seed) % (2 * window_ms);
				break;
			case 1:
				w.subject.now_ms +=
				    w.reached.limit != NULL ? w.reached.retry_ms : 0;
				break;
			default:
				w.subject.now_ms += random_next(&seed) % 3;
			}
		}
		assert_true(taken > 0);
		for (size_t i = 0; i < taken; i++)
			for (size_t k = i; k < taken && k < i + 200; k++)
				assert_true((k - i + 1) * window_ms <=
				    burst * window_ms + (at[k] - at[i]) * n);
		/* Greedy from a full bucket, a millisecond at a time. */
		world_fini(&w);
		world_init(&w, rate);
		for (passed = 0, taken = 0; passed < 2000; passed++) {
			w.subject.now_ms = start + passed;
			while (may(&w))
				taken++;
		}
		assert_true(taken * window_ms <= burst * window_ms + passed * n);
		/* What flows in within a millisecond has room. */
		if (burst * window_ms >= n)
			assert_true((taken + 1) * window_ms > burst * window_ms + (passed - 1) * n);
		world_fini(&w);
	}
}

/* Each has what is its own, and nothing that others do takes it away. */
static void
test_fair(void **state)
{
	static const struct {
		const char *per;
		bool caller, tenant, server, tool, client; /* is a change of it another's? */
	} cases[] = {
		{ "caller", true, true, false, false, false },
		{ "tenant", false, true, false, false, false },
		{ "server", false, false, true, false, false },
		{ "tool", false, false, true, true, false },
		{ "client", false, false, false, false, true },
		{ "all", false, false, false, false, false },
		{ "[caller, tool]", true, true, true, true, false },
		{ "[tenant, client, server]", false, true, true, false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char rate[100];
		struct world w;

		snprintf(rate, sizeof(rate), "{calls: 1/1h, per: %s}", cases[i].per);
		world_init(&w, rate);
		assert_true(may(&w));
		assert_false(may(&w));
		w.caller.principal = S("bob");
		assert_int_equal(may(&w), cases[i].caller);
		w.caller.principal = S("ci");
		w.caller.tenant = S("acme");
		assert_int_equal(may(&w), cases[i].tenant);
		w.caller.tenant = SLICE_NONE;
		w.subject.server = S("two");
		assert_int_equal(may(&w), cases[i].server);
		w.subject.server = S("one");
		w.subject.name = S("other");
		assert_int_equal(may(&w), cases[i].tool);
		w.subject.name = S("echo");
		w.subject.client = S("others");
		assert_int_equal(may(&w), cases[i].client);
		w.subject.client = S("tests");
		assert_false(may(&w));
		world_fini(&w);
	}
}

/* Parts of a key do not run together: "ab" of "c" is not "a" of "bc". */
static void
test_keys_are_apart(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "{calls: 1/1h, per: [caller, server]}");
	w.caller.principal = S("ab");
	w.subject.server = S("c");
	assert_true(may(&w));
	w.caller.principal = S("a");
	w.subject.server = S("bc");
	assert_true(may(&w));
	w.caller.principal = S("abc");
	w.subject.server = S("");
	assert_true(may(&w));
	world_fini(&w);
}

static void
test_match(void **state)
{
	struct world w;

	(void)state;
	world_init(&w,
	    "[{calls: 1/1h, match: {tool: 'del*'}}, {id: bob, calls: 2/1h, "
	    "match: {caller: bob, server: o*}}]");
	for (int i = 0; i < 10; i++)
		assert_true(may(&w));
	w.subject.name = S("delete");
	assert_true(may(&w));
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.0")));
	/* A resource of that name is no tool. */
	w.subject.target = GUARD_RESOURCE;
	assert_true(may(&w));
	w.caller.principal = S("bob");
	assert_true(may(&w));
	assert_true(may(&w));
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.bob")));
	world_fini(&w);
}

/* What one limit refuses, no other counts. */
static void
test_all_or_none(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "[{id: many, calls: 5/1h, per: all}, {id: few, calls: 1/1m}]");
	assert_true(may(&w));
	for (int i = 0; i < 100; i++)
		assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.few")));
	for (int i = 0; i < 4; i++) {
		w.subject.now_ms += 60000;
		assert_true(may(&w));
	}
	/* Both are in the way: the first is named, the time is that of the last. */
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.many")));
	assert_true(w.reached.retry_ms > 60000);
	world_fini(&w);
}

/* ---- bytes, places, budgets ------------------------------------------------------------------ */

static void
test_bytes(void **state)
{
	char text[1000];
	struct world w;

	(void)state;
	memset(text, 'x', sizeof(text));
	world_init(&w, "{bytes: 1000B/10s}");
	w.subject.text = (struct slice){ text, 600 };
	assert_true(may(&w));
	/* The result makes a debt of 600; that is paid at 100 a second. */
	w.subject.text = (struct slice){ text, 1000 };
	limits_pay(w.limits, &w.subject);
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.key, S("bytes")));
	assert_int_equal(w.reached.retry_ms, 6001);
	w.subject.now_ms += w.reached.retry_ms - 1;
	assert_false(may(&w));
	w.subject.now_ms += 1;
	w.subject.text = (struct slice){ text, 1 };
	assert_true(may(&w));
	/* However large: a debt, and no number that turns round. */
	w.subject.text.n = SIZE_MAX / 2;
	limits_pay(w.limits, &w.subject);
	limits_pay(w.limits, &w.subject);
	limits_pay(w.limits, &w.subject);
	w.subject.text.n = 1;
	assert_false(may(&w));
	assert_true(w.reached.retry_ms > 24ULL * 3600 * 1000);
	world_fini(&w);
}

static void
test_places(void **state)
{
	struct guard_hold *holds[3], *more;
	struct limits *after;
	struct world w;

	(void)state;
	world_init(&w, "[{concurrent: 2}, {concurrent: 3, per: all}]");
	assert_true(limits_take(w.limits, &w.subject, &holds[0], &w.reached));
	assert_true(limits_take(w.limits, &w.subject, &holds[1], &w.reached));
	assert_false(limits_take(w.limits, &w.subject, &more, &w.reached));
	assert_null(more);
	assert_true(slice_eq(w.reached.limit->rule, S("rate.0")));
	assert_true(slice_eq(w.reached.key, S("concurrent")));
	assert_int_equal(w.reached.retry_ms, 0);
	w.caller.principal = S("bob");
	assert_true(limits_take(w.limits, &w.subject, &holds[2], &w.reached));
	assert_false(limits_take(w.limits, &w.subject, &more, &w.reached));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.1")));
	guard_done(&holds[0]);
	assert_null(holds[0]);
	guard_done(&holds[0]);
	assert_true(may(&w));
	/* One exchange may hold several; a reload changes nothing for who holds. */
	guard_hold_join(&holds[1], &holds[2]);
	assert_null(holds[2]);
	after = limits_new(&w.config->guard, 1, w.limits);
	limits_free(&w.limits);
	w.limits = after;
	w.caller.principal = S("ci");
	assert_true(limits_take(w.limits, &w.subject, &holds[0], &w.reached));
	assert_false(limits_take(w.limits, &w.subject, &more, &w.reached));
	limits_free(&w.limits);
	guard_done(&holds[1]);
	guard_done(&holds[0]);
	config_free(&w.config);
}

static void
test_budget(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "{budget: {calls: 2/d, bytes: 10B/1d}}");
	w.subject.unix_s = 1700000000; /* 22:13:20 */
	assert_true(may(&w));
	assert_true(may(&w));
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.key, S("budget.calls")));
	assert_int_equal(w.reached.retry_ms, (86400 - 1700000000 % 86400) * 1000);
	/* Midnight. */
	w.subject.unix_s += 86400 - 1700000000 % 86400 - 1;
	assert_false(may(&w));
	w.subject.unix_s += 1;
	assert_true(may(&w));
	w.subject.text = S("0123456789");
	limits_pay(w.limits, &w.subject);
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.key, S("budget.bytes")));
	world_fini(&w);
}

/* Another process, with a seed of its own, so long after. */
static bool
restarted(struct world *next, const struct buf *kept, int64_t later_s)
{
	struct guard guard;
	struct err err = { 0 };
	bool ok;

	world_init(next, "{budget: {calls: 3/d}}");
	limits_free(&next->limits);
	next->limits = limits_new(&next->config->guard, 7, NULL);
	next->subject.unix_s += later_s;
	guard = (struct guard){ .limits = next->limits };
	ok = guard_budgets_load(
	    &guard, buf_view(kept), next->subject.now_ms, next->subject.unix_s, &err);
	assert_true(ok || err.kind == ERR_CONFIG);
	return ok;
}

static void
test_budget_is_kept(void **state)
{
	struct world w, next;
	struct guard guard;
	struct buf kept;

	(void)state;
	buf_init(&kept, NULL, MIB);
	world_init(&w, "{budget: {calls: 3/d}}");
	guard = (struct guard){ .limits = w.limits };
	guard_budgets_put(&guard, &kept);
	assert_int_equal(kept.n, 0);
	assert_true(may(&w));
	assert_true(may(&w));
	guard_budgets_put(&guard, &kept);
	assert_null(memmem(kept.p, kept.n, "ci", 2));
	world_fini(&w);
	assert_true(restarted(&next, &kept, 60));
	assert_true(may(&next));
	assert_false(may(&next));
	next.caller.principal = S("other");
	assert_true(may(&next));
	world_fini(&next);
	/* The day after, and a day that a wrong clock once showed. */
	for (int days = -3; days <= 3; days++) {
		assert_true(restarted(&next, &kept, days * 86400L));
		assert_true(may(&next));
		assert_int_equal(may(&next), days < -1 || days > 0);
		world_fini(&next);
	}
	/* Any other text is refused, and counts for nothing. */
	for (size_t i = 0; i < kept.n; i++) {
		kept.p[i] ^= 1;
		assert_false(restarted(&next, &kept, 60));
		for (int k = 0; k < 3; k++)
			assert_true(may(&next));
		world_fini(&next);
		kept.p[i] ^= 1;
	}
	for (; kept.n > 0; kept.n--) {
		struct buf less = kept;

		less.n--;
		assert_false(restarted(&next, &less, 60));
		world_fini(&next);
	}
	buf_fini(&kept);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static void
test_clocks_jump(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "[{calls: 2/10s}, {id: day, budget: {calls: 5/d}}]");
	assert_true(may(&w));
	assert_true(may(&w));
	/* Back: nothing is won, and nobody waits for the time that was. */
	w.subject.now_ms -= 900000;
	assert_false(may(&w));
	assert_in_range(w.reached.retry_ms, 1, 5000);
	w.subject.now_ms += 5000;
	assert_true(may(&w));
	/* To the end of time and to its beginning: a full bucket at most. */
	w.subject.now_ms = UINT64_MAX - 1;
	assert_true(may(&w));
	w.subject.now_ms = 0;
	assert_true(may(&w));
	assert_false(may(&w));
	/* The day: a step back over midnight is the same day's budget. */
	w.subject.now_ms = 100000;
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.day")));
	w.subject.unix_s += 86400;
	for (int i = 0; i < 5; i++) {
		w.subject.now_ms += 10000;
		assert_true(may(&w));
	}
	w.subject.now_ms += 10000;
	w.subject.unix_s -= 86400;
	assert_false(may(&w));
	assert_in_range(w.reached.retry_ms, 86400000, 2 * 86400000);
	/* One that was set right after years wrong is believed. */
	w.subject.unix_s = 86400;
	assert_true(may(&w));
	w.subject.unix_s = -5;
	assert_true(may(&w));
	world_fini(&w);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void
test_live_is_bounded(void **state)
{
	struct live *live = live_new(3, 100);
	struct live_key others = live_key(live, S("others"));
	struct live_entry *first, *entry;
	char text[20];

	(void)state;
	first = live_get(live, live_key(live, S("first")), others, 0);
	first->fresh_ms = 1000;
	assert_ptr_equal(first, live_get(live, live_key(live, S("first")), others, 0));
	/* Who is not as good as new stays; what is, makes room. */
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		(void)live_get(live, live_key(live, slice_of(text)), others, 10);
		assert_in_range(live_count(live), 1, 100);
	}
	assert_ptr_equal(first, live_get(live, live_key(live, S("first")), others, 10));
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%d", i);
		entry = live_get(live, live_key(live, slice_of(text)), others, 10);
		entry->fresh_ms = 1000;
	}
	/* Full of what must stay: the rest shares one. */
	entry = live_get(live, live_key(live, S("x")), others, 20);
	assert_ptr_equal(entry, live_get(live, live_key(live, S("y")), others, 20));
	assert_ptr_equal(entry, live_get(live, others, others, 20));
	assert_in_range(live_count(live), 100, 101);
	/* And later everyone has one again. */
	first->pins = 1;
	for (int i = 0; i < 50; i++)
		(void)live_get(live, live_key(live, S("x")), others, 2000);
	assert_ptr_not_equal(live_get(live, live_key(live, S("x")), others, 2000),
	    live_get(live, live_key(live, S("y")), others, 2000));
	assert_ptr_equal(first, live_get(live, live_key(live, S("first")), others, 2000));
	live_unref(&live);
}

/* Names without end: those whose bucket is not full again are not forgotten by that. */
static void
test_flood_of_names(void **state)
{
	struct world w;
	char name[20];

	(void)state;
	world_init(&w, "{calls: 1/1h, per: client}");
	assert_true(may(&w));
	for (int i = 0; i < LIVE_MOST + 5000; i++) {
		snprintf(name, sizeof(name), "client-%d", i);
		w.subject.client = slice_of(name);
		(void)may(&w);
	}
	w.subject.client = S("one-more");
	assert_false(may(&w));
	w.subject.client = S("tests");
	assert_false(may(&w));
	/* An hour later all of them are as good as new. */
	w.subject.now_ms += 3600 * 1000 + 1;
	assert_true(may(&w));
	w.subject.client = S("one-more");
	assert_true(may(&w));
	world_fini(&w);
}

static void
test_reload(void **state)
{
	struct err err = { 0 };
	struct config *config;
	struct limits *after;
	struct world w;

	(void)state;
	world_init(&w, "[{id: a, calls: 4/1h}, {id: b, calls: 1/1h, per: tool}]");
	assert_true(may(&w));
	assert_false(may(&w));
	/* In another order, with another number: what was used of each is. */
	config = config_of("[{id: b, calls: 1/1h, per: tool}, {id: a, calls: 2/1h}]", &err);
	assert_non_null(config);
	after = limits_new(&config->guard, 9, w.limits);
	limits_free(&w.limits);
	config_free(&w.config);
	w.limits = after;
	w.config = config;
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.b")));
	w.subject.name = S("other");
	assert_true(may(&w));
	w.subject.name = S("third");
	assert_true(may(&w));
	w.subject.name = S("fourth");
	assert_false(may(&w));
	assert_true(slice_eq(w.reached.limit->rule, S("rate.a")));
	world_fini(&w);
	/* From none to some, and back. */
	world_init(&w, "null");
	assert_true(may(&w));
	config = config_of("{calls: 1/1h}", &err);
	after = limits_new(&config->guard, 9, w.limits);
	limits_free(&w.limits);
	config_free(&w.config);
	w.limits = after;
	w.config = config;
	assert_true(may(&w));
	assert_false(may(&w));
	world_fini(&w);
}

/* ---- configuration --------------------------------------------------------------------------- */

static void
test_errors(void **state)
{
	static const struct {
		const char *rate, *says;
	} cases[] = {
		{ "100/60s", "guard.rate must be a map" },
		{ "{}", "limits nothing" },
		{ "{per: caller}", "limits nothing" },
		{ "{calls: 0/60s}", "0 lets nothing pass" },
		{ "{calls: 100}", "says nothing of time" },
		{ "{calls: 100/0s}", "out of range" },
		{ "{calls: 100/2d}", "out of range" },
		{ "{calls: 2000000000/s}", "out of range" },
		{ "{calls: x/s}", "is no rate" },
		{ "{calls: 1/fortnight}", "is no rate" },
		{ "{calls: -1/s}", "is no rate" },
		{ "{bytes: 100/s}", "has no unit" },
		{ "{bytes: 0B/s}", "0 lets nothing pass" },
		{ "{concurrent: 0}", "between 1 and" },
		{ "{concurrent: 2, burst: 3}", "says none" },
		{ "{calls: 1/s, burst: 0}", "between 1 and" },
		{ "{calls: 1/s, per: everybody}", "has no limits" },
		{ "{calls: 1/s, per: [all, caller]}", "leave out the others" },
		{ "{calls: 1/s, per: []}", "guard.rate.per" },
		{ "{budget: {calls: 10/h}}", "a budget is for a day" },
		{ "{budget: {}}", "limits nothing" },
		{ "{calls: 1/h, budget: {calls: 100/d}}", "never used up" },
		{ "{id: 'a b', calls: 1/s}", "no id: 1 to" },
		{ "[{id: a, calls: 1/s}, {id: a, calls: 2/s}]", "taken by guard.rate[0]" },
		{ "[{id: '1', calls: 1/s}, {calls: 2/s}]", "taken by guard.rate[0]" },
		{ "[x]", "guard.rate[0] must be a map" },
		{ "{calls: 1/s, match: {server: nobody}}", "no server is called \"nobody\"" },
		{ "{call: 1/s}", "did you mean \"calls\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };
		struct config *config = config_of(cases[i].rate, &err);

		if (config != NULL || strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].rate, config != NULL ? "accepted" : err.text);
	}
}

static void
test_forms(void **state)
{
	static const struct {
		const char *rate;
		uint64_t n, window_ms;
	} cases[] = {
		{ "{calls: 100/60s, per: caller}", 100, 60000 },
		{ "{calls: 5/s}", 5, 1000 },
		{ "{calls: 5/m}", 5, 60000 },
		{ "{calls: 5/h}", 5, 3600000 },
		{ "{calls: 5/d}", 5, 86400000 },
		{ "{calls: 7/250ms, burst: 9}", 7, 250 },
		{ "[{calls: 1/1m, match: {server: 'o*', tool: [a, b], tenant: acme}}]", 1, 60000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };
		struct config *config = config_of(cases[i].rate, &err);

		if (config == NULL)
			fail_msg("%s: %s", cases[i].rate, err.text);
		assert_int_equal(config->guard.limits_n, 1);
		assert_int_equal(config->guard.limits[0].calls.n, cases[i].n);
		assert_int_equal(config->guard.limits[0].calls.window_ms, cases[i].window_ms);
		config_free(&config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_never_more),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_keys_are_apart),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_is_kept),
		cmocka_unit_test(test_clocks_jump),
		cmocka_unit_test(test_live_is_bounded),
		cmocka_unit_test(test_flood_of_names),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

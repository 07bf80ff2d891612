/*
 * Do two configurations mean the same agents?  Then a reload leaves their provider, and the tasks
 * that clients hold, as they are.
 */
#include "agents/tools.h"

static bool
texts_same(const struct slice *a, size_t a_n, const struct slice *b, size_t b_n)
{
	bool same = a_n == b_n;

	for (size_t i = 0; i < a_n && same; i++)
		same = slice_eq(a[i], b[i]);
	return same;
}

static bool
route_same(const struct config_route *a, const struct config_route *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return slice_eq(a->name, b->name) && a->weight == b->weight &&
	    a->confidence == b->confidence && slice_eq(a->runner, b->runner) &&
	    texts_same(a->any, a->any_n, b->any, b->any_n) &&
	    texts_same(a->not_any, a->not_any_n, b->not_any, b->not_any_n) &&
	    texts_same(a->agents, a->agents_n, b->agents, b->agents_n);
}

static bool
runners_same(const struct config_agents *a, const struct config_agents *b)
{
	bool same = a->runners_n == b->runners_n;

	for (size_t i = 0; i < a->runners_n && same; i++)
		same = slice_eq(a->runners[i].name, b->runners[i].name) &&
		    memcmp(a->runners[i].digest, b->runners[i].digest,
			sizeof(a->runners[i].digest)) == 0;
	return same;
}

static bool
routes_same(const struct config_agents *a, const struct config_agents *b)
{
	bool same = a->routes_n == b->routes_n;

	for (size_t i = 0; i < a->routes_n && same; i++)
		same = route_same(&a->routes[i], &b->routes[i]);
	return same && route_same(a->fallback, b->fallback);
}

bool
agents_config_same(const struct config_agents *a, const struct config_agents *b)
{
	return slice_eq(a->prefix, b->prefix) && a->running == b->running &&
	    a->per_repo == b->per_repo && a->per_caller == b->per_caller && a->queue == b->queue &&
	    a->rate.n == b->rate.n && a->rate.window_ms == b->rate.window_ms &&
	    a->dedup_ttl_ms == b->dedup_ttl_ms && a->inline_wait_ms == b->inline_wait_ms &&
	    a->output_inline_bytes == b->output_inline_bytes &&
	    a->output_keep_bytes == b->output_keep_bytes &&
	    a->output_tail_bytes == b->output_tail_bytes &&
	    a->output_as_resource == b->output_as_resource && a->retain_runs == b->retain_runs &&
	    a->retain_age_ms == b->retain_age_ms && a->metrics == b->metrics &&
	    runners_same(a, b) && routes_same(a, b);
}

/*
 * Any bytes as a task, and as the words of routes: each line up to an empty one is a phrase (with
 * "-" before it, one of `not`), the routes take them in turn; what follows is the text.  The same
 * comes out each time, within its bounds; the built-in routes take the whole.
 */
#include "agents/classify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ROUTES	4
#define PHRASES 64

struct world {
	struct config_route routes[ROUTES], fallback;
	struct slice any[ROUTES][PHRASES], not_any[ROUTES][PHRASES];
	struct config_agents agents;
};

/* The routes; what is left of the input is the text. */
static struct slice
routes_read(struct world *world, struct slice rest)
{
	static const struct slice names[ROUTES] = { S("a"), S("b"), S("c"), S("d") };
	struct slice line;

	for (size_t i = 0; i < ROUTES; i++)
		world->routes[i] = (struct config_route){ .name = names[i],
			.any = world->any[i],
			.not_any = world->not_any[i],
			.weight = 1.0 + (double)i / 2,
			.confidence = i == 3 ? 0.5 : 0 };
	world->agents = (struct config_agents){
		.routes = world->routes, .routes_n = ROUTES, .fallback = &world->fallback
	};
	for (size_t i = 0; rest.p != NULL; i++) {
		struct config_route *route = &world->routes[i % ROUTES];

		line = slice_cut(rest, '\n', &rest);
		if (line.n == 0)
			return rest;
		if (slice_starts(line, S("-")) && route->not_any_n < PHRASES)
			route->not_any[route->not_any_n++] =
			    (struct slice){ line.p + 1, line.n - 1 };
		else if (route->any_n < PHRASES)
			route->any[route->any_n++] = line;
	}
	return rest;
}

static void
look(const struct config_agents *agents, struct slice text)
{
	struct classifier *classifier = classifier_new(agents), *again = classifier_new(agents);
	struct classified got, other;

	classify(classifier, text, &got);
	classify(again, text, &other);
	must(got.route == other.route && got.is_known == other.is_known);
	must(got.confidence == other.confidence && got.matched_n == other.matched_n);
	must(got.confidence >= 0 && got.confidence <= 1);
	must(got.matched_n <= CLASSIFY_MATCHED_MAX && got.is_known == (got.matched_n > 0));
	must(got.route == SIZE_MAX || classifier_route(classifier, got.route) != NULL);
	for (size_t i = 0; i < got.others_n; i++) {
		must(got.others[i].route == other.others[i].route);
		must(got.others[i].route != got.route && got.others[i].score > 0);
		must(i == 0 || got.others[i].score <= got.others[i - 1].score);
	}
	classifier_free(&again);
	classifier_free(&classifier);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice all = { (const char *)data, n };
	const struct config_agents built_in = { .running = 1 };
	struct world *world = MEM_NEW(struct world);
	struct slice text = routes_read(world, all);

	look(&built_in, all);
	look(&world->agents, text.p != NULL ? text : S(""));
	mem_free(world);
	return 0;
}

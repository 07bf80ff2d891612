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
expect_same(const struct classified *a, const struct classified *b)
{
	must(a->route == b->route && a->is_known == b->is_known);
	must(a->confidence == b->confidence);
	must(a->matched_n == b->matched_n && a->others_n == b->others_n);
	for (size_t i = 0; i < a->matched_n; i++)
		must(slice_eq(a->matched[i], b->matched[i]));
	for (size_t i = 0; i < a->others_n; i++)
		must(a->others[i].route == b->others[i].route);
}

static void
look(const struct classifier *classifier, const struct classifier *again, struct slice text)
{
	struct classified got, other;

	classify(classifier, text, &got);
	classify(again, text, &other);
	expect_same(&got, &other);
	must(got.confidence >= 0 && got.confidence <= 1);
	must(got.matched_n <= CLASSIFY_MATCHED_MAX && got.is_known == (got.matched_n > 0));
	must(got.route == SIZE_MAX || classifier_route(classifier, got.route) != NULL);
	for (size_t i = 0; i < got.others_n; i++) {
		must(got.others[i].route != got.route && got.others[i].score > 0);
		must(i == 0 || got.others[i].score <= got.others[i - 1].score);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct classifier *built_in; /* it takes longer to be made than all else here */
	const struct config_agents nothing = { .running = 1 };
	struct slice all = { (const char *)data, n }, text;
	struct world *world = MEM_NEW(struct world);
	struct classifier *one, *two;

	if (built_in == NULL)
		built_in = classifier_new(&nothing);
	look(built_in, built_in, all);
	text = routes_read(world, all);
	one = classifier_new(&world->agents);
	two = classifier_new(&world->agents);
	look(one, two, text.p != NULL ? text : S(""));
	classifier_free(&one);
	classifier_free(&two);
	mem_free(world);
	return 0;
}

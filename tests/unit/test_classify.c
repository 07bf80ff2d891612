/*
 * Which route a text is of: words and not parts of them, endings, phrases, `not`, weights, ties,
 * what is known to nobody; and a hundred labelled sentences (tests/golden/classify.txt), of which
 * the built-in routes have to tell ninety.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/classify.h"

static const struct config_agents built_in = { .prefix = S("maf") };

static const char *
route_of(const struct classifier *classifier, const struct classified *got)
{
	static char name[64];
	const struct config_route *route = classifier_route(classifier, got->route);

	if (route == NULL)
		return "";
	snprintf(name, sizeof(name), "%.*s", SLICE_FMT(route->name));
	return name;
}

/* ---- routes of a test ------------------------------------------------------------------------ */

/* "fix,not working,-prefix": phrases, those with "-" being `not`. */
static void
route_fill(struct arena *arena, struct config_route *route, const char *name, const char *words)
{
	struct slice rest = slice_of(words), word;

	*route = (struct config_route){ .name = slice_of(name), .weight = 1 };
	route->any = ARENA_ARRAY(arena, struct slice, 32);
	route->not_any = ARENA_ARRAY(arena, struct slice, 32);
	while (rest.p != NULL) {
		word = slice_cut(rest, ',', &rest);
		if (slice_starts(word, S("-")))
			route->not_any[route->not_any_n++] =
			    (struct slice){ word.p + 1, word.n - 1 };
		else
			route->any[route->any_n++] = word;
	}
}

struct world {
	struct arena arena;
	struct config_route routes[4], fallback;
	struct config_agents agents;
	struct classifier *classifier;
};

static void
world_start(struct world *world, const char *a, const char *b)
{
	memset(world, 0, sizeof(*world));
	arena_init(&world->arena, NULL, MIB);
	route_fill(&world->arena, &world->routes[0], "a", a);
	route_fill(&world->arena, &world->routes[1], "b", b);
	world->agents.routes = world->routes;
	world->agents.routes_n = 2;
	world->classifier = classifier_new(&world->agents);
}

static void
world_end(struct world *world)
{
	classifier_free(&world->classifier);
	assert_null(world->classifier);
	arena_fini(&world->arena);
}

static const struct {
	const char *a, *b, *text, *route;
} cases[] = {
	/* Parts of words are no words. */
	{ "add", "x", "The address is in the ladder", "" },
	{ "test", "x", "the latest contest was the greatest", "" },
	{ "fix", "x", "a prefix and a suffix, affixed", "" },
	{ "new", "x", "the news of today, renewed", "" },
	{ "news", "new", "all the news", "a" },
	{ "bug", "x", "debugging with ladybug", "" },
	{ "plan", "x", "the plane and the planet", "" },
	{ "new", "x", "snews newsletter knew", "" },
	{ "test", "x", "test_login testdata attest", "" },
	/* Endings, on both sides. */
	{ "add", "x", "adding it", "a" },
	{ "add", "x", "it was added", "a" },
	{ "add", "x", "who adds", "a" },
	{ "fix", "x", "many fixes", "a" },
	{ "crash", "x", "it crashes", "a" },
	{ "cache", "x", "caching", "a" },
	{ "cache", "x", "cached", "a" },
	{ "caching", "x", "two caches", "a" },
	{ "plan", "x", "planned", "a" },
	{ "plan", "x", "planning", "a" },
	{ "query", "x", "queries", "a" },
	{ "queries", "x", "query", "a" },
	{ "testing", "x", "tests", "a" },
	{ "class", "x", "classes", "a" },
	{ "class", "x", "clas", "" },
	{ "status", "x", "status", "a" },
	{ "statu", "x", "status", "" },
	{ "vulnerability", "x", "vulnerabilities", "a" },
	/* Case, punctuation, apostrophes. */
	{ "fix", "x", "FIX: it", "a" },
	{ "Fix", "x", "(fix)", "a" },
	{ "doesn't work", "x", "it Doesn\xe2\x80\x99t work", "a" },
	{ "doesn't work", "x", "it doesnt  work", "a" },
	{ "don't", "x", "'don't'", "a" },
	{ "end to end", "x", "END-TO-END", "a" },
	{ "stra\xc3\x9f"
	  "e",
	    "x",
	    "Die Stra\xc3\x9f"
	    "e",
	    "a" },
	{ "\xc3\xbc"
	  "ben",
	    "x",
	    "\xc3\x9c"
	    "BEN",
	    "a" },
	{ "fix", "x",
	    "\xe2\x80\x9c"
	    "fix\xe2\x80\x9d",
	    "a" },
	{ "fix", "x",
	    "\xff"
	    "fix\xff",
	    "a" },
	/* Phrases, articles between their words. */
	{ "not working", "x", "it is not working", "a" },
	{ "not working", "x", "not yet working", "" },
	{ "review code", "x", "Review the code", "a" },
	{ "review the code", "x", "review my code", "a" },
	{ "k b c d", "x", "b c d e f", "" },
	{ "one two three", "two three four", "one two two three four", "b" },
	{ "one two three", "two", "one two four", "b" },
	/* The longer phrase hides the words in it. */
	{ "write", "write test", "write a test", "b" },
	{ "test", "unit test", "unit tests", "b" },
	{ "code,test", "test code now", "test code now", "b" },
	{ "code,test", "test code now", "test code then", "a" },
	/* `not`, also within a phrase. */
	{ "fix,-typo", "text", "fix the typo in the text", "b" },
	{ "fix,-typo", "x", "fix the typo", "" },
	/* More words; then the one that was first. */
	{ "one", "two,three", "one two three", "b" },
	{ "one", "two,three", "one one one two three", "b" },
	{ "one", "two", "two one", "b" },
	{ "one", "two", "one two", "a" },
	{ "one", "one", "one", "a" },
	/* Nothing. */
	{ "one", "two", "", "" },
	{ "one", "two", " \t\n.,;", "" },
	{ "one", "two", "the a an", "" },
	{ "the", "two", "the", "" },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct classified got;
		struct world world;

		world_start(&world, cases[i].a, cases[i].b);
		classify(world.classifier, slice_of(cases[i].text), &got);
		if (strcmp(route_of(world.classifier, &got), cases[i].route) != 0)
			fail_msg("[%s] [%s] \"%s\": \"%s\" and not \"%s\"", cases[i].a, cases[i].b,
			    cases[i].text, route_of(world.classifier, &got), cases[i].route);
		assert_int_equal(got.is_known, cases[i].route[0] != '\0');
		world_end(&world);
	}
}

/* What is told beside the route. */
static void
test_told(void **state)
{
	struct classified got;
	struct world world;

	(void)state;
	world_start(&world, "bug,not working,crash", "Review");
	classify(world.classifier, S("It crashes, not working; the crash needs a REVIEW"), &got);
	assert_string_equal(route_of(world.classifier, &got), "a");
	assert_int_equal(got.matched_n, 2);
	assert_true(slice_eq(got.matched[0], S("crash")));
	assert_true(slice_eq(got.matched[1], S("not working")));
	assert_true(got.confidence > 0.66 && got.confidence < 0.67);
	assert_int_equal(got.others_n, 1);
	assert_int_equal(got.others[0].route, 1);
	assert_true(got.others[0].score == 1.0);
	world_end(&world);
}

/* The default, weights and what is sure enough. */
static void
test_default(void **state)
{
	struct classified got;
	struct world world;

	(void)state;
	world_start(&world, "one,two", "three");
	classifier_free(&world.classifier);
	world.fallback = (struct config_route){ .name = S("default") };
	world.agents.fallback = &world.fallback;
	world.routes[0].confidence = 0.6;
	world.routes[1].weight = 5;
	world.classifier = classifier_new(&world.agents);
	classify(world.classifier, S("nothing of it"), &got);
	assert_false(got.is_known);
	assert_string_equal(route_of(world.classifier, &got), "default");
	classify(world.classifier, S("one two"), &got);
	assert_string_equal(route_of(world.classifier, &got), "a");
	classify(world.classifier, S("one two three"), &got);
	assert_string_equal(route_of(world.classifier, &got), "b");
	assert_true(got.confidence == 0.6);
	world.routes[1].weight = 1;
	classify(world.classifier, S("one two three"), &got);
	assert_true(got.is_known);
	assert_string_equal(route_of(world.classifier, &got), "default");
	assert_int_equal(got.others_n, 2);
	assert_int_equal(got.others[0].route, 0);
	world_end(&world);
}

/* ---- the built-in routes --------------------------------------------------------------------- */

static void
test_sentences(void **state)
{
	FILE *file = fopen(SOURCE_ROOT "/tests/golden/classify.txt", "r");
	struct classifier *classifier = classifier_new(&built_in);
	unsigned n = 0, right = 0;
	char line[512];

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct slice sentence, route = slice_cut(slice_of(line), '\t', &sentence);
		struct classified got;

		assert_non_null(sentence.p);
		classify(classifier, sentence, &got);
		n++;
		if (slice_eq(route, slice_of(route_of(classifier, &got))))
			right++;
		else
			print_message("%s and not %s", route_of(classifier, &got), line);
	}
	print_message("%u of %u sentences\n", right, n);
	fclose(file);
	classifier_free(&classifier);
	assert_int_equal(n, 100);
	assert_true(right * 10 >= n * 9);
}

/* Each of the seven is there, has a runner of nobody, and knows each of its own words. */
static void
test_built_in(void **state)
{
	static const char *const names[] = { "bug_fix", "code_generation", "code_review", "testing",
		"optimization", "documentation", "system_design" };
	struct classifier *classifier = classifier_new(&built_in);
	const struct config_route *routes;
	struct classified got;
	size_t n;

	(void)state;
	routes = classify_built_in(&n);
	assert_int_equal(n, COUNT(names));
	for (size_t i = 0; i < n; i++) {
		assert_true(slice_eq(routes[i].name, slice_of(names[i])));
		assert_true(routes[i].agents_n > 0);
		assert_null(routes[i].runner.p);
		for (size_t k = 0; k < routes[i].any_n; k++) {
			classify(classifier, routes[i].any[k], &got);
			if (got.route != i)
				fail_msg("\"%.*s\" of %s is %s", SLICE_FMT(routes[i].any[k]),
				    names[i], route_of(classifier, &got));
		}
	}
	classify(classifier, S("Good morning, how is the weather in Lisbon?"), &got);
	assert_false(got.is_known);
	assert_int_equal(got.route, SIZE_MAX);
	assert_null(classifier_route(classifier, got.route));
	classifier_free(&classifier);
	classifier_free(&classifier);
}

/* ---- any text -------------------------------------------------------------------------------- */

static void
expect_same(const struct classified *a, const struct classified *b)
{
	assert_int_equal(a->route, b->route);
	assert_int_equal(a->is_known, b->is_known);
	assert_true(a->confidence == b->confidence);
	assert_int_equal(a->matched_n, b->matched_n);
	for (size_t i = 0; i < a->matched_n; i++)
		assert_true(slice_eq(a->matched[i], b->matched[i]));
	assert_int_equal(a->others_n, b->others_n);
	for (size_t i = 0; i < a->others_n; i++) {
		assert_int_equal(a->others[i].route, b->others[i].route);
		assert_true(a->others[i].score == b->others[i].score);
	}
}

/* The same text gives the same, from any classifier, in any case, at any length of padding. */
static void
test_any_text(void **state)
{
	static const char *const words[] = { "fix", "the", "tests", "review", "slow", "design",
		"news", "address", "write", "unit", "not", "working", "docs", "\xc3\xa9t\xc3\xa9",
		"zebra", "\xff", "don't", "a", "end", "to", "caching", "PR", "N+1" };
	struct classifier *one = classifier_new(&built_in), *two = classifier_new(&built_in);
	uint64_t random = 42;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct classified a, b, c;
		char text[512] = "", padded[1100], upper[512];
		size_t n = 0;

		for (unsigned i = 0; i < 1 + round % 30; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
			    words[(random >> 33) % COUNT(words)], round % 3 == 0 ? ", " : " ");
		}
		classify(one, slice_of(text), &a);
		classify(two, slice_of(text), &b);
		expect_same(&a, &b);
		assert_true(a.confidence >= 0 && a.confidence <= 1);
		assert_int_equal(a.is_known, a.route != SIZE_MAX);
		for (size_t i = 1; i < a.others_n; i++)
			assert_true(a.others[i - 1].score >= a.others[i].score);
		for (size_t i = 0; i <= n; i++)
			upper[i] = text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i];
		classify(one, slice_of(upper), &c);
		expect_same(&a, &c);
		snprintf(padded, sizeof(padded), "zebra %s\n\n%s zebra", text, text);
		classify(one, slice_of(padded), &c);
		if (a.is_known)
			assert_true(c.is_known);
	}
	classifier_free(&one);
	classifier_free(&two);
}

/* Words of no end, nothing but words that are known, more than is looked at. */
static void
test_large(void **state)
{
	static const char *const parts[] = { "a", "test ", "write unit ", "'", "\xe2\x80\x99",
		"fix\n", "\xf0\x9f\x90\x9b", "end to ", "x'" };
	struct classifier *classifier = classifier_new(&built_in);
	struct classified got;
	struct buf text;

	(void)state;
	buf_init(&text, NULL, 4 * MIB);
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_clear(&text);
		while (text.n < MIB)
			buf_puts(&text, parts[i]);
		classify(classifier, buf_view(&text), &got);
		assert_int_equal(got.is_known, strstr(parts[i], "e") != NULL || parts[i][0] == 'f');
	}
	buf_clear(&text);
	while (text.n < CLASSIFY_TEXT_BYTES)
		buf_putc(&text, ' ');
	buf_puts(&text, "fix");
	classify(classifier, buf_view(&text), &got);
	assert_false(got.is_known);
	buf_fini(&text);
	classifier_free(&classifier);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_built_in),
		cmocka_unit_test(test_any_text),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

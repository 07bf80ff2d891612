/*
 * The points that every message passes, as they are without rules and sinks; and who is the same
 * caller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/guard.h"

#define UPSTREAM "upstreams: [{name: files, command: [/bin/true]}]\n"

static struct guard *
guard_of(const char *yaml, struct config **config)
{
	static const char *const no_environ[] = { NULL };
	struct guard *guard = NULL;
	struct err err = { 0 };

	if (!config_parse(slice_of(yaml), "test", "/", no_environ, NULL, config, &err) ||
	    !guard_new(NULL, *config, NULL, &guard, &err))
		fail_msg("%s", err.text);
	return guard;
}

static void
test_default_allows(void **state)
{
	struct caller caller = auth_anonymous();
	struct guard_subject subject = { .caller = &caller,
		.server = S("files"),
		.method = S("tools/call"),
		.name = S("delete"),
		.text = S("{}") };
	struct config *config;
	struct guard *guard = guard_of(UPSTREAM, &config);

	(void)state;
	for (int kind = GUARD_REQUEST; kind <= GUARD_DEFINITION; kind++)
		for (int direction = GUARD_TO_PROVIDER; direction <= GUARD_TO_CLIENT; direction++) {
			struct guard_verdict verdict;

			guard_message(guard, &subject, (enum guard_kind)kind,
			    (enum guard_direction)direction, &verdict);
			assert_int_equal(verdict.action, GUARD_ALLOW);
			assert_true(slice_eq(verdict.rule, S("default")));
			guard_verdict_fini(&verdict);
		}
	guard_free(&guard);
	config_free(&config);
}

/* The first rule that decides; its reason; what only logs is named beside it. */
static void
test_rules_decide(void **state)
{
	static const char yaml[] = UPSTREAM
	    "guard:\n"
	    "  rules:\n"
	    "    - {id: seen, match: {server: f*}, action: log}\n"
	    "    - {id: no-prod, match: {tool: '*delete*', args: {/project: {in: [PROD]}}},\n"
	    "       action: deny, reason: production is read-only}\n"
	    "    - {id: careful, match: {tool: '*delete*'}, action: ask}\n";
	struct caller caller = auth_anonymous();
	struct guard_subject subject = { .caller = &caller,
		.server = S("files"),
		.method = S("tools/call"),
		.target = GUARD_TOOL,
		.name = S("delete_it"),
		.text = S("{\"arguments\":{\"project\":\"PROD\"}}"),
		.arguments = S("{\"project\":\"PROD\"}") };
	struct guard_verdict verdict;
	struct config *config;
	struct guard *guard = guard_of(yaml, &config);

	(void)state;
	guard_message(guard, &subject, GUARD_REQUEST, GUARD_TO_PROVIDER, &verdict);
	assert_int_equal(verdict.action, GUARD_DENY);
	assert_true(slice_eq(verdict.rule, S("no-prod")));
	assert_true(slice_eq(verdict.reason, S("production is read-only")));
	assert_int_equal(verdict.notes_n, 1);
	assert_true(slice_eq(verdict.notes[0].rule, S("seen")));
	guard_verdict_fini(&verdict);
	subject.arguments = S("{\"project\":\"TEST\"}");
	guard_message(guard, &subject, GUARD_REQUEST, GUARD_TO_PROVIDER, &verdict);
	assert_int_equal(verdict.action, GUARD_ASK_FIRST);
	assert_true(slice_eq(verdict.rule, S("careful")));
	guard_verdict_fini(&verdict);
	guard_free(&guard);
	config_free(&config);
}

static void
test_same_caller(void **state)
{
	static const struct {
		struct caller a, b;
		bool same;
	} cases[] = {
		{ { S("ci"), { NULL, 0 } }, { S("ci"), { NULL, 0 } }, true },
		{ { S("ci"), { NULL, 0 } }, { S("CI"), { NULL, 0 } }, false },
		{ { S("ci"), S("acme") }, { S("ci"), S("acme") }, true },
		{ { S("ci"), S("acme") }, { S("ci"), S("other") }, false },
		{ { S("ci"), S("acme") }, { S("ci"), { NULL, 0 } }, false },
		{ { S("ci"), S("") }, { S("ci"), { NULL, 0 } }, false },
		{ { S("ci"), S("acme") }, { S("x"), S("acme") }, false },
	};
	struct caller anonymous = auth_anonymous(), again = auth_anonymous();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(auth_same(&cases[i].a, &cases[i].b), cases[i].same);
		assert_int_equal(auth_same(&cases[i].b, &cases[i].a), cases[i].same);
	}
	assert_true(auth_same(&anonymous, &again));
	assert_true(slice_eq(anonymous.principal, S("anonymous")));
	assert_null(anonymous.tenant.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_allows),
		cmocka_unit_test(test_rules_decide),
		cmocka_unit_test(test_same_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

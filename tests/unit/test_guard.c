/*
 * The points that every message passes, as they are without rules and sinks; and who is the same
 * caller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "guard/guard.h"

static void
test_default_allows(void **state)
{
	struct caller caller = auth_anonymous();
	struct guard_subject subject = { .caller = &caller,
		.server = S("files"),
		.method = S("tools/call"),
		.name = S("delete"),
		.text = S("{}") };

	(void)state;
	for (int kind = GUARD_REQUEST; kind <= GUARD_DEFINITION; kind++)
		for (int direction = GUARD_TO_PROVIDER; direction <= GUARD_TO_CLIENT; direction++) {
			struct guard_verdict verdict = guard_message(
			    &subject, (enum guard_kind)kind, (enum guard_direction)direction);

			assert_int_equal(verdict.action, GUARD_ALLOW);
			assert_true(slice_eq(verdict.rule, S("default")));
		}
}

static void
test_audit_takes_records(void **state)
{
	struct ledger_record record = { .number = 1, .outcome = LEDGER_DONE };

	(void)state;
	audit_record(&record);
	assert_int_equal(record.outcome, LEDGER_DONE);
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
		cmocka_unit_test(test_audit_takes_records),
		cmocka_unit_test(test_same_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

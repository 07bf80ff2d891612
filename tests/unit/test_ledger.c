/*
 * The ledger: one outcome for every exchange, found by number, the newest kept, counts of all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"

static void
test_life(void **state)
{
	struct ledger *ledger = ledger_new(4);
	const struct ledger_record *record;

	(void)state;
	assert_null(ledger_find(ledger, 0));
	assert_null(ledger_find(ledger, 1));
	ledger_intent(ledger, 1, 100, S("tools/call"), S("ci"), S("acme"), SLICE_NONE);
	record = ledger_find(ledger, 1);
	assert_non_null(record);
	assert_int_equal(record->outcome, LEDGER_OPEN);
	assert_int_equal(record->sent_ms, 0);
	assert_int_equal(ledger_count(ledger, LEDGER_OPEN), 1);
	ledger_route(ledger, 1, S("files"), S("read"));
	ledger_sent(ledger, 1, 110);
	ledger_sent(ledger, 1, 120);
	ledger_outcome(ledger, 1, 130, LEDGER_FAILED, -32003);
	assert_string_equal(record->method, "tools/call");
	assert_string_equal(record->caller, "ci");
	assert_string_equal(record->tenant, "acme");
	assert_string_equal(record->server, "files");
	assert_string_equal(record->name, "read");
	assert_int_equal(record->number, 1);
	assert_int_equal(record->intent_ms, 100);
	assert_int_equal(record->sent_ms, 110);
	assert_int_equal(record->outcome_ms, 130);
	assert_int_equal(record->sends, 2);
	assert_int_equal(record->error_code, -32003);
	assert_int_equal(record->outcome, LEDGER_FAILED);
	assert_int_equal(ledger_count(ledger, LEDGER_OPEN), 0);
	assert_int_equal(ledger_count(ledger, LEDGER_FAILED), 1);
	ledger_free(&ledger);
	assert_null(ledger);
	ledger_free(&ledger);
}

/* Numbers with and without gaps, rings that are partly, just and often full. */
static void
test_find(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 64 };
	static const uint64_t steps[] = { 1, 2, 5 };

	(void)state;
	for (size_t s = 0; s < COUNT(sizes); s++)
		for (size_t g = 0; g < COUNT(steps); g++) {
			struct ledger *ledger = ledger_new(sizes[s]);
			uint64_t last = 150 * steps[g];

			for (uint64_t number = steps[g]; number <= last; number += steps[g]) {
				ledger_intent(ledger, number, number, S("ping"), S("x"), SLICE_NONE,
				    SLICE_NONE);
				assert_int_equal(ledger_find(ledger, number)->number, number);
				ledger_outcome(ledger, number, number, LEDGER_DONE, 0);
			}
			for (uint64_t number = 0; number <= last + 2; number++) {
				bool is_kept = number % steps[g] == 0 && number <= last &&
				    number > last - sizes[s] * steps[g];
				const struct ledger_record *record = ledger_find(ledger, number);

				assert_int_equal(record != NULL, is_kept);
				if (record != NULL)
					assert_int_equal(record->intent_ms, number);
			}
			ledger_free(&ledger);
		}
}

/* What is open is not pushed out: it stays until its outcome is written and the next intent comes.
 */
static void
test_overdue(void **state)
{
	struct ledger *ledger = ledger_new(2);

	(void)state;
	for (uint64_t number = 1; number <= 5; number++)
		ledger_intent(ledger, number, 1, S("ping"), S("x"), SLICE_NONE, SLICE_NONE);
	ledger_route(ledger, 1, S("files"), S("read"));
	ledger_sent(ledger, 1, 2);
	ledger_outcome(ledger, 1, 3, LEDGER_DONE, 0);
	assert_int_equal(ledger_find(ledger, 1)->outcome, LEDGER_DONE);
	assert_int_equal(ledger_count(ledger, LEDGER_OPEN), 4);
	assert_int_equal(ledger_count(ledger, LEDGER_DONE), 1);
	for (uint64_t number = 4; number <= 5; number++) {
		assert_int_equal(ledger_find(ledger, number)->outcome, LEDGER_OPEN);
		assert_int_equal(ledger_find(ledger, number)->sends, 0);
	}
	ledger_intent(ledger, 6, 4, S("ping"), S("x"), SLICE_NONE, SLICE_NONE);
	assert_null(ledger_find(ledger, 1));
	for (uint64_t number = 2; number <= 6; number++)
		ledger_outcome(ledger, number, 5, LEDGER_FAILED, -32603);
	assert_int_equal(ledger_count(ledger, LEDGER_OPEN), 0);
	ledger_free(&ledger);
}

static void
test_cut(void **state)
{
	struct ledger *ledger = ledger_new(1);
	const struct ledger_record *record;

	(void)state;
	/* 31 bytes and the NUL are what a method has; the last character is two bytes long. */
	ledger_intent(ledger, 1, 1, S("0123456789012345678901234567890\xc3\xa4"),
	    S("01234567890123456789012345678901\xc3\xa4"), SLICE_NONE, SLICE_NONE);
	record = ledger_find(ledger, 1);
	assert_string_equal(record->method, "0123456789012345678901234567890");
	assert_string_equal(record->caller, "01234567890123456789012345678901");
	ledger_intent(ledger, 2, 1, S("012345678901234567890123456789\xc3\xa4"), SLICE_NONE,
	    SLICE_NONE, SLICE_NONE);
	record = ledger_find(ledger, 2);
	assert_string_equal(record->method, "012345678901234567890123456789");
	assert_string_equal(record->caller, "");
	ledger_intent(ledger, 3, 1, S("01234567890123456789012345678\xc3\xa4"), S(""), SLICE_NONE,
	    SLICE_NONE);
	assert_string_equal(
	    ledger_find(ledger, 3)->method, "01234567890123456789012345678\xc3\xa4");
	ledger_free(&ledger);
}

static void
test_names(void **state)
{
	static const char *const names[] = { "open", "done", "failed", "refused", "cancelled",
		"deadline", "unavailable", "unknown" };

	(void)state;
	assert_int_equal(COUNT(names), LEDGER_OUTCOMES_N);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(ledger_outcome_name((enum ledger_outcome)i), names[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_overdue),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

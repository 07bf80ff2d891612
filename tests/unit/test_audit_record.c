/* Every field of a record is found by its name, and said in one way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit.h"

static const struct audit_field *
field_of(const char *name)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	fail_msg("no field %s", name);
	return NULL;
}

static void
test_contract(void **state)
{
	static const char *const names[] = { "time", "instance", "caller", "tenant", "client",
		"server", "tool", "method", "verdict", "rule", "outcome", "error_code",
		"duration_ms" };
	const struct audit_field *fields;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_non_null(field_of(names[i]));
	fields = audit_fields(&n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(fields[i].name, fields[k].name);
}

static void
test_texts(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "seq", "7" },
		{ "time", "2026-03-04T05:06:07.089Z" },
		{ "kind", "dropped" },
		{ "caller", "ci" },
		{ "outcome", "unavailable" },
		{ "error_code", "-32003" },
		{ "sends", "2" },
		{ "arguments", "{\"a\":1}" },
		{ "result_sha256",
		    "ff000000000000000000000000000000000000000000000000000000000000ff" },
	};
	struct audit_record record = { .kind = AUDIT_DROPPED,
		.seq = 7,
		.time_ms = 1772600767089,
		.caller = "ci",
		.outcome = LEDGER_UNAVAILABLE,
		.error_code = -32003,
		.sends = 2,
		.arguments = S("{\"a\":1}"),
		.result_sha256 = { [0] = 0xff, [31] = 0xff } };
	struct buf out;

	(void)state;
	buf_init(&out, NULL, KIB);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		assert_true(audit_field_is_set(&record, field_of(rows[i].name)));
		audit_field_put(&record, field_of(rows[i].name), &out);
		assert_int_equal(out.n, strlen(rows[i].text));
		assert_memory_equal(out.p, rows[i].text, out.n);
	}
	assert_false(audit_field_is_set(&record, field_of("tenant")));
	assert_false(audit_field_is_set(&record, field_of("sent")));
	assert_false(audit_field_is_set(&record, field_of("result")));
	assert_false(audit_field_is_set(&record, field_of("hash")));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

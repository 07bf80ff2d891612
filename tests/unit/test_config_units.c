/*
 * Durations and sizes, to the edges of what 64 bits hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_parts.h"

typedef bool parse_fn(struct slice, uint64_t *, struct err *);

static const struct {
	parse_fn *parse;
	const char *text;
	uint64_t value;
} good[] = {
	{ config_duration, "0ms", 0 },
	{ config_duration, "0s", 0 },
	{ config_duration, "1ms", 1 },
	{ config_duration, "60s", 60000 },
	{ config_duration, "2m", 120000 },
	{ config_duration, "3h", 10800000 },
	{ config_duration, "1d", 86400000 },
	{ config_duration, "007s", 7000 },
	{ config_duration, "18446744073709551615ms", UINT64_MAX },
	{ config_size, "0B", 0 },
	{ config_size, "1B", 1 },
	{ config_size, "1KiB", 1024 },
	{ config_size, "64MiB", 64 * MIB },
	{ config_size, "2GiB", 2048 * MIB },
	{ config_size, "17179869183GiB", (uint64_t)17179869183u << 30 },
};

static const struct {
	parse_fn *parse;
	const char *text, *error;
} bad[] = {
	{ config_duration, "",
	    "\"\" is no duration: write a whole number and ms, s, m, h or d, such as 30s" },
	{ config_duration, "s",
	    "\"s\" is no duration: write a whole number and ms, s, m, h or d, such as 30s" },
	{ config_duration, "-1s",
	    "\"-1s\" is no duration: write a whole number and ms, s, m, h or d, such as 30s" },
	{ config_duration, "0.5s",
	    "\"0.5s\" is no duration: write a whole number and ms, s, m, h or d, such as 30s" },
	{ config_duration, "60", "\"60\" has no unit: write 60s (ms, s, m, h or d)" },
	{ config_duration, "60 s", "\"60 s\" has an unknown unit: write ms, s, m, h or d" },
	{ config_duration, "60S", "\"60S\" has an unknown unit: write ms, s, m, h or d" },
	{ config_duration, "1m30s", "\"1m30s\" has an unknown unit: write ms, s, m, h or d" },
	{ config_duration, "18446744073709551616ms", "\"18446744073709551616ms\" is too large" },
	{ config_duration, "18446744073709552s", "\"18446744073709552s\" is too large" },
	{ config_size, "64", "\"64\" has no unit: write 64MiB (B, KiB, MiB or GiB)" },
	{ config_size, "64MB", "\"64MB\" has an unknown unit: write B, KiB, MiB or GiB" },
	{ config_size, "64M", "\"64M\" has an unknown unit: write B, KiB, MiB or GiB" },
	{ config_size, "64mib", "\"64mib\" has an unknown unit: write B, KiB, MiB or GiB" },
	{ config_size, "17179869184GiB", "\"17179869184GiB\" is too large" },
};

static void
test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		uint64_t value = 1;
		struct err err;

		assert_true(good[i].parse(slice_of(good[i].text), &value, &err));
		assert_true(value == good[i].value);
	}
}

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = { 0 };
		uint64_t value;

		assert_false(bad[i].parse(slice_of(bad[i].text), &value, &err));
		assert_string_equal(err.text, bad[i].error);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

static void
test_print(void **state)
{
	static const struct {
		enum config_unit unit;
		uint64_t value;
		const char *text;
	} cases[] = {
		{ UNIT_DURATION, 0, "0ms" },
		{ UNIT_DURATION, 1, "1ms" },
		{ UNIT_DURATION, 1500, "1500ms" },
		{ UNIT_DURATION, 90000, "90s" },
		{ UNIT_DURATION, 600000, "10m" },
		{ UNIT_DURATION, 86400000, "1d" },
		{ UNIT_SIZE, 1023, "1023B" },
		{ UNIT_SIZE, 1024, "1KiB" },
		{ UNIT_SIZE, 64 * MIB, "64MiB" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf buf;

		buf_init(&buf, NULL, 64);
		config_unit_print(&buf, cases[i].unit, cases[i].value);
		assert_true(slice_eq(buf_view(&buf), slice_of(cases[i].text)));
		buf_fini(&buf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

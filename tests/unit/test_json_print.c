/*
 * Writing JSON: every byte, every bad sequence; what is written scans.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void
strings(void **state)
{
	static const struct {
		struct slice in;
		const char *out;
	} cases[] = {
		{ { NULL, 0 }, "\"\"" },
		{ { "a\"b\\c/", 6 }, "\"a\\\"b\\\\c/\"" },
		{ { "\b\t\n\v\f\r", 6 }, "\"\\b\\t\\n\\u000b\\f\\r\"" },
		{ { "\0\x1f\x7f", 3 }, "\"\\u0000\\u001f\x7f\"" },
		{ { "\xc3\xa9\xe4\xb8\xad", 5 }, "\"\xc3\xa9\xe4\xb8\xad\"" },
		{ { "a\xff"
		    "b\xc3",
		      4 },
		    "\"a\xef\xbf\xbd"
		    "b\xef\xbf\xbd\"" },
		{ { "\xed\xa0\x80", 3 }, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	struct buf buf;
	size_t i;

	(void)state;
	buf_init(&buf, NULL, 4096);
	for (i = 0; i < COUNT(cases); i++) {
		buf_clear(&buf);
		buf_json_string(&buf, cases[i].in);
		if (!slice_eq(buf_view(&buf), slice_of(cases[i].out)))
			fail_msg("case %zu: %.*s", i, SLICE_FMT(buf_view(&buf)));
	}
	buf_fini(&buf);
}

/* Every pair of bytes, behind runs of every length up to two blocks: always an acceptable text. */
static void
bytes_scan(void **state)
{
	struct arena arena;
	struct buf buf;
	struct err err;
	unsigned a, b;
	char in[40];

	(void)state;
	buf_init(&buf, NULL, 4096);
	memset(in, 'x', sizeof(in));
	for (a = 0; a < 256; a++) {
		for (b = 0; b < 256; b += 3) {
			size_t at = (a + b) % 36;
			struct json_scan *scan;
			struct slice out;

			in[at] = (char)a;
			in[at + 1] = (char)b;
			buf_clear(&buf);
			buf_json_string(&buf, (struct slice){ in, sizeof(in) });
			in[at] = in[at + 1] = 'x';
			arena_init(&arena, NULL, 16 * KIB);
			scan = json_scan_new(&arena, buf.p, buf.n, 0, 0, 1);
			if (!json_scan_all(scan, &err))
				fail_msg("%02x %02x: %s", a, b, err.text);
			assert_true(json_string(&arena, buf_view(&buf), &out, &err));
			assert_true(out.n >= 38);
			if (a < 0x80 && b < 0x80)
				assert_true(out.p[at] == (char)a && out.p[at + 1] == (char)b);
			arena_fini(&arena);
		}
	}
	buf_fini(&buf);
	arena_drain();
}

static void
pretty(void **state)
{
	struct buf buf;
	struct err err;

	(void)state;
	buf_init(&buf, NULL, 200);
	assert_true(
	    json_pretty(&buf, S("{\"a\":[1.50,1e999,123456789012345678901],\"b\":{}}"), &err));
	assert_true(slice_eq(buf_view(&buf),
	    S("{\n  \"a\": [\n    1.50,\n    1e999,\n"
	      "    123456789012345678901\n  ],\n  \"b\": {}\n}")));
	assert_false(json_pretty(&buf, S("{"), &err));
	assert_int_equal(err.kind, ERR_PARSE);
	assert_false(json_pretty(&buf, SLICE_NONE, &err));
	assert_false(
	    json_pretty(&buf, S("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	buf_fini(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings),
		cmocka_unit_test(bytes_scan),
		cmocka_unit_test(pretty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

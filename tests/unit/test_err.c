/*
 * Errors: texts are cut on UTF-8 boundaries, the table is whole.
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
sets(void **state)
{
	struct err err;

	(void)state;
	assert_false(err_set_at(&err, ERR_PARSE, 3, 9, "bad %s", "thing"));
	assert_int_equal(err.kind, ERR_PARSE);
	assert_int_equal(err.line, 3);
	assert_int_equal(err.col, 9);
	assert_string_equal(err.text, "bad thing");
	assert_false(err_prefix(&err, "file %d", 7));
	assert_string_equal(err.text, "file 7: bad thing");
	assert_int_equal(err.line, 3);
	assert_false(err_set(&err, ERR_IO, "x"));
	assert_int_equal(err.line, 0);
	assert_false(err_set(NULL, ERR_IO, "x"));
	assert_false(err_prefix(NULL, "x"));
}

/* Characters of 1 to 4 bytes at every offset from the cut. */
static void
cuts_whole_characters(void **state)
{
	static const char *const chars[] = { "a", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80" };
	struct err err;
	char text[400];
	size_t c, lead, n, i;
	struct buf buf;

	(void)state;
	buf_init(&buf, NULL, 4096);
	for (c = 0; c < COUNT(chars); c++) {
		n = strlen(chars[c]);
		for (lead = 0; lead < 5; lead++) {
			memset(text, 'x', lead);
			for (i = lead; i + n < sizeof(text); i += n)
				memcpy(text + i, chars[c], n);
			text[i] = '\0';
			err_set(&err, ERR_IO, "%s", text);
			assert_int_equal(strlen(err.text), lead + (239 - lead) / n * n);
			assert_memory_equal(err.text, text, strlen(err.text));
			err_prefix(&err, "%s", text);
			assert_in_range(strlen(err.text), 236, 239);
			buf_json_string(&buf, slice_of(err.text));
			assert_null(memmem(buf.p, buf.n, "\xef\xbf\xbd", 3));
			buf_clear(&buf);
		}
	}
	buf_fini(&buf);
}

static void
table_is_whole(void **state)
{
	unsigned kind;

	(void)state;
	for (kind = 0; kind < ERR_KINDS_N; kind++) {
		assert_non_null(err_info((enum errkind)kind)->name);
		assert_true(err_info((enum errkind)kind)->http_status >= 200);
	}
	assert_int_equal(err_info(ERR_LIMIT)->legacy_code, -32005);
	assert_int_equal(err_info(ERR_LIMIT)->modern_code, -31005);
	assert_int_equal(err_info(ERR_LIMIT)->exit_status, 1);
}

/* What is quoted of an input cannot break a line. */
static void
control_characters(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_CONFIG, "%s",
	    "a\tb\nc\x7f"
	    "d\x1b[0m");
	assert_string_equal(err.text, "a b c d [0m");
	err_prefix(&err, "%s", "who\r");
	assert_string_equal(err.text, "who : a b c d [0m");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets),
		cmocka_unit_test(cuts_whole_characters),
		cmocka_unit_test(table_is_whole),
		cmocka_unit_test(control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

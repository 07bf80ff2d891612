/*
 * Buffers: ceilings and accounts to the byte, overflow is sticky and leaves no hole.
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
ceilings(void **state)
{
	struct memory memory = { .limit_bytes = 3000 };
	struct buf buf, other;
	struct err err;
	size_t i;

	(void)state;
	buf_init(&buf, &memory, 1000);
	for (i = 0; i < 1000; i++)
		buf_putc(&buf, (char)i);
	assert_true(buf_check(&buf, &err));
	assert_int_equal(buf_view(&buf).n, 1000);
	assert_int_equal(memory.used_bytes, buf.cap);
	assert_false(buf_reserve(&buf, 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(buf.n, 1000);
	assert_true(buf_check(&buf, &err));
	buf_putc(&buf, 'x');
	assert_false(buf_check(&buf, &err));
	buf_cut(&buf, 999);
	buf_puts(&buf, "after a hole");
	assert_int_equal(buf.n, 1);
	assert_true(buf.p[0] == (char)999);
	buf_clear(&buf);
	assert_true(buf_check(&buf, &err));

	buf_init(&other, &memory, SIZE_MAX);
	assert_false(buf_reserve(&other, SIZE_MAX, &err));
	assert_false(buf_reserve(&other, 2001, &err));
	assert_true(buf_reserve(&other, 2000, &err));
	assert_int_equal(memory.used_bytes, 3000);
	buf_fini(&other);
	buf_fini(&buf);
	assert_int_equal(memory.used_bytes, 0);
	assert_int_equal(memory.peak_bytes, 3000);
	assert_int_equal(buf_view(&buf).n, 0);
	assert_non_null(buf_view(&buf).p);
}

static void
prints(void **state)
{
	struct buf buf;
	char long_text[600];
	struct err err;

	(void)state;
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	buf_init(&buf, NULL, 20 + 599);
	buf_put_u64(&buf, UINT64_MAX);
	assert_true(slice_eq(buf_view(&buf), S("18446744073709551615")));
	buf_printf(&buf, "%s", "");
	buf_printf(&buf, "%s", long_text); /* exactly to the ceiling */
	assert_true(buf_check(&buf, &err));
	assert_int_equal(buf.n, 619);
	assert_memory_equal(buf.p + 20, long_text, 599);
	buf_printf(&buf, "z");
	assert_false(buf_check(&buf, &err));
	buf_clear(&buf);
	for (uint64_t v = 1; v <= 100000; v *= 10) {
		buf_put_u64(&buf, v - 1);
		buf_put_u64(&buf, v);
	}
	assert_true(slice_eq(buf_view(&buf), S("0191099100999100099991000099999100000")));
	buf_clear(&buf);
	buf_put_u64(&buf, 0);
	buf_cut(&buf, 0);
	buf_printf(&buf, "%d", 12);
	assert_true(slice_eq(buf_view(&buf), S("012")));
	buf_cut(&buf, 3);
	assert_int_equal(buf.n, 0);
	buf_fini(&buf);
}

static void
moves(void **state)
{
	struct memory a = { 0 }, b = { 0 };
	struct buf from, to;

	(void)state;
	buf_init(&from, &a, 1000);
	buf_init(&to, &b, 500);
	buf_puts(&from, "hello");
	buf_puts(&to, "gone");
	buf_take(&to, &from);
	assert_true(slice_eq(buf_view(&to), S("hello")));
	assert_int_equal(from.n, 0);
	assert_int_equal(a.used_bytes, 0);
	assert_int_equal(b.used_bytes, to.cap);
	buf_puts(&from, "again");
	assert_true(slice_eq(buf_view(&from), S("again")));
	buf_fini(&from);
	buf_fini(&to);
	assert_int_equal(a.used_bytes + b.used_bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ceilings),
		cmocka_unit_test(prints),
		cmocka_unit_test(moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

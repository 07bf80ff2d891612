/*
 * Base64: the vectors of RFC 4648 section 10, every length there and back, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

static void
vectors(void **state)
{
	static const char *const cases[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	struct buf out;

	(void)state;
	buf_init(&out, NULL, KIB);
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&out);
		buf_base64(&out, slice_of(cases[i][0]));
		assert_true(slice_eq(buf_view(&out), slice_of(cases[i][1])));
		buf_clear(&out);
		assert_true(base64_read(slice_of(cases[i][1]), &out));
		assert_true(slice_eq(buf_view(&out), slice_of(cases[i][0])));
	}
	buf_fini(&out);
}

static void
there_and_back(void **state)
{
	struct buf text, bytes;
	char all[300];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)(i * 37);
	buf_init(&text, NULL, KIB);
	buf_init(&bytes, NULL, KIB);
	for (size_t n = 0; n <= sizeof(all); n++) {
		buf_clear(&text);
		buf_clear(&bytes);
		buf_base64(&text, (struct slice){ all, n });
		assert_int_equal(text.n, (n + 2) / 3 * 4);
		assert_true(base64_read(buf_view(&text), &bytes));
		assert_true(slice_eq(buf_view(&bytes), (struct slice){ all, n }));
	}
	buf_fini(&text);
	buf_fini(&bytes);
}

static void
what_is_none(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm9v=", "====", "=",
		"Zg==Zg==", "Zm9v!", "Zm9-", "Zm9_", "Zh==", "Zm9=", "\xc3\xa9vvv" };
	static const char *const good[] = { " Zm9v ", "Zm\r\n9v", "Zg = =", "\tZ\ng==" };
	struct buf out;

	(void)state;
	buf_init(&out, NULL, KIB);
	for (size_t i = 0; i < COUNT(bad); i++) {
		buf_clear(&out);
		if (base64_read(slice_of(bad[i]), &out))
			fail_msg("%s was read", bad[i]);
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		buf_clear(&out);
		if (!base64_read(slice_of(good[i]), &out))
			fail_msg("%s was not read", good[i]);
	}
	buf_fini(&out);
	buf_init(&out, NULL, 2);
	assert_true(base64_read(S("Zm9v"), &out));
	assert_true(out.overflow);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

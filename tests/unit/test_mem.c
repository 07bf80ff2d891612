/* Heap blocks: zeroed, of any size, resized without losing bytes, reused after drain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void
sizes(void **state)
{
	(void)state;
	for (size_t n = 0; n < 3000; n = n < 70 ? n + 1 : n * 3 / 2) {
		for (int again = 0; again < 2; again++) {
			char *p = mem_new(n);

			assert_true((uintptr_t)p % 16 == 0);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 'x', n);
			mem_free(p);
		}
	}
	mem_free(NULL);
}

static void
resizes(void **state)
{
	static const size_t to[] = { 1, 63, 64, 65, 128, 1024, 1025, 5000, 100000, 900, 10 };
	char *p = mem_resize(NULL, 0, 8);
	size_t n = 8;

	(void)state;
	memset(p, 'a', n);
	for (size_t i = 0; i < COUNT(to); i++) {
		size_t used = n < to[i] ? n : to[i];

		p = mem_resize(p, used, to[i]);
		for (size_t k = 0; k < used; k++)
			assert_int_equal(p[k], 'a');
		n = to[i];
		memset(p, 'a', n);
	}
	mem_free(p);
}

/* More blocks of one size than are kept: the rest goes back. */
static void
many(void **state)
{
	void *blocks[500];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT(blocks); i++)
			blocks[i] = mem_new(100);
		for (size_t i = 0; i < COUNT(blocks); i++)
			mem_free(blocks[i]);
	}
	mem_drain();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(resizes),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

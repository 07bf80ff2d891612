/*
 * Arenas: ceilings and accounts to the byte, what is announced cannot fail, nothing is left over.
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
	struct memory memory = { .limit_bytes = 100 * KIB };
	struct arena arena, other;
	struct err err;

	(void)state;
	arena_init(&arena, &memory, 10000);
	assert_true(arena_reserve(&arena, 10000, &err));
	assert_int_equal(memory.used_bytes, 10000);
	assert_false(arena_reserve(&arena, 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(arena_reserve(&arena, SIZE_MAX, &err));
	assert_non_null(arena_bytes(&arena, 9999));
	assert_int_equal(arena.reserved_bytes, 1);
	assert_false(arena_reserve(&arena, 1, &err));
	assert_non_null(arena_alloc(&arena, 1));
	assert_int_equal(arena.used_bytes, 10000);

	arena_init(&other, &memory, SIZE_MAX);
	assert_false(arena_reserve(&other, 100 * KIB, &err));
	assert_false(arena_reserve(&other, SIZE_MAX, &err));
	assert_true(arena_reserve(&other, 50 * KIB, &err));
	assert_true(memory.peak_bytes >= 60000);
	arena_fini(&other);
	arena_fini(&arena);
	assert_int_equal(memory.used_bytes, 0);
	assert_true(arena_reserve(&arena, 10000, &err));
	arena_fini(&arena);
	assert_int_equal(memory.used_bytes, 0);
	arena_drain();
}

static void
allocations(void **state)
{
	struct memory memory = { 0 };
	struct arena arena;
	struct err err;
	char *old[200];
	size_t i, k, n;

	(void)state;
	arena_init(&arena, &memory, 10 * MIB);
	assert_true(arena_reserve(&arena, 2 * MIB, &err));
	for (i = 0; i < 200; i++) {
		n = i * 47 % 9000;
		old[i] = i % 2 ? arena_bytes(&arena, n) : arena_alloc(&arena, n);
		assert_non_null(old[i]);
		if (i % 2 == 0) {
			assert_int_equal((uintptr_t)old[i] % 16, 0);
			for (k = 0; k < n; k++)
				assert_true(old[i][k] == 0);
		}
		memset(old[i], (int)i, n);
	}
	for (i = 0; i < 200; i++)
		for (k = 0; k < i * 47 % 9000; k++)
			assert_true(old[i][k] == (char)i);
	assert_true(memory.used_bytes >= arena.used_bytes + arena.reserved_bytes);
	assert_non_null(arena_alloc(&arena, 0));
	arena_fini(&arena);
	assert_int_equal(memory.used_bytes, 0);
	arena_drain();
}

/* A dirty chunk comes back zeroed; many are not hoarded. */
static void
reuse(void **state)
{
	struct arena arena;
	struct err err;
	int round, i;
	char *p;

	(void)state;
	for (round = 0; round < 3; round++) {
		arena_init(&arena, NULL, 10 * MIB);
		assert_true(arena_reserve(&arena, 300 * 4000, &err));
		for (i = 0; i < 300; i++) {
			p = arena_alloc(&arena, 4000);
			assert_true(p[0] == 0 && p[3999] == 0 && memcmp(p, p + 1, 3999) == 0);
			memset(p, 0xee, 4000);
		}
		arena_fini(&arena);
	}
	arena_drain();
}

static void
prints(void **state)
{
	struct arena arena;
	struct slice s;
	char *text = mem_new(6001);

	(void)state;
	arena_init(&arena, NULL, MIB);
	memset(text, 'x', 6000);
	assert_true(slice_eq(arena_printf(&arena, "%s-%d", "a", 7), S("a-7")));
	assert_int_equal(arena_printf(&arena, "%s", "").n, 0);
	s = arena_printf(&arena, "%s", text);
	assert_int_equal(s.n, 4095);
	mem_free(text);
	arena_fini(&arena);
	arena_drain();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ceilings),
		cmocka_unit_test(allocations),
		cmocka_unit_test(reuse),
		cmocka_unit_test(prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

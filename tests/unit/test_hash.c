/*
 * Hashes: every length, every byte matters, the seed too; SHA-256 of the standard.
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
bytes(void **state)
{
	uint64_t seen[64 * 2];
	char text[64] = { 0 };
	size_t n, i, k = 0;

	(void)state;
	/* Zeros of every length differ, and so does each with one bit more. */
	for (n = 0; n < 64; n++) {
		char *exact = malloc(n > 0 ? n : 1); /* any read outside is seen */

		assert_non_null(exact);
		memset(exact, 0, n > 0 ? n : 1);
		seen[k++] = hash_bytes((struct slice){ exact, n }, 1);
		if (n > 0)
			exact[n * 7 % n] = 1;
		seen[k++] = n > 0 ? hash_bytes((struct slice){ exact, n }, 1) : 0;
		free(exact);
	}
	for (i = 0; i < k; i++)
		for (n = 0; n < i; n++)
			assert_true(seen[i] != seen[n]);
	for (i = 0; i < sizeof(text); i++) {
		uint64_t before = hash_bytes((struct slice){ text, sizeof(text) }, 5);

		text[i] = (char)0x80;
		assert_true(before != hash_bytes((struct slice){ text, sizeof(text) }, 5));
	}
	assert_true(hash_bytes(S("a"), 1) != hash_bytes(S("a"), 2));
	assert_true(hash_bytes(SLICE_NONE, 1) == hash_bytes(S(""), 1));
}

/* Keys that differ in their last digits fill the low bits evenly. */
static void
spreads(void **state)
{
	unsigned load[256] = { 0 }, i;
	char key[24];

	(void)state;
	for (i = 0; i < 25600; i++) {
		int n = snprintf(key, sizeof(key), "key%u", i);

		load[hash_bytes((struct slice){ key, (size_t)n }, 99) & 255]++;
	}
	for (i = 0; i < 256; i++)
		assert_in_range(load[i], 40, 180);
}

static void
sha256(void **state)
{
	struct slice parts[] = { S("a"), SLICE_NONE, S("bc") };
	char hex[65];

	(void)state;
	sha256_hex(parts, 3, hex);
	assert_string_equal(
	    hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex(NULL, 0, hex);
	assert_string_equal(
	    hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(spreads),
		cmocka_unit_test(sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

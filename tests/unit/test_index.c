/*
 * The bounded index: what is found, what gives way, what is forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/hub.h"

static struct hub hub;
static int one, two;

static int
hub_begin(void **state)
{
	struct err err;

	(void)state;
	hub.loop = loop_new(NULL, NULL, &err);
	return hub.loop != NULL ? 0 : -1;
}

static int
hub_end(void **state)
{
	(void)state;
	loop_free(&hub.loop);
	return 0;
}

static struct slice
key_of(char *text, size_t size, unsigned n)
{
	return (struct slice){ text, (size_t)snprintf(text, size, "key-%u", n) };
}

static void
what_was_put_is_found(void **state)
{
	struct index *index = index_new(&hub, 10);

	(void)state;
	assert_null(index_find(index, S("a")));
	index_put(index, S("a"), &one);
	index_put(index, S("ab"), &two);
	index_put(index, S(""), &two);
	assert_ptr_equal(index_find(index, S("a")), &one);
	assert_ptr_equal(index_find(index, S("ab")), &two);
	assert_ptr_equal(index_find(index, S("")), &two);
	assert_null(index_find(index, S("b")));
	/* The same key has one value, the last. */
	index_put(index, S("a"), &two);
	assert_ptr_equal(index_find(index, S("a")), &two);
	index_free(&index);
	assert_null(index);
	index_free(&index);
	assert_null(index_find(NULL, S("a")));
	index_forget(NULL, &one);
}

static void
the_oldest_gives_way(void **state)
{
	enum { MAX = 1000, ALL = 5000 };
	struct index *index = index_new(&hub, MAX);
	char text[20];

	(void)state;
	for (unsigned i = 0; i < ALL; i++)
		index_put(index, key_of(text, sizeof(text), i), i % 2 == 0 ? &one : &two);
	for (unsigned i = 0; i < ALL; i++)
		assert_ptr_equal(index_find(index, key_of(text, sizeof(text), i)),
		    i < ALL - MAX    ? NULL
			: i % 2 == 0 ? &one
				     : &two);
	index_free(&index);
	/* With room for one, the one is the last. */
	index = index_new(&hub, 1);
	index_put(index, S("a"), &one);
	index_put(index, S("b"), &two);
	assert_null(index_find(index, S("a")));
	assert_ptr_equal(index_find(index, S("b")), &two);
	index_free(&index);
}

static void
whose_owner_is_gone_is_forgotten(void **state)
{
	struct index *index = index_new(&hub, 2000);
	char text[20];

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		index_put(index, key_of(text, sizeof(text), i), i % 3 == 0 ? &one : &two);
	index_forget(index, &one);
	for (unsigned i = 0; i < 1000; i++)
		assert_ptr_equal(
		    index_find(index, key_of(text, sizeof(text), i)), i % 3 == 0 ? NULL : &two);
	index_forget(index, &two);
	index_put(index, S("again"), &one);
	assert_ptr_equal(index_find(index, S("again")), &one);
	index_free(&index);
}

static void
a_key_that_is_too_long_is_not_kept(void **state)
{
	struct index *index = index_new(&hub, 2);
	static char text[4 * KIB + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	index_put(index, (struct slice){ text, sizeof(text) }, &one);
	assert_null(index_find(index, (struct slice){ text, sizeof(text) }));
	index_put(index, (struct slice){ text, sizeof(text) - 1 }, &one);
	assert_ptr_equal(index_find(index, (struct slice){ text, sizeof(text) - 1 }), &one);
	index_free(&index);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found),
		cmocka_unit_test(the_oldest_gives_way),
		cmocka_unit_test(whose_owner_is_gone_is_forgotten),
		cmocka_unit_test(a_key_that_is_too_long_is_not_kept),
	};

	return cmocka_run_group_tests(tests, hub_begin, hub_end);
}

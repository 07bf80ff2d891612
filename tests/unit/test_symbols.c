/*
 * The table of a library's functions: filled where each belongs, and what it has not is named.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

struct table {
	int before;
	__typeof__(atol) *atol;
	__typeof__(labs) *labs;
	int after;
};

static void
found(void **state)
{
	static const struct symbol symbols[] = { { "labs", offsetof(struct table, labs) },
		{ "atol", offsetof(struct table, atol) } };
	struct table table = { .before = 1, .after = 2 };
	void *handle = dlopen(NULL, RTLD_NOW);
	struct err err = { 0 };

	(void)state;
	assert_non_null(handle);
	assert_true(symbols_find(handle, "the C library", symbols, COUNT(symbols), &table, &err));
	assert_int_equal(table.labs(-5), 5);
	assert_int_equal(table.atol("17"), 17);
	assert_int_equal(table.before, 1);
	assert_int_equal(table.after, 2);
	assert_int_equal(err.kind, ERR_NONE);
	dlclose(handle);
}

static void
missing(void **state)
{
	static const struct symbol symbols[] = { { "atol", offsetof(struct table, atol) },
		{ "no_such_function_anywhere", offsetof(struct table, labs) } };
	struct table table = { 0 };
	void *handle = dlopen(NULL, RTLD_NOW);
	struct err err;

	(void)state;
	assert_non_null(handle);
	assert_false(symbols_find(handle, "libthere.so.1", symbols, COUNT(symbols), &table, &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_string_equal(err.text, "libthere.so.1 has no function no_such_function_anywhere");
	assert_null(table.labs);
	dlclose(handle);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),
		cmocka_unit_test(missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

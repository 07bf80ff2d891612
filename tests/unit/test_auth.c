/*
 * Callers by key: which credentials are one, which are none, and that nothing but a whole key of
 * the configuration lets in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"

#define KEY_CI	"0123456789abcdef"
#define KEY_BOB "fedcba9876543210-bob"

static struct auth *
auth_make(void)
{
	struct config_key keys[] = {
		{ .name = S("ci"), .tenant = S("acme") },
		{ .name = S("bob"), .tenant = SLICE_NONE },
	};
	struct config config = { .auth = AUTH_KEYS, .keys = keys, .keys_n = COUNT(keys) };

	sha256_bytes(S(KEY_CI), keys[0].digest);
	sha256_bytes(S(KEY_BOB), keys[1].digest);
	return auth_new(&config);
}

static void
test_credentials(void **state)
{
	static const struct {
		struct slice authorization, key;
		bool is_doubled;
		const char *principal; /* NULL: refused */
	} cases[] = {
		{ S("Bearer " KEY_CI), SLICE_NONE, false, "ci" },
		{ S("bearer  " KEY_BOB), SLICE_NONE, false, "bob" },
		{ SLICE_NONE, S(KEY_CI), false, "ci" },
		{ SLICE_NONE, SLICE_NONE, false, NULL },
		{ S("Bearer " KEY_CI), S(KEY_CI), false, NULL },
		{ S("Bearer " KEY_CI), SLICE_NONE, true, NULL },
		{ SLICE_NONE, S(KEY_CI), true, NULL },
		{ S("Basic " KEY_CI), SLICE_NONE, false, NULL },
		{ S("Bearer"), SLICE_NONE, false, NULL },
		{ S("Bearer "), SLICE_NONE, false, NULL },
		{ S("Bearer" KEY_CI), SLICE_NONE, false, NULL },
		{ S("Bearer " KEY_CI " x"), SLICE_NONE, false, NULL },
		{ S("Bearer " KEY_CI ",Bearer " KEY_CI), SLICE_NONE, false, NULL },
		{ S(KEY_CI), SLICE_NONE, false, NULL },
		{ S(""), SLICE_NONE, false, NULL },
		{ SLICE_NONE, S(""), false, NULL },
		{ SLICE_NONE, S("0123456789abcde"), false, NULL },
		{ SLICE_NONE, S("0123456789abcdeF"), false, NULL },
		{ SLICE_NONE, S("0123456789abcdefg"), false, NULL },
		{ SLICE_NONE, S("ci"), false, NULL },
	};
	struct auth *auth = auth_make();

	(void)state;
	assert_true(auth_asks(auth));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct auth_fields fields = { cases[i].authorization, cases[i].key,
			cases[i].is_doubled };
		struct caller caller;
		bool ok = auth_caller(auth, &fields, &caller);

		if (ok != (cases[i].principal != NULL))
			print_error("case %zu\n", i);
		assert_int_equal(ok, cases[i].principal != NULL);
		if (ok)
			assert_true(slice_eq(caller.principal, slice_of(cases[i].principal)));
		else
			assert_true(slice_eq(caller.principal, S("anonymous")));
	}
	auth_free(&auth);
}

/* Longer than any key may be: refused without being hashed. */
static void
test_long_key(void **state)
{
	static char text[8 * KIB];
	struct auth *auth = auth_make();
	struct auth_fields fields = { .key = { text, sizeof(text) } };
	struct caller caller;

	(void)state;
	memset(text, 'k', sizeof(text));
	assert_false(auth_caller(auth, &fields, &caller));
	fields = (struct auth_fields){ .authorization = { text, sizeof(text) } };
	memcpy(text, "Bearer ", 7);
	assert_false(auth_caller(auth, &fields, &caller));
	auth_free(&auth);
}

static void
test_none(void **state)
{
	struct config config = { .auth = AUTH_NONE };
	struct auth *auth = auth_new(&config);
	struct auth_fields fields = { .key = S("whatever it is") };
	struct caller caller, anonymous = auth_anonymous();

	(void)state;
	assert_false(auth_asks(auth));
	assert_false(auth_asks(NULL));
	assert_true(auth_caller(auth, &fields, &caller));
	assert_true(auth_same(&caller, &anonymous));
	assert_true(auth_knows(auth, &anonymous));
	auth_free(&auth);
}

/* Nothing confirms their credentials here: nobody is let in. */
static void
test_tenants(void **state)
{
	struct config config = { .auth = AUTH_TENANTS };
	struct auth *auth = auth_new(&config);
	struct auth_fields fields = { .authorization = S("Bearer whatever it is") };
	struct caller caller, anonymous = auth_anonymous();

	(void)state;
	assert_true(auth_asks(auth));
	assert_false(auth_caller(auth, &fields, &caller));
	fields = (struct auth_fields){ .is_doubled = false };
	assert_false(auth_caller(auth, &fields, &caller));
	assert_false(auth_knows(auth, &anonymous));
	auth_free(&auth);
}

static void
test_callers(void **state)
{
	struct auth *auth = auth_make();
	struct caller ci = { S("ci"), S("acme") }, other = { S("ci"), S("acne") },
		      none = { S("ci"), SLICE_NONE }, anonymous = auth_anonymous(), copy;

	(void)state;
	assert_true(auth_knows(auth, &ci));
	assert_false(auth_knows(auth, &other));
	assert_false(auth_knows(auth, &none));
	assert_false(auth_knows(auth, &anonymous));
	copy = auth_caller_copy(&ci);
	assert_true(auth_same(&copy, &ci));
	assert_ptr_not_equal(copy.principal.p, ci.principal.p);
	auth_caller_free(&copy);
	copy = auth_caller_copy(&none);
	assert_true(auth_same(&copy, &none));
	auth_caller_free(&copy);
	auth_free(&auth);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_long_key),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_tenants),
		cmocka_unit_test(test_callers),
	};
	int failed = cmocka_run_group_tests_name("auth", tests, NULL, NULL);

	arena_drain();
	return failed;
}

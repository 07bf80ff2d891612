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
#include "net/net.h"

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

/* Their sites confirm them: here nobody is turned away, and nobody is known. */
static void
test_tenants(void **state)
{
	struct config config = { .auth = AUTH_TENANTS };
	struct auth *auth = auth_new(&config);
	struct auth_fields fields = { .authorization = S("Bearer whatever it is") };
	struct caller caller, anonymous = auth_anonymous(),
			      tenant = { S("tenant:0123456789ab"), SLICE_NONE };

	(void)state;
	assert_true(auth_asks(auth) && auth_is_tenants(auth) && auth_needs_credentials(auth));
	assert_true(auth_caller(auth, &fields, &caller));
	assert_true(auth_same(&caller, &anonymous));
	/* Sessions that outlive a reload. */
	assert_true(auth_knows(auth, &anonymous) && auth_knows(auth, &tenant));
	tenant.principal = S("ci");
	assert_false(auth_knows(auth, &tenant));
	auth_free(&auth);
	config.atlassian.allow_operator_credential = true;
	auth = auth_new(&config);
	assert_true(auth_is_tenants(auth) && !auth_needs_credentials(auth));
	auth_free(&auth);
	assert_false(auth_is_tenants(NULL) || auth_has_sites(NULL) || auth_takes_credentials(NULL));
}

/* ---- what requests bring for Atlassian ------------------------------------------------------- */

enum side { TENANTS, KEYS, IGNORED, SITELESS };

static struct auth *
auth_with_sites(enum side side)
{
	static struct slice passed[] = { S("X-Trace"), S("Cookie") };
	static struct config_site site = { .passthrough = passed, .passthrough_n = COUNT(passed) };
	struct config_key key = { .name = S("ci") };
	struct config config = { .auth = side == KEYS ? AUTH_KEYS : AUTH_TENANTS,
		.keys = &key,
		.keys_n = 1,
		.atlassian = { .sites = &site,
		    .sites_n = side == SITELESS ? 0 : 1,
		    .ignore_headers = side == IGNORED } };

	sha256_bytes(S(KEY_CI), key.digest);
	return auth_new(&config);
}

static void
put_part(char *out, size_t n, const char *tag, struct slice text)
{
	size_t at = strlen(out);

	if (text.p != NULL)
		snprintf(out + at, n - at, "%s%.*s;", tag, SLICE_FMT(text));
}

static void
test_fields(void **state)
{
	static const struct {
		enum side side;
		struct http_header headers[4];
		const char *want; /* or "!" and what the text has */
	} rows[] = {
		{ TENANTS, { { { 0 } } }, "" },
		{ TENANTS, { { S("Authorization"), S("Bearer a.b-c") } }, "1a.b-c;" },
		{ TENANTS, { { S("authorization"), S("bEARER  x") } }, "1x;" },
		{ TENANTS, { { S("Authorization"), S("Token x") } }, "2x;" },
		{ TENANTS, { { S("Authorization"), S("Basic dTpw=") } }, "3dTpw=;" },
		{ TENANTS, { { S("Authorization"), S("Digest x") } }, "!Authorization must be" },
		{ TENANTS, { { S("Authorization"), S("x") } }, "!Authorization must be" },
		{ TENANTS, { { S("Authorization"), S("") } }, "!Authorization must be" },
		{ TENANTS, { { S("Authorization"), S("Bearer") } }, "!no credential" },
		{ TENANTS, { { S("Authorization"), S("Bearer ") } }, "!no credential" },
		{ TENANTS, { { S("Authorization"), S("Bearer a b") } }, "!no credential" },
		{ TENANTS, { { S("Authorization"), S("Bearer a\tb") } }, "!no credential" },
		{ TENANTS, { { S("Authorization"), S("Bearer \xc3\xa4") } }, "!no credential" },
		{ TENANTS,
		    { { S("Authorization"), S("Bearer x") },
			{ S("Authorization"), S("Bearer x") } },
		    "!twice" },
		{ TENANTS, { { S("X-Jira-Token"), S("j") }, { S("X-Confluence-Token"), S("c") } },
		    "jj;cc;" },
		{ TENANTS,
		    { { S("X-Atlassian-Jira-Personal-Token"), S("j") },
			{ S("x-atlassian-confluence-personal-token"), S("c") } },
		    "jj;cc;" },
		{ TENANTS,
		    { { S("X-Atlassian-Jira-Url"), S("https://a") },
			{ S("X-Jira-URL"), S("https://a") } },
		    "Jhttps://a;" },
		{ TENANTS,
		    { { S("X-Atlassian-Jira-Url"), S("https://a") },
			{ S("X-Jira-URL"), S("https://b") } },
		    "!X-Jira-URL contradicts" },
		{ TENANTS, { { S("X-Jira-Token"), S("") } }, "!X-Jira-Token is empty" },
		{ TENANTS, { { S("X-Jira-Token"), S("a\x7f") } }, "!X-Jira-Token is empty" },
		{ TENANTS, { { S("X-Atlassian-Cloud-Id"), S("1324a887-45db") } },
		    "i1324a887-45db;" },
		{ TENANTS, { { S("X-Atlassian-Cloud-Id"), S("a/../b") } }, "!must be the id" },
		{ TENANTS, { { S("x-trace"), S("a b") }, { S("X-Other"), S("n") } },
		    "px-trace;=a b;" },
		{ IGNORED, { { S("cookie"), S("a") }, { S("X-TRACE"), S("") } },
		    "pcookie;=a;pX-TRACE;=;" },
		{ TENANTS, { { S("X-Trace"), S("a\x01") } }, "!X-Trace holds a control" },
		{ SITELESS, { { S("x-trace"), S("a") } }, "" },
		{ KEYS, { { S("Authorization"), S("Bearer " KEY_CI) } }, "" },
		{ KEYS, { { S("Authorization"), S("Bearer k") }, { S("X-Jira-Token"), S("j") } },
		    "jj;" },
		{ KEYS, { { S("Authorization"), S("Bearer t") }, { S("X-Bascule-Key"), S("k") } },
		    "1t;" },
		{ IGNORED, { { S("Authorization"), S("Digest") }, { S("X-Jira-Token"), S("j") } },
		    "" },
		{ SITELESS, { { S("Authorization"), S("Digest") }, { S("X-Jira-Token"), S("") } },
		    "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct auth *auth = auth_with_sites(rows[i].side);
		struct credentials got;
		struct err err = { 0 };
		char text[200] = "", scheme[2] = "";
		size_t n = 0;

		while (n < 4 && rows[i].headers[n].name.p != NULL)
			n++;
		if (!credentials_read(auth, rows[i].headers, n, &got, &err)) {
			if (rows[i].want[0] != '!' || strstr(err.text, rows[i].want + 1) == NULL)
				fail_msg("row %zu: %s", i, err.text);
			auth_free(&auth);
			continue;
		}
		scheme[0] = (char)('0' + got.scheme);
		put_part(text, sizeof(text), scheme, got.authorization);
		put_part(text, sizeof(text), "i", got.cloud_id);
		put_part(text, sizeof(text), "j", got.token[PRODUCT_JIRA]);
		put_part(text, sizeof(text), "c", got.token[PRODUCT_CONFLUENCE]);
		put_part(text, sizeof(text), "J", got.url[PRODUCT_JIRA]);
		put_part(text, sizeof(text), "C", got.url[PRODUCT_CONFLUENCE]);
		for (unsigned k = 0; k < got.passed_n; k++) {
			put_part(text, sizeof(text), "p", got.passed[k].name);
			put_part(text, sizeof(text), "=", got.passed[k].value);
		}
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("row %zu: %s", i, text);
		auth_free(&auth);
	}
}

/* A copy has texts of its own, and is bounded. */
static void
test_passed(void **state)
{
	struct http_header headers[CREDENTIAL_PASSED_MAX + 1];
	struct auth *auth = auth_with_sites(TENANTS);
	struct credentials got, *copy;
	char value[] = "one";
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++)
		headers[i] = (struct http_header){ S("X-Trace"), { value, 3 } };
	assert_true(credentials_read(auth, headers, CREDENTIAL_PASSED_MAX, &got, &err));
	assert_false(credentials_have_secret(&got));
	copy = credentials_dup(&got);
	value[0] = 'x';
	assert_int_equal(copy->passed_n, CREDENTIAL_PASSED_MAX);
	for (unsigned i = 0; i < copy->passed_n; i++)
		assert_true(slice_eq(copy->passed[i].name, S("X-Trace")) &&
		    slice_eq(copy->passed[i].value, S("one")));
	credentials_free(&copy);
	assert_false(credentials_read(auth, headers, COUNT(headers), &got, &err));
	assert_non_null(strstr(err.text, "more than 16"));
	auth_free(&auth);
}

/* The same name for the same fields and salt only, whatever is moved from one to the other. */
static void
test_names(void **state)
{
	static const struct credentials all[] = {
		{ .scheme = CREDENTIAL_BEARER, .authorization = S("ab") },
		{ .scheme = CREDENTIAL_TOKEN, .authorization = S("ab") },
		{ .scheme = CREDENTIAL_BEARER, .authorization = S("a"), .cloud_id = S("b") },
		{ .token = { S("ab"), SLICE_NONE } },
		{ .token = { SLICE_NONE, S("ab") } },
		{ .token = { S("ab"), SLICE_NONE }, .url = { S("https://x"), SLICE_NONE } },
		{ .token = { S("ab"), SLICE_NONE }, .url = { SLICE_NONE, S("https://x") } },
		{ 0 },
	};
	unsigned char salt[2][TENANT_SALT_BYTES] = { { 1 }, { 2 } };
	char a[TENANT_NAME_BYTES], b[TENANT_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct credentials *copy = credentials_dup(&all[i]);

		credentials_name(&all[i], salt[0], a);
		assert_int_equal(strlen(a), TENANT_NAME_BYTES - 1);
		assert_memory_equal(a, "tenant:", 7);
		credentials_name(copy, salt[0], b);
		assert_string_equal(a, b);
		credentials_name(copy, salt[1], b);
		assert_string_not_equal(a, b);
		for (size_t k = 0; k < i; k++) {
			credentials_name(&all[k], salt[0], b);
			assert_string_not_equal(a, b);
		}
		assert_int_equal(credentials_have_secret(copy), i < COUNT(all) - 1);
		credentials_free(&copy);
		assert_null(copy);
	}
	assert_null(credentials_dup(NULL));
	assert_false(credentials_have_secret(NULL));
}

/* A key and a credential of Atlassian side by side, where there are sites. */
static void
test_key_beside(void **state)
{
	struct auth *auth = auth_with_sites(KEYS);
	struct auth_fields fields = { S("Basic dTpw"), S(KEY_CI), false };
	struct caller caller;

	(void)state;
	assert_true(auth_caller(auth, &fields, &caller));
	assert_true(slice_eq(caller.principal, S("ci")));
	fields.key = S("wrong");
	fields.authorization = S("Bearer " KEY_CI);
	assert_false(auth_caller(auth, &fields, &caller));
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
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_key_beside),
		cmocka_unit_test(test_callers),
	};
	int failed = cmocka_run_group_tests_name("auth", tests, NULL, NULL);

	arena_drain();
	return failed;
}

/* OAuth 2.0: proof keys, what a browser brings back, records' names, grants as they are stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "atlassian/oauth.h"
#include "atlassian/pkce.h"

#define STATE "Ncl8CvAy-EGo89RtY2qLZIsnbgHyXMED2-E1JOxVD-Q"

static void
pkce_is_that_of_the_rfc(void **state)
{
	/* RFC 7636, appendix B. */
	static const unsigned char bytes[] = { 116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96,
		125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83,
		132, 141, 121 };
	struct buf out;

	(void)state;
	buf_init(&out, NULL, KIB);
	pkce_base64url(bytes, sizeof(bytes), &out);
	assert_true(slice_eq(buf_view(&out), S("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
	assert_int_equal(out.n, PKCE_VERIFIER);
	buf_clear(&out);
	pkce_challenge(S("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), &out);
	assert_true(slice_eq(buf_view(&out), S("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")));
	buf_fini(&out);
}

static void
answers_are_read(void **state)
{
	static const struct {
		const char *address, *code; /* code NULL: refused with */
		enum errkind kind;
		const char *text;
	} cases[] = {
		{ "http://127.0.0.1:8765/callback?code=abc&state=" STATE, "abc", 0, NULL },
		{ "  ?state=" STATE "&code=a%2Fb%3d&session=1 \t", "a/b=", 0, NULL },
		{ "code=abc&state=" STATE "#fragment&code=x", "abc", 0, NULL },
		{ "https://x/cb?code=abc&state=" STATE "&xcode=1&code_=2", "abc", 0, NULL },
		{ "", NULL, ERR_PARAMS, "not the address" },
		{ "?", NULL, ERR_PARAMS, "not the address" },
		{ "hello", NULL, ERR_PARAMS, "not the address" },
		{ "?code=abc", NULL, ERR_PARAMS, "not the address" },
		{ "?state=" STATE, NULL, ERR_PARAMS, "not the address" },
		{ "?code&state=" STATE, NULL, ERR_PARAMS, "not the address" },
		{ "?code=&state=" STATE, NULL, ERR_PARAMS, "not the address" },
		{ "?code=abc&state=x", NULL, ERR_PARAMS, "another login" },
		{ "?code=abc&state=" STATE "x", NULL, ERR_PARAMS, "another login" },
		{ "?code=abc&state=%4Ecl8", NULL, ERR_PARAMS, "another login" },
		{ "?code=a&code=b&state=" STATE, NULL, ERR_PARAMS, "twice" },
		{ "?code=a&state=" STATE "&state=" STATE, NULL, ERR_PARAMS, "twice" },
		{ "?code=a%0d%0ax&state=" STATE, NULL, ERR_PARAMS, "damaged" },
		{ "?code=a%00&state=" STATE, NULL, ERR_PARAMS, "damaged" },
		{ "?code=a%zz&state=" STATE, NULL, ERR_PARAMS, "damaged" },
		{ "?code=a%2&state=" STATE, NULL, ERR_PARAMS, "damaged" },
		{ "?state=" STATE "&code=a%2", NULL, ERR_PARAMS, "damaged" },
		{ "?state=" STATE "&code=a%", NULL, ERR_PARAMS, "damaged" },
		{ "?code=a%20b&state=" STATE, NULL, ERR_PARAMS, "damaged" },
		{ "?code=\xc3\xa4&state=" STATE, NULL, ERR_PARAMS, "damaged" },
		{ "?error=access_denied&error_description=not+now&state=" STATE, NULL, ERR_REFUSED,
		    "access_denied: not now" },
		/* It could be anybody's. */
		{ "?error=access_denied&state=other", NULL, ERR_PARAMS, "another login" },
		{ "?error=access_denied", NULL, ERR_PARAMS, "not the address" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice code = SLICE_NONE;
		struct arena arena;
		struct err err;
		bool ok;

		arena_init(&arena, NULL, 64 * KIB);
		ok = oauth_answer(slice_of(cases[i].address), S(STATE), &arena, &code, &err);
		if (ok != (cases[i].code != NULL))
			fail_msg("%s: %s", cases[i].address, ok ? "was taken" : err.text);
		if (ok && !slice_eq(code, slice_of(cases[i].code)))
			fail_msg("%s: %.*s", cases[i].address, SLICE_FMT(code));
		if (!ok && (err.kind != cases[i].kind || strstr(err.text, cases[i].text) == NULL))
			fail_msg("%s: %d %s", cases[i].address, err.kind, err.text);
		arena_fini(&arena);
	}
}

static void
long_answers_are_refused(void **state)
{
	struct slice code, text;
	struct arena arena;
	struct buf address;
	struct err err;

	(void)state;
	arena_init(&arena, NULL, 64 * KIB);
	buf_init(&address, NULL, MIB);
	buf_puts(&address, "?state=" STATE "&code=");
	while (address.n < 16 * KIB)
		buf_puts(&address, "%61");
	text = buf_view(&address);
	text.n = 16 * KIB - (16 * KIB - sizeof("?state=" STATE "&code=") + 1) % 3;
	assert_true(oauth_answer(text, S(STATE), &arena, &code, &err));
	buf_puts(&address, "aa");
	assert_false(oauth_answer(buf_view(&address), S(STATE), &arena, &code, &err));
	assert_int_equal(err.kind, ERR_PARAMS);
	buf_fini(&address);
	arena_fini(&arena);
}

/* ---- names of records ------------------------------------------------------------------------ */

static struct config_site
site_of(const char *url, const char *client, const char *cloud_id, bool is_cloud)
{
	return (struct config_site){ .url = slice_of(url),
		.client_id = slice_of(client),
		.cloud_id = slice_of(cloud_id),
		.api = S("https://api.atlassian.com"),
		.auth = SITE_AUTH_OAUTH,
		.deployment = is_cloud ? DEPLOYMENT_CLOUD : DEPLOYMENT_DATA_CENTER };
}

static void
records_are_by_application_and_site(void **state)
{
	const struct config_site sites[] = {
		site_of("https://acme.atlassian.net", "a", NULL, true),
		site_of("https://acme.atlassian.net/wiki", "a", NULL, true),
		site_of("https://acme.atlassian.net", "b", NULL, true),
		site_of("https://evil.atlassian.net", "a", NULL, true),
		site_of("https://jira.acme.com", "a", NULL, false),
		site_of("https://jira.acme.com/two", "a", NULL, false),
		site_of("https://jira.acme.com:8443", "a", NULL, false),
		site_of("https://api.atlassian.com/ex/jira/1-2", "a", NULL, true),
		site_of("https://api.atlassian.com/ex/confluence/1-2/wiki", "a", NULL, true),
		site_of("https://api.atlassian.com/ex/jira/1-3", "a", NULL, true),
	};
	char names[COUNT(sites)][CREDENTIAL_NAME + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(sites); i++)
		oauth_record(&sites[i], names[i]);
	assert_non_null(strstr(names[0], "acme_atlassian_net-"));
	for (size_t i = 0; i < COUNT(sites); i++)
		for (size_t k = 0; k < i; k++) {
			bool is_shared = (i == 1 && k == 0) || (i == 8 && k == 7);

			if ((strcmp(names[i], names[k]) == 0) != is_shared)
				fail_msg("%zu and %zu: %s", i, k, names[i]);
		}
	assert_true(slice_eq(oauth_cloud_id(&sites[8]), S("1-2")));
	assert_int_equal(oauth_cloud_id(&sites[0]).n, 0);
}

static void
long_hosts_have_records_too(void **state)
{
	char url[300] = "https://", name[CREDENTIAL_NAME + 1];
	struct config_site site;

	(void)state;
	memset(url + 8, 'a', 250);
	site = site_of(url, "a", NULL, false);
	oauth_record(&site, name);
	assert_int_equal(strlen(name), 80 + 1 + 16);
}

/* ---- grants ---------------------------------------------------------------------------------- */

static void
grants_come_back(void **state)
{
	struct grant grant, read;
	struct buf text;
	struct err err;

	(void)state;
	grant_init(&grant);
	assert_true(grant_set(&grant, &grant.access, S("ey.access"), &err) &&
	    grant_set(&grant, &grant.refresh, S("re\"fresh"), &err) &&
	    grant_set(&grant, &grant.cloud_id, S("1-2"), &err));
	grant.expires_ms = 1234567890123;
	buf_init(&text, NULL, MIB);
	grant_print(&grant, &text);
	assert_true(grant_parse(buf_view(&text), &read, &err));
	assert_true(slice_eq(read.access, grant.access) && slice_eq(read.refresh, grant.refresh) &&
	    slice_eq(read.cloud_id, grant.cloud_id) && read.scope.n == 0);
	assert_int_equal(read.expires_ms, 1234567890123);
	grant_take(&grant, &read);
	assert_true(slice_eq(grant.access, S("ey.access")) && read.access.n == 0);
	buf_fini(&text);
	grant_fini(&grant);
	grant_fini(&read);
}

static void
grants_that_cannot_be_sent_are_refused(void **state)
{
	static const char *const texts[] = { "", "x", "{}", "[]", "{\"access_token\":\"\"}",
		"{\"access_token\":5}", "{\"access_token\":\"a b\"}",
		"{\"access_token\":\"a\\r\\nX: y\"}", "{\"access_token\":\"\\u00e4\"}",
		"{\"access_token\":\"a\",\"refresh_token\":\"b\\n\"}" };
	struct grant grant;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (grant_parse(slice_of(texts[i]), &grant, &err))
			fail_msg("%s", texts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(pkce_is_that_of_the_rfc),
		cmocka_unit_test(answers_are_read), cmocka_unit_test(long_answers_are_refused),
		cmocka_unit_test(records_are_by_application_and_site),
		cmocka_unit_test(long_hosts_have_records_too), cmocka_unit_test(grants_come_back),
		cmocka_unit_test(grants_that_cannot_be_sent_are_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * `atlassian` of the file: what an entry becomes, and what is refused, with its position.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

#define NAME "bascule.yaml"

static const char *const environment[] = { "TOKEN=s3cret", "EMPTY=", "HOME=/home/u", NULL };

static struct config *
parse(const char *yaml)
{
	struct config *config = NULL;
	struct err err = { 0 };

	if (!config_parse(slice_of(yaml), NAME, "/etc", environment, NULL, &config, &err))
		print_error("%s\n", err.text);
	assert_non_null(config);
	assert_true(config_check(config, &err));
	return config;
}

static void
expect(struct slice got, const char *wanted)
{
	if (!slice_eq(got, slice_of(wanted)))
		print_error("got \"%.*s\", wanted \"%s\"\n", SLICE_FMT(got), wanted);
	assert_true(slice_eq(got, slice_of(wanted)));
}

/* ---- what an entry becomes ------------------------------------------------------------------- */

static void
test_both(void **state)
{
	struct config *config =
	    parse("atlassian:\n"
		  "  sites:\n"
		  "    - name: staging\n"
		  "      jira: https://jira.staging.acme.com/\n"
		  "      auth: {type: pat, token: \"${TOKEN}\"}\n"
		  "    - jira: https://acme.atlassian.net\n"
		  "      confluence: https://acme.atlassian.net\n"
		  "      auth: {type: basic, user: me@acme.com, token: \"${TOKEN}\"}\n"
		  "      projects: [PROJ, OPS]\n"
		  "      spaces: DOCS\n"
		  "      internal_only: [HELP]\n"
		  "      markup: false\n"
		  "      tls: {verify: false}\n"
		  "      retry: {total: 5, backoff: 250ms, writes: true}\n"
		  "      breaker: {threshold: 3}\n");
	const struct config_site *sites = config->atlassian.sites;

	(void)state;
	assert_int_equal(config->atlassian.sites_n, 3);
	expect(sites[0].provider, "jira");
	expect(sites[0].name, "");
	expect(sites[0].url, "https://acme.atlassian.net");
	assert_int_equal(sites[0].auth, SITE_AUTH_BASIC);
	expect(sites[0].user, "me@acme.com");
	expect(secret_reveal(sites[0].secret), "s3cret");
	assert_int_equal(sites[0].deployment, DEPLOYMENT_CLOUD);
	assert_int_equal(sites[0].filter_n, 2);
	expect(sites[0].filter[1], "OPS");
	assert_int_equal(sites[0].internal_only_n, 1);
	assert_true(sites[0].no_markup && sites[0].is_unverified && sites[0].retry_writes);
	assert_int_equal(sites[0].retry_backoff_ms, 250);
	assert_int_equal(sites[0].timeout_ms, 75000);
	assert_int_equal(sites[0].breaker_threshold, 3);
	assert_int_equal(sites[0].breaker_cooldown_ms, 30000);
	assert_int_equal(sites[0].line, 6);

	expect(sites[1].provider, "confluence");
	expect(sites[1].url, "https://acme.atlassian.net/wiki");
	assert_int_equal(sites[1].product, PRODUCT_CONFLUENCE);
	expect(sites[1].filter[0], "DOCS");
	assert_int_equal(sites[1].internal_only_n, 0);
	assert_false(sites[1].no_markup);

	expect(sites[2].provider, "jira_staging");
	expect(sites[2].url, "https://jira.staging.acme.com");
	assert_int_equal(sites[2].deployment, DEPLOYMENT_AUTO);
	assert_int_equal(sites[2].retry_total, 2);
	assert_false(config->atlassian.is_tenants);
	assert_true(config->atlassian.tenants_allow_n > 0);
	config_free(&config);
}

static const struct {
	const char *yaml, *error;
} cases[] = {
	{ "atlassian: {sites: [{name: a}]}\n",
	    ":1:21: atlassian.sites[0] needs \"jira\" or \"confluence\", or both" },
	{ "atlassian: {sites: [{jira: \"https://j.x\"}]}\n",
	    ":1:21: atlassian.sites[0] needs \"auth: {type: ...}\": basic, pat, oauth, bearer or "
	    "cert; none where requests bring their own" },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config = NULL;
		struct err err = { 0 };
		char wanted[512];

		snprintf(wanted, sizeof(wanted), NAME "%s", cases[i].error);
		if (config_parse(
			slice_of(cases[i].yaml), NAME, "/etc", environment, NULL, &config, &err)) {
			print_error("accepted: %s\n", cases[i].yaml);
			fail();
		}
		if (strcmp(err.text, wanted) != 0)
			print_error("of %s\n", cases[i].yaml);
		assert_string_equal(err.text, wanted);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_cases),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_drain();
	return failed;
}

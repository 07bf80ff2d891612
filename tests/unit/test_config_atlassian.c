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

#define SITE(rest) "atlassian: {sites: [{jira: \"https://j.x\", " rest "}]}\n"
#define PAT	   "auth: {type: pat, token: t}"

static const struct {
	const char *yaml, *error;
} cases[] = {
	{ "atlassian: {sites: [{name: a}]}\n",
	    ":1:21: atlassian.sites[0] needs \"jira\" or \"confluence\", or both" },
	{ "atlassian: {sites: [a]}\n",
	    ":1:21: atlassian.sites[0] must be a map with \"jira\" or \"confluence\", and \"auth\"" },
	{ "atlassian: {sites: {jira: x}}\n",
	    ":1:20: atlassian.sites must be a list: put \"- \" before each entry" },
	{ "atlassian: [a]\n", ":1:12: atlassian must be a map of options, not a list" },
	{ "atlassian: {site: []}\n",
	    ":1:13: unknown key \"site\" in atlassian (did you mean \"sites\"?)" },
	{ "atlassian: {sites: []}\n",
	    ":1:1: nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "atlassian: {sites: [{jira: \"https://j.x\"}]}\n",
	    ":1:21: atlassian.sites[0] needs \"auth: {type: ...}\": basic, pat, oauth, bearer or cert; none where requests bring their own" },
	{ SITE("auth: {}"),
	    ":1:49: atlassian.sites[0] needs \"auth: {type: ...}\": basic, pat, oauth, bearer or cert; none where requests bring their own" },
	{ SITE("auth: {token: t}"),
	    ":1:49: atlassian.sites[0] needs \"auth: {type: ...}\": basic, pat, oauth, bearer or cert; none where requests bring their own" },
	{ SITE("auth: {type: token}"),
	    ":1:56: atlassian.sites[0].auth.type must be one of none, basic, pat, oauth, bearer, cert, not \"token\"" },
	{ SITE("auth: {type: pat}"),
	    ":1:49: atlassian.sites[0].auth.token is missing: \"type: pat\" needs it" },
	{ SITE("auth: {type: pat, token: \"${EMPTY}\"}"),
	    ":1:68: atlassian.sites[0].auth.token is missing: \"type: pat\" needs it" },
	{ SITE("auth: {type: pat, token: \"${UNSET}\"}"),
	    ":1:68: the environment variable UNSET is not set (write ${UNSET:-default} where it may be missing)" },
	{ SITE("auth: {type: pat, token: \"a b\"}"),
	    ":1:68: atlassian.sites[0].auth.token holds a blank, a control or a non-ASCII character" },
	{ SITE("auth: {type: pat, user: u, token: t}"),
	    ":1:67: atlassian.sites[0].auth.user does not go with \"type: pat\"" },
	{ SITE("auth: {type: basic, token: t}"),
	    ":1:49: atlassian.sites[0].auth.user is missing: \"type: basic\" needs it" },
	{ SITE("auth: {type: basic, user: u}"),
	    ":1:49: atlassian.sites[0].auth.token is missing: \"type: basic\" needs it" },
	{ SITE("auth: {type: basic, user: \"u:v\", token: t}"),
	    ":1:69: atlassian.sites[0].auth.user must not hold a \":\"" },
	{ SITE("auth: {type: basic, user: u, token: \"a\\nb\"}"),
	    ":1:79: atlassian.sites[0].auth.token holds a control character, perhaps a line end" },
	{ SITE("auth: {type: oauth, client_id: i}"),
	    ":1:49: atlassian.sites[0].auth.client_secret is missing: \"type: oauth\" needs it" },
	{ SITE("auth: {type: oauth, client_id: i, client_secret: s, redirect_uri: x}"),
	    ":1:109: the url must begin with http:// or https://" },
	{ SITE("auth: {type: bearer, token: t, cloud_id: \"../x\"}"),
	    ":1:84: a cloud id has 1 to 64 letters, digits and \"-\"" },
	{ SITE("auth: {type: cert}"),
	    ":1:56: atlassian.sites[0].auth.type: \"cert\" needs tls.cert and tls.key" },
	{ SITE("auth: {type: none, token: t}"),
	    ":1:69: atlassian.sites[0].auth.token does not go with \"type: none\"" },
	{ "atlassian: {sites: [{jira: \"https://a.atlassian.net\", " PAT "}]}\n",
	    ":1:68: atlassian.sites[0].auth.type: Cloud has no personal access tokens: write \"type: basic\" with \"user\" and an API token" },
	{ "atlassian: {sites: [{jira: jira.acme.com, " PAT "}]}\n",
	    ":1:28: the url must begin with http:// or https://" },
	{ "atlassian: {sites: [{jira: \"https://j.x/?a=b\", " PAT "}]}\n",
	    ":1:28: the url must not have a query (\"?\")" },
	{ "atlassian: {sites: [{jira: \"https://u:p@j.x\", " PAT "}]}\n",
	    ":1:28: the url must not hold user and password: use headers or auth" },
	{ SITE("name: jira, " PAT), ":1:49: the site name \"jira\" is reserved" },
	{ SITE("name: Confluence, " PAT), ":1:49: the site name \"Confluence\" is reserved" },
	{ SITE("name: \"a-b\", " PAT),
	    ":1:49: the site name \"a-b\" may hold only letters, digits and \"_\"" },
	{ SITE("name: a23456789_123456789_123456789_1, " PAT),
	    ":1:49: the site name \"a23456789_123456789_123456789_1\" is longer than 30 characters" },
	{ SITE(PAT "}, {jira: \"https://k.x\", " PAT),
	    ":1:73: atlassian.sites[1]: the entry in line 1 has \"jira\" too: names must differ" },
	{ SITE("name: jira_2, " PAT "}, {jira: \"https://k.x\", name: \"2\", " PAT),
	    ":1:115: atlassian.sites[1]: the entry in line 1 has \"jira_2\" too: names must differ" },
	{ SITE("name: a, " PAT "}, {jira: \"https://k.x\", name: A, " PAT),
	    ":1:110: atlassian.sites[1]: the entry in line 1 has \"jira_A\" too: names must differ" },
	{ SITE("deployment: server, " PAT),
	    ":1:55: atlassian.sites[0].deployment must be one of auto, cloud, data_center, not \"server\"" },
	{ SITE("timeout: 75, " PAT),
	    ":1:52: atlassian.sites[0].timeout: \"75\" has no unit: write 75s (ms, s, m, h or d)" },
	{ SITE("timeout: 0s, " PAT),
	    ":1:52: atlassian.sites[0].timeout must be between 1ms and 1h, not \"0s\"" },
	{ SITE("retry: 3, " PAT),
	    ":1:50: atlassian.sites[0].retry must be a map of options, not a text" },
	{ SITE("retry: {total: 101}, " PAT),
	    ":1:58: atlassian.sites[0].retry.total must be between 0 and 100, not \"101\"" },
	{ SITE("retry: {totl: 1}, " PAT),
	    ":1:51: unknown key \"totl\" in atlassian.sites[0].retry (did you mean \"total\"?)" },
	{ SITE("proxy: \"proxy:3128\", " PAT),
	    ":1:50: the proxy must be a URL without a path: http://, https://, socks4://, socks4a://, socks5:// or socks5h://, then [user:password@]host[:port]" },
	{ SITE("proxy: \"http://u:s3cret@p:1/x\", " PAT),
	    ":1:50: the proxy must be a URL without a path: http://, https://, socks4://, socks4a://, socks5:// or socks5h://, then [user:password@]host[:port]" },
	{ SITE("no_proxy: [\"a b\"], " PAT),
	    ":1:54: \"a b\" is no host that is reached without proxy" },
	{ SITE("headers: {Host: x}, " PAT),
	    ":1:53: the header Host is set by bascule: leave it out" },
	{ SITE("headers: {Authorization: x}, " PAT),
	    ":1:52: atlassian.sites[0].headers: \"auth\" sets Authorization: leave one of them out" },
	{ SITE("headers: {X-A: x, x-a: y}, " PAT),
	    ":1:52: atlassian.sites[0].headers: a header is set twice (case does not count)" },
	{ SITE("passthrough: [\"X A\"], " PAT), ":1:57: \"X A\" cannot name a header" },
	{ SITE("passthrough: [authorization], " PAT),
	    ":1:57: the header authorization may hold a key of ours, or a "
	    "credential that has its own rules: it is not passed on" },
	{ SITE("passthrough: [\"\"], " PAT), ":1:57: the name of a header is empty" },
	{ SITE("projects: [\"A OR 1=1\"], " PAT),
	    ":1:54: \"A OR 1=1\" is no key of a project or space: keys have letters, digits, and \"_-.~@+:\"" },
	{ SITE("projects: [\"\"], " PAT),
	    ":1:54: \"\" is no key of a project or space: keys have letters, digits, and \"_-.~@+:\"" },
	{ SITE("spaces: [\"a\\\"b\"], " PAT),
	    ":1:52: \"a\"b\" is no key of a project or space: keys have letters, digits, and \"_-.~@+:\"" },
	{ SITE("internal_only: {a: b}, " PAT),
	    ":1:58: atlassian.sites[0].internal_only must be a text or a list of texts, not a map" },
	{ SITE("max_limit: -1, " PAT),
	    ":1:54: atlassian.sites[0].max_limit must be a whole number, not \"-1\"" },
	{ SITE("markup: maybe, " PAT),
	    ":1:51: atlassian.sites[0].markup must be true or false, not \"maybe\"" },
	{ SITE("tls: {cert: c}, " PAT),
	    ":1:43: tls.cert and tls.key go together: tls.key is missing" },
	{ SITE("tls: {ca: nowhere.pem}, " PAT),
	    ":1:53: tls.ca: /etc/nowhere.pem: No such file or directory" },
	{ "atlassian: {sites: [{jira: \"http://j.x\", tls: {ca: c}, " PAT "}]}\n",
	    ":1:42: \"tls\" belongs to urls that begin with https://" },
	{ "atlassian: {tenants: {allow: [\"*\"]}}\n",
	    ":1:31: the host \"*\" is no host name: write \"jira.acme.com\" or \"*.acme.com\"" },
	{ "atlassian: {tenants: {allow: [\"*.com\"]}}\n",
	    ":1:31: the host \"*.com\" lets requests name too many hosts: write \"*.name.domain\"" },
	{ "atlassian: {tenants: {allow: [\"https://a.b\"]}}\n",
	    ":1:31: the host \"https://a.b\" is no host name: write \"jira.acme.com\" or \"*.acme.com\"" },
	{ "atlassian: {tenants: {allow: []}}\n",
	    ":1:30: atlassian.tenants.allow must not be empty" },
	{ "atlassian: {compat: [mcp-jira-conflunce]}\n",
	    ":1:22: atlassian.compat can hold \"mcp-jira-confluence\", not \"mcp-jira-conflunce\" (did you mean that?)" },
	{ "atlassian: {toolsets: [\"a,b\"]}\n",
	    ":1:24: \"a,b\" is no name: names have letters, digits, \"_\", \"-\" and \".\"" },
	{ "atlassian: {enabled_tools: [\"\"]}\n", ":1:29: a name must have 1 to 128 characters" },
	{ "atlassian: {read_only: yes}\n",
	    ":1:24: atlassian.read_only must be true or false, not \"yes\"" },
	{ "atlassian: {validation: {ttl: 300}}\n",
	    ":1:31: atlassian.validation.ttl: \"300\" has no unit: write 300s (ms, s, m, h or d)" },
	{ "atlassian: {read_only: true}\n",
	    ":1:1: nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "atlassian: {sites: [{jira: \"https://j.x\", name: s, " PAT "}]}\n"
	  "upstreams: [{name: jira_s, command: [x]}]\n",
	    ":2:20: the name \"jira_s\" is that of a site under \"atlassian:\": names must differ" },
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

/*
 * Which credential goes where: a table of configurations, headers and sites; which addresses
 * connections may go to; and that a header's address is never one of inside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/access.h"

/* ---- the choice ------------------------------------------------------------------------------ */

enum setup {
	KEYS = 1,	/* auth: keys; else tenants */
	NONE = 2,	/* auth: none */
	LENDS = 4,	/* operator_credential */
	IGNORES = 8,	/* ignore_headers */
	CLOSED = 16,	/* requests may name no sites */
	EMPTY = 32,	/* the primaries have no address */
	OUTSIDE = 64,	/* not over HTTP */
	LOOPBACK = 128, /* 127.0.0.1 stands in tenants.allow */
	OAUTH = 256,	/* the primary has cloud_id "c1" */
	NO_CLOUD = 512, /* tenants.allow has jira.corp.example only */
};

#define JIRA	"https://jira.acme.example"
#define STAGING "https://staging.acme.example:8443/jira"
#define CONF	"https://wiki.acme.example"

static const struct choice_case {
	unsigned setup;
	const char *site; /* provider */
	const char *authorization, *jira_token, *conf_token, *jira_url, *conf_url, *cloud_id;
	const char *want; /* "own", "bearer CREDENTIAL URL", or "!kind part of the text" */
} cases[] = {
	/* hybrid: address of the operator, credential of the caller */
	{ 0, "jira", "Bearer t", .want = "bearer t " JIRA },
	{ 0, "jira", "Token t", .want = "bearer t " JIRA },
	{ 0, "jira", "Basic dTpw", .want = "basic dTpw " JIRA },
	{ 0, "confluence", "Bearer t", .want = "bearer t " CONF },
	{ 0, "jira", NULL, "p", .want = "bearer p " JIRA },
	{ 0, "jira", "Bearer t", "p", .want = "bearer p " JIRA },
	{ 0, "confluence", "Bearer t", "p", .want = "bearer t " CONF },
	{ 0, "confluence", NULL, "p", .want = "!refused not lent" },
	{ 0, "confluence", NULL, NULL, "w", .want = "bearer w " CONF },
	{ 0, "jira", NULL, NULL, "w", .want = "!refused not lent" },
	/* never to a second site */
	{ 0, "jira_staging", "Bearer t", .want = "!refused not lent" },
	{ 0, "jira_staging", NULL, "p", .want = "!refused not lent" },
	{ LENDS, "jira_staging", "Bearer t", .want = "own" },
	{ KEYS, "jira_staging", NULL, "p", .want = "!refused not lent" },
	{ KEYS | LENDS, "jira_staging", NULL, "p", .want = "own" },
	{ KEYS, "jira_staging", .want = "own" },
	{ 0, "jira_staging", NULL, "p", .jira_url = STAGING, .want = "bearer p " STAGING },
	{ 0, "jira_staging", "Bearer t", .jira_url = STAGING "/", .want = "bearer t " STAGING },
	{ 0, "jira_staging", NULL, "p", .jira_url = "https://STAGING.acme.example:8443",
	    .want = "bearer p " STAGING },
	{ 0, "jira", NULL, "p", .jira_url = STAGING, .want = "!refused not lent" },
	{ 0, "jira_staging", NULL, "p", .jira_url = JIRA, .want = "!refused not lent" },
	{ 0, "jira_staging", NULL, "p", .jira_url = "https://staging.acme.example",
	    .want = "!refused not lent" },
	{ 0, "jira", NULL, "p", .jira_url = JIRA ":443/", .want = "bearer p " JIRA },
	/* sites that requests bring */
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net",
	    .want = "bearer p https://x.atlassian.net" },
	{ 0, "jira", "Basic dTpw", .jira_url = "https://x.atlassian.net/",
	    .want = "basic dTpw https://x.atlassian.net" },
	{ 0, "jira", NULL, "p", .jira_url = "https://jira.corp.example:8443/jira",
	    .want = "bearer p https://jira.corp.example:8443/jira" },
	{ 0, "confluence", NULL, NULL, "w", .conf_url = "https://x.atlassian.net",
	    .want = "bearer w https://x.atlassian.net/wiki" },
	{ 0, "confluence", NULL, NULL, "w", .conf_url = "https://x.atlassian.net/wiki/",
	    .want = "bearer w https://x.atlassian.net/wiki" },
	{ 0, "confluence", "Bearer t", .jira_url = "https://x.atlassian.net",
	    .want = "!refused not lent" },
	{ 0, "jira", "Bearer t", .jira_url = "https://x.atlassian.net",
	    .want = "bearer t https://x.atlassian.net" },
	{ 0, "jira_staging", "Bearer t", .jira_url = "https://x.atlassian.net",
	    .want = "!refused not lent" },
	{ EMPTY, "jira", NULL, "p", .jira_url = "https://x.atlassian.net",
	    .want = "bearer p https://x.atlassian.net" },
	{ EMPTY, "jira", NULL, "p", .want = "!refused X-Jira-URL" },
	{ EMPTY | NONE, "jira", .want = "!config no address" },
	{ EMPTY | OUTSIDE, "jira", .want = "!config no address" },
	/* the API gateway */
	{ 0, "jira", "Bearer t", .cloud_id = "c2",
	    .want = "bearer t https://api.atlassian.com/ex/jira/c2" },
	{ 0, "confluence", "Bearer t", .cloud_id = "c2",
	    .want = "bearer t https://api.atlassian.com/ex/confluence/c2/wiki" },
	{ EMPTY, "jira", "Bearer t", .cloud_id = "c2",
	    .want = "bearer t https://api.atlassian.com/ex/jira/c2" },
	{ 0, "jira", "Token t", .cloud_id = "c2", .want = "bearer t " JIRA },
	{ 0, "jira", "Basic dTpw", .cloud_id = "c2", .want = "basic dTpw " JIRA },
	{ 0, "jira", "Bearer t", "p", .cloud_id = "c2", .want = "bearer p " JIRA },
	{ 0, "jira_staging", "Bearer t", .cloud_id = "c2", .want = "!refused not lent" },
	{ CLOSED | KEYS, "jira", "Bearer t", .cloud_id = "c2", .want = "!refused may name none" },
	{ CLOSED | KEYS | OAUTH, "jira", "Bearer t", .cloud_id = "c1",
	    .want = "bearer t https://api.atlassian.com/ex/jira/c1" },
	{ NO_CLOUD, "jira", "Bearer t", .cloud_id = "c2", .want = "!refused api.atlassian.com" },
	/* no credential */
	{ 0, "jira", .want = "!unauthorized needed" },
	{ 0, "jira_staging", .want = "!unauthorized needed" },
	{ LENDS, "jira", .want = "own" },
	{ LENDS, "jira_staging", .want = "own" },
	{ NONE, "jira", .want = "own" },
	{ KEYS, "jira", .want = "own" },
	{ OUTSIDE, "jira", .want = "own" },
	{ 0, "jira", .jira_url = "https://x.atlassian.net", .want = "!unauthorized no credential" },
	{ LENDS, "jira", .jira_url = "https://x.atlassian.net",
	    .want = "!unauthorized no credential" },
	{ KEYS, "jira", .jira_url = "https://x.atlassian.net", .want = "!refused no credential" },
	{ KEYS, "jira", .jira_url = JIRA, .want = "own" },
	{ KEYS, "jira", NULL, "p", .want = "bearer p " JIRA },
	{ NONE, "jira", "Bearer t", .want = "bearer t " JIRA },
	{ IGNORES, "jira", "Bearer t", "p", .want = "!unauthorized needed" },
	{ IGNORES | NONE, "jira", "Bearer t", "p", .want = "own" },
	{ IGNORES | LENDS, "jira", "Bearer t", .jira_url = "https://evil", .want = "own" },
	/* addresses that are none, or of inside (CVE-2026-27826) */
	{ CLOSED | KEYS, "jira", NULL, "p", .jira_url = "https://x.atlassian.net",
	    .want = "!refused may name no sites" },
	{ CLOSED | KEYS, "jira", NULL, "p", .jira_url = JIRA, .want = "bearer p " JIRA },
	{ 0, "jira", NULL, "p", .jira_url = "http://x.atlassian.net", .want = "!refused https://" },
	{ 0, "jira", NULL, "p", .jira_url = "http://169.254.169.254/latest/meta-data/",
	    .want = "!refused \"169.254.169.254\", which is not in atlassian.tenants.allow" },
	{ 0, "jira", NULL, "p", .jira_url = "http://[fd00:ec2::254]/", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://metadata.google.internal",
	    .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "http://127.0.0.1:9200", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://localhost", .want = "!refused not in" },
	{ LOOPBACK, "jira", NULL, "p", .jira_url = "http://127.0.0.1:9200/jira",
	    .want = "bearer p http://127.0.0.1:9200/jira" },
	{ LOOPBACK, "jira", NULL, "p", .jira_url = "http://localhost", .want = "!refused not in" },
	{ LOOPBACK, "jira", NULL, "p", .jira_url = "http://127.1", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://2130706433", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://0x7f000001", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net.", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://atlassian.net", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://xatlassian.net", .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net.evil.example",
	    .want = "!refused not in" },
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net@10.0.0.1/",
	    .want = "!refused no address" },
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net/../admin",
	    .want = "!refused no address" },
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net/%2e%2e",
	    .want = "!refused no address" },
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net/a//b",
	    .want = "!refused no address" },
	{ 0, "jira", NULL, "p", .jira_url = "https://x.atlassian.net/?a=b",
	    .want = "!refused no address" },
	{ 0, "jira", NULL, "p", .jira_url = "https://10.0.0.1\\@x.atlassian.net",
	    .want = "!refused no address" },
	{ 0, "jira", NULL, "p", .jira_url = "file:///etc/passwd", .want = "!refused no address" },
	{ 0, "jira", NULL, "p", .jira_url = "x.atlassian.net", .want = "!refused no address" },
	{ 0, "jira_staging", NULL, "p", .jira_url = "https://staging.acme.example:8443/jira/./",
	    .want = "!refused no address" },
};

static struct slice allowed[] = { S("*.atlassian.net"), S("*.atlassian.com"),
	S("jira.corp.example"), S("127.0.0.1") };
static struct slice allowed_corp[] = { S("jira.corp.example") };

static const struct config_site *
configure(const struct choice_case *one, struct config *config, struct config_site *sites)
{
	static const struct config_site all[] = {
		{ .product = PRODUCT_JIRA, .name = S(""), .provider = S("jira"), .url = S(JIRA) },
		{ .product = PRODUCT_CONFLUENCE,
		    .name = S(""),
		    .provider = S("confluence"),
		    .url = S(CONF) },
		{ .product = PRODUCT_JIRA,
		    .name = S("staging"),
		    .provider = S("jira_staging"),
		    .url = S(STAGING) },
	};

	memcpy(sites, all, sizeof(all));
	*config = (struct config){ .auth = one->setup & KEYS ? AUTH_KEYS
		    : one->setup & NONE			     ? AUTH_NONE
							     : AUTH_TENANTS };
	config->atlassian = (struct config_atlassian){ .sites = sites,
		.sites_n = 3,
		.is_tenants = !(one->setup & CLOSED),
		.allow_operator_credential = one->setup & LENDS,
		.ignore_headers = one->setup & IGNORES,
		.tenants_allow = one->setup & NO_CLOUD ? allowed_corp : allowed,
		.tenants_allow_n = one->setup & NO_CLOUD ? 1
		    : one->setup & LOOPBACK		 ? 4
							 : 3 };
	if (one->setup & EMPTY)
		sites[0].url = sites[1].url = SLICE_NONE;
	if (one->setup & OAUTH)
		sites[0].cloud_id = S("c1");
	for (size_t i = 0; i < 3; i++)
		if (slice_eq(sites[i].provider, slice_of(one->site)))
			return &sites[i];
	fail();
	return NULL;
}

/* As the front reads them: the header fields, through the same function. */
static void
bring(const struct choice_case *one, const struct config *config, struct credentials *out)
{
	const struct http_header fields[] = {
		{ S("Authorization"), slice_of(one->authorization) },
		{ S("x-jira-token"), slice_of(one->jira_token) },
		{ S("X-Confluence-Token"), slice_of(one->conf_token) },
		{ S("X-Atlassian-Jira-Url"), slice_of(one->jira_url) },
		{ S("X-Confluence-URL"), slice_of(one->conf_url) },
		{ S("X-Atlassian-Cloud-Id"), slice_of(one->cloud_id) },
		{ S("X-Bascule-Key"), S("0123456789abcdef") },
	};
	struct http_header there[COUNT(fields)];
	struct auth *auth = auth_new(config);
	struct err err = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < COUNT(fields); i++)
		if (fields[i].value.p != NULL)
			there[n++] = fields[i];
	if (!credentials_read(auth, there, n, out, &err))
		fail_msg("%s", err.text);
	auth_free(&auth);
}

static void
test_choice(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct choice_case *one = &cases[i];
		static struct config_site sites[3];
		static struct config config;
		const struct config_site *site = configure(one, &config, sites);
		struct credentials brought;
		struct choice choice;
		struct arena arena;
		struct err err = { 0 };
		char got[400];
		bool ok, is_same;

		bring(one, &config, &brought);
		arena_init(&arena, NULL, MIB);
		ok = access_choose(
		    &config, site, one->setup & OUTSIDE ? NULL : &brought, &arena, &choice, &err);
		if (!ok)
			snprintf(got, sizeof(got), "!%s %s", err_info(err.kind)->name, err.text);
		else if (choice.is_operators)
			snprintf(got, sizeof(got), "own");
		else
			snprintf(got, sizeof(got), "%s %.*s %.*s",
			    choice.scheme == CREDENTIAL_BASIC ? "basic" : "bearer",
			    SLICE_FMT(choice.credential), SLICE_FMT(choice.url));
		is_same = strcmp(got, one->want) == 0;
		if (!ok && one->want[0] == '!') {
			const char *part = strchr(one->want, ' ');

			is_same = strncmp(got, one->want, (size_t)(part - one->want)) == 0 &&
			    strstr(err.text, part + 1) != NULL;
		}
		if (!is_same)
			fail_msg("case %zu: want %s, got %s", i, one->want, got);
		/* What a request named, and no site of the configuration, is public or refused. */
		if (ok && !choice.is_operators && !choice.is_ours)
			assert_int_equal(
			    choice.reach, one->setup & LOOPBACK ? REACH_LOOPBACK : REACH_PUBLIC);
		arena_fini(&arena);
	}
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void
test_addresses(void **state)
{
	static const struct {
		const char *address;
		bool is_public;
	} rows[] = {
		{ "8.8.8.8:1", true },
		{ "104.192.141.1:443", true },
		{ "0.0.0.0:1", false },
		{ "0.1.2.3:1", false },
		{ "10.0.0.1:1", false },
		{ "10.255.255.255:1", false },
		{ "9.255.255.255:1", true },
		{ "11.0.0.0:1", true },
		{ "100.64.0.1:1", false },
		{ "100.127.255.255:1", false },
		{ "100.128.0.0:1", true },
		{ "100.63.0.1:1", true },
		{ "127.0.0.1:1", false },
		{ "127.8.8.8:1", false },
		{ "169.254.169.254:80", false },
		{ "169.253.1.1:1", true },
		{ "172.15.0.1:1", true },
		{ "172.16.0.1:1", false },
		{ "172.31.255.255:1", false },
		{ "172.32.0.1:1", true },
		{ "192.0.0.192:1", false },
		{ "192.0.2.1:1", false },
		{ "192.168.1.1:1", false },
		{ "192.169.0.1:1", true },
		{ "198.18.0.1:1", false },
		{ "198.19.255.255:1", false },
		{ "198.20.0.1:1", true },
		{ "198.51.100.7:1", false },
		{ "203.0.113.9:1", false },
		{ "224.0.0.1:1", false },
		{ "239.1.1.1:1", false },
		{ "240.0.0.1:1", false },
		{ "255.255.255.255:1", false },
		{ "100.100.100.200:80", false },
		{ "168.63.129.16:80", false },
		{ "[::]:1", false },
		{ "[::1]:1", false },
		{ "[::7f00:1]:1", false },
		{ "[fe80::1]:1", false },
		{ "[fc00::1]:1", false },
		{ "[fd00:ec2::254]:80", false },
		{ "[fec0::1]:1", false },
		{ "[ff02::1]:1", false },
		{ "[100::1]:1", false },
		{ "[2001:db8::1]:1", false },
		{ "[2001::1]:1", false },
		{ "[3fff::1]:1", false },
		{ "[2606:4700::1111]:1", true },
		{ "[2a05:d018::1]:1", true },
		{ "[::ffff:10.0.0.1]:1", false },
		{ "[::ffff:169.254.169.254]:1", false },
		{ "[::ffff:8.8.8.8]:1", true },
		{ "[64:ff9b::a00:1]:1", false },
		{ "[64:ff9b::a9fe:a9fe]:1", false },
		{ "[64:ff9b::808:808]:1", true },
		{ "[64:ff9b:1::808:808]:1", false },
		{ "[2002:7f00:1::1]:1", false },
		{ "[2002:a9fe:a9fe::]:1", false },
		{ "[2002:808:808::1]:1", true },
	};
	struct address address;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!address_parse(slice_of(rows[i].address), &address, &err))
			fail_msg("%s: %s", rows[i].address, err.text);
		if (access_may_dial(REACH_PUBLIC, &address) != rows[i].is_public)
			fail_msg("%s", rows[i].address);
		assert_true(access_may_dial(REACH_ANY, &address));
		assert_int_equal(
		    access_may_dial(REACH_LOOPBACK, &address), address_is_loopback(&address));
	}
	assert_true(address_parse(S("unix:/tmp/x"), &address, &err));
	assert_false(access_may_dial(REACH_PUBLIC, &address));
	assert_false(access_may_dial(REACH_LOOPBACK, &address));
}

/* ---- without the proxy ----------------------------------------------------------------------- */

static void
test_no_proxy(void **state)
{
	static const struct {
		const char *entry, *url;
		bool is_without;
	} rows[] = {
		{ "jira.acme.example", "https://jira.acme.example", true },
		{ "acme.example", "https://jira.acme.example/x", true },
		{ ".acme.example", "https://jira.acme.example", true },
		{ "*.acme.example", "https://JIRA.acme.example", true },
		{ ".acme.example", "https://acme.example", true },
		{ "acme.example", "https://notacme.example", false },
		{ "jira.acme.example", "https://acme.example", false },
		{ "acme.example:8443", "https://jira.acme.example:8443", true },
		{ "acme.example:8443", "https://jira.acme.example", false },
		{ "acme.example:x", "https://acme.example", false },
		{ "*", "https://anything.example", true },
		{ "10.0.0.0/8", "http://10.1.2.3:8080", true },
		{ "10.0.0.0/8", "http://11.1.2.3", false },
		{ "10.0.0.0/8", "http://ten.example", false },
		{ "10.0.0.0/33", "http://10.0.0.1", false },
		{ "10.1.2.3", "http://10.1.2.3", true },
		{ "10.1.2.4/31", "http://10.1.2.5", true },
		{ "10.1.2.4/31", "http://10.1.2.6", false },
		{ "0.0.0.0/0", "http://10.1.2.6", true },
		{ "fd00::/8", "http://[fd12::1]", true },
		{ "fd00::/8", "http://[fe12::1]", false },
		{ "fd00::/8", "http://10.0.0.1", false },
		{ "::1", "http://[::1]:8080", true },
		{ "[::1]", "http://[::1]:8080", true },
		{ "[::1]:8080", "http://[::1]:8080", true },
		{ "[::1]:8081", "http://[::1]:8080", false },
		{ ".", "https://acme.example", false },
		{ "/", "https://acme.example", false },
		{ "[", "https://acme.example", false },
		{ ":", "https://acme.example", false },
	};
	struct slice entries[2] = { S("other.example"), SLICE_NONE };
	struct config_site site = { .proxy = S("http://proxy.example:3128"),
		.no_proxy = entries,
		.no_proxy_n = COUNT(entries) };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice got;

		entries[1] = slice_of(rows[i].entry);
		got = access_proxy(&site, slice_of(rows[i].url));
		if ((got.n == 0) != rows[i].is_without)
			fail_msg("%s for %s", rows[i].entry, rows[i].url);
	}
	site.no_proxy_n = 1;
	assert_true(slice_eq(access_proxy(&site, S("https://acme.example")), site.proxy));
	site.proxy = SLICE_NONE;
	assert_int_equal(access_proxy(&site, S("https://acme.example")).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_proxy),
	};
	int failed = cmocka_run_group_tests_name("access", tests, NULL, NULL);

	arena_drain();
	return failed;
}

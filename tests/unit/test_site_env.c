/*
 * The environment of the Python servers: which sites it makes, and what is said of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

#define VARIABLES_MAX 16
#define CLOUD	      "JIRA_URL=https://acme.atlassian.net"
#define SERVER	      "JIRA_URL=https://jira.acme.com"
#define BASIC	      "JIRA_USERNAME=me@acme.com", "JIRA_API_TOKEN=t0ken"
#define OAUTH \
	"ATLASSIAN_OAUTH_CLIENT_ID=i", "ATLASSIAN_OAUTH_CLIENT_SECRET=s", \
	    "ATLASSIAN_OAUTH_REDIRECT_URI=http://localhost:8080/callback", \
	    "ATLASSIAN_OAUTH_SCOPE=read:jira-work offline_access"
#define JIRA_OAUTH \
	"JIRA_OAUTH_CLIENT_ID=i", "JIRA_OAUTH_CLIENT_SECRET=s", \
	    "JIRA_OAUTH_REDIRECT_URI=http://localhost:8080/callback", "JIRA_OAUTH_SCOPE=WRITE"
#define LEFT_OUT "no site in the environment"

/* What a site looks like here: "jira_2 basic https://…", one a line; said: what the log or the
 * error must hold, NULL: nothing may be said. */
static const struct {
	const char *name;
	const char *environ[VARIABLES_MAX];
	const char *sites, *said;
} cases[] = {
	{ "nothing", { NULL }, "", LEFT_OUT },
	{ "cloud, basic", { CLOUD, BASIC }, "jira basic https://acme.atlassian.net\n", NULL },
	{ "an e-mail address", { CLOUD, "JIRA_EMAIL=a@b", "JIRA_API_TOKEN=t" },
	    "jira basic https://acme.atlassian.net\n", NULL },
	{ "a slash at the end", { "JIRA_URL=https://acme.atlassian.net//", BASIC },
	    "jira basic https://acme.atlassian.net\n", NULL },
	{ "blanks around", { "JIRA_URL= https://acme.atlassian.net ", BASIC },
	    "jira basic https://acme.atlassian.net\n", NULL },
	{ "confluence",
	    { "CONFLUENCE_URL=https://acme.atlassian.net/wiki", "CONFLUENCE_USERNAME=u",
		"CONFLUENCE_API_TOKEN=t" },
	    "confluence basic https://acme.atlassian.net/wiki\n", NULL },
	{ "confluence cloud without /wiki",
	    { "CONFLUENCE_URL=https://acme.atlassian.net", "CONFLUENCE_EMAIL=u",
		"CONFLUENCE_API_TOKEN=t" },
	    "confluence basic https://acme.atlassian.net/wiki\n", NULL },
	{ "confluence of one's own",
	    { "CONFLUENCE_URL=https://docs.acme.com", "CONFLUENCE_PERSONAL_TOKEN=t" },
	    "confluence pat https://docs.acme.com\n", NULL },

	/* Which credential counts. */
	{ "cloud: oauth before basic", { CLOUD, BASIC, OAUTH },
	    "jira oauth https://acme.atlassian.net\n", NULL },
	{ "cloud: a part of oauth does not count",
	    { CLOUD, BASIC, "ATLASSIAN_OAUTH_CLIENT_ID=i", "ATLASSIAN_OAUTH_SCOPE=s" },
	    "jira basic https://acme.atlassian.net\n", NULL },
	{ "cloud: a personal token does not count", { CLOUD, BASIC, "JIRA_PERSONAL_TOKEN=p" },
	    "jira basic https://acme.atlassian.net\n", NULL },
	{ "cloud: only a personal token", { CLOUD, "JIRA_PERSONAL_TOKEN=p" }, "",
	    "JIRA is skipped: JIRA_PERSONAL_TOKEN is of Data Center, and this is Cloud: set "
	    "JIRA_USERNAME and JIRA_API_TOKEN" },
	{ "cloud: an access token",
	    { CLOUD, "ATLASSIAN_OAUTH_ACCESS_TOKEN=t", "ATLASSIAN_OAUTH_CLOUD_ID=1f-2" },
	    "jira bearer https://acme.atlassian.net\n", NULL },
	{ "cloud: an access token without cloud id", { CLOUD, "ATLASSIAN_OAUTH_ACCESS_TOKEN=t" },
	    "", "JIRA is skipped: an access token for Cloud needs ATLASSIAN_OAUTH_CLOUD_ID" },
	{ "server: a personal token first", { SERVER, BASIC, OAUTH, "JIRA_PERSONAL_TOKEN=p" },
	    "jira pat https://jira.acme.com\n", NULL },
	{ "server: oauth before basic", { SERVER, BASIC, JIRA_OAUTH },
	    "jira oauth https://jira.acme.com\n", NULL },
	{ "server: an access token", { SERVER, BASIC, "JIRA_OAUTH_ACCESS_TOKEN=t" },
	    "jira bearer https://jira.acme.com\n", NULL },
	{ "server: basic", { SERVER, BASIC }, "jira basic https://jira.acme.com\n", NULL },
	{ "a cloud id makes it cloud",
	    { SERVER, "JIRA_PERSONAL_TOKEN=p", BASIC, "ATLASSIAN_OAUTH_ACCESS_TOKEN=t",
		"ATLASSIAN_OAUTH_CLOUD_ID=1" },
	    "jira bearer https://jira.acme.com\n", NULL },
	{ "loopback is no cloud", { "JIRA_URL=http://127.0.0.1:1", "JIRA_PERSONAL_TOKEN=p" },
	    "jira pat http://127.0.0.1:1\n", NULL },
	{ "a name that only looks like cloud",
	    { "JIRA_URL=https://evilatlassian.net", "JIRA_PERSONAL_TOKEN=p" },
	    "jira pat https://evilatlassian.net\n", NULL },
	{ "a proxy puts it in", { SERVER, "ATLASSIAN_EXTERNAL_AUTH_ENABLE=true" },
	    "jira none https://jira.acme.com\n", NULL },

	/* What is not complete. */
	{ "no user", { CLOUD, "JIRA_API_TOKEN=t" }, "",
	    "JIRA is skipped: JIRA_USERNAME (or JIRA_EMAIL) is not set" },
	{ "no token", { CLOUD, "JIRA_USERNAME=u" }, "",
	    "JIRA is skipped: JIRA_API_TOKEN is not set" },
	{ "an empty token", { CLOUD, "JIRA_USERNAME=u", "JIRA_API_TOKEN=" }, "",
	    "JIRA_API_TOKEN is not set" },
	{ "no credential, cloud", { CLOUD }, "",
	    "JIRA is skipped: no credential: set JIRA_USERNAME and JIRA_API_TOKEN" },
	{ "no credential, server", { SERVER }, "",
	    "JIRA is skipped: no credential: set JIRA_PERSONAL_TOKEN, or JIRA_USERNAME and" },
	{ "no url", { BASIC }, "", "JIRA is skipped: JIRA_URL is not set" },
	{ "a part of oauth", { CLOUD, "ATLASSIAN_OAUTH_CLIENT_ID=i" }, "",
	    "OAuth is not complete: not set are CLIENT_SECRET REDIRECT_URI SCOPE" },
	{ "one product harms no other", { CLOUD, BASIC, "CONFLUENCE_URL=nonsense" },
	    "jira basic https://acme.atlassian.net\n",
	    "CONFLUENCE is skipped: CONFLUENCE_URL: the url must begin with http" },
	{ "a url with a password", { "JIRA_URL=https://u:p@jira.acme.com", BASIC }, "",
	    "JIRA_URL: the url must not hold user and password" },
	{ "a token with a line end", { SERVER, "JIRA_PERSONAL_TOKEN=a\nX: y" }, "",
	    "JIRA is skipped: JIRA.auth.token holds a" },
	{ "a user with a colon", { CLOUD, "JIRA_USERNAME=a:b", "JIRA_API_TOKEN=t" }, "",
	    "must not hold a \":\"" },

	/* Numbered sites. */
	{ "a numbered site without a primary",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x" }, "jira_2 pat https://a.b\n",
	    NULL },
	{ "gaps, and the order of numbers",
	    { "JIRA_10_URL=https://ten.x", "JIRA_10_PERSONAL_TOKEN=x", CLOUD, BASIC,
		"JIRA_3_URL=https://three.x", "JIRA_3_PERSONAL_TOKEN=x" },
	    "jira basic https://acme.atlassian.net\njira_3 pat https://three.x\n"
	    "jira_10 pat https://ten.x\n",
	    NULL },
	{ "a name",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x", "JIRA_2_INSTANCE_NAME=staging" },
	    "jira_staging pat https://a.b\n", NULL },
	{ "an empty name",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x", "JIRA_2_INSTANCE_NAME=" },
	    "jira_2 pat https://a.b\n", NULL },
	{ "the longest name",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x",
		"JIRA_2_INSTANCE_NAME=a23456789_123456789_123456789_" },
	    "jira_a23456789_123456789_123456789_ pat https://a.b\n", NULL },
	{ "a name too long",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x",
		"JIRA_2_INSTANCE_NAME=a23456789_123456789_123456789_1" },
	    "", "JIRA_2 is skipped: JIRA_2_INSTANCE_NAME: the site name" },
	{ "a name with a blank",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x", "JIRA_2_INSTANCE_NAME=my site" },
	    "", "may hold only letters, digits and \"_\"" },
	{ "a name of the primary", { CLOUD, BASIC, "JIRA_INSTANCE_NAME=main" },
	    "jira basic https://acme.atlassian.net\n", "JIRA_INSTANCE_NAME has no effect" },
	{ "a reserved name",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x",
		"JIRA_2_INSTANCE_NAME=confluence" },
	    "", "the site name \"confluence\" is reserved" },
	{ "a name twice",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x", "JIRA_3_URL=https://c.d",
		"JIRA_3_PERSONAL_TOKEN=x", "JIRA_3_INSTANCE_NAME=jira_2" },
	    "jira_2 pat https://a.b\n", "JIRA_3 is skipped: the name \"jira_2\" is taken" },
	{ "one name for both products",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x", "JIRA_2_INSTANCE_NAME=docs",
		"CONFLUENCE_7_URL=https://c.d", "CONFLUENCE_7_PERSONAL_TOKEN=x",
		"CONFLUENCE_7_INSTANCE_NAME=docs" },
	    "jira_docs pat https://a.b\nconfluence_docs pat https://c.d\n", NULL },
	{ "a default name of the other product",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x",
		"JIRA_2_INSTANCE_NAME=confluence_2" },
	    "jira_confluence_2 pat https://a.b\n", NULL },
	{ "a primary's credential is not lent",
	    { CLOUD, BASIC, OAUTH, "JIRA_2_URL=https://b.atlassian.net" },
	    "jira oauth https://acme.atlassian.net\n",
	    "JIRA_2 is skipped: no credential: set JIRA_2_USERNAME and JIRA_2_API_TOKEN" },
	{ "incomplete without a url", { CLOUD, BASIC, "JIRA_2_USERNAME=u" },
	    "jira basic https://acme.atlassian.net\n", "JIRA_2 is skipped: JIRA_2_URL is not set" },
	{ "zeros before it", { CLOUD, BASIC, "JIRA_02_URL=https://a.b" },
	    "jira basic https://acme.atlassian.net\n",
	    "JIRA_02_URL is skipped: sites are numbered" },
	{ "a number too large", { CLOUD, BASIC, "JIRA_99999999999_URL=https://a.b" },
	    "jira basic https://acme.atlassian.net\n", "is skipped: sites are numbered 1 to 9999" },
	{ "no variable of a site", { CLOUD, BASIC, "JIRA_2_TOKEN=x" },
	    "jira basic https://acme.atlassian.net\n",
	    "JIRA_2_TOKEN is no variable of a numbered site" },

	/* Values. */
	{ "a faulty number", { CLOUD, BASIC, "JIRA_TIMEOUT=soon" },
	    "jira basic https://acme.atlassian.net\n", "JIRA_TIMEOUT" },
	{ "a faulty filter would show more", { CLOUD, BASIC, "JIRA_PROJECTS_FILTER=A,B OR 1" }, "",
	    "JIRA is skipped: JIRA_PROJECTS_FILTER: \"B OR 1\" is no key" },
	{ "headers that are none", { CLOUD, BASIC, "JIRA_CUSTOM_HEADERS=X-A" }, "",
	    "JIRA_CUSTOM_HEADERS: one of its parts is not NAME=VALUE" },
	{ "a header of ours", { CLOUD, BASIC, "JIRA_CUSTOM_HEADERS=Host=x" }, "",
	    "the header Host is set by bascule" },
	{ "a proxy that is none", { CLOUD, BASIC, "HTTPS_PROXY=proxy.acme.com:3128" }, "",
	    "HTTPS_PROXY: the proxy must be a URL" },
	{ "a certificate that is not there", { SERVER, BASIC, "JIRA_CLIENT_CERT=/nonexistent/c" },
	    "", "JIRA is skipped: tls.cert: /nonexistent/c: No such file" },

	/* Requests bring their own. */
	{ "tenants", { "ATLASSIAN_OAUTH_ENABLE=true" }, "jira none -\nconfluence none -\n", NULL },
	{ "tenants with an address", { SERVER, "ATLASSIAN_OAUTH_ENABLE=1" },
	    "jira none https://jira.acme.com\nconfluence none -\n", NULL },
	{ "tenants with a credential", { CLOUD, BASIC, "ATLASSIAN_OAUTH_ENABLE=yes" },
	    "jira basic https://acme.atlassian.net\nconfluence none -\n", NULL },
	{ "tenants with a credential and no address", { BASIC, "ATLASSIAN_OAUTH_ENABLE=true" },
	    "jira none -\nconfluence none -\n", "JIRA_USERNAME" },
	{ "on is not true there", { "ATLASSIAN_OAUTH_ENABLE=on" }, "", LEFT_OUT },

	/* The process. */
	{ "what we do not honour", { CLOUD, BASIC, "ATLASSIAN_OAUTH_PROXY_ENABLE=true" },
	    "jira basic https://acme.atlassian.net\n",
	    "ATLASSIAN_OAUTH_PROXY_ENABLE has no effect: registration" },
	{ "of a numbered site too",
	    { CLOUD, BASIC, "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x",
		"JIRA_2_PROXY_WPAD_URL=x" },
	    "jira basic https://acme.atlassian.net\njira_2 pat https://a.b\n",
	    "JIRA_2_PROXY_WPAD_URL has no effect" },
	{ "the log", { CLOUD, BASIC, "MCP_LOGGING_STDOUT=true" },
	    "jira basic https://acme.atlassian.net\n", "MCP_LOGGING_STDOUT has no effect" },
	{ "a path", { CLOUD, BASIC, "STREAMABLE_HTTP_PATH=/api" },
	    "jira basic https://acme.atlassian.net\n", "STREAMABLE_HTTP_PATH has no effect" },
	{ "the path we have", { CLOUD, BASIC, "STREAMABLE_HTTP_PATH=/mcp" },
	    "jira basic https://acme.atlassian.net\n", NULL },
	{ "an unknown transport", { CLOUD, BASIC, "TRANSPORT=carrier-pigeon" },
	    "jira basic https://acme.atlassian.net\n", "stdio is used" },
	{ "a port that is none", { CLOUD, BASIC, "TRANSPORT=sse", "PORT=http" }, "",
	    "PORT must be a number" },
	{ "open to all", { CLOUD, BASIC, "TRANSPORT=sse", "HOST=0.0.0.0" }, "",
	    "\"0.0.0.0:8000\" can be reached from other machines: leave HOST" },
	{ "open to tenants",
	    { CLOUD, BASIC, "TRANSPORT=sse", "HOST=0.0.0.0", "ATLASSIAN_OAUTH_ENABLE=true" },
	    "jira basic https://acme.atlassian.net\nconfluence none -\n", NULL },
	{ "stateless on stdio", { CLOUD, BASIC, "STATELESS=true" },
	    "jira basic https://acme.atlassian.net\n", "STATELESS has no effect" },
	{ "a faulty list of tools would offer more", { CLOUD, BASIC, "ENABLED_TOOLS=a b" }, "",
	    "ENABLED_TOOLS: \"a b\" is no name" },
	{ "a domain that is none", { CLOUD, BASIC, "MCP_ALLOWED_URL_DOMAINS=acme.com,*" },
	    "jira basic https://acme.atlassian.net\n", "MCP_ALLOWED_URL_DOMAINS" },
};

/* What is logged goes into a pipe, which is read when all is said. */
struct ears {
	int fds[2];
	struct log *log;
	char text[8 * KIB];
};

static void
ears_open(struct ears *ears)
{
	assert_int_equal(pipe(ears->fds), 0);
	ears->log = log_new(ears->fds[1], LOG_DEBUG, LOG_TEXT, "test");
}

static void
ears_close(struct ears *ears)
{
	size_t n = 0;
	ssize_t more;

	log_flush(ears->log);
	log_free(&ears->log);
	close(ears->fds[1]);
	while ((more = read(ears->fds[0], ears->text + n, sizeof(ears->text) - 1 - n)) > 0)
		n += (size_t)more;
	ears->text[n] = '\0';
	close(ears->fds[0]);
}

static void
put_sites(struct buf *out, const struct config *config)
{
	static const char *const words[] = { "none", "basic", "pat", "oauth", "bearer", "cert" };

	for (size_t i = 0; i < config->atlassian.sites_n; i++) {
		const struct config_site *site = &config->atlassian.sites[i];

		buf_put(out, site->provider);
		buf_printf(out, " %s ", words[site->auth]);
		buf_put(out, site->url.p != NULL ? site->url : S("-"));
		buf_putc(out, '\n');
	}
}

static void
environment_make(const char **to, const char *const *from)
{
	size_t n = 0;

	to[n++] = "HOME=/nonexistent";
	for (size_t k = 0; k < VARIABLES_MAX && from[k] != NULL; k++)
		to[n++] = from[k];
	to[n] = NULL;
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *environment[VARIABLES_MAX + 2];
		struct config_source source = { .environ = environment };
		struct config *config = NULL;
		struct err err = { 0 };
		struct ears ears;
		struct buf sites;
		bool ok;

		environment_make(environment, cases[i].environ);
		buf_init(&sites, NULL, MIB);
		ears_open(&ears);
		ok = config_load(&source, ears.log, &config, &err);
		ears_close(&ears);
		if (ok)
			put_sites(&sites, config);
		buf_putc(&sites, '\0');
		if (strcmp(sites.p, cases[i].sites) != 0 ||
		    (cases[i].said != NULL && strstr(ears.text, cases[i].said) == NULL &&
			strstr(err.text, cases[i].said) == NULL) ||
		    (cases[i].said == NULL && (ears.text[0] != '\0' || !ok))) {
			print_error("%s: sites\n%swanted\n%ssaid: %s%s\n", cases[i].name, sites.p,
			    cases[i].sites, ears.text, err.text);
			fail();
		}
		assert_true(ok || err.kind == ERR_CONFIG);
		assert_true(!ok || config_check(config, &err));
		assert_null(strstr(ears.text, "t0ken"));
		buf_fini(&sites);
		config_free(&config);
	}
}

/* ---- fields ---------------------------------------------------------------------------------- */

static struct config *
load(const char *const *variables)
{
	const char *environment[VARIABLES_MAX + 2];
	struct config_source source = { .environ = environment };
	struct config *config = NULL;
	struct err err = { 0 };

	environment_make(environment, variables);
	if (!config_load(&source, NULL, &config, &err))
		print_error("%s\n", err.text);
	assert_non_null(config);
	return config;
}

#define LOAD(...) load((const char *const[]){ __VA_ARGS__, NULL })

static void
expect(struct slice got, const char *wanted)
{
	if (!slice_eq(got, slice_of(wanted)))
		print_error("got \"%.*s\", wanted \"%s\"\n", SLICE_FMT(got), wanted);
	assert_true(slice_eq(got, slice_of(wanted)));
}

static void
test_fields(void **state)
{
	struct config *config = LOAD(CLOUD, BASIC, "JIRA_SSL_VERIFY=No", "JIRA_TIMEOUT=7.5",
	    "JIRA_CUSTOM_HEADERS=X-A=1, X-B=a=b,", "JIRA_PASSTHROUGH_HEADERS=X-C , X-D",
	    "JIRA_PROJECTS_FILTER= PROJ ,OPS", "JIRA_INTERNAL_ONLY_PROJECTS=HELP",
	    "HTTPS_PROXY=http://u:p@proxy:3128", "JIRA_NO_PROXY=a.b,.c",
	    "DISABLE_JIRA_MARKUP_TRANSLATION=true", "ATLASSIAN_RETRY_INCLUDE_WRITES=on");
	const struct config_site *site = &config->atlassian.sites[0];

	(void)state;
	assert_int_equal(config->atlassian.sites_n, 1);
	expect(site->user, "me@acme.com");
	expect(secret_reveal(site->secret), "t0ken");
	assert_true(site->is_unverified && site->no_markup && site->retry_writes);
	assert_int_equal(site->timeout_ms, 7500);
	assert_int_equal(site->headers_n, 2);
	expect(site->headers[1].name, "X-B");
	expect(secret_reveal(site->headers[1].value), "a=b");
	assert_int_equal(site->passthrough_n, 2);
	expect(site->passthrough[1], "X-D");
	assert_int_equal(site->filter_n, 2);
	expect(site->filter[0], "PROJ");
	expect(site->internal_only[0], "HELP");
	expect(site->proxy, "http://u:p@proxy:3128");
	assert_int_equal(site->no_proxy_n, 2);
	expect(site->no_proxy[1], ".c");
	assert_int_equal(site->deployment, DEPLOYMENT_CLOUD);
	assert_int_equal(site->line, 0);
	assert_int_equal(strlen(site->digest), 64);
	config_free(&config);
}

static void
test_common(void **state)
{
	struct config *config = LOAD("ATLASSIAN_RETRY_TOTAL=0", "ATLASSIAN_RETRY_BACKOFF=0.25",
	    "ATLASSIAN_MAX_CONCURRENT_REQUESTS=4", "ATLASSIAN_REQUESTS_PER_SECOND=2.5",
	    "ATLASSIAN_CIRCUIT_BREAKER_THRESHOLD=3", "ATLASSIAN_CIRCUIT_BREAKER_COOLDOWN=9",
	    "ATLASSIAN_MAX_PAGINATION_LIMIT=50", "https_proxy=socks5://s:1",
	    "JIRA_2_URL=https://j.x", "JIRA_2_PERSONAL_TOKEN=p", "CONFLUENCE_URL=https://c.x",
	    "CONFLUENCE_PERSONAL_TOKEN=p", "CONFLUENCE_SPACES_FILTER=DOCS,~me",
	    "CONFLUENCE_HTTPS_PROXY=http://own:2");

	(void)state;
	assert_int_equal(config->atlassian.sites_n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct config_site *site = &config->atlassian.sites[i];

		assert_int_equal(site->retry_total, 0);
		assert_int_equal(site->retry_backoff_ms, 250);
		assert_int_equal(site->concurrent, 4);
		assert_int_equal(site->per_second, 3);
		assert_int_equal(site->breaker_threshold, 3);
		assert_int_equal(site->breaker_cooldown_ms, 9000);
		assert_int_equal(site->limit_max, 50);
	}
	expect(config->atlassian.sites[0].provider, "confluence"); /* primaries first */
	expect(config->atlassian.sites[0].proxy, "http://own:2");
	expect(config->atlassian.sites[0].filter[1], "~me");
	expect(config->atlassian.sites[1].proxy, "socks5://s:1");
	config_free(&config);
}

/* A value that looks like one of the file's expansions is a value. */
static void
test_literal(void **state)
{
	struct config *config =
	    LOAD(CLOUD, "JIRA_USERNAME=${HOME}", "JIRA_API_TOKEN=file:/etc/passwd");

	(void)state;
	expect(config->atlassian.sites[0].user, "${HOME}");
	expect(secret_reveal(config->atlassian.sites[0].secret), "file:/etc/passwd");
	config_free(&config);
}

static void
test_oauth(void **state)
{
	struct config *config = LOAD(CLOUD, OAUTH, "ATLASSIAN_OAUTH_CLOUD_ID=ab-1",
	    "JIRA_OAUTH_SCOPE=own", "ATLASSIAN_OAUTH_ACCESS_TOKEN=acc");
	const struct config_site *site = &config->atlassian.sites[0];

	(void)state;
	assert_int_equal(site->auth, SITE_AUTH_OAUTH);
	expect(site->client_id, "i");
	expect(secret_reveal(site->client_secret), "s");
	expect(site->redirect_uri, "http://localhost:8080/callback");
	expect(site->scope, "own");
	expect(site->cloud_id, "ab-1");
	expect(secret_reveal(site->secret), "acc");
	config_free(&config);
}

static void
test_tenants(void **state)
{
	struct config *config = LOAD("ATLASSIAN_OAUTH_ENABLE=true", "JIRA_PROJECTS_FILTER=A",
	    "CONFLUENCE_TIMEOUT=5", "MCP_ALLOWED_URL_DOMAINS=acme.com, jira.corp.x",
	    "ALLOW_GLOBAL_CRED_FALLBACK=true", "MCP_ATLASSIAN_VALIDATION_CACHE_TTL=60",
	    "MCP_ATLASSIAN_VALIDATION_CACHE_MAXSIZE=0");
	const struct config_atlassian *atlassian = &config->atlassian;
	size_t n = atlassian->tenants_allow_n;

	(void)state;
	assert_true(atlassian->is_tenants && atlassian->allow_operator_credential);
	assert_int_equal(config->auth, AUTH_TENANTS);
	assert_null(atlassian->sites[0].url.p);
	expect(atlassian->sites[0].filter[0], "A");
	assert_int_equal(atlassian->sites[1].timeout_ms, 5000);
	expect(atlassian->tenants_allow[0], "*.atlassian.net");
	expect(atlassian->tenants_allow[n - 4], "acme.com");
	expect(atlassian->tenants_allow[n - 3], "*.acme.com");
	expect(atlassian->tenants_allow[n - 1], "*.jira.corp.x");
	assert_int_equal(atlassian->validation_ttl_ms, 60000);
	assert_int_equal(atlassian->validation_max, 0);
	config_free(&config);
	/* A domain alone lets nobody bring anything. */
	config = LOAD(CLOUD, BASIC, "MCP_ALLOWED_URL_DOMAINS=acme.com");
	assert_false(config->atlassian.is_tenants);
	config_free(&config);
}

/* ---- the process ----------------------------------------------------------------------------- */

static void
test_listen(void **state)
{
	static const struct {
		const char *environ[6];
		const char *address; /* NULL: stdio */
	} rows[] = {
		{ { NULL }, NULL },
		{ { "PORT=9000", "HOST=127.0.0.2" }, NULL },
		{ { "TRANSPORT=stdio", "SSE_PORT=9000" }, NULL },
		{ { "TRANSPORT=streamable-http" }, "127.0.0.1:8000" },
		{ { "TRANSPORT=SSE", "PORT=9000" }, "127.0.0.1:9000" },
		{ { "TRANSPORT=http", "HOST=::1" }, "[::1]:8000" },
		{ { "TRANSPORT=http", "HOST=127.0.0.2", "SSE_HOST=127.0.0.3" }, "127.0.0.2:8000" },
		{ { "SSE_PORT=9001" }, "127.0.0.1:9001" },
		{ { "SSE_PORT=9001", "SSE_HOST=127.0.0.3" }, "127.0.0.3:9001" },
		{ { "SSE_PORT=9001", "PORT=9002" }, "127.0.0.1:9002" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *variables[VARIABLES_MAX] = { CLOUD, BASIC };
		struct config *config;

		for (size_t k = 0; k < COUNT(rows[i].environ); k++)
			variables[3 + k] = rows[i].environ[k];
		config = load(variables);
		assert_int_equal(config->listen_stdio, rows[i].address == NULL);
		assert_int_equal(config->listen_http_n, rows[i].address != NULL);
		if (rows[i].address != NULL)
			expect(config->listen_http[0], rows[i].address);
		config_free(&config);
	}
}

static void
test_process(void **state)
{
	struct config *config = LOAD(CLOUD, BASIC, "READ_ONLY_MODE=On",
	    "ENABLED_TOOLS=jira_search, jira_get_issue", "TOOLSETS=default,jira_agile",
	    "SSE_LOG_LEVEL=WARNING", "MCP_VERY_VERBOSE=1", "TRANSPORT=http", "STATELESS=true",
	    "PUBLIC_BASE_URL=https://gw.acme.com/mcp", "IGNORE_HEADER_AUTH=true");

	(void)state;
	assert_true(config->atlassian.is_read_only && config->atlassian.ignore_headers);
	assert_int_equal(config->atlassian.enabled_tools_n, 2);
	expect(config->atlassian.enabled_tools[1], "jira_get_issue");
	assert_int_equal(config->atlassian.toolsets_n, 2);
	assert_int_equal(config->log_level, LOG_WARN);
	assert_true(config->listen_stateless);
	assert_int_equal(config->listen_hosts_n, 1);
	expect(config->listen_hosts[0], "gw.acme.com");
	assert_null(config->file.p);
	assert_int_equal(config->state.p[0], '/');
	config_free(&config);
}

/* An option of the command line wins over the variable. */
static void
test_flags(void **state)
{
	static const char *const environment[] = { "HOME=/nonexistent", CLOUD, BASIC,
		"READ_ONLY_MODE=false", "MCP_VERY_VERBOSE=1", NULL };
	static const struct config_pair flags[] = {
		{ { "JIRA_URL", 8 }, { { "https://other.atlassian.net", 27 } } },
		{ { "READ_ONLY_MODE", 14 }, { { "true", 4 } } },
		{ { "SSE_LOG_LEVEL", 13 }, { { "error", 5 } } },
	};
	struct config_source source = {
		.environ = environment, .flags = flags, .flags_n = COUNT(flags)
	};
	struct config *config = NULL;
	struct err err;

	(void)state;
	assert_true(config_load(&source, NULL, &config, &err));
	expect(config->atlassian.sites[0].url, "https://other.atlassian.net");
	assert_true(config->atlassian.is_read_only);
	assert_int_equal(config->log_level, LOG_ERROR);
	config_free(&config);
}

/* The same settings have the same digest, and any other another. */
static void
test_digest(void **state)
{
	static const char *const others[] = { "JIRA_TIMEOUT=80", "JIRA_SSL_VERIFY=false",
		"JIRA_PROJECTS_FILTER=A", "JIRA_CUSTOM_HEADERS=X=1", "HTTPS_PROXY=http://p:1",
		"NO_PROXY=a", "JIRA_INTERNAL_ONLY_PROJECTS=A", "JIRA_PASSTHROUGH_HEADERS=X",
		"DISABLE_JIRA_MARKUP_TRANSLATION=true", "ATLASSIAN_RETRY_TOTAL=1",
		"ATLASSIAN_RETRY_BACKOFF=2", "ATLASSIAN_RETRY_INCLUDE_WRITES=true",
		"ATLASSIAN_MAX_CONCURRENT_REQUESTS=1", "ATLASSIAN_REQUESTS_PER_SECOND=1",
		"ATLASSIAN_CIRCUIT_BREAKER_THRESHOLD=1", "ATLASSIAN_CIRCUIT_BREAKER_COOLDOWN=1",
		"ATLASSIAN_MAX_PAGINATION_LIMIT=1", "JIRA_OAUTH_ACCESS_TOKEN=x",
		"JIRA_PERSONAL_TOKEN=x" };
	struct config *config = LOAD(SERVER, BASIC), *again = LOAD(SERVER, BASIC);

	(void)state;
	assert_string_equal(config->atlassian.sites[0].digest, again->atlassian.sites[0].digest);
	config_free(&again);
	for (size_t i = 0; i < COUNT(others); i++) {
		again = LOAD(SERVER, BASIC, others[i]);
		assert_string_not_equal(
		    config->atlassian.sites[0].digest, again->atlassian.sites[0].digest);
		config_free(&again);
	}
	config_free(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_oauth),
		cmocka_unit_test(test_tenants),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_digest),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_drain();
	return failed;
}

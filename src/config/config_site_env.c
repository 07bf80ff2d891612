/*
 * Sites of the environment: JIRA_URL and the rest for the primaries, JIRA_2_URL, CONFLUENCE_3_URL
 * for more.  Every variable is a row of one table, from which reading, the numbered forms and the
 * tables of docs/atlassian.md come.
 *
 * A site that is incomplete, wrongly named or faulty is skipped with a warning that names the
 * variables, and harms no other.  A number that makes no sense is said, and its default is used; a
 * filter that cannot be read skips its site, because without it more would be seen.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define NUMBER_MAX 9999

enum product_bits { J = 1u << PRODUCT_JIRA, C = 1u << PRODUCT_CONFLUENCE, JC = J | C };

enum truth {
	TRUE_WORDS,   /* true, 1, yes */
	TRUE_MORE,    /* y and on too */
	UNLESS_FALSE, /* everything but false, 0, no */
	TRUE_IS_OFF,  /* as TRUE_WORDS, and the option is its opposite */
};

/* One site while it is read. */
struct env_site {
	struct config_load *load;
	enum config_product product;
	unsigned number;  /* 0: the primary */
	char prefix[32];  /* "JIRA_2_" */
	char shown[24];	  /* "JIRA_2" */
	bool is_external; /* credentials are put in by a proxy, or come with the request */
	bool is_open;	  /* the address may come with the request */
	struct config_site_draft draft;
	/* What several options are made of. */
	struct slice url, name, user, api_token, personal_token, client_id, client_secret,
	    redirect_uri, scope, cloud_id, access_token, http_proxy, https_proxy, socks_proxy;
};

#define RAW(field) .raw = offsetof(struct env_site, field)

/*
 * stem: behind "JIRA_" or "JIRA_2_"; common: a variable without a product, for sites that say
 * nothing of their own; common_is_primary: not for numbered sites.  option: below
 * "atlassian.sites[]".  Neither option nor raw: not honoured, and help says why.
 */
static const struct row {
	const char *stem;
	unsigned products;
	const char *common;
	bool common_is_primary;
	const char *option;
	size_t raw;
	enum truth truth;
	const char *help;
	bool is_numbered; /* of numbered sites only */
} rows[] = {
	{ "URL", JC, RAW(url), .help = "Address of the site." },
	{ "INSTANCE_NAME", JC, RAW(name), .is_numbered = true,
	    .help = "Name of a numbered site; `jira_2`, `confluence_2` where it is not set." },
	{ "USERNAME", JC, RAW(user), .help = "E-mail address (Cloud) or name of the user." },
	{ "EMAIL", JC, RAW(user), .help = "The same, where `USERNAME` is not set." },
	{ "API_TOKEN", JC, RAW(api_token), .help = "API token (Cloud) or password." },
	{ "PERSONAL_TOKEN", JC, RAW(personal_token),
	    .help = "Personal access token; of Data Center, which prefers it." },
	{ "OAUTH_CLIENT_ID", JC, "ATLASSIAN_OAUTH_CLIENT_ID", true, RAW(client_id),
	    .help = "OAuth 2.0: the application." },
	{ "OAUTH_CLIENT_SECRET", JC, "ATLASSIAN_OAUTH_CLIENT_SECRET", true, RAW(client_secret),
	    .help = "OAuth 2.0: its secret." },
	{ "OAUTH_REDIRECT_URI", JC, "ATLASSIAN_OAUTH_REDIRECT_URI", true, RAW(redirect_uri),
	    .help = "OAuth 2.0: its callback address." },
	{ "OAUTH_SCOPE", JC, "ATLASSIAN_OAUTH_SCOPE", true, RAW(scope),
	    .help = "OAuth 2.0: what is asked for." },
	{ "OAUTH_ACCESS_TOKEN", JC, "ATLASSIAN_OAUTH_ACCESS_TOKEN", true, RAW(access_token),
	    .help = "A token as it is, never refreshed; Cloud needs the cloud id too." },
	{ "OAUTH_CLOUD_ID", JC, "ATLASSIAN_OAUTH_CLOUD_ID", true, RAW(cloud_id),
	    .help = "Id of the Cloud site, with OAuth." },
	{ "CLOUD_ID", JC, RAW(cloud_id), .help = "The same, where that is not set." },
	{ "CLIENT_CERT", JC, .option = "tls.cert",
	    .help =
		"PEM file of a client certificate; alone it is the authentication (Data Center)." },
	{ "CLIENT_KEY", JC, .option = "tls.key",
	    .help = "PEM file of its key; the certificate's file where it is not set." },
	{ "CLIENT_KEY_PASSWORD", JC, .option = "tls.key_password",
	    .help = "Password of an encrypted key." },
	{ "SSL_VERIFY", JC, .option = "tls.verify", .truth = UNLESS_FALSE,
	    .help = "`false`, `0` or `no`: any certificate is accepted." },
	{ "TIMEOUT", JC, .option = "timeout", .help = "Seconds one request may take." },
	{ "HTTPS_PROXY", JC, "HTTPS_PROXY", RAW(https_proxy),
	    .help = "Proxy for a site with `https://`." },
	{ "HTTP_PROXY", JC, "HTTP_PROXY", RAW(http_proxy),
	    .help = "Proxy for a site with `http://`." },
	{ "SOCKS_PROXY", JC, "SOCKS_PROXY", RAW(socks_proxy),
	    .help = "Proxy for both, where the one above is not set." },
	{ "NO_PROXY", JC, "NO_PROXY", .option = "no_proxy",
	    .help = "Hosts and networks that are reached without it, with commas." },
	{ "CUSTOM_HEADERS", JC, .option = "headers",
	    .help = "`NAME=VALUE,NAME=VALUE` for every request to the site." },
	{ "PASSTHROUGH_HEADERS", JC, .option = "passthrough",
	    .help = "Names of the client's headers that are passed on, with commas." },
	{ "PROJECTS_FILTER", J, .option = "projects",
	    .help = "Keys of the projects that may be seen and changed, with commas." },
	{ "SPACES_FILTER", C, .option = "spaces",
	    .help = "Keys of the spaces that may be seen and changed, with commas." },
	{ "INTERNAL_ONLY_PROJECTS", J, .option = "internal_only",
	    .help = "Keys of service projects in which comments must be internal." },
	{ NULL, J, "HIERARCHY_LINK_PHRASES", .option = "hierarchy_links",
	    .help = "Names of links between epics and what is above them: `child:is part of`." },
	{ "SLA_METRICS", J, .option = "sla.metrics",
	    .help = "What `jira_get_issue_sla` shows where a call does not say it." },
	{ "SLA_WORKING_HOURS_ONLY", J, .option = "sla.working_hours_only",
	    .help = "It counts working hours where a call does not say it." },
	{ "SLA_WORKING_HOURS_START", J, .option = "sla.start", .help = "When work begins." },
	{ "SLA_WORKING_HOURS_END", J, .option = "sla.end", .help = "When it ends." },
	{ "SLA_WORKING_DAYS", J, .option = "sla.days", .help = "Days of work, 1 is Monday." },
	{ "SLA_TIMEZONE", J, .option = "sla.timezone", .help = "Whose clocks these are." },
	{ NULL, J, "DISABLE_JIRA_MARKUP_TRANSLATION", .option = "markup", .truth = TRUE_IS_OFF,
	    .help = "Texts of Jira are left as they are." },
	{ NULL, JC, "ATLASSIAN_RETRY_TOTAL", .option = "retry.total",
	    .help = "How often a read is repeated that failed for a passing reason." },
	{ NULL, JC, "ATLASSIAN_RETRY_BACKOFF", .option = "retry.backoff",
	    .help = "Seconds before the first repeat, doubled for each further one." },
	{ NULL, JC, "ATLASSIAN_RETRY_INCLUDE_WRITES", .option = "retry.writes", .truth = TRUE_MORE,
	    .help = "Repeat writes too." },
	{ NULL, JC, "ATLASSIAN_MAX_CONCURRENT_REQUESTS", .option = "concurrent",
	    .help = "Requests at the same time, for each site." },
	{ NULL, JC, "ATLASSIAN_REQUESTS_PER_SECOND", .option = "per_second",
	    .help = "Requests in a second, for each site; rounded up." },
	{ NULL, JC, "ATLASSIAN_CIRCUIT_BREAKER_THRESHOLD", .option = "breaker.threshold",
	    .help = "After so many 429 or 503 in a row a site is left alone." },
	{ NULL, JC, "ATLASSIAN_CIRCUIT_BREAKER_COOLDOWN", .option = "breaker.cooldown",
	    .help = "Seconds until it is tried again." },
	{ NULL, JC, "ATLASSIAN_MAX_PAGINATION_LIMIT", .option = "max_limit",
	    .help = "The most that a `limit` argument may ask for." },

	{ "PROXY_WPAD_ENABLE", JC, "ATLASSIAN_PROXY_WPAD_ENABLE",
	    .help = "PAC files are not evaluated: name the proxy in `HTTPS_PROXY`." },
	{ "PROXY_WPAD_URL", JC, "ATLASSIAN_PROXY_WPAD_URL",
	    .help = "PAC files are not evaluated: name the proxy in `HTTPS_PROXY`." },
	{ "FETCHER_MAX_WORKERS", J,
	    .help =
		"There are no worker threads; `ATLASSIAN_MAX_CONCURRENT_REQUESTS` is the cap." },
	{ "ISSUE_KEY_PATTERN", J, .help = "Keys are checked as Jira has them by default." },
	{ "PROJECT_KEY_PATTERN", J, .help = "Keys are checked as Jira has them by default." },
	{ "ATTACHMENT_DOWNLOAD_USE_V1", C,
	    .help = "The address of a download is found by itself." },
};

static const char *const product_names[] = {
	[PRODUCT_JIRA] = "JIRA",
	[PRODUCT_CONFLUENCE] = "CONFLUENCE",
};

static bool
is_honoured(const struct row *row)
{
	return row->option != NULL || row->raw > 0;
}

/* ---- variables ------------------------------------------------------------------------------- */

struct variable {
	char name[80];
};

/* The variable of a row that is set for this site, and its value; false: none is. */
static bool
row_get(const struct env_site *site, const struct row *row, struct variable *variable,
    struct slice *value)
{
	if (row->stem != NULL) {
		snprintf(variable->name, sizeof(variable->name), "%s%s", site->prefix, row->stem);
		if (config_env_word(site->load, variable->name, value))
			return true;
	}
	if (row->common == NULL || (row->common_is_primary && site->number > 0))
		return false;
	snprintf(variable->name, sizeof(variable->name), "%s", row->common);
	return config_env_word(site->load, variable->name, value);
}

static struct slice
truth_of(enum truth truth, struct slice text)
{
	static const struct slice words[] = { S("true"), S("1"), S("yes"), S("y"), S("on") };
	static const struct slice untrue[] = { S("false"), S("0"), S("no") };
	bool is_true = truth == UNLESS_FALSE;

	if (truth == UNLESS_FALSE) {
		for (size_t i = 0; i < COUNT(untrue); i++)
			is_true &= !slice_eq_nocase(text, untrue[i]);
	} else {
		for (size_t i = 0; i < (truth == TRUE_MORE ? COUNT(words) : 3); i++)
			is_true |= slice_eq_nocase(text, words[i]);
	}
	return is_true != (truth == TRUE_IS_OFF) ? S("true") : S("false");
}

static const struct config_option *
option_of(const char *key)
{
	const struct config_option *options;
	char path[64];
	size_t n;

	options = config_options(&n);
	snprintf(path, sizeof(path), CONFIG_SITES ".%s", key);
	for (size_t i = 0; i < n; i++)
		if (strcmp(options[i].path, path) == 0)
			return &options[i];
	must(!"a row names an option");
	return NULL;
}

/* Sets an option of the draft; empty text: nothing happens. */
MUST_CHECK static bool
set(struct env_site *site, const char *key, const char *variable, struct slice text,
    struct err *err)
{
	const struct config_option *option = option_of(key);

	if (text.n == 0 || config_env_set(site->load, option, variable, text, &site->draft, err))
		return true;
	if (!slice_starts(slice_of(err->text), slice_of(variable)))
		err_prefix(err, "%s", variable);
	if (option->type != OPTION_COUNT && option->type != OPTION_DURATION)
		return false;
	log_event(
	    site->load->log, LOG_WARN, "variable_faulty", "%s; the default is used", err->text);
	return true;
}

/* The same of a variable of this site. */
MUST_CHECK static bool
own_set(
    struct env_site *site, const char *key, const char *stem, struct slice text, struct err *err)
{
	struct variable variable;

	snprintf(variable.name, sizeof(variable.name), "%s%s", site->prefix, stem);
	return set(site, key, variable.name, text, err);
}

MUST_CHECK static bool
row_apply(struct env_site *site, const struct row *row, struct err *err)
{
	struct variable variable;
	struct slice value, *raw = (struct slice *)(void *)((char *)site + row->raw);

	if ((row->products & (1u << site->product)) == 0 || !row_get(site, row, &variable, &value))
		return true;
	if (row->raw > 0 && raw->p == NULL)
		*raw = value;
	if (row->option == NULL)
		return true;
	if (option_of(row->option)->type == OPTION_BOOL)
		value = truth_of(row->truth, value);
	return set(site, row->option, variable.name, value, err);
}

/* ---- credentials ----------------------------------------------------------------------------- */

static bool
is_cloud(const struct env_site *site)
{
	struct config_site known = { .url = site->url };

	return config_site_is_cloud(&known) ||
	    (site->cloud_id.n > 0 && (site->client_id.n > 0 || site->access_token.n > 0));
}

static bool
has(const struct env_site *site, enum config_site_auth type)
{
	switch (type) {
	case SITE_AUTH_BASIC:
		return site->user.n > 0 && site->api_token.n > 0;
	case SITE_AUTH_PAT:
		return site->personal_token.n > 0;
	case SITE_AUTH_OAUTH:
		return site->client_id.n > 0 && site->client_secret.n > 0 &&
		    site->redirect_uri.n > 0 && site->scope.n > 0;
	case SITE_AUTH_BEARER:
		return site->access_token.n > 0 && (!is_cloud(site) || site->cloud_id.n > 0);
	case SITE_AUTH_CERT:
		return site->draft.site.tls_cert.n > 0;
	default:
		return site->is_external;
	}
}

/* Why none is complete, in the words of what is there. */
static bool
auth_missing(const struct env_site *site, struct err *err)
{
	const char *p = site->prefix;

	if (is_cloud(site) && site->access_token.n > 0)
		return err_set(err, ERR_CONFIG,
		    "an access token for Cloud needs ATLASSIAN_OAUTH_CLOUD_ID (for a numbered site "
		    "%sOAUTH_CLOUD_ID), which is not set",
		    p);
	if (site->user.n > 0)
		return err_set(err, ERR_CONFIG, "%sAPI_TOKEN is not set", p);
	if (site->api_token.n > 0)
		return err_set(err, ERR_CONFIG, "%sUSERNAME (or %sEMAIL) is not set", p, p);
	if (site->client_id.n > 0 || site->client_secret.n > 0)
		return err_set(err, ERR_CONFIG, "OAuth is not complete: not set are%s%s%s%s",
		    site->client_id.n == 0 ? " CLIENT_ID" : "",
		    site->client_secret.n == 0 ? " CLIENT_SECRET" : "",
		    site->redirect_uri.n == 0 ? " REDIRECT_URI" : "",
		    site->scope.n == 0 ? " SCOPE" : "");
	if (is_cloud(site) && site->personal_token.n > 0)
		return err_set(err, ERR_CONFIG,
		    "%sPERSONAL_TOKEN is of Data Center, and this is Cloud: set %sUSERNAME and "
		    "%sAPI_TOKEN",
		    p, p, p);
	if (is_cloud(site))
		return err_set(
		    err, ERR_CONFIG, "no credential: set %sUSERNAME and %sAPI_TOKEN", p, p);
	return err_set(err, ERR_CONFIG,
	    "no credential: set %sPERSONAL_TOKEN, or %sUSERNAME and %sAPI_TOKEN", p, p, p);
}

MUST_CHECK static bool
auth_apply(struct env_site *site, struct err *err)
{
	/* The order in which the Python servers take them. */
	static const enum config_site_auth orders[2][6] = {
		{ SITE_AUTH_PAT, SITE_AUTH_OAUTH, SITE_AUTH_BEARER, SITE_AUTH_BASIC, SITE_AUTH_CERT,
		    SITE_AUTH_NONE },
		{ SITE_AUTH_OAUTH, SITE_AUTH_BEARER, SITE_AUTH_BASIC, SITE_AUTH_NONE },
	};
	const enum config_site_auth *type = orders[is_cloud(site)];
	bool is_oauth;

	/* A credential goes nowhere but to the address it was given with. */
	if (site->url.n == 0) {
		if (site->user.n > 0 || site->api_token.n > 0 || site->personal_token.n > 0)
			log_event(site->load->log, LOG_WARN, "variable_ignored",
			    "%sUSERNAME, %sAPI_TOKEN and %sPERSONAL_TOKEN have no effect without "
			    "%sURL",
			    site->prefix, site->prefix, site->prefix, site->prefix);
		return true;
	}
	while (!has(site, *type))
		if (*type++ == SITE_AUTH_NONE)
			return auth_missing(site, err);
	site->draft.auth_type = 1 + (unsigned)*type;
	is_oauth = *type == SITE_AUTH_OAUTH;
	if (*type == SITE_AUTH_BASIC)
		return own_set(site, "auth.user", "USERNAME", site->user, err) &&
		    own_set(site, "auth.token", "API_TOKEN", site->api_token, err);
	if (*type == SITE_AUTH_PAT)
		return own_set(site, "auth.token", "PERSONAL_TOKEN", site->personal_token, err);
	if (*type == SITE_AUTH_CERT)
		return true;
	if (!own_set(site, "auth.cloud_id", "OAUTH_CLOUD_ID", site->cloud_id, err))
		return false;
	if (*type == SITE_AUTH_NONE)
		return true;
	return own_set(site, "auth.token", "OAUTH_ACCESS_TOKEN", site->access_token, err) &&
	    (!is_oauth ||
		(own_set(site, "auth.client_id", "OAUTH_CLIENT_ID", site->client_id, err) &&
		    own_set(site, "auth.client_secret", "OAUTH_CLIENT_SECRET", site->client_secret,
			err) &&
		    own_set(
			site, "auth.redirect_uri", "OAUTH_REDIRECT_URI", site->redirect_uri, err) &&
		    own_set(site, "auth.scope", "OAUTH_SCOPE", site->scope, err)));
}

/* ---- one site -------------------------------------------------------------------------------- */

MUST_CHECK static bool
name_apply(struct env_site *site, struct err *err)
{
	char fallback[24];

	if (site->number == 0) {
		if (site->name.n > 0)
			log_event(site->load->log, LOG_WARN, "variable_ignored",
			    "%sINSTANCE_NAME has no effect: only numbered sites have names",
			    site->prefix);
		return true;
	}
	snprintf(fallback, sizeof(fallback), "%s_%u",
	    site->product == PRODUCT_JIRA ? "jira" : "confluence", site->number);
	return own_set(
	    site, "name", "INSTANCE_NAME", site->name.n > 0 ? site->name : slice_of(fallback), err);
}

MUST_CHECK static bool
proxy_apply(struct env_site *site, struct err *err)
{
	bool is_plain = slice_starts(site->url, S("http://"));
	struct slice proxy = is_plain ? site->http_proxy : site->https_proxy;

	return set(site, "proxy", is_plain ? "HTTP_PROXY" : "HTTPS_PROXY", proxy, err) &&
	    (proxy.n > 0 || set(site, "proxy", "SOCKS_PROXY", site->socks_proxy, err));
}

MUST_CHECK static bool
site_read(struct env_site *site, struct config_site *out, struct err *err)
{
	const char *url = site->product == PRODUCT_JIRA ? "jira" : "confluence";
	struct config_site *shared = &site->draft.site;

	config_site_draft_init(site->load, &site->draft);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (is_honoured(&rows[i]) && !row_apply(site, &rows[i], err))
			return false;
	if (site->url.n == 0 && !site->is_open)
		return err_set(err, ERR_CONFIG, "%sURL is not set", site->prefix);
	if (shared->tls_cert.n > 0 && shared->tls_key.n == 0)
		shared->tls_key = shared->tls_cert;
	return name_apply(site, err) && own_set(site, url, "URL", site->url, err) &&
	    auth_apply(site, err) && proxy_apply(site, err) &&
	    config_site_make(site->load, &site->draft, site->product, NULL, site->shown, out, err);
}

/* ---- which sites there are ------------------------------------------------------------------- */

struct numbers {
	struct config_load *load;
	enum config_product product;
	unsigned found[CONFIG_SITES_MAX]; /* ascending */
	size_t n;
	bool is_full;
};

static const struct row *
row_find(enum config_product product, struct slice stem)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].stem != NULL && (rows[i].products & (1u << product)) != 0 &&
		    slice_eq(slice_of(rows[i].stem), stem))
			return &rows[i];
	return NULL;
}

static void
number_add(struct numbers *numbers, unsigned number)
{
	size_t at = 0;

	while (at < numbers->n && numbers->found[at] < number)
		at++;
	if (at < numbers->n && numbers->found[at] == number)
		return;
	if (numbers->n == COUNT(numbers->found)) {
		numbers->is_full = true;
		return;
	}
	memmove(&numbers->found[at + 1], &numbers->found[at],
	    (numbers->n - at) * sizeof(numbers->found[0]));
	numbers->found[at] = number;
	numbers->n++;
}

/* "JIRA_2_URL" tells of site 2, if the variable is one of the table. */
static void
number_look(void *ctx, struct slice name)
{
	struct numbers *numbers = ctx;
	struct slice product = slice_of(product_names[numbers->product]), digits, stem;
	uint64_t number;

	if (!slice_starts(name, product) || name.n < product.n + 2 || name.p[product.n] != '_')
		return;
	digits = (struct slice){ name.p + product.n + 1, name.n - product.n - 1 };
	digits = slice_cut(digits, '_', &stem);
	if (stem.p == NULL || digits.n == 0 || digits.p[0] < '0' || digits.p[0] > '9')
		return;
	if (slice_to_u64(digits, NUMBER_MAX, &number) && number > 0 && digits.p[0] != '0') {
		if (row_find(numbers->product, stem) != NULL)
			number_add(numbers, (unsigned)number);
		else
			log_event(numbers->load->log, LOG_WARN, "variable_ignored",
			    "%s is no variable of a numbered site", config_show(name).text);
	} else if (slice_eq(stem, S("URL"))) {
		log_event(numbers->load->log, LOG_WARN, "site_skipped",
		    "%s is skipped: sites are numbered 1 to %d, without zeros before it",
		    config_show(name).text, NUMBER_MAX);
	}
}

/* Is anything there that a site is made of? */
static bool
is_begun(const struct env_site *site)
{
	struct variable variable;
	struct slice value;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row own = rows[i];

		own.common = NULL;
		if (own.stem != NULL && is_honoured(&own) &&
		    (own.products & (1u << site->product)) != 0 &&
		    (site->number > 0 || own.raw > 0) && strstr(own.stem, "PROXY") == NULL &&
		    row_get(site, &own, &variable, &value))
			return true;
	}
	return false;
}

static bool
provider_is_taken(const struct config_atlassian *atlassian, struct slice provider)
{
	for (size_t i = 0; i < atlassian->sites_n; i++)
		if (slice_eq_nocase(atlassian->sites[i].provider, provider))
			return true;
	return false;
}

MUST_CHECK static bool
site_add(struct config_load *load, enum config_product product, unsigned number, struct err *err)
{
	struct config_atlassian *atlassian = &load->config->atlassian;
	struct config_site *out = &atlassian->sites[atlassian->sites_n];
	struct env_site site = { .load = load, .product = product, .number = number };
	struct err why = { 0 };
	bool ok;

	snprintf(site.shown, sizeof(site.shown), number > 0 ? "%s_%u" : "%s",
	    product_names[product], number);
	snprintf(site.prefix, sizeof(site.prefix), "%s_", site.shown);
	site.is_external =
	    atlassian->is_tenants || config_env_is_true(load, "ATLASSIAN_EXTERNAL_AUTH_ENABLE");
	site.is_open = atlassian->is_tenants && number == 0;
	if (!is_begun(&site) && !site.is_open)
		return true;
	ok = site_read(&site, out, &why);
	if (ok && provider_is_taken(atlassian, out->provider))
		ok = err_set(&why, ERR_CONFIG,
		    "the name \"%s\" is taken: set another %sINSTANCE_NAME",
		    config_show(out->name).text, site.prefix);
	if (!ok && why.kind == ERR_LIMIT) {
		*err = why;
		return false;
	}
	if (ok)
		atlassian->sites_n++;
	else
		log_event(
		    load->log, LOG_WARN, "site_skipped", "%s is skipped: %s", site.shown, why.text);
	return true;
}

static void
ignored_say(const struct config_load *load, const char *variable, const char *why)
{
	struct slice value;

	if (config_env_word(load, variable, &value))
		log_event(
		    load->log, LOG_WARN, "variable_ignored", "%s has no effect: %s", variable, why);
}

static void
ignored_say_all(struct config_load *load, const struct numbers *numbers)
{
	char name[96];

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (is_honoured(&rows[i]) || (rows[i].products & (1u << numbers->product)) == 0)
			continue;
		snprintf(
		    name, sizeof(name), "%s_%s", product_names[numbers->product], rows[i].stem);
		ignored_say(load, name, rows[i].help);
		for (size_t k = 0; k < numbers->n; k++) {
			snprintf(name, sizeof(name), "%s_%u_%s", product_names[numbers->product],
			    numbers->found[k], rows[i].stem);
			ignored_say(load, name, rows[i].help);
		}
		if (rows[i].common != NULL && numbers->product == PRODUCT_JIRA)
			ignored_say(load, rows[i].common, rows[i].help);
	}
}

bool
config_environment_sites(struct config_load *load, struct err *err)
{
	struct config_atlassian *atlassian = &load->config->atlassian;
	const size_t most = 2 * (CONFIG_SITES_MAX + 1);

	if (!arena_reserve(&load->config->arena, most * sizeof(*atlassian->sites), err))
		return false;
	atlassian->sites = ARENA_ARRAY(&load->config->arena, struct config_site, most);
	for (int product = PRODUCT_JIRA; product <= PRODUCT_CONFLUENCE; product++) {
		struct numbers numbers = { .load = load, .product = (enum config_product)product };

		config_env_each(load, number_look, &numbers);
		if (numbers.is_full)
			log_event(load->log, LOG_WARN, "site_skipped",
			    "more than %d numbered sites: the last ones are skipped",
			    CONFIG_SITES_MAX);
		if (!site_add(load, numbers.product, 0, err))
			return false;
		for (size_t i = 0; i < numbers.n; i++)
			if (!site_add(load, numbers.product, numbers.found[i], err))
				return false;
		ignored_say_all(load, &numbers);
	}
	return true;
}

/* ---- documentation --------------------------------------------------------------------------- */

static void
put_row(struct buf *out, const struct row *row)
{
	const char *between = "";

	buf_puts(out, "| ");
	for (int product = 0; row->stem != NULL && product < 2; product++)
		if ((row->products & (1u << product)) != 0) {
			buf_printf(out, "%s`%s_%s%s`", between, product_names[product],
			    row->is_numbered ? "2_" : "", row->stem);
			between = ", ";
		}
	if (row->common != NULL)
		buf_printf(out, "%s`%s`", between, row->common);
	if (row->option != NULL)
		buf_printf(out, " | `%s`", row->option);
	else
		buf_puts(out, is_honoured(row) ? " | " : " | no effect");
	buf_printf(out, " | %s |\n", row->help);
}

void
config_print_site_variables(struct buf *out)
{
	buf_puts(out, "| variable | option | |\n|---|---|---|\n");
	for (size_t i = 0; i < COUNT(rows); i++)
		put_row(out, &rows[i]);
}

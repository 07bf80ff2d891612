/*
 * One product of one Atlassian site, from a draft: what the table cannot say of it.  Drafts come
 * from `atlassian.sites` and from the environment, and mean the same here: names, addresses, which
 * credential belongs to which way of authentication, and the digest by which a reload finds out
 * whether a site is still the one that is configured.
 *
 * No error quotes a credential, a proxy or the value of a header.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define NAME_BYTES    30
#define URL_BYTES     (2 * KIB)
#define HEADERS_BYTES (64 * KIB)

static const struct slice product_words[] = {
	[PRODUCT_JIRA] = { "jira", 4 },
	[PRODUCT_CONFLUENCE] = { "confluence", 10 },
};

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and the others; at least one. */
static bool
holds_only(struct slice text, const char *others)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_alnum(text.p[i]) && memchr(others, text.p[i], strlen(others)) == NULL)
			return false;
	return text.n > 0;
}

/* Without blanks, controls and what is not ASCII. */
static bool
is_visible(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || (unsigned char)text.p[i] >= 0x7f)
			return false;
	return true;
}

static bool
has_control(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return true;
	return false;
}

/* ---- single texts ---------------------------------------------------------------------------- */

bool
config_check_site_name(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	const char *fault = NULL;

	if (value->n > NAME_BYTES)
		fault = "is longer than 30 characters";
	else if (value->n > 0 && !holds_only(*value, "_"))
		fault = "may hold only letters, digits and \"_\"";
	else if (slice_eq_nocase(*value, S("jira")) || slice_eq_nocase(*value, S("confluence")))
		fault = "is reserved";
	return fault == NULL ||
	    CONFIG_FAIL_NODE(
		load, node, err, "the site name \"%s\" %s", config_show(*value).text, fault);
}

bool
config_check_site_url(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (!config_check_url(load, node, value, err))
		return false;
	if (value->n > URL_BYTES)
		return CONFIG_FAIL_NODE(load, node, err, "the url must not be longer than 2 KiB");
	if (memchr(value->p, '?', value->n) != NULL)
		return CONFIG_FAIL_NODE(load, node, err, "the url must not have a query (\"?\")");
	while (slice_ends(*value, S("/")))
		value->n--;
	return true;
}

bool
config_check_cloud_id(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (holds_only(*value, "-") && value->n <= 64)
		return true;
	return CONFIG_FAIL_NODE(
	    load, node, err, "a cloud id has 1 to 64 letters, digits and \"-\"");
}

/* Secrets go there: in the clear only where nobody is in between. */
bool
config_check_oauth_url(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	static const struct slice local[] = { S("http://127.0.0.1"), S("http://localhost"),
		S("http://[::1]") };

	if (!config_check_site_url(load, node, value, err))
		return false;
	if (slice_starts(*value, S("https://")))
		return true;
	for (size_t i = 0; i < COUNT(local); i++)
		if (slice_starts(*value, local[i]) &&
		    (value->n == local[i].n || strchr(":/", value->p[local[i].n]) != NULL))
			return true;
	return CONFIG_FAIL_NODE(load, node, err,
	    "secrets are sent there: it must begin with https://, or be on this machine");
}

bool
config_check_proxy(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	static const struct slice schemes[] = { S("http://"), S("https://"), S("socks4://"),
		S("socks4a://"), S("socks5://"), S("socks5h://") };

	while (slice_ends(*value, S("/")))
		value->n--;
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (slice_starts(*value, schemes[i]) && value->n > schemes[i].n &&
		    value->n < 4 * KIB && is_visible(*value) &&
		    strchr("@:/?#", value->p[schemes[i].n]) == NULL &&
		    memchr(value->p + schemes[i].n, '/', value->n - schemes[i].n) == NULL)
			return true;
	return CONFIG_FAIL_NODE(load, node, err,
	    "the proxy must be a URL without a path: http://, https://, socks4://, socks4a://, "
	    "socks5:// or socks5h://, then [user:password@]host[:port]");
}

bool
config_check_no_proxy(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (holds_only(*value, ".-_*:[]/") && value->n <= 255)
		return true;
	return CONFIG_FAIL_NODE(load, node, err, "\"%s\" is no host that is reached without proxy",
	    config_show(*value).text);
}

bool
config_check_passthrough(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	/* The name as the key of a header, so that one rule says which are ours. */
	struct node header = { .kind = NODE_TEXT,
		.key = *value,
		.line = node->line,
		.col = node->col,
		.key_line = node->line,
		.key_col = node->col };
	static const struct slice keys[] = { S("Authorization"), S("Proxy-Authorization"),
		S("X-Bascule-Key"), S("X-Jira-Token"), S("X-Confluence-Token"),
		S("X-Atlassian-Jira-Personal-Token"), S("X-Atlassian-Confluence-Personal-Token") };
	struct slice nothing = S("");

	if (value->n == 0)
		return CONFIG_FAIL_NODE(load, node, err, "the name of a header is empty");
	for (size_t i = 0; i < COUNT(keys); i++)
		if (slice_eq_nocase(*value, keys[i]))
			return CONFIG_FAIL_NODE(load, node, err,
			    "the header %s may hold a key of ours, or a credential that has its "
			    "own rules: it is not passed on",
			    config_show(*value).text);
	return config_check_header(load, &header, &nothing, err);
}

bool
config_check_filter(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (holds_only(*value, "_-.~@+:") && value->n <= 255)
		return true;
	return CONFIG_FAIL_NODE(load, node, err,
	    "\"%s\" is no key of a project or space: keys have letters, digits, and "
	    "\"_-.~@+:\"",
	    config_show(*value).text);
}

/* ---- Cloud or not ---------------------------------------------------------------------------- */

static struct slice
host_of(struct slice url)
{
	const char *start = memmem(url.p, url.n, "://", 3);
	size_t n = 0, most;

	if (start == NULL)
		return SLICE_NONE;
	start += 3;
	most = url.n - (size_t)(start - url.p);
	while (n < most && start[n] != '/' && start[n] != ':')
		n++;
	return (struct slice){ start, n };
}

static bool
is_cloud_host(struct slice host)
{
	static const struct slice suffixes[] = { S(".atlassian.net"), S(".jira.com"),
		S(".jira-dev.com"), S(".atlassian.com"), S(".atlassian-us-gov-mod.net"),
		S(".atlassian-us-gov.net") };

	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (host.n > suffixes[i].n &&
		    slice_eq_nocase(
			(struct slice){ host.p + host.n - suffixes[i].n, suffixes[i].n },
			suffixes[i]))
			return true;
	return false;
}

bool
config_site_is_cloud(const struct config_site *site)
{
	bool is_oauth = site->auth == SITE_AUTH_OAUTH || site->auth == SITE_AUTH_BEARER;

	if (site->deployment != DEPLOYMENT_AUTO)
		return site->deployment == DEPLOYMENT_CLOUD;
	return (is_oauth && site->cloud_id.n > 0) ||
	    (site->url.p != NULL && is_cloud_host(host_of(site->url)));
}

/* ---- the site as a whole --------------------------------------------------------------------- */

struct making {
	struct config_load *load;
	const struct config_site_draft *draft;
	const struct node *entry; /* NULL: from the environment */
	const char *shown;
	struct config_site *site;
};

/* At the option of that path below the entry, as near as it is there. */
static bool
fail_at(const struct making *making, const char *group, const char *key, struct err *err,
    const char *text)
{
	const struct node *node = making->entry, *below = NULL;

	if (node != NULL && group != NULL)
		below = config_node_find(node, group);
	if (below != NULL)
		node = below;
	if (node != NULL && key != NULL && node->kind == NODE_MAP &&
	    config_node_find(node, key) != NULL)
		node = config_node_find(node, key);
	return config_fail(making->load, node != NULL ? node->line : 0,
	    node != NULL ? node->col : 0, err, "%s%s%s%s%s%s", making->shown,
	    group != NULL ? "." : "", group != NULL ? group : "", key != NULL ? "." : "",
	    key != NULL ? key : "", text);
}

static const char *const auth_words[] = {
	[SITE_AUTH_NONE] = "none",
	[SITE_AUTH_BASIC] = "basic",
	[SITE_AUTH_PAT] = "pat",
	[SITE_AUTH_OAUTH] = "oauth",
	[SITE_AUTH_BEARER] = "bearer",
	[SITE_AUTH_CERT] = "cert",
};

#define AUTH(type) (1u << SITE_AUTH_##type)

/* Which options belong to which type. */
static const struct {
	const char *key;
	size_t offset; /* of a slice in struct config_site */
	unsigned needed, allowed;
} credentials[] = {
	{ "user", offsetof(struct config_site, user), AUTH(BASIC), 0 },
	{ "token", offsetof(struct config_site, secret), AUTH(BASIC) | AUTH(PAT) | AUTH(BEARER),
	    AUTH(OAUTH) },
	{ "client_id", offsetof(struct config_site, client_id), AUTH(OAUTH), 0 },
	{ "client_secret", offsetof(struct config_site, client_secret), AUTH(OAUTH), 0 },
	{ "redirect_uri", offsetof(struct config_site, redirect_uri), 0, AUTH(OAUTH) },
	{ "scope", offsetof(struct config_site, scope), 0, AUTH(OAUTH) },
	{ "cloud_id", offsetof(struct config_site, cloud_id), 0,
	    AUTH(BASIC) | AUTH(OAUTH) | AUTH(BEARER) | AUTH(NONE) },
	{ "server", offsetof(struct config_site, oauth_server), 0, AUTH(OAUTH) },
};

static bool
credentials_check(const struct making *making, struct err *err)
{
	const struct config_site *site = making->site;
	unsigned type = 1u << site->auth;
	char text[96];

	for (size_t i = 0; i < COUNT(credentials); i++) {
		struct slice value;

		memcpy(&value, (const char *)site + credentials[i].offset, sizeof(value));
		if (value.p != NULL &&
		    ((credentials[i].needed | credentials[i].allowed) & type) == 0) {
			snprintf(text, sizeof(text), " does not go with \"type: %s\"",
			    auth_words[site->auth]);
			return fail_at(making, "auth", credentials[i].key, err, text);
		}
		if (value.n == 0 && (credentials[i].needed & type) != 0) {
			snprintf(text, sizeof(text), " is missing: \"type: %s\" needs it",
			    auth_words[site->auth]);
			return fail_at(making, "auth", credentials[i].key, err, text);
		}
		if (has_control(value))
			return fail_at(making, "auth", credentials[i].key, err,
			    " holds a control character, perhaps a line end");
	}
	return true;
}

/* What cannot be sent, or means nothing to such a site. */
static bool
auth_check(const struct making *making, struct err *err)
{
	const struct config_site *site = making->site;
	bool is_bearer = site->auth == SITE_AUTH_PAT || site->auth == SITE_AUTH_BEARER ||
	    site->auth == SITE_AUTH_OAUTH;

	if (!credentials_check(making, err))
		return false;
	if (is_bearer && !is_visible(secret_reveal(site->secret)))
		return fail_at(making, "auth", "token", err,
		    " holds a blank, a control or a non-ASCII character");
	if (site->auth == SITE_AUTH_BASIC && memchr(site->user.p, ':', site->user.n) != NULL)
		return fail_at(making, "auth", "user", err, " must not hold a \":\"");
	if (site->auth == SITE_AUTH_PAT && config_site_is_cloud(site))
		return fail_at(making, "auth", "type", err,
		    ": Cloud has no personal access tokens: write \"type: basic\" with \"user\" and "
		    "an API token");
	if (site->auth == SITE_AUTH_CERT && site->tls_cert.n == 0)
		return fail_at(
		    making, "auth", "type", err, ": \"cert\" needs tls.cert and tls.key");
	return true;
}

static bool
headers_check(const struct making *making, struct err *err)
{
	const struct config_site *site = making->site;
	size_t total = 0;

	for (size_t i = 0; i < site->headers_n; i++) {
		struct slice name = site->headers[i].name;

		total += name.n + secret_reveal(site->headers[i].value).n + 4;
		if (site->auth != SITE_AUTH_NONE && site->auth != SITE_AUTH_CERT &&
		    slice_eq_nocase(name, S("Authorization")))
			return fail_at(making, "headers", NULL, err,
			    ": \"auth\" sets Authorization: leave one of them out");
		for (size_t j = 0; j < i; j++)
			if (slice_eq_nocase(name, site->headers[j].name))
				return fail_at(making, "headers", NULL, err,
				    ": a header is set twice (case does not count)");
	}
	return total <= HEADERS_BYTES ||
	    fail_at(making, "headers", NULL, err, " are longer than 64 KiB together");
}

/* ---- names and addresses --------------------------------------------------------------------- */

/* "jira_2" */
static bool
is_default_name(enum config_product product, struct slice name)
{
	struct slice word = product_words[product], digits;
	uint64_t number;

	if (!slice_starts(name, word) || name.n < word.n + 2 || name.p[word.n] != '_')
		return false;
	digits = (struct slice){ name.p + word.n + 1, name.n - word.n - 1 };
	return slice_to_u64(digits, UINT64_MAX, &number);
}

static struct slice
provider_of(struct arena *arena, enum config_product product, struct slice name)
{
	if (name.n == 0)
		return product_words[product];
	if (is_default_name(product, name))
		return name;
	return arena_printf(arena, "%.*s_%.*s", SLICE_FMT(product_words[product]), SLICE_FMT(name));
}

/* Confluence Cloud lives below /wiki, which people leave out. */
static struct slice
url_of(struct arena *arena, enum config_product product, struct slice url)
{
	struct slice host;

	if (url.p == NULL || product == PRODUCT_JIRA)
		return url;
	host = host_of(url);
	if (!is_cloud_host(host) || slice_eq_nocase(host, S("api.atlassian.com")) ||
	    memchr(host.p, '/', (size_t)(url.p + url.n - host.p)) != NULL)
		return url;
	return arena_printf(arena, "%.*s/wiki", SLICE_FMT(url));
}

/* ---- digest ---------------------------------------------------------------------------------- */

static void
digest_put(struct buf *buf, struct slice s)
{
	buf_printf(buf, "%d%zu:", s.p != NULL, s.n);
	buf_put(buf, s);
}

static void
digest_put_list(struct buf *buf, const struct slice *list, size_t n)
{
	buf_printf(buf, "%zu;", n);
	for (size_t i = 0; i < n; i++)
		digest_put(buf, list[i]);
}

static void
digest_put_numbers(struct buf *buf, const struct config_site *site)
{
	const uint64_t numbers[] = { site->product, site->deployment, site->auth,
		site->is_unverified, site->timeout_ms, site->retry_total, site->retry_backoff_ms,
		site->retry_writes, site->concurrent, site->per_second, site->breaker_threshold,
		site->breaker_cooldown_ms, site->limit_max, site->no_markup, site->gateway,
		site->sla_working_hours };

	for (size_t i = 0; i < COUNT(numbers); i++)
		buf_printf(buf, "%llu ", (unsigned long long)numbers[i]);
}

/* Every field with its length, so that no two settings read alike. */
static bool
digest_make(const struct making *making, struct err *err)
{
	struct config_site *site = making->site;
	const struct slice texts[] = { site->name, site->provider, site->url, site->user,
		secret_reveal(site->secret), site->client_id, site->redirect_uri, site->scope,
		site->cloud_id, secret_reveal(site->client_secret), site->tls_ca, site->tls_cert,
		site->tls_key, secret_reveal(site->tls_key_password), site->proxy,
		site->oauth_server, site->api, site->sla_start, site->sla_end, site->sla_timezone };
	struct config_tls tls = { site->url, site->tls_ca, site->tls_cert, site->tls_key,
		&site->tls_key_password };
	struct slice text;
	struct buf buf;
	bool ok;

	buf_init(&buf, NULL, 64 * MIB);
	digest_put_numbers(&buf, site);
	digest_put_list(&buf, texts, COUNT(texts));
	digest_put_list(&buf, site->no_proxy, site->no_proxy_n);
	digest_put_list(&buf, site->passthrough, site->passthrough_n);
	digest_put_list(&buf, site->filter, site->filter_n);
	digest_put_list(&buf, site->hierarchy_links, site->hierarchy_links_n);
	digest_put_list(&buf, site->sla_metrics, site->sla_metrics_n);
	digest_put_list(&buf, site->sla_days, site->sla_days_n);
	digest_put_list(&buf, site->internal_only, site->internal_only_n);
	buf_printf(&buf, "%zu;", site->headers_n);
	for (size_t i = 0; i < site->headers_n; i++) {
		digest_put(&buf, site->headers[i].name);
		digest_put(&buf, secret_reveal(site->headers[i].value));
	}
	ok = config_tls_check(making->load, &tls, making->entry, &buf, err) && buf_check(&buf, err);
	text = buf_view(&buf);
	if (ok)
		sha256_hex(&text, 1, site->digest);
	if (buf.n > 0)
		explicit_bzero(buf.p, buf.n);
	buf_fini(&buf);
	return ok;
}

/* ---- making ---------------------------------------------------------------------------------- */

void
config_site_draft_init(struct config_load *load, struct config_site_draft *draft)
{
	const struct config_option *rows;
	size_t n;

	*draft = (struct config_site_draft){ .site.name = S("") };
	rows = config_options(&n);
	config_value_defaults(rows, n, S(CONFIG_SITES), draft, &load->config->arena);
}

bool
config_site_make(struct config_load *load, const struct config_site_draft *draft,
    enum config_product product, const struct node *entry, const char *shown,
    struct config_site *out, struct err *err)
{
	struct making making = { load, draft, entry, shown, out };
	struct arena *arena = &load->config->arena;
	bool is_jira = product == PRODUCT_JIRA;

	*out = draft->site;
	out->product = product;
	out->url = url_of(arena, product, is_jira ? draft->jira : draft->confluence);
	out->provider = provider_of(arena, product, out->name);
	out->auth = draft->auth_type > 0 ? draft->auth_type - 1 : SITE_AUTH_NONE;
	out->is_unverified = !draft->verify;
	out->no_markup = is_jira && !draft->markup;
	out->filter = is_jira ? draft->projects : draft->spaces;
	out->filter_n = is_jira ? draft->projects_n : draft->spaces_n;
	if (!is_jira) {
		out->internal_only = NULL;
		out->internal_only_n = 0;
	}
	if (out->deployment == DEPLOYMENT_AUTO && config_site_is_cloud(out))
		out->deployment = DEPLOYMENT_CLOUD;
	return auth_check(&making, err) && headers_check(&making, err) && digest_make(&making, err);
}

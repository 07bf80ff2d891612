/*
 * Which credential a request uses, and at which address.
 *
 * What came with a request goes to the site whose address its URL header names, and to no other;
 * without such a header to the primary.  The configured credential is never used in the place of a
 * caller's: where one came, or should have come (`auth: tenants`), only the operator's option lends
 * it.  An address from a header is taken as what it is, the text of a stranger.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/access.h"

#define GATEWAY "https://api.atlassian.com/ex/"

static const struct product {
	const char *name, *url_header, *token_header;
	struct slice
	    path; /* of the API gateway, and what people leave out of addresses in the Cloud */
	struct slice cloud_path;
} products[] = {
	[PRODUCT_JIRA] = { "Jira", "X-Jira-URL", "X-Jira-Token", S("jira"), S("") },
	[PRODUCT_CONFLUENCE] = { "Confluence", "X-Confluence-URL", "X-Confluence-Token",
	    S("confluence"), S("/wiki") },
};

/* What is looked at to decide. */
struct question_of {
	const struct config *config;
	const struct config_atlassian *all;
	const struct config_site *site;
	const struct credentials *brought;
	const struct product *product;
	struct arena *arena;
	struct url named;		 /* by the URL header of the product */
	struct slice base;		 /* the same, without slashes at its end */
	const struct config_site *whose; /* the configured site that has it; NULL: none */
};

/* ---- addresses from headers ------------------------------------------------------------------ */

/* Only plain paths: nothing that two readers could resolve to two places. */
static bool
is_plain_path(struct slice path)
{
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '~' ||
		    (c == '/' && (i == 0 || path.p[i - 1] != '/')) ||
		    (c == '.' && i > 0 && path.p[i - 1] != '/' && path.p[i - 1] != '.');

		if (!is_good)
			return false;
	}
	return true;
}

static struct slice
without_slashes(struct slice text)
{
	while (text.n > 0 && text.p[text.n - 1] == '/')
		text.n--;
	return text;
}

static bool
is_same_origin(const struct url *a, const struct url *b)
{
	return a->is_tls == b->is_tls && a->port == b->port && slice_eq_nocase(a->host, b->host);
}

static bool
is_exactly_allowed(const struct config_atlassian *all, struct slice host)
{
	for (size_t i = 0; i < all->tenants_allow_n; i++)
		if (slice_eq_nocase(all->tenants_allow[i], host))
			return true;
	return false;
}

static bool
is_allowed(const struct config_atlassian *all, struct slice host)
{
	if (is_exactly_allowed(all, host))
		return true;
	for (size_t i = 0; i < all->tenants_allow_n; i++) {
		struct slice suffix = all->tenants_allow[i], end;

		if (!slice_starts(suffix, S("*.")))
			continue;
		suffix.p++;
		suffix.n--;
		if (host.n <= suffix.n)
			continue;
		end = (struct slice){ host.p + host.n - suffix.n, suffix.n };
		if (slice_eq_nocase(end, suffix))
			return true;
	}
	return false;
}

/* The site of that product whose origin is named; of several the one with that path. */
static const struct config_site *
site_named(const struct question_of *q)
{
	const struct config_site *found = NULL;
	struct slice path = without_slashes(q->named.path);

	for (size_t i = 0; i < q->all->sites_n; i++) {
		const struct config_site *site = &q->all->sites[i];
		struct url url;
		struct err err;

		if (site->product != q->site->product || site->url.n == 0 ||
		    !url_parse(site->url, &url, &err) || !is_same_origin(&url, &q->named))
			continue;
		if (slice_eq(without_slashes(url.path), path))
			return site;
		if (path.n == 0 && found == NULL)
			found = site;
	}
	return found;
}

/* Reads the product's URL header, and finds whose it is. */
MUST_CHECK static bool
name_read(struct question_of *q, struct err *err)
{
	struct slice text = q->brought->url[q->site->product];
	struct err why = { 0 };

	if (text.p == NULL)
		return true;
	if (!url_parse(text, &q->named, &why) || !is_plain_path(q->named.path))
		return err_set(err, ERR_REFUSED,
		    "%s is no address of a site: https://host, a port and a plain path at most",
		    q->product->url_header);
	q->base = without_slashes(text);
	q->whose = site_named(q);
	return true;
}

static struct slice
lower(struct arena *arena, struct slice text)
{
	char *copy = arena_bytes(arena, text.n + 1);

	for (size_t i = 0; i < text.n; i++)
		copy[i] = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i]);
	copy[text.n] = '\0';
	return (struct slice){ copy, text.n };
}

/* An address that no configured site has: is it one that requests may name? */
MUST_CHECK static bool
foreign_check(const struct question_of *q, struct choice *out, struct err *err)
{
	struct slice host = q->named.host;
	bool is_here = url_host_is_loopback(host) && is_exactly_allowed(q->all, host);

	if (!q->all->is_tenants)
		return err_set(err, ERR_REFUSED,
		    "%s names \"%.*s\": requests may name no sites here "
		    "(atlassian.tenants.allow, or MCP_ALLOWED_URL_DOMAINS with "
		    "ATLASSIAN_OAUTH_ENABLE)",
		    q->product->url_header, SLICE_FMT(host));
	if (!is_allowed(q->all, host) || (url_host_is_loopback(host) && !is_here))
		return err_set(err, ERR_REFUSED,
		    "%s names \"%.*s\", which is not in atlassian.tenants.allow "
		    "(MCP_ALLOWED_URL_DOMAINS)",
		    q->product->url_header, SLICE_FMT(host));
	if (!q->named.is_tls && !is_here)
		return err_set(err, ERR_REFUSED, "%s names \"%.*s\": it must begin with https://",
		    q->product->url_header, SLICE_FMT(host));
	out->reach = is_here ? REACH_LOOPBACK : REACH_PUBLIC;
	return true;
}

/* As configured addresses are read: Confluence of the Cloud lives below /wiki. */
static struct slice
foreign_url(const struct question_of *q)
{
	struct slice host = lower(q->arena, q->named.host);
	bool is_bare = without_slashes(q->named.path).n == 0;
	bool is_cloud = slice_glob(S("*.atlassian.net"), host) || slice_glob(S("*.jira.com"), host);

	if (!is_bare || !is_cloud || q->product->cloud_path.n == 0)
		return slice_dup(q->arena, q->base);
	return arena_printf(
	    q->arena, "%.*s%.*s", SLICE_FMT(q->base), SLICE_FMT(q->product->cloud_path));
}

/* ---- what came for this site ----------------------------------------------------------------- */

/*
 * Authorization is for both products: where a request names a site of the other one only, it goes
 * no further than that origin.
 */
static bool
is_shared_with(const struct question_of *q)
{
	struct slice other =
	    q->brought->url[q->site->product == PRODUCT_JIRA ? PRODUCT_CONFLUENCE : PRODUCT_JIRA];
	struct url named, own;
	struct err err;

	if (q->base.p != NULL || other.p == NULL)
		return true;
	return q->site->url.n > 0 && url_parse(other, &named, &err) &&
	    url_parse(q->site->url, &own, &err) && is_same_origin(&named, &own);
}

/* Is this the site that the request is about? */
static bool
is_addressed(const struct question_of *q)
{
	bool is_primary = q->site->name.n == 0;

	if (q->base.p == NULL)
		return is_primary;
	return q->whose != NULL ? q->whose == q->site : is_primary;
}

/* False: nothing came for it. */
static bool
credential_take(const struct question_of *q, struct choice *out, bool *is_shared)
{
	struct slice token = q->brought->token[q->site->product];

	*is_shared = false;
	if (!is_addressed(q))
		return false;
	if (token.p != NULL) {
		out->scheme = CREDENTIAL_BEARER;
		out->credential = token;
		return true;
	}
	if (q->brought->authorization.p == NULL || !is_shared_with(q))
		return false;
	*is_shared = true;
	out->scheme = q->brought->scheme == CREDENTIAL_BASIC ? CREDENTIAL_BASIC : CREDENTIAL_BEARER;
	out->credential = q->brought->authorization;
	return true;
}

/* OAuth with a cloud id goes to the API gateway; it names a site like a URL does. */
MUST_CHECK static bool
gateway_take(const struct question_of *q, struct choice *out, struct err *err)
{
	bool is_ours = q->site->cloud_id.n > 0 && slice_eq(q->site->cloud_id, q->brought->cloud_id);

	if (!is_ours && !q->all->is_tenants)
		return err_set(err, ERR_REFUSED,
		    "X-Atlassian-Cloud-Id names another site: requests may name none here "
		    "(atlassian.tenants.allow)");
	if (!is_ours && !is_allowed(q->all, S("api.atlassian.com")))
		return err_set(err, ERR_REFUSED,
		    "X-Atlassian-Cloud-Id needs \"api.atlassian.com\" in atlassian.tenants.allow");
	out->url = arena_printf(q->arena, GATEWAY "%.*s/%.*s%.*s", SLICE_FMT(q->product->path),
	    SLICE_FMT(q->brought->cloud_id), SLICE_FMT(q->product->cloud_path));
	out->is_cloud = true;
	out->reach = REACH_PUBLIC;
	return true;
}

MUST_CHECK static bool
address_take(const struct question_of *q, bool is_shared, struct choice *out, struct err *err)
{
	if (is_shared && q->brought->scheme == CREDENTIAL_BEARER && q->brought->cloud_id.p != NULL)
		return gateway_take(q, out, err);
	if (q->base.p != NULL && q->whose == NULL) {
		if (!foreign_check(q, out, err))
			return false;
		out->url = foreign_url(q);
		return true;
	}
	if (q->site->url.n == 0)
		return err_set(err, ERR_REFUSED, "%s has no address here: name it with %s",
		    q->product->name, q->product->url_header);
	out->url = q->site->url;
	out->is_ours = true;
	out->reach = REACH_ANY;
	return true;
}

/* ---- the operator's -------------------------------------------------------------------------- */

MUST_CHECK static bool
operators_take(const struct question_of *q, struct choice *out, struct err *err)
{
	struct slice provider = q->site->provider;
	bool has_own = credentials_have_secret(q->brought);
	bool is_guest = has_own || q->config->auth == AUTH_TENANTS;

	out->is_operators = true;
	if (is_addressed(q) && q->base.p != NULL && q->whose == NULL)
		return err_set(err, q->config->auth == AUTH_TENANTS ? ERR_STRANGER : ERR_REFUSED,
		    "%s names \"%.*s\", and no credential came for it (%s, or Authorization)",
		    q->product->url_header, SLICE_FMT(q->named.host), q->product->token_header);
	if (is_guest && !q->all->allow_operator_credential) {
		if (q->config->auth == AUTH_TENANTS && !has_own)
			return err_set(err, ERR_STRANGER,
			    "%.*s: a credential is needed: %s, or Authorization",
			    SLICE_FMT(provider), q->product->token_header);
		return err_set(err, ERR_REFUSED,
		    "%.*s: the credential of this request is not for this site, and the "
		    "configured one is not lent (name the site with %s; "
		    "atlassian.tenants.operator_credential)",
		    SLICE_FMT(provider), q->product->url_header);
	}
	if (q->site->url.n == 0)
		return err_set(err, ERR_CONFIG, "%.*s has no address: requests over HTTP bring it",
		    SLICE_FMT(provider));
	return true;
}

bool
access_choose(const struct config *config, const struct config_site *site,
    const struct credentials *credentials, struct arena *arena, struct choice *out, struct err *err)
{
	static const struct credentials none;
	struct question_of q = { .config = config,
		.all = &config->atlassian,
		.site = site,
		.brought = credentials,
		.product = &products[site->product],
		.arena = arena,
		.base = SLICE_NONE };
	bool is_shared;

	*out = (struct choice){ 0 };
	if (!arena_reserve(arena, 4 * CREDENTIAL_BYTES_MAX, err))
		return false;
	if (credentials == NULL) { /* who is at our stdin was let in by the machine */
		out->is_operators = true;
		return site->url.n > 0 ||
		    err_set(err, ERR_CONFIG, "%.*s has no address: requests over HTTP bring it",
			SLICE_FMT(site->provider));
	}
	if (config->atlassian.ignore_headers)
		q.brought = &none;
	if (!name_read(&q, err))
		return false;
	if (!credential_take(&q, out, &is_shared))
		return operators_take(&q, out, err);
	return address_take(&q, is_shared, out, err);
}

/*
 * How long clients may keep what they are told, and whether for themselves only (2026-07-28,
 * caching).  A list lives as long as the shortest-lived part of it: of a server that tells when
 * its list changes, LISTED_TTL_MS, for who listens hears of it here too; else what the server said;
 * else no time at all.  What differs between callers is private, whatever servers say.
 */
#include "gateway/hub.h"

#define LISTED_TTL_MS 60000
#define TTL_MAX_MS    (24 * 3600 * 1000ull)

/* ---- what an upstream says ------------------------------------------------------------------- */

bool
fresh_read(const struct json_scan *scan, struct freshness *out)
{
	struct slice ttl = json_scan_get(scan, S("result"), S("ttlMs"));
	struct slice scope = json_scan_get(scan, S("result"), S("cacheScope"));
	int64_t ms;

	*out = (struct freshness){ .is_private = !slice_eq(scope, S("\"public\"")) };
	if (ttl.p == NULL)
		return false;
	/* One that is negative or no integer is none. */
	if (json_int(ttl, &ms) && ms > 0)
		out->ttl_ms = (uint64_t)ms < TTL_MAX_MS ? (uint64_t)ms : TTL_MAX_MS;
	return true;
}

bool
fresh_is_told(struct slice capabilities, enum item_kind kind)
{
	struct slice of_kind, told;

	return capabilities.p != NULL &&
	    json_find(capabilities, item_kind_row(kind)->capability, &of_kind) &&
	    json_type(of_kind) == JSON_OBJECT && json_find(of_kind, S("listChanged"), &told) &&
	    json_type(told) == JSON_TRUE;
}

bool
fresh_expire(const struct passage *passage, enum item_kind kind)
{
	const struct gateway *gateway = passage->gateway;
	bool any = false;

	for (size_t i = 0; i < gateway->providers_n; i++) {
		struct provider *p = gateway->providers[i];

		if (p->ops->expire != NULL)
			any |= p->ops->expire(p, passage->client, kind);
	}
	return any;
}

/* ---- what clients are told ------------------------------------------------------------------- */

bool
fresh_is_private(const struct passage *passage)
{
	enum config_auth auth = passage->gateway->settings->config->auth;

	return (passage->client != NULL && passage->client->has_own) ||
	    view_is_private(passage->hub) || (auth != AUTH_UNSET && auth != AUTH_NONE);
}

/* Of one provider. */
static struct freshness
provider_freshness(
    const struct provider *provider, const struct client *client, enum item_kind kind)
{
	struct freshness fresh = { .ttl_ms = LISTED_TTL_MS };
	struct slice capabilities = provider->ops->capabilities(provider, client), there;

	if (provider->ops->freshness == NULL)
		return fresh;
	/* What is not there yet may come at any time. */
	if (capabilities.p == NULL)
		return (struct freshness){ .ttl_ms = 0 };
	if (!json_find(capabilities, item_kind_row(kind)->capability, &there))
		return fresh;
	provider->ops->freshness(provider, client, kind, &fresh);
	if (fresh_is_told(capabilities, kind) && fresh.ttl_ms < LISTED_TTL_MS)
		fresh.ttl_ms = LISTED_TTL_MS;
	return fresh;
}

void
fresh_list(const struct passage *passage, enum item_kind kind, struct reply *reply)
{
	const struct gateway *gateway = passage->gateway;

	reply->ttl_ms = LISTED_TTL_MS;
	reply->is_private = fresh_is_private(passage);
	for (size_t i = 0; i < gateway->providers_n; i++) {
		struct freshness of =
		    provider_freshness(gateway->providers[i], passage->client, kind);

		reply->is_private |= of.is_private;
		if (of.ttl_ms < reply->ttl_ms)
			reply->ttl_ms = of.ttl_ms;
	}
	if (gateway->providers_n == 0)
		reply->ttl_ms = 0;
}

void
fresh_description(const struct passage *passage, struct reply *reply)
{
	const struct gateway *gateway = passage->gateway;

	reply->ttl_ms = LISTED_TTL_MS;
	reply->is_private = fresh_is_private(passage);
	for (size_t i = 0; i < gateway->providers_n; i++) {
		const struct provider *p = gateway->providers[i];
		struct freshness of = { .ttl_ms = LISTED_TTL_MS };

		if (p->ops->capabilities(p, passage->client).p == NULL)
			of.ttl_ms = 0;
		else if (p->ops->freshness != NULL)
			p->ops->freshness(p, passage->client, ITEM_GREETING, &of);
		reply->is_private |= of.is_private;
		if (of.ttl_ms < reply->ttl_ms)
			reply->ttl_ms = of.ttl_ms;
	}
}

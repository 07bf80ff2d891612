/*
 * The provider kind "site": one product of one Atlassian site.  What it offers is made from the
 * rows of tools, resources and prompts and never changes; nothing is asked of the site before the
 * first call.
 */
#include "atlassian/site_text.h"

#define DEFINITIONS_MAX (4 * MIB)

static struct site *
site_of(const struct provider *provider)
{
	return CONTAINER((struct provider *)provider, struct site, provider);
}

static bool
page_add(struct site *site, enum item_kind kind, struct buf *text, struct err *err)
{
	struct hub *hub = site->provider.hub;
	struct arena arena;

	must(buf_check(text, err));
	arena_init(&arena, NULL, 0);
	return offer_add_page_wait(NULL, site->provider.offer, kind, &arena, text, buf_view(text),
	    site->provider.name, loop_log(hub_loop(hub)), err);
}

static void
offer_make(struct site *site)
{
	struct buf text[ITEM_KINDS];
	struct err err;
	bool ok = true;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		buf_init(&text[kind], NULL, DEFINITIONS_MAX);
	tools_offer(site->config, site->all, site_deployment(site), &site->rows, &site->rows_n,
	    &text[ITEM_TOOL]);
	prompts_offer(site, &text[ITEM_PROMPT]);
	resources_offer(site, ITEM_RESOURCE, &text[ITEM_RESOURCE]);
	resources_offer(site, ITEM_TEMPLATE, &text[ITEM_TEMPLATE]);
	site->provider.offer = offer_new(loop_memory(hub_loop(site->provider.hub)));
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		ok = ok && page_add(site, kind, &text[kind], &err);
	if (!ok)
		offer_unref(&site->provider.offer);
	else
		must(site->provider.offer->items[ITEM_TOOL].n == site->rows_n);
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		buf_fini(&text[kind]);
}

/* ---- the provider ---------------------------------------------------------------------------- */

static void
site_want(struct provider *provider, struct client *client, bool even_lazy)
{
	(void)provider, (void)client, (void)even_lazy;
}

static bool
site_is_settled(const struct provider *provider, const struct client *client)
{
	(void)provider, (void)client;
	return true;
}

static struct offer *
site_list_wait(struct provider *provider, struct client *client, struct err *err)
{
	struct site *site = site_of(provider);

	(void)client;
	if (site->provider.offer != NULL)
		return offer_ref(site->provider.offer);
	err_set(err, ERR_LIMIT, "no memory for the list of tools");
	return NULL;
}

static bool
site_forward_wait(struct provider *provider, struct exchange *exchange,
    const struct forward *forward, struct reply *reply, struct err *err)
{
	struct site *site = site_of(provider);
	struct slice uri;
	size_t at;

	switch (exchange->request.method) {
	case MCP_RESOURCES_READ:
		return forward_uri(exchange, forward, &uri, err) &&
		    resource_read_wait(site, exchange, uri, reply, err);
	case MCP_COMPLETE:
		return complete_wait(site, exchange, reply, err);
	case MCP_PROMPTS_GET:
		must(forward->item != NULL);
		return prompt_get_wait(site, exchange, forward->item->name, reply, err);
	case MCP_TOOLS_CALL:
		must(forward->item != NULL);
		at = (size_t)(forward->item - site->provider.offer->items[ITEM_TOOL].all);
		must(at < site->rows_n);
		return work_call_wait(site, site->rows[at], exchange, reply, err);
	default:
		return err_set(
		    err, ERR_METHOD, "%.*s does not know that method", SLICE_FMT(provider->name));
	}
}

static bool
site_subscribe_wait(struct provider *provider, struct exchange *exchange, bool wants,
    struct slice uri, const struct forward *forward, struct reply *reply, struct err *err)
{
	struct client *client = client_of(exchange);
	struct site *site = site_of(provider);

	(void)forward;
	if (client == NULL)
		return err_set(err, ERR_REQUEST, "subscriptions need a session");
	reply->result = S("{}");
	if (client_is_subscribed_to(client, provider, uri) == wants)
		return true;
	if (!wants) {
		client_unsubscribe(client, provider, uri);
		watch_end(site, client, uri);
		return true;
	}
	if (!client_subscribe(client, provider, uri))
		return err_set(err, ERR_LIMIT, "too many subscriptions");
	if (!watch_begin_wait(site, exchange, uri, err)) {
		client_unsubscribe(client, provider, uri);
		return false;
	}
	/* It may have gone, or thought otherwise, while the site was asked. */
	if (!client_is_subscribed_to(client, provider, uri))
		watch_end(site, client, uri);
	return true;
}

static bool
site_watch_wait(struct provider *provider, struct exchange *exchange, struct slice uri,
    bool *is_granted, struct err *err)
{
	*is_granted = watch_begin_wait(site_of(provider), exchange, uri, err);
	return *is_granted;
}

static void
site_forget(struct provider *provider, struct client *client, struct slice uri)
{
	watch_end(site_of(provider), client, uri);
}

static bool
site_set_level_wait(struct provider *provider, struct exchange *exchange, int level,
    const struct forward *forward, struct reply *reply, struct err *err)
{
	(void)provider, (void)exchange, (void)level, (void)forward, (void)err;
	reply->result = S("{}");
	return true;
}

static bool
site_confirm_wait(struct provider *provider, struct exchange *exchange, struct err *err)
{
	return access_confirm_wait(site_of(provider), exchange, err);
}

static struct offer *
site_offer(const struct provider *provider, const struct client *client)
{
	(void)client;
	return provider->offer;
}

static struct slice
site_capabilities(const struct provider *provider, const struct client *client)
{
	(void)client;
	return site_of(provider)->all->watch_ms > 0
	    ? S("{\"tools\":{},\"prompts\":{},\"resources\":{\"subscribe\":true},"
		"\"completions\":{}}")
	    : S("{\"tools\":{},\"prompts\":{},\"resources\":{},\"completions\":{}}");
}

static struct slice
site_instructions(const struct provider *provider, const struct client *client)
{
	(void)provider, (void)client;
	return SLICE_NONE;
}

static void
site_health(
    const struct provider *provider, const struct client *client, struct provider_health *health)
{
	const struct site *site = site_of(provider);
	uint64_t until_ms;

	(void)client;
	*health =
	    (struct provider_health){ .state = PROVIDER_READY, .revision = MCP_NEWEST_LEGACY };
	if (!gate_is_open(site->gate, &until_ms))
		return;
	health->state = PROVIDER_DOWN;
	health->retry_ms = until_ms;
	err_set(&health->why, ERR_UNAVAILABLE, "it failed several times in a row");
}

static void
site_close(struct provider *provider)
{
	struct site *site = site_of(provider);

	parts_free(&site->parts);
	watches_close(site);
	accesses_close(site);
	offer_unref(&site->provider.offer);
	gate_free(&site->gate);
	hub_forget(provider->hub, provider);
	mem_free(site->rows);
	settings_unref(&site->settings);
	mem_free(site);
}

static const struct provider_ops site_ops = {
	.kind = "site",
	.want = site_want,
	.is_settled = site_is_settled,
	.is_greeted = site_is_settled,
	.list_wait = site_list_wait,
	.forward_wait = site_forward_wait,
	.subscribe_wait = site_subscribe_wait,
	.watch_wait = site_watch_wait,
	.forget = site_forget,
	.set_level_wait = site_set_level_wait,
	.confirm_wait = site_confirm_wait,
	.offer = site_offer,
	.capabilities = site_capabilities,
	.instructions = site_instructions,
	.health = site_health,
	.close = site_close,
};

/* ---- the kind -------------------------------------------------------------------------------- */

static size_t
kind_count(const struct config *config)
{
	return config->atlassian.sites_n;
}

static bool
kind_is_enabled(const struct config *config, size_t i)
{
	(void)config, (void)i;
	return true;
}

static bool
kind_is(const struct provider *provider, const struct config *config, size_t i)
{
	const struct config_site *site = &config->atlassian.sites[i];

	return provider->ops == &site_ops && slice_eq(provider->name, site->provider) &&
	    memcmp(site_of(provider)->config->digest, site->digest, sizeof(site->digest)) == 0 &&
	    tools_are_same(site_of(provider)->all, &config->atlassian) &&
	    site_is_classic(site_of(provider)->config, site_of(provider)->all) ==
	    site_is_classic(site, &config->atlassian);
}

static const struct slice outcome_names[SITE_OUTCOMES] = { { "done", 4 }, { "refused", 7 },
	{ "failed", 6 } };

static void
count(struct site *site)
{
	struct metrics *metrics = loop_metrics(hub_loop(site->provider.hub));
	struct slice product = site->config->product == PRODUCT_JIRA ? S("jira") : S("confluence");
	struct slice name = site->config->name.n > 0 ? site->config->name : S("primary");

	for (size_t i = 0; i < SITE_OUTCOMES; i++)
		site->outcomes[i] = metrics_series_of(metrics, METRIC_SITE_REQUESTS,
		    (struct slice[METRIC_LABELS]){ name, product, outcome_names[i] });
	site->seconds = metrics_series(metrics, METRIC_SITE_DURATION, name, product);
}

static struct provider *
kind_make(struct hub *hub, struct settings *settings, size_t i)
{
	struct site *site = MEM_NEW(struct site);

	site->settings = settings_ref(settings);
	site->all = &settings->config->atlassian;
	site->config = &site->all->sites[i];
	site->provider = (struct provider){ .ops = &site_ops,
		.hub = hub,
		.refs = 1,
		.name = site->config->provider,
		.has_own_prefix = true };
	site->gate = gate_new(hub_loop(hub), site->config);
	count(site);
	offer_make(site);
	return &site->provider;
}

static const struct config_tools *
kind_rules(const struct config *config, size_t i)
{
	(void)config, (void)i;
	return NULL;
}

const struct provider_kind atlassian_sites = { kind_count, kind_is_enabled, kind_is, kind_make,
	kind_rules };

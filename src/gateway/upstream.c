/*
 * The provider kind "upstream": an MCP server and its sessions (links).  A client has a session of
 * its own where the configuration says so, or where it is alone (stdio); all others share one.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/hub.h"

static struct upstream *
upstream_of(const struct provider *provider)
{
	return CONTAINER((struct provider *)provider, struct upstream, provider);
}

/* ---- the child's environment ----------------------------------------------------------------- */

/* PATH, HOME, LANG, TZ and what the configuration names; not our environment. */
static void
env_make(struct upstream *u)
{
	static const char *const inherited[] = { "PATH", "HOME", "LANG", "TZ" };
	const struct config_upstream *config = u->config;
	size_t bytes = (config->env_n + COUNT(inherited) + 1) * sizeof(char *), n = 0;
	const char **env;
	struct err err;

	for (size_t i = 0; i < config->env_n; i++)
		bytes += config->env[i].name.n + secret_reveal(config->env[i].value).n + 2;
	must(arena_reserve(&u->arena, bytes + 64 * KIB, &err));
	env = ARENA_ARRAY(&u->arena, const char *, config->env_n + COUNT(inherited) + 1);
	for (size_t i = 0; i < COUNT(inherited); i++) {
		const char *value = getenv(inherited[i]);
		bool is_named = value == NULL || strlen(value) > 8 * KIB;

		for (size_t k = 0; k < config->env_n; k++)
			is_named |= slice_eq(config->env[k].name, slice_of(inherited[i]));
		if (!is_named) {
			size_t size = strlen(inherited[i]) + strlen(value) + 2;
			char *pair = arena_bytes(&u->arena, size);
			struct buf text = { .p = pair, .cap = size, .ceiling_bytes = size };

			buf_puts(&text, inherited[i]);
			buf_putc(&text, '=');
			buf_puts(&text, value);
			pair[text.n] = '\0';
			env[n++] = pair;
		}
	}
	for (size_t i = 0; i < config->env_n; i++) {
		struct slice value = secret_reveal(config->env[i].value);
		size_t name_n = config->env[i].name.n;
		char *pair = arena_bytes(&u->arena, name_n + value.n + 2);

		memcpy(pair, config->env[i].name.p, name_n);
		pair[name_n] = '=';
		memcpy(pair + name_n + 1, value.p != NULL ? value.p : "", value.n);
		pair[name_n + 1 + value.n] = '\0';
		env[n++] = pair;
	}
	env[n] = NULL;
	u->env = env;
}

/* ---- whose session --------------------------------------------------------------------------- */

static bool
wants_own(const struct upstream *u, const struct client *client)
{
	return client != NULL &&
	    (u->config->session == SESSION_PER_CLIENT ||
		(u->config->session == SESSION_AUTO && client->is_stdio));
}

bool
upstream_shares(const struct upstream *u, const struct client *client)
{
	return !wants_own(u, client);
}

/* NULL: there is none yet. */
static struct link *
link_find(const struct upstream *u, const struct client *client)
{
	struct link *link = u->links;

	if (!wants_own(u, client))
		return u->shared;
	while (link != NULL && !link_is_of(link, client))
		link = link_next(link);
	return link;
}

/* NULL: for a client that has gone, or for one too many. */
static struct link *
link_for(struct upstream *u, struct client *client)
{
	struct link *link = link_find(u, client);

	if (link != NULL || (wants_own(u, client) && client->is_over))
		return link;
	link = link_new(u, wants_own(u, client) ? client : NULL);
	if (!wants_own(u, client))
		u->shared = link;
	return link;
}

/* Why there is none. */
static bool
no_link(const struct client *client, struct err *err)
{
	return client != NULL && client->is_over
	    ? err_set(err, ERR_CANCELLED, "the session is over")
	    : err_set(
		  err, ERR_LIMIT, "too many clients have sessions of their own: try again later");
}

/* Is it worth a session before anybody asks?  Not where every client will have its own. */
static bool
starts_at_once(const struct upstream *u)
{
	const struct config *config = u->settings->config;

	if (u->config->lazy || u->config->session == SESSION_PER_CLIENT)
		return false;
	return u->config->session == SESSION_SHARED || config->listen_http_n > 0 ||
	    !config->listen_stdio;
}

/* ---- the interface --------------------------------------------------------------------------- */

static void
upstream_want(struct provider *provider, struct client *client, bool even_lazy)
{
	struct upstream *u = upstream_of(provider);

	if (even_lazy || !u->config->lazy)
		link_for(u, client);
}

static bool
upstream_is_settled(const struct provider *provider, const struct client *client)
{
	const struct link *link = link_find(upstream_of(provider), client);

	return link == NULL || link_is_settled(link);
}

static bool
upstream_is_greeted(const struct provider *provider, const struct client *client)
{
	const struct link *link = link_find(upstream_of(provider), client);

	return link == NULL || link_is_greeted(link);
}

static bool
upstream_fresh_wait(
    struct provider *provider, struct client *client, uint64_t until_ms, struct err *err)
{
	struct link *link = link_find(upstream_of(provider), client);

	return link == NULL || link_fresh_wait(link, until_ms, err);
}

static struct offer *
upstream_list_wait(struct provider *provider, struct client *client, struct err *err)
{
	struct link *link = link_for(upstream_of(provider), client);

	if (link == NULL) {
		no_link(client, err);
		return NULL;
	}
	if (link_ready_wait(link, err))
		return offer_ref(link_offer(link));
	if (err->kind != ERR_CANCELLED && err->kind != ERR_DEADLINE) {
		err->kind = ERR_UNAVAILABLE;
		err_prefix(err, "%.*s is unavailable", SLICE_FMT(provider->name));
	}
	return NULL;
}

static bool
upstream_forward_wait(struct provider *provider, struct exchange *exchange,
    const struct forward *forward, struct reply *reply, struct err *err)
{
	struct link *link = link_for(upstream_of(provider), client_of(exchange));

	if (link == NULL)
		return no_link(client_of(exchange), err);
	return forward->uri.p != NULL ? link_read_wait(link, exchange, forward, reply, err)
				      : link_call_wait(link, exchange, forward, reply, err);
}

/*
 * A session that is shared is subscribed once for all: only the first and the last client's
 * request goes upstream.
 */
static bool
upstream_subscribe_wait(struct provider *provider, struct exchange *exchange, bool wants,
    struct slice uri, const struct forward *forward, struct reply *reply, struct err *err)
{
	struct client *client = client_of(exchange);
	struct link *link = link_for(upstream_of(provider), client);
	bool is_first = true, was, ok;

	if (client == NULL || link == NULL)
		return err_set(err, ERR_REQUEST, "subscriptions need a session");
	was = client_is_subscribed_to(client, provider, uri);
	if (was == wants) {
		reply->result = S("{}");
		return true;
	}
	if (wants &&
	    (!client_subscribe(client, provider, uri) || !link_subscribe(link, uri, &is_first))) {
		client_unsubscribe(client, provider, uri);
		return err_set(err, ERR_LIMIT, "too many subscriptions");
	}
	if (!wants) {
		client_unsubscribe(client, provider, uri);
		is_first = link_unsubscribe(link, uri);
	}
	if (!is_first) {
		reply->result = S("{}");
		return true;
	}
	ok = link_forward_wait(link, exchange, forward, reply, err);
	if (wants && (!ok || reply->error.p != NULL) && !client->is_over) {
		client_unsubscribe(client, provider, uri);
		link_unsubscribe(link, uri);
	}
	return ok;
}

/* The session that tells, for whom the server's timeout counts from now; NULL: there is none. */
static struct link *
link_to_watch(struct provider *provider, struct exchange *exchange, struct err *err)
{
	struct upstream *u = upstream_of(provider);
	struct link *link = link_for(u, client_of(exchange));

	if (link == NULL)
		(void)no_link(client_of(exchange), err);
	else
		task_deadline(
		    task_self(exchange->loop), loop_now_ms(exchange->loop) + u->config->timeout_ms);
	return link;
}

static bool
upstream_watch_wait(struct provider *provider, struct exchange *exchange, struct slice uri,
    bool *is_granted, struct err *err)
{
	struct link *link = link_to_watch(provider, exchange, err);

	return link != NULL && link_watch_wait(link, uri, is_granted, err);
}

/* Of a session of the client's own that has ended with it there is nothing left to say. */
static void
upstream_forget(struct provider *provider, struct client *client, struct slice uri)
{
	struct link *link = link_find(upstream_of(provider), client);

	if (link != NULL)
		link_unwatch(link, uri);
}

static bool
upstream_task_wait(struct provider *provider, struct exchange *exchange, enum mcp_method method,
    struct slice id, struct reply *reply, struct err *err)
{
	struct link *link = link_for(upstream_of(provider), client_of(exchange));

	if (link == NULL)
		return no_link(client_of(exchange), err);
	return link_task_wait(link, exchange, method, id, reply, err);
}

static bool
upstream_watch_task_wait(struct provider *provider, struct exchange *exchange, struct slice id,
    bool *is_granted, struct err *err)
{
	struct link *link = link_to_watch(provider, exchange, err);

	return link != NULL && link_watch_task_wait(link, id, is_granted, err);
}

static void
upstream_forget_task(struct provider *provider, struct client *client, struct slice id)
{
	struct link *link = link_find(upstream_of(provider), client);

	if (link != NULL)
		link_unwatch_task(link, id);
}

/*
 * The level of a client's own session is the client's; a shared one has the most talkative level
 * that any client asked for, and each sees its own part of it.
 */
static bool
upstream_set_level_wait(struct provider *provider, struct exchange *exchange, int level,
    const struct forward *forward, struct reply *reply, struct err *err)
{
	struct client *client = client_of(exchange);
	struct link *link = link_for(upstream_of(provider), client);
	bool is_own = wants_own(upstream_of(provider), client);
	int before;

	if (link == NULL)
		return no_link(client_of(exchange), err);
	before = link_level(link);
	/* A connection that is made meanwhile was told already; one that fails, fails below too. */
	if (before != level && link_ready_wait(link, err) && link_level(link) == level) {
		reply->result = S("{}");
		return true;
	}
	if (!is_own && link_level(link) >= 0 && link_level(link) <= level) {
		reply->result = S("{}");
		return true;
	}
	if (!link_forward_wait(link, exchange, forward, reply, err))
		return false;
	if (reply->error.p == NULL)
		link_set_level(link, level);
	return true;
}

static bool
upstream_expire(struct provider *provider, struct client *client, enum item_kind kind)
{
	struct link *link = link_find(upstream_of(provider), client);

	return link != NULL && link_expire(link, kind);
}

static void
upstream_freshness(const struct provider *provider, const struct client *client,
    enum item_kind kind, struct freshness *out)
{
	const struct link *link = link_find(upstream_of(provider), client);

	*out = (struct freshness){ .ttl_ms = 0 };
	if (link != NULL)
		link_freshness(link, kind, out);
}

static struct offer *
upstream_offer(const struct provider *provider, const struct client *client)
{
	const struct link *link = link_find(upstream_of(provider), client);

	return link != NULL ? link_offer(link) : NULL;
}

static struct slice
upstream_capabilities(const struct provider *provider, const struct client *client)
{
	const struct link *link = link_find(upstream_of(provider), client);

	return link != NULL ? link_capabilities(link) : SLICE_NONE;
}

static struct slice
upstream_instructions(const struct provider *provider, const struct client *client)
{
	const struct link *link = link_find(upstream_of(provider), client);

	return link != NULL ? link_instructions(link) : SLICE_NONE;
}

static struct slice
upstream_server_info(const struct provider *provider, const struct client *client)
{
	const struct link *link = link_find(upstream_of(provider), client);

	return link != NULL ? link_server_info(link) : SLICE_NONE;
}

static void
upstream_health(
    const struct provider *provider, const struct client *client, struct provider_health *health)
{
	const struct upstream *u = upstream_of(provider);
	const struct link *link = link_find(u, client);

	/* Nobody in particular asks: any session tells how the upstream is. */
	if (link == NULL && client == NULL)
		link = u->links;
	*health = (struct provider_health){ .state = PROVIDER_IDLE, .restarts = u->restarts };
	if (link != NULL)
		link_health(link, health);
}

static struct slice
upstream_last_words(const struct provider *provider)
{
	const struct upstream *u = upstream_of(provider);
	const struct link *link = u->shared != NULL ? u->shared : u->links;

	return link != NULL ? link_last_words(link) : SLICE_NONE;
}

static void
upstream_guard_changed(struct provider *provider)
{
	for (struct link *l = upstream_of(provider)->links; l != NULL; l = link_next(l))
		link_guard_changed(l);
}

static struct link *
upstream_links(const struct provider *provider)
{
	return upstream_of(provider)->links;
}

void
upstream_free(struct upstream *u)
{
	arena_fini(&u->arena);
	settings_unref(&u->settings);
	mem_free(u);
}

/* The links end their connections; the last of them frees the upstream. */
static void
upstream_close(struct provider *provider)
{
	struct upstream *u = upstream_of(provider);

	hub_forget(provider->hub, provider);
	offer_unref(&provider->offer);
	u->is_closed = true;
	for (struct link *l = u->links; l != NULL; l = link_next(l))
		link_stop(l);
	if (u->links == NULL)
		upstream_free(u);
}

static const struct provider_ops upstream_ops = {
	.kind = "upstream",
	.want = upstream_want,
	.is_settled = upstream_is_settled,
	.is_greeted = upstream_is_greeted,
	.fresh_wait = upstream_fresh_wait,
	.list_wait = upstream_list_wait,
	.forward_wait = upstream_forward_wait,
	.subscribe_wait = upstream_subscribe_wait,
	.watch_wait = upstream_watch_wait,
	.forget = upstream_forget,
	.task_wait = upstream_task_wait,
	.watch_task_wait = upstream_watch_task_wait,
	.forget_task = upstream_forget_task,
	.set_level_wait = upstream_set_level_wait,
	.expire = upstream_expire,
	.freshness = upstream_freshness,
	.offer = upstream_offer,
	.capabilities = upstream_capabilities,
	.instructions = upstream_instructions,
	.server_info = upstream_server_info,
	.health = upstream_health,
	.guard_changed = upstream_guard_changed,
	.last_words = upstream_last_words,
	.links = upstream_links,
	.close = upstream_close,
};

/* ---- the kind -------------------------------------------------------------------------------- */

static size_t
kind_count(const struct config *config)
{
	return config->upstreams_n;
}

static bool
kind_is_enabled(const struct config *config, size_t i)
{
	return config->upstreams[i].enabled;
}

static struct provider *
kind_make(struct hub *hub, struct settings *settings, size_t i)
{
	const struct config_upstream *config = &settings->config->upstreams[i];
	struct upstream *u = MEM_NEW(struct upstream);

	u->provider =
	    (struct provider){ .ops = &upstream_ops, .hub = hub, .refs = 1, .name = config->name };
	u->settings = settings_ref(settings);
	u->config = config;
	arena_init(&u->arena, NULL, 64 * MIB);
	env_make(u);
	if (starts_at_once(u))
		u->shared = link_new(u, NULL);
	return &u->provider;
}

static bool
kind_is(const struct provider *provider, const struct config *all, size_t i)
{
	const struct config_upstream *config = &all->upstreams[i];

	return provider->ops == &upstream_ops && slice_eq(provider->name, config->name) &&
	    memcmp(upstream_of(provider)->config->digest, config->digest, sizeof(config->digest)) ==
	    0;
}

static const struct config_tools *
kind_rules(const struct config *config, size_t i)
{
	return &config->upstreams[i].tools;
}

const struct provider_kind upstream_kind = { kind_count, kind_is_enabled, kind_is, kind_make,
	kind_rules };

/*
 * The hub: what lives.  It owns the present gateway (what the configuration says), the catalogue
 * made from what its providers offer, and the ledger; it gives the fronts their gate.
 *
 * A reload makes a new gateway that shares the providers which did not change; the old gateway goes
 * with the last exchange that began under it, and with it the providers nobody else holds.
 */
#include <string.h>

#include "gateway/hub.h"

#define LEDGER_RECORDS 4096
#define TASKS_SPARE    64
#define URIS_MAX       4096 /* seen in results */
#define ASKED_MAX      1024 /* elicitations by URL */

/* ---- counted things -------------------------------------------------------------------------- */

struct settings *
settings_ref(struct settings *settings)
{
	settings->refs++;
	return settings;
}

void
settings_unref(struct settings **at)
{
	struct settings *settings = *at;

	*at = NULL;
	if (settings == NULL || --settings->refs > 0)
		return;
	config_free(&settings->config);
	mem_free(settings);
}

struct provider *
provider_ref(struct provider *provider)
{
	provider->refs++;
	return provider;
}

void
provider_unref(struct provider **at)
{
	struct provider *provider = *at;

	*at = NULL;
	if (provider != NULL && --provider->refs == 0)
		provider->ops->close(provider);
}

struct gateway *
gateway_ref(struct gateway *gateway)
{
	gateway->refs++;
	return gateway;
}

void
gateway_unref(struct gateway **at)
{
	struct gateway *gateway = *at;

	*at = NULL;
	if (gateway == NULL || --gateway->refs > 0)
		return;
	for (size_t i = 0; i < gateway->providers_n; i++)
		provider_unref(&gateway->providers[i]);
	mem_free(gateway->providers);
	mem_free(gateway->rules);
	guard_free(&gateway->guard);
	settings_unref(&gateway->settings);
	mem_free(gateway);
}

/* ---- gateways -------------------------------------------------------------------------------- */

/* The provider of the gateway before that has these settings, or a new one. */
static struct provider *
provider_for(struct hub *hub, struct settings *settings, const struct provider_kind *kind, size_t i)
{
	struct gateway *before = hub->now;

	for (size_t k = 0; before != NULL && k < before->providers_n; k++) {
		if (kind->is(before->providers[k], settings->config, i))
			return provider_ref(before->providers[k]);
	}
	return kind->make(hub, settings, i);
}

static void
providers_add(struct hub *hub, struct gateway *gateway, const struct provider_kind *kind)
{
	const struct config *config = gateway->settings->config;
	size_t count = kind->count(config), all = gateway->providers_n + count + 1;
	struct provider *provider;

	gateway->providers = mem_resize(gateway->providers,
	    gateway->providers_n * sizeof(*gateway->providers), all * sizeof(*gateway->providers));
	gateway->rules = mem_resize(gateway->rules, gateway->providers_n * sizeof(*gateway->rules),
	    all * sizeof(*gateway->rules));
	for (size_t i = 0; i < count; i++) {
		if (!kind->is_enabled(config, i))
			continue;
		provider = provider_for(hub, gateway->settings, kind, i);
		provider->place = (unsigned)gateway->providers_n;
		gateway->rules[gateway->providers_n] = kind->rules(config, i);
		gateway->providers[gateway->providers_n++] = provider;
	}
}

/* An exchange and a question each; a supervisor and its work; and new ones can always be started.
 */
static void
tasks_allow(struct loop *loop, const struct config *config)
{
	loop_set_tasks_max(loop,
	    loop_tasks(loop) + 2 * (unsigned)(config->limit_in_flight + config->upstreams_n) +
		TASKS_SPARE);
}

static struct gateway *
gateway_new(struct hub *hub, struct config **config, struct guard *guard)
{
	struct gateway *gateway = MEM_NEW(struct gateway);
	struct settings *settings = MEM_NEW(struct settings);
	const struct config *c = *config;

	settings->refs = 1;
	settings->config = *config;
	*config = NULL;
	gateway->guard = guard;
	gateway->refs = 1;
	gateway->hub = hub;
	gateway->settings = settings;
	gateway->names =
	    (struct names){ .separator = c->separator, .prefix = c->prefix, .max = c->name_max };
	tasks_allow(hub->loop, c);
	providers_add(hub, gateway, &upstream_kind);
	gateway->names.many = gateway->providers_n > 1;
	for (size_t i = 0; hub->natives != NULL && hub->natives[i] != NULL; i++)
		providers_add(hub, gateway, hub->natives[i]);
	loop_memory(hub->loop)->limit_bytes = c->limit_memory_bytes;
	return gateway;
}

/* ---- the catalogue --------------------------------------------------------------------------- */

struct catalogue *
hub_make_view(struct hub *hub, struct client *client, const struct catalogue *before)
{
	struct gateway *gateway = hub->now;
	struct catalogue_source *sources = mem_new((gateway->providers_n + 1) * sizeof(*sources));
	struct catalogue *catalogue;

	for (size_t i = 0; i < gateway->providers_n; i++) {
		struct provider *provider = gateway->providers[i];

		sources[i] = (struct catalogue_source){ .provider = provider,
			.offer = provider->ops->offer(provider, client),
			.rules = gateway->rules[i],
			.guard = provider->has_own_prefix ? NULL : gateway->guard };
		provider->ops->health(provider, client, &sources[i].health);
	}
	catalogue = catalogue_new(sources, gateway->providers_n, &gateway->names, before,
	    loop_log(hub->loop), loop_memory(hub->loop), loop_seed(hub->loop));
	likenesses_look(gateway, client, sources, gateway->providers_n);
	mem_free(sources);
	return catalogue;
}

/* It saw all that there was, and sees all that there is: then it does so from now on. */
static bool
saw_whole(struct client *client, const struct catalogue *before, struct catalogue *now)
{
	if (guard_hides(client->hub->now->guard) ||
	    (client->shown != NULL && client->shown != before))
		return false;
	if (client->shown != NULL)
		client_shown(client, now);
	return true;
}

/* Tells the clients that share the hub's view what has changed in it. */
static void
tell_changed(struct hub *hub, const struct catalogue *before)
{
	unsigned changed = catalogue_changed(before, hub->catalogue);

	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next) {
		if (!c->has_own)
			client_tell_changed(c,
			    saw_whole(c, before, hub->catalogue)
				? changed
				: client_sees_changed(c, before, hub->catalogue));
	}
	views_clean(hub->views, hub->catalogue);
}

static void
catalogue_make(struct hub *hub)
{
	struct catalogue *before = hub->catalogue;

	hub->is_stale = false;
	hub->catalogue = hub_make_view(hub, NULL, before);
	if (before != NULL)
		tell_changed(hub, before);
	catalogue_unref(&before);
}

static void
rebuild(struct deferred *deferred)
{
	struct hub *hub = CONTAINER(deferred, struct hub, rebuild);

	if (hub->is_stale)
		catalogue_make(hub);
}

struct guard *
hub_guard(struct hub *hub)
{
	return hub->now->guard;
}

struct catalogue *
hub_catalogue(struct hub *hub)
{
	if (hub->is_stale)
		catalogue_make(hub);
	return hub->catalogue;
}

void
hub_wake(struct hub *hub)
{
	for (struct waiter *w = hub->waiters; w != NULL; w = w->next)
		task_wake(w->task);
}

void
provider_changed(struct provider *provider)
{
	struct hub *hub = provider->hub;

	hub_wake(hub);
	if (hub->now == NULL)
		return;
	hub->is_stale = true;
	loop_defer(hub->loop, &hub->rebuild, rebuild);
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next)
		client_changed(c);
}

void
hub_forget(struct hub *hub, const struct provider *provider)
{
	index_forget(hub->uris, provider);
	held_forget(hub, provider);
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next)
		client_forget(c, provider);
}

bool
hub_change_wait(struct hub *hub, uint64_t at_ms, struct err *err)
{
	struct waiter waiter = { .next = hub->waiters, .task = task_self(hub->loop) };
	struct waiter **at = &hub->waiters;
	bool timed_out, ok;

	hub->waiters = &waiter;
	ok = task_park_until_wait(hub->loop, at_ms, &timed_out, err);
	while (*at != &waiter)
		at = &(*at)->next;
	*at = waiter.next;
	return ok;
}

/* `is`: is_settled or is_greeted of every provider. */
static bool
all_are(const struct hub *hub, const struct client *client, bool settled)
{
	for (size_t i = 0; i < hub->now->providers_n; i++) {
		const struct provider *p = hub->now->providers[i];

		if (!(settled ? p->ops->is_settled : p->ops->is_greeted)(p, client))
			return false;
	}
	return true;
}

void
hub_want_all(struct hub *hub, struct client *client, bool even_lazy)
{
	for (size_t i = 0; i < hub->now->providers_n; i++)
		hub->now->providers[i]->ops->want(hub->now->providers[i], client, even_lazy);
}

bool
hub_starting_wait(
    struct hub *hub, struct client *client, uint64_t from_ms, bool *is_over, struct err *err)
{
	uint64_t until = from_ms + hub->now->settings->config->start_wait_ms;

	hub_want_all(hub, client, true);
	*is_over = all_are(hub, client, true) || loop_now_ms(hub->loop) >= until;
	return *is_over || hub_change_wait(hub, until, err);
}

bool
hub_ready_wait(struct hub *hub, struct client *client, uint64_t from_ms, struct err *err)
{
	bool is_over = false;

	while (!is_over) {
		if (!hub_starting_wait(hub, client, from_ms, &is_over, err))
			return false;
	}
	return true;
}

bool
hub_fresh_wait(struct hub *hub, struct client *client, struct err *err)
{
	uint64_t until = loop_now_ms(hub->loop) + hub->now->settings->config->start_wait_ms;
	bool ok = true;

	/* A reload meanwhile may change who there is. */
	for (size_t i = 0; ok && i < hub->now->providers_n; i++) {
		struct provider *provider = provider_ref(hub->now->providers[i]);

		if (provider->ops->fresh_wait != NULL)
			ok = provider->ops->fresh_wait(provider, client, until, err);
		provider_unref(&provider);
	}
	return ok;
}

bool
hub_is_ready(const struct hub *hub)
{
	uint64_t until = hub->started_ms + hub->now->settings->config->start_wait_ms;

	return !hub->is_draining && (all_are(hub, NULL, true) || loop_now_ms(hub->loop) >= until);
}

uint64_t
hub_started_ms(const struct hub *hub)
{
	return hub->started_ms;
}

bool
hub_greeted_wait(struct hub *hub, struct client *client, uint64_t from_ms, struct err *err)
{
	uint64_t until = from_ms + hub->now->settings->config->start_wait_ms;

	hub_want_all(hub, client, false);
	while (!all_are(hub, client, false) && loop_now_ms(hub->loop) < until) {
		if (!hub_change_wait(hub, until, err))
			return false;
	}
	return true;
}

/* ---- the gate -------------------------------------------------------------------------------- */

struct hub *
hub_new(struct loop *loop, struct config **config, const struct provider_kind *const *natives,
    struct err *err)
{
	struct guard *guard;
	struct hub *hub;

	if (!guard_new(loop, *config, NULL, &guard, err))
		return NULL;
	hub = MEM_NEW(struct hub);
	hub->loop = loop;
	hub->natives = natives;
	hub->gate = (struct mcp_gate){ .owner = hub,
		.begin = pipeline_begin,
		.cancel = pipeline_cancel,
		.ended = client_ended,
		.notice = client_notice,
		.may_tell = pipeline_may_tell,
		.pass_wait = pipeline_pass_wait,
		.refused = trail_refused };
	hub->clients.next = hub->clients.prev = &hub->clients;
	hub->shelf = shelf_new(hub);
	hub->uris = index_new(hub, URIS_MAX);
	hub->asked = index_new(hub, ASKED_MAX);
	hub->ledger = ledger_new(LEDGER_RECORDS);
	hub->seal = seal_new(loop, (*config)->seal_key);
	measure_begin(hub);
	hub->started_ms = loop_now_ms(loop);
	hub->now = gateway_new(hub, config, guard);
	hub->guests = guests_new(hub);
	hub->held = held_all_new(hub);
	hub->approvals = approvals_new(hub);
	hub->views = views_new();
	catalogue_make(hub);
	return hub;
}

void
hub_free_wait(struct hub **at)
{
	struct hub *hub = *at;

	*at = NULL;
	if (hub == NULL)
		return;
	hub->is_draining = true;
	hub->on_idle = NULL;
	group_cancel(&hub->exchanges, ERR_CANCELLED);
	group_drain(hub->loop, &hub->exchanges);
	while (hub->clients.next != &hub->clients)
		client_end(hub->clients.next);
	budgets_free_wait(&hub->budgets);
	guests_free(&hub->guests);
	views_free(&hub->views);
	catalogue_unref(&hub->catalogue);
	hub->is_stale = false;
	gateway_unref(&hub->now);
	group_drain(hub->loop, &hub->supervisors);
	deferred_stop(hub->loop, &hub->rebuild);
	deferred_stop(hub->loop, &hub->idle);
	held_all_free(&hub->held);
	approvals_free(&hub->approvals);
	ledger_free(&hub->ledger);
	bodies_free(&hub->bodies);
	shelf_free(&hub->shelf);
	index_free(&hub->uris);
	index_free(&hub->asked);
	seal_free(&hub->seal);
	mem_free(hub);
}

bool
hub_reload(struct hub *hub, struct config **config, struct err *err)
{
	struct gateway *before = hub->now;
	struct guard *guard;

	if (!guard_new(hub->loop, *config, before->guard, &guard, err))
		return false;
	audit_reload(hub->audit, *config);
	hub->now = gateway_new(hub, config, guard);
	gateway_unref(&before);
	for (size_t i = 0; i < hub->now->providers_n; i++) {
		struct provider *provider = hub->now->providers[i];

		if (provider->ops->guard_changed != NULL)
			provider->ops->guard_changed(provider);
	}
	catalogue_make(hub);
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next) {
		hub_want_all(hub, c, false);
		client_changed(c);
	}
	return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
tell_idle(struct deferred *deferred)
{
	struct hub *hub = CONTAINER(deferred, struct hub, idle);

	if (hub->on_idle != NULL)
		hub->on_idle(hub->idle_owner);
}

void
hub_exchange_ended(struct hub *hub)
{
	hub->in_flight--;
	if (hub->is_draining && hub->in_flight == 0)
		loop_defer(hub->loop, &hub->idle, tell_idle);
}

void
hub_drain(struct hub *hub, void (*on_idle)(void *owner), void *owner)
{
	hub->is_draining = true;
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next)
		listens_end(c, false);
	hub->on_idle = on_idle;
	hub->idle_owner = owner;
	if (hub->in_flight == 0)
		loop_defer(hub->loop, &hub->idle, tell_idle);
}

/* ---- looking at it --------------------------------------------------------------------------- */

const struct mcp_gate *
hub_gate(struct hub *hub)
{
	return &hub->gate;
}

const struct config *
hub_config(const struct hub *hub)
{
	return hub->now->settings->config;
}

struct loop *
hub_loop(struct hub *hub)
{
	return hub->loop;
}

struct ledger *
hub_ledger(struct hub *hub)
{
	return hub->ledger;
}

void
hub_set_tracer(struct hub *hub, const struct tracer *tracer)
{
	hub->tracer = tracer;
}

void
hub_set_audit(struct hub *hub, struct audit *audit)
{
	hub->audit = audit;
}

void
hub_set_agents(struct hub *hub, struct agents *agents)
{
	hub->agents = agents;
}

struct agents *
hub_agents(const struct hub *hub)
{
	return hub->agents;
}

struct audit *
hub_audit(const struct hub *hub)
{
	return hub->audit;
}

bool
hub_spawn(struct hub *hub, const char *name, void (*fn)(void *arg), void *arg, struct err *err)
{
	return group_spawn(hub->loop, &hub->supervisors, name, fn, arg, err);
}

unsigned
hub_in_flight(const struct hub *hub)
{
	return hub->in_flight;
}

struct provider *const *
hub_providers(const struct hub *hub, size_t *n)
{
	*n = hub->now->providers_n;
	return hub->now->providers;
}

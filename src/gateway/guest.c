/*
 * Clients without sessions.  Each of their requests says all of itself; what belongs together is
 * told by who sends, by which transport, and what it can be asked (so that a client of one set of
 * capabilities never gets a question of another).  A guest is made with its first request, kept
 * while one of its requests is in progress and for limits.session_idle after, and counted within
 * limits.sessions, where the one that was idle longest gives way.
 */
#include <string.h>

#include "gateway/hub.h"

#define BUCKETS		 1024
#define REAP_EVERY_MS	 30000
#define CAPABILITIES_MAX (64 * KIB)

struct guest {
	struct guest *next, *prev; /* least recently used first */
	struct guest *chain;	   /* in its bucket */
	struct guests *guests;
	struct client *client;
	struct caller caller; /* its own memory */
	uint64_t hash, used_ms;
};

struct guests {
	struct hub *hub;
	struct guest all; /* list head */
	struct guest *buckets[BUCKETS];
	uint64_t evicted;
	struct timer reaper;
};

/* Requests hold their client; so does the hub's list. */
static bool
is_idle(const struct guest *guest)
{
	return guest->client->refs == 1;
}

static void
reap(struct timer *timer)
{
	struct guests *guests = CONTAINER(timer, struct guests, reaper);
	struct loop *loop = guests->hub->loop;
	uint64_t now = loop_now_ms(loop),
		 idle_ms = guests->hub->now->settings->config->limit_session_idle_ms;
	struct guest *next;

	for (struct guest *g = guests->all.next; g != &guests->all; g = next) {
		next = g->next;
		if (g->used_ms + idle_ms > now)
			break; /* the list is in the order of use */
		if (is_idle(g))
			client_end(g->client);
	}
	timer_start(loop, timer, now + REAP_EVERY_MS, reap);
}

struct guests *
guests_new(struct hub *hub)
{
	struct guests *guests = MEM_NEW(struct guests);

	guests->hub = hub;
	guests->all.next = guests->all.prev = &guests->all;
	timer_start(hub->loop, &guests->reaper, loop_now_ms(hub->loop) + REAP_EVERY_MS, reap);
	return guests;
}

void
guests_free(struct guests **at)
{
	struct guests *guests = *at;

	*at = NULL;
	must(guests->all.next == &guests->all);
	timer_stop(guests->hub->loop, &guests->reaper);
	mem_free(guests);
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint64_t
hash_of(const struct hub *hub, const struct exchange *exchange)
{
	uint64_t hash = loop_seed(hub->loop) ^ exchange->is_stdio;

	hash = hash_bytes(exchange->caller.principal, hash);
	hash = hash_bytes(exchange->caller.tenant, hash);
	return hash_bytes(exchange->capabilities, hash);
}

static bool
is_of(const struct guest *guest, const struct exchange *exchange)
{
	return guest->client->is_stdio == exchange->is_stdio &&
	    auth_same(&guest->caller, &exchange->caller) &&
	    slice_eq(guest->client->capabilities, exchange->capabilities);
}

static void
link_last(struct guest *guest)
{
	struct guest *head = &guest->guests->all;

	guest->used_ms = loop_now_ms(guest->guests->hub->loop);
	guest->next = head;
	guest->prev = head->prev;
	guest->prev->next = guest->next->prev = guest;
}

void
guest_touch(struct client *client)
{
	struct guest *guest = client->guest;

	if (guest == NULL)
		return;
	guest->prev->next = guest->next;
	guest->next->prev = guest->prev;
	link_last(guest);
}

void
guest_forget(struct client *client)
{
	struct guest *guest = client->guest, **at;

	if (guest == NULL)
		return;
	client->guest = NULL;
	for (at = &guest->guests->buckets[guest->hash % BUCKETS]; *at != guest; at = &(*at)->chain)
		continue;
	*at = guest->chain;
	guest->prev->next = guest->next;
	guest->next->prev = guest->prev;
	auth_caller_free(&guest->caller);
	mem_free(guest);
}

/* ---- a new one ------------------------------------------------------------------------------- */

/* Is there room for one more?  The guest that was idle longest makes it. */
static bool
make_room(struct guests *guests, struct err *err)
{
	struct hub *hub = guests->hub;
	uint64_t max = hub->now->settings->config->limit_sessions;
	struct guest *g = guests->all.next;

	if (hub->clients_n < max)
		return true;
	while (g != &guests->all && !is_idle(g))
		g = g->next;
	if (g == &guests->all)
		return err_set(err, ERR_LIMIT,
		    "limits.sessions (%llu) clients are in use: try again later",
		    (unsigned long long)max);
	/* The 1st, 2nd, 4th, 8th ...: new clients must not fill the log. */
	guests->evicted++;
	if ((guests->evicted & (guests->evicted - 1)) == 0)
		log_event(loop_log(hub->loop), LOG_WARN, "session_evicted",
		    "limits.sessions (%llu) reached: the longest idle client was ended (%llu so "
		    "far)",
		    (unsigned long long)max, (unsigned long long)guests->evicted);
	client_end(g->client);
	return true;
}

/* Copies what it says of itself; one whose clientInfo is too large has none. */
static bool
describe(struct client *client, const struct exchange *exchange, struct err *err)
{
	struct slice info = exchange->client_info;

	if (exchange->capabilities.n > CAPABILITIES_MAX)
		return err_set(
		    err, ERR_LIMIT, "clientCapabilities are over %zu KiB", CAPABILITIES_MAX / KIB);
	if (!arena_reserve(&client->arena, exchange->capabilities.n, err))
		return false;
	if (exchange->capabilities.n > 0)
		client->capabilities = slice_dup(&client->arena, exchange->capabilities);
	if (info.p != NULL && info.n <= CAPABILITIES_MAX &&
	    arena_reserve(&client->arena, info.n, &(struct err){ 0 }))
		client->info = slice_dup(&client->arena, info);
	return true;
}

static struct client *
guest_new(struct guests *guests, const struct exchange *exchange, uint64_t hash, struct err *err)
{
	struct hub *hub = guests->hub;
	struct client *client;
	struct guest *guest;

	if (!make_room(guests, err))
		return NULL;
	client = client_add(hub);
	if (!describe(client, exchange, err)) {
		client_end(client);
		return NULL;
	}
	guest = MEM_NEW(struct guest);
	guest->guests = guests;
	guest->client = client;
	guest->caller = auth_caller_copy(&exchange->caller);
	guest->hash = hash;
	guest->chain = guests->buckets[hash % BUCKETS];
	guests->buckets[hash % BUCKETS] = guest;
	link_last(guest);
	client->guest = guest;
	client->revision = MCP_NEWEST_LEGACY;
	client->is_stdio = exchange->is_stdio;
	client->is_ready = true;
	/* Upstream sessions of its own begin now. */
	hub_want_all(hub, client, false);
	return client;
}

struct client *
guest_find(struct guests *guests, const struct exchange *exchange, struct err *err)
{
	uint64_t hash = hash_of(guests->hub, exchange);
	struct guest *guest = guests->buckets[hash % BUCKETS];

	while (guest != NULL && (guest->hash != hash || !is_of(guest, exchange)))
		guest = guest->chain;
	if (guest == NULL)
		return guest_new(guests, exchange, hash, err);
	guest_touch(guest->client);
	return guest->client;
}

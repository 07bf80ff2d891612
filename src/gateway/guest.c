/*
 * Clients without sessions.  Each of their requests says all of itself; what belongs together is
 * told by who sends, by which transport, and what it can be asked (so that a client of one set of
 * capabilities never gets a question of another).  A guest is made with its first request, kept
 * while one of its requests is in progress and for limits.session_idle after, and counted within
 * limits.sessions, where the one that was idle longest gives way.
 *
 * Capabilities are the same if they mean the same.  Clients write them the same way each time: it
 * is looked up as it is written, and only a spelling that is new to the guest is looked into.
 */
#include <string.h>

#include "gateway/hub.h"

#define BUCKETS		 1024
#define REAP_EVERY_MS	 30000
#define CAPABILITIES_MAX (64 * KIB)
#define SPELLINGS_MAX	 4 /* of one guest; the oldest gives way */

/* Capabilities as its requests had them. */
struct spelling {
	struct spelling *chain; /* in its bucket */
	struct guest *guest;	/* NULL: not in use */
	struct slice text;	/* its own memory */
	uint64_t hash;
};

struct guest {
	struct guest *next, *prev; /* least recently used first */
	struct guest *chain;	   /* in its bucket */
	struct guests *guests;
	struct client *client;
	struct caller caller; /* its own memory */
	struct slice meaning; /* canonical capabilities; its own memory */
	uint64_t hash, used_ms;
	struct spelling spellings[SPELLINGS_MAX];
	unsigned spellings_n; /* ever noted */
};

struct guests {
	struct hub *hub;
	struct guest all;		   /* list head */
	struct guest *buckets[BUCKETS];	   /* by meaning */
	struct spelling *spelled[BUCKETS]; /* by what was written */
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
hash_of(const struct hub *hub, const struct exchange *exchange, struct slice capabilities)
{
	uint64_t hash = loop_seed(hub->loop) ^ exchange->is_stdio;

	hash = hash_bytes(exchange->caller.principal, hash);
	hash = hash_bytes(exchange->caller.tenant, hash);
	return hash_bytes(capabilities, hash);
}

static bool
is_of(const struct guest *guest, const struct exchange *exchange)
{
	return guest->client->is_stdio == exchange->is_stdio &&
	    auth_same(&guest->caller, &exchange->caller);
}

static struct guest *
find_spelled(const struct guests *guests, const struct exchange *exchange, uint64_t hash)
{
	const struct spelling *s = guests->spelled[hash % BUCKETS];

	while (s != NULL &&
	    (s->hash != hash || !is_of(s->guest, exchange) ||
		!slice_eq(s->text, exchange->capabilities)))
		s = s->chain;
	return s != NULL ? s->guest : NULL;
}

static struct guest *
find_meant(const struct guests *guests, const struct exchange *exchange, struct slice meaning,
    uint64_t hash)
{
	struct guest *guest = guests->buckets[hash % BUCKETS];

	while (guest != NULL &&
	    (guest->hash != hash || !is_of(guest, exchange) || !slice_eq(guest->meaning, meaning)))
		guest = guest->chain;
	return guest;
}

static void
spelling_drop(struct spelling *spelling)
{
	struct spelling **at;

	if (spelling->guest == NULL)
		return;
	for (at = &spelling->guest->guests->spelled[spelling->hash % BUCKETS]; *at != spelling;
	     at = &(*at)->chain)
		continue;
	*at = spelling->chain;
	mem_free((void *)spelling->text.p);
	*spelling = (struct spelling){ .guest = NULL };
}

static void
spelling_note(struct guest *guest, struct slice text, uint64_t hash)
{
	struct spelling *spelling = &guest->spellings[guest->spellings_n++ % SPELLINGS_MAX];
	struct spelling **at = &guest->guests->spelled[hash % BUCKETS];

	spelling_drop(spelling);
	*spelling = (struct spelling){ *at, guest, slice_keep(text), hash };
	*at = spelling;
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

const struct caller *
guest_caller(const struct client *client)
{
	return client->guest != NULL ? &client->guest->caller : NULL;
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
	for (unsigned i = 0; i < SPELLINGS_MAX; i++)
		spelling_drop(&guest->spellings[i]);
	guest->prev->next = guest->next;
	guest->next->prev = guest->prev;
	auth_caller_free(&guest->caller);
	mem_free((void *)guest->meaning.p);
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
	guests->evicted++;
	if (log_is_due(guests->evicted))
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

	return client_describe(
	    client, exchange->capabilities, info.n <= CAPABILITIES_MAX ? info : SLICE_NONE, err);
}

static struct guest *
guest_new(struct guests *guests, const struct exchange *exchange, struct slice meaning,
    uint64_t hash, struct err *err)
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
	guest->meaning = slice_keep(meaning);
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
	return guest;
}

/* By what its capabilities mean; those that are too deep to tell mean what is written. */
static struct guest *
meet(struct guests *guests, const struct exchange *exchange, struct err *err)
{
	struct memory *memory = loop_memory(guests->hub->loop);
	struct slice meaning = exchange->capabilities;
	struct guest *guest;
	struct arena arena;
	struct buf text;
	uint64_t hash;

	arena_init(&arena, memory, 64 * CAPABILITIES_MAX);
	buf_init(&text, memory, 8 * CAPABILITIES_MAX);
	if (meaning.n > 0 && json_canonical(&arena, meaning, NULL, &text) &&
	    buf_check(&text, &(struct err){ 0 }))
		meaning = buf_view(&text);
	hash = hash_of(guests->hub, exchange, meaning);
	guest = find_meant(guests, exchange, meaning, hash);
	if (guest == NULL)
		guest = guest_new(guests, exchange, meaning, hash, err);
	buf_fini(&text);
	arena_fini(&arena);
	return guest;
}

struct client *
guest_find(struct guests *guests, const struct exchange *exchange, struct err *err)
{
	struct slice capabilities = exchange->capabilities;
	uint64_t hash = hash_of(guests->hub, exchange, capabilities);
	struct guest *guest = find_spelled(guests, exchange, hash);

	if (guest == NULL && capabilities.n > CAPABILITIES_MAX) {
		err_set(
		    err, ERR_LIMIT, "clientCapabilities are over %zu KiB", CAPABILITIES_MAX / KIB);
		return NULL;
	}
	if (guest == NULL) {
		guest = meet(guests, exchange, err);
		if (guest == NULL)
			return NULL;
		spelling_note(guest, capabilities, hash);
	}
	guest_touch(guest->client);
	return guest->client;
}

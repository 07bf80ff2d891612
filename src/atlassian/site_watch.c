/*
 * Subscriptions.  Neither Jira nor Confluence tells a client that something has changed: a watch
 * asks for the state of one resource, by itself, and compares.  It asks less and less often while
 * nothing happens, and at once again when something did.
 *
 * A watch is of one URI and one access: clients that come with the same credential share it, others
 * never do.  What its credential may not see any more is told as a change, and no longer asked for.
 */
#include <string.h>

#include "atlassian/site_text.h"

#define WATCHES_MAX   1000 /* of a site */
#define OF_ACCESS_MAX 100
#define SLOWEST_TIMES 20 /* the longest pause: so often the shortest */

struct hearer {
	struct hearer *next;
	struct client *client;
	unsigned times; /* that it subscribed */
};

struct watch {
	struct watch *next;
	struct site *site;
	struct access *access;
	struct hearer *hearers;
	const struct resource *resource;
	struct arena arena; /* uri, arguments, row */
	struct slice uri, arguments;
	struct tool row; /* the resource's, which writes its state */
	unsigned char state[SHA256_BYTES];
	uint64_t pause_ms;
	struct timer timer;
	struct group group; /* of the one request */
	bool is_asking, is_over;
};

/* ---- life ------------------------------------------------------------------------------------ */

static struct hub *
hub_of(const struct watch *watch)
{
	return watch->site->provider.hub;
}

/* Out of the site's list; what asks for it frees it. */
static void
watch_drop(struct watch *watch)
{
	struct watch **at = &watch->site->watches;

	while (*at != watch)
		at = &(*at)->next;
	*at = watch->next;
	watch->site->watches_n--;
	watch->is_over = true;
	timer_stop(hub_loop(hub_of(watch)), &watch->timer);
	while (watch->hearers != NULL) {
		struct hearer *gone = watch->hearers;

		watch->hearers = gone->next;
		client_unref(&gone->client);
		mem_free(gone);
	}
	group_cancel(&watch->group, ERR_CANCELLED);
}

static void
watch_free(struct watch *watch)
{
	access_leave(&watch->access);
	arena_fini(&watch->arena);
	mem_free(watch);
}

static void
watch_end_now(struct watch *watch)
{
	watch_drop(watch);
	if (!watch->is_asking)
		watch_free(watch);
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asked {
	struct watch *watch;
	unsigned char state[SHA256_BYTES];
	struct err err;
	bool ok;
};

static void
ask(void *arg)
{
	struct asked *asked = arg;
	struct watch *watch = asked->watch;
	struct slice text;
	struct arena arena;

	arena_init(&arena, NULL, 64 * KIB);
	asked->ok = work_ask_wait(
	    watch->site, watch->access, &watch->row, watch->arguments, &arena, &text, &asked->err);
	if (asked->ok)
		sha256_bytes(text, asked->state);
	arena_fini(&arena);
}

static void
tell(struct watch *watch)
{
	for (struct hearer *l = watch->hearers; l != NULL; l = l->next)
		client_tell_updated(l->client, &watch->site->provider, watch->uri);
}

/* It is gone, or not for this credential any more. */
static bool
is_final(enum errkind kind)
{
	return kind == ERR_RESOURCE || kind == ERR_REFUSED || kind == ERR_STRANGER;
}

static void due(struct timer *timer);

static void
sleep_on(struct watch *watch)
{
	struct loop *loop = hub_loop(hub_of(watch));

	timer_start(loop, &watch->timer, loop_now_ms(loop) + watch->pause_ms, due);
}

static void
compare(struct watch *watch, const struct asked *asked)
{
	uint64_t first_ms = watch->site->all->watch_ms;

	if (!asked->ok && is_final(asked->err.kind)) {
		tell(watch);
		watch_drop(watch);
		return;
	}
	if (asked->ok && memcmp(watch->state, asked->state, sizeof(watch->state)) != 0) {
		memcpy(watch->state, asked->state, sizeof(watch->state));
		watch->pause_ms = first_ms;
		tell(watch);
	} else if (watch->pause_ms < first_ms * SLOWEST_TIMES) {
		watch->pause_ms += watch->pause_ms / 2 + 1;
	}
	sleep_on(watch);
}

/* The task of one request: the site stays as long as it runs. */
static void
look(void *arg)
{
	struct watch *watch = arg;
	struct provider *site = provider_ref(&watch->site->provider);
	struct loop *loop = hub_loop(hub_of(watch));
	struct asked asked = { .watch = watch };

	if (!group_spawn(loop, &watch->group, "watch", ask, &asked, &asked.err))
		asked.ok = false;
	group_drain(loop, &watch->group);
	watch->is_asking = false;
	if (!watch->is_over)
		compare(watch, &asked);
	if (watch->is_over)
		watch_free(watch);
	provider_unref(&site);
}

static void
due(struct timer *timer)
{
	struct watch *watch = CONTAINER(timer, struct watch, timer);
	struct err err;

	watch->is_asking = true;
	if (hub_spawn(hub_of(watch), "watch", look, watch, &err))
		return;
	watch->is_asking = false;
	sleep_on(watch);
}

/* ---- beginning and ending -------------------------------------------------------------------- */

static bool
listen_to(struct watch *watch, struct client *client)
{
	struct hearer *l = watch->hearers;

	while (l != NULL && l->client != client)
		l = l->next;
	if (l == NULL) {
		l = MEM_NEW(struct hearer);
		l->client = client_ref(client);
		l->next = watch->hearers;
		watch->hearers = l;
	}
	l->times++;
	return true;
}

static struct watch *
watch_find(const struct site *site, const struct access *access, struct slice uri)
{
	struct watch *watch = site->watches;

	while (watch != NULL && !(watch->access == access && slice_eq(watch->uri, uri)))
		watch = watch->next;
	return watch;
}

static bool
has_room(const struct site *site, const struct access *access, struct err *err)
{
	unsigned n = 0;

	for (const struct watch *w = site->watches; w != NULL; w = w->next)
		n += w->access == access;
	if (n >= OF_ACCESS_MAX)
		return err_set(err, ERR_LIMIT, "%d resources of %.*s are subscribed to already",
		    OF_ACCESS_MAX, SLICE_FMT(site->provider.name));
	return site->watches_n < WATCHES_MAX ||
	    err_set(err, ERR_LIMIT, "%.*s has %d subscriptions: try again later",
		SLICE_FMT(site->provider.name), WATCHES_MAX);
}

/* Takes the access. */
static struct watch *
watch_new(struct site *site, struct access *access, struct slice uri, struct err *err)
{
	struct watch *watch = MEM_NEW(struct watch);
	struct slice arguments;

	arena_init(&watch->arena, NULL, 64 * KIB);
	watch->site = site;
	watch->access = access;
	watch->pause_ms = site->all->watch_ms;
	if (!resource_find(site, uri, &watch->arena, &watch->resource, &arguments, err) ||
	    !arena_reserve(&watch->arena, uri.n, err)) {
		watch_free(watch);
		return NULL;
	}
	watch->arguments = arguments;
	watch->uri = slice_dup(&watch->arena, uri);
	watch->row = watch->resource->row;
	watch->row.run = watch->resource->state;
	return watch;
}

/* What is there now, before anything can have changed.  Nobody else knows the watch yet. */
static bool
first_look_wait(struct watch *watch, struct err *err)
{
	struct asked asked = { .watch = watch };

	if (watch->resource->state == NULL)
		return err_set(err, ERR_REQUEST, "%.*s: only issues and pages can be subscribed to",
		    SLICE_FMT(watch->site->provider.name));
	ask(&asked);
	memcpy(watch->state, asked.state, sizeof(watch->state));
	*err = asked.err;
	return asked.ok;
}

bool
watch_begin_wait(struct site *site, struct exchange *exchange, struct slice uri, struct err *err)
{
	struct client *client = client_of(exchange);
	struct access *access;
	struct watch *watch, *other;

	if (client == NULL || site->all->watch_ms == 0)
		return err_set(err, ERR_REQUEST, "%.*s has no subscriptions%s",
		    SLICE_FMT(site->provider.name),
		    client == NULL ? " for clients that stand alone" : " (atlassian.watch)");
	if (!access_find_wait(site, exchange, &access, err))
		return false;
	watch = watch_find(site, access, uri);
	if (watch != NULL) {
		access_leave(&access);
		return listen_to(watch, client);
	}
	if (!has_room(site, access, err)) {
		access_leave(&access);
		return false;
	}
	watch = watch_new(site, access, uri, err);
	if (watch == NULL)
		return false;
	client = client_ref(client);
	/* Another may have begun the same, or the client has gone, while it was asked. */
	if (!first_look_wait(watch, err) || !has_room(site, access, err)) {
		watch_free(watch);
		watch = NULL;
	} else if ((other = watch_find(site, access, uri)) != NULL) {
		watch_free(watch);
		watch = other;
	} else {
		watch->next = site->watches;
		site->watches = watch;
		site->watches_n++;
		sleep_on(watch);
	}
	if (watch != NULL)
		listen_to(watch, client);
	client_unref(&client);
	return watch != NULL;
}

/* One time less; true: nobody listens any more. */
static bool
listener_leave(struct watch *watch, const struct client *client)
{
	for (struct hearer **at = &watch->hearers; *at != NULL; at = &(*at)->next) {
		struct hearer *l = *at;

		if (l->client != client)
			continue;
		if (--l->times == 0) {
			*at = l->next;
			client_unref(&l->client);
			mem_free(l);
		}
		break;
	}
	return watch->hearers == NULL;
}

static bool
is_heard_by(const struct watch *watch, const struct client *client)
{
	const struct hearer *l = watch->hearers;

	while (l != NULL && l->client != client)
		l = l->next;
	return l != NULL;
}

void
watch_end(struct site *site, struct client *client, struct slice uri)
{
	struct watch *watch = site->watches;

	while (watch != NULL && !(slice_eq(watch->uri, uri) && is_heard_by(watch, client)))
		watch = watch->next;
	if (watch != NULL && listener_leave(watch, client))
		watch_end_now(watch);
}

void
watches_close(struct site *site)
{
	while (site->watches != NULL)
		watch_end_now(site->watches);
}

/*
 * Clients: who has a view.  One with upstream sessions of its own (links) sees a catalogue of its
 * own; all others share the hub's.  How requests without a session find theirs is in guest.c.
 */
#include <string.h>

#include "gateway/hub.h"

#define DECLARED_MAX_BYTES (64 * KIB) /* capabilities and clientInfo, each */
#define TASKS_MAX	   256

/* ---- begin and end --------------------------------------------------------------------------- */

struct client *
client_add(struct hub *hub)
{
	struct client *client = MEM_NEW(struct client);

	client->refs = 1;
	client->hub = hub;
	client->number = ++hub->clients_ever;
	client->level = -1;
	client->started_ms = loop_now_ms(hub->loop);
	client->next = &hub->clients;
	client->prev = hub->clients.prev;
	client->prev->next = client->next->prev = client;
	hub->clients_n++;
	return client;
}

bool
client_describe(
    struct client *client, struct slice capabilities, struct slice info, struct err *err)
{
	struct buf *declared = &client->declared;

	buf_init(declared, loop_memory(client->hub->loop), capabilities.n + info.n);
	buf_put(declared, capabilities);
	buf_put(declared, info);
	if (!buf_check(declared, err))
		return false;
	if (capabilities.n > 0)
		client->capabilities = (struct slice){ declared->p, capabilities.n };
	if (info.n > 0)
		client->info = (struct slice){ declared->p + capabilities.n, info.n };
	return true;
}

/* A raw object of the params of initialize; one that is too large is left out. */
static struct slice
declared(struct slice params, struct slice key)
{
	struct slice value;

	return json_find(params, key, &value) && json_type(value) == JSON_OBJECT &&
		value.n <= DECLARED_MAX_BYTES
	    ? value
	    : SLICE_NONE;
}

struct client *
client_begin(struct hub *hub, struct exchange *exchange, struct err *err)
{
	struct err none = { 0 };
	struct client *client;

	if (exchange->is_cancelled) {
		err_set(err, ERR_CANCELLED, "the session is over");
		return NULL;
	}
	client = client_add(hub);
	client->session = exchange->session;
	client->revision = exchange->revision;
	client->is_stdio = session_is_stdio(exchange->session);
	if (!client_describe(client, declared(exchange->request.params, S("capabilities")),
		declared(exchange->request.params, S("clientInfo")), &none))
		client->capabilities = client->info =
		    SLICE_NONE; /* no memory: it has said nothing */
	session_set_data(exchange->session, client);
	return client;
}

uint64_t
client_from_ms(const struct hub *hub, const struct client *client)
{
	return client != NULL && client->has_own ? client->started_ms : hub->started_ms;
}

struct client *
client_ref(struct client *client)
{
	client->refs++;
	return client;
}

void
client_unref(struct client **at)
{
	struct client *client = *at;

	*at = NULL;
	if (client == NULL || --client->refs > 0)
		return;
	must(client->is_over);
	/* A call that outlived the session may have looked at what is there. */
	catalogue_unref(&client->catalogue);
	buf_fini(&client->declared);
	mem_free(client);
}

/* Calls fn for the upstreams' sessions that are this client's own. */
static void
own_links(struct client *client, void (*fn)(struct link *link))
{
	const struct hub *hub = client->hub;
	struct link *next;

	for (size_t i = 0; hub->now != NULL && i < hub->now->providers_n; i++) {
		struct provider *provider = hub->now->providers[i];

		if (provider->ops->links == NULL)
			continue;
		for (struct link *l = provider->ops->links(provider); l != NULL; l = next) {
			next = link_next(l);
			if (link_is_of(l, client))
				fn(l);
		}
	}
}

void
client_ready(struct client *client)
{
	if (client->is_ready)
		return;
	client->is_ready = true;
	own_links(client, link_client_ready);
}

static void
tokens_free(struct client *client)
{
	for (size_t i = 0; i < client->tokens_n && i < CLIENT_TOKENS_MAX; i++)
		mem_free((void *)client->tokens[i].token.p);
	mem_free(client->tokens);
	client->tokens = NULL;
	client->tokens_n = 0;
}

void
client_end(struct client *client)
{
	if (client->session != NULL)
		session_set_data(client->session, NULL);
	client->session = NULL;
	client->is_over = true;
	client->prev->next = client->next;
	client->next->prev = client->prev;
	client->hub->clients_n--;
	guest_forget(client);
	own_links(client, link_stop);
	listens_end(client, true);
	held_leave(client);
	while (client->subscriptions_n > 0) {
		struct subscription *last = &client->subscriptions[client->subscriptions_n - 1];

		last->provider->ops->forget(last->provider, client, last->uri);
		client_unsubscribe(client, last->provider, last->uri);
	}
	mem_free(client->subscriptions);
	client->subscriptions = NULL;
	deferred_stop(client->hub->loop, &client->rebuild);
	catalogue_unref(&client->catalogue);
	catalogue_unref(&client->shown);
	view_free(&client->own_view);
	index_free(&client->tasks);
	tokens_free(client);
	approvals_forget(client->hub->approvals, client->number);
	index_forget(client->hub->asked, client);
	client_unref(&client);
}

void
client_ended(void *owner, struct session *session)
{
	struct client *client = session_data(session);

	if (client != NULL)
		client_end(client);
}

static void
roots_changed(struct link *link)
{
	link_notify(link, MCP_ROOTS_CHANGED, SLICE_NONE);
}

void
client_notice(void *owner, struct session *session, const struct message *message)
{
	struct client *client = session_data(session);

	if (client == NULL)
		return;
	switch (message->method) {
	case MCP_INITIALIZED:
		client_ready(client);
		break;
	case MCP_ROOTS_CHANGED:
		own_links(client, roots_changed);
		break;
	default:
		/* Notifications that mean nothing here are ignored (JSON-RPC 2.0 §4.1). */
		break;
	}
}

/* ---- what it sees ---------------------------------------------------------------------------- */

void
client_tell_changed(struct client *client, unsigned kinds)
{
	/* Resources and their templates share one notification. */
	if ((kinds & 1u << ITEM_TEMPLATE) != 0)
		kinds = (kinds & ~(1u << ITEM_TEMPLATE)) | 1u << ITEM_RESOURCE;
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		struct tell tell = { .method = item_kind_row(kind)->changed };

		if ((kinds & 1u << kind) == 0)
			continue;
		if (client->session != NULL)
			session_tell(client->session, &tell);
		listens_tell_changed(client, kind);
	}
}

void
client_shown(struct client *client, struct catalogue *catalogue)
{
	struct catalogue *before = client->shown;

	client->was_listed = true;
	client->shown = client->is_over ? NULL : catalogue_ref(catalogue);
	catalogue_unref(&before);
}

unsigned
client_sees_changed(
    struct client *client, const struct catalogue *before, const struct catalogue *now)
{
	struct catalogue *seen;
	unsigned kinds;

	if (client->shown == NULL)
		return catalogue_changed(before, now);
	seen = view_for(client->hub, NULL, client);
	kinds = catalogue_changed(client->shown, seen);
	catalogue_unref(&client->shown);
	client->shown = seen;
	return kinds;
}

static void
view_make(struct client *client)
{
	struct catalogue *before = client->catalogue;
	unsigned kinds = client->must_tell;

	deferred_stop(client->hub->loop, &client->rebuild);
	client->must_tell = 0;
	client->catalogue = hub_make_view(client->hub, client, before);
	/* Who was never shown a list has none that could have changed. */
	if (before != NULL && (client->was_listed || kinds != 0))
		client_tell_changed(
		    client, kinds | client_sees_changed(client, before, client->catalogue));
	catalogue_unref(&before);
}

void
client_must_tell(struct client *client, unsigned kinds)
{
	client->must_tell |= kinds;
}

static void
rebuild(struct deferred *deferred)
{
	view_make(CONTAINER(deferred, struct client, rebuild));
}

void
client_changed(struct client *client)
{
	if (!client->is_over && client->has_own)
		loop_defer(client->hub->loop, &client->rebuild, rebuild);
}

struct catalogue *
client_view(struct hub *hub, struct client *client)
{
	if (client == NULL || !client->has_own)
		return hub_catalogue(hub);
	if (client->catalogue == NULL || client->rebuild.is_queued)
		view_make(client);
	return client->catalogue;
}

/*
 * Who never said a level gets what the server sends; on a session that others share too, and may
 * have made talkative, what is at least information.
 */
bool
client_wants_level(const struct client *client, int level)
{
	if (level < 0)
		return true;
	if (client->level >= 0)
		return level >= client->level;
	return client->has_own || level >= LEVEL_INFO;
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static struct subscription *
subscription_find(const struct client *client, const struct provider *provider, struct slice uri)
{
	for (size_t i = 0; i < client->subscriptions_n; i++) {
		struct subscription *s = &client->subscriptions[i];

		if (s->provider == provider && slice_eq(s->uri, uri))
			return s;
	}
	return NULL;
}

bool
client_subscribe(struct client *client, struct provider *provider, struct slice uri)
{
	size_t n = client->subscriptions_n;

	if (subscription_find(client, provider, uri) != NULL)
		return true;
	if (n >= CLIENT_SUBSCRIPTIONS_MAX || client->is_over)
		return false;
	client->subscriptions = mem_resize(client->subscriptions, n * sizeof(struct subscription),
	    (n + 1) * sizeof(struct subscription));
	client->subscriptions[client->subscriptions_n++] =
	    (struct subscription){ slice_keep(uri), provider };
	return true;
}

void
client_unsubscribe(struct client *client, struct provider *provider, struct slice uri)
{
	struct subscription *s = subscription_find(client, provider, uri);

	if (s == NULL)
		return;
	mem_free((void *)s->uri.p);
	*s = client->subscriptions[--client->subscriptions_n];
}

bool
uri_is_part(struct slice uri, struct slice whole)
{
	return slice_starts(uri, whole) &&
	    (uri.n == whole.n || whole.n == 0 || whole.p[whole.n - 1] == '/' ||
		memchr("/?#", uri.p[whole.n], 3) != NULL);
}

bool
client_is_subscribed(const struct client *client, const struct provider *provider, struct slice uri)
{
	for (size_t i = 0; i < client->subscriptions_n; i++) {
		const struct subscription *s = &client->subscriptions[i];

		if (s->provider == provider && uri_is_part(uri, s->uri))
			return true;
	}
	return false;
}

bool
client_is_subscribed_to(
    const struct client *client, const struct provider *provider, struct slice uri)
{
	return subscription_find(client, provider, uri) != NULL;
}

void
client_tell_updated(struct client *client, struct provider *provider, struct slice uri)
{
	struct tell tell = { .method = MCP_RESOURCE_UPDATED, .server = provider->name };
	struct catalogue *view = client_view(client->hub, client);
	struct slice shown = uri;
	struct arena arena;
	struct buf text;
	struct err err;

	arena_init(&arena, NULL, 64 * KIB);
	buf_init(&text, NULL, 64 * KIB);
	if (view != NULL && !catalogue_client_uri(view, &arena, provider, uri, &shown, &err))
		shown = uri;
	buf_puts(&text, "{\"uri\":");
	buf_json_string(&text, shown);
	buf_putc(&text, '}');
	tell.params = buf_view(&text);
	if (client->session != NULL && client_is_subscribed(client, provider, uri))
		session_tell(client->session, &tell);
	listens_tell_updated(client, provider, uri, &tell);
	buf_fini(&text);
	arena_fini(&arena);
}

/* ---- what belongs to providers --------------------------------------------------------------- */

void
client_own_task(struct client *client, struct slice id, struct provider *provider)
{
	if (client->is_over)
		return;
	if (client->tasks == NULL)
		client->tasks = index_new(client->hub, TASKS_MAX);
	index_put(client->tasks, id, provider);
}

uint64_t
client_number(const struct client *client)
{
	return client->number;
}

void
client_keep_token(struct client *client, uint64_t connection, uint64_t number, struct slice token)
{
	struct task_token *at;

	if (client->session == NULL)
		return;
	if (client->tokens == NULL)
		client->tokens = mem_new(CLIENT_TOKENS_MAX * sizeof(*client->tokens));
	at = &client->tokens[client->tokens_n % CLIENT_TOKENS_MAX];
	if (client->tokens_n++ >= CLIENT_TOKENS_MAX)
		mem_free((void *)at->token.p);
	*at = (struct task_token){ connection, number, slice_keep(token) };
}

struct slice
client_token(const struct client *client, uint64_t connection, uint64_t number)
{
	for (size_t i = 0; i < client->tokens_n && i < CLIENT_TOKENS_MAX; i++) {
		const struct task_token *at = &client->tokens[i];

		if (at->connection == connection && at->number == number)
			return at->token;
	}
	return SLICE_NONE;
}

void
client_forget(struct client *client, const struct provider *provider)
{
	size_t i = 0;

	index_forget(client->tasks, provider);
	listens_forget(client, provider);
	while (i < client->subscriptions_n) {
		struct subscription *s = &client->subscriptions[i];

		if (s->provider == provider)
			client_unsubscribe(client, s->provider, s->uri);
		else
			i++;
	}
}

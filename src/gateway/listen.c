/*
 * subscriptions/listen: an exchange that lasts.  First it is told what of its filter is kept; from
 * then on the lists of its client's view that have changed, and the resources it named, for which
 * each upstream session is subscribed once for all.  It needs no task while it lasts, and ends with
 * an empty result: when its client leaves, when a server it listens to goes for good, when bascule
 * stops.
 */
#include <string.h>

#include "gateway/hub.h"

#define LISTENS_MAX    64	   /* of one client */
#define URIS_MAX       1000	   /* of one request */
#define TASKS_MAX      256	   /* of one request */
#define URI_TOKEN_MAX  (8 * KIB)   /* as written */
#define FILTER_BYTES   (512 * KIB) /* of all its URIs */
#define TOLD_BYTES_MAX (2 * URI_TOKEN_MAX)

/* A resource that it named. */
struct heard {
	struct provider *provider; /* that tells; NULL: nobody's, or it cannot be listened to */
	struct provider *wanted;   /* whose it is, before it tells; the gateway holds it */
	struct slice uri;	   /* as the provider knows it */
	struct slice token;	   /* as the client wrote it */
	bool is_task;		   /* it is one: uri is the provider's id, raw */
	bool has_changed;	   /* before that could be told */
};

struct listen {
	struct listen *next; /* of its client */
	struct client *client;
	struct exchange *exchange;
	struct passage *passage;
	unsigned kinds;	  /* 1u << kind: lists */
	unsigned changed; /* the same: before that could be told */
	struct heard *heard;
	size_t heard_n;
	bool is_begun, is_ending;
	struct deferred end;
};

/* ---- the end --------------------------------------------------------------------------------- */

/* Nothing is told to it any more. */
static void
drop(struct listen *listen)
{
	struct client *client = listen->client;
	struct listen **at = &client->listens;

	while (*at != listen)
		at = &(*at)->next;
	*at = listen->next;
	client->listens_n--;
	for (size_t i = 0; i < listen->heard_n; i++) {
		struct heard *h = &listen->heard[i];

		if (h->provider != NULL && h->is_task)
			h->provider->ops->forget_task(h->provider, client, h->uri);
		else if (h->provider != NULL)
			h->provider->ops->forget(h->provider, client, h->uri);
	}
	listen->heard_n = 0;
	listen->passage->listen = NULL;
}

static void
end_now(struct listen *listen)
{
	struct exchange *exchange = listen->exchange;
	struct passage *passage = listen->passage;
	struct reply reply = { .result = S("{}") };

	deferred_stop(exchange->loop, &listen->end);
	drop(listen);
	pipeline_finish(exchange, passage, &reply);
}

static void
end_deferred(struct deferred *deferred)
{
	end_now(CONTAINER(deferred, struct listen, end));
}

void
listener_end(struct listen *listen)
{
	/* While it begins its task sees to that. */
	listen->is_ending = true;
	if (listen->is_begun)
		loop_defer(listen->exchange->loop, &listen->end, end_deferred);
}

void
listens_end(struct client *client, bool at_once)
{
	struct listen *next;

	for (struct listen *l = client->listens; l != NULL; l = next) {
		next = l->next;
		if (at_once && l->is_begun)
			end_now(l);
		else
			listener_end(l);
	}
}

void
listens_forget(struct client *client, const struct provider *provider)
{
	for (struct listen *l = client->listens; l != NULL; l = l->next) {
		for (size_t i = 0; i < l->heard_n; i++) {
			if (l->heard[i].provider != provider)
				continue;
			l->heard[i].provider = NULL;
			listener_end(l);
		}
	}
}

/* ---- telling --------------------------------------------------------------------------------- */

void
listens_tell_changed(struct client *client, enum item_kind kind)
{
	struct tell tell = { .method = item_kind_row(kind)->changed };

	for (struct listen *l = client->listens; l != NULL; l = l->next) {
		if ((l->kinds & 1u << kind) == 0)
			continue;
		if (l->is_begun)
			exchange_tell(l->exchange, &tell);
		else
			l->changed |= 1u << kind;
	}
}

/* The resource of a listen that a change is about; NULL: none. */
static struct heard *
heard_find(const struct listen *listen, const struct provider *provider, struct slice uri)
{
	for (size_t i = 0; i < listen->heard_n; i++) {
		struct heard *h = &listen->heard[i];

		if (h->provider == provider && !h->is_task && uri_is_part(uri, h->uri))
			return h;
	}
	return NULL;
}

bool
listens_hear(const struct client *client, const struct provider *provider, struct slice uri)
{
	for (const struct listen *l = client->listens; l != NULL; l = l->next) {
		if (heard_find(l, provider, uri) != NULL)
			return true;
	}
	return false;
}

void
listens_tell_updated(struct client *client, const struct provider *provider, struct slice uri,
    const struct tell *tell)
{
	for (struct listen *l = client->listens; l != NULL; l = l->next) {
		struct heard *h = heard_find(l, provider, uri);

		if (h != NULL && l->is_begun)
			exchange_tell(l->exchange, tell);
		else if (h != NULL)
			h->has_changed = true;
	}
}

static struct heard *
heard_task(const struct listen *listen, const struct provider *provider, struct slice id)
{
	for (size_t i = 0; i < listen->heard_n; i++) {
		struct heard *h = &listen->heard[i];

		if (h->provider == provider && h->is_task && slice_eq(h->uri, id))
			return h;
	}
	return NULL;
}

bool
listens_hear_task(const struct client *client, const struct provider *provider, struct slice id)
{
	for (const struct listen *l = client->listens; l != NULL; l = l->next) {
		if (heard_task(l, provider, id) != NULL)
			return true;
	}
	return false;
}

/* What comes before the acknowledgement is seen by who asks after it. */
void
listens_tell_task(struct client *client, const struct provider *provider, struct slice id,
    struct slice token, const struct tell *tell)
{
	for (struct listen *l = client->listens; l != NULL; l = l->next) {
		struct heard *h = heard_task(l, provider, id);
		struct tell named = *tell;

		if (h == NULL || !l->is_begun)
			continue;
		named.named = (struct edit){ token, h->token };
		exchange_tell(l->exchange, &named);
	}
}

void
provider_tell_task(struct provider *provider, struct slice id, struct slice params)
{
	struct tell tell = { .method = MCP_TASK_TOLD, .params = params, .server = provider->name };
	struct hub *hub = provider->hub;
	struct slice token;

	if (!json_find(params, S("taskId"), &token))
		return;
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next)
		listens_tell_task(c, provider, id, token, &tell);
}

/* ---- what it wants --------------------------------------------------------------------------- */

static struct slice
filter_of(const struct exchange *exchange)
{
	return json_scan_get(exchange->request.scan, S("params"), S("notifications"));
}

static unsigned
kinds_read(const struct passage *passage, struct slice filter)
{
	static const struct {
		struct slice key;
		enum item_kind kind;
	} rows[] = { { S("toolsListChanged"), ITEM_TOOL }, { S("promptsListChanged"), ITEM_PROMPT },
		{ S("resourcesListChanged"), ITEM_RESOURCE } };
	struct slice value;
	unsigned kinds = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (json_find(filter, rows[i].key, &value) && json_type(value) == JSON_TRUE &&
		    is_offered(passage, rows[i].kind))
			kinds |= 1u << rows[i].kind;
	}
	return kinds;
}

/* The URIs, unescaped, as `uri` of each for now. */
static bool
uris_read(struct listen *listen, struct slice filter, struct err *err)
{
	struct arena *arena = &listen->exchange->arena;
	struct slice list, key, token;
	struct json_iter iter;
	size_t n = 0, bytes = 0;

	if (!json_find(filter, S("resourceSubscriptions"), &list))
		return true;
	if (json_type(list) != JSON_ARRAY)
		return err_set(
		    err, ERR_PARAMS, "params.notifications.resourceSubscriptions must be an array");
	json_iter_init(&iter, list);
	while (json_iter_next(&iter, &key, &token)) {
		if (json_type(token) != JSON_STRING || token.n > URI_TOKEN_MAX)
			return err_set(err, ERR_PARAMS,
			    "params.notifications.resourceSubscriptions[%zu] must be a string of "
			    "at most %zu bytes",
			    n, URI_TOKEN_MAX);
		n++;
		bytes += token.n;
	}
	if (n > URIS_MAX || bytes > FILTER_BYTES)
		return err_set(err, ERR_LIMIT, "at most %d resources and %zu KiB of URIs", URIS_MAX,
		    FILTER_BYTES / KIB);
	if (n == 0)
		return true;
	if (!arena_reserve(arena, (n + TASKS_MAX) * sizeof(*listen->heard) + bytes, err))
		return false;
	listen->heard = ARENA_ARRAY(arena, struct heard, n + TASKS_MAX);
	json_iter_init(&iter, list);
	while (json_iter_next(&iter, &key, &token)) {
		struct heard *h = &listen->heard[listen->heard_n];

		h->token = token;
		if (!json_string(arena, token, &h->uri, err))
			return false;
		listen->heard_n++;
	}
	return true;
}

/* The tasks that it named, behind the resources; each id as its provider knows it. */
static bool
tasks_read(struct listen *listen, struct slice filter, struct reply *reply)
{
	struct exchange *exchange = listen->exchange;
	struct slice list, key, token, own = SLICE_NONE;
	struct json_iter iter;
	size_t n = 0;

	if (!json_find(filter, S("taskIds"), &list))
		return true;
	if (!exchange->can.task_results) {
		reply->more =
		    S("\"requiredCapabilities\":{\"extensions\":{\"" MCP_TASKS_EXTENSION "\":{}}}");
		return err_set(&reply->err, ERR_CAPABILITY,
		    "params.notifications.taskIds needs the capability " MCP_TASKS_EXTENSION);
	}
	if (json_type(list) != JSON_ARRAY)
		return err_set(
		    &reply->err, ERR_PARAMS, "params.notifications.taskIds must be an array");
	if (listen->heard == NULL) {
		if (!arena_reserve(
			&exchange->arena, TASKS_MAX * sizeof(*listen->heard), &reply->err))
			return false;
		listen->heard = ARENA_ARRAY(&exchange->arena, struct heard, TASKS_MAX);
	}
	json_iter_init(&iter, list);
	while (json_iter_next(&iter, &key, &token)) {
		struct held *held;
		struct provider *provider;

		if (json_type(token) != JSON_STRING || n++ == TASKS_MAX)
			return err_set(&reply->err, ERR_PARAMS,
			    "params.notifications.taskIds must be at most %d strings", TASKS_MAX);
		held = held_claim(exchange, listen->passage, token);
		provider = held != NULL ? held_own(held, &own) : NULL;
		/* What it does not hold is not acknowledged. */
		if (provider == NULL || provider->ops->watch_task_wait == NULL)
			continue;
		if (!arena_reserve(&exchange->arena, own.n, &reply->err))
			return false;
		listen->heard[listen->heard_n++] = (struct heard){ .wanted = provider,
			.uri = slice_dup(&exchange->arena, own),
			.token = token,
			.is_task = true };
	}
	return true;
}

/* Whose it is; nobody's is left out of what is acknowledged.  False: the request itself is over. */
static bool
heard_route_wait(struct listen *listen, struct heard *heard, struct reply *reply)
{
	struct exchange *exchange = listen->exchange;
	struct passage *passage = listen->passage;
	struct provider *provider;
	struct slice own;

	passage->name = heard->uri;
	if (!route_uri_wait(passage, &own, reply))
		return task_cut(exchange->task) == ERR_NONE;
	/* The gateway holds it while this task runs. */
	provider = passage->provider;
	provider_unref(&passage->provider);
	if (provider->ops->watch_wait == NULL ||
	    !crossing_wait(exchange,
		&(struct crossing){ .kind = GUARD_REQUEST,
		    .server = provider->name,
		    .name = own,
		    .text = exchange->request.params },
		reply) ||
	    !arena_reserve(&exchange->arena, own.n, &reply->err))
		return true;
	heard->uri = slice_dup(&exchange->arena, own);
	heard->wanted = provider;
	return true;
}

/* The resources of one provider: each of them has a task. */
struct watching {
	struct listen *listen;
	struct provider *provider;
};

/* From now on it tells of them; what cannot be listened to is left out. */
static void
watch_run(void *arg)
{
	struct watching *watching = arg;
	struct listen *listen = watching->listen;
	struct provider *provider = watching->provider;
	struct exchange *exchange = listen->exchange;
	bool (*watch_one_wait)(struct provider * provider, struct exchange * exchange,
	    struct slice what, bool *is_granted, struct err *err);

	for (size_t i = 0; i < listen->heard_n; i++) {
		struct heard *heard = &listen->heard[i];
		bool is_granted = false;
		struct err err;

		if (heard->wanted != provider)
			continue;
		/* What it tells meanwhile is kept. */
		heard->provider = provider;
		watch_one_wait =
		    heard->is_task ? provider->ops->watch_task_wait : provider->ops->watch_wait;
		if (!watch_one_wait(provider, exchange, heard->uri, &is_granted, &err) ||
		    !is_granted)
			heard->provider = NULL;
		if (task_cut(task_self(exchange->loop)) == ERR_CANCELLED)
			return;
	}
}

static bool
watch_all_wait(struct listen *listen, struct err *err)
{
	struct exchange *exchange = listen->exchange;
	size_t n = listen->heard_n;
	struct group group = { 0 };
	struct watching *all;

	if (!arena_reserve(&exchange->arena, n * sizeof(*all), err))
		return false;
	all = ARENA_ARRAY(&exchange->arena, struct watching, n);
	for (size_t i = 0, k; i < n; i++) {
		struct provider *wanted = listen->heard[i].wanted;

		for (k = 0; k < i && listen->heard[k].wanted != wanted; k++)
			continue;
		if (wanted == NULL || k < i)
			continue;
		all[i] = (struct watching){ listen, wanted };
		/* Where there is no task for it, this one does it. */
		if (!group_spawn(exchange->loop, &group, "watch", watch_run, &all[i], err))
			watch_run(&all[i]);
	}
	return group_wait(exchange->loop, &group, err);
}

/* ---- the beginning --------------------------------------------------------------------------- */

/* Those of one kind, as a list; false: there is none. */
static bool
heard_put(const struct listen *listen, bool is_task, const char *separator, struct buf *text)
{
	bool any = false;

	for (size_t i = 0; i < listen->heard_n; i++) {
		if (listen->heard[i].provider == NULL || listen->heard[i].is_task != is_task)
			continue;
		buf_puts(text, any ? "," : separator);
		buf_puts(text,
		    any		  ? ""
			: is_task ? "\"taskIds\":["
				  : "\"resourceSubscriptions\":[");
		buf_put(text, listen->heard[i].token);
		any = true;
	}
	buf_puts(text, any ? "]" : "");
	return any;
}

/* {"notifications":{what is kept}} */
static void
acknowledge(const struct listen *listen)
{
	static const struct {
		enum item_kind kind;
		const char *text;
	} rows[] = { { ITEM_TOOL, "\"toolsListChanged\":true" },
		{ ITEM_PROMPT, "\"promptsListChanged\":true" },
		{ ITEM_RESOURCE, "\"resourcesListChanged\":true" } };
	struct tell tell = { .method = MCP_ACKNOWLEDGED };
	const char *separator = "";
	struct buf text;

	buf_init(&text, NULL, SIZE_MAX / 2);
	buf_puts(&text, "{\"notifications\":{");
	for (size_t i = 0; i < COUNT(rows); i++) {
		if ((listen->kinds & 1u << rows[i].kind) == 0)
			continue;
		buf_printf(&text, "%s%s", separator, rows[i].text);
		separator = ",";
	}
	if (heard_put(listen, false, separator, &text))
		separator = ",";
	(void)heard_put(listen, true, separator, &text);
	buf_puts(&text, "}}");
	tell.params = buf_view(&text);
	listen->exchange->front->tell(listen->exchange, &tell);
	buf_fini(&text);
}

/* What has changed before it could be told. */
static void
catch_up(struct listen *listen)
{
	struct buf text;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		struct tell tell = { .method = item_kind_row(kind)->changed };

		if ((listen->changed & 1u << kind) != 0)
			exchange_tell(listen->exchange, &tell);
	}
	buf_init(&text, NULL, TOLD_BYTES_MAX);
	for (size_t i = 0; i < listen->heard_n; i++) {
		struct heard *h = &listen->heard[i];
		struct tell tell = { .method = MCP_RESOURCE_UPDATED };

		if (!h->has_changed || h->provider == NULL)
			continue;
		buf_clear(&text);
		buf_puts(&text, "{\"uri\":");
		buf_put(&text, h->token);
		buf_putc(&text, '}');
		tell.params = buf_view(&text);
		tell.server = h->provider->name;
		exchange_tell(listen->exchange, &tell);
	}
	buf_fini(&text);
}

static struct listen *
listen_new(struct exchange *exchange, struct passage *passage, struct err *err)
{
	struct client *client = passage->client;
	struct listen *listen;

	if (client == NULL) {
		err_set(err, ERR_REQUEST, "subscriptions need a client that can be told");
		return NULL;
	}
	if (client->listens_n >= LISTENS_MAX) {
		err_set(err, ERR_LIMIT, "%d subscriptions of this client are open", LISTENS_MAX);
		return NULL;
	}
	if (!arena_reserve(&exchange->arena, sizeof(*listen), err))
		return NULL;
	listen = ARENA_NEW(&exchange->arena, struct listen);
	listen->client = client;
	listen->exchange = exchange;
	listen->passage = passage;
	listen->next = client->listens;
	client->listens = listen;
	client->listens_n++;
	client->was_listed = true;
	passage->listen = listen;
	return listen;
}

static bool
begin_wait(struct listen *listen, struct slice filter, struct reply *reply)
{
	struct passage *passage = listen->passage;
	size_t n;

	if (!hub_greeted_wait(passage->hub, passage->client,
		client_from_ms(passage->hub, passage->client), &reply->err))
		return false;
	listen->kinds = kinds_read(passage, filter);
	if (!uris_read(listen, filter, &reply->err)) {
		listen->heard_n = 0;
		return false;
	}
	if (!tasks_read(listen, filter, reply)) {
		listen->heard_n = 0;
		return false;
	}
	n = listen->heard_n;
	for (size_t i = 0; i < n; i++) {
		struct heard *h = &listen->heard[i];

		if (!h->is_task && !heard_route_wait(listen, h, reply))
			return false;
	}
	if (n > 0 && !watch_all_wait(listen, &reply->err))
		return false;
	/* What was refused is told by what is not acknowledged. */
	reply->err = (struct err){ 0 };
	reply->rule = reply->uri = reply->server = SLICE_NONE;
	return true;
}

bool
listen_wait(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct slice filter = filter_of(exchange);
	struct listen *listen;

	if (json_type(filter) != JSON_OBJECT)
		return err_set(&reply->err, ERR_PARAMS, "params.notifications must be an object");
	listen = listen_new(exchange, passage, &reply->err);
	if (listen == NULL)
		return false;
	if (!begin_wait(listen, filter, reply)) {
		drop(listen);
		return false;
	}
	acknowledge(listen);
	listen->is_begun = true;
	catch_up(listen);
	reply->result = S("{}");
	/* It lasts, but for what has come to an end meanwhile. */
	if (listen->is_ending || exchange->is_cancelled || passage->hub->is_draining)
		drop(listen);
	return true;
}

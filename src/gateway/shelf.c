/*
 * Results of resources/read that a server of 2026-07-28 allows to be kept (ttlMs and cacheScope,
 * caching): whoever asks for the same resource meanwhile is answered from here.  A public one is
 * for all, a private one for the caller that it was read for.  Only what depends on the URI alone
 * is kept: requests with other params are not, nor is what was asked back.
 *
 * What the server tells to have changed goes, and all of it with the connection; bounded in number
 * and bytes, the one that was used longest ago gives way.
 */
#include <string.h>

#include "gateway/link.h"

#define ITEMS_MAX      1000
#define BYTES_MAX      (16 * MIB)
#define ITEM_BYTES_MAX MIB
#define SHELF_BUCKETS  256

/* What tells one from another. */
struct shelf_key {
	uint64_t connection; /* of the link */
	bool is_session;     /* read for a client of an earlier revision: it has another form */
	struct slice uri;    /* as the server knows it */
};

struct shelf_item {
	struct shelf_item *chain;	/* in its bucket */
	struct shelf_item *next, *prev; /* used longest ago first */
	struct shelf_key key;		/* its own memory */
	uint64_t hash, until_ms;
	bool is_private;
	struct caller caller; /* is_private: whose; its own memory */
	struct bytes *result;
};

struct shelf {
	struct hub *hub;
	struct shelf_item all; /* list head */
	struct shelf_item *buckets[SHELF_BUCKETS];
	size_t n, bytes;
};

struct shelf *
shelf_new(struct hub *hub)
{
	struct shelf *shelf = MEM_NEW(struct shelf);

	shelf->hub = hub;
	shelf->all.next = shelf->all.prev = &shelf->all;
	return shelf;
}

static size_t
size_of(const struct shelf_item *item)
{
	return sizeof(*item) + item->key.uri.n + item->result->buf.n;
}

static void
item_drop(struct shelf *shelf, struct shelf_item *item)
{
	struct shelf_item **at = &shelf->buckets[item->hash % SHELF_BUCKETS];

	while (*at != item)
		at = &(*at)->chain;
	*at = item->chain;
	item->prev->next = item->next;
	item->next->prev = item->prev;
	shelf->n--;
	shelf->bytes -= size_of(item);
	if (item->is_private)
		auth_caller_free(&item->caller);
	bytes_unref(&item->result);
	mem_free((void *)item->key.uri.p);
	mem_free(item);
}

void
shelf_free(struct shelf **at)
{
	struct shelf *shelf = *at;

	*at = NULL;
	if (shelf == NULL)
		return;
	while (shelf->all.next != &shelf->all)
		item_drop(shelf, shelf->all.next);
	mem_free(shelf);
}

void
shelf_forget(struct shelf *shelf, uint64_t connection, struct slice uri)
{
	struct shelf_item *next;

	for (struct shelf_item *i = shelf->all.next; i != &shelf->all; i = next) {
		next = i->next;
		if (i->key.connection == connection &&
		    (uri.p == NULL || uri_is_part(i->key.uri, uri) || uri_is_part(uri, i->key.uri)))
			item_drop(shelf, i);
	}
}

/* ---- looking --------------------------------------------------------------------------------- */

static uint64_t
hash_of(const struct shelf *shelf, const struct shelf_key *key)
{
	return hash_bytes(
	    key->uri, loop_seed(shelf->hub->loop) ^ (key->connection << 1 | key->is_session));
}

static bool
is_for(const struct shelf_item *item, const struct shelf_key *key, const struct caller *caller)
{
	return item->key.connection == key->connection && item->key.is_session == key->is_session &&
	    slice_eq(item->key.uri, key->uri) &&
	    (!item->is_private || auth_same(&item->caller, caller));
}

/* One that is not good any more goes. */
static struct shelf_item *
find(struct shelf *shelf, const struct shelf_key *key, const struct caller *caller)
{
	struct shelf_item *item = shelf->buckets[hash_of(shelf, key) % SHELF_BUCKETS];

	while (item != NULL && !is_for(item, key, caller))
		item = item->chain;
	if (item == NULL || item->until_ms > loop_now_ms(shelf->hub->loop))
		return item;
	item_drop(shelf, item);
	return NULL;
}

static void
link_last(struct shelf *shelf, struct shelf_item *item)
{
	item->next = &shelf->all;
	item->prev = shelf->all.prev;
	item->prev->next = item->next->prev = item;
}

/* Does the answer depend on the URI alone? */
static bool
is_plain(const struct exchange *exchange, const struct forward *forward)
{
	const struct message *request = &exchange->request;
	struct slice key, value;
	struct json_iter iter;

	if (forward->uri.p == NULL || request->method != MCP_RESOURCES_READ)
		return false;
	json_iter_init(&iter, request->params);
	while (json_iter_next(&iter, &key, &value)) {
		if (!slice_eq(key, S("uri")) && !slice_eq(key, S("_meta")))
			return false;
	}
	return true;
}

static struct shelf_key
key_of(const struct link *link, const struct exchange *exchange, const struct forward *forward)
{
	return (struct shelf_key){ link->connection, exchange->session != NULL, forward->uri };
}

bool
shelf_recall(const struct link *link, struct exchange *exchange, const struct forward *forward,
    struct reply *reply)
{
	struct shelf *shelf = hub_of(link)->shelf;
	struct shelf_key key = key_of(link, exchange, forward);
	struct shelf_item *item;

	if (shelf->n == 0 || !is_plain(exchange, forward))
		return false;
	item = find(shelf, &key, &exchange->caller);
	if (item == NULL)
		return false;
	item->prev->next = item->next;
	item->next->prev = item->prev;
	link_last(shelf, item);
	exchange_share(exchange, item->result);
	reply->result = buf_view(&item->result->buf);
	reply->ttl_ms = item->until_ms - loop_now_ms(shelf->hub->loop);
	reply->is_private = item->is_private;
	return true;
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* For how long it may be kept; false: not at all. */
static bool
may_keep(const struct link *link, const struct reply *reply, struct freshness *fresh)
{
	struct slice scope;

	if (reply->result.p == NULL || reply->scan == NULL || reply->type != REPLY_COMPLETE ||
	    reply->result.n > ITEM_BYTES_MAX || link->back == NULL || back_is_session(link->back))
		return false;
	scope = json_scan_get(reply->scan, S("result"), S("cacheScope"));
	return (slice_eq(scope, S("\"public\"")) || slice_eq(scope, S("\"private\""))) &&
	    fresh_read(reply->scan, fresh) && fresh->ttl_ms > 0;
}

/* On the loop's account; NULL: there is no room. */
static struct bytes *
copy(struct loop *loop, struct slice text)
{
	struct bytes *bytes;
	struct buf none;

	buf_init(&none, NULL, 0);
	bytes = bytes_new(&none);
	buf_init(&bytes->buf, loop_memory(loop), ITEM_BYTES_MAX);
	buf_put(&bytes->buf, text);
	if (!buf_check(&bytes->buf, &(struct err){ 0 }))
		bytes_unref(&bytes);
	return bytes;
}

void
shelf_keep(const struct link *link, const struct exchange *exchange, const struct forward *forward,
    const struct reply *reply)
{
	struct hub *hub = hub_of(link);
	struct shelf *shelf = hub->shelf;
	struct shelf_key key = key_of(link, exchange, forward);
	struct freshness fresh;
	struct shelf_item *item;
	struct bytes *result;

	if (!is_plain(exchange, forward) || !may_keep(link, reply, &fresh))
		return;
	item = find(shelf, &key, &exchange->caller);
	if (item != NULL)
		item_drop(shelf, item);
	result = copy(hub->loop, reply->result);
	if (result == NULL)
		return;
	item = MEM_NEW(struct shelf_item);
	item->hash = hash_of(shelf, &key);
	item->key = key;
	item->key.uri = slice_keep(key.uri);
	item->until_ms = loop_now_ms(hub->loop) + fresh.ttl_ms;
	item->is_private = fresh.is_private;
	if (item->is_private)
		item->caller = auth_caller_copy(&exchange->caller);
	item->result = result;
	item->chain = shelf->buckets[item->hash % SHELF_BUCKETS];
	shelf->buckets[item->hash % SHELF_BUCKETS] = item;
	link_last(shelf, item);
	shelf->n++;
	shelf->bytes += size_of(item);
	while (shelf->n > ITEMS_MAX || shelf->bytes > BYTES_MAX)
		item_drop(shelf, shelf->all.next);
}

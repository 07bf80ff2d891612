/*
 * The catalogue: the offers of all providers joined into one list under the names clients see, as
 * an immutable, counted snapshot with a table of names and the finished result of tools/list.
 *
 * Definitions are copied byte for byte; only the name's token is replaced, and only where the name
 * differs.  Order is that of the configuration, then of each provider's own list.  A snapshot keeps
 * its providers and offers alive, so that entries may be used as long as it is held.
 */
#include <string.h>

#include "gateway/gateway.h"

struct catalogue {
	unsigned refs;
	struct arena arena;
	struct buf list;
	size_t tools_n; /* bytes of list up to the end of its array of tools */
	struct catalogue_entry *entries;
	size_t n;
	uint32_t *buckets; /* 1-based places in entries, chained by entry.next */
	size_t buckets_n;  /* power of two */
	uint64_t seed;
	struct provider **providers;
	struct offer **offers; /* NULL: down, or not there yet */
	size_t providers_n;
};

static struct catalogue_entry *
find(const struct catalogue *catalogue, struct slice name)
{
	uint32_t at;

	if (catalogue->n == 0)
		return NULL;
	at = catalogue->buckets[hash_bytes(name, catalogue->seed) & (catalogue->buckets_n - 1)];
	while (at != 0 && !slice_eq(catalogue->entries[at - 1].name, name))
		at = catalogue->entries[at - 1].next;
	return at != 0 ? &catalogue->entries[at - 1] : NULL;
}

static void
add(struct catalogue *catalogue, struct slice name, struct provider *provider,
    const struct tool *tool)
{
	uint32_t *bucket =
	    &catalogue->buckets[hash_bytes(name, catalogue->seed) & (catalogue->buckets_n - 1)];
	struct catalogue_entry *entry = &catalogue->entries[catalogue->n++];

	*entry = (struct catalogue_entry){ name, provider, tool, *bucket };
	*bucket = (uint32_t)catalogue->n;
}

/* The first that asks for a name has it; a later one takes the hashed form. */
static void
add_named(struct catalogue *catalogue, const struct names *names, struct provider *provider,
    const struct tool *tool, struct log *log)
{
	struct slice name = name_make(&catalogue->arena, names, provider, tool->name, false);
	const struct catalogue_entry *other = find(catalogue, name);

	if (other != NULL) {
		struct slice taken = name;

		name = name_make(&catalogue->arena, names, provider, tool->name, true);
		if (find(catalogue, name) != NULL) {
			log_event(log, LOG_WARN, "name_collision",
			    "tool \"%.*s\" of %.*s is not offered: "
			    "its names \"%.*s\" and \"%.*s\" are both taken",
			    SLICE_FMT(tool->name), SLICE_FMT(provider->name), SLICE_FMT(taken),
			    SLICE_FMT(name));
			return;
		}
		log_event(log, LOG_WARN, "name_collision",
		    "tool \"%.*s\" of %.*s is offered as \"%.*s\": "
		    "\"%.*s\" is a tool of %.*s",
		    SLICE_FMT(tool->name), SLICE_FMT(provider->name), SLICE_FMT(name),
		    SLICE_FMT(taken), SLICE_FMT(other->provider->name));
	}
	add(catalogue, name, provider, tool);
}

/* ---- the list ---- */

static void
list_put_tool(struct buf *list, const struct catalogue_entry *entry)
{
	const struct tool *tool = entry->tool;
	const char *after = tool->name_token.p + tool->name_token.n;

	if (slice_eq(entry->name, tool->name)) {
		buf_put(list, tool->definition);
		return;
	}
	buf_put(list,
	    (struct slice){
		tool->definition.p, (size_t)(tool->name_token.p - tool->definition.p) });
	buf_json_string(list, entry->name);
	buf_put(list,
	    (struct slice){ after, (size_t)(tool->definition.p + tool->definition.n - after) });
}

static void
list_put_unavailable(struct catalogue *catalogue)
{
	struct buf *list = &catalogue->list;
	bool any = false;

	for (size_t i = 0; i < catalogue->providers_n; i++) {
		struct provider *provider = catalogue->providers[i];
		struct provider_health health = { .state = PROVIDER_IDLE };

		if (catalogue->offers[i] != NULL)
			continue;
		if (provider->ops->health != NULL)
			provider->ops->health(provider, &health);
		if (health.state == PROVIDER_READY)
			continue; /* up, and without tools */
		buf_puts(list,
		    any ? ",{\"server\":" : ",\"_meta\":{\"bascule/unavailable\":[{\"server\":");
		any = true;
		buf_json_string(list, provider->name);
		buf_puts(list, ",\"reason\":");
		buf_json_string(list,
		    health.state == PROVIDER_DOWN ? slice_of(health.why.text)
						  : S("not connected yet"));
		buf_putc(list, '}');
	}
	if (any)
		buf_puts(list, "]}");
}

static void
list_make(struct catalogue *catalogue)
{
	struct buf *list = &catalogue->list;

	buf_puts(list, "{\"tools\":[");
	for (size_t i = 0; i < catalogue->n; i++) {
		if (i > 0)
			buf_putc(list, ',');
		list_put_tool(list, &catalogue->entries[i]);
	}
	buf_putc(list, ']');
	catalogue->tools_n = list->n;
	list_put_unavailable(catalogue);
	buf_putc(list, '}');
}

/* ---- the snapshot ---- */

static bool
is_down(const struct provider *provider)
{
	struct provider_health health = { .state = PROVIDER_READY };

	if (provider->ops->health != NULL)
		provider->ops->health(provider, &health);
	return health.state == PROVIDER_DOWN;
}

struct sizes {
	size_t tools, name_bytes, list_bytes;
};

static void
measure(const struct catalogue *catalogue, const struct names *names, struct sizes *sizes)
{
	*sizes = (struct sizes){ .list_bytes = 256 };
	for (size_t i = 0; i < catalogue->providers_n; i++) {
		const struct offer *offer = catalogue->offers[i];

		/* Its name and the reason, every byte escaped. */
		sizes->list_bytes += 6 * sizeof(struct err) + 256;
		for (size_t k = 0; offer != NULL && k < offer->tools_n; k++) {
			const struct tool *tool = &offer->tools[k];
			/* As made before it is cut, with room for the hash. */
			size_t name = catalogue->providers[i]->name.n + names->separator.n +
			    tool->name.n + 16;

			sizes->tools++;
			sizes->name_bytes += name;
			/* Names hold no control characters: an escape is two bytes. */
			sizes->list_bytes += tool->definition.n + 2 * name + 8;
		}
	}
}

/* Room for everything but the names of collisions, which are few and small. */
MUST_CHECK static bool
room(struct catalogue *catalogue, const struct sizes *sizes, struct err *err)
{
	size_t buckets_n = 16;

	while (buckets_n < sizes->tools)
		buckets_n *= 2;
	if (!arena_reserve(&catalogue->arena,
		sizes->tools * sizeof(struct catalogue_entry) + buckets_n * sizeof(uint32_t) +
		    sizes->name_bytes + 64,
		err) ||
	    !buf_reserve(&catalogue->list, sizes->list_bytes, err))
		return false;
	catalogue->entries = ARENA_ARRAY(&catalogue->arena, struct catalogue_entry, sizes->tools);
	catalogue->buckets = ARENA_ARRAY(&catalogue->arena, uint32_t, buckets_n);
	catalogue->buckets_n = buckets_n;
	return true;
}

static void
hold(struct catalogue *catalogue, struct provider *const *providers, struct offer *const *offers,
    size_t n)
{
	catalogue->providers = mem_new((n + 1) * sizeof(*catalogue->providers));
	catalogue->offers = mem_new((n + 1) * sizeof(*catalogue->offers));
	catalogue->providers_n = n;
	for (size_t i = 0; i < n; i++) {
		catalogue->providers[i] = provider_ref(providers[i]);
		if (offers[i] != NULL && !is_down(providers[i]))
			catalogue->offers[i] = offer_ref(offers[i]);
	}
}

struct catalogue *
catalogue_new(struct provider *const *providers, struct offer *const *offers, size_t n,
    const struct names *names, struct log *log, struct memory *memory, uint64_t seed)
{
	struct catalogue *catalogue = MEM_NEW(struct catalogue);
	struct sizes sizes;
	struct err err;

	catalogue->refs = 1;
	catalogue->seed = seed;
	arena_init(&catalogue->arena, memory, SIZE_MAX / 2);
	buf_init(&catalogue->list, memory, SIZE_MAX / 2);
	hold(catalogue, providers, offers, n);
	measure(catalogue, names, &sizes);
	if (!room(catalogue, &sizes, &err)) {
		log_event(
		    log, LOG_ERROR, "catalogue_too_large", "no tool is offered: %s", err.text);
		sizes.tools = 0;
		buf_init(&catalogue->list, NULL, SIZE_MAX / 2); /* the reasons are still told */
	}
	for (size_t i = 0; i < n; i++) {
		const struct offer *offer = catalogue->offers[i];

		for (size_t k = 0; sizes.tools > 0 && offer != NULL && k < offer->tools_n; k++)
			add_named(catalogue, names, providers[i], &offer->tools[k], log);
	}
	list_make(catalogue);
	return catalogue;
}

struct catalogue *
catalogue_ref(struct catalogue *catalogue)
{
	catalogue->refs++;
	return catalogue;
}

void
catalogue_unref(struct catalogue **catalogue)
{
	struct catalogue *c = *catalogue;

	*catalogue = NULL;
	if (c == NULL || --c->refs > 0)
		return;
	for (size_t i = 0; i < c->providers_n; i++) {
		offer_unref(&c->offers[i]);
		provider_unref(&c->providers[i]);
	}
	mem_free(c->offers);
	mem_free(c->providers);
	buf_fini(&c->list);
	arena_fini(&c->arena);
	mem_free(c);
}

const struct catalogue_entry *
catalogue_find(const struct catalogue *catalogue, struct slice name)
{
	return find(catalogue, name);
}

const struct catalogue_entry *
catalogue_entries(const struct catalogue *catalogue, size_t *n)
{
	*n = catalogue->n;
	return catalogue->entries;
}

struct slice
catalogue_list(const struct catalogue *catalogue)
{
	return buf_view(&catalogue->list);
}

bool
catalogue_same(const struct catalogue *a, const struct catalogue *b)
{
	return slice_eq(
	    (struct slice){ a->list.p, a->tools_n }, (struct slice){ b->list.p, b->tools_n });
}

static bool
serves(const struct catalogue *catalogue, const struct provider *provider)
{
	for (size_t i = 0; i < catalogue->providers_n; i++)
		if (catalogue->providers[i] == provider)
			return true;
	return false;
}

const struct catalogue_entry *
view_find(const struct view *view, struct slice name)
{
	const struct catalogue_entry *entry = NULL;

	if (view->overlay != NULL)
		entry = find(view->overlay, name);
	if (entry != NULL)
		return entry;
	entry = find(view->base, name);
	if (entry != NULL && view->overlay != NULL && serves(view->overlay, entry->provider))
		return NULL;
	return entry;
}

/*
 * A table of what guards remember.  Entries that are as good as new make room for others, those
 * that were not used for longest first; nothing else is ever forgotten, since to make a table full
 * would then be the way around a limit.
 */
#include "guard/live.h"

#define LOOKS	     8 /* entries that are looked at for one that may go */
#define PLACES_FIRST 64

struct live {
	unsigned refs;
	uint64_t seed, second;
	size_t n, most;
	struct live_entry **places; /* chains; places_n is a power of two */
	size_t places_n;
	struct live_entry ends; /* of the list: newer is the oldest, older the newest */
};

struct live *
live_new(uint64_t seed, size_t most)
{
	struct live *live = MEM_NEW(struct live);

	live->refs = 1;
	live_reseed(live, seed);
	live->most = most;
	live->places_n = PLACES_FIRST;
	live->places = mem_new(sizeof(struct live_entry *) * live->places_n);
	live->ends.newer = live->ends.older = &live->ends;
	return live;
}

struct live *
live_ref(struct live *live)
{
	live->refs++;
	return live;
}

void
live_unref(struct live **at)
{
	struct live *live = *at;
	struct live_entry *next;

	*at = NULL;
	if (live == NULL || --live->refs > 0)
		return;
	for (struct live_entry *e = live->ends.newer; e != &live->ends; e = next) {
		next = e->newer;
		mem_free(e);
	}
	mem_free(live->places);
	mem_free(live);
}

size_t
live_count(const struct live *live)
{
	return live->n;
}

uint64_t
live_seed(const struct live *live)
{
	return live->seed;
}

void
live_reseed(struct live *live, uint64_t seed)
{
	must(live->n == 0);
	live->seed = seed;
	live->second = hash_bytes(S("second"), seed);
}

void
live_each(const struct live *live, void (*fn)(void *ctx, const struct live_entry *entry), void *ctx)
{
	for (const struct live_entry *e = live->ends.newer; e != &live->ends; e = e->newer)
		fn(ctx, e);
}

/* ---- keys ------------------------------------------------------------------------------------ */

struct live_key
live_key_add(struct live_key key, struct slice part)
{
	if (part.p == NULL)
		part = S("");
	return (struct live_key){ hash_bytes(part, key.a), hash_bytes(part, key.b) };
}

struct live_key
live_key(const struct live *live, struct slice first)
{
	return live_key_add((struct live_key){ live->seed, live->second }, first);
}

/* ---- the list and the chains ----------------------------------------------------------------- */

static void
unlist(struct live_entry *entry)
{
	entry->newer->older = entry->older;
	entry->older->newer = entry->newer;
}

static void
make_newest(struct live *live, struct live_entry *entry)
{
	entry->newer = &live->ends;
	entry->older = live->ends.older;
	entry->older->newer = entry;
	live->ends.older = entry;
}

static struct live_entry **
place(const struct live *live, struct live_key key)
{
	return &live->places[key.a & (live->places_n - 1)];
}

static void
grow(struct live *live)
{
	mem_free(live->places);
	live->places_n *= 2;
	live->places = mem_new(sizeof(struct live_entry *) * live->places_n);
	for (struct live_entry *e = live->ends.newer; e != &live->ends; e = e->newer) {
		struct live_entry **at = place(live, e->key);

		e->chain = *at;
		*at = e;
	}
}

static void
drop(struct live *live, struct live_entry *entry)
{
	struct live_entry **at = place(live, entry->key);

	while (*at != entry)
		at = &(*at)->chain;
	*at = entry->chain;
	unlist(entry);
	mem_free(entry);
	live->n--;
}

/* Looks at a few of the oldest; who stays is looked at again when all others were. */
static bool
make_room(struct live *live, uint64_t now_ms)
{
	for (unsigned i = 0; i < LOOKS && live->n >= live->most; i++) {
		struct live_entry *oldest = live->ends.newer;

		if (oldest->pins == 0 && oldest->fresh_ms <= now_ms) {
			drop(live, oldest);
			continue;
		}
		unlist(oldest);
		make_newest(live, oldest);
	}
	return live->n < live->most;
}

static struct live_entry *
find(struct live *live, struct live_key key)
{
	struct live_entry *e = *place(live, key);

	while (e != NULL && (e->key.a != key.a || e->key.b != key.b))
		e = e->chain;
	return e;
}

static struct live_entry *
add(struct live *live, struct live_key key)
{
	struct live_entry *entry = MEM_NEW(struct live_entry), **at;

	if (live->n >= live->places_n)
		grow(live);
	at = place(live, key);
	entry->key = key;
	entry->chain = *at;
	*at = entry;
	make_newest(live, entry);
	live->n++;
	return entry;
}

struct live_entry *
live_get(struct live *live, struct live_key key, struct live_key others, uint64_t now_ms)
{
	struct live_entry *entry = find(live, key);

	if (entry == NULL && live->n >= live->most && !make_room(live, now_ms)) {
		entry = find(live, others);
		key = others;
	}
	if (entry == NULL)
		return add(live, key);
	unlist(entry);
	make_newest(live, entry);
	return entry;
}

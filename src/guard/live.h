/*
 * Private to guard: what it remembers of callers, sessions and tools while it runs, by a key.  It
 * outlives reloads: guards hand it on, counted.  Bounded: who finds no place shares that of others.
 */
#ifndef GUARD_LIVE_H
#define GUARD_LIVE_H

#include "config/config.h"

/* 128 bits of a keyed hash: nobody without the key finds two texts that are one. */
struct live_key {
	uint64_t a, b;
};

struct live_entry {
	struct live_key key;
	struct live_entry *chain, *newer, *older;
	unsigned pins;	   /* it must stay */
	uint64_t fresh_ms; /* of the loop: from then on it is as good as a new one */
	/* What the owner keeps there; zero in a new one. */
	bool is_used;
	uint64_t at_ms, day, until_ms[LABELS_N];
	int64_t level;
};

struct live;
#define LIVE_MOST 20000
/* most: entries at the same time, beside those that stand for others. */
struct live *live_new(uint64_t seed, size_t most);
struct live *live_ref(struct live *live);
void live_unref(struct live **live); /* *live NULL: nothing */
size_t live_count(const struct live *live);
/* What keys are made with. */
uint64_t live_seed(const struct live *live);
/* Another one; it holds nothing yet. */
void live_reseed(struct live *live, uint64_t seed);
void live_each(
    const struct live *live, void (*fn)(void *ctx, const struct live_entry *entry), void *ctx);

/* To begin a key with; then each part of it, absent or empty, in order. */
struct live_key live_key(const struct live *live, struct slice first);
struct live_key live_key_add(struct live_key key, struct slice part);
/*
 * Found, or new.  Where there is no place, and nothing that is as good as new to make one: the
 * entry of `others`, which gets one in any case.  Never NULL; valid until the next call, while it
 * is pinned, or while live holds less than it may.  O(1).
 */
struct live_entry *
live_get(struct live *live, struct live_key key, struct live_key others, uint64_t now_ms);

#endif

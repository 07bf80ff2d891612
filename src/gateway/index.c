/*
 * A bounded index of short texts: chained buckets, and a ring in the order of entry; the oldest
 * gives way.  Memory is that of the entries in it.
 */
#include <string.h>

#include "gateway/hub.h"

#define KEY_MAX_BYTES (4 * KIB)
#define BUCKETS	      256

struct entry {
	struct entry *chain;	   /* in its bucket */
	struct entry *next, *prev; /* oldest first */
	void *value;
	struct slice key; /* behind the struct */
};

struct index {
	struct entry ends; /* list head */
	size_t n, max;
	uint64_t seed;
	struct entry *buckets[BUCKETS];
};

struct index *
index_new(struct hub *hub, size_t entries_max)
{
	struct index *index = MEM_NEW(struct index);

	index->max = entries_max;
	index->seed = loop_seed(hub->loop);
	index->ends.next = index->ends.prev = &index->ends;
	return index;
}

static struct entry **
place(const struct index *index, struct slice key)
{
	struct entry *const *at = &index->buckets[hash_bytes(key, index->seed) % BUCKETS];

	while (*at != NULL && !slice_eq((*at)->key, key))
		at = &(*at)->chain;
	return (struct entry **)at;
}

static void
entry_remove(struct index *index, struct entry *entry)
{
	struct entry **at = place(index, entry->key);

	*at = entry->chain;
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	index->n--;
	mem_free(entry);
}

void
index_free(struct index **at)
{
	struct index *index = *at;

	*at = NULL;
	if (index == NULL)
		return;
	while (index->ends.next != &index->ends)
		entry_remove(index, index->ends.next);
	mem_free(index);
}

void
index_put(struct index *index, struct slice key, void *value)
{
	struct entry **at = place(index, key), *entry = *at;

	if (key.n > KEY_MAX_BYTES)
		return;
	if (entry != NULL) {
		entry->value = value;
		return;
	}
	if (index->n >= index->max) {
		entry_remove(index, index->ends.next);
		at = place(index, key);
	}
	entry = mem_new(sizeof(*entry) + key.n);
	entry->value = value;
	entry->key = (struct slice){ (char *)(entry + 1), key.n };
	if (key.n > 0)
		memcpy(entry + 1, key.p, key.n);
	*at = entry;
	entry->next = &index->ends;
	entry->prev = index->ends.prev;
	entry->prev->next = entry->next->prev = entry;
	index->n++;
}

void *
index_find(const struct index *index, struct slice key)
{
	const struct entry *entry = index != NULL ? *place(index, key) : NULL;

	return entry != NULL ? entry->value : NULL;
}

void
index_forget(struct index *index, const void *value)
{
	struct entry *next;

	if (index == NULL)
		return;
	for (struct entry *e = index->ends.next; e != &index->ends; e = next) {
		next = e->next;
		if (e->value == value)
			entry_remove(index, e);
	}
}

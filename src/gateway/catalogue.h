/*
 * Private to gateway: the inside of a catalogue, for those who make one (catalogue.c) and a part of
 * one (catalogue_part.c).
 */
#ifndef GATEWAY_CATALOGUE_H
#define GATEWAY_CATALOGUE_H

#include "gateway/hub.h"

#define CATALOGUE_REPORTS 100 /* of one catalogue; the rest are counted */

/* The entries of one kind, and its list. */
struct part {
	struct catalogue_entry *entries;
	size_t n;
	uint32_t *buckets; /* 1-based places in entries, chained by entry.next */
	size_t buckets_n;  /* power of two */
	size_t from, to;   /* bytes of text: its array */
	size_t end;	   /* the end of its result */
};

struct catalogue {
	unsigned refs;
	struct arena arena;
	struct buf text; /* the results, one behind the other */
	struct part parts[ITEM_KINDS];
	bool has_odd_output;	  /* a tool's */
	struct slice unavailable; /* the _meta member with a comma before it, or empty */
	uint64_t seed;
	struct provider **providers;
	struct offer **offers; /* NULL: down, or not there yet */
	size_t providers_n;
	struct catalogue_hidden *hidden;
	size_t hidden_n;
	uint64_t reports[CATALOGUE_REPORTS]; /* hashes of what was told */
	size_t reports_n;
	struct catalogue *whole; /* that it is a part of; NULL: of none */
};

static inline size_t
catalogue_bucket(const struct catalogue *catalogue, const struct part *part, struct slice name)
{
	return hash_bytes(name, catalogue->seed) & (part->buckets_n - 1);
}

#endif

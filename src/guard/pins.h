/*
 * Private to guard: what the parts of pins share.
 */
#ifndef GUARD_PINS_H
#define GUARD_PINS_H

#include "guard/guard.h"

/* An accepted object in one spelling, and its hash.  False: too deep, or out is full. */
MUST_CHECK bool
pins_spell(struct slice object, struct buf *out, unsigned char digest[SHA256_BYTES]);
/* The object of a server's entry. */
void pins_put_server(const struct pin_server *what, struct buf *out);

/* pins_compare() of two of the same kind and name. */
void pins_compare_pin(
    const struct pin *before, const struct pin *after, pins_change_fn *change, void *ctx);
/* By server, kind and name, as memcmp(). */
int pins_order(const struct pin *a, const struct pin *b);

/* How a schema differs from another (pins_schema.c); both as json_canonical() has them. */
struct pins_schema {
	bool has_texts; /* a text in it, for people and models */
	bool is_wider, is_narrower;
	bool is_other;	 /* or it cannot be told */
	char names[120]; /* arguments that it takes now, with commas; "": none, or too many */
};
void pins_schema_compare(struct slice before, struct slice after, struct pins_schema *out);

#endif

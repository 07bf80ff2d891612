/*
 * Private to guard: where data comes from and where it goes.  What a session (or a caller) has read
 * (labels), texts that must not leave (canaries), hosts that URLs may lead to (egress).
 */
#ifndef GUARD_FLOW_H
#define GUARD_FLOW_H

#include "guard/guard.h"

/* ---- labels (flow.c) ------------------------------------------------------------------------- */

struct flow;
struct canaries;

/* config is borrowed.  before: what was read lives on; NULL: nothing was. */
struct flow *flow_new(const struct config_guard *config, uint64_t seed, const struct flow *before);
void flow_free(struct flow **flow);
/* NULL: there are none. */
const struct canaries *flow_canaries(const struct flow *flow);
/* Something came back: what it is labelled is remembered. */
void flow_read(struct flow *flow, const struct guard_subject *subject);
/* The sink that this request goes to, where its window has read what closes sinks; else NULL. */
const struct config_mark *flow_closed(struct flow *flow, const struct guard_subject *subject);

/* ---- canaries (canary.c) --------------------------------------------------------------------- */

struct canaries *canaries_new(const struct config_flow *config); /* borrowed */
void canaries_free(struct canaries **canaries);			 /* NULL: nothing */
/* Does a JSON text hold one that does not belong to that server?  Linear. */
bool canaries_find(const struct canaries *canaries, struct slice json, struct slice server);

/* ---- hosts (egress.c, links.c) --------------------------------------------------------------- */

/* The first URL that leads elsewhere; its host for people, cut. */
struct egress_found {
	char host[64];
};
/* In a JSON text, anywhere.  has_any_scheme: also where no browser would go. */
bool egress_find(const struct config_egress *config, struct slice json, bool has_any_scheme,
    struct egress_found *found);
/* Does the target of a link lead elsewhere? */
bool
egress_leads_out(const struct config_egress *config, struct slice url, struct egress_found *found);

/* What the strings of a result would load, and link to, elsewhere. */
struct links_found {
	unsigned images, links;
	struct egress_found first;
	struct buf text; /* the result without those that config says to redact; empty: as it was */
};
void links_find(const struct config_egress *config, struct slice json, struct links_found *found);

/* ---- texts without escapes (plain.c) --------------------------------------------------------- */

/*
 * What a JSON text says, a window after the other: escapes are resolved, everything else is as it
 * is written.  One without escapes is one window.
 */
struct plain {
	const char *at, *end;
	char *buf; /* NULL: there are no escapes */
	size_t n, cap;
	bool is_begun;
};
void plain_init(struct plain *plain, struct slice json);
void plain_fini(struct plain *plain);
/* The next, which begins with the last `keep` bytes of the one before; false: there is none. */
bool plain_next(struct plain *plain, size_t keep, struct slice *window);
bool plain_is_last(const struct plain *plain);

#endif

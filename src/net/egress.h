/*
 * The egress proxy's list of destinations (egress_rules.c), for egress.c.  Private to net/.
 */
#ifndef NET_EGRESS_H
#define NET_EGRESS_H

#include "net/net.h"

#define EGRESS_RULES_MAX 256u

struct egress_rule {
	struct slice host; /* its own memory */
	struct address address;
	uint16_t port;
	bool is_suffix;	 /* what is below host */
	bool is_literal; /* address, not host */
};

struct egress_rules {
	struct egress_rule *all;
	size_t n;
};

/* ERR_CONFIG: an entry that is none, or too many. Fini in any case. */
MUST_CHECK bool
egress_rules_init(struct egress_rules *rules, const struct slice *allow, size_t n, struct err *err);
void egress_rules_fini(struct egress_rules *rules);

/* Where a request wants to go: the text of a CONNECT. */
struct egress_place {
	struct slice text, host; /* host without a dot at its end */
	uint16_t port;
	bool is_literal;
	struct address address;
};
/* False: no "host:port". Slices point into text. */
bool egress_place_parse(struct slice text, struct egress_place *out);
/* Is the destination listed? */
bool egress_rules_have(const struct egress_rules *rules, const struct egress_place *place);
/* May an address be connected to that a listed name has: public, or listed itself? */
bool egress_rules_let(const struct egress_rules *rules, const struct address *address);

#endif

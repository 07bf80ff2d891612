/*
 * Private to guard: the limits of `guard.rate`, compiled, and what was used of each by whom.  What
 * was used outlives a reload; of budgets also the process (budgets.c).
 */
#ifndef GUARD_LIMITS_H
#define GUARD_LIMITS_H

#include "guard/guard.h"

struct limits;

/* config is borrowed.  before: what was used lives on; NULL: nothing was. */
struct limits *
limits_new(const struct config_guard *config, uint64_t seed, const struct limits *before);
void limits_free(struct limits **limits);
/* The counters. */
struct live *limits_live(const struct limits *limits);
/* Before any was used: counters are found by keys of that seed. */
void limits_reseed(struct limits *limits, uint64_t seed);

/* A limit that is reached. */
struct limit_reached {
	const struct config_limit *limit;
	struct slice key;   /* "calls", "budget.bytes" */
	struct slice value; /* as it was written; of `concurrent` SLICE_NONE */
	uint64_t retry_ms;  /* 0: not known */
};

/*
 * May this request be made?  Then it is counted by every limit that it matches, and *hold is what
 * it occupies (NULL: nothing); else by none, and *reached is the first that is in the way, with the
 * time after which none is.  subject->text: the parameters.
 */
MUST_CHECK bool limits_take(struct limits *limits, const struct guard_subject *subject,
    struct guard_hold **hold, struct limit_reached *reached);
/* The bytes of what came back: they are counted, and may make the next request wait. */
void limits_pay(struct limits *limits, const struct guard_subject *subject);

#endif

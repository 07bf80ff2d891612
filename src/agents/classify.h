/*
 * classify: which workflow a text asks for, by the words it uses (`agents.routes`).
 *
 * Whole words with light stemming (-s, -es, -ing, -ed), phrases as consecutive words (articles do
 * not count), all routes on one automaton; deterministic, no I/O.  The score of a route is its
 * weight times the words of what was found, each phrase once, and none that is a part of a longer
 * one that was found there; of two that are alike, the one whose words came first is the better.
 * Confidence is the margin between the best and the second, and does not depend on the length of
 * the text. Private to agents/, but for the bench.
 */
#ifndef AGENTS_CLASSIFY_H
#define AGENTS_CLASSIFY_H

#include "base/base.h"
#include "config/config.h"

#define CLASSIFY_TEXT_BYTES  (64 * KIB) /* what is looked at of a text */
#define CLASSIFY_MATCHED_MAX 16u

struct classifier;

struct classify_score {
	size_t route; /* for classifier_route() */
	double score;
};

struct classified {
	bool is_known; /* false: no word of any route is in it: route is the default's, if any */
	size_t route;  /* for classifier_route(); SIZE_MAX: none */
	double confidence;			    /* 0 to 1 */
	struct slice matched[CLASSIFY_MATCHED_MAX]; /* words of the best route, as configured */
	size_t matched_n;
	struct classify_score others[8]; /* without route; by score, best first */
	size_t others_n;
};

/* The seven that are there without `agents.routes` (classify_routes.c). */
const struct config_route *classify_built_in(size_t *n);
/* Routes of the configuration, or the seven built-in ones where it has none. The routes must live
 * as long. */
struct classifier *classifier_new(const struct config_agents *agents);
void classifier_free(struct classifier **classifier);
/* An index into config_agents.routes, or into the built-in ones; routes_n of these: the default. */
const struct config_route *classifier_route(const struct classifier *classifier, size_t route);
/* Linear in the text. */
void classify(const struct classifier *classifier, struct slice text, struct classified *out);

#endif

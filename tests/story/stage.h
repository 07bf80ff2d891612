/*
 * What the tests in C of this directory share: a simulated machine with scripted upstreams, the
 * whole gateway on it, and its end, of which nothing may be left.  Everything fails the test that
 * cannot be done.
 */
#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include "story.h"

/* World zero-initialised; nothing is injected. */
void stage_begin(struct world *world, uint64_t seed);
/* Ends what is scripted; after it no task, stream or memory of the loop is left. */
void stage_end(struct world *world);
/* An upstream with these lines (NULL-ended), as in the block `upstream` of a story. */
struct server *stage_server(
    struct world *world, const char *name, const char *transport, const char *const *lines);
/* The gateway of a configuration; $name in it: how an upstream is reached. */
struct hub *stage_hub(struct world *world, const char *yaml);
void stage_hub_end(struct world *world, struct hub **hub);
/* Does a text say this at a pointer?  value "": it says nothing there. Else it is shown. */
bool stage_says(struct slice text, const char *pointer, const char *value);

#endif

/*
 * modern_front: a front for clients without sessions, for tests only.  It is here to prove the
 * narrow waist: a question parks the exchange, the client is answered `input_required` with an
 * opaque requestState, and its retry wakes the same task.  The state is a key of a table, good for
 * one use.
 *
 * What it does not do: HTTP headers, sealing, the texts of a modern revision beyond what parking
 * needs.
 */
#ifndef TESTS_STORY_MODERN_FRONT_H
#define TESTS_STORY_MODERN_FRONT_H

#include "mcp/mcp.h"

struct modern;

struct modern *modern_new(struct loop *loop, const struct mcp_gate *gate, uint64_t expiry_ms,
    unsigned parked_max, void (*on_answer)(void *owner, struct slice text), void *owner);
/* No exchange may be left; what nobody came back for goes. */
void modern_free(struct modern **front);
/* One message of a client; can_answer: it declares elicitation, for this message. */
void modern_post(struct modern *front, struct slice text, bool can_answer);
unsigned modern_parked(const struct modern *front);

#endif

/*
 * toy: a small MCP server for simulations and stories, over any way to send a text.  It speaks the
 * legacy revisions and misbehaves on request.
 *
 * Tools: echo{text}, sleep{ms}, count{to} (progress), ask{} (elicitation; the answer is its
 * result), silent{} (never answers), twice{} (answers twice), rubbish{} (prints no JSON, then
 * answers), die{} (goes without an answer), big{bytes}.
 */
#ifndef TESTS_SIM_TOY_H
#define TESTS_SIM_TOY_H

#include "sim.h"

struct toy;

/* Where an answer goes: the toy's channel, or one HTTP request's. is_last: the response itself. */
typedef void toy_send_fn(void *channel, struct slice text, bool is_last);

struct toy_calls {
	unsigned initialize, list, call, cancelled, responses;
	unsigned done_twice; /* tools but echo that ran again with the same number in `text` */
};

struct toy *toy_new(
    struct sim *sim, const char *name, toy_send_fn *send, void (*die)(void *owner), void *owner);
void toy_free(struct toy **toy);
/* One message; answers go to channel, now or later. toy_forget() takes back a channel that is gone.
 */
void toy_message(struct toy *toy, struct slice text, void *channel);
void toy_forget(struct toy *toy, void *channel);
struct toy_calls *toy_calls(struct toy *toy);

/* As a program for sim_program(): ctx is a name; and as an HTTP server at /mcp. */
void toy_program(struct sim_process *process, const struct child_spec *spec, void *ctx);
struct toy_http;
struct toy_http *toy_http_new(struct sim *sim, const char *name, uint16_t port);
void toy_http_free(struct toy_http **http);
/* Counters of all toys that ever were, by name. */
struct toy_calls *toy_counters(const char *name);
/* All of them anew: another simulation begins. */
void toy_counters_clear(void);

#endif

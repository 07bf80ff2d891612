/*
 * Private to gateway: what the hub, the pipeline and the upstreams share.
 */
#ifndef GATEWAY_HUB_H
#define GATEWAY_HUB_H

#include "audit/audit.h"
#include "gateway/gateway.h"
#include "guard/guard.h"

/* A configuration that gateways and upstreams hold together. */
struct settings {
	unsigned refs;
	struct config *config;
};
struct settings *settings_ref(struct settings *settings);
void settings_unref(struct settings **settings);

struct gateway {
	unsigned refs;
	struct hub *hub;
	struct settings *settings;
	struct provider **providers;	   /* in the order of the configuration */
	const struct config_tools **rules; /* of each, in settings */
	size_t providers_n;
	struct names names;
};
struct gateway *gateway_ref(struct gateway *gateway);
void gateway_unref(struct gateway **gateway);

/* Somebody who waits for a change of a provider; on the stack of its task. */
struct waiter {
	struct waiter *next;
	struct task *task;
};

struct hub {
	struct loop *loop;
	struct gateway *now;
	struct fronts *fronts;
	struct mcp_gate gate;
	struct ledger *ledger;
	struct seal *seal; /* of what clients carry for us; its key needs a restart */
	struct catalogue *catalogue;
	bool is_stale; /* the catalogue: a provider has changed */
	struct deferred rebuild;
	struct group exchanges, supervisors;
	unsigned in_flight;
	uint64_t started_ms, turned_away;
	struct waiter *waiters;
	bool is_draining;
	struct deferred idle;
	void (*on_idle)(void *owner);
	void *idle_owner;
};

/* The gate's begin and cancel (pipeline.c). */
void pipeline_begin(void *owner, struct exchange *exchange);
void pipeline_cancel(void *owner, struct exchange *exchange);
bool pipeline_pass(void *owner, struct exchange *exchange, enum mcp_pass what, struct slice server,
    struct slice text, struct err *err);

void hub_exchange_ended(struct hub *hub);
/* Parks until any provider changes, or at_ms. */
MUST_CHECK bool hub_change_wait(struct hub *hub, uint64_t at_ms, struct err *err);
/* The same while providers are starting; *is_over: all are settled, or start_wait is over. */
MUST_CHECK bool hub_starting_wait(struct hub *hub, bool *is_over, struct err *err);

/* An upstream; its supervisor runs in hub->supervisors. Same name and digest: the same upstream. */
struct provider *
upstream_new(struct hub *hub, struct settings *settings, const struct config_upstream *upstream);
bool upstream_is(const struct provider *provider, const struct config_upstream *upstream);

#endif

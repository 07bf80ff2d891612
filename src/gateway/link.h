/*
 * Private to link.c and link_calls.c: one session with an upstream.
 */
#ifndef GATEWAY_LINK_H
#define GATEWAY_LINK_H

#include "gateway/hub.h"

#define LINK_BACKOFF_MAX_MS 30000
#define LINK_CHORES_MAX	    256
#define LINK_TEXT_MAX_BYTES (64 * KIB) /* of a request of our own */

/* A resource that somebody is subscribed to. */
struct watched {
	struct slice uri; /* its own memory; of a task: its id, raw */
	bool is_task;
	unsigned refs; /* clients */
};

/* What the upstream said of one of its lists; the shortest of its pages. */
struct listed {
	bool has_ttl, is_private;
	uint64_t until_ms; /* has_ttl: loop time */
};

struct link {
	struct link *next; /* of the upstream */
	struct upstream *upstream;
	struct client *client; /* whose own it is */
	bool is_own;
	struct task *supervisor;
	struct back *back;
	struct offer *offer;
	enum provider_state state;
	/* Kinds (1u << kind) whose change was told: since the last list began, and before it. */
	unsigned listing, told;
	uint64_t lists_begun, lists_ended;
	uint64_t connection; /* the number of this one, of all that the hub made */
	bool is_list_wanted; /* a client waits for the changed list */
	bool is_settled, is_greeted, is_lost, has_changed, is_stopping, is_demanded, is_working;
	bool must_greet; /* what it said of itself is over */
	bool has_listed; /* its lists were read, not its greeting alone */
	struct err why;
	uint64_t attempt_ms, retry_ms, ready_ms, listed_ms, used_ms;
	unsigned failures, calls;
	struct listed listed[ITEM_KINDS + 1]; /* the last: ITEM_GREETING */
	uint64_t resources_changed;	      /* so many times */
	struct program program;		      /* as it was started last */
	struct back_memory memory;	      /* from one connection to the next */
	/* Of the last handshake; their own memory. */
	struct slice capabilities, instructions, server_info;
	struct group work; /* the one child task that connects or lists */
	struct err work_err;
	bool work_ok;
	struct watched *watched;
	size_t watched_n;
	int level;	      /* that the upstream was asked for; -1: none */
	struct asker *askers; /* tasks that ask (link_held.c) */
	unsigned askers_n;
	uint64_t asked; /* questions of such, ever */
	struct group chores;
	unsigned chores_n;
};

static inline struct hub *
hub_of(const struct link *link)
{
	return link->upstream->provider.hub;
}

static inline struct slice
name_of(const struct link *link)
{
	return link->upstream->provider.name;
}

/* Does something have to be read again? */
static inline bool
link_is_outdated(const struct link *link)
{
	return link->has_changed || link->must_greet;
}

/* Is there a connection that takes calls? */
bool link_is_ready(const struct link *link);
/* In use (1), and no longer (-1). */
void link_use(struct link *link, int by);
/* What the call was answered, into the reply; its bytes go to the exchange. */
void
link_reply(struct link *link, struct exchange *exchange, struct call *call, struct reply *reply);
/* A request of our own; the caller ends the call, however it went. */
MUST_CHECK bool link_request_wait(struct link *link, enum mcp_method method, struct slice params,
    struct call *call, struct err *err);
/* tasks/get, update, cancel of a client without sessions, here; id: raw (link_held.c). */
MUST_CHECK bool link_held_wait(struct link *link, struct exchange *exchange, struct slice id,
    struct reply *reply, struct err *err);
/* The server tells of one of its tasks: so are those who listen. */
void link_held_status(struct link *link, struct slice id);
/* A notification that belongs to no call (link_notices.c). */
void link_notice(struct link *link, const struct tell *tell);
/* params of a request that tells what is to be heard of; begins the buffer. */
void link_watch_params(struct buf *params, struct slice uri, bool is_task);
/* Replaces a text with memory of its own. */
void text_keep(struct slice *at, struct slice text);

/* ---- what is measured of a call (span.c) ----------------------------------------------------- */

/* One call on its way; on the stack of its task. */
struct hop {
	struct link *link;
	struct call *call;
	enum mcp_revision revision;
	struct call_trace trace;
	struct buf text;   /* what it puts into the request */
	uint64_t began_ns; /* 0: nobody wants to know */
};
/* Before the call is sent, when all else that changes in its text is known. */
void hop_begin(struct hop *hop, struct link *link, struct exchange *exchange, struct call *call);
/* After it.  item: that is called, NULL: nothing with a name of its own; err NULL: it was answered,
 * as reply says. */
void
hop_end(struct hop *hop, const struct item *item, const struct reply *reply, const struct err *err);

#endif

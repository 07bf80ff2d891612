/*
 * gateway: providers, the catalogue of what they offer, routing, and the pipeline of an exchange.
 *
 * struct gateway is what the configuration says: counted and immutable; an exchange holds one
 * reference and ends under the rules it began with.  struct hub is what lives: upstreams by name
 * and digest, the current catalogue, the ledger; a reload swaps the gateway and keeps what did not
 * change.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "mcp/mcp.h"
#include "store/store.h"

struct hub;
struct gateway;
struct provider;
struct catalogue;

/* ---- providers ------------------------------------------------------------------------------ */

/* One tool as its provider offers it. */
struct tool {
	struct slice name;	 /* original, unescaped */
	struct slice definition; /* raw JSON object, byte for byte as received */
	struct slice name_token; /* span of definition that holds the name */
	bool is_read_only, is_idempotent;
};

/* One page of a list: its bytes are in one of both, as an intake left them. */
struct offer_page {
	struct arena arena;
	struct buf text;
};

/* What a provider offers, as a whole: counted, immutable. */
struct offer {
	unsigned refs;
	struct arena arena;
	struct offer_page *pages; /* as received */
	size_t pages_n;
	struct tool *tools;
	size_t tools_n;
	struct offer_build *build; /* private to offer.c */
};
struct offer *offer_new(struct memory *memory);
struct offer *offer_ref(struct offer *offer);
void offer_unref(struct offer **offer);
/*
 * Adds one page of a tools/list result to an offer that nobody else holds yet: tools_array is the
 * raw `tools` of a response whose bytes are in arena or text; both are taken.  A definition that
 * makes no sense (no name, empty, over 256 bytes, control characters, inputSchema not an object, a
 * name seen before) is dropped and logged by server and name, never the list.  In a task: lets the
 * loop turn after each slice of work (loop NULL: never).  False: ERR_LIMIT, or the task was cut;
 * tools_array no array: ERR_PARSE.
 */
MUST_CHECK bool
offer_add_page_wait(struct loop *loop, struct offer *offer, struct arena *arena, struct buf *text,
    struct slice tools_array, struct slice server, struct log *log, struct err *err);

enum provider_state { PROVIDER_IDLE, PROVIDER_CONNECTING, PROVIDER_READY, PROVIDER_DOWN };

struct provider_health {
	enum provider_state state;
	struct err why;	   /* DOWN: the last reason */
	uint64_t retry_ms; /* DOWN: when it will be tried again, loop time */
	unsigned restarts, in_flight;
	enum mcp_revision revision; /* READY */
};

struct client;
struct forward;
struct link;

/*
 * Anything that offers tools, resources, prompts: an upstream server, an Atlassian site, the
 * agents.  Functions that end in _wait run in a task of the exchange; True: reply has result or
 * error, whose slices live in the exchange; false: err as of back_call_wait.  client: for whom,
 * NULL: nobody in particular.  Where NULL stands for a function the provider does not have that.
 */
struct provider_ops {
	const char *kind;
	/* Connects what that client will need. */
	void (*want)(struct provider *provider, struct client *client);
	/* True once that is ready or has failed: start_wait waits for it. */
	bool (*is_settled)(const struct provider *provider, const struct client *client);
	/* True once its capabilities are known, or will not be. */
	bool (*is_greeted)(const struct provider *provider, const struct client *client);
	/* What it offers now, connecting if need be; a new reference, or NULL and err. */
	struct offer *(*list_wait)(
	    struct provider *provider, struct client *client, struct err *err);
	/* The exchange's request, with its own names for things. */
	bool (*forward_wait)(struct provider *provider, struct exchange *exchange,
	    const struct forward *forward, struct reply *reply, struct err *err);
	/* wants false: no longer. */
	bool (*subscribe_wait)(struct provider *provider, struct exchange *exchange, bool wants,
	    struct slice uri, const struct forward *forward, struct reply *reply, struct err *err);
	/* A client that was subscribed has gone. */
	void (*forget)(struct provider *provider, struct client *client, struct slice uri);
	bool (*set_level_wait)(struct provider *provider, struct exchange *exchange, int level,
	    const struct forward *forward, struct reply *reply, struct err *err);
	/* As far as it is known now: NULL, SLICE_NONE: not. */
	struct offer *(*offer)(const struct provider *provider, const struct client *client);
	struct slice (*capabilities)(const struct provider *provider, const struct client *client);
	struct slice (*instructions)(const struct provider *provider, const struct client *client);
	void (*health)(const struct provider *provider, const struct client *client,
	    struct provider_health *health);
	/* Last words for people about why it is down (stderr of a child); SLICE_NONE. */
	struct slice (*last_words)(const struct provider *provider);
	struct link *(*links)(const struct provider *provider); /* may be NULL */
	/* The last reference is gone: ends it and frees it, later if it must. */
	void (*close)(struct provider *provider);
};

struct provider {
	const struct provider_ops *ops;
	struct hub *hub;
	unsigned refs;
	struct slice name;   /* configured */
	bool has_own_prefix; /* native tools carry their prefix in their names */
	struct offer *offer; /* newest, or NULL: none yet, or down */
	unsigned place;	     /* in the order of the configuration */
};
struct provider *provider_ref(struct provider *provider);
void provider_unref(struct provider **provider);
/* A provider calls this when its offer or its health changed: the catalogue is made anew. */
void provider_changed(struct provider *provider);

/* ---- catalogue ------------------------------------------------------------------------------- */

struct names { /* namespace.* of the configuration */
	struct slice separator;
	enum config_prefix prefix;
	size_t max;
	bool many; /* more than one enabled upstream */
};

struct catalogue_entry {
	struct slice name; /* as clients see it */
	struct provider *provider;
	const struct tool *tool;
	uint32_t next; /* in its hash chain, 1-based */
};

/*
 * Immutable snapshot, counted: the merged, named list.  `list` is the ready result of tools/list.
 * A provider that is down, or has no offer yet, has no entries and stands in
 * _meta["bascule/unavailable"].  It holds references to the providers and their offers.
 * seed: random (loop_seed), for its table of names.
 */
struct catalogue *catalogue_new(struct provider *const *providers, struct offer *const *offers,
    size_t n, const struct names *names, struct log *log, struct memory *memory, uint64_t seed);
struct catalogue *catalogue_ref(struct catalogue *catalogue);
void catalogue_unref(struct catalogue **catalogue);
const struct catalogue_entry *catalogue_find(const struct catalogue *catalogue, struct slice name);
const struct catalogue_entry *catalogue_entries(const struct catalogue *catalogue, size_t *n);
struct slice catalogue_list(const struct catalogue *catalogue); /* raw JSON result of tools/list */
/* Does it show the same tools, byte for byte? (no list_changed then) */
bool catalogue_same(const struct catalogue *a, const struct catalogue *b);

/*
 * What one caller sees: the shared base plus the overlay of its own upstream sessions (NULL: none),
 * which hides the base's entries of the same providers.
 */
struct view {
	struct catalogue *base, *overlay;
};
const struct catalogue_entry *view_find(const struct view *view, struct slice name);

/* The name a client sees, in the arena: prefix rules, then `max` with 8 hex of SHA-256(server NUL
 * name). */
struct slice name_make(struct arena *arena, const struct names *names,
    const struct provider *provider, struct slice tool, bool force_hash);

/* ---- hub ------------------------------------------------------------------------------------- */

/* Takes config. The fronts are made by the caller with hub_gate(). */
struct hub *hub_new(struct loop *loop, struct config **config);
/* Cancels the exchanges, ends the upstreams and waits for both, then frees. From a task; fronts may
 * be freed only after it. */
void hub_free_wait(struct hub **hub);
const struct mcp_gate *hub_gate(struct hub *hub);
void hub_set_fronts(struct hub *hub, struct fronts *fronts); /* for list_changed; NULL: none */
/* Swaps in another configuration (taken); unchanged upstreams live on. */
void hub_reload(struct hub *hub, struct config **config);
const struct config *hub_config(const struct hub *hub);
struct loop *hub_loop(struct hub *hub);
struct ledger *hub_ledger(struct hub *hub);
unsigned hub_in_flight(const struct hub *hub);
/* Providers of the present configuration, in its order. */
struct provider *const *hub_providers(const struct hub *hub, size_t *n);
struct catalogue *hub_catalogue(struct hub *hub); /* borrowed */
/* Waits until every provider is settled, at most until start_wait after the start. */
MUST_CHECK bool hub_settled_wait(struct hub *hub, struct err *err);
/* No new exchanges; on_idle is called once the last one has ended. */
void hub_drain(struct hub *hub, void (*on_idle)(void *owner), void *owner);

#endif

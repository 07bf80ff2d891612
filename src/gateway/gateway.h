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

struct agents;
struct audit;
struct hub;
struct gateway;
struct guard;
struct guard_subject;
struct provider;
struct catalogue;

#define URI_MAX_BYTES (8 * KIB) /* of resources and templates */

/* ---- providers ------------------------------------------------------------------------------ */

/* What a provider can offer. */
enum item_kind {
	ITEM_TOOL,
	ITEM_PROMPT,
	ITEM_RESOURCE,
	ITEM_TEMPLATE,
	ITEM_KINDS,
	ITEM_GREETING = ITEM_KINDS, /* no list, but what it says of itself: of expire, freshness */
};

/* One row a kind: its list, and what an item looks like. */
struct item_kind_row {
	struct slice one, many;	 /* for people: "tool", "tools" */
	struct slice capability; /* of a server that lists them: "tools" */
	struct slice key;	 /* of the list's result: "resourceTemplates" */
	struct slice member;	 /* names an item within its definition: "uriTemplate" */
	size_t name_max;	 /* bytes of that name */
	enum mcp_method list, changed;
	bool is_prefixed; /* named by the rules of `namespace`; else a URI, which stays as it is */
};
const struct item_kind_row *item_kind_row(enum item_kind kind);
/* Which kind does a method list? */
bool item_kind_of_list(enum mcp_method method, enum item_kind *kind);

/* One tool, prompt, resource or template as its provider offers it. */
struct item {
	struct slice name;	 /* original, unescaped */
	struct slice definition; /* raw JSON object, byte for byte as received */
	struct slice name_token; /* span of definition that holds the name */
	/* Of a tool; what may harm is true where it does not say. */
	bool is_read_only, is_idempotent, is_destructive, is_open_world;
	bool needs_task;     /* the same: it is to be had as a task only (2025-11-25) */
	bool takes_task;     /* the same: it may be had as one */
	bool has_headers;    /* the same: some of its arguments are headers too (x-mcp-header) */
	bool has_odd_output; /* the same: its outputSchema describes no object */
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
	struct offer_page *pages; /* as received, of all kinds */
	size_t pages_n;
	struct {
		struct item *all;
		size_t n;
		bool is_known; /* a page of it was added, be it an empty one */
	} items[ITEM_KINDS];
	struct offer_build *build; /* private to offer.c */
};
struct offer *offer_new(struct memory *memory);
struct offer *offer_ref(struct offer *offer);
void offer_unref(struct offer **offer);
/*
 * Adds one page of a list to an offer that nobody else holds yet: array is the raw array of items
 * in a response whose bytes are in arena or text; both are taken.  A definition that makes no sense
 * (no name, empty, too long, control characters, inputSchema not an object, a name seen before) is
 * dropped and logged by server and name, never the list.  In a task: lets the loop turn after each
 * slice of work (loop NULL: never).  False: ERR_LIMIT, or the task was cut; array no array:
 * ERR_PARSE.
 */
MUST_CHECK bool offer_add_page_wait(struct loop *loop, struct offer *offer, enum item_kind kind,
    struct arena *arena, struct buf *text, struct slice array, struct slice server, struct log *log,
    struct err *err);

enum provider_state { PROVIDER_IDLE, PROVIDER_CONNECTING, PROVIDER_READY, PROVIDER_DOWN };

struct provider_health {
	enum provider_state state;
	struct err why;	   /* DOWN: the last reason */
	uint64_t retry_ms; /* DOWN: when it will be tried again, loop time */
	unsigned restarts, in_flight;
	enum mcp_revision revision; /* READY */
	bool is_isolated;	    /* READY, with a sandbox: what is in force */
	struct isolation_report isolation;
};

struct client;
struct link;

/* For how long something stays as it was told, and whether it is for its caller only. */
struct freshness {
	uint64_t ttl_ms;
	bool is_private;
};

/* A message for the provider: the exchange's request with these changes. */
struct forward {
	const struct item *item; /* that it is about, of the provider's offer; NULL: not known */
	struct slice uri;	 /* resources/read: as the provider knows it; else SLICE_NONE */
	struct edit edits[3];
	size_t edits_n;
	bool may_repeat;   /* read-only or idempotent */
	bool is_patient;   /* no deadline but the client's own */
	struct slice task; /* that it is about, as the provider knows it, raw; or SLICE_NONE */
	uint64_t from_ms;  /* since when its timeout counts; 0: since the exchange began */
};

/* The URI that resources/read names, as the provider calls it, in the exchange's arena. ERR_PARAMS:
 * it names none; ERR_LIMIT. */
MUST_CHECK bool forward_uri(
    struct exchange *exchange, const struct forward *forward, struct slice *out, struct err *err);

/*
 * Anything that offers tools, resources, prompts: an upstream server, an Atlassian site, the
 * agents.  Functions that end in _wait run in a task of the exchange; True: reply has result or
 * error, whose slices live in the exchange; false: err as of back_call_wait.  client: for whom,
 * NULL: nobody in particular.  Where NULL stands for a function the provider does not have that.
 */
struct provider_ops {
	const char *kind;
	/* Connects what that client will need; even_lazy: also what waits for its first use. */
	void (*want)(struct provider *provider, struct client *client, bool even_lazy);
	/* True once that is ready or has failed: start_wait waits for it. */
	bool (*is_settled)(const struct provider *provider, const struct client *client);
	/* True once its capabilities are known, or will not be. */
	bool (*is_greeted)(const struct provider *provider, const struct client *client);
	/* Until what it said to have changed was listed, or until_ms; false: cut short. NULL. */
	bool (*fresh_wait)(
	    struct provider *provider, struct client *client, uint64_t until_ms, struct err *err);
	/* What it offers now, connecting if need be; a new reference, or NULL and err. */
	struct offer *(*list_wait)(
	    struct provider *provider, struct client *client, struct err *err);
	/* The exchange's request, with its own names for things. */
	bool (*forward_wait)(struct provider *provider, struct exchange *exchange,
	    const struct forward *forward, struct reply *reply, struct err *err);
	/* wants false: no longer. */
	bool (*subscribe_wait)(struct provider *provider, struct exchange *exchange, bool wants,
	    struct slice uri, const struct forward *forward, struct reply *reply, struct err *err);
	/* The same for who listens, without a request of its own; false: err, and is_granted too.
	 */
	bool (*watch_wait)(struct provider *provider, struct exchange *exchange, struct slice uri,
	    bool *is_granted, struct err *err);
	/*
	 * About a task that a call of this client began, by the provider's id (raw): tasks/get,
	 * update, cancel as 2026-07-28 has them, or tasks/result, which waits for the outcome.
	 * NULL: it begins none.
	 */
	bool (*task_wait)(struct provider *provider, struct exchange *exchange,
	    enum mcp_method method, struct slice id, struct reply *reply, struct err *err);
	/* Has that caller a task of that id (raw)?  Of who has this, ids are told as they are, and
	 * good for any client of that caller, after a restart too; NULL: ids are of this process.
	 */
	bool (*has_task)(struct provider *provider, const struct caller *caller, struct slice id);
	/* From now on (wants), or no longer, its changes are told; may be NULL. */
	bool (*watch_task_wait)(struct provider *provider, struct exchange *exchange,
	    struct slice id, bool *is_granted, struct err *err);
	void (*forget_task)(struct provider *provider, struct client *client, struct slice id);
	/* A client that was subscribed, or listened, has gone. */
	void (*forget)(struct provider *provider, struct client *client, struct slice uri);
	bool (*set_level_wait)(struct provider *provider, struct exchange *exchange, int level,
	    const struct forward *forward, struct reply *reply, struct err *err);
	/*
	 * `auth: tenants`: is the credential that came with the exchange good here?  ERR_STRANGER:
	 * no, or there is none for it.  Who has this asks it of his own calls himself.  NULL: it
	 * knows no such credentials, and others are asked.
	 */
	bool (*confirm_wait)(struct provider *provider, struct exchange *exchange, struct err *err);
	/* Somebody asks for that list, or greeting: where its time is over (freshness), fresh_wait
	 * will read it, and this is true. */
	bool (*expire)(struct provider *provider, struct client *client, enum item_kind kind);
	/* As it said of the list that is its offer now.  NULL: it stays as it is. */
	void (*freshness)(const struct provider *provider, const struct client *client,
	    enum item_kind kind, struct freshness *out);
	/* As far as it is known now: NULL, SLICE_NONE: not. */
	struct offer *(*offer)(const struct provider *provider, const struct client *client);
	struct slice (*capabilities)(const struct provider *provider, const struct client *client);
	struct slice (*instructions)(const struct provider *provider, const struct client *client);
	/* Raw serverInfo, or SLICE_NONE; may be NULL. */
	struct slice (*server_info)(const struct provider *provider, const struct client *client);
	void (*health)(const struct provider *provider, const struct client *client,
	    struct provider_health *health);
	/* Another guard has come: is what it lets through still so?  May be NULL. */
	void (*guard_changed)(struct provider *provider);
	/* Last words for people about why it is down (stderr of a child); SLICE_NONE. */
	struct slice (*last_words)(const struct provider *provider);
	struct link *(*links)(const struct provider *provider); /* may be NULL */
	/* A tool that nobody has under that name: the one of its own that is meant by it, as
	 * clients see it; SLICE_NONE: none.  May be NULL. */
	struct slice (*alias)(const struct provider *provider, struct slice name);
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
	uint64_t told;	     /* hash of the instructions whose hiding was logged last; 0: none */
};
struct provider *provider_ref(struct provider *provider);
void provider_unref(struct provider **provider);

/* A configuration that gateways and providers hold together. */
struct settings {
	unsigned refs;
	struct config *config;
};
struct settings *settings_ref(struct settings *settings);
void settings_unref(struct settings **settings);

/*
 * How a configuration becomes providers of one kind: entries 0 to count-1, each of which is a
 * provider or nothing.  A reload keeps the provider that `is` the entry already.
 */
struct provider_kind {
	size_t (*count)(const struct config *config);
	bool (*is_enabled)(const struct config *config, size_t i);
	/* Same name, same settings: the same provider. */
	bool (*is)(const struct provider *provider, const struct config *config, size_t i);
	struct provider *(*make)(struct hub *hub, struct settings *settings, size_t i);
	/* allow, deny, rename, describe; NULL: none */
	const struct config_tools *(*rules)(const struct config *config, size_t i);
};

/* What the guard is shown of a request for such a thing: server, method, name, and what it says of
 * itself (view.c).  The rest of the subject stays. */
void provider_subject(struct guard_subject *subject, enum item_kind kind,
    const struct provider *provider, const struct item *item);
/* A provider is gone for good: nothing may refer to it any more. */
void hub_forget(struct hub *hub, const struct provider *provider);
/* A provider calls this when its offer or its health changed: the catalogue is made anew. */
void provider_changed(struct provider *provider);
/* The state of a task has changed: told to clients that listen to it (watch_task_wait).  id: raw;
 * params: of notifications/tasks, in the words of 2026-07-28, with that id in taskId. */
void provider_tell_task(struct provider *provider, struct slice id, struct slice params);

/* ---- what a command executes (program.c) ----------------------------------------------------- */

/* As a file was when it was read last: where nothing of it differs, it is not read again. */
struct program_file {
	uint64_t device, inode, size;
	int64_t changed_s, changed_ns, modified_s, modified_ns;
	char digest[72]; /* "sha256:" and 64 digits; "": it is not there, or cannot be read */
};
struct program {
	struct program_file program, script;
};
#define PROGRAM_PATH 4096
/* Where the command of an upstream is, by its PATH and from its folder, into out.  False: in no
 * folder of PATH; a path of its own is not looked at. */
bool program_find(const struct config_upstream *upstream, char out[PROGRAM_PATH]);
/*
 * The file that the command of an upstream executes, and the script that it gives to an interpreter
 * it knows.  Reads files: for helper threads, and for commands that run alone.
 */
void program_look(const struct config_upstream *upstream, struct program *program);

/* ---- clients of providers that tell of changes themselves ------------------------------------ */

struct client *client_ref(struct client *client);
void client_unref(struct client **client);
/* Who sent the exchange (pipeline.c); NULL: it stands alone. */
struct client *client_of(const struct exchange *exchange);
/* False: it has CLIENT_SUBSCRIPTIONS_MAX, or has gone. */
bool client_subscribe(struct client *client, struct provider *provider, struct slice uri);
void client_unsubscribe(struct client *client, struct provider *provider, struct slice uri);
uint64_t client_number(const struct client *client); /* of all that ever were, from 1 */
bool client_is_subscribed_to(
    const struct client *client, const struct provider *provider, struct slice uri);
/* A resource of a provider has changed: told to that client, if it subscribed to it or listens. */
void client_tell_updated(struct client *client, struct provider *provider, struct slice uri);

/* ---- what people see (approval.c) ----------------------------------------------------------- */

/* What has no look of its own, or changes that of others, as its number. */
void approval_put_shown(struct buf *out, struct slice text);

/* ---- catalogue ------------------------------------------------------------------------------- */

struct names { /* namespace.* of the configuration */
	struct slice separator;
	enum config_prefix prefix;
	size_t max;
	bool many; /* more than one enabled upstream */
};

struct catalogue_entry {
	struct slice name;  /* as clients see it, unescaped */
	struct slice shown; /* the definition as clients see it, raw JSON */
	struct provider *provider;
	const struct item *item;
	uint32_t next; /* in its hash chain, 1-based */
};

/* What a catalogue is made of; all borrowed for the call of catalogue_new() only. */
struct catalogue_source {
	struct provider *provider;
	struct offer *offer;		  /* NULL: down, or not there yet */
	const struct config_tools *rules; /* allow, deny, rename, describe; NULL: none */
	struct provider_health health;
	struct guard *guard; /* that its definitions are shown to; NULL: they pass as they are */
};

/* An item that the guard does not let be shown. */
struct catalogue_hidden {
	enum item_kind kind;
	struct slice name; /* as clients would see it, unescaped */
	const struct provider *provider;
	const struct item *item;
	struct slice rule, reason;
};

/*
 * Immutable snapshot, counted: the merged, named lists of every kind.  A provider that is down, or
 * has no offer yet, has no entries and stands in _meta["bascule/unavailable"].  It holds references
 * to the providers and their offers, so entries may be used as long as it is held.  Clients with
 * upstream sessions of their own get one of their own.
 * before: what it replaces or stands beside; what that one reported is not reported again; NULL:
 * none.  seed: random (loop_seed), for its tables of names.
 */
struct catalogue *
catalogue_new(const struct catalogue_source *sources, size_t n, const struct names *names,
    const struct catalogue *before, struct log *log, struct memory *memory, uint64_t seed);
/* Some of its entries, under the same names; all: itself.  A new reference. */
typedef bool catalogue_keep(void *ctx, enum item_kind kind, const struct catalogue_entry *entry);
struct catalogue *catalogue_part(struct catalogue *whole, catalogue_keep *keeps, void *ctx,
    struct log *log, struct memory *memory);
struct catalogue *catalogue_ref(struct catalogue *catalogue);
void catalogue_unref(struct catalogue **catalogue);
/* By the name, URI or template that clients see; NULL: not there. */
const struct catalogue_entry *
catalogue_find(const struct catalogue *catalogue, enum item_kind kind, struct slice name);
/* The same of what is hidden: by the name that clients would see. */
const struct catalogue_hidden *
catalogue_find_hidden(const struct catalogue *catalogue, enum item_kind kind, struct slice name);
const struct catalogue_hidden *catalogue_hidden(const struct catalogue *catalogue, size_t *n);
/* In the order of the list. */
const struct catalogue_entry *
catalogue_entries(const struct catalogue *catalogue, enum item_kind kind, size_t *n);
/* Has any of its tools an outputSchema that describes no object? */
bool catalogue_has_odd_output(const struct catalogue *catalogue);
/* The raw JSON result of a list that is one page; SLICE_NONE: it has more. */
struct slice catalogue_list(const struct catalogue *catalogue, enum item_kind kind);
/*
 * The page that begins with entry `at` (at most their number): the result but for its last brace,
 * so that nextCursor can be put behind it.  *next: where the next page begins, or the number of
 * entries.
 */
void catalogue_page(const struct catalogue *catalogue, enum item_kind kind, size_t at, size_t *next,
    struct buf *out);
/* Does it show the same items, byte for byte? (no list_changed then) */
unsigned catalogue_changed(const struct catalogue *a, const struct catalogue *b); /* 1u << kind */
bool catalogue_same(const struct catalogue *a, const struct catalogue *b, enum item_kind kind);

/*
 * The cursor of the page that begins with entry `at` (> 0), base64url into out; and back.  Also
 * when the list has changed, as long as it holds the last item of the page before.  token: the raw
 * JSON; false: ERR_PARAMS.
 */
void cursor_make(struct seal *seal, const struct caller *caller, const struct catalogue *catalogue,
    enum item_kind kind, size_t at, struct buf *out);
MUST_CHECK bool
cursor_read(struct seal *seal, const struct caller *caller, const struct catalogue *catalogue,
    enum item_kind kind, struct arena *arena, struct slice token, size_t *at, struct err *err);

enum uri_route_how {
	URI_LISTED,   /* entry is a resource */
	URI_TEMPLATE, /* entry is a template that it fits */
	URI_SERVER,   /* not listed; it names the server, `server+uri` */
	URI_ONLY,     /* not listed; only one provider has resources */
};

struct uri_route {
	enum uri_route_how how;
	struct provider *provider;
	const struct catalogue_entry *entry; /* NULL: not listed */
	struct slice uri;		     /* as the provider calls it */
};

/* Whose is a URI of a client?  In the order of uri_route_how; false: nobody's. */
MUST_CHECK bool
catalogue_route_uri(const struct catalogue *catalogue, struct slice uri, struct uri_route *route);
/*
 * The other direction: how clients call a provider's URI, so that it is routed back there: as it
 * is, or `server+uri` in the arena (ERR_LIMIT when that is full).
 */
MUST_CHECK bool catalogue_client_uri(const struct catalogue *catalogue, struct arena *arena,
    const struct provider *provider, struct slice uri, struct slice *out, struct err *err);

/* ---- names (names.c, uri.c) ------------------------------------------------------------------ */

/*
 * The name a client sees of a tool or prompt, in the arena: prefix rules, then `max` with 8 hex of
 * SHA-256(server NUL original).  name: the original, or what it was renamed to.
 */
struct slice name_make(struct arena *arena, const struct names *names,
    const struct provider *provider, struct slice name, struct slice original, bool force_hash);
/* `server+uri`, in the arena. */
struct slice name_make_uri(struct arena *arena, const struct provider *provider, struct slice uri);

/*
 * Does a URI fit a template (RFC 6570)?  {x} fits within a segment, {+x} anything, the other kinds
 * may be missing.  *budget: steps that may still be made, of all templates together; at 0: false.
 */
bool uri_fits(struct slice template, struct slice uri, size_t *budget);

/* ---- hub ------------------------------------------------------------------------------------- */

/*
 * Takes config.  natives: NULL-ended, the kinds of providers beside upstreams, which come first;
 * NULL: none; borrowed.  The fronts are made by the caller with hub_gate().  NULL: ERR_CONFIG, its
 * guard cannot be made; config is not taken.
 */
struct hub *hub_new(struct loop *loop, struct config **config,
    const struct provider_kind *const *natives, struct err *err);
/* Cancels the exchanges, ends the upstreams and waits for both, then frees. From a task; fronts may
 * be freed only after it. */
void hub_free_wait(struct hub **hub);
const struct mcp_gate *hub_gate(struct hub *hub);
/* Swaps in another configuration; unchanged upstreams live on.  False: as hub_new(), and nothing
 * has changed. */
MUST_CHECK bool hub_reload(struct hub *hub, struct config **config, struct err *err);
const struct config *hub_config(const struct hub *hub);
struct loop *hub_loop(struct hub *hub);
struct ledger *hub_ledger(struct hub *hub);
/* Where its exchanges are written down from now on; borrowed, and outlives the hub.  NULL: nowhere.
 */
void hub_set_audit(struct hub *hub, struct audit *audit);
struct audit *hub_audit(const struct hub *hub);
/* The supervisor of agent runs; borrowed, and outlives the hub.  NULL: there is none. */
void hub_set_agents(struct hub *hub, struct agents *agents);
struct agents *hub_agents(const struct hub *hub);
/*
 * What is used of budgets is kept in that directory, which is this process's alone, and what an
 * earlier one left there counts: in a task, before anything passes.  False: the task cannot be
 * made.
 */
MUST_CHECK bool hub_keep_budgets_wait(struct hub *hub, const char *dir, struct err *err);
unsigned hub_in_flight(const struct hub *hub);

/* ---- traces (span.c) ------------------------------------------------------------------------- */

/* A client's request; a call to a server that it led to; a REST request of a native tool. */
enum span_kind { SPAN_SERVER, SPAN_CLIENT, SPAN_REST };

/* One that has ended; all of it is borrowed. */
struct span {
	enum span_kind kind;
	const struct exchange *exchange; /* with its trace */
	const struct traceparent *own;
	const unsigned char *parent; /* span id; NULL: it is the first of its trace */
	uint64_t began_ns;	     /* since 1970 */
	struct slice server;	     /* configured name; SLICE_NONE: nobody's */
	struct slice name;	     /* of the tool or prompt, as it was asked for, or SLICE_NONE;
					SPAN_REST: the HTTP method */
	struct slice rule;	     /* of the guard, that refused it; or SLICE_NONE */
	enum mcp_revision revision;
	bool is_pipe; /* stdio; else HTTP */
	bool has_failed;
	const char *outcome; /* SPAN_SERVER: as the audit has it */
	const char *error;   /* a word; NULL with has_failed: a server said so, by: */
	int64_t code;	     /* JSON-RPC; 0: none */
	char session[17];    /* as the audit has it; "": none */
	/* SPAN_REST: */
	struct slice address;		/* host */
	unsigned port, status, resends; /* status 0: no answer */
};

/* Who takes them, on the loop and at once. */
struct tracer {
	void *owner;
	/* Makes exchange->trace, or completes it: a span of its own, recorded or not. */
	void (*begin)(void *owner, struct exchange *exchange);
	void (*draw)(void *owner, unsigned char span_id[SPAN_ID_BYTES]);
	void (*ended)(void *owner, const struct span *span);
};
/* tracer is borrowed; NULL: none, as at first.  What a client brings goes on all the same. */
void hub_set_tracer(struct hub *hub, const struct tracer *tracer);

/* A REST request that a native tool makes for an exchange, from its sending to its answer. */
struct rest_step {
	const struct exchange *exchange;
	struct traceparent own;
	uint64_t began_ns; /* since 1970; 0: it is not recorded */
};
struct rest_told {
	struct slice server;	/* configured name */
	struct slice method;	/* of HTTP */
	struct slice address;	/* host that was asked */
	unsigned port, resends; /* resends: how often it was sent before */
	int status;		/* of the answer; or: */
	const struct err *err;	/* why there is none; else NULL */
};
/* exchange NULL: it is nobody's, and not recorded. */
void hub_rest_begin(struct hub *hub, const struct exchange *exchange, struct rest_step *step);
/* told is borrowed. */
void hub_rest_end(struct hub *hub, const struct rest_step *step, const struct rest_told *told);

/* A task for a provider's own errands, as group_spawn(); the hub does not end before it. */
MUST_CHECK bool
hub_spawn(struct hub *hub, const char *name, void (*fn)(void *arg), void *arg, struct err *err);
/* Providers of the present configuration, in its order. */
struct provider *const *hub_providers(const struct hub *hub, size_t *n);
struct catalogue *hub_catalogue(struct hub *hub); /* borrowed */
struct guard *hub_guard(struct hub *hub);	  /* borrowed, until the next reload */
/* Every provider is settled, or start_wait is over; and it is not draining. */
bool hub_is_ready(const struct hub *hub);
uint64_t hub_started_ms(const struct hub *hub); /* loop time */
/* No new exchanges; on_idle is called once the last one has ended. */
void hub_drain(struct hub *hub, void (*on_idle)(void *owner), void *owner);

#endif

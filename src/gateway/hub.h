/*
 * Private to gateway: what the hub, the pipeline and the upstreams share.
 */
#ifndef GATEWAY_HUB_H
#define GATEWAY_HUB_H

#include "audit/audit.h"
#include "gateway/gateway.h"
#include "guard/guard.h"

struct gateway {
	unsigned refs;
	struct hub *hub;
	struct settings *settings;
	struct provider **providers;	   /* in the order of the configuration */
	const struct config_tools **rules; /* of each, in settings */
	size_t providers_n;
	struct names names;
	struct guard *guard;
};
struct gateway *gateway_ref(struct gateway *gateway);
void gateway_unref(struct gateway **gateway);

/* ---- an index: bounded, the oldest entry gives way (index.c) --------------------------------- */

/* Whose is a URI, a task, an elicitation?  Keys are copied; values are not owned. */
struct index;
struct index *index_new(struct hub *hub, size_t entries_max);
void index_free(struct index **index);
void index_put(struct index *index, struct slice key, void *value); /* over 4 KiB: not kept */
void *index_find(const struct index *index, struct slice key);	    /* NULL: unknown */
void index_forget(struct index *index, const void *value);

/* ---- clients (client.c) ---------------------------------------------------------------------- */

#define CLIENT_SUBSCRIPTIONS_MAX 1000

struct subscription {
	struct slice uri; /* as the provider knows it; its own memory */
	struct provider *provider;
};

#define CLIENT_TOKENS_MAX 64

/* The progress token of a call that began a task, and the number that the server knows it by. */
struct task_token {
	uint64_t connection, number;
	struct slice token; /* raw; its own memory */
};

/*
 * Who has a view: one session of a client; or, of requests that come without any, those of one
 * caller with the same capabilities by the same transport (guest.c).  What it declared, its own
 * upstream sessions and the view of the catalogue that follows from them, what it subscribed to.
 * Counted: exchanges hold it; is_over: the session has ended, or nobody came for so long.
 */
struct listen;
struct passage;

struct client {
	unsigned refs;
	uint64_t number;	    /* of all that ever were, from 1 */
	struct client *next, *prev; /* in hub->clients */
	struct hub *hub;
	struct session *session; /* NULL: it has none, or that is over */
	struct guest *guest;	 /* of one without: how it is found again */
	bool is_over;
	uint64_t started_ms;
	struct slice capabilities, info; /* raw objects, as it declared them; in the next */
	struct buf declared;
	enum mcp_revision revision; /* that upstream sessions of its own are asked for */
	bool is_stdio, is_ready, was_listed;
	bool has_own;		     /* upstream sessions of its own */
	struct catalogue *catalogue; /* has_own: its view */
	struct view *own_view;	     /* what of that it may see; NULL: it was not looked at */
	struct catalogue *shown;     /* the list that it was shown last; NULL: none yet */
	struct deferred rebuild;
	unsigned must_tell; /* kinds */
	int level;	    /* it asked for logs of this level; -1: never */
	struct subscription *subscriptions;
	size_t subscriptions_n;
	struct index *tasks;	   /* task id: provider; NULL: none yet */
	struct task_token *tokens; /* of its latest tasks; a ring */
	size_t tokens_n;	   /* ever kept */
	struct listen *listens;
	unsigned listens_n;
};

/* One that is in the hub's list and nothing else yet. */
struct client *client_add(struct hub *hub);
/* Copies what it says of itself, once; ERR_LIMIT. */
MUST_CHECK bool client_describe(
    struct client *client, struct slice capabilities, struct slice info, struct err *err);
/* For the session of an initialize request; NULL: the session is over already, or err. */
struct client *client_begin(struct hub *hub, struct exchange *exchange, struct err *err);
/* Since when it could have been waited for what this client sees: hub or its own sessions. */
uint64_t client_from_ms(const struct hub *hub, const struct client *client);
/* Takes it out of everything; what holds it may still look at it. */
void client_end(struct client *client);
void client_ready(struct client *client); /* it has sent notifications/initialized */
/* The gate's ended and notice. */
void client_ended(void *owner, struct session *session);
void client_notice(void *owner, struct session *session, const struct message *message);
/* What it sees: its own catalogue or, NULL too, the hub's. */
struct catalogue *client_view(struct hub *hub, struct client *client);
/* Something has changed that it may see: its own view is made anew, changed lists are told. */
void client_changed(struct client *client);
/* kinds (1u << kind) whose change its own upstream told: passed on even if nothing differs. */
void client_must_tell(struct client *client, unsigned kinds);
void client_tell_changed(struct client *client, unsigned kinds);
/* It was shown a list of that. */
void client_shown(struct client *client, struct catalogue *catalogue);
/* What it sees now, against what it was shown last; before, now: of whom nothing was shown to. */
unsigned client_sees_changed(
    struct client *client, const struct catalogue *before, const struct catalogue *now);
void client_forget(struct client *client, const struct provider *provider);
/* A task of a provider that this client began. */
void client_own_task(struct client *client, struct slice id, struct provider *provider);
#define LEVEL_INFO 1 /* of RFC 5424's, as mcp_log_level_find() counts them */
/* The progress token of a call that began a task; the oldest of CLIENT_TOKENS_MAX gives way. */
void
client_keep_token(struct client *client, uint64_t connection, uint64_t number, struct slice token);
/* SLICE_NONE: it is not this client's. */
struct slice client_token(const struct client *client, uint64_t connection, uint64_t number);
/* May it see a log message of that level? -1: no level that is known. */
bool client_wants_level(const struct client *client, int level);
/* Is it a whole, or a part of it?  What is subscribed to may be a whole of which a part changed. */
bool uri_is_part(struct slice uri, struct slice whole);
/* To it, or to a whole that it is part of. */
bool client_is_subscribed(
    const struct client *client, const struct provider *provider, struct slice uri);

/* ---- clients without sessions (guest.c) ------------------------------------------------------ */

struct guests;
struct guests *guests_new(struct hub *hub);
void guests_free(struct guests **guests); /* none is left */
/* Who sent an exchange without a session; made if need be, which may end the one that was idle
 * longest.  NULL: ERR_LIMIT. */
struct client *guest_find(struct guests *guests, const struct exchange *exchange, struct err *err);
/* Who it is; NULL: it is over, or has a session. */
const struct caller *guest_caller(const struct client *client);
/* It was used until now. */
void guest_touch(struct client *client);
/* Takes it out of the table (client_end does). */
void guest_forget(struct client *client);

/* ---- tasks that clients hold (held.c) -------------------------------------------------------- */

struct held;
struct held_all;
struct held_all *held_all_new(struct hub *hub);
void held_all_free(struct held_all **all);
/* The client is over: those of its session too; others wait for their caller. */
void held_leave(struct client *client);
void held_forget(struct hub *hub, const struct provider *provider);
/* By the client's id, raw; NULL: there is none that this caller began. */
struct held *
held_find(const struct exchange *exchange, const struct passage *passage, struct slice id);
/* The same, or one that this caller began before (has_task). */
struct held *held_claim(struct exchange *exchange, struct passage *passage, struct slice id);
/* Whose it is, and how that one knows it; NULL: it was over when it began. */
struct provider *held_own(const struct held *held, struct slice *own);
/* After a call: where its answer is a task for its client, it is held, and shown as that knows it.
 */
MUST_CHECK bool held_begin(struct exchange *exchange, struct passage *passage, struct reply *reply);
/* tasks/get, result, update, cancel. */
MUST_CHECK bool held_wait(struct exchange *exchange, struct passage *passage, struct held *held,
    const struct forward *forward, struct reply *reply);
/* Those of the client as they were last told, with commas between. */
void held_list(const struct passage *passage, struct buf *out);
/* A raw member of params. */
struct slice exchange_param(const struct exchange *exchange, struct slice key);
/* Rules, the ledger's route, the provider, rules again (methods.c). */
MUST_CHECK bool method_forward(struct exchange *exchange, struct passage *passage,
    struct slice name, const struct forward *forward, struct reply *reply);

/* ---- pages that the user is sent to (visit.c) ------------------------------------------------ */

/*
 * The provider's forward_wait; what sends the user to a page by an error that the client does not
 * know is asked, and the call made again.
 */
struct visits;
MUST_CHECK bool visit_forward_wait(struct exchange *exchange, struct passage *passage,
    const struct forward *forward, struct reply *reply);
/* notifications/elicitation/complete; id as it is written. */
void visits_done(struct hub *hub, struct slice id);

/* ---- budgets in a file (budgets.c) ----------------------------------------------------------- */

/* Writes what is used; the gateway is still there. */
struct budgets;
void budgets_free_wait(struct budgets **budgets); /* NULL: nothing */

/* ---- subscriptions/listen (listen.c) --------------------------------------------------------- */

/* Begins it: passage->listen is it afterwards, unless it is over with that. */
MUST_CHECK bool
listen_wait(struct exchange *exchange, struct passage *passage, struct reply *reply);
/* Soon, with its result. */
void listener_end(struct listen *listen);
void listens_end(struct client *client, bool at_once);
void listens_forget(struct client *client, const struct provider *provider);
void listens_tell_changed(struct client *client, enum item_kind kind);
/* uri: as the provider knows it; tell: as the client does. */
bool listens_hear(const struct client *client, const struct provider *provider, struct slice uri);
/* Of a task, by the provider's id, raw. */
bool
listens_hear_task(const struct client *client, const struct provider *provider, struct slice id);
/* token: span of tell->params that holds that id. */
void listens_tell_task(struct client *client, const struct provider *provider, struct slice id,
    struct slice token, const struct tell *tell);
void listens_tell_updated(struct client *client, const struct provider *provider, struct slice uri,
    const struct tell *tell);

/* ---- the hub --------------------------------------------------------------------------------- */

/* Somebody who waits for a change of a provider; on the stack of its task. */
struct waiter {
	struct waiter *next;
	struct task *task;
};

#define TALLIES 256

/* A series, found again by its labels. */
struct tally {
	uint64_t hash;
	struct series *series;
};

enum byte_count { BYTES_FROM_CLIENT, BYTES_TO_CLIENT, BYTES_FROM_SERVER, BYTES_TO_SERVER, BYTES_N };

struct hub {
	struct loop *loop;
	const struct provider_kind *const *natives;
	struct gateway *now;
	struct mcp_gate gate;
	struct ledger *ledger;
	struct audit *audit;	     /* borrowed; NULL: none */
	struct agents *agents;	     /* the same */
	struct budgets *budgets;     /* NULL: they are not kept */
	struct bodies *bodies;	     /* NULL: none was kept yet */
	struct seal *seal;	     /* of what clients carry for us; its key needs a restart */
	const struct tracer *tracer; /* borrowed; NULL: none */
	struct series *duration, *bytes[BYTES_N];
	struct catalogue *catalogue;
	bool is_stale; /* the catalogue: a provider has changed */
	struct deferred rebuild;
	struct group exchanges, supervisors;
	unsigned in_flight;
	uint64_t started_ms, turned_away, connections; /* the last two: so many so far */
	struct waiter *waiters;
	struct client clients; /* list head */
	unsigned clients_n;
	uint64_t clients_ever;
	struct guests *guests;
	struct held_all *held;
	struct visits *visits; /* pages that are being visited */
	struct approvals *approvals;
	struct views *views;
	struct tally verdicts[TALLIES], findings[TALLIES], timings[TALLIES];
	struct shelf *shelf; /* resources that may be kept */
	struct index *uris;  /* seen in results: provider */
	struct index *asked; /* elicitation id: client */
	bool is_draining;
	struct deferred idle;
	void (*on_idle)(void *owner);
	void *idle_owner;
};

/* The pipeline's part of an exchange; in its arena. */
struct passage {
	struct hub *hub;
	struct gateway *gateway;
	struct exchange *exchange;
	struct client *client;	     /* NULL: the request stands alone */
	struct catalogue *catalogue; /* the snapshot it was routed by */
	struct provider *provider;
	struct slice name;	 /* of what is wanted, as the client wrote it, unescaped */
	struct listen *listen;	 /* it lasts, without a task; NULL: it does not */
	struct guard_hold *hold; /* places under limits, until it is finished */
	bool is_not_shown;	 /* it is there, but not for this caller */
	struct approval
	    *approval; /* the user's consent to this call, once; NULL: none was needed */
	/* For the audit: it went to a provider; and was written down before that; notes of the
	 * guard */
	bool is_call, has_intent, has_digest;
	unsigned char arguments_sha256[AUDIT_DIGEST];
	char notes[200];
};

/* One function a method (methods.c); false: reply->err says why. */
bool method_run(struct exchange *exchange, struct passage *passage, struct reply *reply);
/* The result of initialize (describe.c). */
MUST_CHECK bool
describe_wait(struct exchange *exchange, struct passage *passage, struct reply *reply);
/* It goes to that provider, and keeps it: a reload may be done with it meanwhile. */
void route_to(struct passage *passage, struct provider *provider);
/* Takes the view of the client as it is now: passage->catalogue. */
void route_view(struct passage *passage);
/* Finds who has an item of that name, waiting for who may have it; NULL: reply->err (route.c). */
const struct catalogue_entry *
route_wait(struct passage *passage, enum item_kind kind, struct reply *reply);
/* The same of a URI; *own: as the provider calls it. */
MUST_CHECK bool route_uri_wait(struct passage *passage, struct slice *own, struct reply *reply);
/* The only provider of a client that has a session of its own with it: what is unknown here is for
 * that to refuse.  NULL: there is no such. */
struct provider *route_transparent(const struct passage *passage);
/* ---- what crosses (crossing.c) --------------------------------------------------------------- */

struct crossing {
	enum guard_kind kind;
	struct slice server, name; /* as the guard's subject */
	const struct item *item;   /* that it is about; NULL: none, or not known */
	struct slice text;	   /* params, or what came back */
	struct slice method;	   /* SLICE_NONE: the exchange's */
	bool is_error;		   /* what came back is an error */
	bool may_be_answered;	   /* the guard may have the result, so that nobody is asked */
};
/*
 * Shows a request or a result to the guard.  True: it goes on; what was changed stands in
 * exchange->arguments, reply->result or reply->error; a request with may_be_answered whose result
 * stands in reply->result goes no further.  False: reply->err, and the rule.
 */
MUST_CHECK bool
crossing_wait(struct exchange *exchange, const struct crossing *crossing, struct reply *reply);
/* ---- what is measured (span.c) --------------------------------------------------------------- */

/* The span of an exchange; its end needs how it ended, and nothing freed. */
void span_begin(struct hub *hub, struct exchange *exchange);
void span_end(struct exchange *exchange, struct passage *passage, const struct reply *reply,
    enum ledger_outcome outcome);
void measure_begin(struct hub *hub);
struct series *tally_find(struct hub *hub, struct tally *all, enum metric metric,
    struct slice label, struct slice label2);
/* A tool was called, and has answered or not. */
void measure_call(struct hub *hub, struct slice server, struct slice tool, uint64_t began_ms);
/* The same for all requests of a client, and nothing that could be used in its name (trail.c). */
void client_tag(const struct exchange *exchange, const struct client *client, char out[17]);
/* ---- consent (approval.c) -------------------------------------------------------------------- */

struct approvals;
struct approvals *approvals_new(struct hub *hub);
void approvals_free(struct approvals **approvals);
/* That client is over. */
void approvals_forget(struct approvals *approvals, uint64_t window);
/*
 * The verdict is GUARD_ASK_FIRST: asks the client's user, who sees the arguments as they would be
 * sent, unless that was asked before and is remembered.  False: ERR_REFUSED says why there is no
 * consent, ERR_CANCELLED.
 */
MUST_CHECK bool approval_wait(struct exchange *exchange, const struct guard_subject *subject,
    const struct guard_verdict *verdict, struct err *err);
/* The call that was consented to goes on in another request of its client. */
void approval_continue(struct exchange *exchange);

/* ---- what the audit is told (trail.c) -------------------------------------------------------- */

/*
 * A request of that method goes to its provider, for an item or (NULL) none that is known; false:
 * it may not, because it cannot be written down.  An exchange that makes several says it of each.
 */
MUST_CHECK bool trail_begin_wait(struct exchange *exchange, struct passage *passage,
    enum mcp_method method, const struct item *item, struct err *err);
/* Its end; strict: the reply becomes an error where it cannot be written down. */
/* The gate's refused. */
void trail_refused(void *owner, const struct mcp_refusal *refusal);
void trail_end_wait(struct exchange *exchange, struct passage *passage, struct reply *reply);
/*
 * Both as the audit may keep them (trail_body.c): redacted, and no longer than `most`, or what says
 * why not; SLICE_NONE gives nothing.  In a task.
 */
struct bodies *bodies_new(struct loop *loop);
void bodies_free(struct bodies **bodies);
void bodies_redact_wait(struct exchange *exchange, struct bodies *bodies, size_t most,
    struct slice arguments, struct slice result, struct buf out[2]);
void trail_note(struct passage *passage, const struct guard_verdict *verdict);
/* Of what is about to be answered (pipeline.c). */
enum ledger_outcome reply_outcome(const struct exchange *exchange, const struct reply *reply);
int reply_error_code(const struct reply *reply);

/* ---- what callers see (view.c) --------------------------------------------------------------- */

struct view;
struct views;
struct views *views_new(void);
void views_free(struct views **views);
void view_free(struct view **view); /* NULL: nothing */
/* The shared catalogue is that now. */
void views_clean(struct views *views, const struct catalogue *now);
/* What the sender of an exchange may see, or (NULL) that client; a new reference. */
struct catalogue *view_for(struct hub *hub, const struct exchange *exchange, struct client *client);
/* Is it there, and not for this caller?  Then subject and rule are what denies it. */
bool view_hides(const struct passage *passage, enum item_kind kind, struct slice name,
    struct guard_subject *subject, struct slice *rule);
bool view_hides_uri(const struct passage *passage, const struct provider *provider,
    struct slice uri, struct slice *rule);
/* Do callers see different things? */
bool view_is_private(const struct hub *hub);

/* Refused before it came so far: the ledger has the route and the rule, and it is counted. */
void crossing_denied(
    struct exchange *exchange, struct slice server, struct slice name, struct slice rule);
/* The gate's may_tell and pass_wait. */
bool pipeline_may_tell(void *owner, struct exchange *exchange, struct tell *tell, struct buf *room);
bool pipeline_pass_wait(void *owner, struct exchange *exchange, enum mcp_pass what,
    struct slice server, struct slice *text, struct err *err);
/* The same of what a server tells of no call, and asks or is answered outside of one. */
bool pipeline_notice(struct hub *hub, struct slice server, struct tell *tell, struct buf *room);
bool pipeline_session_pass_wait(struct hub *hub, enum mcp_pass what, struct slice server,
    struct arena *arena, struct slice *text, struct err *err);

/* ---- definitions as the guard has them (screen.c) -------------------------------------------- */

/* What it made of one item; its texts are in the arena of screens_new(). */
struct screen {
	bool is_hidden;
	struct slice rule, reason; /* is_hidden */
	struct slice text;	   /* its definition instead; SLICE_NONE: as it is */
};
struct screens;
/* Of all items of these offers (NULL: none) that the configuration lets through. */
struct screens *screens_new(const struct catalogue_source *sources, struct offer *const *offers,
    size_t n, struct arena *arena);
void screens_free(struct screens **screens);
const struct screen *
screens_of(const struct screens *screens, size_t source, enum item_kind kind, size_t item);
size_t screens_hidden(const struct screens *screens); /* so many items */
size_t screens_bytes(const struct screens *screens);  /* of all texts instead */
/* allow and deny of rules, which may be NULL (catalogue.c). */
bool tools_allow(const struct config_tools *rules, struct slice name);
/* In a task: what was listed is looked at once, so that making catalogues of it is quick. */
MUST_CHECK bool screen_ahead_wait(
    struct hub *hub, const struct provider *provider, const struct offer *offer, struct err *err);
/* What is to be shown of a server's instructions; SLICE_NONE: nothing. */
void screen_instructions(struct gateway *gateway, struct provider *provider, struct slice text,
    struct arena *arena, struct slice *out);

/* Names in a view that could be taken for others are told (likenesses.c). */
void likenesses_look(struct gateway *gateway, struct client *client,
    const struct catalogue_source *sources, size_t n);

/* The same of server/discover. */
MUST_CHECK bool
discover_wait(struct exchange *exchange, struct passage *passage, struct reply *reply);

/* ---- for how long it stays so (fresh.c) ------------------------------------------------------ */

/* ttlMs and cacheScope of a result that an upstream sent; false: it says nothing of time. */
bool fresh_read(const struct json_scan *scan, struct freshness *out);
/* Do these capabilities promise to tell when that list changes? */
bool fresh_is_told(struct slice capabilities, enum item_kind kind);
/* Do callers or clients see different things? */
bool fresh_is_private(const struct passage *passage);
/* Somebody asks for these lists, or greetings: what is over is read anew, by hub_fresh_wait();
 * true: there is such. */
bool fresh_expire(const struct passage *passage, enum item_kind kind);
/* Into a reply: of one of our lists, of the result of server/discover. */
void fresh_list(const struct passage *passage, enum item_kind kind, struct reply *reply);
void fresh_description(const struct passage *passage, struct reply *reply);

/* ---- resources that may be kept (shelf.c) ---------------------------------------------------- */

struct link;
struct shelf;
struct shelf *shelf_new(struct hub *hub);
void shelf_free(struct shelf **shelf);
/* What has changed, or is a part of it, or a whole; SLICE_NONE: all of that connection. */
void shelf_forget(struct shelf *shelf, uint64_t connection, struct slice uri);
/* A resources/read that can be answered from here; true: reply has the result and its freshness. */
bool shelf_recall(const struct link *link, struct exchange *exchange, const struct forward *forward,
    struct reply *reply);
/* It was answered by the server: keeps what may be kept. */
void shelf_keep(const struct link *link, const struct exchange *exchange,
    const struct forward *forward, const struct reply *reply);

/* Does any server offer such things, or may one that is not there? (methods.c) */
bool is_offered(const struct passage *passage, enum item_kind kind);

/* Its one outcome and answer; frees it. */
void pipeline_finish(struct exchange *exchange, struct passage *passage, struct reply *reply);
/* The gate's begin and cancel (pipeline.c). */
void pipeline_begin(void *owner, struct exchange *exchange);
void pipeline_cancel(void *owner, struct exchange *exchange);

void hub_exchange_ended(struct hub *hub);
/* Parks until any provider changes, or at_ms. */
MUST_CHECK bool hub_change_wait(struct hub *hub, uint64_t at_ms, struct err *err);
/*
 * The same while what that client (NULL: nobody in particular) needs is starting; *is_over: all is
 * settled, or start_wait is over since from_ms.
 */
MUST_CHECK bool hub_starting_wait(
    struct hub *hub, struct client *client, uint64_t from_ms, bool *is_over, struct err *err);
MUST_CHECK bool
hub_ready_wait(struct hub *hub, struct client *client, uint64_t from_ms, struct err *err);
/* Until lists that were told to have changed were read again, or for start_wait. */
MUST_CHECK bool hub_fresh_wait(struct hub *hub, struct client *client, struct err *err);
/* Until the capabilities of all are known, in the same way. */
MUST_CHECK bool
hub_greeted_wait(struct hub *hub, struct client *client, uint64_t from_ms, struct err *err);
/* Every provider connects what that client will need; even_lazy: also what waits for its use. */
void hub_want_all(struct hub *hub, struct client *client, bool even_lazy);
/* Somebody who waits may find what it waits for. */
void hub_wake(struct hub *hub);
struct catalogue *
hub_make_view(struct hub *hub, struct client *client, const struct catalogue *before);

/* ---- upstreams (upstream.c, link.c) ---------------------------------------------------------- */

struct link;

/* The provider kind "upstream": its settings, and its sessions, of which one may be shared. */
struct upstream {
	struct provider provider;
	struct settings *settings;
	const struct config_upstream *config;
	struct arena arena;
	const char *const *env; /* of a child, complete */
	struct link *links;	/* all of them */
	struct link *shared;	/* one of them, or NULL */
	unsigned restarts;
	bool is_closed;
};

extern const struct provider_kind upstream_kind;
/* Does the client use the session that clients share? */
bool upstream_shares(const struct upstream *upstream, const struct client *client);
/* The last link of a closed upstream has ended. */
void upstream_free(struct upstream *upstream);

/* One session with an upstream, with the task that makes it, keeps it and makes it again.  NULL:
 * there are too many. */
struct link *link_new(struct upstream *upstream, struct client *client);
struct link *link_next(const struct link *link);
bool link_is_of(const struct link *link, const struct client *client);
/* The client has gone, or the upstream is closed. It frees itself. */
void link_stop(struct link *link);
/* Another guard has come: what it does not approve is ended, what is down is tried again. */
void link_guard_changed(struct link *link);
void link_client_ready(struct link *link);
bool link_is_settled(const struct link *link);
bool link_is_greeted(const struct link *link); /* handshake done, or settled */
/* Is its list of that kind over the time that the upstream gave it?  Then it is read again. */
bool link_expire(struct link *link, enum item_kind kind);
void link_freshness(const struct link *link, enum item_kind kind, struct freshness *out);
struct offer *link_offer(const struct link *link);
struct slice link_capabilities(const struct link *link); /* raw object; SLICE_NONE: not known */
struct slice link_instructions(const struct link *link); /* unescaped, or SLICE_NONE */
struct slice link_server_info(const struct link *link);	 /* raw, or SLICE_NONE */
struct slice link_last_words(const struct link *link);
void link_health(const struct link *link, struct provider_health *health);
MUST_CHECK bool link_ready_wait(struct link *link, struct err *err);
/* Until what was told to have changed was listed, or until_ms; not for one that is not connected.
 */
MUST_CHECK bool link_fresh_wait(struct link *link, uint64_t until_ms, struct err *err);
/* One call; true: reply has result or error. */
MUST_CHECK bool link_forward_wait(struct link *link, struct exchange *exchange,
    const struct forward *forward, struct reply *reply, struct err *err);
/* The same of resources/read, which may be answered by what was read before. */
MUST_CHECK bool link_read_wait(struct link *link, struct exchange *exchange,
    const struct forward *forward, struct reply *reply, struct err *err);
/* The same; where the answer is a task and the client takes none, its outcome (link_tasks.c). */
MUST_CHECK bool link_call_wait(struct link *link, struct exchange *exchange,
    const struct forward *forward, struct reply *reply, struct err *err);
/* A request about a task, by the server's id, raw; tasks/result waits for the outcome. */
MUST_CHECK bool link_task_wait(struct link *link, struct exchange *exchange, enum mcp_method method,
    struct slice id, struct reply *reply, struct err *err);
/* link_watch_wait and link_unwatch of a task. */
MUST_CHECK bool
link_watch_task_wait(struct link *link, struct slice id, bool *is_granted, struct err *err);
void link_unwatch_task(struct link *link, struct slice id);
/* For a provider's own errands: method and raw params; the answer is dropped. */
void link_chore(struct link *link, enum mcp_method method, struct slice params);
void link_notify(struct link *link, enum mcp_method method, struct slice params);
/* From now on changes of that resource are told; refused: *is_granted is false. */
MUST_CHECK bool
link_watch_wait(struct link *link, struct slice uri, bool *is_granted, struct err *err);
/* One less wants to hear of it. */
void link_unwatch(struct link *link, struct slice uri);
/* What is told again to a new session. */
MUST_CHECK bool link_subscribe(struct link *link, struct slice uri, bool *is_first);
bool link_unsubscribe(struct link *link, struct slice uri); /* true: nobody is left */
void link_set_level(struct link *link, int level);
int link_level(const struct link *link);

#endif

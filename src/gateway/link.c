/*
 * A link: one session with an upstream, shared by many clients or one client's own.
 *
 * Each has a supervisor, a task that connects, lists, waits for the connection's end or a changed
 * list, and connects again with backoff; so no upstream delays another.  A connection that is lost
 * is made again at once, and only when that fails are its tools taken out of the catalogue.  Calls
 * wait for a connection that is being made; one that is down is tried again on demand, at most once
 * a second.
 *
 * A link of one client's own is that client to the upstream: it declares the client's capabilities,
 * and says that it is initialised when the client says so.
 */
#include <string.h>

#include "gateway/hub.h"

#define BACKOFF_MIN_MS	  500
#define BACKOFF_MAX_MS	  30000
#define DEMAND_MS	  1000	/* a call may ask for a new attempt this long after the last */
#define STEADY_MS	  10000 /* a connection that lived this long starts the backoff anew */
#define RELIST_MS	  1000	/* a list is read again at most this often */
#define CURSOR_BYTES	  (32 * KIB)
#define CLOSE_GRACE_MS	  3000 /* for a child after its stdin was closed */
#define SUBSCRIPTIONS_MAX 10000
#define CHORES_MAX	  256
#define TEXT_MAX_BYTES	  (64 * KIB) /* of a request of our own */

/* A resource that somebody is subscribed to. */
struct watched {
	struct slice uri; /* its own memory */
	unsigned refs;	  /* clients */
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
	unsigned listing; /* kinds (1u << kind) whose change was told */
	bool is_settled, is_greeted, is_lost, has_changed, is_stopping, is_demanded, is_working;
	struct err why;
	uint64_t attempt_ms, retry_ms, ready_ms, listed_ms, used_ms;
	unsigned failures, calls;
	struct slice last_words; /* its own memory */
	struct slice capabilities, instructions; /* of the last handshake; their own memory */
	struct group work;	 /* the one child task that connects or lists */
	struct err work_err;
	bool work_ok;
	struct watched *watched;
	size_t watched_n;
	int level; /* that the upstream was asked for; -1: none */
	struct group chores;
	unsigned chores_n;
};

static struct hub *
hub_of(const struct link *link)
{
	return link->upstream->provider.hub;
}

static struct slice
name_of(const struct link *link)
{
	return link->upstream->provider.name;
}

/* What a link offers, or whether it is up, has changed. */
static void
changed(struct link *link)
{
	struct provider *provider = &link->upstream->provider;

	if (!link->is_own) {
		offer_unref(&provider->offer);
		provider->offer = link->offer != NULL ? offer_ref(link->offer) : NULL;
		provider_changed(provider);
		return;
	}
	hub_wake(hub_of(link));
	if (link->client != NULL)
		client_changed(link->client);
}

static void
state_set(struct link *link, enum provider_state state)
{
	link->state = state;
	changed(link);
}

static void
text_keep(struct slice *at, struct slice text)
{
	char *copy;

	mem_free((void *)at->p);
	*at = SLICE_NONE;
	if (text.n == 0)
		return;
	copy = mem_new(text.n);
	memcpy(copy, text.p, text.n);
	*at = (struct slice){ copy, text.n };
}

/* ---- what the back tells --------------------------------------------------------------------- */

static void
on_list_changed(void *owner, enum mcp_method what)
{
	struct link *link = owner;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		if (item_kind_row(kind)->changed == what)
			link->listing |= 1u << kind;
	}
	link->has_changed = true;
	task_wake(link->supervisor);
}

static void
on_lost(void *owner, const struct err *why)
{
	struct link *link = owner;

	link->is_lost = true;
	link->why = *why;
	task_wake(link->supervisor);
}

static bool
on_ask_wait(void *owner, const struct question *question, struct arena *arena,
    struct answer *answer, struct err *err)
{
	struct link *link = owner;

	if (link->client == NULL || link->client->session == NULL)
		return err_set(err, ERR_CANCELLED, "the client that should be asked has gone");
	return session_ask_wait(link->client->session, question, arena, answer, err);
}

/* A plain string of params; false: it is none, or too long to matter. */
static bool
text_param(struct arena *arena, struct slice params, struct slice key, struct slice *text)
{
	struct slice token;
	struct err err;

	return json_type(params) == JSON_OBJECT && json_find(params, key, &token) &&
	    json_type(token) == JSON_STRING && token.n <= 4 * KIB &&
	    json_string(arena, token, text, &err);
}

/* Of a shared session: whom is it about? Each notification says it in a member of its own. */
static void
share_out(struct link *link, const struct tell *tell)
{
	struct hub *hub = hub_of(link);
	struct provider *provider = &link->upstream->provider;
	struct client *client = NULL;
	struct slice text;
	struct arena arena;

	arena_init(&arena, NULL, 8 * KIB);
	if (tell->method == MCP_ELICITATION_COMPLETE &&
	    text_param(&arena, tell->params, S("elicitationId"), &text))
		client = index_find(hub->asked, text);
	if (client != NULL && client->session != NULL)
		session_tell(client->session, tell);
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next) {
		bool is_meant = false;

		if (tell->method == MCP_RESOURCE_UPDATED && c->subscriptions_n > 0)
			is_meant = text_param(&arena, tell->params, S("uri"), &text) &&
			    client_is_subscribed(c, provider, text);
		else if (tell->method == MCP_TASK_STATUS && c->tasks != NULL)
			is_meant = text_param(&arena, tell->params, S("taskId"), &text) &&
			    index_find(c->tasks, text) == provider;
		if (is_meant)
			session_tell(c->session, tell);
	}
	arena_fini(&arena);
}

static void
on_notice(void *owner, const struct tell *tell)
{
	struct link *link = owner;

	if (!link->is_own)
		share_out(link, tell);
	else if (link->client != NULL && link->client->session != NULL)
		session_tell(link->client->session, tell);
}

static const struct back_events back_events = { .list_changed = on_list_changed,
	.notice = on_notice,
	.ask_wait = on_ask_wait,
	.lost = on_lost };

/* ---- listing --------------------------------------------------------------------------------- */

/* What stands in a page besides its tools: nothing, or where the next one begins. */
static bool
page_cursor(const struct call *call, struct arena *arena, struct slice *cursor, struct err *err)
{
	struct slice next = json_scan_get(call->response.scan, S("result"), S("nextCursor"));

	/* An empty cursor is how some servers say that there is no more. */
	if (json_type(next) != JSON_STRING || next.n <= 2)
		return true;
	if (next.n > CURSOR_BYTES)
		return err_set(err, ERR_UNAVAILABLE,
		    "sent a tools/list cursor of %zu bytes (at most %zu)", next.n, CURSOR_BYTES);
	if (!arena_reserve(arena, next.n, err))
		return false;
	*cursor = slice_dup(arena, next);
	return true;
}

/* A request of our own. */
static void
request_put(struct buf *text, enum mcp_method method, struct slice params)
{
	buf_printf(text, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"%s\"",
	    mcp_method_row(method)->name);
	if (params.p != NULL) {
		buf_puts(text, ",\"params\":");
		buf_put(text, params);
	}
	buf_putc(text, '}');
}

MUST_CHECK static bool
request_wait(struct link *link, enum mcp_method method, struct slice params, struct call *call,
    struct err *err)
{
	static const char before_id[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct buf text;
	bool ok;

	buf_init(&text, NULL, TEXT_MAX_BYTES);
	request_put(&text, method, params);
	call_init(call);
	call->text = buf_view(&text);
	call->id = (struct slice){ call->text.p + sizeof(before_id) - 1, 1 };
	call->may_repeat = true;
	ok = buf_check(&text, err) && back_call_wait(link->back, call, err);
	buf_fini(&text);
	return ok;
}

/* One page of a list: params {"cursor":...}. */
static bool
page_wait(struct link *link, enum item_kind kind, struct offer *offer, struct slice *cursor,
    struct arena *arena, struct err *err)
{
	const struct item_kind_row *row = item_kind_row(kind);
	struct loop *loop = hub_of(link)->loop;
	struct slice items, params = SLICE_NONE;
	struct buf text;
	struct call call;
	bool ok;

	buf_init(&text, NULL, TEXT_MAX_BYTES);
	if (cursor->p != NULL) {
		buf_puts(&text, "{\"cursor\":");
		buf_put(&text, *cursor);
		buf_putc(&text, '}');
		params = buf_view(&text);
	}
	ok = request_wait(link, row->list, params, &call, err);
	buf_fini(&text);
	*cursor = SLICE_NONE;
	if (ok && call.response.kind == MESSAGE_ERROR)
		ok = err_set(err, ERR_UNAVAILABLE, "refused %s: %.*s",
		    mcp_method_row(row->list)->name,
		    (int)(call.response.body.n > 160 ? 160 : call.response.body.n),
		    call.response.body.p);
	if (ok) {
		items = json_scan_get(call.response.scan, S("result"), row->key);
		if (items.p == NULL)
			ok = err_set(err, ERR_UNAVAILABLE, "answered %s without %.*s",
			    mcp_method_row(row->list)->name, SLICE_FMT(row->key));
	}
	ok = ok && page_cursor(&call, arena, cursor, err) &&
	    offer_add_page_wait(loop, offer, kind, &call.arena, &call.answer, items, name_of(link),
		loop_log(loop), err);
	call_fini(&call);
	return ok;
}

static bool
kind_wait(struct link *link, enum item_kind kind, struct offer *offer, struct arena *arena,
    struct err *err)
{
	struct slice cursor = SLICE_NONE, before;

	do {
		before = cursor;
		if (!page_wait(link, kind, offer, &cursor, arena, err))
			return false;
		if (cursor.p != NULL && slice_eq(cursor, before))
			return err_set(err, ERR_UNAVAILABLE, "its list of %.*s never ends",
			    SLICE_FMT(item_kind_row(kind)->many));
	} while (cursor.p != NULL);
	return true;
}

/* Tools must be there; what else cannot be listed is missing, and that is said. */
static bool
list_wait(struct link *link, struct err *err)
{
	struct loop *loop = hub_of(link)->loop;
	struct offer *offer = offer_new(loop_memory(loop));
	struct slice capabilities = back_capabilities(link->back), there;
	struct arena arena;
	bool ok = true;

	arena_init(&arena, loop_memory(loop), 4 * MIB);
	link->has_changed = false;
	link->listed_ms = loop_now_ms(loop);
	for (enum item_kind kind = 0; ok && kind < ITEM_KINDS; kind++) {
		if (!json_find(capabilities, item_kind_row(kind)->capability, &there))
			continue;
		ok = kind_wait(link, kind, offer, &arena, err);
		if (ok || kind == ITEM_TOOL || !back_is_usable(link->back) ||
		    task_cut(task_self(loop)) != ERR_NONE)
			continue;
		ok = true;
		log_event(loop_log(loop), LOG_WARN, "upstream_list_failed",
		    "%.*s: its %.*s could not be read: %s", SLICE_FMT(name_of(link)),
		    SLICE_FMT(item_kind_row(kind)->many), err->text);
	}
	arena_fini(&arena);
	if (ok) {
		offer_unref(&link->offer);
		link->offer = offer;
	} else {
		offer_unref(&offer);
	}
	return ok;
}

/* ---- connecting ------------------------------------------------------------------------------ */

/* What a session that is shared declares: whoever causes a question is asked, or declines. */
static struct slice
shared_capabilities(const struct config *config)
{
	/* Callers of one principal share roots: theirs is the call that asks for them. */
	return config->auth == AUTH_UNSET || config->auth == AUTH_NONE
	    ? S("{\"elicitation\":{\"form\":{},\"url\":{}},\"sampling\":{\"tools\":{}},\"roots\":{}}")
	    : S("{\"elicitation\":{\"form\":{},\"url\":{}},\"sampling\":{\"tools\":{}}}");
}

/* The subscriptions and the log level of the session before. */
static bool
restore_wait(struct link *link, struct err *err)
{
	struct buf params;
	struct call call;
	bool ok = true;

	buf_init(&params, NULL, TEXT_MAX_BYTES);
	if (link->level >= 0) {
		buf_printf(&params, "{\"level\":\"%s\"}", log_level_name(link->level));
		ok = request_wait(link, MCP_SET_LEVEL, buf_view(&params), &call, err);
		call_fini(&call);
	}
	for (size_t i = 0; ok && i < link->watched_n; i++) {
		buf_clear(&params);
		buf_puts(&params, "{\"uri\":");
		buf_json_string(&params, link->watched[i].uri);
		buf_putc(&params, '}');
		ok = request_wait(link, MCP_SUBSCRIBE, buf_view(&params), &call, err);
		call_fini(&call);
	}
	buf_fini(&params);
	return ok;
}

/* A client's own session begins when the client does. */
static bool
client_ready_wait(struct link *link, struct err *err)
{
	struct loop *loop = hub_of(link)->loop;
	struct task *self = task_self(loop);

	if (!link->is_own)
		return true;
	/* How long a client takes is not the upstream's doing. */
	task_clock_stop(self);
	while (link->client != NULL && !link->client->is_ready && !link->is_lost) {
		if (!hub_change_wait(hub_of(link), loop_now_ms(loop) + BACKOFF_MAX_MS, err))
			break;
	}
	task_clock_start(self);
	if (link->is_lost) {
		*err = link->why;
		return false;
	}
	return task_cut(self) == ERR_NONE;
}

static bool
greet_wait(struct link *link, struct err *err)
{
	const struct config *config = link->upstream->settings->config;
	const struct client *client = link->client;
	struct back_spec spec = { .server = name_of(link),
		.upstream = link->upstream->config,
		.env = link->upstream->env,
		.message_bytes = config->limit_message_bytes,
		.ask_ms = config->limit_ask_ms,
		.capabilities = client != NULL ? client->capabilities : shared_capabilities(config),
		.client_info = client != NULL ? client->info : SLICE_NONE,
		.revision = client != NULL ? client->revision : MCP_NEWEST,
		.is_own = link->is_own };

	if (!back_open_wait(hub_of(link)->loop, &spec, &back_events, link, &link->back, err))
		return false;
	text_keep(&link->capabilities, back_capabilities(link->back));
	text_keep(&link->instructions, back_instructions(link->back));
	link->is_greeted = true;
	changed(link);
	return true;
}

static void
work_done(struct link *link, bool ok)
{
	link->work_ok = ok;
	link->is_working = false;
	task_wake(link->supervisor);
}

static void
connect_run(void *arg)
{
	struct link *link = arg;
	struct loop *loop = hub_of(link)->loop;
	struct err *err = &link->work_err;
	bool ok;

	task_deadline(task_self(loop),
	    loop_now_ms(loop) + link->upstream->config->connect_timeout_ms);
	ok = greet_wait(link, err) && client_ready_wait(link, err);
	if (ok)
		back_begin(link->back);
	work_done(link, ok && list_wait(link, err) && restore_wait(link, err));
}

static void
list_run(void *arg)
{
	struct link *link = arg;
	struct loop *loop = hub_of(link)->loop;

	task_deadline(task_self(loop), loop_now_ms(loop) + link->upstream->config->timeout_ms);
	work_done(link, list_wait(link, &link->work_err));
}

/* Runs fn in a child task, so that a stop can cut it short; false: it failed, or was stopped. */
static bool
work_wait(struct link *link, const char *name, void (*fn)(void *arg))
{
	struct loop *loop = hub_of(link)->loop;
	struct err err;

	link->work_err = (struct err){ 0 };
	link->work_ok = false;
	link->is_working = true;
	if (!group_spawn(loop, &link->work, name, fn, link, &link->work_err)) {
		link->is_working = false;
		return false;
	}
	while (link->is_working && !link->is_stopping) {
		if (!task_park_wait(loop, &err))
			break;
	}
	if (link->is_working)
		group_cancel(&link->work, ERR_CANCELLED);
	group_drain(loop, &link->work);
	return link->work_ok && !link->is_stopping;
}

static void
disconnect_wait(struct link *link)
{
	if (link->back != NULL)
		text_keep(&link->last_words, back_stderr(link->back));
	back_close_wait(&link->back, CLOSE_GRACE_MS);
}

/* It cannot be used for now: its tools go, the next attempt is set, later the more often it failed.
 */
static void
goes_down(struct link *link)
{
	struct loop *loop = hub_of(link)->loop;
	uint64_t wait = BACKOFF_MIN_MS, jitter;

	for (unsigned i = 0; i < link->failures && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	wait = wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait;
	loop_random(loop, &jitter, sizeof(jitter));
	wait += jitter % (wait / 4);
	link->failures++;
	link->why.kind = ERR_UNAVAILABLE;
	link->retry_ms = loop_now_ms(loop) + wait;
	link->is_settled = true;
	offer_unref(&link->offer);
	text_keep(&link->capabilities, SLICE_NONE);
	text_keep(&link->instructions, SLICE_NONE);
	log_event(loop_log(loop), LOG_WARN, "upstream_down",
	    "%.*s is unavailable: %s; next attempt in %llu ms", SLICE_FMT(name_of(link)),
	    link->why.text, (unsigned long long)wait);
	state_set(link, PROVIDER_DOWN);
}

static void
not_reached(struct link *link)
{
	link->why = link->work_err;
	if (link->why.kind == ERR_DEADLINE)
		err_set(&link->why, ERR_UNAVAILABLE, "did not answer within connect_timeout (%llu ms)",
		    (unsigned long long)link->upstream->config->connect_timeout_ms);
	goes_down(link);
}

static void
came_up(struct link *link)
{
	struct loop *loop = hub_of(link)->loop;
	struct slice info = back_server_info(link->back);

	link->ready_ms = loop_now_ms(loop);
	link->is_settled = true;
	log_event(loop_log(loop), LOG_INFO, "upstream_ready",
	    "%.*s is ready: %zu tools, revision %s, %.*s", SLICE_FMT(name_of(link)),
	    link->offer->items[ITEM_TOOL].n, mcp_revision_name(back_revision(link->back)),
	    (int)(info.n > 160 ? 160 : info.n), info.p != NULL ? info.p : "");
	state_set(link, PROVIDER_READY);
}

/* When what has to be done next is due; UINT64_MAX: nothing is. */
static uint64_t
due_ms(const struct link *link)
{
	uint64_t idle_ms = link->upstream->config->idle_stop_ms;

	if (link->has_changed)
		return link->listed_ms + RELIST_MS;
	return idle_ms > 0 && link->calls == 0 ? link->used_ms + idle_ms : UINT64_MAX;
}

static void
list_again(struct link *link)
{
	if (work_wait(link, "list", list_run)) {
		if (link->client != NULL)
			client_must_tell(link->client, link->listing);
		changed(link);
	} else if (!link->is_lost && !link->is_stopping) {
		log_event(loop_log(hub_of(link)->loop), LOG_WARN, "upstream_list_failed",
		    "%.*s: its changed list could not be read: %s", SLICE_FMT(name_of(link)),
		    link->work_err.text);
	}
}

/*
 * While it is connected: lists again when told so, but not more often than RELIST_MS, whatever it
 * tells.  Returns when lost, stopped, or idle for so long that it is to be stopped (true).
 */
static bool
serve_wait(struct link *link)
{
	struct loop *loop = hub_of(link)->loop;
	bool timed_out;
	struct err err;

	while (!link->is_lost && !link->is_stopping) {
		uint64_t due = due_ms(link);

		if (loop_now_ms(loop) < due) {
			if (due == UINT64_MAX
				? !task_park_wait(loop, &err)
				: !task_park_until_wait(loop, due, &timed_out, &err))
				return false;
		} else if (link->has_changed) {
			list_again(link);
		} else {
			return true;
		}
	}
	return false;
}

/* A steady connection is made again at once; one that does not last is not hammered. */
static void
lost(struct link *link)
{
	struct loop *loop = hub_of(link)->loop;

	log_event(loop_log(loop), LOG_WARN, "upstream_lost", "%.*s %s", SLICE_FMT(name_of(link)),
	    link->why.text);
	link->upstream->restarts++;
	link->retry_ms = loop_now_ms(loop);
	if (loop_now_ms(loop) - link->ready_ms >= STEADY_MS)
		link->failures = 0;
	if (link->failures > 0)
		goes_down(link);
	else
		link->failures++;
}

/* Nothing to do for now: until the next attempt, or until it is asked for. */
static void
rest_wait(struct link *link)
{
	struct loop *loop = hub_of(link)->loop;
	uint64_t most = link->upstream->config->restarts;
	bool timed_out, is_over = false;
	struct err err;

	while (!link->is_stopping && !link->is_demanded && !is_over) {
		if (link->state == PROVIDER_IDLE || (most > 0 && link->failures > most))
			is_over = !task_park_wait(loop, &err);
		else
			is_over = loop_now_ms(loop) >= link->retry_ms ||
			    !task_park_until_wait(loop, link->retry_ms, &timed_out, &err);
	}
}

static void
link_free(struct link *link)
{
	struct upstream *upstream = link->upstream;
	struct link **at = &upstream->links;

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	if (upstream->shared == link)
		upstream->shared = NULL;
	offer_unref(&link->offer);
	text_keep(&link->last_words, SLICE_NONE);
	text_keep(&link->capabilities, SLICE_NONE);
	text_keep(&link->instructions, SLICE_NONE);
	for (size_t i = 0; i < link->watched_n; i++)
		mem_free((void *)link->watched[i].uri.p);
	mem_free(link->watched);
	mem_free(link);
	if (upstream->is_closed && upstream->links == NULL)
		upstream_free(upstream);
}

static void
supervise(void *arg)
{
	struct link *link = arg;
	struct loop *loop = hub_of(link)->loop;
	bool is_idle = false;

	link->supervisor = task_self(loop);
	while (!link->is_stopping) {
		link->attempt_ms = loop_now_ms(loop);
		link->is_demanded = false;
		/* Before, and not when it came up: it may be lost again by then. */
		link->is_lost = false;
		state_set(link, PROVIDER_CONNECTING);
		if (work_wait(link, "connect", connect_run)) {
			came_up(link);
			is_idle = serve_wait(link);
			if (is_idle)
				state_set(link, PROVIDER_IDLE);
			else if (!link->is_stopping)
				lost(link);
		} else if (!link->is_stopping) {
			not_reached(link);
		}
		disconnect_wait(link);
		rest_wait(link);
	}
	group_cancel(&link->chores, ERR_CANCELLED);
	group_drain(loop, &link->chores);
	link_free(link);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* The back is asked, not is_lost: in the turn in which it is lost our event may come later. */
static bool
is_ready(const struct link *link)
{
	return link->state == PROVIDER_READY && link->back != NULL && back_is_usable(link->back);
}

void
link_demand(struct link *link)
{
	if (link->is_demanded)
		return;
	link->is_demanded = true;
	if (link->supervisor != NULL)
		task_wake(link->supervisor);
}

/* Waits until there is a connection; false: err says why there is none. */
static bool
ready_wait(struct link *link, struct err *err)
{
	struct hub *hub = hub_of(link);

	for (;;) {
		uint64_t now = loop_now_ms(hub->loop);
		bool is_tried;

		if (is_ready(link))
			return true;
		if (link->is_stopping)
			return err_set(err, ERR_UNAVAILABLE, "is being closed");
		if (link->state == PROVIDER_DOWN && !link->is_demanded &&
		    now < link->attempt_ms + DEMAND_MS) {
			*err = link->why;
			return false;
		}
		if (link->state == PROVIDER_DOWN || link->state == PROVIDER_IDLE)
			link_demand(link);
		is_tried = link->is_demanded || link->state == PROVIDER_CONNECTING;
		if (!hub_change_wait(hub, now + BACKOFF_MAX_MS, err))
			return false;
		/* An attempt was made for us, or with us waiting: its end is the answer. */
		if (link->state == PROVIDER_DOWN && is_tried && !link->is_demanded) {
			*err = link->why;
			return false;
		}
	}
}

/* In use while somebody waits for it, so that it does not go to sleep under them. */
static void
use(struct link *link, int by)
{
	link->calls += (unsigned)by;
	link->used_ms = loop_now_ms(hub_of(link)->loop);
	if (link->calls == 0 && link->supervisor != NULL)
		task_wake(link->supervisor);
}

bool
link_ready_wait(struct link *link, struct err *err)
{
	bool ok;

	use(link, 1);
	ok = ready_wait(link, err);
	use(link, -1);
	return ok;
}

static void
call_sent(struct call *call)
{
	struct hub *hub = hub_of(call->owner);

	ledger_sent(hub->ledger, call->exchange->number, loop_unix_ms(hub->loop));
}

/* What became of one attempt: there was a connection to send it on; it may have been done. */
struct attempt {
	bool has_begun, was_sent;
};

static bool
forward_once_wait(struct link *link, struct exchange *exchange, const struct forward *forward,
    struct reply *reply, struct attempt *attempt, struct err *err)
{
	const struct message *request = &exchange->request;
	struct call call;
	bool ok;

	*attempt = (struct attempt){ .has_begun = ready_wait(link, err) };
	if (!attempt->has_begun)
		return false;
	call_init(&call);
	call.exchange = exchange;
	call.text = request->text;
	call.id = request->id;
	call.token = request->progress_token;
	call.keep = exchange->text;
	for (size_t i = 0; i < forward->edits_n; i++)
		call.edits[call.edits_n++] = forward->edits[i];
	call.may_repeat = forward->may_repeat;
	call.on_sent = call_sent;
	call.owner = link;
	ok = back_call_wait(link->back, &call, err);
	attempt->was_sent = call.was_sent;
	if (ok) {
		exchange_keep(exchange, &call.arena, &call.answer);
		reply->result =
		    call.response.kind == MESSAGE_RESULT ? call.response.body : SLICE_NONE;
		reply->error =
		    call.response.kind == MESSAGE_ERROR ? call.response.body : SLICE_NONE;
		reply->scan = call.response.scan;
	}
	call_fini(&call);
	return ok;
}

/*
 * A call that surely was not done, or that may be done twice, is repeated once when its connection
 * was lost meanwhile; any other is told as it is.
 */
bool
link_forward_wait(struct link *link, struct exchange *exchange, const struct forward *forward,
    struct reply *reply, struct err *err)
{
	uint64_t timeout_ms = link->upstream->config->timeout_ms;
	struct attempt attempt;
	bool ok;

	if (!forward->is_patient)
		task_deadline(exchange->task, exchange->started_ms + timeout_ms);
	use(link, 1);
	ok = forward_once_wait(link, exchange, forward, reply, &attempt, err);
	if (!ok && attempt.has_begun && (forward->may_repeat || !attempt.was_sent) &&
	    !is_ready(link) &&
	    (err->kind == ERR_UNAVAILABLE || err->kind == ERR_OUTCOME_UNKNOWN))
		ok = forward_once_wait(link, exchange, forward, reply, &attempt, err);
	use(link, -1);
	if (ok)
		return true;
	if (err->kind == ERR_DEADLINE)
		err_set(err, ERR_DEADLINE, "no answer within its timeout (%llu ms)",
		    (unsigned long long)timeout_ms);
	return err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
}

/* ---- errands --------------------------------------------------------------------------------- */

struct chore {
	struct link *link;
	enum mcp_method method;
	struct buf params;
};

static void
chore_run(void *arg)
{
	struct chore *chore = arg;
	struct link *link = chore->link;
	struct loop *loop = hub_of(link)->loop;
	struct call call;
	struct err err = { 0 };

	task_deadline(task_self(loop), loop_now_ms(loop) + link->upstream->config->timeout_ms);
	if (is_ready(link)) {
		if (!request_wait(link, chore->method, buf_view(&chore->params), &call, &err))
			log_event(loop_log(loop), LOG_INFO, "upstream_errand_failed",
			    "%.*s: %s: %s", SLICE_FMT(name_of(link)),
			    mcp_method_row(chore->method)->name, err.text);
		call_fini(&call);
	}
	link->chores_n--;
	buf_fini(&chore->params);
	mem_free(chore);
}

void
link_chore(struct link *link, enum mcp_method method, struct slice params)
{
	struct chore *chore;
	struct err err;

	if (!is_ready(link) || link->is_stopping || link->chores_n >= CHORES_MAX)
		return;
	chore = MEM_NEW(struct chore);
	chore->link = link;
	chore->method = method;
	buf_init(&chore->params, NULL, TEXT_MAX_BYTES);
	buf_put(&chore->params, params);
	link->chores_n++;
	if (group_spawn(hub_of(link)->loop, &link->chores, "errand", chore_run, chore, &err))
		return;
	link->chores_n--;
	buf_fini(&chore->params);
	mem_free(chore);
}

void
link_notify(struct link *link, enum mcp_method method, struct slice params)
{
	if (is_ready(link))
		back_notify(link->back, method, params);
}

/* ---- what outlives a connection -------------------------------------------------------------- */

static struct watched *
watched_find(const struct link *link, struct slice uri)
{
	for (size_t i = 0; i < link->watched_n; i++) {
		if (slice_eq(link->watched[i].uri, uri))
			return &link->watched[i];
	}
	return NULL;
}

bool
link_subscribe(struct link *link, struct slice uri, bool *is_first)
{
	struct watched *watched = watched_find(link, uri);
	size_t n = link->watched_n;

	*is_first = watched == NULL;
	if (watched != NULL) {
		watched->refs++;
		return true;
	}
	if (n >= SUBSCRIPTIONS_MAX)
		return false;
	link->watched = mem_resize(
	    link->watched, n * sizeof(*watched), (n + 1) * sizeof(*watched));
	watched = &link->watched[link->watched_n++];
	*watched = (struct watched){ .refs = 1 };
	text_keep(&watched->uri, uri);
	return true;
}

bool
link_unsubscribe(struct link *link, struct slice uri)
{
	struct watched *watched = watched_find(link, uri);

	if (watched == NULL || --watched->refs > 0)
		return false;
	mem_free((void *)watched->uri.p);
	*watched = link->watched[--link->watched_n];
	return true;
}

void
link_set_level(struct link *link, int level)
{
	link->level = level;
}

int
link_level(const struct link *link)
{
	return link->level;
}

/* ---- looking at it --------------------------------------------------------------------------- */

struct link *
link_next(const struct link *link)
{
	return link->next;
}

bool
link_is_of(const struct link *link, const struct client *client)
{
	return link->is_own && link->client == client && !link->is_stopping;
}

bool
link_is_settled(const struct link *link)
{
	return link->is_settled;
}

bool
link_is_greeted(const struct link *link)
{
	return link->is_greeted || link->is_settled;
}

struct offer *
link_offer(const struct link *link)
{
	return link->offer;
}

struct slice
link_capabilities(const struct link *link)
{
	return link->capabilities;
}

struct slice
link_instructions(const struct link *link)
{
	return link->instructions;
}

struct slice
link_last_words(const struct link *link)
{
	return link->back != NULL ? back_stderr(link->back) : link->last_words;
}

void
link_health(const struct link *link, struct provider_health *health)
{
	*health = (struct provider_health){ .state = link->state,
		.why = link->why,
		.retry_ms = link->retry_ms,
		.restarts = link->upstream->restarts,
		.in_flight = link->back != NULL ? back_in_flight(link->back) : 0,
		.revision = link->back != NULL ? back_revision(link->back) : MCP_NEWEST };
}

/* ---- begin and end --------------------------------------------------------------------------- */

struct link *
link_new(struct upstream *upstream, struct client *client)
{
	struct link *link = MEM_NEW(struct link);
	struct err err = { 0 };

	link->upstream = upstream;
	link->client = client;
	link->is_own = client != NULL;
	link->level = -1;
	link->state = PROVIDER_CONNECTING;
	link->used_ms = loop_now_ms(upstream->provider.hub->loop);
	link->next = upstream->links;
	upstream->links = link;
	if (client != NULL)
		client->has_own = true;
	must(group_spawn(upstream->provider.hub->loop, &upstream->provider.hub->supervisors,
	    "upstream", supervise, link, &err));
	return link;
}

void
link_client_ready(struct link *link)
{
	hub_wake(hub_of(link));
}

void
link_stop(struct link *link)
{
	link->client = NULL;
	link->is_stopping = true;
	if (link->supervisor != NULL)
		task_wake(link->supervisor);
	hub_wake(hub_of(link));
}

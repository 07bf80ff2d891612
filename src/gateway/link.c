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

#include "gateway/link.h"

#define BACKOFF_MIN_MS	500
#define STEADY_MS	10000 /* a connection that lived this long starts the backoff anew */
#define RELIST_MS	1000  /* a changed list is read again at most this often */
#define RELIST_ASKED_MS 100   /* while a client waits for it */
#define GREETING_MAX_MS (24 * 3600 * 1000ull)
#define CURSOR_BYTES	(32 * KIB)
#define CLOSE_GRACE_MS	3000 /* for a child after its stdin was closed */

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

/* ---- what the back tells --------------------------------------------------------------------- */

/* What was read of it, or is being read, is not to be kept any more; uri: raw, or SLICE_NONE. */
static void
reads_forget(struct link *link, struct slice token)
{
	struct slice uri = SLICE_NONE;
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, 64 * KIB);
	link->resources_changed++;
	if (token.p == NULL || !arena_reserve(&arena, token.n, &err) ||
	    !json_string(&arena, token, &uri, &err))
		uri = SLICE_NONE;
	shelf_forget(hub_of(link)->shelf, link->connection, uri);
	arena_fini(&arena);
}

static void
on_list_changed(void *owner, enum mcp_method what)
{
	struct link *link = owner;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		if (item_kind_row(kind)->changed == what)
			link->listing |= 1u << kind;
	}
	if (what == MCP_RESOURCES_CHANGED)
		reads_forget(link, SLICE_NONE);
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
on_ask_wait(void *owner, struct question *question, struct arena *arena, struct answer *answer,
    struct err *err)
{
	struct link *link = owner;
	struct hub *hub = hub_of(link);
	struct slice params = question->params;

	if (!pipeline_session_pass_wait(hub, PASS_ASK, name_of(link), arena, &params, err))
		return false;
	if (params.p != question->params.p && !question_change(question, params))
		return err_set(err, ERR_REFUSED, "what the guard has changed cannot be asked");
	if (link->client == NULL || link->client->session == NULL)
		return err_set(err, ERR_CANCELLED, "the client that should be asked has gone");
	return session_ask_wait(link->client->session, question, arena, answer, err) &&
	    pipeline_session_pass_wait(hub, PASS_ANSWER, name_of(link), arena, &answer->body, err);
}

static void
on_notice(void *owner, const struct tell *tell)
{
	struct slice uri;

	if (tell->method == MCP_RESOURCE_UPDATED)
		reads_forget(owner,
		    json_type(tell->params) == JSON_OBJECT &&
			    json_find(tell->params, S("uri"), &uri) && json_type(uri) == JSON_STRING
			? uri
			: SLICE_NONE);
	link_notice(owner, tell);
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

/* A list is as fresh as the first of its pages that will be old. */
static void
page_freshness(struct link *link, enum item_kind kind, const struct call *call)
{
	struct listed *listed = &link->listed[kind];
	struct freshness fresh;
	uint64_t until;

	if (!fresh_read(call->response.scan, &fresh))
		return;
	until = loop_now_ms(hub_of(link)->loop) + fresh.ttl_ms;
	if (!listed->has_ttl || until < listed->until_ms)
		listed->until_ms = until;
	listed->has_ttl = true;
	listed->is_private |= fresh.is_private;
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

	buf_init(&text, NULL, LINK_TEXT_MAX_BYTES);
	if (cursor->p != NULL) {
		buf_puts(&text, "{\"cursor\":");
		buf_put(&text, *cursor);
		buf_putc(&text, '}');
		params = buf_view(&text);
	}
	ok = link_request_wait(link, row->list, params, &call, err);
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
		page_freshness(link, kind, &call);
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

	link->listed[kind] = (struct listed){ .until_ms = 0 };
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
	link->has_listed = true;
	link->told = link->listing;
	link->listing = 0;
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
	ok = ok && screen_ahead_wait(hub_of(link), &link->upstream->provider, offer, err);
	if (ok) {
		offer_unref(&link->offer);
		link->offer = offer;
		link->listed_ms = loop_now_ms(loop);
	} else {
		offer_unref(&offer);
	}
	return ok;
}

/* ---- what it says of itself ------------------------------------------------------------------ */

static void
greeting_take(struct link *link)
{
	struct listed *greeting = &link->listed[ITEM_GREETING];
	uint64_t ttl_ms;

	text_keep(&link->capabilities, back_capabilities(link->back));
	text_keep(&link->instructions, back_instructions(link->back));
	text_keep(&link->server_info, back_server_info(link->back));
	greeting->has_ttl = back_greeting_ttl(link->back, &ttl_ms, &greeting->is_private);
	greeting->until_ms =
	    loop_now_ms(hub_of(link)->loop) + (ttl_ms < GREETING_MAX_MS ? ttl_ms : GREETING_MAX_MS);
}

static struct slice
digest_of(const struct program_file *file)
{
	return file->digest[0] != '\0' ? slice_of(file->digest) : SLICE_NONE;
}

/* Is it what was approved?  is_greeted: it has said who it is. */
static bool
is_approved(struct link *link, bool is_greeted, struct err *err)
{
	struct pin_server what = { .program = digest_of(&link->program.program),
		.script = digest_of(&link->program.script),
		.info = is_greeted ? link->server_info : SLICE_NONE };
	const struct gateway *gateway = hub_of(link)->now;

	return gateway == NULL ||
	    guard_server(gateway->guard, name_of(link), &what, is_greeted, err);
}

/* What it cannot say now stays as it was; what it can more or less is listed anew. */
static void
greet_again_wait(struct link *link)
{
	struct err err = { 0 };

	link->must_greet = false;
	if (!back_greet_again_wait(link->back, &err)) {
		log_event(loop_log(hub_of(link)->loop), LOG_INFO, "upstream_errand_failed",
		    "%.*s: server/discover: %s", SLICE_FMT(name_of(link)), err.text);
		return;
	}
	link->has_changed |= !slice_eq(link->capabilities, back_capabilities(link->back));
	greeting_take(link);
	if (!is_approved(link, true, &err)) {
		link->is_lost = true;
		link->why = err;
	}
}

/* Everything that is over; is_all: its lists in any case. */
static bool
refresh_wait(struct link *link, bool is_all, struct err *err)
{
	bool ok = true;

	link->lists_begun++;
	link->is_list_wanted = link->has_listed = false;
	if (link->must_greet)
		greet_again_wait(link);
	if (is_all || link->has_changed)
		ok = list_wait(link, err);
	link->lists_ended = link->lists_begun;
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

/* Of the session before; else what clients have asked for before there was any. -1: nothing. */
static int
level_wanted(const struct link *link)
{
	const struct hub *hub = hub_of(link);
	struct slice there;
	int level = link->level;

	if (level >= 0 || !json_find(back_capabilities(link->back), S("logging"), &there))
		return level;
	if (link->is_own)
		return link->client != NULL ? link->client->level : -1;
	for (const struct client *c = hub->clients.next; c != &hub->clients; c = c->next) {
		if (upstream_shares(link->upstream, c) && c->level >= 0 &&
		    (level < 0 || c->level < level))
			level = c->level;
	}
	return level;
}

/* The subscriptions and the log level of the session before. */
static bool
restore_wait(struct link *link, struct err *err)
{
	struct buf params;
	struct call call;
	bool ok = true;

	buf_init(&params, NULL, LINK_TEXT_MAX_BYTES);
	link->level = level_wanted(link);
	if (link->level >= 0) {
		buf_printf(&params, "{\"level\":\"%s\"}", mcp_log_level_name(link->level));
		ok = link_request_wait(link, MCP_SET_LEVEL, buf_view(&params), &call, err);
		call_fini(&call);
	}
	for (size_t i = 0; ok && i < link->watched_n; i++) {
		if (link->watched[i].is_task && back_is_session(link->back))
			continue;
		buf_fini(&params);
		link_watch_params(&params, link->watched[i].uri, link->watched[i].is_task);
		ok = link_request_wait(link, MCP_SUBSCRIBE, buf_view(&params), &call, err);
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
		if (!hub_change_wait(hub_of(link), loop_now_ms(loop) + LINK_BACKOFF_MAX_MS, err))
			break;
	}
	task_clock_start(self);
	if (link->is_lost) {
		*err = link->why;
		return false;
	}
	return task_cut(self) == ERR_NONE;
}

/* Work of a helper thread: files may be large. */
struct looking {
	const struct config_upstream *upstream;
	struct program program;
};

static void
program_read(void *arg)
{
	struct looking *looking = arg;

	program_look(looking->upstream, &looking->program);
}

static bool
approved_wait(struct link *link, struct err *err)
{
	const struct gateway *gateway = hub_of(link)->now;
	struct looking looking = { .upstream = link->upstream->config, .program = link->program };

	if (gateway == NULL || !guard_has_pins(gateway->guard))
		return true;
	if (looking.upstream->command_n > 0)
		helper_run_wait(hub_of(link)->loop, "pins", program_read, &looking);
	link->program = looking.program;
	return is_approved(link, false, err);
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
		.revision = client != NULL ? client->revision : MCP_NEWEST_LEGACY,
		.is_own = link->is_own,
		.memory = &link->memory };

	if (!approved_wait(link, err) ||
	    !back_open_wait(hub_of(link)->loop, &spec, &back_events, link, &link->back, err))
		return false;
	link->connection = ++hub_of(link)->connections;
	greeting_take(link);
	if (!is_approved(link, true, err))
		return false;
	link->must_greet = false;
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

	task_deadline(
	    task_self(loop), loop_now_ms(loop) + link->upstream->config->connect_timeout_ms);
	ok = greet_wait(link, err) && client_ready_wait(link, err);
	if (ok)
		back_begin_wait(link->back);
	work_done(link, ok && refresh_wait(link, true, err) && restore_wait(link, err));
}

static void
list_run(void *arg)
{
	struct link *link = arg;
	struct loop *loop = hub_of(link)->loop;

	task_deadline(task_self(loop), loop_now_ms(loop) + link->upstream->config->timeout_ms);
	work_done(link, refresh_wait(link, false, &link->work_err));
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
	shelf_forget(hub_of(link)->shelf, link->connection, SLICE_NONE);
	back_close_wait(&link->back, CLOSE_GRACE_MS);
}

/* It cannot be used for now: its tools go, the next attempt is set, later the more often it failed.
 */
static void
goes_down(struct link *link)
{
	struct loop *loop = hub_of(link)->loop;
	uint64_t wait = BACKOFF_MIN_MS, jitter;

	for (unsigned i = 0; i < link->failures && wait < LINK_BACKOFF_MAX_MS; i++)
		wait *= 2;
	wait = wait > LINK_BACKOFF_MAX_MS ? LINK_BACKOFF_MAX_MS : wait;
	loop_random(loop, &jitter, sizeof(jitter));
	wait += jitter % (wait / 4);
	link->failures++;
	link->why.kind = ERR_UNAVAILABLE;
	link->retry_ms = loop_now_ms(loop) + wait;
	link->is_settled = true;
	offer_unref(&link->offer);
	text_keep(&link->capabilities, SLICE_NONE);
	text_keep(&link->instructions, SLICE_NONE);
	text_keep(&link->server_info, SLICE_NONE);
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
		err_set(&link->why, ERR_UNAVAILABLE,
		    "did not answer within connect_timeout (%llu ms)",
		    (unsigned long long)link->upstream->config->connect_timeout_ms);
	if (link->work_err.kind == ERR_DEADLINE)
		back_words_add(
		    &link->why, (struct slice){ link->memory.words, link->memory.words_n });
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

	if (link_is_outdated(link))
		return link->listed_ms + (link->is_list_wanted ? RELIST_ASKED_MS : RELIST_MS);
	/* Who waits for changes of a resource uses it too. */
	return idle_ms > 0 && link->calls == 0 && link->watched_n == 0 ? link->used_ms + idle_ms
								       : UINT64_MAX;
}

static void
list_again(struct link *link)
{
	bool ok;

	link->listed_ms = loop_now_ms(hub_of(link)->loop);
	ok = work_wait(link, "list", list_run);
	hub_wake(hub_of(link));
	if (ok && link->has_listed) {
		if (link->client != NULL)
			client_must_tell(link->client, link->told);
		changed(link);
	} else if (!ok && !link->is_lost && !link->is_stopping) {
		log_event(loop_log(hub_of(link)->loop), LOG_WARN, "upstream_list_failed",
		    "%.*s: its changed list could not be read: %s", SLICE_FMT(name_of(link)),
		    link->work_err.text);
	}
	hub_wake(hub_of(link));
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
			if (due == UINT64_MAX ? !task_park_wait(loop, &err)
					      : !task_park_until_wait(loop, due, &timed_out, &err))
				return false;
		} else if (link_is_outdated(link)) {
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
linger_wait(struct link *link)
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

	must(link->calls == 0);
	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	if (upstream->shared == link)
		upstream->shared = NULL;
	offer_unref(&link->offer);
	text_keep(&link->capabilities, SLICE_NONE);
	text_keep(&link->instructions, SLICE_NONE);
	text_keep(&link->server_info, SLICE_NONE);
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
	bool is_idle = false, ok = true;
	struct err err;

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
		linger_wait(link);
	}
	group_cancel(&link->chores, ERR_CANCELLED);
	group_drain(loop, &link->chores);
	/* Whoever waited for it, or called, has yet to see that it ends. */
	while (link->calls > 0 && ok)
		ok = task_park_wait(loop, &err);
	link_free(link);
}

/* ---- how fresh it is ------------------------------------------------------------------------- */

/* A list whose changes are told is as it was; one that was read just now too. */
static bool
is_over(const struct link *link, enum item_kind kind)
{
	const struct listed *listed = &link->listed[kind];
	uint64_t now = loop_now_ms(hub_of(link)->loop);

	return link->state == PROVIDER_READY && listed->has_ttl && listed->until_ms <= now &&
	    link->listed_ms + RELIST_MS <= now &&
	    (kind == ITEM_GREETING || !fresh_is_told(link->capabilities, kind));
}

bool
link_expire(struct link *link, enum item_kind kind)
{
	if (!is_over(link, kind))
		return false;
	*(kind == ITEM_GREETING ? &link->must_greet : &link->has_changed) = true;
	return true;
}

void
link_freshness(const struct link *link, enum item_kind kind, struct freshness *out)
{
	const struct listed *listed = &link->listed[kind];
	uint64_t now = loop_now_ms(hub_of(link)->loop);

	out->is_private = listed->is_private;
	out->ttl_ms = listed->until_ms > now ? listed->until_ms - now : 0;
	/* Who has a session says it once. */
	if (kind == ITEM_GREETING && !listed->has_ttl)
		out->ttl_ms = UINT64_MAX;
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
link_server_info(const struct link *link)
{
	return link->server_info;
}

struct slice
link_last_words(const struct link *link)
{
	if (link->back != NULL)
		return back_stderr(link->back);
	return (struct slice){ link->memory.words, link->memory.words_n };
}

void
link_health(const struct link *link, struct provider_health *health)
{
	/* An attempt after one that failed is no better news until it succeeds. */
	bool is_down =
	    link->state == PROVIDER_CONNECTING && link->failures > 0 && link->offer == NULL;

	*health = (struct provider_health){ .state = is_down ? PROVIDER_DOWN : link->state,
		.why = link->why,
		.retry_ms = link->retry_ms,
		.restarts = link->upstream->restarts,
		.in_flight = link->back != NULL ? back_in_flight(link->back) : 0,
		.revision = link->back != NULL ? back_revision(link->back) : MCP_NEWEST_LEGACY };
	if (link->back != NULL)
		health->is_isolated = back_isolation(link->back, &health->isolation);
}

/* ---- begin and end --------------------------------------------------------------------------- */

struct link *
link_new(struct upstream *upstream, struct client *client)
{
	struct link *link = MEM_NEW(struct link);
	struct hub *hub = upstream->provider.hub;
	struct err err = { 0 };

	if (!group_spawn(hub->loop, &hub->supervisors, "upstream", supervise, link, &err)) {
		mem_free(link);
		return NULL;
	}
	link->upstream = upstream;
	link->client = client;
	link->is_own = client != NULL;
	link->level = -1;
	link->state = PROVIDER_CONNECTING;
	link->used_ms = loop_now_ms(hub->loop);
	link->next = upstream->links;
	upstream->links = link;
	if (client != NULL)
		client->has_own = true;
	return link;
}

void
link_client_ready(struct link *link)
{
	hub_wake(hub_of(link));
}

void
link_guard_changed(struct link *link)
{
	struct err err = { 0 };

	if (link->state == PROVIDER_DOWN) {
		link->is_demanded = true;
	} else if (link->state == PROVIDER_READY && !is_approved(link, true, &err)) {
		link->is_lost = true;
		link->why = err;
	}
	if (link->supervisor != NULL)
		task_wake(link->supervisor);
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

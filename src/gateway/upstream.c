/*
 * The provider kind "upstream": an MCP server behind a back.
 *
 * Each has a supervisor, a task that connects, lists, waits for the connection's end or a changed
 * list, and connects again with backoff; so no upstream delays another.  A connection that is lost
 * is made again at once, and only when that fails are its tools taken out of the catalogue.  Calls
 * wait for a connection that is being made; one that is down is tried again on demand, at most once
 * a second.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/hub.h"

#define BACKOFF_MIN_MS 500
#define BACKOFF_MAX_MS 30000
#define DEMAND_MS      1000  /* a call may ask for a new attempt this long after the last */
#define STEADY_MS      10000 /* a connection that lived this long starts the backoff anew */
#define RELIST_MS      1000  /* a list is read again at most this often */
#define CURSOR_BYTES   (32 * KIB)
#define CLOSE_GRACE_MS 3000 /* for a child after its stdin was closed */

struct upstream {
	struct provider provider;
	struct settings *settings;
	const struct config_upstream *config;
	struct arena arena;
	const char *const *env;
	struct task *supervisor;
	struct back *back;
	enum provider_state state;
	bool is_settled, is_lost, has_changed, is_stopping, is_demanded, is_working;
	struct err why;
	uint64_t attempt_ms, retry_ms, ready_ms, listed_ms;
	unsigned failures, restarts;
	struct slice last_words; /* its own memory */
	struct group work;	 /* the one child task that connects or lists */
	struct err work_err;
	bool work_ok;
};

static struct upstream *
upstream_of(const struct provider *provider)
{
	return CONTAINER((struct provider *)provider, struct upstream, provider);
}

static void
state_set(struct upstream *u, enum provider_state state)
{
	u->state = state;
	provider_changed(&u->provider);
}

/* ---- the child's environment ----------------------------------------------------------------- */

/* PATH, HOME, LANG, TZ and what the configuration names; not our environment. */
static void
env_make(struct upstream *u)
{
	static const char *const inherited[] = { "PATH", "HOME", "LANG", "TZ" };
	const struct config_upstream *config = u->config;
	size_t bytes = (config->env_n + COUNT(inherited) + 1) * sizeof(char *), n = 0;
	const char **env;
	struct err err;

	for (size_t i = 0; i < config->env_n; i++)
		bytes += config->env[i].name.n + secret_reveal(config->env[i].value).n + 2;
	must(arena_reserve(&u->arena, bytes + 64 * KIB, &err));
	env = ARENA_ARRAY(&u->arena, const char *, config->env_n + COUNT(inherited) + 1);
	for (size_t i = 0; i < COUNT(inherited); i++) {
		const char *value = getenv(inherited[i]);
		bool is_named = value == NULL || strlen(value) > 8 * KIB;

		for (size_t k = 0; k < config->env_n; k++)
			is_named |= slice_eq(config->env[k].name, slice_of(inherited[i]));
		if (!is_named) {
			size_t size = strlen(inherited[i]) + strlen(value) + 2;
			char *pair = arena_bytes(&u->arena, size);
			struct buf text = { .p = pair, .cap = size, .ceiling_bytes = size };

			buf_puts(&text, inherited[i]);
			buf_putc(&text, '=');
			buf_puts(&text, value);
			pair[text.n] = '\0';
			env[n++] = pair;
		}
	}
	for (size_t i = 0; i < config->env_n; i++) {
		struct slice value = secret_reveal(config->env[i].value);
		size_t name_n = config->env[i].name.n;
		char *pair = arena_bytes(&u->arena, name_n + value.n + 2);

		memcpy(pair, config->env[i].name.p, name_n);
		pair[name_n] = '=';
		memcpy(pair + name_n + 1, value.p != NULL ? value.p : "", value.n);
		pair[name_n + 1 + value.n] = '\0';
		env[n++] = pair;
	}
	env[n] = NULL;
	u->env = env;
}

/* ---- what the back tells --------------------------------------------------------------------- */

static void
on_list_changed(void *owner, enum mcp_method what)
{
	struct upstream *u = owner;

	u->has_changed = true;
	task_wake(u->supervisor);
}

static void
on_lost(void *owner, const struct err *why)
{
	struct upstream *u = owner;

	u->is_lost = true;
	u->why = *why;
	task_wake(u->supervisor);
}

static const struct back_events back_events = { on_list_changed, on_lost };

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

/* One page: {"method":"tools/list","params":{"cursor":...}}. */
static bool
page_wait(struct upstream *u, struct offer *offer, struct slice *cursor, struct arena *arena,
    struct err *err)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct loop *loop = u->provider.hub->loop;
	struct slice tools;
	struct buf text;
	struct call call;
	bool ok;

	buf_init(&text, NULL, 64 * KIB);
	buf_printf(&text, "%s0,\"method\":\"tools/list\"", head);
	if (cursor->p != NULL) {
		buf_puts(&text, ",\"params\":{\"cursor\":");
		buf_put(&text, *cursor);
		buf_putc(&text, '}');
	}
	buf_putc(&text, '}');
	call_init(&call);
	call.text = buf_view(&text);
	call.id = (struct slice){ call.text.p + sizeof(head) - 1, 1 };
	call.may_repeat = true;
	ok = buf_check(&text, err) && back_call_wait(u->back, &call, err);
	buf_fini(&text);
	*cursor = SLICE_NONE;
	if (ok && call.response.kind == MESSAGE_ERROR)
		ok = err_set(err, ERR_UNAVAILABLE, "refused tools/list: %.*s",
		    (int)(call.response.body.n > 160 ? 160 : call.response.body.n),
		    call.response.body.p);
	if (ok) {
		tools = json_scan_get(call.response.scan, S("result"), S("tools"));
		if (tools.p == NULL)
			ok = err_set(err, ERR_UNAVAILABLE, "answered tools/list without tools");
	}
	ok = ok && page_cursor(&call, arena, cursor, err) &&
	    offer_add_page_wait(loop, offer, ITEM_TOOL, &call.arena, &call.answer, tools,
		u->provider.name, loop_log(loop), err);
	call_fini(&call);
	return ok;
}

static bool
list_wait(struct upstream *u, struct err *err)
{
	struct loop *loop = u->provider.hub->loop;
	struct offer *offer = offer_new(loop_memory(loop));
	struct slice cursor = SLICE_NONE, before = SLICE_NONE;
	struct arena arena;
	bool ok = true;

	arena_init(&arena, loop_memory(loop), 4 * MIB);
	u->has_changed = false;
	u->listed_ms = loop_now_ms(loop);
	if (back_has_tools(u->back)) {
		do {
			before = cursor;
			ok = page_wait(u, offer, &cursor, &arena, err);
			if (ok && cursor.p != NULL && slice_eq(cursor, before))
				ok = err_set(err, ERR_UNAVAILABLE, "its list of tools never ends");
		} while (ok && cursor.p != NULL);
	}
	arena_fini(&arena);
	if (ok) {
		offer_unref(&u->provider.offer);
		u->provider.offer = offer;
	} else {
		offer_unref(&offer);
	}
	return ok;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void
connect_run(void *arg)
{
	struct upstream *u = arg;
	struct loop *loop = u->provider.hub->loop;
	const struct config *config = u->settings->config;
	struct back_spec spec = { .server = u->provider.name,
		.upstream = u->config,
		.env = u->env,
		.message_bytes = config->limit_message_bytes,
		.ask_ms = config->limit_ask_ms,
		.can = { .elicitation = true } };

	task_deadline(task_self(loop), loop_now_ms(loop) + u->config->connect_timeout_ms);
	u->work_ok = back_open_wait(loop, &spec, &back_events, u, &u->back, &u->work_err) &&
	    list_wait(u, &u->work_err);
	u->is_working = false;
	task_wake(u->supervisor);
}

static void
list_run(void *arg)
{
	struct upstream *u = arg;
	struct loop *loop = u->provider.hub->loop;

	task_deadline(task_self(loop), loop_now_ms(loop) + u->config->timeout_ms);
	u->work_ok = list_wait(u, &u->work_err);
	u->is_working = false;
	task_wake(u->supervisor);
}

/* Runs fn in a child task, so that a stop can cut it short; false: it failed, or was stopped. */
static bool
work_wait(struct upstream *u, const char *name, void (*fn)(void *arg))
{
	struct loop *loop = u->provider.hub->loop;
	struct err err;

	u->work_err = (struct err){ 0 };
	u->work_ok = false;
	u->is_working = true;
	if (!group_spawn(loop, &u->work, name, fn, u, &u->work_err)) {
		u->is_working = false;
		return false;
	}
	while (u->is_working && !u->is_stopping) {
		if (!task_park_wait(loop, &err))
			break;
	}
	if (u->is_working)
		group_cancel(&u->work, ERR_CANCELLED);
	group_drain(loop, &u->work);
	return u->work_ok && !u->is_stopping;
}

static void
last_words_keep(struct upstream *u)
{
	struct slice words = u->back != NULL ? back_stderr(u->back) : SLICE_NONE;
	char *copy;

	mem_free((void *)u->last_words.p);
	u->last_words = SLICE_NONE;
	if (words.n == 0)
		return;
	copy = mem_new(words.n);
	memcpy(copy, words.p, words.n);
	u->last_words = (struct slice){ copy, words.n };
}

static void
disconnect_wait(struct upstream *u)
{
	last_words_keep(u);
	back_close_wait(&u->back, CLOSE_GRACE_MS);
}

/* It cannot be used for now: its tools go, the next attempt is set, later the more often it failed.
 */
static void
goes_down(struct upstream *u)
{
	struct loop *loop = u->provider.hub->loop;
	uint64_t wait = BACKOFF_MIN_MS, jitter;

	for (unsigned i = 0; i < u->failures && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	wait = wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait;
	loop_random(loop, &jitter, sizeof(jitter));
	wait += jitter % (wait / 4);
	u->failures++;
	u->why.kind = ERR_UNAVAILABLE;
	u->retry_ms = loop_now_ms(loop) + wait;
	u->is_settled = true;
	offer_unref(&u->provider.offer);
	log_event(loop_log(loop), LOG_WARN, "upstream_down",
	    "%.*s is unavailable: %s; next attempt in %llu ms", SLICE_FMT(u->provider.name),
	    u->why.text, (unsigned long long)wait);
	state_set(u, PROVIDER_DOWN);
}

static void
not_reached(struct upstream *u)
{
	u->why = u->work_err;
	if (u->why.kind == ERR_DEADLINE)
		err_set(&u->why, ERR_UNAVAILABLE, "did not answer within connect_timeout (%llu ms)",
		    (unsigned long long)u->config->connect_timeout_ms);
	goes_down(u);
}

static void
came_up(struct upstream *u)
{
	struct loop *loop = u->provider.hub->loop;
	struct slice info = back_server_info(u->back);

	u->ready_ms = loop_now_ms(loop);
	u->is_settled = true;
	log_event(loop_log(loop), LOG_INFO, "upstream_ready",
	    "%.*s is ready: %zu tools, revision %s, %.*s", SLICE_FMT(u->provider.name),
	    u->provider.offer->items[ITEM_TOOL].n, mcp_revision_name(back_revision(u->back)),
	    (int)(info.n > 160 ? 160 : info.n), info.p != NULL ? info.p : "");
	state_set(u, PROVIDER_READY);
}

/*
 * While it is connected: lists again when told so, but not more often than RELIST_MS, whatever it
 * tells.  Returns when lost or stopped.
 */
static void
serve_wait(struct upstream *u)
{
	struct loop *loop = u->provider.hub->loop;
	bool timed_out;
	struct err err;

	while (!u->is_lost && !u->is_stopping) {
		if (!u->has_changed) {
			if (!task_park_wait(loop, &err))
				return;
			continue;
		}
		if (loop_now_ms(loop) < u->listed_ms + RELIST_MS) {
			if (!task_park_until_wait(loop, u->listed_ms + RELIST_MS, &timed_out, &err))
				return;
			continue;
		}
		if (work_wait(u, "list", list_run))
			provider_changed(&u->provider);
		else if (!u->is_lost && !u->is_stopping)
			log_event(loop_log(loop), LOG_WARN, "upstream_list_failed",
			    "%.*s: its changed list could not be read: %s",
			    SLICE_FMT(u->provider.name), u->work_err.text);
	}
}

/* A steady connection is made again at once; one that does not last is not hammered. */
static void
lost(struct upstream *u)
{
	struct loop *loop = u->provider.hub->loop;

	log_event(loop_log(loop), LOG_WARN, "upstream_lost", "%.*s %s", SLICE_FMT(u->provider.name),
	    u->why.text);
	u->restarts++;
	u->retry_ms = loop_now_ms(loop);
	if (loop_now_ms(loop) - u->ready_ms >= STEADY_MS)
		u->failures = 0;
	if (u->failures > 0)
		goes_down(u);
	else
		u->failures++;
}

static void
supervise(void *arg)
{
	struct upstream *u = arg;
	struct loop *loop = u->provider.hub->loop;
	bool timed_out;
	struct err err;

	u->supervisor = task_self(loop);
	while (!u->is_stopping) {
		u->attempt_ms = loop_now_ms(loop);
		u->is_demanded = false;
		/* Before, and not when it came up: it may be lost again by then. */
		u->is_lost = false;
		state_set(u, PROVIDER_CONNECTING);
		if (work_wait(u, "connect", connect_run)) {
			came_up(u);
			serve_wait(u);
			if (!u->is_stopping)
				lost(u);
		} else if (!u->is_stopping) {
			not_reached(u);
		}
		disconnect_wait(u);
		while (!u->is_stopping && !u->is_demanded && loop_now_ms(loop) < u->retry_ms) {
			if (!task_park_until_wait(loop, u->retry_ms, &timed_out, &err))
				break;
		}
	}
	offer_unref(&u->provider.offer);
	arena_fini(&u->arena);
	mem_free((void *)u->last_words.p);
	settings_unref(&u->settings);
	mem_free(u);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* The back is asked, not is_lost: in the turn in which it is lost our event may come later. */
static bool
is_ready(const struct upstream *u)
{
	return u->state == PROVIDER_READY && u->back != NULL && back_is_usable(u->back);
}

/* Waits until there is a connection; false: err says why there is none. */
static bool
ready_wait(struct upstream *u, struct err *err)
{
	struct loop *loop = u->provider.hub->loop;

	for (;;) {
		uint64_t now = loop_now_ms(loop);
		bool is_tried;

		if (is_ready(u))
			return true;
		if (u->state == PROVIDER_DOWN && !u->is_demanded) {
			if (now < u->attempt_ms + DEMAND_MS) {
				*err = u->why;
				return false;
			}
			u->is_demanded = true;
			task_wake(u->supervisor);
		}
		is_tried = u->is_demanded || u->state == PROVIDER_CONNECTING;
		if (!hub_change_wait(u->provider.hub, now + BACKOFF_MAX_MS, err))
			return false;
		/* An attempt was made for us, or with us waiting: its end is the answer. */
		if (u->state == PROVIDER_DOWN && is_tried && !u->is_demanded) {
			*err = u->why;
			return false;
		}
	}
}

static struct offer *
upstream_list_wait(struct provider *provider, struct err *err)
{
	struct upstream *u = upstream_of(provider);

	if (ready_wait(u, err))
		return offer_ref(provider->offer);
	if (err->kind != ERR_CANCELLED && err->kind != ERR_DEADLINE) {
		err->kind = ERR_UNAVAILABLE;
		err_prefix(err, "%.*s is unavailable", SLICE_FMT(provider->name));
	}
	return NULL;
}

static void
call_sent(struct call *call)
{
	struct upstream *u = call->owner;
	struct hub *hub = u->provider.hub;

	ledger_sent(hub->ledger, call->exchange->number, loop_unix_ms(hub->loop));
}

/* What became of one attempt: there was a connection to send it on; it may have been done. */
struct attempt {
	bool has_begun, was_sent;
};

static bool
call_once_wait(struct upstream *u, struct exchange *exchange, const struct item *tool,
    struct reply *reply, struct attempt *attempt, struct err *err)
{
	const struct message *request = &exchange->request;
	struct call call;
	bool ok;

	*attempt = (struct attempt){ .has_begun = ready_wait(u, err) };
	if (!attempt->has_begun)
		return false;
	call_init(&call);
	call.exchange = exchange;
	call.text = request->text;
	call.id = request->id;
	call.token = request->progress_token;
	call.keep = exchange->text;
	if (!slice_eq(request->name, tool->name_token))
		call.edits[call.edits_n++] = (struct edit){ request->name, tool->name_token };
	call.may_repeat = tool->is_read_only || tool->is_idempotent;
	call.on_sent = call_sent;
	call.owner = u;
	ok = back_call_wait(u->back, &call, err);
	attempt->was_sent = call.was_sent;
	if (ok) {
		exchange_keep(exchange, &call.arena, &call.answer);
		reply->result =
		    call.response.kind == MESSAGE_RESULT ? call.response.body : SLICE_NONE;
		reply->error =
		    call.response.kind == MESSAGE_ERROR ? call.response.body : SLICE_NONE;
	}
	call_fini(&call);
	return ok;
}

/*
 * A call that surely was not done, or that may be done twice, is repeated once when its connection
 * was lost meanwhile; any other is told as it is.
 */
static bool
upstream_call_wait(struct provider *provider, struct exchange *exchange, const struct item *tool,
    struct reply *reply, struct err *err)
{
	struct upstream *u = upstream_of(provider);
	bool may_repeat = tool->is_read_only || tool->is_idempotent;
	struct attempt attempt;

	task_deadline(exchange->task, exchange->started_ms + u->config->timeout_ms);
	if (call_once_wait(u, exchange, tool, reply, &attempt, err))
		return true;
	if (attempt.has_begun && (may_repeat || !attempt.was_sent) && !is_ready(u) &&
	    (err->kind == ERR_UNAVAILABLE || err->kind == ERR_OUTCOME_UNKNOWN) &&
	    call_once_wait(u, exchange, tool, reply, &attempt, err))
		return true;
	if (err->kind == ERR_DEADLINE)
		err_set(err, ERR_DEADLINE, "no answer within its timeout (%llu ms)",
		    (unsigned long long)u->config->timeout_ms);
	return err_prefix(err, "%.*s", SLICE_FMT(provider->name));
}

/* ---- the rest of the interface --------------------------------------------------------------- */

static void
upstream_health(const struct provider *provider, struct provider_health *health)
{
	const struct upstream *u = upstream_of(provider);

	*health = (struct provider_health){ .state = u->state,
		.why = u->why,
		.retry_ms = u->retry_ms,
		.restarts = u->restarts,
		.in_flight = u->back != NULL ? back_in_flight(u->back) : 0,
		.revision = u->back != NULL ? back_revision(u->back) : MCP_NEWEST };
}

static bool
upstream_is_settled(const struct provider *provider)
{
	return upstream_of(provider)->is_settled;
}

static struct slice
upstream_last_words(const struct provider *provider)
{
	const struct upstream *u = upstream_of(provider);

	return u->back != NULL ? back_stderr(u->back) : u->last_words;
}

/* The supervisor ends the connection and frees the upstream. */
static void
upstream_close(struct provider *provider)
{
	struct upstream *u = upstream_of(provider);

	u->is_stopping = true;
	if (u->supervisor != NULL)
		task_wake(u->supervisor);
}

static const struct provider_ops upstream_ops = {
	.kind = "upstream",
	.list_wait = upstream_list_wait,
	.call_wait = upstream_call_wait,
	.health = upstream_health,
	.is_settled = upstream_is_settled,
	.last_words = upstream_last_words,
	.close = upstream_close,
};

struct provider *
upstream_new(struct hub *hub, struct settings *settings, const struct config_upstream *config)
{
	struct upstream *u = MEM_NEW(struct upstream);
	struct err err = { 0 };

	u->provider =
	    (struct provider){ .ops = &upstream_ops, .hub = hub, .refs = 1, .name = config->name };
	u->settings = settings_ref(settings);
	u->config = config;
	arena_init(&u->arena, NULL, 64 * MIB);
	env_make(u);
	u->state = PROVIDER_CONNECTING;
	must(group_spawn(hub->loop, &hub->supervisors, "upstream", supervise, u, &err));
	return &u->provider;
}

bool
upstream_is(const struct provider *provider, const struct config_upstream *config)
{
	const struct upstream *u = upstream_of(provider);

	return provider->ops == &upstream_ops && slice_eq(provider->name, config->name) &&
	    memcmp(u->config->digest, config->digest, sizeof(config->digest)) == 0;
}

/*
 * What goes over a link: the calls of exchanges, errands of its own, and what is told again to a
 * new connection.
 */
#include <string.h>

#include "gateway/link.h"

#define DEMAND_MS	  1000 /* a call may ask for a new attempt this long after the last */
#define SUBSCRIPTIONS_MAX 10000

void
text_keep(struct slice *at, struct slice text)
{
	mem_free((void *)at->p);
	*at = text.n > 0 ? slice_keep(text) : SLICE_NONE;
}

/* A request of our own. */
static void
request_put(struct buf *text, enum mcp_method method, struct slice params)
{
	buf_printf(
	    text, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"%s\"", mcp_method_row(method)->name);
	if (params.p != NULL) {
		buf_puts(text, ",\"params\":");
		buf_put(text, params);
	}
	buf_putc(text, '}');
}

/* Its supervisor may have taken the connection back while a task of a call waited. */
static bool
lost_fail(struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "the connection was lost");
}

bool
link_request_wait(struct link *link, enum mcp_method method, struct slice params, struct call *call,
    struct err *err)
{
	static const char before_id[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct buf text;
	bool ok;

	buf_init(&text, NULL, LINK_TEXT_MAX_BYTES);
	request_put(&text, method, params);
	call_init(call);
	call->text = buf_view(&text);
	call->id = (struct slice){ call->text.p + sizeof(before_id) - 1, 1 };
	call->may_repeat = true;
	ok = buf_check(&text, err) && (link->back != NULL || lost_fail(err)) &&
	    back_call_wait(link->back, call, err);
	buf_fini(&text);
	return ok;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* The back is asked, not is_lost: in the turn in which it is lost our event may come later. */
bool
link_is_ready(const struct link *link)
{
	return link->state == PROVIDER_READY && link->back != NULL && back_is_usable(link->back);
}

/* An idle one connects. */
static void
demand(struct link *link)
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

		if (link_is_ready(link))
			return true;
		if (link->is_stopping)
			return err_set(err, ERR_UNAVAILABLE, "is being closed");
		if (link->state == PROVIDER_DOWN && !link->is_demanded &&
		    now < link->attempt_ms + DEMAND_MS) {
			*err = link->why;
			return false;
		}
		if (link->state == PROVIDER_DOWN || link->state == PROVIDER_IDLE)
			demand(link);
		is_tried = link->is_demanded || link->state == PROVIDER_CONNECTING;
		if (!hub_change_wait(hub, now + LINK_BACKOFF_MAX_MS, err))
			return false;
		/* An attempt was made for us, or with us waiting: its end is the answer. */
		if (link->state == PROVIDER_DOWN && is_tried && !link->is_demanded) {
			*err = link->why;
			return false;
		}
	}
}

/* In use while somebody waits for it, so that it does not go to sleep under them. */
void
link_use(struct link *link, int by)
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

	link_use(link, 1);
	ok = ready_wait(link, err);
	link_use(link, -1);
	return ok;
}

bool
link_fresh_wait(struct link *link, uint64_t until_ms, struct err *err)
{
	struct hub *hub = hub_of(link);
	/* The list that has begun by now, or the one that must begin. */
	uint64_t wanted = link->lists_begun + (link_is_outdated(link) ? 1 : 0);
	bool ok = true;

	if (!link_is_ready(link) || link->lists_ended >= wanted)
		return true;
	link_use(link, 1);
	while (ok && link_is_ready(link) && link->lists_ended < wanted &&
	    loop_now_ms(hub->loop) < until_ms) {
		link->is_list_wanted = link_is_outdated(link);
		task_wake(link->supervisor);
		ok = hub_change_wait(hub, until_ms, err);
	}
	link_use(link, -1);
	return ok;
}

static void
call_sent(struct call *call)
{
	struct hub *hub = hub_of(call->owner);

	ledger_sent(hub->ledger, call->exchange->number, loop_unix_ms(hub->loop));
}

#define TOKEN_MAX_BYTES (4 * KIB)

/* The call has begun a task: its progress is told under the same token until that ends. */
static void
task_began(const struct exchange *exchange, const struct call *call, uint64_t connection)
{
	struct client *client = client_of(exchange);
	struct slice task = SLICE_NONE;

	if (client != NULL && call->wants_task && call->response.scan != NULL)
		task = json_scan_get(call->response.scan, S("result"), S("task"));
	if (json_type(task) == JSON_OBJECT && call->token.p != NULL &&
	    call->token.n <= TOKEN_MAX_BYTES)
		client_keep_token(client, connection, call->number, call->token);
}

/*
 * The logs that a request wants are asked for of the whole session, once, and the most talkative
 * level stays; each request sees its own part.  Sessions of clients ask for themselves.
 */
static bool
level_wait(struct link *link, const struct exchange *exchange, struct err *err)
{
	int level = exchange->log_level;
	struct buf params;
	struct slice there;
	struct call call;
	bool ok;

	if (exchange->session != NULL || level < 0 || (link->level >= 0 && link->level <= level) ||
	    !json_find(link->capabilities, S("logging"), &there))
		return true;
	/* However it answers, it was told. */
	link->level = level;
	buf_init(&params, NULL, KIB);
	buf_printf(&params, "{\"level\":\"%s\"}", mcp_log_level_name(level));
	/* The caller was promised a link that is ready. */
	ok = link_request_wait(link, MCP_SET_LEVEL, buf_view(&params), &call, err) &&
	    (link_is_ready(link) || lost_fail(err));
	call_fini(&call);
	buf_fini(&params);
	return ok;
}

void
link_reply(struct link *link, struct exchange *exchange, struct call *call, struct reply *reply)
{
	exchange_keep(exchange, &call->arena, &call->answer);
	reply->result = call->response.kind == MESSAGE_RESULT ? call->response.body : SLICE_NONE;
	reply->error = call->response.kind == MESSAGE_ERROR ? call->response.body : SLICE_NONE;
	reply->scan = call->response.scan;
	reply->type = call->type;
	reply->revision = call->revision;
	reply->is_own = link->is_own && !mcp_revision_is_modern(call->revision);
}

/* ---- what a session was told before ---------------------------------------------------------- */

/* The _meta of a request without what it says of itself there, which its session has said. */
static void
put_plain_meta(struct buf *out, const struct message *request)
{
	const char *between = "\"";
	struct slice key, value;
	struct json_iter iter;

	if (!request->meta_has_more && request->progress_token.p == NULL) {
		buf_puts(out, "{}");
		return;
	}
	buf_putc(out, '{');
	json_iter_init(&iter, request->meta);
	while (json_iter_next(&iter, &key, &value)) {
		if (slice_starts(key, S(MCP_META)))
			continue;
		buf_puts(out, between);
		between = ",\"";
		buf_put(out, key);
		buf_puts(out, "\":");
		buf_put(out, value);
	}
	buf_putc(out, '}');
}

/* Where a span of a text is, when the bytes of `cut` in it have become `delta` more. */
static struct slice
moved(struct slice span, struct slice text, struct slice cut, const char *to, ptrdiff_t delta)
{
	if (span.p == NULL)
		return span;
	span.p = to + (span.p - text.p) + (span.p >= cut.p + cut.n ? delta : 0);
	return span;
}

/*
 * The request as the client of a session would write it, into out, and the call's spans with it.
 * A server of both kinds would else take it for one without a session.
 */
static void
plain_request(const struct message *request, struct call *call, struct buf *out)
{
	struct slice text = request->text, meta = request->meta, token;
	ptrdiff_t delta;
	size_t from;

	if (json_type(meta) != JSON_OBJECT)
		return;
	buf_put(out, (struct slice){ text.p, (size_t)(meta.p - text.p) });
	from = out->n;
	put_plain_meta(out, request);
	delta = (ptrdiff_t)(out->n - from) - (ptrdiff_t)meta.n;
	buf_put(
	    out, (struct slice){ meta.p + meta.n, (size_t)(text.p + text.n - meta.p) - meta.n });
	call->id = moved(call->id, text, meta, out->p, delta);
	for (size_t i = 0; i < call->edits_n; i++)
		call->edits[i].at = moved(call->edits[i].at, text, meta, out->p, delta);
	call->token = call->token.p != NULL &&
		json_find((struct slice){ out->p + from, meta.n + (size_t)delta },
		    S("progressToken"), &token)
	    ? token
	    : SLICE_NONE;
	call->text = buf_view(out);
	call->keep = NULL;
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
	uint64_t connection;
	struct buf plain;
	struct call call;
	struct hop hop = { .began_ns = 0 };
	bool ok;

	*attempt = (struct attempt){ .has_begun = ready_wait(link, err) };
	if (!attempt->has_begun || !level_wait(link, exchange, err))
		return false;
	call_init(&call);
	call.exchange = exchange;
	call.text = request->text;
	call.id = request->id;
	call.token = request->progress_token;
	call.keep = exchange->text;
	for (size_t i = 0; i < forward->edits_n; i++)
		call.edits[call.edits_n++] = forward->edits[i];
	if (exchange->arguments.p != request->arguments.p)
		call.edits[call.edits_n++] =
		    (struct edit){ request->arguments, exchange->arguments };
	if (call.edits_n < COUNT(call.edits) &&
	    request_fit(request, back_revision(link->back), &call.edits[call.edits_n]))
		call.edits_n++;
	buf_init(&plain, NULL, SIZE_MAX / 2);
	if (exchange->session == NULL && back_is_session(link->back))
		plain_request(request, &call, &plain);
	call.may_repeat = forward->may_repeat;
	call.wants_task = json_scan_get(request->scan, S("params"), S("task")).p != NULL;
	if (forward->item != NULL && forward->item->has_headers)
		call.definition = forward->item->definition;
	call.on_sent = call_sent;
	call.owner = link;
	connection = link->connection;
	hop_begin(&hop, link, exchange, &call);
	ok = back_call_wait(link->back, &call, err);
	attempt->was_sent = call.was_sent;
	if (ok) {
		task_began(exchange, &call, connection);
		link_reply(link, exchange, &call, reply);
	}
	hop_end(&hop, forward->item, reply, ok ? NULL : err);
	call_fini(&call);
	buf_fini(&plain);
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
		task_deadline(exchange->task,
		    (forward->from_ms != 0 ? forward->from_ms : exchange->started_ms) + timeout_ms);
	link_use(link, 1);
	ok = forward_once_wait(link, exchange, forward, reply, &attempt, err);
	if (!ok && attempt.has_begun && (forward->may_repeat || !attempt.was_sent) &&
	    !link_is_ready(link) &&
	    (err->kind == ERR_UNAVAILABLE || err->kind == ERR_OUTCOME_UNKNOWN))
		ok = forward_once_wait(link, exchange, forward, reply, &attempt, err);
	link_use(link, -1);
	if (ok)
		return true;
	if (err->kind == ERR_DEADLINE)
		err_set(err, ERR_DEADLINE, "no answer within its timeout (%llu ms)",
		    (unsigned long long)timeout_ms);
	return err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
}

bool
link_read_wait(struct link *link, struct exchange *exchange, const struct forward *forward,
    struct reply *reply, struct err *err)
{
	uint64_t connection = link->connection, changed = link->resources_changed;

	if (link_is_ready(link) && shelf_recall(link, exchange, forward, reply))
		return true;
	if (!link_forward_wait(link, exchange, forward, reply, err))
		return false;
	/* What has changed meanwhile may not be in it. */
	if (link->connection == connection && link->resources_changed == changed)
		shelf_keep(link, exchange, forward, reply);
	return true;
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
	if (link_is_ready(link)) {
		if (!link_request_wait(link, chore->method, buf_view(&chore->params), &call, &err))
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

	if (!link_is_ready(link) || link->is_stopping || link->chores_n >= LINK_CHORES_MAX)
		return;
	chore = MEM_NEW(struct chore);
	chore->link = link;
	chore->method = method;
	buf_init(&chore->params, NULL, LINK_TEXT_MAX_BYTES);
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
	if (link_is_ready(link))
		back_notify(link->back, method, params);
}

/* ---- what outlives a connection -------------------------------------------------------------- */

static struct watched *
watched_find(const struct link *link, struct slice uri, bool is_task)
{
	for (size_t i = 0; i < link->watched_n; i++) {
		if (link->watched[i].is_task == is_task && slice_eq(link->watched[i].uri, uri))
			return &link->watched[i];
	}
	return NULL;
}

static bool
watch(struct link *link, struct slice uri, bool is_task, bool *is_first)
{
	struct watched *watched = watched_find(link, uri, is_task);
	size_t n = link->watched_n;

	*is_first = watched == NULL;
	if (watched != NULL) {
		watched->refs++;
		return true;
	}
	if (n >= SUBSCRIPTIONS_MAX)
		return false;
	link->watched = mem_resize(link->watched, n * sizeof(*watched), (n + 1) * sizeof(*watched));
	watched = &link->watched[link->watched_n++];
	*watched = (struct watched){ .is_task = is_task, .refs = 1 };
	text_keep(&watched->uri, uri);
	return true;
}

bool
link_subscribe(struct link *link, struct slice uri, bool *is_first)
{
	return watch(link, uri, false, is_first);
}

static bool
unwatch(struct link *link, struct slice uri, bool is_task)
{
	struct watched *watched = watched_find(link, uri, is_task);

	if (watched == NULL || --watched->refs > 0)
		return false;
	mem_free((void *)watched->uri.p);
	*watched = link->watched[--link->watched_n];
	link_use(link, 0);
	return true;
}

bool
link_unsubscribe(struct link *link, struct slice uri)
{
	return unwatch(link, uri, false);
}

/* ---- changes of resources -------------------------------------------------------------------- */

static void
uri_params(struct buf *params, struct slice uri)
{
	buf_init(params, NULL, LINK_TEXT_MAX_BYTES);
	buf_puts(params, "{\"uri\":");
	buf_json_string(params, uri);
	buf_putc(params, '}');
}

/* Does it say that it can be subscribed to? */
static bool
can_subscribe(const struct link *link)
{
	struct slice resources, value;

	return json_find(link->capabilities, S("resources"), &resources) &&
	    json_type(resources) == JSON_OBJECT && json_find(resources, S("subscribe"), &value) &&
	    json_type(value) == JSON_TRUE;
}

static bool
subscribe_wait(struct link *link, struct slice uri, bool *is_granted, struct err *err)
{
	struct buf params;
	struct call call;
	bool ok;

	uri_params(&params, uri);
	ok = link_request_wait(link, MCP_SUBSCRIBE, buf_view(&params), &call, err);
	*is_granted = ok && call.response.kind == MESSAGE_RESULT;
	call_fini(&call);
	buf_fini(&params);
	return ok;
}

bool
link_watch_wait(struct link *link, struct slice uri, bool *is_granted, struct err *err)
{
	bool is_first, ok;

	*is_granted = false;
	if (!link_ready_wait(link, err))
		return false;
	if (link->capabilities.p == NULL || !can_subscribe(link) ||
	    !link_subscribe(link, uri, &is_first))
		return true;
	*is_granted = !is_first;
	ok = !is_first || subscribe_wait(link, uri, is_granted, err);
	if (!*is_granted)
		link_unsubscribe(link, uri);
	return ok;
}

void
link_unwatch(struct link *link, struct slice uri)
{
	struct buf params;

	if (!link_unsubscribe(link, uri))
		return;
	uri_params(&params, uri);
	link_chore(link, MCP_UNSUBSCRIBE, buf_view(&params));
	buf_fini(&params);
}

/* ---- changes of tasks ------------------------------------------------------------------------ */

void
link_watch_params(struct buf *params, const struct slice uri, bool is_task)
{
	if (!is_task) {
		uri_params(params, uri);
		return;
	}
	buf_init(params, NULL, LINK_TEXT_MAX_BYTES);
	buf_puts(params, "{\"taskId\":");
	buf_put(params, uri);
	buf_putc(params, '}');
}

/* In a session a task's changes are told to who began it, where the server tells them at all. */
bool
link_watch_task_wait(struct link *link, struct slice id, bool *is_granted, struct err *err)
{
	struct buf params;
	struct call call;
	bool is_first, ok = true;

	*is_granted = false;
	if (!link_ready_wait(link, err))
		return false;
	if (!watch(link, id, true, &is_first))
		return true;
	*is_granted = !is_first || back_is_session(link->back);
	if (!*is_granted) {
		link_watch_params(&params, id, true);
		ok = link_request_wait(link, MCP_SUBSCRIBE, buf_view(&params), &call, err);
		*is_granted = ok && call.response.kind == MESSAGE_RESULT;
		call_fini(&call);
		buf_fini(&params);
	}
	if (!*is_granted)
		unwatch(link, id, true);
	return ok;
}

void
link_unwatch_task(struct link *link, struct slice id)
{
	struct buf params;

	if (!unwatch(link, id, true) || !link_is_ready(link) || back_is_session(link->back))
		return;
	link_watch_params(&params, id, true);
	link_chore(link, MCP_UNSUBSCRIBE, buf_view(&params));
	buf_fini(&params);
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

/*
 * Tasks that clients hold: those begun by calls of clients that take tasks, where client and server
 * are not of one session (2026-07-28 on either side; what passes between two of 2025-11-25 passes
 * as it is, with ids as the server made them).
 *
 * A client knows its task by an id that is made here and cannot be guessed; it is good for the
 * caller who began it alone: for the session, or, without sessions, for whoever has the same
 * credential.  Servers know it by theirs, which may be that of another server's too; a provider of
 * ours that keeps its tasks (has_task) has ids that are good as they are.  What a server did at
 * once for a client that wanted a task is a task that is over, and kept here.
 *
 * The core knows tasks as 2026-07-28 does; where a client knows them as 2025-11-25 did, the words
 * are found at the end of this file.  The oldest of a caller's tasks, and of all, give way.
 */
#include <string.h>

#include "gateway/hub.h"

#define OF_CALLER_MAX 1024
#define HELD_MAX      8192
#define MADE_MAX      (4 * MIB)	 /* of one result that is kept here */
#define MADE_ALL_MAX  (64 * MIB) /* of all */
#define KNOWN_MAX     (4 * KIB)	 /* of what is listed of a task */

struct held {
	struct held *next, *prev; /* oldest first */
	struct held_all *all;
	struct slice id, own; /* raw: the client's, the provider's; own memory */
	struct provider *provider;
	struct client *client; /* that began it; NULL: a guest, who was idle for too long */
	struct caller caller;  /* of a guest */
	bool is_guest, is_stdio;
	struct slice made;  /* own memory: it is over, and this was its result; or SLICE_NONE */
	struct slice known; /* own memory: as it was last told, for the list of its client */
};

struct held_all {
	struct hub *hub;
	struct held ends; /* list head */
	size_t n, made_bytes;
};

struct held_all *
held_all_new(struct hub *hub)
{
	struct held_all *all = MEM_NEW(struct held_all);

	all->hub = hub;
	all->ends.next = all->ends.prev = &all->ends;
	return all;
}

static void
held_free(struct held *held)
{
	held->prev->next = held->next;
	held->next->prev = held->prev;
	held->all->n--;
	held->all->made_bytes -= held->made.n;
	if (held->is_guest)
		auth_caller_free(&held->caller);
	mem_free((void *)held->id.p);
	mem_free((void *)held->own.p);
	mem_free((void *)held->made.p);
	mem_free((void *)held->known.p);
	mem_free(held);
}

void
held_all_free(struct held_all **at)
{
	struct held_all *all = *at;

	*at = NULL;
	while (all->ends.next != &all->ends)
		held_free(all->ends.next);
	mem_free(all);
}

void
held_leave(struct client *client)
{
	struct held_all *all = client->hub->held;
	struct held *next;

	for (struct held *h = all->ends.next; h != &all->ends; h = next) {
		next = h->next;
		if (h->client != client)
			continue;
		h->client = NULL;
		if (!h->is_guest)
			held_free(h);
	}
}

void
held_forget(struct hub *hub, const struct provider *provider)
{
	struct held_all *all = hub->held;
	struct held *next;

	for (struct held *h = all->ends.next; h != &all->ends; h = next) {
		next = h->next;
		if (h->provider == provider)
			held_free(h);
	}
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool
is_of(const struct held *held, const struct exchange *exchange, const struct client *client)
{
	if (held->client != NULL && held->client == client)
		return true;
	return held->is_guest && exchange->session == NULL && client != NULL &&
	    held->is_stdio == exchange->is_stdio && auth_same(&held->caller, &exchange->caller);
}

struct held *
held_find(const struct exchange *exchange, const struct passage *passage, struct slice id)
{
	struct held_all *all = passage->hub->held;

	for (struct held *h = all->ends.next; h != &all->ends; h = h->next) {
		if (slice_eq(h->id, id) && is_of(h, exchange, passage->client))
			return h;
	}
	return NULL;
}

struct provider *
held_own(const struct held *held, struct slice *own)
{
	*own = held->own;
	return held->made.p == NULL ? held->provider : NULL;
}

/* ---- a new one ------------------------------------------------------------------------------- */

/* 128 bits nobody can guess, as a JSON string. */
static struct slice
id_make(struct loop *loop)
{
	unsigned char random[16];
	char text[1 + 2 * sizeof(random) + 1];

	loop_random(loop, random, sizeof(random));
	text[0] = text[sizeof(text) - 1] = '"';
	hex_put(random, sizeof(random), text + 1);
	return slice_keep((struct slice){ text, sizeof(text) });
}

/* Of the caller's tasks the oldest, if there are too many; else the oldest of all, likewise. */
static void
make_room(struct held_all *all, const struct exchange *exchange, const struct client *client)
{
	struct held *oldest = NULL;
	size_t n = 0;

	for (struct held *h = all->ends.next; h != &all->ends; h = h->next) {
		if (!is_of(h, exchange, client))
			continue;
		oldest = oldest == NULL ? h : oldest;
		n++;
	}
	if (n >= OF_CALLER_MAX)
		held_free(oldest);
	else if (all->n >= HELD_MAX)
		held_free(all->ends.next);
}

static struct held *
held_new(
    struct exchange *exchange, struct passage *passage, struct provider *provider, struct slice own)
{
	struct held_all *all = passage->hub->held;
	struct held *held;

	make_room(all, exchange, passage->client);
	held = MEM_NEW(struct held);
	held->all = all;
	held->id = provider->ops->has_task != NULL && own.n > 0 ? slice_keep(own)
								: id_make(exchange->loop);
	held->own = slice_keep(own);
	held->provider = provider;
	held->client = passage->client;
	held->is_guest = exchange->session == NULL;
	held->is_stdio = exchange->is_stdio;
	if (held->is_guest)
		held->caller = auth_caller_copy(&exchange->caller);
	held->next = &all->ends;
	held->prev = all->ends.prev;
	held->prev->next = held->next->prev = held;
	all->n++;
	return held;
}

struct held *
held_claim(struct exchange *exchange, struct passage *passage, struct slice id)
{
	struct held *held = held_find(exchange, passage, id);
	const struct gateway *gateway = passage->gateway;

	if (held != NULL || passage->client == NULL || passage->client->is_over)
		return held;
	for (size_t i = 0; i < gateway->providers_n; i++) {
		struct provider *provider = gateway->providers[i];

		if (provider->ops->has_task != NULL &&
		    provider->ops->has_task(provider, &exchange->caller, id))
			return held_new(exchange, passage, provider, id);
	}
	return NULL;
}

/* ---- in the client's words ------------------------------------------------------------------- */

static struct slice
result_member(const struct reply *reply, struct slice key)
{
	struct slice value;

	if (reply->scan != NULL)
		return json_scan_get(reply->scan, S("result"), key);
	return json_find(reply->result, key, &value) ? value : SLICE_NONE;
}

/* The result as it came, but for the id. */
static bool
id_put(struct exchange *exchange, const struct held *held, struct reply *reply)
{
	struct slice token = result_member(reply, S("taskId")), parts[SPLICE_PARTS];
	struct edit edit = { token, held->id };
	struct buf text;
	size_t n;

	if (token.p == NULL)
		return true;
	buf_init(&text, loop_memory(exchange->loop), SIZE_MAX / 2);
	n = message_splice(reply->result, &edit, 1, parts);
	for (size_t i = 0; i < n; i++)
		buf_put(&text, parts[i]);
	reply->scan = NULL;
	return exchange_result(exchange, &text, reply);
}

/* Does its result say that it went wrong?  Before 2026-07-28 such a task has failed. */
static bool
is_error(struct slice result)
{
	struct slice value;

	return result.p != NULL && result.n <= MADE_MAX &&
	    json_find(result, S("isError"), &value) && json_type(value) == JSON_TRUE;
}

/* As 2025-11-25 has it: the task alone, or (is_new) within a result. */
static bool
older_put(struct exchange *exchange, struct held *held, struct mcp_task *task, bool is_new,
    struct reply *reply)
{
	struct buf text;
	size_t from;

	if (task->status == TASK_IS_COMPLETED && is_error(task->result))
		task->status = TASK_IS_FAILED;
	task->id = held->id;
	buf_init(&text, NULL, SIZE_MAX / 2);
	buf_puts(&text, is_new ? "{\"task\":" : "");
	from = text.n;
	buf_putc(&text, '{');
	mcp_task_put(&text, task, exchange->revision, loop_unix_ms(exchange->loop));
	buf_putc(&text, '}');
	mem_free((void *)held->known.p);
	held->known = text.n - from <= KNOWN_MAX
	    ? slice_keep((struct slice){ text.p + from, text.n - from })
	    : SLICE_NONE;
	buf_puts(&text, is_new ? "}" : "");
	reply->scan = NULL;
	reply->type = REPLY_COMPLETE;
	return exchange_result(exchange, &text, reply);
}

/* Does the client ask for outcomes by a request of their own? */
static bool
is_older(const struct exchange *exchange)
{
	return mcp_method_known(MCP_TASKS_RESULT, exchange->revision);
}

/* What the provider said of the task; the client's words for it. */
static bool
task_put(struct exchange *exchange, struct held *held, bool is_new, struct reply *reply)
{
	struct mcp_task task;

	if (!is_older(exchange))
		return id_put(exchange, held, reply);
	return mcp_task_read(reply->result, reply->scan, &task, &reply->err) &&
	    older_put(exchange, held, &task, is_new, reply);
}

/* ---- what is kept here ----------------------------------------------------------------------- */

static bool
made_put(struct exchange *exchange, struct held *held, bool is_new, struct reply *reply)
{
	struct mcp_task task = {
		.status = TASK_IS_COMPLETED, .result = held->made, .poll_ms = 1000
	};
	struct slice times = SLICE_NONE;

	/* Since it was made. */
	if (held->known.p != NULL && json_find(held->known, S("createdAt"), &times))
		times = arena_reserve(&exchange->arena, times.n, &reply->err)
		    ? slice_dup(&exchange->arena, times)
		    : SLICE_NONE;
	task.created = task.updated = times;
	return older_put(exchange, held, &task, is_new, reply);
}

/* A call that was done at once, for a client that wants a task. */
static bool
made_begin(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct held_all *all = passage->hub->held;
	struct slice result = reply->result;
	struct held *held;

	if (result.n > MADE_MAX || all->made_bytes + result.n > MADE_ALL_MAX)
		return err_set(&reply->err, ERR_LIMIT,
		    "the server answered at once, and its result (%zu bytes) cannot be kept as a "
		    "task: make the call without one",
		    result.n);
	held = held_new(exchange, passage, passage->provider, SLICE_NONE);
	held->made = slice_keep(result);
	all->made_bytes += result.n;
	return made_put(exchange, held, true, reply);
}

bool
held_begin(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct mcp_task task;

	if (!exchange_takes_task(exchange) || reply->result.p == NULL || passage->client == NULL ||
	    passage->client->is_over)
		return true;
	if (reply->type == REPLY_TASK)
		return mcp_task_read(reply->result, reply->scan, &task, &reply->err) &&
		    task_put(exchange, held_new(exchange, passage, passage->provider, task.id),
			true, reply);
	/* Between two of 2025-11-25 it is as it is. */
	return !is_older(exchange) || reply->type != REPLY_COMPLETE ||
	    mcp_method_known(MCP_TASKS_RESULT, reply->revision) ||
	    made_begin(exchange, passage, reply);
}

/* ---- asking for it --------------------------------------------------------------------------- */

/* In the session in which it was begun. */
static void
passage_move(struct passage *passage, const struct held *held)
{
	struct client *client = held->client;

	if (client == NULL || client == passage->client || client->is_over)
		return;
	client_ref(client);
	guest_touch(passage->client);
	client_unref(&passage->client);
	passage->client = client;
}

/* A request of ours about it; the provider's words. */
static bool
ask_wait(struct exchange *exchange, struct passage *passage, struct slice own,
    enum mcp_method method, struct reply *reply)
{
	struct provider *provider = passage->provider;
	struct crossing crossing = { .kind = GUARD_REQUEST,
		.server = provider->name,
		.name = own,
		.text = exchange->request.params };

	if (provider->ops->task_wait == NULL)
		return err_set(
		    &reply->err, ERR_PARAMS, "%.*s has no tasks", SLICE_FMT(provider->name));
	reply->result = reply->error = SLICE_NONE;
	ledger_route(passage->hub->ledger, exchange->number, provider->name, own);
	if (!crossing_wait(exchange, &crossing, reply) ||
	    !trail_begin_wait(exchange, passage, method, NULL, &reply->err) ||
	    !provider->ops->task_wait(provider, exchange, method, own, reply, &reply->err))
		return false;
	crossing.kind = GUARD_RESULT;
	crossing.is_error = reply->result.p == NULL;
	crossing.text = crossing.is_error ? reply->error : reply->result;
	return crossing_wait(exchange, &crossing, reply);
}

/* The result, and whose it is (2025-11-25, "Associating messages with tasks"). */
static bool
related_put(
    struct exchange *exchange, const struct slice id, struct slice result, struct reply *reply)
{
	static const char key[] = "\"io.modelcontextprotocol/related-task\":{\"taskId\":";
	struct slice meta, at, inner;
	struct buf text;
	bool has_meta;

	has_meta = json_find(result, S("_meta"), &meta) && json_type(meta) == JSON_OBJECT;
	at = has_meta ? meta : result;
	inner = slice_trim((struct slice){ at.p + 1, at.n - 2 });
	buf_init(&text, loop_memory(exchange->loop), SIZE_MAX / 2);
	buf_put(&text, (struct slice){ result.p, (size_t)(at.p + 1 - result.p) });
	buf_printf(&text, "%s%s", has_meta ? "" : "\"_meta\":{", key);
	buf_put(&text, id);
	buf_printf(&text, "}%s%s", has_meta ? "" : "}", inner.n > 0 ? "," : "");
	buf_put(&text, (struct slice){ at.p + 1, (size_t)(result.p + result.n - (at.p + 1)) });
	reply->scan = NULL;
	return exchange_result(exchange, &text, reply);
}

/* tasks/get, tasks/update, tasks/cancel of who knows them as the core does. */
static bool
pass_wait(struct exchange *exchange, struct passage *passage, struct slice id, struct slice own,
    const struct forward *given, struct reply *reply)
{
	struct forward forward = *given;
	struct held *held;

	forward.edits[forward.edits_n++] = (struct edit){ id, own };
	forward.task = own;
	if (!method_forward(exchange, passage, id, &forward, reply))
		return false;
	held = held_find(exchange, passage, id);
	return held == NULL || reply->result.p == NULL || task_put(exchange, held, false, reply);
}

/* The task as it is, and with it the client's copy of it. */
static bool
older_get_wait(struct exchange *exchange, struct passage *passage, struct slice id,
    struct slice own, struct mcp_task *task, struct reply *reply)
{
	struct held *held;

	if (!ask_wait(exchange, passage, own, MCP_TASKS_GET, reply))
		return false;
	held = held_find(exchange, passage, id);
	if (reply->result.p == NULL || held == NULL)
		return true;
	return mcp_task_read(reply->result, reply->scan, task, &reply->err);
}

/* Ends it: one that is over cannot be (-32602), any other is told to be as it will be. */
static bool
older_cancel_wait(struct exchange *exchange, struct passage *passage, struct slice id,
    struct slice own, struct reply *reply)
{
	struct mcp_task task = { .status = TASK_IS_COMPLETED };
	struct slice shown;
	struct held *held;

	if (!older_get_wait(exchange, passage, id, own, &task, reply) || reply->result.p == NULL)
		return reply->err.kind == ERR_NONE;
	if (mcp_task_is_over(&task))
		return err_set(
		    &reply->err, ERR_PARAMS, "the task is over, and cannot be cancelled");
	held = held_find(exchange, passage, id);
	task.status = TASK_IS_CANCELLED;
	if (held == NULL || !older_put(exchange, held, &task, false, reply))
		return false;
	/* What it was asked for is shown when that was taken. */
	if (!arena_reserve(&exchange->arena, reply->result.n, &reply->err))
		return false;
	shown = slice_dup(&exchange->arena, reply->result);
	if (!ask_wait(exchange, passage, own, MCP_TASKS_CANCEL, reply))
		return false;
	if (reply->result.p != NULL)
		reply->result = shown;
	reply->scan = NULL;
	return true;
}

static bool
older_wait(struct exchange *exchange, struct passage *passage, struct slice id, struct slice own,
    struct reply *reply)
{
	struct mcp_task task = { .status = TASK_IS_WORKING };
	struct held *held;

	switch (exchange->request.method) {
	case MCP_TASKS_RESULT:
		if (!ask_wait(exchange, passage, own, MCP_TASKS_RESULT, reply))
			return false;
		return reply->result.p == NULL || related_put(exchange, id, reply->result, reply);
	case MCP_TASKS_CANCEL:
		return older_cancel_wait(exchange, passage, id, own, reply);
	default:
		if (!older_get_wait(exchange, passage, id, own, &task, reply))
			return false;
		held = held_find(exchange, passage, id);
		return reply->result.p == NULL || held == NULL ||
		    older_put(exchange, held, &task, false, reply);
	}
}

/* One that was over when it began. */
static bool
made_answer(struct exchange *exchange, struct held *held, struct reply *reply)
{
	if (exchange->request.method == MCP_TASKS_RESULT)
		return related_put(exchange, held->id, held->made, reply);
	if (exchange->request.method == MCP_TASKS_CANCEL)
		return err_set(
		    &reply->err, ERR_PARAMS, "the task is over, and cannot be cancelled");
	return made_put(exchange, held, false, reply);
}

bool
held_wait(struct exchange *exchange, struct passage *passage, struct held *held,
    const struct forward *forward, struct reply *reply)
{
	struct slice id = exchange_param(exchange, S("taskId")), own;

	if (held->made.p != NULL)
		return made_answer(exchange, held, reply);
	/* It may be gone while somebody waits. */
	if (!arena_reserve(&exchange->arena, held->own.n, &reply->err))
		return false;
	own = slice_dup(&exchange->arena, held->own);
	passage->name = id;
	route_to(passage, held->provider);
	reply->server = held->provider->name;
	passage_move(passage, held);
	return is_older(exchange) ? older_wait(exchange, passage, id, own, reply)
				  : pass_wait(exchange, passage, id, own, forward, reply);
}

void
held_list(const struct passage *passage, struct buf *out)
{
	struct held_all *all = passage->hub->held;

	for (struct held *h = all->ends.next; h != &all->ends; h = h->next) {
		if (h->client != passage->client || h->known.p == NULL)
			continue;
		if (out->n > 0)
			buf_putc(out, ',');
		buf_put(out, h->known);
	}
}

/*
 * Calls that are answered by a task, for a client that takes none: because its revision has no such
 * tasks, or it did not say that it wants them.  The outcome is waited for, and to the client it is
 * a slow call; what the server asks meanwhile is put to this client.  A call that is given up
 * cancels the task.  A server that was lost is asked again when it is back: a task outlives
 * connections, or is not known any more.
 */
#include <string.h>

#include "gateway/link.h"

#define TRIES_MAX 5 /* connections that one outcome is waited for on */

static void
cancel(struct link *link, struct slice id)
{
	struct buf params;

	buf_init(&params, NULL, LINK_TEXT_MAX_BYTES);
	buf_puts(&params, "{\"taskId\":");
	buf_put(&params, id);
	buf_putc(&params, '}');
	link_chore(link, MCP_TASKS_CANCEL, buf_view(&params));
	buf_fini(&params);
}

/* *is: the reply tells of a task, its id kept; false: of one that makes no sense. */
static bool
task_find(struct exchange *exchange, const struct reply *reply, bool *is, struct mcp_task *task,
    struct err *err)
{
	struct slice wrapped = reply->result.p != NULL && reply->scan != NULL
	    ? json_scan_get(reply->scan, S("result"), S("task"))
	    : SLICE_NONE;
	bool is_wrapped = reply->type != REPLY_TASK;

	*is = !is_wrapped || json_type(wrapped) == JSON_OBJECT;
	if (!*is)
		return true;
	if (!mcp_task_read(
		is_wrapped ? wrapped : reply->result, is_wrapped ? NULL : reply->scan, task, err) ||
	    !arena_reserve(&exchange->arena, task->id.n, err))
		return false;
	task->id = slice_dup(&exchange->arena, task->id);
	return true;
}

/* Is the tool to be had as a task only, and asked for otherwise by who knows no better? */
static bool
needs_task(const struct exchange *exchange, const struct forward *forward)
{
	return forward->item != NULL && forward->item->needs_task &&
	    exchange->request.method == MCP_TOOLS_CALL && exchange->request.params.n > 2 &&
	    !mcp_method_known(MCP_TASKS_RESULT, exchange->revision) &&
	    json_scan_get(exchange->request.scan, S("params"), S("task")).p == NULL;
}

/* False, and the link is ready: what went wrong would go wrong again. */
static bool
outcome_once_wait(struct link *link, struct exchange *exchange, const struct mcp_task *task,
    struct reply *reply, struct err *err)
{
	struct call call;
	bool ok;

	call_init(&call);
	ok = link_ready_wait(link, err) &&
	    back_task_wait(link->back, exchange, task->id, task->poll_ms, &call, err);
	if (ok)
		link_reply(link, exchange, &call, reply);
	call_fini(&call);
	return ok;
}

static bool
outcome_wait(struct link *link, struct exchange *exchange, const struct mcp_task *task,
    bool is_of_call, struct reply *reply, struct err *err)
{
	bool ok = false, again = true;

	link_use(link, 1);
	for (unsigned i = 0; again; i++) {
		ok = outcome_once_wait(link, exchange, task, reply, err);
		again = !ok && i < TRIES_MAX && !link_is_ready(link) &&
		    (err->kind == ERR_UNAVAILABLE || err->kind == ERR_OUTCOME_UNKNOWN) &&
		    task_cut(exchange->task) == ERR_NONE;
	}
	if (!ok && is_of_call)
		cancel(link, task->id);
	link_use(link, -1);
	return ok || err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
}

/* Can calls of its tools be tasks, in its session? */
static bool
begins_tasks(const struct link *link)
{
	static const struct slice path[] = { S("tasks"), S("requests"), S("tools"), S("call") };
	struct slice at = link->capabilities;

	for (size_t i = 0; i < COUNT(path); i++) {
		if (json_type(at) != JSON_OBJECT || !json_find(at, path[i], &at))
			return false;
	}
	return back_is_session(link->back);
}

/* May it be had as a task, and does a client without a session take one? */
static bool
offers_task(const struct link *link, const struct exchange *exchange, const struct forward *forward)
{
	return forward->item != NULL && forward->item->takes_task && exchange->session == NULL &&
	    exchange->request.params.n > 2 && link_is_ready(link) && begins_tasks(link) &&
	    exchange_takes_task(exchange);
}

/* As who keeps no session knows it. */
static bool
task_show(struct exchange *exchange, const struct mcp_task *task, struct reply *reply)
{
	struct buf text;

	buf_init(&text, NULL, SIZE_MAX / 2);
	buf_putc(&text, '{');
	mcp_task_put(&text, task, exchange->revision, loop_unix_ms(exchange->loop));
	buf_putc(&text, '}');
	reply->type = REPLY_TASK;
	reply->scan = NULL;
	return exchange_result(exchange, &text, reply);
}

/* A request about a task that a client without sessions holds, of a server that keeps one. */
static bool
is_held(struct link *link, const struct forward *forward)
{
	return forward->task.p != NULL && link_is_ready(link) && back_is_session(link->back);
}

bool
link_task_wait(struct link *link, struct exchange *exchange, enum mcp_method method,
    struct slice id, struct reply *reply, struct err *err)
{
	struct mcp_task task = { .id = id };
	struct buf params;
	struct call call;
	bool ok;

	if (method == MCP_TASKS_RESULT)
		return outcome_wait(link, exchange, &task, false, reply, err);
	task_deadline(
	    exchange->task, loop_now_ms(exchange->loop) + link->upstream->config->timeout_ms);
	buf_init(&params, NULL, LINK_TEXT_MAX_BYTES);
	buf_puts(&params, "{\"taskId\":");
	buf_put(&params, id);
	buf_putc(&params, '}');
	call_init(&call);
	ok = link_ready_wait(link, err) &&
	    link_request_wait(link, method, buf_view(&params), &call, err);
	if (ok)
		link_reply(link, exchange, &call, reply);
	call_fini(&call);
	buf_fini(&params);
	return ok || err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
}

bool
link_call_wait(struct link *link, struct exchange *exchange, const struct forward *forward,
    struct reply *reply, struct err *err)
{
	bool is_needed;
	struct forward begin = *forward;
	struct mcp_task task = { .status = TASK_IS_WORKING };
	bool is_task;

	if (forward->task.p != NULL && !link_ready_wait(link, err))
		return err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
	if (is_held(link, forward))
		return link_held_wait(link, exchange, forward->task, reply, err) ||
		    err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
	is_needed = needs_task(exchange, forward) || offers_task(link, exchange, forward);
	if (is_needed) {
		must(begin.edits_n < COUNT(begin.edits));
		begin.edits[begin.edits_n++] =
		    (struct edit){ { exchange->request.params.p + 1, 0 }, S("\"task\":{},") };
		/* What was begun once is not begun again. */
		begin.may_repeat = false;
	}
	if (!link_forward_wait(link, exchange, &begin, reply, err))
		return false;
	if (!is_needed && (reply->type != REPLY_TASK || exchange_takes_task(exchange)))
		return true;
	if (!task_find(exchange, reply, &is_task, &task, err))
		return err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
	if (!is_task || (exchange_takes_task(exchange) && reply->type == REPLY_TASK))
		return true;
	return exchange_takes_task(exchange)
	    ? task_show(exchange, &task, reply)
	    : outcome_wait(link, exchange, &task, true, reply, err);
}

/*
 * Tools that are only to be had as tasks (2025-11-25, execution.taskSupport "required"), for a
 * client whose revision knows no such tasks: the call begins one and waits for its result, and to
 * the client it is a slow call.  What the server asks meanwhile comes with the request for the
 * result, and so to this client.  A call that is given up cancels the task.
 */
#include <string.h>

#include "gateway/link.h"

#define ID_MAX_BYTES KIB

/* {"jsonrpc":"2.0","id":0,"method":"tasks/result","params":{"taskId":ID}}, for the exchange. */
static bool
result_wait(struct link *link, struct exchange *exchange, struct slice id, struct call *call,
    struct err *err)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct buf text;
	bool ok;

	buf_init(&text, NULL, LINK_TEXT_MAX_BYTES);
	buf_printf(&text, "%s0,\"method\":\"tasks/result\",\"params\":{\"taskId\":", head);
	buf_put(&text, id);
	buf_puts(&text, "}}");
	call->exchange = exchange;
	call->text = buf_view(&text);
	call->id = (struct slice){ call->text.p + sizeof(head) - 1, 1 };
	call->may_repeat = true;
	ok = buf_check(&text, err) && back_call_wait(link->back, call, err);
	buf_fini(&text);
	return ok;
}

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

/* The task that the reply tells of, its id kept; false: it is a result like any other. */
static bool
task_id(struct exchange *exchange, const struct reply *reply, struct slice *id)
{
	struct slice task = reply->result.p != NULL && reply->scan != NULL
	    ? json_scan_get(reply->scan, S("result"), S("task"))
	    : SLICE_NONE;

	if (json_type(task) != JSON_OBJECT || !json_find(task, S("taskId"), id) ||
	    json_type(*id) != JSON_STRING || id->n > ID_MAX_BYTES ||
	    !arena_reserve(&exchange->arena, id->n, &(struct err){ 0 }))
		return false;
	*id = slice_dup(&exchange->arena, *id);
	return true;
}

bool
link_is_task(
    const struct link *link, const struct exchange *exchange, const struct forward *forward)
{
	return forward->item != NULL && forward->item->needs_task &&
	    exchange->request.method == MCP_TOOLS_CALL && exchange->request.params.n > 2 &&
	    !mcp_method_known(MCP_TASKS_RESULT, exchange->revision) &&
	    json_scan_get(exchange->request.scan, S("params"), S("task")).p == NULL;
}

bool
link_task_wait(struct link *link, struct exchange *exchange, const struct forward *forward,
    struct reply *reply, struct err *err)
{
	struct forward begin = *forward;
	struct call call;
	struct slice id;
	bool ok;

	must(begin.edits_n < COUNT(begin.edits));
	begin.edits[begin.edits_n++] =
	    (struct edit){ { exchange->request.params.p + 1, 0 }, S("\"task\":{},") };
	/* What was begun once is not begun again. */
	begin.may_repeat = false;
	if (!link_forward_wait(link, exchange, &begin, reply, err))
		return false;
	if (!task_id(exchange, reply, &id))
		return true;
	/* It takes the time that it takes; the client may give it up. */
	task_deadline(exchange->task, 0);
	call_init(&call);
	link_use(link, 1);
	ok = link_ready_wait(link, err) && result_wait(link, exchange, id, &call, err);
	if (ok)
		link_reply(link, exchange, &call, reply);
	else
		cancel(link, id);
	call_fini(&call);
	link_use(link, -1);
	return ok || err_prefix(err, "%.*s", SLICE_FMT(name_of(link)));
}

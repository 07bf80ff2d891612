/*
 * A front within the process: what a command asks of the gateway goes the same way as a client's
 * request, through an exchange.  Progress becomes a remark on the terminal; questions are put to
 * the person there (ask_person.c), and declined where nobody can be asked.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask_person.h"
#include "cli/cli.h"

#define REMARK_EVERY_MS 1000

struct local_front {
	struct hub *hub;
	struct loop *loop;
	struct intake intake;
	struct person *person;
	uint64_t number;
	struct exchange *exchange; /* the request in progress, or NULL */
	bool was_read;		   /* the intake is done with the text */
	struct message message;
	struct err fault;
};

/* One request in progress; on the stack of the task that waits for it. */
struct local_call {
	struct local_front *front;
	struct local_reply *reply;
	struct task *task;
	bool has_progress, is_done;
};

/* ---- the front's half of an exchange ---- */

static void
finish(struct exchange *exchange, const struct reply *reply)
{
	struct local_call *call = exchange->front_data;

	if (reply->result.p != NULL)
		buf_put(&call->reply->result, reply->result);
	else if (reply->error.p != NULL)
		buf_put(&call->reply->error, reply->error);
	else
		call->reply->err = reply->err;
	call->front->exchange = NULL;
	call->is_done = true;
	task_wake(call->task);
}

/* "3 of 10: reading" from the params of a progress notification. */
static void
tell(struct exchange *exchange, const struct tell *tell)
{
	struct local_call *call = exchange->front_data;
	struct slice progress, total = SLICE_NONE, token, message = SLICE_NONE;
	struct arena arena;
	struct err err;

	if (tell->method != MCP_PROGRESS || !json_find(tell->params, S("progress"), &progress))
		return;
	call->has_progress = true;
	json_find(tell->params, S("total"), &total);
	arena_init(&arena, NULL, 8 * KIB);
	if (json_find(tell->params, S("message"), &token) && json_type(token) == JSON_STRING &&
	    token.n < KIB && !json_string(&arena, token, &message, &err))
		message = SLICE_NONE;
	local_status("%.*s%s%.*s%s%.*s", SLICE_FMT(progress), total.p != NULL ? " of " : "",
	    SLICE_FMT(total), message.n > 0 ? ": " : "", SLICE_FMT(message));
	arena_fini(&arena);
}

static bool
ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	struct local_call *call = exchange->front_data;

	local_status_clear();
	return person_ask_wait(call->front->person, exchange, question, answer, err);
}

static const struct front_ops local_front_ops = {
	.name = "local",
	.ask_wait = ask_wait,
	.tell = tell,
	.finish = finish,
};

/* ---- requests ---- */

static void
was_read(void *owner, struct message *message, const struct err *err)
{
	struct local_front *front = owner;

	front->was_read = true;
	front->fault = *err;
	if (err->kind == ERR_NONE)
		front->message = *message;
}

MUST_CHECK static bool
read_wait(struct local_front *front, enum mcp_method method, struct slice params, struct err *err)
{
	struct buf text;

	buf_init(&text, loop_memory(front->loop), SIZE_MAX / 2);
	buf_printf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":",
	    (unsigned long long)++front->number, mcp_method_row(method)->name);
	buf_put(&text, params);
	buf_putc(&text, '}');
	if (!buf_check(&text, err)) {
		buf_fini(&text);
		return false;
	}
	front->was_read = false;
	intake_take(&front->intake, &text);
	while (!front->was_read)
		if (!task_yield_wait(front->loop, err))
			return false;
	if (front->fault.kind != ERR_NONE)
		*err = front->fault;
	return front->fault.kind == ERR_NONE;
}

static void
begin(struct local_front *front, struct local_call *call)
{
	struct exchange *exchange = exchange_new(&front->intake, &front->message);
	const struct mcp_gate *gate = hub_gate(front->hub);

	exchange->number = front->number;
	exchange->caller = auth_anonymous();
	exchange->client = S("bascule");
	exchange->revision = MCP_NEWEST_LEGACY;
	exchange->can.elicitation = person_is_there(front->person);
	exchange->capabilities = exchange->can.elicitation ? S("{\"elicitation\":{}}") : S("{}");
	exchange->family = front;
	exchange->front = &local_front_ops;
	exchange->front_data = call;
	exchange->gate = gate;
	front->exchange = exchange;
	gate->begin(gate->owner, exchange);
}

void
local_front_cancel(struct local_front *front)
{
	const struct mcp_gate *gate = hub_gate(front->hub);

	if (front->exchange == NULL)
		return;
	front->exchange->is_cancelled = true;
	gate->cancel(gate->owner, front->exchange);
}

bool
local_front_request_wait(struct local_front *front, enum mcp_method method, struct slice params,
    struct local_reply *reply, struct err *err)
{
	struct local_call call = { .front = front, .reply = reply, .task = task_self(front->loop) };
	uint64_t started_ms = loop_now_ms(front->loop), ms;
	bool timed_out;

	memset(reply, 0, sizeof(*reply));
	buf_init(&reply->result, loop_memory(front->loop), SIZE_MAX / 2);
	buf_init(&reply->error, loop_memory(front->loop), SIZE_MAX / 2);
	if (!read_wait(front, method, params, err))
		return false;
	begin(front, &call);
	while (!call.is_done) {
		ms = loop_now_ms(front->loop);
		if (!task_park_until_wait(front->loop, ms + REMARK_EVERY_MS, &timed_out, err))
			return false;
		if (timed_out && !call.has_progress && !person_is_asked(front->person))
			local_status("waiting for the answer (%llu s)",
			    (unsigned long long)((loop_now_ms(front->loop) - started_ms) / 1000));
	}
	local_status_clear();
	return buf_check(&reply->result, err) && buf_check(&reply->error, err);
}

void
local_reply_fini(struct local_reply *reply)
{
	buf_fini(&reply->result);
	buf_fini(&reply->error);
}

struct local_front *
local_front_new(struct hub *hub)
{
	struct local_front *front = MEM_NEW(struct local_front);

	front->hub = hub;
	front->loop = hub_loop(hub);
	front->person = person_new(front->loop, hub_config(hub)->limit_ask_ms);
	intake_init(&front->intake, front->loop, 0);
	front->intake.done = was_read;
	front->intake.owner = front;
	return front;
}

void
local_front_free(struct local_front **at)
{
	struct local_front *front = *at;

	*at = NULL;
	person_free(&front->person);
	intake_fini(&front->intake);
	mem_free(front);
}

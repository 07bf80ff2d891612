/*
 * A run as an MCP task: the state it is in, its outcome, what it asks, and the requests about it.
 * The task's id is the run's, so that it is good as long as the run is kept, after a restart too.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agents/supervisor.h"

#define POLL_MS	      1000
#define FACTS_BYTES   (64 * MIB)
#define ANSWERS_BYTES (4 * MIB)

static enum mcp_task_status
status_of(const struct run *run)
{
	switch (run->state) {
	case RUN_CANCELLED:
		return TASK_IS_CANCELLED;
	case RUN_QUEUED:
	case RUN_RUNNING:
		return permission_is_open(run) ? TASK_IS_ASKING : TASK_IS_WORKING;
	default:
		/* It has a result, which says how it went. */
		return TASK_IS_COMPLETED;
	}
}

void
run_task_of(const struct run *run, struct slice id, struct mcp_task *task)
{
	*task = (struct mcp_task){ .status = status_of(run), .id = id, .poll_ms = POLL_MS };
}

static void
put_time(struct buf *out, uint64_t unix_ms)
{
	time_t second = (time_t)(unix_ms / 1000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&second, &tm) == NULL ||
	    strftime(text, sizeof(text), "\"%Y-%m-%dT%H:%M:%SZ\"", &tm) == 0)
		snprintf(text, sizeof(text), "\"\"");
	buf_puts(out, text);
}

static uint64_t
updated_ms(const struct run *run)
{
	return run->ended_ms > 0  ? run->ended_ms
	    : run->started_ms > 0 ? run->started_ms
				  : run->queued_ms;
}

static void
put_message(const struct run *run, struct buf *out)
{
	struct buf text;

	buf_init(&text, NULL, 2 * KIB);
	buf_printf(&text, "run %s: %s", run->id, run_state_word(run->state));
	if (run->state == RUN_QUEUED)
		buf_printf(&text, ", %u in the queue", run_queue_position(run));
	if (run->why.n > 0)
		buf_printf(&text, ": %.*s", SLICE_FMT(run->why));
	buf_json_string(out, buf_view(&text));
	buf_fini(&text);
}

void
run_task_put(
    const struct run *run, struct mcp_task *task, enum mcp_revision revision, struct buf *out)
{
	struct buf created, updated, message, facts;

	buf_init(&created, NULL, 64);
	buf_init(&updated, NULL, 64);
	buf_init(&message, NULL, 8 * KIB);
	put_time(&created, run->queued_ms);
	put_time(&updated, updated_ms(run));
	put_message(run, &message);
	task->created = buf_view(&created);
	task->updated = buf_view(&updated);
	task->message = buf_view(&message);
	mcp_task_put(out, task, revision, loop_unix_ms(run->agents->loop));
	if (task->status == TASK_IS_COMPLETED) {
		buf_init(&facts, loop_memory(run->agents->loop), FACTS_BYTES);
		run_facts_put(run, &facts);
		buf_puts(out, ",\"result\":");
		result_put(out, buf_view(&facts), run_is_error(run));
		out->overflow |= facts.overflow;
		buf_fini(&facts);
	}
	if (task->status == TASK_IS_ASKING) {
		buf_puts(out, ",\"inputRequests\":");
		permissions_put(run, out);
	}
	buf_fini(&message);
	buf_fini(&updated);
	buf_fini(&created);
	task->created = task->updated = task->message = SLICE_NONE;
}

/* The task object as the result. */
static bool
task_result(struct run *run, struct exchange *exchange, struct slice id, struct reply *reply)
{
	struct mcp_task task;
	struct buf text;

	run_task_of(run, id, &task);
	buf_init(&text, loop_memory(exchange->loop), SIZE_MAX / 2);
	buf_putc(&text, '{');
	/* The gateway reads it, and has the words of older revisions. */
	run_task_put(run, &task, MCP_NEWEST, &text);
	buf_putc(&text, '}');
	reply->revision = MCP_NEWEST;
	return exchange_result(exchange, &text, reply);
}

bool
task_begin_wait(struct run *run, struct exchange *exchange, struct reply *reply)
{
	struct buf id;
	bool ok;

	/* Before anything is waited for: what it asks meanwhile is the task's. */
	run->is_task = true;
	run->can_task_answer |= permission_can_be_asked(exchange);
	run_sync_wait(run);
	buf_init(&id, NULL, 64);
	buf_json_string(&id, slice_of(run->id));
	reply->type = REPLY_TASK;
	ok = task_result(run, exchange, buf_view(&id), reply);
	buf_fini(&id);
	return ok;
}

/* ---- requests about it ----------------------------------------------------------------------- */

static bool
outcome_wait(struct run *run, struct exchange *exchange, struct reply *reply, struct err *err)
{
	struct buf facts, out;

	if (!run_watch_wait(run, exchange, UINT64_MAX, false, err))
		return false;
	run_sync_wait(run);
	buf_init(&facts, loop_memory(exchange->loop), FACTS_BYTES);
	buf_init(&out, loop_memory(exchange->loop), SIZE_MAX / 2);
	run_facts_put(run, &facts);
	result_put(&out, buf_view(&facts), run_is_error(run));
	out.overflow |= facts.overflow;
	buf_fini(&facts);
	reply->revision = MCP_NEWEST;
	return exchange_result(exchange, &out, reply);
}

static bool
update(struct run *run, struct exchange *exchange, struct reply *reply, struct err *err)
{
	struct slice responses =
	    json_scan_get(exchange->request.scan, S("params"), S("inputResponses"));

	if (json_type(responses) != JSON_OBJECT || responses.n > ANSWERS_BYTES)
		return err_set(err, ERR_PARAMS, "params.inputResponses must be an object");
	permissions_answer(run, responses);
	reply->result = S("{}");
	return true;
}

static bool
request_wait(struct run *run, struct exchange *exchange, enum mcp_method method, struct slice id,
    struct reply *reply, struct err *err)
{
	switch (method) {
	case MCP_TASKS_RESULT:
		return outcome_wait(run, exchange, reply, err);
	case MCP_TASKS_UPDATE:
		return update(run, exchange, reply, err);
	case MCP_TASKS_CANCEL:
		run_cancel(run, "its task was cancelled");
		reply->result = S("{}");
		return true;
	default:
		return task_result(run, exchange, id, reply);
	}
}

/* The run of that id, raw. */
static struct run *
run_of_id(const struct agents *agents, const struct caller *caller, struct slice id)
{
	struct slice text = { id.p + 1, id.n - 2 };
	struct run *run = id.n > 2 ? run_by_id(agents, text) : NULL;

	return run != NULL && run_is_of(run, caller) ? run : NULL;
}

bool
task_is_known(const struct agents *agents, const struct caller *caller, struct slice id)
{
	return run_of_id(agents, caller, id) != NULL;
}

bool
task_request_wait(struct agents *agents, struct exchange *exchange, enum mcp_method method,
    struct slice id, struct reply *reply, struct err *err)
{
	struct run *run = run_of_id(agents, &exchange->caller, id);
	bool ok;

	if (run == NULL)
		return err_set(err, ERR_PARAMS, "the run of this task is not kept any more");
	run->holds++;
	ok = request_wait(run, exchange, method, id, reply, err);
	run->holds--;
	return ok;
}

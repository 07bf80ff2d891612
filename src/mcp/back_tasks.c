/*
 * Waiting for the outcome of a task.  An upstream of 2025-11-25 is asked for it once
 * (tasks/result), and asks questions of its own meanwhile, as about any call.  One of 2026-07-28 is
 * asked how the task is, as often as it wants to be asked within our bounds (tasks/get): what it
 * asks is put to the client, each key once, and answered by tasks/update; when the task is over its
 * outcome is in the same answer.
 *
 * A task may end never, be forgotten, change its mind, or ask without end: time, questions and
 * failures in a row are counted.
 */
#include <string.h>

#include "mcp/back.h"

#define TASK_MOST_MS (24 * 3600 * 1000ull)
#define KEYS_MAX     256 /* questions of one task */
#define FAILURES_MAX 5	 /* in a row, of requests for its state */
#define TEXT_BYTES   (64 * KIB)

struct waiting {
	struct back *back;
	struct exchange *exchange;
	struct slice id;      /* raw */
	struct slice related; /* the client's, where it knows the task */
	struct call *call;
	struct rounds *rounds;
	uint64_t keys[KEYS_MAX]; /* hashes of those that were answered */
	size_t keys_n;
	uint64_t until_ms, told; /* hash of what was told last */
	unsigned told_n, failures;
};

/* ---- requests about it ----------------------------------------------------------------------- */

/* More: further members of params, each with a comma before it. */
static bool
request_wait(struct waiting *waiting, enum mcp_method method, struct slice more, struct call *call,
    struct err *err)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct back *back = waiting->back;
	struct task *self = task_self(back->loop);
	struct buf text;
	bool ok;

	buf_init(&text, NULL, TEXT_BYTES + more.n);
	buf_printf(&text, "%s0,\"method\":\"%s\",\"params\":{\"taskId\":", head,
	    mcp_method_row(method)->name);
	buf_put(&text, waiting->id);
	buf_put(&text, more);
	buf_puts(&text, "}}");
	call_init(call);
	call->exchange = waiting->exchange;
	call->is_errand = true;
	call->task_id = method == MCP_TASKS_RESULT ? waiting->id : SLICE_NONE;
	call->text = buf_view(&text);
	call->id = (struct slice){ call->text.p + sizeof(head) - 1, 1 };
	call->may_repeat = true;
	ok = buf_check(&text, err) && back_call_wait(back, call, err);
	task_deadline(self, 0);
	buf_fini(&text);
	return ok;
}

/* The same, within the upstream's timeout. */
static bool
request_soon_wait(struct waiting *waiting, enum mcp_method method, struct slice more,
    struct call *call, struct err *err)
{
	struct loop *loop = waiting->back->loop;

	task_deadline(
	    task_self(loop), loop_now_ms(loop) + waiting->back->spec.upstream->timeout_ms);
	return request_wait(waiting, method, more, call, err);
}

/* ---- what it asks ---------------------------------------------------------------------------- */

static bool
is_answered(const struct waiting *waiting, uint64_t key)
{
	for (size_t i = 0; i < waiting->keys_n; i++) {
		if (waiting->keys[i] == key)
			return true;
	}
	return false;
}

/* Those of the questions that were not answered yet, as an object; its keys count as answered. */
static bool
fresh_put(struct waiting *waiting, struct slice requests, struct buf *out, struct err *err)
{
	struct slice key, value;
	struct json_iter iter;
	uint64_t hash;

	json_iter_init(&iter, requests);
	while (json_iter_next(&iter, &key, &value)) {
		hash = hash_bytes(key, loop_seed(waiting->back->loop));
		if (is_answered(waiting, hash))
			continue;
		if (waiting->keys_n == KEYS_MAX)
			return err_set(err, ERR_UNAVAILABLE,
			    "asks more than %d questions about one task", KEYS_MAX);
		waiting->keys[waiting->keys_n++] = hash;
		buf_puts(out, out->n > 0 ? ",\"" : "{\"");
		buf_put(out, key);
		buf_puts(out, "\":");
		buf_put(out, value);
	}
	buf_puts(out, out->n > 0 ? "}" : "");
	return buf_check(out, err);
}

static bool
update_wait(struct waiting *waiting, struct slice answers, struct err *err)
{
	struct call call;
	struct buf more;
	bool ok;

	buf_init(&more, NULL, SIZE_MAX / 2);
	buf_puts(&more, ",\"inputResponses\":");
	buf_put(&more, answers);
	ok = request_soon_wait(waiting, MCP_TASKS_UPDATE, buf_view(&more), &call, err);
	if (ok && call.response.kind == MESSAGE_ERROR)
		ok = err_set(err, ERR_UNAVAILABLE, "does not take answers to its task: %.*s",
		    (int)(call.response.body.n > 150 ? 150 : call.response.body.n),
		    call.response.body.p);
	call_fini(&call);
	buf_fini(&more);
	return ok;
}

/* *asked: something was, and answered. */
static bool
questions_wait(struct waiting *waiting, const struct mcp_task *task, bool *asked, struct err *err)
{
	struct slice answers;
	struct buf fresh;
	bool ok;

	*asked = false;
	if (task->requests.p == NULL)
		return true;
	if (task->requests.n > SLICE_OF_WORK_BYTES)
		return err_set(err, ERR_UNAVAILABLE, "asks in %zu bytes (at most %zu)",
		    task->requests.n, SLICE_OF_WORK_BYTES);
	buf_init(&fresh, NULL, 2 * SLICE_OF_WORK_BYTES);
	ok = fresh_put(waiting, task->requests, &fresh, err);
	if (ok && fresh.n > 0) {
		*asked = true;
		ok = rounds_ask_wait(
			 waiting->rounds, buf_view(&fresh), waiting->related, &answers, err) &&
		    update_wait(waiting, answers, err);
	}
	buf_fini(&fresh);
	return ok;
}

/* ---- how it goes ----------------------------------------------------------------------------- */

/* To who knows the task by an id: as it is now (2025-11-25, tasks). */
static void
status_tell(struct waiting *waiting, const struct mcp_task *task)
{
	struct tell tell = { .method = MCP_TASK_STATUS, .server = waiting->back->spec.server };
	struct mcp_task shown = *task;
	struct buf params;

	shown.id = waiting->related;
	buf_init(&params, NULL, TEXT_BYTES);
	buf_putc(&params, '{');
	mcp_task_put(
	    &params, &shown, waiting->exchange->revision, loop_unix_ms(waiting->back->loop));
	buf_putc(&params, '}');
	tell.params = buf_view(&params);
	if (!params.overflow)
		exchange_tell(waiting->exchange, &tell);
	buf_fini(&params);
}

/* Each news is progress: the client's call is slow, and not forgotten. */
static void
news_tell(struct waiting *waiting, const struct mcp_task *task)
{
	static const char head[] = "{\"progressToken\":";
	uint64_t seed = loop_seed(waiting->back->loop) + task->status, hash;
	struct tell tell = { .method = MCP_PROGRESS, .server = waiting->back->spec.server };
	struct buf params;

	hash = hash_bytes(task->message, seed) ^ hash_bytes(task->updated, seed);
	if (waiting->told_n > 0 && hash == waiting->told)
		return;
	waiting->told = hash;
	if (waiting->related.p != NULL)
		status_tell(waiting, task);
	buf_init(&params, NULL, TEXT_BYTES);
	buf_printf(&params, "%s0,\"progress\":%u", head, ++waiting->told_n);
	if (task->message.p != NULL) {
		buf_puts(&params, ",\"message\":");
		buf_put(&params, task->message);
	}
	buf_putc(&params, '}');
	tell.params = buf_view(&params);
	tell.token = (struct slice){ params.p + sizeof(head) - 1, 1 };
	if (!params.overflow)
		exchange_tell(waiting->exchange, &tell);
	buf_fini(&params);
}

/* It is over: what it ended with takes the place of what told it. */
static bool
outcome(struct call *call, const struct mcp_task *task, struct err *err)
{
	if (task->status == TASK_IS_CANCELLED)
		return err_set(err, ERR_UNAVAILABLE, "has cancelled its task%s%.*s",
		    task->message.p != NULL ? ": " : "",
		    (int)(task->message.n > 150 ? 150 : task->message.n),
		    task->message.p != NULL ? task->message.p : "");
	if (task->status == TASK_IS_COMPLETED && task->result.p == NULL)
		return err_set(err, ERR_UNAVAILABLE, "has completed a task without a result");
	if (task->status == TASK_IS_FAILED && task->error.p == NULL)
		return err_set(err, ERR_UNAVAILABLE,
		    "has a task that failed, and says not how%s%.*s",
		    task->message.p != NULL ? ": " : "",
		    (int)(task->message.n > 150 ? 150 : task->message.n),
		    task->message.p != NULL ? task->message.p : "");
	call->response.kind = task->status == TASK_IS_FAILED ? MESSAGE_ERROR : MESSAGE_RESULT;
	call->response.body = task->status == TASK_IS_FAILED ? task->error : task->result;
	/* It tells of what is around it. */
	call->response.scan = NULL;
	modern_outcome_fit(call, call->exchange->revision);
	return true;
}

/*
 * One look at the task; *is_over: its outcome is in the call.  Failures on the way are forgiven
 * some times; that the upstream does not know the task is not one.
 */
static bool
look_wait(struct waiting *waiting, uint64_t *pause_ms, bool *is_over, struct err *err)
{
	struct call *call = waiting->call;
	struct mcp_task task;
	bool asked;

	*is_over = false;
	call_fini(call);
	if (!request_soon_wait(waiting, MCP_TASKS_GET, SLICE_NONE, call, err)) {
		if (err->kind == ERR_CANCELLED || !back_is_usable(waiting->back) ||
		    ++waiting->failures >= FAILURES_MAX)
			return false;
		*pause_ms *= 2;
		return true;
	}
	waiting->failures = 0;
	if (call->response.kind == MESSAGE_ERROR)
		return err_set(err, ERR_OUTCOME_UNKNOWN, "does not know its task any more: %.*s",
		    (int)(call->response.body.n > 150 ? 150 : call->response.body.n),
		    call->response.body.p);
	if (!mcp_task_read(call->response.body, call->response.scan, &task, err))
		return false;
	*pause_ms = task.poll_ms;
	news_tell(waiting, &task);
	if (mcp_task_is_over(&task)) {
		*is_over = true;
		return outcome(call, &task, err);
	}
	if (task.status != TASK_IS_ASKING)
		return true;
	if (!questions_wait(waiting, &task, &asked, err))
		return false;
	if (asked)
		*pause_ms = 0;
	return true;
}

static bool
looks_wait(struct waiting *waiting, uint64_t pause_ms, struct err *err)
{
	struct loop *loop = waiting->back->loop;
	bool is_over = false;

	while (!is_over) {
		if (loop_now_ms(loop) >= waiting->until_ms)
			return err_set(
			    err, ERR_DEADLINE, "has a task that has not ended within a day");
		if (!task_sleep_wait(loop, pause_ms, err) ||
		    !look_wait(waiting, &pause_ms, &is_over, err))
			return false;
	}
	return true;
}

bool
back_task_wait(struct back *back, struct exchange *exchange, struct slice id, uint64_t poll_ms,
    struct call *call, struct err *err)
{
	struct waiting *waiting = MEM_NEW(struct waiting);
	bool ok;

	*waiting = (struct waiting){ .back = back, .exchange = exchange, .id = id, .call = call };
	if (exchange->request.method == MCP_TASKS_RESULT)
		waiting->related = json_scan_get(exchange->request.scan, S("params"), S("taskId"));
	waiting->until_ms = loop_now_ms(back->loop) + TASK_MOST_MS;
	task_deadline(task_self(back->loop), 0);
	back->refs++;
	if (back->is_modern) {
		call_init(call);
		call->revision = back->revision;
		call->exchange = exchange;
		waiting->rounds = rounds_new(back, call);
		ok = looks_wait(waiting, poll_ms, err);
		rounds_free(&waiting->rounds);
	} else {
		ok = request_wait(waiting, MCP_TASKS_RESULT, SLICE_NONE, call, err);
	}
	back_unref(back);
	mem_free(waiting);
	return ok;
}

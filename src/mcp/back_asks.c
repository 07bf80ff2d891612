/*
 * What an upstream asks and tells of its own accord: questions, each a task that asks a client and
 * answers; notices, passed to whom they are about.  Answers and progress are in back.c.
 *
 * A question belongs to the call on whose stream it came; else, if all calls in flight belong to
 * one client, to its oldest; else it is declined and said, never guessed.
 */
#include <string.h>

#include "mcp/back.h"

#define ASKS_MAX      64		  /* about one call at once, or about none */
#define ASK_MAX_BYTES SLICE_OF_WORK_BYTES /* of one question */

/* A question of the upstream that is being put to a client; one task each, in the call's group. */
struct upstream_ask {
	struct upstream_ask *next;
	struct back *back;
	struct call *call; /* NULL: it belongs to the client, not to a call */
	struct task *task;
	struct arena arena; /* message and text */
	struct buf text;
	struct message message;
	struct question question;
	bool is_withdrawn; /* no answer is wanted */
};

/* ---- whose it is ----------------------------------------------------------------------------- */

/*
 * The call that a question or notification belongs to: that on whose stream it came; else, if all
 * calls in flight are of one client, its oldest that is not waiting for that client already.  NULL:
 * none, or it cannot be told.
 */
static struct call *
attribute(const struct back *back, struct call *by)
{
	struct call *oldest = NULL;

	if (by != NULL)
		return by->exchange != NULL && by->state == CALL_SENT ? by : NULL;
	for (struct call *c = back->calls.next; c != &back->calls; c = c->next) {
		if (c->exchange == NULL || c->state != CALL_SENT)
			continue;
		/* About none of them, and its client has a session to be asked in. */
		if (back->spec.is_own && back->ops->has_streams && c->exchange->session != NULL)
			return NULL;
		if (oldest != NULL && oldest->exchange->family != c->exchange->family)
			return NULL;
		if (oldest == NULL || (oldest->exchange->is_away && !c->exchange->is_away))
			oldest = c;
	}
	return oldest;
}

/* The call that waits for the task to which a question belongs (2025-11-25, tasks). */
static struct call *
of_task(const struct back *back, const struct message *message)
{
	struct slice meta = message->meta, related, id;

	if (json_type(meta) != JSON_OBJECT ||
	    !json_find(meta, S(MCP_META "related-task"), &related) ||
	    json_type(related) != JSON_OBJECT || !json_find(related, S("taskId"), &id))
		return NULL;
	for (struct call *c = back->calls.next; c != &back->calls; c = c->next) {
		if (c->state == CALL_SENT && c->task_id.p != NULL && slice_eq(c->task_id, id))
			return c;
	}
	return NULL;
}

/* ---- questions ------------------------------------------------------------------------------- */

void
back_respond(struct back *back, struct slice id, const struct answer *answer)
{
	struct slice parts[] = { S("{\"jsonrpc\":\"2.0\",\"id\":"), id,
		answer->is_error ? S(",\"error\":") : S(",\"result\":"), answer->body, S("}") };

	if (!back->is_lost && !back->is_closing && !back->is_modern)
		back->ops->send(back, parts, COUNT(parts));
}

static void
decline(struct back *back, const struct message *message)
{
	struct answer answer = question_declined(message->method);

	back_respond(back, message->id, &answer);
}

/* The client reports on a question: its asker hears of it under the asker's own token. */
static void
ask_progress(const struct question *question, const struct message *message)
{
	struct upstream_ask *ask = question->asker;
	struct back *back = ask->back;
	struct tell tell = {
		.method = MCP_PROGRESS, .params = message->params, .token = message->progress_token
	};
	struct slice parts[NOTICE_PARTS];
	struct buf scratch;
	size_t n;

	if (back->is_lost || back->is_closing || ask->message.progress_token.p == NULL)
		return;
	buf_init(&scratch, NULL, KIB);
	n = encode_notice(&tell, ask->message.progress_token, &scratch, parts);
	back->ops->send(back, parts, n);
	buf_fini(&scratch);
}

static bool
ask_put_wait(
    struct upstream_ask *ask, struct question *question, struct answer *answer, struct err *err)
{
	struct back *back = ask->back;

	if (ask->call != NULL)
		return exchange_ask_wait(ask->call->exchange, question, answer, err);
	return back->events->ask_wait(back->owner, question, &ask->arena, answer, err);
}

static void
ask_answer_wait(struct upstream_ask *ask)
{
	struct answer answer = { 0 };
	const struct message *message = &ask->message;
	struct err err = { 0 };

	ask->question = (struct question){ .method = message->method,
		.params = message->params.p != NULL ? message->params : S("{}"),
		.token = message->progress_token,
		.server = ask->back->spec.server,
		.revision = ask->back->revision,
		.progress = ask_progress,
		.asker = ask };
	if (ask->call != NULL && ask->call->exchange->revision != ask->back->revision)
		question_fit(&ask->arena, &ask->question, ask->call->exchange->revision);
	if (!ask_put_wait(ask, &ask->question, &answer, &err)) {
		/* A withdrawn request gets no response (basic/utilities/cancellation). */
		if (ask->is_withdrawn)
			return;
		answer = question_declined(message->method);
		if (message->method == MCP_ELICITATION_CREATE &&
		    (err.kind == ERR_DEADLINE || err.kind == ERR_CANCELLED))
			answer.body = S("{\"action\":\"cancel\"}");
	}
	back_respond(ask->back, message->id, &answer);
}

static void
ask_free(struct upstream_ask *ask)
{
	arena_fini(&ask->arena);
	buf_fini(&ask->text);
	mem_free(ask);
}

static void
ask_run(void *arg)
{
	struct upstream_ask *ask = arg, **at = &ask->back->asks;

	ask->task = task_self(ask->back->loop);
	if (!ask->is_withdrawn)
		ask_answer_wait(ask);
	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	ask_free(ask);
}

static void
reason_keep(struct upstream_ask *ask, struct slice params)
{
	struct slice reason;
	struct err err;

	if (json_type(params) == JSON_OBJECT && json_find(params, S("reason"), &reason) &&
	    json_type(reason) == JSON_STRING && reason.n <= KIB &&
	    arena_reserve(&ask->arena, reason.n, &err))
		ask->question.reason = slice_dup(&ask->arena, reason);
}

/* The upstream has withdrawn a question. */
void
back_ask_withdrawn(struct back *back, const struct message *message)
{
	for (struct upstream_ask *a = back->asks; a != NULL; a = a->next) {
		if (!slice_eq(a->message.id, message->request_id))
			continue;
		a->is_withdrawn = true;
		reason_keep(a, message->params);
		if (a->task != NULL)
			task_cancel(a->task, ERR_CANCELLED);
	}
}

/* May the question be put to anybody? err says why not. */
static bool
ask_admit(const struct back *back, const struct message *message, const struct call *call,
    struct err *err)
{
	const char *method = mcp_method_row(message->method)->name;

	if (call == NULL && (!back->spec.is_own || back->events->ask_wait == NULL))
		return err_set(err, ERR_REQUEST,
		    "asks with %s, and it cannot be told for which client: declined", method);
	if (message->text.n > ASK_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "asks with %s in %zu bytes (at most %zu): declined",
		    method, message->text.n, ASK_MAX_BYTES);
	/* Many calls may wait for people at once: that is for limits.parked to bound. */
	if ((call != NULL ? call->asks.running : back->own_asks.running) >= ASKS_MAX)
		return err_set(err, ERR_LIMIT, "asks with %s while %d questions are open: declined",
		    method, ASKS_MAX);
	return true;
}

void
back_ask_begin(
    struct back *back, struct intake *intake, const struct message *message, struct call *by)
{
	struct err err = { 0 };
	struct call *call = by == NULL ? of_task(back, message) : NULL;
	struct upstream_ask *ask;

	if (call == NULL)
		call = attribute(back, by);
	if (!ask_admit(back, message, call, &err)) {
		log_event(loop_log(back->loop), err.kind == ERR_LIMIT ? LOG_WARN : LOG_INFO,
		    "ask_declined", "%.*s: %s", SLICE_FMT(back->spec.server), err.text);
		decline(back, message);
		return;
	}
	ask = MEM_NEW(struct upstream_ask);
	ask->back = back;
	ask->call = call;
	ask->message = *message;
	arena_take(&ask->arena, &intake->arena);
	buf_take(&ask->text, &intake->text);
	if (!group_spawn(back->loop, call != NULL ? &call->asks : &back->own_asks, "ask", ask_run,
		ask, &err)) {
		back_fault(back, "ask_declined", &err);
		decline(back, &ask->message);
		ask_free(ask);
		return;
	}
	ask->next = back->asks;
	back->asks = ask;
}

/* ---- notices --------------------------------------------------------------------------------- */

/*
 * Of a call is what the log says meanwhile, and what comes on its stream in a client's own session.
 * What else a shared session tells may be about anybody.
 */
static bool
may_be_of_call(const struct back *back, enum mcp_method method, const struct call *by)
{
	return method == MCP_LOG_MESSAGE ||
	    (back->spec.is_own &&
		(by != NULL || (method != MCP_RESOURCE_UPDATED && method != MCP_TASK_TOLD)));
}

/* To the client whose call it is about; what is about no call is the owner's to place. */
void
back_notice(struct back *back, const struct message *message, struct call *by)
{
	struct call *call = may_be_of_call(back, message->method, by) ? attribute(back, by) : NULL;
	struct tell tell = { .method = message->method,
		.params = message->params,
		.meta = message->meta,
		.server = back->spec.server };

	if (call != NULL)
		exchange_tell(call->exchange, &tell);
	else if (back->events->notice != NULL)
		back->events->notice(back->owner, &tell);
}

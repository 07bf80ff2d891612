/*
 * Tasks of a server that keeps sessions (2025-11-25), for clients that know them as 2026-07-28 does
 * and ask for them in requests that stand alone.  What tasks/get shows is the server's task, with
 * what tasks/result says in it once it is over.  While the task asks, a request of ours for its
 * result is kept open, since the server asks only there: its questions are what tasks/get shows as
 * inputRequests, and tasks/update answers them.
 *
 * That request is given up when nobody has asked for the task for limits.ask; the task goes on.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/link.h"

#define ASKERS_MAX  256	 /* tasks of one session that ask at the same time */
#define QUESTION_MS 3000 /* until the first of a task's questions is there */
#define PARAMS_MAX  (4 * MIB)

/* A question of the server; on the stack of the task that asks. */
struct open_question {
	struct open_question *next;
	const struct question *question;
	struct task *task;
	char key[24]; /* in inputRequests; never used again on this link */
	bool is_answered;
	struct answer answer;
};

/* A task that asks, and our request for its result. */
struct asker {
	struct asker *next; /* of the link */
	struct link *link;
	struct slice id;	   /* raw; own memory */
	struct exchange *exchange; /* what is asked is asked of it */
	struct caller caller;
	struct passage passage;
	struct open_question *questions; /* oldest first */
	struct task *task;
};

static uint64_t
ask_ms(const struct link *link)
{
	return link->upstream->settings->config->limit_ask_ms;
}

static struct asker *
asker_find(const struct link *link, struct slice id)
{
	struct asker *asker = link->askers;

	while (asker != NULL && !slice_eq(asker->id, id))
		asker = asker->next;
	return asker;
}

/* Somebody looks after the task: for as long again its questions wait. */
static void
asker_touch(struct asker *asker)
{
	struct loop *loop = hub_of(asker->link)->loop;

	if (asker->task != NULL)
		task_deadline(asker->task, loop_now_ms(loop) + ask_ms(asker->link));
}

/* ---- the exchange that is asked -------------------------------------------------------------- */

static bool
asker_ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	struct asker *asker = exchange->front_data;
	struct hub *hub = hub_of(asker->link);
	struct open_question open = { .question = question, .task = task_self(hub->loop) }, **at;
	uint64_t until = loop_now_ms(hub->loop) + ask_ms(asker->link);
	bool timed_out = false, ok = true;

	snprintf(open.key, sizeof(open.key), "q%llu", (unsigned long long)++asker->link->asked);
	for (at = &asker->questions; *at != NULL; at = &(*at)->next)
		continue;
	*at = &open;
	hub_wake(hub);
	while (ok && !open.is_answered && !timed_out)
		ok = task_park_until_wait(hub->loop, until, &timed_out, err);
	for (at = &asker->questions; *at != &open; at = &(*at)->next)
		continue;
	*at = open.next;
	if (!ok)
		return false;
	if (!open.is_answered)
		return err_set(err, ERR_DEADLINE, "nobody answered the question within limits.ask");
	*answer = open.answer;
	return true;
}

/* A task tells of itself by what tasks/get shows (2026-07-28, tasks). */
static void
asker_tell(struct exchange *exchange, const struct tell *tell)
{
	(void)exchange;
	(void)tell;
}

static const struct front_ops asker_front = {
	.name = "task", .ask_wait = asker_ask_wait, .tell = asker_tell
};

struct reading {
	struct intake intake;
	struct exchange *exchange;
};

static void
request_read(void *owner, struct message *message, const struct err *err)
{
	struct reading *reading = owner;

	if (err->kind == ERR_NONE)
		reading->exchange = exchange_new(&reading->intake, message);
}

static struct exchange *
exchange_make(struct loop *loop, struct slice id)
{
	struct reading reading = { .exchange = NULL };
	struct buf text;

	buf_init(&text, NULL, LINK_TEXT_MAX_BYTES);
	buf_puts(&text,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tasks/result\",\"params\":{\"taskId\":");
	buf_put(&text, id);
	buf_puts(&text, "}}");
	intake_init(&reading.intake, loop, 0);
	reading.intake.done = request_read;
	reading.intake.owner = &reading;
	if (!text.overflow)
		intake_feed(&reading.intake, text.p, text.n);
	intake_fini(&reading.intake);
	buf_fini(&text);
	return reading.exchange;
}

/* In the place of the client of a request: whoever began the task, and can do the same. */
static bool
asker_stand(struct asker *asker, const struct exchange *like, struct err *err)
{
	struct loop *loop = hub_of(asker->link)->loop;
	struct exchange *own = exchange_make(loop, asker->id);

	if (own == NULL)
		return err_set(err, ERR_LIMIT, "the task's id is too long");
	asker->exchange = own;
	asker->caller = auth_caller_copy(&like->caller);
	asker->passage.hub = hub_of(asker->link);
	asker->passage.client = client_of(like) != NULL ? client_ref(client_of(like)) : NULL;
	own->number = like->number;
	own->caller = asker->caller;
	own->revision = like->revision;
	own->can = like->can;
	own->family = like->family;
	own->is_stdio = like->is_stdio;
	own->front = &asker_front;
	own->front_data = asker;
	own->gate = like->gate;
	own->gateway_data = &asker->passage;
	return true;
}

static void
asker_free(struct asker *asker)
{
	struct asker **at = &asker->link->askers;

	must(asker->questions == NULL);
	while (*at != NULL && *at != asker)
		at = &(*at)->next;
	if (*at == asker) {
		*at = asker->next;
		asker->link->askers_n--;
	}
	if (asker->exchange != NULL)
		auth_caller_free(&asker->caller);
	exchange_free(&asker->exchange);
	client_unref(&asker->passage.client);
	mem_free((void *)asker->id.p);
	mem_free(asker);
}

static void
asker_run(void *arg)
{
	struct asker *asker = arg;
	struct link *link = asker->link;
	const struct message *request = &asker->exchange->request;
	struct err err = { 0 };
	struct call call;

	asker->task = task_self(hub_of(link)->loop);
	asker_touch(asker);
	call_init(&call);
	call.exchange = asker->exchange;
	call.is_errand = true;
	call.task_id = asker->id;
	call.text = request->text;
	call.id = request->id;
	call.may_repeat = true;
	/* How it ends is seen when the task is asked for. */
	if (link_is_ready(link) && !back_call_wait(link->back, &call, &err))
		log_event(loop_log(hub_of(link)->loop), LOG_INFO, "upstream_errand_failed",
		    "%.*s: tasks/result: %s", SLICE_FMT(name_of(link)), err.text);
	call_fini(&call);
	link_use(link, -1);
	hub_wake(hub_of(link));
	asker_free(asker);
}

static bool
asker_begin(struct link *link, const struct exchange *like, struct slice id, struct err *err)
{
	struct asker *asker;

	if (link->askers_n >= ASKERS_MAX)
		return err_set(err, ERR_LIMIT, "%d tasks of this server ask already", ASKERS_MAX);
	asker = MEM_NEW(struct asker);
	asker->link = link;
	text_keep(&asker->id, id);
	if (!asker_stand(asker, like, err) ||
	    !group_spawn(hub_of(link)->loop, &link->chores, "task", asker_run, asker, err)) {
		asker_free(asker);
		return false;
	}
	link_use(link, 1);
	asker->next = link->askers;
	link->askers = asker;
	link->askers_n++;
	return true;
}

/* Until the task has asked something, or has not for a while. */
static bool
questions_wait(struct link *link, const struct exchange *like, struct slice id, struct err *err)
{
	struct hub *hub = hub_of(link);
	uint64_t until = loop_now_ms(hub->loop) + QUESTION_MS;
	struct asker *asker = asker_find(link, id);

	if (asker == NULL && !asker_begin(link, like, id, err))
		return false;
	for (;;) {
		asker = asker_find(link, id);
		if (asker == NULL || asker->questions != NULL || loop_now_ms(hub->loop) >= until)
			break;
		if (!hub_change_wait(hub, until, err))
			return false;
	}
	if (asker != NULL)
		asker_touch(asker);
	return true;
}

static void
questions_put(const struct link *link, struct slice id, struct buf *out)
{
	const struct asker *asker = asker_find(link, id);
	const char *between = "";

	buf_puts(out, ",\"inputRequests\":{");
	for (const struct open_question *q = asker != NULL ? asker->questions : NULL; q != NULL;
	     q = q->next) {
		if (q->is_answered)
			continue;
		buf_printf(out, "%s\"%s\":{\"method\":\"%s\",\"params\":", between, q->key,
		    mcp_method_row(q->question->method)->name);
		buf_put(out, q->question->params);
		buf_putc(out, '}');
		between = ",";
	}
	buf_putc(out, '}');
}

/* ---- tasks/get ------------------------------------------------------------------------------- */

static bool
about_wait(
    struct link *link, enum mcp_method method, struct slice id, struct call *call, struct err *err)
{
	struct buf params;
	bool ok;

	buf_init(&params, NULL, LINK_TEXT_MAX_BYTES);
	buf_puts(&params, "{\"taskId\":");
	buf_put(&params, id);
	buf_putc(&params, '}');
	ok = link_request_wait(link, method, buf_view(&params), call, err);
	buf_fini(&params);
	return ok;
}

/* What it ended with; a tool that went wrong has a result, and is what 2026-07-28 calls completed.
 */
static bool
outcome_put_wait(
    struct link *link, struct slice id, struct mcp_task *task, struct buf *outcome, struct err *err)
{
	struct call call;
	bool ok = about_wait(link, MCP_TASKS_RESULT, id, &call, err);

	if (ok) {
		bool is_result = call.response.kind == MESSAGE_RESULT;

		task->status = is_result ? TASK_IS_COMPLETED : TASK_IS_FAILED;
		buf_puts(outcome, is_result ? ",\"result\":" : ",\"error\":");
		buf_put(outcome, call.response.body);
	}
	call_fini(&call);
	return ok;
}

/* The whole task; like: a request of its client, by which it may be asked, or NULL. */
static bool
task_put_wait(struct link *link, const struct exchange *like, struct mcp_task *task,
    struct slice id, struct buf *out, struct err *err)
{
	struct loop *loop = hub_of(link)->loop;
	struct buf outcome;
	bool ok = true;

	buf_init(&outcome, loop_memory(loop), SIZE_MAX / 2);
	if (task->status == TASK_IS_COMPLETED || task->status == TASK_IS_FAILED)
		ok = outcome_put_wait(link, id, task, &outcome, err);
	else if (task->status == TASK_IS_ASKING && like != NULL)
		ok = questions_wait(link, like, id, err);
	if (ok) {
		buf_putc(out, '{');
		mcp_task_put(out, task, MCP_NEWEST, loop_unix_ms(loop));
		buf_put(out, buf_view(&outcome));
		if (task->status == TASK_IS_ASKING)
			questions_put(link, id, out);
		buf_putc(out, '}');
		ok = buf_check(&outcome, err);
	}
	buf_fini(&outcome);
	return ok;
}

/* The response is in the call as long as the task is looked at. */
static bool
get_wait(struct link *link, struct exchange *exchange, struct slice id, struct reply *reply,
    struct err *err)
{
	struct mcp_task task;
	struct call call;
	struct buf out;
	bool ok = about_wait(link, MCP_TASKS_GET, id, &call, err);

	if (ok && call.response.kind == MESSAGE_ERROR) {
		link_reply(link, exchange, &call, reply);
		call_fini(&call);
		return true;
	}
	buf_init(&out, loop_memory(exchange->loop), SIZE_MAX / 2);
	ok = ok && mcp_task_read(call.response.body, call.response.scan, &task, err) &&
	    task_put_wait(link, exchange, &task, id, &out, err);
	call_fini(&call);
	reply->scan = NULL;
	reply->revision = MCP_NEWEST;
	if (ok && !exchange_result(exchange, &out, reply)) {
		*err = reply->err;
		return false;
	}
	if (!ok)
		buf_fini(&out);
	return ok;
}

/* ---- tasks/update and tasks/cancel ----------------------------------------------------------- */

static void
answers_take(struct asker *asker, struct slice responses)
{
	struct arena *arena = &asker->exchange->arena;
	struct slice value;

	for (struct open_question *q = asker->questions; q != NULL; q = q->next) {
		if (q->is_answered || !json_find(responses, slice_of(q->key), &value) ||
		    json_type(value) != JSON_OBJECT ||
		    !arena_reserve(arena, value.n, &(struct err){ 0 }))
			continue;
		q->answer = (struct answer){ .body = slice_dup(arena, value) };
		q->is_answered = true;
		task_wake(q->task);
	}
}

/* What is not asked any more is no fault of who answers (2026-07-28, tasks). */
static bool
update(struct link *link, struct exchange *exchange, struct slice id, struct reply *reply,
    struct err *err)
{
	struct slice responses = exchange_param(exchange, S("inputResponses"));
	struct asker *asker = asker_find(link, id);

	if (json_type(responses) != JSON_OBJECT || responses.n > PARAMS_MAX)
		return err_set(err, ERR_PARAMS, "params.inputResponses must be an object");
	if (asker != NULL) {
		answers_take(asker, responses);
		asker_touch(asker);
	}
	reply->result = S("{}");
	return true;
}

/* One that is over already is cancelled in vain, and that is no error (2026-07-28, tasks). */
static bool
cancel_wait(struct link *link, struct exchange *exchange, struct slice id, struct reply *reply,
    struct err *err)
{
	struct call call;
	bool ok = about_wait(link, MCP_TASKS_CANCEL, id, &call, err);

	if (ok && call.response.kind == MESSAGE_ERROR) {
		call_fini(&call);
		ok = about_wait(link, MCP_TASKS_GET, id, &call, err);
	}
	if (ok && call.response.kind == MESSAGE_ERROR)
		link_reply(link, exchange, &call, reply);
	else if (ok)
		reply->result = S("{}");
	call_fini(&call);
	return ok;
}

bool
link_held_wait(struct link *link, struct exchange *exchange, struct slice id, struct reply *reply,
    struct err *err)
{
	uint64_t timeout_ms = link->upstream->config->timeout_ms;
	bool ok;

	task_deadline(exchange->task, loop_now_ms(exchange->loop) + timeout_ms);
	link_use(link, 1);
	switch (exchange->request.method) {
	case MCP_TASKS_UPDATE:
		ok = update(link, exchange, id, reply, err);
		break;
	case MCP_TASKS_CANCEL:
		ok = cancel_wait(link, exchange, id, reply, err);
		break;
	default:
		ok = get_wait(link, exchange, id, reply, err);
		break;
	}
	link_use(link, -1);
	return ok;
}

/* ---- notifications/tasks/status -------------------------------------------------------------- */

struct telling {
	struct link *link;
	struct slice id; /* raw; own memory */
};

static void
tell_all(struct link *link, struct slice id, struct slice text)
{
	struct hub *hub = hub_of(link);
	struct tell tell = { .method = MCP_TASK_TOLD, .params = text, .server = name_of(link) };
	struct slice token;

	if (!json_find(text, S("taskId"), &token))
		return;
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next)
		listens_tell_task(c, &link->upstream->provider, id, token, &tell);
}

static void
telling_run(void *arg)
{
	struct telling *telling = arg;
	struct link *link = telling->link;
	struct loop *loop = hub_of(link)->loop;
	struct err err = { 0 };
	struct mcp_task task;
	struct call call;
	struct buf out;

	task_deadline(task_self(loop), loop_now_ms(loop) + link->upstream->config->timeout_ms);
	buf_init(&out, loop_memory(loop), SIZE_MAX / 2);
	call_init(&call);
	if (link_is_ready(link) && about_wait(link, MCP_TASKS_GET, telling->id, &call, &err) &&
	    call.response.kind == MESSAGE_RESULT &&
	    mcp_task_read(call.response.body, call.response.scan, &task, &err) &&
	    task_put_wait(link, NULL, &task, telling->id, &out, &err) && buf_check(&out, &err))
		tell_all(link, telling->id, buf_view(&out));
	else if (err.kind != ERR_NONE)
		log_event(loop_log(loop), LOG_INFO, "upstream_errand_failed", "%.*s: tasks/get: %s",
		    SLICE_FMT(name_of(link)), err.text);
	call_fini(&call);
	buf_fini(&out);
	link->chores_n--;
	mem_free((void *)telling->id.p);
	mem_free(telling);
}

void
link_held_status(struct link *link, struct slice id)
{
	struct hub *hub = hub_of(link);
	struct telling *telling;
	bool is_heard = false;
	struct err err;

	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next)
		is_heard |= listens_hear_task(c, &link->upstream->provider, id);
	if (!is_heard || link->is_stopping || link->chores_n >= LINK_CHORES_MAX)
		return;
	telling = MEM_NEW(struct telling);
	telling->link = link;
	text_keep(&telling->id, id);
	link->chores_n++;
	if (group_spawn(hub->loop, &link->chores, "errand", telling_run, telling, &err))
		return;
	link->chores_n--;
	mem_free((void *)telling->id.p);
	mem_free(telling);
}

/*
 * The exchange, and the narrow waist: asking the client is a wait, telling it is not.  Whether the
 * client can be asked at all is decided here, for every front alike; how a question travels is the
 * front's business.
 */
#include <string.h>

#include "mcp/mcp.h"

struct exchange *
exchange_new(struct intake *intake, const struct message *request)
{
	struct exchange *exchange = MEM_NEW(struct exchange);

	exchange->loop = intake->loop;
	arena_take(&exchange->arena, &intake->arena);
	if (intake->text.n > 0)
		exchange->text = bytes_new(&intake->text);
	exchange->request = *request;
	exchange->arguments = request->arguments;
	exchange->started_ms = loop_now_ms(intake->loop);
	exchange->log_level = -1;
	arena_init(&exchange->answer_arena, loop_memory(intake->loop), 0);
	return exchange;
}

void
exchange_free(struct exchange **at)
{
	struct exchange *exchange = *at;

	*at = NULL;
	if (exchange == NULL)
		return;
	must(exchange->asking == 0);
	arena_fini(&exchange->answer_arena);
	bytes_unref(&exchange->answer_text);
	arena_fini(&exchange->arena);
	bytes_unref(&exchange->text);
	credentials_free(&exchange->credentials);
	mem_free(exchange);
}

void
exchange_keep(struct exchange *exchange, struct arena *arena, struct buf *text)
{
	arena_fini(&exchange->answer_arena);
	bytes_unref(&exchange->answer_text);
	arena_take(&exchange->answer_arena, arena);
	if (text->n > 0)
		exchange->answer_text = bytes_new(text);
}

void
exchange_share(struct exchange *exchange, struct bytes *bytes)
{
	struct bytes *shared = bytes_ref(bytes);

	arena_fini(&exchange->answer_arena);
	bytes_unref(&exchange->answer_text);
	exchange->answer_text = shared;
}

bool
exchange_result(struct exchange *exchange, struct buf *text, struct reply *reply)
{
	struct arena none;

	if (!buf_check(text, &reply->err)) {
		buf_fini(text);
		return false;
	}
	arena_init(&none, NULL, 0);
	exchange_keep(exchange, &none, text);
	reply->result = buf_view(&exchange->answer_text->buf);
	return true;
}

/* ---- what can be asked ----------------------------------------------------------------------- */

/* A form with a choice of several, which has no older form (2025-11-25). */
static bool
has_many(struct slice params)
{
	struct slice schema, properties, key, property, type;
	struct json_iter iter;

	if (!json_find(params, S("requestedSchema"), &schema) || json_type(schema) != JSON_OBJECT ||
	    !json_find(schema, S("properties"), &properties) ||
	    json_type(properties) != JSON_OBJECT)
		return false;
	json_iter_init(&iter, properties);
	while (json_iter_next(&iter, &key, &property)) {
		if (json_type(property) == JSON_OBJECT && json_find(property, S("type"), &type) &&
		    slice_eq(type, S("\"array\"")))
			return true;
	}
	return false;
}

/* Is it asked by one that speaks 2025-11-25 or later, of a client that does not? */
static bool
is_for_newer(const struct question *question, enum mcp_revision revision)
{
	return revision < MCP_2025_11_25 && question->revision > revision;
}

static bool
can_elicit(const struct client_capabilities *can, const struct question *question,
    enum mcp_revision revision)
{
	struct slice mode;

	if (json_find(question->params, S("mode"), &mode) && slice_eq(mode, S("\"url\"")))
		return can->elicitation_url && !is_for_newer(question, revision);
	return can->elicitation &&
	    !(is_for_newer(question, revision) && has_many(question->params));
}

/* A message of several blocks (2025-11-25); one that has a single block was made that block. */
static bool
has_blocks(struct slice params)
{
	struct slice messages, key, message, content;
	struct json_iter iter;

	if (!json_find(params, S("messages"), &messages) || json_type(messages) != JSON_ARRAY)
		return false;
	json_iter_init(&iter, messages);
	while (json_iter_next(&iter, &key, &message)) {
		if (json_type(message) == JSON_OBJECT &&
		    json_find(message, S("content"), &content) && json_type(content) == JSON_ARRAY)
			return true;
	}
	return false;
}

static bool
can_sample(const struct client_capabilities *can, const struct question *question,
    enum mcp_revision revision)
{
	bool is_newer = is_for_newer(question, revision);
	struct slice tools;

	return can->sampling &&
	    ((can->sampling_tools && !is_newer) ||
		!json_find(question->params, S("tools"), &tools)) &&
	    !(is_newer && has_blocks(question->params));
}

static bool
can_tell_roots(const struct client_capabilities *can, const struct question *question,
    enum mcp_revision revision)
{
	return can->roots;
}

static bool
can_task(const struct client_capabilities *can, const struct question *question,
    enum mcp_revision revision)
{
	return can->tasks;
}

#define LACKS(what) "{\"code\":-32601,\"message\":\"the client does not offer " what "\"}"

/* What servers ask: whether a client can be asked that, and the answer made for one that cannot. */
static const struct {
	enum mcp_method method;
	bool (*can)(const struct client_capabilities *can, const struct question *question,
	    enum mcp_revision revision);
	bool is_error;
	struct slice made;
} questions[] = {
	{ MCP_ELICITATION_CREATE, can_elicit, false, S("{\"action\":\"decline\"}") },
	{ MCP_SAMPLING_CREATE, can_sample, true, S(LACKS("sampling")) },
	{ MCP_ROOTS_LIST, can_tell_roots, true, S(LACKS("roots")) },
	{ MCP_TASKS_GET, can_task, true, S(LACKS("tasks")) },
	{ MCP_TASKS_RESULT, can_task, true, S(LACKS("tasks")) },
	{ MCP_TASKS_LIST, can_task, true, S(LACKS("tasks")) },
	{ MCP_TASKS_CANCEL, can_task, true, S(LACKS("tasks")) },
};

bool
question_is_possible(const struct question *question, enum mcp_revision revision,
    const struct client_capabilities *can)
{
	for (size_t i = 0; i < COUNT(questions); i++) {
		if (questions[i].method == question->method)
			return mcp_method_known(question->method, revision) &&
			    questions[i].can(can, question, revision);
	}
	return false;
}

struct answer
question_declined(enum mcp_method method)
{
	for (size_t i = 0; i < COUNT(questions); i++) {
		if (questions[i].method == method)
			return (struct answer){ questions[i].is_error, questions[i].made };
	}
	return (struct answer){ true, S(LACKS("this")) };
}

/* ---- what was changed on its way ------------------------------------------------------------- */

/* The span of the same member in other params; *span SLICE_NONE: there is none to find. */
static bool
span_move(struct slice before, struct slice now, struct slice *span)
{
	static const struct slice keys[] = { S("progressToken"), S("uri"), S("taskId"),
		S("_meta") };
	struct slice old, new;

	if (span->p == NULL)
		return true;
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!json_find(before, keys[i], &old) || old.p != span->p)
			continue;
		if (!json_find(now, keys[i], &new))
			return false;
		*span = new;
		return true;
	}
	return false;
}

bool
tell_change(struct tell *tell, struct slice params)
{
	struct slice before = tell->params;

	if (json_type(before) != JSON_OBJECT || json_type(params) != JSON_OBJECT ||
	    !span_move(before, params, &tell->meta) || !span_move(before, params, &tell->token) ||
	    !span_move(before, params, &tell->named.at))
		return false;
	tell->params = params;
	return true;
}

bool
question_change(struct question *question, struct slice params)
{
	struct slice meta, token;

	question->params = params;
	if (question->token.p == NULL)
		return true;
	if (json_type(params) != JSON_OBJECT || !json_find(params, S("_meta"), &meta) ||
	    json_type(meta) != JSON_OBJECT || !json_find(meta, S("progressToken"), &token))
		return false;
	question->token = token;
	return true;
}

bool
exchange_ask_wait(
    struct exchange *exchange, struct question *question, struct answer *answer, struct err *err)
{
	const struct mcp_gate *gate = exchange->gate;
	struct slice params = question->params;
	bool ok;

	if (!question_is_possible(question, exchange->revision, &exchange->can)) {
		log_event(loop_log(exchange->loop), LOG_INFO, "ask_declined",
		    "Request #%llu: %.*s asks with %s, which the client cannot answer: declined",
		    (unsigned long long)exchange->number, SLICE_FMT(question->server),
		    mcp_method_row(question->method)->name);
		*answer = question_declined(question->method);
		return true;
	}
	if (!gate->pass_wait(gate->owner, exchange, PASS_ASK, question->server, &params, err))
		return false;
	if (params.p != question->params.p && !question_change(question, params))
		return err_set(err, ERR_REFUSED, "what the guard has changed cannot be asked");
	exchange->asking++;
	if (exchange->task != NULL)
		task_clock_stop(exchange->task);
	ok = exchange->front->ask_wait(exchange, question, answer, err);
	if (exchange->task != NULL)
		task_clock_start(exchange->task);
	exchange->asking--;
	return ok &&
	    gate->pass_wait(
		gate->owner, exchange, PASS_ANSWER, question->server, &answer->body, err);
}

void
exchange_tell(struct exchange *exchange, const struct tell *tell)
{
	const struct mcp_gate *gate = exchange->gate;
	struct tell passed = *tell;
	struct buf room;

	buf_init(&room, loop_memory(exchange->loop), SIZE_MAX / 2);
	if (gate->may_tell(gate->owner, exchange, &passed, &room))
		exchange->front->tell(exchange, &passed);
	buf_fini(&room);
}

void
mcp_tally(struct loop *loop, enum mcp_method method, enum ledger_outcome outcome)
{
	struct metrics *metrics = loop_metrics(loop);
	struct series **at = metrics_slots(
	    metrics, METRIC_REQUESTS, (size_t)(MCP_METHODS_N + 1) * LEDGER_OUTCOMES_N);

	at += (size_t)method * LEDGER_OUTCOMES_N + outcome;
	if (*at == NULL)
		*at = metrics_series(metrics, METRIC_REQUESTS,
		    method == MCP_UNKNOWN ? S("unknown") : slice_of(mcp_method_row(method)->name),
		    slice_of(ledger_outcome_name(outcome)));
	series_add(*at, 1);
}

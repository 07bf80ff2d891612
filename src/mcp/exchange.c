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
	exchange->started_ms = loop_now_ms(intake->loop);
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

static bool
can_ask(const struct exchange *exchange, const struct question *question)
{
	struct slice mode;

	if (question->method != MCP_ELICITATION_CREATE)
		return false;
	if (!mcp_method_known(question->method, exchange->revision))
		return false;
	if (json_find(question->params, S("mode"), &mode) && slice_eq(mode, S("\"url\"")))
		return exchange->can.elicitation_url;
	return exchange->can.elicitation;
}

bool
exchange_ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	const struct mcp_gate *gate = exchange->gate;
	bool ok;

	if (!can_ask(exchange, question)) {
		log_event(loop_log(exchange->loop), LOG_INFO, "ask_declined",
		    "Request #%llu: %.*s asks with %s, which the client cannot answer: declined",
		    (unsigned long long)exchange->number, SLICE_FMT(question->server),
		    mcp_method_row(question->method)->name);
		*answer = (struct answer){ .body = S("{\"action\":\"decline\"}") };
		return true;
	}
	if (!gate->pass(gate->owner, exchange, PASS_ASK, question->server, question->params, err))
		return false;
	exchange->asking++;
	if (exchange->task != NULL)
		task_clock_stop(exchange->task);
	ok = exchange->front->ask_wait(exchange, question, answer, err);
	if (exchange->task != NULL)
		task_clock_start(exchange->task);
	exchange->asking--;
	return ok &&
	    gate->pass(gate->owner, exchange, PASS_ANSWER, question->server, answer->body, err);
}

void
exchange_tell(struct exchange *exchange, const struct tell *tell)
{
	const struct mcp_gate *gate = exchange->gate;
	struct err err;

	if (gate->pass(gate->owner, exchange, PASS_TELL, SLICE_NONE, tell->params, &err))
		exchange->front->tell(exchange, tell);
}

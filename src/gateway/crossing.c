/*
 * What crosses the gateway is shown to the guard: requests and results here in their tasks,
 * questions, answers and what is told meanwhile on the gate's behalf.  The guard sees plain values;
 * what it makes of them is carried out and written down here.
 */
#include <string.h>

#include "gateway/hub.h"

/* ---- the subject ----------------------------------------------------------------------------- */

static enum guard_target
target_of(const struct exchange *exchange)
{
	switch (exchange->request.method) {
	case MCP_TOOLS_CALL:
		return GUARD_TOOL;
	case MCP_PROMPTS_GET:
		return GUARD_PROMPT;
	case MCP_RESOURCES_READ:
	case MCP_SUBSCRIBE:
	case MCP_UNSUBSCRIBE:
		return GUARD_RESOURCE;
	default:
		return GUARD_OTHER;
	}
}

static struct guard_subject
subject_of(const struct exchange *exchange, struct slice server, const struct crossing *crossing)
{
	const struct client *client = client_of(exchange);
	const struct item *item = crossing->item;

	return (struct guard_subject){ .caller = &exchange->caller,
		.client = exchange->client,
		.revision = slice_of(mcp_revision_name(exchange->revision)),
		.is_stdio = client != NULL ? client->is_stdio : exchange->is_stdio,
		.window = client != NULL ? client->number : 0,
		.server = server,
		.method =
		    crossing->method.p != NULL ? crossing->method : exchange->request.method_name,
		.target = target_of(exchange),
		.name = crossing->name,
		.is_read_only = item != NULL && item->is_read_only,
		.is_destructive = item == NULL || item->is_destructive,
		.is_idempotent = item != NULL && item->is_idempotent,
		.is_open_world = item == NULL || item->is_open_world,
		.text = crossing->text,
		.is_error = crossing->is_error,
		.arguments =
		    crossing->kind == GUARD_REQUEST ? exchange->request.arguments : SLICE_NONE,
		.definition = item != NULL ? item->definition : SLICE_NONE,
		.now_ms = loop_now_ms(exchange->loop),
		.unix_s = (int64_t)(loop_unix_ms(exchange->loop) / 1000) };
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static bool
refuse(struct arena *arena, const struct guard_verdict *verdict, struct reply *reply)
{
	reply->rule = verdict->rule;
	if (verdict->retry_ms > 0)
		reply->more = arena_printf(
		    arena, "\"retry_after_ms\":%llu", (unsigned long long)verdict->retry_ms);
	if (verdict->err.kind != ERR_NONE) {
		reply->err = verdict->err;
		return false;
	}
	return err_set(&reply->err, ERR_REFUSED, "refused by rule %.*s%s%.*s",
	    SLICE_FMT(verdict->rule), verdict->reason.n > 0 ? ": " : "",
	    SLICE_FMT(verdict->reason));
}

static void
tally(struct hub *hub, struct slice rule, struct slice action)
{
	series_add(tally_find(hub, hub->verdicts, METRIC_VERDICTS, rule, action), 1);
}

/* Each place that something was found in; one of them is a verdict, whatever their number. */
static void
tally_note(struct hub *hub, const struct guard_note *note)
{
	tally(hub, note->rule, note->action);
	series_add(
	    tally_find(hub, hub->findings, METRIC_FINDINGS, note->rule, note->action), note->count);
}

static void
write_down(const struct exchange *exchange, const struct guard_verdict *verdict)
{
	static const char *const words[] = {
		[GUARD_ALLOW] = "allow", [GUARD_DENY] = "deny", [GUARD_ASK_FIRST] = "ask"
	};
	const struct passage *passage = exchange->gateway_data;
	struct slice word = slice_of(words[verdict->action]);

	tally(passage->hub, verdict->rule, word);
	ledger_judge(passage->hub->ledger, exchange->number, word, verdict->rule);
}

void
crossing_denied(
    struct exchange *exchange, struct slice server, struct slice name, struct slice rule)
{
	const struct guard_verdict verdict = { .action = GUARD_DENY, .rule = rule };
	const struct passage *passage = exchange->gateway_data;

	ledger_route(passage->hub->ledger, exchange->number, server, name);
	write_down(exchange, &verdict);
}

/* What goes on in place of what came. */
static bool
take_change(struct exchange *exchange, const struct crossing *crossing,
    struct guard_verdict *verdict, struct reply *reply)
{
	struct slice text = buf_view(&verdict->text);

	if (verdict->answer.n > 0 && !crossing->may_be_answered)
		return err_set(&reply->err, ERR_REFUSED,
		    "%.*s answers %.*s, which only its server can", SLICE_FMT(verdict->rule),
		    SLICE_FMT(exchange->request.method_name));
	if (verdict->answer.n > 0)
		return exchange_result(exchange, &verdict->answer, reply);
	if (text.n == 0)
		return true;
	if (crossing->kind == GUARD_RESULT) {
		reply->scan = NULL;
		if (reply->result.p != NULL)
			return exchange_result(exchange, &verdict->text, reply);
		if (!arena_reserve(&exchange->arena, text.n, &reply->err))
			return false;
		reply->error = slice_dup(&exchange->arena, text);
		return true;
	}
	must(crossing->kind == GUARD_REQUEST && exchange->request.arguments.p != NULL);
	if (!arena_reserve(&exchange->arena, text.n, &reply->err))
		return false;
	exchange->arguments = slice_dup(&exchange->arena, text);
	return true;
}

bool
crossing_wait(struct exchange *exchange, const struct crossing *crossing, struct reply *reply)
{
	struct passage *passage = exchange->gateway_data;
	struct guard_subject subject = subject_of(exchange, crossing->server, crossing);
	struct guard_verdict verdict;
	bool ok;

	ok = guard_message_wait(passage->gateway->guard, &subject, crossing->kind,
	    crossing->kind == GUARD_REQUEST ? GUARD_TO_PROVIDER : GUARD_TO_CLIENT, &verdict,
	    &reply->err);
	guard_hold_join(&passage->hold, &verdict.hold);
	if (ok)
		trail_note(passage, &verdict);
	if (ok && (crossing->kind == GUARD_REQUEST || verdict.action != GUARD_ALLOW))
		write_down(exchange, &verdict);
	for (unsigned i = 0; ok && i < verdict.notes_n; i++)
		tally_note(passage->hub, &verdict.notes[i]);
	if (ok && verdict.action == GUARD_ASK_FIRST && crossing->kind == GUARD_REQUEST) {
		ok = approval_wait(exchange, &subject, &verdict, &reply->err);
		reply->rule = !ok && reply->err.kind == ERR_REFUSED ? verdict.rule : SLICE_NONE;
	} else if (ok && verdict.action != GUARD_ALLOW) {
		ok = refuse(&exchange->arena, &verdict, reply);
	} else if (ok && reply->type == REPLY_INPUT_REQUIRED) {
		approval_continue(exchange);
	}
	ok = ok && take_change(exchange, crossing, &verdict, reply);
	guard_verdict_fini(&verdict);
	return ok;
}

/* ---- questions, answers, and what is told ---------------------------------------------------- */

/* Who is asked to go to a URL is told when that is done (notifications/elicitation/complete). */
static void
asked(struct exchange *exchange, struct slice params)
{
	struct client *client = client_of(exchange);
	struct slice token;

	if (client != NULL && json_type(params) == JSON_OBJECT &&
	    json_find(params, S("elicitationId"), &token))
		index_put(client->hub->asked, token, client);
}

/* Of whom a log message is: a request without a session says itself which it wants. */
static bool
wants_level(const struct exchange *exchange, const struct client *client, int level)
{
	if (exchange->session == NULL)
		return exchange->log_level >= 0 && level >= exchange->log_level;
	return client_wants_level(client, level);
}

/* What lasts without a task holds no gateway: the rules of now are for it. */
static struct gateway *
gateway_of(const struct passage *passage)
{
	return passage->gateway != NULL ? passage->gateway : passage->hub->now;
}

static bool
crossing_tell(
    struct guard *guard, const struct guard_subject *subject, struct tell *tell, struct buf *room)
{
	struct guard_verdict verdict;
	bool ok;

	guard_message(guard, subject, GUARD_TELL, GUARD_TO_CLIENT, &verdict);
	ok = verdict.action == GUARD_ALLOW;
	if (ok && verdict.text.n > 0) {
		*room = verdict.text;
		buf_init(&verdict.text, NULL, 0);
		ok = tell_change(tell, buf_view(room));
	}
	if (!ok)
		log_event(loop_log(guard_loop(guard)), LOG_WARN, "notice_refused",
		    "upstream %.*s: %s is not told: %s", SLICE_FMT(subject->server),
		    mcp_method_row(tell->method)->name,
		    verdict.err.kind != ERR_NONE ? verdict.err.text : "by the rules of guard");
	guard_verdict_fini(&verdict);
	return ok;
}

/* What a shared session says in the log is for those who asked for such a level. */
bool
pipeline_may_tell(void *owner, struct exchange *exchange, struct tell *tell, struct buf *room)
{
	struct client *client = client_of(exchange);
	struct crossing crossing = { .kind = GUARD_TELL,
		.server = tell->server,
		.text = tell->params,
		.method = slice_of(mcp_method_row(tell->method)->name) };
	struct guard_subject subject;
	struct slice level;

	if (tell->method == MCP_LOG_MESSAGE && client != NULL &&
	    json_type(tell->params) == JSON_OBJECT && json_find(tell->params, S("level"), &level) &&
	    !wants_level(exchange, client, mcp_log_level_find(level)))
		return false;
	subject = subject_of(exchange, tell->server, &crossing);
	return crossing_tell(gateway_of(exchange->gateway_data)->guard, &subject, tell, room);
}

bool
pipeline_notice(struct hub *hub, struct slice server, struct tell *tell, struct buf *room)
{
	struct caller nobody = auth_anonymous();
	struct guard_subject subject = { .caller = &nobody,
		.server = server,
		.method = slice_of(mcp_method_row(tell->method)->name),
		.text = tell->params,
		.now_ms = loop_now_ms(hub->loop),
		.unix_s = (int64_t)(loop_unix_ms(hub->loop) / 1000) };

	return hub->now == NULL || crossing_tell(hub->now->guard, &subject, tell, room);
}

/* Takes the verdict's word for an ask or an answer; changed text goes into the arena. */
static bool
pass_conclude(
    struct arena *arena, struct guard_verdict *verdict, struct slice *text, struct err *err)
{
	struct slice changed = buf_view(&verdict->text);
	struct reply reply = { .err = { 0 } };

	if (verdict->action != GUARD_ALLOW) {
		(void)refuse(arena, verdict, &reply);
		*err = reply.err;
		return false;
	}
	if (changed.n == 0)
		return true;
	if (!arena_reserve(arena, changed.n, err))
		return false;
	*text = slice_dup(arena, changed);
	return true;
}

bool
pipeline_pass_wait(void *owner, struct exchange *exchange, enum mcp_pass what, struct slice server,
    struct slice *text, struct err *err)
{
	bool is_ask = what == PASS_ASK, ok;
	struct crossing crossing = {
		.kind = is_ask ? GUARD_ASK : GUARD_ANSWER, .server = server, .text = *text
	};
	struct guard_subject subject = subject_of(exchange, server, &crossing);
	struct gateway *gateway = gateway_ref(gateway_of(exchange->gateway_data));
	struct guard_verdict verdict;

	if (is_ask)
		asked(exchange, *text);
	ok = guard_message_wait(gateway->guard, &subject, crossing.kind,
	    is_ask ? GUARD_TO_CLIENT : GUARD_TO_PROVIDER, &verdict, err);
	ok = ok && pass_conclude(&exchange->arena, &verdict, text, err);
	guard_verdict_fini(&verdict);
	gateway_unref(&gateway);
	return ok;
}

bool
pipeline_session_pass_wait(struct hub *hub, enum mcp_pass what, struct slice server,
    struct arena *arena, struct slice *text, struct err *err)
{
	bool is_ask = what == PASS_ASK, ok;
	struct gateway *gateway;
	struct caller nobody = auth_anonymous();
	struct guard_subject subject = { .caller = &nobody,
		.server = server,
		.text = *text,
		.now_ms = loop_now_ms(hub->loop),
		.unix_s = (int64_t)(loop_unix_ms(hub->loop) / 1000) };
	struct guard_verdict verdict;

	if (hub->now == NULL)
		return err_set(err, ERR_CANCELLED, "bascule is stopping");
	gateway = gateway_ref(hub->now);
	ok = guard_message_wait(gateway->guard, &subject, is_ask ? GUARD_ASK : GUARD_ANSWER,
	    is_ask ? GUARD_TO_CLIENT : GUARD_TO_PROVIDER, &verdict, err);
	ok = ok && pass_conclude(arena, &verdict, text, err);
	guard_verdict_fini(&verdict);
	gateway_unref(&gateway);
	return ok;
}

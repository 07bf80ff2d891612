/*
 * The path of one call: guard, route, ledger, provider, guard, ledger, answer.  One task an
 * exchange, read from top to bottom at the end of this file; what each method does is in methods.c.
 * Every exchange gets exactly one outcome.
 */
#include <string.h>

#include "gateway/hub.h"

struct client *
client_of(const struct exchange *exchange)
{
	const struct passage *passage = exchange->gateway_data;

	return passage != NULL ? passage->client : NULL;
}

/* ---- guard ----------------------------------------------------------------------------------- */

bool
guard_pass(struct exchange *exchange, enum guard_kind kind, enum guard_direction direction,
    struct slice server, struct slice name, struct slice text, struct reply *reply)
{
	struct guard_subject subject = { .caller = &exchange->caller,
		.client = exchange->client,
		.server = server,
		.method = exchange->request.method_name,
		.name = name,
		.text = text };
	struct guard_verdict verdict = guard_message(&subject, kind, direction);

	if (verdict.action == GUARD_ALLOW)
		return true;
	reply->rule = verdict.rule;
	return err_set(&reply->err, ERR_REFUSED, "refused by rule %.*s", SLICE_FMT(verdict.rule));
}

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

/* What a shared session says in the log is for those who asked for such a level. */
bool
pipeline_may_tell(void *owner, struct exchange *exchange, const struct tell *tell)
{
	struct client *client = client_of(exchange);
	struct reply reply = { .err = { 0 } };
	struct slice level;

	if (tell->method == MCP_LOG_MESSAGE && client != NULL &&
	    json_type(tell->params) == JSON_OBJECT && json_find(tell->params, S("level"), &level) &&
	    !wants_level(exchange, client, mcp_log_level_find(level)))
		return false;
	return guard_pass(
	    exchange, GUARD_TELL, GUARD_TO_CLIENT, tell->server, SLICE_NONE, tell->params, &reply);
}

bool
pipeline_pass(void *owner, struct exchange *exchange, enum mcp_pass what, struct slice server,
    struct slice text, struct err *err)
{
	static const struct {
		enum guard_kind kind;
		enum guard_direction direction;
	} rows[] = {
		[PASS_ASK] = { GUARD_ASK, GUARD_TO_CLIENT },
		[PASS_ANSWER] = { GUARD_ANSWER, GUARD_TO_PROVIDER },
	};
	struct reply reply = { .err = { 0 } };

	if (what == PASS_ASK)
		asked(exchange, text);
	if (guard_pass(
		exchange, rows[what].kind, rows[what].direction, server, SLICE_NONE, text, &reply))
		return true;
	*err = reply.err;
	return false;
}

/* What its client has said before goes with each request. */
static void
client_take(struct client *client, struct exchange *exchange)
{
	struct passage *passage = exchange->gateway_data;

	passage->client = client_ref(client);
	exchange->capabilities = client->capabilities;
	exchange->client_info = client->info;
	exchange->log_level = client->level >= 0 ? client->level : LEVEL_INFO;
}

/* The client of a request, as far as it has one; false: there are too many of them. */
static bool
client_bind(struct hub *hub, struct exchange *exchange, struct err *err)
{
	struct passage *passage = exchange->gateway_data;
	struct client *client;

	if (exchange->session != NULL) {
		if (session_data(exchange->session) != NULL)
			client_take(session_data(exchange->session), exchange);
		return true;
	}
	if (!mcp_revision_is_modern(exchange->revision))
		return true;
	client = guest_find(hub->guests, exchange, err);
	if (client == NULL)
		return false;
	passage->client = client_ref(client);
	exchange->family = client;
	return true;
}

/* ---- the story ------------------------------------------------------------------------------- */

static enum ledger_outcome
outcome_of(const struct exchange *exchange, const struct reply *reply)
{
	if (reply->result.p != NULL)
		return LEDGER_DONE;
	switch (reply->err.kind) {
	case ERR_REFUSED:
		return LEDGER_REFUSED;
	case ERR_CANCELLED:
		return LEDGER_CANCELLED;
	case ERR_DEADLINE:
		return LEDGER_DEADLINE;
	case ERR_UNAVAILABLE:
		return LEDGER_UNAVAILABLE;
	case ERR_OUTCOME_UNKNOWN:
		return LEDGER_UNKNOWN;
	default:
		return LEDGER_FAILED;
	}
}

static void
log_started(const struct exchange *exchange)
{
	const struct message *request = &exchange->request;
	struct log *log = loop_log(exchange->loop);

	if (!log_wants(log, LOG_INFO))
		return;
	log_event(log, LOG_INFO, "request_started", "Request #%llu (ID: %.*s) started: %.*s %.*s",
	    (unsigned long long)exchange->number, SLICE_FMT(request->id),
	    SLICE_FMT(request->method_name), (int)(request->name.n > 80 ? 80 : request->name.n),
	    request->name.p != NULL ? request->name.p : "");
}

/* Writes the outcome down, says it, answers. */
static void
conclude(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct hub *hub = passage->hub;
	struct log *log = loop_log(exchange->loop);
	uint64_t ms = loop_now_ms(exchange->loop) - exchange->started_ms;
	enum ledger_outcome outcome = outcome_of(exchange, reply);
	int code = reply->err.kind != ERR_NONE ? err_info(reply->err.kind)->legacy_code : 0;

	reply->call_id = exchange->number;
	ledger_outcome(hub->ledger, exchange->number, loop_unix_ms(exchange->loop), outcome, code);
	audit_record(ledger_find(hub->ledger, exchange->number));
	mcp_tally(exchange->loop, exchange->request.method, outcome);
	series_observe_ms(hub->duration, ms);
	if (log_wants(log, LOG_INFO))
		log_event(log, LOG_INFO, "request_completed",
		    "Request #%llu (ID: %.*s) completed: %s in %llu ms%s%s",
		    (unsigned long long)exchange->number, SLICE_FMT(exchange->request.id),
		    ledger_outcome_name(outcome), (unsigned long long)ms,
		    reply->err.kind != ERR_NONE ? ": " : "", reply->err.text);
	exchange->front->finish(exchange, reply);
}

void
pipeline_finish(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	conclude(exchange, passage, reply);
	catalogue_unref(&passage->catalogue);
	provider_unref(&passage->provider);
	if (passage->client != NULL)
		guest_touch(passage->client);
	client_unref(&passage->client);
	gateway_unref(&passage->gateway);
	exchange_free(&exchange);
}

static void
pass_through(void *arg)
{
	struct exchange *exchange = arg;
	struct passage *passage = exchange->gateway_data;
	struct hub *hub = passage->hub;
	struct reply reply = { .err = { 0 } };
	bool ok;

	exchange->task = task_self(exchange->loop);
	if (exchange->is_cancelled)
		task_cancel(exchange->task, ERR_CANCELLED);
	log_started(exchange);
	ledger_intent(hub->ledger, exchange->number, loop_unix_ms(exchange->loop),
	    exchange->request.method_name, exchange->caller.principal, exchange->caller.tenant);
	ok = method_run(exchange, passage, &reply) && reply_fit(exchange, &reply);
	/* It lasts, without this task. */
	if (ok && passage->listen != NULL) {
		exchange->task = NULL;
		gateway_unref(&passage->gateway);
		catalogue_unref(&passage->catalogue);
		hub_exchange_ended(hub);
		return;
	}
	if (!ok)
		reply.result = reply.error = SLICE_NONE;
	error_fit(exchange, &reply);
	if (reply.err.kind == ERR_CANCELLED && !exchange->is_cancelled)
		err_set(&reply.err, ERR_CANCELLED,
		    "bascule is stopping: cut short, and what was sent may have been done");
	pipeline_finish(exchange, passage, &reply);
	hub_exchange_ended(hub);
}

/* What cannot even begin is answered on the ground floor. */
static void
turn_away(struct hub *hub, struct exchange *exchange, const struct err *why)
{
	struct reply reply = { .err = *why };

	/* The 1st, 2nd, 4th, 8th ... is logged: who has too much to do must not write logs. */
	hub->turned_away++;
	if ((hub->turned_away & (hub->turned_away - 1)) == 0)
		log_event(loop_log(hub->loop), LOG_WARN, "request_turned_away",
		    "Request #%llu: %s (%llu were turned away so far)",
		    (unsigned long long)exchange->number, why->text,
		    (unsigned long long)hub->turned_away);
	mcp_tally(exchange->loop, exchange->request.method, outcome_of(exchange, &reply));
	exchange->front->finish(exchange, &reply);
	exchange_free(&exchange);
}

void
pipeline_begin(void *owner, struct exchange *exchange)
{
	struct hub *hub = owner;
	/* While it stops there may be no gateway any more. */
	uint64_t max = hub->is_draining ? 0 : hub->now->settings->config->limit_in_flight;
	struct passage *passage = ARENA_NEW(&exchange->arena, struct passage);
	struct err err = { 0 };

	passage->hub = hub;
	exchange->gateway_data = passage;
	if (hub->is_draining)
		err_set(&err, ERR_UNAVAILABLE, "bascule is stopping");
	else if (hub->in_flight >= max)
		err_set(&err, ERR_LIMIT,
		    "limits.in_flight (%llu) requests are in progress: try again later",
		    (unsigned long long)max);
	else if (client_bind(hub, exchange, &err) &&
	    group_spawn(hub->loop, &hub->exchanges, "exchange", pass_through, exchange, &err)) {
		passage->gateway = gateway_ref(hub->now);
		hub->in_flight++;
		return;
	}
	client_unref(&passage->client);
	turn_away(hub, exchange, &err);
}

void
pipeline_cancel(void *owner, struct exchange *exchange)
{
	struct passage *passage = exchange->gateway_data;

	/* Not started yet: pass_through sees is_cancelled. */
	if (exchange->task != NULL)
		task_cancel(exchange->task, ERR_CANCELLED);
	else if (passage->listen != NULL)
		listener_end(passage->listen);
}

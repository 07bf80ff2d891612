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

enum ledger_outcome
reply_outcome(const struct exchange *exchange, const struct reply *reply)
{
	const struct passage *passage = exchange->gateway_data;

	if (reply->result.p != NULL)
		return LEDGER_DONE;
	/* Its client was told that there is no such thing. */
	if (passage != NULL && passage->is_not_shown)
		return LEDGER_REFUSED;
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
		/* A limit of `guard.rate` is a rule too. */
		return reply->rule.p != NULL ? LEDGER_REFUSED : LEDGER_FAILED;
	}
}

int
reply_error_code(const struct reply *reply)
{
	return reply->err.kind != ERR_NONE ? err_info(reply->err.kind)->legacy_code : 0;
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
	enum ledger_outcome outcome;
	uint64_t ms;

	reply->call_id = exchange->number;
	trail_end_wait(exchange, passage, reply);
	outcome = reply_outcome(exchange, reply);
	ms = loop_now_ms(exchange->loop) - exchange->started_ms;
	ledger_outcome(hub->ledger, exchange->number, loop_unix_ms(exchange->loop), outcome,
	    reply_error_code(reply));
	mcp_tally(exchange->loop, exchange->request.method, outcome);
	series_observe_ms(hub->duration, ms);
	series_add(hub->bytes[BYTES_TO_CLIENT],
	    (double)(reply->result.p != NULL ? reply->result.n : reply->error.n));
	span_end(exchange, passage, reply, outcome);
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
	guard_done(&passage->hold);
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
	    exchange->request.method_name, exchange->caller.principal, exchange->caller.tenant,
	    exchange->client);
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

	hub->turned_away++;
	if (log_is_due(hub->turned_away))
		log_event(loop_log(hub->loop), LOG_WARN, "request_turned_away",
		    "Request #%llu: %s (%llu were turned away so far)",
		    (unsigned long long)exchange->number, why->text,
		    (unsigned long long)hub->turned_away);
	trail_end_wait(exchange, exchange->gateway_data, &reply);
	mcp_tally(exchange->loop, exchange->request.method, reply_outcome(exchange, &reply));
	span_end(exchange, exchange->gateway_data, &reply, reply_outcome(exchange, &reply));
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
	passage->exchange = exchange;
	exchange->gateway_data = passage;
	span_begin(hub, exchange);
	series_add(hub->bytes[BYTES_FROM_CLIENT], (double)exchange->request.text.n);
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

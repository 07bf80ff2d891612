/*
 * The path of one call: guard, route, ledger, provider, guard, ledger, answer.  One task an
 * exchange, read from top to bottom at the end of this file.  Every exchange gets exactly one
 * outcome.
 */
#include <string.h>

#include "gateway/hub.h"

/* The pipeline's part of an exchange; in its arena. */
struct passage {
	struct hub *hub;
	struct gateway *gateway;
	struct catalogue *catalogue; /* the snapshot it was routed by */
	struct provider *provider;
	struct slice tool; /* as the client wrote it, unescaped */
};

/* ---- guard ----------------------------------------------------------------------------------- */

static bool
guard(struct exchange *exchange, enum guard_kind kind, enum guard_direction direction,
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
		[PASS_TELL] = { GUARD_TELL, GUARD_TO_CLIENT },
	};
	struct reply reply = { .err = { 0 } };

	if (guard(
		exchange, rows[what].kind, rows[what].direction, server, SLICE_NONE, text, &reply))
		return true;
	*err = reply.err;
	return false;
}

/* ---- route ----------------------------------------------------------------------------------- */

static const struct catalogue_entry *
look_up(struct passage *passage)
{
	catalogue_unref(&passage->catalogue);
	passage->catalogue = catalogue_ref(hub_catalogue(passage->hub));
	return catalogue_find(passage->catalogue, passage->tool);
}

/* Whose tool could a name that is not in the catalogue be? NULL: nobody's, err says so. */
static struct provider *
owner_of(struct passage *passage, struct err *err)
{
	const struct gateway *gateway = passage->gateway;
	const struct names *names = &gateway->names;
	bool prefixed =
	    names->prefix == PREFIX_ALWAYS || (names->prefix == PREFIX_AUTO && names->many);
	struct slice name = passage->tool, server = name;

	if (!prefixed && gateway->providers_n == 1)
		return gateway->providers[0];
	for (size_t i = 0; i + names->separator.n <= name.n && prefixed; i++) {
		if (memcmp(name.p + i, names->separator.p, names->separator.n) != 0)
			continue;
		server.n = i;
		for (size_t k = 0; k < gateway->providers_n; k++) {
			if (slice_eq(gateway->providers[k]->name, server))
				return gateway->providers[k];
		}
		err_set(err, ERR_UNKNOWN_SERVER, "no server \"%.*s\" for tool \"%.*s\"",
		    (int)(server.n > 64 ? 64 : server.n), server.p,
		    (int)(name.n > 80 ? 80 : name.n), name.p);
		return NULL;
	}
	err_set(
	    err, ERR_PARAMS, "unknown tool \"%.*s\"", (int)(name.n > 128 ? 128 : name.n), name.p);
	return NULL;
}

/* A name that tells no server may be of any that is still starting: the first to have it. */
static const struct catalogue_entry *
appears_wait(struct passage *passage, struct reply *reply)
{
	const struct catalogue_entry *entry = NULL;
	bool is_over = false;
	struct err err = { 0 };

	while (entry == NULL && !is_over) {
		if (!hub_starting_wait(passage->hub, &is_over, &err)) {
			reply->err = err;
			return NULL;
		}
		entry = look_up(passage);
	}
	if (entry != NULL)
		reply->err = (struct err){ 0 };
	return entry;
}

/*
 * Finds the entry of a tool.  One that is not there may be of a server that is still starting, or
 * down: then that server, and no other, is waited for, or its trouble is the answer.
 */
static const struct catalogue_entry *
route_wait(struct passage *passage, struct reply *reply)
{
	const struct catalogue_entry *entry = look_up(passage);
	struct provider *provider;
	struct offer *offer;

	if (entry != NULL)
		return entry;
	provider = owner_of(passage, &reply->err);
	if (provider == NULL)
		return appears_wait(passage, reply);
	reply->server = provider->name;
	offer = provider->ops->list_wait(provider, &reply->err);
	if (offer == NULL)
		return NULL;
	offer_unref(&offer);
	entry = look_up(passage);
	if (entry == NULL)
		err_set(&reply->err, ERR_PARAMS, "%.*s has no tool \"%.*s\"",
		    SLICE_FMT(provider->name), (int)(passage->tool.n > 128 ? 128 : passage->tool.n),
		    passage->tool.p);
	return entry;
}

/* ---- the methods ----------------------------------------------------------------------------- */

static bool
initialize(struct exchange *exchange, struct reply *reply)
{
	const struct mcp_gate *gate = exchange->gate;
	struct arena none;
	struct buf text;

	buf_init(&text, loop_memory(exchange->loop), MIB);
	buf_printf(&text, "{\"protocolVersion\":\"%s\",", mcp_revision_name(exchange->revision));
	gate->describe(gate->owner, &text, exchange->revision);
	buf_puts(&text, "}");
	if (!buf_check(&text, &reply->err)) {
		buf_fini(&text);
		return false;
	}
	arena_init(&none, loop_memory(exchange->loop), 0);
	exchange_keep(exchange, &none, &text);
	reply->result = buf_view(&exchange->answer_text->buf);
	return true;
}

static bool
list(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	if (exchange->request.cursor.p != NULL)
		return err_set(&reply->err, ERR_PARAMS, "unknown cursor: this list has one page");
	if (!hub_settled_wait(passage->hub, &reply->err))
		return false;
	passage->catalogue = catalogue_ref(hub_catalogue(passage->hub));
	reply->result = catalogue_list(passage->catalogue);
	return true;
}

static bool
call(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	const struct message *request = &exchange->request;
	const struct catalogue_entry *entry;

	if (json_type(request->name) != JSON_STRING || request->name.n > KIB)
		return err_set(&reply->err, ERR_PARAMS, "params.name must be the name of a tool");
	if (request->arguments.p != NULL && json_type(request->arguments) != JSON_OBJECT)
		return err_set(&reply->err, ERR_PARAMS, "params.arguments must be an object");
	if (!json_string(&exchange->arena, request->name, &passage->tool, &reply->err))
		return false;
	entry = route_wait(passage, reply);
	if (entry == NULL)
		return false;
	passage->provider = provider_ref(entry->provider);
	reply->server = passage->provider->name;
	ledger_route(
	    passage->hub->ledger, exchange->number, passage->provider->name, entry->tool->name);
	if (!guard(exchange, GUARD_REQUEST, GUARD_TO_PROVIDER, passage->provider->name,
		entry->tool->name, request->params, reply))
		return false;
	if (!passage->provider->ops->call_wait(
		passage->provider, exchange, entry->tool, reply, &reply->err))
		return false;
	return guard(exchange, GUARD_RESULT, GUARD_TO_CLIENT, passage->provider->name,
	    entry->tool->name, reply->result.p != NULL ? reply->result : reply->error, reply);
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
	if (log_wants(log, LOG_INFO))
		log_event(log, LOG_INFO, "request_completed",
		    "Request #%llu (ID: %.*s) completed: %s in %llu ms%s%s",
		    (unsigned long long)exchange->number, SLICE_FMT(exchange->request.id),
		    ledger_outcome_name(outcome), (unsigned long long)ms,
		    reply->err.kind != ERR_NONE ? ": " : "", reply->err.text);
	exchange->front->finish(exchange, reply);
}

static void
pass_through(void *arg)
{
	struct exchange *exchange = arg;
	struct passage *passage = exchange->gateway_data;
	struct hub *hub = passage->hub;
	struct reply reply = { .err = { 0 } };
	bool ok = true;

	exchange->task = task_self(exchange->loop);
	if (exchange->is_cancelled)
		task_cancel(exchange->task, ERR_CANCELLED);
	log_started(exchange);
	ledger_intent(hub->ledger, exchange->number, loop_unix_ms(exchange->loop),
	    exchange->request.method_name, exchange->caller.principal);
	switch (exchange->request.method) {
	case MCP_INITIALIZE:
		ok = initialize(exchange, &reply);
		break;
	case MCP_TOOLS_LIST:
		ok = list(exchange, passage, &reply);
		break;
	case MCP_TOOLS_CALL:
		ok = call(exchange, passage, &reply);
		break;
	default:
		ok = err_set(&reply.err, ERR_METHOD, "unknown method");
		break;
	}
	if (!ok)
		reply.result = reply.error = SLICE_NONE;
	if (reply.err.kind == ERR_CANCELLED && !exchange->is_cancelled)
		err_set(&reply.err, ERR_CANCELLED,
		    "bascule is stopping: cut short, and what was sent may have been done");
	conclude(exchange, passage, &reply);
	catalogue_unref(&passage->catalogue);
	provider_unref(&passage->provider);
	gateway_unref(&passage->gateway);
	exchange_free(&exchange);
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
	else if (group_spawn(
		     hub->loop, &hub->exchanges, "exchange", pass_through, exchange, &err)) {
		passage->gateway = gateway_ref(hub->now);
		hub->in_flight++;
		return;
	}
	turn_away(hub, exchange, &err);
}

void
pipeline_cancel(void *owner, struct exchange *exchange)
{
	/* Not started yet: pass_through sees is_cancelled. */
	if (exchange->task != NULL)
		task_cancel(exchange->task, ERR_CANCELLED);
}

/*
 * What the fronts share about clients without sessions: is a request whole and spoken here, its
 * exchange, what it is told meanwhile, its end.  How bytes travel is in front_http_modern.c and
 * front_stdio.c, what becomes of questions in park.c.
 *
 * Nothing is remembered of such a client between two requests but its parked calls.
 */
#include "mcp/front_modern.h"

#include <string.h>

#define REQUESTED_MAX 64 /* bytes of a wrong version that are said again */

/* ---- may it be asked here? ------------------------------------------------------------------- */

bool
modern_is(const struct message *message)
{
	return message->modern.version.p != NULL;
}

static bool
version_check(const struct round *round, const struct message *message, enum mcp_revision *revision,
    struct reply *reply)
{
	struct slice token = message->modern.version;
	struct slice version;
	struct buf more;

	if (json_type(token) != JSON_STRING)
		return err_set(&reply->err, ERR_PARAMS,
		    "params._meta[\"" MCP_META "protocolVersion\"] is missing, or no string");
	version = (struct slice){ token.p + 1, token.n - 2 };
	if (round->ops->check != NULL && !round->ops->check(round, message, &reply->err))
		return false;
	if (mcp_revision_find(version, revision) && mcp_revision_is_modern(*revision))
		return true;
	buf_init(&more, NULL, KIB);
	buf_printf(&more, "\"supported\":[\"%s\"],\"requested\":", mcp_revision_name(MCP_NEWEST));
	if (version.n <= REQUESTED_MAX)
		buf_put(&more, token);
	else
		buf_puts(&more, "\"...\"");
	reply->more = arena_printf(round->arena, "%.*s", SLICE_FMT(buf_view(&more)));
	buf_fini(&more);
	return err_set(&reply->err, ERR_VERSION,
	    "protocol version %.*s is not spoken here in a request of its own (%s is)",
	    (int)(version.n > REQUESTED_MAX ? REQUESTED_MAX : version.n), version.p,
	    mcp_revision_name(MCP_NEWEST));
}

/* What a request says of its client (basic, "_meta"). */
static bool
meta_check(const struct message *message, struct err *err)
{
	if (json_type(message->modern.capabilities) != JSON_OBJECT)
		return err_set(err, ERR_PARAMS,
		    "params._meta[\"" MCP_META "clientCapabilities\"] is missing, or no object");
	if (message->modern.client_info.p != NULL &&
	    json_type(message->modern.client_info) != JSON_OBJECT)
		return err_set(
		    err, ERR_PARAMS, "params._meta[\"" MCP_META "clientInfo\"] is no object");
	if (message->modern.log_level.p != NULL &&
	    mcp_log_level_find(message->modern.log_level) < 0)
		return err_set(err, ERR_PARAMS,
		    "params._meta[\"" MCP_META
		    "logLevel\"] must be one of debug, info, notice, warning, error, critical, "
		    "alert, emergency");
	return true;
}

/* May this id be given to a request now?  Over a pipe an answer must tell to which it belongs. */
static bool
id_is_free(const struct round *round)
{
	const struct modern_call *call = round->is_stdio ? round->fronts->calls : NULL;

	while (call != NULL &&
	    (!call->is_open || !call->round.is_stdio || !slice_eq(call->round.id, round->id)))
		call = call->next;
	return call == NULL;
}

static bool
method_check(const struct message *message, enum mcp_revision revision, struct err *err)
{
	const struct mcp_method_row *row;

	/* One that is not known here may be known to a server. */
	if (message->method == MCP_UNKNOWN)
		return true;
	row = mcp_method_row(message->method);
	if (!row->is_request || (row->from & MCP_FROM_CLIENT) == 0)
		return err_set(
		    err, ERR_METHOD, "\"%s\" is not a request that clients send", row->name);
	if (!mcp_method_known(message->method, revision))
		return err_set(err, ERR_METHOD, "\"%s\" is not part of revision %s", row->name,
		    mcp_revision_name(revision));
	return true;
}

static bool
request_check(const struct round *round, const struct message *message, enum mcp_revision *revision,
    struct reply *reply)
{
	if (message->kind != MESSAGE_REQUEST)
		return err_set(&reply->err, ERR_REQUEST, "a request was expected");
	if (!id_is_free(round))
		return err_set(&reply->err, ERR_REQUEST, "id %.*s is that of a request in progress",
		    SLICE_FMT(round->id));
	return version_check(round, message, revision, reply) && meta_check(message, &reply->err) &&
	    method_check(message, *revision, &reply->err);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* HTTP's word for an error that the gate, or a server, came to (Streamable HTTP, "Sending"). */
static int
status_of_code(int64_t code)
{
	switch (code) {
	case -32601:
		return 404;
	case -32020:
	case -32021:
	case -32022:
		return 400;
	default:
		return 200;
	}
}

static int
status_of(const struct reply *reply)
{
	struct slice token;
	int64_t code;

	if (reply->result.p != NULL)
		return 200;
	if (reply->err.kind == ERR_STRANGER)
		return err_info(ERR_STRANGER)->http_status;
	if (reply->error.p == NULL)
		return status_of_code(err_info(reply->err.kind)->modern_code);
	return json_find(reply->error, S("code"), &token) && json_int(token, &code)
	    ? status_of_code(code)
	    : 200;
}

/* Answers a request that becomes no call, or is no part of one any more. */
static void
refuse(struct round *round, enum mcp_method method, const struct reply *reply)
{
	struct buf text;
	struct slice part;

	buf_init(&text, NULL, MIB);
	encode_error_in(MCP_NEWEST, &text, round->id, reply);
	part = buf_view(&text);
	round->ops->answer(round, err_info(reply->err.kind)->http_status, NULL, &part, 1);
	buf_fini(&text);
	front_refused(round->fronts, 200, reply->err.kind, round->fronts->peer, round->is_stdio);
	mcp_tally(round->fronts->loop, method, LEDGER_FAILED);
}

struct client_capabilities
modern_capabilities(struct slice declared)
{
	struct client_capabilities can = front_capabilities(declared);
	struct slice extensions, settings;

	can.tasks = false; /* those of 2025-11-25 */
	can.task_results = json_find(declared, S("extensions"), &extensions) &&
	    json_type(extensions) == JSON_OBJECT &&
	    json_find(extensions, S(MCP_TASKS_EXTENSION), &settings) &&
	    json_type(settings) == JSON_OBJECT;
	return can;
}

static struct modern_call *
call_new(const struct round *round, const struct caller *caller, struct intake *intake,
    const struct message *message, enum mcp_revision revision)
{
	struct fronts *fronts = round->fronts;
	struct exchange *exchange = exchange_new(intake, message);
	struct modern_call *call = ARENA_NEW(&exchange->arena, struct modern_call);

	exchange->number = ++fronts->next_number;
	/* The caller's words may go with the connection. */
	exchange->caller.principal = slice_dup(&exchange->arena, caller->principal);
	if (caller->tenant.p != NULL)
		exchange->caller.tenant = slice_dup(&exchange->arena, caller->tenant);
	exchange->caller.credentials = exchange->credentials = credentials_dup(fronts->arriving);
	if (!front_client_name(&exchange->arena, message->modern.client_info, &exchange->client))
		exchange->client = SLICE_NONE;
	exchange->revision = revision;
	exchange->can = modern_capabilities(message->modern.capabilities);
	exchange->is_stdio = round->is_stdio;
	exchange->capabilities = message->modern.capabilities;
	exchange->client_info = message->modern.client_info;
	exchange->log_level = mcp_log_level_find(message->modern.log_level);
	exchange->front = round->ops->front;
	exchange->front_data = call;
	exchange->gate = fronts->gate;
	exchange_trace(exchange, fronts->traceparent, fronts->tracestate);
	call->exchange = exchange;
	call->round = *round;
	call->round.call = call;
	call->is_open = true;
	call->next = fronts->calls;
	if (call->next != NULL)
		call->next->prev = call;
	fronts->calls = call;
	return call;
}

static void
call_begin(struct modern_call *call)
{
	const struct mcp_gate *gate = call->exchange->gate;

	call->round.ops->attach(&call->round);
	gate->begin(gate->owner, call->exchange);
}

static void
call_end(struct modern_call *call)
{
	if (call->next != NULL)
		call->next->prev = call->prev;
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		call->round.fronts->calls = call->next;
}

/* A request that brings a state: a parked call goes on, or a server's own gets it back. */
static bool
state_take(struct round *round, const struct caller *caller, struct intake *intake,
    const struct message *message, enum mcp_revision revision, struct reply *reply)
{
	struct modern_call *call;
	enum state_kind kind;
	struct slice plain;

	/* Opened where the exchange would take it from. */
	if (!state_open(round->fronts, caller, message, &intake->arena, &kind, &plain, &reply->err))
		return false;
	if (kind == STATE_PARKED)
		return park_resume(round->fronts->park, round, plain, message, reply);
	call = call_new(round, caller, intake, message, revision);
	/* The server's name, and behind it what the server said. */
	call->exchange->state_server = slice_cut(plain, '\n', &call->exchange->state);
	call_begin(call);
	return true;
}

void
modern_take(struct round *round, const struct caller *caller, struct intake *intake,
    const struct message *message, const struct err *fault)
{
	struct reply reply = { .err = *fault };
	enum mcp_revision revision = MCP_NEWEST;
	struct arena arena;

	arena_init(&arena, NULL, 8 * KIB);
	round->arena = &arena;
	round->id = front_id_of(message);
	if (message != NULL)
		round->token = message->progress_token;
	if (fault->kind != ERR_NONE || !request_check(round, message, &revision, &reply) ||
	    (message->request_state.p != NULL &&
		!state_take(round, caller, intake, message, revision, &reply)))
		refuse(round, message != NULL ? message->method : MCP_UNKNOWN, &reply);
	else if (message->request_state.p == NULL)
		call_begin(call_new(round, caller, intake, message, revision));
	arena_fini(&arena);
}

/* ---- the other way --------------------------------------------------------------------------- */

/* Is the level of a log message one that the request wants? */
static bool
is_wanted(const struct exchange *exchange, const struct tell *tell)
{
	struct slice level;

	return exchange->log_level >= 0 && json_find(tell->params, S("level"), &level) &&
	    mcp_log_level_find(level) >= exchange->log_level;
}

void
modern_tell(struct exchange *exchange, const struct tell *tell)
{
	struct modern_call *call = exchange->front_data;
	bool is_listening = exchange->request.method == MCP_LISTEN;
	bool is_progress = tell->method == MCP_PROGRESS, is_log = tell->method == MCP_LOG_MESSAGE;
	struct slice token = call->round.token, parts[NOTICE_PARTS];
	struct buf scratch;
	size_t n;

	if (!call->is_open || exchange->is_cancelled ||
	    !mcp_method_known(tell->method, exchange->revision) ||
	    (is_progress && token.p == NULL) || (is_log && !is_wanted(exchange, tell)) ||
	    (is_listening && (is_progress || is_log)))
		return;
	/* What only shows how things go may be left out. */
	if ((is_progress || is_log) && call->round.ops->is_behind(&call->round))
		return;
	buf_init(&scratch, NULL, KIB);
	n = is_listening ? encode_subscribed(tell, call->round.id, &scratch, parts)
			 : encode_notice(tell, token, &scratch, parts);
	call->round.ops->say(&call->round, parts, n);
	buf_fini(&scratch);
}

/* An upstream's own state, for the client to carry; SLICE_NONE: there is none, or reply->err. */
static struct slice
state_pass(struct modern_call *call, struct reply *reply, struct buf *out)
{
	struct exchange *exchange = call->exchange;
	struct fronts *fronts = call->round.fronts;
	struct state_binding binding;
	struct slice state;
	struct buf plain;

	if (!json_find(reply->result, S("requestState"), &state) || json_type(state) != JSON_STRING)
		return SLICE_NONE;
	buf_init(&plain, NULL, SEAL_MAX_BYTES);
	buf_put(&plain, reply->server);
	buf_putc(&plain, '\n');
	buf_put(&plain, state);
	if (plain.overflow)
		err_set(&reply->err, ERR_LIMIT,
		    "the requestState of server \"%.*s\" is over %zu KiB", SLICE_FMT(reply->server),
		    SEAL_MAX_BYTES / KIB);
	else if (state_bind(
		     exchange->loop, &exchange->caller, &exchange->request, &binding, &reply->err))
		state_seal(fronts, STATE_PASSED, &binding,
		    loop_unix_ms(exchange->loop) + fronts->limits.ask_ms, buf_view(&plain), out);
	buf_fini(&plain);
	if (reply->err.kind == ERR_NONE)
		return buf_view(out);
	reply->result = SLICE_NONE;
	return SLICE_NONE;
}

void
modern_finish(struct exchange *exchange, const struct reply *given)
{
	struct modern_call *call = exchange->front_data;
	struct reply reply = *given;
	struct slice parts[MODERN_PARTS], state_text = SLICE_NONE;
	struct buf scratch, state;
	size_t n;

	if (call->verdict.kind != ERR_NONE)
		reply = (struct reply){ .err = call->verdict };
	buf_init(&scratch, NULL, MIB);
	buf_init(&state, NULL, MIB);
	if (reply.result.p != NULL && reply.type == REPLY_INPUT_REQUIRED)
		state_text = state_pass(call, &reply, &state);
	n = encode_modern(exchange, call->round.id, &reply, state_text, &scratch, parts);
	if (!park_finish(call, status_of(&reply), parts, n) && call->is_open) {
		call->is_open = false;
		call->round.ops->answer(&call->round, status_of(&reply), exchange->answer_text,
		    parts, exchange->is_cancelled ? 0 : n);
	}
	buf_fini(&state);
	buf_fini(&scratch);
	call_end(call);
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void
cancel(struct modern_call *call)
{
	const struct mcp_gate *gate = call->exchange->gate;

	call->exchange->is_cancelled = true;
	gate->cancel(gate->owner, call->exchange);
}

void
modern_gone(struct modern_call *call)
{
	call->exchange->is_gone = true;
	cancel(call);
}

bool
modern_cancel(struct fronts *fronts, const struct message *message)
{
	struct modern_call *call = fronts->calls;

	while (call != NULL &&
	    (!call->is_open || !call->round.is_stdio ||
		!slice_eq(call->round.id, message->request_id)))
		call = call->next;
	if (call == NULL)
		return false;
	cancel(call);
	return true;
}

void
modern_lost(struct fronts *fronts)
{
	for (struct modern_call *call = fronts->calls; call != NULL; call = call->next) {
		if (call->is_open && call->round.is_stdio)
			modern_gone(call);
	}
}

bool
modern_is_busy(const struct fronts *fronts)
{
	const struct modern_call *call = fronts->calls;

	while (call != NULL && (!call->is_open || !call->round.is_stdio))
		call = call->next;
	return call != NULL;
}

/*
 * What all fronts share: the list of sessions, requests that need no exchange, notifications, and
 * the legacy way of asking (a real request to the client on the stream of the call).
 *
 * A session belongs to its front; exchanges outlive it while they run: session_end() cancels them
 * and the struct goes with the last one.
 */
#include "mcp/front_modern.h"

#include <stdio.h>
#include <string.h>

#define REAP_EVERY_MS	 30000
#define CLIENT_NAME_MAX	 128
#define ANSWER_MAX_BYTES (4 * SLICE_OF_WORK_BYTES) /* to a question; it is copied */

/* ---- sessions -------------------------------------------------------------------------------- */

static struct session **
table_place(struct fronts *fronts, struct slice id)
{
	return &fronts->table[hash_bytes(id, loop_seed(fronts->loop)) % SESSION_BUCKETS];
}

static void
table_remove(struct session *session)
{
	struct session **at = table_place(session->fronts, slice_of(session->id));

	while (*at != NULL && *at != session)
		at = &(*at)->chain;
	if (*at != NULL)
		*at = session->chain;
}

static bool
session_is_idle(const struct session *session)
{
	return session->calls.next == &session->calls && !session->ops->is_heard(session);
}

/* Makes room: the session that was idle longest gives way to a new one. */
static bool
session_evict(struct fronts *fronts)
{
	struct session *s = fronts->sessions.next;

	while (s != &fronts->sessions && !session_is_idle(s))
		s = s->next;
	if (s == &fronts->sessions)
		return false;
	fronts->evicted++;
	if (log_is_due(fronts->evicted))
		log_event(loop_log(fronts->loop), LOG_WARN, "session_evicted",
		    "limits.sessions (%u) reached: the longest idle session was ended (%llu so "
		    "far)",
		    fronts->limits.sessions, (unsigned long long)fronts->evicted);
	session_end(s);
	return true;
}

static void
session_draw_id(struct session *session)
{
	const struct replicas *replicas = session->fronts->replicas;
	unsigned char bits[SESSION_DIGITS / 2];
	char digits[SESSION_DIGITS + 1] = { 0 };
	struct session **at;

	loop_random(session->fronts->loop, bits, sizeof(bits));
	hex_put(bits, sizeof(bits), digits);
	if (replicas != NULL)
		replicas_id_make(replicas, digits, session->id);
	else
		memcpy(session->id, digits, sizeof(digits));
	at = table_place(session->fronts, slice_of(session->id));
	session->chain = *at;
	*at = session;
}

struct session *
session_new(struct fronts *fronts, const struct session_ops *ops, void *transport, bool with_id)
{
	struct caller anonymous = auth_anonymous();
	struct session *session;

	if (fronts->sessions_n >= fronts->limits.sessions && !session_evict(fronts))
		return NULL;
	session = MEM_NEW(struct session);
	session->fronts = fronts;
	session->ops = ops;
	session->transport = transport;
	session->caller = auth_caller_copy(&anonymous);
	session->calls.next = session->calls.prev = &session->calls;
	session->asks.next = session->asks.prev = &session->asks;
	session->used_ms = loop_now_ms(fronts->loop);
	session->next = &fronts->sessions;
	session->prev = fronts->sessions.prev;
	session->prev->next = session->next->prev = session;
	fronts->sessions_n++;
	if (with_id)
		session_draw_id(session);
	return session;
}

void
session_bind(struct session *session, const struct caller *caller)
{
	auth_caller_free(&session->caller);
	session->caller = auth_caller_copy(caller);
}

struct session *
session_find(struct fronts *fronts, struct slice id, const struct caller *caller)
{
	struct session *session = *table_place(fronts, id);

	while (session != NULL && !slice_eq(slice_of(session->id), id))
		session = session->chain;
	if (session == NULL || !auth_same(&session->caller, caller))
		return NULL;
	return session;
}

void
session_touch(struct session *session)
{
	struct session *head = &session->fronts->sessions;

	session->used_ms = loop_now_ms(session->fronts->loop);
	session->prev->next = session->next;
	session->next->prev = session->prev;
	session->next = head;
	session->prev = head->prev;
	session->prev->next = session->next->prev = session;
}

static void
session_free_if_done(struct session *session)
{
	if (!session->is_ended || session->calls.next != &session->calls ||
	    session->asks.next != &session->asks)
		return;
	auth_caller_free(&session->caller);
	mem_free((void *)session->client.p);
	mem_free(session);
}

void
session_end(struct session *session)
{
	struct fronts *fronts = session->fronts;

	if (session->is_ended)
		return;
	session->is_ended = true;
	session->prev->next = session->next;
	session->next->prev = session->prev;
	fronts->sessions_n--;
	if (session->id[0] != '\0')
		table_remove(session);
	session->ops->close(session);
	for (struct ask *a = session->asks.next; a != &session->asks; a = a->next)
		task_wake(a->task);
	/* The gate may be gone when nothing of it is left here. */
	if (session->data != NULL)
		fronts->gate->ended(fronts->gate->owner, session);
	for (struct front_call *c = session->calls.next; c != &session->calls; c = c->next) {
		c->exchange->is_cancelled = c->exchange->is_gone = true;
		fronts->gate->cancel(fronts->gate->owner, c->exchange);
	}
	session_free_if_done(session);
}

/* What a busy hour took is given back when nothing is in progress. */
static void
memory_give_back(struct fronts *fronts)
{
	if (fronts->trimmed == fronts->next_number)
		return;
	for (struct session *s = fronts->sessions.next; s != &fronts->sessions; s = s->next) {
		if (s->calls.next != &s->calls)
			return;
	}
	if (fronts->calls != NULL)
		return;
	fronts->trimmed = fronts->next_number;
	arena_drain();
	mem_trim();
}

static void
sessions_reap(struct timer *timer)
{
	struct fronts *fronts = CONTAINER(timer, struct fronts, reaper);
	uint64_t now = loop_now_ms(fronts->loop);
	struct session *next;

	for (struct session *s = fronts->sessions.next; s != &fronts->sessions; s = next) {
		next = s->next;
		if (s->used_ms + fronts->limits.session_idle_ms > now)
			break; /* the list is in the order of use; so ends what was touched */
		/* One with a call or a stream is in use, however old its last request. */
		if (session_is_idle(s))
			session_end(s);
		else
			session_touch(s);
	}
	memory_give_back(fronts);
	timer_start(fronts->loop, timer, now + REAP_EVERY_MS, sessions_reap);
}

/* ---- initialize ------------------------------------------------------------------------------ */

static bool
has_member(struct slice object, struct slice key, struct slice *value)
{
	return json_type(object) == JSON_OBJECT && json_find(object, key, value) &&
	    json_type(*value) == JSON_OBJECT;
}

struct client_capabilities
front_capabilities(struct slice capabilities)
{
	struct client_capabilities can = { .elicitation = false };
	struct slice value, mode;

	if (capabilities.n == 2) /* {}, of who can nothing */
		return can;
	if (has_member(capabilities, S("elicitation"), &value)) {
		/* 2025-11-25: {} means form; url must be named. */
		can.elicitation_url = has_member(value, S("url"), &mode);
		can.elicitation = has_member(value, S("form"), &mode) || !can.elicitation_url;
	}
	can.sampling = has_member(capabilities, S("sampling"), &value);
	can.sampling_tools = can.sampling && has_member(value, S("tools"), &mode);
	can.tasks = has_member(capabilities, S("tasks"), &value);
	can.roots = has_member(capabilities, S("roots"), &value);
	return can;
}

bool
front_client_name(struct arena *arena, struct slice info, struct slice *name)
{
	struct slice token;
	struct err err;

	if (json_type(info) != JSON_OBJECT || !json_find(info, S("name"), &token) ||
	    json_type(token) != JSON_STRING || token.n > KIB ||
	    !json_string(arena, token, name, &err))
		return false;
	name->n = name->n > CLIENT_NAME_MAX ? CLIENT_NAME_MAX : name->n;
	return true;
}

static void
client_name_read(struct session *session, struct slice info)
{
	struct arena arena;
	struct slice name;

	mem_free((void *)session->client.p);
	session->client = SLICE_NONE;
	arena_init(&arena, NULL, 8 * KIB);
	if (front_client_name(&arena, info, &name))
		session->client = slice_keep(name);
	arena_fini(&arena);
}

/* What the client declares, kept with its session; the answer is the gate's. */
static bool
initialize(struct session *session, const struct message *message, struct err *err)
{
	struct slice version, value;

	if (session->has_begun || session->is_beginning)
		return err_set(err, ERR_REQUEST, "this session was initialised before");
	if (message->params.n > SLICE_OF_WORK_BYTES)
		return err_set(err, ERR_LIMIT, "params of initialize are over %zu KiB",
		    SLICE_OF_WORK_BYTES / KIB);
	if (message->params.p == NULL ||
	    !json_find(message->params, S("protocolVersion"), &version) ||
	    json_type(version) != JSON_STRING)
		return err_set(err, ERR_PARAMS, "params.protocolVersion is missing");
	version.p++;
	version.n -= 2;
	if (!mcp_revision_find_legacy(version, &session->revision))
		session->revision = MCP_NEWEST_LEGACY;
	if (json_find(message->params, S("capabilities"), &value))
		session->can = front_capabilities(value);
	if (json_find(message->params, S("clientInfo"), &value))
		client_name_read(session, value);
	session->is_beginning = true;
	return true;
}

/* ---- requests and notifications -------------------------------------------------------------- */

/* May this id be given to a request now?  An answer must tell to which of them it belongs. */
static bool
id_is_free(const struct session *session, struct slice id)
{
	const struct front_call *c = session->calls.next;

	while (c != &session->calls && !slice_eq(c->exchange->request.id, id))
		c = c->next;
	return c == &session->calls;
}

static bool
request_check(const struct session *session, const struct message *message, struct err *err)
{
	const struct mcp_method_row *row;

	if (!id_is_free(session, message->id))
		return err_set(err, ERR_REQUEST, "id %.*s is that of a request in progress",
		    SLICE_FMT(message->id));
	/* One that is not known here may be known to a server. */
	if (message->method == MCP_UNKNOWN && session->has_begun)
		return true;
	if (message->method == MCP_UNKNOWN)
		return err_set(
		    err, ERR_METHOD, "unknown method \"%.*s\"", SLICE_FMT(message->method_name));
	row = mcp_method_row(message->method);
	if (!row->is_request || (row->from & MCP_FROM_CLIENT) == 0)
		return err_set(
		    err, ERR_METHOD, "\"%s\" is not a request that clients send", row->name);
	if (message->method == MCP_INITIALIZE || message->method == MCP_PING)
		return true;
	if (!session->has_begun)
		return err_set(
		    err, ERR_REQUEST, "\"%s\" came before initialize was answered", row->name);
	if (!mcp_method_known(message->method, session->revision))
		return err_set(err, ERR_METHOD, "\"%s\" is not part of revision %s", row->name,
		    mcp_revision_name(session->revision));
	return true;
}

struct slice
front_id_of(const struct message *message)
{
	return message != NULL && message->method_name.p != NULL ? message->id : SLICE_NONE;
}

bool
front_answer_now(struct session *session, const struct message *message, const struct err *fault,
    struct buf *out)
{
	struct reply reply = { .err = *fault };

	if (fault->kind == ERR_NONE && request_check(session, message, &reply.err)) {
		if (message->method == MCP_INITIALIZE) {
			if (initialize(session, message, &reply.err))
				return false;
		} else if (message->method == MCP_PING) {
			buf_puts(out, "{\"jsonrpc\":\"2.0\",\"id\":");
			buf_put(out, message->id);
			buf_puts(out, ",\"result\":{}}");
			mcp_tally(session->fronts->loop, message->method, LEDGER_DONE);
			return true;
		} else {
			return false;
		}
	}
	/* Notifications are never answered (JSON-RPC 2.0 §4.1), and a faulty answer of the client
	 * must not look like ours to the request of the same id. */
	if (message != NULL && message->method_name.p != NULL &&
	    message->kind == MESSAGE_NOTIFICATION)
		log_event(loop_log(session->fronts->loop), LOG_INFO, "notification_faulty",
		    "client \"%.*s\": %s", SLICE_FMT(session->client), reply.err.text);
	else
		encode_error(out, front_id_of(message), &reply);
	if (out->n > 0)
		front_refused(session->fronts, 200, reply.err.kind, session->fronts->peer,
		    session->ops->is_stdio);
	if (message != NULL && message->kind == MESSAGE_REQUEST)
		mcp_tally(session->fronts->loop, message->method, LEDGER_FAILED);
	return true;
}

static void
cancel(struct session *session, const struct message *message)
{
	const struct mcp_gate *gate = session->fronts->gate;

	for (struct front_call *c = session->calls.next; c != &session->calls; c = c->next) {
		/* initialize cannot be cancelled (2025-06-18, basic/utilities/cancellation). */
		if (c->exchange->request.method != MCP_INITIALIZE &&
		    slice_eq(c->exchange->request.id, message->request_id)) {
			c->exchange->is_cancelled = true;
			gate->cancel(gate->owner, c->exchange);
			return;
		}
	}
	/* Too late, or never there: the specification says to ignore it. */
}

/* The client's answer to one of our questions. */
static void
answered(struct session *session, const struct message *message)
{
	int64_t id;
	struct ask *ask = session->asks.next;

	if (!json_int(message->id, &id))
		id = -1;
	while (ask != &session->asks && (ask->id != (uint64_t)id || ask->is_answered))
		ask = ask->next;
	if (ask == &session->asks) {
		log_event(loop_log(session->fronts->loop), LOG_INFO, "answer_unknown",
		    "client \"%.*s\" answered a question that is not open (id %.*s)",
		    SLICE_FMT(session->client), SLICE_FMT(message->id));
		return;
	}
	ask->is_answered = true;
	ask->answer.is_error = message->kind == MESSAGE_ERROR;
	if (message->body.n <= ANSWER_MAX_BYTES &&
	    arena_reserve(ask->arena, message->body.n + 1, &(struct err){ 0 })) {
		ask->answer.body = slice_dup(ask->arena, message->body);
	} else {
		ask->answer = (struct answer){ .is_error = true,
			.body = S(
			    "{\"code\":-32005,\"message\":\"the client's answer is too large\"}") };
	}
	task_wake(ask->task);
}

/* The client reports on one of our questions, whose id is its token. */
static void
ask_progress(struct session *session, const struct message *message)
{
	int64_t id;

	if (!json_int(message->progress_token, &id))
		return;
	for (struct ask *ask = session->asks.next; ask != &session->asks; ask = ask->next) {
		if (ask->id == (uint64_t)id && ask->question->progress != NULL)
			ask->question->progress(ask->question, message);
	}
}

void
front_notice(struct session *session, const struct message *message)
{
	const struct mcp_gate *gate = session->fronts->gate;

	if (message->kind == MESSAGE_RESULT || message->kind == MESSAGE_ERROR) {
		answered(session, message);
		return;
	}
	switch (message->method) {
	case MCP_CANCELLED:
		cancel(session, message);
		break;
	case MCP_PROGRESS:
		ask_progress(session, message);
		break;
	default:
		session->is_ready |= session->has_begun && message->method == MCP_INITIALIZED;
		if (session->has_begun && gate->notice != NULL)
			gate->notice(gate->owner, session, message);
		break;
	}
}

/* ---- calls ----------------------------------------------------------------------------------- */

struct front_call *
front_call_new(struct session *session, struct intake *intake, const struct message *message,
    const struct front_ops *ops)
{
	struct fronts *fronts = session->fronts;
	struct exchange *exchange = exchange_new(intake, message);
	struct front_call *call = ARENA_NEW(&exchange->arena, struct front_call);

	exchange->number = ++fronts->next_number;
	exchange->caller = session->caller;
	exchange->caller.credentials = exchange->credentials = credentials_dup(fronts->arriving);
	exchange->client = session->client;
	exchange->revision = session->revision;
	exchange->can = session->can;
	exchange->family = session;
	exchange->session = session;
	exchange->front = ops;
	exchange->front_data = call;
	exchange->gate = fronts->gate;
	exchange_trace(exchange, fronts->traceparent, fronts->tracestate);
	call->session = session;
	call->exchange = exchange;
	call->next = &session->calls;
	call->prev = session->calls.prev;
	call->prev->next = call->next->prev = call;
	return call;
}

void
front_begin(struct front_call *call)
{
	const struct mcp_gate *gate = call->exchange->gate;

	gate->begin(gate->owner, call->exchange);
}

void
front_replied(struct front_call *call, const struct reply *reply)
{
	struct session *session = call->session;

	if (call->exchange->request.method != MCP_INITIALIZE)
		return;
	session->is_beginning = false;
	session->has_begun = reply->result.p != NULL;
	if (session->has_begun)
		log_event(loop_log(session->fronts->loop), LOG_INFO, "session_begun",
		    "client \"%.*s\" speaks %s", SLICE_FMT(session->client),
		    mcp_revision_name(session->revision));
}

void
front_call_end(struct front_call *call)
{
	struct session *session = call->session;

	call->prev->next = call->next;
	call->next->prev = call->prev;
	/* It was in use until now. */
	if (!session->is_ended)
		session_touch(session);
	session_free_if_done(session);
}

/* ---- asking and telling ---------------------------------------------------------------------- */

/* On the stream of the call that it is about (NULL: of none). */
static bool
send_about(struct session *session, struct front_call *call, const struct slice *parts, size_t n)
{
	if (session->is_ended)
		return false;
	return call != NULL ? session->ops->send_call(call, parts, n)
			    : session->ops->send(session, parts, n);
}

/* Tells the client that a question is no longer of interest. */
static void
ask_withdraw(struct session *session, struct front_call *call, const struct ask *ask)
{
	struct slice reason = ask->question->reason;
	char text[128];
	int n = snprintf(text, sizeof(text),
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%llu",
	    (unsigned long long)ask->id);
	struct slice parts[] = { { text, (size_t)n }, reason.p != NULL ? S(",\"reason\":") : S(""),
		reason, S("}}") };

	send_about(session, call, parts, COUNT(parts));
}

static bool
ask_send(struct session *session, struct front_call *call, const struct ask *ask, struct err *err)
{
	const struct question *question = ask->question;
	struct slice parts[SPLICE_PARTS + 2];
	char head[128], number[24];
	int n = snprintf(head, sizeof(head),
	    "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":",
	    (unsigned long long)ask->id, mcp_method_row(question->method)->name);
	struct edit edit = { question->token,
		{ number,
		    (size_t)snprintf(
			number, sizeof(number), "%llu", (unsigned long long)ask->id) } };
	size_t parts_n = 1;

	parts[0] = (struct slice){ head, (size_t)n };
	parts_n += message_splice(
	    question->params, &edit, question->token.p != NULL ? 1 : 0, parts + parts_n);
	parts[parts_n++] = S("}");
	if (!send_about(session, call, parts, parts_n))
		return err_set(err, ERR_CANCELLED, "the client that should be asked has gone");
	return true;
}

/* What became of a question that was sent; `ok`, `err`: of the last wait. */
static bool
ask_conclude(struct session *session, struct front_call *call, const struct ask *ask, bool ok,
    struct answer *answer, struct err *err)
{
	if (ok && ask->is_answered) {
		*answer = ask->answer;
		return true;
	}
	if (ok && session->is_ended)
		return err_set(err, ERR_CANCELLED, "the client that should be asked has gone");
	ask_withdraw(session, call, ask);
	if (!ok)
		return false;
	return err_set(err, ERR_DEADLINE, "nobody answered the question within limits.ask (%llu s)",
	    (unsigned long long)(session->fronts->limits.ask_ms / 1000));
}

static bool
ask_wait(struct session *session, struct front_call *call, struct arena *arena,
    const struct question *question, struct answer *answer, struct err *err)
{
	struct loop *loop = session->fronts->loop;
	uint64_t until = loop_now_ms(loop) + session->fronts->limits.ask_ms;
	struct ask ask = { .arena = arena,
		.question = question,
		.task = task_self(loop),
		.id = ++session->next_ask };
	bool timed_out = false, ok;

	if (session->asks_n >= SESSION_ASKS_MAX)
		return err_set(
		    err, ERR_LIMIT, "%d questions wait for this client already", SESSION_ASKS_MAX);
	if (!ask_send(session, call, &ask, err))
		return false;
	session->asks_n++;
	ask.next = &session->asks;
	ask.prev = session->asks.prev;
	ask.prev->next = ask.next->prev = &ask;
	do {
		ok = task_park_until_wait(loop, until, &timed_out, err);
	} while (ok && !timed_out && !ask.is_answered && !session->is_ended);
	ask.prev->next = ask.next;
	ask.next->prev = ask.prev;
	session->asks_n--;
	ok = ask_conclude(session, call, &ask, ok, answer, err);
	session_free_if_done(session);
	return ok;
}

bool
front_ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	struct front_call *call = exchange->front_data;

	return ask_wait(call->session, call, &exchange->arena, question, answer, err);
}

bool
session_ask_wait(struct session *session, const struct question *question, struct arena *arena,
    struct answer *answer, struct err *err)
{
	if (!question_is_possible(question, session->revision, &session->can)) {
		*answer = question_declined(question->method);
		return true;
	}
	return ask_wait(session, NULL, arena, question, answer, err);
}

void
front_tell(struct exchange *exchange, const struct tell *tell)
{
	struct front_call *call = exchange->front_data;
	struct slice token = exchange->request.progress_token, parts[NOTICE_PARTS];
	bool is_progress = tell->method == MCP_PROGRESS;
	struct buf scratch;
	size_t n;

	if ((is_progress && token.p == NULL) || call->session->is_ended || exchange->is_cancelled ||
	    !mcp_method_known(tell->method, exchange->revision))
		return;
	/* What only shows how things go may be left out. */
	if ((is_progress || tell->method == MCP_LOG_MESSAGE) && call->session->ops->is_behind(call))
		return;
	buf_init(&scratch, NULL, KIB);
	n = encode_notice(tell, token, &scratch, parts);
	call->session->ops->send_call(call, parts, n);
	buf_fini(&scratch);
}

void
session_tell(struct session *session, const struct tell *tell)
{
	struct slice parts[NOTICE_PARTS];
	struct buf scratch;
	size_t n;

	if (session->is_ended || !session->is_ready ||
	    !mcp_method_known(tell->method, session->revision))
		return;
	buf_init(&scratch, NULL, KIB);
	n = encode_notice(tell, SLICE_NONE, &scratch, parts);
	session->ops->send(session, parts, n);
	buf_fini(&scratch);
}

/* ---- what the gate sees of a session --------------------------------------------------------- */

void *
session_data(const struct session *session)
{
	return session->data;
}

void
session_set_data(struct session *session, void *data)
{
	session->data = data;
}

const struct caller *
session_caller(const struct session *session, struct slice *client, enum mcp_revision *revision)
{
	*client = session->client;
	*revision = session->revision;
	return &session->caller;
}

bool
session_is_stdio(const struct session *session)
{
	return session->ops->is_stdio;
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct fronts *
fronts_new(struct loop *loop, const struct mcp_gate *gate, const struct front_limits *limits)
{
	struct fronts *fronts = MEM_NEW(struct fronts);
	unsigned char bits[(STATE_TAG - 1) / 2];

	fronts->loop = loop;
	fronts->gate = gate;
	fronts->limits = *limits;
	fronts->seal = seal_new(loop, (struct secret){ 0 });
	loop_random(loop, bits, sizeof(bits));
	hex_put(bits, sizeof(bits), fronts->tag);
	fronts->park = park_new(fronts);
	fronts->sessions.next = fronts->sessions.prev = &fronts->sessions;
	timer_start(loop, &fronts->reaper, loop_now_ms(loop) + REAP_EVERY_MS, sessions_reap);
	return fronts;
}

void
fronts_free(struct fronts **at)
{
	struct fronts *fronts = *at;

	*at = NULL;
	if (fronts == NULL)
		return;
	timer_stop(fronts->loop, &fronts->reaper);
	while (fronts->sessions.next != &fronts->sessions)
		session_end(fronts->sessions.next);
	front_http_close_all(fronts);
	front_stdio_close(fronts);
	replicas_free(&fronts->replicas);
	auth_free(&fronts->auth);
	park_free(&fronts->park);
	seal_free(&fronts->seal);
	mem_free(fronts);
}

void
fronts_set_limits(struct fronts *fronts, const struct front_limits *limits)
{
	fronts->limits = *limits;
}

void
fronts_set_seal_key(struct fronts *fronts, struct secret key)
{
	seal_free(&fronts->seal);
	fronts->seal = seal_new(fronts->loop, key);
	/* All who have the key call a tenant the same. */
	seal_derive(fronts->seal, "tenants", SLICE_NONE, fronts->salt);
	fronts->has_salt = true;
}

bool
fronts_set_replicas(struct fronts *fronts, const struct config *config, struct err *err)
{
	must(fronts->replicas == NULL);
	return replicas_new(fronts->loop, &fronts->seal, config, &fronts->replicas, err);
}

const char *
fronts_replica(const struct fronts *fronts)
{
	return fronts->replicas != NULL ? fronts->replicas->self : "";
}

unsigned
fronts_forwards(const struct fronts *fronts)
{
	return fronts->replicas != NULL ? fronts->replicas->calls : 0;
}

/* Over stdio nothing is asked: who can write there was let in by the machine. */
void
fronts_set_auth(struct fronts *fronts, const struct config *config)
{
	struct auth *before = fronts->auth;
	struct session *next;

	fronts->auth = auth_new(config);
	auth_start(fronts->auth, fronts->loop, config, before, front_oauth_answered, fronts);
	auth_free(&before);
	front_oauth_answered(fronts); /* nobody else will tell those that waited for the old one */
	if (auth_is_tenants(fronts->auth) && !fronts->has_salt) {
		loop_random(fronts->loop, fronts->salt, sizeof(fronts->salt));
		fronts->has_salt = true;
	}
	for (struct session *s = fronts->sessions.next; s != &fronts->sessions; s = next) {
		next = s->next;
		if (s->id[0] != '\0' && !auth_knows(fronts->auth, &s->caller))
			session_end(s);
	}
}

void
fronts_set_pages(struct fronts *fronts, const struct front_page *pages, size_t n, void *owner)
{
	fronts->pages = pages;
	fronts->pages_n = n;
	fronts->pages_owner = owner;
}

unsigned
fronts_streams(const struct fronts *fronts)
{
	return front_http_streams(fronts);
}

bool
fronts_are_draining(const struct fronts *fronts)
{
	return fronts->is_draining;
}

bool
fronts_are_open(const struct fronts *fronts)
{
	return front_http_is_open(fronts);
}

unsigned
fronts_parked(const struct fronts *fronts)
{
	return fronts->park != NULL ? park_count(fronts->park) : 0;
}

unsigned
fronts_sessions(const struct fronts *fronts)
{
	return fronts->sessions_n;
}

void
fronts_drain(struct fronts *fronts)
{
	fronts->is_draining = true;
	/* Who would come back is turned away from now on. */
	park_give_up(fronts->park, false);
}

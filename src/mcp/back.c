/*
 * The back: bascule as a client of one upstream, whatever the transport.  Calls get ids of our own,
 * which serve as progress tokens too; answers and progress find their call by them.  What the
 * upstream asks and tells of its own accord is in back_asks.c.
 */
#include "mcp/back.h"

#include <stdio.h>
#include <string.h>

#define HANDSHAKE_CEILING (6 * SLICE_OF_WORK_BYTES + 256 * KIB) /* also of two that were tried */
#define BEGIN_WAIT_MS	  2000

/* ---- calls ----------------------------------------------------------------------------------- */

void
call_init(struct call *call)
{
	memset(call, 0, sizeof(*call));
	arena_init(&call->arena, NULL, 0);
	buf_init(&call->answer, NULL, 0);
}

void
call_fini(struct call *call)
{
	arena_fini(&call->arena);
	buf_fini(&call->answer);
}

static struct call *
call_find(struct back *back, struct slice id)
{
	int64_t number;
	struct call *call;

	if (!json_int(id, &number))
		return NULL;
	call = back->table[(uint64_t)number % BACK_BUCKETS];
	while (call != NULL && call->number != (uint64_t)number)
		call = call->chain;
	return call;
}

/* By hand: it is done for every call. */
static void
number_print(struct call *call)
{
	uint64_t v = call->number;
	size_t at = sizeof(call->number_text) - 1;

	call->number_text[at] = '\0';
	do {
		call->number_text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	memmove(call->number_text, call->number_text + at, sizeof(call->number_text) - at);
}

static void
call_link(struct back *back, struct call *call)
{
	struct call **bucket;

	call->number = ++back->next_number;
	number_print(call);
	call->next = &back->calls;
	call->prev = back->calls.prev;
	call->prev->next = call->next->prev = call;
	bucket = &back->table[call->number % BACK_BUCKETS];
	call->chain = *bucket;
	*bucket = call;
	back->in_flight++;
}

static void
call_unlink(struct back *back, struct call *call)
{
	struct call **at = &back->table[call->number % BACK_BUCKETS];

	while (*at != call)
		at = &(*at)->chain;
	*at = call->chain;
	call->prev->next = call->next;
	call->next->prev = call->prev;
	if (--back->in_flight == 0 && back->closer != NULL)
		task_wake(back->closer);
}

void
back_call_lost(struct back *back, struct call *call, const struct err *why)
{
	if (call->state != CALL_NEW && call->state != CALL_SENT)
		return;
	call->state = CALL_LOST;
	call->why = *why;
	task_wake(call->task);
}

/* notifications/cancelled for a call that nobody waits for any more. */
static void
call_abandon(struct back *back, struct call *call, const char *reason)
{
	char text[192];
	int n;

	call->state = CALL_ABANDONED;
	/* Over HTTP a modern upstream hears it by the end of the connection. */
	if (!call->was_sent || back->is_lost || (back->is_modern && back->ops->has_streams))
		return;
	n = snprintf(text, sizeof(text),
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%llu,"
	    "\"reason\":\"%s\"}}",
	    (unsigned long long)call->number, reason);
	back->ops->send(back, &(struct slice){ text, (size_t)n }, 1);
}

size_t
back_call_parts(const struct call *call, struct slice parts[SPLICE_PARTS])
{
	struct slice number = slice_of(call->number_text);
	struct edit edits[EDITS_MAX];
	size_t n = 0;

	/* What is put in where another change begins goes before it. */
	for (size_t i = 0; call->trace != NULL && i < call->trace->edits_n; i++)
		edits[n++] = call->trace->edits[i];
	edits[n++] = (struct edit){ call->id, number };
	if (call->token.p != NULL && call->modern == NULL)
		edits[n++] = (struct edit){ call->token, number };
	for (size_t i = 0; i < call->edits_n; i++)
		edits[n++] = call->edits[i];
	for (size_t i = 0; call->modern != NULL && i < call->modern->edits_n; i++)
		edits[n++] = call->modern->edits[i];
	return message_splice(call->text, edits, n, parts);
}

static void
call_send(struct back *back, struct call *call)
{
	struct slice parts[SPLICE_PARTS];
	size_t n = back_call_parts(call, parts);

	call->state = CALL_SENT;
	back->ops->send_call(back, call, parts, n);
	if (call->was_sent && call->on_sent != NULL)
		call->on_sent(call);
}

/* What a call that ended without an answer means to the one who made it. */
static bool
call_fail(const struct call *call, struct err *err)
{
	*err = call->why;
	if (call->was_sent && err->kind != ERR_LIMIT && err->kind != ERR_UNAVAILABLE) {
		err->kind = ERR_OUTCOME_UNKNOWN;
		return err_prefix(err, "outcome unknown: the call was sent, no answer came");
	}
	if (err->kind != ERR_LIMIT)
		err->kind = ERR_UNAVAILABLE;
	return false;
}

void
back_unref(struct back *back)
{
	if (--back->refs > 0)
		return;
	must(back->asks == NULL);
	arena_fini(&back->arena);
	arena_fini(&back->greeting);
	buf_fini(&back->declares);
	mem_free(back);
}

bool
back_call_once_wait(struct back *back, struct call *call, struct err *err)
{
	bool ok = true;

	if (!back_is_usable(back)) {
		*err = back->why;
		err->kind = ERR_UNAVAILABLE;
		return false;
	}
	call->task = task_self(back->loop);
	call->state = CALL_NEW;
	back->refs++;
	call_link(back, call);
	call_send(back, call);
	while (ok && (call->state == CALL_NEW || call->state == CALL_SENT))
		ok = task_park_wait(back->loop, err);
	if (call->state == CALL_NEW || call->state == CALL_SENT)
		call_abandon(back, call,
		    err->kind == ERR_DEADLINE ? "deadline exceeded" : "cancelled by the client");
	back->ops->end_call(back, call);
	call_unlink(back, call);
	group_cancel(&call->asks, ERR_CANCELLED);
	group_drain(back->loop, &call->asks);
	back_unref(back);
	if (call->state == CALL_DONE)
		return true;
	return call->state == CALL_LOST ? call_fail(call, err) : false;
}

bool
back_call_wait(struct back *back, struct call *call, struct err *err)
{
	bool ok;

	call->revision = back->revision;
	back->refs++;
	ok = back->is_modern ? modern_call_wait(back, call, err)
			     : back_call_once_wait(back, call, err);
	back_unref(back);
	return ok;
}

/* ---- faults and loss ------------------------------------------------------------------------- */

void
back_fault(struct back *back, const char *event, const struct err *err)
{
	back->faults++;
	if (log_is_due(back->faults))
		log_event(loop_log(back->loop), LOG_WARN, event,
		    "%.*s: %s (fault %llu of this connection)", SLICE_FMT(back->spec.server),
		    err->text, (unsigned long long)back->faults);
}

static void
lost_now(struct deferred *deferred)
{
	struct back *back = CONTAINER(deferred, struct back, lost);

	back->events->lost(back->owner, &back->why);
}

/* The owner is told before any call that is lost with it wakes. */
void
back_session_lost(struct back *back, const struct err *why)
{
	if (back->is_lost)
		return;
	back->is_lost = true;
	back->why = *why;
	if (back->is_ready && !back->is_closing)
		loop_defer(back->loop, &back->lost, lost_now);
}

void
back_lost(struct back *back, const struct err *why)
{
	back_session_lost(back, why);
	for (struct call *c = back->calls.next; c != &back->calls; c = c->next)
		back_call_lost(back, c, why);
}

/* Finds `"id":N` where only a member of the envelope can stand; numbers are ours. */
static struct call *
id_guess(struct back *back, struct slice text, bool is_head)
{
	static const char key[] = "\"id\":";
	size_t depth = 0;

	for (size_t i = 0; i + sizeof(key) - 1 < text.n; i++) {
		struct slice digits = { text.p + i + sizeof(key) - 1, 0 };
		struct slice after;

		if (is_head && (text.p[i] == '{' || text.p[i] == '['))
			depth++;
		if (is_head && depth > 1)
			return NULL;
		if (memcmp(text.p + i, key, sizeof(key) - 1) != 0 ||
		    (i > 0 && text.p[i - 1] == '\\'))
			continue;
		while (digits.p < text.p + text.n && *digits.p == ' ')
			digits.p++;
		while (digits.p + digits.n < text.p + text.n && digits.p[digits.n] >= '0' &&
		    digits.p[digits.n] <= '9')
			digits.n++;
		after = slice_trim((struct slice){
		    digits.p + digits.n, (size_t)(text.p + text.n - digits.p) - digits.n });
		if (digits.n == 0 || digits.n > 18)
			continue;
		if (is_head || slice_eq(after, S("}")) ||
		    slice_eq(after, S(",\"jsonrpc\":\"2.0\"}")))
			return call_find(back, digits);
	}
	return NULL;
}

void
back_unreadable(struct back *back, struct slice head, struct slice tail, const struct err *why)
{
	struct call *call = id_guess(back, head, true);
	struct err err = *why;

	if (call == NULL)
		call = id_guess(back, tail, false);
	err_prefix(&err, "sent what is no valid message");
	back_fault(back, "upstream_unreadable", &err);
	if (call == NULL)
		return;
	/* An answer came, if only a broken one: the call was done (design: -32003 naming the
	 * server). */
	err.kind = why->kind == ERR_LIMIT ? ERR_LIMIT : ERR_UNAVAILABLE;
	back_call_lost(back, call, &err);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void
on_answer(struct back *back, struct intake *intake, const struct message *message, struct call *by)
{
	struct call *call = call_find(back, message->id);
	int64_t number;
	struct err err;

	/* An error without id on the stream of a call is about that call. */
	if (call == NULL && message->id.p == NULL)
		call = by;
	if (call == NULL && back->probe > 0 && json_int(message->id, &number) &&
	    (uint64_t)number == back->probe)
		return;
	if (call == NULL || call->state != CALL_SENT) {
		err_set(&err, ERR_IO,
		    "answers id %.*s, which is not open (late, twice, or never asked)",
		    (int)(message->id.n > 40 ? 40 : message->id.n), message->id.p);
		back_fault(back, "upstream_answer_unexpected", &err);
		return;
	}
	if (message->kind == MESSAGE_RESULT && json_type(message->body) != JSON_OBJECT) {
		err_set(&err, ERR_UNAVAILABLE, "sent a result that is no JSON object");
		back_fault(back, "upstream_unreadable", &err);
		back_call_lost(back, call, &err);
		return;
	}
	if (message->mended > 0)
		log_event(loop_log(back->loop), LOG_WARN, "upstream_mended",
		    "%.*s: %u lone surrogates in an answer were replaced by U+FFFD",
		    SLICE_FMT(back->spec.server), message->mended);
	arena_take(&call->arena, &intake->arena);
	buf_take(&call->answer, &intake->text);
	call->response = *message;
	call->state = CALL_DONE;
	task_wake(call->task);
}

/* That of a task goes on when the task was begun (2025-11-25, tasks): the owner knows whose it is.
 */
static bool
has_begun_task(const struct call *call)
{
	return call->wants_task && call->state == CALL_DONE &&
	    json_type(json_scan_get(call->response.scan, S("result"), S("task"))) == JSON_OBJECT;
}

static void
on_progress(struct back *back, const struct message *message)
{
	struct call *call = call_find(back, message->progress_token);
	struct tell tell = { .method = MCP_PROGRESS,
		.params = message->params,
		.meta = message->meta,
		.token = message->progress_token,
		.server = back->spec.server };

	if (call == NULL)
		back->events->notice(back->owner, &tell);
	else if (call->exchange != NULL && (call->state == CALL_SENT || has_begun_task(call)))
		exchange_tell(call->exchange, &tell);
}

static void
on_notification(struct back *back, const struct message *message, struct call *by)
{
	if (back->is_modern && back_listen_takes(back, message, by))
		return;
	switch (message->method) {
	case MCP_PROGRESS:
		on_progress(back, message);
		break;
	case MCP_CANCELLED:
		back_ask_withdrawn(back, message);
		break;
	case MCP_TOOLS_CHANGED:
	case MCP_RESOURCES_CHANGED:
	case MCP_PROMPTS_CHANGED:
		back->events->list_changed(back->owner, message->method);
		break;
	case MCP_LOG_MESSAGE:
	case MCP_RESOURCE_UPDATED:
	case MCP_ELICITATION_COMPLETE:
	case MCP_TASK_STATUS:
	case MCP_TASK_TOLD:
		back_notice(back, message, by);
		break;
	default:
		/* Not carried (or not known): notifications may be ignored. */
		break;
	}
}

static void
on_request(struct back *back, struct intake *intake, const struct message *message, struct call *by)
{
	struct reply reply = { .err = { 0 } };
	struct answer pong = { .body = S("{}") };
	struct buf out;

	/* Nothing is answered to who may not ask (2026-07-28, basic). */
	if (back->is_modern) {
		err_set(&reply.err, ERR_REQUEST, "sends a request, which it may not");
		back_fault(back, "upstream_unreadable", &reply.err);
		return;
	}
	if (message->method == MCP_PING) {
		back_respond(back, message->id, &pong);
		return;
	}
	if (message->method != MCP_UNKNOWN &&
	    (mcp_method_row(message->method)->from & MCP_FROM_SERVER) != 0 &&
	    mcp_method_row(message->method)->is_request) {
		back_ask_begin(back, intake, message, by);
		return;
	}
	err_set(&reply.err, ERR_METHOD, "bascule does not offer \"%.*s\" to servers",
	    (int)(message->method_name.n > 64 ? 64 : message->method_name.n),
	    message->method_name.p);
	if (back->is_lost || back->is_closing)
		return;
	buf_init(&out, NULL, 4 * KIB);
	encode_error(&out, message->id, &reply);
	back->ops->send(back, &(struct slice){ out.p, out.n }, 1);
	buf_fini(&out);
}

/*
 * A faulty message: is it somebody's answer?  One with a method is not; one with an id is that
 * call's; anything else on the stream of a call is taken for its answer.
 */
static void
message_faulty(
    struct back *back, const struct message *message, const struct err *err, struct call *by)
{
	struct err why = *err;

	err_prefix(&why, "sent what is no valid message");
	back_fault(back, "upstream_unreadable", &why);
	if (message != NULL && message->method_name.p != NULL)
		return;
	if (message != NULL && message->id.p != NULL)
		by = call_find(back, message->id);
	if (by == NULL)
		return;
	why.kind = ERR_UNAVAILABLE;
	back_call_lost(back, by, &why);
}

void
back_message(struct back *back, struct intake *intake, struct message *message,
    const struct err *err, struct call *by)
{
	if (err->kind != ERR_NONE) {
		message_faulty(back, message, err, by);
		return;
	}
	switch (message->kind) {
	case MESSAGE_BATCH:
		break; /* never without an error */
	case MESSAGE_REQUEST:
		on_request(back, intake, message, by);
		break;
	case MESSAGE_NOTIFICATION:
		on_notification(back, message, by);
		break;
	case MESSAGE_RESULT:
	case MESSAGE_ERROR:
		on_answer(back, intake, message, by);
		break;
	}
}

/* ---- handshake ------------------------------------------------------------------------------- */

bool
back_greeting_keep(struct back *back, struct slice result, struct slice info, struct err *err)
{
	struct slice value, token, instructions = SLICE_NONE;
	struct arena arena;

	arena_init(&arena, loop_memory(back->loop), HANDSHAKE_CEILING);
	if (!arena_reserve(&arena, 3 * result.n, err) ||
	    (json_find(result, S("instructions"), &token) && json_type(token) == JSON_STRING &&
		!json_string(&arena, token, &instructions, err))) {
		arena_fini(&arena);
		return false;
	}
	if (instructions.p != NULL)
		instructions = slice_dup(&arena, instructions);
	back->instructions = instructions;
	back->server_info = info.p != NULL ? slice_dup(&arena, info) : SLICE_NONE;
	back->capabilities = S("{}");
	if (json_find(result, S("capabilities"), &value) && json_type(value) == JSON_OBJECT)
		back->capabilities = slice_dup(&arena, value);
	arena_fini(&back->greeting);
	arena_take(&back->greeting, &arena);
	back->has_ttl = false;
	return true;
}

static bool
handshake_read(struct back *back, const struct message *response, struct err *err)
{
	struct slice version, info = SLICE_NONE;

	if (response->kind == MESSAGE_ERROR)
		return err_set(err, ERR_UNAVAILABLE, "refused initialize: %.*s",
		    (int)(response->body.n > 160 ? 160 : response->body.n), response->body.p);
	if (response->body.n > SLICE_OF_WORK_BYTES)
		return err_set(err, ERR_UNAVAILABLE,
		    "answered initialize with %zu bytes (at most %zu)", response->body.n,
		    SLICE_OF_WORK_BYTES);
	if (json_type(response->body) != JSON_OBJECT ||
	    !json_find(response->body, S("protocolVersion"), &version) ||
	    json_type(version) != JSON_STRING)
		return err_set(err, ERR_UNAVAILABLE, "answered initialize without protocolVersion");
	version = (struct slice){ version.p + 1, version.n - 2 };
	if (!mcp_revision_find_legacy(version, &back->revision))
		return err_set(err, ERR_UNAVAILABLE, "speaks revision %.*s, which bascule does not",
		    (int)(version.n > 32 ? 32 : version.n), version.p);
	if (!json_find(response->body, S("serverInfo"), &info))
		info = SLICE_NONE;
	return back_greeting_keep(back, response->body, info, err);
}

static enum greeting
handshake_wait(struct back *back, struct err *err)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	const struct back_spec *spec = &back->spec;
	enum mcp_revision asked =
	    mcp_revision_is_modern(spec->revision) ? MCP_NEWEST_LEGACY : spec->revision;
	struct buf text;
	struct call call;
	bool answered, ok;

	back->is_modern = false;
	buf_init(&text, NULL, 2 * SLICE_OF_WORK_BYTES);
	buf_printf(&text,
	    "%s0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":",
	    head, mcp_revision_name(asked));
	buf_put(&text, spec->capabilities.p != NULL ? spec->capabilities : S("{}"));
	buf_puts(&text, ",\"clientInfo\":");
	buf_put(&text,
	    spec->client_info.p != NULL
		? spec->client_info
		: S("{\"name\":\"bascule\",\"version\":\"" BASCULE_VERSION "\"}"));
	buf_puts(&text, "}}");
	call_init(&call);
	call.text = buf_view(&text);
	call.id = (struct slice){ call.text.p + sizeof(head) - 1, 1 };
	call.may_repeat = true;
	answered = buf_check(&text, err) && back_call_wait(back, &call, err);
	ok = answered && handshake_read(back, &call.response, err);
	call_fini(&call);
	buf_fini(&text);
	if (ok)
		return GREETED;
	/* An answer that is no handshake, or an HTTP status that says that there is none here. */
	return answered || back->is_misfit ? GREETED_OTHERWISE : GREETED_NEVER;
}

void
back_begin_wait(struct back *back)
{
	if (!back_is_usable(back))
		return;
	if (back->is_modern) {
		back_listen_begin(back);
		return;
	}
	back->ops->send(
	    back, &S("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"), 1);
	/* A server may refuse what overtakes it. */
	if (back->ops->settle_wait != NULL)
		back->ops->settle_wait(back, loop_now_ms(back->loop) + BEGIN_WAIT_MS);
	if (back_is_usable(back) && back->ops->ready != NULL)
		back->ops->ready(back);
}

/* ---- last words ------------------------------------------------------------------------------ */

#define WORDS_SHOWN 120

void
back_words_add(struct err *err, struct slice words)
{
	struct err before = *err;
	struct slice first, rest;
	char line[WORDS_SHOWN];

	while (words.n > 0 && strchr("\r\n\t ", words.p[words.n - 1]) != NULL)
		words.n--;
	if (words.n > WORDS_SHOWN) {
		words = (struct slice){ words.p + words.n - WORDS_SHOWN, WORDS_SHOWN };
		/* From the beginning of a line, where there is one. */
		first = slice_cut(words, '\n', &rest);
		if (first.n < words.n)
			words = rest;
	}
	for (size_t i = 0; i < words.n; i++)
		line[i] = words.p[i] == '\n' ? '|' : words.p[i];
	if (words.n > 0)
		err_set(
		    err, before.kind, "%s; its stderr ends: %.*s", before.text, (int)words.n, line);
}

/* For the next back, and for people: the connection is going. */
static void
words_keep(struct back *back)
{
	struct back_memory *memory = back->spec.memory;
	struct slice words = back_stderr(back);

	if (memory == NULL)
		return;
	memory->words_n = words.n < sizeof(memory->words) ? words.n : sizeof(memory->words);
	if (words.n > 0)
		memcpy(memory->words, words.p + words.n - memory->words_n, memory->words_n);
}

/* ---- the choice of a transport and of an era ------------------------------------------------ */

static const struct {
	enum config_transport transport;
	const struct back_ops *ops;
	const char *name;
	bool is_legacy; /* it was gone when the modern era began */
} transports[] = {
	{ TRANSPORT_HTTP, &back_http_ops, "Streamable HTTP", false },
	{ TRANSPORT_SSE, &back_sse_ops, "HTTP+SSE", true },
	{ TRANSPORT_STDIO, &back_stdio_ops, "stdio", false },
};

/* The one transport that the upstream has, or the one to begin with. */
static size_t
transport_first(const struct back_spec *spec)
{
	enum config_transport transport = spec->upstream->transport;

	if (spec->upstream->url.p == NULL)
		transport = TRANSPORT_STDIO;
	else if (transport == TRANSPORT_AUTO && spec->memory != NULL)
		transport = spec->memory->transport;
	for (size_t i = 0; i < COUNT(transports); i++) {
		if (transports[i].transport == transport)
			return i;
	}
	return 0;
}

static bool
transport_reopen_wait(struct back *back, struct err *err)
{
	if (back->transport != NULL)
		back->ops->close_wait(back, 0);
	back->is_lost = back->is_misfit = back->is_broken = false;
	back->why = (struct err){ 0 };
	return back->ops->open_wait(back, err);
}

static enum greeting
era_try_wait(struct back *back, enum config_protocol era, struct err *err)
{
	enum greeting greeting;

	/* Some end themselves when the first message is not the one they expect; what cannot be
	 * run will not run the second time. */
	if (back->is_lost && (back->is_broken || !transport_reopen_wait(back, err)))
		return GREETED_NEVER;
	back->is_misfit = false;
	greeting =
	    era == PROTOCOL_MODERN ? modern_discover_wait(back, err) : handshake_wait(back, err);
	if (greeting == GREETED) {
		back->is_ready = true;
		if (back->spec.memory != NULL)
			back->spec.memory->era = era;
	} else if (back->is_lost && err->kind != ERR_CANCELLED && err->kind != ERR_DEADLINE) {
		*err = back->why;
	}
	return greeting;
}

/*
 * auto: server/discover first, which every modern server answers, then initialize; the other way
 * round for one that was legacy the last time.  A modern server that was too slow to answer the
 * first time is asked again when it refuses initialize.
 */
static bool
eras_try_wait(struct back *back, bool only_legacy, struct err *err)
{
	enum config_protocol wanted = back->spec.upstream->protocol, eras[3];
	const struct back_memory *memory = back->spec.memory;
	enum greeting first, greeting;

	if (only_legacy)
		wanted = PROTOCOL_LEGACY;
	eras[0] = wanted != PROTOCOL_AUTO		       ? wanted
	    : memory != NULL && memory->era == PROTOCOL_LEGACY ? PROTOCOL_LEGACY
							       : PROTOCOL_MODERN;
	eras[1] = eras[0] == PROTOCOL_MODERN ? PROTOCOL_LEGACY : PROTOCOL_MODERN;
	eras[2] = PROTOCOL_MODERN;
	first = greeting = era_try_wait(back, eras[0], err);
	for (size_t i = 1; wanted == PROTOCOL_AUTO && i < COUNT(eras); i++) {
		if (greeting == GREETED || greeting == GREETED_NEVER ||
		    (i == 2 && first != GREETED_LATE))
			break;
		greeting = era_try_wait(back, eras[i], err);
	}
	/* What it was is no guide any more. */
	if (greeting == GREETED_OTHERWISE && back->spec.memory != NULL)
		back->spec.memory->era = PROTOCOL_AUTO;
	return greeting == GREETED;
}

static bool
transport_try_wait(struct back *back, size_t at, struct err *err)
{
	back->ops = transports[at].ops;
	if (transport_reopen_wait(back, err) &&
	    eras_try_wait(back, transports[at].is_legacy, err)) {
		if (back->spec.memory != NULL)
			back->spec.memory->transport = transports[at].transport;
		return true;
	}
	if (back->is_lost && err->kind != ERR_CANCELLED && err->kind != ERR_DEADLINE)
		*err = back->why;
	return false;
}

/*
 * auto: Streamable HTTP, and where initialize is turned away with a status that says that there is
 * no such thing, HTTP+SSE (2025-03-26, backwards compatibility); the other way round where that was
 * answered last.
 */
static bool
transport_open_wait(struct back *back, struct err *err)
{
	size_t first = transport_first(&back->spec), second = first == 0;
	struct err one, other = { 0 };

	if (transport_try_wait(back, first, err))
		return true;
	if (back->spec.memory != NULL)
		back->spec.memory->transport = TRANSPORT_AUTO;
	if (!back->is_misfit || back->spec.upstream->transport != TRANSPORT_AUTO)
		return false;
	back->ops->close_wait(back, 0);
	if (transport_try_wait(back, second, &other))
		return true;
	if (!back->is_misfit) {
		*err = other;
		return false;
	}
	one = *err;
	return err_set(err, ERR_UNAVAILABLE, "speaks neither %s (%.80s) nor %s (%.80s)",
	    transports[first].name, one.text, transports[second].name, other.text);
}

bool
back_open_wait(struct loop *loop, const struct back_spec *spec, const struct back_events *events,
    void *owner, struct back **out, struct err *err)
{
	struct back *back = MEM_NEW(struct back);

	*out = NULL;
	back->refs = 1;
	back->loop = loop;
	back->spec = *spec;
	back->events = events;
	back->owner = owner;
	back->calls.next = back->calls.prev = &back->calls;
	arena_init(&back->arena, loop_memory(loop), HANDSHAKE_CEILING);
	arena_init(&back->greeting, loop_memory(loop), 0);
	buf_init(&back->declares, NULL, 2 * SLICE_OF_WORK_BYTES);
	if (transport_open_wait(back, err)) {
		*out = back;
		return true;
	}
	if (err->kind == ERR_IO || err->kind == ERR_OUTCOME_UNKNOWN)
		err->kind = ERR_UNAVAILABLE;
	back_close_wait(&back, 0);
	return false;
}

/* Over HTTP the session can be gone and calls in progress still end on connections of their own. */
static void
calls_end_wait(struct back *back, unsigned grace_ms)
{
	uint64_t until = loop_now_ms(back->loop) + grace_ms;
	bool timed_out = false;
	struct err err;

	back->closer = task_self(back->loop);
	while (back->in_flight > 0 && !timed_out) {
		if (!task_park_until_wait(back->loop, until, &timed_out, &err))
			break;
	}
	back->closer = NULL;
}

void
back_close_wait(struct back **at, unsigned grace_ms)
{
	struct back *back = *at;
	struct err err = { 0 };

	*at = NULL;
	if (back == NULL)
		return;
	back_listen_end(back);
	if (back->is_lost && grace_ms > 0)
		calls_end_wait(back, grace_ms);
	back->is_closing = true;
	err_set(&err, ERR_IO, "the connection was closed by bascule");
	for (struct call *c = back->calls.next; c != &back->calls; c = c->next) {
		back_call_lost(back, c, &err);
		back->ops->end_call(back, c);
	}
	deferred_stop(back->loop, &back->lost);
	group_cancel(&back->own_asks, ERR_CANCELLED);
	group_drain(back->loop, &back->own_asks);
	words_keep(back);
	back->ops->close_wait(back, grace_ms);
	back_unref(back);
}

bool
back_is_usable(const struct back *back)
{
	return !back->is_lost && !back->is_closing;
}

enum mcp_revision
back_revision(const struct back *back)
{
	return back->revision;
}

bool
back_is_session(const struct back *back)
{
	return !back->is_modern;
}

struct slice
back_instructions(const struct back *back)
{
	return back->instructions;
}

bool
back_isolation(const struct back *back, struct isolation_report *report)
{
	*report = back->isolation;
	return back->is_isolated;
}

struct slice
back_server_info(const struct back *back)
{
	return back->server_info;
}

bool
back_greeting_ttl(const struct back *back, uint64_t *ttl_ms, bool *is_private)
{
	*ttl_ms = back->ttl_ms;
	*is_private = back->is_private;
	return back->has_ttl;
}

bool
back_greet_again_wait(struct back *back, struct err *err)
{
	if (!back->is_modern || !back_is_usable(back))
		return err_set(err, ERR_UNAVAILABLE, "cannot be asked");
	if (modern_discover_wait(back, err) != GREETED)
		return false;
	back_listen_begin(back);
	return true;
}

struct slice
back_capabilities(const struct back *back)
{
	return back->capabilities;
}

void
back_notify(struct back *back, enum mcp_method method, struct slice params)
{
	struct tell tell = { .method = method, .params = params };
	struct slice parts[NOTICE_PARTS];
	struct buf scratch;
	size_t n;

	if (!back_is_usable(back) || !back->is_ready || back->is_modern)
		return;
	buf_init(&scratch, NULL, KIB);
	n = encode_notice(&tell, SLICE_NONE, &scratch, parts);
	back->ops->send(back, parts, n);
	buf_fini(&scratch);
}

unsigned
back_in_flight(const struct back *back)
{
	return back->in_flight - back_listen_calls(back);
}

struct slice
back_stderr(const struct back *back)
{
	return back->ops->stderr_view != NULL ? back->ops->stderr_view(back) : SLICE_NONE;
}

uint64_t
back_faults(const struct back *back)
{
	return back->faults;
}

/*
 * The Agent Client Protocol, version 1 (agentclientprotocol.com): JSON-RPC 2.0, a message a line,
 * both ways.  We are the client of one session and one prompt:
 *
 *	initialize -> session/new -> session/prompt -> (session/cancel) -> its answer
 *
 * Of what an agent may ask only session/request_permission is answered with more than "no such
 * method": it has the files of its folder itself.  Asks that wait are few, and all that are ever
 * answered are counted, as nobody says whether the agent reads what it is sent.
 */
#include "agents/dialogue_parts.h"

#define ASKS_MAX     16u	/* that wait at a time */
#define ANSWERS_MAX  10000u	/* of a whole dialogue */
#define ID_BYTES     (1 * KIB)	/* of a request's id, as written */
#define CHOICE_BYTES (4 * KIB)	/* of an option's id, as written */
#define ASK_BYTES    (80 * KIB) /* of all that an ask is answered with */
#define NAME_BYTES   200u	/* of what people are shown */
#define TITLE_BYTES  (1 * KIB)
#define SESSION_RAW  (4 * KIB)
#define WAYS_BYTES   60u

enum acp_state { ACP_INITIALIZE, ACP_SESSION, ACP_PROMPT, ACP_OVER };
enum { ID_INITIALIZE = 1, ID_SESSION, ID_PROMPT }; /* of our requests */

/* A permission that waits. */
struct ask {
	uint64_t number;  /* 0: the place is free */
	struct buf bytes; /* the id of the request, then those of its options, as written */
	size_t ends[DIALOGUE_CHOICES_MAX + 1];
	size_t choices_n;
};

struct acp {
	enum acp_state state;
	struct ask asks[ASKS_MAX];
	uint64_t asked;
	unsigned answers;
	struct buf session;    /* its id as JSON */
	char ways[WAYS_BYTES]; /* to log in, as it calls them */
	size_t ways_n;
	char message[NAME_BYTES]; /* id of the message that parts belong to */
	size_t message_n;
};

/* ---- to the agent ---------------------------------------------------------------------------- */

static void
send_buf(struct dialogue *dialogue, struct buf *line)
{
	struct err err;

	if (buf_check(line, &err))
		dialogue_send(dialogue, buf_view(line));
	buf_fini(line);
}

static void
begin(struct dialogue *dialogue)
{
	dialogue_send(dialogue,
	    S("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
	      "\"protocolVersion\":1,\"clientCapabilities\":{\"fs\":{\"readTextFile\":false,"
	      "\"writeTextFile\":false},\"terminal\":false}}}\n"));
}

static void
send_session(struct dialogue *dialogue)
{
	struct buf line;

	buf_init(&line, NULL, MIB);
	buf_puts(&line,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"session/new\",\"params\":{"
	    "\"cwd\":");
	buf_json_string(&line, dialogue->cwd.n > 0 ? dialogue->cwd : S("/"));
	buf_puts(&line, ",\"mcpServers\":[]}}\n");
	send_buf(dialogue, &line);
}

static void
send_prompt(struct dialogue *dialogue)
{
	struct acp *acp = dialogue->state;
	struct slice task = dialogue->input.n > 0 ? dialogue->input : dialogue->task;
	struct buf line;

	buf_init(&line, dialogue->memory, 6 * task.n + 16 * KIB);
	buf_puts(&line,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"session/prompt\",\"params\":{"
	    "\"sessionId\":");
	buf_put(&line, buf_view(&acp->session));
	buf_puts(&line, ",\"prompt\":[{\"type\":\"text\",\"text\":");
	buf_json_string(&line, task);
	buf_puts(&line, "}]}}\n");
	if (line.overflow) {
		dialogue_fail(dialogue, ERR_LIMIT,
		    "the task does not fit into the memory that is left (limits.memory)");
		dialogue_over(dialogue);
	}
	send_buf(dialogue, &line);
}

/* id, result: as JSON. */
static void
send_answer(struct dialogue *dialogue, struct slice id, const char *member, struct slice value)
{
	struct acp *acp = dialogue->state;
	struct buf line;

	if (acp->answers >= ANSWERS_MAX)
		return;
	acp->answers++;
	buf_init(&line, NULL, ASK_BYTES);
	buf_puts(&line, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_put(&line, id);
	buf_printf(&line, ",\"%s\":", member);
	buf_put(&line, value);
	buf_puts(&line, "}\n");
	send_buf(dialogue, &line);
}

static void
send_cancelled(struct dialogue *dialogue, struct slice id)
{
	send_answer(dialogue, id, "result", S("{\"outcome\":{\"outcome\":\"cancelled\"}}"));
}

/* ---- permissions ----------------------------------------------------------------------------- */

static struct slice
ask_part(const struct ask *ask, size_t i)
{
	size_t at = i > 0 ? ask->ends[i - 1] : 0;

	return (struct slice){ ask->bytes.p + at, ask->ends[i] - at };
}

static void
ask_free(struct ask *ask)
{
	buf_fini(&ask->bytes);
	*ask = (struct ask){ 0 };
}

static void
answer(struct dialogue *dialogue, uint64_t number, size_t choice)
{
	struct acp *acp = dialogue->state;
	struct ask *ask = NULL;
	struct buf result;

	for (size_t i = 0; i < ASKS_MAX && number != 0; i++)
		if (acp->asks[i].number == number)
			ask = &acp->asks[i];
	if (ask == NULL)
		return;
	if (choice >= ask->choices_n) {
		send_cancelled(dialogue, ask_part(ask, 0));
	} else {
		buf_init(&result, NULL, 2 * CHOICE_BYTES);
		buf_puts(&result, "{\"outcome\":{\"outcome\":\"selected\",\"optionId\":");
		buf_put(&result, ask_part(ask, choice + 1));
		buf_puts(&result, "}}");
		send_answer(dialogue, ask_part(ask, 0), "result", buf_view(&result));
		buf_fini(&result);
	}
	ask_free(ask);
}

static bool
cancel(struct dialogue *dialogue)
{
	struct acp *acp = dialogue->state;
	struct buf line;

	if (acp->state != ACP_PROMPT)
		return false; /* nothing to cancel yet: when the session comes, it is over */
	buf_init(&line, NULL, 8 * KIB);
	buf_puts(&line,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"session/cancel\",\"params\":{"
	    "\"sessionId\":");
	buf_put(&line, buf_view(&acp->session));
	buf_puts(&line, "}}\n");
	send_buf(dialogue, &line);
	/* "The client MUST respond to all pending session/request_permission with cancelled." */
	for (size_t i = 0; i < ASKS_MAX; i++)
		answer(dialogue, acp->asks[i].number, SIZE_MAX);
	return true;
}

/* False: of no kind that we know; to choose it might mean anything. */
static bool
choice_kind(struct slice kind, struct dialogue_choice *choice)
{
	static const struct {
		const char *kind; /* as JSON */
		bool allows, is_lasting;
	} kinds[] = {
		{ "\"allow_once\"", true, false },
		{ "\"allow_always\"", true, true },
		{ "\"reject_once\"", false, false },
		{ "\"reject_always\"", false, true },
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (slice_eq(kind, slice_of(kinds[i].kind))) {
			choice->allows = kinds[i].allows;
			choice->is_lasting = kinds[i].is_lasting;
			return true;
		}
	return false;
}

static void
take_choices(
    struct arena *arena, struct slice options, struct ask *ask, struct dialogue_choice *choices)
{
	struct json_iter iter;
	struct slice option, id;

	if (json_type(options) != JSON_ARRAY)
		return;
	json_iter_init(&iter, options);
	while (ask->choices_n < DIALOGUE_CHOICES_MAX && json_iter_next(&iter, NULL, &option)) {
		struct dialogue_choice choice = { 0 };

		id = dialogue_json_at(option, "optionId");
		choice.id = json_text_of(arena, id);
		choice.name = text_cut(json_text_at(arena, option, "name"), NAME_BYTES);
		if (choice.id.p == NULL || id.n > CHOICE_BYTES ||
		    !choice_kind(dialogue_json_at(option, "kind"), &choice))
			continue;
		if (choice.name.n == 0)
			choice.name = text_cut(choice.id, NAME_BYTES);
		buf_put(&ask->bytes, id);
		choices[ask->choices_n++] = choice;
		ask->ends[ask->choices_n] = ask->bytes.n;
	}
}

static struct slice
title_of(struct arena *arena, struct slice call)
{
	static const char *const names[] = { "title", "name", "kind", "toolCallId" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct slice title = json_text_at(arena, call, names[i]);

		if (title.n > 0 && memchr(title.p, '\0', title.n) == NULL)
			return text_cut(title, TITLE_BYTES);
	}
	return S("a tool that it does not name");
}

static struct slice
detail_of(struct slice call)
{
	struct slice detail = dialogue_json_at(call, "rawInput");

	/* Where they are not there, what the tool shows of what it will do: a diff. */
	if (detail.n == 0 || json_type(detail) == JSON_NULL)
		detail = dialogue_json_at(call, "content");
	return json_type(detail) == JSON_NULL ? SLICE_NONE : detail;
}

static void
take_permission(
    struct dialogue *dialogue, struct arena *arena, struct slice id, struct slice params)
{
	struct dialogue_choice choices[DIALOGUE_CHOICES_MAX];
	struct acp *acp = dialogue->state;
	struct slice call = dialogue_json_at(params, "toolCall");
	struct ask *ask = NULL;

	for (size_t i = 0; i < ASKS_MAX && ask == NULL; i++)
		if (acp->asks[i].number == 0)
			ask = &acp->asks[i];
	if (ask == NULL || acp->state != ACP_PROMPT || dialogue->is_cancelled) {
		send_cancelled(dialogue, id);
		return;
	}
	*ask = (struct ask){ 0 };
	buf_init(&ask->bytes, dialogue->memory, ASK_BYTES);
	buf_put(&ask->bytes, id);
	ask->ends[0] = ask->bytes.n;
	take_choices(arena, dialogue_json_at(params, "options"), ask, choices);
	if (ask->bytes.overflow || ask->choices_n == 0) {
		ask_free(ask);
		send_cancelled(dialogue, id);
		return;
	}
	ask->number = ++acp->asked;
	dialogue->events->permission(dialogue->owner, ask->number, title_of(arena, call),
	    detail_of(call), choices, ask->choices_n);
}

/* ---- what it tells --------------------------------------------------------------------------- */

static void
update_message(struct dialogue *dialogue, struct arena *arena, struct slice update)
{
	struct acp *acp = dialogue->state;
	struct slice message = text_cut(json_text_at(arena, update, "messageId"), NAME_BYTES);

	if (message.n > 0 && !slice_eq(message, (struct slice){ acp->message, acp->message_n })) {
		memcpy(acp->message, message.p, message.n);
		acp->message_n = message.n;
		dialogue_break(dialogue);
	}
	if (slice_eq(dialogue_json_at(update, "content.type"), S("\"text\"")))
		dialogue_part(dialogue, json_text_at(arena, update, "content.text"));
}

static void
update_thought(struct dialogue *dialogue, struct arena *arena, struct slice update)
{
	dialogue_say(dialogue, json_text_at(arena, update, "content.text"));
}

static void
update_tool(struct dialogue *dialogue, struct arena *arena, struct slice update)
{
	dialogue_break(dialogue);
	dialogue_say(dialogue, title_of(arena, update));
}

static void
update_tool_end(struct dialogue *dialogue, struct arena *arena, struct slice update)
{
	dialogue_break(dialogue);
	if (slice_eq(dialogue_json_at(update, "status"), S("\"failed\"")))
		dialogue_step(dialogue, arena, S("failed"), dialogue_json_at(update, "title"));
}

static void
update_plan(struct dialogue *dialogue, struct arena *arena, struct slice update)
{
	static const struct dialogue_plan names = { "content", "status" };

	dialogue_plan(dialogue, arena, dialogue_json_at(update, "entries"), &names);
}

static void
update_usage(struct dialogue *dialogue, struct arena *arena, struct slice update)
{
	(void)arena;
	if (slice_eq(dialogue_json_at(update, "cost.currency"), S("\"USD\"")))
		dialogue->usage.cost_microusd =
		    number_scaled(dialogue_json_at(update, "cost.amount"), 6);
}

static const struct {
	const char *kind; /* as JSON */
	void (*take)(struct dialogue *, struct arena *, struct slice update);
} updates[] = {
	{ "\"agent_message_chunk\"", update_message },
	{ "\"agent_thought_chunk\"", update_thought },
	{ "\"tool_call\"", update_tool },
	{ "\"tool_call_update\"", update_tool_end },
	{ "\"plan\"", update_plan },
	{ "\"usage_update\"", update_usage },
};

static void
take_update(struct dialogue *dialogue, struct arena *arena, struct slice params)
{
	struct acp *acp = dialogue->state;
	struct slice update = dialogue_json_at(params, "update");
	struct slice session = json_text_at(arena, params, "sessionId");

	/* What was said before the prompt is no answer to it, nor what another session says. */
	if (acp->state != ACP_PROMPT ||
	    !slice_eq(session, json_text_of(arena, buf_view(&acp->session))))
		return;
	for (size_t i = 0; i < COUNT(updates); i++)
		if (slice_eq(dialogue_json_at(update, "sessionUpdate"), slice_of(updates[i].kind)))
			updates[i].take(dialogue, arena, update);
}

/* ---- answers to us --------------------------------------------------------------------------- */

static void
end(struct dialogue *dialogue)
{
	struct acp *acp = dialogue->state;

	for (size_t i = 0; i < ASKS_MAX; i++)
		answer(dialogue, acp->asks[i].number, SIZE_MAX);
	acp->state = ACP_OVER;
	dialogue_over(dialogue);
}

static void
keep_ways(struct acp *acp, struct arena *arena, struct slice methods)
{
	struct slice method, name;
	struct json_iter iter;
	struct buf ways;

	if (json_type(methods) != JSON_ARRAY)
		return;
	buf_init(&ways, NULL, 4 * KIB);
	json_iter_init(&iter, methods);
	while (ways.n < WAYS_BYTES && json_iter_next(&iter, NULL, &method)) {
		name = text_cut(text_line(json_text_at(arena, method, "name")), WAYS_BYTES);
		if (name.n > 0 && ways.n > 0)
			buf_puts(&ways, ", ");
		buf_put(&ways, name);
	}
	name = text_cut(buf_view(&ways), WAYS_BYTES);
	memcpy(acp->ways, name.p, name.n);
	acp->ways_n = name.n;
	buf_fini(&ways);
}

static void
take_initialized(struct dialogue *dialogue, struct arena *arena, struct slice result)
{
	struct acp *acp = dialogue->state;
	struct slice version = dialogue_json_at(result, "protocolVersion");

	if (!slice_eq(version, S("1"))) {
		dialogue_fail(dialogue, ERR_VERSION,
		    "speaks version %.*s of the Agent Client Protocol, not 1: another release of "
		    "it may",
		    SLICE_FMT(text_cut(version.n > 0 ? version : S("(none)"), 40)));
		end(dialogue);
		return;
	}
	keep_ways(acp, arena, dialogue_json_at(result, "authMethods"));
	acp->state = ACP_SESSION;
	send_session(dialogue);
}

static void
take_session(struct dialogue *dialogue, struct arena *arena, struct slice result)
{
	struct acp *acp = dialogue->state;
	struct slice session = dialogue_json_at(result, "sessionId");
	struct slice name = json_text_of(arena, session);

	if (name.n == 0 || session.n > SESSION_RAW) {
		dialogue_fail(
		    dialogue, ERR_UNAVAILABLE, "answered session/new without a usable sessionId");
		end(dialogue);
		return;
	}
	dialogue_named(dialogue, name);
	buf_init(&acp->session, NULL, SESSION_RAW);
	buf_put(&acp->session, session);
	if (dialogue->is_cancelled) {
		end(dialogue);
		return;
	}
	acp->state = ACP_PROMPT;
	send_prompt(dialogue);
}

static void
take_counts(struct dialogue *dialogue, struct slice result)
{
	struct slice usage = dialogue_json_at(result, "usage");
	struct slice quota = dialogue_json_at(result, "_meta.quota.token_count");

	if (json_type(usage) == JSON_OBJECT) {
		dialogue->usage.tokens_in = add_saturated(json_count_at(usage, "inputTokens"),
		    add_saturated(json_count_at(usage, "cachedReadTokens"),
			json_count_at(usage, "cachedWriteTokens")));
		dialogue->usage.tokens_out = add_saturated(
		    json_count_at(usage, "outputTokens"), json_count_at(usage, "thoughtTokens"));
	} else if (json_type(quota) == JSON_OBJECT) {
		dialogue->usage.tokens_in = json_count_at(quota, "input_tokens");
		dialogue->usage.tokens_out = json_count_at(quota, "output_tokens");
	}
}

static void
take_stop(struct dialogue *dialogue, struct arena *arena, struct slice result)
{
	static const struct {
		const char *reason;
		enum errkind kind;
		const char *words;
	} stops[] = {
		{ "max_tokens", ERR_LIMIT, "stopped: its answer has as many tokens as it may" },
		{ "max_turn_requests", ERR_LIMIT,
		    "stopped after the requests to its model that it may make in a turn" },
		{ "refusal", ERR_REFUSED, "refused to do it" },
		{ "cancelled", ERR_CANCELLED, "was cancelled" },
	};
	struct slice reason = json_text_at(arena, result, "stopReason");

	take_counts(dialogue, result);
	if (slice_eq(reason, S("end_turn")))
		dialogue_done(dialogue);
	else if (text_line(reason).n == 0)
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "ended its turn without a stopReason");
	else
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "ended its turn as \"%.*s\"",
		    SLICE_FMT(text_cut(text_line(reason), 80)));
	for (size_t i = 0; i < COUNT(stops); i++)
		if (slice_eq(reason, slice_of(stops[i].reason)))
			dialogue_fail(dialogue, stops[i].kind, "%s", stops[i].words);
	end(dialogue);
}

static void
take_error(struct dialogue *dialogue, struct arena *arena, struct slice error)
{
	static const char *const doing[] = { "initialize", "session/new", "session/prompt", "" };
	struct acp *acp = dialogue->state;
	struct slice message = text_line(json_text_at(arena, error, "message"));
	struct slice detail = text_line(json_text_at(arena, error, "data.details"));

	if (detail.n == 0)
		detail = text_line(json_text_at(arena, error, "data"));
	if (detail.n == 0)
		detail = text_line(json_text_at(arena, error, "data.message"));
	if (slice_eq(dialogue_json_at(error, "code"), S("-32000")))
		dialogue_fail(dialogue, ERR_STRANGER,
		    "is not logged in (%.*s): log in with its own program as the user it runs as, "
		    "or give it its key in `env`%s%.*s",
		    SLICE_FMT(text_cut(message, 50)), acp->ways_n > 0 ? "; its ways: " : "",
		    (int)acp->ways_n, acp->ways);
	else if (slice_eq(dialogue_json_at(error, "code"), S("-32800")))
		dialogue_fail(dialogue, ERR_CANCELLED, "was cancelled");
	else
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "%s failed: %.*s%s%.*s", doing[acp->state],
		    SLICE_FMT(text_cut(message, 120)), detail.n > 0 ? ": " : "", SLICE_FMT(detail));
	end(dialogue);
}

static void
take_response(struct dialogue *dialogue, struct arena *arena, struct slice id, struct slice message)
{
	static const struct {
		const char *id;
		void (*take)(struct dialogue *, struct arena *, struct slice result);
	} waits[] = {
		[ACP_INITIALIZE] = { "1", take_initialized },
		[ACP_SESSION] = { "2", take_session },
		[ACP_PROMPT] = { "3", take_stop },
	};
	struct acp *acp = dialogue->state;
	struct slice error = dialogue_json_at(message, "error");

	/* An answer to nothing, or once more: passed over. */
	if (acp->state == ACP_OVER || !slice_eq(id, slice_of(waits[acp->state].id)))
		return;
	if (json_type(error) == JSON_OBJECT)
		take_error(dialogue, arena, error);
	else
		waits[acp->state].take(dialogue, arena, dialogue_json_at(message, "result"));
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void
take_request(struct dialogue *dialogue, struct arena *arena, struct slice id, struct slice message)
{
	struct slice method = json_text_at(arena, message, "method");

	if (id.n > ID_BYTES)
		return; /* nobody can mean that */
	if (slice_eq(method, S("session/request_permission")))
		take_permission(dialogue, arena, id, dialogue_json_at(message, "params"));
	else
		send_answer(dialogue, id, "error",
		    S("{\"code\":-32601,\"message\":\"This client has no such method: work with "
		      "the files of the folder yourself\"}"));
}

static void
feed(struct dialogue *dialogue, struct slice line)
{
	struct slice value, id, method;
	struct arena arena;

	dialogue_arena(dialogue, &arena);
	if (!dialogue_json(dialogue, &arena, line, JSON_OBJECT, &value)) {
		dialogue_stray(dialogue, line);
		arena_fini(&arena);
		return;
	}
	id = dialogue_json_at(value, "id");
	method = dialogue_json_at(value, "method");
	if (json_type(method) == JSON_STRING && id.n > 0)
		take_request(dialogue, &arena, id, value);
	else if (slice_eq(json_text_of(&arena, method), S("session/update")))
		take_update(dialogue, &arena, dialogue_json_at(value, "params"));
	else if (method.n == 0 && id.n > 0)
		take_response(dialogue, &arena, id, value);
	arena_fini(&arena);
}

static void
fini(struct dialogue *dialogue)
{
	struct acp *acp = dialogue->state;

	for (size_t i = 0; i < ASKS_MAX; i++)
		buf_fini(&acp->asks[i].bytes);
	buf_fini(&acp->session);
}

const struct dialogue_row dialogue_acp_row = {
	.parse = PARSE_ACP,
	.is_interactive = true,
	.state_bytes = sizeof(struct acp),
	.silent = "ended before it answered (its command must speak the Agent Client Protocol on "
		  "stdin and stdout)",
	.begin = begin,
	.feed = feed,
	.answer = answer,
	.cancel = cancel,
	.fini = fini,
};

/*
 * `gemini --output-format json`: one JSON document, over many lines, after whatever else was
 * printed; or `stream-json`, an event a line.  Which of them it is shows in the lines.
 *
 * The document is looked for from a line that begins with a brace, and ends where its braces do:
 * they are counted, so that a text of many lines is taken apart once and not at each of them.
 * Another brace at the beginning of a line begins it anew.
 */
#include "agents/dialogue_parts.h"

#define DOCUMENT_BYTES (8 * MIB)

struct gemini {
	struct buf document; /* as far as it has come; n 0: none has begun */
	uint64_t depth;
	bool in_string, is_escaped;
};

/* ---- what both forms have -------------------------------------------------------------------- */

static void
take_error(struct dialogue *dialogue, struct arena *arena, struct slice error)
{
	struct slice message = text_line(json_text_at(arena, error, "message"));
	struct slice type = text_cut(json_text_at(arena, error, "type"), 80);
	uint64_t code = json_count_at(error, "code");

	if (code == 41 || code == 401 || slice_has(type, S("Authentication")) ||
	    slice_has(message, S("set an Auth method")))
		dialogue_fail(dialogue, ERR_STRANGER,
		    "is not logged in: %.*s (log in as the user it runs as, or give it "
		    "GEMINI_API_KEY in `env`)",
		    SLICE_FMT(text_cut(message, 100)));
	else if (message.n > 0)
		dialogue_fail(dialogue,
		    code == 53 || slice_has(type, S("TurnLimited")) ? ERR_LIMIT : ERR_UNAVAILABLE,
		    "%.*s", SLICE_FMT(message));
	else
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "failed (%.*s)", SLICE_FMT(type));
}

static void
take_models(struct dialogue *dialogue, struct slice models)
{
	struct json_iter iter;
	struct slice key, model;

	if (json_type(models) != JSON_OBJECT)
		return;
	json_iter_init(&iter, models);
	while (json_iter_next(&iter, &key, &model)) {
		struct slice tokens = dialogue_json_at(model, "tokens");
		struct dialogue_usage *usage = &dialogue->usage;

		usage->tokens_in = add_saturated(usage->tokens_in, json_count_at(tokens, "prompt"));
		usage->tokens_out = add_saturated(usage->tokens_out,
		    add_saturated(
			json_count_at(tokens, "candidates"), json_count_at(tokens, "thoughts")));
	}
}

/* ---- one document ---------------------------------------------------------------------------- */

/* False: it is some other JSON. */
static bool
take_document(struct dialogue *dialogue, struct arena *arena, struct slice document)
{
	struct slice response = json_text_at(arena, document, "response");
	struct slice error = dialogue_json_at(document, "error");

	if (response.p == NULL && json_type(error) != JSON_OBJECT)
		return false;
	dialogue_named(dialogue, json_text_at(arena, document, "session_id"));
	take_models(dialogue, dialogue_json_at(document, "stats.models"));
	if (response.n > 0) {
		kept_set(&dialogue->text, response);
		dialogue_say(dialogue, response);
	}
	if (json_type(error) == JSON_OBJECT)
		take_error(dialogue, arena, error);
	else
		dialogue_done(dialogue);
	dialogue_over(dialogue);
	return true;
}

/* ---- a stream of events ---------------------------------------------------------------------- */

static void
event_init(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	dialogue_named(dialogue, json_text_at(arena, event, "session_id"));
}

static void
event_message(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	if (!slice_eq(dialogue_json_at(event, "role"), S("\"assistant\"")))
		return;
	if (!json_is_true(event, "delta"))
		dialogue_break(dialogue);
	dialogue_part(dialogue, json_text_at(arena, event, "content"));
}

static void
event_tool(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	dialogue_break(dialogue);
	dialogue_step(dialogue, arena, json_text_at(arena, event, "tool_name"),
	    dialogue_json_at(event, "parameters"));
}

static void
event_tool_end(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	if (slice_eq(dialogue_json_at(event, "status"), S("\"error\"")))
		dialogue_step(
		    dialogue, arena, S("failed"), dialogue_json_at(event, "error.message"));
}

static void
event_error(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice message = json_text_at(arena, event, "message");

	if (!slice_eq(dialogue_json_at(event, "severity"), S("\"warning\"")))
		dialogue_hint(dialogue, message);
	dialogue_say(dialogue, message);
}

static void
event_result(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice stats = dialogue_json_at(event, "stats");

	dialogue->usage.tokens_in = json_count_at(stats, "input_tokens");
	dialogue->usage.tokens_out = json_count_at(stats, "output_tokens");
	if (slice_eq(dialogue_json_at(event, "status"), S("\"success\"")))
		dialogue_done(dialogue);
	else
		take_error(dialogue, arena, dialogue_json_at(event, "error"));
	dialogue_over(dialogue);
}

static const struct {
	const char *type; /* as JSON */
	void (*take)(struct dialogue *, struct arena *, struct slice event);
} events[] = {
	{ "\"init\"", event_init },
	{ "\"message\"", event_message },
	{ "\"tool_use\"", event_tool },
	{ "\"tool_result\"", event_tool_end },
	{ "\"error\"", event_error },
	{ "\"result\"", event_result },
};

static bool
take_event(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice type = dialogue_json_at(event, "type");

	for (size_t i = 0; i < COUNT(events); i++)
		if (slice_eq(type, slice_of(events[i].type))) {
			events[i].take(dialogue, arena, event);
			return true;
		}
	return false;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void
forget(struct gemini *gemini)
{
	buf_fini(&gemini->document);
	gemini->depth = 0;
	gemini->in_string = gemini->is_escaped = false;
}

/* What has been gathered is whole, or will never be. */
static void
close_document(struct dialogue *dialogue)
{
	struct gemini *gemini = dialogue->state;
	struct slice text = buf_view(&gemini->document), value;
	struct arena arena;

	if (text.n == 0)
		return;
	dialogue_arena(dialogue, &arena);
	if (!dialogue_json(dialogue, &arena, text, JSON_OBJECT, &value) ||
	    (!take_event(dialogue, &arena, value) && !take_document(dialogue, &arena, value)))
		dialogue_stray(dialogue, (struct slice){ text.p, text.n - 1 }); /* its LF */
	arena_fini(&arena);
	forget(gemini);
}

/* True: its last brace is closed. */
static bool
count_braces(struct gemini *gemini, struct slice line)
{
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];

		if (gemini->is_escaped)
			gemini->is_escaped = false;
		else if (gemini->in_string && c == '\\')
			gemini->is_escaped = true;
		else if (c == '"')
			gemini->in_string = !gemini->in_string;
		else if (gemini->in_string)
			continue;
		else if (c == '{' || c == '[')
			gemini->depth++;
		else if ((c == '}' || c == ']') && gemini->depth > 0)
			gemini->depth--;
	}
	return gemini->depth == 0 && !gemini->in_string;
}

static void
feed(struct dialogue *dialogue, struct slice line)
{
	struct gemini *gemini = dialogue->state;
	struct slice text = slice_trim(line);
	struct err err;

	/* Inside of a printed document no brace stands at the beginning of a line. */
	if (gemini->document.n > 0 && line.n > 0 && line.p[0] == '{')
		close_document(dialogue);
	if (dialogue->is_over)
		return;
	if (gemini->document.n == 0) {
		if (text.n == 0 || text.p[0] != '{') {
			dialogue_stray(dialogue, line);
			return;
		}
		buf_init(&gemini->document, dialogue->memory, DOCUMENT_BYTES);
	}
	if (!buf_reserve(&gemini->document, line.n + 1, &err)) {
		close_document(dialogue);
		dialogue_stray(dialogue, line);
		return;
	}
	buf_put(&gemini->document, line);
	buf_putc(&gemini->document, '\n');
	if (count_braces(gemini, line))
		close_document(dialogue);
}

static void
fini(struct dialogue *dialogue)
{
	forget(dialogue->state);
}

static const struct dialogue_exit exits[] = {
	{ 41, ERR_STRANGER, "not logged in: log in as the user it runs as, or give it its key" },
	{ 42, ERR_UNAVAILABLE, "it did not understand its input" },
	{ 44, ERR_UNAVAILABLE, "its sandbox failed" },
	{ 52, ERR_UNAVAILABLE, "its settings are wrong" },
	{ 53, ERR_LIMIT, "it took all the turns it may take" },
	{ 54, ERR_UNAVAILABLE, "a tool of it failed" },
	{ 130, ERR_CANCELLED, "it was interrupted" },
	{ 0, ERR_NONE, NULL },
};

const struct dialogue_row dialogue_gemini_row = {
	.parse = PARSE_GEMINI_JSON,
	.state_bytes = sizeof(struct gemini),
	.silent = "ended without an answer (its command needs --output-format json or "
		  "stream-json)",
	.exits = exits,
	.feed = feed,
	.settle = close_document,
	.fini = fini,
};

/*
 * `claude -p --output-format stream-json --verbose`: a JSON object a line, by its `type`: system
 * (init names the session), assistant and user messages, and at last one result.  `--output-format
 * json` is understood too: the result alone, or with --verbose an array of all of them.
 */
#include "agents/dialogue_parts.h"

#define ID_BYTES 128u
#define DENIALS	 16u
#define PARTS	 256u /* of a message */

struct claude {
	/* Of messages so far, for one that never comes to its result.  A message comes in several
	 * lines of one id, each with its usage so far. */
	struct dialogue_usage before, message;
	char id[ID_BYTES];
	size_t id_n;
};

/* ---- usage ----------------------------------------------------------------------------------- */

static struct dialogue_usage
usage_of(struct slice usage)
{
	struct dialogue_usage out = { 0 };

	/* input_tokens are those that no cache had. */
	out.tokens_in = add_saturated(json_count_at(usage, "input_tokens"),
	    add_saturated(json_count_at(usage, "cache_creation_input_tokens"),
		json_count_at(usage, "cache_read_input_tokens")));
	out.tokens_out = json_count_at(usage, "output_tokens");
	return out;
}

static void
message_counts(struct dialogue *dialogue, struct arena *arena, struct slice message)
{
	struct claude *claude = dialogue->state;
	struct slice id = text_cut(json_text_at(arena, message, "id"), ID_BYTES);
	struct dialogue_usage usage = usage_of(dialogue_json_at(message, "usage"));

	if (id.n == 0 || !slice_eq(id, (struct slice){ claude->id, claude->id_n })) {
		claude->before.tokens_in =
		    add_saturated(claude->before.tokens_in, claude->message.tokens_in);
		claude->before.tokens_out =
		    add_saturated(claude->before.tokens_out, claude->message.tokens_out);
		memcpy(claude->id, id.n > 0 ? id.p : "", id.n);
		claude->id_n = id.n;
	}
	claude->message = usage;
	dialogue->usage.tokens_in = add_saturated(claude->before.tokens_in, usage.tokens_in);
	dialogue->usage.tokens_out = add_saturated(claude->before.tokens_out, usage.tokens_out);
}

static void
result_counts(struct dialogue *dialogue, struct slice event)
{
	struct dialogue_usage usage = usage_of(dialogue_json_at(event, "usage"));
	struct slice cost = dialogue_json_at(event, "total_cost_usd");

	if (cost.n == 0)
		cost = dialogue_json_at(event, "cost_usd"); /* before 1.0.22 */
	if (usage.tokens_in > 0 || usage.tokens_out > 0) {
		dialogue->usage.tokens_in = usage.tokens_in;
		dialogue->usage.tokens_out = usage.tokens_out;
	}
	dialogue->usage.cost_microusd = number_scaled(cost, 6);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void
take_part(struct dialogue *dialogue, struct arena *arena, struct slice part, bool is_own)
{
	struct slice type = dialogue_json_at(part, "type"), text;

	if (slice_eq(type, S("\"text\""))) {
		text = json_text_at(arena, part, "text");
		if (text.n > 0 && is_own)
			kept_set(&dialogue->text, text);
		dialogue_say(dialogue, text);
	} else if (slice_eq(type, S("\"tool_use\"")))
		dialogue_step(dialogue, arena, json_text_at(arena, part, "name"),
		    dialogue_json_at(part, "input"));
}

static void
take_assistant(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice message = dialogue_json_at(event, "message"), content, part;
	/* What subagents say is not the answer. */
	bool is_own = json_type(dialogue_json_at(event, "parent_tool_use_id")) != JSON_STRING;
	unsigned left = PARTS;
	struct json_iter iter;

	message_counts(dialogue, arena, message);
	content = dialogue_json_at(message, "content");
	if (json_type(content) == JSON_STRING) {
		content = json_text_of(arena, content);
		if (is_own)
			kept_set(&dialogue->text, content);
		dialogue_say(dialogue, content);
	}
	if (json_type(content) != JSON_ARRAY)
		return;
	json_iter_init(&iter, content);
	while (left-- > 0 && json_iter_next(&iter, NULL, &part))
		take_part(dialogue, arena, part, is_own);
}

static void
take_system(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice subtype = dialogue_json_at(event, "subtype");

	if (slice_eq(subtype, S("\"init\"")))
		dialogue_named(dialogue, json_text_at(arena, event, "session_id"));
	else if (slice_eq(subtype, S("\"api_retry\"")))
		dialogue_say(dialogue, S("the model did not answer; asked again"));
}

/* ---- the result ------------------------------------------------------------------------------ */

static const struct {
	const char *subtype; /* as JSON */
	enum errkind kind;
	const char *words;
} failures[] = {
	{ "\"error_max_turns\"", ERR_LIMIT, "stopped after the turns it may take (--max-turns)" },
	{ "\"error_max_budget_usd\"", ERR_LIMIT, "stopped at its budget (--max-budget-usd)" },
	{ "\"error_max_structured_output_retries\"", ERR_UNAVAILABLE,
	    "could not bring its answer into the form of --json-schema" },
	{ "\"error_during_execution\"", ERR_UNAVAILABLE, "failed while it worked" },
};

static void
tell_denials(struct dialogue *dialogue, struct arena *arena, struct slice denials)
{
	struct json_iter iter;
	struct slice denial;
	unsigned left = DENIALS;

	if (json_type(denials) != JSON_ARRAY)
		return;
	json_iter_init(&iter, denials);
	while (left-- > 0 && json_iter_next(&iter, NULL, &denial)) {
		struct slice name = json_text_at(arena, denial, "tool_name");

		if (name.n > 0)
			dialogue_step(dialogue, arena, S("was not allowed"),
			    dialogue_json_at(denial, "tool_name"));
	}
}

static bool
wants_login(struct slice words, struct slice event)
{
	return json_count_at(event, "api_error_status") == 401 || slice_has(words, S("/login")) ||
	    slice_has(words, S("Invalid API key")) || slice_has(words, S("authentication_error"));
}

static void
take_failure(struct dialogue *dialogue, struct slice event, struct slice words)
{
	struct slice subtype = dialogue_json_at(event, "subtype");
	struct slice line = text_line(words);

	for (size_t i = 0; i < COUNT(failures); i++)
		if (slice_eq(subtype, slice_of(failures[i].subtype))) {
			dialogue_fail(dialogue, failures[i].kind, "%s%s%.*s", failures[i].words,
			    line.n > 0 ? ": " : "", SLICE_FMT(line));
			return;
		}
	if (wants_login(words, event))
		dialogue_fail(dialogue, ERR_STRANGER,
		    "is not logged in: %.*s (log in as the user it runs as, or give it "
		    "ANTHROPIC_API_KEY in `env`)",
		    SLICE_FMT(text_cut(line, 100)));
	else if (line.n > 0)
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "%.*s", SLICE_FMT(line));
	else
		dialogue_fail(
		    dialogue, ERR_UNAVAILABLE, "failed (%.*s)", SLICE_FMT(text_cut(subtype, 80)));
}

static void
take_result(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice subtype = dialogue_json_at(event, "subtype");
	struct slice result = json_text_at(arena, event, "result"), words = result, first;
	struct slice form = dialogue_json_at(event, "structured_output");
	bool is_bad = json_is_true(event, "is_error") ||
	    (json_type(subtype) == JSON_STRING && !slice_eq(subtype, S("\"success\"")));
	struct json_iter iter;

	result_counts(dialogue, event);
	dialogue_named(dialogue, json_text_at(arena, event, "session_id"));
	tell_denials(dialogue, arena, dialogue_json_at(event, "permission_denials"));
	if (!is_bad) {
		if (result.n == 0 && json_type(form) == JSON_OBJECT)
			result = form;
		if (result.n > 0)
			kept_set(&dialogue->text, result);
		dialogue_done(dialogue);
		dialogue_over(dialogue);
		return;
	}
	if (words.n == 0 && json_type(dialogue_json_at(event, "errors")) == JSON_ARRAY) {
		json_iter_init(&iter, dialogue_json_at(event, "errors"));
		if (json_iter_next(&iter, NULL, &first))
			words = json_text_of(arena, first);
	}
	if (kept_is_empty(&dialogue->text))
		kept_set(&dialogue->text, words);
	take_failure(dialogue, event, words);
	dialogue_over(dialogue);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct {
	const char *type; /* as JSON */
	void (*take)(struct dialogue *, struct arena *, struct slice event);
} events[] = {
	{ "\"assistant\"", take_assistant },
	{ "\"system\"", take_system },
	{ "\"result\"", take_result },
};

static void
take(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice type = dialogue_json_at(event, "type");

	for (size_t i = 0; i < COUNT(events); i++)
		if (slice_eq(type, slice_of(events[i].type)))
			events[i].take(dialogue, arena, event);
}

static void
feed(struct dialogue *dialogue, struct slice line)
{
	struct json_iter iter;
	struct arena arena;
	struct slice value, event;

	dialogue_arena(dialogue, &arena);
	if (!dialogue_json(dialogue, &arena, line, JSON_NONE, &value)) {
		dialogue_stray(dialogue, line);
	} else if (json_type(value) == JSON_OBJECT) {
		take(dialogue, &arena, value);
	} else {
		json_iter_init(&iter, value);
		while (!dialogue->is_over && json_iter_next(&iter, NULL, &event))
			take(dialogue, &arena, event);
	}
	arena_fini(&arena);
}

const struct dialogue_row dialogue_claude_row = {
	.parse = PARSE_CLAUDE_STREAM,
	.state_bytes = sizeof(struct claude),
	.silent = "ended without a result (its command needs -p --output-format stream-json "
		  "--verbose)",
	.feed = feed,
};

/*
 * `codex exec --json`: an event a line, by its `type`: thread.started, turn.*, item.* and error.
 * Two older forms are understood too: session.created with items of an item_type, and before it
 * {"id", "msg": {"type"}}.
 *
 * An `error` is not the last word: it tells of lost connections that are tried again, too.
 */
#include "agents/dialogue_parts.h"

typedef void take_fn(struct dialogue *, struct arena *, struct slice);

struct codex_take {
	const char *type; /* as JSON */
	take_fn *take;
};

/* False: nobody takes it. */
static bool
dispatch(const struct codex_take *table, size_t n, struct slice type, struct dialogue *dialogue,
    struct arena *arena, struct slice value)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(type, slice_of(table[i].type))) {
			table[i].take(dialogue, arena, value);
			return true;
		}
	return false;
}

static void
set_answer(struct dialogue *dialogue, struct slice text)
{
	if (text.n == 0)
		return;
	kept_set(&dialogue->text, text);
	dialogue_say(dialogue, text);
}

static void
take_usage(struct dialogue *dialogue, struct slice usage)
{
	if (json_type(usage) != JSON_OBJECT)
		return;
	dialogue->usage.tokens_in = json_count_at(usage, "input_tokens"); /* with cached ones */
	dialogue->usage.tokens_out = json_count_at(usage, "output_tokens");
}

static void
fail_words(struct dialogue *dialogue, struct slice words)
{
	struct slice line = text_line(words), login = text_cut(line, 100);

	if (slice_has(line, S("401 Unauthorized")) || slice_has(line, S("codex login")))
		dialogue_fail(dialogue, ERR_STRANGER,
		    "is not logged in: %.*s (log in as the user it runs as, or give it "
		    "CODEX_API_KEY in `env`)",
		    SLICE_FMT(login));
	else if (line.n > 0)
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "%.*s", SLICE_FMT(line));
	else if (dialogue->hint.text[0] != '\0')
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "%s", dialogue->hint.text);
	else
		dialogue_fail(dialogue, ERR_UNAVAILABLE, "its turn failed");
}

/* ---- items ----------------------------------------------------------------------------------- */

static void
item_message(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	set_answer(dialogue, json_text_at(arena, item, "text"));
}

static void
item_text(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	dialogue_say(dialogue, json_text_at(arena, item, "text"));
}

static void
item_command(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	dialogue_step(dialogue, arena, S("runs"), dialogue_json_at(item, "command"));
}

static void
item_command_end(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	struct slice status = dialogue_json_at(item, "status");

	if (slice_eq(status, S("\"failed\"")))
		dialogue_step(dialogue, arena, S("failed"), dialogue_json_at(item, "command"));
	else if (slice_eq(status, S("\"declined\"")))
		dialogue_step(
		    dialogue, arena, S("was not allowed"), dialogue_json_at(item, "command"));
}

static void
item_files(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	bool failed = slice_eq(dialogue_json_at(item, "status"), S("\"failed\""));
	struct slice changes = dialogue_json_at(item, "changes"), change;
	unsigned left = PLAN_ENTRIES;
	struct json_iter iter;

	if (json_type(changes) != JSON_ARRAY)
		return;
	json_iter_init(&iter, changes);
	while (left-- > 0 && json_iter_next(&iter, NULL, &change))
		dialogue_step(dialogue, arena, failed ? S("could not change") : S("changed"),
		    dialogue_json_at(change, "path"));
}

static void
item_mcp(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	dialogue_step(
	    dialogue, arena, json_text_at(arena, item, "server"), dialogue_json_at(item, "tool"));
}

static void
item_search(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	dialogue_step(dialogue, arena, S("searches"), dialogue_json_at(item, "query"));
}

static void
item_todo(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	static const struct dialogue_plan names = { "text", "completed" };

	dialogue_plan(dialogue, arena, dialogue_json_at(item, "items"), &names);
}

static void
item_error(struct dialogue *dialogue, struct arena *arena, struct slice item)
{
	struct slice message = json_text_at(arena, item, "message");

	dialogue_hint(dialogue, message);
	dialogue_say(dialogue, message);
}

static const struct codex_take items_begun[] = {
	{ "\"command_execution\"", item_command },
	{ "\"mcp_tool_call\"", item_mcp },
	{ "\"web_search\"", item_search },
	{ "\"todo_list\"", item_todo },
};

static const struct codex_take items_done[] = {
	{ "\"agent_message\"", item_message },
	{ "\"assistant_message\"", item_message },
	{ "\"reasoning\"", item_text },
	{ "\"plan\"", item_text },
	{ "\"command_execution\"", item_command_end },
	{ "\"file_change\"", item_files },
	{ "\"error\"", item_error },
};

static struct slice
item_type(struct slice item)
{
	struct slice type = dialogue_json_at(item, "type");

	return type.n > 0 ? type : dialogue_json_at(item, "item_type");
}

/* ---- events ---------------------------------------------------------------------------------- */

static void
event_thread(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	dialogue_named(dialogue, json_text_at(arena, event, "thread_id"));
}

static void
event_session(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	dialogue_named(dialogue, json_text_at(arena, event, "session_id"));
}

static void
event_item_begun(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice item = dialogue_json_at(event, "item");

	dispatch(items_begun, COUNT(items_begun), item_type(item), dialogue, arena, item);
}

static void
event_item_updated(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice item = dialogue_json_at(event, "item");

	if (slice_eq(item_type(item), S("\"todo_list\"")))
		item_todo(dialogue, arena, item);
}

static void
event_item_done(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	struct slice item = dialogue_json_at(event, "item");

	dispatch(items_done, COUNT(items_done), item_type(item), dialogue, arena, item);
}

static void
event_turn_done(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	(void)arena;
	take_usage(dialogue, dialogue_json_at(event, "usage"));
	dialogue_done(dialogue);
	dialogue_over(dialogue);
}

static void
event_turn_failed(struct dialogue *dialogue, struct arena *arena, struct slice event)
{
	take_usage(dialogue, dialogue_json_at(event, "usage"));
	fail_words(dialogue, json_text_at(arena, event, "error.message"));
	dialogue_over(dialogue);
}

static const struct codex_take events[] = {
	{ "\"thread.started\"", event_thread },
	{ "\"session.created\"", event_session },
	{ "\"item.started\"", event_item_begun },
	{ "\"item.updated\"", event_item_updated },
	{ "\"item.completed\"", event_item_done },
	{ "\"turn.completed\"", event_turn_done },
	{ "\"turn.failed\"", event_turn_failed },
	{ "\"error\"", item_error },
};

/* ---- the first form -------------------------------------------------------------------------- */

static void
msg_message(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	set_answer(dialogue, json_text_at(arena, msg, "message"));
}

static void
msg_tokens(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	struct slice total = dialogue_json_at(msg, "info.total_token_usage");

	(void)arena;
	take_usage(dialogue, total.n > 0 ? total : msg);
}

static void
msg_mcp(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	item_mcp(dialogue, arena, dialogue_json_at(msg, "invocation"));
}

static void
msg_command_end(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	(void)arena;
	if (json_count_at(msg, "exit_code") > 0)
		dialogue_say(dialogue, S("the command failed"));
}

static void
msg_patch(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	struct slice changes = dialogue_json_at(msg, "changes"), key, value;
	unsigned left = PLAN_ENTRIES;
	struct json_iter iter;

	if (json_type(changes) != JSON_OBJECT)
		return;
	json_iter_init(&iter, changes);
	while (left-- > 0 && json_iter_next(&iter, &key, &value))
		dialogue_step(dialogue, arena, S("changes"),
		    (struct slice){ key.p - 1, key.n + 2 }); /* with its quotes */
}

static void
msg_asks(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	(void)msg;
	(void)arena;
	dialogue_hint(dialogue, S("it asks for an approval, and nobody is there to give one"));
	dialogue_say(dialogue, S("it asks for an approval, and nobody is there to give one"));
}

static void
msg_done(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	struct slice text = json_text_at(arena, msg, "last_agent_message");

	if (text.n > 0)
		kept_set(&dialogue->text, text);
	dialogue_done(dialogue);
	dialogue_over(dialogue);
}

static void
msg_aborted(struct dialogue *dialogue, struct arena *arena, struct slice msg)
{
	struct slice reason = text_cut(text_line(json_text_at(arena, msg, "reason")), 80);

	dialogue_fail(dialogue, ERR_CANCELLED, "its turn was aborted%s%.*s",
	    reason.n > 0 ? ": " : "", SLICE_FMT(reason));
	dialogue_over(dialogue);
}

static const struct codex_take messages[] = {
	{ "\"session_configured\"", event_session },
	{ "\"agent_message\"", msg_message },
	{ "\"agent_reasoning\"", item_text },
	{ "\"token_count\"", msg_tokens },
	{ "\"exec_command_begin\"", item_command },
	{ "\"exec_command_end\"", msg_command_end },
	{ "\"mcp_tool_call_begin\"", msg_mcp },
	{ "\"patch_apply_begin\"", msg_patch },
	{ "\"exec_approval_request\"", msg_asks },
	{ "\"apply_patch_approval_request\"", msg_asks },
	{ "\"error\"", item_error },
	{ "\"stream_error\"", item_error },
	{ "\"task_complete\"", msg_done },
	{ "\"turn_aborted\"", msg_aborted },
};

/* ---- lines ----------------------------------------------------------------------------------- */

static void
feed(struct dialogue *dialogue, struct slice line)
{
	struct slice value, msg;
	struct arena arena;

	dialogue_arena(dialogue, &arena);
	if (!dialogue_json(dialogue, &arena, line, JSON_OBJECT, &value)) {
		dialogue_stray(dialogue, line);
	} else if (!dispatch(events, COUNT(events), dialogue_json_at(value, "type"), dialogue,
		       &arena, value)) {
		msg = dialogue_json_at(value, "msg");
		dispatch(messages, COUNT(messages), dialogue_json_at(msg, "type"), dialogue, &arena,
		    msg);
	}
	arena_fini(&arena);
}

const struct dialogue_row dialogue_codex_row = {
	.parse = PARSE_CODEX_JSONL,
	.silent = "ended without completing its turn (its command needs exec --json)",
	.feed = feed,
};

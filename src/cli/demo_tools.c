/*
 * The tools of the demo server: echo, time, sleep, count (with progress), ask (elicitation).  A
 * tool is a row; its schema and the check of its argument come from the row.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/demo.h"

#define COUNT_STEP_MS 50
#define NUMBER_BYTES  64 /* longer numbers are no numbers of ours */

/* ---- answers at once ---- */

/* The text goes back as the token it came as: nothing is unescaped and escaped again. */
static void
echo(struct demo *demo, const struct message *message, const struct demo_value *value)
{
	const struct slice parts[] = {
		S("{\"jsonrpc\":\"2.0\",\"id\":"),
		message->id,
		S(",\"result\":{"),
		demo_complete(message),
		S("\"content\":[{\"type\":\"text\",\"text\":"),
		value->token,
		S("}],\"structuredContent\":{\"text\":"),
		value->token,
		S("}}}"),
	};

	demo_send(demo, parts, COUNT(parts));
}

static void
tell_time(struct demo *demo, const struct message *message, const struct demo_value *value)
{
	uint64_t now_ms = loop_unix_ms(demo->loop);
	time_t seconds = (time_t)(now_ms / 1000);
	char text[40];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	demo_send_text(demo, message, false, slice_of(text));
}

/* ---- answers in a task; a false wait means: cancelled, nobody wants an answer ---- */

static void
nap(struct work *work)
{
	struct loop *loop = work->demo->loop;
	struct err err;

	if (task_sleep_wait(loop, (uint64_t)(work->value.number * 1000), &err))
		demo_send_text(work->demo, &work->message, false,
		    arena_printf(&work->arena, "slept %g s", work->value.number));
}

static void
progress(struct work *work, unsigned done, unsigned total)
{
	struct slice numbers = arena_printf(&work->arena,
	    ",\"progress\":%u,\"total\":%u,"
	    "\"message\":\"%u of %u\"}}",
	    done, total, done, total);
	const struct slice parts[] = {
		S("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
		  "\"params\":{\"progressToken\":"),
		work->message.progress_token,
		numbers,
	};

	demo_send(work->demo, parts, COUNT(parts));
}

static void
count(struct work *work)
{
	unsigned to = (unsigned)work->value.number;
	struct err err;

	for (unsigned i = 1; i <= to; i++) {
		if (!task_sleep_wait(work->demo->loop, COUNT_STEP_MS, &err))
			return;
		if (work->message.progress_token.p != NULL)
			progress(work, i, to);
	}
	demo_send_text(
	    work->demo, &work->message, false, arena_printf(&work->arena, "counted to %u", to));
}

/* Around the text of the question. */
#define QUESTION "\"method\":\"elicitation/create\",\"params\":{\"message\":"
#define QUESTION_END \
	",\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"answer\":" \
	"{\"type\":\"string\",\"title\":\"Answer\"}},\"required\":[\"answer\"]}}"

static void
ask_send(struct work *work)
{
	struct slice id = arena_printf(&work->arena, "{\"jsonrpc\":\"2.0\",\"id\":\"ask-%llu\",",
	    (unsigned long long)work->ask);
	const struct slice parts[] = {
		id,
		S(QUESTION),
		work->value.token,
		S(QUESTION_END "}"),
	};

	demo_send(work->demo, parts, COUNT(parts));
}

static void
ask_take_back(struct work *work)
{
	struct slice text = arena_printf(&work->arena,
	    "{\"jsonrpc\":\"2.0\",\"method\":"
	    "\"notifications/cancelled\",\"params\":{\"requestId\":\"ask-%llu\"}}",
	    (unsigned long long)work->ask);

	demo_send(work->demo, &text, 1);
}

/* Says in words what came back: accepted with an answer, declined, cancelled, or an error. */
static struct slice
ask_outcome(struct work *work, struct slice body)
{
	struct slice action, content, token, text;
	struct err err;

	if (work->has_answer && work->answer.kind == MESSAGE_ERROR) {
		if (!json_find(body, S("message"), &token) || json_type(token) != JSON_STRING ||
		    token.n > ARENA_SMALL / 2 || !json_string(&work->arena, token, &text, &err))
			text = S("without a message");
		return arena_printf(
		    &work->arena, "the client answered with an error: %.*s", SLICE_FMT(text));
	}
	if (json_type(body) != JSON_OBJECT || !json_find(body, S("action"), &action))
		return S("the client's answer has no action");
	if (slice_eq(action, S("\"decline\"")))
		return S("the question was declined");
	if (slice_eq(action, S("\"cancel\"")))
		return S("the question was dismissed");
	if (!slice_eq(action, S("\"accept\"")))
		return S("the client's answer has an unknown action");
	if (!json_find(body, S("content"), &content) || json_type(content) != JSON_OBJECT ||
	    !json_find(content, S("answer"), &token) || json_type(token) != JSON_STRING)
		return S("the question was accepted without an answer");
	if (token.n > ARENA_SMALL / 2 || !json_string(&work->arena, token, &text, &err))
		return S("the answer is too long to repeat");
	return arena_printf(&work->arena, "the answer is: %.*s", SLICE_FMT(text));
}

/*
 * The question goes with the result, and the answer comes with the next request: nothing is
 * remembered here between them (2026-07-28, multi round-trip requests).
 */
static void
ask_in_result(struct work *work)
{
	const struct message *message = &work->message;
	const struct slice parts[] = {
		S("{\"jsonrpc\":\"2.0\",\"id\":"),
		message->id,
		S(",\"result\":{\"resultType\":\"input_required\",\"inputRequests\":{\"answer\":{" QUESTION),
		work->value.token,
		S(QUESTION_END "}},\"requestState\":\"asked\"}}"),
	};
	struct slice answer;

	if (json_type(message->input_responses) == JSON_OBJECT &&
	    json_find(message->input_responses, S("answer"), &answer) &&
	    slice_eq(message->request_state, S("\"asked\"")))
		demo_send_text(work->demo, message, false, ask_outcome(work, answer));
	else
		demo_send(work->demo, parts, COUNT(parts));
}

static void
ask(struct work *work)
{
	struct demo *demo = work->demo;
	bool is_modern = work->message.modern.version.p != NULL;
	struct err err;

	if (!(is_modern ? demo_can_elicit(work->message.modern.capabilities) : demo->can_elicit)) {
		demo_send_text(demo, &work->message, false,
		    S("this client cannot be asked: it did "
		      "not declare the capability `elicitation`"));
		return;
	}
	if (is_modern) {
		ask_in_result(work);
		return;
	}
	work->ask = ++demo->asks;
	ask_send(work);
	while (!work->has_answer) {
		if (!task_park_wait(demo->loop, &err)) {
			ask_take_back(work);
			return;
		}
	}
	work->ask = 0;
	demo_send_text(demo, &work->message, work->answer.kind == MESSAGE_ERROR,
	    ask_outcome(work, work->answer.body));
}

/* ---- the table ---- */

#define LOOKS "{\"readOnlyHint\":true,\"idempotentHint\":true,\"openWorldHint\":false}"
#define WAITS "{\"readOnlyHint\":true,\"openWorldHint\":false}"

static const struct demo_tool tools[] = {
	{ .name = "echo",
	    .title = "Echo",
	    .help = "Answers with the text it was given.",
	    .annotations = LOOKS,
	    .output = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},"
		      "\"required\":[\"text\"]}",
	    .arg = { "text", "The text to give back", DEMO_STRING, 0, 0 },
	    .now = echo },
	{ .name = "time",
	    .title = "Time",
	    .help = "The time in UTC.",
	    .annotations = WAITS,
	    .now = tell_time },
	{ .name = "sleep",
	    .title = "Sleep",
	    .help = "Waits, then answers. Can be cancelled.",
	    .annotations = WAITS,
	    .arg = { "seconds", "How long to wait", DEMO_NUMBER, 0, 600 },
	    .run = nap },
	{ .name = "count",
	    .title = "Count",
	    .help = "Counts slowly and reports every step as progress.",
	    .annotations = WAITS,
	    .arg = { "to", "The last number", DEMO_INTEGER, 1, 1000 },
	    .run = count },
	{ .name = "ask",
	    .title = "Ask",
	    .help = "Asks the person at the client and repeats the answer.",
	    .annotations = "{\"openWorldHint\":false}",
	    .arg = { "message", "The question", DEMO_STRING, 0, 0 },
	    .run = ask },
};

static const char *const type_names[] = {
	[DEMO_STRING] = "string",
	[DEMO_NUMBER] = "number",
	[DEMO_INTEGER] = "integer",
};

const struct demo_tool *
demo_tool_find(struct slice name)
{
	for (size_t i = 0; i < COUNT(tools); i++)
		if (slice_eq(slice_of(tools[i].name), name))
			return &tools[i];
	return NULL;
}

static void
schema_put(struct buf *out, const struct demo_tool *tool)
{
	buf_puts(out, "{\"type\":\"object\",\"properties\":{");
	if (tool->arg.name != NULL) {
		buf_printf(out, "\"%s\":{\"type\":\"%s\",\"description\":\"%s\"", tool->arg.name,
		    type_names[tool->arg.type], tool->arg.help);
		if (tool->arg.type != DEMO_STRING)
			buf_printf(
			    out, ",\"minimum\":%g,\"maximum\":%g", tool->arg.least, tool->arg.most);
		buf_printf(out, "}},\"required\":[\"%s\"]", tool->arg.name);
	} else {
		buf_putc(out, '}');
	}
	buf_puts(out, ",\"additionalProperties\":false}");
}

void
demo_tools_put(struct buf *out)
{
	buf_puts(out, "\"tools\":[");
	for (size_t i = 0; i < COUNT(tools); i++) {
		const struct demo_tool *tool = &tools[i];

		buf_printf(out,
		    "%s{\"name\":\"%s\",\"title\":\"%s\",\"description\":\"%s\",\"inputSchema\":",
		    i > 0 ? "," : "", tool->name, tool->title, tool->help);
		schema_put(out, tool);
		if (tool->output != NULL)
			buf_printf(out, ",\"outputSchema\":%s", tool->output);
		buf_printf(out, ",\"annotations\":%s}", tool->annotations);
	}
	buf_puts(out, "]");
}

/* ---- arguments ---- */

MUST_CHECK static bool
number_read(const struct demo_tool *tool, struct demo_value *value, struct err *err)
{
	char text[NUMBER_BYTES];

	if (json_type(value->token) != JSON_NUMBER)
		return err_set(err, ERR_PARAMS, "%s: \"%s\" must be %s", tool->name, tool->arg.name,
		    tool->arg.type == DEMO_INTEGER ? "an integer" : "a number");
	if (value->token.n >= sizeof(text))
		return err_set(
		    err, ERR_PARAMS, "%s: \"%s\" has too many digits", tool->name, tool->arg.name);
	memcpy(text, value->token.p, value->token.n);
	text[value->token.n] = '\0';
	value->number = strtod(text, NULL);
	if (!(value->number >= tool->arg.least && value->number <= tool->arg.most))
		return err_set(err, ERR_PARAMS, "%s: \"%s\" must be from %g to %g, not %s",
		    tool->name, tool->arg.name, tool->arg.least, tool->arg.most, text);
	if (tool->arg.type == DEMO_INTEGER && (double)(int64_t)value->number != value->number)
		return err_set(err, ERR_PARAMS, "%s: \"%s\" must be an integer, not %s", tool->name,
		    tool->arg.name, text);
	return true;
}

bool
demo_tool_check(
    const struct demo_tool *tool, struct slice arguments, struct demo_value *value, struct err *err)
{
	struct slice key, token;
	struct json_iter iter;

	*value = (struct demo_value){ .token = SLICE_NONE };
	if (arguments.p != NULL && json_type(arguments) != JSON_OBJECT)
		return err_set(err, ERR_PARAMS, "%s: the arguments must be an object", tool->name);
	if (arguments.p != NULL) {
		json_iter_init(&iter, arguments);
		while (json_iter_next(&iter, &key, &token)) {
			if (tool->arg.name == NULL || !slice_eq(key, slice_of(tool->arg.name)))
				return err_set(err, ERR_PARAMS,
				    "%s: there is no argument \"%.*s\"%s%s%s", tool->name,
				    key.n > 64 ? 64 : (int)key.n, key.p,
				    tool->arg.name != NULL ? " (its argument is \"" : "",
				    tool->arg.name != NULL ? tool->arg.name : "",
				    tool->arg.name != NULL ? "\")" : "");
			value->token = token;
		}
	}
	if (tool->arg.name == NULL)
		return true;
	if (value->token.p == NULL)
		return err_set(err, ERR_PARAMS, "%s: the argument \"%s\" is missing", tool->name,
		    tool->arg.name);
	if (tool->arg.type != DEMO_STRING)
		return number_read(tool, value, err);
	if (json_type(value->token) != JSON_STRING)
		return err_set(
		    err, ERR_PARAMS, "%s: \"%s\" must be a string", tool->name, tool->arg.name);
	return true;
}

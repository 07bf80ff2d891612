/*
 * `bascule demo`: a small MCP server over stdio, to try things and to test against.  It speaks
 * every revision by itself (no front, no gateway), on the same loop, lines and tasks as everything
 * else: a request that says in its _meta what it speaks is a modern one, any other needs an
 * initialize before it.  The tools are rows in demo_tools.c.
 *
 * A message is read, answered or given to a task; a call in a task keeps the message's memory. When
 * stdin ends, calls in progress are cut, what was written is flushed, and the program ends.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/demo.h"

#define MESSAGE_BYTES (64 * MIB)
#define OUTBOX_BYTES  (256 * MIB)
#define SEND_AT_ONCE  (64 * KIB) /* larger messages are not copied into the queue */

/* ---- out ---- */

void
demo_send(struct demo *demo, const struct slice *parts, size_t n)
{
	struct slice line[10];
	size_t bytes = 0;

	must(n < COUNT(line));
	for (size_t i = 0; i < n; i++) {
		line[i] = parts[i];
		bytes += parts[i].n;
	}
	line[n++] = S("\n");
	if (bytes > SEND_AT_ONCE)
		outbox_send(&demo->outbox, line, n);
	else
		outbox_queue(&demo->outbox, line, n);
}

static bool
is_modern(const struct message *request)
{
	return request->modern.version.p != NULL;
}

#define SERVER_INFO \
	"{\"name\":\"bascule-demo\",\"title\":\"bascule demo\",\"version\":\"" BASCULE_VERSION "\"}"
#define INSTRUCTIONS "A small server to try things with: echo, time, sleep, count, ask."

struct slice
demo_complete(const struct message *request)
{
	return is_modern(request) ? S("\"resultType\":\"complete\",\"_meta\":{\"" MCP_META
				      "serverInfo\":" SERVER_INFO "},")
				  : S("");
}

void
demo_send_text(struct demo *demo, const struct message *request, bool is_error, struct slice text)
{
	struct buf out;
	struct slice view;

	buf_init(&out, loop_memory(demo->loop), MESSAGE_BYTES);
	buf_puts(&out, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_put(&out, request->id);
	buf_puts(&out, ",\"result\":{");
	buf_put(&out, demo_complete(request));
	buf_puts(&out, "\"content\":[{\"type\":\"text\",\"text\":");
	buf_json_string(&out, text);
	buf_puts(&out, is_error ? "}],\"isError\":true}}" : "}]}}");
	view = buf_view(&out);
	demo_send(demo, &view, 1);
	buf_fini(&out);
}

static void
send_result(struct demo *demo, struct slice id, struct slice result)
{
	const struct slice parts[] = {
		S("{\"jsonrpc\":\"2.0\",\"id\":"),
		id,
		S(",\"result\":"),
		result,
		S("}"),
	};

	demo_send(demo, parts, COUNT(parts));
}

static void
send_error(struct demo *demo, struct slice id, const struct err *err)
{
	struct buf out;
	struct slice view;

	buf_init(&out, NULL, MIB);
	buf_puts(&out, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_put(&out, id.p != NULL ? id : S("null"));
	buf_printf(&out, ",\"error\":{\"code\":%d,\"message\":", err_info(err->kind)->legacy_code);
	buf_json_string(&out, slice_of(err->text));
	buf_puts(&out, "}}");
	view = buf_view(&out);
	demo_send(demo, &view, 1);
	buf_fini(&out);
}

/* ---- calls in tasks ---- */

static void
check(struct deferred *deferred)
{
	struct demo *demo = CONTAINER(deferred, struct demo, check);

	if (!demo->has_ended || demo->group.running > 0)
		return;
	if (outbox_pending(&demo->outbox) == 0 || demo->outbox.has_failed)
		loop_stop(demo->loop);
}

static void
check_later(struct demo *demo)
{
	if (demo->has_ended)
		loop_defer(demo->loop, &demo->check, check);
}

static void
work_free(struct work *work)
{
	struct demo *demo = work->demo;

	if (work->prev != NULL)
		work->prev->next = work->next;
	else
		demo->works = work->next;
	if (work->next != NULL)
		work->next->prev = work->prev;
	arena_fini(&work->arena);
	buf_fini(&work->text);
	arena_fini(&work->answer_arena);
	buf_fini(&work->answer_text);
	mem_free(work);
	check_later(demo);
}

static void
work_main(void *arg)
{
	struct work *work = arg;

	work->task = task_self(work->demo->loop);
	if (!work->is_cancelled)
		work->tool->run(work);
	work_free(work);
}

/* Takes what the message stands in. */
static void
work_start(struct demo *demo, const struct demo_tool *tool, const struct message *message,
    const struct demo_value *value)
{
	struct work *work = MEM_NEW(struct work);
	struct err err;

	work->demo = demo;
	work->tool = tool;
	work->message = *message;
	work->value = *value;
	arena_take(&work->arena, &demo->intake.arena);
	buf_take(&work->text, &demo->intake.text);
	arena_init(&work->answer_arena, NULL, 0);
	work->next = demo->works;
	if (work->next != NULL)
		work->next->prev = work;
	demo->works = work;
	if (group_spawn(demo->loop, &demo->group, tool->name, work_main, work, &err))
		return;
	send_error(demo, message->id, &err);
	work_free(work);
}

/* The call in progress with that id; the id of a cancelled one is free again. */
static struct work *
work_find(struct demo *demo, struct slice id)
{
	struct work *work = demo->works;

	while (work != NULL && (work->is_cancelled || !slice_eq(work->message.id, id)))
		work = work->next;
	return work;
}

static void
work_cancel(struct demo *demo, struct slice id)
{
	struct work *work = work_find(demo, id);

	if (work == NULL)
		return;
	work->is_cancelled = true;
	if (work->task != NULL)
		task_cancel(work->task, ERR_CANCELLED);
}

/* ---- requests ---- */

/* `elicitation: {}` means forms; since 2025-11-25 it may name its modes, and then must name form.
 */
bool
demo_can_elicit(struct slice capabilities)
{
	struct slice elicitation, mode;

	if (json_type(capabilities) != JSON_OBJECT ||
	    !json_find(capabilities, S("elicitation"), &elicitation) ||
	    json_type(elicitation) != JSON_OBJECT)
		return false;
	return json_find(elicitation, S("form"), &mode) || !json_find(elicitation, S("url"), &mode);
}

static void
initialize(struct demo *demo, const struct message *message)
{
	struct slice version = SLICE_NONE, capabilities = SLICE_NONE;
	struct err err = { 0 };
	struct buf out;

	if (demo->is_initialised) {
		err_set(&err, ERR_REQUEST, "initialize was sent before");
		send_error(demo, message->id, &err);
		return;
	}
	if (message->params.p == NULL ||
	    !json_find(message->params, S("protocolVersion"), &version) ||
	    json_type(version) != JSON_STRING) {
		err_set(&err, ERR_PARAMS, "initialize needs a protocolVersion");
		send_error(demo, message->id, &err);
		return;
	}
	demo->revision = MCP_NEWEST_LEGACY;
	if (version.n > 2)
		mcp_revision_find_legacy(
		    (struct slice){ version.p + 1, version.n - 2 }, &demo->revision);
	demo->can_elicit = json_find(message->params, S("capabilities"), &capabilities) &&
	    demo_can_elicit(capabilities);
	demo->is_initialised = true;
	buf_init(&out, NULL, 64 * KIB);
	buf_printf(&out,
	    "{\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":{}},\"serverInfo\":" SERVER_INFO
	    ",\"instructions\":\"" INSTRUCTIONS "\"}",
	    mcp_revision_name(demo->revision));
	send_result(demo, message->id, buf_view(&out));
	buf_fini(&out);
}

static void
tools_list(struct demo *demo, const struct message *message)
{
	struct err err = { 0 };
	struct buf out;

	if (message->cursor.p != NULL) {
		err_set(&err, ERR_PARAMS, "unknown cursor: the list has one page");
		send_error(demo, message->id, &err);
		return;
	}
	buf_init(&out, NULL, MIB);
	buf_putc(&out, '{');
	if (is_modern(message))
		buf_puts(&out, "\"ttlMs\":3600000,\"cacheScope\":\"public\",");
	buf_put(&out, demo_complete(message));
	demo_tools_put(&out);
	buf_putc(&out, '}');
	send_result(demo, message->id, buf_view(&out));
	buf_fini(&out);
}

static void
tools_call(struct demo *demo, const struct message *message)
{
	const struct demo_tool *tool = NULL;
	struct demo_value value;
	struct slice name = message->name;
	struct err err = { 0 };

	if (json_type(name) == JSON_STRING)
		tool = demo_tool_find((struct slice){ name.p + 1, name.n - 2 });
	if (tool == NULL) {
		err_set(&err, ERR_PARAMS, "unknown tool %.*s", name.n > 100 ? 100 : (int)name.n,
		    name.p != NULL ? name.p : "(no name)");
		send_error(demo, message->id, &err);
	} else if (!demo_tool_check(tool, message->arguments, &value, &err)) {
		demo_send_text(demo, message, true, slice_of(err.text));
	} else if (tool->now != NULL) {
		tool->now(demo, message, &value);
	} else if (work_find(demo, message->id) != NULL) {
		err_set(&err, ERR_REQUEST, "a request with this id is in progress");
		send_error(demo, message->id, &err);
	} else {
		work_start(demo, tool, message, &value);
	}
}

static void
discover(struct demo *demo, const struct message *message)
{
	struct buf out;

	buf_init(&out, NULL, 64 * KIB);
	buf_putc(&out, '{');
	buf_put(&out, demo_complete(message));
	buf_puts(&out, "\"supportedVersions\":[");
	for (unsigned i = 0; i < MCP_REVISIONS_N; i++)
		buf_printf(&out, "%s\"%s\"", i > 0 ? "," : "", mcp_revision_name(i));
	buf_puts(&out,
	    "],\"capabilities\":{\"tools\":{}},\"instructions\":\"" INSTRUCTIONS
	    "\",\"ttlMs\":3600000,\"cacheScope\":\"public\"}");
	send_result(demo, message->id, buf_view(&out));
	buf_fini(&out);
}

/* -32022 with what is spoken here (2026-07-28, versioning). */
static void
send_versions(struct demo *demo, const struct message *message)
{
	struct buf out;
	struct slice view;

	buf_init(&out, NULL, 64 * KIB);
	buf_puts(&out, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_put(&out, message->id);
	buf_puts(&out,
	    ",\"error\":{\"code\":-32022,\"message\":\"unsupported protocol version\",\"data\":{"
	    "\"supported\":[\"2026-07-28\"],\"requested\":");
	buf_put(&out, message->modern.version);
	buf_puts(&out, "}}}");
	view = buf_view(&out);
	demo_send(demo, &view, 1);
	buf_fini(&out);
}

static void
unknown(struct demo *demo, const struct message *message)
{
	struct err err = { 0 };

	err_set(&err, ERR_METHOD, "unknown method \"%.*s\"",
	    message->method_name.n > 100 ? 100 : (int)message->method_name.n,
	    message->method_name.p);
	send_error(demo, message->id, &err);
}

/* One that stands alone: no handshake, and it says what its client can. */
static void
modern_request(struct demo *demo, const struct message *message)
{
	struct err err = { 0 };

	if (!slice_eq(message->modern.version, S("\"2026-07-28\""))) {
		send_versions(demo, message);
		return;
	}
	if (json_type(message->modern.capabilities) != JSON_OBJECT) {
		err_set(&err, ERR_PARAMS, "_meta has no " MCP_META "clientCapabilities");
		send_error(demo, message->id, &err);
		return;
	}
	switch (message->method) {
	case MCP_DISCOVER:
		discover(demo, message);
		return;
	case MCP_TOOLS_LIST:
		tools_list(demo, message);
		return;
	case MCP_TOOLS_CALL:
		tools_call(demo, message);
		return;
	default:
		unknown(demo, message);
		return;
	}
}

static void
request(struct demo *demo, const struct message *message)
{
	struct err err = { 0 };

	if (is_modern(message)) {
		modern_request(demo, message);
		return;
	}
	if (!demo->is_initialised &&
	    (message->method == MCP_TOOLS_LIST || message->method == MCP_TOOLS_CALL)) {
		err_set(&err, ERR_REQUEST, "%.*s came before initialize",
		    SLICE_FMT(message->method_name));
		send_error(demo, message->id, &err);
		return;
	}
	switch (message->method) {
	case MCP_INITIALIZE:
		initialize(demo, message);
		return;
	case MCP_PING:
		send_result(demo, message->id, S("{}"));
		return;
	case MCP_TOOLS_LIST:
		tools_list(demo, message);
		return;
	case MCP_TOOLS_CALL:
		tools_call(demo, message);
		return;
	default:
		unknown(demo, message);
		return;
	}
}

/* Takes what the message stands in when a question waits for it. */
static void
answer(struct demo *demo, const struct message *message)
{
	char id[40];

	for (struct work *work = demo->works; work != NULL; work = work->next) {
		snprintf(id, sizeof(id), "\"ask-%llu\"", (unsigned long long)work->ask);
		if (work->ask == 0 || work->has_answer || !slice_eq(message->id, slice_of(id)))
			continue;
		work->answer = *message;
		arena_take(&work->answer_arena, &demo->intake.arena);
		buf_take(&work->answer_text, &demo->intake.text);
		work->has_answer = true;
		task_wake(work->task);
		return;
	}
	log_event(demo->log, LOG_WARN, "unknown_id",
	    "an answer with an id that was not asked: %.*s", SLICE_FMT(message->id));
}

/* ---- in ---- */

static void end(struct demo *demo);

/* A large message was read in slices while stdin was held back: goes on. */
static void
read_on(struct demo *demo)
{
	if (demo->lines.in_feed || demo->intake.is_busy)
		return;
	if (demo->lines.is_paused)
		line_resume(&demo->lines);
	if (demo->lines.is_paused)
		return;
	if (demo->in == NULL)
		end(demo);
	else
		stream_want(demo->in, STREAM_READABLE);
}

static void
on_message(void *owner, struct message *message, const struct err *err)
{
	struct demo *demo = owner;

	if (err->kind != ERR_NONE)
		send_error(demo, message != NULL ? message->id : SLICE_NONE, err);
	else if (message->kind == MESSAGE_REQUEST)
		request(demo, message);
	else if (message->kind != MESSAGE_NOTIFICATION)
		answer(demo, message);
	else if (message->method == MCP_CANCELLED)
		work_cancel(demo, message->request_id);
	if (demo->lines.is_paused)
		read_on(demo);
}

static void
on_line(void *owner, char *line, size_t n)
{
	struct demo *demo = owner;

	if (slice_trim((struct slice){ line, n }).n == 0)
		return;
	intake_feed(&demo->intake, line, n);
	if (demo->intake.is_busy) {
		line_pause(&demo->lines);
		if (demo->in != NULL)
			stream_want(demo->in, 0);
	}
}

static void
on_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	struct demo *demo = owner;
	struct err err = { 0 };

	err_set(&err, ERR_REQUEST, "a message of %zu bytes: more than the %zu allowed", n,
	    (size_t)MESSAGE_BYTES);
	send_error(demo, SLICE_NONE, &err);
}

/* Nothing more will come and nothing read is left. */
static void
end(struct demo *demo)
{
	if (demo->has_ended)
		return;
	demo->has_ended = true;
	group_cancel(&demo->group, ERR_CANCELLED);
	check_later(demo);
}

static void
on_in(void *owner, unsigned events)
{
	struct demo *demo = owner;
	ssize_t n = stream_read(demo->in, demo->chunk, DEMO_CHUNK_BYTES);

	if (n > 0) {
		line_feed(&demo->lines, demo->chunk, (size_t)n);
		return;
	}
	if (n == -EAGAIN)
		return;
	stream_close(&demo->in);
	line_end(&demo->lines);
	if (!demo->lines.is_paused && !demo->intake.is_busy)
		end(demo);
}

static void
on_out(void *owner, unsigned events)
{
	struct demo *demo = owner;

	if (events & STREAM_WRITABLE)
		outbox_ready(&demo->outbox);
}

static void
on_drained(void *owner)
{
	check_later(owner);
}

/* Nobody reads any more. */
static void
on_fail(void *owner, const struct err *why)
{
	struct demo *demo = owner;

	log_event(demo->log, LOG_WARN, "stdout_lost", "stdout: %s", why->text);
	if (demo->in != NULL)
		stream_want(demo->in, 0);
	end(demo);
}

/* ---- the program ---- */

MUST_CHECK static bool
demo_open(struct demo *demo, struct err *err)
{
	demo->in = loop_stdio(demo->loop, STDIN_FILENO, err);
	if (demo->in == NULL)
		return false;
	demo->out = loop_stdio(demo->loop, STDOUT_FILENO, err);
	if (demo->out == NULL)
		return false;
	demo->chunk = mem_new(DEMO_CHUNK_BYTES);
	intake_init(&demo->intake, demo->loop, 0);
	demo->intake.done = on_message;
	demo->intake.owner = demo;
	line_reader_init(&demo->lines, loop_memory(demo->loop), MESSAGE_BYTES);
	demo->lines.on_line = on_line;
	demo->lines.on_long = on_long;
	demo->lines.owner = demo;
	outbox_init(&demo->outbox, demo->loop, demo->out, OUTBOX_BYTES);
	demo->outbox.on_fail = on_fail;
	demo->outbox.on_drained = on_drained;
	demo->outbox.owner = demo;
	demo->out->on_ready = on_out;
	demo->out->owner = demo;
	demo->in->on_ready = on_in;
	demo->in->owner = demo;
	stream_want(demo->in, STREAM_READABLE);
	return true;
}

static void
demo_close(struct demo *demo)
{
	if (demo->chunk != NULL) {
		deferred_stop(demo->loop, &demo->check);
		outbox_fini(&demo->outbox);
		line_reader_fini(&demo->lines);
		intake_fini(&demo->intake);
		mem_free(demo->chunk);
	}
	stream_close(&demo->in);
	stream_close(&demo->out);
}

int
demo_run(struct options *options)
{
	struct log *log = log_new(STDERR_FILENO, LOG_WARN, LOG_TEXT, "demo");
	struct keeper *keeper = NULL;
	struct demo *demo = MEM_NEW(struct demo);
	struct err err;
	bool ok;

	demo->log = log;
	demo->loop = loop_new(&keeper, log, &err);
	ok = demo->loop != NULL && demo_open(demo, &err);
	if (ok)
		loop_run(demo->loop);
	if (demo->loop != NULL) {
		demo_close(demo);
		loop_free(&demo->loop);
	}
	mem_free(demo);
	log_free(&log);
	arena_drain();
	return ok ? EXIT_DONE : cli_fail(&err);
}

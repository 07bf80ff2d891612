/* The small MCP server of the simulations: see toy.h. */
#include "toy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/net.h"

#define NAMES_MAX 8

/* An answer that comes later. */
struct pending {
	struct pending *next;
	struct toy *toy;
	struct timer timer;
	void *channel;
	char id[80], token[80];
	unsigned at, to, ask_id; /* count; ask */
};

struct toy {
	struct sim *sim;
	struct loop *loop;
	toy_send_fn *send;
	void (*die)(void *owner);
	void *owner;
	struct pending *pending;
	struct toy_calls *calls;
	unsigned next_ask;
};

static struct {
	const char *name;
	struct toy_calls calls;
} counters[NAMES_MAX];

/* Which numbered calls of tools with effects were run, by any toy. */
#define NUMBERS_MAX 65536
static bool has_run[NUMBERS_MAX];

void
toy_counters_clear(void)
{
	memset(has_run, 0, sizeof(has_run));
	for (size_t i = 0; i < NAMES_MAX; i++)
		counters[i].calls = (struct toy_calls){ 0 };
}

/* text: "N-..." */
static void
run_count(struct toy_calls *calls, struct slice text)
{
	struct slice rest;
	uint64_t number;

	if (text.n < 2 || text.p[0] != '"')
		return;
	text = (struct slice){ text.p + 1, text.n - 2 };
	if (!slice_to_u64(slice_cut(text, '-', &rest), NUMBERS_MAX - 1, &number))
		return;
	calls->done_twice += has_run[number];
	has_run[number] = true;
}

struct toy_calls *
toy_counters(const char *name)
{
	size_t i = 0;

	while (i < NAMES_MAX && counters[i].name != NULL && strcmp(counters[i].name, name) != 0)
		i++;
	must(i < NAMES_MAX);
	counters[i].name = name;
	return &counters[i].calls;
}

struct toy *
toy_new(struct sim *sim, const char *name, toy_send_fn *send, void (*die)(void *owner), void *owner)
{
	struct toy *toy = MEM_NEW(struct toy);

	toy->sim = sim;
	toy->loop = sim_loop(sim);
	toy->send = send;
	toy->die = die;
	toy->owner = owner;
	toy->calls = toy_counters(name);
	return toy;
}

static void
pending_free(struct pending *p)
{
	struct pending **at = &p->toy->pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	timer_stop(p->toy->loop, &p->timer);
	mem_free(p);
}

void
toy_free(struct toy **at)
{
	while ((*at)->pending != NULL)
		pending_free((*at)->pending);
	mem_free(*at);
	*at = NULL;
}

void
toy_forget(struct toy *toy, void *channel)
{
	struct pending *next;

	for (struct pending *p = toy->pending; p != NULL; p = next) {
		next = p->next;
		if (p->channel == channel)
			pending_free(p);
	}
}

static void
say(struct toy *toy, void *channel, bool is_last, const char *id, const char *body)
{
	struct buf text;

	buf_init(&text, NULL, 64 * MIB);
	buf_printf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%s,", id);
	buf_puts(&text, body);
	buf_putc(&text, '}');
	toy->send(channel, buf_view(&text), is_last);
	buf_fini(&text);
}

static void
say_text(struct toy *toy, void *channel, const char *id, struct slice token)
{
	struct buf body;

	buf_init(&body, NULL, 64 * MIB);
	buf_puts(&body, "\"result\":{\"content\":[{\"type\":\"text\",\"text\":");
	buf_put(&body, token);
	buf_puts(&body, "}]}");
	buf_putc(&body, '\0');
	if (buf_check(&body, &(struct err){ 0 }))
		say(toy, channel, true, id, body.p);
	buf_fini(&body);
}

static struct pending *
pending_new(struct toy *toy, void *channel, const char *id)
{
	struct pending *p = MEM_NEW(struct pending);

	p->toy = toy;
	p->channel = channel;
	snprintf(p->id, sizeof(p->id), "%s", id);
	p->next = toy->pending;
	toy->pending = p;
	return p;
}

static void
slept(struct timer *timer)
{
	struct pending *p = CONTAINER(timer, struct pending, timer);

	say_text(p->toy, p->channel, p->id, S("\"slept\""));
	pending_free(p);
}

static void
counted(struct timer *timer)
{
	struct pending *p = CONTAINER(timer, struct pending, timer);
	char text[256];
	int n;

	if (p->at == p->to) {
		say_text(p->toy, p->channel, p->id, S("\"counted\""));
		pending_free(p);
		return;
	}
	p->at++;
	n = snprintf(text, sizeof(text),
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":%s,"
	    "\"progress\":%u,\"total\":%u}}",
	    p->token, p->at, p->to);
	timer_start(p->toy->loop, timer, loop_now_ms(p->toy->loop) + 1 + sim_random(p->toy->sim, 5),
	    counted);
	if (p->token[0] != '\0')
		p->toy->send(p->channel, (struct slice){ text, (size_t)n }, false);
}

static void
tool_count(struct toy *toy, void *channel, const char *id, struct slice params)
{
	struct pending *p = pending_new(toy, channel, id);
	struct slice meta, token;

	p->to = 3;
	if (json_find(params, S("_meta"), &meta) && json_find(meta, S("progressToken"), &token))
		snprintf(p->token, sizeof(p->token), "%.*s", SLICE_FMT(token));
	timer_start(toy->loop, &p->timer, loop_now_ms(toy->loop), counted);
}

static void
tool_ask(struct toy *toy, void *channel, const char *id)
{
	struct pending *p = pending_new(toy, channel, id);
	char ask_id[32];

	p->ask_id = ++toy->next_ask;
	snprintf(ask_id, sizeof(ask_id), "\"q%u\"", p->ask_id);
	say(toy, channel, false, ask_id,
	    "\"method\":\"elicitation/create\",\"params\":{\"message\":\"sure?\",\"requestedSchema\":"
	    "{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":\"boolean\"}}}}");
}

/* The answer to a question ends the call that asked: its action is the text. */
static void
on_response(struct toy *toy, struct slice text, struct slice id)
{
	struct slice result, action = S("\"error\"");
	unsigned number = 0;

	toy->calls->responses++;
	if (json_find(text, S("result"), &result))
		json_find(result, S("action"), &action);
	sscanf(id.p, "\"q%u\"", &number);
	for (struct pending *p = toy->pending; p != NULL; p = p->next) {
		if (p->ask_id == number && number != 0) {
			say_text(toy, p->channel, p->id, action);
			pending_free(p);
			return;
		}
	}
}

static void
on_call(struct toy *toy, void *channel, const char *id, struct slice params)
{
	struct slice name = SLICE_NONE, arguments = S("{}"), value = S("\"\"");
	int64_t ms = 0;

	toy->calls->call++;
	json_find(params, S("name"), &name);
	json_find(params, S("arguments"), &arguments);
	if (!slice_eq(name, S("\"echo\"")) && json_find(arguments, S("text"), &value))
		run_count(toy->calls, value);
	if (slice_eq(name, S("\"echo\"")) || slice_eq(name, S("\"twice\"")) ||
	    slice_eq(name, S("\"rubbish\""))) {
		json_find(arguments, S("text"), &value);
		if (slice_eq(name, S("\"rubbish\"")))
			toy->send(channel, S("this is no JSON {"), false);
		if (slice_eq(name, S("\"twice\"")))
			say(toy, channel, false, id, "\"result\":{\"content\":[]}");
		say_text(toy, channel, id, value);
	} else if (slice_eq(name, S("\"sleep\""))) {
		struct pending *p = pending_new(toy, channel, id);

		if (json_find(arguments, S("ms"), &value))
			json_int(value, &ms);
		timer_start(toy->loop, &p->timer, loop_now_ms(toy->loop) + (uint64_t)ms, slept);
	} else if (slice_eq(name, S("\"count\""))) {
		tool_count(toy, channel, id, params);
	} else if (slice_eq(name, S("\"ask\""))) {
		tool_ask(toy, channel, id);
	} else if (slice_eq(name, S("\"die\""))) {
		toy->die(toy->owner);
	} else if (slice_eq(name, S("\"silent\""))) {
		pending_new(toy, channel, id);
	} else {
		say(toy, channel, true, id,
		    "\"error\":{\"code\":-32602,\"message\":\"unknown tool\"}");
	}
}

static void
on_cancelled(struct toy *toy, struct slice params)
{
	struct slice id;

	toy->calls->cancelled++;
	if (!json_find(params, S("requestId"), &id))
		return;
	for (struct pending *p = toy->pending; p != NULL; p = p->next) {
		if (slice_eq(slice_of(p->id), id)) {
			pending_free(p);
			return;
		}
	}
}

static const char tools[] =
    "\"result\":{\"tools\":["
    "{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"},\"annotations\":{\"readOnlyHint\":true}},"
    "{\"name\":\"sleep\",\"inputSchema\":{\"type\":\"object\"}},"
    "{\"name\":\"count\",\"inputSchema\":{\"type\":\"object\"}},"
    "{\"name\":\"ask\",\"inputSchema\":{\"type\":\"object\"}},"
    "{\"name\":\"silent\",\"inputSchema\":{\"type\":\"object\"}},"
    "{\"name\":\"twice\",\"inputSchema\":{\"type\":\"object\"}},"
    "{\"name\":\"rubbish\",\"inputSchema\":{\"type\":\"object\"}},"
    "{\"name\":\"die\",\"inputSchema\":{\"type\":\"object\"}}]}";

void
toy_message(struct toy *toy, struct slice text, void *channel)
{
	struct slice id_token = SLICE_NONE, method = SLICE_NONE, params = S("{}");
	char id[80];

	json_find(text, S("id"), &id_token);
	json_find(text, S("params"), &params);
	snprintf(id, sizeof(id), "%.*s", SLICE_FMT(id_token));
	if (!json_find(text, S("method"), &method)) {
		on_response(toy, text, id_token);
	} else if (slice_eq(method, S("\"initialize\""))) {
		toy->calls->initialize++;
		say(toy, channel, true, id,
		    "\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
		    "\"serverInfo\":{\"name\":\"toy\",\"version\":\"1\"}}");
	} else if (slice_eq(method, S("\"tools/list\""))) {
		toy->calls->list++;
		say(toy, channel, true, id, tools);
	} else if (slice_eq(method, S("\"tools/call\""))) {
		on_call(toy, channel, id, params);
	} else if (slice_eq(method, S("\"notifications/cancelled\""))) {
		on_cancelled(toy, params);
	}
}

struct toy_calls *
toy_calls(struct toy *toy)
{
	return toy->calls;
}

/*
 * ---- as a program
 * ------------------------------------------------------------------------------------
 */

struct toy_stdio {
	struct toy *toy;
	struct sim_process *process;
	struct line_reader lines;
	struct outbox outbox;
	struct deferred exit;
};

static void
stdio_exit_now(struct deferred *deferred)
{
	struct toy_stdio *t = CONTAINER(deferred, struct toy_stdio, exit);
	struct sim_process *process = t->process;
	struct loop *loop = sim_loop(process->sim);

	toy_free(&t->toy);
	line_reader_fini(&t->lines);
	outbox_fini(&t->outbox);
	deferred_stop(loop, &t->exit);
	mem_free(t);
	sim_process_exit(process, 0);
}

static void
stdio_die(void *owner)
{
	struct toy_stdio *t = owner;

	loop_defer(sim_loop(t->process->sim), &t->exit, stdio_exit_now);
}

static void
stdio_send(void *channel, struct slice text, bool is_last)
{
	struct toy_stdio *t = channel;

	outbox_queue(&t->outbox, (struct slice[]){ text, S("\n") }, 2);
}

static void
stdio_line(void *owner, char *line, size_t n)
{
	struct toy_stdio *t = owner;
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, SIZE_MAX);
	if (json_scan_all(json_scan_new(&arena, line, n, 0, 0, 1), &err))
		toy_message(t->toy, (struct slice){ line, n }, t);
	arena_fini(&arena);
}

static void
stdio_readable(void *owner, unsigned events)
{
	struct toy_stdio *t = owner;
	char bytes[1000];
	ssize_t n = stream_read(t->process->in, bytes, sizeof(bytes));

	if (n > 0) {
		line_feed(&t->lines, bytes, (size_t)n);
	} else if (n != -EAGAIN) {
		stream_want(t->process->in, 0);
		stdio_die(t);
	}
}

static void
stdio_writable(void *owner, unsigned events)
{
	outbox_ready(&((struct toy_stdio *)owner)->outbox);
}

static void
stdio_killed(struct sim_process *process)
{
	stdio_die(process->owner);
}

static void
stdio_long(void *owner, struct slice head, struct slice tail, size_t n)
{
}

static void
stdio_failed(void *owner, const struct err *err)
{
}

void
toy_program(struct sim_process *process, const struct child_spec *spec, void *ctx)
{
	struct toy_stdio *t = MEM_NEW(struct toy_stdio);
	struct loop *loop = sim_loop(process->sim);

	t->process = process;
	t->toy = toy_new(process->sim, ctx, stdio_send, stdio_die, t);
	line_reader_init(&t->lines, NULL, 64 * MIB);
	t->lines.on_line = stdio_line;
	t->lines.on_long = stdio_long;
	t->lines.owner = t;
	outbox_init(&t->outbox, loop, process->out, 256 * MIB);
	t->outbox.on_fail = stdio_failed;
	t->outbox.owner = t;
	process->owner = t;
	process->on_kill = stdio_killed;
	process->in->on_ready = stdio_readable;
	process->in->owner = t;
	process->out->on_ready = stdio_writable;
	process->out->owner = t;
	stream_want(process->in, STREAM_READABLE);
}

/*
 * ---- as an HTTP server
 * ----------------------------------------------------------------------------------
 */

struct toy_http {
	struct toy *toy;
	struct sim *sim;
	struct http_server *server;
	unsigned posts;
};

/* Every other answer comes as an event stream; questions and progress always do. */
struct http_channel {
	struct toy_http *http;
	struct http_request *request;
	bool is_stream;
};

static void
http_send(void *channel, struct slice text, bool is_last)
{
	struct http_channel *c = channel;
	struct http_request *request = c->request;

	if (!c->is_stream && is_last && sim_chance(c->http->sim, 500)) {
		request->user = NULL;
		mem_free(c);
		http_respond(request, 200, SLICE_NONE, S("application/json"), &text, 1);
		return;
	}
	if (!c->is_stream) {
		c->is_stream = true;
		http_stream_begin(request, 200, SLICE_NONE, S("text/event-stream"));
	}
	http_stream_put(request, (struct slice[]){ S("data: "), text, S("\n\n") }, 3);
	if (is_last) {
		request->user = NULL;
		mem_free(c);
		http_stream_end(request);
	}
}

/* Goes without an answer: the connection of that call breaks. */
static void
http_die(void *owner)
{
}

static void
http_head(void *owner, struct http_request *request)
{
}

static void
http_request(void *owner, struct http_request *request)
{
	struct toy_http *http = owner;
	struct slice text = buf_view(&request->body), id = SLICE_NONE, method = SLICE_NONE;
	struct http_channel *c;
	struct arena arena;
	struct err err;

	if (!slice_eq(request->method, S("POST"))) {
		http_respond(request, 405, S("Allow: POST\r\n"), SLICE_NONE, NULL, 0);
		return;
	}
	arena_init(&arena, NULL, SIZE_MAX);
	if (!json_scan_all(json_scan_new(&arena, request->body.p, text.n, 0, 0, 1), &err)) {
		http_respond(request, 400, SLICE_NONE, SLICE_NONE, NULL, 0);
	} else if (!json_find(text, S("id"), &id) || !json_find(text, S("method"), &method)) {
		toy_message(http->toy, text, NULL);
		http_respond(request, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
	} else {
		c = MEM_NEW(struct http_channel);
		c->http = http;
		c->request = request;
		request->user = c;
		toy_message(http->toy, text, c);
	}
	arena_fini(&arena);
}

static void
http_gone(void *owner, struct http_request *request)
{
	struct toy_http *http = owner;

	if (request->user != NULL) {
		toy_forget(http->toy, request->user);
		mem_free(request->user);
	}
}

static const struct http_handler handler = { http_head, http_request, http_gone };

struct toy_http *
toy_http_new(struct sim *sim, const char *name, uint16_t port)
{
	struct toy_http *http = MEM_NEW(struct toy_http);
	struct address at = { .ip = { 127, 0, 0, 1 }, .port = port };
	struct err err;

	http->sim = sim;
	http->toy = toy_new(sim, name, http_send, http_die, http);
	must(http_server_new(
	    sim_loop(sim), &at, &http_limits_default, &handler, http, &http->server, &err));
	return http;
}

void
toy_http_free(struct toy_http **at)
{
	struct toy_http *http = *at;

	*at = NULL;
	http_server_free(&http->server);
	toy_free(&http->toy);
	mem_free(http);
}

/*
 * The backs against an upstream that the test plays, byte by byte: whose answer it is, what a
 * failure means for the call it happened to and for the others, and what a hostile upstream may
 * pile up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mcp/back.h"
#include "stream_double.h"

#define CALLS_MAX 8

struct world;

/* One call and how it ended. */
struct caller_task {
	struct world *world;
	struct call call;
	bool is_over, ok;
	struct err err;
};

struct world {
	struct machine machine;
	struct loop *loop;
	struct config_upstream upstream;
	struct slice argv[1];
	struct back *back;
	struct group group;
	struct err err;
	bool is_open, is_closed;
	unsigned lost, asked;
	struct caller_task calls[CALLS_MAX];
	struct peer *in, *out, *errors; /* of the child, as it was started last */
	struct child *child;
	struct mcp_gate gate;
	struct exchange exchange;
};

/* ---- a machine with children ----------------------------------------------------------------- */

static void
child_start(void *seam, const struct child_spec *spec,
    void (*started)(void *ctx, struct child *child, const struct err *err), void *ctx)
{
	struct world *world = CONTAINER(seam, struct world, machine);
	struct child *child = MEM_NEW(struct child);

	(void)spec;
	child->loop = world->loop;
	world->in = peer_new(&world->machine, world->loop);
	world->out = peer_new(&world->machine, world->loop);
	world->errors = peer_new(&world->machine, world->loop);
	child->in = &world->in->stream;
	child->out = &world->out->stream;
	child->err = &world->errors->stream;
	world->child = child;
	started(ctx, child, NULL);
}

static void
child_exits(struct world *world, int status)
{
	world->child->on_exit(world->child->owner, status);
}

static void
child_is_stopped(void *seam, struct child *child, unsigned grace_ms)
{
	(void)grace_ms;
	child_exits(CONTAINER(seam, struct world, machine), 0);
	must(child->out != NULL);
}

static void
child_is_freed(void *seam, struct child *child)
{
	(void)seam;
	mem_free(child);
}

/* ---- the world ------------------------------------------------------------------------------- */

static void
on_list_changed(void *owner, enum mcp_method what)
{
	(void)owner;
	(void)what;
}

static void
on_lost(void *owner, const struct err *why)
{
	struct world *world = owner;

	world->lost++;
	world->err = *why;
}

static const struct back_events events = { .list_changed = on_list_changed, .lost = on_lost };

static bool
pass(void *owner, struct exchange *exchange, enum mcp_pass what, struct slice server,
    struct slice text, struct err *err)
{
	return true;
}

/* A client that never answers. */
static bool
ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	struct world *world = exchange->front_data;

	world->asked++;
	while (task_park_wait(world->loop, err))
		continue;
	return false;
}

static void
tell(struct exchange *exchange, const struct tell *what)
{
}

static bool
may_tell(void *owner, struct exchange *exchange, const struct tell *what)
{
	return true;
}

static const struct front_ops front = { .name = "test", .ask_wait = ask_wait, .tell = tell };

static void
open_run(void *arg)
{
	struct world *world = arg;
	struct back_spec spec = { .server = S("up"),
		.upstream = &world->upstream,
		.message_bytes = 64 * MIB,
		.capabilities = S("{\"elicitation\":{}}"),
		.revision = MCP_NEWEST };

	world->is_open =
	    back_open_wait(world->loop, &spec, &events, world, &world->back, &world->err);
	if (world->is_open)
		back_begin(world->back);
}

static void
close_run(void *arg)
{
	struct world *world = arg;

	back_close_wait(&world->back, 1000);
	world->is_closed = true;
}

static void
turns(struct world *world)
{
	for (int i = 0; i < 20; i++)
		machine_turns(&world->machine, world->loop);
}

static void
spawn(struct world *world, void (*fn)(void *arg), void *arg)
{
	struct err err;

	assert_true(group_spawn(world->loop, &world->group, "test", fn, arg, &err));
	turns(world);
}

static const struct seam_ops *
ops_with_children(void)
{
	static struct seam_ops ops;

	ops = machine_ops;
	ops.child_start = child_start;
	ops.child_stop = child_is_stopped;
	ops.child_free = child_is_freed;
	return &ops;
}

static void
world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->machine = (struct machine){ .now_ms = 1000 };
	world->loop = loop_new_on(ops_with_children(), &world->machine, NULL);
	world->gate.pass = pass;
	world->gate.may_tell = may_tell;
	world->upstream.connect_timeout_ms = 5000;
	world->exchange = (struct exchange){ .loop = world->loop,
		.front = &front,
		.front_data = world,
		.gate = &world->gate,
		.revision = MCP_NEWEST,
		.can = { .elicitation = true },
		.family = world };
}

static void
world_fini(struct world *world)
{
	if (world->back != NULL)
		spawn(world, close_run, world);
	machine_sleep(&world->machine, world->loop, 5000);
	turns(world);
	assert_int_equal(loop_tasks(world->loop), 0);
	for (size_t i = 0; i < CALLS_MAX; i++) {
		if (world->calls[i].world != NULL)
			call_fini(&world->calls[i].call);
	}
	assert_int_equal(loop_memory(world->loop)->used_bytes, 0);
	machine_end(&world->machine, &world->loop);
}

/* ---- calls ----------------------------------------------------------------------------------- */

#define REQUEST_TEXT "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tools/call\"}"

static void
call_run(void *arg)
{
	struct caller_task *task = arg;

	task->ok = back_call_wait(task->world->back, &task->call, &task->err);
	task->is_over = true;
}

static struct caller_task *
call_begin(struct world *world, unsigned place)
{
	static const char text[] = REQUEST_TEXT;
	struct caller_task *task = &world->calls[place];

	task->world = world;
	call_init(&task->call);
	task->call.exchange = &world->exchange;
	task->call.text = S(REQUEST_TEXT);
	task->call.text.p = text;
	task->call.id = (struct slice){ text + sizeof("{\"jsonrpc\":\"2.0\",\"id\":") - 1, 1 };
	spawn(world, call_run, task);
	return task;
}

static void
assert_failed(const struct caller_task *task, enum errkind kind, const char *says)
{
	assert_true(task->is_over);
	assert_false(task->ok);
	if (task->err.kind != kind || strstr(task->err.text, says) == NULL)
		fail_msg("kind %d: %s", task->err.kind, task->err.text);
}

/* ---- the other side of HTTP ------------------------------------------------------------------ */

/* The connection that was made last. */
static struct peer *
newest(struct world *world)
{
	return machine_last(&world->machine);
}

static bool
has_heard(const struct peer *peer, const char *what)
{
	return peer->heard.n > 0 &&
	    memmem(peer->heard.p, peer->heard.n, what, strlen(what)) != NULL;
}

static struct peer *
peer_that_heard(struct world *world, const char *what)
{
	for (unsigned i = world->machine.peers_n; i > 0; i--) {
		if (has_heard(world->machine.peers[i - 1], what))
			return world->machine.peers[i - 1];
	}
	fail_msg("nobody heard %s", what);
	return NULL;
}

static void
respond(struct world *world, struct peer *peer, const char *status, const char *headers,
    struct slice body)
{
	struct buf text;

	buf_init(&text, NULL, SIZE_MAX);
	buf_printf(&text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers, body.n);
	buf_put(&text, body);
	peer_says(peer, buf_view(&text));
	buf_fini(&text);
	turns(world);
}

#define JSON "Content-Type: application/json\r\n"
#define INITIALIZED \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\"," \
	"\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"x\",\"version\":\"1\"}}}"

/* An open session over HTTP; no GET stream. */
static void
http_open(struct world *world)
{
	world_init(world);
	world->upstream.url = S("http://127.0.0.1:9/mcp");
	spawn(world, open_run, world);
	respond(world, peer_that_heard(world, "\"initialize\""), "200 OK",
	    JSON "Mcp-Session-Id: s1\r\n", S(INITIALIZED));
	assert_true(world->is_open);
	respond(
	    world, peer_that_heard(world, "notifications/initialized"), "202 Accepted", "", S(""));
	respond(world, peer_that_heard(world, "GET /mcp"), "405 Method Not Allowed", "", S(""));
	assert_true(has_heard(peer_that_heard(world, "GET /mcp"), "Mcp-Session-Id: s1"));
	assert_true(has_heard(peer_that_heard(world, "GET /mcp"), "Protocol-Version: 2025-11-25"));
	/* Everything from now on is heard anew. */
	for (unsigned i = 0; i < world->machine.peers_n; i++)
		buf_clear(&world->machine.peers[i]->heard);
}

static void
answers_by_status(void **state)
{
	static const struct {
		const char *status, *headers, *body;
		bool ok, was_sent;
		enum errkind kind;
		const char *says;
	} rows[] = {
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}", true, true,
		    ERR_NONE, "" },
		{ "400 Bad", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":1}}", true,
		    true, ERR_NONE, "" },
		{ "400 Bad", JSON, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1}}", true,
		    true, ERR_NONE, "" },
		{ "401 No", JSON, "{\"why\":\"token\"}", false, false, ERR_UNAVAILABLE,
		    "HTTP 401: {\"why\":\"token\"}" },
		{ "403 No", "", "go away", false, false, ERR_UNAVAILABLE, "HTTP 403: go away" },
		{ "503 Later", "", "", false, false, ERR_UNAVAILABLE, "HTTP 503" },
		{ "500 Oh", "", "", false, true, ERR_OUTCOME_UNKNOWN, "HTTP 500" },
		{ "502 Oh", "", "", false, true, ERR_OUTCOME_UNKNOWN, "HTTP 502" },
		{ "202 Accepted", "", "", false, true, ERR_OUTCOME_UNKNOWN, "without a response" },
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}", false, true,
		    ERR_OUTCOME_UNKNOWN, "without a response" },
		/* An answer came that nobody can read: it was done. */
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{", false, true,
		    ERR_UNAVAILABLE, "no valid message" },
		{ "200 OK", JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":5}", false, true,
		    ERR_UNAVAILABLE, "no JSON object" },
		{ "200 OK", "Content-Type: text/event-stream\r\n", "", false, true,
		    ERR_OUTCOME_UNKNOWN, "event stream without" },
		{ "200 OK", "Content-Type: text/event-stream\r\n",
		    "id: 1\ndata:\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n", true,
		    true, ERR_NONE, "" },
		/* What is no answer does not end the call, however broken. */
		{ "200 OK", "Content-Type: text/event-stream\r\n",
		    "data: {\"method\":\"notifications/message\"}\n\n"
		    "data: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n"
		    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n",
		    true, true, ERR_NONE, "" },
		{ "200 OK", "Content-Type: text/event-stream\r\n", "data: rubbish\n\n", false, true,
		    ERR_UNAVAILABLE, "no valid message" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;

		http_open(&world);
		task = call_begin(&world, 0);
		respond(&world, peer_that_heard(&world, "\"id\":2"), rows[i].status,
		    rows[i].headers, slice_of(rows[i].body));
		assert_true(task->is_over);
		if (task->ok != rows[i].ok)
			fail_msg("row %zu: %s", i, task->err.text);
		assert_int_equal(task->call.was_sent, rows[i].was_sent);
		if (!rows[i].ok)
			assert_failed(task, rows[i].kind, rows[i].says);
		assert_int_equal(world.lost, 0);
		world_fini(&world);
	}
}

/* Large notification, small notification and the response come at once, and the stream ends. */
static void
small_events_after_a_large_one(void **state)
{
	struct world world;
	struct caller_task *task;
	struct buf body;

	(void)state;
	buf_init(&body, NULL, SIZE_MAX);
	buf_puts(&body, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"x\":\"");
	for (size_t i = 0; i < 2 * SLICE_OF_WORK_BYTES; i++)
		buf_putc(&body, 'x');
	buf_puts(&body,
	    "\"}\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"
	    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n");
	http_open(&world);
	task = call_begin(&world, 0);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "200 OK",
	    "Content-Type: text/event-stream\r\n", buf_view(&body));
	assert_true(task->is_over);
	assert_true(task->ok);
	buf_fini(&body);
	world_fini(&world);
}

/* The session is forgotten: the call that hears it was not done, the other still gets its answer.
 */
static void
a_lost_session_loses_no_answer(void **state)
{
	struct world world;
	struct caller_task *a, *b, *c;

	(void)state;
	http_open(&world);
	a = call_begin(&world, 0);
	b = call_begin(&world, 1);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "404 Not Found", "", S(""));
	assert_failed(a, ERR_UNAVAILABLE, "HTTP 404");
	assert_false(a->call.was_sent);
	assert_int_equal(world.lost, 1);
	assert_false(back_is_usable(world.back));
	assert_false(b->is_over);
	c = call_begin(&world, 2);
	assert_failed(c, ERR_UNAVAILABLE, "forgotten the session");
	spawn(&world, close_run, &world);
	assert_false(world.is_closed);
	respond(&world, peer_that_heard(&world, "\"id\":3"), "200 OK", JSON,
	    S("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}"));
	assert_true(b->is_over && b->ok);
	assert_true(world.is_closed);
	world_fini(&world);
}

/* ... but not for ever. */
static void
a_lost_session_waits_its_grace(void **state)
{
	struct world world;
	struct caller_task *a, *b;

	(void)state;
	http_open(&world);
	a = call_begin(&world, 0);
	b = call_begin(&world, 1);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "404 Not Found", "", S(""));
	assert_true(a->is_over);
	spawn(&world, close_run, &world);
	machine_sleep(&world.machine, world.loop, 999);
	turns(&world);
	assert_false(b->is_over);
	machine_sleep(&world.machine, world.loop, 1);
	turns(&world);
	assert_failed(b, ERR_OUTCOME_UNKNOWN, "closed by bascule");
	world_fini(&world);
}

/* A connection that is refused says nothing about calls whose connections stand. */
static void
a_refused_connection(void **state)
{
	struct world world;
	struct caller_task *a, *b;

	(void)state;
	http_open(&world);
	while (world.calls[0].world == NULL || newest(&world)->heard.n == 0)
		call_begin(&world, 0);
	a = &world.calls[0];
	world.machine.connect_error = ECONNREFUSED;
	/* Idle connections first, then new ones. */
	for (unsigned i = 1; i < CALLS_MAX; i++) {
		b = call_begin(&world, i);
		if (b->is_over)
			break;
	}
	assert_failed(b, ERR_UNAVAILABLE, "refused");
	assert_false(b->call.was_sent);
	assert_false(a->is_over);
	assert_int_equal(world.lost, 0);
	respond(&world, peer_that_heard(&world, "\"id\":2"), "200 OK", JSON,
	    S("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}"));
	assert_true(a->is_over && a->ok);
	world_fini(&world);
}

/* ---- stdio ----------------------------------------------------------------------------------- */

static void
stdio_open(struct world *world)
{
	world_init(world);
	world->argv[0] = S("/bin/up");
	world->upstream.command = world->argv;
	world->upstream.command_n = 1;
	spawn(world, open_run, world);
	assert_true(has_heard(world->in, "\"initialize\""));
	peer_says(world->out, S(INITIALIZED "\n"));
	turns(world);
	assert_true(world->is_open);
	buf_clear(&world->in->heard);
}

static void
says(struct world *world, const char *line)
{
	peer_says(world->out, slice_of(line));
	peer_says(world->out, S("\n"));
	turns(world);
}

static unsigned
times_heard(const struct peer *peer, const char *what)
{
	const char *at = peer->heard.p, *end = at + peer->heard.n;
	unsigned n = 0;

	while (at != NULL && (at = memmem(at, (size_t)(end - at), what, strlen(what))) != NULL) {
		at += strlen(what);
		n++;
	}
	return n;
}

static void
the_end_of_a_child(void **state)
{
	static const struct {
		bool exits, ends;
		int status, write_error;
		const char *says;
	} rows[] = {
		{ true, true, 3 << 8, 0, "exited with status 3; its stderr ends: starting\nboom" },
		{ true, false, 9, 0, "was ended by signal 9" },
		{ false, true, 0, 0, "closed its stdout" },
		{ false, false, 0, EPIPE, "does not read its stdin" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world world;
		struct caller_task *task;

		stdio_open(&world);
		peer_says(world.errors, S("starting\nboom\n"));
		turns(&world);
		world.in->write_error = rows[i].write_error;
		task = call_begin(&world, 0);
		world.out->says_end = rows[i].ends;
		if (rows[i].exits)
			child_exits(&world, rows[i].status);
		turns(&world);
		machine_sleep(&world.machine, world.loop, 500);
		turns(&world);
		assert_int_equal(world.lost, 1);
		assert_failed(task, ERR_OUTCOME_UNKNOWN, rows[i].says);
		world_fini(&world);
	}
}

/* A large answer is still being read when the child has gone: it counts. */
static void
a_last_large_answer(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_open(&world);
	task = call_begin(&world, 0);
	peer_says(world.out, S("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"x\":\""));
	for (size_t i = 0; i < 3 * SLICE_OF_WORK_BYTES; i++)
		buf_putc(&world.out->says, 'x');
	peer_says(world.out, S("\"}}\n"));
	world.out->says_end = true;
	child_exits(&world, 0);
	for (int i = 0; i < 40 && !task->is_over; i++) {
		/* Time flies. */
		world.machine.now_ms += 200;
		(void)loop_turn(world.loop, 0);
	}
	assert_true(task->is_over);
	assert_true(task->ok);
	world_fini(&world);
}

static void
broken_lines(void **state)
{
	struct world world;
	struct caller_task *a, *b;

	(void)state;
	stdio_open(&world);
	a = call_begin(&world, 0);
	b = call_begin(&world, 1);
	says(&world, "Listening on port 80");
	says(&world, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":5}");
	says(&world, "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}]");
	assert_int_equal(back_faults(world.back), 3);
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"x\":\"\\x\"}}");
	assert_failed(b, ERR_UNAVAILABLE, "no valid message");
	assert_true(b->call.was_sent);
	if (!a->is_over) {
		says(&world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
		assert_true(a->is_over && a->ok);
	}
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
	world_fini(&world);
}

/* A child that asks and does not read: what it is told is dropped, not piled up. */
static void
pings_without_end(void **state)
{
	struct world world;
	struct buf line;

	(void)state;
	stdio_open(&world);
	world.in->write_room = 0;
	buf_init(&line, NULL, SIZE_MAX);
	buf_puts(&line, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":\"");
	for (int i = 0; i < 200; i++)
		buf_putc(&line, 'x');
	buf_puts(&line, "\"}\n");
	for (int i = 0; i < 30000; i++)
		peer_says(world.out, buf_view(&line));
	turns(&world);
	assert_true(loop_memory(world.loop)->peak_bytes < 10 * MIB);
	assert_true(back_faults(world.back) > 0);
	assert_int_equal(world.lost, 0);
	buf_fini(&line);
	world_fini(&world);
}

/* ---- questions ------------------------------------------------------------------------------- */

static void
ask(struct world *world, unsigned id)
{
	char line[128];

	snprintf(line, sizeof(line),
	    "{\"jsonrpc\":\"2.0\",\"id\":\"q%u\",\"method\":\"elicitation/create\",\"params\":{}}",
	    id);
	peer_says(world->out, slice_of(line));
	peer_says(world->out, S("\n"));
}

static void
questions_are_bounded(void **state)
{
	struct world world;
	struct caller_task *task;

	(void)state;
	stdio_open(&world);
	ask(&world, 1000);
	turns(&world);
	/* No call: nobody to ask. */
	assert_int_equal(times_heard(world.in, "decline"), 1);
	task = call_begin(&world, 0);
	for (unsigned i = 0; i < 200; i++)
		ask(&world, i);
	turns(&world);
	assert_int_equal(world.asked, 64);
	assert_int_equal(times_heard(world.in, "decline"), 1 + 136);
	/* Those that are withdrawn get no response, and make room. */
	says(&world,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	    "\"params\":{\"requestId\":\"q5\"}}");
	assert_int_equal(times_heard(world.in, "\"q5\""), 0);
	ask(&world, 300);
	turns(&world);
	assert_int_equal(world.asked, 65);
	/* With the call its questions end. */
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
	assert_true(task->is_over && task->ok);
	assert_int_equal(times_heard(world.in, "\"action\":\"cancel\""), 64);
	assert_int_equal(world.exchange.asking, 0);
	world_fini(&world);
}

static void
large_questions_are_declined(void **state)
{
	struct world world;

	(void)state;
	stdio_open(&world);
	call_begin(&world, 0);
	peer_says(world.out,
	    S("{\"jsonrpc\":\"2.0\",\"id\":\"big\",\"method\":\"elicitation/create\","
	      "\"params\":{\"message\":\""));
	for (size_t i = 0; i < SLICE_OF_WORK_BYTES; i++)
		buf_putc(&world.out->says, 'x');
	says(&world, "\"}}");
	turns(&world);
	assert_int_equal(world.asked, 0);
	assert_int_equal(times_heard(world.in, "decline"), 1);
	says(&world, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
	world_fini(&world);
}

/* Two clients have calls on one connection: nobody knows whose question it is. */
static void
questions_are_not_guessed(void **state)
{
	struct world world;
	struct exchange other;

	(void)state;
	stdio_open(&world);
	call_begin(&world, 0);
	other = world.exchange;
	other.family = &other;
	call_begin(&world, 1);
	world.calls[1].call.exchange = &other;
	ask(&world, 1);
	turns(&world);
	assert_int_equal(world.asked, 0);
	assert_int_equal(times_heard(world.in, "decline"), 1);
	world_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_by_status),
		cmocka_unit_test(small_events_after_a_large_one),
		cmocka_unit_test(a_lost_session_loses_no_answer),
		cmocka_unit_test(a_lost_session_waits_its_grace),
		cmocka_unit_test(a_refused_connection),
		cmocka_unit_test(the_end_of_a_child),
		cmocka_unit_test(a_last_large_answer),
		cmocka_unit_test(broken_lines),
		cmocka_unit_test(pings_without_end),
		cmocka_unit_test(questions_are_bounded),
		cmocka_unit_test(large_questions_are_declined),
		cmocka_unit_test(questions_are_not_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

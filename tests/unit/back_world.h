/*
 * A back and an upstream that the test plays, byte by byte, for test_back*.c: a machine that starts
 * children, calls as tasks, and the other side of HTTP.
 */
#ifndef TESTS_BACK_WORLD_H
#define TESTS_BACK_WORLD_H

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
	struct back_memory memory;
	struct caller_task calls[CALLS_MAX];
	struct peer *in, *out, *errors; /* of the child, as it was started last */
	struct child *child;
	struct mcp_gate gate;
	struct exchange exchange;
};

/* ---- a machine with children ----------------------------------------------------------------- */

static void UNUSED
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

static void UNUSED
child_exits(struct world *world, int status)
{
	world->child->on_exit(world->child->owner, status);
}

static void UNUSED
child_is_stopped(void *seam, struct child *child, unsigned grace_ms)
{
	(void)grace_ms;
	child_exits(CONTAINER(seam, struct world, machine), 0);
	must(child->out != NULL);
}

static void UNUSED
child_is_freed(void *seam, struct child *child)
{
	(void)seam;
	mem_free(child);
}

/* ---- the world ------------------------------------------------------------------------------- */

static void UNUSED
on_list_changed(void *owner, enum mcp_method what)
{
	(void)owner;
	(void)what;
}

static void UNUSED
on_lost(void *owner, const struct err *why)
{
	struct world *world = owner;

	world->lost++;
	world->err = *why;
}

static const struct back_events events = { .list_changed = on_list_changed, .lost = on_lost };

static bool UNUSED
pass(void *owner, struct exchange *exchange, enum mcp_pass what, struct slice server,
    struct slice *text, struct err *err)
{
	return true;
}

/* A client that never answers. */
static bool UNUSED
ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	struct world *world = exchange->front_data;

	world->asked++;
	while (task_park_wait(world->loop, err))
		continue;
	return false;
}

static void UNUSED
tell(struct exchange *exchange, const struct tell *what)
{
}

static bool
may_tell(void *owner, struct exchange *exchange, struct tell *what, struct buf *room)
{
	return true;
}

static const struct front_ops front = { .name = "test", .ask_wait = ask_wait, .tell = tell };

static void UNUSED
open_run(void *arg)
{
	struct world *world = arg;
	struct back_spec spec = { .server = S("up"),
		.upstream = &world->upstream,
		.message_bytes = 64 * MIB,
		.capabilities = S("{\"elicitation\":{}}"),
		.revision = MCP_NEWEST_LEGACY,
		.memory = &world->memory };

	world->is_open =
	    back_open_wait(world->loop, &spec, &events, world, &world->back, &world->err);
	if (world->is_open)
		back_begin_wait(world->back);
}

static void UNUSED
close_run(void *arg)
{
	struct world *world = arg;

	back_close_wait(&world->back, 1000);
	world->is_closed = true;
}

static void UNUSED
turns(struct world *world)
{
	for (int i = 0; i < 20; i++)
		machine_turns(&world->machine, world->loop);
}

static void UNUSED
spawn(struct world *world, void (*fn)(void *arg), void *arg)
{
	struct err err;

	assert_true(group_spawn(world->loop, &world->group, "test", fn, arg, &err));
	turns(world);
}

UNUSED static const struct seam_ops *
ops_with_children(void)
{
	static struct seam_ops ops;

	ops = machine_ops;
	ops.child_start = child_start;
	ops.child_stop = child_is_stopped;
	ops.child_free = child_is_freed;
	return &ops;
}

static void UNUSED
world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->machine = (struct machine){ .now_ms = 1000 };
	world->loop = loop_new_on(ops_with_children(), &world->machine, NULL);
	world->gate.pass_wait = pass;
	world->gate.may_tell = may_tell;
	world->upstream.connect_timeout_ms = 5000;
	world->upstream.protocol = PROTOCOL_LEGACY;
	world->exchange = (struct exchange){ .loop = world->loop,
		.front = &front,
		.front_data = world,
		.gate = &world->gate,
		.revision = MCP_NEWEST_LEGACY,
		.can = { .elicitation = true },
		.family = world };
}

static void UNUSED
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

static void UNUSED
call_run(void *arg)
{
	struct caller_task *task = arg;

	task->ok = back_call_wait(task->world->back, &task->call, &task->err);
	task->is_over = true;
}

UNUSED static struct caller_task *
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

static void UNUSED
assert_failed(const struct caller_task *task, enum errkind kind, const char *says)
{
	assert_true(task->is_over);
	assert_false(task->ok);
	if (task->err.kind != kind || strstr(task->err.text, says) == NULL)
		fail_msg("kind %d: %s", task->err.kind, task->err.text);
}

/* ---- the other side of HTTP ------------------------------------------------------------------ */

/* The connection that was made last. */
UNUSED static struct peer *
newest(struct world *world)
{
	return machine_last(&world->machine);
}

static bool UNUSED
has_heard(const struct peer *peer, const char *what)
{
	return peer->heard.n > 0 &&
	    memmem(peer->heard.p, peer->heard.n, what, strlen(what)) != NULL;
}

UNUSED static struct peer *
peer_that_heard(struct world *world, const char *what)
{
	for (unsigned i = world->machine.peers_n; i > 0; i--) {
		if (has_heard(world->machine.peers[i - 1], what))
			return world->machine.peers[i - 1];
	}
	fail_msg("nobody heard %s", what);
	return NULL;
}

static void UNUSED
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
static void UNUSED
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

#endif

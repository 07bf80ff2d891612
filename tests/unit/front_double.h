/*
 * Fronts before a gate that the test plays, for the units of fronts: what the gate was given waits
 * in begun[] until the test finishes it.
 */
#ifndef TESTS_FRONT_DOUBLE_H
#define TESTS_FRONT_DOUBLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mcp/front.h"
#include "stream_double.h"

#define BEGUN_MAX   8
#define INITIALIZED "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{}}"

struct world {
	struct machine machine;
	struct loop *loop;
	struct mcp_gate gate;
	struct front_limits limits;
	struct fronts *fronts;
	struct exchange *begun[BEGUN_MAX];
	unsigned begun_n, cancelled, ended;
	struct peer *in, *out;
	struct group group;
	bool answers_at_once, holds_initialize;
};

/* A notification that belongs to no call, to every session. */
UNUSED static void
tell_all(struct fronts *fronts, enum mcp_method method)
{
	struct tell tell = { .method = method };

	for (struct session *s = fronts->sessions.next; s != &fronts->sessions; s = s->next)
		session_tell(s, &tell);
}

/* ---- the gate -------------------------------------------------------------------------------- */

UNUSED static void
finish(struct exchange *exchange, struct reply reply)
{
	exchange->front->finish(exchange, &reply);
	exchange_free(&exchange);
}

UNUSED static void
begin(void *owner, struct exchange *exchange)
{
	struct world *world = owner;
	bool is_initialize = exchange->request.method == MCP_INITIALIZE;

	if (is_initialize && !world->holds_initialize) {
		finish(exchange, (struct reply){ .result = S(INITIALIZED) });
		return;
	}
	if (world->answers_at_once && !is_initialize) {
		finish(exchange, (struct reply){ .result = S("{\"tools\":[]}") });
		return;
	}
	assert_true(world->begun_n < BEGUN_MAX);
	world->begun[world->begun_n++] = exchange;
}

UNUSED static void
cancel(void *owner, struct exchange *exchange)
{
	struct world *world = owner;

	assert_true(exchange->is_cancelled);
	world->cancelled++;
}

UNUSED static bool
may_tell(void *owner, struct exchange *exchange, struct tell *tell, struct buf *room)
{
	return true;
}

UNUSED static bool
pass(void *owner, struct exchange *exchange, enum mcp_pass what, struct slice server,
    struct slice *text, struct err *err)
{
	return true;
}

/* ---- the world ------------------------------------------------------------------------------- */

UNUSED static void
turns(struct world *world)
{
	for (int i = 0; i < 10; i++)
		machine_turns(&world->machine, world->loop);
}

UNUSED static void
world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->loop = machine_loop(&world->machine);
	world->gate = (struct mcp_gate){ .owner = world,
		.begin = begin,
		.cancel = cancel,
		.may_tell = may_tell,
		.pass_wait = pass };
	world->limits = (struct front_limits){ .message_bytes = 8 * MIB,
		.ask_ms = 5000,
		.session_idle_ms = 60000,
		.sessions = 3,
		.in_flight = 100,
		.parked = 3 };
	world->fronts = fronts_new(world->loop, &world->gate, &world->limits);
}

UNUSED static void
world_fini(struct world *world)
{
	while (world->begun_n > 0)
		finish(world->begun[--world->begun_n], (struct reply){ .result = S("{}") });
	turns(world);
	fronts_free(&world->fronts);
	turns(world);
	assert_int_equal(loop_tasks(world->loop), 0);
	assert_int_equal(loop_memory(world->loop)->used_bytes, 0);
	machine_end(&world->machine, &world->loop);
}

UNUSED static bool
has_heard(const struct peer *peer, const char *what)
{
	return peer->heard.n > 0 &&
	    memmem(peer->heard.p, peer->heard.n, what, strlen(what)) != NULL;
}

#define INITIALIZE(id, capabilities) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"initialize\",\"params\":{" \
	"\"protocolVersion\":\"2025-06-18\",\"capabilities\":" capabilities "," \
	"\"clientInfo\":{\"name\":\"test\\u0001\",\"version\":\"1\"}}}"

/* ---- questions ------------------------------------------------------------------------------- */

struct asker {
	struct world *world;
	struct exchange *exchange;
	bool is_over, ok;
	struct answer answer;
	struct err err;
};

UNUSED static void
ask_run(void *arg)
{
	struct asker *asker = arg;
	struct question question = { .method = MCP_ELICITATION_CREATE,
		.params = S("{\"message\":\"?\"}"),
		.server = S("up") };

	asker->ok = exchange_ask_wait(asker->exchange, &question, &asker->answer, &asker->err);
	asker->is_over = true;
}

UNUSED static void
ask(struct world *world, struct asker *asker)
{
	struct err err;

	*asker = (struct asker){ .world = world, .exchange = world->begun[0] };
	assert_true(group_spawn(world->loop, &world->group, "ask", ask_run, asker, &err));
	turns(world);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

UNUSED static void
http_init(struct world *world)
{
	struct address at = { .ip = { 127, 0, 0, 1 }, .port = 8080 }, bound;
	struct err err;

	world_init(world);
	world->answers_at_once = true;
	assert_true(front_http_open(world->fronts, &at, NULL, 0, &bound, &err));
}

/* Sends one request on a new connection; what it hears is in the peer. */
UNUSED static struct peer *
http_at(
    struct world *world, const char *method, const char *path, const char *fields, const char *body)
{
	struct peer *peer = machine_accept(&world->machine, 0);
	struct buf text;

	buf_init(&text, NULL, SIZE_MAX);
	buf_printf(&text,
	    "%s %s HTTP/1.1\r\nHost: localhost:8080\r\n%sContent-Length: %zu\r\n\r\n%s", method,
	    path, fields, strlen(body), body);
	peer_says(peer, buf_view(&text));
	buf_fini(&text);
	turns(world);
	return peer;
}

UNUSED static struct peer *
http(struct world *world, const char *method, const char *fields, const char *body)
{
	return http_at(world, method, "/mcp", fields, body);
}

#define JSON "Content-Type: application/json\r\n"
#define BOTH JSON "Accept: application/json, text/event-stream\r\n"

/* Begins a session and puts its header line into session. */
UNUSED static void
session_begin_at(struct world *world, const char *revision, char session[80])
{
	struct buf text;
	struct peer *peer;
	const char *at;

	buf_init(&text, NULL, SIZE_MAX);
	buf_printf(&text,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
	    "\"protocolVersion\":\"%s\",\"capabilities\":{\"elicitation\":{}},"
	    "\"clientInfo\":{\"name\":\"test\",\"version\":\"1\"}}}",
	    revision);
	buf_putc(&text, '\0');
	peer = http(world, "POST", BOTH, text.p);
	buf_fini(&text);
	at = memmem(peer->heard.p, peer->heard.n, "Mcp-Session-Id: ", 16);

	assert_non_null(at);
	snprintf(session, 80, "%.*s", 16 + 32 + 2, at);
}

UNUSED static void
session_begin(struct world *world, char session[80])
{
	session_begin_at(world, "2025-06-18", session);
}

#endif

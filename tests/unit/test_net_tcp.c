/*
 * The HTTP server and client against each other, over real sockets of this machine: what a double
 * cannot show (readiness, refusals by the kernel, sizes over its buffers, names).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "net/net.h"

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_pool *pool;
	struct http_request *stream;
	struct buf got;
	struct err err;
	int status;
	unsigned dones, gones;
};

static void
on_head(void *owner, struct http_request *request)
{
	(void)owner;
	if (slice_eq(request->path, S("/refuse")))
		http_respond(request, 413, SLICE_NONE, SLICE_NONE, NULL, 0);
}

static void
on_request(void *owner, struct http_request *request)
{
	struct fixture *fixture = owner;
	struct slice body = buf_view(&request->body);

	if (slice_eq(request->path, S("/stream"))) {
		fixture->stream = request;
		http_stream_begin(request, 200, SLICE_NONE, S("text/event-stream"));
	} else {
		http_respond(request, 200, SLICE_NONE, S("text/plain"), &body, 1);
	}
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct fixture *fixture = owner;

	(void)request;
	fixture->stream = NULL;
	fixture->gones++;
}

static void
on_response(void *owner, struct fetch *fetch, int status)
{
	(void)fetch;
	((struct fixture *)owner)->status = status;
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	(void)fetch;
	buf_put(&((struct fixture *)owner)->got, (struct slice){ bytes, n });
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct fixture *fixture = owner;

	(void)fetch;
	fixture->dones++;
	fixture->err = err != NULL ? *err : (struct err){ .kind = ERR_NONE };
}

static const struct http_handler server_side = { on_head, on_request, on_gone };
static const struct fetch_handler client_side = { on_response, on_data, on_done };

static void
pool_open(struct fixture *fixture, const char *host, unsigned port)
{
	struct err err;
	char url[64];

	snprintf(url, sizeof(url), "http://%s:%u/", host, port);
	http_pool_free(&fixture->pool);
	assert_true(http_pool_new(fixture->loop, slice_of(url), 4, 10000, &fixture->pool, &err));
}

static void
begin(struct fixture *fixture)
{
	struct address at = { .ip = { 127, 0, 0, 1 } };
	struct err err;

	*fixture = (struct fixture){ .dones = 0 };
	fixture->loop = loop_new(NULL, NULL, &err);
	assert_non_null(fixture->loop);
	buf_init(&fixture->got, NULL, SIZE_MAX);
	assert_true(http_server_new(fixture->loop, &at, &http_limits_default, &server_side, fixture,
	    &fixture->server, &err));
	pool_open(fixture, "127.0.0.1", http_server_address(fixture->server)->port);
}

static void
end(struct fixture *fixture)
{
	http_pool_free(&fixture->pool);
	http_server_free(&fixture->server);
	assert_int_equal(loop_memory(fixture->loop)->used_bytes, 0);
	loop_free(&fixture->loop);
	buf_fini(&fixture->got);
	arena_drain();
}

static struct fetch *
start(struct fixture *fixture, const char *path, struct slice body)
{
	struct fetch_request request = { .method = S("POST"),
		.path = slice_of(path),
		.body = &body,
		.body_parts = 1,
		.idle_ms = 60000 };

	fixture->got.n = 0;
	fixture->dones = 0;
	return fetch_start(fixture->pool, &request, &client_side, fixture);
}

static void
fetch(struct fixture *fixture, const char *path, struct slice body)
{
	(void)start(fixture, path, body);
	while (fixture->dones == 0)
		(void)loop_turn(fixture->loop, -1);
}

static void
small_and_large(void **state)
{
	static const size_t sizes[] = { 0, 1, 400, 65536, 100000, 5 * MIB, 1 };
	char *bytes = mem_new(5 * MIB);
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < 5 * MIB; i++)
		bytes[i] = (char)(i * 13 + i / 509);
	begin(&fixture);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		fetch(&fixture, "/echo", (struct slice){ bytes, sizes[i] });
		assert_int_equal(fixture.err.kind, ERR_NONE);
		assert_int_equal(fixture.status, 200);
		assert_int_equal(fixture.got.n, sizes[i]);
		assert_memory_equal(buf_view(&fixture.got).p, bytes, sizes[i]);
		assert_int_equal(http_server_connections(fixture.server), 1);
	}
	end(&fixture);
	mem_free(bytes);
}

/* The answer to a body that is not read arrives, although the connection closes. */
static void
refused_body(void **state)
{
	char *bytes = mem_new(MIB);
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	fetch(&fixture, "/refuse", (struct slice){ bytes, 600 * KIB });
	assert_int_equal(fixture.err.kind, ERR_NONE);
	assert_int_equal(fixture.status, 413);
	end(&fixture);
	mem_free(bytes);
}

static void
stream_and_hang_up(void **state)
{
	struct fixture fixture;
	struct slice event = S("data: x\n\n");
	struct fetch *stream;

	(void)state;
	begin(&fixture);
	stream = start(&fixture, "/stream", S("{}"));
	for (unsigned i = 1; i <= 3; i++) {
		while (fixture.stream == NULL)
			(void)loop_turn(fixture.loop, -1);
		http_stream_put(fixture.stream, &event, 1);
		while (fixture.got.n < i * event.n)
			(void)loop_turn(fixture.loop, -1);
	}
	fetch_abort(&stream);
	while (fixture.gones == 0)
		(void)loop_turn(fixture.loop, -1);
	assert_int_equal(fixture.dones, 0);
	assert_int_equal(http_server_connections(fixture.server), 0);
	end(&fixture);
}

/* The server goes while a stream is open. */
static void
server_gone(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	(void)start(&fixture, "/stream", S("{}"));
	while (fixture.stream == NULL)
		(void)loop_turn(fixture.loop, -1);
	http_server_free(&fixture.server);
	assert_int_equal(fixture.gones, 1);
	while (fixture.dones == 0)
		(void)loop_turn(fixture.loop, -1);
	assert_int_equal(fixture.err.kind, ERR_IO);
	end(&fixture);
}

static void
nobody_listens(void **state)
{
	struct fixture fixture;
	char want[100];
	unsigned port;

	(void)state;
	begin(&fixture);
	port = http_server_address(fixture.server)->port;
	http_server_free(&fixture.server);
	fetch(&fixture, "/", S(""));
	snprintf(want, sizeof(want), "connect to 127.0.0.1:%u: Connection refused", port);
	assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(fixture.err.text, want);
	end(&fixture);
}

static void
resolve(void *arg)
{
	struct fixture *fixture = arg;

	if (!http_pool_resolve_wait(fixture->pool, &fixture->err))
		fixture->dones = 1;
	else
		(void)start(fixture, "/echo", S("by name"));
}

/* By name: every address of it is tried. */
static void
names(void **state)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1", "bad..name" };

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct fixture fixture;
		struct group group = { .running = 0 };
		struct err err;

		begin(&fixture);
		pool_open(&fixture, hosts[i], http_server_address(fixture.server)->port);
		assert_true(group_spawn(fixture.loop, &group, "resolve", resolve, &fixture, &err));
		while (fixture.dones == 0)
			(void)loop_turn(fixture.loop, -1);
		if (i == 2) {
			assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
			assert_non_null(strstr(fixture.err.text, "\"bad..name\""));
		} else {
			assert_int_equal(fixture.err.kind, ERR_NONE);
			assert_true(slice_eq(buf_view(&fixture.got), S("by name")));
		}
		while (group.running > 0)
			(void)loop_turn(fixture.loop, -1);
		end(&fixture);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_and_large),
		cmocka_unit_test(refused_body),
		cmocka_unit_test(stream_and_hang_up),
		cmocka_unit_test(server_gone),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

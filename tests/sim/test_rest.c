/*
 * REST calls on the machine in memory, through the engine for it: replies, limits, deadlines by the
 * simulated clock, and cuts and faults at any time, from seeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "rest_plain.h"
#include "sim.h"

#define CALLS 40

struct world {
	struct sim *sim;
	struct loop *loop;
	struct http_server *server;
	struct rest_pool *pool;
	struct group group;
	struct http_request *held[CALLS];
	unsigned held_n, seen;
};

struct call {
	struct world *world;
	struct rest_request request;
	struct arena arena;
	struct rest_reply reply;
	struct err err;
	bool ok, was_sent, is_over;
};

static void
on_head(void *owner, struct http_request *request)
{
	(void)owner;
	(void)request;
}

static void
on_request(void *owner, struct http_request *request)
{
	struct world *world = owner;
	struct slice body = buf_view(&request->body);

	world->seen++;
	if (slice_eq(request->path, S("/base/hold")) && world->held_n < CALLS)
		world->held[world->held_n++] = request;
	else
		http_respond(request, 200, S("X-One: 1\r\n"), S("text/plain"), &body, 1);
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct world *world = owner;

	for (unsigned i = 0; i < world->held_n; i++)
		if (world->held[i] == request)
			world->held[i] = world->held[--world->held_n];
}

static const struct http_handler service = { on_head, on_request, on_gone };

static void
begin(struct world *world, uint64_t seed)
{
	struct address at = { .ip = { 127, 0, 0, 1 }, .port = 8080 };
	struct rest_settings settings = {
		.url = S("http://127.0.0.1:8080/base"), .connections = 3, .connect_ms = 1000
	};
	struct err err;

	*world = (struct world){ .seen = 0 };
	world->loop = sim_new(seed, NULL, &world->sim);
	rest_use_engine(&rest_plain);
	assert_true(http_server_new(
	    world->loop, &at, &http_limits_default, &service, world, &world->server, &err));
	assert_true(rest_pool_new(world->loop, &settings, &world->pool, &err));
}

static bool
never(void *ctx)
{
	return false;
}

static void
end(struct world *world)
{
	rest_pool_free(&world->pool);
	http_server_free(&world->server);
	(void)sim_run_until(world->sim, never, NULL, loop_now_ms(world->loop) + 1000);
	assert_int_equal(sim_streams_open(world->sim), 0);
	assert_int_equal(loop_memory(world->loop)->used_bytes, 0);
	loop_free(&world->loop);
	rest_use_engine(NULL);
	arena_drain();
}

static void
call_run(void *arg)
{
	struct call *call = arg;

	call->ok = rest_wait(call->world->pool, &call->request, &call->arena, &call->reply,
	    &call->was_sent, &call->err);
	call->is_over = true;
}

static void
call_begin(struct call *call, struct world *world, const char *path)
{
	struct err err;

	*call = (struct call){ .world = world };
	call->request = (struct rest_request){
		.method = S("POST"), .path = slice_of(path), .body = S("a body"), .max_bytes = 100
	};
	arena_init(&call->arena, NULL, MIB);
	assert_true(group_spawn(world->loop, &world->group, "call", call_run, call, &err));
}

static bool
are_over(void *ctx)
{
	return ((struct world *)ctx)->group.running == 0;
}

/* Ten simulated minutes are enough for everything. */
static void
run(struct world *world)
{
	assert_true(sim_run_until(world->sim, are_over, world, loop_now_ms(world->loop) + 600000));
}

static void
replies(void **state)
{
	struct world world;
	struct call one;

	begin(&world, 1);
	call_begin(&one, &world, "/x");
	run(&world);
	assert_true(one.ok);
	assert_int_equal(one.reply.status, 200);
	assert_true(slice_eq(one.reply.body, S("a body")));
	assert_true(slice_eq(rest_header(&one.reply, S("x-one")), S("1")));
	arena_fini(&one.arena);
	call_begin(&one, &world, "/x");
	one.request.max_bytes = 5;
	run(&world);
	assert_false(one.ok);
	assert_int_equal(one.err.kind, ERR_LIMIT);
	assert_true(one.was_sent);
	arena_fini(&one.arena);
	end(&world);
}

static void
deadlines(void **state)
{
	struct world world;
	struct call calls[5];

	begin(&world, 2);
	for (size_t i = 0; i < COUNT(calls); i++) {
		call_begin(&calls[i], &world, "/hold");
		calls[i].request.timeout_ms = 5000;
	}
	run(&world);
	assert_true(loop_now_ms(world.loop) >= 5000);
	assert_int_equal(world.seen, 3); /* two queued all the time */
	for (size_t i = 0; i < COUNT(calls); i++) {
		assert_int_equal(calls[i].err.kind, ERR_DEADLINE);
		assert_int_equal(calls[i].was_sent, i < 3);
		arena_fini(&calls[i].arena);
	}
	end(&world);
}

/* Whatever happens: each call ends, once, and what it says of its sending is not too little. */
static void
faults_and_cuts(void **state)
{
	static const struct sim_faults faults = {
		.short_io = 200, .again = 100, .delay = 100, .reset = 30, .refuse = 50
	};
	unsigned good = 0, bad = 0;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		static struct call calls[CALLS];
		struct world world;
		unsigned sent = 0;

		begin(&world, seed);
		sim_set_faults(world.sim, &faults);
		for (size_t i = 0; i < CALLS; i++) {
			call_begin(&calls[i], &world, i % 8 == 7 ? "/hold" : "/x");
			calls[i].request.timeout_ms = 2000;
		}
		for (uint64_t turns = sim_random(world.sim, 200); turns > 0; turns--)
			(void)loop_turn(world.loop, 5);
		if (seed % 3 == 0)
			group_cancel(&world.group, ERR_CANCELLED);
		else if (seed % 3 == 1)
			rest_pool_free(&world.pool);
		run(&world);
		for (size_t i = 0; i < CALLS; i++) {
			assert_true(calls[i].is_over);
			assert_true(calls[i].ok || calls[i].err.kind != ERR_NONE);
			sent += calls[i].was_sent;
			good += calls[i].ok;
			bad += !calls[i].ok;
			arena_fini(&calls[i].arena);
		}
		assert_true(world.seen <= sent);
		end(&world);
	}
	assert_true(good > 100 && bad > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(faults_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Backs against an upstream that the test plays: whose answer it is, what the end of a child means
 * for its calls, and what a hostile upstream may pile up.
 */
#include "back_world.h"

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
		{ true, true, 3 << 8, 0, "exited with status 3; its stderr ends: starting|boom" },
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

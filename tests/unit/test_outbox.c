/* The outbox: order and completeness under short and blocked writes, ceilings, failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net.h"
#include "stream_double.h"

struct fixture {
	struct machine machine;
	struct loop *loop;
	struct peer *peer;
	struct stream *stream;
	struct outbox outbox;
	unsigned fails, drains;
	enum errkind why;
};

static void
on_ready(void *owner, unsigned events)
{
	struct fixture *fixture = owner;

	if (events & STREAM_WRITABLE)
		outbox_ready(&fixture->outbox);
}

static void
on_fail(void *owner, const struct err *err)
{
	struct fixture *fixture = owner;

	fixture->fails++;
	fixture->why = err->kind;
}

static void
on_drained(void *owner)
{
	((struct fixture *)owner)->drains++;
}

static void
begin(struct fixture *fixture, size_t ceiling)
{
	*fixture = (struct fixture){ .fails = 0 };
	fixture->loop = machine_loop(&fixture->machine);
	fixture->peer = peer_new(&fixture->machine, fixture->loop);
	fixture->stream = &fixture->peer->stream;
	fixture->stream->on_ready = on_ready;
	fixture->stream->owner = fixture;
	outbox_init(&fixture->outbox, fixture->loop, fixture->stream, ceiling);
	fixture->outbox.owner = fixture;
	fixture->outbox.on_fail = on_fail;
	fixture->outbox.on_drained = on_drained;
}

static void
end(struct fixture *fixture)
{
	outbox_fini(&fixture->outbox);
	stream_close(&fixture->stream);
	machine_end(&fixture->machine, &fixture->loop);
}

static void
turns(struct fixture *fixture)
{
	machine_turns(&fixture->machine, fixture->loop);
}

/* Twenty parts through a stream that takes any number of bytes a call, with and without blocking.
 */
static void
short_writes(void **state)
{
	(void)state;
	for (size_t max = 1; max < 45; max++)
		for (int how = 0; how < 3; how++) {
			struct fixture fixture;
			struct slice parts[20];

			begin(&fixture, 1000);
			for (size_t i = 0; i < 20; i++)
				parts[i] = i % 3 == 0
				    ? S("")
				    : (struct slice){ &"abcdefghijklmnopqrst"[i],
					      i % 2 + 1 < 20 - i ? i % 2 + 1 : 20 - i };
			fixture.peer->write_max = max;
			if (how == 1)
				fixture.peer->write_room = max;
			if (how == 2)
				outbox_queue(&fixture.outbox, parts, 20);
			else
				outbox_send(&fixture.outbox, parts, 20);
			outbox_send(&fixture.outbox, parts + 1, 3);
			turns(&fixture);
			fixture.peer->write_room = SIZE_MAX;
			turns(&fixture);
			assert_true(slice_starts(peer_heard(fixture.peer), S("bccef")));
			assert_true(slice_ends(peer_heard(fixture.peer), S("bcc")));
			assert_int_equal(fixture.outbox.written_bytes, fixture.peer->heard.n);
			assert_int_equal(outbox_pending(&fixture.outbox), 0);
			assert_int_equal(fixture.outbox.first == NULL, 1);
			assert_int_equal(fixture.peer->wanted, 0);
			end(&fixture);
		}
}

static void
one_write_a_turn(void **state)
{
	struct fixture fixture;
	struct slice line = S("line\n");

	(void)state;
	begin(&fixture, 1000);
	for (int i = 0; i < 10; i++)
		outbox_queue(&fixture.outbox, &line, 1);
	assert_int_equal(fixture.peer->writes, 0);
	turns(&fixture);
	assert_int_equal(fixture.peer->writes, 1);
	assert_int_equal(fixture.peer->heard.n, 50);
	assert_int_equal(fixture.peer->wants, 0);
	end(&fixture);
}

static void
send_after_queue(void **state)
{
	struct fixture fixture;
	struct slice one = S("1"), two = S("2");

	(void)state;
	begin(&fixture, 1000);
	outbox_queue(&fixture.outbox, &one, 1);
	outbox_send(&fixture.outbox, &two, 1);
	assert_true(slice_eq(peer_heard(fixture.peer), S("12")));
	turns(&fixture);
	assert_int_equal(fixture.peer->writes, 1);
	end(&fixture);
}

/* Exactly the ceiling is fine, a byte more is not; told once, from a turn. */
static void
slow_reader(void **state)
{
	struct fixture fixture;
	struct slice five = S("12345"), one = S("6");

	(void)state;
	begin(&fixture, 5);
	fixture.peer->write_room = 0;
	outbox_send(&fixture.outbox, &five, 1);
	turns(&fixture);
	assert_int_equal(fixture.fails, 0);
	outbox_send(&fixture.outbox, &one, 1);
	outbox_queue(&fixture.outbox, &one, 1);
	assert_int_equal(fixture.fails, 0);
	turns(&fixture);
	assert_int_equal(fixture.fails, 1);
	assert_int_equal(fixture.why, ERR_LIMIT);
	outbox_send(&fixture.outbox, &one, 1);
	turns(&fixture);
	assert_int_equal(fixture.fails, 1);
	assert_int_equal(fixture.peer->heard.n, 0);
	end(&fixture);
}

/* The ceiling is about what waits, not about what went by. */
static void
ceiling_follows(void **state)
{
	struct fixture fixture;
	struct slice five = S("12345");

	(void)state;
	begin(&fixture, 8);
	fixture.peer->write_room = 0;
	for (int i = 0; i < 1000; i++) {
		outbox_send(&fixture.outbox, &five, 1);
		fixture.peer->write_room = i == 0 ? 2 : 5;
		turns(&fixture);
		assert_int_equal(outbox_pending(&fixture.outbox), 3);
	}
	assert_int_equal(fixture.fails, 0);
	assert_true(fixture.outbox.first == fixture.outbox.last);
	end(&fixture);
}

static void
broken_stream(void **state)
{
	struct fixture fixture;
	struct slice one = S("1");

	(void)state;
	begin(&fixture, 8);
	fixture.peer->write_error = EPIPE;
	outbox_send(&fixture.outbox, &one, 1);
	assert_int_equal(fixture.fails, 0);
	turns(&fixture);
	assert_int_equal(fixture.fails, 1);
	assert_int_equal(fixture.why, ERR_IO);
	assert_string_equal(fixture.outbox.why.text, "write: Broken pipe");
	end(&fixture);
}

static void
end_shuts_when_drained(void **state)
{
	struct fixture fixture;
	struct slice five = S("12345");

	(void)state;
	begin(&fixture, 8);
	fixture.peer->write_room = 2;
	outbox_send(&fixture.outbox, &five, 1);
	outbox_end(&fixture.outbox);
	turns(&fixture);
	assert_false(fixture.peer->is_shut);
	fixture.peer->write_room = 3;
	turns(&fixture);
	assert_true(fixture.peer->is_shut);
	assert_int_equal(fixture.drains, 1);
	end(&fixture);

	begin(&fixture, 8);
	outbox_end(&fixture.outbox);
	assert_true(fixture.peer->is_shut);
	end(&fixture);
}

static void
interest_is_shared(void **state)
{
	struct fixture fixture;
	struct slice five = S("12345");

	(void)state;
	begin(&fixture, 8);
	outbox_want(&fixture.outbox, STREAM_READABLE);
	outbox_want(&fixture.outbox, STREAM_READABLE);
	assert_int_equal(fixture.peer->wants, 1);
	fixture.peer->write_room = 2;
	outbox_send(&fixture.outbox, &five, 1);
	assert_int_equal(fixture.peer->wanted, STREAM_READABLE | STREAM_WRITABLE);
	outbox_want(&fixture.outbox, 0);
	assert_int_equal(fixture.peer->wanted, STREAM_WRITABLE);
	outbox_want(&fixture.outbox, STREAM_READABLE);
	fixture.peer->write_room = 3;
	turns(&fixture);
	assert_int_equal(fixture.peer->wanted, STREAM_READABLE);
	end(&fixture);
}

/* A long backlog leaves in slices, without being moved for every write. */
static void
long_backlog(void **state)
{
	struct fixture fixture;
	char *bytes = mem_new(2 * MIB);
	struct slice all = { bytes, 2 * MIB };

	(void)state;
	begin(&fixture, SIZE_MAX);
	fixture.peer->write_room = 0;
	outbox_send(&fixture.outbox, &all, 1);
	fixture.peer->write_room = SIZE_MAX;
	turns(&fixture);
	assert_int_equal(fixture.peer->heard.n, 2 * MIB);
	assert_int_equal(fixture.peer->writes, 1 + 2 * MIB / SLICE_OF_WORK_BYTES);
	end(&fixture);
	mem_free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_writes),
		cmocka_unit_test(one_write_a_turn),
		cmocka_unit_test(send_after_queue),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(ceiling_follows),
		cmocka_unit_test(broken_stream),
		cmocka_unit_test(end_shuts_when_drained),
		cmocka_unit_test(interest_is_shared),
		cmocka_unit_test(long_backlog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

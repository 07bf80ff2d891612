/* Lines: every way of cutting the input gives the same lines; long ones are dropped, with samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/net.h"

struct sink {
	struct line_reader reader;
	struct buf got; /* "[line]" and "{head|tail|n}" */
	bool pauses;	/* after every line */
};

static void
on_line(void *owner, char *line, size_t n)
{
	struct sink *sink = owner;

	buf_putc(&sink->got, '[');
	buf_put(&sink->got, (struct slice){ line, n });
	buf_putc(&sink->got, ']');
	memset(line, '#', n); /* it is ours */
	if (sink->pauses)
		line_pause(&sink->reader);
}

static void
on_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	struct sink *sink = owner;

	buf_printf(&sink->got, "{%.*s|%.*s|%zu}", SLICE_FMT(head), SLICE_FMT(tail), n);
}

static void
sink_init(struct sink *sink, size_t max)
{
	memset(sink, 0, sizeof(*sink));
	line_reader_init(&sink->reader, NULL, max);
	sink->reader.on_line = on_line;
	sink->reader.on_long = on_long;
	sink->reader.owner = sink;
	buf_init(&sink->got, NULL, SIZE_MAX);
}

static void
sink_fini(struct sink *sink)
{
	line_reader_fini(&sink->reader);
	buf_fini(&sink->got);
}

static void
feed(struct sink *sink, struct slice text, size_t step)
{
	char *copy = mem_new(text.n);

	memcpy(copy, text.p, text.n);
	for (size_t at = 0; at < text.n; at += step) {
		size_t n = text.n - at < step ? text.n - at : step;
		char *piece = mem_new(n); /* of its own, so that overruns are seen */

		memcpy(piece, copy + at, n);
		line_feed(&sink->reader, piece, n);
		mem_free(piece);
		while (sink->reader.is_paused && sink->pauses)
			line_resume(&sink->reader);
	}
	mem_free(copy);
}

static void
every_step(void **state)
{
	static const struct {
		struct slice text, want;
	} rows[] = {
		{ { "a\nbb\r\n\nccc", 10 }, { "[a][bb][][ccc]", 14 } },
		{ { "\r\r\n\n\r", 5 }, { "[\r][][]", 7 } },
		{ { "", 0 }, { "", 0 } },
		{ { "\n", 1 }, { "[]", 2 } },
		{ { "12345678\n", 9 }, { "[12345678]", 10 } },
		{ { "12345678\r\nx\n", 12 }, { "[12345678][x]", 13 } },
		{ { "12345678\r", 9 }, { "[12345678]", 10 } },
		{ { "123456789\nx\n", 12 }, { "{123456789|123456789|9}[x]", 26 } },
		{ { "123456789\r\nx", 12 }, { "{123456789", 10 } },
		{ { "12345678\rA\nx\n", 13 }, { "{12345678\rA|12345678\rA|10}[x]", 29 } },
		{ { "123456789", 9 }, { "{123456789|123456789|9}", 23 } },
		{ { "a\0b\n", 4 }, { "[a\0b]", 5 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step <= rows[i].text.n + 1; step++)
			for (int pauses = 0; pauses < 2; pauses++) {
				struct sink sink;

				sink_init(&sink, 8);
				sink.pauses = pauses;
				feed(&sink, rows[i].text, step);
				line_end(&sink.reader);
				assert_true(sink.got.n >= rows[i].want.n);
				assert_memory_equal(sink.got.p != NULL ? sink.got.p : "",
				    rows[i].want.p, rows[i].want.n);
				sink_fini(&sink);
			}
}

/* Head and tail of a long line, in pieces of every kind of size. */
static void
long_samples(void **state)
{
	static const size_t steps[] = { 1, 7, 1000, 1024, 1025, 5000, 100000 };
	char *text = mem_new(10001);

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		text[i] = (char)('a' + i % 23);
	text[10000] = '\n';
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct sink sink;
		struct buf want;

		buf_init(&want, NULL, SIZE_MAX);
		buf_printf(&want, "{%.*s|%.*s|10000}[ok]", 1024, text, 1024, text + 10000 - 1024);
		sink_init(&sink, 2000);
		feed(&sink, (struct slice){ text, 10001 }, steps[i]);
		feed(&sink, S("ok\n"), 3);
		assert_int_equal(sink.got.n, want.n);
		assert_memory_equal(sink.got.p, want.p, want.n);
		sink_fini(&sink);
		buf_fini(&want);
	}
	mem_free(text);
}

static void
pause_holds(void **state)
{
	struct sink sink;

	(void)state;
	sink_init(&sink, 100);
	sink.pauses = true;
	line_feed(&sink.reader, (char[]){ 'a', '\n', 'b', '\n', 'c' }, 5);
	assert_memory_equal(sink.got.p, "[a]", sink.got.n);
	line_feed(&sink.reader, (char[]){ 'd', '\n' }, 2);
	assert_int_equal(sink.got.n, 3);
	line_resume(&sink.reader);
	assert_memory_equal(sink.got.p, "[a][b]", sink.got.n);
	sink.pauses = false;
	line_resume(&sink.reader);
	assert_memory_equal(sink.got.p, "[a][b][cd]", sink.got.n);
	assert_int_equal(sink.reader.held.cap, 0);
	sink_fini(&sink);
}

/* The stream ends while what it said is held back: nothing of it is lost, nor out of order. */
static void
end_in_a_pause(void **state)
{
	struct sink sink;

	(void)state;
	sink_init(&sink, 100);
	sink.pauses = true;
	line_feed(&sink.reader, (char[]){ 'a', '\n', 'b', '\n', 'c' }, 5);
	line_end(&sink.reader);
	assert_int_equal(sink.got.n, 3);
	line_resume(&sink.reader);
	assert_memory_equal(sink.got.p, "[a][b]", sink.got.n);
	line_resume(&sink.reader);
	assert_memory_equal(sink.got.p, "[a][b][c]", sink.got.n);
	assert_int_equal(sink.got.n, 9);
	line_resume(&sink.reader);
	assert_int_equal(sink.got.n, 9);
	sink_fini(&sink);
}

/* The account is full: the line counts as too long, nothing is lost silently. */
static void
account_full(void **state)
{
	struct memory memory = { .limit_bytes = 600 };
	struct sink sink;
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	sink_init(&sink, MIB);
	buf_fini(&sink.reader.line);
	buf_init(&sink.reader.line, &memory, MIB);
	line_feed(&sink.reader, text, 500);
	line_feed(&sink.reader, text, 1000);
	text[0] = '\n';
	line_feed(&sink.reader, text, 1);
	assert_int_equal(sink.got.p[0], '{');
	assert_true(memcmp(sink.got.p + sink.got.n - 6, "|1500}", 6) == 0);
	sink_fini(&sink);
	assert_int_equal(memory.used_bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step),
		cmocka_unit_test(long_samples),
		cmocka_unit_test(pause_holds),
		cmocka_unit_test(end_in_a_pause),
		cmocka_unit_test(account_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

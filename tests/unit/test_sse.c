/* Server-Sent Events: every way of cutting the input gives the same events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/net.h"

struct sink {
	struct sse_reader reader;
	struct buf got; /* "type/id/data;" or "type/id/-;" */
	bool pauses;
};

static void
on_event(void *owner, const struct sse_event *event)
{
	struct sink *sink = owner;

	buf_put(&sink->got, event->type);
	buf_putc(&sink->got, '/');
	buf_put(&sink->got, event->id);
	buf_putc(&sink->got, '/');
	if (event->has_data)
		buf_put(&sink->got, (struct slice){ event->data, event->data_n });
	else
		buf_putc(&sink->got, '-');
	buf_putc(&sink->got, ';');
	if (event->data_n > 0)
		memset(event->data, '#', event->data_n);
	if (sink->pauses)
		sse_pause(&sink->reader);
}

static void
sink_init(struct sink *sink, size_t max)
{
	memset(sink, 0, sizeof(*sink));
	sse_reader_init(&sink->reader, NULL, max);
	sink->reader.on_event = on_event;
	sink->reader.owner = sink;
	buf_init(&sink->got, NULL, SIZE_MAX);
}

static void
sink_fini(struct sink *sink)
{
	sse_reader_fini(&sink->reader);
	buf_fini(&sink->got);
}

MUST_CHECK static bool
feed(struct sink *sink, struct slice text, size_t step, struct err *err)
{
	for (size_t at = 0; at < text.n; at += step) {
		size_t n = text.n - at < step ? text.n - at : step;
		char *piece = mem_new(n);
		bool ok;

		memcpy(piece, text.p + at, n);
		ok = sse_feed(&sink->reader, piece, n, err);
		mem_free(piece);
		while (ok && sink->reader.is_paused && sink->pauses)
			ok = sse_resume(&sink->reader, err);
		if (!ok)
			return false;
	}
	return true;
}

static const struct {
	struct slice text, want;
	uint64_t retry_ms;
} rows[] = {
	{ S("data: a\n\n"), S("message//a;"), 0 },
	{ S("data:a\r\n\r\n"), S("message//a;"), 0 },
	{ S("data:  a\r\r"), S("message// a;"), 0 },
	{ S("\xef\xbb\xbf"
	    "data: a\n\n"),
	    S("message//a;"), 0 },
	{ S("\xef\xbb\xbf\xef\xbb\xbf"
	    "data: a\n\n"),
	    S(""), 0 },
	{ S("\xef\xbb"
	    "data: a\n\n"),
	    S(""), 0 },
	{ S("\xef\xbb"
	    "\n\ndata: a\n\n"),
	    S("message//a;"), 0 },
	{ S("data: a\ndata: b\ndata\ndata:\n\n"), S("message//a\nb\n\n;"), 0 },
	{ S("data\ndata\n\n"), S("message//\n;"), 0 },
	{ S("event: endpoint\ndata: /m?x=1\n\n"), S("endpoint///m?x=1;"), 0 },
	{ S("event: endpoint\ndata: /m\n\ndata: b\n\n"), S("endpoint///m;message//b;"), 0 },
	{ S("id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"),
	    S("message/7/a;message/7/b;message//c;"), 0 },
	{ S("id: 7\n\n"), S("message/7/-;"), 0 },
	{ S("id: 7\ndata:\n\n"), S("message/7/-;"), 0 },
	{ S("id: a\0b\ndata: x\n\n"), S("message//x;"), 0 },
	{ S("retry: 3000\n\n"), S("message//-;"), 3000 },
	{ S("retry: 3s\nretry: -1\nretry: \nretry\n\n"), S(""), 0 },
	{ S(": comment\n\n:\n\n"), S(""), 0 },
	{ S("event: x\n\ndata: a\n\n"), S("message//a;"), 0 },
	{ S("Data: a\n data: b\ndatax: c\n\n"), S(""), 0 },
	{ S("data: half\n"), S(""), 0 },
	{ S("data: half"), S(""), 0 },
	{ S("\n\n\r\n\r\r\n"), S(""), 0 },
	{ S("data: a\r\n\rdata: b\n\r"), S("message//a;message//b;"), 0 },
	{ S("data: a\r\rdata: b\r\n\ndata: c\n\n"), S("message//a;message//b;message//c;"), 0 },
};

static void
every_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step <= rows[i].text.n; step++)
			for (int pauses = 0; pauses < 2; pauses++) {
				struct sink sink;
				struct err err;

				sink_init(&sink, 64);
				sink.pauses = pauses;
				assert_true(feed(&sink, rows[i].text, step, &err));
				assert_true(slice_eq(buf_view(&sink.got), rows[i].want));
				assert_int_equal(sink.reader.retry_ms, rows[i].retry_ms);
				sink_fini(&sink);
			}
}

static void
limits(void **state)
{
	static const struct {
		struct slice text;
		bool ok;
	} cases[] = {
		{ S("data: 1234567890\n\n"), true },
		{ S("data: 12345678901\n\n"), false },
		{ S(":1234567890123456"), false },
		{ S("data: 1234567\ndata: 8\ndata: 9\ndata: 0\ndata: 1\ndata: 2\n\n"), false },
		{ S("data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n"), true },
		{ S("data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n"
		    "data\ndata\ndata\ndata\n"),
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t step = 1; step <= cases[i].text.n; step++) {
			struct sink sink;
			struct err err = { .kind = ERR_NONE };

			sink_init(&sink, 16);
			assert_int_equal(feed(&sink, cases[i].text, step, &err), cases[i].ok);
			assert_int_equal(err.kind, cases[i].ok ? ERR_NONE : ERR_LIMIT);
			sink_fini(&sink);
		}
}

/* A long event name is cut, and so is not taken for a known one. */
static void
long_type(void **state)
{
	struct sink sink;
	struct err err;
	struct buf text;

	(void)state;
	buf_init(&text, NULL, SIZE_MAX);
	buf_puts(&text, "event: ");
	for (int i = 0; i < 100; i++)
		buf_putc(&text, 'e');
	buf_puts(&text, "\ndata: x\n\n");
	sink_init(&sink, 1000);
	assert_true(feed(&sink, buf_view(&text), 3, &err));
	assert_int_equal(sink.got.n, 64 + 4);
	sink_fini(&sink);
	buf_fini(&text);
}

/* CR and LF mixed in a big buffer: work is linear, or this takes minutes. */
static void
hostile_ends(void **state)
{
	char *text = mem_new(MIB);
	struct sink sink;
	struct err err;

	(void)state;
	sink_init(&sink, MIB);
	memset(text, '\r', MIB);
	text[MIB - 1] = '\n';
	assert_true(sse_feed(&sink.reader, text, MIB, &err));
	memset(text, '\n', MIB);
	assert_true(sse_feed(&sink.reader, text, MIB, &err));
	for (size_t i = 0; i + 4 <= MIB; i += 4)
		memcpy(text + i, "id\n\n", 4);
	sink.pauses = true;
	assert_true(sse_feed(&sink.reader, text, MIB / 8, &err));
	while (sink.reader.held.n > 0)
		assert_true(sse_resume(&sink.reader, &err));
	sink_fini(&sink);
	mem_free(text);
}

static void
written_events(void **state)
{
	static const struct {
		struct slice type, id, text;
		const char *want;
	} cases[] = {
		{ { NULL, 0 }, { NULL, 0 }, S("{}"), "data: {}\n\n" },
		{ S("message"), { NULL, 0 }, S("{}"), "event: message\ndata: {}\n\n" },
		{ S("message"), S("1"), S("{}"), "event: message\nid: 1\ndata: {}\n\n" },
		{ { NULL, 0 }, S("1"), S(""), "id: 1\ndata: \n\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice parts[SSE_PARTS];
		size_t n = sse_parts(parts, cases[i].type, cases[i].id, cases[i].text);
		struct buf got;

		buf_init(&got, NULL, SIZE_MAX);
		assert_true(n <= SSE_PARTS);
		for (size_t k = 0; k < n; k++)
			buf_put(&got, parts[k]);
		assert_true(slice_eq(buf_view(&got), slice_of(cases[i].want)));
		buf_fini(&got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step),
		cmocka_unit_test(limits),
		cmocka_unit_test(long_type),
		cmocka_unit_test(hostile_ends),
		cmocka_unit_test(written_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

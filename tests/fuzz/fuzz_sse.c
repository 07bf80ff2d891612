/*
 * The reader of event streams: any cutting of the input, with and without pauses, gives what one
 * piece gives, and the same error at the same place.  The first byte chooses the cutting, the
 * second the longest event.
 */
#include <string.h>

#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct sse_reader reader;
	struct buf log;
	bool pauses;
};

static void
on_event(void *owner, const struct sse_event *event)
{
	struct run *run = owner;

	must(event->data_n <= run->reader.max_bytes && event->has_data == (event->data_n > 0));
	buf_printf(&run->log, "%zu %zu %zu %llu:", event->type.n, event->id.n, event->data_n,
	    (unsigned long long)run->reader.retry_ms);
	buf_put(&run->log, event->type);
	buf_put(&run->log, event->id);
	buf_put(&run->log, (struct slice){ event->data, event->data_n });
	if (event->data_n > 0)
		memset(event->data, '#', event->data_n);
	if (run->pauses)
		sse_pause(&run->reader);
}

static void
run(struct run *run, const uint8_t *data, size_t n, uint8_t cutting, uint8_t max)
{
	size_t step = cutting & 0x7f;
	struct err err;
	bool ok = true;

	memset(run, 0, sizeof(*run));
	sse_reader_init(&run->reader, NULL, max);
	run->reader.on_event = on_event;
	run->reader.owner = run;
	run->pauses = cutting & 0x80;
	buf_init(&run->log, NULL, SIZE_MAX);
	for (size_t at = 0; at < n && ok;) {
		size_t take = step == 0 || n - at < step ? n - at : step;
		char *piece = mem_new(take);

		memcpy(piece, data + at, take);
		ok = sse_feed(&run->reader, piece, take, &err);
		mem_free(piece);
		at += take;
		while (ok && run->reader.is_paused && (at % 3 != 0 || at == n))
			ok = sse_resume(&run->reader, &err);
	}
	if (!ok)
		buf_puts(&run->log, err.text);
	sse_reader_fini(&run->reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct run one, many;

	if (n < 2)
		return 0;
	run(&one, data + 2, n - 2, 0, data[1]);
	run(&many, data + 2, n - 2, data[0], data[1]);
	must(slice_eq(buf_view(&one.log), buf_view(&many.log)));
	buf_fini(&one.log);
	buf_fini(&many.log);
	return 0;
}

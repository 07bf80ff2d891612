/*
 * The line reader: any cutting of the input, with and without pauses, gives what one piece gives.
 * The first byte chooses the cutting, the second the longest line.
 */
#include <string.h>

#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct line_reader reader;
	struct buf log;
	bool pauses;
};

static void
on_line(void *owner, char *line, size_t n)
{
	struct run *run = owner;

	buf_printf(&run->log, "line %zu:", n);
	buf_put(&run->log, (struct slice){ line, n });
	memset(line, '#', n);
	if (run->pauses)
		line_pause(&run->reader);
}

static void
on_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	struct run *run = owner;

	buf_printf(&run->log, "long %zu %zu %zu:", head.n, tail.n, n);
	buf_put(&run->log, head);
	buf_put(&run->log, tail);
}

static void
run(struct run *run, const uint8_t *data, size_t n, uint8_t cutting, uint8_t max)
{
	size_t step = cutting & 0x7f;

	memset(run, 0, sizeof(*run));
	line_reader_init(&run->reader, NULL, max);
	run->reader.on_line = on_line;
	run->reader.on_long = on_long;
	run->reader.owner = run;
	run->pauses = cutting & 0x80;
	buf_init(&run->log, NULL, SIZE_MAX);
	for (size_t at = 0; at < n;) {
		size_t take = step == 0 || n - at < step ? n - at : step;
		char *piece = mem_new(take);

		memcpy(piece, data + at, take);
		line_feed(&run->reader, piece, take);
		mem_free(piece);
		at += take;
		/* Sometimes the pause lasts over the next pieces. */
		while (run->reader.is_paused && (at % 3 != 0 || at == n))
			line_resume(&run->reader);
	}
	line_end(&run->reader);
	line_reader_fini(&run->reader);
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

/*
 * Cutting a stream of bytes into lines.
 *
 * A line that lies whole in what was fed is handed out where it lies; only lines in two or more
 * pieces are put together in `line`.  Every byte is looked at once.  A line over max_bytes is
 * dropped as it comes: only its first and last KiB are kept, to say whose it was.
 */
#include <string.h>

#include "net/net.h"

#define KEEP_BYTES (4 * KIB) /* a bigger buffer is given back after its line */

static void
buf_calm(struct buf *buf)
{
	if (buf->cap > KEEP_BYTES)
		buf_fini(buf);
	else
		buf_clear(buf);
}

static void
sample_add(struct line_reader *reader, const char *bytes, size_t n)
{
	size_t keep;

	reader->dropped_bytes += n;
	if (reader->head_n < LINE_SAMPLE) {
		size_t room = LINE_SAMPLE - reader->head_n, take = n < room ? n : room;

		memcpy(reader->head + reader->head_n, bytes, take);
		reader->head_n += take;
	}
	if (n >= LINE_SAMPLE) {
		memcpy(reader->tail, bytes + n - LINE_SAMPLE, LINE_SAMPLE);
		reader->tail_n = LINE_SAMPLE;
		return;
	}
	keep = LINE_SAMPLE - n < reader->tail_n ? LINE_SAMPLE - n : reader->tail_n;
	memmove(reader->tail, reader->tail + reader->tail_n - keep, keep);
	memcpy(reader->tail + keep, bytes, n);
	reader->tail_n = keep + n;
}

static void
drop_start(struct line_reader *reader)
{
	reader->is_dropping = true;
	reader->dropped_bytes = reader->head_n = reader->tail_n = 0;
	if (reader->line.n > 0)
		sample_add(reader, reader->line.p, reader->line.n);
	buf_calm(&reader->line);
}

static void
drop_end(struct line_reader *reader)
{
	size_t n = reader->dropped_bytes;

	if (reader->tail_n > 0 && reader->tail[reader->tail_n - 1] == '\r') {
		reader->tail_n--;
		n--;
	}
	reader->is_dropping = false;
	if (reader->on_long != NULL)
		reader->on_long(reader->owner, (struct slice){ reader->head, reader->head_n },
		    (struct slice){ reader->tail, reader->tail_n }, n);
}

static size_t
without_cr(const char *line, size_t n)
{
	return n > 0 && line[n - 1] == '\r' ? n - 1 : n;
}

/* A piece of a line without its LF, which has not come yet. */
static void
piece_add(struct line_reader *reader, const char *bytes, size_t n)
{
	if (!reader->is_dropping && reader->line.n + n <= reader->max_bytes + 1) {
		buf_put(&reader->line, (struct slice){ bytes, n });
		if (!reader->line.overflow)
			return;
	}
	if (!reader->is_dropping)
		drop_start(reader);
	sample_add(reader, bytes, n);
}

/* The last piece of a line, which ended. */
static void
piece_end(struct line_reader *reader, char *bytes, size_t n)
{
	if (reader->line.n == 0 && !reader->is_dropping &&
	    without_cr(bytes, n) <= reader->max_bytes) {
		reader->on_line(reader->owner, bytes, without_cr(bytes, n));
		return;
	}
	if (n > 0)
		piece_add(reader, bytes, n);
	n = without_cr(reader->line.p, reader->line.n);
	if (!reader->is_dropping && n > reader->max_bytes)
		drop_start(reader);
	if (reader->is_dropping) {
		drop_end(reader);
		return;
	}
	reader->on_line(reader->owner, reader->line.p, n);
	buf_calm(&reader->line);
}

/* Returns how many of the bytes are dealt with: all, or those before a pause. */
static size_t
cut(struct line_reader *reader, char *bytes, size_t n)
{
	size_t at = 0;

	reader->in_feed = true;
	while (at < n && !reader->is_paused) {
		char *lf = memchr(bytes + at, '\n', n - at);

		if (lf == NULL) {
			piece_add(reader, bytes + at, n - at);
			at = n;
			break;
		}
		piece_end(reader, bytes + at, (size_t)(lf - (bytes + at)));
		at = (size_t)(lf - bytes) + 1;
	}
	reader->in_feed = false;
	return at;
}

void
line_reader_init(struct line_reader *reader, struct memory *memory, size_t max_bytes)
{
	memset(reader, 0, offsetof(struct line_reader, head));
	reader->head_n = reader->tail_n = reader->held_at = 0;
	reader->on_line = NULL;
	reader->on_long = NULL;
	reader->owner = NULL;
	reader->max_bytes = max_bytes < SIZE_MAX / 2 ? max_bytes : SIZE_MAX / 2;
	buf_init(&reader->line, memory, reader->max_bytes + 1);
	/* Not counted: never more than what the owner had read when it was asked to pause. */
	buf_init(&reader->held, NULL, SIZE_MAX);
}

void
line_reader_fini(struct line_reader *reader)
{
	must(!reader->in_feed);
	buf_fini(&reader->line);
	buf_fini(&reader->held);
}

void
line_feed(struct line_reader *reader, char *bytes, size_t n)
{
	size_t at = 0;

	must(!reader->in_feed);
	if (!reader->is_paused)
		at = cut(reader, bytes, n);
	if (at == n)
		return;
	if (reader->held_at > 0 && reader->held_at >= reader->held.n / 2) {
		buf_cut(&reader->held, reader->held_at);
		reader->held_at = 0;
	}
	buf_put(&reader->held, (struct slice){ bytes + at, n - at });
}

void
line_end(struct line_reader *reader)
{
	char none[1] = "";

	reader->has_ended = true;
	if (reader->in_feed || reader->is_paused || reader->held.n > 0)
		return; /* line_resume() comes back to it */
	reader->in_feed = true;
	if (reader->line.n > 0 || reader->is_dropping)
		piece_end(reader, none, 0);
	reader->in_feed = false;
}

bool
line_take(struct line_reader *reader, const char *line, size_t n, struct buf *to)
{
	if (line != reader->line.p || n == 0)
		return false;
	must(n <= reader->line.n);
	buf_fini(to);
	buf_take(to, &reader->line);
	to->n = n;
	return true;
}

void
line_pause(struct line_reader *reader)
{
	reader->is_paused = true;
}

void
line_resume(struct line_reader *reader)
{
	reader->is_paused = false;
	if (reader->in_feed)
		return;
	if (reader->held.n > 0)
		reader->held_at +=
		    cut(reader, reader->held.p + reader->held_at, reader->held.n - reader->held_at);
	if (reader->held_at == reader->held.n) {
		buf_fini(&reader->held);
		reader->held_at = 0;
	}
	if (reader->has_ended)
		line_end(reader);
}

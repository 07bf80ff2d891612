/*
 * Server-Sent Events: the event stream format of the WHATWG HTML standard, read and written.
 *
 * Lines end with CR, LF or CRLF, also when the two are fed apart.  Every byte is looked at once
 * and an event never holds more than max_bytes.  What differs from a browser: an event without data
 * but with an id or retry is told too (has_data false), and so is an event with empty data,
 * because MCP servers open their streams with one to give the client an id.
 */
#include <string.h>

#include "net/net.h"

#define KEEP_BYTES (4 * KIB) /* a bigger buffer is given back after its event */

static const char bom[3] = { '\xef', '\xbb', '\xbf' };

static void
buf_calm(struct buf *buf)
{
	if (buf->cap > KEEP_BYTES)
		buf_fini(buf);
	else
		buf_clear(buf);
}

static bool
too_long(const struct sse_reader *reader, struct err *err)
{
	return err_set(
	    err, ERR_LIMIT, "an event of the stream is longer than %zu bytes", reader->max_bytes);
}

MUST_CHECK static bool
data_add(struct sse_reader *reader, struct slice value, struct err *err)
{
	if (reader->data.n + value.n + 1 > reader->max_bytes)
		return too_long(reader, err);
	if (reader->has_data)
		buf_putc(&reader->data, '\n');
	reader->has_data = reader->has_any = true;
	buf_put(&reader->data, value);
	return buf_check(&reader->data, err);
}

MUST_CHECK static bool
id_set(struct sse_reader *reader, struct slice value, struct err *err)
{
	if (memchr(value.p, '\0', value.n) != NULL)
		return true;
	reader->has_any = true;
	buf_clear(&reader->last_id);
	buf_put(&reader->last_id, value);
	return buf_check(&reader->last_id, err);
}

MUST_CHECK static bool
field(struct sse_reader *reader, struct slice name, struct slice value, struct err *err)
{
	uint64_t ms;

	if (slice_eq(name, S("data")))
		return data_add(reader, value, err);
	if (slice_eq(name, S("id")))
		return id_set(reader, value, err);
	if (slice_eq(name, S("event"))) {
		reader->type_n = value.n < sizeof(reader->type) ? value.n : sizeof(reader->type);
		memcpy(reader->type, value.p, reader->type_n);
	} else if (slice_eq(name, S("retry")) && slice_to_u64(value, UINT64_MAX, &ms)) {
		reader->retry_ms = ms;
		reader->has_retry = reader->has_any = true;
	}
	return true;
}

static void
dispatch(struct sse_reader *reader)
{
	struct sse_event event = {
		.type = { reader->type, reader->type_n },
		.data = reader->data.p,
		.data_n = reader->data.n,
		.id = buf_view(&reader->last_id),
		.has_data = reader->data.n > 0,
	};
	bool has_any = reader->has_any;

	if (event.type.n == 0)
		event.type = S("message");
	reader->has_data = reader->has_any = false;
	if (has_any)
		reader->on_event(reader->owner, &event);
	reader->type_n = 0;
	buf_calm(&reader->data);
}

/* A whole line, without its end. */
MUST_CHECK static bool
line(struct sse_reader *reader, struct slice text, struct err *err)
{
	struct slice name, value;

	if (text.n == 0) {
		dispatch(reader);
		return true;
	}
	if (text.p[0] == ':')
		return true;
	name = slice_cut(text, ':', &value);
	if (value.p == NULL)
		value = S("");
	else if (value.n > 0 && value.p[0] == ' ')
		value = (struct slice){ value.p + 1, value.n - 1 };
	return field(reader, name, value, err);
}

MUST_CHECK static bool
piece_add(struct sse_reader *reader, const char *bytes, size_t n, struct err *err)
{
	if (reader->line.n + n > reader->max_bytes)
		return too_long(reader, err);
	buf_put(&reader->line, (struct slice){ bytes, n });
	return buf_check(&reader->line, err);
}

MUST_CHECK static bool
piece_end(struct sse_reader *reader, const char *bytes, size_t n, struct err *err)
{
	if (n > reader->max_bytes)
		return too_long(reader, err);
	if (reader->line.n == 0)
		return line(reader, (struct slice){ bytes, n }, err);
	if (!piece_add(reader, bytes, n, err) || !line(reader, buf_view(&reader->line), err))
		return false;
	buf_calm(&reader->line);
	return true;
}

/* Where the next end of a line is; searches each byte once for LF and once for CR. */
struct ends {
	const char *lf, *cr;
};

static const char *
ends_next(struct ends *ends, const char *at, const char *end)
{
	if (ends->lf == NULL || ends->lf < at) {
		ends->lf = memchr(at, '\n', (size_t)(end - at));
		if (ends->lf == NULL)
			ends->lf = end;
	}
	if (ends->cr == NULL || ends->cr < at) {
		ends->cr = memchr(at, '\r', (size_t)(end - at));
		if (ends->cr == NULL)
			ends->cr = end;
	}
	return ends->lf < ends->cr ? ends->lf : ends->cr;
}

/* Skips a byte order mark at the start, however it is cut; what only began like one is text. */
MUST_CHECK static bool
bom_skip(struct sse_reader *reader, const char *bytes, size_t n, size_t *at, struct err *err)
{
	while (reader->state < sizeof(bom) && *at < n) {
		uint8_t had = reader->state;

		if (bytes[*at] != bom[had]) {
			reader->state = sizeof(bom);
			return piece_add(reader, bom, had, err);
		}
		reader->state++;
		(*at)++;
	}
	return true;
}

/* Up to the end or a pause; *used says how far. */
MUST_CHECK static bool
cut(struct sse_reader *reader, const char *bytes, size_t n, size_t *used, struct err *err)
{
	struct ends ends = { NULL, NULL };
	size_t at = 0;

	*used = 0;
	if (reader->state < sizeof(bom) && !bom_skip(reader, bytes, n, &at, err))
		return false;
	while (at < n && !reader->is_paused) {
		const char *end;

		if (reader->was_cr) {
			reader->was_cr = false;
			if (bytes[at] == '\n') {
				at++;
				continue;
			}
		}
		end = ends_next(&ends, bytes + at, bytes + n);
		if (end == bytes + n) {
			if (!piece_add(reader, bytes + at, n - at, err))
				return false;
			at = n;
			break;
		}
		reader->was_cr = *end == '\r';
		if (!piece_end(reader, bytes + at, (size_t)(end - (bytes + at)), err))
			return false;
		at = (size_t)(end - bytes) + 1;
	}
	*used = at;
	return true;
}

void
sse_reader_init(struct sse_reader *reader, struct memory *memory, size_t max_bytes)
{
	*reader = (struct sse_reader){ .max_bytes = max_bytes };
	buf_init(&reader->line, memory, SIZE_MAX);
	buf_init(&reader->data, memory, SIZE_MAX);
	buf_init(&reader->last_id, memory, SIZE_MAX);
	/* Not counted: never more than what the owner had read when it was asked to pause. */
	buf_init(&reader->held, NULL, SIZE_MAX);
}

void
sse_reader_fini(struct sse_reader *reader)
{
	must(!reader->in_feed);
	buf_fini(&reader->line);
	buf_fini(&reader->data);
	buf_fini(&reader->last_id);
	buf_fini(&reader->held);
}

bool
sse_feed(struct sse_reader *reader, const char *bytes, size_t n, struct err *err)
{
	size_t used = 0;

	must(!reader->in_feed);
	if (!reader->is_paused) {
		bool ok;

		reader->in_feed = true;
		ok = cut(reader, bytes, n, &used, err);
		reader->in_feed = false;
		if (!ok)
			return false;
	}
	if (used == n)
		return true;
	if (reader->held_at > 0 && reader->held_at >= reader->held.n / 2) {
		buf_cut(&reader->held, reader->held_at);
		reader->held_at = 0;
	}
	buf_put(&reader->held, (struct slice){ bytes + used, n - used });
	return true;
}

void
sse_take(struct sse_reader *reader, const struct sse_event *event, struct buf *to)
{
	must(event->data == reader->data.p);
	buf_fini(to);
	buf_take(to, &reader->data);
	to->n = event->data_n;
}

void
sse_pause(struct sse_reader *reader)
{
	reader->is_paused = true;
}

bool
sse_resume(struct sse_reader *reader, struct err *err)
{
	size_t used;
	bool ok;

	reader->is_paused = false;
	if (reader->in_feed || reader->held.n == 0)
		return true;
	reader->in_feed = true;
	ok = cut(
	    reader, reader->held.p + reader->held_at, reader->held.n - reader->held_at, &used, err);
	reader->in_feed = false;
	reader->held_at += used;
	if (reader->held_at == reader->held.n) {
		buf_fini(&reader->held);
		reader->held_at = 0;
	}
	return ok;
}

size_t
sse_parts(struct slice parts[SSE_PARTS], struct slice type, struct slice id, struct slice text)
{
	size_t n = 0;

	must_slow(memchr(text.p, '\n', text.n) == NULL && memchr(text.p, '\r', text.n) == NULL);
	if (type.p != NULL) {
		parts[n++] = S("event: ");
		parts[n++] = type;
	}
	if (id.p != NULL) {
		parts[n] = n > 0 ? S("\nid: ") : S("id: ");
		parts[n + 1] = id;
		n += 2;
	}
	parts[n] = n > 0 ? S("\ndata: ") : S("data: ");
	parts[n + 1] = text;
	n += 2;
	parts[n++] = S("\n\n");
	return n;
}

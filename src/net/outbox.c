/*
 * Ordered bytes on their way out of a stream.
 *
 * Bytes go to the stream at once where it takes them; the rest waits in a list of segments, copied
 * together or by reference.  Memory is given back when nothing is pending.  Failures are told from
 * a turn of the loop, never from within a put: whoever puts need not expect to be destroyed by it.
 */
#include <errno.h>
#include <string.h>

#include "net/net.h"

#define IOV_MAX_USED  16
#define FLAT_BYTES    4096	 /* up to this, parts are copied together: cheaper than a vector */
#define SEGMENT_BYTES (64 * KIB) /* a copied segment grows to about this */

struct outbox_segment {
	struct outbox_segment *next;
	struct bytes *kept; /* NULL: the bytes are in own */
	struct buf own;
	const char *p; /* kept: where it begins */
	size_t at, n;  /* sent so far, length */
};

static void
want_update(struct outbox *outbox)
{
	stream_want(outbox->stream, outbox->wants | (outbox->is_blocked ? STREAM_WRITABLE : 0));
}

static void flush_later(struct deferred *deferred);

/* ---- segments ------------------------------------------------------------------------------- */

static void
segment_drop(struct outbox *outbox)
{
	struct outbox_segment *segment = outbox->first;

	outbox->first = segment->next;
	if (outbox->first == NULL)
		outbox->last = NULL;
	outbox->pending_bytes -= segment->n - segment->at;
	bytes_unref(&segment->kept);
	buf_fini(&segment->own);
	mem_free(segment);
}

static void
segments_drop(struct outbox *outbox)
{
	while (outbox->first != NULL)
		segment_drop(outbox);
}

static struct outbox_segment *
segment_add(struct outbox *outbox)
{
	struct outbox_segment *segment = MEM_NEW(struct outbox_segment);

	buf_init(&segment->own, loop_memory(outbox->loop), SIZE_MAX);
	if (outbox->last != NULL)
		outbox->last->next = segment;
	else
		outbox->first = segment;
	outbox->last = segment;
	return segment;
}

static bool
lies_in(struct slice s, const struct bytes *bytes)
{
	return bytes != NULL && s.p >= bytes->buf.p && s.p + s.n <= bytes->buf.p + bytes->buf.n;
}

static bool
segment_put(struct outbox *outbox, struct slice s)
{
	struct outbox_segment *segment = outbox->last;

	if (lies_in(s, outbox->keep)) {
		segment = segment_add(outbox);
		segment->kept = bytes_ref(outbox->keep);
		segment->p = s.p;
	} else {
		if (segment == NULL || segment->kept != NULL || segment->n >= SEGMENT_BYTES)
			segment = segment_add(outbox);
		buf_put(&segment->own, s);
		if (!buf_check(&segment->own, &outbox->why))
			return false;
	}
	segment->n += s.n;
	outbox->pending_bytes += s.n;
	return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void
fail(struct outbox *outbox)
{
	outbox->has_failed = true;
	outbox->is_blocked = false;
	segments_drop(outbox);
	want_update(outbox);
	loop_defer(outbox->loop, &outbox->flush, flush_later);
}

static void
block_set(struct outbox *outbox, bool is_blocked)
{
	if (outbox->is_blocked != is_blocked) {
		outbox->is_blocked = is_blocked;
		want_update(outbox);
	}
}

/* What one writev took; 0 also when it failed or would block. */
static size_t
write_some(struct outbox *outbox, const struct iovec *iov, int n)
{
	ssize_t took = stream_writev(outbox->stream, iov, n);

	if (took >= 0) {
		outbox->written_bytes += (uint64_t)took;
		return (size_t)took;
	}
	if (took != -EAGAIN) {
		const char *why = strerrordesc_np((int)-took);

		err_set(&outbox->why, ERR_IO, "write: %s", why != NULL ? why : "unknown error");
		fail(outbox);
	}
	return 0;
}

/* Is there no room for more? (one message may be larger than the ceiling, if little waits before
 * it) */
static bool
is_too_slow(struct outbox *outbox)
{
	if (outbox->pending_bytes <= outbox->ceiling_bytes)
		return false;
	err_set(&outbox->why, ERR_LIMIT,
	    "the reader is too slow: %zu bytes wait for it, %zu are allowed", outbox->pending_bytes,
	    outbox->ceiling_bytes);
	fail(outbox);
	return true;
}

static void
pending_put(struct outbox *outbox, const struct slice *parts, size_t n)
{
	if (is_too_slow(outbox))
		return;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n > 0 && !segment_put(outbox, parts[i])) {
			fail(outbox);
			return;
		}
	}
}

static void
drained(struct outbox *outbox)
{
	block_set(outbox, false);
	if (outbox->ends)
		stream_shutdown(outbox->stream);
	if (outbox->on_drained != NULL)
		outbox->on_drained(outbox->owner);
}

static void
pending_advance(struct outbox *outbox, size_t took)
{
	while (took > 0) {
		struct outbox_segment *segment = outbox->first;
		size_t part = segment->n - segment->at;

		part = part < took ? part : took;
		segment->at += part;
		outbox->pending_bytes -= part;
		took -= part;
		if (segment->at == segment->n)
			segment_drop(outbox);
	}
}

/* At most one slice of work; the stream stays wanted until all is gone. */
static void
pending_write(struct outbox *outbox)
{
	struct iovec iov[IOV_MAX_USED];
	size_t room = SLICE_OF_WORK_BYTES;
	int count = 0;

	for (struct outbox_segment *s = outbox->first;
	     s != NULL && room > 0 && count < IOV_MAX_USED; s = s->next) {
		size_t part = s->n - s->at < room ? s->n - s->at : room;

		iov[count].iov_base =
		    (void *)(uintptr_t)((s->kept != NULL ? s->p : s->own.p) + s->at);
		iov[count++].iov_len = part;
		room -= part;
	}
	if (count == 0)
		return;
	pending_advance(outbox, write_some(outbox, iov, count));
	if (outbox->has_failed)
		return;
	if (outbox->pending_bytes == 0)
		drained(outbox);
	else
		block_set(outbox, true);
}

static void
flush_later(struct deferred *deferred)
{
	struct outbox *outbox = CONTAINER(deferred, struct outbox, flush);

	if (outbox->has_failed) {
		if (outbox->on_fail != NULL)
			outbox->on_fail(outbox->owner, &outbox->why);
	} else if (!outbox->is_blocked) {
		pending_write(outbox);
	}
}

/* ---- the public side ------------------------------------------------------------------------ */

void
outbox_init(struct outbox *outbox, struct loop *loop, struct stream *stream, size_t ceiling_bytes)
{
	*outbox = (struct outbox){ .loop = loop, .stream = stream, .ceiling_bytes = ceiling_bytes };
}

void
outbox_fini(struct outbox *outbox)
{
	deferred_stop(outbox->loop, &outbox->flush);
	segments_drop(outbox);
	outbox->has_failed = true;
}

void
outbox_keep(struct outbox *outbox, struct bytes *keep)
{
	outbox->keep = keep;
}

/* Small messages leave as one piece; 0 with *fits false: they are not small. */
static size_t
flat_write(struct outbox *outbox, const struct slice *parts, size_t n, bool *fits)
{
	static char flat[FLAT_BYTES];
	struct iovec iov = { flat, 0 };

	for (size_t i = 0; i < n; i++) {
		*fits = parts[i].n <= FLAT_BYTES - iov.iov_len;
		if (!*fits)
			return 0;
		if (parts[i].n > 0)
			memcpy(flat + iov.iov_len, parts[i].p, parts[i].n);
		iov.iov_len += parts[i].n;
	}
	return iov.iov_len == 0 ? 0 : write_some(outbox, &iov, 1);
}

/* Writes the parts straight from where they are; returns how many of all their bytes went out. */
static size_t
parts_write(struct outbox *outbox, const struct slice *parts, size_t n)
{
	size_t room = SLICE_OF_WORK_BYTES, done = 0;
	bool fits = true;

	done = flat_write(outbox, parts, n, &fits);
	if (fits)
		return done;

	for (size_t at = 0; at < n && room > 0;) {
		struct iovec iov[IOV_MAX_USED];
		size_t total = 0, took;
		int count = 0;

		for (; at < n && count < IOV_MAX_USED && room > 0; at++) {
			size_t part = parts[at].n < room ? parts[at].n : room;

			if (part == 0)
				continue;
			iov[count].iov_base = (void *)(uintptr_t)parts[at].p;
			iov[count++].iov_len = part;
			total += part;
			room -= part;
		}
		if (count == 0)
			break;
		took = write_some(outbox, iov, count);
		done += took;
		if (took < total || outbox->has_failed)
			break;
	}
	return done;
}

static void
send_now(struct outbox *outbox, const struct slice *parts, size_t n)
{
	size_t done;

	if (outbox->pending_bytes > 0) {
		pending_put(outbox, parts, n);
		if (!outbox->has_failed && !outbox->is_blocked)
			pending_write(outbox);
		return;
	}
	done = parts_write(outbox, parts, n);
	for (size_t i = 0; i < n && !outbox->has_failed; i++) {
		struct slice rest = parts[i];

		if (done >= rest.n) {
			done -= rest.n;
			continue;
		}
		rest.p += done;
		rest.n -= done;
		done = 0;
		if (!segment_put(outbox, rest))
			fail(outbox);
	}
	if (!outbox->has_failed && outbox->pending_bytes > 0)
		block_set(outbox, true);
}

void
outbox_send(struct outbox *outbox, const struct slice *parts, size_t n)
{
	must(!outbox->ends);
	if (!outbox->has_failed)
		send_now(outbox, parts, n);
	outbox->keep = NULL;
}

void
outbox_queue(struct outbox *outbox, const struct slice *parts, size_t n)
{
	must(!outbox->ends);
	if (!outbox->has_failed)
		pending_put(outbox, parts, n);
	if (!outbox->has_failed && !outbox->is_blocked)
		loop_defer(outbox->loop, &outbox->flush, flush_later);
	outbox->keep = NULL;
}

void
outbox_ready(struct outbox *outbox)
{
	if (!outbox->has_failed)
		pending_write(outbox);
}

void
outbox_end(struct outbox *outbox)
{
	if (outbox->ends || outbox->has_failed)
		return;
	outbox->ends = true;
	if (outbox->pending_bytes == 0)
		stream_shutdown(outbox->stream);
}

void
outbox_want(struct outbox *outbox, unsigned events)
{
	if (outbox->wants != events) {
		outbox->wants = events;
		want_update(outbox);
	}
}

size_t
outbox_pending(const struct outbox *outbox)
{
	return outbox->pending_bytes;
}

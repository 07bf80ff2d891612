/*
 * Ordered bytes on their way out of a stream.
 *
 * Bytes go to the stream at once where it takes them; the rest waits in `pending`, of which the first
 * sent_bytes are gone already (they are cut off when they are half of it, so that the work stays
 * linear).  Memory is given back when nothing is pending.  Failures are told from a turn of the
 * loop, never from within a put: whoever puts need not expect to be destroyed by it.
 */
#include <errno.h>
#include <string.h>

#include "net/net.h"

#define IOV_MAX_USED	16

static void
want_update(struct outbox *outbox)
{
	stream_want(outbox->stream, outbox->wants | (outbox->is_blocked ? STREAM_WRITABLE : 0));
}

static void	flush_later(struct deferred *deferred);

static void
fail(struct outbox *outbox)
{
	outbox->has_failed = true;
	outbox->is_blocked = false;
	buf_fini(&outbox->pending);
	outbox->sent_bytes = 0;
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

static void
pending_put(struct outbox *outbox, const struct slice *parts, size_t n)
{
	size_t total = outbox_pending(outbox);

	for (size_t i = 0; i < n; i++)
		total += parts[i].n;
	if (total > outbox->ceiling_bytes) {
		err_set(&outbox->why, ERR_LIMIT, "the reader is too slow: %zu bytes wait for it, "
		    "%zu are allowed", total, outbox->ceiling_bytes);
		fail(outbox);
		return;
	}
	if (outbox->sent_bytes > 0 && outbox->sent_bytes >= outbox->pending.n / 2) {
		buf_cut(&outbox->pending, outbox->sent_bytes);
		outbox->sent_bytes = 0;
	}
	for (size_t i = 0; i < n; i++)
		buf_put(&outbox->pending, parts[i]);
	if (!buf_check(&outbox->pending, &outbox->why))
		fail(outbox);
}

static void
drained(struct outbox *outbox)
{
	buf_fini(&outbox->pending);
	outbox->sent_bytes = 0;
	block_set(outbox, false);
	if (outbox->ends)
		stream_shutdown(outbox->stream);
	if (outbox->on_drained != NULL)
		outbox->on_drained(outbox->owner);
}

/* At most one slice of work; the stream stays wanted until all is gone. */
static void
pending_write(struct outbox *outbox)
{
	size_t n = outbox_pending(outbox);
	struct iovec iov;

	if (n == 0)
		return;
	iov.iov_base = outbox->pending.p + outbox->sent_bytes;
	iov.iov_len = n < SLICE_OF_WORK_BYTES ? n : SLICE_OF_WORK_BYTES;
	outbox->sent_bytes += write_some(outbox, &iov, 1);
	if (outbox->has_failed)
		return;
	if (outbox_pending(outbox) == 0)
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

void
outbox_init(struct outbox *outbox, struct loop *loop, struct stream *stream, size_t ceiling_bytes)
{
	*outbox = (struct outbox){ .loop = loop, .stream = stream, .ceiling_bytes = ceiling_bytes };
	buf_init(&outbox->pending, loop_memory(loop), SIZE_MAX);
}

void
outbox_fini(struct outbox *outbox)
{
	deferred_stop(outbox->loop, &outbox->flush);
	buf_fini(&outbox->pending);
	outbox->sent_bytes = 0;
	outbox->has_failed = true;
}

/* Writes the parts straight from where they are; returns how many of all their bytes went out. */
static size_t
parts_write(struct outbox *outbox, const struct slice *parts, size_t n)
{
	size_t done = 0;

	for (size_t at = 0; at < n;) {
		struct iovec iov[IOV_MAX_USED];
		size_t total = 0, took;
		int count = 0;

		for (; at < n && count < IOV_MAX_USED; at++)
			if (parts[at].n > 0) {
				iov[count].iov_base = (void *)(uintptr_t)parts[at].p;
				iov[count++].iov_len = parts[at].n;
				total += parts[at].n;
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

void
outbox_send(struct outbox *outbox, const struct slice *parts, size_t n)
{
	size_t done;

	must(!outbox->ends);
	if (outbox->has_failed)
		return;
	if (outbox_pending(outbox) > 0) {
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
		pending_put(outbox, &rest, 1);
	}
	if (!outbox->has_failed && outbox_pending(outbox) > 0)
		block_set(outbox, true);
}

void
outbox_queue(struct outbox *outbox, const struct slice *parts, size_t n)
{
	must(!outbox->ends);
	if (outbox->has_failed)
		return;
	pending_put(outbox, parts, n);
	if (!outbox->has_failed && !outbox->is_blocked)
		loop_defer(outbox->loop, &outbox->flush, flush_later);
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
	if (outbox_pending(outbox) == 0)
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
	return outbox->pending.n - outbox->sent_bytes;
}

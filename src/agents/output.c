/*
 * output: two buffers take turns, one is filled while the helper thread writes the other.
 */
#include "agents/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define HELPER	   "agents-output"
#define FULL_BYTES (512 * KIB)
#define RING_MAX   (16 * MIB)

/* ---- on the helper thread -------------------------------------------------------------------- */

static void
file_open(void *arg)
{
	struct output *output = arg;

	output->fd = open(
	    output->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	output->error = output->fd < 0 ? errno : 0;
}

static void
file_write(void *arg)
{
	struct output *output = arg;
	size_t at = 0;

	while (at < output->flight.n && output->error == 0) {
		ssize_t n = write(output->fd, output->flight.p + at, output->flight.n - at);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			output->error = n == 0 ? ENOSPC : errno;
	}
	output->flight_written = at;
}

static void
file_close(void *arg)
{
	struct output *output = arg;

	if (close(output->fd) < 0 && output->error == 0)
		output->error = errno;
	output->fd = -1;
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static void kick(struct output *output);

static void
written(void *arg)
{
	struct output *output = arg;
	bool was_full = output_is_full(output);

	output->is_in_flight = false;
	output->written += output->flight_written;
	buf_clear(&output->flight);
	if (output->error != 0 && !output->is_cut) {
		output->is_cut = true;
		buf_fini(&output->pending);
		log_event(loop_log(output->loop), LOG_WARN, "agent_output_cut",
		    "%s: %s: the rest of what the run prints is not kept", output->path,
		    strerror(output->error));
	}
	kick(output);
	if (output->waiter != NULL)
		task_wake(output->waiter);
	if (was_full && !output_is_full(output) && output->on_room != NULL)
		output->on_room(output->owner);
}

static void
kick(struct output *output)
{
	struct buf swap;

	if (output->is_in_flight || output->is_cut || output->pending.n == 0)
		return;
	swap = output->flight;
	output->flight = output->pending;
	output->pending = swap;
	output->is_in_flight = true;
	loop_offload(output->loop, HELPER, file_write, written, output);
}

bool
output_open_wait(struct output *output, struct loop *loop, const char *path, uint64_t keep_bytes,
    uint64_t tail_bytes, struct err *err)
{
	if (tail_bytes > keep_bytes / 2)
		tail_bytes = keep_bytes / 2;
	if (tail_bytes > RING_MAX)
		tail_bytes = RING_MAX;
	*output = (struct output){ .loop = loop,
		.path = path,
		.fd = -1,
		.head_left = keep_bytes - tail_bytes,
		.ring_cap = (size_t)tail_bytes };
	buf_init(&output->pending, loop_memory(loop), SIZE_MAX);
	buf_init(&output->flight, loop_memory(loop), SIZE_MAX);
	output->ring = mem_new(output->ring_cap + 1);
	helper_run_wait(loop, HELPER, file_open, output);
	if (output->fd >= 0)
		return true;
	return err_set(
	    err, ERR_IO, "%.150s: its output cannot be kept: %s", path, strerror(output->error));
}

static void
ring_put(struct output *output, struct slice bytes)
{
	size_t part;

	if (bytes.n > output->ring_cap) {
		bytes.p += bytes.n - output->ring_cap;
		bytes.n = output->ring_cap;
	}
	while (bytes.n > 0) {
		part = output->ring_cap - output->ring_at;
		part = part < bytes.n ? part : bytes.n;
		memcpy(output->ring + output->ring_at, bytes.p, part);
		output->ring_at = (output->ring_at + part) % output->ring_cap;
		output->ring_n = output->ring_n + part < output->ring_cap ? output->ring_n + part
									  : output->ring_cap;
		bytes.p += part;
		bytes.n -= part;
	}
}

void
output_put(struct output *output, struct slice bytes)
{
	struct slice head = bytes;

	output->total += bytes.n;
	ring_put(output, bytes);
	if (head.n > output->head_left)
		head.n = (size_t)output->head_left;
	output->head_left -= head.n;
	output->in_head += head.n;
	if (head.n == 0 || output->is_cut)
		return;
	buf_put(&output->pending, head);
	if (output->pending.overflow) { /* limits.memory */
		output->pending.overflow = false;
		output->is_cut = true;
	}
	kick(output);
}

bool
output_is_full(const struct output *output)
{
	return !output->is_cut && output->pending.n >= FULL_BYTES;
}

/* The oldest byte first. */
static void
ring_straighten(struct output *output)
{
	size_t first = output->ring_cap - output->ring_at;
	char *straight;

	if (output->ring_n < output->ring_cap || output->ring_at == 0)
		return;
	straight = mem_new(output->ring_cap + 1);
	memcpy(straight, output->ring + output->ring_at, first);
	memcpy(straight + first, output->ring, output->ring_at);
	mem_free(output->ring);
	output->ring = straight;
	output->ring_at = 0;
}

/* Of what is not in the file what the ring still has. */
static void
end_put(struct output *output)
{
	uint64_t missing = output->total - output->in_head;

	output->has_hole = missing > output->ring_n;
	if (output->is_cut || missing == 0)
		return;
	if (output->has_hole)
		buf_printf(&output->pending, "\n[... %llu bytes are left out ...]\n",
		    (unsigned long long)(missing - output->ring_n));
	buf_put(&output->pending,
	    output->has_hole
		? (struct slice){ output->ring, output->ring_n }
		: (struct slice){ output->ring + output->ring_n - missing, (size_t)missing });
}

void
output_close_wait(struct output *output)
{
	struct err err;

	if (output->fd < 0)
		return;
	ring_straighten(output);
	end_put(output);
	output->waiter = task_self(output->loop);
	kick(output);
	while (output->is_in_flight)
		must(task_park_wait(output->loop, &err));
	output->waiter = NULL;
	helper_run_wait(output->loop, HELPER, file_close, output);
	if (output->error != 0)
		output->is_cut = true;
}

void
output_fini(struct output *output)
{
	must(!output->is_in_flight);
	buf_fini(&output->pending);
	buf_fini(&output->flight);
	mem_free(output->ring);
	output->ring = NULL;
	output->ring_n = 0;
}

struct slice
output_tail(const struct output *output)
{
	struct slice tail = { output->ring, output->ring_n };

	/* Cut at its beginning: not in the middle of a character. */
	for (unsigned i = 0; i < 3 && output->total > output->ring_n && tail.n > 0 &&
	     ((unsigned char)tail.p[0] & 0xc0) == 0x80;
	     i++) {
		tail.p++;
		tail.n--;
	}
	return tail;
}

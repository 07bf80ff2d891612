/*
 * loop: turns, deferred work, and the way to the seam.
 *
 * Deferred work and woken tasks stand in one queue in the order of their queueing.  What stands
 * there at the end of a turn is done as one batch, after all events and timers, so that whatever
 * they have to write goes out together; what such work queues waits for the next turn, which does
 * not block. Timers are in timer.c, tasks in task.c, the real machine in seam_uv.c.
 */
#include <unistd.h>

#include "run/loop_private.h"
#include "run/seam_uv.h"

/* Where a debugger (tools/gdb/bascule.py) finds the tasks of a thread; nothing else looks here. */
static __thread struct loop *loop_newest __attribute__((used));

/* ---- deferred ------------------------------------------------------------------------------ */

static void
ring_init(struct deferred *ring)
{
	ring->next = ring->prev = ring;
}

static bool
ring_is_empty(const struct deferred *ring)
{
	return ring->next == ring;
}

static void
ring_unlink(struct deferred *deferred)
{
	deferred->prev->next = deferred->next;
	deferred->next->prev = deferred->prev;
	deferred->next = deferred->prev = NULL;
	deferred->is_queued = false;
}

void
loop_defer(struct loop *loop, struct deferred *deferred, void (*fn)(struct deferred *))
{
	struct deferred *ring = &loop->queue;

	deferred->fn = fn;
	if (deferred->is_queued)
		return;
	deferred->is_queued = true;
	deferred->next = ring;
	deferred->prev = ring->prev;
	deferred->prev->next = deferred;
	ring->prev = deferred;
}

void
deferred_stop(struct loop *loop, struct deferred *deferred)
{
	if (deferred->is_queued)
		ring_unlink(deferred);
}

/* What is queued now; not what this work queues. */
static void
deferred_run(struct loop *loop)
{
	struct deferred *batch = &loop->batch, *first;

	if (ring_is_empty(&loop->queue))
		return;
	must(ring_is_empty(batch));
	*batch = loop->queue;
	batch->next->prev = batch->prev->next = batch;
	ring_init(&loop->queue);
	while ((first = batch->next) != batch) {
		ring_unlink(first);
		first->fn(first);
	}
}

/* ---- loop ---------------------------------------------------------------------------------- */

struct loop *
loop_new_on(const struct seam_ops *ops, void *seam, struct log *log)
{
	struct loop *loop = MEM_NEW(struct loop);

	loop->ops = ops;
	loop->seam = seam;
	loop->log = log;
	loop->metrics = metrics_new();
	ring_init(&loop->queue);
	ring_init(&loop->batch);
	tasks_init(loop);
	loop_random(loop, &loop->seed, sizeof(loop->seed));
	loop->older = loop_newest;
	loop_newest = loop;
	return loop;
}

struct loop *
loop_new(struct keeper **keeper, struct log *log, struct err *err)
{
	struct seam_uv *seam = seam_uv_new(err);
	struct loop *loop;

	if (seam == NULL)
		return NULL;
	loop = loop_new_on(&seam_uv_ops, seam, log);
	seam->loop = loop;
	seam_uv_keeper_attach(seam, keeper);
	return loop;
}

void
loop_free(struct loop **loop)
{
	struct loop *gone = *loop, **at = &loop_newest;

	if (gone == NULL)
		return;
	must(gone->tasks.n == 0);
	gone->ops->close(gone->seam);
	must(gone->tasks.n == 0);
	*loop = NULL;
	while (*at != gone)
		at = &(*at)->older;
	*at = gone->older;
	tasks_fini(gone);
	timers_fini(gone);
	metrics_free(&gone->metrics);
	log_flush(gone->log);
	mem_free(gone);
}

static int64_t
wait_ms(const struct loop *loop, int64_t timeout_ms)
{
	int64_t first_ms;

	if (!ring_is_empty(&loop->queue))
		return 0;
	first_ms = timers_wait_ms(loop, loop_now_ms(loop));
	return first_ms >= 0 && (timeout_ms < 0 || first_ms < timeout_ms) ? first_ms : timeout_ms;
}

static bool
has_plans(const struct loop *loop)
{
	return !ring_is_empty(&loop->queue) || loop->timers.n > 0;
}

bool
loop_turn(struct loop *loop, int64_t timeout_ms)
{
	bool had_plans = has_plans(loop);

	must(loop->tasks.current == NULL);
	loop->ops->turn(loop->seam, wait_ms(loop, timeout_ms));
	timers_fire(loop, loop_now_ms(loop));
	had_plans = had_plans || has_plans(loop);
	deferred_run(loop);
	log_flush(loop->log);
	return had_plans || has_plans(loop);
}

void
loop_run(struct loop *loop)
{
	loop->is_stopping = false;
	while (!loop->is_stopping)
		loop_turn(loop, -1);
}

void
loop_stop(struct loop *loop)
{
	loop->is_stopping = true;
}

struct log *
loop_log(const struct loop *loop)
{
	return loop->log;
}

struct metrics *
loop_metrics(struct loop *loop)
{
	return loop->metrics;
}

static void
lag_rotate(struct loop *loop)
{
	struct lag *lag = &loop->lag;
	uint64_t minute = loop_now_ms(loop) / 60000;

	if (minute == lag->minute)
		return;
	lag->before_us = minute == lag->minute + 1 ? lag->now_us : 0;
	lag->now_us = 0;
	lag->minute = minute;
}

void
loop_worked(struct loop *loop, uint64_t us)
{
	lag_rotate(loop);
	if (us > loop->lag.now_us)
		loop->lag.now_us = us;
}

uint64_t
loop_lag_us(struct loop *loop)
{
	lag_rotate(loop);
	return loop->lag.now_us > loop->lag.before_us ? loop->lag.now_us : loop->lag.before_us;
}

struct memory *
loop_memory(struct loop *loop)
{
	return &loop->memory;
}

uint64_t
loop_seed(const struct loop *loop)
{
	return loop->seed;
}

/* ---- the seam ------------------------------------------------------------------------------ */

const struct seam_ops *
loop_seam(struct loop *loop, void **seam)
{
	*seam = loop->seam;
	return loop->ops;
}

uint64_t
loop_now_ms(const struct loop *loop)
{
	return loop->ops->now_ms(loop->seam);
}

uint64_t
loop_unix_ms(const struct loop *loop)
{
	return loop->ops->unix_ms(loop->seam);
}

uint64_t
loop_unix_ns(const struct loop *loop)
{
	return loop->ops->unix_ns != NULL ? loop->ops->unix_ns(loop->seam)
					  : loop->ops->unix_ms(loop->seam) * 1000000;
}

void
loop_random(struct loop *loop, void *to, size_t n)
{
	loop->ops->random(loop->seam, to, n);
}

void
loop_on_signal(struct loop *loop, int signo, void (*fn)(void *ctx, int signo), void *ctx)
{
	loop->ops->signal(loop->seam, signo, fn, ctx);
}

struct stream *
loop_connect(struct loop *loop, const struct address *to, struct err *err)
{
	return loop->ops->connect(loop->seam, to, err);
}

bool
loop_listen(struct loop *loop, struct listener *listener, const struct address *at, struct err *err)
{
	listener->loop = loop;
	return loop->ops->listen(loop->seam, listener, at, err);
}

bool
loop_listen_on(struct loop *loop, struct listener *listener, int *fd, struct err *err)
{
	int taken = *fd;

	*fd = -1;
	if (loop->ops->listen_on == NULL) {
		close(taken);
		return err_set(err, ERR_UNAVAILABLE, "there are no sockets here to listen on");
	}
	listener->loop = loop;
	if (loop->ops->listen_on(loop->seam, listener, taken, err))
		return true;
	listener->loop = NULL;
	return false;
}

void
listener_close(struct listener *listener)
{
	struct loop *loop = listener->loop;

	if (loop == NULL)
		return;
	listener->loop = NULL;
	loop->ops->listener_close(loop->seam, listener);
}

void
loop_offload(struct loop *loop, const char *helper, void (*work)(void *arg),
    void (*done)(void *arg), void *arg)
{
	loop->ops->offload(loop->seam, helper, work, done, arg);
}

struct stream *
loop_stdio(struct loop *loop, int fd, struct err *err)
{
	return loop->ops->stdio(loop->seam, fd, err);
}

struct stream *
loop_watch(struct loop *loop, int fd, struct err *err)
{
	if (loop->ops->watch == NULL) {
		err_set(err, ERR_UNAVAILABLE, "descriptors of libraries cannot be watched here");
		return NULL;
	}
	return loop->ops->watch(loop->seam, fd, err);
}

ssize_t
stream_read(struct stream *stream, void *to, size_t n)
{
	return stream->ops->read(stream, to, n);
}

ssize_t
stream_writev(struct stream *stream, const struct iovec *iov, int n)
{
	return stream->ops->writev(stream, iov, n);
}

void
stream_want(struct stream *stream, unsigned events)
{
	stream->ops->want(stream, events);
}

void
stream_shutdown(struct stream *stream)
{
	stream->ops->shutdown(stream);
}

void
stream_close(struct stream **stream)
{
	struct stream *gone = *stream;

	if (gone == NULL)
		return;
	*stream = NULL;
	gone->ops->close(gone);
}

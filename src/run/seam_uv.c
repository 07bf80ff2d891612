/*
 * seam_uv: turns, clock, randomness and signals of the real machine, and its table of functions.
 *
 * libuv is the poller: one handle a descriptor, one timer that ends the wait of a turn, one async
 * handle for the helper threads (it also keeps libuv from thinking that there is nothing to do).
 * All other timers are the loop's.  SIGPIPE is ignored from the first loop on: a broken pipe is an
 * error of the write.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "run/loop_private.h"
#include "run/seam_uv.h"

struct seam_signal {
	struct seam_signal *next;
	uv_signal_t handle;
	int signo;
	void (*fn)(void *ctx, int signo);
	void *ctx;
};

/* ---- clock and turns ----------------------------------------------------------------------- */

/* libuv's, which stands still from the end of one wait to the next. */
static uint64_t
now_ms(void *seam)
{
	return uv_now(&((struct seam_uv *)seam)->uv);
}

/* Looked at once for each moment of the other: a call asks for it several times. */
static uint64_t
unix_ms(void *arg)
{
	struct seam_uv *seam = arg;
	uint64_t at_ms = uv_now(&seam->uv);
	struct timespec now;

	if (seam->unix_ms == 0 || seam->unix_at_ms != at_ms) {
		clock_gettime(CLOCK_REALTIME, &now);
		seam->unix_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
		seam->unix_at_ms = at_ms;
	}
	return seam->unix_ms;
}

static uint64_t
unix_ns(void *seam)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void
random_bytes(void *seam, void *to, size_t n)
{
	char *at = to;
	ssize_t got;

	while (n > 0) {
		got = getrandom(at, n, 0);
		must(got > 0 || errno == EINTR);
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

/* libuv may run timers before it polls: told to stop, it then does not wait for descriptors. */
static void
woken(uv_timer_t *timer)
{
	struct seam_uv *seam = timer->data;

	seam->wake_at_ms = 0;
	uv_stop(&seam->uv);
}

/* Times are counted from uv_now(), as the loop did, however old that is by now. */
static void
wake_at(struct seam_uv *seam, int64_t timeout_ms)
{
	uint64_t at_ms = timeout_ms < 0 ? 0 : uv_now(&seam->uv) + (uint64_t)timeout_ms;

	if (at_ms == seam->wake_at_ms)
		return;
	seam->wake_at_ms = at_ms;
	if (at_ms == 0)
		uv_timer_stop(&seam->wake);
	else
		uv_timer_start(&seam->wake, woken, (uint64_t)timeout_ms, 0);
}

/* What passed since the last look, but for the waiting, was work: callbacks, timers, tasks. */
static void
work_measure(struct seam_uv *seam)
{
	uint64_t now_ns = uv_hrtime(), idle_ns = uv_metrics_idle_time(&seam->uv);

	if (seam->looked_ns != 0)
		loop_worked(
		    seam->loop, (now_ns - seam->looked_ns - (idle_ns - seam->idle_ns)) / 1000);
	seam->looked_ns = now_ns;
	seam->idle_ns = idle_ns;
}

static void
turn(void *arg, int64_t timeout_ms)
{
	struct seam_uv *seam = arg;

	seam_uv_streams_apply(seam);
	work_measure(seam);
	if (timeout_ms != 0)
		wake_at(seam, timeout_ms);
	uv_run(&seam->uv, timeout_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
}

/* ---- signals ------------------------------------------------------------------------------- */

static void
signal_came(uv_signal_t *handle, int signo)
{
	struct seam_signal *own = handle->data;

	own->fn(own->ctx, signo);
}

static void
signal_closed(uv_handle_t *handle)
{
	mem_free(CONTAINER(handle, struct seam_signal, handle));
}

static struct seam_signal *
signal_find(struct seam_uv *seam, int signo)
{
	struct seam_signal *own = seam->signals;

	while (own != NULL && own->signo != signo)
		own = own->next;
	return own;
}

/* fn NULL: no longer. */
static void
on_signal(void *arg, int signo, void (*fn)(void *ctx, int signo), void *ctx)
{
	struct seam_uv *seam = arg;
	struct seam_signal *own = signal_find(seam, signo);

	if (own == NULL) {
		own = MEM_NEW(struct seam_signal);
		must(uv_signal_init(&seam->uv, &own->handle) == 0);
		own->handle.data = own;
		own->signo = signo;
		own->next = seam->signals;
		seam->signals = own;
	}
	own->fn = fn;
	own->ctx = ctx;
	if (fn == NULL)
		uv_signal_stop(&own->handle);
	else
		must(uv_signal_start(&own->handle, signal_came, signo) == 0);
}

static void
signals_close(struct seam_uv *seam)
{
	struct seam_signal *own;

	while ((own = seam->signals) != NULL) {
		seam->signals = own->next;
		uv_close((uv_handle_t *)&own->handle, signal_closed);
	}
}

/* ---- birth and end ------------------------------------------------------------------------- */

static void
ignore_sigpipe(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &action, NULL);
}

/*
 * Numbers 0 to 2 that somebody closed are taken, lest a socket of ours becomes our standard output;
 * libuv would not stand it either.
 */
static bool
stdio_look(struct seam_uv *seam, struct err *err)
{
	int fd, flags;

	for (fd = 0; fd <= STDERR_FILENO; fd++) {
		flags = fcntl(fd, F_GETFL);
		if (fd < (int)COUNT(seam->stdio_flags))
			seam->stdio_flags[fd] = flags;
		if (flags < 0 && open("/dev/null", O_RDWR) != fd)
			return err_set(err, ERR_UNAVAILABLE,
			    "/dev/null cannot be opened in the place of the "
			    "closed standard descriptor %d",
			    fd);
	}
	return true;
}

struct seam_uv *
seam_uv_new(struct err *err)
{
	struct seam_uv *seam = MEM_NEW(struct seam_uv);
	int error;

	if (!stdio_look(seam, err)) {
		mem_free(seam);
		return NULL;
	}
	error = uv_loop_init(&seam->uv);
	if (error != 0) {
		mem_free(seam);
		err_set(err, ERR_UNAVAILABLE, "the event loop cannot be set up: %s",
		    uv_strerror(error));
		return NULL;
	}
	(void)uv_loop_configure(&seam->uv, UV_METRICS_IDLE_TIME);
	ignore_sigpipe();
	uv_timer_init(&seam->uv, &seam->wake);
	seam->wake.data = seam;
	seam_uv_helpers_init(seam);
	return seam;
}

static void
close_all(void *arg)
{
	struct seam_uv *seam = arg;

	seam_uv_keeper_close(seam);
	seam_uv_helpers_close(seam);
	must(seam->streams == 0 && seam->listeners == 0);
	signals_close(seam);
	uv_close((uv_handle_t *)&seam->wake, NULL);
	uv_run(&seam->uv, UV_RUN_DEFAULT);
	must(uv_loop_close(&seam->uv) == 0);
	mem_free(seam);
}

const struct seam_ops seam_uv_ops = {
	.now_ms = now_ms,
	.unix_ms = unix_ms,
	.unix_ns = unix_ns,
	.random = random_bytes,
	.turn = turn,
	.connect = seam_uv_connect,
	.listen = seam_uv_listen,
	.listen_on = seam_uv_listen_on,
	.listener_close = seam_uv_listener_close,
	.stdio = seam_uv_stdio,
	.watch = seam_uv_watch,
	.child_start = seam_uv_child_start,
	.child_stop = seam_uv_child_stop,
	.child_free = seam_uv_child_free,
	.offload = seam_uv_offload,
	.signal = on_signal,
	.close = close_all,
};

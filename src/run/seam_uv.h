/*
 * seam_uv: the real machine behind the seam, on libuv, split over five files.
 *
 * seam_uv.c has turns, clock, randomness, signals and the table of functions; seam_uv_stream.c
 * sockets, pipes and stdio; seam_uv_listen.c listeners; seam_uv_helper.c helper threads;
 * seam_uv_child.c children and the keeper's socket.  Private to run/.
 */
#ifndef RUN_SEAM_UV_H
#define RUN_SEAM_UV_H

#include <sys/socket.h>
#include <uv.h>

#include "base/base.h"
#include "run/run.h"

struct seam_children;
struct seam_signal;
struct helper;
struct helper_job;
struct uv_stream;

struct seam_uv {
	uv_loop_t uv;
	struct loop *loop;		/* set before anything below is called */
	struct seam_children *children; /* seam_uv_child.c's; NULL: not attached */
	uv_timer_t wake;		/* the one timer: ends the wait of a turn */
	uint64_t wake_at_ms;		/* 0: not running */
	struct seam_signal *signals;
	struct uv_stream *changed;   /* streams whose wants libuv has not been told yet */
	unsigned streams, listeners; /* open ones */
	uint64_t looked_ns, idle_ns; /* when events were last looked for; waited until then */
	uint64_t unix_ms; /* the time of day at the loop's unix_at_ms; 0: not looked at */
	uint64_t unix_at_ms;
	int stdio_flags[2]; /* of 0 and 1 as we found them; -1: closed, or shut down */
	unsigned stdio_open;
	struct helper *helpers;
	uv_async_t helped;    /* a helper has put something on jobs_done */
	uv_mutex_t jobs_lock; /* of jobs_done */
	struct helper_job *jobs_done, **jobs_end;
};

/* ---- seam_uv.c ----------------------------------------------------------------------------- */

extern const struct seam_ops seam_uv_ops;
/* Its loop must be set before it is used. NULL: err. */
struct seam_uv *seam_uv_new(struct err *err);

/* ---- seam_uv_stream.c ---------------------------------------------------------------------- */

/* A stream over a pipe or socket of ours.  fd is taken over (made non-blocking), or closed: NULL,
 * err. */
struct stream *seam_uv_stream_of_fd(struct seam_uv *seam, int fd, struct err *err);

/* Tells libuv what streams want by now; before each turn. */
void seam_uv_streams_apply(struct seam_uv *seam);
struct stream *seam_uv_connect(void *seam, const struct address *to, struct err *err);
struct stream *seam_uv_stdio(void *seam, int fd, struct err *err);
struct stream *seam_uv_watch(void *seam, int fd, struct err *err);

/*
 * No delays; and a peer that vanished without a word (half-open) is noticed within a minute, also
 * when the connection is idle.
 */
void seam_uv_tcp_options_set(int fd);

/* ---- seam_uv_listen.c ---------------------------------------------------------------------- */

bool
seam_uv_listen(void *seam, struct listener *listener, const struct address *at, struct err *err);
bool seam_uv_listen_on(void *seam, struct listener *listener, int fd, struct err *err);
void seam_uv_listener_close(void *seam, struct listener *listener);

/* ---- seam_uv_helper.c ---------------------------------------------------------------------- */

void seam_uv_helpers_init(struct seam_uv *seam);
/* Joins the threads after all that was queued; the last done functions are called from here. */
void seam_uv_helpers_close(struct seam_uv *seam);
void seam_uv_offload(
    void *seam, const char *helper, void (*work)(void *arg), void (*done)(void *arg), void *arg);

/* ---- address.c ----------------------------------------------------------------------------- */

/* IPv4 addresses mapped into IPv6 become IPv4; unknown families an unnamed Unix socket. */
void address_from_sockaddr(const struct sockaddr_storage *from, socklen_t n, struct address *out);

/* ---- loop.c -------------------------------------------------------------------------------- */

/* The machine that a loop runs on, for those parts of run/ that wrap an operation in a wait. */
const struct seam_ops *loop_seam(struct loop *loop, void **seam);

/* ---- seam_uv_child.c ----------------------------------------------------------------------- */

/* Takes over the keeper (may be NULL or *keeper NULL: the first child starts one). */
void seam_uv_keeper_attach(struct seam_uv *seam, struct keeper **keeper);
/*
 * Ends the keeper and everything below it, waits for that, and frees what stands here.  Starts that
 * were not answered get their done() with an error.  Its libuv handles are closing: the loop must
 * run until they are closed.
 */
void seam_uv_keeper_close(struct seam_uv *seam);

/* Rows of struct seam_ops; `seam` is the struct seam_uv. */
void seam_uv_child_start(void *seam, const struct child_spec *spec,
    void (*done)(void *ctx, struct child *child, const struct err *err), void *ctx);
void seam_uv_child_stop(void *seam, struct child *child, unsigned grace_ms);
void seam_uv_child_free(void *seam, struct child *child);

#endif

/*
 * seam_uv: the real machine behind the seam, on libuv, split over two files.
 *
 * seam_uv.c has clock, sockets, pipes, helpers, signals and the table of functions; seam_uv_child.c
 * has children and the keeper's socket.  Private to run/.
 */
#ifndef RUN_SEAM_UV_H
#define RUN_SEAM_UV_H

#include <uv.h>

#include "base/base.h"
#include "run/run.h"

struct seam_children;

struct seam_uv {
	uv_loop_t uv;
	struct loop *loop;			/* set before anything below is called */
	struct seam_children *children;		/* seam_uv_child.c's; NULL: not attached */
};

/* ---- seam_uv.c ----------------------------------------------------------------------------- */

/* A stream over a pipe or socket of ours.  fd is taken over (made non-blocking), or closed: NULL, err. */
struct stream *seam_uv_stream_of_fd(struct seam_uv *seam, int fd, struct err *err);

/* ---- loop.c -------------------------------------------------------------------------------- */

/* The machine that a loop runs on, for those parts of run/ that wrap an operation in a wait. */
const struct seam_ops *loop_seam(struct loop *loop, void **seam);

/* ---- seam_uv_child.c ----------------------------------------------------------------------- */

/* Takes over the keeper (may be NULL or *keeper NULL: the first child starts one). */
void	seam_uv_keeper_attach(struct seam_uv *seam, struct keeper **keeper);
/*
 * Ends the keeper and everything below it, waits for that, and frees what stands here.  Starts that
 * were not answered get their done() with an error.  Its libuv handles are closing: the loop must run
 * until they are closed.
 */
void	seam_uv_keeper_close(struct seam_uv *seam);

/* Rows of struct seam_ops; `seam` is the struct seam_uv. */
void	seam_uv_child_start(void *seam, const struct child_spec *spec,
	    void (*done)(void *ctx, struct child *child, const struct err *err), void *ctx);
void	seam_uv_child_stop(void *seam, struct child *child, unsigned grace_ms);
void	seam_uv_child_free(void *seam, struct child *child);

#endif

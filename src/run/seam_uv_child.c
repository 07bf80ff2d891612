/*
 * seam_uv_child: children on the real machine: the gateway's end of the keeper's socket.
 *
 * Requests are numbered; the keeper answers each start with STARTED or FAILED and each started
 * child in the end with EXITED.  Messages that the socket does not take at once wait in a queue.
 * When the keeper dies its children are counted as killed: what fell to the gateway is swept, step
 * by step on a timer, and on_exit is called when nothing is left; the next start executes a new
 * keeper.  Nothing about the machine as such is here (keeper_process.c, process_tree.c).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/keeper_process.h"
#include "run/keeper_wire.h"
#include "run/seam_uv.h"

#define MESSAGES_A_TURN	 64u
#define SWEEP_GAP_MAX_MS 100
#define SWEEPS_MAX	 600u /* about a minute */
#define WHAT_BYTES	 120

/* A start that the keeper has not answered. */
struct start {
	struct start *next;
	struct seam_children *children;
	uint64_t id;
	void (*done)(void *ctx, struct child *child, const struct err *err);
	void *ctx;
	struct deferred deferred; /* for what failed before it was sent */
	struct err err;
	bool is_isolated;
	char program[WHAT_BYTES], cwd[WHAT_BYTES], path[WHAT_BYTES]; /* for the text of an error */
};

struct uv_child {
	struct child child;
	struct uv_child *next, *prev;
	bool is_gone; /* exited, or its keeper has: nothing to tell anyone about it */
	bool is_lost; /* its keeper has died and on_exit has not been called */
};

struct outgoing {
	struct outgoing *next;
	struct keeper_msg msg;
	int fd; /* -1: none */
};

/* Closes after its owner has forgotten it. */
struct watch {
	uv_poll_t poll;
};

struct seam_children {
	struct seam_uv *seam;
	struct keeper *keeper; /* NULL: none yet, or lost */
	struct watch *watch;   /* of the keeper's socket */
	struct uv_child *first;
	struct start *starts;
	struct outgoing *out_first, **out_end;
	uint64_t last_id;
	struct birth since; /* of the first keeper; pid 0: none yet */
	struct timer sweep;
	uint64_t sweep_gap_ms;
	unsigned sweeps;
};

static void lose(struct seam_children *children, const char *why);

/* ---- the socket ---------------------------------------------------------------------------- */

static void
outgoing_drop_first(struct seam_children *children)
{
	struct outgoing *first = children->out_first;

	children->out_first = first->next;
	if (children->out_first == NULL)
		children->out_end = &children->out_first;
	if (first->fd >= 0)
		close(first->fd);
	mem_free(first);
}

static void on_socket(uv_poll_t *poll, int status, int events);

static void
watch_for(struct seam_children *children)
{
	int events = UV_READABLE | (children->out_first != NULL ? UV_WRITABLE : 0);

	uv_poll_start(&children->watch->poll, events, on_socket);
}

/* 0, EAGAIN, or the errno of a socket whose other end is gone. */
static int
flush(struct seam_children *children)
{
	struct outgoing *first;
	int error;

	while ((first = children->out_first) != NULL) {
		error =
		    keeper_send(children->keeper->socket, &first->msg, &first->fd, first->fd >= 0);
		if (error == EAGAIN || error == ENOBUFS)
			return EAGAIN;
		if (error != 0)
			return error;
		outgoing_drop_first(children);
	}
	return 0;
}

/*
 * Sends now or queues; takes over fd.  A broken socket is not looked at here but when it becomes
 * readable, so that nobody's callback runs inside a request.
 */
static void
post(struct seam_children *children, const struct keeper_msg *msg, int fd)
{
	struct outgoing *out = MEM_NEW(struct outgoing);
	bool was_empty = children->out_first == NULL;

	out->msg = *msg;
	out->fd = fd;
	*children->out_end = out;
	children->out_end = &out->next;
	if (was_empty && flush(children) != 0)
		watch_for(children);
}

/* ---- answers ------------------------------------------------------------------------------- */

static struct start *
start_take(struct seam_children *children, uint64_t id)
{
	struct start **at = &children->starts, *start;

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	start = *at;
	if (start != NULL)
		*at = start->next;
	return start;
}

static void
start_fail(struct start *start)
{
	start->done(start->ctx, NULL, &start->err);
	mem_free(start);
}

static void
tell(struct seam_children *children, enum keeper_type type, uint64_t id, int32_t value)
{
	struct keeper_msg msg = { .type = type, .id = id, .value = value };

	post(children, &msg, -1);
}

static void
uv_child_free(struct seam_children *children, struct uv_child *child)
{
	if (child->prev != NULL)
		child->prev->next = child->next;
	else
		children->first = child->next;
	if (child->next != NULL)
		child->next->prev = child->prev;
	if (child->child.proxy >= 0)
		close(child->child.proxy);
	mem_free(child);
}

static bool
streams_open(
    struct seam_children *children, struct child *child, struct keeper_fds *fds, struct err *err)
{
	struct stream **streams[KEEPER_FDS] = { &child->in, &child->out, &child->err };
	unsigned i;
	int fd;

	for (i = 0; i < KEEPER_FDS; i++) {
		if (fds->fd[i] < 0)
			return err_set(err, ERR_UNAVAILABLE,
			    "its pipes did not arrive "
			    "(too many open files: raise the limit, ulimit -n)");
		fd = fds->fd[i];
		fds->fd[i] = -1;
		*streams[i] = seam_uv_stream_of_fd(children->seam, fd, err);
		if (*streams[i] == NULL)
			return false;
	}
	return true;
}

static void
started(struct seam_children *children, const struct keeper_msg *msg, struct keeper_fds *fds)
{
	struct start *start = start_take(children, msg->id);
	struct uv_child *child;

	if (start == NULL) {
		tell(children, KEEPER_KILL, msg->id, 0);
		return;
	}
	child = MEM_NEW(struct uv_child);
	child->child.loop = children->seam->loop;
	child->child.id = msg->id;
	child->child.pid = msg->pid;
	child->child.isolation =
	    (struct isolation_report){ .parts = msg->parts, .landlock = msg->landlock };
	child->child.proxy = fds->fd[KEEPER_FDS];
	fds->fd[KEEPER_FDS] = -1;
	child->next = children->first;
	if (child->next != NULL)
		child->next->prev = child;
	children->first = child;
	if (streams_open(children, &child->child, fds, &start->err)) {
		start->done(start->ctx, &child->child, NULL);
		mem_free(start);
		return;
	}
	err_prefix(&start->err, "%s", start->program);
	stream_close(&child->child.in);
	stream_close(&child->child.out);
	stream_close(&child->child.err);
	seam_uv_child_free(children->seam, &child->child);
	start_fail(start);
}

/* What a start died of, in words that tell what to mend. */
static void
explain(struct start *start, enum keeper_step step, int error, const char *text)
{
	bool is_path = strchr(start->program, '/') != NULL;
	struct err *err = &start->err;

	if (step == STEP_ISOLATE) {
		err_set(err, ERR_UNAVAILABLE, "%s: cannot be kept apart: %s", start->program,
		    text[0] != '\0' ? text : strerror(error));
	} else if (start->is_isolated && (step == STEP_CHDIR || step == STEP_EXEC)) {
		err_set(err, ERR_UNAVAILABLE,
		    "%s: %s: %s; of the files only what its sandbox lists can be seen",
		    start->program, step == STEP_EXEC ? "cannot be executed" : start->cwd,
		    strerror(error));
	} else if (step == STEP_CHDIR) {
		err_set(err, ERR_UNAVAILABLE, "%s: cannot enter its directory %s: %s",
		    start->program, start->cwd, strerror(error));
	} else if (step == STEP_EXEC && error == ENOENT && !is_path) {
		err_set(err, ERR_UNAVAILABLE, "%s: no such program in PATH (%s)", start->program,
		    start->path);
	} else if (step == STEP_EXEC && error == ENOENT && access(start->program, F_OK) == 0) {
		err_set(err, ERR_UNAVAILABLE,
		    "no interpreter for %s: the file is there, but not the "
		    "program named in its first line (or its loader)",
		    start->program);
	} else if (step == STEP_EXEC && error == ENOENT) {
		err_set(err, ERR_UNAVAILABLE, "no such file: %s", start->program);
	} else if (step == STEP_EXEC && error == EACCES) {
		err_set(err, ERR_UNAVAILABLE,
		    "%s: not executable, or a directory on its way cannot be "
		    "entered",
		    start->program);
	} else if (step == STEP_EXEC) {
		err_set(err, ERR_UNAVAILABLE, "%s: cannot be executed: %s", start->program,
		    strerror(error));
	} else {
		err_set(err, ERR_UNAVAILABLE, "%s: cannot be started: %s: %s", start->program,
		    step == STEP_FORK	    ? "fork"
			: step == STEP_PIPE ? "pipe"
			: step == STEP_SPEC ? "reading its settings"
					    : "preparing its process",
		    strerror(error));
	}
}

static void
failed(struct seam_children *children, const struct keeper_msg *msg)
{
	struct start *start = start_take(children, msg->id);

	if (start == NULL)
		return;
	explain(start, (enum keeper_step)msg->step, msg->value, msg->text);
	start_fail(start);
}

static void
exited(struct seam_children *children, const struct keeper_msg *msg)
{
	struct uv_child *child;

	for (child = children->first; child != NULL; child = child->next) {
		if (child->child.id == msg->id && !child->is_gone)
			break;
	}
	if (child == NULL)
		return;
	child->is_gone = true;
	child->child.end = (enum child_end)msg->end;
	if (child->child.on_exit != NULL)
		child->child.on_exit(child->child.owner, msg->value);
}

/*
 * After STARTED the loop turns first: the task that gets the child then sets on_exit before the
 * child's EXITED is read.
 */
static void
receive(struct seam_children *children)
{
	struct keeper *keeper = children->keeper;
	struct keeper_msg msg = { 0 };
	struct keeper_fds fds;
	unsigned i;
	int got;

	for (i = 0; i < MESSAGES_A_TURN && msg.type != KEEPER_STARTED; i++) {
		got = keeper_receive(keeper->socket, &msg, &fds);
		if (got == -EAGAIN)
			return;
		if (got == 0) {
			lose(children, "its socket closed");
			return;
		}
		if (msg.type == KEEPER_STARTED)
			started(children, &msg, &fds);
		else if (msg.type == KEEPER_FAILED)
			failed(children, &msg);
		else if (msg.type == KEEPER_EXITED)
			exited(children, &msg);
		keeper_fds_close(&fds);
		if (children->keeper != keeper) /* a callback has ended it */
			return;
	}
}

static void
on_socket(uv_poll_t *poll, int status, int events)
{
	struct seam_children *children = poll->data;

	if (status < 0) {
		lose(children, uv_strerror(status));
		return;
	}
	if ((events & UV_WRITABLE) != 0 && flush(children) != EAGAIN)
		watch_for(children);
	if ((events & UV_READABLE) != 0)
		receive(children);
}

/* ---- having a keeper, and losing it -------------------------------------------------------- */

static void
watch_closed(uv_handle_t *handle)
{
	mem_free(CONTAINER(handle, struct watch, poll));
}

static void
unwatch(struct seam_children *children)
{
	if (children->watch == NULL)
		return;
	uv_close((uv_handle_t *)&children->watch->poll, watch_closed);
	children->watch = NULL;
}

static bool
watch(struct seam_children *children, struct err *err)
{
	struct watch *watch = MEM_NEW(struct watch);
	int error = uv_poll_init(&children->seam->uv, &watch->poll, children->keeper->socket);

	if (error != 0) {
		mem_free(watch);
		return err_set(err, ERR_UNAVAILABLE, "keeper: %s", uv_strerror(error));
	}
	watch->poll.data = children;
	children->watch = watch;
	watch_for(children);
	return true;
}

static bool
keeper_have(struct seam_children *children, struct keeper *keeper, struct err *err)
{
	if (keeper == NULL)
		return false;
	children->keeper = keeper;
	if (children->since.pid == 0)
		children->since = keeper->birth;
	if (watch(children, err))
		return true;
	keeper_close(&children->keeper);
	return false;
}

/* Tells every child of a dead keeper; the callbacks may close any child. */
static void
lost_tell(struct seam_children *children)
{
	struct uv_child *child = children->first;

	while (child != NULL) {
		if (!child->is_lost) {
			child = child->next;
			continue;
		}
		child->is_lost = false;
		if (child->child.on_exit != NULL)
			child->child.on_exit(child->child.owner, SIGKILL);
		child = children->first;
	}
}

static void
sweep(struct timer *timer)
{
	struct seam_children *children = CONTAINER(timer, struct seam_children, sweep);
	struct loop *loop = children->seam->loop;

	if (!keeper_fallen_sweep(children->keeper, &children->since)) {
		lost_tell(children);
		return;
	}
	if (++children->sweeps == SWEEPS_MAX) {
		log_event(loop_log(loop), LOG_ERROR, "keeper_lost",
		    "some processes that the dead keeper left behind cannot be killed");
		lost_tell(children);
		return;
	}
	timer_start(loop, timer, loop_now_ms(loop) + children->sweep_gap_ms, sweep);
	children->sweep_gap_ms = children->sweep_gap_ms * 2 < SWEEP_GAP_MAX_MS
	    ? children->sweep_gap_ms * 2
	    : SWEEP_GAP_MAX_MS;
}

/* The keeper is dead: its children die with it, and who waits for a start is told. */
static void
lose(struct seam_children *children, const char *why)
{
	struct loop *loop = children->seam->loop;
	struct start *starts = children->starts, *start;
	struct uv_child *child;
	unsigned lost = 0;

	for (child = children->first; child != NULL; child = child->next) {
		child->is_lost = child->is_lost || !child->is_gone;
		lost += !child->is_gone;
		child->is_gone = true;
	}
	log_event(loop_log(loop), LOG_ERROR, "keeper_lost",
	    "the keeper (process %d) has died: %s; its "
	    "%u children are killed, a new keeper is started with the next child",
	    (int)children->keeper->pid, why, lost);
	unwatch(children);
	while (children->out_first != NULL)
		outgoing_drop_first(children);
	keeper_bury(&children->keeper);
	children->starts = NULL;
	children->sweeps = 0;
	children->sweep_gap_ms = 2;
	timer_start(loop, &children->sweep, loop_now_ms(loop), sweep);
	while ((start = starts) != NULL) {
		starts = start->next;
		if (start->err.kind == ERR_NONE)
			err_set(&start->err, ERR_UNAVAILABLE,
			    "%s: cannot be started: the keeper of all "
			    "children has died; try again",
			    start->program);
		deferred_stop(loop, &start->deferred);
		start_fail(start);
	}
}

/* ---- the seam's rows ----------------------------------------------------------------------- */

static void
start_refused(struct deferred *self)
{
	struct start *start = CONTAINER(self, struct start, deferred);

	must(start_take(start->children, start->id) == start);
	start_fail(start);
}

static struct start *
start_new(struct seam_children *children, const struct child_spec *spec)
{
	struct start *start = MEM_NEW(struct start);
	const char *const *env;

	start->children = children;
	start->id = ++children->last_id;
	start->is_isolated = spec->isolation != NULL;
	start->next = children->starts;
	children->starts = start;
	snprintf(start->program, sizeof start->program, "%s",
	    spec->argv[0] != NULL ? spec->argv[0] : "");
	snprintf(start->cwd, sizeof start->cwd, "%s", spec->cwd != NULL ? spec->cwd : "");
	snprintf(start->path, sizeof start->path, "PATH is not set");
	for (env = spec->env; env != NULL && *env != NULL; env++) {
		if (strncmp(*env, "PATH=", 5) == 0)
			snprintf(start->path, sizeof start->path, "%s", *env + 5);
	}
	return start;
}

void
seam_uv_child_start(void *seam, const struct child_spec *spec,
    void (*done)(void *ctx, struct child *child, const struct err *err), void *ctx)
{
	struct seam_children *children = ((struct seam_uv *)seam)->children;
	struct start *start = start_new(children, spec);
	struct keeper_msg msg = { .type = KEEPER_START, .id = start->id };
	int fd = -1;

	start->done = done;
	start->ctx = ctx;
	if (children->keeper != NULL ||
	    keeper_have(children, keeper_execute(&start->err), &start->err))
		fd = keeper_spec_write(spec, &start->err);
	if (fd < 0)
		loop_defer(children->seam->loop, &start->deferred, start_refused);
	else
		post(children, &msg, fd);
}

void
seam_uv_child_stop(void *seam, struct child *child, unsigned grace_ms)
{
	struct seam_children *children = ((struct seam_uv *)seam)->children;

	if (!CONTAINER(child, struct uv_child, child)->is_gone)
		tell(children, KEEPER_STOP, child->id,
		    grace_ms < INT32_MAX ? (int32_t)grace_ms : INT32_MAX);
}

void
seam_uv_child_free(void *seam, struct child *child)
{
	struct seam_children *children = ((struct seam_uv *)seam)->children;
	struct uv_child *own = CONTAINER(child, struct uv_child, child);

	if (!own->is_gone)
		tell(children, KEEPER_KILL, child->id, 0);
	uv_child_free(children, own);
}

void
seam_uv_keeper_attach(struct seam_uv *seam, struct keeper **keeper)
{
	struct seam_children *children = MEM_NEW(struct seam_children);
	struct err err;

	children->seam = seam;
	children->out_end = &children->out_first;
	seam->children = children;
	if (keeper == NULL || *keeper == NULL)
		return;
	if (!keeper_have(children, *keeper, &err))
		log_event(loop_log(seam->loop), LOG_ERROR, "keeper_lost", "%s", err.text);
	*keeper = NULL;
}

void
seam_uv_keeper_close(struct seam_uv *seam)
{
	struct seam_children *children = seam->children;
	struct start *start;

	if (children == NULL)
		return;
	timer_stop(seam->loop, &children->sweep);
	unwatch(children);
	while (children->out_first != NULL)
		outgoing_drop_first(children);
	keeper_close(&children->keeper);
	while ((start = children->starts) != NULL) {
		children->starts = start->next;
		deferred_stop(seam->loop, &start->deferred);
		if (start->err.kind == ERR_NONE)
			err_set(&start->err, ERR_CANCELLED, "%s: not started: the gateway ends",
			    start->program);
		start_fail(start);
	}
	while (children->first != NULL) {
		children->first->is_gone = true;
		uv_child_free(children, children->first);
	}
	mem_free(children);
	seam->children = NULL;
}

/*
 * seam_uv_stream: sockets, pipes and stdio as streams, and sockets of libraries to be watched.
 *
 * Reads and writes go to the descriptor directly; libuv only tells when.  What a stream wants is
 * remembered and handed to libuv before the next wait, so that going back and forth within a turn
 * costs no system call.  Where the poller has nothing to say (a regular file; a socket or pipe with
 * an error, which libuv reports once), the stream counts as always ready and is called by way of
 * the deferred queue: the read or write then shows the end or the error.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/seam_uv.h"

struct uv_stream {
	struct stream stream;
	uv_poll_t poll;
	struct seam_uv *seam;
	struct uv_stream *next, *prev; /* of the changed ones */
	struct deferred ready;	       /* of one that is always ready */
	int fd;			       /* -1: a pipe that was shut down */
	int error;		       /* errno of a connection that failed */
	unsigned wanted, polled;       /* what the user wants, what libuv was told */
	bool has_poll, is_changed, is_socket, is_connecting, is_always_ready, is_stdio;
	bool is_leaving, is_gone; /* its handle is being closed; and who had it has closed it */
	bool is_foreign;	  /* the descriptor is not ours to close */
};

static const struct stream_ops ops;

/* ---- readiness ----------------------------------------------------------------------------- */

static void
changed_add(struct uv_stream *own)
{
	struct seam_uv *seam = own->seam;

	if (own->is_changed)
		return;
	own->is_changed = true;
	own->prev = NULL;
	own->next = seam->changed;
	if (own->next != NULL)
		own->next->prev = own;
	seam->changed = own;
}

static void
changed_remove(struct uv_stream *own)
{
	if (!own->is_changed)
		return;
	own->is_changed = false;
	if (own->prev != NULL)
		own->prev->next = own->next;
	else
		own->seam->changed = own->next;
	if (own->next != NULL)
		own->next->prev = own->prev;
}

static void
ready_again(struct deferred *self)
{
	struct uv_stream *own = CONTAINER(self, struct uv_stream, ready);

	/* Queued before the call, which may close the stream. */
	loop_defer(own->stream.loop, self, ready_again);
	own->stream.on_ready(own->stream.owner, own->wanted);
}

static void
connected(struct uv_stream *own)
{
	socklen_t n = sizeof(own->error);

	if (getsockopt(own->fd, SOL_SOCKET, SO_ERROR, &own->error, &n) != 0)
		own->error = errno;
	own->is_connecting = false;
	changed_add(own);
}

static void
polled(uv_poll_t *poll, int status, int events)
{
	struct uv_stream *own = poll->data;
	unsigned ready = (events & UV_READABLE ? STREAM_READABLE : 0) |
	    (events & UV_WRITABLE ? STREAM_WRITABLE : 0);

	if (status < 0) { /* libuv has stopped the handle */
		ready = STREAM_READABLE | STREAM_WRITABLE;
		own->polled = 0;
		own->is_always_ready = true;
		changed_remove(own);
		if (own->wanted != 0)
			loop_defer(own->stream.loop, &own->ready, ready_again);
	}
	if (own->is_connecting && (ready & STREAM_WRITABLE) != 0)
		connected(own);
	ready &= own->wanted;
	if (ready != 0)
		own->stream.on_ready(own->stream.owner, ready);
}

void
seam_uv_streams_apply(struct seam_uv *seam)
{
	struct uv_stream *own;
	unsigned events;

	while ((own = seam->changed) != NULL) {
		changed_remove(own);
		events = own->wanted;
		if (own->is_connecting && events != 0)
			events |= STREAM_WRITABLE;
		if (events == own->polled || own->is_always_ready)
			continue;
		own->polled = events;
		uv_poll_start(&own->poll,
		    (events & STREAM_READABLE ? UV_READABLE : 0) |
			(events & STREAM_WRITABLE ? UV_WRITABLE : 0),
		    polled);
	}
}

static void
want(struct stream *stream, unsigned events)
{
	struct uv_stream *own = CONTAINER(stream, struct uv_stream, stream);

	if (own->wanted == events)
		return;
	own->wanted = events;
	if (!own->is_always_ready)
		changed_add(own);
	else if (events != 0)
		loop_defer(stream->loop, &own->ready, ready_again);
	else
		deferred_stop(stream->loop, &own->ready);
}

/* ---- reading and writing ------------------------------------------------------------------- */

static ssize_t
stream_read_fd(struct stream *stream, void *to, size_t n)
{
	struct uv_stream *own = CONTAINER(stream, struct uv_stream, stream);
	ssize_t got;

	if (own->error != 0)
		return -own->error;
	if (own->is_connecting)
		return -EAGAIN;
	if (own->fd < 0)
		return 0;
	do {
		got = own->is_socket ? recv(own->fd, to, n, 0) : read(own->fd, to, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static ssize_t
send_parts(const struct uv_stream *own, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };

	if (!own->is_socket)
		return n == 1 ? write(own->fd, iov->iov_base, iov->iov_len)
			      : writev(own->fd, iov, n);
	if (n == 1)
		return send(own->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
	return sendmsg(own->fd, &msg, MSG_NOSIGNAL);
}

static ssize_t
stream_writev_fd(struct stream *stream, const struct iovec *iov, int n)
{
	struct uv_stream *own = CONTAINER(stream, struct uv_stream, stream);
	ssize_t put;

	if (own->error != 0)
		return -own->error;
	if (own->is_connecting)
		return -EAGAIN;
	if (own->fd < 0)
		return -EPIPE;
	do {
		put = send_parts(own, iov, n < IOV_MAX ? n : IOV_MAX);
	} while (put < 0 && errno == EINTR);
	return put < 0 ? -errno : put;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
unpoll(struct uv_stream *own)
{
	changed_remove(own);
	deferred_stop(own->stream.loop, &own->ready);
	if (own->has_poll && own->polled != 0)
		uv_poll_stop(&own->poll);
	own->polled = 0;
}

/* Whoever had the terminal or pipe before us gets it back as it was. */
static void
stdio_restore(struct seam_uv *seam)
{
	int fd;

	for (fd = 0; fd < 2; fd++) {
		if (seam->stdio_flags[fd] >= 0 && (seam->stdio_flags[fd] & O_NONBLOCK) == 0)
			fcntl(fd, F_SETFL, seam->stdio_flags[fd]);
	}
}

/* The number stays taken: what is opened later must not become our stdin or stdout. */
static void
stdio_end(int fd)
{
	int flags, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	if (null >= 0) {
		dup2(null, fd);
		close(null);
	}
}

static void
poll_left(uv_handle_t *handle)
{
	struct uv_stream *own = handle->data;

	own->is_leaving = false;
	if (own->is_gone)
		mem_free(own);
}

/* The stream goes on without a handle. */
static void
poll_leave(struct uv_stream *own)
{
	if (!own->has_poll)
		return;
	own->has_poll = false;
	own->is_leaving = true;
	uv_close((uv_handle_t *)&own->poll, poll_left);
}

static void
stream_shutdown_fd(struct stream *stream)
{
	struct uv_stream *own = CONTAINER(stream, struct uv_stream, stream);

	if (own->fd < 0)
		return;
	if (own->is_socket) {
		shutdown(own->fd, SHUT_WR);
		return;
	}
	/* A pipe ends when it is closed. */
	unpoll(own);
	if (own->is_stdio) {
		stdio_end(own->fd);
		own->seam->stdio_flags[own->fd] = -1;
	} else {
		/* Before its number is another's, whose events libuv would forget with this one. */
		poll_leave(own);
		close(own->fd);
	}
	own->fd = -1;
	own->is_always_ready = true;
	if (own->wanted != 0)
		loop_defer(stream->loop, &own->ready, ready_again);
}

static void
poll_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void
stream_close_fd(struct stream *stream)
{
	struct uv_stream *own = CONTAINER(stream, struct uv_stream, stream);
	struct seam_uv *seam = own->seam;

	unpoll(own);
	seam->streams--;
	if (own->is_stdio && --seam->stdio_open == 0)
		stdio_restore(seam);
	if (own->fd >= 0 && !own->is_stdio && !own->is_foreign)
		close(own->fd);
	if (own->has_poll)
		uv_close((uv_handle_t *)&own->poll, poll_closed);
	else if (own->is_leaving)
		own->is_gone = true;
	else
		mem_free(own);
}

static const struct stream_ops ops = {
	.read = stream_read_fd,
	.writev = stream_writev_fd,
	.want = want,
	.shutdown = stream_shutdown_fd,
	.close = stream_close_fd,
};

/* ---- the beginning ------------------------------------------------------------------------- */

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Returns NULL and a libuv error in *error; fd stays the caller's then. */
static struct uv_stream *
stream_new(struct seam_uv *seam, int fd, int *error)
{
	struct uv_stream *own = MEM_NEW(struct uv_stream);

	*error = uv_poll_init(&seam->uv, &own->poll, fd);
	if (*error != 0 && *error != UV_EPERM) {
		mem_free(own);
		return NULL;
	}
	own->has_poll = *error == 0;
	own->is_always_ready = !own->has_poll; /* EPERM: a file, which the poller refuses */
	own->poll.data = own;
	own->stream.ops = &ops;
	own->stream.loop = seam->loop;
	own->seam = seam;
	own->fd = fd;
	seam->streams++;
	return own;
}

struct stream *
seam_uv_stream_of_fd(struct seam_uv *seam, int fd, struct err *err)
{
	struct uv_stream *own;
	int error;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	own = stream_new(seam, fd, &error);
	if (own == NULL) {
		close(fd);
		err_set(err, ERR_UNAVAILABLE, "a pipe or socket cannot be watched: %s",
		    uv_strerror(error));
		return NULL;
	}
	own->is_socket = is_socket(fd);
	return &own->stream;
}

struct stream *
seam_uv_stdio(void *arg, int fd, struct err *err)
{
	struct seam_uv *seam = arg;
	const char *name = fd == 0 ? "standard input" : "standard output";
	struct uv_stream *own;
	int error;

	must(fd == 0 || fd == 1);
	if (seam->stdio_flags[fd] < 0) {
		err_set(err, ERR_UNAVAILABLE, "%s is closed", name);
		return NULL;
	}
	own = stream_new(seam, fd, &error);
	if (own == NULL) {
		err_set(err, ERR_UNAVAILABLE, "%s cannot be watched: %s", name, uv_strerror(error));
		return NULL;
	}
	own->is_socket = is_socket(fd);
	own->is_stdio = true;
	seam->stdio_open++;
	return &own->stream;
}

struct stream *
seam_uv_watch(void *arg, int fd, struct err *err)
{
	struct uv_stream *own;
	int error;

	own = stream_new(arg, fd, &error);
	if (own == NULL) {
		err_set(err, ERR_UNAVAILABLE, "a socket cannot be watched: %s", uv_strerror(error));
		return NULL;
	}
	own->is_socket = true;
	own->is_foreign = true;
	return &own->stream;
}

static bool
connect_refused(const struct address *to, struct err *err, int error)
{
	char text[ADDRESS_TEXT];

	address_print(to, text);
	return err_set(err, ERR_UNAVAILABLE,
	    error == EMFILE || error == ENFILE ? "connect to %s: %s (raise the limit, ulimit -n)"
					       : "connect to %s: %s",
	    text, strerror(error));
}

void
seam_uv_tcp_options_set(int fd)
{
	static const struct {
		int level, name, value;
	} rows[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 30 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value, sizeof(rows[i].value));
}

struct stream *
seam_uv_connect(void *arg, const struct address *to, struct err *err)
{
	struct sockaddr_storage at;
	socklen_t n = address_to_sockaddr(to, &at);
	struct uv_stream *own;
	int error = 0;
	int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		connect_refused(to, err, errno);
		return NULL;
	}
	if (!to->is_unix)
		seam_uv_tcp_options_set(fd);
	if (connect(fd, (struct sockaddr *)&at, n) != 0 && errno != EINTR && errno != EINPROGRESS) {
		connect_refused(to, err, errno);
		close(fd);
		return NULL;
	}
	own = stream_new(arg, fd, &error);
	if (own == NULL) {
		connect_refused(to, err, -error);
		close(fd);
		return NULL;
	}
	own->is_socket = true;
	own->is_connecting = true;
	return &own->stream;
}

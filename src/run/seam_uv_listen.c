/*
 * seam_uv_listen: listening sockets, TCP and Unix.
 *
 * A Unix socket file that nobody answers at any more is replaced; ours is removed at close, unless
 * somebody has put another in its place.  When the process or machine is out of descriptors or
 * memory, accepting pauses: the connections wait in the kernel, and the loop does not spin.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/loop_private.h"
#include "run/seam_uv.h"

#define BACKLOG		 4096
#define ACCEPTS_AN_EVENT 64
#define PAUSE_MS	 100
#define GONE_MS		 60000
#define WARN_FIRST_MS	 10000
#define WARN_MOST_MS	 600000

struct uv_listener {
	uv_poll_t poll;
	struct seam_uv *seam;
	struct listener *listener; /* NULL: closed */
	struct timer pause;
	uint64_t warn_after_ms, warn_gap_ms;
	int fd;
	dev_t dev; /* of a Unix socket's file */
	ino_t ino;
};

static bool
listen_failed(const struct address *at, const char *what, int error, struct err *err)
{
	char text[ADDRESS_TEXT];
	const char *hint = "";

	address_print(at, text);
	if (error == EADDRINUSE && at->is_unix)
		hint = ": another program listens there, or it is a file of another kind";
	else if (error == EADDRINUSE)
		hint = ": another program listens there; stop it, or choose another address";
	else if (error == EADDRNOTAVAIL)
		hint = ": this machine does not have that address";
	else if (error == EACCES && !at->is_unix)
		hint = ": ports below 1024 are for the system; choose a higher one";
	return err_set(
	    err, ERR_UNAVAILABLE, "%s: cannot %s: %s%s", text, what, strerror(error), hint);
}

/* ---- accepting ----------------------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void
accept_again(struct timer *timer)
{
	struct uv_listener *own = CONTAINER(timer, struct uv_listener, pause);

	uv_poll_start(&own->poll, UV_READABLE, on_poll);
}

/* A line when it begins, and while it lasts ever more seldom. */
static bool
warn_now(struct uv_listener *own, uint64_t now_ms)
{
	if (own->warn_gap_ms != 0 && now_ms < own->warn_after_ms)
		return false;
	if (own->warn_gap_ms == 0 || now_ms > own->warn_after_ms + WARN_FIRST_MS)
		own->warn_gap_ms = WARN_FIRST_MS;
	else if (own->warn_gap_ms < WARN_MOST_MS)
		own->warn_gap_ms *= 2;
	own->warn_after_ms = now_ms + own->warn_gap_ms;
	return true;
}

static void
accept_pause(struct uv_listener *own, const char *why)
{
	struct loop *loop = own->seam->loop;
	uint64_t now_ms = loop_now_ms(loop);
	char text[ADDRESS_TEXT];

	uv_poll_stop(&own->poll);
	timer_start(loop, &own->pause, now_ms + PAUSE_MS, accept_again);
	if (!warn_now(own, now_ms))
		return;
	address_print(&own->listener->address, text);
	log_event(loop_log(loop), LOG_WARN, "accept_paused",
	    "%s: cannot take new connections for now: %s; "
	    "they wait (many open connections? raise the limit, ulimit -n)",
	    text, why);
}

/* False: no more for now. */
static bool
accept_one(struct uv_listener *own)
{
	struct sockaddr_storage from = { 0 };
	socklen_t n = sizeof(from);
	struct address peer;
	struct stream *stream;
	struct err err;
	int fd = accept4(own->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		accept_pause(own, strerror(errno));
		return false;
	}
	if (fd < 0) /* what is not EAGAIN is about a connection that has gone already */
		return errno != EAGAIN;
	stream = seam_uv_stream_of_fd(own->seam, fd, &err);
	if (stream == NULL) {
		accept_pause(own, err.text);
		return false;
	}
	address_from_sockaddr(&from, n, &peer);
	own->listener->on_accept(own->listener->owner, stream, &peer);
	return own->listener != NULL;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct uv_listener *own = CONTAINER(poll, struct uv_listener, poll);
	unsigned i;

	if (status < 0) {
		accept_pause(own, uv_strerror(status));
		return;
	}
	for (i = 0; i < ACCEPTS_AN_EVENT && accept_one(own); i++)
		;
}

/* ---- opening and closing ------------------------------------------------------------------- */

/* Is a socket file there at which nobody listens? */
static bool
is_stale(const struct sockaddr_storage *at, socklen_t n, const char *path)
{
	struct stat st;
	int fd, error = 0;

	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)at, n) != 0)
		error = errno;
	close(fd);
	return error == ECONNREFUSED;
}

static bool
bind_to(int fd, const struct address *at, struct err *err)
{
	struct sockaddr_storage to;
	socklen_t n = address_to_sockaddr(at, &to);
	int error, yes = 1;

	if (!at->is_unix)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	error = bind(fd, (struct sockaddr *)&to, n) == 0 ? 0 : errno;
	if (error == EADDRINUSE && at->is_unix && is_stale(&to, n, at->path)) {
		unlink(at->path);
		error = bind(fd, (struct sockaddr *)&to, n) == 0 ? 0 : errno;
	}
	return error == 0 || listen_failed(at, "listen", error, err);
}

static int
open_socket(const struct address *at, struct err *err)
{
	int fd = socket(at->is_unix ? AF_UNIX
		: at->is_ipv6	    ? AF_INET6
				    : AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		listen_failed(at, "make a socket", errno, err);
		return -1;
	}
	if (!bind_to(fd, at, err)) {
		close(fd);
		return -1;
	}
	if (listen(fd, BACKLOG) == 0)
		return fd;
	listen_failed(at, "listen", errno, err);
	if (at->is_unix)
		unlink(at->path);
	close(fd);
	return -1;
}

static void
learn_address(struct uv_listener *own, const struct address *at)
{
	struct sockaddr_storage here = { 0 };
	socklen_t n = sizeof(here);
	struct stat st;

	own->listener->address = *at;
	if (at->is_unix) {
		if (lstat(at->path, &st) == 0) {
			own->dev = st.st_dev;
			own->ino = st.st_ino;
		}
	} else if (getsockname(own->fd, (struct sockaddr *)&here, &n) == 0) {
		own->listener->address.port = here.ss_family == AF_INET6
		    ? ntohs(((struct sockaddr_in6 *)&here)->sin6_port)
		    : ntohs(((struct sockaddr_in *)&here)->sin_port);
	}
}

/*
 * What each accepted connection inherits.  A client that vanished without a word is noticed within
 * a minute or so, also when it was just sent something: the system itself tries for a quarter of an
 * hour.
 */
static void
options_set(int fd)
{
	int ms = GONE_MS;

	seam_uv_tcp_options_set(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

static bool
watch_start(struct seam_uv *seam, struct listener *listener, int fd, const struct address *at,
    struct err *err)
{
	struct uv_listener *own = MEM_NEW(struct uv_listener);
	int error = uv_poll_init(&seam->uv, &own->poll, fd);

	if (error != 0) {
		mem_free(own);
		close(fd);
		return listen_failed(at, "watch the socket", -error, err);
	}
	if (!at->is_unix)
		options_set(fd);
	own->seam = seam;
	own->listener = listener;
	own->fd = fd;
	listener->seam_private = own;
	learn_address(own, at);
	seam->listeners++;
	uv_poll_start(&own->poll, UV_READABLE, on_poll);
	return true;
}

bool
seam_uv_listen(void *arg, struct listener *listener, const struct address *at, struct err *err)
{
	struct seam_uv *seam = arg;
	int fd = service_socket(seam->loop->service, at);
	bool is_ours = fd < 0;

	if (is_ours)
		fd = open_socket(at, err);
	if (fd < 0 || !watch_start(seam, listener, fd, at, err))
		return false;
	/* The file of another one's socket stays where it is. */
	if (!is_ours)
		((struct uv_listener *)listener->seam_private)->ino = 0;
	return true;
}

bool
seam_uv_listen_on(void *arg, struct listener *listener, int fd, struct err *err)
{
	struct sockaddr_storage here = { 0 };
	socklen_t n = sizeof(here);
	struct address at;

	if (getsockname(fd, (struct sockaddr *)&here, &n) != 0) {
		err_set(err, ERR_UNAVAILABLE, "listening: %s", strerror(errno));
		close(fd);
		return false;
	}
	address_from_sockaddr(&here, n, &at);
	return watch_start(arg, listener, fd, &at, err);
}

static void
poll_closed(uv_handle_t *handle)
{
	mem_free(CONTAINER(handle, struct uv_listener, poll));
}

void
seam_uv_listener_close(void *arg, struct listener *listener)
{
	struct seam_uv *seam = arg;
	struct uv_listener *own = listener->seam_private;
	const char *path = listener->address.path;
	struct stat st;

	if (listener->address.is_unix && lstat(path, &st) == 0 && st.st_dev == own->dev &&
	    st.st_ino == own->ino)
		unlink(path);
	timer_stop(seam->loop, &own->pause);
	own->listener = NULL;
	listener->seam_private = NULL;
	seam->listeners--;
	uv_close((uv_handle_t *)&own->poll, poll_closed);
	close(own->fd);
}

/*
 * Records as messages of syslog (RFC 5424): in datagrams (RFC 5426), over TCP with the length
 * before each (RFC 6587 §3.4.1), or into a local socket.  The text of a message is the record's, or
 * a line of CEF.
 *
 * A datagram is gone when it is sent, and a connection that breaks takes with it what the other
 * side had not read: syslog cannot say what has arrived.  Who must know keeps a store, or uses
 * OTLP.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "audit/sinks.h"

#define DATAGRAM_BYTES 65000 /* more does not go into one over UDP */
#define SOME_BYTES     (64 * KIB)

enum framing { DATAGRAMS, LENGTHS, LINES };

struct sink_syslog {
	struct audit_sink sink;
	const struct config_sink *config;
	form_fn *put;
	struct audit_form form;
	char host[SINK_HOST];
	int fd; /* -1: not connected */
	enum framing framing;
	struct buf message, out;
};

static void
disconnect(struct sink_syslog *syslog)
{
	if (syslog->fd >= 0)
		close(syslog->fd);
	syslog->fd = -1;
}

static bool
fail(const struct sink_syslog *syslog, const char *what, int code, struct err *err)
{
	errno = code;
	return err_set(err, ERR_IO, "%.*s: cannot %s: %m", SLICE_FMT(syslog->config->target), what);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until it can be written to; 0, or what went wrong. */
static int
ready_wait(int fd, uint64_t until_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	uint64_t now = now_ms();
	int n;

	do {
		n = poll(&pollfd, 1, now < until_ms ? (int)(until_ms - now) : 0);
		now = now_ms();
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n == 0 ? ETIMEDOUT : errno;
}

/* A connected socket that does not block; -1: *code says why. */
static int
connect_to(const struct sockaddr *to, socklen_t n, int type, uint64_t until_ms, int *code)
{
	int fd = socket(to->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(*code);

	*code = errno;
	if (fd < 0)
		return -1;
	*code = connect(fd, to, n) == 0 ? 0 : errno;
	if (*code == EINPROGRESS) {
		*code = ready_wait(fd, until_ms);
		if (*code == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, code, &size) != 0)
			*code = errno;
	}
	if (*code == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
connect_local(struct sink_syslog *syslog, struct slice path, uint64_t until_ms, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int code = 0;

	must(path.n < sizeof(to.sun_path));
	memcpy(to.sun_path, path.p, path.n);
	syslog->framing = DATAGRAMS;
	syslog->fd =
	    connect_to((const struct sockaddr *)&to, sizeof(to), SOCK_DGRAM, until_ms, &code);
	if (syslog->fd < 0 && code == EPROTOTYPE) {
		syslog->framing = LINES;
		syslog->fd = connect_to(
		    (const struct sockaddr *)&to, sizeof(to), SOCK_STREAM, until_ms, &code);
	}
	return syslog->fd >= 0 || fail(syslog, "connect", code, err);
}

static bool
connect_remote(struct sink_syslog *syslog, struct slice address, uint64_t until_ms, struct err *err)
{
	const char *colon = memrchr(address.p, ':', address.n);
	struct addrinfo *found, hints = { .ai_family = AF_UNSPEC };
	char host[256], port[8];
	size_t host_n;
	int code;

	must(colon != NULL);
	host_n = (size_t)(colon - address.p);
	snprintf(port, sizeof(port), "%.*s", (int)(address.n - host_n - 1), colon + 1);
	if (host_n > 2 && address.p[0] == '[' && address.p[host_n - 1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int)(host_n - 2), address.p + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)host_n, address.p);
	hints.ai_socktype = syslog->framing == DATAGRAMS ? SOCK_DGRAM : SOCK_STREAM;
	code = getaddrinfo(host, port, &hints, &found);
	if (code != 0)
		return err_set(
		    err, ERR_IO, "%.*s: %s", SLICE_FMT(syslog->config->target), gai_strerror(code));
	code = 0;
	for (const struct addrinfo *at = found; at != NULL && syslog->fd < 0; at = at->ai_next)
		syslog->fd =
		    connect_to(at->ai_addr, at->ai_addrlen, at->ai_socktype, until_ms, &code);
	freeaddrinfo(found);
	return syslog->fd >= 0 || fail(syslog, "connect", code, err);
}

static bool
connect_it(struct sink_syslog *syslog, struct err *err)
{
	struct slice target = syslog->config->target;
	uint64_t until_ms = now_ms() + syslog->config->timeout_ms;

	if (syslog->fd >= 0)
		return true;
	if (slice_starts(target, S("unix:")))
		return connect_local(
		    syslog, (struct slice){ target.p + 5, target.n - 5 }, until_ms, err);
	syslog->framing = slice_starts(target, S("udp:")) ? DATAGRAMS : LENGTHS;
	return connect_remote(syslog, (struct slice){ target.p + 6, target.n - 6 }, until_ms, err);
}

/* ---- sending --------------------------------------------------------------------------------- */

static bool
send_all(struct sink_syslog *syslog, struct slice text, struct err *err)
{
	uint64_t until_ms = now_ms() + syslog->config->timeout_ms;
	size_t at = 0;

	while (at < text.n) {
		ssize_t n = send(syslog->fd, text.p + at, text.n - at, MSG_NOSIGNAL);
		int code = n < 0 ? errno : 0;

		if (code == EAGAIN || code == ENOBUFS)
			code = ready_wait(syslog->fd, until_ms);
		else if (code == 0)
			at += (size_t)n;
		if (code != 0 && code != EINTR) {
			disconnect(syslog);
			return fail(syslog, "send", code, err);
		}
	}
	return true;
}

/* The other side of a stream says nothing; when it has gone, what is sent is lost. */
static bool
is_gone(const struct sink_syslog *syslog)
{
	char byte;
	ssize_t n;

	if (syslog->framing == DATAGRAMS)
		return false;
	n = recv(syslog->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void
message_frame(struct sink_syslog *syslog)
{
	if (syslog->framing == LENGTHS)
		buf_printf(&syslog->out, "%zu ", syslog->message.n);
	buf_put(&syslog->out, buf_view(&syslog->message));
	if (syslog->framing == LINES)
		buf_putc(&syslog->out, '\n');
}

static bool
write_all(struct audit_sink *sink, const struct audit_record *const *records, size_t n,
    size_t *done, struct err *err)
{
	struct sink_syslog *syslog = (struct sink_syslog *)sink;
	size_t put = 0;

	*done = 0;
	if (syslog->fd >= 0 && is_gone(syslog))
		disconnect(syslog);
	if (!connect_it(syslog, err))
		return false;
	while (*done < n) {
		size_t most = syslog->framing == DATAGRAMS ? 1 : SOME_BYTES;

		buf_clear(&syslog->out);
		for (put = *done; put < n && syslog->out.n < most; put++) {
			buf_clear(&syslog->message);
			syslog->put(&syslog->form, records[put], &syslog->message);
			message_frame(syslog);
		}
		if (!send_all(syslog, buf_view(&syslog->out), err))
			return false;
		*done = put;
	}
	return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool
open_sink(
    const struct config_sink *config, const char *dir, struct audit_sink **out, struct err *err)
{
	struct sink_syslog *syslog = MEM_NEW(struct sink_syslog);

	syslog->sink.ops = &audit_sink_syslog;
	syslog->config = config;
	syslog->put = config->which == SINK_CEF ? form_put_cef_syslog : form_put_syslog;
	syslog->fd = -1;
	sink_form_init(&syslog->form, config, syslog->host);
	/* Texts of a record are short: what has no end, bodies, is in no message. */
	buf_init(&syslog->message, NULL, DATAGRAM_BYTES);
	buf_init(&syslog->out, NULL, SOME_BYTES + DATAGRAM_BYTES + 64);
	*out = &syslog->sink;
	return true;
}

static bool
reopen_sink(struct audit_sink *sink, struct err *err)
{
	struct sink_syslog *syslog = (struct sink_syslog *)sink;

	disconnect(syslog);
	return true;
}

static void
close_sink(struct audit_sink *sink)
{
	struct sink_syslog *syslog = (struct sink_syslog *)sink;

	disconnect(syslog);
	buf_fini(&syslog->message);
	buf_fini(&syslog->out);
	mem_free(syslog);
}

const struct audit_sink_ops audit_sink_syslog = { .kind = "syslog",
	.open = open_sink,
	.write = write_all,
	.reopen = reopen_sink,
	.close = close_sink };

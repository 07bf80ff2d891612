/*
 * The real machine: streams over sockets, pipes and files of this machine, listeners, signals.
 *
 * Everything waits for events, never for time; a broken run is ended by the runner's limit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/seam_uv.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#define BULK (4 * MIB)

/* One end under test: notes what came, writes on demand. */
struct end {
	struct stream *stream;
	char got[256];
	size_t n, total;
	unsigned calls;
	unsigned events; /* of the last call */
	bool has_ended, is_echo, closes_itself;
	ssize_t result; /* of the last read */
};

static struct loop *loop;
static char folder[64];

static int
setup(void **state)
{
	struct err err;

	snprintf(folder, sizeof(folder), "/tmp/bascule-seam-XXXXXX");
	assert_non_null(mkdtemp(folder));
	loop = loop_new(NULL, NULL, &err);
	assert_non_null(loop);
	return 0;
}

static int
teardown(void **state)
{
	loop_free(&loop);
	return rmdir(folder);
}

static void
note(struct end *end, const char *bytes, size_t n)
{
	size_t room = sizeof(end->got) - end->n - 1;

	memcpy(end->got + end->n, bytes, n < room ? n : room);
	end->n += n < room ? n : room;
	end->total += n;
}

static void
on_ready(void *owner, unsigned events)
{
	struct end *end = owner;
	char bytes[1024];
	struct iovec iov = { bytes, 0 };

	end->calls++;
	end->events = events;
	if ((events & STREAM_READABLE) == 0)
		return;
	end->result = stream_read(end->stream, bytes, sizeof(bytes));
	if (end->result > 0) {
		note(end, bytes, (size_t)end->result);
		iov.iov_len = (size_t)end->result;
		if (end->is_echo)
			assert_int_equal(stream_writev(end->stream, &iov, 1), end->result);
	} else if (end->result != -EAGAIN) {
		end->has_ended = true;
		stream_want(end->stream, 0);
	}
	if (end->closes_itself)
		stream_close(&end->stream);
}

static void
attach(struct end *end, struct stream *stream, unsigned events)
{
	assert_non_null(stream);
	end->stream = stream;
	stream->owner = end;
	stream->on_ready = on_ready;
	stream_want(stream, events);
}

static struct seam_uv *
seam_of(void)
{
	void *seam;

	loop_seam(loop, &seam);
	return seam;
}

/* A stream over one end of a socket pair; the other end is the test's. */
static int
pair(struct end *end, unsigned events)
{
	struct err err;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	attach(end, seam_uv_stream_of_fd(seam_of(), fd[0], &err), events);
	return fd[1];
}

static ssize_t
write_text(struct stream *stream, const char *text)
{
	struct iovec iov = { (char *)text, strlen(text) };

	return stream_writev(stream, &iov, 1);
}

/* ---- streams ------------------------------------------------------------------------------- */

static void
bytes_come_and_the_end(void **state)
{
	struct end end = { 0 };
	int fd = pair(&end, STREAM_READABLE);

	loop_turn(loop, 0);
	assert_int_equal(end.calls, 0);
	assert_int_equal(write(fd, "hello", 5), 5);
	loop_turn(loop, -1);
	assert_string_equal(end.got, "hello");
	close(fd);
	loop_turn(loop, -1);
	assert_true(end.has_ended);
	assert_int_equal(end.result, 0);
	/* Nothing wanted: nothing comes, although the end is still there. */
	end.calls = 0;
	loop_turn(loop, 0);
	loop_turn(loop, 0);
	assert_int_equal(end.calls, 0);
	assert_int_equal(write_text(end.stream, "x"), -EPIPE);
	stream_close(&end.stream);
	assert_null(end.stream);
	stream_close(&end.stream);
}

static void
readiness_is_by_level_and_by_want(void **state)
{
	struct end end = { 0 };
	int fd = pair(&end, 0);

	assert_int_equal(write(fd, "hello", 5), 5);
	loop_turn(loop, 0);
	assert_int_equal(end.calls, 0);
	stream_want(end.stream, STREAM_WRITABLE);
	loop_turn(loop, -1);
	loop_turn(loop, -1);
	assert_int_equal(end.calls, 2);
	assert_int_equal(end.events, STREAM_WRITABLE);
	stream_want(end.stream, STREAM_WRITABLE | STREAM_READABLE);
	loop_turn(loop, -1);
	assert_int_equal(end.events, STREAM_READABLE | STREAM_WRITABLE);
	/* To and fro within a turn is nothing. */
	stream_want(end.stream, 0);
	stream_want(end.stream, STREAM_READABLE);
	stream_want(end.stream, 0);
	end.calls = 0;
	loop_turn(loop, 0);
	assert_int_equal(end.calls, 0);
	stream_close(&end.stream);
	close(fd);
}

static void
no_callback_after_close(void **state)
{
	struct end first = { .closes_itself = true }, second = { 0 };
	int fd[2] = { pair(&first, STREAM_READABLE), pair(&second, STREAM_READABLE) };

	assert_int_equal(write(fd[0], "x", 1), 1);
	assert_int_equal(write(fd[1], "x", 1), 1);
	loop_turn(loop, -1);
	loop_turn(loop, 0);
	assert_int_equal(first.calls, 1);
	stream_close(&second.stream);
	loop_turn(loop, 0);
	assert_int_equal(second.calls, 2 - (second.total > 0));
	close(fd[0]);
	close(fd[1]);
}

static void
parts_are_written_together_and_a_full_pipe_says_so(void **state)
{
	struct end end = { 0 };
	int fd = pair(&end, 0);
	char *bulk = mem_new(BULK);
	struct iovec parts[3] = { { "one ", 4 }, { "two ", 4 }, { "three", 5 } };
	struct iovec all = { bulk, BULK };
	char got[32];
	ssize_t n;

	assert_int_equal(stream_writev(end.stream, parts, 3), 13);
	assert_int_equal(read(fd, got, sizeof(got)), 13);
	assert_memory_equal(got, "one two three", 13);
	n = stream_writev(end.stream, &all, 1);
	assert_true(n > 0 && n < (ssize_t)BULK);
	while ((n = stream_writev(end.stream, &all, 1)) > 0)
		;
	assert_int_equal(n, -EAGAIN);
	stream_want(end.stream, STREAM_WRITABLE);
	loop_turn(loop, 0);
	assert_int_equal(end.calls, 0);
	while (end.calls == 0) {
		assert_true(read(fd, bulk, BULK) > 0);
		loop_turn(loop, 0);
	}
	assert_int_equal(end.events, STREAM_WRITABLE);
	stream_close(&end.stream);
	close(fd);
	mem_free(bulk);
}

static void
shutdown_shows_the_peer_the_end(void **state)
{
	struct end end = { 0 };
	int fd = pair(&end, STREAM_READABLE);
	char got[8];

	stream_shutdown(end.stream);
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	assert_int_equal(write(fd, "still", 5), 5);
	loop_turn(loop, -1);
	assert_string_equal(end.got, "still");
	stream_close(&end.stream);
	close(fd);
}

static void
pipes_end_by_shutdown_and_break(void **state)
{
	struct end in = { 0 }, out = { 0 };
	int fd[2], other[2];
	struct err err;
	char got[8];

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(pipe(other), 0);
	attach(&out, seam_uv_stream_of_fd(seam_of(), fd[1], &err), 0);
	attach(&in, seam_uv_stream_of_fd(seam_of(), other[0], &err), STREAM_READABLE);
	assert_int_equal(write_text(out.stream, "x"), 1);
	stream_shutdown(out.stream);
	assert_int_equal(read(fd[0], got, sizeof(got)), 1);
	assert_int_equal(read(fd[0], got, sizeof(got)), 0);
	assert_int_equal(write_text(out.stream, "x"), -EPIPE);
	stream_shutdown(out.stream);
	stream_close(&out.stream);
	close(fd[0]);
	close(other[1]);
	loop_turn(loop, -1);
	assert_true(in.has_ended);
	stream_close(&in.stream);
	/* The reader goes away: the writer hears of it, and again and again while it wants to. */
	assert_int_equal(pipe(fd), 0);
	attach(&out, seam_uv_stream_of_fd(seam_of(), fd[1], &err), 0);
	while (write_text(out.stream, "0123456789abcdef") > 0)
		;
	close(fd[0]);
	stream_want(out.stream, STREAM_WRITABLE);
	loop_turn(loop, -1);
	assert_int_equal(out.events, STREAM_WRITABLE);
	assert_int_equal(write_text(out.stream, "x"), -EPIPE);
	out.calls = 0;
	loop_turn(loop, -1);
	loop_turn(loop, -1);
	assert_true(out.calls >= 2);
	stream_want(out.stream, 0);
	out.calls = 0;
	loop_turn(loop, 0);
	assert_int_equal(out.calls, 0);
	stream_close(&out.stream);
}

/* ---- TCP and Unix sockets ------------------------------------------------------------------ */

struct server {
	struct listener listener;
	struct end ends[256];
	unsigned n;
	struct address peer;
};

static void
on_accept(void *owner, struct stream *stream, const struct address *peer)
{
	struct server *server = owner;

	assert_true(server->n < COUNT(server->ends));
	server->ends[server->n].is_echo = true;
	server->peer = *peer;
	attach(&server->ends[server->n++], stream, STREAM_READABLE);
}

static void
serve(struct server *server, const char *at)
{
	struct address address;
	struct err err;

	server->listener.on_accept = on_accept;
	server->listener.owner = server;
	assert_true(address_parse(slice_of(at), &address, &err));
	if (!loop_listen(loop, &server->listener, &address, &err))
		fail_msg("%s", err.text);
}

static void
end_server(struct server *server)
{
	unsigned i;

	listener_close(&server->listener);
	for (i = 0; i < server->n; i++)
		stream_close(&server->ends[i].stream);
	mem_free(server);
}

static void
echo_at(const char *at)
{
	struct server *server = MEM_NEW(struct server);
	struct end client = { 0 };
	struct err err;

	serve(server, at);
	attach(&client, loop_connect(loop, &server->listener.address, &err), STREAM_WRITABLE);
	assert_int_equal(write_text(client.stream, "early"), -EAGAIN);
	while (client.calls == 0)
		loop_turn(loop, -1);
	assert_int_equal(client.events, STREAM_WRITABLE);
	stream_want(client.stream, STREAM_READABLE);
	assert_int_equal(write_text(client.stream, "ping"), 4);
	while (client.n < 4)
		loop_turn(loop, -1);
	assert_string_equal(client.got, "ping");
	assert_true(address_is_loopback(&server->peer));
	stream_close(&client.stream);
	while (!server->ends[0].has_ended)
		loop_turn(loop, -1);
	assert_int_equal(server->ends[0].result, 0);
	end_server(server);
}

/* Its number is another's by then, who must go on hearing of what comes. */
static void
a_shut_pipe_takes_nothing_of_the_next(void **state)
{
	struct end out = { .n = 0 }, in = { .n = 0 };
	struct err err;
	int fd[2], other[2];

	assert_int_equal(pipe(fd), 0);
	attach(&out, seam_uv_stream_of_fd(seam_of(), fd[1], &err), STREAM_WRITABLE);
	while (out.calls == 0)
		loop_turn(loop, -1);
	stream_shutdown(out.stream);
	assert_int_equal(pipe(other), 0);
	assert_int_equal(other[0], fd[1]);
	attach(&in, seam_uv_stream_of_fd(seam_of(), other[0], &err), STREAM_READABLE);
	stream_want(out.stream, 0);
	loop_turn(loop, 0);
	stream_close(&out.stream);
	loop_turn(loop, 0);
	assert_int_equal(write(other[1], "x", 1), 1);
	while (in.n == 0)
		loop_turn(loop, -1);
	stream_close(&in.stream);
	close(other[1]);
	close(fd[0]);
}

static void
echo_over_tcp(void **state)
{
	struct server *server = MEM_NEW(struct server);

	serve(server, "127.0.0.1:0");
	assert_int_not_equal(server->listener.address.port, 0);
	end_server(server);
	echo_at("127.0.0.1:0");
}

static void
echo_over_a_unix_socket(void **state)
{
	char at[128];

	snprintf(at, sizeof(at), "unix:%s/socket", folder);
	echo_at(at);
	assert_int_equal(access(at + 5, F_OK), -1);
	echo_at(at);
}

static void
a_stale_socket_is_replaced_a_live_one_is_not(void **state)
{
	struct server *server = MEM_NEW(struct server), *second = MEM_NEW(struct server);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct address address;
	struct err err;
	char at[100];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at, sizeof(at), "unix:%s/socket", folder);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", at + 5);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	serve(server, at);
	assert_true(address_parse(slice_of(at), &address, &err));
	assert_false(loop_listen(loop, &second->listener, &address, &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, at));
	/* Another file in its place is not ours to remove. */
	assert_int_equal(unlink(at + 5), 0);
	fd = open(at + 5, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	close(fd);
	assert_false(loop_listen(loop, &second->listener, &address, &err));
	end_server(server);
	assert_int_equal(unlink(at + 5), 0);
	mem_free(second);
}

static void
listening_twice_is_refused_with_advice(void **state)
{
	struct server *server = MEM_NEW(struct server);
	struct listener second = { 0 };
	char text[ADDRESS_TEXT];
	struct err err;

	serve(server, "127.0.0.1:0");
	assert_false(loop_listen(loop, &second, &server->listener.address, &err));
	address_print(&server->listener.address, text);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.text, "another program"));
	end_server(server);
}

static void
a_refused_connection_fails_at_first_use(void **state)
{
	struct server *server = MEM_NEW(struct server);
	struct end client = { 0 };
	struct address address;
	struct err err;
	char byte;

	serve(server, "127.0.0.1:0");
	address = server->listener.address;
	end_server(server);
	attach(&client, loop_connect(loop, &address, &err), STREAM_WRITABLE);
	while (client.calls == 0)
		loop_turn(loop, -1);
	assert_int_equal(write_text(client.stream, "x"), -ECONNREFUSED);
	assert_int_equal(stream_read(client.stream, &byte, 1), -ECONNREFUSED);
	stream_close(&client.stream);
	/* The same for one who only waits to read. */
	client = (struct end){ 0 };
	attach(&client, loop_connect(loop, &address, &err), STREAM_READABLE);
	while (!client.has_ended)
		loop_turn(loop, -1);
	assert_int_equal(client.result, -ECONNREFUSED);
	stream_close(&client.stream);
	/* And for one who closes before the answer. */
	client = (struct end){ 0 };
	attach(&client, loop_connect(loop, &address, &err), STREAM_READABLE);
	stream_close(&client.stream);
	loop_turn(loop, 0);
	assert_int_equal(client.calls, 0);
}

static void
a_reset_is_an_error_of_the_read(void **state)
{
	struct server *server = MEM_NEW(struct server);
	struct linger reset = { 1, 0 };
	struct sockaddr_storage to;
	socklen_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	serve(server, "127.0.0.1:0");
	n = address_to_sockaddr(&server->listener.address, &to);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, n), 0);
	while (server->n == 0)
		loop_turn(loop, -1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	while (!server->ends[0].has_ended)
		loop_turn(loop, -1);
	assert_int_equal(server->ends[0].result, -ECONNRESET);
	end_server(server);
}

static void
many_connections_at_once_are_all_accepted(void **state)
{
	struct server *server = MEM_NEW(struct server);
	static struct end clients[200];
	struct err err;
	unsigned i;

	serve(server, "127.0.0.1:0");
	for (i = 0; i < COUNT(clients); i++)
		attach(&clients[i], loop_connect(loop, &server->listener.address, &err), 0);
	while (server->n < COUNT(clients))
		loop_turn(loop, -1);
	for (i = 0; i < COUNT(clients); i++)
		stream_close(&clients[i].stream);
	end_server(server);
}

/* Out of descriptors: the loop sleeps between its tries, and goes on when there are some again. */
static void
accepting_pauses_without_descriptors(void **state)
{
	struct server *server = MEM_NEW(struct server);
	struct rlimit before, few;
	struct sockaddr_storage to;
	unsigned turns = 0;
	uint64_t since;
	socklen_t n;
	int fd;

	if (RUNNING_ON_VALGRIND) { /* which accepts and then closes above the limit */
		mem_free(server);
		skip();
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	serve(server, "127.0.0.1:0");
	n = address_to_sockaddr(&server->listener.address, &to);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, n), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	loop_turn(loop, -1);
	since = loop_now_ms(loop);
	while (loop_now_ms(loop) < since + 250) {
		loop_turn(loop, -1);
		turns++;
	}
	assert_int_equal(server->n, 0);
	assert_true(turns < 20);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (server->n == 0)
		loop_turn(loop, -1);
	end_server(server);
	close(fd);
}

static void
close_the_listener(void *owner, struct stream *stream, const struct address *peer)
{
	struct server *server = owner;

	on_accept(owner, stream, peer);
	listener_close(&server->listener);
}

static void
a_listener_may_close_in_its_callback(void **state)
{
	struct server *server = MEM_NEW(struct server);
	struct end clients[3] = { { 0 } };
	struct err err;
	unsigned i;

	serve(server, "127.0.0.1:0");
	server->listener.on_accept = close_the_listener;
	for (i = 0; i < COUNT(clients); i++)
		attach(&clients[i], loop_connect(loop, &server->listener.address, &err), 0);
	while (server->n == 0)
		loop_turn(loop, -1);
	loop_turn(loop, 0);
	assert_int_equal(server->n, 1);
	for (i = 0; i < COUNT(clients); i++)
		stream_close(&clients[i].stream);
	end_server(server);
}

/* ---- stdio --------------------------------------------------------------------------------- */

/* Puts fd in the place of 0 or 1 for the time of a test; returns the old one. */
static int
stand_in(int place, int fd)
{
	int old = fcntl(place, F_DUPFD_CLOEXEC, 10);

	assert_true(old >= 0);
	assert_int_equal(dup2(fd, place), place);
	return old;
}

static void
stand_back(int place, int old)
{
	assert_int_equal(dup2(old, place), place);
	close(old);
}

static struct loop *
another_loop(void)
{
	struct loop *other;
	struct err err;

	other = loop_new(NULL, NULL, &err);
	assert_non_null(other);
	return other;
}

static void
stdio_may_be_a_file(void **state)
{
	struct end in = { 0 };
	struct loop *other;
	struct err err;
	char path[128];
	int old, fd;

	snprintf(path, sizeof(path), "%s/input", folder);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "from a file", 11), 11);
	lseek(fd, 0, SEEK_SET);
	old = stand_in(0, fd);
	other = another_loop();
	attach(&in, loop_stdio(other, 0, &err), STREAM_READABLE);
	while (!in.has_ended)
		loop_turn(other, -1);
	assert_string_equal(in.got, "from a file");
	assert_int_equal(in.result, 0);
	stream_close(&in.stream);
	loop_free(&other);
	stand_back(0, old);
	close(fd);
	unlink(path);
}

static void
stdio_gets_its_flags_back(void **state)
{
	struct end in = { 0 }, out = { 0 };
	struct loop *other;
	struct err err;
	int fd[2], old[2], out_old;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	/* As on a terminal: one description for both. */
	old[0] = stand_in(0, fd[0]);
	out_old = stand_in(1, fd[0]);
	other = another_loop();
	in.stream = loop_stdio(other, 0, &err);
	out.stream = loop_stdio(other, 1, &err);
	if (in.stream == NULL || out.stream == NULL || (fcntl(0, F_GETFL) & O_NONBLOCK) == 0)
		abort();
	stream_close(&in.stream);
	if ((fcntl(1, F_GETFL) & O_NONBLOCK) == 0) /* the other still needs it */
		abort();
	stream_close(&out.stream);
	loop_free(&other);
	if ((fcntl(0, F_GETFL) & O_NONBLOCK) != 0)
		abort();
	stand_back(0, old[0]);
	stand_back(1, out_old);
	close(fd[0]);
	close(fd[1]);
}

static void
stdout_that_is_shut_stays_taken(void **state)
{
	struct end out = { 0 };
	struct loop *other;
	struct stat st;
	struct err err;
	int fd[2], old;
	char got[8];

	assert_int_equal(pipe(fd), 0);
	fflush(stdout);
	old = stand_in(1, fd[1]);
	close(fd[1]);
	other = another_loop();
	out.stream = loop_stdio(other, 1, &err);
	if (out.stream == NULL || write_text(out.stream, "bye") != 3)
		abort();
	stream_shutdown(out.stream);
	if (read(fd[0], got, sizeof(got)) != 3 || read(fd[0], got, sizeof(got)) != 0)
		abort();
	if (fstat(1, &st) != 0 || !S_ISCHR(st.st_mode))
		abort();
	stream_close(&out.stream);
	loop_free(&other);
	stand_back(1, old);
	close(fd[0]);
}

static void
a_closed_stdin_is_told(void **state)
{
	int old = fcntl(0, F_DUPFD_CLOEXEC, 10);
	struct loop *other;
	struct err err;

	assert_true(old >= 0);
	close(0);
	other = another_loop();
	assert_null(loop_stdio(other, 0, &err));
	assert_string_equal(err.text, "standard input is closed");
	loop_free(&other);
	stand_back(0, old);
}

/* ---- signals ------------------------------------------------------------------------------- */

static unsigned signalled;

static void
on_signal(void *ctx, int signo)
{
	assert_int_equal(signo, SIGHUP);
	signalled += *(unsigned *)ctx;
	loop_stop(loop);
}

static void
a_signal_comes_on_the_loop(void **state)
{
	unsigned one = 1, ten = 10;

	loop_on_signal(loop, SIGHUP, on_signal, &one);
	raise(SIGHUP);
	assert_int_equal(signalled, 0);
	loop_run(loop);
	assert_int_equal(signalled, 1);
	loop_on_signal(loop, SIGHUP, on_signal, &ten);
	raise(SIGHUP);
	loop_run(loop);
	assert_int_equal(signalled, 11);
	loop_on_signal(loop, SIGHUP, NULL, NULL);
	loop_on_signal(loop, SIGHUP, on_signal, &one);
	raise(SIGHUP);
	loop_run(loop);
	assert_int_equal(signalled, 12);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bytes_come_and_the_end),
		CASE(readiness_is_by_level_and_by_want),
		CASE(no_callback_after_close),
		CASE(parts_are_written_together_and_a_full_pipe_says_so),
		CASE(shutdown_shows_the_peer_the_end),
		CASE(pipes_end_by_shutdown_and_break),
		CASE(a_shut_pipe_takes_nothing_of_the_next),
		CASE(echo_over_tcp),
		CASE(echo_over_a_unix_socket),
		CASE(a_stale_socket_is_replaced_a_live_one_is_not),
		CASE(listening_twice_is_refused_with_advice),
		CASE(a_refused_connection_fails_at_first_use),
		CASE(a_reset_is_an_error_of_the_read),
		CASE(many_connections_at_once_are_all_accepted),
		CASE(accepting_pauses_without_descriptors),
		CASE(a_listener_may_close_in_its_callback),
		CASE(stdio_may_be_a_file),
		CASE(stdio_gets_its_flags_back),
		CASE(stdout_that_is_shut_stays_taken),
		CASE(a_closed_stdin_is_told),
		CASE(a_signal_comes_on_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

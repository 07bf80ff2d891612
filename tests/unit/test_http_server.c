/*
 * The HTTP server: framing rules, limits, keep-alive, pipelining, refusals, streams, time, at every
 * cut of the bytes.  What the handler does is chosen by the path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "net/net.h"
#include "stream_double.h"

struct fixture {
	struct machine machine;
	struct loop *loop;
	struct http_server *server;
	struct http_request *waiting; /* the last one that was kept */
	unsigned heads, requests, gones;
};

static void
echo(struct http_request *request)
{
	struct slice parts[] = { request->method, S(" "), request->path, S(" "), request->query,
		S(" "), http_request_header(request, S("x-a")), S(" "), buf_view(&request->body) };

	http_respond(request, 200, S("X-Extra: 1\r\n"), S("text/plain"), parts, COUNT(parts));
}

static void
on_head(void *owner, struct http_request *request)
{
	struct fixture *fixture = owner;

	fixture->heads++;
	if (slice_eq(request->path, S("/refuse"))) {
		http_respond(request, 401, SLICE_NONE, SLICE_NONE, NULL, 0);
	} else if (slice_eq(request->path, S("/hold"))) {
		fixture->waiting = request;
		http_request_hold(request);
	}
}

static void
on_request(void *owner, struct http_request *request)
{
	struct fixture *fixture = owner;

	fixture->requests++;
	if (slice_eq(request->path, S("/wait"))) {
		fixture->waiting = request;
	} else if (slice_eq(request->path, S("/stream"))) {
		fixture->waiting = request;
		http_stream_begin(request, 200, SLICE_NONE, S("text/event-stream"));
	} else if (slice_eq(request->path, S("/none"))) {
		http_respond(request, 204, SLICE_NONE, SLICE_NONE, NULL, 0);
	} else {
		echo(request);
	}
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct fixture *fixture = owner;

	fixture->gones++;
	if (fixture->waiting == request)
		fixture->waiting = NULL;
}

static const struct http_handler handler = { on_head, on_request, on_gone };

static const struct http_limits small = {
	.head_bytes = 300,
	.headers = 6,
	.body_bytes = 20,
	.connections = 3,
	.head_ms = 1000,
	.body_ms = 2000,
	.idle_ms = 5000,
	.write_ms = 3000,
	.outbox_bytes = 1000,
};

static void
begin(struct fixture *fixture, const struct http_limits *limits)
{
	struct address at = { .ip = { 127, 0, 0, 1 }, .port = 80 };
	struct err err;

	*fixture = (struct fixture){ .heads = 0 };
	fixture->loop = machine_loop(&fixture->machine);
	assert_true(
	    http_server_new(fixture->loop, &at, limits, &handler, fixture, &fixture->server, &err));
}

static void
end(struct fixture *fixture)
{
	http_server_free(&fixture->server);
	for (unsigned i = 0; i < fixture->machine.peers_n; i++)
		assert_true(fixture->machine.peers[i]->is_closed);
	assert_int_equal(loop_memory(fixture->loop)->used_bytes, 0);
	machine_end(&fixture->machine, &fixture->loop);
}

static void
turns(struct fixture *fixture)
{
	machine_turns(&fixture->machine, fixture->loop);
}

static struct peer *
client(struct fixture *fixture)
{
	return machine_accept(&fixture->machine, 0);
}

static void
say(struct fixture *fixture, struct peer *peer, struct slice text, size_t step)
{
	for (size_t at = 0; at < text.n; at += step) {
		peer_says(
		    peer, (struct slice){ text.p + at, text.n - at < step ? text.n - at : step });
		(void)loop_turn(fixture->loop, 0);
	}
	turns(fixture);
}

/* What was heard without the Date fields, which must be there. */
static struct slice
plain(struct peer *peer)
{
	struct slice date = S("Date: "), heard = peer_heard(peer);
	static char text[8192];
	size_t n = 0;

	assert_true(heard.n < sizeof(text));
	for (size_t i = 0; i < heard.n;) {
		if (slice_starts((struct slice){ heard.p + i, heard.n - i }, date)) {
			while (heard.p[i++] != '\n')
				;
			continue;
		}
		text[n++] = heard.p[i++];
	}
	return (struct slice){ text, n };
}

static void
assert_heard(struct peer *peer, const char *want)
{
	struct slice got = plain(peer);

	if (!slice_eq(got, slice_of(want)))
		fail_msg("heard:\n%.*s\nwanted:\n%s", SLICE_FMT(got), want);
}

#define OK(n, more) \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " n "\r\n" more \
	"X-Extra: 1\r\n\r\n"

static const struct {
	const char *says, *hears;
	bool is_open; /* afterwards */
} good[] = {
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", OK("8", "") "GET /   ", true },
	{ "POST /x?y=1&z HTTP/1.1\r\nHost: a\r\nx-A:  v  \r\nContent-Length: 3\r\n\r\nabc",
	    OK("19", "") "POST /x y=1&z v abc", true },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", OK("9", "") "POST /   ",
	    true },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
	  "2;x=y\r\nab\r\n00001\r\nc\r\n0\r\nTrailer: x\r\nHost: b\r\n\r\n",
	    OK("12", "") "POST /   abc", true },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    OK("9", "") "POST /   ", true },
	{ "GET http://A:80/x HTTP/1.1\r\nHost: a:80\r\n\r\n", OK("9", "") "GET /x   ", true },
	{ "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", OK("12", "") "OPTIONS *   ", true },
	{ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	    OK("9", "") OK("8", "") "GET /   ", true },
	{ "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true },
	{ "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	    OK("8", "Connection: close\r\n") "GET /   ", false },
	{ "GET / HTTP/1.0\r\n\r\n", OK("8", "Connection: close\r\n") "GET /   ", false },
	{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    OK("8", "Connection: keep-alive\r\n") "GET /   ", true },
	{ "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
	    OK("8", "") "GET /   ", true },
	{ "\r\n\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n", OK("8", "") "GET /   ", true },
	{ "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n\r\n",
	    OK("9", "") "POST /   ", true },
	{ "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
	    OK("10", "Connection: close\r\n") "POST /   x", false },
	{ "GET /refuse HTTP/1.1\r\nHost: a\r\n\r\n",
	    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", true },
	{ "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
	  "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n3",
	    OK("9", "") "GET /1   " OK("9", "") "GET /2   " OK("11", "") "POST /3   3", true },
};

static void
good_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t step = 1; step <= strlen(good[i].says); step += step < 8 ? 1 : 29) {
			struct fixture fixture;
			struct peer *peer;

			begin(&fixture, &small);
			peer = client(&fixture);
			say(&fixture, peer, slice_of(good[i].says), step);
			say(&fixture, peer, slice_of(""), 1);
			assert_heard(peer, good[i].hears);
			assert_int_equal(!peer->is_closed, good[i].is_open);
			assert_int_equal(http_server_connections(fixture.server), good[i].is_open);
			assert_int_equal(fixture.gones, 0);
			end(&fixture);
		}
}

static const struct {
	const char *says;
	int status;
} bad[] = {
	/* who says how long the body is */
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
	    400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 0 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", 0 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    0 },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nx", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nx", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nx", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\nx", 413 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n", 413 },
	/* chunks */
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
	    400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "f\r\n123456789012345\r\n6\r\n123456\r\n0\r\n\r\n",
	    413 },
	/* fields */
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\nX: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX(: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n",
	    417 },
	{ "GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\n\r\n", 431 },
	/* the request line */
	{ "FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 501 },
	{ "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501 },
	{ "\x16\x03\x01", 501 },
	{ "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501 },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
	{ "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505 },
	{ "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505 },
	{ "GET /\r\n\r\n", 505 },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
	{ "GET / ICE/1.0\r\nHost: a\r\n\r\n", 400 },
	{ "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
};

/* Of "HTTP/1.1 NNN ..."; 0 when it is no such line. */
static int
status_of(struct slice heard)
{
	uint64_t status;

	if (heard.n < 12 || !slice_to_u64((struct slice){ heard.p + 9, 3 }, 999, &status))
		return 0;
	return (int)status;
}

/* Refused with an answer, then shut; nothing of it reaches `request`, and nothing after it is read.
 */
static void
bad_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		for (size_t step = 1; step <= strlen(bad[i].says); step += step < 4 ? 1 : 37) {
			struct fixture fixture;
			struct peer *peer;
			struct slice heard;
			int status;

			begin(&fixture, &small);
			peer = client(&fixture);
			say(&fixture, peer, slice_of(bad[i].says), step);
			say(&fixture, peer, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
			heard = peer_heard(peer);
			assert_true(slice_starts(heard, S("HTTP/1.1 ")));
			status = status_of(heard);
			if (bad[i].status != 0 ? status != bad[i].status
					       : status != 400 && status != 501)
				fail_msg("row %zu, step %zu: %d\n%s", i, step, status, bad[i].says);
			assert_int_equal(fixture.requests, 0);
			assert_int_equal(fixture.heads, fixture.gones);
			assert_true(peer->is_shut && !peer->is_closed);
			assert_int_equal(peer->says_at, peer->says.n);
			peer->says_end = true;
			turns(&fixture);
			assert_true(peer->is_closed);
			end(&fixture);
		}
}

/* Heads that grow without end, in the ways a head can. */
static void
endless_heads(void **state)
{
	static const struct {
		const char *start, *more;
		int status;
	} rows[] = {
		{ "GET /", "aaaaaaa", 414 },
		{ "", "\r\n\r\n", 414 },
		{ "GET / HTTP/1.1\r\nHost:", "       ", 431 },
		{ "GET / HTTP/1.1\r\nHost: ", "aaaaaaa", 431 },
		{ "GET / HTTP/1.1\r\nH", "aaaaaaa", 431 },
		{ "GET ", "       ", 414 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step < 400; step = step * 3) {
			struct fixture fixture;
			struct peer *peer;
			struct buf text;

			buf_init(&text, NULL, SIZE_MAX);
			buf_puts(&text, rows[i].start);
			while (text.n < 400)
				buf_puts(&text, rows[i].more);
			begin(&fixture, &small);
			peer = client(&fixture);
			say(&fixture, peer, buf_view(&text), step);
			if (status_of(peer_heard(peer)) != rows[i].status)
				fail_msg("row %zu: %.*s", i, SLICE_FMT(peer_heard(peer)));
			end(&fixture);
			buf_fini(&text);
		}
}

/* A body of a few bytes must not cost megabytes of framing. */
static void
endless_framing(void **state)
{
	static const char *const more[] = { "000000000", ";a=b;a=b;a", "0\r\nX: y\r\nX: y\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++) {
		struct fixture fixture;
		struct peer *peer;

		begin(&fixture, &small);
		peer = client(&fixture);
		say(&fixture, peer,
		    S("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 100);
		say(&fixture, peer, i == 1 ? S("1") : S(""), 1);
		for (int k = 0; k < 4000 && peer->heard.n == 0; k++) {
			peer_says(peer, i == 2 && k > 0 ? S("X: y\r\n") : slice_of(more[i]));
			(void)loop_turn(fixture.loop, 0);
		}
		assert_true(slice_starts(peer_heard(peer), S("HTTP/1.1 400 ")));
		assert_true(peer->says.n < 18 * KIB);
		end(&fixture);
	}
}

static void
continue_100(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer,
	    S("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
	    7);
	assert_heard(peer, "HTTP/1.1 100 Continue\r\n\r\n");
	say(&fixture, peer, S("ab"), 1);
	assert_heard(peer, "HTTP/1.1 100 Continue\r\n\r\n" OK("11", "") "POST /   ab");
	peer = client(&fixture);
	say(&fixture, peer,
	    S("POST /refuse HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	      "Content-Length: 2\r\n\r\n"),
	    100);
	assert_heard(
	    peer, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	assert_true(peer->is_shut);
	end(&fixture);
}

/* Refused at the head: a body in hand is skipped, one still to come costs the connection. */
static void
refused_bodies(void **state)
{
	struct fixture fixture;
	struct peer *peer;
	struct slice text = S("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
			      "GET / HTTP/1.1\r\nHost: a\r\n\r\n");

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer, text, text.n);
	assert_heard(
	    peer, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" OK("8", "") "GET /   ");
	assert_false(peer->is_shut);
	peer = client(&fixture);
	say(&fixture, peer, text, text.n - 28);
	assert_heard(
	    peer, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	assert_true(peer->is_shut);
	assert_int_equal(fixture.requests, 1);
	assert_int_equal(fixture.gones, 0);
	end(&fixture);
}

/* One read, one write, no change of interest, for every request on a kept connection. */
static void
hot_path(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture, &http_limits_default);
	peer = client(&fixture);
	for (unsigned i = 1; i <= 5; i++) {
		say(&fixture, peer,
		    S("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"), 100);
		assert_int_equal(peer->reads, i);
		assert_int_equal(peer->writes, i);
		assert_int_equal(peer->wants, 1);
	}
	assert_int_equal(loop_memory(fixture.loop)->used_bytes, 0);
	end(&fixture);
}

/* Later requests wait, in a bounded amount, until the response before them has ended. */
static void
pipelining_waits(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer,
	    S("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	say(&fixture, peer, S("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"), 5);
	assert_int_equal(fixture.requests, 1);
	assert_int_equal(peer->heard.n, 0);
	echo(fixture.waiting);
	turns(&fixture);
	assert_heard(
	    peer, OK("12", "") "GET /wait   " OK("9", "") "GET /2   " OK("9", "") "GET /3   ");
	say(&fixture, peer, S("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	for (int i = 0; i < 5000; i++)
		peer_says(peer, S("GET /4 HTTP/1.1\r\nHost: a\r\n\r\n"));
	turns(&fixture);
	assert_true(peer->says.n - peer->says_at > 90 * KIB);
	assert_int_equal(peer->wanted, 0);
	echo(fixture.waiting);
	turns(&fixture);
	assert_int_equal(peer->says_at, peer->says.n);
	assert_int_equal(fixture.requests, 5004);
	end(&fixture);
}

/* A response that does not leave holds the next request back. */
static void
back_pressure(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	peer->write_room = 10;
	say(&fixture, peer,
	    S("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	assert_int_equal(fixture.requests, 1);
	peer->write_room = 1000;
	turns(&fixture);
	assert_int_equal(fixture.requests, 2);
	assert_heard(peer, OK("9", "") "GET /1   " OK("9", "") "GET /2   ");
	end(&fixture);
}

static void
short_writes(void **state)
{
	(void)state;
	for (size_t max = 1; max < 150; max += 3) {
		struct fixture fixture;
		struct peer *peer;

		begin(&fixture, &small);
		peer = client(&fixture);
		peer->write_max = max;
		say(&fixture, peer,
		    S("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n"
		      "Connection: close\r\n\r\n"),
		    3);
		assert_heard(
		    peer, OK("9", "") "GET /1   " OK("9", "Connection: close\r\n") "GET /2   ");
		assert_true(peer->is_closed);
		end(&fixture);
	}
}

static void
gone_clients(void **state)
{
	static const char *const says[] = {
		"",
		"G",
		"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
		"GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n",
	};
	static const unsigned gones[] = { 0, 0, 1, 1, 1, 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(says); i++)
		for (int how = 0; how < 2; how++) {
			struct fixture fixture;
			struct peer *peer;

			begin(&fixture, &small);
			peer = client(&fixture);
			say(&fixture, peer, slice_of(says[i]), 11);
			if (how == 0)
				peer->says_end = true;
			else
				peer->read_error = ECONNRESET;
			turns(&fixture);
			assert_int_equal(fixture.gones, gones[i]);
			assert_true(peer->is_closed);
			end(&fixture);
		}
}

/* Half closed while its answer is on the way: it gets the whole of it. */
static void
half_closed_reader(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	peer->write_room = 5;
	say(&fixture, peer, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	peer->says_end = true;
	turns(&fixture);
	assert_false(peer->is_closed);
	peer->write_room = SIZE_MAX;
	turns(&fixture);
	assert_heard(peer, OK("8", "") "GET /   ");
	assert_true(peer->is_closed);
	end(&fixture);
}

static void
streams(void **state)
{
	static const struct slice parts[] = { { "data: ", 6 }, { "0123456789", 10 }, { "", 0 },
		{ "\n\n", 2 } };
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer,
	    S("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	assert_heard(peer,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n");
	peer->heard.n = peer->writes = 0;
	http_stream_put(fixture.waiting, parts, 4);
	http_stream_put(fixture.waiting, parts + 2, 1);
	assert_int_equal(peer->writes, 1);
	http_stream_put(fixture.waiting, parts + 1, 1);
	http_stream_end(fixture.waiting);
	turns(&fixture);
	assert_heard(peer,
	    "12\r\ndata: 0123456789\n\n\r\na\r\n0123456789\r\n0\r\n\r\n" OK("8", "") "GET /   ");

	peer = client(&fixture);
	say(&fixture, peer, S("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 100);
	http_stream_put(fixture.waiting, parts, 4);
	http_stream_end(fixture.waiting);
	assert_heard(peer,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
	    "data: 0123456789\n\n");
	turns(&fixture);
	assert_true(peer->is_closed);

	peer = client(&fixture);
	say(&fixture, peer, S("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	http_stream_put(fixture.waiting, parts, 4);
	http_stream_end(fixture.waiting);
	assert_heard(peer,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n");
	assert_false(peer->is_closed);
	assert_int_equal(fixture.gones, 0);
	end(&fixture);
}

/* Unread output over the limit: gone, from a turn and not from within the put. */
static void
slow_reader(void **state)
{
	struct fixture fixture;
	struct peer *peer;
	struct slice part = S("0123456789012345678901234567890123456789");

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer, S("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	peer->write_room = 0;
	for (int i = 0; i < 100; i++)
		http_stream_put(fixture.waiting, &part, 1);
	assert_int_equal(fixture.gones, 0);
	turns(&fixture);
	assert_int_equal(fixture.gones, 1);
	assert_true(peer->is_closed);
	end(&fixture);
}

/* A whole reply may be longer than what a stream may pile up. */
static void
long_reply(void **state)
{
	struct fixture fixture;
	struct peer *peer;
	static char bytes[5000];
	struct slice parts[50];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 0; i < 50; i++)
		parts[i] = (struct slice){ bytes + i * 100, 100 };
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer, S("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	peer->write_room = 300;
	http_respond(fixture.waiting, 200, SLICE_NONE, SLICE_NONE, parts, 50);
	turns(&fixture);
	peer->write_room = SIZE_MAX;
	turns(&fixture);
	assert_true(slice_ends(peer_heard(peer), (struct slice){ bytes, 5000 }));
	assert_int_equal(
	    plain(peer).n, 5000 + strlen("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"));
	end(&fixture);
}

static void
long_extra(void **state)
{
	struct fixture fixture;
	struct peer *peer;
	struct buf extra;

	(void)state;
	buf_init(&extra, NULL, SIZE_MAX);
	buf_puts(&extra, "X: ");
	for (int i = 0; i < 3000; i++)
		buf_putc(&extra, 'x');
	buf_puts(&extra, "\r\n");
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer, S("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	http_respond(fixture.waiting, 202, buf_view(&extra), SLICE_NONE, NULL, 0);
	assert_int_equal(peer->writes, 1);
	buf_puts(&extra, "\r\n");
	assert_true(slice_ends(peer_heard(peer), buf_view(&extra)));
	end(&fixture);
	buf_fini(&extra);
}

static void
times(void **state)
{
	struct fixture fixture;
	struct peer *idle, *head, *body, *stream;

	(void)state;
	begin(&fixture, &small);
	idle = client(&fixture);
	say(&fixture, idle, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	machine_sleep(&fixture.machine, fixture.loop, 4000);
	say(&fixture, idle, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	machine_sleep(&fixture.machine, fixture.loop, 4999);
	assert_false(idle->is_closed);
	machine_sleep(&fixture.machine, fixture.loop, 1);
	assert_true(idle->is_closed);

	/* The head has its time from its first byte, however it trickles. */
	head = client(&fixture);
	for (int i = 0; i < 9; i++) {
		say(&fixture, head, (struct slice){ &"GET / HTT"[i], 1 }, 1);
		machine_sleep(&fixture.machine, fixture.loop, 111);
	}
	assert_int_equal(head->heard.n, 0);
	machine_sleep(&fixture.machine, fixture.loop, 1);
	assert_true(slice_starts(peer_heard(head), S("HTTP/1.1 408 ")));
	assert_true(head->is_shut && !head->is_closed);
	machine_sleep(&fixture.machine, fixture.loop, 2000);
	assert_true(head->is_closed);

	/* The body too, however it trickles. */
	for (size_t way = 0; way < 2; way++) {
		body = client(&fixture);
		say(&fixture, body,
		    way == 0
			? S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
			: S("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
		    100);
		for (int i = 0; i < 3; i++) {
			machine_sleep(&fixture.machine, fixture.loop, 600);
			say(&fixture, body, way == 0 ? S("x") : S("1\r\nx\r\n"), 100);
		}
		assert_int_equal(body->heard.n, 0);
		machine_sleep(&fixture.machine, fixture.loop, 200);
		assert_true(slice_starts(peer_heard(body), S("HTTP/1.1 408 ")));
		assert_int_equal(fixture.gones, way + 1);
	}

	/* Waiting has no time; output that does not move has. */
	stream = client(&fixture);
	say(&fixture, stream, S("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	machine_sleep(&fixture.machine, fixture.loop, 1000000);
	assert_false(stream->is_closed);
	stream->write_room = 1;
	http_stream_put(fixture.waiting, &(struct slice){ "0123456789", 10 }, 1);
	for (int i = 0; i < 5; i++) {
		machine_sleep(&fixture.machine, fixture.loop, 2999);
		stream->write_room = 1;
		turns(&fixture);
	}
	assert_int_equal(fixture.gones, 2);
	machine_sleep(&fixture.machine, fixture.loop, 3000);
	assert_int_equal(fixture.gones, 3);
	assert_true(stream->is_closed);
	end(&fixture);
}

/* A body that comes at a pace of 8 KiB in its time may take as long as it needs. */
static void
paced_bodies(void **state)
{
	static char chunk[6 + 8192 + 2] = "2000\r\n";
	struct http_limits roomy = small;
	struct fixture fixture;
	struct peer *body;

	(void)state;
	roomy.body_bytes = MIB;
	begin(&fixture, &roomy);
	memset(chunk + 6, 'x', 8192);
	memcpy(chunk + 6 + 8192, "\r\n", 2);
	body = client(&fixture);
	say(&fixture, body, S("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    100);
	for (int i = 0; i < 5; i++) {
		machine_sleep(&fixture.machine, fixture.loop, 1900);
		say(&fixture, body, (struct slice){ chunk, sizeof(chunk) }, 4096);
		assert_int_equal(body->heard.n, 0);
	}
	machine_sleep(&fixture.machine, fixture.loop, 2000);
	assert_true(slice_starts(peer_heard(body), S("HTTP/1.1 408 ")));
	assert_int_equal(fixture.gones, 1);
	end(&fixture);
}

static void
linger_is_bounded(void **state)
{
	struct fixture fixture;
	struct peer *peer;
	char *bytes = mem_new(64 * KIB);

	(void)state;
	begin(&fixture, &small);
	peer = client(&fixture);
	say(&fixture, peer, S("bad\r\n"), 100);
	assert_true(peer->is_shut);
	for (int i = 0; i < 32 && !peer->is_closed; i++) {
		peer_says(peer, (struct slice){ bytes, 64 * KIB });
		(void)loop_turn(fixture.loop, 0);
	}
	assert_true(peer->is_closed);
	end(&fixture);
	mem_free(bytes);
}

static void
stopping(void **state)
{
	struct fixture fixture;
	struct peer *idle, *busy, *half;

	(void)state;
	begin(&fixture, &small);
	idle = client(&fixture);
	busy = client(&fixture);
	half = client(&fixture);
	say(&fixture, busy, S("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	say(&fixture, half, S("GET / HTTP/1.1\r\n"), 100);
	http_server_stop(fixture.server);
	assert_true(idle->is_closed);
	assert_int_equal(http_server_connections(fixture.server), 2);
	echo(fixture.waiting);
	turns(&fixture);
	assert_heard(busy, OK("12", "Connection: close\r\n") "GET /wait   ");
	assert_true(busy->is_closed);
	say(&fixture, half, S("Host: a\r\n\r\n"), 100);
	assert_heard(half, OK("8", "Connection: close\r\n") "GET /   ");
	assert_true(half->is_closed);
	end(&fixture);
}

static void
freeing_tells(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, &small);
	say(&fixture, client(&fixture), S("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"), 100);
	say(&fixture, client(&fixture),
	    S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"), 100);
	say(&fixture, client(&fixture), S("GET / HTTP/1.1\r\n"), 100);
	http_server_free(&fixture.server);
	assert_int_equal(fixture.gones, 2);
	end(&fixture);
}

static void
connections_max(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, &small);
	for (int i = 0; i < 3; i++)
		assert_false(client(&fixture)->is_closed);
	assert_true(client(&fixture)->is_closed);
	assert_int_equal(http_server_connections(fixture.server), 3);
	fixture.machine.peers[0]->says_end = true;
	turns(&fixture);
	assert_false(client(&fixture)->is_closed);
	end(&fixture);
}

/* Bodies from nothing to megabytes, in reads of every kind of size. */
static void
long_bodies(void **state)
{
	static const size_t sizes[] = { 1, 4000, 65535, 65536, 65537, 200000, 3 * MIB };
	static const size_t reads[] = { 0, 1000, 65536, 50000 };
	char *bytes = mem_new(3 * MIB);

	(void)state;
	for (size_t i = 0; i < 3 * MIB; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (size_t k = 0; k < 2 * COUNT(reads); k++) {
			struct fixture fixture;
			struct peer *peer;
			struct buf text;

			buf_init(&text, NULL, SIZE_MAX);
			buf_puts(&text, "POST /wait HTTP/1.1\r\nHost: a\r\n");
			if (k % 2 == 0)
				buf_printf(&text, "Content-Length: %zu\r\n\r\n", sizes[i]);
			else
				buf_printf(
				    &text, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", sizes[i]);
			buf_put(&text, (struct slice){ bytes, sizes[i] });
			if (k % 2 == 1)
				buf_puts(&text, "\r\n0\r\n\r\n");
			begin(&fixture, &http_limits_default);
			peer = client(&fixture);
			peer->read_max = reads[k / 2];
			peer_says(peer, buf_view(&text));
			turns(&fixture);
			assert_non_null(fixture.waiting);
			assert_int_equal(fixture.waiting->body.n, sizes[i]);
			assert_memory_equal(fixture.waiting->body.p, bytes, sizes[i]);
			end(&fixture);
			buf_fini(&text);
		}
	mem_free(bytes);
}

static void
out_of_memory(void **state)
{
	static const char *const says[] = {
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nx",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(says); i++) {
		struct fixture fixture;
		struct peer *peer;
		char body[5000] = "";

		begin(&fixture, &http_limits_default);
		loop_memory(fixture.loop)->limit_bytes = 4000;
		peer = client(&fixture);
		peer_says(peer, slice_of(says[i]));
		say(&fixture, peer, (struct slice){ body, 5000 }, 5000);
		assert_true(slice_starts(peer_heard(peer), S("HTTP/1.1 503 ")));
		assert_int_equal(fixture.gones, 1);
		end(&fixture);
	}
}

/* The owner takes the body away. */
static void
body_taken(void **state)
{
	struct fixture fixture;
	struct buf body;

	(void)state;
	begin(&fixture, &small);
	buf_init(&body, loop_memory(fixture.loop), SIZE_MAX);
	say(&fixture, client(&fixture),
	    S("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"), 100);
	buf_take(&body, &fixture.waiting->body);
	echo(fixture.waiting);
	turns(&fixture);
	assert_true(slice_eq(buf_view(&body), S("abc")));
	buf_fini(&body);
	end(&fixture);
}

/* A request that is held at its head, and what comes behind it, at every cut. */
static void
held_heads(void **state)
{
	static const struct {
		struct slice says;
		const char *heard, *refused;
	} cases[] = {
		{ S("GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
		    OK("12", "") "GET /hold   " OK("9", "") "GET /2   ",
		    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" OK(
			"9", "") "GET /2   " },
		{ S("POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
		    "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
		    OK("16", "") "POST /hold   abc" OK("9", "") "GET /2   ",
		    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" },
		{ S("POST /hold HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
		    OK("16", "") "POST /hold   abc" OK("9", "") "GET /2   ",
		    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t step = 1; step < 200; step += 7)
			for (int how = 0; how < 3; how++) {
				struct fixture fixture;
				struct peer *peer;

				begin(&fixture, &small);
				peer = client(&fixture);
				say(&fixture, peer, cases[i].says, step);
				assert_int_equal(fixture.heads, 1);
				assert_int_equal(fixture.requests, 0);
				assert_int_equal(peer_heard(peer).n, 0);
				if (how == 0)
					http_request_go(fixture.waiting);
				else if (how == 1)
					http_respond(
					    fixture.waiting, 401, SLICE_NONE, SLICE_NONE, NULL, 0);
				turns(&fixture);
				if (how < 2)
					assert_heard(
					    peer, how == 0 ? cases[i].heard : cases[i].refused);
				end(&fixture);
				assert_int_equal(fixture.gones, how == 2);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(endless_heads),
		cmocka_unit_test(endless_framing),
		cmocka_unit_test(continue_100),
		cmocka_unit_test(refused_bodies),
		cmocka_unit_test(hot_path),
		cmocka_unit_test(pipelining_waits),
		cmocka_unit_test(back_pressure),
		cmocka_unit_test(short_writes),
		cmocka_unit_test(gone_clients),
		cmocka_unit_test(half_closed_reader),
		cmocka_unit_test(streams),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(long_reply),
		cmocka_unit_test(long_extra),
		cmocka_unit_test(times),
		cmocka_unit_test(paced_bodies),
		cmocka_unit_test(linger_is_bounded),
		cmocka_unit_test(stopping),
		cmocka_unit_test(freeing_tells),
		cmocka_unit_test(connections_max),
		cmocka_unit_test(long_bodies),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(body_taken),
		cmocka_unit_test(held_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The HTTP client: responses at every cut of their bytes, bad ones, kept connections, connecting,
 * time, pausing, and owners that abort, start and free from within callbacks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "net/http_link.h"
#include "stream_double.h"

enum act { ACT_NONE, ACT_ABORT, ACT_FREE_POOL, ACT_START, ACT_PAUSE };

struct fixture {
	struct machine machine;
	struct loop *loop;
	struct http_pool *pool;
	struct fetch *fetch;
	struct buf got; /* "<status>", bytes, "." or "!" */
	struct err err;
	bool was_sent, was_stale;
	unsigned dones;
	enum act at_head, at_data, at_done;
};

static void get(struct fixture *fixture);

static void
act(struct fixture *fixture, enum act act)
{
	switch (act) {
	case ACT_ABORT:
		fetch_abort(&fixture->fetch);
		break;
	case ACT_FREE_POOL:
		http_pool_free(&fixture->pool);
		break;
	case ACT_START:
		fixture->at_done = ACT_NONE;
		get(fixture);
		break;
	case ACT_PAUSE:
		fetch_pause(fixture->fetch);
		break;
	case ACT_NONE:
		break;
	}
}

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	struct fixture *fixture = owner;

	assert_ptr_equal(fetch, fixture->fetch);
	buf_printf(&fixture->got, "<%d %.*s>", status, SLICE_FMT(fetch_header(fetch, S("x-a"))));
	act(fixture, fixture->at_head);
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct fixture *fixture = owner;

	(void)fetch;
	buf_put(&fixture->got, (struct slice){ bytes, n });
	memset(bytes, '#', n);
	act(fixture, fixture->at_data);
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct fixture *fixture = owner;

	fixture->dones++;
	buf_putc(&fixture->got, err == NULL ? '.' : '!');
	fixture->err = err != NULL ? *err : (struct err){ .kind = ERR_NONE };
	fixture->was_sent = fetch_was_sent(fetch);
	fixture->was_stale = fetch_was_stale(fetch);
	act(fixture, fixture->at_done);
	if (fixture->at_done != ACT_START && fixture->fetch == fetch)
		fixture->fetch = NULL;
}

static const struct fetch_handler handler = { on_head, on_data, on_done };

static void
begin_at(struct fixture *fixture, struct slice url, unsigned keep)
{
	struct err err;

	*fixture = (struct fixture){ .dones = 0 };
	fixture->loop = machine_loop(&fixture->machine);
	buf_init(&fixture->got, NULL, SIZE_MAX);
	assert_true(http_pool_new(fixture->loop, url, keep, 10000, &fixture->pool, &err));
}

static void
begin(struct fixture *fixture)
{
	begin_at(fixture, S("http://127.0.0.1:99/mcp"), 2);
}

static void
end(struct fixture *fixture)
{
	http_pool_free(&fixture->pool);
	buf_fini(&fixture->got);
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

static void
start(struct fixture *fixture, const struct fetch_request *request)
{
	fixture->fetch = fetch_start(fixture->pool, request, &handler, fixture);
}

static void
get(struct fixture *fixture)
{
	struct fetch_request request = { .method = S("GET"), .path = S("/x"), .max_bytes = 40 };

	start(fixture, &request);
}

static void
say(struct fixture *fixture, struct peer *peer, struct slice text, size_t step)
{
	for (size_t at = 0; at < text.n && !peer->is_closed; at += step) {
		peer_says(
		    peer, (struct slice){ text.p + at, text.n - at < step ? text.n - at : step });
		(void)loop_turn(fixture->loop, 0);
	}
	turns(fixture);
}

/* A fetch on a new connection, answered. */
static struct peer *
answered(struct fixture *fixture, struct slice text, size_t step)
{
	struct peer *peer;

	get(fixture);
	turns(fixture);
	peer = machine_last(&fixture->machine);
	say(fixture, peer, text, step);
	return peer;
}

static void
assert_got(struct fixture *fixture, const char *want)
{
	if (!slice_eq(buf_view(&fixture->got), slice_of(want)))
		fail_msg("got: %.*s (%s)\nwanted: %s", SLICE_FMT(buf_view(&fixture->got)),
		    fixture->err.text, want);
}

static const struct {
	const char *says, *got;
	bool ends; /* the server closes after it */
	bool keeps;
} good[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b \r\n\r\nabc", "<200 b>abc.", false,
	    true },
	{ "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "<200 >.", false, true },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nX-A: t\r\n\r\n",
	    "<200 >abc.", false, true },
	{ "HTTP/1.1 200 OK\r\n\r\nabc", "<200 >abc.", true, false },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "<200 >abc.", false, false },
	{ "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", "<200 >abc.",
	    false, true },
	{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "<200 >abc.",
	    false, false },
	{ "HTTP/1.1 204 No\r\n\r\n", "<204 >.", false, true },
	{ "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", "<204 >.", false, true },
	{ "HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", "<304 >.", false, true },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX-A: no\r\n\r\n"
	  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
	    "<200 >a.", false, true },
	{ "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\na", "<500 >a.", false, true },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n1234567890123456789012345678901234567890",
	    "<200 >1234567890123456789012345678901234567890.", false, true },
};

static void
good_responses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t step = 1; step <= strlen(good[i].says); step += step < 8 ? 1 : 23) {
			struct fixture fixture;
			struct peer *peer;

			begin(&fixture);
			peer = answered(&fixture, slice_of(good[i].says), step);
			if (good[i].ends)
				peer->says_end = true;
			turns(&fixture);
			assert_got(&fixture, good[i].got);
			assert_int_equal(!peer->is_closed, good[i].keeps);
			assert_true(slice_eq(
			    peer_heard(peer), S("GET /x HTTP/1.1\r\nHost: 127.0.0.1:99\r\n\r\n")));
			end(&fixture);
		}
}

static const struct {
	const char *says, *got; /* without the final '!' */
	enum errkind kind;
} bad[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "", ERR_IO },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na", "",
	    ERR_IO },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na", "",
	    ERR_IO },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\na", "", ERR_IO },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\na", "", ERR_IO },
	{ "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", ERR_IO },
	{ "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\na", "", ERR_IO },
	{ "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "", ERR_IO },
	{ "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "", ERR_IO },
	{ "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", ERR_IO },
	{ "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "", ERR_IO },
	{ "HTTP/1.1 99 Odd\r\n\r\n", "", ERR_IO },
	{ "SSH-2.0-x\r\n", "", ERR_IO },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", "<200 >a", ERR_IO },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n", "", ERR_LIMIT },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n1234567890123456789012345678901234567890"
	  "\r\n1\r\na\r\n0\r\n\r\n",
	    "<200 >1234567890123456789012345678901234567890", ERR_LIMIT },
};

static void
bad_responses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		for (size_t step = 1; step <= strlen(bad[i].says); step += step < 4 ? 1 : 31) {
			struct fixture fixture;
			struct peer *peer;

			begin(&fixture);
			peer = answered(&fixture, slice_of(bad[i].says), step);
			assert_int_equal(fixture.dones, 1);
			assert_int_equal(fixture.err.kind, bad[i].kind);
			assert_true(
			    slice_starts(slice_of(fixture.err.text), S("http://127.0.0.1:99: ")));
			fixture.got.n--;
			assert_got(&fixture, bad[i].got);
			assert_true(peer->is_closed);
			assert_false(fixture.was_stale);
			end(&fixture);
		}
}

/* The end of the connection at every byte of a response: an error each time. */
static void
cut_responses(void **state)
{
	static const char *const says[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(says); i++)
		for (size_t n = 0; n < strlen(says[i]); n++)
			for (int how = 0; how < 2; how++) {
				struct fixture fixture;
				struct peer *peer;

				begin(&fixture);
				peer = answered(&fixture, (struct slice){ says[i], n }, 100);
				assert_int_equal(fixture.dones, 0);
				peer->says_end = how == 0;
				peer->read_error = how == 0 ? 0 : ECONNRESET;
				turns(&fixture);
				assert_int_equal(fixture.dones, 1);
				assert_int_equal(fixture.err.kind, ERR_IO);
				assert_true(fixture.was_sent && !fixture.was_stale);
				end(&fixture);
			}
}

static void
endless_head(void **state)
{
	static const char *const says[] = { "a", "X: y\r\n", " ", "HTTP/1.1 100 Continue\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(says); i++) {
		struct fixture fixture;
		struct peer *peer;

		begin(&fixture);
		peer = answered(&fixture, i == 3 ? S("") : S("HTTP/1.1 200 OK\r\nX: "), 100);
		if (i == 1)
			peer_says(peer, S("\r\n"));
		for (int k = 0; k < 100 * 1024 && fixture.dones == 0; k++) {
			peer_says(peer, slice_of(says[i]));
			if (k % 64 == 0)
				(void)loop_turn(fixture.loop, 0);
		}
		assert_int_equal(fixture.dones, 1);
		assert_int_equal(fixture.err.kind, ERR_IO);
		end(&fixture);
	}
}

static void
request_texts(void **state)
{
	static const struct slice body[] = { S("1"), S(""), S("23") };
	static const struct {
		struct fetch_request request;
		const char *heard;
	} rows[] = {
		{ { .method = S("POST"),
		      .path = S("/a?b=c"),
		      .headers = S("A: b\r\nC: d\r\n"),
		      .body = body,
		      .body_parts = 3 },
		    "POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:99\r\nContent-Length: 3\r\nA: b\r\nC: d\r\n\r\n123" },
		{ { .method = S("POST"), .path = S("/") },
		    "POST / HTTP/1.1\r\nHost: 127.0.0.1:99\r\nContent-Length: 0\r\n\r\n" },
		{ { .method = S("DELETE"), .path = S("/") },
		    "DELETE / HTTP/1.1\r\nHost: 127.0.0.1:99\r\n\r\n" },
	};
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t room = 0; room < 100; room += 7) {
			struct peer *peer;

			begin(&fixture);
			fixture.machine.connects_hang = true;
			start(&fixture, &rows[i].request);
			peer = machine_last(&fixture.machine);
			turns(&fixture);
			assert_false(fetch_was_sent(fixture.fetch));
			peer->is_connecting = false;
			peer->write_room = room;
			turns(&fixture);
			assert_int_equal(fetch_was_sent(fixture.fetch), room > 0);
			peer->write_room = 1000;
			turns(&fixture);
			assert_true(slice_eq(peer_heard(peer), slice_of(rows[i].heard)));
			/* Once more, on the kept connection. */
			say(&fixture, peer, S("HTTP/1.1 204 No\r\n\r\n"), 100);
			peer->heard.n = 0;
			peer->write_room = room;
			start(&fixture, &rows[i].request);
			turns(&fixture);
			peer->write_room = 1000;
			turns(&fixture);
			assert_true(slice_eq(peer_heard(peer), slice_of(rows[i].heard)));
			assert_int_equal(fixture.machine.connects, 1);
			end(&fixture);
		}
}

/* Nothing that could split a request is sent. */
static void
bad_requests(void **state)
{
	static const struct fetch_request rows[] = {
		{ .method = S("GET "), .path = S("/") },
		{ .method = S(""), .path = S("/") },
		{ .method = S("GET"), .path = S("x") },
		{ .method = S("GET"), .path = S("") },
		{ .method = S("GET"), .path = S("/ ") },
		{ .method = S("GET"), .path = S("/\r\nA: b") },
		{ .method = S("GET"), .path = S("/\xc3\xa4") },
		{ .method = S("GET"), .path = S("/"), .headers = S("A: b") },
		{ .method = S("GET"), .path = S("/"), .headers = S("A: b\n") },
		{ .method = S("GET"), .path = S("/"), .headers = S("A: b\r") },
		{ .method = S("GET"), .path = S("/"), .headers = S("A: b\r\n\r\n") },
		{ .method = S("GET"), .path = S("/"), .headers = S("\r\n") },
		{ .method = S("GET"), .path = S("/"), .headers = S("A: \0b\r\n") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture fixture;

		begin(&fixture);
		start(&fixture, &rows[i]);
		assert_int_equal(fixture.dones, 0);
		turns(&fixture);
		assert_int_equal(fixture.dones, 1);
		assert_int_equal(fixture.err.kind, ERR_REQUEST);
		assert_int_equal(fixture.machine.connects, 0);
		end(&fixture);
	}
}

static void
connect_refused(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	fixture.machine.connect_error = ECONNREFUSED;
	get(&fixture);
	assert_int_equal(fixture.dones, 0);
	turns(&fixture);
	assert_got(&fixture, "!");
	assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(fixture.err.text, "connect to 127.0.0.1:99: Connection refused");
	assert_false(fixture.was_sent || fixture.was_stale);
	end(&fixture);
}

static void
connect_timeout(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	fixture.machine.connects_hang = true;
	get(&fixture);
	machine_sleep(&fixture.machine, fixture.loop, 9999);
	assert_int_equal(fixture.dones, 0);
	machine_sleep(&fixture.machine, fixture.loop, 1);
	assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(fixture.err.text, "connect to 127.0.0.1:99: timed out");
	end(&fixture);
}

/* Addresses are tried in turn, each with its share of the time; the one that worked is the next
 * first. */
static void
several_addresses(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_at(&fixture, S("http://127.0.0.1:99/"), 0);
	fixture.pool->addresses[1] = fixture.pool->addresses[2] = fixture.pool->addresses[0];
	fixture.pool->addresses[1].port = 100;
	fixture.pool->addresses[2].port = 101;
	fixture.pool->addresses_n = 3;
	fixture.machine.connect_error = ECONNREFUSED;
	get(&fixture);
	fixture.machine.connect_error = 0;
	fixture.machine.connects_hang = true;
	turns(&fixture);
	machine_sleep(&fixture.machine, fixture.loop, 4999);
	assert_int_equal(machine_last(&fixture.machine)->to.port, 100);
	machine_sleep(&fixture.machine, fixture.loop, 1);
	assert_int_equal(machine_last(&fixture.machine)->to.port, 101);
	assert_int_equal(fixture.dones, 0);
	machine_last(&fixture.machine)->is_connecting = false;
	turns(&fixture);
	say(&fixture, machine_last(&fixture.machine), S("HTTP/1.1 204 No\r\n\r\n"), 100);
	assert_got(&fixture, "<204 >.");
	get(&fixture);
	assert_int_equal(machine_last(&fixture.machine)->to.port, 101);
	fetch_abort(&fixture.fetch);
	fixture.machine.connects_hang = false;
	fixture.machine.connect_error = EHOSTUNREACH;
	get(&fixture);
	turns(&fixture);
	assert_string_equal(fixture.err.text, "connect to 127.0.0.1:100: No route to host");
	assert_true(fixture.pool->is_stale);
	end(&fixture);
}

static void
not_resolved(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_at(&fixture, S("http://host.invalid/"), 1);
	get(&fixture);
	turns(&fixture);
	assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
	end(&fixture);
}

/* Kept, last in first out, up to `keep`; no change of interest, one write, one read a fetch. */
static void
kept_connections(void **state)
{
	struct slice ok = S("HTTP/1.1 204 No\r\n\r\n");
	struct fixture fixture;
	struct fetch *fetches[3];
	struct peer *peers[3];

	(void)state;
	begin(&fixture);
	for (int i = 0; i < 3; i++) {
		get(&fixture);
		fetches[i] = fixture.fetch;
		turns(&fixture);
		peers[i] = machine_last(&fixture.machine);
	}
	for (int i = 0; i < 3; i++) {
		fixture.fetch = fetches[i];
		say(&fixture, peers[i], ok, 100);
	}
	assert_int_equal(fixture.machine.connects, 3);
	assert_true(!peers[0]->is_closed && !peers[1]->is_closed && peers[2]->is_closed);
	for (unsigned i = 1; i < 5; i++) {
		unsigned reads = peers[1]->reads, writes = peers[1]->writes,
			 wants = peers[1]->wants;

		get(&fixture);
		say(&fixture, peers[1], ok, 100);
		assert_int_equal(peers[1]->reads, reads + 1);
		assert_int_equal(peers[1]->writes, writes + 1);
		assert_int_equal(peers[1]->wants, wants);
	}
	assert_int_equal(fixture.machine.connects, 3);
	assert_int_equal(fixture.dones, 7);
	http_pool_forget(fixture.pool);
	assert_true(peers[0]->is_closed && peers[1]->is_closed);
	end(&fixture);
}

/* What an idle connection does is noticed at once. */
static void
idle_events(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		struct fixture fixture;
		struct peer *peer;

		begin(&fixture);
		peer = answered(&fixture, S("HTTP/1.1 204 No\r\n\r\n"), 100);
		assert_false(peer->is_closed);
		if (how == 0)
			peer->says_end = true;
		else if (how == 1)
			peer->read_error = ECONNRESET;
		else if (how == 2)
			peer_says(peer, S("HTTP/1.1 200 OK\r\n\r\n"));
		else
			fixture.machine.now_ms += 60000;
		turns(&fixture);
		assert_true(peer->is_closed);
		assert_int_equal(fixture.dones, 1);
		end(&fixture);
	}
}

/* Bytes after the response: nobody asked, the connection is not kept. */
static void
leftover(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture);
	peer = answered(&fixture, S("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naX"), 100);
	assert_got(&fixture, "<200 >a.");
	assert_true(peer->is_closed);
	end(&fixture);
}

static void
stale_connections(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		struct fixture fixture;
		struct peer *peer;

		begin(&fixture);
		peer = answered(&fixture, S("HTTP/1.1 204 No\r\n\r\n"), 100);
		if (how == 1)
			peer->write_error = EPIPE;
		get(&fixture);
		if (how == 2)
			say(&fixture, peer, S("H"), 1);
		peer->says_end = true;
		assert_int_equal(fixture.dones, 1);
		if (how == 3)
			peer->read_error = ECONNRESET;
		turns(&fixture);
		assert_int_equal(fixture.dones, 2);
		assert_int_equal(fixture.was_stale, how != 2);
		assert_int_equal(fixture.was_sent, how != 1);
		end(&fixture);
	}
}

/* A server that refuses a long request and closes: its answer is told, not the broken pipe. */
static void
early_answer(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture);
	get(&fixture);
	peer = machine_last(&fixture.machine);
	peer->write_room = 10;
	turns(&fixture);
	peer->write_error = EPIPE;
	peer_says(peer, S("HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
	peer->says_end = true;
	turns(&fixture);
	assert_got(&fixture, "<413 >.");
	assert_true(peer->is_closed);
	end(&fixture);
}

/* Answered before the request was wholly out: the connection cannot be kept. */
static void
answer_before_end(void **state)
{
	struct fixture fixture;
	struct peer *peer;

	(void)state;
	begin(&fixture);
	get(&fixture);
	peer = machine_last(&fixture.machine);
	peer->write_room = 10;
	turns(&fixture);
	say(&fixture, peer, S("HTTP/1.1 204 No\r\n\r\n"), 100);
	assert_got(&fixture, "<204 >.");
	assert_true(peer->is_closed);
	end(&fixture);
}

static void
head_requests(void **state)
{
	struct fixture fixture;
	struct fetch_request request = { .method = S("HEAD"), .path = S("/") };
	struct peer *peer;

	(void)state;
	begin(&fixture);
	start(&fixture, &request);
	turns(&fixture);
	peer = machine_last(&fixture.machine);
	say(&fixture, peer, S("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), 100);
	assert_got(&fixture, "<200 >.");
	assert_false(peer->is_closed);
	end(&fixture);
}

static void
idle_time(void **state)
{
	struct fixture fixture;
	struct fetch_request request = { .method = S("GET"), .path = S("/"), .idle_ms = 1000 };
	struct peer *peer;

	(void)state;
	begin(&fixture);
	start(&fixture, &request);
	turns(&fixture);
	peer = machine_last(&fixture.machine);
	say(&fixture, peer, S("HTTP/1.1 200 OK\r\n\r\n"), 100);
	for (int i = 0; i < 20; i++) {
		machine_sleep(&fixture.machine, fixture.loop, 999);
		say(&fixture, peer, S("x"), 1);
	}
	fetch_pause(fixture.fetch);
	machine_sleep(&fixture.machine, fixture.loop, 100000);
	fetch_resume(fixture.fetch);
	machine_sleep(&fixture.machine, fixture.loop, 999);
	assert_int_equal(fixture.dones, 0);
	machine_sleep(&fixture.machine, fixture.loop, 1);
	assert_int_equal(fixture.err.kind, ERR_DEADLINE);
	end(&fixture);
}

/* Paused after every piece: order is kept, nothing is read meanwhile, the end is not missed. */
static void
pausing(void **state)
{
	static const char says[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "1\r\na\r\n1\r\nb\r\n2\r\ncd\r\n0\r\n\r\n";

	(void)state;
	for (size_t step = 1; step < sizeof(says) + 4; step++)
		for (int late = 0; late < 2; late++) {
			struct fixture fixture;
			struct peer *peer;

			begin(&fixture);
			fixture.at_head = fixture.at_data = ACT_PAUSE;
			peer = answered(&fixture, late ? S("") : slice_of(says), step);
			if (late)
				peer_says(peer, slice_of(says));
			for (int i = 0; i < 20 && fixture.dones == 0; i++) {
				turns(&fixture);
				assert_true(fixture.fetch == NULL || peer->wanted == 0);
				if (fixture.fetch != NULL)
					fetch_resume(fixture.fetch);
				turns(&fixture);
			}
			assert_got(&fixture, "<200 >abcd.");
			assert_false(peer->is_closed);
			end(&fixture);
		}
}

static void
callbacks_that_act(void **state)
{
	static const struct {
		enum act at_head, at_data, at_done;
		const char *got;
		unsigned connects;
	} rows[] = {
		{ ACT_ABORT, ACT_NONE, ACT_NONE, "<200 >", 1 },
		{ ACT_NONE, ACT_ABORT, ACT_NONE, "<200 >a", 1 },
		{ ACT_NONE, ACT_NONE, ACT_ABORT, "<200 >ab.", 1 },
		{ ACT_FREE_POOL, ACT_NONE, ACT_NONE, "<200 >", 1 },
		{ ACT_NONE, ACT_FREE_POOL, ACT_NONE, "<200 >a", 1 },
		{ ACT_NONE, ACT_NONE, ACT_FREE_POOL, "<200 >ab.", 1 },
		{ ACT_NONE, ACT_NONE, ACT_START, "<200 >ab.", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture fixture;

		begin(&fixture);
		fixture.at_head = rows[i].at_head;
		fixture.at_data = rows[i].at_data;
		fixture.at_done = rows[i].at_done;
		(void)answered(&fixture,
		    S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
		    1000);
		assert_got(&fixture, rows[i].got);
		assert_int_equal(fixture.machine.connects, rows[i].connects);
		if (rows[i].at_done == ACT_START) {
			assert_non_null(fixture.fetch);
			say(&fixture, machine_last(&fixture.machine), S("HTTP/1.1 204 No\r\n\r\n"),
			    1);
			assert_got(&fixture, "<200 >ab.<204 >.");
		}
		end(&fixture);
	}
}

static void
aborts(void **state)
{
	(void)state;
	for (int when = 0; when < 4; when++) {
		struct fixture fixture;

		begin(&fixture);
		fixture.machine.connects_hang = when == 0;
		fixture.machine.connect_error = when == 1 ? ECONNREFUSED : 0;
		get(&fixture);
		if (when != 1)
			turns(&fixture);
		if (when == 3)
			say(&fixture, machine_last(&fixture.machine), S("HTTP/1.1 200 OK\r\n\r\nx"),
			    100);
		fetch_abort(&fixture.fetch);
		assert_null(fixture.fetch);
		turns(&fixture);
		assert_int_equal(fixture.dones, 0);
		assert_true(machine_last(&fixture.machine)->is_closed);
		end(&fixture);
	}
}

static void
failing_and_freed(void **state)
{
	struct fixture fixture;
	struct fetch_request request = { .method = S("GET"), .path = S("bad") };

	(void)state;
	begin(&fixture);
	start(&fixture, &request);
	http_pool_free(&fixture.pool);
	turns(&fixture);
	assert_int_equal(fixture.dones, 0);
	end(&fixture);
}

/* A stream of megabytes: no callback works on more than its slice. */
static void
long_response(void **state)
{
	struct fixture fixture;
	struct fetch_request request = { .method = S("GET"), .path = S("/") };
	struct peer *peer;
	char *bytes = mem_new(2 * MIB);

	(void)state;
	begin(&fixture);
	start(&fixture, &request);
	turns(&fixture);
	peer = machine_last(&fixture.machine);
	peer_says(peer, S("HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n"));
	peer_says(peer, (struct slice){ bytes, 2 * MIB });
	(void)loop_turn(fixture.loop, 0);
	assert_true(peer->says_at <= SLICE_OF_WORK_BYTES);
	turns(&fixture);
	assert_int_equal(fixture.dones, 1);
	assert_int_equal(fixture.err.kind, ERR_NONE);
	assert_int_equal(fixture.got.n, 2 * MIB + strlen("<200 >."));
	end(&fixture);
	mem_free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_responses),
		cmocka_unit_test(bad_responses),
		cmocka_unit_test(cut_responses),
		cmocka_unit_test(endless_head),
		cmocka_unit_test(request_texts),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(connect_refused),
		cmocka_unit_test(connect_timeout),
		cmocka_unit_test(several_addresses),
		cmocka_unit_test(not_resolved),
		cmocka_unit_test(kept_connections),
		cmocka_unit_test(idle_events),
		cmocka_unit_test(leftover),
		cmocka_unit_test(stale_connections),
		cmocka_unit_test(early_answer),
		cmocka_unit_test(answer_before_end),
		cmocka_unit_test(head_requests),
		cmocka_unit_test(idle_time),
		cmocka_unit_test(pausing),
		cmocka_unit_test(callbacks_that_act),
		cmocka_unit_test(aborts),
		cmocka_unit_test(failing_and_freed),
		cmocka_unit_test(long_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

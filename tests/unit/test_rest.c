/*
 * REST calls over real sockets: what is asked and answered, limits, errors, cuts in every phase,
 * closing, and who may be connected to.
 */
#include "rest_world.h"

static const char packed[] = {
	31,
	-117,
	8,
	0,
	0,
	0,
	0,
	0,
	2,
	3,
	-85,
	86,
	-54,
	78,
	-83,
	84,
	-78,
	82,
	10,
	8,
	-14,
	-9,
	-46,
	53,
	84,
	-86,
	-83,
	-90,
	51,
	31,
	0,
	89,
	-88,
	-128,
	111,
	-128,
	0,
	0,
	0,
};
static const char packed_zeros[] = {
	31,
	-117,
	8,
	0,
	0,
	0,
	0,
	0,
	2,
	3,
	-19,
	-63,
	49,
	1,
	0,
	0,
	0,
	-62,
	-96,
	-11,
	79,
	109,
	6,
	127,
	-96,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	-128,
	-41,
	0,
	123,
	88,
	-32,
	92,
	64,
	13,
	3,
	0,
};

/* ---- the service ----------------------------------------------------------------------------- */

static void
on_head(void *owner, struct http_request *request)
{
	(void)owner;
	(void)request;
}

static void
request_note(struct world *world, const struct http_request *request)
{
	buf_clear(&world->last);
	buf_printf(&world->last, "%.*s %.*s?%.*s\n", SLICE_FMT(request->method),
	    SLICE_FMT(request->path), SLICE_FMT(request->query));
	for (unsigned i = 0; i < request->headers_n; i++)
		buf_printf(&world->last, "%.*s=%.*s\n", SLICE_FMT(request->headers[i].name),
		    SLICE_FMT(request->headers[i].value));
	buf_putc(&world->last, '\0');
}

static const struct {
	const char *path;
	int status;
	const char *extra;
	struct slice body;
} answers[] = {
	{ "/base/ok", 200, "X-One: 1\r\nx-two:2\r\n", { "fine", 4 } },
	{ "/base/packed", 200, "Content-Encoding: gzip\r\n", { packed, sizeof(packed) } },
	{ "/base/bomb", 200, "Content-Encoding: gzip\r\n", { packed_zeros, sizeof(packed_zeros) } },
	{ "/base/badly", 200, "Content-Encoding: gzip\r\n", { "not packed at all", 17 } },
	{ "/base/nothing", 204, "X-One: 1\r\n", { NULL, 0 } },
	{ "/base/moved", 302, "Location: /base/ok\r\n", { NULL, 0 } },
	{ "/base/auth", 401, "WWW-Authenticate: Basic realm=x\r\n", { "who?", 4 } },
	{ "/base/busy", 429, "Retry-After: 3\r\n", { "later", 5 } },
};

static void
on_request(void *owner, struct http_request *request)
{
	struct world *world = owner;
	struct slice body = buf_view(&request->body);

	world->seen++;
	request_note(world, request);
	for (size_t i = 0; i < COUNT(answers); i++)
		if (slice_eq(request->path, slice_of(answers[i].path))) {
			http_respond(request, answers[i].status, slice_of(answers[i].extra),
			    answers[i].body.n > 0 ? S("text/plain") : SLICE_NONE, &answers[i].body,
			    answers[i].body.n > 0);
			return;
		}
	if (slice_eq(request->path, S("/base/echo"))) {
		http_respond(request, 200, SLICE_NONE, S("text/plain"), &body, 1);
	} else if (slice_eq(request->path, S("/base/hold"))) {
		assert_true(world->held_n < CALLS_MAX);
		world->held[world->held_n++] = request;
		if (world->held_n > world->held_most)
			world->held_most = world->held_n;
	} else if (slice_eq(request->path, S("/base/begun"))) {
		http_stream_begin(request, 200, SLICE_NONE, S("text/plain"));
		http_stream_put(request, &(struct slice){ "begun", 5 }, 1);
		world->held[world->held_n++] = request;
	} else {
		http_respond(request, 404, SLICE_NONE, S("text/plain"), &S("no"), 1);
	}
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct world *world = owner;
	unsigned i = 0;

	while (i < world->held_n && world->held[i] != request)
		i++;
	if (i < world->held_n)
		world->held[i] = world->held[--world->held_n];
}

static const struct http_handler service = { on_head, on_request, on_gone };

static bool
was_said(const struct world *world, const char *text)
{
	return strstr(world->last.p, text) != NULL;
}

/* ---- replies --------------------------------------------------------------------------------- */

static void
replies(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
		const char *body;
	} rows[] = {
		{ "GET", "/ok", 200, "fine" },
		{ "HEAD", "/ok", 200, "" },
		{ "GET", "/nothing", 204, "" },
		{ "GET", "/no/such", 404, "no" },
		{ "GET", "/moved", 302, "" },
		{ "GET", "/auth", 401, "who?" },
		{ "POST", "/busy", 429, "later" },
		{ "DELETE", "/ok", 200, "fine" },
		{ "GET", "/ok", 200, "fine" },
	};
	struct world world;
	struct call one;

	world_begin(&world, &service);
	for (size_t i = 0; i < COUNT(rows); i++) {
		call(&one, &world, rows[i].method, rows[i].path);
		assert_reply(&one, rows[i].status, rows[i].body);
		call_fini(&one);
	}
	assert_int_equal(world.seen, COUNT(rows)); /* no redirect was followed */
	world_end(&world);
}

static void
headers_of_replies(void **state)
{
	struct world world;
	struct call one;

	world_begin(&world, &service);
	call(&one, &world, "GET", "/ok");
	assert_slice(rest_header(&one.reply, S("X-ONE")), "1");
	assert_slice(rest_header(&one.reply, S("X-Two")), "2");
	assert_slice(rest_header(&one.reply, S("content-length")), "4");
	assert_null(rest_header(&one.reply, S("X-Three")).p);
	assert_true(slice_ends(one.reply.headers, S("\r\n")));
	assert_false(slice_starts(one.reply.headers, S("HTTP/")));
	call_fini(&one);
	world_end(&world);
}

static void
what_is_asked(void **state)
{
	struct world world;
	struct call one;
	char host[64];

	world_begin(&world, &service);
	call_begin(&one, &world, "PUT", "/echo?a=b%20c&d=%2F../e");
	one.request.headers = S("Content-Type: application/json\r\nX-Empty:\r\nAuthorization: "
				"Bearer t\r\n");
	one.request.body = S("{\"x\":1}");
	call_end(&one);
	assert_reply(&one, 200, "{\"x\":1}");
	snprintf(host, sizeof(host), "Host=127.0.0.1:%u\n", world.port);
	assert_true(was_said(&world, "PUT /base/echo?a=b%20c&d=%2F../e\n"));
	assert_true(was_said(&world, host));
	assert_true(was_said(&world, "Content-Type=application/json\n"));
	assert_true(was_said(&world, "X-Empty=\n"));
	assert_true(was_said(&world, "Authorization=Bearer t\n"));
	assert_true(was_said(&world, "Content-Length=7\n"));
	assert_true(was_said(&world, "Accept-Encoding="));
	assert_true(was_said(&world, "gzip"));
	call_fini(&one);
	call_begin(&one, &world, "POST", "/echo");
	call_end(&one);
	assert_reply(&one, 200, "");
	assert_true(was_said(&world, "Content-Length=0\n"));
	assert_false(was_said(&world, "Content-Type"));
	assert_false(was_said(&world, "Authorization"));
	assert_false(was_said(&world, "Expect"));
	call_fini(&one);
	call(&one, &world, "GET", "/a/../b/%2e%2e/c");
	assert_true(was_said(&world, "GET /base/a/../b/%2e%2e/c?\n"));
	assert_false(was_said(&world, "Content-"));
	call_fini(&one);
	world_end(&world);
}

static void
large_bodies(void **state)
{
	struct slice body = { mem_new(5 * MIB), 5 * MIB };
	struct world world;
	struct call one;

	for (size_t i = 0; i < body.n; i++)
		((char *)(uintptr_t)body.p)[i] = (char)(i * 13 + i / 509);
	world_begin(&world, &service);
	call_begin(&one, &world, "POST", "/echo");
	one.request.body = body;
	one.request.max_bytes = body.n;
	call_end(&one);
	if (!one.ok)
		fail_msg("%s", one.err.text);
	assert_int_equal(one.reply.body.n, body.n);
	assert_memory_equal(one.reply.body.p, body.p, body.n);
	call_fini(&one);
	world_end(&world);
	mem_free((char *)(uintptr_t)body.p);
}

/* ---- bodies that are read piece by piece ----------------------------------------------------- */

struct source {
	uint64_t whole, fails_at; /* fails_at 0: never */
	size_t most;		  /* bytes of one read */
	unsigned reads;
};

static size_t
source_read(void *owner, uint64_t at, char *to, size_t n)
{
	struct source *source = owner;

	source->reads++;
	if (source->fails_at != 0 && at >= source->fails_at)
		return 0;
	if (n > source->most)
		n = source->most;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)((at + i) * 7 + (at + i) / 251);
	return n;
}

static void
read_bodies(void **state)
{
	struct source source = { .whole = 300001, .most = 1000 };
	struct world world;
	struct call one;

	world_begin(&world, &service);
	call_begin(&one, &world, "POST", "/echo");
	one.request.body_read = source_read;
	one.request.body_owner = &source;
	one.request.body_bytes = source.whole;
	call_end(&one);
	if (!one.ok)
		fail_msg("%s", one.err.text);
	assert_int_equal(one.reply.body.n, source.whole);
	for (size_t i = 0; i < source.whole; i++)
		if (one.reply.body.p[i] != (char)(i * 7 + i / 251))
			fail_msg("byte %zu differs", i);
	assert_true(source.reads > 300);
	call_fini(&one);

	source.fails_at = 5000;
	call_begin(&one, &world, "POST", "/echo");
	one.request.body_read = source_read;
	one.request.body_owner = &source;
	one.request.body_bytes = source.whole;
	call_end(&one);
	assert_failed(&one, ERR_UNAVAILABLE, "could not be read to its end", true);
	call_fini(&one);

	call(&one, &world, "GET", "/ok");
	assert_reply(&one, 200, "fine");
	call_fini(&one);
	world_end(&world);
}

static void
packed_bodies(void **state)
{
	struct world world;
	struct call one;

	world_begin(&world, &service);
	call(&one, &world, "GET", "/packed");
	assert_true(one.ok);
	assert_int_equal(one.reply.body.n, 128);
	assert_true(slice_starts(one.reply.body, S("{\"key\":\"PROJ-1\"}{\"key\"")));
	call_fini(&one);
	call(&one, &world, "GET", "/badly");
	assert_failed(&one, ERR_UNAVAILABLE, "cannot be unpacked", true);
	call_fini(&one);
	call(&one, &world, "GET", "/ok");
	assert_reply(&one, 200, "fine");
	call_fini(&one);
	world_end(&world);
}

static void
too_large(void **state)
{
	struct world world;
	struct call one;

	world_begin(&world, &service);
	call_begin(&one, &world, "GET", "/ok");
	one.request.max_bytes = 4;
	call_end(&one);
	assert_reply(&one, 200, "fine");
	call_fini(&one);
	call_begin(&one, &world, "GET", "/ok");
	one.request.max_bytes = 3;
	call_end(&one);
	assert_failed(&one, ERR_LIMIT, "larger than 3 bytes", true);
	call_fini(&one);
	call_begin(&one, &world, "GET", "/bomb");
	one.request.max_bytes = 100000;
	call_end(&one);
	assert_failed(&one, ERR_LIMIT, "larger than 100000 bytes", true);
	call_fini(&one);
	world_end(&world);
}

static void
kept_connections(void **state)
{
	struct world world;
	struct call one;

	world_begin(&world, &service);
	for (int i = 0; i < 20; i++) {
		call_begin(&one, &world, i % 2 == 0 ? "GET" : "POST", "/ok");
		one.request.body = i % 2 == 0 ? SLICE_NONE : S("x");
		call_end(&one);
		assert_reply(&one, 200, "fine");
		call_fini(&one);
		assert_int_equal(http_server_connections(world.server), 1);
	}
	world_end(&world);
}

/* ---- many at once ---------------------------------------------------------------------------- */

static void
many(void **state)
{
	static struct call calls[CALLS_MAX];
	struct world world;
	unsigned over = 0;

	world_begin(&world, &service);
	for (size_t i = 0; i < CALLS_MAX; i++)
		call_begin(&calls[i], &world, "GET", "/hold");
	while (over < CALLS_MAX) {
		(void)loop_turn(world.loop, -1);
		assert_true(world.held_n <= 4);
		assert_true(http_server_connections(world.server) <= 4);
		if (world.held_n == 4 || world.seen == CALLS_MAX)
			while (world.held_n > 0)
				http_respond(world.held[--world.held_n], 200, SLICE_NONE,
				    S("text/plain"), &S("x"), 1);
		over = 0;
		for (size_t i = 0; i < CALLS_MAX; i++)
			over += calls[i].is_over;
	}
	for (size_t i = 0; i < CALLS_MAX; i++) {
		assert_reply(&calls[i], 200, "x");
		call_fini(&calls[i]);
	}
	assert_int_equal(world.held_most, 4);
	assert_int_equal(world.seen, CALLS_MAX);
	world_end(&world);
}

/* ---- names ----------------------------------------------------------------------------------- */

struct guard {
	const char *allowed; /* NULL: none */
	unsigned asked;
};

static bool
may_connect(void *owner, const struct address *address)
{
	struct guard *guard = owner;
	char text[ADDRESS_TEXT];

	guard->asked++;
	address_print(address, text);
	return guard->allowed != NULL && strstr(text, guard->allowed) != NULL;
}

static void
pool_open_named(struct world *world, struct guard *guard)
{
	struct rest_settings settings = {
		.connections = 4, .may_connect = guard != NULL ? may_connect : NULL, .owner = guard
	};

	pool_open_with(world, &settings, "http", "service.test", world->port, "/base");
}

static void
by_name(void **state)
{
	struct guard guard = { .allowed = "127.0.0.1:" };
	struct world world;
	struct call one;

	world_begin(&world, &service);
	dns.ip[0] = "127.0.0.9";
	dns.ip[1] = "127.0.0.1";
	dns.n = 2;
	dns.asked = 0;
	pool_open_named(&world, &guard);
	for (int i = 0; i < 3; i++) {
		call(&one, &world, "GET", "/ok");
		assert_reply(&one, 200, "fine");
		call_fini(&one);
	}
	assert_true(was_said(&world, "Host=service.test:"));
	assert_int_equal(dns.asked, 1);
	assert_int_equal(guard.asked, 2);
	world_end(&world);
}

static void
not_allowed(void **state)
{
	struct guard guard = { .allowed = NULL };
	struct world world;
	struct call one;

	world_begin(&world, &service);
	dns.ip[0] = "127.0.0.1";
	dns.n = 1;
	pool_open_named(&world, &guard);
	call(&one, &world, "GET", "/ok");
	assert_failed(&one, ERR_REFUSED, "connecting to service.test (127.0.0.1:", false);
	call_fini(&one);
	/* A literal address is asked about too. */
	pool_open_with(&world,
	    &(struct rest_settings){ .may_connect = may_connect, .owner = &guard }, "http",
	    "127.0.0.1", world.port, "");
	call(&one, &world, "GET", "/ok");
	assert_failed(&one, ERR_REFUSED, "is not allowed", false);
	call_fini(&one);
	assert_int_equal(world.seen, 0);
	assert_int_equal(guard.asked, 2);
	world_end(&world);
}

/* The name points elsewhere later: what is connected to was asked about, always. */
static void
rebound(void **state)
{
	struct guard guard = { .allowed = "127.0.0.1:" };
	struct world world;
	struct call one;

	world_begin(&world, &service);
	dns.ip[0] = "127.0.0.1";
	dns.n = 1;
	dns.asked = 0;
	pool_open_named(&world, &guard);
	call(&one, &world, "GET", "/ok");
	assert_reply(&one, 200, "fine");
	call_fini(&one);
	dns.ip[0] = "127.0.0.9";
	world.pool->dial.is_stale = true;
	call(&one, &world, "GET", "/ok");
	assert_failed(&one, ERR_REFUSED, "127.0.0.9", false);
	call_fini(&one);
	/* Also where the engine has other addresses than were accepted. */
	dns.ip[0] = "127.0.0.1";
	pool_open_named(&world, &guard);
	call(&one, &world, "GET", "/ok");
	assert_reply(&one, 200, "fine");
	call_fini(&one);
	world.pool->dial.addresses[0].ip[3] = 9;
	call(&one, &world, "POST", "/ok"); /* on a connection of its own */
	assert_failed(&one, ERR_UNAVAILABLE, "cannot connect", false);
	call_fini(&one);
	world_end(&world);
}

static void
unknown_names(void **state)
{
	struct world world;
	struct call some[8];

	world_begin(&world, &service);
	dns.n = 0;
	dns.asked = 0;
	pool_open_named(&world, NULL);
	for (size_t i = 0; i < COUNT(some); i++)
		call_begin(&some[i], &world, "GET", "/ok");
	for (size_t i = 0; i < COUNT(some); i++) {
		call_end(&some[i]);
		assert_failed(
		    &some[i], ERR_UNAVAILABLE, "cannot resolve host \"service.test\"", false);
		call_fini(&some[i]);
	}
	assert_int_equal(dns.asked, 2); /* four at once ask together */
	dns.ip[0] = "127.0.0.1";
	dns.n = 1;
	call(&some[0], &world, "GET", "/ok");
	assert_reply(&some[0], 200, "fine");
	call_fini(&some[0]);
	world_end(&world);
}

/* ---- time, cuts, ends ------------------------------------------------------------------------ */

static void
timeouts(void **state)
{
	static const char *const paths[] = { "/hold", "/begun" };
	struct world world;
	struct call one;

	world_begin(&world, &service);
	for (size_t i = 0; i < COUNT(paths); i++) {
		call_begin(&one, &world, "GET", paths[i]);
		one.request.timeout_ms = 20;
		call_end(&one);
		assert_failed(&one, ERR_DEADLINE, "no whole answer within 20 ms", true);
		call_fini(&one);
		while (world.held_n > 0) /* the service sees that it is not waited for */
			(void)loop_turn(world.loop, -1);
	}
	world_end(&world);
}

static void
timeout_in_the_queue(void **state)
{
	struct call holding[4], one;
	struct world world;

	world_begin(&world, &service);
	for (size_t i = 0; i < COUNT(holding); i++)
		call_begin(&holding[i], &world, "GET", "/hold");
	while (world.held_n < COUNT(holding))
		(void)loop_turn(world.loop, -1);
	call_begin(&one, &world, "GET", "/ok");
	one.request.timeout_ms = 20;
	call_end(&one);
	assert_failed(&one, ERR_DEADLINE, "all its connections are busy", false);
	call_fini(&one);
	while (world.held_n > 0)
		http_respond(
		    world.held[--world.held_n], 200, SLICE_NONE, S("text/plain"), &S("x"), 1);
	for (size_t i = 0; i < COUNT(holding); i++) {
		call_end(&holding[i]);
		assert_reply(&holding[i], 200, "x");
		call_fini(&holding[i]);
	}
	assert_int_equal(world.seen, COUNT(holding));
	world_end(&world);
}

/* Cut after any number of turns, six calls at once of which two queue. */
static void
cancelled_at_any_time(void **state)
{
	static const char *const paths[] = { "/ok", "/hold", "/begun" };
	struct world world;
	struct call calls[6];

	world_begin(&world, &service);
	for (size_t turns = 0; turns < 60; turns++) {
		dns.ip[0] = "127.0.0.1";
		dns.n = 1;
		pool_open_named(&world, NULL);
		for (size_t i = 0; i < COUNT(calls); i++)
			call_begin(&calls[i], &world, "GET", paths[turns % COUNT(paths)]);
		for (size_t i = 0; i < turns; i++)
			(void)loop_turn(world.loop, 1);
		group_cancel(&world.group, ERR_CANCELLED);
		for (size_t i = 0; i < COUNT(calls); i++) {
			call_end(&calls[i]);
			if (calls[i].ok)
				assert_reply(&calls[i], 200, "fine");
			else
				assert_failed(&calls[i], ERR_CANCELLED, "it was cancelled",
				    calls[i].was_sent);
			call_fini(&calls[i]);
		}
		while (world.held_n > 0)
			(void)loop_turn(world.loop, -1);
		assert_int_equal(world.pool->active, 0);
		assert_null(world.pool->first);
		/* The pool is as good as before. */
		call(&calls[0], &world, "GET", "/ok");
		assert_reply(&calls[0], 200, "fine");
		call_fini(&calls[0]);
	}
	world_end(&world);
}

static void
freed_at_any_time(void **state)
{
	static const char *const paths[] = { "/ok", "/hold", "/begun" };
	struct world world;
	struct call calls[6];

	world_begin(&world, &service);
	for (size_t turns = 0; turns < 60; turns++) {
		dns.ip[0] = "127.0.0.1";
		dns.n = 1;
		pool_open_named(&world, NULL);
		for (size_t i = 0; i < COUNT(calls); i++)
			call_begin(&calls[i], &world, "GET", paths[turns % COUNT(paths)]);
		/* Not before they began: a call is of a pool that exists. */
		for (size_t i = 0; i < turns + 1; i++)
			(void)loop_turn(world.loop, i > 0 ? 1 : 0);
		rest_pool_free(&world.pool);
		for (size_t i = 0; i < COUNT(calls); i++) {
			call_end(&calls[i]);
			if (calls[i].ok)
				assert_reply(&calls[i], 200, "fine");
			else
				assert_failed(
				    &calls[i], ERR_CANCELLED, "were closed", calls[i].was_sent);
			call_fini(&calls[i]);
		}
		while (world.held_n > 0)
			(void)loop_turn(world.loop, -1);
	}
	world_end(&world);
}

static void
deadline_of_the_task(void **state)
{
	struct world world;
	struct call one;

	world_begin(&world, &service);
	call_begin(&one, &world, "GET", "/hold");
	while (world.held_n == 0)
		(void)loop_turn(world.loop, -1);
	task_deadline(world.pool->first->task, loop_now_ms(world.loop) + 5);
	call_end(&one);
	assert_failed(&one, ERR_DEADLINE, "the time for it is over", true);
	call_fini(&one);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(headers_of_replies),
		cmocka_unit_test(what_is_asked),
		cmocka_unit_test(large_bodies),
		cmocka_unit_test(read_bodies),
		cmocka_unit_test(packed_bodies),
		cmocka_unit_test(too_large),
		cmocka_unit_test(kept_connections),
		cmocka_unit_test(many),
		cmocka_unit_test(by_name),
		cmocka_unit_test(not_allowed),
		cmocka_unit_test(rebound),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(timeout_in_the_queue),
		cmocka_unit_test(cancelled_at_any_time),
		cmocka_unit_test(freed_at_any_time),
		cmocka_unit_test(deadline_of_the_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

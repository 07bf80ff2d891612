/*
 * REST calls to servers that misbehave: what is not HTTP, cut short, too long, lost; requests and
 * settings that are refused; libcurl missing.
 */
#include "rest_world.h"

#include <dlfcn.h>

/* ---- libcurl is missing ---------------------------------------------------------------------- */

static bool is_missing;

/* The machine's, but for libcurl while it is missing. */
void *
dlopen(const char *name, int flags)
{
	void *(*real)(const char *, int);
	void *at = dlsym(RTLD_NEXT, "dlopen");

	memcpy(&real, &at, sizeof(real));
	if (is_missing && name != NULL && strncmp(name, "libcurl", 7) == 0)
		name = "libcurl.so.is.not.here";
	return real(name, flags);
}

static void
on_head(void *owner, struct http_request *request)
{
	(void)owner;
	(void)request;
}

static void
on_request(void *owner, struct http_request *request)
{
	(void)owner;
	http_respond(request, 200, SLICE_NONE, S("text/plain"), &S("fine"), 1);
}

static const struct http_handler nobody = { on_head, on_request, on_head };

/* Must be the first: a library that is loaded stays. */
static void
missing_library(void **state)
{
	struct world world;
	struct call calls[3];

	world_begin(&world, &nobody);
	is_missing = true;
	for (size_t i = 0; i < COUNT(calls); i++)
		call_begin(&calls[i], &world, "GET", "/x");
	for (size_t i = 0; i < COUNT(calls); i++) {
		call_end(&calls[i]);
		assert_failed(&calls[i], ERR_UNAVAILABLE, "install the package libcurl4", false);
		call_fini(&calls[i]);
	}
	is_missing = false;
	call(&calls[0], &world, "GET", "/x");
	assert_reply(&calls[0], 200, "fine");
	call_fini(&calls[0]);
	world_end(&world);
}

/* ---- servers --------------------------------------------------------------------------------- */

static void
nobody_listens(void **state)
{
	struct world world;
	struct call one;

	world_begin(&world, &nobody);
	http_server_free(&world.server);
	call(&one, &world, "GET", "/ok");
	assert_failed(&one, ERR_UNAVAILABLE, "cannot connect: Connection refused", false);
	call_fini(&one);
	world_end(&world);
}

static void
bad_answers(void **state)
{
	static const struct {
		const char *answer;
		enum errkind kind;
		const char *text;
	} rows[] = {
		{ NULL, ERR_UNAVAILABLE, "closed the connection without an answer" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ERR_UNAVAILABLE,
		    "in the middle of the answer" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ERR_UNAVAILABLE,
		    "in the middle of the answer" },
		{ "SSH-2.0-OpenSSH_9\r\n\r\n", ERR_UNAVAILABLE, "is not HTTP" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ERR_UNAVAILABLE,
		    "127.0.0.1" },
	};
	struct raw_server raw;
	struct world world;
	struct call one;

	world_begin(&world, &nobody);
	pool_open(&world, raw_open(&raw, world.loop));
	raw.hangs_up = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		raw.answer = rows[i].answer;
		call(&one, &world, "GET", "/x");
		assert_failed(&one, rows[i].kind, rows[i].text, true);
		call_fini(&one);
	}
	rest_pool_free(&world.pool);
	raw_close(&raw);
	world_end(&world);
}

static void
odd_answers(void **state)
{
	static const struct {
		const char *answer, *body, *one;
	} rows[] = {
		{ "HTTP/1.1 103 Early\r\nOne: early\r\n\r\nHTTP/1.1 200 OK\r\nOne: late\r\n"
		  "Content-Length: 1\r\n\r\nx",
		    "x", "late" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
		  "One: trailer\r\n\r\n",
		    "x", NULL },
		{ "HTTP/1.0 200 OK\r\nOne:\r\n\r\nup to the end", "up to the end", "" },
		{ "HTTP/1.1 200 OK\nOne: 1\nContent-Length: 0\n\n", "", "1" },
	};
	struct raw_server raw;
	struct world world;
	struct call one;

	world_begin(&world, &nobody);
	pool_open(&world, raw_open(&raw, world.loop));
	raw.hangs_up = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value;

		raw.answer = rows[i].answer;
		call(&one, &world, "GET", "/x");
		assert_reply(&one, 200, rows[i].body);
		value = rest_header(&one.reply, S("one"));
		assert_int_equal(value.p == NULL, rows[i].one == NULL);
		if (rows[i].one != NULL)
			assert_slice(value, rows[i].one);
		call_fini(&one);
	}
	rest_pool_free(&world.pool);
	raw_close(&raw);
	world_end(&world);
}

static void
long_head(void **state)
{
	struct raw_server raw;
	struct world world;
	struct call one;
	struct buf answer;

	world_begin(&world, &nobody);
	pool_open(&world, raw_open(&raw, world.loop));
	buf_init(&answer, NULL, SIZE_MAX);
	buf_puts(&answer, "HTTP/1.1 200 OK\r\n");
	while (answer.n < REST_HEAD_BYTES + 100)
		buf_puts(&answer, "Name: 0123456789012345678901234567890123456789\r\n");
	buf_put(&answer, S("\r\n\0"));
	raw.answer = answer.p;
	call(&one, &world, "GET", "/x");
	assert_failed(&one, ERR_LIMIT, "header fields of the answer are larger", true);
	call_fini(&one);
	rest_pool_free(&world.pool);
	raw_close(&raw);
	buf_fini(&answer);
	world_end(&world);
}

/* Answers the first request of a connection; at the second it hangs up. */
static void
answer_once(struct raw_peer *peer)
{
	if (memmem(peer->heard.p, peer->heard.n, "\r\n\r\n", 4) == NULL)
		return;
	if (peer->user != NULL) {
		peer->server->heads++;
		raw_peer_close(peer);
		return;
	}
	peer->user = peer;
	(void)raw_peer_answer(peer);
}

/* A kept connection ends just as it is used again: what is harmless is repeated, nothing else. */
static void
lost_when_used_again(void **state)
{
	static const struct {
		const char *method;
		struct slice body;
		bool is_ok;
		unsigned heads;
	} rows[] = {
		{ "GET", { NULL, 0 }, true, 3 }, { "PUT", { "body", 4 }, true, 3 },
		{ "DELETE", { NULL, 0 }, true, 3 }, { "POST", { "body", 4 }, false, 2 },
		{ "PATCH", { "body", 4 }, false, 2 },
		{ "POST", { NULL, 0 }, true, 2 }, /* on a connection of its own */
	};
	struct raw_server raw;
	struct world world;
	struct call one;

	world_begin(&world, &nobody);
	for (size_t i = 0; i < COUNT(rows); i++) {
		pool_open(&world, raw_open(&raw, world.loop));
		raw.answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
		raw.on_heard = answer_once;
		call(&one, &world, "GET", "/x");
		assert_reply(&one, 200, "x");
		call_fini(&one);
		call_begin(&one, &world, rows[i].method, "/x");
		one.request.body = rows[i].body;
		call_end(&one);
		if (rows[i].is_ok)
			assert_reply(&one, 200, "x");
		else
			assert_failed(&one, ERR_UNAVAILABLE, "without an answer", true);
		call_fini(&one);
		for (int turns = 0; turns < 10; turns++)
			(void)loop_turn(world.loop, 1);
		assert_int_equal(raw.heads, rows[i].heads);
		assert_int_equal(raw.accepted, 2); /* it may connect, and say nothing */
		for (struct raw_peer *peer = raw.peers; peer != NULL; peer = peer->next)
			assert_int_equal(peer->heard.n, 0);
		rest_pool_free(&world.pool);
		raw_close(&raw);
	}
	world_end(&world);
}

/* While nothing is asked on it the service closes a kept connection, or speaks: once we hear of
 * it, and the next request has a connection that works. */
static void
lost_while_it_rests(void **state)
{
	static const char *const said[] = { NULL,
		"HTTP/1.1 408 Gone\r\nContent-Length: 0\r\n\r\n" };
	struct raw_server raw;
	struct world world;
	struct call one;

	world_begin(&world, &nobody);
	pool_open(&world, raw_open(&raw, world.loop));
	raw.answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
	for (unsigned i = 0; i < 20; i++) {
		call(&one, &world, i % 3 == 0 ? "POST" : "GET", "/x");
		assert_reply(&one, 200, "x");
		call_fini(&one);
		assert_int_equal(raw.accepted, 1 + i);
		if (said[i % 2] != NULL)
			raw_peer_say(raw.peers, slice_of(said[i % 2]));
		else
			raw_peer_close(raw.peers);
		for (int turns = 0; turns < 5; turns++)
			(void)loop_turn(world.loop, 1);
	}
	rest_pool_free(&world.pool);
	raw_close(&raw);
	world_end(&world);
}

static void
bad_requests(void **state)
{
	static const struct {
		struct slice method, path, headers;
	} rows[] = {
		{ { "GE T", 4 }, { "/", 1 }, { NULL, 0 } },
		{ { "GET", 3 }, { "/a b", 4 }, { NULL, 0 } },
		{ { "GET", 3 }, { "a", 1 }, { NULL, 0 } },
		{ { "GET", 3 }, { "/", 1 }, { "A: b", 4 } },
		{ { "GET", 3 }, { "/", 1 }, { "A: b\r\n\r\n", 8 } },
		{ { "GET", 3 }, { "/", 1 }, { "A: b\rC: d\r\n", 11 } },
		{ { "GETGETGETGETGETGETGETGETGETGETGETGET", 36 }, { "/", 1 }, { NULL, 0 } },
	};
	struct world world;
	struct call one;

	world_begin(&world, &nobody);
	for (size_t i = 0; i < COUNT(rows); i++) {
		call_begin(&one, &world, "GET", "/");
		one.request.method = rows[i].method;
		one.request.path = rows[i].path;
		one.request.headers = rows[i].headers;
		call_end(&one);
		assert_failed(&one, ERR_REQUEST, "http://127.0.0.1:", false);
		call_fini(&one);
	}
	assert_int_equal(http_server_connections(world.server), 0);
	world_end(&world);
}

static void
bad_settings(void **state)
{
	static const struct {
		struct slice url, proxy;
		const char *text;
	} rows[] = {
		{ { "ftp://x/", 8 }, { NULL, 0 }, "must begin with http" },
		{ { "http://x/?a", 11 }, { NULL, 0 }, "query" },
		{ { "http://x/", 9 }, { "ftp://p:1", 9 }, "proxy's URL must begin with" },
		{ { "http://x/", 9 }, { "http://u:secret@/", 17 }, "scheme://[user" },
		{ { "http://x/", 9 }, { "http://u:secret@p:99999", 23 }, "scheme://[user" },
		{ { "http://x/", 9 }, { "http://u:secret@p:1/path", 24 }, "must not have a path" },
		{ { "http://x/", 9 }, { "http://u:sec ret@p:1", 20 }, "blank" },
	};
	struct world world;
	struct err err;

	world_begin(&world, &nobody);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rest_settings settings = { .url = rows[i].url, .proxy = rows[i].proxy };
		struct rest_pool *pool;

		assert_false(rest_pool_new(world.loop, &settings, &pool, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_null(pool);
		assert_non_null(strstr(err.text, rows[i].text));
		assert_null(strstr(err.text, "sec"));
	}
	world_end(&world);
}

static void
connect_time(void **state)
{
	struct rest_settings settings = { .connect_ms = 30, .is_unverified = true };
	struct raw_server raw;
	struct world world;
	struct call one;

	world_begin(&world, &nobody);
	/* It accepts and says nothing: there is no TLS yet. */
	pool_open_with(&world, &settings, "https", "127.0.0.1", raw_open(&raw, world.loop), "");
	call(&one, &world, "POST", "/x");
	assert_failed(&one, ERR_UNAVAILABLE, "no connection within 30 ms", false);
	call_fini(&one);
	rest_pool_free(&world.pool);
	raw_close(&raw);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_library),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(bad_answers),
		cmocka_unit_test(odd_answers),
		cmocka_unit_test(long_head),
		cmocka_unit_test(lost_when_used_again),
		cmocka_unit_test(lost_while_it_rests),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(bad_settings),
		cmocka_unit_test(connect_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

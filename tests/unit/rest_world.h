/*
 * What the tests of REST calls stand in: a real loop with our HTTP server on it, raw servers that
 * say what they are told to, pools, and calls that run as tasks.
 */
#ifndef TESTS_UNIT_REST_WORLD_H
#define TESTS_UNIT_REST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/rest.h"

#define UNUSED	  __attribute__((unused))
#define CALLS_MAX 100

/* ---- a server that says what it is told ------------------------------------------------------ */

struct raw_server;

struct raw_peer {
	struct raw_peer *next;
	struct raw_server *server;
	struct stream *stream;
	struct buf heard;
	struct outbox outbox;
	void *user; /* of on_heard */
};

struct raw_server {
	struct loop *loop;
	struct listener listener;
	struct raw_peer *peers; /* newest first */
	unsigned accepted, heads;
	struct buf heard;      /* the last whole head and what followed */
	const char *answer;    /* to every whole head; NULL: none */
	bool hangs_up;	       /* after the answer, or after the head without one */
	bool hangs_up_at_once; /* when accepted */
	/* Instead of all that, when something came. */
	void (*on_heard)(struct raw_peer *peer);
	void (*on_closed)(struct raw_peer *peer);
};

UNUSED static void
raw_peer_close(struct raw_peer *peer)
{
	struct raw_peer **at = &peer->server->peers;

	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	if (peer->server->on_closed != NULL)
		peer->server->on_closed(peer);
	outbox_fini(&peer->outbox);
	stream_close(&peer->stream);
	buf_fini(&peer->heard);
	mem_free(peer);
}

UNUSED static void
raw_peer_say(struct raw_peer *peer, struct slice text)
{
	outbox_send(&peer->outbox, &text, 1);
}

/* False: the peer is gone. */
UNUSED static bool
raw_peer_answer(struct raw_peer *peer)
{
	struct raw_server *server = peer->server;

	if (memmem(peer->heard.p, peer->heard.n, "\r\n\r\n", 4) == NULL)
		return true;
	server->heads++;
	buf_clear(&server->heard);
	buf_put(&server->heard, buf_view(&peer->heard));
	buf_clear(&peer->heard);
	if (server->answer != NULL)
		raw_peer_say(peer, slice_of(server->answer));
	if (server->hangs_up)
		raw_peer_close(peer);
	return !server->hangs_up;
}

UNUSED static void
raw_peer_ready(void *owner, unsigned events)
{
	struct raw_peer *peer = owner;
	char bytes[16384];
	ssize_t got;

	if (events & STREAM_WRITABLE)
		outbox_ready(&peer->outbox);
	if (!(events & STREAM_READABLE))
		return;
	got = stream_read(peer->stream, bytes, sizeof(bytes));
	if (got == -EAGAIN)
		return;
	if (got <= 0) {
		raw_peer_close(peer);
		return;
	}
	buf_put(&peer->heard, (struct slice){ bytes, (size_t)got });
	if (peer->server->on_heard != NULL)
		peer->server->on_heard(peer);
	else
		(void)raw_peer_answer(peer);
}

UNUSED static void
raw_peer_failed(void *owner, const struct err *err)
{
	(void)err;
	raw_peer_close(owner);
}

UNUSED static void
raw_accepted(void *owner, struct stream *stream, const struct address *from)
{
	struct raw_server *server = owner;
	struct raw_peer *peer;

	(void)from;
	server->accepted++;
	if (server->hangs_up_at_once) {
		stream_close(&stream);
		return;
	}
	peer = MEM_NEW(struct raw_peer);
	peer->server = server;
	peer->stream = stream;
	peer->next = server->peers;
	server->peers = peer;
	stream->on_ready = raw_peer_ready;
	stream->owner = peer;
	buf_init(&peer->heard, NULL, SIZE_MAX);
	outbox_init(&peer->outbox, server->loop, stream, 16 * MIB);
	peer->outbox.owner = peer;
	peer->outbox.on_fail = raw_peer_failed;
	outbox_want(&peer->outbox, STREAM_READABLE);
}

UNUSED static unsigned
raw_open(struct raw_server *server, struct loop *loop)
{
	struct address at = { .ip = { 127, 0, 0, 1 } };
	struct err err;

	*server = (struct raw_server){ .loop = loop };
	server->listener.on_accept = raw_accepted;
	server->listener.owner = server;
	buf_init(&server->heard, NULL, SIZE_MAX);
	assert_true(loop_listen(loop, &server->listener, &at, &err));
	return server->listener.address.port;
}

UNUSED static void
raw_close(struct raw_server *server)
{
	while (server->peers != NULL)
		raw_peer_close(server->peers);
	listener_close(&server->listener);
	buf_fini(&server->heard);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The resolver of this program: *.test are the hosts below, and nothing else is. */
static struct {
	const char *ip[RESOLVE_MAX];
	unsigned n;
	_Atomic unsigned asked;
	char last[64];
} dns;

struct dns_answer {
	struct addrinfo info[RESOLVE_MAX];
	struct sockaddr_in in[RESOLVE_MAX];
};

int
getaddrinfo(
    const char *node, const char *service_name, const struct addrinfo *hints, struct addrinfo **out)
{
	struct dns_answer *answer;

	(void)service_name;
	(void)hints;
	dns.asked++;
	snprintf(dns.last, sizeof(dns.last), "%s", node);
	if (!slice_ends(slice_of(node), S(".test")) || dns.n == 0)
		return EAI_NONAME;
	answer = calloc(1, sizeof(*answer));
	for (unsigned i = 0; i < dns.n; i++) {
		answer->in[i].sin_family = AF_INET;
		inet_pton(AF_INET, dns.ip[i], &answer->in[i].sin_addr);
		answer->info[i].ai_family = AF_INET;
		answer->info[i].ai_addr = (struct sockaddr *)&answer->in[i];
		answer->info[i].ai_next = i + 1 < dns.n ? &answer->info[i + 1] : NULL;
	}
	*out = answer->info;
	return 0;
}

void
freeaddrinfo(struct addrinfo *info)
{
	free(info);
}

/* ---- the world ------------------------------------------------------------------------------- */

struct world {
	struct loop *loop;
	struct http_server *server;
	unsigned port;
	struct rest_pool *pool;
	struct group group;
	struct http_request *held[CALLS_MAX]; /* requests to /hold that were not answered */
	unsigned held_n, held_most, seen;
	struct buf last; /* head and body of the last request, as lines */
};

struct call {
	struct world *world;
	struct rest_request request;
	struct arena arena;
	struct rest_reply reply;
	struct err err;
	bool ok, was_sent, is_over;
};

UNUSED static void
call_run(void *arg)
{
	struct call *call = arg;

	call->ok = rest_wait(call->world->pool, &call->request, &call->arena, &call->reply,
	    &call->was_sent, &call->err);
	call->is_over = true;
}

UNUSED static void
call_begin(struct call *call, struct world *world, const char *method, const char *path)
{
	struct err err;

	*call = (struct call){ .world = world };
	call->request.method = slice_of(method);
	call->request.path = slice_of(path);
	call->request.max_bytes = MIB;
	arena_init(&call->arena, NULL, 16 * MIB);
	assert_true(group_spawn(world->loop, &world->group, "call", call_run, call, &err));
}

UNUSED static void
call_end(struct call *call)
{
	while (!call->is_over)
		(void)loop_turn(call->world->loop, -1);
}

UNUSED static void
call_fini(struct call *call)
{
	arena_fini(&call->arena);
}

UNUSED static void
call(struct call *call, struct world *world, const char *method, const char *path)
{
	call_begin(call, world, method, path);
	call_end(call);
}

UNUSED static void
assert_slice(struct slice got, const char *want)
{
	char text[512];

	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(got));
	assert_string_equal(text, want);
}

UNUSED static void
assert_reply(const struct call *call, int status, const char *body)
{
	if (!call->ok)
		fail_msg("%s", call->err.text);
	assert_int_equal(call->reply.status, status);
	assert_slice(call->reply.body, body);
	assert_true(call->was_sent);
}

/* text: a part of the error's. */
UNUSED static void
assert_failed(const struct call *call, enum errkind kind, const char *text, bool was_sent)
{
	assert_false(call->ok);
	if (strstr(call->err.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, call->err.text);
	assert_int_equal(call->err.kind, kind);
	assert_int_equal(call->was_sent, was_sent);
}

UNUSED static void
pool_open_with(struct world *world, struct rest_settings *settings, const char *scheme,
    const char *host, unsigned port, const char *path)
{
	struct err err;
	char url[200];

	snprintf(url, sizeof(url), "%s://%s:%u%s", scheme, host, port, path);
	settings->url = slice_of(url);
	if (settings->connect_ms == 0)
		settings->connect_ms = 10000;
	rest_pool_free(&world->pool);
	if (!rest_pool_new(world->loop, settings, &world->pool, &err))
		fail_msg("%s", err.text);
}

UNUSED static void
pool_open(struct world *world, unsigned port)
{
	struct rest_settings settings = { .connections = 4 };

	pool_open_with(world, &settings, "http", "127.0.0.1", port, "/base/");
}

UNUSED static void
world_begin(struct world *world, const struct http_handler *handler)
{
	struct address at = { .ip = { 127, 0, 0, 1 } };
	struct err err;

	*world = (struct world){ .port = 0 };
	world->loop = loop_new(NULL, NULL, &err);
	assert_non_null(world->loop);
	buf_init(&world->last, NULL, SIZE_MAX);
	assert_true(http_server_new(
	    world->loop, &at, &http_limits_default, handler, world, &world->server, &err));
	world->port = http_server_address(world->server)->port;
	pool_open(world, world->port);
}

UNUSED static void
world_end(struct world *world)
{
	rest_pool_free(&world->pool);
	while (world->group.running > 0)
		(void)loop_turn(world->loop, -1);
	http_server_free(&world->server);
	buf_fini(&world->last);
	assert_int_equal(loop_memory(world->loop)->used_bytes, 0);
	loop_free(&world->loop);
	arena_drain();
}

#endif

/*
 * Scripted upstreams that speak Streamable HTTP: every message is a POST, answered as JSON when the
 * answer is all there is to say, else as an event stream.  GET gives a stream only to upstreams
 * that have one.
 */
#include <stdio.h>
#include <string.h>

#include "story.h"

#define FIRST_PORT 9001

static const char session_header[] = "Mcp-Session-Id: s-1\r\n";

struct http_peer {
	struct peer peer;
	struct http_request *request;
	bool is_stream, is_initialize;
};

static struct http_peer *
http_of(struct peer *peer)
{
	return CONTAINER(peer, struct http_peer, peer);
}

static void
http_free(struct peer *peer)
{
	http_of(peer)->request->user = NULL;
	peer_unlink(peer);
	mem_free(peer);
}

/* Not at once: a job may be walking along its actions. */
static void
http_over(struct peer *peer)
{
	struct http_peer *h = http_of(peer);

	h->request->user = NULL;
	peer->is_over = true;
}

static void
http_stream(struct peer *peer)
{
	struct http_peer *h = http_of(peer);

	if (peer->is_over || h->is_stream)
		return;
	h->is_stream = true;
	http_stream_begin(h->request, 200, SLICE_NONE, S("text/event-stream"));
}

static void
http_send(struct peer *peer, struct slice text, bool is_last)
{
	struct http_peer *h = http_of(peer);

	if (peer->is_over)
		return;
	if (is_last && !h->is_stream) {
		http_over(peer);
		http_respond(h->request, 200,
		    h->is_initialize ? slice_of(session_header) : SLICE_NONE, S("application/json"),
		    &text, 1);
		return;
	}
	http_stream(peer);
	if (peer->is_over)
		return;
	http_stream_put(h->request, (struct slice[]){ S("data: "), text, S("\n\n") }, 3);
	if (is_last && !peer->is_over) {
		http_over(peer);
		http_stream_end(h->request);
	}
}

static void
http_part(struct peer *peer, struct slice bytes)
{
	http_stream(peer);
	if (!peer->is_over)
		http_stream_put(http_of(peer)->request, (struct slice[]){ S("data: "), bytes }, 2);
}

static void
http_stderr(struct peer *peer, struct slice text)
{
}

/* Ends the response without the answer. */
static void
http_end(struct peer *peer, int status)
{
	http_stream(peer);
	if (peer->is_over)
		return;
	http_over(peer);
	http_stream_end(http_of(peer)->request);
}

static void
http_status(struct peer *peer, int status)
{
	struct http_request *request = http_of(peer)->request;

	if (peer->is_over || http_of(peer)->is_stream)
		return;
	http_over(peer);
	http_respond(request, status, SLICE_NONE, SLICE_NONE, NULL, 0);
}

static const struct peer_ops http_peer_ops = { http_send, http_part, http_stderr, http_end,
	http_status, http_stream, http_free };

/* Those whose response has ended are freed when the next one comes, and at the end. */
static void
sweep(struct server *server)
{
	struct peer *next;

	for (struct peer *peer = server->peers; peer != NULL; peer = next) {
		next = peer->next;
		if (peer->is_over) {
			peer_unlink(peer);
			mem_free(peer);
		}
	}
}

static struct http_peer *
http_peer_new(struct server *server, struct http_request *request)
{
	struct http_peer *h = MEM_NEW(struct http_peer);

	h->request = request;
	request->user = h;
	peer_link(&h->peer, server, &http_peer_ops);
	return h;
}

static void
on_head(void *owner, struct http_request *request)
{
}

static void
on_post(struct server *server, struct http_request *request)
{
	struct slice text = buf_view(&request->body), id, method;
	struct http_peer *h;
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, SIZE_MAX);
	if (!json_scan_all(json_scan_new(&arena, request->body.p, text.n, 0, 0, 1), &err)) {
		http_respond(request, 400, SLICE_NONE, SLICE_NONE, NULL, 0);
	} else if (!json_find(text, S("id"), &id) || !json_find(text, S("method"), &method)) {
		server_message(server, NULL, text);
		http_respond(request, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
	} else {
		h = http_peer_new(server, request);
		h->is_initialize = slice_eq(method, S("\"initialize\""));
		server->starts += h->is_initialize;
		server_message(server, &h->peer, text);
	}
	arena_fini(&arena);
}

static void
on_request(void *owner, struct http_request *request)
{
	struct server *server = owner;
	struct http_peer *h;

	sweep(server);
	if (slice_eq(request->method, S("POST"))) {
		on_post(server, request);
		return;
	}
	server_record(server, request->method, http_request_header(request, S("mcp-session-id")));
	if (slice_eq(request->method, S("DELETE")))
		http_respond(request, 204, SLICE_NONE, SLICE_NONE, NULL, 0);
	else if (!server->has_stream)
		http_respond(request, 405, S("Allow: POST, DELETE\r\n"), SLICE_NONE, NULL, 0);
	else {
		h = http_peer_new(server, request);
		h->peer.is_main = true;
		http_stream(&h->peer);
	}
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct http_peer *h = request->user;

	if (h == NULL)
		return;
	server_record(owner, S("gone"), S("{}"));
	peer_unlink(&h->peer);
	mem_free(h);
}

static const struct http_handler handler = { on_head, on_request, on_gone };

bool
server_http_open(struct server *server, struct err *err)
{
	struct world *world = server->world;
	struct http_limits limits = http_limits_default;

	if (server->address.port == 0) {
		server->address = (struct address){ .ip = { 127, 0, 0, 1 } };
		if (world->sim != NULL)
			server->address.port = (uint16_t)(FIRST_PORT + world->next_port++);
	}
	limits.body_bytes = 128 * MIB;
	if (!http_server_new(
		world->loop, &server->address, &limits, &handler, server, &server->http, err))
		return false;
	server->address = *http_server_address(server->http);
	return true;
}

void
server_http_close(struct server *server)
{
	if (server->http == NULL)
		return;
	http_server_free(&server->http);
	sweep(server);
}

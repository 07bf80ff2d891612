/*
 * Scripted upstreams that speak Streamable HTTP: every message is a POST, answered as JSON when the
 * answer is all there is to say, else as an event stream.  GET gives a stream to upstreams that
 * have one, and the rest of a stream that was left with a mark.
 *
 * Or HTTP+SSE: GET gives the stream on which everything is said, POST goes where its first event
 * says.
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
	unsigned number; /* HTTP+SSE: of its endpoint */
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
		http_respond(h->request, peer->server->is_modern ? modern_status(text) : 200,
		    h->is_initialize ? slice_of(session_header) : SLICE_NONE, S("application/json"),
		    &text, 1);
		return;
	}
	http_stream(peer);
	if (peer->is_over)
		return;
	http_stream_put(h->request, (struct slice[]){ S("data: "), text, S("\n\n") }, 3);
	if (is_last && !peer->is_over && !peer->is_main) {
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
	/* A redirect leads back here, where whoever follows it is counted. */
	http_respond(request, status,
	    status / 100 == 3 ? S("Location: /mcp?moved\r\n") : SLICE_NONE, SLICE_NONE, NULL, 0);
}

/* "id" with an empty event, which is no message, or "retry". */
static void
http_mark(struct peer *peer, struct slice field, struct slice value)
{
	struct slice data = slice_eq(field, S("id")) ? S("\ndata: \n\n") : S("\n\n");

	http_stream(peer);
	if (!peer->is_over)
		http_stream_put(
		    http_of(peer)->request, (struct slice[]){ field, S(": "), value, data }, 4);
}

static void
http_shut(struct peer *peer)
{
}

static const struct peer_ops http_peer_ops = { http_send, http_part, http_stderr, http_end,
	http_status, http_stream, http_mark, http_shut, http_free };

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
		/* What belongs to no request goes to the last stream that listens. */
		h->peer.is_main = slice_eq(method, S("\"subscriptions/listen\""));
		server_message(server, &h->peer, text);
	}
	arena_fini(&arena);
}

/* ---- HTTP+SSE -------------------------------------------------------------------------------- */

static void
sse_begin(struct server *server, struct http_request *request)
{
	struct http_peer *h = http_peer_new(server, request);
	char endpoint[64];
	struct slice text = server->endpoint;

	h->peer.is_main = true;
	h->number = ++server->posts_to;
	snprintf(endpoint, sizeof(endpoint), "/messages?session=%u", h->number);
	http_stream(&h->peer);
	http_stream_put(request,
	    (struct slice[]){ S("event: endpoint\ndata: "),
		text.p != NULL ? text : slice_of(endpoint), S("\n\n") },
	    3);
}

/* The stream whose endpoint it came to says what is to be said. */
static void
sse_post(struct server *server, struct http_request *request)
{
	struct slice text = buf_view(&request->body), number = request->query, method;
	struct peer *peer = server->peers;
	uint64_t n = 0;

	if (slice_starts(number, S("session=")))
		number = (struct slice){ number.p + 8, number.n - 8 };
	if (!slice_eq(request->path, S("/messages")) || !slice_to_u64(number, UINT32_MAX, &n)) {
		http_respond(request, 405, S("Allow: GET\r\n"), SLICE_NONE, NULL, 0);
		return;
	}
	while (peer != NULL && (peer->is_over || http_of(peer)->number != n))
		peer = peer->next;
	if (peer != NULL) {
		server->starts +=
		    json_find(text, S("method"), &method) && slice_eq(method, S("\"initialize\""));
		server_message(server, peer, text);
	}
	http_respond(
	    request, peer != NULL ? 202 : 404, SLICE_NONE, S("text/plain"), &S("Accepted"), 1);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* What GET and DELETE are remembered by. */
static void
record(struct server *server, struct http_request *request)
{
	struct buf text;

	buf_init(&text, NULL, MIB);
	buf_puts(&text, "{\"session\":");
	buf_json_string(&text, http_request_header(request, S("mcp-session-id")));
	buf_puts(&text, ",\"after\":");
	buf_json_string(&text, http_request_header(request, S("last-event-id")));
	buf_putc(&text, '}');
	server_record(server, request->method, buf_view(&text));
	buf_fini(&text);
}

static void
on_get(struct server *server, struct http_request *request)
{
	struct slice mark = http_request_header(request, S("last-event-id"));
	struct http_peer *h = http_peer_new(server, request);

	if (mark.p != NULL && job_resume(server, mark, &h->peer))
		return;
	h->peer.is_main = server->has_stream;
	if (server->has_stream)
		http_stream(&h->peer);
	else
		http_status(&h->peer, 405);
}

static void
on_request(void *owner, struct http_request *request)
{
	struct server *server = owner;
	bool is_post = slice_eq(request->method, S("POST"));

	sweep(server);
	if (is_post)
		modern_record(server, request);
	else
		record(server, request);
	if (is_post && server->is_sse)
		sse_post(server, request);
	else if (is_post)
		on_post(server, request);
	else if (server->is_sse)
		sse_begin(server, request);
	else if (slice_eq(request->method, S("DELETE")))
		http_respond(request, 204, SLICE_NONE, SLICE_NONE, NULL, 0);
	else
		on_get(server, request);
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

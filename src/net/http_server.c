/*
 * The HTTP/1.1 server as its owner sees it: listening, limits, looking at requests.
 *
 * A client that ends its side before the response did is gone, also when it only shut its writing
 * side down (as nginx sees it): nothing tells the two apart, and to notice that a client
 * hung up is worth more.
 */
#include <string.h>

#include "net/http_conn.h"

const struct http_limits http_limits_default = {
	.head_bytes = 32 * KIB,
	.headers = 100,
	.body_bytes = 64 * MIB,
	.connections = 10000,
	.head_ms = 10000,
	.body_ms = 30000,
	.idle_ms = 75000,
	.write_ms = 30000,
	.outbox_bytes = 8 * MIB,
};

static void
on_accept(void *owner, struct stream *stream, const struct address *peer)
{
	struct http_server *server = owner;

	if (server->is_stopping || server->conns_n >= server->limits.connections) {
		stream_close(&stream);
		if (server->refused != NULL && !server->is_stopping)
			server->refused(server->owner, 503, peer);
		return;
	}
	if (server->tls.trust != NULL)
		stream = tls_stream_new(server->loop, &server->tls, &stream);
	http_conn_new(server, stream, peer);
}

bool
http_server_new(struct loop *loop, const struct address *at, const struct http_limits *limits,
    const struct http_handler *handler, void *owner, struct http_server **out, struct err *err)
{
	struct http_server *server = MEM_NEW(struct http_server);

	server->loop = loop;
	server->limits = *limits;
	server->handler = *handler;
	server->owner = owner;
	server->listener.loop = loop;
	server->listener.on_accept = on_accept;
	server->listener.owner = server;
	*out = NULL;
	if (!loop_listen(loop, &server->listener, at, err)) {
		mem_free(server);
		return false;
	}
	*out = server;
	return true;
}

void
http_server_watch(struct http_server *server,
    void (*refused)(void *owner, int status, const struct address *peer))
{
	server->refused = refused;
}

void
http_server_set_tls(struct http_server *server, struct tls_trust *trust)
{
	struct tls_trust *before = server->tls.trust;

	server->tls.trust = tls_trust_share(trust);
	tls_trust_unref(&before);
}

const struct address *
http_server_address(const struct http_server *server)
{
	return &server->listener.address;
}

void
http_server_stop(struct http_server *server)
{
	struct http_conn *next;

	if (server->is_stopping)
		return;
	server->is_stopping = true;
	listener_close(&server->listener);
	for (struct http_conn *conn = server->conns; conn != NULL; conn = next) {
		next = conn->next;
		if (conn->state == CONN_IDLE && !conn->in_input)
			http_conn_drop(conn);
	}
}

void
http_server_free(struct http_server **out)
{
	struct http_server *server = *out;

	if (server == NULL)
		return;
	must(!server->in_gone);
	http_server_stop(server);
	while (server->conns != NULL)
		http_conn_drop(server->conns);
	tls_peer_fini(&server->tls);
	mem_free(server);
	*out = NULL;
}

unsigned
http_server_connections(const struct http_server *server)
{
	return server->conns_n;
}

unsigned
http_server_streams(const struct http_server *server)
{
	unsigned n = 0;

	for (const struct http_conn *conn = server->conns; conn != NULL; conn = conn->next)
		n += conn->request != NULL && conn->is_stream;
	return n;
}

struct slice
http_request_header(const struct http_request *request, struct slice name)
{
	return http_fields_get(request->headers, request->headers_n, name);
}

struct slice
http_request_header_counted(const struct http_request *request, struct slice name, unsigned *n)
{
	struct slice value = SLICE_NONE;

	*n = 0;
	for (unsigned i = 0; i < request->headers_n; i++) {
		if (slice_eq_nocase(request->headers[i].name, name) && (*n)++ == 0)
			value = request->headers[i].value;
	}
	return value;
}

unsigned
http_request_header_count(const struct http_request *request, struct slice name)
{
	unsigned n;

	http_request_header_counted(request, name, &n);
	return n;
}

const char *
http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} rows[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 426, "Upgrade Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 499, "Client Closed Request" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};

	if (status == 200)
		return "OK";
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == status)
			return rows[i].text;
	return "Unknown";
}

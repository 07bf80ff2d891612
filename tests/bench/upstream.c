/*
 * A small MCP server to measure gateways with: Streamable HTTP with sessions (2025-11-25) on
 * loopback, or stdio with --stdio; with --modern it speaks 2026-07-28 and nothing else, and holds
 * a request's header fields against its body.  Tools: echo{text}, sleep{ms}, stats{}.  One read and
 * one write a message, JSON found by scanning and answered by copying, so that it costs little
 * beside what is measured.
 *
 * stats answers with the number of messages that came and the number of echo and sleep calls among
 * them: what a gateway sends upstream for one call.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client's connection, or the one pair of pipes. */
struct conn {
	int in_fd, out_fd;
	bool is_stdio;
	bool is_napping; /* HTTP: the answer to the last request is not written yet */
	bool is_stream;	 /* an open GET */
	bool wants_out;
	struct room in, out;
};

/* A sleep call that is not answered yet; in order of time. */
struct nap {
	struct nap *next;
	uint64_t due_ns;
	struct conn *conn;
	char id[72];
};

struct server {
	int epoll, listener;
	struct nap *naps;
	uint64_t sessions, messages, calls;
	struct room body; /* of the answer in the making */
	bool is_over, is_modern;
};

enum answer { ANSWER_NOW, ANSWER_LATER, ANSWER_NONE };

static const char tools[] =
    "\"tools\":["
    "{\"name\":\"echo\",\"description\":\"Answers with the text it was given\",\"inputSchema\":"
    "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"]}},"
    "{\"name\":\"sleep\",\"description\":\"Answers after some milliseconds\",\"inputSchema\":"
    "{\"type\":\"object\",\"properties\":{\"ms\":{\"type\":\"integer\"}},\"required\":[\"ms\"]}},"
    "{\"name\":\"stats\",\"description\":\"Messages and calls seen so far\",\"inputSchema\":"
    "{\"type\":\"object\"}}]";

/* What a complete result of 2026-07-28 begins with; a list's says how long it holds as well. */
#define COMPLETE "\"resultType\":\"complete\","
#define CACHED	 COMPLETE "\"ttlMs\":60000,\"cacheScope\":\"public\","

static void
answer_begin(struct server *s, struct text id)
{
	s->body.n = 0;
	room_put(&s->body, TEXT("{\"jsonrpc\":\"2.0\",\"id\":"));
	room_put(&s->body, id);
}

/* members: what stands between the braces of the result; modern: what 2026-07-28 has beside it. */
static void
answer_result(struct server *s, struct text id, struct text modern, struct text members)
{
	answer_begin(s, id);
	room_put(&s->body, TEXT(",\"result\":{"));
	if (s->is_modern)
		room_put(&s->body, modern);
	room_put(&s->body, members);
	room_put(&s->body, TEXT("}}"));
}

static void
answer_text(struct server *s, struct text id, struct text token)
{
	answer_begin(s, id);
	room_put(&s->body, TEXT(",\"result\":{"));
	if (s->is_modern)
		room_put(&s->body, TEXT(COMPLETE));
	room_put(&s->body, TEXT("\"content\":[{\"type\":\"text\",\"text\":"));
	room_put(&s->body, token);
	room_put(&s->body, TEXT("}]}}"));
}

static void
answer_error(struct server *s, struct text id, int code, const char *text)
{
	answer_begin(s, id);
	room_printf(&s->body, ",\"error\":{\"code\":%d,\"message\":\"%s\"}}", code, text);
}

static void
nap_add(struct server *s, struct conn *c, struct text id, uint64_t ms)
{
	struct nap **at = &s->naps, *nap = calloc(1, sizeof *nap);

	if (nap == NULL || id.n >= sizeof nap->id)
		die("upstream: an id of %zu bytes is too long", id.n);
	nap->due_ns = now_ns() + ms * 1000000;
	nap->conn = c;
	memcpy(nap->id, id.p, id.n);
	while (*at != NULL && (*at)->due_ns <= nap->due_ns)
		at = &(*at)->next;
	nap->next = *at;
	*at = nap;
	c->is_napping = true;
}

static enum answer
tool_call(struct server *s, struct conn *c, struct text id, struct text params)
{
	struct text name = json_member(params, "name"),
		    arguments = json_member(params, "arguments");

	if (text_is(name, "\"echo\"")) {
		struct text token = json_member(arguments, "text");

		s->calls++;
		if (token.p == NULL || *token.p != '"')
			answer_error(s, id, -32602, "text is missing");
		else
			answer_text(s, id, token);
		return ANSWER_NOW;
	}
	if (text_is(name, "\"sleep\"")) {
		struct text token = json_member(arguments, "ms");
		char ms[24];

		s->calls++;
		snprintf(ms, sizeof ms, "%.*s", (int)(token.p == NULL ? 0 : token.n),
		    token.p == NULL ? "" : token.p);
		nap_add(s, c, id, number("ms", ms, 0, 3600000));
		return ANSWER_LATER;
	}
	if (text_is(name, "\"stats\"")) {
		char text[96];
		int n = snprintf(text, sizeof text, "\"messages=%llu calls=%llu\"",
		    (unsigned long long)s->messages, (unsigned long long)s->calls);

		answer_text(s, id, (struct text){ text, (size_t)n });
		return ANSWER_NOW;
	}
	answer_error(s, id, -32602, "unknown tool");
	return ANSWER_NOW;
}

/* What a request of 2026-07-28 has to say of itself. */
static bool
meta_right(struct text params)
{
	struct text meta = json_member(params, "_meta"),
		    capabilities = json_member(meta, "io.modelcontextprotocol/clientCapabilities");

	return text_is(json_member(meta, "io.modelcontextprotocol/protocolVersion"),
		   "\"2026-07-28\"") &&
	    capabilities.p != NULL && *capabilities.p == '{';
}

/* The methods that only one era has; false: it is none of them. */
static bool
era_method(struct server *s, struct text id, struct text method)
{
	if (s->is_modern && text_is(method, "\"server/discover\""))
		answer_result(s, id, TEXT(CACHED),
		    TEXT("\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{\"tools\":{}},"
			 "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":"
			 "{\"name\":\"bench-upstream\",\"version\":\"1\"}}"));
	else if (!s->is_modern && text_is(method, "\"ping\""))
		answer_result(s, id, TEXT(""), TEXT(""));
	else if (!s->is_modern && text_is(method, "\"initialize\""))
		answer_result(s, id, TEXT(""),
		    TEXT("\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
			 "\"serverInfo\":{\"name\":\"bench-upstream\",\"version\":\"1\"}"));
	else
		return false;
	return true;
}

/* Leaves the answer in body. */
static enum answer
message_take(struct server *s, struct conn *c, struct text message, struct text *method)
{
	struct text id = json_member(message, "id"), params = json_member(message, "params");

	s->messages++;
	*method = json_member(message, "method");
	if (method->p == NULL || id.p == NULL)
		return ANSWER_NONE;
	if (s->is_modern && !text_is(*method, "\"initialize\"") && !meta_right(params)) {
		answer_error(s, id, -32602, "_meta is not that of 2026-07-28");
		return ANSWER_NOW;
	}
	if (text_is(*method, "\"tools/call\""))
		return tool_call(s, c, id, params);
	if (text_is(*method, "\"tools/list\""))
		answer_result(s, id, TEXT(CACHED), TEXT(tools));
	else if (!era_method(s, id, *method))
		answer_error(s, id, -32601, "unknown method");
	return ANSWER_NOW;
}

static void
conn_watch(struct server *s, struct conn *c)
{
	bool wants = c->out.n > 0;
	struct epoll_event e = { .data.ptr = c };

	if (wants == c->wants_out)
		return;
	c->wants_out = wants;
	if (c->is_stdio) {
		e.events = wants ? EPOLLOUT : 0;
		epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->out_fd, &e);
	} else {
		e.events = EPOLLIN | (wants ? EPOLLOUT : 0);
		epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->in_fd, &e);
	}
}

static void
conn_close(struct server *s, struct conn *c)
{
	struct nap **at = &s->naps;

	while (*at != NULL) {
		struct nap *nap = *at;

		if (nap->conn != c) {
			at = &nap->next;
			continue;
		}
		*at = nap->next;
		free(nap);
	}
	if (c->is_stdio)
		s->is_over = true;
	close(c->in_fd);
	if (c->out_fd != c->in_fd)
		close(c->out_fd);
	room_free(&c->in);
	room_free(&c->out);
	free(c);
}

/* The body goes out with its head, or as a line. */
static void
body_send(struct server *s, struct conn *c, const char *status, const char *session)
{
	if (!c->is_stdio)
		room_printf(&c->out,
		    "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
		    status, session, s->body.n);
	room_put(&c->out, (struct text){ s->body.p, s->body.n });
	if (c->is_stdio)
		room_put(&c->out, TEXT("\n"));
}

static void
refuse(struct conn *c, const char *status)
{
	room_printf(&c->out, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
}

static bool
session_known(struct server *s, struct text id)
{
	char text[24];

	if (id.p == NULL || id.n < 2 || id.n >= sizeof text || *id.p != 's')
		return false;
	snprintf(text, sizeof text, "%.*s", (int)id.n - 1, id.p + 1);
	return strtoull(text, NULL, 10) < s->sessions;
}

/* Is the header's value the text of the raw JSON string? */
static bool
header_says(struct text head, const char *header, struct text token)
{
	return token.n >= 2 && *token.p == '"' &&
	    text_same(head_value(head, header), (struct text){ token.p + 1, token.n - 2 });
}

/* Do the header fields of 2026-07-28 repeat what the body says? */
static bool
headers_right(struct text head, struct text body)
{
	struct text method = json_member(body, "method"), params = json_member(body, "params");

	return text_is(head_value(head, "mcp-protocol-version"), "2026-07-28") &&
	    header_says(head, "mcp-method", method) &&
	    (!text_is(method, "\"tools/call\"") ||
		header_says(head, "mcp-name", json_member(params, "name")));
}

static void
modern_take(struct server *s, struct conn *c, struct text head, struct text body)
{
	struct text method;

	if (!headers_right(head, body)) {
		answer_error(s, TEXT("null"), -32020, "the header fields are wrong");
		body_send(s, c, "400 Bad Request", "");
		return;
	}
	switch (message_take(s, c, body, &method)) {
	case ANSWER_NONE:
		refuse(c, "202 Accepted");
		break;
	case ANSWER_LATER:
		break;
	case ANSWER_NOW:
		body_send(s, c, "200 OK", "");
		break;
	}
}

static void
session_take(struct server *s, struct conn *c, struct text head, struct text body)
{
	struct text method, session = head_value(head, "mcp-session-id");
	char header[64] = "";

	if (session.p != NULL && !session_known(s, session)) {
		refuse(c, "404 Not Found");
		return;
	}
	switch (message_take(s, c, body, &method)) {
	case ANSWER_NONE:
		refuse(c, "202 Accepted");
		break;
	case ANSWER_LATER:
		break;
	case ANSWER_NOW:
		if (text_is(method, "\"initialize\""))
			snprintf(header, sizeof header, "Mcp-Session-Id: s%llu\r\n",
			    (unsigned long long)s->sessions++);
		else if (session.p == NULL) {
			refuse(c, "400 Bad Request");
			break;
		}
		body_send(s, c, "200 OK", header);
		break;
	}
}

/* Takes one request from the buffer; false: it is not all there. */
static bool
request_take(struct server *s, struct conn *c)
{
	struct text head = { c->in.p, c->in.n }, length, body;
	char digits[24];

	head.n = head_length(head);
	if (head.n == 0)
		return false;
	length = head_value(head, "content-length");
	if (length.p == NULL && head_value(head, "transfer-encoding").p != NULL)
		die("upstream: a request body without Content-Length is not supported");
	snprintf(digits, sizeof digits, "%.*s", (int)length.n, length.p == NULL ? "0" : length.p);
	body = (struct text){ c->in.p + head.n,
		length.p == NULL ? 0 : number("Content-Length", digits, 0, 1u << 30) };
	if (c->in.n < head.n + body.n)
		return false;
	if (memcmp(head.p, "POST ", 5) == 0) {
		if (s->is_modern)
			modern_take(s, c, head, body);
		else
			session_take(s, c, head, body);
	} else if (s->is_modern) {
		refuse(c, "405 Method Not Allowed");
	} else if (memcmp(head.p, "GET ", 4) == 0) {
		room_put(&c->out,
		    TEXT("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n"));
		c->is_stream = true;
	} else {
		refuse(c, memcmp(head.p, "DELETE ", 7) == 0 ? "200 OK" : "405 Method Not Allowed");
	}
	room_drop(&c->in, head.n + body.n);
	return true;
}

/* All whole lines of the buffer, which is then moved once. */
static void
lines_take(struct server *s, struct conn *c)
{
	size_t at = 0;
	struct text method;

	for (;;) {
		const char *line = c->in.p + at,
			   *end = at == c->in.n ? NULL : memchr(line, '\n', c->in.n - at);

		if (end == NULL)
			break;
		at += (size_t)(end - line) + 1;
		if (message_take(s, c, (struct text){ line, (size_t)(end - line) }, &method) ==
		    ANSWER_NOW)
			body_send(s, c, "", "");
	}
	room_drop(&c->in, at);
}

static void
conn_work(struct server *s, struct conn *c)
{
	if (c->is_stdio)
		lines_take(s, c);
	else
		while (!c->is_napping && !c->is_stream && request_take(s, c))
			;
	if (!room_write(&c->out, c->out_fd)) {
		conn_close(s, c);
		return;
	}
	conn_watch(s, c);
}

static struct conn *
conn_new(int in_fd, int out_fd, bool is_stdio)
{
	struct conn *c = calloc(1, sizeof *c);

	if (c == NULL)
		die("upstream: no memory");
	c->in_fd = in_fd;
	c->out_fd = out_fd;
	c->is_stdio = is_stdio;
	return c;
}

static void
accept_all(struct server *s)
{
	int fd, on = 1;

	while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = conn_new(fd, fd, false) };

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
			die("upstream: epoll: %m");
	}
}

/* Answers the calls whose time has come; milliseconds until the next, -1: there is none. */
static int
naps_wake(struct server *s)
{
	while (s->naps != NULL) {
		struct nap *nap = s->naps;
		struct conn *c = nap->conn;
		uint64_t now = now_ns();

		if (nap->due_ns > now)
			return (int)((nap->due_ns - now + 999999) / 1000000);
		s->naps = nap->next;
		c->is_napping = false;
		answer_text(s, (struct text){ nap->id, strlen(nap->id) }, TEXT("\"slept\""));
		body_send(s, c, "200 OK", "");
		free(nap);
		conn_work(s, c);
	}
	return -1;
}

static void
listen_open(struct server *s, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	socklen_t n = sizeof a;
	int on = 1;

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(s->listener, 4096) < 0)
		die("upstream: port %u: %m", (unsigned)port);
	getsockname(s->listener, (struct sockaddr *)&a, &n);
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e);
	printf("listening on http://127.0.0.1:%u/mcp\n", (unsigned)ntohs(a.sin_port));
	fflush(stdout);
}

static void
pipes_open(struct server *s)
{
	struct conn *c = conn_new(STDIN_FILENO, STDOUT_FILENO, true);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	fcntl(c->in_fd, F_SETFL, fcntl(c->in_fd, F_GETFL) | O_NONBLOCK);
	fcntl(c->out_fd, F_SETFL, fcntl(c->out_fd, F_GETFL) | O_NONBLOCK);
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->in_fd, &e) < 0)
		die("upstream: stdin must be a pipe");
	e.events = 0;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->out_fd, &e) < 0)
		die("upstream: stdout must be a pipe");
}

int
main(int argc, char **argv)
{
	struct server s = { .epoll = epoll_create1(EPOLL_CLOEXEC), .listener = -1 };
	struct epoll_event events[64];

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[argc - 1], "--modern") == 0) {
		s.is_modern = true;
		argc--;
	}
	if (argc == 2 && strcmp(argv[1], "--stdio") == 0)
		pipes_open(&s);
	else if (argc == 1 || (argc == 3 && strcmp(argv[1], "--port") == 0))
		listen_open(&s, argc == 1 ? 0 : (uint16_t)number("--port", argv[2], 0, 65535));
	else
		die("usage: upstream [--port N | --stdio] [--modern]");
	while (!s.is_over) {
		int n = epoll_wait(s.epoll, events, 64, naps_wake(&s));

		for (int i = 0; i < n && !s.is_over; i++) {
			struct conn *c = events[i].data.ptr;

			if (c == NULL) {
				accept_all(&s);
				continue;
			}
			if ((events[i].events & EPOLLERR) ||
			    ((events[i].events & (EPOLLIN | EPOLLHUP)) &&
				room_read(&c->in, c->in_fd) == 0))
				conn_close(&s, c);
			else
				conn_work(&s, c);
		}
	}
	return 0;
}

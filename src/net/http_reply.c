/*
 * Writing of responses.
 *
 * A whole response leaves in one writev: head, then the owner's parts.  Framing, Date and
 * Connection are ours; the owner's extra lines come from our own code, which must have kept CR and
 * LF out of the values.  Nothing here frees a connection while its reading is below on the stack.
 */
#include <string.h>
#include <time.h>

#include "net/http_conn.h"

#define TYPE_MAX      200
#define EXTRA_INLINE  512 /* longer extra lines are a part of their own */
#define HEAD_PARTS    3
#define PARTS_AT_ONCE 12

struct head_text {
	char text[1024];
	size_t n;
};

static void
head_put(struct head_text *head, struct slice s)
{
	must(s.n <= sizeof(head->text) - head->n);
	memcpy(head->text + head->n, s.p, s.n);
	head->n += s.n;
}

static void
head_put_u64(struct head_text *head, uint64_t v, unsigned base)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	head_put(head, (struct slice){ digits + at, sizeof(digits) - at });
}

/* The Date field, printed once a second. */
static struct slice
date_field(struct http_server *server)
{
	uint64_t now_s = loop_unix_ms(server->loop) / 1000;

	if (now_s != server->date_s || server->date_n == 0) {
		time_t t = (time_t)now_s;
		struct tm tm;

		/* Names of days and months are those of the C locale, which we never leave. */
		must(gmtime_r(&t, &tm) != NULL);
		server->date_n = strftime(
		    server->date, sizeof(server->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
		server->date_s = now_s;
	}
	return (struct slice){ server->date, server->date_n };
}

static void
head_start(struct head_text *head, struct http_conn *conn, int status, struct slice type)
{
	must(status >= 200 && status <= 999);
	head->n = 0;
	head_put(head, S("HTTP/1.1 "));
	head_put_u64(head, (uint64_t)status, 10);
	head_put(head, S(" "));
	head_put(head, slice_of(http_status_text(status)));
	head_put(head, S("\r\n"));
	head_put(head, date_field(conn->server));
	if (type.n > 0) {
		must(type.n <= TYPE_MAX && memchr(type.p, '\r', type.n) == NULL &&
		    memchr(type.p, '\n', type.n) == NULL);
		head_put(head, S("Content-Type: "));
		head_put(head, type);
		head_put(head, S("\r\n"));
	}
}

/* Connection, the owner's lines and the end; returns the number of parts that this makes. */
static size_t
head_finish(struct head_text *head, struct http_conn *conn, struct slice extra, struct slice *parts)
{
	must(extra.n == 0 || slice_ends(extra, S("\r\n")));
	if (conn->closes)
		head_put(head, S("Connection: close\r\n"));
	else if (http_parser_minor(&conn->parser) == 0)
		head_put(head, S("Connection: keep-alive\r\n"));
	if (extra.n > 0 && extra.n <= EXTRA_INLINE)
		head_put(head, extra);
	if (extra.n <= EXTRA_INLINE) {
		head_put(head, S("\r\n"));
		parts[0] = (struct slice){ head->text, head->n };
		return 1;
	}
	parts[0] = (struct slice){ head->text, head->n };
	parts[1] = extra;
	parts[2] = S("\r\n");
	return HEAD_PARTS;
}

/* Lead parts (room for the others after them), the owner's parts, a last one: as few writes as can
 * be. */
static void
parts_send(struct http_conn *conn, struct slice *lead, size_t lead_n, const struct slice *parts,
    size_t n, struct slice last)
{
	struct bytes *keep = conn->request->pub.keep;
	size_t count = lead_n;

	for (size_t i = 0; i < n; i++) {
		if (count == HEAD_PARTS + PARTS_AT_ONCE) {
			outbox_keep(&conn->outbox, keep);
			outbox_send(&conn->outbox, lead, count);
			count = 0;
		}
		lead[count++] = parts[i];
	}
	if (last.n > 0)
		lead[count++] = last;
	outbox_keep(&conn->outbox, keep);
	outbox_send(&conn->outbox, lead, count);
}

static size_t
parts_bytes(const struct slice *parts, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += parts[i].n;
	return total;
}

/* True: the body of the request was not read and cannot be skipped cheaply. */
static bool
has_unread(const struct http_conn *conn)
{
	const struct http_parser *parser = &conn->parser;

	if (conn->state == CONN_WAIT)
		return false;
	if ((conn->state == CONN_HEAD || conn->state == CONN_HELD) &&
	    parser->framing == HTTP_FRAMING_NONE)
		return false;
	return conn->state == CONN_BODY || parser->framing != HTTP_FRAMING_LENGTH ||
	    parser->left > conn->in_hand;
}

static void
response_start(struct http_conn *conn)
{
	if (has_unread(conn))
		conn->closes = conn->lingers = true;
	if (conn->server->is_stopping || conn->peer_ended)
		conn->closes = true;
}

void
http_respond(struct http_request *request, int status, struct slice extra, struct slice type,
    const struct slice *parts, size_t n)
{
	struct http_conn *conn = request_of(request)->conn;
	struct slice all[HEAD_PARTS + PARTS_AT_ONCE + 1];
	struct head_text head;
	size_t all_n;

	must(!conn->is_stream);
	response_start(conn);
	head_start(&head, conn, status, type);
	if (status != 204 && status != 304) {
		head_put(&head, S("Content-Length: "));
		head_put_u64(&head, parts_bytes(parts, n), 10);
		head_put(&head, S("\r\n"));
	} else {
		must(parts_bytes(parts, n) == 0);
	}
	all_n = head_finish(&head, conn, extra, all);
	conn->outbox.ceiling_bytes = SIZE_MAX;
	parts_send(conn, all, all_n, parts, conn->has_no_body ? 0 : n, SLICE_NONE);
	http_conn_answered(conn);
}

void
http_stream_begin(struct http_request *request, int status, struct slice extra, struct slice type)
{
	struct http_conn *conn = request_of(request)->conn;
	struct slice all[HEAD_PARTS];
	struct head_text head;
	size_t all_n;

	must(!conn->is_stream && conn->state == CONN_WAIT && status != 204 && status != 304);
	conn->is_stream = true;
	conn->is_chunked = http_parser_minor(&conn->parser) > 0;
	if (!conn->is_chunked)
		conn->closes = true;
	response_start(conn);
	head_start(&head, conn, status, type);
	if (conn->is_chunked)
		head_put(&head, S("Transfer-Encoding: chunked\r\n"));
	all_n = head_finish(&head, conn, extra, all);
	conn->outbox.ceiling_bytes = conn->server->limits.outbox_bytes;
	outbox_send(&conn->outbox, all, all_n);
	if (!conn->in_input)
		(void)http_conn_settle(conn);
}

void
http_stream_put(struct http_request *request, const struct slice *parts, size_t n)
{
	struct http_conn *conn = request_of(request)->conn;
	struct slice all[HEAD_PARTS + PARTS_AT_ONCE + 1];
	size_t total = parts_bytes(parts, n);
	struct head_text size = { .n = 0 };

	must(conn->is_stream);
	if (total == 0 || conn->has_no_body)
		return;
	if (conn->is_chunked) {
		head_put_u64(&size, total, 16);
		head_put(&size, S("\r\n"));
		all[0] = (struct slice){ size.text, size.n };
	}
	parts_send(conn, all, conn->is_chunked ? 1 : 0, parts, n,
	    conn->is_chunked ? S("\r\n") : SLICE_NONE);
	if (!conn->in_input)
		(void)http_conn_settle(conn);
}

void
http_stream_end(struct http_request *request)
{
	struct http_conn *conn = request_of(request)->conn;
	struct slice last = S("0\r\n\r\n");

	must(conn->is_stream);
	if (conn->is_chunked && !conn->has_no_body)
		outbox_send(&conn->outbox, &last, 1);
	http_conn_answered(conn);
}

size_t
http_stream_pending(const struct http_request *request)
{
	return outbox_pending(&request_of((struct http_request *)(uintptr_t)request)->conn->outbox);
}

void
http_conn_refuse(struct http_conn *conn, int status, const char *why)
{
	struct request *request = conn->request;
	struct slice parts[] = { slice_of(http_status_text(status)), S(": "), slice_of(why),
		S("\n") };

	if (conn->server->refused != NULL)
		conn->server->refused(conn->server->owner, status, &conn->peer);
	http_conn_gone(conn);
	conn->closes = conn->lingers = true;
	http_respond(
	    &request->pub, status, SLICE_NONE, S("text/plain; charset=utf-8"), parts, COUNT(parts));
}

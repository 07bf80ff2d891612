/*
 * Clients over Streamable HTTP: each message is a POST; what comes, as a document or as events,
 * goes to the inbox.  `http` sends a request by hand on a connection of its own, for what a
 * well-behaved client cannot say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "story.h"

/* ---- the response ---------------------------------------------------------------------------- */

static void
on_event(void *owner, const struct sse_event *event)
{
	struct request *request = owner;

	if (slice_eq(event->type, S("endpoint")))
		snprintf(request->client->path, sizeof(request->client->path), "%.*s",
		    (int)event->data_n, event->data);
	else if (event->has_data && event->data_n > 0)
		client_received(request->client, (struct slice){ event->data, event->data_n });
}

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	struct request *request = owner;
	struct client *client = request->client;
	struct slice id = fetch_header(fetch, S("mcp-session-id"));

	request->status = status;
	request->is_sse =
	    slice_starts(fetch_header(fetch, S("content-type")), S("text/event-stream"));
	if (id.p != NULL)
		snprintf(client->session, sizeof(client->session), "%.*s", SLICE_FMT(id));
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct request *request = owner;
	struct err err;

	if (request->is_sse)
		must(sse_feed(&request->sse, bytes, n, &err));
	else
		buf_put(&request->body, (struct slice){ bytes, n });
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct request *request = owner;

	request->fetch = NULL;
	request->is_done = true;
	if (err != NULL)
		request->status = 0;
	else if (!request->is_sse && request->body.n > 0)
		request->answer = client_received(request->client, buf_view(&request->body));
}

static const struct fetch_handler handler = { on_head, on_data, on_done };

static bool
is_done(void *ctx)
{
	return ((struct request *)ctx)->is_done;
}

static bool
is_begun(void *ctx)
{
	return ((struct request *)ctx)->status != 0 || is_done(ctx);
}

static bool
has_path(void *ctx)
{
	return ((struct request *)ctx)->client->path[0] != '\0' || is_done(ctx);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void
start(struct client *client, struct slice method, struct slice path, const char *fixed,
    struct slice text, struct request *request)
{
	struct fetch_request fetch = {
		.method = method, .path = path, .body = &text, .body_parts = text.n > 0
	};
	struct buf headers;

	buf_init(&headers, NULL, 8 * KIB);
	buf_puts(&headers, fixed);
	if (client->key.n > 0)
		buf_printf(&headers, "Authorization: Bearer %.*s\r\n", SLICE_FMT(client->key));
	if (client->is_modern)
		buf_put(&headers, buf_view(&client->headers));
	else if (client->session[0] != '\0')
		buf_printf(&headers, "Mcp-Session-Id: %s\r\nMCP-Protocol-Version: %s\r\n",
		    client->session, client->revision);
	fetch.headers = buf_view(&headers);
	sse_reader_init(&request->sse, NULL, 256 * MIB);
	request->sse.on_event = on_event;
	request->sse.owner = request;
	request->fetch = fetch_start(client->pool, &fetch, &handler, request);
	buf_fini(&headers);
}

bool
client_http_post(struct client *client, struct slice text, struct request *request, struct err *err)
{
	bool is_note = request == NULL;

	if (is_note)
		request = request_new(client, S(""), S(""));
	start(client, S("POST"), slice_of(client->path),
	    "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n",
	    text, request);
	if (!is_note)
		return true;
	/* Notifications and answers: in order with what comes next. */
	if (!world_wait(client->world, is_done, request))
		return err_set(err, ERR_CONFIG, "a notification was not accepted");
	client->status = request->status;
	if (request->status != 202)
		return err_set(
		    err, ERR_CONFIG, "a notification or answer got HTTP %d", request->status);
	return true;
}

bool
client_http_listen(struct client *client, struct err *err)
{
	struct request *request = request_new(client, S("stream"), S(""));

	start(client, S("GET"), client->is_sse ? S("/sse") : S("/mcp"),
	    "Accept: text/event-stream\r\n", (struct slice){ "", 0 }, request);
	if (!world_wait(client->world, client->is_sse ? has_path : is_begun, request) ||
	    request->status != 200)
		return err_set(err, ERR_CONFIG, "GET gave HTTP %d", request->status);
	return true;
}

bool
client_http_resume(struct request *request, struct err *err)
{
	struct client *client = request->client;
	struct slice last = buf_view(&request->sse.last_id);
	char fields[160];

	if (last.n == 0)
		return err_set(err, ERR_CONFIG, "no event with an id came before");
	snprintf(fields, sizeof(fields), "Accept: text/event-stream\r\nLast-Event-ID: %.*s\r\n",
	    SLICE_FMT(last));
	sse_reader_fini(&request->sse);
	request->status = 0;
	request->is_done = false;
	start(client, S("GET"), slice_of(client->path), fields, (struct slice){ "", 0 }, request);
	if (!world_wait(client->world, is_begun, request))
		return err_set(err, ERR_CONFIG, "GET is not answered");
	client->status = request->status;
	return true;
}

void
client_http_abandon(struct request *request)
{
	fetch_abort(&request->fetch);
	request->is_done = true;
}

/* ---- open and close -------------------------------------------------------------------------- */

static void
resolve(void *arg)
{
	struct err err;

	must(http_pool_resolve_wait(((struct client *)arg)->pool, &err));
}

bool
client_http_open(struct client *client, struct err *err)
{
	char address[ADDRESS_TEXT], url[ADDRESS_TEXT + 16];

	if (client->world->address.port == 0)
		return err_set(err, ERR_CONFIG, "the gateway does not listen");
	address_print(&client->world->address, address);
	snprintf(url, sizeof(url), "http://%s/mcp", address);
	snprintf(client->path, sizeof(client->path), "%s", client->is_sse ? "" : "/mcp");
	return http_pool_new(client->world->loop, slice_of(url), 8, 5000, &client->pool, err) &&
	    world_run(client->world, "resolve", resolve, client) &&
	    (!client->is_sse || client_http_listen(client, err));
}

void
client_http_close(struct client *client)
{
	while (client->requests != NULL) {
		struct request *request = client->requests;

		client->requests = request->next;
		if (request->fetch != NULL)
			fetch_abort(&request->fetch);
		sse_reader_fini(&request->sse);
		buf_fini(&request->body);
		mem_free(request);
	}
	http_pool_free(&client->pool);
}

/* ---- by hand --------------------------------------------------------------------------------- */

struct plain {
	struct stream *stream;
	struct outbox outbox;
	struct buf answer;
	bool is_over;
};

static void
plain_ready(void *owner, unsigned events)
{
	struct plain *plain = owner;
	char bytes[2000];
	ssize_t n;

	if (events & STREAM_WRITABLE)
		outbox_ready(&plain->outbox);
	if (!(events & STREAM_READABLE))
		return;
	n = stream_read(plain->stream, bytes, sizeof(bytes));
	if (n > 0)
		buf_put(&plain->answer, (struct slice){ bytes, (size_t)n });
	else if (n != -EAGAIN)
		plain->is_over = true;
	if (plain->is_over)
		outbox_want(&plain->outbox, 0);
}

static void
plain_failed(void *owner, const struct err *err)
{
	((struct plain *)owner)->is_over = true;
}

static bool
plain_over(void *ctx)
{
	return ((struct plain *)ctx)->is_over;
}

/* METHOD PATH ['Name: value']... [body TEXT]; -session stands for the header of the client's own.
 */
static void
plain_make(struct client *client, struct slice rest, struct buf *out)
{
	struct slice method = script_word(&rest), path = script_word(&rest);
	struct slice body = SLICE_NONE, word;
	bool has_host = false;

	buf_printf(
	    out, "%.*s %.*s HTTP/1.1\r\nConnection: close\r\n", SLICE_FMT(method), SLICE_FMT(path));
	while ((word = script_value(&rest)).p != NULL) {
		if (slice_eq(word, S("body"))) {
			body = rest;
			break;
		}
		has_host |= slice_starts(word, S("Host:"));
		if (slice_eq(word, S("-session")))
			buf_printf(out, "Mcp-Session-Id: %s", client->session);
		else
			buf_put(out, word);
		buf_puts(out, "\r\n");
	}
	if (!has_host)
		buf_puts(out, "Host: localhost\r\n");
	if (body.p != NULL)
		buf_printf(
		    out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.n);
	buf_puts(out, "\r\n");
	buf_put(out, body);
}

/* Status, header fields and body become what expectations look at. */
static bool
plain_read(struct client *client, struct slice answer, struct err *err)
{
	const char *end = memmem(answer.p != NULL ? answer.p : "", answer.n, "\r\n\r\n", 4);
	char status[4] = "";

	if (end == NULL || !slice_starts(answer, S("HTTP/1.1 ")))
		return err_set(err, ERR_CONFIG, "no HTTP response: %.*s", SLICE_FMT(answer));
	memcpy(status, answer.p + 9, 3);
	client->status = (int)strtol(status, NULL, 10);
	buf_clear(&client->head);
	buf_put(&client->head, (struct slice){ answer.p, (size_t)(end - answer.p) });
	buf_clear(&client->plain.text);
	buf_put(&client->plain.text,
	    (struct slice){ end + 4, (size_t)(answer.p + answer.n - end) - 4 });
	client->at = &client->plain;
	return true;
}

bool
client_http_plain(struct client *client, struct slice rest, struct err *err)
{
	struct plain plain = { .is_over = false };
	struct buf text;
	bool ok;

	plain.stream = loop_connect(client->world->loop, &client->world->address, err);
	if (plain.stream == NULL)
		return false;
	buf_init(&text, NULL, 256 * MIB);
	buf_init(&plain.answer, NULL, SIZE_MAX);
	outbox_init(&plain.outbox, client->world->loop, plain.stream, 256 * MIB);
	plain.outbox.on_fail = plain_failed;
	plain.outbox.owner = &plain;
	plain.stream->on_ready = plain_ready;
	plain.stream->owner = &plain;
	outbox_want(&plain.outbox, STREAM_READABLE);
	plain_make(client, rest, &text);
	outbox_send(&plain.outbox, &(struct slice){ text.p, text.n }, 1);
	ok = world_wait(client->world, plain_over, &plain) ||
	    err_set(err, ERR_CONFIG, "the gateway does not close the connection");
	ok = ok && plain_read(client, buf_view(&plain.answer), err);
	outbox_fini(&plain.outbox);
	stream_close(&plain.stream);
	buf_fini(&plain.answer);
	buf_fini(&text);
	return ok;
}

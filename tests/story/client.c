/*
 * Clients: what they send, and an inbox of what came.  Over stdio a client is the gateway's stdin
 * and stdout; HTTP is in client_http.c.  A client answers nothing by itself: the script says what.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "story.h"

struct client *
client_find(struct world *world, struct slice name)
{
	struct client *client = world->clients;

	while (client != NULL && !slice_eq(slice_of(client->name), name))
		client = client->next;
	return client;
}

/* ---- the inbox ------------------------------------------------------------------------------- */

/* Keeps one message; what is no JSON is kept too, without an id: the story will say so. */
struct inbox *
client_received(struct client *client, struct slice text)
{
	struct inbox *message = MEM_NEW(struct inbox);
	struct slice value;
	struct arena arena;
	struct err err;

	buf_init(&message->text, NULL, SIZE_MAX);
	buf_put(&message->text, text);
	arena_init(&arena, NULL, SIZE_MAX);
	if (json_scan_all(json_scan_new(&arena, message->text.p, text.n, 0, 0, 1), &err)) {
		text = buf_view(&message->text);
		if (json_find(text, S("id"), &value))
			snprintf(message->id, sizeof(message->id), "%.*s", SLICE_FMT(value));
		if (json_find(text, S("method"), &value) && value.n > 2)
			snprintf(message->method, sizeof(message->method), "%.*s", (int)value.n - 2,
			    value.p + 1);
	} else {
		snprintf(message->method, sizeof(message->method), "rubbish");
	}
	arena_fini(&arena);
	if (client->last_inbox == NULL)
		client->inbox = message;
	else
		client->last_inbox->next = message;
	client->last_inbox = message;
	return message;
}

unsigned
client_count(const struct client *client, struct slice method)
{
	unsigned n = 0;

	for (struct inbox *m = client->inbox; m != NULL; m = m->next)
		n += slice_eq(slice_of(m->method), method);
	return n;
}

/* A list that changed while servers came up is nobody's concern here. */
unsigned
client_unread(const struct client *client)
{
	static const char changed[] = "notifications/tools/list_changed";
	unsigned n = 0;

	for (struct inbox *m = client->inbox; m != NULL; m = m->next)
		n += !m->is_read && strcmp(m->method, changed) != 0;
	return n;
}

/* What is waited for: the answer with an id, a message with a method, or (neither) an answer to
 * nothing. */
struct want {
	struct client *client;
	const char *id;
	struct slice method;
	struct request *request; /* HTTP: its end is enough */
	struct inbox *found;
};

static bool
want_found(void *ctx)
{
	struct want *want = ctx;
	struct inbox *m = want->client->inbox;

	for (; m != NULL; m = m->next) {
		if (m->is_read)
			continue;
		if (want->id != NULL ? m->method[0] == '\0' && strcmp(m->id, want->id) == 0
			: want->method.p != NULL
			? slice_eq(slice_of(m->method), want->method)
			: m->method[0] == '\0' && strcmp(m->id, "null") == 0)
			break;
	}
	want->found = m;
	return m != NULL || (want->request != NULL && want->request->is_done);
}

static bool
want_wait(struct want *want, struct slice what, struct err *err)
{
	struct client *client = want->client;

	if (!world_wait(client->world, want_found, want))
		return err_set(err, ERR_CONFIG,
		    "client %s waits for \"%.*s\" in vain; %u unread messages", client->name,
		    SLICE_FMT(what), client_unread(client));
	client->at = want->found != NULL ? want->found : want->request->answer;
	if (client->at != NULL)
		client->at->is_read = true;
	return true;
}

/* ---- sending --------------------------------------------------------------------------------- */

struct request *
request_new(struct client *client, struct slice name, struct slice id)
{
	struct request *request = MEM_NEW(struct request);

	request->client = client;
	snprintf(request->name, sizeof(request->name), "%.*s", SLICE_FMT(name));
	snprintf(request->id, sizeof(request->id), "%.*s", SLICE_FMT(id));
	buf_init(&request->body, NULL, SIZE_MAX);
	request->next = client->requests;
	client->requests = request;
	return request;
}

static struct request *
request_find(struct client *client, struct slice name)
{
	struct request *request = client->requests;

	while (request != NULL && !slice_eq(slice_of(request->name), name))
		request = request->next;
	return request;
}

static bool
post(struct client *client, struct slice text, struct request *request, struct err *err)
{
	if (client->is_http)
		return client_http_post(client, text, request, err);
	if (client->out == NULL)
		return err_set(err, ERR_CONFIG, "client %s has closed its end", client->name);
	outbox_queue(&client->outbox, (struct slice[]){ text, S("\n") }, 2);
	return true;
}

/* [-id ID] METHOD [PARAMS] */
static bool
request_send(struct client *client, struct slice name, struct slice rest, struct request **out,
    struct err *err)
{
	struct slice word = script_word(&rest), id = SLICE_NONE;
	struct buf text;
	char number[24];
	bool ok;

	if (slice_eq(word, S("-id"))) {
		id = script_value(&rest);
		word = script_word(&rest);
	}
	if (id.p == NULL) {
		snprintf(number, sizeof(number), "%u", ++client->next_id);
		id = slice_of(number);
	}
	buf_init(&text, NULL, 256 * MIB);
	buf_printf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"method\":\"%.*s\"%s", SLICE_FMT(id),
	    SLICE_FMT(word), rest.n > 0 || client->is_modern ? ",\"params\":" : "");
	if (client->is_modern)
		modern_headers(client, word, rest);
	if (!client->is_modern || !modern_params(client, rest, &text))
		buf_put(&text, rest);
	buf_putc(&text, '}');
	*out = request_new(client, name, id);
	ok = post(client, buf_view(&text), *out, err);
	buf_fini(&text);
	return ok;
}

static bool
answer_wait(struct client *client, struct request *request, struct err *err)
{
	struct want want = { .client = client,
		.id = request->id,
		.request = client->is_http && !client->is_sse ? request : NULL };

	if (!want_wait(&want, slice_of(request->id), err))
		return false;
	client->status = request->status;
	client->was_sse = request->is_sse;
	return true;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool
do_call(struct client *client, struct slice rest, struct err *err)
{
	struct request *request;

	return request_send(client, S(""), rest, &request, err) &&
	    answer_wait(client, request, err);
}

/* send NAME [-id ID] METHOD [PARAMS] */
static bool
do_send(struct client *client, struct slice rest, struct err *err)
{
	struct slice name = script_word(&rest);
	struct request *request = request_find(client, name);

	if (request != NULL)
		request->name[0] = '\0'; /* the new one has the name from now on */
	return request_send(client, name, rest, &request, err);
}

/* await NAME | METHOD | nobody | -id ID, of what was sent raw */
static bool
do_await(struct client *client, struct slice rest, struct err *err)
{
	struct slice name = script_word(&rest);
	struct request *request = request_find(client, name);
	struct want want = { .client = client };
	char id[80];

	if (request != NULL)
		return answer_wait(client, request, err);
	if (slice_eq(name, S("-id"))) {
		name = script_word(&rest);
		snprintf(id, sizeof(id), "%.*s", SLICE_FMT(name));
		want.id = id;
	} else if (!slice_eq(name, S("nobody")))
		want.method = name;
	return want_wait(&want, name, err);
}

static bool
note(struct client *client, const char *method, struct slice params, struct err *err)
{
	struct buf text;
	bool ok;

	if (client->is_modern)
		modern_headers(client, slice_of(method), params);
	buf_init(&text, NULL, MIB);
	buf_printf(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"%s", method,
	    params.n > 0 ? ",\"params\":" : "");
	buf_put(&text, params);
	buf_putc(&text, '}');
	ok = post(client, buf_view(&text), NULL, err);
	buf_fini(&text);
	return ok;
}

static bool
do_notify(struct client *client, struct slice rest, struct err *err)
{
	struct slice method = script_word(&rest);
	char name[80];

	snprintf(name, sizeof(name), "%.*s", SLICE_FMT(method));
	return note(client, name, rest, err);
}

/* cancel NAME */
static bool
do_cancel(struct client *client, struct slice rest, struct err *err)
{
	struct request *request = request_find(client, script_word(&rest));
	char params[320];
	int n;

	if (request == NULL)
		return err_set(err, ERR_CONFIG, "no request of that name");
	n = snprintf(params, sizeof(params), "{\"requestId\":%s,\"reason\":\"changed my mind\"}",
	    request->id);
	return note(client, "notifications/cancelled", (struct slice){ params, (size_t)n }, err);
}

/* answer [error] JSON: to the message that was read last */
static bool
do_answer(struct client *client, struct slice rest, struct err *err)
{
	struct slice after = rest, word = script_word(&after);
	bool is_error = slice_eq(word, S("error"));
	struct buf text;
	bool ok;

	if (client->at == NULL || client->at->id[0] == '\0')
		return err_set(err, ERR_CONFIG, "the last message was no request");
	buf_init(&text, NULL, 64 * MIB);
	buf_printf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"%s\":", client->at->id,
	    is_error ? "error" : "result");
	buf_put(&text, is_error ? after : rest);
	buf_putc(&text, '}');
	ok = post(client, buf_view(&text), NULL, err);
	buf_fini(&text);
	return ok;
}

/* raw TEXT: as it is; over HTTP its response is waited for. */
static bool
do_raw(struct client *client, struct slice rest, struct err *err)
{
	struct request *request = request_new(client, S(""), S(""));
	struct want want = { .client = client, .method = S("nothing"), .request = request };

	if (!post(client, rest, request, err) || !client->is_http)
		return err->kind == ERR_NONE;
	if (!want_wait(&want, S("raw"), err))
		return false;
	client->status = request->status;
	return true;
}

static bool
do_listen(struct client *client, struct slice rest, struct err *err)
{
	return client_http_listen(client, err);
}

/* abandon NAME: the connection of that request goes, nothing is said. */
static bool
do_abandon(struct client *client, struct slice rest, struct err *err)
{
	struct request *request = request_find(client, script_word(&rest));

	if (request == NULL || request->fetch == NULL)
		return err_set(err, ERR_CONFIG, "no request of that name in progress");
	client_http_abandon(request);
	return true;
}

/* resume NAME: what followed the last event of that request's stream. */
static bool
do_resume(struct client *client, struct slice rest, struct err *err)
{
	struct request *request = request_find(client, script_word(&rest));

	if (request == NULL || request->fetch != NULL)
		return err_set(err, ERR_CONFIG, "no request of that name whose stream has ended");
	return client_http_resume(request, err);
}

/* header 'Name: value' | none: sent with every later message of a modern client over HTTP */
static bool
do_header(struct client *client, struct slice rest, struct err *err)
{
	struct arena *arena = &client->world->arena;
	struct slice value = script_value(&rest);

	if (!client->is_http || !client->is_modern || value.p == NULL)
		return err_set(
		    err, ERR_CONFIG, "header 'Name: value' of a modern client over HTTP");
	client->own_headers = SLICE_NONE;
	if (!slice_eq(value, S("none")))
		client->own_headers = arena_printf(arena, "%.*s\r\n", SLICE_FMT(value));
	return true;
}

/* close: the end of the gateway's stdin. */
static bool
do_close(struct client *client, struct slice rest, struct err *err)
{
	if (client->out == NULL)
		return err_set(err, ERR_CONFIG, "only stdio clients close");
	outbox_fini(&client->outbox);
	stream_close(&client->out);
	return true;
}

static const struct {
	const char *word;
	bool (*run)(struct client *client, struct slice rest, struct err *err);
} words[] = {
	{ "call", do_call },
	{ "send", do_send },
	{ "await", do_await },
	{ "notify", do_notify },
	{ "cancel", do_cancel },
	{ "answer", do_answer },
	{ "raw", do_raw },
	{ "listen", do_listen },
	{ "http", client_http_plain },
	{ "abandon", do_abandon },
	{ "resume", do_resume },
	{ "close", do_close },
	{ "header", do_header },
};

bool
client_line(struct client *client, struct slice line, bool *is_known, struct err *err)
{
	struct slice rest = line, word = script_word(&rest);
	struct buf text;
	bool ok;

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!slice_eq(word, slice_of(words[i].word)))
			continue;
		*is_known = true;
		buf_init(&text, NULL, 256 * MIB);
		world_substitute(client->world, rest, NULL, NULL, &text);
		ok = words[i].run(
		    client, text.n > 0 ? buf_view(&text) : (struct slice){ "", 0 }, err);
		buf_fini(&text);
		return ok;
	}
	*is_known = false;
	return false;
}

/* ---- stdio ----------------------------------------------------------------------------------- */

static void
stdio_line(void *owner, char *line, size_t n)
{
	client_received(owner, (struct slice){ line, n });
}

static void
stdio_long(void *owner, struct slice head, struct slice tail, size_t n)
{
}

static void
stdio_readable(void *owner, unsigned events)
{
	struct client *client = owner;
	char bytes[3000];
	ssize_t n = stream_read(client->in, bytes, sizeof(bytes));

	if (n > 0) {
		line_feed(&client->lines, bytes, (size_t)n);
	} else if (n != -EAGAIN) {
		client->is_gone = true;
		stream_want(client->in, 0);
	}
}

static void
stdio_writable(void *owner, unsigned events)
{
	outbox_ready(&((struct client *)owner)->outbox);
}

static void
stdio_failed(void *owner, const struct err *err)
{
	((struct client *)owner)->is_gone = true;
}

static bool
stdio_open(struct client *client, struct err *err)
{
	struct world *world = client->world;

	if (world->to_stdin == NULL)
		return err_set(err, ERR_CONFIG, "the gateway's stdio is taken, or it does not run");
	client->out = world->to_stdin;
	client->in = world->from_stdout;
	world->to_stdin = world->from_stdout = NULL;
	line_reader_init(&client->lines, NULL, 256 * MIB);
	client->lines.on_line = stdio_line;
	client->lines.on_long = stdio_long;
	client->lines.owner = client;
	outbox_init(&client->outbox, world->loop, client->out, 256 * MIB);
	client->outbox.on_fail = stdio_failed;
	client->outbox.owner = client;
	client->in->on_ready = stdio_readable;
	client->in->owner = client;
	client->out->on_ready = stdio_writable;
	client->out->owner = client;
	stream_want(client->in, STREAM_READABLE);
	return true;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static bool
handshake(struct client *client, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, NULL, MIB);
	buf_printf(&text,
	    "initialize {\"protocolVersion\":\"%s\",\"capabilities\":%.*s,"
	    "\"clientInfo\":{\"name\":\"%s\",\"version\":\"1\"}}",
	    client->revision, SLICE_FMT(client->capabilities), client->name);
	ok = do_call(client, buf_view(&text), err) &&
	    note(client, "notifications/initialized", SLICE_NONE, err);
	buf_fini(&text);
	return ok;
}

/* An object, or names of capabilities: a,b is {"a":{},"b":{}}. */
static struct slice
capabilities_of(struct world *world, struct slice value)
{
	struct slice out, rest = value, name;
	struct buf text;
	struct err err;

	if (slice_starts(value, S("{")))
		return value;
	buf_init(&text, NULL, 4 * KIB);
	while (rest.p != NULL) {
		name = slice_cut(rest, ',', &rest);
		buf_printf(&text, "%s\"%.*s\":{}", text.n > 0 ? "," : "{", SLICE_FMT(name));
	}
	buf_putc(&text, '}');
	must(arena_reserve(&world->arena, text.n, &err));
	out = slice_dup(&world->arena, buf_view(&text));
	buf_fini(&text);
	return out;
}

struct client *
client_new(struct world *world, struct slice rest, struct err *err)
{
	struct client *client = MEM_NEW(struct client), **at = &world->clients;
	struct slice word = script_word(&rest), value;
	bool is_bare = false;

	client->world = world;
	snprintf(client->name, sizeof(client->name), "%.*s", SLICE_FMT(word));
	snprintf(client->revision, sizeof(client->revision), "2025-11-25");
	client->capabilities = S("{}");
	buf_init(&client->head, NULL, MIB);
	buf_init(&client->headers, NULL, MIB);
	buf_init(&client->plain.text, NULL, SIZE_MAX);
	while (*at != NULL)
		at = &(*at)->next;
	*at = client;
	while ((word = script_word(&rest)).p != NULL) {
		if (slice_eq(word, S("-bare"))) {
			is_bare = true;
			continue;
		}
		value = script_value(&rest);
		client->is_sse |= slice_eq(word, S("-transport")) && slice_eq(value, S("sse"));
		if (slice_eq(word, S("-transport")))
			client->is_http = client->is_sse || slice_eq(value, S("http"));
		else if (slice_eq(word, S("-revision")))
			snprintf(
			    client->revision, sizeof(client->revision), "%.*s", SLICE_FMT(value));
		else if (slice_eq(word, S("-key")))
			client->key = value;
		else if (slice_eq(word, S("-can")))
			client->capabilities = capabilities_of(world, value);
		else
			return err_set(err, ERR_CONFIG, "unknown word \"%.*s\" of a client",
				   SLICE_FMT(word))
			    ? client
			    : NULL;
	}
	if (!(client->is_http ? client_http_open(client, err) : stdio_open(client, err)))
		return NULL;
	client->is_modern = is_modern_revision(slice_of(client->revision));
	return is_bare || client->is_modern || handshake(client, err) ? client : NULL;
}

void
client_free(struct client **at)
{
	struct client *client = *at;

	*at = client->next;
	client_http_close(client);
	while (client->inbox != NULL) {
		struct inbox *message = client->inbox;

		client->inbox = message->next;
		buf_fini(&message->text);
		mem_free(message);
	}
	if (!client->is_http) {
		line_reader_fini(&client->lines);
		if (client->out != NULL)
			outbox_fini(&client->outbox);
		stream_close(&client->in);
		stream_close(&client->out);
	}
	buf_fini(&client->head);
	buf_fini(&client->headers);
	buf_fini(&client->plain.text);
	mem_free(client);
}

/*
 * Where the answer of a browser comes in.  A request is held until somebody says how it went; while
 * one is held, others are told to wait.  What it says is not looked at here: it is anybody's who
 * can reach this port.
 */
#include <errno.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/login_desk.h"

#define LINE_BYTES (16 * KIB)
#define SERVERS	   2 /* "localhost" is two addresses */

struct desk {
	struct loop *loop;
	struct http_server *servers[SERVERS];
	struct slice path; /* in redirect */
	char *redirect;
	struct http_request *request; /* that is held */
	struct buf answer;
	bool has_answer;
	struct stream *in;
	struct line_reader lines;
	bool has_gone;
	struct task *task;
};

/* ---- the browser ----------------------------------------------------------------------------- */

static void
respond(struct http_request *request, int status, const char *text)
{
	struct slice body = slice_of(text);

	http_respond(request, status,
	    S("Cache-Control: no-store\r\nConnection: close\r\n"
	      "Referrer-Policy: no-referrer\r\n"),
	    S("text/plain; charset=utf-8"), &body, 1);
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
	struct desk *desk = owner;

	if (!slice_eq(request->path, desk->path)) {
		respond(request, 404, "There is nothing here.\n");
	} else if (!slice_eq(request->method, S("GET"))) {
		respond(request, 405, "A browser comes here with GET.\n");
	} else if (desk->request != NULL || desk->has_answer) {
		respond(request, 503, "Another answer is being looked at: try again.\n");
	} else {
		desk->request = request;
		desk->has_answer = true;
		buf_clear(&desk->answer);
		buf_putc(&desk->answer, '?');
		buf_put(&desk->answer, request->query);
		if (desk->task != NULL)
			task_wake(desk->task);
	}
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct desk *desk = owner;

	if (desk->request == request)
		desk->request = NULL;
}

static void
listen_at(struct desk *desk, struct slice redirect_uri)
{
	static const struct http_handler handler = { on_head, on_request, on_gone };
	static const struct {
		struct slice host;
		const char *at[SERVERS]; /* with the port behind it */
	} hosts[] = { { { "127.0.0.1", 9 }, { "127.0.0.1:%u", NULL } },
		{ { "::1", 3 }, { "[::1]:%u", NULL } },
		{ { "localhost", 9 }, { "127.0.0.1:%u", "[::1]:%u" } } };
	struct http_limits limits = http_limits_default;
	struct address address;
	struct url url;
	struct err err;

	limits.connections = 16;
	limits.body_bytes = 64 * KIB;
	if (!url_parse(redirect_uri, &url, &err) || url.is_tls)
		return;
	desk->path = slice_cut(url.path, '?', &(struct slice){ 0 });
	for (size_t i = 0; i < COUNT(hosts); i++) {
		for (size_t k = 0; k < SERVERS && slice_eq_nocase(url.host, hosts[i].host); k++) {
			struct buf text;

			if (hosts[i].at[k] == NULL)
				continue;
			buf_init(&text, NULL, KIB);
			buf_put(
			    &text, slice_cut(slice_of(hosts[i].at[k]), '%', &(struct slice){ 0 }));
			buf_put_u64(&text, url.port);
			/* Somebody else's port: the terminal, or --code, is left. */
			if (!address_parse(buf_view(&text), &address, &err) ||
			    !http_server_new(desk->loop, &address, &limits, &handler, desk,
				&desk->servers[k], &err))
				desk->servers[k] = NULL;
			buf_fini(&text);
		}
	}
}

/* ---- the terminal ---------------------------------------------------------------------------- */

static void
on_line(void *owner, char *line, size_t n)
{
	struct desk *desk = owner;
	struct slice text = slice_trim((struct slice){ line, n });

	if (text.n == 0 || desk->has_answer)
		return;
	buf_clear(&desk->answer);
	buf_put(&desk->answer, text);
	desk->has_answer = true;
	if (desk->task != NULL)
		task_wake(desk->task);
}

static void
on_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	char nothing[] = "?";

	(void)head;
	(void)tail;
	(void)n;
	on_line(owner, nothing, 1);
}

static void
on_ready(void *owner, unsigned events)
{
	struct desk *desk = owner;
	char bytes[512];
	ssize_t n = stream_read(desk->in, bytes, sizeof(bytes));

	(void)events;
	if (n == -EAGAIN)
		return;
	if (n > 0) {
		line_feed(&desk->lines, bytes, (size_t)n);
		return;
	}
	desk->has_gone = true;
	stream_want(desk->in, 0);
	if (desk->task != NULL)
		task_wake(desk->task);
}

/* ---- the desk -------------------------------------------------------------------------------- */

struct desk *
desk_new(struct loop *loop, struct slice redirect_uri)
{
	struct desk *desk = MEM_NEW(struct desk);
	struct err err;

	desk->loop = loop;
	buf_init(&desk->answer, NULL, 64 * KIB);
	line_reader_init(&desk->lines, NULL, LINE_BYTES);
	desk->lines.on_line = on_line;
	desk->lines.on_long = on_long;
	desk->lines.owner = desk;
	desk->redirect = mem_new(redirect_uri.n + 1);
	memcpy(desk->redirect, redirect_uri.p, redirect_uri.n);
	listen_at(desk, (struct slice){ desk->redirect, redirect_uri.n });
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		desk->in = loop_stdio(loop, STDIN_FILENO, &err);
	if (desk->in != NULL) {
		desk->in->on_ready = on_ready;
		desk->in->owner = desk;
		stream_want(desk->in, STREAM_READABLE);
	}
	return desk;
}

void
desk_free(struct desk **at)
{
	struct desk *desk = *at;

	*at = NULL;
	if (desk == NULL)
		return;
	for (size_t i = 0; i < SERVERS; i++)
		if (desk->servers[i] != NULL)
			http_server_free(&desk->servers[i]);
	stream_close(&desk->in);
	line_reader_fini(&desk->lines);
	buf_fini(&desk->answer);
	mem_free(desk->redirect);
	mem_free(desk);
}

bool
desk_is_listening(const struct desk *desk)
{
	return desk->servers[0] != NULL || desk->servers[1] != NULL;
}

bool
desk_has_terminal(const struct desk *desk)
{
	return desk->in != NULL && !desk->has_gone;
}

bool
desk_answer_wait(struct desk *desk, uint64_t until_ms, struct slice *answer, struct err *err)
{
	bool timed_out = false, ok = true;

	desk->task = task_self(desk->loop);
	while (ok && !desk->has_answer && !timed_out &&
	    (desk_is_listening(desk) || desk_has_terminal(desk)))
		ok = task_park_until_wait(desk->loop, until_ms, &timed_out, err);
	desk->task = NULL;
	if (!ok)
		return false;
	if (!desk->has_answer && timed_out)
		return err_set(err, ERR_DEADLINE, "nobody came back in time: begin again");
	if (!desk->has_answer)
		return err_set(err, ERR_IO, "the terminal is gone");
	desk->has_answer = false;
	*answer = buf_view(&desk->answer);
	return true;
}

void
desk_reply(struct desk *desk, int status, const char *text)
{
	struct http_request *request = desk->request;

	desk->request = NULL;
	if (request != NULL)
		respond(request, status, text);
}

/*
 * The HTTP/1.1 client: one pool of connections an origin, one fetch a request.
 *
 * A link is a connection: CONNECTING or BUSY with a fetch, or IDLE and wanted readable, so that the
 * server's closing is seen at once.  Anything that arrives when nothing was asked closes it.  Owners may
 * abort, start and free from within any callback: a link that is below on the stack is only marked
 * dead (link_enter, link_leave), and nothing of a fetch is touched after a callback unless its link
 * still has it.  A transport makes streams; TLS will be another row of that table.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/http_parse.h"

#define HEAD_BYTES	(64 * KIB)
#define HEAD_FIELDS	200
#define INTERIM_MAX	16		/* 1xx responses before the real one */
#define KEEP_MS		60000		/* an idle connection */
#define PARTS_AT_ONCE	15

enum link_state { LINK_CONNECTING, LINK_BUSY, LINK_IDLE };

struct link {
	struct link *next, *prev;	/* in the pool's busy or idle */
	struct http_pool *pool;
	struct loop *loop;
	struct stream *stream;
	struct outbox outbox;
	struct http_parser parser;
	struct fetch *fetch;
	struct buf held;		/* came, and the fetch is paused */
	size_t	held_at;		/* of held: done already */
	struct deferred again;
	struct timer timer;
	uint64_t due_ms;		/* 0: never */
	uint64_t written_start;		/* outbox.written_bytes when the fetch began */
	uint64_t connect_until_ms;
	unsigned tries;			/* addresses tried */
	unsigned depth;			/* our functions below on the stack that hold it */
	uint8_t	state;			/* enum link_state */
	bool	is_dead;
	bool	is_reused;
	struct address address;
};

struct fetch {
	struct fetch *next, *prev;	/* in the pool */
	struct http_pool *pool;
	struct link *link;		/* NULL: it ended, or could not begin */
	struct fetch_handler handler;
	void	*owner;
	struct http_head head;		/* of the response */
	struct buf out;			/* the request, until it is handed to the stream */
	uint64_t idle_ms;
	uint64_t got_bytes;
	size_t	max_bytes;
	unsigned interims;
	bool	is_head_request, has_head, has_answer, is_paused, is_ending;
	bool	was_sent, was_stale;
	struct deferred failing;
	struct err why;
};

/* How streams to an origin are made. */
struct transport {
	bool	is_tls;
	struct stream *(*connect)(struct loop *loop, const struct address *to, struct err *err);
};

struct http_pool {
	struct loop *loop;
	const struct transport *transport;
	struct buf text;		/* the URL, which url points into */
	struct url url;
	struct link *busy, *idle;
	unsigned idle_n, keep;
	uint64_t connect_ms;
	struct fetch *fetches;
	struct address addresses[RESOLVE_MAX];
	unsigned addresses_n, first;	/* first: the one that worked last */
	bool	is_stale;		/* resolve again */
};

static const struct transport transports[] = {
	{ false, loop_connect },
};

/* ---- links: life and time ------------------------------------------------------------------------- */

static void
link_list_add(struct link **list, struct link *link)
{
	link->prev = NULL;
	link->next = *list;
	if (link->next != NULL)
		link->next->prev = link;
	*list = link;
}

static void
link_list_cut(struct link **list, struct link *link)
{
	if (link->prev != NULL)
		link->prev->next = link->next;
	else
		*list = link->next;
	if (link->next != NULL)
		link->next->prev = link->prev;
}

/* The one who changes the state, and with it the list. */
static void
link_move(struct link *link, enum link_state to)
{
	struct http_pool *pool = link->pool;

	if (link->state == LINK_IDLE) {
		link_list_cut(&pool->idle, link);
		pool->idle_n--;
	} else {
		link_list_cut(&pool->busy, link);
	}
	link->state = (uint8_t)to;
	link_list_add(to == LINK_IDLE ? &pool->idle : &pool->busy, link);
	pool->idle_n += to == LINK_IDLE;
}

/* Off the pool and closed; its memory goes when nobody below on the stack holds it. */
static void
link_kill(struct link *link)
{
	must(link->fetch == NULL && !link->is_dead);
	link_move(link, LINK_BUSY);
	link_list_cut(&link->pool->busy, link);
	link->pool = NULL;
	link->is_dead = true;
	timer_stop(link->loop, &link->timer);
	deferred_stop(link->loop, &link->again);
	if (link->stream != NULL)
		outbox_fini(&link->outbox);
	stream_close(&link->stream);
	if (link->depth > 0)
		return;
	buf_fini(&link->held);
	mem_free(link);
}

static void
link_enter(struct link *link)
{
	link->depth++;
}

static void
link_leave(struct link *link)
{
	if (--link->depth > 0 || !link->is_dead)
		return;
	buf_fini(&link->held);
	mem_free(link);
}

static void	on_timer(struct timer *timer);

/* A timer that fires too early looks at due_ms and starts again, so this is nearly free. */
static void
link_due(struct link *link, uint64_t ms)
{
	link->due_ms = ms == 0 ? 0 : loop_now_ms(link->loop) + ms;
	if (link->due_ms != 0 && (link->timer.place == 0 || link->timer.at_ms > link->due_ms))
		timer_start(link->loop, &link->timer, link->due_ms, on_timer);
}

/* ---- the end of a fetch ----------------------------------------------------------------------------- */

static void
fetch_unlist(struct fetch *fetch)
{
	if (fetch->prev != NULL)
		fetch->prev->next = fetch->next;
	else
		fetch->pool->fetches = fetch->next;
	if (fetch->next != NULL)
		fetch->next->prev = fetch->prev;
}

static void
fetch_free(struct fetch *fetch)
{
	deferred_stop(fetch->pool->loop, &fetch->failing);
	http_head_fini(&fetch->head);
	buf_fini(&fetch->out);
	mem_free(fetch);
}

static void
fetch_end(struct fetch *fetch, const struct err *err)
{
	struct loop *loop = fetch->pool->loop;

	fetch_unlist(fetch);
	fetch->is_ending = true;
	deferred_stop(loop, &fetch->failing);
	fetch->handler.done(fetch->owner, fetch, err);
	http_head_fini(&fetch->head);
	buf_fini(&fetch->out);
	mem_free(fetch);
}

/* Parts a link from its fetch; what is known through the link is kept. */
static struct fetch *
link_detach(struct link *link)
{
	struct fetch *fetch = link->fetch;

	fetch->was_sent = fetch_was_sent(fetch);
	link->fetch = NULL;
	fetch->link = NULL;
	return fetch;
}

static void
link_fail(struct link *link, const struct err *err)
{
	struct fetch *fetch = link_detach(link);
	struct err why = *err;

	fetch->was_stale = link->is_reused && !fetch->has_answer;
	link_kill(link);
	fetch_end(fetch, &why);
}

PRINTF(3, 4) static void
link_fail_text(struct link *link, enum errkind kind, const char *fmt, ...)
{
	const struct url *url = &link->pool->url;
	struct err err;
	char text[sizeof(err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&err, kind, "http://%.*s: %s", SLICE_FMT(url->authority), text);
	link_fail(link, &err);
}

static void
on_failing(struct deferred *deferred)
{
	struct fetch *fetch = CONTAINER(deferred, struct fetch, failing);
	struct err why = fetch->why;

	fetch_end(fetch, &why);
}

/* For failures found while the owner still is in fetch_start(). */
static void
fetch_fail_later(struct fetch *fetch)
{
	loop_defer(fetch->pool->loop, &fetch->failing, on_failing);
}

/* ---- responses ---------------------------------------------------------------------------------------- */

static void
head_take(struct link *link)
{
	struct fetch *fetch = link->fetch;
	unsigned status = link->parser.status;

	if (status == 101 || (status < 200 && ++fetch->interims > INTERIM_MAX)) {
		link_fail_text(link, ERR_IO, "the server answered with status %u, unasked", status);
		return;
	}
	if (status < 200) {
		http_head_fini(&fetch->head);
		http_head_init(&fetch->head, loop_memory(link->loop), HEAD_BYTES, HEAD_FIELDS);
		http_parser_init(&link->parser, HTTP_RESPONSE, &fetch->head);
		return;
	}
	if (fetch->is_head_request)
		http_parser_no_body(&link->parser);
	if (fetch->max_bytes != 0 && link->parser.framing == HTTP_FRAMING_LENGTH &&
	    link->parser.left > fetch->max_bytes) {
		link_fail_text(link, ERR_LIMIT, "the response is longer than %zu bytes", fetch->max_bytes);
		return;
	}
	fetch->has_head = true;
	fetch->handler.head(fetch->owner, fetch, (int)status);
}

static void
data_take(struct link *link)
{
	struct fetch *fetch = link->fetch;

	fetch->got_bytes += link->parser.data_n;
	if (fetch->max_bytes != 0 && fetch->got_bytes > fetch->max_bytes) {
		link_fail_text(link, ERR_LIMIT, "the response is longer than %zu bytes", fetch->max_bytes);
		return;
	}
	fetch->handler.data(fetch->owner, fetch, link->parser.data, link->parser.data_n);
}

/* The response has ended; left: bytes that came after it, which nobody asked for. */
static void
response_done(struct link *link, size_t left)
{
	struct http_pool *pool = link->pool;
	bool keeps = link->parser.keeps_alive && left == 0 && outbox_pending(&link->outbox) == 0 &&
	    !link->outbox.has_failed && pool->idle_n < pool->keep;
	struct fetch *fetch = link_detach(link);

	if (keeps) {
		link_move(link, LINK_IDLE);
		link_due(link, KEEP_MS);
	} else {
		link_kill(link);
	}
	fetch_end(fetch, NULL);
}

/*
 * Works through bytes until they are used up, the fetch is paused, or it has ended.  Returns how
 * many were used.  The caller has entered the link.
 */
static size_t
link_feed(struct link *link, char *bytes, size_t n)
{
	struct fetch *fetch = link->fetch;
	char *start = bytes;

	while (!link->is_dead && link->fetch == fetch && !fetch->is_paused) {
		switch (http_parser_step(&link->parser, &bytes, &n)) {
		case STEP_HEAD:
			head_take(link);
			break;
		case STEP_DATA:
			data_take(link);
			break;
		case STEP_DONE:
			response_done(link, n);
			return (size_t)(bytes - start) + n;
		case STEP_BAD:
			link_fail_text(link, ERR_IO, "bad HTTP response: %s", link->parser.why);
			break;
		case STEP_MORE:
			return (size_t)(bytes - start);
		}
	}
	return (size_t)(bytes - start);
}

/* The server closed, or the connection broke (why < 0). */
static void
link_ended(struct link *link, ssize_t why)
{
	const char *text = why < 0 ? strerrordesc_np((int)-why) : NULL;

	if (link->state == LINK_IDLE) {
		link_kill(link);
		return;
	}
	if (why == 0 && http_parser_ends_by_eof(&link->parser)) {
		response_done(link, 0);
		return;
	}
	if (text == NULL)
		text = why < 0 ? "unknown error" : "closed by the server";
	link_fail_text(link, ERR_IO, "connection lost %s: %s", link->fetch->has_answer ?
	    "in the middle of the response" : "before the response", text);
}

static bool
link_may_read(const struct link *link)
{
	return !link->is_dead && link->state != LINK_CONNECTING && link->held.n == 0 &&
	    (link->fetch == NULL || !link->fetch->is_paused);
}

/* Entered by the caller. */
static void
link_read(struct link *link)
{
	size_t budget = SLICE_OF_WORK_BYTES;

	while (budget > 0 && link_may_read(link)) {
		char *buffer = http_read_buffer();
		ssize_t n = stream_read(link->stream, buffer, HTTP_READ_BYTES);
		size_t used;

		if (n == -EAGAIN)
			return;
		if (n <= 0 || link->state == LINK_IDLE) {
			link_ended(link, n);
			return;
		}
		link->fetch->has_answer = true;
		link_due(link, link->fetch->idle_ms);
		used = link_feed(link, buffer, (size_t)n);
		if (!link->is_dead && used < (size_t)n)
			buf_put(&link->held, (struct slice){ buffer + used, (size_t)n - used });
		if ((size_t)n < HTTP_READ_BYTES)
			return;
		budget -= (size_t)n;
	}
}

static void
on_again(struct deferred *deferred)
{
	struct link *link = CONTAINER(deferred, struct link, again);
	size_t used;

	if (link->fetch == NULL || link->fetch->is_paused)
		return;
	link_enter(link);
	used = link_feed(link, link->held.p + link->held_at, link->held.n - link->held_at);
	if (!link->is_dead) {
		link->held_at += used;
		if (link->held_at == link->held.n) {
			buf_fini(&link->held);
			link->held_at = 0;
		}
	}
	link_leave(link);
}

/* ---- requests -------------------------------------------------------------------------------------------- */

static bool
is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'A' || s.p[i] > 'Z')
			return false;
	return s.n > 0;
}

static bool
is_target(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f || s.p[i] == '#')
			return false;
	return s.n > 0 && s.p[0] == '/';
}

/* Whole lines, none of them empty, no control character but HT in them. */
static bool
are_fields(struct slice s)
{
	size_t line_n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\r') {
			if (line_n == 0 || i + 1 == s.n || s.p[i + 1] != '\n')
				return false;
			line_n = 0;
			i++;
		} else if ((c < ' ' && c != '\t') || c == 0x7f) {
			return false;
		} else {
			line_n++;
		}
	}
	return line_n == 0;
}

/* The head of the request into out; what cannot be sent safely is refused. */
MUST_CHECK static bool
head_make(struct fetch *fetch, const struct fetch_request *request, size_t body_bytes, struct err *err)
{
	const struct url *url = &fetch->pool->url;
	struct buf *out = &fetch->out;

	if (!is_token(request->method) || !is_target(request->path) || !are_fields(request->headers))
		return err_set(err, ERR_REQUEST, "http://%.*s: method, path or header fields of the "
		    "request hold a forbidden character", SLICE_FMT(url->authority));
	if (!buf_reserve(out, request->method.n + request->path.n + request->headers.n +
	    url->authority.n + 64, err))
		return false;
	buf_put(out, request->method);
	buf_putc(out, ' ');
	buf_put(out, request->path);
	buf_put(out, S(" HTTP/1.1\r\nHost: "));
	buf_put(out, url->authority);
	buf_put(out, S("\r\n"));
	if (body_bytes > 0 || slice_starts(request->method, S("P"))) {
		buf_put(out, S("Content-Length: "));
		buf_put_u64(out, body_bytes);
		buf_put(out, S("\r\n"));
	}
	buf_put(out, request->headers);
	buf_put(out, S("\r\n"));
	return buf_check(out, err);
}

static void
request_send(struct link *link, const struct fetch_request *request)
{
	struct slice parts[PARTS_AT_ONCE + 1];
	size_t n = 0;

	parts[n++] = buf_view(&link->fetch->out);
	for (size_t i = 0; i < request->body_parts; i++) {
		if (n == COUNT(parts)) {
			outbox_send(&link->outbox, parts, n);
			n = 0;
		}
		parts[n++] = request->body[i];
	}
	outbox_send(&link->outbox, parts, n);
	buf_fini(&link->fetch->out);
}

static void
link_use(struct link *link, struct fetch *fetch)
{
	link->fetch = fetch;
	fetch->link = link;
	link->written_start = link->outbox.written_bytes;
	http_parser_init(&link->parser, HTTP_RESPONSE, &fetch->head);
}

/* ---- connecting ---------------------------------------------------------------------------------------------- */

static void	on_ready(void *owner, unsigned events);
static void	on_write_fail(void *owner, const struct err *err);

static void
connect_error(struct link *link, const char *why)
{
	char text[ADDRESS_TEXT];

	address_print(&link->address, text);
	err_set(&link->fetch->why, ERR_UNAVAILABLE, "connect to %s: %s", text, why);
}

/* The next address, each with its share of the time. False: none is left, fetch->why says why. */
MUST_CHECK static bool
connect_next(struct link *link)
{
	struct http_pool *pool = link->pool;
	uint64_t now_ms = loop_now_ms(link->loop);

	if (link->stream != NULL) {
		outbox_fini(&link->outbox);
		stream_close(&link->stream);
	}
	while (link->tries < pool->addresses_n) {
		uint64_t left_ms = link->connect_until_ms > now_ms ? link->connect_until_ms - now_ms : 0;
		struct err err;

		left_ms /= pool->addresses_n - link->tries;
		link->address = pool->addresses[(pool->first + link->tries++) % pool->addresses_n];
		link->stream = pool->transport->connect(link->loop, &link->address, &err);
		if (link->stream == NULL) {
			connect_error(link, err.text);
			continue;
		}
		link->stream->on_ready = on_ready;
		link->stream->owner = link;
		outbox_init(&link->outbox, link->loop, link->stream, SIZE_MAX);
		link->outbox.owner = link;
		link->outbox.on_fail = on_write_fail;
		stream_want(link->stream, STREAM_WRITABLE);
		link_due(link, left_ms > 0 ? left_ms : 1);
		return true;
	}
	pool->is_stale = true;
	return false;
}

static void
connect_failed(struct link *link)
{
	struct err why;

	if (connect_next(link))
		return;
	why = link->fetch->why;
	link_fail(link, &why);
}

/* The first write tells whether the connection came about. */
static void
connect_ready(struct link *link)
{
	struct fetch *fetch = link->fetch;
	struct http_pool *pool = link->pool;
	struct iovec iov = { fetch->out.p, fetch->out.n };
	struct slice rest;
	ssize_t n;

	if (iov.iov_len > SLICE_OF_WORK_BYTES)
		iov.iov_len = SLICE_OF_WORK_BYTES;
	n = stream_writev(link->stream, &iov, 1);
	if (n == -EAGAIN)
		return;
	if (n < 0) {
		const char *why = strerrordesc_np((int)-n);

		connect_error(link, why != NULL ? why : "unknown error");
		connect_failed(link);
		return;
	}
	pool->first = (pool->first + link->tries - 1) % pool->addresses_n;
	pool->is_stale = false;
	link_move(link, LINK_BUSY);
	link->outbox.written_bytes = (uint64_t)n;
	rest = (struct slice){ fetch->out.p + n, fetch->out.n - (size_t)n };
	outbox_want(&link->outbox, fetch->is_paused ? 0 : STREAM_READABLE);
	if (fetch->is_paused)
		stream_want(link->stream, 0);
	if (rest.n > 0)
		outbox_send(&link->outbox, &rest, 1);
	buf_fini(&fetch->out);
	link_due(link, fetch->is_paused ? 0 : fetch->idle_ms);
}

static void
on_ready(void *owner, unsigned events)
{
	struct link *link = owner;

	link_enter(link);
	if (link->state == LINK_CONNECTING) {
		connect_ready(link);
		link_leave(link);
		return;
	}
	if (events & STREAM_WRITABLE) {
		uint64_t was = link->outbox.written_bytes;

		outbox_ready(&link->outbox);
		if (link->fetch != NULL && link->outbox.written_bytes != was && !link->fetch->is_paused)
			link_due(link, link->fetch->idle_ms);
	}
	if (events & STREAM_READABLE)
		link_read(link);
	link_leave(link);
}

/* A server that refuses a long request answers and closes: the answer is worth more than EPIPE. */
static void
on_write_fail(void *owner, const struct err *err)
{
	struct link *link = owner;
	struct err why = *err;

	link_enter(link);
	link_read(link);
	if (!link->is_dead && link->outbox.has_failed) {
		if (link->fetch != NULL)
			link_fail_text(link, why.kind, "%s", why.text);
		else
			link_kill(link);
	}
	link_leave(link);
}

static void
on_timer(struct timer *timer)
{
	struct link *link = CONTAINER(timer, struct link, timer);

	if (link->due_ms == 0)
		return;
	if (loop_now_ms(link->loop) < link->due_ms) {
		timer_start(link->loop, &link->timer, link->due_ms, on_timer);
		return;
	}
	link->due_ms = 0;
	if (link->state == LINK_IDLE) {
		link_kill(link);
	} else if (link->state == LINK_CONNECTING) {
		connect_error(link, "timed out");
		connect_failed(link);
	} else {
		link_fail_text(link, ERR_DEADLINE, "no byte of the response for %llu ms",
		    (unsigned long long)link->fetch->idle_ms);
	}
}

/* ---- fetches -------------------------------------------------------------------------------------------------- */

static struct fetch *
fetch_new(struct http_pool *pool, const struct fetch_request *request,
    const struct fetch_handler *handler, void *owner)
{
	struct fetch *fetch = MEM_NEW(struct fetch);

	fetch->pool = pool;
	fetch->handler = *handler;
	fetch->owner = owner;
	fetch->idle_ms = request->idle_ms;
	fetch->max_bytes = request->max_bytes;
	fetch->is_head_request = slice_eq(request->method, S("HEAD"));
	buf_init(&fetch->out, loop_memory(pool->loop), SIZE_MAX);
	http_head_init(&fetch->head, loop_memory(pool->loop), HEAD_BYTES, HEAD_FIELDS);
	fetch->next = pool->fetches;
	if (fetch->next != NULL)
		fetch->next->prev = fetch;
	pool->fetches = fetch;
	return fetch;
}

/* A new connection; the request waits in fetch->out until it stands. */
MUST_CHECK static bool
fetch_connect(struct fetch *fetch, const struct fetch_request *request, struct err *err)
{
	struct http_pool *pool = fetch->pool;
	struct link *link;

	for (size_t i = 0; i < request->body_parts; i++)
		buf_put(&fetch->out, request->body[i]);
	if (!buf_check(&fetch->out, err))
		return false;
	if (pool->addresses_n == 0)
		return err_set(err, ERR_UNAVAILABLE, "http://%.*s: the host was not resolved",
		    SLICE_FMT(pool->url.authority));
	link = MEM_NEW(struct link);
	link->pool = pool;
	link->loop = pool->loop;
	link->state = LINK_CONNECTING;
	buf_init(&link->held, NULL, SIZE_MAX);
	link_list_add(&pool->busy, link);
	link_use(link, fetch);
	link->connect_until_ms = loop_now_ms(link->loop) + pool->connect_ms;
	if (connect_next(link))
		return true;
	*err = fetch->why;
	(void)link_detach(link);
	link_kill(link);
	return false;
}

struct fetch *
fetch_start(struct http_pool *pool, const struct fetch_request *request,
    const struct fetch_handler *handler, void *owner)
{
	struct fetch *fetch = fetch_new(pool, request, handler, owner);
	struct link *link = pool->idle;
	size_t body_bytes = 0;
	struct err err;

	for (size_t i = 0; i < request->body_parts; i++)
		body_bytes += request->body[i].n;
	if (!head_make(fetch, request, body_bytes, &err)) {
		fetch->why = err;
		fetch_fail_later(fetch);
	} else if (link != NULL) {
		link_move(link, LINK_BUSY);
		link->is_reused = true;
		link_use(link, fetch);
		request_send(link, request);
		link_due(link, fetch->idle_ms);
	} else if (!fetch_connect(fetch, request, &err)) {
		fetch->why = err;
		fetch_fail_later(fetch);
	}
	return fetch;
}

void
fetch_abort(struct fetch **out)
{
	struct fetch *fetch = *out;
	struct link *link;

	*out = NULL;
	if (fetch == NULL || fetch->is_ending)
		return;
	link = fetch->link;
	if (link != NULL) {
		(void)link_detach(link);
		link_kill(link);
	}
	fetch_unlist(fetch);
	fetch_free(fetch);
}

void
fetch_pause(struct fetch *fetch)
{
	struct link *link = fetch->link;

	if (fetch->is_paused)
		return;
	fetch->is_paused = true;
	if (link == NULL || link->state == LINK_CONNECTING)
		return;
	outbox_want(&link->outbox, 0);
	link_due(link, 0);
}

void
fetch_resume(struct fetch *fetch)
{
	struct link *link = fetch->link;

	if (!fetch->is_paused)
		return;
	fetch->is_paused = false;
	if (link == NULL || link->state == LINK_CONNECTING)
		return;
	outbox_want(&link->outbox, STREAM_READABLE);
	link_due(link, fetch->idle_ms);
	if (fetch->has_answer)
		loop_defer(link->loop, &link->again, on_again);
}

struct slice
fetch_header(const struct fetch *fetch, struct slice name)
{
	unsigned n;
	const struct http_header *fields = http_head_fields(&fetch->head, &n);

	return fetch->has_head ? http_fields_get(fields, n, name) : SLICE_NONE;
}

bool
fetch_was_sent(const struct fetch *fetch)
{
	if (fetch->link == NULL || fetch->link->state == LINK_CONNECTING)
		return fetch->was_sent;
	return fetch->link->outbox.written_bytes > fetch->link->written_start;
}

bool
fetch_was_stale(const struct fetch *fetch)
{
	return fetch->was_stale;
}

/* ---- pools ---------------------------------------------------------------------------------------------------- */

/* A literal address needs no resolver. */
static void
pool_literal(struct http_pool *pool)
{
	char text[64];
	struct err err;
	int n = snprintf(text, sizeof(text), memchr(pool->url.host.p, ':', pool->url.host.n) != NULL ?
	    "[%.*s]:%u" : "%.*s:%u", SLICE_FMT(pool->url.host), pool->url.port);

	if (n > 0 && (size_t)n < sizeof(text) &&
	    address_parse((struct slice){ text, (size_t)n }, &pool->addresses[0], &err))
		pool->addresses_n = 1;
}

bool
http_pool_new(struct loop *loop, struct slice url, unsigned keep, uint64_t connect_ms,
    struct http_pool **out, struct err *err)
{
	const struct transport *transport = NULL;
	struct http_pool *pool;
	struct url parsed;

	*out = NULL;
	if (!url_parse(url, &parsed, err))
		return false;
	for (size_t i = 0; i < COUNT(transports); i++)
		if (transports[i].is_tls == parsed.is_tls)
			transport = &transports[i];
	if (transport == NULL)
		return err_set(err, ERR_CONFIG, "\"%.*s\": TLS upstreams are not available in this version",
		    SLICE_FMT(url));
	pool = MEM_NEW(struct http_pool);
	pool->loop = loop;
	pool->transport = transport;
	pool->keep = keep;
	pool->connect_ms = connect_ms;
	buf_init(&pool->text, NULL, SIZE_MAX);
	buf_put(&pool->text, url);
	must(url_parse(buf_view(&pool->text), &pool->url, err));
	pool_literal(pool);
	*out = pool;
	return true;
}

void
http_pool_forget(struct http_pool *pool)
{
	while (pool->idle != NULL)
		link_kill(pool->idle);
}

void
http_pool_free(struct http_pool **out)
{
	struct http_pool *pool = *out;

	*out = NULL;
	if (pool == NULL)
		return;
	while (pool->fetches != NULL) {
		struct fetch *fetch = pool->fetches;

		fetch_abort(&fetch);
	}
	http_pool_forget(pool);
	must(pool->busy == NULL);
	buf_fini(&pool->text);
	mem_free(pool);
}

bool
http_pool_resolve_wait(struct http_pool *pool, struct err *err)
{
	struct address found[RESOLVE_MAX];
	unsigned n;

	if (pool->addresses_n > 0 && !pool->is_stale)
		return true;
	if (!net_resolve_wait(pool->loop, pool->url.host, pool->url.port, found, &n, err))
		return false;
	memcpy(pool->addresses, found, n * sizeof(found[0]));
	pool->addresses_n = n;
	pool->first = 0;
	pool->is_stale = false;
	return true;
}

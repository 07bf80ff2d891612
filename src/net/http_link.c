/*
 * Connections of the HTTP client: connecting, reading responses, time.
 *
 * A link is CONNECTING or BUSY with a fetch, or IDLE and wanted readable, so that the server's
 * closing is seen at once.  Anything that arrives when nothing was asked closes it.  Owners may
 * abort, start and free from within any callback: a link that is below on the stack is only marked
 * dead (link_enter, link_leave), and nothing of a fetch is touched after a callback unless its link
 * still has it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/http_link.h"

#define INTERIM_MAX 16	  /* 1xx responses before the real one */
#define KEEP_MS	    60000 /* an idle connection */

/* ---- life and time -------------------------------------------------------------------------- */

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

void
http_link_kill(struct link *link)
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

static void on_timer(struct timer *timer);

/* A timer that fires too early looks at due_ms and starts again, so this is nearly free. */
static void
http_link_due(struct link *link, uint64_t ms)
{
	link->due_ms = ms == 0 ? 0 : loop_now_ms(link->loop) + ms;
	if (link->due_ms != 0 && (link->timer.place == 0 || link->timer.at_ms > link->due_ms))
		timer_start(link->loop, &link->timer, link->due_ms, on_timer);
}

/* ---- failing -------------------------------------------------------------------------------- */

struct fetch *
http_link_detach(struct link *link)
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
	struct fetch *fetch = http_link_detach(link);
	struct err why = *err;

	fetch->was_stale = link->is_reused && !fetch->has_answer;
	http_link_kill(link);
	http_fetch_end(fetch, &why);
}

PRINTF(3, 4) static void link_fail_text(struct link *link, enum errkind kind, const char *fmt, ...)
{
	struct err err;
	char text[sizeof(err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&err, kind, "%s://%.*s: %s", ORIGIN_FMT(link->pool), text);
	link_fail(link, &err);
}

/* What the transport knows of a failure; NULL: nothing. */
static const char *
link_why(const struct link *link)
{
	const struct transport *transport = link->pool->transport;

	return transport->why != NULL && link->stream != NULL ? transport->why(link->stream) : NULL;
}

/* ---- responses ------------------------------------------------------------------------------ */

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
		http_head_init(&fetch->head, loop_memory(link->loop), HTTP_RESPONSE_HEAD_BYTES,
		    HTTP_RESPONSE_FIELDS);
		http_parser_init(&link->parser, HTTP_RESPONSE, &fetch->head);
		return;
	}
	if (fetch->is_head_request)
		http_parser_no_body(&link->parser);
	if (fetch->max_bytes != 0 && link->parser.framing == HTTP_FRAMING_LENGTH &&
	    link->parser.left > fetch->max_bytes) {
		link_fail_text(
		    link, ERR_LIMIT, "the response is longer than %zu bytes", fetch->max_bytes);
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
		link_fail_text(
		    link, ERR_LIMIT, "the response is longer than %zu bytes", fetch->max_bytes);
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
	struct fetch *fetch = http_link_detach(link);

	if (keeps) {
		link_move(link, LINK_IDLE);
		http_link_due(link, KEEP_MS);
	} else {
		http_link_kill(link);
	}
	http_fetch_end(fetch, NULL);
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
	const char *text = why < 0 ? link_why(link) : NULL;

	if (text == NULL && why < 0)
		text = strerrordesc_np((int)-why);
	if (link->state == LINK_IDLE) {
		http_link_kill(link);
		return;
	}
	if (why == 0 && http_parser_ends_by_eof(&link->parser)) {
		response_done(link, 0);
		return;
	}
	if (text == NULL)
		text = why < 0 ? "unknown error" : "closed by the server";
	link_fail_text(link, ERR_IO, "connection lost %s: %s",
	    link->fetch->has_answer ? "in the middle of the response" : "before the response",
	    text);
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
		http_link_due(link, link->fetch->idle_ms);
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
	char none[1], *bytes = none;
	size_t used;

	if (link->fetch == NULL || link->fetch->is_paused)
		return;
	link_enter(link);
	if (link->held.n > 0)
		bytes = link->held.p + link->held_at;
	used = link_feed(link, bytes, link->held.n - link->held_at);
	if (!link->is_dead) {
		link->held_at += used;
		if (link->held_at == link->held.n) {
			buf_fini(&link->held);
			link->held_at = 0;
		}
	}
	link_leave(link);
}

static void
link_use(struct link *link, struct fetch *fetch)
{
	link->fetch = fetch;
	fetch->link = link;
	link->written_start = link->outbox.written_bytes;
	http_parser_init(&link->parser, HTTP_RESPONSE, &fetch->head);
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void on_ready(void *owner, unsigned events);
static void on_write_fail(void *owner, const struct err *err);

/* why: where the transport does not know better. */
static void
connect_error(struct link *link, const char *why)
{
	const char *known = link_why(link);
	char text[ADDRESS_TEXT];

	if (known != NULL) {
		err_set(&link->fetch->why, ERR_UNAVAILABLE, "%s://%.*s: %s", ORIGIN_FMT(link->pool),
		    known);
		return;
	}
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
		uint64_t left_ms =
		    link->connect_until_ms > now_ms ? link->connect_until_ms - now_ms : 0;

		left_ms /= pool->addresses_n - link->tries;
		link->address = pool->addresses[(pool->first + link->tries++) % pool->addresses_n];
		link->stream = pool->transport->connect(pool, &link->address, &link->fetch->why);
		if (link->stream == NULL)
			continue;
		link->stream->on_ready = on_ready;
		link->stream->owner = link;
		outbox_init(&link->outbox, link->loop, link->stream, SIZE_MAX);
		link->outbox.owner = link;
		link->outbox.on_fail = on_write_fail;
		stream_want(link->stream, STREAM_WRITABLE);
		http_link_due(link, left_ms > 0 ? left_ms : 1);
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
	if (fetch->kept_n > 0) {
		outbox_keep(&link->outbox, fetch->keep);
		outbox_send(&link->outbox, fetch->kept, fetch->kept_n);
		fetch->kept_n = 0;
		bytes_unref(&fetch->keep);
	}
	http_link_due(link, fetch->is_paused ? 0 : fetch->idle_ms);
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
		if (link->fetch != NULL && link->outbox.written_bytes != was &&
		    !link->fetch->is_paused)
			http_link_due(link, link->fetch->idle_ms);
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
			link_fail_text(link, why.kind, "%s",
			    link_why(link) != NULL ? link_why(link) : why.text);
		else
			http_link_kill(link);
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
		http_link_kill(link);
	} else if (link->state == LINK_CONNECTING) {
		connect_error(link, "timed out");
		connect_failed(link);
	} else {
		link_fail_text(link, ERR_DEADLINE, "no byte of the response for %llu ms",
		    (unsigned long long)link->fetch->idle_ms);
	}
}

bool
http_link_open(struct fetch *fetch)
{
	struct http_pool *pool = fetch->pool;
	struct link *link = MEM_NEW(struct link);

	link->pool = pool;
	link->loop = pool->loop;
	link->state = LINK_CONNECTING;
	/* Not counted: never more than one read. */
	buf_init(&link->held, NULL, SIZE_MAX);
	link_list_add(&pool->busy, link);
	link_use(link, fetch);
	link->connect_until_ms = loop_now_ms(link->loop) + pool->connect_ms;
	if (connect_next(link))
		return true;
	(void)http_link_detach(link);
	http_link_kill(link);
	return false;
}

void
http_link_reuse(struct link *link, struct fetch *fetch)
{
	link_move(link, LINK_BUSY);
	link->is_reused = true;
	link_use(link, fetch);
	http_link_due(link, fetch->idle_ms);
}

void
http_link_pause(struct link *link)
{
	if (link->state == LINK_CONNECTING)
		return;
	outbox_want(&link->outbox, 0);
	http_link_due(link, 0);
}

void
http_link_resume(struct link *link)
{
	if (link->state == LINK_CONNECTING)
		return;
	outbox_want(&link->outbox, STREAM_READABLE);
	http_link_due(link, link->fetch->idle_ms);
	if (link->fetch->has_answer)
		loop_defer(link->loop, &link->again, on_again);
}

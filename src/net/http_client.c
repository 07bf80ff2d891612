/*
 * The HTTP/1.1 client as its owner sees it: pools of connections, one an origin; requests; fetches.
 *
 * A transport makes streams: TCP, or TLS over it.  Connections, and what may be done from within
 * callbacks, are the matter of http_link.c.
 */
#include <stdio.h>
#include <string.h>

#include "net/http_link.h"

#define PARTS_AT_ONCE 15

static struct stream *
plain_connect(struct http_pool *pool, const struct address *to, struct err *err)
{
	return loop_connect(pool->loop, to, err);
}

static struct stream *
tls_connect(struct http_pool *pool, const struct address *to, struct err *err)
{
	struct stream *below;

	if (!tls_trust_is_ready(pool->tls.trust)) { /* http_pool_renew() came in between */
		err_set(err, ERR_UNAVAILABLE, "TLS was not loaded");
		return NULL;
	}
	below = loop_connect(pool->loop, to, err);
	return below != NULL ? tls_stream_new(pool->loop, &pool->tls, &below) : NULL;
}

static const struct transport plain = { "http", plain_connect, NULL };
static const struct transport tls = { "https", tls_connect, tls_stream_why };

/* ---- the end of a fetch --------------------------------------------------------------------- */

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
	bytes_unref(&fetch->keep);
	mem_free(fetch->kept);
	mem_free(fetch);
}

void
http_fetch_end(struct fetch *fetch, const struct err *err)
{
	struct loop *loop = fetch->pool->loop;

	fetch_unlist(fetch);
	fetch->is_ending = true;
	deferred_stop(loop, &fetch->failing);
	fetch->handler.done(fetch->owner, fetch, err);
	http_head_fini(&fetch->head);
	buf_fini(&fetch->out);
	bytes_unref(&fetch->keep);
	mem_free(fetch->kept);
	mem_free(fetch);
}

static void
on_failing(struct deferred *deferred)
{
	struct fetch *fetch = CONTAINER(deferred, struct fetch, failing);
	struct err why = fetch->why;

	http_fetch_end(fetch, &why);
}

/* For failures found while the owner still is in fetch_start(). */
static void
fetch_fail_later(struct fetch *fetch)
{
	loop_defer(fetch->pool->loop, &fetch->failing, on_failing);
}

/* ---- requests ------------------------------------------------------------------------------- */

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

/* Eight bytes at once: is none of them a control character? */
static bool
has_no_control(const char *at)
{
	const uint64_t each = 0x0101010101010101u;
	uint64_t w, del;

	memcpy(&w, at, sizeof(w));
	del = w ^ (each * 0x7f);
	return ((((w - each * 0x20) & ~w) | ((del - each) & ~del)) & (each * 0x80)) == 0;
}

/* No control character but HT. */
static bool
is_line(struct slice s)
{
	size_t at = 0;

	while (s.n - at >= 8 && has_no_control(s.p + at))
		at += 8;
	if (s.n >= 8 && s.n - at < 8 && has_no_control(s.p + s.n - 8))
		return true;
	while (at < s.n && ((unsigned char)s.p[at] >= ' ' || s.p[at] == '\t') && s.p[at] != 0x7f)
		at++;
	return at == s.n;
}

/* Whole lines, none of them empty. */
static bool
are_fields(struct slice s)
{
	while (s.n > 0) {
		struct slice line = slice_cut(s, '\n', &s);

		if (s.p == NULL || line.n < 2 || line.p[line.n - 1] != '\r' ||
		    !is_line((struct slice){ line.p, line.n - 1 }))
			return false;
	}
	return true;
}

bool
http_request_is_sound(struct slice method, struct slice path, struct slice headers)
{
	return is_token(method) && is_target(path) && are_fields(headers);
}

/* The head of the request into out; what cannot be sent safely is refused. */
MUST_CHECK static bool
head_make(
    struct fetch *fetch, const struct fetch_request *request, size_t body_bytes, struct err *err)
{
	const struct http_pool *pool = fetch->pool;
	struct slice authority = pool->url.authority;
	struct buf *out = &fetch->out;

	if (!http_request_is_sound(request->method, request->path, request->headers))
		return err_set(err, ERR_REQUEST,
		    "%s://%.*s: method, path or header fields of the "
		    "request hold a forbidden character",
		    ORIGIN_FMT(pool));
	if (!buf_reserve(out,
		request->method.n + request->path.n + request->headers.n + authority.n + 64, err))
		return false;
	buf_put(out, request->method);
	buf_putc(out, ' ');
	buf_put(out, request->path);
	buf_put(out, S(" HTTP/1.1\r\nHost: "));
	buf_put(out, authority);
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
			outbox_keep(&link->outbox, request->keep);
			outbox_send(&link->outbox, parts, n);
			n = 0;
		}
		parts[n++] = request->body[i];
	}
	outbox_keep(&link->outbox, request->keep);
	outbox_send(&link->outbox, parts, n);
	buf_fini(&link->fetch->out);
}

/* ---- fetches -------------------------------------------------------------------------------- */

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
	http_head_init(
	    &fetch->head, loop_memory(pool->loop), HTTP_RESPONSE_HEAD_BYTES, HTTP_RESPONSE_FIELDS);
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

	/* Large bodies stay where they are until the connection stands. */
	if (request->keep != NULL && request->body_parts > 0) {
		fetch->kept = mem_new(request->body_parts * sizeof(*fetch->kept));
		memcpy(fetch->kept, request->body, request->body_parts * sizeof(*request->body));
		fetch->kept_n = request->body_parts;
		fetch->keep = bytes_ref(request->keep);
	} else {
		for (size_t i = 0; i < request->body_parts; i++)
			buf_put(&fetch->out, request->body[i]);
	}
	if (!buf_check(&fetch->out, err))
		return false;
	if (pool->addresses_n == 0)
		return err_set(
		    err, ERR_UNAVAILABLE, "%s://%.*s: the host was not resolved", ORIGIN_FMT(pool));
	if (pool->url.is_tls && !tls_trust_is_ready(pool->tls.trust))
		return err_set(
		    err, ERR_UNAVAILABLE, "%s://%.*s: TLS was not loaded", ORIGIN_FMT(pool));
	if (http_link_open(fetch))
		return true;
	*err = fetch->why;
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
		http_link_reuse(link, fetch);
		request_send(link, request);
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
		(void)http_link_detach(link);
		http_link_kill(link);
	}
	fetch_unlist(fetch);
	fetch_free(fetch);
}

void
fetch_pause(struct fetch *fetch)
{
	if (fetch->is_paused)
		return;
	fetch->is_paused = true;
	if (fetch->link != NULL)
		http_link_pause(fetch->link);
}

void
fetch_resume(struct fetch *fetch)
{
	if (!fetch->is_paused)
		return;
	fetch->is_paused = false;
	if (fetch->link != NULL)
		http_link_resume(fetch->link);
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

/* ---- pools ---------------------------------------------------------------------------------- */

/* A literal address needs no resolver. */
static void
pool_literal(struct http_pool *pool)
{
	char text[64];
	struct err err;
	int n = snprintf(text, sizeof(text),
	    memchr(pool->url.host.p, ':', pool->url.host.n) != NULL ? "[%.*s]:%u" : "%.*s:%u",
	    SLICE_FMT(pool->url.host), pool->url.port);

	if (n > 0 && (size_t)n < sizeof(text) &&
	    address_parse((struct slice){ text, (size_t)n }, &pool->addresses[0], &err)) {
		pool->addresses_n = 1;
		pool->is_fixed = true;
	}
}

bool
http_pool_new(struct loop *loop, struct slice url, unsigned keep, uint64_t connect_ms,
    struct http_pool **out, struct err *err)
{
	struct http_pool *pool;
	struct url parsed;

	*out = NULL;
	if (!url_parse(url, &parsed, err))
		return false;
	pool = MEM_NEW(struct http_pool);
	pool->loop = loop;
	pool->transport = parsed.is_tls ? &tls : &plain;
	pool->keep = keep;
	pool->connect_ms = connect_ms;
	buf_init(&pool->text, NULL, SIZE_MAX);
	buf_init(&pool->tls_text, NULL, SIZE_MAX);
	buf_put(&pool->text, url);
	must(url_parse(buf_view(&pool->text), &pool->url, err));
	pool_literal(pool);
	if (parsed.is_tls)
		tls_peer_init(&pool->tls, pool->url.host);
	*out = pool;
	return true;
}

void
http_pool_set_address(struct http_pool *pool, const struct address *address)
{
	pool->addresses[0] = *address;
	pool->addresses_n = 1;
	pool->is_fixed = true;
}

void
http_pool_forget(struct http_pool *pool)
{
	while (pool->idle != NULL)
		http_link_kill(pool->idle);
	pool->is_stale = true;
}

void
http_pool_renew(struct http_pool *pool)
{
	if (pool->tls.trust != NULL && tls_peer_renew(&pool->tls, &pool->tls_files, TLS_CLIENT))
		http_pool_forget(pool);
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
	tls_peer_fini(&pool->tls);
	buf_fini(&pool->tls_text);
	buf_fini(&pool->text);
	mem_free(pool);
}

void
http_pool_set_tls(struct http_pool *pool, const struct tls_files *files)
{
	struct slice *to[] = { &pool->tls_files.ca, &pool->tls_files.cert, &pool->tls_files.key };
	const char *at;

	must(pool->tls.trust == NULL);
	if (files->is_any_name)
		pool->tls.host[0] = '\0';
	buf_clear(&pool->tls_text);
	buf_put(&pool->tls_text, files->ca);
	buf_put(&pool->tls_text, files->cert);
	buf_put(&pool->tls_text, files->key);
	pool->tls_files = *files;
	at = pool->tls_text.p;
	for (size_t i = 0; i < COUNT(to); i++) {
		to[i]->p = at;
		at += to[i]->n;
	}
}

MUST_CHECK static bool
pool_trust_wait(struct http_pool *pool, struct err *err)
{
	if (!pool->url.is_tls || tls_trust_is_ready(pool->tls.trust))
		return true;
	if (pool->tls.trust == NULL)
		pool->tls.trust = tls_trust_ref(&pool->tls_files, TLS_CLIENT);
	return tls_trust_load_wait(pool->loop, pool->tls.trust, err) ||
	    err_prefix(err, "%s://%.*s", ORIGIN_FMT(pool));
}

bool
http_pool_resolve_wait(struct http_pool *pool, struct err *err)
{
	struct address found[RESOLVE_MAX];
	unsigned n;

	if (!pool_trust_wait(pool, err))
		return false;
	if (pool->is_fixed || (pool->addresses_n > 0 && !pool->is_stale))
		return true;
	if (!net_resolve_wait(pool->loop, pool->url.host, pool->url.port, found, &n, err))
		return false;
	memcpy(pool->addresses, found, n * sizeof(found[0]));
	pool->addresses_n = n;
	pool->first = 0;
	pool->is_stale = false;
	return true;
}

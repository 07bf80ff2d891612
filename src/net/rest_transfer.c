/*
 * One transfer of libcurl: its options, what it is asked for, what it answers.
 *
 * An easy handle gets what its pool says once, and what a call says each time.  The callbacks here
 * only copy and note.  It resolves no name: the addresses that rest_dial.c accepted are put into
 * libcurl's table, and a socket to any other is not opened.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/x509v3.h>

#include "net/rest_curl.h"

#define SET(option, value) \
	do { \
		if (code == CURLE_OK) \
			code = rest_lib.curl_easy_setopt(transfer->easy, option, value); \
	} while (0)

/* ---- addresses ------------------------------------------------------------------------------- */

static bool
is_address(const struct address *address, const struct sockaddr *to)
{
	const struct sockaddr_in *in = (const void *)to;
	const struct sockaddr_in6 *in6 = (const void *)to;

	if (to->sa_family == AF_INET)
		return !address->is_ipv6 && memcmp(&in->sin_addr, address->ip, 4) == 0 &&
		    ntohs(in->sin_port) == address->port;
	return to->sa_family == AF_INET6 && address->is_ipv6 &&
	    memcmp(&in6->sin6_addr, address->ip, 16) == 0 && ntohs(in6->sin6_port) == address->port;
}

/* The one place where sockets come from: to addresses that were accepted, and to no other. */
static curl_socket_t
on_open(void *owner, curlsocktype purpose, struct curl_sockaddr *to)
{
	const struct rest_dial *dial = &((const struct rest_multi *)owner)->pool->dial;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	for (unsigned i = 0; i < dial->addresses_n; i++)
		if (is_address(&dial->addresses[i], &to->addr))
			return socket(
			    to->family, to->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->protocol);
	return CURL_SOCKET_BAD;
}

static int
on_close(void *owner, curl_socket_t fd)
{
	return rest_watch_close(owner, fd);
}

/* "host:port:address,address" */
static void
resolve_print(char text[REST_RESOLVE_TEXT], struct slice host, uint16_t port,
    const struct address *addresses, unsigned n)
{
	int at = snprintf(text, REST_RESOLVE_TEXT, "%.*s:%u:", SLICE_FMT(host), port);
	char ip[INET6_ADDRSTRLEN];

	for (unsigned i = 0; i < n; i++) {
		inet_ntop(
		    addresses[i].is_ipv6 ? AF_INET6 : AF_INET, addresses[i].ip, ip, sizeof(ip));
		at += snprintf(text + at, REST_RESOLVE_TEXT - (size_t)at,
		    addresses[i].is_ipv6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", ip);
	}
}

static bool
is_literal(struct slice host)
{
	struct address address;
	struct err err;
	char text[64];

	if (memchr(host.p, ':', host.n) != NULL)
		return true;
	return snprintf(text, sizeof(text), "%.*s:1", SLICE_FMT(host)) < (int)sizeof(text) &&
	    address_parse(slice_of(text), &address, &err);
}

static void
resolve_build(struct rest_multi *own)
{
	const struct rest_dial *dial = &own->pool->dial;
	const struct url *url = &own->pool->url;
	unsigned n = 0;

	if (!is_literal(dial->host))
		resolve_print(own->resolve_text[n++], dial->host, dial->port, dial->addresses,
		    dial->addresses_n);
	if (dial->origin_n > 0 && !is_literal(url->host))
		resolve_print(
		    own->resolve_text[n++], url->host, url->port, dial->origin, dial->origin_n);
	for (unsigned i = 0; i < COUNT(own->resolve); i++) {
		own->resolve[i].data = own->resolve_text[i];
		own->resolve[i].next = i + 1 < n ? &own->resolve[i + 1] : NULL;
	}
	own->built = dial->generation;
	own->loaded = n == 0 ? own->built : 0;
}

static CURLcode
set_addresses(struct rest_transfer *transfer)
{
	struct rest_multi *own = transfer->owner;
	CURLcode code = CURLE_OK;

	if (own->built != own->pool->dial.generation)
		resolve_build(own);
	transfer->has_new_addresses = own->loaded != own->built;
	if (transfer->has_new_addresses)
		SET(CURLOPT_RESOLVE, own->resolve);
	return code;
}

/* ---- one request ----------------------------------------------------------------------------- */

static size_t
on_read(char *to, size_t size, size_t count, void *owner)
{
	struct rest_transfer *transfer = owner;
	const struct rest_request *request = transfer->call->request;
	uint64_t left = rest_body_bytes(request) - transfer->body_at;
	size_t n = left > size * count ? size * count : (size_t)left;

	if (n > 0 && request->body_read != NULL)
		n = request->body_read(request->body_owner, transfer->body_at, to, n);
	else if (n > 0)
		memcpy(to, request->body.p + transfer->body_at, n);
	transfer->body_at += n;
	if (n > 0 || left == 0)
		return n;
	snprintf(transfer->why, sizeof(transfer->why),
	    "what was to be sent could not be read to its end");
	return CURL_READFUNC_ABORT;
}

/* libcurl sends a request again when a kept connection turns out to be closed: only where the
 * service may see it twice without harm. */
static int
on_seek(void *owner, curl_off_t offset, int origin)
{
	struct rest_transfer *transfer = owner;

	if (!transfer->is_repeatable || origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > rest_body_bytes(transfer->call->request))
		return CURL_SEEKFUNC_FAIL;
	transfer->body_at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Right before the first byte of the request. */
static int
on_request(void *owner, char *to, char *from, int to_port, int from_port)
{
	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	((struct rest_transfer *)owner)->call->was_sent = true;
	return CURL_PREREQFUNC_OK;
}

/* ---- one response ---------------------------------------------------------------------------- */

/* One line a call.  A status line begins anew: what came before was an interim response. */
static size_t
on_header(char *line, size_t size, size_t count, void *owner)
{
	struct rest_transfer *transfer = owner;
	struct buf *headers = &transfer->call->headers;
	struct slice text = { line, size * count };

	while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
		text.n--;
	if (!transfer->in_head && !transfer->has_body && slice_starts(text, S("HTTP/"))) {
		transfer->in_head = true;
		buf_clear(headers);
	} else if (text.n == 0) {
		transfer->in_head = false;
	} else if (transfer->in_head) {
		buf_put(headers, text);
		buf_put(headers, S("\r\n"));
	}
	return headers->overflow ? 0 : size * count;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *owner)
{
	struct rest_transfer *transfer = owner;
	struct slice text = { bytes, size * count };

	transfer->has_body = true;
	transfer->is_too_large = !rest_call_body(transfer->call, text);
	return transfer->is_too_large ? 0 : text.n;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static int
on_verify(int is_good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, tls_lib.SSL_get_ex_data_X509_STORE_CTX_idx());
	struct rest_transfer *transfer =
	    tls_lib.SSL_CTX_get_ex_data(tls_lib.SSL_get_SSL_CTX(ssl), 0);

	if (!is_good)
		tls_why_certificate(transfer->why, store, &transfer->owner->peer);
	return is_good;
}

/* Gives libcurl the authorities that are loaded already.  It calls this for a proxy's TLS too. */
static CURLcode
on_tls(CURL *easy, void *context, void *owner)
{
	struct rest_transfer *transfer = owner;
	const struct rest_pool *pool = transfer->owner->pool;
	const struct tls_peer *peer = &transfer->owner->peer;
	X509_VERIFY_PARAM *param;

	(void)easy;
	if (peer->trust == NULL || tls_lib.SSL_CTX_get_verify_mode(context) == SSL_VERIFY_NONE)
		return CURLE_OK;
	tls_lib.SSL_CTX_set1_cert_store(
	    context, tls_lib.SSL_CTX_get_cert_store(tls_trust_context(peer->trust)));
	tls_lib.SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
	must(tls_lib.SSL_CTX_set_ex_data(context, 0, transfer) == 1);
	if (pool->dial.proxy != NULL && pool->dial.proxy->is_tls)
		return CURLE_OK;
	param = tls_lib.SSL_CTX_get0_param(context);
	/* libcurl compares names too; this way there are words for it. */
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (peer->is_ip)
		must(X509_VERIFY_PARAM_set1_ip_asc(param, peer->host) == 1);
	else
		must(X509_VERIFY_PARAM_set1_host(param, peer->host, 0) == 1);
	return CURLE_OK;
}

/* ---- easy handles ---------------------------------------------------------------------------- */

static CURLcode
set_callbacks(struct rest_transfer *transfer)
{
	CURLcode code = CURLE_OK;

	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, transfer->owner);
	SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
	SET(CURLOPT_CLOSESOCKETDATA, transfer->owner);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, transfer);
	SET(CURLOPT_SEEKFUNCTION, on_seek);
	SET(CURLOPT_SEEKDATA, transfer);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, transfer);
	return code;
}

/* A copy with a NUL that lives until the setopt() is done. */
static CURLcode
set_text(struct rest_transfer *transfer, CURLoption option, struct slice text)
{
	struct buf copy;
	CURLcode code = CURLE_OK;

	buf_init(&copy, NULL, SIZE_MAX);
	buf_put(&copy, text);
	buf_putc(&copy, '\0');
	SET(option, copy.p);
	explicit_bzero(copy.p, copy.n);
	buf_fini(&copy);
	return code;
}

static CURLcode
set_tls(struct rest_transfer *transfer)
{
	const struct rest_settings *settings = &transfer->owner->pool->settings;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, settings->is_unverified ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, settings->is_unverified ? 0L : 2L);
	SET(CURLOPT_CAINFO, NULL); /* on_tls() brings them */
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_PROXY_CAINFO, NULL);
	SET(CURLOPT_PROXY_CAPATH, NULL);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(CURLOPT_SSL_CTX_DATA, transfer);
	if (code == CURLE_OK && settings->tls.cert.n > 0)
		code = set_text(transfer, CURLOPT_SSLCERT, settings->tls.cert);
	if (code == CURLE_OK && settings->tls.key.n > 0)
		code = set_text(transfer, CURLOPT_SSLKEY, settings->tls.key);
	/* Without any OpenSSL would ask on the terminal. */
	return code == CURLE_OK ? set_text(transfer, CURLOPT_KEYPASSWD, settings->key_password)
				: code;
}

static CURLcode
set_connecting(struct rest_transfer *transfer)
{
	const struct rest_pool *pool = transfer->owner->pool;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)pool->settings.connect_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TCP_KEEPIDLE, 30L);
	SET(CURLOPT_TCP_KEEPINTVL, 10L);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOPROXY, ""); /* and not the environment's */
	if (code == CURLE_OK)	  /* empty: none, and not the environment's */
		code = set_text(transfer, CURLOPT_PROXY, pool->settings.proxy);
	if (pool->dial.proxy != NULL)
		SET(CURLOPT_PROXYPORT, (long)pool->dial.port);
	return code;
}

void
rest_transfer_free(struct rest_transfer *transfer)
{
	rest_lib.curl_easy_cleanup(transfer->easy);
	buf_fini(&transfer->url);
	mem_free(transfer);
}

struct rest_transfer *
rest_transfer_new(struct rest_multi *own)
{
	struct rest_transfer *transfer = MEM_NEW(struct rest_transfer);
	CURLcode code;

	transfer->owner = own;
	transfer->easy = rest_lib.curl_easy_init();
	must(transfer->easy != NULL);
	buf_init(&transfer->url, NULL, SIZE_MAX);
	buf_init(&transfer->head, NULL, SIZE_MAX);
	code = set_callbacks(transfer);
	if (code == CURLE_OK)
		code = set_tls(transfer);
	if (code == CURLE_OK)
		code = set_connecting(transfer);
	if (code == CURLE_OK)
		return transfer;
	rest_transfer_free(transfer);
	return NULL;
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* clang-format off */
static const struct slice repeatable[] = {
	{ "GET", 3 }, { "HEAD", 4 }, { "PUT", 3 }, { "DELETE", 6 }, { "OPTIONS", 7 },
};
/* clang-format on */

static bool
is_repeatable(struct slice method)
{
	for (size_t i = 0; i < COUNT(repeatable); i++)
		if (slice_eq(method, repeatable[i]))
			return true;
	return false;
}

/* "Name: value" is that field, "Name;" one without a value, "Name:" none that libcurl adds. */
static void
field_put(struct buf *head, struct slice line)
{
	struct slice value, name = slice_cut(line, ':', &value);
	bool is_empty = slice_trim(value).n == 0;

	buf_put(head, is_empty ? name : line);
	if (is_empty)
		buf_putc(head, ';');
	buf_putc(head, '\0');
}

/* The lines of the request into head, each NUL-ended, and what libcurl is not to add on its own.
 * Returns their number. */
static size_t
fields_put(struct rest_transfer *transfer)
{
	struct slice rest = transfer->call->request->headers;
	bool has_type = false;
	size_t n = 0;

	for (; rest.n > 0; n++) {
		struct slice line = slice_cut(rest, '\n', &rest), value;

		line.n--; /* CR */
		has_type =
		    has_type || slice_eq_nocase(slice_cut(line, ':', &value), S("Content-Type"));
		field_put(&transfer->head, line);
	}
	if (!has_type) {
		buf_put(&transfer->head, S("Content-Type:\0"));
		n++;
	}
	buf_put(&transfer->head, S("Expect:\0"));
	return n + 1;
}

static CURLcode
set_fields(struct rest_transfer *transfer)
{
	size_t at = 0, n = fields_put(transfer);
	CURLcode code = CURLE_OK;

	transfer->headers = mem_new(n * sizeof(*transfer->headers));
	for (size_t i = 0; i < n; i++) {
		transfer->headers[i].data = transfer->head.p + at;
		transfer->headers[i].next = i + 1 < n ? &transfer->headers[i + 1] : NULL;
		at += strlen(transfer->head.p + at) + 1;
	}
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	return code;
}

static CURLcode
set_method(struct rest_transfer *transfer)
{
	const struct rest_request *request = transfer->call->request;
	bool has_body = request->body.p != NULL || request->body_read != NULL ||
	    slice_starts(request->method, S("P"));
	char method[32];
	bool stands_alone;
	CURLcode code = CURLE_OK;

	if (request->method.n >= sizeof(method))
		return CURLE_BAD_FUNCTION_ARGUMENT;
	memcpy(method, request->method.p, request->method.n);
	method[request->method.n] = '\0';
	transfer->is_repeatable = is_repeatable(request->method);
	SET(CURLOPT_HTTPGET, 1L);
	if (slice_eq(request->method, S("HEAD"))) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (has_body) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rest_body_bytes(request));
	}
	SET(CURLOPT_CUSTOMREQUEST, method);
	/* Nothing of it to seek in: it must not meet a connection that was closed. */
	stands_alone = !transfer->is_repeatable && rest_body_bytes(request) == 0;
	SET(CURLOPT_FRESH_CONNECT, stands_alone ? 1L : 0L);
	SET(CURLOPT_FORBID_REUSE, stands_alone ? 1L : 0L);
	return code;
}

static CURLcode
set_url(struct rest_transfer *transfer)
{
	CURLcode code = CURLE_OK;

	buf_clear(&transfer->url);
	buf_put(&transfer->url, buf_view(&transfer->owner->base));
	buf_put(&transfer->url, transfer->call->request->path);
	buf_putc(&transfer->url, '\0');
	SET(CURLOPT_URL, transfer->url.p);
	return code;
}

CURLcode
rest_transfer_set(struct rest_transfer *transfer, struct rest_call *call)
{
	static CURLcode (*const steps[])(
	    struct rest_transfer *) = { set_url, set_method, set_fields, set_addresses };
	CURLcode code = CURLE_OK;

	transfer->call = call;
	transfer->body_at = 0;
	transfer->in_head = transfer->has_body = false;
	transfer->is_too_large = transfer->is_broken = false;
	transfer->error[0] = transfer->why[0] = '\0';
	for (size_t i = 0; i < COUNT(steps) && code == CURLE_OK; i++)
		code = steps[i](transfer);
	return code;
}

void
rest_transfer_clear(struct rest_transfer *transfer)
{
	rest_lib.curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
	rest_lib.curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, NULL);
	if (transfer->head.n > 0)
		explicit_bzero(transfer->head.p, transfer->head.n);
	buf_fini(&transfer->head);
	mem_free(transfer->headers);
	transfer->headers = NULL;
	transfer->call = NULL;
}

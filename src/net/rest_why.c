/*
 * The words of failed transfers: which host, what failed, what to do about it.
 *
 * libcurl's own texts are shown only for those codes whose text is about TLS or a protocol; they
 * never hold header fields or passwords, and what a server may have put into them is cut and made
 * printable.
 */
#include <stdio.h>
#include <string.h>

#include "net/rest_curl.h"

#define SHOWN 150 /* bytes of libcurl's text */

enum why_kind { WHY_TEXT, WHY_ERROR, WHY_CONNECT, WHY_LOST, WHY_TIME };

/* clang-format off */
static const struct {
	CURLcode code;
	enum why_kind kind;
	const char *text;
} reasons[] = {
	{ CURLE_COULDNT_CONNECT,	WHY_CONNECT,	NULL },
	{ CURLE_OPERATION_TIMEDOUT,	WHY_TIME,	NULL },
	{ CURLE_COULDNT_RESOLVE_HOST,	WHY_TEXT,	"no address of it may be used" },
	{ CURLE_COULDNT_RESOLVE_PROXY,	WHY_TEXT,	"no address of the proxy may be used" },
	{ CURLE_GOT_NOTHING,		WHY_TEXT,	"the server closed the connection without an answer" },
	{ CURLE_SEND_FAIL_REWIND,	WHY_TEXT,	"the server closed the connection without an answer" },
	{ CURLE_PARTIAL_FILE,		WHY_TEXT,	"connection lost in the middle of the answer" },
	{ CURLE_SEND_ERROR,		WHY_LOST,	"connection lost while the request was sent" },
	{ CURLE_RECV_ERROR,		WHY_LOST,	"connection lost" },
	{ CURLE_BAD_CONTENT_ENCODING,	WHY_TEXT,	"the body of the answer cannot be unpacked" },
	{ CURLE_UNSUPPORTED_PROTOCOL,	WHY_TEXT,	"what answers there is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY,	WHY_TEXT,	"what answers there is not HTTP" },
	{ CURLE_HTTP2,			WHY_ERROR,	"HTTP/2 failed" },
	{ CURLE_HTTP2_STREAM,		WHY_ERROR,	"HTTP/2 failed" },
	{ CURLE_SSL_CONNECT_ERROR,	WHY_ERROR,	"the TLS handshake failed" },
	{ CURLE_PEER_FAILED_VERIFICATION, WHY_ERROR,	"the certificate is not accepted" },
	{ CURLE_SSL_CERTPROBLEM,	WHY_ERROR,	"tls.cert or tls.key cannot be used" },
	{ CURLE_SSL_CIPHER,		WHY_ERROR,	"TLS failed" },
	{ CURLE_PROXY,			WHY_ERROR,	"the proxy failed" },
	{ CURLE_OUT_OF_MEMORY,		WHY_TEXT,	"out of memory" },
};
/* clang-format on */

/* "the proxy host:port" or nothing. */
static void
via_print(char *to, size_t n, const struct rest_dial *dial)
{
	to[0] = '\0';
	if (dial->proxy != NULL)
		snprintf(to, n, " by the proxy %.*s:%u",
		    (int)(dial->host.n < 80 ? dial->host.n : 80), dial->host.p, dial->port);
}

static void
error_print(char *to, const char *error)
{
	size_t i;

	for (i = 0; error[i] != '\0' && i < SHOWN - 1; i++)
		to[i] = error[i] >= ' ' && error[i] < 0x7f ? error[i] : '?';
	to[i] = '\0';
}

static const char *
errno_text(const struct rest_transfer *transfer, const char *other)
{
	const char *text;
	long error = 0;

	rest_lib.curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
	text = error != 0 ? strerrordesc_np((int)error) : NULL;
	return text != NULL ? text : other;
}

static void
why_of(const struct rest_transfer *transfer, size_t row, CURLcode code, const char *via,
    struct err *err)
{
	const struct rest_pool *pool = transfer->call->pool;
	enum why_kind kind = row < COUNT(reasons) ? reasons[row].kind : WHY_TEXT;
	char shown[SHOWN];

	if (row == COUNT(reasons)) {
		err_set(err, ERR_UNAVAILABLE, "%s://%.*s%s: %s", REST_FMT(pool), via,
		    rest_lib.curl_easy_strerror(code));
		return;
	}
	/* A server that wants a client certificate says so, in TLS 1.3, after the handshake. */
	if (kind == WHY_LOST && strstr(transfer->error, "SSL") != NULL)
		kind = WHY_ERROR;
	switch (kind) {
	case WHY_TEXT:
		err_set(err, ERR_UNAVAILABLE, "%s://%.*s%s: %s", REST_FMT(pool), via,
		    reasons[row].text);
		break;
	case WHY_ERROR:
		error_print(shown, transfer->error);
		err_set(err, ERR_UNAVAILABLE, "%s://%.*s%s: %s%s%s", REST_FMT(pool), via,
		    reasons[row].text, shown[0] != '\0' ? ": " : "", shown);
		break;
	case WHY_CONNECT:
		err_set(err, ERR_UNAVAILABLE, "%s://%.*s%s: cannot connect: %s", REST_FMT(pool),
		    via, errno_text(transfer, "nobody answers"));
		break;
	case WHY_LOST:
		err_set(err, ERR_UNAVAILABLE, "%s://%.*s%s: %s: %s", REST_FMT(pool), via,
		    reasons[row].text, errno_text(transfer, "closed by the server"));
		break;
	case WHY_TIME:
		err_set(err, ERR_UNAVAILABLE, "%s://%.*s%s: no connection within %llu ms",
		    REST_FMT(pool), via, (unsigned long long)pool->settings.connect_ms);
		break;
	}
}

void
rest_why(struct rest_transfer *transfer, CURLcode code, struct err *err)
{
	const struct rest_pool *pool = transfer->call->pool;
	char via[120];
	long said = 0;
	size_t row = 0;

	if (transfer->is_too_large) {
		(void)rest_call_too_large(transfer->call, err);
		return;
	}
	if (transfer->call->headers.overflow) {
		err_set(err, ERR_LIMIT,
		    "%s://%.*s: the header fields of the answer are larger "
		    "than %zu bytes",
		    REST_FMT(pool), REST_HEAD_BYTES);
		return;
	}
	via_print(via, sizeof(via), &pool->dial);
	rest_lib.curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &said);
	if (said != 0 && said / 100 != 2) {
		err_set(err, ERR_UNAVAILABLE, "%s://%.*s%s: the proxy said %ld%s", REST_FMT(pool),
		    via, said, said == 407 ? " (it wants a user and password)" : "");
		return;
	}
	if (transfer->why[0] != '\0') {
		err_set(
		    err, ERR_UNAVAILABLE, "%s://%.*s%s: %s", REST_FMT(pool), via, transfer->why);
		return;
	}
	while (row < COUNT(reasons) && reasons[row].code != code)
		row++;
	why_of(transfer, row, code, via, err);
}

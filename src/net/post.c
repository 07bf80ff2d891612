/*
 * One POST after the other from a helper thread that may wait: what carries records to a collector.
 * libcurl does it, with its own connections and its own way to names, since nothing of the loop can
 * be used there.  The address is the operator's; redirects are not followed, no proxy of the
 * environment counts.
 */
#include <stdio.h>
#include <string.h>

#include "net/rest_curl.h"

struct poster {
	CURL *easy;
	struct buf url, head, ca;   /* NUL-ended, for libcurl */
	struct curl_slist *headers; /* into head */
	size_t headers_n;
	uint64_t timeout_ms;
	struct buf *reply;
	char error[CURL_ERROR_SIZE];
};

/* What does not fit is not asked for: a reply only says how it went. */
static size_t
on_body(char *bytes, size_t size, size_t count, void *owner)
{
	struct poster *poster = owner;

	buf_put(poster->reply, (struct slice){ bytes, size * count });
	return size * count;
}

/* Lines "Name: value\r\n" as libcurl's list, NUL-ended in place. */
static void
headers_make(struct poster *poster, struct slice lines)
{
	size_t n = 2, at = 0;

	for (size_t i = 0; i < lines.n; i++)
		n += lines.p[i] == '\n';
	buf_put(&poster->head, lines);
	poster->headers = mem_new(n * sizeof(*poster->headers));
	for (size_t i = 0; i < poster->head.n; i++)
		if (poster->head.p[i] == '\n') {
			poster->head.p[i > 0 && poster->head.p[i - 1] == '\r' ? i - 1 : i] = '\0';
			poster->headers[poster->headers_n++].data = poster->head.p + at;
			at = i + 1;
		}
	/* It would wait for a "100 Continue". */
	poster->headers[poster->headers_n++].data = (char *)(uintptr_t) "Expect:";
	for (size_t i = 0; i + 1 < poster->headers_n; i++)
		poster->headers[i].next = &poster->headers[i + 1];
}

#define SET(option, value) \
	do { \
		if (code == CURLE_OK) \
			code = rest_lib.curl_easy_setopt(poster->easy, option, value); \
	} while (0)

static CURLcode
options_set(struct poster *poster)
{
	CURLcode code = CURLE_OK;

	SET(CURLOPT_URL, poster->url.p);
	SET(CURLOPT_ERRORBUFFER, poster->error);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_TIMEOUT_MS, (long)poster->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)poster->timeout_ms);
	SET(CURLOPT_HTTPHEADER, poster->headers);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, poster);
	SET(CURLOPT_POST, 1L);
	if (poster->ca.n > 1) {
		SET(CURLOPT_CAINFO, poster->ca.p);
		SET(CURLOPT_CAPATH, NULL);
	}
	return code;
}

bool
poster_new(const struct poster_settings *settings, struct poster **out, struct err *err)
{
	struct poster *poster;

	*out = NULL;
	if (!rest_lib_load(err))
		return false;
	poster = MEM_NEW(struct poster);
	buf_init(&poster->url, NULL, SIZE_MAX / 2);
	buf_init(&poster->head, NULL, SIZE_MAX / 2);
	buf_init(&poster->ca, NULL, SIZE_MAX / 2);
	buf_put(&poster->url, settings->url);
	buf_putc(&poster->url, '\0');
	buf_put(&poster->ca, settings->ca.p != NULL ? settings->ca : S(""));
	buf_putc(&poster->ca, '\0');
	headers_make(poster, settings->headers);
	poster->timeout_ms = settings->timeout_ms;
	poster->easy = rest_lib.curl_easy_init();
	if (poster->easy != NULL && options_set(poster) == CURLE_OK) {
		*out = poster;
		return true;
	}
	poster_free(&poster);
	return err_set(err, ERR_UNAVAILABLE, "libcurl does not know an option that is needed");
}

void
poster_free(struct poster **at)
{
	struct poster *poster = *at;

	*at = NULL;
	if (poster == NULL)
		return;
	if (poster->easy != NULL)
		rest_lib.curl_easy_cleanup(poster->easy);
	if (poster->head.p != NULL)
		explicit_bzero(poster->head.p, poster->head.n);
	buf_fini(&poster->head);
	buf_fini(&poster->url);
	buf_fini(&poster->ca);
	mem_free(poster->headers);
	mem_free(poster);
}

bool
poster_post(
    struct poster *poster, struct slice body, struct buf *reply, int *status, struct err *err)
{
	CURLcode code = CURLE_OK;
	long answered = 0;

	poster->reply = reply;
	poster->error[0] = '\0';
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	SET(CURLOPT_POSTFIELDS, body.p);
	if (code == CURLE_OK)
		code = rest_lib.curl_easy_perform(poster->easy);
	if (code == CURLE_OK)
		code = rest_lib.curl_easy_getinfo(poster->easy, CURLINFO_RESPONSE_CODE, &answered);
	poster->reply = NULL;
	*status = (int)answered;
	return code == CURLE_OK ||
	    err_set(err, code == CURLE_OPERATION_TIMEDOUT ? ERR_DEADLINE : ERR_UNAVAILABLE,
		"%s: %s", poster->url.p,
		poster->error[0] != '\0' ? poster->error : rest_lib.curl_easy_strerror(code));
}

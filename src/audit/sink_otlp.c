/*
 * Records as logs of OpenTelemetry, posted to a collector (OTLP/HTTP, JSON).  One request carries
 * many; an answer that says to come again later (429, 502, 503, 504) or none at all leaves them for
 * the next try, any other refusal is told and they are not sent again: they would be refused again.
 */
#include <stdio.h>
#include <string.h>

#include "audit/sinks.h"
#include "net/net.h"

#define BATCH_RECORDS 512
#define BATCH_BYTES   (2 * MIB) /* a collector takes 4 MiB and more */
#define REPLY_BYTES   (16 * KIB)

struct sink_otlp {
	struct audit_sink sink;
	const struct config_sink *config;
	struct audit_form form;
	char host[SINK_HOST];
	struct poster *poster; /* NULL: not made yet */
	struct buf body, reply;
};

/* A URL that names no path gets that of the definition. */
static void
url_make(struct slice url, struct buf *out)
{
	const char *host = memmem(url.p, url.n, "://", 3);
	size_t at = host != NULL ? (size_t)(host - url.p) + 3 : 0;
	const char *path = memchr(url.p + at, '/', url.n - at);
	bool has_path = path != NULL && path + 1 < url.p + url.n;

	buf_put(out, path != NULL && !has_path ? (struct slice){ url.p, url.n - 1 } : url);
	if (!has_path)
		buf_puts(out, "/v1/logs");
}

static bool
poster_make(struct sink_otlp *otlp, struct err *err)
{
	const struct config_sink *config = otlp->config;
	struct buf url, headers;
	bool ok;

	if (otlp->poster != NULL)
		return true;
	buf_init(&url, NULL, 8 * KIB);
	buf_init(&headers, NULL, MIB);
	url_make(config->target, &url);
	buf_puts(&headers, "Content-Type: application/json\r\n");
	for (size_t i = 0; i < config->headers_n; i++)
		buf_printf(&headers, "%.*s: %.*s\r\n", SLICE_FMT(config->headers[i].name),
		    SLICE_FMT(secret_reveal(config->headers[i].value)));
	ok = buf_check(&url, err) && buf_check(&headers, err) &&
	    poster_new(&(struct poster_settings){ .url = buf_view(&url),
			   .headers = buf_view(&headers),
			   .ca = config->ca,
			   .timeout_ms = config->timeout_ms },
		&otlp->poster, err);
	if (headers.p != NULL)
		explicit_bzero(headers.p, headers.n);
	buf_fini(&headers);
	buf_fini(&url);
	return ok;
}

/* Some collectors take a part: {"partialSuccess": {"rejectedLogRecords": "3", ...}}. */
static bool
reply_check(struct sink_otlp *otlp, size_t n, struct err *err)
{
	struct slice text = buf_view(&otlp->reply), partial, rejected, why = SLICE_NONE;
	struct json_scan *scan;
	struct arena arena;
	uint64_t count = 0;
	struct err bad;

	arena_init(&arena, NULL, 256 * KIB);
	scan = text.n > 0 ? json_scan_new(&arena, otlp->reply.p, text.n, 0, JSON_MEND, 0) : NULL;
	if (scan != NULL && json_scan_all(scan, &bad) && json_type(text) == JSON_OBJECT &&
	    json_find(text, S("partialSuccess"), &partial) && json_type(partial) == JSON_OBJECT &&
	    json_find(partial, S("rejectedLogRecords"), &rejected)) {
		if (json_type(rejected) == JSON_STRING)
			rejected = (struct slice){ rejected.p + 1, rejected.n - 2 };
		if (!slice_to_u64(rejected, UINT64_MAX, &count))
			count = 0;
		if (!json_find(partial, S("errorMessage"), &why) || json_type(why) != JSON_STRING ||
		    !json_string(&arena, why, &why, &bad))
			why = SLICE_NONE;
	}
	if (count > 0)
		err_set(err, ERR_IO, "the collector did not take %llu of %zu records: %.*s",
		    (unsigned long long)count, n, (int)(why.n > 120 ? 120 : why.n),
		    why.p != NULL ? why.p : "");
	arena_fini(&arena);
	return count == 0;
}

/* *is_final: what was sent is not to be sent again, although it was not taken. */
static bool
post(struct sink_otlp *otlp, size_t n, bool *is_final, struct err *err)
{
	static const int later[] = { 408, 429, 502, 503, 504 };
	int status = 0;

	*is_final = false;
	buf_clear(&otlp->reply);
	if (!poster_post(otlp->poster, buf_view(&otlp->body), &otlp->reply, &status, err))
		return false;
	if (status >= 200 && status < 300) {
		*is_final = true;
		return reply_check(otlp, n, err);
	}
	*is_final = true;
	for (size_t i = 0; i < COUNT(later); i++)
		*is_final = *is_final && status != later[i];
	return err_set(err, ERR_IO, "%.*s answered %d%s", SLICE_FMT(otlp->config->target), status,
	    *is_final ? ": these records are not sent again" : "");
}

/* As many as belong into one request; how many. */
static size_t
batch_make(struct sink_otlp *otlp, const struct audit_record *const *records, size_t n)
{
	size_t put = 0;

	buf_clear(&otlp->body);
	form_otlp_begin(&otlp->form, records[0]->instance, &otlp->body);
	while (put < n && put < BATCH_RECORDS && otlp->body.n < BATCH_BYTES &&
	    strcmp(records[put]->instance, records[0]->instance) == 0) {
		form_otlp_put(&otlp->form, records[put], put == 0, &otlp->body);
		put++;
	}
	form_otlp_end(&otlp->body);
	return put;
}

static bool
write_all(struct audit_sink *sink, const struct audit_record *const *records, size_t n,
    size_t *done, struct err *err)
{
	struct sink_otlp *otlp = (struct sink_otlp *)sink;
	bool is_final;

	*done = 0;
	if (!poster_make(otlp, err))
		return false;
	while (*done < n) {
		size_t put = batch_make(otlp, records + *done, n - *done);
		bool ok = post(otlp, put, &is_final, err);

		if (is_final)
			*done += put;
		if (!ok)
			return false;
	}
	return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool
open_sink(
    const struct config_sink *config, const char *dir, struct audit_sink **out, struct err *err)
{
	struct sink_otlp *otlp = MEM_NEW(struct sink_otlp);

	otlp->sink.ops = &audit_sink_otlp;
	otlp->config = config;
	sink_form_init(&otlp->form, config, otlp->host);
	buf_init(&otlp->body, NULL, SIZE_MAX / 2);
	buf_init(&otlp->reply, NULL, REPLY_BYTES);
	*out = &otlp->sink;
	return true;
}

static void
close_sink(struct audit_sink *sink)
{
	struct sink_otlp *otlp = (struct sink_otlp *)sink;

	poster_free(&otlp->poster);
	buf_fini(&otlp->body);
	buf_fini(&otlp->reply);
	mem_free(otlp);
}

const struct audit_sink_ops audit_sink_otlp = {
	.kind = "otlp", .open = open_sink, .write = write_all, .close = close_sink
};

/*
 * Batches to a collector of OpenTelemetry (OTLP/HTTP, JSON): what logs and traces share.  An answer
 * that says to come again later (408, 429, 502, 503, 504), or none at all, leaves a batch for the
 * next try; any other refusal is told and is final: it would be refused again.
 */
#include <string.h>

#include "net/net.h"

#define REPLY_BYTES (16 * KIB)

struct otlp {
	const struct otlp_signal *signal;
	struct buf url, headers, ca; /* headers may hold secrets */
	uint64_t timeout_ms;
	struct poster *poster; /* NULL: not made yet */
	struct buf reply;
};

const struct otlp_signal otlp_logs = { .what = "records",
	.path = S("/v1/logs"),
	.rejected = S("rejectedLogRecords"),
	.resource = "resourceLogs",
	.scope = "scopeLogs",
	.items = "logRecords" };
const struct otlp_signal otlp_traces = { .what = "spans",
	.path = S("/v1/traces"),
	.rejected = S("rejectedSpans"),
	.resource = "resourceSpans",
	.scope = "scopeSpans",
	.items = "spans" };

/* A URL that names no path gets that of the definition. */
static void
url_make(struct slice url, struct slice path, struct buf *out)
{
	const char *host = memmem(url.p, url.n, "://", 3);
	size_t at = host != NULL ? (size_t)(host - url.p) + 3 : 0;
	const char *slash = memchr(url.p + at, '/', url.n - at);
	bool has_path = slash != NULL && slash + 1 < url.p + url.n;

	buf_put(out, slash != NULL && !has_path ? (struct slice){ url.p, url.n - 1 } : url);
	if (!has_path)
		buf_put(out, path);
}

struct otlp *
otlp_new(const struct otlp_signal *signal, const struct otlp_target *target)
{
	struct otlp *otlp = MEM_NEW(struct otlp);

	otlp->signal = signal;
	otlp->timeout_ms = target->timeout_ms;
	buf_init(&otlp->url, NULL, 8 * KIB);
	buf_init(&otlp->headers, NULL, MIB);
	buf_init(&otlp->ca, NULL, 8 * KIB);
	buf_init(&otlp->reply, NULL, REPLY_BYTES);
	url_make(target->url, signal->path, &otlp->url);
	buf_puts(&otlp->headers, "Content-Type: application/json\r\n");
	if (target->ca.p != NULL)
		buf_put(&otlp->ca, target->ca);
	return otlp;
}

void
otlp_header(struct otlp *otlp, struct slice name, struct slice value)
{
	buf_put(&otlp->headers, name);
	buf_puts(&otlp->headers, ": ");
	buf_put(&otlp->headers, value);
	buf_puts(&otlp->headers, "\r\n");
}

static void
headers_forget(struct otlp *otlp)
{
	if (otlp->headers.p != NULL)
		explicit_bzero(otlp->headers.p, otlp->headers.n);
	buf_fini(&otlp->headers);
}

void
otlp_free(struct otlp **at)
{
	struct otlp *otlp = *at;

	*at = NULL;
	if (otlp == NULL)
		return;
	poster_free(&otlp->poster);
	headers_forget(otlp);
	buf_fini(&otlp->url);
	buf_fini(&otlp->ca);
	buf_fini(&otlp->reply);
	mem_free(otlp);
}

MUST_CHECK static bool
poster_make(struct otlp *otlp, struct err *err)
{
	struct poster_settings settings = { .url = buf_view(&otlp->url),
		.headers = buf_view(&otlp->headers),
		.ca = otlp->ca.n > 0 ? buf_view(&otlp->ca) : SLICE_NONE,
		.timeout_ms = otlp->timeout_ms };

	if (otlp->poster != NULL)
		return true;
	if (!buf_check(&otlp->url, err) || !buf_check(&otlp->headers, err) ||
	    !buf_check(&otlp->ca, err) || !poster_new(&settings, &otlp->poster, err))
		return false;
	headers_forget(otlp);
	return true;
}

/* Some collectors take a part: {"partialSuccess": {"rejectedLogRecords": "3", ...}}. */
static bool
reply_check(struct otlp *otlp, size_t n, size_t *rejected_n, struct err *err)
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
	    json_find(partial, otlp->signal->rejected, &rejected)) {
		if (json_type(rejected) == JSON_STRING)
			rejected = (struct slice){ rejected.p + 1, rejected.n - 2 };
		if (!slice_to_u64(rejected, UINT64_MAX, &count))
			count = 0;
		if (!json_find(partial, S("errorMessage"), &why) || json_type(why) != JSON_STRING ||
		    !json_string(&arena, why, &why, &bad))
			why = SLICE_NONE;
	}
	if (count > 0)
		err_set(err, ERR_IO, "the collector did not take %llu of %zu %s: %.*s",
		    (unsigned long long)count, n, otlp->signal->what,
		    (int)(why.n > 120 ? 120 : why.n), why.p != NULL ? why.p : "");
	*rejected_n = count < n ? (size_t)count : n;
	arena_fini(&arena);
	return count == 0;
}

bool
otlp_post(
    struct otlp *otlp, struct slice body, size_t n, struct otlp_answer *answer, struct err *err)
{
	static const int later[] = { 408, 429, 502, 503, 504 };
	int status = 0;

	*answer = (struct otlp_answer){ .is_final = false };
	buf_clear(&otlp->reply);
	if (!poster_make(otlp, err) || !poster_post(otlp->poster, body, &otlp->reply, &status, err))
		return false;
	answer->is_final = true;
	if (status >= 200 && status < 300)
		return reply_check(otlp, n, &answer->rejected, err);
	for (size_t i = 0; i < COUNT(later); i++)
		answer->is_final = answer->is_final && status != later[i];
	answer->rejected = answer->is_final ? n : 0;
	return err_set(err, ERR_IO, "%.*s answered %d%s%s%s", SLICE_FMT(buf_view(&otlp->url)),
	    status, answer->is_final ? ": these " : "", answer->is_final ? otlp->signal->what : "",
	    answer->is_final ? " are not sent again" : "");
}

/* ---- what stands around the items ------------------------------------------------------------ */

static void
put_resource(struct buf *out, const char *between, const char *key, struct slice text)
{
	buf_puts(out, between);
	buf_puts(out, "{\"key\":\"");
	buf_puts(out, key);
	buf_puts(out, "\",\"value\":{\"stringValue\":");
	buf_json_string(out, text);
	buf_puts(out, "}}");
}

void
otlp_put_head(struct buf *out, const struct otlp_signal *signal, struct slice instance,
    struct slice host, const char *scope)
{
	buf_printf(out, "{\"%s\":[{\"resource\":{\"attributes\":[", signal->resource);
	put_resource(out, "", "service.name", S("bascule"));
	put_resource(out, ",", "service.version", S(BASCULE_VERSION));
	if (instance.n > 0)
		put_resource(out, ",", "service.instance.id", instance);
	if (host.n > 0)
		put_resource(out, ",", "host.name", host);
	buf_printf(out, "]},\"%s\":[{\"scope\":{\"name\":\"%s\",\"version\":\"%s\"},\"%s\":[",
	    signal->scope, scope, BASCULE_VERSION, signal->items);
}

void
otlp_put_tail(struct buf *out)
{
	buf_puts(out, "]}]}]}");
}

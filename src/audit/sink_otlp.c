/*
 * Records as logs of OpenTelemetry, posted to a collector (OTLP/HTTP, JSON).  One request carries
 * many; what its answer means is net's business (net/otlp.c).
 */
#include <stdio.h>
#include <string.h>

#include "audit/sinks.h"
#include "net/net.h"

#define BATCH_RECORDS 512
#define BATCH_BYTES   (2 * MIB) /* a collector takes 4 MiB and more */

struct sink_otlp {
	struct audit_sink sink;
	struct audit_form form;
	char host[SINK_HOST];
	struct otlp *otlp;
	struct buf body;
};

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
	struct otlp_answer answer;

	*done = 0;
	while (*done < n) {
		size_t put = batch_make(otlp, records + *done, n - *done);
		bool ok = otlp_post(otlp->otlp, buf_view(&otlp->body), put, &answer, err);

		if (answer.is_final)
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
	otlp->otlp = otlp_new(&otlp_logs,
	    &(struct otlp_target){
		.url = config->target, .ca = config->ca, .timeout_ms = config->timeout_ms });
	for (size_t i = 0; i < config->headers_n; i++)
		otlp_header(
		    otlp->otlp, config->headers[i].name, secret_reveal(config->headers[i].value));
	sink_form_init(&otlp->form, config, otlp->host);
	buf_init(&otlp->body, NULL, SIZE_MAX / 2);
	*out = &otlp->sink;
	return true;
}

static void
close_sink(struct audit_sink *sink)
{
	struct sink_otlp *otlp = (struct sink_otlp *)sink;

	otlp_free(&otlp->otlp);
	buf_fini(&otlp->body);
	mem_free(otlp);
}

const struct audit_sink_ops audit_sink_otlp = {
	.kind = "otlp", .open = open_sink, .write = write_all, .close = close_sink
};

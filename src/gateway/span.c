/*
 * What is measured of an exchange and of its calls upstream: spans for the tracer, and the metrics
 * that have a series a server.  A span says who asked what of whom and how it ended; arguments,
 * results and URIs are in none.
 */
#include <string.h>

#include "gateway/link.h"

/* ---- spans ----------------------------------------------------------------------------------- */

void
span_begin(struct hub *hub, struct exchange *exchange)
{
	if (hub->tracer != NULL)
		hub->tracer->begin(hub->tracer->owner, exchange);
}

static bool
is_wanted(const struct hub *hub, const struct exchange *exchange)
{
	return hub->tracer != NULL && exchange->trace != NULL &&
	    (exchange->trace->own.flags & TRACE_SAMPLED) != 0;
}

/* A tool says of itself that it has failed. */
static bool
is_tool_error(const struct exchange *exchange, const struct reply *reply)
{
	return exchange->request.method == MCP_TOOLS_CALL && reply->result.p != NULL &&
	    reply->scan != NULL &&
	    slice_eq(json_scan_get(reply->scan, S("result"), S("isError")), S("true"));
}

/* How it ended: a word for what is ours, the code of what a server said.  err NULL: by an answer.
 */
static void
ending_fill(const struct exchange *exchange, const struct reply *reply, const struct err *err,
    struct span *span)
{
	if (err != NULL && err->kind != ERR_NONE) {
		span->error = err_info(err->kind)->name;
		span->code = err_info(err->kind)->legacy_code;
	} else if (reply->result.p == NULL && reply->error.p != NULL) {
		span->has_failed = true;
		(void)mcp_error_code(reply->error, &span->code);
	} else if (is_tool_error(exchange, reply)) {
		span->error = "tool_error";
	}
	span->has_failed |= span->error != NULL;
}

static bool
has_name(enum mcp_method method)
{
	return method == MCP_TOOLS_CALL || method == MCP_PROMPTS_GET;
}

void
span_end(struct exchange *exchange, struct passage *passage, const struct reply *reply,
    enum ledger_outcome outcome)
{
	struct hub *hub = passage->hub;
	const struct ledger_record *known;
	struct span span = { .kind = SPAN_SERVER,
		.exchange = exchange,
		.rule = reply->rule,
		.revision = exchange->revision,
		.outcome = ledger_outcome_name(outcome) };

	if (!is_wanted(hub, exchange))
		return;
	span.is_pipe = strcmp(exchange->front->name, "stdio") == 0;
	span.own = &exchange->trace->own;
	span.parent = exchange->trace->has_parent ? exchange->trace->parent.span_id : NULL;
	span.began_ns = exchange->trace->began_ns;
	known = ledger_find(hub->ledger, exchange->number);
	/* A name that nobody has is only what somebody wrote. */
	if (known != NULL && known->server[0] != '\0') {
		span.server = slice_of(known->server);
		if (has_name(exchange->request.method))
			span.name = passage->name;
	}
	if (passage->client != NULL)
		client_tag(exchange, passage->client, span.session);
	ending_fill(exchange, reply, &reply->err, &span);
	hub->tracer->ended(hub->tracer->owner, &span);
}

/* ---- calls upstream -------------------------------------------------------------------------- */

/* Where they stand in a text that is not the request's own. */
static void
places_find(const struct call *call, struct slice *params, struct slice *meta)
{
	*params = *meta = SLICE_NONE;
	if (json_find(call->text, S("params"), params) && json_type(*params) == JSON_OBJECT)
		(void)json_find(*params, S("_meta"), meta);
}

void
hop_begin(struct hop *hop, struct link *link, struct exchange *exchange, struct call *call)
{
	struct hub *hub = hub_of(link);
	struct slice params = exchange->request.params, meta = exchange->request.meta;

	hop->link = link;
	hop->call = call;
	hop->revision = back_revision(link->back);
	buf_init(&hop->text, NULL, 8 * KIB);
	if (exchange->trace == NULL)
		return;
	hop->trace = (struct call_trace){ .trace = exchange->trace, .own = exchange->trace->own };
	call->trace = &hop->trace;
	if (hub->tracer != NULL)
		hub->tracer->draw(hub->tracer->owner, hop->trace.own.span_id);
	if (is_wanted(hub, exchange))
		hop->began_ns = loop_unix_ns(hub->loop);
	if (call->text.p != exchange->request.text.p)
		places_find(call, &params, &meta);
	back_trace(link->back, call, params, meta, &hop->text);
}

void
hop_end(struct hop *hop, const struct item *item, const struct reply *reply, const struct err *err)
{
	struct exchange *exchange = hop->call->exchange;
	struct hub *hub = hub_of(hop->link);
	struct span span = { .kind = SPAN_CLIENT,
		.exchange = exchange,
		.server = name_of(hop->link),
		.revision = hop->revision,
		.is_pipe = hop->link->upstream->config->command_n > 0,
		.own = &hop->trace.own,
		.parent = exchange->trace != NULL ? exchange->trace->own.span_id : NULL,
		.began_ns = hop->began_ns };

	series_add(hub->bytes[BYTES_TO_SERVER], (double)hop->call->text.n);
	series_add(hub->bytes[BYTES_FROM_SERVER], (double)hop->call->response.text.n);
	if (hop->began_ns != 0 && hub->tracer != NULL) {
		if (item != NULL && has_name(exchange->request.method))
			span.name = item->name;
		ending_fill(exchange, reply, err, &span);
		hub->tracer->ended(hub->tracer->owner, &span);
	}
	hop->call->trace = NULL;
	buf_fini(&hop->text);
}

/* ---- REST requests of native tools ----------------------------------------------------------- */

void
hub_rest_begin(struct hub *hub, const struct exchange *exchange, struct rest_step *step)
{
	*step = (struct rest_step){ .exchange = exchange };
	if (exchange == NULL || !is_wanted(hub, exchange))
		return;
	step->own = exchange->trace->own;
	hub->tracer->draw(hub->tracer->owner, step->own.span_id);
	step->began_ns = loop_unix_ns(hub->loop);
}

void
hub_rest_end(struct hub *hub, const struct rest_step *step, const struct rest_told *told)
{
	struct span span = { .kind = SPAN_REST,
		.exchange = step->exchange,
		.own = &step->own,
		.began_ns = step->began_ns,
		.server = told->server,
		.name = told->method,
		.address = told->address,
		.port = told->port,
		.resends = told->resends };

	if (step->began_ns == 0 || hub->tracer == NULL)
		return;
	span.parent = step->exchange->trace->own.span_id;
	if (told->err != NULL)
		span.error = err_info(told->err->kind)->name;
	else
		span.status = (unsigned)told->status;
	span.has_failed = told->err != NULL || told->status >= 400;
	hub->tracer->ended(hub->tracer->owner, &span);
}

/* ---- metrics --------------------------------------------------------------------------------- */

void
measure_begin(struct hub *hub)
{
	static const struct slice labels[BYTES_N][2] = {
		[BYTES_FROM_CLIENT] = { S("client"), S("in") },
		[BYTES_TO_CLIENT] = { S("client"), S("out") },
		[BYTES_FROM_SERVER] = { S("server"), S("in") },
		[BYTES_TO_SERVER] = { S("server"), S("out") },
	};
	struct metrics *metrics = loop_metrics(hub->loop);

	hub->duration = metrics_series(metrics, METRIC_DURATION, SLICE_NONE, SLICE_NONE);
	for (size_t i = 0; i < BYTES_N; i++)
		hub->bytes[i] = metrics_series(metrics, METRIC_BYTES, labels[i][0], labels[i][1]);
}

/* Each series is looked for once, unless two take one place. */
struct series *
tally_find(
    struct hub *hub, struct tally *all, enum metric metric, struct slice label, struct slice label2)
{
	uint64_t hash = hash_bytes(label2, hash_bytes(label, loop_seed(hub->loop)));
	struct tally *at = &all[hash % TALLIES];

	if (at->series == NULL || at->hash != hash)
		*at = (struct tally){ hash,
			metrics_series(loop_metrics(hub->loop), metric, label, label2) };
	return at->series;
}

void
measure_call(struct hub *hub, struct slice server, struct slice tool, uint64_t began_ms)
{
	series_observe_ms(tally_find(hub, hub->timings, METRIC_CALL_DURATION, server, tool),
	    loop_now_ms(hub->loop) - began_ms);
}

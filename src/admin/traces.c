/*
 * Traces: gives the gateway its spans, collects those that have ended, and sends them in batches to
 * a collector (OTLP/HTTP, JSON).
 *
 * A span is packed into a batch on the loop, at once, and never waited for.  One task has batches
 * printed and sent on a thread of its own, one after the other; what comes while `queue` spans wait
 * is dropped and counted.  A batch that the collector may take later stays, one that it refuses is
 * counted too.
 */
#include <string.h>
#include <unistd.h>

#include "admin/traces.h"

#define BATCH_SPANS    512
#define BATCH_BYTES    (256 * KIB) /* packed */
#define TEXT_BYTES     (12 * (BATCH_BYTES + SPAN_BYTES) + BATCH_SPANS * 8 * KIB)
#define WAITING_BYTES  512  /* a span, in the mean, where as many as may wait do */
#define FLUSH_MS       2000 /* a batch that is not full waits so long */
#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS  30000
#define MILLION	       1000000
#define HELPER	       "traces"
#define HOST_BYTES     256

struct batch {
	struct batch *next;
	struct buf spans; /* packed */
	unsigned n;
	uint64_t began_ms;
};

struct traces {
	struct loop *loop;
	struct tracer tracer;
	uint64_t random[4];
	uint64_t sample, most, timeout_ms;
	char host[HOST_BYTES];
	struct batch *first, *last; /* last: the one that is written */
	struct batch *spare;
	uint64_t waiting, waiting_bytes; /* spans in all of them */
	struct series *sent, *rejected, *dropped;
	struct task *task;
	struct group group;
	bool is_ending;
	uint64_t retry_ms, retry_at_ms; /* retry_ms 0: the collector takes what it gets */
	/* Of the job on the thread. */
	struct otlp *otlp;
	struct span_printer *printer;
	struct buf text;
	struct batch *sending; /* also one that is to be sent again */
	struct otlp_answer answer;
	bool ok;
	struct err err;
};

/* ---- ids ------------------------------------------------------------------------------------- */

static uint64_t
rotate(uint64_t v, int by)
{
	return v << by | v >> (64 - by);
}

/* xoshiro256**: ids must differ, and nothing is protected by them. */
static uint64_t
draw(struct traces *traces)
{
	uint64_t *s = traces->random, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* Never zeros only, which would be no id. */
static void
draw_id(struct traces *traces, unsigned char *to, size_t n)
{
	for (size_t at = 0; at < n; at += sizeof(uint64_t)) {
		uint64_t v = draw(traces) | 1;

		memcpy(to + at, &v, sizeof(v));
	}
}

static void
draw_span(void *owner, unsigned char span_id[SPAN_ID_BYTES])
{
	draw_id(owner, span_id, SPAN_ID_BYTES);
}

/* By its last 56 bits, so that all who look at a trace with the same part decide the same. */
bool
trace_is_sampled(const unsigned char trace_id[TRACE_ID_BYTES], uint64_t sample)
{
	uint64_t v = 0;

	for (size_t i = TRACE_ID_BYTES - 7; i < TRACE_ID_BYTES; i++)
		v = v << 8 | trace_id[i];
	return (v >> 16) < ((uint64_t)1 << 40) / MILLION * sample || sample >= MILLION;
}

static void
begin(void *owner, struct exchange *exchange)
{
	struct traces *traces = owner;
	struct trace *trace = exchange->trace;

	if (trace == NULL) {
		trace = exchange->trace = ARENA_NEW(&exchange->arena, struct trace);
		draw_id(traces, trace->own.trace_id, TRACE_ID_BYTES);
		trace->own.flags =
		    trace_is_sampled(trace->own.trace_id, traces->sample) ? TRACE_SAMPLED : 0;
	}
	trace->own.flags &= TRACE_SAMPLED;
	draw_id(traces, trace->own.span_id, SPAN_ID_BYTES);
	trace->began_ns = loop_unix_ns(traces->loop);
}

/* ---- batches --------------------------------------------------------------------------------- */

static struct batch *
batch_new(struct traces *traces)
{
	struct batch *batch = traces->spare;

	traces->spare = NULL;
	if (batch == NULL) {
		batch = MEM_NEW(struct batch);
		buf_init(&batch->spans, NULL, BATCH_BYTES + SPAN_BYTES);
	}
	batch->next = NULL;
	batch->n = 0;
	batch->began_ms = loop_now_ms(traces->loop);
	buf_clear(&batch->spans);
	return batch;
}

static void
batch_free(struct batch **batch)
{
	if (*batch == NULL)
		return;
	buf_fini(&(*batch)->spans);
	mem_free(*batch);
	*batch = NULL;
}

static bool
is_full(const struct batch *batch)
{
	return batch->n >= BATCH_SPANS || batch->spans.n >= BATCH_BYTES;
}

static void
batch_add(struct traces *traces)
{
	struct batch *batch = batch_new(traces);

	if (traces->last != NULL)
		traces->last->next = batch;
	else
		traces->first = batch;
	traces->last = batch;
}

static void
ended(void *owner, const struct span *span)
{
	struct traces *traces = owner;
	bool is_new = traces->last == NULL;
	size_t before;

	if (traces->waiting >= traces->most ||
	    traces->waiting_bytes >= traces->most * WAITING_BYTES || traces->is_ending) {
		series_add(traces->dropped, 1);
		return;
	}
	if (is_new || is_full(traces->last))
		batch_add(traces);
	before = traces->last->spans.n;
	span_pack(&traces->last->spans, span, loop_unix_ns(traces->loop));
	traces->last->n++;
	traces->waiting++;
	traces->waiting_bytes += traces->last->spans.n - before;
	if ((is_new || is_full(traces->last)) && traces->task != NULL)
		task_wake(traces->task);
}

/* The oldest leaves the queue. */
static void
batch_take(struct traces *traces)
{
	if (traces->sending != NULL)
		return;
	traces->sending = traces->first;
	traces->first = traces->sending->next;
	if (traces->first == NULL)
		traces->last = NULL;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void
batch_print(struct traces *traces)
{
	struct slice spans = buf_view(&traces->sending->spans);
	struct buf *out = &traces->text;

	buf_clear(out);
	otlp_put_head(out, &otlp_traces, slice_of(log_instance(loop_log(traces->loop))),
	    slice_of(traces->host), "bascule");
	for (size_t at = 0; at < spans.n;) {
		if (at > 0)
			buf_putc(out, ',');
		at += span_print(traces->printer, out, spans.p + at);
	}
	otlp_put_tail(out);
	must(!out->overflow);
}

static void
job_run(void *arg)
{
	struct traces *traces = arg;

	batch_print(traces);
	traces->err = (struct err){ 0 };
	traces->ok = otlp_post(traces->otlp, buf_view(&traces->text), traces->sending->n,
	    &traces->answer, &traces->err);
}

static void
job_close(void *arg)
{
	struct traces *traces = arg;

	otlp_free(&traces->otlp);
}

static void
batch_done(struct traces *traces)
{
	unsigned n = traces->sending->n;

	series_add(traces->sent, n - (double)traces->answer.rejected);
	series_add(traces->rejected, (double)traces->answer.rejected);
	traces->waiting -= n;
	traces->waiting_bytes -= traces->sending->spans.n;
	if (traces->spare == NULL)
		traces->spare = traces->sending;
	else
		batch_free(&traces->sending);
	traces->sending = NULL;
}

static void
job_done(struct traces *traces)
{
	struct log *log = loop_log(traces->loop);
	bool was_failing = traces->retry_ms > 0;

	if (traces->answer.is_final)
		batch_done(traces);
	if (traces->ok) {
		if (was_failing)
			log_event(log, LOG_INFO, "traces_recovered", "traces are sent again");
		traces->retry_ms = 0;
		return;
	}
	if (!was_failing)
		log_event(log, LOG_WARN, "traces_failing", "traces: %s", traces->err.text);
	traces->retry_ms = !was_failing		   ? RETRY_FIRST_MS
	    : traces->retry_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS
						   : traces->retry_ms * 2;
	traces->retry_at_ms = loop_now_ms(traces->loop) + traces->retry_ms;
}

/* When the next batch is to go; UINT64_MAX: there is none. */
static uint64_t
due_ms(const struct traces *traces)
{
	uint64_t at_ms = traces->sending != NULL ? 0
	    : traces->first == NULL		 ? UINT64_MAX
	    : is_full(traces->first)		 ? 0
						 : traces->first->began_ms + FLUSH_MS;

	return traces->retry_ms > 0 && at_ms < traces->retry_at_ms ? traces->retry_at_ms : at_ms;
}

/* Until then; false: it ends. */
static bool
due_wait(struct traces *traces)
{
	uint64_t at_ms;
	bool timed_out;
	struct err err;

	while (!traces->is_ending) {
		at_ms = due_ms(traces);
		if (at_ms <= loop_now_ms(traces->loop))
			return true;
		if (at_ms == UINT64_MAX)
			must(task_park_wait(traces->loop, &err));
		else
			must(task_park_until_wait(traces->loop, at_ms, &timed_out, &err));
	}
	return false;
}

static void
send_wait(struct traces *traces)
{
	batch_take(traces);
	helper_run_wait(traces->loop, HELPER, job_run, traces);
	job_done(traces);
}

static void
send_main(void *arg)
{
	struct traces *traces = arg;
	uint64_t until_ms;

	traces->task = task_self(traces->loop);
	while (due_wait(traces))
		send_wait(traces);
	/* What is left has one try, and no more time than one batch may take. */
	until_ms = loop_now_ms(traces->loop) + traces->timeout_ms;
	while ((traces->sending != NULL || traces->first != NULL) && traces->retry_ms == 0 &&
	    loop_now_ms(traces->loop) < until_ms)
		send_wait(traces);
	if (traces->waiting > 0)
		log_event(loop_log(traces->loop), LOG_WARN, "traces_lost",
		    "traces: %llu spans were not sent", (unsigned long long)traces->waiting);
	helper_run_wait(traces->loop, HELPER, job_close, traces);
	traces->task = NULL;
}

/* ---- open and close -------------------------------------------------------------------------- */

static struct series *
spans_of(struct loop *loop, struct slice outcome)
{
	return metrics_series(loop_metrics(loop), METRIC_SPANS, outcome, SLICE_NONE);
}

static void
settings_take(struct traces *traces, const struct config_traces *config)
{
	const struct otlp_target target = {
		.url = config->otlp, .ca = config->ca, .timeout_ms = config->timeout_ms
	};

	traces->sample = config->sample;
	traces->most = config->queue;
	traces->timeout_ms = config->timeout_ms;
	traces->printer = span_printer_new();
	buf_init(&traces->text, NULL, TEXT_BYTES);
	traces->otlp = otlp_new(&otlp_traces, &target);
	for (size_t i = 0; i < config->headers_n; i++)
		otlp_header(
		    traces->otlp, config->headers[i].name, secret_reveal(config->headers[i].value));
}

static void
traces_free(struct traces **at)
{
	struct traces *traces = *at;
	struct batch *next;

	for (struct batch *batch = traces->first; batch != NULL; batch = next) {
		next = batch->next;
		batch_free(&batch);
	}
	batch_free(&traces->sending);
	batch_free(&traces->spare);
	span_printer_free(&traces->printer);
	buf_fini(&traces->text);
	mem_free(traces);
	*at = NULL;
}

struct traces *
traces_open(struct loop *loop, const struct config_traces *config, struct err *err)
{
	struct traces *traces = MEM_NEW(struct traces);

	traces->loop = loop;
	traces->tracer =
	    (struct tracer){ .owner = traces, .begin = begin, .draw = draw_span, .ended = ended };
	loop_random(loop, traces->random, sizeof(traces->random));
	traces->random[0] |= 1;
	if (gethostname(traces->host, sizeof(traces->host) - 1) != 0)
		traces->host[0] = '\0';
	traces->sent = spans_of(loop, S("sent"));
	traces->rejected = spans_of(loop, S("rejected"));
	traces->dropped = spans_of(loop, S("dropped"));
	settings_take(traces, config);
	if (group_spawn(loop, &traces->group, "traces", send_main, traces, err))
		return traces;
	otlp_free(&traces->otlp);
	traces_free(&traces);
	return NULL;
}

const struct tracer *
traces_tracer(const struct traces *traces)
{
	return &traces->tracer;
}

uint64_t
traces_waiting(const struct traces *traces)
{
	return traces->waiting;
}

void
traces_close_wait(struct traces **at)
{
	struct traces *traces = *at;

	*at = NULL;
	if (traces == NULL)
		return;
	traces->is_ending = true;
	if (traces->task != NULL)
		task_wake(traces->task);
	group_drain(traces->loop, &traces->group);
	traces_free(&traces);
}

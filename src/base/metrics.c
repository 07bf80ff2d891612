/*
 * Metrics: the registry of what is counted, and its text for Prometheus (exposition format 0.0.4).
 *
 * Each metric has a list of series, at most as many as its row says: labels that come from outside
 * cannot fill the memory.  Counting goes through the pointer of a series and searches nothing; only
 * the first look for a series does.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define LABEL_BYTES 128 /* a longer one is cut */
#define BUCKETS	    COUNT(bounds_ms)

enum metric_kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

static const char *const kind_names[] = {
	[KIND_COUNTER] = "counter",
	[KIND_GAUGE] = "gauge",
	[KIND_HISTOGRAM] = "histogram",
};

static const uint64_t bounds_ms[] = { 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
	30000, 60000, 300000 };

struct metric_row {
	enum metric_kind kind;
	const char *name;
	const char *labels[METRIC_LABELS];
	unsigned most;
	const char *help;
};

static const struct metric_row rows[METRICS_N] = {
#define X(id, kind, name, label, label2, label3, most, help) \
	[METRIC_##id] = { KIND_##kind, name, { label, label2, label3 }, most, help },
	METRICS(X)
#undef X
};

struct series {
	struct series *next; /* in the order of their making */
	uint64_t hash;
	struct slice labels[METRIC_LABELS];
	double value;
	uint64_t *buckets; /* of a histogram: BUCKETS, then those above the last bound */
	uint64_t sum_ms;
};

struct metrics {
	struct family {
		struct series *first, **end;
		unsigned n;
		struct series **slots;
	} all[METRICS_N];
};

/* ---- series ---------------------------------------------------------------------------------- */

static struct slice
label_copy(struct slice label)
{
	label.n = label.n > LABEL_BYTES ? LABEL_BYTES : label.n;
	return slice_keep(label);
}

static uint64_t
labels_hash(const struct slice labels[METRIC_LABELS])
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < METRIC_LABELS; i++)
		hash = hash_bytes(labels[i], hash);
	return hash;
}

static bool
labels_eq(const struct slice a[METRIC_LABELS], const struct slice b[METRIC_LABELS])
{
	for (unsigned i = 0; i < METRIC_LABELS; i++) {
		if (!slice_eq(a[i], b[i]))
			return false;
	}
	return true;
}

static struct series *
series_find(const struct family *metric, const struct slice labels[METRIC_LABELS])
{
	uint64_t hash = labels_hash(labels);
	struct series *s = metric->first;

	while (s != NULL && (s->hash != hash || !labels_eq(s->labels, labels)))
		s = s->next;
	return s;
}

struct series *
metrics_series_of(struct metrics *metrics, enum metric id, const struct slice wanted[METRIC_LABELS])
{
	struct family *metric = &metrics->all[id];
	struct slice labels[METRIC_LABELS];
	struct series *series;

	for (unsigned i = 0; i < METRIC_LABELS; i++) {
		labels[i] = wanted[i];
		labels[i].n = labels[i].n > LABEL_BYTES ? LABEL_BYTES : labels[i].n;
	}
	series = series_find(metric, labels);
	if (series == NULL && metric->n + 1 >= rows[id].most && rows[id].labels[0] != NULL) {
		for (unsigned i = 0; i < METRIC_LABELS; i++)
			labels[i] = rows[id].labels[i] != NULL ? S("other") : SLICE_NONE;
		series = series_find(metric, labels);
	}
	if (series != NULL)
		return series;
	series = MEM_NEW(struct series);
	series->hash = labels_hash(labels);
	for (unsigned i = 0; i < METRIC_LABELS; i++)
		series->labels[i] = label_copy(labels[i]);
	if (rows[id].kind == KIND_HISTOGRAM)
		series->buckets = mem_new((BUCKETS + 1) * sizeof(*series->buckets));
	*metric->end = series;
	metric->end = &series->next;
	metric->n++;
	return series;
}

struct series *
metrics_series(struct metrics *metrics, enum metric id, struct slice label, struct slice label2)
{
	return metrics_series_of(
	    metrics, id, (struct slice[METRIC_LABELS]){ label, label2, SLICE_NONE });
}

struct series **
metrics_slots(struct metrics *metrics, enum metric id, size_t n)
{
	struct family *metric = &metrics->all[id];

	if (metric->slots == NULL)
		metric->slots = mem_new(n * sizeof(struct series *));
	return metric->slots;
}

void
metrics_clear(struct metrics *metrics, enum metric id)
{
	struct family *metric = &metrics->all[id];
	struct series *next;

	for (struct series *s = metric->first; s != NULL; s = next) {
		next = s->next;
		for (unsigned i = 0; i < METRIC_LABELS; i++)
			mem_free((void *)s->labels[i].p);
		mem_free(s->buckets);
		mem_free(s);
	}
	mem_free(metric->slots);
	*metric = (struct family){ .end = &metric->first };
}

struct metrics *
metrics_new(void)
{
	struct metrics *metrics = MEM_NEW(struct metrics);

	for (enum metric id = 0; id < METRICS_N; id++) {
		metrics->all[id].end = &metrics->all[id].first;
		if (rows[id].labels[0] == NULL)
			(void)metrics_series(metrics, id, SLICE_NONE, SLICE_NONE);
	}
	return metrics;
}

void
metrics_free(struct metrics **metrics)
{
	if (*metrics == NULL)
		return;
	for (enum metric id = 0; id < METRICS_N; id++)
		metrics_clear(*metrics, id);
	mem_free(*metrics);
	*metrics = NULL;
}

/* ---- counting -------------------------------------------------------------------------------- */

void
series_add(struct series *series, double by)
{
	series->value += by;
}

void
series_set(struct series *series, double value)
{
	series->value = value;
}

void
series_observe_ms(struct series *series, uint64_t ms)
{
	size_t i = 0;

	while (i < BUCKETS && ms > bounds_ms[i])
		i++;
	series->buckets[i]++;
	series->sum_ms += ms;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* As many digits as are needed: whole numbers whole, times as they were counted. */
static void
put_number(struct buf *out, double value)
{
	buf_printf(out, "%.15g", value);
}

static void
put_label_value(struct buf *out, struct slice value)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\n')
			buf_puts(out, "\\n");
		else if (value.p[i] == '"' || value.p[i] == '\\')
			buf_putc(out, '\\');
		if (value.p[i] != '\n')
			buf_putc(out, value.p[i]);
	}
	buf_putc(out, '"');
}

/* `{a="x",b="y"}`; le: the bound of a bucket, or NULL. */
static void
put_labels(
    struct buf *out, const struct metric_row *row, const struct series *series, const char *le)
{
	char mark = '{';

	for (unsigned i = 0; i < METRIC_LABELS && row->labels[i] != NULL; i++, mark = ',') {
		buf_printf(out, "%c%s=", mark, row->labels[i]);
		put_label_value(out, series->labels[i]);
	}
	if (le != NULL)
		buf_printf(out, "%cle=\"%s\"", mark, le);
	buf_puts(out, mark == ',' || le != NULL ? "} " : " ");
}

static void
put_series(struct buf *out, const struct metric_row *row, const struct series *series)
{
	buf_puts(out, row->name);
	put_labels(out, row, series, NULL);
	put_number(out, series->value);
	buf_putc(out, '\n');
}

/* Buckets hold what is at most their bound, and so all of those below them. */
static void
put_histogram(struct buf *out, const struct metric_row *row, const struct series *series)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= BUCKETS; i++) {
		char le[32] = "+Inf";

		if (i < BUCKETS)
			snprintf(le, sizeof(le), "%.15g", (double)bounds_ms[i] / 1000);
		count += series->buckets[i];
		buf_printf(out, "%s_bucket", row->name);
		put_labels(out, row, series, le);
		buf_printf(out, "%llu\n", (unsigned long long)count);
	}
	buf_printf(out, "%s_sum", row->name);
	put_labels(out, row, series, NULL);
	put_number(out, (double)series->sum_ms / 1000);
	buf_printf(out, "\n%s_count", row->name);
	put_labels(out, row, series, NULL);
	buf_printf(out, "%llu\n", (unsigned long long)count);
}

void
metrics_print(const struct metrics *metrics, struct buf *out)
{
	for (enum metric id = 0; id < METRICS_N; id++) {
		const struct metric_row *row = &rows[id];
		const struct series *s = metrics->all[id].first;

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
		    kind_names[row->kind]);
		for (; s != NULL; s = s->next)
			(row->kind == KIND_HISTOGRAM ? put_histogram : put_series)(out, row, s);
	}
}

void
metrics_print_markdown(struct buf *out)
{
	buf_puts(out, "| metric | type | labels | most series | |\n|---|---|---|---|---|\n");
	for (enum metric id = 0; id < METRICS_N; id++) {
		const struct metric_row *row = &rows[id];

		buf_printf(out, "| `%s` | %s | ", row->name, kind_names[row->kind]);
		for (unsigned i = 0; i < METRIC_LABELS && row->labels[i] != NULL; i++)
			buf_printf(out, "%s`%s`", i > 0 ? ", " : "", row->labels[i]);
		buf_printf(out, " | %u | %s |\n", row->most, row->help);
	}
}

/*
 * The registry of metrics: series and their ceiling, histograms, the text for Prometheus, and the
 * page of documentation, which is made from the table (BASCULE_GOLDEN=write writes it).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void
expect_line(struct metrics *metrics, const char *line, bool is_there)
{
	struct buf out;
	bool found;

	buf_init(&out, NULL, 4 * MIB);
	metrics_print(metrics, &out);
	found = memmem(out.p, out.n, line, strlen(line)) != NULL;
	if (found != is_there)
		print_error("%s\n%.*s\n", line, SLICE_FMT(buf_view(&out)));
	assert_int_equal(found, is_there);
	buf_fini(&out);
}

static void
test_series(void **state)
{
	struct metrics *metrics = metrics_new();
	struct series *series =
	    metrics_series(metrics, METRIC_REQUESTS, S("tools/call"), S("done"));

	(void)state;
	series_add(series, 1);
	series_add(series, 2);
	assert_ptr_equal(
	    series, metrics_series(metrics, METRIC_REQUESTS, S("tools/call"), S("done")));
	assert_ptr_not_equal(
	    series, metrics_series(metrics, METRIC_REQUESTS, S("tools/calldone"), S("")));
	expect_line(
	    metrics, "\nbascule_requests_total{method=\"tools/call\",status=\"done\"} 3\n", true);
	expect_line(metrics, "# TYPE bascule_requests_total counter\n", true);
	/* Those without labels are there from the start. */
	expect_line(metrics, "\nbascule_sessions 0\n", true);
	series_set(metrics_series(metrics, METRIC_LOOP_LAG, SLICE_NONE, SLICE_NONE), 0.25);
	expect_line(metrics, "\nbascule_loop_lag_seconds 0.25\n", true);
	series_set(
	    metrics_series(metrics, METRIC_RESIDENT, SLICE_NONE, SLICE_NONE), 123456789012345);
	expect_line(metrics, "\nprocess_resident_memory_bytes 123456789012345\n", true);
	metrics_free(&metrics);
	assert_null(metrics);
}

static void
test_labels(void **state)
{
	struct metrics *metrics = metrics_new();
	char name[1024];

	(void)state;
	series_set(metrics_series(metrics, METRIC_UPSTREAM_UP, S("a\"b\\c\nd"), SLICE_NONE), 1);
	expect_line(metrics, "bascule_upstream_up{server=\"a\\\"b\\\\c\\nd\"} 1\n", true);
	memset(name, 'x', sizeof(name));
	series_set(
	    metrics_series(metrics, METRIC_UPSTREAM_UP, (struct slice){ name, 1024 }, SLICE_NONE),
	    1);
	assert_ptr_equal(
	    metrics_series(metrics, METRIC_UPSTREAM_UP, (struct slice){ name, 1024 }, SLICE_NONE),
	    metrics_series(metrics, METRIC_UPSTREAM_UP, (struct slice){ name, 1023 }, SLICE_NONE));
	metrics_clear(metrics, METRIC_UPSTREAM_UP);
	expect_line(metrics, "bascule_upstream_up{", false);
	metrics_free(&metrics);
}

static void
test_ceiling(void **state)
{
	struct metrics *metrics = metrics_new();
	struct series *other = NULL;
	char name[32];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		other = metrics_series(metrics, METRIC_REQUESTS, slice_of(name), S("done"));
		series_add(other, 1);
	}
	assert_ptr_equal(other, metrics_series(metrics, METRIC_REQUESTS, S("other"), S("other")));
	expect_line(metrics, "{method=\"m510\",status=\"done\"} 1\n", true);
	expect_line(metrics, "{method=\"m511\",status=\"done\"}", false);
	expect_line(metrics, "{method=\"other\",status=\"other\"} 4489\n", true);
	metrics_free(&metrics);
}

static void
test_slots(void **state)
{
	struct metrics *metrics = metrics_new();
	struct series **slots = metrics_slots(metrics, METRIC_REQUESTS, 7);

	(void)state;
	for (int i = 0; i < 7; i++)
		assert_null(slots[i]);
	slots[3] = metrics_series(metrics, METRIC_REQUESTS, S("a"), S("b"));
	assert_ptr_equal(slots, metrics_slots(metrics, METRIC_REQUESTS, 7));
	metrics_free(&metrics);
}

static void
test_histogram(void **state)
{
	static const uint64_t values_ms[] = { 0, 1, 2, 7, 300000, 300001, UINT32_MAX };
	struct metrics *metrics = metrics_new();
	struct series *series = metrics_series(metrics, METRIC_DURATION, SLICE_NONE, SLICE_NONE);

	(void)state;
	for (size_t i = 0; i < COUNT(values_ms); i++)
		series_observe_ms(series, values_ms[i]);
	expect_line(metrics, "_seconds_bucket{le=\"0.001\"} 2\n", true);
	expect_line(metrics, "_seconds_bucket{le=\"0.002\"} 3\n", true);
	expect_line(metrics, "_seconds_bucket{le=\"0.005\"} 3\n", true);
	expect_line(metrics, "_seconds_bucket{le=\"0.01\"} 4\n", true);
	expect_line(metrics, "_seconds_bucket{le=\"300\"} 5\n", true);
	expect_line(metrics, "_seconds_bucket{le=\"+Inf\"} 7\n", true);
	expect_line(metrics, "_seconds_count 7\n", true);
	expect_line(metrics, "_seconds_sum 4295567.306\n", true);
	metrics_free(&metrics);
}

static void
test_page(void **state)
{
	static const char path[] = SOURCE_ROOT "/docs/metrics.md";
	static const char begin[] = "<!-- table -->\n", end[] = "<!-- end of the table -->\n";
	static char text[64 * 1024];
	const char *golden = getenv("BASCULE_GOLDEN"), *from, *to;
	FILE *file = fopen(path, "r");
	struct buf table;
	size_t n;

	(void)state;
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	from = strstr(text, begin);
	assert_non_null(from);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	buf_init(&table, NULL, MIB);
	metrics_print_markdown(&table);
	if (golden != NULL && strcmp(golden, "write") == 0) {
		file = fopen(path, "w");
		assert_non_null(file);
		fprintf(
		    file, "%.*s%.*s%s", (int)(from - text), text, SLICE_FMT(buf_view(&table)), to);
		fclose(file);
	} else if (!slice_eq(buf_view(&table), (struct slice){ from, (size_t)(to - from) })) {
		print_error("%s is out of date: run this test with BASCULE_GOLDEN=write\n", path);
		fail();
	}
	buf_fini(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_page),
	};
	int failed = cmocka_run_group_tests_name("metrics", tests, NULL, NULL);

	arena_drain();
	return failed;
}

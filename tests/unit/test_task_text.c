/*
 * Tasks in the words of both revisions: what is read whoever says it, what is bounded, what is
 * written for whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcp/mcp.h"

#define TIMES "\"createdAt\":\"a\",\"lastUpdatedAt\":\"b\","

static const struct {
	const char *text;      /* as a server says it */
	const char *old, *new; /* as clients read it; NULL: it makes no sense */
} cases[] = {
	{ "{\"taskId\":\"t\",\"status\":\"working\"," TIMES "\"ttl\":7.0,\"pollInterval\":500}",
	    "\"taskId\":\"t\",\"status\":\"working\"," TIMES "\"ttl\":7.0,\"pollInterval\":500",
	    "\"taskId\":\"t\",\"status\":\"working\"," TIMES
	    "\"ttlMs\":7.0,\"pollIntervalMs\":500" },
	{ "{\"status\":\"input_required\",\"taskId\":\"\\u0074\"," TIMES
	  "\"statusMessage\":\"m\",\"ttlMs\":null,\"pollIntervalMs\":0,\"x\":1}",
	    "\"taskId\":\"\\u0074\",\"status\":\"input_required\",\"statusMessage\":\"m\"," TIMES
	    "\"ttl\":null,\"pollInterval\":200",
	    "\"taskId\":\"\\u0074\",\"status\":\"input_required\",\"statusMessage\":\"m\"," TIMES
	    "\"ttlMs\":null,\"pollIntervalMs\":200" },
	/* What is missing, or is no such thing. */
	{ "{\"taskId\":\"t\",\"status\":\"completed\",\"createdAt\":7,\"statusMessage\":[],"
	  "\"ttl\":\"long\",\"pollInterval\":\"often\"}",
	    "\"taskId\":\"t\",\"status\":\"completed\",\"createdAt\":\"1970-01-01T00:00:01Z\","
	    "\"lastUpdatedAt\":\"1970-01-01T00:00:01Z\",\"ttl\":null,\"pollInterval\":1000",
	    "\"taskId\":\"t\",\"status\":\"completed\",\"createdAt\":\"1970-01-01T00:00:01Z\","
	    "\"lastUpdatedAt\":\"1970-01-01T00:00:01Z\",\"ttlMs\":null,\"pollIntervalMs\":1000" },
	/* A year, before now, more than a number can be. */
	{ "{\"taskId\":\"t\",\"status\":\"failed\"," TIMES "\"pollIntervalMs\":31536000000}",
	    "\"taskId\":\"t\",\"status\":\"failed\"," TIMES "\"ttl\":null,\"pollInterval\":30000",
	    NULL },
	{ "{\"taskId\":\"t\",\"status\":\"failed\"," TIMES "\"pollIntervalMs\":-1}",
	    "\"taskId\":\"t\",\"status\":\"failed\"," TIMES "\"ttl\":null,\"pollInterval\":200",
	    NULL },
	{ "{\"taskId\":\"t\",\"status\":\"cancelled\"," TIMES "\"pollIntervalMs\":1e999}",
	    "\"taskId\":\"t\",\"status\":\"cancelled\"," TIMES "\"ttl\":null,\"pollInterval\":1000",
	    NULL },
	/* No task at all. */
	{ "{\"status\":\"working\"}", NULL, NULL },
	{ "{\"taskId\":\"\",\"status\":\"working\"}", NULL, NULL },
	{ "{\"taskId\":7,\"status\":\"working\"}", NULL, NULL },
	{ "{\"taskId\":\"t\"}", NULL, NULL },
	{ "{\"taskId\":\"t\",\"status\":\"Working\"}", NULL, NULL },
	{ "{\"taskId\":\"t\",\"status\":7}", NULL, NULL },
	{ "{\"taskId\":\"t\",\"status\":null}", NULL, NULL },
};

static void
assert_put(const struct mcp_task *task, enum mcp_revision revision, const char *wanted)
{
	struct buf out;

	buf_init(&out, NULL, MIB);
	mcp_task_put(&out, task, revision, 1000);
	if (wanted != NULL && !slice_eq(buf_view(&out), slice_of(wanted)))
		fail_msg("%.*s", SLICE_FMT(buf_view(&out)));
	buf_fini(&out);
}

static void
test_cases(void **unused)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = slice_of(cases[i].text);
		struct err err = { 0 };
		struct mcp_task task;
		bool ok = mcp_task_read(text, NULL, &task, &err);

		if (ok != (cases[i].old != NULL))
			fail_msg("case %zu: %s", i, err.text);
		if (!ok) {
			assert_int_equal(err.kind, ERR_UNAVAILABLE);
			continue;
		}
		assert_put(&task, MCP_2025_11_25, cases[i].old);
		assert_put(&task, MCP_2026_07_28, cases[i].new);
	}
}

/* An id is a key of ours: it has a bound. */
static void
test_long_id(void **unused)
{
	struct err err = { 0 };
	struct mcp_task task;
	struct buf text;

	for (size_t n = MCP_TASK_ID_MAX - 3; n <= MCP_TASK_ID_MAX; n++) {
		buf_init(&text, NULL, 4 * KIB);
		buf_puts(&text, "{\"status\":\"working\",\"taskId\":\"");
		for (size_t i = 0; i < n; i++)
			buf_putc(&text, 'x');
		buf_puts(&text, "\"}");
		assert_int_equal(
		    mcp_task_read(buf_view(&text), NULL, &task, &err), n + 2 <= MCP_TASK_ID_MAX);
		buf_fini(&text);
	}
}

/* Which of them is over, and what it holds then. */
static void
test_over(void **unused)
{
	static const struct {
		const char *text;
		bool is_over, has_result, has_error, has_requests;
	} rows[] = {
		{ "{\"taskId\":\"t\",\"status\":\"working\",\"result\":7}", false, false, false,
		    false },
		{ "{\"taskId\":\"t\",\"status\":\"input_required\",\"inputRequests\":{}}", false,
		    false, false, true },
		{ "{\"taskId\":\"t\",\"status\":\"completed\",\"result\":{}}", true, true, false,
		    false },
		{ "{\"taskId\":\"t\",\"status\":\"failed\",\"error\":{},\"result\":[]}", true,
		    false, true, false },
		{ "{\"taskId\":\"t\",\"status\":\"cancelled\",\"error\":\"x\"}", true, false, false,
		    false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = { 0 };
		struct mcp_task task;

		assert_true(mcp_task_read(slice_of(rows[i].text), NULL, &task, &err));
		assert_int_equal(mcp_task_is_over(&task), rows[i].is_over);
		assert_int_equal(task.result.p != NULL, rows[i].has_result);
		assert_int_equal(task.error.p != NULL, rows[i].has_error);
		assert_int_equal(task.requests.p != NULL, rows[i].has_requests);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long_id),
		cmocka_unit_test(test_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

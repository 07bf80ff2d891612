/*
 * The table of revisions and methods.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcp/mcp.h"

static void
revisions_by_name(void **state)
{
	static const char *const unknown[] = { "", "2024-10-07", "2025-03-2", "2026-07-28",
		"2025-06-1", "2025-06-180", "2025-11-25 " };
	enum mcp_revision found;

	(void)state;
	for (unsigned i = 0; i < MCP_REVISIONS_N; i++) {
		assert_true(mcp_revision_find(slice_of(mcp_revision_name(i)), &found));
		assert_int_equal(found, i);
	}
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_false(mcp_revision_find(slice_of(unknown[i]), &found));
	assert_false(mcp_revision_find(SLICE_NONE, &found));
	assert_string_equal(mcp_revision_name(MCP_NEWEST), "2025-11-25");
}

static void
methods_by_name(void **state)
{
	static const char *const unknown[] = { "", "Ping", "pin", "pings", "tools",
		"server/discover" };

	(void)state;
	for (unsigned i = 0; i < MCP_METHODS_N; i++) {
		const struct mcp_method_row *row = mcp_method_row(i);
		bool is_notification = slice_starts(slice_of(row->name), S("notifications/"));

		assert_int_equal(mcp_method_find(slice_of(row->name)), i);
		assert_int_equal(row->is_request, !is_notification);
		assert_true(row->from != 0 && (row->from & ~MCP_FROM_BOTH) == 0);
	}
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_int_equal(mcp_method_find(slice_of(unknown[i])), MCP_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revisions_by_name),
		cmocka_unit_test(methods_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

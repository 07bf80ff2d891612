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
	static const char *const unknown[] = { "", "2024-10-07", "2025-03-2", "2026-07-2",
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
	assert_string_equal(mcp_revision_name(MCP_NEWEST), "2026-07-28");
	assert_string_equal(mcp_revision_name(MCP_NEWEST_LEGACY), "2025-11-25");
	assert_true(mcp_revision_find_legacy(S("2025-11-25"), &found));
	assert_false(mcp_revision_find_legacy(S("2026-07-28"), &found));
}

static void
methods_by_name(void **state)
{
	static const char *const unknown[] = { "", "Ping", "pin", "pings", "tools",
		"server/discove" };

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

/* Who removed what, and who knows what did not change. */
static void
methods_by_revision(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MCP_METHODS_N; i++)
		assert_true(mcp_method_known(i, mcp_method_row(i)->since));
	assert_true(mcp_method_known(MCP_PING, MCP_2025_11_25));
	assert_false(mcp_method_known(MCP_PING, MCP_2026_07_28));
	assert_false(mcp_method_known(MCP_DISCOVER, MCP_2025_11_25));
	assert_true(mcp_method_known(MCP_DISCOVER, MCP_2026_07_28));
	assert_true(mcp_method_known(MCP_TOOLS_CALL, MCP_2024_11_05));
	assert_true(mcp_method_known(MCP_TOOLS_CALL, MCP_2026_07_28));
	/* Questions still travel, within results. */
	assert_true(mcp_method_known(MCP_ELICITATION_CREATE, MCP_2026_07_28));
}

static void
log_levels(void **state)
{
	(void)state;
	assert_int_equal(mcp_log_level_find(S("\"debug\"")), 0);
	assert_int_equal(mcp_log_level_find(S("\"emergency\"")), 7);
	assert_int_equal(mcp_log_level_find(S("\"Info\"")), -1);
	assert_int_equal(mcp_log_level_find(S("7")), -1);
	assert_int_equal(mcp_log_level_find(SLICE_NONE), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revisions_by_name),
		cmocka_unit_test(methods_by_name),
		cmocka_unit_test(methods_by_revision),
		cmocka_unit_test(log_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Times as Jira writes them, clocks of time zones, working hours, and the figures that are made of
 * an issue's history.
 */
#include "jira_world.h"

#include "atlassian/jira_times.h"

/* ---- times ----------------------------------------------------------------------------------- */

static void
times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
		int32_t offset_s;
	} good[] = {
		{ "1970-01-01", 0, 0 },
		{ "2000-02-29", 951782400000, 0 },
		{ "2026-06-05T10:00:00.000+0000", 1780653600000, 0 },
		{ "2026-06-05T12:00:00.000+0200", 1780653600000, 7200 },
		{ "2026-06-05T04:30:00-05:30", 1780653600000, -19800 },
		{ "2026-06-05T12:00+02", 1780653600000, 7200 },
		{ "2026-06-05T10:00:00.123456Z", 1780653600123, 0 },
		{ "2026-06-05 10:00:00", 1780653600000, 0 },
	};
	static const char *const bad[] = { "", "2026", "2026-06", "2026-13-01", "2026-00-10",
		"2026-04-31", "2026-02-29", "1969-12-31", "2200-01-01", "2026-06-05T",
		"2026-06-05T1", "2026-06-05T25:00", "2026-06-05T10:60", "2026-06-05T10:00:61",
		"2026-06-05T10:00:", "2026-06-05T10:00:00.000+", "2026-06-05T10:00:00.000+19",
		"2026-06-05T10:00:00x", "2026-06-05X10:00", "+026-06-05",
		"2026-06-05T10:00:00+02:00:00", "99999-01-01" };
	struct jira_time time;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (!jira_time_read(slice_of(good[i].text), &time) || time.ms != good[i].ms ||
		    time.offset_s != good[i].offset_s || !time.is_set)
			fail_msg("%s: %lld, %d", good[i].text, (long long)time.ms, time.offset_s);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (jira_time_read(slice_of(bad[i]), &time) || time.is_set)
			fail_msg("%s was taken", bad[i]);
	}
	assert_false(jira_time_read(SLICE_NONE, &time));
}

/* ---- zones ----------------------------------------------------------------------------------- */

#define EMPTY_V1 "TZif2" ZERO15 ZERO4 ZERO4 ZERO4 ZERO4 ONE4 ZERO4 TYPE_UTC
#define ZERO4	 "\0\0\0\0"
#define ZERO15	 ZERO4 ZERO4 ZERO4 "\0\0\0"
#define ONE4	 "\0\0\0\1"
#define TYPE_UTC ZERO4 "\0\0"
/* No changes, one type an hour ahead of UTC, then the rule. */
#define BY_RULE(rule) \
	EMPTY_V1 "TZif2" ZERO15 ZERO4 ZERO4 ZERO4 ZERO4 ONE4 ZERO4 "\0\0\x0e\x10\0\0\n" rule "\n"
/* One change at 1970-01-01T00:00:10Z, from an hour to two. */
#define ONE_CHANGE \
	EMPTY_V1 "TZif2" ZERO15 ZERO4 ZERO4 ZERO4 ONE4 "\0\0\0\2" ZERO4 ZERO4 "\0\0\0\x0a\1" \
		 "\0\0\x0e\x10\0\0\0\0\x1c\x20\0\0\n\n"
#define FILE_OF(text) \
	{ \
		(text), sizeof(text) - 1 \
	}

static void
zones_have_summer(void **state)
{
	static const struct slice berlin = FILE_OF(BY_RULE("CET-1CEST,M3.5.0,M10.5.0/3")),
				  sydney = FILE_OF(BY_RULE("AEST-10AEDT,M10.1.0,M4.1.0/3")),
				  tokyo = FILE_OF(BY_RULE("<+09>-9")), change = FILE_OF(ONE_CHANGE),
				  none = FILE_OF(BY_RULE(""));
	static const struct {
		const struct slice *file;
		int64_t at;
		int32_t offset;
	} cases[] = {
		{ &berlin, 1774745999, 3600 }, /* 2026-03-29T00:59:59Z */
		{ &berlin, 1774746000, 7200 },
		{ &berlin, 1792889999, 7200 }, /* 2026-10-25T00:59:59Z */
		{ &berlin, 1792890000, 3600 },
		{ &sydney, 1775318399, 39600 }, /* 2026-04-04T15:59:59Z */
		{ &sydney, 1775318400, 36000 },
		{ &sydney, 1791043199, 36000 }, /* 2026-10-03T15:59:59Z */
		{ &sydney, 1791043200, 39600 },
		{ &tokyo, 1790000000, 32400 },
		{ &tokyo, INT64_MAX / 2, 32400 },
		{ &berlin, INT64_MIN / 2, 3600 },
		{ &change, 9, 3600 },
		{ &change, 10, 7200 },
		{ &none, 0, 3600 },
	};
	struct arena arena;
	struct zone *zone;
	struct err err;

	(void)state;
	arena_init(&arena, NULL, 64 * MIB);
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!zone_read(&arena, *cases[i].file, &zone, &err))
			fail_msg("%zu: %s", i, err.text);
		if (zone_offset(zone, cases[i].at) != cases[i].offset)
			fail_msg("%zu: %d", i, zone_offset(zone, cases[i].at));
	}
	arena_fini(&arena);
}

static void
zones_are_checked(void **state)
{
	static const struct slice whole = FILE_OF(BY_RULE("CET-1CEST,M3.5.0,M10.5.0/3"));
	static const struct slice bad[] = { FILE_OF(""), FILE_OF("TZif"),
		FILE_OF(BY_RULE("CET-1CEST,J60,J300")), FILE_OF(BY_RULE("CET-99")),
		FILE_OF(BY_RULE("CET-1CEST,M13.1.0,M4.1.0")), FILE_OF(BY_RULE("CET-1CEST,M3.5.0")),
		FILE_OF(BY_RULE("-1")), FILE_OF(BY_RULE("CET-1CEST,M3.5.0,M10.5.0x")) };
	static const char *const names[] = { "", "/etc/passwd", "../../etc/passwd", "Europe/../x",
		"Nowhere/Atall", "Europe", "a\nb" };
	struct arena arena;
	struct zone *zone;
	struct err err;

	(void)state;
	arena_init(&arena, NULL, 64 * MIB);
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (zone_read(&arena, bad[i], &zone, &err))
			fail_msg("%zu was taken", i);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	for (size_t n = 0; n < whole.n; n++)
		assert_false(zone_read(&arena, (struct slice){ whole.p, n }, &zone, &err));
	for (size_t i = 0; i < COUNT(names); i++) {
		if (zone_open(&arena, slice_of(names[i]), &zone, &err))
			fail_msg("%s was opened", names[i]);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	assert_true(zone_open(&arena, S("UTC"), &zone, &err));
	assert_int_equal(zone_offset(zone, 1790000000), 0);
	arena_fini(&arena);
}

/* ---- working hours --------------------------------------------------------------------------- */

static void
working_hours(void **state)
{
	static const struct {
		const char *from, *to;
		int64_t minutes;
	} cases[] = {
		/* 2026-06-05 is a Friday. */
		{ "2026-06-05T10:00Z", "2026-06-05T11:30Z", 90 },
		{ "2026-06-05T07:00Z", "2026-06-05T19:00Z", 480 },
		{ "2026-06-05T16:00Z", "2026-06-08T10:00Z", 120 },
		{ "2026-06-06T10:00Z", "2026-06-07T12:00Z", 0 },
		{ "2026-06-05T16:00Z", "2026-06-22T10:00Z", 60 + 10 * 480 + 60 },
		{ "2026-06-05T17:00Z", "2026-06-06T09:00Z", 0 },
		{ "2026-06-05T11:00Z", "2026-06-05T10:00Z", 0 },
		{ "2026-06-05T10:00Z", "2026-06-05T10:00Z", 0 },
		{ "1970-01-01T00:00Z", "2199-12-31T23:59Z", 480LL * 60004 },
	};
	struct jira_hours hours = { .start_min = 540, .end_min = 1020, .days = 0x3e };
	struct jira_time from, to;
	struct arena arena;
	struct zone *zone;
	struct err err;

	(void)state;
	arena_init(&arena, NULL, MIB);
	assert_true(zone_open(&arena, S("UTC"), &zone, &err));
	hours.zone = zone;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t minutes;

		assert_true(jira_time_read(slice_of(cases[i].from), &from));
		assert_true(jira_time_read(slice_of(cases[i].to), &to));
		minutes = jira_working_minutes(&hours, &from, &to);
		if (minutes != cases[i].minutes)
			fail_msg("%s to %s: %lld", cases[i].from, cases[i].to, (long long)minutes);
	}
	hours.end_min = hours.start_min;
	assert_int_equal(jira_working_minutes(&hours, &from, &to), 0);
	arena_fini(&arena);
}

/* ---- tools ----------------------------------------------------------------------------------- */

/* clang-format off */
#define HISTORY(at, from, to) \
	"{\"created\":\"" at "\",\"author\":{\"displayName\":\"Ada\"},\"items\":[" \
	"{\"field\":\"status\",\"fromString\":\"" from "\",\"toString\":\"" to "\"}]}"
#define ISSUE(more, histories) \
	"{\"key\":\"A-1\",\"fields\":{\"status\":{\"name\":\"Done\"},\"created\":\"2026-06-05T10:00:00.000+0200\"" more "}," \
	"\"changelog\":{\"total\":3,\"histories\":[" histories "]}}"
#define ASKED "GET /rest/api/2/issue/A-1?fields=status%2Ccreated%2Cupdated%2Cduedate%2Cresolutiondate&expand=changelog\n"
/* The newest first, as Cloud has them; To Do twice. */
#define CHANGES \
	HISTORY("2026-06-09T12:00:00.000+0200", "To Do", "Done") "," \
	HISTORY("2026-06-08T12:00:00.000+0200", "In Progress", "To Do") "," \
	HISTORY("2026-06-05T12:00:00.000+0200", "To Do", "In Progress")
#define RESOLVED ",\"resolutiondate\":\"2026-06-09T12:00:00.000+0200\",\"duedate\":\"2026-06-08\""

static const struct world_case figures[] = {
	{ .name = "dates", .tool = "get_issue_dates", .args = "{\"issue_key\":\"a-1\"}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0, ISSUE("", CHANGES) } }, .requests = ASKED,
	  .result = "{\"issue_key\":\"A-1\",\"created\":\"2026-06-05T10:00:00.000+0200\",\"current_status\":\"Done\",\"status_changes\":["
	    "{\"status\":\"To Do\",\"entered_at\":\"2026-06-05T10:00:00.000+0200\",\"exited_at\":\"2026-06-05T12:00:00.000+0200\","
	    "\"duration_minutes\":120,\"duration_formatted\":\"2h 0m\"},"
	    "{\"status\":\"In Progress\",\"entered_at\":\"2026-06-05T12:00:00.000+0200\",\"exited_at\":\"2026-06-08T12:00:00.000+0200\","
	    "\"duration_minutes\":4320,\"duration_formatted\":\"3d 0h 0m\",\"transitioned_by\":\"Ada\"},"
	    "{\"status\":\"To Do\",\"entered_at\":\"2026-06-08T12:00:00.000+0200\",\"exited_at\":\"2026-06-09T12:00:00.000+0200\","
	    "\"duration_minutes\":1440,\"duration_formatted\":\"1d 0h 0m\",\"transitioned_by\":\"Ada\"},"
	    "{\"status\":\"Done\",\"entered_at\":\"2026-06-09T12:00:00.000+0200\",\"transitioned_by\":\"Ada\"}],\"status_summary\":["
	    "{\"status\":\"In Progress\",\"total_duration_minutes\":4320,\"total_duration_formatted\":\"3d 0h 0m\",\"visit_count\":1},"
	    "{\"status\":\"To Do\",\"total_duration_minutes\":1560,\"total_duration_formatted\":\"1d 2h 0m\",\"visit_count\":2},"
	    "{\"status\":\"Done\",\"total_duration_minutes\":0,\"total_duration_formatted\":\"0m\",\"visit_count\":1}]}" },
	{ .name = "figures in working hours", .tool = "get_issue_sla",
	  .args = "{\"issue_key\":\"A-1\",\"working_hours_only\":true,\"metrics\":\"cycle_time,time_in_status,due_date_compliance\"}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0, ISSUE(RESOLVED, CHANGES) } }, .requests = ASKED,
	  .result = "{\"issue_key\":\"A-1\",\"metrics\":{\"cycle_time\":{\"calculated\":true,\"value_minutes\":1020,\"formatted\":\"17h 0m\"},"
	    "\"time_in_status\":{\"statuses\":["
	    "{\"status\":\"To Do\",\"value_minutes\":540,\"formatted\":\"9h 0m\",\"percentage\":52.94,\"visit_count\":2},"
	    "{\"status\":\"In Progress\",\"value_minutes\":480,\"formatted\":\"8h 0m\",\"percentage\":47.06,\"visit_count\":1},"
	    "{\"status\":\"Done\",\"value_minutes\":0,\"formatted\":\"0m\",\"percentage\":0.0,\"visit_count\":1}],\"total_minutes\":1020},"
	    "\"due_date_compliance\":{\"status\":\"missed\",\"margin_minutes\":-720,\"formatted_margin\":\"12h 0m late\"}},\"working_hours\":true}" },
	{ .name = "the first status that is in progress, by its category", .tool = "get_issue_sla",
	  .args = "{\"issue_key\":\"A-1\",\"metrics\":[\"resolution_time\",\"first_response_time\"]}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0, ISSUE(RESOLVED, CHANGES) },
	    { "GET /rest/api/2/status", 0, "[{\"name\":\"in progress\",\"statusCategory\":{\"key\":\"new\"}},"
	      "{\"name\":\"to do\",\"statusCategory\":{\"key\":\"indeterminate\"}}]" } },
	  .requests = ASKED "GET /rest/api/2/status\n",
	  .result = "{\"issue_key\":\"A-1\",\"metrics\":{\"resolution_time\":{\"calculated\":true,\"value_minutes\":5880,\"formatted\":\"4d 2h 0m\"},"
	    "\"first_response_time\":{\"calculated\":true,\"value_minutes\":120,\"formatted\":\"2h 0m\",\"response_type\":\"transition\"}},"
	    "\"working_hours\":false}" },
	{ .name = "up to now", .tool = "get_issue_sla", .args = "{\"issue_key\":\"A-1\",\"metrics\":\"lead_time\"}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0,
	    "{\"key\":\"A-1\",\"fields\":{\"created\":\"1970-01-01T00:06:40.000Z\"}}" } }, .requests = ASKED,
	  .result = "{\"issue_key\":\"A-1\",\"metrics\":{\"lead_time\":{\"value_minutes\":10,\"formatted\":\"10m\",\"is_resolved\":false}},"
	    "\"working_hours\":false}" },
	{ .name = "no request has no service levels", .tool = "get_issue_sla", .args = "{\"issue_key\":\"A-1\",\"metrics\":\"service_levels\"}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0, "{\"key\":\"A-1\",\"fields\":{}}" },
	    { "GET /rest/servicedeskapi/request/A-1/sla", 404, "{}" } },
	  .requests = ASKED "GET /rest/servicedeskapi/request/A-1/sla\n",
	  .result = "{\"issue_key\":\"A-1\",\"metrics\":{\"service_levels\":[]},\"working_hours\":false}" },
	{ .name = "times that are none, members of other types", .tool = "get_issue_dates", .args = "{\"issue_key\":\"A-1\"}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0,
	    "{\"key\":\"A-1\",\"fields\":{\"status\":[],\"created\":7,\"duedate\":{}},\"changelog\":{\"histories\":[1,{\"created\":\"soon\","
	    "\"items\":[{\"field\":\"status\"}]},{\"created\":\"2026-06-05T10:00Z\",\"items\":{\"a\":1}},"
	    "{\"created\":\"2026-06-05T10:00Z\",\"items\":[3,{\"field\":\"Status\",\"toString\":\"X\"}]}]}}" } },
	  .requests = ASKED,
	  .result = "{\"issue_key\":\"A-1\",\"status_changes\":[{\"status\":\"X\",\"entered_at\":\"2026-06-05T10:00Z\"}],"
	    "\"status_summary\":[{\"status\":\"X\",\"total_duration_minutes\":0,\"total_duration_formatted\":\"0m\",\"visit_count\":1}]}" },
	{ .name = "Cloud cuts the history: the rest is read", .tool = "get_issue_dates", .is_cloud = true,
	  .args = "{\"issue_key\":\"A-1\",\"include_status_summary\":false}",
	  .replies = { { "GET /rest/api/3/issue/A-1", 0, ISSUE("", HISTORY("2026-06-09T12:00:00.000+0200", "To Do", "Done")) },
	    { "GET /rest/api/3/issue/A-1/changelog", 0, "{\"total\":1,\"values\":[" HISTORY("2026-06-05T12:00:00.000+0200", "Open", "Done") "]}" } },
	  .requests = "GET /rest/api/3/issue/A-1?fields=status%2Ccreated%2Cupdated%2Cduedate%2Cresolutiondate&expand=changelog\n"
	    "GET /rest/api/3/issue/A-1/changelog?startAt=0&maxResults=100\n",
	  .result = "{\"issue_key\":\"A-1\",\"created\":\"2026-06-05T10:00:00.000+0200\",\"current_status\":\"Done\",\"status_changes\":["
	    "{\"status\":\"Open\",\"entered_at\":\"2026-06-05T10:00:00.000+0200\",\"exited_at\":\"2026-06-05T12:00:00.000+0200\","
	    "\"duration_minutes\":120,\"duration_formatted\":\"2h 0m\"},"
	    "{\"status\":\"Done\",\"entered_at\":\"2026-06-05T12:00:00.000+0200\",\"transitioned_by\":\"Ada\"}]}" },
	{ .name = "a metric that is none", .tool = "get_issue_sla", .args = "{\"issue_key\":\"A-1\",\"metrics\":\"cycle_time,speed\"}",
	  .requests = "", .failure = "\"speed\" is none of cycle_time", .kind = ERR_PARAMS },
	{ .name = "moved out of the filter", .tool = "get_issue_dates", .filter = "A", .args = "{\"issue_key\":\"A-1\"}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0, "{\"key\":\"HR-1\",\"fields\":{}}" } }, .requests = ASKED,
	  .failure = "is now in a project", .kind = ERR_REFUSED },
};
/* clang-format on */

static void
figures_are_made(void **state)
{
	(void)state;
	world_play_all(figures, COUNT(figures));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(zones_have_summer),
		cmocka_unit_test(zones_are_checked),
		cmocka_unit_test(working_hours),
		cmocka_unit_test(figures_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

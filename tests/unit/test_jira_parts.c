/*
 * What belongs to issues: people, worklogs, links, comments; and queries that are only looked at.
 * Nothing is sent before every argument was read; filters hold at both ends of a link; what was
 * done before a later request failed is said.
 */
#include "jira_world.h"

/* clang-format off */
#define ADA "{\"name\":\"ada\",\"key\":\"JIRAUSER1\",\"displayName\":\"Ada\",\"active\":true,\"timeZone\":\"UTC\"}"
#define LOGGED \
	"{\"id\":\"7\",\"timeSpent\":\"1h\",\"timeSpentSeconds\":3600,\"author\":{\"displayName\":\"Ada\"}}"
#define LOGGED_OUT \
	"\"worklog\":{\"id\":\"7\",\"time_spent\":\"1h\",\"time_spent_seconds\":3600,\"author\":\"Ada\""
#define WORKLOG_ADDED \
	"{\"message\":\"Worklog added successfully\"," LOGGED_OUT ",\"original_estimate_updated\":false,\"remaining_estimate_updated\":false}}"
#define ADDS(body) \
	.tool = "add_worklog", .replies = { { "POST /rest/api/2/issue/DEMO-9/worklog", 201, LOGGED } }, \
	.requests = "POST /rest/api/2/issue/DEMO-9/worklog " body "\n", .result = WORKLOG_ADDED
#define REFUSES(tool_name, text) \
	.tool = tool_name, .requests = "", .failure = text, .kind = ERR_PARAMS

static const struct world_case people[] = {
	{ .name = "an account id costs one request", .tool = "get_user_profile", .is_cloud = true,
	  .args = "{\"user_identifier\":\"accountid:a:1\"}",
	  .replies = { { "GET /rest/api/3/user", 0, "{\"accountId\":\"a:1\",\"displayName\":\"Ada\",\"active\":false}" } },
	  .requests = "GET /rest/api/3/user?accountId=a%3A1\n",
	  .result = "{\"success\":true,\"user\":{\"account_id\":\"a:1\",\"display_name\":\"Ada\",\"name\":\"Ada\",\"active\":false}}" },
	{ .name = "a key of Data Center", .tool = "get_user_profile", .args = "{\"user_identifier\":\"JIRAUSER1\"}",
	  .replies = { { "GET /rest/api/2/user/search", 0, "[]" }, { "GET /rest/api/2/user", 0, ADA } },
	  .requests = "GET /rest/api/2/user/search?username=JIRAUSER1&maxResults=50\nGET /rest/api/2/user?key=JIRAUSER1\nGET /rest/api/2/user?username=ada\n",
	  .result = "{\"success\":true,\"user\":{\"display_name\":\"Ada\",\"name\":\"ada\",\"key\":\"JIRAUSER1\",\"active\":true,\"time_zone\":\"UTC\"}}" },
	{ .name = "me", .tool = "add_watcher", .is_cloud = true, .args = "{\"issue_key\":\"DEMO-9\",\"user_identifier\":\" Me \"}",
	  .replies = { { "GET /rest/api/3/myself", 0, "{\"accountId\":\"a:1\"}" }, { "POST /rest/api/3/issue/DEMO-9/watchers", 204, NULL } },
	  .requests = "GET /rest/api/3/myself\nPOST /rest/api/3/issue/DEMO-9/watchers \"a:1\"\n",
	  .result = "{\"success\":true,\"message\":\"User 'Me' added as watcher to DEMO-9\",\"issue_key\":\"DEMO-9\",\"user\":\"Me\"}" },
	{ .name = "a user that is none: nobody is added", .tool = "add_watcher", .args = "{\"issue_key\":\"DEMO-9\",\"user_identifier\":\"ad\"}",
	  .replies = { { "GET /rest/api/2/user/search", 0, "[" ADA "]" }, { "GET /rest/api/2/user", 404, NULL } },
	  .requests = "GET /rest/api/2/user/search?username=ad&maxResults=50\nGET /rest/api/2/user?username=ad\n",
	  .failure = "no user is called exactly \"ad\": Ada (ada)", .kind = ERR_PARAMS },
	{ .name = "an issue that moved out of sight", .tool = "get_issue_watchers", .filter = "DEMO", .args = "{\"issue_key\":\"DEMO-9\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, "{\"key\":\"HR-1\"}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-9?fields=project\n", .failure = "is now in a project", .kind = ERR_REFUSED },
	{ .name = "assignable: an issue of another project", .filter = "OPS", .args = "{\"query\":\"a\",\"issue_key\":\"DEMO-9\"}",
	  .tool = "search_assignable_users", .requests = "", .failure = "DEMO is none", .kind = ERR_REFUSED },
	{ .name = "an account id on Cloud is taken as it is", .tool = "remove_watcher", .is_cloud = true,
	  .args = "{\"issue_key\":\"DEMO-9\",\"account_id\":\"accountid:a&b\",\"username\":\"ada\"}", .replies = { { "DELETE /rest/api/3/issue/DEMO-9/watchers", 204, NULL } },
	  .requests = "DELETE /rest/api/3/issue/DEMO-9/watchers?accountId=a%26b\n",
	  .result = "{\"success\":true,\"message\":\"User 'accountid:a&b' removed from watching DEMO-9\",\"issue_key\":\"DEMO-9\",\"user\":\"accountid:a&b\"}" },
};

static const struct world_case durations[] = {
	{ .name = "parts without blanks", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\" 1w2d 3.5h30M \"}", ADDS("{\"timeSpent\":\"1w 2d 3.5h 30M\"}") },
	{ .name = "seconds", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"90s\"}", ADDS("{\"timeSpentSeconds\":90}") },
	{ .name = "a number", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":3600}", ADDS("{\"timeSpentSeconds\":3600}") },
	{ .name = "a date", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"started\":\"2030-01-31\"}",
	  ADDS("{\"timeSpent\":\"1h\",\"started\":\"2030-01-31T00:00:00.000+0000\"}") },
	{ .name = "a time with a zone", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"started\":\"2030-01-31 09:05:07.25 -03:30\"}",
	  ADDS("{\"timeSpent\":\"1h\",\"started\":\"2030-01-31T09:05:07.250-0330\"}") },
	{ .name = "nothing", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"  \"}", REFUSES("add_worklog", "time_spent: ") },
	{ .name = "zero", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"0\"}", REFUSES("add_worklog", "no number of seconds") },
	{ .name = "too many seconds", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"99999999999999999999\"}", REFUSES("add_worklog", "no number of seconds") },
	{ .name = "a word", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h and a bit\"}", REFUSES("add_worklog", "\"1h and a bit\" is no duration") },
	{ .name = "a unit alone", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"h\"}", REFUSES("add_worklog", "is no duration") },
	{ .name = "a number without a unit behind one", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h 30\"}", REFUSES("add_worklog", "is no duration") },
	{ .name = "negative", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"-1h\"}", REFUSES("add_worklog", "is no duration") },
	{ .name = "an estimate that is none", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"remaining_estimate\":\"x\"}", REFUSES("add_worklog", "remaining_estimate: ") },
	{ .name = "month 13", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"started\":\"2030-13-01\"}", REFUSES("add_worklog", "started: ") },
	{ .name = "a time with a tail", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"started\":\"2030-01-01T09:00:00Zx\"}", REFUSES("add_worklog", "started: ") },
	{ .name = "a zone of three digits", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"started\":\"2030-01-01T09:00:00+020\"}", REFUSES("add_worklog", "started: ") },
	{ .name = "NUL", .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\\u0000\"}", REFUSES("add_worklog", "must not hold NUL") },
};

static const struct world_case worklogs[] = {
	{ .name = "estimates", .tool = "add_worklog", .is_cloud = true,
	  .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"original_estimate\":\"1d\",\"remaining_estimate\":\"2h\"}",
	  .replies = { { "PUT /rest/api/3/issue/DEMO-9", 204, NULL }, { "POST /rest/api/3/issue/DEMO-9/worklog", 201, LOGGED } },
	  .requests = "PUT /rest/api/3/issue/DEMO-9 {\"fields\":{\"timetracking\":{\"originalEstimate\":\"1d\"}}}\n"
	    "POST /rest/api/3/issue/DEMO-9/worklog?adjustEstimate=new&newEstimate=2h {\"timeSpent\":\"1h\"}\n",
	  .result = "{\"message\":\"Worklog added successfully\"," LOGGED_OUT ",\"original_estimate_updated\":true,\"remaining_estimate_updated\":true}}" },
	{ .name = "the estimate was set, the worklog refused", .tool = "add_worklog",
	  .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"original_estimate\":\"1d\"}",
	  .replies = { { "PUT /rest/api/2/issue/DEMO-9", 204, NULL }, { "POST /rest/api/2/issue/DEMO-9/worklog", 403, NULL } },
	  .requests = "PUT /rest/api/2/issue/DEMO-9 {\"fields\":{\"timetracking\":{\"originalEstimate\":\"1d\"}}}\nPOST /rest/api/2/issue/DEMO-9/worklog {\"timeSpent\":\"1h\"}\n",
	  .failure = "the original estimate of DEMO-9 was set, and no worklog was added", .kind = ERR_REFUSED },
	{ .name = "the estimate is refused: nothing is logged", .tool = "add_worklog",
	  .args = "{\"issue_key\":\"DEMO-9\",\"time_spent\":\"1h\",\"original_estimate\":\"1d\"}", .replies = { { "PUT /rest/api/2/issue/DEMO-9", 400, NULL } },
	  .requests = "PUT /rest/api/2/issue/DEMO-9 {\"fields\":{\"timetracking\":{\"originalEstimate\":\"1d\"}}}\n", .failure = "HTTP 400", .kind = ERR_REQUEST },
	{ .name = "pages", .tool = "get_worklog", .args = "{\"issue_key\":\"DEMO-9\",\"start_at\":5,\"limit\":2}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9/worklog", 0, "{\"total\":9,\"worklogs\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"}]}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-9/worklog?startAt=5&maxResults=2\n", .result = "{\"worklogs\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"total\":9,\"next_start_at\":7}" },
	{ .name = "an old key of another project", .tool = "delete_worklog", .filter = "DEMO", .args = "{\"issue_key\":\"DEMO-9\",\"worklog_id\":7}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, "{\"key\":\"HR-1\"}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-9?fields=project\n", .failure = "is now in a project", .kind = ERR_REFUSED },
	{ .name = "an id that climbs", .args = "{\"issue_key\":\"DEMO-9\",\"worklog_id\":\"7/../8\"}", REFUSES("delete_worklog", "worklog_id: \"7/../8\" is no id") },
	{ .name = "an empty comment empties it", .tool = "edit_worklog", .args = "{\"issue_key\":\"DEMO-9\",\"worklog_id\":\"7\",\"comment\":\"\"}",
	  .replies = { { "PUT /rest/api/2/issue/DEMO-9/worklog/7", 0, LOGGED } }, .requests = "PUT /rest/api/2/issue/DEMO-9/worklog/7 {\"comment\":\"\"}\n",
	  .result = "{\"message\":\"Worklog updated successfully\"," LOGGED_OUT "}}" },
};

#define LINK_BODY "{\"type\":{\"name\":\"Blocks\"},\"inwardIssue\":{\"key\":\"DEMO-1\"},\"outwardIssue\":{\"key\":\"DEMO-2\"}"
#define LINK_ARGS "\"link_type\":\"Blocks\",\"inward_issue_key\":\"demo-1\",\"outward_issue_key\":\"DEMO-2\""
static const struct world_case links[] = {
	{ .name = "a comment that some see", .tool = "create_issue_link", .is_cloud = true,
	  .args = "{" LINK_ARGS ",\"comment\":\"{\\\"type\\\":\\\"doc\\\",\\\"version\\\":1,\\\"content\\\":[]}\",\"comment_visibility\":\"{\\\"type\\\":\\\"role\\\",\\\"value\\\":\\\"Dev\\\"}\"}",
	  .replies = { { "POST /rest/api/3/issueLink", 201, NULL } },
	  .requests = "POST /rest/api/3/issueLink " LINK_BODY ",\"comment\":{\"body\":{\"type\":\"doc\",\"version\":1,\"content\":[]},\"visibility\":{\"type\":\"role\",\"value\":\"Dev\"}}}\n",
	  .result = "{\"success\":true,\"message\":\"Link created between DEMO-1 and DEMO-2\",\"link_type\":\"Blocks\",\"inward_issue\":\"DEMO-1\",\"outward_issue\":\"DEMO-2\"}" },
	{ .name = "internal-only at the other end: no comment", .tool = "create_issue_link", .internal_only = "JSM",
	  .args = "{\"link_type\":\"Blocks\",\"inward_issue_key\":\"DEMO-1\",\"outward_issue_key\":\"JSM-2\",\"comment\":\"x\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 0, "{\"key\":\"DEMO-1\"}" }, { "GET /rest/api/2/issue/JSM-2", 0, "{\"key\":\"JSM-2\"}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=project\nGET /rest/api/2/issue/JSM-2?fields=project\n", .failure = "comments in JSM must be internal", .kind = ERR_REFUSED },
	{ .name = "the other end is out of sight", .tool = "create_issue_link", .filter = "DEMO",
	  .args = "{\"link_type\":\"Blocks\",\"inward_issue_key\":\"DEMO-1\",\"outward_issue_key\":\"HR-2\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 0, "{\"key\":\"DEMO-1\"}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=project\n", .failure = "HR is none", .kind = ERR_REFUSED },
	{ .name = "removed only where both ends are shown", .tool = "remove_issue_link", .filter = "DEMO", .args = "{\"link_id\":\"5\"}",
	  .replies = { { "GET /rest/api/2/issueLink/5", 0, "{\"inwardIssue\":{\"key\":\"DEMO-1\"},\"outwardIssue\":{\"key\":\"HR-2\"}}" } },
	  .requests = "GET /rest/api/2/issueLink/5\n", .failure = "link 5 is of an issue in a project that this site does not show", .kind = ERR_REFUSED },
	{ .name = "no id", .args = "{\"link_id\":\"5?x\"}", REFUSES("remove_issue_link", "link_id: \"5?x\" is no id") },
	{ .name = "a link that runs", .args = "{\"issue_key\":\"DEMO-1\",\"url\":\"JavaScript:alert(1)\",\"title\":\"x\"}", REFUSES("create_remote_issue_link", "is no whole address") },
	{ .name = "a link with a line", .args = "{\"issue_key\":\"DEMO-1\",\"url\":\"https://x/a\\nb\",\"title\":\"x\"}", REFUSES("create_remote_issue_link", "is no whole address") },
	{ .name = "only a scheme", .args = "{\"issue_key\":\"DEMO-1\",\"url\":\"https://\",\"title\":\"x\"}", REFUSES("create_remote_issue_link", "is no whole address") },
	{ .name = "an icon", .tool = "create_remote_issue_link", .args = "{\"issue_key\":\"DEMO-1\",\"url\":\"HTTPS://x/\",\"title\":\"T\",\"icon_url\":\"http://x/i\"}",
	  .replies = { { "POST /rest/api/2/issue/DEMO-1/remotelink", 201, "{\"id\":10}" } },
	  .requests = "POST /rest/api/2/issue/DEMO-1/remotelink {\"object\":{\"url\":\"HTTPS://x/\",\"title\":\"T\",\"icon\":{\"url16x16\":\"http://x/i\",\"title\":\"T\"}}}\n",
	  .result = "{\"success\":true,\"message\":\"Remote link created for issue DEMO-1\",\"issue_key\":\"DEMO-1\",\"link_title\":\"T\",\"link_url\":\"HTTPS://x/\",\"relationship\":\"\",\"id\":\"10\"}" },
};

#define EPIC_FIELDS \
	"[{\"id\":\"customfield_11\",\"name\":\"Epic Name\",\"schema\":{\"type\":\"string\",\"custom\":\"com.pyxis.greenhopper.jira:gh-epic-label\"}}," \
	"{\"id\":\"customfield_14\",\"name\":\"Epic Link\",\"schema\":{\"type\":\"any\",\"custom\":\"com.pyxis.greenhopper.jira:gh-epic-link\"}}]"
#define EPIC_ARGS "{\"issue_key\":\"DEMO-9\",\"epic_key\":\"DEMO-1\"}"
#define EPIC_DONE "{\"message\":\"Issue DEMO-9 has been linked to epic DEMO-1.\",\"issue\":{\"id\":\"9\",\"key\":\"DEMO-9\",\"browse_url\":\"https://jira.example/browse/DEMO-9\"}}"
static const struct world_case epics[] = {
	{ .name = "Cloud: whatever it is called", .tool = "link_to_epic", .is_cloud = true, .args = EPIC_ARGS,
	  .replies = { { "GET /rest/api/3/issue/DEMO-1", 0, "{\"key\":\"DEMO-1\",\"fields\":{\"issuetype\":{\"name\":\"Thema\",\"hierarchyLevel\":1}}}" },
	    { "PUT /rest/api/3/issue/DEMO-9", 204, NULL }, { "GET /rest/api/3/issue/DEMO-9", 0, "{\"id\":\"9\",\"key\":\"DEMO-9\"}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-1?fields=issuetype\nPUT /rest/api/3/issue/DEMO-9 {\"fields\":{\"parent\":{\"key\":\"DEMO-1\"}}}\n"
	    "GET /rest/api/3/issue/DEMO-9?expand=names\n", .result = EPIC_DONE },
	{ .name = "Data Center: it has the name of an epic", .tool = "link_to_epic", .args = EPIC_ARGS,
	  .replies = { { "GET /rest/api/2/field", 0, EPIC_FIELDS }, { "GET /rest/api/2/issue/DEMO-1", 0, "{\"key\":\"DEMO-1\",\"fields\":{\"customfield_11\":\"E\",\"issuetype\":{\"name\":\"Thema\"}}}" },
	    { "PUT /rest/api/2/issue/DEMO-9", 204, NULL }, { "GET /rest/api/2/issue/DEMO-9", 0, "{\"id\":\"9\",\"key\":\"DEMO-9\"}" } },
	  .requests = "GET /rest/api/2/field\nGET /rest/api/2/issue/DEMO-1?fields=customfield_11%2Cissuetype\nPUT /rest/api/2/issue/DEMO-9 {\"fields\":{\"customfield_14\":\"DEMO-1\"}}\n"
	    "GET /rest/api/2/issue/DEMO-9?expand=names\n", .result = EPIC_DONE },
	{ .name = "a story is no epic", .tool = "link_to_epic", .is_cloud = true, .args = EPIC_ARGS,
	  .replies = { { "GET /rest/api/3/issue/DEMO-1", 0, "{\"key\":\"DEMO-1\",\"fields\":{\"issuetype\":{\"name\":\"Epic\",\"hierarchyLevel\":0}}}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-1?fields=issuetype\n", .failure = "epic_key: DEMO-1 is not an epic", .kind = ERR_PARAMS },
	{ .name = "an epic that moved out of sight", .tool = "link_to_epic", .is_cloud = true, .filter = "DEMO", .args = EPIC_ARGS,
	  .replies = { { "GET /rest/api/3/issue/DEMO-9", 0, "{\"key\":\"DEMO-9\"}" }, { "GET /rest/api/3/issue/DEMO-1", 0, "{\"key\":\"HR-1\"}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-9?fields=project\nGET /rest/api/3/issue/DEMO-1?fields=issuetype\n", .failure = "is now in a project", .kind = ERR_REFUSED },
};

static const struct world_case others[] = {
	{ .name = "comments, the newest first", .tool = "get_comments", .args = "{\"issue_key\":\"DEMO-9\",\"order\":\"Newest\",\"limit\":1}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9/comment", 0, "{\"total\":2,\"comments\":[{\"id\":\"8\",\"body\":\"x\"}]}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-9/comment?orderBy=-created&startAt=0&maxResults=1\n",
	  .result = "{\"issue_key\":\"DEMO-9\",\"total\":2,\"comments\":[{\"id\":\"8\",\"body\":\"x\"}],\"next_start_at\":1}" },
	{ .name = "a comment goes", .tool = "delete_comment", .args = "{\"issue_key\":\"DEMO-9\",\"comment_id\":8}", .replies = { { "DELETE /rest/api/2/issue/DEMO-9/comment/8", 204, NULL } },
	  .requests = "DELETE /rest/api/2/issue/DEMO-9/comment/8\n", .result = "{\"message\":\"Comment 8 of DEMO-9 has been deleted\"}" },
	{ .name = "a query that is refused is an answer", .tool = "validate_jql", .args = "{\"jql\":\"x = 1\"}",
	  .replies = { { "GET /rest/api/2/search", 400, "{\"errorMessages\":[\"no x\"]}" } }, .requests = "GET /rest/api/2/search?jql=x%20%3D%201&maxResults=0&validateQuery=true\n",
	  .result = "{\"valid\":false,\"errors\":[\"jira: HTTP 400 (refused): no x\"],\"warnings\":[]}" },
	{ .name = "a credential that is refused is none", .tool = "validate_jql", .args = "{\"jql\":\"x = 1\"}", .replies = { { "GET /rest/api/2/search", 401, NULL } },
	  .requests = "GET /rest/api/2/search?jql=x%20%3D%201&maxResults=0&validateQuery=true\n", .failure = "HTTP 401", .kind = ERR_REFUSED },
	{ .name = "Cloud parses", .tool = "validate_jql", .is_cloud = true, .args = "{\"jql\":\"x = \\\"1\"}",
	  .replies = { { "POST /rest/api/3/jql/parse", 0, "{\"queries\":[{\"query\":\"q\",\"errors\":[\"a quote\"],\"warnings\":[\"w\"]}]}" } },
	  .requests = "POST /rest/api/3/jql/parse?validation=strict {\"queries\":[\"x = \\\"1\"]}\n", .result = "{\"valid\":false,\"errors\":[\"a quote\"],\"warnings\":[\"w\"]}" },
	{ .name = "an answer about nothing", .tool = "validate_jql", .is_cloud = true, .args = "{\"jql\":\"x\"}", .replies = { { "POST /rest/api/3/jql/parse", 0, "{\"queries\":[]}" } },
	  .requests = "POST /rest/api/3/jql/parse?validation=strict {\"queries\":[\"x\"]}\n", .failure = "did not say what it read", .kind = ERR_UNAVAILABLE },
};
/* clang-format on */

#define PLAY(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		world_play_all(name, COUNT(name)); \
	}
PLAY(people)
PLAY(durations)
PLAY(worklogs)
PLAY(links)
PLAY(epics)
PLAY(others)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_worklogs),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_epics),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

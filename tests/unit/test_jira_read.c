/*
 * Reading issues of both deployments: one request where one is enough, the shape of what comes
 * back, pages, and the filter that holds on every way.
 */
#include "jira_world.h"

/* clang-format off */
#define DC_FIELDS \
	"[{\"id\":\"customfield_10011\",\"name\":\"Epic Name\",\"schema\":{\"type\":\"string\",\"custom\":\"com.pyxis.greenhopper.jira:gh-epic-label\"}}," \
	"{\"id\":\"customfield_10014\",\"name\":\"Epic Link\",\"schema\":{\"type\":\"any\",\"custom\":\"com.pyxis.greenhopper.jira:gh-epic-link\"}}," \
	"{\"id\":\"customfield_10016\",\"name\":\"Story Points\",\"schema\":{\"type\":\"number\",\"custom\":\"x:float\"}}]"

static const struct world_case issues[] = {
	{ .name = "one request, and nobody is assigned", .tool = "get_issue",
	  .args = "{\"issue_key\":\"demo-1\",\"fields\":\"summary,assignee\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 0,
	    "{\"id\":\"1\",\"key\":\"DEMO-1\",\"fields\":{\"summary\":\"S\",\"assignee\":null}}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=summary%2Cassignee&updateHistory=true\n",
	  .result = "{\"id\":\"1\",\"key\":\"DEMO-1\",\"summary\":\"S\",\"browse_url\":\"https://jira.example/browse/DEMO-1\","
	    "\"assignee\":{\"display_name\":\"Unassigned\"}}" },
	{ .name = "comments come in the same request", .tool = "get_issue",
	  .args = "{\"issue_key\":\"DEMO-1\",\"comment_limit\":1,\"update_history\":false}", .is_cloud = true,
	  .replies = { { "GET /rest/api/3/issue/DEMO-1", 0,
	    "{\"id\":\"1\",\"key\":\"DEMO-1\",\"fields\":{\"status\":{\"name\":\"Done\",\"statusCategory\":{\"name\":\"Done\",\"colorName\":\"green\"}},"
	    "\"reporter\":{\"accountId\":\"a:1\",\"displayName\":\"Ada\",\"avatarUrls\":{\"48x48\":\"u\"}},\"labels\":[\"x\"],"
	    "\"comment\":{\"total\":2,\"comments\":[{\"id\":\"7\",\"created\":\"c\",\"author\":{\"displayName\":\"Ada\"}},{\"id\":\"8\"}]}}}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-1?fields=versions%2Ccreated%2Clabels%2Cpriority%2Cdescription%2Csummary%2Cupdated%2C"
	    "issuetype%2Cassignee%2Cstatus%2Creporter%2Ccomment\n",
	  .result = "{\"id\":\"1\",\"key\":\"DEMO-1\",\"status\":{\"name\":\"Done\",\"category\":\"Done\",\"color\":\"green\"},"
	    "\"reporter\":{\"account_id\":\"a:1\",\"display_name\":\"Ada\",\"name\":\"Ada\",\"avatar_url\":\"u\"},\"labels\":[\"x\"],"
	    "\"browse_url\":\"https://jira.example/browse/DEMO-1\","
	    "\"comments\":[{\"id\":\"7\",\"author\":{\"display_name\":\"Ada\",\"name\":\"Ada\"},\"created\":\"c\"}],"
	    "\"comments_total\":2,\"comments_next\":1}" },
	{ .name = "custom fields by name, the epic by its link", .tool = "get_issue",
	  .args = "{\"issue_key\":\"DEMO-1\",\"fields\":[\"story points\",\"epic_key\"],\"use_display_names\":true}",
	  .replies = { { "GET /rest/api/2/field", 0, DC_FIELDS },
	    { "GET /rest/api/2/issue/DEMO-1", 0,
	      "{\"id\":\"1\",\"key\":\"DEMO-1\",\"names\":{\"customfield_10016\":\"Story Points\",\"customfield_10014\":\"Epic Link\"},"
	      "\"fields\":{\"customfield_10016\":3.0,\"customfield_10014\":\"DEMO-9\",\"customfield_10011\":null}}" } },
	  .requests = "GET /rest/api/2/field\n"
	    "GET /rest/api/2/issue/DEMO-1?fields=customfield_10016%2Ccustomfield_10014%2Ccustomfield_10011&expand=names&updateHistory=true\n",
	  .result = "{\"id\":\"1\",\"key\":\"DEMO-1\",\"browse_url\":\"https://jira.example/browse/DEMO-1\",\"epic_key\":\"DEMO-9\","
	    "\"Story Points\":{\"value\":3.0,\"field_id\":\"customfield_10016\"},"
	    "\"Epic Link\":{\"value\":\"DEMO-9\",\"field_id\":\"customfield_10014\"},"
	    "\"Epic Name\":{\"value\":null,\"field_id\":\"customfield_10011\"}}" },
	{ .name = "all: empty custom fields are left out; options, cascades, people", .tool = "get_issue",
	  .args = "{\"issue_key\":\"DEMO-1\",\"fields\":\"*all\",\"update_history\":false}", .is_cloud = true,
	  .replies = { { "GET /rest/api/3/issue/DEMO-1", 0,
	    "{\"id\":\"1\",\"key\":\"DEMO-1\",\"self\":\"s\",\"names\":{\"customfield_2\":\"Area\"},\"fields\":{\"customfield_1\":null,"
	    "\"customfield_2\":{\"value\":\"A\",\"child\":{\"value\":\"B\"}},\"customfield_3\":[{\"name\":\"x\"},{\"accountId\":\"a\",\"displayName\":\"Ada\"},7],"
	    "\"parent\":{\"key\":\"DEMO-9\",\"fields\":{\"summary\":\"Epos\",\"issuetype\":{\"name\":\"Epic\"}}}}}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-1?fields=%2Aall&expand=names\n",
	  .result = "{\"id\":\"1\",\"key\":\"DEMO-1\",\"parent\":{\"key\":\"DEMO-9\",\"fields\":{\"summary\":\"Epos\",\"issuetype\":{\"name\":\"Epic\"}}},"
	    "\"browse_url\":\"https://jira.example/browse/DEMO-1\",\"url\":\"s\",\"epic_key\":\"DEMO-9\",\"epic_name\":\"Epos\","
	    "\"customfield_2\":{\"value\":\"A\",\"child\":\"B\",\"name\":\"Area\"},"
	    "\"customfield_3\":{\"value\":[\"x\",{\"account_id\":\"a\",\"display_name\":\"Ada\",\"name\":\"Ada\"},7]}}" },
	{ .name = "an epic of Cloud is called what it says; a sprint keeps its dates", .tool = "get_issue",
	  .args = "{\"issue_key\":\"DEMO-1\",\"fields\":\"*all\",\"update_history\":false}", .is_cloud = true,
	  .replies = { { "GET /rest/api/3/issue/DEMO-1", 0,
	    "{\"id\":\"1\",\"key\":\"DEMO-1\",\"self\":\"s\",\"names\":{\"customfield_1\":\"Sprint\"},\"fields\":{\"summary\":\"Epos\","
	    "\"issuetype\":{\"name\":\"Saga\",\"hierarchyLevel\":1},"
	    "\"subtasks\":[{\"key\":\"DEMO-2\",\"fields\":{\"issuetype\":{\"name\":\"Part\",\"hierarchyLevel\":-1}}}],"
	    "\"customfield_1\":[{\"id\":7,\"name\":\"One\",\"state\":\"active\",\"boardId\":3},{\"id\":7,\"name\":\"two\"}]}}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-1?fields=%2Aall&expand=names\n",
	  .result = "{\"id\":\"1\",\"key\":\"DEMO-1\",\"summary\":\"Epos\",\"issue_type\":{\"name\":\"Saga\"},"
	    "\"subtasks\":[{\"key\":\"DEMO-2\",\"fields\":{\"issuetype\":{\"name\":\"Part\",\"hierarchyLevel\":-1}}}],"
	    "\"browse_url\":\"https://jira.example/browse/DEMO-1\",\"url\":\"s\",\"epic_name\":\"Epos\","
	    "\"customfield_1\":{\"value\":[{\"id\":7,\"name\":\"One\",\"state\":\"active\",\"boardId\":3},\"two\"],\"name\":\"Sprint\"}}" },
	{ .name = "sections: what needs a request has one, and its failure is named", .tool = "get_issue",
	  .args = "{\"issue_key\":\"DEMO-1\",\"fields\":\"summary\",\"include\":\"watchers,remote_links,transitions,changelog\",\"update_history\":false}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 0,
	      "{\"id\":\"1\",\"key\":\"DEMO-1\",\"fields\":{\"summary\":\"S\"},\"transitions\":[{\"id\":\"11\",\"name\":\"Go\",\"to\":{\"name\":\"Done\"}}]}" },
	    { "GET /rest/api/2/issue/DEMO-1/remotelink", 0, "[{\"id\":5,\"object\":{\"url\":\"u\",\"title\":\"T\"}}]" },
	    { "GET /rest/api/2/issue/DEMO-1/watchers", 403, "{\"errorMessages\":[\"no\"]}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=summary&expand=transitions%2Cchangelog\n"
	    "GET /rest/api/2/issue/DEMO-1/remotelink\nGET /rest/api/2/issue/DEMO-1/watchers\n",
	  .result = "{\"id\":\"1\",\"key\":\"DEMO-1\",\"summary\":\"S\",\"transitions\":[{\"id\":11,\"name\":\"Go\",\"to_status\":\"Done\"}],"
	    "\"browse_url\":\"https://jira.example/browse/DEMO-1\",\"remote_links\":[{\"id\":\"5\",\"url\":\"u\",\"title\":\"T\"}],"
	    "\"watchers\":{\"issue_key\":\"DEMO-1\"},\"include_errors\":{\"watchers\":\"jira: HTTP 403 (the user may not do this): no\"},\"changelogs\":[]}" },
	{ .name = "a long worklog is read by pages", .tool = "get_issue",
	  .args = "{\"issue_key\":\"DEMO-1\",\"fields\":\"summary\",\"include\":\"worklogs\",\"update_history\":false}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 0,
	      "{\"id\":\"1\",\"key\":\"DEMO-1\",\"fields\":{\"worklog\":{\"total\":2,\"worklogs\":[{\"id\":\"1\"}]}}}" },
	    { "GET /rest/api/2/issue/DEMO-1/worklog", 0, "{\"total\":2,\"worklogs\":[{\"id\":\"1\"},{\"id\":2,\"timeSpent\":\"1h\"}]}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=summary%2Cworklog\n"
	    "GET /rest/api/2/issue/DEMO-1/worklog?startAt=0&maxResults=100\n",
	  .result = "{\"id\":\"1\",\"key\":\"DEMO-1\",\"browse_url\":\"https://jira.example/browse/DEMO-1\","
	    "\"worklogs\":[{\"id\":\"1\"},{\"id\":\"2\",\"timeSpent\":\"1h\"}]}" },
	{ .name = "not there", .tool = "get_issue", .args = "{\"issue_key\":\"DEMO-1\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 404, "{}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=versions%2Ccreated%2Clabels%2Cpriority%2Cdescription%2Csummary%2Cupdated%2C"
	    "issuetype%2Cassignee%2Cstatus%2Creporter%2Ccomment&updateHistory=true\n",
	  .failure = "jira has no issue DEMO-1", .kind = ERR_RESOURCE },
	{ .name = "of another project: no request", .tool = "get_issue", .filter = "OPS,HR", .args = "{\"issue_key\":\"DEMO-1\"}",
	  .requests = "", .failure = "shows the projects OPS, HR; DEMO is none", .kind = ERR_REFUSED },
	{ .name = "moved to another project: refused after the reply", .tool = "get_issue", .filter = "DEMO",
	  .args = "{\"issue_key\":\"DEMO-1\",\"fields\":\"summary\",\"update_history\":false}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 0, "{\"id\":\"1\",\"key\":\"HR-1\",\"fields\":{\"summary\":\"secret\"}}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=summary\n",
	  .failure = "is now in a project", .kind = ERR_REFUSED },
	{ .name = "a section that is none", .tool = "get_issue", .args = "{\"issue_key\":\"DEMO-1\",\"include\":\"attic\"}",
	  .requests = "", .failure = "\"attic\" is none of all", .kind = ERR_PARAMS },
	{ .name = "JSON of other types than any Jira has", .tool = "get_issue",
	  .args = "{\"issue_key\":\"DEMO-1\",\"fields\":\"summary,comment,assignee,labels\",\"include\":\"all\",\"update_history\":false}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-1", 0,
	      "{\"id\":[],\"key\":\"DEMO-1\",\"names\":7,\"transitions\":{},\"changelog\":[],\"fields\":{\"summary\":{},\"comment\":[1],\"assignee\":5,"
	      "\"labels\":{\"a\":1},\"status\":\"x\",\"worklog\":3,\"parent\":[],\"customfield_1\":{\"value\":{\"value\":[]}}}}" },
	    { "GET /rest/api/2/issue/DEMO-1/remotelink", 0, "{\"a\":1}" },
	    { "GET /rest/api/2/issue/DEMO-1/watchers", 0, "[]" } },
	  .requests = "GET /rest/api/2/issue/DEMO-1?fields=summary%2Ccomment%2Cassignee%2Clabels%2Cworklog&expand=transitions%2Cchangelog\n"
	    "GET /rest/api/2/issue/DEMO-1/remotelink\nGET /rest/api/2/issue/DEMO-1/watchers\n",
	  .result = "{\"key\":\"DEMO-1\",\"browse_url\":\"https://jira.example/browse/DEMO-1\","
	    "\"customfield_1\":{\"value\":{\"value\":{\"value\":[]}}},\"remote_links\":[],\"watchers\":{\"issue_key\":\"DEMO-1\"},"
	    "\"comments\":[],\"changelogs\":[],\"transitions\":[],\"worklogs\":[]}" },
};

static const struct world_case searches[] = {
	{ .name = "Data Center", .tool = "search", .args = "{\"jql\":\"status = Open\",\"fields\":\"summary\",\"limit\":1,\"start_at\":3}",
	  .replies = { { "GET /rest/api/2/search", 0,
	    "{\"total\":9,\"startAt\":3,\"issues\":[{\"id\":\"1\",\"key\":\"A-1\",\"fields\":{\"summary\":\"S\"}}]}" } },
	  .requests = "GET /rest/api/2/search?jql=status%20%3D%20Open&fields=summary&startAt=3&maxResults=1\n",
	  .result = "{\"total\":9,\"start_at\":3,\"max_results\":1,\"issues\":[{\"id\":\"1\",\"key\":\"A-1\",\"summary\":\"S\","
	    "\"browse_url\":\"https://jira.example/browse/A-1\"}],\"next_start_at\":4}" },
	{ .name = "Cloud", .tool = "search", .is_cloud = true,
	  .args = "{\"jql\":\"status = Open\",\"fields\":\"summary\",\"limit\":2,\"page_token\":\"t1\"}",
	  .replies = { { "POST /rest/api/3/search/jql", 0, "{\"issues\":[{\"id\":\"1\",\"key\":\"A-1\"}],\"nextPageToken\":\"t1\"}" } },
	  .requests = "POST /rest/api/3/search/jql {\"jql\":\"status = Open\",\"fields\":[\"summary\"],\"maxResults\":2,\"nextPageToken\":\"t1\"}\n",
	  .result = "{\"total\":-1,\"start_at\":0,\"max_results\":2,\"issues\":[{\"id\":\"1\",\"key\":\"A-1\","
	    "\"browse_url\":\"https://jira.example/browse/A-1\"}],\"next_page_token\":\"t1\"}" },
	{ .name = "Cloud: start_at is reached by ids", .tool = "get_project_issues", .is_cloud = true,
	  .args = "{\"project_key\":\"IS\",\"fields\":\"summary\",\"limit\":1,\"start_at\":1}",
	  .replies = { { "POST /rest/api/3/search/jql", 0, "{\"issues\":[{\"id\":\"1\",\"key\":\"IS-1\"}],\"nextPageToken\":\"t9\"}" } },
	  .requests = "POST /rest/api/3/search/jql {\"jql\":\"project in (\\\"IS\\\")\",\"fields\":[\"id\"],\"maxResults\":1}\n"
	    "POST /rest/api/3/search/jql {\"jql\":\"project in (\\\"IS\\\")\",\"fields\":[\"summary\"],\"maxResults\":1,\"nextPageToken\":\"t9\"}\n",
	  .result = "{\"total\":-1,\"start_at\":1,\"max_results\":1,\"issues\":[{\"id\":\"1\",\"key\":\"IS-1\","
	    "\"browse_url\":\"https://jira.example/browse/IS-1\"}],\"next_page_token\":\"t9\"}" },
	{ .name = "the filter is beside the query, and looked at again in the reply", .tool = "search", .filter = "DEMO,OPS",
	  .args = "{\"jql\":\"a = 1 OR b = 2 ORDER BY c\",\"fields\":\"summary\",\"projects_filter\":\"ops,HR\"}",
	  .replies = { { "GET /rest/api/2/search", 0, "{\"total\":2,\"issues\":[{\"key\":\"HR-1\"},{\"key\":\"OPS-1\"}]}" } },
	  .requests = "GET /rest/api/2/search?jql=%28a%20%3D%201%20OR%20b%20%3D%202%29%20AND%20project%20in%20%28%22OPS%22%29%20ORDER%20BY%20c"
	    "&fields=summary&startAt=0&maxResults=10\n",
	  .result = "{\"total\":2,\"start_at\":0,\"max_results\":10,\"issues\":[{\"key\":\"OPS-1\",\"browse_url\":\"https://jira.example/browse/OPS-1\"}]}" },
	{ .name = "only projects outside of the filter", .tool = "search", .filter = "DEMO", .args = "{\"jql\":\"\",\"projects_filter\":[\"HR\"]}",
	  .requests = "", .failure = "HR is none of them", .kind = ERR_REFUSED },
	{ .name = "a way out of the filter", .tool = "search", .filter = "DEMO", .args = "{\"jql\":\"a = 1) OR (project = HR\"}",
	  .requests = "", .failure = "a \")\" too many", .kind = ERR_PARAMS },
	{ .name = "a token is for Cloud", .tool = "search", .args = "{\"jql\":\"\",\"page_token\":\"t\"}",
	  .requests = "", .failure = "start_at", .kind = ERR_PARAMS },
};

static const struct world_case fields[] = {
	{ .name = "by a word", .tool = "search_fields", .args = "{\"keyword\":\"points\"}",
	  .replies = { { "GET /rest/api/2/field", 0, DC_FIELDS } },
	  .requests = "GET /rest/api/2/field\n",
	  .result = "[{\"id\":\"customfield_10016\",\"name\":\"Story Points\",\"schema\":{\"type\":\"number\",\"custom\":\"x:float\"}}]" },
	{ .name = "options of a context, with their children", .tool = "get_field_options", .is_cloud = true,
	  .args = "{\"field_id\":\"customfield_1\",\"contains\":\"b\"}",
	  .replies = { { "GET /rest/api/3/field/customfield_1/context", 0,
	      "{\"total\":2,\"values\":[{\"id\":\"5\"},{\"id\":\"6\",\"isGlobalContext\":true}]}" },
	    { "GET /rest/api/3/field/customfield_1/context/6/option", 0,
	      "{\"total\":3,\"values\":[{\"id\":\"1\",\"value\":\"A\",\"disabled\":false},{\"id\":\"2\",\"value\":\"Bee\",\"optionId\":\"1\"},"
	      "{\"id\":\"3\",\"value\":\"C\",\"disabled\":true}]}" } },
	  .requests = "GET /rest/api/3/field/customfield_1/context?startAt=0&maxResults=100\n"
	    "GET /rest/api/3/field/customfield_1/context/6/option?startAt=0&maxResults=100\n",
	  .result = "[{\"id\":\"1\",\"value\":\"A\",\"child_options\":[{\"id\":\"2\",\"value\":\"Bee\"}]}]" },
	{ .name = "options of a create screen", .tool = "get_field_options",
	  .args = "{\"field_id\":\"priority\",\"project_key\":\"DEMO\",\"issue_type\":\"bug\",\"values_only\":true,\"return_limit\":1}",
	  .replies = { { "GET /rest/api/2/issue/createmeta/DEMO/issuetypes", 0, "{\"total\":1,\"values\":[{\"id\":\"7\",\"name\":\"Bug\"}]}" },
	    { "GET /rest/api/2/issue/createmeta/DEMO/issuetypes/7", 0,
	      "{\"total\":1,\"values\":[{\"fieldId\":\"priority\",\"allowedValues\":[{\"id\":\"1\",\"name\":\"High\"},{\"id\":\"2\",\"name\":\"Low\"}]}]}" } },
	  .requests = "GET /rest/api/2/issue/createmeta/DEMO/issuetypes?startAt=0&maxResults=100\n"
	    "GET /rest/api/2/issue/createmeta/DEMO/issuetypes/7?startAt=0&maxResults=100\n",
	  .result = "[\"High\"]" },
	{ .name = "Data Center needs to know where", .tool = "get_field_options", .args = "{\"field_id\":\"priority\"}",
	  .requests = "", .failure = "project_key and issue_type", .kind = ERR_PARAMS },
};

static const struct world_case boards[] = {
	{ .name = "boards of the projects that are shown, each once", .tool = "get_agile_boards", .filter = "A,B", .args = "{\"limit\":2}",
	  .replies = { { "GET /rest/agile/1.0/board", 0,
	    "{\"total\":2,\"isLast\":true,\"values\":[{\"id\":1,\"name\":\"One\",\"type\":\"scrum\"},{\"id\":2,\"name\":\"Two\",\"type\":\"kanban\"}]}" } },
	  .requests = "GET /rest/agile/1.0/board?projectKeyOrId=A&startAt=0&maxResults=50\n"
	    "GET /rest/agile/1.0/board?projectKeyOrId=B&startAt=0&maxResults=50\n",
	  .result = "[{\"id\":\"1\",\"name\":\"One\",\"type\":\"scrum\"},{\"id\":\"2\",\"name\":\"Two\",\"type\":\"kanban\"}]" },
	{ .name = "a board of another project", .tool = "get_sprints_from_board", .filter = "A", .args = "{\"board_id\":7}",
	  .replies = { { "GET /rest/agile/1.0/board/7/project", 0, "{\"values\":[{\"key\":\"HR\"}]}" } },
	  .requests = "GET /rest/agile/1.0/board/7/project?maxResults=50\n", .failure = "does not show board 7", .kind = ERR_REFUSED },
	{ .name = "sprints", .tool = "get_sprints_from_board", .args = "{\"board_id\":\"7\",\"state\":\"active\"}",
	  .replies = { { "GET /rest/agile/1.0/board/7/sprint", 0,
	    "{\"isLast\":false,\"values\":[{\"id\":3,\"name\":\"S\",\"state\":\"active\",\"startDate\":\"d\",\"originBoardId\":7}]}" } },
	  .requests = "GET /rest/agile/1.0/board/7/sprint?state=active&startAt=0&maxResults=10\n",
	  .result = "[{\"id\":\"3\",\"name\":\"S\",\"state\":\"active\",\"start_date\":\"d\",\"board_id\":\"7\"}]" },
	{ .name = "issues of a sprint", .tool = "get_sprint_issues", .filter = "A", .args = "{\"sprint_id\":3,\"fields\":\"summary\"}",
	  .replies = { { "GET /rest/api/2/search", 0, "{\"total\":0,\"issues\":[]}" } },
	  .requests = "GET /rest/api/2/search?jql=%28sprint%20%3D%203%29%20AND%20project%20in%20%28%22A%22%29&fields=summary&startAt=0&maxResults=10\n",
	  .result = "{\"total\":0,\"start_at\":0,\"max_results\":10,\"issues\":[]}" },
	{ .name = "a sprint is a number", .tool = "get_sprint_issues", .args = "{\"sprint_id\":\"3 OR project = HR\"}",
	  .requests = "", .failure = "sprint_id", .kind = ERR_PARAMS },
};
/* clang-format on */

static void
reads_issues(void **state)
{
	(void)state;
	world_play_all(issues, COUNT(issues));
}

static void
searches_issues(void **state)
{
	(void)state;
	world_play_all(searches, COUNT(searches));
}

static void
finds_fields(void **state)
{
	(void)state;
	world_play_all(fields, COUNT(fields));
}

static void
lists_boards(void **state)
{
	(void)state;
	world_play_all(boards, COUNT(boards));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_issues),
		cmocka_unit_test(searches_issues),
		cmocka_unit_test(finds_fields),
		cmocka_unit_test(lists_boards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

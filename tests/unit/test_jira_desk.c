/*
 * The tools around projects and service desks: what is asked before anything is written, the filter
 * on every way, values that take the form of their field, answers of other types than any Jira has.
 */
#include "jira_world.h"

/* clang-format off */
static const struct world_case projects[] = {
	{ .name = "a key that is none", .tool = "get_project_versions", .args = "{\"project_key\":\"A/../B\"}",
	  .requests = "", .failure = "project_key: \"A/../B\" is no project key", .kind = ERR_PARAMS },
	{ .name = "nothing", .tool = "get_project_components", .args = "{\"project_key\":\" \"}",
	  .requests = "", .failure = "is no project key such as PROJ", .kind = ERR_PARAMS },
	{ .name = "letters that look alike", .tool = "get_project_issue_types", .args = "{\"project_key\":\"DEM\\u041e\"}",
	  .requests = "", .failure = "is no project key", .kind = ERR_PARAMS },
	{ .name = "out of the filter", .tool = "get_project_fields", .filter = "OPS", .args = "{\"project_key\":\"demo\"}",
	  .requests = "", .failure = "DEMO is none of them", .kind = ERR_REFUSED },
	{ .name = "only what the site shows", .tool = "get_all_projects", .filter = "ops", .args = "{}",
	  .replies = { { "GET /rest/api/2/project", 0, "[{\"id\":1,\"key\":\"HR\"},{\"id\":\"2\",\"key\":\"OPS\",\"name\":\"O\"},{\"key\":7},3]" } },
	  .requests = "GET /rest/api/2/project?expand=description\n", .result = "[{\"id\":\"2\",\"key\":\"OPS\",\"name\":\"O\"}]" },
	{ .name = "as many as asked for, without those named", .tool = "search_projects",
	  .args = "{\"query\":\"a\",\"max_results\":1,\"current_project_ids\":[1,\"5\"]}", .is_cloud = true,
	  .replies = { { "GET /rest/api/3/project/search", 0, "{\"values\":[{\"id\":\"1\",\"key\":\"A\"},{\"id\":\"2\",\"key\":\"B\"},{\"id\":\"3\",\"key\":\"C\"}]}" } },
	  .requests = "GET /rest/api/3/project/search?query=a&maxResults=3\n", .result = "[{\"id\":\"2\",\"key\":\"B\"}]" },
	{ .name = "fields of two types are one list", .tool = "get_project_fields", .args = "{\"project_key\":\"A\"}",
	  .replies = { { "GET /rest/api/2/issue/createmeta/A/issuetypes", 0, "{\"total\":2,\"values\":[{\"id\":\"1\",\"name\":\"Bug\"},{\"id\":\"2\",\"name\":\"Task\"}]}" },
	    { "GET /rest/api/2/issue/createmeta/A/issuetypes/1", 0,
	      "{\"total\":2,\"values\":[{\"fieldId\":\"summary\",\"name\":\"Summary\",\"required\":false,\"schema\":{\"type\":\"string\"}},{\"name\":\"none\"}]}" },
	    { "GET /rest/api/2/issue/createmeta/A/issuetypes/2", 0,
	      "{\"total\":2,\"values\":[{\"fieldId\":\"customfield_1\",\"name\":\"X\",\"schema\":{\"type\":\"option\",\"custom\":\"s\"}},"
	      "{\"fieldId\":\"summary\",\"name\":\"Summary\",\"required\":true}]}" } },
	  .requests = "GET /rest/api/2/issue/createmeta/A/issuetypes?startAt=0&maxResults=100\n"
	    "GET /rest/api/2/issue/createmeta/A/issuetypes/1?startAt=0&maxResults=100\n"
	    "GET /rest/api/2/issue/createmeta/A/issuetypes/2?startAt=0&maxResults=100\n",
	  .result = "[{\"field_id\":\"summary\",\"name\":\"Summary\",\"required\":true,\"schema_type\":\"string\",\"custom\":false,\"issue_types\":[\"Bug\",\"Task\"]},"
	    "{\"field_id\":\"customfield_1\",\"name\":\"X\",\"required\":false,\"schema_type\":\"option\",\"custom\":true,\"issue_types\":[\"Task\"]}]" },
	{ .name = "one type that cannot be read fails all", .tool = "get_project_fields", .args = "{\"project_key\":\"A\"}",
	  .replies = { { "GET /rest/api/2/issue/createmeta/A/issuetypes", 0, "{\"total\":1,\"values\":[{\"id\":\"1\"}]}" },
	    { "GET /rest/api/2/issue/createmeta/A/issuetypes/1", 403, "{\"errorMessages\":[\"no\"]}" } },
	  .requests = "GET /rest/api/2/issue/createmeta/A/issuetypes?startAt=0&maxResults=100\n"
	    "GET /rest/api/2/issue/createmeta/A/issuetypes/1?startAt=0&maxResults=100\n",
	  .failure = "HTTP 403", .kind = ERR_REFUSED },
	{ .name = "a version of another project", .tool = "update_version", .filter = "A", .args = "{\"version_id\":5,\"name\":\"x\"}",
	  .replies = { { "GET /rest/api/2/version/5", 0, "{\"projectId\":9}" }, { "GET /rest/api/2/project/9", 0, "{\"key\":\"HR\"}" } },
	  .requests = "GET /rest/api/2/version/5\nGET /rest/api/2/project/9\n", .failure = "HR is none of them", .kind = ERR_REFUSED },
	{ .name = "a version that names no project", .tool = "update_version", .filter = "A", .args = "{\"version_id\":\"5\",\"name\":\"x\"}",
	  .replies = { { "GET /rest/api/2/version/5", 0, "{}" } },
	  .requests = "GET /rest/api/2/version/5\n", .failure = "the project of version 5 is not known", .kind = ERR_REFUSED },
	{ .name = "a day that the month has not", .tool = "create_version", .args = "{\"project_key\":\"A\",\"name\":\"x\",\"start_date\":\"2030-06-31\"}",
	  .requests = "", .failure = "start_date: \"2030-06-31\"", .kind = ERR_PARAMS },
	{ .name = "each version has its outcome", .tool = "batch_create_versions",
	  .args = "{\"project_key\":\"a\",\"versions\":[{\"name\":\"1\"},7,{\"name\":\"\",\"description\":\"d\"}]}", .is_cloud = true,
	  .replies = { { "POST /rest/api/3/version", 201, "{\"id\":\"9\",\"name\":\"1\",\"projectId\":\"3\"}" } },
	  .requests = "POST /rest/api/3/version {\"name\":\"1\",\"project\":\"A\"}\n",
	  .result = "[{\"success\":true,\"version\":{\"id\":\"9\",\"name\":\"1\",\"projectId\":3}},"
	    "{\"success\":false,\"error\":\"each version must be an object with at least a name\",\"input\":7},"
	    "{\"success\":false,\"error\":\"each version must be an object with at least a name\",\"input\":{\"name\":\"\",\"description\":\"d\"}}]" },
};

#define FIELDS "GET /rest/servicedeskapi/servicedesk/1/requesttype/2/field"
#define TEAM \
	"{\"requestTypeFields\":[{\"fieldId\":\"summary\",\"name\":\"What?\",\"required\":true,\"visible\":true}," \
	"{\"fieldId\":\"hidden\",\"required\":true,\"visible\":false}," \
	"{\"fieldId\":\"description\",\"jiraSchema\":{\"type\":\"string\",\"system\":\"description\"}}," \
	"{\"fieldId\":\"f1\",\"jiraSchema\":{\"type\":\"option\"},\"validValues\":[{\"value\":\"7\",\"label\":\"Mill\"},{\"id\":\"8\",\"name\":\"Store\"}]}," \
	"{\"fieldId\":\"f2\",\"jiraSchema\":{\"type\":\"array\",\"custom\":\"x:multiselect\"},\"validValues\":[{\"value\":\"9\",\"label\":\"Prod\"},{\"label\":\"Test\"}]}," \
	"{\"fieldId\":\"f3\",\"jiraSchema\":{\"type\":\"array\",\"items\":\"string\"}}]}"
#define REQUEST(values) "{\"service_desk_id\":\"1\",\"request_type_id\":2,\"request_field_values\":{" values "}}"

static const struct world_case desks[] = {
	{ .name = "the desk of a project on a later page", .tool = "get_service_desk_for_project", .args = "{\"project_key\":\"ops\"}",
	  .replies = { { "GET /rest/servicedeskapi/servicedesk", 0, "{\"isLastPage\":true,\"values\":[{\"id\":1,\"projectKey\":\"HR\"},"
	      "{\"id\":4,\"projectKey\":\"OPS\",\"projectName\":\"O\",\"projectId\":\"10\"}]}" } },
	  .requests = "GET /rest/servicedeskapi/servicedesk?start=0&limit=50\n",
	  .result = "{\"project_key\":\"OPS\",\"service_desk\":{\"id\":\"4\",\"project_key\":\"OPS\",\"project_name\":\"O\",\"project_id\":\"10\"}}" },
	{ .name = "a desk of another project", .tool = "get_service_desk_queues", .filter = "OPS", .args = "{\"service_desk_id\":\"3\"}",
	  .replies = { { "GET /rest/servicedeskapi/servicedesk/3", 0, "{\"projectKey\":\"HR\"}" } },
	  .requests = "GET /rest/servicedeskapi/servicedesk/3\n", .failure = "HR is none of them", .kind = ERR_REFUSED },
	{ .name = "a desk that names no project", .tool = "get_request_types", .filter = "OPS", .args = "{\"service_desk_id\":\"3\"}",
	  .replies = { { "GET /rest/servicedeskapi/servicedesk/3", 0, "{\"id\":\"3\"}" } },
	  .requests = "GET /rest/servicedeskapi/servicedesk/3\n", .failure = "is none of them", .kind = ERR_REFUSED },
	{ .name = "issues of other projects in a queue", .tool = "get_queue_issues", .filter = "OPS", .args = "{\"service_desk_id\":\"3\",\"queue_id\":4}",
	  .replies = { { "GET /rest/servicedeskapi/servicedesk/3", 0, "{\"projectKey\":\"OPS\"}" },
	    { "GET /rest/servicedeskapi/servicedesk/3/queue/4", 0, "{\"id\":4,\"name\":\"All\",\"issueCount\":\"2\"}" },
	    { "GET /rest/servicedeskapi/servicedesk/3/queue/4/issue", 0,
	      "{\"isLastPage\":true,\"values\":[{\"key\":\"HR-1\"},{\"id\":\"1\",\"key\":\"OPS-1\",\"fields\":{\"summary\":\"S\"}}]}" } },
	  .requests = "GET /rest/servicedeskapi/servicedesk/3\nGET /rest/servicedeskapi/servicedesk/3/queue/4?includeCount=true\n"
	    "GET /rest/servicedeskapi/servicedesk/3/queue/4/issue?start=0&limit=50\n",
	  .result = "{\"service_desk_id\":\"3\",\"queue_id\":\"4\",\"queue\":{\"id\":\"4\",\"name\":\"All\",\"issue_count\":2},"
	    "\"start\":0,\"limit\":50,\"size\":1,\"is_last_page\":true,\"issues\":[{\"id\":\"1\",\"key\":\"OPS-1\",\"summary\":\"S\","
	    "\"browse_url\":\"https://jira.example/browse/OPS-1\"}]}" },
	{ .name = "values have the form of their fields", .tool = "create_customer_request",
	  .args = REQUEST("\"summary\":\"S\",\"description\":\"**b**\",\"f1\":\"mill\",\"f2\":\"prod, Test\",\"f3\":\"a,b\",\"f9\":{\"x\":1},\"f4\":null"),
	  .replies = { { FIELDS, 0, TEAM }, { "POST /rest/servicedeskapi/request", 201, "{\"issueId\":\"5\",\"issueKey\":\"OPS-5\",\"_links\":{\"web\":\"/p/5\"}}" } },
	  .requests = FIELDS "\nPOST /rest/servicedeskapi/request {\"serviceDeskId\":\"1\",\"requestTypeId\":\"2\",\"requestFieldValues\":{\"summary\":\"S\","
	    "\"description\":\"*b*\",\"f1\":{\"id\":\"7\"},\"f2\":[{\"id\":\"9\"},{\"value\":\"Test\"}],\"f3\":[\"a\",\"b\"],\"f9\":{\"x\":1}}}\n",
	  .result = "{\"request_id\":\"5\",\"request_key\":\"OPS-5\",\"portal_url\":\"https://jira.example/p/5\",\"created_mode\":\"created_direct\"}" },
	{ .name = "options as objects and numbers", .tool = "create_customer_request", .is_cloud = true,
	  .args = REQUEST("\"summary\":\"S\",\"f1\":{\"name\":\"STORE\"},\"f2\":[{\"id\":9}],\"f3\":[1]"),
	  .replies = { { FIELDS, 0, TEAM }, { "POST /rest/servicedeskapi/request", 201, "{\"issueKey\":\"OPS-5\"}" } },
	  .requests = FIELDS "\nPOST /rest/servicedeskapi/request {\"serviceDeskId\":\"1\",\"requestTypeId\":\"2\",\"requestFieldValues\":{\"summary\":\"S\","
	    "\"f1\":{\"id\":\"8\"},\"f2\":[{\"id\":\"9\"}],\"f3\":[1]}}\n",
	  .result = "{\"request_key\":\"OPS-5\",\"portal_url\":\"https://jira.example/servicedesk/customer/portal/1/OPS-5\",\"created_mode\":\"created_direct\"}" },
	{ .name = "what must be there, and is not", .tool = "create_customer_request", .args = REQUEST("\"summary\":\"  \""),
	  .replies = { { FIELDS, 0, TEAM } }, .requests = FIELDS "\n",
	  .failure = "request_field_values: summary (What?) must be given", .kind = ERR_PARAMS },
	{ .name = "an option that is none", .tool = "create_customer_request", .args = REQUEST("\"summary\":\"S\",\"f2\":[\"Prod\",\"Moon\"]"),
	  .replies = { { FIELDS, 0, TEAM } }, .requests = FIELDS "\n",
	  .failure = "request_field_values.f2: \"Moon\" is none of Prod, Test", .kind = ERR_PARAMS },
	{ .name = "refused for another reason than the customer", .tool = "create_customer_request",
	  .args = "{\"service_desk_id\":1,\"request_type_id\":2,\"request_field_values\":{\"summary\":\"S\"},\"raise_on_behalf_of\":\"carl\"}",
	  .replies = { { FIELDS, 0, TEAM }, { "POST /rest/servicedeskapi/request", 400, "{\"errorMessage\":\"summary is bad\"}" } },
	  .requests = FIELDS "\nPOST /rest/servicedeskapi/request {\"serviceDeskId\":\"1\",\"requestTypeId\":\"2\",\"raiseOnBehalfOf\":\"carl\",\"requestFieldValues\":{\"summary\":\"S\"}}\n",
	  .failure = "summary is bad", .kind = ERR_REQUEST },
	{ .name = "files that are not taken are a warning", .tool = "create_customer_request",
	  .args = "{\"service_desk_id\":1,\"request_type_id\":2,\"request_field_values\":{\"summary\":\"S\"},\"attachments\":[{\"filename\":\"a\",\"base64\":\"YQ==\"}]}",
	  .replies = { { FIELDS, 0, TEAM }, { "POST /rest/servicedeskapi/request", 201, "{\"issueKey\":\"OPS-5\"}" },
	    { "POST /rest/servicedeskapi/servicedesk/1/attachTemporaryFile", 413, "" } },
	  .requests = FIELDS "\nPOST /rest/servicedeskapi/request {\"serviceDeskId\":\"1\",\"requestTypeId\":\"2\",\"requestFieldValues\":{\"summary\":\"S\"}}\n"
	    "POST /rest/servicedeskapi/servicedesk/1/attachTemporaryFile --bascule-8c1f5e1d3a7b4960\r\n"
	    "Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\na\r\n--bascule-8c1f5e1d3a7b4960--\r\n\n",
	  .result = "{\"request_key\":\"OPS-5\",\"portal_url\":\"https://jira.example/servicedesk/customer/portal/1/OPS-5\",\"created_mode\":\"created_direct\","
	    "\"warnings\":[\"the files were not attached: jira: HTTP 413 (too large)\"]}" },
	{ .name = "a file without content", .tool = "create_customer_request",
	  .args = "{\"service_desk_id\":1,\"request_type_id\":2,\"request_field_values\":{},\"attachments\":[{\"filename\":\"a\",\"base64\":\"\"}]}",
	  .requests = "", .failure = "attachments[0] must be", .kind = ERR_PARAMS },
};

static const struct world_case others[] = {
	{ .name = "answers by their kinds", .tool = "update_proforma_form_answers", .is_cloud = true,
	  .args = "{\"issue_key\":\"A-1\",\"form_id\":\"ab-1\",\"answers\":[{\"questionId\":1,\"value\":\"x\"},{\"questionId\":\"2\",\"type\":\"user\",\"value\":\"u\"},"
	    "{\"questionId\":\"3\",\"type\":\"MULTI_SELECT\",\"value\":[\"1\",\"2\"]},{\"questionId\":\"4\",\"type\":\"DATETIME\",\"value\":\"2030-01-01T00:00:00Z\"},"
	    "{\"questionId\":\"5\",\"type\":\"DATE\",\"value\":1893456000000},{\"questionId\":\"6\",\"type\":\"SELECT\",\"value\":\"\"}]}",
	  .replies = { { "PUT /issue/A-1/form/ab-1", 0, "{\"state\":{\"status\":\"o\"}}" } },
	  .requests = "PUT /issue/A-1/form/ab-1 {\"answers\":{\"1\":{\"text\":\"x\"},\"2\":{\"users\":[\"u\"]},\"3\":{\"choices\":[\"1\",\"2\"]},"
	    "\"4\":{\"date\":1893456000000},\"5\":{\"date\":1893456000000},\"6\":{\"choices\":[]}}}\n",
	  .result = "{\"success\":true,\"message\":\"6 answers of form ab-1 on A-1 were saved\",\"issue_key\":\"A-1\",\"form_id\":\"ab-1\",\"updated_fields\":6,"
	    "\"result\":{\"status\":\"o\"}}" },
	{ .name = "an answer that is none", .tool = "update_proforma_form_answers", .is_cloud = true,
	  .args = "{\"issue_key\":\"A-1\",\"form_id\":\"ab-1\",\"answers\":[{\"questionId\":\"1\",\"value\":\"x\"},\"y\"]}",
	  .requests = "", .failure = "answers[1] must be", .kind = ERR_PARAMS },
	{ .name = "a form of an issue that moved away", .tool = "get_issue_proforma_forms", .is_cloud = true, .filter = "A", .args = "{\"issue_key\":\"A-1\"}",
	  .replies = { { "GET /rest/api/3/issue/A-1", 0, "{\"key\":\"HR-1\"}" } },
	  .requests = "GET /rest/api/3/issue/A-1?fields=project\n", .failure = "is now in a project", .kind = ERR_REFUSED },
	{ .name = "only systems that know of something are asked", .tool = "get_issue_development_info", .args = "{\"issue_key\":\"A-1\"}",
	  .replies = { { "GET /rest/api/2/issue/A-1", 0, "{\"id\":\"7\",\"key\":\"A-1\"}" },
	    { "GET /rest/dev-status/1.0/issue/summary", 0, "{\"summary\":{\"pullrequest\":{\"byInstanceType\":{\"github\":{\"count\":1},\"stash\":{\"count\":0},\"x\":3}},"
	      "\"branch\":[],\"repository\":{\"byInstanceType\":7}}}" },
	    { "GET /rest/dev-status/1.0/issue/detail", 0, "{\"detail\":[3,{\"pullRequests\":[{\"id\":\"#1\",\"reviewers\":[{\"name\":\"Ada\"},4]},\"p\"],"
	      "\"repositories\":[{\"name\":\"r\",\"url\":\"u\",\"commits\":[{\"id\":\"c\"}],\"branches\":{}}],\"_instance\":{\"name\":\"GitHub\"}}]}" } },
	  .requests = "GET /rest/api/2/issue/A-1?fields=id\nGET /rest/dev-status/1.0/issue/summary?issueId=7\n"
	    "GET /rest/dev-status/1.0/issue/detail?issueId=7&applicationType=GitHub&dataType=pullrequest\n",
	  .result = "{\"issue_key\":\"A-1\",\"pullRequests\":[{\"id\":\"#1\",\"reviewers\":[\"Ada\",\"4\"],\"instance\":\"GitHub\"}],\"branches\":[],"
	    "\"commits\":[{\"id\":\"c\",\"repository\":\"r\",\"repositoryUrl\":\"u\"}],\"repositories\":[{\"name\":\"r\",\"url\":\"u\"}]}" },
	{ .name = "a key beside a good one", .tool = "get_issues_development_info", .args = "{\"issue_keys\":\"A-1,../x\"}",
	  .requests = "", .failure = "\"../x\" is no issue key", .kind = ERR_PARAMS },
	{ .name = "a parent that this site does not show is not named", .tool = "get_project_epic_hierarchy", .filter = "A,B", .args = "{\"project_key\":\"A\"}",
	  .replies = { { "GET /rest/api/2/search", 0, "{\"total\":3,\"issues\":[{\"key\":\"A-1\",\"fields\":{\"summary\":\"S\",\"parent\":{\"key\":\"HR-1\"}}},"
	      "{\"key\":\"A-2\",\"fields\":{\"issuelinks\":[{\"type\":{\"name\":\"Tree\",\"inward\":\"is child of\",\"outward\":\"is parent of\"},"
	      "\"inwardIssue\":{\"key\":\"B-1\"}}]}},{\"key\":\"B-1\",\"fields\":{\"summary\":\"Top\"}}]}" } },
	  .requests = "GET /rest/api/2/search?jql=%28issuetype%20%3D%20Epic%29%20AND%20project%20in%20%28%22A%22%29%20ORDER%20BY%20updated%20DESC"
	    "&fields=summary%2Cstatus%2Cissuetype%2Cissuelinks%2Cparent&startAt=0&maxResults=100\n"
	    "GET /rest/api/2/search?jql=%28key%20in%20%28B-1%29%29%20AND%20project%20in%20%28%22A%22%2C%20%22B%22%29&fields=summary&startAt=0&maxResults=50\n",
	  .result = "{\"project_key\":\"A\",\"total_epics\":3,\"groups\":[{\"parent\":{\"key\":\"B-1\",\"summary\":\"Top\",\"project\":\"B\"},"
	    "\"epics\":[{\"key\":\"A-2\"}]},{\"group_name\":\"Unlinked\",\"epics\":[{\"key\":\"A-1\",\"summary\":\"S\"},{\"key\":\"B-1\",\"summary\":\"Top\"}]}]}" },
	{ .name = "links across the border, but to what is shown", .tool = "get_cross_project_dependencies", .filter = "A,B", .args = "{\"project_key\":\"a\"}",
	  .replies = { { "GET /rest/api/2/search", 0, "{\"total\":1,\"issues\":[{\"key\":\"A-1\",\"fields\":{\"issuelinks\":["
	      "{\"type\":{\"name\":\"Blocks\"},\"outwardIssue\":{\"key\":\"B-1\"}},{\"type\":{\"name\":\"Blocks\"},\"inwardIssue\":{\"key\":\"HR-1\"}},"
	      "{\"type\":{\"name\":\"Relates\"},\"inwardIssue\":{\"key\":\"A-2\"}},{\"inwardIssue\":{\"key\":\"B-2\"}},7]}}]}" } },
	  .requests = "GET /rest/api/2/search?jql=project%20in%20%28%22A%22%29%20ORDER%20BY%20updated%20DESC"
	    "&fields=summary%2Cstatus%2Cissuetype%2Cissuelinks%2Cparent&startAt=0&maxResults=100\n",
	  .result = "{\"project_key\":\"A\",\"total_issues_scanned\":1,\"total_cross_project_links\":2,\"by_project\":{\"B\":{\"total_links\":2,\"by_link_type\":{"
	    "\"Blocks\":[{\"source\":\"A-1\",\"target\":\"B-1\",\"direction\":\"outward\"}],\"\":[{\"source\":\"A-1\",\"target\":\"B-2\",\"direction\":\"inward\"}]}}}}" },
};
/* clang-format on */

static void
projects_are_read(void **state)
{
	(void)state;
	world_play_all(projects, COUNT(projects));
}

static void
desks_are_asked(void **state)
{
	(void)state;
	world_play_all(desks, COUNT(desks));
}

static void
others_are_asked(void **state)
{
	(void)state;
	world_play_all(others, COUNT(others));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(projects_are_read),
		cmocka_unit_test(desks_are_asked),
		cmocka_unit_test(others_are_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

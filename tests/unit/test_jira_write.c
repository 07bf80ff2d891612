/*
 * Writing: what clients give becomes what Jira wants; nothing is written before what can be known
 * before; what was done when a later request fails is said; comments stay internal where they must.
 */
#include "jira_world.h"

/* clang-format off */
#define FIELDS \
	"[{\"id\":\"customfield_10011\",\"name\":\"Epic Name\",\"schema\":{\"type\":\"string\",\"custom\":\"com.pyxis.greenhopper.jira:gh-epic-label\"}}," \
	"{\"id\":\"customfield_10014\",\"name\":\"Epic Link\",\"schema\":{\"type\":\"any\",\"custom\":\"com.pyxis.greenhopper.jira:gh-epic-link\"}}," \
	"{\"id\":\"customfield_10016\",\"name\":\"Story Points\",\"schema\":{\"type\":\"number\",\"custom\":\"x:float\"}}," \
	"{\"id\":\"customfield_10030\",\"name\":\"Severity\",\"schema\":{\"type\":\"option\",\"custom\":\"x:select\"}}," \
	"{\"id\":\"customfield_10031\",\"name\":\"Teams\",\"schema\":{\"type\":\"array\",\"items\":\"option\",\"custom\":\"x:multi\"}}," \
	"{\"id\":\"customfield_10032\",\"name\":\"Area\",\"schema\":{\"type\":\"option-with-child\",\"custom\":\"x:cascadingselect\"}}]"
#define ADA "{\"name\":\"ada\",\"key\":\"JIRAUSER1\",\"displayName\":\"Ada Lovelace\",\"emailAddress\":\"ada@x.example\"}"
#define ADAMS "{\"name\":\"adams\",\"displayName\":\"Ada Adams\",\"emailAddress\":\"adams@x.example\"}"
#define READ_BACK "{\"id\":\"9\",\"key\":\"DEMO-9\",\"fields\":{\"summary\":\"S\"}}"
#define ISSUE_9 "\"issue\":{\"id\":\"9\",\"key\":\"DEMO-9\",\"summary\":\"S\",\"browse_url\":\"https://jira.example/browse/DEMO-9\"}"

static const struct world_case creates[] = {
	{ .name = "values as people see them", .tool = "create_issue",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Task\",\"components\":\"Engine, Cards\",\"additional_fields\":"
	    "\"{\\\"priority\\\":\\\"High\\\",\\\"labels\\\":\\\"a,b\\\",\\\"Story Points\\\":\\\"3\\\",\\\"severity\\\":\\\"S1\\\","
	    "\\\"Teams\\\":[\\\"x\\\",\\\"y\\\"],\\\"Area\\\":\\\"A > B\\\",\\\"epic_key\\\":\\\"DEMO-1\\\",\\\"fix_versions\\\":[\\\"1\\\"],"
	    "\\\"customfield_7\\\":{\\\"id\\\":\\\"5\\\"},\\\"timetracking\\\":{\\\"original_estimate\\\":\\\"2h\\\"},\\\"reporter\\\":\\\"ada@x.example\\\"}\"}",
	  .replies = { { "GET /rest/api/2/field", 0, FIELDS }, { "GET /rest/api/2/user/search", 0, "[" ADAMS "," ADA "]" },
	    { "POST /rest/api/2/issue", 201, "{\"id\":\"9\",\"key\":\"DEMO-9\"}" }, { "GET /rest/api/2/issue/DEMO-9", 0, READ_BACK } },
	  .requests = "GET /rest/api/2/field\nGET /rest/api/2/user/search?username=ada%40x.example&maxResults=50\n"
	    "POST /rest/api/2/issue {\"fields\":{\"priority\":{\"name\":\"High\"},\"labels\":[\"a\",\"b\"],\"customfield_10016\":3,"
	    "\"customfield_10030\":{\"value\":\"S1\"},\"customfield_10031\":[{\"value\":\"x\"},{\"value\":\"y\"}],"
	    "\"customfield_10032\":{\"value\":\"A\",\"child\":{\"value\":\"B\"}},\"customfield_10014\":\"DEMO-1\",\"fixVersions\":[{\"name\":\"1\"}],"
	    "\"customfield_7\":{\"id\":\"5\"},\"timetracking\":{\"originalEstimate\":\"2h\"},\"reporter\":{\"name\":\"ada\"},"
	    "\"project\":{\"key\":\"DEMO\"},\"summary\":\"S\",\"issuetype\":{\"name\":\"Task\"},\"components\":[{\"name\":\"Engine\"},{\"name\":\"Cards\"}]}}\n"
	    "GET /rest/api/2/issue/DEMO-9?expand=names\n",
	  .result = "{\"message\":\"Issue DEMO-9 created successfully\"," ISSUE_9 "}" },
	{ .name = "Cloud: the epic is the parent, texts are ADF", .tool = "create_issue", .is_cloud = true,
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Task\",\"assignee\":\"accountid:1:2\","
	    "\"description\":\"{\\\"type\\\":\\\"doc\\\",\\\"version\\\":1,\\\"content\\\":[{\\\"type\\\":\\\"odd\\\"}]}\",\"additional_fields\":{\"epicKey\":\"DEMO-1\"}}",
	  .replies = { { "POST /rest/api/3/issue", 201, "{\"id\":\"9\",\"key\":\"DEMO-9\"}" }, { "PUT /rest/api/3/issue/DEMO-9/assignee", 204, NULL },
	    { "GET /rest/api/3/issue/DEMO-9", 0, READ_BACK } },
	  .requests = "POST /rest/api/3/issue {\"fields\":{\"parent\":{\"key\":\"DEMO-1\"},\"project\":{\"key\":\"DEMO\"},\"summary\":\"S\","
	    "\"issuetype\":{\"name\":\"Task\"},\"description\":{\"type\":\"doc\",\"version\":1,\"content\":[{\"type\":\"odd\"}]}}}\n"
	    "PUT /rest/api/3/issue/DEMO-9/assignee {\"accountId\":\"1:2\"}\nGET /rest/api/3/issue/DEMO-9?expand=names\n",
	  .result = "{\"message\":\"Issue DEMO-9 created successfully\"," ISSUE_9 "}" },
	{ .name = "an epic of Data Center has a name", .tool = "create_issue",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"epic\"}",
	  .replies = { { "GET /rest/api/2/field", 0, FIELDS }, { "POST /rest/api/2/issue", 201, "{\"key\":\"DEMO-9\"}" },
	    { "GET /rest/api/2/issue/DEMO-9", 500, NULL } },
	  .requests = "GET /rest/api/2/field\nPOST /rest/api/2/issue {\"fields\":{\"project\":{\"key\":\"DEMO\"},\"summary\":\"S\","
	    "\"issuetype\":{\"name\":\"epic\"},\"customfield_10011\":\"S\"}}\nGET /rest/api/2/issue/DEMO-9?expand=names\n",
	  .result = "{\"message\":\"Issue DEMO-9 created successfully; it could not be read back: jira: HTTP 500 (the site has failed)\","
	    "\"issue\":{\"key\":\"DEMO-9\",\"browse_url\":\"https://jira.example/browse/DEMO-9\"}}" },
	{ .name = "an unknown user: nothing is created", .tool = "create_issue",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Task\",\"assignee\":\"ada\"}",
	  .replies = { { "GET /rest/api/2/user/search", 0, "[" ADAMS "]" }, { "GET /rest/api/2/user", 404, NULL } },
	  .requests = "GET /rest/api/2/user/search?username=ada&maxResults=50\nGET /rest/api/2/user?username=ada\n",
	  .failure = "no user is called exactly \"ada\": Ada Adams (adams)", .kind = ERR_PARAMS },
	{ .name = "created, and not assigned", .tool = "create_issue",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Task\",\"assignee\":\"Ada Lovelace\"}",
	  .replies = { { "GET /rest/api/2/user/search", 0, "[" ADAMS "," ADA "]" }, { "POST /rest/api/2/issue", 201, "{\"key\":\"DEMO-9\"}" },
	    { "PUT /rest/api/2/issue/DEMO-9/assignee", 400, "{\"errors\":{\"assignee\":\"cannot be assigned\"}}" } },
	  .requests = "GET /rest/api/2/user/search?username=Ada%20Lovelace&maxResults=50\n"
	    "POST /rest/api/2/issue {\"fields\":{\"project\":{\"key\":\"DEMO\"},\"summary\":\"S\",\"issuetype\":{\"name\":\"Task\"}}}\n"
	    "PUT /rest/api/2/issue/DEMO-9/assignee {\"name\":\"ada\"}\n",
	  .failure = "DEMO-9 was created, but it could not be assigned", .kind = ERR_REQUEST },
	{ .name = "an answer that cannot be read: it may have been done", .tool = "create_issue",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Task\"}",
	  .replies = { { "POST /rest/api/2/issue", 201, "{\"key\":\"DEM" } },
	  .requests = "POST /rest/api/2/issue {\"fields\":{\"project\":{\"key\":\"DEMO\"},\"summary\":\"S\",\"issuetype\":{\"name\":\"Task\"}}}\n",
	  .failure = "it may have been done", .kind = ERR_OUTCOME_UNKNOWN },
	{ .name = "a project that is not shown", .tool = "create_issue", .filter = "OPS",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Task\"}", .requests = "", .failure = "DEMO is none", .kind = ERR_REFUSED },
	{ .name = "a parent that is not shown", .tool = "create_issue", .filter = "DEMO",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Sub-task\",\"additional_fields\":{\"parent\":\"HR-1\"}}",
	  .requests = "", .failure = "HR is none", .kind = ERR_REFUSED },
	{ .name = "a field that there is not", .tool = "create_issue",
	  .args = "{\"project_key\":\"DEMO\",\"summary\":\"S\",\"issue_type\":\"Task\",\"additional_fields\":{\"Story Pints\":1}}",
	  .replies = { { "GET /rest/api/2/field", 0, FIELDS } }, .requests = "GET /rest/api/2/field\n", .failure = "did you mean \"Story Points\"?", .kind = ERR_PARAMS },
	{ .name = "several: what was refused stands beside what was made", .tool = "batch_create_issues",
	  .args = "{\"issues\":[{\"project_key\":\"DEMO\",\"summary\":\"a\",\"issue_type\":\"Task\",\"labels\":[\"l\"]},"
	    "{\"project\":{\"key\":\"DEMO\"},\"summary\":\"b\",\"issuetype\":{\"name\":\"Bug\"}}]}",
	  .replies = { { "POST /rest/api/2/issue/bulk", 201, "{\"issues\":[{\"key\":\"DEMO-9\"}],\"errors\":[{\"failedElementNumber\":1,"
	      "\"elementErrors\":{\"errors\":{\"issuetype\":\"wrong\"}}}]}" }, { "GET /rest/api/2/issue/DEMO-9", 0, READ_BACK } },
	  .requests = "POST /rest/api/2/issue/bulk {\"issueUpdates\":[{\"fields\":{\"summary\":\"a\",\"labels\":[\"l\"],\"project\":{\"key\":\"DEMO\"},"
	    "\"issuetype\":{\"name\":\"Task\"}}},{\"fields\":{\"summary\":\"b\",\"project\":{\"key\":\"DEMO\"},\"issuetype\":{\"name\":\"Bug\"}}}]}\n"
	    "GET /rest/api/2/issue/DEMO-9?expand=names\n",
	  .result = "{\"message\":\"1 of 2 issues were created\",\"issues\":[{\"id\":\"9\",\"key\":\"DEMO-9\",\"summary\":\"S\","
	    "\"browse_url\":\"https://jira.example/browse/DEMO-9\"}],\"errors\":[{\"issue\":2,\"error\":\"issuetype: wrong\"}]}" },
	{ .name = "only checked", .tool = "batch_create_issues",
	  .args = "{\"issues\":\"[{\\\"project_key\\\":\\\"DEMO\\\",\\\"summary\\\":\\\"a\\\",\\\"issue_type\\\":\\\"Task\\\"}]\",\"validate_only\":true}",
	  .requests = "", .result = "{\"message\":\"Issues validated successfully\",\"issues\":[]}" },
	{ .name = "one without a type: none is made", .tool = "batch_create_issues",
	  .args = "{\"issues\":[{\"project_key\":\"DEMO\",\"summary\":\"a\",\"issue_type\":\"Task\"},{\"project_key\":\"DEMO\",\"summary\":\"a\"}]}",
	  .requests = "", .failure = "issue 2 needs project_key, summary and issue_type", .kind = ERR_PARAMS },
};

static const struct world_case updates[] = {
	{ .name = "fields, then the status by its transition", .tool = "update_issue",
	  .args = "{\"issue_key\":\"DEMO-9\",\"fields\":{\"summary\":\"S\",\"labels\":null,\"duedate\":null,\"status\":\"done\"},\"return_fields\":\"summary\"}",
	  .replies = { { "PUT /rest/api/2/issue/DEMO-9", 204, NULL },
	    { "GET /rest/api/2/issue/DEMO-9/transitions", 0, "{\"transitions\":[{\"id\":\"5\",\"name\":\"Close\",\"to\":{\"name\":\"Done\"}}]}" },
	    { "POST /rest/api/2/issue/DEMO-9/transitions", 204, NULL }, { "GET /rest/api/2/issue/DEMO-9", 0, READ_BACK } },
	  .requests = "PUT /rest/api/2/issue/DEMO-9 {\"fields\":{\"summary\":\"S\",\"labels\":[],\"duedate\":null}}\n"
	    "GET /rest/api/2/issue/DEMO-9/transitions\nPOST /rest/api/2/issue/DEMO-9/transitions {\"transition\":{\"id\":\"5\"}}\n"
	    "GET /rest/api/2/issue/DEMO-9?fields=summary\n",
	  .result = "{\"message\":\"Issue updated successfully\"," ISSUE_9 "}" },
	{ .name = "updated, and its status not", .tool = "update_issue",
	  .args = "{\"issue_key\":\"DEMO-9\",\"fields\":\"{\\\"summary\\\":\\\"S\\\",\\\"status\\\":\\\"Gone\\\"}\"}",
	  .replies = { { "PUT /rest/api/2/issue/DEMO-9", 204, NULL }, { "GET /rest/api/2/issue/DEMO-9/transitions", 0, "{\"transitions\":[]}" } },
	  .requests = "PUT /rest/api/2/issue/DEMO-9 {\"fields\":{\"summary\":\"S\"}}\nGET /rest/api/2/issue/DEMO-9/transitions\n",
	  .failure = "the fields of DEMO-9 were updated, but not its status", .kind = ERR_PARAMS },
	{ .name = "nothing to change", .tool = "update_issue", .args = "{\"issue_key\":\"DEMO-9\",\"fields\":{}}",
	  .requests = "", .failure = "nothing to change", .kind = ERR_PARAMS },
	{ .name = "files of this machine are not sent", .tool = "update_issue",
	  .args = "{\"issue_key\":\"DEMO-9\",\"fields\":{},\"attachments\":\"/etc/passwd\"}", .requests = "", .failure = "no folder of files is configured", .kind = ERR_REFUSED },
	{ .name = "a key of a project that is shown, an issue of another", .tool = "delete_issue", .filter = "DEMO", .args = "{\"issue_key\":\"DEMO-9\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, "{\"key\":\"HR-1\"}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-9?fields=project\n", .failure = "is now in a project", .kind = ERR_REFUSED },
	{ .name = "deleted", .tool = "delete_issue", .args = "{\"issue_key\":\"DEMO-9\"}", .replies = { { "DELETE /rest/api/2/issue/DEMO-9", 204, NULL } },
	  .requests = "DELETE /rest/api/2/issue/DEMO-9?deleteSubtasks=true\n", .result = "{\"message\":\"Issue DEMO-9 has been deleted successfully.\"}" },
	{ .name = "nobody", .tool = "assign_issue", .is_cloud = true, .args = "{\"issue_key\":\"DEMO-9\",\"assignee\":null}",
	  .replies = { { "PUT /rest/api/3/issue/DEMO-9/assignee", 204, NULL }, { "GET /rest/api/3/issue/DEMO-9", 0, READ_BACK } },
	  .requests = "PUT /rest/api/3/issue/DEMO-9/assignee {\"accountId\":null}\n"
	    "GET /rest/api/3/issue/DEMO-9?fields=summary%2Cstatus%2Cassignee%2Creporter%2Cpriority%2Cissuetype%2Clabels%2Ccreated%2Cupdated\n",
	  .result = "{\"message\":\"Issue DEMO-9 unassigned successfully\"," ISSUE_9 "}" },
	{ .name = "two of one name", .tool = "assign_issue", .is_cloud = true, .args = "{\"issue_key\":\"DEMO-9\",\"assignee\":\"Ada\"}",
	  .replies = { { "GET /rest/api/3/user/search", 0, "[{\"accountId\":\"a:1\",\"displayName\":\"Ada\"},{\"accountId\":\"a:2\",\"displayName\":\"ada\"}]" } },
	  .requests = "GET /rest/api/3/user/search?query=Ada&maxResults=50\n",
	  .failure = "several users are called \"Ada\": Ada (accountid:a:1), ada (accountid:a:2)", .kind = ERR_PARAMS },
	{ .name = "nobody may browse users: those who can be assigned", .tool = "assign_issue", .args = "{\"issue_key\":\"DEMO-9\",\"assignee\":\"ada@x.example\"}",
	  .replies = { { "GET /rest/api/2/user/search", 403, NULL }, { "GET /rest/api/2/user/assignable/search", 0, "[" ADA "]" },
	    { "PUT /rest/api/2/issue/DEMO-9/assignee", 204, NULL }, { "GET /rest/api/2/issue/DEMO-9", 0, READ_BACK } },
	  .requests = "GET /rest/api/2/user/search?username=ada%40x.example&maxResults=50\n"
	    "GET /rest/api/2/user/assignable/search?username=ada%40x.example&maxResults=50&issueKey=DEMO-9\n"
	    "PUT /rest/api/2/issue/DEMO-9/assignee {\"name\":\"ada\"}\n"
	    "GET /rest/api/2/issue/DEMO-9?fields=summary%2Cstatus%2Cassignee%2Creporter%2Cpriority%2Cissuetype%2Clabels%2Ccreated%2Cupdated\n",
	  .result = "{\"message\":\"Issue DEMO-9 assigned successfully\"," ISSUE_9 "}" },
	{ .name = "moved: read by its id, as its key is another", .tool = "move_issue", .is_cloud = true, .filter = "DEMO,OPS",
	  .args = "{\"issue_key\":\"DEMO-9\",\"target_project_key\":\"OPS\"}",
	  .replies = { { "GET /rest/api/3/issue/DEMO-9", 0, "{\"id\":\"77\",\"key\":\"DEMO-9\",\"fields\":{\"issuetype\":{\"name\":\"Task\"}}}" },
	    { "GET /rest/api/3/issue/createmeta/OPS/issuetypes", 0, "{\"issueTypes\":[{\"id\":\"3\",\"name\":\"task\"}]}" },
	    { "POST /rest/api/3/bulk/issues/move", 201, "{\"taskId\":\"t1\"}" },
	    { "GET /rest/api/3/bulk/queue/t1", 0, "{\"status\":\"COMPLETE\"}" },
	    { "GET /rest/api/3/issue/77", 0, "{\"id\":\"77\",\"key\":\"OPS-1\"}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-9?fields=issuetype\nGET /rest/api/3/issue/createmeta/OPS/issuetypes?maxResults=200\n"
	    "POST /rest/api/3/bulk/issues/move {\"sendBulkNotification\":false,\"targetToSourcesMapping\":{\"OPS,3\":{\"inferClassificationDefaults\":true,"
	    "\"inferFieldDefaults\":true,\"inferStatusDefaults\":true,\"inferSubtaskTypeDefault\":true,\"issueIdsOrKeys\":[\"DEMO-9\"]}}}\n"
	    "GET /rest/api/3/bulk/queue/t1\nGET /rest/api/3/issue/77?expand=names\n",
	  .result = "{\"message\":\"Issue moved successfully from DEMO-9 to project OPS\",\"issue\":{\"id\":\"77\",\"key\":\"OPS-1\","
	    "\"browse_url\":\"https://jira.example/browse/OPS-1\"}}" },
	{ .name = "not moved, and why", .tool = "move_issue", .is_cloud = true, .args = "{\"issue_key\":\"DEMO-9\",\"target_project_key\":\"OPS\"}",
	  .replies = { { "GET /rest/api/3/issue/DEMO-9", 0, "{\"id\":\"77\",\"key\":\"DEMO-9\",\"fields\":{\"issuetype\":{\"name\":\"Task\"}}}" },
	    { "GET /rest/api/3/issue/createmeta/OPS/issuetypes", 0, "{\"issueTypes\":[{\"id\":\"3\",\"name\":\"Task\"}]}" },
	    { "POST /rest/api/3/bulk/issues/move", 201, "{\"taskId\":\"t1\"}" },
	    { "GET /rest/api/3/bulk/queue/t1", 0, "{\"status\":\"COMPLETE\",\"failedAccessibleIssues\":{\"77\":[\"no\"]}}" } },
	  .requests = "GET /rest/api/3/issue/DEMO-9?fields=issuetype\nGET /rest/api/3/issue/createmeta/OPS/issuetypes?maxResults=200\n"
	    "POST /rest/api/3/bulk/issues/move {\"sendBulkNotification\":false,\"targetToSourcesMapping\":{\"OPS,3\":{\"inferClassificationDefaults\":true,"
	    "\"inferFieldDefaults\":true,\"inferStatusDefaults\":true,\"inferSubtaskTypeDefault\":true,\"issueIdsOrKeys\":[\"DEMO-9\"]}}}\n"
	    "GET /rest/api/3/bulk/queue/t1\n",
	  .failure = "DEMO-9 was not moved (COMPLETE): no", .kind = ERR_REQUEST },
};

static const struct world_case comments[] = {
	{ .name = "ADF as it is", .tool = "add_comment", .is_cloud = true,
	  .args = "{\"issue_key\":\"DEMO-9\",\"body\":\"{\\\"type\\\":\\\"doc\\\",\\\"version\\\":1,\\\"content\\\":[]}\",\"visibility\":{\"type\":\"role\",\"value\":\"Dev\"}}",
	  .replies = { { "POST /rest/api/3/issue/DEMO-9/comment", 201, "{\"id\":\"5\",\"created\":\"c\",\"author\":{\"displayName\":\"Ada\"}}" } },
	  .requests = "POST /rest/api/3/issue/DEMO-9/comment {\"body\":{\"type\":\"doc\",\"version\":1,\"content\":[]},\"visibility\":{\"type\":\"role\",\"value\":\"Dev\"}}\n",
	  .result = "{\"id\":\"5\",\"created\":\"c\",\"author\":\"Ada\"}" },
	{ .name = "internal-only: public unsaid", .tool = "add_comment", .internal_only = "JSM", .args = "{\"issue_key\":\"JSM-9\",\"body\":\"x\"}",
	  .replies = { { "GET /rest/api/2/issue/JSM-9", 0, "{\"key\":\"JSM-9\"}" } },
	  .requests = "GET /rest/api/2/issue/JSM-9?fields=project\n", .failure = "set public to false", .kind = ERR_REFUSED },
	{ .name = "internal-only: by an old key", .tool = "add_comment", .internal_only = "JSM", .args = "{\"issue_key\":\"DEMO-9\",\"body\":\"x\",\"public\":true}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, "{\"key\":\"JSM-9\"}" } },
	  .requests = "GET /rest/api/2/issue/DEMO-9?fields=project\n", .failure = "set public to false", .kind = ERR_REFUSED },
	{ .name = "public and visibility", .tool = "add_comment",
	  .args = "{\"issue_key\":\"DEMO-9\",\"body\":\"x\",\"public\":true,\"visibility\":{\"type\":\"role\",\"value\":\"Dev\"}}",
	  .requests = "", .failure = "exclude each other", .kind = ERR_PARAMS },
	{ .name = "internal-only: a public comment is not edited", .tool = "edit_comment", .internal_only = "JSM", .args = "{\"issue_key\":\"JSM-9\",\"comment_id\":5,\"body\":\"x\"}",
	  .replies = { { "GET /rest/api/2/issue/JSM-9", 0, "{\"key\":\"JSM-9\"}" }, { "GET /rest/servicedeskapi/request/JSM-9/comment/5", 0, "{\"public\":true}" } },
	  .requests = "GET /rest/api/2/issue/JSM-9?fields=project\nGET /rest/servicedeskapi/request/JSM-9/comment/5\n",
	  .failure = "this one is public", .kind = ERR_REFUSED },
	{ .name = "internal-only: no comment with a transition", .tool = "transition_issue", .internal_only = "JSM",
	  .args = "{\"issue_key\":\"JSM-9\",\"transition_id\":\"5\",\"comment\":\"x\"}",
	  .replies = { { "GET /rest/api/2/issue/JSM-9", 0, "{\"key\":\"JSM-9\"}" } },
	  .requests = "GET /rest/api/2/issue/JSM-9?fields=project\n", .failure = "must be internal", .kind = ERR_REFUSED },
	{ .name = "histories, of which pages cut one", .tool = "batch_get_changelogs", .is_cloud = true, .args = "{\"issue_ids_or_keys\":\"DEMO-1\",\"fields\":\"status\",\"limit\":1}",
	  .replies = { { "POST /rest/api/3/changelog/bulkfetch", 0,
	    "{\"issueChangeLogs\":[{\"issueId\":\"1\",\"changeHistories\":[{\"id\":\"a\",\"created\":1700000000123,\"items\":[{\"field\":\"status\",\"toString\":\"Done\"}]}]},"
	    "{\"issueId\":\"1\",\"changeHistories\":[{\"id\":\"b\"}]}]}" } },
	  .requests = "POST /rest/api/3/changelog/bulkfetch {\"fieldIds\":[\"status\"],\"issueIdsOrKeys\":[\"DEMO-1\"],\"maxResults\":1000}\n",
	  .result = "[{\"issue_id\":\"1\",\"changelogs\":[{\"id\":\"a\",\"created\":\"2023-11-14T22:13:20.123+0000\","
	    "\"items\":[{\"field\":\"status\",\"to_string\":\"Done\"}]}],\"changelogs_total\":2}]" },
	{ .name = "issues into a sprint", .tool = "add_issues_to_sprint", .args = "{\"sprint_id\":3,\"issue_keys\":[\"demo-1\",\"DEMO-2\"]}",
	  .replies = { { "POST /rest/agile/1.0/sprint/3/issue", 204, NULL } },
	  .requests = "POST /rest/agile/1.0/sprint/3/issue {\"issues\":[\"DEMO-1\",\"DEMO-2\"]}\n", .result = "{\"message\":\"2 issues moved to sprint 3\",\"issue_keys\":[\"DEMO-1\",\"DEMO-2\"],\"sprint_id\":\"3\"}" },
	{ .name = "a sprint of another project's board", .tool = "update_sprint", .filter = "DEMO", .args = "{\"sprint_id\":3,\"name\":\"x\"}",
	  .replies = { { "GET /rest/agile/1.0/sprint/3", 0, "{\"id\":3,\"originBoardId\":8}" }, { "GET /rest/agile/1.0/board/8/project", 0, "{\"values\":[]}" } },
	  .requests = "GET /rest/agile/1.0/sprint/3\nGET /rest/agile/1.0/board/8/project?maxResults=50\n", .failure = "does not show board 8", .kind = ERR_REFUSED },
	{ .name = "a sprint", .tool = "create_sprint", .args = "{\"board_id\":\"7\",\"name\":\"n\",\"start_date\":\"2030-01-01\",\"end_date\":\"2030-01-15T09:00\"}",
	  .replies = { { "POST /rest/agile/1.0/sprint", 201, "{\"id\":4,\"name\":\"n\",\"state\":\"future\"}" } },
	  .requests = "POST /rest/agile/1.0/sprint {\"name\":\"n\",\"originBoardId\":7,\"startDate\":\"2030-01-01\",\"endDate\":\"2030-01-15T09:00\"}\n",
	  .result = "{\"id\":\"4\",\"name\":\"n\",\"state\":\"future\"}" },
};
/* clang-format on */

static void
creates_issues(void **state)
{
	(void)state;
	world_play_all(creates, COUNT(creates));
}

static void
changes_issues(void **state)
{
	(void)state;
	world_play_all(updates, COUNT(updates));
}

static void
comments_and_more(void **state)
{
	(void)state;
	world_play_all(comments, COUNT(comments));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_issues),
		cmocka_unit_test(changes_issues),
		cmocka_unit_test(comments_and_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

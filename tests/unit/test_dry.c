/*
 * Dry runs: what would be written is shown and not sent, what is only looked up is sent, and a
 * story goes on as long as it needs no answer that nobody has.
 */
#include "jira_world.h"

#define TRANSITIONS \
	"{\"transitions\":[{\"id\":\"31\",\"name\":\"Close\",\"to\":{\"name\":\"Done\"}}]}"

/* clang-format off */
static const struct world_case cases[] = {
	{ .name = "a write whose answer nobody needs", .tool = "delete_issue",
	  .args = "{\"issue_key\":\"A-1\",\"dry_run\":true}", .requests = "",
	  .result = "{\"dry_run\":{\"address\":\"https://jira.example\",\"requests\":[{\"method\":\"DELETE\","
	    "\"path\":\"/rest/api/2/issue/A-1?deleteSubtasks=true\"}],\"is_all\":true}}" },
	{ .name = "of Cloud, with true as a word", .tool = "delete_issue", .is_cloud = true,
	  .args = "{\"issue_key\":\"A-1\",\"dry_run\":\"true\"}", .requests = "",
	  .result = "{\"dry_run\":{\"address\":\"https://jira.example\",\"requests\":[{\"method\":\"DELETE\","
	    "\"path\":\"/rest/api/3/issue/A-1?deleteSubtasks=true\"}],\"is_all\":true}}" },
	{ .name = "one whose answer is needed ends it", .tool = "create_sprint",
	  .args = "{\"board_id\":\"4\",\"name\":\"S\",\"start_date\":\"2030-01-01\",\"end_date\":\"2030-01-14\",\"dry_run\":true}",
	  .requests = "",
	  .result = "{\"dry_run\":{\"address\":\"https://jira.example\",\"requests\":[{\"method\":\"POST\","
	    "\"path\":\"/rest/agile/1.0/sprint\",\"body\":{\"name\":\"S\",\"originBoardId\":4,\"startDate\":\"2030-01-01\","
	    "\"endDate\":\"2030-01-14\"}}],\"is_all\":false,"
	    "\"note\":\"what would follow depends on the answer to the last request\"}}" },
	{ .name = "two writes, with a look-up between them", .tool = "update_issue",
	  .args = "{\"issue_key\":\"A-1\",\"fields\":{\"summary\":\"x\",\"status\":\"Done\"},\"return_fields\":\"summary\",\"dry_run\":true}",
	  .replies = { { "GET /rest/api/2/issue/A-1/transitions", 0, TRANSITIONS },
	    { "GET /rest/api/2/issue/A-1", 0, "{\"key\":\"A-1\",\"fields\":{\"summary\":\"old\"}}" } },
	  .requests = "GET /rest/api/2/issue/A-1/transitions\nGET /rest/api/2/issue/A-1?fields=summary\n",
	  .result = "{\"dry_run\":{\"address\":\"https://jira.example\",\"requests\":[{\"method\":\"PUT\","
	    "\"path\":\"/rest/api/2/issue/A-1\",\"body\":{\"fields\":{\"summary\":\"x\"}}},{\"method\":\"POST\","
	    "\"path\":\"/rest/api/2/issue/A-1/transitions\",\"body\":{\"transition\":{\"id\":\"31\"}}}],\"is_all\":true}}" },
	{ .name = "what fails behind the first is told with it", .tool = "update_issue",
	  .args = "{\"issue_key\":\"A-1\",\"fields\":{\"summary\":\"x\",\"status\":\"Gone\"},\"dry_run\":true}",
	  .replies = { { "GET /rest/api/2/issue/A-1/transitions", 0, TRANSITIONS } },
	  .requests = "GET /rest/api/2/issue/A-1/transitions\n",
	  .result = "{\"dry_run\":{\"address\":\"https://jira.example\",\"requests\":[{\"method\":\"PUT\","
	    "\"path\":\"/rest/api/2/issue/A-1\",\"body\":{\"fields\":{\"summary\":\"x\"}}}],\"is_all\":false,"
	    "\"would_fail\":\"the fields of A-1 were updated, but not its status, but: A-1 has no transition \\\"Gone\\\" now; "
	    "it has: Close (31, to Done)\"}}" },
	{ .name = "what fails before it fails", .tool = "update_issue",
	  .args = "{\"issue_key\":\"A-1\",\"fields\":{},\"dry_run\":true}", .requests = "",
	  .failure = "fields is empty: there is nothing to change", .kind = ERR_PARAMS },
	{ .name = "the filter holds", .tool = "delete_issue", .filter = "B",
	  .args = "{\"issue_key\":\"A-1\",\"dry_run\":true}", .requests = "",
	  .failure = "jira shows the projects B; A is none of them", .kind = ERR_REFUSED },
	{ .name = "every one of a batch", .tool = "batch_create_versions",
	  .args = "{\"project_key\":\"A\",\"versions\":[{\"name\":\"1\"},{\"name\":\"2\"}],\"dry_run\":true}", .requests = "",
	  .result = "{\"dry_run\":{\"address\":\"https://jira.example\",\"requests\":[{\"method\":\"POST\","
	    "\"path\":\"/rest/api/2/version\",\"body\":{\"name\":\"1\",\"project\":\"A\"}},{\"method\":\"POST\","
	    "\"path\":\"/rest/api/2/version\",\"body\":{\"name\":\"2\",\"project\":\"A\"}}],\"is_all\":true}}" },
	{ .name = "files are counted, not shown", .tool = "upload_attachments",
	  .args = "{\"issue_key\":\"A-1\",\"attachments\":[{\"filename\":\"a.txt\",\"content\":\"aGk=\"}],\"dry_run\":true}", .requests = "",
	  .result = "{\"dry_run\":{\"address\":\"https://jira.example\",\"requests\":[{\"method\":\"POST\","
	    "\"path\":\"/rest/api/2/issue/A-1/attachments\",\"content_type\":\"multipart/form-data; "
	    "boundary=07070707070707070707070707070707\",\"body_bytes\":169}],\"is_all\":false,"
	    "\"note\":\"what would follow depends on the answer to the last request\"}}" },
	{ .name = "false is a call as ever", .tool = "delete_issue",
	  .args = "{\"issue_key\":\"A-1\",\"dry_run\":false}",
	  .replies = { { "DELETE /rest/api/2/issue/A-1", 204, "" } },
	  .requests = "DELETE /rest/api/2/issue/A-1?deleteSubtasks=true\n",
	  .result = "{\"message\":\"Issue A-1 has been deleted successfully.\"}" },
	{ .name = "no truth", .tool = "delete_issue",
	  .args = "{\"issue_key\":\"A-1\",\"dry_run\":\"yes\"}", .requests = "",
	  .failure = "dry_run must be true or false", .kind = ERR_PARAMS },
	{ .name = "reads have none", .tool = "get_issue",
	  .args = "{\"issue_key\":\"A-1\",\"dry_run\":true}", .requests = "",
	  .failure = "unknown argument \"dry_run\"", .kind = ERR_PARAMS },
	{ .name = "misspelt", .tool = "delete_issue",
	  .args = "{\"issue_key\":\"A-1\",\"dryrun\":true}", .requests = "",
	  .failure = "unknown argument \"dryrun\" (did you mean \"dry_run\"?)", .kind = ERR_PARAMS },
};
/* clang-format on */

static void
shows_and_does_not_send(void **state)
{
	(void)state;
	world_play_all(cases, COUNT(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_and_does_not_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

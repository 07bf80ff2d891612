/*
 * Attachments and files: what is shown how, what is too large, what fails beside others; what is
 * sent, byte for byte; and that no path leads out of the spool folder.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jira_world.h"

/* clang-format off */
#define HAS(list) "{\"key\":\"DEMO-9\",\"fields\":{\"attachment\":[" list "]}}"
#define PNG "{\"id\":\"1\",\"filename\":\"a.png\",\"mimeType\":\"image/png\",\"size\":3,\"content\":\"https://jira.example/secure/attachment/1/a.png\"}"
#define LOG "{\"id\":\"2\",\"filename\":\"l.log\",\"size\":5,\"content\":\"https://jira.example/2\"}"
#define DEMO_9 "{\"issue_key\":\"DEMO-9\"}"
#define LISTS_DC "GET /rest/api/2/issue/DEMO-9?fields=attachment\n"
#define LISTS_CLOUD "GET /rest/api/3/issue/DEMO-9?fields=attachment\n"

static const struct world_case downloads[] = {
	{ .name = "bytes are a blob, text is text", .tool = "download_attachments", .args = DEMO_9,
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, HAS(PNG "," LOG) }, { "GET /secure/attachment/1/a.png", 0, "\x89PN" },
	    { "GET /secure/attachment/2/l.log", 0, "f\xc3\xbc\"x" } },
	  .requests = LISTS_DC "GET /secure/attachment/1/a.png\nGET /secure/attachment/2/l.log\n",
	  .result = "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total\":2,\"downloaded\":2,\"attachments\":[{\"id\":\"1\",\"filename\":\"a.png\","
	    "\"mime_type\":\"image/png\",\"size\":3},{\"id\":\"2\",\"filename\":\"l.log\",\"mime_type\":\"text/plain\",\"size\":5}],\"linked\":[],\"failed\":[]}",
	  .more = ",{\"type\":\"resource\",\"resource\":{\"uri\":\"attachment:///DEMO-9/a.png\",\"mimeType\":\"image/png\",\"blob\":\"iVBO\"}}"
	    ",{\"type\":\"resource\",\"resource\":{\"uri\":\"attachment:///DEMO-9/l.log\",\"mimeType\":\"text/plain\",\"text\":\"f\xc3\xbc\\\"x\"}}" },
	{ .name = "text that is none is a blob", .tool = "download_attachments", .is_cloud = true, .args = DEMO_9,
	  .replies = { { "GET /rest/api/3/issue/DEMO-9", 0, HAS(LOG) }, { "GET /rest/api/3/attachment/content/2", 0, "\xff\xfe" } },
	  .requests = LISTS_CLOUD "GET /rest/api/3/attachment/content/2?redirect=false\n",
	  .result = "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total\":1,\"downloaded\":1,\"attachments\":[{\"id\":\"2\",\"filename\":\"l.log\","
	    "\"mime_type\":\"text/plain\",\"size\":2}],\"linked\":[],\"failed\":[]}",
	  .more = ",{\"type\":\"resource\",\"resource\":{\"uri\":\"attachment:///DEMO-9/l.log\",\"mimeType\":\"text/plain\",\"blob\":\"//4=\"}}" },
	{ .name = "what has no room is a link", .tool = "download_attachments", .args = DEMO_9, .inline_bytes = 4,
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, HAS(PNG "," LOG) }, { "GET /secure/attachment/1/a.png", 0, "abc" } },
	  .requests = LISTS_DC "GET /secure/attachment/1/a.png\n",
	  .result = "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total\":2,\"downloaded\":1,\"attachments\":[{\"id\":\"1\",\"filename\":\"a.png\","
	    "\"mime_type\":\"image/png\",\"size\":3}],\"linked\":[{\"id\":\"2\",\"filename\":\"l.log\",\"size\":5,\"url\":\"https://jira.example/2\"}],\"failed\":[]}",
	  .more = ",{\"type\":\"resource\",\"resource\":{\"uri\":\"attachment:///DEMO-9/a.png\",\"mimeType\":\"image/png\",\"blob\":\"YWJj\"}}"
	    ",{\"type\":\"resource_link\",\"uri\":\"https://jira.example/2\",\"name\":\"l.log\",\"mimeType\":\"text/plain\",\"size\":5}" },
	{ .name = "one fails, the other is there; no address is followed", .tool = "download_attachments", .args = DEMO_9,
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, HAS("{\"id\":\"7\",\"filename\":\"..\",\"size\":1,\"content\":\"http://evil.example/\"},"
	      "{\"id\":\"8\",\"filename\":\"a/b\",\"size\":1},{\"size\":1}," LOG) },
	    { "GET /secure/attachment/8/a%2Fb", 403, NULL }, { "GET /secure/attachment/2/l.log", 0, "hello" } },
	  .requests = LISTS_DC "GET /secure/attachment/8/a%2Fb\nGET /secure/attachment/2/l.log\n",
	  .result = "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total\":4,\"downloaded\":1,\"attachments\":[{\"id\":\"2\",\"filename\":\"l.log\","
	    "\"mime_type\":\"text/plain\",\"size\":5}],\"linked\":[],\"failed\":[{\"id\":\"7\",\"filename\":\"..\",\"error\":\"name: \\\"..\\\" cannot be part of a path\"},"
	    "{\"id\":\"8\",\"filename\":\"a/b\",\"error\":\"jira: HTTP 403 (the user may not do this)\"},{\"error\":\"Jira did not say what it is\"}]}" },
	{ .name = "images only, by their names too", .tool = "get_issue_images", .is_cloud = true, .args = DEMO_9,
	  .replies = { { "GET /rest/api/3/issue/DEMO-9", 0, HAS(LOG ",{\"id\":\"3\",\"filename\":\"b.JPG\",\"mimeType\":\"application/octet-stream\",\"size\":1}") },
	    { "GET /rest/api/3/attachment/content/3", 0, "j" } },
	  .requests = LISTS_CLOUD "GET /rest/api/3/attachment/content/3?redirect=false\n",
	  .result = "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total_images\":1,\"downloaded\":1,\"attachments\":[{\"id\":\"3\",\"filename\":\"b.JPG\","
	    "\"mime_type\":\"image/jpeg\",\"size\":1}],\"linked\":[],\"failed\":[]}",
	  .more = ",{\"type\":\"image\",\"mimeType\":\"image/jpeg\",\"data\":\"ag==\"}" },
	{ .name = "a name that is not there", .tool = "get_issue_images", .args = "{\"issue_key\":\"DEMO-9\",\"only\":\"z\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, HAS(PNG) } }, .requests = LISTS_DC,
	  .result = "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total_images\":0,\"downloaded\":0,\"attachments\":[],\"linked\":[],"
	    "\"failed\":[{\"filename\":\"z\",\"error\":\"the issue has no such attachment\"}],\"message\":\"No image attachments found\"}" },
	{ .name = "an issue that moved out of sight", .tool = "download_attachments", .args = DEMO_9, .filter = "DEMO",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, "{\"key\":\"HR-1\",\"fields\":{\"attachment\":[" PNG "]}}" } },
	  .requests = LISTS_DC, .failure = "is now in a project",
	  .kind = ERR_REFUSED },
	{ .name = "an attachment of another issue is not deleted", .tool = "delete_attachment", .args = "{\"issue_key\":\"DEMO-9\",\"attachment_id\":5}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, HAS(PNG) } }, .requests = LISTS_DC,
	  .failure = "DEMO-9 has no attachment 5", .kind = ERR_RESOURCE },
	{ .name = "its own is", .tool = "delete_attachment", .args = "{\"issue_key\":\"DEMO-9\",\"attachment_id\":\"1\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, HAS(PNG) }, { "DELETE /rest/api/2/attachment/1", 204, NULL } },
	  .requests = LISTS_DC "DELETE /rest/api/2/attachment/1\n", .result = "{\"message\":\"Attachment 1 (a.png) of DEMO-9 has been deleted\"}" },
};

/* What is random is sevens here. */
#define BOUND "--07070707070707070707070707070707"
#define SENDS(files) .tool = "upload_attachments", .args = "{\"issue_key\":\"DEMO-9\",\"attachments\":" files "}"
#define REFUSES(files, text) SENDS(files), .requests = "", .failure = text, .kind = ERR_PARAMS
static const struct world_case uploads[] = {
	{ .name = "texts and bytes are parts of one form", SENDS("[{\"filename\":\"\\\"a\\\".txt\",\"text\":\"h\xc3\xa9\"},{\"filename\":\"b\",\"content\":\"AWIC\",\"content_type\":\"x/y; z=1\"},"
	    "{\"filename\":\"e\",\"content\":\"\"}]"),
	  .replies = { { "POST /rest/api/2/issue/DEMO-9/attachments", 200, "[{\"id\":\"5\",\"filename\":\"a\",\"size\":3,\"mimeType\":\"text/plain\"}]" } },
	  .requests = "POST /rest/api/2/issue/DEMO-9/attachments " BOUND "~Content-Disposition: form-data; name=\"file\"; filename=\"%22a%22.txt\"~Content-Type: text/plain~~h\xc3\xa9~"
	    BOUND "~Content-Disposition: form-data; name=\"file\"; filename=\"b\"~Content-Type: x/y; z=1~~\x01" "b\x02~"
	    BOUND "~Content-Disposition: form-data; name=\"file\"; filename=\"e\"~Content-Type: application/octet-stream~~~" BOUND "--~\n",
	  .result = "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total\":3,\"uploaded\":[{\"id\":\"5\",\"filename\":\"a\",\"size\":3,\"mime_type\":\"text/plain\"}]}" },
	{ .name = "no name", REFUSES("[{\"text\":\"x\"}]", "attachments[0]: a file needs a name") },
	{ .name = "a name that climbs", REFUSES("[{\"filename\":\"a/b\",\"text\":\"x\"}]", "a file needs a name") },
	{ .name = "a name with a line", REFUSES("[{\"filename\":\"a\\r\\nX: y\",\"text\":\"x\"}]", "a file needs a name") },
	{ .name = "a type with a line", REFUSES("[{\"filename\":\"a\",\"text\":\"x\",\"content_type\":\"a/b\\r\\nX: y\"}]", "content_type must be") },
	{ .name = "both", REFUSES("[{\"filename\":\"a\",\"text\":\"x\",\"content\":\"\"}]", "either content, in base64, or text") },
	{ .name = "neither", REFUSES("[{\"filename\":\"a\"},{\"filename\":\"b\"}]", "attachments[0] must have either") },
	{ .name = "no base64", REFUSES("[{\"filename\":\"a\",\"content\":\"a b c\"}]", "content is not base64") },
	{ .name = "a number", REFUSES("[7]", "attachments[0] must be the name of a file") },
	{ .name = "none", REFUSES("[]", "attachments is empty") },
	{ .name = "too large", REFUSES("[{\"filename\":\"a\",\"text\":\"" "1234567890" "1234567890" "1234567890" "1234567890" "1234567890"
	    "1234567890" "1234567890" "1234567890" "1234567890" "1234567890" "1\"}]", "has 101 bytes, more than atlassian.attachments.upload") },
	{ .name = "too many", REFUSES("\"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21\"", "at most 20 files") },
	{ .name = "no folder is configured", SENDS("\"a.txt\""), .requests = "", .failure = "no folder of files is configured", .kind = ERR_REFUSED },
	{ .name = "updated, and nothing was attached", .tool = "update_issue", .args = "{\"issue_key\":\"DEMO-9\",\"fields\":{\"summary\":\"S\"},\"attachments\":[{\"filename\":\"a\",\"text\":\"\"}]}",
	  .replies = { { "PUT /rest/api/2/issue/DEMO-9", 204, NULL }, { "POST /rest/api/2/issue/DEMO-9/attachments", 413, NULL } },
	  .requests = "PUT /rest/api/2/issue/DEMO-9 {\"fields\":{\"summary\":\"S\"}}\nPOST /rest/api/2/issue/DEMO-9/attachments " BOUND
	    "~Content-Disposition: form-data; name=\"file\"; filename=\"a\"~Content-Type: application/octet-stream~~~" BOUND "--~\n",
	  .failure = "DEMO-9 was updated, but nothing was attached", .kind = ERR_REQUEST },
};
/* clang-format on */

static void
shows_attachments(void **state)
{
	(void)state;
	world_play_all(downloads, COUNT(downloads));
}

static void
sends_files(void **state)
{
	(void)state;
	world_play_all(uploads, COUNT(uploads));
}

/* ---- the spool folder ------------------------------------------------------------------------ */

static char folder[] = "/tmp/bascule-spool-XXXXXX";
static char spool[sizeof(folder) + 8];

static void
file_write(const char *name, const char *text)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
spool_path(char path[200], const char *name)
{
	snprintf(path, 200, "%s/%s", spool, name);
}

static int
spool_make(void **state)
{
	char path[200];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(spool, sizeof(spool), "%s/spool", folder);
	assert_int_equal(mkdir(spool, 0700), 0);
	spool_path(path, "sub");
	assert_int_equal(mkdir(path, 0700), 0);
	file_write("secret", "s");
	file_write("spool/a.txt", "one\ntwo");
	file_write("spool/sub/b", "b");
	spool_path(path, "out");
	assert_int_equal(symlink("../secret", path), 0);
	spool_path(path, "in");
	assert_int_equal(symlink("a.txt", path), 0);
	spool_path(path, "up");
	assert_int_equal(symlink("..", path), 0);
	spool_path(path, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	return 0;
}

static int
spool_drop(void **state)
{
	static const char *const names[] = { "sub/b", "sub", "a.txt", "out", "in", "up", "pipe",
		"../secret" };
	char path[200];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		spool_path(path, names[i]);
		(void)remove(path);
	}
	return rmdir(spool) != 0 || rmdir(folder) != 0;
}

static void
play(const char *name, const char *requests, const char *failure, bool is_strangers)
{
	char args[300];
	struct world_case one = { .name = name,
		.tool = "upload_attachments",
		.args = args,
		.spool = spool,
		.is_strangers = is_strangers,
		.replies = { { "POST /rest/api/2/issue/DEMO-9/attachments", 200, "[]" } },
		.requests = requests,
		.result = failure == NULL
		    ? "{\"success\":true,\"issue_key\":\"DEMO-9\",\"total\":1,\"uploaded\":[]}"
		    : NULL,
		.failure = failure,
		.kind = ERR_REFUSED };

	snprintf(args, sizeof(args), "{\"issue_key\":\"DEMO-9\",\"attachments\":[\"%s\"]}", name);
	world_play_all(&one, 1);
}

#define SENT(name, text, type) \
	"POST /rest/api/2/issue/DEMO-9/attachments " BOUND \
	"~Content-Disposition: form-data; name=\"file\"; filename=\"" name \
	"\"~Content-Type: " type "~~" text "~" BOUND "--~\n"

static void
stays_in_the_folder(void **state)
{
	static const char *const outside[] = { "../secret", "/etc/passwd", "sub/../../secret",
		"./../secret", "out", "in", "up/secret", "a.txt/../../secret", "/proc/self/fd/0",
		"none", "a.txt/", "..", "sub/out", "\\u2025/secret", "..\\u2215secret",
		"%2e%2e/secret" };
	static const char *const no_files[] = { "sub", "pipe", ".", "sub/.." };

	(void)state;
	play("a.txt", SENT("a.txt", "one~two", "text/plain"), NULL, false);
	play("sub/b", SENT("b", "b", "application/octet-stream"), NULL, false);
	for (size_t i = 0; i < COUNT(outside); i++)
		play(outside[i], "", "cannot be had from atlassian.spool", false);
	for (size_t i = 0; i < COUNT(no_files); i++)
		play(no_files[i], "", "is no file", false);
	play("a.txt", "", "with the configured credential only", true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_attachments),
		cmocka_unit_test(sends_files),
		cmocka_unit_test_setup_teardown(stays_in_the_folder, spool_make, spool_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

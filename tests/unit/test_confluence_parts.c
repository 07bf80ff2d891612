/*
 * What hangs on pages and blog posts: labels, attachments, templates, permissions; people.  Which
 * requests are made where, what is told of failures, and that no redirection leads elsewhere.
 */
#define WORLD_PRODUCT PRODUCT_CONFLUENCE
#define WORLD_NAME    "confluence"
#include "jira_world.h"

/* clang-format off */
#define MEMBER(name) "{\"displayName\":\"" name "\",\"username\":\"" name "\"}"

static const struct world_case parts[] = {
	{ .name = "Cloud: what is no page is a blog post", .tool = "get_labels", .is_cloud = true, .args = "{\"page_id\":\"7\"}",
	  .replies = { { "GET /api/v2/pages/7/labels", 404, NULL }, { "GET /api/v2/blogposts/7/labels", 0, "{\"results\":[{\"id\":\"1\",\"name\":\"a\",\"prefix\":\"my\"}]}" } },
	  .requests = "GET /api/v2/pages/7/labels?limit=100\nGET /api/v2/blogposts/7/labels?limit=100\n",
	  .result = "[{\"id\":\"1\",\"name\":\"a\",\"prefix\":\"my\",\"label\":\"a\"}]" },
	{ .name = "Cloud: a page that may not be seen is not tried again", .tool = "get_labels", .is_cloud = true, .args = "{\"page_id\":\"7\"}",
	  .replies = { { "GET /api/v2/pages/7/labels", 403, NULL } },
	  .requests = "GET /api/v2/pages/7/labels?limit=100\n",
	  .failure = "HTTP 403", .kind = ERR_REFUSED },
	{ .name = "all pages of a list", .tool = "get_labels", .args = "{\"page_id\":\"7\"}",
	  .replies = { { "GET /rest/api/content/7/label?start=0&limit=100", 0, "{\"results\":[{\"name\":\"a\"}],\"_links\":{\"next\":\"/rest/api/content/7/label?start=1\"}}" },
	    { "GET /rest/api/content/7/label?start=1&limit=100", 0, "{\"results\":[{\"name\":\"b\"}],\"_links\":{}}" } },
	  .requests = "GET /rest/api/content/7/label?start=0&limit=100\nGET /rest/api/content/7/label?start=1&limit=100\n",
	  .result = "[{\"name\":\"a\",\"label\":\"a\"},{\"name\":\"b\",\"label\":\"b\"}]" },
	{ .name = "a label that was added, and then nothing", .tool = "add_label", .args = "{\"page_id\":\"7\",\"name\":\"a\\\"b\"}",
	  .replies = { { "POST /rest/api/content/7/label", 0, "{\"results\":[]}" }, { "GET /rest/api/content/7/label", 500, NULL } },
	  .requests = "POST /rest/api/content/7/label {\"prefix\":\"global\",\"name\":\"a\\\"b\"}\nGET /rest/api/content/7/label?start=0&limit=100\n",
	  .failure = "The label was added, but: ", .kind = ERR_REQUEST },
	{ .name = "Cloud: quotes of a name", .tool = "search_user", .is_cloud = true, .args = "{\"query\":\"a\\\"b\\\\\"}",
	  .replies = { { "GET /rest/api/search/user", 0, "{\"results\":[{\"user\":{\"accountId\":\"x\",\"accountStatus\":\"inactive\"},\"entityType\":\"user\",\"score\":0.5}]}" } },
	  .requests = "GET /rest/api/search/user?cql=user.fullname%20~%20%22a%5C%22b%5C%5C%22&limit=10\n",
	  .result = "[{\"entity_type\":\"user\",\"score\":0.5,\"user\":{\"account_id\":\"x\",\"is_active\":false}}]" },
	{ .name = "Cloud: no list of users is no empty one", .tool = "search_user", .is_cloud = true, .args = "{\"query\":\"a = 1\"}",
	  .replies = { { "GET /rest/api/search/user", 0, "{\"results\":{}}" } },
	  .requests = "GET /rest/api/search/user?cql=a%20%3D%201&limit=10\n",
	  .failure = "without a list of users", .kind = ERR_UNAVAILABLE },
	{ .name = "Data Center: members are looked through until there are enough", .tool = "search_user",
	  .args = "{\"query\":\"user.fullname~  \\\"AD\\\" AND x\",\"limit\":2,\"group_name\":\"a b/c\"}",
	  .replies = { { "GET /rest/api/group/a%20b%2Fc/member?start=0&limit=200", 0, "{\"results\":[" MEMBER("Grace") "," MEMBER("Ada") "],\"_links\":{\"next\":\"/rest/api/group/x\"}}" },
	    { "GET /rest/api/group/a%20b%2Fc/member?start=2&limit=200", 0, "{\"results\":[" MEMBER("adam") "," MEMBER("Ada2") "],\"_links\":{\"next\":\"/rest/api/group/x\"}}" } },
	  .requests = "GET /rest/api/group/a%20b%2Fc/member?start=0&limit=200\nGET /rest/api/group/a%20b%2Fc/member?start=2&limit=200\n",
	  .result = "[{\"entity_type\":\"user\",\"title\":\"Ada\",\"user\":{\"username\":\"Ada\",\"display_name\":\"Ada\",\"is_active\":true}},"
	    "{\"entity_type\":\"user\",\"title\":\"adam\",\"user\":{\"username\":\"adam\",\"display_name\":\"adam\",\"is_active\":true}}]" },
	{ .name = "Data Center: a quote that is open belongs to the name", .tool = "search_user", .args = "{\"query\":\"user.fullname ~ \\\"a\"}",
	  .replies = { { "GET /rest/api/group/confluence-users/member", 0, "{\"results\":[" MEMBER("a") "]}" } },
	  .requests = "GET /rest/api/group/confluence-users/member?start=0&limit=200\n", .result = "[]" },
	{ .name = "Cloud: the cursor is decoded, and nothing else of the link is used", .tool = "get_space_permissions", .is_cloud = true, .args = "{\"space_id\":7,\"limit\":1}",
	  .replies = { { "GET /api/v2/spaces/7/permissions", 0, "{\"results\":[{\"id\":1,\"principal\":{\"type\":\"user\"},\"operation\":null}],"
	      "\"_links\":{\"next\":\"https://evil.example/x?limit=1&cursor=a%3d%3D%zz%4\"}}" } },
	  .requests = "GET /api/v2/spaces/7/permissions?limit=1\n",
	  .result = "{\"results\":[{\"id\":\"1\",\"principal\":{\"type\":\"user\"}}],\"next_cursor\":\"a==%zz%4\"}" },
	{ .name = "Cloud: a space by its key", .tool = "get_space_permissions", .is_cloud = true, .args = "{\"space_id\":\"DEV\",\"cursor\":\"a=&b\"}", .filter = "DEV",
	  .replies = { { "GET /api/v2/spaces?keys=DEV&limit=1", 0, "{\"results\":[{\"id\":\"7\",\"key\":\"DEV\"}]}" }, { "GET /api/v2/spaces/7/permissions", 0, "{\"results\":[]}" } },
	  .requests = "GET /api/v2/spaces?keys=DEV&limit=1\nGET /api/v2/spaces/7/permissions?limit=25&cursor=a%3D%26b\n", .result = "{\"results\":[]}" },
	{ .name = "Cloud: neither yes nor no", .tool = "check_content_permissions", .is_cloud = true, .args = "{\"content_id\":\"7\",\"user_identifier\":\"u\",\"operation\":\"read\"}",
	  .replies = { { "POST /rest/api/content/7/permission/check", 0, "{}" } },
	  .requests = "POST /rest/api/content/7/permission/check {\"subject\":{\"type\":\"user\",\"identifier\":\"u\"},\"operation\":\"read\"}\n",
	  .failure = "did not say whether it is permitted", .kind = ERR_UNAVAILABLE },
	{ .name = "Cloud: a template without a body", .tool = "create_page_from_template", .is_cloud = true, .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"template_id\":\"../x\"}",
	  .replies = { { "GET /rest/api/template/..%2Fx", 0, "{\"name\":\"N\"}" } },
	  .requests = "GET /rest/api/template/..%2Fx?expand=body\n", .failure = "template ../x has no body", .kind = ERR_RESOURCE },
	{ .name = "Cloud: both forms of a description", .tool = "list_page_templates", .is_cloud = true, .args = "{}",
	  .replies = { { "GET /rest/api/template/page", 0, "{\"results\":[{\"templateId\":5,\"description\":{\"value\":\"D\"}},{\"templateId\":\"6\",\"description\":\"E\"},{\"description\":\"\"}]}" } },
	  .requests = "GET /rest/api/template/page?start=0&limit=25\n",
	  .result = "{\"templates\":[{\"templateId\":\"5\",\"description\":\"D\"},{\"templateId\":\"6\",\"description\":\"E\"},{}],\"total\":3}" },
	{ .name = "Cloud: a blog post in the trash is not shown where spaces are bounded", .tool = "get_page_views", .is_cloud = true, .args = "{\"page_id\":\"7\",\"include_title\":false}",
	  .filter = "DEV", .replies = { { "GET /api/v2/pages/7", 404, NULL }, { "GET /api/v2/blogposts/7", 0, "{\"id\":\"7\",\"spaceId\":\"3\",\"status\":\"trashed\"}" },
	    { "GET /api/v2/spaces/3", 0, "{\"id\":\"3\",\"key\":\"DEV\"}" } },
	  .requests = "GET /api/v2/pages/7\nGET /api/v2/blogposts/7\nGET /api/v2/spaces/3\n", .failure = "7 is in the trash", .kind = ERR_RESOURCE },
};

/* ---- downloads ------------------------------------------------------------------------------- */

#define FILE_CLOUD(name) "{\"id\":\"att9\",\"pageId\":\"7\",\"title\":\"" name "\",\"mediaType\":\"text/plain\",\"fileSize\":3,\"downloadLink\":\"/download/x?y=1\"}"
#define FILE_DC(name, more) "{\"id\":\"att9\",\"type\":\"attachment\",\"title\":\"" name "\",\"space\":{\"key\":\"DEV\"},\"container\":{\"id\":\"7\"},\"extensions\":{\"mediaType\":\"text/plain\",\"fileSize\":3}" \
    ",\"_links\":{\"download\":\"" more "\"}}"
#define ATT_9 "{\"attachment_id\":\"att9\"}"
#define FINDS_CLOUD "GET /api/v2/attachments/att9\nGET /rest/api/content/7/child/attachment/att9/download\n"
#define FINDS_DC "GET /rest/api/content/att9?expand=container%2Cspace%2Cversion\n"
#define SENDS_TO(address) { "GET /rest/api/content/7/child/attachment/att9/download", 302, NULL, "Location: " address "\r\n" }
#define REFUSES_TO(what, address) \
	{ .name = what, .tool = "download_attachment", .is_cloud = true, .args = ATT_9, \
	  .replies = { { "GET /api/v2/attachments/att9", 0, FILE_CLOUD("a.txt") }, SENDS_TO(address) }, .requests = FINDS_CLOUD, \
	  .failure = "att9: confluence sends elsewhere for the file, where it is not followed", .kind = ERR_REQUEST }

static const struct world_case downloads[] = {
	REFUSES_TO("another host", "https://evil.example/a"),
	REFUSES_TO("a host that only begins so", "https://api.media.atlassian.com.evil.example/a"),
	REFUSES_TO("a user that looks like the host", "https://api.media.atlassian.com@evil.example/a"),
	REFUSES_TO("without TLS", "http://api.media.atlassian.com/a"),
	REFUSES_TO("another port", "https://api.media.atlassian.com:8443/a"),
	REFUSES_TO("this machine", "http://127.0.0.1:1/a"),
	REFUSES_TO("a file", "file:///etc/passwd"),
	REFUSES_TO("a path alone", "/login.action"),
	{ .name = "a redirection to nowhere", .tool = "download_attachment", .is_cloud = true, .args = ATT_9,
	  .replies = { { "GET /api/v2/attachments/att9", 0, FILE_CLOUD("a.txt") }, { "GET /rest/api/content/7/child/attachment/att9/download", 302, NULL } },
	  .requests = FINDS_CLOUD, .failure = "HTTP 302", .kind = ERR_REQUEST },
	{ .name = "Cloud: a name that climbs harms nobody", .tool = "download_attachment", .is_cloud = true, .args = "{\"attachment_id\":9}",
	  .replies = { { "GET /api/v2/attachments/att9", 0, FILE_CLOUD("..") }, { "GET /rest/api/content/7/child/attachment/att9/download", 0, "abc" } },
	  .requests = FINDS_CLOUD, .result = "{\"id\":\"att9\",\"filename\":\"..\",\"mime_type\":\"text/plain\",\"size\":3,\"content_id\":\"7\"}",
	  .more = ",{\"type\":\"resource\",\"resource\":{\"uri\":\"attachment:///\",\"mimeType\":\"text/plain\",\"text\":\"abc\"}}" },
	{ .name = "Data Center: neither does it there", .tool = "download_attachment", .args = ATT_9,
	  .replies = { { "GET /rest/api/content/att9", 0, FILE_DC("..", "/x") } },
	  .requests = FINDS_DC, .failure = "att9: name: \"..\" cannot be part of a path", .kind = ERR_REQUEST },
	{ .name = "Data Center: the address in the reply is not followed", .tool = "download_attachment", .args = ATT_9,
	  .replies = { { "GET /rest/api/content/att9", 0, FILE_DC("a b", "http://evil.example/") }, { "GET /download/attachments/7/a%20b", 0, "abc" } },
	  .requests = FINDS_DC "GET /download/attachments/7/a%20b\n", .result = "{\"id\":\"att9\",\"filename\":\"a b\",\"mime_type\":\"text/plain\",\"size\":3,\"content_id\":\"7\"}",
	  .more = ",{\"type\":\"resource\",\"resource\":{\"uri\":\"attachment:///7/a%20b\",\"mimeType\":\"text/plain\",\"text\":\"abc\"}}" },
	{ .name = "what has no room is a link", .tool = "download_attachment", .is_cloud = true, .args = ATT_9, .inline_bytes = 2,
	  .replies = { { "GET /api/v2/attachments/att9", 0, FILE_CLOUD("a.txt") } }, .requests = "GET /api/v2/attachments/att9\n",
	  .result = "{\"id\":\"att9\",\"filename\":\"a.txt\",\"size\":3,\"url\":\"https://confluence.example/download/x?y=1\",\"content_id\":\"7\"}",
	  .more = ",{\"type\":\"resource_link\",\"uri\":\"https://confluence.example/download/x?y=1\",\"name\":\"a.txt\",\"mimeType\":\"text/plain\",\"size\":3}" },
	{ .name = "one fails, the other is there", .tool = "download_content_attachments", .args = "{\"content_id\":\"7\"}",
	  .replies = { { "GET /rest/api/content/7/child/attachment", 0, "{\"results\":[" FILE_DC("a", "/x") "," FILE_DC("b", "/y") ",{\"title\":\"c\"}]}" },
	    { "GET /download/attachments/7/a", 500, NULL }, { "GET /download/attachments/7/b", 0, "\xff" } },
	  .requests = "GET /rest/api/content/7/child/attachment?expand=version&start=0&limit=100\nGET /download/attachments/7/a\nGET /download/attachments/7/b\n",
	  .result = "{\"success\":true,\"content_id\":\"7\",\"total\":3,\"downloaded\":1,\"attachments\":[{\"id\":\"att9\",\"filename\":\"b\",\"mime_type\":\"text/plain\",\"size\":1}],\"linked\":[],"
	    "\"failed\":[{\"id\":\"att9\",\"filename\":\"a\",\"error\":\"confluence: HTTP 500 (the site has failed)\"},{\"filename\":\"c\",\"error\":\"Confluence did not say what it is\"}]}" },
	{ .name = "images only", .tool = "get_page_images", .args = "{\"content_id\":\"7\"}",
	  .replies = { { "GET /rest/api/content/7/child/attachment", 0, "{\"results\":[" FILE_DC("a.png", "/x") ",{\"id\":\"att8\",\"title\":\"b.PNG\",\"extensions\":{\"mediaType\":\"application/octet-stream\"}}]}" },
	    { "GET /download/attachments/7/b.PNG", 0, "p" } },
	  .requests = "GET /rest/api/content/7/child/attachment?expand=version&start=0&limit=100\nGET /download/attachments/7/b.PNG\n",
	  .result = "{\"success\":true,\"content_id\":\"7\",\"total_images\":1,\"downloaded\":1,\"attachments\":[{\"id\":\"att8\",\"filename\":\"b.PNG\",\"mime_type\":\"image/png\",\"size\":1}],\"linked\":[],\"failed\":[]}",
	  .more = ",{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"cA==\"}" },
	{ .name = "Data Center: a page is no attachment to delete", .tool = "delete_attachment", .args = "{\"attachment_id\":\"9\"}",
	  .replies = { { "GET /rest/api/content/att9", 0, "{\"id\":\"9\",\"type\":\"page\",\"space\":{\"key\":\"DEV\"},\"container\":{\"id\":\"1\"}}" } },
	  .requests = FINDS_DC, .failure = "att9 is no attachment of a page", .kind = ERR_RESOURCE },
	{ .name = "Data Center: nor one of a space that may not be seen", .tool = "delete_attachment", .args = ATT_9, .filter = "HR",
	  .replies = { { "GET /rest/api/content/att9", 0, FILE_DC("a", "/x") } },
	  .requests = FINDS_DC, .failure = "space DEV is not among", .kind = ERR_REFUSED },
	{ .name = "Cloud: an attachment of nothing", .tool = "delete_attachment", .is_cloud = true, .args = ATT_9,
	  .replies = { { "GET /api/v2/attachments/att9", 0, "{\"id\":\"att9\"}" } },
	  .requests = "GET /api/v2/attachments/att9\n", .failure = "att9 is no attachment of a page", .kind = ERR_RESOURCE },
};

/* ---- uploads --------------------------------------------------------------------------------- */

/* What is random is sevens here. */
#define BOUND "--07070707070707070707070707070707"
#define FORM(fields, name, bytes) " " BOUND "~Content-Disposition: form-data; name=\"minorEdit\"~~false~" fields BOUND "~Content-Disposition: form-data; name=\"file\"; filename=\"" name \
    "\"~Content-Type: text/plain~~" bytes "~" BOUND "--~\n"
#define POSTS "POST /rest/api/content/7/child/attachment"
#define LOOKS "GET /rest/api/content/7/child/attachment?filename="
#define ABC "{\"content_id\":\"7\",\"content_base64\":\"YWJj\",\"filename\":\"a.txt\"}"
#define TWO "{\"content_id\":\"7\",\"file_paths\":[{\"filename\":\"a.txt\",\"text\":\"a\"},{\"filename\":\"b.txt\",\"text\":\"b\"}]}"

static const struct world_case uploads[] = {
	{ .name = "Data Center: a new version of what is there", .tool = "upload_attachment", .args = ABC,
	  .replies = { { POSTS "/att5/data", 0, "{\"id\":\"att5\"}" }, { LOOKS "a.txt", 0, "{\"results\":[{\"id\":\"att5\"}]}" } },
	  .requests = LOOKS "a.txt\n" POSTS "/att5/data" FORM("", "a.txt", "abc"),
	  .result = "{\"message\":\"Attachment uploaded successfully\",\"attachment\":{\"success\":true,\"content_id\":\"7\",\"filename\":\"a.txt\",\"size\":3,\"id\":\"att5\"}}" },
	{ .name = "Data Center: a new name", .tool = "upload_attachment", .args = ABC,
	  .replies = { { POSTS, 0, "{\"results\":[{\"id\":\"att5\"}]}" }, { LOOKS "a.txt", 0, "{\"results\":[]}" } },
	  .requests = LOOKS "a.txt\n" POSTS FORM("", "a.txt", "abc"),
	  .result = "{\"message\":\"Attachment uploaded successfully\",\"attachment\":{\"success\":true,\"content_id\":\"7\",\"filename\":\"a.txt\",\"size\":3,\"id\":\"att5\"}}" },
	{ .name = "Data Center: where nothing may be seen nothing is sent", .tool = "upload_attachment", .args = ABC,
	  .replies = { { LOOKS "a.txt", 403, NULL } },
	  .requests = LOOKS "a.txt\n", .failure = "HTTP 403", .kind = ERR_REFUSED },
	{ .name = "Cloud: with a comment", .tool = "upload_attachment", .is_cloud = true,
	  .args = "{\"content_id\":\"7\",\"content_base64\":\"\",\"filename\":\"\\\"q\\\".txt\",\"comment\":\"why\"}",
	  .replies = { { "PUT /rest/api/content/7/child/attachment", 0, "{\"results\":[{\"id\":\"att6\"}]}" } },
	  .requests = "PUT /rest/api/content/7/child/attachment" FORM(BOUND "~Content-Disposition: form-data; name=\"comment\"~~why~", "%22q%22.txt", ""),
	  .result = "{\"message\":\"Attachment uploaded successfully\",\"attachment\":{\"success\":true,\"content_id\":\"7\",\"filename\":\"\\\"q\\\".txt\",\"size\":0,\"id\":\"att6\"}}" },
	{ .name = "one is refused, the other arrives", .tool = "upload_attachments", .args = TWO,
	  .replies = { { POSTS "/att5/data", 0, "{\"id\":\"att5\"}" }, { POSTS, 400, "{\"message\":\"no\"}" },
	    { LOOKS "a.txt", 0, "{\"results\":[]}" }, { LOOKS "b.txt", 0, "{\"results\":[{\"id\":\"att5\"}]}" } },
	  .requests = LOOKS "a.txt\n" POSTS FORM("", "a.txt", "a") LOOKS "b.txt\n" POSTS "/att5/data" FORM("", "b.txt", "b"),
	  .result = "{\"message\":\"Uploaded 1 of 2 attachments\",\"attachments\":{\"success\":true,\"content_id\":\"7\",\"total\":2,\"uploaded\":[{\"filename\":\"b.txt\",\"size\":1,\"id\":\"att5\"}],"
	    "\"failed\":[{\"filename\":\"a.txt\",\"error\":\"confluence: HTTP 400 (refused): no\"}]}}" },
	{ .name = "JSON in a text", .tool = "upload_attachments", .is_cloud = true, .args = "{\"content_id\":\"7\",\"file_paths\":\"[{\\\"filename\\\":\\\"b.txt\\\",\\\"text\\\":\\\"b\\\"}]\"}",
	  .replies = { { "PUT /rest/api/content/7/child/attachment", 0, "{\"results\":[{\"id\":\"att6\"}]}" } },
	  .requests = "PUT /rest/api/content/7/child/attachment" FORM("", "b.txt", "b"),
	  .result = "{\"message\":\"Uploaded 1 of 1 attachments\",\"attachments\":{\"success\":true,\"content_id\":\"7\",\"total\":1,\"uploaded\":[{\"filename\":\"b.txt\",\"size\":1,\"id\":\"att6\"}],\"failed\":[]}}" },
	{ .name = "none arrives", .tool = "upload_attachments", .is_cloud = true, .args = TWO,
	  .replies = { { "PUT /rest/api/content/7/child/attachment", 413, "{\"message\":\"too large\"}" } },
	  .requests = "PUT /rest/api/content/7/child/attachment" FORM("", "a.txt", "a") "PUT /rest/api/content/7/child/attachment" FORM("", "b.txt", "b"),
	  .failure = "too large", .kind = ERR_REQUEST },
	{ .name = "the site goes away", .tool = "upload_attachments", .is_cloud = true, .args = TWO,
	  .replies = { { "PUT /rest/api/content/7/child/attachment", 503, NULL } },
	  .requests = "PUT /rest/api/content/7/child/attachment" FORM("", "a.txt", "a"), .failure = "HTTP 503", .kind = ERR_UNAVAILABLE },
	{ .name = "one of the files is none: nothing is sent", .tool = "upload_attachments", .args = "{\"content_id\":\"7\",\"file_paths\":[{\"filename\":\"a\",\"text\":\"\"},7]}",
	  .requests = "", .failure = "file_paths[1] must be the name of a file", .kind = ERR_PARAMS },
	{ .name = "a path out of the folder", .tool = "upload_attachment", .args = "{\"content_id\":\"7\",\"file_path\":\"../etc/passwd\"}", .spool = "/tmp",
	  .requests = "", .failure = "file_path: \"../etc/passwd\" cannot be had from atlassian.spool", .kind = ERR_REFUSED },
	{ .name = "a folder", .tool = "upload_attachment", .args = "{\"content_id\":\"7\",\"file_path\":\".\"}", .spool = "/tmp",
	  .requests = "", .failure = "file_path: \".\" is no file", .kind = ERR_REFUSED },
	{ .name = "with a credential that the request brought", .tool = "upload_attachment", .args = "{\"content_id\":\"7\",\"file_path\":\"a\"}", .spool = "/tmp",
	  .is_strangers = true, .requests = "", .failure = "with the configured credential only", .kind = ERR_REFUSED },
};
/* clang-format on */

static void
plays_parts(void **state)
{
	(void)state;
	world_play_all(parts, COUNT(parts));
}

static void
plays_downloads(void **state)
{
	(void)state;
	world_play_all(downloads, COUNT(downloads));
}

static void
plays_uploads(void **state)
{
	(void)state;
	world_play_all(uploads, COUNT(uploads));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_parts),
		cmocka_unit_test(plays_downloads),
		cmocka_unit_test(plays_uploads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

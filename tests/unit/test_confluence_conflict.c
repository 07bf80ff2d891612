/*
 * Two writers of one page: who comes second is refused, told both versions and what differs, and
 * nothing is written.
 */
#define WORLD_PRODUCT PRODUCT_CONFLUENCE
#define WORLD_NAME    "confluence"
#include "jira_world.h"

/* clang-format off */
static const struct world_case cases[] = {
	{ .name = "what changed since is told", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"content\":\"x\",\"expected_version\":3}",
	  .replies = { { "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=3", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":3,\"by\":{\"displayName\":\"Ada\"},\"when\":\"2026-01-01T10:00:00Z\",\"message\":\"\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>two</p>\"}}}" },
	    { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":4,\"by\":{\"displayName\":\"Bob\"},\"when\":\"2026-01-02T10:00:00Z\",\"message\":\"French\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>deux</p>\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=3\n",
	  .failure = "confluence: page 12 is now at version 4 (Bob, 2026-01-02T10:00:00Z: French), and no longer at version 3 (Ada, 2026-01-01T10:00:00Z); nothing was written: read it again, then update. What changed since:\n--- version 3\n+++ version 4\n@@ -1,3 +1,3 @@\n one\n \n-two\n+deux\n",
	  .kind = ERR_REQUEST },
	{ .name = "of a section too", .tool = "update_page_section",
	  .args = "{\"page_id\":\"12\",\"heading_text\":\"A\",\"new_content\":\"x\",\"expected_version\":\"3\"}",
	  .replies = { { "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=3", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":3,\"by\":{\"displayName\":\"Ada\"},\"when\":\"2026-01-01T10:00:00Z\",\"message\":\"\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>two</p>\"}}}" },
	    { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":4,\"by\":{\"displayName\":\"Bob\"},\"when\":\"2026-01-02T10:00:00Z\",\"message\":\"French\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>deux</p>\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=3\n",
	  .failure = "confluence: page 12 is now at version 4 (Bob, 2026-01-02T10:00:00Z: French), and no longer at version 3 (Ada, 2026-01-01T10:00:00Z); nothing was written: read it again, then update. What changed since:\n--- version 3\n+++ version 4\n@@ -1,3 +1,3 @@\n one\n \n-two\n+deux\n",
	  .kind = ERR_REQUEST },
	{ .name = "Cloud: the same text, names looked up", .tool = "update_page", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"content\":\"x\",\"expected_version\":3}",
	  .replies = { { "GET /api/v2/pages/12?body-format=storage&version=3&include-labels=true", 0, "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3,\"authorId\":\"a:1\",\"createdAt\":\"2026-01-02\"},\"body\":{\"storage\":{\"value\":\"<p>x</p>\"}}}" },
	    { "GET /api/v2/pages/12", 0, "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":4,\"authorId\":\"b:1\",\"createdAt\":\"2026-01-02\"},\"body\":{\"storage\":{\"value\":\"<p>x</p>\"}}}" },
	    { "GET /api/v2/spaces/7", 0, "{\"id\":\"7\",\"key\":\"DEV\"}" },
	    { "GET /rest/api/user?accountId=b%3A1", 0, "{\"displayName\":\"Bob\"}" },
	    { "GET /rest/api/user", 404, "{}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/7\n"
	    "GET /api/v2/pages/12?body-format=storage&include-labels=true\n"
	    "GET /api/v2/pages/12?body-format=storage&version=3&include-labels=true\n"
	    "GET /rest/api/user?accountId=b%3A1\n"
	    "GET /rest/api/user?accountId=a%3A1\n",
	  .failure = "confluence: page 12 is now at version 4 (Bob, 2026-01-02), and no longer at version 3 (a:1, 2026-01-02); nothing was written: read it again, then update; the text is the same in both",
	  .kind = ERR_REQUEST },
	{ .name = "Confluence says so: the page moved on behind the read", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"content\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=3", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":3,\"by\":{\"displayName\":\"Ada\"},\"when\":\"2026-01-01T10:00:00Z\",\"message\":\"\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>two</p>\"}}}" },
	    { "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":4,\"by\":{\"displayName\":\"Bob\"},\"when\":\"2026-01-02T10:00:00Z\",\"message\":\"French\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>deux</p>\"}}}" },
	    { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":3,\"by\":{\"displayName\":\"Ada\"},\"when\":\"2026-01-01T10:00:00Z\",\"message\":\"\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>two</p>\"}}}" },
	    { "PUT /rest/api/content/12", 409, "{\"message\":\"no\"}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "PUT /rest/api/content/12?status=current {\"id\":\"12\",\"title\":\"T\",\"status\":\"current\",\"version\":{\"number\":4,\"minorEdit\":false},\"body\":{\"storage\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"}},\"type\":\"page\"}\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=3\n",
	  .failure = "confluence: page 12 is now at version 4 (Bob, 2026-01-02T10:00:00Z: French), and no longer at version 3 (Ada, 2026-01-01T10:00:00Z); nothing was written: read it again, then update. What changed since:\n--- version 3\n+++ version 4\n@@ -1,3 +1,3 @@\n one\n \n-two\n+deux\n",
	  .kind = ERR_REQUEST },
	{ .name = "a version that is gone", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"content\":\"x\",\"expected_version\":2}",
	  .replies = { { "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=2", 404, "{}" },
	    { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":4,\"by\":{\"displayName\":\"Bob\"},\"when\":\"2026-01-02T10:00:00Z\",\"message\":\"French\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>deux</p>\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=2\n",
	  .failure = "confluence: page 12 is now at version 4, no longer at 2 (which cannot be read): nothing was written",
	  .kind = ERR_REQUEST },
	{ .name = "a version that is not there yet", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"content\":\"x\",\"expected_version\":9}",
	  .replies = { { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":4,\"by\":{\"displayName\":\"Bob\"},\"when\":\"2026-01-02T10:00:00Z\",\"message\":\"French\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>deux</p>\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: page 12 is at version 4, there is no 9 yet: nothing was written",
	  .kind = ERR_REQUEST },
	{ .name = "the version that is there", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"title\":\"N\",\"content\":\"x\",\"expected_version\":4}",
	  .replies = { { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":4,\"by\":{\"displayName\":\"Bob\"},\"when\":\"2026-01-02T10:00:00Z\",\"message\":\"French\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>deux</p>\"}}}" },
	    { "PUT /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\"},\"version\":{\"number\":5,\"by\":{\"displayName\":\"Bob\"},\"when\":\"2026-01-02T10:00:00Z\",\"message\":\"French\"},\"body\":{\"storage\":{\"value\":\"<p>one</p><p>deux</p>\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "PUT /rest/api/content/12?status=current {\"id\":\"12\",\"title\":\"N\",\"status\":\"current\",\"version\":{\"number\":5,\"minorEdit\":false},\"body\":{\"storage\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"}},\"type\":\"page\"}\n",
	  .result = "{\"message\":\"Page updated successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"updated\":\"2026-01-02T10:00:00Z\",\"space\":{\"key\":\"DEV\"},\"author\":\"Bob\",\"version\":5}}" },
	{ .name = "no number", .tool = "update_page", .args = "{\"page_id\":\"12\",\"content\":\"x\",\"expected_version\":\"v3\"}",
	  .requests = "", .failure = "expected_version must be", .kind = ERR_PARAMS },
	{ .name = "none", .tool = "update_page", .args = "{\"page_id\":\"12\",\"content\":\"x\",\"expected_version\":0}",
	  .requests = "", .failure = "expected_version must be at least 1", .kind = ERR_PARAMS },
};
/* clang-format on */

static void
refuses_the_second_writer(void **state)
{
	(void)state;
	world_play_all(cases, COUNT(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_the_second_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

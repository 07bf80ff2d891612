/*
 * Tools of Confluence on canned replies: the requests that each makes on Data Center and Cloud, in
 * their order, and its result; what passes byte for byte, and what is refused.
 */
#define WORLD_PRODUCT PRODUCT_CONFLUENCE
#define WORLD_NAME    "confluence"
#include "jira_world.h"

/* clang-format off */
static const struct world_case pages[] = {
	{ .name = "Data Center", .tool = "get_page",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<h1>A</h1><p>b <strong>c</strong></p>\",\"representatio"
	      "n\":\"storage\"}},\"ancestors\":[{\"id\":\"1\",\"title\":\"Home\"}],\"metadata\":{\"labels\":{\"results\":[{\"name\":\"l\"}]}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .result = "{\"metadata\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/x/12\",\"space\":{\"key\":\"DEV\","
	    "\"name\":\"N\"},\"version\":3,\"parent_id\":\"1\",\"labels\":[\"l\"],\"ancestors\":[{\"id\":\"1\",\"title\":\"Home\"}],\"content\":{\"val"
	    "ue\":\"# A\\n\\nb **c**\\n\",\"format\":\"markdown\"}}}" },
	{ .name = "Cloud: the key of the space is looked up", .tool = "get_page", .is_cloud = true,
	  .args = "{\"page_id\":12}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}},\"parentId\":\"1\"}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "GET /api/v2/pages/12/attachments", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&include-labels=true\n"
	    "GET /api/v2/spaces/7\n"
	    "GET /api/v2/pages/12/attachments?limit=100\n",
	  .result = "{\"metadata\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/spaces/x/12\",\"space\":{\"key\""
	    ":\"DEV\",\"name\":\"N\"},\"version\":3,\"parent_id\":\"1\",\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}}" },
	{ .name = "Cloud: who wrote it, and what is attached", .tool = "get_page", .is_cloud = true,
	  .args = "{\"page_id\":12}",
	  .replies = { { "GET /api/v2/pages/12/attachments", 0,
	      "{\"results\":[{\"id\":\"att1\",\"status\":\"current\",\"title\":\"c d.png\",\"mediaType\":\"image/png\",\"fileSize\":70,\"downloadLink\":\"/download/c\",\"version\":{\"number\":2,\"createdAt\":\"2026-06-01\",\"authorId\":\"a:2\"}},{\"id\":\"att2\",\"version\":{\"authorId\":\"a:1\"}}]}" },
	    { "GET /rest/api/user?accountId=a%3A1", 0,
	      "{\"displayName\":\"Ada\"}" },
	    { "GET /rest/api/user?accountId=a%3A2", 404,
	      "{\"message\":\"gone\"}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"version\":{\"number\":3,\"authorId\":\"a:1\"},\"spaceId\":\"7\",\"_links\":{\"webui\":\"/spaces/DEV/pages/12/A \\\"é\\\" 100%25\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\"}}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&include-labels=true\n"
	    "GET /api/v2/spaces/7\n"
	    "GET /rest/api/user?accountId=a%3A1\n"
	    "GET /api/v2/pages/12/attachments?limit=100\n"
	    "GET /rest/api/user?accountId=a%3A2\n",
	  .result = "{\"metadata\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/spaces/DEV/pages/12/A%20%22%C3%A9%22%20100%25\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"author\":\"Ada\",\"version\":3,\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"},\"attachments\":[{\"id\":\"att1\",\"title\":\"c d.png\",\"type\":\"attachment\",\"status\":\"current\",\"media_type\":\"image/png\",\"file_size\":70,\"download_url\":\"/download/c\",\"version_number\":2,\"version_when\":\"2026-06-01\",\"author_display_name\":\"a:2\"},{\"id\":\"att2\",\"type\":\"attachment\",\"author_display_name\":\"Ada\"}]}}" },
	{ .name = "Cloud: in the trash", .tool = "get_page", .is_cloud = true,
	  .args = "{\"page_id\":12}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"trashed\",\"title\":\"T\",\"version\":{\"number\":3},\"spaceId\":\"7\"}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&include-labels=true\n"
	    "GET /api/v2/spaces/7\n",
	  .failure = "confluence: page 12 is in the trash", .kind = ERR_RESOURCE },
	{ .name = "storage as it is", .tool = "get_page",
	  .args = "{\"page_id\":\"12\",\"convert_to_markdown\":false,\"include_metadata\":false}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>a &nbsp;\\t<ac:x/>\\r\\n</p >\",\"representation\":\"stor"
	      "age\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .result = "{\"content\":{\"value\":\"<p>a &nbsp;\\t<ac:x/>\\r\\n</p >\",\"format\":\"storage\"}}" },
	{ .name = "what is no storage is shown as it is", .tool = "get_page",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>a<b></p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .result = "{\"metadata\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/x/12\",\"space\":{\"key\":\"DEV\","
	    "\"name\":\"N\"},\"version\":3,\"content\":{\"value\":\"<p>a<b></p>\",\"format\":\"storage\"}}}" },
	{ .name = "by title", .tool = "get_page",
	  .args = "{\"title\":\"A & B\",\"space_key\":\"DEV\"}",
	  .replies = { { "GET /rest/api/content", 0,
	      "{\"results\":[{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"A & B\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"vers"
	      "ion\":{\"number\":3},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}"
	      "}}]}" } },
	  .requests = "GET /rest/api/content?spaceKey=DEV&title=A%20%26%20B&type=page&expand=body.storage%2Cversion%2Cspace%2Chistory"
	    "%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&limit=1\n",
	  .result = "{\"metadata\":{\"id\":\"12\",\"title\":\"A & B\",\"type\":\"page\",\"url\":\"https://confluence.example/x/12\",\"space\":{\"key\":\"D"
	    "EV\",\"name\":\"N\"},\"version\":3,\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}}" },
	{ .name = "by title, Cloud", .tool = "get_page", .is_cloud = true,
	  .args = "{\"title\":\"A & B\",\"space_key\":\"dev\"}",
	  .replies = { { "GET /api/v2/spaces", 0,
	      "{\"results\":[{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}]}" },
	    { "GET /api/v2/pages", 0,
	      "{\"results\":[{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\""
	      "/spaces/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}]}" },
	    { "GET /api/v2/pages/12/attachments", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /api/v2/spaces?keys=dev&limit=1\n"
	    "GET /api/v2/pages?space-id=7&title=A%20%26%20B&body-format=storage&limit=1\n"
	    "GET /api/v2/pages/12/attachments?limit=100\n",
	  .result = "{\"metadata\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/spaces/x/12\",\"space\":{\"key\""
	    ":\"DEV\",\"name\":\"N\"},\"version\":3,\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}}" },
	{ .name = "no such title", .tool = "get_page",
	  .args = "{\"title\":\"A\",\"space_key\":\"DEV\"}",
	  .replies = { { "GET /rest/api/content", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/content?spaceKey=DEV&title=A&type=page&expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancesto"
	    "rs%2Cchildren.attachment.version%2Cmetadata.labels&limit=1\n",
	  .failure = "confluence: space DEV has no page \"A\"", .kind = ERR_RESOURCE },
	{ .name = "neither id nor title", .tool = "get_page",
	  .args = "{\"title\":\"A\"}",
	  .requests = "",
	  .failure = "page_id is required, or title and space_key", .kind = ERR_PARAMS },
	{ .name = "not there", .tool = "get_page",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 404,
	      "{\"statusCode\":404,\"message\":\"No content found with id: 12\"}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence: HTTP 404 (not found, or not visible to this user): No content found with id: 12", .kind = ERR_RESOURCE },
	{ .name = "a URL", .tool = "get_page",
	  .args = "{\"page_id\":\"https://confluence.example/spaces/DEV/pages/12/Title\",\"include_metadata\":false}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .result = "{\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}" },
	{ .name = "an old URL", .tool = "get_page",
	  .args = "{\"page_id\":\"https://confluence.example/pages/viewpage.action?spaceKey=D&pageId=12#x\",\"include_metadata\":false}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .result = "{\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}" },
	{ .name = "a tiny link", .tool = "get_page",
	  .args = "{\"page_id\":\"https://confluence.example/x/FYAhJg\",\"include_metadata\":false}",
	  .replies = { { "GET /rest/api/content/639729685", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/639729685?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachm"
	    "ent.version%2Cmetadata.labels\n",
	  .result = "{\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}" },
	{ .name = "a path is no id", .tool = "get_page",
	  .args = "{\"page_id\":\"../user\"}",
	  .requests = "",
	  .failure = "\"../user\" is no page id, page URL or tiny link", .kind = ERR_PARAMS },
	{ .name = "a query is no id", .tool = "get_page",
	  .args = "{\"page_id\":\"12?expand=x\"}",
	  .requests = "",
	  .failure = "\"12?expand=x\" is no page id, page URL or tiny link", .kind = ERR_PARAMS },
	{ .name = "JSON of other types than any Confluence has", .tool = "get_page",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":12,\"title\":[],\"space\":3,\"version\":[],\"body\":{\"storage\":5},\"ancestors\":{},\"metadata\":[],\"children\":\"x\",\"_"
	      "links\":7}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .result = "{\"metadata\":{\"id\":\"12\"}}" },
	{ .name = "a page without an id", .tool = "get_page",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "[]" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence sent a page without an id", .kind = ERR_UNAVAILABLE },
	{ .name = "history", .tool = "get_page_history",
	  .args = "{\"page_id\":\"12\",\"version\":2}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":2"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels&status=historical&version=2\n",
	  .result = "{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/x/12\",\"space\":{\"key"
	    "\":\"DEV\",\"name\":\"N\"},\"version\":2,\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}" },
	{ .name = "history, Cloud", .tool = "get_page_history", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"version\":2}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":2},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&version=2&include-labels=true\n"
	    "GET /api/v2/spaces/7\n",
	  .result = "{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/spaces/x/12\",\"space\":"
	    "{\"key\":\"DEV\",\"name\":\"N\"},\"version\":2,\"content\":{\"value\":\"b\\n\",\"format\":\"markdown\"}}" },
	{ .name = "a diff of what is no storage", .tool = "get_page_diff",
	  .args = "{\"page_id\":\"12\",\"from_version\":1,\"to_version\":2}",
	  .replies = { { "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=1", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>a</p><p>b<b></p>\",\"representation\":\"storage\"}}}" },
	    { "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=2", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>a</p><p>c</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=1\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels&status=historical&version=2\n",
	  .result = "{\"page_id\":\"12\",\"title\":\"T\",\"from_version\":1,\"to_version\":2,\"diff\":\"--- version 1\\n+++ version 2\\n@@ -1,3 +1,2 @@\\n <p>a</p>\\n-<p>b<b>\\n-</p>\\n+<p>c</p>\\n\",\"format\":\"storage\"}" },
	{ .name = "a diff of two versions that are the same", .tool = "get_page_diff",
	  .args = "{\"page_id\":\"12\",\"from_version\":1,\"to_version\":2}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels&status=historical&version=1\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels&status=historical&version=2\n",
	  .result = "{\"page_id\":\"12\",\"title\":\"T\",\"from_version\":1,\"to_version\":2,\"diff\":\"\"}" },
};

static const struct world_case lists[] = {
	{ .name = "children and folders", .tool = "get_page_children",
	  .args = "{\"parent_id\":\"12\",\"limit\":1}",
	  .replies = { { "GET /rest/api/content/12/child/page", 0,
	      "{\"results\":[{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\""
	      ":{\"number\":3},\"_links\":{\"webui\":\"/x/13\"}},{\"id\":\"14\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"ke"
	      "y\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3},\"_links\":{\"webui\":\"/x/14\"}}],\"_links\":{}}" },
	    { "GET /rest/api/content/12/child/folder", 404,
	      "{}" } },
	  .requests = "GET /rest/api/content/12/child/page?expand=version&start=0&limit=2\n"
	    "GET /rest/api/content/12/child/folder?expand=version&start=0&limit=1\n",
	  .result = "{\"parent_id\":\"12\",\"count\":1,\"limit_requested\":1,\"start_requested\":0,\"next_start\":1,\"results\":[{"
	    "\"id\":\"13\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/x/13\",\"space\":{\"key\""
	    ":\"DEV\",\"name\":\"N\"},\"version\":3}]}" },
	{ .name = "children with their text", .tool = "get_page_children",
	  .args = "{\"parent_id\":\"12\",\"include_content\":true,\"include_folders\":false,\"start\":1}",
	  .replies = { { "GET /rest/api/content/12/child/page", 0,
	      "{\"results\":[{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\""
	      ":{\"number\":3},\"_links\":{\"webui\":\"/x/13\"},\"body\":{\"storage\":{\"value\":\"<p>1</p>\",\"representation\":\"storage\"}}},{"
	      "\"id\":\"14\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/14\"},\"body\":{\"storage\":{\"value\":\"<p>2</p>\",\"representation\":\"storage\"}}}]}" } },
	  .requests = "GET /rest/api/content/12/child/page?expand=version%2Cbody.storage%2Cspace&start=0&limit=27\n",
	  .result = "{\"parent_id\":\"12\",\"count\":1,\"limit_requested\":25,\"start_requested\":1,\"results\":[{\"id\":\"14\",\"t"
	    "itle\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/x/14\",\"space\":{\"key\":\"DEV\",\"name\""
	    ":\"N\"},\"version\":3,\"content\":{\"value\":\"2\\n\",\"format\":\"markdown\"}}]}" },
	{ .name = "children, Cloud: two pages by a cursor", .tool = "get_page_children", .is_cloud = true,
	  .args = "{\"parent_id\":\"12\",\"limit\":50}",
	  .replies = { { "GET /api/v2/pages/12/direct-children?cursor=c2", 0,
	      "{\"results\":[{\"id\":\"14\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\""
	      "/spaces/x/14\"},\"type\":\"folder\"}],\"_links\":{}}" },
	    { "GET /api/v2/pages/12/direct-children", 0,
	      "{\"results\":[{\"id\":\"13\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\""
	      "/spaces/x/13\"},\"type\":\"page\"},{\"id\":\"15\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\""
	      "_links\":{\"webui\":\"/spaces/x/15\"},\"type\":\"whiteboard\"}],\"_links\":{\"next\":\"/wiki/api/v2/pages/12/direct-children"
	      "?cursor=c2\"}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" } },
	  .requests = "GET /api/v2/pages/12/direct-children?limit=50\n"
	    "GET /api/v2/spaces/7\n"
	    "GET /api/v2/pages/12/direct-children?cursor=c2\n",
	  .result = "{\"parent_id\":\"12\",\"count\":2,\"limit_requested\":50,\"start_requested\":0,\"results\":[{\"id\":\"13\",\"t"
	    "itle\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/spaces/x/13\",\"space\":{\"key\":\"DEV\","
	    "\"name\":\"N\"},\"version\":3},{\"id\":\"14\",\"title\":\"T\",\"type\":\"folder\",\"url\":\"https://confluence"
	    ".example/spaces/x/14\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":3}]}" },
	{ .name = "children start below 0", .tool = "get_page_children",
	  .args = "{\"parent_id\":\"12\",\"start\":-5}",
	  .requests = "",
	  .failure = "start must be at least 0", .kind = ERR_PARAMS },
	{ .name = "children from the end of numbers", .tool = "get_page_children",
	  .args = "{\"parent_id\":\"12\",\"start\":9223372036854775807}",
	  .requests = "",
	  .failure = "start must be an integer", .kind = ERR_PARAMS },
	{ .name = "a tree", .tool = "get_space_page_tree",
	  .args = "{\"space_key\":\"DEV\"}",
	  .replies = { { "GET /rest/api/content", 0,
	      "{\"results\":[{\"id\":\"1\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":"
	      "{\"number\":3},\"_links\":{\"webui\":\"/x/1\"},\"extensions\":{\"position\":\"none\"}},{\"id\":\"2\",\"type\":\"page\",\"status\":\"cur"
	      "rent\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3},\"_links\":{\"webui\":\"/x/2\"},\"ancestors"
	      "\":[{\"id\":\"1\"}],\"extensions\":{\"position\":3}}]}" } },
	  .requests = "GET /rest/api/content?spaceKey=DEV&type=page&expand=ancestors&start=0&limit=100\n",
	  .result = "{\"space_key\":\"DEV\",\"total_pages\":2,\"has_more\":false,\"pages\":[{\"id\":\"1\",\"title\":\"T\",\"depth\""
	    ":0},{\"id\":\"2\",\"title\":\"T\",\"parent_id\":\"1\",\"depth\":1}]}" },
	{ .name = "a tree, Cloud; a ring of parents has an end", .tool = "get_space_page_tree", .is_cloud = true,
	  .args = "{\"space_key\":\"DEV\"}",
	  .replies = { { "GET /api/v2/spaces", 0,
	      "{\"results\":[{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}]}" },
	    { "GET /api/v2/spaces/7/pages", 0,
	      "{\"results\":[{\"id\":\"1\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/"
	      "spaces/x/1\"},\"parentId\":\"2\",\"position\":5},{\"id\":\"2\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"n"
	      "umber\":3},\"_links\":{\"webui\":\"/spaces/x/2\"},\"parentId\":\"1\"}],\"_links\":{}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" } },
	  .requests = "GET /api/v2/spaces?keys=DEV&limit=1\n"
	    "GET /api/v2/spaces/7/pages?limit=100\n",
	  .result = "{\"space_key\":\"DEV\",\"total_pages\":2,\"has_more\":false,\"pages\":[{\"id\":\"1\",\"title\":\"T\",\"parent_id\":\"2\",\"depth\":2,\""
	    "position\":5},{\"id\":\"2\",\"title\":\"T\",\"parent_id\":\"1\",\"depth\":2,\"position\":0}]}" },
	{ .name = "words", .tool = "search",
	  .args = "{\"query\":\"a \\\"b\\\" \\\\ c\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[{\"content\":{\"id\":\"12\",\"type\":\"page\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"}},\"title\":\"@@@hl@@@A@@@endhl@@"
	      "@ b\",\"url\":\"/x/12\",\"excerpt\":\"c\"}]}" } },
	  .requests = "GET /rest/api/search?cql=siteSearch%20~%20%22a%20%5C%22b%5C%22%20%5C%5C%20c%22&expand=content.history%2Cconten"
	    "t.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[{\"id\":\"12\",\"type\":\"page\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"title\":\"A b\",\"url\":\"https://confluence.example/x/1"
	    "2\",\"excerpt\":\"c\"}]" },
	{ .name = "words where siteSearch is not known", .tool = "search",
	  .args = "{\"query\":\"a\"}",
	  .replies = { { "GET /rest/api/search?cql=siteSearch%20~%20%22a%22&expand=content.history%2Ccontent.version%2Ccontent.space&sta"
	      "rt=0&limit=10", 400,
	      "{\"message\":\"No field\"}" },
	    { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=siteSearch%20~%20%22a%22&expand=content.history%2Ccontent.version%2Ccontent.space&sta"
	    "rt=0&limit=10\n"
	    "GET /rest/api/search?cql=text%20~%20%22a%22&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&l"
	    "imit=10\n",
	  .result = "[]" },
	{ .name = "words with and", .tool = "search",
	  .args = "{\"query\":\"salt and pepper\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=siteSearch%20~%20%22salt%20and%20pepper%22&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[]" },
	{ .name = "words with or, in, order", .tool = "search",
	  .args = "{\"query\":\"bread or butter in order by mail\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=siteSearch%20~%20%22bread%20or%20butter%20in%20order%20by%20mail%22&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[]" },
	{ .name = "in (", .tool = "search",
	  .args = "{\"query\":\"space  in (DEV)\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=space%20%20in%20%28DEV%29&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[]" },
	{ .name = "nothing but an order", .tool = "search",
	  .args = "{\"query\":\"Order  By created\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=Order%20%20By%20created&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[]" },
	{ .name = "CQL as it is", .tool = "search",
	  .args = "{\"query\":\"type = page order by created\",\"limit\":2}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=type%20%3D%20page%20order%20by%20created&expand=content.history%2Ccontent.version%2Cc"
	    "ontent.space&start=0&limit=2\n",
	  .result = "[]" },
};

static const struct world_case writes[] = {
	{ .name = "create", .tool = "create_page",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"content\":\"# A\\n\\n| a | b |\\n| --- | --- |\\n| c | d |\",\"parent_id\":\"1\",\"table_l"
	    "ayout\":\"wide\"}",
	  .replies = { { "POST /rest/api/content", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" } },
	  .requests = "POST /rest/api/content {\"title\":\"T\",\"status\":\"current\",\"body\":{\"storage\":{\"value\":\"<h1>A</h1><table data-layou"
	    "t=\\\"wide\\\"><tbody><tr><th><p>a</p></th><th><p>b</p></th></tr><tr><td><p>c</p></td><td><p>d</p></td></tr></tbod"
	    "y></table>\",\"representation\":\"storage\"}},\"type\":\"page\",\"space\":{\"key\":\"DEV\"},\"ancestors\":[{\"id\":\"1\"}]}\n",
	  .result = "{\"message\":\"Page created successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.e"
	    "xample/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":3}}" },
	{ .name = "create, Cloud, with an icon and the width", .tool = "create_page", .is_cloud = true,
	  .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"content\":\"x\",\"emoji\":\"\360\237\232\200\",\"page_width\":\"full-width\",\"subtype\":\"live\",\"includ"
	    "e_content\":true}",
	  .replies = { { "GET /api/v2/spaces", 0,
	      "{\"results\":[{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}]}" },
	    { "POST /api/v2/pages", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "GET /api/v2/pages/12/properties", 0,
	      "{\"results\":[{\"id\":\"77\",\"version\":{\"number\":4}}]}" },
	    { "PUT /api/v2/pages/12/properties/77", 0,
	      "{}" } },
	  .requests = "GET /api/v2/spaces?keys=DEV&limit=1\n"
	    "POST /api/v2/pages {\"title\":\"T\",\"status\":\"current\",\"body\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"},\"spa"
	    "ceId\":\"7\",\"subtype\":\"live\"}\n"
	    "GET /api/v2/pages/12/properties?key=emoji-title-published\n"
	    "PUT /api/v2/pages/12/properties/77 {\"key\":\"emoji-title-published\",\"value\":\"1f680\",\"version\":{\"number\":5}}\n"
	    "GET /api/v2/pages/12/properties?key=content-appearance-published\n"
	    "PUT /api/v2/pages/12/properties/77 {\"key\":\"content-appearance-published\",\"value\":\"full-width\",\"version\":{\"numb"
	    "er\":5}}\n",
	  .result = "{\"message\":\"Page created successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.e"
	    "xample/spaces/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":3,\"content\":{\"value\":\"x\\n\",\"format\":\"markdown\"}"
	    "}}" },
	{ .name = "create: the page is there, the icon is not", .tool = "create_page",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"content\":\"x\",\"emoji\":\"\360\237\232\200\"}",
	  .replies = { { "POST /rest/api/content", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" },
	    { "GET /rest/api/content/12/property/emoji-title-published", 403,
	      "{\"message\":\"no\"}" } },
	  .requests = "POST /rest/api/content {\"title\":\"T\",\"status\":\"current\",\"body\":{\"storage\":{\"value\":\"<p>x</p>\",\"representation\":"
	    "\"storage\"}},\"type\":\"page\",\"space\":{\"key\":\"DEV\"}}\n"
	    "GET /rest/api/content/12/property/emoji-title-published\n",
	  .failure = "Page 12 was created, but: confluence: HTTP 403 (the user may not do this): no", .kind = ERR_REQUEST },
	{ .name = "storage passes byte for byte", .tool = "create_page",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"content\":\"<p>a\\t&nbsp;<ac:structured-macro ac:name='x'  /></p >\\r\\n\",\"content_"
	    "format\":\"Storage\"}",
	  .replies = { { "POST /rest/api/content", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" } },
	  .requests = "POST /rest/api/content {\"title\":\"T\",\"status\":\"current\",\"body\":{\"storage\":{\"value\":\"<p>a\\t&nbsp;<ac:structured-"
	    "macro ac:name='x'  /></p >\\r\\n\",\"representation\":\"storage\"}},\"type\":\"page\",\"space\":{\"key\":\"DEV\"}}\n",
	  .result = "{\"message\":\"Page created successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.e"
	    "xample/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":3}}" },
	{ .name = "storage that is none", .tool = "create_page",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"content\":\"<p>a\",\"content_format\":\"storage\"}",
	  .requests = "",
	  .failure = "storage format, line 1, column 5: </p> is missing here (opened in line 1, column 1)", .kind = ERR_PARAMS },
	{ .name = "files are not read", .tool = "create_page",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"content_file\":\"/etc/passwd\"}",
	  .requests = "",
	  .failure = "content_file: files of the server are not read for callers; give the text as content", .kind = ERR_PARAMS },
	{ .name = "live docs are of Cloud", .tool = "create_page",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"T\",\"subtype\":\"live\"}",
	  .requests = "",
	  .failure = "subtype: live pages exist on Cloud only", .kind = ERR_PARAMS },
	{ .name = "update: the title; the body goes back byte for byte", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"title\":\"New\",\"version_comment\":\"v\",\"is_minor_edit\":true}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>a\\t<b></p>\\r\\n\",\"representation\":\"storage\"}}}" },
	    { "PUT /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":4"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n"
	    "PUT /rest/api/content/12?status=current {\"id\":\"12\",\"title\":\"New\",\"status\":\"current\",\"version\":{\"number\":4,\"mes"
	    "sage\":\"v\",\"minorEdit\":true},\"body\":{\"storage\":{\"value\":\"<p>a\\t<b></p>\\r\\n\",\"representation\":\"storage\"}},\"type\""
	    ":\"page\"}\n",
	  .result = "{\"message\":\"Page updated successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.e"
	    "xample/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":4}}" },
	{ .name = "update, Cloud", .tool = "update_page", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"content\":\"x\",\"parent_id\":\"1\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "PUT /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":4},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"}}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/7\n"
	    "PUT /api/v2/pages/12 {\"id\":\"12\",\"title\":\"T\",\"status\":\"current\",\"version\":{\"number\":4},\"body\":{\"value\":\"<p>x</p"
	    ">\",\"representation\":\"storage\"},\"parentId\":\"1\"}\n",
	  .result = "{\"message\":\"Page updated successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.e"
	    "xample/spaces/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":4}}" },
	{ .name = "update: nothing to change", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"title\":\"T\",\"version_comment\":\"v\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>a</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .result = "{\"message\":\"Nothing to change: the page stays as it is, without a new version\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":3}}" },
	{ .name = "update: anchors in headings", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"content\":\"# A `b` & *C*\\n\\n```\\n<h1>x</h1>\\n```\\n\\n## !\",\"enable_heading_anchors\":true}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3},\"_links\":{\"webui\":\"/x/12\"}}" },
	    { "PUT /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3},\"_links\":{\"webui\":\"/x/12\"}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "PUT /rest/api/content/12?status=current {\"id\":\"12\",\"title\":\"T\",\"status\":\"current\",\"version\":{\"number\":4,\"minorEdit\":false},\"body\":{\"storage\":{\"value\":\"<h1><ac:structured-macro ac:name=\\\"anchor\\\" ac:schema-version=\\\"1\\\"><ac:parameter ac:name=\\\"\\\">a-b-c</ac:parameter></ac:structured-macro>A <code>b</code> &amp; <em>C</em></h1><ac:structured-macro ac:name=\\\"code\\\"><ac:plain-text-body><![CDATA[<h1>x</h1>]]></ac:plain-text-body></ac:structured-macro><h2>!</h2>\",\"representation\":\"storage\"}},\"type\":\"page\"}\n",
	  .result = "{\"message\":\"Page updated successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.example/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":3}}" },
	{ .name = "update: changed meanwhile", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"content\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" },
	    { "PUT /rest/api/content/12", 409,
	      "{\"message\":\"Version must be incremented\"}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "PUT /rest/api/content/12?status=current {\"id\":\"12\",\"title\":\"T\",\"status\":\"current\",\"version\":{\"number\":4,\"minor"
	    "Edit\":false},\"body\":{\"storage\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"}},\"type\":\"page\"}\n"
	    "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence: page 12 was changed meanwhile (it was at version 3): read it again, then update", .kind = ERR_REQUEST },
	{ .name = "update: a body that does not come is not written as none", .tool = "update_page",
	  .args = "{\"page_id\":\"12\",\"title\":\"New\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence sent page 12 without its body", .kind = ERR_UNAVAILABLE },
	{ .name = "update: not there", .tool = "update_page", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"content\":\"x\"}",
	  .replies = { { "GET /api/v2/pages/12", 404,
	      "{\"errors\":[{\"title\":\"Not Found\",\"detail\":\"no\"}]}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n",
	  .failure = "confluence: HTTP 404 (not found, or not visible to this user): Not Found; no", .kind = ERR_RESOURCE },
	{ .name = "a section: every other byte stays", .tool = "update_page_section",
	  .args = "{\"page_id\":\"12\",\"heading_text\":\"B\",\"new_content\":\"new\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<h1 >A</h1>\\r\\n<p>a\\t</p><h2>B</h2><p>old</p><h2  cla"
	      "ss='x'>C</h2><ac:y/>\\n\",\"representation\":\"storage\"}}}" },
	    { "PUT /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":4"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n"
	    "PUT /rest/api/content/12?status=current {\"id\":\"12\",\"title\":\"T\",\"status\":\"current\",\"version\":{\"number\":4,\"minor"
	    "Edit\":false},\"body\":{\"storage\":{\"value\":\"<h1 >A</h1>\\r\\n<p>a\\t</p><h2>B</h2><p>new</p><h2  class='x'>C</h2><ac"
	    ":y/>\\n\",\"representation\":\"storage\"}},\"type\":\"page\"}\n",
	  .result = "{\"message\":\"Page section updated successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://conf"
	    "luence.example/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":4}}" },
	{ .name = "a section that is not there", .tool = "update_page_section",
	  .args = "{\"page_id\":\"12\",\"heading_text\":\"Z\",\"new_content\":\"new\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<h1>A</h1>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "no heading \"Z\"; there are 1: \"A\" (h1)", .kind = ERR_PARAMS },
	{ .name = "a section: the body does not come", .tool = "update_page_section", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"heading_text\":\"Z\",\"new_content\":\"new\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&include-labels=true\n"
	    "GET /api/v2/spaces/7\n",
	  .failure = "confluence sent page 12 without its body", .kind = ERR_UNAVAILABLE },
	{ .name = "delete", .tool = "delete_page",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "DELETE /rest/api/content/12", 204,
	      NULL } },
	  .requests = "DELETE /rest/api/content/12\n",
	  .result = "{\"success\":true,\"message\":\"Page 12 deleted\"}" },
	{ .name = "delete, Cloud: not there", .tool = "delete_page", .is_cloud = true,
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "DELETE /api/v2/pages/12", 404,
	      "{}" } },
	  .requests = "DELETE /api/v2/pages/12\n",
	  .failure = "confluence: HTTP 404 (not found, or not visible to this user)", .kind = ERR_RESOURCE },
	{ .name = "move", .tool = "move_page",
	  .args = "{\"page_id\":\"12\",\"target_parent_id\":\"13\",\"position\":\"above\"}",
	  .replies = { { "GET /rest/api/content/13", 0,
	      "{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"OPS\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/13\"}}" },
	    { "POST /pages/movepage.action", 0,
	      "{\"page\":{}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"OPS\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"}}" } },
	  .requests = "GET /rest/api/content/13?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "POST /pages/movepage.action?spaceKey=OPS&pageId=12&targetId=13&position=above\n"
	    "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .result = "{\"message\":\"Page moved successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.exa"
	    "mple/x/12\",\"space\":{\"key\":\"OPS\",\"name\":\"N\"},\"version\":3}}" },
	{ .name = "move, Cloud, to the homepage of a space", .tool = "move_page", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"target_space_key\":\"DEV\"}",
	  .replies = { { "GET /api/v2/spaces", 0,
	      "{\"results\":[{\"id\":\"7\",\"key\":\"DEV\",\"homepageId\":\"1\"}]}" },
	    { "PUT /rest/api/content/12/move/append/1", 0,
	      "{\"pageId\":\"12\"}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" } },
	  .requests = "GET /api/v2/spaces?keys=DEV&limit=1\n"
	    "PUT /rest/api/content/12/move/append/1\n"
	    "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/7\n",
	  .result = "{\"message\":\"Page moved successfully\",\"page\":{\"id\":\"12\",\"title\":\"T\",\"type\":\"page\",\"url\":\"https://confluence.exa"
	    "mple/spaces/x/12\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":3}}" },
	{ .name = "move to nowhere", .tool = "move_page",
	  .args = "{\"page_id\":\"12\"}",
	  .requests = "",
	  .failure = "target_parent_id or target_space_key is required", .kind = ERR_PARAMS },
	{ .name = "move: a space without a homepage", .tool = "move_page",
	  .args = "{\"page_id\":\"12\",\"target_space_key\":\"DEV\"}",
	  .replies = { { "GET /rest/api/space/DEV", 0,
	      "{\"key\":\"DEV\"}" } },
	  .requests = "GET /rest/api/space/DEV?expand=homepage\n",
	  .failure = "space DEV has no homepage to move it below: give target_parent_id", .kind = ERR_RESOURCE },
	{ .name = "copy", .tool = "copy_page",
	  .args = "{\"source_page_id\":\"12\",\"destination_space_key\":\"OPS\",\"new_title\":\"N\",\"destination_parent_id\":\"13\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>a\\t<b></p>\",\"representation\":\"storage\"}}}" },
	    { "POST /rest/api/content", 0,
	      "{\"id\":\"14\",\"type\":\"page\",\"status\":\"current\",\"title\":\"N\",\"space\":{\"key\":\"OPS\",\"name\":\"N\"},\"version\":{\"number\":1"
	      "},\"_links\":{\"webui\":\"/x/14\"}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n"
	    "POST /rest/api/content {\"title\":\"N\",\"status\":\"current\",\"body\":{\"storage\":{\"value\":\"<p>a\\t<b></p>\",\"representat"
	    "ion\":\"storage\"}},\"type\":\"page\",\"space\":{\"key\":\"OPS\"},\"ancestors\":[{\"id\":\"13\"}]}\n",
	  .result = "{\"message\":\"Page copied successfully (without attachments: Data Center copies none)\",\"page\":{\"id\":\"14\",\"title\""
	    ":\"N\",\"type\":\"page\",\"url\":\"https://confluence.example/x/14\",\"space\":{\"key\":\"OPS\",\"name\":\"N\"},\"version\":1}}" },
	{ .name = "copy, Cloud", .tool = "copy_page", .is_cloud = true,
	  .args = "{\"source_page_id\":\"12\",\"destination_space_key\":\"DEV\",\"new_title\":\"N\",\"copy_attachments\":false}",
	  .replies = { { "POST /rest/api/content/12/copy", 0,
	      "{\"id\":\"14\",\"type\":\"page\",\"status\":\"current\",\"title\":\"N\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":1"
	      "},\"_links\":{\"webui\":\"/x/14\"}}" } },
	  .requests = "POST /rest/api/content/12/copy {\"copyAttachments\":false,\"copyPermissions\":false,\"copyProperties\":false,\"copyLa"
	    "bels\":false,\"pageTitle\":\"N\",\"destination\":{\"type\":\"space\",\"value\":\"DEV\"}}\n",
	  .result = "{\"message\":\"Page copied successfully\",\"page\":{\"id\":\"14\",\"title\":\"N\",\"type\":\"page\",\"url\":\"https://confluence.ex"
	    "ample/x/14\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":1}}" },
};

static const struct world_case talk[] = {
	{ .name = "comments, those on passages too", .tool = "get_comments",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12/child/comment", 0,
	      "{\"results\":[{\"id\":\"5\",\"title\":\"Re: T\",\"body\":{\"storage\":{\"value\":\"<p>c</p>\"}},\"version\":{\"when\":\"w\",\"by\":{\"dis"
	      "playName\":\"U\"}},\"history\":{\"createdDate\":\"d\"},\"extensions\":{\"location\":\"footer\"}},{\"id\":\"6\",\"extensions\":{\"loc"
	      "ation\":\"inline\"}},{\"id\":\"7\",\"ancestors\":[{\"id\":\"5\"}],\"body\":{\"storage\":{\"value\":\"<p>r</p>\"}}}]}" } },
	  .requests = "GET /rest/api/content/12/child/comment?expand=body.storage%2Cversion%2Chistory%2Cancestors%2Cextensions.inline"
	    "Properties%2Cextensions.resolution&depth=all&start=0&limit=100\n",
	  .result = "[{\"id\":\"5\",\"body\":\"c\",\"created\":\"d\",\"updated\":\"w\",\"title\":\"Re: T\",\"author\":\"U\",\"locat"
	    "ion\":\"footer\"},{\"id\":\"6\",\"location\":\"inline\"},{\"id\":\"7\",\"body\":\"r\",\"parent_comment_id\":\""
	    "5\",\"location\":\"footer\"}]" },
	{ .name = "comments, Cloud, with their answers", .tool = "get_comments", .is_cloud = true,
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12/footer-comments", 0,
	      "{\"results\":[{\"id\":\"5\",\"body\":{\"storage\":{\"value\":\"<p>c</p>\"}},\"version\":{\"createdAt\":\"d\",\"authorId\":\"u\"}}]}" },
	    { "GET /rest/api/user", 0, "{\"displayName\":\"Ursula\"}" },
	    { "GET /api/v2/footer-comments/5/children", 0,
	      "{\"results\":[{\"id\":\"6\",\"body\":{\"storage\":{\"value\":\"<p>r</p>\"}},\"version\":{\"authorId\":\"u\"}}]}" },
	    { "GET /api/v2/footer-comments/6/children", 0, "{\"results\":[]}" },
	    { "GET /api/v2/pages/12/inline-comments", 0, "{\"results\":[]}" } },
	  .requests = "GET /api/v2/pages/12/footer-comments?body-format=storage&limit=100\n"
	    "GET /rest/api/user?accountId=u\n"
	    "GET /api/v2/footer-comments/5/children?body-format=storage&limit=100\n"
	    "GET /api/v2/footer-comments/6/children?body-format=storage&limit=100\n"
	    "GET /api/v2/pages/12/inline-comments?body-format=storage&limit=100\n",
	  .result = "[{\"id\":\"5\",\"body\":\"c\",\"created\":\"d\",\"updated\":\"d\",\"author\":\"Ursula\",\"location\":\"footer\"},{\"id\":\"6\",\"body\":\"r\",\"author\":\"Ursula\",\"pare"
	    "nt_comment_id\":\"5\",\"location\":\"footer\"}]" },
	{ .name = "on passages", .tool = "get_inline_comments",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12/child/comment", 0,
	      "{\"results\":[{\"id\":\"5\"},{\"id\":\"6\",\"extensions\":{\"location\":\"inline\",\"inlineProperties\":{\"originalSelection\":\"se"
	      "l\"},\"resolution\":{\"status\":\"open\"}}}]}" } },
	  .requests = "GET /rest/api/content/12/child/comment?expand=body.storage%2Cversion%2Chistory%2Cancestors%2Cextensions.inline"
	    "Properties%2Cextensions.resolution&depth=all&start=0&limit=100\n",
	  .result = "{\"success\":true,\"page_id\":\"12\",\"count\":1,\"comments\":[{\"id\":\"6\",\"location\":\"inline\",\"text_se"
	    "lection\":\"sel\",\"resolution\":\"open\"}]}" },
	{ .name = "add", .tool = "add_comment",
	  .args = "{\"page_id\":\"12\",\"body\":\"**x**\"}",
	  .replies = { { "POST /rest/api/content", 0,
	      "{\"id\":\"5\",\"body\":{\"storage\":{\"value\":\"<p>x</p>\"}}}" } },
	  .requests = "POST /rest/api/content {\"body\":{\"storage\":{\"value\":\"<p><strong>x</strong></p>\",\"representation\":\"storage\"}},\"t"
	    "ype\":\"comment\",\"container\":{\"id\":\"12\",\"type\":\"page\"}}\n",
	  .result = "{\"success\":true,\"message\":\"Comment added successfully\",\"comment\":{\"id\":\"5\",\"body\":\"x\",\"location\":\"footer\"}}" },
	{ .name = "add, Cloud", .tool = "add_comment", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"body\":\"**x**\"}",
	  .replies = { { "POST /api/v2/footer-comments", 0,
	      "{\"id\":\"5\"}" } },
	  .requests = "POST /api/v2/footer-comments {\"body\":{\"value\":\"<p><strong>x</strong></p>\",\"representation\":\"storage\"},\"pageId\""
	    ":\"12\"}\n",
	  .result = "{\"success\":true,\"message\":\"Comment added successfully\",\"comment\":{\"id\":\"5\",\"location\":\"footer\"}}" },
	{ .name = "answer", .tool = "reply_to_comment",
	  .args = "{\"comment_id\":\"5\",\"body\":\"x\"}",
	  .replies = { { "GET /rest/api/content/5", 0,
	      "{\"id\":\"5\",\"container\":{\"id\":\"12\",\"type\":\"blogpost\"}}" },
	    { "POST /rest/api/content", 0,
	      "{\"id\":\"6\"}" } },
	  .requests = "GET /rest/api/content/5?expand=container%2Cancestors\n"
	    "POST /rest/api/content {\"body\":{\"storage\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"}},\"type\":\"comment\",\"c"
	    "ontainer\":{\"id\":\"12\",\"type\":\"blogpost\"},\"ancestors\":[{\"id\":\"5\"}]}\n",
	  .result = "{\"success\":true,\"message\":\"Reply added successfully\",\"comment\":{\"id\":\"6\",\"location\":\"footer\",\"parent_comment_i"
	    "d\":\"5\"}}" },
	{ .name = "answer, Cloud", .tool = "reply_to_comment", .is_cloud = true,
	  .args = "{\"comment_id\":\"5\",\"body\":\"x\"}",
	  .replies = { { "POST /api/v2/footer-comments", 0,
	      "{\"id\":\"6\"}" } },
	  .requests = "POST /api/v2/footer-comments {\"body\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"},\"parentCommentId\":\"5\"}\n",
	  .result = "{\"success\":true,\"message\":\"Reply added successfully\",\"comment\":{\"id\":\"6\",\"location\":\"footer\",\"parent_comment_i"
	    "d\":\"5\"}}" },
	{ .name = "add on a passage", .tool = "add_inline_comment",
	  .args = "{\"page_id\":\"12\",\"body\":\"x\",\"text_selection\":\"sel\"}",
	  .replies = { { "POST /rest/api/content", 0,
	      "{\"id\":\"5\"}" } },
	  .requests = "POST /rest/api/content {\"body\":{\"storage\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"}},\"type\":\"comment\",\"c"
	    "ontainer\":{\"id\":\"12\",\"type\":\"page\"},\"extensions\":{\"location\":\"inline\",\"inlineProperties\":{\"originalSelection\":"
	    "\"sel\",\"numMatches\":1,\"matchIndex\":0}}}\n",
	  .result = "{\"success\":true,\"message\":\"Inline comment added successfully\",\"comment\":{\"id\":\"5\",\"location\":\"inline\"}}" },
	{ .name = "add on a passage, Cloud", .tool = "add_inline_comment", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"body\":\"x\",\"text_selection\":\"sel\",\"text_selection_match_count\":2,\"text_selection_match_index\":"
	    "1}",
	  .replies = { { "POST /api/v2/inline-comments", 0,
	      "{\"id\":\"5\"}" } },
	  .requests = "POST /api/v2/inline-comments {\"body\":{\"value\":\"<p>x</p>\",\"representation\":\"storage\"},\"pageId\":\"12\",\"inlineComm"
	    "entProperties\":{\"textSelection\":\"sel\",\"textSelectionMatchCount\":2,\"textSelectionMatchIndex\":1}}\n",
	  .result = "{\"success\":true,\"message\":\"Inline comment added successfully\",\"comment\":{\"id\":\"5\",\"location\":\"inline\"}}" },
	{ .name = "restrictions", .tool = "get_page_restrictions",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12/restriction/byOperation", 0,
	      "{\"read\":{\"restrictions\":{\"user\":{\"results\":[{\"username\":\"u\",\"displayName\":\"U\"}]},\"group\":{\"results\":[{\"name\":\""
	      "g\"}]}}},\"update\":{\"restrictions\":{\"user\":[{\"accountId\":\"a\"}],\"group\":{}}}}" } },
	  .requests = "GET /rest/api/content/12/restriction/byOperation?expand=read.restrictions.user%2Cread.restrictions.group%2Cupd"
	    "ate.restrictions.user%2Cupdate.restrictions.group\n",
	  .result = "{\"page_id\":\"12\",\"read\":{\"users\":[\"u\"],\"groups\":[\"g\"]},\"update\":{\"users\":[\"a\"],\"groups\":[]}}" },
	{ .name = "restrictions are set", .tool = "set_page_restrictions",
	  .args = "{\"page_id\":\"12\",\"read_users\":\"u\",\"edit_groups\":[\"g\",\"h\"]}",
	  .replies = { { "PUT /rest/api/content/12/restriction", 0,
	      "{}" },
	    { "GET /rest/api/content/12/restriction/byOperation", 0,
	      "{\"read\":{\"restrictions\":{\"user\":{\"results\":[{\"username\":\"u\",\"displayName\":\"U\"}]},\"group\":{\"results\":[{\"name\":\""
	      "g\"}]}}},\"update\":{\"restrictions\":{\"user\":[{\"accountId\":\"a\"}],\"group\":{}}}}" } },
	  .requests = "PUT /rest/api/content/12/restriction [{\"operation\":\"read\",\"restrictions\":{\"user\":[{\"type\":\"known\",\"username\":\""
	    "u\"}],\"group\":[]}},{\"operation\":\"update\",\"restrictions\":{\"user\":[],\"group\":[{\"type\":\"group\",\"name\":\"g\"},{\"type\""
	    ":\"group\",\"name\":\"h\"}]}}]\n"
	    "GET /rest/api/content/12/restriction/byOperation?expand=read.restrictions.user%2Cread.restrictions.group%2Cupd"
	    "ate.restrictions.user%2Cupdate.restrictions.group\n",
	  .result = "{\"success\":true,\"page_id\":\"12\",\"message\":\"Page restrictions updated successfully\",\"restrictions\":{"
	    "\"read\":{\"users\":[\"u\"],\"groups\":[\"g\"]},\"update\":{\"users\":[\"a\"],\"groups\":[]}}}" },
	{ .name = "restrictions are set, Cloud", .tool = "set_page_restrictions", .is_cloud = true,
	  .args = "{\"page_id\":\"12\",\"read_users\":\"a\"}",
	  .replies = { { "PUT /rest/api/content/12/restriction", 0,
	      "{}" },
	    { "GET /rest/api/content/12/restriction/byOperation", 0,
	      "{}" } },
	  .requests = "PUT /rest/api/content/12/restriction {\"results\":[{\"operation\":\"read\",\"restrictions\":{\"user\":[{\"type\":\"known\",\""
	    "accountId\":\"a\"}],\"group\":[]}},{\"operation\":\"update\",\"restrictions\":{\"user\":[],\"group\":[]}}]}\n"
	    "GET /rest/api/content/12/restriction/byOperation?expand=read.restrictions.user%2Cread.restrictions.group%2Cupd"
	    "ate.restrictions.user%2Cupdate.restrictions.group\n",
	  .result = "{\"success\":true,\"page_id\":\"12\",\"message\":\"Page restrictions updated successfully\",\"restrictions\":{"
	    "\"read\":{\"users\":[],\"groups\":[]},\"update\":{\"users\":[],\"groups\":[]}}}" },
};
/* clang-format on */

static void
reads_pages(void **state)
{
	(void)state;
	world_play_all(pages, COUNT(pages));
}

static void
lists_and_searches(void **state)
{
	(void)state;
	world_play_all(lists, COUNT(lists));
}

static void
writes_pages(void **state)
{
	(void)state;
	world_play_all(writes, COUNT(writes));
}

static void
comments_and_restricts(void **state)
{
	(void)state;
	world_play_all(talk, COUNT(talk));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pages),
		cmocka_unit_test(lists_and_searches),
		cmocka_unit_test(writes_pages),
		cmocka_unit_test(comments_and_restricts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The spaces that the configuration lets be seen: no tool of Confluence reads, writes, moves or
 * copies anything of another, by id, by key, below a page of it, or by a query that is made to
 * break out.
 */
#define WORLD_PRODUCT PRODUCT_CONFLUENCE
#define WORLD_NAME    "confluence"
#include "jira_world.h"

/* clang-format off */
static const struct world_case hidden[] = {
	{ .name = "get_page", .tool = "get_page", .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page, Cloud", .tool = "get_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_children", .tool = "get_page_children", .filter = "DEV",
	  .args = "{\"parent_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_children, Cloud", .tool = "get_page_children", .is_cloud = true, .filter = "DEV",
	  .args = "{\"parent_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_history", .tool = "get_page_history", .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"version\":1}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels&status=historical&version=1\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_history, Cloud", .tool = "get_page_history", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"version\":1}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&version=1&include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_diff", .tool = "get_page_diff", .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"from_version\":1,\"to_version\":2}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels&status=historical&version=1\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_diff, Cloud", .tool = "get_page_diff", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"from_version\":1,\"to_version\":2}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&version=1&include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_comments", .tool = "get_comments", .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_comments, Cloud", .tool = "get_comments", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_inline_comments", .tool = "get_inline_comments", .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_inline_comments, Cloud", .tool = "get_inline_comments", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "add_comment", .tool = "add_comment", .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"body\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "add_comment, Cloud", .tool = "add_comment", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"body\":\"x\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "add_inline_comment", .tool = "add_inline_comment", .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"body\":\"x\",\"text_selection\":\"y\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "add_inline_comment, Cloud", .tool = "add_inline_comment", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"body\":\"x\",\"text_selection\":\"y\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_restrictions", .tool = "get_page_restrictions", .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page_restrictions, Cloud", .tool = "get_page_restrictions", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "set_page_restrictions", .tool = "set_page_restrictions", .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "set_page_restrictions, Cloud", .tool = "set_page_restrictions", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "update_page", .tool = "update_page", .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"content\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "update_page, Cloud", .tool = "update_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"content\":\"x\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "update_page_section", .tool = "update_page_section", .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"heading_text\":\"h\",\"new_content\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "update_page_section, Cloud", .tool = "update_page_section", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"heading_text\":\"h\",\"new_content\":\"x\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "delete_page", .tool = "delete_page", .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "delete_page, Cloud", .tool = "delete_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "move_page", .tool = "move_page", .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"target_space_key\":\"DEV\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "move_page, Cloud", .tool = "move_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"12\",\"target_space_key\":\"DEV\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "copy_page", .tool = "copy_page", .filter = "DEV",
	  .args = "{\"source_page_id\":\"12\",\"destination_space_key\":\"DEV\",\"new_title\":\"n\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "copy_page, Cloud", .tool = "copy_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"source_page_id\":\"12\",\"destination_space_key\":\"DEV\",\"new_title\":\"n\"}",
	  .replies = { { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_page by the key: no request", .tool = "get_page", .filter = "DEV",
	  .args = "{\"title\":\"A\",\"space_key\":\"HR\"}",
	  .requests = "",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_space_page_tree by the key: no request", .tool = "get_space_page_tree", .filter = "DEV",
	  .args = "{\"space_key\":\"HR\"}",
	  .requests = "",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "create_page by the key: no request", .tool = "create_page", .filter = "DEV",
	  .args = "{\"space_key\":\"HR\",\"title\":\"A\"}",
	  .requests = "",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "get_space_page_tree by the key: no request", .tool = "get_space_page_tree", .filter = "DEV",
	  .args = "{\"space_key\":\"DEV,HR\"}",
	  .requests = "",
	  .failure = "space_key: \"DEV,HR\" is no key of a space such as DOCS or ~name", .kind = ERR_PARAMS },
	{ .name = "move_page by the key: no request", .tool = "move_page", .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"target_space_key\":\"HR\"}",
	  .requests = "",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "copy_page by the key: no request", .tool = "copy_page", .filter = "DEV",
	  .args = "{\"source_page_id\":\"13\",\"destination_space_key\":\"HR\",\"new_title\":\"n\"}",
	  .requests = "",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "create_page below a hidden page", .tool = "create_page", .filter = "DEV",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"A\",\"parent_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/13", 0,
	      "{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/13\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "create_page below a hidden page, Cloud", .tool = "create_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"space_key\":\"DEV\",\"title\":\"A\",\"parent_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/13", 0,
	      "{\"id\":\"13\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/13"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "update_page below a hidden page", .tool = "update_page", .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"content\":\"x\",\"parent_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/13", 0,
	      "{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/13\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/13?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "update_page below a hidden page, Cloud", .tool = "update_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"content\":\"x\",\"parent_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/13", 0,
	      "{\"id\":\"13\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/13"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/13?include-labels=true\n"
	    "GET /api/v2/spaces/7\n"
	    "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "move_page below a hidden page", .tool = "move_page", .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"target_parent_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/13", 0,
	      "{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/13\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/13?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "move_page below a hidden page, Cloud", .tool = "move_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"target_parent_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/13", 0,
	      "{\"id\":\"13\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/13"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/13?include-labels=true\n"
	    "GET /api/v2/spaces/7\n"
	    "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "move_page below a hidden page", .tool = "move_page", .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"target_parent_id\":\"12\",\"target_space_key\":\"DEV\",\"position\":\"above\"}",
	  .replies = { { "GET /rest/api/content/13", 0,
	      "{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/13\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/13?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "move_page below a hidden page, Cloud", .tool = "move_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"target_parent_id\":\"12\",\"target_space_key\":\"DEV\",\"position\":\"above\"}",
	  .replies = { { "GET /api/v2/pages/13", 0,
	      "{\"id\":\"13\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/13"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/13?include-labels=true\n"
	    "GET /api/v2/spaces/7\n"
	    "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "copy_page below a hidden page", .tool = "copy_page", .filter = "DEV",
	  .args = "{\"source_page_id\":\"13\",\"destination_space_key\":\"DEV\",\"destination_parent_id\":\"12\",\"new_title\":\"n\"}",
	  .replies = { { "GET /rest/api/content/13", 0,
	      "{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/13\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "copy_page below a hidden page, Cloud", .tool = "copy_page", .is_cloud = true, .filter = "DEV",
	  .args = "{\"source_page_id\":\"13\",\"destination_space_key\":\"DEV\",\"destination_parent_id\":\"12\",\"new_title\":\"n\"}",
	  .replies = { { "GET /api/v2/pages/13", 0,
	      "{\"id\":\"13\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"7\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/13"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/7", 0,
	      "{\"id\":\"7\",\"key\":\"DEV\",\"name\":\"N\"}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "an answer to a comment", .tool = "reply_to_comment", .filter = "DEV",
	  .args = "{\"comment_id\":\"5\",\"body\":\"x\"}",
	  .replies = { { "GET /rest/api/content/5", 0,
	      "{\"id\":\"5\",\"container\":{\"id\":\"12\",\"type\":\"page\"}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/5?expand=container%2Cancestors\n"
	    "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "an answer to a comment, Cloud", .tool = "reply_to_comment", .is_cloud = true, .filter = "DEV",
	  .args = "{\"comment_id\":\"5\",\"body\":\"x\"}",
	  .replies = { { "GET /api/v2/footer-comments/5", 0,
	      "{\"id\":\"5\",\"pageId\":\"12\"}" },
	    { "GET /api/v2/pages/12", 0,
	      "{\"id\":\"12\",\"status\":\"current\",\"title\":\"T\",\"spaceId\":\"9\",\"version\":{\"number\":3},\"_links\":{\"webui\":\"/spaces/x/12"
	      "\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /api/v2/spaces/9", 0,
	      "{\"id\":\"9\",\"key\":\"HR\",\"name\":\"Secret\"}" } },
	  .requests = "GET /api/v2/footer-comments/5\n"
	    "GET /api/v2/pages/12?include-labels=true\n"
	    "GET /api/v2/spaces/9\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "an answer to a comment of a blog post, Cloud", .tool = "reply_to_comment", .is_cloud = true, .filter = "DEV",
	  .args = "{\"comment_id\":\"5\",\"body\":\"x\"}",
	  .replies = { { "GET /api/v2/footer-comments/5", 0,
	      "{\"id\":\"5\",\"blogPostId\":\"12\"}" } },
	  .requests = "GET /api/v2/footer-comments/5\n",
	  .failure = "confluence: space (unknown) is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "a page that says no space", .tool = "get_page", .filter = "DEV",
	  .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"title\":\"T\"}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cm"
	    "etadata.labels\n",
	  .failure = "confluence: space (unknown) is not among those that may be used here", .kind = ERR_REFUSED },
	{ .name = "the homepage of a visible space is elsewhere", .tool = "move_page", .filter = "DEV",
	  .args = "{\"page_id\":\"13\",\"target_space_key\":\"DEV\"}",
	  .replies = { { "GET /rest/api/content/13", 0,
	      "{\"id\":\"13\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"DEV\",\"name\":\"N\"},\"version\":{\"number\":3"
	      "},\"_links\":{\"webui\":\"/x/13\"},\"body\":{\"storage\":{\"value\":\"<p>b</p>\",\"representation\":\"storage\"}}}" },
	    { "GET /rest/api/space/DEV", 0,
	      "{\"key\":\"DEV\",\"homepage\":{\"id\":\"12\"}}" },
	    { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\",\"space\":{\"key\":\"HR\",\"name\":\"N\"},\"version\":{\"number\":3}"
	      ",\"_links\":{\"webui\":\"/x/12\"},\"body\":{\"storage\":{\"value\":\"<p>secret</p>\",\"representation\":\"storage\"}}}" } },
	  .requests = "GET /rest/api/content/13?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
	    "GET /rest/api/space/DEV?expand=homepage\n"
	    "GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n",
	  .failure = "confluence: space HR is not among those that may be used here", .kind = ERR_REFUSED },
};

static const struct world_case queries[] = {
	{ .name = "the filter is beside the query, and looked at again in the reply", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = 1 or b = 2\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[{\"content\":{\"id\":\"1\",\"type\":\"page\",\"space\":{\"key\":\"HR\"}},\"title\":\"secret\"},{\"content\":{\"id\":\"2\",\"t"
	      "ype\":\"page\",\"space\":{\"key\":\"dev\"}},\"title\":\"A\"},{\"space\":{\"key\":\"HR\"},\"title\":\"secret\"}]}" } },
	  .requests = "GET /rest/api/search?cql=%28a%20%3D%201%20or%20b%20%3D%202%29%20AND%20space%20IN%20%28%22DEV%22%29&expand=cont"
	    "ent.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[{\"id\":\"2\",\"type\":\"page\",\"space\":{\"key\":\"dev\"},\"title\":\"A\"}]" },
	{ .name = "order by with two blanks", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"type = page order  by created\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=%28type%20%3D%20page%20%29%20AND%20space%20IN%20%28%22DEV%22%29%20order%20%20by%20created&expan"
	    "d=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[]" },
	{ .name = "order by stays behind", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"title ~ \\\"order by\\\" ORDER BY created\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[{\"content\":{\"id\":\"1\",\"type\":\"page\",\"space\":{\"key\":\"HR\"}},\"title\":\"secret\"},{\"content\":{\"id\":\"2\",\"t"
	      "ype\":\"page\",\"space\":{\"key\":\"dev\"}},\"title\":\"A\"},{\"space\":{\"key\":\"HR\"},\"title\":\"secret\"}]}" } },
	  .requests = "GET /rest/api/search?cql=%28title%20~%20%22order%20by%22%20%29%20AND%20space%20IN%20%28%22DEV%22%29%20ORDER%20"
	    "BY%20created&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[{\"id\":\"2\",\"type\":\"page\",\"space\":{\"key\":\"dev\"},\"title\":\"A\"}]" },
	{ .name = "only an order", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"order by created\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[{\"content\":{\"id\":\"1\",\"type\":\"page\",\"space\":{\"key\":\"HR\"}},\"title\":\"secret\"},{\"content\":{\"id\":\"2\",\"t"
	      "ype\":\"page\",\"space\":{\"key\":\"dev\"}},\"title\":\"A\"},{\"space\":{\"key\":\"HR\"},\"title\":\"secret\"}]}" } },
	  .requests = "GET /rest/api/search?cql=type%20IN%20%28page%2C%20blogpost%2C%20comment%2C%20attachment%29%20AND%20space%20IN%"
	    "20%28%22DEV%22%29%20order%20by%20created&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limi"
	    "t=10\n",
	  .result = "[{\"id\":\"2\",\"type\":\"page\",\"space\":{\"key\":\"dev\"},\"title\":\"A\"}]" },
	{ .name = "parentheses in quotes are text", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"title = \\\"a) or (b\\\"\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[{\"content\":{\"id\":\"1\",\"type\":\"page\",\"space\":{\"key\":\"HR\"}},\"title\":\"secret\"},{\"content\":{\"id\":\"2\",\"t"
	      "ype\":\"page\",\"space\":{\"key\":\"dev\"}},\"title\":\"A\"},{\"space\":{\"key\":\"HR\"},\"title\":\"secret\"}]}" } },
	  .requests = "GET /rest/api/search?cql=%28title%20%3D%20%22a%29%20or%20%28b%22%29%20AND%20space%20IN%20%28%22DEV%22%29&expan"
	    "d=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[{\"id\":\"2\",\"type\":\"page\",\"space\":{\"key\":\"dev\"},\"title\":\"A\"}]" },
	{ .name = "words", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"release (notes\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[{\"content\":{\"id\":\"1\",\"type\":\"page\",\"space\":{\"key\":\"HR\"}},\"title\":\"secret\"},{\"content\":{\"id\":\"2\",\"t"
	      "ype\":\"page\",\"space\":{\"key\":\"dev\"}},\"title\":\"A\"},{\"space\":{\"key\":\"HR\"},\"title\":\"secret\"}]}" } },
	  .requests = "GET /rest/api/search?cql=%28siteSearch%20~%20%22release%20%28notes%22%29%20AND%20space%20IN%20%28%22DEV%22%29&"
	    "expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[{\"id\":\"2\",\"type\":\"page\",\"space\":{\"key\":\"dev\"},\"title\":\"A\"}]" },
	{ .name = "words that look like CQL are quoted", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"x) or (y\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=%28siteSearch%20~%20%22x%29%20or%20%28y%22%29%20AND%20space%20IN%20%28%22DEV%22%29&expan"
	    "d=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[]" },
	{ .name = "CQL that looks like words", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"x) or space in (HR\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "closed too early", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = 1) or (space = HR\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "never closed", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"(a = 1\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "an open quote", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = \\\"1\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "a single quote", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = '\\\"' or space = HR or a = '\\\"'\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "a quote behind a backslash", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = \\\\\\\" or space = HR) or (a = \\\\\\\"\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "a backslash at the end", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = b\\\\\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "behind the order", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = 1 order by x) or (space = HR\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "a quote opened in the order", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = 1 order by \\\"x\"}",
	  .requests = "",
	  .failure = "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes", .kind = ERR_PARAMS },
	{ .name = "asked for another space too: both hold", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = 1\",\"spaces_filter\":\"HR\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[{\"content\":{\"id\":\"1\",\"type\":\"page\",\"space\":{\"key\":\"HR\"}},\"title\":\"secret\"},{\"content\":{\"id\":\"2\",\"t"
	      "ype\":\"page\",\"space\":{\"key\":\"dev\"}},\"title\":\"A\"},{\"space\":{\"key\":\"HR\"},\"title\":\"secret\"}]}" } },
	  .requests = "GET /rest/api/search?cql=%28a%20%3D%201%29%20AND%20space%20IN%20%28%22DEV%22%29%20AND%20space%20IN%20%28%22HR%"
	    "22%29&expand=content.history%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[{\"id\":\"2\",\"type\":\"page\",\"space\":{\"key\":\"dev\"},\"title\":\"A\"}]" },
	{ .name = "a space that closes the list: no request", .tool = "search", .filter = "DEV",
	  .args = "{\"query\":\"a = 1\",\"spaces_filter\":\"HR\\\") or (\\\"x\"}",
	  .requests = "",
	  .failure = "spaces_filter: \"HR\") or (\"x\" is no key of a space", .kind = ERR_PARAMS },
	{ .name = "spaces without a filter", .tool = "search",
	  .args = "{\"query\":\"a = 1\",\"spaces_filter\":\"A, B\"}",
	  .replies = { { "GET /rest/api/search", 0,
	      "{\"results\":[]}" } },
	  .requests = "GET /rest/api/search?cql=%28a%20%3D%201%29%20AND%20space%20IN%20%28%22A%22%2C%20%22B%22%29&expand=content.hist"
	    "ory%2Ccontent.version%2Ccontent.space&start=0&limit=10\n",
	  .result = "[]" },
};
/* clang-format on */

static void
keeps_hidden_spaces_hidden(void **state)
{
	(void)state;
	world_play_all(hidden, COUNT(hidden));
}

static void
keeps_queries_within_the_spaces(void **state)
{
	(void)state;
	world_play_all(queries, COUNT(queries));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_hidden_spaces_hidden),
		cmocka_unit_test(keeps_queries_within_the_spaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

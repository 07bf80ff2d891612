/*
 * Tools of Confluence beyond the usual ones: what they ask for, what they refuse to touch, that
 * hidden spaces stay hidden from them, and that they are offered only where they are named.
 */
#define WORLD_PRODUCT PRODUCT_CONFLUENCE
#define WORLD_NAME    "confluence"
#include "jira_world.h"

#define HR "\"space\":{\"key\":\"HR\"}"
#define HR_PAGE \
	"{\"id\":\"12\",\"type\":\"page\",\"status\":\"current\",\"title\":\"T\"," HR \
	",\"version\":{\"number\":3}}"
#define GET_PAGE \
	"GET /rest/api/content/12?expand=version%2Cspace%2Chistory%2Cancestors%2Cchildren.attachment.version%2Cmetadata.labels\n"
#define GET_COMMENT \
	"GET /rest/api/content/5?expand=body.storage%2Cversion%2Ccontainer%2Cextensions.inlineProperties\n"
#define REFUSED "confluence: space HR is not among those that may be used here"

/* clang-format off */
static const struct world_case hidden[] = {
	{ .name = "edit", .tool = "edit_comment", .filter = "DEV", .args = "{\"comment_id\":\"5\",\"body\":\"x\"}",
	  .replies = { { "GET /rest/api/content/5", 0, "{\"id\":\"5\",\"type\":\"comment\",\"container\":{\"id\":\"12\"}}" },
	    { "GET /rest/api/content/12", 0, HR_PAGE } },
	  .requests = GET_COMMENT GET_PAGE, .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "delete", .tool = "delete_comment", .filter = "DEV", .args = "{\"comment_id\":5}",
	  .replies = { { "GET /rest/api/content/5", 0, "{\"id\":\"5\",\"type\":\"comment\",\"container\":{\"id\":\"12\"}}" },
	    { "GET /rest/api/content/12", 0, HR_PAGE } },
	  .requests = GET_COMMENT GET_PAGE, .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "delete, of a blog post on Cloud", .tool = "delete_comment", .is_cloud = true, .filter = "DEV",
	  .args = "{\"comment_id\":\"5\"}",
	  .replies = { { "GET /api/v2/footer-comments/5", 0, "{\"id\":\"5\",\"blogPostId\":\"12\"}" } },
	  .requests = "GET /api/v2/footer-comments/5?body-format=storage\n",
	  .failure = "space (unknown) is not among those", .kind = ERR_REFUSED },
	{ .name = "resolve", .tool = "resolve_comment", .is_cloud = true, .filter = "DEV", .args = "{\"comment_id\":\"5\"}",
	  .replies = { { "GET /api/v2/footer-comments/5", 404, "{}" },
	    { "GET /api/v2/inline-comments/5", 0, "{\"id\":\"5\",\"pageId\":\"12\",\"version\":{\"number\":1}}" },
	    { "GET /api/v2/pages/12", 0, "{\"id\":\"12\",\"status\":\"current\",\"spaceId\":\"9\",\"version\":{\"number\":3}}" },
	    { "GET /api/v2/spaces/9", 0, "{\"id\":\"9\",\"key\":\"HR\"}" } },
	  .requests = "GET /api/v2/footer-comments/5?body-format=storage\nGET /api/v2/inline-comments/5?body-format=storage\n"
	    "GET /api/v2/pages/12?include-labels=true\nGET /api/v2/spaces/9\n",
	  .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "label", .tool = "remove_label", .filter = "DEV", .args = "{\"page_id\":\"12\",\"name\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0, HR_PAGE } },
	  .requests = GET_PAGE, .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "archive", .tool = "archive_page", .is_cloud = true, .filter = "DEV", .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0, "{\"id\":\"12\",\"status\":\"current\",\"spaceId\":\"9\",\"version\":{\"number\":3}}" },
	    { "GET /api/v2/spaces/9", 0, "{\"id\":\"9\",\"key\":\"HR\"}" } },
	  .requests = "GET /api/v2/pages/12?include-labels=true\nGET /api/v2/spaces/9\n",
	  .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "restore", .tool = "restore_page", .filter = "DEV", .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0,
	      "{\"id\":\"12\",\"type\":\"page\",\"status\":\"trashed\",\"title\":\"T\"," HR ",\"version\":{\"number\":3}}" } },
	  .requests = "GET /rest/api/content/12?status=trashed&expand=version%2Cspace\n", .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "restore a version", .tool = "restore_page_version", .filter = "DEV", .args = "{\"page_id\":\"12\",\"version\":1}",
	  .replies = { { "GET /rest/api/content/12", 0, HR_PAGE } },
	  .requests = GET_PAGE, .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "blog post", .tool = "get_blog_post", .filter = "DEV", .args = "{\"post_id\":\"12\"}",
	  .replies = { { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"blogpost\"," HR "}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cmetadata.labels\n",
	  .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "update of a blog post", .tool = "update_blog_post", .filter = "DEV", .args = "{\"post_id\":\"12\",\"title\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"blogpost\"," HR "}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cmetadata.labels\n",
	  .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "new blog post", .tool = "create_blog_post", .filter = "DEV",
	  .args = "{\"space_key\":\"HR\",\"title\":\"x\",\"content\":\"y\"}", .requests = "", .failure = REFUSED, .kind = ERR_REFUSED },
	{ .name = "lists leave them out", .tool = "get_blog_posts", .filter = "DEV", .args = "{\"limit\":1}",
	  .replies = { { "GET /rest/api/content", 0,
	      "{\"results\":[{\"id\":\"1\",\"type\":\"blogpost\",\"title\":\"secret\"," HR "},"
	      "{\"id\":\"2\",\"type\":\"blogpost\",\"title\":\"A\",\"space\":{\"key\":\"dev\"}},"
	      "{\"id\":\"3\",\"type\":\"blogpost\",\"title\":\"B\",\"space\":{\"key\":\"DEV\"}}]}" } },
	  .requests = "GET /rest/api/content?type=blogpost&expand=version%2Cspace%2Chistory%2Cmetadata.labels&start=0&limit=100\n",
	  .result = "{\"posts\":[{\"id\":\"2\",\"title\":\"A\",\"type\":\"blogpost\",\"space\":{\"key\":\"dev\"}}],\"count\":1}" },
	{ .name = "spaces", .tool = "get_spaces", .filter = "DEV", .args = "{}",
	  .replies = { { "GET /rest/api/space", 0, "{\"results\":[{\"id\":1,\"key\":\"HR\",\"name\":\"secret\"},{\"id\":2,\"key\":\"DEV\",\"name\":\"D\"}]}" } },
	  .requests = "GET /rest/api/space?expand=description.plain%2Chomepage&start=0&limit=100\n",
	  .result = "{\"spaces\":[{\"id\":\"2\",\"key\":\"DEV\",\"name\":\"D\"}],\"count\":1}" },
};

static const struct world_case careful[] = {
	{ .name = "a page is no comment", .tool = "delete_comment", .args = "{\"comment_id\":\"5\"}",
	  .replies = { { "GET /rest/api/content/5", 0, "{\"id\":\"5\",\"type\":\"page\",\"title\":\"T\"}" } },
	  .requests = GET_COMMENT, .failure = "5 is no comment", .kind = ERR_RESOURCE },
	{ .name = "a page is no blog post", .tool = "update_blog_post", .args = "{\"post_id\":\"12\",\"title\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0, HR_PAGE } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cmetadata.labels\n",
	  .failure = "12 is no blog post", .kind = ERR_RESOURCE },
	{ .name = "a blog post without its body is not emptied", .tool = "update_blog_post", .args = "{\"post_id\":\"12\",\"title\":\"x\"}",
	  .replies = { { "GET /rest/api/content/12", 0, "{\"id\":\"12\",\"type\":\"blogpost\"," HR "}" } },
	  .requests = "GET /rest/api/content/12?expand=body.storage%2Cversion%2Cspace%2Chistory%2Cmetadata.labels\n",
	  .failure = "sent page 12 without its body", .kind = ERR_UNAVAILABLE },
	{ .name = "nor a page that comes from the trash", .tool = "restore_page", .is_cloud = true, .args = "{\"page_id\":\"12\"}",
	  .replies = { { "GET /api/v2/pages/12", 0, "{\"id\":\"12\",\"status\":\"trashed\",\"title\":\"T\",\"version\":{\"number\":3}}" } },
	  .requests = "GET /api/v2/pages/12?body-format=storage&status=trashed\n",
	  .failure = "sent page 12 without its body", .kind = ERR_UNAVAILABLE },
	{ .name = "a label with a slash", .tool = "remove_label", .args = "{\"page_id\":\"12\",\"name\":\"a/../b?c\"}",
	  .replies = { { "DELETE /rest/api/content/12/label", 204, "" } },
	  .requests = "DELETE /rest/api/content/12/label?name=a%2F..%2Fb%3Fc\n",
	  .result = "{\"success\":true,\"message\":\"Label a/../b?c removed from page 12\"}" },
	{ .name = "an id that climbs", .tool = "delete_comment", .args = "{\"comment_id\":\"..\"}", .requests = "",
	  .failure = "comment_id: \"..\" is no id", .kind = ERR_PARAMS },
	{ .name = "the archive wants numbers", .tool = "archive_page", .is_cloud = true, .args = "{\"page_id\":\"att12\"}", .requests = "",
	  .failure = "page_id: att12 is no number", .kind = ERR_PARAMS },
	{ .name = "the newest version is no old one", .tool = "restore_page_version", .args = "{\"page_id\":\"12\",\"version\":3}",
	  .replies = { { "GET /rest/api/content/12", 0, HR_PAGE } }, .requests = GET_PAGE,
	  .failure = "version: page 12 is at version 3", .kind = ERR_PARAMS },
	{ .name = "a type that there is not", .tool = "get_spaces", .args = "{\"type\":\"all\"}", .requests = "",
	  .failure = "type must be one of global|personal", .kind = ERR_PARAMS },
	{ .name = "too many", .tool = "get_blog_posts", .args = "{\"limit\":251}", .requests = "",
	  .failure = "limit must be at most 250", .kind = ERR_PARAMS },
};
/* clang-format on */

static void
keeps_hidden_spaces_hidden(void **state)
{
	(void)state;
	world_play_all(hidden, COUNT(hidden));
}

static void
touches_what_is_meant(void **state)
{
	(void)state;
	world_play_all(careful, COUNT(careful));
}

static bool
is_offered(
    struct config_atlassian *all, const char *toolsets, const char *enabled, const char *name)
{
	static struct config_site site = { .product = PRODUCT_CONFLUENCE,
		.provider = { "confluence", 10 } };
	struct slice sets[4], tools[4];
	const struct tool **rows;
	struct buf out;
	bool is_there = false;
	size_t n;

	all->sites = &site;
	all->sites_n = 1;
	all->toolsets = sets;
	all->toolsets_n = world_list(toolsets, sets, 4);
	all->enabled_tools = tools;
	all->enabled_tools_n = world_list(enabled, tools, 4);
	buf_init(&out, NULL, MIB);
	tools_offer(&site, all, DEPLOYMENT_CLOUD, &rows, &n, &out);
	for (size_t i = 0; i < n; i++)
		is_there |= strcmp(rows[i]->name, name) == 0;
	mem_free(rows);
	buf_fini(&out);
	return is_there;
}

static void
is_offered_where_it_is_named(void **state)
{
	static const struct {
		const char *toolsets, *enabled;
		bool extra, usual;
	} rows[] = {
		{ NULL, NULL, false, true },
		{ "all", NULL, false, true },
		{ "default", NULL, false, true },
		{ "confluence_extra", NULL, true, false },
		{ "all,confluence_extra", NULL, true, true },
		{ NULL, "confluence_get_spaces", true, false },
		{ "all", "confluence_get_spaces,confluence_get_page", false, true },
		{ "all,confluence_extra", "confluence_get_page", false, true },
	};
	struct config_atlassian all = { .is_read_only = false };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(is_offered(&all, rows[i].toolsets, rows[i].enabled, "get_spaces"),
		    rows[i].extra);
		assert_int_equal(
		    is_offered(&all, rows[i].toolsets, rows[i].enabled, "get_page"), rows[i].usual);
	}
	all.is_read_only = true;
	assert_true(is_offered(&all, "confluence_extra", NULL, "get_spaces"));
	assert_false(is_offered(&all, "confluence_extra", NULL, "remove_label"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_hidden_spaces_hidden),
		cmocka_unit_test(touches_what_is_meant),
		cmocka_unit_test(is_offered_where_it_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Blog posts: list, read, write, update.  They are pages in all but their place: they stand in a
 * space by their day, and have nothing above them.
 */
#include "atlassian/confluence.h"

#define POSTS_MAX  250
#define POSTS_PAGE 100
#define POSTS_SEEN 1000 /* of all spaces, of which some may not be shown */
#define EXPAND	   "version,space,history,metadata.labels"

SHAPE(posts_shape, { .key = "posts", .how = SHAPE_LIST, .of = &page_plain_shape },
    { .key = "count", .how = SHAPE_INT });
SHAPE(post_told_shape, { .key = "message", .how = SHAPE_STR },
    { .key = "post", .how = SHAPE_OBJECT, .of = &page_plain_shape });

static bool
take_wait(struct work *work, yyjson_val *source, struct page *out)
{
	if (!page_take_wait(work, source, out))
		return false;
	if (work->is_cloud) {
		out->type = "blogpost";
		if (out->web == NULL && out->space_key != NULL)
			out->web = work_printf(work, "/spaces/%s/blog/%s", out->space_key, out->id);
	}
	return true;
}

static bool
get_wait(struct work *work, const char *id, struct page *out)
{
	yyjson_val *reply;
	bool ok = work->is_cloud ? work_get_wait(work, &reply, "/api/v2/blogposts/{post}", "post",
				       id, "body-format", "storage", "include-labels", "true", NULL)
				 : work_get_wait(work, &reply, "/rest/api/content/{post}", "post",
				       id, "expand", "body.storage," EXPAND, NULL);

	if (!ok || !take_wait(work, reply, out) || !space_check(work, out->space_key))
		return false;
	if (out->type == NULL || strcmp(out->type, "blogpost") != 0)
		return work_fail(work, ERR_RESOURCE, "%s is no blog post", id);
	return out->status == NULL || strcmp(out->status, "trashed") != 0 ||
	    work_fail(work, ERR_RESOURCE, "%.*s: blog post %s is in the trash",
		SLICE_FMT(work->site->provider.name), id);
}

static void
told(struct work *work, const char *message, const struct page *post)
{
	work->out = out_obj(work);
	out_str(work, work->out, "message", message);
	out_val(work, work->out, "post", page_show_plain(work, post, SHOW_NONE));
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *
list_path_wait(struct work *work, const char *key, const char *title)
{
	const char *space = NULL;

	if (!work->is_cloud)
		return work_path(work, "/rest/api/content", "type", "blogpost", "spaceKey", key,
		    "title", title, "expand", EXPAND, NULL);
	if (key != NULL && (space = space_id_wait(work, key)) == NULL)
		return NULL;
	return work_path(work, "/api/v2/blogposts", "space-id", space, "title", title, "sort",
	    "-created-date", NULL);
}

static bool
get_blog_posts(struct work *work)
{
	const char *key = arg_str(work, "space_key"), *path;
	int64_t limit = arg_int(work, "limit");
	yyjson_mut_val *list = out_arr(work);
	yyjson_val *items = NULL, *one;
	struct pages pages;
	struct page post;
	bool is_whole; /* nothing of it is left out */
	size_t i, max;

	if ((key != NULL && !space_check(work, key)) ||
	    (path = list_path_wait(work, key, arg_str(work, "title"))) == NULL)
		return false;
	is_whole = key != NULL || work->site->config->filter_n == 0;
	pages_init(&pages, work, work->is_cloud ? PAGE_CURSOR : PAGE_START, path, "results", 0,
	    is_whole ? limit : POSTS_SEEN, is_whole && limit < POSTS_PAGE ? limit : POSTS_PAGE);
	do {
		if (!pages_next_wait(&pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, one)
		{
			if ((int64_t)yyjson_mut_arr_size(list) >= limit)
				break;
			if (!take_wait(work, one, &post))
				return false;
			if (space_is_visible(work, post.space_key))
				yyjson_mut_arr_append(
				    list, page_show_plain(work, &post, SHOW_NONE));
		}
	} while (items != NULL && (int64_t)yyjson_mut_arr_size(list) < limit);
	work->out = out_obj(work);
	out_val(work, work->out, "posts", list);
	out_int(work, work->out, "count", (int64_t)yyjson_mut_arr_size(list));
	work->summary = slice_of(work_printf(work, "%zu blog posts", yyjson_mut_arr_size(list)));
	return true;
}

static bool
get_blog_post(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "post_id"));
	struct page post;

	if (id == NULL || !get_wait(work, id, &post))
		return false;
	work->out = page_show(
	    work, &post, arg_bool(work, "convert_to_markdown") ? SHOW_MARKDOWN : SHOW_STORAGE);
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool
create_blog_post(struct work *work)
{
	const char *key = arg_str(work, "space_key"), *space_id;
	yyjson_mut_val *body = out_obj(work), *space = out_obj(work);
	struct slice storage;
	struct page post;
	yyjson_val *reply;

	if (!space_check(work, key) ||
	    !content_as_storage(work, "content", arg_str(work, "content_format"), &storage))
		return false;
	out_str(work, body, "title", arg_str(work, "title"));
	out_str(work, body, "status", "current");
	out_val(work, body, "body", storage_body(work, storage));
	if (work->is_cloud) {
		if ((space_id = space_id_wait(work, key)) == NULL)
			return false;
		out_str(work, body, "spaceId", space_id);
	} else {
		out_str(work, space, "key", key);
		out_str(work, body, "type", "blogpost");
		out_val(work, body, "space", space);
	}
	if (!work_send_wait(work, "POST", body, &reply,
		work->is_cloud ? "/api/v2/blogposts" : "/rest/api/content", NULL) ||
	    !take_wait(work, reply, &post))
		return false;
	told(work, "Blog post created successfully", &post);
	return true;
}

/* As of pages, without the texts: who reads the post again sees what changed. */
static bool
expect(struct work *work, const struct page *post)
{
	int64_t expected = arg_int(work, "expected_version");
	const char *author =
	    post->author != NULL ? post->author : person_name(work, post->author_id);

	return !arg_has(work, "expected_version") || expected == post->version ||
	    work_fail(work, ERR_REQUEST,
		"%.*s: blog post %s is at version %lld (%s, %s), not at %lld: nothing was written",
		SLICE_FMT(work->site->provider.name), post->id, (long long)post->version,
		author != NULL ? author : "unknown", post->updated != NULL ? post->updated : "",
		(long long)expected);
}

static bool
put_wait(struct work *work, const struct page *before, struct slice storage, yyjson_val **reply)
{
	const char *title = arg_str(work, "title");
	yyjson_mut_val *body = out_obj(work), *version = out_obj(work);

	out_int(work, version, "number", before->version + 1);
	out_str(work, version, "message", arg_str(work, "version_comment"));
	out_str(work, body, "id", before->id);
	out_str(work, body, "status", "current");
	out_str(work, body, "title", title != NULL ? title : before->title);
	out_val(work, body, "version", version);
	out_val(work, body, "body", storage_body(work, storage));
	if (work->is_cloud)
		return work_send_wait(
		    work, "PUT", body, reply, "/api/v2/blogposts/{post}", "post", before->id, NULL);
	out_str(work, body, "type", "blogpost");
	return work_send_wait(
	    work, "PUT", body, reply, "/rest/api/content/{post}", "post", before->id, NULL);
}

static bool
update_blog_post(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "post_id"));
	struct slice storage = SLICE_NONE;
	struct page before, after;
	yyjson_val *reply;

	if (!arg_has(work, "title") && !arg_has(work, "content"))
		return work_fail(work, ERR_PARAMS, "one of title and content must be given");
	if (id == NULL ||
	    (arg_has(work, "content") &&
		!content_as_storage(work, "content", arg_str(work, "content_format"), &storage)) ||
	    !get_wait(work, id, &before) || !expect(work, &before))
		return false;
	if (storage.p == NULL && !page_has_body(work, &before))
		return false;
	if (!put_wait(work, &before, storage.p != NULL ? storage : before.body, &reply) ||
	    !take_wait(work, reply, &after))
		return false;
	if (after.space_key == NULL)
		after.space_key = before.space_key;
	told(work, "Blog post updated successfully", &after);
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define POST_ID \
	{ \
		.name = "post_id", .type = ARG_PAGE, .flags = REQUIRED, \
		.help = "Id or URL of the blog post" \
	}
#define FORMAT \
	{ \
		.name = "content_format", .type = ARG_STR, .fallback = "\"markdown\"", \
		.one_of = "markdown|wiki|storage|xhtml", .help = "What content is" \
	}

static const struct tool rows[] = {
	{ .name = "get_blog_posts",
	    .title = "Get Blog Posts",
	    .help = "The blog posts of a space, or of all.",
	    .toolset = "confluence_extra",
	    .flags = READS,
	    .shape = &posts_shape,
	    .run = get_blog_posts,
	    ARGS({ .name = "space_key", .type = ARG_SPACE, .help = "Key of the space" },
		{ .name = "title", .type = ARG_STR, .help = "Only those with this title" },
		{ .name = "limit",
		    .type = ARG_INT,
		    .fallback = "25",
		    .min = 1,
		    .max = POSTS_MAX,
		    .help = "Most results" }) },
	{ .name = "get_blog_post",
	    .title = "Get Blog Post",
	    .help = "A blog post with its body.",
	    .toolset = "confluence_extra",
	    .flags = READS,
	    .shape = &page_shape,
	    .run = get_blog_post,
	    ARGS(POST_ID,
		{ .name = "convert_to_markdown",
		    .type = ARG_BOOL,
		    .fallback = "true",
		    .help = "false: storage format" }) },
	{ .name = "create_blog_post",
	    .title = "Create Blog Post",
	    .help = "Publishes a blog post in a space.",
	    .toolset = "confluence_extra",
	    .flags = WRITES,
	    .shape = &post_told_shape,
	    .run = create_blog_post,
	    ARGS({ .name = "space_key",
		     .type = ARG_SPACE,
		     .flags = REQUIRED,
		     .help = "Key of the space" },
		{ .name = "title", .type = ARG_STR, .flags = REQUIRED, .help = "Title" },
		{ .name = "content", .type = ARG_TEXT, .flags = REQUIRED, .help = "The body" },
		FORMAT) },
	{ .name = "update_blog_post",
	    .title = "Update Blog Post",
	    .help = "Replaces the title or the body of a blog post; what is not given stays.",
	    .toolset = "confluence_extra",
	    .flags = WRITES | DESTROYS,
	    .shape = &post_told_shape,
	    .run = update_blog_post,
	    ARGS(POST_ID, { .name = "title", .type = ARG_STR, .help = "The new title" },
		{ .name = "content", .type = ARG_TEXT, .help = "The new body" }, FORMAT,
		EXPECTED_ARG,
		{ .name = "version_comment",
		    .type = ARG_STR,
		    .help = "What this version is about" }) },
};
const struct tool_set confluence_blog_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

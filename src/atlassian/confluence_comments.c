/*
 * Comments of pages: those below, with their answers, and those on a passage of the text.
 */
#include "atlassian/confluence.h"

#define COMMENTS_MAX  1000
#define COMMENTS_PAGE 100
#define DEPTH_MAX     8

SHAPE(comment_shape, { .key = "id", .how = SHAPE_STR }, { .key = "body", .how = SHAPE_STR },
    { .key = "created", .how = SHAPE_STR }, { .key = "updated", .how = SHAPE_STR },
    { .key = "title", .how = SHAPE_STR }, { .key = "author", .how = SHAPE_STR },
    { .key = "parent_comment_id", .how = SHAPE_STR }, { .key = "location", .how = SHAPE_STR },
    { .key = "text_selection", .how = SHAPE_STR }, { .key = "resolution", .how = SHAPE_STR });
SHAPE(comments_shape, { .key = "result", .how = SHAPE_LIST, .of = &comment_shape });
SHAPE(inline_comments_shape, { .key = "success", .how = SHAPE_BOOL },
    { .key = "page_id", .how = SHAPE_STR }, { .key = "count", .how = SHAPE_INT },
    { .key = "comments", .how = SHAPE_LIST, .of = &comment_shape });
SHAPE(comment_told_shape, { .key = "success", .how = SHAPE_BOOL },
    { .key = "message", .how = SHAPE_STR },
    { .key = "comment", .how = SHAPE_OBJECT, .of = &comment_shape });

/* ---- showing --------------------------------------------------------------------------------- */

static const char *
text_at(yyjson_val *source, const char *path)
{
	return yyjson_get_str(json_at(source, path));
}

static const char *
first_of(yyjson_val *source, const char *a, const char *b)
{
	const char *text = text_at(source, a);

	return text != NULL ? text : text_at(source, b);
}

yyjson_mut_val *
comment_show(struct work *work, yyjson_val *source, const char *parent, const char *location)
{
	yyjson_mut_val *out = out_obj(work);
	yyjson_val *body = json_at(source, "body/storage/value"), *ancestors;
	const char *author;

	if (body == NULL)
		body = json_at(source, "body/view/value");
	if (parent == NULL && (ancestors = yyjson_obj_get(source, "ancestors")) != NULL)
		parent = text_at(yyjson_arr_get_last(ancestors), "id");
	out_str(work, out, "id", text_at(source, "id"));
	if (body != NULL)
		out_val(work, out, "body", shape_text(work, body));
	out_str(work, out, "created", first_of(source, "history/createdDate", "version/createdAt"));
	out_str(work, out, "updated", first_of(source, "version/when", "version/createdAt"));
	out_str(work, out, "title", text_at(source, "title"));
	author = text_at(source, "version/by/displayName");
	out_str(work, out, "author",
	    author != NULL ? author : person_name(work, text_at(source, "version/authorId")));
	out_str(work, out, "parent_comment_id", parent);
	out_str(work, out, "location", location);
	out_str(work, out, "text_selection",
	    first_of(source, "properties/inlineOriginalSelection",
		"extensions/inlineProperties/originalSelection"));
	out_str(work, out, "resolution",
	    first_of(source, "resolutionStatus", "extensions/resolution/status"));
	return out;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Comments of Cloud, each followed by its answers. */
static bool
add_cloud_wait(struct work *work, const char *path, const char *kind, const char *parent,
    unsigned depth, yyjson_mut_val *list)
{
	const char *location = strcmp(kind, "footer-comments") == 0 ? "footer" : "inline";
	struct pages pages;
	yyjson_val *items, *one;
	size_t i, max;

	if (path == NULL)
		return false;
	pages_init(&pages, work, PAGE_CURSOR, path, "results", 0, COMMENTS_MAX, COMMENTS_PAGE);
	for (;;) {
		if (!pages_next_wait(&pages, &items))
			return false;
		if (items == NULL)
			return true;
		yyjson_arr_foreach(items, i, max, one)
		{
			const char *id = text_at(one, "id"), *below;

			if (id == NULL || yyjson_mut_arr_size(list) >= COMMENTS_MAX)
				continue;
			yyjson_mut_arr_append(list, comment_show(work, one, parent, location));
			below = work_path(work, "/api/v2/{kind}/{comment}/children", "kind", kind,
			    "comment", id, "body-format", "storage", NULL);
			if (depth < DEPTH_MAX &&
			    !add_cloud_wait(work, below, kind, id, depth + 1, list))
				return false;
		}
	}
}

/* Data Center has both kinds in one list; wanted NULL: both. */
static bool
add_server_wait(struct work *work, const char *page, const char *wanted, yyjson_mut_val *list)
{
	const char *path = work_path(work, "/rest/api/content/{page}/child/comment", "page", page,
	    "expand",
	    "body.storage,version,history,ancestors,extensions.inlineProperties,extensions.resolution",
	    "depth", "all", NULL);
	struct pages pages;
	yyjson_val *items, *one;
	size_t i, max;

	if (path == NULL)
		return false;
	pages_init(&pages, work, PAGE_START, path, "results", 0, COMMENTS_MAX, COMMENTS_PAGE);
	for (;;) {
		if (!pages_next_wait(&pages, &items))
			return false;
		if (items == NULL)
			return true;
		yyjson_arr_foreach(items, i, max, one)
		{
			const char *location = text_at(one, "extensions/location");

			location = location != NULL ? location : "footer";
			if (wanted == NULL || strcmp(location, wanted) == 0)
				yyjson_mut_arr_append(
				    list, comment_show(work, one, NULL, location));
		}
	}
}

static bool
cloud_kind_wait(struct work *work, const char *page, const char *kind, yyjson_mut_val *list)
{
	return add_cloud_wait(work,
	    work_path(work, "/api/v2/pages/{page}/{kind}", "page", page, "kind", kind,
		"body-format", "storage", NULL),
	    kind, NULL, 0, list);
}

static bool
get_comments(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id"));

	if (!page_check_wait(work, page))
		return false;
	work->out = out_arr(work);
	return work->is_cloud ? cloud_kind_wait(work, page, "footer-comments", work->out) &&
		cloud_kind_wait(work, page, "inline-comments", work->out)
			      : add_server_wait(work, page, NULL, work->out);
}

static bool
get_inline_comments(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *list = out_arr(work);

	if (!page_check_wait(work, page) ||
	    !(work->is_cloud ? cloud_kind_wait(work, page, "inline-comments", list)
			     : add_server_wait(work, page, "inline", list)))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "page_id", page);
	out_int(work, work->out, "count", (int64_t)yyjson_mut_arr_size(list));
	out_val(work, work->out, "comments", list);
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool
body_take(struct work *work, yyjson_mut_val *to)
{
	yyjson_mut_val *body = out_obj(work), *outer = out_obj(work);
	struct slice storage;

	if (!content_as_storage(work, "body", "markdown", &storage))
		return false;
	out_slice(work, body, "value", storage);
	out_str(work, body, "representation", "storage");
	out_val(work, outer, "storage", body);
	out_val(work, to, "body", work->is_cloud ? body : outer);
	return true;
}

static yyjson_mut_val *
container(struct work *work, const char *page, const char *type)
{
	yyjson_mut_val *out = out_obj(work);

	out_str(work, out, "id", page);
	out_str(work, out, "type", type != NULL ? type : "page");
	return out;
}

void
comment_told(struct work *work, const char *message, yyjson_val *reply, const char *location)
{
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message", message);
	out_val(work, work->out, "comment", comment_show(work, reply, NULL, location));
}

static bool
add_comment(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *body = out_obj(work);
	yyjson_val *reply;

	if (!page_check_wait(work, page) || !body_take(work, body))
		return false;
	if (work->is_cloud) {
		out_str(work, body, "pageId", page);
	} else {
		out_str(work, body, "type", "comment");
		out_val(work, body, "container", container(work, page, NULL));
	}
	if (!work_send_wait(work, "POST", body, &reply,
		work->is_cloud ? "/api/v2/footer-comments" : "/rest/api/content", NULL))
		return false;
	comment_told(work, "Comment added successfully", reply, "footer");
	return true;
}

static bool
reply_cloud_wait(struct work *work, const char *comment, yyjson_mut_val *body, yyjson_val **reply)
{
	yyjson_val *parent;
	const char *page;

	if (work->site->config->filter_n > 0) {
		if (!work_get_wait(work, &parent, "/api/v2/footer-comments/{comment}", "comment",
			comment, NULL))
			return false;
		page = text_at(parent, "pageId");
		if (!page_check_wait(work, page))
			return page != NULL ? false : space_check(work, NULL);
	}
	out_str(work, body, "parentCommentId", comment);
	return work_send_wait(work, "POST", body, reply, "/api/v2/footer-comments", NULL);
}

static bool
reply_server_wait(struct work *work, const char *comment, yyjson_mut_val *body, yyjson_val **reply)
{
	yyjson_mut_val *ancestors = out_arr(work), *one = out_obj(work);
	yyjson_val *parent;
	const char *page;

	if (!work_get_wait(work, &parent, "/rest/api/content/{comment}", "comment", comment,
		"expand", "container,ancestors", NULL))
		return false;
	page = text_at(parent, "container/id");
	if (page == NULL)
		return work_fail(work, ERR_RESOURCE, "%s is not a comment of a page", comment);
	if (!page_check_wait(work, page))
		return false;
	out_str(work, one, "id", comment);
	yyjson_mut_arr_append(ancestors, one);
	out_str(work, body, "type", "comment");
	out_val(work, body, "container", container(work, page, text_at(parent, "container/type")));
	out_val(work, body, "ancestors", ancestors);
	return work_send_wait(work, "POST", body, reply, "/rest/api/content", NULL);
}

static bool
reply_to_comment(struct work *work)
{
	const char *comment = arg_str(work, "comment_id");
	yyjson_mut_val *body = out_obj(work);
	yyjson_val *reply;

	if (!body_take(work, body) ||
	    !(work->is_cloud ? reply_cloud_wait(work, comment, body, &reply)
			     : reply_server_wait(work, comment, body, &reply)))
		return false;
	comment_told(work, "Reply added successfully", reply, "footer");
	yyjson_mut_obj_remove_key(yyjson_mut_obj_get(work->out, "comment"), "parent_comment_id");
	out_str(work, yyjson_mut_obj_get(work->out, "comment"), "parent_comment_id", comment);
	return true;
}

/* The marker and its passage, as Data Center wants them. */
static yyjson_mut_val *
inline_extensions(struct work *work)
{
	yyjson_mut_val *out = out_obj(work), *properties = out_obj(work);

	out_str(work, properties, "originalSelection", arg_str(work, "text_selection"));
	out_int(work, properties, "numMatches", arg_int(work, "text_selection_match_count"));
	out_int(work, properties, "matchIndex", arg_int(work, "text_selection_match_index"));
	out_str(work, out, "location", "inline");
	out_val(work, out, "inlineProperties", properties);
	return out;
}

static bool
add_inline_comment(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *body = out_obj(work), *at = out_obj(work);
	yyjson_val *reply;

	if (!page_check_wait(work, page) || !body_take(work, body))
		return false;
	if (work->is_cloud) {
		out_str(work, body, "pageId", page);
		out_str(work, at, "textSelection", arg_str(work, "text_selection"));
		out_int(work, at, "textSelectionMatchCount",
		    arg_int(work, "text_selection_match_count"));
		out_int(work, at, "textSelectionMatchIndex",
		    arg_int(work, "text_selection_match_index"));
		out_val(work, body, "inlineCommentProperties", at);
	} else {
		out_str(work, body, "type", "comment");
		out_val(work, body, "container", container(work, page, NULL));
		out_val(work, body, "extensions", inline_extensions(work));
	}
	if (!work_send_wait(work, "POST", body, &reply,
		work->is_cloud ? "/api/v2/inline-comments" : "/rest/api/content", NULL))
		return false;
	comment_told(work, "Inline comment added successfully", reply, "inline");
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define BODY \
	{ \
		.name = "body", .type = ARG_TEXT, .flags = REQUIRED, \
		.help = "The comment, in Markdown" \
	}

static const struct tool rows[] = {
	{ .name = "get_comments",
	    .title = "Get Comments",
	    .help = "The comments of a page, below it and on passages, with their answers.",
	    .toolset = "confluence_comments",
	    .flags = READS,
	    .shape = &comments_shape,
	    .run = get_comments,
	    ARGS(PAGE_ID) },
	{ .name = "add_comment",
	    .title = "Add Comment",
	    .help = "Adds a comment below a page.",
	    .toolset = "confluence_comments",
	    .flags = WRITES,
	    .shape = &comment_told_shape,
	    .run = add_comment,
	    ARGS(PAGE_ID, BODY) },
	{ .name = "reply_to_comment",
	    .title = "Reply To Comment",
	    .help = "Answers a comment below a page.",
	    .toolset = "confluence_comments",
	    .flags = WRITES,
	    .shape = &comment_told_shape,
	    .run = reply_to_comment,
	    ARGS({ .name = "comment_id",
		     .type = ARG_ID,
		     .flags = REQUIRED,
		     .help = "Id of the comment" },
		BODY) },
	{ .name = "get_inline_comments",
	    .title = "Get Inline Comments",
	    .help =
		"The comments on passages of a page, with the passage and whether it is resolved.",
	    .toolset = "confluence_comments",
	    .flags = READS,
	    .shape = &inline_comments_shape,
	    .run = get_inline_comments,
	    ARGS(PAGE_ID) },
	{ .name = "add_inline_comment",
	    .title = "Add Inline Comment",
	    .help = "Comments on a passage of a page.",
	    .toolset = "confluence_comments",
	    .flags = WRITES | DESTROYS,
	    .shape = &comment_told_shape,
	    .run = add_inline_comment,
	    ARGS(PAGE_ID, BODY,
		{ .name = "text_selection",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .help = "The passage, as it stands on the page" },
		{ .name = "text_selection_match_count",
		    .type = ARG_INT,
		    .fallback = "1",
		    .min = 1,
		    .help = "How often it stands there" },
		{ .name = "text_selection_match_index",
		    .type = ARG_INT,
		    .fallback = "0",
		    .help = "Which of them, from 0" }) },
};
const struct tool_set confluence_comment_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

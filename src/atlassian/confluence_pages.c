/*
 * Reading Confluence: a page, its children, the tree of a space, what it was, what has changed.
 */
#include "atlassian/confluence.h"

#define CHILDREN_PAGE 50
#define TREE_PAGE     100
#define TREE_MAX      1000
#define START_MAX     10000

static enum shown_body
asked_body(const struct work *work)
{
	return arg_bool(work, "convert_to_markdown") ? SHOW_MARKDOWN : SHOW_STORAGE;
}

/* ---- one page -------------------------------------------------------------------------------- */

static bool
add_attachments_wait(struct work *work, const char *page)
{
	yyjson_mut_val *list = out_arr(work);

	if (!attachments_wait(work, page, list))
		return false;
	if (yyjson_mut_arr_size(list) > 0)
		out_val(work, yyjson_mut_obj_get(work->out, "metadata"), "attachments", list);
	return true;
}

static bool
get_page(struct work *work)
{
	const char *id = arg_str(work, "page_id"), *title = arg_str(work, "title"),
		   *space = arg_str(work, "space_key");
	struct page page;
	bool found = true;

	if (id != NULL) {
		if ((id = page_id_of(work, id)) == NULL ||
		    !page_get_wait(work, id, 0, WITH_BODY, &page))
			return false;
	} else if (title != NULL && space != NULL) {
		if (!page_find_wait(work, space, title, WITH_BODY, &page, &found))
			return false;
	} else {
		return work_fail(work, ERR_PARAMS, "page_id is required, or title and space_key");
	}
	if (!found)
		return work_fail(work, ERR_RESOURCE, "%.*s: space %s has no page \"%.100s\"",
		    SLICE_FMT(work->site->provider.name), space, title);
	if (arg_bool(work, "include_metadata")) {
		work->out = page_show(work, &page, asked_body(work));
		if (work->is_cloud && !add_attachments_wait(work, page.id))
			return false;
	} else {
		yyjson_mut_val *shown = page_show(work, &page, asked_body(work));

		work->out = out_obj(work);
		out_val(work, work->out, "content",
		    yyjson_mut_obj_remove_key(yyjson_mut_obj_get(shown, "metadata"), "content"));
	}
	work->summary = slice_of(page.title);
	return true;
}

/* ---- children -------------------------------------------------------------------------------- */

SHAPE(children_shape, { .key = "parent_id", .how = SHAPE_STR },
    { .key = "count", .how = SHAPE_INT }, { .key = "limit_requested", .how = SHAPE_INT },
    { .key = "start_requested", .how = SHAPE_INT }, { .key = "next_start", .how = SHAPE_INT },
    { .key = "results", .how = SHAPE_LIST, .of = &page_plain_shape });

struct children {
	struct work *work;
	yyjson_mut_val *results;
	int64_t skip, left;
	bool wants_folders, wants_body, has_more;
};

static bool
add_child_wait(struct children *children, yyjson_val *source)
{
	struct work *work = children->work;
	const char *type = yyjson_get_str(yyjson_obj_get(source, "type"));
	struct page page;

	if (type != NULL && strcmp(type, "page") != 0 &&
	    !(strcmp(type, "folder") == 0 && children->wants_folders))
		return true;
	if (children->skip > 0) {
		children->skip--;
		return true;
	}
	if (children->left == 0) {
		children->has_more = true;
		return true;
	}
	if (!page_take_wait(work, source, &page))
		return false;
	/* The list of Cloud has no bodies. */
	if (children->wants_body && page.body.p == NULL && strcmp(page.type, "page") == 0 &&
	    !page_get_wait(work, page.id, 0, WITH_BODY, &page))
		return false;
	children->left--;
	yyjson_mut_arr_append(children->results,
	    page_show_plain(work, &page, children->wants_body ? asked_body(work) : SHOW_NONE));
	return true;
}

static bool
add_children_wait(struct children *children, const char *path, enum page_kind kind)
{
	struct pages pages;
	yyjson_val *items, *one;
	size_t i, max;

	if (path == NULL)
		return false;
	pages_init(&pages, children->work, kind, path, "results", 0,
	    children->skip + children->left + 1, CHILDREN_PAGE);
	for (;;) {
		if (!pages_next_wait(&pages, &items))
			return false;
		if (items == NULL)
			return true;
		yyjson_arr_foreach(items, i, max, one)
		{
			if (!add_child_wait(children, one))
				return false;
		}
	}
}

static bool
children_wait(struct children *children, const char *parent)
{
	struct work *work = children->work;
	const char *expand = arg_str(work, "expand"), *path;

	if (work->is_cloud)
		return add_children_wait(children,
		    work_path(work, "/api/v2/pages/{page}/direct-children", "page", parent, NULL),
		    PAGE_CURSOR);
	if (children->wants_body)
		expand = work_printf(work, "%s%sbody.storage,space", expand != NULL ? expand : "",
		    expand != NULL && *expand != '\0' ? "," : "");
	path = work_path(
	    work, "/rest/api/content/{page}/child/page", "page", parent, "expand", expand, NULL);
	if (!add_children_wait(children, path, PAGE_START))
		return false;
	if (!children->wants_folders)
		return true;
	/* Old servers do not know folders. */
	path = work_path(
	    work, "/rest/api/content/{page}/child/folder", "page", parent, "expand", expand, NULL);
	if (!add_children_wait(children, path, PAGE_START)) {
		if (work_status(work) != 404 && work_status(work) != 400 &&
		    work_status(work) != 501)
			return false;
		*work->err = (struct err){ 0 };
		work->said = SLICE_NONE;
	}
	return true;
}

static bool
get_page_children(struct work *work)
{
	const char *parent = page_id_of(work, arg_str(work, "parent_id"));
	int64_t start = arg_int(work, "start");
	struct children children = { .work = work,
		.results = out_arr(work),
		.skip = start,
		.left = arg_int(work, "limit"),
		.wants_folders = arg_bool(work, "include_folders"),
		.wants_body = arg_bool(work, "include_content") };
	struct page page;

	/* The parent's space decides; its children are in the same. */
	if (parent == NULL ||
	    (work->site->config->filter_n > 0 &&
		!page_get_wait(work, parent, 0, WITHOUT_BODY, &page)))
		return false;
	if (!children_wait(&children, parent))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "parent_id", parent);
	out_int(work, work->out, "count", (int64_t)yyjson_mut_arr_size(children.results));
	out_int(work, work->out, "limit_requested", arg_int(work, "limit"));
	out_int(work, work->out, "start_requested", start);
	if (children.has_more)
		out_int(work, work->out, "next_start",
		    start + (int64_t)yyjson_mut_arr_size(children.results));
	out_val(work, work->out, "results", children.results);
	return true;
}

/* ---- the tree of a space --------------------------------------------------------------------- */

SHAPE(tree_page_shape, { .key = "id", .how = SHAPE_STR }, { .key = "title", .how = SHAPE_STR },
    { .key = "parent_id", .how = SHAPE_STR }, { .key = "depth", .how = SHAPE_INT },
    { .key = "position", .how = SHAPE_INT });
SHAPE(tree_shape, { .key = "space_key", .how = SHAPE_STR },
    { .key = "total_pages", .how = SHAPE_INT }, { .key = "has_more", .how = SHAPE_BOOL },
    { .key = "next_start", .how = SHAPE_INT }, { .key = "hint", .how = SHAPE_STR },
    { .key = "pages", .how = SHAPE_LIST, .of = &tree_page_shape });

struct twig {
	struct page page;
	int64_t position;
};

/* How many of its ancestors are in the list; a cycle in bad data ends at the number of pages. */
static int64_t
depth_of(const struct twig *twigs, size_t n, const struct twig *twig)
{
	int64_t depth = 0;
	const char *parent = twig->page.parent_id;

	if (twig->page.ancestors != NULL)
		return (int64_t)yyjson_arr_size(twig->page.ancestors);
	while (parent != NULL && depth < (int64_t)n) {
		size_t k = 0;

		while (k < n && strcmp(twigs[k].page.id, parent) != 0)
			k++;
		if (k == n)
			break;
		parent = twigs[k].page.parent_id;
		depth++;
	}
	return depth;
}

/* Cloud; Data Center, which says "none" where nobody has moved it. */
static int64_t
position_of(yyjson_val *source)
{
	yyjson_val *position = yyjson_obj_get(source, "position");

	return yyjson_get_sint(
	    position != NULL ? position : json_at(source, "extensions/position"));
}

static bool
take_twigs_wait(struct work *work, struct pages *pages, struct twig *twigs, size_t *n, size_t most)
{
	yyjson_val *items, *one;
	size_t i, max;

	for (;;) {
		if (!pages_next_wait(pages, &items))
			return false;
		if (items == NULL)
			return true;
		yyjson_arr_foreach(items, i, max, one)
		{
			if (*n == most)
				return true;
			if (!page_take_wait(work, one, &twigs[*n].page))
				return false;
			twigs[*n].position = position_of(one);
			(*n)++;
		}
	}
}

static void
show_tree(struct work *work, const char *key, const struct twig *twigs, size_t n, bool has_more)
{
	yyjson_mut_val *list = out_arr(work);

	for (size_t i = 0; i < n; i++) {
		yyjson_mut_val *one = out_obj(work);

		out_str(work, one, "id", twigs[i].page.id);
		out_str(work, one, "title", twigs[i].page.title);
		out_str(work, one, "parent_id", twigs[i].page.parent_id);
		out_int(work, one, "depth", depth_of(twigs, n, &twigs[i]));
		/* Data Center does not tell it. */
		if (work->is_cloud)
			out_int(work, one, "position", twigs[i].position);
		yyjson_mut_arr_append(list, one);
	}
	work->out = out_obj(work);
	out_str(work, work->out, "space_key", key);
	out_int(work, work->out, "total_pages", (int64_t)n);
	out_bool(work, work->out, "has_more", has_more);
	if (has_more) {
		out_int(work, work->out, "next_start", (int64_t)n);
		out_str(work, work->out, "hint",
		    work_printf(work, "Only the first %zu pages: a higher limit shows more", n));
	}
	out_val(work, work->out, "pages", list);
}

static bool
get_space_page_tree(struct work *work)
{
	const char *key = arg_str(work, "space_key"), *space, *path;
	size_t most = (size_t)arg_int(work, "limit"), n = 0;
	struct pages pages;
	struct twig *twigs;

	if (!space_check(work, key) || most > TREE_MAX)
		return false;
	if (work->is_cloud) {
		if ((space = space_id_wait(work, key)) == NULL)
			return false;
		path = work_path(work, "/api/v2/spaces/{space}/pages", "space", space, NULL);
	} else {
		path = work_path(work, "/rest/api/content", "spaceKey", key, "type", "page",
		    "expand", "ancestors", NULL);
	}
	if (path == NULL || !arena_reserve(work->arena, (most + 1) * sizeof(*twigs), work->err))
		return false;
	twigs = ARENA_ARRAY(work->arena, struct twig, most + 1);
	pages_init(&pages, work, work->is_cloud ? PAGE_CURSOR : PAGE_START, path, "results", 0,
	    (int64_t)most, TREE_PAGE);
	if (!take_twigs_wait(work, &pages, twigs, &n, most))
		return false;
	show_tree(work, key, twigs, n, pages.next_token != NULL);
	return true;
}

/* ---- what it was ----------------------------------------------------------------------------- */

static bool
get_page_history(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	struct page page;

	if (id == NULL || !page_get_wait(work, id, arg_int(work, "version"), WITH_BODY, &page))
		return false;
	work->out = page_show_plain(work, &page, asked_body(work));
	return true;
}

SHAPE(diff_shape, { .key = "page_id", .how = SHAPE_STR }, { .key = "title", .how = SHAPE_STR },
    { .key = "from_version", .how = SHAPE_INT }, { .key = "to_version", .how = SHAPE_INT },
    { .key = "diff", .how = SHAPE_STR }, { .key = "format", .how = SHAPE_STR });

static bool
get_page_diff(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	int64_t from = arg_int(work, "from_version"), to = arg_int(work, "to_version");
	struct page before, after;
	struct slice made;
	bool is_markdown;

	if (id == NULL || !page_get_wait(work, id, from, WITH_BODY, &before) ||
	    !page_get_wait(work, id, to, WITH_BODY, &after))
		return false;
	/* As they were asked for, whatever a reply says. */
	before.version = from;
	after.version = to;
	if (!page_diff(work, &before, &after, &is_markdown, &made))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "page_id", id);
	out_str(work, work->out, "title", after.title);
	out_int(work, work->out, "from_version", from);
	out_int(work, work->out, "to_version", to);
	out_slice(work, work->out, "diff", made);
	if (!is_markdown)
		out_str(work, work->out, "format", "storage");
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define AS_MARKDOWN \
	{ \
		.name = "convert_to_markdown", .type = ARG_BOOL, .fallback = "true", \
		.help = "true: the body as Markdown; false: storage format, byte for byte" \
	}

static const struct tool rows[] = {
	{ .name = "get_page",
	    .title = "Get Page",
	    .help =
		"A page by its id (or URL), or by title and space: body, and what is known of it.",
	    .toolset = "confluence_pages",
	    .flags = READS,
	    .shape = &page_shape,
	    .run = get_page,
	    ARGS({ .name = "page_id",
		     .type = ARG_PAGE,
		     .help =
			 "Id of the page; its URL or tiny link will do. Else title and space_key" },
		{ .name = "title", .type = ARG_STR, .help = "Exact title, with space_key" },
		{ .name = "space_key", .type = ARG_SPACE, .help = "Key of the space, with title" },
		{ .name = "include_metadata",
		    .type = ARG_BOOL,
		    .fallback = "true",
		    .help = "Dates, version, labels, space beside the body" },
		AS_MARKDOWN) },
	{ .name = "get_page_children",
	    .title = "Get Page Children",
	    .help = "The pages (and folders) directly below a page.",
	    .toolset = "confluence_pages",
	    .flags = READS,
	    .shape = &children_shape,
	    .run = get_page_children,
	    ARGS({ .name = "parent_id",
		     .type = ARG_PAGE,
		     .flags = REQUIRED,
		     .help = "Id of the page above; its URL will do" },
		{ .name = "expand",
		    .type = ARG_STR,
		    .fallback = "\"version\"",
		    .help = "Comma list of REST expansions (Data Center)" },
		{ .name = "limit",
		    .type = ARG_INT,
		    .fallback = "25",
		    .min = 1,
		    .max = 50,
		    .help = "At most so many" },
		{ .name = "include_content",
		    .type = ARG_BOOL,
		    .fallback = "false",
		    .help = "The bodies too" },
		AS_MARKDOWN,
		{ .name = "start",
		    .type = ARG_INT,
		    .fallback = "0",
		    .max = START_MAX,
		    .help = "Leave out so many" },
		{ .name = "include_folders",
		    .type = ARG_BOOL,
		    .fallback = "true",
		    .help = "Folders too" }) },
	{ .name = "get_space_page_tree",
	    .title = "Get Space Page Tree",
	    .help = "All pages of a space with their place in the tree: parent, depth, position.",
	    .toolset = "confluence_pages",
	    .flags = READS,
	    .shape = &tree_shape,
	    .run = get_space_page_tree,
	    ARGS({ .name = "space_key",
		     .type = ARG_SPACE,
		     .flags = REQUIRED,
		     .help = "Key of the space" },
		{ .name = "limit",
		    .type = ARG_INT,
		    .fallback = "100",
		    .min = 1,
		    .max = TREE_MAX,
		    .help = "At most so many pages" }) },
	{ .name = "get_page_history",
	    .title = "Get Page History",
	    .help = "A page as it was at a version.",
	    .toolset = "confluence_pages",
	    .flags = READS,
	    .shape = &page_plain_shape,
	    .run = get_page_history,
	    ARGS(PAGE_ID,
		{ .name = "version",
		    .type = ARG_INT,
		    .flags = REQUIRED,
		    .min = 1,
		    .help = "Number of the version" },
		AS_MARKDOWN) },
	{ .name = "get_page_diff",
	    .title = "Get Page Diff",
	    .help =
		"What changed between two versions of a page: a unified diff of their Markdown (of their "
		"storage format where that cannot be read).",
	    .toolset = "confluence_pages",
	    .flags = READS,
	    .shape = &diff_shape,
	    .run = get_page_diff,
	    ARGS(PAGE_ID,
		{ .name = "from_version",
		    .type = ARG_INT,
		    .flags = REQUIRED,
		    .min = 1,
		    .help = "The older version" },
		{ .name = "to_version",
		    .type = ARG_INT,
		    .flags = REQUIRED,
		    .min = 1,
		    .help = "The newer version" }) },
};
const struct tool_set confluence_page_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

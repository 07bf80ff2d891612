/*
 * Labels of pages, blog posts and attachments.
 */
#include "atlassian/confluence.h"

#define LABELS_MAX 1000

LOCAL_SHAPE(label_shape, { "id", SHAPE_STR }, { "name", SHAPE_STR }, { "prefix", SHAPE_STR },
    { "label", SHAPE_STR, "name" });
LOCAL_SHAPE(labels_shape, { "result", SHAPE_LIST, .of = &label_shape });

static bool
list_wait(struct work *work, const char *id)
{
	const struct content_list list = { .cloud = "/api/v2/{kind}/{id}/labels",
		.server = "/rest/api/content/{id}/label",
		.most = LABELS_MAX };
	yyjson_val **labels;
	bool has_more;
	size_t n;

	if (!content_list_wait(work, id, &list, &labels, &n, &has_more))
		return false;
	work->out = out_arr(work);
	for (size_t i = 0; i < n; i++)
		yyjson_mut_arr_append(work->out, shape_make(work, &label_shape, labels[i]));
	work->summary = slice_of(work_printf(work, "%zu labels of %s", n, id));
	return true;
}

static bool
get_labels(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));

	return content_check_wait(work, id) && list_wait(work, id);
}

static bool
add_label(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *label = out_obj(work), *body = label;
	struct slice name = slice_trim(arg_slice(work, "name"));

	if (name.n == 0)
		return work_fail(work, ERR_PARAMS, "name must hold a label");
	if (!content_check_wait(work, id))
		return false;
	out_str(work, label, "prefix", "global");
	out_slice(work, label, "name", name);
	if (work->is_cloud) {
		body = out_arr(work);
		yyjson_mut_arr_append(body, label);
	}
	if (!work_send_wait(
		work, "POST", body, NULL, "/rest/api/content/{id}/label", "id", id, NULL))
		return false;
	return list_wait(work, id) || page_said_done(work, "The label was added");
}

/* clang-format off */
#define CONTENT_ARG \
	{ "page_id", ARG_PAGE, REQUIRED, "Id or URL of a page, or id of a blog post or attachment" }
/* clang-format on */

static const struct tool rows[] = {
	{ .name = "get_labels",
	    .title = "Get Labels",
	    .help = "The labels of a page, blog post or attachment.",
	    .toolset = "confluence_labels",
	    .flags = READS,
	    .shape = &labels_shape,
	    .run = get_labels,
	    ARGS(CONTENT_ARG) },
	{ .name = "add_label",
	    .title = "Add Label",
	    .help = "Adds a label; returns all of them.",
	    .toolset = "confluence_labels",
	    .flags = WRITES,
	    .shape = &labels_shape,
	    .run = add_label,
	    ARGS(CONTENT_ARG,
		{ "name", ARG_STR, REQUIRED, "The label, without blanks", .max = 255 }) },
};
const struct tool_set confluence_label_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

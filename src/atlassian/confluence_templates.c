/*
 * Templates of pages, which only Cloud tells of.  One that belongs to no space may be used where
 * spaces are not bounded.
 */
#include "atlassian/confluence.h"

#define TEMPLATES_PAGE 100

/* Old answers have {"value": text} in place of the text. */
static yyjson_mut_val *
description(struct work *work, yyjson_val *source)
{
	struct slice text =
	    json_slice(yyjson_is_obj(source) ? yyjson_obj_get(source, "value") : source);

	return text.n > 0 ? yyjson_mut_strncpy(work->doc, text.p, text.n) : NULL;
}

#define TEMPLATE_FIELDS \
	{ "templateId", SHAPE_STR }, { "name", SHAPE_STR }, { "templateType", SHAPE_STR }, \
	{ \
		"description", SHAPE_FN, .fn = description \
	}
LOCAL_SHAPE(brief_shape, TEMPLATE_FIELDS);
LOCAL_SHAPE(template_shape, TEMPLATE_FIELDS, { "body", SHAPE_STR, "body/storage/value" });
LOCAL_SHAPE(
    templates_shape, { "templates", SHAPE_LIST, .of = &brief_shape }, { "total", SHAPE_INT });
LOCAL_SHAPE(templated_shape, { "id", SHAPE_STR }, { "title", SHAPE_STR }, { "url", SHAPE_STR },
    { "space_key", SHAPE_STR });

static bool
list_page_templates(struct work *work)
{
	const char *key = arg_str(work, "space_key");
	yyjson_mut_val *list = out_arr(work);
	struct pages pages;

	if (key == NULL && work->site->config->filter_n > 0)
		return work_fail(
		    work, ERR_PARAMS, "space_key is required: only some spaces may be seen here");
	if (key != NULL && !space_check(work, key))
		return false;
	pages_init(&pages, work, PAGE_START,
	    work_path(work, "/rest/api/template/page", "spaceKey", key, NULL), "results", 0,
	    arg_int(work, "limit"), TEMPLATES_PAGE);
	if (!pages_show_wait(&pages, &brief_shape, list))
		return false;
	work->out = out_obj(work);
	out_val(work, work->out, "templates", list);
	out_int(work, work->out, "total", (int64_t)yyjson_mut_arr_size(list));
	work->summary = slice_of(work_printf(work, "%zu templates", yyjson_mut_arr_size(list)));
	return true;
}

/* One that may be used here, with its body. */
static bool
template_wait(struct work *work, yyjson_val **out)
{
	return work_get_wait(
		   work, out, "/rest/api/template/{template_id}", "expand", "body", NULL) &&
	    (work->site->config->filter_n == 0 ||
		space_check(work, yyjson_get_str(json_at(*out, "space/key"))));
}

static bool
get_page_template(struct work *work)
{
	yyjson_val *found;

	if (!template_wait(work, &found))
		return false;
	work->out = shape_make(work, &template_shape, found);
	work->summary = json_slice(yyjson_obj_get(found, "name"));
	return true;
}

static bool
create_page_from_template(struct work *work)
{
	const char *key = arg_str(work, "space_key"), *parent = arg_str(work, "parent_id");
	yyjson_val *found, *reply;
	struct slice storage;
	struct page page;

	if (!space_check(work, key) || !page_target_wait(work, &parent) ||
	    !template_wait(work, &found))
		return false;
	storage = json_slice(json_at(found, "body/storage/value"));
	if (storage.p == NULL)
		return work_fail(work, ERR_RESOURCE, "template %s has no body in storage format",
		    arg_str(work, "template_id"));
	if (!page_post_wait(work, key, parent, arg_str(work, "title"), NULL, storage, &reply) ||
	    !page_written_wait(work, reply, key, &page))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "id", page.id);
	out_str(work, work->out, "title", page.title);
	out_str(work, work->out, "url", web_address(work, &page));
	out_str(work, work->out, "space_key", key);
	work->summary = slice_of(work_printf(work, "Page %s was created", page.id));
	return true;
}

/* clang-format off */
#define TEMPLATE_ARG \
	{ "template_id", ARG_STR, REQUIRED, "Id of the template", .max = 255 }

static const struct tool rows[] = {
	{ .name = "list_page_templates",
	    .title = "List Page Templates",
	    .help = "The templates of a space, or those for all spaces.",
	    .toolset = "confluence_templates",
	    .flags = READS | CLOUD_ONLY,
	    .shape = &templates_shape,
	    .run = list_page_templates,
	    ARGS({ "space_key", ARG_SPACE, 0, "Key of the space" },
		{ "limit", ARG_INT, 0, "Most results", "25", 1, 200 }) },
	{ .name = "get_page_template",
	    .title = "Get Page Template",
	    .help = "A template with its body, in storage format.",
	    .toolset = "confluence_templates",
	    .flags = READS | CLOUD_ONLY,
	    .shape = &template_shape,
	    .run = get_page_template,
	    ARGS(TEMPLATE_ARG) },
	{ .name = "create_page_from_template",
	    .title = "Create Page From Template",
	    .help = "Creates a page with the body of a template.",
	    .toolset = "confluence_templates",
	    .flags = WRITES | CLOUD_ONLY,
	    .shape = &templated_shape,
	    .run = create_page_from_template,
	    ARGS({ "space_key", ARG_SPACE, REQUIRED, "Key of the space" },
		{ "title", ARG_STR, REQUIRED, "Title of the page" },
		TEMPLATE_ARG,
		{ "parent_id", ARG_PAGE, 0, "Id or URL of the page above" }) },
};
/* clang-format on */
const struct tool_set confluence_template_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

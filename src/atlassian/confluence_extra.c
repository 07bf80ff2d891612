/*
 * Tools of Confluence that its Python servers do not have: spaces, removing labels, the archive,
 * the trash, and old versions of pages.
 */
#include "atlassian/confluence.h"

#define SPACES_MAX  250
#define SPACES_PAGE 100
#define SPACES_SEEN 2000 /* of which some may not be shown */

/* ---- spaces ---------------------------------------------------------------------------------- */

SHAPE(space_row_shape, { .key = "id", .how = SHAPE_STR }, { .key = "key", .how = SHAPE_STR },
    { .key = "name", .how = SHAPE_STR }, { .key = "type", .how = SHAPE_STR },
    { .key = "status", .how = SHAPE_STR },
    { .key = "description", .how = SHAPE_STR, .from = "description/plain/value" },
    { .key = "homepage_id", .how = SHAPE_STR, .from = "homepageId" },
    { .key = "url", .how = SHAPE_STR });
SHAPE(space_rows_shape, { .key = "spaces", .how = SHAPE_LIST, .of = &space_row_shape },
    { .key = "count", .how = SHAPE_INT });

static yyjson_mut_val *
space_show(struct work *work, yyjson_val *source)
{
	const struct page at = { .web = yyjson_get_str(json_at(source, "_links/webui")) };
	yyjson_mut_val *out = shape_make(work, &space_row_shape, source);

	out_str(work, out, "homepage_id", yyjson_get_str(json_at(source, "homepage/id")));
	out_str(work, out, "url", web_address(work, &at));
	return out;
}

static const char *
spaces_path(struct work *work)
{
	const char *type = arg_str(work, "type"), *status = arg_str(work, "status");

	return work->is_cloud ? work_path(work, "/api/v2/spaces", "type", type, "status", status,
				    "description-format", "plain", NULL)
			      : work_path(work, "/rest/api/space", "type", type, "status", status,
				    "expand", "description.plain,homepage", NULL);
}

static bool
get_spaces(struct work *work)
{
	int64_t limit = arg_int(work, "limit");
	const char *path = spaces_path(work);
	yyjson_mut_val *list = out_arr(work);
	yyjson_val *items = NULL, *one;
	struct pages pages;
	size_t i, max;

	if (path == NULL)
		return false;
	pages_init(&pages, work, work->is_cloud ? PAGE_CURSOR : PAGE_START, path, "results", 0,
	    work->site->config->filter_n == 0 ? limit : SPACES_SEEN,
	    limit < SPACES_PAGE && work->site->config->filter_n == 0 ? limit : SPACES_PAGE);
	do {
		if (!pages_next_wait(&pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, one)
		{
			if ((int64_t)yyjson_mut_arr_size(list) < limit &&
			    space_is_visible(work, yyjson_get_str(yyjson_obj_get(one, "key"))))
				yyjson_mut_arr_append(list, space_show(work, one));
		}
	} while (items != NULL && (int64_t)yyjson_mut_arr_size(list) < limit);
	work->out = out_obj(work);
	out_val(work, work->out, "spaces", list);
	out_int(work, work->out, "count", (int64_t)yyjson_mut_arr_size(list));
	work->summary = slice_of(work_printf(work, "%zu spaces", yyjson_mut_arr_size(list)));
	return true;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void
done(struct work *work, const char *message)
{
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message", message);
}

/* In the query: a label may hold a slash. */
static bool
remove_label(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id")),
		   *name = arg_str(work, "name");

	if (!page_check_wait(work, page) ||
	    !work_send_wait(work, "DELETE", NULL, NULL, "/rest/api/content/{page}/label", "page",
		page, "name", name, NULL))
		return false;
	done(work, work_printf(work, "Label %s removed from page %s", name, page));
	return true;
}

/* ---- the archive and the trash --------------------------------------------------------------- */

SHAPE(archived_shape, { .key = "success", .how = SHAPE_BOOL },
    { .key = "message", .how = SHAPE_STR }, { .key = "task_id", .how = SHAPE_STR });

static bool
archive_page(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *body = out_obj(work), *list = out_arr(work), *one = out_obj(work);
	yyjson_val *reply;
	uint64_t id;

	if (!page_check_wait(work, page))
		return false;
	if (!slice_to_u64(slice_of(page), INT64_MAX, &id))
		return work_fail(work, ERR_PARAMS, "page_id: %s is no number", page);
	out_int(work, one, "id", (int64_t)id);
	yyjson_mut_arr_append(list, one);
	out_val(work, body, "pages", list);
	if (!work_send_wait(work, "POST", body, &reply, "/rest/api/content/archive", NULL))
		return false;
	done(work, work_printf(work, "Page %s goes to the archive", page));
	out_slice(work, work->out, "task_id", json_slice(yyjson_obj_get(reply, "id")));
	return true;
}

/* Whatever its status; in a space that may be seen. */
static bool
any_status_wait(struct work *work, const char *id, struct page *out)
{
	yyjson_val *reply;
	bool ok = work->is_cloud ? work_get_wait(work, &reply, "/api/v2/pages/{page}", "page", id,
				       "body-format", "storage", "status", "trashed", NULL)
				 : work_get_wait(work, &reply, "/rest/api/content/{page}", "page",
				       id, "status", "trashed", "expand", "version,space", NULL);

	return ok && page_take_wait(work, reply, out) && space_check(work, out->space_key);
}

/* Only the version and the status change: a body is what Cloud's operation asks for. */
static bool
restore_page(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *body = out_obj(work), *version = out_obj(work);
	struct page before, after;
	bool ok;

	if (id == NULL || !any_status_wait(work, id, &before))
		return false;
	if (before.status == NULL || strcmp(before.status, "trashed") != 0)
		return work_fail(work, ERR_REQUEST, "%.*s: page %s is not in the trash",
		    SLICE_FMT(work->site->provider.name), id);
	out_int(work, version, "number", before.version + 1);
	out_str(work, body, "id", before.id);
	out_str(work, body, "title", before.title);
	out_str(work, body, "status", "current");
	out_val(work, body, "version", version);
	if (work->is_cloud) {
		if (!page_has_body(work, &before))
			return false;
		out_val(work, body, "body", storage_body(work, before.body));
		ok = work_send_wait(
		    work, "PUT", body, NULL, "/api/v2/pages/{page}", "page", id, NULL);
	} else {
		out_str(work, body, "type", "page");
		ok = work_send_wait(work, "PUT", body, NULL, "/rest/api/content/{page}", "page", id,
		    "status", "trashed", NULL);
	}
	if (!ok || !page_get_wait(work, id, 0, WITHOUT_BODY, &after))
		return false;
	page_told(work, "Page restored from the trash", &after, SHOW_NONE);
	return true;
}

/* ---- old versions ---------------------------------------------------------------------------- */

/* Cloud has an operation for it; what it answers is the version alone. */
static bool
restore_cloud_wait(struct work *work, const char *id, int64_t version, const char *message)
{
	yyjson_mut_val *body = out_obj(work), *params = out_obj(work);

	out_int(work, params, "versionNumber", version);
	out_str(work, params, "message", message);
	out_bool(work, params, "restoreTitle", true);
	out_str(work, body, "operationKey", "restore");
	out_val(work, body, "params", params);
	return work_send_wait(
	    work, "POST", body, NULL, "/rest/api/content/{page}/version", "page", id, NULL);
}

static bool
restore_page_version(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id")),
		   *message = arg_str(work, "version_comment");
	int64_t version = arg_int(work, "version");
	struct page now, old, after;

	if (id == NULL || !page_get_wait(work, id, 0, WITHOUT_BODY, &now) ||
	    !page_expect_wait(work, &now))
		return false;
	if (version >= now.version)
		return work_fail(work, ERR_PARAMS, "version: page %s is at version %lld", id,
		    (long long)now.version);
	if (message == NULL)
		message = work_printf(work, "Version %lld restored", (long long)version);
	if (work->is_cloud) {
		if (!restore_cloud_wait(work, id, version, message) ||
		    !page_get_wait(work, id, 0, WITHOUT_BODY, &after))
			return false;
	} else {
		if (!page_get_wait(work, id, version, WITH_BODY, &old) ||
		    !page_has_body(work, &old) ||
		    !page_put_wait(work, &now,
			&(struct page_update){
			    .title = old.title, .comment = message, .storage = old.body },
			&after))
			return false;
	}
	page_told(work, work_printf(work, "Version %lld restored", (long long)version), &after,
	    SHOW_NONE);
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct tool rows[] = {
	{ .name = "get_spaces",
	    .title = "Get Spaces",
	    .help = "The spaces that you may see.",
	    .toolset = "confluence_extra",
	    .flags = READS,
	    .shape = &space_rows_shape,
	    .run = get_spaces,
	    ARGS({ .name = "type",
		     .type = ARG_STR,
		     .one_of = "global|personal",
		     .help = "Only these; all when absent" },
		{ .name = "status",
		    .type = ARG_STR,
		    .one_of = "current|archived",
		    .help = "Only these; all when absent" },
		{ .name = "limit",
		    .type = ARG_INT,
		    .fallback = "25",
		    .min = 1,
		    .max = SPACES_MAX,
		    .help = "Most results" }) },
	{ .name = "remove_label",
	    .title = "Remove Label",
	    .help = "Takes a label off a page.",
	    .toolset = "confluence_extra",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .shape = &done_shape,
	    .run = remove_label,
	    ARGS(PAGE_ID,
		{ .name = "name",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .max = 255,
		    .help = "The label" }) },
	{ .name = "archive_page",
	    .title = "Archive Page",
	    .help = "Archives a page. Only people can take it out again.",
	    .toolset = "confluence_extra",
	    .flags = WRITES | DESTROYS | CLOUD_ONLY,
	    .shape = &archived_shape,
	    .run = archive_page,
	    ARGS(PAGE_ID) },
	{ .name = "restore_page",
	    .title = "Restore Page",
	    .help = "Takes a page out of the trash.",
	    .toolset = "confluence_extra",
	    .flags = WRITES,
	    .shape = &page_told_shape,
	    .run = restore_page,
	    ARGS(PAGE_ID) },
	{ .name = "restore_page_version",
	    .title = "Restore Page Version",
	    .help = "Makes an old version of a page its newest.",
	    .toolset = "confluence_extra",
	    .flags = WRITES | DESTROYS,
	    .shape = &page_told_shape,
	    .run = restore_page_version,
	    ARGS(PAGE_ID,
		{ .name = "version",
		    .type = ARG_INT,
		    .flags = REQUIRED,
		    .min = 1,
		    .max = INT32_MAX,
		    .help = "Number of the old version" },
		EXPECTED_ARG,
		{ .name = "version_comment",
		    .type = ARG_STR,
		    .help = "What the new version is about" }) },
};
const struct tool_set confluence_extra_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

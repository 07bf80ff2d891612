/*
 * Attachments of pages and blog posts: listed, shown as embedded resources and images, sent,
 * deleted.  A file of the same name becomes a new version of what is there.
 */
#include "atlassian/confluence.h"
#include "atlassian/files.h"

#define LISTED_MAX 200 /* of one content, where all are asked for */
#define START_MAX  10000

/* ---- ids ------------------------------------------------------------------------------------- */

/* "123" is "att123". */
static const char *
attachment_id_of(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "attachment_id"));

	return id != NULL && id[strspn(id, "0123456789")] == '\0' ? work_printf(work, "att%s", id)
								  : id;
}

static const char *
content_asked(struct work *work)
{
	return page_id_of(work, arg_str(work, "content_id"));
}

/* ---- list ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(listed_shape, { "id", SHAPE_STR }, { "title", SHAPE_STR }, { "type", SHAPE_STR },
    { "status", SHAPE_STR }, { "media_type", SHAPE_STR }, { "file_size", SHAPE_INT },
    { "download_url", SHAPE_STR }, { "comment", SHAPE_STR }, { "version_number", SHAPE_INT },
    { "version_when", SHAPE_STR }, { "author_display_name", SHAPE_STR });
LOCAL_SHAPE(list_shape, { "success", SHAPE_BOOL }, { "content_id", SHAPE_STR },
    { "attachments", SHAPE_LIST, .of = &listed_shape }, { "total", SHAPE_INT },
    { "start", SHAPE_INT }, { "limit", SHAPE_INT }, { "next_start", SHAPE_INT });

#define LIST_PATHS \
	.cloud = "/api/v2/{kind}/{id}/attachments", \
	.server = "/rest/api/content/{id}/child/attachment", .expand = "version"

static bool
get_attachments(struct work *work)
{
	const char *id = content_asked(work);
	struct content_list list = { LIST_PATHS, .filename = arg_str(work, "filename"),
		.media_type = arg_str(work, "media_type"), .start = arg_int(work, "start"),
		.most = arg_int(work, "limit") };
	yyjson_mut_val *shown = out_arr(work), *one;
	struct slice comment;
	yyjson_val **files;
	bool has_more;
	size_t n;

	if (!content_check_wait(work, id) ||
	    !content_list_wait(work, id, &list, &files, &n, &has_more))
		return false;
	for (size_t i = 0; i < n; i++) {
		one = attachment_show(work, files[i]);
		comment = json_slice(
		    json_at(files[i], work->is_cloud ? "comment" : "extensions/comment"));
		if (comment.n > 0)
			out_slice(work, one, "comment", comment);
		yyjson_mut_arr_append(shown, one);
	}
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "content_id", id);
	out_val(work, work->out, "attachments", shown);
	out_int(work, work->out, "total", (int64_t)n);
	out_int(work, work->out, "start", list.start);
	out_int(work, work->out, "limit", list.most);
	if (has_more)
		out_int(work, work->out, "next_start", list.start + (int64_t)n);
	work->summary = slice_of(work_printf(work, "%zu attachments of %s", n, id));
	return true;
}

/* ---- downloads ------------------------------------------------------------------------------- */

/* Both say where it is behind the address of the site. */
static struct slice
address_of(struct work *work, yyjson_val *file)
{
	struct slice link =
	    json_slice(json_at(file, work->is_cloud ? "downloadLink" : "_links/download"));

	if (!slice_starts(link, S("/")))
		return link;
	return slice_of(work_printf(work, "%.*s%.*s", SLICE_FMT(work_base(work)), SLICE_FMT(link)));
}

static struct remote_file
remote_file_of(struct work *work, yyjson_val *file)
{
	bool is_cloud = work->is_cloud;

	return (struct remote_file){ .id = json_slice(yyjson_obj_get(file, "id")),
		.name = json_slice(yyjson_obj_get(file, "title")),
		.type = json_slice(json_at(file, is_cloud ? "mediaType" : "extensions/mediaType")),
		.url = address_of(work, file),
		.size =
		    yyjson_get_uint(json_at(file, is_cloud ? "fileSize" : "extensions/fileSize")) };
}

static const char *
path_of(const struct downloads *d, const struct remote_file *one)
{
	struct work *work = d->work;
	const char *owner;

	if (!arena_reserve(work->arena, d->owner.n + one->id.n + one->name.n + 3, work->err))
		return NULL;
	owner = slice_cstr(work->arena, d->owner);
	return work->is_cloud
	    ? work_path(work, "/rest/api/content/{content}/child/attachment/{file}/download",
		  "content", owner, "file", slice_cstr(work->arena, one->id), NULL)
	    : work_path(work, "/download/attachments/{content}/{name}", "content", owner, "name",
		  slice_cstr(work->arena, one->name), NULL);
}

static bool
download_attachment(struct work *work)
{
	struct downloads d = { .site = "Confluence", .path = path_of };
	const char *id = attachment_id_of(work);
	struct remote_file file;
	struct file_place place;
	yyjson_mut_val *failed;

	if (id == NULL || !file_find_wait(work, id, &place))
		return false;
	file = remote_file_of(work, place.file);
	d.owner = slice_of(place.holder);
	downloads_init(&d, work);
	if (!downloads_add_wait(&d, &file))
		return false;
	failed = yyjson_mut_arr_get_first(d.failed);
	if (failed != NULL)
		return work_fail(work, ERR_REQUEST, "%s: %s", id,
		    yyjson_mut_get_str(yyjson_mut_obj_get(failed, "error")));
	work->out = yyjson_mut_arr_get_first(d.done > 0 ? d.shown : d.linked);
	out_str(work, work->out, "content_id", place.holder);
	work->summary = file.name;
	return true;
}

static bool
download_wait(struct work *work, bool is_images)
{
	struct downloads d = { .site = "Confluence", .path = path_of, .is_images = is_images };
	const struct content_list list = { LIST_PATHS, .most = LISTED_MAX };
	const char *id = content_asked(work), *what = is_images ? "images" : "attachments";
	yyjson_val **files;
	bool has_more;
	size_t n;

	if (!content_check_wait(work, id) ||
	    !content_list_wait(work, id, &list, &files, &n, &has_more))
		return false;
	d.owner = slice_of(id);
	downloads_init(&d, work);
	for (size_t i = 0; i < n; i++) {
		struct remote_file file = remote_file_of(work, files[i]);

		if (!downloads_add_wait(&d, &file))
			return false;
	}
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "content_id", id);
	downloads_show(&d);
	if (d.total == 0)
		out_str(work, work->out, "message",
		    is_images ? "No image attachments found"
			      : work_printf(work, "No attachments found for content %s", id));
	if (has_more)
		out_str(work, work->out, "message",
		    work_printf(
			work, "Only the first %d: get_attachments lists the rest", LISTED_MAX));
	work->summary = slice_of(work_printf(
	    work, "%lld of %lld %s of %s", (long long)d.done, (long long)d.total, what, id));
	return true;
}

static bool
download_content_attachments(struct work *work)
{
	return download_wait(work, false);
}

static bool
get_page_images(struct work *work)
{
	return download_wait(work, true);
}

/* ---- uploads --------------------------------------------------------------------------------- */

LOCAL_SHAPE(sent_shape, { "success", SHAPE_BOOL }, { "content_id", SHAPE_STR },
    { "filename", SHAPE_STR }, { "size", SHAPE_INT }, { "id", SHAPE_STR });
LOCAL_SHAPE(
    one_sent_shape, { "message", SHAPE_STR }, { "attachment", SHAPE_OBJECT, .of = &sent_shape });
LOCAL_SHAPE(outcome_shape, { "filename", SHAPE_STR }, { "size", SHAPE_INT }, { "id", SHAPE_STR },
    { "error", SHAPE_STR });
LOCAL_SHAPE(outcomes_shape, { "success", SHAPE_BOOL }, { "content_id", SHAPE_STR },
    { "total", SHAPE_INT }, { "uploaded", SHAPE_LIST, .of = &outcome_shape },
    { "failed", SHAPE_LIST, .of = &outcome_shape });
LOCAL_SHAPE(all_sent_shape, { "message", SHAPE_STR },
    { "attachments", SHAPE_OBJECT, .of = &outcomes_shape });

static bool
post_wait(struct work *work, const char *verb, const char *path, struct work_files *file,
    yyjson_val **out)
{
	const struct work_field fields[] = { { "minorEdit",
						 arg_bool(work, "minor_edit") ? "true" : "false" },
		{ "comment", arg_str(work, "comment") } };

	*out = NULL;
	return work_files_send_wait(
	    work, verb, path, file, fields, COUNT(fields), unless_dry(work, out));
}

/* The id of the attachment that has this name there; *out NULL: none has. */
static bool
same_name_wait(struct work *work, const char *content, const char *name, const char **out)
{
	yyjson_val *reply;

	*out = NULL;
	if (!work_get_wait(work, &reply, "/rest/api/content/{content}/child/attachment", "content",
		content, "filename", name, NULL))
		return false;
	*out =
	    yyjson_get_str(json_at(yyjson_arr_get_first(yyjson_obj_get(reply, "results")), "id"));
	return true;
}

/* Data Center has another address for new versions, and refuses a name that is there at this one:
 * it is asked before, and not with the whole file. */
static bool
send_server_wait(struct work *work, const char *content, struct work_files *file, yyjson_val **out)
{
	const char *id, *path;

	if (!arena_reserve(work->arena, file->file[0].name.n + 1, work->err) ||
	    !same_name_wait(work, content, slice_cstr(work->arena, file->file[0].name), &id))
		return false;
	path = id != NULL
	    ? work_path(work, "/rest/api/content/{content}/child/attachment/{file}/data", "content",
		  content, "file", id, NULL)
	    : work_path(
		  work, "/rest/api/content/{content}/child/attachment", "content", content, NULL);
	return path != NULL && post_wait(work, "POST", path, file, out);
}

/* *out: the attachment as it is now. */
static bool
send_wait(struct work *work, const char *content, const struct work_file *file, yyjson_val **out)
{
	struct work_files *one;
	yyjson_val *list;
	bool ok;

	if (!arena_reserve(work->arena, sizeof(*one), work->err))
		return false;
	one = ARENA_NEW(work->arena, struct work_files);
	one->file[0] = *file;
	one->n = 1;
	ok = work->is_cloud ? post_wait(work, "PUT",
				  work_path(work, "/rest/api/content/{content}/child/attachment",
				      "content", content, NULL),
				  one, out)
			    : send_server_wait(work, content, one, out);
	list = yyjson_obj_get(ok ? *out : NULL, "results");
	if (list != NULL)
		*out = yyjson_arr_get_first(list);
	return ok;
}

static void
show_sent(struct work *work, const struct work_file *file, yyjson_val *reply, yyjson_mut_val *out)
{
	out_slice(work, out, "filename", file->name);
	out_int(work, out, "size", (int64_t)file->size);
	out_slice(work, out, "id", json_slice(yyjson_obj_get(reply, "id")));
}

/* Bytes of the call, as an item that names a file. */
static yyjson_val *
inline_item(struct work *work)
{
	yyjson_mut_val *item = out_obj(work);

	out_slice(work, item, "filename", arg_slice(work, "filename"));
	out_slice(work, item, "content", arg_slice(work, "content_base64"));
	return yyjson_doc_get_root(yyjson_mut_val_imut_copy(item, &work->alc));
}

static bool
file_take(struct work *work, struct work_files *files)
{
	bool has_path = arg_slice(work, "file_path").n > 0,
	     has_bytes = arg_slice(work, "content_base64").p != NULL;

	files->n = 0;
	if (has_path == has_bytes)
		return work_fail(
		    work, ERR_PARAMS, "either file_path or content_base64 must be given");
	if (has_path)
		return work_files_add(work, "file_path", arg_json(work, "file_path"), files);
	if (arg_slice(work, "filename").n == 0)
		return work_fail(work, ERR_PARAMS, "filename is required with content_base64");
	return work_files_add(work, "content_base64", inline_item(work), files);
}

static bool
upload_attachment(struct work *work)
{
	yyjson_mut_val *out = out_obj(work);
	const char *id = content_asked(work);
	struct work_files files;
	yyjson_val *reply;
	bool ok;

	if (id == NULL || !file_take(work, &files))
		return false;
	ok = content_check_wait(work, id) && send_wait(work, id, &files.file[0], &reply);
	if (ok) {
		out_bool(work, out, "success", true);
		out_str(work, out, "content_id", id);
		show_sent(work, &files.file[0], reply, out);
		work->out = out_obj(work);
		out_str(work, work->out, "message", "Attachment uploaded successfully");
		out_val(work, work->out, "attachment", out);
	}
	work_files_close(&files);
	return ok;
}

/* False: the call as a whole is over.  What one file did wrong is told beside the others. */
static bool
send_one_wait(struct work *work, const char *content, const struct work_file *file,
    yyjson_mut_val *uploaded, yyjson_mut_val *failed)
{
	yyjson_mut_val *out = out_obj(work);
	yyjson_val *reply;

	if (send_wait(work, content, file, &reply)) {
		show_sent(work, file, reply, out);
		yyjson_mut_arr_append(uploaded, out);
		return true;
	}
	if (work->err->kind != ERR_REQUEST && work->err->kind != ERR_REFUSED)
		return false;
	out_slice(work, out, "filename", file->name);
	out_slice(
	    work, out, "error", work->said.p != NULL ? work->said : slice_of(work->err->text));
	yyjson_mut_arr_append(failed, out);
	return true;
}

static bool
upload_all_wait(struct work *work, const char *id, const struct work_files *files)
{
	yyjson_mut_val *uploaded = out_arr(work), *failed = out_arr(work), *out = out_obj(work);
	size_t done;

	for (size_t i = 0; i < files->n; i++) {
		*work->err = (struct err){ 0 };
		work->said = SLICE_NONE;
		done = yyjson_mut_arr_size(uploaded);
		if (!send_one_wait(work, id, &files->file[i], uploaded, failed))
			return done > 0 &&
			    page_said_done(
				work, work_printf(work, "%zu files were attached", done));
	}
	/* Where none arrived, the last one has said why. */
	done = yyjson_mut_arr_size(uploaded);
	if (done == 0)
		return false;
	*work->err = (struct err){ 0 };
	work->said = SLICE_NONE;
	out_bool(work, out, "success", true);
	out_str(work, out, "content_id", id);
	out_int(work, out, "total", (int64_t)files->n);
	out_val(work, out, "uploaded", uploaded);
	out_val(work, out, "failed", failed);
	work->out = out_obj(work);
	out_str(work, work->out, "message",
	    work_printf(work, "Uploaded %zu of %zu attachments", done, files->n));
	out_val(work, work->out, "attachments", out);
	return true;
}

static bool
upload_attachments(struct work *work)
{
	const char *id = content_asked(work);
	struct work_files files;
	bool ok;

	if (id == NULL || !work_files_open(work, "file_paths", &files))
		return false;
	ok = files.n > 0 || work_fail(work, ERR_PARAMS, "file_paths is empty");
	ok = ok && content_check_wait(work, id) && upload_all_wait(work, id, &files);
	work_files_close(&files);
	return ok;
}

/* ---- deletion -------------------------------------------------------------------------------- */

LOCAL_SHAPE(deleted_shape, { "message", SHAPE_STR }, { "attachment_id", SHAPE_STR });

/* The address of Data Center deletes pages too: it must be an attachment. */
static bool
delete_attachment(struct work *work)
{
	const char *id = attachment_id_of(work);
	struct file_place place;

	if (id == NULL || !file_find_wait(work, id, &place) ||
	    !work_send_wait(work, "DELETE", NULL, NULL,
		work->is_cloud ? "/api/v2/attachments/{id}" : "/rest/api/content/{id}", "id", id,
		NULL))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "message", "Attachment deleted successfully");
	out_str(work, work->out, "attachment_id", id);
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(file_shape, { "id", SHAPE_STR }, { "content_id", SHAPE_STR }, { "filename", SHAPE_STR },
    { "mime_type", SHAPE_STR }, { "size", SHAPE_INT }, { "url", SHAPE_STR });
#define DOWNLOAD_SHAPE(name, total) \
	LOCAL_SHAPE(name, { "success", SHAPE_BOOL }, { "message", SHAPE_STR }, \
	    { "content_id", SHAPE_STR }, { total, SHAPE_INT }, { "downloaded", SHAPE_INT }, \
	    { "attachments", SHAPE_LIST, .of = &downloaded_shape }, \
	    { "linked", SHAPE_LIST, .of = &downloaded_shape }, \
	    { "failed", SHAPE_LIST, .of = &downloaded_shape })
DOWNLOAD_SHAPE(files_shape, "total");
DOWNLOAD_SHAPE(images_shape, "total_images");

/* clang-format off */
#define CONTENT_ARG \
	{ "content_id", ARG_PAGE, REQUIRED, "Id or URL of a page, or id of a blog post" }
#define FILE_ARG \
	{ "attachment_id", ARG_NAME_ID, REQUIRED, "Id, such as att123", .max = 40 }
#define SENT_ARGS \
	{ "comment", ARG_STR, 0, "About this version", .max = 2000 }, \
	{ "minor_edit", ARG_BOOL, 0, "No mail to watchers", "false" }
/* clang-format on */

static const struct tool rows[] = {
	{ .name = "get_attachments",
	    .title = "Get Attachments",
	    .help = "What is attached to a page or blog post.",
	    .toolset = "confluence_attachments",
	    .flags = READS,
	    .run = get_attachments,
	    .shape = &list_shape,
	    ARGS(CONTENT_ARG, { "start", ARG_INT, 0, "Leave out so many", "0", 0, START_MAX },
		{ "limit", ARG_INT, 0, "Most results", "50", 1, 100 },
		{ "filename", ARG_STR, 0, "Only this name", .max = 255 },
		{ "media_type", ARG_STR, 0, "Only this type, such as image/png", .max = 100 }) },
	{ .name = "download_attachment",
	    .title = "Download Attachment",
	    .help = "An attachment as an embedded resource; a large one as a link.",
	    .toolset = "confluence_attachments",
	    .flags = READS,
	    .run = download_attachment,
	    .shape = &file_shape,
	    ARGS(FILE_ARG) },
	{ .name = "download_content_attachments",
	    .title = "Download Content Attachments",
	    .help = "All attachments of a page or blog post, as embedded resources; large ones as "
		    "links.",
	    .toolset = "confluence_attachments",
	    .flags = READS,
	    .run = download_content_attachments,
	    .shape = &files_shape,
	    ARGS(CONTENT_ARG) },
	{ .name = "get_page_images",
	    .title = "Get Page Images",
	    .help = "The images attached to a page or blog post, to look at.",
	    .toolset = "confluence_attachments",
	    .flags = READS,
	    .run = get_page_images,
	    .shape = &images_shape,
	    ARGS(CONTENT_ARG) },
	{ .name = "upload_attachment",
	    .title = "Upload Attachment",
	    .help = "Attach a file to a page or blog post, or a new version of it.",
	    .toolset = "confluence_attachments",
	    .flags = WRITES | DESTROYS,
	    .run = upload_attachment,
	    .shape = &one_sent_shape,
	    ARGS(CONTENT_ARG, { "file_path", ARG_STR, 0, "Name of a file in the spool folder" },
		{ "content_base64", ARG_TEXT, 0, "Or its bytes, with filename", .max = 64 * MIB },
		{ "filename", ARG_STR, 0, "Name for content_base64", .max = 255 }, SENT_ARGS) },
	{ .name = "upload_attachments",
	    .title = "Upload Attachments",
	    .help = "Attach several files; each has its own outcome.",
	    .toolset = "confluence_attachments",
	    .flags = WRITES | DESTROYS,
	    .run = upload_attachments,
	    .shape = &all_sent_shape,
	    ARGS(CONTENT_ARG, { "file_paths", ARG_ARRAY, REQUIRED | OR_NAMES, WORK_FILES_HELP },
		SENT_ARGS) },
	{ .name = "delete_attachment",
	    .title = "Delete Attachment",
	    .help = "Delete an attachment with all its versions.",
	    .toolset = "confluence_attachments",
	    .flags = WRITES | DESTROYS,
	    .run = delete_attachment,
	    .shape = &deleted_shape,
	    ARGS(FILE_ARG) },
};
const struct tool_set confluence_attachment_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

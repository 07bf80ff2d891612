/*
 * Attachments: shown as embedded resources and images, sent, deleted.  They are asked for by their
 * ids at the site's own address: an address that stands in a reply is shown, and never followed.
 */
#include "atlassian/files.h"
#include "atlassian/jira.h"

/* ---- what an issue has ----------------------------------------------------------------------- */

/* *key: where the issue is now. */
static bool
list_wait(struct work *work, struct slice *key, yyjson_val **list)
{
	struct slice asked = arg_slice(work, "issue_key");
	yyjson_val *issue;

	if (!jira_key_check(work, asked) ||
	    !work_get_wait(work, &issue, "{api}/issue/{key}", "key", work_cstr(work, asked),
		"fields", "attachment", NULL) ||
	    !jira_reply_check(work, issue, asked))
		return false;
	*key = json_slice(yyjson_obj_get(issue, "key"));
	*list = json_at(issue, "fields/attachment");
	return true;
}

static struct remote_file
attachment_of(yyjson_val *value)
{
	return (struct remote_file){ .id = json_slice(yyjson_obj_get(value, "id")),
		.name = json_slice(yyjson_obj_get(value, "filename")),
		.type = json_slice(yyjson_obj_get(value, "mimeType")),
		.url = json_slice(yyjson_obj_get(value, "content")),
		.size = yyjson_get_uint(yyjson_obj_get(value, "size")) };
}

/* By id or by name; none named: all. */
static bool
is_wanted(const struct slice *names, size_t n, const struct remote_file *one)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(names[i], one->id) || slice_eq(names[i], one->name))
			return true;
	}
	return n == 0;
}

/* ---- downloads ------------------------------------------------------------------------------- */

static const char *
path_of(const struct downloads *d, const struct remote_file *one)
{
	struct work *work = d->work;
	const char *id = work_cstr(work, one->id), *name = work_cstr(work, one->name);

	return work->is_cloud
	    ? work_path(
		  work, "/rest/api/3/attachment/content/{id}", "id", id, "redirect", "false", NULL)
	    : work_path(work, "/secure/attachment/{id}/{name}", "id", id, "name", name, NULL);
}

/* Names that fit nothing. */
static void
tell_missing(struct downloads *d, yyjson_val *list, const struct slice *names, size_t n)
{
	yyjson_val *value;
	size_t i, max;

	for (size_t k = 0; k < n; k++) {
		bool is_there = false;

		yyjson_arr_foreach(list, i, max, value)
		{
			struct remote_file one = attachment_of(value);

			is_there |= is_wanted(&names[k], 1, &one);
		}
		if (!is_there)
			downloads_fail(d, &(struct remote_file){ .name = names[k] },
			    "the issue has no such attachment");
	}
}

static void
download_end(struct downloads *d)
{
	struct work *work = d->work;
	const char *what = d->is_images ? "images" : "attachments";

	out_bool(work, work->out, "success", true);
	out_slice(work, work->out, "issue_key", d->owner);
	downloads_show(d);
	if (d->total == 0)
		out_str(work, work->out, "message",
		    d->is_images ? "No image attachments found"
				 : work_printf(work, "No attachments found for issue %.*s",
				       SLICE_FMT(d->owner)));
	work->summary = slice_of(work_printf(work, "%lld of %lld %s of %.*s", (long long)d->done,
	    (long long)d->total, what, SLICE_FMT(d->owner)));
}

static bool
download_wait(struct work *work, bool is_images)
{
	struct downloads d = { .site = "Jira", .path = path_of, .is_images = is_images };
	struct slice *names;
	size_t n = arg_list(work, "only", &names), i, max;
	yyjson_val *list, *value;

	downloads_init(&d, work);
	if (!list_wait(work, &d.owner, &list))
		return false;
	work->out = out_obj(work);
	yyjson_arr_foreach(list, i, max, value)
	{
		struct remote_file one = attachment_of(value);

		if (is_wanted(names, n, &one) && !downloads_add_wait(&d, &one))
			return false;
		work_progress(work, (int64_t)i + 1, (int64_t)max, "files looked at");
	}
	tell_missing(&d, list, names, n);
	download_end(&d);
	return true;
}

static bool
download_attachments(struct work *work)
{
	return download_wait(work, false);
}

static bool
get_issue_images(struct work *work)
{
	return download_wait(work, true);
}

/* ---- uploads and deletion -------------------------------------------------------------------- */

LOCAL_SHAPE(uploaded_shape, { "id", SHAPE_STR }, { "filename", SHAPE_STR }, { "size", SHAPE_INT },
    { "mime_type", SHAPE_STR, "mimeType" });

bool
jira_attach_wait(
    struct work *work, struct slice key, struct work_files *files, yyjson_mut_val **out)
{
	const char *path =
	    work_path(work, "{api}/issue/{key}/attachments", "key", work_cstr(work, key), NULL);
	yyjson_val *reply;

	if (!work_files_send_wait(work, "POST", path, files, NULL, 0, &reply))
		return false;
	*out = out_obj(work);
	out_bool(work, *out, "success", true);
	out_slice(work, *out, "issue_key", key);
	out_int(work, *out, "total", (int64_t)files->n);
	out_val(work, *out, "uploaded", shape_list(work, &uploaded_shape, reply));
	return true;
}

static bool
upload_attachments(struct work *work)
{
	struct work_files files;
	struct slice key;
	bool ok;

	if (!work_files_open(work, "attachments", &files))
		return false;
	ok = files.n > 0 || work_fail(work, ERR_PARAMS, "attachments is empty");
	ok = ok && jira_guard_wait(work, arg_slice(work, "issue_key"), &key) &&
	    jira_attach_wait(work, key, &files, &work->out);
	if (ok)
		work->summary = slice_of(
		    work_printf(work, "%zu files attached to %.*s", files.n, SLICE_FMT(key)));
	work_files_close(&files);
	return ok;
}

/* An id says nothing about its issue: the issue must have it. */
static bool
delete_attachment(struct work *work)
{
	struct slice id = arg_slice(work, "attachment_id"), key;
	const struct remote_file *found = NULL;
	struct remote_file one = { 0 };
	yyjson_val *list, *value;
	size_t i, max;

	if (!list_wait(work, &key, &list))
		return false;
	yyjson_arr_foreach(list, i, max, value)
	{
		if (!slice_eq(json_slice(yyjson_obj_get(value, "id")), id))
			continue;
		one = attachment_of(value);
		found = &one;
	}
	if (found == NULL)
		return work_fail(work, ERR_RESOURCE, "%.*s has no attachment %.*s", SLICE_FMT(key),
		    SLICE_FMT(id));
	if (!work_send_wait(work, "DELETE", NULL, NULL, "{api}/attachment/{attachment_id}", NULL))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "message",
	    work_printf(work, "Attachment %.*s (%.*s) of %.*s has been deleted", SLICE_FMT(id),
		SLICE_FMT(found->name), SLICE_FMT(key)));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define DOWNLOAD_SHAPE(name, total) \
	LOCAL_SHAPE(name, { "success", SHAPE_BOOL }, { "message", SHAPE_STR }, \
	    { "issue_key", SHAPE_STR }, { total, SHAPE_INT }, { "downloaded", SHAPE_INT }, \
	    { "attachments", SHAPE_LIST, .of = &downloaded_shape }, \
	    { "linked", SHAPE_LIST, .of = &downloaded_shape }, \
	    { "failed", SHAPE_LIST, .of = &downloaded_shape })
DOWNLOAD_SHAPE(files_shape, "total");
DOWNLOAD_SHAPE(images_shape, "total_images");
SHAPE(jira_attached_shape, { "success", SHAPE_BOOL }, { "issue_key", SHAPE_STR },
    { "total", SHAPE_INT }, { "uploaded", SHAPE_LIST, .of = &uploaded_shape });

/* clang-format off */
#define ISSUE_ARG \
	{ "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" }
#define ONLY_ARG \
	{ "only", ARG_CSV, 0, "Names or ids; all when absent" }
/* clang-format on */

static const struct tool tools[] = {
	{ .name = "download_attachments",
	    .title = "Download Attachments",
	    .help = "The attachments of an issue, as embedded resources; large ones as links.",
	    .toolset = "jira_attachments",
	    .flags = READS | IDEMPOTENT,
	    .run = download_attachments,
	    .shape = &files_shape,
	    ARGS(ISSUE_ARG, ONLY_ARG) },
	{ .name = "get_issue_images",
	    .title = "Get Issue Images",
	    .help = "The images attached to an issue, to look at.",
	    .toolset = "jira_attachments",
	    .flags = READS | IDEMPOTENT,
	    .run = get_issue_images,
	    .shape = &images_shape,
	    ARGS(ISSUE_ARG, ONLY_ARG) },
	{ .name = "upload_attachments",
	    .title = "Upload Attachments",
	    .help = "Attach files to an issue.",
	    .toolset = "jira_attachments",
	    .flags = WRITES,
	    .run = upload_attachments,
	    .shape = &jira_attached_shape,
	    ARGS(ISSUE_ARG, { "attachments", ARG_ARRAY, REQUIRED | OR_NAMES, WORK_FILES_HELP }) },
	{ .name = "delete_attachment",
	    .title = "Delete Attachment",
	    .help = "Delete an attachment. It cannot be undone.",
	    .toolset = "jira_attachments",
	    .flags = WRITES | DESTROYS,
	    .run = delete_attachment,
	    .shape = &jira_message_shape,
	    ARGS(ISSUE_ARG,
		{ "attachment_id", ARG_ID, REQUIRED, "Id, of attachments of the issue", NULL, 0,
		    40 }) },
};
const struct tool_set jira_attachment_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

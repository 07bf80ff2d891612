/*
 * Comments of pages that are there already: edit, delete, resolve.  An id does not say what it is
 * of: it is looked at first, so that nothing but a comment of a page that may be seen is touched.
 */
#include "atlassian/confluence.h"

/* A comment as it is now. */
struct remark {
	const char *id, *page;
	const char *location; /* footer, inline */
	int64_t version;
	yyjson_val *source;
};

static const char *
text_at(yyjson_val *source, const char *path)
{
	return yyjson_get_str(json_at(source, path));
}

/* On Cloud the two kinds have addresses of their own. */
static bool
cloud_wait(struct work *work, struct remark *out)
{
	out->location = "footer";
	if (!work_try_wait(work, &out->source, "/api/v2/footer-comments/{comment}", "comment",
		out->id, "body-format", "storage", NULL))
		return false;
	if (out->source != NULL)
		return true;
	out->location = "inline";
	return work_get_wait(work, &out->source, "/api/v2/inline-comments/{comment}", "comment",
	    out->id, "body-format", "storage", NULL);
}

static bool
server_wait(struct work *work, struct remark *out)
{
	const char *type;

	if (!work_get_wait(work, &out->source, "/rest/api/content/{comment}", "comment", out->id,
		"expand", "body.storage,version,container,extensions.inlineProperties", NULL))
		return false;
	type = text_at(out->source, "type");
	if (type == NULL || strcmp(type, "comment") != 0)
		return work_fail(work, ERR_RESOURCE, "%s is no comment", out->id);
	out->location = text_at(out->source, "extensions/location");
	if (out->location == NULL)
		out->location = "footer";
	return true;
}

static bool
remark_wait(struct work *work, struct remark *out)
{
	*out = (struct remark){ .id = arg_str(work, "comment_id") };
	if (!(work->is_cloud ? cloud_wait(work, out) : server_wait(work, out)))
		return false;
	out->version = yyjson_get_sint(json_at(out->source, "version/number"));
	out->page = text_at(out->source, work->is_cloud ? "pageId" : "container/id");
	/* What is on no page that we know is in no space that we may show. */
	if (out->page == NULL)
		return space_check(work, NULL);
	return page_check_wait(work, out->page);
}

static const char *
kind_of(const struct remark *remark)
{
	return strcmp(remark->location, "inline") == 0 ? "inline-comments" : "footer-comments";
}

static yyjson_mut_val *
next_version(struct work *work, const struct remark *remark)
{
	yyjson_mut_val *body = out_obj(work), *version = out_obj(work);

	out_int(work, version, "number", remark->version + 1);
	out_val(work, body, "version", version);
	return body;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static bool
edit_comment(struct work *work)
{
	yyjson_mut_val *body;
	struct remark remark;
	struct slice storage;
	yyjson_val *reply;
	bool ok;

	if (!content_as_storage(work, "body", "markdown", &storage) || !remark_wait(work, &remark))
		return false;
	body = next_version(work, &remark);
	out_val(work, body, "body", storage_body(work, storage));
	if (work->is_cloud) {
		ok = work_send_wait(work, "PUT", body, &reply, "/api/v2/{kind}/{comment}", "kind",
		    kind_of(&remark), "comment", remark.id, NULL);
	} else {
		out_str(work, body, "id", remark.id);
		out_str(work, body, "type", "comment");
		out_str(work, body, "title", text_at(remark.source, "title"));
		ok = work_send_wait(work, "PUT", body, &reply, "/rest/api/content/{comment}",
		    "comment", remark.id, NULL);
	}
	if (ok)
		comment_told(work, "Comment updated successfully", reply, remark.location);
	return ok;
}

static bool
delete_comment(struct work *work)
{
	struct remark remark;

	if (!remark_wait(work, &remark) ||
	    !(work->is_cloud
		    ? work_send_wait(work, "DELETE", NULL, NULL, "/api/v2/{kind}/{comment}", "kind",
			  kind_of(&remark), "comment", remark.id, NULL)
		    : work_send_wait(work, "DELETE", NULL, NULL, "/rest/api/content/{comment}",
			  "comment", remark.id, NULL)))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message", work_printf(work, "Comment %s deleted", remark.id));
	return true;
}

static bool
resolve_comment(struct work *work)
{
	bool is_resolved = arg_bool(work, "resolved");
	yyjson_mut_val *body;
	struct remark remark;
	yyjson_val *reply;

	if (!remark_wait(work, &remark))
		return false;
	if (strcmp(remark.location, "inline") != 0)
		return work_fail(work, ERR_REQUEST,
		    "comment %s is about the whole page: only those on a passage are resolved",
		    remark.id);
	body = next_version(work, &remark);
	out_bool(work, body, "resolved", is_resolved);
	if (!work_send_wait(work, "PUT", body, &reply, "/api/v2/inline-comments/{comment}",
		"comment", remark.id, NULL))
		return false;
	comment_told(work,
	    is_resolved ? "Comment resolved successfully" : "Comment opened again successfully",
	    reply, "inline");
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define COMMENT_ID \
	{ \
		.name = "comment_id", .type = ARG_ID, .flags = REQUIRED, .max = 40, \
		.help = "Id of the comment" \
	}

static const struct tool rows[] = {
	{ .name = "edit_comment",
	    .title = "Edit Comment",
	    .help = "Replaces the text of a comment.",
	    .toolset = "confluence_extra",
	    .flags = WRITES | DESTROYS,
	    .shape = &comment_told_shape,
	    .run = edit_comment,
	    ARGS(COMMENT_ID,
		{ .name = "body",
		    .type = ARG_TEXT,
		    .flags = REQUIRED,
		    .help = "The new text, in Markdown" }) },
	{ .name = "delete_comment",
	    .title = "Delete Comment",
	    .help = "Deletes a comment with its answers. It cannot be undone.",
	    .toolset = "confluence_extra",
	    .flags = WRITES | DESTROYS,
	    .shape = &done_shape,
	    .run = delete_comment,
	    ARGS(COMMENT_ID) },
	{ .name = "resolve_comment",
	    .title = "Resolve Comment",
	    .help = "Resolves a comment on a passage, or opens it again.",
	    .toolset = "confluence_extra",
	    .flags = WRITES | IDEMPOTENT | CLOUD_ONLY,
	    .shape = &comment_told_shape,
	    .run = resolve_comment,
	    ARGS(COMMENT_ID,
		{ .name = "resolved",
		    .type = ARG_BOOL,
		    .fallback = "true",
		    .help = "false: open again" }) },
};
const struct tool_set confluence_comment_edit_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

/*
 * Writing pages: create, update (whole, or one section), move, copy, delete.  Storage format that
 * is given, and what an update does not touch, passes byte for byte.  A second step that fails says
 * what was done before it.
 */
#include <stdio.h>

#include "atlassian/confluence.h"
#include "atlassian/text_section.h"

/* ---- what is shared -------------------------------------------------------------------------- */

yyjson_mut_val *
storage_body(struct work *work, struct slice storage)
{
	yyjson_mut_val *body = out_obj(work), *outer;

	out_slice(work, body, "value", storage);
	out_str(work, body, "representation", "storage");
	if (work->is_cloud)
		return body;
	outer = out_obj(work);
	out_val(work, outer, "storage", body);
	return outer;
}

static yyjson_mut_val *
ancestors_of(struct work *work, const char *parent)
{
	yyjson_mut_val *list = out_arr(work), *one = out_obj(work);

	out_str(work, one, "id", parent);
	yyjson_mut_arr_append(list, one);
	return list;
}

/* The id of a page that is written below or beside: its space must be visible too. */
bool
page_target_wait(struct work *work, const char **id)
{
	struct page seen;

	if (*id == NULL)
		return true;
	*id = page_id_of(work, *id);
	return *id != NULL &&
	    (work->site->config->filter_n == 0 || page_get_wait(work, *id, 0, WITHOUT_BODY, &seen));
}

bool
page_has_body(struct work *work, const struct page *page)
{
	return page->body.p != NULL ||
	    work_fail(work, ERR_UNAVAILABLE, "%.*s sent page %s without its body",
		SLICE_FMT(work->site->provider.name), page->id);
}

/* What a reply to a write leaves out is as it was. */
bool
page_written_wait(struct work *work, yyjson_val *reply, const char *space_key, struct page *out)
{
	if (!page_take_wait(work, reply, out))
		return false;
	if (out->space_key == NULL)
		out->space_key = space_key;
	return true;
}

static enum shown_body
wanted_body(const struct work *work)
{
	return arg_bool(work, "include_content") ? SHOW_MARKDOWN : SHOW_NONE;
}

/* ---- tables and headings of Markdown --------------------------------------------------------- */

/* Gives every table of a text that we made ourselves a layout; not inside of CDATA. */
static bool
set_table_layout(struct work *work, const char *layout, struct slice *text)
{
	struct slice rest = *text;
	struct buf out;
	bool ok;

	buf_init(&out, loop_memory(work->loop), REST_MAX_BYTES);
	while (rest.n > 0 && rest.p != NULL) {
		const char *table = memmem(rest.p, rest.n, "<table>", 7),
			   *cdata = memmem(rest.p, rest.n, "<![CDATA[", 9), *end;
		size_t n = rest.n;

		if (cdata != NULL && (table == NULL || cdata < table)) {
			end = memmem(cdata, (size_t)(rest.p + rest.n - cdata), "]]>", 3);
			n = end != NULL ? (size_t)(end - rest.p) + 3 : rest.n;
			buf_put(&out, (struct slice){ rest.p, n });
		} else if (table != NULL) {
			n = (size_t)(table - rest.p) + 7;
			buf_put(&out, (struct slice){ rest.p, n - 1 });
			buf_printf(&out, " data-layout=\"%s\">", layout);
		} else {
			buf_put(&out, rest);
		}
		rest.p += n;
		rest.n -= n;
	}
	ok = buf_check(&out, work->err) && arena_reserve(work->arena, out.n, work->err);
	if (ok)
		*text = slice_dup(work->arena, (struct slice){ out.n > 0 ? out.p : "", out.n });
	buf_fini(&out);
	return ok;
}

static bool
set_anchors(struct work *work, struct slice *text)
{
	struct buf out;
	bool ok;

	buf_init(&out, loop_memory(work->loop), REST_MAX_BYTES);
	storage_put_anchors(*text, &out);
	ok = buf_check(&out, work->err) && arena_reserve(work->arena, out.n, work->err);
	if (ok)
		*text = slice_dup(work->arena, (struct slice){ out.n > 0 ? out.p : "", out.n });
	buf_fini(&out);
	return ok;
}

static bool
content_take(struct work *work, struct slice *out)
{
	const char *format = arg_str(work, "content_format"),
		   *layout = arg_str(work, "table_layout");

	if (arg_has(work, "content_file"))
		return work_fail(work, ERR_PARAMS,
		    "content_file: files of the server are not read for callers; give the text as content");
	if (!content_as_storage(work, "content", format, out))
		return false;
	if (arg_bool(work, "enable_heading_anchors") && strcmp(format, "markdown") == 0 &&
	    !set_anchors(work, out))
		return false;
	return layout == NULL || strcmp(format, "markdown") != 0 ||
	    strcmp(layout, "default") == 0 || set_table_layout(work, layout, out);
}

/* ---- properties: the icon of the title, the width -------------------------------------------- */

static bool
property_put_wait(struct work *work, const char *page, const char *key, const char *value)
{
	const char *list = work->is_cloud ? "/api/v2/pages/{page}/properties"
					  : "/rest/api/content/{page}/property";
	yyjson_mut_val *body = out_obj(work), *version = out_obj(work);
	yyjson_val *reply, *before;
	const char *id;

	out_str(work, body, "key", key);
	out_str(work, body, "value", value);
	if (work->is_cloud) {
		if (!work_get_wait(work, &reply, list, "page", page, "key", key, NULL))
			return false;
		before = yyjson_arr_get_first(yyjson_obj_get(reply, "results"));
	} else if (!work_try_wait(work, &before, "/rest/api/content/{page}/property/{key}", "page",
		       page, "key", key, NULL)) {
		return false;
	}
	if (before == NULL)
		return work_send_wait(work, "POST", body, &reply, list, "page", page, NULL);
	out_int(work, version, "number", yyjson_get_sint(json_at(before, "version/number")) + 1);
	out_val(work, body, "version", version);
	id = yyjson_get_str(yyjson_obj_get(before, "id"));
	if (work->is_cloud)
		return work_send_wait(work, "PUT", body, &reply,
		    "/api/v2/pages/{page}/properties/{property}", "page", page, "property", id,
		    NULL);
	return work_send_wait(work, "PUT", body, &reply, "/rest/api/content/{page}/property/{key}",
	    "page", page, "key", key, NULL);
}

/* The first character of the text as hexadecimal, as the property has it. */
static const char *
emoji_code(struct work *work, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned code = p[0];

	if (p[0] >= 0xf0 && p[1] != 0 && p[2] != 0)
		code = (p[0] & 7u) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u);
	else if (p[0] >= 0xe0 && p[1] != 0)
		code = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
	else
		return text;
	return work_printf(work, "%x", code);
}

static bool
properties_wait(struct work *work, const char *page)
{
	const char *emoji = arg_str(work, "emoji"), *width = arg_str(work, "page_width");

	if (emoji != NULL && *emoji != '\0' &&
	    !property_put_wait(work, page, "emoji-title-published", emoji_code(work, emoji)))
		return false;
	return width == NULL ||
	    property_put_wait(work, page, "content-appearance-published", width);
}

/* A step behind a write failed: what was done stands before why the rest was not. */
bool
page_said_done(struct work *work, const char *done)
{
	return work_fail(work, ERR_REQUEST, "%s, but: %.*s", done,
	    SLICE_FMT(work->said.p != NULL ? work->said : slice_of(work->err->text)));
}

/* ---- create ---------------------------------------------------------------------------------- */

bool
page_post_wait(struct work *work, const char *key, const char *parent, const char *title,
    const char *subtype, struct slice storage, yyjson_val **reply)
{
	yyjson_mut_val *body = out_obj(work), *space;
	const char *space_id;

	out_str(work, body, "title", title);
	out_str(work, body, "status", "current");
	out_val(work, body, "body", storage_body(work, storage));
	if (work->is_cloud) {
		if ((space_id = space_id_wait(work, key)) == NULL)
			return false;
		out_str(work, body, "spaceId", space_id);
		out_str(work, body, "parentId", parent);
		out_str(work, body, "subtype", subtype);
		return work_send_wait(work, "POST", body, reply, "/api/v2/pages", NULL);
	}
	if (subtype != NULL)
		return work_fail(work, ERR_PARAMS, "subtype: live pages exist on Cloud only");
	space = out_obj(work);
	out_str(work, space, "key", key);
	out_str(work, body, "type", "page");
	out_val(work, body, "space", space);
	if (parent != NULL)
		out_val(work, body, "ancestors", ancestors_of(work, parent));
	return work_send_wait(work, "POST", body, reply, "/rest/api/content", NULL);
}

static bool
create_page(struct work *work)
{
	const char *key = arg_str(work, "space_key"), *parent = arg_str(work, "parent_id");
	struct slice storage;
	struct page page;
	yyjson_val *reply;

	if (!space_check(work, key) || !content_take(work, &storage) ||
	    !page_target_wait(work, &parent) ||
	    !page_post_wait(work, key, parent, arg_str(work, "title"), arg_str(work, "subtype"),
		storage, &reply) ||
	    !page_written_wait(work, reply, key, &page))
		return false;
	page.body = storage;
	if (!properties_wait(work, page.id))
		return page_said_done(work, work_printf(work, "Page %s was created", page.id));
	page_told(work, "Page created successfully", &page, wanted_body(work));
	return true;
}

/* ---- update ---------------------------------------------------------------------------------- */

bool
page_put_wait(struct work *work, const struct page *before, const struct page_update *update,
    struct page *after)
{
	yyjson_mut_val *body = out_obj(work), *version = out_obj(work);
	yyjson_val *reply;
	bool ok;

	out_int(work, version, "number", before->version + 1);
	out_str(work, version, "message", update->comment);
	out_str(work, body, "id", before->id);
	out_str(work, body, "title", update->title);
	out_str(work, body, "status", "current");
	out_val(work, body, "version", version);
	out_val(work, body, "body", storage_body(work, update->storage));
	if (work->is_cloud) {
		out_str(work, body, "parentId", update->parent);
		ok = work_send_wait(
		    work, "PUT", body, &reply, "/api/v2/pages/{page}", "page", before->id, NULL);
	} else {
		out_bool(work, version, "minorEdit", update->is_minor);
		out_str(work, body, "type", before->type != NULL ? before->type : "page");
		if (update->parent != NULL)
			out_val(work, body, "ancestors", ancestors_of(work, update->parent));
		ok = work_send_wait(work, "PUT", body, &reply, "/rest/api/content/{page}", "page",
		    before->id, "status", "current", NULL);
	}
	if (!ok && work_status(work) == 409)
		return page_conflict_wait(work, before->id, before->version);
	if (!ok || !page_written_wait(work, reply, before->space_key, after))
		return false;
	after->body = update->storage;
	return true;
}

static bool
is_same_place(const struct page *before, const struct page_update *update)
{
	return (update->title == NULL ||
		   (before->title != NULL && strcmp(before->title, update->title) == 0)) &&
	    (update->parent == NULL ||
		(before->parent_id != NULL && strcmp(before->parent_id, update->parent) == 0));
}

static bool
update_page(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	bool has_content = arg_has(work, "content") || arg_has(work, "content_file");
	struct page_update update = { .title = arg_str(work, "title"),
		.parent = arg_str(work, "parent_id"),
		.comment = arg_str(work, "version_comment"),
		.is_minor = arg_bool(work, "is_minor_edit") };
	struct page before, after;
	bool is_same;

	if (id == NULL || (has_content && !content_take(work, &update.storage)) ||
	    !page_get_wait(work, id, 0, has_content ? WITHOUT_BODY : WITH_BODY, &before) ||
	    !page_expect_wait(work, &before) || !page_target_wait(work, &update.parent) ||
	    (!has_content && !page_has_body(work, &before)))
		return false;
	if (!has_content)
		update.storage = before.body;
	if (update.title == NULL)
		update.title = before.title;
	/* A version that changes nothing is not written; the rest of a page may change without. */
	is_same = !has_content && is_same_place(&before, &update);
	if (is_same)
		after = before;
	else if (!page_put_wait(work, &before, &update, &after))
		return false;
	if (!properties_wait(work, id))
		return page_said_done(work,
		    work_printf(
			work, is_same ? "Page %s has no new version" : "Page %s was updated", id));
	if (is_same && !arg_has(work, "emoji") && !arg_has(work, "page_width")) {
		page_told(work, "Nothing to change: the page stays as it is, without a new version",
		    &before, wanted_body(work));
		return true;
	}
	page_told(work, "Page updated successfully", &after, wanted_body(work));
	return true;
}

static bool
section_put(struct work *work, struct slice page, struct slice heading, struct slice section,
    struct slice *out)
{
	struct section_query query = { .heading = heading };
	struct buf made;
	bool ok;

	buf_init(&made, loop_memory(work->loop), REST_MAX_BYTES);
	ok =
	    section_change(work->arena, page, &query, SECTION_REPLACE, section, &made, work->err) &&
	    arena_reserve(work->arena, made.n, work->err);
	if (ok)
		*out = slice_dup(work->arena, buf_view(&made));
	buf_fini(&made);
	return ok;
}

static bool
update_page_section(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	struct page_update update = { .comment = arg_str(work, "version_comment"),
		.is_minor = arg_bool(work, "is_minor_edit") };
	struct page before, after;
	struct slice section;

	if (id == NULL ||
	    !content_as_storage(work, "new_content", arg_str(work, "content_format"), &section) ||
	    !page_get_wait(work, id, 0, WITH_BODY, &before) || !page_expect_wait(work, &before) ||
	    !page_has_body(work, &before) ||
	    !section_put(
		work, before.body, arg_slice(work, "heading_text"), section, &update.storage))
		return false;
	update.title = before.title;
	if (!page_put_wait(work, &before, &update, &after))
		return false;
	page_told(work, "Page section updated successfully", &after, SHOW_NONE);
	return true;
}

/* ---- delete, move, copy ---------------------------------------------------------------------- */

SHAPE(done_shape, { .key = "success", .how = SHAPE_BOOL }, { .key = "message", .how = SHAPE_STR });

static bool
delete_page(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	struct page page;

	if (id == NULL ||
	    (work->site->config->filter_n > 0 &&
		!page_get_wait(work, id, 0, WITHOUT_BODY, &page)) ||
	    !work_send_wait(work, "DELETE", NULL, NULL,
		work->is_cloud ? "/api/v2/pages/{page}" : "/rest/api/content/{page}", "page", id,
		NULL))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "message", work_printf(work, "Page %s deleted", id));
	return true;
}

/* The page that stands at the top of a space. */
static const char *
homepage_wait(struct work *work, const char *key)
{
	yyjson_val *reply, *id;
	bool ok = work->is_cloud
	    ? work_get_wait(work, &reply, "/api/v2/spaces", "keys", key, "limit", "1", NULL)
	    : work_get_wait(
		  work, &reply, "/rest/api/space/{key}", "key", key, "expand", "homepage", NULL);

	if (!ok)
		return NULL;
	id = work->is_cloud
	    ? yyjson_obj_get(yyjson_arr_get_first(yyjson_obj_get(reply, "results")), "homepageId")
	    : json_at(reply, "homepage/id");
	if (yyjson_is_int(id))
		return work_number(work, yyjson_get_sint(id));
	if (!yyjson_is_str(id))
		work_fail(work, ERR_RESOURCE,
		    "space %s has no homepage to move it below: give target_parent_id", key);
	return yyjson_get_str(id);
}

static bool
move_wait(struct work *work, const char *id, const char *target, const char *key)
{
	static const char *const cloud_words[][2] = { { "append", "append" }, { "above", "before" },
		{ "below", "after" } };
	const char *position = arg_str(work, "position"), *path;
	struct site_request request = { .method = S("POST"),
		.headers = S("X-Atlassian-Token: no-check\r\n"),
		.is_write = true };
	yyjson_val *reply;

	if (work->is_cloud) {
		for (size_t i = 0; i < COUNT(cloud_words); i++) {
			if (strcmp(position, cloud_words[i][0]) == 0)
				position = cloud_words[i][1];
		}
		return work_send_wait(work, "PUT", NULL, &reply,
		    "/rest/api/content/{page}/move/{where}/{target}", "page", id, "where", position,
		    "target", target, NULL);
	}
	path = work_path(work, "/pages/movepage.action", "spaceKey", key, "pageId", id, "targetId",
	    target, "position", position, NULL);
	request.path = slice_of(path);
	return path != NULL && work_request_wait(work, &request, &reply, false);
}

static bool
move_page(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id")),
		   *parent = arg_str(work, "target_parent_id"),
		   *key = arg_str(work, "target_space_key");
	struct page page, target;

	if (id == NULL || (parent != NULL && (parent = page_id_of(work, parent)) == NULL) ||
	    (key != NULL && !space_check(work, key)))
		return false;
	if (parent == NULL && key == NULL)
		return work_fail(
		    work, ERR_PARAMS, "target_parent_id or target_space_key is required");
	if (work->site->config->filter_n > 0 && !page_get_wait(work, id, 0, WITHOUT_BODY, &page))
		return false;
	if (parent == NULL && (parent = homepage_wait(work, key)) == NULL)
		return false;
	/* Where it goes must be visible too; and the old interface wants the key of that space. */
	if ((!work->is_cloud || work->site->config->filter_n > 0) &&
	    !page_get_wait(work, parent, 0, WITHOUT_BODY, &target))
		return false;
	if (!move_wait(work, id, parent, work->is_cloud ? NULL : target.space_key))
		return false;
	if (!page_get_wait(work, id, 0, WITHOUT_BODY, &page))
		return page_said_done(work, work_printf(work, "Page %s was moved", id));
	page_told(work, "Page moved successfully", &page, SHOW_NONE);
	return true;
}

static bool
copy_cloud_wait(
    struct work *work, const char *id, const char *key, const char *parent, struct page *page)
{
	yyjson_mut_val *body = out_obj(work), *to = out_obj(work);
	yyjson_val *reply;

	out_bool(work, body, "copyAttachments", arg_bool(work, "copy_attachments"));
	out_bool(work, body, "copyPermissions", false);
	out_bool(work, body, "copyProperties", false);
	out_bool(work, body, "copyLabels", false);
	out_str(work, body, "pageTitle", arg_str(work, "new_title"));
	out_str(work, to, "type", parent != NULL ? "parent_page" : "space");
	out_str(work, to, "value", parent != NULL ? parent : key);
	out_val(work, body, "destination", to);
	return work_send_wait(
		   work, "POST", body, &reply, "/rest/api/content/{page}/copy", "page", id, NULL) &&
	    page_written_wait(work, reply, key, page);
}

static bool
copy_page(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "source_page_id")),
		   *key = arg_str(work, "destination_space_key"),
		   *parent = arg_str(work, "destination_parent_id");
	struct page source, page;
	yyjson_val *reply;
	bool ok;

	if (id == NULL || !space_check(work, key) || !page_target_wait(work, &parent))
		return false;
	if ((!work->is_cloud || work->site->config->filter_n > 0) &&
	    !page_get_wait(work, id, 0, work->is_cloud ? WITHOUT_BODY : WITH_BODY, &source))
		return false;
	if (!work->is_cloud && !page_has_body(work, &source))
		return false;
	if (work->is_cloud)
		ok = copy_cloud_wait(work, id, key, parent, &page);
	else
		ok = page_post_wait(work, key, parent, arg_str(work, "new_title"), NULL,
			 source.body, &reply) &&
		    page_written_wait(work, reply, key, &page);
	if (!ok)
		return false;
	page_told(work,
	    work->is_cloud
		? "Page copied successfully"
		: "Page copied successfully (without attachments: Data Center copies none)",
	    &page, SHOW_NONE);
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define CONTENT_ARGS \
	{ .name = "content_format", \
		.type = ARG_STR, \
		.fallback = "\"markdown\"", \
		.one_of = "markdown|wiki|storage|xhtml", \
		.help = "What content is; storage and xhtml pass byte for byte" }, \
	    { .name = "enable_heading_anchors", \
		    .type = ARG_BOOL, \
		    .fallback = "false", \
		    .help = \
			"Of Markdown: an anchor in every heading, by which its own links (#some-heading) find it" }, \
	    { .name = "include_content", \
		    .type = ARG_BOOL, \
		    .fallback = "false", \
		    .help = "Return the body too" }, \
	    { .name = "emoji", \
		    .type = ARG_STR, \
		    .max = 64, \
		    .help = "Icon of the title: one emoji" }, \
	    { .name = "content_file", \
		    .type = ARG_STR, \
		    .help = "Refused: files of the server are not read for callers" }, \
	    { .name = "page_width", \
		    .type = ARG_STR, \
		    .one_of = "full-width|default", \
		    .help = "Width of the page" }, \
	{ \
		.name = "table_layout", .type = ARG_STR, .one_of = "full-width|wide|default", \
		.help = "Width of tables made from Markdown" \
	}
#define VERSION_ARGS \
	{ .name = "is_minor_edit", \
		.type = ARG_BOOL, \
		.fallback = "false", \
		.help = "Data Center: no mail to watchers (Cloud has no such mark)" }, \
	    EXPECTED_ARG, \
	{ \
		.name = "version_comment", .type = ARG_STR, .help = "What this version is about" \
	}

static const struct tool rows[] = {
	{ .name = "create_page",
	    .title = "Create Page",
	    .help = "Creates a page in a space, from Markdown, wiki markup or storage format.",
	    .toolset = "confluence_pages",
	    .flags = WRITES,
	    .shape = &page_told_shape,
	    .run = create_page,
	    ARGS({ .name = "space_key",
		     .type = ARG_SPACE,
		     .flags = REQUIRED,
		     .help = "Key of the space" },
		{ .name = "title",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .help = "Title of the page" },
		{ .name = "content", .type = ARG_TEXT, .fallback = "\"\"", .help = "The body" },
		{ .name = "parent_id",
		    .type = ARG_PAGE,
		    .help = "Id or URL of the page above; else below the homepage" },
		{ .name = "subtype",
		    .type = ARG_STR,
		    .one_of = "live",
		    .help = "live: a live doc (Cloud)" },
		CONTENT_ARGS) },
	{ .name = "update_page",
	    .title = "Update Page",
	    .help =
		"Replaces the body, the title or the place of a page; without content the body stays.",
	    .toolset = "confluence_pages",
	    .flags = WRITES | DESTROYS,
	    .shape = &page_told_shape,
	    .run = update_page,
	    ARGS(PAGE_ID,
		{ .name = "title",
		    .type = ARG_STR,
		    .help = "The new title; without it the old one stays" },
		{ .name = "content", .type = ARG_TEXT, .help = "The new body" },
		{ .name = "parent_id",
		    .type = ARG_PAGE,
		    .help = "Id or URL of the new page above" },
		VERSION_ARGS, CONTENT_ARGS) },
	{ .name = "update_page_section",
	    .title = "Update Page Section",
	    .help =
		"Replaces what stands below one heading, up to the next of its level; every other byte "
		"of the page stays.",
	    .toolset = "confluence_pages",
	    .flags = WRITES | DESTROYS,
	    .shape = &page_told_shape,
	    .run = update_page_section,
	    ARGS(PAGE_ID,
		{ .name = "heading_text",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .help = "Text of the heading" },
		{ .name = "new_content",
		    .type = ARG_TEXT,
		    .flags = REQUIRED,
		    .help = "What shall stand below it, without the heading" },
		{ .name = "content_format",
		    .type = ARG_STR,
		    .fallback = "\"markdown\"",
		    .one_of = "markdown|wiki|storage|xhtml",
		    .help = "What new_content is" },
		VERSION_ARGS) },
	{ .name = "delete_page",
	    .title = "Delete Page",
	    .help = "Moves a page to the trash.",
	    .toolset = "confluence_pages",
	    .flags = WRITES | DESTROYS,
	    .shape = &done_shape,
	    .run = delete_page,
	    ARGS(PAGE_ID) },
	{ .name = "move_page",
	    .title = "Move Page",
	    .help = "Moves a page below or beside another, or to another space.",
	    .toolset = "confluence_pages",
	    .flags = WRITES | DESTROYS,
	    .shape = &page_told_shape,
	    .run = move_page,
	    ARGS(PAGE_ID,
		{ .name = "target_parent_id",
		    .type = ARG_PAGE,
		    .help = "The page that `position` speaks of" },
		{ .name = "target_space_key",
		    .type = ARG_SPACE,
		    .help = "Without target_parent_id: below the homepage of this space" },
		{ .name = "position",
		    .type = ARG_STR,
		    .fallback = "\"append\"",
		    .one_of = "append|above|below",
		    .help = "append: below it, as the last; above, below: beside it" }) },
	{ .name = "copy_page",
	    .title = "Copy Page",
	    .help = "Copies a page under a new title.",
	    .toolset = "confluence_pages",
	    .flags = WRITES | DESTROYS,
	    .shape = &page_told_shape,
	    .run = copy_page,
	    ARGS({ .name = "source_page_id",
		     .type = ARG_PAGE,
		     .flags = REQUIRED,
		     .help = "The page to copy: id or URL" },
		{ .name = "destination_space_key",
		    .type = ARG_SPACE,
		    .flags = REQUIRED,
		    .help = "Key of the space of the copy" },
		{ .name = "new_title",
		    .type = ARG_STR,
		    .flags = REQUIRED,
		    .help = "Title of the copy" },
		{ .name = "destination_parent_id",
		    .type = ARG_PAGE,
		    .help = "Id or URL of the page above the copy" },
		{ .name = "copy_attachments",
		    .type = ARG_BOOL,
		    .fallback = "true",
		    .help = "Attachments too (Cloud)" }) },
};
const struct tool_set confluence_write_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

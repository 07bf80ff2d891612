/*
 * The sandbox's Confluence, second API, which only Cloud has: pages.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

/* ---- shapes ---------------------------------------------------------------------------------- */

static void
put_v2_version(struct visit *visit, const struct revision *revision)
{
	struct buf *out = &visit->out;

	put_open(out, "version", '{');
	put_number(out, "number", revision->number);
	put_text(out, "message", revision->message.p != NULL ? revision->message : S(""));
	put_bool(out, "minorEdit", revision->is_minor);
	put_cstr(out, "authorId", revision->by->account_id);
	put_time(out, "createdAt", revision->when_ms, "Z");
	put_close(out, '}');
}

static void
put_v2_body(struct visit *visit, struct slice storage, const char *otherwise)
{
	struct slice format = visit_query(visit, "body-format");
	struct buf *out = &visit->out;
	const char *name = otherwise;

	if (slice_eq(format, S("storage")))
		name = "storage";
	else if (slice_eq(format, S("atlas_doc_format")))
		name = "atlas_doc_format";
	else if (slice_eq(format, S("view")))
		name = "view";
	put_open(out, "body", '{');
	if (name != NULL) {
		put_open(out, name, '{');
		put_cstr(out, "representation", name);
		put_body_value(visit, "value", name, storage);
		put_close(out, '}');
	}
	put_close(out, '}');
}

static void
put_v2_page(struct visit *visit, const struct content *page, const struct revision *revision,
    const char *format)
{
	const struct revision *first = page->revisions.p[0];
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", page->id);
	put_cstr(out, "status", page->status);
	put_text(out, "title", revision->title);
	put_id(out, "spaceId", page->space->id);
	if (page->parent != NULL)
		put_id(out, "parentId", page->parent->id);
	else
		put_null(out, "parentId");
	put_cstr(out, "parentType", page->parent != NULL ? "page" : NULL);
	put_number(out, "position", page->id);
	put_cstr(out, "authorId", first->by->account_id);
	put_cstr(out, "ownerId", first->by->account_id);
	put_null(out, "lastOwnerId");
	put_time(out, "createdAt", first->when_ms, "Z");
	put_v2_version(visit, revision);
	put_v2_body(visit, revision->body, format);
	put_open(out, "_links", '{');
	put_format(out, "webui", "/spaces/%s/pages/%u", page->space->key, page->id);
	put_format(out, "editui", "/pages/resumedraft.action?draftId=%u", page->id);
	put_format(out, "tinyui", "/x/%x", page->id);
	put_cstr(out, "base", visit->world->wiki_url);
	put_close(out, '}');
	put_close(out, '}');
}

/* ---- pages ----------------------------------------------------------------------------------- */

static struct content *
visit_page(struct visit *visit, enum content_type type)
{
	struct content *content = content_find(visit->world, visit->args[0]);

	if (content != NULL && content->type == type)
		return content;
	visit_fail(visit, 404, "Not Found");
	return NULL;
}

static void
page_get(struct visit *visit)
{
	struct content *page = visit_page(visit, CONTENT_PAGE);
	unsigned number = visit_number(visit, "version", 0, UINT32_MAX);

	if (page == NULL)
		return;
	if (number > page->revisions.n) {
		visit_fail(visit, 404, "Not Found");
		return;
	}
	put_v2_page(visit, page,
	    number != 0 ? page->revisions.p[number - 1] : content_revision(page), NULL);
}

static void
page_post(struct visit *visit)
{
	struct slice space_id = json_id(visit, yyjson_obj_get(visit->body, "spaceId")),
		     parent_id = json_id(visit, yyjson_obj_get(visit->body, "parentId"));
	struct space *space = space_find(visit->world, space_id);
	struct content *parent = NULL, *page = NULL;
	struct buf storage;

	if (space == NULL) {
		visit_fail(visit, space_id.p == NULL ? 400 : 404,
		    "Space with id '%.*s' was not found", SLICE_FMT(space_id));
		return;
	}
	if (parent_id.p != NULL && (parent = content_find(visit->world, parent_id)) == NULL) {
		visit_fail(visit, 404, "Parent with id '%.*s' was not found", SLICE_FMT(parent_id));
		return;
	}
	buf_init(&storage, NULL, 128 * MIB);
	if (yyjson_obj_get(visit->body, "body") == NULL ||
	    body_storage(visit, yyjson_obj_get(visit->body, "body"), &storage))
		page = page_create(visit, space,
		    parent == NULL && !visit_flag(visit, "root-level") ? space->home : parent,
		    json_text(visit->body, "title"), buf_view(&storage), CONTENT_PAGE);
	buf_fini(&storage);
	if (page == NULL)
		return;
	if (slice_eq(json_text(visit->body, "status"), S("draft")))
		page->status = "draft";
	put_v2_page(visit, page, content_revision(page), "storage");
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/api/v2/pages/{id}",	ON_CLOUD, page_get },
	{ "POST",	"/api/v2/pages",	ON_CLOUD, page_post },
};
/* clang-format on */
const struct routes sandbox_wiki_v2_routes = { rows, COUNT(rows) };

/*
 * The sandbox's Confluence, second API, which only Cloud has: pages and what hangs on them, spaces,
 * comments, properties.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

/* ---- shapes ---------------------------------------------------------------------------------- */

static void
put_v2_version(struct visit *visit, const char *key, const struct revision *revision)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
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
	put_v2_version(visit, "version", revision);
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

/* What the path speaks of: pages, blogposts, attachments. */
static struct content *
visit_kind(struct visit *visit)
{
	struct slice kind = visit->segments[2];

	return visit_page(visit,
	    slice_eq(kind, S("blogposts"))	   ? CONTENT_BLOG
		: slice_eq(kind, S("attachments")) ? CONTENT_ATTACHMENT
						   : CONTENT_PAGE);
}

static void
page_get(struct visit *visit)
{
	struct content *page = visit_kind(visit);
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

static void
page_put(struct visit *visit)
{
	struct content *page = visit_page(visit, CONTENT_PAGE), *parent = NULL;
	struct slice parent_id = json_id(visit, yyjson_obj_get(visit->body, "parentId"));
	struct buf storage;
	bool ok;

	if (page == NULL)
		return;
	if (parent_id.p != NULL && (parent = content_find(visit->world, parent_id)) == NULL) {
		visit_fail(visit, 404, "Parent with id '%.*s' was not found", SLICE_FMT(parent_id));
		return;
	}
	if (parent != NULL && content_is_below(parent, page)) {
		visit_fail(visit, 400, "A page cannot be moved below itself");
		return;
	}
	buf_init(&storage, NULL, 128 * MIB);
	ok = body_storage(visit, yyjson_obj_get(visit->body, "body"), &storage) &&
	    page_update(visit, page, json_text(visit->body, "title"), buf_view(&storage),
		yyjson_obj_get(visit->body, "version"));
	buf_fini(&storage);
	if (!ok)
		return;
	if (parent != NULL)
		content_attach(visit->world, page, parent);
	content_revive(visit, page);
	put_v2_page(visit, page, content_revision(page), "storage");
}

static void
page_delete(struct visit *visit)
{
	struct content *page = visit_page(visit, CONTENT_PAGE);

	if (page != NULL)
		content_trash(visit, page);
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct listing {
	unsigned start, limit, n;
};

/* False: the cursor is none of ours; it has answered. */
static bool
listing_begin(struct visit *visit, struct listing *listing)
{
	struct slice cursor = visit_query(visit, "cursor");
	uint64_t start = 0;

	if (cursor.n > 0 &&
	    !(slice_starts(cursor, S("at-")) &&
		slice_to_u64((struct slice){ cursor.p + 3, cursor.n - 3 }, UINT32_MAX, &start))) {
		visit_fail(visit, 400, "Provided value for 'cursor' is not the correct type.");
		return false;
	}
	*listing = (struct listing){ (unsigned)start, visit_number(visit, "limit", 25, 250), 0 };
	if (listing->limit == 0)
		listing->limit = 1;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	return true;
}

static bool
listing_takes(struct listing *listing)
{
	unsigned at = listing->n++;

	return at >= listing->start && at - listing->start < listing->limit;
}

#define LINK_MOST (2 * KIB)

/* What follows stands in the answer and in a Link header. */
static void
listing_end(struct visit *visit, const struct listing *listing)
{
	struct slice rest = visit->request->query, pair, value;
	struct buf *out = &visit->out, next;

	put_close(out, ']');
	put_open(out, "_links", '{');
	put_cstr(out, "base", visit->world->wiki_url);
	if (listing->n > listing->start && listing->n - listing->start > listing->limit) {
		buf_init(&next, NULL, 64 * KIB);
		buf_puts(&next, visit->world->wiki_path);
		buf_put(&next, visit->below);
		buf_printf(&next, "?cursor=at-%u", listing->start + listing->limit);
		while (rest.n > 0) {
			pair = slice_cut(rest, '&', &rest);
			if (slice_eq(slice_cut(pair, '=', &value), S("cursor")))
				continue;
			buf_putc(&next, '&');
			buf_put(&next, pair);
		}
		put_text(out, "next", buf_view(&next));
		if (next.n < LINK_MOST)
			visit->headers =
			    arena_printf(visit->arena, "%.*sLink: <%.*s>; rel=\"next\"\r\n",
				SLICE_FMT(visit->headers), SLICE_FMT(buf_view(&next)));
		buf_fini(&next);
	}
	put_close(out, '}');
	put_close(out, '}');
}

static void
put_pages(struct visit *visit, const struct space *space)
{
	struct slice title = visit_query(visit, "title"), spaces = visit_query(visit, "space-id");
	const struct content *page;
	struct listing listing;
	char id[16];

	if (!listing_begin(visit, &listing))
		return;
	LIST_EACH(page, &visit->world->contents)
	{
		if (page == NULL || page->type != CONTENT_PAGE ||
		    strcmp(page->status, "current") != 0 || (space != NULL && page->space != space))
			continue;
		snprintf(id, sizeof(id), "%u", page->space->id);
		if ((title.n > 0 && !slice_eq_nocase(title, page->title)) ||
		    (spaces.n > 0 && !visit_lists(visit, "space-id", id)))
			continue;
		snprintf(id, sizeof(id), "%u", page->id);
		if (visit_query(visit, "id").n > 0 && !visit_lists(visit, "id", id))
			continue;
		if (listing_takes(&listing))
			put_v2_page(visit, page, content_revision(page), NULL);
	}
	listing_end(visit, &listing);
}

static void
pages_get(struct visit *visit)
{
	put_pages(visit, NULL);
}

/* ---- around a page --------------------------------------------------------------------------- */

static void
put_v2_child(struct visit *visit, const struct content *page)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", page->id);
	put_cstr(out, "status", page->status);
	put_text(out, "title", page->title);
	put_cstr(out, "type", content_type_name(page));
	put_id(out, "spaceId", page->space->id);
	put_number(out, "childPosition", page->id);
	put_close(out, '}');
}

static void
children_get(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE), *child;
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	LIST_EACH(child, &page->children)
	if (listing_takes(&listing))
		put_v2_child(visit, child);
	listing_end(visit, &listing);
}

static void
descendants_get(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE), *other;
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	LIST_EACH(other, &visit->world->contents)
	if (other != NULL && other != page && other->type == CONTENT_PAGE &&
	    content_is_below(other, page) && listing_takes(&listing)) {
		put_v2_child(visit, other);
		visit->out.n--; /* open again */
		put_id(&visit->out, "parentId", other->parent->id);
		put_close(&visit->out, '}');
	}
	listing_end(visit, &listing);
}

#define ANCESTORS_MAX 64

static void
ancestors_get(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE), *above[ANCESTORS_MAX];
	unsigned n = 0;
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	for (page = page->parent; page != NULL && n < COUNT(above); page = page->parent)
		above[n++] = page;
	while (n > 0) {
		page = above[--n];
		if (!listing_takes(&listing))
			continue;
		put_open(&visit->out, NULL, '{');
		put_id(&visit->out, "id", page->id);
		put_cstr(&visit->out, "type", content_type_name(page));
		put_close(&visit->out, '}');
	}
	listing_end(visit, &listing);
}

static void
versions_get(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE);
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	for (unsigned i = page->revisions.n; i-- > 0;) {
		if (!listing_takes(&listing))
			continue;
		put_v2_version(visit, NULL, page->revisions.p[i]);
	}
	listing_end(visit, &listing);
}

static void
version_get(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE);
	uint64_t number;

	if (page == NULL)
		return;
	if (slice_to_u64(visit->args[1], page->revisions.n, &number) && number > 0)
		put_v2_version(visit, NULL, page->revisions.p[number - 1]);
	else
		visit_fail(visit, 404, "Not Found");
}

static void
labels_get(struct visit *visit)
{
	const struct content *page = visit_kind(visit);
	const struct slice *label;
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	LIST_EACH(label, &page->labels)
	{
		if (!listing_takes(&listing))
			continue;
		put_open(&visit->out, NULL, '{');
		put_id(&visit->out, "id", label_id(page, *label));
		put_text(&visit->out, "name", *label);
		put_cstr(&visit->out, "prefix", "global");
		put_close(&visit->out, '}');
	}
	listing_end(visit, &listing);
}

static void
put_v2_file(struct visit *visit, const struct content *file)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_content_id(visit, "id", file);
	put_cstr(out, "status", file->status);
	put_text(out, "title", file->title);
	put_time(out, "createdAt", content_revision(file)->when_ms, "Z");
	put_id(out, file->container->type == CONTENT_BLOG ? "blogPostId" : "pageId",
	    file->container->id);
	put_text(out, "mediaType", file->media_type);
	put_text(out, "comment", file->note);
	put_number(out, "fileSize", (int64_t)file->data.n);
	put_format(out, "downloadLink", "/download/attachments/%u/%.*s", file->container->id,
	    SLICE_FMT(file->title));
	put_v2_version(visit, "version", content_revision(file));
	put_close(out, '}');
}

static void
attachments_get(struct visit *visit)
{
	const struct content *page = visit_kind(visit), *file;
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	LIST_EACH(file, &page->attachments)
	if ((visit_query(visit, "filename").n == 0 ||
		slice_eq(visit_query(visit, "filename"), file->title)) &&
	    (visit_query(visit, "mediaType").n == 0 ||
		slice_eq(visit_query(visit, "mediaType"), file->media_type)) &&
	    listing_takes(&listing))
		put_v2_file(visit, file);
	listing_end(visit, &listing);
}

static void
attachment_get(struct visit *visit)
{
	const struct content *file = visit_page(visit, CONTENT_ATTACHMENT);

	if (file != NULL)
		put_v2_file(visit, file);
}

static void
attachment_delete(struct visit *visit)
{
	struct content *file = visit_page(visit, CONTENT_ATTACHMENT);

	if (file != NULL)
		content_trash(visit, file);
}

/* ---- properties ------------------------------------------------------------------------------ */

static void
put_v2_property(struct visit *visit, const struct property *property)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", property->id);
	put_text(out, "key", property->key);
	put_raw(out, "value", property->value);
	put_open(out, "version", '{');
	put_time(out, "createdAt", property->when_ms, "Z");
	put_number(out, "number", property->version);
	put_close(out, '}');
	put_close(out, '}');
}

static void
properties_get(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE);
	struct slice key = visit_query(visit, "key");
	const struct property *property;
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	LIST_EACH(property, &page->properties)
	if ((key.n == 0 || slice_eq(key, property->key)) && listing_takes(&listing))
		put_v2_property(visit, property);
	listing_end(visit, &listing);
}

static void
property_post(struct visit *visit)
{
	struct content *page = visit_page(visit, CONTENT_PAGE);
	const struct property *property;

	if (page == NULL)
		return;
	property = property_add(
	    visit, page, json_text(visit->body, "key"), yyjson_obj_get(visit->body, "value"));
	if (property != NULL)
		put_v2_property(visit, property);
}

static struct property *
visit_property(struct visit *visit, const struct content *page)
{
	struct property *property = property_find(page, visit->args[1]);

	if (property == NULL)
		visit_fail(visit, 404, "Not Found");
	return property;
}

static void
property_get(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE);
	const struct property *property = page != NULL ? visit_property(visit, page) : NULL;

	if (property != NULL)
		put_v2_property(visit, property);
}

static void
property_put(struct visit *visit)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE);
	struct property *property = page != NULL ? visit_property(visit, page) : NULL;

	if (property != NULL && property_update(visit, property))
		put_v2_property(visit, property);
}

static void
property_delete(struct visit *visit)
{
	struct content *page = visit_page(visit, CONTENT_PAGE);
	struct property *property = page != NULL ? visit_property(visit, page) : NULL;

	if (property == NULL)
		return;
	list_remove(&page->properties, property);
	visit_no_content(visit);
}

/* ---- comments -------------------------------------------------------------------------------- */

static void
put_v2_comment(struct visit *visit, const struct content *comment, const char *format)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", comment->id);
	put_cstr(out, "status", comment->status);
	put_text(out, "title", comment->title);
	put_id(out, "pageId", comment->container->id);
	if (comment->parent != NULL)
		put_id(out, "parentCommentId", comment->parent->id);
	put_v2_version(visit, "version", content_revision(comment));
	put_v2_body(visit, comment->body, format);
	if (comment->is_inline) {
		put_cstr(out, "resolutionStatus", comment->is_resolved ? "resolved" : "open");
		put_open(out, "properties", '{');
		put_text(out, "inlineMarkerRef", comment->marker);
		put_text(out, "inlineOriginalSelection", comment->selection);
		put_close(out, '}');
	}
	put_open(out, "_links", '{');
	put_format(out, "webui", "/spaces/%s/pages/%u?focusedCommentId=%u", comment->space->key,
	    comment->container->id, comment->id);
	put_close(out, '}');
	put_close(out, '}');
}

static void
put_v2_comments(struct visit *visit, bool is_inline)
{
	const struct content *page = visit_page(visit, CONTENT_PAGE), *comment;
	struct slice status = visit_query(visit, "resolution-status");
	struct listing listing;

	if (page == NULL || !listing_begin(visit, &listing))
		return;
	LIST_EACH(comment, &page->comments)
	{
		if (comment->is_inline != is_inline || comment->parent != NULL)
			continue;
		if (status.n > 0 &&
		    !visit_lists(
			visit, "resolution-status", comment->is_resolved ? "resolved" : "open"))
			continue;
		if (listing_takes(&listing))
			put_v2_comment(visit, comment, NULL);
	}
	listing_end(visit, &listing);
}

static void
footers_get(struct visit *visit)
{
	put_v2_comments(visit, false);
}

static void
inlines_get(struct visit *visit)
{
	put_v2_comments(visit, true);
}

/* The page, or the comment that is answered; NULL: it has answered. */
static struct content *
commented(struct visit *visit, struct content **above)
{
	struct slice page_id = json_id(visit, yyjson_obj_get(visit->body, "pageId")),
		     above_id = json_id(visit, yyjson_obj_get(visit->body, "parentCommentId"));
	struct content *page;

	*above = above_id.p != NULL ? content_find(visit->world, above_id) : NULL;
	page = *above != NULL ? (*above)->container : content_find(visit->world, page_id);
	if (page == NULL || page->type > CONTENT_BLOG || (above_id.p != NULL && *above == NULL)) {
		visit_fail(visit, page_id.p == NULL && above_id.p == NULL ? 400 : 404,
		    "What is commented was not found");
		return NULL;
	}
	return page;
}

static struct content *
comment_create(struct visit *visit)
{
	struct content *above, *page = commented(visit, &above), *comment = NULL;
	struct buf storage;

	if (page == NULL)
		return NULL;
	buf_init(&storage, NULL, 128 * MIB);
	if (body_storage(visit, yyjson_obj_get(visit->body, "body"), &storage))
		comment = remark_create(visit, page, above, buf_view(&storage));
	buf_fini(&storage);
	return comment;
}

static void
footer_post(struct visit *visit)
{
	const struct content *comment = comment_create(visit);

	if (comment == NULL)
		return;
	visit->status = 201;
	put_v2_comment(visit, comment, "storage");
}

/* The text that is chosen must be on the page. */
static bool
selection_is_there(struct visit *visit, struct slice *selection)
{
	yyjson_val *about = yyjson_obj_get(visit->body, "inlineCommentProperties");
	const struct content *page =
	    content_find(visit->world, json_id(visit, yyjson_obj_get(visit->body, "pageId")));
	struct buf text;
	bool is_there;

	*selection = json_text(about, "textSelection");
	if (page == NULL || yyjson_obj_get(visit->body, "parentCommentId") != NULL)
		return true;
	if (selection->n == 0) {
		visit_fail(visit, 400, "inlineCommentProperties.textSelection is required");
		return false;
	}
	buf_init(&text, NULL, 128 * MIB);
	text_of_storage(&text, page->body);
	is_there = slice_has(buf_view(&text), *selection);
	buf_fini(&text);
	if (!is_there)
		visit_fail(visit, 400, "The text selection was not found on the page");
	return is_there;
}

static void
inline_post(struct visit *visit)
{
	struct content *comment;
	struct slice selection;

	if (!selection_is_there(visit, &selection))
		return;
	comment = comment_create(visit);
	if (comment == NULL)
		return;
	if (comment->parent == NULL)
		remark_make_inline(visit, comment, selection);
	visit->status = 201;
	put_v2_comment(visit, comment, "storage");
}

/* Each kind at its own address. */
static struct content *
visit_comment(struct visit *visit)
{
	struct content *comment = visit_page(visit, CONTENT_COMMENT);

	if (comment == NULL ||
	    comment->is_inline == (strstr(visit->route->path, "inline-comments") != NULL))
		return comment;
	visit_fail(visit, 404, "Not Found");
	return NULL;
}

static void
comment_get(struct visit *visit)
{
	const struct content *comment = visit_comment(visit);

	if (comment != NULL)
		put_v2_comment(visit, comment, NULL);
}

static void
comment_put(struct visit *visit)
{
	struct content *comment = visit_comment(visit);
	yyjson_val *body = yyjson_obj_get(visit->body, "body"),
		   *resolved = yyjson_obj_get(visit->body, "resolved");
	struct buf storage;
	bool ok;

	if (comment == NULL)
		return;
	buf_init(&storage, NULL, 128 * MIB);
	ok = (body == NULL || body_storage(visit, body, &storage)) &&
	    page_update(visit, comment, SLICE_NONE, body != NULL ? buf_view(&storage) : SLICE_NONE,
		yyjson_obj_get(visit->body, "version"));
	buf_fini(&storage);
	if (!ok)
		return;
	if (yyjson_is_bool(resolved))
		comment->is_resolved = yyjson_get_bool(resolved);
	put_v2_comment(visit, comment, "storage");
}

static void
comment_delete(struct visit *visit)
{
	struct content *comment = visit_comment(visit);

	if (comment != NULL)
		content_trash(visit, comment);
}

static void
answers_get(struct visit *visit)
{
	const struct content *comment = visit_page(visit, CONTENT_COMMENT), *answer;
	struct listing listing;

	if (comment == NULL || !listing_begin(visit, &listing))
		return;
	LIST_EACH(answer, &comment->children)
	if (listing_takes(&listing))
		put_v2_comment(visit, answer, NULL);
	listing_end(visit, &listing);
}

/* ---- spaces ---------------------------------------------------------------------------------- */

static void
put_v2_space(struct visit *visit, const struct space *space)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", space->id);
	put_cstr(out, "key", space->key);
	put_cstr(out, "name", space->name);
	put_cstr(out, "type", space->type);
	put_cstr(out, "status", "current");
	put_cstr(out, "authorId", sandbox_users[0].account_id);
	put_id(out, "homepageId", space->home->id);
	put_open(out, "description", '{');
	put_open(out, "plain", '{');
	put_cstr(out, "representation", "plain");
	put_cstr(out, "value", space->description);
	put_close(out, '}');
	put_close(out, '}');
	put_open(out, "_links", '{');
	put_format(out, "webui", "/spaces/%s", space->key);
	put_close(out, '}');
	put_close(out, '}');
}

static void
spaces_get(struct visit *visit)
{
	const struct space *space;
	struct listing listing;
	char id[16];

	if (!listing_begin(visit, &listing))
		return;
	LIST_EACH(space, &visit->world->spaces)
	{
		snprintf(id, sizeof(id), "%u", space->id);
		if ((visit_query(visit, "keys").n > 0 && !visit_lists(visit, "keys", space->key)) ||
		    (visit_query(visit, "ids").n > 0 && !visit_lists(visit, "ids", id)))
			continue;
		if (listing_takes(&listing))
			put_v2_space(visit, space);
	}
	listing_end(visit, &listing);
}

static const struct space *
visit_space(struct visit *visit)
{
	const struct space *space = space_find(visit->world, visit->args[0]);
	uint64_t id;

	if (space != NULL && slice_to_u64(visit->args[0], UINT32_MAX, &id))
		return space;
	visit_fail(visit, 404, "Not Found");
	return NULL;
}

static void
space_get(struct visit *visit)
{
	const struct space *space = visit_space(visit);

	if (space != NULL)
		put_v2_space(visit, space);
}

static void
space_pages(struct visit *visit)
{
	const struct space *space = visit_space(visit);

	if (space != NULL)
		put_pages(visit, space);
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/api/v2/pages",					ON_CLOUD, pages_get },
	{ "POST",	"/api/v2/pages",					ON_CLOUD, page_post },
	{ "GET",	"/api/v2/pages/{id}",					ON_CLOUD, page_get },
	{ "PUT",	"/api/v2/pages/{id}",					ON_CLOUD, page_put },
	{ "DELETE",	"/api/v2/pages/{id}",					ON_CLOUD, page_delete },
	{ "GET",	"/api/v2/pages/{id}/children",				ON_CLOUD, children_get },
	{ "GET",	"/api/v2/pages/{id}/direct-children",			ON_CLOUD, children_get },
	{ "GET",	"/api/v2/pages/{id}/descendants",			ON_CLOUD, descendants_get },
	{ "GET",	"/api/v2/pages/{id}/ancestors",				ON_CLOUD, ancestors_get },
	{ "GET",	"/api/v2/pages/{id}/labels",				ON_CLOUD, labels_get },
	{ "GET",	"/api/v2/pages/{id}/versions",				ON_CLOUD, versions_get },
	{ "GET",	"/api/v2/pages/{page-id}/versions/{version-number}",	ON_CLOUD, version_get },
	{ "GET",	"/api/v2/pages/{id}/attachments",			ON_CLOUD, attachments_get },
	{ "GET",	"/api/v2/blogposts/{id}",				ON_CLOUD, page_get },
	{ "GET",	"/api/v2/blogposts/{id}/labels",			ON_CLOUD, labels_get },
	{ "GET",	"/api/v2/blogposts/{id}/attachments",			ON_CLOUD, attachments_get },
	{ "GET",	"/api/v2/attachments/{id}/labels",			ON_CLOUD, labels_get },
	{ "GET",	"/api/v2/pages/{page-id}/properties",			ON_CLOUD, properties_get },
	{ "POST",	"/api/v2/pages/{page-id}/properties",			ON_CLOUD, property_post },
	{ "GET",	"/api/v2/pages/{page-id}/properties/{property-id}",	ON_CLOUD, property_get },
	{ "PUT",	"/api/v2/pages/{page-id}/properties/{property-id}",	ON_CLOUD, property_put },
	{ "DELETE",	"/api/v2/pages/{page-id}/properties/{property-id}",	ON_CLOUD, property_delete },
	{ "GET",	"/api/v2/pages/{id}/footer-comments",			ON_CLOUD, footers_get },
	{ "GET",	"/api/v2/pages/{id}/inline-comments",			ON_CLOUD, inlines_get },
	{ "POST",	"/api/v2/footer-comments",				ON_CLOUD, footer_post },
	{ "GET",	"/api/v2/footer-comments/{comment-id}",			ON_CLOUD, comment_get },
	{ "PUT",	"/api/v2/footer-comments/{comment-id}",			ON_CLOUD, comment_put },
	{ "DELETE",	"/api/v2/footer-comments/{comment-id}",			ON_CLOUD, comment_delete },
	{ "GET",	"/api/v2/footer-comments/{id}/children",		ON_CLOUD, answers_get },
	{ "POST",	"/api/v2/inline-comments",				ON_CLOUD, inline_post },
	{ "GET",	"/api/v2/inline-comments/{comment-id}",			ON_CLOUD, comment_get },
	{ "PUT",	"/api/v2/inline-comments/{comment-id}",			ON_CLOUD, comment_put },
	{ "DELETE",	"/api/v2/inline-comments/{comment-id}",			ON_CLOUD, comment_delete },
	{ "GET",	"/api/v2/inline-comments/{id}/children",		ON_CLOUD, answers_get },
	{ "GET",	"/api/v2/attachments/{id}",				ON_CLOUD, attachment_get },
	{ "DELETE",	"/api/v2/attachments/{id}",				ON_CLOUD, attachment_delete },
	{ "GET",	"/api/v2/spaces",					ON_CLOUD, spaces_get },
	{ "GET",	"/api/v2/spaces/{id}",					ON_CLOUD, space_get },
	{ "GET",	"/api/v2/spaces/{id}/pages",				ON_CLOUD, space_pages },
};
/* clang-format on */
const struct routes sandbox_wiki_v2_routes = { rows, COUNT(rows) };

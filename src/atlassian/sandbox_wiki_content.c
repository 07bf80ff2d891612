/*
 * The sandbox's Confluence, first API: contents and searches.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

static unsigned
limit_of(struct visit *visit)
{
	unsigned limit = visit_number(visit, "limit", 25, 250);

	return limit == 0 ? 1 : limit;
}

/* The revision that `version` asks for with status=historical; NULL: it has answered. */
static const struct revision *
asked_revision(struct visit *visit, const struct content *content)
{
	unsigned number = visit_number(visit, "version", 0, UINT32_MAX);

	if (number == 0)
		return content_revision(content);
	if (number <= content->revisions.n)
		return content->revisions.p[number - 1];
	visit_fail(visit, 404, "No content found with id %u and version %u", content->id, number);
	return NULL;
}

static void
content_get(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);
	const struct revision *revision = content != NULL ? asked_revision(visit, content) : NULL;
	bool is_trashed;

	if (revision == NULL)
		return;
	is_trashed = strcmp(content->status, "trashed") == 0;
	if (is_trashed && !visit_lists(visit, "status", "trashed") &&
	    !visit_lists(visit, "status", "any")) {
		visit_fail(visit, 404, "No content found with id: ContentId{id=%u}", content->id);
		return;
	}
	visit->expands_space = visit->expands_version = visit_query(visit, "expand").p == NULL;
	put_content_at(visit, NULL, content, revision);
}

static bool
is_listed(struct visit *visit, const struct content *content, const struct space *space)
{
	struct slice type = visit_query(visit, "type"), title = visit_query(visit, "title");

	if (content == NULL || strcmp(content->status, "current") != 0)
		return false;
	if (!slice_eq(type.n > 0 ? type : S("page"), slice_of(content_type_name(content))))
		return false;
	return (space == NULL || content->space == space) &&
	    (title.p == NULL || slice_eq_nocase(title, content->title));
}

static void
contents_get(struct visit *visit)
{
	struct slice key = visit_query(visit, "spaceKey");
	struct space *space = key.n > 0 ? space_find(visit->world, key) : NULL;
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX), limit = limit_of(visit),
		 n = 0;
	const struct content *content;

	if (key.n > 0 && space == NULL) {
		visit_fail(visit, 404, "No space with key : %.*s", SLICE_FMT(key));
		return;
	}
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	LIST_EACH(content, &visit->world->contents)
	{
		if (!is_listed(visit, content, space))
			continue;
		if (n >= start && n - start < limit)
			put_content(visit, NULL, content);
		n++;
	}
	put_close(&visit->out, ']');
	put_page_end(
	    visit, start, limit, n > start ? (n - start < limit ? n - start : limit) : 0, n);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* storage as it is; wiki and ADF become its paragraphs. False: it has answered. */
bool
body_storage(struct visit *visit, yyjson_val *body, struct buf *out)
{
	static const char *const kinds[] = { "storage", "editor", "wiki", "atlas_doc_format",
		"view" };
	yyjson_val *one = body;
	struct slice value, kind = json_text(body, "representation");
	yyjson_doc *adf;
	struct buf text;

	for (size_t i = 0; i < COUNT(kinds) && kind.p == NULL; i++)
		if ((one = yyjson_obj_get(body, kinds[i])) != NULL)
			kind = slice_of(kinds[i]);
	value = json_text(one, "value");
	if (value.p == NULL) {
		visit_fail(visit, 400, "The body needs a value in a representation");
		return false;
	}
	if (slice_eq(kind, S("wiki"))) {
		html_of_text(out, value);
	} else if (slice_eq(kind, S("atlas_doc_format"))) {
		adf = yyjson_read(value.p, value.n, 0);
		if (adf == NULL) {
			visit_fail(visit, 400, "The body is no Atlassian document");
			return false;
		}
		buf_init(&text, NULL, 64 * MIB);
		text_of_adf(&text, yyjson_doc_get_root(adf));
		html_of_text(out, buf_view(&text));
		buf_fini(&text);
		yyjson_doc_free(adf);
	} else {
		buf_put(out, value);
	}
	if (!storage_is_whole(buf_view(out))) {
		visit_fail(visit, 400, "Error parsing xhtml: its elements do not match");
		return false;
	}
	return true;
}

static bool
title_is_free(
    struct visit *visit, const struct space *space, struct slice title, const struct content *but)
{
	const struct content *content;

	LIST_EACH(content, &visit->world->contents)
	if (content != NULL && content != but && content->space == space &&
	    content->type <= CONTENT_BLOG && strcmp(content->status, "current") == 0 &&
	    slice_eq_nocase(content->title, title)) {
		visit_fail(visit, 400,
		    "A page with this title already exists: A page already exists with the "
		    "title %.*s in the space with key %s",
		    SLICE_FMT(title), space->key);
		return false;
	}
	return true;
}

struct content *
page_create(struct visit *visit, struct space *space, struct content *parent, struct slice title,
    struct slice storage, enum content_type type)
{
	struct content *content;

	if (slice_trim(title).n == 0) {
		visit_fail(visit, 400, "Title is required");
		return NULL;
	}
	if (title.n > 255) {
		visit_fail(visit, 400, "Title is too long: at most 255 characters");
		return NULL;
	}
	if (!title_is_free(visit, space, title, NULL) || !contents_have_room(visit))
		return NULL;
	content = content_new(visit->world, type, space);
	content->title = sandbox_dup(visit->sandbox, title);
	content->body = sandbox_dup(visit->sandbox, storage.p != NULL ? storage : S(""));
	content_revise(visit->world, content, visit->user, visit->now_ms, SLICE_NONE);
	if (parent != NULL)
		content_attach(visit->world, content, parent);
	return content;
}

bool
contents_have_room(struct visit *visit)
{
	if (visit->world->contents.n < CONTENTS_MAX)
		return true;
	visit_fail(visit, 507, "The sandbox has as many contents as it may: start it again.");
	return false;
}

struct content *
remark_create(
    struct visit *visit, struct content *page, struct content *above, struct slice storage)
{
	struct content *comment;

	if (!contents_have_room(visit))
		return NULL;
	comment = content_new(visit->world, CONTENT_COMMENT, page->space);
	comment->title = sandbox_dup(visit->sandbox,
	    arena_printf(visit->arena, "Re: %.*s", page->title.n > 200 ? 200 : (int)page->title.n,
		page->title.p));
	comment->body = sandbox_dup(visit->sandbox, storage);
	comment->container = page;
	list_add(visit->sandbox, &page->comments, comment);
	if (above != NULL) {
		content_attach(visit->world, comment, above);
		comment->is_inline = above->is_inline;
	}
	content_revise(visit->world, comment, visit->user, visit->now_ms, SLICE_NONE);
	return comment;
}

void
remark_make_inline(struct visit *visit, struct content *comment, struct slice selection)
{
	comment->is_inline = true;
	sandbox_set(visit->sandbox, &comment->selection, selection);
	sandbox_set(visit->sandbox, &comment->marker,
	    arena_printf(
		visit->arena, "5f2c%04x-0000-4000-8000-%012x", comment->id & 0xffff, comment->id));
}

/* The last of `ancestors`; *ok false: it has answered. */
static struct content *
last_ancestor(struct visit *visit, bool *ok)
{
	yyjson_val *ancestors = yyjson_obj_get(visit->body, "ancestors"),
		   *last = yyjson_arr_get_last(ancestors);
	struct content *above;

	*ok = true;
	if (last == NULL)
		return NULL;
	above = content_find(visit->world, json_id(visit, yyjson_obj_get(last, "id")));
	if (above == NULL) {
		visit_fail(visit, 404, "No parent or permission to see it");
		*ok = false;
	}
	return above;
}

static struct content *
comment_post(struct visit *visit, struct slice storage)
{
	yyjson_val *extensions = yyjson_obj_get(visit->body, "extensions");
	struct content *page, *above, *comment;
	struct slice selection =
	    json_text(yyjson_obj_get(extensions, "inlineProperties"), "originalSelection");
	bool ok;

	page = content_find(visit->world,
	    json_id(visit, yyjson_obj_get(yyjson_obj_get(visit->body, "container"), "id")));
	if (page == NULL) {
		visit_fail(visit, 404, "No container was found for the comment");
		return NULL;
	}
	above = last_ancestor(visit, &ok);
	comment = ok ? remark_create(visit, page, above, storage) : NULL;
	if (comment != NULL && slice_eq(json_text(extensions, "location"), S("inline")))
		remark_make_inline(visit, comment, selection);
	return comment;
}

static struct content *
page_post(struct visit *visit, struct slice storage, enum content_type type)
{
	yyjson_val *where = yyjson_obj_get(visit->body, "space");
	struct slice key = json_text(where, "key");
	struct space *space = space_find(
	    visit->world, key.p != NULL ? key : json_id(visit, yyjson_obj_get(where, "id")));
	struct content *above;
	bool ok;

	if (space == NULL) {
		visit_fail(
		    visit, where == NULL ? 400 : 404, "No space with key : %.*s", SLICE_FMT(key));
		return NULL;
	}
	above = last_ancestor(visit, &ok);
	if (!ok)
		return NULL;
	if (above == NULL && type == CONTENT_PAGE)
		above = space->home;
	return page_create(visit, space, above, json_text(visit->body, "title"), storage, type);
}

static void
content_post(struct visit *visit)
{
	struct slice type = json_text(visit->body, "type");
	struct content *content = NULL;
	struct buf storage;

	buf_init(&storage, NULL, 128 * MIB);
	if (!body_storage(visit, yyjson_obj_get(visit->body, "body"), &storage))
		goto out;
	if (slice_eq(type, S("comment")))
		content = comment_post(visit, buf_view(&storage));
	else if (slice_eq(type, S("page")) || slice_eq(type, S("blogpost")))
		content = page_post(visit, buf_view(&storage),
		    slice_eq(type, S("page")) ? CONTENT_PAGE : CONTENT_BLOG);
	else
		visit_fail(visit, 400, "Unsupported content type: '%.*s'", SLICE_FMT(type));
	if (content == NULL)
		goto out;
	visit->expands_space = visit->expands_version = true;
	put_content(visit, NULL, content);
out:
	buf_fini(&storage);
}

/* The version in the body must be the next one. */
MUST_CHECK static bool
version_is_next(struct visit *visit, const struct content *content, yyjson_val *version)
{
	yyjson_val *number = yyjson_obj_get(version, "number");

	if (!yyjson_is_uint(number)) {
		visit_fail(visit, 400,
		    "Must supply an incremented version when updating Content. "
		    "No version supplied.");
		return false;
	}
	if (yyjson_get_uint(number) == content->revisions.n + 1)
		return true;
	visit_fail(visit, 409, "Version must be incremented on update. Current version is: %u",
	    content->revisions.n);
	return false;
}

bool
page_update(struct visit *visit, struct content *content, struct slice title, struct slice storage,
    yyjson_val *version)
{
	struct revision *revision;

	if (!version_is_next(visit, content, version))
		return false;
	if (title.p != NULL && !title_is_free(visit, content->space, title, content))
		return false;
	if (title.p != NULL)
		sandbox_set(visit->sandbox, &content->title, title);
	if (storage.p != NULL)
		sandbox_set(visit->sandbox, &content->body, storage);
	revision = content_revise(
	    visit->world, content, visit->user, visit->now_ms, json_text(version, "message"));
	revision->is_minor = yyjson_is_true(yyjson_obj_get(version, "minorEdit"));
	return true;
}

/* What comes back from the trash stands below the homepage. */
void
content_revive(struct visit *visit, struct content *content)
{
	bool was_trashed = strcmp(content->status, "trashed") == 0;

	if (!slice_eq(json_text(visit->body, "status"), S("current")))
		return;
	content->status = "current";
	if (was_trashed && content->type == CONTENT_PAGE && content->parent == NULL &&
	    content != content->space->home)
		content_attach(visit->world, content, content->space->home);
}

static void
content_put(struct visit *visit)
{
	struct content *content = visit_content(visit, 0), *above;
	yyjson_val *body = yyjson_obj_get(visit->body, "body");
	struct buf storage;
	bool ok;

	if (content == NULL)
		return;
	buf_init(&storage, NULL, 128 * MIB);
	above = last_ancestor(visit, &ok);
	ok = ok && (body == NULL || body_storage(visit, body, &storage));
	if (ok && above != NULL && content_is_below(above, content)) {
		visit_fail(visit, 400, "A page cannot be moved below itself");
		ok = false;
	}
	if (ok &&
	    page_update(visit, content, json_text(visit->body, "title"),
		body != NULL ? buf_view(&storage) : SLICE_NONE,
		yyjson_obj_get(visit->body, "version"))) {
		if (above != NULL)
			content_attach(visit->world, content, above);
		content_revive(visit, content);
		visit->expands_space = visit->expands_version = true;
		put_content(visit, NULL, content);
	}
	buf_fini(&storage);
}

void
content_trash(struct visit *visit, struct content *content)
{
	struct content *child;

	if (content->type == CONTENT_COMMENT || content->type == CONTENT_ATTACHMENT ||
	    strcmp(content->status, "trashed") == 0) {
		content_drop(visit->world, content);
	} else {
		while (content->children.n > 0) {
			child = content->children.p[0];
			content_attach(visit->world, child, content->parent);
		}
		content->status = "trashed";
		content_detach(content);
	}
	visit_no_content(visit);
}

static void
content_delete(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);

	if (content != NULL)
		content_trash(visit, content);
}

/* ---- searches -------------------------------------------------------------------------------- */

static void
put_excerpt(struct visit *visit, const struct content *content)
{
	struct buf text;

	buf_init(&text, NULL, 64 * MIB);
	text_of_storage(&text, content->body);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n')
			text.p[i] = ' ';
	put_text(&visit->out, "excerpt",
	    (struct slice){ text.p != NULL ? text.p : "", text.n > 300 ? 300 : text.n });
	buf_fini(&text);
}

static void
put_result(struct visit *visit, const struct content *content)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_content(visit, "content", content);
	put_text(out, "title", content->title);
	put_excerpt(visit, content);
	if (visit->world->is_cloud)
		put_format(out, "url", "/spaces/%s/pages/%u", content->space->key, content->id);
	else
		put_format(out, "url", "/pages/viewpage.action?pageId=%u", content->id);
	put_open(out, "resultGlobalContainer", '{');
	put_cstr(out, "title", content->space->name);
	put_format(out, "displayUrl", visit->world->is_cloud ? "/spaces/%s" : "/display/%s",
	    content->space->key);
	put_close(out, '}');
	put_cstr(out, "entityType", "content");
	put_cstr(out, "iconCssClass", "aui-icon content-type-page");
	put_time(out, "lastModified", content_revision(content)->when_ms, "Z");
	put_cstr(out, "friendlyLastModified", "recently");
	put_close(out, '}');
}

static void
put_found(struct visit *visit, bool as_results)
{
	const struct query_caller caller = { visit->world, visit->user, visit->now_ms };
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX), limit = limit_of(visit), n, i;
	struct buf *out = &visit->out;
	const struct content **found;
	struct err err;

	if (!cql_find(visit->arena, &caller, visit_query(visit, "cql"), &found, &n, &err)) {
		visit_fail(visit, 400, "%s", err.text);
		return;
	}
	put_open(out, NULL, '{');
	put_open(out, "results", '[');
	for (i = start; i < n && i - start < limit; i++) {
		if (as_results)
			put_result(visit, found[i]);
		else
			put_content(visit, NULL, found[i]);
	}
	put_close(out, ']');
	if (as_results) {
		put_number(out, "totalSize", n);
		put_text(out, "cqlQuery", visit_query(visit, "cql"));
		put_number(out, "searchDuration", 1);
	}
	put_page_end(visit, start, limit, i > start ? i - start : 0, n);
}

static void
search_get(struct visit *visit)
{
	visit->expands_space = true;
	put_found(visit, true);
}

static void
content_search(struct visit *visit)
{
	put_found(visit, false);
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/content/search",	ON_BOTH, content_search },
	{ "GET",	"/rest/api/content/{id}",	ON_BOTH, content_get },
	{ "GET",	"/rest/api/content",		ON_BOTH, contents_get },
	{ "POST",	"/rest/api/content",		ON_BOTH, content_post },
	{ "PUT",	"/rest/api/content/{id}",	ON_BOTH, content_put },
	{ "DELETE",	"/rest/api/content/{id}",	ON_BOTH, content_delete },
	{ "GET",	"/rest/api/search",		ON_BOTH, search_get },
};
/* clang-format on */
const struct routes sandbox_wiki_content_routes = { rows, COUNT(rows) };

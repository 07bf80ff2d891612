/*
 * The sandbox's Confluence: blog posts of the second API, the archive, and old versions made new.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

/* ---- blog posts ------------------------------------------------------------------------------ */

static void
put_post(struct visit *visit, const struct content *post, bool with_body)
{
	const struct revision *now = content_revision(post), *first = post->revisions.p[0];
	struct buf *out = &visit->out;
	const struct slice *label;

	put_open(out, NULL, '{');
	put_id(out, "id", post->id);
	put_cstr(out, "status", post->status);
	put_text(out, "title", post->title);
	put_id(out, "spaceId", post->space->id);
	put_cstr(out, "authorId", first->by->account_id);
	put_time(out, "createdAt", first->when_ms, "Z");
	put_open(out, "version", '{');
	put_number(out, "number", now->number);
	put_text(out, "message", now->message.p != NULL ? now->message : S(""));
	put_cstr(out, "authorId", now->by->account_id);
	put_time(out, "createdAt", now->when_ms, "Z");
	put_close(out, '}');
	put_open(out, "body", '{');
	if (with_body || slice_eq(visit_query(visit, "body-format"), S("storage"))) {
		put_open(out, "storage", '{');
		put_cstr(out, "representation", "storage");
		put_body_value(visit, "value", "storage", post->body);
		put_close(out, '}');
	}
	put_close(out, '}');
	if (visit_flag(visit, "include-labels")) {
		put_open(out, "labels", '{');
		put_open(out, "results", '[');
		LIST_EACH(label, &post->labels)
		put_label(visit, NULL, post, *label);
		put_close(out, ']');
		put_close(out, '}');
	}
	put_open(out, "_links", '{');
	put_format(out, "webui", "/spaces/%s/blog/%u", post->space->key, post->id);
	put_close(out, '}');
	put_close(out, '}');
}

static struct content *
visit_post(struct visit *visit)
{
	struct content *post = content_find(visit->world, visit->args[0]);

	if (post != NULL && post->type == CONTENT_BLOG)
		return post;
	visit_fail(visit, 404, "Not Found");
	return NULL;
}

static void
post_get(struct visit *visit)
{
	const struct content *post = visit_post(visit);

	if (post != NULL)
		put_post(visit, post, false);
}

/* The newest first, whatever `sort` says; without pages beyond `limit`. */
static void
posts_get(struct visit *visit)
{
	struct slice title = visit_query(visit, "title");
	unsigned limit = visit_number(visit, "limit", 25, 250), n = 0;
	struct list *all = &visit->world->contents;
	char id[16];

	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	for (unsigned i = all->n; i > 0 && n < limit; i--) {
		const struct content *post = all->p[i - 1];

		if (post == NULL || post->type != CONTENT_BLOG ||
		    strcmp(post->status, "current") != 0 ||
		    (title.n > 0 && !slice_eq_nocase(title, post->title)))
			continue;
		snprintf(id, sizeof(id), "%u", post->space->id);
		if (visit_query(visit, "space-id").n > 0 && !visit_lists(visit, "space-id", id))
			continue;
		put_post(visit, post, false);
		n++;
	}
	put_close(&visit->out, ']');
	put_open(&visit->out, "_links", '{');
	put_close(&visit->out, '}');
	put_close(&visit->out, '}');
}

static void
post_post(struct visit *visit)
{
	struct slice id = json_id(visit, yyjson_obj_get(visit->body, "spaceId"));
	struct space *space = space_find(visit->world, id);
	struct content *post = NULL;
	struct buf storage;

	if (space == NULL) {
		visit_fail(visit, id.p == NULL ? 400 : 404, "Space with id '%.*s' was not found",
		    SLICE_FMT(id));
		return;
	}
	buf_init(&storage, NULL, 128 * MIB);
	if (body_storage(visit, yyjson_obj_get(visit->body, "body"), &storage))
		post = page_create(visit, space, NULL, json_text(visit->body, "title"),
		    buf_view(&storage), CONTENT_BLOG);
	buf_fini(&storage);
	if (post != NULL)
		put_post(visit, post, true);
}

static void
post_put(struct visit *visit)
{
	struct content *post = visit_post(visit);
	struct buf storage;

	if (post == NULL)
		return;
	buf_init(&storage, NULL, 128 * MIB);
	if (body_storage(visit, yyjson_obj_get(visit->body, "body"), &storage) &&
	    page_update(visit, post, json_text(visit->body, "title"), buf_view(&storage),
		yyjson_obj_get(visit->body, "version")))
		put_post(visit, post, true);
	buf_fini(&storage);
}

/* ---- the archive ----------------------------------------------------------------------------- */

static void
archive_post(struct visit *visit)
{
	yyjson_val *pages = yyjson_obj_get(visit->body, "pages"), *one;
	size_t i, max;

	yyjson_arr_foreach(pages, i, max, one)
	{
		struct slice id = json_id(visit, yyjson_obj_get(one, "id"));
		struct content *page = content_find(visit->world, id);

		if (page == NULL || page->type != CONTENT_PAGE ||
		    strcmp(page->status, "current") != 0) {
			visit_fail(visit, 404, "There is no page %.*s to archive", SLICE_FMT(id));
			return;
		}
		page->status = "archived";
	}
	if (yyjson_arr_size(pages) == 0) {
		visit_fail(visit, 400, "pages: at least one");
		return;
	}
	visit->status = 202;
	put_open(&visit->out, NULL, '{');
	put_format(&visit->out, "id", "%u", visit->world->next_id++);
	put_open(&visit->out, "links", '{');
	put_cstr(&visit->out, "status", "/rest/api/longtask");
	put_close(&visit->out, '}');
	put_close(&visit->out, '}');
}

/* ---- old versions ---------------------------------------------------------------------------- */

static void
version_post(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);
	yyjson_val *params = yyjson_obj_get(visit->body, "params"),
		   *number = yyjson_obj_get(params, "versionNumber");
	const struct revision *old;

	if (content == NULL)
		return;
	if (!yyjson_equals_str(yyjson_obj_get(visit->body, "operationKey"), "restore") ||
	    !yyjson_is_uint(number) || yyjson_get_uint(number) == 0 ||
	    yyjson_get_uint(number) > content->revisions.n) {
		visit_fail(
		    visit, 400, "operationKey must be restore, versionNumber one that is there");
		return;
	}
	old = content->revisions.p[yyjson_get_uint(number) - 1];
	if (yyjson_is_true(yyjson_obj_get(params, "restoreTitle")))
		sandbox_set(visit->sandbox, &content->title, old->title);
	sandbox_set(visit->sandbox, &content->body, old->body);
	put_revision(visit, NULL, content,
	    content_revise(
		visit->world, content, visit->user, visit->now_ms, json_text(params, "message")));
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/api/v2/blogposts",			ON_CLOUD, posts_get },
	{ "POST",	"/api/v2/blogposts",			ON_CLOUD, post_post },
	{ "GET",	"/api/v2/blogposts/{id}",		ON_CLOUD, post_get },
	{ "PUT",	"/api/v2/blogposts/{id}",		ON_CLOUD, post_put },
	{ "POST",	"/rest/api/content/archive",		ON_CLOUD, archive_post },
	{ "POST",	"/rest/api/content/{id}/version",	ON_CLOUD, version_post },
};
/* clang-format on */
const struct routes sandbox_wiki_extra_routes = { rows, COUNT(rows) };

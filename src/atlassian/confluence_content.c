/*
 * Contents of any kind: pages, blog posts, attachments.  Data Center has one address for all of
 * them.  Cloud has one for each kind, and an id does not tell which: pages are tried first, then
 * blog posts; attachments are told by their ids.
 */
#include "atlassian/confluence.h"

#define LIST_PAGE 100

static const char *const kinds[] = { "pages", "blogposts" };

bool
content_is_attachment(const char *id)
{
	return strncmp(id, "att", 3) == 0;
}

/* Of that kind there is none: the next one is tried. */
static bool
was_absent(struct work *work)
{
	if (work_status(work) != 404 || work->err->kind != ERR_RESOURCE)
		return false;
	*work->err = (struct err){ 0 };
	work->said = SLICE_NONE;
	return true;
}

static bool
take_wait(struct work *work, const char *id, yyjson_val *reply, struct page *out)
{
	return page_take_wait(work, reply, out) && space_check(work, out->space_key) &&
	    (out->status == NULL || strcmp(out->status, "trashed") != 0 ||
		work_fail(work, ERR_RESOURCE, "%.*s: %s is in the trash",
		    SLICE_FMT(work->site->provider.name), id));
}

bool
content_get_wait(struct work *work, const char *id, struct page *out)
{
	yyjson_val *reply;

	if (!work->is_cloud)
		return page_get_wait(work, id, 0, WITHOUT_BODY, out);
	if (!work_try_wait(work, &reply, "/api/v2/pages/{id}", "id", id, NULL) ||
	    (reply == NULL &&
		!work_get_wait(work, &reply, "/api/v2/blogposts/{id}", "id", id, NULL)))
		return false;
	return take_wait(work, id, reply, out);
}

bool
content_check_wait(struct work *work, const char *id)
{
	struct file_place place;
	struct page seen;

	if (id == NULL || work->site->config->filter_n == 0)
		return id != NULL;
	return content_is_attachment(id) ? file_find_wait(work, id, &place)
					 : content_get_wait(work, id, &seen);
}

/* ---- attachments ----------------------------------------------------------------------------- */

static const char *
cloud_holder(yyjson_val *file)
{
	static const char *const keys[] = { "pageId", "blogPostId", "customContentId" };
	const char *id = NULL;

	for (size_t i = 0; i < COUNT(keys) && id == NULL; i++)
		id = yyjson_get_str(yyjson_obj_get(file, keys[i]));
	return id;
}

bool
file_find_wait(struct work *work, const char *id, struct file_place *out)
{
	const char *type;
	bool ok;

	*out = (struct file_place){ 0 };
	ok = work->is_cloud
	    ? work_get_wait(work, &out->file, "/api/v2/attachments/{id}", "id", id, NULL)
	    : work_get_wait(work, &out->file, "/rest/api/content/{id}", "id", id, "expand",
		  "container,space,version", NULL);
	if (!ok)
		return false;
	type = yyjson_get_str(yyjson_obj_get(out->file, "type"));
	out->holder = work->is_cloud ? cloud_holder(out->file)
				     : yyjson_get_str(json_at(out->file, "container/id"));
	if (out->holder == NULL || (type != NULL && strcmp(type, "attachment") != 0))
		return work_fail(work, ERR_RESOURCE, "%.*s: %s is no attachment of a page",
		    SLICE_FMT(work->site->provider.name), id);
	if (work->is_cloud)
		return content_check_wait(work, out->holder);
	return space_check(work, yyjson_get_str(json_at(out->file, "space/key")));
}

/* ---- lists ----------------------------------------------------------------------------------- */

static bool
gather_wait(struct work *work, const char *path, const struct content_list *list, yyjson_val ***out,
    size_t *n, bool *has_more)
{
	/* Data Center begins anywhere, Cloud at the beginning. */
	int64_t skip = work->is_cloud ? list->start : 0;
	struct pages pages;

	pages_init(&pages, work, work->is_cloud ? PAGE_CURSOR : PAGE_START, path, "results",
	    work->is_cloud ? 0 : list->start, skip + list->most, LIST_PAGE);
	if (!pages_gather_wait(&pages, out, n))
		return false;
	skip = skip < (int64_t)*n ? skip : (int64_t)*n;
	*out += skip;
	*n -= (size_t)skip;
	*has_more = pages.next_token != NULL;
	return true;
}

static bool
cloud_list_wait(struct work *work, const char *kind, const char *id,
    const struct content_list *list, yyjson_val ***out, size_t *n, bool *has_more)
{
	const char *path = work_path(work, list->cloud, "kind", kind, "id", id, "filename",
	    list->filename, "mediaType", list->media_type, NULL);

	return path != NULL && gather_wait(work, path, list, out, n, has_more);
}

bool
content_list_wait(struct work *work, const char *id, const struct content_list *list,
    yyjson_val ***out, size_t *n, bool *has_more)
{
	const char *path;

	if (!work->is_cloud) {
		path = work_path(work, list->server, "id", id, "filename", list->filename,
		    "mediaType", list->media_type, "expand", list->expand, NULL);
		return path != NULL && gather_wait(work, path, list, out, n, has_more);
	}
	if (content_is_attachment(id))
		return cloud_list_wait(work, "attachments", id, list, out, n, has_more);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (cloud_list_wait(work, kinds[i], id, list, out, n, has_more))
			return true;
		if (i + 1 == COUNT(kinds) || !was_absent(work))
			break;
	}
	return false;
}

/*
 * The sandbox's Confluence, first API: what hangs on contents: children, comments, labels,
 * properties, versions, restrictions, attachments; copying and moving.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

#define UPLOADS_MAX 16
#define LIMIT_MOST  250

/* ---- lists ----------------------------------------------------------------------------------- */

struct listing {
	unsigned start, limit, n;
};

static struct listing
listing_begin(struct visit *visit)
{
	struct listing listing = { visit_number(visit, "start", 0, UINT32_MAX),
		visit_number(visit, "limit", 25, LIMIT_MOST), 0 };

	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	return listing;
}

static bool
listing_takes(struct listing *listing)
{
	unsigned at = listing->n++;

	return at >= listing->start && at - listing->start < listing->limit;
}

static void
listing_end(struct visit *visit, const struct listing *listing)
{
	unsigned left = listing->n > listing->start ? listing->n - listing->start : 0;

	put_close(&visit->out, ']');
	put_page_end(visit, listing->start, listing->limit,
	    left < listing->limit ? left : listing->limit, listing->n);
}

/* ---- children -------------------------------------------------------------------------------- */

static bool
is_shown(struct visit *visit, const struct content *content)
{
	bool is_all = slice_eq(visit_query(visit, "depth"), S("all"));

	if (content->type != CONTENT_COMMENT)
		return true;
	if (visit_query(visit, "location").n > 0 &&
	    !visit_lists(visit, "location", content->is_inline ? "inline" : "footer"))
		return false;
	return is_all || content->parent == NULL; /* no answers to other comments */
}

static void
put_list(struct visit *visit, const struct list *list, const char *type)
{
	struct listing listing = listing_begin(visit);
	struct slice filename = visit_query(visit, "filename"),
		     media_type = visit_query(visit, "mediaType");
	const struct content *content;

	LIST_EACH(content, list)
	{
		if (type != NULL && strcmp(content_type_name(content), type) != 0)
			continue;
		if (!is_shown(visit, content) ||
		    (filename.n > 0 && !slice_eq(filename, content->title)) ||
		    (media_type.n > 0 && !slice_eq(media_type, content->media_type)))
			continue;
		if (listing_takes(&listing))
			put_content(visit, NULL, content);
	}
	listing_end(visit, &listing);
}

static void
child_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);
	struct slice type = visit->args[1];

	if (content == NULL)
		return;
	if (slice_eq(type, S("comment")))
		put_list(visit,
		    content->type == CONTENT_COMMENT ? &content->children : &content->comments,
		    NULL);
	else if (slice_eq(type, S("attachment")))
		put_list(visit, &content->attachments, NULL);
	else if (slice_eq(type, S("page")) || slice_eq(type, S("folder")))
		put_list(visit, &content->children, slice_eq(type, S("page")) ? "page" : "folder");
	else
		visit_fail(visit, 404, "No content type is called '%.*s'", SLICE_FMT(type));
}

static void
descendants_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0), *other;
	struct listing listing;

	if (content == NULL)
		return;
	listing = listing_begin(visit);
	LIST_EACH(other, &visit->world->contents)
	if (other != NULL && other != content &&
	    slice_eq(visit->args[1], slice_of(content_type_name(other))) &&
	    content_is_below(other, content) && listing_takes(&listing))
		put_content(visit, NULL, other);
	listing_end(visit, &listing);
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void
put_labels(struct visit *visit, const struct content *content)
{
	struct listing listing = listing_begin(visit);
	const struct slice *label;

	LIST_EACH(label, &content->labels)
	if (listing_takes(&listing))
		put_label(visit, NULL, content, *label);
	listing_end(visit, &listing);
}

static void
labels_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);

	if (content != NULL)
		put_labels(visit, content);
}

static struct slice *
label_find(const struct content *content, struct slice name)
{
	struct slice *label;

	LIST_EACH(label, &content->labels)
	if (slice_eq_nocase(*label, name))
		return label;
	return NULL;
}

static bool
label_add(struct visit *visit, struct content *content, yyjson_val *value)
{
	struct slice name = json_text(value, "name"), *label;

	if (name.n == 0 || name.n > 255 || memchr(name.p, ' ', name.n) != NULL) {
		visit_fail(visit, 400, "The label '%.*s' is not valid", SLICE_FMT(name));
		return false;
	}
	if (label_find(content, name) != NULL)
		return true;
	label = SANDBOX_NEW(visit->sandbox, struct slice);
	*label = sandbox_dup(visit->sandbox, name);
	list_add(visit->sandbox, &content->labels, label);
	return true;
}

static void
labels_post(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);
	yyjson_val *value;
	size_t i, n;

	if (content == NULL)
		return;
	if (yyjson_is_obj(visit->body) && !label_add(visit, content, visit->body))
		return;
	yyjson_arr_foreach(visit->body, i, n, value)
	{
		if (!label_add(visit, content, value))
			return;
	}
	put_labels(visit, content);
}

static void
label_remove(struct visit *visit, struct slice name)
{
	struct content *content = visit_content(visit, 0);
	struct slice *label = content != NULL ? label_find(content, name) : NULL;

	if (content == NULL)
		return;
	if (label == NULL) {
		visit_fail(visit, 404, "The content has no label '%.*s'", SLICE_FMT(name));
		return;
	}
	list_remove(&content->labels, label);
	sandbox_set(visit->sandbox, label, SLICE_NONE);
	sandbox_release(visit->sandbox, label);
	visit_no_content(visit);
}

static void
label_delete(struct visit *visit)
{
	label_remove(visit, visit->args[1]);
}

static void
label_delete_query(struct visit *visit)
{
	label_remove(visit, visit_query(visit, "name"));
}

/* ---- properties ------------------------------------------------------------------------------ */

static void
put_property(struct visit *visit, const struct content *content, const struct property *property)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", property->id);
	put_text(out, "key", property->key);
	put_raw(out, "value", property->value);
	put_open(out, "version", '{');
	put_wiki_time(visit, "when", property->when_ms);
	put_number(out, "number", property->version);
	put_bool(out, "minorEdit", false);
	put_close(out, '}');
	put_open(out, "_links", '{');
	put_format(out, "self", "%s/rest/api/content/%u/property/%.*s", visit->world->wiki_url,
	    content->id, SLICE_FMT(property->key));
	put_close(out, '}');
	put_close(out, '}');
}

struct property *
property_find(const struct content *content, struct slice key_or_id)
{
	struct property *property;
	uint64_t id;

	LIST_EACH(property, &content->properties)
	if (slice_eq(property->key, key_or_id) ||
	    (slice_to_u64(key_or_id, UINT32_MAX, &id) && id == property->id))
		return property;
	return NULL;
}

/* NULL: it has answered. */
struct property *
property_add(struct visit *visit, struct content *content, struct slice key, yyjson_val *value)
{
	struct property *property;

	if (key.n == 0 || key.n > 255 || value == NULL) {
		visit_fail(visit, 400, "A property needs a key and a value");
		return NULL;
	}
	if (property_find(content, key) != NULL) {
		visit_fail(
		    visit, 409, "A property with the key %.*s exists already", SLICE_FMT(key));
		return NULL;
	}
	property = SANDBOX_NEW(visit->sandbox, struct property);
	property->id = visit->world->next_id++;
	property->version = 1;
	property->when_ms = visit->now_ms;
	property->key = sandbox_dup(visit->sandbox, key);
	property->value = sandbox_dup(visit->sandbox, json_raw(visit, value));
	list_add(visit->sandbox, &content->properties, property);
	return property;
}

bool
property_update(struct visit *visit, struct property *property)
{
	yyjson_val *number = yyjson_obj_get(yyjson_obj_get(visit->body, "version"), "number");

	if (!yyjson_is_uint(number) || yyjson_get_uint(number) != property->version + 1) {
		visit_fail(visit, 409,
		    "Version must be incremented on update. Current version is: %u",
		    property->version);
		return false;
	}
	sandbox_set(visit->sandbox, &property->value,
	    json_raw(visit, yyjson_obj_get(visit->body, "value")));
	property->version++;
	property->when_ms = visit->now_ms;
	return true;
}

static void
properties_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);
	const struct property *property;
	struct listing listing;

	if (content == NULL)
		return;
	listing = listing_begin(visit);
	LIST_EACH(property, &content->properties)
	if (listing_takes(&listing))
		put_property(visit, content, property);
	listing_end(visit, &listing);
}

static void
property_post(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);
	struct property *property;

	if (content == NULL)
		return;
	property = property_add(
	    visit, content, json_text(visit->body, "key"), yyjson_obj_get(visit->body, "value"));
	if (property != NULL)
		put_property(visit, content, property);
}

static struct property *
visit_property(struct visit *visit, const struct content *content)
{
	struct property *property = property_find(content, visit->args[1]);

	if (property == NULL)
		visit_fail(visit, 404, "Cannot find a property with key '%.*s'",
		    SLICE_FMT(visit->args[1]));
	return property;
}

static void
property_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);
	const struct property *property = content != NULL ? visit_property(visit, content) : NULL;

	if (property != NULL)
		put_property(visit, content, property);
}

static void
property_put(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);
	struct property *property = content != NULL ? property_find(content, visit->args[1]) : NULL;

	if (content == NULL)
		return;
	if (property == NULL)
		property = property_add(
		    visit, content, visit->args[1], yyjson_obj_get(visit->body, "value"));
	else if (!property_update(visit, property))
		return;
	if (property != NULL)
		put_property(visit, content, property);
}

static void
property_delete(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);
	struct property *property = content != NULL ? visit_property(visit, content) : NULL;

	if (property == NULL)
		return;
	list_remove(&content->properties, property);
	visit_no_content(visit);
}

/* ---- versions -------------------------------------------------------------------------------- */

static void
history_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);

	if (content != NULL)
		put_history(visit, NULL, content);
}

static void
versions_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);
	struct listing listing;

	if (content == NULL)
		return;
	listing = listing_begin(visit);
	for (unsigned i = content->revisions.n; i-- > 0;)
		if (listing_takes(&listing))
			put_revision(visit, NULL, content, content->revisions.p[i]);
	listing_end(visit, &listing);
}

static void
version_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);
	uint64_t number;

	if (content == NULL)
		return;
	if (slice_to_u64(visit->args[1], content->revisions.n, &number) && number > 0)
		put_revision(visit, NULL, content, content->revisions.p[number - 1]);
	else
		visit_fail(visit, 404, "No version %.*s", SLICE_FMT(visit->args[1]));
}

/* ---- restrictions ---------------------------------------------------------------------------- */

static const char *const operations[] = { "read", "update" };

static void
put_restriction(struct visit *visit, const char *key, const struct content *content, unsigned at)
{
	struct buf *out = &visit->out;
	const struct slice *group;
	const struct user *user;

	put_open(out, key, '{');
	put_cstr(out, "operation", operations[at]);
	put_open(out, "restrictions", '{');
	put_open(out, "user", '{');
	put_open(out, "results", '[');
	LIST_EACH(user, &content->limits[at])
	put_wiki_user(visit, NULL, user);
	put_close(out, ']');
	put_number(out, "start", 0);
	put_number(out, "limit", 200);
	put_number(out, "size", content->limits[at].n);
	put_close(out, '}');
	put_open(out, "group", '{');
	put_open(out, "results", '[');
	LIST_EACH(group, &content->group_limits[at])
	{
		put_open(out, NULL, '{');
		put_cstr(out, "type", "group");
		put_text(out, "name", *group);
		put_close(out, '}');
	}
	put_close(out, ']');
	put_number(out, "start", 0);
	put_number(out, "limit", 200);
	put_number(out, "size", content->group_limits[at].n);
	put_close(out, '}');
	put_close(out, '}');
	put_close(out, '}');
}

static void
restrictions_by_operation(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);

	if (content == NULL)
		return;
	put_open(&visit->out, NULL, '{');
	for (unsigned i = 0; i < COUNT(operations); i++)
		put_restriction(visit, operations[i], content, i);
	put_close(&visit->out, '}');
}

static void
put_restrictions(struct visit *visit, const struct content *content)
{
	struct listing listing = listing_begin(visit);

	for (unsigned i = 0; i < COUNT(operations); i++)
		if (listing_takes(&listing))
			put_restriction(visit, NULL, content, i);
	listing_end(visit, &listing);
}

static void
restrictions_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);

	if (content != NULL)
		put_restrictions(visit, content);
}

static const struct user *
restricted_user(yyjson_val *value)
{
	static const char *const keys[] = { "accountId", "username", "userKey" };
	struct slice id = SLICE_NONE;

	for (size_t i = 0; i < COUNT(keys) && id.p == NULL; i++)
		id = json_text(value, keys[i]);
	return user_find(id);
}

/* A list that stands as it is, or in "results". */
static yyjson_val *
results_of(yyjson_val *value)
{
	return yyjson_is_obj(value) ? yyjson_obj_get(value, "results") : value;
}

static bool
restriction_set(struct visit *visit, struct content *content, yyjson_val *value)
{
	yyjson_val *both = yyjson_obj_get(value, "restrictions"), *one;
	struct slice operation = json_text(value, "operation"), *group;
	unsigned at = slice_eq(operation, S("update"));
	size_t i, n;

	if (!slice_eq(operation, slice_of(operations[at]))) {
		visit_fail(visit, 400, "Unknown operation '%.*s'", SLICE_FMT(operation));
		return false;
	}
	yyjson_arr_foreach(results_of(yyjson_obj_get(both, "user")), i, n, one)
	{
		if (restricted_user(one) != NULL)
			continue;
		visit_fail(visit, 400, "A user of the restriction does not exist");
		return false;
	}
	content->limits[at].n = content->group_limits[at].n = 0;
	yyjson_arr_foreach(results_of(yyjson_obj_get(both, "user")), i, n, one)
	    list_add(visit->sandbox, &content->limits[at], (void *)(uintptr_t)restricted_user(one));
	yyjson_arr_foreach(results_of(yyjson_obj_get(both, "group")), i, n, one)
	{
		group = SANDBOX_NEW(visit->sandbox, struct slice);
		*group = sandbox_dup(visit->sandbox, json_text(one, "name"));
		list_add(visit->sandbox, &content->group_limits[at], group);
	}
	return true;
}

static void
restrictions_put(struct visit *visit)
{
	struct content *content = visit_content(visit, 0);
	yyjson_val *value, *all = results_of(visit->body);
	size_t i, n;

	if (content == NULL)
		return;
	if (!yyjson_is_arr(all)) {
		visit_fail(visit, 400, "The body must be a list of restrictions");
		return;
	}
	yyjson_arr_foreach(all, i, n, value)
	{
		if (!restriction_set(visit, content, value))
			return;
	}
	put_restrictions(visit, content);
}

/* ---- attachments ----------------------------------------------------------------------------- */

static struct content *
file_of(const struct content *page, struct slice name)
{
	struct content *file;

	LIST_EACH(file, &page->attachments)
	if (slice_eq(file->title, name))
		return file;
	return NULL;
}

static void
file_set(struct visit *visit, struct content *file, const struct upload *upload, struct slice note)
{
	sandbox_set(visit->sandbox, &file->media_type,
	    upload->type.n > 0 ? upload->type : S("application/octet-stream"));
	sandbox_set(visit->sandbox, &file->data, upload->data);
	sandbox_set(visit->sandbox, &file->note, note.p != NULL ? note : S(""));
	content_revise(visit->world, file, visit->user, visit->now_ms, note);
}

static struct content *
file_new(struct visit *visit, struct content *page, struct slice name)
{
	struct content *file = content_new(visit->world, CONTENT_ATTACHMENT, page->space);

	file->title = sandbox_dup(visit->sandbox, name);
	file->container = page;
	list_add(visit->sandbox, &page->attachments, file);
	return file;
}

/* The first file among the parts, and what is said about it. */
static const struct upload *
upload_of(const struct upload *uploads, unsigned n, struct slice *note)
{
	const struct upload *file = NULL;

	*note = SLICE_NONE;
	for (unsigned i = n; i-- > 0;) {
		if (uploads[i].filename.n > 0)
			file = &uploads[i];
		else if (slice_eq(uploads[i].name, S("comment")))
			*note = uploads[i].data;
	}
	return file;
}

static void
upload(struct visit *visit, bool may_replace)
{
	struct content *page = visit_content(visit, 0), *file;
	struct upload uploads[UPLOADS_MAX];
	const struct upload *one;
	struct slice note;
	unsigned n;

	if (page == NULL || !visit_uploads(visit, uploads, UPLOADS_MAX, &n) ||
	    !contents_have_room(visit))
		return;
	one = upload_of(uploads, n, &note);
	if (one == NULL) {
		visit_fail(visit, 400, "No file was found in the request");
		return;
	}
	file = file_of(page, one->filename);
	if (file != NULL && !may_replace) {
		visit_fail(visit, 400,
		    "Cannot add a new attachment with same file name as an existing attachment: %.*s",
		    SLICE_FMT(one->filename));
		return;
	}
	if (file == NULL)
		file = file_new(visit, page, one->filename);
	file_set(visit, file, one, note);
	visit->expands_version = true;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	put_content(visit, NULL, file);
	put_close(&visit->out, ']');
	put_page_end(visit, 0, 1, 1, 1);
}

static void
attachment_post(struct visit *visit)
{
	upload(visit, false);
}

static void
attachment_put(struct visit *visit)
{
	upload(visit, true);
}

static struct content *
visit_file(struct visit *visit, unsigned arg)
{
	struct content *file = visit_content(visit, arg);

	if (file == NULL || file->type == CONTENT_ATTACHMENT)
		return file;
	visit_fail(visit, 404, "No attachment has the id %u", file->id);
	return NULL;
}

static void
attachment_replace(struct visit *visit)
{
	struct content *file = visit_file(visit, 1);
	struct upload uploads[UPLOADS_MAX];
	const struct upload *one;
	struct slice note;
	unsigned n;

	if (file == NULL || !visit_uploads(visit, uploads, UPLOADS_MAX, &n))
		return;
	one = upload_of(uploads, n, &note);
	if (one == NULL) {
		visit_fail(visit, 400, "No file was found in the request");
		return;
	}
	file_set(visit, file, one, note);
	visit->expands_version = true;
	put_content(visit, NULL, file);
}

static void
put_data(struct visit *visit, const struct content *file)
{
	visit->type = file->media_type;
	buf_put(&visit->out, file->data);
}

#define STORE_KEY "open"

/* As Cloud does it: elsewhere, with a permission that stands in the address. */
static void
attachment_download(struct visit *visit)
{
	const struct content *file = visit_file(visit, 1);
	struct slice host = http_request_header(visit->request, S("Host"));

	if (file == NULL)
		return;
	visit_no_content(visit);
	visit->status = 302;
	visit->headers = arena_printf(visit->arena,
	    "Location: http://%.*s%s/store/%u/binary?token=" STORE_KEY "\r\n", SLICE_FMT(host),
	    visit->world->wiki_path, file->id);
}

static void
store_get(struct visit *visit)
{
	const struct content *file = visit_file(visit, 0);

	if (file == NULL)
		return;
	if (slice_eq(visit_query(visit, "token"), S(STORE_KEY)))
		put_data(visit, file);
	else
		visit_fail(visit, 403, "The address of the file is none that was given out");
}

static void
attachment_by_name(struct visit *visit)
{
	const struct content *page = visit_content(visit, 0),
			     *file = page != NULL ? file_of(page, visit->args[1]) : NULL;

	if (file != NULL)
		put_data(visit, file);
	else if (page != NULL)
		visit_fail(visit, 404, "No attachment is called %.*s", SLICE_FMT(visit->args[1]));
}

/* ---- copying and moving ---------------------------------------------------------------------- */

static void
content_copy(struct visit *visit)
{
	struct content *page = visit_content(visit, 0), *above = NULL, *copy;
	yyjson_val *to = yyjson_obj_get(visit->body, "destination");
	struct slice title = json_text(visit->body, "pageTitle"), type = json_text(to, "type"),
		     value = json_id(visit, yyjson_obj_get(to, "value"));
	struct space *space;
	const struct slice *label;

	if (page == NULL)
		return;
	space = page->space;
	if (slice_eq(type, S("space"))) {
		space = space_find(visit->world, value);
	} else {
		above = content_find(visit->world, value);
		space = above != NULL ? above->space : NULL;
	}
	if (space == NULL) {
		visit_fail(visit, 404, "The destination '%.*s' was not found", SLICE_FMT(value));
		return;
	}
	copy = page_create(
	    visit, space, above, title.p != NULL ? title : page->title, page->body, CONTENT_PAGE);
	if (copy == NULL)
		return;
	if (yyjson_is_true(yyjson_obj_get(visit->body, "copyLabels")))
		LIST_EACH(label, &page->labels)
		{
			struct slice *one = SANDBOX_NEW(visit->sandbox, struct slice);

			*one = sandbox_dup(visit->sandbox, *label);
			list_add(visit->sandbox, &copy->labels, one);
		}
	visit->expands_space = visit->expands_version = true;
	put_content(visit, NULL, copy);
}

/* False: it has answered. */
static bool
move(struct visit *visit, struct content *page, struct slice position, struct slice target_id)
{
	struct content *target = content_find(visit->world, target_id), *above, *child;

	if (target == NULL) {
		visit_fail(visit, 404, "The target page was not found");
		return false;
	}
	if (!slice_eq(position, S("append")) && !slice_eq(position, S("before")) &&
	    !slice_eq(position, S("after")) && !slice_eq(position, S("above")) &&
	    !slice_eq(position, S("below"))) {
		visit_fail(visit, 400, "Unknown position '%.*s'", SLICE_FMT(position));
		return false;
	}
	above = slice_eq(position, S("append")) ? target : target->parent;
	if (content_is_below(above, page)) {
		visit_fail(visit, 400, "A page cannot be moved below itself");
		return false;
	}
	content_attach(visit->world, page, above);
	LIST_EACH(child, &visit->world->contents)
	if (child != NULL && content_is_below(child, page))
		child->space = target->space;
	return true;
}

static void
content_move(struct visit *visit)
{
	struct content *page = visit_content(visit, 0);

	if (page == NULL || !move(visit, page, visit->args[1], visit->args[2]))
		return;
	put_open(&visit->out, NULL, '{');
	put_id(&visit->out, "pageId", page->id);
	put_close(&visit->out, '}');
}

/* The action of the web pages, which Data Center's clients use for want of another. */
static void
move_action(struct visit *visit)
{
	struct content *page = content_find(visit->world, visit_query(visit, "pageId"));
	struct slice target = visit_query(visit, "targetId"),
		     position = visit_query(visit, "position");
	struct space *space = space_find(visit->world, visit_query(visit, "spaceKey"));

	if (page == NULL) {
		visit_fail(visit, 404, "The page was not found");
		return;
	}
	if (target.n == 0 && space != NULL) { /* to the top of a space */
		target = arena_printf(visit->arena, "%u", space->home->id);
		position = S("append");
	}
	if (!move(visit, page, position, target))
		return;
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "page", '{');
	put_id(&visit->out, "id", page->id);
	put_close(&visit->out, '}');
	put_close(&visit->out, '}');
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/content/{id}/child/{type}",			ON_BOTH, child_get },
	{ "GET",	"/rest/api/content/{id}/descendant/{type}",	ON_BOTH, descendants_get },
	{ "GET",	"/rest/api/content/{id}/label",				ON_BOTH, labels_get },
	{ "POST",	"/rest/api/content/{id}/label",				ON_BOTH, labels_post },
	{ "DELETE",	"/rest/api/content/{id}/label",				ON_BOTH, label_delete_query },
	{ "DELETE",	"/rest/api/content/{id}/label/{label}",			ON_BOTH, label_delete },
	{ "GET",	"/rest/api/content/{id}/property",			ON_BOTH, properties_get },
	{ "POST",	"/rest/api/content/{id}/property",			ON_BOTH, property_post },
	{ "GET",	"/rest/api/content/{id}/property/{key}",		ON_BOTH, property_get },
	{ "PUT",	"/rest/api/content/{id}/property/{key}",		ON_BOTH, property_put },
	{ "DELETE",	"/rest/api/content/{id}/property/{key}",		ON_BOTH, property_delete },
	{ "GET",	"/rest/api/content/{id}/history",			ON_BOTH, history_get },
	{ "GET",	"/rest/api/content/{id}/version",			ON_BOTH, versions_get },
	{ "GET",	"/rest/api/content/{id}/version/{versionNumber}",	ON_BOTH, version_get },
	{ "GET",	"/rest/api/content/{id}/restriction",			ON_CLOUD, restrictions_get },
	{ "PUT",	"/rest/api/content/{id}/restriction",			ON_BOTH, restrictions_put },
	{ "GET",	"/rest/api/content/{id}/restriction/byOperation",	ON_BOTH, restrictions_by_operation },
	{ "POST",	"/rest/api/content/{id}/child/attachment",		ON_BOTH | NO_BODY, attachment_post },
	{ "PUT",	"/rest/api/content/{id}/child/attachment",		ON_CLOUD | NO_BODY, attachment_put },
	{ "POST",	"/rest/api/content/{id}/child/attachment/{attachmentId}/data", ON_BOTH | NO_BODY, attachment_replace },
	{ "GET",	"/rest/api/content/{id}/child/attachment/{attachmentId}/download", ON_CLOUD, attachment_download },
	{ "GET",	"/store/{id}/binary",					ON_CLOUD | ANONYMOUS, store_get },
	{ "GET",	"/download/attachments/{id}/{filename}",		ON_BOTH, attachment_by_name },
	{ "POST",	"/rest/api/content/{id}/copy",				ON_CLOUD, content_copy },
	{ "PUT",	"/rest/api/content/{pageId}/move/{position}/{targetId}", ON_CLOUD, content_move },
	{ "POST",	"/pages/movepage.action",				ON_BOTH | NO_BODY, move_action },
};
/* clang-format on */
const struct routes sandbox_wiki_part_routes = { rows, COUNT(rows) };

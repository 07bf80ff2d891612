/*
 * A page of Confluence, from whichever API it came, and how it is shown.  Every page that is read
 * for a caller goes through here, and with it the rule which spaces may be seen.
 */
#include <stdio.h>

#include "atlassian/confluence.h"

#define SPACES_KEPT 2000
#define TINY_MAX    16

/* ---- spaces ---------------------------------------------------------------------------------- */

bool
space_is_visible(const struct work *work, const char *key)
{
	const struct config_site *config = work->site->config;

	for (size_t i = 0; i < config->filter_n; i++) {
		if (key != NULL && slice_eq_nocase(config->filter[i], slice_of(key)))
			return true;
	}
	return config->filter_n == 0;
}

bool
space_check(struct work *work, const char *key)
{
	return space_is_visible(work, key) ||
	    work_fail(work, ERR_REFUSED, "%.*s: space %s is not among those that may be used here",
		SLICE_FMT(work->site->provider.name), key != NULL ? key : "(unknown)");
}

static const char *
keep(struct access *access, struct slice text)
{
	struct err err;

	return text.p != NULL && arena_reserve(&access->arena, text.n + 1, &err)
	    ? slice_cstr(&access->arena, text)
	    : NULL;
}

static struct space *
space_keep(struct access *access, yyjson_val *source)
{
	struct slice id = json_slice(yyjson_obj_get(source, "id"));
	struct space *space;
	struct err err;

	if (id.n == 0 || access->spaces_n >= SPACES_KEPT ||
	    !arena_reserve(&access->arena, sizeof(*space), &err))
		return NULL;
	space = ARENA_NEW(&access->arena, struct space);
	space->id = keep(access, id);
	space->key = keep(access, json_slice(yyjson_obj_get(source, "key")));
	space->name = keep(access, json_slice(yyjson_obj_get(source, "name")));
	if (space->id == NULL || space->key == NULL)
		return NULL;
	space->next = access->spaces;
	access->spaces = space;
	access->spaces_n++;
	return space;
}

bool
space_key_wait(struct work *work, const char *id, const char **key, const char **name)
{
	struct space *space = work->access->spaces;
	yyjson_val *reply;

	while (space != NULL && strcmp(space->id, id) != 0)
		space = space->next;
	if (space == NULL) {
		if (!work_get_wait(work, &reply, "/api/v2/spaces/{space}", "space", id, NULL))
			return false;
		*key = yyjson_get_str(yyjson_obj_get(reply, "key"));
		*name = yyjson_get_str(yyjson_obj_get(reply, "name"));
		(void)space_keep(work->access, reply);
		return true;
	}
	*key = space->key;
	*name = space->name;
	return true;
}

const char *
space_id_wait(struct work *work, const char *key)
{
	struct space *space = work->access->spaces;
	yyjson_val *reply, *first;

	while (space != NULL && !slice_eq_nocase(slice_of(space->key), slice_of(key)))
		space = space->next;
	if (space != NULL)
		return space->id;
	if (!work_get_wait(work, &reply, "/api/v2/spaces", "keys", key, "limit", "1", NULL))
		return NULL;
	first = yyjson_arr_get_first(yyjson_obj_get(reply, "results"));
	if (first == NULL) {
		work_fail(work, ERR_RESOURCE, "%.*s: no space has the key %s",
		    SLICE_FMT(work->site->provider.name), key);
		return NULL;
	}
	(void)space_keep(work->access, first);
	return yyjson_get_str(yyjson_obj_get(first, "id"));
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *
text_at(yyjson_val *source, const char *path)
{
	return yyjson_get_str(json_at(source, path));
}

/* Ids are strings; an old server may send numbers. */
static const char *
id_at(struct work *work, yyjson_val *source, const char *path)
{
	yyjson_val *value = json_at(source, path);

	return yyjson_is_int(value) ? work_number(work, yyjson_get_sint(value))
				    : yyjson_get_str(value);
}

static void
take_content(struct work *work, yyjson_val *source, struct page *out)
{
	yyjson_val *ancestors = yyjson_obj_get(source, "ancestors");

	out->space_id = id_at(work, source, "space/id");
	out->space_key = text_at(source, "space/key");
	out->space_name = text_at(source, "space/name");
	out->created = text_at(source, "history/createdDate");
	out->updated = text_at(source, "version/when");
	out->author = text_at(source, "version/by/displayName");
	out->ancestors = ancestors;
	out->parent_id = id_at(work, yyjson_arr_get_last(ancestors), "id");
	out->attachments = json_at(source, "children/attachment/results");
	out->labels = json_at(source, "metadata/labels/results");
	out->subtype = text_at(source, "subType");
}

static bool
take_v2_wait(struct work *work, yyjson_val *source, struct page *out)
{
	out->space_id = id_at(work, source, "spaceId");
	out->parent_id = id_at(work, source, "parentId");
	out->created = text_at(source, "createdAt");
	out->updated = text_at(source, "version/createdAt");
	out->author_id = text_at(source, "version/authorId");
	out->labels = json_at(source, "labels/results");
	out->subtype = text_at(source, "subtype");
	if (out->type == NULL)
		out->type = "page";
	return out->space_id == NULL ||
	    space_key_wait(work, out->space_id, &out->space_key, &out->space_name);
}

bool
page_take_wait(struct work *work, yyjson_val *source, struct page *out)
{
	*out = (struct page){ .id = id_at(work, source, "id"),
		.type = text_at(source, "type"),
		.status = text_at(source, "status"),
		.title = text_at(source, "title"),
		.version = yyjson_get_sint(json_at(source, "version/number")),
		.message = text_at(source, "version/message"),
		.web = text_at(source, "_links/webui"),
		.body = json_slice(json_at(source, "body/storage/value")) };
	if (out->id == NULL)
		return work_fail(work, ERR_UNAVAILABLE, "%.*s sent a page without an id",
		    SLICE_FMT(work->site->provider.name));
	if (yyjson_obj_get(source, "spaceId") != NULL)
		return take_v2_wait(work, source, out);
	take_content(work, source, out);
	return true;
}

#define EXPAND "version,space,history,ancestors,children.attachment.version,metadata.labels"

bool
page_get_wait(
    struct work *work, const char *id, int64_t version, enum page_body body, struct page *out)
{
	const char *number = version > 0 ? work_number(work, version) : NULL;
	yyjson_val *reply;
	bool ok;

	if (work->is_cloud)
		ok = work_get_wait(work, &reply, "/api/v2/pages/{page}", "page", id, "body-format",
		    body == WITH_BODY ? "storage" : NULL, "version", number, "include-labels",
		    "true", NULL);
	else
		ok = work_get_wait(work, &reply, "/rest/api/content/{page}", "page", id, "expand",
		    body == WITH_BODY ? "body.storage," EXPAND : EXPAND, "status",
		    version > 0 ? "historical" : NULL, "version", number, NULL);
	if (!ok || !page_take_wait(work, reply, out) || !space_check(work, out->space_key))
		return false;
	/* Cloud still gives a page that was deleted. */
	return out->status == NULL || strcmp(out->status, "trashed") != 0 ||
	    work_fail(work, ERR_RESOURCE, "%.*s: page %s is in the trash",
		SLICE_FMT(work->site->provider.name), id);
}

bool
page_find_wait(struct work *work, const char *space_key, const char *title, enum page_body body,
    struct page *out, bool *found)
{
	const char *space_id;
	yyjson_val *reply, *first;
	bool ok;

	*found = false;
	if (!space_check(work, space_key))
		return false;
	if (work->is_cloud) {
		space_id = space_id_wait(work, space_key);
		ok = space_id != NULL &&
		    work_get_wait(work, &reply, "/api/v2/pages", "space-id", space_id, "title",
			title, "body-format", body == WITH_BODY ? "storage" : NULL, "limit", "1",
			NULL);
	} else {
		ok = work_get_wait(work, &reply, "/rest/api/content", "spaceKey", space_key,
		    "title", title, "type", "page", "expand",
		    body == WITH_BODY ? "body.storage," EXPAND : EXPAND, "limit", "1", NULL);
	}
	if (!ok)
		return false;
	first = yyjson_arr_get_first(yyjson_obj_get(reply, "results"));
	if (first == NULL)
		return true;
	*found = true;
	return page_take_wait(work, first, out) && space_check(work, out->space_key);
}

bool
page_check_wait(struct work *work, const char *page)
{
	struct page seen;

	return page != NULL &&
	    (work->site->config->filter_n == 0 ||
		page_get_wait(work, page, 0, WITHOUT_BODY, &seen));
}

/* ---- ids in URLs ----------------------------------------------------------------------------- */

static struct slice
digits_at(const char *p)
{
	return (struct slice){ p, strspn(p, "0123456789") };
}

/* "/x/AbCd": base64 of the id, little end first, with - and _ for / and +. */
static const char *
tiny_id(struct work *work, const char *code)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t n = strcspn(code, "?#/"), bits = 0, bytes = 0;
	uint64_t id = 0;
	uint32_t held = 0;

	if (n == 0 || n > TINY_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(letters, code[i]);

		if (at == NULL || bytes >= 8)
			return NULL;
		held = held << 6 | (uint32_t)(at - letters);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			id |= (uint64_t)(held >> bits & 0xff) << (8 * bytes++);
		}
	}
	return work_printf(work, "%llu", (unsigned long long)id);
}

const char *
page_id_of(struct work *work, const char *text)
{
	static const char *const marks[] = { "pageId=", "/pages/", "/content/" };
	struct slice digits = digits_at(text);
	const char *at, *made = NULL;

	if (digits.n > 0 && text[digits.n] == '\0')
		return text;
	for (size_t i = 0; i < COUNT(marks) && made == NULL; i++) {
		at = strstr(text, marks[i]);
		digits = at != NULL ? digits_at(at + strlen(marks[i])) : SLICE_NONE;
		if (digits.n > 0)
			made = work_printf(work, "%.*s", SLICE_FMT(digits));
	}
	/* Not of a host named x. */
	at = strstr(text, "/x/");
	if (made == NULL && at != NULL && (at == text || at[-1] != '/'))
		made = tiny_id(work, at + 3);
	/* Data Center's attachments and blog posts have ids of other forms too. */
	if (made == NULL && strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz") == strlen(text))
		made = text;
	if (made == NULL)
		work_fail(work, ERR_PARAMS, "\"%.80s\" is no page id, page URL or tiny link", text);
	return made;
}

/* ---- showing --------------------------------------------------------------------------------- */

SHAPE(space_shape, { .key = "key", .how = SHAPE_STR }, { .key = "name", .how = SHAPE_STR });
SHAPE(content_shape, { .key = "value", .how = SHAPE_STR }, { .key = "format", .how = SHAPE_STR });
SHAPE(attachment_shape, { .key = "id", .how = SHAPE_STR }, { .key = "title", .how = SHAPE_STR },
    { .key = "type", .how = SHAPE_STR }, { .key = "status", .how = SHAPE_STR },
    { .key = "media_type", .how = SHAPE_STR, .from = "extensions/mediaType" },
    { .key = "file_size", .how = SHAPE_INT, .from = "extensions/fileSize" },
    { .key = "download_url", .how = SHAPE_STR, .from = "_links/download" },
    { .key = "version_number", .how = SHAPE_INT, .from = "version/number" },
    { .key = "version_when", .how = SHAPE_STR, .from = "version/when" },
    { .key = "author_display_name", .how = SHAPE_STR, .from = "version/by/displayName" });
SHAPE(ancestor_shape, { .key = "id", .how = SHAPE_STR }, { .key = "title", .how = SHAPE_STR });
SHAPE(page_plain_shape, { .key = "id", .how = SHAPE_STR }, { .key = "title", .how = SHAPE_STR },
    { .key = "type", .how = SHAPE_STR }, { .key = "subtype", .how = SHAPE_STR },
    { .key = "created", .how = SHAPE_STR }, { .key = "updated", .how = SHAPE_STR },
    { .key = "url", .how = SHAPE_STR }, { .key = "space", .how = SHAPE_OBJECT, .of = &space_shape },
    { .key = "author", .how = SHAPE_STR }, { .key = "version", .how = SHAPE_INT },
    { .key = "parent_id", .how = SHAPE_STR }, { .key = "labels", .how = SHAPE_NAMES },
    { .key = "ancestors", .how = SHAPE_LIST, .of = &ancestor_shape },
    { .key = "attachments", .how = SHAPE_LIST, .of = &attachment_shape },
    { .key = "content", .how = SHAPE_OBJECT, .of = &content_shape });
SHAPE(page_shape, { .key = "metadata", .how = SHAPE_OBJECT, .of = &page_plain_shape });
SHAPE(page_told_shape, { .key = "message", .how = SHAPE_STR },
    { .key = "page", .how = SHAPE_OBJECT, .of = &page_plain_shape });

static void
show_body(struct work *work, const struct page *page, enum shown_body how, yyjson_mut_val *out)
{
	yyjson_mut_val *content = out_obj(work);
	struct slice text = page->body;
	bool is_markdown = how == SHOW_MARKDOWN;

	if (how == SHOW_NONE || text.p == NULL)
		return;
	/* What cannot be read as storage is shown as it is, and said to be that. */
	if (is_markdown && !work_text(work, page->body, TEXT_STORAGE, TEXT_MARKDOWN, &text)) {
		*work->err = (struct err){ 0 };
		text = page->body;
		is_markdown = false;
	}
	out_slice(work, content, "value", text);
	out_str(work, content, "format", is_markdown ? "markdown" : "storage");
	out_val(work, out, "content", content);
}

yyjson_mut_val *
page_show_plain(struct work *work, const struct page *page, enum shown_body body)
{
	yyjson_mut_val *out = out_obj(work), *space = out_obj(work);

	out_str(work, out, "id", page->id);
	out_str(work, out, "title", page->title);
	out_str(work, out, "type", page->type);
	out_str(work, out, "subtype", page->subtype);
	out_str(work, out, "created", page->created);
	out_str(work, out, "updated", page->updated);
	out_str(work, out, "url", web_address(work, page));
	out_str(work, space, "key", page->space_key);
	out_str(work, space, "name", page->space_name);
	if (page->space_key != NULL)
		out_val(work, out, "space", space);
	out_str(work, out, "author",
	    page->author != NULL ? page->author : person_name(work, page->author_id));
	if (page->version > 0)
		out_int(work, out, "version", page->version);
	out_str(work, out, "parent_id", page->parent_id);
	if (yyjson_arr_size(page->labels) > 0)
		out_val(work, out, "labels", shape_names(work, page->labels));
	if (yyjson_arr_size(page->ancestors) > 0)
		out_val(work, out, "ancestors", shape_list(work, &ancestor_shape, page->ancestors));
	if (page->attachments != NULL)
		out_val(work, out, "attachments",
		    shape_list(work, &attachment_shape, page->attachments));
	show_body(work, page, body, out);
	return out;
}

yyjson_mut_val *
page_show(struct work *work, const struct page *page, enum shown_body body)
{
	yyjson_mut_val *out = out_obj(work);

	out_val(work, out, "metadata", page_show_plain(work, page, body));
	return out;
}

void
page_told(struct work *work, const char *message, const struct page *page, enum shown_body body)
{
	work->out = out_obj(work);
	out_str(work, work->out, "message", message);
	out_val(work, work->out, "page", page_show_plain(work, page, body));
}

/* ---- texts ----------------------------------------------------------------------------------- */

bool
content_as_storage(struct work *work, const char *name, const char *format, struct slice *out)
{
	static const struct {
		const char *word;
		enum text_format from;
	} formats[] = { { "markdown", TEXT_MARKDOWN }, { "wiki", TEXT_WIKI } };
	struct slice text = arg_slice(work, name), checked;

	for (size_t i = 0; i < COUNT(formats); i++)
		if (strcmp(format, formats[i].word) == 0)
			return work_text(work, text, formats[i].from, TEXT_STORAGE, out) ||
			    err_prefix(work->err, "%s", name);
	/* Storage passes byte for byte, after it was seen to be well-formed. */
	*out = text;
	return work_text(work, text, TEXT_STORAGE, TEXT_MARKDOWN, &checked) ||
	    err_prefix(work->err, "%s", name);
}

const char *
cql_quote(struct work *work, struct slice text)
{
	struct buf out;
	const char *made = "\"\"";
	struct err err;

	buf_init(&out, NULL, 2 * text.n + 3);
	buf_putc(&out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_putc(&out, '\\');
		buf_putc(&out, text.p[i]);
	}
	buf_putc(&out, '"');
	if (buf_check(&out, &err) && arena_reserve(work->arena, out.n + 1, &err))
		made = slice_cstr(work->arena, buf_view(&out));
	buf_fini(&out);
	return made;
}

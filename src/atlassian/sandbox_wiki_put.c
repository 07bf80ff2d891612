/*
 * How the sandbox's Confluence prints things, in its first API: contents with what expand asks for,
 * spaces, people.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

const char *
content_type_name(const struct content *content)
{
	static const char *const names[] = { "page", "blogpost", "comment", "attachment",
		"folder" };

	return names[content->type];
}

static const char *
zone(const struct visit *visit)
{
	return visit->world->is_cloud ? "Z" : "+00:00";
}

void
put_content_id(struct visit *visit, const char *key, const struct content *content)
{
	put_format(
	    &visit->out, key, content->type == CONTENT_ATTACHMENT ? "att%u" : "%u", content->id);
}

void
put_wiki_time(struct visit *visit, const char *key, uint64_t ms)
{
	put_time(&visit->out, key, ms, zone(visit));
}

void
put_wiki_user(struct visit *visit, const char *key, const struct user *user)
{
	struct buf *out = &visit->out;
	const char *url = visit->world->wiki_url;

	put_open(out, key, '{');
	put_cstr(out, "type", "known");
	if (visit->world->is_cloud) {
		put_cstr(out, "accountId", user->account_id);
		put_cstr(out, "accountType", "atlassian");
		put_cstr(out, "email", user->email);
		put_cstr(out, "publicName", user->display);
	} else {
		put_cstr(out, "username", user->name);
		put_cstr(out, "userKey", user->key);
	}
	put_open(out, "profilePicture", '{');
	put_cstr(out, "path", "/images/icons/profilepics/default.svg");
	put_number(out, "width", 48);
	put_number(out, "height", 48);
	put_bool(out, "isDefault", true);
	put_close(out, '}');
	put_cstr(out, "displayName", user->display);
	put_open(out, "_links", '{');
	if (visit->world->is_cloud)
		put_format(out, "self", "%s/rest/api/user?accountId=%s", url, user->account_id);
	else
		put_format(out, "self", "%s/rest/api/user?key=%s", url, user->key);
	put_close(out, '}');
	put_close(out, '}');
}

void
put_space(struct visit *visit, const char *key, const struct space *space)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_number(out, "id", space->id);
	put_cstr(out, "key", space->key);
	put_cstr(out, "name", space->name);
	put_cstr(out, "type", space->type);
	put_cstr(out, "status", "current");
	if (visit_expands(visit, "description")) {
		put_open(out, "description", '{');
		put_open(out, "plain", '{');
		put_cstr(out, "value", space->description);
		put_cstr(out, "representation", "plain");
		put_close(out, '}');
		put_close(out, '}');
	}
	if (visit_expands(visit, "homepage") && space->home != NULL)
		put_content(visit, "homepage", space->home);
	put_open(out, "_links", '{');
	put_format(out, "webui", visit->world->is_cloud ? "/spaces/%s" : "/display/%s", space->key);
	put_format(out, "self", "%s/rest/api/space/%s", visit->world->wiki_url, space->key);
	put_close(out, '}');
	put_close(out, '}');
}

void
put_revision(struct visit *visit, const char *key, const struct content *content,
    const struct revision *revision)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_wiki_user(visit, "by", revision->by);
	put_wiki_time(visit, "when", revision->when_ms);
	put_text(out, "message", revision->message.p != NULL ? revision->message : S(""));
	put_number(out, "number", revision->number);
	put_bool(out, "minorEdit", revision->is_minor);
	put_bool(out, "hidden", false);
	put_open(out, "_links", '{');
	put_format(out, "self", "%s/rest/%s/content/%u/version/%u", visit->world->wiki_url,
	    visit->world->is_cloud ? "api" : "experimental", content->id, revision->number);
	put_close(out, '}');
	put_close(out, '}');
}

void
put_history(struct visit *visit, const char *key, const struct content *content)
{
	const struct revision *first = content->revisions.p[0];
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_bool(out, "latest", true);
	put_wiki_user(visit, "createdBy", first->by);
	put_wiki_time(visit, "createdDate", first->when_ms);
	put_revision(visit, "lastUpdated", content, content_revision(content));
	put_open(out, "_links", '{');
	put_format(
	    out, "self", "%s/rest/api/content/%u/history", visit->world->wiki_url, content->id);
	put_close(out, '}');
	put_close(out, '}');
}

/* ---- bodies ---------------------------------------------------------------------------------- */

/* Storage into what is asked for: view is storage without its macros, adf its paragraphs. */
void
put_body_value(struct visit *visit, const char *key, const char *format, struct slice storage)
{
	struct buf text, other;

	if (strcmp(format, "atlas_doc_format") != 0 && strcmp(format, "view") != 0 &&
	    strcmp(format, "export_view") != 0 && strcmp(format, "styled_view") != 0) {
		put_text(&visit->out, key, storage.p != NULL ? storage : S(""));
		return;
	}
	buf_init(&text, NULL, 64 * MIB);
	buf_init(&other, NULL, 128 * MIB);
	if (strcmp(format, "atlas_doc_format") == 0) {
		text_of_storage(&text, storage);
		adf_of_text(&other, buf_view(&text));
	} else if (memmem(storage.p, storage.n, "<ac:", 4) == NULL) {
		buf_put(&other, storage);
	} else {
		text_of_storage(&text, storage);
		html_of_text(&other, buf_view(&text));
	}
	put_text(&visit->out, key, other.p != NULL ? buf_view(&other) : S(""));
	buf_fini(&text);
	buf_fini(&other);
}

static const char *const formats[] = { "storage", "view", "export_view", "styled_view", "editor",
	"editor2", "atlas_doc_format" };

static void
put_body(struct visit *visit, const struct content *content, struct slice storage)
{
	struct buf *out = &visit->out;
	char name[40];

	put_open(out, "body", '{');
	for (size_t i = 0; i < COUNT(formats); i++) {
		snprintf(name, sizeof(name), "body.%s", formats[i]);
		if (!visit_expands(visit, name))
			continue;
		put_open(out, formats[i], '{');
		put_body_value(visit, "value", formats[i], storage);
		put_cstr(out, "representation", formats[i]);
		put_close(out, '}');
	}
	put_close(out, '}');
}

/* ---- contents -------------------------------------------------------------------------------- */

static void
put_ancestors(struct visit *visit, const struct content *content)
{
	const struct content *above[64];
	unsigned n = 0;
	struct buf *out = &visit->out;

	for (content = content->parent; content != NULL && n < COUNT(above);
	     content = content->parent)
		above[n++] = content;
	put_open(out, "ancestors", '[');
	while (n > 0) {
		const struct content *one = above[--n];

		put_open(out, NULL, '{');
		put_content_id(visit, "id", one);
		put_cstr(out, "type", content_type_name(one));
		put_cstr(out, "status", one->status);
		put_text(out, "title", one->title);
		put_close(out, '}');
	}
	put_close(out, ']');
}

static void
put_links(struct visit *visit, const struct content *content)
{
	struct buf *out = &visit->out;
	const struct content *page = content->container != NULL ? content->container : content;

	put_open(out, "_links", '{');
	if (visit->world->is_cloud)
		put_format(out, "webui", "/spaces/%s/pages/%u/%.*s", page->space->key, page->id,
		    page->title.n > 100 ? 100 : (int)page->title.n, page->title.p);
	else
		put_format(out, "webui", "/pages/viewpage.action?pageId=%u", page->id);
	put_format(out, "tinyui", "/x/%x", page->id);
	put_format(out, "self", "%s/rest/api/content/%s%u", visit->world->wiki_url,
	    content->type == CONTENT_ATTACHMENT ? "att" : "", content->id);
	if (content->type == CONTENT_ATTACHMENT) {
		if (visit->world->is_cloud)
			put_format(out, "download",
			    "/rest/api/content/%u/child/attachment/att%u/download", page->id,
			    content->id);
		else
			put_format(out, "download", "/download/attachments/%u/%.*s", page->id,
			    SLICE_FMT(content->title));
	}
	put_format(out, "base", "%s", visit->world->wiki_url);
	put_format(out, "context", "%s", visit->world->wiki_path);
	put_close(out, '}');
}

static void
put_comment_extensions(struct visit *visit, const struct content *content)
{
	struct buf *out = &visit->out;

	put_cstr(out, "location", content->is_inline ? "inline" : "footer");
	if (content->is_inline) {
		put_open(out, "inlineProperties", '{');
		put_text(out, "originalSelection", content->selection);
		put_text(out, "markerRef", content->marker);
		put_close(out, '}');
	}
	put_open(out, "resolution", '{');
	put_cstr(out, "status", content->is_resolved ? "resolved" : "open");
	put_close(out, '}');
}

static void
put_extensions(struct visit *visit, const struct content *content)
{
	struct buf *out = &visit->out;

	put_open(out, "extensions", '{');
	if (content->type == CONTENT_COMMENT) {
		put_comment_extensions(visit, content);
	} else if (content->type == CONTENT_ATTACHMENT) {
		put_text(out, "mediaType", content->media_type);
		put_number(out, "fileSize", (int64_t)content->data.n);
		put_text(out, "comment", content->note);
	} else {
		put_cstr(out, "position", "none");
	}
	put_close(out, '}');
}

/* Labels are told apart by their names; ids of them are for show. */
unsigned
label_id(const struct content *content, struct slice name)
{
	return content->id * 100 + (unsigned)(hash_bytes(name, 0) % 100);
}

void
put_label(struct visit *visit, const char *key, const struct content *content, struct slice name)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_cstr(out, "prefix", "global");
	put_text(out, "name", name);
	put_id(out, "id", label_id(content, name));
	put_text(out, "label", name);
	put_close(out, '}');
}

static void
put_metadata(struct visit *visit, const struct content *content)
{
	struct buf *out = &visit->out;
	const struct slice *label;

	put_open(out, "metadata", '{');
	if (visit_expands(visit, "metadata.labels")) {
		put_open(out, "labels", '{');
		put_open(out, "results", '[');
		LIST_EACH(label, &content->labels)
		put_label(visit, NULL, content, *label);
		put_close(out, ']');
		put_number(out, "start", 0);
		put_number(out, "limit", 200);
		put_number(out, "size", content->labels.n);
		put_close(out, '}');
	}
	if (content->type == CONTENT_ATTACHMENT) {
		put_text(out, "mediaType", content->media_type);
		put_text(out, "comment", content->note);
	}
	put_close(out, '}');
}

static void
put_child_list(struct visit *visit, const char *key, const struct list *list, bool with_pages)
{
	struct buf *out = &visit->out;
	const struct content *child;
	unsigned n = 0;

	put_open(out, key, '{');
	put_open(out, "results", '[');
	LIST_EACH(child, list)
	{
		if (with_pages != (child->type == CONTENT_PAGE) && with_pages)
			continue;
		put_content(visit, NULL, child);
		n++;
	}
	put_close(out, ']');
	put_number(out, "start", 0);
	put_number(out, "limit", 25);
	put_number(out, "size", n);
	put_close(out, '}');
}

static void
put_children(struct visit *visit, const struct content *content)
{
	put_open(&visit->out, "children", '{');
	if (visit_expands(visit, "children.attachment"))
		put_child_list(visit, "attachment", &content->attachments, false);
	if (visit_expands(visit, "children.comment"))
		put_child_list(visit, "comment", &content->comments, false);
	if (visit_expands(visit, "children.page"))
		put_child_list(visit, "page", &content->children, true);
	put_close(&visit->out, '}');
}

/* As it was with that revision. */
void
put_content_at(struct visit *visit, const char *key, const struct content *content,
    const struct revision *revision)
{
	struct buf *out = &visit->out;
	bool is_old = revision != content_revision(content);

	put_open(out, key, '{');
	put_content_id(visit, "id", content);
	put_cstr(out, "type", content_type_name(content));
	put_cstr(out, "status", is_old ? "historical" : content->status);
	put_text(out, "title", revision->title);
	if (visit->world->is_cloud && content->type <= CONTENT_BLOG)
		put_cstr(out, "subType", "");
	if (visit_expands(visit, "space") || visit->expands_space)
		put_space(visit, "space", content->space);
	if (visit_expands(visit, "history"))
		put_history(visit, "history", content);
	if (visit_expands(visit, "version") || visit->expands_version)
		put_revision(visit, "version", content, revision);
	if (visit_expands(visit, "ancestors"))
		put_ancestors(visit, content);
	if (visit_expands(visit, "container") && content->container != NULL) {
		put_open(out, "container", '{');
		put_content_id(visit, "id", content->container);
		put_cstr(out, "type", content_type_name(content->container));
		put_text(out, "title", content->container->title);
		put_cstr(out, "status", content->container->status);
		put_close(out, '}');
	}
	if (visit_expands(visit, "body"))
		put_body(visit, content, revision->body);
	if (visit_expands(visit, "metadata") || content->type == CONTENT_ATTACHMENT)
		put_metadata(visit, content);
	if (visit_expands(visit, "children") && visit->depth == 0) {
		visit->depth++;
		put_children(visit, content);
		visit->depth--;
	}
	put_extensions(visit, content);
	put_links(visit, content);
	put_close(out, '}');
}

void
put_content(struct visit *visit, const char *key, const struct content *content)
{
	put_content_at(visit, key, content, content_revision(content));
}

/* start, limit, size and the link to what follows; closes the answer. */
void
put_page_end(struct visit *visit, unsigned start, unsigned limit, unsigned size, unsigned total)
{
	struct buf *out = &visit->out;
	struct slice path = visit->request->path, rest = visit->request->query, pair, key;
	struct buf next;

	put_number(out, "start", start);
	put_number(out, "limit", limit);
	put_number(out, "size", size);
	put_open(out, "_links", '{');
	put_format(out, "base", "%s", visit->world->wiki_url);
	put_format(
	    out, "context", "%s", visit->world->is_cloud ? "/wiki" : visit->world->wiki_path);
	put_format(out, "self", "%s%.*s", visit->sandbox_url, SLICE_FMT(path));
	if (start + size < total) {
		buf_init(&next, NULL, 256 * KIB);
		buf_put(&next, visit->below);
		buf_printf(&next, "?limit=%u&start=%u", limit, start + size);
		while (rest.n > 0) {
			pair = slice_cut(rest, '&', &rest);
			key = slice_cut(pair, '=', &(struct slice){ 0 });
			if (slice_eq(key, S("start")) || slice_eq(key, S("limit")))
				continue;
			buf_putc(&next, '&');
			buf_put(&next, pair);
		}
		put_text(out, "next", buf_view(&next));
		buf_fini(&next);
	}
	put_close(out, '}');
	put_close(out, '}');
}

/*
 * Private to atlassian: what the tools of Confluence share.  Pages look the same to them whether
 * they came from Data Center (content API) or Cloud (v2 API).
 */
#ifndef ATLASSIAN_CONFLUENCE_H
#define ATLASSIAN_CONFLUENCE_H

#include "atlassian/tools.h"

/* All texts are the work's; NULL: not told. */
struct page {
	const char *id, *type, *status, *title, *subtype;
	const char *space_id, *space_key, *space_name, *parent_id;
	int64_t version;
	const char *created, *updated, *author, *message;
	const char *author_id; /* Cloud, where author is not told */
	const char *web;       /* path of the page for people, behind the base */
	struct slice body;     /* storage format, byte for byte; SLICE_NONE: not asked for */
	yyjson_val *attachments, *ancestors, *labels;
};

enum page_body { WITHOUT_BODY, WITH_BODY };

/* From one page of a reply.  Cloud tells only the id of the space: its key is looked up, once for
 * each access. */
MUST_CHECK bool page_take_wait(struct work *work, yyjson_val *source, struct page *out);
/*
 * One page by its id, as it is (version 0) or was.  ERR_REFUSED: its space is not among those that
 * the configuration lets be seen.
 */
MUST_CHECK bool page_get_wait(
    struct work *work, const char *id, int64_t version, enum page_body body, struct page *out);
/* By space and title; *found false: there is none. */
MUST_CHECK bool page_find_wait(struct work *work, const char *space_key, const char *title,
    enum page_body body, struct page *out, bool *found);
/* May the page be seen?  Without a filter of spaces the site itself says so, and nothing is asked.
 * page NULL: false, work->err is set already. */
MUST_CHECK bool page_check_wait(struct work *work, const char *page);
/* The id in an id, a URL of a page, or a tiny link ("/x/AbCd"); NULL: work->err. */
const char *page_id_of(struct work *work, const char *text);
/* A page for the caller; body: shown as Markdown, as storage, or not. */
enum shown_body { SHOW_NONE, SHOW_MARKDOWN, SHOW_STORAGE };
yyjson_mut_val *page_show(struct work *work, const struct page *page, enum shown_body body);
extern const struct shape page_shape; /* of page_show() */
/* The same without the member "metadata" around it, as lists and old versions have it. */
yyjson_mut_val *page_show_plain(struct work *work, const struct page *page, enum shown_body body);
extern const struct shape page_plain_shape;
/* {message, page}. */
void
page_told(struct work *work, const char *message, const struct page *page, enum shown_body body);
extern const struct shape page_told_shape;

/*
 * Contents of any kind (confluence_content.c): pages, blog posts, attachments ("att12").  One
 * without its body; ERR_REFUSED as of page_get_wait().
 */
MUST_CHECK bool content_get_wait(struct work *work, const char *id, struct page *out);
/* May it be seen?  As page_check_wait(). */
MUST_CHECK bool content_check_wait(struct work *work, const char *id);
bool content_is_attachment(const char *id);
/* A list below a content. */
struct content_list {
	const char *cloud, *server; /* paths with {id}, that of Cloud with {kind} too */
	const char *filename, *media_type, *expand; /* NULL: any; expand: Data Center */
	int64_t start, most;
};
/* The items, in the arena; there may be more of them than `most`. */
MUST_CHECK bool content_list_wait(struct work *work, const char *id,
    const struct content_list *list, yyjson_val ***out, size_t *n, bool *has_more);
/* An attachment: as the site tells it, and what it is attached to, which may be seen. */
struct file_place {
	yyjson_val *file;
	const char *holder;
};
MUST_CHECK bool file_find_wait(struct work *work, const char *id, struct file_place *out);

/*
 * New pages (confluence_write.c).  In a space below a page (NULL: below its homepage), as storage
 * format; subtype NULL: a page as they all are.
 */
MUST_CHECK bool page_post_wait(struct work *work, const char *key, const char *parent,
    const char *title, const char *subtype, struct slice storage, yyjson_val **reply);
/* What was written, by the reply; what that leaves out is as it was. */
MUST_CHECK bool
page_written_wait(struct work *work, yyjson_val *reply, const char *space_key, struct page *out);
/* The id of a page that is written below or beside (NULL: none): its space must be visible. */
MUST_CHECK bool page_target_wait(struct work *work, const char **id);
/* A step behind a write failed: what was done stands before why the rest was not.  Always false. */
bool page_said_done(struct work *work, const char *done);

/*
 * Two writers (confluence_conflict.c).  The unified diff of two bodies: of their Markdown, or,
 * where one cannot be read, of their storage format.
 */
MUST_CHECK bool page_diff(struct work *work, const struct page *before, const struct page *after,
    bool *is_markdown, struct slice *out);
/* The page is not at that version any more, which somebody has read: always false, and the text
 * shows who changed what since. */
MUST_CHECK bool page_conflict_wait(struct work *work, const char *id, int64_t version);
/* Is the page at the version that the argument says, if it does? */
MUST_CHECK bool page_expect_wait(struct work *work, const struct page *page);
#define EXPECTED_ARG \
	{ \
		.name = "expected_version", .type = ARG_INT, .min = 1, .max = INT32_MAX, \
		.help = "Refuse unless the page is at this version" \
	}

/*
 * Cloud (confluence_cloud.c).  The name of an account, asked for once and kept by the access; the
 * id itself, where nobody tells it.
 */
const char *person_name(struct work *work, const char *account);
/* An attachment as a page has it. */
yyjson_mut_val *attachment_show(struct work *work, yyjson_val *source);
extern const struct shape attachment_shape;
/* Appends the attachments of a page, as pages of Data Center have them. */
MUST_CHECK bool attachments_wait(struct work *work, const char *page, yyjson_mut_val *list);
/* Where people find the page; NULL: not told. */
const char *web_address(struct work *work, const struct page *page);

/* May that space be seen?  False: work->err. */
MUST_CHECK bool space_check(struct work *work, const char *key);
bool space_is_visible(const struct work *work, const char *key);
/* Cloud: id of a space by its key, and back; kept by the access.  NULL: work->err. */
const char *space_id_wait(struct work *work, const char *key);
MUST_CHECK bool
space_key_wait(struct work *work, const char *id, const char **key, const char **name);

/* The text of the argument name as storage format: content_format markdown, wiki, storage, xhtml.
 */
MUST_CHECK bool
content_as_storage(struct work *work, const char *name, const char *format, struct slice *out);

/* The storage format, made from Markdown here, with an anchor in every heading. */
void storage_put_anchors(struct slice text, struct buf *out);

/* One new version of a page: what it shall be (confluence_write.c). */
struct page_update {
	const char *title, *parent, *comment;
	struct slice storage;
	bool is_minor;
};
MUST_CHECK bool page_put_wait(struct work *work, const struct page *before,
    const struct page_update *update, struct page *after);
/* A body that did not come must not be written back as none. */
MUST_CHECK bool page_has_body(struct work *work, const struct page *page);
/* {representation, value} of Cloud, {storage:{value, representation}} of Data Center. */
yyjson_mut_val *storage_body(struct work *work, struct slice storage);
/* A comment of either API for the caller (confluence_comments.c); location: footer, inline. */
yyjson_mut_val *
comment_show(struct work *work, yyjson_val *source, const char *parent, const char *location);
/* {success, message, comment}. */
void comment_told(struct work *work, const char *message, yyjson_val *reply, const char *location);
extern const struct shape comment_told_shape, done_shape;

/* Quotes a text for CQL. */
const char *cql_quote(struct work *work, struct slice text);

extern const struct tool_set confluence_search_tools, confluence_page_tools, confluence_write_tools,
    confluence_comment_tools, confluence_restriction_tools;
extern const struct tool_set confluence_label_tools, confluence_people_tools,
    confluence_permission_tools, confluence_template_tools, confluence_attachment_tools;
extern const struct tool_set confluence_blog_tools, confluence_comment_edit_tools,
    confluence_extra_tools;

/* The argument that most tools have. */
#define PAGE_ID \
	{ \
		.name = "page_id", .type = ARG_PAGE, .flags = REQUIRED, \
		.help = "Id of the page; its URL or tiny link will do" \
	}

#endif

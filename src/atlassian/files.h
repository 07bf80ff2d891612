/*
 * Private to atlassian: files on their way to a site and from it.
 *
 * To a site: content inside of the call, or a file below the spool folder (atlassian.spool), named
 * by a path that cannot leave it; sent piece by piece.  From a site: bytes, which become content
 * blocks behind the text of the result, or links where they are too large.
 */
#ifndef ATLASSIAN_FILES_H
#define ATLASSIAN_FILES_H

#include "atlassian/tool.h"

#define FILES_MAX 20 /* in one call */
/* Of the argument. */
#define WORK_FILES_HELP \
	"[{\"filename\": name, \"content\": base64}], or \"text\" for content, or names of files " \
	"in the spool folder"

/* ---- to a site ------------------------------------------------------------------------------- */

struct work_file {
	struct slice name, type; /* as the site gets them */
	struct slice bytes;	 /* fd -1: these */
	int fd;
	uint64_t size;
};
struct work_files {
	struct work_file file[FILES_MAX];
	size_t n;
};

/*
 * From an argument of type ARG_ARRAY: a text names a file of the spool folder; an object has
 * filename, and content (base64) or text, perhaps content_type.  Opens what it names; ERR_PARAMS or
 * ERR_REFUSED says which one and why, and nothing is open then.
 */
MUST_CHECK bool work_files_open(struct work *work, const char *arg, struct work_files *files);
void work_files_close(struct work_files *files);
/* One more of them (there is room), from such an item; `at` names it in errors. */
MUST_CHECK bool
work_files_add(struct work *work, const char *at, yyjson_val *item, struct work_files *files);

/* A field of a form beside its files. */
struct work_field {
	const char *name, *value; /* value NULL: left out */
};
/*
 * All files as parts "file" of one POST or PUT of multipart/form-data.  path: as of work_path().
 * *out: the reply.  files are still open after it.
 */
MUST_CHECK bool work_files_send_wait(struct work *work, const char *verb, const char *path,
    struct work_files *files, const struct work_field *fields, size_t fields_n, yyjson_val **out);

/* ---- from a site ----------------------------------------------------------------------------- */

/*
 * GET of what is no JSON, into an arena of the caller's.  max_bytes: more is ERR_LIMIT.  Cloud may
 * send to where it keeps files: one such hop is followed, without the credential, to Atlassian's
 * own hosts only (work_download.c).
 */
MUST_CHECK bool work_bytes_wait(
    struct work *work, const char *path, size_t max_bytes, struct arena *arena, struct slice *out);

/* One file there, as its site tells of it. */
struct remote_file {
	struct slice id, name, type, url;
	uint64_t size;
};
/*
 * Several files as content blocks: embedded, or as images; links where the result has no more room
 * (attachments.inline).  What one file does wrong is told beside the others.
 */
struct downloads {
	struct work *work;
	const char *site;   /* what the product is called */
	struct slice owner; /* what the files hang on; stands in the addresses of what is shown */
	const char *(*path)(const struct downloads *downloads, const struct remote_file *file);
	bool is_images; /* only those, to look at */
	uint64_t left;	/* bytes that the result may still hold */
	int64_t total, done;
	yyjson_mut_val *shown, *linked, *failed;
};
void downloads_init(struct downloads *downloads, struct work *work);
/* False: the call as a whole is over. */
MUST_CHECK bool downloads_add_wait(struct downloads *downloads, const struct remote_file *file);
void downloads_fail(struct downloads *downloads, const struct remote_file *file, const char *why);
/* Into the result: total or total_images, downloaded, attachments, linked, failed. */
void downloads_show(const struct downloads *downloads);
extern const struct shape downloaded_shape; /* an item of these lists */

/* What is shown of a file. */
struct work_shown {
	struct slice uri, name, type; /* type: SLICE_NONE: by the name */
	uint64_t size;
};
/* Content blocks behind the text.  An embedded resource: as text where it is one, else a blob. */
void work_embed(struct work *work, const struct work_shown *shown, struct slice bytes);
void work_image(struct work *work, const struct work_shown *shown, struct slice bytes);
void work_link(struct work *work, const struct work_shown *shown);

/* ---- types ----------------------------------------------------------------------------------- */

/* By the ending of the name; application/octet-stream where that says nothing. */
struct slice file_type(struct slice name);
/* The type of an image that clients can show, by its type or, where that is vague, by its name;
 * SLICE_NONE: it is none. */
struct slice file_image_type(struct slice type, struct slice name);

#endif

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

/* GET of what is no JSON, into an arena of the caller's.  max_bytes: more is ERR_LIMIT. */
MUST_CHECK bool work_bytes_wait(
    struct work *work, const char *path, size_t max_bytes, struct arena *arena, struct slice *out);

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

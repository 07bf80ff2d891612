/*
 * Files of a call: opened below the spool folder and nowhere else, sent as a form without being in
 * memory, and shown as content blocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "atlassian/files.h"

#define NAME_BYTES     255
#define PATH_BYTES     1024
#define TYPE_BYTES     100
#define INLINE_MAX     (32 * MIB)
#define HEAD_BYTES     (64 * KIB)
#define BOUNDARY_BYTES 32
#define PIECES_MAX     (2 * FILES_MAX + 1)

/* ---- types ----------------------------------------------------------------------------------- */

static const struct {
	const char *ending, *type;
	bool is_image;
} types[] = {
	{ "png", "image/png", true },
	{ "jpg", "image/jpeg", true },
	{ "jpeg", "image/jpeg", true },
	{ "gif", "image/gif", true },
	{ "webp", "image/webp", true },
	{ "svg", "image/svg+xml", true },
	{ "bmp", "image/bmp", true },
	{ "txt", "text/plain", false },
	{ "log", "text/plain", false },
	{ "md", "text/markdown", false },
	{ "csv", "text/csv", false },
	{ "html", "text/html", false },
	{ "json", "application/json", false },
	{ "xml", "application/xml", false },
	{ "yaml", "application/yaml", false },
	{ "pdf", "application/pdf", false },
	{ "zip", "application/zip", false },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	    false },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false },
	{ "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	    false },
};

static struct slice
ending_of(struct slice name)
{
	const char *dot = name.n > 0 ? memrchr(name.p, '.', name.n) : NULL;

	return dot == NULL ? S("") : (struct slice){ dot + 1, (size_t)(name.p + name.n - dot) - 1 };
}

struct slice
file_type(struct slice name)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (slice_eq_nocase(ending_of(name), slice_of(types[i].ending)))
			return slice_of(types[i].type);
	}
	return S("application/octet-stream");
}

struct slice
file_image_type(struct slice type, struct slice name)
{
	bool is_vague = type.n == 0 || slice_eq_nocase(type, S("application/octet-stream")) ||
	    slice_eq_nocase(type, S("application/binary"));

	for (size_t i = 0; i < COUNT(types); i++) {
		struct slice one = slice_of(types[i].type);

		if (types[i].is_image &&
		    (is_vague ? slice_eq_nocase(ending_of(name), slice_of(types[i].ending))
			      : slice_eq_nocase(type, one)))
			return one;
	}
	return SLICE_NONE;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool
has_control(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return true;
	}
	return false;
}

static bool
name_check(struct work *work, const char *at, struct slice name)
{
	if (name.n > 0 && name.n <= NAME_BYTES && !has_control(name) &&
	    memchr(name.p, '/', name.n) == NULL && memchr(name.p, '\\', name.n) == NULL)
		return true;
	return work_fail(work, ERR_PARAMS,
	    "%s: a file needs a name (filename) of 1 to %d bytes without / and \\", at, NAME_BYTES);
}

/* "type/subtype", perhaps with parameters: what can stand in a header field. */
static bool
type_check(struct work *work, const char *at, struct slice type)
{
	if (type.n <= TYPE_BYTES && memchr(type.p, '/', type.n) != NULL && !has_control(type))
		return true;
	return work_fail(work, ERR_PARAMS, "%s: content_type must be one such as text/plain", at);
}

/* The kernel keeps the path below the folder: no "..", no link, nothing absolute. */
static int
open_below(const char *folder, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, why;

	if (dir < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	why = errno;
	close(dir);
	errno = why;
	return fd;
}

static bool
spool_open(struct work *work, const char *at, struct slice path, struct work_file *file)
{
	const struct config_atlassian *all = work->site->all;
	const char *folder, *name;
	const char *slash;
	struct stat stat;

	if (all->spool.n == 0)
		return work_fail(work, ERR_REFUSED,
		    "%s: no folder of files is configured (atlassian.spool): send {\"filename\", \"content\": base64}",
		    at);
	if (!work->access->is_operators)
		return work_fail(work, ERR_REFUSED,
		    "%s: files of this machine are sent with the configured credential only", at);
	if (path.n == 0 || path.n > PATH_BYTES || has_control(path))
		return work_fail(work, ERR_PARAMS, "%s must be the name of a file", at);
	if (!arena_reserve(work->arena, all->spool.n + path.n + 2, work->err))
		return false;
	folder = slice_cstr(work->arena, all->spool);
	name = slice_cstr(work->arena, path);
	file->fd = open_below(folder, name);
	if (file->fd < 0)
		return work_fail(work, ERR_REFUSED,
		    "%s: \"%s\" cannot be had from atlassian.spool: %s", at, name,
		    strerrordesc_np(errno));
	slash = strrchr(name, '/');
	file->name = slice_of(slash != NULL ? slash + 1 : name);
	if (fstat(file->fd, &stat) != 0 || !S_ISREG(stat.st_mode))
		return work_fail(work, ERR_REFUSED, "%s: \"%s\" is no file", at, name);
	file->size = (uint64_t)stat.st_size;
	return name_check(work, at, file->name);
}

/* Content or text of an object. */
static bool
inline_take(struct work *work, const char *at, yyjson_val *item, struct work_file *file)
{
	yyjson_val *content = yyjson_obj_get(item, "content"), *text = yyjson_obj_get(item, "text");
	struct buf bytes;
	bool ok;

	if (yyjson_is_str(content) == yyjson_is_str(text))
		return work_fail(
		    work, ERR_PARAMS, "%s must have either content, in base64, or text", at);
	file->bytes = json_slice(text);
	file->size = file->bytes.n;
	if (text != NULL)
		return true;
	buf_init(&bytes, loop_memory(work->loop), INLINE_MAX);
	ok = base64_read(json_slice(content), &bytes) ||
	    work_fail(work, ERR_PARAMS, "%s: content is not base64", at);
	ok = ok && buf_check(&bytes, work->err) &&
	    arena_reserve(work->arena, bytes.n + 1, work->err);
	if (ok)
		file->bytes =
		    slice_dup(work->arena, (struct slice){ bytes.n > 0 ? bytes.p : "", bytes.n });
	file->size = file->bytes.n;
	buf_fini(&bytes);
	return ok;
}

static bool
file_open(struct work *work, const char *at, yyjson_val *item, struct work_file *file)
{
	uint64_t most = work->site->all->upload_bytes;
	struct slice type;

	*file = (struct work_file){ .fd = -1 };
	if (yyjson_is_str(item)) {
		if (!spool_open(work, at, json_slice(item), file))
			return false;
	} else if (yyjson_is_obj(item)) {
		file->name = json_slice(yyjson_obj_get(item, "filename"));
		if (!name_check(work, at, file->name) || !inline_take(work, at, item, file))
			return false;
	} else {
		return work_fail(work, ERR_PARAMS,
		    "%s must be the name of a file, or {\"filename\", \"content\": base64}", at);
	}
	type = json_slice(yyjson_is_obj(item) ? yyjson_obj_get(item, "content_type") : NULL);
	file->type = type.n > 0 ? type : file_type(file->name);
	if (file->size > most)
		return work_fail(work, ERR_PARAMS,
		    "%s has %llu bytes, more than atlassian.attachments.upload allows (%llu)", at,
		    (unsigned long long)file->size, (unsigned long long)most);
	return type_check(work, at, file->type);
}

bool
work_files_open(struct work *work, const char *arg, struct work_files *files)
{
	yyjson_val *list = arg_json(work, arg), *item;
	size_t i, max;
	char at[64];

	files->n = 0;
	if (yyjson_arr_size(list) > FILES_MAX)
		return work_fail(work, ERR_PARAMS, "%s: at most %d files", arg, FILES_MAX);
	yyjson_arr_foreach(list, i, max, item)
	{
		snprintf(at, sizeof(at), "%s[%zu]", arg, i);
		if (!work_files_add(work, at, item, files))
			return false;
	}
	return true;
}

bool
work_files_add(struct work *work, const char *at, yyjson_val *item, struct work_files *files)
{
	must(files->n < FILES_MAX);
	if (file_open(work, at, item, &files->file[files->n++]))
		return true;
	work_files_close(files);
	return false;
}

void
work_files_close(struct work_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		if (files->file[i].fd >= 0)
			close(files->file[i].fd);
	}
	files->n = 0;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* A form is a row of pieces: texts, and files in between. */
struct piece {
	struct slice text; /* fd -1: this */
	int fd;
	uint64_t from, size; /* from: in the form */
};
struct form {
	struct piece pieces[PIECES_MAX];
	size_t n;
	uint64_t size;
};

static void
piece_add(struct form *form, struct slice text, int fd, uint64_t size)
{
	must(form->n < PIECES_MAX);
	form->pieces[form->n++] = (struct piece){ text, fd, form->size, size };
	form->size += size;
}

static size_t
form_read(void *owner, uint64_t at, char *to, size_t n)
{
	const struct form *form = owner;

	for (size_t i = 0; i < form->n; i++) {
		const struct piece *piece = &form->pieces[i];
		uint64_t left = piece->from + piece->size - at, in = at - piece->from;
		ssize_t got;

		if (at >= piece->from + piece->size)
			continue;
		if (n > left)
			n = (size_t)left;
		if (piece->fd < 0) {
			memcpy(to, piece->text.p + in, n);
			return n;
		}
		got = pread(piece->fd, to, n, (off_t)in);
		return got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* As browsers do it: what would end the value is written %22. */
static void
put_quoted(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"')
			buf_puts(out, "%22");
		else
			buf_putc(out, value.p[i]);
	}
}

/* The text since the last piece becomes one.  All texts share one buffer that does not move. */
static void
text_end(struct form *form, const struct buf *texts, size_t *from)
{
	piece_add(form, (struct slice){ texts->p + *from, texts->n - *from }, -1, texts->n - *from);
	*from = texts->n;
}

static void
form_make(struct form *form, const char *boundary, const struct work_files *files,
    const struct work_field *fields, size_t fields_n, struct buf *texts)
{
	size_t from = 0;

	for (size_t i = 0; i < fields_n; i++) {
		if (fields[i].value != NULL)
			buf_printf(texts,
			    "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
			    boundary, fields[i].name, fields[i].value);
	}
	for (size_t i = 0; i < files->n; i++) {
		const struct work_file *file = &files->file[i];

		buf_printf(texts,
		    "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"", boundary);
		put_quoted(texts, file->name);
		buf_printf(texts, "\"\r\nContent-Type: %.*s\r\n\r\n", SLICE_FMT(file->type));
		text_end(form, texts, &from);
		piece_add(form, file->bytes, file->fd, file->size);
		buf_puts(texts, "\r\n");
	}
	buf_printf(texts, "--%s--\r\n", boundary);
	text_end(form, texts, &from);
}

/* Nobody can have put it into a file. */
static void
boundary_make(struct loop *loop, char out[BOUNDARY_BYTES + 1])
{
	unsigned char random[BOUNDARY_BYTES / 2];

	loop_random(loop, random, sizeof(random));
	hex_put(random, sizeof(random), out);
	out[BOUNDARY_BYTES] = '\0';
}

bool
work_files_send_wait(struct work *work, const char *verb, const char *path,
    struct work_files *files, const struct work_field *fields, size_t fields_n, yyjson_val **out)
{
	char boundary[BOUNDARY_BYTES + 1], type[BOUNDARY_BYTES + 40];
	struct site_request request = { .method = slice_of(verb),
		.path = slice_of(path),
		.headers = S("X-Atlassian-Token: no-check\r\n"),
		.is_write = true,
		.body_read = form_read };
	struct form *form;
	struct buf texts;
	bool ok;

	if (path == NULL || !arena_reserve(work->arena, sizeof(*form), work->err))
		return false;
	form = ARENA_ARRAY(work->arena, struct form, 1);
	boundary_make(work->loop, boundary);
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%s", boundary);
	buf_init(&texts, NULL, HEAD_BYTES);
	ok = buf_reserve(&texts, HEAD_BYTES, work->err);
	if (ok)
		form_make(form, boundary, files, fields, fields_n, &texts);
	request.type = slice_of(type);
	request.body_owner = form;
	request.body_bytes = form->size;
	ok = ok && buf_check(&texts, work->err) && work_request_wait(work, &request, out, false);
	buf_fini(&texts);
	return ok;
}

/* ---- content blocks -------------------------------------------------------------------------- */

static bool
is_text(struct slice type, struct slice bytes)
{
	bool is_named = slice_starts(type, S("text/")) || slice_eq(type, S("application/json")) ||
	    slice_eq(type, S("application/xml")) || slice_eq(type, S("application/yaml"));

	return is_named && slice_is_utf8(bytes) &&
	    (bytes.n == 0 || memchr(bytes.p, '\0', bytes.n) == NULL);
}

static struct slice
shown_type(const struct work_shown *shown)
{
	return shown->type.n > 0 ? shown->type : file_type(shown->name);
}

void
work_embed(struct work *work, const struct work_shown *shown, struct slice bytes)
{
	struct slice type = shown_type(shown);
	struct buf *out = &work->more;

	buf_puts(out, ",{\"type\":\"resource\",\"resource\":{\"uri\":");
	buf_json_string(out, shown->uri);
	buf_puts(out, ",\"mimeType\":");
	buf_json_string(out, type);
	if (is_text(type, bytes)) {
		buf_puts(out, ",\"text\":");
		buf_json_string(out, bytes);
		buf_puts(out, "}}");
		return;
	}
	buf_puts(out, ",\"blob\":\"");
	buf_base64(out, bytes);
	buf_puts(out, "\"}}");
}

void
work_image(struct work *work, const struct work_shown *shown, struct slice bytes)
{
	struct buf *out = &work->more;

	buf_puts(out, ",{\"type\":\"image\",\"mimeType\":");
	buf_json_string(out, shown_type(shown));
	buf_puts(out, ",\"data\":\"");
	buf_base64(out, bytes);
	buf_puts(out, "\"}");
}

void
work_link(struct work *work, const struct work_shown *shown)
{
	struct buf *out = &work->more;

	buf_puts(out, ",{\"type\":\"resource_link\",\"uri\":");
	buf_json_string(out, shown->uri);
	buf_puts(out, ",\"name\":");
	buf_json_string(out, shown->name);
	buf_puts(out, ",\"mimeType\":");
	buf_json_string(out, shown_type(shown));
	buf_printf(out, ",\"size\":%llu}", (unsigned long long)shown->size);
}

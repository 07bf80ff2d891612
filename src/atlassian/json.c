/*
 * Making and reading JSON for a call: yyjson with its memory from the call's arena, so that it is
 * bounded and goes with the call.
 */
#include <stdio.h>

#include "atlassian/tool.h"

#define ALIGNMENT  16
#define PRINTF_MAX (4 * KIB)
#define NUMBER_MAX 24

static void *
arena_malloc(void *ctx, size_t n)
{
	struct arena *arena = ctx;
	struct err err;

	if (n > SIZE_MAX - ALIGNMENT || !arena_reserve(arena, n + ALIGNMENT, &err))
		return NULL;
	return (void *)(((uintptr_t)arena_bytes(arena, n + ALIGNMENT) + ALIGNMENT - 1) &
	    ~(uintptr_t)(ALIGNMENT - 1));
}

static void *
arena_realloc(void *ctx, void *p, size_t old, size_t n)
{
	void *to = arena_malloc(ctx, n);

	if (to != NULL)
		memcpy(to, p, old < n ? old : n);
	return to;
}

static void
arena_nofree(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

yyjson_alc
json_alc(struct arena *arena)
{
	return (yyjson_alc){ arena_malloc, arena_realloc, arena_nofree, arena };
}

yyjson_val *
json_at(yyjson_val *value, const char *path)
{
	while (value != NULL && *path != '\0') {
		size_t n = strcspn(path, "/");

		value = yyjson_obj_getn(value, path, n);
		path += n + (path[n] == '/');
	}
	return value;
}

struct slice
json_slice(yyjson_val *value)
{
	return yyjson_is_str(value) ? (struct slice){ yyjson_get_str(value), yyjson_get_len(value) }
				    : SLICE_NONE;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* What cannot be made for want of memory is left out; the call fails when its result is printed. */
static yyjson_mut_val *
key_of(struct work *work, const char *key)
{
	return yyjson_mut_strcpy(work->doc, key);
}

yyjson_mut_val *
out_obj(struct work *work)
{
	return yyjson_mut_obj(work->doc);
}

yyjson_mut_val *
out_arr(struct work *work)
{
	return yyjson_mut_arr(work->doc);
}

void
out_val(struct work *work, yyjson_mut_val *to, const char *key, yyjson_mut_val *value)
{
	if (value != NULL)
		yyjson_mut_obj_put(to, key_of(work, key), value);
}

void
out_slice(struct work *work, yyjson_mut_val *to, const char *key, struct slice value)
{
	if (value.p != NULL)
		out_val(work, to, key, yyjson_mut_strncpy(work->doc, value.p, value.n));
}

void
out_str(struct work *work, yyjson_mut_val *to, const char *key, const char *value)
{
	out_slice(work, to, key, slice_of(value));
}

void
out_int(struct work *work, yyjson_mut_val *to, const char *key, int64_t value)
{
	out_val(work, to, key, yyjson_mut_sint(work->doc, value));
}

void
out_bool(struct work *work, yyjson_mut_val *to, const char *key, bool value)
{
	out_val(work, to, key, yyjson_mut_bool(work->doc, value));
}

void
out_copy(struct work *work, yyjson_mut_val *to, const char *key, yyjson_val *value)
{
	if (value != NULL)
		out_val(work, to, key, yyjson_val_mut_copy(work->doc, value));
}

/* At most PRINTF_MAX bytes; SLICE_NONE: no memory. */
static struct slice PRINTF(2, 0) print(struct work *work, const char *fmt, va_list ap)
{
	char shorter[KIB], *text;
	struct err err;
	va_list again;
	size_t size;
	int n;

	va_copy(again, ap);
	n = vsnprintf(shorter, sizeof(shorter), fmt, ap);
	size = n < 0 ? 0 : (size_t)n + 1;
	size = size > PRINTF_MAX ? PRINTF_MAX : size;
	text = size == 0 || !arena_reserve(work->arena, size, &err)
	    ? NULL
	    : arena_bytes(work->arena, size);
	if (text != NULL && size <= sizeof(shorter))
		memcpy(text, shorter, size);
	else if (text != NULL)
		vsnprintf(text, size, fmt, again);
	va_end(again);
	return text == NULL ? SLICE_NONE : (struct slice){ text, size - 1 };
}

const char *
work_printf(struct work *work, const char *fmt, ...)
{
	struct slice text;
	va_list ap;

	va_start(ap, fmt);
	text = print(work, fmt, ap);
	va_end(ap);
	return text.p != NULL ? text.p : "";
}

const char *
work_number(struct work *work, int64_t n)
{
	struct err err;
	char *text;

	if (!arena_reserve(work->arena, NUMBER_MAX, &err))
		return "";
	text = arena_bytes(work->arena, NUMBER_MAX);
	snprintf(text, NUMBER_MAX, "%lld", (long long)n);
	return text;
}

bool
work_fail(struct work *work, enum errkind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	work->said = print(work, fmt, ap);
	va_end(ap);
	return err_set(work->err, kind, "%s", work->said.p != NULL ? work->said.p : "no memory");
}

/* ---- printing -------------------------------------------------------------------------------- */

bool
json_put(struct work *work, yyjson_mut_val *value, struct buf *out, struct err *err)
{
	yyjson_write_err why;
	size_t n = 0;
	char *text = value == NULL
	    ? NULL
	    : yyjson_mut_val_write_opts(value, YYJSON_WRITE_NOFLAG, &work->alc, &n, &why);

	if (text == NULL)
		return err_set(err, ERR_LIMIT, "the result is too large for one call");
	buf_put(out, (struct slice){ text, n });
	return true;
}

bool
json_read(struct work *work, struct slice text, yyjson_val **out, const char *what, struct err *err)
{
	yyjson_read_err why;
	yyjson_doc *doc;

	*out = NULL;
	doc = yyjson_read_opts(
	    (char *)(uintptr_t)text.p, text.n, YYJSON_READ_NOFLAG, &work->alc, &why);
	if (doc == NULL && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
		return err_set(err, ERR_LIMIT, "%s: too large for one call", what);
	if (doc == NULL)
		return err_set(
		    err, ERR_PARSE, "%s: not valid JSON at byte %zu: %s", what, why.pos, why.msg);
	*out = yyjson_doc_get_root(doc);
	return true;
}

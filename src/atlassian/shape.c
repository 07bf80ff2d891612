/*
 * Shapes: what of a reply is shown, under which names.  From the same rows comes the outputSchema.
 */
#include <stdio.h>
#include <stdlib.h>

#include "atlassian/tool.h"

/* ---- one member ------------------------------------------------------------------------------ */

static yyjson_mut_val *
make_str(struct work *work, yyjson_val *source)
{
	if (yyjson_is_str(source))
		return yyjson_mut_strncpy(
		    work->doc, yyjson_get_str(source), yyjson_get_len(source));
	if (yyjson_is_sint(source))
		return yyjson_mut_strcpy(work->doc, work_number(work, yyjson_get_sint(source)));
	return yyjson_is_uint(source)
	    ? yyjson_mut_strcpy(
		  work->doc, work_printf(work, "%llu", (unsigned long long)yyjson_get_uint(source)))
	    : NULL;
}

static yyjson_mut_val *
make_int(struct work *work, yyjson_val *source)
{
	struct slice text = json_slice(source);
	uint64_t n;

	if (yyjson_is_num(source))
		return yyjson_val_mut_copy(work->doc, source);
	return slice_to_u64(text, INT64_MAX, &n) ? yyjson_mut_uint(work->doc, n) : NULL;
}

static yyjson_mut_val *
make_name(struct work *work, yyjson_val *source)
{
	if (yyjson_is_obj(source))
		source = yyjson_obj_get(source, "name") != NULL ? yyjson_obj_get(source, "name")
								: yyjson_obj_get(source, "value");
	return make_str(work, source);
}

yyjson_mut_val *
shape_names(struct work *work, yyjson_val *array)
{
	yyjson_mut_val *list = out_arr(work), *name;
	size_t i, max;
	yyjson_val *one;

	if (!yyjson_is_arr(array))
		return NULL;
	yyjson_arr_foreach(array, i, max, one)
	{
		if ((name = make_name(work, one)) != NULL)
			yyjson_mut_arr_append(list, name);
	}
	return list;
}

/* The format shows itself: ADF is an object; of strings the product knows. */
yyjson_mut_val *
shape_text(struct work *work, yyjson_val *source)
{
	enum text_format from =
	    work->site->config->product == PRODUCT_CONFLUENCE ? TEXT_STORAGE : TEXT_WIKI;
	struct slice text = json_slice(source), made;
	struct buf adf;
	yyjson_mut_val *out = NULL;
	bool ok = true;

	buf_init(&adf, loop_memory(work->loop), REST_MAX_BYTES);
	if (yyjson_is_obj(source)) {
		size_t n = 0;
		char *printed =
		    yyjson_val_write_opts(source, YYJSON_WRITE_NOFLAG, &work->alc, &n, NULL);

		ok = printed != NULL;
		text = (struct slice){ printed, n };
		from = TEXT_ADF;
	}
	if (!ok || text.p == NULL)
		return NULL;
	/* What cannot be read is shown as it came, never lost. */
	if (!work_text(work, text, from, TEXT_MARKDOWN, &made))
		made = text;
	while (made.n > 0 && made.p[made.n - 1] == '\n')
		made.n--;
	out = yyjson_mut_strncpy(work->doc, made.p, made.n);
	buf_fini(&adf);
	return out;
}

static yyjson_mut_val *
make(struct work *work, const struct shape_field *field, yyjson_val *source)
{
	switch (field->how) {
	case SHAPE_COPY:
		return yyjson_val_mut_copy(work->doc, source);
	case SHAPE_STR:
		return make_str(work, source);
	case SHAPE_INT:
		return make_int(work, source);
	case SHAPE_BOOL:
		return yyjson_is_bool(source) ? yyjson_mut_bool(work->doc, yyjson_get_bool(source))
					      : NULL;
	case SHAPE_OBJECT:
		return yyjson_is_obj(source) ? shape_make(work, field->of, source) : NULL;
	case SHAPE_LIST:
		return shape_list(work, field->of, source);
	case SHAPE_NAME:
		return make_name(work, source);
	case SHAPE_NAMES:
		return shape_names(work, source);
	case SHAPE_TEXT:
		return shape_text(work, source);
	case SHAPE_FN:
		return field->fn(work, source);
	}
	return NULL;
}

/* ---- whole values ---------------------------------------------------------------------------- */

yyjson_mut_val *
shape_make(struct work *work, const struct shape *shape, yyjson_val *source)
{
	yyjson_mut_val *out = out_obj(work);

	for (size_t i = 0; i < shape->n; i++) {
		const struct shape_field *field = &shape->fields[i];
		yyjson_val *value = json_at(source, field->from != NULL ? field->from : field->key);

		if (value != NULL && !yyjson_is_null(value))
			out_val(work, out, field->key, make(work, field, value));
	}
	return out;
}

yyjson_mut_val *
shape_list(struct work *work, const struct shape *shape, yyjson_val *array)
{
	yyjson_mut_val *list = out_arr(work), *made;
	size_t i, max;
	yyjson_val *one;

	if (!yyjson_is_arr(array))
		return NULL;
	yyjson_arr_foreach(array, i, max, one)
	{
		made = shape != NULL ? shape_make(work, shape, one) : make_str(work, one);
		if (made != NULL)
			yyjson_mut_arr_append(list, made);
	}
	return list;
}

/* ---- the schema ------------------------------------------------------------------------------ */

/*
 * What a list of tools costs its reader is mostly this, so it is short: the names at the first
 * level, and what is no text.  Nothing is required: only what was asked for and what is there is
 * shown.
 */
void
shape_schema(const struct shape *shape, struct buf *out)
{
	static const char *const types[] = {
		[SHAPE_INT] = "{\"type\":\"integer\"}",
		[SHAPE_BOOL] = "{\"type\":\"boolean\"}",
		[SHAPE_OBJECT] = "{\"type\":\"object\"}",
		[SHAPE_LIST] = "{\"type\":\"array\"}",
		[SHAPE_NAMES] = "{\"type\":\"array\"}",
	};

	buf_puts(out, "{\"type\":\"object\"");
	for (size_t i = 0; shape != NULL && i < shape->n; i++) {
		enum shape_how how = shape->fields[i].how;

		buf_puts(out, i == 0 ? ",\"properties\":{" : ",");
		buf_json_string(out, slice_of(shape->fields[i].key));
		buf_putc(out, ':');
		buf_puts(out, how < COUNT(types) && types[how] != NULL ? types[how] : "{}");
	}
	buf_puts(out, shape != NULL && shape->n > 0 ? "}}" : "}");
}

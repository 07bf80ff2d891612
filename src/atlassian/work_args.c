/*
 * Arguments of a call, by the rows of its tool: unknown ones are refused with the nearest name,
 * types are checked, defaults put in.  Kinder than the schema where nothing can go wrong by it: a
 * number where a string is meant, an array for a comma list, JSON in a string for an object.
 */
#include "atlassian/tool.h"

#define LIST_MAX 1000

static const struct given *
find(const struct work *work, const char *name)
{
	for (size_t i = 0; i < work->tool->args_n; i++) {
		if (strcmp(work->tool->args[i].name, name) == 0)
			return &work->given[i];
	}
	must(!"a tool asks for an argument that its row does not name");
	return NULL;
}

/* ---- one value ------------------------------------------------------------------------------- */

/* As JSON writes it: 1.1 stays 1.1. */
static bool
number_text(struct work *work, yyjson_val *value, struct slice *out, struct err *err)
{
	size_t n = 0;
	char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, &work->alc, &n, NULL);

	if (text == NULL)
		return err_set(err, ERR_LIMIT, "no memory for another number");
	*out = (struct slice){ text, n };
	return true;
}

/* The word as the list spells it; SLICE_NONE: it is none of them. */
static struct slice
one_of(const char *list, struct slice word)
{
	struct slice rest = slice_of(list), one;

	while (rest.p != NULL) {
		one = slice_cut(rest, '|', &rest);
		if (slice_eq_nocase(one, word))
			return one;
	}
	return SLICE_NONE;
}

static bool
text_take(struct work *work, const struct arg *arg, struct given *given, struct err *err)
{
	yyjson_val *value = given->value;

	if (yyjson_is_num(value)) {
		if (!number_text(work, value, &given->text, err))
			return false;
	} else if (yyjson_is_str(value)) {
		given->text = json_slice(value);
	} else {
		return err_set(err, ERR_PARAMS, "%s must be a string", arg->name);
	}
	if (!kind_take(work, arg, arg->type, &given->text, err))
		return false;
	if (arg->one_of == NULL)
		return true;
	given->text = one_of(arg->one_of, given->text);
	return given->text.p != NULL ||
	    err_set(err, ERR_PARAMS, "%s must be one of %s", arg->name, arg->one_of);
}

/* A whole number of 32 bits, also as 5.0 or "5". */
static bool
whole(yyjson_val *value, int64_t *out)
{
	double real = yyjson_get_real(value);
	uint64_t n;

	if (yyjson_is_str(value)) {
		if (!slice_to_u64(json_slice(value), INT32_MAX, &n))
			return false;
		*out = (int64_t)n;
		return true;
	}
	if (yyjson_is_int(value))
		real = yyjson_get_num(value);
	else if (!yyjson_is_real(value))
		return false;
	if (real < INT32_MIN || real > INT32_MAX || real != (double)(int32_t)real)
		return false;
	*out = (int32_t)real;
	return true;
}

static bool
int_take(struct work *work, const struct arg *arg, struct given *given, struct err *err)
{
	if (!whole(given->value, &given->number))
		return err_set(err, ERR_PARAMS, "%s must be an integer", arg->name);
	if ((arg->min != 0 || arg->max != 0) && given->number < arg->min)
		return err_set(err, ERR_PARAMS, "%s must be at least %ld", arg->name, arg->min);
	if (arg->max != 0 && given->number > arg->max)
		return err_set(err, ERR_PARAMS, "%s must be at most %ld", arg->name, arg->max);
	if (strcmp(arg->name, "limit") == 0 && work->site->config->limit_max > 0 &&
	    (uint64_t)given->number > work->site->config->limit_max)
		given->number = (int64_t)work->site->config->limit_max;
	return true;
}

static bool
bool_take(const struct arg *arg, struct given *given, struct err *err)
{
	struct slice word = json_slice(given->value);

	if (yyjson_is_bool(given->value))
		given->number = yyjson_get_bool(given->value);
	else if (slice_eq_nocase(word, S("true")) || slice_eq_nocase(word, S("false")))
		given->number = slice_eq_nocase(word, S("true"));
	else
		return err_set(err, ERR_PARAMS, "%s must be true or false", arg->name);
	return true;
}

/* Blanks around an item and items of nothing do not count. */
static bool
item_take(struct work *work, struct given *given, struct slice item, const struct arg *arg,
    struct err *err)
{
	item = slice_trim(item);
	if (item.n == 0)
		return true;
	if (!kind_take(work, arg, arg->of, &item, err))
		return false;
	given->list[given->list_n++] = item;
	return true;
}

/* "a, b" or ["a", "b"], or the latter in a string. */
static bool
list_take(struct work *work, const struct arg *arg, struct given *given, struct err *err)
{
	struct slice text = slice_trim(json_slice(given->value)), rest;
	size_t n = 1, i, max;
	yyjson_val *one;

	if (text.n > 0 && text.p[0] == '[' &&
	    !json_read(work, text, &given->value, arg->name, err)) {
		err->kind = err->kind == ERR_PARSE ? ERR_PARAMS : err->kind;
		return false;
	}
	if (!yyjson_is_arr(given->value) && text.p == NULL)
		return err_set(
		    err, ERR_PARAMS, "%s must be a list: \"a,b\" or [\"a\",\"b\"]", arg->name);
	if (yyjson_is_arr(given->value))
		n = yyjson_arr_size(given->value);
	else
		for (i = 0; i < text.n; i++)
			n += text.p[i] == ',';
	if (n > LIST_MAX)
		return err_set(
		    err, ERR_PARAMS, "%s must have at most %d items", arg->name, LIST_MAX);
	if (!arena_reserve(work->arena, (n + 1) * sizeof(struct slice), err))
		return false;
	given->list = ARENA_ARRAY(work->arena, struct slice, n + 1);
	for (rest = yyjson_is_arr(given->value) ? SLICE_NONE : text; rest.p != NULL;) {
		if (!item_take(work, given, slice_cut(rest, ',', &rest), arg, err))
			return false;
	}
	yyjson_arr_foreach(given->value, i, max, one)
	{
		struct slice item = json_slice(one);

		if (yyjson_is_num(one) && !number_text(work, one, &item, err))
			return false;
		if (item.p == NULL)
			return err_set(err, ERR_PARAMS, "%s must be a list of strings", arg->name);
		if (!item_take(work, given, item, arg, err))
			return false;
	}
	return true;
}

/* "a, b" as ["a", "b"]. */
static bool
names_take(struct work *work, struct slice text, struct given *given, struct err *err)
{
	yyjson_mut_val *list = out_arr(work);
	yyjson_doc *doc;
	struct slice rest = text;

	for (size_t n = 0; rest.p != NULL && n <= LIST_MAX; n++) {
		struct slice name = slice_trim(slice_cut(rest, ',', &rest));

		if (name.n > 0)
			yyjson_mut_arr_append(list, yyjson_mut_strncpy(work->doc, name.p, name.n));
	}
	doc = yyjson_mut_val_imut_copy(list, &work->alc);
	given->value = yyjson_doc_get_root(doc);
	return given->value != NULL || err_set(err, ERR_LIMIT, "no memory for a list");
}

static bool
json_take(struct work *work, const struct arg *arg, struct given *given, struct err *err)
{
	bool is_object = arg->type == ARG_OBJECT;
	struct slice text = slice_trim(json_slice(given->value));

	if (text.p != NULL && text.n == 0) {
		given->value = NULL;
		return true;
	}
	if (text.p != NULL && arg->flags & OR_NAMES && text.p[0] != '[')
		return names_take(work, text, given, err);
	if (text.p != NULL && !json_read(work, text, &given->value, arg->name, err)) {
		err->kind = err->kind == ERR_PARSE ? ERR_PARAMS : err->kind;
		return false;
	}
	if (is_object ? !yyjson_is_obj(given->value) : !yyjson_is_arr(given->value))
		return err_set(err, ERR_PARAMS, "%s must be %s, or a string that holds one as JSON",
		    arg->name, is_object ? "an object" : "an array");
	return true;
}

static bool
take(struct work *work, const struct arg *arg, struct given *given, struct err *err)
{
	switch (arg->type) {
	case ARG_STR:
	case ARG_TEXT:
	case ARG_KEY:
	case ARG_PROJECT:
	case ARG_SPACE:
	case ARG_PAGE:
	case ARG_ID:
	case ARG_NAME_ID:
	case ARG_DATE:
	case ARG_TIME:
	case ARG_URL:
		return text_take(work, arg, given, err);
	case ARG_INT:
		return int_take(work, arg, given, err);
	case ARG_BOOL:
		return bool_take(arg, given, err);
	case ARG_CSV:
		return list_take(work, arg, given, err);
	case ARG_OBJECT:
	case ARG_ARRAY:
		return json_take(work, arg, given, err);
	}
	return false;
}

/* ---- all of them ----------------------------------------------------------------------------- */

const struct arg *
arg_at(const struct tool *tool, size_t k)
{
	if (k < tool->args_n)
		return &tool->args[k];
	return k == tool->args_n ? tool_common_arg(tool) : NULL;
}

static bool
refuse_unknown(struct work *work, struct slice name, struct err *err)
{
	const struct arg *nearest = NULL;
	const struct arg *arg;
	unsigned best = 4;

	for (size_t i = 0; (arg = arg_at(work->tool, i)) != NULL; i++) {
		unsigned far = slice_distance(slice_of(arg->name), name);

		if (far < best) {
			best = far;
			nearest = arg;
		}
	}
	return err_set(err, ERR_PARAMS, "unknown argument \"%s\"%s%s%s", work_shown(work, name),
	    nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest->name : "",
	    nearest != NULL ? "\"?)" : "");
}

/* null, and an empty text where a word or a key is meant. */
static bool
is_nothing(const struct arg *arg, yyjson_val *value)
{
	return yyjson_is_null(value) ||
	    ((arg->one_of != NULL || kind_is_strict(arg->type)) && yyjson_equals_str(value, ""));
}

static bool
place(struct work *work, yyjson_val *object, struct err *err)
{
	const struct arg *arg = NULL;
	yyjson_val *key, *value;
	size_t i, max, k;

	yyjson_obj_foreach(object, i, max, key, value)
	{
		for (k = 0; (arg = arg_at(work->tool, k)) != NULL; k++) {
			if (yyjson_equals_str(key, arg->name))
				break;
		}
		if (arg == NULL)
			return refuse_unknown(work, json_slice(key), err);
		work->given[k].value = is_nothing(arg, value) ? NULL : value;
	}
	return true;
}

/*
 * What the scanner of messages lets pass and no reader of values takes: half a surrogate pair, a
 * number beyond all.  The argument that holds it is named.
 */
static bool
arguments_read(struct work *work, struct slice text, yyjson_val **out, struct err *err)
{
	struct slice key, value;
	struct json_iter iter;
	yyjson_val *unused;
	struct err why;

	if (json_read(work, text, out, "arguments", err))
		return true;
	json_iter_init(&iter, text);
	while (json_iter_next(&iter, &key, &value)) {
		if (!json_read(work, value, &unused, "", &why))
			return err_set(err, why.kind == ERR_PARSE ? ERR_PARAMS : why.kind, "%s%s",
			    work_shown(work, key), why.text);
	}
	return false;
}

bool
work_take_args(struct work *work, struct slice arguments, struct err *err)
{
	const struct tool *tool = work->tool;
	const struct arg *arg;
	yyjson_val *object = NULL;

	if (!arena_reserve(work->arena, (tool->args_n + 1) * sizeof(*work->given), err))
		return false;
	work->given = ARENA_ARRAY(work->arena, struct given, tool->args_n + 1);
	if (arguments.p != NULL && !arguments_read(work, arguments, &object, err))
		return false;
	if (object != NULL && !yyjson_is_obj(object))
		return err_set(err, ERR_PARAMS, "arguments must be an object");
	if (object != NULL && !place(work, object, err))
		return false;
	for (size_t i = 0; (arg = arg_at(tool, i)) != NULL; i++) {
		struct given *given = &work->given[i];

		given->is_given = given->value != NULL;
		if (given->value == NULL && (arg->flags & REQUIRED))
			return err_set(err, ERR_PARAMS, "%s is required: %s", arg->name, arg->help);
		if (given->value == NULL && arg->fallback != NULL &&
		    !json_read(work, slice_of(arg->fallback), &given->value, arg->name, err))
			return false;
		if (given->value != NULL && !take(work, arg, given, err))
			return false;
	}
	return dry_init(work, work->given[tool->args_n].number != 0, err);
}

/* ---- asking for one -------------------------------------------------------------------------- */

const char *
arg_str(const struct work *work, const char *name)
{
	struct slice text = find(work, name)->text;
	struct err err;

	return text.p == NULL || !arena_reserve(work->arena, text.n + 1, &err)
	    ? NULL
	    : slice_cstr(work->arena, text);
}

struct slice
arg_slice(const struct work *work, const char *name)
{
	return find(work, name)->text;
}

int64_t
arg_int(const struct work *work, const char *name)
{
	return find(work, name)->number;
}

bool
arg_bool(const struct work *work, const char *name)
{
	return find(work, name)->number != 0;
}

bool
arg_has(const struct work *work, const char *name)
{
	return find(work, name)->is_given;
}

yyjson_val *
arg_json(const struct work *work, const char *name)
{
	return find(work, name)->value;
}

size_t
arg_list(const struct work *work, const char *name, struct slice **out)
{
	const struct given *given = find(work, name);

	*out = given->list;
	return given->list_n;
}

/* As text, for a path or a query: lists joined by commas.  NULL: absent, or of no such type. */
const char *
arg_text(struct work *work, const struct arg *arg, const struct given *given)
{
	struct buf out;
	const char *text = NULL;
	struct err err;

	if (given->value == NULL)
		return NULL;
	if (arg->type == ARG_INT)
		return work_number(work, given->number);
	if (arg->type == ARG_BOOL)
		return given->number ? "true" : "false";
	if (arg->type == ARG_OBJECT || arg->type == ARG_ARRAY)
		return NULL;
	if (arg->type != ARG_CSV)
		return arena_reserve(work->arena, given->text.n + 1, &err)
		    ? slice_cstr(work->arena, given->text)
		    : NULL;
	buf_init(&out, NULL, 64 * KIB);
	for (size_t i = 0; i < given->list_n; i++) {
		if (i > 0)
			buf_putc(&out, ',');
		buf_put(&out, given->list[i]);
	}
	if (buf_check(&out, &err) && arena_reserve(work->arena, out.n + 1, &err))
		text = slice_cstr(work->arena, (struct slice){ out.n > 0 ? out.p : "", out.n });
	buf_fini(&out);
	return text;
}

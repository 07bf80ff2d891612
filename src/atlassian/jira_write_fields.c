/*
 * Fields on their way to Jira.  Clients give values as they see them ("High", "Frontend,API",
 * "amy@example.com", Markdown); the type of the field says what Jira wants instead.  The types of
 * the fields of every Jira are a table; those of custom fields are in the list of fields, which is
 * asked for only when one is named.  Values that have Jira's own form pass as they are.
 */
#include <stdlib.h>

#include "atlassian/jira.h"

#define ITEMS_MAX   500
#define CASCADE_SEP " > "

enum value_how {
	VALUE_COPY,
	VALUE_TEXT,   /* Markdown: ADF, wiki */
	VALUE_NAME,   /* {"name": x} */
	VALUE_NAMES,  /* [{"name": x}] */
	VALUE_OPTION, /* {"value": x} */
	VALUE_OPTIONS,
	VALUE_CASCADE, /* {"value": x, "child": {"value": y}} */
	VALUE_WORDS,   /* ["x"] */
	VALUE_USER,
	VALUE_USERS,
	VALUE_NUMBER,
	VALUE_KEY, /* {"key": x}, of a project that the site shows */
	VALUE_TIME,
	VALUE_HOWS_N
};

/* ---- texts ----------------------------------------------------------------------------------- */

static bool
is_adf(yyjson_val *value)
{
	return yyjson_equals_str(yyjson_obj_get(value, "type"), "doc") &&
	    yyjson_is_arr(yyjson_obj_get(value, "content"));
}

/* ADF of the client: on Cloud as it is, elsewhere as wiki. */
static bool
adf_pass(struct work *work, yyjson_val *adf, yyjson_mut_val **out)
{
	struct slice text, wiki;
	size_t n = 0;

	*out = yyjson_val_mut_copy(work->doc, adf);
	if (work->is_cloud)
		return true;
	text.p = yyjson_val_write_opts(adf, YYJSON_WRITE_NOFLAG, &work->alc, &n, NULL);
	text.n = n;
	if (text.p == NULL)
		return work_fail(work, ERR_LIMIT, "the text is too large");
	if (!work_text(work, text, TEXT_ADF, TEXT_WIKI, &wiki))
		return false;
	*out = yyjson_mut_strncpy(work->doc, wiki.p, wiki.n);
	return true;
}

bool
jira_text(struct work *work, struct slice text, yyjson_mut_val **out)
{
	struct slice trimmed = slice_trim(text), made;
	yyjson_val *adf;
	struct err ignored;

	if (trimmed.n > 0 && trimmed.p[0] == '{' &&
	    json_read(work, trimmed, &adf, "text", &ignored) && is_adf(adf))
		return adf_pass(work, adf, out);
	made = text;
	if (work->is_cloud || !work->site->config->no_markup) {
		if (!work_text(
			work, text, TEXT_MARKDOWN, work->is_cloud ? TEXT_ADF : TEXT_WIKI, &made))
			return false;
	}
	if (!work->is_cloud) {
		*out = yyjson_mut_strncpy(work->doc, made.p, made.n);
		return true;
	}
	if (!json_read(work, made, &adf, "text", work->err))
		return false;
	*out = yyjson_val_mut_copy(work->doc, adf);
	return true;
}

static bool
put_text(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	(void)change;
	if (yyjson_is_obj(value) && is_adf(value))
		return adf_pass(work, value, out);
	if (!yyjson_is_str(value))
		return work_fail(work, ERR_PARAMS, "a text must be a string, or a document of ADF");
	return jira_text(work, json_slice(value), out);
}

/* ---- one value ------------------------------------------------------------------------------- */

static bool
put_copy(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	(void)change;
	*out = yyjson_val_mut_copy(work->doc, value);
	return true;
}

static yyjson_mut_val *
wrap(struct work *work, const char *member, struct slice text)
{
	yyjson_mut_val *object = out_obj(work);

	out_slice(work, object, member, slice_trim(text));
	return object;
}

static bool
put_member(struct work *work, const char *member, yyjson_val *value, yyjson_mut_val **out)
{
	*out = yyjson_is_str(value) ? wrap(work, member, json_slice(value))
				    : yyjson_val_mut_copy(work->doc, value);
	return true;
}

static bool
put_name(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	(void)change;
	return put_member(work, "name", value, out);
}

static bool
put_option(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	(void)change;
	if (yyjson_is_num(value) || yyjson_is_bool(value)) {
		*out = out_obj(work);
		out_slice(work, *out, "value",
		    yyjson_is_bool(value)
			? slice_of(yyjson_get_bool(value) ? "true" : "false")
			: slice_of(work_printf(work, "%g", yyjson_get_num(value))));
		return true;
	}
	return put_member(work, "value", value, out);
}

static bool
put_cascade(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	struct slice text = json_slice(value), child = SLICE_NONE;

	for (size_t i = 0; i + sizeof(CASCADE_SEP) - 1 <= text.n && child.p == NULL; i++) {
		if (memcmp(text.p + i, CASCADE_SEP, sizeof(CASCADE_SEP) - 1) != 0)
			continue;
		child = (struct slice){ text.p + i + 3, text.n - i - 3 };
		text.n = i;
	}
	if (child.p == NULL)
		return put_option(work, change, value, out);
	*out = wrap(work, "value", text);
	out_val(work, *out, "child", wrap(work, "value", child));
	return true;
}

static bool
put_user(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	return jira_user_value_wait(work, value, &change->place, out);
}

static bool
put_number(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	const char *text = yyjson_get_str(value);
	char *end = NULL;
	double number;

	if (text == NULL)
		return put_copy(work, change, value, out);
	number = strtod(text, &end);
	if (end == text || *end != '\0')
		return work_fail(work, ERR_PARAMS, "\"%.40s\" is no number", text);
	*out = number >= -9e15 && number <= 9e15 && number == (double)(int64_t)number
	    ? yyjson_mut_sint(work->doc, (int64_t)number)
	    : yyjson_mut_real(work->doc, number);
	return true;
}

/* A project or an issue: of what the site shows. */
static bool
put_key(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	struct slice key = json_slice(yyjson_is_obj(value) ? yyjson_obj_get(value, "key") : value);
	struct slice project = jira_project_of(key);

	(void)change;
	if (yyjson_is_obj(value) && key.p == NULL && work->site->config->filter_n == 0)
		return put_copy(work, change, value, out);
	if (key.n == 0)
		return work_fail(work, ERR_PARAMS, "a key is needed, such as \"PROJ-123\"");
	if (!jira_project_check(work, project.p != NULL ? project : key))
		return false;
	*out = wrap(work, "key", key);
	return true;
}

static bool
put_time(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	static const struct {
		const char *from, *to;
	} names[] = { { "original_estimate", "originalEstimate" },
		{ "originalEstimate", "originalEstimate" },
		{ "remaining_estimate", "remainingEstimate" },
		{ "remainingEstimate", "remainingEstimate" } };

	(void)change;
	if (yyjson_is_str(value)) {
		*out = wrap(work, "originalEstimate", json_slice(value));
		return true;
	}
	if (!yyjson_is_obj(value))
		return work_fail(work, ERR_PARAMS,
		    "timetracking must be {\"originalEstimate\": \"2d\", \"remainingEstimate\": \"4h\"}");
	*out = out_obj(work);
	for (size_t i = 0; i < COUNT(names); i++)
		out_slice(
		    work, *out, names[i].to, json_slice(yyjson_obj_get(value, names[i].from)));
	return true;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* One item: an element of a list, or a piece of a comma list; those are strings of a new value. */
static bool
list_put(struct work *work, const struct jira_change *change, yyjson_val *value,
    yyjson_mut_val **out,
    bool (*put)(struct work *, const struct jira_change *, yyjson_val *, yyjson_mut_val **))
{
	struct slice rest = json_slice(value), piece;
	yyjson_mut_val *one;
	yyjson_val *item;
	size_t i, max;

	*out = out_arr(work);
	if (yyjson_arr_size(value) > ITEMS_MAX)
		return work_fail(work, ERR_PARAMS, "a list has at most %d items", ITEMS_MAX);
	yyjson_arr_foreach(value, i, max, item)
	{
		if (!put(work, change, item, &one))
			return false;
		yyjson_mut_arr_append(*out, one);
	}
	while (rest.p != NULL) {
		yyjson_val text = { 0 };

		piece = slice_trim(slice_cut(rest, ',', &rest));
		piece.p = work_cstr(work, piece);
		if (piece.p == NULL)
			return false;
		if (piece.n == 0)
			continue;
		yyjson_set_strn(&text, piece.p, piece.n);
		if (!put(work, change, &text, &one))
			return false;
		yyjson_mut_arr_append(*out, one);
	}
	if (yyjson_is_obj(value)) {
		if (!put(work, change, value, &one))
			return false;
		yyjson_mut_arr_append(*out, one);
	}
	return true;
}

static bool
put_names(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	return list_put(work, change, value, out, put_name);
}

static bool
put_options(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	return list_put(work, change, value, out, put_option);
}

static bool
put_words(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	return list_put(work, change, value, out, put_copy);
}

static bool
put_users(
    struct work *work, const struct jira_change *change, yyjson_val *value, yyjson_mut_val **out)
{
	return list_put(work, change, value, out, put_user);
}

yyjson_mut_val *
jira_names(struct work *work, const struct slice *names, size_t n)
{
	yyjson_mut_val *list = out_arr(work);

	for (size_t i = 0; i < n; i++)
		yyjson_mut_arr_append(list, wrap(work, "name", names[i]));
	return list;
}

/* ---- which field wants what ------------------------------------------------------------------ */

static bool (*const put_how[VALUE_HOWS_N])(
    struct work *, const struct jira_change *, yyjson_val *, yyjson_mut_val **) = {
	[VALUE_COPY] = put_copy,
	[VALUE_TEXT] = put_text,
	[VALUE_NAME] = put_name,
	[VALUE_NAMES] = put_names,
	[VALUE_OPTION] = put_option,
	[VALUE_OPTIONS] = put_options,
	[VALUE_CASCADE] = put_cascade,
	[VALUE_WORDS] = put_words,
	[VALUE_USER] = put_user,
	[VALUE_USERS] = put_users,
	[VALUE_NUMBER] = put_number,
	[VALUE_KEY] = put_key,
	[VALUE_TIME] = put_time,
};

static const struct {
	const char *id;
	enum value_how how;
} system_values[] = {
	{ "description", VALUE_TEXT },
	{ "environment", VALUE_TEXT },
	{ "issuetype", VALUE_NAME },
	{ "priority", VALUE_NAME },
	{ "resolution", VALUE_NAME },
	{ "security", VALUE_NAME },
	{ "components", VALUE_NAMES },
	{ "fixVersions", VALUE_NAMES },
	{ "versions", VALUE_NAMES },
	{ "labels", VALUE_WORDS },
	{ "assignee", VALUE_USER },
	{ "reporter", VALUE_USER },
	{ "project", VALUE_KEY },
	{ "parent", VALUE_KEY },
	{ "timetracking", VALUE_TIME },
};

static enum value_how
system_how(struct slice id)
{
	for (size_t i = 0; i < COUNT(system_values); i++) {
		if (slice_eq(id, slice_of(system_values[i].id)))
			return system_values[i].how;
	}
	return VALUE_COPY;
}

/* By the type of the schema; "array": by that of its items. */
static const struct {
	const char *type, *items;
	enum value_how how;
} typed_values[] = {
	{ "option", "", VALUE_OPTION },
	{ "option-with-child", "", VALUE_CASCADE },
	{ "array", "option", VALUE_OPTIONS },
	{ "array", "string", VALUE_WORDS },
	{ "user", "", VALUE_USER },
	{ "array", "user", VALUE_USERS },
	{ "number", "", VALUE_NUMBER },
	{ "version", "", VALUE_NAME },
	{ "group", "", VALUE_NAME },
	{ "priority", "", VALUE_NAME },
	{ "array", "version", VALUE_NAMES },
	{ "array", "component", VALUE_NAMES },
	{ "array", "group", VALUE_NAMES },
};

static enum value_how
custom_how(const struct jira_field *field)
{
	if (slice_ends(field->custom, S(":textarea")))
		return VALUE_TEXT;
	if (slice_ends(field->custom, S(":gh-sprint")))
		return VALUE_NUMBER;
	for (size_t i = 0; i < COUNT(typed_values); i++) {
		if (slice_eq(field->type, slice_of(typed_values[i].type)) &&
		    slice_eq(field->items, slice_of(typed_values[i].items)))
			return typed_values[i].how;
	}
	return VALUE_COPY;
}

/* A list is emptied by [], everything else by null. */
static yyjson_mut_val *
nothing(struct work *work, enum value_how how)
{
	bool is_list =
	    how == VALUE_NAMES || how == VALUE_OPTIONS || how == VALUE_WORDS || how == VALUE_USERS;

	return is_list ? out_arr(work) : yyjson_mut_null(work->doc);
}

static bool
put_as(struct work *work, struct jira_change *change, struct slice id, enum value_how how,
    yyjson_val *value)
{
	yyjson_mut_val *made = NULL;
	const char *key = work_cstr(work, id);

	if (key == NULL)
		return false;
	if (yyjson_is_null(value))
		made = nothing(work, how);
	else if (!put_how[how](work, change, value, &made))
		return err_prefix(work->err, "%s", key);
	if (made == NULL)
		return work_fail(work, ERR_LIMIT, "%s is too large", key);
	out_val(work, change->fields, key, made);
	return true;
}

/* Jira's own form of a value needs no type; strings and lists of strings do. */
static bool
needs_type(yyjson_val *value)
{
	return yyjson_is_str(value) ||
	    (yyjson_is_arr(value) && yyjson_is_str(yyjson_arr_get(value, 0)));
}

static bool
custom_put_wait(struct work *work, struct jira_change *change, struct slice name, yyjson_val *value)
{
	bool is_id = slice_starts(name, S("customfield_"));
	struct jira_field field;

	if (is_id && !needs_type(value))
		return put_as(work, change, name, VALUE_COPY, value);
	if (!jira_fields_wait(work, false))
		return false;
	if (!jira_field_find(work, name, &field))
		return is_id ? put_as(work, change, name, VALUE_COPY, value)
			     : jira_field_unknown(work, name);
	return put_as(work, change, field.id, custom_how(&field), value);
}

/* The epic of an issue: its parent on Cloud, a custom field elsewhere. */
static bool
is_epic_link(struct slice name)
{
	static const char *const names[] = { "epic_key", "epickey", "epic_link", "epiclink",
		"epic link" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (slice_eq_nocase(name, slice_of(names[i])))
			return true;
	}
	return false;
}

static bool
epic_put_wait(struct work *work, struct jira_change *change, yyjson_val *value)
{
	struct slice key = json_slice(yyjson_is_obj(value) ? yyjson_obj_get(value, "key") : value);
	struct jira_field field;

	if (work->is_cloud)
		return put_as(work, change, S("parent"), VALUE_KEY, value);
	if (!jira_fields_wait(work, false))
		return false;
	if (!jira_field_custom(work, S("com.pyxis.greenhopper.jira:gh-epic-link"), &field))
		return work_fail(
		    work, ERR_RESOURCE, "this Jira has no Epic Link: is Jira Software there?");
	if (!yyjson_is_null(value) && (key.n == 0 || !jira_keys_check(work, &key, 1)))
		return key.n > 0 ? false : work_fail(work, ERR_PARAMS, "an epic needs its key");
	out_val(work, change->fields, work_cstr(work, field.id),
	    key.n > 0 ? yyjson_mut_strncpy(work->doc, key.p, key.n) : yyjson_mut_null(work->doc));
	return true;
}

bool
jira_change_put_wait(
    struct work *work, struct jira_change *change, struct slice name, yyjson_val *value)
{
	struct slice id = jira_system_field(name);

	name = slice_trim(name);
	if (slice_eq_nocase(name, S("epic_name")) || slice_eq_nocase(name, S("epicName")))
		name = S("Epic Name");
	if (is_epic_link(name))
		return epic_put_wait(work, change, value);
	if (slice_eq(id, S("status"))) {
		change->status = yyjson_is_obj(value) ? yyjson_obj_get(value, "name") : value;
		return yyjson_is_str(change->status) ||
		    work_fail(work, ERR_PARAMS, "status must be the name of a status");
	}
	if (slice_eq(id, S("assignee")) && change->keeps_assignee) {
		change->assignee = value;
		return true;
	}
	if (id.p != NULL)
		return put_as(work, change, id, system_how(id), value);
	return custom_put_wait(work, change, name, value);
}

bool
jira_change_object_wait(struct work *work, struct jira_change *change, yyjson_val *object)
{
	yyjson_val *key, *value;
	size_t i, max;

	if (yyjson_obj_size(object) > ITEMS_MAX)
		return work_fail(work, ERR_PARAMS, "at most %d fields at once", ITEMS_MAX);
	yyjson_obj_foreach(object, i, max, key, value)
	{
		if (!jira_change_put_wait(work, change, json_slice(key), value))
			return false;
	}
	return true;
}

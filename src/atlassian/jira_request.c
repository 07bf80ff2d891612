/*
 * Customer requests: the fields of the request type say what must be there and which form a value
 * has; then the request is made, and its files are attached.  What fails after it was made is a
 * warning beside it.
 */
#include "atlassian/jira_desk.h"

#define FILES_MAX	 20
#define FILES_BYTES	 (32 * MIB)
#define NAME_MAX_BYTES	 255
#define PARTICIPANTS_MAX 100
#define WARNINGS_MAX	 400
#define OPTIONS_SHOWN	 8
#define BOUNDARY	 "bascule-8c1f5e1d3a7b4960"

/* A file of the caller: descriptor and content in the arena. */
struct file {
	struct slice name, type, data;
};

struct making {
	struct work *work;
	const char *desk, *type;
	bool is_internal; /* customers must not see what is added */
	struct slice behalf;
	yyjson_mut_val *body;
	struct file *files;
	size_t files_n;
	yyjson_mut_val *warnings;
};

/* ---- files ----------------------------------------------------------------------------------- */

/* Nothing that could end a line of the form's head, or its quotes. */
static bool
is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == '"' || text.p[i] == 0x7f)
			return false;
	}
	return text.n > 0 && text.n <= NAME_MAX_BYTES;
}

static bool
file_take(struct making *making, size_t at, yyjson_val *given, size_t *total)
{
	struct slice name = slice_trim(json_slice(yyjson_obj_get(given, "filename"))),
		     type = slice_trim(json_slice(yyjson_obj_get(given, "mime_type"))),
		     text = json_slice(yyjson_obj_get(given, "base64"));
	struct work *work = making->work;
	struct buf data;
	bool ok;

	if (type.n == 0)
		type = S("application/octet-stream");
	if (!is_plain(name) || !is_plain(type) || text.n == 0)
		return work_fail(work, ERR_PARAMS,
		    "attachments[%zu] must be {\"filename\": \"a.txt\", \"mime_type\": "
		    "\"text/plain\", \"base64\": \"...\"}",
		    at);
	buf_init(&data, loop_memory(work->loop), FILES_BYTES + 3);
	ok = base64_read(text, &data) && data.n > 0;
	if (!ok && !data.overflow)
		work_fail(work, ERR_PARAMS, "attachments[%zu].base64 is no base64", at);
	*total += data.n;
	if (data.overflow || *total > FILES_BYTES) {
		work_fail(work, ERR_PARAMS, "attachments: together at most %d MiB",
		    (int)(FILES_BYTES / MIB));
		ok = false;
	}
	if (ok && (ok = arena_reserve(work->arena, data.n, work->err)))
		making->files[making->files_n++] =
		    (struct file){ name, type, slice_dup(work->arena, buf_view(&data)) };
	buf_fini(&data);
	return ok;
}

static bool
files_take(struct making *making)
{
	yyjson_val *given = arg_json(making->work, "attachments"), *one;
	size_t i, max, total = 0, n = yyjson_arr_size(given);

	if (n > FILES_MAX)
		return work_fail(making->work, ERR_PARAMS, "attachments: at most %d", FILES_MAX);
	if (!arena_reserve(
		making->work->arena, (n + 1) * sizeof(*making->files), making->work->err))
		return false;
	making->files = ARENA_ARRAY(making->work->arena, struct file, n + 1);
	yyjson_arr_foreach(given, i, max, one)
	{
		if (!file_take(making, i, one, &total))
			return false;
	}
	return true;
}

/* A boundary that stands in no file. */
static const char *
boundary_of(const struct making *making)
{
	const char *boundary = BOUNDARY;

	for (size_t i = 0; i < making->files_n; i++) {
		const struct file *file = &making->files[i];

		while (slice_has(file->data, slice_of(boundary)) && strlen(boundary) < 70) {
			boundary = work_printf(making->work, "%sx", boundary);
			i = 0;
		}
	}
	return boundary;
}

/* The files as a form, into Jira's temporary store; *ids: what it calls them. */
static bool
upload_wait(struct making *making, yyjson_mut_val *ids)
{
	struct work *work = making->work;
	const char *boundary = boundary_of(making),
		   *path = work_path(work,
		       "/rest/servicedeskapi/servicedesk/{desk}/attachTemporaryFile", "desk",
		       making->desk, NULL);
	struct site_request request = { .method = S("POST"),
		.is_write = true,
		.headers = S("X-ExperimentalApi: opt-in\r\nX-Atlassian-Token: no-check\r\n"),
		.type = slice_of(work_printf(work, "multipart/form-data; boundary=%s", boundary)) };
	yyjson_val *reply = NULL, *one;
	struct buf body;
	size_t i, max;
	bool ok;

	if (path == NULL)
		return false;
	buf_init(&body, loop_memory(work->loop), FILES_BYTES + MIB);
	for (i = 0; i < making->files_n; i++) {
		const struct file *file = &making->files[i];

		buf_printf(&body,
		    "--%s\r\nContent-Disposition: form-data; name=\"file\"; "
		    "filename=\"%.*s\"\r\nContent-Type: %.*s\r\n\r\n",
		    boundary, SLICE_FMT(file->name), SLICE_FMT(file->type));
		buf_put(&body, file->data);
		buf_puts(&body, "\r\n");
	}
	buf_printf(&body, "--%s--\r\n", boundary);
	request.path = slice_of(path);
	request.body = buf_view(&body);
	ok = buf_check(&body, work->err) && work_request_wait(work, &request, &reply, false);
	buf_fini(&body);
	yyjson_arr_foreach(yyjson_obj_get(reply, "temporaryAttachments"), i, max, one)
	{
		yyjson_val *id = yyjson_obj_get(one, "temporaryAttachmentId");

		if (yyjson_is_str(id))
			yyjson_mut_arr_append(ids, yyjson_val_mut_copy(work->doc, id));
	}
	return ok &&
	    (yyjson_mut_arr_size(ids) == making->files_n ||
		work_fail(work, ERR_UNAVAILABLE, "Jira kept %zu of %zu files",
		    yyjson_mut_arr_size(ids), making->files_n));
}

static bool
attach_wait(struct making *making, const char *key)
{
	struct work *work = making->work;
	yyjson_mut_val *body = out_obj(work), *ids = out_arr(work);

	if (!upload_wait(making, ids))
		return false;
	out_val(work, body, "temporaryAttachmentIds", ids);
	out_bool(work, body, "public", !making->is_internal);
	return work_send_wait(work, "POST", body, NULL,
	    "/rest/servicedeskapi/request/{key}/attachment", "key", key, NULL);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool
is_missing(yyjson_val *value)
{
	return value == NULL || yyjson_is_null(value) ||
	    (yyjson_is_str(value) && slice_trim(json_slice(value)).n == 0) ||
	    (yyjson_is_ctn(value) && yyjson_get_len(value) == 0);
}

static bool
is_select(yyjson_val *schema)
{
	struct slice custom = json_slice(yyjson_obj_get(schema, "custom"));

	return yyjson_equals_str(yyjson_obj_get(schema, "type"), "option") ||
	    slice_has(custom, S("select")) || slice_has(custom, S("radiobutton")) ||
	    slice_has(custom, S("checkbox"));
}

static bool
is_long_text(yyjson_val *schema)
{
	return yyjson_equals_str(yyjson_obj_get(schema, "system"), "description") ||
	    slice_ends(json_slice(yyjson_obj_get(schema, "custom")), S(":textarea"));
}

/* Is it the option that the caller means: by id, value, label or name, case aside? */
static bool
is_option(yyjson_val *option, struct slice wanted)
{
	static const char *const members[] = { "id", "value", "label", "name" };

	for (size_t i = 0; i < COUNT(members); i++) {
		struct slice member = json_slice(yyjson_obj_get(option, members[i]));

		if (member.n > 0 && slice_eq_nocase(member, wanted))
			return true;
	}
	return false;
}

static struct slice
option_label(yyjson_val *option)
{
	static const char *const members[] = { "label", "name", "value" };

	for (size_t i = 0; i < COUNT(members); i++) {
		struct slice member = json_slice(yyjson_obj_get(option, members[i]));

		if (member.n > 0)
			return member;
	}
	return SLICE_NONE;
}

/* A word, a number, or an object with one of an option's members. */
static struct slice
wanted_of(struct work *work, yyjson_val *value)
{
	static const char *const members[] = { "id", "value", "label", "name" };
	struct slice word = SLICE_NONE;

	for (size_t i = 0; yyjson_is_obj(value) && word.n == 0 && i < COUNT(members); i++)
		word = wanted_of(work, yyjson_obj_get(value, members[i]));
	if (yyjson_is_int(value))
		return slice_of(work_number(work, yyjson_get_sint(value)));
	return yyjson_is_str(value) ? slice_trim(json_slice(value)) : word;
}

static bool
no_option(struct work *work, yyjson_val *field, struct slice wanted)
{
	yyjson_val *options = yyjson_obj_get(field, "validValues"), *option;
	struct buf text;
	size_t i, max;

	buf_init(&text, NULL, 2 * KIB);
	yyjson_arr_foreach(options, i, max, option)
	{
		if (i < OPTIONS_SHOWN)
			buf_printf(
			    &text, "%s%.*s", i > 0 ? ", " : "", SLICE_FMT(option_label(option)));
	}
	work_fail(work, ERR_PARAMS, "request_field_values.%.*s: \"%.*s\" is none of %.*s%s",
	    SLICE_FMT(json_slice(yyjson_obj_get(field, "fieldId"))),
	    (int)(wanted.n > 80 ? 80 : wanted.n), wanted.p != NULL ? wanted.p : "", (int)text.n,
	    text.n > 0 ? text.p : "", yyjson_arr_size(options) > OPTIONS_SHOWN ? ", ..." : "");
	buf_fini(&text);
	return false;
}

static bool
option_make(struct work *work, yyjson_val *field, struct slice wanted, yyjson_mut_val **out)
{
	yyjson_val *option, *id;
	size_t i, max;

	yyjson_arr_foreach(yyjson_obj_get(field, "validValues"), i, max, option)
	{
		if (!is_option(option, wanted))
			continue;
		id = yyjson_obj_get(option, "id");
		if (!yyjson_is_str(id))
			id = yyjson_obj_get(option, "value");
		*out = out_obj(work);
		if (yyjson_is_str(id))
			out_copy(work, *out, "id", id);
		else
			out_slice(work, *out, "value", option_label(option));
		return true;
	}
	return no_option(work, field, wanted);
}

/* Items of a list, of a text with commas, or the one value; options where the field has some. */
static bool
list_make(struct work *work, yyjson_val *field, yyjson_val *value, yyjson_mut_val **out)
{
	bool has_options = is_select(yyjson_obj_get(field, "jiraSchema")) &&
	    yyjson_arr_size(yyjson_obj_get(field, "validValues")) > 0;
	struct slice rest = json_slice(value), word;
	yyjson_mut_val *one;
	yyjson_val *item;
	size_t i, max;

	*out = out_arr(work);
	while (rest.p != NULL) {
		word = slice_trim(slice_cut(rest, ',', &rest));
		if (word.n == 0)
			continue;
		one = yyjson_mut_strncpy(work->doc, word.p, word.n);
		if (has_options && !option_make(work, field, word, &one))
			return false;
		yyjson_mut_arr_append(*out, one);
	}
	yyjson_arr_foreach(value, i, max, item)
	{
		one = yyjson_val_mut_copy(work->doc, item);
		if (has_options && !option_make(work, field, wanted_of(work, item), &one))
			return false;
		yyjson_mut_arr_append(*out, one);
	}
	if (yyjson_is_str(value) || yyjson_is_arr(value))
		return true;
	one = yyjson_val_mut_copy(work->doc, value);
	if (has_options && !option_make(work, field, wanted_of(work, value), &one))
		return false;
	yyjson_mut_arr_append(*out, one);
	return true;
}

static bool
value_make(struct work *work, yyjson_val *field, yyjson_val *value, yyjson_mut_val **out)
{
	yyjson_val *schema = yyjson_obj_get(field, "jiraSchema");
	struct slice text = json_slice(value);

	*out = yyjson_val_mut_copy(work->doc, value);
	if (yyjson_equals_str(yyjson_obj_get(schema, "type"), "array"))
		return list_make(work, field, value, out);
	if (is_select(schema) && yyjson_arr_size(yyjson_obj_get(field, "validValues")) > 0)
		return option_make(work, field, wanted_of(work, value), out);
	if (text.p == NULL || !is_long_text(schema) || work->site->config->no_markup)
		return true;
	/* The desk takes wiki markup on both deployments. */
	if (!work_text(work, text, TEXT_MARKDOWN, TEXT_WIKI, &text))
		return false;
	*out = yyjson_mut_strncpy(work->doc, text.p, text.n);
	return true;
}

/* ---- the request ----------------------------------------------------------------------------- */

static yyjson_val *
field_of(yyjson_val *fields, struct slice id)
{
	yyjson_val *field;
	size_t i, max;

	yyjson_arr_foreach(fields, i, max, field)
	{
		if (slice_eq(json_slice(yyjson_obj_get(field, "fieldId")), id))
			return field;
	}
	return NULL;
}

static bool
required_check(struct work *work, yyjson_val *fields, yyjson_val *values)
{
	struct buf names;
	yyjson_val *field;
	size_t i, max;
	bool ok;

	buf_init(&names, NULL, 2 * KIB);
	yyjson_arr_foreach(fields, i, max, field)
	{
		struct slice id = json_slice(yyjson_obj_get(field, "fieldId"));

		if (yyjson_is_true(yyjson_obj_get(field, "required")) &&
		    !yyjson_is_false(yyjson_obj_get(field, "visible")) && id.n > 0 &&
		    is_missing(yyjson_obj_getn(values, id.p, id.n)))
			buf_printf(&names, "%s%.*s (%.*s)", names.n > 0 ? ", " : "", SLICE_FMT(id),
			    SLICE_FMT(json_slice(yyjson_obj_get(field, "name"))));
	}
	ok = names.n == 0 ||
	    work_fail(work, ERR_PARAMS, "request_field_values: %.*s must be given",
		SLICE_FMT(buf_view(&names)));
	buf_fini(&names);
	return ok;
}

static bool
values_make(struct making *making, yyjson_val *fields)
{
	yyjson_val *values = arg_json(making->work, "request_field_values"), *name, *value;
	struct work *work = making->work;
	yyjson_mut_val *all = out_obj(work), *made;
	size_t i, max;

	if (!required_check(work, fields, values))
		return false;
	yyjson_obj_foreach(values, i, max, name, value)
	{
		if (is_missing(value))
			continue;
		if (!value_make(work, field_of(fields, json_slice(name)), value, &made))
			return false;
		out_val(work, all, work_cstr(work, json_slice(name)), made);
	}
	out_val(work, making->body, "requestFieldValues", all);
	return true;
}

static bool
participants_put(struct making *making)
{
	struct work *work = making->work;
	yyjson_mut_val *list = out_arr(work);
	struct slice *people;
	size_t n = arg_list(work, "request_participants", &people);

	if (n > PARTICIPANTS_MAX)
		return work_fail(
		    work, ERR_PARAMS, "request_participants: at most %d", PARTICIPANTS_MAX);
	for (size_t i = 0; i < n; i++)
		yyjson_mut_arr_append(
		    list, yyjson_mut_strncpy(work->doc, people[i].p, people[i].n));
	if (n > 0)
		out_val(work, making->body, "requestParticipants", list);
	return true;
}

static void
warn(struct making *making, const char *what)
{
	struct work *work = making->work;
	struct slice said = work->said.p != NULL ? work->said : slice_of(work->err->text);
	const char *text;

	said.n = said.n > WARNINGS_MAX ? WARNINGS_MAX : said.n;
	text = work_printf(work, "%s: %.*s", what, SLICE_FMT(said));
	yyjson_mut_arr_append(making->warnings, yyjson_mut_strcpy(work->doc, text));
	*work->err = (struct err){ 0 };
	work->said = SLICE_NONE;
}

/* Does the refusal speak of whom the request was made for? */
static bool
is_about_behalf(const struct work *work)
{
	static const char *const words[] = { "raiseonbehalfof", "raise_on_behalf_of", "on behalf",
		"unknown user", "user does not exist", "invalid customer", "customer account",
		"permission to raise" };
	struct slice said = work->said.p != NULL ? work->said : slice_of(work->err->text);

	for (size_t i = 0; i < COUNT(words); i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= said.n; at++) {
			if (slice_eq_nocase((struct slice){ said.p + at, n }, slice_of(words[i])))
				return true;
		}
	}
	return false;
}

/* For the customer; where that is refused and the caller did not ask to be strict, as oneself. */
static bool
post_wait(struct making *making, yyjson_val **reply, const char **mode)
{
	struct work *work = making->work;

	*mode = making->behalf.n > 0 ? "created_on_behalf_of" : "created_direct";
	if (work_send_wait(work, "POST", making->body, reply, "/rest/servicedeskapi/request", NULL))
		return true;
	if (making->behalf.n == 0 || arg_bool(work, "strict_on_behalf") ||
	    (work_status(work) != 400 && work_status(work) != 403) ||
	    (work->err->kind != ERR_REQUEST && work->err->kind != ERR_REFUSED) ||
	    !is_about_behalf(work))
		return false;
	warn(making, "not made for that customer");
	*mode = "created_as_agent_fallback";
	yyjson_mut_obj_remove_key(making->body, "raiseOnBehalfOf");
	return work_send_wait(
	    work, "POST", making->body, reply, "/rest/servicedeskapi/request", NULL);
}

static const char *
portal_url(const struct making *making, yyjson_val *reply, const char *key)
{
	struct work *work = making->work;
	struct slice web = json_slice(json_at(reply, "_links/web"));

	if (slice_starts(web, S("http://")) || slice_starts(web, S("https://")))
		return work_cstr(work, web);
	if (web.n > 0)
		return work_printf(work, "%.*s%.*s", SLICE_FMT(work_base(work)), SLICE_FMT(web));
	return site_browse_url(
	    work, work_printf(work, "/servicedesk/customer/portal/%s/%%s", making->desk), key);
}

static bool
making_show(struct making *making, yyjson_val *reply, const char *mode)
{
	const char *key = yyjson_get_str(yyjson_obj_get(reply, "issueKey"));
	struct work *work = making->work;
	yyjson_mut_val *people = yyjson_mut_obj_get(making->body, "requestParticipants");

	if (key == NULL)
		return work_fail(work, ERR_OUTCOME_UNKNOWN,
		    "Jira answered without the key of the request: look before you repeat it");
	if (making->files_n > 0 && !attach_wait(making, key))
		warn(making, "the files were not attached");
	work->out = out_obj(work);
	out_copy(work, work->out, "request_id", yyjson_obj_get(reply, "issueId"));
	out_str(work, work->out, "request_key", key);
	out_str(work, work->out, "portal_url", portal_url(making, reply, key));
	out_str(work, work->out, "created_mode", mode);
	if (making->behalf.n > 0)
		out_slice(work, work->out, "on_behalf_user", making->behalf);
	out_val(work, work->out, "request_participants",
	    people != NULL ? yyjson_mut_val_mut_copy(work->doc, people) : NULL);
	if (yyjson_mut_arr_size(making->warnings) > 0)
		out_val(work, work->out, "warnings", making->warnings);
	work->summary = slice_of(work_printf(work, "request %s created%s", key,
	    yyjson_mut_arr_size(making->warnings) > 0 ? ", with warnings" : ""));
	return true;
}

static bool
create_customer_request(struct work *work)
{
	bool wants_project = work->site->config->internal_only_n > 0;
	struct making making = { .work = work,
		.behalf = slice_trim(arg_slice(work, "raise_on_behalf_of")),
		.body = out_obj(work),
		.warnings = out_arr(work) };
	struct slice project = SLICE_NONE;
	const struct config_site *config = work->site->config;
	yyjson_val *reply;
	const char *mode;

	if (!jira_request_type_arg(work, &making.type) || !files_take(&making) ||
	    !jira_desk_wait(work, &making.desk, wants_project ? &project : NULL) ||
	    !work_get_wait(work, &reply,
		"/rest/servicedeskapi/servicedesk/{desk}/requesttype/{type}/field", "desk",
		making.desk, "type", making.type, NULL))
		return false;
	for (size_t i = 0; i < config->internal_only_n; i++)
		making.is_internal |= slice_eq_nocase(config->internal_only[i], project);
	out_str(work, making.body, "serviceDeskId", making.desk);
	out_str(work, making.body, "requestTypeId", making.type);
	if (making.behalf.n > 0)
		out_slice(work, making.body, "raiseOnBehalfOf", making.behalf);
	return values_make(&making, yyjson_obj_get(reply, "requestTypeFields")) &&
	    participants_put(&making) && post_wait(&making, &reply, &mode) &&
	    making_show(&making, reply, mode);
}

LOCAL_SHAPE(request_shape, { "request_id", SHAPE_STR }, { "request_key", SHAPE_STR },
    { "portal_url", SHAPE_STR }, { "created_mode", SHAPE_STR }, { "on_behalf_user", SHAPE_STR },
    { "request_participants", SHAPE_LIST }, { "warnings", SHAPE_LIST });

static const struct tool tools[] = {
	{ .name = "create_customer_request",
	    .title = "Create Customer Request",
	    .help = "Ask a service desk for something, as a customer does.",
	    .toolset = "jira_service_desk",
	    .flags = WRITES | DESTROYS,
	    .run = create_customer_request,
	    .shape = &request_shape,
	    ARGS({ "service_desk_id", ARG_ID, REQUIRED, "Id from get_service_desk_for_project" },
		{ "request_type_id", ARG_ID, REQUIRED, "Id from get_request_types" },
		{ "request_field_values", ARG_OBJECT, REQUIRED,
		    "Values by field_id of get_request_type_fields; options by name, texts in "
		    "Markdown" },
		{ "raise_on_behalf_of", ARG_STR, 0, "Customer to make it for", NULL, 0, 255 },
		{ "request_participants", ARG_CSV, 0, "Who else sees it" },
		{ "attachments", ARG_ARRAY, 0, "[{\"filename\", \"mime_type\", \"base64\"}]" },
		{ "strict_on_behalf", ARG_BOOL, 0,
		    "Fail rather than make it as oneself where that customer is refused",
		    "false" }) },
};
const struct tool_set jira_request_tools = { PRODUCT_JIRA, tools, COUNT(tools) };

/*
 * What people and groups may do: with one content, and in a space.
 */
#include "atlassian/confluence.h"

LOCAL_SHAPE(permitted_shape, { "hasPermission", SHAPE_BOOL }, { "errors", SHAPE_COPY });
LOCAL_SHAPE(
    grant_shape, { "id", SHAPE_STR }, { "principal", SHAPE_COPY }, { "operation", SHAPE_COPY });
LOCAL_SHAPE(
    grants_shape, { "results", SHAPE_LIST, .of = &grant_shape }, { "next_cursor", SHAPE_STR });

static bool
check_content_permissions(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "content_id"));
	yyjson_mut_val *body = out_obj(work), *subject = out_obj(work);
	yyjson_val *reply;

	if (!content_check_wait(work, id))
		return false;
	out_str(work, subject, "type", arg_str(work, "subject_type"));
	out_str(work, subject, "identifier", arg_str(work, "user_identifier"));
	out_val(work, body, "subject", subject);
	out_str(work, body, "operation", arg_str(work, "operation"));
	if (!work_send_wait(work, "POST", body, &reply, "/rest/api/content/{id}/permission/check",
		"id", id, NULL))
		return false;
	if (!yyjson_is_bool(yyjson_obj_get(reply, "hasPermission")))
		return work_fail(work, ERR_UNAVAILABLE, "%.*s did not say whether it is permitted",
		    SLICE_FMT(work->site->provider.name));
	work->out = shape_make(work, &permitted_shape, reply);
	return true;
}

/* A key does as well as an id. */
static const char *
space_asked_wait(struct work *work)
{
	const char *asked = arg_str(work, "space_id"), *key, *name;

	if (asked[strspn(asked, "0123456789")] != '\0')
		return space_check(work, asked) ? space_id_wait(work, asked) : NULL;
	if (work->site->config->filter_n > 0 &&
	    (!space_key_wait(work, asked, &key, &name) || !space_check(work, key)))
		return NULL;
	return asked;
}

/* -1: no digit. */
static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
	    c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* "%3D" is "=".  In the arena. */
static const char *
decoded(struct work *work, struct slice text)
{
	size_t n = 0;
	char *out;

	if (!arena_reserve(work->arena, text.n + 1, &(struct err){ 0 }))
		return NULL;
	out = arena_bytes(work->arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++) {
		bool is_coded = text.p[i] == '%' && text.n - i > 2 && digit(text.p[i + 1]) >= 0 &&
		    digit(text.p[i + 2]) >= 0;

		out[n++] =
		    is_coded ? (char)(digit(text.p[i + 1]) << 4 | digit(text.p[i + 2])) : text.p[i];
		i += is_coded ? 2 : 0;
	}
	out[n] = '\0';
	return out;
}

/* What the link to the next page has as its cursor: the next call brings it back. */
static const char *
cursor_of(struct work *work, yyjson_val *reply)
{
	struct slice rest, pair, value;

	(void)slice_cut(json_slice(json_at(reply, "_links/next")), '?', &rest);
	while (rest.n > 0) {
		pair = slice_cut(rest, '&', &rest);
		if (slice_eq(slice_cut(pair, '=', &value), S("cursor")) && value.n > 0)
			return decoded(work, value);
	}
	return NULL;
}

static bool
get_space_permissions(struct work *work)
{
	const char *space = space_asked_wait(work);
	yyjson_val *reply;

	if (space == NULL ||
	    !work_get_wait(work, &reply, "/api/v2/spaces/{space}/permissions", "space", space,
		"limit", work_number(work, arg_int(work, "limit")), "cursor",
		arg_str(work, "cursor"), NULL))
		return false;
	work->out = shape_make(work, &grants_shape, reply);
	out_str(work, work->out, "next_cursor", cursor_of(work, reply));
	work->summary = slice_of(work_printf(work, "%zu permissions",
	    yyjson_mut_arr_size(yyjson_mut_obj_get(work->out, "results"))));
	return true;
}

/* clang-format off */
static const struct tool rows[] = {
	{ .name = "check_content_permissions",
	    .title = "Check Content Permissions",
	    .help = "May a user or group do that with a page or blog post?",
	    .toolset = "confluence_permissions",
	    .flags = READS | CLOUD_ONLY,
	    .shape = &permitted_shape,
	    .run = check_content_permissions,
	    ARGS({ "content_id", ARG_PAGE, REQUIRED, "Id or URL" },
		{ "user_identifier", ARG_STR, REQUIRED, "Account id, or id of a group", .max = 255 },
		{ "operation", ARG_STR, REQUIRED, "read, update, delete", .max = 64 },
		{ "subject_type", ARG_STR, 0, "Whose id it is", "\"user\"", .one_of = "user|group" }) },
	{ .name = "get_space_permissions",
	    .title = "Get Space Permissions",
	    .help = "Who may do what in a space.",
	    .toolset = "confluence_permissions",
	    .flags = READS | CLOUD_ONLY,
	    .shape = &grants_shape,
	    .run = get_space_permissions,
	    ARGS({ "space_id", ARG_SPACE, REQUIRED, "Numeric id, or key", .max = 255 },
		{ "limit", ARG_INT, 0, "Most results", "25", 1, 250 },
		{ "cursor", ARG_STR, 0, "next_cursor of the answer before", .max = 4096 }) },
};
/* clang-format on */
const struct tool_set confluence_permission_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

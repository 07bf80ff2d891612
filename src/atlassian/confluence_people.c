/*
 * People: who they are, and how often a page was looked at.  Cloud searches by CQL; Data Center has
 * no such search, there the members of a group are looked through.
 */
#include "atlassian/confluence.h"

#define MEMBERS_MAX  10000
#define MEMBERS_PAGE 200

/* ---- search ---------------------------------------------------------------------------------- */

LOCAL_SHAPE(found_user_shape, { "account_id", SHAPE_STR, "accountId" }, { "username", SHAPE_STR },
    { "display_name", SHAPE_STR, "displayName" }, { "email", SHAPE_STR },
    { "profile_picture", SHAPE_STR, "profilePicture/path" }, { "is_active", SHAPE_BOOL });
LOCAL_SHAPE(found_shape, { "entity_type", SHAPE_STR, "entityType" }, { "title", SHAPE_STR },
    { "score", SHAPE_COPY }, { "user", SHAPE_OBJECT, .of = &found_user_shape },
    { "url", SHAPE_STR }, { "last_modified", SHAPE_STR, "lastModified" }, { "excerpt", SHAPE_STR });
LOCAL_SHAPE(users_shape, { "result", SHAPE_LIST, .of = &found_shape });

/* What is no CQL is a part of a name. */
static bool
looks_like_cql(const char *text)
{
	static const char *const marks[] = { "=", "~", ">", "<", " AND ", " OR ", "user." };

	for (size_t i = 0; i < COUNT(marks); i++) {
		if (strstr(text, marks[i]) != NULL)
			return true;
	}
	return false;
}

static yyjson_mut_val *
show_user(struct work *work, yyjson_val *user)
{
	const char *status = yyjson_get_str(yyjson_obj_get(user, "accountStatus"));
	yyjson_mut_val *out = shape_make(work, &found_user_shape, user);

	/* Data Center tells nothing of the kind: members of groups are active. */
	if (status != NULL || !work->is_cloud)
		out_bool(work, out, "is_active", status == NULL || strcmp(status, "active") == 0);
	return out;
}

static bool
search_cloud_wait(struct work *work, const char *query)
{
	const char *cql = looks_like_cql(query)
	    ? query
	    : work_printf(work, "user.fullname ~ %s", cql_quote(work, slice_of(query)));
	yyjson_val *reply, *one, *user;
	yyjson_mut_val *out;
	size_t i, max;

	if (!work_get_wait(work, &reply, "/rest/api/search/user", "cql", cql, "limit",
		work_number(work, arg_int(work, "limit")), NULL))
		return false;
	if (!yyjson_is_arr(yyjson_obj_get(reply, "results")))
		return work_fail(work, ERR_UNAVAILABLE, "%.*s answered without a list of users",
		    SLICE_FMT(work->site->provider.name));
	yyjson_arr_foreach(yyjson_obj_get(reply, "results"), i, max, one)
	{
		out = shape_make(work, &found_shape, one);
		user = yyjson_obj_get(one, "user");
		yyjson_mut_obj_remove_key(out, "user");
		if (user != NULL)
			out_val(work, out, "user", show_user(work, user));
		yyjson_mut_arr_append(work->out, out);
	}
	return true;
}

/* The name that a query such as  user.fullname ~ "ada"  asks for; else all of it is one. */
static struct slice
name_asked(const char *query)
{
	const char *at = strstr(query, "user.fullname"), *end;

	if (at != NULL) {
		at += strlen("user.fullname");
		at += strspn(at, " \t");
		if (*at == '~') {
			at++;
			at += strspn(at, " \t");
			end = *at == '"' ? strchr(at + 1, '"') : NULL;
			if (end != NULL)
				return (struct slice){ at + 1, (size_t)(end - at) - 1 };
		}
	}
	return slice_of(query);
}

static bool
holds(struct slice text, struct slice part)
{
	for (size_t i = 0; text.p != NULL && i + part.n <= text.n; i++) {
		if (slice_eq_nocase((struct slice){ text.p + i, part.n }, part))
			return true;
	}
	return false;
}

static void
add_member(struct work *work, yyjson_val *member, struct slice name)
{
	struct slice display = json_slice(yyjson_obj_get(member, "displayName"));
	yyjson_mut_val *out;

	if (!holds(display, name) && !holds(json_slice(yyjson_obj_get(member, "username")), name))
		return;
	out = out_obj(work);
	out_str(work, out, "entity_type", "user");
	out_slice(work, out, "title", display);
	out_val(work, out, "user", show_user(work, member));
	yyjson_mut_arr_append(work->out, out);
}

static bool
search_server_wait(struct work *work, const char *query)
{
	const char *path = work_path(work, "/rest/api/group/{group_name}/member", NULL);
	struct slice name = name_asked(query);
	size_t most = (size_t)arg_int(work, "limit"), i, max;
	yyjson_val *members, *one;
	struct pages pages;

	if (path == NULL)
		return false;
	pages_init(&pages, work, PAGE_START, path, "results", 0, MEMBERS_MAX, MEMBERS_PAGE);
	while (yyjson_mut_arr_size(work->out) < most) {
		if (!pages_next_wait(&pages, &members))
			return false;
		if (members == NULL)
			return true;
		yyjson_arr_foreach(members, i, max, one)
		{
			if (yyjson_mut_arr_size(work->out) < most)
				add_member(work, one, name);
		}
	}
	return true;
}

static bool
search_user(struct work *work)
{
	const char *query = arg_str(work, "query");

	if (slice_trim(slice_of(query)).n == 0)
		return work_fail(work, ERR_PARAMS, "query must hold a part of a name, or CQL");
	work->out = out_arr(work);
	return work->is_cloud ? search_cloud_wait(work, query) : search_server_wait(work, query);
}

/* ---- views ----------------------------------------------------------------------------------- */

LOCAL_SHAPE(views_shape, { "page_id", SHAPE_STR }, { "page_title", SHAPE_STR },
    { "total_views", SHAPE_INT, "count" }, { "last_viewed", SHAPE_STR, "lastSeen" });

static bool
get_page_views(struct work *work)
{
	const char *id = page_id_of(work, arg_str(work, "page_id"));
	struct page page = { 0 };
	yyjson_val *reply;

	if (id == NULL ||
	    !(arg_bool(work, "include_title") ? content_get_wait(work, id, &page)
					      : content_check_wait(work, id)) ||
	    !work_get_wait(work, &reply, "/rest/api/analytics/content/{id}/views", "id", id, NULL))
		return false;
	work->out = shape_make(work, &views_shape, reply);
	out_str(work, work->out, "page_id", id);
	out_str(work, work->out, "page_title", page.title);
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* clang-format off */
static const struct tool rows[] = {
	{ .name = "search_user",
	    .title = "Search User",
	    .help = "People by a part of their name.",
	    .toolset = "confluence_users",
	    .flags = READS,
	    .shape = &users_shape,
	    .run = search_user,
	    ARGS({ "query", ARG_STR, REQUIRED, "Part of a name, or user CQL: user.fullname ~ \"Ada\"", .max = 1000 },
		{ "limit", ARG_INT, 0, "Most results", "10", 1, 50 },
		{ "group_name", ARG_STR, 0, "Data Center: members of this group are searched", "\"confluence-users\"", .max = 255 }) },
	{ .name = "get_page_views",
	    .title = "Get Page Views",
	    .help = "How often a page was viewed.",
	    .toolset = "confluence_analytics",
	    .flags = READS | CLOUD_ONLY,
	    .shape = &views_shape,
	    .run = get_page_views,
	    ARGS(PAGE_ID, { "include_title", ARG_BOOL, 0, "Its title too", "true" }) },
};
/* clang-format on */
const struct tool_set confluence_people_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

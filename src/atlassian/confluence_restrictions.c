/*
 * Who may view and edit a page.
 */
#include "atlassian/confluence.h"

SHAPE(who_shape, { .key = "users", .how = SHAPE_LIST }, { .key = "groups", .how = SHAPE_LIST });
SHAPE(restrictions_shape, { .key = "page_id", .how = SHAPE_STR },
    { .key = "read", .how = SHAPE_OBJECT, .of = &who_shape },
    { .key = "update", .how = SHAPE_OBJECT, .of = &who_shape });
SHAPE(both_shape, { .key = "read", .how = SHAPE_OBJECT, .of = &who_shape },
    { .key = "update", .how = SHAPE_OBJECT, .of = &who_shape });
SHAPE(restrictions_told_shape, { .key = "success", .how = SHAPE_BOOL },
    { .key = "page_id", .how = SHAPE_STR }, { .key = "message", .how = SHAPE_STR },
    { .key = "restrictions", .how = SHAPE_OBJECT, .of = &both_shape });

/* Accounts of Cloud, user names elsewhere; names of groups. */
static yyjson_mut_val *
names(struct work *work, yyjson_val *list, const char *const *keys)
{
	yyjson_mut_val *out = out_arr(work);
	yyjson_val *one, *name;
	size_t i, max;

	yyjson_arr_foreach(
	    yyjson_is_arr(list) ? list : yyjson_obj_get(list, "results"), i, max, one)
	{
		name = NULL;
		for (size_t k = 0; keys[k] != NULL && name == NULL; k++)
			name = yyjson_obj_get(one, keys[k]);
		if (yyjson_is_str(name))
			yyjson_mut_arr_append(out, yyjson_val_mut_copy(work->doc, name));
	}
	return out;
}

static void
show(struct work *work, yyjson_val *reply, const char *operation, yyjson_mut_val *to)
{
	static const char *const users[] = { "accountId", "username", "userKey", "displayName",
		NULL };
	static const char *const groups[] = { "name", "id", NULL };
	yyjson_val *who = json_at(yyjson_obj_get(reply, operation), "restrictions");
	yyjson_mut_val *out = out_obj(work);

	out_val(work, out, "users", names(work, yyjson_obj_get(who, "user"), users));
	out_val(work, out, "groups", names(work, yyjson_obj_get(who, "group"), groups));
	out_val(work, to, operation, out);
}

static bool
show_wait(struct work *work, const char *page, yyjson_mut_val *to)
{
	yyjson_val *reply;

	if (!work_get_wait(work, &reply, "/rest/api/content/{page}/restriction/byOperation", "page",
		page, "expand",
		"read.restrictions.user,read.restrictions.group,update.restrictions.user,update.restrictions.group",
		NULL))
		return false;
	show(work, reply, "read", to);
	show(work, reply, "update", to);
	return true;
}

static bool
get_page_restrictions(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id"));

	if (!page_check_wait(work, page))
		return false;
	work->out = out_obj(work);
	out_str(work, work->out, "page_id", page);
	return show_wait(work, page, work->out);
}

static yyjson_mut_val *
restriction(struct work *work, const char *operation, const char *users, const char *groups)
{
	yyjson_mut_val *out = out_obj(work), *who = out_obj(work), *user = out_arr(work),
		       *group = out_arr(work), *one;
	struct slice *list;
	size_t n = arg_list(work, users, &list);

	for (size_t i = 0; i < n; i++) {
		one = out_obj(work);
		out_str(work, one, "type", "known");
		out_slice(work, one, work->is_cloud ? "accountId" : "username", list[i]);
		yyjson_mut_arr_append(user, one);
	}
	n = arg_list(work, groups, &list);
	for (size_t i = 0; i < n; i++) {
		one = out_obj(work);
		out_str(work, one, "type", "group");
		out_slice(work, one, "name", list[i]);
		yyjson_mut_arr_append(group, one);
	}
	out_val(work, who, "user", user);
	out_val(work, who, "group", group);
	out_str(work, out, "operation", operation);
	out_val(work, out, "restrictions", who);
	return out;
}

static bool
set_page_restrictions(struct work *work)
{
	const char *page = page_id_of(work, arg_str(work, "page_id"));
	yyjson_mut_val *list = out_arr(work), *body = list, *set = out_obj(work);
	yyjson_val *reply;

	if (!page_check_wait(work, page))
		return false;
	yyjson_mut_arr_append(list, restriction(work, "read", "read_users", "read_groups"));
	yyjson_mut_arr_append(list, restriction(work, "update", "edit_users", "edit_groups"));
	if (work->is_cloud) {
		body = out_obj(work);
		out_val(work, body, "results", list);
	}
	if (!work_send_wait(work, "PUT", body, &reply, "/rest/api/content/{page}/restriction",
		"page", page, NULL) ||
	    !show_wait(work, page, set))
		return false;
	work->out = out_obj(work);
	out_bool(work, work->out, "success", true);
	out_str(work, work->out, "page_id", page);
	out_str(work, work->out, "message", "Page restrictions updated successfully");
	out_val(work, work->out, "restrictions", set);
	return true;
}

#define WHO(what, who) \
	{ \
		.name = what, .type = ARG_CSV, .help = who \
	}

static const struct tool rows[] = {
	{ .name = "get_page_restrictions",
	    .title = "Get Page Restrictions",
	    .help = "Who may view and who may edit a page; empty lists: nobody is kept out.",
	    .toolset = "confluence_pages",
	    .flags = READS,
	    .shape = &restrictions_shape,
	    .run = get_page_restrictions,
	    ARGS(PAGE_ID) },
	{ .name = "set_page_restrictions",
	    .title = "Set Page Restrictions",
	    .help =
		"Replaces who may view and who may edit a page; what is left out is open to all.",
	    .toolset = "confluence_pages",
	    .flags = WRITES | DESTROYS,
	    .shape = &restrictions_told_shape,
	    .run = set_page_restrictions,
	    ARGS(PAGE_ID, WHO("read_users", "Who may view: account ids (Cloud) or user names"),
		WHO("read_groups", "Groups that may view"),
		WHO("edit_users", "Who may edit: account ids (Cloud) or user names"),
		WHO("edit_groups", "Groups that may edit")) },
};
const struct tool_set confluence_restriction_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };

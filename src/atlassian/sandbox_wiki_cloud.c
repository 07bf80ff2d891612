/*
 * The sandbox's Confluence, what only Cloud has beside its second API: templates of pages, and who
 * may do what.  Restrictions of a content count, the rest is open to all.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

/* ---- templates ------------------------------------------------------------------------------- */

struct template
{
	const char *id, *space, *name, *description, *body; /* space NULL: of all */
};

static const struct template templates[] = {
	{ "7001", NULL, "Decision", "What was decided, and why",
	    "<h2>Context</h2><p>Why now?</p><h2>Decision</h2><p>What?</p>" },
	{ "7002", NULL, "How-to", "Steps for a task",
	    "<h2>Before</h2><p>What you need.</p><h2>Steps</h2><ol><li>First</li></ol>" },
	{ "7003", "DEMO", "Engine check", "Before the mill turns",
	    "<h2>Cards</h2><p>Are they in?</p><ac:structured-macro ac:name=\"info\"><ac:rich-text-body>"
	    "<p>Oil it first.</p></ac:rich-text-body></ac:structured-macro>" },
	{ "7004", "DOCS", "Reference", "A table of words",
	    "<table><tbody><tr><th>Word</th><th>Meaning</th></tr></tbody></table>" },
};

static void
put_template(struct visit *visit, const struct template *one, bool with_body)
{
	struct space *space =
	    one->space != NULL ? space_find(visit->world, slice_of(one->space)) : NULL;
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_cstr(out, "templateId", one->id);
	put_cstr(out, "name", one->name);
	put_cstr(out, "description", one->description);
	put_cstr(out, "templateType", "page");
	put_open(out, "labels", '[');
	put_close(out, ']');
	if (space != NULL)
		put_space(visit, "space", space);
	if (with_body) {
		put_open(out, "body", '{');
		put_open(out, "storage", '{');
		put_cstr(out, "value", one->body);
		put_cstr(out, "representation", "storage");
		put_close(out, '}');
		put_close(out, '}');
	}
	put_open(out, "_links", '{');
	put_format(out, "self", "%s/rest/api/template/%s", visit->world->wiki_url, one->id);
	put_close(out, '}');
	put_close(out, '}');
}

/* Those of a space, or those of all. */
static void
templates_get(struct visit *visit)
{
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX),
		 limit = visit_number(visit, "limit", 25, 200), n = 0, size;
	struct slice key = visit_query(visit, "spaceKey");

	if (key.n > 0 && space_find(visit->world, key) == NULL) {
		visit_fail(visit, 404, "No space with key : %.*s", SLICE_FMT(key));
		return;
	}
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	for (size_t i = 0; i < COUNT(templates); i++) {
		const char *space = templates[i].space;

		if (key.n > 0 ? space == NULL || !slice_eq_nocase(key, slice_of(space))
			      : space != NULL)
			continue;
		if (n >= start && n - start < limit)
			put_template(visit, &templates[i], visit_expands(visit, "body"));
		n++;
	}
	put_close(&visit->out, ']');
	size = n > start ? n - start : 0;
	put_page_end(visit, start, limit, size < limit ? size : limit, n);
}

static void
template_get(struct visit *visit)
{
	for (size_t i = 0; i < COUNT(templates); i++) {
		if (!slice_eq(visit->args[0], slice_of(templates[i].id)))
			continue;
		put_template(visit, &templates[i], true);
		return;
	}
	visit_fail(visit, 404, "No template has the id %.*s", SLICE_FMT(visit->args[0]));
}

/* ---- permissions ----------------------------------------------------------------------------- */

static bool
is_group(struct slice id)
{
	return slice_eq(id, S("confluence-users")) || slice_eq(id, S("confluence-administrators"));
}

/* A group that stands there by its name, or a user. */
static bool
is_listed(const struct content *content, unsigned at, const struct user *user, struct slice group)
{
	const struct slice *one;

	LIST_EACH(one, &content->group_limits[at])
	if (user == NULL && slice_eq(*one, group))
		return true;
	return user != NULL && list_has(&content->limits[at], user);
}

static bool
may(const struct content *content, unsigned at, const struct user *user, struct slice group)
{
	return (content->limits[at].n == 0 && content->group_limits[at].n == 0) ||
	    is_listed(content, at, user, group);
}

static void
permission_check(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);
	yyjson_val *subject = yyjson_obj_get(visit->body, "subject");
	struct slice id = json_text(subject, "identifier"), type = json_text(subject, "type"),
		     operation = json_text(visit->body, "operation");
	const struct user *user = slice_eq(type, S("user")) ? user_find(id) : NULL;
	bool is_read = slice_eq(operation, S("read"));

	if (content == NULL)
		return;
	if (user == NULL && !(slice_eq(type, S("group")) && is_group(id))) {
		visit_fail(visit, 400, "The subject '%.*s' does not exist", SLICE_FMT(id));
		return;
	}
	if (!is_read && !slice_eq(operation, S("update")) && !slice_eq(operation, S("delete"))) {
		visit_fail(visit, 400, "Unknown operation '%.*s'", SLICE_FMT(operation));
		return;
	}
	put_open(&visit->out, NULL, '{');
	put_bool(&visit->out, "hasPermission",
	    may(content, 0, user, id) && (is_read || may(content, 1, user, id)));
	put_open(&visit->out, "errors", '[');
	put_close(&visit->out, ']');
	put_open(&visit->out, "_links", '{');
	put_close(&visit->out, '}');
	put_close(&visit->out, '}');
}

static const struct {
	const char *type, *who, *operation, *target;
} grants[] = {
	{ "group", "confluence-users", "read", "space" },
	{ "group", "confluence-users", "create", "page" },
	{ "group", "confluence-users", "create", "comment" },
	{ "group", "confluence-users", "create", "attachment" },
	{ "group", "confluence-administrators", "administer", "space" },
	{ "user", NULL, "delete", "page" },
};

static void
put_grant(struct visit *visit, const struct space *space, unsigned i)
{
	const char *who = grants[i].who != NULL ? grants[i].who : sandbox_users[0].account_id;
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", space->id * 10 + i);
	put_open(out, "principal", '{');
	put_cstr(out, "type", grants[i].type);
	put_cstr(out, "id", who);
	put_close(out, '}');
	put_open(out, "operation", '{');
	put_cstr(out, "key", grants[i].operation);
	put_cstr(out, "targetType", grants[i].target);
	put_close(out, '}');
	put_close(out, '}');
}

/* Cursors are numbers here; "at=" makes sure that they must be encoded. */
static void
permissions_get(struct visit *visit)
{
	const struct space *space = space_find(visit->world, visit->args[0]);
	unsigned limit = visit_number(visit, "limit", 25, 250), i;
	struct slice cursor = visit_query(visit, "cursor");
	struct buf *out = &visit->out;
	uint64_t start = 0, id;

	if (space == NULL || !slice_to_u64(visit->args[0], UINT32_MAX, &id)) {
		visit_fail(visit, 404, "Not Found");
		return;
	}
	if (cursor.n > 0 &&
	    !(slice_starts(cursor, S("at=")) &&
		slice_to_u64(
		    (struct slice){ cursor.p + 3, cursor.n - 3 }, COUNT(grants), &start))) {
		visit_fail(visit, 400, "Provided value for 'cursor' is not the correct type.");
		return;
	}
	put_open(out, NULL, '{');
	put_open(out, "results", '[');
	for (i = (unsigned)start; i < COUNT(grants) && i - start < limit; i++)
		put_grant(visit, space, i);
	put_close(out, ']');
	put_open(out, "_links", '{');
	put_cstr(out, "base", visit->world->wiki_url);
	if (i < COUNT(grants))
		put_format(out, "next", "%s/api/v2/spaces/%u/permissions?limit=%u&cursor=at%%3D%u",
		    visit->world->wiki_path, space->id, limit, i);
	put_close(out, '}');
	put_close(out, '}');
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/template/page",			ON_CLOUD, templates_get },
	{ "GET",	"/rest/api/template/{contentTemplateId}",	ON_CLOUD, template_get },
	{ "POST",	"/rest/api/content/{id}/permission/check",	ON_CLOUD, permission_check },
	{ "GET",	"/api/v2/spaces/{id}/permissions",		ON_CLOUD, permissions_get },
};
/* clang-format on */
const struct routes sandbox_wiki_cloud_routes = { rows, COUNT(rows) };

/*
 * The sandbox's Confluence, first API: spaces, people, what it says about itself.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

static void
spaces_get(struct visit *visit)
{
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX),
		 limit = visit_number(visit, "limit", 25, 500), n = 0, size;
	bool is_some = visit_query(visit, "spaceKey").n > 0;
	const struct space *space;

	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	LIST_EACH(space, &visit->world->spaces)
	{
		if (is_some && !visit_lists(visit, "spaceKey", space->key))
			continue;
		if (n >= start && n - start < limit)
			put_space(visit, NULL, space);
		n++;
	}
	put_close(&visit->out, ']');
	size = n > start ? n - start : 0;
	put_page_end(visit, start, limit, size < limit ? size : limit, n);
}

static void
space_get(struct visit *visit)
{
	const struct space *space = space_find(visit->world, visit->args[0]);

	if (space != NULL)
		put_space(visit, NULL, space);
	else
		visit_fail(visit, 404, "No space with key : %.*s", SLICE_FMT(visit->args[0]));
}

/* ---- people ---------------------------------------------------------------------------------- */

static void
current_get(struct visit *visit)
{
	put_wiki_user(visit, NULL, visit->user);
}

static void
user_get(struct visit *visit)
{
	static const char *const names[] = { "accountId", "username", "key" };
	const struct user *user;
	struct slice id = SLICE_NONE;

	for (size_t i = 0; i < COUNT(names) && id.p == NULL; i++)
		id = visit_query(visit, names[i]);
	user = user_find(id);
	if (user != NULL)
		put_wiki_user(visit, NULL, user);
	else
		visit_fail(visit, 404, "No user found with that name or id");
}

/* user.fullname ~ "text", user = "account id"; anything else is refused. */
static bool
user_cql(struct visit *visit, struct query_text *query)
{
	struct err err;

	if (!query_parse(visit->arena, "CQL", visit_query(visit, "cql"), query, &err)) {
		visit_fail(visit, 400, "Could not parse cql : %s", err.text);
		return false;
	}
	if (query->root != NULL && query->root->kind == QUERY_CLAUSE &&
	    slice_starts(query->root->field, S("user")))
		return true;
	visit_fail(visit, 400, "Could not parse cql : users are found by user.fullname or user");
	return false;
}

static void
users_search(struct visit *visit)
{
	unsigned limit = visit_number(visit, "limit", 25, 200), n = 0;
	struct buf *out = &visit->out;
	struct query_text query;

	if (!user_cql(visit, &query))
		return;
	put_open(out, NULL, '{');
	put_open(out, "results", '[');
	for (size_t i = 0; i < sandbox_users_n; i++) {
		const struct user *user = &sandbox_users[i];
		struct slice text = query.root->values->text;

		if (!text_contains(slice_of(user->display), text) && user_find(text) != user)
			continue;
		if (n++ >= limit)
			continue;
		put_open(out, NULL, '{');
		put_wiki_user(visit, "user", user);
		put_cstr(out, "title", user->display);
		put_cstr(out, "excerpt", "");
		put_format(out, "url", "/people/%s", user->account_id);
		put_cstr(out, "entityType", "user");
		put_close(out, '}');
	}
	put_close(out, ']');
	put_number(out, "totalSize", n);
	put_page_end(visit, 0, limit, n < limit ? n : limit, n < limit ? n : limit);
}

static void
members_get(struct visit *visit)
{
	unsigned start = visit_number(visit, "start", 0, UINT32_MAX),
		 limit = visit_number(visit, "limit", 200, 200), n = 0, size;

	if (!slice_eq(visit->args[0], S("confluence-users"))) {
		visit_fail(visit, 404, "No group is called '%.*s'", SLICE_FMT(visit->args[0]));
		return;
	}
	put_open(&visit->out, NULL, '{');
	put_open(&visit->out, "results", '[');
	for (size_t i = 0; i < sandbox_users_n; i++) {
		if (sandbox_users[i].is_customer)
			continue;
		if (n >= start && n - start < limit)
			put_wiki_user(visit, NULL, &sandbox_users[i]);
		n++;
	}
	put_close(&visit->out, ']');
	size = n > start ? n - start : 0;
	put_page_end(visit, start, limit, size < limit ? size : limit, n);
}

/* ---- itself ---------------------------------------------------------------------------------- */

static void
manifest_get(struct visit *visit)
{
	visit->type = S("application/xml;charset=UTF-8");
	buf_puts(&visit->out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
	    "<manifest><id>5f2c0000-0000-3000-8000-000000000001</id><name>");
	buf_puts(&visit->out, visit->world->title);
	buf_puts(&visit->out,
	    "</name><typeId>confluence</typeId><version>9.2.0</version>"
	    "<buildNumber>9200</buildNumber></manifest>");
}

static void
views_get(struct visit *visit)
{
	const struct content *content = visit_content(visit, 0);

	if (content == NULL)
		return;
	put_open(&visit->out, NULL, '{');
	put_number(&visit->out, "id", content->id);
	put_number(&visit->out, "count", content->revisions.n);
	put_close(&visit->out, '}');
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/space",				ON_BOTH, spaces_get },
	{ "GET",	"/rest/api/space/{spaceKey}",			ON_BOTH, space_get },
	{ "GET",	"/rest/api/user/current",			ON_BOTH, current_get },
	{ "GET",	"/rest/api/user",				ON_BOTH, user_get },
	{ "GET",	"/rest/api/search/user",			ON_CLOUD, users_search },
	{ "GET",	"/rest/api/group/{groupName}/member",		ON_DC, members_get },
	{ "GET",	"/rest/api/analytics/content/{contentId}/views", ON_CLOUD, views_get },
	{ "GET",	"/rest/applinks/1.0/manifest",			ON_DC | ANONYMOUS, manifest_get },
};
/* clang-format on */
const struct routes sandbox_wiki_meta_routes = { rows, COUNT(rows) };

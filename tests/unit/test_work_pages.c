/*
 * Pages of every kind, from a service that counts wrongly, repeats itself or says no end: what is
 * asked for, and that it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/tool.h"

#define REPLIES_MAX 4

static const struct tool tool = { .name = "toy", .flags = READS };

struct pages_case {
	const char *name;
	enum page_kind kind;
	const char *path;
	int64_t start, most, page_size;
	bool is_post;
	const char *replies[REPLIES_MAX]; /* the last one comes for ever */
	const char *requests;		  /* all of them, "METHOD path[ body]\n" each */
	const char *items;		  /* of all pages */
	int64_t total;
};

static const struct pages_case *now;
static unsigned asked;
static struct buf notes;

bool
site_rest_wait(struct access *access, const struct site_request *request, struct arena *arena,
    struct rest_reply *reply, struct err *err)
{
	unsigned at = asked;

	(void)access, (void)arena, (void)err;
	while (now->replies[at] == NULL)
		at--;
	asked += asked + 1 < REPLIES_MAX;
	buf_printf(&notes, "%.*s %.*s%s%.*s\n", SLICE_FMT(request->method),
	    SLICE_FMT(request->path), request->body.n > 0 ? " " : "", SLICE_FMT(request->body));
	*reply = (struct rest_reply){
		.status = 200, .headers = S(""), .body = slice_of(now->replies[at])
	};
	return true;
}

/* clang-format off */
static const struct pages_case cases[] = {
	{ "startAt: to the total", PAGE_START_AT, "/a", 0, 10, 2, false,
	  { "{\"total\":3,\"values\":[1,2]}", "{\"total\":3,\"values\":[3]}" },
	  "GET /a?startAt=0&maxResults=2\nGET /a?startAt=2&maxResults=2\n", "1,2,3,", 3 },
	{ "startAt: at most so many", PAGE_START_AT, "/a?x=y", 5, 3, 2, false,
	  { "{\"total\":99,\"values\":[1,2]}", "{\"total\":99,\"values\":[3]}" },
	  "GET /a?x=y&startAt=5&maxResults=2\nGET /a?x=y&startAt=7&maxResults=1\n", "1,2,3,", 99 },
	{ "startAt: a page shorter than asked for is not the last", PAGE_START_AT, "/a", 0, 10, 5, false,
	  { "{\"total\":3,\"values\":[1]}", "{\"total\":3,\"values\":[2,3]}" },
	  "GET /a?startAt=0&maxResults=5\nGET /a?startAt=1&maxResults=5\n", "1,2,3,", 3 },
	{ "startAt: the total lies high: an empty page is the end", PAGE_START_AT, "/a", 0, 10, 2, false,
	  { "{\"total\":99,\"values\":[1,2]}", "{\"total\":99,\"values\":[]}" },
	  "GET /a?startAt=0&maxResults=2\nGET /a?startAt=2&maxResults=2\n", "1,2,", 99 },
	{ "startAt: the total lies low", PAGE_START_AT, "/a", 0, 10, 2, false,
	  { "{\"total\":1,\"values\":[1,2]}" }, "GET /a?startAt=0&maxResults=2\n", "1,2,", 1 },
	{ "startAt: no total, but the last says so", PAGE_START_AT, "/a", 0, 10, 2, false,
	  { "{\"isLast\":false,\"values\":[1,2]}", "{\"isLast\":true,\"values\":[3,4]}" },
	  "GET /a?startAt=0&maxResults=2\nGET /a?startAt=2&maxResults=2\n", "1,2,3,4,", -1 },
	{ "startAt: more than asked for are cut", PAGE_START_AT, "/a", 0, 3, 5, false,
	  { "{\"values\":[1,2,3,4,5,6]}" }, "GET /a?startAt=0&maxResults=3\n", "1,2,3,", -1 },
	{ "start: while there is a next link", PAGE_START, "/rest/a", 0, 10, 2, false,
	  { "{\"results\":[1,2],\"_links\":{\"next\":\"/rest/a?start=2\"}}", "{\"results\":[3]}" },
	  "GET /rest/a?start=0&limit=2\nGET /rest/a?start=2&limit=2\n", "1,2,3,", -1 },
	{ "start: the same page for ever ends at what was wanted", PAGE_START, "/rest/a", 0, 5, 2, false,
	  { "{\"results\":[1,2],\"_links\":{\"next\":\"/rest/a?start=2\"}}" },
	  "GET /rest/a?start=0&limit=2\nGET /rest/a?start=2&limit=2\nGET /rest/a?start=4&limit=1\n", "1,2,1,2,1,", -1 },
	{ "cursor: behind the base of Cloud", PAGE_CURSOR, "/api/v2/p?x=y", 0, 10, 2, false,
	  { "{\"results\":[1,2],\"_links\":{\"next\":\"/wiki/api/v2/p?x=y&cursor=c\"}}", "{\"results\":[3],\"_links\":{}}" },
	  "GET /api/v2/p?x=y&limit=2\nGET /api/v2/p?x=y&cursor=c\n", "1,2,3,", -1 },
	{ "cursor: a whole URL, of which the path counts", PAGE_CURSOR, "/api/v2/p", 0, 10, 2, false,
	  { "{\"results\":[1],\"_links\":{\"next\":\"https://evil.example/wiki/api/v2/p?cursor=c\"}}", "{\"results\":[2]}" },
	  "GET /api/v2/p?limit=2\nGET /api/v2/p?cursor=c\n", "1,2,", -1 },
	{ "cursor: a link to itself is the end", PAGE_CURSOR, "/api/v2/p", 0, 10, 2, false,
	  { "{\"results\":[1],\"_links\":{\"next\":\"/wiki/api/v2/p?cursor=c\"}}" },
	  "GET /api/v2/p?limit=2\nGET /api/v2/p?cursor=c\n", "1,1,", -1 },
	{ "cursor: an empty page is the end", PAGE_CURSOR, "/api/v2/p", 0, 10, 2, false,
	  { "{\"results\":[],\"_links\":{\"next\":\"/wiki/api/v2/p?cursor=c\"}}" }, "GET /api/v2/p?limit=2\n", "", -1 },
	{ "cursor: a link elsewhere is the end", PAGE_CURSOR, "/api/v2/p", 0, 10, 2, false,
	  { "{\"results\":[1],\"_links\":{\"next\":\"/admin\"}}" }, "GET /api/v2/p?limit=2\n", "1,", -1 },
	{ "cursor: no link", PAGE_CURSOR, "/api/v2/p", 0, 10, 2, false,
	  { "{\"results\":[1],\"_links\":{\"next\":7}}" }, "GET /api/v2/p?limit=2\n", "1,", -1 },
	{ "cursor: NUL in a link", PAGE_CURSOR, "/api/v2/p", 0, 10, 2, false,
	  { "{\"results\":[1],\"_links\":{\"next\":\"/api/v2/p?a\\u0000b\"}}" }, "GET /api/v2/p?limit=2\n", "1,", -1 },
	{ "token: with the body again", PAGE_TOKEN, "/s", 0, 3, 2, true,
	  { "{\"issues\":[1,2],\"nextPageToken\":\"t\"}", "{\"issues\":[3],\"nextPageToken\":\"u\"}" },
	  "POST /s {\"jql\":\"q\",\"maxResults\":2}\nPOST /s {\"jql\":\"q\",\"maxResults\":1,\"nextPageToken\":\"t\"}\n", "1,2,3,", -1 },
	{ "token: one that is repeated is the end", PAGE_TOKEN, "/s", 0, 10, 2, true,
	  { "{\"issues\":[1],\"nextPageToken\":\"t\"}" },
	  "POST /s {\"jql\":\"q\",\"maxResults\":2}\nPOST /s {\"jql\":\"q\",\"maxResults\":2,\"nextPageToken\":\"t\"}\n", "1,1,", -1 },
	{ "token: none is the end", PAGE_TOKEN, "/s", 0, 10, 2, true,
	  { "{\"issues\":[1,2]}" }, "POST /s {\"jql\":\"q\",\"maxResults\":2}\n", "1,2,", -1 },
	{ "a list by itself", PAGE_START_AT, "/a", 0, 2, 2, false, { "[1,2]" }, "GET /a?startAt=0&maxResults=2\n", "1,2,", -1 },
	{ "none wanted: none asked for", PAGE_START, "/a", 0, 0, 2, false, { "[1]" }, "", "", -1 },
};
/* clang-format on */

struct world {
	struct site site;
	struct config_site config;
	struct access access;
	struct arena arena;
	struct work work;
	struct err err;
};

static void
begin(struct world *world)
{
	*world = (struct world){ .config.provider = S("toy") };
	world->site.config = &world->config;
	world->access.site = &world->site;
	arena_init(&world->arena, NULL, 16 * MIB);
	world->work = (struct work){ .arena = &world->arena,
		.site = &world->site,
		.access = &world->access,
		.tool = &tool,
		.err = &world->err };
	world->work.alc = json_alc(&world->arena);
	world->work.doc = yyjson_mut_doc_new(&world->work.alc);
	asked = 0;
	buf_clear(&notes);
}

static void
play(const struct pages_case *one, struct loop *loop)
{
	static const char *const lists[] = { [PAGE_START_AT] = "values",
		[PAGE_START] = "results",
		[PAGE_TOKEN] = "issues",
		[PAGE_CURSOR] = "results" };
	struct world world;
	struct pages pages;
	struct buf got;
	yyjson_val *items, *item;
	size_t i, max;

	now = one;
	begin(&world);
	world.work.loop = loop;
	buf_init(&got, NULL, MIB);
	pages_init(&pages, &world.work, one->kind, one->path, lists[one->kind], one->start,
	    one->most, one->page_size);
	if (one->is_post) {
		pages.body = out_obj(&world.work);
		out_str(&world.work, pages.body, "jql", "q");
	}
	for (;;) {
		assert_true(pages_next_wait(&pages, &items));
		if (items == NULL)
			break;
		yyjson_arr_foreach(items, i, max, item)
		    buf_printf(&got, "%d,", yyjson_get_int(item));
	}
	if (!slice_eq(buf_view(&notes), slice_of(one->requests)))
		fail_msg("%s: requests:\n%.*s", one->name, SLICE_FMT(buf_view(&notes)));
	if (!slice_eq(buf_view(&got), slice_of(one->items)))
		fail_msg("%s: items: %.*s", one->name, SLICE_FMT(buf_view(&got)));
	assert_int_equal(pages.total, one->total);
	buf_fini(&got);
	arena_fini(&world.arena);
}

static void
ends_whatever_the_service_says(void **state)
{
	struct err err;
	struct loop *loop = loop_new(NULL, NULL, &err);

	(void)state;
	assert_non_null(loop);
	buf_init(&notes, NULL, MIB);
	for (size_t i = 0; i < COUNT(cases); i++)
		play(&cases[i], loop);
	buf_fini(&notes);
	loop_free(&loop);
}

/* What is no list is an error, never an end. */
static void
refuses_what_is_no_list(void **state)
{
	static const struct pages_case none[] = { { .replies = { "{\"values\":{\"a\":1}}" } },
		{ .replies = { "{}" } }, { .replies = { "" } } };
	struct world world;
	struct pages pages;
	yyjson_val *items;

	(void)state;
	buf_init(&notes, NULL, MIB);
	for (size_t i = 0; i < COUNT(none); i++) {
		now = &none[i];
		begin(&world);
		pages_init(&pages, &world.work, PAGE_START_AT, "/a", "values", 0, 10, 10);
		assert_false(pages_next_wait(&pages, &items));
		assert_null(items);
		assert_int_equal(world.err.kind, ERR_UNAVAILABLE);
		arena_fini(&world.arena);
	}
	buf_fini(&notes);
}

/* A path of 20 KiB is asked for as a whole, with its page behind it. */
static void
keeps_long_paths_whole(void **state)
{
	static const struct pages_case empty = { .replies = { "[]" } };
	struct world world;
	struct pages pages;
	struct slice said;
	yyjson_val *items;
	char path[20 * KIB];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	now = &empty;
	buf_init(&notes, NULL, MIB);
	begin(&world);
	pages_init(&pages, &world.work, PAGE_START_AT, path, "values", 0, 10, 10);
	assert_true(pages_next_wait(&pages, &items));
	said = buf_view(&notes);
	assert_int_equal(
	    said.n, strlen("GET ") + strlen(path) + strlen("?startAt=0&maxResults=10\n"));
	assert_true(slice_ends(said, S("aaa?startAt=0&maxResults=10\n")));
	buf_fini(&notes);
	arena_fini(&world.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_whatever_the_service_says),
		cmocka_unit_test(refuses_what_is_no_list),
		cmocka_unit_test(keeps_long_paths_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

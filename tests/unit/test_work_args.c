/*
 * Arguments of a call: every type, what is kinder than the schema, defaults, bounds, and what is
 * refused with which words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/tool.h"

static const struct tool tool = { .name = "toy",
	ARGS({ .name = "text", .type = ARG_STR, .max = 8, .help = "a text" },
	    { .name = "body", .type = ARG_TEXT, .help = "a long text" },
	    { .name = "issue_key", .type = ARG_KEY, .help = "a key" },
	    { .name = "board_id", .type = ARG_ID, .help = "an id" },
	    { .name = "project", .type = ARG_PROJECT }, { .name = "space", .type = ARG_SPACE },
	    { .name = "page", .type = ARG_PAGE }, { .name = "form", .type = ARG_NAME_ID },
	    { .name = "day", .type = ARG_DATE }, { .name = "when", .type = ARG_TIME },
	    { .name = "link", .type = ARG_URL }, { .name = "keys", .type = ARG_CSV, .of = ARG_KEY },
	    { .name = "limit", .type = ARG_INT, .fallback = "10", .min = 1, .max = 50 },
	    { .name = "count", .type = ARG_INT },
	    { .name = "start", .type = ARG_INT, .fallback = "0", .max = 100 },
	    { .name = "is_deep", .type = ARG_BOOL, .fallback = "true" },
	    { .name = "labels", .type = ARG_CSV, .fallback = "\"x,y\"" },
	    { .name = "fields", .type = ARG_OBJECT }, { .name = "rows", .type = ARG_ARRAY },
	    { .name = "format",
		.type = ARG_STR,
		.fallback = "\"markdown\"",
		.one_of = "markdown|wiki|storage" },
	    { .name = "width", .type = ARG_STR, .one_of = "full-width|default" }) };
static const struct tool strict = { .name = "strict",
	ARGS({ .name = "page_id", .type = ARG_STR, .flags = REQUIRED, .help = "Id of the page" }) };

struct args_case {
	const char *args, *name;
	const char *want;    /* the argument as text; NULL: absent; of a failure: its text */
	enum errkind refuse; /* ERR_NONE: it is taken */
};

/* clang-format off */
static const struct args_case cases[] = {
	{ "{}", "text", NULL, 0 },
	{ "{\"text\":null}", "text", NULL, 0 },
	{ "{\"text\":\"a b\"}", "text", "a b", 0 },
	{ "{\"text\":\"\"}", "text", "", 0 },
	{ "{\"text\":\"a\",\"text\":\"b\"}", "text", "b", 0 },
	{ "{\"text\":17}", "text", "17", 0 },
	{ "{\"text\":-17}", "text", "-17", 0 },
	{ "{\"text\":1.1}", "text", "1.1", 0 },
	{ "{\"body\":18446744073709551615}", "body", "18446744073709551615", 0 },
	{ "{\"text\":\"12345678\"}", "text", "12345678", 0 },
	{ "{\"text\":\"123456789\"}", "text", "text must have at most 8 bytes", ERR_PARAMS },
	{ "{\"text\":true}", "text", "text must be a string", ERR_PARAMS },
	{ "{\"text\":[]}", "text", "text must be a string", ERR_PARAMS },
	{ "{\"text\":\"a\\u0000b\"}", "text", "text must not hold NUL", ERR_PARAMS },
	{ "{\"body\":\"\\u0000\"}", "body", "body must not hold NUL", ERR_PARAMS },

	{ "{\"issue_key\":\"proj-12\"}", "issue_key", "PROJ-12", 0 },
	{ "{\"issue_key\":\"  A_b1-7 \"}", "issue_key", "A_B1-7", 0 },
	{ "{\"issue_key\":\"PROJ\"}", "issue_key", "\"PROJ\" is no issue key such as PROJ-123", ERR_PARAMS },
	{ "{\"issue_key\":\"\"}", "issue_key", NULL, 0 },
	{ "{\"issue_key\":\"A-\\u202e1\"}", "issue_key", "issue_key: \"A-\\xE2\\x80\\xAE1\" is no issue key", ERR_PARAMS },
	{ "{\"issue_key\":\"PROJ-\"}", "issue_key", "is no issue key", ERR_PARAMS },
	{ "{\"issue_key\":\"-1\"}", "issue_key", "is no issue key", ERR_PARAMS },
	{ "{\"issue_key\":\"1A-1\"}", "issue_key", "is no issue key", ERR_PARAMS },
	{ "{\"issue_key\":\"A-1/../B-1\"}", "issue_key", "is no issue key", ERR_PARAMS },
	{ "{\"issue_key\":\"A-1?x\"}", "issue_key", "is no issue key", ERR_PARAMS },
	{ "{\"issue_key\":\"A-1\\u0000\"}", "issue_key", "must not hold NUL", ERR_PARAMS },
	{ "{\"issue_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-1\"}", "issue_key", "issue_key must have at most 64 bytes", ERR_PARAMS },
	{ "{\"board_id\":7}", "board_id", "7", 0 },
	{ "{\"board_id\":\"7\"}", "board_id", "7", 0 },
	{ "{\"board_id\":\"7/../8\"}", "board_id", "board_id: \"7/../8\" is no id", ERR_PARAMS },
	{ "{\"board_id\":\"-7\"}", "board_id", "is no id", ERR_PARAMS },
	{ "{\"board_id\":\"\\uff17\"}", "board_id", "is no id", ERR_PARAMS },
	{ "{\"board_id\":\"9999999999999999999\"}", "board_id", "is no id", ERR_PARAMS },
	{ "{\"text\":\"a\\u001bb\"}", "text", "text must not hold control characters", ERR_PARAMS },
	{ "{\"text\":\"a\\u007f\"}", "text", "text must not hold control characters", ERR_PARAMS },
	{ "{\"text\":\"a\\tb\\nc\"}", "text", "a\tb\nc", 0 },
	{ "{\"body\":\"a\\u001bb\"}", "body", "a\033b", 0 },
	{ "{\"project\":\" demo_1 \"}", "project", "DEMO_1", 0 },
	{ "{\"project\":\"DE MO\"}", "project", "project: \"DE MO\" is no project key such as PROJ", ERR_PARAMS },
	{ "{\"project\":\"DEMO-1\"}", "project", "is no project key", ERR_PARAMS },
	{ "{\"space\":\"~ada.l@x-1:2\"}", "space", "~ada.l@x-1:2", 0 },
	{ "{\"space\":\"..\"}", "space", "is no key of a space", ERR_PARAMS },
	{ "{\"space\":\"A/B\"}", "space", "is no key of a space", ERR_PARAMS },
	{ "{\"page\":98306}", "page", "98306", 0 },
	{ "{\"page\":\"att7\"}", "page", "att7", 0 },
	{ "{\"page\":\"https://acme.example/wiki/spaces/D/pages/98306/Plan\"}", "page", "98306", 0 },
	{ "{\"page\":\"https://acme.example/x/AoAB\"}", "page", "98306", 0 },
	{ "{\"page\":\"https://x/pages/\"}", "page", "is no page id, page URL or tiny link", ERR_PARAMS },
	{ "{\"page\":\"1/2\"}", "page", "is no page id", ERR_PARAMS },
	{ "{\"form\":\"0b9-4f\"}", "form", "0b9-4f", 0 },
	{ "{\"form\":\"a.b\"}", "form", "is no id", ERR_PARAMS },
	{ "{\"day\":\"2032-02-29\"}", "day", "2032-02-29", 0 },
	{ "{\"day\":\"2030-02-30\"}", "day", "day: \"2030-02-30\" is no date such as 2030-01-31", ERR_PARAMS },
	{ "{\"day\":\"2030-1-1\"}", "day", "is no date", ERR_PARAMS },
	{ "{\"when\":\"2030-01-31\"}", "when", "2030-01-31", 0 },
	{ "{\"when\":\"2030-01-31T09:00:00.000+0000\"}", "when", "2030-01-31T09:00:00.000+0000", 0 },
	{ "{\"when\":\"2030-01-31Tx\"}", "when", "is no time", ERR_PARAMS },
	{ "{\"when\":\"2030\"}", "when", "is no time", ERR_PARAMS },
	{ "{\"link\":\"HTTPS://example.com/\\u00e9\"}", "link", "HTTPS://example.com/\303\251", 0 },
	{ "{\"link\":\"javascript:x\"}", "link", "is no whole address", ERR_PARAMS },
	{ "{\"link\":\"https://a b\"}", "link", "is no whole address", ERR_PARAMS },
	{ "{\"keys\":\"a-1, b-2\"}", "keys", "A-1,B-2", 0 },
	{ "{\"keys\":[\"A-1\",\"../B-2\"]}", "keys", "keys: \"../B-2\" is no issue key", ERR_PARAMS },
	{ "{\"text\":1e999}", "text", "text", ERR_PARAMS },

	{ "{}", "limit", "10", 0 },
	{ "{\"limit\":null}", "limit", "10", 0 },
	{ "{\"limit\":50}", "limit", "30", 0 },  /* of the site: at most 30 */
	{ "{\"limit\":\"25\"}", "limit", "25", 0 },
	{ "{\"limit\":25.0}", "limit", "25", 0 },
	{ "{\"limit\":51}", "limit", "limit must be at most 50", ERR_PARAMS },
	{ "{\"limit\":0}", "limit", "limit must be at least 1", ERR_PARAMS },
	{ "{\"limit\":2.5}", "limit", "limit must be an integer", ERR_PARAMS },
	{ "{\"limit\":\"many\"}", "limit", "limit must be an integer", ERR_PARAMS },
	{ "{\"limit\":\"\"}", "limit", "limit must be an integer", ERR_PARAMS },
	{ "{\"limit\":true}", "limit", "limit must be an integer", ERR_PARAMS },
	{ "{\"limit\":1e300}", "limit", "limit must be an integer", ERR_PARAMS },
	{ "{\"start\":-1}", "start", "start must be at least 0", ERR_PARAMS },
	{ "{\"start\":100}", "start", "100", 0 },
	{ "{\"count\":-3}", "count", "-3", 0 },
	{ "{\"count\":2147483647}", "count", "2147483647", 0 },
	{ "{\"count\":-2147483648}", "count", "-2147483648", 0 },
	{ "{\"count\":2147483648}", "count", "count must be an integer", ERR_PARAMS },
	{ "{\"count\":9223372036854775807}", "count", "count must be an integer", ERR_PARAMS },
	{ "{\"count\":18446744073709551615}", "count", "count must be an integer", ERR_PARAMS },
	{ "{\"count\":\"4294967296\"}", "count", "count must be an integer", ERR_PARAMS },

	{ "{}", "is_deep", "true", 0 },
	{ "{\"is_deep\":false}", "is_deep", "false", 0 },
	{ "{\"is_deep\":\"False\"}", "is_deep", "false", 0 },
	{ "{\"is_deep\":\"TRUE\"}", "is_deep", "true", 0 },
	{ "{\"is_deep\":1}", "is_deep", "is_deep must be true or false", ERR_PARAMS },
	{ "{\"is_deep\":\"yes\"}", "is_deep", "is_deep must be true or false", ERR_PARAMS },

	{ "{}", "labels", "x,y", 0 },
	{ "{\"labels\":\"\"}", "labels", "", 0 },
	{ "{\"labels\":\"a, b ,,c,\"}", "labels", "a,b,c", 0 },
	{ "{\"labels\":[\"a\",\" b \",\"\",7,1.5]}", "labels", "a,b,7,1.5", 0 },
	{ "{\"labels\":\" [\\\"a\\\", \\\"b\\\"]\"}", "labels", "a,b", 0 },
	{ "{\"labels\":[]}", "labels", "", 0 },
	{ "{\"labels\":\"[a\"}", "labels", "labels: not valid JSON", ERR_PARAMS },
	{ "{\"labels\":[\"a\",true]}", "labels", "labels must be a list of strings", ERR_PARAMS },
	{ "{\"labels\":[[\"a\"]]}", "labels", "labels must be a list of strings", ERR_PARAMS },
	{ "{\"labels\":{\"a\":1}}", "labels", "labels must be a list: \"a,b\" or", ERR_PARAMS },
	{ "{\"labels\":[\"a\\u0000b\"]}", "labels", "labels must not hold NUL", ERR_PARAMS },
	{ "{\"labels\":\"a,b\\u0000\"}", "labels", "labels must not hold NUL", ERR_PARAMS },

	{ "{}", "fields", NULL, 0 },
	{ "{\"fields\":{\"a\":[1]}}", "fields", "{\"a\":[1]}", 0 },
	{ "{\"fields\":\" {\\\"a\\\": [1]} \"}", "fields", "{\"a\":[1]}", 0 },
	{ "{\"fields\":\"  \"}", "fields", NULL, 0 },
	{ "{\"fields\":\"[1]\"}", "fields", "fields must be an object, or a string that holds one as JSON", ERR_PARAMS },
	{ "{\"fields\":[1]}", "fields", "fields must be an object", ERR_PARAMS },
	{ "{\"fields\":7}", "fields", "fields must be an object", ERR_PARAMS },
	{ "{\"fields\":\"{a:1}\"}", "fields", "fields: not valid JSON at byte 1", ERR_PARAMS },
	{ "{\"rows\":\"[1, 2]\"}", "rows", "[1,2]", 0 },
	{ "{\"rows\":{}}", "rows", "rows must be an array, or a string", ERR_PARAMS },

	{ "{}", "format", "markdown", 0 },
	{ "{\"format\":\"wiki\"}", "format", "wiki", 0 },
	{ "{\"format\":\"Markdown\"}", "format", "markdown", 0 },
	{ "{\"format\":\"\"}", "format", "markdown", 0 },
	{ "{\"width\":\"\"}", "width", NULL, 0 },
	{ "{\"format\":\"mark\"}", "format", "format must be one of markdown|wiki|storage", ERR_PARAMS },
	{ "{\"format\":\"wiki|storage\"}", "format", "format must be one of", ERR_PARAMS },

	{ "{\"lables\":\"a\"}", "labels", "unknown argument \"lables\" (did you mean \"labels\"?)", ERR_PARAMS },
	{ "{\"issueKey\":\"a\"}", "labels", "unknown argument \"issueKey\" (did you mean \"issue_key\"?)", ERR_PARAMS },
	{ "{\"LABELS\":\"a\"}", "labels", "(did you mean \"labels\"?)", ERR_PARAMS },
	{ "{\"nothing_of_that_kind\":1}", "labels", "unknown argument \"nothing_of_that_kind\"", ERR_PARAMS },
	{ "[]", "labels", "arguments must be an object", ERR_PARAMS },
	{ "7", "labels", "arguments must be an object", ERR_PARAMS },
	{ "{\"labels\":", "labels", "arguments: not valid JSON", ERR_PARSE },
};
/* clang-format on */

struct world {
	struct config_site config;
	struct site site;
	struct arena arena;
	struct work work;
	struct err err;
};

static void
begin(struct world *world, const struct tool *of)
{
	*world = (struct world){ .config.limit_max = 30 };
	world->site.config = &world->config;
	arena_init(&world->arena, NULL, 4 * MIB);
	world->work = (struct work){
		.arena = &world->arena, .site = &world->site, .tool = of, .err = &world->err
	};
	world->work.alc = json_alc(&world->arena);
}

static bool
take(struct world *world, const char *args)
{
	return work_take_args(&world->work, slice_of(args), &world->err);
}

/* As a path or query would have it; JSON as it is. */
static const char *
shown(struct world *world, const char *name)
{
	for (size_t i = 0; i < tool.args_n; i++) {
		if (strcmp(tool.args[i].name, name) != 0)
			continue;
		if (tool.args[i].type == ARG_OBJECT || tool.args[i].type == ARG_ARRAY)
			return world->work.given[i].value == NULL
			    ? NULL
			    : yyjson_val_write_opts(
				  world->work.given[i].value, 0, &world->work.alc, NULL, NULL);
		return arg_text(&world->work, &tool.args[i], &world->work.given[i]);
	}
	fail_msg("no argument %s", name);
	return NULL;
}

static void
takes_and_refuses(void **state)
{
	struct world world;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct args_case *one = &cases[i];
		const char *got;
		bool ok;

		begin(&world, &tool);
		ok = take(&world, one->args);
		if (ok != (one->refuse == ERR_NONE))
			fail_msg("%s: %s", one->args, ok ? "taken" : world.err.text);
		got = ok ? shown(&world, one->name) : world.err.text;
		if ((one->want == NULL) != (got == NULL) ||
		    (got != NULL && ok && strcmp(got, one->want) != 0) ||
		    (!ok && (strstr(got, one->want) == NULL || world.err.kind != one->refuse)))
			fail_msg("%s: %s", one->args, got != NULL ? got : "(absent)");
		arena_fini(&world.arena);
	}
}

static void
guesses_no_name_that_is_far(void **state)
{
	struct world world;

	(void)state;
	begin(&world, &tool);
	assert_false(take(&world, "{\"nothing_of_that_kind\":1}"));
	assert_null(strstr(world.err.text, "did you mean"));
	arena_fini(&world.arena);
}

static void
asks_for_what_is_required(void **state)
{
	static const char *const without[] = { NULL, "{}", "{\"page_id\":null}" };
	struct world world;

	(void)state;
	for (size_t i = 0; i < COUNT(without); i++) {
		begin(&world, &strict);
		assert_false(work_take_args(&world.work,
		    without[i] != NULL ? slice_of(without[i]) : SLICE_NONE, &world.err));
		assert_int_equal(world.err.kind, ERR_PARAMS);
		assert_string_equal(world.err.text, "page_id is required: Id of the page");
		arena_fini(&world.arena);
	}
}

static void
tells_given_from_default(void **state)
{
	struct slice *list;
	struct world world;

	(void)state;
	begin(&world, &tool);
	assert_true(take(&world, "{\"limit\":10,\"format\":\"\",\"rows\":null}"));
	assert_true(arg_has(&world.work, "limit"));
	assert_false(arg_has(&world.work, "labels"));
	assert_false(arg_has(&world.work, "format"));
	assert_false(arg_has(&world.work, "rows"));
	assert_int_equal(arg_int(&world.work, "limit"), 10);
	assert_int_equal(arg_int(&world.work, "count"), 0);
	assert_true(arg_bool(&world.work, "is_deep"));
	assert_null(arg_str(&world.work, "text"));
	assert_null(arg_slice(&world.work, "text").p);
	assert_null(arg_json(&world.work, "fields"));
	assert_int_equal(arg_list(&world.work, "labels", &list), 2);
	assert_true(slice_eq(list[1], S("y")));
	arena_fini(&world.arena);
}

static void
bounds_the_length_of_lists(void **state)
{
	struct world world;
	struct buf text;

	(void)state;
	for (size_t n = 1000; n <= 1001; n++) {
		begin(&world, &tool);
		buf_init(&text, NULL, MIB);
		buf_puts(&text, "{\"labels\":\"a");
		for (size_t i = 1; i < n; i++)
			buf_puts(&text, ",a");
		buf_puts(&text, "\"}");
		assert_int_equal(
		    work_take_args(&world.work, buf_view(&text), &world.err), n == 1000);
		if (n > 1000)
			assert_string_equal(world.err.text, "labels must have at most 1000 items");
		buf_fini(&text);
		arena_fini(&world.arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_and_refuses),
		cmocka_unit_test(guesses_no_name_that_is_far),
		cmocka_unit_test(asks_for_what_is_required),
		cmocka_unit_test(tells_given_from_default),
		cmocka_unit_test(bounds_the_length_of_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What is printed from the table: docs/configuration.md and the schema beside it are up to date,
 * and the table itself is sound.  With BASCULE_GOLDEN=write the files are written instead of
 * compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_parts.h"

static struct slice
file_text(struct arena *arena, const char *path)
{
	struct slice text;
	struct err err;

	if (!config_read_file(arena, path, MIB, true, &text, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	return text;
}

static void
expect_file(const char *path, struct slice wanted)
{
	const char *golden = getenv("BASCULE_GOLDEN");
	struct arena arena;
	struct slice text;

	if (golden != NULL && strcmp(golden, "write") == 0) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		assert_int_equal(fwrite(wanted.p, 1, wanted.n, file), wanted.n);
		fclose(file);
	}
	arena_init(&arena, NULL, 4 * MIB);
	text = file_text(&arena, path);
	if (!slice_eq(text, wanted))
		print_error(
		    "%s is out of date: run this test with BASCULE_GOLDEN=write and look at the "
		    "difference\n",
		    path);
	assert_true(slice_eq(text, wanted));
	arena_fini(&arena);
}

static void
test_markdown(void **state)
{
	struct buf page;

	(void)state;
	buf_init(&page, NULL, MIB);
	config_print_markdown(&page);
	assert_false(page.overflow);
	expect_file(SOURCE_ROOT "/docs/configuration.md", buf_view(&page));
	buf_fini(&page);
}

static void
test_schema(void **state)
{
	struct buf schema, pretty;
	struct json_scan *scan;
	struct arena arena;
	struct err err;
	struct slice properties;
	static const char *const args[] = { "guard", "properties", "rules", "items", "properties",
		"match", "properties", "args", "patternProperties", "^/", "anyOf" };

	(void)state;
	buf_init(&schema, NULL, MIB);
	buf_init(&pretty, NULL, MIB);
	arena_init(&arena, NULL, 16 * MIB);
	config_print_schema(&schema);
	assert_false(schema.overflow);
	scan = json_scan_new(&arena, schema.p, schema.n, 1, 0, 1);
	if (!json_scan_all(scan, &err))
		print_error("%s\n%.*s\n", err.text, SLICE_FMT(buf_view(&schema)));
	assert_true(json_find(buf_view(&schema), S("properties"), &properties));
	assert_true(json_find(properties, S("upstreams"), &properties));
	assert_true(json_find(properties, S("items"), &properties));
	assert_true(json_find(properties, S("properties"), &properties));
	assert_true(json_find(properties, S("auth"), &properties));
	assert_true(json_find(properties, S("properties"), &properties));
	assert_true(json_find(properties, S("token"), &properties));
	/* What is asked of arguments is no option, and stands there all the same. */
	assert_true(json_find(buf_view(&schema), S("properties"), &properties));
	for (size_t i = 0; i < COUNT(args); i++)
		assert_true(json_find(properties, slice_of(args[i]), &properties));
	assert_true(json_pretty(&pretty, buf_view(&schema), &err));
	if (pretty.n > 0 && pretty.p[pretty.n - 1] != '\n')
		buf_putc(&pretty, '\n');
	expect_file(SOURCE_ROOT "/docs/configuration.schema.json", buf_view(&pretty));
	arena_fini(&arena);
	buf_fini(&schema);
	buf_fini(&pretty);
}

/* The tables of docs/atlassian.md, between two marks in a page that is written by hand. */
static void
test_variables(void **state)
{
	static const char path[] = SOURCE_ROOT "/docs/atlassian.md";
	static const char from[] = "<!-- variables -->\n", to[] = "<!-- end of variables -->\n";
	struct arena arena;
	struct slice page;
	const char *start, *end;
	struct buf whole;

	(void)state;
	arena_init(&arena, NULL, 4 * MIB);
	page = file_text(&arena, path);
	start = memmem(page.p, page.n, from, strlen(from));
	end = memmem(page.p, page.n, to, strlen(to));
	assert_true(start != NULL && end != NULL && start < end);
	buf_init(&whole, NULL, MIB);
	buf_put(&whole, (struct slice){ page.p, (size_t)(start - page.p) + strlen(from) });
	config_print_variables(&whole);
	buf_put(&whole, (struct slice){ end, page.n - (size_t)(end - page.p) });
	assert_false(whole.overflow);
	expect_file(path, buf_view(&whole));
	buf_fini(&whole);
	arena_fini(&arena);
}

/* Rows of a group stand together, no path is there twice, everything has its help. */
static void
test_table(void **state)
{
	const struct config_option *options;
	size_t n;

	(void)state;
	options = config_options(&n);
	for (size_t i = 0; i < n; i++) {
		const char *path = options[i].path, *dot = strrchr(path, '.');
		size_t group = dot == NULL ? 0 : (size_t)(dot - path) + 1;
		bool left = false;

		assert_non_null(options[i].help);
		assert_int_equal(options[i].help[strlen(options[i].help) - 1], '.');
		assert_true(options[i].type != OPTION_WORD || options[i].words != NULL);
		for (size_t j = i + 1; j < n; j++) {
			bool same = group > 0 && strncmp(options[j].path, path, group) == 0;

			assert_string_not_equal(options[j].path, path);
			assert_false(left && same);
			left = left || !same;
		}
	}
}

/* The example of the page is a right file. */
static void
test_example(void **state)
{
	static const char *const environment[] = { "SEARCH_TOKEN=x", NULL };
	struct config *config = NULL;
	struct arena arena;
	struct slice page, text;
	const char *start, *end;
	struct err err;

	(void)state;
	arena_init(&arena, NULL, 4 * MIB);
	page = file_text(&arena, SOURCE_ROOT "/docs/configuration.md");
	start = memmem(page.p, page.n, "```yaml\n", 8);
	assert_non_null(start);
	start += 8;
	end = memmem(start, page.n - (size_t)(start - page.p), "```", 3);
	assert_non_null(end);
	text = (struct slice){ start, (size_t)(end - start) };
	assert_true(config_parse(text, "example", "/", environment, NULL, &config, &err));
	assert_int_equal(config->upstreams_n, 2);
	config_free(&config);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

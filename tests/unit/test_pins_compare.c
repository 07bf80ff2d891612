/*
 * What has changed, in words and with how much it may matter: a pair of definitions a row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard/guard.h"

struct seen {
	unsigned n;
	struct pin_change last;
};

static void
on_change(void *ctx, const struct pin_change *change)
{
	struct seen *seen = ctx;

	seen->n++;
	seen->last = *change;
}

static struct pins *
one(enum pin_kind kind, const char *text)
{
	struct pins *pins = pins_new();
	struct err err = { 0 };
	struct arena arena;
	struct slice copy;

	if (text == NULL)
		return pins;
	arena_init(&arena, NULL, MIB);
	copy = slice_dup(&arena, slice_of(text));
	if (!json_scan_all(
		json_scan_new(&arena, (char *)(uintptr_t)copy.p, copy.n, 0, 0, 1), &err) ||
	    !pins_add(pins, kind, S("s"), kind == PIN_SERVER ? S("") : S("t"), copy, &err))
		fail_msg("%s: %s", text, err.text);
	arena_fini(&arena);
	return pins;
}

#define SCHEMA(s) "{\"inputSchema\":" s "}"

static const struct {
	enum pin_kind kind;
	const char *before, *after;
	enum pin_risk risk;
	const char *what;
} cases[] = {
	{ PIN_TOOL, NULL, "{}", PIN_MEDIUM, "is new" },
	{ PIN_TOOL, "{}", NULL, PIN_LOW, "is gone" },
	{ PIN_SERVER, NULL, "{}", PIN_HIGH, "is new" },
	{ PIN_SERVER, "{\"command\":[\"a\"]}", "{\"command\":[\"a\",\"b\"]}", PIN_HIGH,
	    "command changed" },
	{ PIN_SERVER, "{\"program\":\"x\"}", "{\"program\":\"y\"}", PIN_HIGH, "program changed" },
	{ PIN_SERVER, "{\"version\":\"1\"}", "{\"version\":\"2\"}", PIN_MEDIUM, "version changed" },
	{ PIN_SERVER, "{}", "{\"instructions\":\"x\"}", PIN_HIGH, "instructions is new" },
	{ PIN_TOOL, "{\"description\":\"a\"}", "{\"description\":\"b\"}", PIN_HIGH,
	    "description changed" },
	{ PIN_TOOL, "{\"description\":\"a\"}", "{}", PIN_HIGH, "description is gone" },
	{ PIN_TOOL, "{\"title\":\"a\"}", "{\"title\":\"b\"}", PIN_MEDIUM, "title changed" },
	{ PIN_TOOL, "{\"_meta\":1}", "{\"_meta\":2}", PIN_LOW, "_meta changed" },
	{ PIN_TOOL, "{\"annotations\":{\"readOnlyHint\":true}}", "{}", PIN_HIGH,
	    "annotations: readOnlyHint was true, is false" },
	{ PIN_TOOL, "{\"annotations\":{\"destructiveHint\":false}}",
	    "{\"annotations\":{\"destructiveHint\":true}}", PIN_HIGH,
	    "annotations: destructiveHint was false, is true" },
	{ PIN_TOOL, "{}", "{\"annotations\":{\"title\":\"x\"}}", PIN_MEDIUM, "annotations is new" },
	{ PIN_TOOL, SCHEMA("{}"), SCHEMA("{\"description\":\"x\"}"), PIN_HIGH,
	    "inputSchema says something else" },
	{ PIN_TOOL, SCHEMA("{\"properties\":{\"a\":{}}}"),
	    SCHEMA("{\"properties\":{\"a\":{},\"bcc\":{},\"cc\":{}}}"), PIN_HIGH,
	    "inputSchema takes more: bcc, cc" },
	{ PIN_TOOL, SCHEMA("{\"properties\":{\"a\":{},\"b\":{}}}"),
	    SCHEMA("{\"properties\":{\"a\":{}}}"), PIN_LOW, "inputSchema takes less" },
	{ PIN_TOOL, SCHEMA("{\"properties\":{\"a\":{\"enum\":[1]}}}"),
	    SCHEMA("{\"properties\":{\"a\":{\"enum\":[1,2]}}}"), PIN_HIGH,
	    "inputSchema takes more" },
	{ PIN_TOOL, SCHEMA("{\"type\":\"string\"}"), SCHEMA("{\"type\":[\"null\",\"string\"]}"),
	    PIN_HIGH, "inputSchema takes more" },
	{ PIN_TOOL, SCHEMA("{\"required\":[\"a\"]}"), SCHEMA("{}"), PIN_HIGH,
	    "inputSchema takes more" },
	{ PIN_TOOL, SCHEMA("{}"), SCHEMA("{\"required\":[\"a\"]}"), PIN_LOW,
	    "inputSchema takes less" },
	{ PIN_TOOL, SCHEMA("{\"additionalProperties\":false}"), SCHEMA("{}"), PIN_HIGH,
	    "inputSchema takes more" },
	{ PIN_TOOL, SCHEMA("{\"maxLength\":5}"), SCHEMA("{\"maxLength\":50}"), PIN_HIGH,
	    "inputSchema takes more" },
	{ PIN_TOOL, SCHEMA("{\"minimum\":5}"), SCHEMA("{\"minimum\":6}"), PIN_LOW,
	    "inputSchema takes less" },
	{ PIN_TOOL, SCHEMA("{\"pattern\":\"a\"}"), SCHEMA("{}"), PIN_HIGH,
	    "inputSchema takes more" },
	{ PIN_TOOL, SCHEMA("{\"oneOf\":[]}"), SCHEMA("{\"oneOf\":[{}]}"), PIN_MEDIUM,
	    "inputSchema is built otherwise" },
	{ PIN_TOOL, SCHEMA("{\"items\":{\"properties\":{}}}"),
	    SCHEMA("{\"items\":{\"properties\":{\"x\":{}}}}"), PIN_HIGH,
	    "inputSchema takes more: x" },
	{ PIN_PROMPT, "{\"arguments\":[]}", "{\"arguments\":[{\"name\":\"x\"}]}", PIN_HIGH,
	    "arguments changed" },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pins *before = one(cases[i].kind, cases[i].before);
		struct pins *after = one(cases[i].kind, cases[i].after);
		struct seen seen = { 0 };

		pins_compare(before, after, on_change, &seen);
		assert_int_equal(seen.n, 1);
		if (strcmp(seen.last.what, cases[i].what) != 0 || seen.last.risk != cases[i].risk)
			fail_msg("%zu: wanted %s, %s; got %s, %s", i, pin_risk_name(cases[i].risk),
			    cases[i].what, pin_risk_name(seen.last.risk), seen.last.what);
		seen.n = 0;
		pins_compare(before, before, on_change, &seen);
		assert_int_equal(seen.n, 0);
		pins_free(&before);
		pins_free(&after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What a refusal says for people: every form of Jira, Confluence, its second API and OAuth, web
 * pages, reasons in headers, and bodies that are none of these.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/tool.h"

struct complaint_case {
	int status;
	const char *headers, *body, *want;
};

/* clang-format off */
static const struct complaint_case cases[] = {
	{ 400, "", "{\"errorMessages\":[\"a\",\"b\"],\"errors\":{\"summary\":\"is required\",\"x\":7}}",
	  "HTTP 400 (refused): a; b; summary: is required" },
	{ 404, "", "{\"errorMessages\":[],\"errors\":{}}", "HTTP 404 (not found, or not visible to this user)" },
	{ 403, "", "{\"statusCode\":403,\"message\":\"no\",\"data\":{\"errors\":[]}}", "HTTP 403 (the user may not do this): no" },
	{ 400, "", "{\"data\":{\"errors\":[{\"message\":{\"translation\":\"title is there\"}}]},\"message\":\"com.x: y\"}",
	  "HTTP 400 (refused): title is there" },
	{ 404, "", "{\"errors\":[{\"status\":404,\"title\":\"Not Found\",\"detail\":null},{\"title\":\"B\",\"detail\":\"c\"}]}",
	  "HTTP 404 (not found, or not visible to this user): Not Found; B; c" },
	{ 401, "", "{\"error\":\"invalid\",\"error_description\":\"expired\"}", "HTTP 401 (the credential was not accepted): expired" },
	{ 409, "", "{\"detail\":\"d\",\"title\":\"t\"}", "HTTP 409 (it was changed meanwhile): d" },
	{ 413, "", "", "HTTP 413 (too large)" },
	{ 302, "", "moved", "HTTP 302 (refused)" },
	{ 502, "", "<html><head><title>\n Bad Gateway </title>", "HTTP 502 (the site has failed): Bad Gateway" },
	{ 500, "", "<title>never closed", "HTTP 500 (the site has failed)" },
	{ 500, "", "<title></title>", "HTTP 500 (the site has failed)" },
	{ 429, "Retry-After: 7\r\nX: y\r\n", "{\"message\":\"slow\"}", "HTTP 429 (too many requests): slow; Retry-After: 7" },
	{ 401, "X-Seraph-LoginReason: AUTHENTICATED_FAILED\r\nWWW-Authenticate: Basic\r\n", "",
	  "HTTP 401 (the credential was not accepted): X-Seraph-LoginReason: AUTHENTICATED_FAILED; WWW-Authenticate: Basic" },
	{ 400, "", "{\"message\":\"a\\nb\\u001b[31m\"}", "HTTP 400 (refused): a b [31m" },
	{ 400, "", "{\"errorMessages\":{\"a\":1},\"errors\":7,\"message\":[]}", "HTTP 400 (refused)" },
	{ 400, "", "[\"a\"]", "HTTP 400 (refused)" },
	{ 400, "", "{\"errorMessages\":[7,null,\"a\"]}", "HTTP 400 (refused): a" },
};
/* clang-format on */

static struct slice
complain(struct arena *arena, int status, struct slice headers, struct slice body)
{
	struct access access = { 0 };
	struct rest_reply reply = { .status = status, .headers = headers, .body = body };

	return site_complaint(&access, &reply, arena);
}

static void
says_what_the_site_said(void **state)
{
	struct arena arena;
	struct slice got;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		arena_init(&arena, NULL, MIB);
		got = complain(
		    &arena, cases[i].status, slice_of(cases[i].headers), slice_of(cases[i].body));
		if (!slice_eq(got, slice_of(cases[i].want)))
			fail_msg("%s: %.*s", cases[i].body, SLICE_FMT(got));
		arena_fini(&arena);
	}
}

/* Whatever comes, at most some KiB are said. */
static void
keeps_it_short(void **state)
{
	struct arena arena;
	struct slice got;
	struct buf body;

	(void)state;
	arena_init(&arena, NULL, 64 * MIB);
	buf_init(&body, NULL, MIB);
	buf_puts(&body, "{\"errorMessages\":[\"0\"");
	for (unsigned i = 1; i < 10000; i++)
		buf_printf(&body, ",\"%u\"", i);
	buf_puts(&body, "],\"errors\":{\"0\":\"x\"");
	for (unsigned i = 1; i < 5000; i++)
		buf_printf(&body, ",\"key%u\":\"value\"", i);
	buf_puts(&body, "}}");
	got = complain(&arena, 400, S(""), buf_view(&body));
	assert_true(slice_starts(got, S("HTTP 400 (refused): 0; 1; 2; 3; ")));
	assert_in_range(got.n, 1000, 3 * KIB);
	/* One of a key alone that is too long; one of a body of over 256 KiB, cut, that is no JSON.
	 */
	buf_clear(&body);
	buf_puts(&body, "{\"errors\":{\"");
	for (unsigned i = 0; i < 5000; i++)
		buf_putc(&body, 'k');
	buf_puts(&body, "\":\"v\",\"b\":\"w\"}}");
	got = complain(&arena, 400, S(""), buf_view(&body));
	assert_true(slice_eq(got, S("HTTP 400 (refused): b: w")));
	buf_clear(&body);
	buf_puts(&body, "{\"message\":\"");
	for (unsigned i = 0; i < 300 * KIB; i++)
		buf_putc(&body, 'm');
	buf_puts(&body, "\"}");
	got = complain(&arena, 400, S(""), buf_view(&body));
	assert_true(slice_eq(got, S("HTTP 400 (refused)")));
	buf_fini(&body);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_the_site_said),
		cmocka_unit_test(keeps_it_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

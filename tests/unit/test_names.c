/*
 * Names as clients see them: prefixes, the hashed form of long ones, and cuts within UTF-8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/gateway.h"

static const struct {
	const char *what;
	enum config_prefix prefix;
	bool many, own;
	size_t max;
	const char *server, *tool;
	bool force;
	const char *want; /* %: 8 hex of SHA-256(server NUL tool) */
} cases[] = {
	{ "auto, one server", PREFIX_AUTO, false, false, 64, "files", "read", false, "read" },
	{ "auto, many servers", PREFIX_AUTO, true, false, 64, "files", "read", false,
	    "files__read" },
	{ "always, one server", PREFIX_ALWAYS, false, false, 64, "files", "read", false,
	    "files__read" },
	{ "never, many servers", PREFIX_NEVER, true, false, 64, "files", "read", false, "read" },
	{ "native, auto", PREFIX_AUTO, true, true, 64, "jira", "jira_get", false, "jira_get" },
	{ "native, always", PREFIX_ALWAYS, true, true, 64, "jira", "jira_get", false, "jira_get" },
	{ "exactly max", PREFIX_ALWAYS, true, false, 20, "files", "0123456789abc", false,
	    "files__0123456789abc" },
	{ "one over max", PREFIX_ALWAYS, true, false, 20, "files", "0123456789abcd", false,
	    "files__0123_%" },
	{ "over 64: 55 bytes and the hash", PREFIX_NEVER, true, false, 64, "s",
	    "0123456789012345678901234567890123456789012345678901234567890123456789", false,
	    "0123456789012345678901234567890123456789012345678901234_%" },
	{ "collision: short names keep all", PREFIX_NEVER, true, false, 64, "b", "read", true,
	    "read_%" },
	{ "collision: long names are cut", PREFIX_NEVER, true, false, 20, "b", "0123456789abcd",
	    true, "0123456789a_%" },
	{ "two-byte characters stay whole", PREFIX_NEVER, true, false, 20, "b",
	    "0123456789\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", false, "0123456789_%" },
	{ "four-byte characters stay whole", PREFIX_NEVER, true, false, 20, "b",
	    "012345678\xf0\x9f\x8f\xb0\xf0\x9f\x8f\xb0\xf0\x9f\x8f\xb0", false, "012345678_%" },
	{ "a cut between characters is one", PREFIX_NEVER, true, false, 20, "b",
	    "012345678\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", false,
	    "012345678\xc3\xa4_%" },
};

/* Puts the digits in the place of '%'. */
static void
want_text(size_t i, char *to, size_t size)
{
	const struct slice parts[] = { slice_of(cases[i].server), { "", 1 },
		slice_of(cases[i].tool) };
	const char *percent = strchr(cases[i].want, '%');
	char hex[65];

	sha256_hex(parts, COUNT(parts), hex);
	if (percent == NULL)
		snprintf(to, size, "%s", cases[i].want);
	else
		snprintf(to, size, "%.*s%.8s", (int)(percent - cases[i].want), cases[i].want, hex);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct names names = { S("__"), cases[i].prefix, cases[i].max, cases[i].many };
		struct provider provider = { .name = slice_of(cases[i].server),
			.has_own_prefix = cases[i].own };
		struct arena arena;
		struct slice got;
		char want[256];

		arena_init(&arena, NULL, MIB);
		want_text(i, want, sizeof(want));
		got = name_make(&arena, &names, &provider, slice_of(cases[i].tool),
		    slice_of(cases[i].tool), cases[i].force);
		if (!slice_eq(got, slice_of(want)))
			fail_msg("%s: got %.*s, want %s", cases[i].what, SLICE_FMT(got), want);
		if (got.n > names.max)
			fail_msg("%s: %zu bytes", cases[i].what, got.n);
		arena_fini(&arena);
	}
}

/* The rule is a contract: one digest written out, made with another program. */
static void
test_known_digest(void **state)
{
	struct names names = { S("__"), PREFIX_NEVER, 64, true };
	struct provider provider = { .name = S("files") };
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, MIB);
	assert_true(slice_eq(
	    name_make(&arena, &names, &provider, S("read"), S("read"), true), S("read_93d67741")));
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_known_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

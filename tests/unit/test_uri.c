/*
 * Templates of URIs: what fits, what does not, what makes no sense, and that hostile ones are
 * cheap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/gateway.h"

static const struct {
	const char *template, *uri;
	bool fits;
} cases[] = {
	{ "file:///a", "file:///a", true },
	{ "file:///a", "file:///ab", false },
	{ "file:///a", "file:///", false },
	{ "file:///a", "", false },
	{ "", "", false },
	{ "test://{id}/data", "test://1/data", true },
	{ "test://{id}/data", "test:///data", false },
	{ "test://{id}/data", "test://1/2/data", false },
	{ "test://{id}/data", "test://1/data/", false },
	{ "test://{id}", "test://1", true },
	{ "test://{id}", "test://", false },
	{ "test://{id}", "test://a/b", false },
	{ "file:///{+path}", "file:///a/b/c", true },
	{ "file:///{+path}", "file:///", false },
	{ "file:///{+dir}/{name}.txt", "file:///a/b/c.txt", true },
	{ "file:///{+dir}/{name}.txt", "file:///c.txt", false },
	{ "{a}-{b}-{c}/x", "1-2-3-4/x", true },
	{ "{a}-{b}-{c}/x", "1-2/x", false },
	{ "s://{a}x{b}/y", "s://axbxc/y", true },
	{ "s://h{/path}", "s://h", true },
	{ "s://h{/path}", "s://h/a/b", true },
	{ "s://h/p{?q,r}", "s://h/p?q=1&r=/2", true },
	{ "s://h/p{?q,r}", "s://h/p", true },
	{ "s://h/{a}{?q}", "s://h/x?q=1", true },
	{ "s://h/{a}{#f}", "s://h/x#f/g", true },
	{ "s://h/x{.ext}", "s://h/x.json", true },
	{ "s://h/x{;p}", "s://h/x;p=1", true },
	{ "s://h/x{;p}", "s://h/x;p=1/2", false },
	{ "{+any}", "x", true },
	{ "{+a}/{b}/{+c}/{d}!", "1/2/3/4/5/6!", true },
	{ "{+a}/{b}/{+c}/{d}!", "1/2/3!", false },
	/* What makes no sense fits nothing. */
	{ "s://{a", "s://1", false },
	{ "s://{}", "s://1", false },
	{ "s://a}", "s://a}", true },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t budget = 10000;

		if (uri_fits(slice_of(cases[i].template), slice_of(cases[i].uri), &budget) !=
		    cases[i].fits)
			fail_msg("%s and %s", cases[i].template, cases[i].uri);
	}
}

/* Many wildcards over a long URI that never fits: the budget ends it. */
static void
test_hostile(void **state)
{
	static char template[4096], uri[8192];
	size_t budget = 100000, n = 0;

	(void)state;
	n = sizeof(template) - 2;
	memset(template, 'a', n);
	memcpy(template, "{+x}", 4);
	memcpy(template + n, "b", 2);
	memset(uri, 'a', sizeof(uri) - 1);
	assert_false(uri_fits(slice_of(template), slice_of(uri), &budget));
	assert_int_equal(budget, 0);
	assert_false(uri_fits(S("a"), S("a"), &budget));
}

/* A long name is looked through at every step back: that is paid for too. */
static void
test_long_name(void **state)
{
	static char template[32768], uri[8192];
	size_t budget = 100000, n = sizeof(template) - 3;

	(void)state;
	memset(template, 'n', sizeof(template) - 1);
	memcpy(template, "{+x}{", 5);
	memcpy(template + n, "}b", 2);
	memset(uri, 'a', sizeof(uri) - 1);
	assert_false(uri_fits(slice_of(template), slice_of(uri), &budget));
	assert_int_equal(budget, 0);
	budget = n / 32;
	uri[10] = '\0';
	uri[9] = 'b';
	assert_false(uri_fits(slice_of(template), slice_of(uri), &budget));
	budget = 2 * n;
	assert_true(uri_fits(slice_of(template), slice_of(uri), &budget));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* URLs: what is read, and what is refused because readers of URLs differ about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net.h"

static void
assert_slice(struct slice got, const char *want)
{
	assert_int_equal(got.n, slice_of(want).n);
	assert_memory_equal(got.p, want, got.n);
}

static void
good_urls(void **state)
{
	static const struct {
		const char *text, *host, *authority, *path;
		uint16_t port;
		bool is_tls;
	} rows[] = {
		{ "http://a", "a", "a", "/", 80, false },
		{ "HTTP://A.example/", "A.example", "A.example", "/", 80, false },
		{ "https://a", "a", "a", "/", 443, true },
		{ "https://a:8443/x?y=1", "a", "a:8443", "/x?y=1", 8443, true },
		{ "http://127.0.0.1:1/mcp", "127.0.0.1", "127.0.0.1:1", "/mcp", 1, false },
		{ "http://[::1]:65535/", "::1", "[::1]:65535", "/", 65535, false },
		{ "http://[fe80::1]", "fe80::1", "[fe80::1]", "/", 80, false },
		{ "http://a_b-c/%20@:", "a_b-c", "a_b-c", "/%20@:", 80, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct url url;
		struct err err;

		assert_true(url_parse(slice_of(rows[i].text), &url, &err));
		assert_slice(url.host, rows[i].host);
		assert_slice(url.authority, rows[i].authority);
		assert_slice(url.path, rows[i].path);
		assert_int_equal(url.port, rows[i].port);
		assert_int_equal(url.is_tls, rows[i].is_tls);
	}
}

static void
bad_urls(void **state)
{
	static const char *const rows[] = {
		"",
		"a",
		"http:",
		"http:/",
		"http://",
		"http:///x",
		"ftp://a/",
		"//a/",
		"http//a",
		"http://a:/",
		"http://a:0",
		"http://a:65536",
		"http://a:1x/",
		"http://a:-1/",
		"http://u@a/",
		"http://u:p@a/",
		"http://a\\b/",
		"http://a?x",
		"http://a/#x",
		"http://a#x",
		"http://a b/",
		"http://a/ ",
		"http://a/\x01",
		"http://a/\xc3\xa4",
		"http://[::1/",
		"http://[]/",
		"http://[::1]x/",
		"http://[::g]/",
		"http://[a.b]:",
		"http://a%41/",
		"http://a/x\x7f",
		"https://",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct url url;
		struct err err = { .kind = ERR_NONE };

		if (url_parse(slice_of(rows[i]), &url, &err))
			fail_msg("accepted: %s", rows[i]);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_true(err.text[0] != '\0');
	}
}

/* No prefix of a URL, and no byte in its place, may be read over its end. */
static void
every_cut(void **state)
{
	static const char text[] = "https://[::1]:8443/x?y=1";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = mem_new(n);
		struct url url;
		struct err err;

		for (size_t i = 0; i < n; i++)
			copy[i] = text[i];
		(void)!url_parse((struct slice){ copy, n }, &url, &err);
		mem_free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls),
		cmocka_unit_test(bad_urls),
		cmocka_unit_test(every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

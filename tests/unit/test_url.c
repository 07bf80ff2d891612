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

static void
references(void **state)
{
	static const struct {
		const char *reference, *path; /* NULL: refused */
	} rows[] = {
		{ "/messages?sessionId=1", "/messages?sessionId=1" },
		{ "?sessionId=1", "/a/sse?sessionId=1" },
		{ "messages/", "/a/messages/" },
		{ "./m", "/a/m" },
		{ "../m?x=../y", "/m?x=../y" },
		{ "../../../m", "/m" },
		{ "/x/..", "/" },
		{ "/x/./y/../z", "/x/z" },
		{ "..", "/" },
		{ "m?to=http://other/", "/a/m?to=http://other/" },
		{ "http://h:81/m?s=1", "/m?s=1" },
		{ "HTTP://H:81", "/" },
		{ "//h:81/b/../m", "/m" },
		{ "http://h/m", NULL },
		{ "http://h:82/m", NULL },
		{ "https://h:81/m", NULL },
		{ "http://other:81/m", NULL },
		{ "//other:81/m", NULL },
		{ "http://h:81@other/m", NULL },
		{ "/\\other/m", NULL },
		{ "file:///etc/passwd", NULL },
		{ "javascript:alert(1)", NULL },
		{ "/m n", NULL },
		{ "/m\r\nX: y", NULL },
		{ "/m#top", NULL },
		{ "", NULL },
	};
	struct url base;
	struct err err;
	struct buf out;

	(void)state;
	assert_true(url_parse(S("http://h:81/a/sse?k=/v"), &base, &err));
	buf_init(&out, NULL, SIZE_MAX);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool ok = url_refer(&base, slice_of(rows[i].reference), &out, &err);

		if (ok != (rows[i].path != NULL) ||
		    (ok && !slice_eq(buf_view(&out), slice_of(rows[i].path))))
			fail_msg("%s: %.*s %s", rows[i].reference, (int)out.n, out.p,
			    ok ? "" : err.text);
		assert_true(ok || err.kind == ERR_REFUSED);
	}
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls),
		cmocka_unit_test(bad_urls),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Addresses: literals in, the same literals out, and everything else refused with a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "run/seam_uv.h"

#define PATH_107 \
	"/2345678901234567890123456789012345678901234567890" \
	"12345678901234567890123456789012345678901234567890" \
	"1234567"

static void
round_trips(void **state)
{
	static const struct {
		const char *text, *printed;
		bool is_loopback;
	} cases[] = {
		{ "127.0.0.1:80", NULL, true },
		{ "127.255.0.9:1", NULL, true },
		{ "0.0.0.0:0", NULL, false },
		{ "192.168.7.1:65535", NULL, false },
		{ "[::1]:8080", NULL, true },
		{ "[::]:8080", NULL, false },
		{ "[0:0:0:0:0:0:0:1]:00080", "[::1]:80", true },
		{ "[::ffff:127.0.0.1]:1", NULL, true },
		{ "[::ffff:128.0.0.1]:1", NULL, false },
		{ "[2001:db8::1]:443", NULL, false },
		{ "unix:/run/bascule.sock", NULL, true },
		{ "unix:relative", NULL, true },
		{ "unix:" PATH_107, NULL, true },
	};
	char text[ADDRESS_TEXT];
	struct address address;
	struct err err;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		assert_true(address_parse(slice_of(cases[i].text), &address, &err));
		address_print(&address, text);
		assert_string_equal(
		    text, cases[i].printed != NULL ? cases[i].printed : cases[i].text);
		assert_int_equal(address_is_loopback(&address), cases[i].is_loopback);
	}
}

static void
others_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		":",
		"127.0.0.1",
		"127.0.0.1:",
		":80",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1: 80",
		"127.0.0.1:80 ",
		"127.0.0.1:8a",
		"127.0.0.1:99999999999999999999",
		"127.1:80",
		"256.0.0.1:80",
		"0x7f.0.0.1:80",
		"localhost:80",
		"::1:80",
		"[::1]80",
		"[::1]",
		"[]:80",
		"[::1:80",
		"::1]:80",
		"[127.0.0.1]:80",
		"[fe80::1%eth0]:80",
		"[[::1]]:80",
		"unix:",
		"unix:" PATH_107 "8",
		"UNIX:/x",
		"1111111111111111111111111111111111111111111111111111111111111111.0.0.1:80",
	};
	char nul[] = "unix:/a\0b", nul_ip[] = "127.0.0.1\0:80";
	struct address address = { .port = 7 };
	struct err err;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		if (address_parse(slice_of(cases[i]), &address, &err))
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_true(strlen(err.text) > 10);
	}
	assert_false(address_parse((struct slice){ nul, sizeof(nul) - 1 }, &address, &err));
	assert_false(address_parse((struct slice){ nul_ip, sizeof(nul_ip) - 1 }, &address, &err));
	assert_false(address_parse(SLICE_NONE, &address, &err));
	assert_int_equal(address.port, 7);
}

static void
a_long_text_is_refused_shortly(void **state)
{
	static char text[5000];
	struct address address;
	struct err err;

	memset(text, '1', sizeof(text));
	assert_false(address_parse((struct slice){ text, sizeof(text) }, &address, &err));
	assert_true(strlen(err.text) < 100);
}

static void
the_kernel_understands_and_is_understood(void **state)
{
	static const char *const cases[] = { "127.0.0.1:80", "[2001:db8::1]:443", "unix:/run/x" };
	struct sockaddr_storage storage;
	struct address address, back;
	char text[ADDRESS_TEXT];
	struct err err;
	socklen_t n;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		assert_true(address_parse(slice_of(cases[i]), &address, &err));
		n = address_to_sockaddr(&address, &storage);
		address_from_sockaddr(&storage, n, &back);
		address_print(&back, text);
		assert_string_equal(text, cases[i]);
	}
	assert_true(address_parse(S("[::ffff:10.1.2.3]:5"), &address, &err));
	n = address_to_sockaddr(&address, &storage);
	address_from_sockaddr(&storage, n, &back);
	address_print(&back, text);
	assert_string_equal(text, "10.1.2.3:5");
	/* An unnamed peer of a Unix socket has a family and nothing else. */
	storage = (struct sockaddr_storage){ .ss_family = AF_UNIX };
	address_from_sockaddr(&storage, offsetof(struct sockaddr_un, sun_path), &back);
	assert_true(back.is_unix);
	assert_string_equal(back.path, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(a_long_text_is_refused_shortly),
		cmocka_unit_test(the_kernel_understands_and_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

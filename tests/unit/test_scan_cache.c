/*
 * Which files of the directory of compiled scanners stay.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard/scan.h"

#define KEPT 8

static char dir[64];

static void
make(const char *name, time_t used)
{
	const struct timespec times[] = { { .tv_sec = used }, { .tv_sec = used } };
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

/* Removes it, so that nothing is left of the test. */
static bool
was_there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return unlink(path) == 0;
}

static void
the_newest_stay_and_so_does_what_is_not_ours(void **state)
{
	static const char *const others[] = { "scan-0123456789abcdef.dbx", "scan-0123.db",
		"scan-0123456789abcdeg.db", "bascule.db", "scan-0123456789abcdef0.db" };
	char name[64];

	snprintf(dir, sizeof(dir), "/tmp/bascule-scan-XXXXXX");
	assert_non_null(mkdtemp(dir));
	/* In no order. */
	for (unsigned i = 0; i < 30; i++) {
		unsigned age = i * 7 % 30;

		snprintf(name, sizeof(name), "scan-%016x.db", age);
		make(name, 1000000 - (time_t)age);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		make(others[i], 1000);
	make("scan-0123456789abcdef.db.17", 1000);
	make("scan-0123456789abcdef.db.18", time(NULL));
	scan_cache_trim(dir);
	for (unsigned age = 0; age < 30; age++) {
		snprintf(name, sizeof(name), "scan-%016x.db", age);
		assert_int_equal(was_there(name), age < KEPT);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		assert_true(was_there(others[i]));
	assert_false(was_there("scan-0123456789abcdef.db.17"));
	assert_true(was_there("scan-0123456789abcdef.db.18"));
	assert_int_equal(rmdir(dir), 0);
	scan_cache_trim(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_stay_and_so_does_what_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Removal of a folder in which somebody did as he liked, by a user who may not do everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/tree.h"

#define NOBODY 65534

static char dir[64];

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static bool
is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A shell script, with $DIR. */
static int
shell(const char *script)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("DIR", dir, 1);
		execl("/bin/sh", "sh", "-ec", script, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int
removal_try(void)
{
	struct err err = { 0 };
	int status;

	if (geteuid() == 0 &&
	    (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return 2;
	status =
	    shell("mkdir $DIR/n; cd $DIR/n; echo keep >../outside; ln -s .. up; ln -s /usr usr; "
		  "mkdir -p a/b/c; echo x >a/b/c/f; chmod 000 a/b/c; chmod 000 a/b; chmod 100 a; "
		  "mkdir r; echo y >r/f; chmod 400 r; mkdir w; mkdir w/x; chmod 200 w; "
		  "mkdir .deep-0; echo taken >.deep-0/f; chmod 000 .deep-0; "
		  "i=0; while [ $i -lt 60 ]; do mkdir d e; cd d; i=$((i+1)); done; mkdir z; "
		  "echo b >z/f; chmod 000 z; chmod 000 .; cd $DIR; chmod 000 n");
	if (status != 0)
		return 3;
	if (!tree_remove(path_of("n"), NULL, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 4;
	}
	return is_there(path_of("n")) || !is_there(path_of("outside")) ? 5 : 0;
}

static void
test_removal(void **state)
{
	int status = 0;
	pid_t pid;

	snprintf(dir, sizeof dir, "/tmp/bascule-job-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0777), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(removal_try());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(shell("rm -rf $DIR"), 0);
}

/* What is named stays, and with it the folder; what is no folder goes, not where it leads. */
static void
test_keep(void **state)
{
	struct err err = { 0 };

	snprintf(dir, sizeof dir, "/tmp/bascule-tree-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(shell("cd $DIR; mkdir -p n/keep/in n/in/keep; echo x >n/in/keep/f; "
			       "mkdir real; echo y >real/f; ln -s real link"),
	    0);
	assert_true(tree_remove(path_of("n"), "keep", &err));
	assert_true(is_there(path_of("n/keep/in")));
	assert_false(is_there(path_of("n/in")));
	assert_true(tree_remove(path_of("link"), NULL, &err));
	assert_false(is_there(path_of("link")));
	assert_true(is_there(path_of("real/f")));
	assert_true(tree_remove(path_of("nothing"), NULL, &err));
	assert_int_equal(shell("rm -rf $DIR"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

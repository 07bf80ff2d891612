/*
 * Children through the real loop and the keeper: texts of errors, exits, cut tasks, a lost keeper.
 *
 * Each case is a story that runs in a task.  cmocka's own assertions jump, which must not happen on
 * a task's stack, so a story notes the first line that does not hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/keeper_process.h"
#include "run/process_tree.h"
#include "run/run.h"

#define CHECK(x) ((x) || first_failed != 0 ? (void)0 : (void)(first_failed = __LINE__))
#define TRIES	 30000

static int first_failed;
static const char *const plain_env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", NULL };

struct story {
	struct loop *loop;
	struct group group;
	void (*fn)(struct story *story);
	pid_t keeper;	/* 0: none was forked */
	char log[1024]; /* what was logged, after the story */
};

/* ---- helpers of stories -------------------------------------------------------------------- */

struct waited {
	struct task *task;
	int status;
	unsigned exits;
};

static void
on_exit_note(void *owner, int status)
{
	struct waited *waited = owner;

	waited->status = status;
	waited->exits++;
	task_wake(waited->task);
}

static void
on_ready_wake(void *owner, unsigned events)
{
	struct waited *waited = owner;

	task_wake(waited->task);
}

static struct child *
open_shell(struct story *story, const char *script, struct waited *waited)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct child_spec spec = { .argv = argv, .env = plain_env };
	struct child *child = NULL;
	struct err err = { 0 };

	*waited = (struct waited){ .task = task_self(story->loop), .status = -1 };
	CHECK(child_open_wait(story->loop, &spec, &child, &err));
	if (child == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return NULL;
	}
	child->on_exit = on_exit_note;
	child->owner = waited;
	return child;
}

static void
exit_wait(struct story *story, struct waited *waited)
{
	struct err err;

	while (waited->exits == 0) {
		if (!task_park_wait(story->loop, &err)) {
			CHECK(false);
			return;
		}
	}
	CHECK(waited->exits == 1);
}

/* One line of the child's output, without its end. */
static void
line_wait(struct story *story, struct child *child, struct waited *waited, char *line, size_t max)
{
	struct err err;
	size_t n = 0;
	ssize_t got;

	child->out->on_ready = on_ready_wake;
	child->out->owner = waited;
	for (;;) {
		got = stream_read(child->out, line + n, 1);
		if (got == -EAGAIN) {
			stream_want(child->out, STREAM_READABLE);
			if (!task_park_wait(story->loop, &err)) {
				CHECK(false);
				break;
			}
			continue;
		}
		if (got <= 0 || line[n] == '\n' || n + 2 > max)
			break;
		n++;
	}
	stream_want(child->out, 0);
	line[n] = '\0';
}

static pid_t
pid_wait(struct story *story, struct child *child, struct waited *waited)
{
	char line[32];

	line_wait(story, child, waited, line, sizeof line);
	CHECK(line[0] != '\0');
	return (pid_t)strtol(line, NULL, 10);
}

static bool
is_alive(pid_t pid)
{
	struct process process;

	return process_read(pid, &process);
}

static void
gone_wait(struct story *story, pid_t pid)
{
	struct err err;
	unsigned i;

	for (i = 0; i < TRIES && is_alive(pid); i++)
		CHECK(task_sleep_wait(story->loop, 1, &err));
	CHECK(!is_alive(pid));
}

static unsigned
own_children(void)
{
	struct processes list = { 0 };
	struct err err;
	unsigned n = 0;
	size_t i;

	if (!processes_scan(&list, &err))
		return 9999;
	for (i = 0; i < list.n; i++)
		n += list.all[i].ppid == getpid();
	processes_fini(&list);
	return n;
}

/* ---- stories ------------------------------------------------------------------------------- */

static void
story_output_and_exit(struct story *story)
{
	struct waited waited;
	struct child *child = open_shell(story, "read x; echo \"got $x\"; exit 4", &waited);
	struct iovec iov = { .iov_base = "word\n", .iov_len = 5 };
	char line[32];

	CHECK(stream_writev(child->in, &iov, 1) == 5);
	line_wait(story, child, &waited, line, sizeof line);
	CHECK(strcmp(line, "got word") == 0);
	exit_wait(story, &waited);
	CHECK(WIFEXITED(waited.status) && WEXITSTATUS(waited.status) == 4);
	child_close(&child);
	CHECK(child == NULL);
	child_close(&child);
}

static void
story_error_texts(struct story *story)
{
	static const struct {
		const char *program, *cwd, *text;
	} rows[] = {
		{ "/x/y", NULL, "no such file: /x/y" },
		{ "no-such", NULL,
		    "no-such: no such program in PATH (/usr/local/bin:/usr/bin:/bin)" },
		{ "/etc/passwd", NULL,
		    "/etc/passwd: not executable, or a directory on its way cannot be entered" },
		{ "/bin/true", "/x/y",
		    "/bin/true: cannot enter its directory /x/y: No such file or directory" },
	};
	char script[] = "/tmp/bascule-test-XXXXXX";
	struct child_spec spec = { .env = plain_env };
	struct child *child;
	struct err err;
	unsigned i;
	int fd;

	for (i = 0; i < COUNT(rows); i++) {
		const char *argv[] = { rows[i].program, NULL };

		spec.argv = argv;
		spec.cwd = rows[i].cwd;
		err = (struct err){ 0 };
		CHECK(!child_open_wait(story->loop, &spec, &child, &err));
		CHECK(err.kind == ERR_UNAVAILABLE && child == NULL);
		CHECK(strcmp(err.text, rows[i].text) == 0);
	}
	fd = mkstemp(script);
	CHECK(fd >= 0 && write(fd, "#!/x/y\n", 7) == 7 && fchmod(fd, 0755) == 0);
	close(fd);
	spec.argv = (const char *[]){ script, NULL };
	spec.cwd = NULL;
	CHECK(!child_open_wait(story->loop, &spec, &child, &err));
	CHECK(strstr(err.text, "no interpreter for /tmp/") != NULL);
	unlink(script);
	spec.argv = (const char *[]){ NULL };
	CHECK(!child_open_wait(story->loop, &spec, &child, &err));
	CHECK(err.kind == ERR_USAGE);
}

static void
story_stop(struct story *story)
{
	struct waited waited;
	struct child *child = open_shell(story, "echo $$; cat; exit 3", &waited);

	pid_wait(story, child, &waited);
	child_stop(child, 600000);
	exit_wait(story, &waited);
	CHECK(WIFEXITED(waited.status) && WEXITSTATUS(waited.status) == 3);
	child_stop(child, 0); /* of a child that has gone: nothing */
	child_close(&child);
}

static void
story_close_kills(struct story *story)
{
	struct waited waited;
	struct child *child = open_shell(story,
	    "trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$; "
	    "while :; do sleep 1; done' &); while :; do sleep 1; done",
	    &waited);
	pid_t own = child->pid, left = pid_wait(story, child, &waited);

	CHECK(is_alive(own) && is_alive(left));
	child_close(&child);
	gone_wait(story, own);
	gone_wait(story, left);
	CHECK(waited.exits == 0);
}

static void
open_and_be_cut(void *arg)
{
	const char *argv[] = { "sleep", "1000", NULL };
	struct child_spec spec = { .argv = argv, .env = plain_env };
	struct story *story = arg;
	struct child *child;
	struct err err;

	CHECK(!child_open_wait(story->loop, &spec, &child, &err));
	CHECK(err.kind == ERR_CANCELLED && child == NULL);
}

/* The task is cut before the keeper's answer: the late child is killed. */
static void
story_cut_while_opening(struct story *story)
{
	struct group group = { 0 };
	struct waited waited;
	struct child *child;
	struct err err;
	struct processes list = { 0 };
	unsigned i, n = 1;
	size_t at;

	CHECK(group_spawn(story->loop, &group, "cut", open_and_be_cut, story, &err));
	CHECK(task_yield_wait(story->loop, &err));
	group_cancel(&group, ERR_CANCELLED);
	group_drain(story->loop, &group);
	child = open_shell(story, "exit 0", &waited); /* comes after it in the keeper */
	exit_wait(story, &waited);
	child_close(&child);
	for (i = 0; i < TRIES && n > 0; i++) {
		CHECK(processes_scan(&list, &err));
		for (at = n = 0; at < list.n; at++)
			n += list.all[at].ppid == story->keeper;
		CHECK(task_sleep_wait(story->loop, 1, &err));
	}
	CHECK(n == 0);
	processes_fini(&list);
}

/* The keeper is killed twice: all of its children are told and gone, new ones start. */
static void
story_keeper_lost(struct story *story)
{
	static const char script[] =
	    "trap '' TERM; (env -i PATH=$PATH setsid sh -c 'trap \"\" TERM; echo $$; "
	    "while :; do sleep 1; done' &); while :; do sleep 1; done";
	struct waited a_waited, b_waited;
	struct child *a, *b;
	struct process process;
	pid_t a_left, b_left, a_own, b_own;
	unsigned i;

	for (i = 0; i < 2; i++) {
		a = open_shell(story, script, &a_waited);
		b = open_shell(story, script, &b_waited);
		a_own = a->pid;
		b_own = b->pid;
		a_left = pid_wait(story, a, &a_waited);
		b_left = pid_wait(story, b, &b_waited);
		CHECK(process_read(a_own, &process));
		CHECK(kill(process.ppid, SIGKILL) == 0);
		exit_wait(story, &a_waited);
		exit_wait(story, &b_waited);
		CHECK(WIFSIGNALED(a_waited.status) && WTERMSIG(b_waited.status) == SIGKILL);
		CHECK(
		    !is_alive(a_own) && !is_alive(b_own) && !is_alive(a_left) && !is_alive(b_left));
		CHECK(!is_alive(process.ppid));
		child_stop(a, 0);
		child_close(&a);
		child_close(&b);
	}
	CHECK(own_children() == 0);
	a = open_shell(story, "exit 6", &a_waited);
	exit_wait(story, &a_waited);
	CHECK(WEXITSTATUS(a_waited.status) == 6);
	child_close(&a);
}

static void
story_close_lets_nobody_stay(struct story *story)
{
	struct waited waited;
	struct child *child = open_shell(story,
	    "(setsid sh -c 'trap \"\" TERM; echo $$; "
	    "while :; do sleep 1; done' &); cat",
	    &waited);

	pid_wait(story, child, &waited);
	child->on_exit = NULL;
	stream_close(&child->in);
	stream_close(&child->out);
	stream_close(&child->err);
	/* Not closed as a child: loop_free() ends it. */
}

static void
story_nothing(struct story *story)
{
	CHECK(story->loop != NULL);
}

/* ---- running them -------------------------------------------------------------------------- */

static void
story_task(void *arg)
{
	struct story *story = arg;

	story->fn(story);
	loop_stop(story->loop);
}

static void
tell(void (*fn)(struct story *), bool with_keeper, struct story *story)
{
	struct keeper *keeper = NULL;
	struct err err = { 0 };
	struct log *log;
	int log_fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	*story = (struct story){ .fn = fn };
	first_failed = 0;
	assert_true(log_fd >= 0);
	if (with_keeper) {
		keeper = keeper_fork(&err);
		assert_non_null(keeper);
		story->keeper = keeper->pid;
	}
	log = log_new(log_fd, LOG_INFO, LOG_TEXT, "test");
	story->loop = loop_new(&keeper, log, &err);
	assert_non_null(story->loop);
	assert_null(keeper);
	assert_true(group_spawn(story->loop, &story->group, "story", story_task, story, &err));
	loop_run(story->loop);
	loop_free(&story->loop);
	log_free(&log);
	assert_true(pread(log_fd, story->log, sizeof story->log - 1, 0) >= 0);
	close(log_fd);
	if (first_failed != 0)
		print_message("story failed at %s:%d\n%s", __FILE__, first_failed, story->log);
	assert_int_equal(first_failed, 0);
	assert_int_equal(own_children(), 0);
}

#define STORY(name, with_keeper) \
	static void test_##name(void **state) \
	{ \
		struct story story; \
\
		tell(story_##name, with_keeper, &story); \
		assert_string_equal(story.log, ""); \
	}

STORY(output_and_exit, true)
STORY(error_texts, true)
STORY(stop, true)
STORY(close_kills, true)
STORY(cut_while_opening, true)
STORY(close_lets_nobody_stay, true)
STORY(nothing, true)

static void
test_keeper_lost(void **state)
{
	struct story story;
	char *first;

	tell(story_keeper_lost, true, &story);
	first = strstr(story.log, "has died: its socket closed; its 2 children are killed");
	assert_non_null(first);
	assert_non_null(strstr(first + 1, "has died"));
}

static void
test_first_child_starts_a_keeper(void **state)
{
	struct story story;

	tell(story_output_and_exit, false, &story);
	tell(story_close_lets_nobody_stay, false, &story);
	tell(story_nothing, false, &story);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_exit),
		cmocka_unit_test(test_error_texts),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_close_kills),
		cmocka_unit_test(test_cut_while_opening),
		cmocka_unit_test(test_close_lets_nobody_stay),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_keeper_lost),
		cmocka_unit_test(test_first_child_starts_a_keeper),
	};

	if (argc == 3 && strcmp(argv[1], KEEPER_ARG) == 0)
		return keeper_main((int)strtol(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

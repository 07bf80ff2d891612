/*
 * The keeper with real processes, spoken to over its socket without a loop (test_child has the
 * loop).
 *
 * Waiting is for events, with bounds so wide that they only end a broken run; what is asserted is
 * order, text and who is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/keeper_process.h"
#include "run/keeper_wire.h"
#include "run/process_tree.h"

#define WAIT_MS	   30000
#define OUTPUT_MAX (64 * 1024)

static char output[OUTPUT_MAX];
static uint64_t last_id;
static const char *const plain_env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C", NULL };

/* A grandchild that does all it can to stay: own session, ignores signals, two forks, marked or
 * not. */
#define DAEMON(prefix) \
	prefix \
	    " setsid sh -c 'trap \"\" TERM INT HUP; " \
	    "(sh -c \"trap \\\"\\\" TERM; echo \\$\\$; exec >&- 2>&- <&-; while :; do sleep 1; done\" &) ; exit 0'"

/* ---- talking to it ------------------------------------------------------------------------- */

static void
nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Next message; fails the test when none comes. */
static void
receive(struct keeper *keeper, struct keeper_msg *msg, struct keeper_fds *fds)
{
	struct pollfd polled = { .fd = keeper->socket, .events = POLLIN };

	assert_int_equal(poll(&polled, 1, WAIT_MS), 1);
	assert_int_equal(keeper_receive(keeper->socket, msg, fds), 1);
}

static void
request(struct keeper *keeper, enum keeper_type type, uint64_t id, int value)
{
	struct keeper_msg msg = { .type = type, .id = id, .value = value };

	assert_int_equal(keeper_send(keeper->socket, &msg, NULL, 0), 0);
}

static uint64_t
start_send(struct keeper *keeper, const char *const *argv, const char *const *env, const char *cwd)
{
	struct child_spec spec = { .argv = argv, .env = env, .cwd = cwd };
	struct keeper_msg msg = { .type = KEEPER_START, .id = ++last_id };
	struct err err = { 0 };
	int fd = keeper_spec_write(&spec, &err);

	assert_true(fd >= 0);
	assert_int_equal(keeper_send(keeper->socket, &msg, &fd, 1), 0);
	close(fd);
	return msg.id;
}

/* Starts and waits for the answer, which msg holds. */
static uint64_t
start(struct keeper *keeper, const char *const *argv, const char *const *env, const char *cwd,
    struct keeper_msg *msg, struct keeper_fds *fds)
{
	uint64_t id = start_send(keeper, argv, env, cwd);

	receive(keeper, msg, fds);
	assert_int_equal(msg->id, id);
	return id;
}

static uint64_t
start_shell(struct keeper *keeper, const char *script, struct keeper_fds *fds, pid_t *pid)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct keeper_msg msg;
	uint64_t id = start(keeper, argv, plain_env, NULL, &msg, fds);

	assert_int_equal(msg.type, KEEPER_STARTED);
	if (pid != NULL)
		*pid = msg.pid;
	return id;
}

static int
wait_exited(struct keeper *keeper, uint64_t id)
{
	struct keeper_msg msg;
	struct keeper_fds fds;

	receive(keeper, &msg, &fds);
	assert_int_equal(msg.type, KEEPER_EXITED);
	assert_int_equal(msg.id, id);
	return msg.value;
}

/* All that comes until the end of the stream. */
static const char *
read_all(int fd)
{
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, output + have, sizeof output - 1 - have)) > 0)
		have += (size_t)n;
	output[have] = '\0';
	return output;
}

/* A line with a number, as a process tells its pid. */
static pid_t
read_pid(int fd)
{
	char text[16];
	size_t n = 0;

	while (n < sizeof text - 1 && read(fd, text + n, 1) == 1 && text[n] != '\n')
		n++;
	text[n] = '\0';
	assert_true(n > 0);
	return (pid_t)strtol(text, NULL, 10);
}

static bool
is_alive(pid_t pid)
{
	waitpid(pid, NULL, WNOHANG);
	return kill(pid, 0) == 0;
}

static void
assert_goes(pid_t pid)
{
	unsigned i;

	for (i = 0; i < WAIT_MS && is_alive(pid); i++)
		nap();
	assert_false(is_alive(pid));
}

static unsigned
children_of(pid_t pid)
{
	struct processes list = { 0 };
	struct err err;
	unsigned n = 0;
	size_t i;

	assert_true(processes_scan(&list, &err));
	for (i = 0; i < list.n; i++)
		n += list.all[i].ppid == pid;
	processes_fini(&list);
	return n;
}

static unsigned
descriptors_of(pid_t pid)
{
	char path[32];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static int
keeper_setup(void **state)
{
	struct err err;

	*state = keeper_fork(&err);
	return *state == NULL;
}

static int
keeper_teardown(void **state)
{
	struct keeper *keeper = *state;

	keeper_close(&keeper);
	return 0;
}

/* ---- starting ------------------------------------------------------------------------------ */

static void
test_output_and_status(void **state)
{
	struct keeper *keeper = *state;
	struct keeper_fds fds;
	uint64_t id = start_shell(keeper, "cat; echo bad >&2; exit 7", &fds, NULL);
	int status;

	assert_int_equal(write(fds.fd[0], "hello", 5), 5);
	close(fds.fd[0]);
	fds.fd[0] = -1;
	assert_string_equal(read_all(fds.fd[1]), "hello");
	assert_string_equal(read_all(fds.fd[2]), "bad\n");
	status = wait_exited(keeper, id);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	keeper_fds_close(&fds);
}

static void
test_environment_is_exact(void **state)
{
	struct keeper *keeper = *state;
	const char *argv[] = { "/usr/bin/env", NULL };
	const char *env[] = { "A=1", KEEPER_MARKER "=forged", "EMPTY=", "B=two words", NULL };
	struct keeper_fds fds;
	struct keeper_msg msg;
	uint64_t id = start(keeper, argv, env, NULL, &msg, &fds);
	const char *text = read_all(fds.fd[1]);

	assert_int_equal(strncmp(text, KEEPER_MARKER "=", strlen(KEEPER_MARKER) + 1), 0);
	assert_null(strstr(text, "forged"));
	assert_string_equal(strchr(text, '\n'), "\nA=1\nEMPTY=\nB=two words\n");
	wait_exited(keeper, id);
	keeper_fds_close(&fds);
}

static void
test_only_three_descriptors(void **state)
{
	struct keeper *keeper = *state;
	struct keeper_fds fds;
	int stray = open("/dev/null", O_RDONLY); /* not CLOEXEC; opened after the fork, though */
	uint64_t id = start_shell(keeper, "ls /proc/self/fd | tr '\\n' ' '", &fds, NULL);

	assert_string_equal(read_all(fds.fd[1]), "0 1 2 3 "); /* 3 is ls's own */
	wait_exited(keeper, id);
	keeper_fds_close(&fds);
	close(stray);
	assert_true(descriptors_of(keeper->pid) <= 2 + 5); /* ., .., 0-2, socket, signals */
}

static void
test_signals_and_session(void **state)
{
	struct keeper *keeper = *state;
	const char *argv[] = { "/bin/grep", "-E", "Sig(Blk|Ign)", "/proc/self/status", NULL };
	struct keeper_fds fds;
	struct keeper_msg msg;
	struct process process;
	uint64_t id = start(keeper, argv, plain_env, NULL, &msg, &fds);

	assert_string_equal(
	    read_all(fds.fd[1]), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	wait_exited(keeper, id);
	keeper_fds_close(&fds);
	id = start_shell(keeper, "cat", &fds, &msg.pid);
	assert_true(process_read(msg.pid, &process));
	assert_int_equal(process.session, msg.pid);
	assert_int_equal(process.ppid, keeper->pid);
	keeper_fds_close(&fds);
	wait_exited(keeper, id);
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
test_failed_starts(void **state)
{
	static const struct {
		const char *program, *cwd;
		enum keeper_step step;
		int error;
	} rows[] = {
		{ "/nonexistent/program", NULL, STEP_EXEC, ENOENT },
		{ "no-such-program-anywhere", NULL, STEP_EXEC, ENOENT },
		{ "/etc/passwd", NULL, STEP_EXEC, EACCES },
		{ "/etc", NULL, STEP_EXEC, EACCES },
		{ "", NULL, STEP_EXEC, ENOENT },
		{ "/bin/true", "/nonexistent", STEP_CHDIR, ENOENT },
		{ "/bin/true", "/etc/passwd", STEP_CHDIR, ENOTDIR },
		{ "/nonexistent/program", "/nonexistent", STEP_CHDIR, ENOENT },
	};
	struct keeper *keeper = *state;
	struct keeper_fds fds;
	struct keeper_msg msg;
	unsigned i;

	for (i = 0; i < COUNT(rows); i++) {
		const char *argv[] = { rows[i].program, "x", NULL };

		start(keeper, argv, plain_env, rows[i].cwd, &msg, &fds);
		assert_int_equal(msg.type, KEEPER_FAILED);
		assert_int_equal(msg.step, rows[i].step);
		assert_int_equal(msg.value, rows[i].error);
		assert_int_equal(fds.fd[0], -1);
	}
	start_shell(keeper, "exit 0", &fds, NULL); /* no EXITED of the failed ones comes before */
	wait_exited(keeper, last_id);
	keeper_fds_close(&fds);
}

static void
test_path_and_directory(void **state)
{
	struct keeper *keeper = *state;
	char dir[] = "/tmp/bascule-test-XXXXXX", program[64], path[64];
	const char *argv[] = { "the-program", "a b", "", NULL };
	const char *env[] = { path, NULL };
	struct keeper_fds fds;
	struct keeper_msg msg;

	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof program, "%s/the-program", dir);
	snprintf(path, sizeof path, "PATH=/nonexistent:%s", dir);
	write_file(program, "#!/bin/sh\necho \"$#|$1|$2|\"; pwd -P\n", 0755);
	start(keeper, argv, env, "/usr/bin", &msg, &fds);
	assert_int_equal(msg.type, KEEPER_STARTED);
	assert_string_equal(read_all(fds.fd[1]), "2|a b||\n/usr/bin\n");
	wait_exited(keeper, msg.id);
	keeper_fds_close(&fds);
	unlink(program);
	rmdir(dir);
}

static char *
long_string(const char *prefix, size_t n)
{
	char *text = malloc(n + 1);
	size_t prefix_n = strlen(prefix);

	assert_non_null(text);
	memcpy(text, prefix, prefix_n);
	memset(text + prefix_n, 'x', n - prefix_n);
	text[n] = '\0';
	return text;
}

static void
test_big_specs(void **state)
{
	enum { STRINGS = 60, BYTES = 10000 };
	struct keeper *keeper = *state;
	const char *argv[STRINGS + 5] = { "sh", "-c", "echo $# ${#V}", "-" }, *env[STRINGS + 3];
	const char *too_long[] = { "/bin/true", NULL, NULL }, **much;
	char *arg = long_string("", BYTES), *value = long_string("V=", 128 * 1024 - 1);
	struct child_spec spec = { .env = plain_env };
	struct keeper_fds fds;
	struct keeper_msg msg;
	struct err err = { 0 };
	unsigned i;

	env[0] = plain_env[0];
	env[1] = value;
	for (i = 0; i < STRINGS; i++) {
		argv[4 + i] = arg;
		env[2 + i] = arg;
	}
	argv[4 + STRINGS] = env[2 + STRINGS] = NULL;
	start(keeper, argv, env, NULL, &msg, &fds);
	assert_int_equal(msg.type, KEEPER_STARTED);
	assert_string_equal(read_all(fds.fd[1]), "60 131069\n");
	wait_exited(keeper, msg.id);
	keeper_fds_close(&fds);
	free(value);

	too_long[1] = value = long_string("", 200 * 1024); /* one string over the system's limit */
	start(keeper, too_long, plain_env, NULL, &msg, &fds);
	assert_int_equal(msg.type, KEEPER_FAILED);
	assert_int_equal(msg.step, STEP_EXEC);
	assert_int_equal(msg.value, E2BIG);
	free(value);

	much = calloc(600, sizeof *much); /* 6 MB: over ours */
	assert_non_null(much);
	for (i = 0; i < 599; i++)
		much[i] = arg;
	spec.argv = much;
	assert_int_equal(keeper_spec_write(&spec, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	free(much);
	free(arg);
	spec.argv = &too_long[2];
	assert_int_equal(keeper_spec_write(&spec, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
}

/* A spec cut at every byte is refused, and so is a request without one. */
static void
test_cut_specs(void **state)
{
	const char *argv[] = { "ab", "c", NULL }, *env[] = { "D=e", NULL };
	struct child_spec spec = { .argv = argv, .env = env, .cwd = "/" };
	struct keeper_msg msg = { .type = KEEPER_START, .id = ++last_id };
	struct keeper *keeper = *state;
	struct keeper_spec read_back;
	struct keeper_fds fds;
	struct err err;
	struct stat st;
	off_t n;
	int fd = keeper_spec_write(&spec, &err);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(keeper_spec_read(fd, &read_back), 0);
	assert_string_equal(read_back.argv[1], "c");
	assert_null(read_back.argv[2]);
	assert_string_equal(read_back.env[1], "D=e");
	assert_null(read_back.env[2]);
	assert_string_equal(read_back.cwd, "/");
	keeper_spec_fini(&read_back);
	for (n = st.st_size - 1; n >= 0; n--) {
		assert_int_equal(ftruncate(fd, n), 0);
		assert_int_not_equal(keeper_spec_read(fd, &read_back), 0);
	}
	close(fd);
	assert_int_equal(keeper_send(keeper->socket, &msg, NULL, 0), 0);
	receive(keeper, &msg, &fds);
	assert_int_equal(msg.type, KEEPER_FAILED);
	assert_int_equal(msg.step, STEP_SPEC);
}

/* ---- stopping ------------------------------------------------------------------------------ */

static void
test_stop_term_then_kill(void **state)
{
	struct keeper *keeper = *state;
	struct keeper_fds soft, hard;
	uint64_t soft_id, hard_id;
	pid_t child, own;
	char c;
	int status;

	soft_id = start_shell(keeper, "sleep 1000 & echo $!; wait", &soft, NULL);
	child = read_pid(soft.fd[1]);
	request(keeper, KEEPER_STOP, soft_id, 1);
	status = wait_exited(keeper, soft_id);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_false(is_alive(child));
	keeper_fds_close(&soft);

	hard_id = start_shell(
	    keeper, "trap 'echo t' TERM; echo $$; while :; do sleep 0.05; done", &hard, NULL);
	own = read_pid(hard.fd[1]);
	request(keeper, KEEPER_STOP, hard_id, 0);
	assert_int_equal(read(hard.fd[1], &c, 1), 1); /* TERM came first */
	assert_int_equal(c, 't');
	status = wait_exited(keeper, hard_id);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_false(is_alive(own));
	keeper_fds_close(&hard);
}

static void
test_stop_grace_is_enough(void **state)
{
	struct keeper *keeper = *state;
	struct keeper_fds fds;
	uint64_t id = start_shell(keeper, "trap 'echo term' TERM; cat; exit 3", &fds, NULL);
	int status;

	request(keeper, KEEPER_STOP, id, 600000);
	close(fds.fd[0]);
	fds.fd[0] = -1;
	status = wait_exited(keeper, id);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	assert_string_equal(read_all(fds.fd[1]), "");
	keeper_fds_close(&fds);
	request(keeper, KEEPER_STOP, id, 0); /* of nobody any more: no harm */
	request(keeper, KEEPER_KILL, 1234567, 0);
}

/* Whatever the child leaves behind is gone when EXITED comes, whether it kept its marker or not. */
static void
test_exit_takes_the_tree(void **state)
{
	static const char *const scripts[] = {
		DAEMON("") "; read x; exit 5",
		DAEMON("env -i PATH=$PATH") "; read x; exit 5",
		"env -i PATH=$PATH sh -c 'echo $$; exec >&- 2>&-; while :; do sleep 1; done' & read x; exit 5",
	};
	struct keeper *keeper = *state;
	struct keeper_fds fds;
	pid_t left;
	unsigned i;
	uint64_t id;
	int status;

	for (i = 0; i < COUNT(scripts); i++) {
		id = start_shell(keeper, scripts[i], &fds, NULL);
		left = read_pid(fds.fd[1]);
		assert_int_equal(write(fds.fd[0], "\n", 1), 1); /* now leave it behind */
		status = wait_exited(keeper, id);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 5);
		assert_false(is_alive(left));
		keeper_fds_close(&fds);
	}
	assert_int_equal(children_of(keeper->pid), 0);
}

static void
test_kill_spares_the_neighbour(void **state)
{
	struct keeper *keeper = *state;
	struct keeper_fds a, b;
	uint64_t a_id = start_shell(keeper, DAEMON("") "; cat", &a, NULL);
	uint64_t b_id = start_shell(keeper, DAEMON("") "; cat", &b, NULL);
	pid_t a_left = read_pid(a.fd[1]), b_left = read_pid(b.fd[1]);
	int status;

	request(keeper, KEEPER_KILL, a_id, 0);
	status = wait_exited(keeper, a_id);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_false(is_alive(a_left));
	assert_true(is_alive(b_left));
	assert_int_equal(write(b.fd[0], "x", 1), 1);
	assert_int_equal(read(b.fd[1], output, 1), 1);
	request(keeper, KEEPER_KILL, b_id, 0);
	wait_exited(keeper, b_id);
	assert_false(is_alive(b_left));
	keeper_fds_close(&a);
	keeper_fds_close(&b);
}

/* A tree that never stops forking is stopped in the middle of it. */
static void
test_kill_a_forking_tree(void **state)
{
	struct keeper *keeper = *state;
	struct keeper_fds fds;
	uint64_t id = start_shell(keeper,
	    "f() { echo x; exec >&- 2>&-; while :; do "
	    "(setsid sleep 0.2 &); sleep 0.01; done; }; f & f & f & wait",
	    &fds, NULL);

	assert_int_equal(read(fds.fd[1], output, 1), 1);
	request(keeper, KEEPER_KILL, id, 0);
	wait_exited(keeper, id);
	assert_int_equal(children_of(keeper->pid), 0);
	keeper_fds_close(&fds);
}

static void
test_many(void **state)
{
	enum { CHILDREN = 200 };
	static const char *const argv[] = { "/bin/cat", NULL };
	struct keeper *keeper = *state;
	unsigned before, i, started = 0, exited = 0;
	struct keeper_fds fds;
	struct keeper_msg msg;
	uint64_t id = start_shell(keeper, "exit 0", &fds, NULL);

	keeper_fds_close(&fds);
	wait_exited(keeper, id);
	before = descriptors_of(keeper->pid); /* its own beginning is over */
	for (i = 0; i < CHILDREN; i++)
		start_send(keeper, argv, plain_env, NULL);
	while (exited < CHILDREN) {
		receive(keeper, &msg, &fds);
		keeper_fds_close(&fds); /* cat ends at the end of its input */
		started += msg.type == KEEPER_STARTED;
		exited += msg.type == KEEPER_EXITED;
		if (msg.type == KEEPER_STARTED && msg.id % 2 == 0)
			request(keeper, KEEPER_STOP, msg.id, 0);
	}
	assert_int_equal(started, CHILDREN);
	assert_int_equal(children_of(keeper->pid), 0);
	assert_int_equal(descriptors_of(keeper->pid), before);
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* A gateway that starts hard-boiled children, tells their pids, and is killed. */
static void
gateway_story(int to_test)
{
	static const char *const scripts[] = {
		DAEMON("") "; cat",
		DAEMON("env -i PATH=$PATH") "; cat",
		"trap '' TERM; echo $$; while :; do sleep 1; done",
		DAEMON("") "; read x; exit 0",
	};
	struct keeper_fds fds;
	struct keeper *keeper;
	struct err err;
	unsigned i;
	pid_t pid;

	keeper = keeper_fork(&err);
	if (keeper == NULL)
		_exit(1);
	dprintf(to_test, "%d\n", (int)keeper->pid);
	for (i = 0; i < COUNT(scripts); i++) {
		start_shell(keeper, scripts[i], &fds, &pid);
		dprintf(to_test, "%d\n%d\n", (int)pid, (int)read_pid(fds.fd[1]));
	}
	close(fds.fd[0]); /* the last one leaves its daemon behind just now */
	dprintf(to_test, "0\n");
	for (;;)
		pause();
}

static void
test_gateway_killed(void **state)
{
	pid_t gateway, pids[16], pid;
	unsigned i, n = 0;
	int pipe_fds[2];

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	gateway = fork();
	if (gateway == 0)
		gateway_story(pipe_fds[1]);
	close(pipe_fds[1]);
	while ((pid = read_pid(pipe_fds[0])) != 0 && n < COUNT(pids))
		pids[n++] = pid;
	assert_int_equal(n, 9);
	assert_int_equal(kill(gateway, SIGKILL), 0);
	assert_int_equal(waitpid(gateway, NULL, 0), gateway);
	for (i = 0; i < n; i++)
		assert_goes(pids[i]);
	close(pipe_fds[0]);
}

static void
test_close_waits_for_all(void **state)
{
	struct keeper_fds fds;
	struct keeper *keeper;
	struct err err;
	pid_t own, left;

	keeper = keeper_fork(&err);
	assert_non_null(keeper);
	start_shell(keeper, DAEMON("env -i PATH=$PATH") "; cat", &fds, &own);
	left = read_pid(fds.fd[1]);
	keeper_close(&keeper);
	assert_null(keeper);
	assert_false(is_alive(own));
	assert_false(is_alive(left));
	keeper_fds_close(&fds);
	keeper_close(&keeper);
}

/* The keeper is killed: all of its tree falls to us and is swept; what was there before is not. */
static void
test_keeper_killed(void **state)
{
	struct keeper *keeper = *state, *second;
	pid_t bystander, own, left;
	struct keeper_fds fds;
	struct birth since;
	struct err err;
	unsigned i;

	second = keeper_execute(&err);
	assert_non_null(second);
	since = second->birth;
	bystander = keeper->pid; /* the first one is older */
	for (i = 0; i < 3; i++) {
		start_shell(second, DAEMON("env -i PATH=$PATH") "; trap '' TERM; cat", &fds, &own);
		left = read_pid(fds.fd[1]);
		kill(second->pid, SIGKILL);
		keeper_bury(&second);
		second = keeper_execute(&err);
		assert_non_null(second);
		while (keeper_fallen_sweep(second, &since))
			nap();
		assert_false(is_alive(own));
		assert_false(is_alive(left));
		assert_true(is_alive(bystander));
		assert_true(is_alive(second->pid));
		keeper_fds_close(&fds);
	}
	keeper_close(&second);
}

static void
test_signals_do_not_stop_it(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct keeper *keeper = *state;
	struct process process;
	struct keeper_fds fds;
	unsigned i;
	uint64_t id;

	for (i = 0; i < COUNT(signals); i++)
		assert_int_equal(kill(keeper->pid, signals[i]), 0);
	id = start_shell(keeper, "exit 0", &fds, NULL);
	wait_exited(keeper, id);
	keeper_fds_close(&fds);
	assert_true(process_read(keeper->pid, &process));
	assert_int_equal(process.session, keeper->pid);
}

/* A keeper below a keeper: both recognise their own. */
static void
test_nested_markers(void **state)
{
	const char *argv[] = { "/usr/bin/env", NULL };
	struct keeper_fds fds;
	struct keeper *keeper;
	struct keeper_msg msg;
	struct err err;
	char *end;

	setenv(KEEPER_MARKER, "0123456789abcdef-7", 1);
	keeper = keeper_execute(&err);
	unsetenv(KEEPER_MARKER);
	assert_non_null(keeper);
	start(keeper, argv, plain_env + 2, NULL, &msg, &fds);
	read_all(fds.fd[1]);
	end = strchr(output, '\n');
	assert_non_null(end);
	*end = '\0';
	assert_int_equal(strncmp(output, KEEPER_MARKER "=0123456789abcdef-7/", 33), 0);
	assert_int_equal(
	    strlen(output), 33 + 17 + snprintf(NULL, 0, "%llx", (unsigned long long)msg.id));
	keeper_fds_close(&fds);
	keeper_close(&keeper);
}

#define WITH_KEEPER(test) cmocka_unit_test_setup_teardown(test, keeper_setup, keeper_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_KEEPER(test_output_and_status),
		WITH_KEEPER(test_environment_is_exact),
		WITH_KEEPER(test_only_three_descriptors),
		WITH_KEEPER(test_signals_and_session),
		WITH_KEEPER(test_failed_starts),
		WITH_KEEPER(test_path_and_directory),
		WITH_KEEPER(test_big_specs),
		WITH_KEEPER(test_cut_specs),
		WITH_KEEPER(test_stop_term_then_kill),
		WITH_KEEPER(test_stop_grace_is_enough),
		WITH_KEEPER(test_exit_takes_the_tree),
		WITH_KEEPER(test_kill_spares_the_neighbour),
		WITH_KEEPER(test_kill_a_forking_tree),
		WITH_KEEPER(test_many),
		WITH_KEEPER(test_keeper_killed),
		WITH_KEEPER(test_signals_do_not_stop_it),
		cmocka_unit_test(test_gateway_killed),
		cmocka_unit_test(test_close_waits_for_all),
		cmocka_unit_test(test_nested_markers),
	};

	if (argc == 3 && strcmp(argv[1], KEEPER_ARG) == 0)
		return keeper_main((int)strtol(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

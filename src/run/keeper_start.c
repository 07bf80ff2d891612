/*
 * keeper_start: from a request to a running program.
 *
 * The child is forked with three pipes and a fourth one that exec(2) closes; what went wrong before
 * is written into that one, so that nothing here waits for a child.  What keeps an isolated child
 * apart is planned before the fork and put on between fork and exec (isolate.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/keeper_house.h"

#define STATUS_FD 3 /* where a child keeps the pipe that exec closes */

/* ---- the child's side of a start ----------------------------------------------------------- */

/*
 * Makes the forked process what the program will find: runs in the child, just before exec.  What
 * keeps it apart is put on here (isolate.h; plan NULL: nothing); whatever fails says its step. 0 or
 * an errno.
 */
static int
keeper_child_prepare(
    const struct keeper_spec *spec, struct isolate_plan *plan, enum keeper_step *step)
{
	static const unsigned long usual[4]; /* the kernel's struct sigaction: SIG_DFL, no flags */
	sigset_t none;
	int signo, error;

	*step = STEP_PREPARE;
	if (setsid() < 0)
		return errno;
	/* Not through the C library, which keeps two signals to itself; fails for KILL and STOP. */
	for (signo = 1; signo < NSIG; signo++)
		syscall(SYS_rt_sigaction, signo, usual, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return errno;
	if (plan != NULL) {
		*step = STEP_ISOLATE;
		error = isolate_enter(plan);
		if (error != 0)
			return error;
	}
	*step = STEP_CHDIR;
	if (spec->cwd != NULL && chdir(spec->cwd) < 0)
		return errno;
	if (plan == NULL)
		return 0;
	*step = STEP_ISOLATE;
	return isolate_filter_apply(plan);
}

static void
close_from_slowly(int first)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t fd;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (slice_to_u64(slice_of(entry->d_name), INT32_MAX, &fd) && (int)fd >= first &&
		    (int)fd != dirfd(dir))
			close((int)fd);
	}
	closedir(dir);
}

void
keeper_close_from(int first)
{
	if (close_range((unsigned)first, ~0u, 0) < 0) /* Linux before 5.9, or a strict filter */
		close_from_slowly(first);
}

NORETURN static void
child_run(const struct keeper_spec *spec, struct isolate_plan *plan, const int ends[KEEPER_FDS],
    int status_fd)
{
	int report[2], above = STATUS_FD + 1;
	enum keeper_step step;
	int i, error;

	for (i = 0; i < KEEPER_FDS; i++)
		dup2(ends[i], i);
	dup3(status_fd, STATUS_FD, O_CLOEXEC); /* all of the keeper's own are above it */
	if (plan != NULL)
		above = isolate_fds_keep(plan, above);
	keeper_close_from(above);
	error = keeper_child_prepare(spec, plan, &step);
	if (error == 0) {
		step = STEP_EXEC;
		environ = spec->env; /* its PATH is the one that is searched */
		execvp(spec->argv[0], spec->argv);
		error = errno;
	}
	report[0] = (int)step;
	report[1] = error;
	if (write(STATUS_FD, report, sizeof report) != sizeof report)
		_exit(126);
	_exit(127);
}

/* ---- starting ------------------------------------------------------------------------------ */

static void
tell_failed(struct house *house, uint64_t id, enum keeper_step step, int error, const char *why)
{
	struct keeper_msg msg = { .type = KEEPER_FAILED, .id = id, .step = step, .value = error };

	snprintf(msg.text, sizeof msg.text, "%s", why);
	keeper_tell(house, &msg, NULL, 0);
}

static void
close_both(int pair[2])
{
	if (pair[0] >= 0)
		close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
}

/* The marker as a variable: "NAME=outer/key-id". */
static void
marker_print(const struct house *house, uint64_t id, char text[KEEPER_MARK_BYTES])
{
	snprintf(text, KEEPER_MARK_BYTES, KEEPER_MARKER "=%s%s-%llx", house->outer, house->key,
	    (unsigned long long)id);
}

/* Puts our marker first and drops one that was given: it would be found in its place. */
static void
env_mark(struct keeper_spec *spec, char *marker)
{
	size_t name_n = strlen(KEEPER_MARKER) + 1;
	char **from = spec->env + 1, **to = spec->env + 1;

	spec->env[0] = marker;
	for (; *from != NULL; from++) {
		if (strncmp(*from, KEEPER_MARKER "=", name_n) != 0)
			*to++ = *from;
	}
	*to = NULL;
}

/* What the keeper itself has to do for an isolated child from now on. */
static void
ward_isolated(struct house *house, struct ward *ward, struct isolate_plan *plan)
{
	const struct child_isolation *wanted = plan->wanted;

	ward->shared = plan->shared;
	plan->shared = NULL;
	if ((plan->parts & ISOLATE_BIT(WATCH_MEMORY)) != 0)
		ward->memory_bytes = wanted->memory_bytes;
	if ((plan->parts & ISOLATE_BIT(WATCH_PIDS)) != 0) /* and its init */
		ward->threads_max = wanted->processes + 1;
	if ((ward->memory_bytes > 0 || ward->threads_max > 0) && house->watch_ms == KEEPER_NEVER)
		house->watch_ms = keeper_now_ms() + KEEPER_WATCH_NEAR_MS;
	snprintf(ward->cgroup, sizeof ward->cgroup, "%s", plan->cgroup_name);
	plan->cgroup_name[0] = '\0';
	ward->proxy = plan->proxy[0];
	plan->proxy[0] = -1;
}

static struct ward *
ward_new(
    struct house *house, uint64_t id, pid_t pid, const int pipes[4][2], struct isolate_plan *plan)
{
	struct ward *ward = MEM_NEW(struct ward);
	struct process process;

	ward->id = id;
	ward->pid = pid;
	ward->start_ticks = process_read(pid, &process) ? process.start_ticks : 0;
	ward->phase = STARTING;
	ward->due_ms = KEEPER_NEVER;
	ward->status_fd = pipes[3][0];
	ward->proxy = -1;
	if (plan != NULL)
		ward_isolated(house, ward, plan);
	ward->pipes[0] = pipes[0][1];
	ward->pipes[1] = pipes[1][0];
	ward->pipes[2] = pipes[2][0];
	ward->next = house->wards;
	house->wards = ward;
	house->starting++;
	return ward;
}

/* Pipes 0 to 2 are the child's stdin, stdout, stderr, pipe 3 tells how exec went. */
static void
ward_fork(struct house *house, uint64_t id, struct keeper_spec *spec, struct isolate_plan *plan)
{
	int pipes[4][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	char marker[KEEPER_MARK_BYTES];
	int i, error;
	pid_t pid;

	for (i = 0; i < 4; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) < 0) {
			error = errno;
			for (i = 0; i < 4; i++)
				close_both(pipes[i]);
			tell_failed(house, id, STEP_PIPE, error, "");
			return;
		}
	}
	marker_print(house, id, marker);
	env_mark(spec, marker);
	/* Not fork(2): a gateway that has used libuv before left us its handlers of forks, which
	 * close descriptors by numbers that are ours now. */
	pid = plan != NULL ? isolate_fork(plan) : _Fork();
	if (pid == 0)
		child_run(
		    spec, plan, (int[]){ pipes[0][0], pipes[1][1], pipes[2][1] }, pipes[3][1]);
	if (pid < 0) {
		error = errno;
		for (i = 0; i < 4; i++)
			close_both(pipes[i]);
		tell_failed(house, id, STEP_FORK, error, "");
		return;
	}
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	close(pipes[3][1]);
	ward_new(house, id, pid, pipes, plan)->kill_ms = spec->kill_ms;
}

static void
ward_fork_isolated(struct house *house, uint64_t id, struct keeper_spec *spec)
{
	struct isolate_plan *plan = MEM_NEW(struct isolate_plan);
	char why[ISOLATE_WHY_BYTES];

	if (isolate_plan_open(&house->isolate, &spec->isolation, spec->argv[0], id, plan, why))
		ward_fork(house, id, spec, plan);
	else
		tell_failed(house, id, STEP_ISOLATE, EPERM, why);
	isolate_plan_close(plan);
	mem_free(plan);
}

void
keeper_ward_start(struct house *house, uint64_t id, int spec_fd)
{
	struct keeper_spec spec;
	int error = spec_fd < 0 ? EMFILE : keeper_spec_read(spec_fd, &spec);

	if (error != 0) {
		tell_failed(house, id, STEP_SPEC, error, "");
		return;
	}
	if (spec.is_isolated)
		ward_fork_isolated(house, id, &spec);
	else
		ward_fork(house, id, &spec, NULL);
	keeper_spec_fini(&spec);
}

/* The pipe that exec closes has something to say. */
void
keeper_ward_started(struct house *house, struct ward *ward)
{
	struct keeper_msg msg = { .type = KEEPER_STARTED, .id = ward->id, .pid = ward->pid };
	int report[2] = { 0, 0 }, fds[KEEPER_FDS_MAX], error;
	ssize_t n;

	do {
		n = read(ward->status_fd, report, sizeof report);
	} while (n < 0 && errno == EINTR);
	close(ward->status_fd);
	ward->status_fd = -1;
	house->starting--;
	ward->phase = RUNNING;
	if (ward->shared != NULL) {
		msg.parts = ward->shared->parts;
		msg.landlock = ward->shared->landlock;
	}
	if (n == sizeof report) {
		ward->is_failed = true;
		tell_failed(house, ward->id, (enum keeper_step)report[0], report[1],
		    ward->shared != NULL ? ward->shared->why : "");
	} else if (ward->shared != NULL && msg.parts == 0) { /* it ended on the way */
		ward->is_failed = true;
		tell_failed(house, ward->id, STEP_ISOLATE, ECHILD, "it ended while it was set up");
	} else {
		memcpy(fds, ward->pipes, sizeof ward->pipes);
		fds[KEEPER_FDS] = isolate_proxy_receive(&ward->proxy);
		error = keeper_send(
		    house->socket, &msg, fds, fds[KEEPER_FDS] >= 0 ? KEEPER_FDS_MAX : KEEPER_FDS);
		if (fds[KEEPER_FDS] >= 0)
			close(fds[KEEPER_FDS]);
		if (error == EPIPE) {
			house->is_ending = true;
		} else if (error != 0) { /* such as too many descriptors on the way */
			ward->is_failed = true;
			tell_failed(house, ward->id, STEP_PIPE, error, "");
		}
	}
	keeper_ward_close_pipes(ward);
	if (ward->is_failed || ward->is_reaped)
		keeper_ward_doom(house, ward);
}

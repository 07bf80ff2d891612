/*
 * keeper_process: forking, executing and ending the keeper, and cleaning up after a dead one.
 *
 * The gateway is a subreaper too: when the keeper dies before its time, everything that lived below
 * it becomes a child of the gateway.  The gateway has no other children of its own, except those
 * that were there when it was executed in their parent's place; they are older than any keeper.  As
 * process 1 of a container it also inherits strangers; there only processes with our marker count.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/keeper_process.h"
#include "run/keeper_wire.h"
#include "run/process_tree.h"

#define SWEEP_ROUNDS 8u
#define CLOSE_WAITS  5000u /* of 1 ms */
#define SOCKET_MIN   4	   /* above what the keeper uses itself */

/* ---- beginning ----------------------------------------------------------------------------- */

static int
raise_fd(int fd)
{
	int raised = fcntl(fd, F_DUPFD_CLOEXEC, SOCKET_MIN);

	if (raised >= 0)
		close(fd);
	return raised < 0 ? fd : raised;
}

/* pair[0] is the gateway's end and does not block. */
static bool
socket_pair(int pair[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, ERR_UNAVAILABLE, "keeper: socket: %s", strerror(errno));
	pair[0] = raise_fd(pair[0]);
	pair[1] = raise_fd(pair[1]);
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0)
		return true;
	err_set(err, ERR_UNAVAILABLE, "keeper: %s", strerror(errno));
	close(pair[0]);
	close(pair[1]);
	return false;
}

static struct keeper *
forked(pid_t pid, const int pair[2], struct err *err)
{
	struct process process;
	struct keeper *keeper;
	int error = errno;

	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		err_set(err, ERR_UNAVAILABLE, "keeper: fork: %s", strerror(error));
		return NULL;
	}
	keeper = MEM_NEW(struct keeper);
	keeper->pid = pid;
	keeper->socket = pair[0];
	keeper->birth = (struct birth){ .pid = pid };
	if (process_read(pid, &process))
		keeper->birth.ticks = process.start_ticks;
	return keeper;
}

/* Forks with all signals blocked in the child, until keeper_main() has said what it ignores. */
static pid_t
fork_blocked(pid_t (*fork_fn)(void))
{
	sigset_t all, before;
	int error;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = fork_fn();
	error = errno;
	if (pid != 0)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

struct keeper *
keeper_fork(struct err *err)
{
	int pair[2];
	pid_t pid;

	if (!socket_pair(pair, err))
		return NULL;
	pid = fork_blocked(fork);
	if (pid == 0)
		_exit(keeper_main(pair[1])); /* it closes all the rest itself */
	return forked(pid, pair, err);
}

/* Other threads may run: between fork and exec only what a signal handler might call. */
struct keeper *
keeper_execute(struct err *err)
{
	char number[16], name[] = "bascule", option[] = KEEPER_ARG;
	char *argv[] = { name, option, number, NULL };
	int pair[2];
	pid_t pid;

	if (!socket_pair(pair, err))
		return NULL;
	snprintf(number, sizeof number, "%d", pair[1]);
	pid = fork_blocked(_Fork);
	if (pid == 0) {
		fcntl(pair[1], F_SETFD, 0);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	return forked(pid, pair, err);
}

/* ---- what a dead keeper leaves ------------------------------------------------------------- */

struct sweep {
	const struct keeper *current;
	const struct birth *since;
};

static bool
is_younger(const struct process *process, const struct birth *than)
{
	if (process->start_ticks != than->ticks)
		return process->start_ticks > than->ticks;
	return process->pid > than->pid;
}

static void *
fallen(void *ctx, const struct process *process)
{
	struct sweep *sweep = ctx;
	char marker[8];

	if (sweep->current != NULL && process->pid == sweep->current->pid)
		return NULL;
	if (is_younger(process, sweep->since) && getpid() != 1)
		return sweep;
	return process_env(process->pid, KEEPER_MARKER, marker, sizeof marker) ? sweep : NULL;
}

static unsigned
signal_fallen(const struct processes *now, const struct processes *before, int signo)
{
	unsigned fresh = 0;
	size_t i;

	for (i = 0; i < now->n; i++) {
		if (now->all[i].owner == NULL)
			continue;
		process_signal(&now->all[i], getpid(), signo);
		fresh += !processes_has(before, &now->all[i]);
	}
	return fresh;
}

/* Reaps what it can of our direct children; the number of descendants that remain. */
static unsigned
reap_fallen(const struct processes *now, const struct keeper *current)
{
	const struct process *process;
	unsigned left = 0;
	size_t i;

	for (i = 0; i < now->n; i++) {
		process = &now->all[i];
		if (process->ppid == getpid() && (process->owner != NULL || getpid() == 1) &&
		    (current == NULL || process->pid != current->pid) &&
		    waitpid(process->pid, NULL, WNOHANG) == process->pid)
			continue;
		left += process->owner != NULL &&
		    process_signal(process, getpid(), 0) != PROCESS_DENIED;
	}
	return left;
}

bool
keeper_fallen_sweep(const struct keeper *current, const struct birth *since)
{
	struct sweep sweep = { .current = current, .since = since };
	struct processes now = { 0 }, before = { 0 }, old;
	unsigned round, left = 0;
	struct err err;

	for (round = 0; round < SWEEP_ROUNDS; round++) {
		old = before;
		before = now;
		now = old;
		if (!processes_scan(&now, &err)) {
			now.n = 0;
			break;
		}
		processes_own(&now, getpid(), fallen, &sweep);
		if (signal_fallen(&now, &before, SIGSTOP) == 0)
			break;
	}
	signal_fallen(&now, &before, SIGKILL);
	left = reap_fallen(&now, current);
	processes_fini(&now);
	processes_fini(&before);
	return left > 0;
}

/* ---- the end ------------------------------------------------------------------------------- */

void
keeper_bury(struct keeper **keeper)
{
	close((*keeper)->socket);
	kill((*keeper)->pid, SIGKILL);
	while (waitpid((*keeper)->pid, NULL, 0) < 0 && errno == EINTR)
		;
	mem_free(*keeper);
	*keeper = NULL;
}

/* The keeper ends when its socket closes, after everyone below it; that takes a few looks at /proc.
 */
void
keeper_close(struct keeper **keeper)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	struct birth since;
	unsigned waited;
	pid_t pid;

	if (*keeper == NULL)
		return;
	since = (*keeper)->birth;
	shutdown((*keeper)->socket, SHUT_RDWR);
	for (waited = 0; waited < CLOSE_WAITS; waited++) {
		pid = waitpid((*keeper)->pid, NULL, WNOHANG);
		if (pid == (*keeper)->pid || (pid < 0 && errno == ECHILD)) {
			close((*keeper)->socket);
			mem_free(*keeper);
			*keeper = NULL;
			return;
		}
		nanosleep(&pause, NULL);
	}
	keeper_bury(keeper);
	for (waited = 0; waited < CLOSE_WAITS && keeper_fallen_sweep(NULL, &since); waited++)
		nanosleep(&pause, NULL);
}

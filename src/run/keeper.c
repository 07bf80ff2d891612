/*
 * keeper: the process that owns all children.
 *
 * A small single-threaded program without the loop: it starts what the gateway asks for, hands over
 * the pipes, stops trees of processes, and reports an exit only when nothing of the tree is left.
 * It is the subreaper of everything below it, so a descendant can change its session, ignore
 * signals and fork twice, but not leave.  When the gateway's end of the socket closes, for whatever
 * reason, it kills and reaps all of them and ends.
 *
 * A descendant is found by its chain of parents (process_tree).  One whose parents are gone hangs
 * below the keeper itself; whose it was tell the variable KEEPER_MARKER in its environment, else
 * its session, else the fact that nobody alive can have been its ancestor.  A last resort is the
 * end of the keeper, which spares nobody.
 *
 * Nothing here waits for a child: how exec(2) went is read from a pipe that exec closes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/keeper_wire.h"
#include "run/process_tree.h"

#define SOCKET_FD	3   /* where the keeper keeps its socket */
#define STATUS_FD	3   /* where a child keeps the pipe that exec closes */
#define STARTING_MAX	64u /* children between fork and exec; more wait in the socket */
#define TERM_TO_KILL_MS 2000
#define FREEZE_ROUNDS	16u
#define LOOK_MIN_MS	1
#define LOOK_MAX_MS	100
#define DENIED_LOOKS	4u /* after so many looks, what cannot be signalled is let be */
#define END_LOOKS	1500u
#define NEVER		UINT64_MAX
#define MARKER_BYTES	256

enum phase {
	STARTING, /* forked; the outcome of exec is not known yet */
	RUNNING,
	GRACE,	/* told to stop: its input is closed */
	TERMED, /* the tree has got TERM */
	DOOMED	/* exited, or to be killed: what is left of the tree dies */
};

struct ward {
	struct ward *next;
	uint64_t id;
	pid_t pid;
	uint64_t start_ticks;
	enum phase phase;
	uint64_t due_ms;       /* end of GRACE or TERMED; NEVER */
	int status_fd;	       /* the pipe that exec closes; -1: read */
	int pipes[KEEPER_FDS]; /* the gateway's ends until STARTED is sent; -1 */
	int status;	       /* of waitpid, when is_reaped */
	bool is_reaped;
	bool is_failed; /* FAILED was sent, EXITED will not be */
	unsigned left;	/* processes of the tree in the last look */
	unsigned looks; /* looks since it was doomed */
};

struct house {
	int socket, signals;
	struct ward *wards; /* newest first */
	unsigned starting;
	uint64_t look_ms; /* when to look for what the doomed left; NEVER */
	uint64_t look_gap_ms;
	uint64_t oldest_alive; /* start_ticks of the oldest ward that is not doomed; NEVER */
	struct processes now, before;
	char key[17];		      /* this keeper's part of markers */
	char outer[MARKER_BYTES / 2]; /* marker of the keeper above us, with '/', or empty */
	bool is_ending;		      /* the gateway is gone: everyone is doomed */
};

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct ward *
ward_of_id(const struct house *house, uint64_t id)
{
	struct ward *ward;

	for (ward = house->wards; ward != NULL && ward->id != id; ward = ward->next)
		;
	return ward;
}

static void
tell(struct house *house, const struct keeper_msg *msg, const int *fds, unsigned n_fds)
{
	if (!house->is_ending && keeper_send(house->socket, msg, fds, n_fds) == EPIPE)
		house->is_ending = true;
}

static void
look_soon(struct house *house)
{
	uint64_t at = now_ms() + LOOK_MIN_MS;

	if (at < house->look_ms)
		house->look_ms = at;
	house->look_gap_ms = LOOK_MIN_MS;
}

static void
ward_doom(struct house *house, struct ward *ward)
{
	ward->phase = DOOMED;
	ward->due_ms = NEVER;
	ward->looks = 0;
	look_soon(house);
}

static void
ward_close_pipes(struct ward *ward)
{
	unsigned i;

	for (i = 0; i < KEEPER_FDS; i++) {
		if (ward->pipes[i] >= 0)
			close(ward->pipes[i]);
		ward->pipes[i] = -1;
	}
}

/* ---- the child's side of a start ----------------------------------------------------------- */

/*
 * Makes the forked process what the program will find: runs in the child, just before exec.  This
 * is the seam where namespaces, resource limits and seccomp filters belong; whatever fails says its
 * step. 0 or an errno.
 */
static int
keeper_child_prepare(const struct keeper_spec *spec, enum keeper_step *step)
{
	static const unsigned long usual[4]; /* the kernel's struct sigaction: SIG_DFL, no flags */
	sigset_t none;
	int signo;

	*step = STEP_PREPARE;
	if (setsid() < 0)
		return errno;
	/* Not through the C library, which keeps two signals to itself; fails for KILL and STOP. */
	for (signo = 1; signo < NSIG; signo++)
		syscall(SYS_rt_sigaction, signo, usual, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return errno;
	*step = STEP_CHDIR;
	if (spec->cwd != NULL && chdir(spec->cwd) < 0)
		return errno;
	return 0;
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
child_run(const struct keeper_spec *spec, const int ends[KEEPER_FDS], int status_fd)
{
	int report[2];
	enum keeper_step step;
	int i, error;

	for (i = 0; i < KEEPER_FDS; i++)
		dup2(ends[i], i);
	dup3(status_fd, STATUS_FD, O_CLOEXEC); /* all of the keeper's own are above it */
	keeper_close_from(STATUS_FD + 1);
	error = keeper_child_prepare(spec, &step);
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
tell_failed(struct house *house, uint64_t id, enum keeper_step step, int error)
{
	struct keeper_msg msg = { .type = KEEPER_FAILED, .id = id, .step = step, .value = error };

	tell(house, &msg, NULL, 0);
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
marker_print(const struct house *house, uint64_t id, char text[MARKER_BYTES])
{
	snprintf(text, MARKER_BYTES, KEEPER_MARKER "=%s%s-%llx", house->outer, house->key,
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

static struct ward *
ward_new(struct house *house, uint64_t id, pid_t pid, int status_fd, int pipes[4][2])
{
	struct ward *ward = MEM_NEW(struct ward);
	struct process process;

	ward->id = id;
	ward->pid = pid;
	ward->start_ticks = process_read(pid, &process) ? process.start_ticks : 0;
	ward->phase = STARTING;
	ward->due_ms = NEVER;
	ward->status_fd = status_fd;
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
ward_fork(struct house *house, uint64_t id, struct keeper_spec *spec)
{
	int pipes[4][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	char marker[MARKER_BYTES];
	int i, error;
	pid_t pid;

	for (i = 0; i < 4; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) < 0) {
			error = errno;
			for (i = 0; i < 4; i++)
				close_both(pipes[i]);
			tell_failed(house, id, STEP_PIPE, error);
			return;
		}
	}
	marker_print(house, id, marker);
	env_mark(spec, marker);
	/* Not fork(2): a gateway that has used libuv before left us its handlers of forks, which
	 * close descriptors by numbers that are ours now. */
	pid = _Fork();
	if (pid == 0)
		child_run(spec, (int[]){ pipes[0][0], pipes[1][1], pipes[2][1] }, pipes[3][1]);
	if (pid < 0) {
		error = errno;
		for (i = 0; i < 4; i++)
			close_both(pipes[i]);
		tell_failed(house, id, STEP_FORK, error);
		return;
	}
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	close(pipes[3][1]);
	ward_new(house, id, pid, pipes[3][0], pipes);
}

static void
ward_start(struct house *house, uint64_t id, int spec_fd)
{
	struct keeper_spec spec;
	int error = spec_fd < 0 ? EMFILE : keeper_spec_read(spec_fd, &spec);

	if (error != 0) {
		tell_failed(house, id, STEP_SPEC, error);
		return;
	}
	ward_fork(house, id, &spec);
	keeper_spec_fini(&spec);
}

/* The pipe that exec closes has something to say. */
static void
ward_started(struct house *house, struct ward *ward)
{
	struct keeper_msg msg = { .type = KEEPER_STARTED, .id = ward->id, .pid = ward->pid };
	int report[2] = { 0, 0 }, error;
	ssize_t n;

	do {
		n = read(ward->status_fd, report, sizeof report);
	} while (n < 0 && errno == EINTR);
	close(ward->status_fd);
	ward->status_fd = -1;
	house->starting--;
	ward->phase = RUNNING;
	if (n == sizeof report) {
		ward->is_failed = true;
		tell_failed(house, ward->id, (enum keeper_step)report[0], report[1]);
	} else {
		error = keeper_send(house->socket, &msg, ward->pipes, KEEPER_FDS);
		if (error == EPIPE) {
			house->is_ending = true;
		} else if (error != 0) { /* such as too many descriptors on the way */
			ward->is_failed = true;
			tell_failed(house, ward->id, STEP_PIPE, error);
		}
	}
	ward_close_pipes(ward);
	if (ward->is_failed || ward->is_reaped)
		ward_doom(house, ward);
}

/* ---- looking for trees --------------------------------------------------------------------- */

static struct ward *
first_doomed(const struct house *house)
{
	struct ward *ward;

	for (ward = house->wards; ward != NULL && ward->phase != DOOMED; ward = ward->next)
		;
	return ward;
}

/* Is our part "key-id" in the marker, and with which id? */
static bool
marker_id(const struct house *house, const char *marker, uint64_t *id)
{
	const char *at = strstr(marker, house->key);

	if (at == NULL || at[sizeof house->key - 1] != '-')
		return false;
	*id = strtoull(at + sizeof house->key, NULL, 16);
	return true;
}

/*
 * Of which doomed ward it was in the look before: one that is ending has given up its memory, and
 * with it the environment that told.
 */
static struct ward *
doomed_before(const struct house *house, const struct process *process)
{
	const void *owner = processes_owner(&house->before, process);
	struct ward *ward = owner != NULL ? house->wards : NULL;

	while (ward != NULL && (ward != owner || ward->phase != DOOMED))
		ward = ward->next;
	return ward;
}

/* Whose is a process below the keeper itself?  (The ward, or NULL: cannot be told while it
 * matters.) */
static void *
owner_of(void *ctx, const struct process *process)
{
	struct house *house = ctx;
	struct ward *ward, *of_session = NULL;
	char marker[MARKER_BYTES];
	uint64_t id;

	if (house->is_ending)
		return house;
	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (!ward->is_reaped && ward->pid == process->pid)
			return ward;
		if (of_session == NULL && ward->pid == process->session)
			of_session = ward; /* the newest: pids come again */
	}
	if (process_env(process->pid, KEEPER_MARKER, marker, sizeof marker) &&
	    marker_id(house, marker, &id)) {
		ward = ward_of_id(house, id);
		return ward != NULL ? ward : first_doomed(house);
	}
	if (of_session != NULL)
		return of_session;
	ward = doomed_before(house, process);
	if (ward != NULL)
		return ward;
	return process->start_ticks < house->oldest_alive ? first_doomed(house) : NULL;
}

static bool
look(struct house *house)
{
	struct processes old = house->before;
	struct ward *ward;
	struct err err;

	house->oldest_alive = NEVER;
	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->phase != DOOMED && ward->start_ticks < house->oldest_alive)
			house->oldest_alive = ward->start_ticks;
	}
	house->before = house->now;
	house->now = old;
	if (!processes_scan(&house->now, &err)) {
		house->now.n = 0;
		return false;
	}
	processes_own(&house->now, getpid(), owner_of, house);
	return true;
}

static bool
is_doomed(const struct house *house, const struct process *process)
{
	if (process->owner == NULL)
		return false;
	return house->is_ending || ((const struct ward *)process->owner)->phase == DOOMED;
}

/* Signals the doomed of the last look; the number of those that were not in the look before it. */
static unsigned
signal_doomed(struct house *house, int signo)
{
	const struct process *process;
	unsigned fresh = 0;
	size_t i;

	for (i = 0; i < house->now.n; i++) {
		process = &house->now.all[i];
		if (!is_doomed(house, process))
			continue;
		process_signal(process, getpid(), signo);
		if (!processes_has(&house->before, process))
			fresh++;
	}
	return fresh;
}

/* Without /proc only the children themselves and their groups can be reached. */
static void
kill_blindly(struct house *house)
{
	struct ward *ward;

	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->is_reaped || (ward->phase != DOOMED && !house->is_ending))
			continue;
		ward->left = 1;
		kill(-ward->pid, SIGKILL);
		kill(ward->pid, SIGKILL);
	}
}

/*
 * Who is stopped cannot fork: stop all that is seen until a look shows nobody new, then kill them.
 * The first look has been taken.
 */
static void
kill_doomed(struct house *house)
{
	unsigned round;

	house->before.n = 0;
	for (round = 0; round < FREEZE_ROUNDS; round++) {
		if (signal_doomed(house, SIGSTOP) == 0)
			break;
		if (!look(house)) {
			kill_blindly(house);
			return;
		}
	}
	signal_doomed(house, SIGKILL);
}

static void
count_left(struct house *house)
{
	const struct process *process;
	struct ward *ward;
	size_t i;

	for (i = 0; i < house->now.n; i++) {
		process = &house->now.all[i];
		ward = process->owner;
		if (ward == NULL)
			continue;
		if (ward->looks < DENIED_LOOKS ||
		    process_signal(process, getpid(), 0) != PROCESS_DENIED)
			ward->left++;
	}
}

/* ---- stopping ------------------------------------------------------------------------------ */

static void
ward_free(struct ward *ward)
{
	ward_close_pipes(ward);
	if (ward->status_fd >= 0)
		close(ward->status_fd);
	mem_free(ward);
}

/* Reports and forgets the doomed of which nothing is left; true: others remain. */
static bool
bury(struct house *house)
{
	struct ward **at = &house->wards, *ward;
	struct keeper_msg msg;
	bool is_some_left = false;

	while ((ward = *at) != NULL) {
		if (ward->phase != DOOMED || ward->left > 0 || !ward->is_reaped) {
			is_some_left = is_some_left || ward->phase == DOOMED;
			at = &ward->next;
			continue;
		}
		*at = ward->next;
		msg = (struct keeper_msg){ .type = KEEPER_EXITED,
			.id = ward->id,
			.value = ward->status,
			.pid = ward->pid };
		if (!ward->is_failed)
			tell(house, &msg, NULL, 0);
		ward_free(ward);
	}
	return is_some_left;
}

/* One look for what the doomed left; the next one comes with the next SIGCHLD, or later and later.
 */
static void
doomed_check(struct house *house)
{
	struct ward *ward;
	bool can_look;

	can_look = look(house);
	for (ward = house->wards; ward != NULL; ward = ward->next) {
		ward->left = 0;
		ward->looks += ward->phase == DOOMED;
	}
	if (can_look)
		count_left(house);
	else
		kill_blindly(house);
	house->look_ms = NEVER;
	if (!bury(house))
		return;
	if (can_look)
		kill_doomed(house);
	house->look_ms = now_ms() + house->look_gap_ms;
	house->look_gap_ms =
	    house->look_gap_ms < LOOK_MAX_MS / 2 ? house->look_gap_ms * 2 : LOOK_MAX_MS;
}

static void
ward_term(struct house *house, struct ward *ward)
{
	const struct process *process;
	size_t i;

	ward->phase = TERMED;
	ward->due_ms = now_ms() + TERM_TO_KILL_MS;
	if (!look(house)) {
		kill(-ward->pid, SIGTERM);
		return;
	}
	for (i = 0; i < house->now.n; i++) {
		process = &house->now.all[i];
		if (process->owner != ward)
			continue;
		process_signal(process, getpid(), SIGTERM);
		process_signal(process, getpid(), SIGCONT);
	}
}

static void
ward_stop(struct ward *ward, int32_t grace_ms)
{
	if (ward->phase != RUNNING)
		return;
	ward->phase = GRACE;
	ward->due_ms = now_ms() + (uint64_t)(grace_ms > 0 ? grace_ms : 0);
}

/* ---- the keeper's own loop ----------------------------------------------------------------- */

/* True: there may be more to reap later; false: nobody descends from us directly. */
static bool
reap(struct house *house)
{
	struct signalfd_siginfo info;
	struct ward *ward;
	int status;
	pid_t pid;

	while (read(house->signals, &info, sizeof info) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (ward = house->wards; ward != NULL; ward = ward->next) {
			if (ward->pid == pid && !ward->is_reaped)
				break;
		}
		if (ward == NULL)
			continue;
		ward->is_reaped = true;
		ward->status = status;
		if (ward->phase != STARTING)
			ward_doom(house, ward);
	}
	if (first_doomed(house) != NULL)
		look_soon(house);
	return pid == 0;
}

static void
message(struct house *house, const struct keeper_msg *msg, const struct keeper_fds *fds)
{
	struct ward *ward;

	if (msg->type == KEEPER_START) {
		ward_start(house, msg->id, fds->fd[0]);
		return;
	}
	ward = ward_of_id(house, msg->id);
	if (ward == NULL)
		return; /* it ended while the message was on its way */
	if (msg->type == KEEPER_STOP)
		ward_stop(ward, msg->value);
	else if (msg->type == KEEPER_KILL && ward->phase != DOOMED && ward->phase != STARTING)
		ward_doom(house, ward);
}

static void
messages(struct house *house)
{
	struct keeper_msg msg;
	struct keeper_fds fds;
	int got;

	while (house->starting < STARTING_MAX && !house->is_ending) {
		got = keeper_receive(house->socket, &msg, &fds);
		if (got == -EAGAIN)
			return;
		if (got == 0) {
			house->is_ending = true;
			return;
		}
		message(house, &msg, &fds);
		keeper_fds_close(&fds);
	}
}

/* What is due now is done; milliseconds until something else is, -1: nothing. */
static int
timeouts(struct house *house)
{
	uint64_t now = now_ms(), next = NEVER;
	struct ward *ward;

	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->due_ms <= now) {
			if (ward->phase == GRACE)
				ward_term(house, ward);
			else
				ward_doom(house, ward);
		}
		if (ward->due_ms < next)
			next = ward->due_ms;
	}
	if (house->look_ms <= now)
		doomed_check(house);
	if (house->look_ms < next)
		next = house->look_ms;
	if (next == NEVER)
		return -1;
	return next <= now ? 0 : (int)(next - now < INT32_MAX ? next - now : INT32_MAX);
}

static void
turn(struct house *house)
{
	struct pollfd polled[2 + STARTING_MAX];
	struct ward *ward, *starting[STARTING_MAX];
	unsigned i, n = 0;
	int timeout_ms = timeouts(house);

	polled[0] = (struct pollfd){ .fd = house->socket,
		.events = house->starting < STARTING_MAX ? POLLIN : 0 };
	polled[1] = (struct pollfd){ .fd = house->signals, .events = POLLIN };
	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->status_fd < 0)
			continue;
		starting[n] = ward;
		polled[2 + n++] = (struct pollfd){ .fd = ward->status_fd, .events = POLLIN };
	}
	if (poll(polled, 2 + n, timeout_ms) <= 0)
		return;
	for (i = 0; i < n; i++) {
		if (polled[2 + i].revents != 0)
			ward_started(house, starting[i]);
	}
	if (polled[1].revents != 0)
		reap(house);
	if ((polled[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		house->is_ending = true; /* what is still unread came from a dead gateway */
	else if (polled[0].revents != 0)
		messages(house);
}

/* The gateway is gone: so is everyone who descends from us. */
static void
end(struct house *house)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	unsigned looks;

	house->is_ending = true;
	for (looks = 0; looks < END_LOOKS; looks++) {
		if (look(house))
			kill_doomed(house);
		else
			kill_blindly(house);
		if (!reap(house))
			return;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 16000000)
			pause.tv_nsec *= 2;
	}
	fprintf(stderr, "bascule-keeper: some descendants could not be killed (another user's?)\n");
}

/* ---- beginning ----------------------------------------------------------------------------- */

static void
signals_setup(struct house *house)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGTSTP, SIGTTIN,
		SIGTTOU, SIGUSR1, SIGUSR2, SIGALRM };
	sigset_t mask;
	size_t i;

	for (i = 0; i < COUNT(ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would lose every wait status */
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	house->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* 0 and 1 lead nowhere, 2 stays, the socket is 3, nothing else is open. */
static bool
descriptors_setup(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || (socket != SOCKET_FD && dup2(socket, SOCKET_FD) < 0))
		return false;
	if (null == SOCKET_FD) /* overwritten; the number was free, so 0 to 2 are not */
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return false;
	if (fcntl(2, F_GETFD) < 0 && dup2(null, 2) < 0)
		return false;
	keeper_close_from(SOCKET_FD + 1);
	return fcntl(SOCKET_FD, F_SETFD, FD_CLOEXEC) == 0;
}

static bool
key_make(struct house *house)
{
	const char *outer = getenv(KEEPER_MARKER);
	uint64_t random;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return false;
	snprintf(house->key, sizeof house->key, "%016llx", (unsigned long long)random);
	if (outer != NULL && strlen(outer) + 2 <= sizeof house->outer)
		snprintf(house->outer, sizeof house->outer, "%s/", outer);
	return true;
}

int
keeper_main(int fd)
{
	struct house house = { .socket = SOCKET_FD, .look_ms = NEVER, .look_gap_ms = LOOK_MIN_MS };
	struct ward *ward;

	prctl(PR_SET_NAME, "bascule-keeper");
	setsid(); /* fails only where it leads its session already */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || !descriptors_setup(fd) || !key_make(&house))
		return 1;
	signals_setup(&house);
	if (house.signals < 0)
		return 1;
	while (!house.is_ending)
		turn(&house);
	end(&house);
	while ((ward = house.wards) != NULL) {
		house.wards = ward->next;
		ward_free(ward);
	}
	processes_fini(&house.now);
	processes_fini(&house.before);
	close(house.signals);
	close(house.socket);
	return 0;
}

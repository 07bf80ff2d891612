/*
 * keeper: the process that owns all children.
 *
 * A small single-threaded program without the loop: it starts what the gateway asks for, hands over
 * the pipes, stops trees of processes, and reports an exit only when nothing of the tree is left.
 * It is the subreaper of everything below it, so a descendant can change its session, ignore
 * signals and fork twice, but not leave.  When the gateway's end of the socket closes, for whatever
 * reason, it kills and reaps all of them and ends: a last resort that spares nobody.
 */
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/keeper_house.h"

#define SOCKET_FD    3	 /* where the keeper keeps its socket */
#define STARTING_MAX 64u /* children between fork and exec; more wait in the socket */
#define END_LOOKS    1500u

uint64_t
keeper_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct ward *
keeper_ward(const struct house *house, uint64_t id)
{
	struct ward *ward;

	for (ward = house->wards; ward != NULL && ward->id != id; ward = ward->next)
		;
	return ward;
}

void
keeper_tell(struct house *house, const struct keeper_msg *msg, const int *fds, unsigned n_fds)
{
	if (!house->is_ending && keeper_send(house->socket, msg, fds, n_fds) == EPIPE)
		house->is_ending = true;
}

void
keeper_look_soon(struct house *house)
{
	uint64_t at = keeper_now_ms() + KEEPER_LOOK_MIN_MS;

	if (at < house->look_ms)
		house->look_ms = at;
	house->look_gap_ms = KEEPER_LOOK_MIN_MS;
}

void
keeper_ward_doom(struct house *house, struct ward *ward)
{
	ward->phase = DOOMED;
	ward->due_ms = KEEPER_NEVER;
	ward->looks = 0;
	keeper_look_soon(house);
}

void
keeper_ward_close_pipes(struct ward *ward)
{
	unsigned i;

	for (i = 0; i < KEEPER_FDS; i++) {
		if (ward->pipes[i] >= 0)
			close(ward->pipes[i]);
		ward->pipes[i] = -1;
	}
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
		if (ward->shared != NULL && ward->shared->has_status)
			ward->status = ward->shared->status; /* the program's, not its init's */
		if (ward->phase != STARTING)
			keeper_ward_doom(house, ward);
	}
	if (keeper_first_doomed(house) != NULL)
		keeper_look_soon(house);
	return pid == 0;
}

static void
message(struct house *house, const struct keeper_msg *msg, const struct keeper_fds *fds)
{
	struct ward *ward;

	if (msg->type == KEEPER_START) {
		keeper_ward_start(house, msg->id, fds->fd[0]);
		return;
	}
	ward = keeper_ward(house, msg->id);
	if (ward == NULL)
		return; /* it ended while the message was on its way */
	if (msg->type == KEEPER_STOP)
		keeper_ward_stop(ward, msg->value);
	else if (msg->type == KEEPER_KILL && ward->phase != DOOMED && ward->phase != STARTING)
		keeper_ward_doom(house, ward);
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
	uint64_t now = keeper_now_ms(), next = KEEPER_NEVER;
	struct ward *ward;

	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->due_ms <= now) {
			if (ward->phase == GRACE)
				keeper_ward_term(house, ward);
			else
				keeper_ward_doom(house, ward);
		}
		if (ward->due_ms < next)
			next = ward->due_ms;
	}
	if (house->watch_ms <= now)
		keeper_use_watch(house);
	if (house->look_ms <= now)
		keeper_doomed_check(house);
	if (house->look_ms < next)
		next = house->look_ms;
	if (house->watch_ms < next)
		next = house->watch_ms;
	if (next == KEEPER_NEVER)
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
			keeper_ward_started(house, starting[i]);
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
		if (keeper_look(house))
			keeper_kill_doomed(house);
		else
			keeper_kill_blindly(house);
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

/* The gateway is served until it is gone; the keeper's own status. */
static int
house_keep(struct house *house, int fd)
{
	struct ward *ward;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || !descriptors_setup(fd) || !key_make(house))
		return 1;
	signals_setup(house);
	if (house->signals < 0)
		return 1;
	while (!house->is_ending)
		turn(house);
	end(house);
	while ((ward = house->wards) != NULL) {
		house->wards = ward->next;
		keeper_ward_free(ward);
	}
	processes_fini(&house->now);
	processes_fini(&house->before);
	isolate_fini(&house->isolate);
	close(house->signals);
	close(house->socket);
	return 0;
}

int
keeper_main(int fd)
{
	struct house *house = MEM_NEW(struct house);
	int status;

	*house = (struct house){ .socket = SOCKET_FD,
		.look_ms = KEEPER_NEVER,
		.look_gap_ms = KEEPER_LOOK_MIN_MS,
		.watch_ms = KEEPER_NEVER };
	prctl(PR_SET_NAME, "bascule-keeper");
	setsid(); /* fails only where it leads its session already */
	status = house_keep(house, fd);
	mem_free(house);
	return status;
}

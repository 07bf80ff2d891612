/*
 * service: what a service manager and its service tell each other, by the protocols of systemd that
 * others speak too: sockets that are handed over (sd_listen_fds(3)), readiness and the like
 * (sd_notify(3)), and signs of life (sd_watchdog_enabled(3)).
 *
 * The signs of life are sent by a timer of the loop: they come as long as the loop turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "run/loop_private.h"
#include "run/seam_uv.h"

#define FIRST_FD    3 /* SD_LISTEN_FDS_START */
#define SOCKETS_MAX 16
#define STATE_BYTES 512

struct service {
	struct loop *loop;
	int notify; /* a datagram socket that is connected to the manager; -1: it wants to hear
		       nothing */
	int sockets[SOCKETS_MAX]; /* handed over; -1: taken */
	unsigned sockets_n, strange;
	uint64_t watchdog_ms; /* between two signs of life; 0: none are wanted */
	struct timer watchdog;
};

/* A number of the environment; false: it is none. */
static bool
number_of(const char *name, uint64_t most, uint64_t *out)
{
	const char *text = getenv(name);

	return text != NULL && slice_to_u64(slice_of(text), most, out);
}

static bool
is_for_us(const char *name)
{
	uint64_t pid;

	return number_of(name, INT32_MAX, &pid) && (pid_t)pid == getpid();
}

/* A path, or "@NAME" for one that is no file (unix(7)). */
static int
notify_open(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path != NULL ? strlen(path) : 0;
	int fd;

	if (n < 2 || n > sizeof(to.sun_path) - 1 || (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Connections can be accepted there? */
static bool
is_listening(int fd)
{
	int value = 0;
	socklen_t n = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &n) == 0 && value != 0;
}

static void
sockets_take(struct service *service)
{
	uint64_t n;

	if (!is_for_us("LISTEN_PID") || !number_of("LISTEN_FDS", 1024, &n))
		return;
	for (int fd = FIRST_FD; fd < FIRST_FD + (int)n; fd++) {
		if (service->sockets_n < SOCKETS_MAX && is_listening(fd) &&
		    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
			service->sockets[service->sockets_n++] = fd;
		} else {
			close(fd);
			service->strange++;
		}
	}
}

struct service *
service_take(void)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
		"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };
	struct service *service = MEM_NEW(struct service);
	uint64_t us;

	service->notify = notify_open(getenv("NOTIFY_SOCKET"));
	if (service->notify >= 0 && number_of("WATCHDOG_USEC", UINT64_MAX / 2, &us) &&
	    (getenv("WATCHDOG_PID") == NULL || is_for_us("WATCHDOG_PID")))
		service->watchdog_ms = us / 2000 > 0 ? us / 2000 : 1;
	sockets_take(service);
	/* They are not for our children. */
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	return service;
}

void
service_free(struct service **at)
{
	struct service *service = *at;

	*at = NULL;
	if (service == NULL)
		return;
	if (service->loop != NULL) {
		timer_stop(service->loop, &service->watchdog);
		service->loop->service = NULL;
	}
	for (unsigned i = 0; i < service->sockets_n; i++)
		if (service->sockets[i] >= 0)
			close(service->sockets[i]);
	if (service->notify >= 0)
		close(service->notify);
	mem_free(service);
}

/* One datagram; a manager that cannot take it now does without. */
static void
tell(const struct service *service, const char *text)
{
	if (service->notify >= 0)
		(void)!send(service->notify, text, strlen(text), MSG_NOSIGNAL);
}

static void
watchdog_tell(struct timer *timer)
{
	struct service *service = CONTAINER(timer, struct service, watchdog);

	tell(service, "WATCHDOG=1");
	timer_start(
	    service->loop, timer, loop_now_ms(service->loop) + service->watchdog_ms, watchdog_tell);
}

void
service_begin(struct service *service, struct loop *loop)
{
	service->loop = loop;
	loop->service = service;
	if (service->strange > 0)
		log_event(loop_log(loop), LOG_WARN, "socket_unused",
		    "%u of the descriptors that were handed over are no listening sockets, or too "
		    "many: they were closed",
		    service->strange);
	if (service->watchdog_ms > 0)
		watchdog_tell(&service->watchdog);
}

void
service_tell(struct service *service, enum service_state state, const char *status)
{
	static const char *const words[] = { [SERVICE_READY] = "READY=1",
		[SERVICE_RELOADING] = "RELOADING=1",
		[SERVICE_STOPPING] = "STOPPING=1" };
	char text[STATE_BYTES];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "%s\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=%s", words[state],
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, status);
	tell(service, text);
}

static bool
address_of(int fd, struct address *out)
{
	struct sockaddr_storage here = { 0 };
	socklen_t n = sizeof(here);

	if (getsockname(fd, (struct sockaddr *)&here, &n) != 0)
		return false;
	address_from_sockaddr(&here, n, out);
	return true;
}

static bool
is_same(const struct address *a, const struct address *b)
{
	if (a->is_unix || b->is_unix)
		return a->is_unix && b->is_unix && strcmp(a->path, b->path) == 0;
	return a->is_ipv6 == b->is_ipv6 && a->port == b->port &&
	    memcmp(a->ip, b->ip, a->is_ipv6 ? 16 : 4) == 0;
}

int
service_socket(struct service *service, const struct address *at)
{
	struct address here;

	for (unsigned i = 0; service != NULL && i < service->sockets_n; i++) {
		int fd = service->sockets[i];

		if (fd < 0 || !address_of(fd, &here) || !is_same(&here, at))
			continue;
		service->sockets[i] = -1;
		return fd;
	}
	return -1;
}

void
service_unused(struct service *service)
{
	char text[ADDRESS_TEXT];
	struct address here;

	for (unsigned i = 0; i < service->sockets_n; i++) {
		int fd = service->sockets[i];

		if (fd < 0)
			continue;
		if (!address_of(fd, &here))
			here = (struct address){ 0 };
		address_print(&here, text);
		log_event(loop_log(service->loop), LOG_WARN, "socket_unused",
		    "the socket %s was handed over, and listen.http does not name that address: it "
		    "is closed",
		    text);
		close(fd);
		service->sockets[i] = -1;
	}
}

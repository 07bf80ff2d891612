/*
 * isolate_limits: who a child is, and how much it may use.
 *
 * Ids: a child keeps the gateway's user and group, mapped to themselves; it loses every capability
 * and the way to get one.  Limits are those that the kernel holds for one process; never that of
 * the address space, which ends programs that reserve more than they use.  What counts for a whole
 * tree (memory, processes) is the cgroup's, the pid namespace's, or the keeper's own to watch.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/isolate.h"

#define CAPABILITIES_MAX 64
#define PROXY_BACKLOG	 64
#define SECURE_BITS \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | \
	    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | \
	    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* ---- ids ------------------------------------------------------------------------------------- */

static bool
text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	error = errno;
	close(fd);
	errno = error;
	return n == (ssize_t)strlen(text);
}

int
isolate_ids_map(const struct isolate_plan *plan)
{
	char uids[48], gids[48];

	snprintf(uids, sizeof uids, "%u %u 1", (unsigned)plan->uid, (unsigned)plan->uid);
	snprintf(gids, sizeof gids, "%u %u 1", (unsigned)plan->gid, (unsigned)plan->gid);
	if (!text_write("/proc/self/setgroups", "deny") ||
	    !text_write("/proc/self/gid_map", gids) || !text_write("/proc/self/uid_map", uids))
		return isolate_why(plan->shared, errno, "its user namespace: %s", strerror(errno));
	return 0;
}

static int
capabilities_drop(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };
	unsigned capability;

	/* Without the right to do so there is nothing in them that could be had. */
	if (prctl(PR_SET_SECUREBITS, SECURE_BITS) < 0 && errno != EPERM)
		return errno;
	for (capability = 0; capability < CAPABILITIES_MAX; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			break;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) < 0 ? errno : 0;
}

int
isolate_privileges_drop(struct isolate_plan *plan)
{
	int error;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return isolate_why(plan->shared, errno, "no new privileges: %s", strerror(errno));
	plan->shared->parts |= ISOLATE_BIT(NNP);
	error = capabilities_drop();
	if (error != 0)
		return isolate_why(plan->shared, error, "capabilities: %s", strerror(error));
	plan->shared->parts |= ISOLATE_BIT(CAPS);
	return 0;
}

/* ---- limits ---------------------------------------------------------------------------------- */

int
isolate_rlimits_set(struct isolate_plan *plan)
{
	const struct child_isolation *wanted = plan->wanted;
	/* Of processes: only in a user namespace of its own are no others counted, and root's are
	 * never; +1 for its init. */
	bool counts = (plan->parts & ISOLATE_BIT(USERNS)) != 0 && plan->uid != 0;
	const struct {
		const char *what;
		int resource;
		bool is_set;
		uint64_t soft, hard;
	} rows[] = {
		{ "core", RLIMIT_CORE, true, 0, 0 },
		{ "cpu", RLIMIT_CPU, wanted->cpu_s > 0, wanted->cpu_s, wanted->cpu_s + 1 },
		{ "files", RLIMIT_NOFILE, wanted->files > 0, wanted->files, wanted->files },
		{ "file_size", RLIMIT_FSIZE, wanted->file_bytes > 0, wanted->file_bytes,
		    wanted->file_bytes },
		{ "processes", RLIMIT_NPROC, counts && wanted->processes > 0, wanted->processes + 1,
		    wanted->processes + 1 },
	};
	struct rlimit limit;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!rows[i].is_set || getrlimit((__rlimit_resource_t)rows[i].resource, &limit) < 0)
			continue;
		if (rows[i].hard < limit.rlim_max) /* never more than there was */
			limit.rlim_max = rows[i].hard;
		limit.rlim_cur = rows[i].soft < limit.rlim_max ? rows[i].soft : limit.rlim_max;
		if (setrlimit((__rlimit_resource_t)rows[i].resource, &limit) < 0)
			return isolate_why(plan->shared, errno, "its limit of %s: %s", rows[i].what,
			    strerror(errno));
	}
	umask(wanted->umask > 0 ? (mode_t)wanted->umask & 0777 : 077);
	plan->shared->parts |= ISOLATE_BIT(RLIMITS);
	return 0;
}

/* ---- its network ----------------------------------------------------------------------------- */

int
isolate_loopback_up(struct isolate_shared *shared)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return isolate_why(shared, errno, "its loopback: %s", strerror(errno));
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		error = isolate_why(shared, errno, "its loopback: %s", strerror(errno));
	close(fd);
	return error;
}

/* Where the gateway's proxy will accept: the socket belongs to this namespace for ever. */
static int
listener_open(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(ISOLATION_PROXY_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    listen(fd, PROXY_BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int
isolate_listener_send(struct isolate_plan *plan)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr head = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	int fd = listener_open(), error = 0;
	struct cmsghdr *cmsg;

	if (fd < 0)
		return isolate_why(plan->shared, errno, "its proxy: %s", strerror(errno));
	cmsg = CMSG_FIRSTHDR(&head);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	if (sendmsg(plan->proxy[1], &head, MSG_NOSIGNAL) != 1)
		error = isolate_why(plan->shared, errno, "its proxy: %s", strerror(errno));
	close(fd);
	return error;
}

int
isolate_proxy_receive(int *socket)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr head = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct cmsghdr *cmsg;
	int fd = -1;

	if (*socket < 0)
		return -1;
	if (recvmsg(*socket, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == 1) {
		cmsg = CMSG_FIRSTHDR(&head);
		if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	}
	close(*socket);
	*socket = -1;
	return fd;
}

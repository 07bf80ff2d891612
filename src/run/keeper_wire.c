/*
 * keeper_wire: sending and receiving of the keeper's messages, writing and reading of a child's
 * spec.
 *
 * The spec file: a header of counts, then the strings of argv, the environment and the directory,
 * each with its NUL.  The reader checks counts and ends although the writer is our own binary.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/keeper_wire.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

#define PATH_LISTS 3u

struct spec_head {
	uint32_t argc, envc, has_cwd, is_isolated, kill_ms;
	uint32_t paths_n[PATH_LISTS];	  /* of its isolation: read, write, hide */
	struct child_isolation isolation; /* its numbers; the pointers mean nothing */
};

/* ---- messages ------------------------------------------------------------------------------ */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(KEEPER_FDS_MAX * sizeof(int))];
};

int
keeper_send(int socket, const struct keeper_msg *msg, const int *fds, unsigned n_fds)
{
	struct iovec iov = { .iov_base = (void *)msg, .iov_len = sizeof *msg };
	struct msghdr head = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };
	struct cmsghdr *cmsg;
	ssize_t n;

	must(n_fds <= KEEPER_FDS_MAX);
	if (n_fds > 0) {
		head.msg_control = control.bytes;
		head.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&head);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	do {
		n = sendmsg(socket, &head, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static void
fds_of(struct msghdr *head, struct keeper_fds *fds)
{
	struct cmsghdr *cmsg;
	size_t i, n;

	for (cmsg = CMSG_FIRSTHDR(head); cmsg != NULL; cmsg = CMSG_NXTHDR(head, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n && i < KEEPER_FDS_MAX; i++)
			memcpy(&fds->fd[i], CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
	}
}

int
keeper_receive(int socket, struct keeper_msg *msg, struct keeper_fds *fds)
{
	struct iovec iov = { .iov_base = msg, .iov_len = sizeof *msg };
	union control control = { 0 };
	struct msghdr head = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	ssize_t n;

	*fds = (struct keeper_fds){ { -1, -1, -1, -1 } };
	do {
		n = recvmsg(socket, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? -EAGAIN : 0;
	fds_of(&head, fds);
	if (n == sizeof *msg)
		return 1;
	keeper_fds_close(fds); /* the end, or not a message of ours: as good as gone */
	return 0;
}

void
keeper_fds_close(struct keeper_fds *fds)
{
	unsigned i;

	for (i = 0; i < KEEPER_FDS_MAX; i++) {
		if (fds->fd[i] >= 0)
			close(fds->fd[i]);
		fds->fd[i] = -1;
	}
}

/* ---- specs --------------------------------------------------------------------------------- */

static void
measure(const char *const *strings, uint32_t *count, size_t *bytes)
{
	for (*count = 0; strings != NULL && strings[*count] != NULL && *count < SPEC_STRINGS_MAX;
	     (*count)++)
		*bytes += strlen(strings[*count]) + 1;
}

static char *
put(char *to, const char *string)
{
	size_t n = strlen(string) + 1;

	memcpy(to, string, n);
	return to + n;
}

static int
memory_file(const char *bytes, size_t n, struct err *err)
{
	int fd = memfd_create("bascule-child", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	ssize_t done;

	if (fd < 0 && errno == EINVAL) /* Linux before 6.3 */
		fd = memfd_create("bascule-child", MFD_CLOEXEC);
	if (fd < 0) {
		err_set(err, ERR_UNAVAILABLE, "memory file for the child's settings: %s",
		    strerror(errno));
		return -1;
	}
	while (n > 0) {
		done = write(fd, bytes, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			err_set(err, ERR_UNAVAILABLE, "memory file for the child's settings: %s",
			    strerror(errno));
			close(fd);
			return -1;
		}
		bytes += done;
		n -= (size_t)done;
	}
	return fd;
}

/* The list i of an isolation. */
static const char *const **
paths_of(struct child_isolation *isolation, unsigned i)
{
	const char *const **lists[PATH_LISTS] = { &isolation->read, &isolation->write,
		&isolation->hide };

	return lists[i];
}

static bool
isolation_measure(
    const struct child_spec *spec, struct spec_head *head, size_t *bytes, struct err *err)
{
	uint32_t n = 0;

	head->is_isolated = 1;
	head->isolation = *spec->isolation;
	for (unsigned i = 0; i < PATH_LISTS; i++) {
		measure(*paths_of(&head->isolation, i), &head->paths_n[i], bytes);
		n += head->paths_n[i];
	}
	if (n > ISOLATION_PATHS_MAX)
		return err_set(err, ERR_LIMIT, "%.100s: its sandbox lists more than %u paths",
		    spec->argv[0] != NULL ? spec->argv[0] : "", ISOLATION_PATHS_MAX);
	return true;
}

static char *
isolation_put(char *at, const struct child_spec *spec, struct spec_head *head)
{
	for (unsigned i = 0; i < PATH_LISTS; i++)
		for (uint32_t j = 0; j < head->paths_n[i]; j++)
			at = put(at, (*paths_of(&head->isolation, i))[j]);
	return at;
}

int
keeper_spec_write(const struct child_spec *spec, struct err *err)
{
	struct spec_head head = { .has_cwd = spec->cwd != NULL, .kill_ms = spec->kill_ms };
	size_t bytes = sizeof head;
	char *text, *at;
	uint32_t i;
	int fd;

	measure(spec->argv, &head.argc, &bytes);
	measure(spec->env, &head.envc, &bytes);
	bytes += spec->cwd != NULL ? strlen(spec->cwd) + 1 : 0;
	if (spec->isolation != NULL && !isolation_measure(spec, &head, &bytes, err))
		return -1;
	if (head.argc == 0) {
		err_set(err, ERR_USAGE, "no program to start: the command is empty");
		return -1;
	}
	if (bytes > SPEC_BYTES_MAX || head.argc >= SPEC_STRINGS_MAX ||
	    head.envc >= SPEC_STRINGS_MAX) {
		err_set(err, ERR_LIMIT,
		    "%.100s: arguments and environment take %zu bytes; "
		    "%zu bytes and %u strings are the limit",
		    spec->argv[0], bytes, SPEC_BYTES_MAX, SPEC_STRINGS_MAX);
		return -1;
	}
	text = mem_new(bytes);
	memcpy(text, &head, sizeof head);
	at = text + sizeof head;
	for (i = 0; i < head.argc; i++)
		at = put(at, spec->argv[i]);
	for (i = 0; i < head.envc; i++)
		at = put(at, spec->env[i]);
	if (spec->cwd != NULL)
		at = put(at, spec->cwd);
	if (spec->isolation != NULL)
		at = isolation_put(at, spec, &head);
	must(at == text + bytes);
	fd = memory_file(text, bytes, err);
	mem_free(text);
	return fd;
}

/* Next string of the file; NULL: it ends before. */
static char *
next_string(char **at, const char *end)
{
	char *string = *at, *nul;

	if (string >= end)
		return NULL;
	nul = memchr(string, '\0', (size_t)(end - string));
	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return string;
}

static bool
strings_read(char **to, uint32_t n, char **at, const char *end)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		to[i] = next_string(at, end);
		if (to[i] == NULL)
			return false;
	}
	return true;
}

static int
file_read(int fd, char *to, size_t n)
{
	size_t have = 0;
	ssize_t got;

	while (have < n) {
		got = pread(fd, to + have, n - have, (off_t)have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : EINVAL;
		have += (size_t)got;
	}
	return 0;
}

static bool
isolation_read(struct keeper_spec *out, struct spec_head *head, char **at, const char *end)
{
	uint32_t n = 0;
	char **list;

	for (unsigned i = 0; i < PATH_LISTS; i++) {
		if (head->paths_n[i] > ISOLATION_PATHS_MAX)
			return false;
		n += head->paths_n[i] + 1;
	}
	out->is_isolated = true;
	out->isolation = head->isolation;
	out->paths = list = mem_new(n * sizeof *list);
	for (unsigned i = 0; i < PATH_LISTS; i++) {
		if (!strings_read(list, head->paths_n[i], at, end))
			return false;
		*paths_of(&out->isolation, i) = (const char *const *)list;
		list += head->paths_n[i] + 1;
	}
	return true;
}

int
keeper_spec_read(int fd, struct keeper_spec *out)
{
	struct spec_head head;
	struct stat st;
	char *at, *end;
	size_t bytes;
	int error;

	*out = (struct keeper_spec){ 0 };
	if (fstat(fd, &st) < 0)
		return errno;
	if (st.st_size < (off_t)sizeof head || st.st_size > (off_t)SPEC_BYTES_MAX)
		return EINVAL;
	bytes = (size_t)st.st_size;
	out->bytes = mem_new(bytes);
	error = file_read(fd, out->bytes, bytes);
	if (error != 0)
		goto failed;
	error = EINVAL;
	memcpy(&head, out->bytes, sizeof head);
	if (head.argc == 0 || head.argc > SPEC_STRINGS_MAX || head.envc > SPEC_STRINGS_MAX)
		goto failed;
	out->kill_ms = head.kill_ms;
	at = out->bytes + sizeof head;
	end = out->bytes + bytes;
	out->argv = mem_new((head.argc + 1) * sizeof *out->argv);
	out->env = mem_new((head.envc + 2) * sizeof *out->env);
	if (!strings_read(out->argv, head.argc, &at, end) ||
	    !strings_read(out->env + 1, head.envc, &at, end))
		goto failed;
	if (head.has_cwd && (out->cwd = next_string(&at, end)) == NULL)
		goto failed;
	if (head.is_isolated && !isolation_read(out, &head, &at, end))
		goto failed;
	return 0;
failed:
	keeper_spec_fini(out);
	return error;
}

void
keeper_spec_fini(struct keeper_spec *spec)
{
	mem_free(spec->argv);
	mem_free(spec->env);
	mem_free(spec->paths);
	mem_free(spec->bytes);
	*spec = (struct keeper_spec){ 0 };
}

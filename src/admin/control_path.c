/*
 * Where the control socket is, for both of its ends.
 *
 * A path to a socket has 107 bytes at most.  Both ends open the directory first and name the socket
 * below that, so that it may lie as deep as it likes; and so that the directory that was looked at
 * is the one that is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/admin_private.h"

#define BACKLOG 16

static void
address_of(int dir, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", dir, CONTROL_SOCKET);
}

bool
control_may_ask(int fd, unsigned *uid)
{
	struct ucred peer = { .uid = UINT32_MAX };
	socklen_t n = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		peer.uid = UINT32_MAX;
	*uid = peer.uid;
	return peer.uid == geteuid() || peer.uid == 0;
}

/* ---- the gateway's end ----------------------------------------------------------------------- */

/* What a process that is gone left there; whoever is there now holds the lock. */
MUST_CHECK static bool
old_remove(const char *slot_dir, int dir, struct err *err)
{
	struct stat is;

	if (fstatat(dir, CONTROL_SOCKET, &is, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ||
		    err_set(err, ERR_UNAVAILABLE, "%s/%s: %m", slot_dir, CONTROL_SOCKET);
	if (!S_ISSOCK(is.st_mode))
		return err_set(
		    err, ERR_CONFIG, "%s/%s: is no socket; move it away", slot_dir, CONTROL_SOCKET);
	return unlinkat(dir, CONTROL_SOCKET, 0) == 0 ||
	    err_set(err, ERR_UNAVAILABLE, "%s/%s: %m", slot_dir, CONTROL_SOCKET);
}

MUST_CHECK static bool
dir_check(const char *slot_dir, int dir, struct err *err)
{
	struct stat is;

	if (fstat(dir, &is) != 0)
		return err_set(err, ERR_UNAVAILABLE, "%s: %m", slot_dir);
	return (is.st_uid == geteuid() && (is.st_mode & 022) == 0) ||
	    err_set(err, ERR_CONFIG, "%s: others may write there", slot_dir);
}

/* The mode is that of the socket before it has a name, so that it is never another. */
MUST_CHECK static bool
listen_at(int fd, int dir)
{
	struct sockaddr_un at;

	address_of(dir, &at);
	return fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    fchmodat(dir, CONTROL_SOCKET, 0600, 0) == 0 && listen(fd, BACKLOG) == 0;
}

int
control_listen(const char *slot_dir, struct err *err)
{
	int dir = open(slot_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;

	if (dir < 0) {
		err_set(err, ERR_UNAVAILABLE, "%s: %m", slot_dir);
		return -1;
	}
	if (dir_check(slot_dir, dir, err) && old_remove(slot_dir, dir, err)) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0 || !listen_at(fd, dir)) {
			err_set(err, ERR_UNAVAILABLE, "%s/%s: %m", slot_dir, CONTROL_SOCKET);
			if (fd >= 0)
				close(fd);
			fd = -1;
		}
	}
	close(dir);
	return fd;
}

void
control_remove(const char *slot_dir)
{
	int dir = open(slot_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return;
	unlinkat(dir, CONTROL_SOCKET, 0);
	close(dir);
}

/* ---- the other end --------------------------------------------------------------------------- */

/* Somebody who is not root does not speak with strangers; root may ask anybody's. */
MUST_CHECK static bool
peer_check(const char *slot_dir, int fd, struct err *err)
{
	unsigned uid;

	return control_may_ask(fd, &uid) || geteuid() == 0 ||
	    err_set(err, ERR_REFUSED, "%s/%s: belongs to another user (%u)", slot_dir,
		CONTROL_SOCKET, uid);
}

bool
control_connect(const char *slot_dir, int *fd, struct err *err)
{
	int dir = open(slot_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	struct sockaddr_un at;

	*fd = -1;
	if (dir < 0)
		return errno == ENOENT || errno == ENOTDIR ||
		    err_set(err, ERR_UNAVAILABLE, "%s: %m", slot_dir);
	address_of(dir, &at);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || connect(*fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		error = errno;
	close(dir);
	if (error == 0 && peer_check(slot_dir, *fd, err))
		return true;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	if (error == 0)
		return false;
	return error == ENOENT || error == ECONNREFUSED ||
	    err_set(err, ERR_UNAVAILABLE, "%s/%s: %s", slot_dir, CONTROL_SOCKET, strerror(error));
}

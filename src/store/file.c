/*
 * Small files in a state directory, of one owner: read whole, and written so that whoever reads
 * finds the old content or the new one, also after a loss of power.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

#define PATH_BYTES (SLOT_PATH + 80)

MUST_CHECK static bool
path_make(
    char path[PATH_BYTES], const char *dir, const char *name, const char *end, struct err *err)
{
	return (size_t)snprintf(path, PATH_BYTES, "%s/%s%s", dir, name, end) < PATH_BYTES ||
	    err_set(err, ERR_CONFIG, "%.80s...: the path is too long", dir);
}

bool
store_file_read(const char *dir, const char *name, struct buf *out, bool *is_there, struct err *err)
{
	char path[PATH_BYTES];
	struct stat is;
	ssize_t n = 0;
	bool ok;
	int fd;

	*is_there = false;
	if (!path_make(path, dir, name, "", err))
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || err_set(err, ERR_CONFIG, "%s: %m", path);
	*is_there = true;
	ok = fstat(fd, &is) == 0 && S_ISREG(is.st_mode);
	if (!ok) {
		err_set(err, ERR_CONFIG, "%s: is no file", path);
	} else if (is.st_uid != geteuid() || (is.st_mode & 022) != 0) {
		ok = err_set(err, ERR_CONFIG, "%s: others may change it", path);
	} else if ((uint64_t)is.st_size + 4 * KIB >= out->ceiling_bytes) {
		ok = err_set(err, ERR_CONFIG, "%s: is too long to be one of ours", path);
	} else {
		do {
			ok = buf_reserve(out, 4 * KIB, err);
			n = ok ? read(fd, out->p + out->n, 4 * KIB) : 0;
			out->n += n > 0 ? (size_t)n : 0;
		} while (n > 0);
		if (n < 0)
			ok = err_set(err, ERR_CONFIG, "%s: %m", path);
	}
	close(fd);
	return ok;
}

MUST_CHECK static bool
write_all(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t put = write(fd, bytes.p, bytes.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		bytes.p += put;
		bytes.n -= (size_t)put;
	}
	return true;
}

bool
store_file_write(const char *dir, const char *name, struct slice bytes, struct err *err)
{
	char path[PATH_BYTES], fresh[PATH_BYTES];
	bool ok;
	int fd;

	if (!path_make(path, dir, name, "", err) || !path_make(fresh, dir, name, ".new", err))
		return false;
	/* What a process that was killed left of it. */
	if (unlink(fresh) != 0 && errno != ENOENT)
		return err_set(err, ERR_IO, "%s: %m", fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, "%s: %m", fresh);
	ok = (write_all(fd, bytes) && fsync(fd) == 0) || err_set(err, ERR_IO, "%s: %m", fresh);
	close(fd);
	if (ok && rename(fresh, path) != 0)
		ok = err_set(err, ERR_IO, "%s: %m", path);
	if (!ok) {
		unlink(fresh);
		return false;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (!ok)
		err_set(err, ERR_IO, "%s: %m", dir);
	if (fd >= 0)
		close(fd);
	return ok;
}

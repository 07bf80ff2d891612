/*
 * tree: removal of a folder in which a program did as it liked.
 *
 * Everything is named by a descriptor of its directory and one name, which is not followed.  A name
 * is first unlinked as a file, so that nothing has to be known about it before.  Directories that
 * nobody may enter are opened up.  A tree of any depth takes a bounded number of descriptors: what
 * lies deeper than DEPTH_MAX is moved to the top and comes up again there.
 */
#include "agents/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 24u
#define TRIES_MAX 1000u

struct removal {
	int top;
	dev_t device;
	const char *keep;
	uint64_t moved;	 /* names given at the top */
	struct err *err; /* of the first that failed */
	bool has_failed;
};

static bool
fail(struct removal *removal, const char *name, int error)
{
	if (!removal->has_failed)
		err_set(removal->err, ERR_IO, "%.100s cannot be removed: %s", name,
		    error == EXDEV ? "another file system is mounted there" : strerror(error));
	removal->has_failed = true;
	return false;
}

/* Lets us read, change and enter a directory of ours; by its descriptor, which follows nothing. */
static void
open_up(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	char path[48];

	if (fd < 0)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (chmod(path, 0700) < 0)
		errno = EACCES; /* what is tried next says so */
	close(fd);
}

/* To the top, where it is found again. */
static bool
move_up(struct removal *removal, int dir, const char *name)
{
	char to[40];

	open_up(dir, name);
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		snprintf(to, sizeof to, ".deep-%llu", (unsigned long long)removal->moved++);
		if (renameat(dir, name, removal->top, to) == 0)
			return true;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			break;
	}
	return fail(removal, name, errno);
}

static bool empty(struct removal *removal, int fd, unsigned depth);

/* True: it is gone from here. */
static bool
directory_remove(struct removal *removal, int dir, const char *name, unsigned depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct stat st;
	int fd;

	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return true;
	if (depth == DEPTH_MAX)
		return move_up(removal, dir, name);
	fd = openat(dir, name, flags);
	if (fd < 0 && errno == EACCES) {
		open_up(dir, name);
		fd = openat(dir, name, flags);
	}
	if (fd < 0)
		return errno == ENOENT || fail(removal, name, errno);
	if (fstat(fd, &st) < 0 || st.st_dev != removal->device) {
		close(fd);
		return fail(removal, name, EXDEV);
	}
	if ((st.st_mode & 0700) != 0700 && fchmod(fd, 0700) < 0) {
		close(fd);
		return fail(removal, name, errno);
	}
	if (!empty(removal, fd, depth + 1))
		return false;
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT ||
	    fail(removal, name, errno);
}

static bool
entry_remove(struct removal *removal, int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return fail(removal, name, errno);
	return directory_remove(removal, dir, name, depth);
}

/* Takes over fd.  Again until a look finds nothing, or nothing that can be removed: entries come
 * and go while they are read. */
static bool
empty(struct removal *removal, int fd, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	size_t removed, left;

	if (dir == NULL) {
		close(fd);
		return fail(removal, "a directory", errno);
	}
	do {
		removed = left = 0;
		rewinddir(dir);
		while ((entry = readdir(dir)) != NULL) {
			const char *name = entry->d_name;

			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			    (depth == 0 && removal->keep != NULL &&
				strcmp(name, removal->keep) == 0))
				continue;
			if (entry_remove(removal, dirfd(dir), name, depth))
				removed++;
			else
				left++;
		}
	} while (removed > 0);
	closedir(dir);
	return left == 0;
}

bool
tree_remove(const char *path, const char *keep, struct err *err)
{
	struct removal removal = { .keep = keep, .err = err };
	struct stat st = { 0 };
	bool ok;

	removal.top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (removal.top < 0 && errno == EACCES) {
		open_up(AT_FDCWD, path);
		removal.top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (removal.top < 0) {
		if (errno == ENOENT)
			return true;
		if (errno != ELOOP && errno != ENOTDIR)
			return fail(&removal, path, errno);
		/* It is no directory any more: what stands in its place goes, not where it leads.
		 */
		return unlink(path) == 0 || fail(&removal, path, errno);
	}
	ok = fstat(removal.top, &st) == 0 &&
	    ((st.st_mode & 0700) == 0700 || fchmod(removal.top, 0700) == 0);
	removal.device = st.st_dev;
	ok = ok ? empty(&removal, dup(removal.top), 0) : fail(&removal, "it", errno);
	close(removal.top);
	if (!ok) {
		err_prefix(err, "%.100s", path);
		return false;
	}
	if (rmdir(path) == 0 || errno == ENOENT || (keep != NULL && errno == ENOTEMPTY))
		return true;
	return fail(&removal, path, errno);
}

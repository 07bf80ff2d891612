/*
 * The directories state/0, state/1 ...: one for each process that runs at the same time.  Whoever
 * holds the lock of `lock` in it owns everything there; a process that ends, however, gives it
 * back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

#define LOCK_FILE "lock"

bool
store_dirs_make(const char *dir, struct err *err)
{
	size_t n = strlen(dir);
	char *path = mem_new(n + 1);
	bool ok = true;

	memcpy(path, dir, n);
	for (size_t i = 1; i <= n && ok; i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST && errno != EISDIR)
			ok = err_set(err, ERR_CONFIG, "%s: cannot be made: %m", path);
		path[i] = dir[i];
	}
	mem_free(path);
	return ok;
}

/* *fd -1: somebody has it. */
static bool
lock_take(const char *path, bool make, int *fd, struct err *err)
{
	*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0), 0600);
	if (*fd < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	close(*fd);
	*fd = -1;
	return errno == EWOULDBLOCK || err_set(err, ERR_CONFIG, "%s: cannot be locked: %m", path);
}

bool
store_lock(const char *path, int *fd, struct err *err)
{
	char lock[SLOT_PATH + 8];

	*fd = -1;
	if ((size_t)snprintf(lock, sizeof(lock), "%s.lock", path) >= sizeof(lock))
		return err_set(err, ERR_CONFIG, "%.80s...: the path is too long", path);
	return lock_take(lock, true, fd, err);
}

bool
slot_try(const char *state, unsigned number, bool make, struct slot *out, struct err *err)
{
	char path[SLOT_PATH + 8];

	*out = (struct slot){ .fd = -1, .number = number };
	if ((size_t)snprintf(out->dir, sizeof(out->dir), "%s/%u", state, number) >=
	    sizeof(out->dir))
		return err_set(err, ERR_CONFIG, "%.80s...: the path is too long", state);
	if (make && !store_dirs_make(out->dir, err))
		return false;
	snprintf(path, sizeof(path), "%s/%s", out->dir, LOCK_FILE);
	if (!make && access(path, F_OK) != 0)
		return true;
	return lock_take(path, make, &out->fd, err);
}

bool
slot_open(const char *state, const char *instance, struct slot *out, struct err *err)
{
	size_t n = strlen(instance);

	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		if (!slot_try(state, i, true, out, err))
			return false;
		if (out->fd < 0)
			continue;
		/* The name is for people: where the disk is full it does without. */
		if (ftruncate(out->fd, 0) == 0 && pwrite(out->fd, instance, n, 0) != (ssize_t)n)
			(void)!ftruncate(out->fd, 0);
		return true;
	}
	return err_set(err, ERR_CONFIG, "%s: %d processes use it already", state, SLOTS_MAX);
}

void
slot_close(struct slot *slot)
{
	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
}

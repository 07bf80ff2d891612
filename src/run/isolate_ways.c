/*
 * isolate_ways: where the listed paths really lead.
 *
 * Each path is walked from the root, one component at a time, by descriptors that follow nothing.
 * A symbolic link is read and gone along, but not where a child can write: who could put a link
 * there would choose what the next child is shown.  What is mounted later is the descriptor, so
 * nothing that changes between the walk and the mount matters.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/isolate.h"

#define LINKS_MAX 40

struct walk {
	struct isolate_plan *plan;
	int root;
	isolate_link_fn *links;
	void *ctx;
	int fd;	       /* of what real names; owned */
	size_t real_n; /* of real, without a slash at its end */
	char *real;    /* PATH_MAX */
	char *rest;    /* the same: what is still to be walked */
	unsigned links_n;
};

bool
isolate_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1 && dir[0] == '/')
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* As written is enough: the way to a writable place is held to the same rule. */
static bool
is_writable(const struct isolate_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->ways_n; i++)
		if (plan->ways[i].kind == WAY_WRITE &&
		    (isolate_is_below(path, plan->ways[i].written) ||
			(plan->ways[i].fd >= 0 && isolate_is_below(path, plan->ways[i].real))))
			return true;
	return false;
}

static int
restart(struct walk *walk)
{
	int fd = openat(walk->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	walk->real_n = 0;
	walk->real[0] = '\0';
	return 0;
}

/* target, a slash, and what was still to come, become what is to come. */
static int
rest_prepend(struct walk *walk, const char *target)
{
	size_t n = strlen(target), rest_n = strlen(walk->rest);

	if (n + 1 + rest_n >= PATH_MAX)
		return ENAMETOOLONG;
	memmove(walk->rest + n + 1, walk->rest, rest_n + 1);
	memcpy(walk->rest, target, n);
	walk->rest[n] = '/';
	return 0;
}

static int
link_follow(struct walk *walk, int fd, const char *name)
{
	char *target = walk->plan->text;
	ssize_t n = readlinkat(fd, "", target, PATH_MAX - 1);
	int error;

	if (n <= 0)
		return n < 0 ? errno : ENOENT;
	target[n] = '\0';
	if (++walk->links_n > LINKS_MAX)
		return ELOOP;
	if (is_writable(walk->plan, walk->real_n > 0 ? walk->real : "/"))
		return isolate_why(walk->plan->shared, EPERM,
		    "%s/%s is a symbolic link in a place that may be written", walk->real, name);
	if (walk->links != NULL)
		walk->links(walk->ctx, walk->real, name, target);
	error = rest_prepend(walk, target);
	if (error == 0 && target[0] == '/')
		error = restart(walk);
	return error;
}

/* Back to the directory above: from the root once more, since links were gone along. */
static int
step_up(struct walk *walk)
{
	char *above = walk->plan->text;
	int error;

	while (walk->real_n > 0 && walk->real[--walk->real_n] != '/')
		;
	if (++walk->links_n > LINKS_MAX)
		return ELOOP;
	memcpy(above, walk->real, walk->real_n);
	above[walk->real_n] = '\0';
	error = rest_prepend(walk, above);
	return error != 0 ? error : restart(walk);
}

static int
step(struct walk *walk, const char *name, size_t n)
{
	struct stat st;
	int fd;

	if (n == 1 && name[0] == '.')
		return 0;
	if (n == 2 && name[0] == '.' && name[1] == '.')
		return step_up(walk);
	fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return errno;
	}
	if (S_ISLNK(st.st_mode)) {
		int error = link_follow(walk, fd, name);

		close(fd);
		return error;
	}
	close(walk->fd);
	walk->fd = fd;
	if (walk->real_n + 1 + n >= PATH_MAX)
		return ENAMETOOLONG;
	walk->real[walk->real_n++] = '/';
	memcpy(walk->real + walk->real_n, name, n + 1);
	walk->real_n += n;
	return 0;
}

static int
walk_all(struct walk *walk)
{
	char name[NAME_MAX + 1];
	size_t skip, n;
	int error = 0;

	while (error == 0) {
		skip = strspn(walk->rest, "/");
		n = strcspn(walk->rest + skip, "/");
		if (n == 0)
			break;
		if (n > NAME_MAX)
			return ENAMETOOLONG;
		memcpy(name, walk->rest + skip, n);
		name[n] = '\0';
		memmove(walk->rest, walk->rest + skip + n, strlen(walk->rest + skip + n) + 1);
		error = step(walk, name, n);
	}
	return error;
}

static int
way_open(struct isolate_plan *plan, struct way *way, int root, isolate_link_fn *links, void *ctx)
{
	struct walk walk = { .plan = plan,
		.root = root,
		.links = links,
		.ctx = ctx,
		.fd = -1,
		.real = way->real,
		.rest = plan->rest };
	struct stat st;
	int error = restart(&walk);

	if (error == 0 && snprintf(walk.rest, PATH_MAX, "%s", way->written) >= PATH_MAX)
		error = ENAMETOOLONG;
	if (error == 0)
		error = walk_all(&walk);
	if (error == 0 && fstat(walk.fd, &st) < 0)
		error = errno;
	if (error == 0 && walk.real_n == 0)
		memcpy(way->real, "/", 2);
	if (error == 0) {
		way->is_dir = S_ISDIR(st.st_mode);
		way->fd = walk.fd;
		return 0;
	}
	if (walk.fd >= 0)
		close(walk.fd);
	way->real[0] = '\0';
	if (way->is_optional && (error == ENOENT || error == ENOTDIR || error == EACCES))
		return 0;
	return isolate_why(plan->shared, error, "%s: %s", way->written, strerror(error));
}

/* Parents first; of the same path what may be written last, so that it is on top. */
static bool
is_before(const struct way *a, const struct way *b)
{
	int order = strcmp(a->real, b->real);

	return order != 0 ? order < 0 : a->kind < b->kind;
}

/* By insertion, since qsort(3) may allocate. */
static void
ways_sort(struct isolate_plan *plan)
{
	size_t at;

	plan->order_n = 0;
	for (size_t i = 0; i < plan->ways_n; i++) {
		if (plan->ways[i].fd < 0)
			continue;
		for (at = plan->order_n++; at > 0; at--) {
			if (!is_before(&plan->ways[i], plan->order[at - 1]))
				break;
			plan->order[at] = plan->order[at - 1];
		}
		plan->order[at] = &plan->ways[i];
	}
}

int
isolate_ways_open(struct isolate_plan *plan, int root, isolate_link_fn *links, void *ctx)
{
	int error = 0;

	/* What may be written first: the other ways are judged by it. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < plan->ways_n && error == 0; i++)
			if ((plan->ways[i].kind == WAY_WRITE) == (pass == 0))
				error = way_open(plan, &plan->ways[i], root, links, ctx);
	}
	if (error == 0)
		ways_sort(plan);
	return error;
}

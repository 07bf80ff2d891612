/*
 * isolate_mounts: a root of the child's own, in which only the ways of its plan are.
 *
 * A file system in memory becomes "/", the old root stands in it for as long as the new one is
 * built, and is then taken away (pivot_root twice, so that the new root may be the whole old one,
 * read-only).  Ways are copied with all that is mounted below them and made read-only as a whole
 * (open_tree, mount_setattr: Linux 5.12).  /tmp, /dev and /proc are fresh, unless they are listed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/isolate.h"

#define NEW	      "/new"
#define OLD	      "/old"
#define TMP_BYTES_MAX (256 * MIB)
#define PIDS_MIN      301u /* what the kernel takes at least */
#define PIDS_MAX      (1u << 22)

/* The C library of the oldest system that is built on has no names for all of these. */
#define TREE_CLONE     1u
#define TREE_CLOEXEC   (unsigned)O_CLOEXEC
#define TREE_RECURSIVE 0x8000u
#define MOVE_EMPTY     0x04u
#define ATTR_RDONLY    0x01u
#define ATTR_NOSUID    0x02u
#define ATTR_NODEV     0x04u
#define ATTR_NOEXEC    0x08u

struct attributes {
	uint64_t set, clear, propagation, userns_fd;
};

/* Directories of the system that are often links to others. */
static const char *const system_links[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
	const char *target, *name;
} device_links[] = {
	{ "/proc/self/fd", "fd" },
	{ "/proc/self/fd/0", "stdin" },
	{ "/proc/self/fd/1", "stdout" },
	{ "/proc/self/fd/2", "stderr" },
};

/* ---- places in the new root ----------------------------------------------------------------- */

/* NEW and a path of the old root, in plan->rest. */
static bool
place_of(struct isolate_plan *plan, const char *real)
{
	return snprintf(plan->rest, sizeof plan->rest, NEW "%s", real) < (int)sizeof plan->rest;
}

/* Makes the directories on the way to NEW/path, and path itself if it is to be a directory. */
static int
place_make(struct isolate_plan *plan, const char *path, bool is_dir)
{
	char *text = plan->text;
	size_t n;
	int fd;

	if (snprintf(text, PATH_MAX, NEW "%s", path) >= PATH_MAX)
		return ENAMETOOLONG;
	n = strlen(text);
	for (size_t i = strlen(NEW) + 1; i < n; i++) {
		if (text[i] != '/')
			continue;
		text[i] = '\0';
		mkdir(text, 0755); /* what is not there then is told by the mount */
		text[i] = '/';
	}
	if (is_dir) {
		mkdir(text, 0755);
		return 0;
	}
	fd = open(text, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	if (fd >= 0)
		close(fd);
	return 0;
}

/* A link that a way goes along is made again, if its place is not a mounted one. */
static void
link_make(void *ctx, const char *real_dir, const char *name, const char *target)
{
	char path[NAME_MAX + 1 + 512];
	size_t n = strlen(real_dir);

	(void)ctx;
	if (n + strlen(name) + sizeof NEW + 2 > sizeof path)
		return;
	snprintf(path, sizeof path, NEW "%s/%s", real_dir, name);
	for (size_t i = strlen(NEW) + 1; i < strlen(NEW) + n + 1; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		mkdir(path, 0755);
		path[i] = '/';
	}
	if (symlink(target, path) < 0)
		return; /* it is there already, in what is mounted or from another way */
}

static int
tree_clone(int fd, uint64_t set, int *tree)
{
	struct attributes attributes = { .set = set };

	*tree = (int)syscall(
	    SYS_open_tree, fd, "", TREE_CLONE | TREE_CLOEXEC | TREE_RECURSIVE | AT_EMPTY_PATH);
	if (*tree < 0)
		return errno;
	if (syscall(SYS_mount_setattr, *tree, "", TREE_RECURSIVE | AT_EMPTY_PATH, &attributes,
		sizeof attributes) == 0)
		return 0;
	close(*tree);
	return errno;
}

static int
tree_attach(int tree, const char *place)
{
	int error = 0;

	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, place, MOVE_EMPTY) < 0)
		error = errno;
	close(tree);
	return error;
}

static int
attributes_set(const char *place, uint64_t set)
{
	struct attributes attributes = { .set = set };

	return syscall(SYS_mount_setattr, AT_FDCWD, place, 0, &attributes, sizeof attributes) < 0
	    ? errno
	    : 0;
}

/* ---- ways ------------------------------------------------------------------------------------ */

static int
way_mount(struct isolate_plan *plan, const struct way *way)
{
	uint64_t set = ATTR_NOSUID | (way->kind == WAY_READ ? ATTR_RDONLY : 0);
	int tree, error;

	if (strncmp(way->real, "/dev/", 5) != 0)
		set |= ATTR_NODEV;
	error = place_of(plan, way->real) ? place_make(plan, way->real, way->is_dir) : ENAMETOOLONG;
	if (error == 0)
		error = tree_clone(way->fd, set, &tree);
	return error != 0 ? error : tree_attach(tree, plan->rest);
}

/* An empty directory, or an empty file, over what is not to be seen, if it would be. */
static int
way_hide(struct isolate_plan *plan, const struct way *way)
{
	char *place = plan->rest;
	struct stat st;
	int tree, null, error;

	if (!place_of(plan, way->real))
		return ENAMETOOLONG;
	if (lstat(place, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
	if (way->is_dir)
		return mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			   "size=64k,mode=0755") < 0
		    ? errno
		    : 0;
	null = open(OLD "/dev/null", O_PATH | O_CLOEXEC);
	if (null < 0)
		return errno;
	error = tree_clone(null, ATTR_NOSUID | ATTR_RDONLY, &tree);
	close(null);
	return error != 0 ? error : tree_attach(tree, place);
}

/* ---- what every child has ------------------------------------------------------------------- */

static bool
is_listed(const struct isolate_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->order_n; i++)
		if (plan->order[i]->kind != WAY_HIDE && strcmp(plan->order[i]->real, path) == 0)
			return true;
	return false;
}

static int
memory_mount(struct isolate_plan *plan, const char *place, const char *mode)
{
	uint64_t bytes = plan->wanted->memory_bytes / 2;
	char options[64];

	if (bytes == 0 || bytes > TMP_BYTES_MAX)
		bytes = TMP_BYTES_MAX;
	mkdir(place, 0755);
	snprintf(options, sizeof options, "mode=%s,size=%llu", mode, (unsigned long long)bytes);
	return mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 ? errno : 0;
}

static int
device_mount(const char *name)
{
	char from[32], to[32];
	int tree, fd, error;

	snprintf(from, sizeof from, OLD "/dev/%s", name);
	snprintf(to, sizeof to, NEW "/dev/%s", name);
	fd = open(from, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return strcmp(name, "null") == 0 ? errno : 0;
	error = tree_clone(fd, ATTR_NOSUID | ATTR_NOEXEC, &tree);
	close(fd);
	if (error != 0)
		return error;
	fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0)
		close(fd);
	return tree_attach(tree, to);
}

static int
devices_mount(struct isolate_plan *plan)
{
	int error;

	mkdir(NEW "/dev", 0755);
	if (mount("tmpfs", NEW "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k") < 0)
		return errno;
	for (size_t i = 0; i < COUNT(devices); i++) {
		error = device_mount(devices[i]);
		if (error != 0)
			return error;
	}
	for (size_t i = 0; i < COUNT(device_links); i++) {
		char path[32];

		snprintf(path, sizeof path, NEW "/dev/%s", device_links[i].name);
		if (symlink(device_links[i].target, path) < 0)
			return errno;
	}
	error = memory_mount(plan, NEW "/dev/shm", "1777");
	return error != 0 ? error : attributes_set(NEW "/dev", ATTR_RDONLY);
}

/* What root could change there even without capabilities; and what tells of the machine. */
static int
proc_cover(void)
{
	static const struct {
		const char *name;
		bool is_hidden;
	} rows[] = {
		{ "sys", false },
		{ "sysrq-trigger", false },
		{ "irq", false },
		{ "bus", false },
		{ "fs", false },
		{ "acpi", false },
		{ "scsi", false },
		{ "kcore", true },
		{ "keys", true },
		{ "timer_list", true },
	};
	char place[64];
	int fd, tree, error;

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(place, sizeof place, NEW "/proc/%s", rows[i].name);
		if (access(place, F_OK) < 0)
			continue;
		fd = open(rows[i].is_hidden ? OLD "/dev/null" : place, O_PATH | O_CLOEXEC);
		if (fd < 0)
			return errno;
		error = tree_clone(fd, ATTR_RDONLY | ATTR_NOSUID, &tree);
		close(fd);
		if (error == 0)
			error = tree_attach(tree, place);
		if (error != 0)
			return error;
	}
	return 0;
}

/* Refused where the old /proc is not wholly visible, as in many containers: then there is none. */
static int
proc_mount(struct isolate_plan *plan)
{
	mkdir(NEW "/proc", 0555);
	if (mount("proc", NEW "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0) {
		plan->shared->parts |= ISOLATE_BIT(PROC);
		return 0;
	}
	if (mount("tmpfs", NEW "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k") == 0)
		return 0;
	return isolate_why(plan->shared, errno, "hiding /proc: %s", strerror(errno));
}

static bool
number_write(const char *path, uint64_t number)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	bool is_written;

	if (fd < 0)
		return false;
	is_written = write(fd, text, (size_t)n) == n;
	close(fd);
	return is_written;
}

/* No user namespaces inside; and of the pids of the namespace no more than asked for, which needs
 * Linux 6.14: before, the number is the whole machine's and cannot be written here. */
static void
proc_limits(struct isolate_plan *plan)
{
	uint64_t max = plan->wanted->processes;

	if ((plan->shared->parts & ISOLATE_BIT(PROC)) == 0)
		return;
	if ((plan->parts & ISOLATE_BIT(USERNS)) != 0)
		number_write(NEW "/proc/sys/user/max_user_namespaces", 0);
	if (max > 0 && max < PIDS_MAX && plan->isolate->has_pid_max &&
	    number_write(NEW "/proc/sys/kernel/pid_max", max < PIDS_MIN ? PIDS_MIN : max + 1))
		plan->shared->parts |= ISOLATE_BIT(PID_MAX);
}

static void
links_make(void)
{
	char target[256], path[48];
	ssize_t n;

	for (size_t i = 0; i < COUNT(system_links); i++) {
		snprintf(path, sizeof path, OLD "/%s", system_links[i]);
		n = readlink(path, target, sizeof target - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		snprintf(path, sizeof path, NEW "/%s", system_links[i]);
		if (symlink(target, path) < 0)
			continue; /* it is there, or all of "/" is */
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int
ways_mount(struct isolate_plan *plan, size_t from, size_t to)
{
	int error = 0;

	for (size_t i = from; i < to; i++) {
		const struct way *way = plan->order[i];

		error = way->kind == WAY_HIDE ? way_hide(plan, way) : way_mount(plan, way);
		if (error != 0)
			return isolate_why(
			    plan->shared, error, "mounting %s: %s", way->real, strerror(error));
	}
	for (size_t i = from; i < to; i++) { /* the places in them are made by now */
		if (plan->order[i]->kind == WAY_HIDE && plan->order[i]->is_dir &&
		    place_of(plan, plan->order[i]->real))
			attributes_set(plan->rest, ATTR_RDONLY);
	}
	return 0;
}

/* All of "/" first, if it is listed; then what is fresh; then the rest, perhaps inside of it. */
static int
contents_mount(struct isolate_plan *plan)
{
	size_t roots = 0;
	int error;

	while (roots < plan->order_n && strcmp(plan->order[roots]->real, "/") == 0)
		roots++;
	error = ways_mount(plan, 0, roots);
	if (error != 0)
		return error;
	links_make();
	if (!is_listed(plan, "/tmp"))
		error = memory_mount(plan, NEW "/tmp", "1777");
	if (error == 0 && !is_listed(plan, "/dev"))
		error = devices_mount(plan);
	if (error != 0)
		return isolate_why(plan->shared, error, "/tmp and /dev: %s", strerror(error));
	return ways_mount(plan, roots, plan->order_n);
}

/* "/" becomes a file system in memory; the old root stands in OLD. */
static int
base_enter(struct isolate_plan *plan)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return isolate_why(plan->shared, errno, "mounts of its own: %s", strerror(errno));
	if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=4m") < 0 ||
	    chdir("/tmp") < 0 || mkdir("old", 0755) < 0 || mkdir("new", 0755) < 0)
		return isolate_why(plan->shared, errno, "a root of its own: %s", strerror(errno));
	if (syscall(SYS_pivot_root, ".", "old") < 0 || chdir("/") < 0)
		return isolate_why(plan->shared, errno, "pivot_root: %s", strerror(errno));
	if (mount("tmpfs", NEW, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=4m") < 0)
		return isolate_why(plan->shared, errno, "a root of its own: %s", strerror(errno));
	return 0;
}

static int
base_leave(struct isolate_plan *plan)
{
	if (umount2(OLD, MNT_DETACH) < 0 || chdir(NEW) < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return isolate_why(
		    plan->shared, errno, "leaving the old root: %s", strerror(errno));
	return 0;
}

int
isolate_mounts_enter(struct isolate_plan *plan)
{
	mode_t mask = umask(0);
	int error = base_enter(plan), old = -1;

	if (error != 0)
		return error;
	old = open(OLD, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return isolate_why(plan->shared, errno, "the old root: %s", strerror(errno));
	error = isolate_ways_open(plan, old, link_make, NULL);
	close(old);
	if (error == 0)
		error = contents_mount(plan);
	if (error == 0)
		error = proc_mount(plan);
	if (error != 0)
		return error;
	proc_limits(plan);
	if ((plan->shared->parts & ISOLATE_BIT(PROC)) != 0) {
		error = proc_cover();
		if (error != 0)
			return isolate_why(plan->shared, error, "/proc: %s", strerror(error));
	}
	error = attributes_set(NEW, ATTR_RDONLY);
	if (error != 0)
		return isolate_why(plan->shared, error, "its root: %s", strerror(error));
	umask(mask);
	plan->shared->parts |= ISOLATE_BIT(MOUNTNS);
	return base_leave(plan);
}

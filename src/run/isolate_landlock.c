/*
 * isolate_landlock: the kernel's own limits on paths, ports and signals, which need no namespaces
 * and no privileges (Linux 5.13; ports 6.7; signals and abstract sockets 6.12).
 *
 * Beside mounts of its own it is a second wall: all that is seen may be read, what is listed may be
 * written.  Without them it is the only one, and what is listed is all that may be opened.  The
 * system calls are used as they are: no C library has them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/isolate.h"

#ifndef SYS_landlock_create_ruleset /* the same number on every machine */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

#define ASK_VERSION   1u
#define RULE_PATH     1
#define NET_BOTH      3u /* bind, connect: TCP */
#define SCOPE_BOTH    3u /* abstract Unix sockets, signals */
#define NET_VERSION   4u
#define SCOPE_VERSION 6u

#define FS_EXECUTE    (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE  (1ull << 2)
#define FS_READ_DIR   (1ull << 3)
#define FS_MAKE_CHAR  (1ull << 6)
#define FS_MAKE_BLOCK (1ull << 11)
#define FS_FIRST      ((1ull << 13) - 1)
#define FS_REFER      (1ull << 13) /* version 2 */
#define FS_TRUNCATE   (1ull << 14) /* version 3 */
#define FS_IOCTL_DEV  (1ull << 15) /* version 5 */
#define FS_READ	      (FS_EXECUTE | FS_READ_FILE | FS_READ_DIR)
#define FS_OF_FILES   (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_rule {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

struct rules {
	struct isolate_plan *plan;
	int fd;
	uint64_t handled;
};

/* What there is beside the listed ways; in a mount namespace of its own, and without one. */
static const struct extra {
	const char *path;
	bool with_mounts, without;
	uint64_t access;
} extras[] = {
	{ "/", true, false, FS_READ },
	{ "/tmp", true, false, ~(FS_MAKE_CHAR | FS_MAKE_BLOCK) },
	{ "/dev", true, false, ~(FS_MAKE_CHAR | FS_MAKE_BLOCK) },
	{ "/proc", true, false, FS_READ },
	{ "/dev/null", false, true, FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV },
	{ "/dev/zero", false, true, FS_READ_FILE | FS_WRITE_FILE },
	{ "/dev/full", false, true, FS_READ_FILE | FS_WRITE_FILE },
	{ "/dev/random", false, true, FS_READ_FILE },
	{ "/dev/urandom", false, true, FS_READ_FILE },
	{ "/proc/self", false, true, FS_READ },
	{ "/proc/meminfo", false, true, FS_READ_FILE },
	{ "/proc/cpuinfo", false, true, FS_READ_FILE },
	{ "/proc/stat", false, true, FS_READ_FILE },
	{ "/proc/filesystems", false, true, FS_READ_FILE },
	{ "/proc/sys/kernel", false, true, FS_READ },
	{ "/proc/sys/vm", false, true, FS_READ },
};

unsigned
isolate_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

	return version > 0 ? (unsigned)version : 0;
}

static uint64_t
fs_handled(unsigned version)
{
	return FS_FIRST | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) |
	    (version >= 5 ? FS_IOCTL_DEV : 0);
}

static int
rule_add(struct rules *rules, int fd, bool is_dir, uint64_t access)
{
	struct path_rule rule = { .fd = fd };

	rule.access = access & rules->handled & (is_dir ? ~0ull : FS_OF_FILES);
	if (syscall(SYS_landlock_add_rule, rules->fd, RULE_PATH, &rule, 0) == 0)
		return 0;
	return isolate_why(rules->plan->shared, errno, "a rule of Landlock: %s", strerror(errno));
}

static int
extras_add(struct rules *rules, bool has_mounts)
{
	int fd, error = 0;

	for (size_t i = 0; i < COUNT(extras) && error == 0; i++) {
		if (!(has_mounts ? extras[i].with_mounts : extras[i].without))
			continue;
		fd = open(extras[i].path, O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue;
		error = rule_add(rules, fd, (extras[i].access & (FS_READ_DIR | FS_REFER)) != 0,
		    extras[i].access);
		close(fd);
	}
	return error;
}

/* In a mount namespace the ways are looked for again: what was found stands elsewhere now. */
static int
ways_add(struct rules *rules, bool has_mounts)
{
	struct isolate_plan *plan = rules->plan;
	int fd, error = 0;

	for (size_t i = 0; i < plan->order_n && error == 0; i++) {
		const struct way *way = plan->order[i];
		bool is_write = way->kind == WAY_WRITE;

		if (way->kind == WAY_HIDE || (has_mounts && !is_write))
			continue;
		fd = has_mounts ? open(way->real, O_PATH | O_CLOEXEC) : way->fd;
		if (fd < 0)
			return isolate_why(
			    plan->shared, errno, "%s: %s", way->real, strerror(errno));
		error = rule_add(
		    rules, fd, way->is_dir, is_write ? ~(FS_MAKE_CHAR | FS_MAKE_BLOCK) : FS_READ);
		if (has_mounts)
			close(fd);
	}
	return error;
}

int
isolate_landlock_enter(struct isolate_plan *plan)
{
	bool has_mounts = (plan->shared->parts & ISOLATE_BIT(MOUNTNS)) != 0;
	unsigned version = plan->isolate->landlock;
	struct ruleset set = { .fs = fs_handled(version) };
	struct rules rules = { .plan = plan, .handled = set.fs };
	int error;

	if (version >= NET_VERSION && !plan->may_inet)
		set.net = NET_BOTH;
	if (version >= SCOPE_VERSION)
		set.scoped = SCOPE_BOTH;
	rules.fd = (int)syscall(SYS_landlock_create_ruleset, &set,
	    version >= SCOPE_VERSION	 ? sizeof set
		: version >= NET_VERSION ? 2 * sizeof(uint64_t)
					 : sizeof(uint64_t),
	    0);
	if (rules.fd < 0)
		return isolate_why(plan->shared, errno, "Landlock: %s", strerror(errno));
	error = extras_add(&rules, has_mounts);
	if (error == 0)
		error = ways_add(&rules, has_mounts);
	if (error == 0 && syscall(SYS_landlock_restrict_self, rules.fd, 0) < 0)
		error = isolate_why(plan->shared, errno, "Landlock: %s", strerror(errno));
	close(rules.fd);
	if (error != 0)
		return error;
	plan->shared->landlock = version;
	plan->shared->parts |= ISOLATE_BIT(LANDLOCK);
	return 0;
}

/*
 * isolate_cgroup: a control group (version 2) for each child, where the gateway's own may be
 * divided.
 *
 * That is so under systemd with Delegate=yes, or in a container whose /sys/fs/cgroup is writable.
 * A group that is divided holds no processes itself: the gateway and its keeper move to a group
 * MAIN below it, but only if nobody else is in there.  Where any of this fails there is no group,
 * and the keeper watches memory and processes itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/isolate.h"

#define MAIN		"bascule-main"
#define TEXT_BYTES	256
#define INFO_BYTES	(64 * KIB) /* of all mounts */
#define CPU_PERIOD_US	100000u
#define CPU_PERCENT_MAX 1000000u

struct isolate_cgroup {
	int dir; /* of the group that is divided */
};

/* ---- files ----------------------------------------------------------------------------------- */

/* A small file as text, cut to what fits; false: it cannot be read. */
static bool
file_read(int dir, const char *path, char *text, size_t max)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 1;

	if (fd < 0)
		return false;
	while (n > 0 && have < max - 1) {
		n = read(fd, text + have, max - 1 - have);
		if (n > 0)
			have += (size_t)n;
	}
	close(fd);
	text[have] = '\0';
	return n >= 0;
}

static bool
file_write(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static bool
number_write(int dir, const char *path, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	return file_write(dir, path, text);
}

static bool
has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = text; (at = strstr(at, word)) != NULL; at += n)
		if ((at == text || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\n' || at[n] == '\0'))
			return true;
	return false;
}

/* ---- which group is ours -------------------------------------------------------------------- */

/* Field n (from 0) of a line of mountinfo, cut out in place. */
static char *
field(char *line, unsigned n)
{
	for (; n > 0 && line != NULL; n--) {
		line = strchr(line, ' ');
		line = line != NULL ? line + 1 : NULL;
	}
	if (line != NULL)
		line[strcspn(line, " \n")] = '\0';
	return line;
}

/* Where the hierarchy is mounted, and which group of it is its root there. */
static bool
mount_find(char *text, const char **root, const char **place)
{
	char *end = strstr(text, " - cgroup2 "), *line = end;

	if (end == NULL)
		return false;
	while (line > text && line[-1] != '\n')
		line--;
	*end = '\0';
	*place = field(line, 4); /* the later field first: each cut ends the line */
	*root = field(line, 3);
	return *root != NULL && *place != NULL;
}

/* Our group as /proc/self/cgroup has it, without MAIN at its end. */
static bool
own_find(char *text, char *own, size_t max)
{
	static const char head[] = "0::";
	const char *at = strstr(text, head);
	size_t n;

	if (at == NULL || (at != text && at[-1] != '\n'))
		return false;
	at += sizeof head - 1;
	n = strcspn(at, "\n");
	if (n == 0 || n >= max)
		return false;
	memcpy(own, at, n);
	own[n] = '\0';
	if (slice_ends(slice_of(own), S("/" MAIN)))
		own[n - sizeof MAIN] = '\0';
	return strstr(own, "/..") == NULL; /* it is outside of what is mounted */
}

static int
own_open(void)
{
	char own[256], path[512], *text = mem_new(INFO_BYTES);
	const char *root, *place;
	int fd = -1;
	size_t n;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", text, INFO_BYTES) &&
	    own_find(text, own, sizeof own) &&
	    file_read(AT_FDCWD, "/proc/self/mountinfo", text, INFO_BYTES) &&
	    mount_find(text, &root, &place)) {
		n = strcmp(root, "/") == 0 ? 0 : strlen(root);
		if (strncmp(own, root, n) == 0 &&
		    snprintf(path, sizeof path, "%s%s", place, own + n) < (int)sizeof path)
			fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	mem_free(text);
	return fd;
}

/* Is nobody in the group but this keeper and its gateway? */
static bool
is_all_ours(int dir)
{
	char text[TEXT_BYTES], *at = text, *end;

	if (!file_read(dir, "cgroup.procs", text, sizeof text))
		return false;
	for (; *at != '\0'; at = end + strspn(end, "\n")) {
		long pid = strtol(at, &end, 10);

		if (end == at || (pid != getpid() && pid != getppid()))
			return false;
	}
	return true;
}

/* Of one core, also where not every group may be held to a share of it. */
static bool
cpu_write(int dir, uint64_t percent)
{
	char text[48];

	if (percent == 0 || percent > CPU_PERCENT_MAX)
		return false;
	snprintf(
	    text, sizeof text, "%" PRIu64 " %u", percent * (CPU_PERIOD_US / 100), CPU_PERIOD_US);
	return file_write(dir, "cpu.max", text);
}

/* Gateway and keeper move below, so that the group may be divided. */
static bool
divide(int dir)
{
	char text[TEXT_BYTES];

	if (file_read(dir, "cgroup.subtree_control", text, sizeof text) &&
	    has_word(text, "memory") && has_word(text, "pids")) {
		file_write(dir, "cgroup.subtree_control", "+cpu");
		return true;
	}
	if (!is_all_ours(dir) || (mkdirat(dir, MAIN, 0755) < 0 && errno != EEXIST))
		return false;
	if (number_write(dir, MAIN "/cgroup.procs", (uint64_t)getppid()) &&
	    number_write(dir, MAIN "/cgroup.procs", (uint64_t)getpid()) &&
	    file_write(dir, "cgroup.subtree_control", "+memory +pids")) {
		file_write(dir, "cgroup.subtree_control", "+cpu"); /* or there is no such limit */
		return true;
	}
	number_write(dir, "cgroup.procs", (uint64_t)getppid());
	number_write(dir, "cgroup.procs", (uint64_t)getpid());
	unlinkat(dir, MAIN, AT_REMOVEDIR);
	return false;
}

static bool
is_writable(int dir)
{
	char text[TEXT_BYTES];

	return file_read(dir, "cgroup.controllers", text, sizeof text) &&
	    has_word(text, "memory") && has_word(text, "pids") &&
	    faccessat(dir, "cgroup.procs", W_OK, 0) == 0;
}

bool
isolate_cgroup_can_be(void)
{
	int dir = own_open();
	bool ok = dir >= 0 && is_writable(dir);

	if (dir >= 0)
		close(dir);
	return ok;
}

struct isolate_cgroup *
isolate_cgroup_find(void)
{
	struct isolate_cgroup *cgroup;
	int dir = own_open();

	if (dir < 0)
		return NULL;
	if (!is_writable(dir) || !divide(dir)) {
		close(dir);
		return NULL;
	}
	cgroup = MEM_NEW(struct isolate_cgroup);
	cgroup->dir = dir;
	return cgroup;
}

void
isolate_cgroup_free(struct isolate_cgroup **cgroup)
{
	if (*cgroup == NULL)
		return;
	close((*cgroup)->dir);
	mem_free(*cgroup);
	*cgroup = NULL;
}

/* ---- groups of children ---------------------------------------------------------------------- */

bool
isolate_cgroup_make(const struct isolate_cgroup *cgroup, struct isolate_plan *plan)
{
	const struct child_isolation *wanted = plan->wanted;
	int dir;

	if (mkdirat(cgroup->dir, plan->cgroup_name, 0755) < 0)
		return false;
	dir = openat(cgroup->dir, plan->cgroup_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		if (wanted->memory_bytes > 0 &&
		    number_write(dir, "memory.max", wanted->memory_bytes)) {
			number_write(dir, "memory.swap.max", 0);
			number_write(dir, "memory.oom.group", 1);
			plan->parts |= ISOLATE_BIT(CGROUP_MEMORY);
		}
		if (wanted->processes > 0 && number_write(dir, "pids.max", wanted->processes + 1))
			plan->parts |= ISOLATE_BIT(CGROUP_PIDS);
		if (cpu_write(dir, wanted->cpu_percent))
			plan->parts |= ISOLATE_BIT(CGROUP_CPU);
		plan->cgroup_fd = openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		close(dir);
	}
	if (plan->cgroup_fd < 0) {
		plan->parts &= ~(ISOLATE_BIT(CGROUP_MEMORY) | ISOLATE_BIT(CGROUP_PIDS) |
		    ISOLATE_BIT(CGROUP_CPU));
		unlinkat(cgroup->dir, plan->cgroup_name, AT_REMOVEDIR);
		return false;
	}
	plan->parts |= ISOLATE_BIT(CGROUP);
	return true;
}

bool
isolate_cgroup_ran_out(const struct isolate_cgroup *cgroup, const char *name)
{
	char path[128], text[TEXT_BYTES];
	const char *at;

	snprintf(path, sizeof path, "%s/memory.events", name);
	if (!file_read(cgroup->dir, path, text, sizeof text))
		return false;
	at = strstr(text, "oom_kill ");
	return at != NULL && strtoul(at + sizeof "oom_kill", NULL, 10) > 0;
}

void
isolate_cgroup_remove(const struct isolate_cgroup *cgroup, const char *name)
{
	unlinkat(cgroup->dir, name, AT_REMOVEDIR);
}

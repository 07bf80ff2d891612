/*
 * process_tree: descendants by way of /proc/PID/stat, and careful signals.
 *
 * A look at /proc is not a moment: processes end, fork and change parents while it is taken.  So
 * nothing is believed for long: a link to a parent counts only if the parent is the older one, and
 * before a signal is sent the process is looked at again through a pidfd that pins it.  Who is
 * missed in one look is found in the next; callers look until they see nothing new.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/process_tree.h"

#define SCANS_MAX      8 /* until no parent is missing */
#define ENV_LOOK_BYTES (256 * KIB)
#define FIELD_PPID     2 /* fields of stat, counted from the state on as 1 */
#define FIELD_SESSION  4
#define FIELD_THREADS  18
#define FIELD_START    20

static char unknown_owner; /* only its address is used */
#define UNKNOWN ((void *)&unknown_owner)

/* ---- one process --------------------------------------------------------------------------- */

static bool
stat_parse(char *text, struct process *out)
{
	char *at = strrchr(text, ')'); /* the name before it may hold anything */
	unsigned field = 0;

	if (at == NULL)
		return false;
	for (at++; *at == ' ' && field < FIELD_START;) {
		at++;
		field++;
		if (field == FIELD_PPID)
			out->ppid = (pid_t)strtol(at, NULL, 10);
		else if (field == FIELD_SESSION)
			out->session = (pid_t)strtol(at, NULL, 10);
		else if (field == FIELD_THREADS)
			out->threads = (unsigned)strtoul(at, NULL, 10);
		else if (field == FIELD_START)
			out->start_ticks = strtoull(at, NULL, 10);
		at += strcspn(at, " ");
	}
	return field == FIELD_START;
}

bool
process_read(pid_t pid, struct process *out)
{
	char path[32], text[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	*out = (struct process){ .pid = pid };
	return stat_parse(text, out);
}

uint64_t
process_memory(pid_t pid)
{
	static const char *const rows[] = { "RssAnon:", "RssShmem:" };
	char path[32], text[2000];
	uint64_t kib = 0;
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (unsigned i = 0; i < COUNT(rows); i++) {
		at = strstr(text, rows[i]);
		if (at != NULL)
			kib += strtoull(at + strlen(rows[i]), NULL, 10);
	}
	return kib * KIB;
}

bool
process_env(pid_t pid, const char *name, char *value, size_t n)
{
	size_t name_n = strlen(name), have = 0;
	char path[32], *text, *at;
	bool is_found = false;
	ssize_t got = 1;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	text = mem_new(ENV_LOOK_BYTES + 1);
	while (got > 0 && have < ENV_LOOK_BYTES) {
		got = read(fd, text + have, ENV_LOOK_BYTES - have);
		if (got > 0)
			have += (size_t)got;
	}
	close(fd);
	for (at = text; at < text + have && !is_found; at += strlen(at) + 1) {
		is_found = strncmp(at, name, name_n) == 0 && at[name_n] == '=';
		if (is_found)
			snprintf(value, n, "%s", at + name_n + 1);
	}
	mem_free(text);
	return is_found;
}

enum process_sent
process_signal(const struct process *process, pid_t root, int signo)
{
	enum process_sent sent = PROCESS_GONE;
	struct process now;
	int pidfd, rc;

	pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (pidfd < 0 && errno == ESRCH)
		return PROCESS_GONE;
	if (!process_read(process->pid, &now) || now.start_ticks != process->start_ticks ||
	    (now.ppid != process->ppid && now.ppid != root))
		goto out;
	if (pidfd >= 0)
		rc = (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
	else
		rc = kill(process->pid, signo);
	if (rc == 0)
		sent = PROCESS_SENT;
	else if (errno == EPERM)
		sent = PROCESS_DENIED;
out:
	if (pidfd >= 0)
		close(pidfd);
	return sent;
}

/* ---- all of them --------------------------------------------------------------------------- */

static int
by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

	return (x > y) - (x < y);
}

static struct process *
find(const struct processes *list, pid_t pid)
{
	struct process key = { .pid = pid };

	if (list->n == 0)
		return NULL;
	return bsearch(&key, list->all, list->n, sizeof key, by_pid);
}

static struct process *
add(struct processes *list)
{
	struct process *more;

	if (list->n == list->cap) {
		list->cap = list->cap == 0 ? 256 : list->cap * 2;
		more = mem_new(list->cap * sizeof *more);
		if (list->n > 0)
			memcpy(more, list->all, list->n * sizeof *more);
		mem_free(list->all);
		list->all = more;
	}
	return &list->all[list->n];
}

static bool
scan_once(struct processes *list, struct err *err)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	bool is_sorted = true;
	uint64_t pid;

	list->n = 0;
	if (dir == NULL)
		return err_set(err, ERR_IO, "/proc: %s", strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		if (!slice_to_u64(slice_of(entry->d_name), INT32_MAX, &pid) || pid == 0)
			continue;
		if (!process_read((pid_t)pid, add(list)))
			continue;
		is_sorted = is_sorted &&
		    (list->n == 0 || list->all[list->n - 1].pid < list->all[list->n].pid);
		list->n++;
	}
	closedir(dir);
	if (list->n == 0)
		return err_set(err, ERR_IO, "/proc: shows no process (is it mounted?)");
	if (!is_sorted)
		qsort(list->all, list->n, sizeof *list->all, by_pid);
	return true;
}

/* A look takes a while: did a parent end in it, so that its child hangs in the air? */
static bool
is_torn(const struct processes *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->all[i].ppid > 0 && find(list, list->all[i].ppid) == NULL)
			return true;
	}
	return false;
}

bool
processes_scan(struct processes *list, struct err *err)
{
	for (unsigned i = 0; i < SCANS_MAX; i++) {
		if (!scan_once(list, err))
			return false;
		if (!is_torn(list))
			break;
	}
	return true;
}

void
processes_fini(struct processes *list)
{
	mem_free(list->all);
	*list = (struct processes){ 0 };
}

bool
processes_has(const struct processes *list, const struct process *process)
{
	const struct process *seen = find(list, process->pid);

	return seen != NULL && seen->start_ticks == process->start_ticks;
}

const void *
processes_owner(const struct processes *list, const struct process *process)
{
	const struct process *seen = find(list, process->pid);

	return seen != NULL && seen->start_ticks == process->start_ticks ? seen->owner : NULL;
}

/* NULL when the parent is not in the list, or has its pid from a later life. */
static struct process *
parent_of(const struct processes *list, const struct process *process)
{
	struct process *parent = find(list, process->ppid);

	if (parent == NULL || parent->start_ticks > process->start_ticks)
		return NULL;
	return parent;
}

/* Climbs to the first one whose owner is known and writes that owner along the way: linear in all.
 */
static void
inherit(struct processes *list, struct process *from)
{
	struct process *at = from, *up;
	void *owner = NULL;
	size_t steps;

	for (steps = 0; at != NULL && at->owner == UNKNOWN && steps < list->n; steps++)
		at = parent_of(list, at);
	if (at != NULL && at->owner != UNKNOWN)
		owner = at->owner;
	for (at = from; at != NULL && at->owner == UNKNOWN; at = up) {
		up = parent_of(list, at);
		at->owner = owner;
	}
}

void
processes_own(struct processes *list, pid_t root,
    void *(*owner_of)(void *ctx, const struct process *child_of_root), void *ctx)
{
	struct process *process;
	size_t i;

	for (i = 0; i < list->n; i++) {
		process = &list->all[i];
		if (process->ppid == root)
			process->owner = owner_of(ctx, process);
		else
			process->owner = process->pid == root ? NULL : UNKNOWN;
	}
	for (i = 0; i < list->n; i++) {
		if (list->all[i].owner == UNKNOWN)
			inherit(list, &list->all[i]);
	}
}

/*
 * isolate: what can be had, what one child gets of it, and the order in which it is put on.
 *
 * The order matters: namespaces by the clone itself, ids, network, mounts (all need the privileges
 * of the new user namespace), limits, then privileges are dropped, then Landlock, then the init of
 * the pid namespace splits off, and last, in what becomes the program, the filter of system calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/isolate.h"
#include "run/keeper_wire.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define PARTS_OF_NAMESPACES \
	(ISOLATE_BIT(MOUNTNS) | ISOLATE_BIT(PIDNS) | ISOLATE_BIT(IPCNS) | ISOLATE_BIT(UTSNS))

/* What programs need to start at all; of /etc nothing that holds secrets. */
static const char *const system_paths[] = {
	"/usr",
	"/bin",
	"/sbin",
	"/lib",
	"/lib32",
	"/lib64",
	"/libx32",
	"/nix/store",
	"/etc/alternatives",
	"/etc/ca-certificates",
	"/etc/fonts",
	"/etc/gai.conf",
	"/etc/group",
	"/etc/host.conf",
	"/etc/hosts",
	"/etc/ld.so.cache",
	"/etc/ld.so.conf",
	"/etc/ld.so.conf.d",
	"/etc/localtime",
	"/etc/mime.types",
	"/etc/nsswitch.conf",
	"/etc/os-release",
	"/etc/passwd",
	"/etc/pki",
	"/etc/protocols",
	"/etc/resolv.conf",
	"/etc/services",
	"/etc/ssl/certs",
	"/etc/ssl/openssl.cnf",
	"/etc/timezone",
};

/* ---- words ----------------------------------------------------------------------------------- */

static const char *const part_words[] = {
#define X(part, word) word,
	ISOLATION_PARTS(X)
#undef X
};

/* What is asked for in general, and the parts of which one is enough. */
enum demand { GROUP_FILES, GROUP_NETWORK, GROUP_MEMORY, GROUP_PROCESSES };
static const struct {
	const char *word;
	uint32_t any;
} groups[] = {
	[GROUP_FILES] = { "files", ISOLATE_BIT(MOUNTNS) | ISOLATE_BIT(LANDLOCK) },
	[GROUP_NETWORK] = { "network", ISOLATE_BIT(NETNS) | ISOLATE_BIT(SOCKETS) },
	[GROUP_MEMORY] = { "memory", ISOLATE_BIT(CGROUP_MEMORY) | ISOLATE_BIT(WATCH_MEMORY) },
	[GROUP_PROCESSES] = { "processes", ISOLATE_BIT(CGROUP_PIDS) | ISOLATE_BIT(WATCH_PIDS) },
};
_Static_assert(ISOLATE_N + COUNT(groups) <= 32, "the bits of require");

uint32_t
isolation_word(struct slice word)
{
	for (unsigned i = 0; i < COUNT(part_words); i++)
		if (slice_eq(word, slice_of(part_words[i])))
			return 1u << i;
	for (unsigned i = 0; i < COUNT(groups); i++)
		if (slice_eq(word, slice_of(groups[i].word)))
			return 1u << (ISOLATE_N + i);
	return 0;
}

void
isolation_print(const struct isolation_report *report, struct buf *out)
{
	const char *blank = "";

	for (unsigned i = 0; i < COUNT(part_words); i++) {
		if ((report->parts & (1u << i)) == 0)
			continue;
		buf_printf(out, "%s%s", blank, part_words[i]);
		if (i == ISOLATE_LANDLOCK)
			buf_printf(out, ":%u", report->landlock);
		blank = " ";
	}
	if (blank[0] == '\0')
		buf_puts(out, "none");
}

int
isolate_why(struct isolate_shared *shared, int error, const char *fmt, ...)
{
	va_list args;

	if (shared->why[0] != '\0') /* the first one is the nearest */
		return error;
	va_start(args, fmt);
	vsnprintf(shared->why, sizeof shared->why, fmt, args);
	va_end(args);
	return error;
}

/* ---- what can be had ------------------------------------------------------------------------ */

pid_t
isolate_fork(const struct isolate_plan *plan)
{
	if (plan->clone_flags == 0)
		return _Fork();
	return (pid_t)syscall(SYS_clone, plan->clone_flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

static struct isolate_shared *
shared_new(void)
{
	void *page = mmap(NULL, sizeof(struct isolate_shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* Makes namespaces and an empty root in a child, and looks how far it got. */
static bool
namespaces_try(struct isolate *isolate, unsigned long user_flag)
{
	const struct child_isolation nothing = { .network = ISOLATION_NONE };
	struct isolate_plan *plan = MEM_NEW(struct isolate_plan);
	bool ok = false;
	int status;
	pid_t pid;

	plan->isolate = isolate;
	plan->wanted = &nothing;
	plan->shared = shared_new();
	plan->clone_flags = NAMESPACES | CLONE_NEWNET | user_flag;
	plan->parts = user_flag != 0 ? ISOLATE_BIT(USERNS) : 0;
	plan->uid = geteuid();
	plan->gid = getegid();
	if (plan->shared != NULL) {
		pid = isolate_fork(plan);
		if (pid == 0)
			_exit((user_flag != 0 && isolate_ids_map(plan) != 0) ||
				    isolate_loopback_up(plan->shared) != 0 ||
				    isolate_mounts_enter(plan) != 0
				? 1
				: 0);
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		ok = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
		isolate->has_proc = ok && (plan->shared->parts & ISOLATE_BIT(PROC)) != 0;
		munmap(plan->shared, sizeof *plan->shared);
	}
	mem_free(plan);
	return ok;
}

/* Since Linux 6.14 each pid namespace has its own; before, root would change the machine's. */
static bool
pid_max_is_own(void)
{
	unsigned major = 0, minor = 0;
	struct utsname name;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	    (major > 6 || (major == 6 && minor >= 14));
}

/* All but the cgroup, which is divided where it is found. */
static void
probe(struct isolate *isolate)
{
	isolate->has_userns = namespaces_try(isolate, CLONE_NEWUSER);
	isolate->has_namespaces = isolate->has_userns || namespaces_try(isolate, 0);
	isolate->has_pid_max = isolate->has_namespaces && pid_max_is_own();
	isolate->landlock = isolate_landlock_version();
	isolate_filters_make(isolate->filters);
}

void
isolate_probe(struct isolate *isolate)
{
	if (isolate->is_probed)
		return;
	isolate->is_probed = true;
	probe(isolate);
	isolate->cgroup = isolate_cgroup_find();
}

void
isolation_look(struct isolation_means *out)
{
	struct isolate isolate = { 0 };

	probe(&isolate);
	*out = (struct isolation_means){ .has_namespaces = isolate.has_namespaces,
		.has_proc = isolate.has_proc,
		.has_filter = isolate.filters[0].code != NULL,
		.has_cgroup = isolate_cgroup_can_be(),
		.landlock = isolate.landlock };
	isolate_fini(&isolate);
}

void
isolate_fini(struct isolate *isolate)
{
	isolate_filters_free(isolate->filters);
	isolate_cgroup_free(&isolate->cgroup);
	*isolate = (struct isolate){ 0 };
}

/* ---- the plan -------------------------------------------------------------------------------- */

static bool
way_add(struct isolate_plan *plan, enum way_kind kind, const char *path, bool is_optional)
{
	if (plan->ways_n == COUNT(plan->order))
		return false;
	plan->ways[plan->ways_n++] =
	    (struct way){ .kind = kind, .is_optional = is_optional, .written = path, .fd = -1 };
	return true;
}

static bool
list_add(struct isolate_plan *plan, enum way_kind kind, const char *const *list)
{
	bool ok = true;

	for (; list != NULL && *list != NULL && ok; list++) {
		if (strcmp(*list, ISOLATION_SYSTEM) != 0) {
			ok = way_add(plan, kind, *list, kind == WAY_HIDE);
			continue;
		}
		for (size_t i = 0; i < COUNT(system_paths) && ok; i++)
			ok = way_add(plan, kind, system_paths[i], true);
	}
	return ok;
}

static size_t
list_count(const char *const *list)
{
	size_t n = 0;

	for (; list != NULL && *list != NULL; list++)
		n += strcmp(*list, ISOLATION_SYSTEM) == 0 ? COUNT(system_paths) : 1;
	return n;
}

static bool
ways_plan(struct isolate_plan *plan, const char *program, char *why)
{
	const struct child_isolation *wanted = plan->wanted;
	size_t n = list_count(wanted->read) + list_count(wanted->write) + list_count(wanted->hide);
	bool ok = n < COUNT(plan->order);

	if (ok) {
		plan->ways = mem_new((n + 1) * sizeof *plan->ways);
		ok = list_add(plan, WAY_HIDE, wanted->hide) &&
		    list_add(plan, WAY_READ, wanted->read) &&
		    list_add(plan, WAY_WRITE, wanted->write) &&
		    (program[0] != '/' || way_add(plan, WAY_READ, program, true));
	}
	if (!ok)
		snprintf(why, ISOLATE_WHY_BYTES, "its sandbox lists more than %u paths",
		    ISOLATION_PATHS_MAX);
	return ok;
}

static uint32_t
parts_plan(const struct isolate *isolate, const struct child_isolation *wanted)
{
	uint32_t parts = ISOLATE_BIT(NNP) | ISOLATE_BIT(CAPS) | ISOLATE_BIT(RLIMITS);

	if (isolate->has_namespaces)
		parts |= PARTS_OF_NAMESPACES |
		    (wanted->network != ISOLATION_HOST ? ISOLATE_BIT(NETNS) : 0) |
		    (isolate->has_userns ? ISOLATE_BIT(USERNS) : 0) |
		    (isolate->has_proc ? ISOLATE_BIT(PROC) : 0);
	if (isolate->landlock > 0)
		parts |= ISOLATE_BIT(LANDLOCK);
	if (isolate->filters[0].code != NULL)
		parts |= ISOLATE_BIT(SECCOMP);
	if ((parts & ISOLATE_BIT(SECCOMP)) != 0 && (parts & ISOLATE_BIT(NETNS)) == 0 &&
	    wanted->network != ISOLATION_HOST)
		parts |= ISOLATE_BIT(SOCKETS);
	if (wanted->memory_bytes > 0)
		parts |= ISOLATE_BIT(WATCH_MEMORY);
	if (wanted->processes > 0)
		parts |=
		    ISOLATE_BIT(WATCH_PIDS) | (isolate->has_pid_max ? ISOLATE_BIT(PID_MAX) : 0);
	return parts;
}

/* Is the general demand met by the parts, or not made at all? */
static bool
group_holds(enum demand group, uint32_t parts, const struct child_isolation *wanted)
{
	if ((group == GROUP_NETWORK && wanted->network == ISOLATION_HOST) ||
	    (group == GROUP_MEMORY && wanted->memory_bytes == 0) ||
	    (group == GROUP_PROCESSES && wanted->processes == 0))
		return true;
	if (group == GROUP_NETWORK && wanted->network != ISOLATION_NONE)
		return (parts & ISOLATE_BIT(NETNS)) != 0; /* less than asked for would not do */
	return (parts & groups[group].any) != 0;
}

/* The first of what is required that these parts do not give; NULL: all of it is there. */
static const char *
required_missing(const struct child_isolation *wanted, uint32_t parts)
{
	uint32_t require = wanted->require;

	for (unsigned i = 0; i < ISOLATE_N; i++)
		if ((require & (1u << i)) != 0 && (parts & (1u << i)) == 0)
			return part_words[i];
	for (unsigned i = 0; i < COUNT(groups); i++)
		if ((require & (1u << (ISOLATE_N + i))) != 0 &&
		    !group_holds((enum demand)i, parts, wanted))
			return groups[i].word;
	return NULL;
}

static bool
require_check(const struct isolate_plan *plan, char *why)
{
	const char *missing = required_missing(plan->wanted, plan->parts);

	if (missing != NULL)
		snprintf(why, ISOLATE_WHY_BYTES,
		    "its sandbox requires \"%s\", which cannot be had here (docs/isolation.md)",
		    missing);
	return missing == NULL;
}

bool
isolate_plan_open(struct isolate *isolate, const struct child_isolation *wanted,
    const char *program, uint64_t id, struct isolate_plan *plan, char why[ISOLATE_WHY_BYTES])
{
	isolate_probe(isolate);
	*plan = (struct isolate_plan){ .isolate = isolate,
		.wanted = wanted,
		.shared = shared_new(),
		.parts = parts_plan(isolate, wanted),
		.uid = geteuid(),
		.gid = getegid(),
		.cgroup_fd = -1,
		.proxy = { -1, -1 } };
	if (plan->shared == NULL) {
		snprintf(why, ISOLATE_WHY_BYTES, "a page of memory: %s", strerror(errno));
		return false;
	}
	plan->may_inet =
	    wanted->network == ISOLATION_HOST || (plan->parts & ISOLATE_BIT(NETNS)) != 0;
	if (isolate->has_namespaces)
		plan->clone_flags = NAMESPACES |
		    ((plan->parts & ISOLATE_BIT(USERNS)) != 0 ? CLONE_NEWUSER : 0) |
		    ((plan->parts & ISOLATE_BIT(NETNS)) != 0 ? CLONE_NEWNET : 0);
	snprintf(plan->cgroup_name, sizeof plan->cgroup_name, "bascule-%d-%llx", (int)getpid(),
	    (unsigned long long)id);
	if (isolate->cgroup != NULL && !isolate_cgroup_make(isolate->cgroup, plan))
		plan->cgroup_name[0] = '\0';
	if (isolate->cgroup == NULL)
		plan->cgroup_name[0] = '\0';
	if (!require_check(plan, why) || !ways_plan(plan, program, why))
		return false;
	if (wanted->network != ISOLATION_EGRESS || (plan->parts & ISOLATE_BIT(NETNS)) == 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, plan->proxy) == 0)
		return true;
	snprintf(why, ISOLATE_WHY_BYTES, "a socket for its proxy: %s", strerror(errno));
	return false;
}

void
isolate_plan_close(struct isolate_plan *plan)
{
	for (unsigned i = 0; i < COUNT(plan->proxy); i++) {
		if (plan->proxy[i] >= 0)
			close(plan->proxy[i]);
		plan->proxy[i] = -1;
	}
	if (plan->cgroup_fd >= 0)
		close(plan->cgroup_fd);
	plan->cgroup_fd = -1;
	if (plan->cgroup_name[0] != '\0') /* no child has taken it over */
		isolate_cgroup_remove(plan->isolate->cgroup, plan->cgroup_name);
	if (plan->shared != NULL)
		munmap(plan->shared, sizeof *plan->shared);
	plan->shared = NULL;
	mem_free(plan->ways);
	plan->ways = NULL;
}

/* ---- in the child ---------------------------------------------------------------------------- */

/* Without mounts of its own a child cannot be kept from a path below one that it may read. */
static int
hidden_check(struct isolate_plan *plan)
{
	const uint32_t files = 1u << (ISOLATE_N + GROUP_FILES);

	for (size_t i = 0; i < plan->order_n && (plan->wanted->require & files) != 0; i++) {
		const struct way *hidden = plan->order[i], *seen = hidden;

		for (size_t j = i; hidden->kind == WAY_HIDE && j > 0 && seen == hidden; j--)
			if (plan->order[j - 1]->kind != WAY_HIDE &&
			    isolate_is_below(hidden->real, plan->order[j - 1]->real))
				seen = plan->order[j - 1];
		if (seen != hidden)
			return isolate_why(plan->shared, EPERM,
			    "%s cannot be hidden below %s without a mount namespace", hidden->real,
			    seen->real);
	}
	return 0;
}

static int
ways_enter(struct isolate_plan *plan)
{
	int root, error;

	if ((plan->clone_flags & CLONE_NEWNS) != 0)
		return isolate_mounts_enter(plan);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return isolate_why(plan->shared, errno, "/: %s", strerror(errno));
	error = isolate_ways_open(plan, root, NULL, NULL);
	close(root);
	return error != 0 ? error : hidden_check(plan);
}

/* Process 1 of the namespace: it waits for the program and for whoever is left to it; with it all
 * of them end.  Nobody inside may look into it. */
NORETURN static void
init_run(struct isolate_shared *shared, pid_t program)
{
	int status;
	pid_t pid;

	prctl(PR_SET_NAME, "bascule-init");
	prctl(PR_SET_DUMPABLE, 0);
	keeper_close_from(0);
	for (;;) {
		pid = waitpid(-1, &status, 0);
		if (pid < 0 && errno != EINTR)
			_exit(126);
		if (pid == program && (WIFEXITED(status) || WIFSIGNALED(status)))
			break;
	}
	shared->status = status;
	shared->has_status = 1;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int
init_split(struct isolate_plan *plan)
{
	pid_t pid = _Fork();

	if (pid < 0)
		return isolate_why(plan->shared, errno, "fork: %s", strerror(errno));
	if (pid > 0)
		init_run(plan->shared, pid);
	return 0;
}

static int
network_enter(struct isolate_plan *plan)
{
	int error;

	if ((plan->parts & ISOLATE_BIT(NETNS)) == 0 || plan->wanted->network == ISOLATION_NONE)
		return 0;
	error = isolate_loopback_up(plan->shared);
	if (error == 0 && plan->proxy[1] >= 0)
		error = isolate_listener_send(plan);
	return error;
}

int
isolate_fds_keep(struct isolate_plan *plan, int first)
{
	int *const kept[] = { &plan->cgroup_fd, &plan->proxy[1] };

	/* In two steps: the numbers may be each other's. */
	for (unsigned i = 0; i < COUNT(kept); i++) {
		if (*kept[i] >= 0 && *kept[i] < first + (int)COUNT(kept))
			*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, first + (int)COUNT(kept));
	}
	for (unsigned i = 0; i < COUNT(kept); i++) {
		if (*kept[i] < 0)
			continue;
		dup3(*kept[i], first, O_CLOEXEC);
		*kept[i] = first++;
	}
	return first;
}

static int
landlock_enter(struct isolate_plan *plan)
{
	return (plan->parts & ISOLATE_BIT(LANDLOCK)) != 0 ? isolate_landlock_enter(plan) : 0;
}

/* A part that may fail without harm (/proc, pid_max) may still be one that is required. */
static int
required_hold(struct isolate_plan *plan)
{
	const char *missing = required_missing(plan->wanted, plan->shared->parts);

	if (missing == NULL)
		return 0;
	return isolate_why(
	    plan->shared, EPERM, "its sandbox requires \"%s\", which could not be had", missing);
}

int
isolate_enter(struct isolate_plan *plan)
{
	const uint32_t by_clone = ISOLATE_BIT(USERNS) | ISOLATE_BIT(PIDNS) | ISOLATE_BIT(NETNS) |
	    ISOLATE_BIT(IPCNS) | ISOLATE_BIT(UTSNS);
	/* What is outside of the child: groups and watches, and the filter that comes last. */
	const uint32_t by_others = ISOLATE_BIT(CGROUP) | ISOLATE_BIT(CGROUP_MEMORY) |
	    ISOLATE_BIT(CGROUP_PIDS) | ISOLATE_BIT(CGROUP_CPU) | ISOLATE_BIT(WATCH_MEMORY) |
	    ISOLATE_BIT(WATCH_PIDS) | ISOLATE_BIT(SECCOMP) | ISOLATE_BIT(SOCKETS);
	int error = 0;

	if (plan->cgroup_fd >= 0 && write(plan->cgroup_fd, "0", 1) != 1)
		return isolate_why(plan->shared, errno, "its cgroup: %s", strerror(errno));
	if ((plan->parts & ISOLATE_BIT(USERNS)) != 0)
		error = isolate_ids_map(plan);
	if (error == 0)
		error = network_enter(plan);
	if (error == 0)
		error = ways_enter(plan);
	if (error == 0)
		error = isolate_rlimits_set(plan);
	if (error == 0)
		error = isolate_privileges_drop(plan);
	if (error == 0)
		error = landlock_enter(plan);
	if (error != 0)
		return error;
	plan->shared->parts |= plan->parts & (by_clone | by_others);
	error = required_hold(plan);
	if (error != 0)
		return error;
	return (plan->clone_flags & CLONE_NEWPID) != 0 ? init_split(plan) : 0;
}

/*
 * isolate_filter: the system calls that no isolated child may make.
 *
 * A list of what is refused, with EPERM, and not of what is allowed: programs that upstreams and
 * agents are made of use nearly all of the rest, and a list of the allowed breaks with each new C
 * library.  What is on it looks into other processes, makes namespaces or mounts, changes the
 * kernel, or has been the way out of one.  clone3 is unknown (ENOSYS), because a filter cannot see
 * its flags; C libraries use clone then.  Sockets of other families than the usual are refused:
 * some of them (vsock) know no network namespaces.
 *
 * The programs are made once, in the keeper, by libseccomp, which is loaded when the first isolated
 * child is started; the child only hands one to the kernel.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/isolate.h"

#define FILTER_BYTES_MAX (64 * KIB)
#define FAMILIES	 46u
#define MODE_FILTER	 1u /* SECCOMP_SET_MODE_FILTER */

static const char *const refused[] = {
	/* other processes */
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"process_madvise",
	"pidfd_getfd",
	"kcmp",
	"move_pages",
	"migrate_pages",
	/* mounts and namespaces */
	"mount",
	"umount",
	"umount2",
	"pivot_root",
	"chroot",
	"open_tree",
	"move_mount",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"mount_setattr",
	"unshare",
	"setns",
	"open_by_handle_at",
	"name_to_handle_at",
	/* the kernel */
	"init_module",
	"finit_module",
	"delete_module",
	"create_module",
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"swapon",
	"swapoff",
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"keyctl",
	"add_key",
	"request_key",
	"syslog",
	"acct",
	"quotactl",
	"quotactl_fd",
	"fanotify_init",
	"lookup_dcookie",
	"nfsservctl",
	"vhangup",
	"uselib",
	"ustat",
	"sysfs",
	"_sysctl",
	"modify_ldt",
	"iopl",
	"ioperm",
	"vm86",
	"vm86old",
	"memfd_secret",
	/* the machine's clock and name */
	"settimeofday",
	"stime",
	"clock_settime",
	"clock_settime64",
	"clock_adjtime",
	"clock_adjtime64",
	"adjtimex",
	"sethostname",
	"setdomainname",
};

static const uint64_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
	CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };

/* Commands of terminals that put words into other programs' mouths. */
static const uint64_t terminals[] = { TIOCSTI, TIOCLINUX };

/* What of libseccomp is used. */
struct library {
	scmp_filter_ctx (*init)(uint32_t action);
	int (*attr_set)(scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value);
	int (*rule_add)(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned n,
	    const struct scmp_arg_cmp *args);
	int (*resolve)(const char *name);
	int (*export_bpf)(const scmp_filter_ctx ctx, int fd);
	void (*release)(scmp_filter_ctx ctx);
};

static bool
library_load(struct library *library)
{
	static const struct symbol symbols[] = {
		{ "seccomp_init", offsetof(struct library, init) },
		{ "seccomp_attr_set", offsetof(struct library, attr_set) },
		{ "seccomp_rule_add_array", offsetof(struct library, rule_add) },
		{ "seccomp_syscall_resolve_name", offsetof(struct library, resolve) },
		{ "seccomp_export_bpf", offsetof(struct library, export_bpf) },
		{ "seccomp_release", offsetof(struct library, release) },
	};
	void *handle = dlopen(LIBSECCOMP, RTLD_NOW | RTLD_LOCAL);
	struct err err;

	return handle != NULL &&
	    symbols_find(handle, LIBSECCOMP, symbols, COUNT(symbols), library, &err);
}

struct maker {
	const struct library *library;
	scmp_filter_ctx ctx;
	bool is_failed;
};

/* A call of which this machine has no number is passed over. */
static void
refuse(struct maker *maker, const char *name, int error, const struct scmp_arg_cmp *arg)
{
	int number = maker->library->resolve(name), rc;

	if (number == __NR_SCMP_ERROR)
		return;
	rc = maker->library->rule_add(
	    maker->ctx, SCMP_ACT_ERRNO((uint32_t)error), number, arg != NULL ? 1 : 0, arg);
	if (rc != 0 && number >= 0) /* below 0: of other machines */
		maker->is_failed = true;
}

static void
refuse_masked(struct maker *maker, const char *name, unsigned arg, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp cmp = {
		.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
	};

	refuse(maker, name, EPERM, &cmp);
}

/* Families one by one: a filter has no "one of these, else refuse". */
static void
refuse_sockets(struct maker *maker, bool unix_only)
{
	struct scmp_arg_cmp cmp = { .arg = 0, .op = SCMP_CMP_GE, .datum_a = FAMILIES };

	for (uint64_t family = 0; family < FAMILIES; family++) {
		if (family == AF_UNIX)
			continue;
		if (!unix_only && (family == AF_INET || family == AF_INET6 || family == AF_NETLINK))
			continue;
		refuse_masked(maker, "socket", 0, UINT32_MAX, family);
		refuse_masked(maker, "socketpair", 0, UINT32_MAX, family);
	}
	refuse(maker, "socket", EPERM, &cmp);
	if (unix_only)
		return;
	refuse_masked(maker, "socket", 1, 0xf, SOCK_RAW & 0xf);
	refuse_masked(maker, "socket", 1, 0xf, SOCK_PACKET & 0xf);
}

static void
refuse_all(struct maker *maker, bool unix_only)
{
	for (size_t i = 0; i < COUNT(refused); i++)
		refuse(maker, refused[i], EPERM, NULL);
	for (size_t i = 0; i < COUNT(namespaces); i++)
		refuse_masked(maker, "clone", 0, namespaces[i], namespaces[i]);
	for (size_t i = 0; i < COUNT(terminals); i++)
		refuse_masked(maker, "ioctl", 1, UINT32_MAX, terminals[i]);
	refuse(maker, "clone3", ENOSYS, NULL);
	refuse_sockets(maker, unix_only);
}

static bool
code_read(int fd, struct isolate_filter *filter)
{
	off_t bytes = lseek(fd, 0, SEEK_END);

	if (bytes <= 0 || bytes > (off_t)FILTER_BYTES_MAX ||
	    bytes % (off_t)sizeof *filter->code != 0)
		return false;
	filter->code = mem_new((size_t)bytes);
	filter->n = (unsigned short)((size_t)bytes / sizeof *filter->code);
	if (pread(fd, filter->code, (size_t)bytes, 0) == bytes)
		return true;
	mem_free(filter->code);
	filter->code = NULL;
	return false;
}

static bool
filter_make(const struct library *library, bool unix_only, struct isolate_filter *filter)
{
	struct maker maker = { .library = library, .ctx = library->init(SCMP_ACT_ALLOW) };
	int fd = memfd_create("bascule-filter", MFD_CLOEXEC);
	bool ok = false;

	if (maker.ctx != NULL && fd >= 0) {
		refuse_all(&maker, unix_only);
		ok = !maker.is_failed &&
		    library->attr_set(maker.ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) ==
			0 &&
		    library->export_bpf(maker.ctx, fd) == 0 && code_read(fd, filter);
	}
	if (maker.ctx != NULL)
		library->release(maker.ctx);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Does the kernel know filters? (EFAULT: it would read the program.) */
static bool
is_supported(void)
{
	return syscall(SYS_seccomp, MODE_FILTER, 0, NULL) < 0 && errno == EFAULT;
}

void
isolate_filters_make(struct isolate_filter filters[2])
{
	struct library library;

	if (!is_supported() || !library_load(&library))
		return;
	for (unsigned i = 0; i < 2; i++) {
		if (!filter_make(&library, i == 1, &filters[i])) {
			isolate_filters_free(filters);
			return;
		}
	}
}

void
isolate_filters_free(struct isolate_filter filters[2])
{
	for (unsigned i = 0; i < 2; i++) {
		mem_free(filters[i].code);
		filters[i] = (struct isolate_filter){ 0 };
	}
}

int
isolate_filter_apply(struct isolate_plan *plan)
{
	const struct isolate_filter *filter = &plan->isolate->filters[plan->may_inet ? 0 : 1];
	struct sock_fprog program = { .len = filter->n, .filter = filter->code };

	if (filter->code == NULL)
		return 0;
	if (syscall(SYS_seccomp, MODE_FILTER, 0, &program) == 0)
		return 0;
	return isolate_why(plan->shared, errno, "the filter of system calls: %s", strerror(errno));
}

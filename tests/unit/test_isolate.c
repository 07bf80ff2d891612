/*
 * Isolated children through the real loop and keeper: what they reach, and what they do not.
 *
 * This program is also the attacker: `test_isolate attack NAME ...` tries one thing and says "held"
 * or what it got.  All attacks are played by every kind of gateway that the machine lets us be:
 * as we are, as another user, and where namespaces or Landlock are refused (by a filter that the
 * gateway itself runs under).  A row needs one of some parts; where none of them is in force it is
 * skipped, and said so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "run/process_tree.h"
#include "run/run.h"

#define NOBODY	65534
#define OUT_MAX 512
#define TRIES	20000

/* ---- the attacker ---------------------------------------------------------------------------- */

static int
held(const char *what)
{
	printf("held: %s: %s\n", what, strerror(errno));
	return 0;
}

static int
stay(void)
{
	while (pause() < 0)
		;
	return 0;
}

static int
escaped(const char *what)
{
	printf("ESCAPED: %s\n", what);
	return 0;
}

/* Opens a file as asked for. */
static int
attack_open(char **args, int flags, const char *what)
{
	int fd = open(args[0], flags | O_CLOEXEC, 0600);

	return fd < 0 ? held(what) : escaped(args[0]);
}

static int
attack_read(char **args)
{
	return attack_open(args, O_RDONLY, "reading");
}

static int
attack_write(char **args)
{
	return attack_open(args, O_WRONLY | O_CREAT, "writing");
}

/* A link of our own making leads nowhere new. */
static int
attack_link(char **args)
{
	unlink(args[0]);
	if (symlink(args[1], args[0]) < 0)
		return escaped("no link could be made, so nothing was tried");
	return attack_open(args, O_RDONLY, "reading by a link");
}

static int
attack_pids(char **args)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned n = 0;

	(void)args;
	if (dir == NULL)
		return held("/proc");
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
	closedir(dir);
	errno = 0;
	return n <= 2 ? held("only our own") : escaped("saw other processes");
}

static int
attack_kill(char **args)
{
	pid_t pid = (pid_t)strtol(args[0], NULL, 10);

	if (kill(pid, 0) == 0)
		return escaped("could signal the gateway");
	return held("kill");
}

static int
attack_ptrace(char **args)
{
	(void)args;
	if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0)
		return escaped("traced our parent");
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? escaped("traced") : held("ptrace");
}

static int
attack_mount(char **args)
{
	(void)args;
	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0 || chroot("/usr") == 0 ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) == 0)
		return escaped("mount");
	return held("mount");
}

static int
attack_userns(char **args)
{
	(void)args;
	if (unshare(CLONE_NEWUSER) == 0)
		return escaped("unshare");
	if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) >= 0)
		return escaped("clone");
	if (syscall(SYS_clone3, NULL, 0) < 0 && errno != ENOSYS)
		return escaped("clone3 is there");
	return held("user namespaces");
}

static int
attack_syscalls(char **args)
{
	static const struct {
		const char *name;
		long number;
	} rows[] = {
		{ "bpf", SYS_bpf },
		{ "perf_event_open", SYS_perf_event_open },
		{ "keyctl", SYS_keyctl },
		{ "io_uring_setup", SYS_io_uring_setup },
		{ "userfaultfd", SYS_userfaultfd },
		{ "open_by_handle_at", SYS_open_by_handle_at },
		{ "process_vm_readv", SYS_process_vm_readv },
		{ "kexec_load", SYS_kexec_load },
		{ "init_module", SYS_init_module },
		{ "setns", SYS_setns },
		{ "pivot_root", SYS_pivot_root },
		{ "fsopen", SYS_fsopen },
	};

	(void)args;
	for (size_t i = 0; i < COUNT(rows); i++) {
		errno = 0;
		if (syscall(rows[i].number, 0, 0, 0, 0, 0, 0) >= 0 || errno != EPERM)
			return escaped(rows[i].name);
	}
	return held("all of them");
}

static int
attack_connect(char **args)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtol(args[0], NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return escaped("connected to the host");
	return held("connect");
}

/* Our own loopback serves us. */
static int
attack_loopback(char **args)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int two = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)args;
	if (one >= 0 && two >= 0 && bind(one, (struct sockaddr *)&at, sizeof at) == 0 &&
	    listen(one, 1) == 0 && getsockname(one, (struct sockaddr *)&at, &n) == 0 &&
	    connect(two, (struct sockaddr *)&at, sizeof at) == 0)
		return escaped("loopback"); /* as it should be: the row says so */
	return held("loopback");
}

static int
attack_abstract(char **args)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(args[0]));

	memcpy(to.sun_path + 1, args[0], strlen(args[0]));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, n) == 0)
		return escaped("connected to an abstract socket");
	return held("connect");
}

static int
attack_raw(char **args)
{
	static const int families[] = { AF_PACKET, AF_VSOCK, AF_ALG, AF_BLUETOOTH, AF_XDP };

	(void)args;
	for (size_t i = 0; i < COUNT(families); i++)
		if (socket(families[i], SOCK_DGRAM, 0) >= 0)
			return escaped("a socket of another family");
	if (socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0)
		return escaped("a raw socket");
	return held("sockets");
}

static int
attack_forks(char **args)
{
	unsigned n = 0, max = (unsigned)strtoul(args[0], NULL, 10);

	for (; n < max; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0)
			break;
	}
	printf("forks %u\n", n);
	fflush(stdout);
	return n < max ? 0 : stay(); /* the kernel said no; or the keeper will */
}

static int
attack_memory(char **args)
{
	size_t bytes = strtoul(args[0], NULL, 10) * MIB;

	for (size_t i = 0; i < bytes; i += MIB) {
		volatile char *block = malloc(MIB); /* or the compiler knows that nobody reads it */

		if (block == NULL)
			break;
		for (size_t k = 0; k < MIB; k += 4096)
			block[k] = 1;
	}
	return stay();
}

static int
attack_file_size(char **args)
{
	char block[4096] = { 0 };
	int fd = open(args[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	size_t have = 0;
	ssize_t n;

	signal(SIGXFSZ, SIG_IGN);
	while (fd >= 0 && have < MIB && (n = write(fd, block, sizeof block)) > 0)
		have += (size_t)n;
	return have < MIB ? held("file size") : escaped("wrote 1 MiB");
}

static int
attack_fds(char **args)
{
	char path[64], text[16];

	(void)args;
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return escaped("an inherited descriptor");
	for (int fd = 0; fd < 16; fd++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), fd);
		if (readlink(path, text, sizeof text) >= 0)
			return escaped(path);
	}
	snprintf(path, sizeof path, "/proc/%d/environ", (int)getppid());
	if (open(path, O_RDONLY) >= 0 && getppid() != 0)
		return escaped(path);
	if (open("/proc/self/exe", O_WRONLY) >= 0)
		return escaped("our own program, to write");
	return held("descriptors");
}

static int
attack_root(char **args)
{
	static const char *const files[] = { "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
		"/proc/sys/kernel/pid_max", "/etc/shadow", "/proc/kcore", "/usr/evil", "/evil" };

	(void)args;
	for (size_t i = 0; i < COUNT(files); i++)
		if (strcmp(files[i], "/proc/kcore") != 0 &&
		    open(files[i], O_WRONLY | (i >= 5 ? O_CREAT : 0), 0600) >= 0)
			return escaped(files[i]);
	if (open("/etc/shadow", O_RDONLY) >= 0)
		return escaped("/etc/shadow");
	if (mknod("/tmp/disk", S_IFBLK | 0600, 0x0801) == 0)
		return escaped("a device");
	return held("root's files");
}

static int
attack_privileges(char **args)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	(void)args;
	if (n <= 0)
		return held("no /proc");
	if (strstr(text, "CapEff:\t0000000000000000") == NULL ||
	    strstr(text, "CapPrm:\t0000000000000000") == NULL ||
	    strstr(text, "NoNewPrivs:\t1") == NULL || strstr(text, "Seccomp:\t2") == NULL)
		return escaped(text);
	errno = 0;
	return held("no privileges");
}

/* Leaves a grandchild in a session of its own, which ignores what it can. */
static int
attack_stay(char **args)
{
	int pair[2];
	char byte;

	(void)args;
	if (pipe(pair) < 0)
		return escaped("pipe");
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		for (int signo = 1; signo < 32; signo++)
			signal(signo, SIG_IGN);
		if (write(pair[1], "x", 1) != 1)
			_exit(1);
		stay();
	}
	close(pair[1]);
	if (read(pair[0], &byte, 1) != 1)
		return escaped("no grandchild");
	errno = 0;
	return held("a grandchild was left");
}

static int
attack_exit(char **args)
{
	return (int)strtol(args[0], NULL, 10);
}

static int
attack_die(char **args)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };

	(void)args;
	sigaction(SIGABRT, &usual, NULL);
	abort();
}

static void
on_term(int signo)
{
	(void)signo;
	_exit(9);
}

static int
attack_wait_term(char **args)
{
	(void)args;
	signal(SIGTERM, on_term);
	printf("ready\n");
	fflush(stdout);
	return stay();
}

/* As attack_stay, and it stays itself: no TERM ends any of them. */
static int
attack_ignore_term(char **args)
{
	for (int signo = 1; signo < 32; signo++)
		signal(signo, SIG_IGN);
	attack_stay(args);
	printf("ready\n");
	fflush(stdout);
	return stay();
}

static const struct {
	const char *name;
	int (*fn)(char **args);
} attacks[] = {
	{ "read", attack_read },
	{ "write", attack_write },
	{ "link", attack_link },
	{ "pids", attack_pids },
	{ "kill", attack_kill },
	{ "ptrace", attack_ptrace },
	{ "mount", attack_mount },
	{ "userns", attack_userns },
	{ "syscalls", attack_syscalls },
	{ "connect", attack_connect },
	{ "loopback", attack_loopback },
	{ "abstract", attack_abstract },
	{ "raw", attack_raw },
	{ "forks", attack_forks },
	{ "memory", attack_memory },
	{ "file_size", attack_file_size },
	{ "fds", attack_fds },
	{ "root", attack_root },
	{ "privileges", attack_privileges },
	{ "stay", attack_stay },
	{ "exit", attack_exit },
	{ "die", attack_die },
	{ "wait_term", attack_wait_term },
	{ "ignore_term", attack_ignore_term },
};

static int
attack(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < COUNT(attacks); i++) {
		if (strcmp(argv[2], attacks[i].name) == 0) {
			int status = attacks[i].fn(argv + 3);

			fflush(stdout);
			_exit(status); /* no leak checker: it would trace us */
		}
	}
	_exit(99);
}

/* ---- the gateway's side ---------------------------------------------------------------------- */

enum mode { AS_WE_ARE, AS_NOBODY, NO_NAMESPACES, NO_NAMESPACES_AS_NOBODY, NO_LANDLOCK, MODES_N };

static const struct {
	const char *name;
	bool is_nobody, no_namespaces, no_landlock;
} modes[MODES_N] = {
	[AS_WE_ARE] = { "as we are", false, false, false },
	[AS_NOBODY] = { "as nobody", true, false, false },
	[NO_NAMESPACES] = { "no namespaces", false, true, false },
	[NO_NAMESPACES_AS_NOBODY] = { "no namespaces, as nobody", true, true, false },
	[NO_LANDLOCK] = { "no Landlock", false, false, true },
};

struct story {
	struct loop *loop;
	struct group group;
	enum mode mode;
	void (*fn)(struct story *story);
	unsigned failures;
	char dir[64], secret[96], data[96], home[96], ssh[96], hidden[96], shown[96];
	char port[16], pid[16], abstract[48];
};

static char self[4096];
static const char *const plain_env[] = { "PATH=/usr/bin:/bin",
	"ASAN_OPTIONS=detect_leaks=0:handle_segv=0:handle_abort=0", NULL };

static void
missed(struct story *story, const char *what, const char *out)
{
	story->failures++;
	fprintf(stderr, "%s: %s: %s\n", modes[story->mode].name, what, out);
}

struct played {
	struct task *task;
	unsigned exits;
	int status;
	enum child_end end;
	struct isolation_report report;
	struct err err;
	bool is_started;
	char out[OUT_MAX];
	size_t out_n;
};

static void
on_exit_note(void *owner, int status)
{
	struct played *played = owner;

	played->status = status;
	played->exits++;
	task_wake(played->task);
}

static void
on_ready_wake(void *owner, unsigned events)
{
	(void)events;
	task_wake(((struct played *)owner)->task);
}

/* Reads until the child has exited and its output has ended; `until` (may be NULL) ends it too. */
static void
output_wait(struct story *story, struct child *child, struct played *played, const char *until)
{
	bool at_end = false;
	struct err err;
	ssize_t n;

	child->out->on_ready = on_ready_wake;
	child->out->owner = played;
	while (!at_end || played->exits == 0) {
		n = at_end ? -EAGAIN
			   : stream_read(child->out, played->out + played->out_n,
				 sizeof played->out - 1 - played->out_n);
		if (n > 0) {
			played->out_n += (size_t)n;
			if (until != NULL && strstr(played->out, until) != NULL)
				break;
			continue;
		}
		at_end = at_end || n != -EAGAIN;
		stream_want(child->out, at_end ? 0 : STREAM_READABLE);
		if (at_end && played->exits > 0)
			break;
		if (!task_park_wait(story->loop, &err)) {
			missed(story, "waiting", err.text);
			return;
		}
	}
	stream_want(child->out, 0);
}

static struct child *
open_child(struct story *story, const struct child_isolation *isolation, const char *const *words,
    struct played *played)
{
	const char *argv[8] = { self, "attack" };
	struct child_spec spec = { .argv = argv, .env = plain_env, .isolation = isolation };
	struct child *child = NULL;

	for (size_t i = 0; words[i] != NULL && i < 5; i++)
		argv[i + 2] = words[i];
	*played = (struct played){ .task = task_self(story->loop), .status = -1 };
	played->is_started = child_open_wait(story->loop, &spec, &child, &played->err);
	if (child == NULL)
		return NULL;
	child->on_exit = on_exit_note;
	child->owner = played;
	played->report = child->isolation;
	return child;
}

static void
play(struct story *story, const struct child_isolation *isolation, const char *const *words,
    struct played *played)
{
	struct child *child = open_child(story, isolation, words, played);

	if (child == NULL)
		return;
	output_wait(story, child, played, NULL);
	played->end = child->end;
	child_close(&child);
}

#define PLAY(story, isolation, played, ...) \
	play((story), (isolation), (const char *const[]){ __VA_ARGS__, NULL }, (played))

/* ---- stories --------------------------------------------------------------------------------- */

#define ANY (1u << 31)

/* Where none of `needs` is in force the row is skipped. */
static void
expect_held(struct story *story, const struct child_isolation *isolation, uint32_t needs,
    unsigned landlock, const char *const *words)
{
	struct played played;

	play(story, isolation, words, &played);
	if (!played.is_started) {
		missed(story, words[0], played.err.text);
		return;
	}
	if ((needs & ANY) == 0 && (played.report.parts & needs) == 0 &&
	    (landlock == 0 || played.report.landlock < landlock)) {
		print_message("# %s: %s %s: skipped because this machine has no part for it\n",
		    modes[story->mode].name, words[0], words[1] != NULL ? words[1] : "");
		return;
	}
	if (strncmp(played.out, "held", 4) != 0 || !WIFEXITED(played.status))
		missed(story, words[0], played.out_n > 0 ? played.out : "no answer");
}

#define HELD(needs, landlock, ...) \
	expect_held( \
	    story, &isolation, (needs), (landlock), (const char *const[]){ __VA_ARGS__, NULL })
#define FILES ISOLATE_BIT(MOUNTNS) | ISOLATE_BIT(LANDLOCK)
#define NET   ISOLATE_BIT(NETNS) | ISOLATE_BIT(SOCKETS)

static void
story_attacks(struct story *story)
{
	const char *const read[] = { ISOLATION_SYSTEM, story->home, NULL };
	const char *const write[] = { story->data, NULL };
	bool has_mounts = !modes[story->mode].no_namespaces;
	/* Below a path that is listed nothing can be hidden by Landlock alone. */
	const char *const hide[] = { has_mounts ? story->ssh : NULL, NULL };
	struct child_isolation isolation = {
		.read = read, .write = write, .hide = hide, .network = ISOLATION_NONE
	};
	char inside[128], outside[128], link[128];

	isolation.file_bytes = 64 * KIB;
	isolation.require = isolation_word(S("files")) | isolation_word(S("network"));
	snprintf(inside, sizeof inside, "%s/new", story->data);
	snprintf(outside, sizeof outside, "%s/new", story->home);
	snprintf(link, sizeof link, "%s/link", story->data);
	HELD(FILES, 0, "read", story->secret);
	HELD(ISOLATE_BIT(MOUNTNS), 0, "read", story->hidden);
	HELD(FILES, 0, "write", outside);
	HELD(FILES, 0, "link", link, story->secret);
	HELD(FILES, 0, "root");
	HELD(FILES, 0, "pids");
	HELD(ISOLATE_BIT(PIDNS), 6, "kill", story->pid);
	HELD(ISOLATE_BIT(SECCOMP), 0, "ptrace");
	HELD(ISOLATE_BIT(SECCOMP), 0, "mount");
	HELD(ISOLATE_BIT(SECCOMP), 0, "userns");
	HELD(ISOLATE_BIT(SECCOMP), 0, "syscalls");
	HELD(NET, 0, "connect", story->port);
	HELD(ISOLATE_BIT(NETNS), 6, "abstract", story->abstract);
	HELD(ISOLATE_BIT(SECCOMP), 0, "raw");
	HELD(ISOLATE_BIT(RLIMITS), 0, "file_size", inside);
	HELD(FILES, 0, "fds");
	HELD(ISOLATE_BIT(CAPS), 0, "privileges");
	HELD(ANY, 0, "stay");
}

/* What is listed is there: none of the above held because nothing works. */
static void
story_allowed(struct story *story)
{
	const char *const read[] = { ISOLATION_SYSTEM, story->home, NULL };
	const char *const write[] = { story->data, NULL };
	struct child_isolation isolation = { .read = read, .write = write };
	char inside[128], port[16];
	struct played played;

	snprintf(inside, sizeof inside, "%s/new", story->data);
	snprintf(port, sizeof port, "%s", story->port);
	PLAY(story, &isolation, &played, "read", story->shown);
	if (strncmp(played.out, "ESCAPED", 7) != 0)
		missed(story, "reading what is listed", played.out);
	PLAY(story, &isolation, &played, "write", inside);
	if (strncmp(played.out, "ESCAPED", 7) != 0)
		missed(story, "writing what is listed", played.out);
	PLAY(story, &isolation, &played, "connect", port);
	if (strncmp(played.out, "ESCAPED", 7) != 0)
		missed(story, "the host's network", played.out);
	isolation.network = ISOLATION_LOOPBACK;
	PLAY(story, &isolation, &played, "loopback");
	if ((played.report.parts & ISOLATE_BIT(NETNS)) != 0 &&
	    strncmp(played.out, "ESCAPED", 7) != 0)
		missed(story, "a loopback of its own", played.out);
	PLAY(story, &isolation, &played, "connect", port);
	if (strncmp(played.out, "held", 4) != 0)
		missed(story, "the host's loopback", played.out);
}

/* What an isolated child sends to its proxy's port arrives at a socket of the gateway's. */
static void
story_proxy(struct story *story)
{
	const char *const read[] = { ISOLATION_SYSTEM, NULL };
	const char *const words[] = { "connect", "3128", NULL };
	struct child_isolation isolation = { .read = read, .network = ISOLATION_EGRESS };
	struct played played;
	struct child *child = open_child(story, &isolation, words, &played);
	int fd;

	if (child == NULL) {
		missed(story, "proxy", played.err.text);
		return;
	}
	output_wait(story, child, &played, NULL);
	if ((played.report.parts & ISOLATE_BIT(NETNS)) == 0) {
		print_message("# %s: proxy: skipped because there is no network namespace\n",
		    modes[story->mode].name);
		if (strncmp(played.out, "held", 4) != 0)
			missed(story, "no proxy, and no network", played.out);
	} else {
		fd = child->proxy >= 0 ? accept4(child->proxy, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (strncmp(played.out, "ESCAPED", 7) != 0 || fd < 0)
			missed(story, "proxy", played.out);
		if (fd >= 0)
			close(fd);
	}
	child_close(&child);
}

static unsigned
descendants(void)
{
	struct processes list = { 0 };
	struct err err;
	unsigned n = 0;

	if (!processes_scan(&list, &err))
		return 1;
	for (size_t i = 0; i < list.n; i++)
		n += list.all[i].ppid == getpid();
	processes_fini(&list);
	return n;
}

static void
story_ends(struct story *story)
{
	const char *const read[] = { ISOLATION_SYSTEM, NULL };
	struct child_isolation isolation = { .read = read, .network = ISOLATION_NONE };
	const char *const words[] = { "wait_term", NULL },
			  *const stubborn[] = { "ignore_term", NULL };
	struct played played;
	struct child *child;

	PLAY(story, &isolation, &played, "exit", "7");
	if (!WIFEXITED(played.status) || WEXITSTATUS(played.status) != 7)
		missed(story, "exit status", played.err.text);
	PLAY(story, &isolation, &played, "die");
	if (!WIFSIGNALED(played.status) || WTERMSIG(played.status) != SIGABRT)
		missed(story, "ending by a signal", played.err.text);
	child = open_child(story, &isolation, words, &played);
	if (child == NULL) {
		missed(story, "wait_term", played.err.text);
		return;
	}
	output_wait(story, child, &played, "ready");
	child_stop(child, 1);
	output_wait(story, child, &played, NULL);
	if (!WIFEXITED(played.status) || WEXITSTATUS(played.status) != 9)
		missed(story, "TERM", "it did not reach the program");
	child_close(&child);
	child = open_child(story, &isolation, stubborn, &played);
	if (child == NULL) {
		missed(story, "ignore_term", played.err.text);
		return;
	}
	output_wait(story, child, &played, "ready");
	child_stop(child, 1);
	output_wait(story, child, &played, NULL);
	if (!WIFSIGNALED(played.status) || descendants() > 1) /* the keeper */
		missed(story, "KILL", "something of it is left");
	child_close(&child);
}

static void
story_limits(struct story *story)
{
	const char *const read[] = { ISOLATION_SYSTEM, NULL };
	struct child_isolation isolation = { .read = read, .network = ISOLATION_NONE };
	struct played played;

	isolation.memory_bytes = 128 * MIB;
	isolation.require = isolation_word(S("memory"));
	PLAY(story, &isolation, &played, "memory", "512");
	if (played.end != CHILD_END_MEMORY)
		missed(story, "memory", played.out_n > 0 ? played.out : played.err.text);
	isolation.memory_bytes = 0;
	isolation.processes = 32;
	isolation.require = isolation_word(S("processes"));
	PLAY(story, &isolation, &played, "forks", "3000");
	/* The kernel said no, soon, or the keeper has ended it. */
	if (played.end != CHILD_END_PROCESSES &&
	    (strncmp(played.out, "forks ", 6) != 0 || strtoul(played.out + 6, NULL, 10) > 400))
		missed(story, "processes", played.out_n > 0 ? played.out : played.err.text);
}

/* What cannot be had is said, and nothing is started. */
static void
story_refused(struct story *story)
{
	const char *const read[] = { ISOLATION_SYSTEM, NULL };
	const char *const missing[] = { "/no/such/place", NULL };
	const char *linked[] = { NULL, NULL }, *const write[] = { story->data, NULL };
	struct child_isolation isolation = { .read = missing, .network = ISOLATION_NONE };
	char link[128];
	struct played played;

	PLAY(story, &isolation, &played, "exit", "0");
	if (played.is_started || strstr(played.err.text, "/no/such/place") == NULL)
		missed(story, "a path that is not there", played.err.text);
	snprintf(link, sizeof link, "%s/way", story->data);
	if (symlink(story->secret, link) < 0)
		missed(story, link, strerror(errno));
	linked[0] = link;
	isolation.read = linked;
	isolation.write = write;
	PLAY(story, &isolation, &played, "exit", "0");
	if (played.is_started || strstr(played.err.text, "symbolic link") == NULL)
		missed(story, "a link in a place that may be written", played.err.text);
	unlink(link);
	isolation = (struct child_isolation){ .read = read, .network = ISOLATION_NONE };
	isolation.require = isolation_word(S("cgroup:memory"));
	PLAY(story, &isolation, &played, "exit", "0");
	if (played.is_started || strstr(played.err.text, "requires \"cgroup:memory\"") == NULL)
		missed(story, "a part that was not asked for", played.err.text);
	isolation.require = isolation_word(S("pidns")) | isolation_word(S("landlock"));
	PLAY(story, &isolation, &played, "exit", "0");
	if (modes[story->mode].no_namespaces &&
	    (played.is_started || strstr(played.err.text, "requires \"pidns\"") == NULL))
		missed(story, "no pid namespace", played.err.text);
	if (modes[story->mode].no_landlock &&
	    (played.is_started || strstr(played.err.text, "requires \"landlock\"") == NULL))
		missed(story, "no Landlock", played.err.text);
	isolation.require = 0;
	isolation.network = ISOLATION_LOOPBACK;
	isolation.require = isolation_word(S("network"));
	PLAY(story, &isolation, &played, "exit", "0");
	if (modes[story->mode].no_namespaces &&
	    (played.is_started || strstr(played.err.text, "requires \"network\"") == NULL))
		missed(story, "no loopback of its own", played.err.text);
}

/* ---- being a gateway of some kind ------------------------------------------------------------ */

/* New namespaces, or Landlock, as a system that does not have them answers. */
static bool
filter_set(enum mode mode)
{
	const unsigned no = SECCOMP_RET_ERRNO;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1),
		BPF_STMT(
		    BPF_RET | BPF_K, modes[mode].no_landlock ? no | ENOSYS : SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWNS | CLONE_NEWUSER, 0, 1),
		BPF_STMT(
		    BPF_RET | BPF_K, modes[mode].no_namespaces ? no | EPERM : SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = COUNT(code), .filter = code };

	if (!modes[mode].no_namespaces && !modes[mode].no_landlock)
		return true;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static bool
file_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool
places_make(struct story *story)
{
	snprintf(story->dir, sizeof story->dir, "/tmp/bascule-isolate-XXXXXX");
	if (mkdtemp(story->dir) == NULL)
		return false;
	snprintf(story->secret, sizeof story->secret, "%s/secret", story->dir);
	snprintf(story->data, sizeof story->data, "%s/data", story->dir);
	snprintf(story->home, sizeof story->home, "%s/home", story->dir);
	snprintf(story->ssh, sizeof story->ssh, "%s/home/.ssh", story->dir);
	snprintf(story->hidden, sizeof story->hidden, "%s/home/.ssh/id", story->dir);
	snprintf(story->shown, sizeof story->shown, "%s/home/notes", story->dir);
	snprintf(story->pid, sizeof story->pid, "%d", (int)getpid());
	return mkdir(story->data, 0700) == 0 && mkdir(story->home, 0700) == 0 &&
	    mkdir(story->ssh, 0700) == 0 && file_make(story->secret) && file_make(story->hidden) &&
	    file_make(story->shown);
}

static void
places_remove(struct story *story)
{
	static const char *const names[] = { "secret", "data/new", "data/link", "data/way", "data",
		"home/.ssh/id", "home/.ssh", "home/notes", "home" };
	char path[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", story->dir, names[i]);
		remove(path);
	}
	rmdir(story->dir);
}

/* Something to connect to, by TCP and by an abstract name. */
static bool
targets_open(struct story *story)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof at;

	if (tcp < 0 || bind(tcp, (struct sockaddr *)&at, sizeof at) < 0 || listen(tcp, 8) < 0 ||
	    getsockname(tcp, (struct sockaddr *)&at, &n) < 0)
		return false;
	snprintf(story->port, sizeof story->port, "%u", ntohs(at.sin_port));
	snprintf(story->abstract, sizeof story->abstract, "bascule-test-isolate-%s", story->pid);
	memcpy(name.sun_path + 1, story->abstract, strlen(story->abstract));
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(story->abstract));
	return local >= 0 && bind(local, (struct sockaddr *)&name, n) == 0 && listen(local, 8) == 0;
}

static void
story_task(void *arg)
{
	struct story *story = arg;

	story->fn(story);
	loop_stop(story->loop);
}

/* In a process of its own: a gateway of that kind plays one story.  0: all of it held. */
static int
gateway_run(enum mode mode, void (*fn)(struct story *))
{
	struct story story = { .mode = mode, .fn = fn };
	struct keeper *keeper;
	struct err err = { 0 };
	struct log *log;

	if (modes[mode].is_nobody && geteuid() == 0 &&
	    (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return 2;
	prctl(PR_SET_DUMPABLE, 1); /* after a change of user /proc/self is root's */
	if (!filter_set(mode) || !places_make(&story) || !targets_open(&story))
		return 3;
	keeper = keeper_fork(&err);
	if (keeper == NULL)
		return 4;
	log = log_new(2, LOG_WARN, LOG_TEXT, "test");
	story.loop = loop_new(&keeper, log, &err);
	if (story.loop == NULL ||
	    !group_spawn(story.loop, &story.group, "story", story_task, &story, &err))
		return 5;
	loop_run(story.loop);
	loop_free(&story.loop);
	log_free(&log);
	places_remove(&story);
	arena_drain();
	return story.failures > 0 || descendants() > 0 ? 1 : 0;
}

static void
play_all(void (*fn)(struct story *))
{
	int status = 0;
	pid_t pid;

	for (unsigned mode = 0; mode < MODES_N; mode++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(gateway_run((enum mode)mode, fn));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status != 0)
			print_message("%s: status %x\n", modes[mode].name, (unsigned)status);
		assert_int_equal(status, 0);
	}
}

static void
test_attacks(void **state)
{
	play_all(story_attacks);
}

static void
test_allowed(void **state)
{
	play_all(story_allowed);
}

static void
test_proxy(void **state)
{
	play_all(story_proxy);
}

static void
test_ends(void **state)
{
	play_all(story_ends);
}

static void
test_limits(void **state)
{
	play_all(story_limits);
}

static void
test_refused(void **state)
{
	play_all(story_refused);
}

static void
test_words(void **state)
{
	struct isolation_report report = { ISOLATE_BIT(USERNS) | ISOLATE_BIT(LANDLOCK), 5 };
	struct buf out;

	assert_int_equal(isolation_word(S("userns")), ISOLATE_BIT(USERNS));
	assert_int_equal(isolation_word(S("watchdog:memory")), ISOLATE_BIT(WATCH_MEMORY));
	assert_int_not_equal(isolation_word(S("files")), 0);
	assert_int_equal(isolation_word(S("filesystem")), 0);
	buf_init(&out, NULL, KIB);
	isolation_print(&report, &out);
	assert_true(slice_eq(buf_view(&out), S("userns landlock:5")));
	buf_clear(&out);
	report.parts = 0;
	isolation_print(&report, &out);
	assert_true(slice_eq(buf_view(&out), S("none")));
	buf_fini(&out);
}

/* What the configuration lets one require is what the keeper knows. */
static void
test_words_of_config(void **state)
{
	struct isolation_report report = { .parts = (1u << ISOLATE_N) - 1 };
	struct buf text, words;
	struct config *config;
	struct err err = { 0 };
	struct slice rest, word;

	buf_init(&words, NULL, KIB);
	buf_init(&text, NULL, 4 * KIB);
	isolation_print(&report, &words);
	buf_puts(&words, " files network memory processes");
	buf_puts(&text, "upstreams:\n  - {name: a, command: [/x], sandbox: {require: [nnp");
	rest = buf_view(&words);
	while (rest.p != NULL) {
		word = slice_cut(rest, ' ', &rest);
		if (slice_starts(word, S("landlock")))
			word = S("landlock");
		buf_printf(&text, ", \"%.*s\"", SLICE_FMT(word));
	}
	buf_puts(&text, "]}}\n");
	if (!config_parse(
		buf_view(&text), "c", "/", (const char *const[]){ NULL }, NULL, &config, &err))
		print_message("%s\n", err.text);
	assert_int_equal(err.kind, ERR_NONE);
	assert_int_equal(config->upstreams[0].sandbox.require_n, ISOLATE_N + 5);
	for (size_t i = 0; i < config->upstreams[0].sandbox.require_n; i++)
		assert_int_not_equal(isolation_word(config->upstreams[0].sandbox.require[i]), 0);
	config_free(&config);
	buf_fini(&text);
	buf_fini(&words);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_of_config),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_refused),
	};
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc > 1 && strcmp(argv[1], "attack") == 0)
		return attack(argc, argv);
	if (n <= 0)
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

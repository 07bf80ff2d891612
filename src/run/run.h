/*
 * run: the loop and what runs on it.  One thread, no locks.
 *
 * Two floors.  Ground floor: callbacks of streams and timers, short, never waiting.  Upper floor:
 * tasks (stackful coroutines), straight code; every function that may park ends in _wait or takes
 * the exchange or call it works for.  Clock, sockets, pipes, children and randomness are reached
 * only through the seam below, so that a simulation can stand in for the machine.
 *
 * One turn of the loop: wait for events; callbacks of ready streams; timers that are due; deferred
 * work and woken tasks until none is left that was queued before this turn; flush the log.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/base.h"

struct loop;
struct task;
struct stream;
struct listener;
struct child;
struct keeper;

/* ---- the seam ------------------------------------------------------------------------------ */

#define ADDRESS_TEXT 128

/* Where to connect or listen: an IP address with port, or a Unix socket path. */
struct address {
	bool is_unix;
	bool is_ipv6;
	uint8_t ip[16]; /* network order; IPv4 in the first 4 */
	uint16_t port;
	char path[108];
};

/* "127.0.0.1:80", "[::1]:80", "unix:/path" into text. */
void address_print(const struct address *address, char text[ADDRESS_TEXT]);
/* Literal "IP:port", "[IP6]:port", "unix:/path"; names are net's business. */
MUST_CHECK bool address_parse(struct slice text, struct address *out, struct err *err);
/* Returns the length for bind(2) and connect(2). */
socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *out);
bool address_is_loopback(const struct address *address); /* Unix sockets are */
/* Of the public Internet: not loopback, private, link-local, shared, multicast or reserved, nor an
 * IPv6 address that stands for such an IPv4 one. */
bool address_is_public(const struct address *address);

#define STREAM_READABLE 1u
#define STREAM_WRITABLE 2u

/*
 * A non-blocking stream of bytes: socket, pipe, terminal, TLS over one of them, or a simulated one.
 * Readiness is level-triggered: on_ready is called while a wanted event holds.  No callback comes
 * after stream_close(); it may be called from within on_ready.
 */
struct stream_ops {
	/* > 0 bytes, 0 end of stream, -EAGAIN, or another -errno. */
	ssize_t (*read)(struct stream *stream, void *to, size_t n);
	ssize_t (*writev)(struct stream *stream, const struct iovec *iov, int n);
	void (*want)(struct stream *stream, unsigned events);
	void (*shutdown)(struct stream *stream); /* no more writes: the peer sees the end */
	void (*close)(struct stream *stream);
};

struct stream {
	const struct stream_ops *ops;
	struct loop *loop;
	void (*on_ready)(void *owner, unsigned events);
	void *owner;
};

ssize_t stream_read(struct stream *stream, void *to, size_t n);
ssize_t stream_writev(struct stream *stream, const struct iovec *iov, int n);
void stream_want(struct stream *stream, unsigned events); /* 0: nothing, as when new */
void stream_shutdown(struct stream *stream);
void stream_close(struct stream **stream); /* *stream NULL: nothing */

/* A listening socket. on_accept gets a stream that it owns. */
struct listener {
	struct loop *loop;
	void (*on_accept)(void *owner, struct stream *stream, const struct address *peer);
	void *owner;
	struct address address; /* where it really listens: port 0 filled in */
	void *seam_private;
};

/* What a child reaches over the network; what is missing to hold it makes it less, never more. */
enum isolation_network {
	ISOLATION_HOST,	    /* as the gateway */
	ISOLATION_NONE,	    /* nothing, not even loopback */
	ISOLATION_LOOPBACK, /* a loopback of its own */
	ISOLATION_EGRESS    /* the same; its port ISOLATION_PROXY_PORT is handed to the gateway */
};
#define ISOLATION_PROXY_PORT 3128
#define ISOLATION_PATHS_MAX  128u /* of all lists of one child together */

/* The parts that may be in force around a child, and their words (docs/isolation.md). */
/* clang-format off */
#define ISOLATION_PARTS(X)							\
	X(USERNS,	"userns")	/* user namespace */			\
	X(MOUNTNS,	"mountns")	/* only the listed paths are there */	\
	X(PIDNS,	"pidns")	/* sees and signals its own only */	\
	X(NETNS,	"netns")						\
	X(IPCNS,	"ipcns")						\
	X(UTSNS,	"utsns")						\
	X(PROC,		"proc")		/* a /proc of its own pids */		\
	X(LANDLOCK,	"landlock")						\
	X(SECCOMP,	"seccomp")						\
	X(SOCKETS,	"sockets")	/* seccomp: Unix sockets only */	\
	X(NNP,		"nnp")		/* no new privileges */			\
	X(CAPS,		"caps")		/* has no capability */			\
	X(RLIMITS,	"rlimits")						\
	X(CGROUP,	"cgroup")	/* a cgroup of its own (v2) */		\
	X(CGROUP_MEMORY, "cgroup:memory")					\
	X(CGROUP_PIDS,	"cgroup:processes")					\
	X(CGROUP_CPU,	"cgroup:cpu")						\
	X(PID_MAX,	"pidmax")	/* of its pid namespace */		\
	X(WATCH_MEMORY,	"watchdog:memory")					\
	X(WATCH_PIDS,	"watchdog:processes")
/* clang-format on */
enum isolation_part {
#define X(part, word) ISOLATE_##part,
	ISOLATION_PARTS(X)
#undef X
	    ISOLATE_N
};
#define ISOLATE_BIT(part) (1u << ISOLATE_##part)

/*
 * How a child is kept apart.  Paths are absolute; lists end in NULL, NULL: an empty one.  Where
 * there are mount namespaces the child sees these paths, /tmp, /dev and /proc of its own, and
 * nothing else.  Numbers 0: no limit.  `require` are bits of isolation_word(): the start fails when
 * one does not hold.
 */
struct child_isolation {
	const char *const *read, *const *write; /* [ISOLATION_SYSTEM]: what programs need to run */
	const char *const *hide;		/* below them; what is not there is passed over */
	enum isolation_network network;
	uint64_t memory_bytes; /* resident, of the whole tree */
	uint64_t cpu_s;	       /* of one process */
	uint64_t processes;    /* of the whole tree */
	uint64_t files;	       /* open in one process */
	uint64_t file_bytes;   /* of one file that it writes */
	uint64_t umask;	       /* of the child; 0: 077 */
	uint64_t cpu_percent;  /* of one core, of the whole tree; only where there are cgroups */
	uint32_t require;
};
#define ISOLATION_SYSTEM "system" /* as a path: programs, libraries, and some files of /etc */

/* What is in force: bits of parts, and the version of Landlock (0: none). */
struct isolation_report {
	uint32_t parts;
	unsigned landlock;
};
/*
 * What of it this machine has, for people: by trying, in a child or two that end at once.  Blocks;
 * for a process with one thread.  Nothing is changed.
 */
#define LIBSECCOMP "libseccomp.so.2" /* loaded when a child is isolated */
struct isolation_means {
	bool has_namespaces, has_proc; /* all namespaces; with a /proc of their own */
	bool has_filter;	       /* seccomp, and the library that makes its filters */
	bool has_cgroup;	       /* the group that this process is in may be written */
	unsigned landlock;
};
void isolation_look(struct isolation_means *out);

/* The bit of a word of `require`: a part, or one of files, network, memory, processes, which hold
 * when one of the parts that can do it is in force, or nothing is asked for.  0: no such word. */
uint32_t isolation_word(struct slice word);
/* "userns mountns ... landlock:7 seccomp"; "none" where nothing is. */
void isolation_print(const struct isolation_report *report, struct buf *out);

struct child_spec {
	const char *const *argv; /* argv[0]: absolute path, or looked up in PATH of env */
	const char *const *env;	 /* the whole environment, NULL-ended */
	const char *cwd; /* NULL: the gateway's (isolated: or "/", where that is not seen) */
	const struct child_isolation *isolation; /* NULL: none */
	unsigned kill_ms;			 /* child_stop(): from TERM to KILL; 0: 2 s */
};

/* Why the keeper itself ended a child. */
enum child_end { CHILD_END_ITSELF, CHILD_END_MEMORY, CHILD_END_PROCESSES };

/*
 * A started program with its three pipes.  The keeper owns the process; what stands here is the
 * gateway's end.  on_exit comes once, with the status of waitpid(2), after the process and every
 * descendant that it left behind are gone; the streams may still hold unread bytes then.
 */
struct child {
	struct loop *loop;
	struct stream *in, *out, *err; /* owned by the child; the user may close them earlier */
	pid_t pid;
	void (*on_exit)(void *owner, int status);
	void *owner;
	uint64_t id; /* the seam's */
	struct isolation_report isolation;
	enum child_end end; /* known when on_exit is called */
	/* Only with ISOLATION_EGRESS: where what it sends to its proxy arrives, a listening socket
	 * that does not block.  The child's; -1: it was refused. */
	int proxy;
};

struct seam_ops {
	uint64_t (*now_ms)(void *seam); /* monotonic */
	uint64_t (*unix_ms)(void *seam);
	uint64_t (*unix_ns)(void *seam); /* NULL in the table: milliseconds will do */
	void (*random)(void *seam, void *to, size_t n);
	/* Calls what is ready; waits for it at most timeout_ms (-1: for ever, 0: not at all). */
	void (*turn)(void *seam, int64_t timeout_ms);
	/* Becomes writable when connected; a failed connection shows as an error of the first write
	 * or read. */
	struct stream *(*connect)(void *seam, const struct address *to, struct err *err);
	bool (*listen)(
	    void *seam, struct listener *listener, const struct address *at, struct err *err);
	/* A listening socket that is there already; its descriptor is taken over in any case.  NULL
	 * in the table: this machine has no descriptors. */
	bool (*listen_on)(void *seam, struct listener *listener, int fd, struct err *err);
	void (*listener_close)(void *seam, struct listener *listener);
	struct stream *(*stdio)(void *seam, int fd, struct err *err); /* 0 or 1 */
	/* NULL in the table: there is nothing to watch on this machine. */
	struct stream *(*watch)(void *seam, int fd, struct err *err);
	/* Starts it; done(ctx) is called later, once, with a child or (NULL and err). */
	void (*child_start)(void *seam, const struct child_spec *spec,
	    void (*done)(void *ctx, struct child *child, const struct err *err), void *ctx);
	void (*child_stop)(void *seam, struct child *child, unsigned grace_ms);
	void (*child_free)(void *seam, struct child *child);
	/* Runs work(arg) away from the loop (a thread; in simulation at once), then done(arg) on
	 * it. */
	void (*offload)(void *seam, const char *helper, void (*work)(void *arg),
	    void (*done)(void *arg), void *arg);
	void (*signal)(void *seam, int signo, void (*fn)(void *ctx, int signo), void *ctx);
	void (*close)(void *seam);
};

/* ---- loop ---------------------------------------------------------------------------------- */

/*
 * The real machine: libuv and the keeper's socket.  Takes over keeper (may be NULL: the first child
 * then starts one by executing /proc/self/exe).
 */
struct loop *loop_new(struct keeper **keeper, struct log *log, struct err *err);
/* Any machine; seam is handed to ops and closed with the loop. */
struct loop *loop_new_on(const struct seam_ops *ops, void *seam, struct log *log);
void loop_free(struct loop **loop); /* no task may be left */
void loop_run(struct loop *loop);   /* until loop_stop() */
void loop_stop(struct loop *loop);
/*
 * One turn; false when neither before nor after it anything was queued, no timer ran and no task
 * was due: nothing more can happen but by what the machine itself still holds (for simulation).
 */
bool loop_turn(struct loop *loop, int64_t timeout_ms);

uint64_t loop_now_ms(const struct loop *loop);	/* monotonic, of this turn */
uint64_t loop_unix_ms(const struct loop *loop); /* likewise */
uint64_t loop_unix_ns(const struct loop *loop); /* of this very moment, as far as the seam tells */
void loop_random(struct loop *loop, void *to, size_t n);
uint64_t loop_seed(const struct loop *loop); /* of hash tables; one a loop */
struct log *loop_log(const struct loop *loop);
struct metrics *loop_metrics(struct loop *loop);
/* The longest time that one turn of the last one to two minutes worked; 0 in simulation. */
uint64_t loop_lag_us(struct loop *loop);
struct memory *loop_memory(struct loop *loop); /* limits.memory: set its limit_bytes */
/* SIGHUP, SIGTERM, SIGINT ...: at most one function a signal. */
void loop_on_signal(struct loop *loop, int signo, void (*fn)(void *ctx, int signo), void *ctx);

struct stream *loop_connect(struct loop *loop, const struct address *to, struct err *err);
MUST_CHECK bool loop_listen(
    struct loop *loop, struct listener *listener, const struct address *at, struct err *err);
/* The same on a listening socket that does not block; *fd is taken over, and -1 then. */
MUST_CHECK bool
loop_listen_on(struct loop *loop, struct listener *listener, int *fd, struct err *err);
void listener_close(struct listener *listener);
struct stream *loop_stdio(struct loop *loop, int fd, struct err *err);
/*
 * Readiness of a socket that a library opened, reads and writes: of the stream only stream_want()
 * and stream_close() are of use, and the descriptor stays the library's.  Close the stream before
 * it closes the descriptor.  NULL: ERR_UNAVAILABLE (a simulated machine has no descriptors).
 */
struct stream *loop_watch(struct loop *loop, int fd, struct err *err);

/* Work for the end of this turn, or of the next one when queued by such work.  Intrusive, queued at
 * most once; cancelled by deferred_stop(). Zero-initialise. */
struct deferred {
	struct deferred *next, *prev;
	void (*fn)(struct deferred *self);
	bool is_queued;
};
void loop_defer(struct loop *loop, struct deferred *deferred, void (*fn)(struct deferred *));
void deferred_stop(struct loop *loop, struct deferred *deferred);

/* Fires once. Intrusive; may be restarted or stopped at any time. Zero-initialise. */
struct timer {
	uint64_t at_ms;
	size_t place; /* 1-based place in the heap, 0: not running */
	void (*fn)(struct timer *self);
};
void
timer_start(struct loop *loop, struct timer *timer, uint64_t at_ms, void (*fn)(struct timer *));
void timer_stop(struct loop *loop, struct timer *timer);

/* ---- tasks --------------------------------------------------------------------------------- */

/*
 * A group holds the tasks it started; whoever owns the group leaves only after group_wait() or
 * group_drain().  No detached tasks.  Zero-initialise.
 */
struct group {
	struct task *first;
	unsigned running;
	struct task *waiter;
};

#define TASK_STACK_BYTES (64 * KIB)
#define TASK_NAME	 24

/*
 * Starts fn(arg) at the end of this turn.  name: for the debugger and the log, copied, cut.
 * ERR_LIMIT when the loop's ceiling of tasks (loop_set_tasks_max, default 4,000) is reached.
 */
MUST_CHECK bool group_spawn(struct loop *loop, struct group *group, const char *name,
    void (*fn)(void *arg), void *arg, struct err *err);
/* Cuts short the waits of every task of the group: they return false with `why`. */
void group_cancel(struct group *group, enum errkind why);
/* Waits until no task of the group is left.  When the waiting task is itself cut, its children are
 * cut with the same reason and still waited for; returns false then. */
MUST_CHECK bool group_wait(struct loop *loop, struct group *group, struct err *err);
/* As group_wait without being cut, after group_cancel(): for clean-up. */
void group_drain(struct loop *loop, struct group *group);
void loop_set_tasks_max(struct loop *loop, unsigned max);
unsigned loop_tasks(const struct loop *loop);

struct task *task_self(struct loop *loop); /* NULL on the ground floor */
const char *task_name(const struct task *task);
/*
 * Parks until task_wake(); a wake that came before is not lost.  False when cut: err says
 * ERR_CANCELLED or ERR_DEADLINE, and so will every later wait of this task.  Whoever parks takes
 * back what it registered before it returns.  Spurious wakes are possible: test the condition.
 */
MUST_CHECK bool task_park_wait(struct loop *loop, struct err *err);
void task_wake(struct task *task);
void task_cancel(struct task *task, enum errkind why);
MUST_CHECK bool task_sleep_wait(struct loop *loop, uint64_t ms, struct err *err);
/* Lets the loop turn once. */
MUST_CHECK bool task_yield_wait(struct loop *loop, struct err *err);
/* Parks until woken or at_ms (then *timed_out is true and the result is true). */
MUST_CHECK bool
task_park_until_wait(struct loop *loop, uint64_t at_ms, bool *timed_out, struct err *err);

/* Deadline of a task: at at_ms its wait is cut with ERR_DEADLINE. 0: none. Calls replace each
 * other. */
void task_deadline(struct task *task, uint64_t at_ms);
/* Time between stop and start does not count (a person answers). Nested calls count. */
void task_clock_stop(struct task *task);
void task_clock_start(struct task *task);
/* ERR_NONE, or why the task was cut. */
enum errkind task_cut(const struct task *task);
/* Deepest use of any task's stack in bytes since the start (painted stacks; tests only). */
size_t task_stack_high_water(void);
void task_stack_paint(bool on);

/*
 * Calls fn(arg) at once on the stack that the loop itself runs on, which is deep: for libraries
 * whose calls nest as far as their input says.  In it nothing may wait: task_self() is NULL.
 */
void loop_call_deep(struct loop *loop, void (*fn)(void *arg), void *arg);

/* Ground floor: work(arg) on the named helper thread, then done(arg) on the loop, always. */
void loop_offload(struct loop *loop, const char *helper, void (*work)(void *arg),
    void (*done)(void *arg), void *arg);
/* Calls work(arg) on the named helper thread and waits for it; this wait is not cut short. */
void helper_run_wait(struct loop *loop, const char *helper, void (*work)(void *arg), void *arg);

/* ---- the service manager (service.c) --------------------------------------------------------- */

/*
 * What systemd, and who speaks as it does, hands over and wants to hear: sd_listen_fds(3),
 * sd_notify(3), sd_watchdog_enabled(3).  Takes it out of the environment; before any thread.
 */
struct service;
enum service_state { SERVICE_READY, SERVICE_RELOADING, SERVICE_STOPPING };
struct service *service_take(void);
void service_free(struct service **service); /* before its loop; *service NULL: nothing */
/* loop_listen() finds the sockets that were handed over by their addresses from now on; the
 * watchdog is fed. */
void service_begin(struct service *service, struct loop *loop);
/* status: a few words for people. Never waits. */
void service_tell(struct service *service, enum service_state state, const char *status);
/* Closes the sockets that nobody listened on, and says so. */
void service_unused(struct service *service);

/* ---- keeper and children ------------------------------------------------------------------- */

#define KEEPER_ARG "--keeper" /* hidden first argument of the executed keeper */

/* Forks the keeper.  Call before threads, loops and large allocations; NULL: err. */
struct keeper *keeper_fork(struct err *err);
/* Ends a keeper that no loop took over, with all below it; *keeper NULL: nothing. */
void keeper_close(struct keeper **keeper);
/* The keeper's main, for the hidden argument: fd is its end of the socket. */
int keeper_main(int fd);

/*
 * Starts a program through the keeper. ERR_UNAVAILABLE says what failed: chdir, exec, ...  Set
 * on_exit before the next wait: an exit that nobody listens to is not told later.
 */
MUST_CHECK bool child_open_wait(
    struct loop *loop, const struct child_spec *spec, struct child **out, struct err *err);
/* Closes its stdin; after grace_ms the keeper sends TERM to the tree, 2 s (or kill_ms of its spec)
 * later KILL. on_exit tells. */
void child_stop(struct child *child, unsigned grace_ms);
/* Closes the streams and forgets it: no callback any more; what still runs is killed at once. */
void child_close(struct child **child);

#endif

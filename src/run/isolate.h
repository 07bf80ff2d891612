/*
 * isolate: what the keeper puts around a child before it becomes the program.
 *
 * Three steps.  The keeper finds out once what this machine allows (isolate_probe).  For a start it
 * plans with that (isolate_plan_open): what is asked for, what can be held, what of `require` is
 * missing.  The forked child then does the plan, part by part (isolate_enter); a part that fails is
 * a start that fails.  Between fork and exec nothing allocates memory.  Private to run/.
 */
#ifndef RUN_ISOLATE_H
#define RUN_ISOLATE_H

#include <limits.h>
#include <linux/filter.h>
#include <sys/types.h>

#include "base/base.h"
#include "run/run.h"

#define ISOLATE_WHY_BYTES 128

/* One page that the keeper and the child share until exec; a child's init keeps it to its end. */
struct isolate_shared {
	volatile uint32_t parts; /* in force */
	volatile uint32_t landlock;
	volatile int32_t status; /* of the program, from its init */
	volatile uint32_t has_status;
	char why[ISOLATE_WHY_BYTES]; /* what failed, in words */
};

enum way_kind { WAY_HIDE, WAY_READ, WAY_WRITE };

/* A path of the plan: as written, and where it leads. */
struct way {
	enum way_kind kind;
	bool is_optional, is_dir;
	const char *written;
	int fd; /* O_PATH; -1: it is not there */
	char real[PATH_MAX];
};

struct isolate_filter {
	struct sock_filter *code;
	unsigned short n;
};

/* What this machine allows; the keeper's, made when the first isolated child is started. */
struct isolate {
	bool is_probed;
	bool has_namespaces; /* all of them */
	bool has_userns;     /* they are made in a user namespace of their own */
	bool has_proc, has_pid_max;
	unsigned landlock;		  /* version of its interface; 0: none */
	struct isolate_filter filters[2]; /* [1]: Unix sockets only; code NULL: no seccomp */
	struct isolate_cgroup *cgroup;	  /* NULL: none that is ours to divide */
};

struct isolate_plan {
	const struct isolate *isolate;
	const struct child_isolation *wanted;
	struct isolate_shared *shared;
	unsigned long clone_flags; /* 0: no namespaces */
	bool may_inet;		   /* sockets other than Unix ones */
	uint32_t parts;		   /* that will be in force */
	struct way *ways;
	struct way *order[ISOLATION_PATHS_MAX + 64]; /* of those that are there, parents first */
	size_t ways_n, order_n;
	char rest[PATH_MAX], text[PATH_MAX]; /* for the walk */
	uid_t uid;
	gid_t gid;
	int cgroup_fd; /* cgroup.procs of the child's group; -1: none */
	char cgroup_name[64];
	int proxy[2]; /* a socket pair that the child sends its listener on; -1: no egress */
};

void isolate_probe(struct isolate *isolate);
void isolate_fini(struct isolate *isolate);

/* The plan for one child; false: it cannot be as it must (why, in words).  *plan and what wanted
 * points to must stay until the child is forked; close the plan in any case. */
MUST_CHECK bool isolate_plan_open(struct isolate *isolate, const struct child_isolation *wanted,
    const char *program, uint64_t id, struct isolate_plan *plan, char why[ISOLATE_WHY_BYTES]);
void isolate_plan_close(struct isolate_plan *plan);
/* fork(2) into the namespaces of the plan. */
pid_t isolate_fork(const struct isolate_plan *plan);

/*
 * In the child: everything but the filter of system calls.  Returns in the process that becomes the
 * program; with a pid namespace that is another one than came in, whose init stays behind and hands
 * over its status.  0 or an errno; shared->why then says what failed.
 */
int isolate_enter(struct isolate_plan *plan);
/* In the child, before: moves the descriptors that it still needs to `first` and on; the first
 * number behind them. */
int isolate_fds_keep(struct isolate_plan *plan, int first);
/* The listener that a started child has sent, -1: none.  Closes *socket. */
int isolate_proxy_receive(int *socket);
/* The last thing before exec. */
int isolate_filter_apply(struct isolate_plan *plan);

/* ---- the parts (each in its own file) ------------------------------------------------------- */

/* Notes what failed and returns error. */
int isolate_why(struct isolate_shared *shared, int error, const char *fmt, ...) PRINTF(3, 4);

/* isolate_ways.c: opens every way from root (O_PATH of what is "/" now), sorts them, parents first.
 * A symbolic link where a child could write is not followed.  links (may be NULL) is told of every
 * other one. */
typedef void isolate_link_fn(void *ctx, const char *real_dir, const char *name, const char *target);
int isolate_ways_open(struct isolate_plan *plan, int root, isolate_link_fn *links, void *ctx);
bool isolate_is_below(const char *path, const char *dir); /* or the same */

/* isolate_mounts.c: a new root with the ways of the plan. */
int isolate_mounts_enter(struct isolate_plan *plan);

/* isolate_filter.c */
void isolate_filters_make(struct isolate_filter filters[2]);
void isolate_filters_free(struct isolate_filter filters[2]);

/* isolate_landlock.c */
unsigned isolate_landlock_version(void); /* 0: none */
int isolate_landlock_enter(struct isolate_plan *plan);

/* isolate_limits.c: rlimits, privileges, loopback, the pid namespace's init. */
int isolate_ids_map(const struct isolate_plan *plan);
int isolate_loopback_up(struct isolate_shared *shared);
int isolate_listener_send(struct isolate_plan *plan);
int isolate_rlimits_set(struct isolate_plan *plan);
int isolate_privileges_drop(struct isolate_plan *plan);

/* isolate_cgroup.c */
struct isolate_cgroup *isolate_cgroup_find(void); /* NULL: none */
bool isolate_cgroup_can_be(void); /* changes nothing; who else is in the group is not asked */
void isolate_cgroup_free(struct isolate_cgroup **cgroup);
bool isolate_cgroup_make(const struct isolate_cgroup *cgroup, struct isolate_plan *plan);
/* Did the kernel end something in it for want of memory? */
bool isolate_cgroup_ran_out(const struct isolate_cgroup *cgroup, const char *name);
/* Nothing may be in it any more. */
void isolate_cgroup_remove(const struct isolate_cgroup *cgroup, const char *name);

#endif

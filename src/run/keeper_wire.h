/*
 * keeper_wire: the messages between gateway and keeper, over a SEQPACKET socket.
 *
 * Messages are small and of one size; what is large (argv and environment) travels in a memory file
 * whose descriptor goes with START, so that no limit of datagrams matters.  Both ends are the same
 * binary, so a struct is the format.  Private to run/.
 */
#ifndef RUN_KEEPER_WIRE_H
#define RUN_KEEPER_WIRE_H

#include "base/base.h"
#include "run/run.h"

#define KEEPER_FDS     3
#define KEEPER_FDS_MAX (KEEPER_FDS + 1) /* and the listener of an egress proxy */
#define KEEPER_TEXT    128		/* so that a message is still a small one to the kernel */
/* In the environment of every child: "outer/key-id", by which descendants are recognised. */
#define KEEPER_MARKER	 "BASCULE_CHILD"
#define SPEC_BYTES_MAX	 (4 * MIB)
#define SPEC_STRINGS_MAX 65536u

enum keeper_type {
	KEEPER_START = 1, /* id; descriptor: the spec */
	KEEPER_STOP,	  /* id, value: grace in ms */
	KEEPER_KILL,	  /* id */
	KEEPER_STARTED,	  /* id, pid, parts, landlock; descriptors: stdin, stdout, stderr */
	KEEPER_FAILED,	  /* id, step, value: errno, text: of STEP_ISOLATE */
	KEEPER_EXITED	  /* id, value: wait status, end; the last about this id */
};

/* What failed on the way to a running program. */
enum keeper_step {
	STEP_NONE,
	STEP_SPEC,
	STEP_PIPE,
	STEP_FORK,
	STEP_PREPARE,
	STEP_CHDIR,
	STEP_EXEC,
	STEP_ISOLATE
};

struct keeper_msg {
	uint32_t type, step;
	uint64_t id;
	int32_t value, pid;
	uint32_t parts, landlock, end; /* struct isolation_report, enum child_end */
	char text[KEEPER_TEXT];
};

/* Received descriptors; -1: none. */
struct keeper_fds {
	int fd[KEEPER_FDS_MAX];
};

/* 0 or an errno; EAGAIN when the socket does not block and is full. */
int keeper_send(int socket, const struct keeper_msg *msg, const int *fds, unsigned n_fds);
/* 1: a message; 0: the other end is gone; -EAGAIN: nothing there.  The descriptors are the
 * caller's. */
int keeper_receive(int socket, struct keeper_msg *msg, struct keeper_fds *fds);
void keeper_fds_close(struct keeper_fds *fds);

/* The gateway's side: a memory file that holds the spec; -1: err (ERR_LIMIT, ERR_UNAVAILABLE). */
int keeper_spec_write(const struct child_spec *spec, struct err *err);

/* The keeper's side. */
struct keeper_spec {
	char *bytes;
	char **argv;
	char **env;	  /* env[0] is free for the keeper's own variable */
	const char *cwd;  /* NULL: the keeper's, which is the gateway's */
	uint32_t kill_ms; /* of struct child_spec */
	bool is_isolated;
	struct child_isolation isolation;
	char **paths; /* of its three lists */
};
/* 0 or an errno. */
int keeper_spec_read(int fd, struct keeper_spec *out);
void keeper_spec_fini(struct keeper_spec *spec);

/* Closes every descriptor from `first` on. */
void keeper_close_from(int first);

#endif

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

#define KEEPER_FDS 3
/* In the environment of every child: "outer/key-id", by which descendants are recognised. */
#define KEEPER_MARKER	 "BASCULE_CHILD"
#define SPEC_BYTES_MAX	 (4 * MIB)
#define SPEC_STRINGS_MAX 65536u

enum keeper_type {
	KEEPER_START = 1, /* id; descriptor: the spec */
	KEEPER_STOP,	  /* id, value: grace in ms */
	KEEPER_KILL,	  /* id */
	KEEPER_STARTED,	  /* id, pid; descriptors: stdin, stdout, stderr */
	KEEPER_FAILED,	  /* id, step, value: errno */
	KEEPER_EXITED	  /* id, value: wait status; the last about this id */
};

/* What failed on the way to a running program. */
enum keeper_step {
	STEP_NONE,
	STEP_SPEC,
	STEP_PIPE,
	STEP_FORK,
	STEP_PREPARE,
	STEP_CHDIR,
	STEP_EXEC
};

struct keeper_msg {
	uint32_t type, step;
	uint64_t id;
	int32_t value, pid;
};

/* Received descriptors; -1: none. */
struct keeper_fds {
	int fd[KEEPER_FDS];
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
	char **env;	 /* env[0] is free for the keeper's own variable */
	const char *cwd; /* NULL: the keeper's, which is the gateway's */
};
/* 0 or an errno. */
int keeper_spec_read(int fd, struct keeper_spec *out);
void keeper_spec_fini(struct keeper_spec *spec);

/* Closes every descriptor from `first` on. */
void keeper_close_from(int first);

#endif

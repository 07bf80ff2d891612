/*
 * keeper_house: what the keeper knows of its children (wards), shared by its three parts: keeper.c
 * (its loop and messages), keeper_start.c (from a request to a running program) and keeper_end.c
 * (what descends from whom, what they use, and how they end).  Private to run/.
 */
#ifndef RUN_KEEPER_HOUSE_H
#define RUN_KEEPER_HOUSE_H

#include <sys/types.h>

#include "run/isolate.h"
#include "run/keeper_wire.h"
#include "run/process_tree.h"

#define KEEPER_NEVER	     UINT64_MAX
#define KEEPER_MARK_BYTES    256
#define KEEPER_LOOK_MIN_MS   1
#define KEEPER_WATCH_NEAR_MS 50 /* where a limit is not far */

enum phase {
	STARTING, /* forked; the outcome of exec is not known yet */
	RUNNING,
	GRACE,	/* told to stop: its input is closed */
	TERMED, /* the tree has got TERM */
	DOOMED	/* exited, or to be killed: what is left of the tree dies */
};

struct ward {
	struct ward *next;
	uint64_t id;
	pid_t pid;
	uint64_t start_ticks;
	enum phase phase;
	uint64_t due_ms;       /* end of GRACE or TERMED; KEEPER_NEVER */
	uint32_t kill_ms;      /* from TERM to KILL; 0: as usual */
	int status_fd;	       /* the pipe that exec closes; -1: read */
	int pipes[KEEPER_FDS]; /* the gateway's ends until STARTED is sent; -1 */
	int status;	       /* of waitpid, when is_reaped */
	bool is_reaped;
	bool is_failed;		       /* FAILED was sent, EXITED will not be */
	struct isolate_shared *shared; /* NULL: not isolated */
	uint64_t memory_bytes;	       /* the keeper's to watch; 0: no limit, or another holds it */
	uint64_t threads_max;	       /* likewise */
	uint64_t memory_now, threads_now;
	char cgroup[64]; /* "": none */
	int proxy;	 /* where its listener comes from; -1 */
	enum child_end end;
	unsigned left;	/* processes of the tree in the last look */
	unsigned looks; /* looks since it was doomed */
};

struct house {
	int socket, signals;
	struct ward *wards; /* newest first */
	unsigned starting;
	uint64_t look_ms; /* when to look for what the doomed left; KEEPER_NEVER */
	uint64_t look_gap_ms;
	uint64_t watch_ms; /* when to look at what wards use; KEEPER_NEVER */
	struct isolate isolate;
	uint64_t oldest_alive; /* start_ticks of the oldest ward that is not doomed; KEEPER_NEVER */
	struct processes now, before;
	char key[17];			   /* this keeper's part of markers */
	char outer[KEEPER_MARK_BYTES / 2]; /* marker of the keeper above us, with '/', or empty */
	bool is_ending;			   /* the gateway is gone: everyone is doomed */
};

/* ---- keeper.c -------------------------------------------------------------------------------- */

uint64_t keeper_now_ms(void);
/* NULL: it has ended, and is forgotten. */
struct ward *keeper_ward(const struct house *house, uint64_t id);
/* To the gateway; when that is gone the house is ending. */
void keeper_tell(struct house *house, const struct keeper_msg *msg, const int *fds, unsigned n_fds);
void keeper_look_soon(struct house *house);
/* From now on what there is of its tree dies. */
void keeper_ward_doom(struct house *house, struct ward *ward);
void keeper_ward_close_pipes(struct ward *ward);

/* ---- keeper_start.c -------------------------------------------------------------------------- */

/* Forks a child for the spec in the file; what fails is told. */
void keeper_ward_start(struct house *house, uint64_t id, int spec_fd);
/* The pipe that exec closes has something to say. */
void keeper_ward_started(struct house *house, struct ward *ward);

/* ---- keeper_end.c ---------------------------------------------------------------------------- */

/* Looks at all processes and finds out whose they are; false: /proc cannot be read. */
MUST_CHECK bool keeper_look(struct house *house);
struct ward *keeper_first_doomed(const struct house *house); /* NULL: none */
/* The doomed of the last look, or all when the house is ending. */
void keeper_kill_doomed(struct house *house);
void keeper_kill_blindly(struct house *house);
/* Looks for what the doomed left; tells and forgets those of which nothing is left. */
void keeper_doomed_check(struct house *house);
void keeper_ward_stop(struct ward *ward, int32_t grace_ms);
void keeper_ward_term(struct house *house, struct ward *ward);
void keeper_ward_free(struct ward *ward);
/* Ends those that use more than they may. */
void keeper_use_watch(struct house *house);

#endif

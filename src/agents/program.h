/*
 * program: the program of a run while it runs: its pipes, its dialogue, its time.  Private to
 * agents/.
 */
#ifndef AGENTS_PROGRAM_H
#define AGENTS_PROGRAM_H

#include "agents/job.h"
#include "agents/output.h"
#include "mcp/mcp.h"

#define PROGRAM_ASKS_MAX 16u
#define PROGRAM_SAID_MAX 512u

enum program_end {
	PROGRAM_ENDED, /* by itself */
	PROGRAM_CANCELLED,
	PROGRAM_TIMEOUT,
	PROGRAM_IDLE,
	PROGRAM_OVER, /* it had said its last word, and stayed */
	PROGRAM_DEAF, /* it did not read what it was told */
};

struct program {
	struct loop *loop;
	const struct config_runner *runner;
	const struct job_events *events;
	void *owner;
	struct output *output;
	struct dialogue *dialogue; /* the job's, kept after it */
	const bool *is_cancelled;

	struct task *task;
	struct child *child;
	struct egress *egress;
	struct outbox outbox;
	bool has_outbox, is_deaf;
	struct buf line; /* of stdout, not whole yet */
	bool out_ended, err_ended, has_exited, was_started, is_stopping, was_asked, is_over;
	int status;
	enum child_end child_end;
	enum program_end end;
	pid_t pid;

	uint64_t timeout_at_ms, last_ms, over_ms, asked_ms; /* last_ms: of its output */
	uint64_t asks[PROGRAM_ASKS_MAX]; /* permissions that wait for an answer; 0: none */
	unsigned asks_n;
	uint64_t asks_since_ms;

	struct buf progress; /* not told yet */
	struct timer progress_timer;
	uint64_t told_ms;
	char said[PROGRAM_SAID_MAX]; /* the end of its stderr */
	size_t said_n;
	struct buf isolation; /* words in force, NUL-ended; n 0: not known yet */
};

/* loop to is_cancelled are set by the owner, the rest is zero. */
void program_init(struct program *program, struct memory *memory);
void program_fini(struct program *program);
/*
 * Starts it and stays with it until its tree is gone and its output is read; in a task that nobody
 * cuts.  False: it did not start, err says why.  Whoever sets *is_cancelled wakes program->task.
 */
MUST_CHECK bool
program_run_wait(struct program *program, const struct child_spec *spec, struct err *err);
void program_answer(struct program *program, uint64_t number, size_t choice);
/* Of the dialogue, for its spec; their owner is the program. */
extern const struct dialogue_events program_dialogue_events;
/* The last line of its stderr; may be empty. */
struct slice program_last_words(const struct program *program);

#endif

/*
 * supervisor: the table of runs, and what its parts share.  Private to agents/.
 *
 * A run is queued, runs in a task of its own (job_run_wait), and is over; it is kept as long as
 * `agents.retain` says.  Whoever waits for it is a watcher: a request in progress, of which the run
 * knows so that it can tell it how things go, and ask through it.  Requests come and go, runs stay.
 */
#ifndef AGENTS_SUPERVISOR_H
#define AGENTS_SUPERVISOR_H

#include "agents/agents.h"
#include "agents/classify.h"
#include "agents/job.h"
#include "agents/record.h"

/*
 * A gateway that was started by a run of another gateway, that by one of a third: here it ends.
 * BASCULE_DEPTH in the environment says how many stand above; runs get one more.
 */
#define AGENTS_DEPTH_MAX 3
#define AGENTS_DEPTH	 "BASCULE_DEPTH"

#define RUN_ID_BYTES	 19 /* "r-", 16 hex, NUL */
#define RUN_KEY_BYTES	 67 /* "k:" or "q:", 64 hex, NUL */
#define RUN_TASK_SHOWN	 (4 * KIB)
#define RUN_TAIL_SHOWN	 (4 * KIB)
#define RUN_EVENTS_MAX	 200
#define RUN_EVENTS_SHOWN 50u /* of them, the newest; as many are on the disk */
#define RUN_EVENTS_BYTES (64 * KIB)
#define RUN_EVENT_BYTES	 KIB
#define RUN_ASKS_MAX	 16u	    /* permission requests of one run at the same time */
#define RUNS_BYTES	 (64 * MIB) /* of results that are kept in memory */
#define RUNS_BUCKETS	 1024u	    /* of the table by id */
#define TASK_BYTES_MAX	 MIB	    /* of a task's text */
#define VALUES_MAX	 32u	    /* that one call may give */
#define VALUE_BYTES_MAX	 (64 * KIB)
#define OUTPUT_READ_MAX	 MIB /* of one range of a run's output */

struct run;

/* What a run has told, oldest first; the oldest lines give way. */
struct run_event {
	struct run_event *next;
	uint64_t unix_ms, number;
	size_t n;
	char text[];
};

/* May it? (permission.c) */
struct run_ask {
	struct run_ask *next;
	struct run *run;
	uint64_t number; /* the job's */
	uint64_t place;	 /* of the run's asks, from 1: its key for clients is "p<place>" */
	struct arena arena;
	struct slice title, detail;
	struct dialogue_choice *choices;
	size_t choices_n;
	bool is_asking;	    /* some watcher's client has it before it */
	struct timer timer; /* nobody answers */
};

/* A request that waits for a run; on the stack of its task. */
struct watcher {
	struct watcher *next;
	struct run *run;
	struct exchange *exchange;
	struct task *task;
	struct group asking; /* the task that puts a question to the client */
	uint64_t told;	     /* number of the newest event that was told */
	uint64_t told_n;     /* notifications so far */
	uint64_t told_ms;
	bool has_news;
	bool is_starter; /* the call that started the run: its cancel is the run's */
};

struct run {
	struct run *next, *prev; /* in its state's list: oldest first */
	struct run *chain;	 /* in the table by id */
	struct agents *agents;
	enum run_state state;
	uint64_t place; /* of all runs of this process, from 1; 0: it was there before */
	char id[RUN_ID_BYTES];
	char key[RUN_KEY_BYTES];
	uint64_t key_until_ms; /* loop time; 0: as long as the run is kept */
	struct arena arena;    /* what follows, and what the job is made of */
	struct slice instance, caller, tenant, runner, workflow, task, why, text, diff, session,
	    isolation, output, tail, repo, cwd;
	struct arena call;  /* of the rest of what it was called with, until it is started */
	struct slice whole; /* its task's text */
	struct job_value *values;
	size_t values_n;
	unsigned holds; /* requests that look at it: it is not forgotten meanwhile */
	size_t kept;	/* of agents->kept_bytes */
	int exit_code;
	bool is_truncated;
	bool is_ours;				  /* its files are in our slot */
	uint64_t queued_ms, started_ms, ended_ms; /* unix */
	uint64_t begun_at_ms;			  /* loop time */
	uint64_t output_bytes;
	struct dialogue_usage usage;
	struct settings *settings;	    /* while it is not over */
	const struct config_runner *config; /* in it */
	struct job *job;		    /* while it runs */
	bool is_cancelling;
	struct watcher *watchers;
	struct run_ask *asks;
	unsigned asks_n;
	uint64_t asks_ever;
	bool is_task;	      /* a client holds it as a task ... */
	bool can_task_answer; /* ... and answers what it asks when it looks at that */
	unsigned heirs;	      /* calls that make it such a task if it is not over when they end */
	struct run_event *events, **events_end;
	unsigned events_n;
	size_t events_bytes;
	uint64_t events_ever;
	uint64_t put_ms; /* loop time: it was written down last */
	uint64_t changes,
	    synced; /* written down so often; and so many are on the disk, or cannot be */
};

struct agents {
	struct loop *loop;
	struct log *log;
	const char *instance;
	char slot_dir[SLOT_PATH], runs_dir[SLOT_PATH + 8];
	unsigned depth;
	struct record *record;
	struct settings *settings;	     /* the newest that a call came with; NULL: none came */
	struct provider *provider;	     /* likewise; borrowed; NULL: none, or it is closed */
	const struct classifier *classifier; /* the provider's */
	struct run in_state[RUN_STATES_N];   /* list heads */
	unsigned count[RUN_STATES_N];
	struct run *buckets[RUNS_BUCKETS];
	uint64_t place;
	uint64_t retain_runs, retain_age_ms;
	size_t kept_bytes;	      /* of runs that are over */
	struct allowance *allowances; /* (allowance.c) */
	unsigned allowances_n;
	struct group group; /* a task a run, and the probe */
	struct timer sweep;
	char isolation[256]; /* words in force here, as the probe, or the last run, found */
	uint64_t started_ms; /* loop time */
	bool is_closing;
	bool is_patient; /* agents_be_patient() */
};

/* ---- the table (run.c) ----------------------------------------------------------------------- */

/* A new one in QUEUED (its strings are copied; not yet in any list but that), or one that was
 * before, in its state. */
struct run *run_new(struct agents *agents, enum run_state state);
void run_free(struct run **run);   /* takes it out of everything */
void run_account(struct run *run); /* it is over: what it has in its arena counts */
void run_move(struct run *run, enum run_state to);
/* A copy in its arena, of at most `most` bytes, at the boundary of a character. */
struct slice run_keep(struct run *run, struct slice text, size_t most);
/* How many bytes of a text are at most n, and whole characters. */
size_t utf8_cut(struct slice text, size_t n);
void run_index(struct run *run); /* by its id, which is known now */
struct run *run_by_id(const struct agents *agents, struct slice id);
/* By id or a unique beginning; ERR_PARAMS. */
struct run *run_find(const struct agents *agents, struct slice id, struct err *err);
bool run_is_over(const struct run *run);
bool run_is_of(const struct run *run, const struct caller *caller);
/* How many runs stand before it in the queue, itself included. */
unsigned run_queue_position(const struct run *run);
void run_event_add(struct run *run, struct slice text);
/* Its state as it is now goes to the record. */
void run_put(struct run *run);
/* Its events, as the record has them; what makes no sense ends them. */
void run_events_take(struct run *run, struct slice text);
/* What is over and not retained any more is forgotten. */
void runs_sweep(struct agents *agents);
/* All runs, newest first, for mem_free(). */
struct run **runs_sorted(struct agents *agents, size_t *n);

/* ---- from the queue to the end (queue.c) ----------------------------------------------------- */

/* Starts what may be started. */
void queue_pump(struct agents *agents);
/* Ends it: QUEUED at once, RUNNING when it has ended. */
void run_cancel(struct run *run, const char *why);
/* As the newest settings have them, which there must be. */
const struct config_agents *agents_limits(const struct agents *agents);
/* The newest settings: limits are those. */
void agents_settle(struct agents *agents, struct settings *settings);
/* Is there room for one more? ERR_LIMIT. */
MUST_CHECK bool queue_has_room(struct agents *agents, struct err *err);
/* A run that a call with that key began; NULL: none. */
struct run *run_by_key(struct agents *agents, const char *key);
/* Its state, or what it asks, is told to who waits for it, or listens to its task. */
void run_changed(struct run *run);
/*
 * How long it works by now, or 0: it has not begun.  Of a run of this process, until its end: by a
 * clock that never jumps.
 */
uint64_t run_worked_ms(const struct run *run);

/* ---- what one caller may (allowance.c) ------------------------------------------------------- */

/* One call of that caller; ERR_LIMIT. */
MUST_CHECK bool rate_take(struct agents *agents, const struct caller *caller, struct err *err);
/* Has its day's cost or tokens been used up? ERR_LIMIT. */
MUST_CHECK bool budget_has_room(
    const struct agents *agents, struct slice caller, struct slice tenant, struct err *err);
/* The run is over: what it used counts for the day in which it ended, if that is today. */
void budget_spend(const struct run *run);
void allowances_free(struct agents *agents);

/* ---- who waits (watch.c) --------------------------------------------------------------------- */

/*
 * Until the run is over, or until_ms (loop time; UINT64_MAX: as long as it takes): progress is told
 * and permission is asked meanwhile.  The run may be gone after it only when it was over (hold it).
 * False: the request was cut; the run was cancelled where that is what it means.
 */
MUST_CHECK bool run_watch_wait(struct run *run, struct exchange *exchange, uint64_t until_ms,
    bool is_starter, struct err *err);
/* Something was put to the record for it: waits until it is on the disk. */
void run_sync_wait(struct run *run);

/* ---- permission (permission.c) --------------------------------------------------------------- */

void permission_asked(void *owner, uint64_t number, struct slice title, struct slice detail,
    const struct dialogue_choice *choices, size_t choices_n);
/* A watcher came, or is free again: it is asked what is open.  In its task. */
void permission_offer(struct watcher *watcher);
/* A watcher has gone: what nobody can answer any more is answered. */
void permission_watcher_gone(struct run *run);
void permissions_drop(struct run *run); /* it is over */
/* inputRequests of its task, as an object; params of each as elicitation/create has them. */
void permissions_put(const struct run *run, struct buf *out);
/* tasks/update: inputResponses. */
void permissions_answer(struct run *run, struct slice responses);
bool permission_is_open(const struct run *run);
/* Takes its client questions like these, and has it not said that it wants no answer? */
bool permission_can_be_asked(const struct exchange *exchange);

/* ---- MCP tasks (tasks.c) --------------------------------------------------------------------- */

/* How a run is as a task; id: raw, lives as long as the task. */
void run_task_of(const struct run *run, struct slice id, struct mcp_task *task);
/* Its members, between braces; the outcome too, and what it asks, for who knows tasks like that. */
void run_task_put(
    const struct run *run, struct mcp_task *task, enum mcp_revision revision, struct buf *out);
/* The answer to a call: the run is that client's task.  Waits until it is written down. */
MUST_CHECK bool task_begin_wait(struct run *run, struct exchange *exchange, struct reply *reply);
/* Is there a run of that id (raw), of that caller? */
bool task_is_known(const struct agents *agents, const struct caller *caller, struct slice id);
/* tasks/get, result, update, cancel. */
MUST_CHECK bool task_request_wait(struct agents *agents, struct exchange *exchange,
    enum mcp_method method, struct slice id, struct reply *reply, struct err *err);

/* ---- what is answered (answer.c) ------------------------------------------------------------- */

/* The facts of a run, a raw object. */
void run_facts_put(const struct run *run, struct buf *out);
/* The same, and its last events. */
void run_state_put(const struct run *run, struct buf *out);
/* A short one, for lists. */
void run_row_put(const struct run *run, struct buf *out);
void instance_put(const struct agents *agents, struct buf *out);
/* A tool's result: content and structuredContent; takes facts. */
void result_put(struct buf *out, struct slice facts, bool is_error);
bool run_is_error(const struct run *run); /* it is over, and did not complete */

/* ---- output (files.c) ----------------------------------------------------------------------- */

/*
 * A part of a file of a run on a helper thread.  *total: its length.  What its program printed, or
 * (is_text) the whole of a final text that is not what it printed.  ERR_IO, ERR_PARAMS: nothing
 * is kept.
 */
MUST_CHECK bool run_output_wait(struct run *run, bool is_text, uint64_t from, size_t max,
    struct buf *out, uint64_t *total, struct err *err);
/* A final text that is longer than what stays in memory, and that its output is not. */
void run_text_keep_wait(struct run *run, struct slice text);
/* NUL-ended, in its own memory (mem_free). */
char *run_path(struct slice path);
/* Files of a run that is forgotten are removed, later. */
void run_files_remove(struct run *run);
/* An absolute path, resolved, that is a directory below one of the runner's roots; in the arena. */
MUST_CHECK bool cwd_check_wait(struct loop *loop, const struct config_runner *runner,
    struct slice cwd, struct arena *arena, struct slice *out, struct err *err);

/* ---- after a restart (adopt.c) --------------------------------------------------------------- */

/* In a task: the runs of our slot, and of slots that nobody holds. */
MUST_CHECK bool
agents_adopt_wait(struct agents *agents, const struct config *config, struct err *err);

/* ---- metrics (count.c) ----------------------------------------------------------------------- */

void count_run(const struct run *run); /* it is over */
void count_state(const struct agents *agents);
void count_call(
    const struct agents *agents, struct slice tool, const struct reply *reply, bool is_error);

#endif

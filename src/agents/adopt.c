/*
 * After a restart.  The runs of our slot's record, and of slots whose process is gone: what was
 * over is served as before; what was not is lost, and its folder is removed.  A slot that somebody
 * holds is never looked into.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agents/supervisor.h"

#define HELPER	   "agents"
#define STORE_FILE "agents.db"
#define LOST_WHY   "its gateway ended before it did"

/* What is to be removed of one run that is lost. */
struct leftover {
	struct leftover *next;
	struct slice folder, repo; /* own memory */
	char id[RUN_ID_BYTES];
	struct err err;
	bool ok;
};

struct adoption {
	struct agents *agents;
	const char *state;
	struct slot slot;      /* that is looked into; ours: fd -1 */
	struct record *record; /* of that slot */
	bool is_ours, is_there;
	struct leftover *left;
	unsigned lost_n, found_n;
	bool ok;
	struct err err;
};

/* ---- one row --------------------------------------------------------------------------------- */

/* As ids are made: nothing else becomes part of a path. */
static bool
is_id(struct slice id)
{
	if (id.n != RUN_ID_BYTES - 1 || !slice_starts(id, S("r-")))
		return false;
	for (size_t i = 2; i < id.n; i++)
		if (!((id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f')))
			return false;
	return true;
}

/* Where a run of that slot lies, whatever its row says: own memory. */
static struct slice
folder_of(const struct adoption *adoption, const struct run_row *row)
{
	struct slice folder;
	struct buf path;

	buf_init(&path, NULL, 8 * KIB);
	buf_printf(&path, "%s/runs/%.*s", adoption->slot.dir, SLICE_FMT(row->id));
	folder = slice_keep(buf_view(&path));
	buf_fini(&path);
	return folder;
}

static void
leftover_add(struct adoption *adoption, const struct run_row *row)
{
	struct leftover *left = MEM_NEW(struct leftover);

	snprintf(left->id, sizeof(left->id), "%.*s", SLICE_FMT(row->id));
	left->repo = row->repo.n > 0 ? slice_keep(row->repo) : SLICE_NONE;
	left->folder = folder_of(adoption, row);
	left->next = adoption->left;
	adoption->left = left;
}

static void
run_take(struct run *run, const struct adoption *adoption, const struct run_row *row)
{
	size_t all = SIZE_MAX;
	struct slice folder;

	snprintf(run->id, sizeof(run->id), "%.*s", SLICE_FMT(row->id));
	if (slice_starts(row->key, S("k:")) && row->key.n < sizeof(run->key))
		memcpy(run->key, row->key.p, row->key.n);
	run->instance = run_keep(run, row->instance, all);
	run->caller = run_keep(run, row->caller, all);
	run->tenant = run_keep(run, row->tenant, all);
	run->runner = run_keep(run, row->runner, all);
	run->workflow = run_keep(run, row->workflow, all);
	run->task = run_keep(run, row->task, all);
	run->why = run_keep(run, row->why, all);
	run->text = run_keep(run, row->text, all);
	run->diff = run_keep(run, row->diff, all);
	run->session = run_keep(run, row->session, all);
	run->isolation = run_keep(run, row->isolation, all);
	run_events_take(run, row->events);
	if (row->output.n > 0) {
		struct buf path;

		folder = folder_of(adoption, row);
		buf_init(&path, NULL, 8 * KIB);
		buf_printf(&path, "%.*s/output", SLICE_FMT(folder));
		run->output = run_keep(run, buf_view(&path), all);
		buf_fini(&path);
		mem_free((void *)folder.p);
	}
	run->exit_code = row->exit_code;
	run->is_truncated |= row->is_truncated;
	run->queued_ms = row->queued_ms;
	run->started_ms = row->started_ms;
	run->ended_ms = row->ended_ms;
	run->output_bytes = row->output_bytes;
	run->usage = (struct dialogue_usage){ row->tokens_in, row->tokens_out, row->cost_microusd };
}

/* The row of a run that is lost, for the record that it is in. */
static void
lose(struct adoption *adoption, const struct run_row *row, uint64_t now_ms)
{
	struct run_row lost = *row;

	lost.state = RUN_LOST;
	lost.why = S(LOST_WHY);
	lost.ended_ms = now_ms;
	lost.folder = lost.repo = SLICE_NONE;
	leftover_add(adoption, row);
	adoption->lost_n++;
	if (adoption->record != NULL)
		record_put(adoption->record, &lost);
}

static void
adopt(void *owner, const struct run_row *row)
{
	struct adoption *adoption = owner;
	struct agents *agents = adoption->agents;
	bool is_lost = !run_state_is_over(row->state);
	uint64_t now_ms = loop_unix_ms(agents->loop);
	struct run *run;

	if (!is_id(row->id) || run_by_id(agents, row->id) != NULL)
		return;
	if (is_lost)
		lose(adoption, row, now_ms);
	run = run_new(agents, is_lost ? RUN_LOST : row->state);
	run_take(run, adoption, row);
	if (is_lost) {
		run->why = S(LOST_WHY);
		run->ended_ms = now_ms;
	}
	run->is_ours = adoption->is_ours;
	run_index(run);
	run_account(run);
	budget_spend(run);
	adoption->found_n++;
}

/* ---- one slot -------------------------------------------------------------------------------- */

static void
reap_run(void *arg)
{
	struct adoption *adoption = arg;

	for (struct leftover *l = adoption->left; l != NULL; l = l->next)
		l->ok = job_reap(l->folder, l->repo, &l->err);
}

static void
reap_wait(struct adoption *adoption)
{
	struct agents *agents = adoption->agents;

	if (adoption->left != NULL)
		helper_run_wait(agents->loop, HELPER, reap_run, adoption);
	while (adoption->left != NULL) {
		struct leftover *gone = adoption->left;

		adoption->left = gone->next;
		if (!gone->ok)
			log_event(agents->log, LOG_WARN, "run_left_behind", "run %s: %s", gone->id,
			    gone->err.text);
		mem_free((void *)gone->folder.p);
		mem_free((void *)gone->repo.p);
		mem_free(gone);
	}
}

static bool
slot_adopt_wait(struct adoption *adoption, struct err *err)
{
	struct agents *agents = adoption->agents;
	size_t most = (size_t)agents->retain_runs + 1000;

	adoption->lost_n = adoption->found_n = 0;
	if (!record_each_wait(agents->loop, adoption->slot.dir, most, adopt, adoption, err))
		return false;
	reap_wait(adoption);
	if (adoption->lost_n > 0)
		log_event(agents->log, LOG_WARN, "runs_lost",
		    "%u runs of a gateway that has ended are lost; %u more are served",
		    adoption->lost_n, adoption->found_n - adoption->lost_n);
	return true;
}

/* ---- other slots ----------------------------------------------------------------------------- */

static void
try_run(void *arg)
{
	struct adoption *adoption = arg;
	char path[SLOT_PATH + 16];

	adoption->is_there = false;
	adoption->ok = slot_try(
	    adoption->state, adoption->slot.number, false, &adoption->slot, &adoption->err);
	if (adoption->ok && adoption->slot.fd >= 0) {
		snprintf(path, sizeof(path), "%s/" STORE_FILE, adoption->slot.dir);
		adoption->is_there = access(path, F_OK) == 0;
	}
}

/* Its record is ours as long as we hold its lock. */
static void
free_slot_wait(struct adoption *adoption)
{
	struct agents *agents = adoption->agents;
	struct err err = { 0 };

	helper_run_wait(agents->loop, HELPER, try_run, adoption);
	if (adoption->ok && adoption->is_there &&
	    (!record_open_wait(agents->loop, adoption->slot.dir, &adoption->record, &err) ||
		!slot_adopt_wait(adoption, &err)))
		log_event(agents->log, LOG_WARN, "runs_unread", "%s", err.text);
	if (adoption->record != NULL)
		record_close_wait(&adoption->record);
	slot_close(&adoption->slot);
}

bool
agents_adopt_wait(struct agents *agents, const struct config *config, struct err *err)
{
	struct adoption *adoption = MEM_NEW(struct adoption);
	struct arena arena;
	bool ok;

	arena_init(&arena, NULL, 64 * KIB);
	adoption->agents = agents;
	adoption->state = slice_cstr(&arena, config->state);
	adoption->slot.fd = -1;
	adoption->is_ours = true;
	adoption->record = agents->record;
	snprintf(adoption->slot.dir, sizeof(adoption->slot.dir), "%s", agents->slot_dir);
	ok = slot_adopt_wait(adoption, err);
	adoption->is_ours = false;
	adoption->record = NULL;
	for (unsigned i = 0; ok && i < SLOTS_MAX; i++) {
		char dir[SLOT_PATH + 16];

		snprintf(dir, sizeof(dir), "%s/%u", adoption->state, i);
		if (access(dir, F_OK) != 0)
			break;
		if (strcmp(dir, agents->slot_dir) == 0)
			continue;
		adoption->slot.number = i;
		free_slot_wait(adoption);
	}
	arena_fini(&arena);
	mem_free(adoption);
	return ok;
}

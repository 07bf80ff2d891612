/*
 * keeper_end: what descends from whom, what it uses, and how it is ended.
 *
 * A descendant is found by its chain of parents (process_tree).  One whose parents are gone hangs
 * below the keeper itself; whose it was tell the variable KEEPER_MARKER in its environment, else
 * its session, else the fact that nobody alive can have been its ancestor.  A tree is stopped
 * before it is killed, since who is stopped cannot fork.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/keeper_house.h"

#define TERM_TO_KILL_MS 2000
#define FREEZE_ROUNDS	16u
#define LOOK_MAX_MS	100
#define DENIED_LOOKS	4u /* after so many looks, what cannot be signalled is let be */
#define WATCH_GAP_MS	1000

/* ---- looking for trees --------------------------------------------------------------------- */

struct ward *
keeper_first_doomed(const struct house *house)
{
	struct ward *ward;

	for (ward = house->wards; ward != NULL && ward->phase != DOOMED; ward = ward->next)
		;
	return ward;
}

/* Is our part "key-id" in the marker, and with which id? */
static bool
marker_id(const struct house *house, const char *marker, uint64_t *id)
{
	const char *at = strstr(marker, house->key);

	if (at == NULL || at[sizeof house->key - 1] != '-')
		return false;
	*id = strtoull(at + sizeof house->key, NULL, 16);
	return true;
}

/*
 * Of which doomed ward it was in the look before: one that is ending has given up its memory, and
 * with it the environment that told.
 */
static struct ward *
doomed_before(const struct house *house, const struct process *process)
{
	const void *owner = processes_owner(&house->before, process);
	struct ward *ward = owner != NULL ? house->wards : NULL;

	while (ward != NULL && (ward != owner || ward->phase != DOOMED))
		ward = ward->next;
	return ward;
}

/* Whose is a process below the keeper itself?  (The ward, or NULL: cannot be told while it
 * matters.) */
static void *
owner_of(void *ctx, const struct process *process)
{
	struct house *house = ctx;
	struct ward *ward, *of_session = NULL;
	char marker[KEEPER_MARK_BYTES];
	uint64_t id;

	if (house->is_ending)
		return house;
	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (!ward->is_reaped && ward->pid == process->pid)
			return ward;
		if (of_session == NULL && ward->pid == process->session)
			of_session = ward; /* the newest: pids come again */
	}
	if (process_env(process->pid, KEEPER_MARKER, marker, sizeof marker) &&
	    marker_id(house, marker, &id)) {
		ward = keeper_ward(house, id);
		return ward != NULL ? ward : keeper_first_doomed(house);
	}
	if (of_session != NULL)
		return of_session;
	ward = doomed_before(house, process);
	if (ward != NULL)
		return ward;
	return process->start_ticks < house->oldest_alive ? keeper_first_doomed(house) : NULL;
}

bool
keeper_look(struct house *house)
{
	struct processes old = house->before;
	struct ward *ward;
	struct err err;

	house->oldest_alive = KEEPER_NEVER;
	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->phase != DOOMED && ward->start_ticks < house->oldest_alive)
			house->oldest_alive = ward->start_ticks;
	}
	house->before = house->now;
	house->now = old;
	if (!processes_scan(&house->now, &err)) {
		house->now.n = 0;
		return false;
	}
	processes_own(&house->now, getpid(), owner_of, house);
	return true;
}

static bool
is_doomed(const struct house *house, const struct process *process)
{
	if (process->owner == NULL)
		return false;
	return house->is_ending || ((const struct ward *)process->owner)->phase == DOOMED;
}

/* Signals the doomed of the last look; the number of those that were not in the look before it. */
static unsigned
signal_doomed(struct house *house, int signo)
{
	const struct process *process;
	unsigned fresh = 0;
	size_t i;

	for (i = 0; i < house->now.n; i++) {
		process = &house->now.all[i];
		if (!is_doomed(house, process))
			continue;
		process_signal(process, getpid(), signo);
		if (!processes_has(&house->before, process))
			fresh++;
	}
	return fresh;
}

/* Without /proc only the children themselves and their groups can be reached. */
void
keeper_kill_blindly(struct house *house)
{
	struct ward *ward;

	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->is_reaped || (ward->phase != DOOMED && !house->is_ending))
			continue;
		ward->left = 1;
		kill(-ward->pid, SIGKILL);
		kill(ward->pid, SIGKILL);
	}
}

/*
 * Who is stopped cannot fork: stop all that is seen until a look shows nobody new, then kill them.
 * The first look has been taken.
 */
void
keeper_kill_doomed(struct house *house)
{
	unsigned round;

	house->before.n = 0;
	for (round = 0; round < FREEZE_ROUNDS; round++) {
		if (signal_doomed(house, SIGSTOP) == 0)
			break;
		if (!keeper_look(house)) {
			keeper_kill_blindly(house);
			return;
		}
	}
	signal_doomed(house, SIGKILL);
}

static void
count_left(struct house *house)
{
	const struct process *process;
	struct ward *ward;
	size_t i;

	for (i = 0; i < house->now.n; i++) {
		process = &house->now.all[i];
		ward = process->owner;
		if (ward == NULL)
			continue;
		if (ward->looks < DENIED_LOOKS ||
		    process_signal(process, getpid(), 0) != PROCESS_DENIED)
			ward->left++;
	}
}

/* ---- stopping ------------------------------------------------------------------------------ */

void
keeper_ward_free(struct ward *ward)
{
	keeper_ward_close_pipes(ward);
	if (ward->status_fd >= 0)
		close(ward->status_fd);
	if (ward->proxy >= 0)
		close(ward->proxy);
	if (ward->shared != NULL)
		munmap(ward->shared, sizeof *ward->shared);
	mem_free(ward);
}

/* Reports and forgets the doomed of which nothing is left; true: others remain. */
static bool
bury(struct house *house)
{
	struct ward **at = &house->wards, *ward;
	struct keeper_msg msg;
	bool is_some_left = false;

	while ((ward = *at) != NULL) {
		if (ward->phase != DOOMED || ward->left > 0 || !ward->is_reaped) {
			is_some_left = is_some_left || ward->phase == DOOMED;
			at = &ward->next;
			continue;
		}
		*at = ward->next;
		if (ward->cgroup[0] != '\0') {
			if (ward->end == CHILD_END_ITSELF &&
			    isolate_cgroup_ran_out(house->isolate.cgroup, ward->cgroup))
				ward->end = CHILD_END_MEMORY;
			isolate_cgroup_remove(house->isolate.cgroup, ward->cgroup);
		}
		msg = (struct keeper_msg){ .type = KEEPER_EXITED,
			.id = ward->id,
			.value = ward->status,
			.pid = ward->pid,
			.end = ward->end };
		if (!ward->is_failed)
			keeper_tell(house, &msg, NULL, 0);
		keeper_ward_free(ward);
	}
	return is_some_left;
}

/* One look for what the doomed left; the next one comes with the next SIGCHLD, or later and later.
 */
void
keeper_doomed_check(struct house *house)
{
	struct ward *ward;
	bool can_look;

	can_look = keeper_look(house);
	for (ward = house->wards; ward != NULL; ward = ward->next) {
		ward->left = 0;
		ward->looks += ward->phase == DOOMED;
	}
	if (can_look)
		count_left(house);
	else
		keeper_kill_blindly(house);
	house->look_ms = KEEPER_NEVER;
	if (!bury(house))
		return;
	if (can_look)
		keeper_kill_doomed(house);
	house->look_ms = keeper_now_ms() + house->look_gap_ms;
	house->look_gap_ms =
	    house->look_gap_ms < LOOK_MAX_MS / 2 ? house->look_gap_ms * 2 : LOOK_MAX_MS;
}

void
keeper_ward_term(struct house *house, struct ward *ward)
{
	const struct process *process;
	size_t i;

	ward->phase = TERMED;
	ward->due_ms = keeper_now_ms() + (ward->kill_ms > 0 ? ward->kill_ms : TERM_TO_KILL_MS);
	if (!keeper_look(house)) {
		kill(-ward->pid, SIGTERM);
		return;
	}
	for (i = 0; i < house->now.n; i++) {
		process = &house->now.all[i];
		if (process->owner != ward)
			continue;
		process_signal(process, getpid(), SIGTERM);
		process_signal(process, getpid(), SIGCONT);
	}
}

void
keeper_ward_stop(struct ward *ward, int32_t grace_ms)
{
	if (ward->phase != RUNNING)
		return;
	ward->phase = GRACE;
	ward->due_ms = keeper_now_ms() + (uint64_t)(grace_ms > 0 ? grace_ms : 0);
}

/* ---- what wards use ------------------------------------------------------------------------ */

/* Sums up; true: some ward is watched. */
static bool
use_sum(struct house *house)
{
	const struct process *process;
	struct ward *ward;
	bool is_any = false;

	for (ward = house->wards; ward != NULL; ward = ward->next) {
		ward->memory_now = ward->threads_now = 0;
		is_any = is_any || ward->memory_bytes > 0 || ward->threads_max > 0;
	}
	if (!is_any || !keeper_look(house))
		return is_any;
	for (size_t i = 0; i < house->now.n; i++) {
		process = &house->now.all[i];
		ward = process->owner;
		if (ward == NULL)
			continue;
		ward->threads_now += process->threads;
		if (ward->memory_bytes > 0)
			ward->memory_now += process_memory(process->pid);
	}
	return true;
}

/* Ends those that use more than they may; looks again sooner where a limit is near. */
void
keeper_use_watch(struct house *house)
{
	bool is_any = use_sum(house), is_near = false;
	struct ward *ward;

	for (ward = house->wards; ward != NULL; ward = ward->next) {
		if (ward->phase == DOOMED || ward->phase == STARTING)
			continue;
		if (ward->memory_bytes > 0 && ward->memory_now > ward->memory_bytes)
			ward->end = CHILD_END_MEMORY;
		else if (ward->threads_max > 0 && ward->threads_now > ward->threads_max)
			ward->end = CHILD_END_PROCESSES;
		if (ward->end != CHILD_END_ITSELF)
			keeper_ward_doom(house, ward);
		is_near = is_near || ward->memory_now > ward->memory_bytes / 4 * 3 ||
		    ward->threads_now > ward->threads_max / 4 * 3;
	}
	house->watch_ms = is_any ? keeper_now_ms() + (is_near ? KEEPER_WATCH_NEAR_MS : WATCH_GAP_MS)
				 : KEEPER_NEVER;
}

/*
 * job: the straight line of one run.
 *
 * The story runs in a task of the job's own that nobody cuts, so that what was made is always
 * removed: a cut of the task that waits for it becomes a cancellation.  What fails on the way ends
 * the way forward; the way back is the same for all ends.
 */
#include "agents/job.h"

#include <stdio.h>
#include <sys/wait.h>

#include "agents/folder.h"
#include "agents/launch.h"
#include "agents/output.h"
#include "agents/program.h"
#include "agents/template.h"

#define ARENA_BYTES   (256 * MIB) /* limits.memory bounds it before */
#define INPUT_BYTES   (128 * MIB)
#define VALUES_MAX    256u
#define WORDS_OF_OURS 4u /* task, cwd, run_id, instance */

struct job {
	struct loop *loop;
	const struct config_runner *runner;
	struct arena arena;
	struct job_spec spec; /* its slices are in the arena */
	struct template_value *values;
	size_t values_n;
	struct err early; /* of job_new(): told when it is run */

	bool is_cancelled, is_done;
	struct group group;
	struct task *waiter, *task; /* who waits for the story; the story */
	struct folder folder;
	struct output output;
	bool has_output;
	struct program program;
	struct dialogue *dialogue;
	struct buf diff;
	struct job_outcome *out;
};

/* ---- what it is given ------------------------------------------------------------------------ */

MUST_CHECK static bool
values_copy(struct job *job, const struct job_spec *spec, struct err *err)
{
	size_t bytes = (spec->values_n + WORDS_OF_OURS) * sizeof(*job->values) + 16;

	if (spec->values_n > VALUES_MAX)
		return err_set(err, ERR_LIMIT,
		    "%zu values are given for placeholders, %u are the most", spec->values_n,
		    VALUES_MAX);
	for (size_t i = 0; i < spec->values_n; i++)
		bytes += spec->values[i].name.n + spec->values[i].value.n + 32;
	if (!arena_reserve(&job->arena, bytes, err))
		return false;
	job->values =
	    ARENA_ARRAY(&job->arena, struct template_value, spec->values_n + WORDS_OF_OURS);
	for (size_t i = 0; i < spec->values_n; i++)
		job->values[i + WORDS_OF_OURS] =
		    (struct template_value){ .name = slice_dup(&job->arena, spec->values[i].name),
			    .value = slice_dup(&job->arena, spec->values[i].value),
			    .is_callers = true };
	job->values_n = spec->values_n + WORDS_OF_OURS;
	return true;
}

MUST_CHECK static bool
spec_copy(struct job *job, const struct job_spec *spec, struct err *err)
{
	struct job_spec *own = &job->spec;

	if (!arena_reserve(&job->arena,
		spec->id.n + spec->instance.n + spec->task.n + spec->cwd.n +
		    strlen(spec->runs_dir) + 128,
		err))
		return false;
	own->id = slice_dup(&job->arena, spec->id);
	own->instance = slice_dup(&job->arena, spec->instance);
	own->task = slice_dup(&job->arena, spec->task);
	own->cwd = slice_dup(&job->arena, spec->cwd);
	own->runs_dir = slice_cstr(&job->arena, slice_of(spec->runs_dir));
	return values_copy(job, spec, err);
}

struct job *
job_new(const struct job_spec *spec)
{
	struct job *job = MEM_NEW(struct job);

	job->loop = spec->loop;
	job->runner = spec->runner;
	job->spec = *spec;
	job->spec.values = NULL;
	arena_init(&job->arena, spec->memory, ARENA_BYTES);
	(void)!spec_copy(job, spec, &job->early);
	folder_init(&job->folder, spec->loop, spec->runner->folder, spec->runs_dir, spec->id);
	buf_init(&job->diff, spec->memory, FOLDER_DIFF_BYTES);
	job->program = (struct program){ .loop = spec->loop,
		.runner = spec->runner,
		.events = spec->events,
		.owner = spec->owner,
		.output = &job->output,
		.is_cancelled = &job->is_cancelled };
	program_init(&job->program, spec->memory);
	return job;
}

void
job_free(struct job **at)
{
	struct job *job = *at;

	if (job == NULL)
		return;
	*at = NULL;
	must(job->task == NULL);
	dialogue_free(&job->dialogue);
	program_fini(&job->program);
	if (job->has_output)
		output_fini(&job->output);
	buf_fini(&job->diff);
	folder_fini(&job->folder);
	arena_fini(&job->arena);
	mem_free(job);
}

/* ---- the way forward ------------------------------------------------------------------------- */

MUST_CHECK static bool
cancel_check(const struct job *job, struct err *err)
{
	return !job->is_cancelled || err_set(err, ERR_CANCELLED, "it was cancelled");
}

/* The folder that was named, or the runner's; "": none. */
MUST_CHECK static bool
look_wait(struct job *job, struct err *err)
{
	struct slice dir = job->spec.cwd.p != NULL ? job->spec.cwd : job->runner->dir;

	if (dir.n >= GIT_PATH || (dir.n > 0 && memchr(dir.p, '\0', dir.n) != NULL))
		return err_set(err, ERR_PARAMS, "cwd: that is no path");
	if (!arena_reserve(&job->arena, dir.n + 1, err))
		return false;
	job->folder.is_callers = job->spec.cwd.p != NULL;
	return folder_look_wait(&job->folder, slice_cstr(&job->arena, dir), err);
}

/* All words of the program, and its dialogue, before anything is made. */
MUST_CHECK static bool
words_fill(struct job *job, const char *const **argv, struct err *err)
{
	const struct template_value ours[WORDS_OF_OURS] = {
		{ S("task"), job->spec.task, true },
		{ S("cwd"), slice_of(job->folder.cwd), false },
		{ S("run_id"), job->spec.id, false },
		{ S("instance"), job->spec.instance, false },
	};
	struct dialogue_spec spec = { .parse = job->runner->parse,
		.task = job->spec.task,
		.cwd = slice_of(job->folder.cwd),
		.events = &program_dialogue_events,
		.owner = &job->program,
		.memory = job->spec.memory };
	struct buf input;
	bool ok;

	memcpy(job->values, ours, sizeof ours);
	buf_init(&input, job->spec.memory, INPUT_BYTES);
	ok = template_argv(&job->arena, job->runner, job->values, job->values_n, argv, err) &&
	    template_input(job->runner, job->values, job->values_n, &input, err);
	if (ok) {
		if (job->runner->input.p != NULL)
			spec.input = input.n > 0 ? buf_view(&input) : S("");
		job->dialogue = job->program.dialogue = dialogue_new(&spec);
	}
	buf_fini(&input);
	return ok;
}

/* True: the program ran, and job->program says how it ended. */
MUST_CHECK static bool
forward_wait(struct job *job, struct err *err)
{
	struct launch launch = { .runner = job->runner,
		.folder = &job->folder,
		.runs_dir = job->spec.runs_dir,
		.id = job->spec.id,
		.depth = job->spec.depth };
	struct child_spec spec;

	if (job->early.kind != ERR_NONE) {
		*err = job->early;
		return false;
	}
	if (!cancel_check(job, err) || !look_wait(job, err) ||
	    !words_fill(job, &launch.argv, err) || !cancel_check(job, err))
		return false;
	if (!folder_make_wait(&job->folder, &job->is_cancelled, err) || !cancel_check(job, err))
		return false;
	job->has_output = true;
	if (!output_open_wait(&job->output, job->loop, job->folder.output, job->spec.keep_bytes,
		job->spec.tail_bytes, err))
		return false;
	return cancel_check(job, err) && launch_spec(&job->arena, &launch, &spec, err) &&
	    program_run_wait(&job->program, &spec, err);
}

/* ---- how it ended ---------------------------------------------------------------------------- */

static void
words_add(struct job *job, struct err *why)
{
	struct slice words = program_last_words(&job->program);
	struct err said = *why;

	if (words.n > 0 && !slice_has(slice_of(why->text), words))
		err_set(why, why->kind, "%s: %.*s", said.text, SLICE_FMT(words));
}

/* Of a program that ran. */
static void
end_judge(struct job *job, struct job_outcome *out)
{
	const struct program *program = &job->program;
	const struct config_runner *runner = job->runner;
	int status = program->status;

	out->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	out->state = RUN_FAILED;
	/* It was ended after its last word: how says nothing about its work. */
	if (dialogue_end(job->dialogue, program->end == PROGRAM_OVER ? 0 : status, &out->why))
		out->state = RUN_COMPLETED;
	else
		words_add(job, &out->why);
	if (program->child_end == CHILD_END_MEMORY) {
		out->state = RUN_FAILED;
		err_set(&out->why, ERR_LIMIT,
		    "it used more memory than isolate.memory of runner \"%.*s\" allows, and was ended",
		    SLICE_FMT(runner->name));
	} else if (program->child_end == CHILD_END_PROCESSES) {
		out->state = RUN_FAILED;
		err_set(&out->why, ERR_LIMIT,
		    "it had more processes than isolate.pids of runner \"%.*s\" allows, and was "
		    "ended",
		    SLICE_FMT(runner->name));
	} else if (program->end == PROGRAM_CANCELLED) {
		out->state = RUN_CANCELLED;
		err_set(&out->why, ERR_CANCELLED, "it was cancelled");
	} else if (program->end == PROGRAM_TIMEOUT) {
		out->state = RUN_TIMEOUT;
		err_set(&out->why, ERR_DEADLINE,
		    "it ran longer than the timeout of its runner, %llu s, and was ended",
		    (unsigned long long)((runner->timeout_ms + 999) / 1000));
	} else if (program->end == PROGRAM_IDLE) {
		out->state = RUN_TIMEOUT;
		err_set(&out->why, ERR_DEADLINE,
		    "it printed nothing for %llu s (idle of its runner), and was ended",
		    (unsigned long long)((runner->idle_ms + 999) / 1000));
	} else if (program->end == PROGRAM_DEAF) {
		out->state = RUN_FAILED;
		err_set(&out->why, ERR_LIMIT, "it does not read its stdin, and was ended");
	}
	if (out->state == RUN_COMPLETED)
		out->why = (struct err){ 0 };
}

/* A run whose changes cannot be told must not look as if it had made none. */
static void
diff_failed(struct job *job, struct job_outcome *out, const struct err *err)
{
	char text[sizeof(err->text) + 64];
	int n = snprintf(text, sizeof(text), "what it changed cannot be told: %s", err->text);

	out->is_truncated = true;
	job->spec.events->progress(job->spec.owner, (struct slice){ text, (size_t)n });
	log_event(loop_log(job->loop), LOG_WARN, "agent_diff_failed", "run %.*s: %s",
	    SLICE_FMT(job->spec.id), text);
}

static void
diff_gather_wait(struct job *job, struct job_outcome *out)
{
	struct err err = { 0 };

	if (!job->program.was_started || job->runner->folder != FOLDER_WORKTREE)
		return;
	if (folder_diff_wait(&job->folder, &job->diff, &err))
		out->diff = job->diff.n > 0 ? buf_view(&job->diff) : S("");
	else
		diff_failed(job, out, &err);
}

static void
output_gather_wait(struct job *job, struct job_outcome *out)
{
	if (!job->has_output)
		return;
	output_close_wait(&job->output);
	out->tail = output_tail(&job->output);
	out->output_bytes = job->output.total;
	out->is_truncated |= job->output.has_hole || job->output.is_cut;
}

static void
outcome_fill(struct job *job, bool has_run, const struct err *why, struct job_outcome *out)
{
	if (has_run) {
		end_judge(job, out);
	} else {
		out->why = *why;
		out->state = why->kind == ERR_CANCELLED ? RUN_CANCELLED : RUN_FAILED;
	}
	if (job->dialogue == NULL)
		return;
	out->text = dialogue_text(job->dialogue);
	out->usage = dialogue_usage(job->dialogue);
	out->session = dialogue_session(job->dialogue);
}

/* ---- the story ------------------------------------------------------------------------------- */

static void
story(void *arg)
{
	struct job *job = arg;
	struct err err = { 0 }, left = { 0 };
	bool has_run;

	job->task = task_self(job->loop);
	has_run = forward_wait(job, &err);
	outcome_fill(job, has_run, &err, job->out);
	diff_gather_wait(job, job->out);
	output_gather_wait(job, job->out);
	if (!folder_remove_wait(&job->folder, &left))
		log_event(loop_log(job->loop), LOG_WARN, "agent_folder_left",
		    "run %.*s: its folder stays: %s: remove it by hand", SLICE_FMT(job->spec.id),
		    left.text);
	job->task = NULL;
	job->is_done = true;
	task_wake(job->waiter);
}

void
job_run_wait(struct job *job, struct job_outcome *out)
{
	struct err err;

	*out = (struct job_outcome){ .state = RUN_FAILED, .exit_code = -1 };
	job->out = out;
	job->waiter = task_self(job->loop);
	if (!group_spawn(job->loop, &job->group, "agent run", story, job, &out->why))
		return;
	while (!job->is_done) {
		if (task_park_wait(job->loop, &err))
			continue;
		job_cancel(job);
		break;
	}
	group_drain(job->loop, &job->group);
}

void
job_cancel(struct job *job)
{
	job->is_cancelled = true;
	if (job->task != NULL)
		task_wake(job->task);
}

void
job_answer(struct job *job, uint64_t number, size_t choice)
{
	program_answer(&job->program, number, choice);
}

/* ---- what can be seen of it ------------------------------------------------------------------ */

const char *
job_output_path(const struct job *job)
{
	return job->folder.output;
}

uint64_t
job_output_bytes(const struct job *job)
{
	return job->has_output ? job->output.written : 0;
}

const char *
job_isolation(const struct job *job)
{
	return job->program.isolation.n > 0 ? job->program.isolation.p : "";
}

const char *
job_folder(const struct job *job)
{
	return job->folder.own;
}

const char *
job_repo(const struct job *job)
{
	return job->runner->folder == FOLDER_WORKTREE ? job->folder.place->top : "";
}

pid_t
job_pid(const struct job *job)
{
	return job->program.pid;
}

/* ---- what others left ------------------------------------------------------------------------ */

/* A path as C has it; NULL: it is none, or not an absolute one. */
static char *
path_of(struct slice path)
{
	char *text;

	if (path.n < 2 || path.p[0] != '/' || path.n >= GIT_PATH ||
	    memchr(path.p, '\0', path.n) != NULL)
		return NULL;
	text = mem_new(path.n + 1);
	memcpy(text, path.p, path.n);
	return text;
}

static bool
reap(struct slice folder, struct slice repo, bool keep_output, struct err *err)
{
	char *own = path_of(folder), *top = path_of(repo);
	bool ok;

	if (own == NULL)
		ok = err_set(err, ERR_PARAMS, "\"%.*s\" is no folder of a run", SLICE_FMT(folder));
	else
		ok = folder_reap(own, top != NULL ? top : "", keep_output, err);
	mem_free(own);
	mem_free(top);
	return ok;
}

bool
job_reap(struct slice folder, struct slice repo, struct err *err)
{
	return reap(folder, repo, true, err);
}

bool
job_erase(struct slice folder, struct err *err)
{
	return reap(folder, SLICE_NONE, false, err);
}

struct finding {
	struct git_place *place;
	char *dir;
	bool ok;
	struct err *err;
};

static void
find(void *arg)
{
	struct finding *finding = arg;

	finding->ok = git_place_find(finding->dir, finding->place, finding->err);
}

bool
job_repo_of_wait(
    struct loop *loop, struct arena *arena, struct slice dir, struct slice *top, struct err *err)
{
	struct finding finding = { .dir = path_of(dir), .err = err };

	*top = SLICE_NONE;
	if (finding.dir == NULL)
		return err_set(err, ERR_PARAMS, "\"%.*s\" is no absolute path", SLICE_FMT(dir));
	finding.place = MEM_NEW(struct git_place);
	helper_run_wait(loop, "agents-look", find, &finding);
	finding.ok = finding.ok && arena_reserve(arena, strlen(finding.place->top) + 1, err);
	if (finding.ok)
		*top = slice_dup(arena, slice_of(finding.place->top));
	mem_free(finding.place);
	mem_free(finding.dir);
	return finding.ok;
}

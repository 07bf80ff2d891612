/*
 * Jobs that do what a test says.
 */
#include <stdio.h>
#include <string.h>

#include "agents_double.h"

struct job {
	struct job *next;
	struct job_spec spec;
	char id[32], task[64], path[600], folder[600];
	struct task *waiter;
	bool is_running, is_over;
	enum run_state state;
	char text[64];
	struct dialogue_usage usage;
	size_t answer;
};

static struct job *jobs;
unsigned double_reaped;
char double_reaped_last[512];

struct job *
job_new(const struct job_spec *spec)
{
	struct job *job = MEM_NEW(struct job);

	job->spec = *spec;
	job->answer = SIZE_MAX - 1;
	snprintf(job->id, sizeof(job->id), "%.*s", SLICE_FMT(spec->id));
	snprintf(job->task, sizeof(job->task), "%.*s", SLICE_FMT(spec->task));
	snprintf(job->folder, sizeof(job->folder), "%s/%s", spec->runs_dir, job->id);
	snprintf(job->path, sizeof(job->path), "%.500s/output", job->folder);
	job->next = jobs;
	jobs = job;
	return job;
}

void
job_free(struct job **at)
{
	struct job **in = &jobs;

	while (*in != *at)
		in = &(*in)->next;
	*in = (*at)->next;
	mem_free(*at);
	*at = NULL;
}

void
job_run_wait(struct job *job, struct job_outcome *out)
{
	struct err err;

	job->is_running = true;
	job->waiter = task_self(job->spec.loop);
	job->spec.events->started(job->spec.owner);
	while (!job->is_over && task_park_wait(job->spec.loop, &err))
		continue;
	job->is_running = false;
	*out = (struct job_outcome){ .state = job->is_over ? job->state : RUN_CANCELLED,
		.exit_code = 0,
		.usage = job->usage,
		.text = slice_of(job->text),
		.output_bytes = strlen(job->text) };
	if (out->state != RUN_COMPLETED)
		err_set(&out->why, ERR_INTERNAL, "%s", run_state_word(out->state));
}

void
double_end(struct job *job, enum run_state state, const char *text)
{
	job->is_over = true;
	job->state = state;
	snprintf(job->text, sizeof(job->text), "%s", text);
	if (job->waiter != NULL)
		task_wake(job->waiter);
}

void
double_use(struct job *job, uint64_t cost_microusd, uint64_t tokens)
{
	job->usage =
	    (struct dialogue_usage){ .tokens_out = tokens, .cost_microusd = cost_microusd };
}

void
job_cancel(struct job *job)
{
	double_end(job, RUN_CANCELLED, "");
}

void
job_answer(struct job *job, uint64_t number, size_t choice)
{
	(void)number;
	job->answer = choice;
}

const char *
job_output_path(const struct job *job)
{
	return job->path;
}

uint64_t
job_output_bytes(const struct job *job)
{
	return strlen(job->text);
}

const char *
job_isolation(const struct job *job)
{
	return job->is_running ? "userns seccomp" : "";
}

const char *
job_folder(const struct job *job)
{
	return job->folder;
}

const char *
job_repo(const struct job *job)
{
	(void)job;
	return "";
}

pid_t
job_pid(const struct job *job)
{
	(void)job;
	return 0;
}

bool
job_reap(struct slice folder, struct slice repo, struct err *err)
{
	(void)repo, (void)err;
	double_reaped++;
	snprintf(double_reaped_last, sizeof(double_reaped_last), "%.*s", SLICE_FMT(folder));
	return true;
}

bool
job_erase(struct slice folder, struct err *err)
{
	(void)folder, (void)err;
	return true;
}

bool
job_repo_of_wait(
    struct loop *loop, struct arena *arena, struct slice dir, struct slice *top, struct err *err)
{
	(void)loop, (void)arena, (void)dir, (void)top;
	return err_set(err, ERR_PARAMS, "no repository");
}

struct job *
double_find(const char *task)
{
	struct job *job = jobs;

	while (job != NULL && strcmp(job->task, task) != 0)
		job = job->next;
	return job;
}

unsigned
double_running(void)
{
	unsigned n = 0;

	for (struct job *j = jobs; j != NULL; j = j->next)
		n++;
	return n;
}

void
double_tell(struct job *job, const char *text)
{
	job->spec.events->progress(job->spec.owner, slice_of(text));
}

void
double_ask(struct job *job, uint64_t number, const char *title)
{
	const struct dialogue_choice choices[] = {
		{ .id = S("a"), .name = S("yes"), .allows = true },
		{ .id = S("b"), .name = S("never"), .is_lasting = true },
		{ .id = S("c"), .name = S("no") },
	};

	job->spec.events->permission(job->spec.owner, number, slice_of(title),
	    S("{\"path\":\"/etc\"}"), choices, COUNT(choices));
}

size_t
double_answer(const struct job *job)
{
	return job->answer;
}

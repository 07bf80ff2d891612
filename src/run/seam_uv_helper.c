/*
 * seam_uv_helper: threads for work that would hold the loop, one a name, each with its own queue.
 *
 * A thread starts with the first work for it and ends with the loop, after all that was queued.  It
 * touches its own queue and the list of done jobs, nothing else of ours; signals stay with the
 * loop's thread.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "run/seam_uv.h"

struct helper_job {
	struct helper_job *next;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

struct helper {
	struct helper *next;
	struct seam_uv *seam;
	char name[16]; /* the kernel's limit */
	uv_thread_t thread;
	uv_mutex_t lock; /* of what follows */
	uv_cond_t changed;
	struct helper_job *first, **end;
	bool is_ending;
};

/* ---- on the thread ------------------------------------------------------------------------- */

/* The next job; NULL: none will come any more. */
static struct helper_job *
job_wait(struct helper *helper)
{
	struct helper_job *job;

	uv_mutex_lock(&helper->lock);
	while (helper->first == NULL && !helper->is_ending)
		uv_cond_wait(&helper->changed, &helper->lock);
	job = helper->first;
	if (job != NULL) {
		helper->first = job->next;
		if (helper->first == NULL)
			helper->end = &helper->first;
	}
	uv_mutex_unlock(&helper->lock);
	return job;
}

static void
job_hand_back(struct seam_uv *seam, struct helper_job *job)
{
	bool was_empty;

	job->next = NULL;
	uv_mutex_lock(&seam->jobs_lock);
	was_empty = seam->jobs_done == NULL;
	*seam->jobs_end = job;
	seam->jobs_end = &job->next;
	uv_mutex_unlock(&seam->jobs_lock);
	if (was_empty)
		uv_async_send(&seam->helped);
}

static void
helper_main(void *arg)
{
	struct helper *helper = arg;
	struct helper_job *job;

	pthread_setname_np(pthread_self(), helper->name);
	while ((job = job_wait(helper)) != NULL) {
		job->work(job->arg);
		job_hand_back(helper->seam, job);
	}
	arena_drain();
}

/* ---- on the loop --------------------------------------------------------------------------- */

static void
jobs_finish(struct seam_uv *seam)
{
	struct helper_job *job, *next;

	uv_mutex_lock(&seam->jobs_lock);
	job = seam->jobs_done;
	seam->jobs_done = NULL;
	seam->jobs_end = &seam->jobs_done;
	uv_mutex_unlock(&seam->jobs_lock);
	for (; job != NULL; job = next) {
		next = job->next;
		job->done(job->arg);
		mem_free(job);
	}
}

static void
helped(uv_async_t *async)
{
	jobs_finish(async->data);
}

void
seam_uv_helpers_init(struct seam_uv *seam)
{
	must(uv_async_init(&seam->uv, &seam->helped, helped) == 0);
	seam->helped.data = seam;
	must(uv_mutex_init(&seam->jobs_lock) == 0);
	seam->jobs_end = &seam->jobs_done;
}

static struct helper *
helper_start(struct seam_uv *seam, const char *name)
{
	struct helper *helper = MEM_NEW(struct helper);
	sigset_t all, before;

	helper->seam = seam;
	helper->end = &helper->first;
	snprintf(helper->name, sizeof(helper->name), "%s", name);
	must(uv_mutex_init(&helper->lock) == 0);
	must(uv_cond_init(&helper->changed) == 0);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	must(uv_thread_create(&helper->thread, helper_main, helper) == 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	helper->next = seam->helpers;
	seam->helpers = helper;
	return helper;
}

static struct helper *
helper_find(struct seam_uv *seam, const char *name)
{
	struct helper *helper = seam->helpers;

	while (helper != NULL && strncmp(helper->name, name, sizeof(helper->name) - 1) != 0)
		helper = helper->next;
	return helper;
}

void
seam_uv_offload(
    void *arg, const char *name, void (*work)(void *arg), void (*done)(void *arg), void *ctx)
{
	struct seam_uv *seam = arg;
	struct helper *helper = helper_find(seam, name);
	struct helper_job *job = MEM_NEW(struct helper_job);

	if (helper == NULL)
		helper = helper_start(seam, name);
	job->work = work;
	job->done = done;
	job->arg = ctx;
	uv_mutex_lock(&helper->lock);
	*helper->end = job;
	helper->end = &job->next;
	uv_cond_signal(&helper->changed);
	uv_mutex_unlock(&helper->lock);
}

static void
helper_join(struct helper *helper)
{
	uv_mutex_lock(&helper->lock);
	helper->is_ending = true;
	uv_cond_signal(&helper->changed);
	uv_mutex_unlock(&helper->lock);
	uv_thread_join(&helper->thread);
	uv_mutex_destroy(&helper->lock);
	uv_cond_destroy(&helper->changed);
	mem_free(helper);
}

void
seam_uv_helpers_close(struct seam_uv *seam)
{
	struct helper *helper;

	/* A done function may queue more. */
	while ((helper = seam->helpers) != NULL) {
		seam->helpers = helper->next;
		helper_join(helper);
		jobs_finish(seam);
	}
	uv_mutex_destroy(&seam->jobs_lock);
	uv_close((uv_handle_t *)&seam->helped, NULL);
}

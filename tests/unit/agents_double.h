/*
 * agents_double: jobs that do what a test says, in the place of agents/job.c.
 */
#ifndef AGENTS_DOUBLE_H
#define AGENTS_DOUBLE_H

#include "agents/job.h"

/* A job that runs; by its task's text.  NULL: none does. */
struct job *double_find(const char *task);
unsigned double_running(void);
/* It ends like that, soon. */
void double_end(struct job *job, enum run_state state, const char *text);
/* What it says it used, once it has ended. */
void double_use(struct job *job, uint64_t cost_microusd, uint64_t tokens);
void double_tell(struct job *job, const char *text);
/* It asks, with these choices: "yes", "no". */
void double_ask(struct job *job, uint64_t number, const char *title);
/* What it was answered last: SIZE_MAX - 1: nothing. */
size_t double_answer(const struct job *job);
/* How many folders were to be reaped, and the last of them. */
extern unsigned double_reaped;
extern char double_reaped_last[512];

#endif

/*
 * sim: a machine that exists only in memory.  It implements the seam of run/ (clock, streams,
 * listeners, children, helpers, randomness), so that everything above runs unchanged, fast, and the
 * same again for the same seed: the order of events, how much a read or write takes, delays,
 * resets.
 *
 * Programs that the gateway "starts" and servers it "connects to" are actors: code in the test on
 * the same loop, holding the other ends of the streams.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "run/run.h"

struct sim;

/* Chances in 1/1000 for each operation; all 0: a calm machine. */
struct sim_faults {
	unsigned short_io;    /* a read or write takes less than it could */
	unsigned again;	      /* EAGAIN though it could go on */
	unsigned delay;	      /* bytes arrive later (1-20 ms) */
	unsigned reset;	      /* per 1,000 chunks: the connection breaks */
	unsigned refuse;      /* a connect is refused */
	unsigned start_fails; /* a child cannot be started */
};

/* The other side of a started program; the actor has it until sim_process_exit(). */
struct sim_process {
	struct sim *sim;
	struct stream *in, *out, *err; /* as the program sees them: reads in, writes out and err */
	bool is_killed;
	void (*on_kill)(struct sim_process *process); /* told to end: exit soon */
	void *owner;
};

/* argv[0] -> actor. Called when the gateway starts it. */
typedef void sim_program_fn(struct sim_process *process, const struct child_spec *spec, void *ctx);

struct loop *sim_new(uint64_t seed, struct log *log, struct sim **out); /* loop_free() ends both */
void sim_set_faults(struct sim *sim, const struct sim_faults *faults);
void sim_program(struct sim *sim, const char *argv0, sim_program_fn *fn, void *ctx);
void sim_process_exit(
    struct sim_process *process, int status); /* closes its ends; not to be used after */
/* Two ends of a new connection. */
void sim_pair(struct sim *sim, struct stream **a, struct stream **b);
/* Breaks the connection that this is an end of. */
void sim_reset(struct stream *stream);
uint64_t sim_random(struct sim *sim, uint64_t below); /* 0 .. below-1 */
bool sim_chance(struct sim *sim, unsigned per_mille);
unsigned sim_streams_open(const struct sim *sim);
/* Turns until done() says so or nothing can happen any more or the clock reaches until_ms. */
bool sim_run_until(struct sim *sim, bool (*done)(void *ctx), void *ctx, uint64_t until_ms);
struct loop *sim_loop(struct sim *sim);
/* Stdin and stdout of the gateway itself: the test's ends, for the stdio front. */
void sim_stdio(struct sim *sim, struct stream **to_stdin, struct stream **from_stdout);

#endif

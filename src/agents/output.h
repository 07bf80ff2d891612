/*
 * output: what a run prints, kept in a file: its beginning and its end, with a hole between them
 * where it is too much.  Private to agents/.
 *
 * The beginning is written as it comes, by a helper thread; the end is held in memory and written
 * at last.  A disk that is full or fails cuts what is kept, not the run.
 */
#ifndef AGENTS_OUTPUT_H
#define AGENTS_OUTPUT_H

#include "base/base.h"
#include "run/run.h"

struct output {
	struct loop *loop;
	const char *path;
	int fd;
	uint64_t head_left; /* bytes that still go to the file as they come */
	uint64_t total, written, in_head;
	struct buf pending, flight; /* to be written; being written by the helper */
	bool is_in_flight, is_cut, has_hole;
	int error; /* of the helper; 0 */
	uint64_t flight_written;
	char *ring; /* the last bytes of all */
	size_t ring_cap, ring_n, ring_at;
	void (*on_room)(void *owner); /* what was full is not any more */
	void *owner;
	struct task *waiter;
};

/* keep_bytes in the file at most (and a line that tells of the hole), tail_bytes of them its end.
 * path must stay. ERR_IO. */
MUST_CHECK bool output_open_wait(struct output *output, struct loop *loop, const char *path,
    uint64_t keep_bytes, uint64_t tail_bytes, struct err *err);
void output_put(struct output *output, struct slice bytes);
/* Nothing more should be put until on_room(). */
bool output_is_full(const struct output *output);
/* Writes the rest and closes; in a task that nobody cuts.  The ring stays until output_fini(). */
void output_close_wait(struct output *output);
void output_fini(struct output *output);
/* The end of what was printed; begins with a whole character. After output_close_wait(). */
struct slice output_tail(const struct output *output);

#endif

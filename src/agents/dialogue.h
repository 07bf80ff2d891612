/*
 * dialogue: what a runner's program is told on its stdin and what its output means.
 *
 * One row a parser (`parse:` of a runner).  A dialogue does no I/O: it is fed with whole lines of
 * the program's stdout and says what it understood through dialogue_events; what it wants to send
 * goes to `send`.  A line that makes no sense is text, never a failure of the run.  Private to
 * agents/.
 */
#ifndef AGENTS_DIALOGUE_H
#define AGENTS_DIALOGUE_H

#include "base/base.h"
#include "config/config.h"

#define DIALOGUE_LINE_BYTES (4 * MIB) /* of one line; what is longer is fed as text, in pieces */
#define DIALOGUE_TEXT_BYTES (8 * MIB) /* of the final text that is kept */

struct dialogue;

/* What the program has used, as it says itself; 0: it did not say. */
struct dialogue_usage {
	uint64_t tokens_in, tokens_out;
	uint64_t cost_microusd;
};
/* Sums of what programs say do not wrap. */
static inline uint64_t
add_saturated(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* One choice of a permission request (acp). */
struct dialogue_choice {
	struct slice id, name; /* unescaped */
	bool allows;	       /* allow_once, allow_always */
	bool is_lasting;       /* allow_always, reject_always */
};
#define DIALOGUE_CHOICES_MAX 16u

/* All are called from within dialogue_feed() and dialogue_begin(); slices last for the call. */
struct dialogue_events {
	/* Something for people who watch: a part of the answer, a step, a plan; at most some
	 * KiB.  Unescaped UTF-8 without NUL. */
	void (*progress)(void *owner, struct slice text);
	/* Bytes for the program's stdin: copied at once. */
	void (*send)(void *owner, struct slice bytes);
	/* Nothing more will be sent: stdin is closed. */
	void (*close_input)(void *owner);
	/*
	 * The program asks whether it may (acp: session/request_permission).  It is answered by
	 * dialogue_answer(), now or later.  title: what it wants to do; detail: raw JSON of the
	 * arguments it wants to do it with, or SLICE_NONE.
	 */
	void (*permission)(void *owner, uint64_t number, struct slice title, struct slice detail,
	    const struct dialogue_choice *choices, size_t choices_n);
	/* It has said its last word; the process may be ended once it has been given a moment. */
	void (*over)(void *owner);
};

/* parse: which row; task: the whole text that the program is to do; cwd: absolute, as the program
 * sees it.  input: what `stdin` of the runner says, placeholders filled in; SLICE_NONE: nothing.
 * All are copied. */
struct dialogue_spec {
	enum config_parse parse;
	struct slice task, input, cwd;
	const struct dialogue_events *events;
	void *owner;
	struct memory *memory; /* that bounds what is kept */
};
struct dialogue *dialogue_new(const struct dialogue_spec *spec);
void dialogue_free(struct dialogue **dialogue);
/* The program runs: sends the input and closes (acp: sends initialize and keeps it open). */
void dialogue_begin(struct dialogue *dialogue);
/* One line of its stdout, without the line's end. */
void dialogue_feed(struct dialogue *dialogue, struct slice line);
/* choice: index into the choices of that number; SIZE_MAX: cancelled.  A number that waits for
 * nothing any more is passed over. */
void dialogue_answer(struct dialogue *dialogue, uint64_t number, size_t choice);
/* Asks it to stop by its own means (acp: session/cancel); false: it has none. */
bool dialogue_cancel(struct dialogue *dialogue);

/*
 * When its output has ended.  status: of waitpid(2).  True: it did what it was asked to.  False: it
 * did not, and *why says so in words (what it said itself, or its exit status).
 */
MUST_CHECK bool dialogue_end(struct dialogue *dialogue, int status, struct err *why);
/* The final text, unescaped UTF-8 (lines, exit: all of its stdout, the end of it where that is over
 * DIALOGUE_TEXT_BYTES); is the dialogue's. */
struct slice dialogue_text(const struct dialogue *dialogue);
struct dialogue_usage dialogue_usage(const struct dialogue *dialogue);
/* The name under which the program knows the conversation (session_id, thread_id, sessionId);
 * SLICE_NONE: it gave none. */
struct slice dialogue_session(const struct dialogue *dialogue);
/* Does it take permission requests and its own cancel (acp)? */
bool dialogue_is_interactive(enum config_parse parse);

#endif

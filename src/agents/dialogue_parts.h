/*
 * What the parsers of dialogues have in common.  Private to dialogue*.c.
 *
 * A parser is a row.  It is fed with lines, and says what it found through the functions below:
 * they mend and bound texts, and hold that nothing is sent once the program has said its last word.
 */
#ifndef AGENTS_DIALOGUE_PARTS_H
#define AGENTS_DIALOGUE_PARTS_H

#include "agents/dialogue.h"

#define SAY_BYTES     (8 * KIB)	 /* of one progress; what is longer is cut */
#define STEP_BYTES    200u	 /* of what a step is done with */
#define STRAY_BYTES   (64 * KIB) /* of lines that made no sense */
#define SESSION_BYTES 256u
#define PLAN_ENTRIES  32u

/* Text of which the end is kept: whole UTF-8 sequences without NUL, at most keep_bytes. */
struct kept {
	struct buf buf;
	size_t keep_bytes;
	bool is_cut; /* there was more before it */
};

enum last_word { LAST_NONE, LAST_DONE, LAST_FAILED };

/* What an exit status of a program means, where it says more than "failed". */
struct dialogue_exit {
	int code;
	enum errkind kind;
	const char *words;
};

struct dialogue_row {
	enum config_parse parse;
	bool is_interactive;
	size_t state_bytes; /* of dialogue.state, zeroed */
	/* What is wrong where it exits with 0 and has not said its last word; NULL: nothing. */
	const char *silent;
	const struct dialogue_exit *exits; /* words NULL ends it; or NULL */
	void (*begin)(struct dialogue *);  /* NULL: the input is sent, and that is all */
	void (*feed)(struct dialogue *, struct slice line);
	void (*answer)(struct dialogue *, uint64_t number, size_t choice); /* or NULL */
	bool (*cancel)(struct dialogue *);				   /* or NULL */
	void (*settle)(struct dialogue *); /* its output has ended; or NULL */
	void (*fini)(struct dialogue *);   /* or NULL */
};

extern const struct dialogue_row dialogue_exit_row, dialogue_lines_row, dialogue_claude_row,
    dialogue_codex_row, dialogue_gemini_row, dialogue_acp_row;

struct dialogue {
	const struct dialogue_row *row;
	const struct dialogue_events *events;
	void *owner;
	struct memory *memory;
	uint64_t seed;
	struct slice task, input, cwd; /* ours */
	struct kept text;	       /* the answer */
	struct kept stray;	       /* lines that made no sense */
	bool has_stray, needs_break;
	char session[SESSION_BYTES];
	size_t session_n;
	struct dialogue_usage usage;
	bool has_begun, is_over, is_cancelled;
	enum last_word last;
	struct err why;	 /* LAST_FAILED */
	struct err hint; /* the last error that was not its last word; text "": none */
	void *state;
};

void dialogue_send(struct dialogue *dialogue, struct slice bytes);
void dialogue_over(struct dialogue *dialogue);
/* Its last word; a later one counts more than an earlier. */
void dialogue_done(struct dialogue *dialogue);
void dialogue_fail(struct dialogue *dialogue, enum errkind kind, const char *fmt, ...) PRINTF(3, 4);
void dialogue_hint(struct dialogue *dialogue, struct slice words);
void dialogue_say(struct dialogue *dialogue, struct slice text);
/* "name: what it is done with"; arguments: JSON, or SLICE_NONE. */
void dialogue_step(
    struct dialogue *dialogue, struct arena *arena, struct slice name, struct slice arguments);
/* A list of entries with a text and a state, as agents call their plan. */
struct dialogue_plan {
	const char *text, *state; /* names of members; state: a string or true */
};
void dialogue_plan(struct dialogue *dialogue, struct arena *arena, struct slice entries,
    const struct dialogue_plan *names);
/* A part of the answer, also as progress; after dialogue_break() it begins a paragraph. */
void dialogue_part(struct dialogue *dialogue, struct slice text);
void dialogue_break(struct dialogue *dialogue);
/* A line that makes no sense. */
void dialogue_stray(struct dialogue *dialogue, struct slice line);
/* Passed over where it is too long or has control characters. */
void dialogue_named(struct dialogue *dialogue, struct slice session);

void kept_init(struct kept *kept, struct memory *memory, size_t keep_bytes);
void kept_fini(struct kept *kept);
void kept_add(struct kept *kept, struct slice text); /* mends */
void kept_set(struct kept *kept, struct slice text); /* instead of what was there */
struct slice kept_view(const struct kept *kept);
bool kept_is_empty(const struct kept *kept);

/* The JSON text of a line, mended, in the arena.  False: it is none, or an outer type than asked
 * for (JSON_NONE: any). */
bool dialogue_json(struct dialogue *dialogue, struct arena *arena, struct slice line,
    enum json_type type, struct slice *value);
void dialogue_arena(struct dialogue *dialogue, struct arena *arena); /* for one line */
/* By a path such as "message.usage"; SLICE_NONE: not there. */
struct slice dialogue_json_at(struct slice object, const char *path);
/* A string, unescaped; SLICE_NONE: there is none. */
struct slice json_text_at(struct arena *arena, struct slice object, const char *path);
struct slice json_text_of(struct arena *arena, struct slice token);
bool json_is_true(struct slice object, const char *path);
/* A number, saturated; 0: none, or below 0. */
uint64_t json_count_at(struct slice object, const char *path);
/* The number times 10^decimals, rounded half up from its text; below 0: 0, too large: the most. */
uint64_t number_scaled(struct slice token, int decimals);
/* At most n bytes of valid text, no sequence torn. */
struct slice text_cut(struct slice text, size_t n);
struct slice text_line(struct slice text); /* the first line that is not blank */

#endif

/*
 * Programs that speak no language of agents: all they print is their answer, and the exit status
 * says whether it is one.  `exit` is for those whose output is of no interest while they work.
 */
#include "agents/dialogue_parts.h"

struct lines {
	bool has_any;
};

static void
keep(struct dialogue *dialogue, struct slice line)
{
	struct lines *lines = dialogue->state;

	if (lines->has_any)
		kept_add(&dialogue->text, S("\n"));
	lines->has_any = true;
	kept_add(&dialogue->text, line);
}

static void
keep_and_say(struct dialogue *dialogue, struct slice line)
{
	keep(dialogue, line);
	dialogue_say(dialogue, line);
}

const struct dialogue_row dialogue_exit_row = {
	.parse = PARSE_EXIT,
	.state_bytes = sizeof(struct lines),
	.feed = keep,
};

const struct dialogue_row dialogue_lines_row = {
	.parse = PARSE_LINES,
	.state_bytes = sizeof(struct lines),
	.feed = keep_and_say,
};

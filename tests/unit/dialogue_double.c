/*
 * A dialogue for the tests of job.c: exit and lines.  stdin gets the input, stdout is the text,
 * status 0 is success.  Its acp keeps stdin open, sends "cancel", takes "over" for the last word
 * and "may?" for a request for permission, whose answer it sends.
 */
#include <sys/wait.h>

#include "agents/dialogue.h"

struct dialogue {
	const struct dialogue_events *events;
	void *owner;
	struct buf input, text;
	bool is_acp;
};

struct dialogue *
dialogue_new(const struct dialogue_spec *spec)
{
	struct dialogue *dialogue = MEM_NEW(struct dialogue);

	dialogue->events = spec->events;
	dialogue->owner = spec->owner;
	dialogue->is_acp = spec->parse == PARSE_ACP;
	buf_init(&dialogue->input, NULL, 64 * MIB);
	buf_init(&dialogue->text, NULL, 64 * KIB);
	buf_put(&dialogue->input, spec->input);
	return dialogue;
}

void
dialogue_free(struct dialogue **dialogue)
{
	if (*dialogue == NULL)
		return;
	buf_fini(&(*dialogue)->input);
	buf_fini(&(*dialogue)->text);
	mem_free(*dialogue);
	*dialogue = NULL;
}

void
dialogue_begin(struct dialogue *dialogue)
{
	if (dialogue->input.n > 0)
		dialogue->events->send(dialogue->owner, buf_view(&dialogue->input));
	if (!dialogue->is_acp)
		dialogue->events->close_input(dialogue->owner);
}

void
dialogue_feed(struct dialogue *dialogue, struct slice line)
{
	dialogue->events->progress(dialogue->owner, line);
	buf_put(&dialogue->text, line);
	buf_putc(&dialogue->text, '\n');
	if (dialogue->is_acp && slice_eq(line, S("over")))
		dialogue->events->over(dialogue->owner);
	if (dialogue->is_acp && slice_eq(line, S("may?")))
		dialogue->events->permission(dialogue->owner, 1, line, SLICE_NONE, NULL, 0);
}

void
dialogue_answer(struct dialogue *dialogue, uint64_t number, size_t choice)
{
	dialogue->events->send(dialogue->owner, choice == 0 ? S("yes\n") : S("no\n"));
}

bool
dialogue_cancel(struct dialogue *dialogue)
{
	if (dialogue->is_acp)
		dialogue->events->send(dialogue->owner, S("cancel\n"));
	return dialogue->is_acp;
}

bool
dialogue_end(struct dialogue *dialogue, int status, struct err *why)
{
	if (status == 0)
		return true;
	return WIFSIGNALED(status)
	    ? err_set(why, ERR_IO, "it was ended by signal %d", WTERMSIG(status))
	    : err_set(why, ERR_IO, "it exited with status %d", WEXITSTATUS(status));
}

struct slice
dialogue_text(const struct dialogue *dialogue)
{
	return buf_view(&dialogue->text);
}

struct dialogue_usage
dialogue_usage(const struct dialogue *dialogue)
{
	return (struct dialogue_usage){ 0 };
}

struct slice
dialogue_session(const struct dialogue *dialogue)
{
	return SLICE_NONE;
}

bool
dialogue_is_interactive(enum config_parse parse)
{
	return parse == PARSE_ACP;
}

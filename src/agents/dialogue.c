/*
 * Dialogues with the programs of runners: the table of parsers and what they have in common.
 *
 * Whatever a program prints, a dialogue only says what it made of it.  What is told to people is
 * UTF-8 and short; what is kept is bounded by the account.  After `over` nothing is sent.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "agents/dialogue_parts.h"

#define LINE_ARENA_BYTES (64 * MIB) /* of what a line is taken apart in */
#define SHOWN_BYTES	 160u	    /* of a line in an error */

static const struct dialogue_row *const rows[] = {
	&dialogue_exit_row,
	&dialogue_lines_row,
	&dialogue_claude_row,
	&dialogue_codex_row,
	&dialogue_gemini_row,
	&dialogue_acp_row,
};

static const struct dialogue_row *
row_of(enum config_parse parse)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i]->parse == parse)
			return rows[i];
	return &dialogue_lines_row;
}

struct dialogue *
dialogue_new(const struct dialogue_spec *spec)
{
	struct dialogue *dialogue = MEM_NEW(struct dialogue);

	dialogue->row = row_of(spec->parse);
	dialogue->events = spec->events;
	dialogue->owner = spec->owner;
	dialogue->memory = spec->memory;
	/* Against texts made so that their keys collide; a guessable one would only cost time. */
	if (getrandom(&dialogue->seed, sizeof(dialogue->seed), GRND_NONBLOCK) < 0)
		dialogue->seed = (uintptr_t)dialogue;
	dialogue->task = slice_keep(spec->task);
	dialogue->input = slice_keep(spec->input);
	dialogue->cwd = slice_keep(spec->cwd);
	kept_init(&dialogue->text, spec->memory, DIALOGUE_TEXT_BYTES);
	kept_init(&dialogue->stray, spec->memory, STRAY_BYTES);
	if (dialogue->row->state_bytes > 0)
		dialogue->state = mem_new(dialogue->row->state_bytes);
	return dialogue;
}

void
dialogue_free(struct dialogue **dialogue)
{
	struct dialogue *it = *dialogue;

	*dialogue = NULL;
	if (it == NULL)
		return;
	if (it->row->fini != NULL)
		it->row->fini(it);
	mem_free(it->state);
	mem_free((void *)(uintptr_t)it->task.p);
	mem_free((void *)(uintptr_t)it->input.p);
	mem_free((void *)(uintptr_t)it->cwd.p);
	kept_fini(&it->text);
	kept_fini(&it->stray);
	mem_free(it);
}

bool
dialogue_is_interactive(enum config_parse parse)
{
	return row_of(parse)->is_interactive;
}

/* ---- to the program -------------------------------------------------------------------------- */

void
dialogue_send(struct dialogue *dialogue, struct slice bytes)
{
	if (!dialogue->is_over && bytes.n > 0)
		dialogue->events->send(dialogue->owner, bytes);
}

void
dialogue_begin(struct dialogue *dialogue)
{
	if (dialogue->has_begun)
		return;
	dialogue->has_begun = true;
	if (dialogue->row->begin != NULL) {
		dialogue->row->begin(dialogue);
		return;
	}
	dialogue_send(dialogue, dialogue->input);
	dialogue->events->close_input(dialogue->owner);
}

void
dialogue_answer(struct dialogue *dialogue, uint64_t number, size_t choice)
{
	if (dialogue->row->answer != NULL)
		dialogue->row->answer(dialogue, number, choice);
}

bool
dialogue_cancel(struct dialogue *dialogue)
{
	if (dialogue->is_over)
		return false;
	dialogue->is_cancelled = true;
	return dialogue->row->cancel != NULL && dialogue->row->cancel(dialogue);
}

/* ---- from the program ------------------------------------------------------------------------ */

void
dialogue_arena(struct dialogue *dialogue, struct arena *arena)
{
	arena_init(arena, dialogue->memory, LINE_ARENA_BYTES);
}

void
dialogue_feed(struct dialogue *dialogue, struct slice line)
{
	if (dialogue->is_over)
		return;
	if (line.n > DIALOGUE_LINE_BYTES)
		line.n = DIALOGUE_LINE_BYTES;
	if (line.p == NULL)
		line = (struct slice){ "", 0 };
	dialogue->row->feed(dialogue, line);
}

static struct slice
trim_line(struct slice line)
{
	while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	return slice_trim(line);
}

/* The scanner writes into the text it is given: lone surrogates. */
static bool
scan(struct dialogue *dialogue, struct arena *arena, struct slice text, struct slice *value)
{
	struct json_scan *scan;
	struct err err;
	char *copy;

	if (!arena_reserve(arena, text.n, &err))
		return false;
	copy = arena_bytes(arena, text.n);
	memcpy(copy, text.p, text.n);
	scan = json_scan_new(arena, copy, text.n, 0, JSON_MEND | JSON_ONE_LINE, dialogue->seed);
	*value = (struct slice){ copy, text.n };
	return json_scan_all(scan, &err);
}

bool
dialogue_json(struct dialogue *dialogue, struct arena *arena, struct slice line,
    enum json_type type, struct slice *value)
{
	struct slice text = trim_line(line);
	struct kept mended;
	bool ok;

	if (text.n < 2 || (type != JSON_NONE && json_type(text) != type) ||
	    (text.p[0] != '{' && text.p[0] != '['))
		return false;
	if (scan(dialogue, arena, text, value))
		return true;
	/* What is large and none either way is not worth the time. */
	if (text.n > SLICE_OF_WORK_BYTES || slice_is_utf8(text))
		return false;
	kept_init(&mended, dialogue->memory, 3 * text.n + 16);
	kept_add(&mended, text);
	ok = !mended.is_cut && scan(dialogue, arena, kept_view(&mended), value);
	kept_fini(&mended);
	return ok;
}

void
dialogue_say(struct dialogue *dialogue, struct slice text)
{
	struct slice shown = text_cut(text, SAY_BYTES);
	struct kept mended;

	if (text.n == 0 || dialogue->is_over)
		return;
	if (shown.n == text.n && memchr(text.p, '\0', text.n) == NULL && slice_is_utf8(text)) {
		dialogue->events->progress(dialogue->owner, text);
		return;
	}
	kept_init(&mended, NULL, 3 * SAY_BYTES + 16);
	kept_add(&mended, shown);
	if (shown.n < text.n)
		kept_add(&mended, S(" …"));
	dialogue->events->progress(dialogue->owner, kept_view(&mended));
	kept_fini(&mended);
}

/* What says most of what a step is done with, the most telling first. */
static const char *const told[] = { "command", "cmd", "file_path", "absolute_path", "path", "url",
	"query", "pattern", "description", "prompt", "dir_path", "tool", "name" };

static void
put_words(struct buf *out, struct arena *arena, struct slice value)
{
	struct json_iter iter;
	struct slice word;

	if (json_type(value) == JSON_STRING) {
		buf_put(out, text_cut(text_line(json_text_of(arena, value)), STEP_BYTES));
		return;
	}
	if (json_type(value) != JSON_ARRAY)
		return;
	json_iter_init(&iter, value);
	while (out->n < STEP_BYTES && json_iter_next(&iter, NULL, &word))
		if (json_type(word) == JSON_STRING) {
			if (out->n > 0)
				buf_putc(out, ' ');
			put_words(out, arena, word);
		}
}

void
dialogue_step(
    struct dialogue *dialogue, struct arena *arena, struct slice name, struct slice arguments)
{
	struct buf words, line;

	buf_init(&words, NULL, 4 * KIB);
	buf_init(&line, NULL, 4 * KIB);
	put_words(&words, arena, arguments);
	for (size_t i = 0; i < COUNT(told) && words.n == 0; i++)
		put_words(&words, arena, dialogue_json_at(arguments, told[i]));
	buf_put(&line, text_cut(text_line(name), STEP_BYTES));
	if (line.n > 0 && words.n > 0)
		buf_puts(&line, ": ");
	buf_put(&line, text_cut(buf_view(&words), STEP_BYTES));
	dialogue_say(dialogue, buf_view(&line));
	buf_fini(&words);
	buf_fini(&line);
}

static const char *
mark_of(struct slice state)
{
	if (slice_eq(state, S("\"completed\"")) || slice_eq(state, S("true")))
		return "[x] ";
	return slice_eq(state, S("\"in_progress\"")) ? "[>] " : "[ ] ";
}

void
dialogue_plan(struct dialogue *dialogue, struct arena *arena, struct slice entries,
    const struct dialogue_plan *names)
{
	struct json_iter iter;
	struct slice entry, text;
	unsigned left = PLAN_ENTRIES;
	struct buf lines;

	if (json_type(entries) != JSON_ARRAY)
		return;
	buf_init(&lines, NULL, SAY_BYTES);
	json_iter_init(&iter, entries);
	while (left > 0 && json_iter_next(&iter, NULL, &entry)) {
		text = text_line(json_text_at(arena, entry, names->text));
		if (text.n == 0)
			continue;
		left--;
		buf_puts(&lines, lines.n > 0 ? "\n" : "");
		buf_puts(&lines, mark_of(dialogue_json_at(entry, names->state)));
		buf_put(&lines, text_cut(text, STEP_BYTES));
	}
	dialogue_say(dialogue, buf_view(&lines));
	buf_fini(&lines);
}

void
dialogue_break(struct dialogue *dialogue)
{
	dialogue->needs_break = true;
}

void
dialogue_part(struct dialogue *dialogue, struct slice text)
{
	if (text.n == 0)
		return;
	if (dialogue->needs_break && !kept_is_empty(&dialogue->text))
		kept_add(&dialogue->text, S("\n\n"));
	dialogue->needs_break = false;
	kept_add(&dialogue->text, text);
	dialogue_say(dialogue, text);
}

void
dialogue_stray(struct dialogue *dialogue, struct slice line)
{
	if (dialogue->has_stray)
		kept_add(&dialogue->stray, S("\n"));
	dialogue->has_stray = true;
	kept_add(&dialogue->stray, line);
	dialogue_say(dialogue, trim_line(line));
}

void
dialogue_named(struct dialogue *dialogue, struct slice session)
{
	if (session.n == 0 || session.n > sizeof(dialogue->session) || !slice_is_utf8(session))
		return;
	for (size_t i = 0; i < session.n; i++)
		if ((unsigned char)session.p[i] < 0x20 || session.p[i] == 0x7f)
			return;
	memcpy(dialogue->session, session.p, session.n);
	dialogue->session_n = session.n;
}

void
dialogue_done(struct dialogue *dialogue)
{
	dialogue->last = LAST_DONE;
}

void
dialogue_fail(struct dialogue *dialogue, enum errkind kind, const char *fmt, ...)
{
	char words[2 * sizeof(dialogue->why.text)]; /* err_set() cuts it between characters */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	err_set(&dialogue->why, kind, "%s", words);
	dialogue->last = LAST_FAILED;
}

void
dialogue_hint(struct dialogue *dialogue, struct slice words)
{
	struct slice line = text_cut(text_line(words), SHOWN_BYTES);

	if (line.n > 0)
		err_set(&dialogue->hint, ERR_UNAVAILABLE, "%.*s", SLICE_FMT(line));
}

void
dialogue_over(struct dialogue *dialogue)
{
	if (dialogue->is_over)
		return;
	if (dialogue->row->is_interactive)
		dialogue->events->close_input(dialogue->owner);
	dialogue->is_over = true;
	dialogue->events->over(dialogue->owner);
}

/* ---- the end --------------------------------------------------------------------------------- */

static struct slice
last_line(struct slice text)
{
	while (text.n > 0) {
		size_t at = text.n;
		struct slice line;

		while (at > 0 && text.p[at - 1] != '\n')
			at--;
		line = text_line((struct slice){ text.p + at, text.n - at });
		if (line.n > 0)
			return line;
		text.n = at > 0 ? at - 1 : 0;
	}
	return SLICE_NONE;
}

/* Its own words: an error it told of, or the last that it printed. */
static void
add_words(const struct dialogue *dialogue, struct err *why)
{
	struct slice line = slice_of(dialogue->hint.text), view;
	struct err said = *why;

	if (line.n == 0) {
		view = kept_view(&dialogue->stray);
		if (dialogue->row->silent == NULL) /* all that it printed is its answer */
			view = kept_view(&dialogue->text);
		line = text_cut(last_line(view), SHOWN_BYTES);
	}
	if (line.n > 0)
		err_set(why, said.kind, "%s: %.*s", said.text, SLICE_FMT(line));
}

static bool
fail_status(const struct dialogue *dialogue, int status, struct err *why)
{
	const struct dialogue_exit *known = dialogue->row->exits;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	for (; known != NULL && known->words != NULL; known++)
		if (known->code == code) {
			err_set(why, known->kind, "exited with status %d (%s)", code, known->words);
			add_words(dialogue, why);
			return false;
		}
	if (WIFSIGNALED(status))
		err_set(why, ERR_UNAVAILABLE, "was ended by signal %d", WTERMSIG(status));
	else if (code != 0)
		err_set(why, ERR_UNAVAILABLE, "exited with status %d", code);
	else
		err_set(why, ERR_UNAVAILABLE, "%s", dialogue->row->silent);
	add_words(dialogue, why);
	return false;
}

bool
dialogue_end(struct dialogue *dialogue, int status, struct err *why)
{
	dialogue->is_over = true; /* nobody reads any more what it would be told */
	if (dialogue->row->settle != NULL)
		dialogue->row->settle(dialogue);
	if (dialogue->last == LAST_DONE)
		return true;
	if (dialogue->is_cancelled)
		return err_set(why, ERR_CANCELLED, "was cancelled");
	if (dialogue->last == LAST_FAILED) {
		*why = dialogue->why;
		return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && dialogue->row->silent == NULL)
		return true;
	return fail_status(dialogue, status, why);
}

/* Of one that never came to an answer, what it printed instead. */
struct slice
dialogue_text(const struct dialogue *dialogue)
{
	if (kept_is_empty(&dialogue->text) && dialogue->last != LAST_DONE)
		return kept_view(&dialogue->stray);
	return kept_view(&dialogue->text);
}

struct dialogue_usage
dialogue_usage(const struct dialogue *dialogue)
{
	return dialogue->usage;
}

struct slice
dialogue_session(const struct dialogue *dialogue)
{
	if (dialogue->session_n == 0)
		return SLICE_NONE;
	return (struct slice){ dialogue->session, dialogue->session_n };
}

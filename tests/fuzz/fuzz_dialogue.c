/*
 * Dialogues: whatever a program prints, what people are told and what is kept is UTF-8 without NUL
 * and bounded, nothing is sent or told after its last word, what is sent is a JSON text a line, and
 * no memory stays.
 *
 * The first byte chooses the parser and, in its upper bits, how much memory there is and whether
 * permissions are answered at once.  Lines follow; one that begins with ! is for us: !a answers the
 * oldest permission, !d denies it, !c cancels.
 */
#include <stdlib.h>

#include "agents/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct dialogue *dialogue;
	uint64_t asked, answered;
	bool answers_at_once, is_over, is_closed, has_ended;
};

static bool
is_text(struct slice text)
{
	return slice_is_utf8(text) && (text.n == 0 || memchr(text.p, '\0', text.n) == NULL);
}

static bool
is_json_line(struct slice bytes)
{
	struct arena arena;
	struct json_scan *scan;
	struct err err;
	char *copy = malloc(bytes.n);
	bool ok;

	must(copy != NULL && bytes.n > 1 && bytes.p[bytes.n - 1] == '\n');
	must(memchr(bytes.p, '\n', bytes.n - 1) == NULL);
	memcpy(copy, bytes.p, bytes.n);
	arena_init(&arena, NULL, 64 * MIB);
	scan = json_scan_new(&arena, copy, bytes.n, 0, 0, 1);
	ok = json_scan_all(scan, &err) && json_scan_type(scan) == JSON_OBJECT;
	arena_fini(&arena);
	free(copy);
	return ok;
}

static void
on_progress(void *owner, struct slice text)
{
	struct run *run = owner;

	must(!run->is_over && !run->has_ended);
	must(text.n > 0 && text.n <= 64 * KIB && is_text(text));
}

static void
on_send(void *owner, struct slice bytes)
{
	struct run *run = owner;

	must(!run->is_over && !run->is_closed && !run->has_ended);
	must(slice_eq(bytes, S("input")) || is_json_line(bytes));
}

static void
on_close(void *owner)
{
	struct run *run = owner;

	must(!run->is_over && !run->is_closed && !run->has_ended);
	run->is_closed = true;
}

static void
on_permission(void *owner, uint64_t number, struct slice title, struct slice detail,
    const struct dialogue_choice *choices, size_t choices_n)
{
	struct run *run = owner;

	must(!run->is_over && !run->has_ended && number == run->asked + 1);
	must(title.n > 0 && title.n <= 4 * KIB && is_text(title));
	must(detail.n == 0 || json_type(detail) != JSON_NONE);
	must(choices_n > 0 && choices_n <= DIALOGUE_CHOICES_MAX);
	for (size_t i = 0; i < choices_n; i++)
		must(slice_is_utf8(choices[i].id) && choices[i].name.n <= 4 * KIB);
	run->asked = number;
	if (run->answers_at_once)
		dialogue_answer(run->dialogue, number, number % (choices_n + 1));
}

static void
on_over(void *owner)
{
	struct run *run = owner;

	must(!run->is_over && !run->has_ended);
	run->is_over = true;
}

static void
feed(struct run *run, struct slice line)
{
	char *exact = malloc(line.n + 1);

	must(exact != NULL);
	if (slice_eq(line, S("!a")) || slice_eq(line, S("!d"))) {
		dialogue_answer(run->dialogue, ++run->answered, line.p[1] == 'a' ? 0 : SIZE_MAX);
	} else if (slice_eq(line, S("!c"))) {
		(void)dialogue_cancel(run->dialogue);
	} else {
		if (line.n > 0)
			memcpy(exact, line.p, line.n);
		dialogue_feed(run->dialogue, (struct slice){ exact, line.n });
	}
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct dialogue_events events = { on_progress, on_send, on_close,
		on_permission, on_over };
	struct memory memory = { 0 };
	struct run run = { 0 };
	struct dialogue_spec spec = { .task = S("a \"task\"\n"),
		.input = S("input"),
		.cwd = S("/"),
		.events = &events,
		.owner = &run,
		.memory = &memory };
	struct slice rest, line;
	struct err why = { 0 };

	if (n < 1)
		return 0;
	spec.parse = (enum config_parse)(data[0] % 8); /* two are none: as lines */
	run.answers_at_once = data[0] & 0x40;
	memory.limit_bytes = data[0] & 0x80 ? 4 * KIB : 0;
	run.dialogue = dialogue_new(&spec);
	dialogue_begin(run.dialogue);
	rest = (struct slice){ (const char *)data + 1, n - 1 };
	while (rest.n > 0) {
		line = slice_cut(rest, '\n', &rest);
		feed(&run, line);
	}
	run.has_ended = true;
	must(dialogue_end(run.dialogue,
		 n % 3 == 0	  ? 0
		     : n % 3 == 1 ? 0x100
				  : 9,
		 &why) ||
	    (why.kind != ERR_NONE && why.text[0] != '\0' && slice_is_utf8(slice_of(why.text))));
	must(is_text(dialogue_text(run.dialogue)));
	must(dialogue_text(run.dialogue).n <= DIALOGUE_TEXT_BYTES);
	must(is_text(dialogue_session(run.dialogue)));
	(void)dialogue_cancel(run.dialogue);
	dialogue_answer(run.dialogue, 1, 0);
	dialogue_free(&run.dialogue);
	must(memory.used_bytes == 0);
	return 0;
}

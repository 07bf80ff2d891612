/*
 * Dialogues: transcripts of each program with all that is made of them (tests/golden/dialogue:
 * X.jsonl is what the program prints, X.txt what comes of it; BASCULE_GOLDEN=write writes them
 * anew), and what no transcript has: bounds, hostile lines, numbers.
 *
 * In a transcript lines that begin with # are for us: #answer NUMBER CHOICE, #cancel, #status
 * exit|signal N.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "agents/dialogue_parts.h"

#define GOLDEN SOURCE_ROOT "/tests/golden/dialogue/"

/* What waitpid(2) gives. */
#define EXITED(n)   ((n) << 8)
#define SIGNALED(n) (n)

struct run {
	struct dialogue *dialogue;
	struct buf log;
	unsigned sends, permissions, overs, closes;
	size_t answer_at_once; /* SIZE_MAX - 1: not at once */
	bool is_quiet;
};

#define LATER (SIZE_MAX - 1)

static void
note(struct run *run, const char *what, struct slice text)
{
	if (run->is_quiet)
		return;
	buf_printf(&run->log, "%s ", what);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n')
			buf_puts(&run->log, i + 1 < text.n ? "\n\t" : "");
		else if (text.p[i] == '\0')
			buf_puts(&run->log, "<NUL>");
		else
			buf_putc(&run->log, text.p[i]);
	buf_putc(&run->log, '\n');
}

static void
on_progress(void *owner, struct slice text)
{
	struct run *run = owner;

	assert_true(text.n > 0 && text.n < 4 * SAY_BYTES);
	assert_true(slice_is_utf8(text) && memchr(text.p, '\0', text.n) == NULL);
	assert_int_equal(run->overs, 0);
	note(run, "says", text);
}

static void
on_send(void *owner, struct slice bytes)
{
	struct run *run = owner;

	assert_int_equal(run->overs + run->closes, 0);
	run->sends++;
	note(run, "sent", bytes);
}

static void
on_close(void *owner)
{
	struct run *run = owner;

	run->closes++;
	note(run, "stdin", S("is closed"));
}

static void
on_permission(void *owner, uint64_t number, struct slice title, struct slice detail,
    const struct dialogue_choice *choices, size_t choices_n)
{
	struct run *run = owner;
	char what[40];

	run->permissions++;
	snprintf(what, sizeof(what), "asks %llu", (unsigned long long)number);
	note(run, what, title);
	note(run, "\twith", detail);
	assert_true(choices_n > 0 && choices_n <= DIALOGUE_CHOICES_MAX);
	for (size_t i = 0; i < choices_n; i++) {
		snprintf(what, sizeof(what), "\t%s%s", choices[i].allows ? "allows" : "rejects",
		    choices[i].is_lasting ? " for good" : "");
		note(run, what, choices[i].name);
	}
	if (run->answer_at_once != LATER)
		dialogue_answer(run->dialogue, number, run->answer_at_once);
}

static void
on_over(void *owner)
{
	struct run *run = owner;

	assert_int_equal(run->overs, 0);
	run->overs++;
	note(run, "is", S("over"));
}

static const struct dialogue_events events = { on_progress, on_send, on_close, on_permission,
	on_over };

static void
run_init(struct run *run, enum config_parse parse, struct memory *memory)
{
	struct dialogue_spec spec = { .parse = parse,
		.task = S("Fix the \"parser\"\nplease"),
		.input = parse == PARSE_ACP ? SLICE_NONE : S("Fix the parser"),
		.cwd = S("/run/work"),
		.events = &events,
		.owner = run,
		.memory = memory };

	*run = (struct run){ .answer_at_once = LATER };
	buf_init(&run->log, NULL, 64 * MIB);
	run->dialogue = dialogue_new(&spec);
	dialogue_begin(run->dialogue);
}

static void
run_fini(struct run *run)
{
	dialogue_free(&run->dialogue);
	assert_null(run->dialogue);
	buf_fini(&run->log);
}

static void
feed(struct run *run, const char *line)
{
	dialogue_feed(run->dialogue, slice_of(line));
}

/* ---- transcripts ----------------------------------------------------------------------------- */

static const struct {
	const char *prefix;
	enum config_parse parse;
} parsers[] = {
	{ "exit_", PARSE_EXIT },
	{ "lines_", PARSE_LINES },
	{ "claude_", PARSE_CLAUDE_STREAM },
	{ "codex_", PARSE_CODEX_JSONL },
	{ "gemini_", PARSE_GEMINI_JSON },
	{ "acp_", PARSE_ACP },
};

static bool
read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	char bytes[1024];
	size_t n;

	if (file == NULL)
		return false;
	buf_init(out, NULL, MIB);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_put(out, (struct slice){ bytes, n });
	fclose(file);
	return true;
}

static void
direct(struct run *run, const char *line, int *status)
{
	unsigned long number, choice;
	char how[10];

	if (strcmp(line, "#cancel") == 0)
		note(run, "cancel",
		    dialogue_cancel(run->dialogue) ? S("by its own means") : S("by force"));
	else if (sscanf(line, "#answer %lu %lu", &number, &choice) == 2)
		dialogue_answer(run->dialogue, number, choice);
	else if (sscanf(line, "#status %9s %lu", how, &number) == 2)
		*status = strcmp(how, "exit") == 0 ? EXITED((int)number) : SIGNALED((int)number);
	else
		fail_msg("%s", line);
}

static void
tell_outcome(struct run *run, int status)
{
	struct dialogue_usage usage;
	struct err why = { 0 };
	bool ok = dialogue_end(run->dialogue, status, &why);

	usage = dialogue_usage(run->dialogue);
	if (ok)
		note(run, "end", S("it did it"));
	else
		buf_printf(&run->log, "end %s: %s\n", err_info(why.kind)->name, why.text);
	assert_true(ok || why.text[0] != '\0');
	note(run, "text", dialogue_text(run->dialogue));
	note(run, "session", dialogue_session(run->dialogue));
	buf_printf(&run->log, "tokens %llu in, %llu out; %llu microusd\n",
	    (unsigned long long)usage.tokens_in, (unsigned long long)usage.tokens_out,
	    (unsigned long long)usage.cost_microusd);
}

static void
play(const char *name, enum config_parse parse, struct buf *out)
{
	struct slice rest, line;
	char path[512];
	struct buf text;
	struct run run;
	int status = 0;

	snprintf(path, sizeof(path), "%s%s", GOLDEN, name);
	assert_true(read_file(path, &text));
	run_init(&run, parse, NULL);
	rest = buf_view(&text);
	while (rest.n > 0) {
		line = slice_cut(rest, '\n', &rest);
		if (line.n > 0 && line.p[0] == '#') {
			snprintf(path, sizeof(path), "%.*s", SLICE_FMT(line));
			direct(&run, path, &status);
		} else {
			dialogue_feed(run.dialogue, line);
		}
	}
	tell_outcome(&run, status);
	*out = run.log;
	buf_init(&run.log, NULL, 0);
	run_fini(&run);
	buf_fini(&text);
}

static void
check_transcript(const char *name, enum config_parse parse)
{
	const char *mode = getenv("BASCULE_GOLDEN");
	struct buf got, want;
	char path[512];
	FILE *file;

	play(name, parse, &got);
	snprintf(path, sizeof(path), "%s%.*s.txt", GOLDEN, (int)(strlen(name) - 6), name);
	if (mode != NULL && strcmp(mode, "write") == 0) {
		file = fopen(path, "wb");
		assert_non_null(file);
		fwrite(got.p, 1, got.n, file);
		fclose(file);
	}
	assert_true(read_file(path, &want));
	if (!slice_eq(buf_view(&got), buf_view(&want)))
		fail_msg("%s gives:\n%.*s", name, SLICE_FMT(buf_view(&got)));
	buf_fini(&got);
	buf_fini(&want);
}

static void
transcripts(void **state)
{
	DIR *dir = opendir(GOLDEN);
	struct dirent *entry;
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		for (size_t i = 0; i < COUNT(parsers); i++)
			if (slice_starts(slice_of(entry->d_name), slice_of(parsers[i].prefix)) &&
			    slice_ends(slice_of(entry->d_name), S(".jsonl"))) {
				check_transcript(entry->d_name, parsers[i].parse);
				n++;
			}
	closedir(dir);
	assert_true(n >= 30);
}

/* ---- texts and numbers ----------------------------------------------------------------------- */

static void
numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t micro;
	} cases[] = {
		{ "0", 0 },
		{ "1", 1000000 },
		{ "0.0731245", 73125 },
		{ "0.0731244999999999999999999999999999", 73124 },
		{ "1.0000005", 1000001 },
		{ "1.0000004", 1000000 },
		{ "0.1", 100000 },
		{ "0.3", 300000 },
		{ "2.675", 2675000 },
		{ "1.2e-05", 12 },
		{ "5e-7", 1 },
		{ "4.9E-7", 0 },
		{ "1E+2", 100000000 },
		{ "12345e-3", 12345000 },
		{ "-1", 0 },
		{ "-0.0", 0 },
		{ "0e999999999999999999999999", 0 },
		{ "1e999999999999999999999999", UINT64_MAX },
		{ "1e-999999999999999999999999", 0 },
		{ "18446744073709.551615", UINT64_MAX },
		{ "18446744073709.551614", UINT64_MAX - 1 },
		{ "18446744073710", UINT64_MAX },
		{ "99999999999999999999999999999999999999", UINT64_MAX },
		{ "\"1\"", 0 },
		{ "null", 0 },
		{ "true", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (number_scaled(slice_of(cases[i].text), 6) != cases[i].micro)
			fail_msg("%s: %llu", cases[i].text,
			    (unsigned long long)number_scaled(slice_of(cases[i].text), 6));
	assert_true(number_scaled(S("18446744073709551615"), 0) == UINT64_MAX);
	assert_true(number_scaled(S("12.5"), 0) == 13);
	assert_true(add_saturated(UINT64_MAX, 1) == UINT64_MAX);
}

static void
check_kept(struct slice text, const char *want)
{
	struct kept kept;

	kept_init(&kept, NULL, 4 * KIB);
	kept_add(&kept, text);
	assert_true(slice_eq(kept_view(&kept), slice_of(want)));
	kept_fini(&kept);
}

static void
texts_are_mended(void **state)
{
	(void)state;
	check_kept(S("plain"), "plain");
	check_kept(S("a\0b"),
	    "a\xef\xbf\xbd"
	    "b");
	check_kept(S("\xff\xfe"), "\xef\xbf\xbd\xef\xbf\xbd");
	check_kept(S("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
	check_kept(S("\xe2\x82\xac\xc3"), "\xe2\x82\xac\xef\xbf\xbd");
	check_kept(S("\xed\xa0\x80x"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
	check_kept(S("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
	check_kept(S("\xc0\x80"), "\xef\xbf\xbd\xef\xbf\xbd");
}

/* Whatever the pieces are, the end of it all is there, whole characters only. */
static void
the_end_is_kept(void **state)
{
	struct kept kept;
	struct buf all;

	(void)state;
	for (size_t step = 1; step < 3000; step = step * 3 + 1) {
		kept_init(&kept, NULL, 1000);
		buf_init(&all, NULL, MIB);
		for (unsigned i = 0; all.n < 20000; i++) {
			struct buf piece;

			buf_init(&piece, NULL, MIB);
			while (piece.n < step)
				buf_printf(&piece, "%u€", i);
			kept_add(&kept, buf_view(&piece));
			buf_put(&all, buf_view(&piece));
			buf_fini(&piece);
			assert_true(kept_view(&kept).n <= 1000);
			assert_true(kept_view(&kept).n >= (all.n > 1000 ? 996 : all.n));
			assert_true(slice_ends(buf_view(&all), kept_view(&kept)));
			assert_true(slice_is_utf8(kept_view(&kept)));
		}
		kept_fini(&kept);
		buf_fini(&all);
	}
}

static void
large_output(void **state)
{
	static char line[64 * KIB];
	struct memory memory = { .limit_bytes = 3 * MIB };
	struct slice text;
	struct run run;
	struct err why;

	(void)state;
	memset(line, 'x', sizeof(line));
	run_init(&run, PARSE_LINES, NULL);
	run.is_quiet = true;
	for (unsigned i = 0; i < 400; i++)
		dialogue_feed(run.dialogue, (struct slice){ line, sizeof(line) });
	feed(&run, "the end");
	text = dialogue_text(run.dialogue);
	assert_true(text.n <= DIALOGUE_TEXT_BYTES && text.n > DIALOGUE_TEXT_BYTES - 8);
	assert_true(slice_ends(text, S("\nthe end")));
	assert_true(dialogue_end(run.dialogue, EXITED(0), &why));
	run_fini(&run);

	run_init(&run, PARSE_LINES, &memory); /* the account forbids as much */
	run.is_quiet = true;
	for (unsigned i = 0; i < 400; i++)
		dialogue_feed(run.dialogue, (struct slice){ line, sizeof(line) });
	feed(&run, "the end");
	text = dialogue_text(run.dialogue);
	assert_true(text.n > 0 && memory.peak_bytes <= 3 * MIB);
	assert_true(slice_ends(text, S("\nthe end")));
	run_fini(&run);
	assert_int_equal(memory.used_bytes, 0);
}

/* ---- hostile lines --------------------------------------------------------------------------- */

static void
feed_each_parser(struct slice line)
{
	struct memory memory = { .limit_bytes = 96 * MIB };
	struct err why;
	struct run run;

	for (size_t i = 0; i < COUNT(parsers); i++) {
		run_init(&run, parsers[i].parse, &memory);
		dialogue_feed(run.dialogue, line);
		dialogue_feed(run.dialogue, S("{\"id\":1,\"result\":{\"protocolVersion\":1}}"));
		dialogue_feed(run.dialogue, line);
		dialogue_feed(run.dialogue, S("{\"id\":2,\"result\":{\"sessionId\":\"s\"}}"));
		dialogue_feed(run.dialogue, line);
		(void)!dialogue_end(run.dialogue, SIGNALED(9), &why);
		assert_true(slice_is_utf8(dialogue_text(run.dialogue)));
		run_fini(&run);
	}
	assert_int_equal(memory.used_bytes, 0);
}

static void
hostile_lines(void **state)
{
	struct buf line;

	(void)state;
	feed_each_parser(SLICE_NONE);
	feed_each_parser(S(""));
	feed_each_parser(S("\0\0\0"));
	feed_each_parser(S("{\"type\":\"\xff\"}"));
	feed_each_parser(S("{\"a\":1,\"a\":2}"));
	buf_init(&line, NULL, 16 * MIB);
	while (line.n < 5 * MIB)
		buf_putc(&line, '[');
	feed_each_parser(buf_view(&line));
	buf_clear(&line);
	while (line.n < MIB)
		buf_puts(&line, "{\"a\":");
	feed_each_parser(buf_view(&line));
	buf_clear(&line);
	buf_puts(&line, "{\"type\":\"assistant\",\"message\":{\"content\":\"");
	while (line.n < 4 * MIB)
		buf_puts(&line, "\xff\xfe€");
	buf_puts(&line, "\"}}");
	feed_each_parser(buf_view(&line));
	buf_fini(&line);
}

/* Bytes that are no UTF-8 in the text of a message are mended, the message is taken. */
static void
bad_utf8_in_json(void **state)
{
	struct err why;
	struct run run;

	(void)state;
	run_init(&run, PARSE_CLAUDE_STREAM, NULL);
	feed(&run, "{\"type\":\"result\",\"subtype\":\"success\",\"result\":\"caf\xe9!\"}");
	assert_true(dialogue_end(run.dialogue, EXITED(0), &why));
	assert_true(slice_eq(dialogue_text(run.dialogue), S("caf\xef\xbf\xbd!")));
	run_fini(&run);
}

/* Noise is not the answer of one that has none to give. */
static void
done_without_words(void **state)
{
	struct err why;
	struct run run;

	(void)state;
	run_init(&run, PARSE_CODEX_JSONL, NULL);
	feed(&run, "WARN something");
	feed(&run, "{\"type\":\"turn.completed\",\"usage\":null}");
	assert_true(dialogue_end(run.dialogue, SIGNALED(15), &why));
	assert_int_equal(dialogue_text(run.dialogue).n, 0);
	run_fini(&run);
}

/* A text of many lines that all look like an end costs as much as its bytes, not their square. */
static void
gemini_many_ends(void **state)
{
	struct err why;
	struct run run;

	(void)state;
	run_init(&run, PARSE_GEMINI_JSON, NULL);
	run.is_quiet = true;
	feed(&run, "{ \"a\": [");
	for (unsigned i = 0; i < 200000; i++)
		feed(&run, "}]} ,[{");
	feed(&run, "{");
	feed(&run, "  \"response\": \"found\"");
	feed(&run, "}");
	assert_int_equal(run.overs, 1);
	assert_true(dialogue_end(run.dialogue, EXITED(0), &why));
	assert_true(slice_eq(dialogue_text(run.dialogue), S("found")));
	run_fini(&run);
}

/* The last document comes without its end of line, or never ends. */
static void
gemini_at_the_end(void **state)
{
	struct err why;
	struct run run;

	(void)state;
	run_init(&run, PARSE_GEMINI_JSON, NULL);
	feed(&run, "{\"response\":\"x\"");
	assert_int_equal(run.overs, 0);
	assert_false(dialogue_end(run.dialogue, EXITED(0), &why));
	assert_true(slice_has(slice_of(why.text), S("--output-format json")));
	assert_true(slice_starts(dialogue_text(run.dialogue), S("{\"response\"")));
	run_fini(&run);
}

/* ---- acp ------------------------------------------------------------------------------------- */

static void
acp_prompted(struct run *run, struct memory *memory)
{
	run_init(run, PARSE_ACP, memory);
	feed(run, "{\"id\":1,\"result\":{\"protocolVersion\":1}}");
	feed(run, "{\"id\":2,\"result\":{\"sessionId\":\"s\"}}");
	assert_int_equal(run->sends, 3);
	buf_clear(&run->log);
	run->sends = 0;
}

static void
ask(struct run *run, unsigned id)
{
	char line[300];

	snprintf(line, sizeof(line),
	    "{\"id\":%u,\"method\":\"session/request_permission\",\"params\":{\"toolCall\":"
	    "{\"title\":\"t\"},\"options\":[{\"optionId\":\"o\",\"kind\":\"allow_once\"}]}}",
	    id);
	feed(run, line);
}

static void
asks_are_few(void **state)
{
	struct run run;

	(void)state;
	acp_prompted(&run, NULL);
	for (unsigned i = 0; i < 40; i++)
		ask(&run, i);
	assert_int_equal(run.permissions, 16);
	assert_int_equal(run.sends, 24); /* the others were cancelled at once */
	dialogue_answer(run.dialogue, 5, 0);
	dialogue_answer(run.dialogue, 5, 0);
	dialogue_answer(run.dialogue, 6, 1); /* no such choice: cancelled */
	dialogue_answer(run.dialogue, 0, 0);
	dialogue_answer(run.dialogue, 99, 0);
	assert_int_equal(run.sends, 26);
	ask(&run, 50);
	assert_int_equal(run.permissions, 17);
	assert_true(dialogue_cancel(run.dialogue));
	assert_int_equal(run.sends, 26 + 1 + 15);
	run_fini(&run);
}

static void
asks_answered_at_once(void **state)
{
	struct run run;

	(void)state;
	acp_prompted(&run, NULL);
	run.answer_at_once = 0;
	for (unsigned i = 0; i < 40; i++)
		ask(&run, i);
	assert_int_equal(run.permissions, 40);
	assert_int_equal(run.sends, 40);
	assert_true(slice_has(buf_view(&run.log),
	    S("{\"jsonrpc\":\"2.0\",\"id\":39,\"result\":{\"outcome\":{\"outcome\":\"selected\","
	      "\"optionId\":\"o\"}}}")));
	run_fini(&run);
}

static void
answers_end(void **state)
{
	struct run run;

	(void)state;
	acp_prompted(&run, NULL);
	run.is_quiet = true;
	for (unsigned i = 0; i < 20000; i++)
		feed(&run, "{\"id\":1,\"method\":\"fs/read_text_file\",\"params\":{}}");
	assert_int_equal(run.sends, 10000);
	run_fini(&run);
}

static void
acp_large(void **state)
{
	struct memory memory = { .limit_bytes = 8 * MIB };
	struct buf line;
	struct run run;

	(void)state;
	buf_init(&line, NULL, 4 * MIB);
	acp_prompted(&run, &memory);
	buf_puts(&line, "{\"id\":\"");
	while (line.n < 100 * KIB)
		buf_putc(&line, 'i');
	buf_puts(&line, "\",\"method\":\"x\"}");
	dialogue_feed(run.dialogue, buf_view(&line)); /* an id that nobody means */
	assert_int_equal(run.sends, 0);
	buf_clear(&line);
	buf_puts(&line,
	    "{\"id\":1,\"method\":\"session/request_permission\",\"params\":{"
	    "\"toolCall\":{\"title\":7},\"options\":[");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(
		    &line, "%s{\"optionId\":\"%u\",\"kind\":\"reject_once\"}", i > 0 ? "," : "", i);
	buf_puts(&line, "]}}");
	dialogue_feed(run.dialogue, buf_view(&line));
	assert_int_equal(run.permissions, 1);
	buf_fini(&line);
	run_fini(&run);
	assert_int_equal(memory.used_bytes, 0);
}

static void
no_memory(void **state)
{
	struct memory memory = { .limit_bytes = 2 * KIB, .used_bytes = 2 * KIB };
	struct err why;
	struct run run;

	(void)state;
	for (size_t i = 0; i < COUNT(parsers); i++) {
		run_init(&run, parsers[i].parse, &memory);
		feed(&run, "{\"id\":1,\"result\":{\"protocolVersion\":1}}");
		feed(&run, "{\"type\":\"result\",\"subtype\":\"success\",\"result\":\"x\"}");
		assert_int_equal(dialogue_text(run.dialogue).n, 0);
		assert_false(dialogue_end(run.dialogue, SIGNALED(15), &why));
		run_fini(&run);
	}
	assert_int_equal(memory.used_bytes, 2 * KIB);
}

static void
which_are_interactive(void **state)
{
	struct dialogue *none = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(parsers); i++)
		assert_int_equal(
		    dialogue_is_interactive(parsers[i].parse), parsers[i].parse == PARSE_ACP);
	dialogue_free(&none);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(transcripts),
		cmocka_unit_test(numbers),
		cmocka_unit_test(texts_are_mended),
		cmocka_unit_test(the_end_is_kept),
		cmocka_unit_test(large_output),
		cmocka_unit_test(hostile_lines),
		cmocka_unit_test(bad_utf8_in_json),
		cmocka_unit_test(done_without_words),
		cmocka_unit_test(gemini_many_ends),
		cmocka_unit_test(gemini_at_the_end),
		cmocka_unit_test(asks_are_few),
		cmocka_unit_test(asks_answered_at_once),
		cmocka_unit_test(answers_end),
		cmocka_unit_test(acp_large),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(which_are_interactive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

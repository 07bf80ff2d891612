/*
 * An elicitation at the terminal: the question and then one line a field of its form.  An empty
 * line takes the default or leaves the field out, the end of input (Ctrl-D) declines.  What
 * upstreams wrote is shown without control characters.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask_person.h"
#include "cli/cli.h"

#define LINE_BYTES    (16 * KIB)
#define FIELDS_MAX    32
#define TURN_MS	      100 /* how often one who waits for the terminal looks again */
#define CHOICES_SHOWN 20

struct person {
	struct loop *loop;
	uint64_t ask_ms;
	bool is_there, is_asked, has_gone;
	struct stream *in; /* opened with the first question */
	struct line_reader lines;
	struct buf line;
	bool has_line;
	struct task *task;
};

/* ---- reading lines ---- */

static void
on_line(void *owner, char *line, size_t n)
{
	struct person *person = owner;

	buf_clear(&person->line);
	buf_put(&person->line, (struct slice){ line, n });
	person->has_line = true;
	line_pause(&person->lines);
	task_wake(person->task);
}

static void
on_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	char nothing = '\0';

	on_line(owner, &nothing, 0);
}

static void
on_ready(void *owner, unsigned events)
{
	struct person *person = owner;
	char bytes[512];
	ssize_t n = stream_read(person->in, bytes, sizeof(bytes));

	if (n == -EAGAIN)
		return;
	if (n > 0) {
		line_feed(&person->lines, bytes, (size_t)n);
	} else {
		person->has_gone = true;
		stream_want(person->in, 0);
		task_wake(person->task);
	}
}

MUST_CHECK static bool
open_terminal(struct person *person, struct err *err)
{
	if (person->in != NULL)
		return true;
	person->in = loop_stdio(person->loop, STDIN_FILENO, err);
	if (person->in == NULL)
		return false;
	person->in->on_ready = on_ready;
	person->in->owner = person;
	return true;
}

/* One line; *line is SLICE_NONE when the person has gone. */
MUST_CHECK static bool
line_wait(struct person *person, uint64_t until_ms, struct slice *line, struct err *err)
{
	bool timed_out = false, ok = true;

	person->has_line = false;
	person->task = task_self(person->loop);
	line_resume(&person->lines);
	if (!person->has_line && !person->has_gone)
		stream_want(person->in, STREAM_READABLE);
	while (ok && !timed_out && !person->has_line && !person->has_gone)
		ok = task_park_until_wait(person->loop, until_ms, &timed_out, err);
	stream_want(person->in, 0);
	person->task = NULL;
	if (ok && timed_out && !person->has_line)
		return err_set(err, ERR_DEADLINE, "nobody answered the question");
	*line = person->has_line ? slice_trim(buf_view(&person->line)) : SLICE_NONE;
	return ok;
}

static void
say(struct buf *out)
{
	cli_write(STDERR_FILENO, buf_view(out));
	buf_clear(out);
}

/* ---- values ---- */

static bool
type_is(struct slice schema, struct slice name)
{
	struct slice type;

	return json_type(schema) == JSON_OBJECT && json_find(schema, S("type"), &type) &&
	    type.n == name.n + 2 && memcmp(type.p + 1, name.p, name.n) == 0;
}

/* Finds the list of choices: `enum`, or that of `items`. */
static bool
choices_find(struct slice schema, struct slice *choices)
{
	struct slice items;

	if (json_type(schema) != JSON_OBJECT)
		return false;
	if (json_find(schema, S("enum"), choices) && json_type(*choices) == JSON_ARRAY)
		return true;
	return json_find(schema, S("items"), &items) && json_type(items) == JSON_OBJECT &&
	    json_find(items, S("enum"), choices) && json_type(*choices) == JSON_ARRAY;
}

MUST_CHECK static bool
choice_put(struct slice schema, struct slice word, struct buf *out, struct err *err)
{
	struct slice choices, key, choice, text;
	struct json_iter iter;
	struct arena arena;
	bool found = false;

	if (!choices_find(schema, &choices)) {
		buf_json_string(out, word);
		return true;
	}
	arena_init(&arena, NULL, MIB);
	json_iter_init(&iter, choices);
	while (!found && json_iter_next(&iter, &key, &choice)) {
		if (json_type(choice) == JSON_STRING && json_string(&arena, choice, &text, err) &&
		    slice_eq(text, word)) {
			buf_put(out, choice);
			found = true;
		}
	}
	arena_fini(&arena);
	return found || err_set(err, ERR_PARAMS, "please give one of the choices");
}

MUST_CHECK static bool
list_put(struct slice schema, struct slice line, struct buf *out, struct err *err)
{
	struct slice rest = line, word;

	buf_putc(out, '[');
	while (rest.p != NULL) {
		word = slice_trim(slice_cut(rest, ',', &rest));
		if (word.n == 0)
			continue;
		if (out->p[out->n - 1] != '[')
			buf_putc(out, ',');
		if (!choice_put(schema, word, out, err))
			return false;
	}
	buf_putc(out, ']');
	return true;
}

MUST_CHECK static bool
number_put(struct slice line, bool is_integer, struct buf *out, struct err *err)
{
	struct json_scan *scan;
	struct arena arena;
	struct err fault;
	char text[64];
	int64_t number;
	bool ok = false;

	if (line.n > 0 && line.n < sizeof(text)) {
		memcpy(text, line.p, line.n);
		arena_init(&arena, NULL, 64 * KIB);
		scan = json_scan_new(&arena, text, line.n, 0, 0, 0);
		ok = json_scan_all(scan, &fault) && json_scan_type(scan) == JSON_NUMBER &&
		    (!is_integer || json_int(line, &number));
		arena_fini(&arena);
	}
	if (!ok)
		return err_set(
		    err, ERR_PARAMS, "please give %s", is_integer ? "a whole number" : "a number");
	buf_put(out, line);
	return true;
}

bool
person_value(struct slice schema, struct slice line, struct buf *out, struct err *err)
{
	static const char *const yes[] = { "y", "yes", "true" },
				 *const no[] = { "n", "no", "false" };

	if (type_is(schema, S("integer")) || type_is(schema, S("number")))
		return number_put(line, type_is(schema, S("integer")), out, err);
	if (type_is(schema, S("array")))
		return list_put(schema, line, out, err);
	if (!type_is(schema, S("boolean")))
		return choice_put(schema, line, out, err);
	for (size_t i = 0; i < COUNT(yes); i++) {
		if (slice_eq_nocase(line, slice_of(yes[i]))) {
			buf_puts(out, "true");
			return true;
		}
		if (slice_eq_nocase(line, slice_of(no[i]))) {
			buf_puts(out, "false");
			return true;
		}
	}
	return err_set(err, ERR_PARAMS, "please give yes or no");
}

/* ---- the form ---- */

struct field {
	struct slice key; /* raw, between the quotes */
	struct slice schema;
	struct slice preset; /* raw, or SLICE_NONE */
	bool is_required;
};

/* Text of a string member, for showing. */
static void
put_member(struct buf *out, struct slice object, struct slice key, const char *before)
{
	struct slice token, text;
	struct arena arena;
	struct err err;

	if (json_type(object) != JSON_OBJECT || !json_find(object, key, &token) ||
	    json_type(token) != JSON_STRING)
		return;
	arena_init(&arena, NULL, 16 * MIB);
	if (json_string(&arena, token, &text, &err) && text.n > 0) {
		buf_puts(out, before);
		buf_put_shown(out, text);
	}
	arena_fini(&arena);
}

static bool
is_listed(struct slice list, struct slice key)
{
	struct slice unused, token;
	struct json_iter iter;

	json_iter_init(&iter, list);
	while (json_iter_next(&iter, &unused, &token))
		if (token.n == key.n + 2 && memcmp(token.p + 1, key.p, key.n) == 0)
			return true;
	return false;
}

static void
put_prompt(struct buf *out, const struct field *field)
{
	struct slice choices, key, choice;
	struct json_iter iter;
	size_t before, n = 0;

	buf_puts(out, "  ");
	before = out->n;
	put_member(out, field->schema, S("title"), "");
	if (out->n == before)
		buf_put_shown(out, field->key);
	put_member(out, field->schema, S("description"), ", ");
	if (choices_find(field->schema, &choices)) {
		buf_puts(out, type_is(field->schema, S("array")) ? " (some of" : " (one of");
		json_iter_init(&iter, choices);
		while (n++ < CHOICES_SHOWN && json_iter_next(&iter, &key, &choice)) {
			buf_putc(out, ' ');
			buf_put_shown(out, choice);
		}
		buf_putc(out, ')');
	} else if (type_is(field->schema, S("boolean"))) {
		buf_puts(out, " (yes or no)");
	}
	if (field->preset.p != NULL) {
		buf_puts(out, " [");
		buf_put_shown(out, field->preset);
		buf_putc(out, ']');
	}
	buf_puts(
	    out, field->is_required && field->preset.p == NULL ? ": " : " (may be left out): ");
}

/* Asks until there is a value; *gone: the person wants none of it. */
MUST_CHECK static bool
field_wait(struct person *person, const struct field *field, uint64_t until_ms, struct buf *value,
    bool *gone, struct err *err)
{
	struct err fault;
	struct slice line;
	struct buf out;

	buf_init(&out, NULL, MIB);
	for (;;) {
		buf_clear(value);
		put_prompt(&out, field);
		say(&out);
		if (!line_wait(person, until_ms, &line, err)) {
			buf_fini(&out);
			return false;
		}
		*gone = line.p == NULL;
		if (*gone || (line.n == 0 && !field->is_required && field->preset.p == NULL))
			break;
		if (line.n == 0 && field->preset.p != NULL) {
			buf_put(value, field->preset);
			break;
		}
		if (line.n == 0 && !type_is(field->schema, S("string")))
			continue;
		if (person_value(field->schema, line, value, &fault))
			break;
		buf_printf(&out, "  %s\n", fault.text);
	}
	buf_fini(&out);
	return true;
}

/* The fields one after the other into {"action":"accept","content":{...}}; *gone: stopped before.
 */
MUST_CHECK static bool
form_wait(struct person *person, struct slice schema, uint64_t until_ms, struct buf *answer,
    bool *gone, struct err *err)
{
	struct slice properties, required = SLICE_NONE, key, value;
	struct json_iter iter;
	struct buf text;
	size_t n = 0, filled = 0;
	bool ok = true;

	*gone = false;
	buf_puts(answer, "{\"action\":\"accept\",\"content\":{");
	if (json_type(schema) != JSON_OBJECT || !json_find(schema, S("properties"), &properties))
		properties = S("{}");
	json_find(schema, S("required"), &required);
	buf_init(&text, NULL, MIB);
	json_iter_init(&iter, properties);
	while (ok && !*gone && n++ < FIELDS_MAX && json_iter_next(&iter, &key, &value)) {
		struct field field = {
			.key = key, .schema = value, .is_required = is_listed(required, key)
		};

		if (json_type(value) == JSON_OBJECT)
			json_find(value, S("default"), &field.preset);
		ok = field_wait(person, &field, until_ms, &text, gone, err);
		if (ok && !*gone && text.n > 0) {
			buf_printf(answer, "%s\"", filled++ > 0 ? "," : "");
			buf_put(answer, key);
			buf_puts(answer, "\":");
			buf_put(answer, buf_view(&text));
		}
	}
	buf_puts(answer, "}}");
	buf_fini(&text);
	return ok;
}

/* A form without fields asks for a yes. */
MUST_CHECK static bool
dialogue_wait(
    struct person *person, const struct question *question, struct buf *answer, struct err *err)
{
	static const struct field consent = { .key = { "Accept", 6 },
		.is_required = true,
		.schema = { "{\"type\":\"boolean\"}", 18 } };
	uint64_t until_ms = loop_now_ms(person->loop) + person->ask_ms;
	struct slice schema = SLICE_NONE, properties = SLICE_NONE;
	struct buf out;
	bool gone = false, ok;

	buf_init(&out, NULL, MIB);
	buf_put_shown(&out, question->server);
	buf_puts(&out, " asks");
	put_member(&out, question->params, S("message"), ": ");
	buf_puts(&out, "\n  (Ctrl-D declines)\n");
	say(&out);
	if (json_find(question->params, S("requestedSchema"), &schema) &&
	    json_type(schema) == JSON_OBJECT)
		json_find(schema, S("properties"), &properties);
	if (json_type(properties) != JSON_OBJECT || properties.n <= 2) {
		ok = field_wait(person, &consent, until_ms, &out, &gone, err);
		gone = gone || !slice_eq(buf_view(&out), S("true"));
		buf_puts(answer, "{\"action\":\"accept\",\"content\":{}}");
	} else {
		ok = form_wait(person, schema, until_ms, answer, &gone, err);
	}
	buf_fini(&out);
	if (ok && gone) {
		buf_clear(answer);
		buf_puts(answer, "{\"action\":\"decline\"}");
		if (person->has_gone)
			cli_write(STDERR_FILENO, S("\n"));
	}
	return ok;
}

bool
person_ask_wait(struct person *person, struct exchange *exchange, const struct question *question,
    struct answer *answer, struct err *err)
{
	struct buf text;
	bool ok;

	while (person->is_asked)
		if (!task_sleep_wait(person->loop, TURN_MS, err))
			return false;
	if (!open_terminal(person, err))
		return false;
	buf_init(&text, NULL, MIB);
	person->is_asked = true;
	ok = dialogue_wait(person, question, &text, err);
	person->is_asked = false;
	ok = ok && buf_check(&text, err) && arena_reserve(&exchange->arena, text.n + 1, err);
	if (ok)
		*answer = (struct answer){ .body = slice_dup(&exchange->arena, buf_view(&text)) };
	buf_fini(&text);
	return ok;
}

/* ---- the person ---- */

struct person *
person_new(struct loop *loop, uint64_t ask_ms)
{
	struct person *person = MEM_NEW(struct person);

	person->loop = loop;
	person->ask_ms = ask_ms;
	person->is_there = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	line_reader_init(&person->lines, NULL, LINE_BYTES);
	person->lines.on_line = on_line;
	person->lines.on_long = on_long;
	person->lines.owner = person;
	buf_init(&person->line, NULL, LINE_BYTES);
	return person;
}

void
person_free(struct person **at)
{
	struct person *person = *at;

	*at = NULL;
	stream_close(&person->in);
	line_reader_fini(&person->lines);
	buf_fini(&person->line);
	mem_free(person);
}

bool
person_is_there(const struct person *person)
{
	return person->is_there;
}

bool
person_is_asked(const struct person *person)
{
	return person->is_asked;
}

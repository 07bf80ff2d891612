/*
 * bascule.lock, read.  It comes from version control, perhaps from a merge gone wrong or from
 * somebody who wants a tool approved: every line must be what pins_print() would write, but for
 * blank lines, comments and the layout of values; a hash that does not fit what stands below it is
 * an error, one that is missing is computed.  Time and memory are linear in the text, which is
 * bounded.
 */
#include <stdio.h>
#include <string.h>

#include "guard/pins.h"

#define NAME_BYTES (8 * KIB) /* of a server, tool or URI */
#define SHOWN	   40

struct reader {
	struct pins *pins;
	const char *file;
	struct slice rest;
	unsigned line; /* that was taken last */
	struct err *err;
	bool has_version;

	/* The entry that is being read. */
	bool has_entry, has_digest;
	struct pin pin;
	struct arena arena; /* its texts */
	unsigned char digest[SHA256_BYTES];
	struct buf object;
	unsigned object_line;	  /* where its first member stands */
	bool has_member, is_text; /* the member that may go on; it is a text */
	unsigned owed; /* lines that left no trace in object, which count its lines as the file */
};

static bool PRINTF(3, 4) fail(struct reader *reader, unsigned line, const char *fmt, ...)
{
	struct err why;
	va_list ap;
	char text[200];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&why, ERR_CONFIG, "%s", text);
	return err_set_at(
	    reader->err, ERR_CONFIG, line, 0, "%s:%u: %s", reader->file, line, why.text);
}

/* ---- strings and words ----------------------------------------------------------------------- */

static int
shown(struct slice text)
{
	return (int)(text.n > SHOWN ? SHOWN : text.n);
}

/* The string token that rest begins with, with its quotes; what follows stays. */
static bool
token_take(struct slice *rest, struct slice *token)
{
	size_t at = 1;

	if (rest->n == 0 || rest->p[0] != '"')
		return false;
	while (at < rest->n && rest->p[at] != '"')
		at += rest->p[at] == '\\' ? 2 : 1;
	if (at >= rest->n)
		return false;
	*token = (struct slice){ rest->p, at + 1 };
	*rest = (struct slice){ rest->p + at + 1, rest->n - at - 1 };
	return true;
}

/* A name of the entry: a token, unescaped. */
static bool
name_take(struct reader *reader, struct slice *rest, struct slice *out)
{
	struct slice token;
	struct json_scan *scan;
	struct err err;

	if (rest->n > 0 && rest->p[0] == ' ')
		*rest = (struct slice){ rest->p + 1, rest->n - 1 };
	if (!token_take(rest, &token) || token.n > 6 * NAME_BYTES + 2)
		return false;
	if (!arena_reserve(&reader->arena, 2 * token.n + ARENA_SMALL, &err))
		return false;
	token = slice_dup(&reader->arena, token);
	scan = json_scan_new(&reader->arena, (char *)(uintptr_t)token.p, token.n, 0, 0, 0);
	return json_scan_all(scan, &err) && json_string(&reader->arena, token, out, &err) &&
	    out->n <= NAME_BYTES;
}

static bool
digest_take(struct reader *reader, struct slice hex)
{
	static const char digits[] = "0123456789abcdef";

	if (hex.n != 2 * (size_t)SHA256_BYTES)
		return false;
	for (size_t i = 0; i < hex.n; i++) {
		const char *digit = memchr(digits, hex.p[i], 16);

		if (digit == NULL)
			return false;
		reader->digest[i / 2] =
		    (unsigned char)(reader->digest[i / 2] << 4 | (digit - digits));
	}
	reader->has_digest = true;
	return true;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* What is wrong with the object is told by the line of the file. */
static bool
object_check(struct reader *reader, struct arena *arena)
{
	struct buf *object = &reader->object;
	struct json_scan *scan = json_scan_new(arena, object->p, object->n, 0, 0, 0);
	struct err err = { 0 };

	if (json_scan_all(scan, &err))
		return true;
	return fail(
	    reader, reader->object_line + (err.line > 0 ? err.line - 1 : 0), "%s", err.text);
}

static bool
entry_add(struct reader *reader)
{
	struct pin *pin = &reader->pin;
	struct buf text;
	struct err err = { 0 };
	bool ok;

	buf_init(&text, NULL, PINS_FILE_BYTES);
	ok = pins_spell(buf_view(&reader->object), &text, pin->digest);
	pin->text = buf_view(&text);
	if (!ok)
		fail(reader, pin->line, "the %s is nested too deep", pin_kind_name(pin->kind));
	else if (reader->has_digest && memcmp(pin->digest, reader->digest, SHA256_BYTES) != 0)
		ok = fail(reader, pin->line,
		    "the hash of this %s does not fit what stands below it: take the file from "
		    "version control, or remove the entry and accept it anew",
		    pin_kind_name(pin->kind));
	else if (!pins_copy(reader->pins, pin, &err))
		ok = fail(reader, pin->line, "%s", err.text);
	buf_fini(&text);
	return ok;
}

/* The entry before has ended. */
static bool
entry_end(struct reader *reader)
{
	struct arena arena;
	bool ok;

	if (!reader->has_entry)
		return true;
	reader->has_entry = false;
	buf_putc(&reader->object, '}');
	if (reader->object.overflow)
		return fail(reader, reader->line, "the entry is too long");
	arena_init(&arena, NULL, PINS_FILE_BYTES);
	ok = object_check(reader, &arena) && entry_add(reader);
	arena_fini(&arena);
	arena_fini(&reader->arena);
	buf_clear(&reader->object);
	return ok;
}

static bool
kind_find(struct slice word, enum pin_kind *kind)
{
	for (unsigned i = 0; i < PIN_KINDS; i++) {
		if (slice_eq(word, slice_of(pin_kind_name((enum pin_kind)i)))) {
			*kind = (enum pin_kind)i;
			return true;
		}
	}
	return false;
}

/* `tool "SERVER" "NAME" sha256:HEX`; the hash may be missing. */
static bool
entry_begin(struct reader *reader, struct slice line)
{
	struct slice rest, word = slice_cut(line, ' ', &rest), mark = S(" sha256:");
	struct pin *pin = &reader->pin;

	if (!entry_end(reader))
		return false;
	*pin = (struct pin){ .name = S(""), .line = reader->line };
	if (!kind_find(word, &pin->kind) || rest.p == NULL)
		return fail(reader, reader->line,
		    "\"%.*s\" begins no entry: server, tool, prompt or template, each with its "
		    "names in quotes",
		    shown(word), word.p);
	reader->has_digest = reader->has_member = false;
	if (!name_take(reader, &rest, &pin->server) || pin->server.n == 0)
		return fail(reader, reader->line, "the name of a server in quotes is missing");
	if (pin->kind != PIN_SERVER && !name_take(reader, &rest, &pin->name))
		return fail(reader, reader->line, "the name of the %s in quotes is missing",
		    pin_kind_name(pin->kind));
	if (slice_starts(rest, mark)
		? !digest_take(reader, (struct slice){ rest.p + mark.n, rest.n - mark.n })
		: rest.n > 0)
		return fail(reader, reader->line,
		    "\"%.*s\" stands where sha256: and 64 hexadecimal digits would", shown(rest),
		    rest.p);
	reader->has_entry = true;
	reader->object_line = reader->line + 1;
	reader->owed = 0;
	buf_clear(&reader->object);
	buf_putc(&reader->object, '{');
	return true;
}

/* ---- members --------------------------------------------------------------------------------- */

/* `KEY VALUE`, the key with or without quotes. */
static bool
member_begin(struct reader *reader, struct slice line)
{
	struct slice rest = line, key;

	if (line.p[0] == '"' ? !token_take(&rest, &key) || rest.n == 0 || rest.p[0] != ' '
			     : (key = slice_cut(line, ' ', &rest), rest.p == NULL))
		return fail(reader, reader->line, "a name, a blank and a value are expected");
	if (line.p[0] == '"')
		rest = (struct slice){ rest.p + 1, rest.n - 1 };
	else if (memchr(key.p, '"', key.n) != NULL || memchr(key.p, '\\', key.n) != NULL)
		return fail(reader, reader->line, "\"%.*s\" needs quotes", shown(key), key.p);
	for (; reader->owed > 0; reader->owed--)
		buf_putc(&reader->object, '\n');
	buf_puts(&reader->object, reader->has_member ? "," : "");
	buf_puts(&reader->object, line.p[0] == '"' ? "" : "\"");
	buf_put(&reader->object, key);
	buf_puts(&reader->object, line.p[0] == '"' ? ":" : "\":");
	buf_put(&reader->object, rest);
	buf_putc(&reader->object, '\n');
	reader->has_member = true;
	reader->is_text = rest.n > 0 && rest.p[0] == '"';
	return true;
}

/* Parts of one text stand each in quotes: those between them go. */
static bool
member_go_on(struct reader *reader, struct slice line)
{
	struct buf *object = &reader->object;

	if (!reader->has_member)
		return fail(reader, reader->line, "nothing stands here that could go on");
	if (reader->is_text) {
		if (line.n < 2 || line.p[0] != '"' || object->n < 2 ||
		    object->p[object->n - 2] != '"')
			return fail(reader, reader->line, "a text goes on with another in quotes");
		object->n -= 2;
		reader->owed++;
		line = (struct slice){ line.p + 1, line.n - 1 };
	}
	buf_put(object, line);
	buf_putc(object, '\n');
	return true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool
line_read(struct reader *reader, struct slice line)
{
	if (line.n == 0 || line.p[0] == '#') {
		reader->owed++;
		return true;
	}
	if (!reader->has_version) {
		reader->has_version = slice_eq(line, S("bascule-lock 1"));
		return reader->has_version ||
		    fail(reader, reader->line,
			"\"bascule-lock 1\" is expected first: this is no lock file, or one of a "
			"later version");
	}
	if (line.p[0] != '\t')
		return entry_begin(reader, line);
	if (!reader->has_entry)
		return fail(reader, reader->line, "no entry stands above this line");
	line = (struct slice){ line.p + 1, line.n - 1 };
	if (line.n == 0)
		return fail(reader, reader->line, "a tab and nothing else");
	if (line.p[0] != '\t')
		return member_begin(reader, line);
	while (line.n > 0 && line.p[0] == '\t')
		line = (struct slice){ line.p + 1, line.n - 1 };
	return member_go_on(reader, line);
}

bool
pins_read(struct pins *pins, struct slice text, const char *name, struct err *err)
{
	struct reader reader = { .pins = pins, .file = name, .rest = text, .err = err };
	struct slice line;
	bool ok = text.n <= PINS_FILE_BYTES ||
	    err_set(err, ERR_CONFIG, "%s: larger than %zu MiB", name, PINS_FILE_BYTES / MIB);

	arena_init(&reader.arena, NULL, MIB);
	buf_init(&reader.object, NULL, PINS_FILE_BYTES);
	while (ok && reader.rest.n > 0) {
		line = slice_cut(reader.rest, '\n', &reader.rest);
		reader.line++;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		ok = line_read(&reader, line);
	}
	ok = ok && (reader.has_version || fail(&reader, reader.line + 1, "the file is empty")) &&
	    entry_end(&reader);
	if (ok && !pins_finish(pins, err))
		ok = err_prefix(err, "%s:%u", name, err->line);
	arena_fini(&reader.arena);
	buf_fini(&reader.object);
	return ok;
}

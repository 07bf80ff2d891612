/*
 * Writing what an import makes: scalars that read back as they were, comments that stay comments,
 * and entries that are checked as the configuration will be, one by one, so that a faulty one
 * cannot spoil the rest.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_import.h"

#define NAME_BYTES   32
#define CHECK_BYTES  (2 * MIB)
#define REPORT_NOTES 100 /* lines; the rest is counted, and stands in the file */

/* ---- texts ----------------------------------------------------------------------------------- */

/* Bytes of a character at p that a YAML reader refuses raw; 0: it takes it. */
static size_t
refused(const unsigned char *p, size_t n)
{
	if (p[0] < ' ' || p[0] == 0x7f)
		return 1;
	if (n > 1 && p[0] == 0xc2 && p[1] < 0xa0)
		return 2;
	if (n > 2 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
		return 3;
	if (n > 2 && p[0] == 0xef &&
	    ((p[1] == 0xbb && p[2] == 0xbf) || (p[1] == 0xbf && p[2] >= 0xbe)))
		return 3;
	return 0;
}

static unsigned
code_of(const unsigned char *p, size_t n)
{
	if (n == 1)
		return p[0];
	if (n == 2)
		return (unsigned)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	return (unsigned)(p[0] & 0x0f) << 12 | (unsigned)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
}

/* On one line, whatever came from outside. */
static void
put_comment(struct buf *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = strlen(text);

	while (n > 0) {
		size_t bad = refused(p, n);

		buf_putc(out, bad > 0 ? '?' : (char)*p);
		p += bad > 0 ? bad : 1;
		n -= bad > 0 ? bad : 1;
	}
}

/* Letters, digits and a few signs that mean nothing to YAML, and that is no number and no word. */
static bool
is_plain(struct slice text)
{
	static const struct slice words[] = { S("true"), S("false"), S("null"), S("yes"), S("no"),
		S("on"), S("off"), S("y"), S("n") };
	bool has_letter = false;

	if (text.n == 0 || text.n > 200)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !(c >= '0' && c <= '9') && !(c == '/' || c == '_') &&
		    !(i > 0 && (c == '-' || c == '.' || c == '+' || c == '=')))
			return false;
		has_letter = has_letter || is_letter;
	}
	for (size_t i = 0; i < COUNT(words); i++)
		if (slice_eq_nocase(text, words[i]))
			return false;
	return has_letter && !(text.p[0] >= '0' && text.p[0] <= '9') &&
	    !slice_starts(text, S("file"));
}

void
import_put_scalar(struct buf *out, struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t n = text.n;

	if (is_plain(text)) {
		buf_put(out, text);
		return;
	}
	buf_putc(out, '"');
	while (n > 0) {
		size_t bad = refused(p, n), step = bad > 0 ? bad : 1;

		if (*p == '\n')
			buf_puts(out, "\\n");
		else if (bad > 0)
			buf_printf(out, "\\u%04x", code_of(p, bad));
		else if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else
			buf_putc(out, (char)*p);
		p += step;
		n -= step;
	}
	buf_putc(out, '"');
}

void
import_put_value(
    struct import *import, enum import_place place, struct slice name, struct slice text)
{
	import_convert(import, place, name, text);
	import_put_scalar(&import->line, import->value.n > 0 ? buf_view(&import->value) : S(""));
}

void
import_put_list(struct import *import, const struct node *list)
{
	const char *between = "";

	buf_putc(&import->line, '[');
	for (const struct node *at = list->first; at != NULL; at = at->next) {
		if (at->kind != NODE_TEXT)
			continue;
		buf_puts(&import->line, between);
		import_put_scalar(&import->line, at->text);
		between = ", ";
	}
	buf_putc(&import->line, ']');
}

void
import_line_end(struct import *import)
{
	buf_put(&import->entry, buf_view(&import->line));
	buf_putc(&import->entry, '\n');
	buf_clear(&import->line);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static void
note_put(struct import *import, struct buf *to, const char *indent, const char *who,
    const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	buf_printf(to, "%s# import: ", indent);
	put_comment(to, text);
	buf_putc(to, '\n');
	if (++import->notes_n <= REPORT_NOTES) {
		put_comment(&import->notes, who);
		put_comment(&import->notes, text);
		buf_putc(&import->notes, '\n');
	}
}

void
import_note(struct import *import, const char *fmt, ...)
{
	char who[64];
	va_list ap;

	snprintf(who, sizeof(who), "%.*s: ", SLICE_FMT(import->server));
	va_start(ap, fmt);
	note_put(import, &import->entry, "    ", who, fmt, ap);
	va_end(ap);
}

void
import_note_whole(struct import *import, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_put(import, &import->tail, "", "", fmt, ap);
	va_end(ap);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool
is_taken(const struct import *import, struct slice name)
{
	static const struct slice reserved[] = { S("jira"), S("confluence"), S("maf") };

	for (size_t i = 0; i < COUNT(reserved); i++)
		if (slice_eq(name, reserved[i]))
			return true;
	for (size_t i = 0; i < import->servers_n; i++)
		if (slice_eq(name, import->names[i]))
			return true;
	return false;
}

/* Letters and digits stay, runs of anything else become one sign that is allowed. */
static struct slice
name_valid(struct import *import, struct slice from)
{
	char name[NAME_BYTES + 8];
	size_t n = 0, base;

	for (size_t i = 0; i < from.n && n < NAME_BYTES; i++) {
		char c = from.p[i];
		bool is_alnum =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (is_alnum)
			name[n++] = c;
		else if (n > 0 && name[n - 1] != '-' && name[n - 1] != '_')
			name[n++] = c == '_' ? '_' : '-';
		else if (n > 0 && c == '-' && name[n - 1] == '-')
			name[n++] = '-';
	}
	while (n > 0 && (name[n - 1] == '_' || name[n - 1] == '-'))
		n--;
	if (n == 0)
		n = (size_t)snprintf(name, sizeof(name), "server");
	base = n;
	for (unsigned i = 2; is_taken(import, (struct slice){ name, n }); i++) {
		n = base > NAME_BYTES - 5 ? NAME_BYTES - 5 : base;
		n += (size_t)snprintf(name + n, sizeof(name) - n, "-%u", i);
	}
	return arena_printf(&import->load.tree, "%.*s", (int)n, name);
}

/* ---- entries --------------------------------------------------------------------------------- */

bool
import_begin(struct import *import, struct slice name)
{
	if (import->servers_n + import->left_out_n >= CONFIG_UPSTREAMS_MAX)
		return false;
	buf_clear(&import->entry);
	buf_clear(&import->line);
	import->server = name_valid(import, name);
	buf_printf(&import->entry, "  - name: ");
	import_put_scalar(&import->entry, import->server);
	buf_putc(&import->entry, '\n');
	if (!slice_eq(name, import->server))
		import_note(import, "called \"%s\" there: %s", config_show(name).text,
		    name.n == 0 ? "a name is needed"
				: "such a name is not possible here, or taken");
	return true;
}

/* Every line of the entry behind a "#". */
static void
put_commented(struct buf *out, struct slice text)
{
	while (text.p != NULL && text.n > 0) {
		struct slice line = slice_cut(text, '\n', &text);

		buf_printf(out, "  # ");
		buf_put(out, line.n > 2 ? (struct slice){ line.p + 2, line.n - 2 } : line);
		buf_putc(out, '\n');
	}
}

void
import_leave_out(struct import *import, const char *why)
{
	char who[64];

	snprintf(who, sizeof(who), "%.*s: left out: ", SLICE_FMT(import->server));
	import->left_out_n++;
	import->notes_n++;
	buf_puts(&import->servers, "  # import: left out: ");
	put_comment(&import->servers, why);
	buf_putc(&import->servers, '\n');
	put_commented(&import->servers, buf_view(&import->entry));
	put_comment(&import->notes, who);
	put_comment(&import->notes, why);
	buf_putc(&import->notes, '\n');
}

bool
import_is_valid(struct import *import, struct slice text, const char *value, struct err *err)
{
	const char **variables = mem_new((import->vars_n + 2) * sizeof(*variables));
	struct config *config = NULL;
	struct arena arena;
	size_t n = 0;
	bool ok;

	arena_init(&arena, NULL, IMPORT_VARS_MAX * KIB);

	/* There is one wherever it will run; what it is must not matter here. */
	variables[n++] = "HOME=/";
	for (size_t i = 0; i < import->vars_n; i++)
		variables[n++] =
		    arena_printf(&arena, "%.*s=%s", SLICE_FMT(import->vars[i].name), value).p;
	ok = config_parse(text, "import", "/", variables, NULL, &config, err);
	config_free(&config);
	arena_fini(&arena);
	mem_free(variables);
	return ok;
}

void
import_end(struct import *import)
{
	struct err err = { 0 };
	struct buf text;
	bool ok;

	if (import->timeouts.n > 0)
		buf_put(&import->entry, import->timeouts);
	buf_init(&text, NULL, CHECK_BYTES);
	buf_puts(&text, "upstreams:\n");
	buf_put(&text, buf_view(&import->entry));
	ok = buf_check(&text, &err) &&
	    (import_is_valid(import, buf_view(&text), "1", &err) ||
		import_is_valid(import, buf_view(&text), "http://localhost", &err));
	buf_fini(&text);
	if (ok) {
		import->names[import->servers_n++] = import->server;
		buf_put(&import->servers, buf_view(&import->entry));
	} else {
		char *why = strstr(err.text, ": ");

		import_leave_out(import, why != NULL ? why + 2 : err.text);
	}
}

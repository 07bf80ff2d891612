/*
 * Scripts as text: a file becomes lines, a line becomes words and values.  What they mean is not
 * known here.  A line that ends with a backslash goes on in the next one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "story.h"

#define SCRIPT_MAX_BYTES MIB

static bool
file_read(struct script *script, char **text, size_t *n, struct err *err)
{
	FILE *file = fopen(script->file, "re");

	if (file == NULL)
		return err_set(err, ERR_CONFIG, "%s: %s", script->file, strerror(errno));
	if (!arena_reserve(&script->arena, SCRIPT_MAX_BYTES, err)) {
		fclose(file);
		return false;
	}
	*text = arena_bytes(&script->arena, SCRIPT_MAX_BYTES);
	*n = fread(*text, 1, SCRIPT_MAX_BYTES, file);
	fclose(file);
	if (*n == SCRIPT_MAX_BYTES)
		return err_set(err, ERR_CONFIG, "%s: over 1 MiB", script->file);
	return true;
}

bool
script_read(struct script *script, const char *file, struct err *err)
{
	struct slice rest;
	unsigned number = 0;
	size_t lines = 1, n;
	char *text = NULL;

	memset(script, 0, sizeof(*script));
	arena_init(&script->arena, NULL, 64 * MIB);
	script->file = file;
	if (!file_read(script, &text, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	if (!arena_reserve(&script->arena, lines * sizeof(struct line), err))
		return false;
	script->lines = ARENA_ARRAY(&script->arena, struct line, lines);
	rest = (struct slice){ text, n };
	while (rest.p != NULL && rest.n > 0) {
		struct line *line = &script->lines[script->n++];
		char *end;

		line->number = ++number;
		line->text = slice_cut(rest, '\n', &rest);
		/* Joined in place: the backslash and the line's end become blanks. */
		while (
		    line->text.n > 0 && line->text.p[line->text.n - 1] == '\\' && rest.p != NULL) {
			end = (char *)line->text.p + line->text.n;
			end[-1] = end[0] = ' ';
			line->text.n += 1 + slice_cut(rest, '\n', &rest).n;
			number++;
		}
	}
	return true;
}

void
script_fini(struct script *script)
{
	arena_fini(&script->arena);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
skip_blanks(struct slice *rest)
{
	*rest = slice_trim(*rest);
}

static struct slice
take(struct slice *rest, size_t n)
{
	struct slice taken = { rest->p, n };

	rest->p += n;
	rest->n -= n;
	skip_blanks(rest);
	return taken;
}

struct slice
script_word(struct slice *rest)
{
	size_t n = 0;

	if (rest->p == NULL)
		return SLICE_NONE;
	skip_blanks(rest);
	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	return n == 0 ? SLICE_NONE : take(rest, n);
}

/* Where the JSON value at the beginning of s ends; 0: nowhere. */
static size_t
json_end(struct slice s)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			depth--;
		}
		if (depth == 0 && !in_string)
			return i + 1;
	}
	return 0;
}

struct slice
script_value(struct slice *rest)
{
	struct slice value;
	const char *quote;
	size_t n;

	if (rest->p == NULL)
		return SLICE_NONE;
	skip_blanks(rest);
	if (rest->n == 0)
		return SLICE_NONE;
	if (rest->p[0] == '\'') {
		quote = memchr(rest->p + 1, '\'', rest->n - 1);
		if (quote == NULL)
			return SLICE_NONE;
		value = take(rest, (size_t)(quote - rest->p) + 1);
		return (struct slice){ value.p + 1, value.n - 2 };
	}
	if (rest->p[0] == '{' || rest->p[0] == '[' || rest->p[0] == '"') {
		n = json_end(*rest);
		return n == 0 ? SLICE_NONE : take(rest, n);
	}
	return script_word(rest);
}

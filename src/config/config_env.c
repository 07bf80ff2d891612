/*
 * The environment as a load sees it: what options of the command line stand for, the variables of
 * --env-file, those of the process.
 *
 * The file has one NAME=VALUE a line, `export` before it is allowed, # begins a comment.  A value
 * may stand in single quotes (taken as it is) or in double quotes (\n \t \" \\ \$); an unquoted one
 * ends at a blank followed by #.  Nothing is expanded: the same text means the same to every
 * reader.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define VARIABLES_MAX 1000

/* The last one counts. */
static bool
pairs_get(const struct config_pair *pairs, size_t n, struct slice name, struct slice *value)
{
	while (n-- > 0)
		if (slice_eq(pairs[n].name, name)) {
			*value = secret_reveal(pairs[n].value);
			return true;
		}
	return false;
}

bool
config_env_get(const struct config_load *load, struct slice name, struct slice *value)
{
	if (pairs_get(load->flags, load->flags_n, name, value) ||
	    pairs_get(load->env_file, load->env_file_n, name, value))
		return true;
	for (size_t i = 0; load->environ != NULL && load->environ[i] != NULL; i++) {
		const char *entry = load->environ[i];

		if (strncmp(entry, name.p, name.n) == 0 && entry[name.n] == '=') {
			*value = slice_of(entry + name.n + 1);
			return true;
		}
	}
	return false;
}

void
config_env_each(const struct config_load *load, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	struct slice rest;

	for (size_t i = 0; i < load->flags_n; i++)
		fn(ctx, load->flags[i].name);
	for (size_t i = 0; i < load->env_file_n; i++)
		fn(ctx, load->env_file[i].name);
	for (size_t i = 0; load->environ != NULL && load->environ[i] != NULL; i++)
		fn(ctx, slice_cut(slice_of(load->environ[i]), '=', &rest));
}

/* A line of the file, for errors. */
struct place {
	const char *path;
	unsigned line;
};

static bool
fail(const struct place *place, struct err *err, const char *what)
{
	return err_set_at(
	    err, ERR_CONFIG, place->line, 1, "%s:%u:1: %s", place->path, place->line, what);
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '.' || c == '-';
}

static char
unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	default:
		return c;
	}
}

/* Behind a closing quote only blanks and a comment may follow. */
static bool
rest_is_empty(struct slice rest)
{
	rest = slice_trim(rest);
	return rest.n == 0 || rest.p[0] == '#';
}

/* text begins with a quote. */
static bool
quoted_value(struct arena *arena, const struct place *place, struct slice text, struct slice *out,
    struct err *err)
{
	char quote = text.p[0], *to = arena_bytes(arena, text.n);
	size_t n = 0, i = 1;

	for (; i < text.n && text.p[i] != quote; i++) {
		bool is_escape = quote == '"' && text.p[i] == '\\' && i + 1 < text.n;

		if (is_escape)
			i++;
		to[n++] = is_escape ? unescaped(text.p[i]) : text.p[i];
	}
	if (i >= text.n)
		return fail(place, err, "the closing quote is missing");
	if (!rest_is_empty((struct slice){ text.p + i + 1, text.n - i - 1 }))
		return fail(place, err, "something follows the closing quote");
	*out = (struct slice){ to, n };
	return true;
}

static struct slice
plain_value(struct slice text)
{
	for (size_t i = 1; i < text.n; i++)
		if (text.p[i] == '#' && (text.p[i - 1] == ' ' || text.p[i - 1] == '\t'))
			text.n = i;
	return slice_trim(text);
}

static bool
line_parse(struct config_load *load, const struct place *place, struct slice line,
    struct config_pair *out, struct err *err)
{
	struct slice value;

	if (slice_starts(line, S("export ")))
		line = slice_trim((struct slice){ line.p + 7, line.n - 7 });
	out->name = slice_trim(slice_cut(line, '=', &value));
	if (value.p == NULL)
		return fail(place, err, "no \"=\": write NAME=VALUE");
	for (size_t i = 0; i < out->name.n; i++)
		if (!is_name_char(out->name.p[i]))
			return fail(place, err,
			    "the name holds other characters than letters, digits and \"_\"");
	if (out->name.n == 0)
		return fail(place, err, "the name is missing");
	value = slice_trim(value);
	if (memchr(value.p, '\0', value.n) != NULL)
		return fail(place, err, "the value holds a NUL");
	if (value.n > 0 && value.p[0] == '#')
		value.n = 0;
	if (value.n == 0 || (value.p[0] != '"' && value.p[0] != '\''))
		out->value.hidden = plain_value(value);
	else if (!arena_reserve(&load->tree, value.n, err) ||
	    !quoted_value(&load->tree, place, value, &out->value.hidden, err))
		return false;
	return true;
}

bool
config_env_read(struct config_load *load, const char *path, struct err *err)
{
	struct place place = { path, 0 };
	struct config_pair *pairs;
	struct slice text;

	if (!arena_reserve(&load->tree, VARIABLES_MAX * sizeof(*pairs), err))
		return false;
	pairs = ARENA_ARRAY(&load->tree, struct config_pair, VARIABLES_MAX);
	if (!config_read_file(&load->tree, path, CONFIG_FILE_BYTES, CONFIG_FILE_ENV, &text, err))
		return false;
	if (slice_starts(text, S("\xef\xbb\xbf")))
		text = (struct slice){ text.p + 3, text.n - 3 };
	while (text.p != NULL && text.n > 0) {
		struct slice line = slice_cut(text, '\n', &text);

		place.line++;
		if (slice_ends(line, S("\r")))
			line.n--;
		line = slice_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (load->env_file_n == VARIABLES_MAX)
			return fail(&place, err, "too many variables");
		if (!line_parse(load, &place, line, &pairs[load->env_file_n], err))
			return false;
		load->env_file_n++;
	}
	load->env_file = pairs;
	return true;
}

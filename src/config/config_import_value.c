/*
 * Single values of a foreign file.  Their variables become ours, a dollar sign that is none stays
 * one.  What looks like a secret does not move: the written file names a variable instead, and the
 * report says which.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_import.h"

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool
is_variable(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!is_alnum(name.p[i]) && name.p[i] != '_')
			return false;
	return name.n > 0 && name.n <= 128 && !(name.p[0] >= '0' && name.p[0] <= '9');
}

/* ---- what is secret -------------------------------------------------------------------------- */

static bool
holds_nocase(struct slice text, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= text.n; i++)
		if (slice_eq_nocase((struct slice){ text.p + i, n }, (struct slice){ what, n }))
			return true;
	return false;
}

static bool
ends_nocase(struct slice text, const char *what)
{
	size_t n = strlen(what);

	return text.n >= n &&
	    slice_eq_nocase((struct slice){ text.p + text.n - n, n }, (struct slice){ what, n });
}

static bool
is_secret_name(struct slice name)
{
	static const char *const inside[] = { "token", "secret", "password", "passwd", "apikey",
		"api_key", "api-key", "access_key", "private_key", "credential", "authorization",
		"cookie" };
	static const char *const at_end[] = { "_key", "-key", "_pat", "_pass", "_pwd", "_auth" };

	for (size_t i = 0; i < COUNT(inside); i++)
		if (holds_nocase(name, inside[i]))
			return true;
	for (size_t i = 0; i < COUNT(at_end); i++)
		if (ends_nocase(name, at_end[i]))
			return true;
	return slice_eq_nocase(name, S("key")) || slice_eq_nocase(name, S("pat"));
}

/* As issuers mark their tokens. */
static bool
is_secret_text(struct slice text)
{
	static const char *const starts[] = { "sk-", "sk_live_", "sk_test_", "ghp_", "gho_", "ghu_",
		"ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xapp-", "AKIA",
		"ASIA", "AIza", "ATATT", "ATCTT", "eyJ", "hf_", "npm_", "pypi-", "figd_",
		"lin_api_", "ntn_", "secret_", "tvly-", "gsk_", "r8_", "shpat_", "dop_v1_",
		"-----BEGIN" };
	const char *at;

	for (size_t i = 0; i < COUNT(starts); i++)
		if (text.n >= strlen(starts[i]) + 8 && slice_starts(text, slice_of(starts[i])))
			return true;
	/* scheme://user:password@host */
	at = memmem(text.p, text.n, "://", 3);
	if (at == NULL)
		return false;
	at += 3;
	for (bool colon = false; at < text.p + text.n && *at != '/' && *at != '?'; at++) {
		if (*at == '@' && colon)
			return true;
		colon = colon || *at == ':';
	}
	return false;
}

/* Values that are none, whatever their name says: MAX_TOKENS=4096, TOKEN_FILE=/run/token. */
static bool
is_harmless(struct slice text)
{
	uint64_t number;

	return text.n == 0 || (text.n <= 7 && slice_to_u64(text, 9999999, &number)) ||
	    slice_eq_nocase(text, S("true")) || slice_eq_nocase(text, S("false")) ||
	    text.p[0] == '/' || text.p[0] == '~' || slice_starts(text, S("./")) ||
	    slice_starts(text, S("http://")) || slice_starts(text, S("https://"));
}

bool
import_is_secret(enum import_place place, struct slice name, struct slice text)
{
	if (slice_has(text, S("${")) || slice_starts(text, S("$")) || text.n == 0)
		return false;
	if (is_secret_text(text))
		return true;
	return place != IMPORT_TEXT && is_secret_name(name) && !is_harmless(text);
}

/* ---- variables ------------------------------------------------------------------------------- */

/* "github" "X-Api-Key" becomes GITHUB_X_API_KEY. */
static struct slice
variable_make(struct import *import, struct slice server, struct slice name, unsigned number)
{
	struct slice parts[2] = { server, name };
	char text[160];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (n > 0 && text[n - 1] != '_')
			text[n++] = '_';
		for (size_t j = 0; j < parts[i].n && n < 64 * (i + 1); j++)
			if (is_alnum(parts[i].p[j]))
				text[n++] = upper(parts[i].p[j]);
			else if (n > 0 && text[n - 1] != '_')
				text[n++] = '_';
	}
	while (n > 0 && text[n - 1] == '_')
		n--;
	if (number > 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "_%u", number + 1);
	return arena_printf(&import->load.tree, "%s%.*s",
	    n == 0 || (text[0] >= '0' && text[0] <= '9') ? "VALUE_" : "", (int)n, text);
}

/* False: the name is taken by another secret, or there are too many. */
static bool
variable_add(struct import *import, struct slice name, struct slice secret)
{
	for (size_t i = 0; i < import->vars_n; i++)
		if (slice_eq(import->vars[i].name, name))
			return (secret.p == NULL) == (import->vars[i].secret.p == NULL) &&
			    slice_eq(secret, import->vars[i].secret);
	if (import->vars_n == IMPORT_VARS_MAX)
		return false;
	import->vars[import->vars_n++] = (struct import_var){ name, secret };
	return true;
}

struct slice
import_var_of_secret(
    struct import *import, enum import_place place, struct slice name, struct slice secret)
{
	bool is_token = place == IMPORT_HEADER && slice_eq_nocase(name, S("Authorization"));
	struct slice made;

	if (place == IMPORT_ENV && is_variable(name) && variable_add(import, name, secret))
		return name;
	while (name.n > 0 && name.p[0] == '-')
		name = (struct slice){ name.p + 1, name.n - 1 };
	for (unsigned number = 0; number < 2 * IMPORT_VARS_MAX; number++) {
		made = variable_make(import, import->server, is_token ? S("token") : name, number);
		if (variable_add(import, made, secret))
			break;
	}
	return made;
}

static void
put_variable(struct import *import, struct slice name)
{
	buf_printf(&import->value, "${%.*s}", SLICE_FMT(name));
	if (memmem(name.p, name.n, ":-", 2) == NULL)
		(void)variable_add(import, slice_dup(&import->load.tree, name), SLICE_NONE);
}

/* ${input:ID}: asked for by the editor, here a variable; its description goes into the note. */
static void
put_input(struct import *import, struct slice id)
{
	struct slice name = variable_make(import, SLICE_NONE, id, 0), about = SLICE_NONE;
	const struct node *input = import->inputs != NULL ? import->inputs->first : NULL;

	for (; input != NULL; input = input->next) {
		const struct node *its = config_node_find(input, "id");
		const struct node *text = config_node_find(input, "description");

		if (its != NULL && its->kind == NODE_TEXT && slice_eq(its->text, id) &&
		    text != NULL && text->kind == NODE_TEXT)
			about = text->text;
	}
	put_variable(import, name);
	import_note(import, "nobody is asked for input \"%s\"%s%s: set %.*s", config_show(id).text,
	    about.n > 0 ? ", " : "", config_show(about).text, SLICE_FMT(name));
}

/* inside: of ${…}. */
static void
put_reference(
    struct import *import, enum import_place place, struct slice name, struct slice inside)
{
	struct slice rest, word = slice_cut(inside, ':', &rest);

	if (is_variable(word) && (rest.p == NULL || (rest.n > 0 && rest.p[0] == '-'))) {
		if (slice_eq(word, S("userHome")))
			put_variable(import, S("HOME"));
		else if (slice_eq(word, S("pathSeparator")))
			buf_putc(&import->value, '/');
		else if (slice_starts(word, S("workspaceFolder")))
			goto unknown;
		else
			put_variable(import, inside);
		return;
	}
	if (slice_eq(word, S("env")) && is_variable(rest)) {
		put_variable(import, rest);
		return;
	}
	if (slice_eq(word, S("input")) && rest.n > 0 && rest.n <= 128) {
		put_input(import, rest);
		return;
	}
	if (slice_eq(inside, S("/"))) {
		buf_putc(&import->value, '/');
		return;
	}
	if (slice_eq(word, S("cmd")) || slice_eq(word, S("input"))) {
		struct slice made = variable_make(import, import->server, name, 0);

		put_variable(import, made);
		import_note(import, "no command is run for the value of \"%s\": set %.*s",
		    config_show(name).text, SLICE_FMT(made));
		return;
	}
unknown:
	buf_printf(&import->value, "$${%.*s}", SLICE_FMT(inside));
	import_note(import, "\"${%s}\" means nothing here: write what it stands for",
	    config_show(inside).text);
	(void)place;
}

/* ---- one value ------------------------------------------------------------------------------- */

static void
convert_references(
    struct import *import, enum import_place place, struct slice name, struct slice text)
{
	while (text.n > 0) {
		struct slice rest, before = slice_cut(text, '$', &rest);
		const char *close;

		buf_put(&import->value, before);
		if (rest.p == NULL)
			return;
		close = rest.n > 0 && rest.p[0] == '{' && import->expands
		    ? memchr(rest.p, '}', rest.n)
		    : NULL;
		if (close == NULL) {
			buf_puts(&import->value, "$$");
			text = rest;
			continue;
		}
		put_reference(import, place, name,
		    (struct slice){ rest.p + 1, (size_t)(close - rest.p) - 1 });
		text = (struct slice){ close + 1, rest.n - (size_t)(close - rest.p) - 1 };
	}
}

/* A secret of a header keeps its scheme: Bearer ${X_TOKEN}. */
static void
convert_secret(struct import *import, enum import_place place, struct slice name, struct slice text)
{
	struct slice rest = SLICE_NONE, scheme = SLICE_NONE, made;

	if (place == IMPORT_HEADER) {
		scheme = slice_cut(text, ' ', &rest);
		if (rest.n > 0 && memchr(rest.p, ' ', rest.n) == NULL && scheme.n < 10) {
			buf_printf(&import->value, "%.*s ", SLICE_FMT(scheme));
			text = rest;
		}
	}
	made = import_var_of_secret(import, place, name, text);
	buf_printf(&import->value, "${%.*s}", SLICE_FMT(made));
	import_note(import, "the secret \"%s\" was not copied: set %.*s", config_show(name).text,
	    SLICE_FMT(made));
}

void
import_convert(struct import *import, enum import_place place, struct slice name, struct slice text)
{
	buf_clear(&import->value);
	if (import_is_secret(place, name, text)) {
		convert_secret(import, place, name, text);
	} else if (import->expands && text.n > 1 && text.p[0] == '$' &&
	    is_variable((struct slice){ text.p + 1, text.n - 1 })) {
		put_variable(import, (struct slice){ text.p + 1, text.n - 1 });
	} else if (import->expands && slice_starts(text, S("$: "))) {
		put_reference(import, place, name, S("cmd:"));
	} else if (slice_starts(text, S("file:"))) {
		/* Would be read as the content of a file. */
		buf_puts(&import->value, "${BASCULE_LITERAL:-file}:");
		convert_references(import, place, name, (struct slice){ text.p + 5, text.n - 5 });
	} else {
		convert_references(import, place, name, text);
	}
}

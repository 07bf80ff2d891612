/*
 * `command` and `stdin` of a runner: placeholders and where they may stand.
 *
 * What a caller writes is put in for a placeholder, always within one argument, and no shell reads
 * it.  That holds only while the argument is not itself read as a program: one that chooses the
 * program, or stands in the script of an interpreter, is refused.
 */
#include <string.h>

#include "config/config_parts.h"

#define PLACEHOLDER_BYTES 32

/* ---- placeholders ---------------------------------------------------------------------------- */

static bool
is_small(char c)
{
	return c >= 'a' && c <= 'z';
}

/* How long the placeholder is that begins here; 0: none does. */
static size_t
placeholder_at(struct slice text, struct config_placeholder *out)
{
	size_t name_n = 0, n;

	if (text.n < 3 || text.p[0] != '{' || !is_small(text.p[1]))
		return 0;
	for (n = 1; n < text.n &&
	     (is_small(text.p[n]) || (text.p[n] >= '0' && text.p[n] <= '9') || text.p[n] == '_');
	     n++)
		name_n++;
	if (n == text.n || name_n > PLACEHOLDER_BYTES)
		return 0;
	out->name = (struct slice){ text.p + 1, name_n };
	out->fallback = SLICE_NONE;
	if (text.p[n] == '|') {
		size_t from = ++n;

		while (n < text.n && text.p[n] != '{' && text.p[n] != '}')
			n++;
		out->fallback = (struct slice){ text.p + from, n - from };
	}
	return n < text.n && text.p[n] == '}' ? n + 1 : 0;
}

bool
config_placeholder_next(struct slice *text, struct config_placeholder *out)
{
	struct slice all = *text;

	for (size_t i = 0; i < all.n; i++) {
		struct slice here = { all.p + i, all.n - i };
		size_t n = all.p[i] == '{' ? placeholder_at(here, out) : 0;

		i += slice_starts(here, S("{{")); /* a brace */
		if (n == 0)
			continue;
		out->before = (struct slice){ all.p, i };
		*text = (struct slice){ here.p + n, here.n - n };
		return true;
	}
	*out = (struct config_placeholder){ .before = all };
	*text = (struct slice){ all.p + all.n, 0 };
	return false;
}

/* The first brace of what stands before a placeholder that is not a doubled one; NULL: none. */
static const char *
lone_brace(struct slice before)
{
	for (size_t i = 0; i < before.n; i++) {
		struct slice here = { before.p + i, before.n - i };

		if (slice_starts(here, S("{{")))
			i++;
		else if (before.p[i] == '{')
			return before.p + i;
	}
	return NULL;
}

static bool
has_placeholder(struct slice text)
{
	struct config_placeholder one;

	return text.n > 0 && config_placeholder_next(&text, &one);
}

static bool
has_task(struct slice text)
{
	struct config_placeholder one;

	while (text.n > 0 && config_placeholder_next(&text, &one))
		if (slice_eq(one.name, S("task")))
			return true;
	return false;
}

bool
config_placeholders_check(
    struct config_load *load, const struct node *node, struct slice text, struct err *err)
{
	struct config_placeholder one;
	bool more = text.n > 0;

	while (more) {
		const char *brace;

		more = config_placeholder_next(&text, &one);
		brace = lone_brace(one.before);
		if (brace != NULL) {
			size_t n = (size_t)(one.before.p + one.before.n - brace);

			/* What came from a variable is not shown. */
			return CONFIG_FAIL_NODE(load, node, err,
			    "\"%s\" is no placeholder: write {name} or {name|default}, with small "
			    "letters, digits and \"_\" in the name, or {{ for a brace",
			    config_has_expansion(node->text)
				? "{"
				: config_show((struct slice){ brace, n }).text);
		}
	}
	return true;
}

/* ---- scripts --------------------------------------------------------------------------------- */

/* Programs that read an argument as a program: behind which letter of a short option.  "*": they
 * read all of them so. */
static const struct interpreter {
	const char *name, *letters;
} interpreters[] = {
	{ "sh", "c" },
	{ "bash", "c" },
	{ "dash", "c" },
	{ "ash", "c" },
	{ "zsh", "c" },
	{ "ksh", "c" },
	{ "mksh", "c" },
	{ "fish", "cC" },
	{ "csh", "c" },
	{ "tcsh", "c" },
	{ "busybox", "c" },
	{ "su", "c" },
	{ "runuser", "c" },
	{ "script", "c" },
	{ "env", "S" },
	{ "python", "c" },
	{ "pypy", "c" },
	{ "perl", "eE" },
	{ "ruby", "e" },
	{ "node", "ep" },
	{ "nodejs", "ep" },
	{ "bun", "ep" },
	{ "php", "rBRE" },
	{ "lua", "e" },
	{ "Rscript", "e" },
	{ "pwsh", "c" },
	{ "ssh", "*" },
	{ "watch", "*" },
	{ "eval", "*" },
};

static const struct slice long_options[] = { S("--eval"), S("--print"), S("--command"),
	S("--split-string"), S("--run") };

/* "/usr/bin/python3.11" is a python. */
static const struct interpreter *
interpreter_of(struct slice item)
{
	const char *slash = item.n > 0 ? memrchr(item.p, '/', item.n) : NULL;

	if (slash != NULL)
		item = (struct slice){ slash + 1, (size_t)(item.p + item.n - slash - 1) };
	while (item.n > 0 && strchr("0123456789.-", item.p[item.n - 1]) != NULL)
		item.n--;
	for (size_t i = 0; i < COUNT(interpreters); i++)
		if (slice_eq(item, slice_of(interpreters[i].name)))
			return &interpreters[i];
	return NULL;
}

/* A short option that holds one of letters before n bytes of it are over: "-lc". */
static bool
is_short(struct slice item, size_t n, const char *letters)
{
	if (item.n < 2 || item.p[0] != '-' || item.p[1] == '-')
		return false;
	for (size_t i = 1; i < n; i++)
		if (strchr(letters, item.p[i]) != NULL)
			return true;
	return false;
}

/* Is item i of the command a script to that interpreter, which stands before it? */
static bool
is_script(const struct slice *command, size_t i, const struct interpreter *interpreter)
{
	struct slice item = command[i], before = command[i - 1], brace = item;
	struct config_placeholder one;

	if (interpreter->letters[0] == '*')
		return true;
	(void)config_placeholder_next(&brace, &one);
	if (is_short(before, before.n, interpreter->letters) ||
	    is_short(item, one.before.n, interpreter->letters))
		return true;
	for (size_t k = 0; k < COUNT(long_options); k++)
		if (slice_eq(before, long_options[k]) ||
		    (slice_starts(item, long_options[k]) && one.before.n > long_options[k].n))
			return true;
	return false;
}

MUST_CHECK static bool
item_check(struct config_load *load, const char *shown, const struct node *node,
    const struct slice *command, size_t i, struct err *err)
{
	if (!config_placeholders_check(load, node, command[i], err))
		return false;
	if (!has_placeholder(command[i]))
		return true;
	if (i == 0)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s: a placeholder cannot be the program, or callers choose what is run",
		    shown);
	for (size_t k = 0; k < i; k++) {
		const struct interpreter *interpreter = interpreter_of(command[k]);

		if (interpreter != NULL && is_script(command, i, interpreter))
			return CONFIG_FAIL_NODE(load, node, err,
			    "%s: a placeholder in a script of %s lets callers run what they like: give "
			    "it by \"stdin\", or as an argument behind the script",
			    shown, interpreter->name);
	}
	return true;
}

bool
config_command_check(struct config_load *load, const char *shown, const struct node *list,
    struct config_runner *runner, struct err *err)
{
	const struct node *node = list->kind == NODE_LIST ? list->first : list;
	struct slice *program = &runner->command[0];

	if (program->n == 0)
		return CONFIG_FAIL_NODE(load, node, err, "%s: the program is empty", shown);
	if (list->kind == NODE_TEXT &&
	    (memchr(program->p, ' ', program->n) != NULL ||
		memchr(program->p, '\t', program->n) != NULL))
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s: no shell reads the command: write it as a list, [program, argument]",
		    shown);
	for (size_t i = 0; i < runner->command_n; i++, node = node->next) {
		if (memchr(runner->command[i].p, '\0', runner->command[i].n) != NULL)
			return CONFIG_FAIL_NODE(
			    load, node, err, "%s: an argument holds a NUL", shown);
		if (!item_check(load, shown, node, runner->command, i, err))
			return false;
	}
	node = list->kind == NODE_LIST ? list->first : list;
	return (memchr(program->p, '/', program->n) == NULL && program->p[0] != '~') ||
	    config_path_absolute(load, node, program, err);
}

/* ---- what is only said ----------------------------------------------------------------------- */

/* Placeholders that a run always has a value for. */
static bool
is_always(struct slice name)
{
	return slice_eq(name, S("task")) || slice_eq(name, S("cwd")) || slice_eq(name, S("run_id"));
}

static void
values_warn(const struct config_load *load, const struct config_runner *runner, struct slice text)
{
	struct config_placeholder one;

	while (text.n > 0 && config_placeholder_next(&text, &one))
		if (one.fallback.p == NULL && !is_always(one.name))
			log_event(load->log, LOG_WARN, "runner_needs_value",
			    "%s:%u: the runner \"%s\" has {%s} without a default: a call that gives no "
			    "such value fails; write {%s|default}",
			    load->name, runner->line, config_show(runner->name).text,
			    config_show(one.name).text, config_show(one.name).text);
}

void
config_runner_warn(const struct config_load *load, const struct config_runner *runner)
{
	bool is_shown = false;

	for (size_t i = 0; i < runner->command_n; i++) {
		is_shown = is_shown || has_task(runner->command[i]);
		values_warn(load, runner, runner->command[i]);
	}
	values_warn(load, runner, runner->input);
	if (is_shown)
		log_event(load->log, LOG_WARN, "runner_shows_task",
		    "%s:%u: the runner \"%s\" has {task} in its command: everyone on the machine can "
		    "read it there, it may be taken for an option, and long ones do not fit; put it "
		    "into \"stdin\"",
		    load->name, runner->line, config_show(runner->name).text);
	if (runner->folder != FOLDER_TMP && runner->dir.p == NULL && runner->roots_n == 0)
		log_event(load->log, LOG_WARN, "runner_without_folder",
		    "%s:%u: the runner \"%s\" works in a folder, and none is allowed: set \"dir\", "
		    "or \"roots\" below which a call may name one",
		    load->name, runner->line, config_show(runner->name).text);
}

/*
 * template: placeholders of a runner's command and stdin.
 *
 * There is no shell and no splitting: an item of the command stays one argument, whatever is put
 * in.  What a caller gave may not begin an argument with '-', unless "--" stands before: a task
 * such as "--dangerously-skip-permissions" would be an option of the program.
 */
#include "agents/template.h"

#define ARGUMENT_BYTES (128 * KIB - 1) /* of one, with its NUL 128 KiB: the kernel's limit */
#define COMMAND_BYTES  (2 * MIB)       /* of all */

struct filling {
	struct slice where; /* for errors: of the runner, "command" or "stdin" */
	const struct config_runner *runner;
	const struct template_value *values;
	size_t n;
	bool begins_callers; /* the first byte of the text came from the caller */
	struct slice first;  /* which placeholder gave it */
};

static const struct template_value *
value_find(const struct filling *filling, struct slice name)
{
	for (size_t i = 0; i < filling->n; i++)
		if (slice_eq(filling->values[i].name, name))
			return &filling->values[i];
	return NULL;
}

MUST_CHECK static bool
value_put(struct filling *filling, struct slice name, struct slice fallback, struct buf *out,
    struct err *err)
{
	const struct template_value *value = value_find(filling, name);

	if (value == NULL && fallback.p == NULL)
		return err_set(err, ERR_PARAMS,
		    "runner \"%.*s\": %.*s has {%.*s}, for which there is no value: give \"%.*s\", or "
		    "write {%.*s|default}",
		    SLICE_FMT(filling->runner->name), SLICE_FMT(filling->where), SLICE_FMT(name),
		    SLICE_FMT(name), SLICE_FMT(name));
	if (value != NULL && value->is_callers && out->n == 0 && value->value.n > 0) {
		filling->begins_callers = true;
		filling->first = name;
	}
	buf_put(out, value != NULL ? value->value : fallback);
	return true;
}

/* "{{" stands for a brace. */
static void
plain_put(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '{' && i + 1 < text.n && text.p[i + 1] == '{')
			i++;
		buf_putc(out, text.p[i]);
	}
}

MUST_CHECK static bool
fill(struct filling *filling, struct slice text, struct buf *out, struct err *err)
{
	struct config_placeholder one;

	filling->begins_callers = false;
	while (config_placeholder_next(&text, &one)) {
		plain_put(one.before, out);
		if (!value_put(filling, one.name, one.fallback, out, err))
			return false;
	}
	plain_put(one.before, out);
	return buf_check(out, err);
}

/* Can the filled text be argument number i? */
MUST_CHECK static bool
argument_check(
    const struct filling *filling, size_t i, struct slice text, bool is_operand, struct err *err)
{
	const struct config_runner *runner = filling->runner;

	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
		return err_set(err, ERR_PARAMS,
		    "runner \"%.*s\": argument %zu would hold a NUL byte, which no argument can",
		    SLICE_FMT(runner->name), i);
	if (text.n > ARGUMENT_BYTES)
		return err_set(err, ERR_PARAMS,
		    "runner \"%.*s\": argument %zu would have %zu bytes, %zu are the most: give long "
		    "texts on stdin",
		    SLICE_FMT(runner->name), i, text.n, ARGUMENT_BYTES);
	if (filling->begins_callers && !is_operand && text.n > 0 && text.p[0] == '-')
		return err_set(err, ERR_PARAMS,
		    "runner \"%.*s\": the value of {%.*s} begins with '-' and would be an option of "
		    "the program: put \"--\" before it in command, or give it on stdin",
		    SLICE_FMT(runner->name), SLICE_FMT(filling->first));
	return true;
}

bool
template_argv(struct arena *arena, const struct config_runner *runner,
    const struct template_value *values, size_t n, const char *const **argv, struct err *err)
{
	struct filling filling = {
		.where = S("command"), .runner = runner, .values = values, .n = n
	};
	bool ok = true, is_operand = false;
	const char **out;
	struct buf text;

	if (!arena_reserve(arena, (runner->command_n + 1) * sizeof(*out) + 16, err))
		return false;
	out = ARENA_ARRAY(arena, const char *, runner->command_n + 1);
	buf_init(&text, NULL, COMMAND_BYTES);
	for (size_t i = 0; i < runner->command_n && ok; i++) {
		buf_clear(&text);
		ok = fill(&filling, runner->command[i], &text, err) &&
		    argument_check(&filling, i, buf_view(&text), is_operand, err) &&
		    arena_reserve(arena, text.n + 1, err);
		if (ok)
			out[i] = slice_cstr(arena, buf_view(&text));
		is_operand = is_operand || slice_eq(runner->command[i], S("--"));
	}
	buf_fini(&text);
	*argv = out;
	return ok;
}

bool
template_input(const struct config_runner *runner, const struct template_value *values, size_t n,
    struct buf *input, struct err *err)
{
	struct filling filling = {
		.where = S("stdin"), .runner = runner, .values = values, .n = n
	};

	return runner->input.p == NULL || fill(&filling, runner->input, input, err);
}

/*
 * template: the command and the stdin of a runner with values for their placeholders.  Private to
 * agents/.
 */
#ifndef AGENTS_TEMPLATE_H
#define AGENTS_TEMPLATE_H

#include "base/base.h"
#include "config/config.h"

struct template_value {
	struct slice name, value;
	bool is_callers; /* comes from outside: it may not become an option of the program */
};

/*
 * {name} takes the value of that name, {name|default} the default where there is none; anything
 * else in braces is text.  argv is in the arena.  input stays absent where the runner has none.
 * ERR_PARAMS: a name without a value, a value that cannot be an argument; ERR_LIMIT.
 */
MUST_CHECK bool template_argv(struct arena *arena, const struct config_runner *runner,
    const struct template_value *values, size_t n, const char *const **argv, struct err *err);
MUST_CHECK bool template_input(const struct config_runner *runner,
    const struct template_value *values, size_t n, struct buf *input, struct err *err);

#endif

/*
 * Arguments of the agents' tools, checked by their rows before anything else is done: what is
 * wrong, and with which of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/tools.h"

/* What callers of other programs give, and what it is here; "": it says nothing here. */
static const struct {
	struct slice key;
	const char *name;
} others[] = { { S("query"), "task" }, { S("use_rag"), "" } };

static size_t
arg_find(const struct agents_tool *tool, struct slice key)
{
	for (size_t i = 0; i < ARGS_MAX && tool->args[i].name != NULL; i++) {
		if (slice_eq(slice_of(tool->args[i].name), key))
			return i;
	}
	return SIZE_MAX;
}

/* SIZE_MAX: passed over; ARGS_MAX: there is none. */
static size_t
arg_place(const struct toolcall *call, struct slice key)
{
	size_t at = arg_find(call->tool, key);

	if (at != SIZE_MAX)
		return at;
	for (size_t i = 0; i < COUNT(others); i++) {
		if (!slice_eq(others[i].key, key))
			continue;
		if (others[i].name[0] == '\0')
			return SIZE_MAX;
		at = arg_find(call->tool, slice_of(others[i].name));
		return at != SIZE_MAX ? at : ARGS_MAX;
	}
	return call->is_alias ? SIZE_MAX : ARGS_MAX;
}

static bool
number_read(struct slice raw, double *out)
{
	char text[40];

	if (raw.n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(raw));
	*out = strtod(text, NULL);
	return true;
}

static bool
is_whole(struct slice raw)
{
	int64_t n;

	return json_int(raw, &n);
}

/* An object of texts, as `values`. */
static bool
texts_check(const struct tool_arg *arg, struct slice raw, struct err *err)
{
	struct slice key, value;
	struct json_iter iter;

	if (json_type(raw) != JSON_OBJECT)
		return err_set(err, ERR_PARAMS, "%s must be an object", arg->name);
	if (json_count(raw) > VALUES_MAX)
		return err_set(
		    err, ERR_PARAMS, "%s has more than %u members", arg->name, VALUES_MAX);
	json_iter_init(&iter, raw);
	while (json_iter_next(&iter, &key, &value)) {
		enum json_type type = json_type(value);

		if (type != JSON_STRING && type != JSON_NUMBER && type != JSON_TRUE &&
		    type != JSON_FALSE)
			return err_set(err, ERR_PARAMS, "%s.%.*s must be a string", arg->name,
			    (int)(key.n > 40 ? 40 : key.n), key.p);
		if (value.n > VALUE_BYTES_MAX)
			return err_set(err, ERR_PARAMS, "%s.%.*s is over %zu bytes", arg->name,
			    (int)(key.n > 40 ? 40 : key.n), key.p, (size_t)VALUE_BYTES_MAX);
	}
	return true;
}

static bool
arg_check(const struct tool_arg *arg, struct slice raw, struct err *err)
{
	double number;

	switch (arg->type) {
	case ARG_TEXT:
		if (json_type(raw) != JSON_STRING)
			return err_set(err, ERR_PARAMS, "%s must be a string", arg->name);
		if (raw.n - 2 < (size_t)arg->least)
			return err_set(err, ERR_PARAMS, "%s must not be empty", arg->name);
		if ((double)raw.n > arg->most + 2)
			return err_set(
			    err, ERR_PARAMS, "%s is over %.0f bytes", arg->name, arg->most);
		return true;
	case ARG_NUMBER:
	case ARG_INTEGER:
		if (json_type(raw) != JSON_NUMBER || !number_read(raw, &number) ||
		    (arg->type == ARG_INTEGER && !is_whole(raw)))
			return err_set(err, ERR_PARAMS, "%s must be %s", arg->name,
			    arg->type == ARG_INTEGER ? "an integer" : "a number");
		if (!(number >= arg->least && number <= arg->most))
			return err_set(err, ERR_PARAMS, "%s must be from %.0f to %.0f", arg->name,
			    arg->least, arg->most);
		return true;
	default:
		return texts_check(arg, raw, err);
	}
}

static bool
unknown(const struct toolcall *call, struct slice key, struct err *err)
{
	bool takes_values = arg_find(call->tool, S("values")) != SIZE_MAX;

	return err_set(err, ERR_PARAMS, "unknown argument \"%.*s\"%s",
	    (int)(key.n > 64 ? 64 : key.n), key.p,
	    takes_values ? ": what fills a runner's placeholders goes into values" : "");
}

bool
args_read(struct toolcall *call, struct slice arguments, struct err *err)
{
	const struct agents_tool *tool = call->tool;
	struct slice key, value, name;
	struct json_iter iter;

	if (arguments.p != NULL && json_type(arguments) != JSON_OBJECT)
		return err_set(err, ERR_PARAMS, "arguments must be an object");
	if (arguments.p != NULL) {
		json_iter_init(&iter, arguments);
		while (json_iter_next(&iter, &key, &value)) {
			size_t at = arg_place(call, key);

			if (at == ARGS_MAX)
				return unknown(call, key, err);
			if (at != SIZE_MAX && json_type(value) != JSON_NULL)
				call->raw[at] = value;
		}
	}
	for (size_t i = 0; i < ARGS_MAX && tool->args[i].name != NULL; i++) {
		name = slice_of(tool->args[i].name);
		if (call->raw[i].p == NULL && tool->args[i].is_required)
			return err_set(err, ERR_PARAMS, "%.*s is missing", SLICE_FMT(name));
		if (call->raw[i].p != NULL && !arg_check(&tool->args[i], call->raw[i], err))
			return false;
	}
	return true;
}

bool
arg_is_given(const struct toolcall *call, size_t i)
{
	return call->raw[i].p != NULL;
}

bool
arg_string(struct toolcall *call, size_t i, struct slice *out, struct err *err)
{
	struct arena *arena = &call->exchange->arena;
	struct slice raw = call->raw[i];

	*out = SLICE_NONE;
	if (raw.p == NULL)
		return true;
	if (!arena_reserve(arena, raw.n, err) || !json_string(arena, raw, out, err))
		return false;
	/* Neither arguments of programs nor paths can hold it. */
	if (memchr(out->p, '\0', out->n) != NULL)
		return err_set(err, ERR_PARAMS, "%s holds a NUL", call->tool->args[i].name);
	return true;
}

double
arg_number(const struct toolcall *call, size_t i, double otherwise)
{
	double number;

	return call->raw[i].p != NULL && number_read(call->raw[i], &number) ? number : otherwise;
}

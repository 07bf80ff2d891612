/*
 * tools: the agents' tools as rows, and what a call of one has.  Private to agents/.
 */
#ifndef AGENTS_TOOLS_H
#define AGENTS_TOOLS_H

#include "agents/supervisor.h"

enum arg_type { ARG_TEXT, ARG_NUMBER, ARG_INTEGER, ARG_TEXTS };

struct tool_arg {
	const char *name;
	enum arg_type type;
	bool is_required;
	double least, most; /* of numbers; of texts: bytes */
	const char *help;
};
#define ARGS_MAX 8u

#define TOOL_READS   1u
#define TOOL_REPEATS 2u /* idempotent */
#define TOOL_HARMS   4u
#define TOOL_OPEN    8u	 /* reaches what is outside */
#define TOOL_TASK    16u /* may be had as a task */

struct toolcall;
struct agents_tool {
	const char *suffix; /* behind the prefix */
	const char *title, *help;
	const char *output; /* outputSchema, raw */
	unsigned flags;
	/* True: reply has the result.  False: *err. */
	bool (*run)(struct toolcall *call, struct reply *reply, struct err *err);
	struct tool_arg args[ARGS_MAX];
};
extern const struct agents_tool agents_tools[];
extern const size_t agents_tools_n;

/* One call of one of them. */
struct toolcall {
	struct agents *agents;
	struct settings *settings;
	const struct config_agents *config;
	const struct classifier *classifier;
	struct exchange *exchange;
	const struct agents_tool *tool;
	bool is_alias;		    /* under a name of another program's */
	struct slice raw[ARGS_MAX]; /* by the tool's args; SLICE_NONE: not given */
	bool is_error;		    /* of the result */
};

/* Definitions, as a JSON array. */
void tools_put(const struct config_agents *config, struct buf *out);
/* "maf" of "maf", "_wait" ...; the whole name. */
void
tool_name_put(const struct config_agents *config, const struct agents_tool *tool, struct buf *out);
/* Checks the arguments (raw object, or SLICE_NONE) and fills call->raw. ERR_PARAMS says which. */
MUST_CHECK bool args_read(struct toolcall *call, struct slice arguments, struct err *err);
bool arg_is_given(const struct toolcall *call, size_t i);
/* Unescaped, in the exchange's arena; SLICE_NONE: not given. */
MUST_CHECK bool arg_string(struct toolcall *call, size_t i, struct slice *out, struct err *err);
/* Of a number that was checked; `otherwise` where it was not given. */
double arg_number(const struct toolcall *call, size_t i, double otherwise);

/* The route of a workflow's name; NULL: there is none. */
const struct config_route *route_named(const struct toolcall *call, struct slice name);
/* Which route a text is for, and its runner. */
const struct config_route *
route_classify(const struct toolcall *call, struct slice text, struct classified *classified);
const struct config_runner *runner_named(const struct config_agents *config, struct slice name);
const struct config_runner *
runner_of(const struct config_agents *config, const struct config_route *route);
void workflows_put(const struct toolcall *call, struct buf *out); /* their names, with commas */

/* Facts (taken) as the result. */
MUST_CHECK bool
toolcall_answer(struct toolcall *call, struct buf *facts, bool is_error, struct reply *reply);
/* The run that argument 0, run_id, names, if it is this caller's; held until toolcall_leave(). */
MUST_CHECK bool toolcall_run(struct toolcall *call, struct run **run, struct err *err);
void toolcall_leave(struct run *run);
/* wait_s as a moment; given or not. */
uint64_t toolcall_until(const struct toolcall *call, size_t i);

/* Do they mean the same agents? (same.c) */
bool agents_config_same(const struct config_agents *a, const struct config_agents *b);

/* The functions of the rows. */
bool tool_start(struct toolcall *call, struct reply *reply, struct err *err);
bool tool_classify(struct toolcall *call, struct reply *reply, struct err *err);

#endif

/*
 * The agents' tools: a row each, what clients see of it, and its function.  Starting a run is in
 * start.c.
 */
#include <stdio.h>
#include <string.h>

#include "agents/tools.h"

#define FACTS_BYTES   (64 * MIB)
#define WAIT_MOST_S   86400
#define RESULT_LENGTH (64 * KIB)
#define LIST_LENGTH   50
#define LIST_MOST     1000

/* ---- what they share ------------------------------------------------------------------------- */

bool
toolcall_answer(struct toolcall *call, struct buf *facts, bool is_error, struct reply *reply)
{
	struct buf out;
	bool ok = buf_check(facts, &reply->err);

	buf_init(&out, loop_memory(call->exchange->loop), SIZE_MAX / 2);
	if (ok)
		result_put(&out, buf_view(facts), is_error);
	buf_fini(facts);
	call->is_error = is_error;
	if (ok)
		return exchange_result(call->exchange, &out, reply);
	buf_fini(&out);
	return false;
}

static void
facts_init(struct toolcall *call, struct buf *facts)
{
	buf_init(facts, loop_memory(call->exchange->loop), FACTS_BYTES);
}

/* A run of somebody else's is one that is not there. */
bool
toolcall_run(struct toolcall *call, struct run **run, struct err *err)
{
	struct slice id;

	if (!arg_string(call, 0, &id, err))
		return false;
	*run = run_by_id(call->agents, id);
	if (*run != NULL && run_is_of(*run, &call->exchange->caller)) {
		(*run)->holds++;
		return true;
	}
	return err_set(
	    err, ERR_PARAMS, "run_id: no such run: \"%.*s\"", (int)(id.n > 40 ? 40 : id.n), id.p);
}

void
toolcall_leave(struct run *run)
{
	run->holds--;
	if (run_is_over(run))
		runs_sweep(run->agents);
}

uint64_t
toolcall_until(const struct toolcall *call, size_t i)
{
	double ms;

	if (call->agents->is_patient && !arg_is_given(call, i))
		return UINT64_MAX;
	ms = arg_number(call, i, (double)call->config->inline_wait_ms / 1e3) * 1e3;
	return loop_now_ms(call->exchange->loop) + (uint64_t)ms;
}

static bool
answer_facts(struct toolcall *call, struct run *run, struct reply *reply)
{
	struct buf facts;

	run_sync_wait(run);
	facts_init(call, &facts);
	run_facts_put(run, &facts);
	return toolcall_answer(call, &facts, run_is_error(run), reply);
}

/* ---- the functions --------------------------------------------------------------------------- */

static bool
tool_status(struct toolcall *call, struct reply *reply, struct err *err)
{
	struct run *run;
	struct buf facts;

	if (arg_is_given(call, 0) && !toolcall_run(call, &run, err))
		return false;
	facts_init(call, &facts);
	if (arg_is_given(call, 0)) {
		run_state_put(run, &facts);
		toolcall_leave(run);
	} else {
		instance_put(call->agents, &facts);
	}
	return toolcall_answer(call, &facts, false, reply);
}

static bool
tool_wait(struct toolcall *call, struct reply *reply, struct err *err)
{
	struct run *run;
	bool ok;

	if (!toolcall_run(call, &run, err))
		return false;
	ok = run_watch_wait(run, call->exchange, toolcall_until(call, 1), false, err) &&
	    answer_facts(call, run, reply);
	toolcall_leave(run);
	return ok;
}

/* The run's grace bounds how long its end may take. */
static bool
tool_cancel(struct toolcall *call, struct reply *reply, struct err *err)
{
	struct run *run;
	struct buf facts;
	bool ok;

	if (!toolcall_run(call, &run, err))
		return false;
	run_cancel(run, "it was cancelled");
	ok = run_watch_wait(run, call->exchange, UINT64_MAX, false, err);
	if (ok) {
		run_sync_wait(run);
		facts_init(call, &facts);
		run_facts_put(run, &facts);
		/* What was asked for is done, whatever became of the run. */
		ok = toolcall_answer(call, &facts, false, reply);
	}
	toolcall_leave(run);
	return ok;
}

/* Without the beginning of a character whose end is not there. */
static size_t
whole_characters(struct slice text)
{
	size_t back = 1, need;
	unsigned char lead;

	while (back <= 4 && back <= text.n && (text.p[text.n - back] & 0xc0) == 0x80)
		back++;
	if (back > 4 || back >= text.n)
		return text.n;
	lead = (unsigned char)text.p[text.n - back];
	need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	return need > back ? text.n - back : text.n;
}

/* A range in whole characters, as far as it is text. */
static void
range_put(const struct run *run, const struct agents *agents, uint64_t from, struct slice bytes,
    uint64_t total, struct buf *facts)
{
	uint64_t next;

	if (from + bytes.n < total || !run_is_over(run))
		bytes.n = whole_characters(bytes);
	next = from + bytes.n;
	buf_puts(facts, "{\"run_id\":");
	buf_json_string(facts, slice_of(run->id));
	buf_puts(facts, ",\"instance_id\":");
	buf_json_string(facts, slice_of(agents->instance));
	buf_printf(facts,
	    ",\"status\":\"%s\",\"offset\":%llu,\"length\":%zu,\"total\":%llu,\"next_offset\":%llu,"
	    "\"is_end\":%s,\"truncated\":%s,\"text\":",
	    run_state_word(run->state), (unsigned long long)from, bytes.n,
	    (unsigned long long)total, (unsigned long long)next,
	    next >= total && run_is_over(run) ? "true" : "false",
	    run->is_truncated ? "true" : "false");
	buf_json_string(facts, bytes);
	buf_putc(facts, '}');
}

static bool
tool_result(struct toolcall *call, struct reply *reply, struct err *err)
{
	uint64_t from = (uint64_t)arg_number(call, 1, 0), total;
	size_t length = (size_t)arg_number(call, 2, RESULT_LENGTH);
	struct buf bytes, facts;
	struct slice of;
	struct run *run;
	bool ok, is_text;

	if (!arg_string(call, 3, &of, err))
		return false;
	is_text = slice_eq(of, S("text"));
	if (of.p != NULL && !is_text && !slice_eq(of, S("output")))
		return err_set(err, ERR_PARAMS, "of must be output or text");
	if (!toolcall_run(call, &run, err))
		return false;
	buf_init(&bytes, loop_memory(call->exchange->loop), OUTPUT_READ_MAX + KIB);
	ok = run_output_wait(run, is_text, from, length, &bytes, &total, err);
	if (ok) {
		facts_init(call, &facts);
		range_put(run, call->agents, from, buf_view(&bytes), total, &facts);
		ok = toolcall_answer(call, &facts, false, reply);
	}
	buf_fini(&bytes);
	toolcall_leave(run);
	return ok;
}

static bool
tool_list(struct toolcall *call, struct reply *reply, struct err *err)
{
	size_t most = (size_t)arg_number(call, 1, LIST_LENGTH), n = 0, total = 0, all_n;
	enum run_state state = RUN_STATES_N;
	struct run **all;
	struct slice word;
	struct buf facts;

	if (!arg_string(call, 0, &word, err))
		return false;
	if (word.p != NULL && !run_state_of(word, &state))
		return err_set(err, ERR_PARAMS,
		    "status must be one of queued, running, completed, failed, cancelled, timeout, "
		    "lost");
	facts_init(call, &facts);
	buf_puts(&facts, "{\"instance_id\":");
	buf_json_string(&facts, slice_of(call->agents->instance));
	buf_puts(&facts, ",\"runs\":[");
	all = runs_sorted(call->agents, &all_n);
	for (size_t i = 0; i < all_n; i++) {
		if (!run_is_of(all[i], &call->exchange->caller) ||
		    (word.p != NULL && all[i]->state != state))
			continue;
		total++;
		if (n >= most)
			continue;
		buf_puts(&facts, n++ > 0 ? "," : "");
		run_row_put(all[i], &facts);
	}
	mem_free(all);
	buf_printf(&facts, "],\"total\":%zu}", total);
	return toolcall_answer(call, &facts, false, reply);
}

/* ---- the rows -------------------------------------------------------------------------------- */

#define STATUS_SCHEMA \
	"{\"type\":\"string\",\"enum\":[\"queued\",\"running\",\"completed\",\"failed\"," \
	"\"cancelled\",\"timeout\",\"lost\"]}"
#define RUN_MEMBERS \
	"\"run_id\":{\"type\":\"string\"},\"instance_id\":{\"type\":\"string\"}," \
	"\"status\":" STATUS_SCHEMA ",\"workflow\":{\"type\":\"string\"}," \
	"\"runner\":{\"type\":\"string\"},\"exit_code\":{\"type\":[\"integer\",\"null\"]}," \
	"\"cost_usd\":{\"type\":\"number\"},\"tokens\":{\"type\":\"object\"}," \
	"\"reason\":{\"type\":\"string\"}"
#define FACTS_SCHEMA \
	"{\"type\":\"object\",\"properties\":{" RUN_MEMBERS ",\"text\":{\"type\":\"string\"}," \
	"\"diff\":{\"type\":\"string\"},\"truncated\":{\"type\":\"boolean\"}," \
	"\"resource\":{\"type\":\"string\"}},\"required\":[\"run_id\",\"instance_id\"," \
	"\"status\",\"workflow\",\"exit_code\",\"text\",\"cost_usd\",\"tokens\",\"truncated\"]}"
#define STATE_SCHEMA \
	"{\"type\":\"object\",\"properties\":{\"instance_id\":{\"type\":\"string\"}," \
	"\"status\":{\"type\":\"string\"},\"uptime_s\":{\"type\":\"integer\"}," \
	"\"running\":{\"type\":\"integer\"},\"queued\":{\"type\":\"integer\"}," \
	"\"isolation\":{\"type\":\"object\"},\"run_id\":{\"type\":\"string\"}," \
	"\"events\":{\"type\":\"array\"}},\"required\":[\"instance_id\",\"status\"]}"
#define RANGE_SCHEMA \
	"{\"type\":\"object\",\"properties\":{\"run_id\":{\"type\":\"string\"}," \
	"\"instance_id\":{\"type\":\"string\"},\"status\":" STATUS_SCHEMA "," \
	"\"offset\":{\"type\":\"integer\"},\"length\":{\"type\":\"integer\"}," \
	"\"total\":{\"type\":\"integer\"},\"next_offset\":{\"type\":\"integer\"}," \
	"\"is_end\":{\"type\":\"boolean\"},\"truncated\":{\"type\":\"boolean\"}," \
	"\"text\":{\"type\":\"string\"}},\"required\":[\"run_id\",\"instance_id\",\"status\"," \
	"\"offset\",\"total\",\"next_offset\",\"text\"]}"
#define LIST_SCHEMA \
	"{\"type\":\"object\",\"properties\":{\"instance_id\":{\"type\":\"string\"}," \
	"\"runs\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{" RUN_MEMBERS \
	"}}},\"total\":{\"type\":\"integer\"}},\"required\":[\"instance_id\",\"runs\"]}"
#define CLASSIFY_SCHEMA \
	"{\"type\":\"object\",\"properties\":{\"instance_id\":{\"type\":\"string\"}," \
	"\"workflow\":{\"type\":\"string\"},\"runner\":{\"type\":\"string\"}," \
	"\"agents\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}," \
	"\"confidence\":{\"type\":\"number\"}," \
	"\"matched\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}," \
	"\"alternatives\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}," \
	"\"required\":[\"instance_id\",\"workflow\",\"runner\",\"agents\",\"confidence\"," \
	"\"matched\",\"alternatives\"]}"

#define ARG_RUN_ID \
	{ \
		"run_id", ARG_TEXT, true, 1, 64, "As the call that started it said" \
	}
#define ARG_WAIT \
	{ \
		"wait_s", ARG_NUMBER, false, 0, WAIT_MOST_S, \
		    "For how long to wait, in seconds; 0 answers at once" \
	}

const struct agents_tool agents_tools[] = {
	{ "", "Run an agent",
	    "Runs an agent program on a task, isolated in a folder of its own. A short run is "
	    "answered with its result; a longer one with a run_id to wait for it.",
	    FACTS_SCHEMA, TOOL_HARMS | TOOL_OPEN | TOOL_TASK, tool_start,
	    { { "task", ARG_TEXT, true, 1, (double)TASK_BYTES_MAX, "What is to be done, in words" },
		{ "workflow", ARG_TEXT, false, 1, 64,
		    "The kind of work; without it the task's words decide" },
		{ "runner", ARG_TEXT, false, 1, 64, "Which program; else the workflow's" },
		{ "cwd", ARG_TEXT, false, 1, 4095,
		    "Where to work: an absolute path that the runner may use" },
		{ "idempotency_key", ARG_TEXT, false, 1, 256,
		    "The same key is the same run, as long as that is kept" },
		ARG_WAIT,
		{ "values", ARG_TEXTS, false, 0, 0,
		    "For placeholders of the runner's command" } } },
	{ "_status", "Status of runs",
	    "Without run_id how this instance is: what runs and waits, its isolation. With it, one "
	    "run and its last events. Never waits.",
	    STATE_SCHEMA, TOOL_READS, tool_status,
	    { { "run_id", ARG_TEXT, false, 1, 64, "A run" } } },
	{ "_classify", "Classify a task",
	    "Which workflow, runner and agents a task would get, by the words it uses. Nothing is "
	    "started.",
	    CLASSIFY_SCHEMA, TOOL_READS, tool_classify,
	    { { "task", ARG_TEXT, true, 0, (double)TASK_BYTES_MAX, "The text" } } },
	{ "_wait", "Wait for a run",
	    "Waits until a run is over, or for wait_s, and gives its facts as they are then.",
	    FACTS_SCHEMA, TOOL_READS, tool_wait, { ARG_RUN_ID, ARG_WAIT } },
	{ "_cancel", "Cancel a run",
	    "Ends a run with all its processes, and answers when they are gone.", FACTS_SCHEMA,
	    TOOL_HARMS | TOOL_REPEATS, tool_cancel, { ARG_RUN_ID } },
	{ "_result", "Read a run's output",
	    "A range of the whole output of a run, while it works and after.", RANGE_SCHEMA,
	    TOOL_READS, tool_result,
	    { ARG_RUN_ID, { "offset", ARG_INTEGER, false, 0, 9e15, "From this byte on" },
		{ "length", ARG_INTEGER, false, 1, (double)OUTPUT_READ_MAX,
		    "At most so many bytes" },
		{ "of", ARG_TEXT, false, 1, 10,
		    "output (what it printed) or text (its result, whole)" } } },
	{ "_list", "List runs", "The caller's runs, newest first.", LIST_SCHEMA, TOOL_READS,
	    tool_list,
	    { { "status", ARG_TEXT, false, 1, 20, "Only those that are so" },
		{ "limit", ARG_INTEGER, false, 1, LIST_MOST, "At most so many" } } },
};
const size_t agents_tools_n = COUNT(agents_tools);

/* ---- definitions ----------------------------------------------------------------------------- */

void
tool_name_put(const struct config_agents *config, const struct agents_tool *tool, struct buf *out)
{
	buf_put(out, config->prefix);
	buf_puts(out, tool->suffix);
}

static void
put_arg(const struct tool_arg *arg, struct buf *out)
{
	static const char *const types[] = { [ARG_TEXT] = "string",
		[ARG_NUMBER] = "number",
		[ARG_INTEGER] = "integer",
		[ARG_TEXTS] = "object" };

	buf_printf(out, "\"%s\":{\"type\":\"%s\"", arg->name, types[arg->type]);
	if (arg->type == ARG_NUMBER || arg->type == ARG_INTEGER)
		buf_printf(out, ",\"minimum\":%.0f,\"maximum\":%.0f", arg->least, arg->most);
	if (arg->type == ARG_TEXTS)
		buf_puts(out, ",\"additionalProperties\":{\"type\":\"string\"}");
	buf_puts(out, ",\"description\":");
	buf_json_string(out, slice_of(arg->help));
	buf_putc(out, '}');
}

static void
put_input_schema(const struct agents_tool *tool, struct buf *out)
{
	const char *between = "";

	buf_puts(out, "{\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < ARGS_MAX && tool->args[i].name != NULL; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_arg(&tool->args[i], out);
	}
	buf_puts(out, "},\"required\":[");
	for (size_t i = 0; i < ARGS_MAX && tool->args[i].name != NULL; i++) {
		if (!tool->args[i].is_required)
			continue;
		buf_printf(out, "%s\"%s\"", between, tool->args[i].name);
		between = ",";
	}
	buf_puts(out, "]}");
}

static void
put_definition(const struct config_agents *config, const struct agents_tool *tool, struct buf *out)
{
	struct buf name;

	buf_init(&name, NULL, KIB);
	tool_name_put(config, tool, &name);
	buf_puts(out, "{\"name\":");
	buf_json_string(out, buf_view(&name));
	buf_fini(&name);
	buf_puts(out, ",\"title\":");
	buf_json_string(out, slice_of(tool->title));
	buf_puts(out, ",\"description\":");
	buf_json_string(out, slice_of(tool->help));
	buf_puts(out, ",\"inputSchema\":");
	put_input_schema(tool, out);
	buf_printf(out, ",\"outputSchema\":%s,\"annotations\":{\"title\":", tool->output);
	buf_json_string(out, slice_of(tool->title));
	buf_printf(out, ",\"readOnlyHint\":%s", tool->flags & TOOL_READS ? "true" : "false");
	if (!(tool->flags & TOOL_READS))
		buf_printf(out, ",\"destructiveHint\":%s,\"idempotentHint\":%s",
		    tool->flags & TOOL_HARMS ? "true" : "false",
		    tool->flags & TOOL_REPEATS ? "true" : "false");
	buf_printf(out, ",\"openWorldHint\":%s}", tool->flags & TOOL_OPEN ? "true" : "false");
	if (tool->flags & TOOL_TASK)
		buf_puts(out, ",\"execution\":{\"taskSupport\":\"optional\"}");
	buf_putc(out, '}');
}

void
tools_put(const struct config_agents *config, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < agents_tools_n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_definition(config, &agents_tools[i], out);
	}
	buf_putc(out, ']');
}

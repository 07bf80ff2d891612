/*
 * The tool that starts runs, and the one that says which it would start.
 *
 * All that can be wrong with a call is found before there is a run: the workflow, the runner, its
 * placeholders, the directory, the repository.  Then the same call again finds its run, or there is
 * a new one in the queue; nothing waits between these two, so that fifty at once are one.
 */
#include <stdio.h>
#include <string.h>

#include "agents/tools.h"

#define FACTS_BYTES (4 * MIB)

enum { START_TASK, START_WORKFLOW, START_RUNNER, START_CWD, START_KEY, START_WAIT, START_VALUES };

/* What a call asks for, once it makes sense; slices in the exchange's arena or the settings. */
struct order {
	struct slice task, workflow, cwd, repo;
	const struct config_runner *runner;
	struct job_value *values;
	size_t values_n;
	char key[RUN_KEY_BYTES];
	uint64_t key_ttl_ms; /* 0: as long as the run is kept */
};

/* ---- which runner ---------------------------------------------------------------------------- */

const struct config_runner *
runner_named(const struct config_agents *config, struct slice name)
{
	for (size_t i = 0; i < config->runners_n; i++) {
		if (slice_eq(config->runners[i].name, name))
			return &config->runners[i];
	}
	return NULL;
}

const struct config_runner *
runner_of(const struct config_agents *config, const struct config_route *route)
{
	const struct config_runner *runner = NULL;

	if (route != NULL && route->runner.p != NULL)
		runner = runner_named(config, route->runner);
	if (runner == NULL && config->fallback != NULL && config->fallback->runner.p != NULL)
		runner = runner_named(config, config->fallback->runner);
	return runner != NULL ? runner : &config->runners[0];
}

/* Those of the configuration, or built in; the default is not among them. */
static size_t
routes_n(const struct toolcall *call)
{
	size_t n = call->config->routes_n;

	if (n == 0)
		(void)classify_built_in(&n);
	return n;
}

const struct config_route *
route_named(const struct toolcall *call, struct slice name)
{
	for (size_t i = 0; i < routes_n(call); i++) {
		const struct config_route *route = classifier_route(call->classifier, i);

		if (slice_eq(route->name, name))
			return route;
	}
	return call->config->fallback != NULL && slice_eq(name, S("default"))
	    ? call->config->fallback
	    : NULL;
}

const struct config_route *
route_classify(const struct toolcall *call, struct slice text, struct classified *classified)
{
	const struct config_route *route = NULL;

	classify(call->classifier, text, classified);
	if (classified->route != SIZE_MAX)
		route = classifier_route(call->classifier, classified->route);
	return route != NULL ? route : call->config->fallback;
}

void
workflows_put(const struct toolcall *call, struct buf *out)
{
	for (size_t i = 0; i < routes_n(call); i++)
		buf_printf(out, "%s%.*s", i > 0 ? ", " : "",
		    SLICE_FMT(classifier_route(call->classifier, i)->name));
}

static bool
no_workflow(const struct toolcall *call, struct slice name, struct err *err)
{
	struct buf known;

	buf_init(&known, NULL, 160);
	workflows_put(call, &known);
	err_set(err, ERR_PARAMS, "workflow: there is no \"%.*s\"; known: %.*s",
	    (int)(name.n > 40 ? 40 : name.n), name.p, SLICE_FMT(buf_view(&known)));
	buf_fini(&known);
	return false;
}

static bool
no_runner(const struct toolcall *call, struct slice name, struct err *err)
{
	const struct config_agents *config = call->config;
	struct buf known;

	buf_init(&known, NULL, 160);
	for (size_t i = 0; i < config->runners_n; i++)
		buf_printf(&known, "%s%.*s", i > 0 ? ", " : "", SLICE_FMT(config->runners[i].name));
	err_set(err, ERR_PARAMS, "runner: there is no \"%.*s\"; known: %.*s",
	    (int)(name.n > 40 ? 40 : name.n), name.p, SLICE_FMT(buf_view(&known)));
	buf_fini(&known);
	return false;
}

static bool
order_route(struct toolcall *call, struct order *order, struct err *err)
{
	const struct config_route *route;
	struct classified classified;
	struct slice runner, workflow;

	if (!arg_string(call, START_TASK, &order->task, err) ||
	    !arg_string(call, START_WORKFLOW, &workflow, err) ||
	    !arg_string(call, START_RUNNER, &runner, err))
		return false;
	route = workflow.p != NULL ? route_named(call, workflow)
				   : route_classify(call, order->task, &classified);
	if (workflow.p != NULL && route == NULL)
		return no_workflow(call, workflow, err);
	order->workflow = route != NULL ? route->name : S("default");
	order->runner =
	    runner.p != NULL ? runner_named(call->config, runner) : runner_of(call->config, route);
	return order->runner != NULL || no_runner(call, runner, err);
}

/* ---- placeholders ---------------------------------------------------------------------------- */

static bool
is_given_always(struct slice name)
{
	return slice_eq(name, S("task")) || slice_eq(name, S("cwd")) ||
	    slice_eq(name, S("run_id")) || slice_eq(name, S("instance"));
}

static bool
has_value(const struct order *order, struct slice name)
{
	for (size_t i = 0; i < order->values_n; i++) {
		if (slice_eq(order->values[i].name, name))
			return true;
	}
	return false;
}

/* The text of an item: i < command_n, then stdin. */
static struct slice
template_at(const struct config_runner *runner, size_t i)
{
	return i < runner->command_n ? runner->command[i] : runner->input;
}

static bool
is_placeholder(const struct config_runner *runner, struct slice name)
{
	struct config_placeholder holder;

	for (size_t i = 0; i <= runner->command_n; i++) {
		struct slice text = template_at(runner, i);

		while (text.n > 0 && config_placeholder_next(&text, &holder)) {
			if (slice_eq(holder.name, name))
				return true;
		}
	}
	return false;
}

/* Each one that has no default has a value. */
static bool
values_complete(const struct order *order, struct err *err)
{
	const struct config_runner *runner = order->runner;
	struct config_placeholder holder;

	for (size_t i = 0; i <= runner->command_n; i++) {
		struct slice text = template_at(runner, i);

		while (text.n > 0 && config_placeholder_next(&text, &holder)) {
			if (holder.fallback.p == NULL && !is_given_always(holder.name) &&
			    !has_value(order, holder.name))
				return err_set(err, ERR_PARAMS,
				    "values.%.*s is missing: runner %.*s needs it",
				    SLICE_FMT(holder.name), SLICE_FMT(runner->name));
		}
	}
	return true;
}

static bool
value_take(
    struct toolcall *call, struct order *order, struct slice key, struct slice raw, struct err *err)
{
	struct job_value *value = &order->values[order->values_n];
	struct arena *arena = &call->exchange->arena;

	if (is_given_always(key) || !is_placeholder(order->runner, key))
		return err_set(err, ERR_PARAMS, "values.%.*s: runner %.*s has no such placeholder",
		    (int)(key.n > 40 ? 40 : key.n), key.p, SLICE_FMT(order->runner->name));
	value->name = key;
	value->value = raw; /* numbers and booleans as they are written */
	if (json_type(raw) == JSON_STRING &&
	    (!arena_reserve(arena, raw.n, err) || !json_string(arena, raw, &value->value, err)))
		return false;
	if (memchr(value->value.p, '\0', value->value.n) != NULL)
		return err_set(err, ERR_PARAMS, "values.%.*s holds a NUL", SLICE_FMT(key));
	order->values_n++;
	return true;
}

static bool
order_values(struct toolcall *call, struct order *order, struct err *err)
{
	struct slice key, raw, all = call->raw[START_VALUES];
	struct json_iter iter;

	order->values = ARENA_ARRAY(&call->exchange->arena, struct job_value, VALUES_MAX);
	if (all.p != NULL) {
		json_iter_init(&iter, all);
		while (json_iter_next(&iter, &key, &raw)) {
			if (!value_take(call, order, key, raw, err))
				return false;
		}
	}
	return values_complete(order, err);
}

/* ---- where ----------------------------------------------------------------------------------- */

/* What counts for agents.limits.per_repo: the repository, or the directory that is shared. */
static bool
order_repo_wait(struct toolcall *call, struct order *order, struct slice dir, struct err *err)
{
	struct err none = { 0 };

	if (job_repo_of_wait(
		call->exchange->loop, &call->exchange->arena, dir, &order->repo, &none))
		return true;
	if (none.kind == ERR_CANCELLED || none.kind == ERR_DEADLINE ||
	    order->runner->folder == FOLDER_WORKTREE) {
		*err = none;
		if (none.kind != ERR_CANCELLED && none.kind != ERR_DEADLINE)
			err->kind = ERR_PARAMS;
		return err_prefix(err, "cwd");
	}
	order->repo = dir;
	return true;
}

static bool
order_place_wait(struct toolcall *call, struct order *order, struct err *err)
{
	const struct config_runner *runner = order->runner;
	struct slice cwd, dir;

	if (!arg_string(call, START_CWD, &cwd, err))
		return false;
	if (cwd.p != NULL && runner->folder == FOLDER_TMP)
		return err_set(err, ERR_PARAMS,
		    "cwd: runner %.*s works in an empty folder of its own",
		    SLICE_FMT(runner->name));
	if (cwd.p != NULL &&
	    !cwd_check_wait(
		call->exchange->loop, runner, cwd, &call->exchange->arena, &order->cwd, err))
		return false;
	if (runner->folder == FOLDER_TMP)
		return true;
	dir = order->cwd.p != NULL ? order->cwd : runner->dir;
	if (dir.p == NULL)
		return err_set(err, ERR_PARAMS,
		    "cwd is missing: runner %.*s has no directory of its own",
		    SLICE_FMT(runner->name));
	return order_repo_wait(call, order, dir, err);
}

/* ---- the same call again --------------------------------------------------------------------- */

static void
key_make(struct order *order, const char *kind, const struct slice *parts, size_t n)
{
	char digest[65];

	sha256_hex(parts, n, digest);
	snprintf(order->key, sizeof(order->key), "%s%.64s", kind, digest);
}

/*
 * By the key that the caller gave; else by the request: its id and its arguments, from the same
 * client.  What the same request says again is its retry.
 */
static bool
order_key(struct toolcall *call, struct order *order, struct err *err)
{
	const struct exchange *exchange = call->exchange;
	const struct client *client = client_of(exchange);
	char number[24];
	struct slice key;
	struct buf canonical;
	bool ok;

	if (!arg_string(call, START_KEY, &key, err))
		return false;
	if (key.p != NULL) {
		key_make(order, "k:",
		    (struct slice[]){ exchange->caller.principal, { "", 1 },
			exchange->caller.tenant, { "", 1 }, key },
		    5);
		return true;
	}
	if (call->config->dedup_ttl_ms == 0 || exchange->request.id.p == NULL)
		return true;
	snprintf(number, sizeof(number), "%llu",
	    client != NULL ? (unsigned long long)client_number(client) : 0ull);
	buf_init(&canonical, loop_memory(exchange->loop), SIZE_MAX / 2);
	ok = json_canonical(&call->exchange->arena, exchange->arguments, NULL, &canonical) &&
	    !canonical.overflow;
	/* What is nested too deep to be compared is a call of its own. */
	if (ok)
		key_make(order, "q:",
		    (struct slice[]){ exchange->caller.principal, { "", 1 },
			exchange->caller.tenant, { "", 1 }, slice_of(number), { "", 1 },
			exchange->request.id, { "", 1 }, buf_view(&canonical) },
		    9);
	order->key_ttl_ms = call->config->dedup_ttl_ms;
	buf_fini(&canonical);
	return true;
}

/* ---- a new run ------------------------------------------------------------------------------- */

static struct slice
call_keep(struct run *run, struct slice text)
{
	return text.p == NULL ? SLICE_NONE : text.n > 0 ? slice_dup(&run->call, text) : S("");
}

static void
id_make(struct run *run)
{
	unsigned char random[8];

	do {
		loop_random(run->agents->loop, random, sizeof(random));
		memcpy(run->id, "r-", 2);
		hex_put(random, sizeof(random), run->id + 2);
	} while (run_by_id(run->agents, slice_of(run->id)) != NULL);
	run_index(run);
}

static bool
run_fill(struct run *run, const struct toolcall *call, const struct order *order, struct err *err)
{
	const struct caller *caller = &call->exchange->caller;
	size_t bytes = order->task.n + order->cwd.n + KIB;

	for (size_t i = 0; i < order->values_n; i++)
		bytes +=
		    order->values[i].name.n + order->values[i].value.n + sizeof(struct job_value);
	if (!arena_reserve(&run->call, bytes, err))
		return false;
	run->whole = call_keep(run, order->task);
	run->cwd = call_keep(run, order->cwd);
	run->values = ARENA_ARRAY(&run->call, struct job_value, order->values_n + 1);
	run->values_n = order->values_n;
	for (size_t i = 0; i < order->values_n; i++)
		run->values[i] = (struct job_value){ call_keep(run, order->values[i].name),
			call_keep(run, order->values[i].value) };
	run->instance = slice_of(run->agents->instance);
	run->caller = run_keep(run, caller->principal, 4 * KIB);
	run->tenant = run_keep(run, caller->tenant, 4 * KIB);
	run->runner = run_keep(run, order->runner->name, KIB);
	run->workflow = run_keep(run, order->workflow, KIB);
	run->task = run_keep(run, order->task, RUN_TASK_SHOWN);
	run->repo = run_keep(run, order->repo, 4 * KIB);
	run->settings = settings_ref(call->settings);
	run->config = order->runner;
	return true;
}

/* NULL: err. */
static struct run *
run_begin(struct toolcall *call, const struct order *order, struct err *err)
{
	struct agents *agents = call->agents;
	struct run *run;

	if (!queue_has_room(agents, err) ||
	    !budget_has_room(
		agents, call->exchange->caller.principal, call->exchange->caller.tenant, err) ||
	    !rate_take(agents, &call->exchange->caller, err))
		return NULL;
	run = run_new(agents, RUN_QUEUED);
	if (!run_fill(run, call, order, err)) {
		run_free(&run);
		return NULL;
	}
	run->place = ++agents->place;
	run->is_ours = true;
	memcpy(run->key, order->key, sizeof(run->key));
	run->key_until_ms =
	    order->key_ttl_ms > 0 ? loop_now_ms(agents->loop) + order->key_ttl_ms : 0;
	run->queued_ms = loop_unix_ms(agents->loop);
	id_make(run);
	run_put(run);
	return run;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Did the client ask for a task, in the way of 2025-11-25? */
static bool
wants_task(const struct exchange *exchange)
{
	return exchange_takes_task(exchange) && !mcp_revision_is_modern(exchange->revision);
}

/*
 * Who says for how long to wait has the facts as they are then; others, who take tasks, have a task
 * where the run is not over soon.
 */
static bool
start_answer_wait(
    struct toolcall *call, struct run *run, bool is_starter, struct reply *reply, struct err *err)
{
	struct exchange *exchange = call->exchange;
	bool is_task = exchange_takes_task(exchange) && !arg_is_given(call, START_WAIT);
	bool is_heir = is_task && permission_can_be_asked(exchange), ok;
	struct buf facts;

	if (wants_task(exchange))
		return task_begin_wait(run, exchange, reply);
	run->heirs += is_heir;
	ok = run_watch_wait(run, exchange, toolcall_until(call, START_WAIT), is_starter, err);
	is_task &= ok && !run_is_over(run);
	if (is_task)
		ok = task_begin_wait(run, exchange, reply);
	run->heirs -= is_heir;
	if (!ok)
		permission_watcher_gone(run);
	if (!ok || is_task)
		return ok;
	run_sync_wait(run);
	buf_init(&facts, loop_memory(exchange->loop), FACTS_BYTES);
	run_facts_put(run, &facts);
	return toolcall_answer(call, &facts, run_is_error(run), reply);
}

static bool
order_make(struct toolcall *call, struct order *order, struct err *err)
{
	return order_route(call, order, err) && order_values(call, order, err) &&
	    order_key(call, order, err);
}

bool
tool_start(struct toolcall *call, struct reply *reply, struct err *err)
{
	struct agents *agents = call->agents;
	struct order order = { .runner = NULL };
	struct run *run;
	bool is_new, ok;

	if (agents->depth >= AGENTS_DEPTH_MAX)
		return err_set(err, ERR_REFUSED,
		    "%d gateways have started each other's runs already (%s): this one starts none",
		    AGENTS_DEPTH_MAX, AGENTS_DEPTH);
	if (!order_make(call, &order, err))
		return false;
	run = order.key[0] != '\0' ? run_by_key(agents, order.key) : NULL;
	if (run == NULL && !order_place_wait(call, &order, err))
		return false;
	/* Another may have come in the meantime. */
	if (run == NULL && order.key[0] != '\0')
		run = run_by_key(agents, order.key);
	is_new = run == NULL;
	if (is_new)
		run = run_begin(call, &order, err);
	if (run == NULL)
		return false;
	run->holds++;
	if (is_new)
		queue_pump(agents);
	ok = start_answer_wait(call, run, is_new, reply, err);
	toolcall_leave(run);
	return ok;
}

/* ---- what would it be? ----------------------------------------------------------------------- */

static void
put_texts(const struct slice *texts, size_t n, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		buf_json_string(out, texts[i]);
	}
	buf_putc(out, ']');
}

static void
put_others(const struct toolcall *call, const struct classified *classified, struct buf *out)
{
	const char *between = "";

	buf_putc(out, '[');
	for (size_t i = 0; i < classified->others_n; i++) {
		const struct classify_score *other = &classified->others[i];

		if (other->route >= routes_n(call))
			continue;
		buf_printf(out, "%s{\"workflow\":", between);
		buf_json_string(out, classifier_route(call->classifier, other->route)->name);
		buf_printf(out, ",\"score\":%.3f}", other->score);
		between = ",";
	}
	buf_putc(out, ']');
}

bool
tool_classify(struct toolcall *call, struct reply *reply, struct err *err)
{
	const struct config_route *route;
	struct classified *classified = ARENA_NEW(&call->exchange->arena, struct classified);
	struct slice task;
	struct buf facts;

	if (!arg_string(call, 0, &task, err))
		return false;
	route = route_classify(call, task, classified);
	buf_init(&facts, loop_memory(call->exchange->loop), FACTS_BYTES);
	buf_puts(&facts, "{\"instance_id\":");
	buf_json_string(&facts, slice_of(call->agents->instance));
	buf_puts(&facts, ",\"workflow\":");
	buf_json_string(&facts, route != NULL ? route->name : S("default"));
	buf_puts(&facts, ",\"runner\":");
	buf_json_string(&facts, runner_of(call->config, route)->name);
	buf_puts(&facts, ",\"agents\":");
	put_texts(
	    route != NULL ? route->agents : NULL, route != NULL ? route->agents_n : 0, &facts);
	buf_printf(&facts, ",\"confidence\":%.3f,\"matched\":", classified->confidence);
	put_texts(classified->matched, classified->matched_n, &facts);
	buf_puts(&facts, ",\"alternatives\":");
	put_others(call, classified, &facts);
	buf_putc(&facts, '}');
	return toolcall_answer(call, &facts, false, reply);
}

/*
 * The provider kind "agents": what clients see of the supervisor.  It is made anew when the section
 * changes; runs know nothing of that.  Where there is no supervisor (a command that only looks) the
 * tools are listed all the same, and calls say why they cannot be made.
 */
#include <string.h>

#include "agents/tools.h"

#define DEFINITIONS_MAX MIB

struct offering {
	struct provider provider;
	struct settings *settings;
	const struct config_agents *config;
	struct classifier *classifier;
	struct slice start_name; /* of the tool that starts runs: the prefix */
};

static struct offering *
offering_of(const struct provider *provider)
{
	return CONTAINER((struct provider *)provider, struct offering, provider);
}

/* The supervisor, which knows this provider from its first call on; NULL: err. */
static struct agents *
agents_of(struct offering *offering, struct err *err)
{
	struct agents *agents = hub_agents(offering->provider.hub);

	if (agents == NULL) {
		err_set(err, ERR_UNAVAILABLE,
		    "there were no agents in the configuration when bascule started: start it again");
		return NULL;
	}
	agents->provider = &offering->provider;
	agents_settle(agents, offering->settings);
	return agents;
}

/* ---- what it offers -------------------------------------------------------------------------- */

static void
page_add(struct offering *offering, enum item_kind kind, struct buf *text)
{
	struct loop *loop = hub_loop(offering->provider.hub);
	struct arena arena;
	struct err err;

	must(buf_check(text, &err));
	arena_init(&arena, NULL, 0);
	if (offering->provider.offer != NULL &&
	    !offer_add_page_wait(NULL, offering->provider.offer, kind, &arena, text, buf_view(text),
		offering->provider.name, loop_log(loop), &err))
		offer_unref(&offering->provider.offer);
	buf_fini(text);
}

static void
put_template(struct buf *out)
{
	buf_puts(out,
	    "[{\"uriTemplate\":\"bascule-run:///{run_id}/output\",\"name\":\"run_output\","
	    "\"title\":\"Output of a run\",\"description\":\"The whole output of a run, as far as it "
	    "is kept\",\"mimeType\":\"text/plain\"}]");
}

static void
offer_make(struct offering *offering)
{
	struct buf text;

	offering->provider.offer = offer_new(loop_memory(hub_loop(offering->provider.hub)));
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		buf_init(&text, NULL, DEFINITIONS_MAX);
		if (kind == ITEM_TOOL)
			tools_put(offering->config, &text);
		else if (kind == ITEM_TEMPLATE && offering->config->output_as_resource)
			put_template(&text);
		else
			buf_puts(&text, "[]");
		page_add(offering, kind, &text);
	}
}

static struct slice
agents_alias(const struct provider *provider, struct slice name)
{
	return slice_eq(name, S("maf_execute")) || slice_eq(name, S("query"))
	    ? offering_of(provider)->start_name
	    : SLICE_NONE;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static const struct agents_tool *
tool_find(const struct offering *offering, struct slice name)
{
	for (size_t i = 0; i < agents_tools_n; i++) {
		struct slice suffix = slice_of(agents_tools[i].suffix);

		if (name.n == offering->config->prefix.n + suffix.n && slice_ends(name, suffix))
			return &agents_tools[i];
	}
	return NULL;
}

/* Was it called by a name that is not the tool's? */
static bool
is_alias(struct exchange *exchange)
{
	struct slice raw = exchange->request.name;

	return slice_eq(raw, S("\"maf_execute\"")) || slice_eq(raw, S("\"query\""));
}

static bool
call_wait(struct offering *offering, struct exchange *exchange, struct slice name,
    struct reply *reply, struct err *err)
{
	struct agents *agents = agents_of(offering, err);
	struct toolcall call = { .agents = agents,
		.settings = offering->settings,
		.config = offering->config,
		.classifier = offering->classifier,
		.exchange = exchange,
		.tool = tool_find(offering, name),
		.is_alias = is_alias(exchange) };
	bool ok;

	if (agents == NULL)
		return false;
	must(call.tool != NULL);
	ok = args_read(&call, exchange->arguments, err) && call.tool->run(&call, reply, err);
	if (!ok && err->kind == ERR_NONE)
		*err = reply->err;
	else if (!ok)
		reply->err = *err;
	count_call(agents, name, reply, call.is_error);
	return ok;
}

/* ---- the output as a resource ---------------------------------------------------------------- */

/* bascule-run:///RUN_ID/output */
static struct run *
run_of_uri(struct agents *agents, const struct exchange *exchange, struct slice uri)
{
	static const struct slice head = S("bascule-run:///"), tail = S("/output");
	struct run *run;

	if (!slice_starts(uri, head) || !slice_ends(uri, tail) || uri.n < head.n + tail.n)
		return NULL;
	run = run_by_id(agents, (struct slice){ uri.p + head.n, uri.n - head.n - tail.n });
	return run != NULL && run_is_of(run, &exchange->caller) ? run : NULL;
}

static bool
read_wait(struct offering *offering, struct exchange *exchange, const struct forward *forward,
    struct reply *reply, struct err *err)
{
	struct agents *agents = agents_of(offering, err);
	struct buf bytes, out;
	struct slice uri;
	struct run *run;
	uint64_t total;
	size_t most = (size_t)offering->config->output_keep_bytes + MIB;
	bool ok;

	if (agents == NULL || !forward_uri(exchange, forward, &uri, err))
		return false;
	run = run_of_uri(agents, exchange, uri);
	reply->uri = uri;
	reply->is_private = true;
	if (run == NULL || !offering->config->output_as_resource)
		return err_set(err, ERR_RESOURCE, "there is no such run");
	buf_init(&bytes, loop_memory(exchange->loop), most + KIB);
	buf_init(&out, loop_memory(exchange->loop), SIZE_MAX / 2);
	run->holds++;
	ok = run_output_wait(run, false, 0, most, &bytes, &total, err);
	toolcall_leave(run);
	buf_puts(&out, "{\"contents\":[{\"uri\":");
	buf_json_string(&out, uri);
	buf_puts(&out, ",\"mimeType\":\"text/plain\",\"text\":");
	buf_json_string(&out, buf_view(&bytes));
	buf_puts(&out, "}]}");
	buf_fini(&bytes);
	if (ok)
		return exchange_result(exchange, &out, reply) || (*err = reply->err, false);
	buf_fini(&out);
	return false;
}

/* ---- the provider ---------------------------------------------------------------------------- */

static void
agents_want(struct provider *provider, struct client *client, bool even_lazy)
{
	(void)provider, (void)client, (void)even_lazy;
}

static bool
agents_is_settled(const struct provider *provider, const struct client *client)
{
	(void)provider, (void)client;
	return true;
}

static struct offer *
agents_list_wait(struct provider *provider, struct client *client, struct err *err)
{
	(void)client;
	if (provider->offer != NULL)
		return offer_ref(provider->offer);
	err_set(err, ERR_LIMIT, "no memory for the list of tools");
	return NULL;
}

static bool
agents_task_wait(struct provider *provider, struct exchange *exchange, enum mcp_method method,
    struct slice id, struct reply *reply, struct err *err)
{
	struct agents *agents = agents_of(offering_of(provider), err);

	return agents != NULL && task_request_wait(agents, exchange, method, id, reply, err);
}

static bool
agents_forward_wait(struct provider *provider, struct exchange *exchange,
    const struct forward *forward, struct reply *reply, struct err *err)
{
	struct offering *offering = offering_of(provider);

	switch (exchange->request.method) {
	case MCP_TOOLS_CALL:
		must(forward->item != NULL);
		return call_wait(offering, exchange, forward->item->name, reply, err);
	case MCP_RESOURCES_READ:
		return read_wait(offering, exchange, forward, reply, err);
	case MCP_TASKS_GET:
	case MCP_TASKS_UPDATE:
	case MCP_TASKS_CANCEL:
		if (forward->task.p != NULL)
			return agents_task_wait(provider, exchange, exchange->request.method,
			    forward->task, reply, err);
		break;
	case MCP_TASKS_LIST:
		/* What a client holds the gateway knows. */
		reply->result = S("{\"tasks\":[]}");
		return true;
	default:
		break;
	}
	return err_set(
	    err, ERR_METHOD, "%.*s does not know that method", SLICE_FMT(provider->name));
}

static bool
agents_subscribe_wait(struct provider *provider, struct exchange *exchange, bool wants,
    struct slice uri, const struct forward *forward, struct reply *reply, struct err *err)
{
	(void)provider, (void)exchange, (void)wants, (void)uri, (void)forward, (void)reply;
	return err_set(err, ERR_METHOD, "runs cannot be subscribed to");
}

static bool
agents_watch_wait(struct provider *provider, struct exchange *exchange, struct slice uri,
    bool *is_granted, struct err *err)
{
	(void)provider, (void)exchange, (void)uri, (void)err;
	*is_granted = false;
	return true;
}

static bool
agents_has_task(struct provider *provider, const struct caller *caller, struct slice id)
{
	struct err err = { 0 };
	struct agents *agents = agents_of(offering_of(provider), &err);

	return agents != NULL && task_is_known(agents, caller, id);
}

static bool
agents_watch_task_wait(struct provider *provider, struct exchange *exchange, struct slice id,
    bool *is_granted, struct err *err)
{
	struct agents *agents = agents_of(offering_of(provider), err);

	*is_granted = agents != NULL && task_is_known(agents, &exchange->caller, id);
	return agents != NULL;
}

static void
agents_forget(struct provider *provider, struct client *client, struct slice uri)
{
	(void)provider, (void)client, (void)uri;
}

static bool
agents_set_level_wait(struct provider *provider, struct exchange *exchange, int level,
    const struct forward *forward, struct reply *reply, struct err *err)
{
	(void)provider, (void)exchange, (void)level, (void)forward, (void)err;
	reply->result = S("{}");
	return true;
}

static struct offer *
agents_offer(const struct provider *provider, const struct client *client)
{
	(void)client;
	return provider->offer;
}

static struct slice
agents_capabilities(const struct provider *provider, const struct client *client)
{
	(void)provider, (void)client;
	return S("{\"tools\":{},\"resources\":{},\"tasks\":{\"list\":{},\"cancel\":{},"
		 "\"requests\":{\"tools\":{\"call\":{}}}},"
		 "\"extensions\":{\"" MCP_TASKS_EXTENSION "\":{}}}");
}

static struct slice
agents_instructions(const struct provider *provider, const struct client *client)
{
	(void)provider, (void)client;
	return SLICE_NONE;
}

static void
agents_health(
    const struct provider *provider, const struct client *client, struct provider_health *health)
{
	const struct agents *agents = hub_agents(provider->hub);

	(void)client;
	*health =
	    (struct provider_health){ .state = PROVIDER_READY, .revision = MCP_NEWEST_LEGACY };
	if (agents != NULL)
		health->in_flight = agents_running(agents);
}

static void
agents_close(struct provider *provider)
{
	struct offering *offering = offering_of(provider);
	struct agents *agents = hub_agents(provider->hub);

	if (agents != NULL && agents->provider == provider)
		agents->provider = NULL;
	offer_unref(&provider->offer);
	hub_forget(provider->hub, provider);
	classifier_free(&offering->classifier);
	settings_unref(&offering->settings);
	mem_free(offering);
}

static const struct provider_ops agents_ops = {
	.kind = "agents",
	.want = agents_want,
	.is_settled = agents_is_settled,
	.is_greeted = agents_is_settled,
	.list_wait = agents_list_wait,
	.forward_wait = agents_forward_wait,
	.subscribe_wait = agents_subscribe_wait,
	.watch_wait = agents_watch_wait,
	.task_wait = agents_task_wait,
	.has_task = agents_has_task,
	.watch_task_wait = agents_watch_task_wait,
	.forget_task = agents_forget,
	.forget = agents_forget,
	.set_level_wait = agents_set_level_wait,
	.offer = agents_offer,
	.capabilities = agents_capabilities,
	.instructions = agents_instructions,
	.health = agents_health,
	.alias = agents_alias,
	.close = agents_close,
};

/* ---- the kind -------------------------------------------------------------------------------- */

static size_t
kind_count(const struct config *config)
{
	return config->agents.is_on ? 1 : 0;
}

static bool
kind_is_enabled(const struct config *config, size_t i)
{
	(void)i;
	return config->agents.is_on;
}

static bool
kind_is(const struct provider *provider, const struct config *config, size_t i)
{
	(void)i;
	return provider->ops == &agents_ops &&
	    agents_config_same(offering_of(provider)->config, &config->agents);
}

static struct provider *
kind_make(struct hub *hub, struct settings *settings, size_t i)
{
	struct offering *offering = MEM_NEW(struct offering);

	(void)i;
	offering->settings = settings_ref(settings);
	offering->config = &settings->config->agents;
	offering->start_name = offering->config->prefix;
	offering->classifier = classifier_new(offering->config);
	offering->provider = (struct provider){ .ops = &agents_ops,
		.hub = hub,
		.refs = 1,
		.name = offering->config->prefix,
		.has_own_prefix = true };
	offer_make(offering);
	return &offering->provider;
}

static const struct config_tools *
kind_rules(const struct config *config, size_t i)
{
	(void)config, (void)i;
	return NULL;
}

const struct provider_kind agents_kind = { kind_count, kind_is_enabled, kind_is, kind_make,
	kind_rules };

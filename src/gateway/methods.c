/*
 * What each method does: one function each, in one table at the end.  All of them find out whose
 * the request is and hand it on with the names its owner knows.
 */
#include <string.h>

#include "gateway/hub.h"

#define NAME_TOKEN_MAX	KIB		    /* of a tool or prompt, as written */
#define URI_TOKEN_MAX	(8 * KIB)	    /* as written */
#define SEEN_BYTES_MAX	SLICE_OF_WORK_BYTES /* larger results may mention any URI */
#define SEEN_URIS_MAX	100		    /* of one result */
#define TASKS_BYTES_MAX (4 * MIB)	    /* of the lists of all servers */

/* ---- what they share ------------------------------------------------------------------------- */

/* A string of params, unescaped. */
static bool
text_param(struct exchange *exchange, struct slice token, const char *what, size_t max,
    struct slice *out, struct err *err)
{
	if (json_type(token) != JSON_STRING || token.n > max)
		return err_set(
		    err, ERR_PARAMS, "params.%s must be a string of at most %zu bytes", what, max);
	return arena_reserve(&exchange->arena, token.n, err) &&
	    json_string(&exchange->arena, token, out, err);
}

struct slice
exchange_param(const struct exchange *exchange, struct slice key)
{
	return json_scan_get(exchange->request.scan, S("params"), key);
}

/* Puts a text in place of a token of the request, where it differs. */
static void
edit_text(struct exchange *exchange, struct forward *forward, struct slice token, struct slice was,
    struct slice text)
{
	struct buf out;
	struct err err;

	if (slice_eq(was, text))
		return;
	/* Every byte may be escaped. */
	buf_init(&out, NULL, 6 * text.n + 2);
	buf_json_string(&out, text);
	if (arena_reserve(&exchange->arena, out.n, &err))
		forward->edits[forward->edits_n++] =
		    (struct edit){ token, slice_dup(&exchange->arena, buf_view(&out)) };
	buf_fini(&out);
}

/*
 * `auth: tenants`: whoever asks for more than lists has been confirmed by a site.  Over stdio there
 * are no credentials, and nobody is asked.
 */
static bool
admit_wait(struct exchange *exchange, const struct passage *passage, struct err *err)
{
	const struct gateway *gateway = passage->gateway;
	const struct provider *for_whom = passage->provider;
	struct err said = { 0 }, why = { 0 };

	if (gateway->settings->config->auth != AUTH_TENANTS ||
	    exchange->caller.credentials == NULL || mcp_method_is_open(exchange->request.method) ||
	    (for_whom != NULL && for_whom->ops->confirm_wait != NULL))
		return true;
	for (size_t i = 0; i < gateway->providers_n; i++) {
		struct provider *p = gateway->providers[i];

		if (p->ops->confirm_wait == NULL)
			continue;
		if (p->ops->confirm_wait(p, exchange, &why))
			return true;
		if (why.kind == ERR_CANCELLED || why.kind == ERR_DEADLINE)
			return (*err = why, false);
		/* What a site says about the credential tells more than that it is not for it. */
		if (said.kind == ERR_NONE || said.kind == ERR_REFUSED)
			said = why;
	}
	if (said.kind == ERR_UNAVAILABLE)
		return (*err = said, false);
	return err_set(err, ERR_STRANGER, "%s",
	    said.kind != ERR_NONE ? said.text : "a credential for Jira or Confluence is needed");
}

/* The time of a tool's calls is counted by its own name. */
MUST_CHECK static bool
measured_forward_wait(struct exchange *exchange, struct passage *passage,
    const struct forward *forward, struct reply *reply)
{
	uint64_t began_ms = loop_now_ms(exchange->loop);
	struct slice server = passage->provider->name;
	bool ok = visit_forward_wait(exchange, passage, forward, reply);

	if (exchange->request.method == MCP_TOOLS_CALL && forward->item != NULL)
		measure_call(passage->hub, server, forward->item->name, began_ms);
	return ok;
}

/* Rules, the ledger's route, the provider, rules again. */
bool
method_forward(struct exchange *exchange, struct passage *passage, struct slice name,
    const struct forward *forward, struct reply *reply)
{
	struct provider *provider = passage->provider;
	struct crossing crossing;

	reply->server = provider->name;
	ledger_route(passage->hub->ledger, exchange->number, provider->name, name);
	if (!admit_wait(exchange, passage, &reply->err))
		return false;
	if (exchange->state.p != NULL && !slice_eq(exchange->state_server, provider->name))
		return err_set(&reply->err, ERR_PARAMS,
		    "requestState is of another server: begin the call again");
	crossing = (struct crossing){ .kind = GUARD_REQUEST,
		.server = provider->name,
		.name = name,
		.item = forward->item,
		.text = exchange->request.params,
		.may_be_answered = true };
	if (!crossing_wait(exchange, &crossing, reply))
		return false;
	if (reply->result.p == NULL &&
	    (!trail_begin_wait(
		 exchange, passage, exchange->request.method, forward->item, &reply->err) ||
		!measured_forward_wait(exchange, passage, forward, reply)))
		return false;
	crossing.kind = GUARD_RESULT;
	crossing.is_error = reply->result.p == NULL;
	crossing.text = crossing.is_error ? reply->error : reply->result;
	return crossing_wait(exchange, &crossing, reply);
}

static bool
forward_as_is(struct exchange *exchange, struct passage *passage, struct provider *provider,
    struct reply *reply)
{
	struct forward same = { .edits_n = 0 };

	route_to(passage, provider);
	return method_forward(exchange, passage, passage->name, &same, reply);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* A page that begins with entry at. */
static bool
page(struct exchange *exchange, struct passage *passage, enum item_kind kind, size_t at,
    struct reply *reply)
{
	struct buf text;
	size_t next, n;

	buf_init(&text, loop_memory(exchange->loop), SIZE_MAX / 2);
	catalogue_entries(passage->catalogue, kind, &n);
	catalogue_page(passage->catalogue, kind, at, &next, &text);
	if (next < n) {
		buf_puts(&text, ",\"nextCursor\":\"");
		cursor_make(
		    passage->hub->seal, &exchange->caller, passage->catalogue, kind, next, &text);
		buf_putc(&text, '"');
	}
	buf_putc(&text, '}');
	return exchange_result(exchange, &text, reply);
}

/* Does any server offer such things, or may one that is not there? */
bool
is_offered(const struct passage *passage, enum item_kind kind)
{
	const struct gateway *gateway = passage->gateway;
	struct slice there;

	for (size_t i = 0; i < gateway->providers_n; i++) {
		const struct provider *p = gateway->providers[i];
		struct slice capabilities = p->ops->capabilities(p, passage->client);

		if (capabilities.p == NULL ||
		    json_find(capabilities, item_kind_row(kind)->capability, &there))
			return true;
	}
	return kind == ITEM_TOOL || gateway->providers_n == 0;
}

static bool
list(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct slice cursor = exchange->request.cursor;
	bool is_first = cursor.p == NULL || json_type(cursor) == JSON_NULL;
	enum item_kind kind;
	size_t at = 0;
	/* One of its own may be made anew at any time. */
	uint64_t from_ms = passage->client != NULL && passage->client->has_own
	    ? exchange->started_ms
	    : passage->hub->started_ms;

	must(item_kind_of_list(exchange->request.method, &kind));
	if (!hub_ready_wait(passage->hub, passage->client, from_ms, &reply->err))
		return false;
	(void)fresh_expire(passage, kind);
	if (!hub_fresh_wait(passage->hub, passage->client, &reply->err))
		return false;
	if (!is_offered(passage, kind))
		return route_transparent(passage) != NULL
		    ? forward_as_is(exchange, passage, route_transparent(passage), reply)
		    : err_set(&reply->err, ERR_METHOD, "%s: no server here offers %.*s",
			  mcp_method_row(exchange->request.method)->name,
			  SLICE_FMT(item_kind_row(kind)->many));
	route_view(passage);
	if (passage->client != NULL)
		client_shown(passage->client, passage->catalogue);
	reply->has_odd_output = catalogue_has_odd_output(passage->catalogue);
	if (exchange->session == NULL)
		fresh_list(passage, kind, reply);
	if (is_first)
		reply->result = catalogue_list(passage->catalogue, kind);
	else if (!cursor_read(passage->hub->seal, &exchange->caller, passage->catalogue, kind,
		     &exchange->arena, cursor, &at, &reply->err))
		return false;
	return reply->result.p != NULL || page(exchange, passage, kind, at, reply);
}

/* ---- tools and prompts ----------------------------------------------------------------------- */

/* URIs that a result mentions are their server's, listed or not. */
static void
uris_note(struct exchange *exchange, struct passage *passage, struct slice result, struct slice key)
{
	struct slice list, k, one, inner, token, uri;
	struct json_iter iter;
	unsigned n = 0;
	struct err err;

	if (passage->gateway->providers_n < 2 || result.n > SEEN_BYTES_MAX ||
	    json_type(result) != JSON_OBJECT || !json_find(result, key, &list) ||
	    json_type(list) != JSON_ARRAY)
		return;
	json_iter_init(&iter, list);
	while (n < SEEN_URIS_MAX && json_iter_next(&iter, &k, &one)) {
		if (json_type(one) != JSON_OBJECT)
			continue;
		if (json_find(one, S("resource"), &inner) && json_type(inner) == JSON_OBJECT)
			one = inner;
		if (!json_find(one, S("uri"), &token) || json_type(token) != JSON_STRING ||
		    token.n > URI_TOKEN_MAX || !arena_reserve(&exchange->arena, token.n, &err) ||
		    !json_string(&exchange->arena, token, &uri, &err))
			continue;
		index_put(passage->hub->uris, uri, passage->provider);
		n++;
	}
}

/* The URLs that an error asks the client to go to: it is told when that is done (2025-11-25). */
static void
elicitations_note(struct passage *passage, struct slice error)
{
	struct slice value, list, k, one, id;
	struct json_iter iter;
	int64_t code;

	if (passage->client == NULL || error.n > SEEN_BYTES_MAX ||
	    !json_find(error, S("code"), &value) || !json_int(value, &code) ||
	    code != MCP_CODE_URL_ELICITATION || !json_find(error, S("data"), &value) ||
	    json_type(value) != JSON_OBJECT || !json_find(value, S("elicitations"), &list) ||
	    json_type(list) != JSON_ARRAY)
		return;
	json_iter_init(&iter, list);
	while (json_iter_next(&iter, &k, &one)) {
		if (json_type(one) == JSON_OBJECT && json_find(one, S("elicitationId"), &id))
			index_put(passage->hub->asked, id, passage->client);
	}
}

/* A task that was begun is this client's, and only its (2025-11-25). */
static void
task_note(struct exchange *exchange, struct passage *passage, const struct reply *reply)
{
	struct slice task, id;

	if (passage->client == NULL || exchange_param(exchange, S("task")).p == NULL ||
	    reply->scan == NULL || reply->type != REPLY_COMPLETE)
		return;
	task = json_scan_get(reply->scan, S("result"), S("task"));
	if (json_type(task) == JSON_OBJECT && json_find(task, S("taskId"), &id) &&
	    json_type(id) == JSON_STRING)
		client_own_task(passage->client, id, passage->provider);
}

static bool
named(struct exchange *exchange, struct passage *passage, enum item_kind kind, struct reply *reply)
{
	const struct message *request = &exchange->request;
	const struct catalogue_entry *entry;
	struct forward changes = { .edits_n = 0 };
	struct provider *only = route_transparent(passage);

	if (!text_param(
		exchange, request->name, "name", NAME_TOKEN_MAX, &passage->name, &reply->err))
		return false;
	if (request->arguments.p != NULL && json_type(request->arguments) != JSON_OBJECT)
		return err_set(&reply->err, ERR_PARAMS, "params.arguments must be an object");
	/* What is compared with what was approved must be what is offered now. */
	if (guard_is_strict(passage->gateway->guard) &&
	    !hub_fresh_wait(passage->hub, passage->client, &reply->err))
		return false;
	entry = route_wait(passage, kind, reply);
	if (entry == NULL && only != NULL && reply->err.kind == ERR_PARAMS &&
	    !passage->is_not_shown) {
		reply->err = (struct err){ 0 };
		return forward_as_is(exchange, passage, only, reply);
	}
	if (entry == NULL)
		return false;
	route_to(passage, entry->provider);
	if (entry->item->has_headers && exchange->front->check_headers != NULL &&
	    !exchange->front->check_headers(exchange, entry->item->definition, &reply->err))
		return false;
	if (!slice_eq(request->name, entry->item->name_token))
		changes.edits[changes.edits_n++] =
		    (struct edit){ request->name, entry->item->name_token };
	changes.item = entry->item;
	changes.may_repeat =
	    kind == ITEM_PROMPT || entry->item->is_read_only || entry->item->is_idempotent;
	return method_forward(exchange, passage, entry->item->name, &changes, reply);
}

static bool
call(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	if (!named(exchange, passage, ITEM_TOOL, reply))
		return false;
	if (reply->result.p == NULL) {
		elicitations_note(passage, reply->error);
		return true;
	}
	task_note(exchange, passage, reply);
	uris_note(exchange, passage, reply->result, S("content"));
	return held_begin(exchange, passage, reply);
}

static bool
get_prompt(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	return named(exchange, passage, ITEM_PROMPT, reply);
}

/* ---- resources ------------------------------------------------------------------------------- */

/* Whose resource it is, and what has to be changed in the request. */
static bool
resource(struct exchange *exchange, struct passage *passage, struct slice *own,
    struct forward *changes, struct reply *reply)
{
	struct slice token = exchange_param(exchange, S("uri"));

	if (!text_param(exchange, token, "uri", URI_TOKEN_MAX, &passage->name, &reply->err) ||
	    !route_uri_wait(passage, own, reply))
		return false;
	edit_text(exchange, changes, token, passage->name, *own);
	changes->may_repeat = true;
	return true;
}

static bool
read_resource(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct forward changes = { .edits_n = 0 };
	struct freshness fresh;
	struct slice own;

	if (!resource(exchange, passage, &own, &changes, reply))
		return false;
	changes.uri = own;
	if (!method_forward(exchange, passage, own, &changes, reply))
		return false;
	uris_note(exchange, passage, reply->result, S("contents"));
	if (reply->scan != NULL) {
		fresh_read(reply->scan, &fresh);
		reply->ttl_ms = fresh.ttl_ms;
		reply->is_private = fresh.is_private;
	}
	reply->is_private |= fresh_is_private(passage);
	return true;
}

static bool
subscribe(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	bool wants = exchange->request.method == MCP_SUBSCRIBE;
	struct forward changes = { .edits_n = 0 };
	struct provider *provider;
	struct slice own;

	if (!resource(exchange, passage, &own, &changes, reply))
		return false;
	provider = passage->provider;
	ledger_route(passage->hub->ledger, exchange->number, provider->name, own);
	if (!crossing_wait(exchange,
		&(struct crossing){ .kind = GUARD_REQUEST,
		    .server = provider->name,
		    .name = own,
		    .text = exchange->request.params },
		reply))
		return false;
	return provider->ops->subscribe_wait(
	    provider, exchange, wants, own, &changes, reply, &reply->err);
}

/* ---- completion ------------------------------------------------------------------------------ */

/* ref/prompt is routed by name, ref/resource by a template of the list or as any URI. */
static bool
complete(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct slice ref = exchange_param(exchange, S("ref")), type, token, own;
	struct forward changes = { .may_repeat = true };
	const struct catalogue_entry *entry;
	struct provider *only = route_transparent(passage);
	bool is_prompt;

	if (only != NULL)
		return forward_as_is(exchange, passage, only, reply);
	if (json_type(ref) != JSON_OBJECT || !json_find(ref, S("type"), &type))
		return err_set(&reply->err, ERR_PARAMS, "params.ref must be an object with a type");
	is_prompt = slice_eq(type, S("\"ref/prompt\""));
	if (!is_prompt && !slice_eq(type, S("\"ref/resource\"")))
		return err_set(
		    &reply->err, ERR_PARAMS, "params.ref.type must be ref/prompt or ref/resource");
	if (!json_find(ref, is_prompt ? S("name") : S("uri"), &token))
		token = SLICE_NONE;
	if (!text_param(exchange, token, is_prompt ? "ref.name" : "ref.uri", URI_TOKEN_MAX,
		&passage->name, &reply->err))
		return false;
	if (is_prompt) {
		entry = route_wait(passage, ITEM_PROMPT, reply);
	} else {
		route_view(passage);
		entry = catalogue_find(passage->catalogue, ITEM_TEMPLATE, passage->name);
	}
	if (entry == NULL && (is_prompt || !route_uri_wait(passage, &own, reply)))
		return false;
	if (entry != NULL) {
		route_to(passage, entry->provider);
		own = entry->item->name;
	}
	edit_text(exchange, &changes, token, passage->name, own);
	return method_forward(exchange, passage, own, &changes, reply);
}

/* ---- logging --------------------------------------------------------------------------------- */

/*
 * Every server that has a log is told; what one of them answers badly is the answer.  One that is
 * not known yet is told when it comes.
 */
static bool
set_level(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	const struct gateway *gateway = passage->gateway;
	struct slice token = exchange_param(exchange, S("level")), there;
	struct forward same = { .may_repeat = true };
	struct provider *only = route_transparent(passage);
	int level = mcp_log_level_find(token);
	bool any = false;

	if (level < 0 && only != NULL)
		return forward_as_is(exchange, passage, only, reply);
	if (level < 0)
		return err_set(&reply->err, ERR_PARAMS,
		    "params.level must be one of debug, info, notice, warning, error, critical, "
		    "alert, emergency");
	if (passage->client != NULL)
		passage->client->level = level;
	for (size_t i = 0; i < gateway->providers_n; i++) {
		struct provider *p = gateway->providers[i];
		struct slice capabilities = p->ops->capabilities(p, passage->client);

		any |= capabilities.p == NULL;
		if (!json_find(capabilities, S("logging"), &there))
			continue;
		any = true;
		reply->server = p->name;
		if (!p->ops->set_level_wait(p, exchange, level, &same, reply, &reply->err))
			return false;
		if (reply->error.p != NULL)
			return true;
	}
	if (!any)
		return err_set(&reply->err, ERR_METHOD, "no server here has a log");
	if (gateway->providers_n > 1 || reply->result.p == NULL)
		reply->result = S("{}");
	return true;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

/* About a task: only of the client that began it. */
static bool
task(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct slice id = exchange_param(exchange, S("taskId"));
	struct forward same = { .is_patient = exchange->request.method == MCP_TASKS_RESULT };
	struct provider *provider = route_transparent(passage);
	struct held *held = json_type(id) == JSON_STRING ? held_claim(exchange, passage, id) : NULL;

	same.may_repeat = exchange->request.method != MCP_TASKS_CANCEL &&
	    exchange->request.method != MCP_TASKS_UPDATE;
	if (held != NULL)
		return held_wait(exchange, passage, held, &same, reply);
	/* What it began without a session it holds, or has forgotten. */
	if (exchange->session == NULL)
		provider = NULL;
	if (provider == NULL && (json_type(id) != JSON_STRING || id.n > KIB))
		return err_set(&reply->err, ERR_PARAMS, "params.taskId must be a string");
	if (provider == NULL && passage->client != NULL)
		provider = index_find(passage->client->tasks, id);
	if (provider == NULL)
		return err_set(&reply->err, ERR_PARAMS, "unknown task %.*s",
		    (int)(id.n > 80 ? 80 : id.n), id.p);
	passage->name = id;
	route_to(passage, provider);
	return method_forward(exchange, passage, id, &same, reply);
}

/* Appends the tasks of one server's answer that are this client's. */
static void
tasks_take(
    const struct passage *passage, struct provider *provider, struct slice result, struct buf *out)
{
	struct slice tasks, key, one, id;
	struct json_iter iter;

	if (!json_find(result, S("tasks"), &tasks) || json_type(tasks) != JSON_ARRAY)
		return;
	json_iter_init(&iter, tasks);
	while (json_iter_next(&iter, &key, &one)) {
		if (json_type(one) != JSON_OBJECT || !json_find(one, S("taskId"), &id) ||
		    index_find(passage->client->tasks, id) != provider)
			continue;
		if (out->n > 0)
			buf_putc(out, ',');
		buf_put(out, one);
	}
}

/* The tasks that this client began, as their servers tell them now: one page. */
static bool
tasks_list(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	const struct gateway *gateway = passage->gateway;
	struct forward same = { .may_repeat = true };
	struct provider *only = route_transparent(passage);
	struct slice tasks, list;
	struct buf all;
	bool ok = true;

	if (only != NULL &&
	    json_find(only->ops->capabilities(only, passage->client), S("tasks"), &tasks))
		return forward_as_is(exchange, passage, only, reply);
	if (exchange->request.cursor.p != NULL)
		return err_set(&reply->err, ERR_PARAMS, "unknown cursor: this list has one page");
	buf_init(&all, loop_memory(exchange->loop), TASKS_BYTES_MAX);
	for (size_t i = 0; ok && passage->client != NULL && i < gateway->providers_n; i++) {
		struct provider *p = gateway->providers[i];

		if (!json_find(p->ops->capabilities(p, passage->client), S("tasks"), &tasks) ||
		    json_type(tasks) != JSON_OBJECT || !json_find(tasks, S("list"), &list))
			continue;
		reply->server = p->name;
		ok = p->ops->forward_wait(p, exchange, &same, reply, &reply->err);
		if (ok && reply->result.p != NULL)
			tasks_take(passage, p, reply->result, &all);
	}
	reply->error = SLICE_NONE;
	if (passage->client != NULL)
		held_list(passage, &all);
	if (ok && (ok = buf_check(&all, &reply->err))) {
		struct buf out;

		buf_init(&out, loop_memory(exchange->loop), SIZE_MAX / 2);
		buf_puts(&out, "{\"tasks\":[");
		buf_put(&out, buf_view(&all));
		buf_puts(&out, "]}");
		ok = exchange_result(exchange, &out, reply);
	}
	buf_fini(&all);
	return ok;
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool (*const methods[MCP_METHODS_N])(
    struct exchange *exchange, struct passage *passage, struct reply *reply) = {
	[MCP_INITIALIZE] = describe_wait,
	[MCP_DISCOVER] = discover_wait,
	[MCP_TOOLS_LIST] = list,
	[MCP_TOOLS_CALL] = call,
	[MCP_PROMPTS_LIST] = list,
	[MCP_PROMPTS_GET] = get_prompt,
	[MCP_RESOURCES_LIST] = list,
	[MCP_TEMPLATES_LIST] = list,
	[MCP_RESOURCES_READ] = read_resource,
	[MCP_SUBSCRIBE] = subscribe,
	[MCP_UNSUBSCRIBE] = subscribe,
	[MCP_LISTEN] = listen_wait,
	[MCP_COMPLETE] = complete,
	[MCP_SET_LEVEL] = set_level,
	[MCP_TASKS_GET] = task,
	[MCP_TASKS_RESULT] = task,
	[MCP_TASKS_CANCEL] = task,
	[MCP_TASKS_UPDATE] = task,
	[MCP_TASKS_LIST] = tasks_list,
};

bool
method_run(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	const struct message *request = &exchange->request;
	struct provider *only = route_transparent(passage);

	if (request->method != MCP_TOOLS_CALL && !admit_wait(exchange, passage, &reply->err))
		return false;
	/* A client that forgot to say so is ready all the same. */
	if (passage->client != NULL && request->method != MCP_INITIALIZE)
		client_ready(passage->client);
	if (request->method < MCP_METHODS_N && methods[request->method] != NULL)
		return methods[request->method](exchange, passage, reply);
	if (only != NULL)
		return forward_as_is(exchange, passage, only, reply);
	return err_set(&reply->err, ERR_METHOD, "unknown method \"%.*s\"",
	    (int)(request->method_name.n > 64 ? 64 : request->method_name.n),
	    request->method_name.p);
}

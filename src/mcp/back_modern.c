/*
 * Backs of modern upstreams (2026-07-28): no handshake but server/discover, and requests that stand
 * alone.  Each says in its _meta who asks and what that client can, and over HTTP repeats in
 * headers what its body says.  The text of the request is spliced as for any other upstream; what
 * is put in stands in call->modern, made anew for each round.
 *
 * Nothing of a client's own io.modelcontextprotocol/ names goes upstream as it came: what it can is
 * told of here, without what bascule does not carry.
 */
#include <stdio.h>
#include <string.h>

#include "mcp/back.h"

#define META_BYTES    (2 * SLICE_OF_WORK_BYTES) /* what is put in, without the client's answers */
#define HEADERS_BYTES (32 * KIB)
#define NAME_BYTES    (16 * KIB)
#define OUTCOME_BYTES (4 * MIB)
#define PROBE_MS      10000 /* how long a question may take that perhaps is not understood */

static const char own_info[] = "{\"name\":\"bascule\",\"version\":\"" BASCULE_VERSION "\"}";

void
modern_part_init(struct modern_part *part)
{
	memset(part, 0, sizeof(*part));
	arena_init(&part->arena, NULL, 0);
	buf_init(&part->text, NULL, SIZE_MAX / 2);
	buf_init(&part->headers, NULL, HEADERS_BYTES);
}

void
modern_part_fini(struct modern_part *part)
{
	arena_fini(&part->arena);
	buf_fini(&part->text);
	buf_fini(&part->headers);
}

/* ---- what the client can --------------------------------------------------------------------- */

/* Extensions that pass as they are; of others only tasks are declared (2026-07-28, 4.12: the side
 * that has one then falls back). */
static const struct slice carried[] = { S("io.modelcontextprotocol/ui") };

static bool
is_about_task(enum mcp_method method)
{
	return method == MCP_TASKS_GET || method == MCP_TASKS_UPDATE || method == MCP_TASKS_CANCEL;
}

/*
 * May the answer be a task?  Of a client that takes none the outcome is waited for, but only where
 * the upstream will not do without: what it can do at once it shall.
 */
static bool
declares_tasks(const struct call *call)
{
	return !modern_is_request(call) || is_about_task(call->exchange->request.method) ||
	    exchange_takes_task(call->exchange) || call->modern->with_tasks;
}

static void
put_member(struct buf *out, const char **between, struct slice key, struct slice value)
{
	buf_puts(out, *between);
	buf_putc(out, '"');
	buf_put(out, key);
	buf_puts(out, "\":");
	buf_put(out, value);
	*between = ",";
}

/* extensions: as the client declared them, or SLICE_NONE. */
static void
put_extensions(struct buf *out, const char *between, struct slice extensions, bool with_tasks)
{
	struct slice value, settings[COUNT(carried)] = { 0 };
	bool any = with_tasks;

	for (size_t i = 0; i < COUNT(carried); i++) {
		if (json_type(extensions) == JSON_OBJECT &&
		    json_find(extensions, carried[i], &value))
			settings[i] = value;
		any |= settings[i].p != NULL;
	}
	if (!any)
		return;
	buf_puts(out, between);
	between = "";
	buf_puts(out, "\"extensions\":{");
	for (size_t i = 0; i < COUNT(carried); i++) {
		if (settings[i].p != NULL)
			put_member(out, &between, carried[i], settings[i]);
	}
	if (with_tasks)
		put_member(out, &between, S(MCP_TASKS_EXTENSION), S("{}"));
	buf_putc(out, '}');
}

/* What a client declared, in its words, without what has no place in a modern request. */
static void
put_declared(struct buf *out, struct slice declared, bool with_tasks)
{
	static const struct slice plain[] = { S("experimental"), S("sampling"), S("elicitation") };
	const char *between = "";
	struct slice value;

	buf_putc(out, '{');
	for (size_t i = 0; i < COUNT(plain); i++) {
		if (json_find(declared, plain[i], &value) && json_type(value) == JSON_OBJECT)
			put_member(out, &between, plain[i], value);
	}
	if (json_find(declared, S("roots"), &value) && json_type(value) == JSON_OBJECT)
		put_member(out, &between, S("roots"), S("{}"));
	if (!json_find(declared, S("extensions"), &value))
		value = SLICE_NONE;
	put_extensions(out, between, value, with_tasks);
	buf_putc(out, '}');
}

/* Of a client of a revision that does not know all of it, or whose words are not known. */
static void
put_can(struct buf *out, const struct client_capabilities *can, enum mcp_revision revision,
    bool with_tasks)
{
	bool forms = can->elicitation && mcp_method_known(MCP_ELICITATION_CREATE, revision);
	/* Of 2025-11-25, whatever an older client says. */
	bool urls = forms && can->elicitation_url && revision >= MCP_2025_11_25;
	bool tools = can->sampling_tools && revision >= MCP_2025_11_25;
	const char *between = "";

	buf_putc(out, '{');
	if (forms)
		put_member(out, &between, S("elicitation"),
		    urls ? S("{\"form\":{},\"url\":{}}") : S("{\"form\":{}}"));
	if (can->sampling)
		put_member(out, &between, S("sampling"), tools ? S("{\"tools\":{}}") : S("{}"));
	if (can->roots)
		put_member(out, &between, S("roots"), S("{}"));
	put_extensions(out, between, SLICE_NONE, with_tasks);
	buf_putc(out, '}');
}

static void
put_capabilities(struct back *back, const struct call *call, struct buf *out)
{
	const struct exchange *exchange = call->exchange;

	if (exchange == NULL) {
		if (back->declares.n == 0)
			put_declared(&back->declares,
			    back->spec.capabilities.p != NULL ? back->spec.capabilities : S("{}"),
			    true);
		buf_put(out, buf_view(&back->declares));
	} else if (json_type(exchange->capabilities) == JSON_OBJECT &&
	    exchange->revision >= MCP_NEWEST_LEGACY) {
		put_declared(out, exchange->capabilities, declares_tasks(call));
	} else {
		put_can(out, &exchange->can, exchange->revision, declares_tasks(call));
	}
}

/* ---- _meta ----------------------------------------------------------------------------------- */

/* Of the client's own _meta: what is said here anew, and what means nothing to the upstream. */
static bool
is_replaced(const struct call *call, struct slice key)
{
	static const struct slice names[] = { S("progressToken"), S(META_VERSION), S(META_CLIENT),
		S(META_CAPABILITIES), S(META_LEVEL), S("io.modelcontextprotocol/related-task"),
		S("io.modelcontextprotocol/model-immediate-response") };

	/* Escapes could hide one of them; names that need them do not occur. */
	if (memchr(key.p, '\\', key.n) != NULL)
		return true;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (slice_eq(key, names[i]))
			return true;
	}
	return call->trace != NULL &&
	    (slice_eq(key, S("traceparent")) || slice_eq(key, S("tracestate")));
}

static struct slice
client_info(const struct back *back, const struct call *call)
{
	if (call->exchange != NULL && json_type(call->exchange->client_info) == JSON_OBJECT)
		return call->exchange->client_info;
	return back->spec.client_info.p != NULL ? back->spec.client_info
						: (struct slice){ own_info, sizeof(own_info) - 1 };
}

/* The whole _meta; theirs: the client's, or SLICE_NONE where it has nothing to add. */
static void
put_meta(struct back *back, const struct call *call, struct slice theirs, struct buf *out)
{
	int level = call->exchange != NULL ? call->exchange->log_level : -1;
	const char *between = ",";
	struct slice key, value;
	struct json_iter iter;

	buf_puts(out, "{\"" META_VERSION "\":\"");
	buf_puts(out, mcp_revision_name(back->revision));
	buf_puts(out, "\",\"" META_CLIENT "\":");
	buf_put(out, client_info(back, call));
	buf_puts(out, ",\"" META_CAPABILITIES "\":");
	put_capabilities(back, call, out);
	if (level >= 0)
		buf_printf(out, ",\"" META_LEVEL "\":\"%s\"", mcp_log_level_name(level));
	/* The number that it will have: nothing comes between. */
	if (call->token.p != NULL) {
		buf_puts(out, ",\"progressToken\":");
		buf_put_u64(out, back->next_number + 1);
	}
	if (call->trace != NULL) {
		buf_putc(out, ',');
		trace_put_meta(out, call->trace->trace, &call->trace->own);
	}
	if (json_type(theirs) == JSON_OBJECT) {
		json_iter_init(&iter, theirs);
		while (json_iter_next(&iter, &key, &value)) {
			if (!is_replaced(call, key))
				put_member(out, &between, key, value);
		}
	}
	buf_putc(out, '}');
}

/* ---- the request ----------------------------------------------------------------------------- */

/* Where things stand in the text of a call. */
struct places {
	struct slice method; /* name */
	struct slice params, meta, responses, state;
	struct slice name, arguments;
	enum mcp_method known; /* which of ours it is */
	bool meta_has_more;    /* than what is said here anew */
	bool is_task;	       /* name is a task's id */
};

static struct slice
member(struct slice object, struct slice key)
{
	struct slice value;

	return json_type(object) == JSON_OBJECT && json_find(object, key, &value) ? value
										  : SLICE_NONE;
}

/* The member of params that Mcp-Name repeats (2026-07-28, Streamable HTTP). */
static struct slice
name_member(enum mcp_method method)
{
	switch (method) {
	case MCP_TOOLS_CALL:
	case MCP_PROMPTS_GET:
		return S("name");
	case MCP_RESOURCES_READ:
	case MCP_SUBSCRIBE:
	case MCP_UNSUBSCRIBE:
		return S("uri");
	case MCP_TASKS_GET:
	case MCP_TASKS_UPDATE:
	case MCP_TASKS_CANCEL:
		return S("taskId");
	default:
		return SLICE_NONE;
	}
}

static void
places_find(const struct call *call, struct places *places)
{
	const struct message *request = call->exchange != NULL ? &call->exchange->request : NULL;
	struct slice token, key;

	memset(places, 0, sizeof(*places));
	if (request != NULL && request->text.p == call->text.p) {
		places->method = request->method_name;
		places->known = request->method;
		places->params = request->params;
		places->meta = request->meta;
		places->meta_has_more = request->meta_has_more;
		places->responses = request->input_responses;
		places->state = request->request_state;
		places->arguments = call->exchange->arguments;
	} else {
		token = member(call->text, S("method"));
		places->method = (struct slice){ token.p + 1, token.n - 2 };
		places->known = mcp_method_find(places->method);
		places->params = member(call->text, S("params"));
		places->meta = member(places->params, S("_meta"));
		places->meta_has_more = true;
		places->arguments = member(places->params, S("arguments"));
		places->responses = member(places->params, S("inputResponses"));
		places->state = member(places->params, S("requestState"));
	}
	key = name_member(places->known);
	if (key.p != NULL)
		places->name = member(places->params, key);
	/* What is to be heard of may be a task. */
	places->is_task = places->name.p == NULL && key.p != NULL;
	if (places->is_task)
		places->name = member(places->params, S("taskId"));
	for (size_t i = 0; i < call->edits_n; i++) {
		if (places->name.p != NULL && call->edits[i].at.p == places->name.p)
			places->name = call->edits[i].with;
	}
}

/* One change of the text; what it puts in begins at `from` of part->text, which still moves. */
struct change {
	struct slice at;
	size_t from;
};

struct changes {
	struct change all[3];
	size_t n;
};

static void
change_add(struct changes *changes, const struct modern_part *part, struct slice at)
{
	changes->all[changes->n++] = (struct change){ at, part->text.n };
}

/* What stands for a member that is there, or goes with those that are not. */
static void
put_or_keep(struct changes *changes, struct modern_part *part, struct slice there, const char *name,
    struct slice value, struct buf *missing)
{
	if (value.p == NULL)
		return;
	if (there.p != NULL) {
		change_add(changes, part, there);
		buf_put(&part->text, value);
		return;
	}
	buf_printf(missing, ",\"%s\":", name);
	buf_put(missing, value);
}

/*
 * What is new in params: _meta, the answers, the state.  Members that are there already are
 * replaced, the others stand together at the beginning of params.
 */
static bool
changes_make(struct back *back, struct call *call, const struct places *places,
    struct changes *changes, struct err *err)
{
	struct modern_part *part = call->modern;
	struct slice state =
	    part->state.p != NULL || !modern_is_request(call) ? part->state : call->exchange->state;
	bool has_params = json_type(places->params) == JSON_OBJECT;
	bool is_bare = !has_params ||
	    slice_trim((struct slice){ places->params.p + 1, places->params.n - 2 }).n == 0;
	struct buf missing;
	bool ok;

	buf_init(&missing, NULL, SIZE_MAX / 2);
	put_or_keep(changes, part, places->responses, "inputResponses", part->responses, &missing);
	put_or_keep(changes, part, places->state, "requestState", state, &missing);
	if (places->meta.p != NULL)
		change_add(changes, part, places->meta);
	else
		change_add(changes, part,
		    has_params ? (struct slice){ places->params.p + 1, 0 }
			       : (struct slice){ call->id.p + call->id.n, 0 });
	if (places->meta.p == NULL)
		buf_puts(&part->text, has_params ? "\"_meta\":" : ",\"params\":{\"_meta\":");
	put_meta(back, call, places->meta_has_more ? places->meta : SLICE_NONE, &part->text);
	if (places->meta.p != NULL && missing.n > 0)
		change_add(changes, part, (struct slice){ places->params.p + 1, 0 });
	if (places->meta.p != NULL && missing.n > 0) {
		buf_put(&part->text, (struct slice){ missing.p + 1, missing.n - 1 });
		buf_putc(&part->text, ',');
	} else if (places->meta.p == NULL) {
		buf_put(&part->text, buf_view(&missing));
		buf_puts(&part->text, !has_params ? "}" : is_bare ? "" : ",");
	}
	ok = buf_check(&missing, err) && buf_check(&part->text, err);
	buf_fini(&missing);
	return ok;
}

/* ---- headers --------------------------------------------------------------------------------- */

struct mirroring {
	struct modern_part *part;
	struct err *err;
	bool ok;
};

/* A header line for a raw value: a string's text, a number or a word as it is written. */
static bool
put_mirror(struct modern_part *part, const char *before, struct slice name, struct slice token,
    struct err *err)
{
	struct slice text = token;
	struct arena arena;
	bool ok = true;

	arena_init(&arena, NULL, 2 * NAME_BYTES);
	if (token.n > NAME_BYTES)
		ok = err_set(err, ERR_LIMIT, "a value of %zu bytes is too long for a header (%zu)",
		    token.n, NAME_BYTES);
	else if (json_type(token) == JSON_STRING)
		ok = arena_reserve(&arena, token.n, err) && json_string(&arena, token, &text, err);
	if (ok) {
		buf_puts(&part->headers, before);
		buf_put(&part->headers, name);
		buf_puts(&part->headers, ": ");
		buf_mirror(&part->headers, text);
		buf_puts(&part->headers, "\r\n");
	}
	arena_fini(&arena);
	return ok;
}

static void
argument_mirrored(void *owner, struct slice header, struct slice value)
{
	struct mirroring *mirroring = owner;

	if (mirroring->ok && value.p != NULL)
		mirroring->ok =
		    put_mirror(mirroring->part, "Mcp-Param-", header, value, mirroring->err);
}

static bool
headers_make(const struct call *call, const struct places *places, struct err *err)
{
	struct modern_part *part = call->modern;
	struct mirroring mirroring = { .part = part, .err = err, .ok = true };

	buf_clear(&part->headers);
	buf_puts(&part->headers, "Mcp-Method: ");
	buf_mirror(&part->headers, places->method);
	buf_puts(&part->headers, "\r\n");
	if (json_type(places->name) == JSON_STRING &&
	    !put_mirror(part, "Mcp-Name", S(""), places->name, err))
		return false;
	if (call->definition.p != NULL)
		mirror_walk(call->definition, places->arguments, argument_mirrored, &mirroring);
	return mirroring.ok && buf_check(&part->headers, err);
}

static bool
request_make(struct back *back, struct call *call, const struct places *places, struct err *err)
{
	struct modern_part *part = call->modern;
	struct changes changes = { .n = 0 };

	buf_clear(&part->text);
	part->edits_n = 0;
	if (!changes_make(back, call, places, &changes, err))
		return false;
	for (size_t i = 0; i < changes.n; i++) {
		size_t end = i + 1 < changes.n ? changes.all[i + 1].from : part->text.n;

		part->edits[part->edits_n++] = (struct edit){ changes.all[i].at,
			{ part->text.p + changes.all[i].from, end - changes.all[i].from } };
	}
	return !back->ops->has_streams || headers_make(call, places, err);
}

bool
modern_prepare(struct back *back, struct call *call, struct err *err)
{
	struct places places;

	places_find(call, &places);
	return request_make(back, call, &places, err);
}

/* ---- results --------------------------------------------------------------------------------- */

/* With one comma beside it. */
void
modern_blank(struct slice object, struct slice value, struct slice key)
{
	char *from = (char *)value.p - 1, *to = (char *)value.p + value.n;
	const char *begin = object.p + 1, *end = object.p + object.n - 1;

	/* Back over `:` and the key, which is written as it is or it would not matter here. */
	while (from > begin && *from != '"')
		from--;
	if (from - begin < (ptrdiff_t)key.n + 1 ||
	    !slice_eq((struct slice){ from - key.n, key.n }, key))
		return;
	from -= key.n + 1;
	while (to < end && strchr(" \t", *to) != NULL)
		to++;
	if (to < end && *to == ',') {
		to++;
	} else {
		while (from > begin && *from != ',')
			from--;
	}
	memset(from, ' ', (size_t)(to - from));
}

/* The blanks at both ends of an object whose bytes are ours. */
static void
object_trim(struct slice *object)
{
	struct slice inner = slice_trim((struct slice){ object->p + 1, object->n - 2 });
	char *begin = (char *)inner.p - 1;

	if (inner.n == 0)
		return;
	begin[0] = '{';
	begin[inner.n + 1] = '}';
	*object = (struct slice){ begin, inner.n + 2 };
}

/*
 * For a legacy client: what only modern results have goes, and structured content that is no object
 * (2025-11-25 and before know only these).  The bytes are the call's own.
 */
static void
result_to_legacy(struct call *call)
{
	static const struct slice keys[] = { S("structuredContent"), S("_meta"), S("resultType") };
	struct message *response = &call->response;
	struct slice found[COUNT(keys)], structured, meta, type, info;

	if (response->scan != NULL)
		json_scan_get_all(response->scan, S("result"), keys, COUNT(keys), found);
	for (size_t i = 0; response->scan == NULL && i < COUNT(keys); i++)
		found[i] = member(response->body, keys[i]);
	structured = found[0];
	meta = found[1];
	type = found[2];
	if (structured.p != NULL && json_type(structured) != JSON_OBJECT)
		modern_blank(response->body, structured, S("structuredContent"));
	if (json_type(meta) == JSON_OBJECT && json_find(meta, S(META_SERVER), &info)) {
		modern_blank(meta, info, S(META_SERVER));
		if (slice_trim((struct slice){ meta.p + 1, meta.n - 2 }).n == 0)
			modern_blank(response->body, meta, S("_meta"));
	}
	if (type.p != NULL)
		modern_blank(response->body, type, S("resultType"));
	object_trim(&response->body);
}

void
modern_outcome_fit(struct call *call, enum mcp_revision revision)
{
	/* A larger one is not looked at in one go, and what is in excess there is ignored. */
	if (call->response.kind == MESSAGE_RESULT && !mcp_revision_is_modern(revision) &&
	    call->response.body.n <= OUTCOME_BYTES)
		result_to_legacy(call);
}

/* An element of an array whose bytes are ours becomes blanks, with one comma beside it. */
static void
blank_element(struct slice array, struct slice element)
{
	char *from = (char *)element.p, *to = (char *)element.p + element.n;
	const char *begin = array.p + 1, *end = array.p + array.n - 1;

	while (to < end && *to == ' ')
		to++;
	if (to < end && *to == ',') {
		to++;
	} else {
		while (from > begin && from[-1] == ' ')
			from--;
		from -= from > begin && from[-1] == ',';
	}
	memset(from, ' ', (size_t)(to - from));
}

/*
 * Over HTTP a tool whose definition breaks the rules for headers cannot be called, and is not
 * offered (2026-07-28, Streamable HTTP: clients must leave it out).
 */
static void
tools_check(const struct back *back, const struct call *call)
{
	const struct message *response = &call->response;
	struct slice tools = json_scan_get(response->scan, S("result"), S("tools"));
	struct slice key, tool, name;
	struct json_iter iter;

	if (!mirror_is_named(response->body) || json_type(tools) != JSON_ARRAY)
		return;
	json_iter_init(&iter, tools);
	while (json_iter_next(&iter, &key, &tool)) {
		const char *fault = json_type(tool) == JSON_OBJECT ? mirror_fault(tool) : NULL;

		if (fault == NULL)
			continue;
		name = member(tool, S("name"));
		log_event(loop_log(back->loop), LOG_WARN, "item_dropped",
		    "upstream %.*s: tool %.*s is not offered: %s", SLICE_FMT(back->spec.server),
		    (int)(name.n > 100 ? 100 : name.n), name.p != NULL ? name.p : "", fault);
		blank_element(tools, tool);
	}
}

/* ---- a call ---------------------------------------------------------------------------------- */

/*
 * What a legacy session is for, and a modern upstream knows otherwise or not at all, is answered
 * here.  True: it was; call->response or err.
 */
static bool
answered_here_wait(
    struct back *back, struct call *call, const struct places *places, bool *ok, struct err *err)
{
	static const struct message done = { .kind = MESSAGE_RESULT, .body = S("{}") };

	*ok = true;
	switch (places->known) {
	case MCP_PING:
	case MCP_SET_LEVEL: /* each request says it */
		call->response = done;
		return true;
	case MCP_SUBSCRIBE:
	case MCP_UNSUBSCRIBE:
		call->response = done;
		*ok = back_listen_change_wait(
		    back, call, places->name, places->is_task, places->known == MCP_SUBSCRIBE, err);
		return true;
	default:
		return false;
	}
}

static bool
calls_wait(struct back *back, struct call *call, const struct places *places, struct err *err)
{
	struct rounds *rounds = rounds_new(back, call);
	bool again = true, ok = true;

	while (ok && again)
		ok = request_make(back, call, places, err) &&
		    back_call_once_wait(back, call, err) && rounds_next_wait(rounds, &again, err);
	if (ok && back->ops->has_streams && places->known == MCP_TOOLS_LIST &&
	    call->response.kind == MESSAGE_RESULT)
		tools_check(back, call);
	if (ok && call->response.kind == MESSAGE_RESULT && call->exchange != NULL &&
	    !mcp_revision_is_modern(call->exchange->revision))
		result_to_legacy(call);
	rounds_free(&rounds);
	return ok;
}

bool
modern_call_wait(struct back *back, struct call *call, struct err *err)
{
	struct modern_part part;
	struct places places;
	bool ok;

	places_find(call, &places);
	if (answered_here_wait(back, call, &places, &ok, err))
		return ok;
	modern_part_init(&part);
	call->modern = &part;
	ok = calls_wait(back, call, &places, err);
	call->modern = NULL;
	modern_part_fini(&part);
	return ok;
}

/* ---- server/discover ------------------------------------------------------------------------- */

/* Ends a question that gets no answer. */
struct probe {
	struct timer timer;
	struct back *back;
	struct call call;
	bool is_late;
};

static void
probe_is_late(struct timer *timer)
{
	struct probe *probe = CONTAINER(timer, struct probe, timer);
	struct err err = { 0 };

	probe->is_late = true;
	probe->back->probe = probe->call.number;
	err_set(&err, ERR_UNAVAILABLE, "did not answer server/discover");
	back_call_lost(probe->back, &probe->call, &err);
}

/* Is a modern revision that is spoken here in an array of versions? */
static bool
versions_have_ours(struct slice versions)
{
	enum mcp_revision revision;
	struct slice key, one;
	struct json_iter iter;

	if (json_type(versions) != JSON_ARRAY)
		return false;
	json_iter_init(&iter, versions);
	while (json_iter_next(&iter, &key, &one)) {
		if (json_type(one) == JSON_STRING &&
		    mcp_revision_find((struct slice){ one.p + 1, one.n - 2 }, &revision) &&
		    mcp_revision_is_modern(revision))
			return true;
	}
	return false;
}

/* UnsupportedProtocolVersion by a server that names the very version that it was asked in. */
static bool
is_worth_another(const struct message *response)
{
	int64_t code;

	return response->kind == MESSAGE_ERROR && response->body.n <= SLICE_OF_WORK_BYTES &&
	    json_int(member(response->body, S("code")), &code) &&
	    code == err_info(ERR_VERSION)->modern_code &&
	    versions_have_ours(member(member(response->body, S("data")), S("supported")));
}

/* For how long it may be kept: one that is negative or no integer is no time. */
static void
ttl_read(struct back *back, struct slice result)
{
	struct slice ttl = member(result, S("ttlMs"));
	int64_t ms;

	back->has_ttl = ttl.p != NULL;
	back->is_private = !slice_eq(member(result, S("cacheScope")), S("\"public\""));
	back->ttl_ms = json_int(ttl, &ms) && ms > 0 ? (uint64_t)ms : 0;
}

/* A DiscoverResult whose versions hold the one that was asked for. */
static bool
discover_read(struct back *back, const struct message *response, struct err *err)
{
	struct slice versions, meta, info = SLICE_NONE;

	if (response->kind == MESSAGE_ERROR)
		return err_set(err, ERR_UNAVAILABLE, "refused server/discover: %.*s",
		    (int)(response->body.n > 160 ? 160 : response->body.n), response->body.p);
	if (response->body.n > SLICE_OF_WORK_BYTES)
		return err_set(err, ERR_UNAVAILABLE,
		    "answered server/discover with %zu bytes (at most %zu)", response->body.n,
		    SLICE_OF_WORK_BYTES);
	versions = member(response->body, S("supportedVersions"));
	if (json_type(versions) != JSON_ARRAY)
		return err_set(
		    err, ERR_UNAVAILABLE, "answered server/discover without supportedVersions");
	if (!versions_have_ours(versions))
		return err_set(err, ERR_UNAVAILABLE, "speaks only %.*s, says server/discover",
		    (int)(versions.n > 80 ? 80 : versions.n), versions.p);
	meta = member(response->body, S("_meta"));
	info = member(meta, S(META_SERVER));
	if (!back_greeting_keep(back, response->body, info, err))
		return false;
	ttl_read(back, response->body);
	return true;
}

static enum greeting
discover_once_wait(struct back *back, bool *is_worth, struct err *err)
{
	static const char text[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"server/discover\",\"params\":{}}";
	struct probe *probe = MEM_NEW(struct probe);
	uint64_t ms = back->spec.upstream->connect_timeout_ms / 3;
	enum greeting greeting;
	struct modern_part part;
	bool answered, ok;

	back->is_modern = true;
	back->revision = MCP_NEWEST;
	probe->back = back;
	call_init(&probe->call);
	modern_part_init(&part);
	probe->call.modern = &part;
	probe->call.text = (struct slice){ text, sizeof(text) - 1 };
	probe->call.id = (struct slice){ text + sizeof("{\"jsonrpc\":\"2.0\",\"id\":") - 1, 1 };
	probe->call.may_repeat = true;
	timer_start(back->loop, &probe->timer,
	    loop_now_ms(back->loop) + (ms < PROBE_MS ? ms : PROBE_MS), probe_is_late);
	answered =
	    modern_prepare(back, &probe->call, err) && back_call_once_wait(back, &probe->call, err);
	timer_stop(back->loop, &probe->timer);
	*is_worth = answered && is_worth_another(&probe->call.response);
	ok = answered && discover_read(back, &probe->call.response, err);
	if (ok)
		greeting = GREETED;
	else if (probe->is_late)
		greeting = GREETED_LATE;
	else if (task_cut(task_self(back->loop)) != ERR_NONE)
		greeting = GREETED_NEVER;
	else
		/* An HTTP status that is no answer to this tells nothing of the other era; what
		 * could not be sent will not be sent a second time either. */
		greeting = answered || back->is_misfit || probe->call.was_sent ? GREETED_OTHERWISE
									       : GREETED_NEVER;
	modern_part_fini(&part);
	call_fini(&probe->call);
	mem_free(probe);
	return greeting;
}

/* Versions, 2026-07-28: who is refused chooses another of `supported`, once. */
enum greeting
modern_discover_wait(struct back *back, struct err *err)
{
	bool is_worth;
	enum greeting greeting = discover_once_wait(back, &is_worth, err);

	return is_worth ? discover_once_wait(back, &is_worth, err) : greeting;
}

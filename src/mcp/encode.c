/*
 * JSON-RPC texts that are made here: replies and errors.  Results of upstreams pass byte for byte
 * between an envelope of ours.
 */
#include "mcp/front_modern.h"

#include <stdio.h>
#include <string.h>

/* Without a look at what its first member is. */
static bool
is_empty(struct slice object)
{
	size_t i = 1;

	while (i < object.n && (unsigned char)object.p[i] <= ' ')
		i++;
	return i >= object.n || object.p[i] == '}';
}

/* data: {kind, server, rule, call_id ...}; clients key on kind. */
static void
error_data(struct buf *out, const struct reply *reply)
{
	buf_puts(out, ",\"data\":{\"kind\":");
	buf_json_string(out, slice_of(err_info(reply->err.kind)->name));
	if (reply->server.p != NULL) {
		buf_puts(out, ",\"server\":");
		buf_json_string(out, reply->server);
	}
	if (reply->rule.p != NULL) {
		buf_puts(out, ",\"rule\":");
		buf_json_string(out, reply->rule);
	}
	if (reply->err.kind == ERR_RESOURCE && reply->uri.p != NULL) {
		buf_puts(out, ",\"uri\":");
		buf_json_string(out, reply->uri);
	}
	if (reply->err.kind == ERR_OUTCOME_UNKNOWN)
		buf_printf(out, ",\"call_id\":\"%llu\"", (unsigned long long)reply->call_id);
	if (reply->more.p != NULL) {
		buf_putc(out, ',');
		buf_put(out, reply->more);
	}
	buf_putc(out, '}');
}

static void
error_object(enum mcp_revision revision, struct buf *out, const struct reply *reply)
{
	const struct err_info *info = err_info(reply->err.kind);

	buf_printf(out, "{\"code\":%d,\"message\":",
	    mcp_revision_is_modern(revision) ? info->modern_code : info->legacy_code);
	buf_json_string(out, slice_of(reply->err.text));
	error_data(out, reply);
	buf_putc(out, '}');
}

void
encode_error(struct buf *out, struct slice id, const struct reply *reply)
{
	encode_error_in(MCP_NEWEST_LEGACY, out, id, reply);
}

void
encode_error_in(
    enum mcp_revision revision, struct buf *out, struct slice id, const struct reply *reply)
{
	buf_puts(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (id.p != NULL)
		buf_put(out, id);
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"error\":");
	error_object(revision, out, reply);
	buf_putc(out, '}');
}

/* What stands for `error` in a reply without a result. */
static struct slice
error_view(const struct exchange *exchange, const struct reply *reply, struct buf *scratch)
{
	if (reply->error.p != NULL)
		return reply->error;
	error_object(exchange->revision, scratch, reply);
	return buf_view(scratch);
}

size_t
encode_reply(const struct exchange *exchange, const struct reply *reply, struct buf *scratch,
    struct slice parts[REPLY_PARTS])
{
	bool is_result = reply->result.p != NULL;
	size_t n = 0;

	parts[n++] = S("{\"jsonrpc\":\"2.0\",\"id\":");
	parts[n++] = exchange->request.id;
	parts[n++] = is_result ? S(",\"result\":") : S(",\"error\":");
	parts[n++] = is_result ? reply->result : error_view(exchange, reply, scratch);
	parts[n++] = S("}");
	return n;
}

/* ---- replies of revisions without sessions --------------------------------------------------- */

/* Members of a result that this revision adds to those before it. */
enum added { ADDED_TYPE, ADDED_TTL, ADDED_SCOPE, ADDED_META, ADDED_STATE, ADDED_N };

static const struct slice added_names[ADDED_N] = {
	[ADDED_TYPE] = S("resultType"),
	[ADDED_TTL] = S("ttlMs"),
	[ADDED_SCOPE] = S("cacheScope"),
	[ADDED_META] = S("_meta"),
	[ADDED_STATE] = S("requestState"),
};

/* Those of them that the result has. */
static void
added_find(const struct reply *reply, struct slice there[ADDED_N])
{
	struct slice key, value;
	struct json_iter iter;

	if (reply->scan != NULL) {
		json_scan_get_all(reply->scan, S("result"), added_names, ADDED_N, there);
		return;
	}
	memset(there, 0, ADDED_N * sizeof(*there));
	json_iter_init(&iter, reply->result);
	while (json_iter_next(&iter, &key, &value)) {
		for (size_t i = 0; i < ADDED_N; i++) {
			if (slice_eq(key, added_names[i]))
				there[i] = value;
		}
	}
}

/* Complete results of these say how long they hold (2026-07-28, server/utilities/caching). */
static bool
is_cacheable(enum mcp_method method)
{
	static const enum mcp_method methods[] = { MCP_DISCOVER, MCP_TOOLS_LIST, MCP_PROMPTS_LIST,
		MCP_RESOURCES_LIST, MCP_TEMPLATES_LIST, MCP_RESOURCES_READ };

	for (size_t i = 0; i < COUNT(methods); i++) {
		if (methods[i] == method)
			return true;
	}
	return false;
}

/* One place of a result that changes; its text is in scratch from `from` to the next one's. */
struct change {
	struct slice at;
	size_t from;
};

/* Puts a member's value where it stands, or the whole member into the front of the result. */
static void
member_put(struct buf *scratch, struct change *changes, size_t *n, struct buf *front,
    struct slice name, struct slice there, struct slice value)
{
	if (there.p == NULL) {
		buf_putc(front, '"');
		buf_put(front, name);
		buf_puts(front, "\":");
		buf_put(front, value);
		buf_putc(front, ',');
	} else if (!slice_eq(there, value)) {
		changes[(*n)++] = (struct change){ there, scratch->n };
		buf_put(scratch, value);
	}
}

/* Who answers, and to which subscription: into the _meta of the result, or a new one. */
static void
meta_put(struct buf *scratch, struct change *changes, size_t *n, struct buf *front,
    struct slice meta, struct slice subscription)
{
	struct buf *out = meta.p != NULL ? scratch : front;
	struct slice server;

	if (meta.p != NULL && json_find(meta, S(MCP_META "serverInfo"), &server))
		return;
	if (meta.p != NULL)
		changes[(*n)++] = (struct change){ { meta.p + 1, 0 }, scratch->n };
	else
		buf_puts(out, "\"_meta\":{");
	if (subscription.p != NULL) {
		buf_puts(out, "\"" MCP_META "subscriptionId\":");
		buf_put(out, subscription);
		buf_putc(out, ',');
	}
	buf_puts(out, SERVER_INFO);
	buf_puts(out, meta.p == NULL ? "}," : is_empty(meta) ? "" : ",");
}

/* A result as this revision has it. */
static size_t
result_put(const struct exchange *exchange, struct slice id, const struct reply *reply,
    struct slice state, struct buf *scratch, struct slice parts[SPLICE_PARTS])
{
	static const struct slice types[] = { [REPLY_COMPLETE] = S("\"complete\""),
		[REPLY_INPUT_REQUIRED] = S("\"input_required\""),
		[REPLY_TASK] = S("\"task\"") };
	enum mcp_method method = exchange->request.method;
	struct slice there[ADDED_N];
	struct change changes[EDITS_MAX];
	struct edit edits[EDITS_MAX];
	struct buf front;
	char ttl[24];
	size_t n = 0;

	if (json_type(reply->result) != JSON_OBJECT) {
		parts[0] = reply->result;
		return 1;
	}
	added_find(reply, there);
	buf_init(&front, NULL, MIB);
	member_put(scratch, changes, &n, &front, added_names[ADDED_TYPE], there[ADDED_TYPE],
	    types[reply->type]);
	if (reply->type == REPLY_COMPLETE && is_cacheable(method)) {
		snprintf(ttl, sizeof(ttl), "%llu", (unsigned long long)reply->ttl_ms);
		member_put(scratch, changes, &n, &front, added_names[ADDED_TTL], there[ADDED_TTL],
		    slice_of(ttl));
		member_put(scratch, changes, &n, &front, added_names[ADDED_SCOPE],
		    there[ADDED_SCOPE], reply->is_private ? S("\"private\"") : S("\"public\""));
	}
	if (state.p != NULL)
		member_put(scratch, changes, &n, &front, added_names[ADDED_STATE],
		    there[ADDED_STATE], state);
	meta_put(scratch, changes, &n, &front, there[ADDED_META],
	    method == MCP_LISTEN ? id : SLICE_NONE);
	if (front.n > 0) {
		/* Its last comma is one too many in front of nothing. */
		front.n -= is_empty(reply->result);
		changes[n++] = (struct change){ { reply->result.p + 1, 0 }, scratch->n };
		buf_put(scratch, buf_view(&front));
	}
	buf_fini(&front);
	/* Only now: scratch has stopped moving. */
	for (size_t i = 0; i < n; i++) {
		size_t end = i + 1 < n ? changes[i + 1].from : scratch->n;

		edits[i] = (struct edit){ changes[i].at,
			{ scratch->p + changes[i].from, end - changes[i].from } };
	}
	return message_splice(reply->result, edits, n, parts);
}

size_t
encode_modern(const struct exchange *exchange, struct slice id, const struct reply *reply,
    struct slice state, struct buf *scratch, struct slice parts[MODERN_PARTS])
{
	bool is_result = reply->result.p != NULL;
	size_t n = 0;

	parts[n++] = S("{\"jsonrpc\":\"2.0\",\"id\":");
	parts[n++] = id;
	parts[n++] = is_result ? S(",\"result\":") : S(",\"error\":");
	if (is_result)
		n += result_put(exchange, id, reply, state, scratch, parts + n);
	else
		parts[n++] = error_view(exchange, reply, scratch);
	parts[n++] = S("}");
	return n;
}

/* ---- notifications --------------------------------------------------------------------------- */

/*
 * Where the server's name and the subscription go into params, and what stands around them; false:
 * there is nothing to say.
 */
static bool
meta_place(
    const struct tell *tell, struct slice subscription, struct buf *scratch, struct edit *edit)
{
	struct slice there;
	bool has_meta = json_type(tell->meta) == JSON_OBJECT;
	bool is_named = tell->server.p == NULL ||
	    (has_meta && json_find(tell->meta, S("bascule/server"), &there));
	struct slice into = has_meta ? tell->meta : tell->params;

	if (is_named && subscription.p == NULL)
		return false;
	edit->at = (struct slice){ into.p + 1, 0 };
	buf_puts(scratch, has_meta ? "" : "\"_meta\":{");
	if (!is_named) {
		buf_puts(scratch, "\"bascule/server\":");
		buf_json_string(scratch, tell->server);
		buf_puts(scratch, subscription.p != NULL ? "," : "");
	}
	if (subscription.p != NULL) {
		buf_puts(scratch, "\"" MCP_META "subscriptionId\":");
		buf_put(scratch, subscription);
	}
	buf_puts(scratch, has_meta ? "" : "}");
	buf_puts(scratch, is_empty(into) ? "" : ",");
	return true;
}

static bool
logger_place(const struct tell *tell, struct edit *edit)
{
	struct slice logger;

	if (tell->method != MCP_LOG_MESSAGE || tell->server.p == NULL ||
	    !json_find(tell->params, S("logger"), &logger) || json_type(logger) != JSON_STRING)
		return false;
	edit->at = (struct slice){ logger.p + 1, 0 };
	return true;
}

static size_t
notice(const struct tell *tell, struct slice token, struct slice subscription, struct buf *scratch,
    struct slice parts[NOTICE_PARTS])
{
	const struct mcp_method_row *row = mcp_method_row(tell->method);
	struct tell whole = *tell;
	struct edit edits[5];
	struct slice other;
	size_t n = 0, edits_n = 0, named, logged;

	if (json_type(whole.params) != JSON_OBJECT) {
		whole.params = S("{}");
		whole.meta = SLICE_NONE;
	}
	/* Of the subscription by which an upstream told it. */
	if (subscription.p != NULL && json_find(whole.meta, S(MCP_META "subscriptionId"), &other)) {
		edits[edits_n++] = (struct edit){ other, subscription };
		subscription = SLICE_NONE;
	}
	if (whole.named.at.p != NULL)
		edits[edits_n++] = whole.named;
	if (whole.token.p != NULL && token.p != NULL)
		edits[edits_n++] = (struct edit){ whole.token, token };
	if (meta_place(&whole, subscription, scratch, &edits[edits_n]))
		edits_n++;
	named = scratch->n;
	if (logger_place(&whole, &edits[edits_n])) {
		edits_n++;
		buf_put(scratch, whole.server);
		buf_putc(scratch, '/');
	}
	logged = scratch->n;
	/* Only now: scratch has stopped moving. */
	if (logged > named)
		edits[edits_n - 1].with = (struct slice){ scratch->p + named, logged - named };
	if (named > 0)
		edits[edits_n - 1 - (logged > named)].with = (struct slice){ scratch->p, named };
	parts[n++] = S("{\"jsonrpc\":\"2.0\",\"method\":\"");
	parts[n++] = (struct slice){ row->name, row->name_n };
	parts[n++] = tell->params.p == NULL && edits_n == 0 ? S("\"") : S("\",\"params\":");
	if (tell->params.p != NULL || edits_n > 0)
		n += message_splice(whole.params, edits, edits_n, parts + n);
	parts[n++] = S("}");
	return n;
}

size_t
encode_notice(const struct tell *tell, struct slice token, struct buf *scratch,
    struct slice parts[NOTICE_PARTS])
{
	return notice(tell, token, SLICE_NONE, scratch, parts);
}

size_t
encode_subscribed(const struct tell *tell, struct slice subscription, struct buf *scratch,
    struct slice parts[NOTICE_PARTS])
{
	return notice(tell, SLICE_NONE, subscription, scratch, parts);
}

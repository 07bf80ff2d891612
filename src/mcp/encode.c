/*
 * JSON-RPC texts that are made here: replies and errors.  Results of upstreams pass byte for byte
 * between an envelope of ours.
 */
#include "mcp/mcp.h"

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

size_t
encode_reply(const struct exchange *exchange, const struct reply *reply, struct buf *scratch,
    struct slice parts[REPLY_PARTS])
{
	bool is_result = reply->result.p != NULL;
	size_t n = 0;

	parts[n++] = S("{\"jsonrpc\":\"2.0\",\"id\":");
	parts[n++] = exchange->request.id;
	parts[n++] = is_result ? S(",\"result\":") : S(",\"error\":");
	if (is_result) {
		parts[n++] = reply->result;
	} else if (reply->error.p != NULL) {
		parts[n++] = reply->error;
	} else {
		error_object(exchange->revision, scratch, reply);
		parts[n++] = buf_view(scratch);
	}
	parts[n++] = S("}");
	return n;
}

/* ---- notifications --------------------------------------------------------------------------- */

static bool
is_empty(struct slice object)
{
	struct slice key, value;
	struct json_iter iter;

	json_iter_init(&iter, object);
	return !json_iter_next(&iter, &key, &value);
}

/* Where the server's name goes into params, what stands around it; false: it stands there. */
static bool
server_place(const struct tell *tell, struct buf *scratch, struct edit *edit)
{
	struct slice there;
	bool has_meta = json_type(tell->meta) == JSON_OBJECT;
	struct slice into = has_meta ? tell->meta : tell->params;

	if (tell->server.p == NULL || (has_meta && json_find(into, S("bascule/server"), &there)))
		return false;
	edit->at = (struct slice){ into.p + 1, 0 };
	buf_puts(scratch, has_meta ? "\"bascule/server\":" : "\"_meta\":{\"bascule/server\":");
	buf_json_string(scratch, tell->server);
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

size_t
encode_notice(const struct tell *tell, struct slice token, struct buf *scratch,
    struct slice parts[NOTICE_PARTS])
{
	const struct mcp_method_row *row = mcp_method_row(tell->method);
	struct tell whole = *tell;
	struct edit edits[4];
	size_t n = 0, edits_n = 0, named, logged;

	if (json_type(whole.params) != JSON_OBJECT) {
		whole.params = S("{}");
		whole.meta = SLICE_NONE;
	}
	if (whole.named.at.p != NULL)
		edits[edits_n++] = whole.named;
	if (whole.token.p != NULL && token.p != NULL)
		edits[edits_n++] = (struct edit){ whole.token, token };
	if (server_place(&whole, scratch, &edits[edits_n]))
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

/*
 * JSON-RPC texts that are made here: replies and errors.  Results of upstreams pass byte for byte
 * between an envelope of ours.
 */
#include "mcp/mcp.h"

/* data: {kind, server, rule, call_id}; clients key on kind. */
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
	if (reply->err.kind == ERR_OUTCOME_UNKNOWN)
		buf_printf(out, ",\"call_id\":\"%llu\"", (unsigned long long)reply->call_id);
	buf_putc(out, '}');
}

static void
error_object(struct buf *out, const struct reply *reply)
{
	buf_printf(out, "{\"code\":%d,\"message\":", err_info(reply->err.kind)->legacy_code);
	buf_json_string(out, slice_of(reply->err.text));
	error_data(out, reply);
	buf_putc(out, '}');
}

void
encode_error(struct buf *out, struct slice id, const struct reply *reply)
{
	buf_puts(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (id.p != NULL)
		buf_put(out, id);
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"error\":");
	error_object(out, reply);
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
		error_object(scratch, reply);
		parts[n++] = buf_view(scratch);
	}
	parts[n++] = S("}");
	return n;
}

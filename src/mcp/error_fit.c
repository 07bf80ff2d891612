/*
 * Errors of upstreams in the words of the client's revision.  A resource that is not there is
 * -32002 until 2025-11-25 and -32602 after it; -32042, which sends the user to a page, is of
 * 2025-11-25 alone.  Rows of one table; anything else passes byte for byte.
 */
#include "mcp/mcp.h"

#define ERROR_MAX_BYTES (64 * KIB) /* a larger one passes as it is */

/* A code that an upstream of some revisions sends, and what clients of some others read. */
static const struct {
	int64_t code, becomes;
	enum mcp_method method;		 /* of the request; MCP_UNKNOWN: any */
	enum mcp_revision from, from_to; /* the upstream's */
	enum mcp_revision to, to_to;	 /* the client's */
} rows[] = {
	{ -32002, -32602, MCP_UNKNOWN, 0, MCP_NEWEST_LEGACY, MCP_2026_07_28, MCP_NEWEST },
	{ -32602, -32002, MCP_RESOURCES_READ, MCP_2026_07_28, MCP_NEWEST, 0, MCP_NEWEST_LEGACY },
	{ MCP_CODE_URL_ELICITATION, -32603, MCP_UNKNOWN, MCP_2025_11_25, MCP_2025_11_25,
	    MCP_2026_07_28, MCP_NEWEST },
};

bool
mcp_error_code(struct slice error, int64_t *code)
{
	struct slice token;

	return json_type(error) == JSON_OBJECT && json_find(error, S("code"), &token) &&
	    json_int(token, code);
}

/* data.uri, where it is missing: what was asked for, as the client wrote it. */
static bool
uri_place(const struct exchange *exchange, struct slice error, struct buf *text, struct edit *edit)
{
	struct slice uri = json_scan_get(exchange->request.scan, S("params"), S("uri"));
	struct slice data, there, key;
	struct json_iter iter;
	bool has_data = json_find(error, S("data"), &data);

	if (exchange->request.method != MCP_RESOURCES_READ || json_type(uri) != JSON_STRING ||
	    (has_data && (json_type(data) != JSON_OBJECT || json_find(data, S("uri"), &there))))
		return false;
	if (!has_data) {
		/* Behind the last member, of which there is one at least. */
		edit->at = (struct slice){ error.p + error.n - 1, 0 };
		buf_puts(text, ",\"data\":{\"uri\":");
		buf_put(text, uri);
		buf_putc(text, '}');
	} else {
		json_iter_init(&iter, data);
		edit->at = (struct slice){ data.p + 1, 0 };
		buf_puts(text, "\"uri\":");
		buf_put(text, uri);
		buf_puts(text, json_iter_next(&iter, &key, &there) ? "," : "");
	}
	edit->with = buf_view(text);
	return true;
}

static void
rewrite(struct exchange *exchange, struct reply *reply, int64_t code)
{
	struct slice parts[SPLICE_PARTS], token;
	struct buf number, uri, all;
	struct edit edits[2];
	size_t n = 1, parts_n;

	if (!json_find(reply->error, S("code"), &token))
		return;
	buf_init(&number, NULL, 32);
	buf_init(&uri, NULL, ERROR_MAX_BYTES);
	buf_init(&all, NULL, 4 * ERROR_MAX_BYTES);
	buf_printf(&number, "%lld", (long long)code);
	edits[0] = (struct edit){ token, buf_view(&number) };
	n += uri_place(exchange, reply->error, &uri, &edits[1]);
	parts_n = message_splice(reply->error, edits, n, parts);
	for (size_t i = 0; i < parts_n; i++)
		buf_put(&all, parts[i]);
	/* What is too large for that stays as it came. */
	if (buf_check(&uri, &(struct err){ 0 }) && buf_check(&all, &(struct err){ 0 }) &&
	    arena_reserve(&exchange->arena, all.n, &(struct err){ 0 }))
		reply->error = slice_dup(&exchange->arena, buf_view(&all));
	buf_fini(&number);
	buf_fini(&uri);
	buf_fini(&all);
}

void
error_fit(struct exchange *exchange, struct reply *reply)
{
	int64_t code;

	if (reply->error.p == NULL || reply->revision == exchange->revision ||
	    reply->error.n > ERROR_MAX_BYTES || !mcp_error_code(reply->error, &code))
		return;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].code != code ||
		    (rows[i].method != MCP_UNKNOWN && rows[i].method != exchange->request.method) ||
		    reply->revision < rows[i].from || reply->revision > rows[i].from_to ||
		    exchange->revision < rows[i].to || exchange->revision > rows[i].to_to)
			continue;
		rewrite(exchange, reply, rows[i].becomes);
		return;
	}
}

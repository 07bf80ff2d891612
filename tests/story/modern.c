/*
 * Stories at 2026-07-28: what a client of that revision adds to each request (`_meta`, over HTTP
 * the headers), and what an upstream of it does by itself.  A name that a script gives in `_meta`
 * is the script's; `raw` and `http` say what no such client would.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "story.h"

#define REVISION "2026-07-28"
#define PREFIX	 "io.modelcontextprotocol/"

bool
is_modern_revision(struct slice revision)
{
	return slice_eq(revision, S(REVISION));
}

/* ---- clients --------------------------------------------------------------------------------- */

static yyjson_mut_val *
parsed(yyjson_mut_doc *doc, struct slice text)
{
	yyjson_doc *read =
	    yyjson_read_opts((char *)(void *)text.p, text.n, YYJSON_READ_NUMBER_AS_RAW, NULL, NULL);
	yyjson_mut_val *value =
	    read == NULL ? NULL : yyjson_val_mut_copy(doc, yyjson_doc_get_root(read));

	yyjson_doc_free(read);
	return value;
}

static void
meta_add(yyjson_mut_doc *doc, yyjson_mut_val *meta, const char *key, struct slice json)
{
	if (yyjson_mut_obj_get(meta, key) == NULL)
		yyjson_mut_obj_add_val(doc, meta, key, parsed(doc, json));
}

bool
modern_params(const struct client *client, struct slice params, struct buf *out)
{
	yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = parsed(doc, params.n > 0 ? params : S("{}")), *meta;
	char info[80];
	char *text = NULL;
	size_t n;

	snprintf(info, sizeof(info), "{\"name\":\"%s\",\"version\":\"1\"}", client->name);
	if (yyjson_mut_is_obj(root)) {
		meta = yyjson_mut_obj_get(root, "_meta");
		if (meta == NULL)
			meta = yyjson_mut_obj_add_obj(doc, root, "_meta");
		meta_add(doc, meta, PREFIX "protocolVersion", S("\"" REVISION "\""));
		meta_add(doc, meta, PREFIX "clientCapabilities", client->capabilities);
		meta_add(doc, meta, PREFIX "clientInfo", slice_of(info));
		yyjson_mut_doc_set_root(doc, root);
		text = yyjson_mut_write(doc, 0, &n);
	}
	if (text != NULL)
		buf_put(out, (struct slice){ text, n });
	free(text);
	yyjson_mut_doc_free(doc);
	return text != NULL;
}

void
modern_headers(struct client *client, struct slice method, struct slice params)
{
	static const struct slice names[] = { S("name"), S("uri"), S("taskId") };
	struct slice value;

	buf_clear(&client->headers);
	buf_printf(&client->headers, "MCP-Protocol-Version: " REVISION "\r\nMcp-Method: %.*s\r\n",
	    SLICE_FMT(method));
	for (size_t i = 0; i < COUNT(names); i++) {
		if (json_find(params, names[i], &value) && value.n > 2) {
			buf_printf(
			    &client->headers, "Mcp-Name: %.*s\r\n", (int)value.n - 2, value.p + 1);
			break;
		}
	}
	buf_put(&client->headers, client->own_headers);
}

/* ---- upstreams ------------------------------------------------------------------------------- */

void
modern_record(struct server *server, struct http_request *request)
{
	static const char *const names[] = { "mcp-protocol-version", "mcp-method", "mcp-name",
		"mcp-session-id", "mcp-param-region", "mcp-param-count", "authorization", "cookie",
		"x-bascule-key", "x-jira-token", "x-forwarded-for", "origin" };
	struct slice method = http_request_header(request, S("mcp-method"));
	char name[60];
	struct buf text;
	int n = snprintf(name, sizeof(name), "headers/%.*s", SLICE_FMT(method));

	buf_init(&text, NULL, MIB);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct slice value = http_request_header(request, slice_of(names[i]));

		if (value.p == NULL)
			continue;
		buf_printf(&text, "%c\"%s\":", text.n > 0 ? ',' : '{', names[i]);
		buf_json_string(&text, value);
	}
	buf_puts(&text, text.n > 0 ? "}" : "{}");
	if (method.n > 0 && n < (int)sizeof(name))
		server_record(server, (struct slice){ name, (size_t)n }, buf_view(&text));
	buf_fini(&text);
}

int
modern_status(struct slice message)
{
	static const struct {
		const char *text;
		int status;
	} codes[] = { { "\"error\":{\"code\":-32601", 404 }, { "\"error\":{\"code\":-3202", 400 },
		{ "\"error\":{\"code\":-32602", 400 } };

	for (size_t i = 0; i < COUNT(codes); i++) {
		if (memmem(message.p, message.n, codes[i].text, strlen(codes[i].text)) != NULL)
			return codes[i].status;
	}
	return 200;
}

bool
modern_default(struct server *server, struct slice method, struct buf *out)
{
	if (slice_eq(method, S("initialize"))) {
		buf_puts(out,
		    "error {\"code\":-32022,\"message\":\"unsupported\",\"data\":{\"supported\":["
		    "\"" REVISION "\"],\"requested\":\"2025-11-25\"}}");
		return true;
	}
	if (slice_eq(method, S("server/discover"))) {
		buf_printf(out,
		    "result {\"resultType\":\"complete\",\"supportedVersions\":[\"" REVISION "\"],"
		    "\"capabilities\":%.*s%s%.*s,\"ttlMs\":%u,\"cacheScope\":\"public\","
		    "\"_meta\":{\"" PREFIX "serverInfo\":{\"name\":\"%s\",\"version\":\"1\"}}}",
		    SLICE_FMT(server->capabilities),
		    server->instructions.p != NULL ? ",\"instructions\":" : "",
		    SLICE_FMT(server->instructions), server->ttl_ms, server->name);
		return true;
	}
	if (slice_eq(method, S("subscriptions/listen"))) {
		buf_puts(out,
		    "notify notifications/subscriptions/acknowledged {\"_meta\":{\"" PREFIX
		    "subscriptionId\":$id},\"notifications\":$filter} then never");
		return true;
	}
	if (slice_eq(method, S("tools/call"))) {
		buf_puts(out, "result {\"resultType\":\"complete\",\"content\":[]}");
		return true;
	}
	if (slice_eq(method, S("ping"))) {
		buf_puts(out, "error {\"code\":-32601,\"message\":\"unknown method\"}");
		return true;
	}
	return false;
}

void
modern_list_members(const struct server *server, struct buf *out)
{
	buf_printf(out, ",\"resultType\":\"complete\",\"ttlMs\":%u,\"cacheScope\":\"%s\"",
	    server->ttl_ms, server->is_private ? "private" : "public");
}

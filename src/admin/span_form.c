/*
 * A span as the JSON of OTLP has it: ids in hexadecimal, times as texts of nanoseconds, and the
 * attributes of OpenTelemetry's conventions for MCP.  Written by hand: it is done twice a call.
 */
#include "admin/traces.h"

#define NAME_BYTES 128 /* of a tool or a prompt; a longer one is cut */

/* Numbers of the definitions. */
#define KIND_SERVER	      2
#define KIND_CLIENT	      3
#define STATUS_ERROR	      2
#define FLAG_HAS_REMOTE	      0x100u
#define FLAG_REMOTE	      0x200u
#define PUT(out, literal)     buf_put((out), S(literal))
#define TEXT(name)	      "{\"key\":\"" name "\",\"value\":{\"stringValue\":"
#define NEXT(name)	      "," TEXT(name)
#define PUT_PLAIN(name, text) (PUT(out, NEXT(name) "\""), buf_puts(out, (text)), PUT(out, "\"}}"))
#define PUT_SLICE(name, text) (PUT(out, NEXT(name)), buf_json_string(out, (text)), PUT(out, "}}"))

static void
put_hex(struct buf *out, const unsigned char *bytes, size_t n)
{
	char digits[2 * TRACE_ID_BYTES];

	must(n <= TRACE_ID_BYTES);
	hex_put(bytes, n, digits);
	buf_put(out, (struct slice){ digits, 2 * n });
}

static struct slice
name_cut(struct slice name)
{
	return (struct slice){ name.p, name.n > NAME_BYTES ? NAME_BYTES : name.n };
}

/* One that nobody knows is any text at all. */
static const char *
method_of(const struct exchange *exchange)
{
	enum mcp_method method = exchange->request.method;

	return method == MCP_UNKNOWN ? "_OTHER" : mcp_method_row(method)->name;
}

/* {method} {target}, as the conventions have it. */
static void
put_name(struct buf *out, const struct span *span)
{
	size_t at;

	PUT(out, ",\"name\":\"");
	buf_puts(out, method_of(span->exchange));
	at = out->n;
	if (span->name.n == 0) {
		buf_putc(out, '"');
		return;
	}
	buf_json_string(out, name_cut(span->name));
	/* In place of its first quote. */
	if (out->n > at)
		out->p[at] = ' ';
}

static void
put_ids(struct buf *out, const struct span *span)
{
	const struct trace *trace = span->exchange->trace;
	unsigned flags = span->own->flags | FLAG_HAS_REMOTE;

	PUT(out, "{\"traceId\":\"");
	put_hex(out, span->own->trace_id, TRACE_ID_BYTES);
	PUT(out, "\",\"spanId\":\"");
	put_hex(out, span->own->span_id, SPAN_ID_BYTES);
	if (span->parent != NULL) {
		PUT(out, "\",\"parentSpanId\":\"");
		put_hex(out, span->parent, SPAN_ID_BYTES);
		flags |= span->kind == SPAN_SERVER ? FLAG_REMOTE : 0;
	}
	if (trace->state.p != NULL) {
		PUT(out, "\",\"traceState\":");
		buf_json_string(out, trace->state);
		PUT(out, ",\"flags\":");
	} else {
		PUT(out, "\",\"flags\":");
	}
	buf_put_u64(out, flags);
}

static void
put_target(struct buf *out, const struct span *span)
{
	if (span->name.n == 0)
		return;
	if (span->exchange->request.method == MCP_TOOLS_CALL) {
		PUT_PLAIN("gen_ai.operation.name", "execute_tool");
		PUT_SLICE("gen_ai.tool.name", name_cut(span->name));
	} else {
		PUT_SLICE("gen_ai.prompt.name", name_cut(span->name));
	}
}

/* What only the request of a client has. */
static void
put_request(struct buf *out, const struct span *span)
{
	struct slice id = span->exchange->request.id;

	if (json_type(id) == JSON_STRING) {
		PUT(out, NEXT("jsonrpc.request.id"));
		buf_put(out, id);
		PUT(out, "}}");
	} else if (id.p != NULL) {
		PUT_SLICE("jsonrpc.request.id", id);
	}
	if (span->session[0] != '\0')
		PUT_PLAIN("mcp.session.id", span->session);
	PUT_PLAIN("bascule.outcome", span->outcome);
	if (span->rule.p != NULL)
		PUT_SLICE("bascule.rule", span->rule);
}

static void
put_error(struct buf *out, const struct span *span)
{
	if (!span->has_failed)
		return;
	if (span->error != NULL) {
		PUT_PLAIN("error.type", span->error);
	} else {
		PUT(out, NEXT("error.type") "\"");
		buf_printf(out, "%lld", (long long)span->code);
		PUT(out, "\"}}");
	}
	if (span->code != 0) {
		PUT(out, NEXT("rpc.response.status_code") "\"");
		buf_printf(out, "%lld", (long long)span->code);
		PUT(out, "\"}}");
	}
}

static void
put_attributes(struct buf *out, const struct span *span)
{
	PUT(out, "\"attributes\":[" TEXT("mcp.method.name") "\"");
	buf_puts(out, method_of(span->exchange));
	PUT(out, "\"}}");
	PUT_PLAIN("mcp.protocol.version", mcp_revision_name(span->revision));
	if (span->is_pipe)
		PUT(out, NEXT("network.transport") "\"pipe\"}}");
	else
		PUT(out,
		    NEXT("network.transport") "\"tcp\"}}" NEXT(
			"network.protocol.name") "\"http\"}}");
	put_target(out, span);
	if (span->server.p != NULL)
		PUT_SLICE("bascule.server", span->server);
	if (span->kind == SPAN_SERVER)
		put_request(out, span);
	put_error(out, span);
	PUT(out, ",{\"key\":\"bascule.request\",\"value\":{\"intValue\":\"");
	buf_put_u64(out, span->exchange->number);
	PUT(out, "\"}}]");
}

void
span_put(struct buf *out, const struct span *span, uint64_t now_ns)
{
	put_ids(out, span);
	put_name(out, span);
	PUT(out, ",\"kind\":");
	buf_put_u64(out, span->kind == SPAN_SERVER ? KIND_SERVER : KIND_CLIENT);
	PUT(out, ",\"startTimeUnixNano\":\"");
	buf_put_u64(out, span->began_ns);
	PUT(out, "\",\"endTimeUnixNano\":\"");
	/* The clock of the machine may have been set back meanwhile. */
	buf_put_u64(out, now_ns > span->began_ns ? now_ns : span->began_ns);
	PUT(out, "\",");
	put_attributes(out, span);
	if (span->has_failed) {
		PUT(out, ",\"status\":{\"code\":");
		buf_put_u64(out, STATUS_ERROR);
		PUT(out, "}}");
	} else {
		PUT(out, "}");
	}
}

/*
 * A span on its way: on the loop it is packed, with few copies, into the records of a batch; on the
 * thread that sends it is printed as the JSON of OTLP, with the attributes of OpenTelemetry's
 * conventions for MCP and HTTP.  What it says of a tool is the same from call to call (its shape),
 * so this part of the JSON is made once and copied.
 */
#include <stddef.h>
#include <string.h>

#include "admin/traces.h"

#define NAME_BYTES  128	      /* of a tool or a prompt; a longer one is cut */
#define RULE_BYTES  256	      /* of a rule, a server, an address */
#define ID_BYTES    (4 * KIB) /* of a request; a longer one is left out */
#define SHAPES	    64	      /* texts that are kept, by the hash of their shape */
#define SHAPE_BYTES (16 * KIB)

/* Numbers of the definitions. */
#define KIND_SERVER	      2
#define KIND_CLIENT	      3
#define STATUS_ERROR	      2
#define FLAG_HAS_REMOTE	      0x100u
#define FLAG_REMOTE	      0x200u
#define PUT(out, literal)     buf_put((out), S(literal))
#define TEXT(name)	      "{\"key\":\"" name "\",\"value\":{\"stringValue\":"
#define NEXT(name)	      "," TEXT(name)
#define NEXT_INT(name)	      ",{\"key\":\"" name "\",\"value\":{\"intValue\":\""
#define PUT_PLAIN(name, text) (PUT(out, NEXT(name) "\""), buf_puts(out, (text)), PUT(out, "\"}}"))
#define PUT_SLICE(name, text) (PUT(out, NEXT(name)), buf_json_string(out, (text)), PUT(out, "}}"))
#define PUT_INT(name, number) \
	(PUT(out, NEXT_INT(name)), buf_put_u64(out, (number)), PUT(out, "\"}}"))

enum { TEXT_SERVER, TEXT_NAME, TEXT_RULE, TEXT_ADDRESS, TEXTS_N };

/* Compared by its bytes: it begins as zeros.  Its texts stand behind its record. */
struct shape {
	enum span_kind kind;
	enum mcp_method method;
	enum mcp_revision revision;
	unsigned port, status, resends;
	uint16_t texts_n[TEXTS_N];
	bool is_pipe, has_failed;
	const char *outcome, *error; /* static words */
	int64_t code;
};

struct record {
	unsigned char trace_id[TRACE_ID_BYTES], span_id[SPAN_ID_BYTES], parent[SPAN_ID_BYTES];
	uint64_t began_ns, ended_ns, number;
	char session[17];
	bool has_parent;
	uint16_t flags;
	uint16_t state_n, id_n; /* behind the shape's texts */
	struct shape shape;	/* last: its texts follow */
};
_Static_assert(offsetof(struct record, shape) + sizeof(struct shape) == sizeof(struct record),
    "a shape and its texts are one run of bytes");

struct shape_text {
	struct buf shape, text; /* empty: none yet */
};

struct span_printer {
	struct shape_text texts[SHAPES];
};

/* ---- packing --------------------------------------------------------------------------------- */

static uint16_t
cut(struct slice *text, size_t most)
{
	if (text->n > most)
		text->n = most;
	return (uint16_t)text->n;
}

static void
shape_fill(const struct span *span, struct slice texts[TEXTS_N], struct shape *shape)
{
	static const size_t most[TEXTS_N] = { [TEXT_SERVER] = RULE_BYTES,
		[TEXT_NAME] = NAME_BYTES,
		[TEXT_RULE] = RULE_BYTES,
		[TEXT_ADDRESS] = RULE_BYTES };

	shape->kind = span->kind;
	shape->method = span->exchange->request.method;
	shape->revision = span->revision;
	shape->port = span->port;
	shape->status = span->status;
	shape->resends = span->resends;
	shape->is_pipe = span->is_pipe;
	shape->has_failed = span->has_failed;
	shape->outcome = span->outcome;
	shape->error = span->error;
	shape->code = span->code;
	for (size_t i = 0; i < TEXTS_N; i++)
		shape->texts_n[i] = cut(&texts[i], most[i]);
}

void
span_pack(struct buf *out, const struct span *span, uint64_t now_ns)
{
	const struct exchange *exchange = span->exchange;
	struct slice texts[TEXTS_N] = { span->server, span->name, span->rule, span->address };
	struct slice id = span->kind == SPAN_SERVER ? exchange->request.id : SLICE_NONE;
	struct slice state = exchange->trace->state;
	struct record record;

	memset(&record, 0, sizeof(record));
	memcpy(record.trace_id, span->own->trace_id, TRACE_ID_BYTES);
	memcpy(record.span_id, span->own->span_id, SPAN_ID_BYTES);
	record.flags = span->own->flags | FLAG_HAS_REMOTE;
	if (span->parent != NULL) {
		record.has_parent = true;
		memcpy(record.parent, span->parent, SPAN_ID_BYTES);
		record.flags |= span->kind == SPAN_SERVER ? FLAG_REMOTE : 0;
	}
	record.began_ns = span->began_ns;
	/* The clock of the machine may have been set back meanwhile. */
	record.ended_ns = now_ns > span->began_ns ? now_ns : span->began_ns;
	record.number = exchange->number;
	memcpy(record.session, span->session, sizeof(record.session));
	if (id.n > ID_BYTES)
		id = SLICE_NONE;
	record.id_n = (uint16_t)id.n;
	record.state_n = cut(&state, TRACESTATE_MAX);
	shape_fill(span, texts, &record.shape);
	buf_put(out, (struct slice){ (const char *)&record, sizeof(record) });
	for (size_t i = 0; i < TEXTS_N; i++)
		buf_put(out, texts[i]);
	buf_put(out, state);
	buf_put(out, id);
}

/* ---- what spans of one shape share ----------------------------------------------------------- */

/* One that nobody knows is any text at all. */
static const char *
method_of(const struct shape *shape)
{
	return shape->method == MCP_UNKNOWN ? "_OTHER" : mcp_method_row(shape->method)->name;
}

/* {method} {target}, as the conventions have it; of HTTP, the method. */
static void
put_name(struct buf *out, const struct shape *shape, struct slice name)
{
	size_t at;

	PUT(out, "{\"name\":");
	if (shape->kind == SPAN_REST) {
		buf_json_string(out, name);
		return;
	}
	buf_putc(out, '"');
	buf_puts(out, method_of(shape));
	at = out->n;
	if (name.n == 0) {
		buf_putc(out, '"');
		return;
	}
	buf_json_string(out, name);
	/* In place of its first quote. */
	if (out->n > at)
		out->p[at] = ' ';
}

static void
put_target(struct buf *out, const struct shape *shape, struct slice name)
{
	if (name.n == 0)
		return;
	if (shape->method == MCP_TOOLS_CALL) {
		PUT_PLAIN("gen_ai.operation.name", "execute_tool");
		PUT_SLICE("gen_ai.tool.name", name);
	} else {
		PUT_SLICE("gen_ai.prompt.name", name);
	}
}

static void
put_mcp(struct buf *out, const struct shape *shape, struct slice name)
{
	PUT(out, TEXT("mcp.method.name") "\"");
	buf_puts(out, method_of(shape));
	PUT(out, "\"}}");
	PUT_PLAIN("mcp.protocol.version", mcp_revision_name(shape->revision));
	if (shape->is_pipe)
		PUT(out, NEXT("network.transport") "\"pipe\"}}");
	else
		PUT(out,
		    NEXT("network.transport") "\"tcp\"}}" NEXT(
			"network.protocol.name") "\"http\"}}");
	put_target(out, shape, name);
}

static void
put_http(struct buf *out, const struct shape *shape, struct slice method, struct slice address)
{
	PUT(out, TEXT("http.request.method"));
	buf_json_string(out, method);
	PUT(out, "}}");
	PUT_SLICE("server.address", address);
	PUT_INT("server.port", shape->port);
	if (shape->status != 0)
		PUT_INT("http.response.status_code", shape->status);
	if (shape->resends != 0)
		PUT_INT("http.request.resend_count", shape->resends);
}

static void
put_code(struct buf *out, int64_t code)
{
	buf_printf(out, "%lld", (long long)code);
	PUT(out, "\"}}");
}

static void
put_error(struct buf *out, const struct shape *shape)
{
	if (!shape->has_failed)
		return;
	PUT(out, NEXT("error.type") "\"");
	if (shape->error != NULL) {
		buf_puts(out, shape->error);
		PUT(out, "\"}}");
	} else {
		put_code(out, shape->kind == SPAN_REST ? shape->status : shape->code);
	}
	if (shape->code != 0 && shape->kind != SPAN_REST) {
		PUT(out, NEXT("rpc.response.status_code") "\"");
		put_code(out, shape->code);
	}
}

/* texts: behind one another. */
static void
put_shape(struct buf *out, const struct shape *shape, const char *at)
{
	struct slice texts[TEXTS_N];

	for (size_t i = 0; i < TEXTS_N; at += shape->texts_n[i++])
		texts[i] = (struct slice){ at, shape->texts_n[i] };
	put_name(out, shape, texts[TEXT_NAME]);
	PUT(out, ",\"kind\":");
	buf_put_u64(out, shape->kind == SPAN_SERVER ? KIND_SERVER : KIND_CLIENT);
	if (shape->has_failed) {
		PUT(out, ",\"status\":{\"code\":");
		buf_put_u64(out, STATUS_ERROR);
		PUT(out, "}");
	}
	PUT(out, ",\"attributes\":[");
	if (shape->kind == SPAN_REST)
		put_http(out, shape, texts[TEXT_NAME], texts[TEXT_ADDRESS]);
	else
		put_mcp(out, shape, texts[TEXT_NAME]);
	if (texts[TEXT_SERVER].n > 0)
		PUT_SLICE("bascule.server", texts[TEXT_SERVER]);
	if (shape->outcome != NULL)
		PUT_PLAIN("bascule.outcome", shape->outcome);
	if (texts[TEXT_RULE].n > 0)
		PUT_SLICE("bascule.rule", texts[TEXT_RULE]);
	put_error(out, shape);
}

/* As bytes: a shape and its texts. */
static struct slice
shape_text(struct span_printer *printer, struct slice bytes, const struct shape *shape)
{
	struct shape_text *kept = &printer->texts[hash_bytes(bytes, 0) % SHAPES];

	if (!slice_eq(buf_view(&kept->shape), bytes)) {
		buf_clear(&kept->shape);
		buf_clear(&kept->text);
		buf_put(&kept->shape, bytes);
		put_shape(&kept->text, shape, bytes.p + sizeof(*shape));
	}
	return buf_view(&kept->text);
}

/* ---- printing -------------------------------------------------------------------------------- */

static void
put_hex(struct buf *out, const unsigned char *bytes, size_t n)
{
	char digits[2 * TRACE_ID_BYTES];

	must(n <= TRACE_ID_BYTES);
	hex_put(bytes, n, digits);
	buf_put(out, (struct slice){ digits, 2 * n });
}

static void
put_ids(struct buf *out, const struct record *record, struct slice state)
{
	PUT(out, ",\"traceId\":\"");
	put_hex(out, record->trace_id, TRACE_ID_BYTES);
	PUT(out, "\",\"spanId\":\"");
	put_hex(out, record->span_id, SPAN_ID_BYTES);
	if (record->has_parent) {
		PUT(out, "\",\"parentSpanId\":\"");
		put_hex(out, record->parent, SPAN_ID_BYTES);
	}
	if (state.n > 0) {
		PUT(out, "\",\"traceState\":");
		buf_json_string(out, state);
		PUT(out, ",\"flags\":");
	} else {
		PUT(out, "\",\"flags\":");
	}
	buf_put_u64(out, record->flags);
}

/* What only the request of a client has. */
static void
put_request(struct buf *out, const struct record *record, struct slice id)
{
	if (json_type(id) == JSON_STRING) {
		PUT(out, NEXT("jsonrpc.request.id"));
		buf_put(out, id);
		PUT(out, "}}");
	} else if (id.n > 0) {
		PUT_SLICE("jsonrpc.request.id", id);
	}
	if (record->session[0] != '\0')
		PUT_PLAIN("mcp.session.id", record->session);
}

size_t
span_print(struct span_printer *printer, struct buf *out, const char *packed)
{
	struct slice shape = { packed + offsetof(struct record, shape), sizeof(struct shape) };
	struct slice state, id;
	struct record record;

	memcpy(&record, packed, sizeof(record));
	for (size_t i = 0; i < TEXTS_N; i++)
		shape.n += record.shape.texts_n[i];
	state = (struct slice){ shape.p + shape.n, record.state_n };
	id = (struct slice){ state.p + state.n, record.id_n };
	buf_put(out, shape_text(printer, shape, &record.shape));
	put_request(out, &record, id);
	PUT_INT("bascule.request", record.number);
	PUT(out, "]");
	put_ids(out, &record, state);
	PUT(out, ",\"startTimeUnixNano\":\"");
	buf_put_u64(out, record.began_ns);
	PUT(out, "\",\"endTimeUnixNano\":\"");
	buf_put_u64(out, record.ended_ns);
	PUT(out, "\"}");
	return (size_t)(id.p + id.n - packed);
}

struct span_printer *
span_printer_new(void)
{
	struct span_printer *printer = MEM_NEW(struct span_printer);

	for (size_t i = 0; i < SHAPES; i++) {
		buf_init(&printer->texts[i].shape, NULL, SHAPE_BYTES);
		buf_init(&printer->texts[i].text, NULL, SHAPE_BYTES);
	}
	return printer;
}

void
span_printer_free(struct span_printer **printer)
{
	for (size_t i = 0; i < SHAPES; i++) {
		buf_fini(&(*printer)->texts[i].shape);
		buf_fini(&(*printer)->texts[i].text);
	}
	mem_free(*printer);
	*printer = NULL;
}

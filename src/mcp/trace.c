/*
 * Trace context (W3C, level 1): the fields traceparent and tracestate, which come in a request's
 * _meta (MCP, SEP-414) or in a header, and go on to who is asked next.  What cannot be believed
 * (another length, upper case, ids of zeros, version ff) is as if it had not come.
 */
#include <string.h>

#include "mcp/back.h"

#define MEMBERS_MAX 32 /* of tracestate (§3.3.1.1) */

/* ---- traceparent ----------------------------------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n bytes from 2n digits; *any: one of them is not zero. False: no such digits. */
static bool
hex_read(const char *from, unsigned char *to, size_t n, bool *any)
{
	*any = false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(from[2 * i]), low = hex_digit(from[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (unsigned char)(high << 4 | low);
		*any |= to[i] != 0;
	}
	return true;
}

/* Of a later version what this one knows counts, and what follows it begins with a dash (§4.3). */
bool
traceparent_read(struct slice text, struct traceparent *out)
{
	unsigned char version;
	bool any, has_trace, has_span;

	if (text.n < TRACEPARENT_BYTES || !hex_read(text.p, &version, 1, &any) || version == 0xff)
		return false;
	if (version == 0 ? text.n != TRACEPARENT_BYTES
			 : text.n > TRACEPARENT_BYTES && text.p[TRACEPARENT_BYTES] != '-')
		return false;
	if (text.p[2] != '-' || text.p[35] != '-' || text.p[52] != '-')
		return false;
	return hex_read(text.p + 3, out->trace_id, TRACE_ID_BYTES, &has_trace) && has_trace &&
	    hex_read(text.p + 36, out->span_id, SPAN_ID_BYTES, &has_span) && has_span &&
	    hex_read(text.p + 53, &out->flags, 1, &any);
}

void
traceparent_print(const struct traceparent *parent, char out[TRACEPARENT_BYTES + 1])
{
	memcpy(out, "00-", 3);
	hex_put(parent->trace_id, TRACE_ID_BYTES, out + 3);
	out[35] = '-';
	hex_put(parent->span_id, SPAN_ID_BYTES, out + 36);
	out[52] = '-';
	hex_put(&parent->flags, 1, out + 53);
	out[TRACEPARENT_BYTES] = '\0';
}

/* ---- tracestate ------------------------------------------------------------------------------ */

static bool
is_member(struct slice member)
{
	const char *mark = memchr(member.p, '=', member.n);

	return mark != NULL && mark > member.p && mark + 1 < member.p + member.n;
}

/* Visible characters and blanks; its keys are their owners' business. */
bool
tracestate_is_good(struct slice text)
{
	struct slice rest = text;
	unsigned n = 0;

	if (text.n == 0 || text.n > TRACESTATE_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || (unsigned char)text.p[i] > 0x7e)
			return false;
	while (rest.p != NULL) {
		struct slice member = slice_trim(slice_cut(rest, ',', &rest));

		if (member.n > 0 && (!is_member(member) || ++n > MEMBERS_MAX))
			return false;
	}
	return n > 0;
}

/* ---- what a request brings ------------------------------------------------------------------- */

/* A string of _meta; SLICE_NONE: it is none, or too long to be of use. */
static struct slice
meta_text(struct exchange *exchange, struct slice token)
{
	struct slice text;
	struct err err;

	if (json_type(token) != JSON_STRING || token.n > 6 * TRACESTATE_MAX + 2 ||
	    !arena_reserve(&exchange->arena, token.n, &err) ||
	    !json_string(&exchange->arena, token, &text, &err))
		return SLICE_NONE;
	return text;
}

static struct trace *
trace_make(struct exchange *exchange, struct slice parent, struct slice state)
{
	struct traceparent read;
	struct trace *trace;
	struct err err;

	if (parent.p == NULL || !traceparent_read(parent, &read))
		return NULL;
	trace = ARENA_NEW(&exchange->arena, struct trace);
	trace->parent = trace->own = read;
	trace->has_parent = true;
	if (state.p != NULL && tracestate_is_good(state) &&
	    arena_reserve(&exchange->arena, state.n, &err))
		trace->state = slice_dup(&exchange->arena, state);
	return trace;
}

/* What the message says of itself is nearer to its sender than what its transport says. */
void
exchange_trace(struct exchange *exchange, struct slice parent, struct slice state)
{
	const struct message *request = &exchange->request;

	if (request->traceparent.p != NULL)
		exchange->trace = trace_make(exchange, meta_text(exchange, request->traceparent),
		    meta_text(exchange, request->tracestate));
	if (exchange->trace == NULL && parent.p != NULL)
		exchange->trace = trace_make(exchange, parent, state);
}

/* ---- what goes upstream ---------------------------------------------------------------------- */

void
trace_put_meta(struct buf *out, const struct trace *trace, const struct traceparent *parent)
{
	char text[TRACEPARENT_BYTES + 1];

	traceparent_print(parent, text);
	buf_puts(out, "\"traceparent\":\"");
	buf_put(out, (struct slice){ text, TRACEPARENT_BYTES });
	buf_putc(out, '"');
	if (trace->state.p != NULL) {
		buf_puts(out, ",\"tracestate\":");
		buf_json_string(out, trace->state);
	}
}

void
trace_put_headers(struct buf *out, const struct trace *trace, const struct traceparent *parent)
{
	char text[TRACEPARENT_BYTES + 1];

	traceparent_print(parent, text);
	buf_puts(out, "traceparent: ");
	buf_put(out, (struct slice){ text, TRACEPARENT_BYTES });
	buf_puts(out, "\r\n");
	if (trace->state.p != NULL) {
		buf_puts(out, "tracestate: ");
		buf_put(out, trace->state);
		buf_puts(out, "\r\n");
	}
}

static bool
is_empty_object(struct slice object)
{
	return slice_trim((struct slice){ object.p + 1, object.n - 2 }).n == 0;
}

/* Behind the brace of an object that is there; the comma where something follows. */
static void
insert_into(struct call_trace *to, struct slice object, struct buf *out)
{
	if (!is_empty_object(object))
		buf_putc(out, ',');
	to->edits[to->edits_n++] = (struct edit){ { object.p + 1, 0 }, buf_view(out) };
}

/* In place of what is there.  What came beside a traceparent that made no sense makes none. */
static bool
replace_in(struct call_trace *to, struct slice meta, struct buf *out)
{
	char text[TRACEPARENT_BYTES + 1];
	struct slice was, state;

	if (meta.p == NULL || !json_find(meta, S("traceparent"), &was))
		return false;
	traceparent_print(&to->own, text);
	buf_printf(out, "\"%s\"", text);
	to->edits[to->edits_n++] = (struct edit){ was, buf_view(out) };
	if (to->trace->state.p == NULL && json_find(meta, S("tracestate"), &state))
		to->edits[to->edits_n++] = (struct edit){ state, S("\"\"") };
	return true;
}

/* What is taken out of params must not begin where the new member ends in a comma. */
static bool
is_cut_at(const struct call *call, struct slice params)
{
	for (size_t i = 0; i < call->edits_n; i++)
		if (call->edits[i].at.p == params.p + 1)
			return true;
	return false;
}

void
back_trace(const struct back *back, struct call *call, struct slice params, struct slice meta,
    struct buf *out)
{
	struct call_trace *to = call->trace;
	bool has_params = params.p != NULL;

	to->edits_n = 0;
	/* A modern request has its _meta made anew (back_modern.c). */
	if (back->is_modern || replace_in(to, meta, out) || back->ops == &back_http_ops)
		return;
	if (has_params && is_cut_at(call, params))
		return;
	if (meta.p == NULL) {
		buf_puts(out, has_params ? "\"_meta\":{" : ",\"params\":{\"_meta\":{");
		trace_put_meta(out, to->trace, &to->own);
		buf_puts(out, has_params ? "}" : "}}");
		if (has_params)
			insert_into(to, params, out);
		else
			to->edits[to->edits_n++] =
			    (struct edit){ { call->id.p + call->id.n, 0 }, buf_view(out) };
		return;
	}
	trace_put_meta(out, to->trace, &to->own);
	insert_into(to, meta, out);
}

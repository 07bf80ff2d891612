/*
 * HTTP/1.x messages, in steps.
 *
 * llhttp (never lenient) reads heads and chunks; bodies with a length go by without it.  On top of
 * its checks: versions 1.0 and 1.1 only, at most one Content-Length, never beside
 * Transfer-Encoding, which may only be "chunked"; bounded heads, also of what is not kept (blanks,
 * empty lines); bounded framing around chunks (extensions, trailers, leading zeros), so that a
 * small body cannot cost a lot of reading.  Trailers and chunk extensions are dropped.
 */
#include <string.h>

#include "net/http_parse.h"

#define FRAMING_FREE_BYTES (16 * KIB)
#define FRAMING_PER_BYTE   8 /* a chunk of one byte has 5 around it */

_Static_assert(sizeof(union http_field) == sizeof(struct http_header), "fields are an array");

char *
http_read_buffer(void)
{
	static char buffer[HTTP_READ_BYTES];

	return buffer;
}

/* ---- heads ---------------------------------------------------------------------------------- */

void
http_head_init(struct http_head *head, struct memory *memory, size_t max_bytes, unsigned max_fields)
{
	*head = (struct http_head){ .max_fields = max_fields };
	must(max_bytes < UINT32_MAX);
	buf_init(&head->text, memory, max_bytes);
	buf_init(&head->fields, memory, max_fields * sizeof(union http_field));
}

void
http_head_fini(struct http_head *head)
{
	buf_fini(&head->text);
	buf_fini(&head->fields);
}

struct http_header *
http_head_fields(const struct http_head *head, unsigned *n)
{
	*n = (unsigned)(head->fields.n / sizeof(union http_field));
	return (struct http_header *)(void *)head->fields.p;
}

struct slice
http_head_target(const struct http_head *head)
{
	return (struct slice){ head->text.p, head->target_n };
}

struct slice
http_fields_get(const struct http_header *fields, unsigned n, struct slice name)
{
	for (unsigned i = 0; i < n; i++)
		if (slice_eq_nocase(fields[i].name, name))
			return fields[i].value;
	return SLICE_NONE;
}

/* ---- llhttp's callbacks --------------------------------------------------------------------- */

static int
refuse(struct http_parser *parser, unsigned status, const char *why)
{
	parser->status = (uint16_t)status;
	parser->why = why;
	return HPE_USER;
}

static int
text_add(struct http_parser *parser, const char *at, size_t n)
{
	struct buf *text = &parser->head->text;

	if (n > text->ceiling_bytes - text->n)
		return refuse(parser, parser->head->fields.n == 0 ? 414 : 431,
		    parser->head->fields.n == 0 ? "the request target is too long"
						: "the header fields are too long");
	buf_put(text, (struct slice){ at, n });
	if (text->overflow)
		return refuse(parser, 503, "out of memory, try again later");
	return 0;
}

static int
on_url(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_parser *parser = CONTAINER(llhttp, struct http_parser, llhttp);

	parser->head->target_n += n;
	return text_add(parser, at, n);
}

static union http_field *
field_last(struct http_head *head)
{
	return (union http_field *)(void *)(head->fields.p + head->fields.n) - 1;
}

static int
on_field(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_parser *parser = CONTAINER(llhttp, struct http_parser, llhttp);
	struct http_head *head = parser->head;

	if (parser->is_head_done)
		return 0;
	if (head->fields.n == 0 || head->is_in_value) {
		union http_field field = { .header = { { NULL, 0 }, { NULL, 0 } } };

		if (head->fields.n / sizeof(field) >= head->max_fields)
			return refuse(parser, 431, "too many header fields");
		field.raw.name_at = (uint32_t)head->text.n;
		buf_put(&head->fields, (struct slice){ (const char *)&field, sizeof(field) });
		if (head->fields.overflow)
			return refuse(parser, 503, "out of memory, try again later");
		head->is_in_value = false;
	}
	field_last(head)->raw.name_n += (uint32_t)n;
	return text_add(parser, at, n);
}

static int
on_value(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_parser *parser = CONTAINER(llhttp, struct http_parser, llhttp);
	struct http_head *head = parser->head;

	if (parser->is_head_done || n == 0)
		return 0;
	if (field_last(head)->raw.value_n == 0)
		field_last(head)->raw.value_at = (uint32_t)head->text.n;
	field_last(head)->raw.value_n += (uint32_t)n;
	return text_add(parser, at, n);
}

static int
on_value_complete(llhttp_t *llhttp)
{
	CONTAINER(llhttp, struct http_parser, llhttp)->head->is_in_value = true;
	return 0;
}

static int
on_headers_complete(llhttp_t *llhttp)
{
	llhttp->upgrade = 0; /* we never change protocols: the body is a body */
	CONTAINER(llhttp, struct http_parser, llhttp)->is_at_head = true;
	return HPE_PAUSED;
}

static int
on_body(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_parser *parser = CONTAINER(llhttp, struct http_parser, llhttp);

	parser->data = (char *)(uintptr_t)at;
	parser->data_n = n;
	return HPE_PAUSED;
}

static int
on_message_complete(llhttp_t *llhttp)
{
	CONTAINER(llhttp, struct http_parser, llhttp)->is_at_end = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

/* ---- the end of the head -------------------------------------------------------------------- */

static enum http_step
bad(struct http_parser *parser, unsigned status, const char *why)
{
	refuse(parser, status, why);
	parser->is_done = true;
	return STEP_BAD;
}

/* Offsets become slices, in place; the text does not move any more. */
static void
fields_settle(struct http_head *head)
{
	union http_field *fields = (union http_field *)(void *)head->fields.p;

	for (size_t i = 0; i < head->fields.n / sizeof(*fields); i++) {
		union http_field was = fields[i];

		fields[i].header.name =
		    (struct slice){ head->text.p + was.raw.name_at, was.raw.name_n };
		fields[i].header.value =
		    slice_trim((struct slice){ head->text.p + was.raw.value_at, was.raw.value_n });
	}
}

static bool
status_has_body(unsigned status)
{
	return status >= 200 && status != 204 && status != 304;
}

/* How long the body is (RFC 9112 6.3), after the fields that say so were counted. */
static enum http_step
framing_choose(struct http_parser *parser)
{
	const llhttp_t *llhttp = &parser->llhttp;

	if (llhttp->type == HTTP_RESPONSE && !status_has_body(llhttp->status_code)) {
		parser->framing = HTTP_FRAMING_NONE;
	} else if (llhttp->flags & F_CHUNKED) {
		parser->framing = HTTP_FRAMING_CHUNKED;
	} else if (llhttp->flags & F_CONTENT_LENGTH) {
		parser->left = llhttp->content_length;
		parser->framing = parser->left > 0 ? HTTP_FRAMING_LENGTH : HTTP_FRAMING_NONE;
	} else if (llhttp->type == HTTP_RESPONSE) {
		parser->framing = HTTP_FRAMING_EOF;
		parser->keeps_alive = false;
	}
	return STEP_HEAD;
}

static enum http_step
head_finish(struct http_parser *parser)
{
	const llhttp_t *llhttp = &parser->llhttp;
	unsigned n, lengths = 0, codings = 0;
	struct http_header *fields;

	parser->is_head_done = true;
	if (llhttp->http_major != 1 || llhttp->http_minor > 1)
		return bad(parser, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	fields_settle(parser->head);
	fields = http_head_fields(parser->head, &n);
	for (unsigned i = 0; i < n; i++) {
		if (slice_eq_nocase(fields[i].name, S("Content-Length"))) {
			lengths++;
		} else if (slice_eq_nocase(fields[i].name, S("Transfer-Encoding"))) {
			codings++;
			if (!slice_eq_nocase(fields[i].value, S("chunked")))
				return bad(parser, 501, "the only transfer coding here is chunked");
		}
	}
	if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0))
		return bad(parser, 400, "more than one field says how long the body is");
	if (codings > 0 && llhttp->http_minor == 0)
		return bad(parser, 400, "HTTP/1.0 has no Transfer-Encoding");
	parser->status = llhttp->status_code;
	/* As llhttp_should_keep_alive(), which does not know yet whether there is a body. */
	parser->keeps_alive = llhttp->http_minor > 0
	    ? !(llhttp->flags & F_CONNECTION_CLOSE)
	    : (llhttp->flags & F_CONNECTION_KEEP_ALIVE) != 0 &&
		!(llhttp->flags & F_CONNECTION_CLOSE);
	return framing_choose(parser);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static enum http_step
bad_by_llhttp(struct http_parser *parser, llhttp_errno_t error)
{
	const char *reason = llhttp_get_error_reason(&parser->llhttp);

	switch (error) {
	case HPE_USER:
		return bad(parser, parser->status, parser->why);
	case HPE_INVALID_METHOD:
		return bad(parser, 501, "unknown method, or not HTTP");
	case HPE_INVALID_VERSION:
	case HPE_PAUSED_H2_UPGRADE:
		return bad(parser, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	default:
		return bad(parser, 400, reason != NULL ? reason : "malformed message");
	}
}

static bool
is_over_limit(struct http_parser *parser, size_t used)
{
	if (!parser->is_head_done) {
		parser->head_bytes += used;
		return parser->head_bytes > parser->head->text.ceiling_bytes;
	}
	parser->framing_bytes += used - parser->data_n;
	parser->body_bytes += parser->data_n;
	return parser->framing_bytes > FRAMING_FREE_BYTES + FRAMING_PER_BYTE * parser->body_bytes;
}

static enum http_step
step_llhttp(struct http_parser *parser, char **bytes, size_t *n)
{
	llhttp_errno_t error;
	size_t used = *n;

	parser->data_n = 0;
	if (*n == 0)
		return STEP_MORE;
	error = llhttp_execute(&parser->llhttp, *bytes, *n);
	if (error == HPE_PAUSED) {
		used = (size_t)(llhttp_get_error_pos(&parser->llhttp) - *bytes);
		llhttp_resume(&parser->llhttp);
	} else if (error != HPE_OK) {
		return bad_by_llhttp(parser, error);
	}
	*bytes += used;
	*n -= used;
	if (is_over_limit(parser, used)) {
		if (parser->is_head_done)
			return bad(parser, 400, "too much framing around the chunks of the body");
		return bad(parser, parser->head->fields.n == 0 ? 414 : 431,
		    "the head of the message is too long");
	}
	if (parser->data_n > 0)
		return STEP_DATA;
	if (parser->is_at_end) {
		parser->is_done = true;
		return STEP_DONE;
	}
	if (parser->is_at_head) {
		parser->is_at_head = false;
		return head_finish(parser);
	}
	return STEP_MORE;
}

static enum http_step
step_plain(struct http_parser *parser, char **bytes, size_t *n)
{
	size_t take = *n;

	if (parser->framing == HTTP_FRAMING_LENGTH) {
		if (parser->left == 0) {
			parser->is_done = true;
			return STEP_DONE;
		}
		if (take > parser->left)
			take = (size_t)parser->left;
		parser->left -= take;
	}
	if (take == 0)
		return STEP_MORE;
	parser->data = *bytes;
	parser->data_n = take;
	parser->body_bytes += take;
	*bytes += take;
	*n -= take;
	return STEP_DATA;
}

void
http_parser_init(struct http_parser *parser, llhttp_type_t type, struct http_head *head)
{
	memset(parser, 0, sizeof(*parser));
	llhttp_init(&parser->llhttp, type, &settings);
	parser->head = head;
}

enum http_step
http_parser_step(struct http_parser *parser, char **bytes, size_t *n)
{
	must(!parser->is_done);
	if (!parser->is_head_done || parser->framing == HTTP_FRAMING_CHUNKED)
		return step_llhttp(parser, bytes, n);
	if (parser->framing == HTTP_FRAMING_NONE) {
		parser->is_done = true;
		return STEP_DONE;
	}
	return step_plain(parser, bytes, n);
}

void
http_parser_no_body(struct http_parser *parser)
{
	parser->framing = HTTP_FRAMING_NONE;
}

void
http_parser_passed(struct http_parser *parser, size_t n)
{
	must(n <= parser->left);
	parser->left -= n;
	parser->body_bytes += n;
}

bool
http_parser_ends_by_eof(const struct http_parser *parser)
{
	return parser->is_head_done && !parser->is_done && parser->framing == HTTP_FRAMING_EOF;
}

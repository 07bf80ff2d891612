/*
 * One HTTP/1.x message being read, for server and client alike: llhttp and what we ask beyond it.
 *
 * The parser walks over bytes in steps; between two steps the caller may do as it likes, also
 * forget the parser.  It never calls upwards.  Head fields are copied (the bytes walked over are a
 * buffer that everyone shares), body bytes are not.
 */
#ifndef NET_HTTP_PARSE_H
#define NET_HTTP_PARSE_H

#include <llhttp.h>

#include "net/net.h"

/* The one buffer that sockets are read into; what is kept beyond the callback must be copied. */
#define HTTP_READ_BYTES (64 * KIB)
char *http_read_buffer(void);

/* A field while the head grows, and afterwards. */
union http_field {
	struct {
		uint32_t name_at, name_n, value_at, value_n; /* in text */
	} raw;
	struct http_header header;
};

struct http_head {
	struct buf text;   /* target, then names and values, one after the other */
	struct buf fields; /* of union http_field */
	size_t target_n;
	unsigned max_fields;
	bool is_in_value;
};

void http_head_init(
    struct http_head *head, struct memory *memory, size_t max_bytes, unsigned max_fields);
void http_head_fini(struct http_head *head);
struct http_header *http_head_fields(const struct http_head *head, unsigned *n);
struct slice http_head_target(const struct http_head *head);
/* First value of that name; SLICE_NONE. */
struct slice http_fields_get(const struct http_header *fields, unsigned n, struct slice name);

enum http_step {
	STEP_MORE, /* all bytes used, more are needed */
	STEP_HEAD, /* the head is complete */
	STEP_DATA, /* parser->data, parser->data_n: a piece of the body */
	STEP_DONE, /* the message is complete; no further step */
	STEP_BAD,  /* parser->status and why; no further step */
};

enum http_framing {
	HTTP_FRAMING_NONE, /* no body */
	HTTP_FRAMING_LENGTH,
	HTTP_FRAMING_CHUNKED,
	HTTP_FRAMING_EOF, /* until the connection ends (responses) */
};

struct http_parser {
	llhttp_t llhttp;
	struct http_head *head;
	uint64_t left;		/* of a body with a length: bytes to come */
	uint64_t head_bytes;	/* walked over, also what is not kept */
	uint64_t body_bytes;	/* handed out */
	uint64_t framing_bytes; /* around chunks */
	const char *why;	/* STEP_BAD */
	char *data;
	size_t data_n;
	uint16_t status; /* STEP_BAD: for a server to answer; STEP_HEAD: of a response */
	uint8_t framing; /* enum http_framing, from STEP_HEAD on */
	bool is_head_done, is_done, is_at_head, is_at_end;
	bool keeps_alive; /* the message's own word; a caller may know better */
};

/* Starts a message. head outlives the parser's steps; it is empty. */
void http_parser_init(struct http_parser *parser, llhttp_type_t type, struct http_head *head);
/* Takes one step over *n bytes; moves *bytes and *n over what was used. */
enum http_step http_parser_step(struct http_parser *parser, char **bytes, size_t *n);
/* A response that has no body whatever its head says (answer to HEAD). Call at STEP_HEAD. */
void http_parser_no_body(struct http_parser *parser);
/* n bytes of a body with a length were read past the parser, straight to where they belong. */
void http_parser_passed(struct http_parser *parser, size_t n);
/* The connection ended: does that complete the message? */
bool http_parser_ends_by_eof(const struct http_parser *parser);

/* Can these be sent as they are?  In http_client.c. */
bool http_request_is_sound(struct slice method, struct slice path, struct slice headers);

static inline unsigned
http_parser_minor(const struct http_parser *parser)
{
	return parser->llhttp.http_minor;
}

#endif

/*
 * Private to mcp: what both HTTP backs are made of.  A web_reply is one request to the upstream and
 * what comes back: a JSON document, or events, which become messages one by one, large ones in
 * slices while the connection is held back.  What a reply means is said by web_ops.
 */
#ifndef MCP_BACK_WEB_H
#define MCP_BACK_WEB_H

#include "mcp/back.h"

enum web_kind {
	WEB_CALL,   /* the POST of a call */
	WEB_NOTE,   /* of a notification or response: its answer says nothing */
	WEB_STREAM, /* a GET that brings messages */
};

#define WEB_ID_BYTES KIB /* of an event; longer ones are not remembered */

struct web_reply {
	struct web *web;
	struct call *call; /* WEB_CALL; NULL once the call is over */
	enum web_kind kind;
	struct fetch *fetch; /* NULL when done */
	struct web_reply *next, *prev;
	int status; /* 0: no answer yet */
	bool is_sse, is_json, has_ended, is_repeated, in_read, is_tail;
	struct buf body; /* JSON answers, and the beginning of error texts */
	struct sse_reader sse;
	struct intake intake;
	struct deferred free;
	struct err why; /* how the fetch failed */

	/* Of a stream that is gone on with. */
	struct buf last_id; /* of the last whole event that had one */
	struct timer again;
	void (*again_send)(struct web_reply *reply);
	bool is_again;		  /* the GET after a stream ended early */
	bool was_open;		  /* it was an event stream once */
	unsigned tries, failures; /* failures: since the last event with a new id */
};

struct web_ops {
	/* call NULL: of a notification or response. */
	struct slice (*post_headers)(struct web *web, const struct call *call);
	struct slice (*post_path)(const struct web *web);
	void (*head)(struct web_reply *reply); /* status is known; may be NULL */
	/* True: its data is a message. */
	bool (*event)(struct web_reply *reply, const struct sse_event *event);
	void (*message)(struct web_reply *reply, struct message *message, const struct err *err);
	/* It could not be sent, or broke off before any answer. */
	void (*unreached)(struct web_reply *reply, const struct err *err);
	/* Everything is read. It calls web_reply_free(), or web_reply_again(). */
	void (*ended)(struct web_reply *reply);
};

struct web {
	const struct web_ops *ops;
	struct back *back;
	struct http_pool *pool;
	struct url url;
	struct web_reply replies; /* list head */
	unsigned notes, tails;
	struct task *closer;
};

MUST_CHECK bool
web_open_wait(struct web *web, struct back *back, const struct web_ops *ops, struct err *err);
void web_fini(struct web *web);
/* Header lines that the configuration names. */
void web_headers_put(const struct web *web, struct buf *out);

struct web_reply *web_reply_new(struct web *web, enum web_kind kind);
void web_reply_send(struct web_reply *reply, struct slice method, struct slice path,
    struct slice headers, const struct slice *parts, size_t n);
/* At the end of this turn; what is under way is broken off. */
void web_reply_free(struct web_reply *reply);
/* Its stream is asked for once more, after wait_ms: by then everything but last_id is as new. */
void
web_reply_again(struct web_reply *reply, uint64_t wait_ms, void (*send)(struct web_reply *reply));
/* The beginning of what came with an error status. */
struct slice web_reply_text(const struct web_reply *reply);

/* For back_ops: a call and a note by POST, and the end of a call. */
void web_send_call(struct web *web, struct call *call, const struct slice *parts, size_t n);
void web_send_note(struct web *web, const struct slice *parts, size_t n);
void web_end_call(struct call *call);
/* The call that waits for this reply will get no answer from it. */
void web_call_lost(struct web_reply *reply, const struct err *why);
/* Says what an error status means to the call: refused (surely not done), or nobody knows. */
void web_status_lost(struct web_reply *reply);
/* Would another transport be answered instead?  That is what 4xx to a first request can mean. */
bool web_status_misfits(int status);
/* Waits until no reply is left, or until_ms. */
void web_idle_wait(struct web *web, uint64_t until_ms);
/* Until the notifications sent so far were taken, or until_ms. */
void web_notes_wait(struct web *web, uint64_t until_ms);
/* Breaks off all but notes. */
void web_drop(struct web *web);

#endif

/*
 * Private to mcp: what all backs share.  Calls in progress, the handshake, what to do with each
 * message of an upstream, and whose call an upstream's request belongs to.  A transport adds how
 * bytes travel.
 */
#ifndef MCP_BACK_H
#define MCP_BACK_H

#include "mcp/mcp.h"

struct back_ops {
	bool has_streams; /* what comes on no call's stream is about none */
	bool (*open_wait)(struct back *back, struct err *err);
	/* Sends the request of a call; sets was_sent, or calls back_call_lost(). */
	void (*send_call)(
	    struct back *back, struct call *call, const struct slice *parts, size_t n);
	/* Sends a notification, or a response to a request that came on the stream of `call`. */
	void (*send)(struct back *back, const struct slice *parts, size_t n);
	/* The call is over: releases what the transport holds for it. May come twice. */
	void (*end_call)(struct back *back, struct call *call);
	/* Until the notifications sent so far were taken; NULL: they keep their order. */
	void (*settle_wait)(struct back *back, uint64_t until_ms);
	void (*ready)(struct back *back);			  /* handshake done; may be NULL */
	void (*close_wait)(struct back *back, unsigned grace_ms); /* frees the transport */
	struct slice (*stderr_view)(const struct back *back);	  /* may be NULL */
};

#define BACK_BUCKETS 256

struct upstream_ask;

struct back {
	const struct back_ops *ops;
	struct loop *loop;
	struct back_spec spec;
	const struct back_events *events;
	void *owner;
	void *transport;
	unsigned refs;
	struct arena arena; /* what the handshake told */
	enum mcp_revision revision;
	bool is_ready, is_lost, is_closing;
	bool is_misfit; /* the upstream does not speak this transport, but perhaps another */
	struct err why;
	struct slice server_info, instructions, capabilities;
	struct call calls; /* list head, oldest first */
	struct call *table[BACK_BUCKETS];
	unsigned in_flight;
	uint64_t next_number, faults;
	struct upstream_ask *asks;
	struct group own_asks; /* that belong to no call */
	struct task *closer;   /* waits for the calls in progress */
	struct deferred lost;  /* tells the owner, once, from the ground floor */
};

extern const struct back_ops back_stdio_ops, back_http_ops, back_sse_ops;

/*
 * One message of the upstream.  by: the call on whose stream it came, NULL: none.  intake: whose
 * arena and text the message lives in.  message NULL: what came was no message (err says why).
 */
void back_message(struct back *back, struct intake *intake, struct message *message,
    const struct err *err, struct call *by);
/* What came made no sense and may be somebody's answer: head and tail of it, to tell whose. */
void
back_unreadable(struct back *back, struct slice head, struct slice tail, const struct err *why);
/* The transport is gone: every call is lost, the owner is told. */
void back_lost(struct back *back, const struct err *why);
/* No more calls, the owner is told; those in progress go on as long as their transport does. */
void back_session_lost(struct back *back, const struct err *why);
/* The request of a call as it goes upstream, with our id, token and name in it. */
size_t back_call_parts(const struct call *call, struct slice parts[SPLICE_PARTS]);
void back_call_lost(struct back *back, struct call *call, const struct err *why);
void back_fault(struct back *back, const char *event, const struct err *err);

/* ---- what the upstream asks and tells of its own accord (back_asks.c) ------------------------ */

/* Answers a request of the upstream, unless the connection is going. */
void back_respond(struct back *back, struct slice id, const struct answer *answer);
/* Puts a question to the client it belongs to; by as in back_message(). Takes what intake holds. */
void back_ask_begin(
    struct back *back, struct intake *intake, const struct message *message, struct call *by);
/* notifications/cancelled for a question. */
void back_ask_withdrawn(struct back *back, const struct message *message);
/* To the client whose call it is about; what is about no call is the owner's to place. */
void back_notice(struct back *back, const struct message *message, struct call *by);

#endif

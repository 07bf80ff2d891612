/*
 * Private to mcp: clients of revisions without sessions (2026-07-28), over every transport.
 *
 * A *call* is one exchange of such a client.  It takes one *round* or more: a request and its
 * answer.  A round that ends with questions leaves the call parked (park.c) until the client comes
 * back with the answers, in another request: the next round.  What the client carries meanwhile is
 * sealed (state.c).
 */
#ifndef MCP_FRONT_MODERN_H
#define MCP_FRONT_MODERN_H

#include "mcp/front.h"

struct modern_call;
struct parked;
struct round;

/* How the messages of a round travel. */
struct round_ops {
	const struct front_ops *front;
	/* Does what came beside the message say the same as it?  NULL: nothing comes beside it. */
	bool (*check)(const struct round *round, const struct message *message, struct err *err);
	/* The round has found its place, in its call: what happens to it from now on is told. */
	void (*attach)(struct round *round);
	void (*say)(struct round *round, const struct slice *parts, size_t n);
	/* The last message.  status: of HTTP; keep: holds parts of it, or NULL. */
	void (*answer)(struct round *round, int status, struct bytes *keep,
	    const struct slice *parts, size_t n);
	/* As of session_ops. */
	bool (*is_behind)(const struct round *round);
	/* Could it send another request? */
	bool (*can_return)(const struct round *round);
};

/* One request of a client that waits for its answer. */
struct round {
	enum user_kind kind;
	const struct round_ops *ops;
	struct fronts *fronts;
	struct modern_call *call; /* NULL: none yet, or none any more */
	struct slice id, token;	  /* of this request, raw */
	struct arena *arena;	  /* while it is taken: for the words of a refusal */
	bool is_stdio;
	void *transport; /* stdio: the front */
	/* HTTP */
	struct http_request *http; /* NULL: the client has gone, or was answered */
	bool may_stream, may_json, is_stream;
	struct timer quiet; /* opens the stream, and keeps it alive */
};

/* The front's half of an exchange without a session; in the exchange's arena. */
struct modern_call {
	struct modern_call *next, *prev; /* in fronts->calls */
	struct exchange *exchange;
	struct round round;
	bool is_open;	       /* the round waits for its answer; else the client was asked */
	struct parked *parked; /* from its first question on */
	uint64_t brought[16];  /* keys of answers that came with the request and were used */
	unsigned brought_n;
	struct err verdict; /* answered instead of what the gate says; ERR_NONE: nothing */
};

/* What a request says of its client, raw object. */
struct client_capabilities modern_capabilities(struct slice declared);
/* Is it for modern_take()? */
bool modern_is(const struct message *message);
/*
 * A request; round and caller are copied.  fault: what the intake said; then message is NULL or
 * tells the id.
 */
void modern_take(struct round *round, const struct caller *caller, struct intake *intake,
    const struct message *message, const struct err *fault);
/* notifications/cancelled over stdio; false: it is about no request that is open. */
bool modern_cancel(struct fronts *fronts, const struct message *message);
/* The client left before it was answered: that is how it cancels (basic/transports). */
void modern_gone(struct modern_call *call);
/* The same for all that came by a pipe. */
void modern_lost(struct fronts *fronts);
/* A round over stdio is in progress. */
bool modern_is_busy(const struct fronts *fronts);
/* The three of front_ops that are the same for all. */
void modern_tell(struct exchange *exchange, const struct tell *tell);
void modern_finish(struct exchange *exchange, const struct reply *reply);

/* ---- calls whose clients were asked (park.c) ------------------------------------------------- */

struct park *park_new(struct fronts *fronts);
void park_free(struct park **park);
unsigned park_count(const struct park *park); /* whose clients are away */
/* Nobody can come back any more, at all or by a pipe: they end. */
void park_give_up(struct park *park, bool only_stdio);
bool park_ask_wait(struct exchange *exchange, const struct question *question,
    struct answer *answer, struct err *err);
/* The round brings the sealed name of a parked call, and answers; false: reply->err says why not.
 */
MUST_CHECK bool park_resume(struct park *park, struct round *round, struct slice name,
    const struct message *message, struct reply *reply);
/* The call has finished, with the message that begins behind its id; true: it is kept. */
bool park_finish(struct modern_call *call, int status, const struct slice *parts, size_t n);

/* ---- what clients carry (state.c) ------------------------------------------------------------ */

#define STATE_TAG sizeof(((struct fronts *)0)->tag) /* eight hexadecimal digits, NUL */

enum state_kind {
	STATE_PARKED = 'p', /* the name of a parked call */
	STATE_PASSED = 'u', /* an upstream's own state, with the upstream's name */
};

/* To whom and to what a state belongs; parts are borrowed. */
struct state_binding {
	struct slice parts[4];
	char digest[65];
};
/* Of a request: its caller, its method, its params but for what a retry changes. ERR_LIMIT. */
MUST_CHECK bool state_bind(struct loop *loop, const struct caller *caller,
    const struct message *request, struct state_binding *binding, struct err *err);
/* Appends it as a JSON string. plain: at most SEAL_MAX_BYTES. */
void state_seal(const struct fronts *fronts, enum state_kind kind,
    const struct state_binding *binding, uint64_t expires_ms, struct slice plain, struct buf *out);
/*
 * Is it the name of a call that is parked in another process?  Then in which replica, as that one
 * calls itself; into the arena.
 */
MUST_CHECK bool state_owner(const struct fronts *fronts, const struct caller *caller,
    const struct message *request, struct arena *arena, struct slice *name);
/* The requestState of a request, opened into the arena; false: ERR_PARAMS and a text that says
 * what to do. */
MUST_CHECK bool
state_open(const struct fronts *fronts, const struct caller *caller, const struct message *request,
    struct arena *arena, enum state_kind *kind, struct slice *plain, struct err *err);

/* ---- replies (encode.c) ---------------------------------------------------------------------- */

#define MODERN_PARTS (SPLICE_PARTS + 4)
/* As encode_reply, for a round with this id; state: in place of result.requestState, raw, or
 * SLICE_NONE. */
size_t encode_modern(const struct exchange *exchange, struct slice id, const struct reply *reply,
    struct slice state, struct buf *scratch, struct slice parts[MODERN_PARTS]);
/* As encode_notice, on the stream of that subscription (a raw id). */
size_t encode_subscribed(const struct tell *tell, struct slice subscription, struct buf *scratch,
    struct slice parts[NOTICE_PARTS]);
/* The member of _meta that says who answers. */
#define SERVER_INFO \
	"\"" MCP_META "serverInfo\":{\"name\":\"bascule\",\"version\":\"" BASCULE_VERSION "\"}"

#endif

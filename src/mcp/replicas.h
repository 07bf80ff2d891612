/*
 * Private to mcp: the replicas behind one balancer (replicas.c).  What lives in one of them, a
 * session or a parked call, names it; a request that comes to another is handed to it, once
 * (front_forward.c).  They know each other by seal_key alone.
 */
#ifndef MCP_REPLICAS_H
#define MCP_REPLICAS_H

#include "mcp/mcp.h"

struct fronts;
struct forward;

/* Another one. */
struct replica {
	struct replica *next;
	char name[REPLICA_NAME_BYTES + 1];
	struct http_pool *pool;
	uint64_t failures; /* for the log */
};

struct replicas {
	struct loop *loop;
	struct seal *const *seal; /* the fronts' */
	char self[REPLICA_NAME_BYTES + 1];
	struct replica *peers;
	unsigned peers_n;
	struct slice address; /* SLICE_NONE: the peers are all there are */
	struct tls_files tls; /* our memory */
	struct forward *forwards;
	unsigned calls;	    /* of them, without streams that last */
	struct group group; /* their beginnings */
};

/*
 * As the configuration says, with the host's name where it says none; *out NULL: it says nothing of
 * replicas.  seal: of the key that they share.
 */
MUST_CHECK bool replicas_new(struct loop *loop, struct seal *const *seal,
    const struct config *config, struct replicas **out, struct err *err);
/* Once no forward is left, but perhaps some that begin: then in a task. */
void replicas_free(struct replicas **replicas);
/* Certificates and authorities of TLS whose files have changed; NULL: nothing. */
void replicas_renew(struct replicas *replicas);
/* NULL: it is this one, or there is none of that name. */
struct replica *replicas_find(struct replicas *replicas, struct slice name);

/* ---- ids of sessions ------------------------------------------------------------------------- */

#define SESSION_DIGITS	 32
#define SESSION_ID_BYTES (REPLICA_NAME_BYTES + 1 + SESSION_DIGITS + SEAL_TAG_TEXT + 1)

/* "NAME.", the digits, a tag that others cannot make. digits: SESSION_DIGITS of them. */
void replicas_id_make(const struct replicas *replicas, const char *digits, char out[]);
/* Whose session it is; NULL: this one's, nobody's, or not made by any of us. */
struct replica *replicas_of_id(struct replicas *replicas, struct slice id);

/* ---- the mark of a request that was handed on ------------------------------------------------ */

#define REPLICA_HEADER "Bascule-Forwarded"

/* What a mark is good for, besides the replica that it is for. */
struct replica_request {
	struct slice method, path, query, session;
};
/* Appends it: sealed, good for a minute. */
void replica_mark_put(const struct replicas *replicas, const struct replica *to,
    const struct replica_request *request, const struct caller *caller, struct buf *out);
/* Who sent the request to the other replica; in the arena.  ERR_REFUSED: it is no mark for it. */
MUST_CHECK bool replica_mark_open(const struct replicas *replicas, struct slice mark,
    const struct replica_request *request, struct arena *arena, struct caller *caller,
    struct err *err);

#endif

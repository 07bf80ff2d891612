/*
 * Private to the HTTP fronts: requests that belong to another replica (front_forward.c).
 */
#ifndef MCP_FRONT_FORWARD_H
#define MCP_FRONT_FORWARD_H

#include "mcp/front_http.h"

/* What the mark of a request is bound to. */
struct replica_request
front_forward_request(const struct http_request *http, const struct head *head);
/* The whole request of a session is there, and head->owner has the session. */
void
front_forward_session(struct front_http *front, struct http_request *http, const struct head *head);
/* A request whose call is parked in another replica: true, it was handed there. */
bool front_forward_state(struct front_http *front, struct http_request *http,
    const struct head *head, const struct message *message);
/* The client has gone. */
void front_forward_gone(enum user_kind *kind);
/* It has read what it was sent. */
void front_forward_drained(enum user_kind *kind);

#endif

/*
 * admin: what machines that watch the gateway ask of it: /health, /healthz, /readyz, /metrics, on
 * the same addresses as /mcp.  Nothing here asks a server anything: what is shown is what is known.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "gateway/gateway.h"

struct admin;
/* Puts the pages into the fronts. */
struct admin *admin_new(struct hub *hub, struct fronts *fronts);
/* Takes them out; before the hub goes. */
void admin_free(struct admin **admin);

#endif

/*
 * admin: what machines that watch the gateway ask of it: /health, /healthz, /readyz, /metrics, on
 * the same addresses as /mcp, and what they are sent: traces.  Nothing here asks a server anything:
 * what is shown is what is known.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "agents/agents.h"
#include "gateway/gateway.h"

/* ---- traces (traces.c) ----------------------------------------------------------------------- */

/*
 * Spans on their way to a collector, and the tracer that the hub gets them from.  config names one;
 * it is not needed afterwards.  NULL: ERR_LIMIT.
 */
struct traces;
struct traces *traces_open(struct loop *loop, const struct config_traces *config, struct err *err);
const struct tracer *traces_tracer(const struct traces *traces);
uint64_t traces_waiting(const struct traces *traces); /* spans */
/* After the hub has gone: what waits is sent, if that can be done within the time of a batch. */
void traces_close_wait(struct traces **traces); /* *traces NULL: nothing */

/* ---- pages ----------------------------------------------------------------------------------- */

struct admin;
/* Puts the pages into the fronts. */
struct admin *admin_new(struct hub *hub, struct fronts *fronts);
/* For the metrics; borrowed. */
void admin_set_traces(struct admin *admin, const struct traces *traces);
/* Takes them out; before the hub goes. */
void admin_free(struct admin **admin);

/* ---- the control socket (control.c) ---------------------------------------------------------- */

/*
 * state/<instance>/control.sock, for this user and root: a JSON object a line asks, an object a
 * line answers, {"result": ...} or {"error": {"kind", "message"}}.
 *
 *	{"op": "list"}			as agents_print_list()
 *	{"op": "show", "id": ID}	as agents_print_run()
 *	{"op": "cancel", "id": ID}	the same, once it was told to end
 *	{"op": "logs", "id": ID, "from": BYTE, "follow": BOOL}
 *		lines of {"from", "total", "bytes" (base64), "last"} up to one whose last is true:
 *		all there is, or (follow) when there will be no more
 */
#define CONTROL_SOCKET	      "control.sock"
#define CONTROL_REQUEST_BYTES (64 * KIB)
#define CONTROL_ANSWER_BYTES  (64 * MIB)

struct control;
/* slot_dir is this process's: what another one left there is replaced.  ERR_CONFIG: others may
 * write there; ERR_UNAVAILABLE.  agents lives longer. */
struct control *
control_open(struct loop *loop, struct agents *agents, const char *slot_dir, struct err *err);
/* Cuts who is connected; *control NULL: nothing. */
void control_close_wait(struct control **control);
/*
 * The other end, for commands; blocks.  *fd -1: nobody listens there.  ERR_REFUSED: it is somebody
 * else's.
 */
MUST_CHECK bool control_connect(const char *slot_dir, int *fd, struct err *err);

#endif

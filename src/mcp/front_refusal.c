/*
 * What was turned away before there was an exchange: the front answers it alone, and the gate is
 * told why and from where, so that it can be written down.  The answer has been decided already;
 * nothing here changes it.
 */
#include <string.h>

#include "mcp/front.h"

/* What a status says of the reason; several have the same. */
static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 400, "message" },
	{ 401, "key" },
	{ 403, "origin" },
	{ 404, "target" },
	{ 405, "method" },
	{ 406, "accept" },
	{ 408, "slow" },
	{ 413, "size" },
	{ 414, "size" },
	{ 415, "type" },
	{ 417, "message" },
	{ 421, "host" },
	{ 429, "limit" },
	{ 431, "size" },
	{ 501, "method" },
	{ 503, "limit" },
};

static const char *
reason_of(int status, enum errkind kind)
{
	if (kind == ERR_LIMIT)
		return "limit";
	if (kind == ERR_STRANGER)
		return "key";
	if (status == 403 && kind == ERR_REFUSED)
		return "replica";
	if (status == 503 && kind == ERR_UNAVAILABLE)
		return "stopping";
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "message";
}

/* Without its port, which says nothing. */
static void
host_print(const struct address *peer, char text[ADDRESS_TEXT])
{
	size_t n;
	char *end;

	text[0] = '\0';
	if (peer == NULL || peer->is_unix)
		return;
	address_print(peer, text);
	end = strrchr(text, ':');
	if (end != NULL)
		*end = '\0';
	n = strlen(text);
	if (n < 2 || text[0] != '[')
		return;
	memmove(text, text + 1, n - 2);
	text[n - 2] = '\0';
}

void
front_refused(
    struct fronts *fronts, int status, enum errkind kind, const struct address *peer, bool is_stdio)
{
	const struct mcp_gate *gate = fronts->gate;
	struct mcp_refusal refusal = { .reason = reason_of(status, kind),
		.transport = is_stdio ? "stdio" : "http" };

	if (gate->refused == NULL)
		return;
	host_print(is_stdio ? NULL : peer, refusal.address);
	gate->refused(gate->owner, &refusal);
}

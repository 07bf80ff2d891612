/*
 * What clients are told of the issuer whose tokens are taken (`auth.jwt`): the protected resource
 * metadata (RFC 9728) and the challenge that names it (RFC 6750, MCP authorization).  And requests
 * that wait until the issuer has told its keys.
 */
#include <string.h>

#include "mcp/front_http.h"

#define WELL_KNOWN   "/.well-known/oauth-protected-resource"
#define METADATA_MAX (64 * KIB)
#define WAITING_MAX  256 /* heads; more of them are turned away */

/* Origin, and what stands behind it without a slash at the end. */
static void
resource_split(const struct config_jwt *jwt, struct slice *origin, struct slice *path)
{
	struct slice whole = jwt->resource;
	const char *at = whole.n > 8 ? memchr(whole.p + 8, '/', whole.n - 8) : NULL;

	*origin = at == NULL ? whole : (struct slice){ whole.p, (size_t)(at - whole.p) };
	*path = (struct slice){ origin->p + origin->n, whole.n - origin->n };
	while (slice_ends(*path, S("/")))
		path->n--;
}

bool
front_oauth_is_metadata(const struct front_http *front, struct slice path)
{
	const struct config_jwt *jwt = auth_tokens(front->fronts->auth);
	struct slice origin, own, rest;

	if (jwt == NULL || !slice_starts(path, S(WELL_KNOWN)))
		return false;
	resource_split(jwt, &origin, &own);
	rest = (struct slice){ path.p + strlen(WELL_KNOWN), path.n - strlen(WELL_KNOWN) };
	return rest.n == 0 || slice_eq(rest, S("/mcp")) || slice_eq(rest, own);
}

void
front_oauth_show(struct front_http *front, struct http_request *http)
{
	const struct config_jwt *jwt = auth_tokens(front->fronts->auth);
	struct buf out;

	if (jwt == NULL) { /* a reload came in between */
		http_respond(http, 404, SLICE_NONE, SLICE_NONE, NULL, 0);
		return;
	}
	buf_init(&out, NULL, METADATA_MAX);
	buf_puts(&out, "{\"resource\":");
	buf_json_string(&out, jwt->resource);
	buf_puts(&out, ",\"authorization_servers\":[");
	buf_json_string(&out, jwt->issuer);
	buf_puts(&out, "],");
	for (size_t i = 0; i < jwt->scopes_n; i++) {
		buf_puts(&out, i == 0 ? "\"scopes_supported\":[" : ",");
		buf_json_string(&out, jwt->scopes[i]);
	}
	buf_puts(&out, jwt->scopes_n > 0 ? "]," : "");
	buf_puts(&out, "\"bearer_methods_supported\":[\"header\"],\"resource_name\":\"bascule\"}");
	http_respond(http, 200, S("Access-Control-Allow-Origin: *\r\n"), S("application/json"),
	    &(struct slice){ out.p, out.n }, 1);
	buf_fini(&out);
}

struct slice
front_oauth_challenge(
    const struct front_http *front, const struct http_request *http, const char *error)
{
	const struct config_jwt *jwt = auth_tokens(front->fronts->auth);
	struct slice origin, path, line;
	struct buf out;

	if (jwt == NULL)
		return S("WWW-Authenticate: Bearer\r\n");
	resource_split(jwt, &origin, &path);
	buf_init(&out, NULL, METADATA_MAX);
	buf_printf(&out, "WWW-Authenticate: Bearer resource_metadata=\"%.*s" WELL_KNOWN "%.*s\"",
	    SLICE_FMT(origin), SLICE_FMT(path));
	for (size_t i = 0; i < jwt->scopes_n; i++)
		buf_printf(&out, "%s%.*s", i == 0 ? ", scope=\"" : " ", SLICE_FMT(jwt->scopes[i]));
	buf_puts(&out, jwt->scopes_n > 0 ? "\"" : "");
	if (error != NULL)
		buf_printf(&out, ", error=\"%s\"", error);
	line = arena_printf(http->arena, "%.*s\r\n", SLICE_FMT(buf_view(&out)));
	buf_fini(&out);
	return line;
}

/* ---- heads that wait ------------------------------------------------------------------------- */

bool
head_hold(struct front_http *front, struct http_request *http, struct head *head)
{
	struct fronts *fronts = front->fronts;

	if (fronts->waiting_n >= WAITING_MAX)
		return false;
	head->front = front;
	head->http = http;
	head->waits = head->has_waited = true;
	head->next = fronts->waiting;
	head->prev = NULL;
	if (head->next != NULL)
		head->next->prev = head;
	fronts->waiting = head;
	fronts->waiting_n++;
	http_request_hold(http);
	return true;
}

void
head_let_go(struct head *head)
{
	struct fronts *fronts;

	if (!head->waits)
		return;
	fronts = head->front->fronts;
	head->waits = false;
	fronts->waiting_n--;
	if (head->prev != NULL)
		head->prev->next = head->next;
	else
		fronts->waiting = head->next;
	if (head->next != NULL)
		head->next->prev = head->prev;
}

void
front_oauth_answered(void *owner)
{
	struct fronts *fronts = owner;

	/* None that is looked at again waits again. */
	while (fronts->waiting != NULL) {
		struct head *head = fronts->waiting;
		struct front_http *front = head->front;
		struct http_request *http = head->http;

		head_let_go(head);
		if (head_look(front, http))
			http_request_go(http);
	}
}

/*
 * What an upstream tells of no call in progress, and whom: of a client's own session that client,
 * of a shared one those whom it is about, as a member of each notification says.
 */
#include "gateway/link.h"

#define TOKEN_MAX_BYTES (4 * KIB)

/* A string of params as it is written; false: it is none, or too long to matter. */
static bool
token_param(const struct tell *tell, struct slice key, struct slice *token)
{
	return json_type(tell->params) == JSON_OBJECT && json_find(tell->params, key, token) &&
	    json_type(*token) == JSON_STRING && token->n <= TOKEN_MAX_BYTES;
}

/* ---- resources/updated ----------------------------------------------------------------------- */

/* The resource has the name that the client knows. */
static void
tell_updated(struct link *link, struct client *client, const struct tell *tell, struct slice token,
    struct slice uri)
{
	struct catalogue *view = client_view(hub_of(link), client);
	struct tell named = *tell;
	struct slice shown;
	struct arena arena;
	struct buf text;
	struct err err;

	arena_init(&arena, NULL, 64 * KIB);
	buf_init(&text, NULL, 64 * KIB);
	if (view != NULL &&
	    catalogue_client_uri(view, &arena, &link->upstream->provider, uri, &shown, &err) &&
	    !slice_eq(shown, uri)) {
		buf_json_string(&text, shown);
		named.named = (struct edit){ token, buf_view(&text) };
	}
	if (client->session != NULL &&
	    (link->is_own || client_is_subscribed(client, &link->upstream->provider, uri)))
		session_tell(client->session, &named);
	listens_tell_updated(client, &link->upstream->provider, uri, &named);
	buf_fini(&text);
	arena_fini(&arena);
}

static void
updated(struct link *link, const struct tell *tell)
{
	struct hub *hub = hub_of(link);
	struct slice token, uri;
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, 64 * KIB);
	if (!token_param(tell, S("uri"), &token) || !arena_reserve(&arena, token.n, &err) ||
	    !json_string(&arena, token, &uri, &err)) {
		arena_fini(&arena);
		return;
	}
	if (link->is_own)
		tell_updated(link, link->client, tell, token, uri);
	for (struct client *c = hub->clients.next; !link->is_own && c != &hub->clients;
	     c = c->next) {
		if (client_is_subscribed(c, &link->upstream->provider, uri) ||
		    listens_hear(c, &link->upstream->provider, uri))
			tell_updated(link, c, tell, token, uri);
	}
	arena_fini(&arena);
}

/* ---- what else a shared session tells -------------------------------------------------------- */

/* Who was sent to a page, or began a task; ids are compared as they are written. */
static void
tell_owner(struct link *link, const struct tell *tell)
{
	bool is_task = tell->method == MCP_TASK_STATUS;
	struct hub *hub = hub_of(link);
	const struct client *asked = NULL;
	struct slice id;

	if (!token_param(tell, is_task ? S("taskId") : S("elicitationId"), &id))
		return;
	if (!is_task)
		asked = index_find(hub->asked, id);
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next) {
		if (c->session != NULL &&
		    (is_task ? index_find(c->tasks, id) == &link->upstream->provider : c == asked))
			session_tell(c->session, tell);
	}
}

/* Whose call waits for that page may make it again. */
static void
visit_done(struct link *link, const struct tell *tell)
{
	struct slice id;

	if (tell->method == MCP_ELICITATION_COMPLETE && token_param(tell, S("elicitationId"), &id))
		visits_done(hub_of(link), id);
}

/* Of a task that a call began: the token of the call is that of the task. */
static void
tell_task_progress(struct link *link, const struct tell *tell)
{
	struct hub *hub = hub_of(link);
	struct tell named = *tell;
	int64_t number;

	if (!json_int(tell->token, &number) || number <= 0)
		return;
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next) {
		struct slice token = client_token(c, link->connection, (uint64_t)number);

		if (token.p == NULL || c->session == NULL)
			continue;
		named.named = (struct edit){ tell->token, token };
		session_tell(c->session, &named);
	}
}

/* A log message of no call is told only where it can be but one client's. */
static void
tell_only(struct link *link, const struct tell *tell)
{
	struct hub *hub = hub_of(link);
	struct client *only = NULL;
	struct slice level;

	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next) {
		if (!upstream_shares(link->upstream, c))
			continue;
		if (only != NULL)
			return;
		only = c;
	}
	/* Without a session there is nowhere to say what belongs to no request. */
	if (only != NULL && only->session != NULL && token_param(tell, S("level"), &level) &&
	    client_wants_level(only, mcp_log_level_find(level)))
		session_tell(only->session, tell);
}

/* To those who listen, by the id that they know. */
static void
tell_task(struct link *link, const struct tell *tell)
{
	struct hub *hub = hub_of(link);
	struct slice id;

	if ((tell->method != MCP_TASK_TOLD && tell->method != MCP_TASK_STATUS) ||
	    !token_param(tell, S("taskId"), &id))
		return;
	if (tell->method == MCP_TASK_STATUS) {
		link_held_status(link, id);
		return;
	}
	for (struct client *c = hub->clients.next; c != &hub->clients; c = c->next)
		listens_tell_task(c, &link->upstream->provider, id, id, tell);
}

static void
notice_pass(struct link *link, const struct tell *tell)
{
	visit_done(link, tell);
	tell_task(link, tell);
	if (tell->method == MCP_RESOURCE_UPDATED)
		updated(link, tell);
	else if (link->is_own && link->client->session == NULL)
		return;
	else if (tell->method == MCP_PROGRESS)
		tell_task_progress(link, tell);
	else if (link->is_own && tell->method != MCP_TASK_TOLD)
		session_tell(link->client->session, tell);
	else if (tell->method == MCP_LOG_MESSAGE)
		tell_only(link, tell);
	else if (tell->method != MCP_TASK_TOLD)
		tell_owner(link, tell);
}

void
link_notice(struct link *link, const struct tell *tell)
{
	struct tell passed = *tell;
	struct buf room;

	if (link->is_own && link->client == NULL)
		return;
	buf_init(&room, NULL, 0);
	if (pipeline_notice(hub_of(link), name_of(link), &passed, &room))
		notice_pass(link, &passed);
	buf_fini(&room);
}

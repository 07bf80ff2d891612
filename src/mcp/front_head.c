/*
 * What the head of a request decides: who sends it, what it is for, and whether its body is read at
 * all.  Every refusal is in head_check() and the checks above it, in the order in which clients
 * meet them; pages of others (health, metrics) are shown here too.
 */
#include <string.h>

#include "mcp/front_forward.h"

#define PAGE_BYTES (16 * MIB)

/* ---- what is refused before the body --------------------------------------------------------- */

/* Answers with a JSON-RPC error that has no id. */
void
front_http_error(struct front_http *front, struct http_request *http, int status,
    struct slice extra, struct slice id, const struct err *err)
{
	struct reply reply = { .err = *err };
	struct address peer = *http->peer; /* it may be gone when it was answered */

	buf_clear(&front->scratch);
	encode_error(&front->scratch, id, &reply);
	http_respond(http, status, extra, S("application/json"),
	    &(struct slice){ front->scratch.p, front->scratch.n }, 1);
	front_refused(front->fronts, status, err->kind, &peer, false);
}

/* "host:port", "[::1]:port" or "host": the host without brackets; false: it is none of these. */
static bool
authority_host(struct slice authority, struct slice *host)
{
	struct slice rest;
	uint64_t port;

	if (authority.n > 0 && authority.p[0] == '[') {
		authority.p++;
		authority.n--;
		*host = slice_cut(authority, ']', &rest);
		if (rest.n > 0 && rest.p[0] != ':')
			return false;
		if (rest.n > 0)
			slice_cut(rest, ':', &rest);
		else
			rest = SLICE_NONE;
	} else {
		*host = slice_cut(authority, ':', &rest);
	}
	return rest.p == NULL || slice_to_u64(rest, UINT16_MAX, &port);
}

static bool
host_is_allowed(const struct front_http *front, struct slice authority)
{
	struct slice host;
	struct address literal;
	char text[ADDRESS_TEXT];
	struct buf buf;
	bool is_literal;
	struct err err;

	if (!authority_host(authority, &host))
		return false;
	if (url_host_is_loopback(host))
		return true;
	for (size_t i = 0; i < front->hosts_n; i++) {
		if (slice_eq_nocase(host, front->hosts[i]) ||
		    slice_eq_nocase(authority, front->hosts[i]))
			return true;
	}
	if (front->is_loopback || host.n == 0 || host.n >= sizeof(text) - 8)
		return false;
	/* A literal address cannot be the name of a DNS rebinding attack. */
	buf_init(&buf, NULL, ADDRESS_TEXT);
	buf_printf(
	    &buf, memchr(host.p, ':', host.n) != NULL ? "[%.*s]:1" : "%.*s:1", SLICE_FMT(host));
	is_literal = address_parse(buf_view(&buf), &literal, &err);
	buf_fini(&buf);
	return is_literal;
}

static bool
origin_is_allowed(const struct front_http *front, struct slice origin)
{
	struct slice rest = SLICE_NONE;

	slice_cut(origin, ':', &rest);
	if (!slice_starts(rest, S("//")))
		return false;
	rest.p += 2;
	rest.n -= 2;
	return host_is_allowed(front, rest);
}

static bool
accepts(struct slice accept, struct slice type)
{
	struct slice rest = accept, item, parameters;

	while (rest.p != NULL) {
		item = slice_cut(rest, ',', &rest);
		item = slice_trim(slice_cut(item, ';', &parameters));
		if (slice_eq_nocase(item, type) || slice_eq(item, S("*/*")))
			return true;
		if (slice_ends(item, S("/*")) &&
		    slice_starts(type, (struct slice){ item.p, item.n - 1 }))
			return true;
	}
	return false;
}

/* ---- what is served where -------------------------------------------------------------------- */

static const struct place places[] = {
	{ S("/mcp"), S("POST, GET, DELETE"), false, &http_session_ops },
	{ S("/sse"), S("POST, GET, DELETE"), true, &http_session_ops },
	{ S("/messages"), S("POST"), false, &sse_session_ops },
};

static const struct place *
place_find(struct slice path)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		if (slice_eq(places[i].path, path))
			return &places[i];
	}
	return NULL;
}

static bool
is_listed(struct slice list, struct slice word)
{
	struct slice rest = list;

	while (rest.p != NULL) {
		if (slice_eq(slice_trim(slice_cut(rest, ',', &rest)), word))
			return true;
	}
	return false;
}

static struct slice
query_value(struct slice query, struct slice name)
{
	struct slice rest = query, value;

	while (rest.p != NULL) {
		struct slice key = slice_cut(slice_cut(rest, '&', &rest), '=', &value);

		if (slice_eq(key, name))
			return value;
	}
	return SLICE_NONE;
}

/* What the place makes of the fields. */
static void
head_settle(const struct front_http *front, const struct http_request *http, struct head *head)
{
	bool is_stateless = front->fronts->limits.is_stateless;
	enum mcp_revision revision;

	head->is_late =
	    head->version.p != NULL && !mcp_revision_find_legacy(head->version, &revision);
	head->is_modern = head->is_late && mcp_revision_find(head->version, &revision);
	head->is_post = slice_eq(http->method, S("POST"));
	head->is_get = slice_eq(http->method, S("GET"));
	head->place = place_find(http->path);
	if (head->place == NULL)
		return;
	if (head->place->ops == &sse_session_ops)
		head->session = query_value(http->query, S("sessionId"));
	else if (is_stateless)
		head->session = SLICE_NONE;
	if (!head->place->always_streams)
		return;
	head->takes_json = false;
	head->takes_stream = true;
	head->opens_sse = head->is_get && head->session.p == NULL && !head->is_modern;
}

static void
head_read(const struct front_http *front, const struct http_request *http, struct head *head)
{
	const struct {
		struct slice name;
		struct slice *to;
	} fields[] = {
		{ S("Host"), &head->host },
		{ S("Accept"), &head->accept },
		{ S("Content-Type"), &head->type },
		{ S(SESSION_HEADER), &head->session },
		{ S("MCP-Protocol-Version"), &head->version },
		{ S("Origin"), &head->origin },
		{ S("Last-Event-ID"), &head->last_event },
		{ S("traceparent"), &head->traceparent },
		{ S("tracestate"), &head->tracestate },
	};

	for (unsigned i = 0; i < http->headers_n; i++) {
		for (size_t k = 0; k < COUNT(fields); k++) {
			if (fields[k].to->p == NULL &&
			    slice_eq_nocase(http->headers[i].name, fields[k].name)) {
				*fields[k].to = http->headers[i].value;
				break;
			}
		}
	}
	/* What nearly all clients send; no field, or any type, asks for JSON. */
	if (slice_eq(head->accept, S("application/json, text/event-stream"))) {
		head->takes_json = head->takes_stream = true;
	} else if (head->accept.p == NULL || slice_eq(head->accept, S("*/*"))) {
		head->takes_json = true;
	} else {
		head->takes_json = accepts(head->accept, S("application/json"));
		head->takes_stream = accepts(head->accept, S("text/event-stream"));
	}
	head_settle(front, http, head);
}

static bool
accept_is_usable(const struct head *head)
{
	if (head->opens_sse && head->accept.p == NULL)
		return true;
	if (head->is_get)
		return accepts(head->accept, S("text/event-stream"));
	return !head->is_post || head->takes_json || head->takes_stream ||
	    head->place->ops == &sse_session_ops;
}

/* NULL: unknown, another's, or of another transport. */
struct session *
head_session(const struct front_http *front, const struct head *head)
{
	struct session *session = session_find(front->fronts, head->session, &head->caller);

	return session != NULL && session->ops == head->place->ops ? session : NULL;
}

/* Without sessions nothing is there to listen to, or to end. */
static struct slice
methods_of(const struct front_http *front, const struct head *head)
{
	bool is_stateless = front->fronts->limits.is_stateless;

	return (is_stateless || head->is_modern) && !head->opens_sse ? S("POST")
								     : head->place->methods;
}

#define REFUSE(status, kind, ...) (err_set(err, kind, __VA_ARGS__), status)

/* What it brought for Atlassian; under `auth: tenants` that is who sends. */
MUST_CHECK static bool
credentials_find(const struct front_http *front, const struct http_request *http, struct head *head,
    struct err *err)
{
	const struct auth *auth = front->fronts->auth;
	char *name;

	if (!auth_has_sites(auth))
		return true;
	if (!credentials_read(auth, http->headers, http->headers_n, &head->credentials, err))
		return false;
	if (!auth_is_tenants(auth) || !credentials_have_secret(&head->credentials))
		return true;
	name = arena_bytes(http->arena, TENANT_NAME_BYTES);
	credentials_name(&head->credentials, front->fronts->salt, name);
	head->caller.principal = slice_of(name);
	return true;
}

/* Finds the caller by what the request brings; pages do not wait for the issuer of a token. */
static enum auth_answer
caller_find(const struct front_http *front, const struct http_request *http, struct head *head,
    bool may_wait, struct err *err)
{
	struct auth *auth = front->fronts->auth;
	struct auth_fields fields;
	enum auth_answer answer;
	struct caller caller;

	head->caller = auth_anonymous();
	if (!auth_asks(auth) || auth_is_tenants(auth))
		return credentials_find(front, http, head, err) ? AUTH_KNOWN : AUTH_STRANGER;
	fields = (struct auth_fields){
		.authorization = http_request_header(http, S("authorization")),
		.key = http_request_header(http, S("x-bascule-key")),
		.is_doubled = http_request_header_count(http, S("authorization")) > 1 ||
		    http_request_header_count(http, S("x-bascule-key")) > 1,
	};
	answer = auth_look(auth, &fields, may_wait, &caller, &head->why);
	if (answer != AUTH_KNOWN)
		return answer;
	/* A reload may come before the body does. */
	head->caller.principal = slice_dup(http->arena, caller.principal);
	if (caller.tenant.p != NULL)
		head->caller.tenant = slice_dup(http->arena, caller.tenant);
	head->has_key = true;
	return credentials_find(front, http, head, err) ? AUTH_KNOWN : AUTH_STRANGER;
}

const struct head *
head_of(const struct http_request *http)
{
	const enum user_kind *kind = http->user;

	must(*kind == USER_HEAD);
	return CONTAINER(kind, const struct head, kind);
}

static int
refuse_stranger(
    struct front_http *front, const struct http_request *http, struct slice *extra, struct err *err)
{
	struct fronts *fronts = front->fronts;
	const struct auth_why *why = &head_of(http)->why;
	char peer[ADDRESS_TEXT];

	/* Of each reason too. */
	fronts->strangers++;
	if (log_is_due(fronts->strangers) || (why->text != NULL && log_is_due(why->times))) {
		address_print(http->peer, peer);
		log_event(loop_log(fronts->loop), LOG_WARN, "auth_refused",
		    "%s: a request without a valid key or credential%s%s (%llu so far)", peer,
		    why->text != NULL ? ", its token: " : "", why->text != NULL ? why->text : "",
		    (unsigned long long)fronts->strangers);
	}
	*extra = front_oauth_challenge(front, http, why->text != NULL ? "invalid_token" : NULL);
	if (err->kind != ERR_NONE) /* what makes no sense about its credential */
		return 401;
	if (auth_is_tenants(fronts->auth))
		return REFUSE(401, ERR_STRANGER,
		    "a credential for Jira or Confluence is needed: \"Authorization: Bearer TOKEN\", "
		    "\"X-Jira-Token: PAT\" or \"X-Confluence-Token: PAT\"");
	if (auth_tokens(fronts->auth) != NULL)
		return REFUSE(401, ERR_REQUEST,
		    "a valid token of the authorization server is needed, or a key: "
		    "\"Authorization: Bearer TOKEN\"");
	return REFUSE(401, ERR_REQUEST,
	    "a valid key is needed: \"Authorization: Bearer KEY\" or \"X-Bascule-Key: KEY\"");
}

/* What a token may not do, and where no token can be looked at. */
static int
refuse_token(struct front_http *front, const struct http_request *http, enum auth_answer answer,
    struct slice *extra, struct err *err)
{
	if (answer == AUTH_SCOPE) {
		*extra = front_oauth_challenge(front, http, "insufficient_scope");
		return REFUSE(403, ERR_STRANGER, "the token lacks a scope that is needed here");
	}
	if (answer == AUTH_BLIND) {
		*extra = S("Retry-After: 5\r\n");
		return REFUSE(503, ERR_STRANGER, "tokens cannot be checked now: try again later");
	}
	return refuse_stranger(front, http, extra, err);
}

const struct front_page *
front_page_find(const struct fronts *fronts, struct slice path)
{
	for (size_t i = 0; i < fronts->pages_n; i++)
		if (slice_eq(fronts->pages[i].path, path))
			return &fronts->pages[i];
	return NULL;
}

/* On this machine, and not a proxy there that speaks for others. */
static bool
is_local(const struct http_request *http)
{
	return address_is_loopback(http->peer) &&
	    http_request_header(http, S("x-forwarded-for")).p == NULL &&
	    http_request_header(http, S("forwarded")).p == NULL;
}

/* A credential that nobody has confirmed yet earns no trust. */
static bool
is_trusted(const struct http_request *http)
{
	return head_of(http)->has_key || is_local(http);
}

static int
page_check(struct front_http *front, const struct front_page *page, const struct http_request *http,
    struct slice *extra, struct err *err)
{
	if (!slice_eq(http->method, S("GET")) && !slice_eq(http->method, S("HEAD"))) {
		*extra = S("Allow: GET, HEAD\r\n");
		return REFUSE(
		    405, ERR_REQUEST, "method %.*s is not allowed", SLICE_FMT(http->method));
	}
	if (page != NULL && page->needs_trust && auth_asks(front->fronts->auth) &&
	    !is_trusted(http))
		return refuse_stranger(front, http, extra, err);
	return 0;
}

void
front_page_show(struct front_http *front, const struct front_page *page, struct http_request *http)
{
	struct err err = { 0 };
	struct buf out;
	int status;

	buf_init(&out, NULL, PAGE_BYTES);
	status = page->show(front->fronts->pages_owner, is_trusted(http), &out);
	if (buf_check(&out, &err))
		http_respond(http, status, S("Cache-Control: no-store\r\n"), page->type,
		    &(struct slice){ out.p, out.n }, 1);
	else
		front_http_error(front, http, 500, SLICE_NONE, SLICE_NONE, &err);
	buf_fini(&out);
}

/* A page of another site must not reach us through the browser of somebody here. */
static int
authority_check(const struct front_http *front, const struct head *head, struct err *err)
{
	if (!front->is_unix && !host_is_allowed(front, head->host))
		return REFUSE(421, ERR_REQUEST, "Host \"%.*s\" is not served here (listen.hosts)",
		    SLICE_FMT(head->host));
	if (head->origin.p != NULL && !origin_is_allowed(front, head->origin))
		return REFUSE(403, ERR_REQUEST, "Origin \"%.*s\" is not allowed (listen.hosts)",
		    SLICE_FMT(head->origin));
	return 0;
}

/* What is asked for here, now and by this method. */
static int
method_check(const struct front_http *front, const struct http_request *http,
    const struct head *head, struct slice *extra, struct err *err)
{
	struct slice methods = methods_of(front, head);

	if (!is_listed(methods, http->method)) {
		*extra = arena_printf(http->arena, "Allow: %.*s\r\n", SLICE_FMT(methods));
		return REFUSE(
		    405, ERR_REQUEST, "method %.*s is not allowed", SLICE_FMT(http->method));
	}
	if (front->fronts->is_draining && (head->is_post || head->opens_sse) &&
	    head->session.p == NULL) {
		*extra = S("Retry-After: 5\r\n");
		return REFUSE(503, ERR_UNAVAILABLE, "bascule is stopping");
	}
	return 0;
}

bool
head_version_error(const struct head *head, struct err *err)
{
	return err_set(err, ERR_REQUEST,
	    "MCP-Protocol-Version \"%.*s\" is not supported here (%s is)",
	    (int)(head->version.n > 64 ? 64 : head->version.n), head->version.p,
	    mcp_revision_name(MCP_NEWEST_LEGACY));
}

/* How the client writes, reads, and which revision it speaks. */
static int
fields_check(const struct head *head, struct err *err)
{
	struct slice parameters;

	if (head->is_post &&
	    !slice_eq_nocase(
		slice_trim(slice_cut(head->type, ';', &parameters)), S("application/json")))
		return REFUSE(415, ERR_REQUEST, "Content-Type must be application/json");
	if (!accept_is_usable(head))
		return REFUSE(406, ERR_REQUEST, "Accept must name %stext/event-stream",
		    head->is_get ? "" : "application/json and ");
	if (head->is_late && (!head->is_post || head->place->ops == &sse_session_ops))
		return (head_version_error(head, err), 400);
	return 0;
}

/* One of another replica is that one's to look at, but is handed on once and no more. */
static int
session_check(const struct front_http *front, struct head *head, struct err *err)
{
	struct replicas *replicas = front->fronts->replicas;

	/* Of no session, whatever its header says (2026-07-28, Streamable HTTP). */
	if (head->is_late)
		return 0;
	if (head->session.p != NULL && head_session(front, head) == NULL) {
		if (replicas != NULL && !head->is_forwarded)
			head->owner = replicas_of_id(replicas, head->session);
		if (head->owner == NULL)
			return REFUSE(
			    404, ERR_REQUEST, "unknown or ended session: initialize again");
	}
	if (head->session.p == NULL && head->place->ops == &sse_session_ops)
		return REFUSE(400, ERR_REQUEST, "sessionId is missing: GET /sse tells it");
	if (head->session.p == NULL && !head->is_post && !head->opens_sse)
		return REFUSE(400, ERR_REQUEST, SESSION_HEADER " is missing");
	return 0;
}

/* Does it say that another replica has handed it here?  Then that one has looked at who sends. */
static int
mark_check(const struct front_http *front, const struct http_request *http, struct head *head,
    struct err *err)
{
	const struct replicas *replicas = front->fronts->replicas;
	struct replica_request request;
	struct slice mark;
	unsigned n;

	if (replicas == NULL)
		return 0;
	mark = http_request_header_counted(http, S(REPLICA_HEADER), &n);
	if (n == 0)
		return 0;
	if (n > 1)
		return REFUSE(403, ERR_REFUSED, REPLICA_HEADER " came twice");
	request = front_forward_request(http, head);
	if (!replica_mark_open(replicas, mark, &request, http->arena, &head->caller, err))
		return 403;
	head->is_forwarded = true;
	return 0;
}

/* Who sends: as the mark says, or as the request itself does. */
static enum auth_answer
sender_find(const struct front_http *front, const struct http_request *http, struct head *head,
    bool may_wait, struct err *err)
{
	struct caller said = head->caller;
	bool ok;

	if (!head->is_forwarded)
		return caller_find(front, http, head, may_wait, err);
	ok = credentials_find(front, http, head, err);
	head->caller = said;
	return ok ? AUTH_KNOWN : AUTH_STRANGER;
}

int
head_check(
    struct front_http *front, struct http_request *http, struct slice *extra, struct err *err)
{
	struct head *head = ARENA_NEW(http->arena, struct head);
	const struct front_page *page = front_page_find(front->fronts, http->path);
	enum auth_answer answer;
	bool may_wait;
	int status;

	head->has_waited = http->user != NULL && head_of(http)->has_waited;
	head->kind = USER_HEAD;
	http->user = &head->kind;
	head_read(front, http, head);
	status = mark_check(front, http, head, err);
	if (status == 0 && !head->is_forwarded)
		status = authority_check(front, head, err);
	if (status != 0)
		return status;
	head->is_metadata = front_oauth_is_metadata(front, http->path);
	may_wait = !head->is_metadata && page == NULL && head->place != NULL && !head->has_waited;
	answer = sender_find(front, http, head, may_wait, err);
	if (page != NULL || head->is_metadata)
		return page_check(front, page, http, extra, err);
	if (head->place == NULL)
		return REFUSE(404, ERR_REQUEST, "nothing at \"%.*s\": the endpoint is /mcp",
		    SLICE_FMT(http->path));
	if (answer == AUTH_WAIT)
		return head_hold(front, http, head)
		    ? HEAD_WAITS
		    : refuse_token(front, http, AUTH_BLIND, extra, err);
	if (answer != AUTH_KNOWN)
		return refuse_token(front, http, answer, extra, err);
	status = method_check(front, http, head, extra, err);
	if (status == 0)
		status = fields_check(head, err);
	if (status == 0)
		status = session_check(front, head, err);
	return status;
}
#undef REFUSE

bool
head_turn_away(struct front_http *front, struct http_request *http, const struct head *head,
    const struct message *message)
{
	struct slice extra = SLICE_NONE;
	struct err err = { 0 };
	int status;

	if (!auth_needs_credentials(front->fronts->auth) || message == NULL ||
	    message->kind != MESSAGE_REQUEST || mcp_method_is_open(message->method) ||
	    credentials_have_secret(&head->credentials))
		return false;
	status = refuse_stranger(front, http, &extra, &err);
	front_http_error(front, http, status, extra, front_id_of(message), &err);
	return true;
}

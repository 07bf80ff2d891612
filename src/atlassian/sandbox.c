/*
 * The sandbox's server: base paths, credentials, the router, and the way of one request through
 * them.  What an answer holds is the business of the routes (sandbox_jira*.c, sandbox_wiki*.c).
 *
 * Everything is answered at once, on the loop, but what --fault holds back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atlassian/sandbox_server.h"

#define MEMORY_BYTES (256 * MIB)
#define ANSWER_BYTES (128 * MIB)

/* Longest first where one begins with another. */
const struct sandbox_base sandbox_bases[] = {
	{ "Confluence Cloud", "/cloud/wiki", true, true },
	{ "Jira Cloud", "/cloud", true, false },
	{ "Jira Data Center", "/jira", false, false },
	{ "Confluence Data Center", "/confluence", false, true },
	{ "Jira Data Center, staging", "/staging/jira", false, false },
	{ "Confluence Data Center, staging", "/staging/confluence", false, true },
};
const size_t sandbox_bases_n = COUNT(sandbox_bases);

static const struct {
	const char *name, *title, *jira, *wiki, *cloud_id;
	bool is_cloud;
} worlds[WORLDS] = {
	{ "dc", "Sandbox", "/jira", "/confluence", "", false },
	{ "cloud", "Sandbox Cloud", "/cloud", "/cloud/wiki", "11111111-2222-4333-8444-555555555555",
	    true },
	{ "staging", "Staging", "/staging/jira", "/staging/confluence", "", false },
};

static const struct routes *const tables[2][12] = {
	{ &sandbox_jira_issue_routes, &sandbox_jira_meta_routes, &sandbox_jira_part_routes,
	    &sandbox_jira_agile_routes, &sandbox_jira_worklog_routes, &sandbox_jira_desk_routes,
	    &sandbox_jira_form_routes, &sandbox_jira_extra_routes, NULL },
	{ &sandbox_wiki_content_routes, &sandbox_wiki_part_routes, &sandbox_wiki_meta_routes,
	    &sandbox_wiki_v2_routes, &sandbox_wiki_cloud_routes, &sandbox_wiki_extra_routes, NULL },
};

/* ---- credentials ----------------------------------------------------------------------------- */

static int
base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != 0 ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Into the arena; SLICE_NONE: not base64. */
static struct slice
base64_decode(struct arena *arena, struct slice text)
{
	struct err err;
	unsigned bits = 0, have = 0;
	size_t n = 0;
	char *out;

	while (text.n > 0 && text.p[text.n - 1] == '=')
		text.n--;
	if (!arena_reserve(arena, text.n + 1, &err))
		return SLICE_NONE;
	out = arena_bytes(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++) {
		int digit = base64_digit(text.p[i]);

		if (digit < 0)
			return SLICE_NONE;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		have += 6;
		if (have >= 8)
			out[n++] = (char)(bits >> (have -= 8));
	}
	return (struct slice){ out, n };
}

enum login { LOGIN_NONE, LOGIN_WRONG, LOGIN_FORBIDDEN, LOGIN_GOOD };

/* A token is "sandbox" (ada's), "sandbox-NAME", or anything else, which is ada's too. */
static const struct user *
token_user(struct slice token)
{
	const struct user *user;

	if (slice_starts(token, S("sandbox-")))
		token = (struct slice){ token.p + 8, token.n - 8 };
	user = user_find(token);
	return user != NULL ? user : &sandbox_users[0];
}

/* On Cloud, scoped tokens and those of OAuth open a site by the API gateway only. */
static bool
opens_here(const struct visit *visit, struct slice secret)
{
	bool is_cloud = visit->world->is_cloud || visit->by_gateway,
	     is_oauth = slice_starts(secret, S("oauth-"));

	if (is_oauth && !sandbox_oauth_knows(visit->sandbox, secret, is_cloud))
		return false;
	return !is_cloud || visit->by_gateway || (!is_oauth && !slice_starts(secret, S("ATSTT")));
}

static enum login
login(struct visit *visit)
{
	struct slice header = http_request_header(visit->request, S("Authorization")), secret,
		     scheme, name;

	if (header.n == 0)
		return LOGIN_NONE;
	scheme = slice_cut(header, ' ', &secret);
	secret = slice_trim(secret);
	if (slice_eq_nocase(scheme, S("Basic"))) {
		name = slice_cut(base64_decode(visit->arena, secret), ':', &secret);
		visit->user = user_find(name);
		if (visit->user == NULL)
			visit->user = &sandbox_users[0];
	} else if (slice_eq_nocase(scheme, S("Bearer"))) {
		visit->user = token_user(secret);
	} else {
		return LOGIN_WRONG;
	}
	if (secret.n == 0 || slice_eq(secret, S("wrong")) || !opens_here(visit, secret))
		return LOGIN_WRONG;
	return slice_eq(secret, S("forbidden")) ? LOGIN_FORBIDDEN : LOGIN_GOOD;
}

/* Answers when it is false. */
static bool
is_let_in(struct visit *visit)
{
	switch (login(visit)) {
	case LOGIN_GOOD:
		visit->headers = visit->world->is_cloud
		    ? arena_printf(visit->arena, "X-AACCOUNTID: %s\r\n", visit->user->account_id)
		    : arena_printf(visit->arena, "X-AUSERNAME: %s\r\n", visit->user->name);
		return true;
	case LOGIN_FORBIDDEN:
		visit_fail(visit, 403, "%s",
		    visit->is_wiki ? "Current user not permitted to use Confluence"
				   : "You do not have permission to access this resource.");
		return false;
	case LOGIN_WRONG:
		visit->headers = S("X-Seraph-LoginReason: AUTHENTICATED_FAILED\r\n"
				   "WWW-Authenticate: OAuth realm=\"sandbox\"\r\n");
		visit_fail(visit, 401, "Client must be authenticated to access this resource.");
		return false;
	case LOGIN_NONE:
		break;
	}
	visit->headers = S("WWW-Authenticate: OAuth realm=\"sandbox\"\r\n");
	visit_fail(visit, 401,
	    "You are not authenticated. Authentication required to perform this operation.");
	return false;
}

/* ---- the router ------------------------------------------------------------------------------ */

static bool
is_api_number(const struct visit *visit, struct slice segment)
{
	return slice_eq(segment, S("2")) || slice_eq(segment, S("latest")) ||
	    (slice_eq(segment, S("3")) && visit->world->is_cloud);
}

/* Fills the arguments as it goes; those of a row that does not fit are overwritten by the next. */
static bool
fits(struct visit *visit, const struct route *route)
{
	const char *at = route->path;
	unsigned args = 0;

	for (unsigned i = 0; i < visit->segments_n; i++) {
		struct slice is = visit->segments[i], want;

		if (*at != '/')
			return false;
		want.p = ++at;
		while (*at != '/' && *at != 0)
			at++;
		want.n = (size_t)(at - want.p);
		if (want.p[0] == '{') {
			if (is.n == 0 || args == COUNT(visit->args))
				return false;
			visit->args[args++] = is;
		} else if (want.n == 1 && want.p[0] == 'V') {
			if (!is_api_number(visit, is))
				return false;
		} else if (!slice_eq(want, is)) {
			return false;
		}
	}
	return *at == 0;
}

/* NULL: no such path; *other: the path is there, for another method. */
static const struct route *
route_find(struct visit *visit, bool *other)
{
	unsigned where = visit->world->is_cloud ? ON_CLOUD : ON_DC;
	struct slice method = visit->request->method;

	for (const struct routes *const *table = tables[visit->is_wiki]; *table != NULL; table++)
		for (size_t i = 0; i < (*table)->n; i++) {
			const struct route *route = &(*table)->rows[i];

			if ((route->where & where) == 0 || !fits(visit, route))
				continue;
			if (slice_eq(method, slice_of(route->method)))
				return route;
			*other = true;
		}
	return NULL;
}

static struct slice
decode(struct arena *arena, struct slice text, bool is_query)
{
	struct err err;
	size_t n = 0;
	char *out;

	if (memchr(text.p, '%', text.n) == NULL &&
	    (!is_query || memchr(text.p, '+', text.n) == NULL))
		return text;
	if (!arena_reserve(arena, text.n + 1, &err))
		return S("");
	out = arena_bytes(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++) {
		int high = -1, low = -1;

		if (text.p[i] == '%' && i + 2 < text.n) {
			high = hex_value(text.p[i + 1]);
			low = hex_value(text.p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = is_query && text.p[i] == '+' ? ' ' : text.p[i];
		}
	}
	return (struct slice){ out, n };
}

struct slice
visit_query_at(struct visit *visit, const char *name, unsigned at)
{
	struct slice rest = visit->request->query, pair, key, value;

	while (rest.n > 0) {
		pair = slice_cut(rest, '&', &rest);
		key = slice_cut(pair, '=', &value);
		if (!slice_eq(key, slice_of(name)) || at-- > 0)
			continue;
		return value.p != NULL ? decode(visit->arena, value, true) : S("");
	}
	return SLICE_NONE;
}

/* The path below a base; false: too deep. */
static bool
split(struct visit *visit, struct slice path)
{
	struct slice segment;

	if (path.n > 0 && path.p[0] == '/')
		path = (struct slice){ path.p + 1, path.n - 1 };
	while (path.n > 0) {
		segment = slice_cut(path, '/', &path);
		if (segment.n == 0 && path.n == 0)
			break;
		if (visit->segments_n == SEGMENTS_MAX)
			return false;
		visit->segments[visit->segments_n++] = decode(visit->arena, segment, false);
	}
	return true;
}

static bool
under(struct slice path, const char *base, struct slice *rest)
{
	size_t n = strlen(base);

	if (!slice_starts(path, slice_of(base)) || (path.n > n && path.p[n] != '/'))
		return false;
	*rest = (struct slice){ path.p + n, path.n - n };
	return true;
}

/* /ex/{product}/{cloud id}/...: the way through the API gateway. */
static bool
gateway_base(struct visit *visit, struct slice path, struct slice *rest)
{
	struct sandbox *sandbox = visit->sandbox;
	char base[80];

	for (size_t i = 0; i < WORLDS; i++) {
		struct world *world = &sandbox->worlds[i];

		for (unsigned is_wiki = 0; is_wiki < 2 && world->is_cloud; is_wiki++) {
			snprintf(base, sizeof(base), "/ex/%s/%s", is_wiki ? "confluence" : "jira",
			    world->cloud_id);
			if (!under(path, base, rest))
				continue;
			if (is_wiki)
				under(*rest, "/wiki", rest);
			visit->world = world;
			visit->is_wiki = is_wiki != 0;
			visit->by_gateway = true;
			return true;
		}
	}
	return false;
}

/* /jira/forms/cloud/{cloud id}/...: the forms of a Cloud, beside the way through the gateway. */
static bool
forms_base(struct visit *visit, struct slice path, struct slice *rest)
{
	struct world *world = &visit->sandbox->worlds[1];
	char base[80];

	snprintf(base, sizeof(base), "/jira/forms/cloud/%s", world->cloud_id);
	if (!under(path, base, rest))
		return false;
	visit->world = world;
	visit->by_gateway = true;
	return true;
}

static bool
base_find(struct visit *visit, struct slice path, struct slice *rest)
{
	if (forms_base(visit, path, rest))
		return true;
	for (size_t i = 0; i < sandbox_bases_n; i++) {
		if (!under(path, sandbox_bases[i].path, rest))
			continue;
		visit->is_wiki = sandbox_bases[i].is_confluence;
		for (size_t j = 0; j < WORLDS; j++) {
			struct world *world = &visit->sandbox->worlds[j];

			if (strcmp(visit->is_wiki ? world->wiki_path : world->jira_path,
				sandbox_bases[i].path) == 0)
				visit->world = world;
		}
		return true;
	}
	return gateway_base(visit, path, rest);
}

/* ---- what stands beside the bases ------------------------------------------------------------ */

static void
put_resource(struct visit *visit, const struct world *world)
{
	put_open(&visit->out, NULL, '{');
	put_cstr(&visit->out, "id", world->cloud_id);
	put_cstr(&visit->out, "url", world->jira_url);
	put_cstr(&visit->out, "name", world->name);
	put_raw(&visit->out, "scopes",
	    S("[\"read:jira-work\",\"write:jira-work\",\"read:jira-user\","
	      "\"read:confluence-content.all\",\"write:confluence-content\",\"offline_access\"]"));
	put_cstr(&visit->out, "avatarUrl", "");
	put_close(&visit->out, '}');
}

/* True: it has answered. */
static bool
answer_outside(struct visit *visit, struct slice path)
{
	const struct world *cloud = &visit->sandbox->worlds[1];

	if (slice_eq(path, S("/_edge/tenant_info")) ||
	    slice_eq(path, S("/cloud/_edge/tenant_info"))) {
		put_open(&visit->out, NULL, '{');
		put_cstr(&visit->out, "cloudId", cloud->cloud_id);
		put_close(&visit->out, '}');
		return true;
	}
	if (slice_eq(path, S("/oauth/token/accessible-resources"))) {
		visit->by_gateway = true;
		if (!is_let_in(visit))
			return true;
		put_open(&visit->out, NULL, '[');
		put_resource(visit, cloud);
		put_close(&visit->out, ']');
		return true;
	}
	return sandbox_oauth_answer(visit, path);
}

/* ---- one request ----------------------------------------------------------------------------- */

/* Is the route open to those without credentials? Anything else of them is 401 before it is 404. */
static bool
is_public(const struct route *route)
{
	return route != NULL && (route->where & ANONYMOUS) != 0;
}

static bool
read_body(struct visit *visit)
{
	struct slice body = buf_view(&visit->request->body);
	yyjson_read_err why;

	if (visit->sandbox->used_bytes + 4 * body.n > visit->sandbox->limit_bytes &&
	    !slice_eq(visit->request->method, S("GET"))) {
		visit_fail(visit, 507, "The sandbox is full: start it again.");
		return false;
	}
	if (body.n == 0 || (visit->route->where & NO_BODY) != 0)
		return true;
	visit->doc = yyjson_read_opts((char *)(uintptr_t)body.p, body.n, 0, NULL, &why);
	if (visit->doc == NULL) {
		visit_fail(visit, 400,
		    "Invalid request payload. Refer to the REST API "
		    "documentation and try again. (byte %zu: %s)",
		    why.pos, why.msg);
		return false;
	}
	visit->body = yyjson_doc_get_root(visit->doc);
	return true;
}

static void
answer_base(struct visit *visit, struct slice rest)
{
	bool other = false;

	visit->below = rest;
	if (!split(visit, rest)) {
		visit_fail(visit, 404, "null for uri: too deep");
		return;
	}
	visit->is_v3 = visit->segments_n > 2 && slice_eq(visit->segments[2], S("3")) &&
	    visit->world->is_cloud && !visit->is_wiki;
	visit->is_wiki_v2 =
	    visit->segments_n > 1 && visit->is_wiki && slice_eq(visit->segments[0], S("api"));
	visit->route = route_find(visit, &other);
	if (is_public(visit->route))
		visit->user = &sandbox_users[0];
	else if (!is_let_in(visit))
		return;
	if (visit->route == NULL)
		visit_fail(visit, other ? 405 : 404, "null for uri: %s%.*s", visit->sandbox->url,
		    SLICE_FMT(visit->request->path));
	else if (read_body(visit))
		visit->route->run(visit);
}

static void
respond(struct visit *visit)
{
	struct sandbox *sandbox = visit->sandbox;
	struct http_request *request = visit->request;
	struct slice view = buf_view(&visit->out);
	struct err err;

	if (sandbox->log != NULL && log_wants(sandbox->log, LOG_DEBUG))
		log_event(sandbox->log, LOG_DEBUG, "sandbox_request", "%.*s %.*s: %d",
		    SLICE_FMT(request->method), SLICE_FMT(request->path), visit->status);
	if (!buf_check(&visit->out, &err)) {
		visit->status = 507;
		view = S("{\"errorMessages\":[\"The answer is too large for the sandbox.\"]}");
	}
	if (sandbox_fault_hits(sandbox, FAULT_TRUNCATE) && view.n > 1)
		view.n /= 2;
	if (visit->status == 204 || view.n == 0)
		http_respond(request, visit->status, visit->headers, SLICE_NONE, NULL, 0);
	else
		http_respond(request, visit->status, visit->headers, visit->type, &view, 1);
}

static void
answer(struct sandbox *sandbox, struct http_request *request)
{
	struct visit visit = { .sandbox = sandbox,
		.sandbox_url = sandbox->url,
		.world = &sandbox->worlds[0],
		.request = request,
		.arena = request->arena,
		.now_ms = loop_unix_ms(sandbox->loop),
		.status = 200,
		.type = S("application/json;charset=UTF-8"),
		.headers = SLICE_NONE };
	struct slice rest;

	buf_init(&visit.out, NULL, ANSWER_BYTES);
	if (!answer_outside(&visit, request->path)) {
		if (base_find(&visit, request->path, &rest))
			answer_base(&visit, rest);
		else
			visit_fail(
			    &visit, 404, "There is no site at %.*s.", SLICE_FMT(request->path));
	}
	respond(&visit);
	buf_fini(&visit.out);
	yyjson_doc_free(visit.doc);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void
waiting_free(struct waiting *waiting)
{
	struct sandbox *sandbox = waiting->sandbox;

	timer_stop(sandbox->loop, &waiting->timer);
	if (waiting->prev != NULL)
		waiting->prev->next = waiting->next;
	else
		sandbox->waiting = waiting->next;
	if (waiting->next != NULL)
		waiting->next->prev = waiting->prev;
	waiting->request->user = NULL;
	mem_free(waiting);
}

static void
on_time(struct timer *timer)
{
	struct waiting *waiting = CONTAINER(timer, struct waiting, timer);
	struct sandbox *sandbox = waiting->sandbox;
	struct http_request *request = waiting->request;

	waiting_free(waiting);
	answer(sandbox, request);
}

static struct waiting *
wait_new(struct sandbox *sandbox, struct http_request *request)
{
	struct waiting *waiting = MEM_NEW(struct waiting);

	waiting->sandbox = sandbox;
	waiting->request = request;
	waiting->next = sandbox->waiting;
	if (waiting->next != NULL)
		waiting->next->prev = waiting;
	sandbox->waiting = waiting;
	request->user = waiting;
	return waiting;
}

static const char html_page[] =
    "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body>"
    "<h1>503 Service Unavailable</h1><p>The site is down for maintenance.</p></body></html>";

/* True: the fault has answered, or holds the request. */
static bool
is_faulty(struct sandbox *sandbox, struct http_request *request)
{
	const struct slice page = slice_of(html_page),
			   fail =
			       S("{\"errorMessages\":[\"Internal server error\"],\"errors\":{}}"),
			   rate = S("{\"errorMessages\":[\"Rate limit exceeded.\"],\"errors\":{}}");

	if (sandbox_fault_hits(sandbox, FAULT_HANG)) {
		wait_new(sandbox, request);
	} else if (sandbox->faults[FAULT_HTML] != 0) {
		http_respond(request, 503, SLICE_NONE, S("text/html;charset=UTF-8"), &page, 1);
	} else if (sandbox_fault_hits(sandbox, FAULT_RATE)) {
		http_respond(request, 429, S("Retry-After: 1\r\nX-RateLimit-Remaining: 0\r\n"),
		    S("application/json"), &rate, 1);
	} else if (sandbox_fault_hits(sandbox, FAULT_FAIL)) {
		http_respond(request, 500, SLICE_NONE, S("application/json"), &fail, 1);
	} else if (sandbox->faults[FAULT_SLOW] != 0) {
		struct waiting *waiting = wait_new(sandbox, request);

		timer_start(sandbox->loop, &waiting->timer,
		    loop_now_ms(sandbox->loop) + sandbox->faults[FAULT_SLOW], on_time);
	} else {
		return false;
	}
	return true;
}

static void
on_head(void *owner, struct http_request *request)
{
}

static void
on_request(void *owner, struct http_request *request)
{
	struct sandbox *sandbox = owner;

	sandbox->requests++;
	if (!is_faulty(sandbox, request))
		answer(sandbox, request);
}

static void
on_gone(void *owner, struct http_request *request)
{
	if (request->user != NULL)
		waiting_free(request->user);
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

static void
world_init(struct sandbox *sandbox, size_t at)
{
	struct world *world = &sandbox->worlds[at];
	char url[sizeof(sandbox->url) + 32];

	world->sandbox = sandbox;
	world->is_cloud = worlds[at].is_cloud;
	world->name = worlds[at].name;
	world->title = worlds[at].title;
	world->cloud_id = worlds[at].cloud_id;
	world->jira_path = worlds[at].jira;
	world->wiki_path = worlds[at].wiki;
	world->next_id = 20001;
	snprintf(url, sizeof(url), "%s%s", sandbox->url, worlds[at].jira);
	world->jira_url = sandbox_dup(sandbox, slice_of(url)).p;
	snprintf(url, sizeof(url), "%s%s", sandbox->url, worlds[at].wiki);
	world->wiki_url = sandbox_dup(sandbox, slice_of(url)).p;
	world_fill(world);
}

bool
sandbox_new(struct loop *loop, const struct address *at, const struct sandbox_options *options,
    struct sandbox **out, struct err *err)
{
	static const struct http_handler handler = { on_head, on_request, on_gone };
	struct sandbox *sandbox = MEM_NEW(struct sandbox);
	char text[ADDRESS_TEXT];

	sandbox->loop = loop;
	sandbox->log = loop_log(loop);
	sandbox->oauth = sandbox_oauth_new();
	sandbox->limit_bytes =
	    options != NULL && options->memory_bytes != 0 ? options->memory_bytes : MEMORY_BYTES;
	for (size_t i = 0; options != NULL && i < options->faults_n; i++)
		if (!sandbox_fault_parse(sandbox, slice_of(options->faults[i]), err))
			goto fail;
	if (!http_server_new(
		loop, at, &http_limits_default, &handler, sandbox, &sandbox->server, err))
		goto fail;
	address_print(http_server_address(sandbox->server), text);
	snprintf(sandbox->url, sizeof(sandbox->url), "http://%s", text);
	for (size_t i = 0; i < WORLDS; i++)
		world_init(sandbox, i);
	*out = sandbox;
	return true;
fail:
	sandbox_free(&sandbox);
	return false;
}

void
sandbox_free(struct sandbox **sandbox)
{
	struct sandbox *self = *sandbox;

	if (self == NULL)
		return;
	if (self->server != NULL)
		http_server_free(&self->server);
	while (self->blocks != NULL)
		sandbox_release(self, self->blocks->bytes);
	mem_free(self->oauth);
	mem_free(self);
	*sandbox = NULL;
}

const char *
sandbox_url(const struct sandbox *sandbox)
{
	return sandbox->url;
}

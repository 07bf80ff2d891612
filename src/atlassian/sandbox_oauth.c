/*
 * The sandbox's authorization server: it agrees to everything at once, and then is as strict as
 * Atlassian's.  A code counts once, for the client, the callback and the PKCE challenge it was made
 * for; a refresh token counts once, and the next one comes with the answer; access tokens end.
 *
 * Cloud: /authorize and /oauth/token (JSON).  Data Center: rest/oauth2/latest/authorize and token
 * of the product (form).  A client whose id begins with "short" gets access tokens for a minute.
 */
#include <stdio.h>

#include "atlassian/pkce.h"
#include "atlassian/sandbox_server.h"

#define CODES_MAX  16
#define GRANTS_MAX 64
#define LONG_S	   3600
#define SHORT_S	   60
#define FIELD_MAX  256

struct code {
	char text[32], client[FIELD_MAX], redirect[FIELD_MAX], challenge[64];
};

struct grant {
	char access[32], refresh[32], client[FIELD_MAX];
	uint64_t expires_ms;
	bool is_cloud;
};

struct sandbox_oauth {
	struct code codes[CODES_MAX]; /* rings: the oldest goes */
	struct grant grants[GRANTS_MAX];
	unsigned codes_n, grants_n;
};

struct sandbox_oauth *
sandbox_oauth_new(void)
{
	return MEM_NEW(struct sandbox_oauth);
}

static void
make_name(struct sandbox *sandbox, const char *kind, char out[32])
{
	uint64_t random;

	loop_random(sandbox->loop, &random, sizeof(random));
	snprintf(out, 32, "%s-%016llx", kind, (unsigned long long)random);
}

static bool
keep(char to[FIELD_MAX], struct slice text)
{
	if (text.n == 0 || text.n >= FIELD_MAX)
		return false;
	memcpy(to, text.p, text.n);
	to[text.n] = '\0';
	return true;
}

static void
fail(struct visit *visit, const char *error, const char *text)
{
	buf_clear(&visit->out);
	visit->status = strcmp(error, "invalid_client") == 0 ? 401 : 400;
	put_open(&visit->out, NULL, '{');
	put_cstr(&visit->out, "error", error);
	put_cstr(&visit->out, "error_description", text);
	put_close(&visit->out, '}');
}

/* ---- authorize ------------------------------------------------------------------------------- */

static void
authorize(struct visit *visit)
{
	struct sandbox_oauth *oauth = visit->sandbox->oauth;
	struct code *code = &oauth->codes[oauth->codes_n % CODES_MAX];
	struct slice redirect = visit_query(visit, "redirect_uri"),
		     challenge = visit_query(visit, "code_challenge"), state;

	*code = (struct code){ .text = "" };
	if (!slice_eq(visit_query(visit, "response_type"), S("code")) ||
	    !slice_eq(visit_query(visit, "code_challenge_method"), S("S256")) ||
	    challenge.n >= sizeof(code->challenge) || !slice_starts(redirect, S("http")) ||
	    !keep(code->redirect, redirect) ||
	    !keep(code->client, visit_query(visit, "client_id")) ||
	    memchr(redirect.p, '\r', redirect.n) != NULL ||
	    memchr(redirect.p, '\n', redirect.n) != NULL) {
		fail(visit, "invalid_request",
		    "response_type, client_id, redirect_uri, code_challenge");
		return;
	}
	memcpy(code->challenge, challenge.p, challenge.n);
	make_name(visit->sandbox, "code", code->text);
	oauth->codes_n++;
	state = visit_query(visit, "state");
	for (size_t i = 0; i < state.n; i++)
		if (state.p[i] <= ' ' || state.p[i] > '~' || strchr("&#%+", state.p[i]) != NULL)
			state.n = i;
	visit->status = 302;
	visit->headers = arena_printf(visit->arena, "Location: %s?code=%s&state=%.*s\r\n",
	    code->redirect, code->text, SLICE_FMT(state));
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static struct slice
field(struct visit *visit, const char *name)
{
	return visit->body != NULL ? json_text(visit->body, name) : visit_query(visit, name);
}

static void
grant_give(struct visit *visit, struct grant *grant)
{
	unsigned seconds = slice_starts(slice_of(grant->client), S("short")) ? SHORT_S : LONG_S;

	make_name(visit->sandbox, "oauth", grant->access);
	make_name(visit->sandbox, "refresh", grant->refresh);
	grant->expires_ms = visit->now_ms + seconds * 1000;
	put_open(&visit->out, NULL, '{');
	put_cstr(&visit->out, "access_token", grant->access);
	put_cstr(&visit->out, "refresh_token", grant->refresh);
	put_cstr(&visit->out, "token_type", "Bearer");
	put_number(&visit->out, "expires_in", seconds);
	put_cstr(&visit->out, "scope", "offline_access");
	put_close(&visit->out, '}');
}

static bool
fits_challenge(struct slice verifier, const char *challenge)
{
	struct buf text;
	bool fits;

	buf_init(&text, NULL, KIB);
	pkce_challenge(verifier, &text);
	fits = slice_eq(buf_view(&text), slice_of(challenge));
	buf_fini(&text);
	return fits;
}

static void
exchange(struct visit *visit, bool is_cloud)
{
	struct sandbox_oauth *oauth = visit->sandbox->oauth;
	struct slice text = field(visit, "code");
	struct grant *grant;
	struct code code;

	for (unsigned i = 0; i < CODES_MAX; i++) {
		if (text.n == 0 || !slice_eq(text, slice_of(oauth->codes[i].text)))
			continue;
		code = oauth->codes[i];
		oauth->codes[i] = (struct code){ .text = "" };
		if (!slice_eq(field(visit, "redirect_uri"), slice_of(code.redirect)) ||
		    !slice_eq(field(visit, "client_id"), slice_of(code.client)) ||
		    !fits_challenge(field(visit, "code_verifier"), code.challenge))
			break;
		grant = &oauth->grants[oauth->grants_n++ % GRANTS_MAX];
		memcpy(grant->client, code.client, sizeof(grant->client));
		grant->is_cloud = is_cloud;
		grant_give(visit, grant);
		return;
	}
	fail(visit, "invalid_grant", "The code is unknown, was used, or is for another client.");
}

static void
refresh(struct visit *visit, bool is_cloud)
{
	struct sandbox_oauth *oauth = visit->sandbox->oauth;
	struct slice text = field(visit, "refresh_token");

	for (unsigned i = 0; i < GRANTS_MAX; i++) {
		struct grant *grant = &oauth->grants[i];

		if (text.n == 0 || !slice_eq(text, slice_of(grant->refresh)) ||
		    grant->is_cloud != is_cloud ||
		    !slice_eq(field(visit, "client_id"), slice_of(grant->client)))
			continue;
		grant_give(visit, grant);
		return;
	}
	fail(visit, "invalid_grant", "Unknown or invalid refresh token.");
}

/* RFC 7009: a token that is not known is as good as revoked. */
static void
revoke(struct visit *visit, bool is_cloud)
{
	struct slice text = field(visit, "token");

	for (unsigned i = 0; i < GRANTS_MAX; i++) {
		struct grant *grant = &visit->sandbox->oauth->grants[i];

		if (text.n > 0 && grant->is_cloud == is_cloud &&
		    (slice_eq(text, slice_of(grant->refresh)) ||
			slice_eq(text, slice_of(grant->access))) &&
		    slice_eq(field(visit, "client_id"), slice_of(grant->client)))
			*grant = (struct grant){ .access = "" };
	}
	put_open(&visit->out, NULL, '{');
	put_close(&visit->out, '}');
}

static void
token(struct visit *visit, bool is_cloud, bool is_over)
{
	struct slice body = buf_view(&visit->request->body), kind;

	if (is_cloud) {
		visit->doc = yyjson_read(body.p, body.n, YYJSON_READ_NOFLAG);
		visit->body = yyjson_doc_get_root(visit->doc);
		if (visit->body == NULL) {
			fail(visit, "invalid_request", "The body is not JSON.");
			return;
		}
	} else {
		/* A form has the parameters that a query would have. */
		visit->request->query = body;
	}
	kind = field(visit, "grant_type");
	if (slice_eq(field(visit, "client_secret"), S("wrong")) ||
	    field(visit, "client_secret").n == 0)
		fail(visit, "invalid_client", "The client is not known by this secret.");
	else if (is_over)
		revoke(visit, is_cloud);
	else if (slice_eq(kind, S("authorization_code")))
		exchange(visit, is_cloud);
	else if (slice_eq(kind, S("refresh_token")))
		refresh(visit, is_cloud);
	else
		fail(visit, "unsupported_grant_type", "authorization_code or refresh_token");
}

/* ---- the paths ------------------------------------------------------------------------------- */

/* What stands behind a Data Center's base. */
static bool
below_base(struct slice path, struct slice *rest)
{
	for (size_t i = 0; i < sandbox_bases_n; i++) {
		struct slice base = slice_of(sandbox_bases[i].path);

		if (sandbox_bases[i].is_cloud || !slice_starts(path, base))
			continue;
		*rest = (struct slice){ path.p + base.n, path.n - base.n };
		if (slice_starts(*rest, S("/rest/oauth2/latest/")))
			return true;
	}
	return false;
}

bool
sandbox_oauth_answer(struct visit *visit, struct slice path)
{
	bool is_get = slice_eq(visit->request->method, S("GET")), is_cloud = true;
	struct slice rest;

	if (below_base(path, &rest)) {
		is_cloud = false;
		path = slice_eq(rest, S("/rest/oauth2/latest/authorize")) ? S("/authorize")
		    : slice_eq(rest, S("/rest/oauth2/latest/token"))	  ? S("/oauth/token")
		    : slice_eq(rest, S("/rest/oauth2/latest/revoke"))	  ? S("/oauth/revoke")
									  : S("");
	}
	if (slice_eq(path, S("/authorize")) && is_get)
		authorize(visit);
	else if (slice_eq(path, S("/oauth/token")) && !is_get)
		token(visit, is_cloud, false);
	else if (slice_eq(path, S("/oauth/revoke")) && !is_get)
		token(visit, is_cloud, true);
	else
		return false;
	return true;
}

bool
sandbox_oauth_knows(const struct sandbox *sandbox, struct slice access, bool is_cloud)
{
	uint64_t now = loop_unix_ms(sandbox->loop);

	for (unsigned i = 0; i < GRANTS_MAX; i++) {
		const struct grant *grant = &sandbox->oauth->grants[i];

		if (slice_eq(access, slice_of(grant->access)) && now < grant->expires_ms)
			return grant->is_cloud == is_cloud;
	}
	return false;
}

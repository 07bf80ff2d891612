/*
 * OAuth 2.0 as Atlassian speaks it: the requests to the authorization server, and the grant that
 * comes of them.  Who asks, when, and where the grant is kept is login.c's and token.c's business.
 */
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "atlassian/oauth.h"
#include "atlassian/pkce.h"
#include "atlassian/tool.h"

#define GRANT_BYTES  (128 * KIB)
#define TOKEN_BYTES  (24 * KIB)
#define REPLY_BYTES  MIB
#define REVOKE_MS    10000
#define ANSWER_BYTES (16 * KIB)
#define PAIRS_MAX    8
#define LISTED_MAX   10

/* ---- grants ---------------------------------------------------------------------------------- */

void
grant_init(struct grant *grant)
{
	*grant = (struct grant){ .expires_ms = 0 };
	arena_init(&grant->arena, NULL, GRANT_BYTES);
}

static void
wipe(struct slice text)
{
	if (text.n > 0)
		explicit_bzero((char *)(uintptr_t)text.p, text.n);
}

void
grant_fini(struct grant *grant)
{
	wipe(grant->access);
	wipe(grant->refresh);
	arena_fini(&grant->arena);
	grant_init(grant);
}

void
grant_take(struct grant *to, struct grant *from)
{
	grant_fini(to);
	to->access = from->access;
	to->refresh = from->refresh;
	to->scope = from->scope;
	to->cloud_id = from->cloud_id;
	to->expires_ms = from->expires_ms;
	arena_take(&to->arena, &from->arena);
	grant_init(from);
}

bool
grant_set(struct grant *grant, struct slice *field, struct slice text, struct err *err)
{
	*field = SLICE_NONE;
	if (text.n == 0)
		return true;
	if (!arena_reserve(&grant->arena, text.n, err))
		return false;
	*field = slice_dup(&grant->arena, text);
	return true;
}

static void
put_member(struct buf *out, const char *name, struct slice text)
{
	if (text.n == 0)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_json_string(out, text);
}

void
grant_print(const struct grant *grant, struct buf *out)
{
	buf_printf(out, "{\"expires_ms\":%llu", (unsigned long long)grant->expires_ms);
	put_member(out, "access_token", grant->access);
	put_member(out, "refresh_token", grant->refresh);
	put_member(out, "scope", grant->scope);
	put_member(out, "cloud_id", grant->cloud_id);
	buf_putc(out, '}');
}

/* Tokens go into header fields. */
static bool
is_visible(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return text.n > 0;
}

MUST_CHECK static bool
grant_read(yyjson_val *root, struct grant *grant, struct err *err)
{
	struct slice access = json_slice(yyjson_obj_get(root, "access_token")),
		     refresh = json_slice(yyjson_obj_get(root, "refresh_token"));

	if (!is_visible(access) || access.n > TOKEN_BYTES || refresh.n > TOKEN_BYTES ||
	    (refresh.n > 0 && !is_visible(refresh)))
		return err_set(err, ERR_REFUSED, "there is no usable access token in the answer");
	return grant_set(grant, &grant->access, access, err) &&
	    grant_set(grant, &grant->refresh, refresh, err) &&
	    grant_set(grant, &grant->scope, json_slice(yyjson_obj_get(root, "scope")), err);
}

bool
grant_parse(struct slice text, struct grant *out, struct err *err)
{
	yyjson_doc *doc = yyjson_read(text.p, text.n, YYJSON_READ_NOFLAG);
	yyjson_val *root = yyjson_doc_get_root(doc);
	bool ok;

	grant_init(out);
	out->expires_ms = yyjson_get_uint(yyjson_obj_get(root, "expires_ms"));
	ok = grant_read(root, out, err) &&
	    grant_set(out, &out->cloud_id, json_slice(yyjson_obj_get(root, "cloud_id")), err);
	yyjson_doc_free(doc);
	if (!ok)
		grant_fini(out);
	return ok;
}

/* ---- texts ----------------------------------------------------------------------------------- */

void
oauth_put_encoded(struct buf *out, struct slice text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c < 0x80 && isalnum(c)) || (c != '\0' && strchr("-._~", c) != NULL)) {
			buf_putc(out, (char)c);
		} else {
			buf_putc(out, '%');
			buf_putc(out, digits[c >> 4]);
			buf_putc(out, digits[c & 15]);
		}
	}
}

void
pkce_base64url(const unsigned char *bytes, size_t n, struct buf *out)
{
	unsigned char coded[4 * (64 / 3 + 1) + 1];
	int length;

	must(n <= 64);
	length = EVP_EncodeBlock(coded, bytes, (int)n);
	while (length > 0 && coded[length - 1] == '=')
		length--;
	for (int i = 0; i < length; i++)
		buf_putc(out, coded[i] == '+' ? '-' : coded[i] == '/' ? '_' : (char)coded[i]);
}

void
pkce_challenge(struct slice verifier, struct buf *out)
{
	unsigned char digest[SHA256_BYTES];

	sha256_bytes(verifier, digest);
	pkce_base64url(digest, sizeof(digest), out);
}

void
oauth_server(const struct config_site *site, struct buf *out)
{
	if (site->oauth_server.n > 0) {
		buf_put(out, site->oauth_server);
	} else if (config_site_is_cloud(site)) {
		buf_puts(out, "https://auth.atlassian.com");
	} else {
		buf_put(out, site->url);
		buf_puts(out, "/rest/oauth2/latest");
	}
}

struct slice
oauth_cloud_id(const struct config_site *site)
{
	static const struct slice products[] = { S("/ex/jira/"), S("/ex/confluence/") };
	struct slice rest, id;

	if (site->cloud_id.n > 0 || site->api.n == 0 || !slice_starts(site->url, site->api))
		return site->cloud_id.n > 0 ? site->cloud_id : SLICE_NONE;
	rest = (struct slice){ site->url.p + site->api.n, site->url.n - site->api.n };
	for (size_t i = 0; i < COUNT(products); i++) {
		if (!slice_starts(rest, products[i]))
			continue;
		id = (struct slice){ rest.p + products[i].n, rest.n - products[i].n };
		return slice_cut(id, '/', &rest);
	}
	return SLICE_NONE;
}

void
oauth_record(const struct config_site *site, char name[CREDENTIAL_NAME + 1])
{
	struct slice id = oauth_cloud_id(site), where = site->url;
	struct url url;
	struct err err;
	char digest[65];
	size_t n = 0;

	if (!url_parse(site->url, &url, &err))
		url = (struct url){ .host = S("site"), .authority = site->url };
	/* The products of a Cloud site share host and login. */
	if (config_site_is_cloud(site))
		where = id.n > 0 ? id : url.authority;
	sha256_hex((struct slice[]){ site->client_id, S("\n"), where, S("\n"), site->oauth_server },
	    5, digest);
	for (; n < url.host.n && n < 80; n++)
		name[n] = isalnum((unsigned char)url.host.p[n]) || url.host.p[n] == '-'
		    ? (char)tolower((unsigned char)url.host.p[n])
		    : '_';
	snprintf(name + n, CREDENTIAL_NAME + 1 - n, "-%.16s", digest);
}

/* ---- the way back ---------------------------------------------------------------------------- */

/* SLICE_NONE: not encoded as it should be, or nothing that may stand in such a value. */
static struct slice
decode(struct arena *arena, struct slice text)
{
	char *out = arena_bytes(arena, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i] == '+' ? ' ' : text.p[i];

		if (c == '%') {
			int high = i + 2 < text.n ? hex_value(text.p[i + 1]) : -1,
			    low = i + 2 < text.n ? hex_value(text.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return SLICE_NONE;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if ((unsigned char)c < ' ' || c == 0x7f)
			return SLICE_NONE;
		out[n++] = c;
	}
	return (struct slice){ out, n };
}

struct answer_fields {
	struct slice code, state, error, description;
};

/* Each at most once: two of a kind would mean different things to different readers. */
MUST_CHECK static bool
fields_read(struct slice query, struct arena *arena, struct answer_fields *fields, struct err *err)
{
	const struct {
		struct slice name, *value;
	} known[] = { { S("code"), &fields->code }, { S("state"), &fields->state },
		{ S("error"), &fields->error }, { S("error_description"), &fields->description } };
	struct slice pair, name, value;

	while (query.n > 0) {
		pair = slice_cut(query, '&', &query);
		name = slice_cut(pair, '=', &value);
		for (size_t i = 0; i < COUNT(known); i++) {
			if (!slice_eq(name, known[i].name))
				continue;
			if (known[i].value->p != NULL)
				return err_set(err, ERR_PARAMS, "\"%.*s\" stands in it twice",
				    SLICE_FMT(name));
			*known[i].value = decode(arena, value);
			if (known[i].value->p == NULL)
				return err_set(
				    err, ERR_PARAMS, "\"%.*s\" in it is damaged", SLICE_FMT(name));
		}
	}
	return true;
}

bool
oauth_answer(struct slice address, struct slice state, struct arena *arena, struct slice *code,
    struct err *err)
{
	struct answer_fields fields = { .code = SLICE_NONE };
	struct slice query, rest;

	address = slice_trim(address);
	if (address.n > ANSWER_BYTES)
		return err_set(err, ERR_PARAMS, "that is too long for the address of the browser");
	if (!arena_reserve(arena, address.n + 64, err))
		return false;
	address = slice_cut(address, '#', &rest);
	slice_cut(address, '?', &query);
	if (query.p == NULL)
		query = address;
	if (!fields_read(query, arena, &fields, err))
		return false;
	if (fields.state.n == 0 || (fields.code.n == 0 && fields.error.n == 0))
		return err_set(err, ERR_PARAMS,
		    "that is not the address that the browser was sent to: it has \"code=\" and "
		    "\"state=\" in it");
	if (fields.state.n != state.n || CRYPTO_memcmp(fields.state.p, state.p, state.n) != 0)
		return err_set(err, ERR_PARAMS,
		    "that is the answer to another login (\"state\" differs): begin again");
	if (fields.error.n > 0)
		return err_set(err, ERR_REFUSED, "Atlassian did not agree: %.*s%s%.*s",
		    SLICE_FMT(fields.error), fields.description.n > 0 ? ": " : "",
		    SLICE_FMT(fields.description));
	if (!is_visible(fields.code))
		return err_set(err, ERR_PARAMS, "\"code\" in it is damaged");
	*code = fields.code;
	return true;
}

/* ---- the token endpoint ---------------------------------------------------------------------- */

struct pair {
	const char *name;
	struct slice value;
};

static void
body_put(struct buf *out, bool is_json, const struct pair *pairs)
{
	bool is_first = true;

	for (; pairs->name != NULL; pairs++) {
		if (pairs->value.n == 0)
			continue;
		buf_putc(out, is_first ? is_json ? '{' : '\n' : is_json ? ',' : '&');
		is_first = false;
		if (is_json) {
			buf_printf(out, "\"%s\":", pairs->name);
			buf_json_string(out, pairs->value);
		} else {
			buf_printf(out, "%s=", pairs->name);
			oauth_put_encoded(out, pairs->value);
		}
	}
	if (is_json)
		buf_putc(out, '}');
	else
		buf_cut(out, 1);
}

/* What it says, cleaned by err_set(). */
MUST_CHECK static bool
refused(const struct config_site *site, int status, yyjson_val *root, struct err *err)
{
	struct slice error = json_slice(yyjson_obj_get(root, "error")),
		     text = json_slice(yyjson_obj_get(root, "error_description"));

	if (slice_eq(error, S("invalid_grant")) || slice_eq(error, S("unauthorized_client")))
		return err_set(err, ERR_REFUSED,
		    "the login is no longer valid (%.*s%s%.*s): run `bascule login %.*s`",
		    SLICE_FMT(error), text.n > 0 ? ": " : "", SLICE_FMT(text),
		    SLICE_FMT(site->provider));
	return err_set(err, status >= 500 || status == 429 ? ERR_UNAVAILABLE : ERR_REFUSED,
	    "the authorization server answered %d%s%.*s%s%.*s", status, error.n > 0 ? ": " : "",
	    SLICE_FMT(error), text.n > 0 ? ": " : "", SLICE_FMT(text));
}

MUST_CHECK static bool
reply_read(struct loop *loop, const struct config_site *site, const struct rest_reply *reply,
    struct grant *out, struct err *err)
{
	yyjson_doc *doc = yyjson_read(reply->body.p, reply->body.n, YYJSON_READ_NOFLAG);
	yyjson_val *root = yyjson_doc_get_root(doc);
	uint64_t seconds = yyjson_get_uint(yyjson_obj_get(root, "expires_in"));
	bool ok;

	if (reply->status != 200)
		ok = refused(site, reply->status, root, err);
	else
		ok = grant_read(root, out, err);
	if (seconds > 0 && seconds < UINT32_MAX)
		out->expires_ms = loop_unix_ms(loop) + seconds * 1000;
	yyjson_doc_free(doc);
	return ok;
}

/* A request to a server that is seldom asked: the pool lives as long as it. */
MUST_CHECK static bool
ask_wait(struct loop *loop, const struct config_site *site, struct slice base,
    const struct rest_request *request, struct arena *arena, struct rest_reply *reply,
    struct err *err)
{
	struct rest_settings settings = access_settings(site, base);
	struct rest_pool *pool;
	bool was_sent, ok;

	if (!rest_pool_new(loop, &settings, &pool, err))
		return false;
	ok = rest_wait(pool, request, arena, reply, &was_sent, err);
	rest_pool_free(&pool);
	return ok;
}

typedef bool reply_read_fn(struct loop *loop, const struct config_site *site,
    const struct rest_reply *reply, struct grant *out, struct err *err);

MUST_CHECK static bool
pairs_send_wait(struct loop *loop, const struct config_site *site, const char *what,
    const struct pair *pairs, uint64_t timeout_ms, reply_read_fn *read, struct grant *out,
    struct err *err)
{
	bool is_cloud = config_site_is_cloud(site), ok;
	char path[32];
	struct rest_request request = { .method = S("POST"),
		.path = { path,
		    (size_t)snprintf(path, sizeof(path), is_cloud ? "/oauth/%s" : "/%s", what) },
		.headers = is_cloud ? S("Content-Type: application/json\r\n"
					"Accept: application/json\r\n")
				    : S("Content-Type: application/x-www-form-urlencoded\r\n"
					"Accept: application/json\r\n"),
		.timeout_ms = timeout_ms,
		.max_bytes = REPLY_BYTES };
	struct rest_reply reply;
	struct buf base, body;
	struct arena arena;

	buf_init(&base, NULL, 8 * KIB);
	buf_init(&body, NULL, 4 * TOKEN_BYTES);
	arena_init(&arena, loop_memory(loop), 4 * MIB);
	oauth_server(site, &base);
	body_put(&body, is_cloud, pairs);
	request.body = buf_view(&body);
	ok = buf_check(&base, err) && buf_check(&body, err) &&
	    ask_wait(loop, site, buf_view(&base), &request, &arena, &reply, err);
	if (ok) {
		ok = read(loop, site, &reply, out, err);
		wipe(reply.body);
	}
	if (body.n > 0)
		explicit_bzero(body.p, body.n);
	arena_fini(&arena);
	buf_fini(&body);
	buf_fini(&base);
	return ok;
}

MUST_CHECK static bool
token_ask_wait(struct loop *loop, const struct config_site *site, const struct pair *pairs,
    struct grant *out, struct err *err)
{
	return pairs_send_wait(loop, site, "token", pairs, site->timeout_ms, reply_read, out, err);
}

/* Whatever it says, it is nothing but yes or no. */
MUST_CHECK static bool
revoked_read(struct loop *loop, const struct config_site *site, const struct rest_reply *reply,
    struct grant *out, struct err *err)
{
	(void)loop, (void)site, (void)out;
	return (reply->status >= 200 && reply->status < 300) ||
	    err_set(err, reply->status >= 500 ? ERR_UNAVAILABLE : ERR_REFUSED,
		"the authorization server answered %d", reply->status);
}

bool
oauth_revoke_wait(
    struct loop *loop, const struct config_site *site, const struct grant *grant, struct err *err)
{
	bool is_refresh = grant->refresh.n > 0;
	const struct pair pairs[PAIRS_MAX] = { { "client_id", site->client_id },
		{ "client_secret", secret_reveal(site->client_secret) },
		{ "token", is_refresh ? grant->refresh : grant->access },
		{ "token_type_hint", is_refresh ? S("refresh_token") : S("access_token") } };

	return pairs_send_wait(loop, site, "revoke", pairs, REVOKE_MS, revoked_read, NULL, err);
}

bool
oauth_exchange_wait(struct loop *loop, const struct config_site *site,
    const struct oauth_code *code, struct grant *out, struct err *err)
{
	const struct pair pairs[PAIRS_MAX] = { { "grant_type", S("authorization_code") },
		{ "client_id", site->client_id },
		{ "client_secret", secret_reveal(site->client_secret) }, { "code", code->code },
		{ "redirect_uri", code->redirect_uri }, { "code_verifier", code->verifier } };

	grant_init(out);
	if (token_ask_wait(loop, site, pairs, out, err))
		return true;
	grant_fini(out);
	return false;
}

bool
oauth_refresh_wait(struct loop *loop, const struct config_site *site, const struct grant *old,
    struct grant *out, struct err *err)
{
	const struct pair pairs[PAIRS_MAX] = { { "grant_type", S("refresh_token") },
		{ "client_id", site->client_id },
		{ "client_secret", secret_reveal(site->client_secret) },
		{ "refresh_token", old->refresh },
		{ "redirect_uri", config_site_is_cloud(site) ? SLICE_NONE : site->redirect_uri } };
	bool ok;

	grant_init(out);
	ok = token_ask_wait(loop, site, pairs, out, err) &&
	    (out->refresh.n > 0 || grant_set(out, &out->refresh, old->refresh, err)) &&
	    (out->scope.n > 0 || grant_set(out, &out->scope, old->scope, err)) &&
	    grant_set(out, &out->cloud_id, old->cloud_id, err);
	if (!ok)
		grant_fini(out);
	return ok;
}

/* ---- which site ------------------------------------------------------------------------------ */

/* Is it at that address, or below it? */
static bool
is_below(struct slice url, struct slice base)
{
	while (slice_ends(base, S("/")))
		base.n--;
	return base.n > 0 && url.n >= base.n &&
	    slice_eq_nocase((struct slice){ url.p, base.n }, base) &&
	    (url.n == base.n || url.p[base.n] == '/');
}

MUST_CHECK static bool
cloud_pick(const struct config_site *site, yyjson_val *list, struct grant *grant, struct err *err)
{
	struct slice wanted = oauth_cloud_id(site), id, url;
	yyjson_val *one;
	struct buf names;
	size_t i, max;

	buf_init(&names, NULL, 4 * KIB);
	yyjson_arr_foreach(list, i, max, one)
	{
		id = json_slice(yyjson_obj_get(one, "id"));
		url = json_slice(yyjson_obj_get(one, "url"));
		if (id.n > 0 && id.n <= 64 && is_visible(id) &&
		    (wanted.n > 0 ? slice_eq(id, wanted) : is_below(site->url, url))) {
			buf_fini(&names);
			return grant_set(grant, &grant->cloud_id, id, err);
		}
		if (i < LISTED_MAX)
			buf_printf(&names, "%s%.*s", i > 0 ? ", " : "", SLICE_FMT(url));
	}
	err_set(err, ERR_REFUSED,
	    "the login does not open %.*s, but: %.*s; log in with another account, or choose "
	    "that site where Atlassian asks for it",
	    SLICE_FMT(wanted.n > 0 ? wanted : site->url),
	    SLICE_FMT(names.n > 0 ? buf_view(&names) : S("nothing")));
	buf_fini(&names);
	return false;
}

bool
oauth_cloud_wait(
    struct loop *loop, const struct config_site *site, struct grant *grant, struct err *err)
{
	struct rest_request request = { .method = S("GET"),
		.path = S("/oauth/token/accessible-resources"),
		.timeout_ms = site->timeout_ms,
		.max_bytes = REPLY_BYTES };
	struct rest_reply reply;
	struct buf headers;
	struct arena arena;
	yyjson_doc *doc;
	bool ok;

	buf_init(&headers, NULL, 2 * TOKEN_BYTES);
	arena_init(&arena, loop_memory(loop), 4 * MIB);
	buf_puts(&headers, "Accept: application/json\r\nAuthorization: Bearer ");
	buf_put(&headers, grant->access);
	buf_puts(&headers, "\r\n");
	request.headers = buf_view(&headers);
	ok = ask_wait(loop, site, site->api, &request, &arena, &reply, err);
	if (ok && reply.status != 200)
		ok = err_set(err, ERR_REFUSED,
		    "%.*s answered %d when it was asked for the sites of this login",
		    SLICE_FMT(site->api), reply.status);
	if (ok) {
		doc = yyjson_read(reply.body.p, reply.body.n, YYJSON_READ_NOFLAG);
		ok = cloud_pick(site, yyjson_doc_get_root(doc), grant, err);
		yyjson_doc_free(doc);
	}
	explicit_bzero(headers.p, headers.n);
	arena_fini(&arena);
	buf_fini(&headers);
	return ok;
}

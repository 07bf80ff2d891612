/*
 * Asking an issuer: its metadata (RFC 8414, or OpenID Connect Discovery) and the keys that it names
 * there.  Only https is spoken, and http on this machine; a redirect is no answer.
 */
#include <string.h>

#include "auth/token.h"
#include "net/net.h"

#define REQUEST_MS	5000
#define METADATA_BYTES	(256 * KIB)
#define ISSUER_METADATA 3 /* places where it may be */

static bool
is_to_loopback(void *owner, const struct address *address)
{
	(void)owner;
	return address_is_loopback(address);
}

/* One document, into the arena. */
MUST_CHECK static bool
get_wait(struct issuer_ask *ask, struct slice text, struct arena *arena, struct slice *body,
    struct err *err)
{
	struct rest_settings settings = { .tls = { .ca = ask->jwt->ca, .cert = SLICE_NONE },
		.connect_ms = REQUEST_MS };
	struct rest_request request = { .method = S("GET"),
		.headers = S("Accept: application/json\r\n"),
		.body = SLICE_NONE,
		.timeout_ms = REQUEST_MS,
		.max_bytes = METADATA_BYTES };
	struct rest_pool *pool = NULL;
	struct rest_reply reply;
	struct url url;
	bool ok, was_sent;

	if (text.n > ISSUER_URL_MAX || !url_parse(text, &url, err))
		return err_set(err, ERR_REFUSED, "the address of a document makes no sense");
	if (!url.is_tls && !url_host_is_loopback(url.host))
		return err_set(err, ERR_REFUSED, "the address of a document is not https");
	settings.url =
	    (struct slice){ text.p, (size_t)(url.authority.p + url.authority.n - text.p) };
	if (!url.is_tls)
		settings.may_connect = is_to_loopback;
	request.path = url.path;
	if (!rest_pool_new(ask->loop, &settings, &pool, err))
		return false;
	ok = rest_wait(pool, &request, arena, &reply, &was_sent, err);
	rest_pool_free(&pool);
	if (ok && reply.status != 200)
		return err_set(
		    err, ERR_REFUSED, "%.*s answers with status %d", SLICE_FMT(text), reply.status);
	*body = ok ? reply.body : SLICE_NONE;
	return ok;
}

/* `issuer` must be the very one that was asked for (RFC 8414 section 3.3). */
MUST_CHECK static bool
metadata_read(struct issuer_ask *ask, struct slice text, struct err *err)
{
	yyjson_doc *doc = yyjson_read(text.p, text.n, YYJSON_READ_NOFLAG);
	yyjson_val *root = yyjson_doc_get_root(doc);
	struct slice keys = token_text(token_member(root, "jwks_uri"));
	bool ok = true;

	if (!yyjson_is_obj(root))
		ok = err_set(err, ERR_REFUSED, "the metadata is no JSON object");
	else if (!slice_eq(token_text(token_member(root, "issuer")), ask->jwt->issuer))
		ok = err_set(err, ERR_REFUSED,
		    "the metadata is that of another issuer: its \"issuer\" must be auth.jwt.issuer to "
		    "the letter");
	else if (keys.n == 0 || keys.n > ISSUER_URL_MAX)
		ok = err_set(err, ERR_REFUSED, "the metadata has no \"jwks_uri\"");
	buf_clear(&ask->keys_url);
	if (ok)
		buf_put(&ask->keys_url, keys);
	yyjson_doc_free(doc);
	return ok;
}

/* Where metadata may be: between host and path, or behind the path. */
static struct slice
metadata_url(struct arena *arena, struct slice issuer, const struct url *url, unsigned which)
{
	static const char *const names[] = { "oauth-authorization-server", "openid-configuration" };
	struct slice origin = { issuer.p,
		(size_t)(url->authority.p + url->authority.n - issuer.p) };
	struct slice path = { origin.p + origin.n, issuer.n - origin.n };

	while (slice_ends(path, S("/")))
		path.n--;
	if (which == 2 && path.n == 0)
		return SLICE_NONE;
	if (which == 2)
		return arena_printf(
		    arena, "%.*s%.*s/.well-known/%s", SLICE_FMT(origin), SLICE_FMT(path), names[1]);
	return arena_printf(
	    arena, "%.*s/.well-known/%s%.*s", SLICE_FMT(origin), names[which], SLICE_FMT(path));
}

/* Of several that fail, the one that answered best says why. */
MUST_CHECK static bool
discover_wait(struct issuer_ask *ask, struct arena *arena, struct err *err)
{
	struct slice at, body;
	struct url url;

	ask->step = ISSUER_REACH;
	if (!url_parse(ask->jwt->issuer, &url, err))
		return false;
	for (unsigned i = 0; i < ISSUER_METADATA; i++) {
		struct err why = { 0 };
		bool was_there;

		at = metadata_url(arena, ask->jwt->issuer, &url, i);
		if (at.p == NULL)
			break;
		was_there = get_wait(ask, at, arena, &body, &why);
		if (was_there && metadata_read(ask, body, &why))
			return true;
		if (was_there || ask->step == ISSUER_REACH)
			*err = why;
		if (was_there)
			ask->step = ISSUER_MATCH;
		if (why.kind != ERR_REFUSED) /* not there at all */
			break;
	}
	return false;
}

struct load_job {
	bool ok;
	struct err err;
};

static void
load_work(void *arg)
{
	struct load_job *job = arg;

	job->ok = jose_load(&job->err);
}

void
issuer_ask_init(struct issuer_ask *ask, struct loop *loop, const struct config_jwt *jwt)
{
	*ask = (struct issuer_ask){ .loop = loop, .jwt = jwt };
	buf_init(&ask->keys_url, NULL, ISSUER_URL_MAX);
}

void
issuer_ask_fini(struct issuer_ask *ask)
{
	buf_fini(&ask->keys_url);
}

bool
issuer_ask_wait(struct issuer_ask *ask, struct arena *arena, struct slice *text,
    struct keyset **keys, struct err *err)
{
	struct load_job job = { .ok = false };

	*keys = NULL;
	ask->step = ISSUER_LOAD;
	helper_run_wait(ask->loop, "tls", load_work, &job);
	if (!job.ok) {
		*err = job.err;
		return false;
	}
	if (ask->keys_url.n == 0 && ask->jwt->jwks.p != NULL)
		buf_put(&ask->keys_url, ask->jwt->jwks);
	if (ask->keys_url.n == 0 && !discover_wait(ask, arena, err))
		return false;
	ask->step = ISSUER_KEYS;
	if (!get_wait(ask, buf_view(&ask->keys_url), arena, text, err) ||
	    !keyset_new(*text, keys, err))
		return err_prefix(err, "keys");
	ask->step = ISSUER_DONE;
	return true;
}

unsigned
issuer_algorithms(const struct config_jwt *jwt)
{
	enum jose_algorithm algorithm;
	unsigned bits = 0;

	for (size_t i = 0; i < jwt->algorithms_n; i++)
		if (jose_algorithm_find(jwt->algorithms[i], &algorithm))
			bits |= 1u << algorithm;
	return bits;
}

void
issuer_look_wait(struct loop *loop, const struct config *config, struct arena *arena,
    struct issuer_report *report)
{
	struct keyset *keys = NULL;
	struct issuer_ask ask;
	struct slice text;

	*report = (struct issuer_report){ .keys_url = SLICE_NONE };
	issuer_ask_init(&ask, loop, &config->jwt);
	if (issuer_ask_wait(&ask, arena, &text, &keys, &report->why)) {
		report->keys_n = keyset_n(keys);
		report->fit_n = keyset_fit_n(keys, issuer_algorithms(&config->jwt));
	}
	report->step = ask.step;
	report->keys_url = slice_dup(arena, buf_view(&ask.keys_url));
	keyset_free(&keys);
	issuer_ask_fini(&ask);
}

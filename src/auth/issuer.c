/*
 * An issuer of tokens: its keys, fetched by a task, and the tokens that were found good.
 *
 * The issuer is asked at the start, each REFRESH_MS, sooner after a failure, and when a token names
 * a key that is not known, the latter at most once in `refresh`: who invents names of keys cannot
 * make us hammer it.  What fails leaves the old keys good, for KEEP_MS.  A token that was found
 * good is known by its SHA-256 until it expires, so that the next call with it costs no signature.
 * Metadata is that of RFC 8414, or of OpenID Connect Discovery.
 */
#include <string.h>

#include "auth/token.h"
#include "net/net.h"

#define REFRESH_MS     (15 * 60 * 1000)
#define KEEP_MS	       (24 * 60 * 60 * 1000)
#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS  60000
#define REQUEST_MS     5000
#define METADATA_BYTES (256 * KIB)
#define URL_BYTES      (2 * KIB)
#define KNOWN_MAX      4096 /* tokens */
#define KNOWN_BUCKETS  1024
#define FETCH_BYTES    (2 * MIB)

/* A token that was found good. */
struct known {
	struct known *chain;	   /* of its bucket */
	struct known *next, *prev; /* by last use, newest first */
	unsigned char digest[SHA256_BYTES];
	struct caller caller; /* our own memory */
	uint64_t expires_s;
};

struct issuer {
	struct loop *loop;
	struct config_jwt jwt; /* our own memory */
	struct token_policy policy;
	struct group group;
	struct timer timer;
	struct rest_pool *pool; /* of the request in progress */
	bool is_asking, is_closed;
	struct buf keys_url; /* empty: to be found out */
	struct keyset *keys; /* NULL: none yet */
	unsigned char keys_digest[SHA256_BYTES];
	uint64_t keys_ms, asked_ms; /* when it answered, was asked for an unknown key */
	bool was_asked;
	unsigned failures; /* since it answered */
	void (*done)(void *owner);
	void *owner;
	struct known *buckets[KNOWN_BUCKETS];
	struct known recent; /* list head */
	size_t known_n;
};

/* ---- tokens that are known ------------------------------------------------------------------- */

static struct known **
known_place(struct issuer *issuer, const unsigned char digest[SHA256_BYTES])
{
	struct known **at = &issuer->buckets[(digest[0] | digest[1] << 8) % KNOWN_BUCKETS];

	while (*at != NULL && memcmp((*at)->digest, digest, SHA256_BYTES) != 0)
		at = &(*at)->chain;
	return at;
}

static void
known_unlink(struct known *known)
{
	known->prev->next = known->next;
	known->next->prev = known->prev;
}

static void
known_put_first(struct issuer *issuer, struct known *known)
{
	known->next = issuer->recent.next;
	known->prev = &issuer->recent;
	known->next->prev = known->prev->next = known;
}

static void
known_drop(struct issuer *issuer, struct known *known)
{
	*known_place(issuer, known->digest) = known->chain;
	known_unlink(known);
	issuer->known_n--;
	auth_caller_free(&known->caller);
	mem_free(known);
}

static void
known_clear(struct issuer *issuer)
{
	while (issuer->recent.next != &issuer->recent)
		known_drop(issuer, issuer->recent.next);
}

static struct known *
known_find(struct issuer *issuer, const unsigned char digest[SHA256_BYTES])
{
	struct known *known = *known_place(issuer, digest);

	if (known == NULL)
		return NULL;
	if (loop_unix_ms(issuer->loop) / 1000 >= known->expires_s + TOKEN_LEEWAY_S) {
		known_drop(issuer, known);
		return NULL;
	}
	known_unlink(known);
	known_put_first(issuer, known);
	return known;
}

static struct known *
known_add(
    struct issuer *issuer, const unsigned char digest[SHA256_BYTES], const struct token *token)
{
	struct caller caller = { token->caller, token->tenant, NULL };
	struct known *known;

	if (issuer->known_n >= KNOWN_MAX)
		known_drop(issuer, issuer->recent.prev);
	known = MEM_NEW(struct known);
	memcpy(known->digest, digest, SHA256_BYTES);
	known->caller = auth_caller_copy(&caller);
	known->expires_s = token->expires_s;
	*known_place(issuer, digest) = known;
	known_put_first(issuer, known);
	issuer->known_n++;
	return known;
}

/* ---- asking the issuer ----------------------------------------------------------------------- */

static bool
is_to_loopback(void *owner, const struct address *address)
{
	(void)owner;
	return address_is_loopback(address);
}

/* One document, into the arena. */
MUST_CHECK static bool
get_wait(struct issuer *issuer, struct slice text, struct arena *arena, struct slice *body,
    struct err *err)
{
	struct rest_settings settings = { .tls = { .ca = issuer->jwt.ca, .cert = SLICE_NONE },
		.connect_ms = REQUEST_MS };
	struct rest_request request = { .method = S("GET"),
		.headers = S("Accept: application/json\r\n"),
		.body = SLICE_NONE,
		.timeout_ms = REQUEST_MS,
		.max_bytes = METADATA_BYTES };
	struct rest_reply reply;
	struct url url;
	bool ok, was_sent;

	if (text.n > URL_BYTES || !url_parse(text, &url, err))
		return err_set(err, ERR_REFUSED, "the address of a document makes no sense");
	if (!url.is_tls && !url_host_is_loopback(url.host))
		return err_set(err, ERR_REFUSED, "the address of a document is not https");
	settings.url =
	    (struct slice){ text.p, (size_t)(url.authority.p + url.authority.n - text.p) };
	if (!url.is_tls)
		settings.may_connect = is_to_loopback;
	request.path = url.path;
	if (!rest_pool_new(issuer->loop, &settings, &issuer->pool, err))
		return false;
	ok = rest_wait(issuer->pool, &request, arena, &reply, &was_sent, err);
	rest_pool_free(&issuer->pool);
	if (ok && reply.status != 200)
		return err_set(
		    err, ERR_REFUSED, "%.*s answers with status %d", SLICE_FMT(text), reply.status);
	*body = ok ? reply.body : SLICE_NONE;
	return ok;
}

/* `issuer` must be the very one that was asked for (RFC 8414 section 3.3). */
MUST_CHECK static bool
metadata_read(struct issuer *issuer, struct slice text, struct err *err)
{
	yyjson_doc *doc = yyjson_read(text.p, text.n, YYJSON_READ_NOFLAG);
	yyjson_val *root = yyjson_doc_get_root(doc);
	struct slice keys = token_text(token_member(root, "jwks_uri"));
	bool ok = true;

	if (!slice_eq(token_text(token_member(root, "issuer")), issuer->jwt.issuer))
		ok = err_set(err, ERR_REFUSED,
		    "the metadata is that of another issuer: its \"issuer\" must be auth.jwt.issuer to "
		    "the letter");
	else if (keys.n == 0 || keys.n > URL_BYTES)
		ok = err_set(err, ERR_REFUSED, "the metadata has no \"jwks_uri\"");
	buf_clear(&issuer->keys_url);
	if (ok)
		buf_put(&issuer->keys_url, keys);
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

MUST_CHECK static bool
discover_wait(struct issuer *issuer, struct arena *arena, struct err *err)
{
	struct slice at, body;
	struct url url;

	if (!url_parse(issuer->jwt.issuer, &url, err))
		return false;
	for (unsigned i = 0; i < 3; i++) {
		struct err why = { 0 };

		at = metadata_url(arena, issuer->jwt.issuer, &url, i);
		if (at.p == NULL)
			break;
		if (get_wait(issuer, at, arena, &body, &why) && metadata_read(issuer, body, &why))
			return true;
		*err = why;
		if (why.kind != ERR_REFUSED) /* not there at all */
			break;
	}
	return false;
}

static void
keys_take(struct issuer *issuer, struct slice text, struct keyset **keys)
{
	unsigned char digest[SHA256_BYTES];
	bool has_changed;

	sha256_bytes(text, digest);
	has_changed =
	    issuer->keys == NULL || memcmp(digest, issuer->keys_digest, sizeof(digest)) != 0;
	/* What a key signed that is gone is not good any more. */
	if (has_changed)
		known_clear(issuer);
	memcpy(issuer->keys_digest, digest, sizeof(digest));
	keyset_free(&issuer->keys);
	issuer->keys = *keys;
	*keys = NULL;
	issuer->keys_ms = loop_now_ms(issuer->loop);
	if (has_changed)
		log_event(loop_log(issuer->loop), LOG_INFO, "issuer_keys",
		    "%.*s: %zu keys for tokens", SLICE_FMT(issuer->jwt.issuer),
		    keyset_n(issuer->keys));
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

MUST_CHECK static bool
keys_wait(struct issuer *issuer, struct arena *arena, struct err *err)
{
	struct load_job job = { .ok = false };
	struct keyset *keys = NULL;
	struct slice body;

	helper_run_wait(issuer->loop, "tls", load_work, &job);
	if (!job.ok) {
		*err = job.err;
		return false;
	}
	if (issuer->keys_url.n == 0 && issuer->jwt.jwks.p != NULL)
		buf_put(&issuer->keys_url, issuer->jwt.jwks);
	if (issuer->keys_url.n == 0 && !discover_wait(issuer, arena, err))
		return false;
	if (!get_wait(issuer, buf_view(&issuer->keys_url), arena, &body, err) ||
	    !keyset_new(body, &keys, err))
		return err_prefix(err, "keys");
	keys_take(issuer, body, &keys);
	return true;
}

static void ask(struct issuer *issuer);

static void
on_timer(struct timer *timer)
{
	struct issuer *issuer = CONTAINER(timer, struct issuer, timer);

	buf_clear(&issuer->keys_url); /* it may have moved */
	ask(issuer);
}

static void
failed(struct issuer *issuer, const struct err *err)
{
	buf_clear(&issuer->keys_url);
	if (issuer->failures < 100)
		issuer->failures++;
	if (log_is_due(issuer->failures))
		log_event(loop_log(issuer->loop), LOG_WARN, "issuer_unavailable", "%.*s: %s; %s",
		    SLICE_FMT(issuer->jwt.issuer), err->text,
		    issuer->keys != NULL ? "its keys of before stay good for a day"
					 : "no token can be checked until it answers");
}

static uint64_t
next_ms(const struct issuer *issuer)
{
	uint64_t ms = RETRY_FIRST_MS;

	if (issuer->failures == 0)
		return REFRESH_MS;
	for (unsigned i = 1; i < issuer->failures && ms < RETRY_MOST_MS; i++)
		ms *= 2;
	return ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS;
}

static void
ask_run(void *arg)
{
	struct issuer *issuer = arg;
	struct err err = { 0 };
	struct arena arena;

	arena_init(&arena, NULL, FETCH_BYTES);
	if (keys_wait(issuer, &arena, &err))
		issuer->failures = 0;
	else if (!issuer->is_closed)
		failed(issuer, &err);
	arena_fini(&arena);
	issuer->is_asking = false;
	if (issuer->is_closed)
		return;
	timer_start(
	    issuer->loop, &issuer->timer, loop_now_ms(issuer->loop) + next_ms(issuer), on_timer);
	if (issuer->done != NULL)
		issuer->done(issuer->owner);
}

static void
ask(struct issuer *issuer)
{
	struct err err = { 0 };

	if (issuer->is_asking || issuer->is_closed)
		return;
	issuer->is_asking =
	    group_spawn(issuer->loop, &issuer->group, "issuer", ask_run, issuer, &err);
	if (!issuer->is_asking) {
		failed(issuer, &err);
		timer_start(issuer->loop, &issuer->timer,
		    loop_now_ms(issuer->loop) + next_ms(issuer), on_timer);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct slice *
list_keep(const struct slice *list, size_t n)
{
	struct slice *copy = mem_new((n + 1) * sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = slice_keep(list[i]);
	return copy;
}

static void
list_free(struct slice *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem_free((void *)list[i].p);
	mem_free(list);
}

struct issuer *
issuer_new(struct loop *loop, const struct config_jwt *jwt)
{
	struct issuer *issuer = MEM_NEW(struct issuer);
	enum jose_algorithm algorithm;

	issuer->loop = loop;
	issuer->jwt = (struct config_jwt){ slice_keep(jwt->issuer), slice_keep(jwt->audience),
		slice_keep(jwt->resource), slice_keep(jwt->jwks), slice_keep(jwt->ca),
		slice_keep(jwt->caller), slice_keep(jwt->tenant),
		list_keep(jwt->algorithms, jwt->algorithms_n),
		list_keep(jwt->scopes, jwt->scopes_n), jwt->algorithms_n, jwt->scopes_n,
		jwt->refresh_ms };
	issuer->policy =
	    (struct token_policy){ issuer->jwt.issuer, issuer->jwt.audience, issuer->jwt.caller,
		    issuer->jwt.tenant, issuer->jwt.scopes, issuer->jwt.scopes_n, 0 };
	for (size_t i = 0; i < jwt->algorithms_n; i++)
		if (jose_algorithm_find(jwt->algorithms[i], &algorithm))
			issuer->policy.algorithms |= 1u << algorithm;
	issuer->recent.next = issuer->recent.prev = &issuer->recent;
	buf_init(&issuer->keys_url, NULL, URL_BYTES);
	ask(issuer);
	return issuer;
}

void
issuer_free(struct issuer **at)
{
	struct issuer *issuer = *at;

	*at = NULL;
	if (issuer == NULL)
		return;
	issuer->is_closed = true;
	timer_stop(issuer->loop, &issuer->timer);
	if (issuer->group.running > 0) {
		group_cancel(&issuer->group, ERR_CANCELLED);
		group_drain(issuer->loop, &issuer->group);
	}
	known_clear(issuer);
	keyset_free(&issuer->keys);
	buf_fini(&issuer->keys_url);
	list_free(issuer->jwt.algorithms, issuer->jwt.algorithms_n);
	list_free(issuer->jwt.scopes, issuer->jwt.scopes_n);
	mem_free((void *)issuer->jwt.issuer.p);
	mem_free((void *)issuer->jwt.audience.p);
	mem_free((void *)issuer->jwt.resource.p);
	mem_free((void *)issuer->jwt.jwks.p);
	mem_free((void *)issuer->jwt.ca.p);
	mem_free((void *)issuer->jwt.caller.p);
	mem_free((void *)issuer->jwt.tenant.p);
	mem_free(issuer);
}

void
issuer_watch(struct issuer *issuer, void (*done)(void *owner), void *owner)
{
	issuer->done = done;
	issuer->owner = owner;
}

static bool
lists_eq(const struct slice *a, size_t a_n, const struct slice *b, size_t b_n)
{
	for (size_t i = 0; a_n == b_n && i < a_n; i++)
		if (!slice_eq(a[i], b[i]))
			return false;
	return a_n == b_n;
}

bool
issuer_is_for(const struct issuer *issuer, const struct config_jwt *jwt)
{
	const struct config_jwt *has = &issuer->jwt;

	return slice_eq(has->issuer, jwt->issuer) && slice_eq(has->audience, jwt->audience) &&
	    slice_eq(has->resource, jwt->resource) && slice_eq(has->jwks, jwt->jwks) &&
	    slice_eq(has->ca, jwt->ca) && slice_eq(has->caller, jwt->caller) &&
	    slice_eq(has->tenant, jwt->tenant) && has->refresh_ms == jwt->refresh_ms &&
	    lists_eq(has->algorithms, has->algorithms_n, jwt->algorithms, jwt->algorithms_n) &&
	    lists_eq(has->scopes, has->scopes_n, jwt->scopes, jwt->scopes_n);
}

const struct config_jwt *
issuer_settings(const struct issuer *issuer)
{
	return &issuer->jwt;
}

/* ---- looking at tokens ----------------------------------------------------------------------- */

/* Keys that nobody has confirmed for so long are none. */
static void
keys_expire(struct issuer *issuer)
{
	if (issuer->keys == NULL || loop_now_ms(issuer->loop) - issuer->keys_ms < KEEP_MS)
		return;
	known_clear(issuer);
	keyset_free(&issuer->keys);
}

/* A key is not known: may the issuer be asked? */
static bool
ask_for_key(struct issuer *issuer)
{
	uint64_t now_ms = loop_now_ms(issuer->loop);

	if (issuer->is_asking)
		return true;
	if (issuer->was_asked && now_ms - issuer->asked_ms < issuer->jwt.refresh_ms)
		return false;
	issuer->was_asked = true;
	issuer->asked_ms = now_ms;
	ask(issuer);
	return issuer->is_asking;
}

/* A token that reads well: its signature. */
static enum auth_answer
signature_look(struct issuer *issuer, const struct token *token, struct slice text, bool may_wait,
    enum token_fault *fault)
{
	if (issuer->keys == NULL)
		return may_wait && issuer->is_asking ? AUTH_WAIT : AUTH_BLIND;
	*fault = keyset_verify(issuer->keys, token, text);
	if (*fault == TOKEN_KEY && may_wait && ask_for_key(issuer))
		return AUTH_WAIT;
	if (*fault != TOKEN_NONE)
		return AUTH_STRANGER;
	if (!token->has_scopes) {
		*fault = TOKEN_SCOPE;
		return AUTH_SCOPE;
	}
	return AUTH_KNOWN;
}

enum auth_answer
issuer_look(struct issuer *issuer, struct slice text, bool may_wait, struct caller *caller,
    enum token_fault *fault)
{
	unsigned char digest[SHA256_BYTES];
	enum auth_answer answer = AUTH_STRANGER;
	struct known *known = NULL;
	struct token token;

	keys_expire(issuer);
	*fault = TOKEN_SIZE;
	if (text.n > TOKEN_BYTES_MAX)
		return AUTH_STRANGER;
	sha256_bytes(text, digest);
	known = known_find(issuer, digest);
	if (known == NULL) {
		*fault =
		    token_read(&issuer->policy, text, loop_unix_ms(issuer->loop) / 1000, &token);
		if (*fault == TOKEN_NONE)
			answer = signature_look(issuer, &token, text, may_wait, fault);
		if (answer == AUTH_KNOWN)
			known = known_add(issuer, digest, &token);
		token_fini(&token);
	}
	if (known == NULL)
		return answer;
	*fault = TOKEN_NONE;
	*caller = (struct caller){ known->caller.principal, known->caller.tenant, NULL };
	return AUTH_KNOWN;
}

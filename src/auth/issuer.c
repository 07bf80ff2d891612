/*
 * An issuer of tokens: its keys, fetched by a task (issuer_ask.c), and whether a token is good.
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
#define FETCH_BYTES    (2 * MIB)

struct issuer {
	struct loop *loop;
	struct config_jwt jwt; /* our own memory */
	struct token_policy policy;
	struct group group;
	struct timer timer;
	bool is_asking, is_closed;
	struct issuer_ask ask;
	struct keyset *keys; /* NULL: none yet */
	unsigned char keys_digest[SHA256_BYTES];
	uint64_t keys_ms, asked_ms; /* when it answered, was asked for an unknown key */
	bool was_asked;
	unsigned failures; /* since it answered */
	void (*done)(void *owner);
	void *owner;
	struct known_tokens *known;
};

/* ---- asking the issuer ----------------------------------------------------------------------- */

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
		known_clear(issuer->known);
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

static void ask(struct issuer *issuer);

static void
on_timer(struct timer *timer)
{
	struct issuer *issuer = CONTAINER(timer, struct issuer, timer);

	buf_clear(&issuer->ask.keys_url); /* it may have moved */
	ask(issuer);
}

static void
failed(struct issuer *issuer, const struct err *err)
{
	buf_clear(&issuer->ask.keys_url);
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
	struct keyset *keys;
	struct err err = { 0 };
	struct arena arena;
	struct slice text;

	arena_init(&arena, NULL, FETCH_BYTES);
	if (issuer_ask_wait(&issuer->ask, &arena, &text, &keys, &err)) {
		keys_take(issuer, text, &keys);
		issuer->failures = 0;
	} else if (!issuer->is_closed) {
		failed(issuer, &err);
	}
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

	issuer->loop = loop;
	issuer->jwt = (struct config_jwt){ slice_keep(jwt->issuer), slice_keep(jwt->audience),
		slice_keep(jwt->resource), slice_keep(jwt->jwks), slice_keep(jwt->ca),
		slice_keep(jwt->caller), slice_keep(jwt->tenant),
		list_keep(jwt->algorithms, jwt->algorithms_n),
		list_keep(jwt->scopes, jwt->scopes_n), jwt->algorithms_n, jwt->scopes_n,
		jwt->refresh_ms };
	issuer->policy = (struct token_policy){ issuer->jwt.issuer, issuer->jwt.audience,
		issuer->jwt.caller, issuer->jwt.tenant, issuer->jwt.scopes, issuer->jwt.scopes_n,
		issuer_algorithms(jwt) };
	issuer->known = known_new();
	issuer_ask_init(&issuer->ask, loop, &issuer->jwt);
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
	known_free(&issuer->known);
	keyset_free(&issuer->keys);
	issuer_ask_fini(&issuer->ask);
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
	known_clear(issuer->known);
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
	uint64_t now_s = loop_unix_ms(issuer->loop) / 1000;
	const struct caller *known;
	struct token token;

	keys_expire(issuer);
	*fault = TOKEN_SIZE;
	if (text.n > TOKEN_BYTES_MAX)
		return AUTH_STRANGER;
	sha256_bytes(text, digest);
	known = known_find(issuer->known, digest, now_s);
	if (known == NULL) {
		*fault = token_read(&issuer->policy, text, now_s, &token);
		if (*fault == TOKEN_NONE)
			answer = signature_look(issuer, &token, text, may_wait, fault);
		if (answer == AUTH_KNOWN)
			known = known_add(issuer->known, digest, &token);
		token_fini(&token);
	}
	if (known == NULL)
		return answer;
	*fault = TOKEN_NONE;
	*caller = (struct caller){ known->principal, known->tenant, NULL };
	return AUTH_KNOWN;
}

/*
 * Private to auth: tokens of an issuer (JWT, RFC 7519).  What a token says (token.c), the issuer's
 * keys (keyset.c), the library that verifies with them (jose.c), tokens that were found good
 * (known.c), and the issuer itself (issuer.c), which is asked (issuer_ask.c).
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <yyjson.h>

#include "auth/auth.h"

#define TOKEN_BYTES_MAX (8 * KIB)
#define TOKEN_NAME_MAX	128 /* of callers and tenants */
#define TOKEN_LEEWAY_S	30  /* clocks differ */

/* Why one is not taken: for the operator's log, never for who sent it. */
#define TOKEN_FAULTS(X) \
	X(NONE, "") \
	X(SIZE, "it is longer than 8 KiB") \
	X(SHAPE, "it is no signed token of three parts") \
	X(TYPE, "its typ is not that of an access token") \
	X(CRITICAL, "it has crit: extensions that are not known here") \
	X(ALGORITHM, "its alg is not one of auth.jwt.algorithms") \
	X(CLAIMS, "its claims are incomplete, or not what they should be") \
	X(ISSUER, "its iss is not auth.jwt.issuer") \
	X(AUDIENCE, "its aud does not name auth.jwt.audience") \
	X(EXPIRED, "it has expired") \
	X(EARLY, "it is not valid yet: nbf or iat is in the future") \
	X(NAME, "the claim auth.jwt.caller is no name: 1 to 128 visible characters") \
	X(TENANT, "the claim auth.jwt.tenant is no name: 1 to 128 visible characters") \
	X(TAKEN, "its name is one of auth.keys, or of bascule's own") \
	X(KEY, "no key of the issuer is the one it names") \
	X(SIGNATURE, "its signature is wrong") \
	X(SCOPE, "it lacks a scope of auth.jwt.scopes")
enum token_fault {
#define X(name, text) TOKEN_##name,
	TOKEN_FAULTS(X)
#undef X
	    TOKEN_FAULTS_N
};
const char *token_fault_text(enum token_fault fault);

enum jose_algorithm {
#define X(name) JOSE_##name,
	CONFIG_JWT_ALGORITHMS(X)
#undef X
	    JOSE_ALGORITHMS_N
};
/* False: none that is known here, which "none" and HMAC are not. */
bool jose_algorithm_find(struct slice name, enum jose_algorithm *out);

/* What is asked of a token; slices are the owner's. */
struct token_policy {
	struct slice issuer, audience, caller, tenant; /* as in struct config_jwt */
	const struct slice *scopes;
	size_t scopes_n;
	unsigned algorithms; /* bits by enum jose_algorithm */
};

/* What a token says; its slices are in `documents` or in the text it was read from. */
struct token {
	enum jose_algorithm algorithm;
	struct slice key_id; /* SLICE_NONE: it names none */
	struct slice caller, tenant;
	uint64_t expires_s; /* unix time */
	bool has_scopes;
	size_t signature_bytes;
	yyjson_doc *documents[2];
};
/*
 * Reads one and checks all but its signature and its scopes (has_scopes).  The caller ends it with
 * token_fini() in any case.
 */
enum token_fault
token_read(const struct token_policy *policy, struct slice text, uint64_t now_s, struct token *out);
void token_fini(struct token *token);

/* base64url without padding, in its one right form (RFC 7515); false: it is none. */
MUST_CHECK bool base64url_read(struct slice text, struct buf *out);
/* The member of that name; NULL: none, or more than one. */
yyjson_val *token_member(yyjson_val *object, const char *name);
struct slice token_text(yyjson_val *value); /* SLICE_NONE: no string */

/* ---- keys (keyset.c) ------------------------------------------------------------------------- */

#define KEYSET_BYTES_MAX (256 * KIB)
#define KEYSET_KEYS_MAX	 64

struct keyset;
/*
 * From a JWK Set (RFC 7517); jose_load() came before.  Keys that are not for signatures, of a kind
 * that is not known, or too small, are left out; ERR_REFUSED: what is wrong, or that none is left.
 */
MUST_CHECK bool keyset_new(struct slice text, struct keyset **out, struct err *err);
void keyset_free(struct keyset **set); /* *set NULL: nothing */
size_t keyset_n(const struct keyset *set);
/* How many of them are for one of these algorithms, bits by enum jose_algorithm. */
size_t keyset_fit_n(const struct keyset *set, unsigned algorithms);
/* TOKEN_NONE: the signature is right.  TOKEN_KEY: there is no such key. */
enum token_fault
keyset_verify(const struct keyset *set, const struct token *token, struct slice text);

/* ---- tokens that were found good (known.c) --------------------------------------------------- */

#define KNOWN_MAX 4096 /* tokens */

struct known_tokens;
struct known_tokens *known_new(void);
void known_free(struct known_tokens **tokens); /* *tokens NULL: nothing */
void known_clear(struct known_tokens *tokens);
size_t known_n(const struct known_tokens *tokens);
/* Whose it is, until the next call of these; NULL: it is not known, or not any more. */
const struct caller *
known_find(struct known_tokens *tokens, const unsigned char digest[SHA256_BYTES], uint64_t now_s);
/* One that is not known. */
const struct caller *known_add(struct known_tokens *tokens,
    const unsigned char digest[SHA256_BYTES], const struct token *token);

/* ---- the library (jose.c) -------------------------------------------------------------------- */

/* Loads it, once a process; blocks: for helper threads.  ERR_UNAVAILABLE: it is missing. */
MUST_CHECK bool jose_load(struct err *err);

/* ---- asking an issuer (issuer_ask.c) --------------------------------------------------------- */

#define ISSUER_URL_MAX (2 * KIB)

struct issuer_ask {
	struct loop *loop;
	const struct config_jwt *jwt;
	struct buf keys_url; /* empty: to be found out */
	enum issuer_step step;
};
/* jwt lives as long as it does. */
void issuer_ask_init(struct issuer_ask *ask, struct loop *loop, const struct config_jwt *jwt);
void issuer_ask_fini(struct issuer_ask *ask);
/* The keys, also as *text in the arena; false: ask->step is the one that failed. */
MUST_CHECK bool issuer_ask_wait(struct issuer_ask *ask, struct arena *arena, struct slice *text,
    struct keyset **keys, struct err *err);
unsigned issuer_algorithms(const struct config_jwt *jwt); /* as in struct token_policy */

/* ---- issuers (issuer.c) ---------------------------------------------------------------------- */

struct issuer;
/* Begins to fetch keys.  done(owner): each time that this ended, well or not. */
struct issuer *issuer_new(struct loop *loop, const struct config_jwt *jwt);
void issuer_free(struct issuer **issuer); /* from a task: may wait; *issuer NULL: nothing */
void issuer_watch(struct issuer *issuer, void (*done)(void *owner), void *owner);
const struct config_jwt *issuer_settings(const struct issuer *issuer);
bool issuer_is_for(const struct issuer *issuer, const struct config_jwt *jwt);
/*
 * Looks at a token.  AUTH_KNOWN: principal and tenant of caller live until the loop turns.
 * may_wait false: AUTH_WAIT is no answer, nor is the issuer asked.
 */
enum auth_answer issuer_look(struct issuer *issuer, struct slice token, bool may_wait,
    struct caller *caller, enum token_fault *fault);

#endif

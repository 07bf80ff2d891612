/*
 * auth: who sends.  Every exchange has a caller; rules, limits and the audit speak of it.  And
 * sealed texts: what clients keep for us without being able to read or change it.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "config/config.h"
#include "run/run.h"

struct http_header; /* net */

/*
 * What a request over HTTP brought for Atlassian (credentials.c): secret, of that request alone,
 * never logged.  Values are visible ASCII, of CREDENTIAL_BYTES_MAX at most.
 */
enum credential_scheme { CREDENTIAL_NONE, CREDENTIAL_BEARER, CREDENTIAL_TOKEN, CREDENTIAL_BASIC };
#define CREDENTIAL_PRODUCTS   2 /* by enum config_product */
#define CREDENTIAL_BYTES_MAX  (8 * KIB)
#define CREDENTIAL_PASSED_MAX 16
struct credentials {
	enum credential_scheme scheme; /* of Authorization */
	struct slice authorization; /* what stands behind the scheme; SLICE_NONE: it is not there */
	struct slice cloud_id;
	struct slice url[CREDENTIAL_PRODUCTS], token[CREDENTIAL_PRODUCTS];
	/* Not for us: fields that `passthrough` of some site names. */
	struct passed {
		struct slice name, value;
	} passed[CREDENTIAL_PASSED_MAX];
	unsigned passed_n;
};

struct caller {
	struct slice principal; /* key's or token's name; "anonymous" under auth: none */
	struct slice tenant;	/* SLICE_NONE: none */
	/* NULL: not over HTTP, or no site is configured.  Empty: none came, or none are taken.  Not
	 * part of who the caller is. */
	const struct credentials *credentials;
};

/* The caller of a loopback or stdio client where no credential is asked for. */
struct caller auth_anonymous(void);
/* May a message of caller b use what caller a created (a session, a parked call)? */
bool auth_same(const struct caller *a, const struct caller *b);
/* Copies on the heap, for what outlives a request or a reload; freed by auth_caller_free(). */
struct caller auth_caller_copy(const struct caller *caller);
void auth_caller_free(struct caller *caller);

/* What is asked of callers: keys, tokens, or nothing. Copied from the configuration. */
struct auth;
struct auth *auth_new(const struct config *config);
void auth_free(struct auth **auth);
/* auth may be NULL: nothing is configured. */
bool auth_asks(const struct auth *auth);
/* `auth: tenants`: without a credential of Atlassian there are lists and no more. */
bool auth_is_tenants(const struct auth *auth);
/* The same, and nothing else lets a request without one use a site. */
bool auth_needs_credentials(const struct auth *auth);
/* Could a request have this caller? */
bool auth_knows(const struct auth *auth, const struct caller *caller);

/* The header fields that carry credentials; SLICE_NONE: absent. */
struct auth_fields {
	struct slice authorization, key; /* Authorization, X-Bascule-Key */
	bool is_doubled;		 /* one of them came twice */
};
/*
 * Finds the caller by key; its slices live as long as auth.  True without a look, and anonymous,
 * where no keys are asked for. False says nothing of why: not what is missing, nor which part was
 * wrong, nor by its time how much of a key was right.
 */
bool auth_caller(const struct auth *auth, const struct auth_fields *fields, struct caller *caller);

/*
 * Tokens of an issuer (`auth.jwt`).  Begins to fetch its keys, or takes over those of `before`
 * where the settings are the same (before NULL: nothing); done(owner): each time that the issuer
 * was asked.  Without an issuer: nothing.  Who has started one frees it in a task.
 */
void auth_start(struct auth *auth, struct loop *loop, const struct config *config,
    struct auth *before, void (*done)(void *owner), void *owner);
/* What clients are told of it; NULL: no tokens are taken. */
const struct config_jwt *auth_tokens(const struct auth *auth);

/* What asking an issuer for its keys goes through, in this order. */
enum issuer_step {
	ISSUER_LOAD,  /* LIBCJOSE */
	ISSUER_REACH, /* its metadata; with auth.jwt.jwks neither this */
	ISSUER_MATCH, /* nor this: it is the issuer that was meant, and says where its keys are */
	ISSUER_KEYS,
	ISSUER_DONE,
};
#define LIBCJOSE "libcjose.so.0"
struct issuer_report {
	enum issuer_step step; /* that failed, for `why` */
	struct err why;
	struct slice keys_url; /* in the arena; empty: not known */
	size_t keys_n, fit_n;  /* that can be used; of these, for one of auth.jwt.algorithms */
};
/* For who wants to know how config->jwt.issuer is just now; some seconds at most. */
void issuer_look_wait(struct loop *loop, const struct config *config, struct arena *arena,
    struct issuer_report *report);

enum auth_answer {
	AUTH_KNOWN,
	AUTH_STRANGER,
	AUTH_SCOPE, /* a good token, but it may not do this */
	AUTH_WAIT,  /* the issuer is being asked: look again when it was (done) */
	AUTH_BLIND, /* there are no keys to check tokens with */
};
/* Why a token is not taken, for the log, and how often that was so; NULL: none was brought. */
struct auth_why {
	const char *text;
	uint64_t times;
};
/*
 * By key, or by token.  The caller's slices live
 * until the loop turns.  may_wait false: never AUTH_WAIT.
 */
enum auth_answer auth_look(struct auth *auth, const struct auth_fields *fields, bool may_wait,
    struct caller *caller, struct auth_why *why);

/* ---- credentials for Atlassian (credentials.c) ----------------------------------------------- */

/* Are there sites?  And may requests bring something for them? */
bool auth_has_sites(const struct auth *auth);
bool auth_takes_credentials(const struct auth *auth);
/* Is a header field of that name passed on to some site? */
bool auth_passes(const struct auth *auth, struct slice name);
/*
 * From the header fields of a request; slices are borrowed from them.  False: ERR_REQUEST, and the
 * text names the field that makes no sense, without what it holds.
 */
MUST_CHECK bool credentials_read(const struct auth *auth, const struct http_header *headers,
    size_t n, struct credentials *out, struct err *err);
/* Is there a secret among them?  A URL is none.  NULL: no. */
bool credentials_have_secret(const struct credentials *credentials);
/* A copy on the heap; NULL of NULL. */
struct credentials *credentials_dup(const struct credentials *credentials);
void credentials_free(struct credentials **credentials); /* overwrites them first */
/*
 * The principal of who brings them: the same for the same fields as long as the salt is, and
 * without the salt no way to try passwords against it.
 */
#define TENANT_SALT_BYTES 32
#define TENANT_NAME_BYTES 20 /* "tenant:", 12 hexadecimal digits, NUL */
void credentials_name(const struct credentials *credentials,
    const unsigned char salt[TENANT_SALT_BYTES], char out[TENANT_NAME_BYTES]);

/* ---- sealed texts (seal.c) ------------------------------------------------------------------- */

/*
 * Authenticated encryption of what a client carries for us: cursors, the state of a request that
 * waits.  A sealed text is base64url without padding.
 */
#define SEAL_MAX_BYTES	(256 * KIB)			      /* of what is sealed */
#define SEALED_BYTES(n) ((1 + 24 + 8 + (n) + 16) * 4 / 3 + 2) /* at most, of n bytes */

struct seal; /* a key */

/* key empty: a random one, so that only this process can open what it sealed. */
struct seal *seal_new(struct loop *loop, struct secret key);
void seal_free(struct seal **seal);

/* What a sealed text is for; it opens only under the same.  Borrowed. */
struct seal_context {
	const char *purpose;	   /* "cursor" */
	const struct slice *parts; /* who may use it, and for what; absent and empty are the same */
	size_t parts_n;
};

/* Appends the sealed form of plain (at most SEAL_MAX_BYTES) to out; expires_ms: unix time, 0:
 * never. */
void seal_make(struct seal *seal, const struct seal_context *context, uint64_t expires_ms,
    struct slice plain, struct buf *out);
/*
 * Into the arena.  False: ERR_PARAMS, with one text whatever is wrong with it: another key, purpose
 * or context, changed, expired, no sealed text at all; ERR_LIMIT: the arena is full.
 */
MUST_CHECK bool seal_open(struct seal *seal, const struct seal_context *context,
    struct slice sealed, struct arena *arena, struct slice *plain, struct err *err);

/* What all who have the key come to alike, and nobody else; text: at most 64 KiB. */
#define SEAL_DERIVED_BYTES 32
void seal_derive(const struct seal *seal, const char *purpose, struct slice text,
    unsigned char out[SEAL_DERIVED_BYTES]);
/* The same in short: that a text is from one of them, in hexadecimal digits. */
#define SEAL_TAG_TEXT 16
void seal_tag(
    const struct seal *seal, const char *purpose, struct slice text, char out[SEAL_TAG_TEXT + 1]);
bool
seal_tag_fits(const struct seal *seal, const char *purpose, struct slice text, struct slice tag);

#endif

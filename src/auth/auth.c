/*
 * Callers by API key, and when two callers are the same (those of `auth: tenants` bring credentials
 * that their sites confirm later, credentials.c).  Tokens of an issuer stand beside keys; what one
 * has to be is issuer.c's business.  A principal belongs to its tenant: the
 * same name under another tenant is somebody else.
 *
 * A credential is hashed and the hash compared with those of all keys, always to the end, so that
 * the time tells neither which key was near nor how far it was right.
 */
#include <string.h>

#include "auth/token.h"

#define CREDENTIAL_BYTES 512 /* no key is longer */

struct auth {
	struct config_key *keys; /* names are our own memory */
	size_t keys_n;
	enum config_auth mode;
	bool has_sites, ignores_credentials, lends_own;
	struct slice *passed; /* names of fields that are passed on; our own memory */
	size_t passed_n;
	bool takes_tokens;
	bool took_over;	       /* sessions of callers by token live on */
	struct issuer *issuer; /* NULL: not started, or none */
	uint64_t faults[TOKEN_FAULTS_N];
};

/* ---- callers --------------------------------------------------------------------------------- */

struct caller
auth_anonymous(void)
{
	return (struct caller){ .principal = S("anonymous"), .tenant = SLICE_NONE };
}

bool
auth_same(const struct caller *a, const struct caller *b)
{
	bool tenants_known = (a->tenant.p != NULL) == (b->tenant.p != NULL);

	return tenants_known && slice_eq(a->tenant, b->tenant) &&
	    slice_eq(a->principal, b->principal);
}

struct caller
auth_caller_copy(const struct caller *caller)
{
	return (struct caller){ slice_keep(caller->principal), slice_keep(caller->tenant), NULL };
}

void
auth_caller_free(struct caller *caller)
{
	mem_free((void *)caller->principal.p);
	mem_free((void *)caller->tenant.p);
	*caller = (struct caller){ 0 };
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void
passed_new(struct auth *auth, const struct config_atlassian *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->sites_n; i++)
		n += all->sites[i].passthrough_n;
	auth->passed = mem_new((n + 1) * sizeof(*auth->passed));
	for (size_t i = 0; i < all->sites_n; i++)
		for (size_t k = 0; k < all->sites[i].passthrough_n; k++)
			if (!auth_passes(auth, all->sites[i].passthrough[k]))
				auth->passed[auth->passed_n++] =
				    slice_keep(all->sites[i].passthrough[k]);
}

struct auth *
auth_new(const struct config *config)
{
	struct auth *auth = MEM_NEW(struct auth);

	auth->mode = config->auth;
	auth->has_sites = config->atlassian.sites_n > 0;
	auth->ignores_credentials = config->atlassian.ignore_headers;
	auth->lends_own = config->atlassian.allow_operator_credential;
	passed_new(auth, &config->atlassian);
	if (config->auth != AUTH_KEYS)
		return auth;
	auth->takes_tokens = config->jwt.issuer.p != NULL;
	auth->keys = mem_new((config->keys_n + 1) * sizeof(*auth->keys));
	auth->keys_n = config->keys_n;
	for (size_t i = 0; i < auth->keys_n; i++) {
		auth->keys[i] = config->keys[i];
		auth->keys[i].name = slice_keep(config->keys[i].name);
		auth->keys[i].tenant = slice_keep(config->keys[i].tenant);
	}
	return auth;
}

void
auth_free(struct auth **at)
{
	struct auth *auth = *at;

	*at = NULL;
	if (auth == NULL)
		return;
	issuer_free(&auth->issuer);
	for (size_t i = 0; i < auth->keys_n; i++) {
		mem_free((void *)auth->keys[i].name.p);
		mem_free((void *)auth->keys[i].tenant.p);
	}
	mem_free(auth->keys);
	for (size_t i = 0; i < auth->passed_n; i++)
		mem_free((void *)auth->passed[i].p);
	mem_free(auth->passed);
	mem_free(auth);
}

bool
auth_asks(const struct auth *auth)
{
	return auth != NULL && (auth->mode == AUTH_KEYS || auth->mode == AUTH_TENANTS);
}

bool
auth_is_tenants(const struct auth *auth)
{
	return auth != NULL && auth->mode == AUTH_TENANTS;
}

bool
auth_needs_credentials(const struct auth *auth)
{
	return auth_is_tenants(auth) && !auth->lends_own;
}

bool
auth_has_sites(const struct auth *auth)
{
	return auth != NULL && auth->has_sites;
}

bool
auth_takes_credentials(const struct auth *auth)
{
	return auth_has_sites(auth) && !auth->ignores_credentials;
}

bool
auth_passes(const struct auth *auth, struct slice name)
{
	for (size_t i = 0; auth != NULL && i < auth->passed_n; i++)
		if (slice_eq_nocase(auth->passed[i], name))
			return true;
	return false;
}

/* A token must not speak for who has a key, nor for what bascule itself calls callers. */
static bool
is_reserved(const struct auth *auth, struct slice principal)
{
	if (slice_eq(principal, S("anonymous")) || slice_starts(principal, S("tenant:")))
		return true;
	for (size_t i = 0; i < auth->keys_n; i++)
		if (slice_eq(auth->keys[i].name, principal))
			return true;
	return false;
}

bool
auth_knows(const struct auth *auth, const struct caller *caller)
{
	struct caller known = auth_anonymous();

	if (!auth_asks(auth) || (auth_is_tenants(auth) && auth_same(&known, caller)))
		return auth_same(&known, caller);
	if (auth_is_tenants(auth))
		return slice_starts(caller->principal, S("tenant:")) && caller->tenant.p == NULL;
	for (size_t i = 0; i < auth->keys_n; i++) {
		known = (struct caller){ auth->keys[i].name, auth->keys[i].tenant, NULL };
		if (auth_same(&known, caller))
			return true;
	}
	return auth->took_over && !is_reserved(auth, caller->principal);
}

/* "Bearer KEY"; SLICE_NONE: another scheme, or no key. */
static struct slice
bearer(struct slice authorization)
{
	struct slice key, scheme = slice_cut(authorization, ' ', &key);

	if (key.p == NULL || !slice_eq_nocase(scheme, S("Bearer")))
		return SLICE_NONE;
	return slice_trim(key);
}

/* Exactly one key; SLICE_NONE: none, or more than one.  Beside X-Bascule-Key, Authorization may be
 * for Atlassian. */
static struct slice
credential(const struct auth *auth, const struct auth_fields *fields)
{
	bool is_one = (fields->authorization.p != NULL) != (fields->key.p != NULL) ||
	    (auth_takes_credentials(auth) && fields->key.p != NULL);
	struct slice key;

	if (!is_one || fields->is_doubled)
		return SLICE_NONE;
	key = fields->key.p != NULL ? fields->key : bearer(fields->authorization);
	return key.n > 0 && key.n <= CREDENTIAL_BYTES ? key : SLICE_NONE;
}

/* 1 when they are equal, 0 when not; takes the same time for both. */
static unsigned
digests_equal(const unsigned char *a, const unsigned char *b)
{
	unsigned differ = 0;

	for (size_t i = 0; i < SHA256_BYTES; i++)
		differ |= a[i] ^ b[i];
	return 1 & ((differ - 1) >> 8);
}

bool
auth_caller(const struct auth *auth, const struct auth_fields *fields, struct caller *caller)
{
	unsigned char digest[SHA256_BYTES];
	struct slice key;
	size_t found = 0; /* 1-based; digests differ, so that one fits at most */

	*caller = auth_anonymous();
	if (!auth_asks(auth) || auth_is_tenants(auth))
		return true;
	key = credential(auth, fields);
	if (key.p == NULL)
		return false;
	sha256_bytes(key, digest);
	for (size_t i = 0; i < auth->keys_n; i++)
		found |= (i + 1) * digests_equal(digest, auth->keys[i].digest);
	if (found == 0)
		return false;
	*caller = (struct caller){ auth->keys[found - 1].name, auth->keys[found - 1].tenant, NULL };
	return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

void
auth_start(struct auth *auth, struct loop *loop, const struct config *config, struct auth *before,
    void (*done)(void *owner), void *owner)
{
	if (!auth->takes_tokens)
		return;
	if (before != NULL && before->issuer != NULL &&
	    issuer_is_for(before->issuer, &config->jwt)) {
		auth->issuer = before->issuer;
		before->issuer = NULL;
		auth->took_over = true;
	} else {
		auth->issuer = issuer_new(loop, &config->jwt);
	}
	issuer_watch(auth->issuer, done, owner);
}

const struct config_jwt *
auth_tokens(const struct auth *auth)
{
	return auth != NULL && auth->issuer != NULL ? issuer_settings(auth->issuer) : NULL;
}

enum auth_answer
auth_look(struct auth *auth, const struct auth_fields *fields, bool may_wait, struct caller *caller,
    struct auth_why *why)
{
	struct slice token = bearer(fields->authorization);
	enum token_fault fault = TOKEN_NONE;
	enum auth_answer answer;

	*why = (struct auth_why){ 0 };
	if (auth_caller(auth, fields, caller))
		return AUTH_KNOWN;
	if (auth->issuer == NULL || fields->key.p != NULL || fields->is_doubled || token.n == 0)
		return AUTH_STRANGER;
	answer = issuer_look(auth->issuer, token, may_wait, caller, &fault);
	if (answer == AUTH_KNOWN && is_reserved(auth, caller->principal)) {
		*caller = auth_anonymous();
		fault = TOKEN_TAKEN;
		answer = AUTH_STRANGER;
	}
	if (answer != AUTH_KNOWN)
		*why = (struct auth_why){ token_fault_text(fault), ++auth->faults[fault] };
	return answer;
}

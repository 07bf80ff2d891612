/*
 * Private to atlassian: OAuth 2.0 as Atlassian speaks it (RFC 6749 section 4.1, RFC 7636), the
 * grant that comes of it, and the parts of a login that tests look at alone.
 *
 * Cloud: one authorization server for all sites, JSON, and a list of the sites that a token opens.
 * Data Center: each product its own, form-encoded.
 */
#ifndef ATLASSIAN_OAUTH_H
#define ATLASSIAN_OAUTH_H

#include "atlassian/site.h"
#include "store/store.h"

/* What a login gave; texts are in its arena, and wiped with it. */
struct grant {
	struct slice access, refresh, scope, cloud_id; /* SLICE_NONE: not there */
	uint64_t expires_ms; /* of the access token, unix time; 0: not said */
	struct arena arena;
};
void grant_init(struct grant *grant);
void grant_fini(struct grant *grant); /* may be used again after it */
void grant_take(struct grant *to, struct grant *from);
/* As it is stored. */
void grant_print(const struct grant *grant, struct buf *out);
MUST_CHECK bool grant_parse(struct slice text, struct grant *out, struct err *err);
/* Sets one text of it; false: ERR_LIMIT. */
MUST_CHECK bool
grant_set(struct grant *grant, struct slice *field, struct slice text, struct err *err);

/*
 * The record of a site's login.  It depends on the application, and on the host (Cloud: one login
 * serves both products) or the address (Data Center), so that a token never goes to another site
 * that was given the same name.
 */
void oauth_record(const struct config_site *site, char name[CREDENTIAL_NAME + 1]);

void oauth_put_encoded(struct buf *out, struct slice text); /* percent-encoded for a query */
/* "https://auth.atlassian.com", or of Data Center below the site's address; into out. */
void oauth_server(const struct config_site *site, struct buf *out);
/* The cloud id that the site's url or configuration names; SLICE_NONE: none does. */
struct slice oauth_cloud_id(const struct config_site *site);

/*
 * The code of an address that a browser was sent back to ("http://...?code=...&state=..."), or of
 * the part of it behind the path, into the arena.  ERR_REFUSED: the server says no;
 * ERR_PARAMS: it is no such address, or that of another login.
 */
MUST_CHECK bool oauth_answer(struct slice address, struct slice state, struct arena *arena,
    struct slice *code, struct err *err);

/*
 * Requests to the authorization server.  ERR_REFUSED: it says no (a refresh token that is no longer
 * valid: what to do); else as rest_wait().
 */
struct oauth_code {
	struct slice code, verifier, redirect_uri;
};
MUST_CHECK bool oauth_exchange_wait(struct loop *loop, const struct config_site *site,
    const struct oauth_code *code, struct grant *out, struct err *err);
/*
 * Tells the server that the login is over (RFC 7009): the refresh token, and what came of it, ends.
 * ERR_REFUSED: it does not take part; else as rest_wait().  Waits for at most ten seconds.
 */
MUST_CHECK bool oauth_revoke_wait(
    struct loop *loop, const struct config_site *site, const struct grant *grant, struct err *err);
/* What the answer leaves out (refresh token, scope, cloud id) stays as it was. */
MUST_CHECK bool oauth_refresh_wait(struct loop *loop, const struct config_site *site,
    const struct grant *old, struct grant *out, struct err *err);
/* Cloud: the id of the site among those that the token opens, into the grant; lists them where it
 * is not among them. */
MUST_CHECK bool oauth_cloud_wait(
    struct loop *loop, const struct config_site *site, struct grant *grant, struct err *err);

#endif

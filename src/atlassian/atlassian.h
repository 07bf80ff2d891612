/*
 * atlassian: Jira and Confluence, native.  A site is a provider; a tool is a row of a table.  And
 * the sandbox: a simulated Jira and Confluence to try and to test against.
 */
#ifndef ATLASSIAN_ATLASSIAN_H
#define ATLASSIAN_ATLASSIAN_H

#include "gateway/gateway.h"

/* ---- sites ----------------------------------------------------------------------------------- */

/* One provider for each of config->atlassian.sites (site.c). */
extern const struct provider_kind atlassian_sites;
bool provider_is_site(const struct provider *provider);
/* The toolset that a tool of a site is of; SLICE_NONE: the provider is no site, or has no such tool
 * (tools.c). */
struct slice site_toolset(const struct provider *provider, struct slice tool);

/* What a look at a site found (site_check.c). */
struct site_report {
	const struct config_site *config;
	enum config_deployment deployment; /* AUTO: not known */
	bool is_reachable;		   /* and the credential was accepted */
	bool is_refused;		   /* reachable, but the credential was not */
	char user[128];			   /* who one is there; "": not told */
	struct err why;
	uint64_t ms;
};
/* Two requests at most, with the configured credential; of a provider that is a site. */
void site_check_wait(struct provider *provider, struct site_report *report);

/* ---- tools (tools_reference.c) --------------------------------------------------------------- */

/* All tools as a JSON array, whatever sites there are. */
void atlassian_put_reference(struct buf *out);

/* ---- login (login.c) ------------------------------------------------------------------------- */

/*
 * OAuth 2.0 with a person: authorization code with PKCE.  Of sites with SITE_AUTH_OAUTH only; site
 * stands in config, and both outlive the login.  What is stored serves both products of a site on
 * Cloud, and one of Data Center.
 */
struct oauth_login;

struct login_state {
	bool is_there, can_renew;
	uint64_t expires_ms; /* of the access token, unix time; 0: not said */
	char cloud_id[65];
};

/* Where browsers are sent back to, unless the site says otherwise. */
#define LOGIN_REDIRECT_URI "http://127.0.0.1:8765/callback"

/* A new one, which may also be ended by login_resume_wait() within 10 minutes. */
MUST_CHECK bool login_begin_wait(struct loop *loop, const struct config *config,
    const struct config_site *site, struct oauth_login **out, struct err *err);
/* The one that was begun last; it has no url.  ERR_REFUSED: there is none. */
MUST_CHECK bool login_resume_wait(struct loop *loop, const struct config *config,
    const struct config_site *site, struct oauth_login **out, struct err *err);
void login_free(struct oauth_login **login);
const char *login_url(const struct oauth_login *login); /* for the person to open */
struct slice login_redirect_uri(const struct oauth_login *login);
/*
 * address: where the browser was sent to, whole or from the '?'.  Asks for the tokens, finds the
 * cloud id, stores it all.  ERR_PARAMS: it is no such address, or that of another login: another
 * may be tried.
 */
MUST_CHECK bool login_finish_wait(
    struct oauth_login *login, struct slice address, struct login_state *state, struct err *err);
/* Do both use what one login stores? */
bool login_is_shared(const struct config_site *a, const struct config_site *b);
/* What is stored of a site. */
MUST_CHECK bool login_state_wait(struct loop *loop, const struct config *config,
    const struct config_site *site, struct login_state *state, struct err *err);
/*
 * Forgets it, and tells the authorization server that it is over.  Where that does not take part or
 * cannot be reached it is forgotten all the same, and why says why.
 */
struct logout {
	bool was_there, was_revoked;
	struct err why; /* of one that was there and was not revoked */
};
MUST_CHECK bool logout_wait(struct loop *loop, const struct config *config,
    const struct config_site *site, struct logout *out, struct err *err);

/* ---- sandbox --------------------------------------------------------------------------------- */

/*
 * A simulated Jira and Confluence, Cloud and Data Center, on one address and in memory: everything
 * written is gone with it.  Ground floor: it answers at once, on the loop.
 */
struct sandbox;

struct sandbox_options {
	const char *const *faults; /* NAME or NAME=NUMBER, several with commas (docs/sandbox.md) */
	size_t faults_n;
	size_t memory_bytes; /* that may be written; 0: 256 MiB */
};

/* One base path.  Name and path: for people, and behind sandbox_url(). */
struct sandbox_base {
	const char *name, *path;
	bool is_cloud, is_confluence;
};
extern const struct sandbox_base sandbox_bases[];
extern const size_t sandbox_bases_n;

/* ERR_USAGE: a fault is not understood; else as http_server_new().  options may be NULL. */
MUST_CHECK bool sandbox_new(struct loop *loop, const struct address *at,
    const struct sandbox_options *options, struct sandbox **out, struct err *err);
void sandbox_free(struct sandbox **sandbox); /* not from within a request */
/* "http://127.0.0.1:8090", without a slash behind it; lives as long as the sandbox. */
const char *sandbox_url(const struct sandbox *sandbox);

#endif

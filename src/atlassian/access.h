/*
 * Private to atlassian: which credential a request uses at which address (access_choice.c), and
 * where connections may go for a request that named its own (access_dial.c).  Both decide without
 * waiting and without a site, so that tables of cases can be held against them.
 */
#ifndef ATLASSIAN_ACCESS_H
#define ATLASSIAN_ACCESS_H

#include "atlassian/site.h"

enum access_reach {
	REACH_ANY,	/* the operator wrote that address */
	REACH_PUBLIC,	/* a request named it */
	REACH_LOOPBACK, /* a request named it, and it stands in tenants.allow as itself */
};

/* What a request is to use.  Slices are in the arena, the configuration or the credentials. */
struct choice {
	bool is_operators;	       /* the configured credential; the rest is not set */
	enum credential_scheme scheme; /* BASIC, or BEARER (OAuth and personal access tokens) */
	struct slice credential;
	struct slice url; /* base, without a slash at its end */
	bool is_ours;	  /* url is the site's: its headers and TLS settings hold */
	bool is_cloud;	  /* surely; the API gateway */
	enum access_reach reach;
};

/*
 * The rules of docs/atlassian.md.  credentials NULL: not over HTTP.  False: ERR_REFUSED, with what
 * is not allowed and the option that says so; ERR_STRANGER: under `auth: tenants` no credential
 * came for this site; ERR_CONFIG: the site has no address.
 */
MUST_CHECK bool access_choose(const struct config *config, const struct config_site *site,
    const struct credentials *credentials, struct arena *arena, struct choice *out,
    struct err *err);

/* May a connection for that reach go there?  Loopback, private, link-local, shared, multicast and
 * reserved addresses are not public, nor are IPv6 addresses that stand for such an IPv4 one. */
bool access_may_dial(enum access_reach reach, const struct address *address);

/* The proxy for that address; SLICE_NONE: it is reached without one. */
struct slice access_proxy(const struct config_site *config, struct slice address);
/*
 * In the place of *access one that brings also what the request passes on; the same where it brings
 * nothing of that.  access_leave() leaves both, also after false (ERR_LIMIT: too long).
 */
MUST_CHECK bool
access_pass(struct access **access, const struct credentials *brought, struct err *err);
void access_arena_init(struct access *access);

/* Makes it (access.c); choice->is_operators: by the configured credential.  Not kept, not used. */
MUST_CHECK bool
access_new(struct site *site, const struct choice *choice, struct access **out, struct err *err);
/* By a request's credential, confirmed by its site (access_tenants.c). */
MUST_CHECK bool tenant_find_wait(
    struct site *site, const struct choice *choice, struct access **out, struct err *err);

#endif

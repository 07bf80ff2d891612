/*
 * Private to atlassian: a site, and the way to it.
 *
 * A site is one product at one address as the configuration names it: the provider, its offer, its
 * limits.  An access is a site seen with one credential: where requests go, what they carry, and
 * what was learnt by it (deployment, fields, users).  Nothing learnt by one access is shown to
 * another.
 */
#ifndef ATLASSIAN_SITE_H
#define ATLASSIAN_SITE_H

#include <yyjson.h>

#include "atlassian/atlassian.h"
#include "net/net.h"

/* Calls to a site are bounded and spread here (gate.c): all accesses of a site share one. */
struct gate;
struct gate *gate_new(struct loop *loop, const struct config_site *config);
void gate_free(struct gate **gate);
/*
 * Waits for a place under the caps of concurrency and rate.  ERR_UNAVAILABLE while the circuit
 * breaker is open (says until when).
 */
MUST_CHECK bool gate_enter_wait(struct gate *gate, struct err *err);
/* status: of the reply; 0: none came, for which the site may be at fault. */
#define GATE_UNJUDGED (-1) /* what it was says nothing about the site */
void gate_leave(struct gate *gate, int status);
/* DOWN while the breaker is open. */
bool gate_is_open(const struct gate *gate, uint64_t *until_ms);

enum site_outcome { OUTCOME_DONE, OUTCOME_REFUSED, OUTCOME_FAILED, SITE_OUTCOMES };

/* Results that are had in parts (work_parts.c). */
struct parts;
void parts_free(struct parts **parts); /* NULL is nothing */

struct tool;
struct waiting;
struct watch;
struct site {
	struct provider provider;
	struct settings *settings;
	const struct config_site *config;
	const struct config_atlassian *all;
	struct gate *gate;
	const struct tool **rows; /* in the order of the offer */
	size_t rows_n;
	struct series *outcomes[SITE_OUTCOMES];
	struct series *seconds;
	struct access *own; /* by the configured credential; made at first use */
	struct access
	    *tenants; /* by credentials of requests, as long as they are kept; newest first */
	unsigned tenants_n;
	struct parts *parts;   /* NULL: none yet */
	struct watch *watches; /* site_watch.c */
	unsigned watches_n;
};

/* A list that is asked for once and kept for a while. */
struct kept {
	yyjson_doc *doc; /* NULL: not there */
	uint64_t until_ms;
};

/* Cloud: a space's id and key (confluence_page.c). */
struct space {
	struct space *next;
	const char *id, *key, *name;
};

/* Cloud: an account's id and name (confluence_cloud.c). */
struct person {
	struct person *next;
	const char *account, *name;
};

/* Of an access by a request's credential: has its site said that it is good? */
enum confirmation { CONFIRM_DUE, CONFIRM_RUNNING, CONFIRM_GOOD, CONFIRM_BAD };

struct access {
	struct site *site;
	struct slice url;  /* base of all requests; in the arena */
	bool is_ours;	   /* url is the site's */
	bool is_operators; /* by the configured credential */
	/* Of one that brings a client's own fields: the one it stands on, which owns pool, gateway
	 * and token (access_passed.c); else NULL. */
	struct access *base;
	struct rest_pool *pool;
	struct slice headers; /* Authorization, configured ones: "Name: value\r\n..."; secret */
	struct token *token;  /* of OAuth: asked for each request; NULL: none */
	struct rest_pool *gateway; /* the way by the API gateway; NULL: not needed yet */
	struct rest_pool *forms;   /* the way to the Forms API of Cloud; likewise */
	bool by_gateway;
	uint64_t way_again_ms;		   /* no other way is tried before; 0: none was */
	enum config_deployment deployment; /* AUTO: not known yet */
	struct kept fields, myself, users;
	bool has_myself;
	struct space *spaces; /* in the arena */
	unsigned spaces_n;
	struct person *people; /* in the arena */
	unsigned people_n;
	struct arena arena;
	unsigned in_use; /* calls that have it; freed by access_leave() when nobody keeps it */
	bool is_kept;	 /* by the site */
	/* The rest is of those by requests (access_tenants.c). */
	int reach;			    /* enum access_reach */
	unsigned char digest[SHA256_BYTES]; /* of address, scheme and credential */
	enum confirmation confirmation;
	struct err why; /* BAD */
	uint64_t until_ms;
	struct access *next;
	struct waiting *waiters; /* for the end of CONFIRM_RUNNING */
};

/* As far as the configuration and the host's name tell. */
enum config_deployment site_deployment(const struct site *site);
/*
 * The access that an exchange uses (NULL: nobody's), until access_leave().  ERR_REFUSED,
 * ERR_STRANGER where it may not: access_choose(), or its site that did not take the credential.
 */
MUST_CHECK bool access_find_wait(
    struct site *site, struct exchange *exchange, struct access **out, struct err *err);
void access_leave(struct access **access); /* NULL: nothing */
/* Is a credential of the exchange good at this site?  ERR_STRANGER: no, or it brought none. */
MUST_CHECK bool access_confirm_wait(struct site *site, struct exchange *exchange, struct err *err);
void access_free(struct access **access);
/* Nobody uses any of them any more. */
void accesses_close(struct site *site);
/* The one that owns the connections. */
struct access *access_root(struct access *access);
/* Where its requests go, found at the first one (site_way.c). */
MUST_CHECK bool access_way_wait(struct access *access, struct rest_pool **pool, struct err *err);
/* The way *pool refused the credential: is there another one to try?  Whoever finds that it works
 * sets by_gateway. */
MUST_CHECK bool access_other_way_wait(struct access *access, struct rest_pool **pool);
/* The way to the forms of a Cloud site: api.atlassian.com/jira/forms/cloud/{cloud id}. */
MUST_CHECK bool access_forms_wait(struct access *access, struct rest_pool **pool, struct err *err);
/* How hosts of a site are reached: its TLS, proxy and times, for the address given. */
struct rest_settings access_settings(const struct config_site *config, struct slice url);
/* Cloud or Data Center: by the host's name, or, in doubt, by asking it once. */
MUST_CHECK bool access_deployment_wait(struct access *access, bool *is_cloud, struct err *err);

/*
 * One request to the site, through its gate: repeated as the configuration says (429, 502, 503, 504
 * and connections that failed; reads only unless told; Retry-After is honoured up to a minute).
 * path: behind the site's base, encoded.  Any status is a reply.  ERR_OUTCOME_UNKNOWN: a write was
 * sent and nothing came back.
 */
struct site_request {
	struct slice method, path, type, body; /* type: of the body; SLICE_NONE: JSON */
	struct slice headers;		       /* "Name: value\r\n..." more, or SLICE_NONE */
	struct slice accept;		       /* SLICE_NONE: JSON */
	size_t max_bytes;		       /* 0: REST_MAX_BYTES */
	bool is_for_forms;		       /* path: behind the address of the Forms API */
	bool is_write;
	size_t (*body_read)(void *owner, uint64_t at, char *to, size_t n); /* as rest_request's */
	void *body_owner;
	uint64_t body_bytes;
	const struct exchange *exchange; /* whose trace it is part of; NULL: nobody's */
};
#define REST_MAX_BYTES (16 * MIB)
MUST_CHECK bool site_rest_wait(struct access *access, const struct site_request *request,
    struct arena *arena, struct rest_reply *reply, struct err *err);

yyjson_alc json_alc(struct arena *arena); /* memory of an arena for yyjson (json.c) */

/*
 * What a refusal of Atlassian says, for people, in the arena: the status, its messages and errors
 * by field, or the title of an HTML page; for 401 and 403 the reason its headers give.
 */
struct slice
site_complaint(const struct access *access, const struct rest_reply *reply, struct arena *arena);

#endif

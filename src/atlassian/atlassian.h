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

/* What a look at a site found (site_check.c). */
struct site_report {
	const struct config_site *config;
	enum config_deployment deployment; /* AUTO: not known */
	bool is_reachable;		   /* and the credential was accepted */
	char user[128];			   /* who one is there; "": not told */
	struct err why;
	uint64_t ms;
};
/* Two requests at most, with the configured credential; of a provider that is a site. */
void site_check_wait(struct provider *provider, struct site_report *report);

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

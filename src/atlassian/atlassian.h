/*
 * atlassian: Jira and Confluence, native.  A site is a provider; a tool is a row of a table.
 */
#ifndef ATLASSIAN_ATLASSIAN_H
#define ATLASSIAN_ATLASSIAN_H

#include "gateway/gateway.h"

/* ---- sites ----------------------------------------------------------------------------------- */

/* One provider for each of config->atlassian.sites (site.c). */
extern const struct provider_kind atlassian_sites;

#endif

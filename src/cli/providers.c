/*
 * The kinds of providers that the program has beside upstreams: one row a kind.
 */
#include "agents/agents.h"
#include "atlassian/atlassian.h"
#include "cli/cli.h"

const struct provider_kind *const native_providers[] = { &atlassian_sites, &agents_kind, NULL };

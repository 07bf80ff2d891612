/*
 * `atlassian` of the file: the list of sites, and what follows from the section as a whole.  One
 * entry with Jira and Confluence becomes two sites, which share everything else that it says.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define TENANTS_MAX 2000

/* ---- single texts ---------------------------------------------------------------------------- */

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '.' || c == '-' || c == '_';
}

/* "jira.acme.com", "*.acme.com": a bare "*" or "*.com" would let requests name any host. */
bool
config_check_tenant_host(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	struct slice host = *value;
	const char *fault = NULL;

	if (slice_starts(host, S("*."))) {
		host = (struct slice){ host.p + 2, host.n - 2 };
		if (memchr(host.p, '.', host.n) == NULL)
			fault = "lets requests name too many hosts: write \"*.name.domain\"";
	}
	if (host.n == 0 || host.n > 253 || host.p[0] == '.' || host.p[host.n - 1] == '.')
		fault = "is no host name: write \"jira.acme.com\" or \"*.acme.com\"";
	for (size_t i = 0; fault == NULL && i < host.n; i++)
		if (!is_host_char(host.p[i]))
			fault = "is no host name: write \"jira.acme.com\" or \"*.acme.com\"";
	return fault == NULL ||
	    CONFIG_FAIL_NODE(
		load, node, err, "the host \"%s\" %s", config_show(*value).text, fault);
}

bool
config_check_compat(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	static const char *const words[] = { "mcp-jira-confluence", NULL };
	struct slice near;

	if (slice_eq(*value, S("mcp-jira-confluence")))
		return true;
	near = config_word_nearest(words, *value);
	return CONFIG_FAIL_NODE(load, node, err,
	    "atlassian.compat can hold \"mcp-jira-confluence\", not \"%s\"%s",
	    config_show(*value).text, near.p != NULL ? " (did you mean that?)" : "");
}

/* Anyone may write to it: it is for this machine alone. */
bool
config_check_sandbox(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	static const struct slice host = S("127.0.0.1:");
	struct slice port = SLICE_NONE;
	uint64_t number = 0;

	if (slice_starts(*value, host))
		port = (struct slice){ value->p + host.n, value->n - host.n };
	if (slice_to_u64(port, UINT16_MAX, &number) && number > 0)
		return true;
	return CONFIG_FAIL_NODE(load, node, err,
	    "atlassian.sandbox must be \"127.0.0.1:PORT\", not \"%s\"", config_show(*value).text);
}

bool
config_check_tool_name(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	for (size_t i = 0; i < value->n; i++)
		if (!is_host_char(value->p[i]))
			return CONFIG_FAIL_NODE(load, node, err,
			    "\"%s\" is no name: names have letters, digits, \"_\", \"-\" and \".\"",
			    config_show(*value).text);
	return (value->n > 0 && value->n <= 128) ||
	    CONFIG_FAIL_NODE(load, node, err, "a name must have 1 to 128 characters");
}

/* ---- sites ----------------------------------------------------------------------------------- */

struct entry {
	struct config_load *load;
	const struct node *node;
	char shown[40]; /* "atlassian.sites[3]" */
};

/* Where auth says nothing, requests must bring it, and that has to be meant. */
static bool
auth_default(const struct entry *entry, struct config_site_draft *draft, struct err *err)
{
	const struct node *auth = config_node_find(entry->node, "auth");

	if (draft->auth_type > 0)
		return true;
	if (entry->load->config->auth == AUTH_TENANTS &&
	    (auth == NULL || config_node_is_null(auth))) {
		draft->auth_type = 1 + SITE_AUTH_NONE;
		return true;
	}
	return CONFIG_FAIL_NODE(entry->load, auth != NULL ? auth : entry->node, err,
	    "%s needs \"auth: {type: ...}\": basic, pat, oauth, bearer or cert; none where requests "
	    "bring their own",
	    entry->shown);
}

static bool
site_add(const struct entry *entry, const struct config_site_draft *draft,
    enum config_product product, struct err *err)
{
	struct config_atlassian *atlassian = &entry->load->config->atlassian;
	struct config_site *site = &atlassian->sites[atlassian->sites_n];
	const struct node *name = config_node_find(entry->node, "name");

	if (!config_site_make(entry->load, draft, product, entry->node, entry->shown, site, err))
		return false;
	site->line = entry->node->line;
	for (size_t i = 0; i < atlassian->sites_n; i++)
		if (slice_eq_nocase(site->provider, atlassian->sites[i].provider))
			return CONFIG_FAIL_NODE(entry->load, name != NULL ? name : entry->node, err,
			    "%s: the entry in line %u has \"%s\" too: names must differ",
			    entry->shown, atlassian->sites[i].line,
			    config_show(site->provider).text);
	atlassian->sites_n++;
	return true;
}

static bool
entry_read(const struct entry *entry, struct err *err)
{
	struct config_site_draft draft;
	struct config_walk walk = { .load = entry->load, .base = &draft };

	config_site_draft_init(entry->load, &draft);
	if (entry->node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s must be a map with \"jira\" or \"confluence\", and \"auth\"", entry->shown);
	walk.rows = config_options(&walk.rows_n);
	if (!config_walk_map(&walk, S(CONFIG_SITES), entry->shown, entry->node, err))
		return false;
	if (draft.jira.p == NULL && draft.confluence.p == NULL)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s needs \"jira\" or \"confluence\", or both", entry->shown);
	return auth_default(entry, &draft, err) &&
	    (draft.jira.p == NULL || site_add(entry, &draft, PRODUCT_JIRA, err)) &&
	    (draft.confluence.p == NULL || site_add(entry, &draft, PRODUCT_CONFLUENCE, err));
}

bool
config_sites_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config *config = load->config;
	struct entry entry = { load, list->first, "" };
	size_t most = 2 * list->children + 1;

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST)
		return CONFIG_FAIL_NODE(load, list, err,
		    "atlassian.sites must be a list: put \"- \" before each entry");
	if (list->children > CONFIG_SITES_MAX)
		return CONFIG_FAIL_NODE(load, list, err, "more than %d sites", CONFIG_SITES_MAX);
	if (!arena_reserve(&config->arena, most * sizeof(*config->atlassian.sites), err))
		return false;
	config->atlassian.sites = ARENA_ARRAY(&config->arena, struct config_site, most);
	for (size_t i = 0; entry.node != NULL; i++, entry.node = entry.node->next) {
		snprintf(entry.shown, sizeof(entry.shown), "atlassian.sites[%zu]", i);
		if (!entry_read(&entry, err))
			return false;
	}
	return true;
}

/* ---- the section as a whole ------------------------------------------------------------------ */

/* Names of Atlassian Cloud, for requests that name their site. */
static const struct slice cloud_hosts[] = {
	S("*.atlassian.net"),
	S("*.jira.com"),
	S("*.jira-dev.com"),
	S("*.atlassian.com"),
	S("*.atlassian-us-gov-mod.net"),
	S("*.atlassian-us-gov.net"),
};

bool
config_tenants_allow(struct config_load *load, struct slice domains, struct err *err)
{
	struct config_atlassian *atlassian = &load->config->atlassian;
	struct arena *arena = &load->config->arena;
	size_t most = COUNT(cloud_hosts) + 2, n = COUNT(cloud_hosts);
	struct slice *list;

	for (size_t i = 0; i < domains.n; i++)
		most += domains.p[i] == ',' ? 2 : 0;
	if (most > TENANTS_MAX)
		return err_set(err, ERR_CONFIG, "more than %d hosts", TENANTS_MAX / 2);
	if (!arena_reserve(arena, most * sizeof(*list) + 2 * domains.n + 4 * most, err))
		return false;
	list = ARENA_ARRAY(arena, struct slice, most);
	memcpy(list, cloud_hosts, sizeof(cloud_hosts));
	while (domains.p != NULL) {
		struct slice domain = slice_trim(slice_cut(domains, ',', &domains));
		struct node node = { .kind = NODE_TEXT, .text = domain };
		struct err why = { 0 };

		if (domain.n == 0)
			continue;
		if (!config_check_tenant_host(load, &node, &domain, &why)) {
			log_event(load->log, LOG_WARN, "variable_faulty",
			    "MCP_ALLOWED_URL_DOMAINS: %s", why.text);
			continue;
		}
		list[n++] = slice_dup(arena, domain);
		if (!slice_starts(domain, S("*.")) && memchr(domain.p, '.', domain.n) != NULL)
			list[n++] = arena_printf(arena, "*.%.*s", SLICE_FMT(domain));
	}
	atlassian->tenants_allow = list;
	atlassian->tenants_allow_n = n;
	return true;
}

static bool
has_primary(const struct config_atlassian *atlassian, enum config_product product)
{
	for (size_t i = 0; i < atlassian->sites_n; i++)
		if (atlassian->sites[i].product == product && atlassian->sites[i].name.n == 0)
			return true;
	return false;
}

/* A place that requests fill. */
static bool
primary_add(
    struct config_load *load, enum config_product product, struct config_site *out, struct err *err)
{
	struct config_site_draft draft;

	config_site_draft_init(load, &draft);
	return config_site_make(load, &draft, product, NULL, "tenants", out, err);
}

/* The primaries to the front; else the order stays. */
static bool
sites_order(struct config_load *load, struct err *err)
{
	struct config_atlassian *atlassian = &load->config->atlassian;
	struct config_site *sites;
	size_t n = 0;

	if (!arena_reserve(&load->config->arena, (atlassian->sites_n + 2) * sizeof(*sites), err))
		return false;
	sites = ARENA_ARRAY(&load->config->arena, struct config_site, atlassian->sites_n + 2);
	for (int named = 0; named < 2; named++) {
		for (size_t i = 0; i < atlassian->sites_n; i++)
			if ((atlassian->sites[i].name.n > 0) == (named == 1))
				sites[n++] = atlassian->sites[i];
		if (named == 1 || !atlassian->is_tenants)
			continue;
		for (int product = PRODUCT_JIRA; product <= PRODUCT_CONFLUENCE; product++)
			if (!has_primary(atlassian, (enum config_product)product) &&
			    !primary_add(load, (enum config_product)product, &sites[n++], err))
				return false;
	}
	atlassian->sites = sites;
	atlassian->sites_n = n;
	return true;
}

bool
config_atlassian_finish(struct config_load *load, struct err *err)
{
	struct config_atlassian *atlassian = &load->config->atlassian;

	atlassian->is_tenants |= load->config->auth == AUTH_TENANTS ||
	    (load->config->file.p != NULL && atlassian->tenants_allow_n > 0);
	atlassian->compat_classic = atlassian->compat_n > 0;
	return (atlassian->tenants_allow_n > 0 || config_tenants_allow(load, SLICE_NONE, err)) &&
	    sites_order(load, err);
}

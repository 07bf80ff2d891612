/*
 * The older form of the file: a `proxy:` root with `transport`, `upstreams` or a single `upstream`,
 * `timeouts` in seconds, and `http`.  Its entries are read by the same table as ours.  What else
 * such a file can hold (plugins, logging) means something that must not be dropped silently, so it
 * is an error that points to `bascule import`.
 */
#include <string.h>

#include "config/config_parts.h"

#define IMPORT "\"bascule import FILE\" turns such a file into bascule.yaml"

struct proxy {
	unsigned transport;
	uint64_t timeout_ms, connect_timeout_ms;
	struct slice host;
	uint64_t port;
};

enum { PROXY_STDIO, PROXY_HTTP, PROXY_STREAMABLE };

#define FIELD(field) .offset = offsetof(struct proxy, field)

static const struct config_option rows[] = {
	{ "proxy.transport", OPTION_WORD, FIELD(transport), .fallback = "stdio",
	    .words = (const char *const[]){ "stdio", "http", "streamable-http", NULL } },
	{ "proxy.timeouts.connection_timeout", OPTION_SECONDS, FIELD(connect_timeout_ms), .min = 1,
	    .max = 3600000 },
	{ "proxy.timeouts.request_timeout", OPTION_SECONDS, FIELD(timeout_ms), .min = 1,
	    .max = 604800000 },
	{ "proxy.http.host", OPTION_TEXT, FIELD(host), .fallback = "127.0.0.1" },
	{ "proxy.http.port", OPTION_COUNT, FIELD(port), .fallback = "8080", .max = 65535 },
};

/* Keys of entries that say what is done anyway, or nothing. */
static const struct {
	const char *key, *why;
} ignored[] = {
	{ "restart_on_failure", "a lost upstream is always connected again on demand" },
	{ "max_restart_attempts", "a lost upstream is always connected again on demand" },
	{ "server_identity", "servers are known by their configured name" },
};

/* ---- keys that are no rows ------------------------------------------------------------------- */

static bool
proxy_other(struct config_walk *walk, struct slice path, const struct node *entry, bool *taken,
    struct err *err)
{
	bool in_proxy = slice_eq(path, S("proxy"));

	*taken = in_proxy &&
	    (slice_eq(entry->key, S("upstreams")) || slice_eq(entry->key, S("upstream")));
	if (*taken)
		return true;
	return CONFIG_FAIL_KEY(walk->load, entry, err, "\"%s\" is not taken %s%.*s; " IMPORT,
	    config_show(entry->key).text, path.n == 0 ? "beside \"proxy\"" : "in ",
	    SLICE_FMT(path));
}

static bool
upstream_other(struct config_walk *walk, struct slice path, const struct node *entry, bool *taken,
    struct err *err)
{
	bool verify = false;

	if (!slice_eq(path, S(CONFIG_UPSTREAMS)))
		return true;
	for (size_t i = 0; i < COUNT(ignored); i++)
		if (slice_eq(entry->key, slice_of(ignored[i].key))) {
			*taken = true;
			log_event(walk->load->log, LOG_WARN, "config_ignored",
			    "%s:%u: \"%s\" has no effect: %s", walk->load->name, entry->key_line,
			    ignored[i].key, ignored[i].why);
			return true;
		}
	if (!slice_eq(entry->key, S("tls_verify")))
		return true;
	verify = entry->kind == NODE_TEXT && slice_eq(entry->text, S("true"));
	*taken = verify;
	return verify ||
	    CONFIG_FAIL_KEY(walk->load, entry, err,
		"certificates are always verified: \"tls_verify\" can only be true");
}

/* ---- the form -------------------------------------------------------------------------------- */

/* The transport is the only one: a client that starts its own gateway must not take a port. */
static bool
listen_apply(struct config_load *load, const struct proxy *proxy, struct err *err)
{
	struct config *config = load->config;
	bool is_ip6 = proxy->host.p != NULL && memchr(proxy->host.p, ':', proxy->host.n) != NULL;

	config->listen_stdio = proxy->transport == PROXY_STDIO;
	config->listen_http_n = 0;
	if (config->listen_stdio)
		return true;
	if (proxy->host.n > 255)
		return err_set(
		    err, ERR_CONFIG, "%s: proxy.http.host is longer than 255 bytes", load->name);
	config->listen_http[0] = arena_printf(&config->arena, is_ip6 ? "[%.*s]:%u" : "%.*s:%u",
	    SLICE_FMT(proxy->host), (unsigned)proxy->port);
	config->listen_http_n = 1;
	return true;
}

/* A single upstream needs no name. */
static void
name_apply(struct config *config)
{
	if (config->upstreams_n == 1 && config->upstreams[0].name.p == NULL)
		config->upstreams[0].name = S("default");
}

static bool
single_read(struct config_load *load, const struct config_upstream_form *form, const char *shown,
    const struct node *node, struct err *err)
{
	struct config *config = load->config;

	config->upstreams = ARENA_NEW(&config->arena, struct config_upstream);
	if (!config_upstream_read(load, form, shown, node, config->upstreams, err))
		return false;
	config->upstreams_n = 1;
	return true;
}

static bool
upstreams_read(struct config_load *load, const struct config_upstream_form *form,
    const struct node *map, struct err *err)
{
	const struct node *many = config_node_find(map, "upstreams");
	const struct node *one = config_node_find(map, "upstream");

	if (many != NULL && one != NULL)
		return CONFIG_FAIL_KEY(
		    load, one, err, "\"upstream\" and \"upstreams\" cannot both be there");
	if (one != NULL)
		return single_read(load, form, "proxy.upstream", one, err);
	if (many != NULL && many->kind == NODE_MAP)
		return single_read(load, form, "proxy.upstreams", many, err);
	return many == NULL || config_upstreams_read(load, form, "proxy.upstreams", many, err);
}

bool
config_proxy_read(struct config_load *load, const struct node *root, struct err *err)
{
	struct proxy proxy = { 0 };
	struct config_walk walk = { .load = load,
		.rows = rows,
		.rows_n = COUNT(rows),
		.base = &proxy,
		.other = proxy_other };
	struct config_upstream_form form = { .other = upstream_other, .hint = IMPORT };

	load->config->is_proxy_form = true;
	config_value_defaults(rows, COUNT(rows), SLICE_NONE, &proxy, &load->config->arena);
	if (!config_walk_map(&walk, SLICE_NONE, "", root, err) || !listen_apply(load, &proxy, err))
		return false;
	form.timeout_ms = proxy.timeout_ms;
	form.connect_timeout_ms = proxy.connect_timeout_ms;
	if (!upstreams_read(load, &form, config_node_find(root, "proxy"), err))
		return false;
	name_apply(load->config);
	return true;
}

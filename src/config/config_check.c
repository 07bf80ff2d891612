/*
 * What no single option shows: addresses against auth, names of servers among each other, whether
 * there is anything to serve.  The same checks run on what a command has put together itself; where
 * a file was read they say line and column, found again in its tree.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "config/config_parts.h"

#define NAME_BYTES 32

static const struct slice unix_prefix = { "unix:", 5 };

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* ---- single texts ---------------------------------------------------------------------------- */

bool
config_path_absolute(
    struct config_load *load, const struct node *node, struct slice *path, struct err *err)
{
	struct slice rest = *path;
	char *joined;

	if (rest.n == 0)
		return CONFIG_FAIL_NODE(load, node, err, "the path is empty");
	if (rest.p[0] == '/')
		return true;
	if (rest.p[0] == '~')
		return CONFIG_FAIL_NODE(
		    load, node, err, "\"~\" is not expanded: write \"${HOME}/...\"");
	while (slice_starts(rest, S("./")))
		rest = (struct slice){ rest.p + 2, rest.n - 2 };
	if (!arena_reserve(&load->config->arena, load->dir.n + 1 + rest.n, err))
		return false;
	joined = arena_bytes(&load->config->arena, load->dir.n + 1 + rest.n);
	memcpy(joined, load->dir.p, load->dir.n);
	joined[load->dir.n] = '/';
	memcpy(joined + load->dir.n + 1, rest.p, rest.n);
	*path = (struct slice){ joined, load->dir.n + 1 + rest.n };
	return true;
}

/* Only makes the path of a unix address absolute; the rest is said by config_check_whole(). */
bool
config_check_listen(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	struct slice path, address;
	char *text;

	if (!slice_starts(*value, unix_prefix))
		return true;
	path = (struct slice){ value->p + unix_prefix.n, value->n - unix_prefix.n };
	if (!config_path_absolute(load, node, &path, err))
		return false;
	if (!arena_reserve(&load->config->arena, unix_prefix.n + path.n, err))
		return false;
	text = arena_bytes(&load->config->arena, unix_prefix.n + path.n);
	memcpy(text, unix_prefix.p, unix_prefix.n);
	memcpy(text + unix_prefix.n, path.p, path.n);
	address = (struct slice){ text, unix_prefix.n + path.n };
	*value = address;
	return true;
}

bool
config_check_separator(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool ok = value->n >= 1 && value->n <= 8;

	for (size_t i = 0; ok && i < value->n; i++)
		ok = is_alnum(value->p[i]) || memchr("_-./:", value->p[i], 5) != NULL;
	if (!ok)
		return CONFIG_FAIL_NODE(load, node, err,
		    "the separator must be 1 to 8 of A-Z a-z 0-9 _ - . / :, not \"%s\"",
		    config_show(node->text).text);
	return true;
}

/* A host name, an address, or [ipv6]; then perhaps a port. */
static const char *
host_fault(struct slice text)
{
	struct slice port = SLICE_NONE, host = text;
	uint64_t number;

	if (slice_has(text, S("://")) || memchr(text.p, '/', text.n) != NULL)
		return "is a URL: write only the name, such as gw.example.com";
	if (slice_starts(text, S("["))) {
		host = slice_cut(text, ']', &port);
		if (port.p == NULL || host.n < 3 || (port.n > 0 && port.p[0] != ':'))
			return "is no address in brackets";
		port = port.n > 0 ? (struct slice){ port.p + 1, port.n - 1 } : SLICE_NONE;
		host = (struct slice){ host.p + 1, host.n - 1 };
	} else if (memchr(text.p, ':', text.n) == memrchr(text.p, ':', text.n)) {
		host = slice_cut(text, ':', &port);
	}
	if (host.n == 0 || host.n > 253)
		return "has no name of 1 to 253 bytes";
	if (memchr(host.p, '*', host.n) != NULL)
		return "holds a \"*\": patterns are not supported, name each host";
	for (size_t i = 0; i < host.n; i++)
		if (!is_alnum(host.p[i]) && memchr("-._:", host.p[i], 4) == NULL)
			return "holds a character that no host name has";
	if (port.p != NULL && (!slice_to_u64(port, 65535, &number) || number == 0))
		return "has no port between 1 and 65535";
	return NULL;
}

bool
config_check_host(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	const char *fault = value->n > 0 ? host_fault(*value) : "is empty";

	if (fault != NULL)
		return CONFIG_FAIL_NODE(
		    load, node, err, "the host \"%s\" %s", config_show(node->text).text, fault);
	/* Hosts are compared without brackets where no port was given. */
	if (slice_starts(*value, S("[")) && slice_ends(*value, S("]")))
		*value = (struct slice){ value->p + 1, value->n - 2 };
	return true;
}

/* ---- where in the file ----------------------------------------------------------------------- */

struct whole {
	const struct config_load *load; /* NULL: no file */
	const struct config *config;
	const struct node *root;
};

static const struct node *
child(const struct node *node, size_t i)
{
	if (node == NULL || node->kind != NODE_LIST)
		return node;
	node = node->first;
	while (node != NULL && i-- > 0)
		node = node->next;
	return node;
}

static const struct node *
listen_node(const struct whole *whole, size_t i)
{
	if (whole->config->is_proxy_form)
		return config_node_find(
		    config_node_find(config_node_find(whole->root, "proxy"), "http"), "host");
	return child(config_node_find(config_node_find(whole->root, "listen"), "http"), i);
}

static const struct node *
upstreams_node(const struct whole *whole)
{
	const struct node *map = whole->root, *list;

	if (whole->config->is_proxy_form)
		map = config_node_find(map, "proxy");
	list = config_node_find(map, "upstreams");
	return list != NULL ? list : config_node_find(map, "upstream");
}

/* The name of upstream i, or the entry where it has none. */
static const struct node *
name_node(const struct whole *whole, size_t i)
{
	const struct node *entry = child(upstreams_node(whole), i);
	const struct node *name = config_node_find(entry, "name");

	return name != NULL ? name : entry;
}

#define FAIL_AT(whole, node, err, ...) \
	config_fail((whole)->load, (node) != NULL ? (node)->line : 0, \
	    (node) != NULL ? (node)->col : 0, (err), __VA_ARGS__)

/* ---- addresses ------------------------------------------------------------------------------- */

static bool
is_loopback(struct slice host)
{
	unsigned char ip6[16];
	char text[64];
	struct in_addr ip4;

	if (slice_eq_nocase(host, S("localhost")))
		return true;
	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (inet_pton(AF_INET, text, &ip4) == 1)
		return (ntohl(ip4.s_addr) >> 24) == 127;
	if (inet_pton(AF_INET6, text, ip6) != 1)
		return false;
	return memcmp(ip6, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16) == 0 ||
	    memcmp(ip6, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f", 13) == 0;
}

static bool
is_number(struct slice s)
{
	uint64_t number;

	return slice_to_u64(s, UINT64_MAX, &number);
}

/* Dots and digits only: an address, or nothing. */
static bool
is_bad_ip4(struct slice host)
{
	unsigned char ip4[4];
	char text[64];

	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
			return false;
	if (host.n >= sizeof(text))
		return true;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, ip4) != 1;
}

static bool
is_bad_ip6(struct slice host)
{
	unsigned char ip6[16];
	char text[64];

	if (host.n >= sizeof(text))
		return true;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET6, text, ip6) != 1;
}

/* Says what is wrong with an address; NULL: nothing, and *is_open tells whether others reach it. */
static const char *
address_fault(struct slice address, bool *is_open)
{
	struct slice host, port;
	uint64_t number;

	*is_open = false;
	if (slice_starts(address, unix_prefix)) {
		struct sockaddr_un un;

		if (address.n == unix_prefix.n)
			return "names no path";
		return address.n - unix_prefix.n < sizeof(un.sun_path)
		    ? NULL
		    : "is longer than the 107 bytes that a unix address can have";
	}
	if (is_number(address))
		return "is only a port: write 127.0.0.1:PORT";
	if (slice_has(address, S("://")))
		return "is a URL: write only host:port";
	if (slice_starts(address, S("["))) {
		host = slice_cut(address, ']', &port);
		host = (struct slice){ host.p + 1, host.n - 1 };
		if (port.p == NULL || is_bad_ip6(host))
			return "has no IPv6 address in its brackets";
		if (!slice_starts(port, S(":")))
			return "has no port: write [address]:port";
		port = (struct slice){ port.p + 1, port.n - 1 };
	} else {
		host = slice_cut(address, ':', &port);
		if (port.p == NULL)
			return "has no port: write host:port";
		if (host.n == 0)
			return "has no host: write 127.0.0.1:PORT, or 0.0.0.0:PORT for every interface";
		if (memchr(port.p, ':', port.n) != NULL)
			return "is no host:port; an IPv6 address stands in brackets, \"[::1]:8080\"";
		if (host_fault(host) != NULL || is_bad_ip4(host))
			return "has a host that is neither a name nor an address";
	}
	if (!slice_to_u64(port, 65535, &number))
		return "has a port that is not between 0 and 65535";
	*is_open = !is_loopback(host);
	return NULL;
}

/* Of an address that other machines reach. */
static void
plain_warn(const struct whole *whole, struct slice address, const struct node *node)
{
	const struct config *config = whole->config;
	char place[128] = "";

	if (whole->load == NULL || config->listen_tls_cert.n > 0 ||
	    config->listen_tls == LISTEN_TLS_NONE)
		return;
	if (node != NULL)
		snprintf(place, sizeof(place), "%s:%u: ", whole->load->name, node->line);
	log_event(whole->load->log, LOG_WARN, "listen_plain",
	    "%s%s is plain HTTP, and whoever is on the way reads keys, tokens and answers: name a "
	    "certificate as listen.tls, or, behind a proxy that speaks TLS, write listen: {tls: none}",
	    place, config_show(address).text);
}

static bool
listen_check(const struct whole *whole, size_t i, struct err *err)
{
	const struct config *config = whole->config;
	struct slice address = config->listen_http[i];
	const struct node *node = listen_node(whole, i);
	bool is_open;
	const char *fault = address_fault(address, &is_open);

	if (fault != NULL)
		return FAIL_AT(
		    whole, node, err, "the address \"%s\" %s", config_show(address).text, fault);
	for (size_t j = 0; j < i; j++)
		if (slice_eq(address, config->listen_http[j]))
			return FAIL_AT(whole, node, err, "the address \"%s\" stands there twice",
			    config_show(address).text);
	if (is_open && config->auth != AUTH_UNSET)
		plain_warn(whole, address, node);
	if (!is_open || config->auth != AUTH_UNSET)
		return true;
	if (config->is_proxy_form)
		return FAIL_AT(whole, node, err,
		    "\"%s\" can be reached from other machines: that needs "
		    "\"auth: none\" and so bascule's own form of this file",
		    config_show(address).text);
	if (config->file.p == NULL)
		return FAIL_AT(whole, node, err,
		    "\"%s\" can be reached from other machines: leave HOST (or --host) out, let each "
		    "request bring its credential (ATLASSIAN_OAUTH_ENABLE=true), or write a "
		    "bascule.yaml with \"auth:\"",
		    config_show(address).text);
	return FAIL_AT(whole, node, err,
	    "\"%s\" can be reached from other machines: write \"auth: none\" "
	    "to let everyone in, give keys under \"auth:\", or listen on 127.0.0.1",
	    config_show(address).text);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Says what is wrong with the name of a server; NULL: nothing. */
static const char *
name_fault(struct slice name, struct slice separator)
{
	static const struct slice reserved[] = { S("jira"), S("confluence"), S("maf") };

	if (name.n == 0)
		return "is empty";
	if (name.n > NAME_BYTES)
		return "is longer than 32 bytes";
	if (!is_alnum(name.p[0]))
		return "must begin with a letter or a digit";
	for (size_t i = 0; i < name.n; i++)
		if (!is_alnum(name.p[i]) && name.p[i] != '_' && name.p[i] != '-')
			return "may hold only letters, digits, \"_\" and \"-\"";
	if (name.p[name.n - 1] == '_')
		return "must not end in \"_\"";
	if (slice_has(name, separator))
		return "must not hold the separator";
	for (size_t i = 0; i < COUNT(reserved); i++)
		if (slice_eq(name, reserved[i]))
			return "is reserved for tools of bascule itself";
	return NULL;
}

static bool
name_check(const struct whole *whole, size_t i, struct err *err)
{
	const struct config *config = whole->config;
	struct slice name = config->upstreams[i].name;
	const struct node *node = name_node(whole, i);
	const char *fault;

	if (name.p == NULL)
		return FAIL_AT(whole, node, err, "upstreams[%zu] needs a \"name\"", i);
	fault = name_fault(name, config->separator);
	if (fault != NULL)
		return FAIL_AT(
		    whole, node, err, "the upstream name \"%s\" %s", config_show(name).text, fault);
	for (size_t j = 0; j < i; j++)
		if (slice_eq(name, config->upstreams[j].name))
			return FAIL_AT(whole, node, err,
			    "the name \"%s\" is taken by upstreams[%zu]%s", config_show(name).text,
			    j, ": names must differ");
	for (size_t j = 0; j < config->atlassian.sites_n; j++)
		if (slice_eq_nocase(name, config->atlassian.sites[j].provider))
			return FAIL_AT(whole, node, err,
			    "the name \"%s\" is that of a site under \"atlassian:\": names must "
			    "differ",
			    config_show(name).text);
	if (config->agents.is_on && slice_eq_nocase(name, config->agents.prefix))
		return FAIL_AT(whole, node, err,
		    "the name \"%s\" is that of the tools of \"agents:\": names must differ",
		    config_show(name).text);
	return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

bool
config_check_whole(const struct config_load *load, const struct config *config,
    const struct node *root, struct err *err)
{
	struct whole whole = { load, config, root };
	const struct node *node;

	for (size_t i = 0; i < config->listen_http_n; i++)
		if (!listen_check(&whole, i, err))
			return false;
	if (config->upstreams_n == 0 && config->atlassian.sites_n == 0 && !config->agents.is_on) {
		node = upstreams_node(&whole);
		return FAIL_AT(&whole, node != NULL ? node : root, err,
		    "nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"");
	}
	for (size_t i = 0; i < config->upstreams_n; i++)
		if (!name_check(&whole, i, err))
			return false;
	if (config->limit_message_bytes > config->limit_memory_bytes) {
		const struct node *limits = config_node_find(root, "limits");

		node = config_node_find(limits, "message");
		return FAIL_AT(&whole, node != NULL ? node : config_node_find(limits, "memory"),
		    err, "limits.message is larger than limits.memory");
	}
	return config_limits_check(load, config, root, err) &&
	    config_flow_check(load, config, root, err);
}

/* What the file says of an upstream and cannot be; NULL: nothing. */
static const char *
contradiction(const struct config_upstream *upstream)
{
	if (upstream->protocol == PROTOCOL_MODERN && upstream->transport == TRANSPORT_SSE)
		return "protocol modern is not spoken over transport sse: leave one of them out";
	return NULL;
}

bool
config_check(const struct config *config, struct err *err)
{
	for (size_t i = 0; i < config->upstreams_n; i++) {
		const struct config_upstream *upstream = &config->upstreams[i];
		const char *fault = upstream->enabled ? contradiction(upstream) : NULL;

		if (fault != NULL && config->file.p != NULL)
			return err_set_at(err, ERR_CONFIG, upstream->line, 0,
			    "%.*s:%u: upstream \"%.*s\": %s", SLICE_FMT(config->file),
			    upstream->line, SLICE_FMT(upstream->name), fault);
		if (fault != NULL)
			return err_set(err, ERR_CONFIG, "upstream \"%.*s\": %s",
			    SLICE_FMT(upstream->name), fault);
	}
	if (config->audit.mode == CONFIG_STRICT && !config->audit.has_store)
		return err_set(err, ERR_CONFIG,
		    "audit.mode is strict, and audit.sinks has no {sqlite: audit.db}: only the store can say "
		    "that a record is on the disk");
	return config_check_whole(NULL, config, NULL, err);
}

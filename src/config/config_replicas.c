/*
 * `replicas`: the processes that stand behind one balancer and hand each other what belongs to
 * another.  Addresses come from here and from nowhere else; a name that a client brings only
 * chooses among them.
 */
#include <string.h>

#include "config/config_parts.h"

bool
config_is_replica_name(struct slice name)
{
	if (name.n == 0 || name.n > REPLICA_NAME_BYTES || name.p[0] == '-' ||
	    name.p[name.n - 1] == '-')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((name.p[i] < 'a' || name.p[i] > 'z') && (name.p[i] < '0' || name.p[i] > '9') &&
		    name.p[i] != '-')
			return false;
	return true;
}

bool
config_check_replica(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return config_is_replica_name(*value) ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" is no name for a replica: 1 to 63 of a-z, 0-9 and \"-\", which stands "
		"neither first nor last",
		config_show(*value).text);
}

/* What is wrong with a host in which a name may still be missing; NULL: nothing. */
static const char *
host_fault(struct slice host)
{
	if (host.n == 0 || host.n > 255)
		return "has no host of 1 to 255 bytes";
	for (size_t i = 0; i < host.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]",
			host.p[i]) == NULL)
			return "has a host with a character that no host name has";
	return NULL;
}

static const char *
url_fault(struct slice url)
{
	struct slice scheme_less, host, port;
	const char *fault;
	uint64_t number;
	size_t n = slice_starts(url, S("http://")) ? 7 : slice_starts(url, S("https://")) ? 8 : 0;

	if (n == 0)
		return "must begin with http:// or https://";
	scheme_less = (struct slice){ url.p + n, url.n - n };
	if (slice_ends(scheme_less, S("/")))
		scheme_less.n--;
	if (scheme_less.n == 0 || memchr(scheme_less.p, '/', scheme_less.n) != NULL)
		return "must be scheme, host and port, and no more";
	for (n = scheme_less.n;
	     n > 0 && scheme_less.p[n - 1] != ':' && scheme_less.p[n - 1] != ']';)
		n--;
	if (n == 0 || scheme_less.p[n - 1] != ':')
		return "must name a port, as in http://host:8080";
	host = (struct slice){ scheme_less.p, n - 1 };
	port = (struct slice){ scheme_less.p + n, scheme_less.n - n };
	fault = host_fault(host);
	if (fault != NULL)
		return fault;
	if (!slice_to_u64(port, UINT16_MAX, &number) || number == 0)
		return "must have a port between 1 and 65535";
	if (memchr(host.p, ':', host.n) != NULL && (host.p[0] != '[' || host.p[host.n - 1] != ']'))
		return "has a host with a \":\"; an IPv6 address stands in brackets";
	return NULL;
}

/* Of an address, the place of the name as a letter. */
bool
config_check_replica_url(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	const char *at = memmem(value->p, value->n, REPLICA_NAME, sizeof(REPLICA_NAME) - 1);
	struct slice url = *value;
	const char *fault;
	char *text;

	if (value->n > 512)
		return CONFIG_FAIL_NODE(
		    load, node, err, "the url of a replica must not be longer than 512 bytes");
	if (at != NULL) {
		size_t before = (size_t)(at - value->p), rest = before + sizeof(REPLICA_NAME) - 1;

		if (!arena_reserve(&load->tree, value->n, err))
			return false;
		text = arena_bytes(&load->tree, value->n);
		memcpy(text, value->p, before);
		text[before] = 'x';
		memcpy(text + before + 1, value->p + rest, value->n - rest);
		url = (struct slice){ text, before + 1 + value->n - rest };
	}
	fault = url_fault(url);
	return fault == NULL ||
	    CONFIG_FAIL_NODE(
		load, node, err, "the url \"%s\" of a replica %s", config_show(*value).text, fault);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool
peers_check(struct config_load *load, const struct node *map, struct err *err)
{
	const struct config_replicas *replicas = &load->config->replicas;
	const struct node *node = config_node_find(map, "peers");
	bool is_self_there = replicas->self.p == NULL;

	for (size_t i = 0; i < replicas->peers_n; i++) {
		struct slice name = replicas->peers[i].name;
		struct slice url = secret_reveal(replicas->peers[i].value);

		if (!config_is_replica_name(name))
			return CONFIG_FAIL_KEY(load, node, err,
			    "\"%s\" is no name for a replica: 1 to 63 of a-z, 0-9 and \"-\", which "
			    "stands neither first nor last",
			    config_show(name).text);
		if (slice_has(url, S(REPLICA_NAME)))
			return CONFIG_FAIL_KEY(load, node, err,
			    "\"" REPLICA_NAME
			    "\" belongs to replicas.address: under replicas.peers "
			    "each has its own url");
		for (size_t k = 0; k < i; k++)
			if (slice_eq_nocase(url, secret_reveal(replicas->peers[k].value)))
				return CONFIG_FAIL_KEY(load, node, err,
				    "the replicas \"%.*s\" and \"%.*s\" have one url",
				    SLICE_FMT(replicas->peers[k].name), SLICE_FMT(name));
		is_self_there |= slice_eq(name, replicas->self);
	}
	return is_self_there ||
	    CONFIG_FAIL_KEY(load, node, err,
		"replicas.peers lists all of them, also this one: \"%.*s\" (replicas.self) is "
		"missing",
		SLICE_FMT(replicas->self));
}

static bool
address_check(struct config_load *load, const struct node *map, struct err *err)
{
	const struct config_replicas *replicas = &load->config->replicas;
	const struct node *node = config_node_find(map, "address");
	struct slice self = replicas->self, rest = replicas->address;
	const char *at = memmem(rest.p, rest.n, REPLICA_NAME, sizeof(REPLICA_NAME) - 1);

	if (at == NULL)
		return CONFIG_FAIL_NODE(load, node, err,
		    "replicas.address needs the place of the name, as in "
		    "http://" REPLICA_NAME ".bascule-pods:8080");
	if (self.p != NULL && (self.p[self.n - 1] < '0' || self.p[self.n - 1] > '9'))
		return CONFIG_FAIL_NODE(load, node, err,
		    "with replicas.address names end in a number, and \"%.*s\" (replicas.self) does "
		    "not: list them under replicas.peers",
		    SLICE_FMT(self));
	return true;
}

bool
config_replicas_check(struct config_load *load, const struct node *root, struct err *err)
{
	const struct config *config = load->config;
	const struct config_replicas *replicas = &config->replicas;
	const struct node *map = config_node_find(root, "replicas");

	if (map == NULL || config_node_is_null(map))
		return true;
	if ((replicas->peers_n > 0) == (replicas->address.p != NULL))
		return CONFIG_FAIL_KEY(load, map, err,
		    "replicas needs either \"peers\", a map of names and urls, or \"address\", a "
		    "url with " REPLICA_NAME);
	if (secret_reveal(config->seal_key).n == 0)
		return CONFIG_FAIL_KEY(load, map, err,
		    "replicas need a \"seal_key\", the same for all: they know each other by it");
	return replicas->peers_n > 0 ? peers_check(load, map, err) : address_check(load, map, err);
}

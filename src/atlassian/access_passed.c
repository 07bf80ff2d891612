/*
 * Header fields of a client's request that are passed on to the site (`passthrough`), and hosts
 * that are reached without the proxy (`no_proxy`).
 *
 * What is passed on may change who the site takes the caller for.  So a call that brings such
 * fields has an access of its own: it goes over the connections of the one it stands on, and shares
 * nothing that was learnt.  They go to the address that the configuration names and to no other.
 */
#include <arpa/inet.h>

#include "atlassian/access.h"

#define PASSED_MAX (64 * KIB)

/* ---- fields ---------------------------------------------------------------------------------- */

static bool
is_wanted(const struct config_site *config, struct slice name)
{
	for (size_t i = 0; i < config->passthrough_n; i++)
		if (slice_eq_nocase(config->passthrough[i], name))
			return true;
	return false;
}

/* "Name: value\r\n..." */
static void
fields_put(const struct config_site *config, const struct credentials *brought, struct buf *out)
{
	for (size_t i = 0; i < brought->passed_n; i++) {
		if (!is_wanted(config, brought->passed[i].name))
			continue;
		buf_put(out, brought->passed[i].name);
		buf_puts(out, ": ");
		buf_put(out, brought->passed[i].value);
		buf_puts(out, "\r\n");
	}
}

struct access *
access_root(struct access *access)
{
	return access->base != NULL ? access->base : access;
}

bool
access_pass(struct access **at, const struct credentials *brought, struct err *err)
{
	struct access *base = *at, *access;
	struct buf fields;
	bool ok = true;

	if (brought == NULL || brought->passed_n == 0 || !base->is_ours)
		return true;
	buf_init(&fields, NULL, PASSED_MAX);
	fields_put(base->site->config, brought, &fields);
	if (fields.n > 0) {
		access = MEM_NEW(struct access);
		access->site = base->site;
		access->base = base;
		access->url = base->url;
		access->is_ours = true;
		access->is_operators = base->is_operators;
		access->pool = base->pool;
		access->token = base->token;
		access->deployment = base->deployment;
		access->reach = base->reach;
		access->confirmation = base->confirmation;
		access->in_use = 1;
		access_arena_init(access);
		buf_put(&fields, base->headers);
		ok = buf_check(&fields, err) && arena_reserve(&access->arena, fields.n, err);
		if (ok)
			access->headers = slice_dup(&access->arena, buf_view(&fields));
		*at = access;
		explicit_bzero(fields.p, fields.n);
	}
	buf_fini(&fields);
	return ok;
}

/* ---- proxies --------------------------------------------------------------------------------- */

/* "10.0.0.0/8", "fd00::/8". */
static bool
is_in_network(struct slice network, struct slice host)
{
	struct slice bits_text, base = slice_cut(network, '/', &bits_text);
	unsigned char a[16], b[16];
	char left[INET6_ADDRSTRLEN + 1], right[INET6_ADDRSTRLEN + 1];
	int family = memchr(host.p, ':', host.n) != NULL ? AF_INET6 : AF_INET;
	uint64_t bits;

	if (bits_text.p == NULL || base.n >= sizeof(left) || host.n >= sizeof(right) ||
	    !slice_to_u64(bits_text, family == AF_INET ? 32 : 128, &bits))
		return false;
	memcpy(left, base.p, base.n);
	left[base.n] = '\0';
	memcpy(right, host.p, host.n);
	right[host.n] = '\0';
	if (inet_pton(family, left, a) != 1 || inet_pton(family, right, b) != 1)
		return false;
	for (size_t i = 0; i < bits; i++)
		if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static struct slice
without_brackets(struct slice host)
{
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return (struct slice){ host.p + 1, host.n - 2 };
	return host;
}

/* The host itself, or one below it.  A port where the entry names one. */
static bool
is_meant(struct slice entry, const struct url *url)
{
	struct slice port_text, host = url->host, end;
	uint64_t port;

	if (slice_eq(entry, S("*")))
		return true;
	if (memchr(entry.p, '/', entry.n) != NULL)
		return is_in_network(entry, host);
	if (entry.p[0] == '[') {
		struct slice inside = slice_cut(entry, ']', &port_text);

		entry = (struct slice){ inside.p + 1, inside.n - 1 };
		port_text = port_text.n > 1 ? (struct slice){ port_text.p + 1, port_text.n - 1 }
					    : SLICE_NONE;
	} else if (memchr(entry.p, ':', entry.n) != NULL &&
	    memchr(entry.p, ':', entry.n) == memrchr(entry.p, ':', entry.n)) {
		entry = slice_cut(entry, ':', &port_text);
	} else {
		port_text = SLICE_NONE;
	}
	if (port_text.p != NULL &&
	    (!slice_to_u64(port_text, UINT16_MAX, &port) || port != url->port))
		return false;
	host = without_brackets(host);
	if (slice_starts(entry, S("*.")))
		entry = (struct slice){ entry.p + 1, entry.n - 1 };
	if (slice_starts(entry, S(".")))
		entry = (struct slice){ entry.p + 1, entry.n - 1 };
	if (entry.n == 0 || host.n < entry.n)
		return false;
	end = (struct slice){ host.p + host.n - entry.n, entry.n };
	return slice_eq_nocase(end, entry) &&
	    (host.n == entry.n || host.p[host.n - entry.n - 1] == '.');
}

struct slice
access_proxy(const struct config_site *config, struct slice address)
{
	struct url url;
	struct err err;

	if (config->proxy.n == 0 || !url_parse(address, &url, &err))
		return config->proxy;
	for (size_t i = 0; i < config->no_proxy_n; i++)
		if (config->no_proxy[i].n > 0 && is_meant(config->no_proxy[i], &url))
			return SLICE_NONE;
	return config->proxy;
}

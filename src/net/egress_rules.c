/*
 * Which destinations an egress proxy lets through, and the variables that send programs to it.
 *
 * A name is let through as written, or, for "*.name", what is below it.  An address is let through
 * only when it is listed as an address; names that lead to addresses which are not public gain
 * nothing by it, so that a name's owner cannot point it into the network of the gateway.
 */
#include <stdio.h>
#include <string.h>

#include "net/egress.h"

#define PROXY_TEXT_(port) "http://127.0.0.1:" #port
#define PROXY_TEXT(port)  PROXY_TEXT_(port)
#define PROXY		  PROXY_TEXT(ISOLATION_PROXY_PORT)

/* ---- rules ----------------------------------------------------------------------------------- */

static struct slice
dot_cut(struct slice host)
{
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

static bool
literal_parse(struct slice text, struct address *out)
{
	struct err err;

	return address_parse(text, out, &err) && !out->is_unix;
}

bool
egress_place_parse(struct slice text, struct egress_place *out)
{
	*out = (struct egress_place){ .text = text };
	if (!slice_to_host_port(text, &out->host, &out->port))
		return false;
	out->host = dot_cut(out->host);
	out->is_literal = literal_parse(text, &out->address);
	/* Brackets and colons are for addresses only. */
	return out->is_literal || memchr(out->host.p, ':', out->host.n) == NULL;
}

/* Names whose last part is a number are addresses to some resolvers: "0x7f.1", "127.1". */
static bool
is_number_like(struct slice host)
{
	const char *dot = memrchr(host.p, '.', host.n);
	const char *last = dot != NULL ? dot + 1 : host.p;

	return last == host.p + host.n || (*last >= '0' && *last <= '9');
}

bool
egress_rules_init(struct egress_rules *rules, const struct slice *allow, size_t n, struct err *err)
{
	struct egress_place place;

	*rules = (struct egress_rules){ 0 };
	if (n == 0 || n > EGRESS_RULES_MAX)
		return err_set(err, ERR_CONFIG, "1 to %u destinations can be listed, not %zu",
		    EGRESS_RULES_MAX, n);
	rules->all = mem_new(n * sizeof(*rules->all));
	for (size_t i = 0; i < n; i++) {
		struct egress_rule *rule = &rules->all[i];
		struct slice text = allow[i];
		bool is_suffix = slice_starts(text, S("*."));

		if (is_suffix)
			text = (struct slice){ text.p + 2, text.n - 2 };
		if (!egress_place_parse(text, &place) || (is_suffix && place.is_literal) ||
		    (!place.is_literal && is_number_like(place.host)))
			return err_set(err, ERR_CONFIG,
			    "\"%.*s\" is no destination: name:443, *.name:443 or 192.0.2.1:443",
			    (int)(allow[i].n < 300 ? allow[i].n : 300), allow[i].p);
		*rule = (struct egress_rule){ .host = slice_keep(place.host),
			.address = place.address,
			.port = place.port,
			.is_suffix = is_suffix,
			.is_literal = place.is_literal };
		rules->n++;
	}
	return true;
}

void
egress_rules_fini(struct egress_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		mem_free((void *)(uintptr_t)rules->all[i].host.p);
	mem_free(rules->all);
	*rules = (struct egress_rules){ 0 };
}

static bool
name_fits(const struct egress_rule *rule, struct slice host)
{
	struct slice end;

	if (!rule->is_suffix)
		return slice_eq_nocase(rule->host, host);
	if (host.n < rule->host.n + 2 || host.p[host.n - rule->host.n - 1] != '.')
		return false;
	end = (struct slice){ host.p + host.n - rule->host.n, rule->host.n };
	return slice_eq_nocase(rule->host, end);
}

static bool
is_same(const struct address *a, const struct address *b)
{
	return a->is_ipv6 == b->is_ipv6 && a->port == b->port &&
	    memcmp(a->ip, b->ip, a->is_ipv6 ? 16 : 4) == 0;
}

static bool
lists_address(const struct egress_rules *rules, const struct address *address)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->all[i].is_literal && is_same(&rules->all[i].address, address))
			return true;
	return false;
}

bool
egress_rules_have(const struct egress_rules *rules, const struct egress_place *place)
{
	if (place->is_literal)
		return lists_address(rules, &place->address);
	if (is_number_like(place->host))
		return false;
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->all[i].is_literal && rules->all[i].port == place->port &&
		    name_fits(&rules->all[i], place->host))
			return true;
	return false;
}

bool
egress_rules_let(const struct egress_rules *rules, const struct address *address)
{
	return address_is_public(address) || lists_address(rules, address);
}

/* ---- the environment ------------------------------------------------------------------------- */

/* Node looks at the others only when it is told to. */
static const struct {
	const char *name, *assignment;
} variables[] = {
	{ "HTTPS_PROXY", "HTTPS_PROXY=" PROXY },
	{ "https_proxy", "https_proxy=" PROXY },
	{ "HTTP_PROXY", "HTTP_PROXY=" PROXY },
	{ "http_proxy", "http_proxy=" PROXY },
	{ "ALL_PROXY", "ALL_PROXY=" PROXY },
	{ "all_proxy", "all_proxy=" PROXY },
	{ "NO_PROXY", "NO_PROXY=" },
	{ "no_proxy", "no_proxy=" },
	{ "NODE_USE_ENV_PROXY", "NODE_USE_ENV_PROXY=1" },
};

static bool
is_ours(const char *assignment)
{
	struct slice rest, name = slice_cut(slice_of(assignment), '=', &rest);

	for (size_t i = 0; i < COUNT(variables); i++)
		if (slice_eq(name, slice_of(variables[i].name)))
			return true;
	return false;
}

bool
egress_env(struct arena *arena, const char *const *env, const char *const **out, struct err *err)
{
	const char **to;
	size_t n = 0, kept = 0;

	while (env[n] != NULL)
		n++;
	n += COUNT(variables) + 1;
	if (!arena_reserve(arena, n * sizeof(*to) + 16, err))
		return false;
	*out = to = ARENA_ARRAY(arena, const char *, n);
	for (size_t i = 0; i < COUNT(variables); i++)
		to[kept++] = variables[i].assignment;
	for (; *env != NULL; env++)
		if (!is_ours(*env))
			to[kept++] = *env;
	to[kept] = NULL;
	return true;
}

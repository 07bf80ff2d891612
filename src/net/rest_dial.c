/*
 * Where the connections of a REST pool go: proxies, names, addresses, and who may say no.
 *
 * Whom we connect to is the origin, or the proxy where there is one.  That name is resolved by
 * net_resolve_wait(), each address is shown to may_connect, and the engine connects to what is left
 * and to nothing else, so that a name that points elsewhere a moment later gains nothing.
 */
#include <stdio.h>
#include <string.h>

#include "net/rest.h"

#define FRESH_MS ((uint64_t)5 * 60 * 1000) /* addresses are asked for again after it */

/* clang-format off */
static const struct rest_proxy_kind kinds[] = {
	/* scheme		  port	is_tls	wants_address	is_http */
	{ { "http://", 7 },	    80,	false,	false,		true },
	{ { "https://", 8 },	   443,	true,	false,		true },
	{ { "socks5://", 9 },	  1080,	false,	true,		false },
	{ { "socks5h://", 10 },	  1080,	false,	false,		false },
};
/* clang-format on */

static const struct rest_proxy_kind *
kind_of(struct slice proxy)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct slice start = { proxy.p, kinds[i].scheme.n };

		if (proxy.n > start.n && slice_eq_nocase(start, kinds[i].scheme))
			return &kinds[i];
	}
	return NULL;
}

/* What stands behind the last "@", up to a slash: the user and password before it may hold any. */
static struct slice
authority_of(struct slice proxy, const struct rest_proxy_kind *kind)
{
	struct slice text = { proxy.p + kind->scheme.n, proxy.n - kind->scheme.n };
	const char *at = memrchr(text.p, '@', text.n);
	const char *slash;

	if (at != NULL) {
		text.n -= (size_t)(at + 1 - text.p);
		text.p = at + 1;
	}
	slash = memchr(text.p, '/', text.n);
	if (slash != NULL && slash + 1 == text.p + text.n)
		text.n--;
	return text;
}

/* Host and port of the authority are read as those of any other URL. */
MUST_CHECK static bool
proxy_parse(struct rest_dial *dial, struct slice proxy, struct err *err)
{
	struct slice authority;
	struct url url;
	char text[300];

	dial->proxy = kind_of(proxy);
	if (dial->proxy == NULL)
		return err_set(err, ERR_CONFIG,
		    "a proxy's URL must begin with http://, https://, socks5:// or socks5h://");
	for (size_t i = 0; i < proxy.n; i++)
		if ((unsigned char)proxy.p[i] <= ' ' || (unsigned char)proxy.p[i] >= 0x7f)
			return err_set(err, ERR_CONFIG,
			    "byte %zu of the proxy's URL is a blank, a control or a non-ASCII character",
			    i + 1);
	authority = authority_of(proxy, dial->proxy);
	if (authority.n > 260)
		return err_set(err, ERR_CONFIG, "the host of the proxy's URL is too long");
	snprintf(text, sizeof(text), "http://%.*s", SLICE_FMT(authority));
	if (!url_parse(slice_of(text), &url, err))
		return err_set(err, ERR_CONFIG,
		    "the proxy's URL must be scheme://[user:password@]host[:port]");
	if (url.path.n != 1 || url.authority.n != authority.n)
		return err_set(err, ERR_CONFIG, "the proxy's URL must not have a path");
	dial->host = (struct slice){ authority.p + (url.host.p - url.authority.p), url.host.n };
	dial->port =
	    memchr(url.host.p + url.host.n, ':',
		url.authority.n - (size_t)(url.host.p + url.host.n - url.authority.p)) != NULL
	    ? url.port
	    : dial->proxy->port;
	return true;
}

bool
rest_dial_init(struct rest_dial *dial, const struct url *url, struct slice proxy, struct err *err)
{
	*dial = (struct rest_dial){ .host = url->host, .port = url->port };
	return proxy.n == 0 || proxy_parse(dial, proxy, err);
}

bool
rest_dial_is_due(const struct rest_dial *dial, uint64_t now_ms)
{
	return dial->generation == 0 || dial->is_stale || now_ms - dial->resolved_ms >= FRESH_MS;
}

static bool
is_allowed(const struct rest_settings *settings, const struct address *address)
{
	return settings->may_connect == NULL || settings->may_connect(settings->owner, address);
}

/* Leaves in found what may be connected to. */
MUST_CHECK static bool
addresses_sift(
    const struct rest_pool *pool, struct address found[RESOLVE_MAX], unsigned *n, struct err *err)
{
	char text[ADDRESS_TEXT];
	unsigned kept = 0;

	for (unsigned i = 0; i < *n; i++)
		if (is_allowed(&pool->settings, &found[i]))
			found[kept++] = found[i];
	if (kept == 0) {
		address_print(&found[0], text);
		return err_set(err, ERR_REFUSED,
		    "%s://%.*s: connecting to %.*s (%s%s) is not allowed", REST_FMT(pool),
		    SLICE_FMT(pool->dial.host), text, *n > 1 ? " and others" : "");
	}
	*n = kept;
	return true;
}

/* The origin's own addresses, where a proxy wants to be told them. */
MUST_CHECK static bool
origin_resolve_wait(struct rest_pool *pool, struct err *err)
{
	struct rest_dial *dial = &pool->dial;
	struct address origin[RESOLVE_MAX];
	unsigned n = 0;

	if (dial->proxy == NULL || !dial->proxy->wants_address)
		return true;
	if (!net_resolve_wait(pool->loop, pool->url.host, pool->url.port, origin, &n, err))
		return err_prefix(err, "%s://%.*s", REST_FMT(pool));
	memcpy(dial->origin, origin, n * sizeof(origin[0]));
	dial->origin_n = n;
	return true;
}

bool
rest_dial_wait(struct rest_pool *pool, struct err *err)
{
	struct rest_dial *dial = &pool->dial;
	struct address found[RESOLVE_MAX];
	unsigned n = 0;

	if (!origin_resolve_wait(pool, err))
		return false;
	if (!net_resolve_wait(pool->loop, dial->host, dial->port, found, &n, err))
		return err_prefix(err, "%s://%.*s", REST_FMT(pool));
	if (!addresses_sift(pool, found, &n, err))
		return false;
	memcpy(dial->addresses, found, n * sizeof(found[0]));
	dial->addresses_n = n;
	dial->generation++;
	dial->resolved_ms = loop_now_ms(pool->loop);
	dial->is_stale = false;
	return true;
}

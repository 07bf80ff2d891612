/*
 * The names clients see.  A tool or prompt of an upstream is called `server` separator `name` when
 * prefixes are wanted; native providers carry their own prefix and get none.  A name over `max`
 * bytes, or one that is taken already, becomes its first max - 9 bytes, `_`, and 8 hex digits of
 * SHA-256(server NUL original), so that it is the same at every start and on every machine.  URIs
 * stay as they are; one that is taken already becomes `server+uri`.
 */
#include <string.h>

#include "gateway/gateway.h"

#define HASH_TAIL 9 /* '_' and 8 hex digits */

static bool
wants_prefix(const struct names *names, const struct provider *provider)
{
	if (provider->has_own_prefix)
		return false;
	switch (names->prefix) {
	case PREFIX_ALWAYS:
		return true;
	case PREFIX_NEVER:
		return false;
	case PREFIX_AUTO:
		break;
	}
	return names->many;
}

/* The largest cut <= n that does not stand within a UTF-8 character of text[0..total). */
static size_t
utf8_cut(const char *text, size_t n, size_t total)
{
	if (n >= total)
		return total;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
hash_put(char *to, struct slice server, struct slice original)
{
	const struct slice parts[] = { server, { "", 1 }, original };
	char hex[65];

	sha256_hex(parts, COUNT(parts), hex);
	to[0] = '_';
	memcpy(to + 1, hex, HASH_TAIL - 1);
}

struct slice
name_make(struct arena *arena, const struct names *names, const struct provider *provider,
    struct slice name, struct slice original, bool force_hash)
{
	bool prefixed = wants_prefix(names, provider);
	struct slice server = prefixed ? provider->name : S("");
	struct slice separator = prefixed ? names->separator : S("");
	size_t total = server.n + separator.n + name.n, n = total;
	char *p = arena_bytes(arena, total + HASH_TAIL), *at = p;

	if (server.n > 0)
		memcpy(at, server.p, server.n);
	at += server.n;
	if (separator.n > 0)
		memcpy(at, separator.p, separator.n);
	at += separator.n;
	memcpy(at, name.p, name.n);
	if (total > names->max || force_hash) {
		n = utf8_cut(p, names->max > HASH_TAIL ? names->max - HASH_TAIL : 0, total);
		hash_put(p + n, provider->name, original);
		n += HASH_TAIL;
	}
	return (struct slice){ p, n };
}

struct slice
name_make_uri(struct arena *arena, const struct provider *provider, struct slice uri)
{
	size_t n = provider->name.n + 1 + uri.n;
	char *p = arena_bytes(arena, n);

	if (provider->name.n > 0)
		memcpy(p, provider->name.p, provider->name.n);
	p[provider->name.n] = '+';
	memcpy(p + provider->name.n + 1, uri.p, uri.n);
	return (struct slice){ p, n };
}

/*
 * Where URLs lead.  Who writes them wants to be read differently by us than by what goes there: a
 * host that not all readers would agree on leads elsewhere, whatever else it says.
 */
#include <stdio.h>

#include "guard/flow.h"
#include "guard/rules.h"

#define SCHEME_BYTES	16
#define AUTHORITY_BYTES ((size_t)512)
#define SLASHES_MOST	64

/* Those whose slashes browsers and curl do not count. */
static bool
is_web(struct slice scheme)
{
	static const struct slice webs[] = { S("http"), S("https"), S("ws"), S("wss"), S("ftp") };

	for (size_t i = 0; i < COUNT(webs); i++)
		if (slice_eq_nocase(scheme, webs[i]))
			return true;
	return false;
}

static bool
is_scheme_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '+' || c == '-' || c == '.';
}

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Exact, or "*.suffix". */
static bool
host_fits(struct slice word, struct slice host)
{
	struct slice end;

	if (!slice_starts(word, S("*.")))
		return slice_eq_nocase(word, host);
	if (host.n < word.n)
		return false;
	end = (struct slice){ host.p + host.n - (word.n - 1), word.n - 1 };
	return slice_eq_nocase((struct slice){ word.p + 1, word.n - 1 }, end);
}

/* "user@host:port", cut where every reader would cut it. */
static bool
is_out(const struct config_egress *config, struct slice authority, struct egress_found *found)
{
	struct slice host = SLICE_NONE;

	if (authority.n < AUTHORITY_BYTES &&
	    memchr(authority.n > 0 ? authority.p : "", '\\', authority.n) == NULL)
		host = rule_host(authority);
	for (size_t i = 0; host.p != NULL && i < config->hosts_n; i++)
		if (host_fits(config->hosts[i], host))
			return false;
	if (host.p == NULL)
		snprintf(found->host, sizeof(found->host), "(not clear)");
	else
		snprintf(found->host, sizeof(found->host), "%.*s", SLICE_FMT(host));
	return true;
}

/* Up to what ends it in a URL, or ends the URL in a text. */
static struct slice
authority_of(struct slice rest)
{
	size_t n = 0;

	while (n < rest.n && n < AUTHORITY_BYTES && (unsigned char)rest.p[n] > ' ' &&
	    memchr("/?#\"<>`", rest.p[n], 7) == NULL)
		n++;
	/* "(see https://example.com)." */
	while (n > 0 && n < AUTHORITY_BYTES && memchr(").,;:!*'}]", rest.p[n - 1], 10) != NULL &&
	    !(rest.p[n - 1] == ']' && memchr(rest.p, '[', n) != NULL))
		n--;
	return (struct slice){ rest.p, n };
}

/* ---- in texts -------------------------------------------------------------------------------- */

/*
 * The authority behind the colon at `at`; SLICE_NONE: that is no URL.  *is_cut: more of it may come
 * with the next window.
 */
static struct slice
authority_at(struct slice text, size_t at, bool has_any_scheme, bool *is_cut)
{
	struct slice scheme = { text.p + at, 0 }, rest, authority;
	size_t slashes = 0, from = at + 1;

	*is_cut = false;
	while (scheme.p > text.p && scheme.n < SCHEME_BYTES && is_scheme_char(scheme.p[-1])) {
		scheme.p--;
		scheme.n++;
	}
	while (
	    slashes < SLASHES_MOST && from + slashes < text.n && is_slash(text.p[from + slashes]))
		slashes++;
	rest = (struct slice){ text.p + from + slashes, text.n - from - slashes };
	if (scheme.n == 0 || slashes == 0)
		return SLICE_NONE;
	if (!is_web(scheme)) {
		if (!has_any_scheme || slashes != 2 || text.p[from] != '/' ||
		    text.p[from + 1] != '/')
			return SLICE_NONE;
	}
	authority = authority_of(rest);
	/* Dots and brackets behind it were cut off. */
	*is_cut = rest.n < AUTHORITY_BYTES;
	return authority.n > 0 || is_web(scheme) ? authority : SLICE_NONE;
}

bool
egress_find(const struct config_egress *config, struct slice json, bool has_any_scheme,
    struct egress_found *found)
{
	struct plain plain;
	struct slice window;
	bool is_found = false;

	plain_init(&plain, json);
	/* What stands at the end of a window is looked at again at the beginning of the next. */
	while (!is_found && plain_next(&plain, 2 * AUTHORITY_BYTES, &window)) {
		const char *at = window.p, *end = window.p + window.n;

		for (; !is_found && at < end && (at = memchr(at, ':', (size_t)(end - at))) != NULL;
		     at++) {
			bool is_cut;
			struct slice authority =
			    authority_at(window, (size_t)(at - window.p), has_any_scheme, &is_cut);

			if (authority.p != NULL && !(is_cut && !plain_is_last(&plain)))
				is_found = is_out(config, authority, found);
		}
	}
	plain_fini(&plain);
	return is_found;
}

/* ---- of links -------------------------------------------------------------------------------- */

/*
 * A scheme that browsers would read as another: they take controls out, and HTML resolves entities.
 */
static bool
is_odd(struct slice url)
{
	for (size_t i = 0; i < url.n && i < AUTHORITY_BYTES; i++) {
		char c = url.p[i];

		if ((unsigned char)c < ' ' || c == '&')
			return true;
		if (!is_scheme_char(c))
			break;
	}
	return false;
}

bool
egress_leads_out(const struct config_egress *config, struct slice url, struct egress_found *found)
{
	struct slice scheme = { url.p, 0 }, rest, authority;
	size_t slashes = 0;

	if (is_odd(url)) {
		snprintf(found->host, sizeof(found->host), "(not clear)");
		return true;
	}
	while (scheme.n < url.n && is_scheme_char(url.p[scheme.n]))
		scheme.n++;
	rest = url;
	if (scheme.n > 0 && scheme.n < url.n && url.p[scheme.n] == ':')
		rest = (struct slice){ url.p + scheme.n + 1, url.n - scheme.n - 1 };
	else
		scheme.n = 0;
	while (slashes < rest.n && is_slash(rest.p[slashes]))
		slashes++;
	/* "https:evil.example" leads there too; "/path" and "mailto:" stay. */
	if (!(scheme.n > 0 && is_web(scheme)) && slashes < 2)
		return false;
	rest = (struct slice){ rest.p + slashes, rest.n - slashes };
	authority = authority_of(rest);
	/* A control in the middle of it is taken out too. */
	for (size_t i = authority.n; i < rest.n && memchr("/?#", rest.p[i], 3) == NULL; i++)
		if ((unsigned char)rest.p[i] < ' ' || i >= AUTHORITY_BYTES) {
			authority = S("\\");
			break;
		}
	return is_out(config, authority, found);
}

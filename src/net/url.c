/*
 * Reading of http:// and https:// URLs, and of references to them.
 *
 * Strict on purpose: what is ambiguous between readers of URLs (user info, backslashes, control
 * characters, a fragment, an empty port) is refused and not guessed at.  Nothing is decoded and
 * nothing is copied.
 */
#include <string.h>

#include "net/net.h"

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '.' || c == '-' || c == '_';
}

static bool
is_ipv6_char(char c)
{
	return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') ||
	    c == ':' || c == '.';
}

static bool
all_chars(struct slice s, bool (*is_good)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_good(s.p[i]))
			return false;
	return s.n > 0;
}

/* Cuts the scheme off; false: neither http:// nor https://. */
static bool
scheme_cut(struct slice *text, bool *is_tls)
{
	static const struct slice plain = { "http://", 7 }, tls = { "https://", 8 };
	struct slice start = { text->p, text->n < tls.n ? text->n : tls.n };

	*is_tls = slice_eq_nocase(start, tls);
	if (!*is_tls) {
		start.n = text->n < plain.n ? text->n : plain.n;
		if (!slice_eq_nocase(start, plain))
			return false;
	}
	text->p += start.n;
	text->n -= start.n;
	return true;
}

static bool
authority_parse(struct slice text, struct url *out, struct err *err)
{
	struct slice rest = out->authority, port = SLICE_NONE;
	uint64_t number = out->is_tls ? 443 : 80;

	if (rest.n > 0 && rest.p[0] == '[') {
		rest.p++;
		rest.n--;
		out->host = slice_cut(rest, ']', &rest);
		if (rest.p == NULL || !all_chars(out->host, is_ipv6_char))
			return err_set(err, ERR_CONFIG,
			    "\"%.*s\": the address in brackets is not IPv6", SLICE_FMT(text));
		if (rest.n > 0 && rest.p[0] != ':')
			return err_set(err, ERR_CONFIG, "\"%.*s\": only a port may follow \"]\"",
			    SLICE_FMT(text));
		if (rest.n > 0)
			port = (struct slice){ rest.p + 1, rest.n - 1 };
	} else {
		out->host = slice_cut(rest, ':', &port);
		if (out->host.n == 0)
			return err_set(
			    err, ERR_CONFIG, "\"%.*s\": the host is missing", SLICE_FMT(text));
		if (memchr(rest.p, '@', rest.n) != NULL)
			return err_set(err, ERR_CONFIG,
			    "a URL must not hold user and password (\"@\" in the host); use headers or auth");
		if (!all_chars(out->host, is_host_char) || out->host.n > 253)
			return err_set(err, ERR_CONFIG, "\"%.*s\": bad host name", SLICE_FMT(text));
	}
	if (port.p != NULL && (!slice_to_u64(port, 65535, &number) || number == 0))
		return err_set(
		    err, ERR_CONFIG, "\"%.*s\": the port must be 1 to 65535", SLICE_FMT(text));
	out->port = (uint16_t)number;
	return true;
}

bool
url_parse(struct slice text, struct url *out, struct err *err)
{
	struct slice rest = text;

	*out = (struct url){ 0 };
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || (unsigned char)text.p[i] >= 0x7f)
			return err_set(err, ERR_CONFIG,
			    "byte %zu of the URL is a blank, a control or a non-ASCII character",
			    i + 1);
	if (!scheme_cut(&rest, &out->is_tls))
		return err_set(err, ERR_CONFIG,
		    "\"%.*s\": a URL must begin with http:// or https://", SLICE_FMT(text));
	if (text.n > 8 * KIB)
		return err_set(err, ERR_CONFIG, "a URL must not be longer than 8 KiB");
	out->authority = rest;
	for (size_t i = 0; i < rest.n; i++)
		if (strchr("/?#\\", rest.p[i]) != NULL) {
			out->authority.n = i;
			break;
		}
	out->path = (struct slice){ rest.p + out->authority.n, rest.n - out->authority.n };
	if (!authority_parse(text, out, err))
		return false;
	if (out->path.n == 0)
		out->path = S("/");
	else if (out->path.p[0] != '/')
		return err_set(
		    err, ERR_CONFIG, "\"%.*s\": \"/\" must follow the host", SLICE_FMT(text));
	if (memchr(out->path.p, '#', out->path.n) != NULL)
		return err_set(err, ERR_CONFIG,
		    "\"%.*s\": a fragment (\"#\") is not sent to servers; "
		    "leave it out",
		    SLICE_FMT(text));
	return true;
}

bool
url_host_is_loopback(struct slice host)
{
	return slice_eq_nocase(host, S("localhost")) || slice_eq(host, S("127.0.0.1")) ||
	    slice_eq(host, S("::1"));
}

/* ---- references ------------------------------------------------------------------------------ */

/* "." and ".." of a path are what they mean (RFC 3986, 5.2.4); its query stays as it is. */
static void
dots_remove(struct buf *path)
{
	struct slice query, rest = slice_cut(buf_view(path), '?', &query);
	size_t out = 0, at = 0, n = rest.n, query_n = query.p != NULL ? query.n + 1 : 0;
	char *p = path->p;

	while (at < n) {
		const char *slash = memchr(p + at + 1, '/', n - at - 1);
		size_t end = slash != NULL ? (size_t)(slash - p) : n;
		struct slice part = { p + at + 1, end - at - 1 };
		bool is_up = slice_eq(part, S(".."));

		while (is_up && out > 0 && p[--out] != '/')
			continue;
		if (!is_up && !slice_eq(part, S("."))) {
			memmove(p + out, p + at, end - at);
			out += end - at;
		} else if (slash == NULL) {
			p[out++] = '/';
		}
		at = end;
	}
	memmove(p + out, p + n, query_n);
	path->n = out + query_n;
}

/* A whole URL in out: of ours only the path is left. */
MUST_CHECK static bool
absolute_take(const struct url *base, struct buf *out, struct err *err)
{
	struct slice text = buf_view(out);
	struct url url;

	if (!url_parse(text, &url, err)) {
		err->kind = ERR_REFUSED;
		return false;
	}
	if (url.is_tls != base->is_tls || url.port != base->port ||
	    !slice_eq_nocase(url.host, base->host))
		return err_set(err, ERR_REFUSED, "\"%.*s\" is not on %s://%.*s",
		    (int)(text.n > 80 ? 80 : text.n), text.p, base->is_tls ? "https" : "http",
		    SLICE_FMT(base->authority));
	memmove(out->p, url.path.p, url.path.n);
	out->n = url.path.n;
	dots_remove(out);
	return true;
}

/* The beginning of the base's path that a relative reference goes on from. */
static struct slice
directory_of(const struct url *base, struct slice reference)
{
	struct slice query, path = slice_cut(base->path, '?', &query);

	if (reference.n > 0 && reference.p[0] == '/')
		path.n = 0;
	else if (reference.n > 0 && reference.p[0] != '?')
		while (path.p[path.n - 1] != '/')
			path.n--;
	return path;
}

bool
url_refer(const struct url *base, struct slice reference, struct buf *out, struct err *err)
{
	struct slice rest, head = slice_cut(reference, '/', &rest);

	buf_clear(out);
	for (size_t i = 0; i < reference.n; i++)
		if ((unsigned char)reference.p[i] <= ' ' || (unsigned char)reference.p[i] >= 0x7f ||
		    reference.p[i] == '#' || reference.p[i] == '\\')
			return err_set(
			    err, ERR_REFUSED, "byte %zu of the address cannot stand in one", i + 1);
	if (reference.n == 0 || reference.n > 8 * KIB)
		return err_set(err, ERR_REFUSED, "the address has %zu bytes (1 to %zu are usual)",
		    reference.n, 8 * KIB);
	if (slice_starts(reference, S("//"))) {
		buf_puts(out, base->is_tls ? "https:" : "http:");
		buf_put(out, reference);
	} else if (memchr(head.p, ':', head.n) != NULL && memchr(head.p, '?', head.n) == NULL) {
		buf_put(out, reference);
	} else {
		buf_put(out, directory_of(base, reference));
		buf_put(out, reference);
		if (!buf_check(out, err))
			return false;
		dots_remove(out);
		return true;
	}
	return buf_check(out, err) && absolute_take(base, out, err);
}

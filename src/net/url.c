/*
 * Reading of http:// and https:// URLs.
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

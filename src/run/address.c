/*
 * address: where to connect and listen, as text and for the kernel.
 *
 * Only literals are understood here; names are net's business.  Unix paths are real paths: the
 * abstract name space would be open to everybody on the machine.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "run/seam_uv.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

void
address_print(const struct address *address, char text[ADDRESS_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "";

	if (address->is_unix)
		snprintf(
		    text, ADDRESS_TEXT, "unix:%.*s", (int)sizeof(address->path), address->path);
	else if (inet_ntop(address->is_ipv6 ? AF_INET6 : AF_INET, address->ip, ip, sizeof(ip)) !=
	    NULL)
		snprintf(text, ADDRESS_TEXT, address->is_ipv6 ? "[%s]:%u" : "%s:%u", ip,
		    (unsigned)address->port);
}

static bool
parse_unix(struct slice path, struct address *out, struct err *err)
{
	if (path.n == 0)
		return err_set(
		    err, ERR_CONFIG, "unix: a path must follow, as in unix:/run/bascule.sock");
	if (path.n >= sizeof(out->path))
		return err_set(err, ERR_CONFIG,
		    "unix:%.40s...: the path is too long: %zu bytes, at most %zu", path.p, path.n,
		    sizeof(out->path) - 1);
	if (memchr(path.p, '\0', path.n) != NULL)
		return err_set(err, ERR_CONFIG, "unix: the path holds a NUL byte");
	out->is_unix = true;
	memcpy(out->path, path.p, path.n);
	return true;
}

/* The last colon parts IP and port: IPv6 stands in brackets. */
static bool
parse_ip(struct slice text, struct address *out, struct err *err)
{
	char ip[INET6_ADDRSTRLEN];
	size_t colon = text.n;
	uint64_t port;
	struct slice host;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return err_set(err, ERR_CONFIG, "%.*s: a port must follow, as in 127.0.0.1:8080",
		    SLICE_FMT(text));
	host = (struct slice){ text.p, colon - 1 };
	if (!slice_to_u64((struct slice){ text.p + colon, text.n - colon }, UINT16_MAX, &port))
		return err_set(err, ERR_CONFIG, "%.*s: the port must be a number from 0 to 65535",
		    SLICE_FMT(text));
	out->port = (uint16_t)port;
	out->is_ipv6 = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (out->is_ipv6)
		host = (struct slice){ host.p + 1, host.n - 2 };
	if (host.n < sizeof(ip) && host.n > 0) {
		memcpy(ip, host.p, host.n);
		ip[host.n] = '\0';
		if (strlen(ip) == host.n &&
		    inet_pton(out->is_ipv6 ? AF_INET6 : AF_INET, ip, out->ip) == 1)
			return true;
	}
	return err_set(err, ERR_CONFIG,
	    "%.*s: not an IP address with port (IPv6 in brackets, as in "
	    "[::1]:8080)",
	    SLICE_FMT(text));
}

bool
address_parse(struct slice text, struct address *out, struct err *err)
{
	struct address address = { 0 };
	bool ok;

	if (text.n > 256)
		return err_set(err, ERR_CONFIG, "%.40s...: too long for an address", text.p);
	if (slice_starts(text, S("unix:")))
		ok = parse_unix((struct slice){ text.p + 5, text.n - 5 }, &address, err);
	else
		ok = parse_ip(text, &address, err);
	if (ok)
		*out = address;
	return ok;
}

bool
address_is_loopback(const struct address *address)
{
	static const uint8_t ipv6_loopback[16] = { [15] = 1 };

	if (address->is_unix)
		return true;
	if (!address->is_ipv6)
		return address->ip[0] == 127;
	if (memcmp(address->ip, mapped_prefix, sizeof(mapped_prefix)) == 0)
		return address->ip[12] == 127;
	return memcmp(address->ip, ipv6_loopback, sizeof(ipv6_loopback)) == 0;
}

socklen_t
address_to_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
	struct sockaddr_un *un = (struct sockaddr_un *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (address->is_unix) {
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, address->path, sizeof(un->sun_path) - 1);
		return (
		    socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(un->sun_path) + 1);
	}
	if (address->is_ipv6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(address->port);
		memcpy(&in6->sin6_addr, address->ip, 16);
		return sizeof(*in6);
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(address->port);
	memcpy(&in->sin_addr, address->ip, 4);
	return sizeof(*in);
}

void
address_from_sockaddr(const struct sockaddr_storage *from, socklen_t n, struct address *out)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)from;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;

	memset(out, 0, sizeof(*out));
	if (from->ss_family == AF_INET) {
		out->port = ntohs(in->sin_port);
		memcpy(out->ip, &in->sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		out->port = ntohs(in6->sin6_port);
		out->is_ipv6 = memcmp(&in6->sin6_addr, mapped_prefix, sizeof(mapped_prefix)) != 0;
		if (out->is_ipv6)
			memcpy(out->ip, &in6->sin6_addr, 16);
		else
			memcpy(out->ip, (const uint8_t *)&in6->sin6_addr + 12, 4);
	} else {
		out->is_unix = true;
		if (n > offsetof(struct sockaddr_un, sun_path))
			snprintf(out->path, sizeof(out->path), "%.*s",
			    (int)(n - offsetof(struct sockaddr_un, sun_path)), un->sun_path);
	}
}

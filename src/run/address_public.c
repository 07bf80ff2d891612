/*
 * Which addresses are of the public Internet.  What is not is in one table, by the registries of
 * special-purpose addresses (RFC 6890 and its successors); of IPv6 only the global block is public
 * at all, so that link-local, unique local and future ranges need no row.
 */
#include <string.h>

#include "run/run.h"

#define NOT_EMBEDDED 16

/* clang-format off */
static const struct range {
	uint8_t prefix[8];
	unsigned bits;
	unsigned embedded; /* where the IPv4 address begins that decides; NOT_EMBEDDED: refused */
} ranges4[] = {
	{ { 0 },		 8, NOT_EMBEDDED },	/* this network */
	{ { 10 },		 8, NOT_EMBEDDED },	/* private */
	{ { 100, 64 },		10, NOT_EMBEDDED },	/* shared by carriers */
	{ { 127 },		 8, NOT_EMBEDDED },	/* loopback */
	{ { 169, 254 },		16, NOT_EMBEDDED },	/* link-local; metadata of clouds */
	{ { 172, 16 },		12, NOT_EMBEDDED },	/* private */
	{ { 192, 0, 0 },	24, NOT_EMBEDDED },	/* protocol assignments */
	{ { 192, 0, 2 },	24, NOT_EMBEDDED },	/* documentation */
	{ { 192, 31, 196 },	24, NOT_EMBEDDED },	/* AS112 */
	{ { 192, 52, 193 },	24, NOT_EMBEDDED },	/* AMT */
	{ { 192, 88, 99 },	24, NOT_EMBEDDED },	/* relays of 6to4 */
	{ { 192, 168 },		16, NOT_EMBEDDED },	/* private */
	{ { 192, 175, 48 },	24, NOT_EMBEDDED },	/* AS112 */
	{ { 198, 18 },		15, NOT_EMBEDDED },	/* benchmarks */
	{ { 198, 51, 100 },	24, NOT_EMBEDDED },	/* documentation */
	{ { 203, 0, 113 },	24, NOT_EMBEDDED },	/* documentation */
	{ { 168, 63, 129, 16 },	32, NOT_EMBEDDED },	/* a cloud's platform */
	{ { 224 },		 4, NOT_EMBEDDED },	/* multicast */
	{ { 240 },		 4, NOT_EMBEDDED },	/* reserved, broadcast */
}, ranges6[] = {
	{ { 0x20, 0x01, 0x0d, 0xb8 },	32, NOT_EMBEDDED },	/* documentation */
	{ { 0x20, 0x01, 0x00 },		23, NOT_EMBEDDED },	/* assignments: Teredo, ORCHID */
	{ { 0x20, 0x02 },		16, 2 },		/* 6to4 */
	{ { 0x3f, 0xff },		20, NOT_EMBEDDED },	/* documentation */
	{ { 0x26, 0x20, 0, 0x4f, 0x80 },	48, NOT_EMBEDDED },	/* AS112 */
};
/* clang-format on */

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

static bool
is_in(const uint8_t *ip, const struct range *range)
{
	for (unsigned i = 0; i < range->bits; i++)
		if (((ip[i / 8] ^ range->prefix[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return true;
}

static bool
is_public4(const uint8_t ip[4])
{
	for (size_t i = 0; i < COUNT(ranges4); i++)
		if (is_in(ip, &ranges4[i]))
			return false;
	return true;
}

static bool
is_public6(const uint8_t ip[16])
{
	if (memcmp(ip, mapped, sizeof(mapped)) == 0 || memcmp(ip, nat64, sizeof(nat64)) == 0)
		return is_public4(ip + 12);
	if ((ip[0] & 0xe0) != 0x20) /* outside 2000::/3 */
		return false;
	for (size_t i = 0; i < COUNT(ranges6); i++)
		if (is_in(ip, &ranges6[i]))
			return ranges6[i].embedded != NOT_EMBEDDED &&
			    is_public4(ip + ranges6[i].embedded);
	return true;
}

bool
address_is_public(const struct address *address)
{
	if (address->is_unix)
		return false;
	return address->is_ipv6 ? is_public6(address->ip) : is_public4(address->ip);
}

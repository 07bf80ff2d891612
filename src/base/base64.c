/*
 * Base64 (RFC 4648 section 4), with padding.  Reading is strict but for blanks and line ends, which
 * people put between; linear both ways.
 */
#include "base/base.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
buf_base64(struct buf *buf, struct slice bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	char four[4];

	for (size_t i = 0; i < bytes.n && !buf->overflow; i += 3) {
		size_t n = bytes.n - i;
		unsigned bits = (unsigned)p[i] << 16 | (n > 1 ? (unsigned)p[i + 1] << 8 : 0) |
		    (n > 2 ? p[i + 2] : 0);

		four[0] = alphabet[bits >> 18];
		four[1] = alphabet[bits >> 12 & 63];
		four[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
		four[3] = n > 2 ? alphabet[bits & 63] : '=';
		buf_put(buf, (struct slice){ four, sizeof(four) });
	}
}

/* 64: no digit. */
static unsigned
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* What is left at the end: 2 or 3 digits are 1 or 2 bytes, whose unused bits are 0. */
static bool
end_put(struct buf *out, unsigned bits, size_t digits, size_t padding)
{
	char two[2];

	if (digits == 0)
		return padding == 0;
	if (digits + padding != 4 || padding > 2)
		return false;
	bits <<= 6 * padding;
	two[0] = (char)(bits >> 16);
	two[1] = (char)(bits >> 8);
	buf_put(out, (struct slice){ two, 3 - padding });
	return (bits & (padding == 2 ? 0xffffu : 0xffu)) == 0;
}

bool
base64_read(struct slice text, struct buf *out)
{
	unsigned bits = 0;
	size_t digits = 0, padding = 0;
	char three[3];

	for (size_t i = 0; i < text.n; i++) {
		unsigned value = digit(text.p[i]);

		if (text.p[i] == ' ' || text.p[i] == '\r' || text.p[i] == '\n' || text.p[i] == '\t')
			continue;
		if (text.p[i] == '=') {
			padding++;
			continue;
		}
		if (value == 64 || padding > 0)
			return false;
		bits = bits << 6 | value;
		if (++digits < 4)
			continue;
		three[0] = (char)(bits >> 16);
		three[1] = (char)(bits >> 8);
		three[2] = (char)bits;
		buf_put(out, (struct slice){ three, sizeof(three) });
		bits = 0;
		digits = 0;
	}
	return end_put(out, bits, digits, padding);
}

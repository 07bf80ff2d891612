/*
 * Addresses of our own, encoded and decoded.
 */
#include "atlassian/text_address.h"

void
address_put(struct buf *out, struct slice part)
{
	for (size_t i = 0; i < part.n; i++) {
		if ((unsigned char)part.p[i] <= ' ' || strchr("%#/<>()[]|\"\\", part.p[i]) != NULL)
			buf_printf(out, "%%%02X", (unsigned char)part.p[i]);
		else
			buf_putc(out, part.p[i]);
	}
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
address_put_plain(struct buf *out, struct slice part)
{
	for (size_t i = 0; i < part.n; i++) {
		int high = i + 2 < part.n && part.p[i] == '%' ? hex(part.p[i + 1]) : -1;
		int low = high >= 0 ? hex(part.p[i + 2]) : -1;

		buf_putc(out, low >= 0 ? (char)(high << 4 | low) : part.p[i]);
		i += low >= 0 ? 2 : 0;
	}
}

struct slice
address_attachment(struct slice href)
{
	size_t n = ADDRESS_ATTACHMENT.n;

	if (!slice_starts(href, ADDRESS_ATTACHMENT))
		return SLICE_NONE;
	return (struct slice){ href.p + n, href.n - n };
}

bool
address_is_url(struct slice href)
{
	size_t n = 0;

	while (n < href.n &&
	    ((href.p[n] >= 'a' && href.p[n] <= 'z') || (href.p[n] >= 'A' && href.p[n] <= 'Z')))
		n++;
	href.p += n;
	href.n -= n;
	if (n == 6 && memcmp(href.p - n, "mailto", 6) == 0)
		return href.n > 1 && href.p[0] == ':';
	return n > 0 && href.n > 3 && memcmp(href.p, "://", 3) == 0;
}

/*
 * UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing over U+10FFFF.
 * Private to base.  No function here reads past the bytes it is given.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Length of the well-formed sequence at p; 0: malformed, or it does not fit in n bytes. */
static inline size_t
utf8_length(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	if (p[0] < 0xe0)
		return n >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (p[0] < 0xf0) {
		if (p[0] == 0xe0)
			low = 0xa0;
		else if (p[0] == 0xed)
			high = 0x9f;
		return n >= 3 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 ? 3 : 0;
	}
	if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	return n >= 4 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 &&
		(p[3] & 0xc0) == 0x80
	    ? 4
	    : 0;
}

/* Writes the code point, returns its length.  Surrogates must have been dealt with. */
static inline size_t
utf8_put(char out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Where to cut a text of more than n bytes so that no sequence is torn: at most n, at least n - 3.
 */
static inline size_t
utf8_cut(const char *text, size_t n)
{
	size_t i = n;

	while (i > 0 && n - i < 3 && ((unsigned char)text[i] & 0xc0) == 0x80)
		i--;
	return ((unsigned char)text[i] & 0xc0) == 0x80 ? n : i;
}

/* Length of text[0..n) without the sequence that a cut has torn at its end, if it has. */
static inline size_t
utf8_trim(const char *text, size_t n)
{
	size_t lead = n;

	while (lead > 0 && n - lead < 3 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || (unsigned char)text[lead - 1] < 0xc0)
		return n;
	return utf8_length(text + lead - 1, n - lead + 1) == 0 ? lead - 1 : n;
}

#endif

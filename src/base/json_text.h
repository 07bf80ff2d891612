/*
 * The bytes of JSON strings: runs of plain bytes, escapes, keys.  Shared by the scanner, which has
 * not accepted the text yet, and by the functions that walk accepted texts.  Nothing here reads
 * past `end`, whatever the bytes are.  Private to base.
 */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/base.h"
#include "base/utf8.h"

#define JSON_ESCAPE_BYTES 6 /* \uXXXX */

static inline bool
json_is_blank(char c)
{
	return (unsigned char)c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static inline bool
json_is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/*
 * The first byte at or after p that is a quote, a backslash, a control character or not ASCII.  May
 * stop between stop and end when it finds none before stop: the work is bounded by stop.
 */
static inline const char *
json_skip_plain(const char *p, const char *stop, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i blank = _mm_set1_epi8(0x20);

	for (; p < stop && end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* Signed: what is below a blank is a control character or has the top bit set. */
		__m128i odd = _mm_or_si128(_mm_cmplt_epi8(v, blank),
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)));
		int mask = _mm_movemask_epi8(odd);

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#else
	for (; p < stop && end - p >= 8; p += 8) {
		uint64_t v, quote, slash, odd;

		memcpy(&v, p, 8);
		quote = v ^ 0x2222222222222222u;
		slash = v ^ 0x5c5c5c5c5c5c5c5cu;
		odd = v | (v - 0x2020202020202020u) | (quote - 0x0101010101010101u) |
		    (slash - 0x0101010101010101u);
		if (odd & 0x8080808080808080u)
			break;
	}
#endif
	while (p < stop && json_is_plain(*p))
		p++;
	return p;
}

/* The code unit of \uXXXX at p; -1: that is not what stands there. */
static inline int32_t
json_unit(const char *p, const char *end)
{
	int32_t unit = 0;
	int i;

	if (end - p < JSON_ESCAPE_BYTES || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (i = 2; i < JSON_ESCAPE_BYTES; i++) {
		int digit = hex_value(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static inline bool
json_is_high(int32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static inline bool
json_is_low(int32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* What a two-byte escape stands for; 0: there is no such escape. */
static inline char
json_short_escape(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return '\0';
	}
}

/*
 * Decodes what stands at *p (one escape, a pair of surrogates, or one byte as it is) and moves *p
 * behind it; p < end.  A lone surrogate becomes U+FFFD, a malformed escape stays as it is.
 */
static inline size_t
json_decode(const char **p, const char *end, char out[4])
{
	const char *at = *p;
	int32_t unit, low;

	out[0] = *at;
	*p = at + 1;
	if (*at != '\\' || end - at < 2)
		return 1;
	unit = json_unit(at, end);
	if (unit < 0) {
		if (json_short_escape(at[1]) != '\0') {
			out[0] = json_short_escape(at[1]);
			*p = at + 2;
		}
		return 1;
	}
	*p = at + JSON_ESCAPE_BYTES;
	if (json_is_high(unit)) {
		low = json_unit(*p, end);
		if (json_is_low(low)) {
			*p += JSON_ESCAPE_BYTES;
			return utf8_put(out,
			    0x10000u + ((uint32_t)(unit - 0xd800) << 10) +
				(uint32_t)(low - 0xdc00));
		}
	}
	if (json_is_high(unit) || json_is_low(unit))
		unit = 0xfffd;
	return utf8_put(out, (uint32_t)unit);
}

/* Is the raw key (between its quotes), once unescaped, this plain one? */
static inline bool
json_key_is(struct slice raw, struct slice plain)
{
	const char *at = raw.p, *end = raw.p + raw.n;
	size_t done = 0, n;
	char out[4];

	if (raw.n < plain.n || raw.p == NULL)
		return false;
	if (raw.n == plain.n && (raw.n == 0 || memcmp(raw.p, plain.p, raw.n) != 0))
		return raw.n == 0;
	if (memchr(raw.p, '\\', raw.n) == NULL)
		return raw.n == plain.n;
	while (at < end) {
		n = json_decode(&at, end, out);
		if (n > plain.n - done || memcmp(out, plain.p + done, n) != 0)
			return false;
		done += n;
	}
	return done == plain.n;
}

#endif

/*
 * What stands beside a delimiter of Markdown: CommonMark opens and closes emphasis by whether the
 * character before and behind it is white space, punctuation or a letter (0.31.2, 6.2).
 */
#include "atlassian/text_markdown.h"

bool
markdown_is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
markdown_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
markdown_is_punctuation(char c)
{
	return c > ' ' && c < 0x7f && !markdown_is_alnum(c);
}

size_t
first_character(struct slice s, unsigned *code)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	*code = c;
	if (n == 1 || n > s.n)
		return 1;
	*code = c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80) {
			*code = c;
			return 1;
		}
		*code = *code << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	return n;
}

size_t
last_character(struct slice s, unsigned *code)
{
	size_t at = s.n - 1;

	while (at > 0 && s.n - at < 4 && (s.p[at] & 0xc0) == 0x80)
		at--;
	if (first_character((struct slice){ s.p + at, s.n - at }, code) != s.n - at) {
		*code = (unsigned char)s.p[s.n - 1];
		return 1;
	}
	return s.n - at;
}

bool
markdown_is_wide_blank(unsigned code)
{
	return code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
	    code == 0x202f || code == 0x205f || code == 0x3000;
}

/* Blocks of Unicode with punctuation in them; which of their characters are is not told apart. */
static bool
may_be_punctuation(unsigned code)
{
	/* clang-format off */
	static const struct { unsigned from, to; } blocks[] = {
		{ 0x80, 0xbf },		{ 0x37e, 0x387 },	{ 0x55a, 0x58a },
		{ 0x5be, 0x5f4 },	{ 0x609, 0x61f },	{ 0x66a, 0x6d4 },
		{ 0x700, 0x70d },	{ 0x7f7, 0x7f9 },	{ 0x830, 0x85e },
		{ 0x964, 0x970 },	{ 0x9fd, 0x9fd },	{ 0xa76, 0xa76 },
		{ 0xaf0, 0xaf0 },	{ 0xc77, 0xc84 },	{ 0xdf4, 0xdf4 },
		{ 0xe4f, 0xe5b },	{ 0xf04, 0xfda },	{ 0x104a, 0x10fb },
		{ 0x1360, 0x1400 },	{ 0x166e, 0x169c },	{ 0x16eb, 0x17da },
		{ 0x1800, 0x180a },	{ 0x1944, 0x1aad },	{ 0x1b5a, 0x1cd3 },
		{ 0x2010, 0x2bff },	{ 0x2cf9, 0x2e5d },	{ 0x3001, 0x303d },
		{ 0x30a0, 0x30a0 },	{ 0x30fb, 0x30fb },	{ 0xa4fe, 0xa6f7 },
		{ 0xa874, 0xabeb },	{ 0xd800, 0xdfff },	{ 0xfd3e, 0xfe6b },
		{ 0xff01, 0xff0f },	{ 0xff1a, 0xff20 },	{ 0xff3b, 0xff3f },
		{ 0xff5b, 0xff65 },	{ 0x10000, 0x1ffff },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(blocks); i++) {
		if (code >= blocks[i].from && code <= blocks[i].to)
			return true;
	}
	return false;
}

enum side
markdown_side(unsigned code)
{
	if (code < 0x80)
		return markdown_is_blank((char)code) ? SIDE_BLANK
		    : markdown_is_alnum((char)code)  ? SIDE_LETTER
						     : SIDE_PUNCTUATION;
	return may_be_punctuation(code) || markdown_is_wide_blank(code) ? SIDE_MAYBE : SIDE_LETTER;
}

/*
 * Finds what is written in another way: base64, hex, bits, percent, \x and \u escapes, HTML
 * references, and letters written as digits.  Each is decoded once, bounded in bytes, in number and
 * in depth (two levels), and handed on; what is not text is dropped.
 */
#include <stdlib.h>

#include "guard/scan.h"

#define RUN_LEAST     24	 /* shorter runs hold no sentence */
#define DECODED_MAX   (64 * KIB) /* of all texts of one */
#define TEXTS_MAX     32
#define DEPTH_MOST    2
#define ESCAPES_LEAST 4

struct scan_decoder {
	struct buf level[DEPTH_MOST];
	size_t left;	/* bytes that may still be decoded */
	unsigned texts; /* texts that may still be told */
	scan_decoded_fn decoded;
	void *ctx;
};

struct scan_decoder *
scan_decoder_new(void)
{
	struct scan_decoder *decoder = MEM_NEW(struct scan_decoder);

	for (unsigned i = 0; i < DEPTH_MOST; i++)
		buf_init(&decoder->level[i], NULL, DECODED_MAX + 64);
	return decoder;
}

void
scan_decoder_free(struct scan_decoder **decoder)
{
	if (*decoder == NULL)
		return;
	for (unsigned i = 0; i < DEPTH_MOST; i++)
		buf_fini(&(*decoder)->level[i]);
	mem_free(*decoder);
	*decoder = NULL;
}

static void
runs_look(struct scan_decoder *decoder, struct slice text, unsigned depth, size_t at, size_t n);

/* Text, for the most part. */
static bool
is_text(struct slice s)
{
	size_t fine = 0;

	for (size_t i = 0; i < s.n; i++)
		fine += (unsigned char)s.p[i] >= 0x20 || (s.p[i] >= 0x09 && s.p[i] <= 0x0d);
	return s.n >= 8 && fine * 20 >= s.n * 19 && slice_is_utf8(s);
}

/* n > 0: the source is text[at..at+n) of the outermost one, at whatever depth. */
static void
tell(struct scan_decoder *decoder, unsigned depth, size_t at, size_t n)
{
	struct slice text = buf_view(&decoder->level[depth]);

	decoder->left -= text.n < decoder->left ? text.n : decoder->left;
	if (decoder->texts == 0 || !is_text(text))
		return;
	decoder->texts--;
	decoder->decoded(decoder->ctx, text, at, n);
	if (depth + 1 < DEPTH_MOST)
		runs_look(decoder, text, depth + 1, at, n);
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (scan_is_digit(c))
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static bool
is_base64(char c)
{
	return scan_is_word(c) || c == '+' || c == '/' || c == '-';
}

static void
put_base64(struct buf *out, struct slice run, size_t most)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < run.n && out->n < most; i++) {
		bits = bits << 6 | (uint32_t)base64_value(run.p[i]);
		n += 6;
		if (n >= 8) {
			n -= 8;
			buf_putc(out, (char)(bits >> n & 0xff));
		}
	}
}

static void
put_hex(struct buf *out, struct slice run, size_t most)
{
	for (size_t i = 0; i + 1 < run.n && out->n < most; i += 2)
		buf_putc(out, (char)(hex_value(run.p[i]) << 4 | hex_value(run.p[i + 1])));
}

static bool
is_all_hex(struct slice run)
{
	for (size_t i = 0; i < run.n; i++)
		if (hex_value(run.p[i]) < 0)
			return false;
	return run.n % 2 == 0;
}

static void
run_look(struct scan_decoder *decoder, struct slice run, unsigned depth, size_t at, size_t n)
{
	struct buf *out = &decoder->level[depth];

	if (decoder->left < 8 || decoder->texts == 0)
		return;
	buf_clear(out);
	if (is_all_hex(run))
		put_hex(out, run, decoder->left);
	else
		put_base64(out, run, decoder->left);
	tell(decoder, depth, at, n);
}

/*
 * Runs of at least RUN_LEAST.  A run that long covers a place every RUN_LEAST bytes: only those are
 * looked at, and what is around them where they fit.  outer_n > 0: the text is itself decoded.
 */
static void
runs_look(
    struct scan_decoder *decoder, struct slice text, unsigned depth, size_t outer, size_t outer_n)
{
	size_t i = RUN_LEAST - 1,
	       before = 0; /* before: a run ended here, and none begins earlier */

	while (i < text.n && decoder->texts > 0) {
		size_t from = i, end = i + 1;

		if (!is_base64(text.p[i])) {
			before = i + 1;
			i += RUN_LEAST;
			continue;
		}
		while (from > before && i - from < RUN_LEAST && is_base64(text.p[from - 1]))
			from--;
		while (end < text.n && is_base64(text.p[end]))
			end++;
		if (end - from >= RUN_LEAST)
			run_look(decoder, (struct slice){ text.p + from, end - from }, depth,
			    outer_n > 0 ? outer : from, outer_n > 0 ? outer_n : end - from);
		before = end;
		i = end + RUN_LEAST;
	}
}

/* ---- escapes --------------------------------------------------------------------------------- */

static void
put_code_point(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000 && (c < 0xd800 || c > 0xdfff)) {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c >= 0x10000 && c < 0x110000) {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* n hex digits at `at`; false: there are not so many. */
static bool
hex_read(struct slice text, size_t at, unsigned n, uint32_t *out)
{
	*out = 0;
	if (text.n - at < n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		int v = hex_value(text.p[at + i]);

		if (v < 0)
			return false;
		*out = *out << 4 | (uint32_t)v;
	}
	return true;
}

/* &#105; &#x69; : a number of at most seven digits. */
static size_t
reference_put(struct slice text, size_t at, struct buf *out)
{
	bool is_hex = at + 2 < text.n && scan_lower(text.p[at + 2]) == 'x';
	size_t i = at + 2 + is_hex, from = i;
	uint32_t c = 0;

	for (; i < text.n && i - from < 7; i++) {
		int v = hex_value(text.p[i]);

		if (v < 0 || (!is_hex && v > 9))
			break;
		c = c * (is_hex ? 16 : 10) + (uint32_t)v;
	}
	if (i == from || c == 0)
		return 0;
	put_code_point(out, c);
	return i + (i < text.n && text.p[i] == ';') - at;
}

/* What the escape at `at` stands for; 0: there is none, else its length. */
static size_t
escape_put(struct slice text, size_t at, struct buf *out)
{
	uint32_t c, low;

	if (text.n - at < 3)
		return 0;
	if (text.p[at] == '%' && hex_read(text, at + 1, 2, &c)) {
		buf_putc(out, (char)c);
		return 3;
	}
	if (text.p[at] == '&' && text.p[at + 1] == '#')
		return reference_put(text, at, out);
	if (text.p[at] != '\\')
		return 0;
	if (text.p[at + 1] == 'x' && hex_read(text, at + 2, 2, &c)) {
		buf_putc(out, (char)c);
		return 4;
	}
	if (text.p[at + 1] != 'u' || !hex_read(text, at + 2, 4, &c))
		return 0;
	if (c >= 0xd800 && c < 0xdc00 && text.n - at >= 12 && text.p[at + 6] == '\\' &&
	    text.p[at + 7] == 'u' && hex_read(text, at + 8, 4, &low) && low >= 0xdc00 &&
	    low < 0xe000) {
		put_code_point(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return 12;
	}
	put_code_point(out, c);
	return 6;
}

/* The whole text with its escapes read, where it has more than a few. */
static void
escapes_look(struct scan_decoder *decoder, struct slice text)
{
	struct buf *out = &decoder->level[0];
	size_t at = 0, first = 0, last = 0, n = 0;

	if (memchr(text.p, '%', text.n) == NULL && memchr(text.p, '\\', text.n) == NULL &&
	    memchr(text.p, '&', text.n) == NULL)
		return;
	buf_clear(out);
	while (at < text.n && out->n < decoder->left) {
		char c = text.p[at];
		size_t took = c == '%' || c == '\\' || c == '&' ? escape_put(text, at, out) : 0;

		if (took == 0) {
			buf_putc(out, c);
			at++;
			continue;
		}
		first = n == 0 ? at : first;
		n++;
		at += took;
		last = at;
	}
	if (n >= ESCAPES_LEAST)
		tell(decoder, 0, first, last - first);
}

/* ---- bits, and letters as digits ------------------------------------------------------------- */

static bool
is_bit(char c)
{
	return c == '0' || c == '1';
}

/* Whether four bytes are bits, all of them. */
static bool
are_bits(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return (word & 0xfefefefeu) == 0x30303030u;
}

/* Where eight bits follow each other; text.n: nowhere.  One step of four bytes is all bits then. */
static size_t
bits_begin(struct slice text)
{
	for (size_t i = 0; i + 4 <= text.n; i += 4) {
		size_t from = i, end = i;

		if (!are_bits(text.p + i))
			continue;
		while (from > 0 && i - from < 8 && is_bit(text.p[from - 1]))
			from--;
		while (end < text.n && end - from < 8 && is_bit(text.p[end]))
			end++;
		if (end - from == 8)
			return from;
	}
	return text.n;
}

/* Groups of eight bits with a space or nothing between them, at least eight of them. */
static void
bits_look(struct scan_decoder *decoder, struct slice text)
{
	struct buf *out = &decoder->level[0];
	size_t from = bits_begin(text), at = from;
	unsigned bits = 0, n = 0;

	if (from == text.n)
		return;
	buf_clear(out);
	for (; at < text.n && out->n < decoder->left; at++) {
		if (is_bit(text.p[at])) {
			bits = bits << 1 | (unsigned)(text.p[at] - '0');
			if (++n == 8) {
				buf_putc(out, (char)bits);
				n = bits = 0;
			}
		} else if (text.p[at] != ' ' || n != 0) {
			break;
		}
	}
	if (out->n >= 8)
		tell(decoder, 0, from, at - from);
}

static char
letter_of(char c)
{
	static const char from[] = "013457@$!", to[] = "oieastasi";
	const char *found = c != '\0' ? strchr(from, c) : NULL;

	return found != NULL ? to[found - from] : c;
}

#define STEP 64

/*
 * How many digits stand between letters; up to 64 KiB.  Without branches and in steps, so that the
 * compiler makes vectors of it: almost every text passes here, and logs are full of digits.
 */
static unsigned
digits_inside(struct slice text)
{
	unsigned found = 0;
	size_t i = 1;

	for (; i + STEP < text.n; i += STEP) {
		const unsigned char *p = (const unsigned char *)text.p + i;
		unsigned char n = 0;

		for (unsigned k = 0; k < STEP; k++) {
			unsigned char digit = (unsigned char)(p[k] - '0') < 10;
			unsigned char before = (unsigned char)((p[(int)k - 1] | 0x20) - 'a') < 26;
			unsigned char behind = (unsigned char)((p[k + 1] | 0x20) - 'a') < 26;

			n = (unsigned char)(n + (digit & before & behind));
		}
		found += n;
	}
	for (; i + 1 < text.n; i++)
		found += scan_is_digit(text.p[i]) && scan_is_letter(text.p[i - 1]) &&
		    scan_is_letter(text.p[i + 1]);
	return found;
}

/* Words in which digits stand between letters: three of them make it a way of writing. */
static void
digits_look(struct scan_decoder *decoder, struct slice text)
{
	struct buf *out = &decoder->level[0];
	size_t n = text.n < 4 * KIB ? text.n : 4 * KIB;
	unsigned mixed = 0, words = 0;
	bool has_digit = false, has_letter = false;

	if (digits_inside((struct slice){ text.p, n }) < 3)
		return;
	for (size_t i = 0; i <= n; i++) {
		char c = i < n ? text.p[i] : ' ';

		if (scan_is_letter(c)) {
			has_letter = true;
		} else if (letter_of(c) != c && c != '!') {
			has_digit = true;
		} else {
			words += has_letter || has_digit;
			mixed += has_letter && has_digit;
			has_letter = has_digit = false;
		}
	}
	if (mixed < 3 || mixed * 3 < words)
		return;
	buf_clear(out);
	for (size_t i = 0; i < n && out->n < decoder->left; i++)
		buf_putc(out, letter_of(text.p[i]));
	tell(decoder, 0, 0, n);
}

void
scan_decode(struct scan_decoder *decoder, struct slice text, scan_decoded_fn decoded, void *ctx)
{
	decoder->left = DECODED_MAX;
	decoder->texts = TEXTS_MAX;
	decoder->decoded = decoded;
	decoder->ctx = ctx;
	runs_look(decoder, text, 0, 0, 0);
	escapes_look(decoder, text);
	bits_look(decoder, text);
	digits_look(decoder, text);
}

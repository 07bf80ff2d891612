/*
 * Folds a text to what a reader (a person or a model) takes it for: NFKC and lower case by
 * utf8proc, accents off, letters that look like Latin ones as those (in words that hold Latin ones
 * too), tag characters as the letters they carry, characters that nobody sees out, terminal escapes
 * out.
 *
 * One pass; the output is at most as long as the input times three and stops at its ceiling.
 */
#include <utf8proc.h>

#include "guard/scan.h"

#define ONE_MAX	 16 /* characters that one becomes (U+FDFA: 18, cut) */
#define WORD_MAX 64 /* characters of a word that are looked at together */
#define ESC	 '\x1b'

void
scan_folded_init(struct scan_folded *folded, size_t ceiling_bytes)
{
	memset(folded, 0, sizeof(*folded));
	buf_init(&folded->text, NULL, ceiling_bytes);
}

void
scan_folded_fini(struct scan_folded *folded)
{
	buf_fini(&folded->text);
	mem_free(folded->from);
	folded->from = NULL;
	folded->from_n = folded->from_cap = 0;
}

size_t
scan_folded_from(const struct scan_folded *folded, size_t at)
{
	size_t i = at / FOLD_STEP;

	if (folded->from_n == 0)
		return 0;
	return folded->from[i < folded->from_n ? i : folded->from_n - 1];
}

bool
scan_fold_matters(struct slice text)
{
	uint64_t all = 0;
	size_t i = 0;

	for (; i + 8 <= text.n; i += 8) {
		uint64_t word;

		memcpy(&word, text.p + i, 8);
		all |= word;
	}
	for (; i < text.n; i++)
		all |= (unsigned char)text.p[i];
	return (all & 0x8080808080808080u) != 0 || memchr(text.p, ESC, text.n) != NULL;
}

static void
from_push(struct scan_folded *folded, size_t source)
{
	if (folded->from_n == folded->from_cap) {
		folded->from_cap = folded->from_cap > 0 ? 2 * folded->from_cap : 64;
		folded->from = mem_resize(folded->from, folded->from_n * sizeof(*folded->from),
		    folded->from_cap * sizeof(*folded->from));
	}
	folded->from[folded->from_n++] = (uint32_t)source;
}

/* Notes where the bytes that come next stand in the source. */
static void
from_note(struct scan_folded *folded, size_t source)
{
	while (folded->from_n * FOLD_STEP <= folded->text.n)
		from_push(folded, source);
}

/* What nobody sees, or what only says how the rest is shown. */
static bool
is_hidden(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
	    category == UTF8PROC_CATEGORY_CF || (c >= 0xfe00 && c <= 0xfe0f) || c == 0x115f ||
	    c == 0x1160 || c == 0x3164 || c == 0xffa0 || (c >= 0xe0100 && c <= 0xe01ef);
}

/* Letters of Cyrillic and Greek (lower case), and a few of Latin, that look like one of ASCII. */
static char
look_alike(utf8proc_int32_t c)
{
	static const struct {
		uint16_t from;
		char to;
	} pairs[] = { { 0x0131, 'i' }, { 0x0251, 'a' }, { 0x0261, 'g' }, { 0x0269, 'i' },
		{ 0x03b1, 'a' }, { 0x03b2, 'b' }, { 0x03b3, 'y' }, { 0x03b5, 'e' }, { 0x03b7, 'n' },
		{ 0x03b9, 'i' }, { 0x03ba, 'k' }, { 0x03bd, 'v' }, { 0x03bf, 'o' }, { 0x03c1, 'p' },
		{ 0x03c3, 'o' }, { 0x03c4, 't' }, { 0x03c5, 'u' }, { 0x03c7, 'x' }, { 0x03c9, 'w' },
		{ 0x0430, 'a' }, { 0x0432, 'b' }, { 0x0433, 'r' }, { 0x0435, 'e' }, { 0x043a, 'k' },
		{ 0x043c, 'm' }, { 0x043d, 'h' }, { 0x043e, 'o' }, { 0x043f, 'n' }, { 0x0440, 'p' },
		{ 0x0441, 'c' }, { 0x0442, 't' }, { 0x0443, 'y' }, { 0x0445, 'x' }, { 0x044a, 'b' },
		{ 0x0455, 's' }, { 0x0456, 'i' }, { 0x0458, 'j' }, { 0x0461, 'w' }, { 0x04bb, 'h' },
		{ 0x04cf, 'l' }, { 0x0501, 'd' }, { 0x051b, 'q' }, { 0x051d, 'w' }, { 0x0561, 'w' },
		{ 0x0570, 'h' }, { 0x0578, 'n' }, { 0x057d, 'u' }, { 0x0585, 'o' },
		{ 0x0581, 'g' } };
	size_t low = 0, high = COUNT(pairs);

	if (c > 0xffff)
		return 0;
	for (size_t i = low; i < high; i++)
		if (pairs[i].from == (uint16_t)c)
			return pairs[i].to;
	return 0;
}

struct folding {
	struct scan_folded *out;
	utf8proc_int32_t word[WORD_MAX];
	unsigned word_n;
	bool has_latin;
	bool was_space;
	size_t word_at; /* in the source */
};

static void
put_character(struct scan_folded *out, utf8proc_int32_t c)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);

	if (n > 0)
		buf_put(&out->text, (struct slice){ (char *)bytes, (size_t)n });
}

static void
word_end(struct folding *f)
{
	for (unsigned i = 0; i < f->word_n; i++) {
		char latin = f->has_latin && f->word[i] >= 0x80 ? look_alike(f->word[i]) : 0;

		from_note(f->out, f->word_at);
		put_character(f->out, latin != 0 ? latin : f->word[i]);
	}
	f->word_n = 0;
	f->has_latin = false;
}

static bool
is_letter(utf8proc_int32_t c)
{
	return c >= 0x80 ? utf8proc_category(c) <= UTF8PROC_CATEGORY_LO
			 : scan_is_letter((char)c) || scan_is_digit((char)c);
}

/* One character of the folded text, whose source stands at `at`. */
static void
character_put(struct folding *f, utf8proc_int32_t c, size_t at)
{
	bool is_space =
	    c == ' ' || (c >= 0x09 && c <= 0x0d) || c == 0x85 || c == 0x2028 || c == 0x2029;

	if (is_letter(c)) {
		if (f->word_n == 0)
			f->word_at = at;
		f->word[f->word_n++] = c;
		f->has_latin |= c >= 'a' && c <= 'z';
		if (f->word_n == WORD_MAX)
			word_end(f);
		f->was_space = false;
		return;
	}
	word_end(f);
	if (is_space && f->was_space)
		return;
	from_note(f->out, at);
	put_character(f->out, is_space ? ' ' : c);
	f->was_space = is_space;
}

/* Behind an escape sequence of a terminal (ECMA-48, 5.4 and 5.6). */
static size_t
escape_end(struct slice text, size_t at)
{
	size_t i = at + 1;

	if (i >= text.n)
		return i;
	if (text.p[i] == ']' || text.p[i] == 'P' || text.p[i] == '_' || text.p[i] == '^') {
		/* A string until BEL or ST; what it says counts: only the mark goes. */
		return i + 1;
	}
	if (text.p[i] != '[')
		return i + 1;
	for (i++; i < text.n && i - at < 64 && text.p[i] >= 0x20 && text.p[i] < 0x40;)
		i++;
	return i < text.n ? i + 1 : i;
}

static void
decomposed_put(struct folding *f, utf8proc_int32_t c, size_t at)
{
	utf8proc_int32_t out[ONE_MAX];
	int last = 0;
	utf8proc_ssize_t n = utf8proc_decompose_char(c, out, ONE_MAX,
	    UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STABLE, &last);

	if (n > ONE_MAX)
		n = ONE_MAX;
	for (utf8proc_ssize_t i = 0; i < n; i++)
		if (is_hidden(out[i]))
			f->out->hidden++;
		else
			character_put(f, out[i], at);
}

/* One character that is not ASCII; returns how many bytes it took. */
static size_t
foreign_put(struct folding *f, struct slice text, size_t at)
{
	utf8proc_int32_t c = -1;
	utf8proc_ssize_t n = utf8proc_iterate(
	    (const utf8proc_uint8_t *)text.p + at, (utf8proc_ssize_t)(text.n - at), &c);

	if (n <= 0)
		return 1;		   /* no UTF-8: it says nothing */
	if (c >= 0xe0020 && c < 0xe007f) { /* tag characters are ASCII in disguise */
		f->out->hidden++;
		decomposed_put(f, c - 0xe0000, at);
	} else {
		decomposed_put(f, c, at);
	}
	return (size_t)n;
}

void
scan_fold(struct scan_folded *folded, struct slice text)
{
	struct folding f = { .out = folded };
	size_t at = 0;

	buf_clear(&folded->text);
	folded->from_n = 0;
	folded->hidden = 0;
	while (at < text.n && folded->text.n + 64 + WORD_MAX * 4 < folded->text.ceiling_bytes) {
		unsigned char c = (unsigned char)text.p[at];

		if (c == ESC) {
			at = escape_end(text, at);
		} else if (c >= 0x80) {
			at += foreign_put(&f, text, at);
		} else if (c < 0x20 && (c < 0x09 || c > 0x0d)) {
			folded->hidden++;
			at++;
		} else {
			character_put(&f, scan_lower((char)c), at);
			at++;
		}
	}
	word_end(&f);
	from_note(folded, at);
	from_push(folded, at); /* behind the last step */
}

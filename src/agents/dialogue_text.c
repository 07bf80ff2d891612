/*
 * Texts and numbers of dialogues: what a program prints is mended to UTF-8 without NUL, of what is
 * too long the end is kept, and numbers are read from their digits.
 */
#include <string.h>

#include "agents/dialogue_parts.h"

#define REPLACEMENT S("\xef\xbf\xbd")

#define MEND_BYTES 1024u

/* Length of the whole sequence at p; 0: there is none. */
static size_t
sequence(const char *p, size_t n)
{
	unsigned char lead = (unsigned char)p[0];
	size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (length == 1)
		return lead != '\0';
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return length <= n && slice_is_utf8((struct slice){ p, length }) ? length : 0;
}

static bool
is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

struct slice
text_cut(struct slice text, size_t n)
{
	if (text.n <= n)
		return text;
	while (n > 0 && is_tail(text.p[n]))
		n--;
	return (struct slice){ text.p, n };
}

struct slice
text_line(struct slice text)
{
	struct slice line, rest = text;

	while (rest.p != NULL) {
		line = slice_trim(slice_cut(rest, '\n', &rest));
		while (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n > 0)
			return line;
	}
	return (struct slice){ "", 0 };
}

void
kept_init(struct kept *kept, struct memory *memory, size_t keep_bytes)
{
	*kept = (struct kept){ .keep_bytes = keep_bytes };
	/* The slack is what can be added before the beginning is moved out again. */
	buf_init(&kept->buf, memory, keep_bytes + keep_bytes / 4);
}

void
kept_fini(struct kept *kept)
{
	buf_fini(&kept->buf);
}

static void
cut_front(struct kept *kept, size_t n)
{
	while (n < kept->buf.n && is_tail(kept->buf.p[n]))
		n++;
	buf_cut(&kept->buf, n);
	kept->is_cut = true;
}

/* A valid piece of no more than a quarter of what is kept. */
static void
add_piece(struct kept *kept, struct slice piece)
{
	struct buf *buf = &kept->buf;
	struct err err;

	if (buf->n + piece.n > buf->ceiling_bytes)
		cut_front(kept, buf->n + piece.n - kept->keep_bytes);
	if (!buf_reserve(buf, piece.n, &err)) { /* the account is full: half of it must do */
		cut_front(kept, buf->n / 2);
		if (!buf_reserve(buf, piece.n, &err)) {
			kept->is_cut = true;
			return;
		}
	}
	buf_put(buf, piece);
}

static void
add_valid(struct kept *kept, struct slice text)
{
	size_t most = kept->keep_bytes / 4;

	while (text.n > 0) {
		struct slice piece = text_cut(text, most);

		add_piece(kept, piece);
		text = (struct slice){ text.p + piece.n, text.n - piece.n };
	}
}

void
kept_add(struct kept *kept, struct slice text)
{
	char mended[MEND_BYTES];
	struct slice put;
	size_t n = 0;

	if (text.n > kept->keep_bytes) { /* to mend it makes it longer, never shorter */
		text.p += text.n - kept->keep_bytes;
		text.n = kept->keep_bytes;
		while (text.n > 0 && is_tail(text.p[0]))
			text = (struct slice){ text.p + 1, text.n - 1 };
		buf_clear(&kept->buf);
		kept->is_cut = true;
	}
	if (text.n == 0 || (memchr(text.p, '\0', text.n) == NULL && slice_is_utf8(text))) {
		add_valid(kept, text);
		return;
	}
	for (size_t i = 0; i < text.n; i += put.n) {
		put = (struct slice){ text.p + i, sequence(text.p + i, text.n - i) };
		if (n + 4 > sizeof(mended)) {
			add_valid(kept, (struct slice){ mended, n });
			n = 0;
		}
		memcpy(mended + n, put.n > 0 ? put.p : REPLACEMENT.p, put.n > 0 ? put.n : 3);
		n += put.n > 0 ? put.n : 3;
		put.n += put.n == 0;
	}
	add_valid(kept, (struct slice){ mended, n });
}

void
kept_set(struct kept *kept, struct slice text)
{
	buf_clear(&kept->buf);
	kept->is_cut = false;
	kept_add(kept, text);
}

struct slice
kept_view(const struct kept *kept)
{
	struct slice all = buf_view(&kept->buf);
	size_t drop = all.n > kept->keep_bytes ? all.n - kept->keep_bytes : 0;

	while (drop > 0 && drop < all.n && is_tail(all.p[drop]))
		drop++;
	return (struct slice){ all.p + drop, all.n - drop };
}

bool
kept_is_empty(const struct kept *kept)
{
	return kept->buf.n == 0;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static bool
push_digit(uint64_t *value, unsigned digit)
{
	if (*value > (UINT64_MAX - digit) / 10) {
		*value = UINT64_MAX;
		return false;
	}
	*value = *value * 10 + digit;
	return true;
}

/* After e or E; more than any text could make up for is all the same. */
static int64_t
exponent_of(struct slice digits)
{
	bool negative = digits.n > 0 && digits.p[0] == '-';
	int64_t value = 0;

	for (size_t i = 0; i < digits.n; i++)
		if (digits.p[i] >= '0' && digits.p[i] <= '9' && value < INT64_MAX / 100)
			value = value * 10 + (digits.p[i] - '0');
	return negative ? -value : value;
}

uint64_t
number_scaled(struct slice token, int decimals)
{
	struct slice exponent = SLICE_NONE, fraction, whole;
	uint64_t value = 0;
	int64_t keep; /* digits of the mantissa that stand before the point */

	if (json_type(token) != JSON_NUMBER || token.p[0] == '-')
		return 0;
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] == 'e' || token.p[i] == 'E') {
			exponent = (struct slice){ token.p + i + 1, token.n - i - 1 };
			token.n = i;
		}
	whole = slice_cut(token, '.', &fraction);
	keep = (int64_t)whole.n + exponent_of(exponent) + decimals;
	for (size_t i = 0; i < whole.n + fraction.n; i++) {
		char c = i < whole.n ? whole.p[i] : fraction.p[i - whole.n];

		if (keep < 0)
			return 0;
		if (keep == 0)
			return c >= '5' ? add_saturated(value, 1) : value;
		if (!push_digit(&value, (unsigned)(c - '0')))
			return value;
		keep--;
	}
	while (keep-- > 0 && value != 0)
		if (!push_digit(&value, 0))
			break;
	return value;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

struct slice
dialogue_json_at(struct slice object, const char *path)
{
	struct slice rest = slice_of(path);

	while (rest.p != NULL) {
		struct slice key = slice_cut(rest, '.', &rest);

		if (!json_find(object, key, &object))
			return SLICE_NONE;
	}
	return object;
}

struct slice
json_text_of(struct arena *arena, struct slice token)
{
	struct slice text;
	struct err err;

	if (json_type(token) != JSON_STRING || !json_string(arena, token, &text, &err))
		return SLICE_NONE;
	return text;
}

struct slice
json_text_at(struct arena *arena, struct slice object, const char *path)
{
	return json_text_of(arena, dialogue_json_at(object, path));
}

bool
json_is_true(struct slice object, const char *path)
{
	return json_type(dialogue_json_at(object, path)) == JSON_TRUE;
}

uint64_t
json_count_at(struct slice object, const char *path)
{
	return number_scaled(dialogue_json_at(object, path), 0);
}

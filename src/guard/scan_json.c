/*
 * JSON as the scanners see it: the text with the escapes of its strings undone, so that nothing
 * hides behind \u0061, and a name still stands beside its value.  What is found there is brought
 * back to the strings it stands in, and a string is changed by putting other bytes in the place of
 * some of its own, a number by a string: everything else stays byte for byte.
 *
 * Texts are such as the JSON scanner has accepted.  What is encoded as a whole (an image, a file)
 * is no text and is left out; the one who asks may look into it.
 */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "guard/scan_json.h"

#define BLOB_BYTES 16	/* a shorter value of "blob" is looked at as it is */
#define DATA_BYTES 1024 /* the same of "data", which may be anything */

/* ---- strings --------------------------------------------------------------------------------- */

void
json_strings_init(struct json_strings *s, struct slice json)
{
	*s = (struct json_strings){ .at = json.p, .end = json.p + json.n };
}

/* The quote that ends the string which begins before p. */
static const char *
string_end(const char *p, const char *end, bool *has_escapes)
{
	const char *quote = NULL;

	for (;;) {
		const char *escape;

		if (quote == NULL || quote < p)
			quote = memchr(p, '"', (size_t)(end - p));
		if (quote == NULL)
			return end;
		escape = memchr(p, '\\', (size_t)(quote - p));
		if (escape == NULL)
			return quote;
		*has_escapes = true;
		p = escape + 2;
		if (p > end)
			return end;
	}
}

static bool
is_base64_text(struct slice s)
{
	size_t n = s.n;

	while (n > 0 && s.p[n - 1] == '=' && s.n - n < 2)
		n--;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[i];

		if (!scan_is_digit(c) && !scan_is_letter(c) && c != '+' && c != '/' && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

static bool
is_encoded(const struct json_strings *s)
{
	size_t least = slice_eq(s->key, S("blob")) ? BLOB_BYTES
	    : slice_eq(s->key, S("data"))	   ? DATA_BYTES
						   : SIZE_MAX;

	return !s->is_key && !s->has_escapes && s->text.n >= least && is_base64_text(s->text);
}

bool
json_strings_next(struct json_strings *s)
{
	const char *from = memchr(s->at, '"', (size_t)(s->end - s->at)), *to, *after;

	if (from == NULL)
		return false;
	if (s->is_key)
		s->key = s->text;
	s->has_escapes = false;
	to = string_end(from + 1, s->end, &s->has_escapes);
	s->text = (struct slice){ from + 1, (size_t)(to - from) - 1 };
	s->at = to < s->end ? to + 1 : s->end;
	after = s->at;
	while (
	    after < s->end && (*after == ' ' || *after == '\t' || *after == '\n' || *after == '\r'))
		after++;
	s->is_key = after < s->end && *after == ':';
	s->is_encoded = is_encoded(s);
	return true;
}

/* ---- escapes --------------------------------------------------------------------------------- */

static unsigned
hex4(const char *p)
{
	unsigned value = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		value = value << 4 | (c <= '9' ? c - '0' : ((c | 0x20) - 'a' + 10) & 15);
	}
	return value;
}

/* What an escape stands for, at most 4 bytes into to; *length: of the escape. */
static size_t
escape_read(const char *p, const char *end, char *to, size_t *length)
{
	static const char from[] = "bfnrt", is[] = "\b\f\n\r\t";
	const char *simple;
	utf8proc_ssize_t n;
	unsigned code;

	*length = end - p < 2 ? (size_t)(end - p) : 2;
	if (end - p < 2)
		return 0;
	if (p[1] != 'u' || end - p < 6) {
		simple = memchr(from, p[1], sizeof(from) - 1);
		to[0] = simple != NULL ? is[simple - from] : p[1];
		return 1;
	}
	*length = 6;
	code = hex4(p + 2);
	if (code >= 0xd800 && code < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
		*length = 12;
		code = 0x10000 + ((code - 0xd800) << 10) + ((hex4(p + 8) - 0xdc00) & 0x3ff);
	}
	n = utf8proc_encode_char((utf8proc_int32_t)code, (utf8proc_uint8_t *)to);
	return n > 0 ? (size_t)n : 0;
}

/* Appends what a raw piece of a string says. */
static void
put_unescaped(struct buf *out, struct slice raw)
{
	const char *p = raw.p, *end = raw.p + raw.n, *escape;
	char bytes[4];
	size_t length, n;

	while ((escape = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		buf_put(out, (struct slice){ p, (size_t)(escape - p) });
		n = escape_read(escape, end, bytes, &length);
		buf_put(out, (struct slice){ bytes, n });
		p = escape + length;
	}
	buf_put(out, (struct slice){ p, (size_t)(end - p) });
}

/* ---- the flat text --------------------------------------------------------------------------- */

/* Strings that are encoded are left out: then it cannot be the text itself. */
static bool
has_encoded(struct slice json)
{
	struct json_strings s;

	if (json.n == 0 ||
	    (memmem(json.p, json.n, "\"blob\"", 6) == NULL &&
		(json.n < DATA_BYTES || memmem(json.p, json.n, "\"data\"", 6) == NULL)))
		return false;
	json_strings_init(&s, json);
	while (json_strings_next(&s))
		if (s.is_encoded)
			return true;
	return false;
}

static void
put_words(struct buf *out, size_t from)
{
	for (size_t i = from; i < out->n; i++)
		if (out->p[i] == '_' || out->p[i] == '-')
			out->p[i] = ' ';
}

bool
scan_flat_make(struct scan_flat *flat, struct slice json, bool has_names, struct err *err)
{
	const char *at = json.p;
	struct json_strings s;

	*flat = (struct scan_flat){ .json = json, .text = json };
	buf_init(&flat->own, NULL, json.n + 1);
	flat->has_encoded = has_encoded(json);
	if (!flat->has_encoded && !has_names &&
	    (json.n == 0 || memchr(json.p, '\\', json.n) == NULL))
		return true;
	if (!buf_reserve(&flat->own, json.n, err))
		return false;
	json_strings_init(&s, json);
	while (json_strings_next(&s)) {
		bool is_name = has_names && (s.is_key || slice_eq(s.key, S("name")));
		size_t from;

		if (!s.is_encoded && !s.has_escapes && !is_name)
			continue;
		buf_put(&flat->own, (struct slice){ at, (size_t)(s.text.p - at) });
		from = flat->own.n;
		if (!s.is_encoded)
			put_unescaped(&flat->own, s.text);
		if (is_name)
			put_words(&flat->own, from);
		at = s.text.p + s.text.n;
	}
	buf_put(&flat->own, (struct slice){ at, (size_t)(json.p + json.n - at) });
	flat->text = buf_view(&flat->own);
	return buf_check(&flat->own, err);
}

void
scan_flat_fini(struct scan_flat *flat)
{
	buf_fini(&flat->own);
}

/* How many bytes of the flat text a string is. */
static size_t
flat_length(const struct json_strings *s)
{
	const char *p = s->text.p, *end = p + s->text.n, *escape;
	size_t n = s->text.n, length;
	char bytes[4];

	if (s->is_encoded)
		return 0;
	while (s->has_escapes && (escape = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		n += escape_read(escape, end, bytes, &length);
		n -= length;
		p = escape + length;
	}
	return n;
}

static bool
is_number_byte(char c)
{
	return scan_is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Those that stand between two strings; place: of the first of these bytes in the flat text. */
static void
numbers_tell(struct slice between, size_t place, struct slice key, scan_string_fn *each, void *ctx)
{
	struct scan_string number = { .key = key, .is_number = true };
	size_t n;

	for (size_t at = 0; at < between.n; at += n) {
		n = 1;
		if (!scan_is_digit(between.p[at]) && between.p[at] != '-')
			continue;
		while (at + n < between.n && is_number_byte(between.p[at + n]))
			n++;
		number.at = place + at;
		number.n = n;
		number.raw = (struct slice){ between.p + at, n };
		each(ctx, &number);
	}
}

void
scan_flat_strings(const struct scan_flat *flat, scan_string_fn *each, void *ctx)
{
	const char *at = flat->json.p;
	struct scan_string string = { .n = 0 };
	struct json_strings s;
	bool is_more;

	json_strings_init(&s, flat->json);
	do {
		struct slice key = s.is_key ? s.text : s.key, between;

		is_more = json_strings_next(&s);
		between = (struct slice){ at, (size_t)((is_more ? s.text.p : s.end) - at) };
		numbers_tell(between, string.at + string.n, key, each, ctx);
		if (!is_more)
			break;
		string.at += string.n + between.n;
		string.n = flat_length(&s);
		string.raw = s.text;
		string.key = s.key;
		string.is_key = s.is_key;
		string.is_encoded = s.is_encoded;
		at = s.text.p + s.text.n;
		each(ctx, &string);
	} while (is_more);
}

/* ---- patches --------------------------------------------------------------------------------- */

void
scan_patches_fini(struct scan_patches *patches)
{
	for (size_t i = 0; i < patches->n; i++)
		if (patches->all[i].instead != NULL) {
			buf_fini(patches->all[i].instead);
			mem_free(patches->all[i].instead);
		}
	mem_free(patches->all);
	*patches = (struct scan_patches){ 0 };
}

void
scan_patches_add(struct scan_patches *patches, struct scan_patch patch)
{
	if (patches->n == patches->cap) {
		patches->cap = patches->cap > 0 ? 2 * patches->cap : 16;
		patches->all = mem_resize(patches->all, patches->n * sizeof(*patches->all),
		    patches->cap * sizeof(*patches->all));
	}
	patches->all[patches->n++] = patch;
}

static int
patch_order(const void *a, const void *b)
{
	const struct scan_patch *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->n > y->n ? -1 : x->n < y->n;
}

void
scan_patches_order(struct scan_patches *patches)
{
	size_t kept = 0;

	if (patches->n > 1)
		qsort(patches->all, patches->n, sizeof(*patches->all), patch_order);
	for (size_t i = 0; i < patches->n; i++) {
		struct scan_patch *patch = &patches->all[i];
		struct scan_patch *last = kept > 0 ? &patches->all[kept - 1] : NULL;

		if (last == NULL || patch->at >= last->at + last->n) {
			patches->all[kept++] = *patch;
			continue;
		}
		if (patch->finding->kind > last->finding->kind)
			last->finding = patch->finding;
		if (patch->at + patch->n > last->at + last->n)
			last->n = patch->at + patch->n - last->at;
	}
	patches->n = kept;
}

struct putting {
	const struct scan_flat *flat;
	const struct scan_patches *patches;
	const struct scanner *scanner;
	struct buf *out;
	size_t next;	/* patch */
	const char *at; /* of the JSON: so far it is in out */
};

/* A place in a string: raw bytes, and what they say. */
struct place {
	size_t raw, said;
};

/* Goes on to the escape or byte that says byte `to`, or that is the first behind it (is_end). */
static void
place_move(struct place *place, struct slice raw, size_t to, bool is_end)
{
	char bytes[4];

	while (place->raw < raw.n) {
		size_t length = 1, n = 1;

		if (raw.p[place->raw] == '\\')
			n = escape_read(raw.p + place->raw, raw.p + raw.n, bytes, &length);
		if (is_end ? place->said >= to : place->said + n > to)
			break;
		place->raw += length;
		place->said += n;
	}
}

static bool
is_inside_character(struct slice raw, size_t at)
{
	return at < raw.n && ((unsigned char)raw.p[at] & 0xc0) == 0x80;
}

static void
number_put(struct putting *p, const struct scan_string *number, const struct scan_patch *patch)
{
	must(patch->n == number->n);
	buf_put(p->out, (struct slice){ p->at, (size_t)(number->raw.p - p->at) });
	buf_putc(p->out, '"');
	scan_placeholder(p->scanner, patch->finding, number->raw, p->out);
	buf_putc(p->out, '"');
	p->at = number->raw.p + number->raw.n;
}

/* Whole escapes and whole characters give way to the placeholder. */
static void
string_put(void *ctx, const struct scan_string *string)
{
	struct putting *p = ctx;
	struct place place = { 0 };

	for (; p->next < p->patches->n; p->next++) {
		const struct scan_patch *patch = &p->patches->all[p->next];
		size_t begin;

		if (string->is_encoded ? patch->at > string->at
				       : patch->at >= string->at + string->n)
			return;
		if (patch->instead != NULL) {
			buf_put(p->out, (struct slice){ p->at, (size_t)(string->raw.p - p->at) });
			buf_put(p->out, buf_view(patch->instead));
			p->at = string->raw.p + string->raw.n;
			continue;
		}
		must(patch->at >= string->at && patch->at + patch->n <= string->at + string->n);
		if (string->is_number) {
			number_put(p, string, patch);
			continue;
		}
		place_move(&place, string->raw, patch->at - string->at, false);
		begin = place.raw;
		while (begin > 0 && is_inside_character(string->raw, begin))
			begin--;
		place_move(&place, string->raw, patch->at + patch->n - string->at, true);
		while (is_inside_character(string->raw, place.raw)) {
			place.raw++;
			place.said++;
		}
		if (string->raw.p + begin < p->at) /* it shares a character with the one before */
			begin = (size_t)(p->at - string->raw.p);
		buf_put(p->out, (struct slice){ p->at, (size_t)(string->raw.p + begin - p->at) });
		scan_placeholder(p->scanner, patch->finding,
		    (struct slice){ p->flat->text.p + patch->at, patch->n }, p->out);
		p->at = string->raw.p + place.raw;
	}
}

bool
scan_patches_put(const struct scan_patches *patches, const struct scan_flat *flat,
    const struct scanner *scanner, struct buf *out, struct err *err)
{
	struct putting p = { flat, patches, scanner, out, 0, flat->json.p };

	scan_flat_strings(flat, string_put, &p);
	must(p.next == patches->n);
	buf_put(out, (struct slice){ p.at, (size_t)(flat->json.p + flat->json.n - p.at) });
	return buf_check(out, err);
}

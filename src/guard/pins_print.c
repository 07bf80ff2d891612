/*
 * bascule.lock as text, for people who review it: an entry begins at the margin, each member of the
 * definition has a line of its own, a longer value goes on in lines that begin with two tabs.  A
 * text breaks where its own lines do.  What nobody would see (zero width, direction marks, tags)
 * stands there as an escape.
 */
#include <stdio.h>
#include <utf8proc.h>

#include "guard/pins.h"

#define INLINE_BYTES 72 /* of a value in one line */

static bool
is_unseen(utf8proc_int32_t c)
{
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	case UTF8PROC_CATEGORY_ZS:
		return c != ' ';
	default:
		/* Variation selectors, and letters that are blank. */
		return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef) ||
		    c == 0x034f || c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0 ||
		    c == 0x2800;
	}
}

static void
put_escape(struct buf *out, uint32_t c)
{
	if (c >= 0x10000) {
		buf_printf(out, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	buf_printf(out, "\\u%04x", c);
}

void
pins_put_visible(struct buf *out, struct slice json)
{
	size_t from = 0, at = 0;

	while (at < json.n) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n;

		if ((unsigned char)json.p[at] >= ' ' && (unsigned char)json.p[at] < 0x7f) {
			at++;
			continue;
		}
		n = utf8proc_iterate(
		    (const utf8proc_uint8_t *)json.p + at, (utf8proc_ssize_t)(json.n - at), &c);
		if (n < 1) {
			n = 1;
			c = 0xfffd;
		}
		if (is_unseen(c) || c == 0xfffd) {
			buf_put(out, (struct slice){ json.p + from, at - from });
			put_escape(out, (uint32_t)c);
			from = at + (size_t)n;
		}
		at += (size_t)n;
	}
	buf_put(out, (struct slice){ json.p + from, at - from });
}

static void
put_line(struct buf *out, unsigned tabs)
{
	buf_putc(out, '\n');
	while (tabs-- > 0)
		buf_putc(out, '\t');
}

/* A string token, a line for each of its lines. */
static void
put_text(struct buf *out, struct slice token)
{
	size_t from = 0;

	for (size_t at = 1; at + 1 < token.n; at++) {
		if (token.p[at] != '\\')
			continue;
		at++;
		if (token.p[at] != 'n' || at + 2 >= token.n)
			continue;
		pins_put_visible(out, (struct slice){ token.p + from, at + 1 - from });
		buf_putc(out, '"');
		put_line(out, 2);
		buf_putc(out, '"');
		from = at + 1;
	}
	pins_put_visible(out, (struct slice){ token.p + from, token.n - from });
}

/* Its lines begin with that many tabs, those of its parts with one more. */
static void
put_value(struct buf *out, struct slice value, unsigned tabs)
{
	bool is_object = json_type(value) == JSON_OBJECT;
	const char *between = "";
	struct slice key, one;
	struct json_iter iter;

	if (value.n <= INLINE_BYTES || (!is_object && json_type(value) != JSON_ARRAY)) {
		pins_put_visible(out, value);
		return;
	}
	buf_putc(out, is_object ? '{' : '[');
	json_iter_init(&iter, value);
	while (json_iter_next(&iter, &key, &one)) {
		buf_puts(out, between);
		between = ",";
		put_line(out, tabs + 1);
		if (is_object) {
			pins_put_visible(out, (struct slice){ key.p - 1, key.n + 2 });
			buf_puts(out, ": ");
		}
		put_value(out, one, tabs + 1);
	}
	put_line(out, tabs);
	buf_putc(out, is_object ? '}' : ']');
}

static void
put_quoted(struct buf *out, struct slice text)
{
	struct buf token;

	buf_init(&token, NULL, 6 * text.n + 2);
	buf_json_string(&token, text);
	pins_put_visible(out, buf_view(&token));
	buf_fini(&token);
}

/* A key that is a word stands there without quotes. */
static void
put_key(struct buf *out, struct slice key)
{
	bool is_word = key.n > 0;

	for (size_t i = 0; i < key.n; i++)
		is_word &= (key.p[i] >= 'a' && key.p[i] <= 'z') ||
		    (key.p[i] >= 'A' && key.p[i] <= 'Z') || key.p[i] == '_';
	if (is_word)
		buf_put(out, key);
	else
		pins_put_visible(out, (struct slice){ key.p - 1, key.n + 2 });
}

void
pins_put_member(struct buf *out, struct slice key, struct slice value)
{
	buf_putc(out, '\t');
	put_key(out, key);
	buf_putc(out, ' ');
	if (json_type(value) == JSON_STRING)
		put_text(out, value);
	else
		put_value(out, value, 2);
	buf_putc(out, '\n');
}

static void
put_pin(struct buf *out, const struct pin *pin)
{
	char digest[2 * SHA256_BYTES];
	struct slice key, value;
	struct json_iter iter;

	hex_put(pin->digest, SHA256_BYTES, digest);
	buf_printf(out, "\n%s ", pin_kind_name(pin->kind));
	put_quoted(out, pin->server);
	if (pin->kind != PIN_SERVER) {
		buf_putc(out, ' ');
		put_quoted(out, pin->name);
	}
	buf_puts(out, " sha256:");
	buf_put(out, (struct slice){ digest, sizeof(digest) });
	buf_putc(out, '\n');
	json_iter_init(&iter, pin->text);
	while (json_iter_next(&iter, &key, &value))
		pins_put_member(out, key, value);
}

void
pins_print(const struct pins *pins, struct buf *out)
{
	const struct pin *all;
	size_t n;

	all = pins_all(pins, &n);
	buf_puts(out,
	    "# What each server offered when it was approved. `bascule lock` shows what has changed\n"
	    "# since, `bascule lock --accept` writes it down here. Review a change as you would code.\n"
	    "bascule-lock 1\n");
	for (size_t i = 0; i < n; i++)
		put_pin(out, &all[i]);
}

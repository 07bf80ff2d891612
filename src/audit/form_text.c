/*
 * Text from outside on its way into a record: one code point at a time, so that what would end a
 * line, move a cursor, turn the direction of reading or hide from the eye is seen and does nothing.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/form.h"

struct rune {
	uint32_t code;
	struct slice bytes; /* as they came; malformed: one byte */
	bool is_broken;
};

/* The bytes that follow a first one, the least code point that needs so many; 0: no first byte. */
static size_t
followers(unsigned char first, uint32_t *code, uint32_t *least)
{
	if (first >= 0xc2 && first <= 0xdf) {
		*code = first & 0x1fu;
		*least = 0x80;
		return 1;
	}
	if (first >= 0xe0 && first <= 0xef) {
		*code = first & 0x0fu;
		*least = 0x800;
		return 2;
	}
	*code = first & 0x07u;
	*least = 0x10000;
	return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

static bool
rune_next(struct slice text, size_t *at, struct rune *rune)
{
	const unsigned char *p = (const unsigned char *)text.p + *at;
	size_t left = text.n - *at, more;
	uint32_t code, least;

	if (left == 0)
		return false;
	*rune = (struct rune){ .code = p[0], .bytes = { text.p + *at, 1 } };
	*at += 1;
	if (p[0] < 0x80)
		return true;
	more = followers(p[0], &code, &least);
	rune->is_broken = true;
	if (more == 0 || left <= more)
		return true;
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return true;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return true;
	*at += more;
	*rune = (struct rune){ .code = code, .bytes = { (const char *)p, more + 1 } };
	return true;
}

/* Controls, line and paragraph ends, marks of direction, and what has no width. */
static bool
is_hidden(uint32_t code)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = { { 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xe0000, 0xe0fff } };

	if (code >= 0x20 && code < 0x7f)
		return false;
	for (size_t i = 0; i < COUNT(ranges); i++)
		if (code >= ranges[i].from && code <= ranges[i].to)
			return true;
	return false;
}

/* As JSON writes it: two of them above U+FFFF. */
static void
put_unicode(struct buf *out, uint32_t code, const char *backslash)
{
	if (code > 0xffff) {
		buf_printf(out, "%su%04x", backslash, 0xd800 + ((code - 0x10000) >> 10));
		code = 0xdc00 + ((code - 0x10000) & 0x3ff);
	}
	buf_printf(out, "%su%04x", backslash, code);
}

/* Visible ASCII from `at` on, none of it special: put as it is. Where it ends. */
static size_t
run_put(struct buf *out, struct slice text, size_t at, const char *special)
{
	size_t from = at;

	while (at < text.n && text.p[at] >= ' ' && text.p[at] < 0x7f &&
	    (*special == '\0' || strchr(special, text.p[at]) == NULL))
		at++;
	if (at > from)
		buf_put(out, (struct slice){ text.p + from, at - from });
	return at;
}

void
form_put_plain(struct buf *out, struct slice text, const char *special, char escape)
{
	bool is_special = strchr(special, '\\') != NULL;
	char backslash[3] = { is_special && escape != '\0' ? escape : '\\', '\0', '\0' };
	struct rune rune;
	size_t at;

	if (is_special)
		backslash[1] = '\\';
	for (at = run_put(out, text, 0, special); rune_next(text, &at, &rune);
	     at = run_put(out, text, at, special)) {
		if (rune.is_broken) {
			buf_puts(out, "\xef\xbf\xbd");
		} else if (is_hidden(rune.code)) {
			put_unicode(out, rune.code, backslash);
		} else {
			if (rune.code < 0x80)
				buf_putc(out, escape != '\0' ? escape : (char)rune.code);
			buf_put(out, rune.bytes);
		}
	}
}

void
form_put_json(struct buf *out, struct slice text)
{
	struct rune rune;
	size_t at;

	buf_putc(out, '"');
	for (at = run_put(out, text, 0, "\"\\"); rune_next(text, &at, &rune);
	     at = run_put(out, text, at, "\"\\")) {
		if (rune.is_broken) {
			buf_puts(out, "\xef\xbf\xbd");
		} else if (is_hidden(rune.code)) {
			put_unicode(out, rune.code, "\\");
		} else {
			if (rune.code < 0x80)
				buf_putc(out, '\\');
			buf_put(out, rune.bytes);
		}
	}
	buf_putc(out, '"');
}

void
form_put_time(struct buf *out, uint64_t unix_ms)
{
	time_t second = (time_t)(unix_ms / 1000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&second, &tm) == NULL || tm.tm_year > 9999 - 1900)
		memset(&tm, 0, sizeof(tm));
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(out, "%s.%03uZ", text, (unsigned)(unix_ms % 1000));
}

static bool
is_word(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (memchr(" \"\\=", text.p[i], 4) != NULL)
			return false;
	return text.n > 0;
}

void
form_put_word(struct buf *out, struct slice text)
{
	if (is_word(text)) {
		form_put_plain(out, text, "", '\0');
		return;
	}
	buf_putc(out, '"');
	form_put_plain(out, text, "\"\\", '\\');
	buf_putc(out, '"');
}

void
form_put_gist(const struct audit_record *record, struct buf *out)
{
	if (record->kind != AUDIT_EXCHANGE) {
		buf_puts(out, audit_kind_name(record->kind));
		if (record->count > 0)
			buf_printf(out, " %llu %s", (unsigned long long)record->count,
			    record->kind == AUDIT_REFUSED ? "requests" : "records");
		return;
	}
	buf_puts(out, ledger_outcome_name(record->outcome));
	buf_putc(out, ' ');
	form_put_plain(out, slice_of(record->method), " \"=\\", '\\');
	if (record->server[0] == '\0' && record->tool[0] == '\0')
		return;
	buf_putc(out, ' ');
	if (record->server[0] != '\0')
		form_put_word(out, slice_of(record->server));
	if (record->server[0] != '\0' && record->tool[0] != '\0')
		buf_putc(out, '/');
	if (record->tool[0] != '\0')
		form_put_word(out, slice_of(record->tool));
}

unsigned
form_severity(const struct audit_record *record)
{
	static const unsigned severities[LEDGER_OUTCOMES_N] = {
		[LEDGER_OPEN] = 3,
		[LEDGER_DONE] = 6,
		[LEDGER_FAILED] = 4,
		[LEDGER_REFUSED] = 4,
		[LEDGER_CANCELLED] = 5,
		[LEDGER_DEADLINE] = 4,
		[LEDGER_UNAVAILABLE] = 4,
		[LEDGER_UNKNOWN] = 3,
	};

	if (record->kind != AUDIT_EXCHANGE && record->kind != AUDIT_REFUSED)
		return record->kind == AUDIT_DROPPED ? 3 : 6;
	return severities[record->outcome];
}

void
audit_put_shown(struct buf *out, struct slice text)
{
	form_put_plain(out, text, "", '\0');
}

void
audit_put_time(struct buf *out, uint64_t unix_ms)
{
	form_put_time(out, unix_ms);
}

/*
 * Errors with a position, and texts from outside made fit to stand in them.  Positions come in
 * characters, as the YAML reader counts; they are told in bytes, as everywhere in the program.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

/* Length of the line end at p: LF, CR, CRLF, NEL, LS or PS, as the YAML reader has it; 0: none. */
static size_t
line_end(const char *p, size_t n)
{
	if (p[0] == '\n')
		return 1;
	if (p[0] == '\r')
		return n > 1 && p[1] == '\n' ? 2 : 1;
	if (n > 1 && memcmp(p, "\xc2\x85", 2) == 0)
		return 2;
	if (n > 2 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0))
		return 3;
	return 0;
}

/* The column in bytes of a column in characters. */
static unsigned
col_in_bytes(struct slice text, unsigned line, unsigned col)
{
	size_t at = 0, start;
	unsigned now = 1;

	while (now < line && at < text.n) {
		size_t end = line_end(text.p + at, text.n - at);

		now += end > 0;
		at += end > 0 ? end : 1;
	}
	start = at;
	for (unsigned left = col - 1; left > 0 && at < text.n; left--)
		do
			at++;
		while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80);
	return now == line ? (unsigned)(at - start) + 1 : col;
}

bool
config_fail(const struct config_load *load, unsigned line, unsigned col, struct err *err,
    const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (load == NULL || load->name[0] == '\0')
		return err_set(err, ERR_CONFIG, "%s", text);
	if (line == 0)
		return err_set(err, ERR_CONFIG, "%s: %s", load->name, text);
	col = col_in_bytes(load->text, line, col);
	return err_set_at(err, ERR_CONFIG, line, col, "%s:%u:%u: %s", load->name, line, col, text);
}

struct config_shown
config_show(struct slice s)
{
	struct config_shown shown = { "" };
	size_t n = s.n;

	if (n > 40) {
		n = 40;
		while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
			n--;
	}
	for (size_t i = 0; i < n; i++)
		shown.text[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i];
	if (n < s.n)
		memcpy(shown.text + n, "...", 4);
	return shown;
}

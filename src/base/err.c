/*
 * Errors: a kind, a text for people, sometimes a position.  One table says what each kind means to
 * the protocols and to the shell.  Texts are cut, never refused, and always end on a UTF-8
 * boundary.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/utf8.h"

static const struct err_info infos[ERR_KINDS_N] = {
#define X(kind, name, legacy, modern, http, exit) \
	[ERR_##kind] = { name, legacy, modern, http, exit },
	ERR_KINDS(X)
#undef X
};

/*
 * After a vsnprintf() that wanted `wanted` bytes: mends a sequence torn by the cut.  A text stands
 * on one line of a log or a terminal, whatever of the input it quotes.
 */
static void
mend(char *text, size_t size, int wanted)
{
	if (wanted < 0)
		text[0] = '\0';
	else if ((size_t)wanted >= size)
		text[utf8_trim(text, size - 1)] = '\0';
	for (char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
}

static void PRINTF(5, 0) set(
    struct err *err, enum errkind kind, unsigned line, unsigned col, const char *fmt, va_list ap)
{
	int n;

	if (err == NULL)
		return;
	err->kind = kind;
	err->line = line;
	err->col = col;
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	mend(err->text, sizeof(err->text), n);
}

bool
err_set(struct err *err, enum errkind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, kind, 0, 0, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_set_at(struct err *err, enum errkind kind, unsigned line, unsigned col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, kind, line, col, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_prefix(struct err *err, const char *fmt, ...)
{
	char who[sizeof(err->text)], old[sizeof(err->text)];
	va_list ap;
	int n;

	if (err == NULL)
		return false;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(who, sizeof(who), fmt, ap);
	va_end(ap);
	mend(who, sizeof(who), n);
	n = snprintf(err->text, sizeof(err->text), "%s: %s", who, old);
	mend(err->text, sizeof(err->text), n);
	return false;
}

const struct err_info *
err_info(enum errkind kind)
{
	must((unsigned)kind < ERR_KINDS_N);
	return &infos[kind];
}

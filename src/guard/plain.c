/*
 * JSON escapes resolved, a window at a time, so that nothing hides behind \u0068 and a large text
 * needs no second copy.
 */
#include "guard/flow.h"

#define WINDOW_BYTES ((size_t)64 * KIB)

void
plain_init(struct plain *plain, struct slice json)
{
	*plain = (struct plain){ .at = json.p, .end = json.n > 0 ? json.p + json.n : json.p };
	if (json.n > 0 && memchr(json.p, '\\', json.n) != NULL) {
		plain->cap = json.n < WINDOW_BYTES ? json.n + 8 : WINDOW_BYTES;
		plain->buf = mem_new(plain->cap);
	}
}

void
plain_fini(struct plain *plain)
{
	mem_free(plain->buf);
	plain->buf = NULL;
}

bool
plain_is_last(const struct plain *plain)
{
	return plain->at == plain->end;
}

static unsigned
hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v = v * 16 +
		    (unsigned)(c <= '9' ? c - '0'
			    : c >= 'a'	? c - 'a' + 10
					: c - 'A' + 10);
	}
	return v & 0xffff;
}

static size_t
put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* One escape at plain->at, which is never longer than what it says. */
static void
escape(struct plain *plain)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	size_t left = (size_t)(plain->end - plain->at);
	const char *found;
	unsigned code;

	if (left < 2 || (plain->at[1] == 'u' && left < 6)) {
		plain->at = plain->end;
		return;
	}
	if (plain->at[1] != 'u') {
		found = memchr(from, plain->at[1], sizeof(from) - 1);
		plain->buf[plain->n++] = found != NULL ? to[found - from] : plain->at[1];
		plain->at += 2;
		return;
	}
	code = hex4(plain->at + 2);
	plain->at += 6;
	if (code >= 0xd800 && code < 0xdc00 && left >= 12 && plain->at[0] == '\\' &&
	    plain->at[1] == 'u') {
		code = 0x10000 + ((code & 0x3ff) << 10) + (hex4(plain->at + 2) & 0x3ff);
		plain->at += 6;
	}
	plain->n += put_utf8(plain->buf + plain->n, code);
}

bool
plain_next(struct plain *plain, size_t keep, struct slice *window)
{
	if (plain->is_begun && plain->at == plain->end)
		return false;
	plain->is_begun = true;
	if (plain->buf == NULL) {
		*window = (struct slice){ plain->at, (size_t)(plain->end - plain->at) };
		plain->at = plain->end;
		return true;
	}
	keep = keep < plain->n ? keep : plain->n;
	must(keep == 0 || keep + 4 < plain->cap);
	memmove(plain->buf, plain->buf + plain->n - keep, keep);
	plain->n = keep;
	while (plain->at < plain->end && plain->n + 4 <= plain->cap) {
		size_t left = (size_t)(plain->end - plain->at), room = plain->cap - plain->n;
		size_t n = left < room ? left : room;
		const char *escaped = memchr(plain->at, '\\', n);

		if (escaped != NULL)
			n = (size_t)(escaped - plain->at);
		memcpy(plain->buf + plain->n, plain->at, n);
		plain->n += n;
		plain->at += n;
		if (escaped != NULL && plain->n + 4 <= plain->cap)
			escape(plain);
	}
	*window = (struct slice){ plain->buf, plain->n };
	return true;
}

/*
 * Borrowed bytes: comparing, cutting, copying, matching.  ASCII where case matters.  Nothing here
 * reads past the slice; what copies takes an arena, to which the caller announces sizes that come
 * from input, or is slice_keep().
 */
#include <string.h>

#include "base/base.h"
#include "base/utf8.h"

#define DISTANCE_BYTES 64
#define DISTANCE_FAR   255u

struct slice
slice_of(const char *cstr)
{
	return cstr == NULL ? SLICE_NONE : (struct slice){ cstr, strlen(cstr) };
}

static unsigned char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : (unsigned char)c;
}

/* Eight bytes at once: equal but for the case of ASCII letters? */
static bool
word_eq_nocase(const char *a, const char *b)
{
	const uint64_t each = 0x0101010101010101u;
	uint64_t x, y, differ, folded, letters;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	differ = x ^ y;
	if (differ == 0)
		return true;
	if ((differ & ~(each * 0x20)) != 0 || ((x | y) & (each * 0x80)) != 0)
		return false;
	/* The high bit of each byte says whether it is a letter; no byte carries into the next. */
	folded = x | (each * 0x20);
	letters = (folded + each * (0x80 - 'a')) & ~(folded + each * (0x80 - 'z' - 1));
	return ((differ << 2) & ~letters & (each * 0x80)) == 0;
}

bool
slice_eq_nocase_long(struct slice a, struct slice b)
{
	size_t i;

	for (i = 0; i + 8 <= a.n; i += 8)
		if (!word_eq_nocase(a.p + i, b.p + i))
			return false;
	if (i > 0 && i < a.n)
		return word_eq_nocase(a.p + a.n - 8, b.p + b.n - 8);
	for (; i < a.n; i++)
		if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool
slice_ends(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n &&
	    (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct slice
slice_cut(struct slice s, char c, struct slice *rest)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
	size_t n;

	if (at == NULL) {
		*rest = SLICE_NONE;
		return s;
	}
	n = (size_t)(at - s.p);
	*rest = (struct slice){ at + 1, s.n - n - 1 };
	return (struct slice){ s.p, n };
}

bool
slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (s.n == 0)
		return false;
	for (i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v) || v > max)
			return false;
	}
	*out = v;
	return true;
}

static bool
is_host(struct slice s, bool is_ipv6)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= (is_ipv6 ? 'f' : 'z');

		if (!is_letter && !(c >= '0' && c <= '9') && c != '.' &&
		    !(is_ipv6 ? c == ':' : c == '-' || c == '_'))
			return false;
	}
	return s.n > 0 && s.n <= 253;
}

bool
slice_to_host_port(struct slice s, struct slice *host, uint16_t *port)
{
	const char *colon = s.n > 0 ? memrchr(s.p, ':', s.n) : NULL;
	bool is_ipv6;
	uint64_t n;

	if (colon == NULL)
		return false;
	*host = (struct slice){ s.p, (size_t)(colon - s.p) };
	is_ipv6 = host->n > 2 && host->p[0] == '[' && host->p[host->n - 1] == ']';
	if (is_ipv6)
		*host = (struct slice){ host->p + 1, host->n - 2 };
	if (!is_host(*host, is_ipv6) ||
	    !slice_to_u64(
		(struct slice){ colon + 1, s.n - (size_t)(colon + 1 - s.p) }, UINT16_MAX, &n) ||
	    n == 0)
		return false;
	*port = (uint16_t)n;
	return true;
}

bool
slice_has(struct slice s, struct slice part)
{
	return s.n > 0 && part.n > 0 && memmem(s.p, s.n, part.p, part.n) != NULL;
}

int
slice_compare(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int by = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return by != 0 ? by : (a.n > b.n) - (a.n < b.n);
}

struct slice
slice_keep(struct slice s)
{
	char *p;

	if (s.p == NULL)
		return SLICE_NONE;
	p = mem_new(s.n + 1);
	memcpy(p, s.p, s.n);
	return (struct slice){ p, s.n };
}

struct slice
slice_dup(struct arena *arena, struct slice s)
{
	char *p;

	if (s.p == NULL)
		return SLICE_NONE;
	p = arena_bytes(arena, s.n);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct slice){ p, s.n };
}

const char *
slice_cstr(struct arena *arena, struct slice s)
{
	char *p = arena_bytes(arena, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

/* One star is remembered: what an earlier star swallowed never needs to be tried again. */
bool
slice_glob(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_t = 0;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

unsigned
slice_distance(struct slice a, struct slice b)
{
	unsigned char row[DISTANCE_BYTES + 1];
	size_t i, j;

	if (a.n > DISTANCE_BYTES || b.n > DISTANCE_BYTES)
		return DISTANCE_FAR;
	for (j = 0; j <= b.n; j++)
		row[j] = (unsigned char)j;
	for (i = 1; i <= a.n; i++) {
		unsigned char diagonal = row[0];

		row[0] = (unsigned char)i;
		for (j = 1; j <= b.n; j++) {
			unsigned best = diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1]));

			diagonal = row[j];
			if (row[j] + 1u < best)
				best = row[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			row[j] = (unsigned char)best;
		}
	}
	return row[b.n];
}

bool
slice_is_utf8(struct slice s)
{
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		n = utf8_length(s.p + i, s.n - i);
		if (n == 0)
			return false;
	}
	return true;
}

bool
slice_globs(const struct slice *globs, size_t n, struct slice text)
{
	for (size_t i = 0; i < n; i++)
		if (text.p != NULL && slice_glob(globs[i], text))
			return true;
	return false;
}

bool
slice_fits(const struct slice *globs, size_t n, struct slice text)
{
	return n == 0 || slice_globs(globs, n, text);
}

/*
 * Lua's patterns in the words of PCRE2: the same texts fit, and the engine that matches them can be
 * stopped.  A class or a set becomes the list of its bytes, so that nothing depends on a locale or
 * on how the two spell things.
 */
#include <ctype.h>
#include <string.h>

#include "guard/lua_engine.h"

struct bytes_set {
	bool has[256];
};

struct translator {
	const char *at, *end;
	struct buf *out;
	struct lua_translation *to;
	unsigned groups; /* of PCRE2, so far */
	unsigned open[LUA_CAPTURES], open_n;
	bool is_closed[LUA_CAPTURES];
	const char *fault;
};

/* ---- sets of bytes --------------------------------------------------------------------------- */

static bool
is_of_class(unsigned char c, char class)
{
	bool is_ascii = c < 0x80;

	switch (class) {
	case 'a':
		return is_ascii && isalpha(c);
	case 'c':
		return is_ascii && iscntrl(c);
	case 'd':
		return c >= '0' && c <= '9';
	case 'g':
		return is_ascii && isgraph(c);
	case 'l':
		return is_ascii && islower(c);
	case 'p':
		return is_ascii && ispunct(c);
	case 's':
		return is_ascii && isspace(c);
	case 'u':
		return is_ascii && isupper(c);
	case 'w':
		return is_ascii && isalnum(c);
	case 'x':
		return is_ascii && isxdigit(c);
	default: /* z */
		return c == '\0';
	}
}

/* "%d", "%D", "%." */
static void
class_add(struct bytes_set *set, char letter)
{
	char lower = (char)(letter | 0x20);
	bool is_class = ((letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z')) &&
	    strchr("acdglpsuwxz", lower) != NULL;

	if (!is_class) {
		set->has[(unsigned char)letter] = true;
		return;
	}
	for (unsigned c = 0; c < 256; c++)
		if (is_of_class((unsigned char)c, lower) == (letter == lower))
			set->has[c] = true;
}

static void
byte_put(struct buf *out, unsigned c)
{
	if (c < 0x80 && isalnum((int)c))
		buf_putc(out, (char)c);
	else
		buf_printf(out, "\\x%02x", c);
}

static void
set_put(struct buf *out, const struct bytes_set *set)
{
	unsigned n = 0;

	for (unsigned c = 0; c < 256; c++)
		n += set->has[c];
	if (n == 0 || n == 256) {
		buf_puts(out, n == 0 ? "(?!)" : ".");
		return;
	}
	buf_putc(out, '[');
	for (unsigned c = 0; c < 256; c++) {
		unsigned last = c;

		if (!set->has[c])
			continue;
		while (last < 255 && set->has[last + 1])
			last++;
		byte_put(out, c);
		if (last > c) {
			buf_putc(out, '-');
			byte_put(out, last);
		}
		c = last;
	}
	buf_putc(out, ']');
}

/* Behind "[": up to "]". */
static bool
set_read(struct translator *t, struct bytes_set *set)
{
	bool is_not = t->at < t->end && *t->at == '^', is_first = true;

	memset(set, 0, sizeof(*set));
	t->at += is_not ? 1 : 0;
	while (t->at < t->end && (*t->at != ']' || is_first)) {
		unsigned char c = (unsigned char)*t->at++;

		is_first = false;
		if (c == '%') {
			if (t->at == t->end)
				break;
			class_add(set, *t->at++);
		} else if (t->end - t->at >= 2 && t->at[0] == '-' && t->at[1] != ']') {
			for (unsigned k = c; k <= (unsigned char)t->at[1]; k++)
				set->has[k] = true;
			t->at += 2;
		} else {
			set->has[c] = true;
		}
	}
	if (t->at == t->end)
		return (t->fault = "malformed pattern (missing ']')", false);
	t->at++;
	for (unsigned c = 0; is_not && c < 256; c++)
		set->has[c] = !set->has[c];
	return true;
}

/* ---- what stands for more than one byte ------------------------------------------------------ */

/* Behind "%b": from the first byte to the last, balanced. */
static bool
balance_put(struct translator *t)
{
	struct bytes_set others;
	unsigned char first, last;

	if (t->end - t->at < 2)
		return (t->fault = "unbalanced pattern", false);
	first = (unsigned char)*t->at++;
	last = (unsigned char)*t->at++;
	memset(&others, 1, sizeof(others));
	others.has[first] = others.has[last] = false;
	if (first == last) {
		byte_put(t->out, first);
		set_put(t->out, &others);
		buf_puts(t->out, "*+");
		byte_put(t->out, last);
		return true;
	}
	if (++t->groups >= LUA_GROUPS - LUA_CAPTURES)
		return (t->fault = "too many balances (%b)", false);
	buf_putc(t->out, '(');
	byte_put(t->out, first);
	buf_puts(t->out, "(?>");
	set_put(t->out, &others);
	buf_printf(t->out, "++|(?%u))*+", t->groups);
	byte_put(t->out, last);
	buf_putc(t->out, ')');
	return true;
}

/* Behind "%f": where the set begins.  Before the first byte and behind the last there is a NUL. */
static bool
frontier_put(struct translator *t)
{
	struct bytes_set set;

	if (t->at == t->end || *t->at != '[')
		return (t->fault = "missing '[' after '%f' in pattern", false);
	t->at++;
	if (!set_read(t, &set))
		return false;
	buf_puts(t->out, set.has[0] ? "(?<=(?s:.))(?<!" : "(?<!");
	set_put(t->out, &set);
	buf_puts(t->out, ")(?=");
	set_put(t->out, &set);
	buf_puts(t->out, set.has[0] ? "|\\z)" : ")");
	return true;
}

static bool
reference_put(struct translator *t, char digit)
{
	unsigned capture = (unsigned)(digit - '1');

	if (digit == '0' || capture >= t->to->captures || !t->is_closed[capture] ||
	    t->to->is_position[capture])
		return (t->fault = "invalid capture index", false);
	buf_printf(t->out, "\\g{%u}", t->to->group[capture]);
	return true;
}

static bool
capture_open(struct translator *t)
{
	unsigned capture = t->to->captures;

	if (capture == LUA_CAPTURES)
		return (t->fault = "too many captures", false);
	t->to->captures++;
	t->to->group[capture] = ++t->groups;
	t->to->is_position[capture] = t->at < t->end && *t->at == ')';
	if (t->to->is_position[capture]) {
		t->at++;
		t->is_closed[capture] = true;
		buf_puts(t->out, "()");
		return true;
	}
	t->open[t->open_n++] = capture;
	buf_putc(t->out, '(');
	return true;
}

static bool
capture_close(struct translator *t)
{
	if (t->open_n == 0)
		return (t->fault = "invalid pattern capture", false);
	t->is_closed[t->open[--t->open_n]] = true;
	buf_putc(t->out, ')');
	return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* One byte of the text, and how often. */
static bool
single_put(struct translator *t, char c)
{
	struct bytes_set set;

	memset(&set, 0, sizeof(set));
	if (c == '[') {
		if (!set_read(t, &set))
			return false;
	} else if (c == '.') {
		memset(&set, 1, sizeof(set));
	} else if (c == '%') {
		class_add(&set, *t->at++);
	} else {
		set.has[(unsigned char)c] = true;
	}
	set_put(t->out, &set);
	if (t->at < t->end && memchr("*+-?", *t->at, 4) != NULL) {
		buf_puts(t->out, *t->at == '-' ? "*?" : "");
		if (*t->at != '-')
			buf_putc(t->out, *t->at);
		t->at++;
	}
	return true;
}

static bool
item_put(struct translator *t)
{
	char c = *t->at++;

	if (c == '(')
		return capture_open(t);
	if (c == ')')
		return capture_close(t);
	if (c == '$' && t->at == t->end) {
		buf_puts(t->out, "\\z");
		return true;
	}
	if (c != '%')
		return single_put(t, c);
	if (t->at == t->end)
		return (t->fault = "malformed pattern (ends with '%')", false);
	if (*t->at == 'b' || *t->at == 'f')
		return (*t->at++ == 'b' ? balance_put : frontier_put)(t);
	if (*t->at >= '0' && *t->at <= '9')
		return reference_put(t, *t->at++);
	return single_put(t, c);
}

const char *
lua_pattern_translate(struct slice pattern, struct buf *out, struct lua_translation *translation)
{
	struct translator t = {
		.at = pattern.p, .end = pattern.p + pattern.n, .out = out, .to = translation
	};

	*translation =
	    (struct lua_translation){ .is_anchored = pattern.n > 0 && *pattern.p == '^' };
	t.at += translation->is_anchored ? 1 : 0;
	while (t.at < t.end)
		if (!item_put(&t))
			return t.fault;
	return t.open_n > 0 ? "unfinished capture" : NULL;
}

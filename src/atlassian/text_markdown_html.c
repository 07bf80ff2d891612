/*
 * The little of HTML that Markdown readers find in a text: the tags that are marks here, and the
 * entities.  Everything else is text as it is written; nothing is ever interpreted further.
 */
#include "atlassian/text_entities.h"
#include "atlassian/text_markdown.h"

struct known_tag {
	const char *name;
	enum html_kind kind;
	unsigned mark;
};

/* clang-format off */
static const struct known_tag tags[] = {
	{ "u",		HTML_MARK,	MARK_UNDERLINE },
	{ "ins",	HTML_MARK,	MARK_UNDERLINE },
	{ "sub",	HTML_MARK,	MARK_SUB },
	{ "sup",	HTML_MARK,	MARK_SUP },
	{ "b",		HTML_MARK,	MARK_STRONG },
	{ "strong",	HTML_MARK,	MARK_STRONG },
	{ "i",		HTML_MARK,	MARK_EM },
	{ "em",		HTML_MARK,	MARK_EM },
	{ "s",		HTML_MARK,	MARK_STRIKE },
	{ "del",	HTML_MARK,	MARK_STRIKE },
	{ "strike",	HTML_MARK,	MARK_STRIKE },
	{ "span",	HTML_SPAN,	0 },
	{ "font",	HTML_SPAN,	0 },
	{ "br",		HTML_BREAK,	0 },
};
/* clang-format on */

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t
skip_blank(struct slice s, size_t at)
{
	while (at < s.n && is_blank(s.p[at]))
		at++;
	return at;
}

static size_t
skip_name(struct slice s, size_t at)
{
	while (at < s.n && is_name(s.p[at]))
		at++;
	return at;
}

/* One attribute at *at; false: there is none. */
static bool
next_attribute(struct slice s, size_t *at, struct slice *name, struct slice *value)
{
	size_t from = skip_blank(s, *at), to = skip_name(s, from);
	char quote;

	*name = (struct slice){ s.p + from, to - from };
	*value = SLICE_NONE;
	from = skip_blank(s, to);
	*at = from;
	if (name->n == 0)
		return false;
	if (from == s.n || s.p[from] != '=')
		return true;
	from = skip_blank(s, from + 1);
	quote = from < s.n ? s.p[from] : '\0';
	if (quote == '"' || quote == '\'')
		from++;
	for (to = from; to < s.n; to++) {
		if (quote == '"' || quote == '\'' ? s.p[to] == quote : is_blank(s.p[to]))
			break;
	}
	*value = (struct slice){ s.p + from, to - from };
	*at = to < s.n ? to + 1 : to;
	return true;
}

bool
html_is_color(struct slice s)
{
	bool is_hex = s.n > 0 && s.p[0] == '#';

	if (s.n < 3 || s.n > 24 || (is_hex && s.n != 4 && s.n != 7))
		return false;
	for (size_t i = is_hex; i < s.n; i++) {
		if (!is_name(s.p[i]) || s.p[i] == '-')
			return false;
	}
	return true;
}

/* "color: red" or, in <font>, the value itself. */
static struct slice
color_of(struct slice name, struct slice value)
{
	struct slice rest;

	if (slice_eq_nocase(name, S("color")))
		return slice_trim(value);
	if (!slice_eq_nocase(name, S("style")) ||
	    !slice_eq_nocase(slice_trim(slice_cut(value, ':', &rest)), S("color")))
		return SLICE_NONE;
	rest = slice_trim(rest);
	if (slice_ends(rest, S(";")))
		rest.n--;
	return slice_trim(rest);
}

static void
read_span(struct slice rest, struct html_tag *out)
{
	struct slice name, value, color;
	size_t at = 0;
	unsigned count = 0;

	out->kind = HTML_OTHER;
	while (next_attribute(rest, &at, &name, &value)) {
		color = color_of(name, value);
		if (++count > 1 || !html_is_color(color)) {
			out->kind = HTML_OTHER;
			return;
		}
		out->kind = HTML_COLOR;
		out->color = color;
	}
}

void
html_tag_read(struct slice tag, struct html_tag *out)
{
	struct slice name, rest;
	size_t from = 1, to;

	*out = (struct html_tag){ .kind = HTML_OTHER };
	if (tag.n < 3 || tag.p[0] != '<' || tag.p[tag.n - 1] != '>')
		return;
	out->is_end = tag.p[1] == '/';
	from += out->is_end;
	to = skip_name(tag, from);
	name = (struct slice){ tag.p + from, to - from };
	rest = (struct slice){ tag.p + to, tag.n - 1 - to };
	if (rest.n > 0 && rest.p[rest.n - 1] == '/')
		rest.n--;
	for (size_t i = 0; i < COUNT(tags); i++) {
		if (!slice_eq_nocase(name, slice_of(tags[i].name)))
			continue;
		out->kind = tags[i].kind;
		out->mark = tags[i].mark;
		if (out->kind == HTML_SPAN && !out->is_end)
			read_span(rest, out);
		else if (skip_blank(rest, 0) != rest.n)
			out->kind = HTML_OTHER;
		return;
	}
}

/* ---- entities -------------------------------------------------------------------------------- */

struct entity {
	const char *name;
	unsigned code;
};

/* clang-format off */
static const struct entity entities[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
#define X(name, code) { #name, code },
	XHTML_ENTITIES(X)
#undef X
};
/* clang-format on */

static size_t
put_code(unsigned code, char out[4])
{
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* digits: behind "&#", without the ';'. */
static size_t
numeric(struct slice digits, char out[4])
{
	unsigned base = 10, code = 0;

	if (digits.n > 0 && (digits.p[0] == 'x' || digits.p[0] == 'X')) {
		base = 16;
		digits = (struct slice){ digits.p + 1, digits.n - 1 };
	}
	if (digits.n == 0 || digits.n > 7)
		return 0;
	for (size_t i = 0; i < digits.n; i++) {
		if (digit_of(digits.p[i]) >= (int)base)
			return 0;
		code = code * base + (unsigned)digit_of(digits.p[i]);
	}
	return put_code(code, out);
}

size_t
html_entity(struct slice entity, char out[4])
{
	struct slice name;

	if (entity.n < 3 || entity.p[0] != '&' || entity.p[entity.n - 1] != ';')
		return 0;
	name = (struct slice){ entity.p + 1, entity.n - 2 };
	if (name.p[0] == '#')
		return numeric((struct slice){ name.p + 1, name.n - 1 }, out);
	for (size_t i = 0; i < COUNT(entities); i++) {
		if (slice_eq(name, slice_of(entities[i].name)))
			return put_code(entities[i].code, out);
	}
	return 0;
}

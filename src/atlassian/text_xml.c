/*
 * The storage format's XML through expat.  The text is parsed between the start and the end tag of
 * a root of our own, behind a DTD of our own with the entities of XHTML: inside an element nobody
 * can declare more, so that neither external nor nested entities exist.  Positions are of the
 * text: expat's less the length of what stands before it.
 */
#include "atlassian/text_xml.h"

#include <expat.h>
#include <limits.h>

#include "atlassian/text_entities.h"

#define ROOT_OPEN  "<storage>"
#define ROOT_CLOSE "</storage>"

#define X(name, code) "<!ENTITY " #name " \"&#" #code ";\">"
static const char entities[] = "<!DOCTYPE storage [" XHTML_ENTITIES(X) "]>" ROOT_OPEN;
#undef X

struct parse {
	struct arena *arena;
	XML_Parser expat;
	struct slice text;
	size_t before;	/* bytes of ours before the text */
	struct xml *at; /* the innermost open element */
	char *pool;	/* decoded text; never longer than the text itself */
	size_t pool_n;
	struct err *err;
	bool has_failed;
};

static void
stop(struct parse *parse)
{
	parse->has_failed = true;
	XML_StopParser(parse->expat, XML_FALSE);
}

static size_t
position(const struct parse *parse)
{
	XML_Index at = XML_GetCurrentByteIndex(parse->expat);

	if (at < 0 || (size_t)at < parse->before)
		return 0;
	return (size_t)at - parse->before < parse->text.n ? (size_t)at - parse->before
							  : parse->text.n;
}

static size_t
position_end(const struct parse *parse)
{
	size_t at = position(parse), n = (size_t)XML_GetCurrentByteCount(parse->expat);

	return n < parse->text.n - at ? at + n : parse->text.n;
}

static struct xml *
add(struct parse *parse, enum xml_kind kind)
{
	struct xml *xml, *parent = parse->at;

	if (parse->has_failed)
		return NULL;
	if (parent != NULL && parent->depth == XML_DEPTH) {
		err_set(
		    parse->err, ERR_LIMIT, "the text is nested deeper than %d elements", XML_DEPTH);
		stop(parse);
		return NULL;
	}
	if (!arena_reserve(parse->arena, sizeof(*xml), parse->err)) {
		stop(parse);
		return NULL;
	}
	xml = ARENA_NEW(parse->arena, struct xml);
	xml->kind = kind;
	xml->at = position(parse);
	xml->open_end = xml->close_at = xml->end = position_end(parse);
	xml->parent = parent;
	if (parent == NULL)
		return xml;
	xml->depth = parent->depth + 1;
	if (parent->last != NULL)
		parent->last->next = xml;
	else
		parent->first = xml;
	parent->last = xml;
	return xml;
}

/* Names and values in one piece of memory behind the array. */
static bool
keep_attrs(struct parse *parse, struct xml *xml, const XML_Char **attrs)
{
	size_t n = 0, bytes = 0;
	struct xml_attr *kept;
	char *to;

	for (; attrs[n] != NULL; n++)
		bytes += strlen(attrs[n]);
	if (n == 0)
		return true;
	n /= 2;
	if (!arena_reserve(parse->arena, n * sizeof(*kept) + bytes, parse->err))
		return false;
	kept = arena_alloc(parse->arena, n * sizeof(*kept) + bytes);
	to = (char *)(kept + n);
	for (size_t i = 0; i < 2 * n; i++) {
		struct slice *part = i % 2 == 0 ? &kept[i / 2].name : &kept[i / 2].value;

		*part = (struct slice){ to, strlen(attrs[i]) };
		memcpy(to, attrs[i], part->n);
		to += part->n;
	}
	xml->attrs = kept;
	xml->attrs_n = (unsigned)n;
	return true;
}

static void XMLCALL
on_start(void *owner, const XML_Char *name, const XML_Char **attrs)
{
	struct parse *parse = owner;
	struct xml *xml;

	if (parse->has_failed)
		return;
	xml = add(parse, parse->at == NULL ? XML_ROOT : XML_ELEMENT);
	if (xml == NULL)
		return;
	if (xml->kind == XML_ELEMENT)
		xml->name = (struct slice){ parse->text.p + xml->at + 1, strlen(name) };
	else
		xml->open_end = 0;
	if (!keep_attrs(parse, xml, attrs)) {
		stop(parse);
		return;
	}
	parse->at = xml;
}

static void XMLCALL
on_end(void *owner, const XML_Char *name)
{
	struct parse *parse = owner;

	if (parse->has_failed)
		return;
	parse->at->close_at = position(parse);
	parse->at->end = position_end(parse);
	if (parse->at->parent != NULL)
		parse->at = parse->at->parent;
}

static void XMLCALL
on_text(void *owner, const XML_Char *text, int n)
{
	struct parse *parse = owner;
	struct xml *xml;

	/* In CDATA that is not closed our own end tag would be text; that is refused soon. */
	if (parse->has_failed || parse->at == NULL || (size_t)n > parse->text.n - parse->pool_n)
		return;
	xml = parse->at->last;
	if (xml == NULL || xml->kind != XML_TEXT) {
		xml = add(parse, XML_TEXT);
		if (xml == NULL)
			return;
		xml->text = (struct slice){ parse->pool + parse->pool_n, 0 };
	}
	memcpy(parse->pool + parse->pool_n, text, (size_t)n);
	parse->pool_n += (size_t)n;
	xml->text.n += (size_t)n;
	xml->open_end = xml->close_at = xml->end = position_end(parse);
}

static void XMLCALL
on_comment(void *owner, const XML_Char *text)
{
	struct parse *parse = owner;

	if (parse->at != NULL)
		(void)add(parse, XML_OTHER);
}

static void XMLCALL
on_instruction(void *owner, const XML_Char *target, const XML_Char *data)
{
	on_comment(owner, data);
}

static void
line_of(struct slice text, size_t at, unsigned *line, unsigned *col)
{
	size_t start = 0;

	*line = 1;
	for (size_t i = 0; i < at; i++) {
		if (text.p[i] == '\n') {
			++*line;
			start = i + 1;
		}
	}
	*col = (unsigned)(at - start + 1);
}

static bool
malformed(struct parse *parse)
{
	enum XML_Error code = XML_GetErrorCode(parse->expat);
	size_t at = position(parse);
	unsigned line, col, open_line, open_col;
	struct slice open = parse->at != NULL ? parse->at->name : SLICE_NONE;

	if (code == XML_ERROR_NO_MEMORY)
		return err_set(parse->err, ERR_LIMIT, "out of memory reading the storage format");
	/* expat points at the name in </name>. */
	if (code == XML_ERROR_TAG_MISMATCH && at >= 2 && at < parse->text.n &&
	    memcmp(parse->text.p + at - 2, "</", 2) == 0)
		at -= 2;
	line_of(parse->text, at, &line, &col);
	if (code != XML_ERROR_TAG_MISMATCH || open.n == 0)
		return err_set_at(parse->err, ERR_PARAMS, line, col,
		    "storage format, line %u, column %u: %s", line, col, XML_ErrorString(code));
	line_of(parse->text, parse->at->at, &open_line, &open_col);
	return err_set_at(parse->err, ERR_PARAMS, line, col,
	    "storage format, line %u, column %u: </%.*s> is missing here (opened in line %u, "
	    "column %u)",
	    line, col, SLICE_FMT(open), open_line, open_col);
}

MUST_CHECK static bool
feed(struct parse *parse, struct slice head)
{
	parse->before = head.n;
	if (XML_Parse(parse->expat, head.p, (int)head.n, 0) == XML_STATUS_OK &&
	    XML_Parse(parse->expat, parse->text.p, (int)parse->text.n, 0) == XML_STATUS_OK &&
	    XML_Parse(parse->expat, ROOT_CLOSE, sizeof(ROOT_CLOSE) - 1, 1) == XML_STATUS_OK)
		return true;
	return parse->has_failed ? false : malformed(parse);
}

bool
xml_read(struct arena *arena, struct slice text, struct xml **out, struct err *err)
{
	struct parse parse = { .arena = arena, .text = text, .err = err };
	bool has_entities = text.n > 0 && memchr(text.p, '&', text.n) != NULL;
	bool ok;

	if (text.n > INT_MAX - 1)
		return err_set(err, ERR_LIMIT, "a text of %zu bytes is too long", text.n);
	if (parse.text.p == NULL)
		parse.text = S("");
	if (!arena_reserve(arena, text.n + 1, err))
		return false;
	parse.pool = arena_bytes(arena, text.n + 1);
	parse.expat = XML_ParserCreate("UTF-8");
	if (parse.expat == NULL)
		return err_set(err, ERR_LIMIT, "out of memory reading the storage format");
	XML_SetUserData(parse.expat, &parse);
	XML_SetElementHandler(parse.expat, on_start, on_end);
	XML_SetCharacterDataHandler(parse.expat, on_text);
	XML_SetCommentHandler(parse.expat, on_comment);
	XML_SetProcessingInstructionHandler(parse.expat, on_instruction);
	ok = feed(&parse, has_entities ? S(entities) : S(ROOT_OPEN));
	XML_ParserFree(parse.expat);
	*out = parse.at;
	return ok;
}

/* ---- looking -------------------------------------------------------------------------------- */

bool
xml_is(const struct xml *xml, struct slice name)
{
	return xml != NULL && xml->kind == XML_ELEMENT && slice_eq(xml->name, name);
}

struct slice
xml_attr(const struct xml *xml, struct slice name)
{
	for (unsigned i = 0; i < xml->attrs_n; i++) {
		if (slice_eq(xml->attrs[i].name, name))
			return xml->attrs[i].value;
	}
	return SLICE_NONE;
}

const struct xml *
xml_child(const struct xml *xml, struct slice name)
{
	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		if (xml_is(at, name))
			return at;
	}
	return NULL;
}

bool
xml_is_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr(" \t\r\n", s.p[i]) == NULL || s.p[i] == '\0')
			return false;
	}
	return true;
}

/* Depth is bounded by XML_DEPTH. */
void
xml_put_plain(const struct xml *xml, struct buf *out)
{
	if (xml->kind == XML_TEXT)
		buf_put(out, xml->text);
	for (const struct xml *at = xml->first; at != NULL; at = at->next)
		xml_put_plain(at, out);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Length of the character at p that XML may hold; 0: it may not. */
static size_t
char_length(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] < 0x80)
		return p[0] >= 0x20 || p[0] == '\t' || p[0] == '\n';
	if (p[0] < 0xc2 || p[0] > 0xf4 || n < need)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe ? 0 : need;
}

static struct slice
escaped(char c)
{
	switch (c) {
	case '&':
		return S("&amp;");
	case '<':
		return S("&lt;");
	case '>':
		return S("&gt;");
	case '"':
		return S("&quot;");
	default:
		return SLICE_NONE;
	}
}

static void
put(struct buf *out, struct slice s, bool escapes)
{
	for (size_t i = 0; i < s.n;) {
		size_t n = char_length((const unsigned char *)s.p + i, s.n - i);
		struct slice other = escapes ? escaped(s.p[i]) : SLICE_NONE;

		if (n == 0)
			other = s.p[i] == '\r' ? S("\n") : S("\xef\xbf\xbd");
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			other = S("");
		buf_put(out, other.p != NULL ? other : (struct slice){ s.p + i, n });
		i += n > 0 ? n : 1;
	}
}

void
xml_put_text(struct buf *out, struct slice s)
{
	put(out, s, true);
}

void
xml_put_cdata(struct buf *out, struct slice s)
{
	buf_puts(out, "<![CDATA[");
	for (size_t i = 0; i < s.n;) {
		const char *end = memmem(s.p + i, s.n - i, "]]>", 3);
		size_t n = end != NULL ? (size_t)(end - (s.p + i)) + 2 : s.n - i;

		put(out, (struct slice){ s.p + i, n }, false);
		if (end != NULL)
			buf_puts(out, "]]><![CDATA[");
		i += n;
	}
	buf_puts(out, "]]>");
}

/*
 * Wiki markup within a line.  Two passes: the first finds which delimiters (*, _, ...) belong
 * together, the second makes the nodes.  Both step over the same pieces (escapes, {{mono}}, links,
 * images, macros, addresses), in which there are no delimiters.  A delimiter opens before and
 * closes after what is no blank, and not within a word; {*} does so anywhere.  Marks end with the
 * line.
 */
#include <ctype.h>

#include "atlassian/text_address.h"
#include "atlassian/text_wiki.h"

enum piece_kind {
	PIECE_NONE,
	PIECE_ESCAPE,
	PIECE_BREAK,
	PIECE_LINE,
	PIECE_ENTITY,
	PIECE_MONO,
	PIECE_TAG,
	PIECE_FORCED,
	PIECE_LINK,
	PIECE_IMAGE,
	PIECE_URL,
};

/* What stands at a place. */
struct piece {
	enum piece_kind kind;
	size_t end;
	const struct wiki_tag *tag;
	struct slice parts[3]; /* of a link or image, between | */
	unsigned parts_n, code;
};

enum role { ROLE_NONE, ROLE_OPEN, ROLE_CLOSE };

static const struct {
	char c;
	unsigned mark;
} delimiters[] = {
	{ '*', MARK_STRONG }, { '_', MARK_EM }, { '-', MARK_STRIKE }, { '+', MARK_UNDERLINE },
	{ '^', MARK_SUP }, { '~', MARK_SUB }, { '?', MARK_EM }, /* ??citation?? */
};

#define SLOTS	    (2 * COUNT(delimiters)) /* plain ones, then those in braces */
#define COLOR_DEPTH 16

static int
delimiter_of(char c)
{
	for (size_t i = 0; i < COUNT(delimiters); i++) {
		if (delimiters[i].c == c)
			return (int)i;
	}
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Cuts s at | that is not escaped, into at most three. */
static void
split(struct slice s, struct piece *piece)
{
	size_t start = 0;

	piece->parts_n = 0;
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] == '\\') {
			i++;
			continue;
		}
		if (i < s.n && (s.p[i] != '|' || piece->parts_n == COUNT(piece->parts) - 1))
			continue;
		piece->parts[piece->parts_n++] = (struct slice){ s.p + start, i - start };
		start = i + 1;
	}
	if (piece->parts_n == 0)
		piece->parts[piece->parts_n++] = s;
}

static bool
is_card(struct slice s)
{
	return slice_eq(s, S("smart-link")) || slice_eq(s, S("smart-card")) ||
	    slice_eq(s, S("smart-embed"));
}

/* [target] or [text|target|...]; what stands in brackets and is no address stays text. */
static void
link_piece(const struct wiki_reader *reader, size_t at, size_t end, struct piece *piece)
{
	const char *p = reader->text.p;
	size_t i = at + 1;
	struct slice target;

	for (; i < end && p[i] != ']' && p[i] != '[' && p[i] != '\n'; i++)
		i += p[i] == '\\' && i + 1 < end;
	if (i >= end || p[i] != ']' || i == at + 1)
		return;
	split((struct slice){ p + at + 1, i - at - 1 }, piece);
	target = slice_trim(piece->parts[piece->parts_n > 1 ? 1 : 0]);
	if (target.n == 0 ||
	    (piece->parts_n == 1 && !address_is_url(target) &&
		(target.n == 1 || strchr("~^#", target.p[0]) == NULL)))
		return;
	piece->kind = PIECE_LINK;
	piece->end = i + 1;
}

static bool
is_file(struct slice s)
{
	size_t n = 0;

	while (n < s.n && isalnum((unsigned char)s.p[s.n - 1 - n]))
		n++;
	return n > 0 && n <= 5 && n + 1 < s.n && s.p[s.n - 1 - n] == '.';
}

/* !file.png|attributes! */
static void
image_piece(const struct wiki_reader *reader, size_t at, size_t end, struct piece *piece)
{
	const char *p = reader->text.p;
	size_t i = at + 1;

	while (i < end && p[i] != '!' && p[i] != '\n')
		i++;
	if (i >= end || p[i] != '!' || i == at + 1 || is_blank(p[at + 1]) || is_blank(p[i - 1]))
		return;
	split((struct slice){ p + at + 1, i - at - 1 }, piece);
	if (!address_is_url(piece->parts[0]) && !is_file(piece->parts[0]))
		return;
	piece->kind = PIECE_IMAGE;
	piece->end = i + 1;
}

/* &#N; */
static void
entity_piece(const struct wiki_reader *reader, size_t at, size_t end, struct piece *piece)
{
	const char *p = reader->text.p;
	size_t i = at + 2;
	unsigned code = 0;

	for (; i < end && i < at + 9 && p[i] >= '0' && p[i] <= '9'; i++)
		code = code * 10 + (unsigned)(p[i] - '0');
	if (i == at + 2 || i >= end || p[i] != ';' || code < 0x20 || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return;
	piece->kind = PIECE_ENTITY;
	piece->end = i + 1;
	piece->code = code;
}

static void
url_piece(const struct wiki_reader *reader, size_t at, size_t end, struct piece *piece)
{
	static const struct slice schemes[] = { S("https://"), S("http://"), S("ftp://"),
		S("mailto:") };
	struct slice rest = { reader->text.p + at, end - at };
	size_t n = 0;

	while (n < COUNT(schemes) && !slice_starts(rest, schemes[n]))
		n++;
	if (n == COUNT(schemes))
		return;
	n = schemes[n].n;
	if (n == rest.n || !(is_word(rest.p[n]) || rest.p[n] == '['))
		return;
	while (n < rest.n && (unsigned char)rest.p[n] > ' ' &&
	    strchr("|{}\"<>[]\\", rest.p[n]) == NULL)
		n++;
	while (strchr(".,;:!?)*_-+^~'", rest.p[n - 1]) != NULL)
		n--;
	piece->kind = PIECE_URL;
	piece->end = at + n;
}

static void
brace_piece(const struct wiki_reader *reader, size_t at, size_t end, struct piece *piece)
{
	const struct wiki_tag *tag = wiki_tag_at(reader, at);
	const struct wiki_tag *close;

	if (tag == NULL) {
		if (at + 2 < end && reader->text.p[at + 2] == '}' &&
		    delimiter_of(reader->text.p[at + 1]) >= 0) {
			piece->kind = PIECE_FORCED;
			piece->end = at + 3;
		}
		return;
	}
	if (tag->end > end)
		return;
	piece->kind = tag->macro == WIKI_MONO ? PIECE_MONO : PIECE_TAG;
	piece->tag = tag;
	piece->end = tag->end;
	if (tag->match == WIKI_NO_MATCH || tag->is_closing)
		return;
	close = &reader->tags[tag->match];
	if ((tag->macro == WIKI_CODE || tag->macro == WIKI_NOFORMAT) && close->end <= end)
		piece->end = close->end;
}

/* start: of the whole that end is the end of. */
static struct piece
piece_at(const struct wiki_reader *reader, size_t start, size_t at, size_t end)
{
	const char *p = reader->text.p;
	struct piece piece = { .end = at };

	switch (p[at]) {
	case '\n':
		piece.kind = PIECE_LINE;
		piece.end = at + 1;
		break;
	case '\\':
		if (at + 1 >= end || !ispunct((unsigned char)p[at + 1]))
			break;
		piece.kind = p[at + 1] == '\\' ? PIECE_BREAK : PIECE_ESCAPE;
		piece.end = at + 2;
		break;
	case '{':
		brace_piece(reader, at, end, &piece);
		break;
	case '[':
		link_piece(reader, at, end, &piece);
		break;
	case '!':
		if (at == start || !is_word(p[at - 1]))
			image_piece(reader, at, end, &piece);
		break;
	case '&':
		if (at + 1 < end && p[at + 1] == '#')
			entity_piece(reader, at, end, &piece);
		break;
	case 'h':
	case 'f':
	case 'm':
		if (at == start || !is_word(p[at - 1]))
			url_piece(reader, at, end, &piece);
		break;
	default:
		break;
	}
	return piece;
}

size_t
wiki_skip(const struct wiki_reader *reader, size_t start, size_t at, size_t end)
{
	struct piece piece = piece_at(reader, start, at, end);

	return piece.kind == PIECE_LINE ? at : piece.end;
}

/* ---- which delimiters belong together -------------------------------------------------------- */

struct pairing {
	struct wiki_reader *reader;
	size_t start, end;
	size_t open[SLOTS]; /* place + 1; 0: none */
};

static void
match(struct pairing *pairing, size_t slot, size_t at)
{
	size_t open = pairing->open[slot];

	for (size_t i = 0; i < SLOTS; i++) {
		if (pairing->open[i] >= open)
			pairing->open[i] = 0;
	}
	pairing->reader->roles[open - 1] = ROLE_OPEN;
	pairing->reader->roles[at] = ROLE_CLOSE;
}

static void
forced(struct pairing *pairing, size_t at)
{
	size_t slot = COUNT(delimiters) + (size_t)delimiter_of(pairing->reader->text.p[at + 1]);

	if (pairing->open[slot] > 0)
		match(pairing, slot, at);
	else
		pairing->open[slot] = at + 1;
}

/* Returns where to go on. */
static size_t
delimiter(struct pairing *pairing, size_t slot, size_t at)
{
	const char *p = pairing->reader->text.p;
	size_t n = p[at] == '?' ? 2 : 1;
	char before = at > pairing->start ? p[at - 1] : '\n';
	char after = at + n < pairing->end ? p[at + n] : '\n';
	size_t run = at;

	if (n == 2 && (at + 1 >= pairing->end || p[at + 1] != '?'))
		return at + 1;
	if (before == p[at] || after == p[at]) {
		while (run < pairing->end && p[run] == p[at])
			run++;
		return run;
	}
	if (pairing->open[slot] > 0 && pairing->open[slot] + n - 1 < at && !is_blank(before) &&
	    !is_word(after))
		match(pairing, slot, at);
	else if (!is_word(before) && !is_blank(after))
		pairing->open[slot] = at + 1;
	return at + n;
}

static void
find_roles(struct wiki_reader *reader, size_t start, size_t end)
{
	struct pairing pairing = { .reader = reader, .start = start, .end = end };
	size_t at = start;

	while (at < end) {
		struct piece piece = piece_at(reader, start, at, end);
		int slot;

		if (piece.kind == PIECE_LINE)
			memset(pairing.open, 0, sizeof(pairing.open));
		else if (piece.kind == PIECE_FORCED)
			forced(&pairing, at);
		if (piece.kind != PIECE_NONE) {
			at = piece.end;
			continue;
		}
		slot = delimiter_of(reader->text.p[at]);
		at = slot < 0 ? at + 1 : delimiter(&pairing, (size_t)slot, at);
	}
}

/* ---- nodes ----------------------------------------------------------------------------------- */

struct line {
	struct wiki_reader *reader;
	struct doc *parent;
	struct wiki_style style;
	unsigned base;			    /* marks from around */
	unsigned marked[COUNT(delimiters)]; /* how often each is open */
	size_t run, end;		    /* text not yet added starts here */
	struct slice colors[COLOR_DEPTH];   /* around the open ones */
	unsigned colors_n, colors_refused;
};

static void
add(struct line *line, struct slice s, unsigned marks)
{
	doc_add_text(line->reader->maker, line->parent, s, line->style.marks | marks,
	    line->style.href, line->style.color);
}

static void
flush(struct line *line, size_t to, bool trims)
{
	const char *p = line->reader->text.p;

	while (trims && to > line->run && is_blank(p[to - 1]))
		to--;
	if (to > line->run)
		add(line, (struct slice){ p + line->run, to - line->run }, 0);
}

static struct doc *
node(struct line *line, enum doc_kind kind)
{
	struct doc *doc = doc_add(line->reader->maker, line->parent, kind);

	if (doc != NULL && kind == DOC_RAW)
		doc->is_inline = true;
	return doc;
}

static struct slice
dup(struct line *line, struct slice s)
{
	return doc_dup(line->reader->maker, s);
}

static void
keep(struct line *line, struct doc *doc, size_t at, size_t end)
{
	if (doc == NULL)
		return;
	doc->raw = dup(line, (struct slice){ line->reader->text.p + at, end - at });
	doc->format = TEXT_WIKI;
}

static void
put_code_point(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c >= 0x10000) {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
	} else if (c >= 0x800) {
		buf_putc(out, (char)(0xe0 | c >> 12));
	}
	buf_putc(out, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6));
	buf_putc(out, (char)(0x80 | (c & 0x3f)));
}

struct slice
wiki_unescaped(struct wiki_reader *reader, struct slice s)
{
	struct buf *out = &reader->scratch;
	size_t base = s.n > 0 ? (size_t)(s.p - reader->text.p) : 0;

	buf_clear(out);
	for (size_t i = 0; i < s.n;) {
		struct piece piece = { 0 };

		if (s.p[i] == '&' && i + 1 < s.n && s.p[i + 1] == '#')
			entity_piece(reader, base + i, base + s.n, &piece);
		if (piece.kind == PIECE_ENTITY) {
			put_code_point(out, piece.code);
			i = piece.end - base;
			continue;
		}
		i += s.p[i] == '\\' && i + 1 < s.n && ispunct((unsigned char)s.p[i + 1]);
		buf_putc(out, s.p[i++]);
	}
	return buf_view(out);
}

static void
mention(struct line *line, struct slice user, struct slice text)
{
	bool is_account = slice_starts(user, S("accountid:"));
	struct doc *doc = node(line, DOC_MENTION);

	if (doc == NULL)
		return;
	doc->id = dup(line, is_account ? (struct slice){ user.p + 10, user.n - 10 } : user);
	doc->name = is_account ? S("account-id") : S("username");
	doc->text = dup(line, wiki_unescaped(line->reader, text));
}

static void
card(struct line *line, struct slice href, struct slice text)
{
	struct doc *doc = node(line, DOC_CARD);

	if (doc == NULL)
		return;
	doc->href = dup(line, href);
	if (!slice_eq(text, href))
		doc->text = dup(line, wiki_unescaped(line->reader, text));
}

/* The address of a link's target. */
static struct slice
href_of(struct line *line, struct slice target)
{
	struct buf *out = &line->reader->scratch;

	if (target.p[0] != '^')
		return dup(line, wiki_unescaped(line->reader, target));
	target =
	    dup(line, wiki_unescaped(line->reader, (struct slice){ target.p + 1, target.n - 1 }));
	buf_clear(out);
	buf_put(out, ADDRESS_ATTACHMENT);
	address_put(out, target);
	return dup(line, buf_view(out));
}

static void
link(struct line *line, const struct piece *piece)
{
	bool has_text = piece->parts_n > 1 && !is_card(piece->parts[1]);
	struct slice target = slice_trim(piece->parts[has_text ? 1 : 0]);
	struct slice text = has_text ? piece->parts[0] : SLICE_NONE;
	struct wiki_style outer = line->style;
	size_t at;

	if (target.p[0] == '~' && target.n > 1) {
		mention(line, (struct slice){ target.p + 1, target.n - 1 }, text);
		return;
	}
	if (piece->parts_n > 1 && is_card(piece->parts[piece->parts_n - 1])) {
		card(line, target, has_text ? text : target);
		return;
	}
	line->style.href = href_of(line, target);
	if (text.n == 0) {
		if (strchr("^#", target.p[0]) != NULL)
			target = (struct slice){ target.p + 1, target.n - 1 };
		add(line, wiki_unescaped(line->reader, target), 0);
	} else {
		at = (size_t)(text.p - line->reader->text.p);
		wiki_inlines(line->reader, line->parent, at, at + text.n, &line->style);
	}
	line->style = outer;
}

/* Says width, height and alternative; what says more keeps its bytes too. */
static bool
image_attrs(struct line *line, struct doc *doc, struct slice attrs)
{
	bool is_all = true;

	while (attrs.n > 0) {
		struct slice value, rest, one = slice_cut(attrs, ',', &rest);
		struct slice key = slice_trim(slice_cut(one, '=', &value));
		uint64_t n = 0;

		if (slice_eq(key, S("alt")) && value.p != NULL)
			doc->text = dup(line, wiki_unescaped(line->reader, value));
		else if (slice_eq(key, S("width")) && slice_to_u64(value, 100000, &n))
			doc->columns = (unsigned)n;
		else if (slice_eq(key, S("height")) && slice_to_u64(value, 100000, &n))
			doc->rows = (unsigned)n;
		else
			is_all = false;
		attrs = rest;
	}
	return is_all;
}

static void
image(struct line *line, const struct piece *piece, size_t at)
{
	struct doc *doc = node(line, DOC_IMAGE);

	if (doc == NULL)
		return;
	if (address_is_url(piece->parts[0]))
		doc->href = dup(line, piece->parts[0]);
	else
		doc->id = dup(line, wiki_unescaped(line->reader, piece->parts[0]));
	if (piece->parts_n > 2 || (piece->parts_n > 1 && !image_attrs(line, doc, piece->parts[1])))
		keep(line, doc, at, piece->end);
}

/* {color} within the line changes the color; every other macro is kept. */
static void
tag(struct line *line, const struct piece *piece, size_t at)
{
	const struct wiki_tag *one = piece->tag;
	struct doc *doc;

	if (one->macro == WIKI_COLOR && one->match != WIKI_NO_MATCH) {
		const struct wiki_tag *other = &line->reader->tags[one->match];

		if (!one->is_closing && other->end <= line->end && line->colors_n < COLOR_DEPTH) {
			line->colors[line->colors_n++] = line->style.color;
			line->style.color = wiki_tag_params(line->reader, one);
			return;
		}
		line->colors_refused += !one->is_closing && other->end <= line->end;
		if (one->is_closing && line->colors_refused > 0) {
			line->colors_refused--;
		} else if (one->is_closing && line->colors_n > 0) {
			line->style.color = line->colors[--line->colors_n];
			return;
		}
	}
	doc = node(line, DOC_RAW);
	keep(line, doc, at, piece->end);
	if (doc != NULL)
		doc->name = dup(line, wiki_tag_name(line->reader, one));
}

static void
mark(struct line *line, size_t slot, enum role role)
{
	if (role == ROLE_OPEN)
		line->marked[slot]++;
	else if (line->marked[slot] > 0)
		line->marked[slot]--;
	line->style.marks = line->base;
	for (size_t i = 0; i < COUNT(delimiters); i++)
		line->style.marks |= line->marked[i] > 0 ? delimiters[i].mark : 0;
}

/* A line's end, or \\; returns where to go on. */
static size_t
line_break(struct line *line, const struct piece *piece)
{
	const char *p = line->reader->text.p;
	size_t at = piece->end;
	bool may_end_line = piece->kind == PIECE_BREAK;

	(void)node(line, DOC_BREAK);
	while (
	    at < line->end && (p[at] == ' ' || p[at] == '\t' || (may_end_line && p[at] == '\n'))) {
		may_end_line = may_end_line && p[at] != '\n';
		at++;
	}
	return at;
}

/* Returns where to go on. */
static size_t
piece_add(struct line *line, const struct piece *piece, size_t at)
{
	const char *p = line->reader->text.p;
	char utf8[8];
	struct buf code = { .p = utf8, .cap = sizeof(utf8), .ceiling_bytes = sizeof(utf8) };

	switch (piece->kind) {
	case PIECE_LINE:
	case PIECE_BREAK:
		return line_break(line, piece);
	case PIECE_ESCAPE:
		add(line, (struct slice){ p + at + 1, 1 }, 0);
		break;
	case PIECE_ENTITY:
		put_code_point(&code, piece->code);
		add(line, buf_view(&code), 0);
		break;
	case PIECE_MONO:
		add(line,
		    wiki_unescaped(line->reader, (struct slice){ p + at + 2, piece->end - at - 4 }),
		    MARK_CODE);
		break;
	case PIECE_TAG:
		tag(line, piece, at);
		break;
	case PIECE_LINK:
		link(line, piece);
		break;
	case PIECE_IMAGE:
		image(line, piece, at);
		break;
	case PIECE_URL:
		line->style.href = (struct slice){ p + at, piece->end - at };
		add(line, line->style.href, 0);
		line->style.href = SLICE_NONE;
		break;
	default:
		break;
	}
	return piece->end;
}

/* A delimiter with a role; returns where to go on, or at when it has none. */
static size_t
delimiter_add(struct line *line, size_t at)
{
	const char *p = line->reader->text.p;
	enum role role = (enum role)line->reader->roles[at];
	bool is_forced = p[at] == '{';
	char c;

	if (role == ROLE_NONE)
		return at;
	c = is_forced ? p[at + 1] : p[at];
	flush(line, at, false);
	mark(line, (size_t)delimiter_of(c), role);
	return at + (is_forced ? 3 : c == '?' ? 2 : 1);
}

static bool
is_addable(const struct line *line, enum piece_kind kind)
{
	if (kind == PIECE_NONE || kind == PIECE_FORCED)
		return false;
	return line->style.href.n == 0 || (kind != PIECE_LINK && kind != PIECE_URL);
}

void
wiki_inlines(struct wiki_reader *reader, struct doc *parent, size_t at, size_t end,
    const struct wiki_style *style)
{
	struct line line = { .reader = reader, .parent = parent, .style = *style, .end = end };
	size_t start = at;

	line.base = style->marks;
	line.run = at;
	find_roles(reader, at, end);
	while (at < end && !reader->maker->has_failed) {
		struct piece piece = piece_at(reader, start, at, end);
		size_t next;

		if (is_addable(&line, piece.kind)) {
			flush(&line, at, piece.kind == PIECE_LINE || piece.kind == PIECE_BREAK);
			at = line.run = piece_add(&line, &piece, at);
			continue;
		}
		next = delimiter_add(&line, at);
		if (next > at)
			line.run = next;
		at = next > at ? next : piece.end > at ? piece.end : at + 1;
	}
	flush(&line, end, false);
}

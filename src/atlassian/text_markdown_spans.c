/*
 * A line of Markdown: texts with marks that nest and read back as the same, and what stands between
 * them.  Emphasis neither begins nor ends with white space (it is moved out), delimiters that would
 * run together take turns between * and _, and where a letter stands in the way of a delimiter the
 * letter is written as an entity.  Characters are escaped only where they would mean something.
 */
#include "atlassian/text.h"
#include "atlassian/text_address.h"
#include "atlassian/text_markdown.h"

#define EMPHASIS (MARK_STRONG | MARK_EM | MARK_STRIKE)

/* What can be open around a text, in the order in which equals are opened. */
enum layer { LINK, COLOR, UNDERLINE, SUB, SUP, STRONG, EM, STRIKE, LAYERS_N };

struct layer_row {
	unsigned mark;
	const char *open, *close; /* {} in emphasis: see delimiter() */
};

/* clang-format off */
static const struct layer_row layers[LAYERS_N] = {
	[LINK] =      { 0,		"[",	NULL },
	[COLOR] =     { 0,		NULL,	"</span>" },
	[UNDERLINE] = { MARK_UNDERLINE,	"<u>",	"</u>" },
	[SUB] =	      { MARK_SUB,	"<sub>", "</sub>" },
	[SUP] =	      { MARK_SUP,	"<sup>", "</sup>" },
	[STRONG] =    { MARK_STRONG,	"**",	"__" },
	[EM] =	      { MARK_EM,	"*",	"_" },
	[STRIKE] =    { MARK_STRIKE,	"~~",	"~~" },
};
/* clang-format on */

/* A text, a part of one, or another inline. */
struct piece {
	const struct doc *doc;
	struct slice text; /* of DOC_TEXT */
	unsigned marks, left;
	bool is_text;  /* also an emoji that is a character */
	bool is_blank; /* white space at an end of a text */
	bool is_bare;  /* a link that is its own text */
};

struct open_layer {
	enum layer layer;
	char c; /* of emphasis */
};

/* One delimiter between two pieces. */
struct delimiter {
	enum layer layer;
	bool is_open;
	char c; /* of emphasis, else 0 */
	struct slice value;
};

#define DELIMITERS (2 * LAYERS_N)

struct spans {
	struct markdown_writer *writer;
	struct buf *out;
	enum span_place place;
	const struct piece *pieces;
	size_t n;
	struct open_layer stack[LAYERS_N];
	unsigned depth;
	struct delimiter delimiters[DELIMITERS];
	unsigned delimiters_n;
};

/* ---- what stands beside a delimiter ---------------------------------------------------------- */

static bool
is_plain_text(const struct piece *piece)
{
	return piece->is_text && (piece->marks & MARK_CODE) == 0;
}

/* One character that a delimiter behind it may turn into an entity. */
static bool
is_unsure(const struct piece *pieces, size_t n, size_t i, size_t length)
{
	return length == pieces[i].text.n && i + 1 < n &&
	    (pieces[i + 1].marks & EMPHASIS & ~pieces[i].marks) != 0;
}

static enum side
first_side(const struct piece *pieces, size_t n, size_t i)
{
	unsigned code;
	size_t length;

	if (i == n || pieces[i].doc->kind == DOC_BREAK)
		return SIDE_BLANK;
	if (!is_plain_text(&pieces[i]))
		return SIDE_PUNCTUATION;
	length = first_character(pieces[i].text, &code);
	if (markdown_side(code) == SIDE_LETTER && is_unsure(pieces, n, i, length))
		return SIDE_MAYBE;
	return markdown_side(code);
}

/* was_coded: its first character is an entity. */
static enum side
last_side(const struct piece *piece, bool was_coded)
{
	unsigned code;

	if (piece->doc->kind == DOC_BREAK)
		return SIDE_BLANK;
	if (!is_plain_text(piece))
		return SIDE_PUNCTUATION;
	if (last_character(piece->text, &code) == piece->text.n && was_coded)
		return SIDE_PUNCTUATION;
	return markdown_side(code);
}

/* ---- escapes --------------------------------------------------------------------------------- */

/* What surrounds a text. */
struct around {
	bool at_line_start, at_line_end;
	bool in_label;		    /* between brackets, or as words in braces */
	bool before_label;	    /* a bracket follows */
	bool code_first, code_last; /* these characters as entities */
};

static void
put_code_point(struct buf *out, unsigned code)
{
	buf_printf(out, "&#%u;", code);
}

/* An entity would be read at s. */
static bool
is_entity_like(struct slice s)
{
	size_t i = 1;

	while (i < s.n && i < 50 && (markdown_is_alnum(s.p[i]) || s.p[i] == '#'))
		i++;
	return i == s.n || (i > 1 && s.p[i] == ';');
}

static bool
is_word(struct slice s)
{
	static const char *const words[] = { "{status:", "{date:", "{emoji:", "{expand" };

	for (size_t i = 0; i < COUNT(words); i++) {
		if (slice_starts(s, slice_of(words[i])))
			return true;
	}
	return false;
}

static char
at_or(struct slice s, size_t i, char otherwise)
{
	return i < s.n ? s.p[i] : otherwise;
}

/*
 * Whether the character at i means something wherever it stands.
 * long: a case a character
 */
static bool
means_something(const struct spans *spans, struct slice s, size_t i, const struct around *around)
{
	char c = s.p[i], next = at_or(s, i + 1, '\0'), before = i > 0 ? s.p[i - 1] : '\0';
	struct slice rest = { s.p + i, s.n - i };

	switch (c) {
	case '`':
	case '*':
	case '[':
	case '~':
		return true;
	case '\\':
		return next == '\0' || markdown_is_punctuation(next) || markdown_is_blank(next);
	case '_':
		return !markdown_is_alnum(before) || !markdown_is_alnum(next);
	case ']':
	case '}':
		return around->in_label;
	case '<':
		return next == '\0' || next == '/' || next == '!' || next == '?' ||
		    markdown_is_alnum(next);
	case '&':
		return is_entity_like(rest);
	case '|':
		return spans->place == SPAN_CELL;
	case '{':
		return is_word(rest);
	case ':':
		return next == '/' && markdown_is_alnum(before);
	case '!':
	case '@':
		return i + 1 == s.n && around->before_label;
	case '#':
		return spans->place == SPAN_HEADING && (i == 0 || markdown_is_blank(before));
	default:
		return false;
	}
}

/* How far a line's first characters would be taken for a block; the one there is escaped. */
static size_t
block_sign(struct slice s)
{
	char next = at_or(s, 1, ' ');
	size_t n = 0;

	switch (s.p[0]) {
	case '>':
	case '=':
	case '|':
	case ':':
		return 0;
	case '-':
	case '+':
		return markdown_is_alnum(next) ? SIZE_MAX : 0;
	case '#':
		while (n < s.n && s.p[n] == '#')
			n++;
		return n <= 6 && markdown_is_blank(at_or(s, n, ' ')) ? 0 : SIZE_MAX;
	default:
		while (n < s.n && n < 10 && s.p[n] >= '0' && s.p[n] <= '9')
			n++;
		if (n == 0 || n == s.n || (s.p[n] != '.' && s.p[n] != ')') ||
		    !markdown_is_blank(at_or(s, n + 1, ' ')))
			return SIZE_MAX;
		return n;
	}
}

static void
put_escaped(const struct spans *spans, struct slice s, const struct around *around)
{
	size_t sign = around->at_line_start && s.n > 0 ? block_sign(s) : SIZE_MAX, n, i;
	unsigned code;
	bool is_edge;

	for (i = 0; i < s.n; i += n) {
		n = first_character((struct slice){ s.p + i, s.n - i }, &code);
		is_edge =
		    (i == 0 && around->at_line_start) || (i + n == s.n && around->at_line_end);
		if ((i == 0 && around->code_first) || (i + n == s.n && around->code_last) ||
		    (is_edge && markdown_is_blank(s.p[i])) || (code < ' ' && code != '\t') ||
		    code == 0x7f) {
			if (n > 1 || code < 0x80)
				put_code_point(spans->out, code);
			else
				buf_putc(spans->out, s.p[i]);
			continue;
		}
		if (i == sign || (n == 1 && means_something(spans, s, i, around)))
			buf_putc(spans->out, '\\');
		buf_put(spans->out, (struct slice){ s.p + i, n });
	}
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static size_t
leading_blanks(struct slice s)
{
	size_t at = 0, n;
	unsigned code;

	for (; at < s.n; at += n) {
		n = first_character((struct slice){ s.p + at, s.n - at }, &code);
		if (code < 0x80 ? !markdown_is_blank((char)code) : !markdown_is_wide_blank(code))
			break;
	}
	return at;
}

static size_t
trailing_blanks(struct slice s)
{
	size_t n = 0, one;
	unsigned code;

	for (; n < s.n; n += one) {
		one = last_character((struct slice){ s.p, s.n - n }, &code);
		if (code < 0x80 ? !markdown_is_blank((char)code) : !markdown_is_wide_blank(code))
			break;
	}
	return n;
}

static bool
is_character(const struct doc *emoji)
{
	return emoji->text.n > 0 && (emoji->text.p[0] & 0x80) != 0;
}

static void
add_piece(struct piece *pieces, size_t *n, const struct doc *doc, struct slice text, bool is_blank)
{
	if (text.n == 0 && doc->kind == DOC_TEXT)
		return;
	pieces[(*n)++] = (struct piece){
		.doc = doc,
		.text = text,
		.marks = doc->kind == DOC_TEXT ? doc->marks : 0,
		.is_text = doc->kind == DOC_EMOJI ? is_character(doc) : doc->kind == DOC_TEXT,
		.is_blank = is_blank,
	};
}

/* White space at the ends of emphasised text is a piece of its own. */
static void
split(struct piece *pieces, size_t *n, const struct doc *doc)
{
	struct slice text = doc->text;
	size_t before = 0, after = 0;

	if (doc->kind != DOC_TEXT) {
		add_piece(pieces, n, doc, text, false);
		return;
	}
	if ((doc->marks & EMPHASIS) != 0 && (doc->marks & MARK_CODE) == 0) {
		before = leading_blanks(text);
		after = before < text.n ? trailing_blanks(text) : 0;
	}
	add_piece(pieces, n, doc, (struct slice){ text.p, before }, true);
	add_piece(
	    pieces, n, doc, (struct slice){ text.p + before, text.n - before - after }, false);
	add_piece(pieces, n, doc, (struct slice){ text.p + text.n - after, after }, true);
}

/* White space keeps the emphasis that stands on both of its sides. */
static void
move_blanks(struct piece *pieces, size_t n)
{
	unsigned marks = 0;

	for (size_t i = 0; i < n; i++) {
		marks = pieces[i].is_blank ? pieces[i].marks & marks : pieces[i].marks;
		pieces[i].left = marks;
	}
	marks = 0;
	for (size_t i = n; i-- > 0;) {
		marks = pieces[i].is_blank ? pieces[i].marks & marks : pieces[i].marks;
		if (pieces[i].is_blank)
			pieces[i].marks &= ~EMPHASIS | (marks & pieces[i].left);
	}
}

static bool
is_unstyled(const struct piece *piece)
{
	return piece->doc->kind == DOC_BREAK ||
	    (piece->doc->kind == DOC_TEXT && piece->marks == 0 && piece->doc->href.n == 0 &&
		piece->doc->color.n == 0);
}

/* Nothing, or plain text with a space that stays one, stands on that side. */
static bool
is_free(const struct piece *pieces, size_t n, size_t i, bool is_after)
{
	size_t beside = is_after ? i + 1 : i - 1, beyond = is_after ? i + 2 : i - 2;
	struct slice s;

	if (beside >= n || pieces[beside].doc->kind == DOC_BREAK)
		return true;
	s = pieces[beside].text;
	if (!is_unstyled(&pieces[beside]) || s.p[is_after ? 0 : s.n - 1] != ' ')
		return false;
	return s.n > 1 || (beyond < n && pieces[beyond].doc->kind != DOC_BREAK);
}

/* A link that may stand as it is: between white space, of harmless characters. */
static bool
is_bare(const struct piece *pieces, size_t n, size_t i)
{
	const struct doc *doc = pieces[i].doc;
	struct slice s = pieces[i].text;

	if (doc->kind != DOC_TEXT || pieces[i].marks != 0 || doc->color.n > 0 ||
	    !slice_eq(s, doc->href) || s.n < 10 || !markdown_is_alnum(s.p[s.n - 1]) ||
	    (!slice_starts(s, S("https://")) && !slice_starts(s, S("http://"))))
		return false;
	for (size_t at = 8; at < s.n; at++) {
		if (!markdown_is_alnum(s.p[at]) && memchr("-./", s.p[at], 3) == NULL)
			return false;
		if (!markdown_is_alnum(s.p[at]) &&
		    (!markdown_is_alnum(s.p[at - 1]) || !markdown_is_alnum(s.p[at + 1])))
			return false;
	}
	return is_free(pieces, n, i, false) && is_free(pieces, n, i, true);
}

/* ---- layers ---------------------------------------------------------------------------------- */

static struct slice
layer_value(const struct piece *piece, enum layer layer)
{
	if (piece->doc->kind != DOC_TEXT || piece->is_bare)
		return SLICE_NONE;
	if (layer == LINK)
		return piece->doc->href;
	return html_is_color(piece->doc->color) ? piece->doc->color : SLICE_NONE;
}

static bool
has_layer(const struct piece *piece, enum layer layer)
{
	if (layers[layer].mark != 0)
		return (piece->marks & layers[layer].mark) != 0;
	return layer_value(piece, layer).n > 0;
}

/* Both are in the same link, of the same colour, ... */
static bool
is_same(const struct piece *a, const struct piece *b, enum layer layer)
{
	return has_layer(a, layer) && has_layer(b, layer) &&
	    (layers[layer].mark != 0 || slice_eq(layer_value(a, layer), layer_value(b, layer)));
}

static size_t
run_length(const struct spans *spans, size_t from, enum layer layer)
{
	size_t at = from + 1;

	while (at < spans->n && is_same(&spans->pieces[from], &spans->pieces[at], layer))
		at++;
	return at - from;
}

static void
add_delimiter(struct spans *spans, enum layer layer, bool is_open, char c, struct slice value)
{
	must(spans->delimiters_n < DELIMITERS);
	spans->delimiters[spans->delimiters_n++] = (struct delimiter){ layer, is_open, c, value };
}

static void
close_layers(struct spans *spans, size_t i, unsigned to)
{
	while (spans->depth > to) {
		struct open_layer *top = &spans->stack[--spans->depth];

		add_delimiter(spans, top->layer, false, top->c,
		    layer_value(&spans->pieces[i - 1], top->layer));
	}
}

/* Emphasis with * is open around the place between two pieces. */
static bool
is_in_stars(const struct spans *spans)
{
	for (unsigned i = 0; i < spans->depth; i++) {
		if (spans->stack[i].c == '*')
			return true;
	}
	return false;
}

/*
 * Runs of delimiters that do not belong together are of different characters.  Inside of *, another
 * * between punctuation would close it.
 */
static char
character_for(const struct spans *spans, enum layer layer, size_t i)
{
	unsigned n = spans->delimiters_n;
	const struct delimiter *last = n > 0 ? &spans->delimiters[n - 1] : NULL;
	enum side before, after;

	if (layer == STRIKE)
		return '~';
	if (layer < STRONG)
		return '\0';
	if (last != NULL && (last->c == '*' || last->c == '_'))
		return last->is_open == (last->c == '*') ? '*' : '_';
	if (!is_in_stars(spans))
		return '*';
	before = i > 0 ? last_side(&spans->pieces[i - 1], false) : SIDE_BLANK;
	after = first_side(spans->pieces, spans->n, i);
	if (n == 0 && (before == SIDE_BLANK || (before == SIDE_LETTER && after == SIDE_LETTER)))
		return '*';
	return '_';
}

static bool
is_layer_open(const struct spans *spans, enum layer layer)
{
	for (unsigned i = 0; i < spans->depth; i++) {
		if (spans->stack[i].layer == layer)
			return true;
	}
	return false;
}

/* Longer ones outside. */
static void
open_layers(struct spans *spans, size_t i)
{
	size_t longest, n;
	enum layer best;
	char c;

	for (;;) {
		longest = 0;
		best = LAYERS_N;
		for (unsigned layer = 0; layer < LAYERS_N; layer++) {
			if (!has_layer(&spans->pieces[i], layer) || is_layer_open(spans, layer))
				continue;
			n = run_length(spans, i, layer);
			if (n > longest) {
				longest = n;
				best = layer;
			}
		}
		if (best == LAYERS_N)
			return;
		c = character_for(spans, best, i);
		spans->stack[spans->depth++] = (struct open_layer){ best, c };
		add_delimiter(spans, best, true, c, layer_value(&spans->pieces[i], best));
	}
}

/* What closes and opens between the pieces i - 1 and i. */
static void
find_delimiters(struct spans *spans, size_t i)
{
	unsigned keep = 0;

	spans->delimiters_n = 0;
	while (keep < spans->depth && i < spans->n &&
	    is_same(&spans->pieces[i - 1], &spans->pieces[i], spans->stack[keep].layer))
		keep++;
	close_layers(spans, i, keep);
	if (i < spans->n)
		open_layers(spans, i);
}

static bool
is_one_run(const struct delimiter *a, const struct delimiter *b)
{
	return a->c != '\0' && a->c == b->c && a->is_open == b->is_open;
}

/*
 * Whether the characters beside the delimiters must be entities (CommonMark 0.30, 6.2: a run beside
 * punctuation needs white space or punctuation on its other side; _ needs it always).
 */
static void
find_entities(const struct spans *spans, enum side before, enum side after, bool *code_before,
    bool *code_after)
{
	const struct delimiter *all = spans->delimiters, *first = all, *last;
	unsigned n = spans->delimiters_n, head = 1;
	enum side right;
	bool is_strict;

	*code_before = *code_after = false;
	if (n == 0)
		return;
	last = &all[n - 1];
	while (head < n && is_one_run(&all[head - 1], &all[head]))
		head++;
	right = head == n ? after : SIDE_PUNCTUATION;
	is_strict = first->c == '_';
	if (first->c != '\0' && first->is_open) {
		is_strict |= right == SIDE_PUNCTUATION || right == SIDE_MAYBE;
		*code_before = is_strict && before >= SIDE_MAYBE;
	} else if (first->c != '\0') {
		is_strict |= before == SIDE_PUNCTUATION || before == SIDE_MAYBE;
		*code_after = is_strict && right >= SIDE_MAYBE;
	}
	if (head < n && last->c != '\0' && !last->is_open)
		*code_after |= after >= SIDE_MAYBE;
}

/* ---- printing -------------------------------------------------------------------------------- */

static bool
is_easy_address(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '&' && is_entity_like((struct slice){ s.p + i, s.n - i }))
			return false;
		if (!markdown_is_alnum(s.p[i]) && (s.p[i] & 0x80) == 0 &&
		    memchr("-._~/:?#@!$'*+,;=%&", s.p[i], 19) == NULL)
			return false;
	}
	return s.n > 0;
}

static void
put_address(const struct spans *spans, struct slice s)
{
	if (is_easy_address(s)) {
		buf_put(spans->out, s);
		return;
	}
	buf_putc(spans->out, '<');
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((unsigned char)c < ' ' || c == 0x7f) {
			put_code_point(spans->out, (unsigned char)c);
			continue;
		}
		if (memchr("<>\\&|*_`[]", c, 10) != NULL)
			buf_putc(spans->out, '\\');
		buf_putc(spans->out, c);
	}
	buf_putc(spans->out, '>');
}

static void
put_delimiter(const struct spans *spans, const struct delimiter *delimiter)
{
	const struct layer_row *row = &layers[delimiter->layer];

	if (delimiter->layer == LINK && !delimiter->is_open) {
		buf_puts(spans->out, "](");
		put_address(spans, delimiter->value);
		buf_putc(spans->out, ')');
	} else if (delimiter->layer == COLOR && delimiter->is_open) {
		buf_puts(spans->out, "<span style=\"color: ");
		buf_put(spans->out, delimiter->value);
		buf_puts(spans->out, "\">");
	} else if (delimiter->c != '\0') {
		buf_puts(spans->out, delimiter->c == '_' ? row->close : row->open);
	} else {
		buf_puts(spans->out, delimiter->is_open ? row->open : row->close);
	}
}

/* Code in a line; has_lines: line ends as \n. */
static void
put_code(const struct spans *spans, struct slice start, struct slice s, bool has_lines)
{
	size_t ticks = markdown_longest(s, '`') + 1;
	bool is_padded = start.n == 0 && s.n > 0 && s.p[0] == '`';

	is_padded |= s.n > 0 && s.p[s.n - 1] == '`';
	is_padded |= start.n == 0 && s.n > 0 && markdown_is_blank(s.p[0]) &&
	    markdown_is_blank(s.p[s.n - 1]) && slice_trim(s).n > 0;
	markdown_repeat(spans->out, '`', ticks);
	if (is_padded)
		buf_putc(spans->out, ' ');
	buf_put(spans->out, start);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (has_lines && (c == '\n' || c == '\r' || c == '\\')) {
			buf_puts(spans->out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\\\");
			continue;
		}
		if (c == '|' && spans->place == SPAN_CELL)
			buf_putc(spans->out, '\\');
		buf_putc(spans->out, c == '\n' || c == '\r' ? ' ' : c);
	}
	if (is_padded)
		buf_putc(spans->out, ' ');
	markdown_repeat(spans->out, '`', ticks);
}

static void
put_raw(const struct spans *spans, const struct doc *doc)
{
	bool has_lines = memchr(doc->raw.p, '\n', doc->raw.n) != NULL ||
	    memchr(doc->raw.p, '\r', doc->raw.n) != NULL;
	struct buf start;

	buf_init(&start, NULL, 64);
	buf_printf(
	    &start, has_lines ? "{raw-lines:%s}" : "{raw:%s}", text_format_name(doc->format));
	put_code(spans, buf_view(&start), doc->raw, has_lines);
	buf_fini(&start);
}

static void
put_label(const struct spans *spans, struct slice s)
{
	struct around around = { .in_label = true, .before_label = true };

	put_escaped(spans, s, &around);
}

static void
put_mention(const struct spans *spans, const struct doc *doc)
{
	struct buf address;

	if (doc->text.n == 0 && is_easy_address(doc->id)) {
		buf_puts(spans->out, "[~accountid:");
		buf_put(spans->out, doc->id);
		buf_putc(spans->out, ']');
		return;
	}
	buf_init(&address, NULL, doc->id.n + 16);
	buf_puts(&address, "accountid:");
	buf_put(&address, doc->id);
	buf_puts(spans->out, "@[");
	put_label(spans, doc->text);
	buf_puts(spans->out, "](");
	put_address(spans, buf_view(&address));
	buf_putc(spans->out, ')');
	buf_fini(&address);
}

/* An image without an address is an attachment, by the name of its file. */
static void
put_image(const struct spans *spans, const struct doc *doc)
{
	struct buf address;

	buf_init(&address, NULL, 3 * doc->id.n + 16);
	if (doc->href.n == 0 && doc->id.n > 0) {
		buf_put(&address, ADDRESS_ATTACHMENT);
		address_put(&address, doc->id);
	}
	buf_puts(spans->out, "![");
	put_label(spans, doc->text);
	buf_puts(spans->out, "](");
	put_address(spans, address.n > 0 ? buf_view(&address) : doc->href);
	buf_putc(spans->out, ')');
	buf_fini(&address);
}

/* {name:text|option=value} */
static void
put_word(const struct spans *spans, const char *name, struct slice text, const char *option,
    struct slice value)
{
	buf_putc(spans->out, '{');
	buf_puts(spans->out, name);
	buf_putc(spans->out, ':');
	put_label(spans, text);
	if (value.n > 0 || memchr(text.p != NULL ? text.p : "", '|', text.n) != NULL) {
		buf_puts(spans->out, spans->place == SPAN_CELL ? "\\|" : "|");
		buf_puts(spans->out, option);
		buf_putc(spans->out, '=');
		put_label(spans, value);
	}
	buf_putc(spans->out, '}');
}

static void
put_card(const struct spans *spans, const struct doc *doc)
{
	bool is_plain =
	    slice_starts(doc->href, S("http://")) || slice_starts(doc->href, S("https://"));

	for (size_t i = 0; i < doc->href.n && is_plain; i++)
		is_plain = doc->href.p[i] > ' ' && memchr("<>|\\&`", doc->href.p[i], 6) == NULL;
	if (is_plain) {
		buf_putc(spans->out, '<');
		buf_put(spans->out, doc->href);
		buf_putc(spans->out, '>');
		return;
	}
	buf_putc(spans->out, '[');
	put_label(spans, doc->href);
	buf_puts(spans->out, "](");
	put_address(spans, doc->href);
	buf_putc(spans->out, ')');
}

/* Where the line goes on with something, a backslash at its end; elsewhere the tag. */
static void
put_break(const struct spans *spans, size_t i)
{
	if (spans->place != SPAN_PARAGRAPH || i + 1 >= spans->n ||
	    spans->pieces[i + 1].doc->kind == DOC_BREAK) {
		buf_puts(spans->out, "<br>");
		return;
	}
	buf_putc(spans->out, '\\');
	markdown_new_line(spans->writer);
}

/* Any inline but a text and a break. */
static void
put_other(const struct spans *spans, const struct doc *doc)
{
	switch (doc->kind) {
	case DOC_IMAGE:
		put_image(spans, doc);
		break;
	case DOC_MENTION:
		put_mention(spans, doc);
		break;
	case DOC_EMOJI:
		put_word(spans, "emoji", doc->name, "id", doc->id);
		break;
	case DOC_DATE:
		put_word(spans, "date", doc->text, "", SLICE_NONE);
		break;
	case DOC_STATUS:
		put_word(spans, "status", doc->text, "color", doc->color);
		break;
	case DOC_CARD:
		put_card(spans, doc);
		break;
	default: /* macros and what is not understood */
		if (doc->raw.n > 0)
			put_raw(spans, doc);
		else
			put_label(spans, doc->text.n > 0 ? doc->text : doc->name);
		break;
	}
}

static bool
starts_label(const struct piece *piece)
{
	return piece->doc->kind == DOC_MENTION && piece->doc->text.n == 0;
}

static bool
is_at_line_start(const struct spans *spans, size_t i)
{
	return i == 0 || spans->pieces[i - 1].doc->kind == DOC_BREAK;
}

static void
put_piece(const struct spans *spans, size_t i, bool code_first, bool code_last, bool is_styled)
{
	const struct piece *piece = &spans->pieces[i];
	const struct delimiter *next = spans->delimiters_n > 0 ? spans->delimiters : NULL;
	struct around around = { .code_first = code_first, .code_last = code_last };
	bool is_last = i + 1 == spans->n;

	if (piece->doc->kind == DOC_BREAK) {
		put_break(spans, i);
	} else if (!piece->is_text) {
		put_other(spans, piece->doc);
	} else if ((piece->marks & MARK_CODE) != 0) {
		put_code(spans, SLICE_NONE, piece->text, false);
	} else if (piece->is_bare) {
		buf_put(spans->out, piece->text);
	} else {
		around.at_line_start = is_at_line_start(spans, i) && !is_styled;
		around.at_line_end = is_last || spans->pieces[i + 1].doc->kind == DOC_BREAK;
		around.in_label = piece->doc->href.n > 0;
		around.before_label = (next != NULL && next->layer == LINK && next->is_open) ||
		    (next == NULL && !is_last && starts_label(&spans->pieces[i + 1]));
		put_escaped(spans, piece->text, &around);
	}
}

static bool
is_code(const struct piece *piece)
{
	return piece->doc->kind == DOC_TEXT ? (piece->marks & MARK_CODE) != 0
					    : piece->doc->raw.n > 0;
}

/* Each piece is printed when what follows it is known. */
static void
put_pieces(struct spans *spans)
{
	bool code_first = false, code_last, code_next, is_styled = false;

	for (size_t i = 0; i <= spans->n; i++) {
		enum side before = SIDE_BLANK, after = first_side(spans->pieces, spans->n, i);

		if (i == 0) {
			spans->delimiters_n = 0;
			open_layers(spans, 0);
		} else {
			find_delimiters(spans, i);
		}
		if (i > 0)
			before = last_side(&spans->pieces[i - 1], code_first);
		find_entities(spans, before, after, &code_last, &code_next);
		if (i > 0)
			put_piece(spans, i - 1, code_first, code_last, is_styled);
		for (unsigned d = 0; d < spans->delimiters_n; d++)
			put_delimiter(spans, &spans->delimiters[d]);
		/* Backticks must not run together; an empty tag is nothing. */
		if (i > 0 && i < spans->n && spans->delimiters_n == 0 &&
		    is_code(&spans->pieces[i - 1]) && is_code(&spans->pieces[i]))
			buf_puts(spans->out, "<u></u>");
		is_styled = spans->delimiters_n > 0;
		code_first = code_next;
	}
}

const struct doc *
markdown_put_spans(struct markdown_writer *writer, const struct doc *first, enum span_place place)
{
	struct spans spans = { .writer = writer, .out = writer->out, .place = place };
	const struct doc *at;
	struct piece *pieces;
	struct arena arena;
	struct err err;
	size_t most = 0, n = 0;

	for (at = first; at != NULL && !doc_is_block(at); at = at->next)
		most += 3;
	if (most == 0)
		return at;
	arena_init(&arena, writer->out->memory, SIZE_MAX / 2);
	if (!arena_reserve(&arena, most * sizeof(*pieces), &err)) {
		writer->out->overflow = true;
		return at;
	}
	pieces = ARENA_ARRAY(&arena, struct piece, most);
	for (at = first; at != NULL && !doc_is_block(at); at = at->next)
		split(pieces, &n, at);
	move_blanks(pieces, n);
	for (size_t i = 0; i < n; i++)
		pieces[i].is_bare = is_bare(pieces, n, i);
	spans.pieces = pieces;
	spans.n = n;
	if (n > 0)
		put_pieces(&spans);
	arena_fini(&arena);
	return at;
}

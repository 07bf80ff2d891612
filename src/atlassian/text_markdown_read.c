/*
 * Markdown into a tree.  md4c finds the blocks and spans of CommonMark; its callbacks build the
 * tree as they come, and never wait.  What CommonMark has no word for is found here: panels,
 * expands and tables of blocks in blocks of HTML that text_markdown_lines.c made, mentions,
 * statuses, dates and emojis in plain text, marks in tags of HTML.  Text that means nothing special
 * is kept as it is written.
 */
#include <md4c.h>

#include "atlassian/text.h"
#include "atlassian/text_address.h"
#include "atlassian/text_markdown.h"

#define COLORS 16 /* nested; deeper ones are text */

enum { SPAN_COUNTS = 7 };

struct reader {
	struct doc_maker *maker;
	struct fenced_text fenced;
	struct doc *at;	  /* where the next node belongs */
	bool is_implicit; /* at is a paragraph that the parser does not know of */
	/* text that waits for its style to end, and a BYTE_ of each of its bytes */
	struct buf text, bytes;
	unsigned counts[SPAN_COUNTS]; /* of each mark: how often it is open */
	struct slice href;
	struct slice colors[COLORS];
	unsigned colors_n;
	const char *link_text; /* of a link: its first byte in the source, NULL: none seen */
	bool link_has_text;
	const char *escaped; /* the last character with a backslash before it */
	bool in_code, in_html, in_cell;
	bool is_fence_line; /* in HTML: the end of this line is not text */
	bool has_html_line; /* in HTML: a line ended */
	bool has_at_sign;   /* the last byte that waits is an '@' */
	unsigned images;    /* nested; what they hold is their alternative text */
	struct buf alternative;
	struct slice mention; /* id: in the name of a mention, which counts as an image */
	unsigned indent;      /* spaces that the parser put before a line of code */
};

static bool
is_ok(struct reader *r)
{
	if (!r->maker->has_failed && !buf_check(&r->text, r->maker->err))
		r->maker->has_failed = true;
	return !r->maker->has_failed;
}

/* ---- places ---------------------------------------------------------------------------------- */

static bool
takes_blocks(enum doc_kind kind)
{
	switch (kind) {
	case DOC_ROOT:
	case DOC_ITEM:
	case DOC_QUOTE:
	case DOC_CELL:
	case DOC_PANEL:
	case DOC_EXPAND:
	case DOC_TABLE:
	case DOC_ROW:
		return true;
	default:
		return false;
	}
}

static struct doc *
down(struct reader *r, enum doc_kind kind)
{
	struct doc *doc = doc_add(r->maker, r->at, kind);

	if (doc != NULL)
		r->at = doc;
	return doc;
}

/* A table's rows and cells may be left out around blocks. */
static void
enter_cell(struct reader *r, enum doc_kind kind)
{
	if (r->at->kind == DOC_TABLE && kind != DOC_ROW)
		down(r, DOC_ROW);
	if (r->at->kind == DOC_ROW && kind != DOC_CELL)
		down(r, DOC_CELL);
}

static void flush(struct reader *r);

static void
spans_end(struct reader *r)
{
	flush(r);
	memset(r->counts, 0, sizeof(r->counts));
	r->colors_n = 0;
	if (r->is_implicit) {
		r->at = r->at->parent;
		r->is_implicit = false;
	}
}

static struct doc *
block_open(struct reader *r, enum doc_kind kind)
{
	spans_end(r);
	enter_cell(r, kind);
	return is_ok(r) ? down(r, kind) : NULL;
}

/* Also leaves what was opened inside by a line of colons and never closed. */
static void
block_close(struct reader *r, enum doc_kind kind)
{
	spans_end(r);
	while (r->at->kind != kind)
		r->at = r->at->parent;
	r->at = r->at->parent;
}

/* Spans stand in a paragraph, also where the parser gives none. */
static void
paragraph_want(struct reader *r)
{
	if (!takes_blocks(r->at->kind))
		return;
	enter_cell(r, DOC_PARAGRAPH);
	if (down(r, DOC_PARAGRAPH) != NULL)
		r->is_implicit = true;
}

static struct doc *
span_add(struct reader *r, enum doc_kind kind)
{
	paragraph_want(r);
	return doc_add(r->maker, r->at, kind);
}

/* ---- text ------------------------------------------------------------------------------------ */

/* clang-format off */
static const unsigned marks[SPAN_COUNTS] = {
	MARK_STRONG, MARK_EM, MARK_STRIKE, MARK_CODE, MARK_UNDERLINE, MARK_SUB, MARK_SUP,
};
/* clang-format on */

static void
mark_count(struct reader *r, unsigned mark, bool is_end)
{
	for (unsigned i = 0; i < SPAN_COUNTS; i++) {
		if (marks[i] == mark)
			r->counts[i] += is_end ? -1u : 1u;
	}
}

static unsigned
marks_now(const struct reader *r)
{
	unsigned now = 0;

	for (unsigned i = 0; i < SPAN_COUNTS; i++)
		now |= r->counts[i] > 0 ? marks[i] : 0;
	return now;
}

static void
text_put(struct reader *r, struct slice s, char what)
{
	if (r->images > 0) {
		buf_put(&r->alternative, s);
		return;
	}
	buf_put(&r->text, s);
	if (buf_reserve(&r->bytes, s.n, r->maker->err)) {
		memset(r->bytes.p + r->bytes.n, what, s.n);
		r->bytes.n += s.n;
	} else {
		r->maker->has_failed = true;
	}
}

static void
add_text(struct reader *r, struct slice s)
{
	if (s.n == 0)
		return;
	paragraph_want(r);
	doc_add_text(r->maker, r->at, s, marks_now(r), r->href,
	    r->colors_n > 0 ? r->colors[r->colors_n - 1] : SLICE_NONE);
}

/* ---- words in plain text --------------------------------------------------------------------- */

static struct slice
tail(struct slice s, size_t at)
{
	return (struct slice){ s.p + at, s.n - at };
}

static void
add_address(struct reader *r, struct slice address)
{
	r->href = address;
	add_text(r, address);
	r->href = SLICE_NONE;
}

static void
add_word(struct reader *r, const struct markdown_word *word)
{
	struct doc *doc = span_add(r, word->kind);

	if (doc == NULL)
		return;
	switch (word->kind) {
	case DOC_EMOJI:
		doc->name = doc_dup(r->maker, word->text);
		doc->id = doc_dup(r->maker, word->option);
		break;
	case DOC_MENTION:
		doc->id = doc_dup(r->maker, word->text);
		break;
	default:
		doc->text = doc_dup(r->maker, word->text);
		doc->color = doc_dup(r->maker, word->option);
		break;
	}
}

/* Text up to the next word, and that word.  Returns how much that was. */
static size_t
flush_some(struct reader *r, struct slice s, const char *bytes)
{
	struct markdown_word word;

	if (!markdown_word_find(s, bytes, r->href.n > 0, &word)) {
		add_text(r, s);
		return s.n;
	}
	add_text(r, (struct slice){ s.p, word.at });
	if (word.kind == DOC_TEXT)
		add_address(r, word.text);
	else
		add_word(r, &word);
	return word.at + word.n;
}

/* What waits gets the style of now. */
static void
flush(struct reader *r)
{
	struct slice s = buf_view(&r->text);
	size_t at = 0;

	if (!is_ok(r))
		return;
	while (at < s.n && !r->maker->has_failed)
		at += flush_some(r, tail(s, at), r->bytes.p + at);
	buf_clear(&r->text);
	buf_clear(&r->bytes);
	r->has_at_sign = false;
}

/* ---- source ---------------------------------------------------------------------------------- */

/* Where p stands in the text that the parser reads; false: not in it. */
static bool
offset_of(const struct reader *r, const char *p, size_t *out)
{
	uintptr_t at = (uintptr_t)p, from = (uintptr_t)r->fenced.text.p;

	if (at < from || at >= from + r->fenced.text.n)
		return false;
	*out = at - from;
	return true;
}

/* The bytes that were not in the input are left out again. */
static void
source_put(struct reader *r, struct slice s, char what)
{
	struct fence_mark mark;
	size_t at, end;

	if (!offset_of(r, s.p, &at)) {
		text_put(r, s, what);
		return;
	}
	while (s.n > 0) {
		if (!fenced_text_next(&r->fenced, at, &mark) || mark.at >= at + s.n) {
			text_put(r, s, what);
			return;
		}
		if (mark.at > at)
			text_put(r, (struct slice){ s.p, mark.at - at }, what);
		end = mark.at + mark.n - at;
		end = end < s.n ? end : s.n;
		s = tail(s, end);
		at += end;
	}
}

/*
 * The parser gives the indentation of a line of code as spaces.  Where it was written with tabs
 * that begin where the code does, they are given back.
 */
static void
indent_put(struct reader *r, const char *line)
{
	const char *from = r->fenced.text.p, *at = line;
	unsigned column = 0, start, wanted = r->indent;
	size_t offset;

	r->indent = 0;
	if (wanted == 0)
		return;
	if (offset_of(r, line, &offset)) {
		while (at > from && at[-1] != '\n' && at[-1] != '\r')
			at--;
		for (const char *p = at; p < line; p++)
			column = *p == '\t' ? (column | 3) + 1 : column + 1;
		start = column - wanted;
		for (column = 0; at < line && column < start; at++)
			column = *at == '\t' ? (column | 3) + 1 : column + 1;
		if (column == start && memchr(at, '\t', (size_t)(line - at)) != NULL) {
			text_put(r, (struct slice){ at, (size_t)(line - at) }, BYTE_QUOTED);
			return;
		}
	}
	while (wanted-- > 0)
		text_put(r, S(" "), BYTE_QUOTED);
}

static void
attribute_put(struct buf *out, const MD_ATTRIBUTE *attribute)
{
	char plain[4];
	size_t n;

	for (unsigned i = 0; attribute->size > 0 && attribute->substr_offsets[i] < attribute->size;
	     i++) {
		unsigned from = attribute->substr_offsets[i], to = attribute->substr_offsets[i + 1];
		struct slice part = { attribute->text + from, to - from };

		n = attribute->substr_types[i] == MD_TEXT_ENTITY ? html_entity(part, plain) : 0;
		if (n > 0)
			part = (struct slice){ plain, n };
		if (attribute->substr_types[i] == MD_TEXT_NULLCHAR)
			part = S("\xef\xbf\xbd");
		buf_put(out, part);
	}
}

static struct slice
attribute_dup(struct reader *r, const MD_ATTRIBUTE *attribute)
{
	struct slice copy;
	struct buf text;

	buf_init(&text, NULL, MARKDOWN_BYTES);
	attribute_put(&text, attribute);
	if (!buf_check(&text, r->maker->err))
		r->maker->has_failed = true;
	copy = doc_dup(r->maker, text.n > 0 ? buf_view(&text) : S(""));
	buf_fini(&text);
	return copy;
}

/* ---- raw ------------------------------------------------------------------------------------- */

/* "raw:storage": a format that is kept as it is. */
static bool
raw_format(struct slice s, enum text_format *out, bool *has_lines)
{
	*has_lines = slice_starts(s, S("raw-lines:"));
	if (!*has_lines && !slice_starts(s, S("raw:")))
		return false;
	return text_format_find(tail(s, *has_lines ? 10 : 4), out) && *out != TEXT_MARKDOWN;
}

/* `{raw:storage}<ac:...>` or, with line ends in it, `{raw-lines:storage}...`. */
static bool
add_raw_span(struct reader *r)
{
	struct slice s = buf_view(&r->text), rest;
	struct slice name = slice_cut(s, '}', &rest);
	enum text_format format;
	struct doc *doc;
	bool has_lines;

	if (rest.n == 0 || !slice_starts(name, S("{")) ||
	    !raw_format(tail(name, 1), &format, &has_lines))
		return false;
	if (has_lines)
		rest.n = markdown_unfold_lines(r->text.p + (rest.p - r->text.p), rest.n);
	doc = span_add(r, DOC_RAW);
	if (doc == NULL)
		return true;
	doc->raw = doc_dup(r->maker, rest);
	doc->format = format;
	doc->is_inline = true;
	buf_clear(&r->text);
	buf_clear(&r->bytes);
	return true;
}

/* Code with a language that says raw is what it holds. */
static void
code_close(struct reader *r)
{
	struct doc *doc = r->at;
	struct slice text = buf_view(&r->text), name, word;
	enum text_format format;
	bool is_raw, has_lines;

	r->in_code = false;
	r->indent = 0;
	if (slice_ends(text, S("\n")))
		text.n--;
	if (!is_ok(r))
		return;
	word = slice_cut(doc->language, ' ', &name);
	is_raw = raw_format(word, &format, &has_lines);
	if (is_raw && has_lines)
		text.n = markdown_unfold_lines(r->text.p, text.n);
	text = doc_dup(r->maker, text.n > 0 ? text : S(""));
	if (is_raw) {
		doc->kind = DOC_RAW;
		doc->raw = text;
		doc->format = format;
		doc->name = slice_trim(name);
		doc->language = SLICE_NONE;
	} else {
		doc->text = text;
		doc->language = word;
	}
	buf_clear(&r->text);
	buf_clear(&r->bytes);
	r->at = doc->parent;
}

/* ---- HTML ------------------------------------------------------------------------------------ */

/* Two in a cell of a table stand between its paragraphs. */
static bool
ends_paragraph(struct reader *r)
{
	struct doc *last = r->at->last, *at = r->at->first;

	if (!r->in_cell || !r->is_implicit || last == NULL || last->kind != DOC_BREAK)
		return false;
	while (at != last && at->next != last)
		at = at->next;
	if (at == last)
		return false;
	at->next = NULL;
	r->at->last = at;
	r->at = r->at->parent;
	r->is_implicit = false;
	return true;
}

static void
add_break(struct reader *r)
{
	flush(r);
	paragraph_want(r);
	if (!r->maker->has_failed && !ends_paragraph(r))
		(void)doc_add(r->maker, r->at, DOC_BREAK);
}

static bool
apply_tag(struct reader *r, const struct html_tag *tag)
{
	flush(r);
	switch (tag->kind) {
	case HTML_MARK:
		if (tag->is_end && (marks_now(r) & tag->mark) == 0)
			return false;
		mark_count(r, tag->mark, tag->is_end);
		return true;
	case HTML_COLOR:
		if (r->colors_n == COLORS)
			return false;
		r->colors[r->colors_n++] = doc_dup(r->maker, tag->color);
		return true;
	case HTML_SPAN:
		if (!tag->is_end || r->colors_n == 0)
			return false;
		r->colors_n--;
		return true;
	case HTML_BREAK:
		add_break(r);
		return true;
	default:
		return false;
	}
}

static void
tag_put(struct reader *r, struct slice s)
{
	struct html_tag tag;

	html_tag_read(s, &tag);
	if (r->images > 0 || tag.kind == HTML_OTHER || !apply_tag(r, &tag))
		source_put(r, s, BYTE_QUOTED);
}

/* A block of HTML: its tags as in a line, everything else as it is written. */
static void
html_put(struct reader *r, struct slice s)
{
	while (s.n > 0 && !r->maker->has_failed) {
		const char *from = memchr(s.p, '<', s.n), *to;
		size_t n = from == NULL ? s.n : (size_t)(from - s.p);

		if (n > 0)
			source_put(r, (struct slice){ s.p, n }, BYTE_QUOTED);
		s = tail(s, n);
		to = s.n > 0 ? memchr(s.p, '>', s.n) : NULL;
		n = to == NULL ? s.n : (size_t)(to - s.p) + 1;
		if (n > 0)
			tag_put(r, (struct slice){ s.p, n });
		s = tail(s, n);
	}
}

/* Lines of HTML are kept as lines. */
static void
html_line_put(struct reader *r, struct slice s)
{
	if (r->has_html_line)
		add_break(r);
	r->has_html_line = false;
	html_put(r, s);
}

/* is_done of a panel, an expand or a part of a table: opened by a line of colons. */
static bool
fence_close(struct reader *r)
{
	spans_end(r);
	if (!r->at->is_done || r->at->kind == DOC_ITEM)
		return false;
	r->at = r->at->parent;
	return true;
}

static bool
fence_open(struct reader *r, const struct fence_line *line)
{
	struct doc *doc;

	spans_end(r);
	if ((line->kind == DOC_ROW && r->at->kind != DOC_TABLE) ||
	    (line->kind == DOC_CELL && r->at->kind != DOC_ROW))
		return false;
	doc = block_open(r, line->kind);
	if (doc == NULL)
		return true;
	doc->is_done = true;
	doc->name = doc_dup(r->maker, line->name);
	if (line->kind == DOC_CELL)
		markdown_cell(doc, line->title);
	else if (line->title.n > 0)
		doc->title = doc_dup(r->maker, line->title);
	return true;
}

/* A line of colons, as it was marked; false: it means nothing here. */
static bool
fence_apply(struct reader *r, struct slice s)
{
	struct fence_mark start, end;
	struct fence_line line;
	size_t at;

	if (!offset_of(r, s.p, &at) || !fenced_text_next(&r->fenced, at, &start) ||
	    start.at != at || start.n != 2)
		return false;
	if (!fenced_text_next(&r->fenced, at + 2, &end) || end.at > at + s.n)
		return false;
	if (!fence_line_read((struct slice){ s.p + 2, end.at - at - 2 }, &line))
		return false;
	if (line.kind == DOC_ROOT)
		return fence_close(r);
	if (line.is_either && r->at->kind == DOC_EXPAND && fence_close(r))
		return true;
	return fence_open(r, &line);
}

/* ---- the parser's callbacks ------------------------------------------------------------------ */

static int
result(struct reader *r)
{
	return is_ok(r) ? 0 : 1;
}

static enum doc_align
align_of(MD_ALIGN align)
{
	static const enum doc_align aligns[] = { ALIGN_NONE, ALIGN_LEFT, ALIGN_CENTER,
		ALIGN_RIGHT };

	return aligns[align];
}

/* The kind of node a block becomes; DOC_ROOT: none of its own. */
static enum doc_kind
kind_of(MD_BLOCKTYPE type)
{
	/* clang-format off */
	static const enum doc_kind kinds[] = {
		[MD_BLOCK_QUOTE] = DOC_QUOTE,	[MD_BLOCK_UL] = DOC_BULLETS,
		[MD_BLOCK_OL] = DOC_NUMBERS,	[MD_BLOCK_LI] = DOC_ITEM,
		[MD_BLOCK_HR] = DOC_RULE,	[MD_BLOCK_H] = DOC_HEADING,
		[MD_BLOCK_CODE] = DOC_CODE,	[MD_BLOCK_P] = DOC_PARAGRAPH,
		[MD_BLOCK_TABLE] = DOC_TABLE,	[MD_BLOCK_TR] = DOC_ROW,
		[MD_BLOCK_TH] = DOC_CELL,	[MD_BLOCK_TD] = DOC_CELL,
	};
	/* clang-format on */

	return type < COUNT(kinds) ? kinds[type] : DOC_ROOT;
}

static void
block_detail(struct reader *r, struct doc *doc, MD_BLOCKTYPE type, void *detail)
{
	MD_BLOCK_LI_DETAIL *item = detail;

	switch (type) {
	case MD_BLOCK_H:
		doc->level = ((MD_BLOCK_H_DETAIL *)detail)->level;
		break;
	case MD_BLOCK_OL:
		doc->start = ((MD_BLOCK_OL_DETAIL *)detail)->start;
		break;
	case MD_BLOCK_LI:
		doc->level = item->is_task != 0; /* until its list ends */
		doc->is_done = item->is_task != 0 && item->task_mark != ' ';
		break;
	case MD_BLOCK_CODE:
		doc->language = attribute_dup(r, &((MD_BLOCK_CODE_DETAIL *)detail)->info);
		r->in_code = true;
		break;
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		doc->is_header = type == MD_BLOCK_TH;
		doc->align = align_of(((MD_BLOCK_TD_DETAIL *)detail)->align);
		r->in_cell = true;
		break;
	default:
		break;
	}
}

static int
on_enter_block(MD_BLOCKTYPE type, void *detail, void *user)
{
	struct reader *r = user;
	enum doc_kind kind = kind_of(type);
	struct doc *doc;

	if (type == MD_BLOCK_HTML) {
		spans_end(r);
		r->in_html = true;
		r->has_html_line = false;
	}
	if (kind == DOC_ROOT)
		return result(r);
	doc = block_open(r, kind);
	if (doc != NULL)
		block_detail(r, doc, type, detail);
	return result(r);
}

static int
on_leave_block(MD_BLOCKTYPE type, void *detail, void *user)
{
	struct reader *r = user;
	enum doc_kind kind = kind_of(type);

	(void)detail;
	if (type == MD_BLOCK_HTML) {
		r->in_html = false;
		spans_end(r);
	}
	if (type == MD_BLOCK_CODE) {
		code_close(r);
	} else if (kind != DOC_ROOT) {
		struct doc *doc;

		block_close(r, kind);
		doc = r->at->last;
		if (type == MD_BLOCK_UL || type == MD_BLOCK_OL)
			markdown_tasks(r->maker, doc);
		if (type == MD_BLOCK_TABLE)
			markdown_table(doc);
		r->in_cell &= kind != DOC_CELL;
	}
	return result(r);
}

static unsigned
mark_of(MD_SPANTYPE type)
{
	switch (type) {
	case MD_SPAN_EM:
		return MARK_EM;
	case MD_SPAN_STRONG:
		return MARK_STRONG;
	case MD_SPAN_DEL:
		return MARK_STRIKE;
	case MD_SPAN_CODE:
		return MARK_CODE;
	default:
		return 0;
	}
}

static bool
is_mention(struct slice href)
{
	return slice_starts(href, S("accountid:")) && href.n > 10;
}

static void
link_open(struct reader *r, const MD_SPAN_A_DETAIL *detail)
{
	struct slice href = attribute_dup(r, &detail->href);

	if (r->has_at_sign && is_mention(href)) {
		r->text.n--;
		r->bytes.n--;
		flush(r);
		r->mention = tail(href, 10);
		r->images++;
		return;
	}
	flush(r);
	r->link_text = NULL;
	r->link_has_text = false;
	r->href = href;
}

static void
mention_close(struct reader *r)
{
	struct doc *doc = NULL;

	if (--r->images == 0)
		doc = span_add(r, DOC_MENTION);
	if (doc != NULL) {
		doc->id = r->mention;
		doc->text = doc_dup(r->maker, buf_view(&r->alternative));
	}
	r->mention = SLICE_NONE;
	buf_clear(&r->alternative);
}

/* <https://...> */
static bool
is_bare_link(const struct reader *r)
{
	size_t at;

	return slice_starts(r->href, S("http")) && slice_eq(buf_view(&r->text), r->href) &&
	    r->link_text != NULL && offset_of(r, r->link_text, &at) && at > 0 &&
	    r->link_text[-1] == '<' && marks_now(r) == 0;
}

static void
link_close(struct reader *r)
{
	struct doc *doc = NULL;

	if (r->mention.n > 0) {
		mention_close(r);
		return;
	}
	if (is_bare_link(r)) {
		doc = span_add(r, DOC_CARD);
		buf_clear(&r->text);
		buf_clear(&r->bytes);
	} else {
		flush(r);
		/* A link of nothing, or of an image: the address must not be lost. */
		if (!r->link_has_text)
			add_text(r, r->href);
	}
	if (doc != NULL)
		doc->href = r->href;
	r->href = SLICE_NONE;
}

/* What is no address is the name of an attachment, encoded behind "attachment:" or plain. */
static void
image_close(struct reader *r, const MD_SPAN_IMG_DETAIL *detail)
{
	struct slice src, file, link = r->href;
	struct doc *doc;

	if (--r->images > 0)
		return;
	r->href = SLICE_NONE;
	doc = span_add(r, DOC_IMAGE);
	r->href = link;
	src = attribute_dup(r, &detail->src);
	if (doc != NULL) {
		doc->text = doc_dup(r->maker, buf_view(&r->alternative));
		file = address_attachment(src);
		buf_clear(&r->alternative);
		address_put_plain(&r->alternative, file);
		if (markdown_is_url(src))
			doc->href = src;
		else
			doc->id = file.n > 0 ? doc_dup(r->maker, buf_view(&r->alternative)) : src;
	}
	buf_clear(&r->alternative);
}

static int
on_enter_span(MD_SPANTYPE type, void *detail, void *user)
{
	struct reader *r = user;

	if (type == MD_SPAN_IMG) {
		if (r->images == 0)
			flush(r);
		r->images++;
	} else if (r->images > 0) {
		return result(r);
	} else if (type == MD_SPAN_A) {
		link_open(r, detail);
	} else {
		flush(r);
		mark_count(r, mark_of(type), false);
	}
	return result(r);
}

static int
on_leave_span(MD_SPANTYPE type, void *detail, void *user)
{
	struct reader *r = user;

	if (type == MD_SPAN_IMG) {
		image_close(r, detail);
	} else if (type == MD_SPAN_A && (r->images == 0 || (r->images == 1 && r->mention.n > 0))) {
		link_close(r);
	} else if (r->images == 0) {
		if (type != MD_SPAN_CODE || !add_raw_span(r))
			flush(r);
		mark_count(r, mark_of(type), true);
	}
	return result(r);
}

/* The parser gives an escaped character alone, from behind its backslash. */
static bool
is_escaped(const struct reader *r, const char *p)
{
	struct fence_mark mark;
	size_t at;

	if (!offset_of(r, p, &at) || at == 0 || p[-1] != '\\' || p - 1 == r->escaped)
		return false;
	return !fenced_text_next(&r->fenced, at - 1, &mark) || mark.at != at - 1;
}

/* Text in a line. */
static void
normal_put(struct reader *r, struct slice s)
{
	char what = BYTE_PLAIN;

	if (r->link_text == NULL)
		r->link_text = s.p;
	if (is_escaped(r, s.p)) {
		what = BYTE_QUOTED;
		r->escaped = s.p;
	}
	source_put(r, s, what);
	r->has_at_sign = what == BYTE_PLAIN && s.n > 0 && s.p[s.n - 1] == '@' && r->images == 0;
}

static void
entity_put(struct reader *r, struct slice s)
{
	char plain[4];
	size_t n = html_entity(s, plain);

	text_put(r, n > 0 ? (struct slice){ plain, n } : s, BYTE_QUOTED);
}

/* In a cell of a table a bar is written \|, also in code. */
static void
code_span_put(struct reader *r, struct slice s)
{
	for (size_t i = 0; r->in_cell && i + 1 < s.n; i++) {
		if (s.p[i] != '\\' || s.p[i + 1] != '|')
			continue;
		source_put(r, (struct slice){ s.p, i }, BYTE_QUOTED);
		s = tail(s, i + 1);
		i = 0;
	}
	source_put(r, s, BYTE_QUOTED);
}

static void
verbatim_put(struct reader *r, struct slice s)
{
	size_t at;

	if (r->in_html) {
		if (r->is_fence_line && slice_eq(s, S("\n")))
			r->is_fence_line = false;
		else if (slice_eq(s, S("\n")))
			r->has_html_line = true;
		else if (fence_apply(r, s))
			r->is_fence_line = true;
		else
			html_line_put(r, s);
		return;
	}
	if (!offset_of(r, s.p, &at) && s.n > 0 && s.p[0] == ' ') {
		r->indent += (unsigned)s.n;
		return;
	}
	indent_put(r, s.p);
	source_put(r, s, BYTE_QUOTED);
}

static int
on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user)
{
	struct reader *r = user;
	struct slice s = { text, size };

	if (r->images == 0)
		r->link_has_text = true;
	if (type != MD_TEXT_NORMAL)
		r->has_at_sign = false;
	if (type == MD_TEXT_NULLCHAR)
		text_put(r, S("\xef\xbf\xbd"), BYTE_QUOTED);
	else if (r->in_code || r->in_html)
		verbatim_put(r, s);
	else if (type == MD_TEXT_BR && r->images == 0)
		add_break(r);
	else if (type == MD_TEXT_SOFTBR || type == MD_TEXT_BR)
		text_put(r, S(" "), BYTE_PLAIN);
	else if (type == MD_TEXT_ENTITY)
		entity_put(r, s);
	else if (type == MD_TEXT_HTML)
		tag_put(r, s);
	else if (type == MD_TEXT_CODE)
		code_span_put(r, s);
	else
		normal_put(r, s);
	return result(r);
}

bool
markdown_read(struct doc_maker *maker, struct slice text)
{
	struct reader r = { .maker = maker, .at = maker->root };
	MD_PARSER parser = {
		/* Addresses in plain text are found in flush_some(). */
		.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS,
		.enter_block = on_enter_block,
		.leave_block = on_leave_block,
		.enter_span = on_enter_span,
		.leave_span = on_leave_span,
		.text = on_text,
	};

	if (text.n > MARKDOWN_BYTES) {
		maker->has_failed = true;
		return err_set(maker->err, ERR_LIMIT,
		    "the text has %zu bytes, over the limit of %zu", text.n, MARKDOWN_BYTES);
	}
	fenced_text_init(&r.fenced, text);
	buf_init(&r.text, NULL, 4 * MARKDOWN_BYTES);
	buf_init(&r.bytes, NULL, 4 * MARKDOWN_BYTES);
	buf_init(&r.alternative, NULL, 4 * MARKDOWN_BYTES);
	/* md4c finds the ends of lines by strcspn(): a NUL stands behind the text. */
	buf_putc(&r.fenced.text, '\0');
	if (!buf_check(&r.fenced.text, maker->err))
		maker->has_failed = true;
	else if (md_parse(r.fenced.text.p, (MD_SIZE)--r.fenced.text.n, &parser, &r) < 0)
		maker->has_failed = !err_set(maker->err, ERR_LIMIT, "out of memory");
	if (!maker->has_failed)
		spans_end(&r);
	buf_fini(&r.text);
	buf_fini(&r.bytes);
	buf_fini(&r.alternative);
	fenced_text_fini(&r.fenced);
	return !maker->has_failed;
}

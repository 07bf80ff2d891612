/*
 * A tree to Jira's wiki markup.  Text that would be read as markup is escaped; what wiki markup has
 * no word for is written as what comes nearest: tasks as `* [x] text`, an expand as a panel, blocks
 * within a quote's quote one by one.  Bytes that came from this format are spliced as they are.
 */
#include <ctype.h>

#include "atlassian/text.h"
#include "atlassian/text_address.h"

#define SIGNS 20 /* deepest list; deeper items are of this level */

struct writer {
	struct buf *out;
	size_t line;	  /* where in out the line begins: there text could start a block */
	bool is_one_line; /* breaks are \\, not the line's end */
	bool in_cell, in_link, in_quote;
	char signs[SIGNS];
	size_t signs_n;
};

static void block(struct writer *writer, const struct doc *doc);
static void blocks(struct writer *writer, const struct doc *parent);
static void items(struct writer *writer, const struct doc *list);

static bool
is_spliced(const struct doc *doc)
{
	return doc->raw.n > 0 && doc->format == TEXT_WIKI;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr("*_-+^~?", c) != NULL;
}

static void
line_next(struct writer *writer)
{
	buf_putc(writer->out, '\n');
	writer->line = writer->out->n;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* These characters as entities, others as they are. */
static void
put_entities(struct buf *out, struct slice s, const char *which)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '&' && i + 1 < s.n && s.p[i + 1] == '#')
			buf_puts(out, "&#38;");
		else if (s.p[i] == '\n')
			buf_putc(out, ' ');
		else if (s.p[i] != '\0' && strchr(which, s.p[i]) != NULL)
			buf_printf(out, "&#%d;", s.p[i]);
		else
			buf_putc(out, s.p[i]);
	}
}

/* Whether the sign at s[i], somewhere in a line, would be read as markup.  \1: a neighbour unknown.
 */
static bool
is_markup(const struct writer *writer, struct slice s, size_t i)
{
	char before = i > 0 ? s.p[i - 1] : '\1', after = i + 1 < s.n ? s.p[i + 1] : '\1';

	switch (s.p[i]) {
	case '*':
	case '_':
	case '-':
	case '+':
	case '^':
	case '~':
		return !(is_word(before) && is_word(after)) && !(before == ' ' && after == ' ');
	case '?':
		return before == '?' || after == '?';
	case '!':
		return !is_word(before) && after != ' ';
	case '{':
	case '[':
		return true;
	case ']':
		return writer->in_link;
	case '|':
		return writer->in_cell || writer->in_link;
	default:
		return false;
	}
}

/* At a line's start: how much of s is written so that it begins no block. */
static size_t
line_start(struct writer *writer, struct slice s)
{
	if (s.n >= 3 && s.p[0] == 'h' && s.p[1] >= '1' && s.p[1] <= '6' && s.p[2] == '.') {
		buf_printf(writer->out, "h%c\\.", s.p[1]);
		return 3;
	}
	if (slice_starts(s, S("bq."))) {
		buf_puts(writer->out, "bq\\.");
		return 3;
	}
	if (s.n == 0 || strchr("*#-|", s.p[0]) == NULL)
		return 0;
	buf_putc(writer->out, '\\');
	buf_putc(writer->out, s.p[0]);
	return 1;
}

static void
put_backslash(struct writer *writer, struct slice s, size_t i)
{
	struct buf *out = writer->out;
	bool is_alone = i + 1 < s.n && (is_word(s.p[i + 1]) || s.p[i + 1] == ' ') &&
	    (out->n == 0 || out->p[out->n - 1] != '\\');

	buf_puts(out, is_alone ? "\\" : "&#92;");
}

static void
put_text(struct writer *writer, struct slice s)
{
	struct buf *out = writer->out;
	size_t i = out->n == writer->line ? line_start(writer, s) : 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '\\') {
			put_backslash(writer, s, i);
			continue;
		}
		if (s.p[i] == '&' && i + 1 < s.n && s.p[i + 1] == '#') {
			buf_puts(out, "&#38;");
			continue;
		}
		if (is_markup(writer, s, i))
			buf_putc(out, '\\');
		buf_putc(out, s.p[i] == '\n' || s.p[i] == '\r' ? ' ' : s.p[i]);
	}
}

static void
mono(struct writer *writer, struct slice s)
{
	buf_puts(writer->out, "{{");
	put_entities(writer->out, s, writer->in_cell || writer->in_link ? "{}\\|[]" : "{}\\");
	buf_puts(writer->out, "}}");
}

static const struct {
	unsigned mark;
	char c;
} marks[] = { { MARK_STRONG, '*' }, { MARK_EM, '_' }, { MARK_STRIKE, '-' }, { MARK_UNDERLINE, '+' },
	{ MARK_SUP, '^' }, { MARK_SUB, '~' } };

static bool
begins_with_word(const struct doc *doc)
{
	if (doc == NULL)
		return false;
	if (doc->kind == DOC_TEXT)
		return doc->href.n == 0 && doc->color.n == 0 && doc->text.n > 0 &&
		    (doc->marks & ~MARK_CODE) == 0 && doc->marks == 0 &&
		    (is_word(doc->text.p[0]) || is_delimiter(doc->text.p[0]));
	return doc->kind == DOC_DATE || doc->kind == DOC_EMOJI || doc->kind == DOC_STATUS;
}

/* Whether plain delimiters around the text would not be seen as such. */
static bool
needs_force(const struct writer *writer, const struct doc *doc)
{
	const struct buf *out = writer->out;
	struct slice s = doc->text;

	if ((doc->marks & MARK_CODE) == 0 &&
	    (is_delimiter(s.p[0]) || is_delimiter(s.p[s.n - 1]) || s.p[0] == '#' || s.p[0] == ' ' ||
		s.p[s.n - 1] == ' '))
		return true;
	if (doc->color.n > 0)
		return false;
	if (out->n > writer->line &&
	    (is_word(out->p[out->n - 1]) || is_delimiter(out->p[out->n - 1])))
		return true;
	return begins_with_word(doc->next) &&
	    (doc->next->kind != DOC_TEXT || slice_eq(doc->next->href, doc->href));
}

static void
put_marks(struct writer *writer, unsigned set, bool is_forced, bool is_closing)
{
	for (size_t i = 0; i < COUNT(marks); i++) {
		size_t at = is_closing ? COUNT(marks) - 1 - i : i;

		if ((set & marks[at].mark) != 0)
			buf_printf(writer->out, is_forced ? "{%c}" : "%c", marks[at].c);
	}
}

static void
text(struct writer *writer, const struct doc *doc)
{
	bool is_forced;

	if (doc->text.n == 0)
		return;
	is_forced = (doc->marks & ~MARK_CODE) != 0 && needs_force(writer, doc);
	if (doc->color.n > 0) {
		buf_puts(writer->out, "{color:");
		for (size_t i = 0; i < doc->color.n; i++) {
			if (strchr("{}\n|", doc->color.p[i]) == NULL)
				buf_putc(writer->out, doc->color.p[i]);
		}
		buf_putc(writer->out, '}');
	}
	put_marks(writer, doc->marks, is_forced, false);
	if ((doc->marks & MARK_CODE) != 0)
		mono(writer, doc->text);
	else
		put_text(writer, doc->text);
	put_marks(writer, doc->marks, is_forced, true);
	if (doc->color.n > 0)
		buf_puts(writer->out, "{color}");
}

/* ---- links, images --------------------------------------------------------------------------- */

static void
put_href(struct buf *out, struct slice href)
{
	struct slice file = address_attachment(href);
	struct buf name;

	if (file.p != NULL) {
		buf_init(&name, NULL, file.n);
		address_put_plain(&name, file);
		buf_putc(out, '^');
		put_entities(out, buf_view(&name), "[]|\\{}");
		buf_fini(&name);
		return;
	}
	for (size_t i = 0; i < href.n; i++) {
		if ((unsigned char)href.p[i] <= ' ' || strchr("[]|\\{}", href.p[i]) != NULL)
			buf_printf(out, "%%%02X", (unsigned char)href.p[i]);
		else
			buf_putc(out, href.p[i]);
	}
}

static bool
is_same_link(const struct doc *a, const struct doc *b)
{
	return b != NULL && b->kind == DOC_TEXT && slice_eq(a->href, b->href);
}

/* [href] where the text is what is shown anyway. */
static bool
is_bare(const struct doc *doc)
{
	return doc->marks == 0 && doc->color.n == 0 && !is_same_link(doc, doc->next) &&
	    address_is_url(doc->href) && slice_eq(doc->text, doc->href);
}

/* All texts with one address; returns the last of them. */
static const struct doc *
linked(struct writer *writer, const struct doc *doc)
{
	struct buf *out = writer->out;
	bool was_in_link = writer->in_link;
	size_t line = writer->line;

	buf_putc(out, '[');
	if (!is_bare(doc)) {
		writer->in_link = true;
		writer->line = SIZE_MAX;
		text(writer, doc);
		for (; is_same_link(doc, doc->next); doc = doc->next)
			text(writer, doc->next);
		buf_putc(out, '|');
		writer->in_link = was_in_link;
		writer->line = line;
	}
	put_href(out, doc->href);
	buf_putc(out, ']');
	return doc;
}

static void
image(struct writer *writer, const struct doc *doc)
{
	struct buf *out = writer->out;
	struct slice file = address_attachment(doc->href);
	const char *before = "|";

	if (out->n > writer->line && is_word(out->p[out->n - 1]))
		buf_putc(out, ' '); /* within a word it would be none */
	buf_putc(out, '!');
	if (doc->href.n == 0)
		put_entities(out, doc->id, "!|\\{}[]");
	else if (file.p != NULL)
		address_put_plain(out, file);
	else
		put_href(out, doc->href);
	if (doc->columns > 0) {
		buf_printf(out, "%swidth=%u", before, doc->columns);
		before = ",";
	}
	if (doc->rows > 0) {
		buf_printf(out, "%sheight=%u", before, doc->rows);
		before = ",";
	}
	if (doc->text.n > 0) {
		buf_printf(out, "%salt=", before);
		put_entities(out, doc->text, "!|,\\={}[]");
	}
	buf_putc(out, '!');
}

static void
card(struct writer *writer, const struct doc *doc)
{
	buf_putc(writer->out, '[');
	if (doc->text.n > 0)
		put_entities(writer->out, doc->text, "[]|\\{}");
	else
		put_href(writer->out, doc->href);
	buf_putc(writer->out, '|');
	put_href(writer->out, doc->href);
	buf_puts(writer->out, "|smart-link]");
}

static void
mention(struct writer *writer, const struct doc *doc)
{
	bool is_user = slice_eq(doc->name, S("username")) || slice_eq(doc->name, S("userkey"));

	buf_puts(writer->out, is_user ? "[~" : "[~accountid:");
	put_href(writer->out, doc->id);
	buf_putc(writer->out, ']');
}

static void
status(struct writer *writer, const struct doc *doc)
{
	buf_puts(writer->out, "*\\[");
	put_text(writer, doc->text);
	buf_puts(writer->out, "]*");
}

/* A break that is a line's end must have something on both sides. */
static void
line_break(struct writer *writer, const struct doc *before, const struct doc *doc)
{
	if (writer->is_one_line || before == NULL || before->kind == DOC_BREAK ||
	    doc->next == NULL || doc->next->kind == DOC_BREAK)
		buf_puts(writer->out, "\\\\");
	else
		line_next(writer);
}

static void
inline_one(struct writer *writer, const struct doc *before, const struct doc *doc)
{
	switch (doc->kind) {
	case DOC_TEXT:
		text(writer, doc);
		return;
	case DOC_BREAK:
		line_break(writer, before, doc);
		return;
	case DOC_IMAGE:
		image(writer, doc);
		return;
	case DOC_MENTION:
		mention(writer, doc);
		return;
	case DOC_EMOJI:
		put_text(writer, doc->text.n > 0 ? doc->text : doc->name);
		return;
	case DOC_DATE:
		put_text(writer, doc->text);
		return;
	case DOC_STATUS:
		status(writer, doc);
		return;
	case DOC_CARD:
		card(writer, doc);
		return;
	case DOC_MACRO:
	case DOC_RAW:
		mono(writer, doc->raw);
		return;
	default:
		return;
	}
}

/* From doc to the last inline before a block; returns what follows. */
static const struct doc *
inline_run(struct writer *writer, const struct doc *doc)
{
	const struct doc *before = NULL;

	for (; doc != NULL && !doc_is_block(doc); before = doc, doc = doc->next) {
		if (is_spliced(doc))
			buf_put(writer->out, doc->raw);
		else if (doc->kind == DOC_TEXT && doc->href.n > 0)
			doc = linked(writer, doc);
		else
			inline_one(writer, before, doc);
	}
	return doc;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Text whose end tag stands in it gets a zero-width space into every tag. */
static void
put_verbatim(struct buf *out, struct slice s, bool is_split)
{
	for (size_t i = 0; i < s.n; i++) {
		buf_putc(out, s.p[i]);
		if (is_split && s.p[i] == '{')
			buf_puts(out, "\u200b");
	}
}

static void
code(struct writer *writer, struct slice language, struct slice title, struct slice s)
{
	struct buf *out = writer->out;
	bool is_noformat = slice_has(s, S("{code}"));
	size_t start = out->n;

	buf_puts(out, is_noformat ? "{noformat" : "{code");
	if (!is_noformat && language.n > 0) {
		buf_putc(out, ':');
		for (size_t i = 0; i < language.n; i++) {
			if (is_word(language.p[i]) || strchr("#+-_.", language.p[i]) != NULL)
				buf_putc(out, language.p[i]);
		}
	}
	if (title.n > 0) {
		buf_puts(out,
		    memchr(out->p + start, ':', out->n - start) != NULL ? "|title=" : ":title=");
		put_entities(out, title, "{}|\\");
	}
	buf_puts(out, "}\n");
	put_verbatim(out, s, is_noformat && slice_has(s, S("{noformat}")));
	buf_puts(out, is_noformat ? "\n{noformat}" : "\n{code}");
}

static void
foreign(struct writer *writer, const struct doc *doc)
{
	static const struct slice languages[TEXT_FORMATS_N] = {
		[TEXT_ADF] = S("json"), [TEXT_STORAGE] = S("xml")
	};

	code(writer, languages[doc->format], SLICE_NONE, doc->raw);
}

static void
panel(struct writer *writer, const struct doc *doc)
{
	static const struct {
		struct slice name;
		const char *color;
	} colors[] = { { S("info"), "#deebff" }, { S("note"), "#eae6ff" },
		{ S("success"), "#e3fcef" }, { S("warning"), "#fffae6" },
		{ S("error"), "#ffebe6" } };
	const char *before = ":";

	buf_puts(writer->out, "{panel");
	if (doc->title.n > 0) {
		buf_puts(writer->out, ":title=");
		put_entities(writer->out, doc->title, "{}|\\");
		before = "|";
	}
	for (size_t i = 0; i < COUNT(colors); i++) {
		if (slice_eq(doc->name, colors[i].name))
			buf_printf(writer->out, "%sbgColor=%s", before, colors[i].color);
	}
	if (doc->title.n == 0 && doc->kind == DOC_EXPAND)
		buf_puts(writer->out, ":borderStyle=dashed");
	buf_putc(writer->out, '}');
	line_next(writer);
	blocks(writer, doc);
	buf_puts(writer->out, "\n{panel}");
}

/* A quote within a quote cannot be said by {quote}: its paragraphs are quoted one by one. */
static void
quote(struct writer *writer, const struct doc *doc)
{
	if (writer->in_quote) {
		for (const struct doc *at = doc->first; at != NULL; at = at->next) {
			if (at->kind == DOC_PARAGRAPH) {
				bool was_one_line = writer->is_one_line;

				buf_puts(writer->out, "bq. ");
				writer->line = writer->out->n;
				writer->is_one_line = true;
				(void)inline_run(writer, at->first);
				writer->is_one_line = was_one_line;
			} else {
				block(writer, at);
			}
			if (at->next != NULL)
				line_next(writer);
		}
		return;
	}
	writer->in_quote = true;
	buf_puts(writer->out, "{quote}");
	line_next(writer);
	blocks(writer, doc);
	buf_puts(writer->out, "\n{quote}");
	writer->in_quote = false;
}

/* ---- lists, tables --------------------------------------------------------------------------- */

static bool
is_list(const struct doc *doc)
{
	return doc->kind == DOC_BULLETS || doc->kind == DOC_NUMBERS || doc->kind == DOC_TASKS;
}

/* What an item or a cell holds: paragraphs in one line, lists in lines of their own. */
static void
content(struct writer *writer, const struct doc *parent)
{
	const struct doc *doc = parent->first;
	bool was_one_line = writer->is_one_line;

	writer->is_one_line = true;
	while (doc != NULL) {
		bool is_first = doc == parent->first;

		if (is_list(doc)) {
			line_next(writer);
			items(writer, doc);
		} else if (!doc_is_block(doc)) {
			doc = inline_run(writer, doc);
			continue;
		} else if (doc->kind == DOC_PARAGRAPH || doc->kind == DOC_HEADING) {
			buf_puts(writer->out, is_first ? "" : "\\\\");
			(void)inline_run(writer, doc->first);
		} else if (doc->kind == DOC_TABLE || doc->kind == DOC_RULE) {
			line_next(writer);
			block(writer, doc);
		} else {
			block(writer, doc);
		}
		doc = doc->next;
	}
	writer->is_one_line = was_one_line;
}

static void
items(struct writer *writer, const struct doc *list)
{
	char sign = list->kind == DOC_NUMBERS ? '#' : '*';
	bool is_deepest = writer->signs_n == SIGNS;

	if (!is_deepest)
		writer->signs[writer->signs_n++] = sign;
	for (const struct doc *item = list->first; item != NULL; item = item->next) {
		buf_put(writer->out, (struct slice){ writer->signs, writer->signs_n });
		buf_putc(writer->out, ' ');
		if (item->kind == DOC_TASK)
			buf_puts(writer->out, item->is_done ? "[x] " : "[ ] ");
		writer->line = writer->out->n;
		content(writer, item);
		if (item->next != NULL)
			line_next(writer);
	}
	if (!is_deepest)
		writer->signs_n--;
}

static void
list_block(struct writer *writer, const struct doc *doc)
{
	size_t signs_n = writer->signs_n;

	writer->signs_n = 0;
	items(writer, doc);
	writer->signs_n = signs_n;
}

static void
table(struct writer *writer, const struct doc *doc)
{
	size_t signs_n = writer->signs_n;
	bool was_in_cell = writer->in_cell;

	writer->signs_n = 0;
	writer->in_cell = true;
	for (const struct doc *row = doc->first; row != NULL; row = row->next) {
		for (const struct doc *cell = row->first; cell != NULL; cell = cell->next) {
			size_t n;

			buf_puts(writer->out, cell->is_header ? "||" : "|");
			n = writer->line = writer->out->n;
			content(writer, cell);
			if (writer->out->n == n)
				buf_putc(writer->out, ' ');
			if (cell->next == NULL)
				buf_puts(writer->out, cell->is_header ? "||" : "|");
		}
		if (row->next != NULL)
			line_next(writer);
	}
	writer->in_cell = was_in_cell;
	writer->signs_n = signs_n;
}

/* ---- the tree -------------------------------------------------------------------------------- */

static void
block(struct writer *writer, const struct doc *doc)
{
	bool was_one_line = writer->is_one_line;

	if (is_spliced(doc)) {
		buf_put(writer->out, doc->raw);
		return;
	}
	switch (doc->kind) {
	case DOC_PARAGRAPH:
		(void)inline_run(writer, doc->first);
		return;
	case DOC_HEADING:
		buf_printf(writer->out, "h%u. ",
		    doc->level < 1	 ? 1
			: doc->level > 6 ? 6
					 : doc->level);
		writer->is_one_line = true;
		(void)inline_run(writer, doc->first);
		writer->is_one_line = was_one_line;
		return;
	case DOC_BULLETS:
	case DOC_NUMBERS:
	case DOC_TASKS:
		list_block(writer, doc);
		return;
	case DOC_CODE:
		code(writer, doc->language, doc->title, doc->text);
		return;
	case DOC_QUOTE:
		quote(writer, doc);
		return;
	case DOC_RULE:
		buf_puts(writer->out, "----");
		return;
	case DOC_TABLE:
		table(writer, doc);
		return;
	case DOC_PANEL:
	case DOC_EXPAND:
		panel(writer, doc);
		return;
	case DOC_MACRO:
	case DOC_RAW:
		foreign(writer, doc);
		return;
	default:
		blocks(writer, doc);
	}
}

static void
blocks(struct writer *writer, const struct doc *parent)
{
	const struct doc *doc = parent->first;
	bool was_one_line = writer->is_one_line;

	writer->is_one_line = false;
	while (doc != NULL) {
		size_t n;

		writer->line = n = writer->out->n;
		if (doc_is_block(doc)) {
			block(writer, doc);
			doc = doc->next;
		} else {
			doc = inline_run(writer, doc);
		}
		if (doc != NULL && writer->out->n > n)
			buf_puts(writer->out, "\n\n");
	}
	writer->is_one_line = was_one_line;
	writer->line = SIZE_MAX;
}

void
wiki_write(const struct doc *doc, struct buf *out)
{
	struct writer writer = { .out = out };

	if (doc->kind == DOC_ROOT)
		blocks(&writer, doc);
	else
		block(&writer, doc);
}

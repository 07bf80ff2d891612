/*
 * A tree to Confluence's storage format: well-formed XHTML, whatever the tree says.  Bytes that
 * came from this format are spliced as they are; those of another format become code.
 */
#include "atlassian/text.h"
#include "atlassian/text_address.h"
#include "atlassian/text_xml.h"

static void block(struct buf *out, const struct doc *doc);
static void blocks(struct buf *out, const struct doc *parent);
static void inlines(struct buf *out, const struct doc *parent);

static bool
is_spliced(const struct doc *doc)
{
	return doc->raw.n > 0 && doc->format == TEXT_STORAGE;
}

static void
put_attr(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, " %s=\"", name);
	xml_put_text(out, value);
	buf_putc(out, '"');
}

static void
put_number_attr(struct buf *out, const char *name, unsigned n, unsigned least)
{
	if (n >= least)
		buf_printf(out, " %s=\"%u\"", name, n);
}

static void
put_parameter(struct buf *out, const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	buf_printf(out, "<ac:parameter ac:name=\"%s\">", name);
	xml_put_text(out, value);
	buf_puts(out, "</ac:parameter>");
}

/* ---- inlines --------------------------------------------------------------------------------- */

static const struct {
	unsigned mark;
	const char *open, *close;
} marks[] = {
	{ MARK_STRONG, "<strong>", "</strong>" },
	{ MARK_EM, "<em>", "</em>" },
	{ MARK_UNDERLINE, "<u>", "</u>" },
	{ MARK_STRIKE, "<del>", "</del>" },
	{ MARK_SUB, "<sub>", "</sub>" },
	{ MARK_SUP, "<sup>", "</sup>" },
	{ MARK_CODE, "<code>", "</code>" },
};

static void
text(struct buf *out, const struct doc *doc)
{
	if (doc->color.n > 0) {
		buf_puts(out, "<span style=\"color: ");
		xml_put_text(out, doc->color);
		buf_puts(out, ";\">");
	}
	for (size_t i = 0; i < COUNT(marks); i++)
		buf_puts(out, (doc->marks & marks[i].mark) != 0 ? marks[i].open : "");
	xml_put_text(out, doc->text);
	for (size_t i = COUNT(marks); i-- > 0;)
		buf_puts(out, (doc->marks & marks[i].mark) != 0 ? marks[i].close : "");
	if (doc->color.n > 0)
		buf_puts(out, "</span>");
}

/* A part of an address, decoded. */
static void
put_part(struct buf *out, const char *name, struct slice part)
{
	struct buf plain;

	buf_init(&plain, NULL, part.n);
	address_put_plain(&plain, part);
	put_attr(out, name, buf_view(&plain));
	buf_fini(&plain);
}

/* Addresses of our own (docs/text.md); false: it is an ordinary one. */
static bool
link_open(struct buf *out, struct slice href)
{
	static const struct {
		struct slice scheme;
		const char *element, *attr;
	} targets[] = {
		{ S("page:"), "ri:page", "ri:content-title" },
		{ S("attachment:"), "ri:attachment", "ri:filename" },
		{ S("space:"), "ri:space", "ri:space-key" },
		{ S("content:"), "ri:content-entity", "ri:content-id" },
		{ S("#"), NULL, NULL },
	};
	struct slice section, name, title;
	size_t i = 0;

	while (i < COUNT(targets) && !slice_starts(href, targets[i].scheme))
		i++;
	if (i == COUNT(targets))
		return false;
	name = slice_cut(href, '#', &section);
	buf_puts(out, "<ac:link");
	if (section.n > 0)
		put_part(out, "ac:anchor", section);
	buf_putc(out, '>');
	if (targets[i].element == NULL)
		return true;
	name.p += targets[i].scheme.n;
	name.n -= targets[i].scheme.n;
	buf_printf(out, "<%s", targets[i].element);
	title = i == 0 ? SLICE_NONE : name;
	if (i == 0) {
		name = slice_cut(name, '/', &title);
		if (title.p != NULL)
			put_part(out, "ri:space-key", name);
		else
			title = name;
	}
	put_part(out, targets[i].attr, title);
	buf_puts(out, "/>");
	return true;
}

/* All texts with one address; returns the last of them. */
static const struct doc *
linked(struct buf *out, const struct doc *doc)
{
	bool is_ours = link_open(out, doc->href);

	if (is_ours) {
		buf_puts(out, "<ac:link-body>");
	} else {
		buf_puts(out, "<a");
		put_attr(out, "href", doc->href);
		buf_putc(out, '>');
	}
	text(out, doc);
	while (doc->next != NULL && doc->next->kind == DOC_TEXT &&
	    slice_eq(doc->next->href, doc->href)) {
		doc = doc->next;
		text(out, doc);
	}
	buf_puts(out, is_ours ? "</ac:link-body></ac:link>" : "</a>");
	return doc;
}

static void
image(struct buf *out, const struct doc *doc)
{
	struct slice file = address_attachment(doc->href);

	buf_puts(out, "<ac:image");
	if (doc->text.n > 0)
		put_attr(out, "ac:alt", doc->text);
	put_number_attr(out, "ac:width", doc->columns, 1);
	put_number_attr(out, "ac:height", doc->rows, 1);
	buf_putc(out, '>');
	if (doc->href.n == 0) {
		buf_puts(out, "<ri:attachment");
		put_attr(out, "ri:filename", doc->id);
	} else if (file.p != NULL) {
		buf_puts(out, "<ri:attachment");
		put_part(out, "ri:filename", file);
	} else {
		buf_puts(out, "<ri:url");
		put_attr(out, "ri:value", doc->href);
	}
	buf_puts(out, "/></ac:image>");
}

/* A user's key on Data Center is 32 hexadecimal digits; an account's id never is. */
static const char *
user_attr(const struct doc *doc)
{
	size_t digits = 0;

	if (slice_eq(doc->name, S("username")))
		return "ri:username";
	while (digits < doc->id.n && strchr("0123456789abcdefABCDEF", doc->id.p[digits]) != NULL)
		digits++;
	if (slice_eq(doc->name, S("userkey")) ||
	    (doc->name.n == 0 && digits == 32 && doc->id.n == 32))
		return "ri:userkey";
	return "ri:account-id";
}

static void
mention(struct buf *out, const struct doc *doc)
{
	buf_puts(out, "<ac:link><ri:user");
	put_attr(out, user_attr(doc), doc->id);
	buf_puts(out, "/>");
	if (doc->text.n > 0) {
		buf_puts(out, "<ac:plain-text-link-body>");
		xml_put_cdata(out, doc->text);
		buf_puts(out, "</ac:plain-text-link-body>");
	}
	buf_puts(out, "</ac:link>");
}

static void
emoji(struct buf *out, const struct doc *doc)
{
	buf_puts(out, "<ac:emoticon ac:name=\"blue-star\"");
	put_attr(out, "ac:emoji-shortname", doc->name);
	if (doc->id.n > 0)
		put_attr(out, "ac:emoji-id", doc->id);
	if (doc->text.n > 0)
		put_attr(out, "ac:emoji-fallback", doc->text);
	buf_puts(out, "/>");
}

static void
status(struct buf *out, const struct doc *doc)
{
	struct slice color = doc->color;
	char word[16];

	if (color.n == 0 || color.n > sizeof(word) || slice_eq(color, S("neutral")))
		color = S("grey");
	memcpy(word, color.p, color.n);
	if (word[0] >= 'a' && word[0] <= 'z')
		word[0] = (char)(word[0] - 'a' + 'A');
	buf_puts(out, "<ac:structured-macro ac:name=\"status\">");
	put_parameter(out, "colour", (struct slice){ word, color.n });
	put_parameter(out, "title", doc->text);
	buf_puts(out, "</ac:structured-macro>");
}

static void
card(struct buf *out, const struct doc *doc)
{
	buf_puts(out, "<a");
	put_attr(out, "href", doc->href);
	buf_puts(out, " data-card-appearance=\"inline\">");
	xml_put_text(out, doc->text.n > 0 ? doc->text : doc->href);
	buf_puts(out, "</a>");
}

/* What another format said, within a line. */
static void
foreign(struct buf *out, const struct doc *doc)
{
	buf_puts(out, "<code>");
	xml_put_text(out, doc->raw);
	buf_puts(out, "</code>");
}

static void
date(struct buf *out, const struct doc *doc)
{
	buf_puts(out, "<time");
	put_attr(out, "datetime", doc->text);
	buf_puts(out, "/>");
}

static void
inline_one(struct buf *out, const struct doc *doc)
{
	switch (doc->kind) {
	case DOC_BREAK:
		buf_puts(out, "<br/>");
		return;
	case DOC_IMAGE:
		image(out, doc);
		return;
	case DOC_MENTION:
		mention(out, doc);
		return;
	case DOC_EMOJI:
		emoji(out, doc);
		return;
	case DOC_DATE:
		date(out, doc);
		return;
	case DOC_STATUS:
		status(out, doc);
		return;
	case DOC_CARD:
		card(out, doc);
		return;
	case DOC_MACRO:
	case DOC_RAW:
		foreign(out, doc);
		return;
	default:
		block(out, doc);
	}
}

/* From doc to the last inline before a block (or to the end); returns what follows. */
static const struct doc *
inline_run(struct buf *out, const struct doc *doc, bool stops_at_block)
{
	for (; doc != NULL && !(stops_at_block && doc_is_block(doc)); doc = doc->next) {
		if (doc->kind == DOC_TEXT && doc->href.n > 0)
			doc = linked(out, doc);
		else if (doc->kind == DOC_TEXT)
			text(out, doc);
		else if (is_spliced(doc))
			buf_put(out, doc->raw);
		else
			inline_one(out, doc);
	}
	return doc;
}

static void
inlines(struct buf *out, const struct doc *parent)
{
	(void)inline_run(out, parent->first, false);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void
enclosed(struct buf *out, const char *name, const struct doc *doc)
{
	buf_printf(out, "<%s>", name);
	inlines(out, doc);
	buf_printf(out, "</%s>", name);
}

static void
code(struct buf *out, struct slice language, struct slice title, struct slice text)
{
	buf_puts(out, "<ac:structured-macro ac:name=\"code\">");
	put_parameter(out, "language", language);
	put_parameter(out, "title", title);
	buf_puts(out, "<ac:plain-text-body>");
	xml_put_cdata(out, text);
	buf_puts(out, "</ac:plain-text-body></ac:structured-macro>");
}

static void
foreign_block(struct buf *out, const struct doc *doc)
{
	static const struct slice languages[TEXT_FORMATS_N] = { [TEXT_MARKDOWN] = S("text"),
		[TEXT_ADF] = S("json"),
		[TEXT_WIKI] = S("text"),
		[TEXT_STORAGE] = S("xml") };

	code(out, languages[doc->format], doc->name, doc->raw);
}

static void
list(struct buf *out, const struct doc *doc)
{
	const char *name = doc->kind == DOC_BULLETS ? "ul" : "ol";

	buf_printf(out, "<%s", name);
	if (doc->kind == DOC_NUMBERS)
		put_number_attr(out, "start", doc->start, 2);
	buf_putc(out, '>');
	for (const struct doc *item = doc->first; item != NULL; item = item->next) {
		buf_puts(out, "<li>");
		blocks(out, item);
		buf_puts(out, "</li>");
	}
	buf_printf(out, "</%s>", name);
}

static void
tasks(struct buf *out, const struct doc *doc)
{
	buf_puts(out, "<ac:task-list>");
	for (const struct doc *task = doc->first; task != NULL; task = task->next) {
		buf_puts(out, "<ac:task>");
		if (task->id.n > 0) {
			buf_puts(out, "<ac:task-id>");
			xml_put_text(out, task->id);
			buf_puts(out, "</ac:task-id>");
		}
		if (task->name.n > 0) {
			buf_puts(out, "<ac:task-uuid>");
			xml_put_text(out, task->name);
			buf_puts(out, "</ac:task-uuid>");
		}
		buf_printf(out, "<ac:task-status>%s</ac:task-status><ac:task-body>",
		    task->is_done ? "complete" : "incomplete");
		inlines(out, task);
		buf_puts(out, "</ac:task-body></ac:task>");
	}
	buf_puts(out, "</ac:task-list>");
}

static void
table(struct buf *out, const struct doc *doc)
{
	static const char *const aligns[] = { "", "left", "center", "right" };

	buf_puts(out, "<table><tbody>");
	for (const struct doc *row = doc->first; row != NULL; row = row->next) {
		buf_puts(out, "<tr>");
		for (const struct doc *cell = row->first; cell != NULL; cell = cell->next) {
			buf_puts(out, cell->is_header ? "<th" : "<td");
			put_number_attr(out, "colspan", cell->columns, 2);
			put_number_attr(out, "rowspan", cell->rows, 2);
			if (cell->align != ALIGN_NONE)
				buf_printf(out, " style=\"text-align: %s;\"", aligns[cell->align]);
			buf_putc(out, '>');
			blocks(out, cell);
			buf_puts(out, cell->is_header ? "</th>" : "</td>");
		}
		buf_puts(out, "</tr>");
	}
	buf_puts(out, "</tbody></table>");
}

static void
boxed(struct buf *out, const char *name, const struct doc *doc)
{
	buf_printf(out, "<ac:structured-macro ac:name=\"%s\">", name);
	put_parameter(out, "title", doc->title);
	buf_puts(out, "<ac:rich-text-body>");
	blocks(out, doc);
	buf_puts(out, "</ac:rich-text-body></ac:structured-macro>");
}

static void
panel(struct buf *out, const struct doc *doc)
{
	static const struct {
		struct slice name;
		const char *macro;
	} panels[] = {
		{ S("note"), "note" },
		{ S("success"), "tip" },
		{ S("warning"), "warning" },
		{ S("error"), "warning" },
	};
	const char *macro = "info";

	for (size_t i = 0; i < COUNT(panels); i++) {
		if (slice_eq(doc->name, panels[i].name))
			macro = panels[i].macro;
	}
	boxed(out, macro, doc);
}

static void
block(struct buf *out, const struct doc *doc)
{
	static const char *const headings[] = { "h1", "h2", "h3", "h4", "h5", "h6" };

	if (is_spliced(doc)) {
		buf_put(out, doc->raw);
		return;
	}
	switch (doc->kind) {
	case DOC_PARAGRAPH:
		enclosed(out, "p", doc);
		return;
	case DOC_HEADING:
		enclosed(out,
		    headings[doc->level < 1  ? 0
			    : doc->level > 6 ? 5
					     : doc->level - 1],
		    doc);
		return;
	case DOC_BULLETS:
	case DOC_NUMBERS:
		list(out, doc);
		return;
	case DOC_TASKS:
		tasks(out, doc);
		return;
	case DOC_CODE:
		code(out, doc->language, doc->title, doc->text);
		return;
	case DOC_QUOTE:
		buf_puts(out, "<blockquote>");
		blocks(out, doc);
		buf_puts(out, "</blockquote>");
		return;
	case DOC_RULE:
		buf_puts(out, "<hr/>");
		return;
	case DOC_TABLE:
		table(out, doc);
		return;
	case DOC_PANEL:
		panel(out, doc);
		return;
	case DOC_EXPAND:
		boxed(out, "expand", doc);
		return;
	case DOC_MACRO:
	case DOC_RAW:
		foreign_block(out, doc);
		return;
	default:
		blocks(out, doc);
	}
}

/* Blocks; inlines that stand among them get a paragraph. */
static void
blocks(struct buf *out, const struct doc *parent)
{
	const struct doc *doc = parent->first;

	while (doc != NULL) {
		if (doc_is_block(doc)) {
			block(out, doc);
			doc = doc->next;
			continue;
		}
		buf_puts(out, "<p>");
		doc = inline_run(out, doc, true);
		buf_puts(out, "</p>");
	}
}

void
storage_write(const struct doc *doc, struct buf *out)
{
	if (doc->kind == DOC_ROOT)
		blocks(out, doc);
	else
		block(out, doc);
}

/*
 * The lines of Markdown that open and close a panel, an expand or a table, and the pass over the
 * text before the parser of CommonMark sees it.  The parser decides in which list or quote such a
 * line stands; here only fenced code is told apart, where a line of colons is code.
 */
#include "atlassian/text_markdown.h"

struct fence_word {
	const char *word;
	enum doc_kind kind;
	const char *name;
};

/* clang-format off */
static const struct fence_word words[] = {
	{ "info",	DOC_PANEL,	"info" },
	{ "note",	DOC_PANEL,	"note" },
	{ "warning",	DOC_PANEL,	"warning" },
	{ "success",	DOC_PANEL,	"success" },
	{ "error",	DOC_PANEL,	"error" },
	{ "tip",	DOC_PANEL,	"success" },
	{ "panel",	DOC_PANEL,	"info" },
	{ "expand",	DOC_EXPAND,	NULL },
	{ "table",	DOC_TABLE,	NULL },
	{ "row",	DOC_ROW,	NULL },
	{ "cell",	DOC_CELL,	NULL },
};
/* clang-format on */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice
tail(struct slice s, size_t at)
{
	return (struct slice){ s.p + at, s.n - at };
}

static size_t
run_of(struct slice s, char c)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == c)
		n++;
	return n;
}

/* {expand}, {expand:Title}. */
static bool
read_braces(struct slice line, struct fence_line *out)
{
	struct slice inner;

	if (!slice_starts(line, S("{expand")) || !slice_ends(line, S("}")))
		return false;
	inner = tail(line, sizeof("{expand") - 1);
	inner.n--;
	if (inner.n > 0 && inner.p[0] != ':')
		return false;
	*out = (struct fence_line){ .kind = DOC_EXPAND, .is_either = inner.n == 0 };
	if (inner.n > 0)
		out->title = slice_trim(tail(inner, 1));
	return memchr(inner.p, '}', inner.n) == NULL;
}

bool
fence_line_read(struct slice line, struct fence_line *out)
{
	size_t colons, n = 0;
	struct slice word;

	line = slice_trim(line);
	colons = run_of(line, ':');
	if (colons < 3)
		return read_braces(line, out);
	line = slice_trim(tail(line, colons));
	*out = (struct fence_line){ .kind = DOC_ROOT };
	if (line.n == 0)
		return true;
	while (n < line.n && !is_blank(line.p[n]))
		n++;
	word = (struct slice){ line.p, n };
	for (size_t i = 0; i < COUNT(words); i++) {
		if (!slice_eq_nocase(word, slice_of(words[i].word)))
			continue;
		out->kind = words[i].kind;
		out->name = slice_of(words[i].name);
		out->title = slice_trim(tail(line, n));
		return true;
	}
	return false;
}

/* ---- the pass -------------------------------------------------------------------------------- */

/* Fenced code that is open: its character and length; 0: none. */
struct code_fence {
	char c;
	size_t n;
};

/* The length of a list's marker and one blank behind it; 0: none stands here. */
static size_t
list_marker(struct slice s)
{
	size_t n = 0;

	if (s.n > 1 && (s.p[0] == '-' || s.p[0] == '*' || s.p[0] == '+'))
		return is_blank(s.p[1]) ? 2 : 0;
	while (n < s.n && n < 9 && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	if (n == 0 || n + 1 >= s.n || (s.p[n] != '.' && s.p[n] != ')') || !is_blank(s.p[n + 1]))
		return 0;
	return n + 2;
}

/* What stands before the content of a line: indentation, quotes and, where allowed, lists. */
static size_t
line_prefix(struct slice line, bool with_lists)
{
	size_t at = 0, n;

	while (at < line.n) {
		n = with_lists ? list_marker(tail(line, at)) : 0;
		if (n == 0 && (is_blank(line.p[at]) || line.p[at] == '>'))
			n = 1;
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

/* Follows fenced code; true: this line is part of it. */
static bool
follow_code(struct code_fence *code, struct slice line)
{
	struct slice rest = tail(line, line_prefix(line, code->n == 0));
	size_t n;
	char c;

	if (code->n > 0) {
		n = run_of(rest, code->c);
		if (n >= code->n && slice_trim(tail(rest, n)).n == 0)
			code->n = 0;
		return true;
	}
	c = rest.n > 0 ? rest.p[0] : '\0';
	n = c == '`' || c == '~' ? run_of(rest, c) : 0;
	if (n < 3 || (c == '`' && memchr(rest.p + n, '`', rest.n - n) != NULL))
		return false;
	*code = (struct code_fence){ c, n };
	return true;
}

static void
put_mark(struct fenced_text *fenced, struct slice bytes)
{
	struct fence_mark mark = { fenced->text.n, bytes.n };

	buf_put(&fenced->marks, (struct slice){ (const char *)&mark, sizeof(mark) });
	buf_put(&fenced->text, bytes);
}

/* "[~" begins a mention, and "~" must not strike out what stands between two of them. */
static void
put_mentions(struct fenced_text *fenced, struct slice line)
{
	const char *from, *end = line.p + line.n;

	while ((from = memchr(line.p, '[', line.n)) != NULL) {
		size_t n = (size_t)(from - line.p) + 1;

		buf_put(&fenced->text, (struct slice){ line.p, n });
		line = (struct slice){ from + 1, (size_t)(end - from) - 1 };
		if (slice_starts(line, S("~accountid:")))
			put_mark(fenced, S("\\"));
	}
	buf_put(&fenced->text, line);
}

static bool
is_blank_line(struct slice line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (!is_blank(line.p[i]) && line.p[i] != '\n' && line.p[i] != '\r')
			return false;
	}
	return true;
}

/* line: with its end.  True: it opens or closes a panel or the like. */
static bool
put_line(struct fenced_text *fenced, struct code_fence *code, struct slice line)
{
	struct slice bare = line;
	struct fence_line found;
	size_t prefix;

	while (bare.n > 0 && (bare.p[bare.n - 1] == '\n' || bare.p[bare.n - 1] == '\r'))
		bare.n--;
	prefix = line_prefix(bare, true);
	if (follow_code(code, bare)) {
		buf_put(&fenced->text, line);
		return false;
	}
	if (!fence_line_read(tail(bare, prefix), &found)) {
		put_mentions(fenced, line);
		return false;
	}
	buf_put(&fenced->text, (struct slice){ bare.p, prefix });
	put_mark(fenced, S("<?"));
	buf_put(&fenced->text, tail(bare, prefix));
	put_mark(fenced, S("?>"));
	buf_put(&fenced->text, tail(line, bare.n));
	return true;
}

/* Up to behind the end of the first line: CR LF, LF, or CR. */
static size_t
line_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
		n++;
	if (n + 1 < s.n && s.p[n] == '\r' && s.p[n + 1] == '\n')
		n++;
	return n < s.n ? n + 1 : n;
}

/* Blank lines outside of fenced code, kept back until it is known what follows. */
struct blanks {
	const char *from;
	size_t n, first_n; /* bytes of all, of the first */
	bool is_idle;	   /* what stands before them has ended anyway */
};

/*
 * md4c 0.4.8 takes blank lines behind a block that has ended for the start of an empty list item
 * when the offset of the block's last line says so by chance.  Where they mean nothing they are
 * left out: behind a line that ends its block, and all but the first of many; not before indented
 * code, nor between quotes.
 */
static void
put_blanks(struct fenced_text *fenced, struct blanks *blanks, struct slice next)
{
	size_t indent = line_prefix(next, false);
	bool is_code = indent >= 4 && memchr(next.p, '>', indent) == NULL;

	if (blanks->n > 0 && !blanks->is_idle)
		buf_put(&fenced->text,
		    (struct slice){ blanks->from, is_code ? blanks->n : blanks->first_n });
	*blanks = (struct blanks){ 0 };
}

void
fenced_text_init(struct fenced_text *fenced, struct slice text)
{
	struct code_fence code = { 0 };
	struct blanks blanks = { 0 };
	size_t n;

	/* A line of three colons becomes one of seven bytes and two marks. */
	buf_init(&fenced->text, NULL, 4 * MARKDOWN_BYTES);
	buf_init(&fenced->marks, NULL, MARKDOWN_BYTES * sizeof(struct fence_mark));
	for (; text.n > 0; text = tail(text, n)) {
		struct slice line = { text.p, n = line_length(text) };
		bool was_code = code.n > 0;

		if (!was_code && is_blank_line(line)) {
			blanks.first_n = blanks.n == 0 ? n : blanks.first_n;
			blanks.from = blanks.n == 0 ? line.p : blanks.from;
			blanks.n += n;
			continue;
		}
		put_blanks(fenced, &blanks, line);
		blanks.is_idle = put_line(fenced, &code, line) || (was_code && code.n == 0);
		blanks.is_idle &= memchr(line.p, '>', line_prefix(line, true)) == NULL;
	}
}

void
fenced_text_fini(struct fenced_text *fenced)
{
	buf_fini(&fenced->text);
	buf_fini(&fenced->marks);
}

static struct fence_mark
mark_of(const struct fenced_text *fenced, size_t i)
{
	struct fence_mark mark;

	memcpy(&mark, fenced->marks.p + i * sizeof(mark), sizeof(mark));
	return mark;
}

bool
fenced_text_next(const struct fenced_text *fenced, size_t at, struct fence_mark *mark)
{
	size_t low = 0, high = fenced->marks.n / sizeof(*mark), all = high, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		*mark = mark_of(fenced, mid);
		if (mark->at + mark->n <= at)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == all)
		return false;
	*mark = mark_of(fenced, low);
	return true;
}

void
markdown_fold_lines(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == '\n' ? 'n' : s.p[i] == '\r' ? 'r' : s.p[i];

		if (c != s.p[i] || c == '\\')
			buf_putc(out, '\\');
		buf_putc(out, c);
	}
}

size_t
markdown_unfold_lines(char *p, size_t n)
{
	size_t to = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (c == '\\' && i + 1 < n && memchr("nr\\", p[i + 1], 3) != NULL) {
			i++;
			c = p[i] == 'n' ? '\n' : p[i] == 'r' ? '\r' : '\\';
		}
		p[to++] = c;
	}
	return to;
}

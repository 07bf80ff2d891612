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
put_mark(struct fenced_text *fenced, const char *pair)
{
	size_t at = fenced->text.n;

	buf_put(&fenced->marks, (struct slice){ (const char *)&at, sizeof(at) });
	buf_puts(&fenced->text, pair);
}

/* line: with its end. */
static void
put_line(struct fenced_text *fenced, struct code_fence *code, struct slice line)
{
	struct slice bare = line;
	struct fence_line found;
	size_t prefix;

	while (bare.n > 0 && (bare.p[bare.n - 1] == '\n' || bare.p[bare.n - 1] == '\r'))
		bare.n--;
	prefix = line_prefix(bare, true);
	if (follow_code(code, bare) || !fence_line_read(tail(bare, prefix), &found)) {
		buf_put(&fenced->text, line);
		return;
	}
	buf_put(&fenced->text, (struct slice){ bare.p, prefix });
	put_mark(fenced, "<?");
	buf_put(&fenced->text, tail(bare, prefix));
	put_mark(fenced, "?>");
	buf_put(&fenced->text, tail(line, bare.n));
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

void
fenced_text_init(struct fenced_text *fenced, struct slice text)
{
	struct code_fence code = { 0 };
	size_t n;

	/* A line of three colons becomes one of seven bytes and two marks. */
	buf_init(&fenced->text, NULL, 4 * MARKDOWN_BYTES);
	buf_init(&fenced->marks, NULL, MARKDOWN_BYTES * sizeof(size_t));
	for (; text.n > 0; text = tail(text, n)) {
		n = line_length(text);
		put_line(fenced, &code, (struct slice){ text.p, n });
	}
}

void
fenced_text_fini(struct fenced_text *fenced)
{
	buf_fini(&fenced->text);
	buf_fini(&fenced->marks);
}

static size_t
mark_at(const struct fenced_text *fenced, size_t i)
{
	size_t at;

	memcpy(&at, fenced->marks.p + i * sizeof(at), sizeof(at));
	return at;
}

bool
fenced_text_next(const struct fenced_text *fenced, size_t at, size_t *mark)
{
	size_t low = 0, high = fenced->marks.n / sizeof(at), all = high, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (mark_at(fenced, mid) < at)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == all)
		return false;
	*mark = mark_at(fenced, low);
	return true;
}

/*
 * An anchor in front of the text of each heading, named as Markdown's own links name headings
 * ("Getting started" is #getting-started).  Only for storage format that was made from Markdown
 * here: its tags are plain and closed.
 */
#include "atlassian/confluence.h"

#define HEADING_TAG 4 /* "<h1>", "</h1" */

static bool
is_heading(const char *at, const char *end)
{
	return end - at > HEADING_TAG && at[0] == '<' && at[1] == 'h' && at[2] >= '1' &&
	    at[2] <= '6' && (at[3] == '>' || at[3] == ' ');
}

/* Letters small, blanks as one "-", no other signs; what is not ASCII stays. */
static void
put_slug(struct slice inner, struct buf *out)
{
	bool in_tag = false, in_entity = false, has_blank = false, is_first = true;

	for (size_t i = 0; i < inner.n; i++) {
		unsigned char c = (unsigned char)inner.p[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		    c == '-' || c >= 0x80;

		in_tag = in_tag || c == '<';
		in_entity = !in_tag && (in_entity || c == '&');
		if (c >= 'A' && c <= 'Z') {
			c = (unsigned char)(c - 'A' + 'a');
			is_word = true;
		}
		if (!in_tag && !in_entity && is_word) {
			if (has_blank && !is_first)
				buf_putc(out, '-');
			buf_putc(out, (char)c);
			has_blank = is_first = false;
		} else if (!in_tag && strchr(" \t\n", c) != NULL) {
			has_blank = true;
		}
		in_tag = in_tag && c != '>';
		in_entity = in_entity && c != ';';
	}
}

/* The heading at `at` with its anchor, up to where its text begins; returns how far that is. */
static size_t
put_heading(struct slice rest, struct buf *out)
{
	const char close[] = { '<', '/', 'h', rest.p[2] };
	const char *start = memchr(rest.p, '>', rest.n), *end;
	struct buf slug;

	if (start == NULL) {
		buf_put(out, rest);
		return rest.n;
	}
	start++;
	end = memmem(start, (size_t)(rest.p + rest.n - start), close, sizeof(close));
	buf_put(out, (struct slice){ rest.p, (size_t)(start - rest.p) });
	buf_init(&slug, NULL, 4 * KIB);
	if (end != NULL)
		put_slug((struct slice){ start, (size_t)(end - start) }, &slug);
	if (slug.n > 0 && !slug.overflow) {
		buf_puts(out,
		    "<ac:structured-macro ac:name=\"anchor\" ac:schema-version=\"1\">"
		    "<ac:parameter ac:name=\"\">");
		buf_put(out, buf_view(&slug));
		buf_puts(out, "</ac:parameter></ac:structured-macro>");
	}
	buf_fini(&slug);
	return (size_t)(start - rest.p);
}

/* Where the next heading or CDATA begins; the end where none does. */
static size_t
next_at(struct slice rest)
{
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == '<' &&
		    (is_heading(rest.p + i, rest.p + rest.n) ||
			slice_starts((struct slice){ rest.p + i, rest.n - i }, S("<![CDATA["))))
			return i;
	return rest.n;
}

void
storage_put_anchors(struct slice text, struct buf *out)
{
	while (text.n > 0 && text.p != NULL) {
		size_t n = next_at(text);
		struct slice rest = { text.p + n, text.n - n };
		const char *end;

		buf_put(out, (struct slice){ text.p, n });
		if (rest.n > 0 && rest.p[1] == 'h') {
			n += put_heading(rest, out);
		} else if (rest.n > 0) {
			end = memmem(rest.p, rest.n, "]]>", 3);
			rest.n = end != NULL ? (size_t)(end - rest.p) + 3 : rest.n;
			buf_put(out, rest);
			n += rest.n;
		}
		text = (struct slice){ text.p + n, text.n - n };
	}
}

/*
 * Words of plain text that stand for something: addresses, and statuses, dates, emojis and mentions
 * in braces.  They are found here; the reader makes the nodes.
 */
#include "atlassian/text.h"
#include "atlassian/text_markdown.h"

#define WORD_BYTES 1024 /* in braces; a longer one is text */

static bool
is_date(struct slice s)
{
	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (i != 4 && i != 7 && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	}
	return true;
}

/* Cuts "|name=value" off the end of s. */
static struct slice
cut_option(struct slice *s, struct slice name)
{
	for (size_t i = s->n; i > name.n; i--) {
		size_t at = i - name.n;
		struct slice value = { s->p + i, s->n - i };

		if (s->p[at] != name.p[0] || memcmp(s->p + at, name.p, name.n) != 0)
			continue;
		s->n = at;
		return value;
	}
	return SLICE_NONE;
}

struct word {
	struct slice start;
	char end;
	enum doc_kind kind;
	struct slice option; /* {NULL}: it has none */
};

/* clang-format off */
static const struct word words[] = {
	{ { "{status:", 8 },	  '}', DOC_STATUS,  { "|color=", 7 } },
	{ { "{date:", 6 },	  '}', DOC_DATE,    { NULL, 0 } },
	{ { "{emoji:", 7 },	  '}', DOC_EMOJI,   { "|id=", 4 } },
	{ { "[~accountid:", 12 }, ']', DOC_MENTION, { NULL, 0 } },
};
/* clang-format on */

/* The end of what begins with word at s; NULL: it does not, or does not end near by. */
static const char *
word_end(const struct word *word, struct slice s, const char *bytes)
{
	size_t i, most = word->start.n + WORD_BYTES;

	if (!slice_starts(s, word->start) || memchr(bytes, BYTE_QUOTED, word->start.n) != NULL)
		return NULL;
	for (i = word->start.n; i < s.n && i < most; i++) {
		if (s.p[i] == word->end && bytes[i] == BYTE_PLAIN)
			return s.p + i;
	}
	return NULL;
}

/* What stands at s. */
static bool
word_read(struct slice s, const char *bytes, struct markdown_word *out)
{
	for (size_t w = 0; w < COUNT(words); w++) {
		const struct word *word = &words[w];
		const char *end = word_end(word, s, bytes);

		if (end == NULL)
			continue;
		out->n = (size_t)(end - s.p) + 1;
		out->kind = word->kind;
		out->text = (struct slice){ s.p + word->start.n, out->n - word->start.n - 1 };
		out->option =
		    word->option.p != NULL ? cut_option(&out->text, word->option) : SLICE_NONE;
		return out->text.n > 0 && (word->kind != DOC_DATE || is_date(out->text));
	}
	return false;
}

/* The length of an address in plain text at s; 0: none (GitHub Flavored Markdown, 6.9). */
static size_t
address_length(struct slice s, const char *bytes)
{
	size_t n = slice_starts(s, S("https://")) ? 8 : slice_starts(s, S("http://")) ? 7 : 0;
	size_t open = 0, start = n;

	if (n == 0 || memchr(bytes, BYTE_QUOTED, n) != NULL)
		return 0;
	while (n < s.n && (unsigned char)s.p[n] > ' ' && memchr("<>\"`|", s.p[n], 5) == NULL) {
		if (s.p[n] == ')' && open == 0)
			break;
		open += s.p[n] == '(' ? 1u : s.p[n] == ')' ? -1u : 0u;
		n++;
	}
	while (n > start && memchr("?!.,:;*_~'(", s.p[n - 1], 11) != NULL)
		n--;
	return n > start ? n : 0;
}

bool
markdown_word_find(struct slice s, const char *bytes, bool in_link, struct markdown_word *out)
{
	*out = (struct markdown_word){ 0 };
	for (; out->at < s.n; out->at++) {
		size_t i = out->at;
		struct slice rest = { s.p + i, s.n - i };

		if (s.p[i] == 'h' && !in_link && (i == 0 || !markdown_is_alnum(s.p[i - 1])) &&
		    (out->n = address_length(rest, bytes + i)) > 0) {
			out->kind = DOC_TEXT;
			out->text = (struct slice){ rest.p, out->n };
			return true;
		}
		if (bytes[i] == BYTE_PLAIN && (s.p[i] == '{' || s.p[i] == '[') &&
		    word_read(rest, bytes + i, out))
			return true;
	}
	return false;
}

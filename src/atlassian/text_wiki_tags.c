/*
 * One pass over wiki markup that finds what stands in braces.  {{text}}, {code} and {noformat} are
 * verbatim up to their end; {quote}, {panel}, {color} and the like are closed by the same name
 * without parameters.  Every other macro stands alone.  Linear: a search that found no end is not
 * made again.
 */
#include "atlassian/text_wiki.h"

static const struct slice names[WIKI_MACROS_N] = {
	[WIKI_MONO] = { "}}", 2 },
	[WIKI_CODE] = { "code", 4 },
	[WIKI_NOFORMAT] = { "noformat", 8 },
	[WIKI_QUOTE] = { "quote", 5 },
	[WIKI_PANEL] = { "panel", 5 },
	[WIKI_INFO] = { "info", 4 },
	[WIKI_NOTE] = { "note", 4 },
	[WIKI_TIP] = { "tip", 3 },
	[WIKI_WARNING] = { "warning", 7 },
	[WIKI_EXPAND] = { "expand", 6 },
	[WIKI_COLOR] = { "color", 5 },
};

struct scan {
	struct slice text;
	struct wiki_tag *tags; /* NULL: only counting */
	size_t n;
	size_t *stack; /* of open tags */
	size_t stack_n;
	size_t open[WIKI_MACROS_N];
	bool has_no_end[WIKI_MACROS_N]; /* of verbatim ones, from here on */
	size_t mono_end, mono_none_until;
};

static bool
is_name(char c, bool is_first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (!is_first && ((c >= '0' && c <= '9') || c == '-' || c == '_'));
}

/* {name} or {name:parameters} within a line; false: none at that place. */
static bool
tag_parse(struct slice text, size_t at, struct wiki_tag *tag)
{
	size_t i = at + 1;
	struct slice name;

	while (i < text.n && is_name(text.p[i], i == at + 1))
		i++;
	name = (struct slice){ text.p + at + 1, i - at - 1 };
	if (name.n == 0 || name.n > 64 || i == text.n)
		return false;
	if (text.p[i] == ':') {
		while (i < text.n && strchr("{}\n", text.p[i]) == NULL)
			i++;
	}
	if (i == text.n || text.p[i] != '}')
		return false;
	*tag = (struct wiki_tag){ .at = at, .end = i + 1, .match = WIKI_NO_MATCH };
	tag->name_n = (unsigned)name.n;
	tag->macro = WIKI_CODE;
	while (tag->macro < WIKI_OTHER && !slice_eq(name, names[tag->macro]))
		tag->macro++;
	return true;
}

static void
push(struct scan *scan, const struct wiki_tag *tag)
{
	if (scan->tags != NULL)
		scan->tags[scan->n] = *tag;
	scan->n++;
}

/* Where the verbatim text from at ends; SIZE_MAX: nowhere. */
static size_t
verbatim_end(struct scan *scan, enum wiki_macro macro, size_t at)
{
	static const struct slice ends[] = { [WIKI_MONO] = { "}}", 2 },
		[WIKI_CODE] = { "{code}", 6 },
		[WIKI_NOFORMAT] = { "{noformat}", 10 } };
	const char *end;

	if (scan->has_no_end[macro])
		return SIZE_MAX;
	end = memmem(scan->text.p + at, scan->text.n - at, ends[macro].p, ends[macro].n);
	scan->has_no_end[macro] = end == NULL;
	return end != NULL ? (size_t)(end - scan->text.p) : SIZE_MAX;
}

/* {{text}} within a line; returns where to go on. */
static size_t
mono(struct scan *scan, size_t at)
{
	struct wiki_tag tag = { .at = at, .match = WIKI_NO_MATCH, .macro = WIKI_MONO };
	const char *line_end;

	if (at < scan->mono_none_until)
		return at + 2;
	if (scan->mono_end < at + 2)
		scan->mono_end = verbatim_end(scan, WIKI_MONO, at + 2);
	if (scan->mono_end == SIZE_MAX || scan->mono_end == at + 2)
		return at + 2;
	line_end = memchr(scan->text.p + at, '\n', scan->mono_end - at);
	if (line_end != NULL) {
		scan->mono_none_until = (size_t)(line_end - scan->text.p);
		return at + 2;
	}
	tag.end = scan->mono_end + 2;
	push(scan, &tag);
	return tag.end;
}

/* Opens, or closes the innermost of its name; what was left open within that stays alone. */
static void
pair(struct scan *scan, size_t index)
{
	struct wiki_tag *tag = &scan->tags[index];
	bool has_params = tag->end - tag->at > tag->name_n + 2u;

	if (has_params || scan->open[tag->macro] == 0) {
		scan->stack[scan->stack_n++] = index;
		scan->open[tag->macro]++;
		return;
	}
	for (;;) {
		struct wiki_tag *open = &scan->tags[scan->stack[--scan->stack_n]];

		scan->open[open->macro]--;
		if (open->macro != tag->macro)
			continue;
		open->match = index;
		tag->match = scan->stack[scan->stack_n];
		tag->is_closing = true;
		return;
	}
}

static size_t
tag_take(struct scan *scan, const struct wiki_tag *tag)
{
	struct wiki_tag close = { .is_closing = true, .macro = tag->macro, .name_n = tag->name_n };
	bool is_verbatim = tag->macro == WIKI_CODE || tag->macro == WIKI_NOFORMAT;
	size_t end = is_verbatim ? verbatim_end(scan, tag->macro, tag->end) : SIZE_MAX;

	push(scan, tag);
	if (end != SIZE_MAX) {
		close.at = end;
		close.end = end + tag->name_n + 2;
		close.match = scan->n - 1;
		if (scan->tags != NULL)
			scan->tags[scan->n - 1].match = scan->n;
		push(scan, &close);
		return close.end;
	}
	if (scan->tags != NULL && !is_verbatim && tag->macro != WIKI_OTHER)
		pair(scan, scan->n - 1);
	return tag->end;
}

static void
scan_all(struct scan *scan)
{
	size_t at = 0;

	memset(scan->has_no_end, 0, sizeof(scan->has_no_end));
	scan->n = scan->mono_end = scan->mono_none_until = 0;
	while (at < scan->text.n) {
		struct wiki_tag tag;

		if (scan->text.p[at] == '\\')
			at += 2;
		else if (scan->text.p[at] != '{')
			at++;
		else if (at + 1 < scan->text.n && scan->text.p[at + 1] == '{')
			at = mono(scan, at);
		else if (tag_parse(scan->text, at, &tag))
			at = tag_take(scan, &tag);
		else
			at++;
	}
}

bool
wiki_tags(struct wiki_reader *reader)
{
	struct scan scan = { .text = reader->text };
	size_t n;

	scan_all(&scan);
	n = scan.n;
	if (!arena_reserve(&reader->work, n * (sizeof(*scan.tags) + sizeof(*scan.stack)) + 2 * 16,
		reader->maker->err))
		return false;
	scan.tags = ARENA_ARRAY(&reader->work, struct wiki_tag, n);
	scan.stack = ARENA_ARRAY(&reader->work, size_t, n);
	scan_all(&scan);
	must(scan.n == n);
	reader->tags = scan.tags;
	reader->tags_n = n;
	return true;
}

size_t
wiki_tag_from(const struct wiki_reader *reader, size_t at)
{
	size_t low = 0, high = reader->tags_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reader->tags[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct wiki_tag *
wiki_tag_at(const struct wiki_reader *reader, size_t at)
{
	size_t i = wiki_tag_from(reader, at);

	return i < reader->tags_n && reader->tags[i].at == at ? &reader->tags[i] : NULL;
}

struct slice
wiki_tag_name(const struct wiki_reader *reader, const struct wiki_tag *tag)
{
	return (struct slice){ reader->text.p + tag->at + 1, tag->name_n };
}

struct slice
wiki_tag_params(const struct wiki_reader *reader, const struct wiki_tag *tag)
{
	size_t n = tag->end - tag->at - tag->name_n - 2;

	if (n == 0)
		return SLICE_NONE;
	return (struct slice){ reader->text.p + tag->at + tag->name_n + 2, n - 1 };
}

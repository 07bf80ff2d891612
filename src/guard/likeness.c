/*
 * Names that could be taken for others: odd ones, ones that look like another (of Unicode's
 * confusables those that scan_fold() knows, case, separators, digits for letters, one letter more
 * or less), and texts of one server that name a tool of another, which is how a tool is shadowed.
 * Said, never refused: names that are alike are also what honest people give.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/scan.h"
#include "guard/stages.h"

#define NAME_MAX_BYTES 64
#define SKELETON_BYTES 512
#define PAIRS_MAX      500 /* so many are compared each with each */
#define TEXTS_BYTES    MIB /* so much is looked through for mentions */
#define REPORTS_MAX    100
#define DISTINCT_BYTES 5 /* a shorter name is also a word */
#define ALIKE_BYTES    6

struct named {
	const struct likeness_item *item;
	struct slice skeleton;
};

struct finding {
	const struct likeness_item *items;
	size_t n;
	struct named *named; /* those with a name */
	size_t named_n;
	struct arena arena;
	likeness_fn *found;
	void *ctx;
	unsigned reports;
};

static void
tell(struct finding *finding, enum likeness_kind kind, const struct likeness_item *item,
    const struct likeness_item *other)
{
	if (finding->reports++ < REPORTS_MAX)
		finding->found(
		    finding->ctx, &(struct likeness){ .kind = kind, .item = item, .other = other });
}

/* ---- skeletons ------------------------------------------------------------------------------- */

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Behind a letter that makes the whole a word with Latin letters; I among small letters is l. */
static void
put_prepared(struct buf *out, struct slice name)
{
	buf_putc(out, 'x');
	for (size_t i = 0; i < name.n; i++) {
		bool is_inner = i > 0 && is_lower(name.p[i - 1]) &&
		    (i + 1 == name.n || is_lower(name.p[i + 1]));

		buf_putc(out, name.p[i] == 'I' && is_inner ? 'l' : name.p[i]);
	}
}

/* What is left of a name when all that looks alike is the same. */
static struct slice
skeleton_make(struct arena *arena, struct slice name)
{
	struct scan_folded folded;
	struct buf prepared;
	struct slice text;
	char *out = arena_bytes(arena, SKELETON_BYTES);
	size_t n = 0;

	buf_init(&prepared, NULL, SKELETON_BYTES);
	put_prepared(&prepared, name);
	scan_folded_init(&folded, 4 * KIB);
	scan_fold(&folded, buf_view(&prepared));
	text = buf_view(&folded.text);
	for (size_t i = 1; i < text.n && n < SKELETON_BYTES; i++) {
		char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : '\0';

		if (memchr("_-. /:", c, 6) != NULL)
			continue;
		if ((c == 'r' && next == 'n') || (c == 'v' && next == 'v')) {
			out[n++] = c == 'r' ? 'm' : 'w';
			i++;
		} else {
			out[n++] = c == '0' ? 'o' : c == '1' || c == '|' ? 'l' : c;
		}
	}
	scan_folded_fini(&folded);
	buf_fini(&prepared);
	return (struct slice){ out, n };
}

static int
by_skeleton(const void *a, const void *b)
{
	return slice_compare(
	    ((const struct named *)a)->skeleton, ((const struct named *)b)->skeleton);
}

static int
by_name(const void *a, const void *b)
{
	return slice_compare(
	    ((const struct named *)a)->item->name, ((const struct named *)b)->item->name);
}

/* ---- odd and alike --------------------------------------------------------------------------- */

static bool
is_odd(struct slice name)
{
	bool is = name.n == 0 || name.n > NAME_MAX_BYTES;

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		is |= !is_lower(c) && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '.' && c != '-';
	}
	return is;
}

/* One letter more, less, or another; but for what counts (s at the end, digits). */
static bool
is_one_apart(struct slice a, struct slice b)
{
	size_t head = 0, tail = 0, least = a.n < b.n ? a.n : b.n;
	struct slice longer = a.n >= b.n ? a : b;
	char c;

	if (longer.n - least > 1 || least < ALIKE_BYTES)
		return false;
	while (head < least && a.p[head] == b.p[head])
		head++;
	while (tail < least - head && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
		tail++;
	if (longer.n - head - tail != 1)
		return false;
	c = longer.p[head];
	return !(a.n != b.n && tail == 0 && c == 's') && !(c >= '0' && c <= '9');
}

static void
find_alike(struct finding *finding)
{
	struct named *all = finding->named;
	size_t n = finding->named_n;

	qsort(all, n, sizeof(*all), by_skeleton);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(all[i - 1].skeleton, all[i].skeleton) &&
		    !slice_eq(all[i - 1].item->name, all[i].item->name))
			tell(finding, LIKENESS_ALIKE, all[i].item, all[i - 1].item);
	if (n > PAIRS_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (is_one_apart(all[i].skeleton, all[k].skeleton) &&
			    !slice_eq(all[i].item->server, all[k].item->server))
				tell(finding, LIKENESS_ALIKE, all[k].item, all[i].item);
}

/* ---- mentions -------------------------------------------------------------------------------- */

/* A name that is no word of a language: it has a separator, a digit or a capital inside. */
static bool
is_distinct(struct slice name)
{
	bool has_mark = false;

	for (size_t i = 1; i < name.n; i++)
		has_mark |= !is_lower(name.p[i]);
	return has_mark && name.n >= DISTINCT_BYTES;
}

static bool
offers(const struct finding *finding, struct slice server, const struct named *at)
{
	const struct named *end = finding->named + finding->named_n;
	struct slice name = at->item->name;

	for (; at < end && slice_eq(at->item->name, name); at++)
		if (slice_eq(at->item->server, server))
			return true;
	return false;
}

/* A word of a text of item: is it a tool of others, and none of its own server? */
static void
word_look(struct finding *finding, const struct likeness_item *item, struct slice word)
{
	struct likeness_item wanted_item = { .name = word };
	struct named wanted = { .item = &wanted_item };
	const struct named *at;

	if (!is_distinct(word))
		return;
	at = bsearch(&wanted, finding->named, finding->named_n, sizeof(wanted), by_name);
	if (at == NULL)
		return;
	while (at > finding->named && slice_eq(at[-1].item->name, word))
		at--;
	if (!offers(finding, item->server, at))
		tell(finding, LIKENESS_MENTION, item, at->item);
}

/* Canonical JSON: every escape that is left stands for something between words. */
static void
text_look(struct finding *finding, const struct likeness_item *item, struct slice text)
{
	size_t at = 0, from;

	while (at < text.n) {
		if (text.p[at] == '\\') {
			at += text.n - at > 5 && text.p[at + 1] == 'u' ? 6 : 2;
			continue;
		}
		from = at;
		while (at < text.n && !is_odd((struct slice){ text.p + at, 1 }))
			at++;
		if (at > from) {
			size_t end = at;

			while (end > from && (text.p[end - 1] == '.' || text.p[end - 1] == '-'))
				end--;
			word_look(finding, item, (struct slice){ text.p + from, end - from });
		} else {
			at++;
		}
	}
}

static void
find_mentions(struct finding *finding)
{
	struct arena scratch;
	struct buf text;
	size_t bytes = 0;

	qsort(finding->named, finding->named_n, sizeof(*finding->named), by_name);
	for (size_t i = 0; i < finding->n && finding->reports < REPORTS_MAX; i++) {
		bytes += finding->items[i].text.n;
		if (bytes > TEXTS_BYTES)
			break;
		arena_init(&scratch, NULL, 16 * MIB);
		buf_init(&text, NULL, 16 * MIB);
		if (json_canonical(&scratch, finding->items[i].text, NULL, &text))
			text_look(finding, &finding->items[i], buf_view(&text));
		buf_fini(&text);
		arena_fini(&scratch);
	}
}

void
likeness_find(const struct likeness_item *items, size_t n, likeness_fn *found, void *ctx)
{
	struct finding finding = { .items = items, .n = n, .found = found, .ctx = ctx };
	struct err err;

	arena_init(&finding.arena, NULL, 64 * MIB);
	finding.named = mem_new((n + 1) * sizeof(*finding.named));
	for (size_t i = 0; i < n; i++) {
		if (items[i].name.n == 0 || !arena_reserve(&finding.arena, SKELETON_BYTES, &err))
			continue;
		finding.named[finding.named_n++] =
		    (struct named){ &items[i], skeleton_make(&finding.arena, items[i].name) };
		if (is_odd(items[i].name))
			tell(&finding, LIKENESS_ODD, &items[i], NULL);
	}
	if (finding.named_n > 0) {
		find_alike(&finding);
		find_mentions(&finding);
	}
	mem_free(finding.named);
	arena_fini(&finding.arena);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void
put_name(struct buf *out, const struct likeness_item *item)
{
	struct slice name = item->name;
	struct buf token;

	if (name.n == 0) {
		buf_printf(out, "the instructions of %.*s", SLICE_FMT(item->server));
		return;
	}
	if (name.n > 128)
		name.n = 128;
	buf_init(&token, NULL, KIB);
	buf_json_string(&token, name);
	buf_printf(out, "tool ");
	pins_put_visible(out, buf_view(&token));
	buf_printf(out, " of %.*s", SLICE_FMT(item->server));
	buf_fini(&token);
}

static void
on_likeness(void *ctx, const struct likeness *likeness)
{
	static const char *const words[] = { [LIKENESS_ODD] = " has an odd name",
		[LIKENESS_ALIKE] = " looks like ",
		[LIKENESS_MENTION] = " mentions " };
	struct guard *guard = ctx;
	struct buf text;

	buf_init(&text, NULL, 4 * KIB);
	put_name(&text, likeness->item);
	buf_puts(&text, words[likeness->kind]);
	if (likeness->other != NULL)
		put_name(&text, likeness->other);
	if (told_is_news(guard->told, hash_bytes(buf_view(&text), 0)))
		log_event(loop_log(guard->loop), LOG_WARN, "name_suspicious", "%.*s",
		    SLICE_FMT(buf_view(&text)));
	buf_fini(&text);
}

void
guard_names(struct guard *guard, const struct likeness_item *items, size_t n)
{
	uint64_t seed = loop_seed(guard->loop), all = n;

	for (size_t i = 0; i < n; i++)
		all += hash_bytes(
		    items[i].text, hash_bytes(items[i].server, hash_bytes(items[i].name, seed)));
	if (guard->names_seen == all)
		return;
	guard->names_seen = all;
	likeness_find(items, n, on_likeness, guard);
}

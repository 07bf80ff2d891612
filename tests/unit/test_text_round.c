/*
 * Random trees, from a seed: written and read again they are the same, in storage format all that
 * the tree can say, in wiki markup what wiki markup can say.  TEXT_SEED=N plays one again.
 * And whole texts from one format to the other, against tests/golden/text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "atlassian/text.h"
#include "doc_dump.h"

#define TREES 3000

struct make {
	struct doc_maker maker;
	uint64_t random;
	bool is_wiki, in_quote;
};

static unsigned
pick(struct make *make, unsigned n)
{
	make->random ^= make->random << 13;
	make->random ^= make->random >> 7;
	make->random ^= make->random << 17;
	return (unsigned)((make->random >> 11) % n);
}

static struct slice
word(struct make *make)
{
	static const char *const words[] = { "a", "b c", "*x*", "_y", "[z]", "{q}", "h1. w", "# w",
		"* v", "a|b", "\\", "c:\\d", "&#65;", "<&>\"", "]]>", "\u00fc", "- -", "1_2_3",
		"{code}", "!i.png!", "a-b", "--", "??", "bq. t", "||", "~", "^2^", "C++", "[~u]",
		"{*}", "\\\\", "}}", "x?", "!" };

	return slice_of(words[pick(make, COUNT(words))]);
}

static void
text(struct make *make, struct doc *line)
{
	static const char *const hrefs[] = { "https://x/y?a=b&c", "attachment:a%20b.png",
		"page:S/T%2FU#v", "#top", "page:T", "https://x/(y)_z" };
	static const char *const colors[] = { "red", "#ff0000" };
	unsigned marks = pick(make, 3) == 0 ? pick(make, 128) : 1u << pick(make, 7);
	struct slice href = SLICE_NONE, color = SLICE_NONE;

	if (pick(make, 4) == 0)
		href = slice_of(hrefs[pick(make, COUNT(hrefs))]);
	if (pick(make, 6) == 0)
		color = slice_of(colors[pick(make, 2)]);
	doc_add_text(&make->maker, line, word(make), pick(make, 3) == 0 ? 0 : marks, href, color);
}

static void
object(struct make *make, struct doc *line)
{
	static const enum doc_kind kinds[] = { DOC_BREAK, DOC_IMAGE, DOC_MENTION, DOC_CARD,
		DOC_DATE, DOC_STATUS, DOC_EMOJI };
	enum doc_kind kind = kinds[pick(make, make->is_wiki ? 4 : COUNT(kinds))];
	struct doc *doc;

	if (kind == DOC_IMAGE && make->is_wiki) /* not within a word */
		doc_add_text(&make->maker, line, S(" at "), 0, SLICE_NONE, SLICE_NONE);
	doc = doc_add(&make->maker, line, kind);
	assert_non_null(doc);
	switch (doc->kind) {
	case DOC_IMAGE:
		if (pick(make, 2) == 0)
			doc->id = S("a b.png");
		else
			doc->href = S("https://x/y.png");
		doc->columns = pick(make, 2) * 30;
		doc->rows = pick(make, 2) * 40;
		doc->text = pick(make, 2) == 0 ? SLICE_NONE : word(make);
		break;
	case DOC_MENTION:
		doc->name = pick(make, 2) == 0 ? S("account-id") : S("username");
		doc->id = S("5:6-7_8");
		doc->text = make->is_wiki ? SLICE_NONE : word(make);
		break;
	case DOC_CARD:
		doc->href = S("https://x/y_z?a=b");
		doc->text = S("a b");
		break;
	case DOC_DATE:
		doc->text = S("2026-01-31");
		break;
	case DOC_STATUS:
		doc->text = word(make);
		doc->color = pick(make, 2) == 0 ? S("green") : S("neutral");
		break;
	case DOC_EMOJI:
		doc->name = S(":smile:");
		doc->text = S("\U0001f600");
		break;
	default:
		break;
	}
}

static void
line(struct make *make, struct doc *line)
{
	text(make, line);
	for (unsigned n = pick(make, 4); n > 0; n--) {
		if (pick(make, 2) == 0)
			doc_add_text(&make->maker, line, S(" and "), 0, SLICE_NONE, SLICE_NONE);
		else
			object(make, line);
		text(make, line);
	}
}

static void blocks(struct make *make, struct doc *home, unsigned depth);

static void
paragraph(struct make *make, struct doc *home)
{
	line(make, doc_add(&make->maker, home, DOC_PARAGRAPH));
}

static void
code(struct make *make, struct doc *home)
{
	static const char *const texts[] = { "", "a\n\n b\n", "{quote} *a* |", "]]>]]&amp;<b>",
		"{{x}}" };
	struct doc *doc = doc_add(&make->maker, home, DOC_CODE);

	doc->text = slice_of(texts[pick(make, COUNT(texts))]);
	doc->language = pick(make, 2) == 0 ? S("java") : SLICE_NONE;
	doc->title = pick(make, 3) == 0 ? S("T | {x}") : SLICE_NONE;
}

static void
lists(struct make *make, struct doc *home, unsigned depth)
{
	struct doc *list =
	    doc_add(&make->maker, home, pick(make, 2) == 0 ? DOC_BULLETS : DOC_NUMBERS);

	if (list->kind == DOC_NUMBERS && !make->is_wiki)
		list->start = pick(make, 4);
	for (unsigned n = 1 + pick(make, 3); n > 0; n--) {
		struct doc *item = doc_add(&make->maker, list, DOC_ITEM);

		paragraph(make, item);
		if (pick(make, 5) == 0)
			code(make, item);
		if (depth < 5 && pick(make, 3) == 0)
			lists(make, item, depth + 1);
	}
}

static void
tasks(struct make *make, struct doc *home, unsigned depth)
{
	struct doc *list = doc_add(&make->maker, home, DOC_TASKS);

	for (unsigned n = 1 + pick(make, 3); n > 0; n--) {
		struct doc *task = doc_add(&make->maker, list, DOC_TASK);

		task->is_done = pick(make, 2) == 0;
		task->id = S("17");
		line(make, task);
		if (depth < 4 && pick(make, 4) == 0)
			tasks(make, task, depth + 1);
	}
}

static void
table(struct make *make, struct doc *home)
{
	struct doc *table = doc_add(&make->maker, home, DOC_TABLE);

	for (unsigned rows = 1 + pick(make, 3); rows > 0; rows--) {
		struct doc *row = doc_add(&make->maker, table, DOC_ROW);

		for (unsigned n = 1 + pick(make, 3); n > 0; n--) {
			struct doc *cell = doc_add(&make->maker, row, DOC_CELL);

			cell->is_header = pick(make, 3) == 0;
			if (!make->is_wiki) {
				cell->align = (enum doc_align)pick(make, 4);
				cell->columns = pick(make, 3);
			}
			if (pick(make, 5) > 0)
				paragraph(make, cell);
			if (cell->first != NULL && pick(make, 5) == 0)
				lists(make, cell, 4);
		}
	}
}

static void
box(struct make *make, struct doc *home, unsigned depth)
{
	static const char *const names[] = { "info", "note", "success", "warning", "error" };
	bool was_in_quote = make->in_quote;
	unsigned kind = pick(make, make->is_wiki ? 2 : 3);
	struct doc *doc;

	if (kind == 1 && make->is_wiki && make->in_quote)
		kind = 0;
	doc = doc_add(&make->maker, home,
	    kind == 0	    ? DOC_PANEL
		: kind == 1 ? DOC_QUOTE
			    : DOC_EXPAND);
	if (kind != 1)
		doc->title = pick(make, 2) == 0 ? SLICE_NONE : word(make);
	if (kind == 0)
		doc->name = slice_of(names[pick(make, make->is_wiki ? 5 : 4)]);
	make->in_quote = make->in_quote || kind == 1;
	blocks(make, doc, depth + 1);
	make->in_quote = was_in_quote;
}

static void
blocks(struct make *make, struct doc *home, unsigned depth)
{
	for (unsigned n = 1 + pick(make, 3); n > 0; n--) {
		struct doc *doc;

		switch (pick(make, depth < 4 ? 9 : 4)) {
		case 0:
			doc = doc_add(&make->maker, home, DOC_HEADING);
			doc->level = 1 + pick(make, 6);
			line(make, doc);
			break;
		case 1:
			(void)doc_add(&make->maker, home, DOC_RULE);
			break;
		case 2:
			code(make, home);
			break;
		case 4:
			lists(make, home, 0);
			break;
		case 5:
			table(make, home);
			break;
		case 6:
			box(make, home, depth);
			break;
		case 7:
			if (!make->is_wiki) {
				tasks(make, home, 0);
				break;
			}
			/* fallthrough */
		default:
			paragraph(make, home);
		}
	}
}

static void
check(enum text_format format, uint64_t seed)
{
	struct make make = { .random = seed * 0x9e3779b97f4a7c15u + 1,
		.is_wiki = format == TEXT_WIKI };
	struct arena arena;
	struct buf written, dump, again;
	struct doc *doc;
	struct err err = { 0 };
	size_t at = 0;

	arena_init(&arena, NULL, 64 * MIB);
	buf_init(&written, NULL, 16 * MIB);
	buf_init(&dump, NULL, 16 * MIB);
	buf_init(&again, NULL, 16 * MIB);
	doc_maker_init(&make.maker, &arena, &err);
	blocks(&make, make.maker.root, 0);
	assert_true(doc_finish(&make.maker));
	assert_true(text_write(make.maker.root, format, &written, &err));
	doc_dump(&dump, make.maker.root, false);
	if (!text_read(&arena, format, buf_view(&written), &doc, &err))
		fail_msg("seed %llu: %s\n%.*s", (unsigned long long)seed, err.text,
		    SLICE_FMT(buf_view(&written)));
	doc_dump(&again, doc, false);
	buf_putc(&dump, '\0');
	buf_putc(&again, '\0');
	while (at < dump.n && at < again.n && dump.p[at] == again.p[at])
		at++;
	if (at < dump.n || at < again.n) {
		fprintf(stderr, "%.*s\n", SLICE_FMT(buf_view(&written)));
		at = at > 40 ? at - 40 : 0;
		fail_msg("seed %llu: ...%.120s ... is now ...%.120s", (unsigned long long)seed,
		    dump.p + at, again.p + at);
	}
	buf_fini(&written);
	buf_fini(&dump);
	buf_fini(&again);
	arena_fini(&arena);
}

static void
check_all(enum text_format format)
{
	const char *one = getenv("TEXT_SEED");

	if (one != NULL) {
		check(format, strtoull(one, NULL, 10));
		return;
	}
	for (uint64_t seed = 0; seed < TREES; seed++)
		check(format, seed);
}

static void
storage(void **state)
{
	(void)state;
	check_all(TEXT_STORAGE);
}

static void
wiki(void **state)
{
	(void)state;
	check_all(TEXT_WIKI);
}

static void
load(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	struct err err;

	if (file == NULL)
		fail_msg("%s is missing", path);
	assert_true(buf_reserve(out, MIB, &err));
	out->n = fread(out->p, 1, MIB, file);
	fclose(file);
}

/* The files of tests/golden/text, from each format to the other. */
static void
golden(void **state)
{
#define FOLDER SOURCE_ROOT "/tests/golden/text/"
	static const struct {
		const char *from, *to;
		enum text_format from_format, to_format;
	} cases[] = {
		{ FOLDER "page.storage.xml", FOLDER "page.to.wiki", TEXT_STORAGE, TEXT_WIKI },
		{ FOLDER "issue.wiki", FOLDER "issue.to.storage.xml", TEXT_WIKI, TEXT_STORAGE },
		{ FOLDER "issue.wiki", FOLDER "issue.to.wiki", TEXT_WIKI, TEXT_WIKI },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf input, expected, got;
		struct arena arena;
		struct doc *doc;
		struct err err;

		arena_init(&arena, NULL, 64 * MIB);
		buf_init(&input, NULL, 2 * MIB);
		buf_init(&expected, NULL, 2 * MIB);
		buf_init(&got, NULL, 2 * MIB);
		load(cases[i].from, &input);
		if (!text_read(&arena, cases[i].from_format, buf_view(&input), &doc, &err))
			fail_msg("%s: %s", cases[i].from, err.text);
		assert_true(text_write(doc, cases[i].to_format, &got, &err));
		buf_putc(&got, '\n');
		if (getenv("BASCULE_GOLDEN") != NULL) {
			FILE *file = fopen(cases[i].to, "wb");

			assert_non_null(file);
			fwrite(got.p, 1, got.n, file);
			fclose(file);
		}
		load(cases[i].to, &expected);
		if (!slice_eq(buf_view(&expected), buf_view(&got)))
			fail_msg("%s is now:\n%.*s", cases[i].to, SLICE_FMT(buf_view(&got)));
		buf_fini(&got);
		buf_fini(&expected);
		buf_fini(&input);
		arena_fini(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(storage), cmocka_unit_test(wiki),
		cmocka_unit_test(golden) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Wiki markup: what is read, what is written for a tree, and that text which looks like markup
 * comes back as text.
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

/* Under sanitizers a node costs a malloc. */
#ifdef BASCULE_SANITIZE
#define HOSTILE_BYTES (64 * KIB)
#else
#define HOSTILE_BYTES (MIB - 64)
#endif

struct text {
	struct arena arena;
	struct doc_maker maker;
	struct err err;
	struct buf out;
	bool ok;
};

static void
text_init(struct text *text, struct slice input)
{
	memset(text, 0, sizeof(*text));
	arena_init(&text->arena, NULL, 512 * MIB);
	buf_init(&text->out, NULL, 64 * MIB);
	doc_maker_init(&text->maker, &text->arena, &text->err);
	text->ok = wiki_read(&text->maker, input) && doc_finish(&text->maker);
}

static void
text_fini(struct text *text)
{
	buf_fini(&text->out);
	arena_fini(&text->arena);
}

static const char *
text_cstr(struct text *text)
{
	buf_putc(&text->out, '\0');
	return text->out.p;
}

static void
check_dump(const char *input, const char *dump)
{
	struct text text;

	text_init(&text, slice_of(input));
	if (!text.ok)
		fail_msg("%s: %s", input, text.err.text);
	doc_dump(&text.out, text.maker.root, false);
	assert_string_equal(text_cstr(&text), dump);
	text_fini(&text);
}

/* NULL: as it was. */
static void
check_written(const char *input, const char *written)
{
	struct text text;

	text_init(&text, slice_of(input));
	if (!text.ok)
		fail_msg("%s: %s", input, text.err.text);
	wiki_write(text.maker.root, &text.out);
	assert_string_equal(text_cstr(&text), written != NULL ? written : input);
	text_fini(&text);
}

/* The tree, written and read again, is the same tree. */
static void
check_same(struct text *text)
{
	struct text again;
	struct buf before;

	wiki_write(text->maker.root, &text->out);
	text_init(&again, buf_view(&text->out));
	buf_init(&before, NULL, 64 * MIB);
	doc_dump(&before, text->maker.root, true);
	buf_putc(&before, '\0');
	doc_dump(&again.out, again.maker.root, true);
	buf_putc(&again.out, '\0');
	if (strcmp(before.p, again.out.p) != 0)
		fail_msg("%s\n%.*s\n%s", before.p, SLICE_FMT(buf_view(&text->out)), again.out.p);
	buf_fini(&before);
	text_fini(&again);
}

static void
reads_blocks(void **state)
{
	static const struct {
		const char *input, *dump;
	} cases[] = {
		{ "", "(root)" },
		{ " \r\n\r\n ", "(root)" },
		{ "a\r\nb\n\nc", "(root (p (text \"a\") (br) (text \"b\")) (p (text \"c\")))" },
		{ "h1. a\nh6. b\nh7. c",
		    "(root (h1 (text \"a\")) (h6 (text \"b\")) (p (text \"h7. c\")))" },
		{ "a\n----\nb\n--- c",
		    "(root (p (text \"a\")) (rule) (p (text \"b\") (br) (text \"--- c\")))" },
		{ "bq. a\nb", "(root (quote (p (text \"a\"))) (p (text \"b\")))" },
		{ "{quote}a\n\n* b\n{quote}c",
		    "(root (quote (p (text \"a\")) (ul (item (p (text \"b\"))))) (p (text \"c\")))" },
		{ "* a\n** b\n*# c\n* d\n- e\n# f",
		    "(root (ul (item (p (text \"a\")) (ul (item (p (text \"b\")))) (ol (item (p (text "
		    "\"c\"))))) (item (p (text \"d\"))) (item (p (text \"e\")))) (ol (item (p (text "
		    "\"f\")))))" },
		{ "*** a", "(root (ul (item (ul (item (ul (item (p (text \"a\")))))))))" },
		{ "* a\nb\n\nc",
		    "(root (ul (item (p (text \"a\") (br) (text \"b\")))) (p (text \"c\")))" },
		{ "* a {code:c}x\n\ny{code} b\n* d",
		    "(root (ul (item (p (text \"a\")) (code language=c \"x\n\ny\") (p (text \"b\"))) (item (p "
		    "(text \"d\")))))" },
		{ "{code:java|title=T.java}\na {quote} *b*\n\n{code}",
		    "(root (code title=T.java language=java \"a {quote} *b*\n\"))" },
		{ "{noformat}{code}x{code}{noformat}", "(root (code \"{code}x{code}\"))" },
		{ "{code}a", "(root (p (raw inline name=code) (text \"a\")))" },
		{ "{panel:title=T|bgColor=#e3fcef}\na\n{panel:title=U}b{panel}\n{panel}",
		    "(root (panel name=success title=T (p (text \"a\")) (panel name=note title=U (p (text "
		    "\"b\")))))" },
		{ "{info:title=T}a{info}{tip}b{tip}",
		    "(root (panel name=info title=T (p (text \"a\"))) (panel name=success (p (text \"b\"))))" },
		{ "{expand:T}a{expand}", "(root (expand title=T (p (text \"a\"))))" },
		{ "||a||b||\n|c|*d*|\n| |[x|http://y]|\ne",
		    "(root (table (row (cell header (p (text \"a\"))) (cell header (p (text \"b\")))) (row "
		    "(cell (p (text \"c\"))) (cell (p (text:b \"d\")))) (row (cell) (cell (p (text "
		    "href=http://y \"x\"))))) (p (text \"e\")))" },
		{ "|a\n* b\n* c|d|",
		    "(root (table (row (cell (p (text \"a\")) (ul (item (p (text \"b\"))) (item (p (text "
		    "\"c\"))))) (cell (p (text \"d\"))))))" },
		{ "|{code}a|b\n\nc{code}|d|",
		    "(root (table (row (cell (code \"a|b\n\nc\")) (cell (p (text \"d\"))))))" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_dump(cases[i].input, cases[i].dump);
}

static void
reads_inlines(void **state)
{
	static const struct {
		const char *input, *dump;
	} cases[] = {
		{ "*a* _b_ -c- +d+ ^e^ ~f~ {{g *h*}} ??i??",
		    "(root (p (text:b \"a\") (text \" \") (text:e \"b\") (text \" \") (text:s \"c\") (text \" "
		    "\") (text:u \"d\") (text \" \") (text:^ \"e\") (text \" \") (text:d \"f\") (text \" \") "
		    "(text:c \"g *h*\") (text \" \") (text:e \"i\")))" },
		{ "*a _b -c-_* d",
		    "(root (p (text:b \"a \") (text:be \"b \") (text:bes \"c\") (text \" d\")))" },
		{ "a*b*c 2 * 3 * 4 x_y_z a-b -- c - d *e",
		    "(root (p (text \"a*b*c 2 * 3 * 4 x_y_z a-b -- c - d *e\")))" },
		{ "a{*}b{*}c {*} {-}",
		    "(root (p (text \"a\") (text:b \"b\") (text \"c {*} {-}\")))" },
		{ "*a _b* c_", "(root (p (text:b \"a _b\") (text \" c_\")))" },
		{ "*a\nb*", "(root (p (text \"*a\") (br) (text \"b*\")))" },
		{ "\\*a\\* \\[b\\] c:\\d &#123;x&#125; &#0;",
		    "(root (p (text \"*a* [b] c:\\d {x} &#0;\")))" },
		{ "a\\\\b", "(root (p (text \"a\") (br) (text \"b\")))" },
		{ "{color:red}a *b*{color} {color:#fff}{color}c",
		    "(root (p (text color=red \"a \") (text:b color=red \"b\") (text \" c\")))" },
		{ "{color:red}a\n\nb{color}",
		    "(root (p (raw inline name=color) (text \"a\")) (p (text \"b\") (raw inline name=color)))" },
		{ "[a *b*|https://x/y_z_] [https://x] http://a.b/c_d_e?f=g. [x] [a]",
		    "(root (p (text href=https://x/y_z_ \"a \") (text:b href=https://x/y_z_ \"b\") (text \" \") "
		    "(text href=https://x \"https://x\") (text \" \") (text href=http://a.b/c_d_e?f=g "
		    "\"http://a.b/c_d_e?f=g\") (text \". [x] [a]\")))" },
		{ "[~jo] [~accountid:5:6] [^a b.pdf] [x|^y.z] [#top]",
		    "(root (p (mention name=username id=jo) (text \" \") (mention name=account-id id=5:6) "
		    "(text \" \") (text href=attachment:a%20b.pdf \"a b.pdf\") (text \" \") (text "
		    "href=attachment:y.z \"x\") (text \" \") (text href=#top \"top\")))" },
		{ "[https://x|https://x|smart-link] [A|https://y|smart-card]",
		    "(root (p (card href=https://x) (text \" \") (card href=https://y \"A\")))" },
		{ "!a.png! !b c.png|width=30,height=40,alt=x! !https://x/y|thumbnail! Hello! wow! a!b.c!",
		    "(root (p (image id=a.png) (text \" \") (image columns=30 rows=40 id=b c.png \"x\") (text "
		    "\" \") (image href=https://x/y) (text \" Hello! wow! a!b.c!\")))" },
		{ "{anchor:x}a {unknown:b=c}d{unknown}",
		    "(root (p (raw inline name=anchor) (text \"a \") (raw inline name=unknown) (text \"d\") "
		    "(raw inline name=unknown)))" },
		{ ":) (/) {a b} {", "(root (p (text \":) (/) {a b} {\")))" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_dump(cases[i].input, cases[i].dump);
}

/* Read and written again: the same, or what is said. */
static void
writes(void **state)
{
	static const struct {
		const char *input, *written;
	} cases[] = {
		{ "h2. a *b*\n\nc\nd\n\n----", NULL },
		{ "* a\n** b\n*# c\n* d", NULL },
		{ "||a||b||\n|c| |\n|d\n* e|f|", NULL },
		{ "{quote}\na\n\nb\n{quote}", NULL },
		{ "{panel:title=T &#124; x|bgColor=#ffebe6}\na\n{panel}", NULL },
		{ "{panel:borderStyle=solid}\na\n{panel}", NULL },
		{ "{code:java|title=T}\na\n\nb\n{code}", NULL },
		{ "{noformat}\n{code}\n{noformat}", NULL },
		{ "a *b* _{{c}}_ {color:red}-d-{color} e{*}f{*}g", NULL },
		{ "[a *b*|https://x] [https://y] [x|^y z.pdf] [~jo] [~accountid:1:2] [#top]",
		    "[a *b*|https://x] [https://y] [x|^y z.pdf] [~jo] [~accountid:1:2] [top|#top]" },
		{ "!a.png|width=30! !b.png|thumbnail! {anchor:x} {foo:bar}", NULL },
		{ "[https://x|https://x|smart-link]", NULL },
		{ "* a{code}\nx\n{code}", NULL },
		{ "a\\\\\\\\b", NULL },
		{ "bq. a", "{quote}\na\n{quote}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_written(cases[i].input, cases[i].written);
}

/* A tree of one text is that text again. */
static void
escapes(void **state)
{
	static const char *const texts[] = { "*a*", "_a_", "a -b- c", "+a+", "^a^", "~a~", "{{a}}",
		"??a??", "{color:red}a{color}", "{code}a{code}", "{foo}", "[a|b]", "[~a]",
		"!a.png!", "h1. a", "bq. a", "* a", "# a", "- a", "----", "||a||", "|a|", "a\\b",
		"a\\*b", "\\", "\\\\", "\\\\\\", "a\\\\b", "&#65;", "&#", "a|b", "]", "}", "}}",
		"{", "a {*}b{*}", "-- a", "a*", "*", "C++ and C#", "2*3*4", "x = y*z*", "\\{",
		"&#92;", "a -", "- -", "? ?? ???", "a\u00e4*b*" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (unsigned kind = 0; kind < 4; kind++) {
			static const enum doc_kind kinds[] = { DOC_PARAGRAPH, DOC_HEADING, DOC_ITEM,
				DOC_CELL };
			struct text text;
			struct doc *home;

			text_init(&text, S(""));
			home = text.maker.root;
			if (kinds[kind] == DOC_ITEM)
				home = doc_add(&text.maker, home, DOC_BULLETS);
			if (kinds[kind] == DOC_CELL)
				home = doc_add(
				    &text.maker, doc_add(&text.maker, home, DOC_TABLE), DOC_ROW);
			home = doc_add(&text.maker, home, kinds[kind]);
			if (kinds[kind] == DOC_HEADING)
				home->level = 3;
			if (kinds[kind] == DOC_ITEM || kinds[kind] == DOC_CELL)
				home = doc_add(&text.maker, home, DOC_PARAGRAPH);
			doc_add_text(&text.maker, home, slice_of(texts[i]),
			    i % 5 == 0 ? MARK_EM : 0, i % 7 == 0 ? S("https://x") : SLICE_NONE,
			    SLICE_NONE);
			check_same(&text);
			text_fini(&text);
		}
	}
}

/* Much of each: read and written, in time linear in its length. */
static void
hostile(void **state)
{
	static const char *const parts[] = { "[", "*", "{code", "{code}", "{code:a}", "{{", "{{a\n",
		"!a", "!a.b|", "|", "||", "|a\n", "* ", "* a\n",
		"******************************* a\n", "{quote}", "{panel:a=b}",
		"{quote}{color:red}", "{color:red}", "{color}", "{a}", "*a _b ", "{*}", "\\", "&#",
		"http://", "[a|", "]", "h1. ", "\n", " \n", "- ", "----\n", "*a* ", "~-^+_*", "??a",
		"{noformat}{code}", "|{quote}", "* {quote}\n",
		"{info}{note}{tip}{warning}{expand:a}" };

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct buf input;
		struct text text;

		buf_init(&input, NULL, MIB);
		while (input.n < HOSTILE_BYTES)
			buf_puts(&input, parts[i]);
		text_init(&text, buf_view(&input));
		if (!text.ok)
			fail_msg("%s: %s", parts[i], text.err.text);
		wiki_write(text.maker.root, &text.out);
		assert_false(text.out.overflow);
		text_fini(&text);
		buf_fini(&input);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_blocks),
		cmocka_unit_test(reads_inlines),
		cmocka_unit_test(writes),
		cmocka_unit_test(escapes),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

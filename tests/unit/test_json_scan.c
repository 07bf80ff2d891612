/*
 * The scanner: grammar, its own refusals, spans, mending, positions of errors, every cut into
 * steps, memory that follows open keys and not the length of the text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static struct arena arena;

/* Scans a copy of exactly n bytes, in steps of `budget`; the copy is in *text. */
static enum json_step
scan_bytes(const char *bytes, size_t n, unsigned depth, unsigned flags, size_t budget,
    struct json_scan **scan, char **text, struct err *err)
{
	enum json_step step;

	*text = malloc(n > 0 ? n : 1);
	assert_non_null(*text);
	memcpy(*text, bytes, n);
	*scan = json_scan_new(&arena, *text, n, depth, flags, 42);
	do
		step = json_scan_step(*scan, budget, err);
	while (step == JSON_MORE);
	return step;
}

static int
setup(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 512 * MIB);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	arena_drain();
	return 0;
}

static const struct {
	const char *text, *error; /* NULL: accepted */
	unsigned line, col;
} grammar[] = {
	{ "{}", NULL, 0, 0 },
	{ " [ ] ", NULL, 0, 0 },
	{ "\"\"", NULL, 0, 0 },
	{ "0", NULL, 0, 0 },
	{ "-0.0e-0", NULL, 0, 0 },
	{ "[1,-2,3.25,4e5,6E+7,8e-9,0]", NULL, 0, 0 },
	{ "[true,false,null]", NULL, 0, 0 },
	{ "{\"\":{\"\":[{\"\":1},{\"\":2}]}}", NULL, 0, 0 },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83d\\uDe00\\u0000\x7f\"", NULL, 0, 0 },
	{ "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
	    NULL, 0, 0 },
	{ "{\"a\":1,\"A\":2,\"a \":3,\"aa\":4}", NULL, 0, 0 },
	{ "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", NULL, 0, 0 },
	{ "", "empty", 1, 1 },
	{ " \n ", "too early", 2, 2 },
	{ "{", "too early", 1, 2 },
	{ "[1", "too early", 1, 3 },
	{ "[1.", "too early", 1, 4 },
	{ "-", "too early", 1, 2 },
	{ "\"abc", "too early", 1, 5 },
	{ "\"abc\\", "within a string", 1, 5 },
	{ "{\"a\"", "too early", 1, 5 },
	{ "{} x", "nothing after the value, found 'x'", 1, 4 },
	{ "1 1", "nothing after the value", 1, 3 },
	{ "[1,]", "expected a value, found ']'", 1, 4 },
	{ "[,1]", "expected a value or ']', found ','", 1, 2 },
	{ "{\"a\":1,}", "expected a key in quotes, found '}'", 1, 8 },
	{ "{,}", "a key in quotes or '}'", 1, 2 },
	{ "{a:1}", "a key in quotes or '}', found 'a'", 1, 2 },
	{ "{\"a\" 1}", "expected ':', found '1'", 1, 6 },
	{ "{\"a\":}", "expected a value", 1, 6 },
	{ "{\"a\":1 \"b\":2}", "',' or '}'", 1, 8 },
	{ "[1 2]", "',' or ']'", 1, 4 },
	{ "[1}", "',' or ']', found '}'", 1, 3 },
	{ "{\"a\":1]", "',' or '}'", 1, 7 },
	{ "]", "expected a value", 1, 1 },
	{ "[01]", "zero in front", 1, 3 },
	{ "[-01]", "zero in front", 1, 4 },
	{ "[1.e1]", "a digit, found 'e'", 1, 4 },
	{ "[1e]", "a digit", 1, 4 },
	{ "[1e+]", "a digit", 1, 5 },
	{ "[.5]", "a value", 1, 2 },
	{ "[+1]", "a value", 1, 2 },
	{ "[--1]", "a digit", 1, 3 },
	{ "[1.2.3]", "',' or ']', found '.'", 1, 5 },
	{ "[NaN]", "a value", 1, 2 },
	{ "[nul]", "neither true, false nor null", 1, 2 },
	{ "[nulll]", "',' or ']'", 1, 6 },
	{ "['a']", "a value", 1, 2 },
	{ "\"\x01\"", "control character", 1, 2 },
	{ "\"a\nb\"", "control character", 1, 3 },
	{ "\"\\x\"", "no such escape", 1, 2 },
	{ "\"\\u12g4\"", "four hexadecimal", 1, 2 },
	{ "\"\\u12", "four hexadecimal", 1, 2 },
	{ "\"\x80\"", "not UTF-8", 1, 2 },
	{ "\"\xc0\xaf\"", "not UTF-8", 1, 2 },
	{ "\"\xc3\"", "not UTF-8", 1, 2 },
	{ "\"\xe0\x9f\xbf\"", "not UTF-8", 1, 2 },
	{ "\"\xed\xa0\x80\"", "not UTF-8", 1, 2 },
	{ "\"\xf0\x8f\xbf\xbf\"", "not UTF-8", 1, 2 },
	{ "\"\xf4\x90\x80\x80\"", "not UTF-8", 1, 2 },
	{ "\"\xf5\x80\x80\x80\"", "not UTF-8", 1, 2 },
	{ "\xef\xbb\xbf{}", "found byte 0xef", 1, 1 },
	{ "[1,\x0b"
	  "2]",
	    "found byte 0x0b", 1, 4 },
	{ "\"\\ud800\"", "surrogate", 1, 2 },
	{ "\"\\udc00\"", "surrogate", 1, 2 },
	{ "\"\\ud800\\ud800\\udc00\"", "surrogate", 1, 2 },
	{ "{\"a\\u0000\":1}", "a key has a NUL", 1, 4 },
	{ "{\"a\":1,\n \"a\":2}", "the key \"a\" occurs twice", 2, 2 },
	{ "{\"\":1,\"\":2}", "occurs twice", 1, 7 },
	{ "[[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]]", "the key \"a\" occurs twice", 1, 21 },
	{ "{\"a\":1,\"b\":{\"c\":[{}]},\"a\":2}", "occurs twice", 1, 23 },
	{ "{\"abc\":1,\"\\u0061b\\u0063\":2}", "occurs twice", 1, 10 },
	{ "{\"\\u00e9\":1,\"\xc3\xa9\":2}", "occurs twice", 1, 13 },
	{ "{\"\\ud83d\\ude00 12345\":1,\"\xf0\x9f\x98\x80 1\\u0032345\":2}", "occurs twice", 1,
	    25 },
	{ "{\"\\/\":1,\"/\":2}", "occurs twice", 1, 9 },
};

/* Each text at once and in steps of 1, 2, 3, 7 bytes: the same answer. */
static void
grammar_in_steps(void **state)
{
	static const size_t budgets[] = { SIZE_MAX, 0, 1, 2, 3, 7, 16 };
	struct json_scan *scan;
	struct err err;
	size_t i, b;
	char *text;

	(void)state;
	for (i = 0; i < COUNT(grammar); i++) {
		for (b = 0; b < COUNT(budgets); b++) {
			enum json_step step = scan_bytes(grammar[i].text, strlen(grammar[i].text),
			    2, 0, budgets[b], &scan, &text, &err);

			free(text);
			if (grammar[i].error == NULL) {
				assert_int_equal(step, JSON_DONE);
				continue;
			}
			assert_int_equal(step, JSON_BAD);
			if (strstr(err.text, grammar[i].error) == NULL)
				fail_msg("%s: %s", grammar[i].text, err.text);
			assert_int_equal(err.kind, ERR_PARSE);
			assert_int_equal(err.line, grammar[i].line);
			assert_int_equal(err.col, grammar[i].col);
		}
	}
}

/* A special byte at every place of a long string, seen in every cut. */
static void
every_place(void **state)
{
	static const char *const pieces[] = { "\\n", "\\u00e9", "\xe4\xb8\xad",
		"\xf0\x9f\x98\x80" };
	struct json_scan *scan;
	struct err err;
	char buf[80], *text;
	size_t at, piece, n, budget;

	(void)state;
	for (piece = 0; piece < COUNT(pieces); piece++) {
		n = strlen(pieces[piece]);
		for (at = 1; at < 60; at++) {
			memset(buf, 'x', sizeof(buf));
			buf[0] = '"';
			memcpy(buf + at, pieces[piece], n);
			buf[70] = '"';
			for (budget = 1; budget < 40; budget += 5) {
				assert_int_equal(
				    scan_bytes(buf, 71, 0, 0, budget, &scan, &text, &err),
				    JSON_DONE);
				free(text);
			}
			/* Torn at every byte: never read past, never accepted. */
			assert_int_equal(
			    scan_bytes(buf, at + n - 1, 0, 0, SIZE_MAX, &scan, &text, &err),
			    JSON_BAD);
			free(text);
			buf[at] = 0x1f;
			assert_int_equal(
			    scan_bytes(buf, 71, 0, 0, 9, &scan, &text, &err), JSON_BAD);
			assert_int_equal(err.col, at + 1);
			free(text);
		}
	}
}

static void
spans(void **state)
{
	static const char text_in[] =
	    " {\"id\" : 7 ,\"params\":{ \"name\":\"x\", \"m\\u0065ta\":{\"k\":[1,{\"z\":0}]},"
	    "\"list\":[{\"q\":1}]},\"a\":[ ],\"e\":{}} ";
	const struct json_member *members;
	struct json_scan *scan;
	const struct slice wanted[] = { S("list"), S("q"), S("name") };
	struct slice params = S("params"), found[COUNT(wanted)];
	struct err err;
	unsigned depth;
	size_t n, budget;
	char *text;

	(void)state;
	for (budget = 1; budget < 100; budget++) {
		assert_int_equal(
		    scan_bytes(text_in, sizeof(text_in) - 1, 2, 0, budget, &scan, &text, &err),
		    JSON_DONE);
		assert_int_equal(json_scan_type(scan), JSON_OBJECT);
		members = json_scan_members(scan, &n);
		assert_int_equal(n, 7);
		assert_true(
		    slice_eq(members[0].key, S("id")) && slice_eq(members[0].value, S("7")));
		assert_true(slice_eq(json_scan_get(scan, params, S("name")), S("\"x\"")));
		assert_true(
		    slice_eq(json_scan_get(scan, params, S("meta")), S("{\"k\":[1,{\"z\":0}]}")));
		assert_true(slice_eq(json_scan_get(scan, params, S("list")), S("[{\"q\":1}]")));
		assert_true(slice_eq(json_scan_get(scan, SLICE_NONE, S("a")), S("[ ]")));
		assert_true(slice_eq(json_scan_get(scan, SLICE_NONE, S("e")), S("{}")));
		assert_null(json_scan_get(scan, SLICE_NONE, S("name")).p);
		assert_null(json_scan_get(scan, params, S("q")).p);
		assert_null(json_scan_get(scan, S("id"), S("name")).p);
		json_scan_get_all(scan, params, wanted, COUNT(wanted), found);
		assert_true(slice_eq(found[0], S("[{\"q\":1}]")));
		assert_null(found[1].p);
		assert_true(slice_eq(found[2], S("\"x\"")));
		free(text);
	}
	for (depth = 0; depth < 5; depth++) {
		static const size_t members_n[] = { 0, 4, 7, 8, 8 };

		scan_bytes(text_in, sizeof(text_in) - 1, depth, 0, SIZE_MAX, &scan, &text, &err);
		json_scan_members(scan, &n);
		assert_int_equal(n, members_n[depth]);
		free(text);
	}
	/* Nothing inside an outer array. */
	scan_bytes("[{\"a\":{\"b\":1}}]", 15, 3, 0, SIZE_MAX, &scan, &text, &err);
	json_scan_members(scan, &n);
	assert_int_equal(n, 0);
	assert_int_equal(json_scan_type(scan), JSON_ARRAY);
	free(text);
}

static void
mends(void **state)
{
	static const struct {
		const char *text, *mended;
		unsigned n;
	} cases[] = {
		{ "\"\\ud800\"", "\"\\ufffd\"", 1 },
		{ "\"\\uDFFF\\uD800\"", "\"\\ufffd\\ufffd\"", 2 },
		{ "\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"", 0 },
		{ "\"\\ud83d\\ud83d\\ude00\\ude00\"", "\"\\ufffd\\ud83d\\ude00\\ufffd\"", 2 },
		{ "\"\\ud83dx\\\\udc00\"", "\"\\ufffdx\\\\udc00\"", 1 },
		{ "{\"k\\udabc\":1}", "{\"k\\ufffd\":1}", 1 },
		{ "{\"\\ud800\":1,\"\\udc01\":2}", NULL, 0 },
		{ "{\"\\ud800\":1,\"\xef\xbf\xbd\":2}", NULL, 0 },
		{ "\"\\ud800\\uzzzz\"", NULL, 0 },
	};
	struct json_scan *scan;
	struct err err;
	size_t i, budget;
	char *text;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		for (budget = 1; budget < 20; budget++) {
			size_t n = strlen(cases[i].text);
			enum json_step step =
			    scan_bytes(cases[i].text, n, 2, JSON_MEND, budget, &scan, &text, &err);

			assert_int_equal(step, cases[i].mended != NULL ? JSON_DONE : JSON_BAD);
			if (step == JSON_DONE) {
				assert_memory_equal(text, cases[i].mended, n);
				assert_int_equal(json_scan_mended(scan), cases[i].n);
			}
			free(text);
		}
	}
}

static void
one_line(void **state)
{
	static const char in[] = "{\r\n\t\"a\":\n\n[1,\n2]\r}\n", out[] = "{  \t\"a\":  [1, 2] } ";
	struct json_scan *scan;
	struct err err;
	char *text;

	(void)state;
	assert_int_equal(
	    scan_bytes(in, sizeof(in) - 1, 1, JSON_ONE_LINE, 2, &scan, &text, &err), JSON_DONE);
	assert_memory_equal(text, out, sizeof(out) - 1);
	free(text);
	assert_int_equal(
	    scan_bytes("{\n\n \"a\":x", 10, 1, JSON_ONE_LINE, 2, &scan, &text, &err), JSON_BAD);
	assert_int_equal(err.line, 3);
	assert_int_equal(err.col, 6);
	free(text);
}

static void
depths(void **state)
{
	struct json_scan *scan;
	struct err err;
	char deep[2 * JSON_DEPTH + 2], *text;

	(void)state;
	memset(deep, '[', JSON_DEPTH);
	memset(deep + JSON_DEPTH, ']', JSON_DEPTH);
	assert_int_equal(scan_bytes(deep, 2 * JSON_DEPTH, 2, 0, 5, &scan, &text, &err), JSON_DONE);
	free(text);
	memset(deep, '[', JSON_DEPTH + 1);
	assert_int_equal(scan_bytes(deep, JSON_DEPTH + 1, 2, 0, 5, &scan, &text, &err), JSON_BAD);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(err.col, JSON_DEPTH + 1);
	free(text);
}

static void
long_keys(void **state)
{
	size_t n = JSON_KEY_BYTES + 8;
	char *in = malloc(n), *text;
	struct json_scan *scan;
	struct err err;

	(void)state;
	assert_non_null(in);
	memset(in, 'k', n);
	memcpy(in, "{\"", 2);
	memcpy(in + 2 + JSON_KEY_BYTES, "\":1}", 4);
	assert_int_equal(
	    scan_bytes(in, JSON_KEY_BYTES + 6, 1, 0, 1000, &scan, &text, &err), JSON_DONE);
	free(text);
	memcpy(in + 2 + JSON_KEY_BYTES, "k\":1}", 5);
	assert_int_equal(
	    scan_bytes(in, JSON_KEY_BYTES + 7, 1, 0, 1000, &scan, &text, &err), JSON_BAD);
	assert_int_equal(err.kind, ERR_LIMIT);
	free(text);
	free(in);
}

/* Many keys in one object, again and again: found whole, the last one twice is noticed. */
static void
many_keys(void **state)
{
	struct json_scan *scan;
	struct buf buf;
	struct err err;
	char *text;
	int i, round;

	(void)state;
	buf_init(&buf, NULL, 16 * MIB);
	buf_putc(&buf, '[');
	for (round = 0; round < 3; round++) {
		buf_puts(&buf, round == 0 ? "{\"in\":{" : ",{\"in\":{");
		for (i = 0; i < 5000; i++)
			buf_printf(&buf, "%s\"key%d\":{\"key%d\":%d}", i > 0 ? "," : "", i, i, i);
		buf_puts(&buf, "},\"after\":0}");
	}
	buf_putc(&buf, ']');
	assert_int_equal(scan_bytes(buf.p, buf.n, 2, 0, 4096, &scan, &text, &err), JSON_DONE);
	free(text);
	buf.n -= 3; /* the last 0, brace, bracket */
	buf_puts(&buf, "0,\"in\":1}]");
	assert_int_equal(scan_bytes(buf.p, buf.n, 2, 0, 4096, &scan, &text, &err), JSON_BAD);
	assert_non_null(strstr(err.text, "the key \"in\" occurs twice"));
	free(text);
	buf_clear(&buf);
	buf_putc(&buf, '{');
	for (i = 0; i < 5000; i++)
		buf_printf(&buf, "\"key%d\":%d,", i, i);
	buf_puts(&buf, "\"key2\\u0035\":0}");
	assert_int_equal(scan_bytes(buf.p, buf.n, 1, 0, 4096, &scan, &text, &err), JSON_BAD);
	assert_non_null(strstr(err.text, "occurs twice"));
	free(text);
	buf_fini(&buf);
}

static void
memory_follows_open_keys(void **state)
{
	struct memory memory = { 0 };
	struct arena small;
	struct json_scan *scan;
	struct buf buf;
	struct err err;
	int i;

	(void)state;
	buf_init(&buf, NULL, 16 * MIB);
	buf_puts(&buf, "{\"result\":[");
	for (i = 0; i < 20000; i++)
		buf_printf(&buf, "{\"a\":%d,\"b\":{\"c\":\"%0100d\"}},", i, i);
	buf_puts(&buf, "0]}");
	arena_init(&small, &memory, 8 * KIB);
	scan = json_scan_new(&small, buf.p, buf.n, 2, 0, 7);
	assert_true(json_scan_all(scan, &err));
	assert_true(memory.peak_bytes <= 12 * KIB);
	arena_fini(&small);
	/* Keys or members over the ceiling: told, not crashed. */
	buf_clear(&buf);
	buf_puts(&buf, "{");
	for (i = 0; i < 2000; i++)
		buf_printf(&buf, "\"k%d\":1,", i);
	buf_puts(&buf, "\"k\":1}");
	for (i = 0; i < 3; i++) {
		size_t before;

		arena_init(&small, &memory, 16 * KIB);
		scan = json_scan_new(&small, buf.p, buf.n, i == 0 ? 0 : 1, 0, 7);
		before = small.used_bytes;
		assert_false(json_scan_all(scan, &err));
		assert_int_equal(err.kind, ERR_LIMIT);
		assert_true(small.used_bytes > before && small.used_bytes <= 16 * KIB);
		arena_fini(&small);
	}
	assert_int_equal(memory.used_bytes, 0);
	buf_fini(&buf);
}

/* A step goes over its budget by a few bytes only. */
static void
steps_are_bounded(void **state)
{
	static const char fills[] = "x 1\n";
	size_t n = MIB, fill, steps;
	struct json_scan *scan;
	enum json_step step;
	struct err err;
	char *text = malloc(n);

	(void)state;
	assert_non_null(text);
	for (fill = 0; fill < sizeof(fills) - 1; fill++) {
		memset(text, fills[fill], n);
		if (fills[fill] == 'x')
			text[0] = text[n - 1] = '"';
		else
			text[n - 1] = '1';
		scan = json_scan_new(&arena, text, n, 2, 0, 1);
		steps = 0;
		do {
			step = json_scan_step(scan, 64 * KIB, &err);
			steps++;
		} while (step == JSON_MORE);
		assert_int_equal(step, JSON_DONE);
		assert_in_range(steps, 15, 17);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(grammar_in_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(every_place, setup, teardown),
		cmocka_unit_test_setup_teardown(spans, setup, teardown),
		cmocka_unit_test_setup_teardown(mends, setup, teardown),
		cmocka_unit_test_setup_teardown(one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(depths, setup, teardown),
		cmocka_unit_test_setup_teardown(long_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(many_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_follows_open_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(steps_are_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What rules ask of one value: every test, what is too unsure to answer, and what it may cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/rules.h"

#define WORK (UINT64_C(1) << 20)

static enum rule_answer
ask(enum config_test_kind kind, const char *word, double number, const char *value)
{
	struct slice words[] = { slice_of(word) };
	struct config_test test = {
		.kind = kind, .words = words, .words_n = word != NULL ? 1 : 0, .number = number
	};
	struct rule_regex *regex = NULL;
	enum rule_answer answer;
	struct rule_work work = { WORK, rule_machine_new() };
	struct err err = { 0 };

	if (kind == TEST_REGEX && !rule_regex_new(words[0], &regex, &err))
		fail_msg("%s: %s", word, err.text);
	answer = rule_value(&test, &regex, slice_of(value), &work);
	rule_regex_free(&regex);
	rule_machine_free(&work.machine);
	return answer;
}

static void
test_every_test(void **state)
{
	static const struct {
		enum config_test_kind kind;
		const char *word;
		double number;
		const char *value;
		enum rule_answer want;
	} cases[] = {
		{ TEST_EXISTS, NULL, 1, "null", RULE_YES },
		{ TEST_IN, "PROD", 0, "\"PROD\"", RULE_YES },
		{ TEST_IN, "PROD", 0, "\"\\u0050ROD\"", RULE_YES },
		{ TEST_IN, "PROD", 0, "\"prod\"", RULE_NO },
		{ TEST_IN, "PROD", 0, "[\"PROD\"]", RULE_UNSURE },
		{ TEST_IN, "PROD", 0, "{\"key\":\"PROD\"}", RULE_UNSURE },
		{ TEST_IN, "5", 0, "5", RULE_YES },
		{ TEST_IN, "5", 0, "5.0", RULE_YES },
		{ TEST_IN, "5", 0, "50e-1", RULE_YES },
		{ TEST_IN, "5", 0, "\"5\"", RULE_YES },
		{ TEST_IN, "5", 0, "6", RULE_NO },
		{ TEST_IN, "true", 0, "true", RULE_YES },
		{ TEST_IN, "", 0, "\"\"", RULE_YES },
		{ TEST_GLOB, "*.corp", 0, "\"a.corp\"", RULE_YES },
		{ TEST_GLOB, "*.corp", 0, "\"a.corp.org\"", RULE_NO },
		{ TEST_REGEX, "^rm\\b", 0, "\"rm -rf /\"", RULE_YES },
		{ TEST_REGEX, "^rm\\b", 0, "\"rmdir\"", RULE_NO },
		{ TEST_REGEX, "caf\xc3\xa9", 0, "\"caf\\u00e9\"", RULE_YES },
		{ TEST_REGEX, "", 0, "\"\"", RULE_YES },
		{ TEST_MIN, NULL, 10, "10", RULE_YES },
		{ TEST_MIN, NULL, 10, "9.99", RULE_NO },
		{ TEST_MIN, NULL, 10, "\"11\"", RULE_YES },
		{ TEST_MIN, NULL, 10, "\"many\"", RULE_UNSURE },
		{ TEST_MIN, NULL, 10, "null", RULE_NO },
		{ TEST_MIN, NULL, 10, "1e999", RULE_UNSURE },
		{ TEST_MIN, NULL, 10, "[11]", RULE_UNSURE },
		{ TEST_MAX, NULL, 10, "-3", RULE_YES },
		{ TEST_MAX, NULL, 10, "1e2", RULE_NO },
		{ TEST_LONGER, NULL, 3, "\"abcd\"", RULE_YES },
		{ TEST_LONGER, NULL, 3, "\"\\u0061bc\"", RULE_NO },
		{ TEST_LONGER, NULL, 2, "[1,2,3]", RULE_YES },
		{ TEST_LONGER, NULL, 3, "{\"a\":1}", RULE_NO },
		{ TEST_LONGER, NULL, 0, "\"\"", RULE_NO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (ask(cases[i].kind, cases[i].word, cases[i].number, cases[i].value) !=
		    cases[i].want)
			fail_msg("case %zu: %s", i, cases[i].value);
}

static void
test_paths(void **state)
{
	static const struct {
		const char *path;
		enum rule_answer want;
	} cases[] = {
		{ "/srv/data/a.txt", RULE_YES },
		{ "/srv/data", RULE_YES },
		{ "/srv/data/", RULE_YES },
		{ "//srv//./data/x", RULE_YES },
		{ "/srv/data/sub/../x", RULE_YES },
		{ "/srv/data/../../srv/data/x", RULE_YES },
		{ "/../../srv/data/x", RULE_YES },
		{ "/srv/data/../x", RULE_NO },
		{ "/srv/database", RULE_NO },
		{ "/srv", RULE_NO },
		{ "/", RULE_NO },
		{ "data/x", RULE_UNSURE },
		{ "../srv/data", RULE_UNSURE },
		{ "~/x", RULE_UNSURE },
		{ "file:///srv/data", RULE_UNSURE },
		{ "/srv/data/..\\x", RULE_UNSURE },
		{ "", RULE_UNSURE },
	};
	char deep[2 * 300 + 1] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (rule_path_under(slice_of(cases[i].path), S("/srv/data")) != cases[i].want)
			fail_msg("%s", cases[i].path);
	for (size_t i = 0; i < sizeof(deep) - 1; i++)
		deep[i] = i % 2 == 0 ? '/' : 'a';
	assert_int_equal(rule_path_under(slice_of(deep), S("/a/a")), RULE_YES);
	assert_int_equal(rule_path_under(S("/a"), slice_of(deep)), RULE_NO);
	assert_int_equal(
	    rule_path_under((struct slice){ "/srv\0/data", 10 }, S("/srv")), RULE_UNSURE);
	assert_int_equal(ask(TEST_UNDER, "/srv", 0, "\"/srv\\/a\""), RULE_YES);
	assert_int_equal(ask(TEST_UNDER, "/srv", 0, "\"/\\u002e\\u002e/etc\""), RULE_NO);
}

/* Only what all readers of URLs take for the same host is one. */
static void
test_hosts(void **state)
{
	static const struct {
		const char *text, *host;
	} cases[] = {
		{ "https://example.com/x?y#z", "example.com" },
		{ "https://example.com:8443/", "example.com" },
		{ "https://user:pw@example.com/", "example.com" },
		{ "example.com", "example.com" },
		{ "example.com:80", "example.com" },
		{ "example.com.", "example.com" },
		{ "example.com/?u=http://good.com", "example.com" },
		{ "https://example.com?@good.com", "example.com" },
		{ "https://example.com#@good.com", "example.com" },
		{ "http://127.0.0.1/", "127.0.0.1" },
		{ "http://[::1]:80/", "[::1]" },
		{ "a.1b.com", "a.1b.com" },
		{ "https://good.com\\@example.com/", NULL },
		{ "https://a@good.com@example.com/", NULL },
		{ "https://@example.com/", NULL },
		{ "https://example.com:80evil/", NULL },
		{ "https://[::1]example.com/", NULL },
		{ "https://exam\tple.com/", NULL },
		{ " https://example.com/", NULL },
		{ "https:/example.com", NULL },
		{ "https:\\\\example.com", NULL },
		{ "//example.com/", NULL },
		{ "https:///example.com", NULL },
		{ "http://2130706433/", NULL },
		{ "http://0x7f.1/", NULL },
		{ "http://0177.0.0.1/", NULL },
		{ "http://127.0.0.1.5/", NULL },
		{ "http://ex%61mple.com/", NULL },
		{ "http://ex\xc3\xa4mple.com/", NULL },
		{ "a..b", NULL },
		{ ".a", NULL },
		{ "a..", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!slice_eq(rule_host(slice_of(cases[i].text)), slice_of(cases[i].host)))
			fail_msg("%s", cases[i].text);
	assert_int_equal(ask(TEST_HOST, "example.com", 0, "\"http://EXAMPLE.com/\""), RULE_YES);
	assert_int_equal(ask(TEST_HOST, "*.example.com", 0, "\"a.example.com\""), RULE_YES);
	assert_int_equal(ask(TEST_HOST, "*.example.com", 0, "\"example.com\""), RULE_NO);
	assert_int_equal(ask(TEST_HOST, "*.example.com", 0, "\"badexample.com\""), RULE_NO);
	assert_int_equal(ask(TEST_HOST, "example.com", 0, "\"not a host\""), RULE_UNSURE);
}

/* An expression that would take for ever is cut, and what it took is counted. */
static void
test_dear_expressions(void **state)
{
	static const char *const dear[] = { "(a+)+$", "(a|aa)+$", "(.*a){20}$",
		"^(([a-z])+.)+[A-Z]" };
	struct rule_machine *machine = rule_machine_new();
	char value[2000];

	(void)state;
	value[0] = '"';
	memset(value + 1, 'a', sizeof(value) - 5);
	memcpy(value + sizeof(value) - 4, "!!\"", 4);
	for (size_t i = 0; i < COUNT(dear); i++) {
		struct slice words[] = { slice_of(dear[i]) };
		struct config_test test = { .kind = TEST_REGEX, .words = words, .words_n = 1 };
		struct rule_regex *regex;
		struct rule_work work = { WORK, machine }, little = { 100, machine };
		struct err err = { 0 };

		assert_true(rule_regex_new(words[0], &regex, &err));
		assert_int_equal(rule_value(&test, &regex, slice_of(value), &work), RULE_UNSURE);
		assert_true(work.left < WORK);
		assert_int_equal(rule_value(&test, &regex, slice_of(value), &little), RULE_UNSURE);
		assert_true(little.left <= 100);
		rule_regex_free(&regex);
	}
	rule_machine_free(&machine);
}

static void
test_faulty_expressions(void **state)
{
	static const char *const faulty[] = { "(", "a{2,1}", "[z-a]", "\\C", "\xff" };

	(void)state;
	for (size_t i = 0; i < COUNT(faulty); i++) {
		struct rule_regex *regex = NULL;
		struct err err = { 0 };

		assert_false(rule_regex_new(slice_of(faulty[i]), &regex, &err));
		assert_null(regex);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

/* Over a megabyte nothing is looked at, except for how long it is. */
static void
test_large_values(void **state)
{
	size_t n = 8 * MIB;
	char *text = mem_new(n + 1);

	(void)state;
	memset(text, 'a', n);
	text[0] = text[n - 1] = '"';
	assert_int_equal(ask(TEST_GLOB, "*", 0, text), RULE_UNSURE);
	assert_int_equal(ask(TEST_LONGER, NULL, 1000, text), RULE_YES);
	assert_int_equal(ask(TEST_LONGER, NULL, 4e6, text), RULE_UNSURE);
	mem_free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_test),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_dear_expressions),
		cmocka_unit_test(test_faulty_expressions),
		cmocka_unit_test(test_large_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

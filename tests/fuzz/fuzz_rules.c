/*
 * What rules ask of a call.  The first line says which test, and of which word; the second is a
 * place in the arguments; the rest, if it is JSON, the arguments.  Whatever they are: the answer is
 * the same when asked again, an allow and a deny of the same test never both pass by, more work
 * allowed changes an answer only from unsure, and a path or host that fits is what it says.
 */
#include <string.h>

#include "guard/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define WORDS_N 2

static const enum config_test_kind kinds[] = { TEST_EXISTS, TEST_IN, TEST_GLOB, TEST_REGEX,
	TEST_UNDER, TEST_HOST, TEST_MIN, TEST_MAX, TEST_LONGER };

static enum config_action
decide(struct config_test *test, enum config_action action, struct slice arguments)
{
	struct config_rule rule = { .id = S("r"), .action = action, .tests = test, .tests_n = 1 };
	struct config_guard guard = { .fallback =
					  action == CONFIG_ALLOW ? CONFIG_DENY : CONFIG_ALLOW,
		.rules = &rule,
		.rules_n = 1 };
	struct rule_call call = { .server = S("s"),
		.target = RULE_TOOL,
		.name = S("t"),
		.caller = S("c"),
		.method = S("tools/call"),
		.arguments = arguments };
	struct rule_verdict first, again;
	struct rules *rules;
	struct err err = { 0 };

	if (!rules_new(&guard, 1, &rules, &err)) {
		must(test->kind == TEST_REGEX && err.kind == ERR_CONFIG);
		return CONFIG_LOG;
	}
	first = rules_decide(rules, &call);
	again = rules_decide(rules, &call);
	must(first.action == again.action && slice_eq(first.rule, again.rule));
	must(first.action == action || slice_eq(first.rule, S("default")));
	rules_free(&rules);
	return first.action;
}

static void
check_value(const struct config_test *test, struct slice value)
{
	struct rule_work little = { 300, rule_machine_new() }, much = { 1u << 20, little.machine };
	struct rule_regex *regexes[WORDS_N] = { NULL };
	enum rule_answer poor, rich;
	struct err err = { 0 };
	bool ok = true;

	for (size_t i = 0; i < test->words_n && ok && test->kind == TEST_REGEX; i++)
		ok = rule_regex_new(test->words[i], &regexes[i], &err);
	if (ok) {
		poor = rule_value(test, regexes, value, &little);
		rich = rule_value(test, regexes, value, &much);
		must(poor == rich || poor == RULE_UNSURE);
		must(little.left <= 300 && much.left <= 1u << 20);
	}
	for (size_t i = 0; i < WORDS_N; i++)
		rule_regex_free(&regexes[i]);
	rule_machine_free(&little.machine);
}

/* A host is a part of the text, and asked for again it is itself. */
static void
check_texts(struct slice text, struct slice word)
{
	struct slice host = rule_host(text);

	if (host.p != NULL) {
		must(host.p >= text.p && host.p + host.n <= text.p + text.n);
		must(slice_eq(rule_host(host), host));
		must(memchr(host.p, '/', host.n) == NULL && memchr(host.p, '@', host.n) == NULL);
	}
	must(rule_path_under(text, text) != RULE_NO);
	must(rule_path_under(text, S("/")) != RULE_NO);
	if (text.n > 0 && text.p[0] != '/')
		must(rule_path_under(text, word) == RULE_UNSURE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest, head = slice_cut((struct slice){ (const char *)data, n }, '\n', &rest);
	struct slice place = slice_cut(rest, '\n', &rest), words[WORDS_N];
	struct config_test test = { .words = words, .words_n = WORDS_N };
	struct json_scan *scan;
	struct arena arena;
	struct err err = { 0 };
	enum config_action allowed, denied;
	char *text;

	if (head.n < 2 || place.n == 0 || place.p[0] != '/')
		return 0;
	test.kind = kinds[(unsigned char)head.p[0] % COUNT(kinds)];
	test.is_not = ((unsigned char)head.p[1] & 1) != 0;
	test.number = (unsigned char)head.p[1];
	test.pointer = place;
	words[0] = (struct slice){ head.p + 2, head.n - 2 };
	words[1] = S("/srv");
	check_texts(place, words[0]);
	check_texts(words[0], place);
	arena_init(&arena, NULL, 16 * MIB);
	text = arena_reserve(&arena, rest.n + 1, &err) ? arena_alloc(&arena, rest.n + 1) : NULL;
	must(text != NULL);
	memcpy(text, rest.n > 0 ? rest.p : "", rest.n);
	rest = (struct slice){ text, rest.n };
	scan = json_scan_new(&arena, text, rest.n, 1, 0, 7);
	if (json_scan_all(scan, &err) && json_scan_type(scan) == JSON_OBJECT) {
		rest = slice_trim(rest);
		while (rest.n > 0 && rest.p[0] != '{')
			rest = (struct slice){ rest.p + 1, rest.n - 1 };
		allowed = decide(&test, CONFIG_ALLOW, rest);
		denied = decide(&test, CONFIG_DENY, rest);
		/* What every value fits, one value fits. */
		must(allowed != CONFIG_ALLOW || denied == CONFIG_DENY);
		check_value(&test, rest);
	}
	arena_fini(&arena);
	return 0;
}

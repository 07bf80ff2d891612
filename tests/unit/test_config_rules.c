/*
 * `guard.rules` as it is read: what is refused and in which words, which rules can never match,
 * what is only warned of, and that a thousand rules are no trouble.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static const char *const no_environ[] = { NULL };

/* The error of a list of rules, without the name of the file; "": there is none. */
static const char *
error_of(const char *rules)
{
	static struct err err;
	struct config *config = NULL;
	struct buf text;

	buf_init(&text, NULL, MIB);
	buf_puts(&text, "upstreams: [{name: files, command: [/bin/true]}]\nguard: {rules: [\n");
	buf_puts(&text, rules);
	buf_puts(&text, "\n]}\n");
	err = (struct err){ 0 };
	if (config_parse(buf_view(&text), "f", "/", no_environ, NULL, &config, &err))
		config_free(&config);
	buf_fini(&text);
	return err.text;
}

static void
test_refused(void **state)
{
	static const struct {
		const char *rules, *error;
	} cases[] = {
		{ "{action: deny}", "guard.rules[0] needs an \"id\"" },
		{ "{id: a}", "guard.rules[0] needs an \"action\"" },
		{ "{id: default, action: deny}", "is no id of a rule" },
		{ "{id: scan.x, action: deny}", "is no id of a rule" },
		{ "{id: a b, action: deny}", "is no id of a rule" },
		{ "{id: a, action: refuse}", "action" },
		{ "{id: a, action: log}, {id: a, action: deny}", "is taken by guard.rules[0]" },
		{ "{id: a, action: deny, match: {tool: x, prompt: y}}", "never two of them" },
		{ "{id: a, action: deny, match: {time: {from: '10:00'}}}", "needs both" },
		{ "{id: a, action: deny, match: {time: {from: '10:00', to: '10:00'}}}",
		    "begins when it ends" },
		{ "{id: a, action: deny, match: {time: {days: [monday]}}}", "is no day" },
		{ "{id: a, action: deny, match: {args: {project: x}}}", "is no place" },
		{ "{id: a, action: deny, match: {args: {/p: {like: x}}}}", "is no test" },
		{ "{id: a, action: deny, match: {args: {/p: {in: []}}}}", "takes 1 to" },
		{ "{id: a, action: deny, match: {args: {/p: {under: srv}}}}", "absolute path" },
		{ "{id: a, action: deny, match: {args: {/p: {min: many}}}}", "is no number" },
		{ "{id: a, action: deny, match: {args: {/p: {longer: -1}}}}", "is no number" },
		{ "{id: a, action: deny, match: {args: {/p: {not: {in: [a], glob: b}}}}}",
		    "takes one test" },
		{ "{id: a, action: deny, reason: \"a\\nb\"}", "one line" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (strstr(error_of(cases[i].rules), cases[i].error) == NULL)
			fail_msg("%s\n  says: %s", cases[i].rules, error_of(cases[i].rules));
}

#define RULE(id, action, match) "{id: " id ", action: " action ", match: {" match "}}"

/* One after the other: does the first decide all that the second would? */
static void
test_never_match(void **state)
{
	static const struct {
		const char *rules;
		bool is_covered;
	} cases[] = {
		{ "{id: a, action: deny}, {id: b, action: log}", true },
		{ "{id: a, action: log}, {id: b, action: deny}", false },
		{ RULE("a", "deny", "tool: '*'") "," RULE("b", "allow", "tool: read"), true },
		{ RULE("a", "deny", "tool: 'r*'") "," RULE("b", "allow", "tool: read"), true },
		{ RULE("a", "deny", "tool: 'r*'") "," RULE("b", "allow", "tool: 'r*d'"), true },
		{ RULE("a", "deny", "tool: 'r*d'") "," RULE("b", "allow", "tool: 'r*'"), false },
		{ RULE("a", "deny", "tool: 'rea?'") "," RULE("b", "allow", "tool: read"), false },
		{ RULE("a", "deny", "tool: 'r?*d'") "," RULE("b", "allow", "tool: 'r*d'"), false },
		{ RULE("a", "deny", "tool: [x, 'r*']") "," RULE("b", "allow", "tool: [read, x]"),
		    true },
		{ RULE("a", "deny", "tool: 'r*'") "," RULE("b", "allow", "tool: [read, x]"),
		    false },
		{ RULE("a", "deny", "tool: 'r*'") "," RULE("b", "allow", "prompt: read"), false },
		{ RULE("a", "deny", "caller: ci") "," RULE("b", "allow", "tool: read"), false },
		{ RULE("a", "deny", "tool: read") "," RULE("b", "allow", "tool: read, caller: ci"),
		    true },
		{ RULE("a", "ask", "annotations: {readOnlyHint: false}") "," RULE(
		      "b", "deny", "annotations: {readOnlyHint: false}, tool: x"),
		    true },
		{ RULE("a", "ask", "annotations: {readOnlyHint: false}") "," RULE(
		      "b", "deny", "annotations: {readOnlyHint: true}"),
		    false },
		{ RULE("a", "deny", "time: {days: [sat, sun]}") "," RULE(
		      "b", "ask", "time: {days: [sun]}"),
		    true },
		{ RULE("a", "deny", "time: {days: [sun]}") "," RULE(
		      "b", "ask", "time: {days: [sat, sun]}"),
		    false },
		{ RULE("a", "deny", "time: {from: '10:00', to: '12:00'}") "," RULE(
		      "b", "ask", "time: {from: '10:30', to: '11:00'}"),
		    false },
		{ RULE("a", "deny", "args: {/p: x}") "," RULE("b", "ask", "args: {/p: x, /q: y}"),
		    true },
		{ RULE("a", "deny", "args: {/p: x}") "," RULE("b", "ask", "args: {/p: y}"), false },
		{ RULE("a", "allow", "args: {/p: x}") "," RULE("b", "deny", "args: {/p: x}"),
		    false },
		{ RULE("a", "deny", "args: {/p: x}") "," RULE("b", "allow", "args: {/p: x}"),
		    true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if ((strstr(error_of(cases[i].rules),
			 "guard.rules[1] can never match: guard.rules[0]") != NULL) !=
		    cases[i].is_covered)
			fail_msg("%s\n  says: %s", cases[i].rules, error_of(cases[i].rules));
}

static void
test_contradict_themselves(void **state)
{
	static const struct {
		const char *args;
		bool is_odd;
	} cases[] = {
		{ "/p: {min: 5, max: 3}", true },
		{ "/p: {max: 3, min: 5}", true },
		{ "/p: {min: 3, max: 3}", false },
		{ "/p: {min: 5, not: {max: 3}}", false },
		{ "/p: {in: [a, b], equals: c}", true },
		{ "/p: {in: [a, b], equals: b}", false },
		{ "/p: {in: ['5'], equals: '5.0'}", false },
		{ "/p: {in: [a], not: {in: [a, b]}}", true },
		{ "/p: {in: [a, c], not: {in: [a, b]}}", false },
		{ "/p: {under: /srv, not: {under: /srv}}", true },
		{ "/p: {under: /srv, not: {under: /srv/a}}", false },
		{ "/p: {exists: false, equals: a}", true },
		{ "/p: {exists: true, equals: a}", false },
		{ "/p: {exists: false, not: {exists: false}}", true },
		{ "/p/*: {in: [a], equals: b}", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char rule[200];

		snprintf(rule, sizeof(rule), "{id: a, action: deny, match: {args: {%s}}}",
		    cases[i].args);
		if ((strstr(error_of(rule), "guard.rules[0] can never match") != NULL) !=
		    cases[i].is_odd)
			fail_msg("%s\n  says: %s", rule, error_of(rule));
	}
}

/* As many as may be, each with lists, are read in the time that comparing them may take. */
static void
test_thousand(void **state)
{
	struct config *config = NULL;
	struct err err = { 0 };
	struct buf text;

	(void)state;
	buf_init(&text, NULL, 4 * MIB);
	buf_puts(&text, "upstreams: [{name: files, command: [/bin/true]}]\nguard:\n  rules:\n");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&text,
		    "    - {id: r%u, match: {server: [files, s%u], tool: 't%u_*', args: {/p: {in: [a, "
		    "b], not: {glob: 'x*'}}}}, action: deny}\n",
		    i, i, i);
	if (!config_parse(buf_view(&text), "f", "/", no_environ, NULL, &config, &err))
		fail_msg("%s", err.text);
	assert_int_equal(config->guard.rules_n, 1000);
	assert_int_equal(config->guard.rules[999].tests_n, 2);
	config_free(&config);
	buf_puts(&text, "    - {id: more, action: deny}\n");
	assert_false(config_parse(buf_view(&text), "f", "/", no_environ, NULL, &config, &err));
	assert_non_null(strstr(err.text, "at most 1000 rules"));
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_never_match),
		cmocka_unit_test(test_contradict_themselves),
		cmocka_unit_test(test_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

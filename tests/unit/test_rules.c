/*
 * Which rule decides: order, every dimension that is matched, places in the arguments, what cannot
 * be looked at to its end, and what a caller need not be shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard/rules.h"

struct fixture {
	struct config *config;
	struct rules *rules;
};

static struct fixture
fixture_new(const char *rules)
{
	static const char *const no_environ[] = { NULL };
	struct fixture f = { 0 };
	struct err err = { 0 };
	struct buf text;

	buf_init(&text, NULL, 4 * MIB);
	buf_puts(&text, "upstreams: [{name: desk, command: [/bin/true]}]\nguard:\n");
	buf_puts(&text, rules);
	if (!config_parse(buf_view(&text), "test", "/", no_environ, NULL, &f.config, &err) ||
	    !rules_new(&f.config->guard, 7, &f.rules, &err))
		fail_msg("%s", err.text);
	buf_fini(&text);
	return f;
}

static void
fixture_free(struct fixture *f)
{
	rules_free(&f->rules);
	config_free(&f->config);
}

/* Monday 2026-03-02, 12:00 UTC. */
#define MONDAY_NOON INT64_C(1772452800)

static struct rule_call
tool_call(const char *arguments)
{
	return (struct rule_call){ .server = S("desk"),
		.target = RULE_TOOL,
		.name = S("delete_issue"),
		.caller = S("ci"),
		.tenant = S("acme"),
		.client = S("claude"),
		.method = S("tools/call"),
		.revision = S("2025-06-18"),
		.is_destructive = true,
		.is_open_world = true,
		.arguments = slice_of(arguments),
		.unix_s = MONDAY_NOON };
}

static const char *
decided(struct fixture *f, const struct rule_call *call)
{
	static char text[100];
	struct rule_verdict verdict = rules_decide(f->rules, call);

	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(verdict.rule));
	return text;
}

/* One rule with that match: does it decide? */
static void
check_match(const char *match, const struct rule_call *call, bool want)
{
	char yaml[2000];
	struct fixture f;

	snprintf(yaml, sizeof(yaml), "  rules: [{id: r, match: {%s}, action: deny}]\n", match);
	f = fixture_new(yaml);
	if ((strcmp(decided(&f, call), "r") == 0) != want)
		fail_msg("%s", match);
	fixture_free(&f);
}

static void
test_dimensions(void **state)
{
	static const struct {
		const char *match;
		bool want;
	} cases[] = {
		{ "server: desk", true },
		{ "server: [files, 'd*']", true },
		{ "server: files", false },
		{ "tool: '*delete*'", true },
		{ "tool: delete", false },
		{ "prompt: '*'", false },
		{ "resource: '*'", false },
		{ "caller: c?", true },
		{ "caller: dev", false },
		{ "tenant: acme", true },
		{ "tenant: other", false },
		{ "client: claude", true },
		{ "client: cursor", false },
		{ "method: tools/*", true },
		{ "method: prompts/get", false },
		{ "revision: '2025-*'", true },
		{ "revision: '2026-07-28'", false },
		{ "annotations: {readOnlyHint: false}", true },
		{ "annotations: {readOnlyHint: true}", false },
		{ "annotations: {destructiveHint: true}", true },
		{ "annotations: {destructiveHint: false}", false },
		{ "annotations: {idempotentHint: true}", false },
		{ "annotations: {openWorldHint: true}", true },
		{ "time: {days: [mon]}", true },
		{ "time: {days: [tue, sun]}", false },
		{ "time: {from: '11:00', to: '13:00'}", true },
		{ "time: {from: '12:00', to: '12:01'}", true },
		{ "time: {from: '12:01', to: '13:00'}", false },
		{ "time: {from: '11:00', to: '12:00'}", false },
		{ "server: desk, tool: delete_issue, caller: ci", true },
		{ "server: desk, tool: delete_issue, caller: dev", false },
	};
	struct rule_call call = tool_call("{}");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_match(cases[i].match, &call, cases[i].want);
}

/* Of what is not known nothing matches, not even "*". */
static void
test_unknown_matches_nothing(void **state)
{
	struct rule_call call = tool_call("{}");

	(void)state;
	call.tenant = call.client = SLICE_NONE;
	check_match("tenant: '*'", &call, false);
	check_match("client: '*'", &call, false);
	check_match("caller: '*'", &call, true);
	call = (struct rule_call){ .caller = S("ci"), .method = S("ping") };
	check_match("server: '*'", &call, false);
	check_match("tool: '*'", &call, false);
	check_match("method: ping", &call, true);
}

/* A night belongs to the day on which it began. */
static void
test_nights(void **state)
{
	static const struct {
		int64_t hours; /* after Monday noon */
		bool want;
	} cases[] = { { 0, false }, { 9, false }, { 10, true }, { 12, true }, { 17, true },
		{ 18, false }, { 34, false }, { -14, false }, { -2, false } };
	struct rule_call call = tool_call("{}");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		call.unix_s = MONDAY_NOON + cases[i].hours * 3600;
		check_match(
		    "time: {from: '22:00', to: '06:00', days: [mon]}", &call, cases[i].want);
	}
	call.unix_s = 0; /* Thursday, midnight */
	check_match("time: {days: thu}", &call, true);
	check_match("time: {from: '22:00', to: '06:00', days: wed}", &call, true);
}

static void
test_pointers(void **state)
{
	static const struct {
		const char *args, *arguments;
		bool want;
	} cases[] = {
		{ "/project: PROD", "{\"project\":\"PROD\"}", true },
		{ "/project: PROD", "{\"project\":\"TEST\"}", false },
		{ "/project: PROD", "{}", false },
		{ "/project: PROD", NULL, false },
		{ "/project: PROD", "{\"pr\\u006fject\":\"PROD\"}", true },
		{ "/a~1b: x", "{\"a/b\":\"x\"}", true },
		{ "/a~0b: x", "{\"a~b\":\"x\"}", true },
		{ "/a~01: x", "{\"a~1\":\"x\"}", true },
		{ "/a/b/c: x", "{\"a\":{\"b\":{\"c\":\"x\"}}}", true },
		{ "/a/1: x", "{\"a\":[\"y\",\"x\"]}", true },
		{ "/a/2: x", "{\"a\":[\"y\",\"x\"]}", false },
		{ "/a/01: x", "{\"a\":[\"y\",\"x\"]}",
		    true }, /* read as 1: refuses more, not less */
		{ "/a/*: x", "{\"a\":[\"y\",\"x\"]}", true },
		{ "/a/*: x", "{\"a\":[\"y\"]}", false },
		{ "/a/*: x", "{\"a\":{\"k\":\"x\"}}", true },
		{ "/a/*/b: x", "{\"a\":[{\"b\":\"y\"},{\"b\":\"x\"}]}", true },
		{ "/*: x", "{\"k\":\"x\"}", true },
		/* Where a container is expected a text may be JSON, or one of many. */
		{ "/a/b: x", "{\"a\":\"{}\"}", true },
		{ "/a/*: x", "{\"a\":\"y\"}", true },
		{ "/a/b: x", "{\"a\":5}", false },
		{ "/project: PROD", "{\"project\":[\"PROD\"]}", true },
		{ "/a: {exists: true}", "{\"a\":null}", true },
		{ "/a: {exists: true}", "{}", false },
		{ "/a: {exists: false}", "{}", true },
		{ "/a: {exists: false}", NULL, true },
		{ "/a: {exists: false}", "{\"a\":1}", false },
		{ "/p: {not: {under: /srv}}", "{\"p\":\"/etc/passwd\"}", true },
		{ "/p: {not: {under: /srv}}", "{\"p\":\"/srv/../etc\"}", true },
		{ "/p: {not: {under: /srv}}", "{\"p\":\"/srv/x\"}", false },
		{ "/p: {not: {under: /srv}}", "{\"p\":\"x\"}", true }, /* unsure */
		{ "/p: {not: {in: [a, b]}}", "{\"p\":\"b\"}", false },
		{ "/n: {min: 1, max: 5}", "{\"n\":3}", true },
		{ "/n: {min: 1, max: 5}", "{\"n\":6}", false },
		{ "/s: {longer: 3}", "{\"s\":\"abcd\"}", true },
		{ "/u: {host: [evil.com, '*.evil.com']}", "{\"u\":\"https://x.evil.com/\"}", true },
		{ "/u: {host: evil.com}", "{\"u\":\"https://good.com/\"}", false },
		{ "/u: {host: evil.com}", "{\"u\":\"https://good.com\\\\@evil.com\"}", true },
		{ "/a: 1, /b: 2", "{\"a\":1,\"b\":2}", true },
		{ "/a: 1, /b: 2", "{\"a\":1,\"b\":3}", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule_call call = tool_call(cases[i].arguments);
		char match[300];

		snprintf(match, sizeof(match), "args: {%s}", cases[i].args);
		check_match(match, &call, cases[i].want);
	}
}

/* An allow asks all values, anything else one; what is unsure counts against the call. */
static void
test_unsure_counts_against(void **state)
{
	static const char *const against[] = { "{\"p\":\"relative\"}", "{\"p\":[\"/srv/a\"]}",
		"{\"p\":\"/etc\"}", "{}" };
	struct fixture f =
	    fixture_new("  default: deny\n"
			"  rules:\n"
			"    - {id: one, match: {args: {/p: {under: /srv}}}, action: allow}\n"
			"    - {id: all, match: {args: {/ps/*: {under: /srv}}}, action: allow}\n");
	struct rule_call call = tool_call("{\"p\":\"/srv/a\"}");

	(void)state;
	assert_string_equal(decided(&f, &call), "one");
	for (size_t i = 0; i < COUNT(against); i++) {
		call = tool_call(against[i]);
		assert_string_equal(decided(&f, &call), "default");
	}
	call = tool_call("{\"ps\":[\"/srv/a\",\"/srv/b\"]}");
	assert_string_equal(decided(&f, &call), "all");
	call = tool_call("{\"ps\":[\"/srv/a\",\"/etc\"]}");
	assert_string_equal(decided(&f, &call), "default");
	call = tool_call("{\"ps\":[]}");
	assert_string_equal(decided(&f, &call), "default");
	fixture_free(&f);
}

/* Too many values, too deep, too dear: a deny matches, an allow does not. */
static void
test_bounds(void **state)
{
	struct fixture f =
	    fixture_new("  rules:\n"
			"    - {id: allows, match: {args: {/a/*: x}}, action: allow}\n"
			"    - {id: denies, match: {args: {/a/*: y}}, action: deny}\n");
	struct rule_call call;
	struct buf text;

	(void)state;
	buf_init(&text, NULL, MIB);
	buf_puts(&text, "{\"a\":[\"x\"");
	for (unsigned i = 0; i < 20000; i++)
		buf_puts(&text, ",\"x\"");
	buf_puts(&text, "]}");
	buf_putc(&text, '\0');
	call = tool_call(text.p);
	assert_string_equal(decided(&f, &call), "denies");
	buf_fini(&text);
	call = tool_call("{\"a\":[\"x\"]}");
	assert_string_equal(decided(&f, &call), "allows");
	call = tool_call("{\"a\":[\"z\"]}");
	assert_string_equal(decided(&f, &call), "default");
	fixture_free(&f);
}

/* What many rules with dear expressions may cost together is bounded. */
static void
test_dear_rules(void **state)
{
	struct buf yaml;
	struct fixture f;
	struct rule_call call;
	char value[500];

	(void)state;
	buf_init(&yaml, NULL, MIB);
	buf_puts(&yaml, "  rules:\n");
	for (unsigned i = 0; i < 900; i++)
		buf_printf(&yaml,
		    "    - {id: r%u, match: {args: {/a: {regex: '^(a|aa)+[bc]$'}}}, action: log}\n",
		    i);
	buf_puts(&yaml, "    - {id: last, match: {args: {/a: {regex: '^b'}}}, action: deny}\n");
	buf_putc(&yaml, '\0');
	f = fixture_new(yaml.p);
	snprintf(value, sizeof(value), "{\"a\":\"%0400d!\"}", 0);
	memset(value + 6, 'a', 400);
	call = tool_call(value);
	assert_string_equal(decided(&f, &call), "last");
	call = tool_call("{\"a\":\"c\"}");
	assert_string_equal(decided(&f, &call), "default");
	fixture_free(&f);
	buf_fini(&yaml);
}

/* More arguments than are looked for at once, and names with escapes, are found all the same. */
static void
test_many_arguments(void **state)
{
	struct fixture f =
	    fixture_new("  rules: [{id: r, match: {args: {/k199: 199}}, action: deny}]\n");
	struct rule_call call;
	struct buf text;

	(void)state;
	buf_init(&text, NULL, MIB);
	buf_puts(&text, "{\"k\":0");
	for (unsigned i = 0; i < 200; i++)
		buf_printf(&text, ",\"k%u\":%u", i, i);
	buf_puts(&text, "}");
	buf_putc(&text, '\0');
	call = tool_call(text.p);
	assert_string_equal(decided(&f, &call), "r");
	buf_fini(&text);
	fixture_free(&f);
}

static void
test_order(void **state)
{
	struct fixture f = fixture_new(
	    "  rules:\n"
	    "    - {id: seen, match: {server: desk}, action: log}\n"
	    "    - {id: mine, match: {caller: ci, tool: 'delete_*'}, action: allow}\n"
	    "    - {id: seen-too, action: log}\n"
	    "    - {id: asks, match: {tool: 'delete_*', caller: '*'}, action: ask, reason: sure?}\n"
	    "    - {id: none, match: {tool: '*_issue'}, action: deny}\n");
	struct rule_call call = tool_call("{}");
	struct rule_verdict verdict = rules_decide(f.rules, &call);

	(void)state;
	assert_int_equal(verdict.action, CONFIG_ALLOW);
	assert_true(slice_eq(verdict.rule, S("mine")));
	assert_int_equal(verdict.logged_n, 1);
	call.caller = S("dev");
	verdict = rules_decide(f.rules, &call);
	assert_int_equal(verdict.action, CONFIG_ASK);
	assert_true(slice_eq(verdict.rule, S("asks")) && slice_eq(verdict.reason, S("sure?")));
	assert_int_equal(verdict.logged_n, 2);
	call.name = S("get_issue");
	assert_string_equal(decided(&f, &call), "none");
	call.server = S("files");
	assert_string_equal(decided(&f, &call), "none");
	call.name = S("read");
	verdict = rules_decide(f.rules, &call);
	assert_int_equal(verdict.action, CONFIG_ALLOW);
	assert_true(slice_eq(verdict.rule, S("default")));
	assert_int_equal(verdict.logged_n, 1);
	fixture_free(&f);
}

/* Only what a rule denies whatever the arguments and the hour need not be shown. */
static void
test_may_allow(void **state)
{
	static const struct {
		const char *guard;
		bool want;
	} cases[] = {
		{ "  rules: []\n", true },
		{ "  default: deny\n", false },
		{ "  rules: [{id: a, match: {tool: 'delete*'}, action: deny}]\n", false },
		{ "  rules: [{id: a, match: {tool: 'read*'}, action: deny}]\n", true },
		{ "  rules: [{id: a, match: {tool: 'delete*', args: {/p: x}}, action: deny}]\n",
		    true },
		{ "  rules: [{id: a, match: {time: {days: [sun]}}, action: deny}]\n", true },
		{ "  rules: [{id: a, match: {caller: ci}, action: deny}]\n", false },
		{ "  rules: [{id: a, match: {caller: dev}, action: deny}]\n", true },
		{ "  rules: [{id: a, action: ask, match: {server: desk}},"
		  " {id: b, action: deny}]\n",
		    true },
		{ "  rules: [{id: a, action: log}, {id: b, action: deny}]\n", false },
		{ "  default: deny\n"
		  "  rules: [{id: a, action: allow, match: {args: {/p: x}}}]\n",
		    true },
		{ "  default: deny\n"
		  "  rules: [{id: a, action: allow, match: {caller: dev}}]\n",
		    false },
	};
	struct rule_call call = tool_call(NULL);
	struct slice rule;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f = fixture_new(cases[i].guard);

		if (rules_may_allow(f.rules, &call, &rule) != cases[i].want ||
		    (!cases[i].want && !rules_hide(f.rules)))
			fail_msg("%s", cases[i].guard);
		fixture_free(&f);
	}
}

/* What is remembered of names is bounded, and forgetting it changes no answer. */
static void
test_many_names(void **state)
{
	struct fixture f = fixture_new("  rules: [{id: odd, match: {tool: '*7'}, action: deny},"
				       " {id: one, match: {tool: '*1'}, action: deny}]\n");
	struct rule_call call = tool_call(NULL);
	char name[700];

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 3000; i++) {
			call.name =
			    (struct slice){ name, (size_t)snprintf(name, sizeof(name), "t%u", i) };
			assert_string_equal(decided(&f, &call),
			    i % 10 == 1	      ? "one"
				: i % 10 == 7 ? "odd"
					      : "default");
		}
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '1';
	call.name = (struct slice){ name, sizeof(name) };
	assert_string_equal(decided(&f, &call), "one");
	fixture_free(&f);
}

/* ---- why, and what cannot be said ------------------------------------------------------------ */

/* A set of rules that overlap in every way, and calls that differ in what they ask. */
static const char overlapping[] =
    "  default: deny\n"
    "  rules:\n"
    "    - {id: l, match: {tool: '*'}, action: log}\n"
    "    - {id: a, match: {server: desk, args: {/p: {in: [x, y]}}}, action: ask}\n"
    "    - {id: b, match: {tool: 'delete*', caller: ci, args: {/p: {not: {equals: z}}}},"
    " action: allow}\n"
    "    - {id: c, match: {annotations: {readOnlyHint: true}, args: {/n: {min: 3}}},"
    " action: allow}\n"
    "    - {id: d, match: {annotations: {destructiveHint: true}, time: {days: [mon]}},"
    " action: deny}\n"
    "    - {id: e, match: {prompt: 'd*'}, action: ask}\n"
    "    - {id: f, match: {client: claude, args: {/p: {exists: false}}}, action: allow}\n";

static const char *const some_arguments[] = { NULL, "{}", "{\"p\":\"x\"}", "{\"p\":\"z\"}",
	"{\"p\":\"q\",\"n\":5}", "{\"p\":[\"x\"]}", "{\"n\":2}", "{\"n\":\"many\"}" };

#define CALLS ((unsigned)(6 * 4 * COUNT(some_arguments)))

/* One of CALLS: every way to mix them. */
static struct rule_call
mixed_call(unsigned i)
{
	struct rule_call call = tool_call(some_arguments[i % COUNT(some_arguments)]);
	unsigned rest = i / COUNT(some_arguments);

	call.is_read_only = rest % 2 == 0;
	call.is_destructive = rest / 2 % 2 == 0;
	switch (rest / 4) {
	case 1:
		call.server = S("files");
		break;
	case 2:
		call.caller = S("dev");
		break;
	case 3:
		call.unix_s += 24 * 60 * 60;
		break;
	case 4:
		call.target = RULE_PROMPT;
		break;
	case 5:
		call.client = SLICE_NONE;
		break;
	}
	return call;
}

struct told {
	unsigned n, decided;
	struct slice last;
};

static void
count_reading(void *ctx, const struct guard_reading *reading)
{
	struct told *told = ctx;
	bool may = true;

	told->n++;
	told->last = reading->rule->id;
	told->decided += reading->matches && reading->rule->action != CONFIG_LOG;
	for (size_t i = 0; i < reading->parts_n; i++)
		may &= reading->parts[i].answer == RULE_YES ||
		    (reading->parts[i].answer == RULE_UNSURE &&
			reading->rule->action != CONFIG_ALLOW);
	/* The parts say why: all of them hold exactly where the rule matches. */
	assert_int_equal(may, reading->matches);
	assert_true(reading->parts_n > 0);
}

/* What explains a decision is the decision, rule by rule and part by part. */
static void
test_explains_what_it_decides(void **state)
{
	struct fixture f = fixture_new(overlapping);

	(void)state;
	for (unsigned i = 0; i < CALLS; i++) {
		struct rule_call call = mixed_call(i);
		struct rule_verdict decided_so = rules_decide(f.rules, &call), explained;
		struct told told = { 0 };

		explained = rules_explain(f.rules, &call, count_reading, &told);
		assert_int_equal(decided_so.action, explained.action);
		assert_true(slice_eq(decided_so.rule, explained.rule));
		assert_int_equal(decided_so.logged_n, explained.logged_n);
		assert_int_equal(decided_so.may_be, 1u << decided_so.action);
		if (slice_eq(decided_so.rule, S("default"))) {
			assert_int_equal(told.n, f.config->guard.rules_n);
			assert_int_equal(told.decided, 0);
		} else {
			assert_int_equal(told.decided, 1);
			assert_true(slice_eq(told.last, decided_so.rule));
		}
	}
	fixture_free(&f);
}

/* Without the arguments, or what the tool says of itself, what they would have led to is among what
 * may be; and where only one thing may be, no rule decides otherwise, whatever they are. */
static void
test_lacks(void **state)
{
	struct fixture f = fixture_new(overlapping);
	unsigned sure = 0, unsure = 0;

	(void)state;
	for (unsigned i = 0; i < CALLS; i++)
		for (unsigned lacks = 0; lacks <= 3; lacks++) {
			struct rule_call call = mixed_call(i);
			enum config_action was = rules_decide(f.rules, &call).action;
			struct rule_verdict without;

			call.lacks = lacks;
			if ((lacks & GUARD_LACKS_ARGUMENTS) != 0)
				call.arguments = SLICE_NONE;
			if ((lacks & GUARD_LACKS_HINTS) != 0)
				call.is_read_only = call.is_destructive = false;
			without = rules_decide(f.rules, &call);
			assert_true((without.may_be & 1u << was) != 0);
			assert_true((without.may_be & 1u << without.action) != 0);
			if ((without.may_be & (without.may_be - 1)) != 0) {
				assert_true(without.unsure.p != NULL);
				unsure++;
			} else if (lacks != 0) {
				assert_int_equal(without.action, was);
				sure++;
			} else {
				assert_true(without.unsure.p == NULL);
			}
		}
	assert_true(sure > 0 && unsure > 0);
	fixture_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dimensions),
		cmocka_unit_test(test_unknown_matches_nothing),
		cmocka_unit_test(test_nights),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_unsure_counts_against),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_dear_rules),
		cmocka_unit_test(test_many_arguments),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_may_allow),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_explains_what_it_decides),
		cmocka_unit_test(test_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

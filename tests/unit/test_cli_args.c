/*
 * The command line: options and words in every place, what is unknown and what is near to it, the
 * arguments of tools, values typed at a question, and texts made harmless.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/ask_person.h"
#include "cli/cli.h"
#include "cli/demo.h"

#define WORDS 8

static const struct {
	const char *argv[WORDS];
	const char *command; /* NULL: none */
	const char *says;    /* part of the error; NULL: accepted */
	uint64_t given;
	const char *config;
	const char *words[WORDS];
} lines[] = {
	{ { "serve" }, "serve", NULL, 0, NULL, { NULL } },
	{ { "serve", "-c", "x" }, "serve", NULL, OPTION_BIT(CONFIG), "x", { NULL } },
	{ { "serve", "-cx" }, "serve", NULL, OPTION_BIT(CONFIG), "x", { NULL } },
	{ { "serve", "--config", "x" }, "serve", NULL, OPTION_BIT(CONFIG), "x", { NULL } },
	{ { "serve", "--config=x=y" }, "serve", NULL, OPTION_BIT(CONFIG), "x=y", { NULL } },
	{ { "serve", "--config=" }, "serve", NULL, OPTION_BIT(CONFIG), "", { NULL } },
	{ { "serve", "-c", "x", "-c", "y" }, "serve", NULL, OPTION_BIT(CONFIG), "y", { NULL } },
	{ { "call", "t", "--json", "a=1" }, "call", NULL, OPTION_BIT(JSON), NULL, { "t", "a=1" } },
	{ { "call", "--", "t", "--json" }, "call", NULL, 0, NULL, { "t", "--json" } },
	{ { "call", "t", "-" }, "call", NULL, 0, NULL, { "t", "-" } },
	{ { "call", "t", "" }, "call", NULL, 0, NULL, { "t", "" } },
	{ { "--help" }, NULL, NULL, OPTION_BIT(HELP), NULL, { NULL } },
	{ { "-h", "serve" }, "serve", NULL, OPTION_BIT(HELP), NULL, { NULL } },
	{ { "call", "-h" }, "call", NULL, OPTION_BIT(HELP), NULL, { NULL } },
	{ { "--version" }, "version", NULL, 0, NULL, { NULL } },
	{ { NULL }, NULL, "no command", 0, NULL, { NULL } },
	{ { "srve" }, NULL, "did you mean \"serve\"", 0, NULL, { NULL } },
	{ { "frobnicate" }, NULL, "unknown command \"frobnicate\"", 0, NULL, { NULL } },
	{ { "serve", "--conifg", "x" }, NULL, "did you mean --config", 0, NULL, { NULL } },
	{ { "serve", "--json" }, NULL, "unknown option --json", 0, NULL, { NULL } },
	{ { "serve", "-z" }, NULL, "unknown option -z", 0, NULL, { NULL } },
	{ { "serve", "--c", "x" }, NULL, "unknown option --c", 0, NULL, { NULL } },
	{ { "serve", "-config" }, "serve", NULL, OPTION_BIT(CONFIG), "onfig", { NULL } },
	{ { "-c", "x", "serve" }, NULL, "unknown option -c", 0, NULL, { NULL } },
	{ { "serve", "--port" }, NULL, "--port needs a value", 0, NULL, { NULL } },
	{ { "tools", "--json=1" }, NULL, "--json takes no value", 0, NULL, { NULL } },
	{ { "serve", "extra" }, NULL, "unexpected word \"extra\"", 0, NULL, { NULL } },
	{ { "call" }, NULL, "call TOOL", 0, NULL, { NULL } },
	{ { "serve", "-v" }, "serve", NULL, OPTION_BIT(VERBOSE), NULL, { NULL } },
	{ { "serve", "-vvv" }, "serve", NULL, OPTION_BIT(VERBOSE), NULL, { NULL } },
	{ { "serve", "-vx" }, NULL, "--verbose takes no value", 0, NULL, { NULL } },
	{ { "tools", "-v" }, NULL, "unknown option -v", 0, NULL, { NULL } },
	{ { "call", "t", "--no-jira-ssl-verify", "--jira-url", "u" }, "call", NULL,
	    OPTION_BIT(NO_JIRA_SSL_VERIFY) | OPTION_BIT(JIRA_URL), NULL, { "t" } },
	{ { "tools", "--jira-tokn", "x" }, NULL, "did you mean --jira-token", 0, NULL, { NULL } },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *argv[WORDS];
		struct options options = { 0 };
		struct err err = { 0 };
		int argc = 0;
		bool ok;

		for (; argc < WORDS && lines[i].argv[argc] != NULL; argc++)
			argv[argc] = lines[i].argv[argc];
		ok = cli_parse(argc, argv, &options, &err);
		if (ok != (lines[i].says == NULL))
			fail_msg("line %zu: %s", i, ok ? "accepted" : err.text);
		if (!ok) {
			assert_int_equal(err_info(err.kind)->exit_status, EXIT_USAGE);
			if (strstr(err.text, lines[i].says) == NULL)
				fail_msg("line %zu: %s", i, err.text);
			continue;
		}
		if (lines[i].command == NULL)
			assert_null(options.command);
		else
			assert_string_equal(options.command->name, lines[i].command);
		assert_int_equal(options.given, lines[i].given);
		if (lines[i].config != NULL)
			assert_string_equal(options.value[OPTION_CONFIG], lines[i].config);
		for (unsigned k = 0; k < options.words_n; k++)
			assert_string_equal(options.words[k], lines[i].words[k]);
		assert_null(lines[i].words[options.words_n]);
	}
}

/* What options stand for; the last one of a variable counts. */
static void
test_variables(void **state)
{
	static const struct {
		const char *argv[WORDS];
		const char *variables;
	} cases[] = {
		{ { "serve" }, "" },
		{ { "serve", "-v" }, "SSE_LOG_LEVEL=info " },
		{ { "serve", "-vv" }, "SSE_LOG_LEVEL=debug " },
		{ { "serve", "-v", "-v" }, "SSE_LOG_LEVEL=debug " },
		{ { "serve", "-v", "--log-level", "error" },
		    "SSE_LOG_LEVEL=info SSE_LOG_LEVEL=error " },
		{ { "serve", "--read-only", "--jira-token=t", "--no-confluence-ssl-verify" },
		    "READ_ONLY_MODE=true JIRA_API_TOKEN=t CONFLUENCE_SSL_VERIFY=false " },
		{ { "serve", "--transport", "sse", "--port", "1", "--host", "::1" },
		    "TRANSPORT=sse HOST=::1 PORT=1 " },
		{ { "call", "t", "--oauth-access-token", "o", "--toolsets", "default" },
		    "TOOLSETS=default ATLASSIAN_OAUTH_ACCESS_TOKEN=o " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config_pair pairs[CLI_VARIABLES_MAX];
		const char *argv[WORDS];
		struct options options = { 0 };
		struct err err;
		struct buf text;
		int argc = 0;
		size_t n;

		for (; argc < WORDS && cases[i].argv[argc] != NULL; argc++)
			argv[argc] = cases[i].argv[argc];
		assert_true(cli_parse(argc, argv, &options, &err));
		n = cli_variables(&options, pairs);
		buf_init(&text, NULL, KIB);
		for (size_t k = 0; k < n; k++) {
			buf_put(&text, pairs[k].name);
			buf_putc(&text, '=');
			buf_put(&text, secret_reveal(pairs[k].value));
			buf_putc(&text, ' ');
		}
		buf_putc(&text, '\0');
		assert_string_equal(text.p, cases[i].variables);
		buf_fini(&text);
	}
}

/* Every command has a line of help, and every option that it takes is explained in its help. */
static void
test_help_is_complete(void **state)
{
	struct buf all, one;

	(void)state;
	buf_init(&all, NULL, MIB);
	help_put_all(&all);
	buf_putc(&all, '\0');
	for (size_t i = 0; i < cli_commands_n; i++) {
		const struct command *command = &cli_commands[i];

		assert_ptr_equal(cli_command_find(command->name), command);
		assert_non_null(strstr(all.p, command->help));
		assert_non_null(command->run);
		buf_init(&one, NULL, MIB);
		help_put_command(&one, command);
		buf_putc(&one, '\0');
		for (size_t k = 0; k < OPTIONS_N; k++) {
			uint64_t bit = (uint64_t)1 << k;
			bool is_far = (bit & cli_site_options) != 0 && command != &cli_commands[0];

			if ((command->options & bit) != 0)
				assert_non_null(strstr(one.p,
				    is_far ? "options of `bascule serve`" : cli_options[k].name));
		}
		for (const char *at = one.p; *at != '\0'; at += strcspn(at, "\n") + 1)
			assert_true(strcspn(at, "\n") <= 100);
		buf_fini(&one);
	}
	buf_fini(&all);
}

/* ---- arguments of tools ---- */

#define SCHEMA \
	"{\"type\":\"object\",\"properties\":{" \
	"\"n\":{\"type\":\"integer\"},\"b\":{\"type\":\"boolean\"}," \
	"\"s\":{\"type\":\"string\"},\"o\":{\"type\":\"object\"}," \
	"\"a\":{\"type\":\"array\"},\"any\":{}," \
	"\"sn\":{\"type\":[\"string\",\"null\"]},\"nn\":{\"type\":[\"number\",\"null\"]}}}"

static const struct {
	const char *words[WORDS];
	const char *want; /* NULL: refused */
} arguments[] = {
	{ { NULL }, "{}" },
	{ { "n=5" }, "{\"n\":5}" },
	{ { "n=x" }, NULL },
	{ { "n=" }, NULL },
	{ { "n=5 6" }, NULL },
	{ { "n=\"5\"" }, NULL },
	{ { "n=12345678901234567890.50" }, "{\"n\":12345678901234567890.50}" },
	{ { "b=true", "n=-1" }, "{\"b\":true,\"n\":-1}" },
	{ { "b=yes" }, NULL },
	{ { "s=5" }, "{\"s\":\"5\"}" },
	{ { "s=a=b \"q\" \n" }, "{\"s\":\"a=b \\\"q\\\" \\n\"}" },
	{ { "s=" }, "{\"s\":\"\"}" },
	{ { "o={\"x\":[1]}" }, "{\"o\":{\"x\":[1]}}" },
	{ { "o=[1]" }, NULL },
	{ { "o={\"x\":1,\"x\":2}" }, NULL },
	{ { "a=[]" }, "{\"a\":[]}" },
	{ { "any=5" }, "{\"any\":\"5\"}" },
	{ { "unknown=5" }, "{\"unknown\":\"5\"}" },
	{ { "sn=null" }, "{\"sn\":null}" },
	{ { "sn=nul" }, "{\"sn\":\"nul\"}" },
	{ { "nn=null" }, "{\"nn\":null}" },
	{ { "nn=nul" }, NULL },
	{ { "s=1", "s=2" }, NULL },
	{ { "s=1", "sn=2" }, "{\"s\":\"1\",\"sn\":\"2\"}" },
	{ { "word" }, NULL },
	{ { "=x" }, NULL },
	{ { " {\"s\": 1.0 }" }, " {\"s\": 1.0 }" },
	{ { "{\"s\":1" }, NULL },
	{ { "{}{}" }, NULL },
	{ { "{}", "s=1" }, NULL },
};

static void
test_arguments(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(arguments); i++) {
		struct err err = { 0 };
		struct buf out;
		size_t n = 0;
		bool ok;

		while (arguments[i].words[n] != NULL)
			n++;
		buf_init(&out, NULL, MIB);
		ok = call_arguments(arguments[i].words, n, S(SCHEMA), &out, &err);
		if (ok != (arguments[i].want != NULL))
			fail_msg("case %zu: %s", i, ok ? "accepted" : err.text);
		if (ok && !slice_eq(buf_view(&out), slice_of(arguments[i].want)))
			fail_msg("case %zu: %.*s", i, SLICE_FMT(buf_view(&out)));
		if (!ok)
			assert_int_equal(err_info(err.kind)->exit_status, EXIT_USAGE);
		buf_fini(&out);
	}
}

/* ---- typed values ---- */

static const struct {
	const char *schema, *line, *want; /* want NULL: refused */
} values[] = {
	{ "{\"type\":\"string\"}", "a \"b\"", "\"a \\\"b\\\"\"" },
	{ "{\"type\":\"integer\"}", "12", "12" },
	{ "{\"type\":\"integer\"}", "1.5", NULL },
	{ "{\"type\":\"number\"}", "1.50", "1.50" },
	{ "{\"type\":\"number\"}", "1,5", NULL },
	{ "{\"type\":\"number\"}", "{}", NULL },
	{ "{\"type\":\"number\"}", "", NULL },
	{ "{\"type\":\"boolean\"}", "Yes", "true" },
	{ "{\"type\":\"boolean\"}", "n", "false" },
	{ "{\"type\":\"boolean\"}", "perhaps", NULL },
	{ "{\"type\":\"string\",\"enum\":[\"r\\u0065d\",\"blue\"]}", "red", "\"r\\u0065d\"" },
	{ "{\"type\":\"string\",\"enum\":[\"red\"]}", "green", NULL },
	{ "{\"type\":\"array\",\"items\":{\"enum\":[\"a\",\"b\"]}}", "b, a,", "[\"b\",\"a\"]" },
	{ "{\"type\":\"array\",\"items\":{\"enum\":[\"a\"]}}", "c", NULL },
	{ "{}", "x", "\"x\"" },
	{ "true", "x", "\"x\"" },
};

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct err err = { 0 };
		struct buf out;
		bool ok;

		buf_init(&out, NULL, MIB);
		ok = person_value(slice_of(values[i].schema), slice_of(values[i].line), &out, &err);
		if (ok != (values[i].want != NULL))
			fail_msg("case %zu: %s", i, ok ? "accepted" : err.text);
		if (ok && !slice_eq(buf_view(&out), slice_of(values[i].want)))
			fail_msg("case %zu: %.*s", i, SLICE_FMT(buf_view(&out)));
		buf_fini(&out);
	}
}

/* ---- the demo's arguments ---- */

static const struct {
	const char *tool, *arguments;
	bool ok;
} demo_calls[] = {
	{ "echo", "{\"text\":\"x\"}", true },
	{ "echo", "{}", false },
	{ "echo", NULL, false },
	{ "echo", "[]", false },
	{ "echo", "{\"text\":1}", false },
	{ "echo", "{\"text\":\"x\",\"more\":1}", false },
	{ "time", NULL, true },
	{ "time", "{}", true },
	{ "time", "{\"zone\":\"x\"}", false },
	{ "sleep", "{\"seconds\":0}", true },
	{ "sleep", "{\"seconds\":600}", true },
	{ "sleep", "{\"seconds\":600.001}", false },
	{ "sleep", "{\"seconds\":-1}", false },
	{ "sleep", "{\"seconds\":1e999}", false },
	{ "sleep", "{\"seconds\":\"1\"}", false },
	{ "count", "{\"to\":1000}", true },
	{ "count", "{\"to\":2.0}", true },
	{ "count", "{\"to\":2.5}", false },
	{ "count", "{\"to\":0}", false },
	{ "count", "{\"to\":1001}", false },
	{ "ask", "{\"message\":\"x\"}", true },
};

static void
test_demo_arguments(void **state)
{
	struct demo_value value;
	struct buf list;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(demo_calls); i++) {
		const struct demo_tool *tool = demo_tool_find(slice_of(demo_calls[i].tool));

		assert_non_null(tool);
		if (demo_tool_check(tool, slice_of(demo_calls[i].arguments), &value, &err) !=
		    demo_calls[i].ok)
			fail_msg("%s %s", demo_calls[i].tool, demo_calls[i].arguments);
	}
	assert_null(demo_tool_find(S("ech")));
	/* What is written by hand in the table of tools is JSON. */
	buf_init(&list, NULL, MIB);
	buf_putc(&list, '{');
	demo_tools_put(&list);
	buf_putc(&list, '}');
	{
		struct buf pretty;

		buf_init(&pretty, NULL, MIB);
		assert_true(json_pretty(&pretty, buf_view(&list), &err));
		buf_fini(&pretty);
	}
	buf_fini(&list);
}

static void
test_shown(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "plain \xc3\xa4\n\t", "plain \xc3\xa4\n\t" },
		{ "\x1b[31mred\x07", "\xef\xbf\xbd[31mred\xef\xbf\xbd" },
		{ "a\xc2\x9b"
		  "b\xc2\xa0",
		    "a\xef\xbf\xbd"
		    "b\xc2\xa0" },
		{ "\r", "\xef\xbf\xbd" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, NULL, MIB);
		buf_put_shown(&out, slice_of(cases[i].text));
		if (!slice_eq(buf_view(&out), slice_of(cases[i].want)))
			fail_msg("case %zu", i);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_help_is_complete),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_demo_arguments),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
